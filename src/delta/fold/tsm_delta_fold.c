/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold.c
 *	  fold: rows of the tail become versions of segments.
 *
 * One scan of the tail finds what is to be folded: key, start and place of
 * each row, sorted in memory. Then the segments are gone through in order: those
 * that new versions fall into are read, merged with these, and written anew.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_fold.h"
#include "tsm_delta_segment.h"

/* A row of the tail. */
typedef struct TailRow
{
	int64		key;
	TimestampTz start;
	ItemPointerData tid;
} TailRow;

/* A fold under way. */
typedef struct FoldRun
{
	Relation	history;
	TsmSegmentMap *map;
	TsmSegmentTable store;
	Snapshot	snapshot;		/* of the tail, and of the segments at first */
	TailRow    *tail;
	int			ntail;
	int			next;			/* row of the tail to be packed */
	TupleTableSlot *slot;
	MemoryContext row_context;	/* of the row at hand */
	TsmFoldPack *pack;
	TsmSegmentWalk *walk;
	int64		versions;
	int64		segments_before;	/* those that were read, to be written anew */
	int64		bytes_before;
	int64		segment_bytes_before;
	int64		too_large;
} FoldRun;

static int
compare_tail(const void *a, const void *b)
{
	const TailRow *left = a;
	const TailRow *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &left->tid, (ItemPointer) &right->tid);
}

/* Find the rows that ended before a time. */
static void
read_tail(FoldRun *run, TimestampTz before, int max_versions)
{
	TableScanDesc scan = table_beginscan(run->history, run->snapshot, 0, NULL);
	TsmCodecValue *values = palloc((run->map->schema.natts + 1) * sizeof(TsmCodecValue));
	int			room = 1024;

	run->tail = palloc(room * sizeof(TailRow));
	while (run->ntail < max_versions && table_scan_getnextslot(scan, ForwardScanDirection, run->slot))
	{
		MemoryContext old = MemoryContextSwitchTo(run->row_context);
		TsmCodecRow row;
		bool		null;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->row_context);
		if (DatumGetTimestampTz(slot_getattr(run->slot, run->map->end, &null)) < before)
		{
			tsm_segment_row_of_slot(run->map, run->slot, &row, values);
			if (tsm_codec_row_cost(&run->map->schema, values) > TSM_CODEC_MAX_RAW)
				run->too_large++;
			else
			{
				if (run->ntail == room)
					run->tail = repalloc_huge(run->tail, (Size) (room *= 2) * sizeof(TailRow));
				run->tail[run->ntail++] = (TailRow) {row.key, row.start, run->slot->tts_tid};
			}
		}
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	qsort(run->tail, run->ntail, sizeof(TailRow), compare_tail);
}

/* Bytes of the values of a row that lie outside it. */
static Size
toasted_bytes(const FoldRun *run)
{
	Size		bytes = 0;
	int			i;

	for (i = 0; i < run->map->desc->natts; i++)
	{
		Datum		datum = run->slot->tts_values[i];

		if (TupleDescAttr(run->map->desc, i)->attlen == -1 && !run->slot->tts_isnull[i] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(datum)))
			bytes += toast_datum_size(datum);
	}
	return bytes;
}

/* Take the next row of the tail out of it. */
static void
add_tail_row(FoldRun *run, TsmCodecValue *values)
{
	TailRow    *tail = &run->tail[run->next++];
	MemoryContext old = MemoryContextSwitchTo(run->row_context);
	TsmCodecRow row;
	bool		should_free;
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(run->row_context);
	if (!table_tuple_fetch_row_version(run->history, &tail->tid, run->snapshot, run->slot))
		elog(ERROR, "could not find a row of a history again");
	tsm_segment_row_of_slot(run->map, run->slot, &row, values);
	tuple = ExecFetchSlotHeapTuple(run->slot, false, &should_free);
	slot_getallattrs(run->slot);
	run->bytes_before += tuple->t_len + sizeof(ItemIdData) + toasted_bytes(run);
	if (should_free)
		heap_freetuple(tuple);
	MemoryContextSwitchTo(old);
	tsm_fold_pack_add(run->pack, &row);
	ExecClearTuple(run->slot);
	tsm_segment_delete(run->history, &tail->tid, run->snapshot);
	run->versions++;
}

static bool
is_before(const TailRow *tail, int64 key, TimestampTz start)
{
	return tail->key < key || (tail->key == key && tail->start < start);
}

/* Merge the versions of a segment with the rows of the tail that fall into it, and write them anew. */
static void
merge_segment(FoldRun *run, const TsmSegment *segment, const TsmSegment *following,
			  TsmCodecValue *values)
{
	TsmCodecFault fault = {TSM_CODEC_OK, 0, NULL};
	TsmCodecRow row;
	bool		more = false;

	if (segment != NULL)
		more = tsm_segment_walk_begin(run->walk, segment, &fault) &&
			tsm_segment_walk_next(run->walk, &row, &fault);
	for (;;)
	{
		bool		tail = run->next < run->ntail &&
			(following == NULL || is_before(&run->tail[run->next], following->key_lo, following->t_lo));

		if (fault.code != TSM_CODEC_OK)
			tsm_segment_raise(&fault, run->store.rel);
		if (tail && (!more || is_before(&run->tail[run->next], row.key, row.start)))
			add_tail_row(run, values);
		else if (more)
		{
			tsm_fold_pack_add_version(run->pack, run->walk, &row);
			more = tsm_segment_walk_next(run->walk, &row, &fault);
		}
		else
			break;
	}
	tsm_fold_pack_flush(run->pack);
	if (segment != NULL)
	{
		ItemPointerData tid = segment->tid;

		run->segment_bytes_before += TSM_FOLD_SEGMENT_BYTES(segment->block);
		run->segments_before++;
		tsm_segment_delete(run->store.rel, &tid, run->snapshot);
	}
}

/*
 * Each turn takes the rows of the tail up to the next segment. The segments
 * that turns write begin where those they replace did or after, so one
 * snapshot serves for all.
 */
static void
fold_tail(FoldRun *run)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold turn",
											   ALLOCSET_DEFAULT_SIZES);
	TsmCodecValue *values = palloc((run->map->schema.natts + 1) * sizeof(TsmCodecValue));

	while (run->next < run->ntail)
	{
		TailRow    *tail = &run->tail[run->next];
		TsmSegment	segment;
		TsmSegment	following;
		bool		covered;
		bool		followed;
		MemoryContext old;

		MemoryContextReset(turn);
		old = MemoryContextSwitchTo(turn);
		covered = tsm_segment_find(&run->store, run->snapshot, tail->key, tail->start, &segment);
		followed = tsm_segment_find_next(&run->store, run->snapshot, tail->key, tail->start, &following);
		merge_segment(run, covered ? &segment : NULL, followed ? &following : NULL, values);
		MemoryContextSwitchTo(old);
	}
	MemoryContextDelete(turn);
}

static void
prepare(FoldRun *run, const TsmVersionedTable *table, Oid segments)
{
	run->history = table_open(table->history, RowExclusiveLock);
	run->map = tsm_segment_map(run->history, table);
	tsm_segment_write_schema(run->map);
	tsm_segment_open(&run->store, segments, ShareUpdateExclusiveLock);
	run->snapshot = RegisterSnapshot(GetLatestSnapshot());
	run->slot = table_slot_create(run->history, NULL);
	run->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold row",
											 ALLOCSET_DEFAULT_SIZES);
	run->pack = tsm_fold_pack_make(run->map, &run->store);
	run->walk = tsm_segment_walk_make(run->map);
}

/* A call of fold, as tsm_delta_as_owner hands it on. */
typedef struct FoldCall
{
	TsmVersionedTable *table;
	TimestampTz before;
	int			max_versions;
	FoldRun		run;
	TsmFoldPacked added;
} FoldCall;

/* As the owner, since functions of the table's types run here. */
static void
fold_as_owner(void *arg)
{
	FoldCall   *call = arg;
	FoldRun    *run = &call->run;
	TsmSegmentStore store;
	int			nest_level = tsm_segment_fix_settings();

	if (!tsm_segment_store(call->table->history, &store))
		tsm_segment_make_store(call->table->history, &store);
	prepare(run, call->table, store.segments);
	read_tail(run, call->before, call->max_versions);
	fold_tail(run);
	UnregisterSnapshot(run->snapshot);
	ExecDropSingleTupleTableSlot(run->slot);
	call->added = *tsm_fold_pack_result(run->pack);
	tsm_fold_pack_free(run->pack);
	tsm_segment_close(&run->store);
	table_close(run->history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

void
tsm_fold_table(TsmVersionedTable *table, TimestampTz before, int max_versions, TsmFoldResult *result)
{
	FoldCall	call = {0};

	call.table = table;
	call.before = before;
	call.max_versions = max_versions;
	tsm_delta_as_owner(tsm_segment_owner(table->history), fold_as_owner, &call);
	if (call.run.too_large > 0)
		ereport(NOTICE,
				(errmsg("%lld versions of table \"%s\" are too large to fold",
						(long long) call.run.too_large, get_rel_name(table->rel))));
	result->versions = call.run.versions;
	result->segments = call.added.segments - call.run.segments_before;
	result->bytes_before = call.run.bytes_before;
	result->bytes_after = call.added.bytes - call.run.segment_bytes_before;
}

PG_FUNCTION_INFO_V1(tsm_delta_fold);

/*
 * fold(rel regclass, older_than interval, max_versions int) → (versions,
 * segments, bytes_before, bytes_after). Errors: 42501, 55000, 22023, 0A000,
 * 40001, XX001.
 */
Datum
tsm_delta_fold(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TsmVersionedTable *table;
	int			max_versions = PG_GETARG_INT32(2);
	TimestampTz before;
	TsmFoldResult result;
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;

	PreventCommandIfReadOnly("tsmem.fold()");
	table = tsm_segment_own_table(PG_GETARG_OID(0));
	if (max_versions < 1 || max_versions > TSM_FOLD_MAX_VERSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_versions must be from 1 to %d", TSM_FOLD_MAX_VERSIONS)));
	before = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(now),
													 PG_GETARG_DATUM(1)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tsm_fold_table(table, before, max_versions, &result);
	values[0] = Int64GetDatum(result.versions);
	values[1] = Int64GetDatum(result.segments);
	values[2] = Int64GetDatum(result.bytes_before);
	values[3] = Int64GetDatum(result.bytes_after);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
