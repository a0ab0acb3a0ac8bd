/*-------------------------------------------------------------------------
 *
 * tsm_delta_scan.h
 *	  Private to the reading of histories: what the planner knows of one, the
 *	  scan of one version a key, and estimates.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_SCAN_H
#define TSM_DELTA_SCAN_H

#include "tsm_compat.h"

#include "access/attnum.h"
#include "nodes/pathnodes.h"

/* What the planner needs to know of a history. */
typedef struct TsmHistoryShape
{
	Oid			history;		/* key of the cache */
	Oid			table;
	bool		one_version;	/* a key has one version at a time */
	int			nkeys;			/* 0 without a key */
	AttrNumber	keys[INDEX_MAX_KEYS];	/* columns of the history */
	AttrNumber	start;			/* its row_start */
	AttrNumber	end;			/* its row_end */
} TsmHistoryShape;

/* A comparison of a column with what is not of its relation, the column on the left. */
typedef struct TsmComparison
{
	RestrictInfo *clause;		/* as it is among the clauses of the relation */
	RestrictInfo *commuted;		/* the same, with the column on the left */
	Expr	   *other;
	Relids		outer;			/* other relations that it needs */
} TsmComparison;

/* The two comparisons that ask for the versions of one time. */
typedef struct TsmTimePair
{
	TsmComparison *start;		/* row_start <= time */
	TsmComparison *end;			/* row_end > time */
	Relids		outer;
} TsmTimePair;

/* tsm_delta_shape.c */

/* False for what is not the history of a versioned table. Reads the registry once in a session. */
extern bool tsm_delta_history_shape(Oid relid, TsmHistoryShape *shape);
extern void tsm_delta_shape_load(void);

/* tsm_delta_match.c */

/* The btree family by which a type is compared, or InvalidOid; cached, for the catalogue would be read each time. */
extern Oid	tsm_delta_btree_family(Oid type);

/*
 * The comparison that a clause makes of a column of rel by the operator of
 * the given strategy in a btree family, or NULL. The collation must be the
 * clause's, unless it is invalid. No volatile operands.
 */
extern TsmComparison *tsm_delta_match(RelOptInfo *rel, RestrictInfo *clause, AttrNumber column,
									  Oid family, Oid collation, int strategy);

/* The pairs that ask for versions of rel at one time, as lists of TsmTimePair. */
extern List *tsm_delta_match_times(RelOptInfo *rel, const TsmHistoryShape *shape, List *clauses);

/* tsm_delta_path.c: offers the scan to the planner. */
extern void tsm_delta_add_paths(PlannerInfo *root, RelOptInfo *rel, const TsmHistoryShape *shape);

/* tsm_delta_scan.c: its plan and its execution. */
extern const struct CustomPathMethods tsm_delta_path_methods;
extern void tsm_delta_scan_load(void);

/* tsm_delta_estimate.c */

/* Correct the estimate of rows of a history as of one time, and of what contains it. */
extern void tsm_delta_estimate_rows(PlannerInfo *root, RelOptInfo *rel,
									const TsmHistoryShape *shape);
extern void tsm_delta_estimate_load(void);

/*
 * The share of the versions of a relation that lived at the time which its
 * clauses ask for, and those clauses; negative when they ask for none. A
 * table keeps about its size, table_rows, where nothing else tells.
 */
extern double tsm_delta_living_share(PlannerInfo *root, RelOptInfo *rel,
									 const TsmHistoryShape *shape, double table_rows,
									 List **clauses);

#endif							/* TSM_DELTA_SCAN_H */
