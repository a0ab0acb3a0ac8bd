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

#include "tsm_delta_maintain.h"
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
	Snapshot	tail_snapshot;
	Snapshot	snapshot;		/* of the segments as they were at first */
	TailRow    *tail;			/* in the order of key and start, once it has been read */
	ItemPointerData *tids;		/* the same rows, in the order of their places */
	int			ntail;
	int			next;			/* row of the tail to be packed */
	TupleTableSlot *slot;
	MemoryContext row_context;	/* of the row at hand */
	TsmCodecValue *values;		/* of the row at hand */
	TsmFoldOptions options;
	TsmFoldPack *pack;
	TsmSegmentWalk *walk;
	bool		followed;		/* the last turn ended before a segment */
	ItemPointerData following;	/* that one */
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

static void
remember_row(FoldRun *run, int *room)
{
	TailRow    *tail;
	bool		null;

	if (run->ntail == *room)
	{
		*room *= 2;
		run->tail = repalloc_huge(run->tail, (Size) *room * sizeof(TailRow));
		run->tids = repalloc_huge(run->tids, (Size) *room * sizeof(ItemPointerData));
	}
	run->tids[run->ntail] = run->slot->tts_tid;
	tail = &run->tail[run->ntail++];
	tail->key = tsm_segment_key_of_slot(run->map, run->slot);
	tail->start = DatumGetTimestampTz(slot_getattr(run->slot, run->map->start, &null));
	if (null)
		tail->start = DT_NOBEGIN;
	tail->tid = run->slot->tts_tid;
}

/* Find the rows from a position on that ended before a time, in the order of key and start. The position moves on. */
static void
read_tail(FoldRun *run, TimestampTz before, int max_versions, ItemPointer position)
{
	ItemPointerData last;
	TableScanDesc scan;
	MemoryContext context = CurrentMemoryContext;
	int			room = Min(max_versions, 1024);

	ItemPointerSet(&last, MaxBlockNumber, MaxOffsetNumber);
	scan = table_beginscan_tidrange(run->history, run->tail_snapshot, position, &last);
	run->tail = palloc(room * sizeof(TailRow));
	run->tids = palloc(room * sizeof(ItemPointerData));
	while (run->ntail < max_versions &&
		   table_scan_getnextslot_tidrange(scan, ForwardScanDirection, run->slot))
	{
		bool		null;

		CHECK_FOR_INTERRUPTS();
		*position = run->slot->tts_tid;
		ItemPointerInc(position);
		if (DatumGetTimestampTz(slot_getattr(run->slot, run->map->end, &null)) >= before || null)
			continue;
		MemoryContextSwitchTo(run->row_context);
		if (tsm_segment_cost_of_slot(run->map, run->slot) > TSM_CODEC_MAX_RAW)
			run->too_large++;
		else
			remember_row(run, &room);
		MemoryContextSwitchTo(context);
		MemoryContextReset(run->row_context);
	}
	table_endscan(scan);
	ExecClearTuple(run->slot);
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

/* Pack the next row of the tail. */
static void
add_tail_row(FoldRun *run)
{
	TailRow    *tail = &run->tail[run->next++];
	MemoryContext old = MemoryContextSwitchTo(run->row_context);
	TsmCodecRow row;
	bool		should_free;
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(run->row_context);
	if (!table_tuple_fetch_row_version(run->history, &tail->tid, run->tail_snapshot, run->slot))
		elog(ERROR, "could not find a row of a history again");
	slot_getallattrs(run->slot);
	tsm_segment_row_of_slot(run->map, run->slot, &row, run->values);
	tuple = ExecFetchSlotHeapTuple(run->slot, false, &should_free);
	run->bytes_before += tuple->t_len + sizeof(ItemIdData) + toasted_bytes(run);
	if (should_free)
		heap_freetuple(tuple);
	tsm_fold_pack_add(run->pack, &row);
	ExecClearTuple(run->slot);
	run->versions++;
	MemoryContextSwitchTo(old);
}

/* Take the rows that were packed out of the tail, page by page, so that each page is written once. */
static void
delete_tail(FoldRun *run)
{
	int			i;

	for (i = 0; i < run->ntail; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tsm_segment_delete(run->history, &run->tids[i], run->tail_snapshot);
	}
}

static bool
is_before(const TailRow *tail, int64 key, TimestampTz start)
{
	return tail->key < key || (tail->key == key && tail->start < start);
}

/*
 * Whether a segment can stay as it is: it is full, and the next row of the tail
 * comes after all of its versions. A chain grows so without writing any version twice.
 */
static bool
stays(FoldRun *run, const TsmSegment *segment)
{
	const TailRow *tail = &run->tail[run->next];
	TsmCodecFault fault;
	TsmCodecRow row;
	TimestampTz last = DT_NOBEGIN;

	if (VARSIZE(segment->block) < run->options.block_size / TSM_FOLD_FULL_PARTS * TSM_FOLD_FULL ||
		tail->key < segment->key_hi)
		return false;
	if (tail->key > segment->key_hi || tail->start >= segment->t_hi)
		return true;
	if (tsm_segment_walk_begin(run->walk, segment, &fault))
	{
		while (tsm_segment_walk_next_head(run->walk, &row, &fault))
			last = row.start;
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, run->store.rel);
	return tail->start >= last;
}

/* Merge the versions of a segment, if there is one to be written anew, with the rows of the tail up to the following one. */
static void
merge_segment(FoldRun *run, const TsmSegment *segment, const TsmSegment *following)
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
			add_tail_row(run);
		else if (more)
		{
			tsm_fold_pack_add_version(run->pack, run->walk, &row);
			more = tsm_segment_walk_next(run->walk, &row, &fault);
		}
		else
			break;
	}
	if (segment != NULL)
	{
		ItemPointerData tid = segment->tid;

		run->segment_bytes_before += TSM_FOLD_SEGMENT_BYTES(segment->block);
		run->segments_before++;
		tsm_segment_delete(run->store.rel, &tid, run->snapshot);
	}
}

/*
 * The rows of the tail up to the next segment. What waits to be packed goes on
 * into the segment that follows where that is written anew too, so that no
 * rest is left between them.
 */
static void
fold_turn(FoldRun *run)
{
	TailRow    *tail = &run->tail[run->next];
	TsmSegment	segment;
	TsmSegment	following;
	bool		anew = tsm_segment_find(&run->store, run->snapshot, tail->key, tail->start, &segment);
	bool		goes_on = anew && run->followed && ItemPointerEquals(&run->following, &segment.tid);

	if (anew && stays(run, &segment))
		anew = goes_on = false;
	if (!goes_on)
		tsm_fold_pack_flush(run->pack);
	run->followed = tsm_segment_find_next(&run->store, run->snapshot, tail->key, tail->start, &following);
	if (run->followed)
		run->following = following.tid;
	merge_segment(run, anew ? &segment : NULL, run->followed ? &following : NULL);
}

/*
 * The segments that turns write begin where those they replace did or after,
 * so one snapshot serves for all.
 */
static void
fold_tail(FoldRun *run)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold turn",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(turn);

	while (run->next < run->ntail)
	{
		MemoryContextReset(turn);
		fold_turn(run);
	}
	tsm_fold_pack_flush(run->pack);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(turn);
}

/*
 * Open the history and read its tail. A transaction of one snapshot folds what
 * that sees; any other what has been committed by now.
 */
static void
begin_run(FoldRun *run, const TsmVersionedTable *table, LOCKMODE lock)
{
	run->history = table_open(table->history, lock);
	run->map = tsm_segment_map(run->history, table);
	run->values = palloc((run->map->schema.natts + 1) * sizeof(TsmCodecValue));
	run->slot = table_slot_create(run->history, NULL);
	run->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold row",
											 ALLOCSET_DEFAULT_SIZES);
}

static void
end_run(FoldRun *run)
{
	UnregisterSnapshot(run->tail_snapshot);
	ExecDropSingleTupleTableSlot(run->slot);
	table_close(run->history, NoLock);
}

static Snapshot
tail_snapshot(void)
{
	return RegisterSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() :
							GetLatestSnapshot());
}

/* A call of fold, as tsm_delta_values_as_owner hands it on. */
typedef struct FoldCall
{
	TsmVersionedTable *table;
	TimestampTz before;
	int			max_versions;
	ItemPointer position;		/* of the tail, from which on it is looked at */
	FoldRun		run;
	TsmFoldPacked added;
} FoldCall;

/*
 * Make the store for a history, unless there is nothing to be folded. Two first
 * folds of a history exclude each other before they ask for the lock that
 * keeps out readers.
 */
static bool
make_store(FoldCall *call, TsmSegmentStore *store)
{
	FoldRun		probe = {0};
	ItemPointerData position = *call->position;

	LockRelationOid(call->table->history, ShareUpdateExclusiveLock);
	if (tsm_segment_store(call->table->history, store))
		return true;
	begin_run(&probe, call->table, ShareUpdateExclusiveLock);
	probe.tail_snapshot = tail_snapshot();
	read_tail(&probe, call->before, 1, &position);
	end_run(&probe);
	if (probe.ntail == 0)
	{
		call->run.too_large = probe.too_large;
		return false;
	}
	tsm_fold_need_store(call->table->history);
	return tsm_segment_store(call->table->history, store);
}

/*
 * As the owner, since functions of the table's types run here. What an earlier
 * fold of the same command has written is seen.
 */
static void
fold_as_owner(void *arg)
{
	FoldCall   *call = arg;
	FoldRun    *run = &call->run;
	TsmSegmentStore store;
	int			nest_level = tsm_segment_fix_settings();

	CommandCounterIncrement();
	if (tsm_segment_store(call->table->history, &store) || make_store(call, &store))
	{
		begin_run(run, call->table, RowExclusiveLock);
		tsm_fold_options(&store, &run->options);
		tsm_segment_open(&run->store, store.segments, ShareUpdateExclusiveLock);
		tsm_segment_write_schema(run->map);
		run->tail_snapshot = tail_snapshot();
		run->snapshot = RegisterSnapshot(GetLatestSnapshot());
		run->pack = tsm_fold_pack_make(run->map, &run->store);
		run->walk = tsm_segment_walk_make(run->map);
		read_tail(run, call->before, call->max_versions, call->position);
		fold_tail(run);
		delete_tail(run);
		call->added = *tsm_fold_pack_result(run->pack);
		tsm_fold_pack_free(run->pack);
		UnregisterSnapshot(run->snapshot);
		tsm_segment_close(&run->store);
		end_run(run);
	}
	AtEOXact_GUC(true, nest_level);
}

void
tsm_fold_table(TsmVersionedTable *table, TimestampTz before, int max_versions, ItemPointer position,
			   TsmFoldResult *result)
{
	FoldCall	call = {0};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	ItemPointerData first;

	ItemPointerSet(&first, 0, FirstOffsetNumber);
	call.table = table;
	/* Ends in the future, where a clock was wrong, may yet be of use to writers. */
	call.before = Min(before, GetCurrentTransactionStartTimestamp());
	call.max_versions = max_versions;
	call.position = position != NULL ? position : &first;
	old = MemoryContextSwitchTo(context);
	tsm_delta_values_as_owner(tsm_segment_owner(table->history), fold_as_owner, &call);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	result->versions = call.run.versions;
	result->segments = call.added.segments - call.run.segments_before;
	result->bytes_before = call.run.bytes_before;
	result->bytes_after = call.added.bytes - call.run.segment_bytes_before;
	result->too_large = call.run.too_large;
	tsm_fold_add_note(table->history, result);
}

void
tsm_fold_report_too_large(Oid rel, int64 versions)
{
	ereport(NOTICE,
			(errmsg("%lld versions of table \"%s\" are too large to fold",
					(long long) versions, get_rel_name(rel))));
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
	if (before > now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("older_than must not be negative")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tsm_fold_table(table, before, max_versions, NULL, &result);
	if (result.too_large > 0)
		tsm_fold_report_too_large(table->rel, result.too_large);
	values[0] = Int64GetDatum(result.versions);
	values[1] = Int64GetDatum(result.segments);
	values[2] = Int64GetDatum(result.bytes_before);
	values[3] = Int64GetDatum(result.bytes_after);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
