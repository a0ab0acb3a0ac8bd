/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_store.c
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
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "tsm_delta_fold.h"

#define SEGMENT_TABLES			"segment_tables"
#define SEGMENT_TABLES_PKEY		"segment_tables_pkey"
#define Anum_tables_history		1
#define Anum_tables_segments	2
#define Natts_tables			2

Oid
tsm_fold_segments(Oid history)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		null;
	Oid			segments = InvalidOid;

	ScanKeyInit(&key, Anum_tables_history, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(history));
	scan = systable_beginscan(rel, tsm_delta_own_relation(SEGMENT_TABLES_PKEY), true, NULL, 1, &key);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		segments = DatumGetObjectId(heap_getattr(tuple, Anum_tables_segments,
												 RelationGetDescr(rel), &null));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return segments;
}

static void
remember(Oid history, Oid segments)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_TABLES), RowExclusiveLock);
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables] = {false, false};
	ObjectAddress depender,
				referenced;

	values[Anum_tables_history - 1] = ObjectIdGetDatum(history);
	values[Anum_tables_segments - 1] = ObjectIdGetDatum(segments);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
	ObjectAddressSet(depender, RelationRelationId, segments);
	ObjectAddressSet(referenced, RelationRelationId, history);
	recordDependencyOn(&depender, &referenced, DEPENDENCY_AUTO);
	CommandCounterIncrement();
}

/*
 * The name of the index is chosen by the server. A tuple of up to
 * toast_tuple_target bytes stays in its page.
 */
Oid
tsm_fold_make_segments(Oid history)
{
	char	   *schema = get_namespace_name(get_rel_namespace(history));
	char	   *name = psprintf("%.*s_segments", NAMEDATALEN - 10, get_rel_name(history));
	const char *qualified = quote_qualified_identifier(schema, name);
	Oid			segments;

	tsm_delta_execute("CREATE TABLE %s (key_lo int8 NOT NULL, t_lo timestamptz NOT NULL, "
					  "key_hi int8 NOT NULL, t_hi timestamptz NOT NULL, t_min timestamptz NOT NULL, "
					  "versions int4 NOT NULL, schema_id int4 NOT NULL, block bytea NOT NULL) "
					  "WITH (toast_tuple_target = 8160)", qualified);
	tsm_delta_execute("ALTER TABLE %s ALTER COLUMN block SET STORAGE EXTERNAL", qualified);
	tsm_delta_execute("CREATE INDEX ON %s (key_lo, t_lo)", qualified);
	segments = get_relname_relid(name, get_rel_namespace(history));
	tsm_delta_protect_history(segments);
	remember(history, segments);
	return segments;
}

void
tsm_fold_open_store(TsmSegmentStore *store, Oid segments, LOCKMODE mode)
{
	List	   *indexes;
	ListCell   *cell;

	store->rel = table_open(segments, mode);
	store->index = NULL;
	indexes = RelationGetIndexList(store->rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (store->index == NULL && index->rd_index->indisvalid &&
			index->rd_index->indnkeyatts == 2 && index->rd_indpred == NIL &&
			index->rd_index->indkey.values[0] == Anum_segment_key_lo &&
			index->rd_index->indkey.values[1] == Anum_segment_t_lo)
			store->index = index;
		else
			index_close(index, AccessShareLock);
	}
	if (store->index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of segments has no index on key_lo and t_lo",
						RelationGetRelationName(store->rel))));
}

/* Locks are kept to the end of the transaction. */
void
tsm_fold_close_store(TsmSegmentStore *store)
{
	index_close(store->index, NoLock);
	table_close(store->rel, NoLock);
}

void
tsm_fold_segment_of_slot(TupleTableSlot *slot, TsmSegment *segment, bool with_block)
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
}

/* The first segment from (key, start) on in a direction, by the index; backwards it may begin there. */
static bool
look(TsmSegmentStore *store, Snapshot snapshot, int64 key, TimestampTz start, bool backwards,
	 TsmSegment *segment)
{
	TupleTableSlot *slot = table_slot_create(store->rel, NULL);
	IndexScanDesc scan = tsm_index_beginscan(store->rel, store->index, snapshot, 1);
	ScanKeyData bound;
	bool		found = false;

	if (backwards)
		ScanKeyInit(&bound, 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(key));
	else
		ScanKeyInit(&bound, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(key));
	index_rescan(scan, &bound, 1, NULL, 0);
	while (!found &&
		   index_getnext_slot(scan, backwards ? BackwardScanDirection : ForwardScanDirection, slot))
	{
		bool		after;

		CHECK_FOR_INTERRUPTS();
		tsm_fold_segment_of_slot(slot, segment, false);
		after = segment->key_lo > key || (segment->key_lo == key && segment->t_lo > start);
		found = backwards != after;
	}
	if (found && backwards)
		tsm_fold_segment_of_slot(slot, segment, true);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

bool
tsm_fold_find_segment(TsmSegmentStore *store, Snapshot snapshot, int64 key, TimestampTz start,
					  TsmSegment *segment)
{
	return look(store, snapshot, key, start, true, segment);
}

bool
tsm_fold_next_segment(TsmSegmentStore *store, Snapshot snapshot, int64 key, TimestampTz start,
					  TsmSegment *segment)
{
	return look(store, snapshot, key, start, false, segment);
}

void
tsm_fold_insert_segment(TsmSegmentStore *store, const TsmSegment *segment)
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
	tuple = heap_form_tuple(RelationGetDescr(store->rel), values, nulls);
	CatalogTupleInsert(store->rel, tuple);
	heap_freetuple(tuple);
}

void
tsm_fold_delete(Relation rel, ItemPointer tid, Snapshot snapshot)
{
	TM_FailureData failure;

	if (table_tuple_delete(rel, tid, GetCurrentCommandId(true), snapshot, InvalidSnapshot, true,
						   &failure, false) != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not fold table \"%s\" due to a concurrent change",
						RelationGetRelationName(rel))));
}
