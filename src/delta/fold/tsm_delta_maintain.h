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

/* ---- tsm_delta_options.c ---- */

/* Names of the options, as they stand in tsmem.segment_tables. */
#define TSM_OPTION_FRAME_ROWS	"frame_rows"
#define TSM_OPTION_LEVEL		"level"
#define TSM_OPTION_BLOCK_SIZE	"block_size"
#define TSM_OPTION_ZONES		"zones"
#define TSM_OPTION_FOLD_AFTER	"fold_after"
#define TSM_OPTION_FOLD_WHEN	"fold_when"
#define TSM_OPTION_WORKER		"worker"

/* Their limits. */
#define TSM_MIN_BLOCK_SIZE		1024
#define TSM_MAX_ZONES			8
#define TSM_MAX_FOLD_WHEN		1000000

/* An option, or the given default where it is not set. The list holds C strings. */
extern int64 tsm_delta_option_int(Jsonb *options, const char *name, int64 missing);
extern bool tsm_delta_option_bool(Jsonb *options, const char *name, bool missing);
extern Interval *tsm_delta_option_interval(Jsonb *options, const char *name, Interval *missing);
extern List *tsm_delta_option_names(Jsonb *options, const char *name);

/* A column of a history has another name (to) or is gone (NULL): zones follow. */
extern void tsm_delta_options_follow(Oid history, const char *from, const char *to);

/* Make the store of a history that has none, which takes AccessExclusiveLock on it. The current user owns it. */
extern void tsm_fold_need_store(Oid history);

/* ---- tsm_delta_maintain.c ---- */

/*
 * What maintain does, for the tables with the option worker. Not in a
 * procedure: a transaction with a snapshot is under way before and after, and
 * others in between.
 */
extern void tsm_fold_maintain_marked(void);

/* ---- tsm_delta_note.c: tsmem.segment_folds ---- */

/* What is remembered of the folds of a history. */
typedef struct TsmFoldNote
{
	TimestampTz last_fold;		/* DT_NOBEGIN before the first */
	int64		versions;		/* folded so far */
	int64		row_bytes;		/* that these took as rows, indexes not counted */
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
	TSM_FOLD_MERGING
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

#endif							/* TSM_DELTA_MAINTAIN_H */
