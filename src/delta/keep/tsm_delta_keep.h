/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep.h
 *	  Private to delta: how long history is kept. Pruning, the horizon,
 *	  erasure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_KEEP_H
#define TSM_DELTA_KEEP_H

#include "tsm_delta_fold.h"
#include "tsm_delta_segment.h"

#include "access/tableam.h"
#include "storage/block.h"

/* ---- tsm_delta_keep_run.c: what prune and erase have in common ---- */

/* What was removed. */
typedef struct TsmKeepResult
{
	int64		tail_versions;	/* rows of the history */
	int64		segment_versions;
	int64		dropped;		/* segments */
	int64		rewritten;		/* segments of which versions are left */
	int64		bytes;			/* that rows and segments took, TOAST included, indexes not; less those of new segments */
} TsmKeepResult;

/* A removal under way, in one transaction. */
typedef struct TsmKeepRun
{
	TsmVersionedTable *table;	/* as it is under the locks */
	Relation	history;
	bool		has_store;
	TsmSegmentTable store;
	TsmSegmentMap *map;
	Snapshot	snapshot;		/* of tail and segments, taken under the locks */
	TsmSegmentWalk *walk;
	TsmFoldPack *pack;			/* NULL until the first segment is rewritten */
	uint64		last_xid;		/* the greatest transaction that ended a removed version */
	TsmKeepResult result;
} TsmKeepRun;

/* The registration of a table; 55000 without, perhaps because it has gone while we waited for a lock. */
extern TsmVersionedTable *tsm_keep_find(Oid rel);

/*
 * Open what is to be removed from. Takes RowExclusiveLock on the history, or
 * AccessExclusiveLock when its horizon is to be raised for the first time (see
 * tsm_delta_keep_horizon.c); ShareUpdateExclusiveLock on its segments, or on
 * itself when there are none: folds, prunes and erasures of a table come one
 * after the other. To the end of the transaction. In tsm_delta_as_owner only.
 * 55000 when the table is not versioned any more.
 */
extern void tsm_keep_open(TsmKeepRun *run, Oid rel, bool raises_horizon);
extern void tsm_keep_close(TsmKeepRun *run);

/* Remove a row of the tail, or a segment that has been read with its block. */
extern void tsm_keep_remove_row(TsmKeepRun *run, TupleTableSlot *slot);
extern void tsm_keep_remove_segment(TsmKeepRun *run, TsmSegment *segment);

/* Note that a version was removed that a transaction has ended. */
extern void tsm_keep_note_end(TsmKeepRun *run, TimestampTz end, uint64 xid);

/* Keep a version of a segment that is removed; then write what was kept of it. */
extern void tsm_keep_version(TsmKeepRun *run, const TsmCodecRow *row);
extern void tsm_keep_flush(TsmKeepRun *run);

/* A scan of a table from a page on, and its next row; false at the end. */
extern TableScanDesc tsm_keep_scan_from(Relation rel, Snapshot snapshot, BlockNumber page);
extern bool tsm_keep_scan_next(TableScanDesc scan, TupleTableSlot *slot);

/* Store the horizon: at least that, and all that was removed before last_xid is known to be gone. */
extern void tsm_keep_raise_horizon(TsmKeepRun *run, TimestampTz time);

/* ---- tsm_delta_keep_prune.c ---- */

/* How far the pruning of a table by several calls has come; zeroed at first. */
typedef struct TsmKeepPosition
{
	bool		in_segments;	/* the tail is done */
	bool		done;
	BlockNumber page;			/* the next to be looked at */
} TsmKeepPosition;

/* Raise the horizon of a table, removing nothing. As tsm_keep_prune. */
extern void tsm_keep_set_horizon(Oid rel, TimestampTz before);

/*
 * Remove max_versions versions or a few more (those of a segment go together)
 * that ended at a time or before, and raise the horizon to it; add what was
 * removed to the result. The current user owns the table, which is locked
 * against a DROP. before is finite and not in the future. Errors: 0A000,
 * 40001, 55000, XX001.
 */
extern void tsm_keep_prune(Oid rel, TimestampTz before, int64 max_versions,
						   TsmKeepPosition *position, TsmKeepResult *result);

/* ---- tsm_delta_keep_tombstone.c: tsmem.tombstones ---- */

/* Note that an entity was erased now, by the current user. reason may be NULL. */
extern void tsm_keep_bury(const TsmVersionedTable *table, const TsmSegmentKey *key, const char *reason);

/* Remove tombstones of tables that are gone. */
extern void tsm_keep_forget_dropped(void);

#endif							/* TSM_DELTA_KEEP_H */
