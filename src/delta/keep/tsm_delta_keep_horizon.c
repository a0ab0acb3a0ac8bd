/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep_horizon.c
 *	  The horizon of a history: who reads it as of a time before gets an
 *	  error, not what is left.
 *
 * Whatever reads a history as of a time has the condition
 * tsmem._within_horizon(table, time), for a snapshot token
 * tsmem._token_within_horizon(table, token). With a time that is the same for
 * all rows the server evaluates it once, before it reads.
 *
 * The horizon is looked up with the snapshot of the query: who sees that
 * versions are gone sees the horizon that went before them or with them, and
 * who does not see the horizon sees the versions.
 *
 * While nothing was removed from a history the planner leaves the condition
 * out, so that nothing is paid for. That is right as long as the
 * history is locked; so the first removal takes AccessExclusiveLock on it, and
 * a plan from before is made anew after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta.h"

/* What a call site keeps from one row to the next, in the context of its FmgrInfo, for one statement. */
typedef struct HorizonCache
{
	Oid			rel;
	TransactionId xmin;			/* of the snapshot, to tell it from that of another statement */
	TransactionId xmax;
	CommandId	command;
	TimestampTz time;
	uint64		xid;
} HorizonCache;

/*
 * The latest horizon of a table or, where that is not registered, of its
 * partitions.
 */
static void
find_horizon(Oid rel, Snapshot snapshot, TimestampTz *time, uint64 *xid)
{
	ListCell   *cell;

	TIMESTAMP_NOBEGIN(*time);
	*xid = 0;
	if (tsm_delta_find_horizon(rel, snapshot, time, xid) ||
		get_rel_relkind(rel) != RELKIND_PARTITIONED_TABLE)
		return;
	foreach(cell, find_all_inheritors(rel, NoLock, NULL))
	{
		TimestampTz other_time;
		uint64		other_xid;

		if (!tsm_delta_find_horizon(lfirst_oid(cell), snapshot, &other_time, &other_xid))
			continue;
		*time = Max(*time, other_time);
		*xid = Max(*xid, other_xid);
	}
}

static Snapshot
reading_snapshot(void)
{
	return ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
}

static const char *
table_name(Oid rel)
{
	char	   *name = get_rel_name(rel);

	return name != NULL ? name : "?";
}

pg_noreturn static void
refuse_time(Oid rel, TimestampTz time, TimestampTz horizon)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("history of table \"%s\" does not reach back that far", table_name(rel)),
			 errdetail("It was asked for %s; what ended before %s has been removed.",
					   pstrdup(timestamptz_to_str(time)), pstrdup(timestamptz_to_str(horizon))),
			 errhint("The view of its versions shows what is left.")));
}

void
tsm_delta_check_time(Oid rel, TimestampTz time)
{
	TimestampTz horizon;
	uint64		xid;

	find_horizon(rel, reading_snapshot(), &horizon, &xid);
	if (time < horizon)
		refuse_time(rel, time, horizon);
}

/*
 * A removed version ended at or before the horizon; but the end of a version
 * is when its transaction began, so a snapshot that was taken later need not
 * have seen that transaction.
 */
void
tsm_delta_check_token(Oid rel, TimestampTz time, uint64 xmin)
{
	TimestampTz horizon;
	uint64		xid;

	find_horizon(rel, reading_snapshot(), &horizon, &xid);
	if (time < horizon)
		refuse_time(rel, time, horizon);
	if (xmin < xid)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("history of table \"%s\" does not reach back that far", table_name(rel)),
				 errdetail("The snapshot did not see a transaction that ended versions which have been removed."),
				 errhint("The view of its versions shows what is left.")));
}

/* The horizon as the statement sees it, looked up once for all rows. */
static TimestampTz
cached_horizon(FunctionCallInfo fcinfo, Oid rel)
{
	HorizonCache *cache = fcinfo->flinfo->fn_extra;
	Snapshot	snapshot = reading_snapshot();
	uint64		xid;

	if (snapshot != NULL && cache != NULL && cache->rel == rel && cache->xmin == snapshot->xmin &&
		cache->xmax == snapshot->xmax && cache->command == snapshot->curcid)
		return cache->time;
	if (cache == NULL)
		cache = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
																  sizeof(HorizonCache));
	cache->rel = InvalidOid;
	find_horizon(rel, snapshot, &cache->time, &xid);
	if (snapshot != NULL)
	{
		cache->rel = rel;
		cache->xmin = snapshot->xmin;
		cache->xmax = snapshot->xmax;
		cache->command = snapshot->curcid;
	}
	return cache->time;
}

PG_FUNCTION_INFO_V1(tsm_delta_within_horizon);
PG_FUNCTION_INFO_V1(tsm_delta_horizon_support);

/*
 * _within_horizon(rel regclass, system_time timestamptz) → boolean
 *
 * True, or error 22008. STABLE: as the snapshot of the statement has it.
 */
Datum
tsm_delta_within_horizon(PG_FUNCTION_ARGS)
{
	Oid			rel = PG_GETARG_OID(0);
	TimestampTz time = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz horizon = cached_horizon(fcinfo, rel);

	if (time < horizon)
		refuse_time(rel, time, horizon);
	PG_RETURN_BOOL(true);
}

/*
 * _horizon_support(internal) → internal: the call is true where nothing was
 * removed. The plan goes when the registration of the table changes.
 */
Datum
tsm_delta_horizon_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSimplify *simplify = (SupportRequestSimplify *) request;
	Const	   *table;
	Oid			rel;
	TimestampTz horizon;
	uint64		xid;

	if (!IsA(request, SupportRequestSimplify) || simplify->root == NULL ||
		simplify->root->glob == NULL || list_length(simplify->fcall->args) != 2)
		PG_RETURN_POINTER(NULL);
	table = linitial(simplify->fcall->args);
	if (!IsA(table, Const) || table->constisnull)
		PG_RETURN_POINTER(NULL);
	rel = DatumGetObjectId(table->constvalue);
	find_horizon(rel, NULL, &horizon, &xid);
	if (!TIMESTAMP_IS_NOBEGIN(horizon))
		PG_RETURN_POINTER(NULL);
	simplify->root->glob->relationOids =
		list_append_unique_oid(simplify->root->glob->relationOids, rel);
	PG_RETURN_POINTER(makeBoolConst(true, false));
}
