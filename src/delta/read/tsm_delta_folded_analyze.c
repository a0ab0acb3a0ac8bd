/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_analyze.c
 *	  A sample of folded versions for ANALYZE.
 *
 * Pages of segments are sampled at random, and of all versions in them a
 * random choice is kept, by Vitter's algorithm (Random Sampling with a
 * Reservoir, 1985), as the server does for the rows of a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/snapmgr.h"

#include "tsm_delta_folded.h"

/* Pages of which the versions are looked at; a page has up to a thousand. */
#define SAMPLED_PAGES 300

/* A sample that grows. */
typedef struct Sample
{
	Relation	rel;			/* the foreign table */
	TsmFolded  *folded;
	Relation	segments;
	TupleTableSlot *segment_slot;
	TsmSegmentWalk *walk;
	TupleTableSlot *slot;		/* a version, as a row of the history */
	Datum	   *values;			/* the same as a row of the foreign table */
	bool	   *nulls;
	HeapTuple  *rows;
	int			nrows;
	int			target;
	double		seen;
	double		skip;			/* versions to pass over before one is taken; negative: to be chosen */
	ReservoirStateData state;
	MemoryContext block_context;
	MemoryContext version_context;
} Sample;

static HeapTuple
tuple_of_slot(Sample *sample)
{
	const TsmFolded *folded = sample->folded;
	int			natts = RelationGetDescr(sample->rel)->natts;
	int			i;

	memset(sample->nulls, true, natts * sizeof(bool));
	for (i = 0; i < folded->map->desc->natts; i++)
	{
		AttrNumber	column = folded->columns[i];

		if (column == InvalidAttrNumber)
			continue;
		sample->values[column - 1] = sample->slot->tts_values[i];
		sample->nulls[column - 1] = sample->slot->tts_isnull[i];
	}
	return heap_form_tuple(RelationGetDescr(sample->rel), sample->values, sample->nulls);
}

/* Take the version, or pass it over. The rows live in the context of the caller. */
static void
offer(Sample *sample, const TsmCodecRow *row)
{
	int			place = -1;

	if (sample->nrows < sample->target)
		place = sample->nrows++;
	else
	{
		if (sample->skip < 0)
			sample->skip = reservoir_get_next_S(&sample->state, sample->seen, sample->target);
		if (sample->skip <= 0)
		{
			place = (int) (sample->target * sampler_random_fract(&sample->state.randstate));
			heap_freetuple(sample->rows[place]);
		}
		sample->skip -= 1;
	}
	if (place >= 0)
	{
		MemoryContext old = MemoryContextSwitchTo(sample->version_context);

		tsm_segment_slot_of_row(sample->folded->map, tsm_segment_walk_schema(sample->walk), row,
								sample->slot);
		MemoryContextSwitchTo(old);
		sample->rows[place] = tuple_of_slot(sample);
		ExecClearTuple(sample->slot);
		MemoryContextReset(sample->version_context);
	}
	sample->seen += 1;
}

static void
read_segment(Sample *sample)
{
	MemoryContext old = MemoryContextSwitchTo(sample->block_context);
	TsmSegment	segment;
	TsmCodecFault fault;
	TsmCodecRow row;

	tsm_segment_of_slot(sample->segment_slot, &segment, true);
	MemoryContextSwitchTo(old);
	if (!tsm_segment_walk_begin(sample->walk, &segment, &fault))
		tsm_segment_raise(&fault, sample->segments);
	while (tsm_segment_walk_next(sample->walk, &row, &fault))
		offer(sample, &row);
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, sample->segments);
	MemoryContextReset(sample->block_context);
}

static void
read_page(Sample *sample, BlockNumber page)
{
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;

	ItemPointerSet(&first, page, FirstOffsetNumber);
	ItemPointerSet(&last, page, MaxOffsetNumber);
	scan = table_beginscan_tidrange(sample->segments, GetActiveSnapshot(), &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, sample->segment_slot))
	{
		tsm_analyze_delay_point();
		read_segment(sample);
	}
	table_endscan(scan);
}

static void
prepare(Sample *sample, Relation rel, HeapTuple *rows, int target)
{
	int			natts = RelationGetDescr(rel)->natts;

	MemSet(sample, 0, sizeof(Sample));
	sample->rel = rel;
	sample->folded = tsm_folded_get(RelationGetRelid(rel), CurrentMemoryContext);
	sample->segments = table_open(sample->folded->segments, AccessShareLock);
	sample->segment_slot = table_slot_create(sample->segments, NULL);
	sample->walk = tsm_segment_walk_make(sample->folded->map);
	sample->slot = MakeSingleTupleTableSlot(sample->folded->map->desc, &TTSOpsVirtual);
	sample->values = palloc0(natts * sizeof(Datum));
	sample->nulls = palloc0(natts * sizeof(bool));
	sample->rows = rows;
	sample->target = target;
	sample->skip = -1;
	sample->block_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem segment",
												  ALLOCSET_DEFAULT_SIZES);
	sample->version_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem version",
													ALLOCSET_DEFAULT_SIZES);
	reservoir_init_selection_state(&sample->state, target);
}

int
tsm_folded_sample(Relation rel, int message_level, HeapTuple *rows, int targrows, double *totalrows,
				  double *totaldeadrows)
{
	Sample		sample;
	BlockSamplerData pages;
	BlockNumber total;
	int			looked = 0;
	int			level;

	prepare(&sample, rel, rows, targrows);
	total = RelationGetNumberOfBlocks(sample.segments);
	(void) BlockSampler_Init(&pages, total, SAMPLED_PAGES, pg_prng_uint32(&pg_global_prng_state));
	level = tsm_segment_fix_settings();
	while (BlockSampler_HasMore(&pages))
	{
		read_page(&sample, BlockSampler_Next(&pages));
		looked++;
	}
	AtEOXact_GUC(true, level);
	*totalrows = looked == 0 ? 0 : floor(sample.seen / looked * total + 0.5);
	*totaldeadrows = 0;
	ExecDropSingleTupleTableSlot(sample.slot);
	ExecDropSingleTupleTableSlot(sample.segment_slot);
	table_close(sample.segments, NoLock);
	ereport(message_level,
			(errmsg("\"%s\": looked at %d of %u pages of segments, %.0f versions; %d in the sample",
					RelationGetRelationName(rel), looked, total, sample.seen, sample.nrows)));
	return sample.nrows;
}
