/*-------------------------------------------------------------------------
 *
 * tsm_temporal_portion.h
 *	  FOR PORTION OF: changes of a part of a row's period.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_PORTION_H
#define TSM_TEMPORAL_PORTION_H

#include "tsm_temporal_int.h"

/* SQL:2011: a portion whose end is not after its start. */
#define ERRCODE_TSM_INVALID_PERIOD_VALUE MAKE_SQLSTATE('2','2','0','2','0')

/* tsm_temporal_portion.c */

/* The name of a table as a statement changes it: the rows of tables that inherit from it are not its own. */
extern char *tsm_temporal_portion_target(Relation rel);

/* Views of a table's periods: made where one is missing or shows other columns than the table. As any user. */
extern void tsm_temporal_follow_portions(Oid relid);

/* Before a change of a table that its views follow: they are locked before it, as an update locks them. */
extern void tsm_temporal_lock_portions(Oid relid);

/* Before a column of a table, or of one below it, is dropped or changes its type: their views are dropped. */
extern void tsm_temporal_drop_portions(Oid relid);

/* The views of all periods, before the extension goes. */
extern void tsm_temporal_drop_all_portions(void);

/* Make the views go with their table when it is dropped; of all tables for InvalidOid. */
extern void tsm_temporal_bind_portions(Oid relid);

/* After SET SCHEMA and RENAME TO of a table. */
extern void tsm_temporal_move_portions(Oid relid);
extern void tsm_temporal_rename_portions(Oid relid, const char *old_name, const char *new_name);

/* tsm_temporal_leftover.c */

/*
 * The columns that a leftover is given, as a list of attribute numbers. The
 * others get their default: generated and identity columns, stamps of a
 * versioned table, and columns with a default in a unique key that two pieces
 * of a row cannot share. A key that contains the period can be shared: its
 * columns are kept, identities too.
 */
extern List *tsm_temporal_leftover_columns(Relation rel, const TsmTemporalPeriod *period);

/*
 * One statement, SELECT, that deletes a portion of the rows of a table. portion
 * is an expression of the range type; alias names the table in where, using
 * and returning, which are as the user wrote them, or NULL, as with is (common
 * table expressions, without WITH). Without returning it gives the number of
 * rows that were deleted from. 42704 when there is no such period. palloc'd.
 */
extern char *tsm_temporal_delete_portion_sql(Oid relid, const char *period, const char *portion,
											 const char *alias, const char *with,
											 const char *using_clause, const char *where,
											 const char *returning);

/* "OPERATOR(schema.name)" */
extern char *tsm_temporal_operator_name(Oid operator);

/* The same of the equality of a type; 42883 when it has none. */
extern char *tsm_temporal_equality(Oid type);

/* tsm_temporal_period.c */

/* The period of a table by name, or NULL; the one that a view belongs to, or NULL. */
extern TsmTemporalPeriod *tsm_temporal_period(Oid relid, const char *name);

/* The same, or 42704. */
extern TsmTemporalPeriod *tsm_temporal_existing_period(Relation rel, const char *name);
extern TsmTemporalPeriod *tsm_temporal_period_of_view(Oid view);

/* tsm_temporal_cut.c */

extern void tsm_temporal_cut_load(void);

#endif							/* TSM_TEMPORAL_PORTION_H */
