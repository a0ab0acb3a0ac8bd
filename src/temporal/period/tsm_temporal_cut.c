/*-------------------------------------------------------------------------
 *
 * tsm_temporal_cut.c
 *	  UPDATE for a portion of a period: the trigger of the view.
 *
 * A row that overlaps the portion is updated, with its period cut to the
 * portion; what is left of it is inserted, with the values it had. All is
 * done as the current user. The statements leave their AFTER triggers to the
 * statement on the view, as those of a foreign key do: history and foreign
 * keys see the end state.
 *
 * The view has locked the row as it is given here, so that the row is found
 * by a key. Plans are kept in the backend, those of UPDATE by the columns
 * that change: rights and triggers on other columns are not concerned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "tsm_temporal_portion.h"

PG_FUNCTION_INFO_V1(tsm_temporal_for_portion_of);
PG_FUNCTION_INFO_V1(tsm_temporal_refuse_portion);

/* Sets of changed columns that plans are kept for; when there are more, all are made anew. */
#define MAX_UPDATES 32

/* The plan that changes one set of columns. */
typedef struct CutUpdate
{
	Bitmapset  *changed;		/* columns of the view */
	SPIPlanPtr	plan;
} CutUpdate;

/*
 * How rows of one view are cut. Columns are those of the view, which are the
 * live ones of the table in order. Lives in a context of its own, until it is
 * neither valid nor in use.
 */
typedef struct CutPlan
{
	MemoryContext context;
	Oid			view;
	Oid			rel;
	bool		valid;
	int			uses;			/* triggers under way */
	TupleDesc	desc;			/* of the view */
	Oid			range_type;
	AttrNumber	range;
	AttrNumber	from;			/* 0 unless the range is generated */
	AttrNumber	to;
	int			nkeys;			/* 0: no key finds a row */
	AttrNumber *keys;			/* the range is one of them */
	char	   *target;			/* the table as UPDATE names it */
	SPIPlanPtr	insert;			/* of a leftover: parameters are the columns */
	List	   *updates;		/* of CutUpdate: parameters are the columns, then the keys */
} CutPlan;

/* One row as it is cut. */
typedef struct CutRow
{
	Datum	   *values;
	bool	   *nulls;
} CutRow;

typedef struct CutEntry
{
	Oid			view;			/* first */
	CutPlan    *plan;
} CutEntry;

static HTAB *plans = NULL;

/* How often forget_plan() was called: a plan made meanwhile may be out of date when it is. */
static uint64 invalidations = 0;

static void
free_plan(CutPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->updates)
		SPI_freeplan(((CutUpdate *) lfirst(cell))->plan);
	if (plan->insert != NULL)
		SPI_freeplan(plan->insert);
	MemoryContextDelete(plan->context);
}

/* The column of the view that has a name; 55000 when it is not there. */
static AttrNumber
view_column(TupleDesc desc, const char *name)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i + 1;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the view lacks column \"%s\" of its table", name)));
	return 0;					/* keep compiler quiet */
}

/* Every column of the table is shown in its place, under its name (55000): values are taken and stored by name. */
static void
check_columns(const CutPlan *plan, Relation rel)
{
	AttrNumber	live = 0;
	int			i;

	for (i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);

		if (!attribute->attisdropped &&
			view_column(plan->desc, NameStr(attribute->attname)) != ++live)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the view shows column \"%s\" of its table under another name",
							NameStr(TupleDescAttr(plan->desc, live - 1)->attname))));
	}
}

/* Whether an index tells rows apart: 2 for one without nulls, 1 for one that may have them, 0 for another. */
static int
key_quality(Relation rel, Relation index, const TsmTemporalPeriod *period)
{
	Form_pg_index form = index->rd_index;
	int			quality = 2;
	int			i;
	ListCell   *cell;

	if (!form->indisvalid || !form->indimmediate || RelationGetIndexPredicate(index) != NIL)
		return 0;
	for (i = 0; i < form->indnkeyatts; i++)
	{
		if (form->indkey.values[i] <= 0)
			return 0;
		if (!TupleDescAttr(RelationGetDescr(rel), form->indkey.values[i] - 1)->attnotnull)
			quality = 1;
	}
	if (form->indisunique)
		return quality;
	foreach(cell, form->indisexclusion ? tsm_temporal_keys(RelationGetRelid(rel)) : NIL)
	{
		TsmTemporalKey *key = lfirst(cell);

		if (strcmp(key->period, period->name) == 0 &&
			strcmp(key->constraint_name, RelationGetRelationName(index)) == 0)
			return quality;
	}
	return 0;
}

/* The columns of the best key of the table, as columns of the view, and the range. */
static void
find_key(CutPlan *plan, Relation rel, const TsmTemporalPeriod *period)
{
	int			best = 0;
	ListCell   *cell;

	plan->keys = palloc(sizeof(AttrNumber) * (INDEX_MAX_KEYS + 1));
	foreach(cell, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		int			quality = key_quality(rel, index, period);
		int			i;

		if (quality > best)
		{
			best = quality;
			plan->nkeys = 0;
			for (i = 0; i < index->rd_index->indnkeyatts; i++)
			{
				AttrNumber	attno = index->rd_index->indkey.values[i];
				AttrNumber	column = view_column(plan->desc,
												 NameStr(TupleDescAttr(RelationGetDescr(rel), attno - 1)->attname));

				if (column != plan->range)
					plan->keys[plan->nkeys++] = column;
			}
			plan->keys[plan->nkeys++] = plan->range;
		}
		index_close(index, AccessShareLock);
	}
}

/* Types of the columns of the view, then of the keys. */
static Oid *
parameter_types(const CutPlan *plan)
{
	Oid		   *types = palloc(sizeof(Oid) * (plan->desc->natts + plan->nkeys));
	int			i;

	for (i = 0; i < plan->desc->natts; i++)
		types[i] = TupleDescAttr(plan->desc, i)->atttypid;
	for (i = 0; i < plan->nkeys; i++)
		types[plan->desc->natts + i] = types[plan->keys[i] - 1];
	return types;
}

static const char *
column_name(const CutPlan *plan, AttrNumber column)
{
	return quote_identifier(NameStr(TupleDescAttr(plan->desc, column - 1)->attname));
}

static SPIPlanPtr
prepare(const CutPlan *plan, const char *query, int nparameters)
{
	SPIPlanPtr	prepared = SPI_prepare(query, nparameters, parameter_types(plan));

	if (prepared == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	if (SPI_keepplan(prepared) != 0)
		elog(ERROR, "could not keep a plan");
	return prepared;
}

static void
prepare_insert(CutPlan *plan, Relation rel, const TsmTemporalPeriod *period)
{
	StringInfoData names;
	StringInfoData values;
	ListCell   *cell;

	initStringInfo(&names);
	initStringInfo(&values);
	foreach(cell, tsm_temporal_leftover_columns(rel, period))
	{
		const char *name = NameStr(TupleDescAttr(RelationGetDescr(rel), lfirst_int(cell) - 1)->attname);

		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", quote_identifier(name));
		appendStringInfo(&values, "%s$%d", values.len > 0 ? ", " : "", view_column(plan->desc, name));
	}
	plan->insert = prepare(plan, psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)",
										  tsm_delta_relation_name(plan->rel), names.data, values.data),
						   plan->desc->natts);
}

/* The plan of UPDATE for a set of changed columns. In the plan's context for what is kept. */
static SPIPlanPtr
prepare_update(CutPlan *plan, Bitmapset *changed)
{
	CutUpdate  *update;
	StringInfoData query;
	MemoryContext old_context;
	int			column = -1;
	int			i;

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s c", plan->target);
	while ((column = bms_next_member(changed, column)) >= 0)
		appendStringInfo(&query, "%s %s = $%d", column == bms_next_member(changed, -1) ? " SET" : ",",
						 column_name(plan, column), column);
	for (i = 0; i < plan->nkeys; i++)
		appendStringInfo(&query, "%s c.%s %s $%d", i == 0 ? " WHERE" : " AND",
						 column_name(plan, plan->keys[i]),
						 tsm_temporal_equality(TupleDescAttr(plan->desc, plan->keys[i] - 1)->atttypid),
						 plan->desc->natts + i + 1);
	for (i = 0; i < plan->desc->natts; i++)
		appendStringInfo(&query, "%sc.%s", i == 0 ? " RETURNING " : ", ", column_name(plan, i + 1));
	update = MemoryContextAlloc(plan->context, sizeof(CutUpdate));
	update->plan = prepare(plan, query.data, plan->desc->natts + plan->nkeys);
	old_context = MemoryContextSwitchTo(plan->context);
	update->changed = bms_copy(changed);
	plan->updates = lappend(plan->updates, update);
	MemoryContextSwitchTo(old_context);
	return update->plan;
}

static SPIPlanPtr
update_plan(CutPlan *plan, Bitmapset *changed)
{
	ListCell   *cell;

	foreach(cell, plan->updates)
	{
		CutUpdate  *update = lfirst(cell);

		if (bms_equal(update->changed, changed))
			return update->plan;
	}
	if (list_length(plan->updates) >= MAX_UPDATES)
		plan->valid = false;	/* for the next row */
	return prepare_update(plan, changed);
}

/* Fill a new plan. The current context is the plan's. */
static void
make_plan(CutPlan *plan, Relation view)
{
	TsmTemporalPeriod *period = tsm_temporal_period_of_view(RelationGetRelid(view));
	Relation	rel;

	if (period == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view \"%s\" is not that of a period", RelationGetRelationName(view))));
	plan->rel = period->rel;
	rel = table_open(plan->rel, AccessShareLock);
	plan->desc = CreateTupleDescCopy(RelationGetDescr(view));
	check_columns(plan, rel);
	plan->range = view_column(plan->desc, period->name);
	plan->range_type = TupleDescAttr(plan->desc, plan->range - 1)->atttypid;
	if (period->from_column != NULL)
	{
		plan->from = view_column(plan->desc, period->from_column);
		plan->to = view_column(plan->desc, period->to_column);
	}
	find_key(plan, rel, period);
	if (plan->nkeys == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no key", RelationGetRelationName(rel)),
				 errdetail("A row whose period is cut is found by its key."),
				 errhint("Add one with tsmem.add_temporal_key.")));
	plan->target = tsm_temporal_portion_target(rel);
	prepare_insert(plan, rel, period);
	table_close(rel, NoLock);
}

/* The use of a plan ends with the memory context of SPI, by SPI_finish or by an error. */
static void
give_plan(void *arg)
{
	CutPlan    *plan = arg;
	CutEntry   *entry;

	if (--plan->uses > 0)
		return;
	entry = hash_search(plans, &plan->view, HASH_FIND, NULL);
	if (entry == NULL || entry->plan != plan)
		free_plan(plan);		/* another one has taken its place */
}

static CutPlan *
use_plan(CutPlan *plan)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = give_plan;
	callback->arg = plan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	plan->uses++;
	return plan;
}

/* A plan of the view, in use until SPI_finish. */
static CutPlan *
take_plan(Relation view)
{
	Oid			relid = RelationGetRelid(view);
	MemoryContext context;
	MemoryContext old_context;
	CutPlan    *plan;
	CutEntry   *entry = hash_search(plans, &relid, HASH_FIND, NULL);
	uint64		before = invalidations;

	if (entry != NULL && entry->plan->valid)
		return use_plan(entry->plan);
	if (entry != NULL)
	{
		plan = entry->plan;
		(void) hash_search(plans, &relid, HASH_REMOVE, NULL);
		if (plan->uses == 0)
			free_plan(plan);
	}
	context = AllocSetContextCreate(CurrentMemoryContext, "tsmem cut", ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(context);
	plan = palloc0(sizeof(CutPlan));
	plan->context = context;
	plan->view = relid;
	make_plan(plan, view);
	plan->valid = invalidations == before;	/* or good for this row alone */
	MemoryContextSwitchTo(old_context);
	entry = hash_search(plans, &relid, HASH_ENTER, NULL);
	entry->plan = plan;
	MemoryContextSetParent(context, CacheMemoryContext);
	return use_plan(plan);
}

/* Whether two values of a column are the same to the byte. */
static bool
same_column(const CutPlan *plan, AttrNumber column, const CutRow *a, const CutRow *b)
{
	Form_pg_attribute attribute = TupleDescAttr(plan->desc, column - 1);
	int			i = column - 1;

	if (a->nulls[i] || b->nulls[i])
		return a->nulls[i] == b->nulls[i];
	return datum_image_eq(a->values[i], b->values[i], attribute->attbyval, attribute->attlen);
}

static RangeType *
range_of(const CutPlan *plan, const CutRow *row)
{
	if (row->nulls[plan->range - 1])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a portion of a period must not be null")));
	return DatumGetRangeTypeP(row->values[plan->range - 1]);
}

/* The range that two columns bound; null is unbounded. */
static RangeType *
range_of_columns(const CutPlan *plan, TypeCacheEntry *type, const CutRow *row)
{
	RangeBound	lower = {row->values[plan->from - 1], row->nulls[plan->from - 1], true, true};
	RangeBound	upper = {row->values[plan->to - 1], row->nulls[plan->to - 1], false, false};

	return tsm_make_range(type, &lower, &upper);
}

/*
 * The portion that SET gives: the new value of the period or, where that is
 * generated, of the columns it is generated from. The whole row when SET
 * gives neither. 22023 when they contradict, 22020 for an empty portion.
 */
static RangeType *
portion_of(const CutPlan *plan, TypeCacheEntry *type, const CutRow *old, const CutRow *new)
{
	RangeType  *portion = range_of(plan, new);

	if (plan->from != 0 && (!same_column(plan, plan->from, old, new) ||
							!same_column(plan, plan->to, old, new)))
	{
		RangeType  *bounded = range_of_columns(plan, type, new);

		if (!same_column(plan, plan->range, old, new) && !range_eq_internal(type, bounded, portion))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("columns \"%s\" and \"%s\" bound another portion than column \"%s\"",
							NameStr(TupleDescAttr(plan->desc, plan->from - 1)->attname),
							NameStr(TupleDescAttr(plan->desc, plan->to - 1)->attname),
							NameStr(TupleDescAttr(plan->desc, plan->range - 1)->attname))));
		portion = bounded;
	}
	if (RangeIsEmpty(portion))
		ereport(ERROR,
				(errcode(ERRCODE_TSM_INVALID_PERIOD_VALUE),
				 errmsg("a portion of a period must not be empty"),
				 errdetail("It must end after it starts.")));
	return portion;
}

/* One of two columns, from a bound that they can express: 22023 for [a,b] and (a,b] of times. */
static void
set_bound(const CutPlan *plan, CutRow *row, AttrNumber column, const RangeBound *bound)
{
	if (!bound->infinite && bound->inclusive != bound->lower)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a portion of period \"%s\" must include its start and exclude its end",
						NameStr(TupleDescAttr(plan->desc, plan->range - 1)->attname)),
				 errdetail("The period is generated from two columns.")));
	row->values[column - 1] = bound->val;
	row->nulls[column - 1] = bound->infinite;
}

static void
set_range(const CutPlan *plan, TypeCacheEntry *type, CutRow *row, const RangeType *range)
{
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	if (plan->from == 0)
	{
		row->values[plan->range - 1] = RangeTypePGetDatum(range);
		return;
	}
	range_deserialize(type, range, &lower, &upper, &empty);
	set_bound(plan, row, plan->from, &lower);
	set_bound(plan, row, plan->to, &upper);
}

/* What of a range lies before (or after) a portion that it overlaps; NULL for nothing. */
static RangeType *
leftover(TypeCacheEntry *type, const RangeType *range, const RangeType *portion, bool before)
{
	RangeBound	lower;
	RangeBound	upper;
	RangeBound	cut_lower;
	RangeBound	cut_upper;
	bool		empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	range_deserialize(type, portion, &cut_lower, &cut_upper, &empty);
	if (before ? range_cmp_bounds(type, &lower, &cut_lower) >= 0 :
		range_cmp_bounds(type, &upper, &cut_upper) <= 0)
		return NULL;
	cut_lower.inclusive = !cut_lower.inclusive;
	cut_lower.lower = false;
	cut_upper.inclusive = !cut_upper.inclusive;
	cut_upper.lower = true;
	return before ? tsm_make_range(type, &lower, &cut_lower) :
		tsm_make_range(type, &cut_upper, &upper);
}

/* The columns that the update gives another value, and those that make the period. */
static Bitmapset *
changed_columns(const CutPlan *plan, const CutRow *old, const CutRow *new)
{
	Bitmapset  *changed = NULL;
	int			column;

	for (column = 1; column <= plan->desc->natts; column++)
	{
		if (column == plan->range || column == plan->from || column == plan->to)
			continue;
		if (!same_column(plan, column, old, new))
			changed = bms_add_member(changed, column);
	}
	if (plan->from == 0)
		return bms_add_member(changed, plan->range);
	return bms_add_member(bms_add_member(changed, plan->from), plan->to);
}

/* Run one plan; its AFTER triggers wait for the statement on the view. */
static void
run(SPIPlanPtr plan, Datum *values, const bool *nulls, int count)
{
	char	   *marks = palloc(count);
	int			i;
	int			result;

	for (i = 0; i < count; i++)
		marks[i] = nulls[i] ? 'n' : ' ';
	result = SPI_execute_snapshot(plan, values, marks, InvalidSnapshot, InvalidSnapshot, false,
								  false, 0);
	if (result < 0)
		elog(ERROR, "could not cut a row: %s", SPI_result_code_string(result));
}

static CutRow
copy_row(const CutRow *row, int natts, int extra)
{
	CutRow		copy;

	copy.values = palloc(sizeof(Datum) * (natts + extra));
	copy.nulls = palloc(sizeof(bool) * (natts + extra));
	memcpy(copy.values, row->values, sizeof(Datum) * natts);
	memcpy(copy.nulls, row->nulls, sizeof(bool) * natts);
	return copy;
}

/* Update the row; NULL when a trigger of the table has cancelled that, or has changed the row before. */
static HeapTuple
update_row(CutPlan *plan, TypeCacheEntry *type, const CutRow *old, const CutRow *new,
		   const RangeType *range)
{
	int			natts = plan->desc->natts;
	CutRow		parameters = copy_row(new, natts, plan->nkeys);
	int			i;

	set_range(plan, type, &parameters, range);
	for (i = 0; i < plan->nkeys; i++)
	{
		if (old->nulls[plan->keys[i] - 1])
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("a row of table \"%s\" has no key", get_rel_name(plan->rel)),
					 errdetail("Column \"%s\" of the key is null.",
							   NameStr(TupleDescAttr(plan->desc, plan->keys[i] - 1)->attname))));
		parameters.values[natts + i] = old->values[plan->keys[i] - 1];
		parameters.nulls[natts + i] = false;
	}
	run(update_plan(plan, changed_columns(plan, old, new)), parameters.values, parameters.nulls,
		natts + plan->nkeys);
	if (SPI_processed == 0)
		return NULL;
	return SPI_copytuple(SPI_tuptable->vals[0]);
}

static void
insert_leftover(CutPlan *plan, TypeCacheEntry *type, const CutRow *old, const RangeType *range)
{
	int			natts = plan->desc->natts;
	CutRow		row;

	if (range == NULL)
		return;
	row = copy_row(old, natts, 0);
	set_range(plan, type, &row, range);
	run(plan->insert, row.values, row.nulls, natts);
}

/* Cut one row. The result, the row as it is stored, is the caller's; NULL when nothing is changed. */
static HeapTuple
cut_row(CutPlan *plan, HeapTuple old_tuple, HeapTuple new_tuple)
{
	int			natts = plan->desc->natts;
	TypeCacheEntry *type = lookup_type_cache(plan->range_type, TYPECACHE_RANGE_INFO);
	CutRow		old = {palloc(sizeof(Datum) * natts), palloc(sizeof(bool) * natts)};
	CutRow		new = {palloc(sizeof(Datum) * natts), palloc(sizeof(bool) * natts)};
	RangeType  *whole;
	RangeType  *portion;
	HeapTuple	result;

	heap_deform_tuple(old_tuple, plan->desc, old.values, old.nulls);
	heap_deform_tuple(new_tuple, plan->desc, new.values, new.nulls);
	whole = range_of(plan, &old);
	portion = portion_of(plan, type, &old, &new);
	if (!range_overlaps_internal(type, whole, portion))
		return NULL;
	result = update_row(plan, type, &old, &new, range_intersect_internal(type, whole, portion));
	if (result != NULL)
	{
		insert_leftover(plan, type, &old, leftover(type, whole, portion, true));
		insert_leftover(plan, type, &old, leftover(type, whole, portion, false));
	}
	return result;
}

/* INSTEAD OF UPDATE, each row, of the view of a period. */
Datum
tsm_temporal_for_portion_of(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	HeapTuple	result;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_INSTEAD(data->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by the trigger that add_period makes",
						"_for_portion_of")));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = cut_row(take_plan(data->tg_relation), data->tg_trigtuple, data->tg_newtuple);
	SPI_finish();
	PG_RETURN_POINTER(result);
}

/* INSERT and DELETE on the view (0A000). */
Datum
tsm_temporal_refuse_portion(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	bool		insert;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by the trigger that add_period makes",
						"_refuse_portion")));
	insert = TRIGGER_FIRED_BY_INSERT(data->tg_event);
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg(insert ? "cannot insert into view \"%s\"" : "cannot delete from view \"%s\"",
					RelationGetRelationName(data->tg_relation)),
			 insert ? errhint("Insert into the table itself.") :
			 errhint("Use tsmem.delete_for_portion_of, or delete whole rows of the table itself.")));
	PG_RETURN_POINTER(NULL);	/* keep compiler quiet */
}

/* Relcache invalidation: a plan depends on its view and its table, and on the indexes of that. */
static void
forget_plan(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	CutEntry   *entry;

	invalidations++;
	hash_seq_init(&status, plans);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (relid == InvalidOid || relid == entry->view || relid == entry->plan->rel)
			entry->plan->valid = false;
	}
}

void
tsm_temporal_cut_load(void)
{
	HASHCTL		control = {0};

	if (CacheMemoryContext == NULL)
		CreateCacheMemoryContext();
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(CutEntry);
	control.hcxt = CacheMemoryContext;
	plans = hash_create("tsmem cut plans", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_plan, (Datum) 0);
}
