/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_store.c
 *	  The table that holds the segments of a history.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_segment.h"

#define SEGMENT_TABLES			"segment_tables"
#define SEGMENT_TABLES_PKEY		"segment_tables_pkey"
#define SEGMENT_TABLES_SEGMENTS	"segment_tables_segments_key"
#define SEGMENT_TABLES_FOLDED	"segment_tables_folded_key"
#define SEGMENT_COLUMNS			"segment_columns"
#define SEGMENT_FOLDS			"segment_folds"
#define Anum_tables_history		1
#define Anum_tables_segments	2
#define Anum_tables_folded		3
#define Anum_tables_options		4
#define Natts_tables			4

static void
store_of_tuple(HeapTuple tuple, TupleDesc desc, TsmSegmentStore *store)
{
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables];

	heap_deform_tuple(tuple, desc, values, nulls);
	store->history = DatumGetObjectId(values[Anum_tables_history - 1]);
	store->segments = DatumGetObjectId(values[Anum_tables_segments - 1]);
	store->folded = DatumGetObjectId(values[Anum_tables_folded - 1]);
	store->options = DatumGetJsonbPCopy(values[Anum_tables_options - 1]);
}

static bool
find_by(const char *index, AttrNumber column, Oid value, TsmSegmentStore *store)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	scan = systable_beginscan(rel, tsm_delta_own_relation(index), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		store_of_tuple(tuple, RelationGetDescr(rel), store);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

bool
tsm_segment_store(Oid history, TsmSegmentStore *store)
{
	return find_by(SEGMENT_TABLES_PKEY, Anum_tables_history, history, store);
}

bool
tsm_segment_store_of_folded(Oid folded, TsmSegmentStore *store)
{
	return find_by(SEGMENT_TABLES_FOLDED, Anum_tables_folded, folded, store);
}

bool
tsm_segment_store_of_segments(Oid segments, TsmSegmentStore *store)
{
	return find_by(SEGMENT_TABLES_SEGMENTS, Anum_tables_segments, segments, store);
}

List *
tsm_segment_stores(void)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *stores = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TsmSegmentStore *store = palloc(sizeof(TsmSegmentStore));

		store_of_tuple(tuple, RelationGetDescr(rel), store);
		stores = lappend(stores, store);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return stores;
}

static Jsonb *
no_options(void)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

static void
remember(const TsmSegmentStore *store)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), RowExclusiveLock);
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables] = {false};

	values[Anum_tables_history - 1] = ObjectIdGetDatum(store->history);
	values[Anum_tables_segments - 1] = ObjectIdGetDatum(store->segments);
	values[Anum_tables_folded - 1] = ObjectIdGetDatum(store->folded);
	values[Anum_tables_options - 1] = JsonbPGetDatum(store->options);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/*
 * An object goes when the history does; the server's dependency of a child
 * would ask for CASCADE. The foreign table is no internal part: DROP EXTENSION
 * ... CASCADE, which reaches it by its server, would take the history with it.
 */
static void
bind(Oid relid, Oid history, DependencyType type)
{
	ObjectAddress depender;
	ObjectAddress referenced;

	deleteDependencyRecordsForClass(RelationRelationId, relid, RelationRelationId,
									DEPENDENCY_NORMAL);
	deleteDependencyRecordsForClass(RelationRelationId, relid, RelationRelationId, type);
	ObjectAddressSet(depender, RelationRelationId, relid);
	ObjectAddressSet(referenced, RelationRelationId, history);
	recordDependencyOn(&depender, &referenced, type);
}

void
tsm_delta_bind_store(Oid history)
{
	TsmSegmentStore store;

	if (!tsm_segment_store(history, &store))
		return;
	bind(store.segments, history, DEPENDENCY_INTERNAL);
	bind(store.folded, history, DEPENDENCY_AUTO);
	CommandCounterIncrement();
}

/* A name in the schema of the history. */
static char *
name_beside(Oid history, const char *suffix)
{
	return tsm_delta_make_name(get_rel_name(history), suffix);
}

/*
 * The name of the index is chosen by the server. A tuple of up to
 * toast_tuple_target bytes stays in its page.
 */
static Oid
make_segments(Oid history, const char *schema)
{
	char	   *name = name_beside(history, "segments");
	const char *qualified = quote_qualified_identifier(schema, name);
	Oid			segments;

	tsm_delta_execute("CREATE TABLE %s (key_lo int8 NOT NULL, t_lo timestamptz NOT NULL, "
					  "key_hi int8 NOT NULL, t_hi timestamptz NOT NULL, t_min timestamptz NOT NULL, "
					  "versions int4 NOT NULL, schema_id int4 NOT NULL, block bytea NOT NULL, zones bytea) "
					  "WITH (toast_tuple_target = 8160)", qualified);
	tsm_delta_execute("ALTER TABLE %s ALTER COLUMN block SET STORAGE EXTERNAL, "
					  "ALTER COLUMN zones SET STORAGE PLAIN", qualified);
	tsm_delta_execute("CREATE INDEX ON %s (key_lo, t_lo)", qualified);
	segments = get_relname_relid(name, get_rel_namespace(history));
	tsm_delta_protect_history(segments);
	return segments;
}

static Oid
make_folded(Oid history, const char *schema)
{
	char	   *name = name_beside(history, "folded");

	tsm_delta_execute("CREATE FOREIGN TABLE %s () INHERITS (%s) SERVER tsmem_segments",
					  quote_qualified_identifier(schema, name), tsm_delta_relation_name(history));
	return get_relname_relid(name, get_rel_namespace(history));
}

void
tsm_segment_make_store(Oid history, TsmSegmentStore *store)
{
	char	   *schema;

	LockRelationOid(history, AccessExclusiveLock);
	if (tsm_segment_store(history, store))
		return;
	schema = get_namespace_name(get_rel_namespace(history));
	store->history = history;
	store->segments = make_segments(history, schema);
	store->folded = make_folded(history, schema);
	store->options = no_options();
	remember(store);
	tsm_delta_bind_store(history);
	tsm_delta_keep_private(history);
}

/* Delete the rows of a registry that are of a history. */
static void
forget_rows(const char *registry, Oid history)
{
	Relation	rel = table_open(tsm_delta_own_relation(registry), RowExclusiveLock);
	SysScanDesc scan;
	HeapTuple	tuple;
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(history));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

static void
forget(Oid history)
{
	forget_rows(SEGMENT_TABLES, history);
	forget_rows(SEGMENT_COLUMNS, history);
	forget_rows(SEGMENT_FOLDS, history);
	CommandCounterIncrement();
}

/* What belongs to a history internally is dropped by the API alone. */
void
tsm_segment_drop_store(const TsmSegmentStore *store)
{
	ObjectAddresses *objects = new_object_addresses();
	ObjectAddress object;

	LockRelationOid(store->history, AccessExclusiveLock);
	forget(store->history);
	ObjectAddressSet(object, RelationRelationId, store->folded);
	add_exact_object_address(&object, objects);
	ObjectAddressSet(object, RelationRelationId, store->segments);
	add_exact_object_address(&object, objects);
	(void) deleteDependencyRecordsFor(RelationRelationId, store->folded, false);
	(void) deleteDependencyRecordsFor(RelationRelationId, store->segments, false);
	CommandCounterIncrement();
	performMultipleDeletions(objects, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	free_object_addresses(objects);
	SetRelationHasSubclass(store->history, false);
	CommandCounterIncrement();
}

void
tsm_segment_set_options(Oid history, Jsonb *options)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), RowExclusiveLock);
	int			column = Anum_tables_options;
	Datum		value = JsonbPGetDatum(options);
	bool		null = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_tables_history, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(history));
	scan = systable_beginscan(rel, tsm_delta_own_relation(SEGMENT_TABLES_PKEY), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		CatalogTupleUpdate(rel, &tuple->t_self,
						   heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, &column,
													 &value, &null));
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	/* Plans look at the zones. */
	CacheInvalidateRelcacheByRelid(history);
	CommandCounterIncrement();
}

void
tsm_segment_forget_dropped(void)
{
	ListCell   *cell;

	foreach(cell, tsm_segment_stores())
	{
		Oid			history = ((TsmSegmentStore *) lfirst(cell))->history;

		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(history)))
			forget(history);
	}
}

void
tsm_segment_open(TsmSegmentTable *table, Oid segments, LOCKMODE mode)
{
	List	   *indexes;
	ListCell   *cell;

	table->rel = table_open(segments, mode);
	table->index = NULL;
	indexes = RelationGetIndexList(table->rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (table->index == NULL && index->rd_index->indisvalid &&
			index->rd_index->indnkeyatts == 2 && index->rd_indpred == NIL &&
			index->rd_index->indkey.values[0] == Anum_segment_key_lo &&
			index->rd_index->indkey.values[1] == Anum_segment_t_lo)
			table->index = index;
		else
			index_close(index, AccessShareLock);
	}
	if (table->index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of segments has no index on key_lo and t_lo",
						RelationGetRelationName(table->rel))));
}

/* Locks are kept to the end of the transaction. */
void
tsm_segment_close(TsmSegmentTable *table)
{
	index_close(table->index, NoLock);
	table_close(table->rel, NoLock);
}

void
tsm_segment_of_slot(TupleTableSlot *slot, TsmSegment *segment, bool with_block)
{
	slot_getallattrs(slot);
	segment->tid = slot->tts_tid;
	segment->key_lo = DatumGetInt64(slot->tts_values[Anum_segment_key_lo - 1]);
	segment->t_lo = DatumGetTimestampTz(slot->tts_values[Anum_segment_t_lo - 1]);
	segment->key_hi = DatumGetInt64(slot->tts_values[Anum_segment_key_hi - 1]);
	segment->t_hi = DatumGetTimestampTz(slot->tts_values[Anum_segment_t_hi - 1]);
	segment->t_min = DatumGetTimestampTz(slot->tts_values[Anum_segment_t_min - 1]);
	segment->versions = DatumGetInt32(slot->tts_values[Anum_segment_versions - 1]);
	segment->schema_id = DatumGetInt32(slot->tts_values[Anum_segment_schema_id - 1]);
	segment->block = with_block ?
		DatumGetByteaPCopy(slot->tts_values[Anum_segment_block - 1]) : NULL;
	segment->zones = slot->tts_isnull[Anum_segment_zones - 1] ? NULL :
		DatumGetByteaPCopy(slot->tts_values[Anum_segment_zones - 1]);
}

void
tsm_segment_position(IndexScanDesc scan, ScanKeyData *keys, StrategyNumber strategy, int64 key,
					 TimestampTz start)
{
	ScanKeyEntryInitialize(&keys[1], SK_ROW_MEMBER, Anum_segment_key_lo, strategy,
						   InvalidOid, InvalidOid, F_BTINT8CMP, Int64GetDatum(key));
	ScanKeyEntryInitialize(&keys[2], SK_ROW_MEMBER | SK_ROW_END, Anum_segment_t_lo, strategy,
						   InvalidOid, InvalidOid, F_TIMESTAMPTZ_CMP, TimestampTzGetDatum(start));
	MemSet(&keys[0], 0, sizeof(ScanKeyData));
	keys[0].sk_flags = SK_ROW_HEADER;
	keys[0].sk_attno = Anum_segment_key_lo;
	keys[0].sk_strategy = strategy;
	keys[0].sk_argument = PointerGetDatum(&keys[1]);
	index_rescan(scan, keys, 1, NULL, 0);
}

/* The last segment that begins at (key, start) or before, with its block, or the first that begins after. */
static bool
look(TsmSegmentTable *table, Snapshot snapshot, int64 key, TimestampTz start, bool backwards,
	 TsmSegment *segment)
{
	TupleTableSlot *slot = table_slot_create(table->rel, NULL);
	IndexScanDesc scan = tsm_index_beginscan(table->rel, table->index, snapshot, 1);
	ScanKeyData keys[TSM_SEGMENT_POSITION_KEYS];
	bool		found;

	tsm_segment_position(scan, keys, backwards ? BTLessEqualStrategyNumber : BTGreaterStrategyNumber,
						 key, start);
	found = index_getnext_slot(scan, backwards ? BackwardScanDirection : ForwardScanDirection, slot);
	if (found)
		tsm_segment_of_slot(slot, segment, backwards);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

bool
tsm_segment_find(TsmSegmentTable *table, Snapshot snapshot, int64 key, TimestampTz start,
					  TsmSegment *segment)
{
	return look(table, snapshot, key, start, true, segment);
}

bool
tsm_segment_find_next(TsmSegmentTable *table, Snapshot snapshot, int64 key, TimestampTz start,
					  TsmSegment *segment)
{
	return look(table, snapshot, key, start, false, segment);
}

void
tsm_segment_insert(TsmSegmentTable *table, const TsmSegment *segment)
{
	Datum		values[Natts_segment];
	bool		nulls[Natts_segment] = {false};
	HeapTuple	tuple;

	values[Anum_segment_key_lo - 1] = Int64GetDatum(segment->key_lo);
	values[Anum_segment_t_lo - 1] = TimestampTzGetDatum(segment->t_lo);
	values[Anum_segment_key_hi - 1] = Int64GetDatum(segment->key_hi);
	values[Anum_segment_t_hi - 1] = TimestampTzGetDatum(segment->t_hi);
	values[Anum_segment_t_min - 1] = TimestampTzGetDatum(segment->t_min);
	values[Anum_segment_versions - 1] = Int32GetDatum(segment->versions);
	values[Anum_segment_schema_id - 1] = Int32GetDatum(segment->schema_id);
	values[Anum_segment_block - 1] = PointerGetDatum(segment->block);
	values[Anum_segment_zones - 1] = PointerGetDatum(segment->zones);
	nulls[Anum_segment_zones - 1] = segment->zones == NULL;
	tuple = heap_form_tuple(RelationGetDescr(table->rel), values, nulls);
	CatalogTupleInsert(table->rel, tuple);
	heap_freetuple(tuple);
}

void
tsm_segment_delete(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	TM_FailureData failure;
	/* A transaction of one snapshot must not move what this does not see, or see it twice. */
	Snapshot	own = IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : InvalidSnapshot;

	if (table_tuple_delete(rel, tid, GetCurrentCommandId(true), snapshot, own, true, &failure,
						   false) != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not change table \"%s\" due to a concurrent change",
						RelationGetRelationName(rel))));
}

Oid
tsm_segment_owner(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Oid			owner = rel->rd_rel->relowner;

	table_close(rel, NoLock);
	return owner;
}

TsmVersionedTable *
tsm_segment_table(Oid rel)
{
	TsmVersionedTable *table;

	LockRelationOid(rel, AccessShareLock);
	table = tsm_delta_find(rel);
	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not system-versioned",
						get_rel_name(rel) != NULL ? get_rel_name(rel) : "?")));
	return table;
}

TsmVersionedTable *
tsm_segment_own_table(Oid rel)
{
	TsmVersionedTable *table = tsm_segment_table(rel);

	if (!tsm_relation_ownercheck(rel, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(rel));
	return table;
}
