/*-------------------------------------------------------------------------
 *
 * tsm_temporal_gaps.c
 *	  The aggregate gaps: what lies between periods.
 *
 * The periods are collected as for range_agg, whose transition function the
 * aggregate has, sorted and united, and taken from their extent: one sort, then one pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "tsm_temporal_int.h"

PG_FUNCTION_INFO_V1(tsm_temporal_gaps);

/* Final function: (internal, anyrange) → anymultirange. Null when there was no period but nulls. */
Datum
tsm_temporal_gaps(PG_FUNCTION_ARGS)
{
	ArrayBuildState *state = PG_ARGISNULL(0) ? NULL : (ArrayBuildState *) PG_GETARG_POINTER(0);
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	TypeCacheEntry *range_type;
	RangeType **ranges;
	RangeType  *extent;
	MultirangeType *united;
	int32		count;
	int			i;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "_gaps called outside an aggregate");
	if (state == NULL || state->nelems == 0)
		PG_RETURN_NULL();
	range_type = lookup_type_cache(get_multirange_range(type), TYPECACHE_RANGE_INFO);
	ranges = palloc(sizeof(RangeType *) * state->nelems);
	for (i = 0; i < state->nelems; i++)
		ranges[i] = DatumGetRangeTypeP(state->dvalues[i]);
	united = make_multirange(type, range_type, state->nelems, ranges);
	if (MultirangeIsEmpty(united))
		PG_RETURN_MULTIRANGE_P(united);
	extent = multirange_get_union_range(range_type, united);
	multirange_deserialize(range_type, united, &count, &ranges);
	PG_RETURN_MULTIRANGE_P(multirange_minus_internal(type, range_type, 1, &extent, count, ranges));
}
