/*-------------------------------------------------------------------------
 *
 * tsm_temporal_session.h
 *	  Session-wide AS OF: what its files share, and what the rest of
 *	  temporal may call (loading, suspending, sentinels).
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_SESSION_H
#define TSM_TEMPORAL_SESSION_H

#include "tsm_compat.h"

#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"

/*
 * Range table entries that the rewrite has dealt with carry a mark in
 * ctename, which nothing else uses in an entry of a table and which the
 * planner takes into the finished plan.
 */
#define TSM_MARK_PREFIX		"tsmem:"
#define TSM_MARK_PRESENT	TSM_MARK_PREFIX "present"

/* tsm_temporal_setting.c */

/* What the settings ask for. past: system time, be it given as a time or by a snapshot. */
typedef struct TsmSessionTime
{
	bool		past;
	const char *snapshot;		/* a token; NULL for the time */
	TimestampTz system;
	bool		by_valid;
	TimestampTz valid;
} TsmSessionTime;

/* Define the settings. */
extern void tsm_session_define(void);

/* Whether a setting has a value, be it in force or not. */
extern bool tsm_session_is_set(void);

/* Whether statements that begin now read as of another time, and of which. */
extern bool tsm_session_active(TsmSessionTime *time);

/*
 * 22023 when a setting was given an unusable value before the library was
 * loaded, 55000 when a time and a snapshot are set.
 */
extern void tsm_session_check_settings(void);

/*
 * 42501 for a table that a SECURITY DEFINER function of another role would
 * read as of a time that it has not set itself.
 */
extern void tsm_session_check_role(Oid relid);

/* The name of a setting that is in force, for messages. */
extern const char *tsm_session_setting(void);

/* The mark of entries that are read as of the time in force; lives until a setting changes. */
extern const char *tsm_session_mark(void);

/*
 * Between the two calls, which nest, everything reads the present. The caller
 * sees to it (PG_TRY) that each suspend is followed by its resume.
 */
extern void tsm_session_suspend(void);
extern void tsm_session_resume(void);

/* Whether a time is set that does not count now. */
extern bool tsm_session_suspended(void);

/* SPI_execute_snapshot of a plan in the present. */
extern int	tsm_session_execute_in_present(SPIPlanPtr plan, Datum *values, const char *nulls,
										   Snapshot snapshot, Snapshot crosscheck, bool read_only,
										   bool fire_triggers, long limit);

/* tsm_temporal_lookup.c */

/* How a table is read as of a system time. */
typedef enum TsmSessionKind
{
	TSM_KIND_PLAIN,				/* as it is */
	TSM_KIND_VERSIONED,			/* with its history */
	TSM_KIND_PARTS,				/* partitioned, with the histories of its partitions */
	TSM_KIND_PARTITION,			/* a partition of a versioned table: not at all */
	TSM_KIND_MIXED				/* some partitions are versioned by themselves, others not: not at all */
} TsmSessionKind;

typedef struct TsmSessionTable
{
	Oid			relid;
	TsmSessionKind kind;
	Oid			other;			/* of a partition: the versioned table; when mixed: an unversioned partition */
	List	   *histories;		/* OIDs */
	List	   *versioned;		/* the tables they belong to */
	List	   *periods;		/* names (C strings) of the registered periods, its own or of the table it is a partition of */
} TsmSessionTable;

/* What is known of a table; palloc'd. The caller holds a lock on it. */
extern TsmSessionTable *tsm_session_table(Oid relid);

/*
 * Whether it reads otherwise than at present while the time is in force.
 * Errors of tsm_session_check_settings when it does.
 */
extern bool tsm_session_concerns(Oid relid, const TsmSessionTime *time);

/* The table whose history this is; InvalidOid for others. */
extern Oid	tsm_session_history_of(Oid relid);

/* tsm_temporal_arm.c */

/* Which columns besides its own a table read as of another time must supply. */
typedef struct TsmSessionExtras
{
	bool		tableoid;		/* as column natts + 1 */
	bool		whole_row;		/* as column natts + 2, for there is a tableoid */
} TsmSessionExtras;

/*
 * Replace entry rti of a query, a table that the time concerns, by a
 * subquery that reads it as of then. Raises 0A000 for TABLESAMPLE and for a
 * partition of a versioned table, 55000 when the table cannot be read so.
 */
extern void tsm_session_convert(Query *query, Index rti, const TsmSessionTime *time,
								const TsmSessionExtras *extras);

/* tsm_temporal_travel.c */

/*
 * Rewrite a query, in place, so that all in it reads as of the time in force.
 * glob receives what the functions inlined here depend on. Gives whether the
 * plan may use parallel workers.
 */
extern bool tsm_session_rewrite(Query *query, const TsmSessionTime *time, PlannerGlobal *glob);

/* Whether the entry is a table that the time concerns and that the rewrite has not marked. */
extern bool tsm_session_is_unmarked(const RangeTblEntry *rte, const TsmSessionTime *time);

/* 25006 when a table that the time concerns would be changed. */
extern void tsm_session_refuse_change(Oid relid, const TsmSessionTime *time);

/* tsm_temporal_policy.c */

/*
 * A policy is judged by the present: note the functions that it calls, which
 * then read the present wherever they are called from. Gives whether it calls any.
 */
extern bool tsm_session_note_policy(Node *qual);
extern void tsm_session_load_policy(void);

/* Whether a time is set and a query calls functions that could be, or call, one that was noted. */
extern bool tsm_session_may_ask_policy(Query *query);

/* tsm_temporal_sentinel.c */

/*
 * Make planning of a table load the library. Does nothing where that is
 * arranged already, or the current user may not make statistics on the table.
 * The next undoes it, unless the table is still versioned or has periods.
 * In tsm_delta_as_owner only.
 */
extern void tsm_session_make_sentinel(Oid relid);
extern void tsm_session_drop_sentinel(Oid relid);

/* The same for a table and its partitions, by whoever calls. */
extern void tsm_session_watch(Oid relid);
extern void tsm_session_unwatch(Oid relid);

/* Watch a table that a time concerns and that has become a partition or another role's. */
extern void tsm_session_follow(Oid relid);

/* Let it follow the schema of its table. */
extern void tsm_session_move_sentinel(Oid relid);

/* Make it the new owner's. In tsm_delta_as_owner for a superuser only. */
extern void tsm_session_give_sentinel(Oid relid, Oid owner);

/* tsm_temporal_admit.c, tsm_temporal_command.c */

/* Open the folder: settings, hooks. */
extern void tsm_session_load(void);
extern void tsm_session_load_command(void);

/* 55000 for a change of a table by the statement that has loaded the library, with a time already set. */
extern void tsm_session_refuse_late_change(Oid relid);

/* A statement begins: what follows was not begun without our hooks. */
extern void tsm_session_statement_begins(void);

#endif							/* TSM_TEMPORAL_SESSION_H */
