/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold.h
 *	  Private to delta: what folds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_FOLD_H
#define TSM_DELTA_FOLD_H

#include "tsm_delta_segment.h"

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

/* ---- tsm_delta_fold_pack.c: versions into segments ---- */

/* What a segment takes in its table, about. */
#define TSM_FOLD_SEGMENT_BYTES(block) (VARSIZE(block) + 76)

typedef struct TsmFoldPack TsmFoldPack;

/* The segments that were written. */
typedef struct TsmFoldPacked
{
	int64		segments;
	int64		bytes;
} TsmFoldPacked;

/*
 * Begin to pack versions into segments of a store that is open. The map has
 * its schema written. All memory is in the current context, which has to stay.
 */
extern TsmFoldPack *tsm_fold_pack_make(TsmSegmentMap *map, TsmSegmentTable *store);

/* Add the next version, in the order of (key, start), of map->schema. It is copied. */
extern void tsm_fold_pack_add(TsmFoldPack *pack, const TsmCodecRow *row);

/* The same for one that a walk has come to, of whatever schema. */
extern void tsm_fold_pack_add_version(TsmFoldPack *pack, TsmSegmentWalk *walk, const TsmCodecRow *row);

/* Write all that waits: what is added next begins a segment. */
extern void tsm_fold_pack_flush(TsmFoldPack *pack);

extern const TsmFoldPacked *tsm_fold_pack_result(const TsmFoldPack *pack);

/* Give back what it holds; memory stays with its context. */
extern void tsm_fold_pack_free(TsmFoldPack *pack);

#endif							/* TSM_DELTA_FOLD_H */
