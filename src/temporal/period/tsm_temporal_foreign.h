/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign.h
 *	  Temporal foreign keys: their registry, their descriptions as the
 *	  triggers use them, and what event triggers ask of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_FOREIGN_H
#define TSM_TEMPORAL_FOREIGN_H

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "tsm_temporal_int.h"

typedef enum TsmForeignAction
{
	TSM_NO_ACTION,
	TSM_RESTRICT,
	TSM_CASCADE,
	TSM_SET_NULL,
	TSM_SET_DEFAULT
} TsmForeignAction;

/* One row of tsmem.temporal_foreign_keys. Lists hold C strings. */
typedef struct TsmForeignKey
{
	Oid			rel;
	char	   *name;			/* of the constraint, and of the trigger that checks rows of rel */
	List	   *key_columns;	/* without the period */
	char	   *period;
	Oid			referenced;
	List	   *referenced_columns;
	char	   *referenced_period;
	TsmForeignAction on_delete;
	TsmForeignAction on_update;
	bool		deferrable;
	bool		initially_deferred;
	char	   *referenced_trigger; /* on the referenced table; NULL for a constraint of the server's own */
	char	   *truncate_trigger;	/* likewise */
} TsmForeignKey;

/* tsm_temporal_foreign_registry.c */

extern const char *tsm_foreign_action_name(TsmForeignAction action);

/* All registrations, as a list of TsmForeignKey, in the current context. */
extern List *tsm_foreign_list(void);

/* The foreign key of a table by name, or NULL. */
extern TsmForeignKey *tsm_foreign_find(Oid rel, const char *name);

/* Store and remove a registration. */
extern void tsm_foreign_insert(const TsmForeignKey *key);
extern void tsm_foreign_remove(const TsmForeignKey *key);

/*
 * The constraint that enforces the temporal key over these columns, in any
 * order, and this period; InvalidOid when there is none.
 */
extern Oid	tsm_foreign_key_constraint(Oid relid, const List *columns, const char *period);

/*
 * Let the check of each foreign key depend on the referenced temporal key, and
 * its other triggers on the check. No dump has such dependencies, so this is
 * asked for before every command that drops something. With prune, those on
 * keys of partitions that were detached are removed.
 */
extern void tsm_foreign_bind_all(bool prune);

/* Remove registrations whose triggers or constraint are gone. */
extern void tsm_foreign_forget_dropped(void);

/* Follow RENAME of a column, and of the constraint itself. */
extern void tsm_foreign_rename_column(Oid relid, const char *old_name, const char *new_name);
extern void tsm_foreign_rename_constraint(Oid relid, const char *old_name, const char *new_name);

/* 2BP01 when a foreign key of the table uses the period. */
extern void tsm_foreign_check_period_unused(Oid relid, const char *period);

/*
 * Before ALTER TABLE, RENAME or DROP of a trigger: 55000 for what a foreign key
 * could not follow, 42501 for who disables its triggers and is no superuser.
 */
extern void tsm_foreign_before_alter(Oid relid, const AlterTableCmd *command);
extern void tsm_foreign_check_trigger_kept(Oid relid, const char *trigger);

/* tsm_temporal_foreign_add.c */

/*
 * A partition has come to a table, as a new one or with its rows (attached),
 * or has gone from it. 23503 when rows are left without what they reference.
 */
extern void tsm_foreign_after_partitions(Oid relid, bool attached, bool detached);

/* tsm_temporal_foreign_info.c */

/* Queries of a foreign key; parameters are those that the columns' types give. */
typedef enum TsmForeignQuery
{
	TSM_COVER_NEW,				/* keys and period of a referencing row: what covers it, locked */
	TSM_LOOK_NEW,				/* the same, not locked */
	TSM_COVER_OLD,				/* keys and period of a referenced row: what covers it now, locked */
	TSM_REST,					/* keys, multirange: a referencing row in it, locked */
	TSM_LOCK,					/* the same: all of them, locked for a change */
	TSM_DELETE,					/* the same: delete them there, insert what is left */
	TSM_SET_NULLS,				/* keys, range: change them there, insert what is left */
	TSM_SET_DEFAULTS,
	TSM_SET_KEYS,				/* keys, range, new keys */
	TSM_INVALID,				/* none: a referencing row that is not covered */
	TSM_ANY,					/* none: a referencing row */
	TSM_QUERIES
} TsmForeignQuery;

/*
 * A foreign key as a trigger of a table or a partition uses it. Lives in a
 * context of its own until invalidated and unused.
 */
typedef struct TsmForeignInfo
{
	bool		valid;
	bool		cached;			/* lasts; its plans are kept */
	int			busy;			/* executions of its queries under way */
	MemoryContext context;
	TsmForeignKey *key;			/* without the names of triggers */
	Oid			relid;			/* the relation given */
	Oid			owner;			/* of the referencing table */
	Oid			referenced_owner;
	Oid			extension_owner;
	int			nkeys;
	AttrNumber *columns;		/* of the relation given: keys, then period */
	Oid		   *types;			/* of the referencing columns: keys, then period */
	Oid		   *referenced_types;	/* of the referenced ones */
	TypeCacheEntry *range;
	Oid			multirange;
	bool		referenced_partitioned;
	struct TsmForeignQueries *queries;
	SPIPlanPtr	plans[TSM_QUERIES];
} TsmForeignInfo;

/*
 * The description of a foreign key for columns of the given relation, which is
 * its referencing or referenced table or a partition of that. Raises 42830
 * when the referenced temporal key is gone, 42804 when types do not fit.
 */
extern TsmForeignInfo *tsm_foreign_describe(const TsmForeignKey *key, Relation rel, bool referencing);

/* Give back one that is not in the cache. */
extern void tsm_foreign_release(TsmForeignInfo *info);

/* The cached description for a trigger; 39P01 when it belongs to no foreign key. */
extern TsmForeignInfo *tsm_foreign_info(Oid trigger, Relation rel, bool referencing);

/*
 * Run a query, in an SPI connection, as the owner of the table it reads;
 * returns the number of rows (at most limit of a SELECT; 0: all). With
 * new_rows it sees, above READ COMMITTED too, what others have committed
 * since, and raises 40001 rather than change what the transaction's snapshot
 * does not show. AFTER triggers that it sets off run after the present ones.
 */
extern uint64 tsm_foreign_run(TsmForeignInfo *info, TsmForeignQuery query, Datum *values,
							  bool new_rows, long limit);

/* tsm_temporal_foreign_report.c */

/* 23503: no referenced rows cover this row of the referencing table. values: keys, period. */
pg_noreturn extern void tsm_foreign_report_missing(TsmForeignInfo *info, Relation rel, Datum *values);

/* 23503, or 23001 with RESTRICT: a row of the referenced table is still needed. */
pg_noreturn extern void tsm_foreign_report_needed(TsmForeignInfo *info, Relation rel, Datum *values,
												  bool restricted);

#endif							/* TSM_TEMPORAL_FOREIGN_H */
