/*-------------------------------------------------------------------------
 *
 * tsm_delta_stat.c
 *	  What histories take: behind the view stat_delta, and chain_lengths.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tsm_delta_folded.h"
#include "tsm_delta_segment.h"

/* Pages that are read of a table to count its rows; of larger ones so many, evenly spread. */
#define SAMPLE_PAGES	1024

/* Rows of a table, and for a table of segments the versions in them. */
typedef struct Sizes
{
	double		rows;
	double		versions;
	bool		estimated;
} Sizes;

static void
add_row(TupleTableSlot *slot, bool segments, Sizes *sizes)
{
	bool		null;

	sizes->rows++;
	if (segments)
		sizes->versions += DatumGetInt32(slot_getattr(slot, Anum_segment_versions, &null));
}

/* Count by a sample of pages, which are all of a small table. */
static Sizes
count_rows(Oid relid, bool segments)
{
	Relation	rel = table_open(relid, AccessShareLock);
	BlockNumber pages = RelationGetNumberOfBlocks(rel);
	BlockNumber sample = Min(pages, SAMPLE_PAGES);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = NULL;
	Sizes		sizes = {0, 0, false};
	BlockNumber i;

	for (i = 0; i < sample; i++)
	{
		BlockNumber page = (BlockNumber) ((uint64) pages * i / sample);
		ItemPointerData first;
		ItemPointerData last;

		CHECK_FOR_INTERRUPTS();
		ItemPointerSet(&first, page, FirstOffsetNumber);
		ItemPointerSet(&last, page, MaxOffsetNumber);
		if (scan == NULL)
			scan = table_beginscan_tidrange(rel, GetActiveSnapshot(), &first, &last);
		else
			table_rescan_tidrange(scan, &first, &last);
		while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
			add_row(slot, segments, &sizes);
	}
	if (scan != NULL)
		table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
	sizes.estimated = sample < pages;
	if (sizes.estimated)
	{
		sizes.rows = rint(sizes.rows * pages / sample);
		sizes.versions = rint(sizes.versions * pages / sample);
	}
	return sizes;
}

PG_FUNCTION_INFO_V1(tsm_delta_history_counts);

/*
 * _history_counts(rel regclass) → (tail_versions, segments,
 * segment_versions, estimated, cache_hits, cache_misses); nulls for a table that is not versioned, or
 * of which the current user may not read a column.
 */
Datum
tsm_delta_history_counts(PG_FUNCTION_ARGS)
{
	Oid			rel = PG_GETARG_OID(0);
	TsmVersionedTable *table = tsm_delta_find(rel);
	TsmSegmentStore store;
	Sizes		tail;
	Sizes		folded = {0, 0, false};
	int64		hits = 0;
	int64		misses = 0;
	Datum		values[6];
	bool		nulls[6] = {true, true, true, true, true, true};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (table != NULL &&
		(pg_class_aclcheck(rel, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		 pg_attribute_aclcheck_all(rel, GetUserId(), ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK))
	{
		tail = count_rows(table->history, false);
		if (tsm_segment_store(table->history, &store))
		{
			folded = count_rows(store.segments, true);
			tsm_chain_counts(store.segments, &hits, &misses);
		}
		values[0] = Int64GetDatum((int64) tail.rows);
		values[1] = Int64GetDatum((int64) folded.rows);
		values[2] = Int64GetDatum((int64) folded.versions);
		values[3] = BoolGetDatum(tail.estimated || folded.estimated);
		values[4] = Int64GetDatum(hits);
		values[5] = Int64GetDatum(misses);
		memset(nulls, 0, sizeof(nulls));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Chains of up to 2^i versions; those of more than 2^(i-1). */
#define LENGTH_CLASSES	64

/* A call of chain_lengths, as tsm_delta_values_as_owner hands it on. */
typedef struct LengthsCall
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	TsmSegmentTable segments;
	TsmSegmentWalk *walk;
	int64		key;			/* of the chain at hand */
	int64		length;
	int64		chains[LENGTH_CLASSES];
	int64		versions[LENGTH_CLASSES];
} LengthsCall;

static void
end_chain(LengthsCall *call)
{
	int			class;

	if (call->length == 0)
		return;
	class = call->length == 1 ? 0 : pg_leftmost_one_pos64(call->length - 1) + 1;
	call->chains[class]++;
	call->versions[class] += call->length;
	call->length = 0;
}

static void
measure_segment(LengthsCall *call, const TsmSegment *segment)
{
	TsmCodecFault fault;
	TsmCodecRow row;

	if (!tsm_segment_walk_begin(call->walk, segment, &fault))
		tsm_segment_raise(&fault, call->segments.rel);
	while (tsm_segment_walk_next(call->walk, &row, &fault))
	{
		CHECK_FOR_INTERRUPTS();
		if (row.key != call->key)
			end_chain(call);
		call->key = row.key;
		call->length++;
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, call->segments.rel);
}

/* In the order of the index, so that the versions of a key come one after the other. */
static void
measure_segments(LengthsCall *call)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem chain lengths",
											   ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = GetActiveSnapshot();
	IndexScanDesc scan = tsm_index_beginscan(call->segments.rel, call->segments.index, snapshot, 0);
	TupleTableSlot *slot = table_slot_create(call->segments.rel, NULL);

	index_rescan(scan, NULL, 0, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, true);
		measure_segment(call, &segment);
		MemoryContextSwitchTo(old);
	}
	end_chain(call);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(turn);
}

static void
lengths_as_owner(void *arg)
{
	LengthsCall *call = arg;
	Relation	history = table_open(call->table->history, AccessShareLock);
	int			nest_level = tsm_segment_fix_settings();

	tsm_segment_open(&call->segments, call->store.segments, AccessShareLock);
	call->walk = tsm_segment_walk_make(tsm_segment_map(history, call->table));
	measure_segments(call);
	tsm_segment_close(&call->segments);
	table_close(history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

PG_FUNCTION_INFO_V1(tsm_delta_chain_lengths);

/*
 * chain_lengths(rel regclass) → setof (shortest, longest, chains, versions):
 * the chains in segments by their lengths. Entities whose hashed keys are the
 * same count as one. Errors: 42501, 55000, XX001.
 */
Datum
tsm_delta_chain_lengths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	LengthsCall call = {0};
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	call.table = tsm_segment_own_table(PG_GETARG_OID(0));
	if (tsm_segment_store(call.table->history, &call.store))
		tsm_delta_values_as_owner(tsm_segment_owner(call.table->history), lengths_as_owner, &call);
	for (i = 0; i < LENGTH_CLASSES; i++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		if (call.chains[i] == 0)
			continue;
		values[0] = Int64GetDatum(i == 0 ? 1 : (INT64CONST(1) << (i - 1)) + 1);
		values[1] = Int64GetDatum(INT64CONST(1) << i);
		values[2] = Int64GetDatum(call.chains[i]);
		values[3] = Int64GetDatum(call.versions[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
