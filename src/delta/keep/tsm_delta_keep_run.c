/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep_run.c
 *	  What prune and erase have in common: locks, removal of rows and
 *	  segments, the raising of the horizon.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_keep.h"

TsmVersionedTable *
tsm_keep_find(Oid rel)
{
	TsmVersionedTable *table = tsm_delta_find(rel);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not system-versioned",
						get_rel_name(rel) != NULL ? get_rel_name(rel) : "?")));
	return table;
}

void
tsm_keep_open(TsmKeepRun *run, Oid rel, bool raises_horizon)
{
	TsmSegmentStore store;

	run->table = tsm_keep_find(rel);
	if (raises_horizon && TIMESTAMP_IS_NOBEGIN(run->table->horizon))
		LockRelationOid(run->table->history, AccessExclusiveLock);
	run->history = table_open(run->table->history, RowExclusiveLock);
	/* A store is made under AccessExclusiveLock: from here on there is one or not. */
	run->has_store = tsm_segment_store(run->table->history, &store);
	if (run->has_store)
		tsm_segment_open(&run->store, store.segments, ShareUpdateExclusiveLock);
	else
		LockRelation(run->history, ShareUpdateExclusiveLock);
	run->table = tsm_keep_find(rel);
	run->map = tsm_segment_map(run->history, run->table);
	run->walk = tsm_segment_walk_make(run->map);
	run->snapshot = RegisterSnapshot(GetLatestSnapshot());
}

void
tsm_keep_close(TsmKeepRun *run)
{
	UnregisterSnapshot(run->snapshot);
	if (run->pack != NULL)
		tsm_fold_pack_free(run->pack);
	if (run->has_store)
		tsm_segment_close(&run->store);
	table_close(run->history, NoLock);
}

/* Bytes of a row, with those of its values that lie outside it. */
static int64
row_bytes(TsmKeepRun *run, TupleTableSlot *slot)
{
	bool		should_free;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, &should_free);
	int64		bytes = tuple->t_len + sizeof(ItemIdData);
	int			i;

	slot_getallattrs(slot);
	for (i = 0; i < run->map->desc->natts; i++)
	{
		Datum		datum = slot->tts_values[i];

		if (TupleDescAttr(run->map->desc, i)->attlen == -1 && !slot->tts_isnull[i] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(datum)))
			bytes += toast_datum_size(datum);
	}
	if (should_free)
		heap_freetuple(tuple);
	return bytes;
}

void
tsm_keep_remove_row(TsmKeepRun *run, TupleTableSlot *slot)
{
	ItemPointerData tid = slot->tts_tid;

	run->result.bytes += row_bytes(run, slot);
	run->result.tail_versions++;
	ExecClearTuple(slot);
	tsm_segment_delete(run->history, &tid, run->snapshot);
}

void
tsm_keep_remove_segment(TsmKeepRun *run, TsmSegment *segment)
{
	run->result.bytes += TSM_FOLD_SEGMENT_BYTES(segment->block);
	tsm_segment_delete(run->store.rel, &segment->tid, run->snapshot);
}

/* Older ends are judged by their time alone: their transactions are of another cluster, or none. */
void
tsm_keep_note_end(TsmKeepRun *run, TimestampTz end, uint64 xid)
{
	if (end >= run->table->since)
		run->last_xid = Max(run->last_xid, xid);
}

void
tsm_keep_version(TsmKeepRun *run, const TsmCodecRow *row)
{
	if (run->pack == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(run->map->context);

		tsm_segment_write_schema(run->map);
		run->pack = tsm_fold_pack_make(run->map, &run->store);
		MemoryContextSwitchTo(old);
	}
	tsm_fold_pack_add_version(run->pack, run->walk, row);
}

void
tsm_keep_flush(TsmKeepRun *run)
{
	int64		before;

	if (run->pack == NULL)
		return;
	before = tsm_fold_pack_result(run->pack)->bytes;
	tsm_fold_pack_flush(run->pack);
	run->result.bytes -= tsm_fold_pack_result(run->pack)->bytes - before;
}

TableScanDesc
tsm_keep_scan_from(Relation rel, Snapshot snapshot, BlockNumber page)
{
	ItemPointerData first;
	ItemPointerData last;

	ItemPointerSet(&first, page, FirstOffsetNumber);
	ItemPointerSet(&last, MaxBlockNumber, MaxOffsetNumber);
	return table_beginscan_tidrange(rel, snapshot, &first, &last);
}

bool
tsm_keep_scan_next(TableScanDesc scan, TupleTableSlot *slot)
{
	CHECK_FOR_INTERRUPTS();
	return table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot);
}

void
tsm_keep_raise_horizon(TsmKeepRun *run, TimestampTz time)
{
	uint64		xid = run->last_xid > 0 ? run->last_xid + 1 : 0;

	if (time <= run->table->horizon && xid <= run->table->horizon_xid)
		return;
	run->table->horizon = Max(run->table->horizon, time);
	run->table->horizon_xid = Max(run->table->horizon_xid, xid);
	tsm_delta_update(run->table);
}
