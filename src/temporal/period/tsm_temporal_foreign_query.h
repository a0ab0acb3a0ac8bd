/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_query.h
 *	  The queries of a temporal foreign key as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_FOREIGN_QUERY_H
#define TSM_TEMPORAL_FOREIGN_QUERY_H

#include "tsm_temporal_foreign.h"

/* How one key column is compared. Names are quoted. */
typedef struct TsmForeignMatch
{
	const char *column;
	const char *referenced_column;
	Oid			type;			/* of the referencing column, below domains */
	Oid			compared;		/* what the operator takes */
	Oid			operator;		/* the equality of the referenced key */
	Oid			collation;		/* of the referenced column */
	bool		same_collation;
} TsmForeignMatch;

/* What the texts are made of. Names are quoted, those of tables qualified. */
typedef struct TsmForeignQueries
{
	int			nkeys;
	TsmForeignMatch *matches;
	const char *period;
	const char *from_column;	/* NULL, or what the period is generated from */
	const char *to_column;
	const char *referenced_period;
	const char *target;			/* the referencing table */
	const char *referencing;	/* the same in FROM, with ONLY unless it is partitioned */
	const char *referenced;		/* the referenced table in FROM */
	const char *lock;			/* strength of the lock of referenced rows */
	const char *left_columns;	/* of a leftover, and what they get */
	const char *left_values;
} TsmForeignQueries;

/*
 * How the columns are compared, given the constraint of the referenced key.
 * 42804 when the types of a pair do not fit: equal, or an implicit cast of the
 * server's own from the referencing to the referenced one; periods equal.
 */
extern TsmForeignMatch *tsm_foreign_matches(const TsmForeignKey *key, Oid constraint);

/* Whether the constraint is the server's WITHOUT OVERLAPS, and no exclusion constraint. */
extern bool tsm_foreign_is_native_key(Oid constraint);

extern TsmForeignQueries *tsm_foreign_queries(const TsmForeignKey *key, Oid constraint);
extern char *tsm_foreign_query_text(const TsmForeignQueries *q, TsmForeignQuery which);

#endif							/* TSM_TEMPORAL_FOREIGN_QUERY_H */
