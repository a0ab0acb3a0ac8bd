/*-------------------------------------------------------------------------
 *
 * tsm_delta.h
 *	  Public header of delta: the registry of versioned tables and the
 *	  protection of their history.
 *
 * The registry is the ordinary table tsmem.versioned_tables. It is read and
 * written here through table and index APIs, so the rights of the current
 * user on it do not matter; who may call what is the caller's affair.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_H
#define TSM_DELTA_H

#include "tsm_compat.h"

#include "datatype/timestamp.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* Columns that versioning adds to a table, and those its history adds to them. */
#define TSM_ROW_START	"row_start"
#define TSM_ROW_XID		"row_xid"
#define TSM_ROW_END		"row_end"
#define TSM_ROW_END_XID	"row_end_xid"
#define TSM_SYS_PERIOD	"sys_period"

/*
 * One row of tsmem.versioned_tables. Lists hold C strings (column and
 * function names).
 */
typedef struct TsmVersionedTable
{
	Oid			rel;
	Oid			history;
	Oid			versions;		/* view of all versions; InvalidOid without */
	List	   *functions;		/* names of the generated functions, in the order of their making */
	List	   *key_columns;	/* NIL for a table without key */
	bool		disjoint_keys;	/* one version of a key at a time */
	List	   *excluded_columns;
	bool		added_columns;	/* row_start and row_xid are ours, to be dropped with the versioning */
	Jsonb	   *options;		/* as validated; the two that writes read follow */
	bool		no_op_updates;
	bool		truncate_to_history;
	TimestampTz since;			/* set when the row is stored */
	int64		system_identifier;	/* set when the row is stored */
	TimestampTz horizon;		/* history before it may be gone */
	uint64		horizon_xid;	/* snapshots that do not see all transactions before it may have seen what is gone */
} TsmVersionedTable;

/* The registration of a table, or NULL. Allocated in the current context. */
extern TsmVersionedTable *tsm_delta_find(Oid rel);

/* The registration whose history is the given table, or NULL. */
extern TsmVersionedTable *tsm_delta_find_by_history(Oid history);

/* All registrations, as a list of TsmVersionedTable. */
extern List *tsm_delta_list(void);

/* Store, change and remove a registration; cached write plans are invalidated. */
extern void tsm_delta_insert(const TsmVersionedTable *table);
extern void tsm_delta_update(const TsmVersionedTable *table);
extern void tsm_delta_remove(Oid rel);

/* Mark a registration that came from another cluster with this one and this time. */
extern void tsm_delta_claim(const TsmVersionedTable *table);

/*
 * How far back the history of a table reaches, as a snapshot sees it, or for
 * NULL now. False for a table that is not registered.
 */
extern bool tsm_delta_find_horizon(Oid rel, Snapshot snapshot, TimestampTz *time, uint64 *xid);

/*
 * Refuse (22008) what was, perhaps, partly removed from the history of a table
 * or of its partitions: a time, or the time of a snapshot that saw all
 * transactions before xmin.
 */
extern void tsm_delta_check_time(Oid rel, TimestampTz time);
extern void tsm_delta_check_token(Oid rel, TimestampTz time, uint64 xmin);

/* The OID of a table (or index) of schema tsmem; an error when it is missing. */
extern Oid	tsm_delta_own_relation(const char *name);

/* A list of C strings as a name[] datum, and back. */
extern Datum tsm_delta_names_datum(const List *names);
extern List *tsm_delta_names_list(Datum names);

/*
 * Make a history table read-only for everyone: triggers raise 42501. Runs DDL, so it must be called inside tsm_delta_as_owner.
 */
extern void tsm_delta_protect_history(Oid history);

/* Undo that: the table becomes an ordinary one. In tsm_delta_as_owner only. */
extern void tsm_delta_unprotect_history(Oid history);

/*
 * Whether a command, as an event trigger gets it at its start or its end, is
 * one of tsmem itself: run by tsm_delta_execute, or within
 * tsm_delta_as_owner. To be asked at the start of every command.
 */
extern bool tsm_delta_is_own_command(const Node *command);

/*
 * Run act(arg) as the given role, with search_path set to pg_catalog and
 * pg_temp; its commands are tsmem's own. The caller has checked that the
 * current user may act for that role. The rows of a history stay protected:
 * they are written through table APIs only, which fire no triggers.
 */
extern void tsm_delta_as_owner(Oid owner, void (*act) (void *), void *arg);

/*
 * The same for what makes values or compares them, which runs functions of
 * users (of domains, casts, defaults, types): commands are judged like any others,
 * but those of tsm_delta_execute.
 */
extern void tsm_delta_values_as_owner(Oid owner, void (*act) (void *), void *arg);

/*
 * Run one statement through SPI, built as psprintf does; gives the number of
 * its rows. What it sets off (triggers, casts, functions of users) is not
 * tsmem's own.
 */
extern uint64 tsm_delta_execute(const char *fmt,...) pg_attribute_printf(1, 2);

/* The folded versions of a history, open for a statement that writes. */
typedef struct TsmDeltaFolded TsmDeltaFolded;

/*
 * Open them in the current context; NULL when the history has no store. The
 * history is open and locked, and stays so.
 */
extern TsmDeltaFolded *tsm_delta_folded_open(Relation history);
extern void tsm_delta_folded_close(TsmDeltaFolded *folded);

/*
 * When the latest folded version of a key ended; false unless that is after
 * the given time. Of a table whose keys have one version at a time; values are
 * those of its key columns, in their order, without nulls. What has been committed counts, whatever the
 * snapshot of the transaction. XX001 for a block that cannot be read.
 */
extern bool tsm_delta_folded_end(TsmDeltaFolded *folded, const Datum *values, TimestampTz after,
								 TimestampTz *end);

/* Make the store of folded versions go with its history, if it has one: a dump has no such dependencies. */
extern void tsm_delta_bind_store(Oid history);

/*
 * base_suffix, or where that is longer than 63 bytes a part of base, a hash
 * of all of it, and the suffix. palloc'd.
 */
extern char *tsm_delta_make_name(const char *base, const char *suffix);

/* The schema-qualified, quoted name of a relation; palloc'd. */
extern char *tsm_delta_relation_name(Oid rel);

#endif							/* TSM_DELTA_H */
