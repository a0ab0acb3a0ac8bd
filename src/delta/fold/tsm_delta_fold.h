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
	int64		too_large;		/* found, and left in the tail */
} TsmFoldResult;

/*
 * Fold at most max_versions versions that ended before a time. The current
 * user owns the table, which is locked against a DROP; the locks of the fold
 * are kept to the end of the transaction. The tail is looked at from the
 * position on, which then is behind the last row that was; NULL: from its
 * beginning. Errors: 0A000, 40001, XX001.
 */
extern void tsm_fold_table(TsmVersionedTable *table, TimestampTz before, int max_versions,
						   ItemPointer position, TsmFoldResult *result);

/* Tell the user of versions that stay in the tail. */
extern void tsm_fold_report_too_large(Oid rel, int64 versions);

/* ---- tsm_delta_merge.c ---- */

typedef struct TsmMergeResult
{
	int64		segments_before;	/* those that were written anew */
	int64		segments_after;
	int64		bytes_before;
	int64		bytes_after;
} TsmMergeResult;

/*
 * Write segments anew that are too small, too large or of an old schema; it
 * ends soon after max_segments of them. Conditions and errors are those of
 * tsm_fold_table; result->segments_before is 0 when nothing is left to be done.
 */
extern void tsm_merge_table(TsmVersionedTable *table, int max_segments, TsmMergeResult *result);

/* ---- tsm_delta_fold_options.c: options of a store ---- */

/* Bounds of block_size: up to a page it stays in it, larger blocks are TOASTed. */
#define TSM_FOLD_MIN_BLOCK_SIZE	1024
#define TSM_FOLD_PAGE_SIZE		8192

/* Averages of more than so many bytes a row take shorter frames. */
#define TSM_FOLD_LARGE_ROW		2048
#define TSM_FOLD_FRAME_ROWS		32
#define TSM_FOLD_LARGE_FRAME_ROWS	16

/* Level of LZ4 for rows with values of kind bytes, and for those without. */
#define TSM_FOLD_LEVEL_BYTES	9
#define TSM_FOLD_LEVEL_NARROW	1

/* A block of so many parts of block_size counts as full. */
#define TSM_FOLD_FULL			3
#define TSM_FOLD_FULL_PARTS		4

typedef struct TsmFoldOptions
{
	int			frame_rows;		/* 0: by the size of rows */
	int			level;			/* -1: by the kinds of columns */
	int			block_size;
	List	   *zones;			/* columns, C strings */
	char	   *fold_after;		/* text of an interval, or NULL */
	int			fold_when;		/* versions in the tail, or -1 */
	bool		worker;
} TsmFoldOptions;

/* The options of a store; what is not set has its default. Allocates in the current context. */
extern void tsm_fold_options(const TsmSegmentStore *store, TsmFoldOptions *options);

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

/*
 * Add the next version, in the order of (key, start), of map->schema. It is
 * copied. One that is before the last begins a segment.
 */
extern void tsm_fold_pack_add(TsmFoldPack *pack, const TsmCodecRow *row);

/* The same for one that a walk has come to, of whatever schema. */
extern void tsm_fold_pack_add_version(TsmFoldPack *pack, TsmSegmentWalk *walk, const TsmCodecRow *row);

/* Write all that waits: what is added next begins a segment. */
extern void tsm_fold_pack_flush(TsmFoldPack *pack);

/*
 * Keep segments in memory from now on. What is held is written, or dropped,
 * by the calls below.
 */
extern void tsm_fold_pack_hold(TsmFoldPack *pack);
extern const TsmFoldPacked *tsm_fold_pack_held(const TsmFoldPack *pack);
extern void tsm_fold_pack_write_held(TsmFoldPack *pack);
extern void tsm_fold_pack_drop_held(TsmFoldPack *pack);

extern const TsmFoldPacked *tsm_fold_pack_result(const TsmFoldPack *pack);

/* Give back what it holds; memory stays with its context. */
extern void tsm_fold_pack_free(TsmFoldPack *pack);

#endif							/* TSM_DELTA_FOLD_H */
