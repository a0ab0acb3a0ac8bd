/*-------------------------------------------------------------------------
 *
 * tsm_temporal_allen.c
 *	  Which of Allen's thirteen relations holds between two periods.
 *
 * J. F. Allen, "Maintaining Knowledge about Temporal Intervals", CACM 26(11),
 * 1983. The relations are exclusive, and one holds between any two periods
 * that are not empty.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"

#include "tsm_temporal_int.h"

PG_FUNCTION_INFO_V1(tsm_temporal_allen_relation);

/* Names by [order of the lower bounds + 1][order of the upper bounds + 1], for periods that overlap. */
static const char *const overlapping[3][3] = {
	{"overlaps", "finished_by", "contains"},
	{"starts", "equals", "started_by"},
	{"during", "finishes", "overlapped_by"},
};

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

/* The name of the relation of a to b; both are not empty. */
static const char *
allen_relation(TypeCacheEntry *type, const RangeBound *a_lower, const RangeBound *a_upper,
			   const RangeBound *b_lower, const RangeBound *b_upper)
{
	if (range_cmp_bounds(type, a_upper, b_lower) < 0)
		return bounds_adjacent(type, *a_upper, *b_lower) ? "meets" : "before";
	if (range_cmp_bounds(type, b_upper, a_lower) < 0)
		return bounds_adjacent(type, *b_upper, *a_lower) ? "met_by" : "after";
	return overlapping[sign(range_cmp_bounds(type, a_lower, b_lower)) + 1]
		[sign(range_cmp_bounds(type, a_upper, b_upper)) + 1];
}

/* allen_relation(a anyrange, b anyrange) → text; null when one is empty. */
Datum
tsm_temporal_allen_relation(PG_FUNCTION_ARGS)
{
	RangeType  *a = PG_GETARG_RANGE_P(0);
	RangeType  *b = PG_GETARG_RANGE_P(1);
	TypeCacheEntry *type = range_get_typcache(fcinfo, RangeTypeGetOid(a));
	RangeBound	a_lower;
	RangeBound	a_upper;
	RangeBound	b_lower;
	RangeBound	b_upper;
	bool		a_empty;
	bool		b_empty;

	range_deserialize(type, a, &a_lower, &a_upper, &a_empty);
	range_deserialize(type, b, &b_lower, &b_upper, &b_empty);
	if (a_empty || b_empty)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(allen_relation(type, &a_lower, &a_upper,
													&b_lower, &b_upper)));
}
