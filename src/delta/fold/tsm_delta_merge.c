/*-------------------------------------------------------------------------
 *
 * tsm_delta_merge.c
 *	  merge: segments that are small, too large or of an old schema are written
 *	  anew.
 *
 * Folds leave small segments behind: the rest of each turn. The segments are
 * gone through in their order, and runs of neighbours that would fill fewer
 * blocks are packed again. What comes of a run is kept until it is whole, and
 * written only where it is a gain.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tsm_delta_fold.h"

/* Segments of a run, at most, and bytes of their blocks: the new ones are kept in memory. */
#define RUN_SEGMENTS	64
#define RUN_BYTES		((Size) 4 << 20)

/* Neighbours that together take no more than this part of a block become one. */
#define ROOMY_PARTS		10
#define ROOMY			9

/* A segment of the run at hand. */
typedef struct RunSegment
{
	ItemPointerData tid;
	Size		size;			/* of the block */
	bool		needy;			/* small, or one that must be written anew */
	bool		must;
} RunSegment;

/* A merge under way. */
typedef struct MergeRun
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	int			max_segments;
	Relation	history;
	TsmSegmentMap *map;
	TsmSegmentTable segments;
	Snapshot	snapshot;		/* of the segments as they were at first */
	TsmFoldOptions options;
	TsmFoldPack *pack;
	TsmSegmentWalk *walk;
	TupleTableSlot *slot;		/* of the segments */
	RunSegment	run[RUN_SEGMENTS];
	int			nrun;
	TsmMergeResult result;
} MergeRun;

/* What a segment asks for. */
static RunSegment
judge(const MergeRun *merge, TupleTableSlot *slot)
{
	int			frame_rows = merge->options.frame_rows > 0 ? merge->options.frame_rows :
		TSM_FOLD_FRAME_ROWS;
	RunSegment	judged;
	TsmSegment	segment;

	tsm_segment_of_slot(slot, &segment, false);
	judged.tid = segment.tid;
	judged.size = toast_raw_datum_size(slot->tts_values[Anum_segment_block - 1]) - VARHDRSZ;
	/* A larger block of one frame holds a version that needs it. */
	judged.must = segment.schema_id != (int32) merge->map->schema.schema_id ||
		(judged.size > merge->options.block_size && segment.versions > frame_rows);
	judged.needy = judged.must || judged.size * 2 < merge->options.block_size;
	return judged;
}

/* Whether a segment is to be packed with those of the run. */
static bool
joins(const MergeRun *merge, const RunSegment *segment)
{
	Size		size = segment->size;
	int			i;

	if (merge->nrun == 0)
		return true;
	for (i = 0; i < merge->nrun; i++)
		size += merge->run[i].size;
	if (merge->nrun == RUN_SEGMENTS || size > RUN_BYTES)
		return false;
	if (segment->needy && (merge->nrun > 1 || merge->run[0].needy))
		return true;
	return size <= merge->options.block_size / ROOMY_PARTS * ROOMY;
}

/* Pack the versions of a segment; gives what it takes. */
static int64
pack_segment(MergeRun *merge, ItemPointer tid)
{
	TsmSegment	segment;
	TsmCodecFault fault;
	TsmCodecRow row;

	if (!table_tuple_fetch_row_version(merge->segments.rel, tid, merge->snapshot, merge->slot))
		elog(ERROR, "could not find a segment again");
	tsm_segment_of_slot(merge->slot, &segment, true);
	ExecClearTuple(merge->slot);
	if (tsm_segment_walk_begin(merge->walk, &segment, &fault))
	{
		while (tsm_segment_walk_next(merge->walk, &row, &fault))
		{
			CHECK_FOR_INTERRUPTS();
			tsm_fold_pack_add_version(merge->pack, merge->walk, &row);
		}
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, merge->segments.rel);
	return TSM_FOLD_SEGMENT_BYTES(segment.block);
}

/* Write a run anew, unless nothing is gained by it. */
static void
end_run(MergeRun *merge)
{
	TsmFoldPacked packed;
	bool		must = false;
	int64		bytes = 0;
	int			i;

	for (i = 0; i < merge->nrun; i++)
		must |= merge->run[i].must;
	if (must || merge->nrun > 1)
	{
		for (i = 0; i < merge->nrun; i++)
			bytes += pack_segment(merge, &merge->run[i].tid);
		tsm_fold_pack_flush(merge->pack);
		packed = *tsm_fold_pack_held(merge->pack);
		if (must || packed.segments < merge->nrun)
		{
			for (i = 0; i < merge->nrun; i++)
				tsm_segment_delete(merge->segments.rel, &merge->run[i].tid, merge->snapshot);
			tsm_fold_pack_write_held(merge->pack);
			merge->result.segments_before += merge->nrun;
			merge->result.segments_after += packed.segments;
			merge->result.bytes_before += bytes;
			merge->result.bytes_after += packed.bytes;
		}
		tsm_fold_pack_drop_held(merge->pack);
	}
	merge->nrun = 0;
}

/* Go through the segments in their order. Those that are written meanwhile are not seen by the scan. */
static void
merge_segments(MergeRun *merge)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem merge turn",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;
	IndexScanDesc scan = tsm_index_beginscan(merge->segments.rel, merge->segments.index,
											 merge->snapshot, 0);
	TupleTableSlot *slot = table_slot_create(merge->segments.rel, NULL);

	index_rescan(scan, NULL, 0, NULL, 0);
	while (merge->result.segments_before < merge->max_segments &&
		   index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		RunSegment	segment;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(turn);
		segment = judge(merge, slot);
		if (!joins(merge, &segment))
			end_run(merge);
		merge->run[merge->nrun++] = segment;
		MemoryContextSwitchTo(old);
		MemoryContextReset(turn);
	}
	if (merge->result.segments_before < merge->max_segments)
		end_run(merge);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(turn);
}

/* As the owner, since functions of the table's types run here. */
static void
merge_as_owner(void *arg)
{
	MergeRun   *merge = arg;
	int			nest_level = tsm_segment_fix_settings();

	CommandCounterIncrement();
	merge->history = table_open(merge->table->history, AccessShareLock);
	merge->map = tsm_segment_map(merge->history, merge->table);
	tsm_segment_open(&merge->segments, merge->store.segments, ShareUpdateExclusiveLock);
	tsm_segment_write_schema(merge->map);
	tsm_fold_options(&merge->store, &merge->options);
	merge->snapshot = RegisterSnapshot(GetLatestSnapshot());
	merge->pack = tsm_fold_pack_make(merge->map, &merge->segments);
	tsm_fold_pack_hold(merge->pack);
	merge->walk = tsm_segment_walk_make(merge->map);
	merge->slot = table_slot_create(merge->segments.rel, NULL);
	merge_segments(merge);
	ExecDropSingleTupleTableSlot(merge->slot);
	tsm_fold_pack_free(merge->pack);
	UnregisterSnapshot(merge->snapshot);
	tsm_segment_close(&merge->segments);
	table_close(merge->history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

void
tsm_merge_table(TsmVersionedTable *table, int max_segments, TsmMergeResult *result)
{
	MergeRun	merge = {0};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	merge.table = table;
	merge.max_segments = max_segments;
	if (tsm_segment_store(table->history, &merge.store))
		tsm_delta_values_as_owner(tsm_segment_owner(table->history), merge_as_owner, &merge);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	*result = merge.result;
}

PG_FUNCTION_INFO_V1(tsm_delta_merge);

/*
 * merge(rel regclass, max_segments int) → (segments_before, segments_after,
 * bytes_before, bytes_after), of what was written anew. Errors: 42501, 55000,
 * 22023, 0A000, 40001, XX001.
 */
Datum
tsm_delta_merge(PG_FUNCTION_ARGS)
{
	TsmVersionedTable *table;
	int			max_segments = PG_GETARG_INT32(1);
	TsmMergeResult result;
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;

	PreventCommandIfReadOnly("tsmem.merge()");
	table = tsm_segment_own_table(PG_GETARG_OID(0));
	if (max_segments < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_segments must be at least 1")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tsm_merge_table(table, max_segments, &result);
	values[0] = Int64GetDatum(result.segments_before);
	values[1] = Int64GetDatum(result.segments_after);
	values[2] = Int64GetDatum(result.bytes_before);
	values[3] = Int64GetDatum(result.bytes_after);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
