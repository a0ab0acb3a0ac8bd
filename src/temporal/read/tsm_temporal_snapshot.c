/*-------------------------------------------------------------------------
 *
 * tsm_temporal_snapshot.c
 *	  Snapshot tokens in this cluster: snapshot() takes one, _seen() asks
 *	  whether one saw a version.
 *
 * Rows carry the ids of top-level transactions, so a token needs no
 * subtransactions. A prepared transaction is running until it is committed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"

PG_FUNCTION_INFO_V1(tsm_temporal_snapshot);
PG_FUNCTION_INFO_V1(tsm_temporal_seen);
PG_FUNCTION_INFO_V1(tsm_temporal_token_within_horizon);

/* Arguments of _seen. */
enum SeenArgument
{
	SEEN_TOKEN,
	SEEN_REL,
	SEEN_START,
	SEEN_START_XID,
	SEEN_END,
	SEEN_END_XID
};

/* What _seen keeps from one row to the next, in the context of its FmgrInfo. */
typedef struct SeenCache
{
	bool		fixed;			/* token and table are the same in every row */
	MemoryContext context;		/* of the token */
	text	   *token;
	TsmSnapshot *snapshot;
	Oid			rel;
	TimestampTz since;
} SeenCache;

/* A 64-bit transaction id, for one that is not newer than the next to be given. */
static uint64
widen_xid(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return ((uint64) epoch << 32) | xid;
}

static int
compare_xids(const void *a, const void *b)
{
	uint64		left = *(const uint64 *) a;
	uint64		right = *(const uint64 *) b;

	return (left > right) - (left < right);
}

TsmSnapshot *
tsm_snapshot_take(void)
{
	Snapshot	active = GetActiveSnapshot();
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	/* What was running on the primary is among the subtransactions on a standby. */
	TransactionId *xip = active->takenDuringRecovery ? active->subxip : active->xip;
	int			count = active->takenDuringRecovery ? active->subxcnt : active->xcnt;
	TsmSnapshot *snapshot = palloc0(offsetof(TsmSnapshot, xip) + sizeof(uint64) * count);
	int			i;

	snapshot->system_identifier = GetSystemIdentifier();
	snapshot->time = IsolationUsesXactSnapshot() ? GetCurrentTransactionStartTimestamp() :
		GetCurrentStatementStartTimestamp();
	snapshot->own = FullTransactionIdIsValid(own) ? U64FromFullTransactionId(own) : 0;
	snapshot->xmin = widen_xid(active->xmin, next);
	snapshot->xmax = widen_xid(active->xmax, next);
	for (i = 0; i < count; i++)
		snapshot->xip[i] = widen_xid(xip[i], next);
	snapshot->nxip = count;
	qsort(snapshot->xip, count, sizeof(uint64), compare_xids);
	return snapshot;
}

TsmSnapshot *
tsm_snapshot_accept(const char *text)
{
	TsmSnapshot *snapshot = tsm_snapshot_read(text);

	if (snapshot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid snapshot token: \"%.100s\"", text),
				 errhint("Give what tsmem.snapshot() returned.")));
	if (snapshot->system_identifier != GetSystemIdentifier())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("snapshot token is from another cluster"),
				 errdetail("Its transaction ids mean nothing here.")));
	if (snapshot->xmax > U64FromFullTransactionId(ReadNextFullTransactionId()))
		ereport(ERROR,
				(errcode(RecoveryInProgress() ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE :
						 ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("snapshot token is newer than this cluster"),
				 RecoveryInProgress() ?
				 errdetail("This standby has not replayed so far yet.") :
				 errdetail("It is from a timeline that is gone.")));
	return snapshot;
}

/*
 * The same of one registration. One of another cluster has come by
 * pg_upgrade, which goes on with the ids of transactions: they are believed
 * from when this cluster was made (its identifier begins with that second).
 */
static TimestampTz
since_of(const TsmVersionedTable *table)
{
	uint64		cluster = GetSystemIdentifier();

	if (table->system_identifier == (int64) cluster)
		return table->since;
	return Max(table->since, time_t_to_timestamptz((pg_time_t) (cluster >> 32)));
}

/* Of partitions that are versioned each by itself the latest counts. */
TimestampTz
tsm_snapshot_since(Oid relid)
{
	TsmVersionedTable *table = tsm_delta_find(relid);
	TimestampTz since = DT_NOBEGIN;
	List	   *partitions = NIL;
	ListCell   *cell;

	if (table != NULL)
		return since_of(table);
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		partitions = find_all_inheritors(relid, AccessShareLock, NULL);
	foreach(cell, partitions)
	{
		table = tsm_delta_find(lfirst_oid(cell));
		if (table != NULL)
			since = Max(since, since_of(table));
		else if (get_rel_relkind(lfirst_oid(cell)) != RELKIND_PARTITIONED_TABLE)
			break;
	}
	if (cell != NULL || TIMESTAMP_IS_NOBEGIN(since))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not system-versioned",
						get_rel_name(relid) ? get_rel_name(relid) : psprintf("%u", relid))));
	return since;
}

/*
 * snapshot() → text
 *
 * A token of what the calling statement sees. STABLE, as its snapshot is.
 */
Datum
tsm_temporal_snapshot(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(tsm_snapshot_write(tsm_snapshot_take())));
}

/* The cache of a call site, brought up to its token and table. */
static SeenCache *
seen_cache(FunctionCallInfo fcinfo)
{
	SeenCache  *cache = fcinfo->flinfo->fn_extra;
	Oid			rel = PG_GETARG_OID(SEEN_REL);
	text	   *token;
	MemoryContext old;

	if (cache != NULL && cache->fixed)
		return cache;
	token = PG_GETARG_TEXT_PP(SEEN_TOKEN);
	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SeenCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "tsmem snapshot token",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	if (cache->snapshot == NULL || VARSIZE_ANY_EXHDR(token) != VARSIZE_ANY_EXHDR(cache->token) ||
		memcmp(VARDATA_ANY(token), VARDATA_ANY(cache->token), VARSIZE_ANY_EXHDR(token)) != 0)
	{
		cache->snapshot = NULL;
		MemoryContextReset(cache->context);
		old = MemoryContextSwitchTo(cache->context);
		cache->token = (text *) PG_DETOAST_DATUM_COPY(PointerGetDatum(token));
		cache->snapshot = tsm_snapshot_accept(text_to_cstring(token));
		MemoryContextSwitchTo(old);
	}
	if (cache->rel != rel)
	{
		cache->since = tsm_snapshot_since(rel);
		cache->rel = rel;
	}
	cache->fixed = get_fn_expr_arg_stable(fcinfo->flinfo, SEEN_TOKEN) &&
		get_fn_expr_arg_stable(fcinfo->flinfo, SEEN_REL);
	return cache;
}

/*
 * _seen(token text, rel regclass, row_start timestamptz, row_start_xid xid8,
 *		 row_end timestamptz, row_end_xid xid8) → boolean
 *
 * Whether the snapshot saw a version of the table. A version without end,
 * null or infinity, is current. Null without token, table or start. Errors as
 * tsm_snapshot_accept and tsm_snapshot_since.
 */
Datum
tsm_temporal_seen(PG_FUNCTION_ARGS)
{
	SeenCache  *cache;
	TsmVersion	version = {0};

	if (PG_ARGISNULL(SEEN_TOKEN) || PG_ARGISNULL(SEEN_REL) || PG_ARGISNULL(SEEN_START))
		PG_RETURN_NULL();
	cache = seen_cache(fcinfo);
	version.start = PG_GETARG_TIMESTAMPTZ(SEEN_START);
	if (!PG_ARGISNULL(SEEN_START_XID))
		version.start_xid = U64FromFullTransactionId(PG_GETARG_FULLTRANSACTIONID(SEEN_START_XID));
	if (!PG_ARGISNULL(SEEN_END))
		version.end = PG_GETARG_TIMESTAMPTZ(SEEN_END);
	version.ended = !PG_ARGISNULL(SEEN_END) && !TIMESTAMP_IS_NOEND(version.end);
	if (!PG_ARGISNULL(SEEN_END_XID))
		version.end_xid = U64FromFullTransactionId(PG_GETARG_FULLTRANSACTIONID(SEEN_END_XID));
	PG_RETURN_BOOL(tsm_snapshot_sees_version(cache->snapshot, cache->since, &version));
}

/*
 * _token_within_horizon(rel regclass, token text) → boolean
 *
 * True, or an error: 22008 when a version that the snapshot saw may have been
 * removed from the history, and as tsm_snapshot_accept.
 */
Datum
tsm_temporal_token_within_horizon(PG_FUNCTION_ARGS)
{
	TsmSnapshot *snapshot = tsm_snapshot_accept(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	tsm_delta_check_token(PG_GETARG_OID(0), snapshot->time, snapshot->xmin);
	pfree(snapshot);
	PG_RETURN_BOOL(true);
}
