/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_all.c
 *	  The procedure fold_all: a fold that commits a batch at a time. It is what a
 *	  person calls: it waits for locks and folds all that is old enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "tsm_delta_maintain.h"
#include "tsm_delta_segment.h"

TimestampTz
tsm_fold_minus_interval(TimestampTz time, Interval *interval)
{
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(time),
												   IntervalPGetDatum(interval)));
}

void
tsm_fold_begin_procedure(FunctionCallInfo fcinfo, const char *name)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot be called inside a transaction block or a function", name),
				 errdetail("It commits a batch at a time.")));
	PreventCommandIfReadOnly(name);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
tsm_fold_begin_series(TsmFoldSeries *series, Oid rel, int batch, bool in_procedure)
{
	memset(series, 0, sizeof(TsmFoldSeries));
	series->progress.rel = rel;
	series->progress.started = GetCurrentTimestamp();
	series->batch = batch;
	series->in_procedure = in_procedure;
	series->context = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold batch",
											ALLOCSET_DEFAULT_SIZES);
}

void
tsm_fold_next_transaction(TsmFoldSeries *series)
{
	MemoryContext old = CurrentMemoryContext;

	if (series->in_procedure)
	{
		SPI_commit();
		EnsurePortalSnapshotExists();
	}
	else
	{
		PopActiveSnapshot();
		CommitTransactionCommand();
		pgstat_report_stat(true);
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(series->context);
}

static int
compare_times(Datum a, Datum b, void *arg)
{
	TimestampTz left = DatumGetTimestampTz(a);
	TimestampTz right = DatumGetTimestampTz(b);

	return (left > right) - (left < right);
}

/* The heap keeps the least ends, the greatest of them first. */
TsmTailLook
tsm_fold_look_at_tail(Oid history, TimestampTz before, int so_many)
{
	Relation	rel = table_open(history, RowExclusiveLock);
	AttrNumber	end = get_attnum(history, TSM_ROW_END);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	binaryheap *heap = binaryheap_allocate(so_many, compare_times, NULL);
	TsmTailLook look = {0, DT_NOEND};
	int			kept = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		null;
		Datum		time = slot_getattr(slot, end, &null);

		CHECK_FOR_INTERRUPTS();
		look.due += DatumGetTimestampTz(time) < before;
		if (kept < so_many)
		{
			binaryheap_add(heap, time);
			kept++;
		}
		else if (compare_times(time, binaryheap_first(heap), NULL) < 0)
			binaryheap_replace_first(heap, time);
	}
	if (kept == so_many)
		look.enough = DatumGetTimestampTz(binaryheap_first(heap));
	binaryheap_free(heap);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return look;
}

/* What a table is stored in; another after it was rewritten. */
static Oid
file_of(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			file;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	file = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
	ReleaseSysCache(tuple);
	return file;
}

bool
tsm_fold_batch(TsmFoldSeries *series, TsmVersionedTable *table)
{
	MemoryContext old = MemoryContextSwitchTo(series->context);
	TsmFoldProgress *progress = &series->progress;
	TsmFoldResult result;
	Oid			file;

	LockRelationOid(table->history, RowExclusiveLock);
	file = file_of(table->history);
	if (file != series->file)
	{
		series->file = file;
		series->too_large = 0;
		ItemPointerSet(&series->position, 0, FirstOffsetNumber);
	}
	tsm_fold_table(table, series->before, series->batch, &series->position, &result);
	series->done_now = result.versions;
	series->too_large += result.too_large;
	progress->versions_done += result.versions;
	progress->segments_added += result.segments;
	tsm_fold_show_progress(progress);
	MemoryContextSwitchTo(old);
	return result.versions == series->batch;
}

void
tsm_fold_report_progress(const TsmFoldSeries *series)
{
	const TsmFoldProgress *progress = &series->progress;
	char	   *name = get_rel_name(progress->rel);

	if (series->done_now > 0 && name != NULL)
		ereport(NOTICE,
				(errmsg("folded %lld of %lld versions of table \"%s\"", (long long) progress->versions_done,
						(long long) Max(progress->versions_total, progress->versions_done), name)));
}

/* What fold_all takes: the age that is given, or that of the options, or all. */
static TimestampTz
time_to_fold(Oid history, Interval *older_than)
{
	static Interval any_age = {0, 0, 0};
	TsmSegmentStore store;

	if (older_than == NULL)
		older_than = tsm_segment_store(history, &store) ?
			tsm_delta_option_interval(store.options, TSM_OPTION_FOLD_AFTER, &any_age) : &any_age;
	return tsm_fold_minus_interval(GetCurrentTransactionStartTimestamp(), older_than);
}

PG_FUNCTION_INFO_V1(tsm_delta_fold_all);

/*
 * fold_all(rel regclass, older_than interval, batch int), a procedure. The
 * store is made in a transaction of its own, so that the lock for it is held
 * for an instant. Errors: 2D000, 22004, 22023, and those of fold.
 */
Datum
tsm_delta_fold_all(PG_FUNCTION_ARGS)
{
	Interval   *older_than = PG_ARGISNULL(1) ? NULL : PG_GETARG_INTERVAL_P(1);
	int			batch = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	TsmFoldSeries series;
	TsmVersionedTable *table;
	bool		more = true;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table and the size of a batch must not be null")));
	if (batch < 1 || batch > TSM_FOLD_MAX_VERSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch must be from 1 to %d", TSM_FOLD_MAX_VERSIONS)));
	tsm_fold_begin_procedure(fcinfo, "tsmem.fold_all()");
	tsm_fold_begin_series(&series, PG_GETARG_OID(0), batch, true);
	table = tsm_segment_own_table(series.progress.rel);
	tsm_fold_need_store(table->history);
	tsm_fold_next_transaction(&series);

	table = tsm_segment_own_table(series.progress.rel);
	series.before = time_to_fold(table->history, older_than);
	series.progress.versions_total = tsm_fold_look_at_tail(table->history, series.before, 1).due;
	series.progress.phase = TSM_FOLD_FOLDING;
	tsm_fold_show_progress(&series.progress);
	tsm_fold_next_transaction(&series);
	while (more)
	{
		more = tsm_fold_batch(&series, tsm_segment_own_table(series.progress.rel));
		tsm_fold_next_transaction(&series);
		tsm_fold_report_progress(&series);
	}
	if (series.too_large > 0)
		tsm_fold_report_too_large(series.progress.rel, series.too_large);
	tsm_fold_end_progress();
	SPI_finish();
	PG_RETURN_VOID();
}
