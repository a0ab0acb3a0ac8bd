/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep_prune.c
 *	  prune: history that ended before a time is removed.
 *
 * Rows of the tail are deleted one by one. A segment all of whose versions
 * ended goes as a whole, one of which some did is written anew without these.
 * The horizon is raised in the same transaction, or in one before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_delta_keep.h"

/* A call of tsm_keep_prune, as tsm_delta_values_as_owner hands it on. */
typedef struct PruneCall
{
	Oid			rel;
	TimestampTz before;
	int64		max_versions;
	TsmKeepPosition *position;	/* NULL to raise the horizon only */
	TsmKeepRun	run;
} PruneCall;

static bool
is_enough(const PruneCall *call)
{
	return call->run.result.tail_versions + call->run.result.segment_versions >= call->max_versions;
}

static void
prune_tail(PruneCall *call)
{
	TsmKeepRun *run = &call->run;
	TupleTableSlot *slot = table_slot_create(run->history, NULL);
	TableScanDesc scan = tsm_keep_scan_from(run->history, run->snapshot, call->position->page);
	bool		more = false;

	while (!is_enough(call) && (more = tsm_keep_scan_next(scan, slot)))
	{
		TimestampTz end;
		Datum		xid;
		bool		null;

		call->position->page = ItemPointerGetBlockNumber(&slot->tts_tid);
		end = DatumGetTimestampTz(slot_getattr(slot, run->map->end, &null));
		if (null || end > call->before)
			continue;
		xid = slot_getattr(slot, run->map->end_xid, &null);
		tsm_keep_note_end(run, end, null ? 0 : DatumGetUInt64(xid));
		tsm_keep_remove_row(run, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	if (!more && !is_enough(call))
	{
		call->position->in_segments = true;
		call->position->page = 0;
	}
}

/*
 * How many versions of a segment ended by the time. A block that cannot be
 * read goes too when all of it did, and is taken to hold what anybody ended.
 */
static int
count_ended(PruneCall *call, const TsmSegment *segment)
{
	TsmKeepRun *run = &call->run;
	TsmCodecFault fault;
	TsmCodecRow row;
	int			ended = 0;

	if (tsm_segment_walk_begin(run->walk, segment, &fault))
	{
		while (tsm_segment_walk_next_head(run->walk, &row, &fault))
		{
			if (row.end > call->before)
				continue;
			tsm_keep_note_end(run, row.end, row.end_xid);
			ended++;
		}
	}
	if (fault.code == TSM_CODEC_OK)
		return ended;
	if (segment->t_hi > call->before)
		tsm_segment_raise(&fault, run->store.rel);
	run->last_xid = U64FromFullTransactionId(ReadNextFullTransactionId());
	return segment->versions;
}

/* Write anew what of a segment did not end by the time. */
static void
keep_rest(PruneCall *call, const TsmSegment *segment)
{
	TsmKeepRun *run = &call->run;
	TsmCodecFault fault;
	TsmCodecRow row;

	if (tsm_segment_walk_begin(run->walk, segment, &fault))
	{
		while (tsm_segment_walk_next(run->walk, &row, &fault))
		{
			if (row.end > call->before)
				tsm_keep_version(run, &row);
		}
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, run->store.rel);
	tsm_keep_flush(run);
}

static void
prune_segment(PruneCall *call, TsmSegment *segment)
{
	TsmKeepRun *run = &call->run;
	int			ended = count_ended(call, segment);

	if (ended == 0)
		return;
	if (segment->t_hi <= call->before)
		run->result.dropped++;
	else
	{
		keep_rest(call, segment);
		run->result.rewritten++;
	}
	tsm_keep_remove_segment(run, segment);
	run->result.segment_versions += ended;
}

/* The zone of a segment tells when nothing of it ended by the time. */
static void
prune_segments(PruneCall *call)
{
	TsmKeepRun *run = &call->run;
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem prune turn",
											   ALLOCSET_DEFAULT_SIZES);
	TupleTableSlot *slot = table_slot_create(run->store.rel, NULL);
	TableScanDesc scan = tsm_keep_scan_from(run->store.rel, run->snapshot, call->position->page);
	bool		more = false;

	while (!is_enough(call) && (more = tsm_keep_scan_next(scan, slot)))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		call->position->page = ItemPointerGetBlockNumber(&slot->tts_tid);
		tsm_segment_of_slot(slot, &segment, false);
		if (segment.t_min < call->before)
		{
			tsm_segment_of_slot(slot, &segment, true);
			prune_segment(call, &segment);
		}
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(turn);
	call->position->done = !more && !is_enough(call);
}

/* As the owner, since functions of the table's types run here. */
static void
prune_as_owner(void *arg)
{
	PruneCall  *call = arg;
	int			nest_level = tsm_segment_fix_settings();

	tsm_keep_open(&call->run, call->rel, true);
	if (call->position != NULL)
	{
		if (!call->position->in_segments)
			prune_tail(call);
		if (call->position->in_segments && call->run.has_store)
			prune_segments(call);
		else if (call->position->in_segments)
			call->position->done = true;
	}
	tsm_keep_raise_horizon(&call->run, call->before);
	tsm_keep_close(&call->run);
	AtEOXact_GUC(true, nest_level);
}

/* All memory of a call goes with it. */
static void
run_prune(PruneCall *call)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem prune",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	tsm_delta_values_as_owner(tsm_segment_owner(call->rel), prune_as_owner, call);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
tsm_keep_set_horizon(Oid rel, TimestampTz before)
{
	PruneCall	call = {0};

	call.rel = rel;
	call.before = before;
	run_prune(&call);
}

void
tsm_keep_prune(Oid rel, TimestampTz before, int64 max_versions, TsmKeepPosition *position,
			   TsmKeepResult *result)
{
	PruneCall	call = {0};

	call.rel = rel;
	call.before = before;
	call.max_versions = max_versions;
	call.position = position;
	run_prune(&call);
	result->tail_versions += call.run.result.tail_versions;
	result->segment_versions += call.run.result.segment_versions;
	result->dropped += call.run.result.dropped;
	result->rewritten += call.run.result.rewritten;
	result->bytes += call.run.result.bytes;
}

/*
 * The arguments of both calls: 22004 for a null, 22023 for a time that is not
 * over or a number below 1, 42501 and 55000 for the table. False for
 * -infinity, before which nothing ended.
 */
static bool
read_arguments(FunctionCallInfo fcinfo, const char *function, Oid *rel, TimestampTz *before)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", function)));
	*rel = tsm_segment_own_table(PG_GETARG_OID(0))->rel;
	*before = PG_GETARG_TIMESTAMPTZ(1);
	if (*before > GetCurrentTransactionStartTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("history can be removed up to the present only")));
	if (!PG_ARGISNULL(2) && PG_GETARG_INT64(2) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of versions to remove must be at least 1")));
	return !TIMESTAMP_IS_NOBEGIN(*before);
}

PG_FUNCTION_INFO_V1(tsm_delta_prune);
PG_FUNCTION_INFO_V1(tsm_delta_prune_all);

/*
 * prune(rel regclass, before timestamptz, max_versions bigint) → (versions,
 * segments, rewritten, bytes). Errors: 0A000, 22004, 22023, 25006, 40001, 42501,
 * 55000, XX001.
 */
Datum
tsm_delta_prune(PG_FUNCTION_ARGS)
{
	TsmKeepPosition position = {0};
	TsmKeepResult result = {0};
	Datum		values[4];
	bool		nulls[4] = {false};
	Oid			rel;
	TimestampTz before;
	TupleDesc	desc;

	PreventCommandIfReadOnly("tsmem.prune()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (read_arguments(fcinfo, "prune", &rel, &before))
		tsm_keep_prune(rel, before, PG_ARGISNULL(2) ? PG_INT64_MAX : PG_GETARG_INT64(2), &position,
					   &result);
	values[0] = Int64GetDatum(result.tail_versions + result.segment_versions);
	values[1] = Int64GetDatum(result.dropped);
	values[2] = Int64GetDatum(result.rewritten);
	values[3] = Int64GetDatum(result.bytes);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * prune_all(rel regclass, before timestamptz, batch_size bigint)
 *
 * The horizon first, in a transaction of its own, so that nobody reads what
 * is left between two batches. The rights are looked at in each transaction.
 * Errors: as prune; 2D000 within a transaction.
 */
Datum
tsm_delta_prune_all(PG_FUNCTION_ARGS)
{
	bool		atomic = fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		((CallContext *) fcinfo->context)->atomic;
	TsmKeepPosition position = {0};
	TsmKeepResult result = {0};
	int64		batch_size;
	Oid			rel;
	TimestampTz before;

	PreventCommandIfReadOnly("tsmem.prune_all()");
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "prune_all")));
	if (!read_arguments(fcinfo, "prune_all", &rel, &before))
		PG_RETURN_VOID();
	batch_size = PG_GETARG_INT64(2);
	if (SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	tsm_keep_set_horizon(rel, before);
	SPI_commit();
	while (!position.done)
	{
		EnsurePortalSnapshotExists();
		(void) tsm_segment_own_table(rel);
		tsm_keep_prune(rel, before, batch_size, &position, &result);
		SPI_commit();
	}
	SPI_finish();
	PG_RETURN_VOID();
}
