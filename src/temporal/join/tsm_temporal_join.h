/*-------------------------------------------------------------------------
 *
 * tsm_temporal_join.h
 *	  Private to the temporal join: from path to plan to sweep.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_JOIN_H
#define TSM_TEMPORAL_JOIN_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"
#include "utils/rangetypes.h"
#include "utils/sortsupport.h"
#include "utils/tuplestore.h"

/* The two inputs, as places in arrays. */
#define TSM_OUTER	0
#define TSM_INNER	1

/* tsmem.enable_temporal_join */
extern bool tsm_temporal_enable_join;

/* tsm_temporal_join_path.c */

extern void tsm_temporal_join_load(void);

/*
 * What a path and its plan keep in custom_private: five lists.
 *
 * The clauses of custom_exprs stand in this order: nkeys equalities, the
 * overlap, then what else a pair has to satisfy.
 */
typedef enum TsmJoinPrivate
{
	TSM_JOIN_NUMBERS,			/* IntList: TsmJoinNumber */
	TSM_JOIN_FAMILIES,			/* OidList: btree operator family of each key */
	TSM_JOIN_TYPES,				/* OidList: left and right type of each key, outer first */
	TSM_JOIN_COLLATIONS,		/* OidList: collation of each key */
	TSM_JOIN_COLUMNS			/* IntList: outer and inner column of each key */
} TsmJoinPrivate;

typedef enum TsmJoinNumber
{
	TSM_JOIN_JOINTYPE,
	TSM_JOIN_OUTER_PERIOD,		/* columns of the inputs */
	TSM_JOIN_INNER_PERIOD
} TsmJoinNumber;

/* One key, or the period, of a path. */
typedef struct TsmJoinKey
{
	Expr	   *clause;
	Expr	   *exprs[2];		/* its side of each input */
	int			places[2];		/* place among the pathkeys of each input */
	Oid			family;
	Oid			types[2];
	Oid			collation;
} TsmJoinKey;

/* What a path keeps until its plan is made; not a node. */
typedef struct TsmJoinPathInfo
{
	JoinType	jointype;
	List	   *keys;			/* TsmJoinKey */
	TsmJoinKey *period;
	List	   *filters;		/* RestrictInfos of ON other than those */
	List	   *others;			/* RestrictInfos above the join, of an outer join */
} TsmJoinPathInfo;

/* tsm_temporal_join_plan.c */

extern Plan *tsm_temporal_plan_join(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
									List *tlist, List *clauses, List *custom_plans);

/* tsm_temporal_join_exec.c */

extern const CustomScanMethods tsm_temporal_join_methods;

/* tsm_temporal_sweep.c */

/* A row that later rows of the other input may overlap. */
typedef struct TsmSweepItem
{
	MinimalTuple tuple;			/* marked when it has met its like: HeapTupleHeaderHasMatch */
	RangeBound	lower;			/* if exclusive; else infinite, to say that it excludes nothing */
	RangeBound	upper;			/* values, if by reference, are the item's own */
} TsmSweepItem;

/* One source of rows in the order of keys, then of the values of lower bounds. */
typedef struct TsmSweepInput
{
	PlanState  *plan;			/* the rows come from here, */
	Tuplestorestate *store;		/* or from here */
	TupleTableSlot *slot;		/* the next row, unless done */
	bool		fetched;
	bool		done;
	bool		null_key;		/* it has a null in its key */
	bool		matchable;		/* it may match a row: no null, and the period is not empty */
	RangeBound	lower;
	RangeBound	upper;
	RangeBound	begins;			/* lower, as if inclusive: rows come in the order of its values */
	struct varlena *range;		/* the period, if it had to be detoasted */
	char		buffer[VARATT_SHORT_MAX + VARHDRSZ] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} TsmSweepInput;

/* What the sweep keeps of one input. */
typedef struct TsmSweepSide
{
	bool		keep;			/* rows that meet none are returned too */
	int			nkeys;
	AttrNumber *key_columns;
	AttrNumber	period_column;
	AttrNumber	last_column;	/* of these */
	TupleTableSlot *row;		/* for a row of the active set */
	TupleTableSlot *stored;		/* for a row of the spilled ones */
	TsmSweepItem *active;
	int			nactive;
	int			room;			/* of the array */
	Tuplestorestate *spill;		/* rows that did not fit; NULL without */
	RangeBound	spill_upper;	/* the latest end of one */
} TsmSweepSide;

typedef enum TsmSweepPhase
{
	TSM_SWEEP_NEXT,				/* choose the next row */
	TSM_SWEEP_PROBE,			/* compare it with the active rows of the other input */
	TSM_SWEEP_FLUSH,			/* the key has no more rows */
	TSM_SWEEP_DONE
} TsmSweepPhase;

/* What tsm_temporal_sweep found. */
typedef enum TsmSweepResult
{
	TSM_SWEEP_PAIR,				/* two rows whose keys are equal and periods overlap */
	TSM_SWEEP_ALONE,			/* a row that met none */
	TSM_SWEEP_END
} TsmSweepResult;

typedef struct TsmSweep
{
	TsmSweepSide sides[2];
	TsmSweepInput inputs[2][2]; /* by level (0: the plans, 1: spilled rows) and side */
	int			level;
	TypeCacheEntry *range_type;
	bool		bounds_by_value;
	int			nkeys;
	SortSupport orders[2][2];	/* of keys by side; [inner][outer] is not used */
	bool		first_match_only;	/* semi and anti joins: an outer row is done when it has met one */

	bool		group_live;		/* the active sets, or the spilled rows, are of this key: */
	int			group_side;
	Datum	   *group;
	MemoryContext group_context;

	TsmSweepPhase phase;
	int			arrival;		/* the side of the row that probes */
	bool		arrival_matched;
	bool		more;			/* the other input has more rows of the key */
	int			position;		/* in the active set probed */
	MinimalTuple leaving;		/* freed at the next step */

	MemoryContext context;		/* of active rows */
	Size		used;			/* bytes of active rows */
	Size		limit;
	int64		max_active;
	int64		spilled;
	int64		passes;			/* over spilled rows */
} TsmSweep;

/*
 * The next pair or row alone. slots[] are the rows of the two inputs, NULL
 * for the side that a row alone does not have; they are valid until the next
 * call. The caller tells by tsm_temporal_sweep_match that a pair satisfies the
 * rest of the condition.
 */
extern TsmSweepResult tsm_temporal_sweep(TsmSweep *sweep, TupleTableSlot *slots[2]);
extern void tsm_temporal_sweep_match(TsmSweep *sweep);

/* Begin anew, or end: forget all rows. */
extern void tsm_temporal_sweep_reset(TsmSweep *sweep);

#endif							/* TSM_TEMPORAL_JOIN_H */
