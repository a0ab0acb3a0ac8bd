/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_walk.c
 *	  The versions of a store that lie within bounds.
 *
 * Three loops in each other: segments, by their zones; frames, by the
 * directory of the block; rows, by the head of the frame. Nothing is expanded
 * that cannot have a version within the bounds, and no value is read here
 * that is not asked for.
 *
 * Segments are disjoint in the order of (key, start) and the index is in that
 * order, so the versions of a key, or of a range of them, are in consecutive
 * entries. The segment that covers (key, start) is the last that does not
 * begin after it: one descent by a comparison of both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tsm_delta_folded.h"

struct TsmFoldedWalk
{
	TsmFolded  *folded;
	Snapshot	snapshot;
	TsmFoldedOrder order;
	bool		cached;
	TsmFoldedCounts *counts;
	TsmFoldedBench *bench;
	Relation	segments;
	Relation	index;			/* NULL for an order of any */
	TupleTableSlot *slot;		/* the segment at hand, whose block lies in its page */
	TableScanDesc heap;
	IndexScanDesc scan;
	ScanKeyData bound[TSM_SEGMENT_POSITION_KEYS];
	MemoryContext context;		/* the scans live in */
	MemoryContext block_context;	/* a block that did not fit its page */
	TsmFoldedBounds bounds;
	bool		latest;
	List	   *tests;			/* TsmZoneTest */
	bool		at_end;			/* no further segments */
	bool		passed;			/* a segment that begins before key_min was met: */
	int64		passed_key;		/* there */
	TimestampTz passed_start;
	int64		segment_key_hi;
	TsmChainKey chain_key;		/* of the segment at hand */
	TsmCodecBlock block;
	bool		listed;			/* bench->frames are those of the block */
	int			frame;			/* number of the frame at hand, in the direction */
	int			row;			/* of the frame; the next one */
	int			rows;			/* 0 without a frame */
	int			given;			/* the row given last */
	TsmChain   *chain;			/* pinned frame, or NULL */
	MemoryContextCallback callback;
};

static void
release_chain(TsmFoldedWalk *walk)
{
	TsmChain   *chain = walk->chain;

	walk->chain = NULL;
	if (chain != NULL)
		tsm_chain_release(chain);
}

/* Callback of a memory context. */
static void
release_pin(void *arg)
{
	release_chain(arg);
}

TsmFoldedWalk *
tsm_folded_walk_make(TsmFolded *folded, Snapshot snapshot, TsmFoldedOrder order, bool cached,
					 TsmFoldedCounts *counts, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	TsmFoldedWalk *walk = palloc0(sizeof(TsmFoldedWalk));

	walk->folded = folded;
	walk->context = context;
	walk->snapshot = snapshot;
	walk->order = order;
	walk->cached = cached;
	walk->counts = counts;
	walk->at_end = true;
	walk->segments = table_open(folded->segments, AccessShareLock);
	walk->slot = table_slot_create(walk->segments, NULL);
	walk->bench = tsm_folded_bench(folded, context);
	if (order != TSM_FOLDED_ANY)
		walk->index = index_open(folded->index, AccessShareLock);
	walk->block_context = AllocSetContextCreate(context, "tsmem segment", ALLOCSET_SMALL_SIZES);
	walk->callback.func = release_pin;
	walk->callback.arg = walk;
	MemoryContextRegisterResetCallback(context, &walk->callback);
	MemoryContextSwitchTo(old);
	return walk;
}

Relation
tsm_folded_walk_segments(TsmFoldedWalk *walk)
{
	return walk->segments;
}

void
tsm_folded_walk_test(TsmFoldedWalk *walk, List *tests)
{
	walk->tests = tests;
}

void
tsm_folded_walk_share(TsmFoldedWalk *walk, ParallelTableScanDesc parallel)
{
	MemoryContext old;

	if (walk->heap != NULL)
		table_endscan(walk->heap);
	old = MemoryContextSwitchTo(walk->context);
	walk->heap = table_beginscan_parallel(walk->segments, parallel);
	MemoryContextSwitchTo(old);
}

void
tsm_folded_walk_end(TsmFoldedWalk *walk)
{
	release_chain(walk);
	if (walk->heap != NULL)
		table_endscan(walk->heap);
	if (walk->scan != NULL)
		index_endscan(walk->scan);
	ExecDropSingleTupleTableSlot(walk->slot);
	if (walk->index != NULL)
		index_close(walk->index, NoLock);
	table_close(walk->segments, NoLock);
}

/* ---- segments ---- */

static void
report(TsmFoldedWalk *walk, const TsmCodecFault *fault)
{
	tsm_segment_raise(fault, walk->segments);
}

/* Make (key_lo, t_lo) <= or >= (key, start) the condition of the index scan. */
static void
position(TsmFoldedWalk *walk, bool backward, int64 key, TimestampTz start)
{
	if (walk->scan == NULL)
		walk->scan = tsm_index_beginscan(walk->segments, walk->index, walk->snapshot, 1);
	tsm_segment_position(walk->scan, walk->bound, backward ? BTLessEqualStrategyNumber :
						 BTGreaterEqualStrategyNumber, key, start);
}

static int64
head_of_segment(TsmFoldedWalk *walk, int column)
{
	bool		null;

	return DatumGetInt64(slot_getattr(walk->slot, column, &null));
}

/*
 * Forward, begin with the segment that covers the first key, if there is one:
 * it begins before it. Several may begin at one place; all of these are read.
 */
static void
position_forward(TsmFoldedWalk *walk)
{
	int64		key = walk->bounds.key_min;
	TimestampTz start = DT_NOBEGIN;

	position(walk, true, key, start);
	if (index_getnext_slot(walk->scan, BackwardScanDirection, walk->slot))
	{
		key = head_of_segment(walk, Anum_segment_key_lo);
		start = head_of_segment(walk, Anum_segment_t_lo);
	}
	position(walk, false, key, start);
}

/* Begin a scan of the table or the index, or begin it anew. */
static void
begin_scan(TsmFoldedWalk *walk)
{
	if (walk->order != TSM_FOLDED_ANY)
	{
		if (walk->order == TSM_FOLDED_FORWARD)
			position_forward(walk);
		else
			position(walk, true, walk->bounds.key_max, walk->bounds.start_max);
	}
	else if (walk->heap == NULL)
		walk->heap = table_beginscan(walk->segments, walk->snapshot, 0, NULL);
	else
		table_rescan(walk->heap, NULL);
}

void
tsm_folded_walk_begin(TsmFoldedWalk *walk, const TsmFoldedBounds *bounds, bool latest)
{
	MemoryContext old;

	release_chain(walk);
	walk->bounds = *bounds;
	walk->latest = latest;
	walk->rows = 0;
	walk->listed = true;
	walk->frame = 0;
	walk->block.frames = 0;
	walk->passed = false;
	walk->at_end = bounds->empty;
	if (walk->at_end)
		return;
	old = MemoryContextSwitchTo(walk->context);
	begin_scan(walk);
	MemoryContextSwitchTo(old);
}

/* Whether segments in the order of the index, from this one on, cannot have keys within the bounds. */
static bool
is_past(TsmFoldedWalk *walk, int64 key_lo)
{
	TimestampTz start;

	if (walk->order == TSM_FOLDED_FORWARD)
		return key_lo > walk->bounds.key_max;
	if (walk->order == TSM_FOLDED_ANY || key_lo >= walk->bounds.key_min)
		return false;
	start = head_of_segment(walk, Anum_segment_t_lo);
	if (walk->passed)
		return key_lo != walk->passed_key || start != walk->passed_start;
	walk->passed = true;
	walk->passed_key = key_lo;
	walk->passed_start = start;
	return false;
}

/* The next segment in order, into the slot. What an access method keeps lives as long as its scan. */
static bool
fetch_segment(TsmFoldedWalk *walk)
{
	MemoryContext old;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	old = MemoryContextSwitchTo(walk->context);
	if (walk->order == TSM_FOLDED_ANY)
		found = table_scan_getnextslot(walk->heap, ForwardScanDirection, walk->slot);
	else
		found = index_getnext_slot(walk->scan, walk->order == TSM_FOLDED_FORWARD ?
								   ForwardScanDirection : BackwardScanDirection, walk->slot);
	MemoryContextSwitchTo(old);
	return found;
}

/*
 * The zones of columns exclude the segment. For the latest version they are not asked: the segment
 * that has it ends the search, which else would go on to the begin of the chain.
 */
static bool
is_excluded(TsmFoldedWalk *walk)
{
	TupleTableSlot *slot = walk->slot;
	struct varlena *zones;
	bool		null;

	if (walk->tests == NIL || walk->latest)
		return false;
	zones = (struct varlena *) DatumGetPointer(slot_getattr(slot, Anum_segment_zones, &null));
	if (null || VARATT_IS_EXTERNAL(zones) || VARATT_IS_COMPRESSED(zones))
		return false;
	return tsm_zone_tests_exclude(walk->tests, zones,
								  tsm_segment_schema(walk->folded->map, (uint32)
													 DatumGetInt32(slot_getattr(slot, Anum_segment_schema_id,
																				&null))));
}

/* What stands beside a block says that no version in it can be asked for. */
static bool
skips_segment(TsmFoldedWalk *walk, int64 key_lo)
{
	const TsmFoldedBounds *bounds = &walk->bounds;

	walk->segment_key_hi = head_of_segment(walk, Anum_segment_key_hi);
	return walk->segment_key_hi < bounds->key_min || key_lo > bounds->key_max ||
		head_of_segment(walk, Anum_segment_t_min) > bounds->start_max ||
		(!walk->latest && head_of_segment(walk, Anum_segment_t_hi) < bounds->end_min) ||
		is_excluded(walk);
}

/* ---- frames ---- */

/* List the frames of the block, in the direction. */
static void
list_frames(TsmFoldedWalk *walk)
{
	TsmFoldedBench *bench = walk->bench;
	TsmCodecFrame frame;
	bool		more;
	int			i = 0;

	if (bench->room < walk->block.frames)
	{
		bench->room = walk->block.frames;
		bench->frames = repalloc(bench->frames, bench->room * sizeof(TsmCodecFrame));
	}
	for (more = tsm_codec_first_frame(&walk->block, &frame); more;
		 more = tsm_codec_next_frame(&walk->block, &frame))
		bench->frames[i++] = frame;
	walk->listed = true;
}

/* Read the head of a frame, whose bytes are in the cache if raw is not NULL and are expanded otherwise. */
static void
read_frame(TsmFoldedWalk *walk, const TsmCodecFrame *frame, const uint8_t *raw)
{
	TsmCodecFault fault;

	if (raw != NULL)
		walk->counts->hits++;
	else
	{
		if (!tsm_codec_expand_base(&walk->block, walk->bench->buffer, &fault) ||
			(raw = tsm_codec_expand_frame(&walk->block, frame, walk->bench->buffer, &fault)) == NULL)
			report(walk, &fault);
		walk->counts->frames++;
	}
	if (!tsm_codec_reader_open(walk->bench->reader, &walk->block, frame, raw, &fault))
		report(walk, &fault);
	if (walk->cached && walk->chain == NULL)
		walk->chain = tsm_chain_add(&walk->chain_key, raw, frame->raw_length);
	walk->rows = frame->rows;
	walk->frame = frame->index;
	walk->row = walk->order == TSM_FOLDED_BACKWARD ? frame->rows - 1 : 0;
}

/* Find a frame in the cache, or expand it, and read its head. */
static void
open_frame(TsmFoldedWalk *walk, const TsmCodecFrame *frame)
{
	const uint8_t *raw = NULL;

	release_chain(walk);
	walk->rows = 0;
	if (walk->cached)
	{
		walk->chain_key.frame = (uint16) frame->index;
		walk->chain = tsm_chain_find(&walk->chain_key, &raw);
	}
	read_frame(walk, frame, raw);
}

/* The directory says that no row of a frame can be within the bounds. */
static bool
skips_frame(TsmFoldedWalk *walk, int number)
{
	const TsmFoldedBounds *bounds = &walk->bounds;
	const TsmCodecFrame *frame = &walk->bench->frames[number];
	const TsmCodecFrame *next = number + 1 < walk->block.frames ? frame + 1 : NULL;
	int64		key_hi = next != NULL ? next->key : walk->segment_key_hi;

	if (frame->key > bounds->key_max || key_hi < bounds->key_min)
		return true;
	if (!walk->latest && frame->max_end < bounds->end_min)
		return true;
	/* Rows of one key are in the order of their starts. */
	if (frame->key == bounds->key_max && frame->start > bounds->start_max)
		return true;
	return next != NULL && next->key == bounds->key_min && next->start < bounds->start_min;
}

/* Open the next frame of the block that can have something; false after the last. */
static bool
next_frame(TsmFoldedWalk *walk)
{
	int			step = walk->order == TSM_FOLDED_BACKWARD ? -1 : 1;

	if (!walk->listed)
		list_frames(walk);
	for (walk->frame += step; walk->frame >= 0 && walk->frame < walk->block.frames;
		 walk->frame += step)
	{
		if (skips_frame(walk, walk->frame))
			continue;
		open_frame(walk, &walk->bench->frames[walk->frame]);
		return true;
	}
	return false;
}

/* The block that was opened must be that of the row in the slot. */
static void
check_block(TsmFoldedWalk *walk)
{
	TupleTableSlot *slot = walk->slot;
	TsmCodecFault fault;
	bool		null;

	if (!tsm_segment_check_block(&walk->block,
								 DatumGetInt64(slot_getattr(slot, Anum_segment_key_lo, &null)),
								 DatumGetTimestampTz(slot_getattr(slot, Anum_segment_t_lo, &null)),
								 DatumGetInt32(slot_getattr(slot, Anum_segment_versions, &null)), &fault))
		report(walk, &fault);
}

/*
 * Open the frame of the last version of the key that began in time, which most
 * likely is the one that is asked for. The checksum need not be compared if
 * the frame is in the cache.
 */
static void
open_latest(TsmFoldedWalk *walk, const void *data, Size size)
{
	int64		key = walk->bounds.key_max;
	TimestampTz start = walk->bounds.start_max;
	TsmCodecFrame frame;
	TsmCodecFault fault;
	const uint8_t *raw = NULL;

	if (walk->cached)
	{
		if (!tsm_codec_open_at(&walk->block, data, size, NULL, key, start, &frame, &fault))
			report(walk, &fault);
		walk->chain_key.frame = (uint16) Max(frame.index, 0);
		walk->chain = tsm_chain_find(&walk->chain_key, &raw);
	}
	if (raw == NULL &&
		!tsm_codec_open_at(&walk->block, data, size, tsm_segment_crc32c, key, start, &frame, &fault))
		report(walk, &fault);
	check_block(walk);
	walk->listed = false;
	walk->frame = 0;
	if (frame.index < 0)
		return;
	read_frame(walk, &frame, raw);
	walk->row = tsm_codec_find_row(walk->bench->reader, key, start);
}

/* Open the block of the segment in the slot. */
static void
open_segment(TsmFoldedWalk *walk)
{
	TsmCodecFault fault;
	struct varlena *block;
	bool		null;
	MemoryContext old;

	block = (struct varlena *) DatumGetPointer(slot_getattr(walk->slot, Anum_segment_block, &null));
	if (VARATT_IS_EXTERNAL(block) || VARATT_IS_COMPRESSED(block))
	{
		MemoryContextReset(walk->block_context);
		old = MemoryContextSwitchTo(walk->block_context);
		block = (struct varlena *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(block));
		MemoryContextSwitchTo(old);
	}
	walk->counts->segments++;
	tsm_folded_use_schema(walk->folded, walk->bench,
						  (uint32) DatumGetInt32(slot_getattr(walk->slot, Anum_segment_schema_id, &null)));
	if (walk->cached)
	{
		walk->chain_key.segments = walk->folded->segments;
		walk->chain_key.tid = walk->slot->tts_tid;
		walk->chain_key.xmin = DatumGetTransactionId(slot_getsysattr(walk->slot,
																	 MinTransactionIdAttributeNumber,
																	 &null));
	}
	if (walk->latest)
	{
		open_latest(walk, VARDATA_ANY(block), VARSIZE_ANY_EXHDR(block));
		return;
	}
	if (!tsm_codec_open(&walk->block, VARDATA_ANY(block), VARSIZE_ANY_EXHDR(block),
						tsm_segment_crc32c, &fault))
		report(walk, &fault);
	check_block(walk);
	list_frames(walk);
	walk->frame = walk->order == TSM_FOLDED_BACKWARD ? walk->block.frames : -1;
}

/* Begin with the next segment that can have something; false after the last. */
static bool
next_segment(TsmFoldedWalk *walk)
{
	release_chain(walk);
	walk->rows = 0;
	while (!walk->at_end && fetch_segment(walk))
	{
		int64		key_lo = head_of_segment(walk, Anum_segment_key_lo);

		if (is_past(walk, key_lo))
			break;
		if (!skips_segment(walk, key_lo))
		{
			open_segment(walk);
			return true;
		}
		walk->counts->skipped++;
	}
	walk->at_end = true;
	return false;
}

/* ---- rows ---- */

static bool
within(const TsmFoldedBounds *bounds, bool latest, const TsmCodecRow *row)
{
	return row->key >= bounds->key_min && row->key <= bounds->key_max &&
		row->start >= bounds->start_min && row->start <= bounds->start_max &&
		(latest || (row->end >= bounds->end_min && row->end <= bounds->end_max));
}

bool
tsm_folded_walk_next(TsmFoldedWalk *walk, TsmCodecRow *row)
{
	int			step = walk->order == TSM_FOLDED_BACKWARD ? -1 : 1;

	for (;;)
	{
		while (walk->row >= 0 && walk->row < walk->rows)
		{
			walk->given = walk->row;
			walk->row += step;
			walk->counts->versions++;
			tsm_codec_row_head(walk->bench->reader, walk->given, row);
			if (within(&walk->bounds, walk->latest, row))
				return true;
		}
		if (walk->at_end || (!next_frame(walk) && !next_segment(walk)))
			return false;
	}
}

TsmSegmentSchema *
tsm_folded_walk_schema(TsmFoldedWalk *walk)
{
	return walk->bench->schema;
}

const TsmCodecValue *
tsm_folded_walk_values(TsmFoldedWalk *walk, const uint8_t *wanted)
{
	TsmCodecFault fault;

	if (!tsm_codec_read_columns(walk->bench->reader, walk->given, wanted, walk->bench->values, &fault))
		report(walk, &fault);
	return walk->bench->values;
}
