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
#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "utils/resowner.h"
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
#define TSM_LATEST_TRIGGER		"~tsmem_latest"
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
	int			nkeys;			/* 0 unless a key has one version at a time */
	AttrNumber *keys;			/* columns of the key in the table */
	Oid			key_index;		/* index (key, row_start) of the history; InvalidOid without */
	bool		no_op_updates;
	bool		truncate_to_history;
	/* Of a copy: the context it lives in, and what tsm_temporal_latest_end holds open there. */
	MemoryContext context;
	struct TsmTemporalLook *look;
} TsmTemporalPlan;

/* tsm_temporal_hold.c */

/*
 * What is held open from one row to the next, in the context of a trigger's
 * FmgrInfo, that is for one statement. Its references belong to the given
 * resource owner. close, run with that owner, releases them when the context
 * is reset, unless the owner has done so (on an error).
 */
typedef struct TsmTemporalHold
{
	ResourceOwner owner;
	bool		open;
	void		(*close) (struct TsmTemporalHold *hold);
	MemoryContextCallback callback;
	struct TsmTemporalHold *next;
} TsmTemporalHold;

extern void tsm_temporal_hold(TsmTemporalHold *hold, MemoryContext context, ResourceOwner owner,
							  void (*close) (TsmTemporalHold *hold));

/* tsm_temporal_plan.c */

/*
 * The write plan of a table, copied into the given context. Raises 55000 when
 * the table is not versioned or its history lacks a column or has another
 * type for it.
 */
extern TsmTemporalPlan *tsm_temporal_plan(Relation rel, MemoryContext context);

/* The registration of the table itself or of the partitioned table above it; NULL without. */
extern TsmVersionedTable *tsm_temporal_find(Oid relid);

/* Refuse (0A000) generated columns that are not stored: a history would not have their values. */
extern void tsm_temporal_check_generated(Relation rel);

extern void tsm_temporal_plan_load(void);

/* tsm_temporal_latest.c */

/* The index of the history over these columns, ascending, and nothing else; InvalidOid without. */
extern Oid	tsm_temporal_key_index(Relation history, const AttrNumber *columns, int ncolumns);

/*
 * When the latest former version of the key of a row of the table ended, the
 * transaction's own included; -infinity when there is none, or no index to
 * find it by. Waits for transactions that are about to end one. False when a
 * column of the key has no value yet (it is generated). The plan, a copy,
 * keeps the index open.
 */
extern bool tsm_temporal_latest_end(TsmTemporalPlan *plan, TupleTableSlot *row, TimestampTz *end);

/*
 * Before and after that look at a row to be inserted: the trigger
 * TSM_LATEST_TRIGGER looks again if a transaction has completed since the
 * first call, or in any case after the second.
 */
extern void tsm_temporal_begin_look(void);
extern void tsm_temporal_force_look(void);

/* tsm_temporal_name.c */

/* Whether a list of C strings has the name. */
extern bool tsm_temporal_name_in(const List *names, const char *name);

/* A list with one name replaced, or left out for NULL. */
extern List *tsm_temporal_replace_name(const List *names, const char *old_name,
									   const char *new_name);

/* A list of names as the text of a name[]. */
extern char *tsm_temporal_names_text(const List *names);

/* The owner of a relation. */
extern Oid	tsm_temporal_owner(Oid relid);

/* The qualified, quoted name of a collation. */
extern char *tsm_temporal_collation_name(Oid collation);

/* tsm_temporal_generate.c */

/*
 * "(SELECT ... FROM table UNION ALL SELECT ... FROM history ...) u", with the
 * columns of the table, row_end and row_end_xid; every name in it is qualified.
 */
extern char *tsm_temporal_all_versions(Relation rel, const List *histories);

/* Make, and drop, the functions and the view of a table. In tsm_delta_as_owner only. */
extern void tsm_temporal_generate(TsmVersionedTable *table);
extern void tsm_temporal_drop_generated(TsmVersionedTable *table);

/* Make the generated objects the owner's. In tsm_delta_as_owner for a superuser only. */
extern void tsm_temporal_give_generated(const TsmVersionedTable *table, Oid owner);

/* The OIDs of the generated functions that are there. */
extern List *tsm_temporal_functions(const TsmVersionedTable *table);

/* Give the functions whose names were made from one name of the table those made from another. */
extern void tsm_temporal_rename_functions(TsmVersionedTable *table, const char *old_base,
										  const char *new_base);

/* Make the generated objects, and the history, go with the table when it is dropped. */
extern void tsm_temporal_bind(const TsmVersionedTable *table);

/* tsm_temporal_versioning.c */

/* Whether the table's options ask for functions and view. */
extern bool tsm_temporal_wants_functions(const TsmVersionedTable *table);

/*
 * Open a table for a change of its definition, with AccessExclusiveLock;
 * 42P01 when it does not exist, 42501 when the current user does not own it.
 */
extern Relation tsm_temporal_open_owned(Oid relid);

/* Whether it is one of the registries, which tsmem itself reads. */
extern bool tsm_temporal_is_registry(Oid relid);

/* Refuse what is not a user's table: 42809, 42501 for a catalog or a table of tsmem, 55000 for a history. */
extern void tsm_temporal_check_kind(Relation rel, const char *what);

/*
 * Bring key columns, disjoint_keys and the history's index up to the key that
 * the table has now; 22023 for a key of excluded columns. In tsm_delta_as_owner only.
 */
extern void tsm_temporal_follow_key(TsmVersionedTable *table, Relation rel);

/* Refuse (22008) rows that begin in the future: their versions could not end in order. In tsm_delta_as_owner only. */
extern void tsm_temporal_check_stamps(Oid relid);

/* Refuse (0A000) a table that is not logged, or has a partition that is not. */
extern void tsm_temporal_check_logged(Oid relid);

/* tsm_temporal_period.c */

/* One row of tsmem.periods. */
typedef struct TsmTemporalPeriod
{
	Oid			rel;
	char	   *name;			/* also the name of the range column */
	char	   *from_column;	/* NULL, or the two columns it is generated from */
	char	   *to_column;
	char	   *constraint_name;
	bool		set_not_null;	/* the column was nullable before */
	Oid			portion_view;	/* InvalidOid without */
} TsmTemporalPeriod;

/* One row of tsmem.temporal_keys. */
typedef struct TsmTemporalKey
{
	Oid			rel;
	char	   *constraint_name;
	List	   *key_columns;	/* C strings, without the period */
	char	   *period;
	bool		is_primary;
} TsmTemporalKey;

/* The periods, and the temporal keys, of a table; of all tables for InvalidOid. */
extern List *tsm_temporal_periods(Oid relid);
extern List *tsm_temporal_keys(Oid relid);

/* Remove registrations whose table, column or constraint is gone. */
extern void tsm_temporal_forget_dropped(void);

/*
 * ALTER TABLE leaves periods never null and never empty (55000): a part of it
 * is looked at before the server trips over it, the table after the command.
 */
extern void tsm_temporal_check_period_kept(Oid relid, const AlterTableCmd *command);
extern void tsm_temporal_check_periods(Oid relid);

/* Follow ALTER TABLE ... RENAME of a column or constraint. */
extern void tsm_temporal_rename_in_periods(Oid relid, const char *old_name, const char *new_name);
extern void tsm_temporal_rename_constraint(Oid relid, const char *old_name, const char *new_name);

/* Run one command as a role; one on tables of the extension as its owner. */
extern void tsm_temporal_execute_as(Oid owner, char *command);
extern void tsm_temporal_execute_as_extension(char *command);

/* A name as a literal, or NULL. */
extern const char *tsm_temporal_name_literal(const char *name);

/* 55000 for a registry that somebody has altered: whoever reads it counts its columns. */
extern void tsm_temporal_check_registry(TupleDesc desc, const char *name, int natts);

/* tsm_temporal_as_of.c */

/* The condition that the history of a table reaches back to a time, any SQL expression. */
extern char *tsm_temporal_horizon_condition(Oid relid, const char *time);

/* The condition that a token, any SQL expression, saw a version u of the table, and of the same for the token. */
extern char *tsm_temporal_seen_condition(Oid relid, const char *token);

/* tsm_temporal_follow.c */

/*
 * Bring the history and the generated objects up to the present definition of a table; of the versioned partitions of a partitioned
 * table. Does nothing for other relations. Former versions read, in the columns that the present command has added, their default.
 */
extern void tsm_temporal_follow(Oid relid, List *added);
extern void tsm_temporal_follow_rename(const RenameStmt *statement);

/*
 * A partition has come to a table that may be versioned. Apart from the other
 * changes: a restored dump brings the triggers of partitions itself. attached:
 * the partition, when it may have brought rows; else InvalidOid.
 */
extern void tsm_temporal_follow_new_partition(Oid relid, Oid attached);

/* ENABLE TRIGGER has made triggers of ours fire on an origin only: make them fire always again. */
extern void tsm_temporal_follow_triggers(Oid relid);
/* After a change of owner: a history that was given to another alone is given back; other relations are left alone. */
extern void tsm_temporal_keep_owner(Oid history);

/* A TRUNCATE trigger for the table and each partition that has none. In tsm_delta_as_owner only. */
extern void tsm_temporal_make_truncate_triggers(const TsmVersionedTable *table);

/* tsm_temporal_move.c */

/* Before a command: what belongs to a table cannot be moved alone (55000). */
extern void tsm_temporal_before_set_schema(const AlterObjectSchemaStmt *statement);
extern void tsm_temporal_before_rename_function(const RenameStmt *statement);

/*
 * Before DROP SCHEMA ... CASCADE and DROP OWNED: 55000 for partitions of a
 * table that stays. Before DROP EXTENSION: histories become ordinary tables.
 */
extern void tsm_temporal_before_drop_many(const DropStmt *statement);
extern void tsm_temporal_before_drop_owned(const DropOwnedStmt *statement);

/* At the end of SET SCHEMA and RENAME TO, in an event trigger: what belongs to the table follows. */
extern void tsm_temporal_follow_schema(void);
extern void tsm_temporal_follow_table_name(const RenameStmt *statement);

/* tsm_temporal_event.c */

/* Before a column is dropped: its history is put aside, and what was generated over it dropped. */
extern void tsm_temporal_before_drop_column(Oid relid, const char *column);

/* 42701 when a new column would take over one of the table's history. Nothing for other tables. */
extern void tsm_temporal_check_new_column(Oid relid, const char *column);

/* tsm_temporal_folded.c */

/* Refuse (55000) to do what the verb says to what holds the folded part of a history. */
extern void tsm_temporal_check_part_kept(Oid relid, const char *verb);

/* Before a command, and after it: 0A000 when it changes a type so that folded values of it could not be read. */
extern void tsm_temporal_check_types_kept(const Node *tree);

/* ALTER TABLE on it: what does not concern its rows is let pass. */
extern void tsm_temporal_before_alter_part(Oid relid, const AlterTableStmt *statement);

/* tsm_temporal_security.c */

/* Copy SELECT rights of the table onto its history and its view; its policies onto its history. */
extern void tsm_temporal_copy_rights(const TsmVersionedTable *table);
extern void tsm_temporal_copy_policies(const TsmVersionedTable *table);

/*
 * After GRANT or REVOKE: the same for the tables that it names, by themselves, by their histories and views, or by their
 * schema. While a dump is restored only what is taken from others than the owner is followed.
 */
extern void tsm_temporal_follow_grant(const GrantStmt *statement, bool restoring);

/*
 * While a dump is restored: copy one policy, or for NULL none, and turn row
 * security on for the history where the table has it. Takes nothing away, and
 * does nothing when another session has locked the history: it restores that.
 */
extern void tsm_temporal_restore_policy(const TsmVersionedTable *table, const char *policy);

/* Remove a policy of a history, if there is one of that name. */
extern void tsm_temporal_remove_policy(Oid history, const char *policy);

#endif							/* TSM_TEMPORAL_INT_H */
