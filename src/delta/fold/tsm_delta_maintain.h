/*-------------------------------------------------------------------------
 *
 * tsm_delta_maintain.h
 *	  Private to delta: the options of a folded history, what is remembered
 *	  of its folds, and how a long one shows where it is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_MAINTAIN_H
#define TSM_DELTA_MAINTAIN_H

#include "tsm_delta.h"
#include "tsm_delta_fold.h"

#include "fmgr.h"
#include "storage/itemptr.h"

/* ---- tsm_delta_options.c ---- */

/* Names of the options, as they stand in tsmem.segment_tables. */
#define TSM_OPTION_FRAME_ROWS	"frame_rows"
#define TSM_OPTION_LEVEL		"level"
#define TSM_OPTION_BLOCK_SIZE	"block_size"
#define TSM_OPTION_ZONES		"zones"
#define TSM_OPTION_FOLD_AFTER	"fold_after"
#define TSM_OPTION_FOLD_WHEN	"fold_when"
#define TSM_OPTION_RETENTION	"retention"
#define TSM_OPTION_WORKER		"worker"

/* Their limits. */
#define TSM_MIN_BLOCK_SIZE		1024
#define TSM_MAX_FOLD_WHEN		1000000

/* An option, or the given default where it is not set. The list holds C strings. */
extern int64 tsm_delta_option_int(Jsonb *options, const char *name, int64 missing);
extern bool tsm_delta_option_bool(Jsonb *options, const char *name, bool missing);
extern Interval *tsm_delta_option_interval(Jsonb *options, const char *name, Interval *missing);
extern List *tsm_delta_option_names(Jsonb *options, const char *name);

/* Make the store of a history that has none, which takes AccessExclusiveLock on it. The current user owns it. */
extern void tsm_fold_need_store(Oid history);

/* ---- tsm_delta_note.c: tsmem.segment_folds ---- */

/* What is remembered of the folds of a history. */
typedef struct TsmFoldNote
{
	TimestampTz last_fold;		/* DT_NOBEGIN before the first */
	int64		versions;		/* folded so far */
	int64		row_bytes;		/* that these took as rows, indexes not counted */
	int64		merged;			/* the same when segments were merged last */
	TimestampTz next_look;		/* maintain does not look at the tail before; DT_NOBEGIN: at once */
} TsmFoldNote;

/* False where nothing is remembered; the note is that of a history never folded then. */
extern bool tsm_fold_note(Oid history, TsmFoldNote *note);

/* The caller has ShareUpdateExclusiveLock on the segments, or more on the history: notes have one writer at a time. */
extern void tsm_fold_write_note(Oid history, const TsmFoldNote *note);

/* Add a fold that was done just now. */
extern void tsm_fold_add_note(Oid history, const TsmFoldResult *result);

/* ---- tsm_delta_progress.c: tsmem.fold_progress ---- */

typedef enum TsmFoldPhase
{
	TSM_FOLD_LOOKING,
	TSM_FOLD_FOLDING,
	TSM_FOLD_MERGING,
	TSM_FOLD_PRUNING
} TsmFoldPhase;

/* Where a long fold of a table is. Others see it when the transaction has committed. */
typedef struct TsmFoldProgress
{
	Oid			rel;
	TsmFoldPhase phase;
	int64		versions_total;
	int64		versions_done;
	int64		segments_added;
	TimestampTz started;
} TsmFoldProgress;

extern void tsm_fold_show_progress(const TsmFoldProgress *progress);
extern void tsm_fold_end_progress(void);

/* ---- tsm_delta_fold_all.c: folds of a table, a batch a transaction ---- */

typedef struct TsmFoldSeries
{
	TsmFoldProgress progress;
	TimestampTz before;			/* versions that ended before are due; the same for all batches */
	int			batch;			/* versions */
	int64		done_now;		/* versions of the last batch */
	int64		too_large;		/* found so far */
	ItemPointerData position;	/* in the tail */
	Oid			file;			/* of the tail, that the position is for */
	bool		in_procedure;	/* which commits by SPI; a worker has its own transactions */
	MemoryContext context;		/* of the transaction at hand */
} TsmFoldSeries;

extern TimestampTz tsm_fold_minus_interval(TimestampTz time, Interval *interval);

/* Connects to SPI. 2D000 in a transaction block or a function, 25006 where nothing may be written. */
extern void tsm_fold_begin_procedure(FunctionCallInfo fcinfo, const char *name);

/* The context of the series is a child of the current one. */
extern void tsm_fold_begin_series(TsmFoldSeries *series, Oid rel, int batch, bool in_procedure);

/* Commit, and begin the next transaction with a snapshot; what was allocated in series->context goes. */
extern void tsm_fold_next_transaction(TsmFoldSeries *series);

/* Fold a batch of a table that is locked against a DROP. False when nothing is left. */
extern bool tsm_fold_batch(TsmFoldSeries *series, TsmVersionedTable *table);

/* Tell the user what was committed. */
extern void tsm_fold_report_progress(const TsmFoldSeries *series);

/* The rows of a tail by their ends. */
typedef struct TsmTailLook
{
	int64		due;			/* that ended before a time */
	TimestampTz enough;			/* when the least so many had ended; DT_NOEND with fewer rows */
} TsmTailLook;

/* One scan of the tail, with RowExclusiveLock. */
extern TsmTailLook tsm_fold_look_at_tail(Oid history, TimestampTz before, int so_many);

#endif							/* TSM_DELTA_MAINTAIN_H */
