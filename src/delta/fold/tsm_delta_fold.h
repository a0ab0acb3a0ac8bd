/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold.h
 *	  Private to delta: what folds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_FOLD_H
#define TSM_DELTA_FOLD_H

#include "tsm_delta.h"

/* Versions that one call of fold takes at most. */
#define TSM_FOLD_MAX_VERSIONS	10000000

typedef struct TsmFoldResult
{
	int64		versions;		/* taken out of the tail */
	int64		segments;		/* by which the table of segments grew */
	int64		bytes_before;	/* of these versions in the tail, TOAST included, indexes not */
	int64		bytes_after;	/* by which the segments grew */
} TsmFoldResult;

/*
 * Fold at most max_versions versions that ended before a time. The current
 * user owns the table, which is locked against a DROP; the locks of the fold
 * are kept to the end of the transaction. Errors: 0A000, 40001, XX001.
 */
extern void tsm_fold_table(TsmVersionedTable *table, TimestampTz before, int max_versions,
						   TsmFoldResult *result);

#endif							/* TSM_DELTA_FOLD_H */
