/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_sql.c
 *	  prewarm: fills the chain cache of the session.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "tsm_delta_folded.h"

PG_FUNCTION_INFO_V1(tsm_delta_prewarm);

/* Read the frames that have versions within the bounds, until the cache is full; gives how many. */
static int64
fill_cache(Oid folded, const TsmFoldedBounds *bounds)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem prewarm",
												  ALLOCSET_DEFAULT_SIZES);
	TsmFoldedCounts counts = {0};
	TsmFoldedWalk *walk;
	TsmCodecRow row;

	walk = tsm_folded_walk_make(tsm_folded_get(folded, context), GetActiveSnapshot(),
								TSM_FOLDED_FORWARD, true, &counts, context);
	tsm_folded_walk_begin(walk, bounds, false);
	while (tsm_chain_bytes() + TSM_CODEC_MAX_RAW < tsm_chain_limit() &&
		   tsm_folded_walk_next(walk, &row))
		;
	tsm_folded_walk_end(walk);
	MemoryContextDelete(context);
	return counts.frames;
}

/* The bounds of versions that existed in a period; none for an empty one. */
static void
bounds_of_period(RangeType *period, FunctionCallInfo fcinfo, TsmFoldedBounds *bounds)
{
	TypeCacheEntry *type = range_get_typcache(fcinfo, RangeTypeGetOid(period));
	RangeBound	lower;
	RangeBound	upper;

	range_deserialize(type, period, &lower, &upper, &bounds->empty);
	if (bounds->empty)
		return;
	if (!upper.infinite)
		bounds->start_max = DatumGetTimestampTz(upper.val);
	if (!lower.infinite)
		bounds->end_min = DatumGetTimestampTz(lower.val);
}

/*
 * prewarm(rel regclass, period tstzrange) → int8
 *
 * Expands frames of the table's folded history into the chain cache of the
 * session, in the order of their keys, until it is full; gives how many. 55000 for a table that is not
 * versioned, 42501 without the right to read it.
 */
Datum
tsm_delta_prewarm(PG_FUNCTION_ARGS)
{
	Oid			rel = PG_GETARG_OID(0);
	TsmFoldedBounds bounds = {false, PG_INT64_MIN, PG_INT64_MAX, PG_INT64_MIN, PG_INT64_MAX,
	PG_INT64_MIN, PG_INT64_MAX};
	TsmVersionedTable *table;
	TsmSegmentStore store;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	LockRelationOid(rel, AccessShareLock);
	table = tsm_delta_find(rel);
	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not system-versioned",
						get_rel_name(rel) != NULL ? get_rel_name(rel) : "?")));
	if (pg_class_aclcheck(rel, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(rel));
	if (!PG_ARGISNULL(1))
		bounds_of_period(PG_GETARG_RANGE_P(1), fcinfo, &bounds);
	if (!tsm_segment_store(table->history, &store))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(fill_cache(store.folded, &bounds));
}
