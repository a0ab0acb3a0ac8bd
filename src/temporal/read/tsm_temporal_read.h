/*-------------------------------------------------------------------------
 *
 * tsm_temporal_read.h
 *	  Private to reading: histories, and snapshot tokens.
 *
 * A token names what one snapshot saw, by transactions. As text:
 *
 *	  tsm1.SYSTEM.TIME.OWN.XMIN:XMAX:XIP,XIP,...
 *
 * SYSTEM	system identifier of the cluster, hexadecimal
 * TIME		when the statement began whose snapshot it is (the transaction, where that has one snapshot),
 *			microseconds since 2000-01-01 UTC, decimal
 * OWN		transaction that took the token, whose changes it sees; empty without an id
 * XMIN...	as the text of a pg_snapshot
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_READ_H
#define TSM_TEMPORAL_READ_H

#include "tsm_compat.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"
#include "utils/tuplestore.h"

/* Transactions running at once: backends and prepared transactions, each at most 2^18 - 1 of them. */
#define TSM_SNAPSHOT_MAX_XIDS 524286

typedef struct TsmSnapshot
{
	uint64		system_identifier;
	TimestampTz time;
	uint64		own;			/* 0 without */
	uint64		xmin;			/* all before are seen */
	uint64		xmax;			/* none from here on is */
	int			nxip;
	uint64		xip[FLEXIBLE_ARRAY_MEMBER]; /* not seen: ascending, in [xmin, xmax) */
} TsmSnapshot;

/* Its size in bytes, to copy it to other memory. */
#define tsm_snapshot_size(snapshot) (offsetof(TsmSnapshot, xip) + sizeof(uint64) * (snapshot)->nxip)

/* tsm_temporal_token.c: knows no cluster, raises no error but for memory. */

/* The text of a token, palloc'd. */
extern char *tsm_snapshot_write(const TsmSnapshot *snapshot);

/* A token read, palloc'd; NULL for what is none. */
extern TsmSnapshot *tsm_snapshot_read(const char *text);

/* Whether it saw the changes of a transaction that has committed since, or had then. */
extern bool tsm_snapshot_sees(const TsmSnapshot *snapshot, uint64 xid);

/* What is known of a version. Without end (the current one) ended is false. */
typedef struct TsmVersion
{
	TimestampTz start;
	TimestampTz end;
	uint64		start_xid;
	uint64		end_xid;
	bool		ended;
} TsmVersion;

/*
 * Whether it saw a version. What happened before since, when the transaction
 * ids of the table became those of this cluster, is judged by time alone.
 */
extern bool tsm_snapshot_sees_version(const TsmSnapshot *snapshot, TimestampTz since,
									  const TsmVersion *version);

/* tsm_temporal_snapshot.c */

/* The token of the active snapshot, palloc'd. */
extern TsmSnapshot *tsm_snapshot_take(void);

/*
 * Read a token that can be used here: 22P02 for text that is none, 22023 for
 * one of another cluster or newer than this one, 55000 for one newer than a
 * standby. palloc'd.
 */
extern TsmSnapshot *tsm_snapshot_accept(const char *text);

/*
 * Since when the transaction ids of a table are of this cluster: infinity when
 * none is. 55000 for a table that is not versioned, nor all its partitions.
 */
extern TimestampTz tsm_snapshot_since(Oid relid);

/* tsm_temporal_as_of.c */

/*
 * The histories of a table: its own, or those of its partitions when each is
 * versioned by itself; 55000 without.
 */
extern List *tsm_temporal_histories(Relation rel);

/* as_of, as_of_snapshot, find_documents, and what is none of them. */
typedef enum TsmReadKind
{
	TSM_READ_NONE,
	TSM_READ_TIME,
	TSM_READ_SNAPSHOT,
	TSM_READ_FIND
} TsmReadKind;

extern TsmReadKind tsm_temporal_read_kind(PGFunction function);

/*
 * The query that reads a table: as of the time or the token $1, or without
 * by_system its current rows; at the valid time $2 by_valid. Raises as
 * tsm_temporal_histories, and 55000 by_valid without just one period.
 */
extern char *tsm_temporal_read_query(Relation rel, TsmReadKind kind, bool by_system,
									 bool by_valid);

/*
 * Run a query with the rights of the caller and store its rows. Its parameters
 * are $1, of the given type, and $2, a timestamptz.
 */
extern void tsm_temporal_store_rows(const char *query, Oid type, Datum *times, const char *nulls,
									Tuplestorestate *store);

/* tsm_temporal_inline.c: the hook of the planner; after the session's. */
extern void tsm_temporal_inline_load(void);

#endif							/* TSM_TEMPORAL_READ_H */
