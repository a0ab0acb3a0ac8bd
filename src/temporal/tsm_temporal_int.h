/*-------------------------------------------------------------------------
 *
 * tsm_temporal_int.h
 *	  Private to temporal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_INT_H
#define TSM_TEMPORAL_INT_H

#include "access/attnum.h"
#include "access/tupdesc.h"
#include "utils/relcache.h"

#include "tsm_delta.h"

/* SQL:2011: a row is newer than the transaction that changes it. */
#define ERRCODE_TSM_INVALID_ROW_VERSION MAKE_SQLSTATE('2','2','0','1','H')

/*
 * Triggers of a versioned table. Triggers fire in the order of their names: '~' is the last
 * printable ASCII character, so that ours see what the others made of a row.
 */
#define TSM_STAMP_TRIGGER		"~tsmem_stamp"
#define TSM_HISTORY_TRIGGER		"~tsmem_history"
#define TSM_TRUNCATE_TRIGGER	"~tsmem_truncate"

/* tsmem.system_time_conflict */
typedef enum TsmTemporalConflict
{
	TSM_CONFLICT_ADJUST,
	TSM_CONFLICT_STRICT
} TsmTemporalConflict;

extern int	tsm_temporal_conflict;

/*
 * How writes of one table (an ordinary table or a leaf partition) go into
 * its history. Column arrays are indexed by attribute number - 1.
 */
typedef struct TsmTemporalPlan
{
	Oid			relid;			/* the table written to; key of the cache */
	bool		valid;
	Oid			root;			/* the registered table: itself or an ancestor */
	Oid			history;
	int			natts;
	AttrNumber *to_history;		/* column of the history; 0 for a dropped column */
	bool	   *versioned;		/* whether a change of the column makes a version */
	AttrNumber	start;			/* row_start of the table */
	AttrNumber	xid;			/* row_xid of the table */
	AttrNumber	history_end;	/* row_end of the history */
	AttrNumber	history_end_xid;
	bool		no_op_updates;
	bool		truncate_to_history;
} TsmTemporalPlan;

/* tsm_temporal_plan.c */

/*
 * The write plan of a table, copied into the given context. Raises 55000 when
 * the table is not versioned or its history lacks a column or has another
 * type for it.
 */
extern TsmTemporalPlan *tsm_temporal_plan(Relation rel, MemoryContext context);

/* The registration of the table itself or of the partitioned table above it; NULL without. */
extern TsmVersionedTable *tsm_temporal_find(Oid relid);

/* Raise 55000 unless every column of the table has its like in the history. */
extern void tsm_temporal_check_shape(Relation rel, Relation history);

extern void tsm_temporal_plan_load(void);

/* tsm_temporal_name.c */

/*
 * base_suffix, or where that is longer than 63 bytes a part of base, a hash
 * of all of it, and the suffix. palloc'd.
 */
extern char *tsm_temporal_make_name(const char *base, const char *suffix);

/* tsm_temporal_generate.c */

/* Make, and drop, the functions and the view of a table. In tsm_delta_as_owner only. */
extern void tsm_temporal_generate(TsmVersionedTable *table);
extern void tsm_temporal_drop_generated(TsmVersionedTable *table);

/* Make the generated objects, and the history, go with the table when it is dropped. */
extern void tsm_temporal_bind(const TsmVersionedTable *table);

/* tsm_temporal_versioning.c */

/*
 * Open a table for a change of its definition, with AccessExclusiveLock;
 * 42P01 when it does not exist, 42501 when the current user does not own it.
 */
extern Relation tsm_temporal_open_owned(Oid relid);

/* Refuse what is not a user's table: 42809, 42501 for a catalog, 55000 for a history. */
extern void tsm_temporal_check_kind(Relation rel, const char *what);

#endif							/* TSM_TEMPORAL_INT_H */
