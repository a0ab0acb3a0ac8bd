/*-------------------------------------------------------------------------
 *
 * tsm_spatial_typanalyze.c
 *	  ANALYZE of stbox columns: a sample of boxes beside the usual statistics.
 *
 * The slots of an ordered type (most common values, histogram, correlation)
 * are collected too: they serve =, <>, DISTINCT and merge joins.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_statistic.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"

#include "tsm_spatial_int.h"

PG_FUNCTION_INFO_V1(tsm_stbox_typanalyze);

/*
 * The rows of ANALYZE are random already; which of them stay in the sample
 * depends on their number alone, so that tests can rely on it.
 */
#define SAMPLE_SEED 20220103

/* What std_typanalyze wanted to do, kept while ours runs. */
typedef struct StandardAnalyze
{
	AnalyzeAttrComputeStatsFunc compute_stats;
	void	   *extra_data;
} StandardAnalyze;

/* Brings the sample into a random order, so that its first part is a sample too. */
static void
shuffle(Datum *sample, int count, pg_prng_state *random)
{
	int			i;

	for (i = count - 1; i > 0; i--)
	{
		int			j = (int) pg_prng_uint64_range(random, 0, i);
		Datum		swap = sample[i];

		sample[i] = sample[j];
		sample[j] = swap;
	}
}

/* Up to TSM_STBOX_SAMPLE_SIZE boxes of the rows, each as likely as another; their number in *count. */
static Datum *
collect_sample(VacAttrStats *stats, AnalyzeAttrFetchFunc fetchfunc, int rows, int *count)
{
	Datum	   *sample = MemoryContextAlloc(stats->anl_context,
											sizeof(Datum) * TSM_STBOX_SAMPLE_SIZE);
	pg_prng_state random;
	uint64		seen = 0;
	int			row;

	pg_prng_seed(&random, SAMPLE_SEED);
	for (row = 0; row < rows; row++)
	{
		bool		isnull;
		Datum		value = fetchfunc(stats, row, &isnull);
		uint64		place;

		tsm_analyze_delay_point();
		if (isnull)
			continue;
		/* Vitter's reservoir */
		place = seen < TSM_STBOX_SAMPLE_SIZE ? seen : pg_prng_uint64_range(&random, 0, seen);
		seen++;
		if (place < TSM_STBOX_SAMPLE_SIZE)
			sample[place] = value;
	}
	*count = (int) Min(seen, TSM_STBOX_SAMPLE_SIZE);
	shuffle(sample, *count, &random);
	return sample;
}

/* The boxes must outlive the rows that they are in. */
static void
copy_sample(VacAttrStats *stats, Datum *sample, int count)
{
	TsmStBox   *copies = MemoryContextAlloc(stats->anl_context, sizeof(TsmStBox) * count);
	int			i;

	for (i = 0; i < count; i++)
	{
		copies[i] = *DatumGetTsmStBox(sample[i]);
		sample[i] = TsmStBoxGetDatum(&copies[i]);
	}
}

static int
free_slot(const VacAttrStats *stats)
{
	int			slot = 0;

	while (slot < STATISTIC_NUM_SLOTS && stats->stakind[slot] != 0)
		slot++;
	return slot;
}

static void
compute_stats(VacAttrStats *stats, AnalyzeAttrFetchFunc fetchfunc, int samplerows,
			  double totalrows)
{
	StandardAnalyze *standard = (StandardAnalyze *) stats->extra_data;
	Datum	   *sample;
	int			count;
	int			slot;

	/* The standard function finds its own state where it left it. */
	stats->extra_data = standard->extra_data;
	standard->compute_stats(stats, fetchfunc, samplerows, totalrows);
	stats->extra_data = standard;

	sample = collect_sample(stats, fetchfunc, samplerows, &count);
	slot = free_slot(stats);
	if (count == 0 || slot == STATISTIC_NUM_SLOTS)
		return;
	copy_sample(stats, sample, count);
	stats->stakind[slot] = TSM_STATISTIC_KIND_STBOX_SAMPLE;
	stats->stavalues[slot] = sample;
	stats->numvalues[slot] = count;
	stats->stats_valid = true;
}

Datum
tsm_stbox_typanalyze(PG_FUNCTION_ARGS)
{
	VacAttrStats *stats = (VacAttrStats *) PG_GETARG_POINTER(0);
	StandardAnalyze *standard;

	if (!std_typanalyze(stats))
		PG_RETURN_BOOL(false);
	standard = palloc(sizeof(StandardAnalyze));
	standard->compute_stats = stats->compute_stats;
	standard->extra_data = stats->extra_data;
	stats->compute_stats = compute_stats;
	stats->extra_data = standard;
	PG_RETURN_BOOL(true);
}
