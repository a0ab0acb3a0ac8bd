/*-------------------------------------------------------------------------
 *
 * tsm_delta_maintain.c
 *	  The procedure maintain: does with histories what their options say is due.
 *
 * It is what a scheduler calls: it waits for nobody, commits a batch at a
 * time, and goes through a large tail only to fold it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "tsm_delta_keep.h"
#include "tsm_delta_maintain.h"
#include "tsm_delta_segment.h"
#include "tsm_delta_worker.h"

/* Versions that are folded or pruned in a transaction, and segments that are merged. */
#define BATCH_VERSIONS		50000
#define BATCH_SEGMENTS		5000

/* fold_when where it is not set: so many, and so many for each segment. */
#define DEFAULT_FOLD_WHEN	10000
#define DUE_A_SEGMENT		4

#define ONE_DAY				((int64) SECS_PER_DAY * USECS_PER_SEC)

/* A tail is looked at once a day at least. */
#define LONGEST_WAIT		ONE_DAY

/* One that a fold has not made small is not looked at again before this. */
#define RETRY_AFTER			((int64) 10 * SECS_PER_MINUTE * USECS_PER_SEC)

/* The horizon is raised by a part of the retention at a time, at most by a month. */
#define RETENTION_PARTS		10
#define LONGEST_RAISE		(30 * ONE_DAY)

static Interval default_fold_after = {(int64) SECS_PER_HOUR * USECS_PER_SEC, 0, 0};

/* A table as maintain treats it, a step a transaction. */
typedef struct Maintenance
{
	TsmFoldSeries series;
	bool		in_worker;		/* which leaves tables alone that are not marked for it */
	bool		raises;			/* errors go on to the caller */
	bool		is_wanted;		/* somebody waits for this database to be left */
	bool		is_due;			/* what a look has found */
	bool		is_done;		/* what a batch has found: nothing is left */
	bool		has_folded;
	TimestampTz prune_before;
	TsmKeepPosition position;	/* of the pruning */
	TsmKeepResult pruned;
} Maintenance;

typedef void (*Step) (Maintenance *work);

/* ---- steps ---- */

/*
 * Lock what a fold locks, without waiting. NULL when somebody else is at it,
 * when the table is gone, and for tables that are not to be maintained here.
 */
static TsmVersionedTable *
lock_table(Maintenance *work, TsmSegmentStore *store)
{
	Oid			rel = work->series.progress.rel;
	TsmVersionedTable *table;

	if (!ConditionalLockRelationOid(rel, AccessShareLock))
		return NULL;
	table = tsm_delta_find(rel);
	if (table == NULL || !tsm_relation_ownercheck(rel, GetUserId()) ||
		!ConditionalLockRelationOid(table->history, RowExclusiveLock) ||
		!tsm_segment_store(table->history, store) ||
		!ConditionalLockRelationOid(store->segments, ShareUpdateExclusiveLock))
		return NULL;
	if (work->in_worker && !tsm_delta_option_bool(store->options, TSM_OPTION_WORKER, false))
		return NULL;
	return table;
}

static int64
pages_of(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	int64		pages = RelationGetNumberOfBlocks(rel);

	table_close(rel, NoLock);
	return pages;
}

static void
begin_phase(Maintenance *work, TsmFoldPhase phase, int64 total)
{
	TsmFoldProgress *progress = &work->series.progress;

	work->is_due = true;
	progress->phase = phase;
	progress->versions_total = total;
	progress->versions_done = 0;
	tsm_fold_show_progress(progress);
}

/*
 * Whether versions are older than they are kept. Each pruning rewrites the
 * segments that hold some of them, so it waits until there is a part of the
 * retention to be done. The first one keeps out those who read the history, for an instant.
 */
static void
look_at_horizon(Maintenance *work)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work, &store);
	Interval   *retention;
	TimestampTz before;

	work->is_due = false;
	retention = table == NULL ? NULL : tsm_delta_option_interval(store.options, TSM_OPTION_RETENTION, NULL);
	if (retention == NULL)
		return;
	before = tsm_fold_minus_interval(now, retention);
	if (TIMESTAMP_IS_NOBEGIN(table->horizon) ?
		!ConditionalLockRelationOid(table->history, AccessExclusiveLock) :
		before - table->horizon < Min((now - before) / RETENTION_PARTS, LONGEST_RAISE))
		return;
	tsm_keep_set_horizon(table->rel, before);
	work->prune_before = before;
	begin_phase(work, TSM_FOLD_PRUNING, 0);
}

static void
prune_due(Maintenance *work)
{
	TsmFoldProgress *progress = &work->series.progress;
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work, &store);

	work->is_done = true;
	if (table == NULL)
		return;
	tsm_keep_prune(table->rel, work->prune_before, BATCH_VERSIONS, &work->position, &work->pruned);
	progress->versions_done = work->pruned.tail_versions + work->pruned.segment_versions;
	tsm_fold_show_progress(progress);
	work->is_done = work->position.done;
	if (work->is_done && progress->versions_done > 0)
		ereport(NOTICE,
				(errmsg("pruned %lld versions of table \"%s\"", (long long) progress->versions_done,
						get_rel_name(table->rel))));
}

/* When a tail is worth another look: versions that come later end later, so enough of them cannot be due before. */
static TimestampTz
next_look(TimestampTz now, TimestampTz before, const TsmTailLook *found, bool is_enough)
{
	int64		age = now - before;

	if (is_enough)				/* what a fold has left behind: too large for a block, or come meanwhile */
		return now + Max(age, RETRY_AFTER);
	return now + Min(found->enough == DT_NOEND ? age : found->enough - before, LONGEST_WAIT);
}

/* See whether enough is due, and if not, or after a fold, when to look again. */
static void
look_at_tail(Maintenance *work)
{
	TsmFoldSeries *series = &work->series;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work, &store);
	TsmFoldNote note;
	TsmTailLook found;
	int64		enough;

	work->is_due = false;
	if (table == NULL)
		return;
	(void) tsm_fold_note(table->history, &note);
	if (note.next_look > now)
		return;
	series->before = tsm_fold_minus_interval(now, tsm_delta_option_interval(store.options, TSM_OPTION_FOLD_AFTER,
																			&default_fold_after));
	enough = Max(DEFAULT_FOLD_WHEN, pages_of(store.segments) * DUE_A_SEGMENT);
	enough = tsm_delta_option_int(store.options, TSM_OPTION_FOLD_WHEN, Min(enough, TSM_MAX_FOLD_WHEN));
	found = tsm_fold_look_at_tail(table->history, series->before, (int) enough);
	if (found.due >= enough && !work->has_folded)
	{
		begin_phase(work, TSM_FOLD_FOLDING, found.due);
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
	TsmVersionedTable *table = lock_table(work, &store);

	work->series.done_now = 0;
	work->is_done = table == NULL || !tsm_fold_batch(&work->series, table);
}

/* Merging goes through all segments, which is worth it when as many versions were folded since. */
static void
look_at_segments(Maintenance *work)
{
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work, &store);
	TsmFoldNote note;

	work->is_due = false;
	if (table == NULL)
		return;
	(void) tsm_fold_note(table->history, &note);
	if (note.versions - note.merged >= pages_of(store.segments))
		begin_phase(work, TSM_FOLD_MERGING, 0);
}

static void
merge_due(Maintenance *work)
{
	TsmFoldProgress *progress = &work->series.progress;
	TsmSegmentStore store;
	TsmVersionedTable *table = lock_table(work, &store);
	TsmMergeResult result;
	TsmFoldNote note;

	work->is_done = true;
	if (table == NULL)
		return;
	tsm_merge_table(table, BATCH_SEGMENTS, &result);
	progress->segments_added += result.segments_after - result.segments_before;
	tsm_fold_show_progress(progress);
	work->is_done = result.segments_before < BATCH_SEGMENTS;
	if (!work->is_done)
		return;
	(void) tsm_fold_note(table->history, &note);
	note.merged = note.versions;
	tsm_fold_write_note(table->history, &note);
}

/* ---- how steps are run ---- */

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
attempt(Step step, Maintenance *work)
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

/* Run a step in a transaction of its own. False when it failed. A call for one table fails with it. */
static bool
run(Step step, Maintenance *work)
{
	MemoryContext old = MemoryContextSwitchTo(work->series.context);
	bool		done = true;

	if (work->raises)
		step(work);
	else
		done = attempt(step, work);
	MemoryContextSwitchTo(old);
	tsm_fold_next_transaction(&work->series);
	work->is_wanted = work->in_worker && is_database_wanted();
	return done;
}

/* Look, and where something is due do it batch by batch. False when one failed, or the database is wanted. */
static bool
run_while_due(Step look, Step batch, Maintenance *work)
{
	bool		good = run(look, work);

	work->is_done = !good || !work->is_due;
	while (good && !work->is_done && !work->is_wanted)
	{
		good = run(batch, work);
		if (batch == fold_due && good)
			tsm_fold_report_progress(&work->series);
	}
	return good && !work->is_wanted;
}

static void
maintain_table(Maintenance *work, Oid rel)
{
	bool		good;

	tsm_fold_begin_series(&work->series, rel, BATCH_VERSIONS, !work->in_worker);
	memset(&work->position, 0, sizeof(TsmKeepPosition));
	memset(&work->pruned, 0, sizeof(TsmKeepResult));
	work->has_folded = false;
	good = run_while_due(look_at_horizon, prune_due, work) &&
		run_while_due(look_at_tail, fold_due, work);
	if (work->series.too_large > 0)
		tsm_fold_report_too_large(rel, work->series.too_large);
	if (good && work->is_due)
	{
		work->has_folded = true;
		if (run_while_due(look_at_segments, merge_due, work))
			(void) run(look_at_tail, work);
	}
	if (work->series.progress.phase != TSM_FOLD_LOOKING)
		tsm_fold_end_progress();
	tsm_fold_next_transaction(&work->series);
	MemoryContextDelete(work->series.context);
}

/* ---- tables ---- */

static void
maintain_all(bool in_worker)
{
	Maintenance work = {0};
	List	   *tables = tsm_delta_list();
	List	   *rels = NIL;
	ListCell   *cell;

	foreach(cell, tables)
		rels = lappend_oid(rels, ((TsmVersionedTable *) lfirst(cell))->rel);
	work.in_worker = in_worker;
	foreach(cell, rels)
	{
		maintain_table(&work, lfirst_oid(cell));
		if (work.is_wanted)
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
	maintain_table(&work, rel);
}

PG_FUNCTION_INFO_V1(tsm_delta_maintain);

/*
 * maintain(rel regclass), a procedure: the table, or with null all that have
 * a store and belong to the caller. Tables that are locked are passed over;
 * with null, errors are warnings. Errors: 2D000; 42501, 55000 and those of
 * fold, merge and prune for the one table.
 */
Datum
tsm_delta_maintain(PG_FUNCTION_ARGS)
{
	tsm_fold_begin_procedure(fcinfo, "tsmem.maintain()");
	if (PG_ARGISNULL(0))
		maintain_all(false);
	else
		maintain_one(PG_GETARG_OID(0));
	SPI_finish();
	PG_RETURN_VOID();
}

void
tsm_delta_maintain_marked(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "tsmem maintenance",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	maintain_all(true);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
