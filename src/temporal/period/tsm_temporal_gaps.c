/*-------------------------------------------------------------------------
 *
 * tsm_temporal_gaps.c
 *	  The aggregate gaps: what lies between periods.
 *
 * The periods are collected as for range_agg, whose transition function the
 * aggregate has; their bounds are taken out once, sorted by the lower ones,
 * and passed over once. (Uniting the periods first, as range_agg does, and
 * taking them from their extent would sort the ranges themselves, which are
 * taken apart at each comparison.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "tsm_temporal_int.h"

PG_FUNCTION_INFO_V1(tsm_temporal_gaps);

/* A period that is not empty. */
typedef struct Span
{
	RangeBound	lower;
	RangeBound	upper;
} Span;

static int
compare_spans(const void *a, const void *b, void *type)
{
	return range_cmp_bounds(type, &((const Span *) a)->lower, &((const Span *) b)->lower);
}

/* The periods that are not empty, by their lower bounds; *count is set to their number. */
static Span *
sorted_spans(TypeCacheEntry *type, const ArrayBuildState *state, int *count)
{
	Span	   *spans = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Span) * (Size) state->nelems);
	int			i;

	*count = 0;
	for (i = 0; i < state->nelems; i++)
	{
		bool		empty;

		range_deserialize(type, DatumGetRangeTypeP(state->dvalues[i]), &spans[*count].lower,
						  &spans[*count].upper, &empty);
		if (!empty)
			(*count)++;
	}
	qsort_arg(spans, *count, sizeof(Span), compare_spans, type);
	return spans;
}

/* What lies between an upper bound and a lower one; NULL for nothing. */
static RangeType *
gap_between(TypeCacheEntry *type, RangeBound upper, RangeBound lower)
{
	int			order = range_cmp_bound_values(type, &upper, &lower);
	RangeType  *gap;

	if (order > 0 || (order == 0 && (upper.inclusive || lower.inclusive)))
		return NULL;
	upper.inclusive = !upper.inclusive;
	upper.lower = true;
	lower.inclusive = !lower.inclusive;
	lower.lower = false;
	gap = tsm_make_range(type, &upper, &lower);
	return RangeIsEmpty(gap) ? NULL : gap;
}

/* Final function: (internal, anyrange) → anymultirange. Null when there was no period but nulls. */
Datum
tsm_temporal_gaps(PG_FUNCTION_ARGS)
{
	ArrayBuildState *state = PG_ARGISNULL(0) ? NULL : (ArrayBuildState *) PG_GETARG_POINTER(0);
	Oid			result = get_fn_expr_rettype(fcinfo->flinfo);
	TypeCacheEntry *type;
	Span	   *spans;
	RangeType **gaps;
	RangeBound	end;
	int			count;
	int			found = 0;
	int			i;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "_gaps called outside an aggregate");
	if (state == NULL || state->nelems == 0)
		PG_RETURN_NULL();
	type = lookup_type_cache(get_multirange_range(result), TYPECACHE_RANGE_INFO);
	spans = sorted_spans(type, state, &count);
	gaps = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(RangeType *) * (Size) (count + 1));
	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			gaps[found] = gap_between(type, end, spans[i].lower);
		if (i > 0 && gaps[found] != NULL)
			found++;
		if (i == 0 || range_cmp_bounds(type, &spans[i].upper, &end) > 0)
			end = spans[i].upper;
	}
	PG_RETURN_MULTIRANGE_P(make_multirange(result, type, found, gaps));
}
