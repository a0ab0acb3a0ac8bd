/*-------------------------------------------------------------------------
 *
 * tsm_delta_follow.h
 *	  Public header of delta: folded history follows the definition of its
 *	  table. Whoever changes a history calls these.
 *
 * A history without a store of folded versions is left alone by all of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_FOLLOW_H
#define TSM_DELTA_FOLLOW_H

#include "access/tupdesc.h"
#include "catalog/dependency.h"

#include "tsm_delta.h"

/* ---- columns; the history is locked against everybody ---- */

/* A column of the history was renamed. */
extern void tsm_delta_follow_column_name(Oid history, const char *old_name, const char *new_name);

/* A column was added to the history; its default, which it still has, is what former versions read. */
extern void tsm_delta_follow_new_column(Oid history, const char *column);

/*
 * Whether the type that a column of the history is about to get needs the
 * versions as rows: the cast is not the same whenever it is done, or segments
 * would be in another order.
 */
extern bool tsm_delta_must_unfold(const TsmVersionedTable *table, Form_pg_attribute type);

/*
 * A column of the history has got another type. Each folded value is cast to
 * it, which may raise whatever the cast or the type raises. old: the attribute before.
 */
extern void tsm_delta_follow_type(const TsmVersionedTable *table, Form_pg_attribute old);

/* Event trigger sql_drop: what was dropped with a type. */
extern void tsm_delta_follow_dropped_columns(void);

/* Put all folded versions of a table back into the tail, with a notice that says why; as the owner. fold/ has it. */
extern void tsm_delta_unfold_before(const TsmVersionedTable *table, const char *why);

/*
 * 0A000 when folded versions hold texts of a type, or of a type made of it,
 * that could not be read after what is about to be done to it. inside: only
 * those of types made of it.
 */
extern void tsm_delta_check_type_unused(Oid type, bool inside, const char *what);

/* Columns among the options are renamed (names may be NULL for none), and go when they are gone. fold/ has it. */
extern void tsm_delta_follow_zones(Oid history, const char *old_name, const char *new_name);

/* ---- relations ---- */

/* Whether versions are folded. */
extern bool tsm_delta_has_folded(Oid history);

/* The history whose store a relation belongs to; InvalidOid for others. */
extern Oid	tsm_delta_history_of_part(Oid relid);

/* The relations of the store of a history; NIL without. */
extern List *tsm_delta_parts(Oid history);

/* The history was renamed, from the given name. */
extern void tsm_delta_follow_name(Oid history, const char *old_name);

/*
 * What holds folded versions is read by its owner alone, whatever is granted,
 * and has row security where the history has it.
 */
extern void tsm_delta_keep_private(Oid history);

/* Drop the store of a history, with all that is in it. In tsm_delta_as_owner only. */
extern void tsm_delta_drop_store(Oid history);

/*
 * Before DROP EXTENSION: 55000 where versions are folded. Empty stores go with
 * their foreign tables.
 */
extern void tsm_delta_release_stores(void);

/* Event trigger sql_drop: 55000 when a part of a store was dropped and its history was not. */
extern void tsm_delta_check_parts_kept(void);

#endif							/* TSM_DELTA_FOLLOW_H */
