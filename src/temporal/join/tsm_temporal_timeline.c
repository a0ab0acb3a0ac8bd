/*-------------------------------------------------------------------------
 *
 * tsm_temporal_timeline.c
 *	  timeline(...): an aggregate of the rows valid at each instant.
 *
 * Temporal aggregation over constant intervals. Each row gives two events, its
 * start and its end; they are sorted by time (a tuplesort, which spills), then
 * taken in order: between two instants with events the rows valid are the same.
 * Adjacent intervals with equal values are one in the result. (Events sorted by
 * time: R. T. Snodgrass et al., "Aggregates in the temporal query language
 * TQuel", IEEE TKDE 1993, who call the intervals constant; with removal of
 * values where an aggregate has an inverse.)
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_range.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "lib/pairingheap.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "tsm_delta.h"

PG_FUNCTION_INFO_V1(tsm_temporal_timeline);

/* Rows fetched at a time. */
#define FETCH_COUNT 1000

/* Columns of an event. The first two say when; a bound after a value excludes it at the start, or includes it at the end. */
#define EVENT_INSTANT	0		/* null: before all others */
#define EVENT_AFTER		1
#define EVENT_STARTS	2
#define EVENT_PERIOD	3		/* of a row that starts, where its end has to be known then */
#define EVENT_VALUE		4
#define EVENT_COLUMNS	5
#define EVENT_KEYS		2

typedef enum Aggregate
{
	AGGREGATE_COUNT,
	AGGREGATE_SUM,
	AGGREGATE_AVG,
	AGGREGATE_MIN,
	AGGREGATE_MAX
} Aggregate;

static const char *const aggregate_names[] = {"count", "sum", "avg", "min", "max"};

/* A value that min and max choose from. */
typedef struct TimelineValue
{
	pairingheap_node by_value;
	pairingheap_node by_end;
	Datum		value;
	RangeBound	end;
} TimelineValue;

typedef struct Timeline
{
	Aggregate	aggregate;
	bool		of_rows;		/* count without a column */
	TypeCacheEntry *type;		/* of the period */
	FmgrInfo	output;
	Tuplesortstate *events;
	TupleTableSlot *event;
	ReturnSetInfo *result;
	MemoryContext context;		/* of what is kept from one event to the next */
	MemoryContext step;			/* reset for each event */

	/* The rows valid now. */
	int64		rows;
	int64		values;			/* not null; of them: */
	int64		nans;
	int64		infinities;
	int64		negative_infinities;
	Datum		sum;			/* of the finite ones */
	pairingheap *by_value;		/* the least, or the greatest, first */
	pairingheap *by_end;

	/* The interval that is not returned yet. */
	bool		pending;
	RangeBound	from;
	RangeBound	to;
	bool		isnull;
	Datum		value;
} Timeline;

static Datum
number(int64 n)
{
	return NumericGetDatum(int64_to_numeric(n));
}

static RangeBound
keep_bound(Timeline *line, RangeBound bound)
{
	TypeCacheEntry *element = line->type->rngelemtype;
	MemoryContext old = MemoryContextSwitchTo(line->context);

	if (!bound.infinite)
		bound.val = datumCopy(bound.val, element->typbyval, element->typlen);
	MemoryContextSwitchTo(old);
	return bound;
}

static void
drop_bound(Timeline *line, RangeBound bound)
{
	if (!bound.infinite && !line->type->rngelemtype->typbyval)
		pfree(DatumGetPointer(bound.val));
}

static Datum
keep_value(Timeline *line, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(line->context);

	value = datumCopy(value, false, -1);
	MemoryContextSwitchTo(old);
	return value;
}

/* An instant as the end of what was before it, or an end as an instant. */
static RangeBound
turn_bound(RangeBound bound)
{
	bound.lower = !bound.lower;
	bound.inclusive = !bound.infinite && !bound.inclusive;
	return bound;
}

static int
compare_values(Timeline *line, Datum a, Datum b)
{
	int			order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));

	return line->aggregate == AGGREGATE_MAX ? order : -order;
}

static int
compare_by_value(const pairingheap_node *a, const pairingheap_node *b, void *line)
{
	return compare_values(line, pairingheap_const_container(TimelineValue, by_value, a)->value,
						  pairingheap_const_container(TimelineValue, by_value, b)->value);
}

static int
compare_by_end(const pairingheap_node *a, const pairingheap_node *b, void *line)
{
	return -range_cmp_bounds(((Timeline *) line)->type,
							 &pairingheap_const_container(TimelineValue, by_end, a)->end,
							 &pairingheap_const_container(TimelineValue, by_end, b)->end);
}

/* A value comes, or goes, in a sum. What is not finite has no inverse, and is counted. */
static void
add_to_sum(Timeline *line, Datum value, int direction)
{
	Numeric		numeric = DatumGetNumeric(value);
	Datum		sum;

	if (numeric_is_nan(numeric))
		line->nans += direction;
	else if (numeric_is_inf(numeric))
	{
		if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, value, number(0))) > 0)
			line->infinities += direction;
		else
			line->negative_infinities += direction;
	}
	else
	{
		sum = line->values == 0 ? number(0) :
			DirectFunctionCall2(direction > 0 ? numeric_add : numeric_sub, line->sum, value);
		sum = keep_value(line, sum);
		pfree(DatumGetPointer(line->sum));
		line->sum = sum;
	}
}

/* The values whose periods ended at an instant or before go. */
static void
forget_ended(Timeline *line, const RangeBound *instant)
{
	while (!pairingheap_is_empty(line->by_end))
	{
		TimelineValue *value = pairingheap_container(TimelineValue, by_end,
													 pairingheap_first(line->by_end));

		if (range_cmp_bounds(line->type, &value->end, instant) >= 0)
			break;
		pairingheap_remove_first(line->by_end);
		pairingheap_remove(line->by_value, &value->by_value);
		drop_bound(line, value->end);
		pfree(DatumGetPointer(value->value));
		pfree(value);
	}
}

static void
remember_value(Timeline *line, Datum value, const RangeBound *end)
{
	TimelineValue *entry = MemoryContextAllocZero(line->context, sizeof(TimelineValue));

	entry->value = keep_value(line, value);
	entry->end = keep_bound(line, *end);
	pairingheap_add(line->by_value, &entry->by_value);
	pairingheap_add(line->by_end, &entry->by_end);
}

/* The aggregate of the rows that are valid now. */
static Datum
current_value(Timeline *line, bool *isnull)
{
	Datum		sum;

	*isnull = false;
	if (line->aggregate == AGGREGATE_COUNT)
		return number(line->of_rows ? line->rows : line->values);
	*isnull = line->values == 0;
	if (*isnull)
		return (Datum) 0;
	if (line->aggregate == AGGREGATE_MIN || line->aggregate == AGGREGATE_MAX)
		return pairingheap_container(TimelineValue, by_value,
									 pairingheap_first(line->by_value))->value;
	if (line->nans > 0 || (line->infinities > 0 && line->negative_infinities > 0))
		sum = DirectFunctionCall3(numeric_in, CStringGetDatum("NaN"), ObjectIdGetDatum(InvalidOid),
								  Int32GetDatum(-1));
	else if (line->infinities > 0 || line->negative_infinities > 0)
		sum = DirectFunctionCall3(numeric_in,
								  CStringGetDatum(line->infinities > 0 ? "Infinity" : "-Infinity"),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	else
		sum = line->sum;
	if (line->aggregate == AGGREGATE_AVG)
		sum = DirectFunctionCall2(numeric_div, sum, number(line->values));
	return sum;
}

/* Return the pending interval. */
static void
put_pending(Timeline *line)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};
	RangeType  *period;
	char	   *text;

	if (!line->pending)
		return;
	period = tsm_make_range(line->type, &line->from, &line->to);
	text = OutputFunctionCall(&line->output, RangeTypePGetDatum(period));
	values[0] = CStringGetTextDatum(text);
	values[1] = line->value;
	nulls[1] = line->isnull;
	tuplestore_putvalues(line->result->setResult, line->result->setDesc, values, nulls);
	drop_bound(line, line->from);
	drop_bound(line, line->to);
	if (!line->isnull)
		pfree(DatumGetPointer(line->value));
	line->pending = false;
}

/* The rows valid now were so between two instants; an interval in which none was is left out. */
static void
add_interval(Timeline *line, RangeBound from, RangeBound to)
{
	bool		isnull;
	Datum		value;

	if (line->rows == 0)
	{
		put_pending(line);
		return;
	}
	value = current_value(line, &isnull);
	if (line->pending && isnull == line->isnull &&
		(isnull || DatumGetBool(DirectFunctionCall2(numeric_eq, value, line->value))))
	{
		drop_bound(line, line->to);
		line->to = keep_bound(line, turn_bound(to));
		return;
	}
	put_pending(line);
	line->pending = true;
	line->from = keep_bound(line, from);
	line->to = keep_bound(line, turn_bound(to));
	line->isnull = isnull;
	line->value = isnull ? (Datum) 0 : keep_value(line, value);
}

/* A row begins, or ends, to be valid. */
static void
apply_event(Timeline *line, bool starts, const RangeBound *end)
{
	int			direction = starts ? 1 : -1;
	Datum		value = line->event->tts_values[EVENT_VALUE];

	line->rows += direction;
	if (line->event->tts_isnull[EVENT_VALUE])
		return;
	line->values += direction;
	if (line->aggregate == AGGREGATE_SUM || line->aggregate == AGGREGATE_AVG)
		add_to_sum(line, value, direction);
	else if (line->aggregate != AGGREGATE_COUNT && starts)
		remember_value(line, value, end);
}

/* The instant of an event, as the start of what is from then on. */
static RangeBound
event_instant(Timeline *line)
{
	RangeBound	bound;

	bound.val = line->event->tts_values[EVENT_INSTANT];
	bound.infinite = line->event->tts_isnull[EVENT_INSTANT];
	bound.inclusive = !bound.infinite &&
		!DatumGetBool(line->event->tts_values[EVENT_AFTER]);
	bound.lower = true;
	return bound;
}

/* Take an event; now is the instant of the one before it, if there is one. */
static void
take_event(Timeline *line, bool *begun, RangeBound *now)
{
	RangeBound	instant;
	RangeBound	lower;
	RangeBound	upper = {0};
	bool		empty;

	slot_getallattrs(line->event);
	instant = event_instant(line);
	if (!*begun || range_cmp_bounds(line->type, now, &instant) != 0)
	{
		if (*begun)
		{
			add_interval(line, *now, instant);
			drop_bound(line, *now);
		}
		*now = keep_bound(line, instant);
		*begun = true;
		forget_ended(line, now);
	}
	if (!line->event->tts_isnull[EVENT_PERIOD])
		range_deserialize(line->type,
						  DatumGetRangeTypeP(line->event->tts_values[EVENT_PERIOD]), &lower,
						  &upper, &empty);
	apply_event(line, DatumGetBool(line->event->tts_values[EVENT_STARTS]), &upper);
}

/* Take the events in the order of time. */
static void
sweep_events(Timeline *line)
{
	bool		begun = false;
	RangeBound	now = {0};
	RangeBound	never = {.infinite = true,.lower = true};
	MemoryContext old = MemoryContextSwitchTo(line->step);

	tuplesort_performsort(line->events);
	while (tuplesort_gettupleslot(line->events, true, false, line->event, NULL))
	{
		CHECK_FOR_INTERRUPTS();
		take_event(line, &begun, &now);
		MemoryContextReset(line->step);
	}
	if (begun && line->rows > 0)
		add_interval(line, now, never);
	put_pending(line);
	MemoryContextSwitchTo(old);
}

/* period is 0 where it is not needed. */
static void
put_event(Timeline *line, const RangeBound *bound, Datum period, Datum value, bool isnull)
{
	Datum	   *values = line->event->tts_values;
	bool	   *nulls = line->event->tts_isnull;

	ExecClearTuple(line->event);
	memset(nulls, false, EVENT_COLUMNS * sizeof(bool));
	values[EVENT_INSTANT] = bound->val;
	nulls[EVENT_INSTANT] = bound->infinite;
	values[EVENT_AFTER] = BoolGetDatum(!bound->infinite && bound->inclusive != bound->lower);
	values[EVENT_STARTS] = BoolGetDatum(bound->lower);
	values[EVENT_PERIOD] = period;
	nulls[EVENT_PERIOD] = period == (Datum) 0;
	values[EVENT_VALUE] = value;
	nulls[EVENT_VALUE] = isnull;
	ExecStoreVirtualTuple(line->event);
	tuplesort_puttupleslot(line->events, line->event);
}

/* The two events of a row. */
static void
put_row(Timeline *line, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, desc, 1, &isnull);
	RangeType  *period;
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;
	Datum		value = (Datum) 0;

	if (isnull)
		return;
	period = DatumGetRangeTypeP(datum);
	range_deserialize(line->type, period, &lower, &upper, &empty);
	if (empty)
		return;
	isnull = true;
	if (!line->of_rows)
		value = SPI_getbinval(tuple, desc, 2, &isnull);
	if (!isnull)
		value = line->aggregate == AGGREGATE_COUNT ? number(1) :
			PointerGetDatum(PG_DETOAST_DATUM(value));
	put_event(line, &lower,
			  line->aggregate == AGGREGATE_MIN || line->aggregate == AGGREGATE_MAX ?
			  RangeTypePGetDatum(period) : (Datum) 0, value, isnull);
	if (!upper.infinite)
		put_event(line, &upper, (Datum) 0, value, isnull);
}

/* Read the rows, with the rights of the caller. */
static void
read_rows(Timeline *line, const char *query)
{
	SPIPlanPtr	plan;
	Portal		portal;
	MemoryContext old;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_COUNT);
		for (i = 0; i < SPI_processed; i++)
		{
			MemoryContextReset(line->step);
			old = MemoryContextSwitchTo(line->step);
			put_row(line, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			MemoryContextSwitchTo(old);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
}

/* 42703 for a column that is not there. */
static Oid
column_type(Relation rel, Name column)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), NameStr(*column));

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", NameStr(*column),
						RelationGetRelationName(rel))));
	return getBaseType(get_atttype(RelationGetRelid(rel), attno));
}

/* The query for the rows of a relation; value is NULL for rows that are counted. */
static char *
make_query(Timeline *line, Relation rel, Name period, Name value)
{
	Oid			type = column_type(rel, period);
	StringInfoData query;

	if (get_typtype(type) != TYPTYPE_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is not a range", NameStr(*period),
						RelationGetRelationName(rel))));
	line->type = lookup_type_cache(type, TYPECACHE_RANGE_INFO);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s", quote_identifier(NameStr(*period)));
	if (value != NULL)
	{
		Oid			cast;
		char		category;
		bool		preferred;

		type = column_type(rel, value);
		get_type_category_preferred(type, &category, &preferred);
		if (line->aggregate != AGGREGATE_COUNT &&
			(category != TYPCATEGORY_NUMERIC ||
			 find_coercion_pathway(NUMERICOID, type, COERCION_EXPLICIT, &cast) == COERCION_PATH_NONE))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of relation \"%s\" is not a number", NameStr(*value),
							RelationGetRelationName(rel))));
		appendStringInfo(&query, ", %s%s", quote_identifier(NameStr(*value)),
						 line->aggregate == AGGREGATE_COUNT ? "" : "::pg_catalog.numeric");
	}
	appendStringInfo(&query, " FROM %s", tsm_delta_relation_name(RelationGetRelid(rel)));
	return query.data;
}

/* 22023 for a name that is none. */
static Aggregate
find_aggregate(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(aggregate_names); i++)
	{
		if (pg_strcasecmp(name, aggregate_names[i]) == 0)
			return (Aggregate) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("timeline cannot compute the aggregate \"%s\"", name),
			 errhint("It computes count, sum, avg, min and max.")));
	return AGGREGATE_COUNT;		/* keep compiler quiet */
}

/* The operator that orders the bounds of a range type. */
static Oid
bound_order(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(type));
	Oid			opclass;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for range type %u", type);
	opclass = ((Form_pg_range) GETSTRUCT(tuple))->rngsubopc;
	ReleaseSysCache(tuple);
	return get_opfamily_member(get_opclass_family(opclass), get_opclass_input_type(opclass),
							   get_opclass_input_type(opclass), BTLessStrategyNumber);
}

/* What the sweep works with; the type of the period is known. */
static void
prepare(Timeline *line)
{
	TupleDesc	desc = CreateTemplateTupleDesc(EVENT_COLUMNS);
	AttrNumber	columns[EVENT_KEYS] = {EVENT_INSTANT + 1, EVENT_AFTER + 1};
	Oid			orders[EVENT_KEYS];
	Oid			collations[EVENT_KEYS] = {line->type->rng_collation, InvalidOid};
	bool		nulls_first[EVENT_KEYS] = {true, true};
	Oid			output;
	bool		is_varlena;

	TupleDescInitEntry(desc, EVENT_INSTANT + 1, "instant", line->type->rngelemtype->type_id, -1, 0);
	TupleDescInitEntry(desc, EVENT_AFTER + 1, "after", BOOLOID, -1, 0);
	TupleDescInitEntry(desc, EVENT_STARTS + 1, "starts", BOOLOID, -1, 0);
	TupleDescInitEntry(desc, EVENT_PERIOD + 1, "period", line->type->type_id, -1, 0);
	TupleDescInitEntry(desc, EVENT_VALUE + 1, "value", NUMERICOID, -1, 0);
	orders[0] = bound_order(line->type->type_id);
	orders[1] = lookup_type_cache(BOOLOID, TYPECACHE_LT_OPR)->lt_opr;
	line->events = tuplesort_begin_heap(desc, EVENT_KEYS, columns, orders, collations, nulls_first,
										work_mem, NULL, TUPLESORT_NONE);
	line->event = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	getTypeOutputInfo(line->type->type_id, &output, &is_varlena);
	fmgr_info(output, &line->output);
	line->context = AllocSetContextCreate(CurrentMemoryContext, "tsmem timeline",
										  ALLOCSET_DEFAULT_SIZES);
	line->step = AllocSetContextCreate(CurrentMemoryContext, "tsmem timeline event",
									   ALLOCSET_DEFAULT_SIZES);
	line->by_value = pairingheap_allocate(compare_by_value, line);
	line->by_end = pairingheap_allocate(compare_by_end, line);
	line->sum = keep_value(line, number(0));
}

/*
 * timeline(rel regclass, period name, aggregate text, value_column name)
 *		→ setof (period text, value numeric)
 *
 * Raises 22004 for a null, 22023 for another aggregate or a column that it
 * lacks, 42703 and 42804 for columns, 42P01 and 42809 for the relation.
 */
Datum
tsm_temporal_timeline(PG_FUNCTION_ARGS)
{
	Timeline	line = {0};
	TupleTableSlot *given;
	Relation	rel;
	char	   *query;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("relation, period and aggregate of a timeline must not be null")));
	line.aggregate = find_aggregate(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	line.of_rows = PG_ARGISNULL(3);
	if (line.of_rows && line.aggregate != AGGREGATE_COUNT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the aggregate \"%s\" of a timeline needs a column of values",
						aggregate_names[line.aggregate])));
	InitMaterializedSRF(fcinfo, 0);
	line.result = (ReturnSetInfo *) fcinfo->resultinfo;
	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", PG_GETARG_OID(0))));
	if (rel->rd_rel->relkind == RELKIND_INDEX || rel->rd_rel->relkind == RELKIND_PARTITIONED_INDEX ||
		rel->rd_rel->relkind == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or view", RelationGetRelationName(rel))));
	query = make_query(&line, rel, PG_GETARG_NAME(1), line.of_rows ? NULL : PG_GETARG_NAME(3));
	prepare(&line);
	given = line.event;
	line.event = MakeSingleTupleTableSlot(given->tts_tupleDescriptor, &TTSOpsVirtual);
	read_rows(&line, query);
	ExecDropSingleTupleTableSlot(line.event);
	line.event = given;
	sweep_events(&line);
	ExecDropSingleTupleTableSlot(line.event);
	tuplesort_end(line.events);
	relation_close(rel, AccessShareLock);
	return (Datum) 0;
}
