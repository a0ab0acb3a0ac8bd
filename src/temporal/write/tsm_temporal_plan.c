/*-------------------------------------------------------------------------
 *
 * tsm_temporal_plan.c
 *	  How the writes of a table go into its history: made once, kept for the
 *	  life of the backend, dropped when the table, its history or its
 *	  registration changes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "utils/catcache.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "tsm_temporal_int.h"

/* Plans by relid; and the context that each one's arrays are in. */
typedef struct PlanEntry
{
	TsmTemporalPlan plan;		/* first: plan.relid is the key */
	MemoryContext context;
} PlanEntry;

static HTAB *plans = NULL;

TsmVersionedTable *
tsm_temporal_find(Oid relid)
{
	TsmVersionedTable *table = tsm_delta_find(relid);

	if (table == NULL && get_rel_relispartition(relid))
	{
		List	   *ancestors = get_partition_ancestors(relid);
		ListCell   *cell;

		foreach(cell, ancestors)
		{
			table = tsm_delta_find(lfirst_oid(cell));
			if (table != NULL)
				break;
		}
	}
	return table;
}

void
tsm_temporal_check_generated(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped &&
			TupleDescAttr(desc, i)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of table \"%s\" cannot be versioned",
							NameStr(TupleDescAttr(desc, i)->attname),
							RelationGetRelationName(rel)),
					 errdetail("It is generated, but not stored."),
					 errhint("Make it GENERATED ALWAYS AS (...) STORED.")));
	}
}

/* The history's column for a column of the table, or 55000. */
static AttrNumber
history_column(Relation rel, Relation history, Form_pg_attribute attribute)
{
	TupleDesc	desc = RelationGetDescr(history);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute candidate = TupleDescAttr(desc, i);

		if (candidate->attisdropped ||
			strcmp(NameStr(candidate->attname), NameStr(attribute->attname)) != 0)
			continue;
		if (candidate->atttypid == attribute->atttypid &&
			candidate->atttypmod == attribute->atttypmod &&
			candidate->attcollation == attribute->attcollation)
			return candidate->attnum;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" has another type in history table \"%s\"",
						NameStr(attribute->attname), RelationGetRelationName(rel),
						RelationGetRelationName(history)),
				 errhint("The next ALTER TABLE of the table brings its history up to date.")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("column \"%s\" of table \"%s\" is missing in history table \"%s\"",
					NameStr(attribute->attname), RelationGetRelationName(rel),
					RelationGetRelationName(history)),
			 errhint("The next ALTER TABLE of the table brings its history up to date.")));
	return InvalidAttrNumber;	/* keep compiler quiet */
}

/* A column that versioning itself needs, by name and type; or 55000. */
static AttrNumber
own_column(Relation rel, const char *name, Oid type)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), name);

	if (attno == InvalidAttrNumber ||
		TupleDescAttr(RelationGetDescr(rel), attno - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" is missing or has a wrong type",
						name, RelationGetRelationName(rel))));
	return attno;
}

/* Fill the column arrays and numbers of a plan; allocates in the current context. */
static void
map_columns(TsmTemporalPlan *plan, Relation rel, Relation history, const TsmVersionedTable *table)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	plan->natts = desc->natts;
	plan->to_history = palloc0(sizeof(AttrNumber) * desc->natts);
	plan->versioned = palloc0(sizeof(bool) * desc->natts);
	plan->start = own_column(rel, TSM_ROW_START, TIMESTAMPTZOID);
	plan->xid = own_column(rel, TSM_ROW_XID, XID8OID);
	plan->history_end = own_column(history, TSM_ROW_END, TIMESTAMPTZOID);
	plan->history_end_xid = own_column(history, TSM_ROW_END_XID, XID8OID);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		plan->to_history[i] = history_column(rel, history, attribute);
		/* A generated column changes with those it is made from, after our trigger. */
		plan->versioned[i] = i + 1 != plan->start && i + 1 != plan->xid &&
			attribute->attgenerated == '\0' &&
			!tsm_temporal_name_in(table->excluded_columns, NameStr(attribute->attname));
	}
}

/* Fill the key of a plan, and how the history is searched by it; allocates in the current context. */
static void
map_key(TsmTemporalPlan *plan, Relation rel, Relation history, const TsmVersionedTable *table)
{
	AttrNumber	columns[INDEX_MAX_KEYS];
	ListCell   *cell;

	plan->nkeys = 0;
	plan->keys = NULL;
	plan->key_index = InvalidOid;
	if (!table->disjoint_keys || list_length(table->key_columns) >= INDEX_MAX_KEYS)
		return;
	plan->keys = palloc0(sizeof(AttrNumber) * list_length(table->key_columns));
	foreach(cell, table->key_columns)
	{
		plan->keys[plan->nkeys] = get_attnum(RelationGetRelid(rel), lfirst(cell));
		columns[plan->nkeys++] = get_attnum(RelationGetRelid(history), lfirst(cell));
	}
	columns[plan->nkeys] = get_attnum(RelationGetRelid(history), TSM_ROW_START);
	plan->key_index = tsm_temporal_key_index(history, columns, plan->nkeys + 1);
}

static void
make_plan(PlanEntry *entry, Relation rel)
{
	TsmVersionedTable *table = tsm_temporal_find(RelationGetRelid(rel));
	MemoryContext old_context;
	Relation	history;

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not system-versioned", RelationGetRelationName(rel)),
				 errhint("Drop the triggers of tsmem from the table, or version it.")));
	/* Held to the end of the transaction, like any lock taken for a write. */
	history = table_open(table->history, RowExclusiveLock);
	if (entry->context == NULL)
		entry->context = AllocSetContextCreate(CacheMemoryContext, "tsmem write plan",
											   ALLOCSET_SMALL_SIZES);
	MemoryContextReset(entry->context);
	old_context = MemoryContextSwitchTo(entry->context);
	entry->plan.root = table->rel;
	entry->plan.history = table->history;
	entry->plan.no_op_updates = table->no_op_updates;
	entry->plan.truncate_to_history = table->truncate_to_history;
	/* Messages that arrive from here on must find the plan valid to spoil it. */
	entry->plan.valid = true;
	PG_TRY();
	{
		map_columns(&entry->plan, rel, history, table);
		map_key(&entry->plan, rel, history, table);
	}
	PG_CATCH();
	{
		entry->plan.valid = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old_context);
	table_close(history, NoLock);
}

TsmTemporalPlan *
tsm_temporal_plan(Relation rel, MemoryContext context)
{
	Oid			relid = RelationGetRelid(rel);
	TsmTemporalPlan *copy;
	PlanEntry  *entry;
	bool		found;

	entry = hash_search(plans, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->plan.valid = false;
		entry->context = NULL;
	}
	if (!entry->plan.valid)
		make_plan(entry, rel);
	copy = MemoryContextAlloc(context, sizeof(TsmTemporalPlan));
	*copy = entry->plan;
	copy->context = context;
	copy->look = NULL;
	copy->to_history = MemoryContextAlloc(context, sizeof(AttrNumber) * copy->natts);
	memcpy(copy->to_history, entry->plan.to_history, sizeof(AttrNumber) * copy->natts);
	copy->versioned = MemoryContextAlloc(context, sizeof(bool) * copy->natts);
	memcpy(copy->versioned, entry->plan.versioned, sizeof(bool) * copy->natts);
	copy->keys = MemoryContextAlloc(context, sizeof(AttrNumber) * copy->nkeys);
	if (copy->nkeys > 0)
		memcpy(copy->keys, entry->plan.keys, sizeof(AttrNumber) * copy->nkeys);
	return copy;
}

/* Relcache invalidation: a plan depends on its table, the registered one and the history. */
static void
forget_plan(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	PlanEntry  *entry;

	hash_seq_init(&status, plans);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (relid == InvalidOid || relid == entry->plan.relid ||
			relid == entry->plan.root || relid == entry->plan.history)
			entry->plan.valid = false;
	}
}

void
tsm_temporal_plan_load(void)
{
	HASHCTL		control = {0};

	if (CacheMemoryContext == NULL)
		CreateCacheMemoryContext();
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(PlanEntry);
	control.hcxt = CacheMemoryContext;
	plans = hash_create("tsmem write plans", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_plan, (Datum) 0);
}
