/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_info.c
 *	  Descriptions of temporal foreign keys, and their kept plans, cached in
 *	  the backend.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "tsm_temporal_foreign.h"
#include "tsm_temporal_foreign_query.h"
#include "tsm_temporal_session.h"

/* An entry of the cache: the description for one trigger of a table or partition. */
typedef struct ForeignEntry
{
	Oid			trigger;		/* key of the cache */
	TsmForeignInfo *info;		/* NULL until described */
} ForeignEntry;

static HTAB *entries = NULL;

/* How often forget() was called: whatever is described meanwhile may be out of date when it is. */
static uint64 invalidations = 0;

/* A relation has changed (InvalidOid: any may have): descriptions that it is in are spoilt. */
static void
forget(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	ForeignEntry *entry;

	invalidations++;
	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		TsmForeignInfo *info = entry->info;

		if (info != NULL && (!OidIsValid(relid) || relid == info->key->rel ||
							 relid == info->key->referenced || relid == info->relid))
			info->valid = false;
	}
}

static void
make_cache(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(ForeignEntry);
	entries = hash_create("tsmem temporal foreign keys", 16, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(forget, (Datum) 0);
}

/* The table and the name of a trigger, of the one of the partitioned table above for a partition's. */
static Oid
root_trigger(Oid trigger, NameData *name)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	Oid			relid = InvalidOid;

	while (OidIsValid(trigger))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(trigger));
		scan = systable_beginscan(rel, TriggerOidIndexId, true, NULL, 1, &key);
		tuple = systable_getnext(scan);
		trigger = InvalidOid;
		if (HeapTupleIsValid(tuple))
		{
			Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

			relid = form->tgrelid;
			*name = form->tgname;
			trigger = form->tgparentid;
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return relid;
}

/* The foreign key that a trigger was made for; 39P01 when there is none. */
static TsmForeignKey *
key_of_trigger(Oid trigger, bool referencing)
{
	NameData	name;
	Oid			relid = root_trigger(trigger, &name);
	List	   *relids = list_make1_oid(relid);
	ListCell   *cell;

	if (OidIsValid(relid) && get_rel_relispartition(relid))
		relids = list_concat(relids, get_partition_ancestors(relid));
	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (key->referenced_trigger == NULL)
			continue;
		if (referencing ? key->rel == relid && strcmp(key->name, NameStr(name)) == 0 :
			list_member_oid(relids, key->referenced) && (strcmp(key->referenced_trigger, NameStr(name)) == 0 ||
										 strcmp(key->truncate_trigger, NameStr(name)) == 0))
			return key;
	}
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger \"%s\" of table \"%s\" belongs to no temporal foreign key",
					OidIsValid(relid) ? NameStr(name) : "", OidIsValid(relid) ? get_rel_name(relid) : ""),
			 errhint("Triggers of this kind are made by tsmem.add_temporal_foreign_key alone.")));
	return NULL;				/* keep compiler quiet */
}

/* Column numbers in the given relation, and types in the tables themselves. */
static void
describe_columns(TsmForeignInfo *info, Relation rel, bool referencing)
{
	TsmForeignKey *key = info->key;
	List	   *mine = lappend(list_copy(key->key_columns), key->period);
	List	   *theirs = lappend(list_copy(key->referenced_columns), key->referenced_period);
	int			i;

	info->nkeys = list_length(key->key_columns);
	info->columns = palloc(sizeof(AttrNumber) * (info->nkeys + 1));
	info->types = palloc(sizeof(Oid) * (info->nkeys + 1));
	info->referenced_types = palloc(sizeof(Oid) * (info->nkeys + 1));
	for (i = 0; i <= info->nkeys; i++)
	{
		info->columns[i] = get_attnum(RelationGetRelid(rel), list_nth(referencing ? mine : theirs, i));
		info->types[i] = get_atttype(key->rel, get_attnum(key->rel, list_nth(mine, i)));
		info->referenced_types[i] = get_atttype(key->referenced,
												get_attnum(key->referenced, list_nth(theirs, i)));
		if (info->columns[i] == InvalidAttrNumber || !OidIsValid(info->types[i]) ||
			!OidIsValid(info->referenced_types[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FOREIGN_KEY),
					 errmsg("foreign key constraint \"%s\" of table \"%s\" lacks a column", key->name,
							get_rel_name(key->rel))));
	}
}

static TsmForeignKey *
copy_key(const TsmForeignKey *key)
{
	TsmForeignKey *copy = palloc(sizeof(TsmForeignKey));
	ListCell   *cell;

	*copy = *key;
	copy->name = pstrdup(key->name);
	copy->period = pstrdup(key->period);
	copy->referenced_period = pstrdup(key->referenced_period);
	copy->key_columns = NIL;
	foreach(cell, key->key_columns)
		copy->key_columns = lappend(copy->key_columns, pstrdup(lfirst(cell)));
	copy->referenced_columns = NIL;
	foreach(cell, key->referenced_columns)
		copy->referenced_columns = lappend(copy->referenced_columns, pstrdup(lfirst(cell)));
	copy->referenced_trigger = NULL;
	copy->truncate_trigger = NULL;
	return copy;
}

/*
 * Into a context of its own, whose parent is the current one: with an error
 * that goes, in the end, with the transaction.
 */
TsmForeignInfo *
tsm_foreign_describe(const TsmForeignKey *key, Relation rel, bool referencing)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem temporal foreign key",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TsmForeignInfo *info = palloc0(sizeof(TsmForeignInfo));
	Oid			constraint = tsm_foreign_key_constraint(key->referenced, key->referenced_columns,
														key->referenced_period);

	if (!OidIsValid(constraint))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("there is no temporal key of table \"%s\" over the columns that foreign key \"%s\" references",
						get_rel_name(key->referenced), key->name),
				 errhint("Add one, with tsmem.add_temporal_key.")));
	info->context = context;
	info->key = copy_key(key);
	info->relid = RelationGetRelid(rel);
	info->owner = tsm_temporal_owner(key->rel);
	info->referenced_owner = tsm_temporal_owner(key->referenced);
	info->extension_owner = tsm_temporal_owner(tsm_delta_own_relation("temporal_foreign_keys"));
	describe_columns(info, rel, referencing);
	info->queries = tsm_foreign_queries(info->key, constraint);
	info->range = lookup_type_cache(info->types[info->nkeys], TYPECACHE_RANGE_INFO);
	info->multirange = get_range_multirange(info->types[info->nkeys]);
	info->referenced_partitioned =
		get_rel_relkind(key->referenced) == RELKIND_PARTITIONED_TABLE;
	info->valid = true;
	MemoryContextSwitchTo(old);
	return info;
}

void
tsm_foreign_release(TsmForeignInfo *info)
{
	int			i;

	for (i = 0; i < TSM_QUERIES; i++)
	{
		if (info->plans[i] != NULL)
			SPI_freeplan(info->plans[i]);
	}
	MemoryContextDelete(info->context);
}

TsmForeignInfo *
tsm_foreign_info(Oid trigger, Relation rel, bool referencing)
{
	ForeignEntry *entry;
	TsmForeignInfo *info;
	bool		found;
	uint64		before;

	if (entries == NULL)
		make_cache();
	entry = hash_search(entries, &trigger, HASH_ENTER, &found);
	if (!found)
		entry->info = NULL;
	if (entry->info != NULL && entry->info->valid)
		return entry->info;
	if (entry->info != NULL && entry->info->busy == 0)
	{
		info = entry->info;
		entry->info = NULL;
		tsm_foreign_release(info);
	}
	/* One that is in use (by the command that has set off this trigger) is left to it. */
	entry->info = NULL;
	before = invalidations;
	info = tsm_foreign_describe(key_of_trigger(trigger, referencing), rel, referencing);
	info->valid = invalidations == before;	/* or good for this time alone */
	MemoryContextSetParent(info->context, CacheMemoryContext);
	info->cached = true;
	/* The cache may have been reset or have grown meanwhile. */
	entry = hash_search(entries, &trigger, HASH_ENTER, &found);
	entry->info = info;
	return info;
}

/* The role that a query runs as. */
static Oid
owner_for(const TsmForeignInfo *info, TsmForeignQuery query)
{
	switch (query)
	{
		case TSM_COVER_NEW:
		case TSM_LOOK_NEW:
		case TSM_COVER_OLD:
			return info->referenced_owner;
		case TSM_INVALID:
			return info->extension_owner;
		default:
			return info->owner;
	}
}

/* The types of a query's parameters; returns their number. */
static int
parameter_types(const TsmForeignInfo *info, TsmForeignQuery query, Oid *types)
{
	bool		by_old = query != TSM_COVER_NEW && query != TSM_LOOK_NEW;
	int			i;

	if (query == TSM_INVALID || query == TSM_ANY)
		return 0;
	for (i = 0; i <= info->nkeys; i++)
		types[i] = by_old ? info->referenced_types[i] : info->types[i];
	if (query == TSM_REST || query == TSM_LOCK || query == TSM_DELETE)
		types[info->nkeys] = info->multirange;
	if (query != TSM_SET_KEYS)
		return info->nkeys + 1;
	for (i = 0; i < info->nkeys; i++)
		types[info->nkeys + 1 + i] = info->referenced_types[i];
	return 2 * info->nkeys + 1;
}

/* The plan of a query, kept where the description is; prepared as the role that it runs as. */
static SPIPlanPtr
plan_for(TsmForeignInfo *info, TsmForeignQuery query)
{
	Oid			types[2 * INDEX_MAX_KEYS + 1];
	SPIPlanPtr	plan = info->plans[query];
	char	   *text;

	if (plan != NULL)
		return plan;
	text = tsm_foreign_query_text(info->queries, query);
	plan = SPI_prepare(text, parameter_types(info, query, types), types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", text, SPI_result_code_string(SPI_result));
	if (info->cached)
	{
		SPI_keepplan(plan);
		info->plans[query] = plan;
	}
	return plan;
}

/* Run a query; while it runs the description stays, whatever is invalidated. */
static int
execute(TsmForeignInfo *info, TsmForeignQuery query, Datum *values, Snapshot snapshot,
		Snapshot crosscheck, long limit)
{
	volatile int result = 0;

	info->busy++;
	PG_TRY();
	{
		result = tsm_session_execute_in_present(plan_for(info, query), values, NULL, snapshot,
												crosscheck, false, false, limit);
	}
	PG_FINALLY();
	{
		info->busy--;
	}
	PG_END_TRY();
	return result;
}

uint64
tsm_foreign_run(TsmForeignInfo *info, TsmForeignQuery query, Datum *values, bool new_rows,
				long limit)
{
	Snapshot	snapshot = InvalidSnapshot;
	Snapshot	crosscheck = InvalidSnapshot;
	Oid			save_user;
	int			save_context;
	int			result;

	if (new_rows && IsolationUsesXactSnapshot())
	{
		CommandCounterIncrement();	/* what the transaction has done is to be seen */
		snapshot = GetLatestSnapshot();
		crosscheck = GetTransactionSnapshot();
	}
	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(owner_for(info, query), save_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	result = execute(info, query, values, snapshot, crosscheck, limit);
	SetUserIdAndSecContext(save_user, save_context);
	if (result < 0)
		elog(ERROR, "could not run a query of foreign key \"%s\": %s", info->key->name,
			 SPI_result_code_string(result));
	return SPI_processed;
}
