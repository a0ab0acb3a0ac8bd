/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_scan.c
 *	  Execution of a scan of folded versions.
 *
 * Nothing is opened before the first version is asked for, and a scan with
 * new parameters only moves to another place of the index. The conditions of
 * the plan are all checked by the executor: what is done here only avoids to
 * read what cannot fulfil them. That is also why a recheck for EvalPlanQual
 * has nothing to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_delta_folded.h"

/* A binding of the plan, ready to be evaluated. */
typedef struct BoundExpression
{
	TsmBindKind kind;
	int			column;
	int			strategy;
	Oid			type;			/* of the operand */
	ExprState  *operand;
	TsmZoneTest *test;			/* of kinds of zones; may be NULL */
} BoundExpression;

/* A column of the foreign table that is filled from an attribute of blocks. */
typedef struct FilledColumn
{
	int			attribute;
	AttrNumber	column;
} FilledColumn;

typedef struct FoldedScan
{
	TsmFolded  *folded;			/* NULL for EXPLAIN alone */
	TsmFoldedMode mode;
	TsmFoldedOrder order;
	int			nbound;
	BoundExpression *bound;
	List	   *tests;			/* TsmZoneTest of bound */
	ExprState  *key_qual;		/* the key is this one and none that hashes alike; NULL where it needs no check */
	TsmFoldedWalk *walk;		/* NULL until the first version is asked for */
	bool		begun;			/* the bounds are those of the parameters */
	TsmFoldedBounds bounds;
	bool		latest;			/* of a key at most one version begins before bounds.end_min and ends after */
	int64	   *keys;			/* in the mode of keys, in the order they are read */
	int			nkeys;
	bool		keys_alike;		/* elements of an array are equal, or hash alike */
	int			key;			/* the next one */
	bool		walking;		/* within a key or, in other modes, at all */
	Bitmapset  *wanted;			/* columns of the foreign table */
	TsmSegmentSchema *schema;	/* what follows is for; NULL before the first version */
	uint8_t    *wanted_attributes;	/* a bitmap, as the codec wants it */
	FilledColumn *filled;
	int			nfilled;
	bool		fix_settings;	/* some value is read from text that settings can change */
	ParallelTableScanDesc parallel;
	MemoryContext context;		/* of the scan */
	TsmFoldedCounts counts;
} FoldedScan;

/* ---- begin ---- */

static List *
private_list(const ForeignScan *plan, TsmFoldedPrivate which)
{
	return list_nth(plan->fdw_private, which);
}

static void
bind_zone(FoldedScan *scan, BoundExpression *bound, Expr *clause)
{
	if (bound->kind == TSM_BIND_ZONE)
		bound->test = tsm_zone_test_make(scan->folded, bound->column, bound->strategy,
										 ((OpExpr *) clause)->opno, false);
	else if (bound->kind == TSM_BIND_ZONES)
		bound->test = tsm_zone_test_make(scan->folded, bound->column, bound->strategy,
										 ((ScalarArrayOpExpr *) clause)->opno, true);
	if (bound->test != NULL)
		scan->tests = lappend(scan->tests, bound->test);
}

static void
bind_expressions(FoldedScan *scan, ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *kinds = private_list(plan, TSM_FOLDED_BINDINGS);
	List	   *key_clauses = NIL;
	ListCell   *cell;
	int			i = 0;

	scan->bound = palloc0((list_length(plan->fdw_exprs) + 1) * sizeof(BoundExpression));
	foreach(cell, plan->fdw_exprs)
	{
		BoundExpression *bound = &scan->bound[scan->nbound++];
		Expr	   *clause = lfirst(cell);
		List	   *arguments = IsA(clause, OpExpr) ? ((OpExpr *) clause)->args :
			((ScalarArrayOpExpr *) clause)->args;

		bound->kind = list_nth_int(kinds, i++);
		bound->column = list_nth_int(kinds, i++);
		bound->strategy = list_nth_int(kinds, i++);
		bound->type = exprType(lsecond(arguments));
		bound->operand = ExecInitExpr(lsecond(arguments), &node->ss.ps);
		bind_zone(scan, bound, clause);
		if (bound->kind == TSM_BIND_KEY || bound->kind == TSM_BIND_KEYS)
			key_clauses = lappend(key_clauses, clause);
	}
	if (!scan->folded->map->integer_key && scan->mode == TSM_FOLDED_KEYS)
		scan->key_qual = ExecInitQual(key_clauses, &node->ss.ps);
}

void
tsm_folded_begin_scan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	EState	   *estate = node->ss.ps.state;
	FoldedScan *scan = palloc0(sizeof(FoldedScan));
	ListCell   *cell;

	node->fdw_state = scan;
	scan->context = estate->es_query_cxt;
	scan->mode = intVal(private_list(plan, TSM_FOLDED_MODE));
	scan->order = intVal(private_list(plan, TSM_FOLDED_DIRECTION));
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	tsm_segment_check_reader(&node->ss);
	scan->folded = tsm_folded_get(RelationGetRelid(node->ss.ss_currentRelation), scan->context);
	foreach(cell, private_list(plan, TSM_FOLDED_COLUMNS))
		scan->wanted = bms_add_member(scan->wanted, lfirst_int(cell));
	bind_expressions(scan, node);
}

/* ---- bounds ---- */

/* An integer of one of the types that the family of integers compares. */
static int64
integer_of_datum(Datum value, Oid type)
{
	switch (get_typlen(type))
	{
		case 2:
			return DatumGetInt16(value);
		case 4:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/* A time of one of the types that timestamptz is compared with; false when it is none that timestamptz has. */
static bool
time_of_datum(Datum value, Oid type, TimestampTz *time)
{
	int			overflow = 0;

	if (type == DATEOID)
		*time = date2timestamptz_opt_overflow(DatumGetDateADT(value), &overflow);
	else if (type == TIMESTAMPOID)
		*time = timestamp2timestamptz_opt_overflow(DatumGetTimestamp(value), &overflow);
	else
		*time = DatumGetTimestampTz(value);
	return overflow == 0;
}

/* Narrow inclusive bounds by a comparison; false when nothing is left. */
static bool
narrow(int64 *least, int64 *greatest, int strategy, int64 value)
{
	int64		low = PG_INT64_MIN;
	int64		high = PG_INT64_MAX;

	switch (strategy)
	{
		case BTLessStrategyNumber:
			if (value == PG_INT64_MIN)
				return false;
			high = value - 1;
			break;
		case BTLessEqualStrategyNumber:
			high = value;
			break;
		case BTEqualStrategyNumber:
			low = high = value;
			break;
		case BTGreaterEqualStrategyNumber:
			low = value;
			break;
		default:
			if (value == PG_INT64_MAX)
				return false;
			low = value + 1;
	}
	*least = Max(*least, low);
	*greatest = Min(*greatest, high);
	return *least <= *greatest;
}

/* Narrow the bounds by the value of a binding; false when nothing is left. */
static bool
apply_bound(FoldedScan *scan, const BoundExpression *bound, Datum value)
{
	TsmFoldedBounds *bounds = &scan->bounds;
	TimestampTz time;

	if (bound->kind == TSM_BIND_ZONE || bound->kind == TSM_BIND_ZONES)
		return bound->test == NULL || tsm_zone_test_set(bound->test, value);
	if (bound->kind == TSM_BIND_KEY)
		return !scan->folded->map->integer_key ||
			narrow(&bounds->key_min, &bounds->key_max, bound->strategy,
				   integer_of_datum(value, bound->type));
	if (!time_of_datum(value, bound->type, &time))
		return true;
	if (bound->kind == TSM_BIND_START)
		return narrow(&bounds->start_min, &bounds->start_max, bound->strategy, time);
	return narrow(&bounds->end_min, &bounds->end_max, bound->strategy, time);
}

static int
compare_keys(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return left < right ? -1 : left > right;
}

/* The keys that the elements of an array have, each once, in the order of the scan. */
static void
keys_of_array(FoldedScan *scan, ArrayType *array)
{
	Oid			type = ARR_ELEMTYPE(array);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			i;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &values, &nulls, &count);
	scan->keys = repalloc(scan->keys, (count + 1) * sizeof(int64));
	for (i = 0; i < count; i++)
	{
		if (!nulls[i])
			scan->keys[scan->nkeys++] = scan->folded->map->integer_key ?
				integer_of_datum(values[i], type) :
				tsm_segment_key_of_values(scan->folded->map, &values[i], &nulls[i]);
	}
	qsort(scan->keys, scan->nkeys, sizeof(int64), compare_keys);
	count = 0;
	for (i = 0; i < scan->nkeys; i++)
	{
		if (i == 0 || scan->keys[i] != scan->keys[count - 1])
			scan->keys[count++] = scan->keys[i];
	}
	scan->keys_alike = count < scan->nkeys;
	scan->nkeys = count;
	for (i = 0; scan->order == TSM_FOLDED_BACKWARD && i < count / 2; i++)
	{
		int64		key = scan->keys[i];

		scan->keys[i] = scan->keys[count - 1 - i];
		scan->keys[count - 1 - i] = key;
	}
}

/* Evaluate all bindings. A null lets nothing pass. */
static void
evaluate_bounds(FoldedScan *scan, ExprContext *context)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS] = {false};
	bool		has_array = false;
	int			i;

	scan->bounds = (TsmFoldedBounds) {false, PG_INT64_MIN, PG_INT64_MAX, PG_INT64_MIN, PG_INT64_MAX,
		PG_INT64_MIN, PG_INT64_MAX};
	scan->nkeys = 0;
	scan->keys_alike = false;
	if (scan->keys == NULL)
		scan->keys = MemoryContextAlloc(scan->context, sizeof(int64));
	for (i = 0; i < scan->nbound && !scan->bounds.empty; i++)
	{
		BoundExpression *bound = &scan->bound[i];
		bool		null;
		Datum		value = ExecEvalExprSwitchContext(bound->operand, context, &null);

		if (null)
			scan->bounds.empty = true;
		else if (bound->kind == TSM_BIND_KEYS)
		{
			keys_of_array(scan, DatumGetArrayTypeP(value));
			has_array = true;
		}
		else
			scan->bounds.empty = !apply_bound(scan, bound, value);
		if (bound->kind == TSM_BIND_KEY)
			values[bound->column] = value;
	}
	if (scan->mode == TSM_FOLDED_KEYS && !has_array && !scan->bounds.empty)
		scan->keys[scan->nkeys++] = tsm_segment_key_of_values(scan->folded->map, values, nulls);
}

/*
 * The key that an integer operand of another width has. Values out of the range of the column
 * have no versions, so the width need not be that of the column.
 */
static void
use_integer_key(FoldedScan *scan)
{
	if (scan->mode == TSM_FOLDED_KEYS && scan->folded->map->integer_key && scan->nkeys == 1 &&
		scan->bounds.key_min == scan->bounds.key_max)
		scan->keys[0] = scan->bounds.key_min;
}

static void
begin_walk(FoldedScan *scan, ForeignScanState *node)
{
	if (scan->walk == NULL)
	{
		scan->walk = tsm_folded_walk_make(scan->folded, node->ss.ps.state->es_snapshot, scan->order,
										  scan->mode == TSM_FOLDED_KEYS, &scan->counts,
										  scan->context);
		if (scan->parallel != NULL)
			tsm_folded_walk_share(scan->walk, scan->parallel);
	}
	evaluate_bounds(scan, node->ss.ps.ps_ExprContext);
	tsm_folded_walk_test(scan->walk, scan->tests);
	use_integer_key(scan);
	/* Where several keys are read as one, the first version that is found says nothing of the others. */
	scan->latest = scan->mode == TSM_FOLDED_KEYS && scan->folded->one_version &&
		(scan->folded->map->integer_key || !scan->keys_alike) && scan->order == TSM_FOLDED_BACKWARD && scan->bounds.end_min > PG_INT64_MIN;
	scan->key = 0;
	scan->walking = scan->mode != TSM_FOLDED_KEYS;
	if (scan->walking)
		tsm_folded_walk_begin(scan->walk, &scan->bounds, false);
	scan->begun = true;
}

/* Begin with the next key; false after the last. */
static bool
next_key(FoldedScan *scan)
{
	if (scan->mode != TSM_FOLDED_KEYS || scan->bounds.empty || scan->key >= scan->nkeys)
		return false;
	scan->bounds.key_min = scan->bounds.key_max = scan->keys[scan->key++];
	tsm_folded_walk_begin(scan->walk, &scan->bounds, scan->latest);
	scan->walking = true;
	return true;
}

/* ---- versions ---- */

/* Whether reading text of a type depends on no setting: enums do not. */
static bool
reads_alike(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			element = get_base_element_type(base);

	return get_typtype(OidIsValid(element) ? getBaseType(element) : base) == TYPTYPE_ENUM;
}

static bool
is_wanted(const FoldedScan *scan, AttrNumber column)
{
	return column != InvalidAttrNumber && bms_is_member(column, scan->wanted);
}

/* Find which attributes of blocks of a schema fill wanted columns. */
static void
use_schema(FoldedScan *scan, TsmSegmentSchema *schema)
{
	TsmFolded  *folded = scan->folded;
	int			natts = schema->codec.natts;
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	int			i;

	if (scan->schema != NULL)
	{
		pfree(scan->wanted_attributes);
		pfree(scan->filled);
	}
	scan->wanted_attributes = palloc0(natts / 8 + 1);
	scan->filled = palloc((natts + 1) * sizeof(FilledColumn));
	scan->nfilled = 0;
	scan->fix_settings = false;
	for (i = 0; i < natts; i++)
	{
		TsmSegmentPlace *place = &schema->places[i];
		AttrNumber	column = place->column == 0 ? InvalidAttrNumber :
			folded->columns[place->column - 1];

		if (!is_wanted(scan, column))
			continue;
		scan->wanted_attributes[i / 8] |= 1 << (i % 8);
		scan->filled[scan->nfilled++] = (FilledColumn) {i, column};
		scan->fix_settings |= place->as_text &&
			!reads_alike(TupleDescAttr(folded->map->desc, place->column - 1)->atttypid);
	}
	scan->schema = schema;
	MemoryContextSwitchTo(old);
}

static void
put(TupleTableSlot *slot, AttrNumber column, Datum value)
{
	slot->tts_values[column - 1] = value;
	slot->tts_isnull[column - 1] = false;
}

/* The values of blocks. Allocates in the current context. */
static void
fill_columns(FoldedScan *scan, const TsmCodecValue *values, TupleTableSlot *slot)
{
	int			i;

	for (i = 0; i < scan->nfilled; i++)
	{
		const FilledColumn *filled = &scan->filled[i];

		if (!values[filled->attribute].null)
			put(slot, filled->column,
				tsm_segment_datum(scan->schema, filled->attribute, &values[filled->attribute]));
	}
}

/* Put the version at hand into the slot, as far as it is wanted. */
static void
fill_slot(FoldedScan *scan, const TsmCodecRow *row, TupleTableSlot *slot)
{
	TsmFolded  *folded = scan->folded;
	TsmSegmentSchema *schema = tsm_folded_walk_schema(scan->walk);
	const TsmCodecValue *values;
	int			level = 0;
	int			i;

	if (schema != scan->schema)
		use_schema(scan, schema);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	values = tsm_folded_walk_values(scan->walk, scan->wanted_attributes);
	if (scan->fix_settings)
		level = tsm_segment_fix_settings();
	fill_columns(scan, values, slot);
	if (scan->fix_settings)
		AtEOXact_GUC(true, level);
	for (i = 0; i < schema->nmissing; i++)
	{
		AttrNumber	column = folded->columns[schema->missing[i].column - 1];

		if (is_wanted(scan, column))
			put(slot, column, schema->missing[i].value);
	}
	put(slot, folded->start, TimestampTzGetDatum(row->start));
	put(slot, folded->end, TimestampTzGetDatum(row->end));
	put(slot, folded->start_xid, FullTransactionIdGetDatum(FullTransactionIdFromU64(row->start_xid)));
	put(slot, folded->end_xid, FullTransactionIdGetDatum(FullTransactionIdFromU64(row->end_xid)));
	ExecStoreVirtualTuple(slot);
}

/* Whether the key of the version in the slot is that of the scan, and not one that hashes alike. */
static bool
has_key(FoldedScan *scan, ForeignScanState *node, TupleTableSlot *slot)
{
	ExprContext *context = node->ss.ps.ps_ExprContext;

	if (scan->key_qual == NULL)
		return true;
	context->ecxt_scantuple = slot;
	return ExecQual(scan->key_qual, context);
}

/*
 * Of a key that has one version at a time, read backwards, none that is
 * earlier than one which began before end_min ended at it or later.
 */
static bool
take_latest(FoldedScan *scan, ForeignScanState *node, const TsmCodecRow *row, TupleTableSlot *slot)
{
	bool		in_time = row->end >= scan->bounds.end_min && row->end <= scan->bounds.end_max;
	bool		is_last = row->start < scan->bounds.end_min;

	if (in_time || (is_last && scan->key_qual != NULL))
		fill_slot(scan, row, slot);
	if (is_last && has_key(scan, node, slot))
		scan->walking = false;
	return in_time;
}

/* A version has no place and no transactions of its own; only a tuple can say so. */
static void
give_system_columns(TupleTableSlot *slot)
{
	HeapTuple	tuple = heap_form_tuple(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);

	HeapTupleHeaderSetXmin(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetCmin(tuple->t_data, InvalidTransactionId);
	ExecForceStoreHeapTuple(tuple, slot, false);
}

TupleTableSlot *
tsm_folded_iterate(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	TsmCodecRow row;

	if (!scan->begun)
		begin_walk(scan, node);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (!scan->walking && !next_key(scan))
			return ExecClearTuple(slot);
		if (!tsm_folded_walk_next(scan->walk, &row))
			scan->walking = false;
		else if (scan->latest)
		{
			if (take_latest(scan, node, &row, slot))
				break;
		}
		else
		{
			fill_slot(scan, &row, slot);
			break;
		}
		if (!scan->walking && scan->mode != TSM_FOLDED_KEYS)
			return ExecClearTuple(slot);
	}
	if (((ForeignScan *) node->ss.ps.plan)->fsSystemCol)
		give_system_columns(slot);
	return slot;
}

void
tsm_folded_rescan(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;

	scan->begun = false;
}

void
tsm_folded_end_scan(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;

	if (scan != NULL && scan->walk != NULL)
		tsm_folded_walk_end(scan->walk);
}

/* ---- parallel ---- */

Size
tsm_folded_estimate_dsm(ForeignScanState *node, ParallelContext *pcxt)
{
	FoldedScan *scan = node->fdw_state;
	Relation	segments = table_open(scan->folded->segments, AccessShareLock);
	Size		size = table_parallelscan_estimate(segments, node->ss.ps.state->es_snapshot);

	table_close(segments, NoLock);
	return size;
}

void
tsm_folded_initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	FoldedScan *scan = node->fdw_state;
	Relation	segments = table_open(scan->folded->segments, AccessShareLock);

	scan->parallel = coordinate;
	table_parallelscan_initialize(segments, scan->parallel, node->ss.ps.state->es_snapshot);
	table_close(segments, NoLock);
}

void
tsm_folded_reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	FoldedScan *scan = node->fdw_state;
	Relation	segments = table_open(scan->folded->segments, AccessShareLock);

	table_parallelscan_reinitialize(segments, coordinate);
	table_close(segments, NoLock);
}

void
tsm_folded_initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	FoldedScan *scan = node->fdw_state;

	scan->parallel = coordinate;
}

/* ---- EXPLAIN ---- */

/* Under which name a condition is shown. */
static const char *
label_of_kind(TsmBindKind kind)
{
	switch (kind)
	{
		case TSM_BIND_KEY:
		case TSM_BIND_KEYS:
			return "Key Cond";
		case TSM_BIND_START:
		case TSM_BIND_END:
			return "Time Cond";
		default:
			return "Zone Cond";
	}
}

/* Print the conditions of one name. */
static void
explain_conditions(ForeignScanState *node, struct ExplainState *es, const char *label)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *kinds = private_list(plan, TSM_FOLDED_BINDINGS);
	List	   *clauses = NIL;
	ListCell   *cell;
	int			i = 0;

	foreach(cell, plan->fdw_exprs)
	{
		if (strcmp(label_of_kind(list_nth_int(kinds, 3 * i++)), label) == 0)
			clauses = lappend(clauses, lfirst(cell));
	}
	/* The filter, which has them all, was printed just now, so the context is that of this node. */
	if (clauses != NIL)
		ExplainPropertyText(label, deparse_expression((Node *) make_ands_explicit(clauses),
													  es->deparse_cxt, es->verbose, false), es);
}

void
tsm_folded_explain(ForeignScanState *node, struct ExplainState *es)
{
	FoldedScan *scan = node->fdw_state;

	explain_conditions(node, es, "Key Cond");
	explain_conditions(node, es, "Time Cond");
	explain_conditions(node, es, "Zone Cond");
	if (!es->analyze || node->ss.ps.plan->parallel_aware)
		return;
	ExplainPropertyInteger("Segments Read", NULL, scan->counts.segments, es);
	ExplainPropertyInteger("Segments Skipped", NULL, scan->counts.skipped, es);
	ExplainPropertyInteger("Frames Decoded", NULL, scan->counts.frames, es);
	ExplainPropertyInteger("Cache Hits", NULL, scan->counts.hits, es);
}
