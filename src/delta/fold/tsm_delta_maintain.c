/*-------------------------------------------------------------------------
 *
 * tsm_delta_maintain.c
 *	  The procedures fold_all and maintain: folds that commit a batch at a
 *	  time.
 *
 * fold_all is what a person calls: it waits for locks and folds all that is old
 * enough. maintain is what a scheduler calls: it waits for nobody, and folds
 * tables where enough is due for the segments to be rewritten for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_maintain.h"
#include "tsm_delta_segment.h"

/* Versions that maintain folds in a transaction. */
#define MAINTAIN_BATCH		50000

/* fold_when where it is not set: so many, and so many for each segment. */
#define DEFAULT_FOLD_WHEN	10000
#define DUE_A_SEGMENT		4

/* maintain looks at a tail once a day at least. */
#define LONGEST_WAIT		((int64) SECS_PER_DAY * USECS_PER_SEC)

/* At one that a fold has not made small it does not look again before this. */
#define RETRY_AFTER			((int64) 10 * SECS_PER_MINUTE * USECS_PER_SEC)

static Interval default_fold_after = {(int64) SECS_PER_HOUR * USECS_PER_SEC, 0, 0};

/* Folds of one table, a batch a transaction. */
typedef struct FoldSeries
{
	TsmFoldProgress progress;
	TimestampTz before;			/* versions that ended before are due; the same for all batches */
	int			batch;
	int64		done_now;		/* versions of the last batch */
	int64		too_large;
	bool		in_procedure;	/* which commits by SPI; a worker has its own transactions */
	MemoryContext context;		/* of the transaction at hand */
} FoldSeries;

/* A table as maintain treats it. */
typedef struct Maintenance
{
	FoldSeries	series;
	bool		in_worker;		/* which leaves tables alone that are not marked for it */
	bool		raises;			/* errors go on to the caller */
	bool		is_due;			/* what a look has found */
	bool		has_folded;		/* a look comes after the fold */
	bool		is_done;		/* what a batch has found: nothing is left */
} Maintenance;

static TimestampTz
minus_interval(TimestampTz time, Interval *interval)
{
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(time),
												   IntervalPGetDatum(interval)));
}

/* Whoever calls may commit: 2D000 in a transaction block or a function. */
static void
begin_procedure(FunctionCallInfo fcinfo, const char *name)
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

/* Commit, in a procedure or in a worker; what a transaction has allocated goes. */
static void
next_transaction(FoldSeries *series)
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

/* The rows of a tail by their ends. */
typedef struct TailLook
{
	int64		due;			/* that ended before a time */
	TimestampTz enough;			/* when the least so many had ended; DT_NOEND with fewer rows */
} TailLook;

/* One scan of the tail. The heap keeps the least ends, the greatest of them first. */
static TailLook
look_at_tail(Oid history, TimestampTz before, int so_many)
{
	Relation	rel = table_open(history, RowExclusiveLock);
	AttrNumber	end = get_attnum(history, TSM_ROW_END);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	binaryheap *heap = binaryheap_allocate(so_many, compare_times, NULL);
	TailLook	look = {0, DT_NOEND};
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

/* Fold a batch of a table that is locked against a DROP. False when nothing is left. */
static bool
fold_batch(FoldSeries *series, TsmVersionedTable *table)
{
	MemoryContext old = MemoryContextSwitchTo(series->context);
	TsmFoldProgress *progress = &series->progress;
	TsmFoldResult result;

	tsm_fold_table(table, series->before, series->batch, &result);
	series->done_now = result.versions;
	progress->versions_done += result.versions;
	progress->segments_added += result.segments;
	series->too_large = result.too_large;
	tsm_fold_show_progress(progress);
	MemoryContextSwitchTo(old);
	return result.versions == series->batch;
}

/* Tell the user what has been committed. */
static void
report_progress(const FoldSeries *series)
{
	const TsmFoldProgress *progress = &series->progress;
	char	   *name = get_rel_name(progress->rel);

	if (series->done_now > 0 && name != NULL)
		ereport(NOTICE,
				(errmsg("folded %lld of %lld versions of table \"%s\"", (long long) progress->versions_done,
						(long long) Max(progress->versions_total, progress->versions_done), name)));
}

static void
begin_series(FoldSeries *series, Oid rel, int batch, bool in_procedure)
{
	memset(series, 0, sizeof(FoldSeries));
	series->progress.rel = rel;
	series->progress.started = GetCurrentTimestamp();
	series->batch = batch;
	series->in_procedure = in_procedure;
	series->context = AllocSetContextCreate(CurrentMemoryContext, "tsmem fold batch",
											ALLOCSET_DEFAULT_SIZES);
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
	return minus_interval(GetCurrentTransactionStartTimestamp(), older_than);
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
	FoldSeries	series;
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
	begin_procedure(fcinfo, "tsmem.fold_all()");
	begin_series(&series, PG_GETARG_OID(0), batch, true);
	table = tsm_segment_own_table(series.progress.rel);
	tsm_fold_need_store(table->history);
	next_transaction(&series);

	table = tsm_segment_own_table(series.progress.rel);
	series.before = time_to_fold(table->history, older_than);
	series.progress.versions_total = look_at_tail(table->history, series.before, 1).due;
	series.progress.phase = TSM_FOLD_FOLDING;
	tsm_fold_show_progress(&series.progress);
	next_transaction(&series);
	while (more)
	{
		more = fold_batch(&series, tsm_segment_own_table(series.progress.rel));
		next_transaction(&series);
		report_progress(&series);
	}
	if (series.too_large > 0)
		tsm_fold_report_too_large(series.progress.rel, series.too_large);
	tsm_fold_end_progress();
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * Lock what a fold locks, without waiting. NULL when somebody else is at it,
 * when the table is gone, and for tables of others.
 */
static TsmVersionedTable *
lock_table(Oid rel, TsmSegmentStore *store)
{
	TsmVersionedTable *table;

	if (!ConditionalLockRelationOid(rel, AccessShareLock))
		return NULL;
	table = tsm_delta_find(rel);
	if (table == NULL || !tsm_relation_ownercheck(rel, GetUserId()) ||
		!ConditionalLockRelationOid(table->history, RowExclusiveLock) ||
		!tsm_segment_store(table->history, store) ||
		!ConditionalLockRelationOid(store->segments, ShareUpdateExclusiveLock))
		return NULL;
	return table;
}

/* How many versions have to be due. */
static int
fold_when(const TsmSegmentStore *store)
{
	Relation	segments = table_open(store->segments, NoLock);
	int64		missing = Max(DEFAULT_FOLD_WHEN, (int64) RelationGetNumberOfBlocks(segments) * DUE_A_SEGMENT);

	table_close(segments, NoLock);
	return (int) tsm_delta_option_int(store->options, TSM_OPTION_FOLD_WHEN,
									  Min(missing, TSM_MAX_FOLD_WHEN));
}

/* When a tail is worth another look: versions that come later end later, so enough of them cannot be due before. */
static TimestampTz
next_look(TimestampTz now, TimestampTz before, const TailLook *found, bool is_enough)
{
	int64		age = now - before;

	if (is_enough)				/* what a fold has left behind: too large for a block, or come meanwhile */
		return now + Max(age, RETRY_AFTER);
	return now + Min(found->enough == DT_NOEND ? age : found->enough - before, LONGEST_WAIT);
}

/* See whether enough is due, and if not, or after a fold, when to look again. */
static void
look(Maintenance *work)
{
	FoldSeries *series = &work->series;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(series->progress.rel, &store);
	TsmFoldNote note;
	TailLook	found;
	int			enough;

	work->is_due = false;
	if (table == NULL || (work->in_worker && !tsm_delta_option_bool(store.options, TSM_OPTION_WORKER, false)))
		return;
	(void) tsm_fold_note(table->history, &note);
	if (note.next_look > now)
		return;
	series->before = minus_interval(now, tsm_delta_option_interval(store.options, TSM_OPTION_FOLD_AFTER,
																   &default_fold_after));
	enough = fold_when(&store);
	found = look_at_tail(table->history, series->before, enough);
	if (found.due >= enough && !work->has_folded)
	{
		work->is_due = true;
		series->progress.versions_total = found.due;
		series->progress.phase = TSM_FOLD_FOLDING;
		tsm_fold_show_progress(&series->progress);
		return;
	}
	note.next_look = next_look(now, series->before, &found, found.due >= enough);
	if (note.next_look > now)
		tsm_fold_write_note(table->history, &note);
}

static void
fold_due(Maintenance *work)
{
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work->series.progress.rel, &store);

	work->series.done_now = 0;
	work->is_done = table == NULL || !fold_batch(&work->series, table);
}

/* What a step has failed by becomes a warning. */
static void
warn(Oid rel, const ErrorData *error)
{
	char	   *name = get_rel_name(rel);

	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("could not maintain the history of table \"%s\": %s",
					name != NULL ? name : "?", error->message),
			 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0,
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}

/* Run a step in a subtransaction. False when it failed, which other tables must not suffer from. */
static bool
attempt(void (*step) (Maintenance *), Maintenance *work)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(work->series.context);
	PG_TRY();
	{
		step(work);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (geterrcode() == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		MemoryContextSwitchTo(work->series.context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(work->series.context);
		warn(work->series.progress.rel, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return done;
}

/* A step of its own transaction. A call for one table fails with it. */
static bool
run(void (*step) (Maintenance *), Maintenance *work)
{
	MemoryContext old = MemoryContextSwitchTo(work->series.context);
	bool		done = true;

	if (work->raises)
		step(work);
	else
		done = attempt(step, work);
	MemoryContextSwitchTo(old);
	next_transaction(&work->series);
	return done;
}

/*
 * Whether somebody waits for the sessions of this database to go (DROP
 * DATABASE, or CREATE DATABASE with it as template), which is for a few seconds only.
 */
static bool
is_database_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
	if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, RowExclusiveLock, false);
	return false;
}

/* Look at a table and fold it where it is due. False when the database is wanted. */
static bool
maintain_table(Maintenance *work, Oid rel)
{
	bool		wanted = false;
	bool		good;

	begin_series(&work->series, rel, MAINTAIN_BATCH, !work->in_worker);
	work->has_folded = false;
	good = run(look, work);
	work->is_done = !good || !work->is_due;
	while (!work->is_done && !wanted)
	{
		good = run(fold_due, work);
		work->is_done |= !good;
		report_progress(&work->series);
		wanted = work->in_worker && is_database_wanted();
	}
	if (work->series.too_large > 0)
		tsm_fold_report_too_large(rel, work->series.too_large);
	if (good && work->is_due && !wanted)
	{
		work->has_folded = true;
		(void) run(look, work);
	}
	if (work->series.progress.phase != TSM_FOLD_LOOKING)
		tsm_fold_end_progress();
	next_transaction(&work->series);
	MemoryContextDelete(work->series.context);
	return !wanted;
}

static List *
all_tables(void)
{
	List	   *tables = tsm_delta_list();
	List	   *rels = NIL;
	ListCell   *cell;

	foreach(cell, tables)
		rels = lappend_oid(rels, ((TsmVersionedTable *) lfirst(cell))->rel);
	return rels;
}

static void
maintain_all(bool in_worker)
{
	Maintenance work = {0};
	List	   *rels = all_tables();
	ListCell   *cell;

	work.in_worker = in_worker;
	foreach(cell, rels)
	{
		if (!maintain_table(&work, lfirst_oid(cell)))
			break;
	}
}

/* 55000 for a table that nobody has asked to be folded. */
static void
maintain_one(Oid rel)
{
	Maintenance work = {0};
	TsmSegmentStore store;

	if (!tsm_segment_store(tsm_segment_own_table(rel)->history, &store))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the history of table \"%s\" has never been folded", get_rel_name(rel)),
				 errhint("Call tsmem.set_delta_options() or tsmem.fold() first.")));
	work.raises = true;
	(void) maintain_table(&work, rel);
}

PG_FUNCTION_INFO_V1(tsm_delta_maintain);

/*
 * maintain(rel regclass), a procedure: the table, or with null all that have
 * a store and belong to the caller. Tables that are locked are passed over;
 * with null, errors are warnings. Errors: 2D000; 42501, 55000 and those of
 * fold for the one table.
 */
Datum
tsm_delta_maintain(PG_FUNCTION_ARGS)
{
	begin_procedure(fcinfo, "tsmem.maintain()");
	if (PG_ARGISNULL(0))
		maintain_all(false);
	else
		maintain_one(PG_GETARG_OID(0));
	SPI_finish();
	PG_RETURN_VOID();
}

/* In a background worker, which has begun a transaction and ends the last. */
void
tsm_fold_maintain_marked(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "tsmem maintenance",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	maintain_all(true);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
