/*-------------------------------------------------------------------------
 *
 * tsm_delta_chain_spot.c
 *	  Where the folded versions of a key lie, and what they take there.
 *
 * What a version takes is a share: its frame's stored bytes are divided among
 * the versions of the frame, and what a segment has besides (header, directory,
 * base image, the other columns) among all of them, by the bytes of their values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tsm_delta_inspect.h"

/* Times and transactions of a version. */
#define HEAD_BYTES		32

/* What a row of segments takes beside its block. */
#define SEGMENT_BYTES	76

/* A walk over the segments of a key. */
typedef struct SpotWalk
{
	TsmChainSpots *spots;
	TsmSegmentTable table;
	TsmSegmentWalk *walk;
	TupleTableSlot *version;
	int64		key;
	MemoryContext row_context;
	double		raw[TSM_CODEC_MAX_FRAMES];	/* of the frames of the segment at hand */
	double		stored[TSM_CODEC_MAX_FRAMES];
} SpotWalk;

static uint64
hash_values(const TsmSegmentMap *map, const TsmCodecValue *values)
{
	uint64		hash = 0;
	int			i;

	for (i = 0; i < map->schema.natts; i++)
	{
		const TsmCodecValue *value = &values[i];
		uint16		kind = map->attributes[i].kind;
		uint64		part;

		if (value->null)
			part = i;
		else if (kind == TSM_CODEC_INT || kind == TSM_CODEC_FLOAT)
			part = hash_bytes_extended((const unsigned char *) &value->as.word, sizeof(uint64), 1);
		else
			part = hash_bytes_extended(value->as.bytes, value->length, 2);
		hash = hash_combine64(hash, part);
	}
	return hash;
}

static void
add_spot(SpotWalk *walk, const TsmSegment *segment, const TsmCodecRow *row, double raw)
{
	TsmChainSpots *spots = walk->spots;
	TsmSegmentSchema *schema = tsm_segment_walk_schema(walk->walk);
	MemoryContext old = MemoryContextSwitchTo(walk->row_context);
	TsmChainSpot *spot;
	TsmCodecRow converted;

	MemoryContextReset(walk->row_context);
	tsm_segment_slot_of_row(spots->map, schema, row, walk->version);
	tsm_segment_row_of_slot(spots->map, walk->version, &converted, spots->values);
	MemoryContextSwitchTo(old);
	if (spots->count == spots->room)
	{
		spots->room *= 2;
		spots->spots = repalloc_huge(spots->spots, spots->room * sizeof(TsmChainSpot));
	}
	spot = &spots->spots[spots->count++];
	memset(spot, 0, sizeof(*spot));
	spot->start = row->start;
	spot->end = row->end;
	spot->start_xid = row->start_xid;
	spot->end_xid = row->end_xid;
	spot->hash = hash_values(spots->map, spots->values);
	spot->segment = segment->tid;
	spot->frame = tsm_segment_walk_frame(walk->walk)->index;
	spot->bytes_stored = (int64) raw;	/* until the sums are known */
	ExecClearTuple(walk->version);
}

/* Divide what the segment takes among the versions from the given one on. */
static void
divide(SpotWalk *walk, const TsmSegment *segment, int64 first)
{
	double		raw = 0;
	double		rest = (double) VARSIZE(segment->block) + SEGMENT_BYTES;
	int64		i;

	for (i = 0; i < tsm_segment_walk_block(walk->walk)->frames; i++)
	{
		raw += walk->raw[i];
		rest -= walk->stored[i];
	}
	for (i = first; i < walk->spots->count; i++)
	{
		TsmChainSpot *spot = &walk->spots->spots[i];
		double		bytes = (double) spot->bytes_stored;

		spot->bytes_stored = (int64) (bytes / walk->raw[spot->frame] * walk->stored[spot->frame] +
									  bytes / raw * rest + 0.5);
	}
}

static void
walk_segment(SpotWalk *walk, const TsmSegment *segment)
{
	int64		first = walk->spots->count;
	TsmCodecFault fault;
	TsmCodecRow row;

	memset(walk->raw, 0, sizeof(walk->raw));
	memset(walk->stored, 0, sizeof(walk->stored));
	if (tsm_segment_walk_begin(walk->walk, segment, &fault))
	{
		while (tsm_segment_walk_next(walk->walk, &row, &fault))
		{
			const TsmCodecFrame *frame = tsm_segment_walk_frame(walk->walk);
			const TsmCodecSchema *schema = &tsm_segment_walk_schema(walk->walk)->codec;
			double		raw = (double) tsm_codec_row_cost(schema, row.values) + HEAD_BYTES;

			CHECK_FOR_INTERRUPTS();
			walk->raw[frame->index] += raw;
			walk->stored[frame->index] = frame->stored_length;
			if (row.key == walk->key)
				add_spot(walk, segment, &row, raw);
		}
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, walk->table.rel);
	divide(walk, segment, first);
}

/*
 * From the last segment that begins with the key back to the first that can
 * hold it: the last one that begins before it.
 */
static void
walk_segments(SpotWalk *walk)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem chain turn",
											   ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = GetActiveSnapshot();
	IndexScanDesc scan = tsm_index_beginscan(walk->table.rel, walk->table.index, snapshot, 1);
	TupleTableSlot *slot = table_slot_create(walk->table.rel, NULL);
	ScanKeyData bound;
	bool		more = true;

	ScanKeyInit(&bound, 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(walk->key));
	index_rescan(scan, &bound, 1, NULL, 0);
	while (more && index_getnext_slot(scan, BackwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, true);
		more = segment.key_lo == walk->key;
		if (segment.key_hi >= walk->key)
			walk_segment(walk, &segment);
		MemoryContextSwitchTo(old);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(turn);
}

#define COMPARE(a, b) \
	do { \
		if ((a) != (b)) \
			return (a) < (b) ? -1 : 1; \
	} while (0)

/* By what is compared without reading values. */
static int
compare_heads(const TsmChainSpot *a, const TsmChainSpot *b)
{
	COMPARE(a->start, b->start);
	COMPARE(a->end, b->end);
	COMPARE(a->start_xid, b->start_xid);
	COMPARE(a->end_xid, b->end_xid);
	return 0;
}

static int
compare_spots(const void *a, const void *b)
{
	const TsmChainSpot *left = a;
	const TsmChainSpot *right = b;
	int			heads = compare_heads(left, right);

	if (heads != 0)
		return heads;
	/* Several with the same head and values: as they lie. */
	COMPARE(left->hash, right->hash);
	heads = ItemPointerCompare(unconstify(ItemPointerData *, &left->segment),
							   unconstify(ItemPointerData *, &right->segment));
	return heads != 0 ? heads : left->frame - right->frame;
}

void
tsm_inspect_find_spots(TsmChainSpots *spots, Oid segments, int64 key)
{
	SpotWalk   *walk = palloc0(sizeof(SpotWalk));
	int			nest_level = tsm_segment_fix_settings();

	walk->spots = spots;
	walk->key = key;
	spots->room = 64;
	spots->spots = palloc(spots->room * sizeof(TsmChainSpot));
	tsm_segment_open(&walk->table, segments, AccessShareLock);
	walk->walk = tsm_segment_walk_make(spots->map);
	walk->version = MakeSingleTupleTableSlot(spots->map->desc, &TTSOpsVirtual);
	walk->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem chain row",
											  ALLOCSET_DEFAULT_SIZES);
	walk_segments(walk);
	ExecDropSingleTupleTableSlot(walk->version);
	tsm_segment_close(&walk->table);
	MemoryContextDelete(walk->row_context);
	AtEOXact_GUC(true, nest_level);
	if (spots->count > 1)
		qsort(spots->spots, spots->count, sizeof(TsmChainSpot), compare_spots);
}

/* The first spot that is not before the head. */
static int64
lower_bound(const TsmChainSpots *spots, const TsmChainSpot *head)
{
	int64		low = 0;
	int64		high = spots->count;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (compare_heads(&spots->spots[middle], head) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

TsmChainSpot *
tsm_inspect_take_spot(TsmChainSpots *spots, TupleTableSlot *version)
{
	TsmChainSpot head;
	TsmChainSpot *found = NULL;
	TsmCodecRow row;
	int			nest_level;
	int64		first;
	int64		i;

	if (spots->count == 0)
		return NULL;
	nest_level = tsm_segment_fix_settings();
	tsm_segment_row_of_slot(spots->map, version, &row, spots->values);
	AtEOXact_GUC(true, nest_level);
	head.start = row.start;
	head.end = row.end;
	head.start_xid = row.start_xid;
	head.end_xid = row.end_xid;
	head.hash = hash_values(spots->map, spots->values);
	first = lower_bound(spots, &head);
	for (i = first; i < spots->count && compare_heads(&spots->spots[i], &head) == 0; i++)
	{
		if (!spots->spots[i].taken && spots->spots[i].hash == head.hash)
		{
			found = &spots->spots[i];
			found->taken = true;
			break;
		}
	}
	return found;
}
