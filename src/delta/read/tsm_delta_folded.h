/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded.h
 *	  Private to the foreign data wrapper of folded versions: what a backend
 *	  knows of a store, the conditions that a scan is bound by, the versions
 *	  that fulfil them, and the chain cache.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_FOLDED_H
#define TSM_DELTA_FOLDED_H

#include "tsm_delta_scan.h"
#include "tsm_delta_segment.h"

#include "access/genam.h"
#include "access/parallel.h"
#include "access/tableam.h"
#include "nodes/execnodes.h"
#include "storage/block.h"

/* ---- tsm_delta_folded_store.c: what a backend knows of a store ---- */

/* What reading a frame needs; large, so it is kept from one scan to the next. */
typedef struct TsmFoldedBench
{
	struct TsmFoldedBench *next;
	TsmSegmentSchema *schema;	/* that the reader was made for; NULL without */
	TsmCodecReader *reader;
	TsmCodecValue *values;
	uint8_t    *buffer;			/* base image and frame */
	TsmCodecFrame *frames;		/* of the block at hand */
	int			room;			/* for frames */
} TsmFoldedBench;

/* A column that segments may have zones of. */
typedef struct TsmFoldedZone
{
	AttrNumber	column;			/* of the history */
	TsmSegmentZoneType type;
} TsmFoldedZone;

/* Stays while there are references, also when it is no longer valid. */
typedef struct TsmFolded
{
	Oid			folded;			/* key of the cache */
	Oid			history;
	Oid			segments;
	Oid			index;			/* on (key_lo, t_lo) of segments */
	Oid			table;
	bool		valid;			/* nothing has changed since it was read */
	int			references;
	bool		one_version;	/* a key has one version at a time */
	TsmSegmentMap *map;			/* with a descriptor of its own */
	AttrNumber	keys[INDEX_MAX_KEYS];	/* columns of the foreign table */
	AttrNumber	start;
	AttrNumber	end;
	AttrNumber	start_xid;
	AttrNumber	end_xid;
	AttrNumber *columns;		/* of the foreign table, by column of the history */
	int			nzones;			/* by the options of the store */
	TsmFoldedZone zones[TSM_SEGMENT_MAX_ZONES];
	double		density;		/* versions a page of segments; 0 when unknown */
	BlockNumber density_pages;	/* pages when that was found */
	TsmFoldedBench *spare;		/* benches not in use */
	MemoryContext context;		/* it and all it has live in */
} TsmFolded;

/*
 * What is known of the store that a foreign table belongs to. A reference is
 * the caller's until the given context is reset. 55000 for one that is not in
 * the registry.
 */
extern TsmFolded *tsm_folded_get(Oid folded, MemoryContext context);

/* The same without a reference, if it is known already; else NULL. */
extern const TsmFolded *tsm_folded_peek(Oid folded);

/* A bench for one scan, until the context is reset. */
extern TsmFoldedBench *tsm_folded_bench(TsmFolded *folded, MemoryContext context);

/* Make a bench ready for blocks of a schema. */
extern void tsm_folded_use_schema(TsmFolded *folded, TsmFoldedBench *bench, uint32 schema_id);

/* Versions a page of segments, by a look at some pages; needs an active snapshot. */
extern double tsm_folded_density(TsmFolded *folded, Relation segments);

extern void tsm_folded_load(void);

/* ---- tsm_delta_folded_match.c: clauses that bind the versions ---- */

typedef enum TsmBindKind
{
	TSM_BIND_KEY = 1,			/* compares a column of the key */
	TSM_BIND_KEYS,				/* the only column of the key is one of an array */
	TSM_BIND_START,				/* compares row_start */
	TSM_BIND_END,				/* compares row_end */
	TSM_BIND_ZONE,				/* compares a column that has zones */
	TSM_BIND_ZONES				/* a column that has zones is one of an array */
} TsmBindKind;

typedef struct TsmBinding
{
	TsmBindKind kind;
	int			column;			/* number in the key; for zones, column of the history */
	int			strategy;		/* of btree */
	Expr	   *clause;			/* the column on the left */
	Relids		outer;			/* other relations that it needs */
	RestrictInfo *source;
} TsmBinding;

/* All bindings that the clauses of rel have, joins included; those that security barriers let pass. */
extern List *tsm_folded_match(PlannerInfo *root, RelOptInfo *rel, TsmFolded *folded);

/* ---- tsm_delta_folded_zone.c: conditions on columns that have zones ---- */

/* The zones of a column of the history, or NULL. */
extern TsmFoldedZone *tsm_folded_find_zone(TsmFolded *folded, AttrNumber column);

/*
 * Whether values on the right of an operator hash as those of a type: it is the equality of its
 * default hash operator class, between values of one type.
 */
extern bool tsm_folded_hashes_alike(Oid type, Oid operator);

/* Whether zones tell about an operator of the default btree family of their column, the column on its left. */
extern bool tsm_folded_zone_serves(const TsmFolded *folded, const TsmFoldedZone *zone, Oid operator,
								   int strategy);

typedef struct TsmZoneTest TsmZoneTest;

/* The test of a binding, in the current context; NULL where zones cannot tell. */
extern TsmZoneTest *tsm_zone_test_make(TsmFolded *folded, AttrNumber column, int strategy, Oid operator,
									   bool array);

/* The value of its right operand, not null; false when nothing compares so with it. */
extern bool tsm_zone_test_set(TsmZoneTest *test, Datum value);

/* Whether no version of a segment with such zones and schema fulfils all tests. */
extern bool tsm_zone_tests_exclude(const List *tests, const bytea *zones, TsmSegmentSchema *schema);

/* ---- tsm_delta_folded_plan.c ---- */

/* What fdw_private of a plan holds. */
typedef enum TsmFoldedPrivate
{
	TSM_FOLDED_BINDINGS,		/* lists of kind, column, strategy; their clauses are fdw_exprs */
	TSM_FOLDED_MODE,
	TSM_FOLDED_DIRECTION,
	TSM_FOLDED_COLUMNS			/* wanted columns of the foreign table */
} TsmFoldedPrivate;

/* In which order segments are read. */
typedef enum TsmFoldedOrder
{
	TSM_FOLDED_ANY,				/* as they lie in the table */
	TSM_FOLDED_FORWARD,			/* by key and start */
	TSM_FOLDED_BACKWARD
} TsmFoldedOrder;

typedef enum TsmFoldedMode
{
	TSM_FOLDED_HEAP,			/* all segments as they lie; parallel, perhaps */
	TSM_FOLDED_RANGE,			/* segments in their order, from the least to the greatest key */
	TSM_FOLDED_KEYS				/* those of each key */
} TsmFoldedMode;

extern void tsm_folded_get_size(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern void tsm_folded_get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid);
extern List *tsm_folded_reparameterize(PlannerInfo *root, List *private, RelOptInfo *child);
extern ForeignScan *tsm_folded_get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
										ForeignPath *path, List *tlist, List *clauses,
										Plan *outer_plan);

/* ---- tsm_delta_folded_walk.c: versions within bounds ---- */

/* Bounds of a scan, all inclusive. */
typedef struct TsmFoldedBounds
{
	bool		empty;			/* nothing can fulfil them */
	int64		key_min;
	int64		key_max;
	TimestampTz start_min;
	TimestampTz start_max;
	TimestampTz end_min;
	TimestampTz end_max;
} TsmFoldedBounds;

/* For EXPLAIN. */
typedef struct TsmFoldedCounts
{
	int64		segments;		/* read */
	int64		skipped;		/* seen and not read */
	int64		frames;			/* expanded */
	int64		hits;			/* frames found in the cache */
	int64		versions;		/* looked at */
} TsmFoldedCounts;

typedef struct TsmFoldedWalk TsmFoldedWalk;

/*
 * A walk over versions of a store; nothing is read before the first
 * tsm_folded_walk_begin. Ended by tsm_folded_walk_end, or by an error. With
 * cached frames go through the chain cache.
 */
extern TsmFoldedWalk *tsm_folded_walk_make(TsmFolded *folded, Snapshot snapshot,
										   TsmFoldedOrder order, bool cached,
										   TsmFoldedCounts *counts, MemoryContext context);
extern void tsm_folded_walk_end(TsmFoldedWalk *walk);

/* The table of segments, which stays open to the end of the walk. */
extern Relation tsm_folded_walk_segments(TsmFoldedWalk *walk);

/* Pass over the segments that these tests exclude, as of the next begin; the list has to stay. */
extern void tsm_folded_walk_test(TsmFoldedWalk *walk, List *tests);

/* Share the segments with other workers; for an order of any. */
extern void tsm_folded_walk_share(TsmFoldedWalk *walk, ParallelTableScanDesc parallel);

/*
 * Go to the begin of the versions within the bounds. latest: backward only, for one
 * key; those that ended too early are given as well, since the caller can tell from
 * them that no earlier one of their entity ended later.
 */
extern void tsm_folded_walk_begin(TsmFoldedWalk *walk, const TsmFoldedBounds *bounds, bool latest);

/* The head of the next version, or false at the end. */
extern bool tsm_folded_walk_next(TsmFoldedWalk *walk, TsmCodecRow *row);

/* The schema of the version at hand; its values, of which only the wanted are set. */
extern TsmSegmentSchema *tsm_folded_walk_schema(TsmFoldedWalk *walk);
extern const TsmCodecValue *tsm_folded_walk_values(TsmFoldedWalk *walk, const uint8_t *wanted);

/* ---- tsm_delta_folded_cache.c: the chain cache ---- */

/* Identifies a frame. */
typedef struct TsmChainKey
{
	Oid			segments;
	TransactionId xmin;			/* of the row of the segment */
	ItemPointerData tid;
	uint16		frame;
} TsmChainKey;

typedef struct TsmChain TsmChain;

/* The raw frame that is cached under a key, pinned; or NULL. */
extern TsmChain *tsm_chain_find(const TsmChainKey *key, const uint8_t **raw);

/*
 * Keep a copy of a raw frame, pinned; NULL when the cache is off or has no
 * room for so many bytes.
 */
extern TsmChain *tsm_chain_add(const TsmChainKey *key, const uint8_t *raw, Size length);

/* Unpin. */
extern void tsm_chain_release(TsmChain *chain);

/* Bytes that are cached, and the most there may be. */
extern Size tsm_chain_bytes(void);
extern Size tsm_chain_limit(void);

/* How often frames of a table of segments were found, and not, by this session. */
extern void tsm_chain_counts(Oid segments, int64 *hits, int64 *misses);

/* Forget the frames of a relation; all for InvalidOid. */
extern void tsm_chain_forget(Oid segments);
extern void tsm_chain_load(void);

/* ---- tsm_delta_folded_scan.c ---- */

extern void tsm_folded_begin_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *tsm_folded_iterate(ForeignScanState *node);
extern void tsm_folded_rescan(ForeignScanState *node);
extern void tsm_folded_end_scan(ForeignScanState *node);
extern Size tsm_folded_estimate_dsm(ForeignScanState *node, ParallelContext *pcxt);
extern void tsm_folded_initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate);
extern void tsm_folded_reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate);
extern void tsm_folded_initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate);
extern void tsm_folded_explain(ForeignScanState *node, struct ExplainState *es);

/* ---- tsm_delta_folded_analyze.c ---- */

/* AcquireSampleRowsFunc: a sample of the versions of a foreign table. */
extern int	tsm_folded_sample(Relation rel, int elevel, HeapTuple *rows, int targrows,
							  double *totalrows, double *totaldeadrows);

#endif							/* TSM_DELTA_FOLDED_H */
