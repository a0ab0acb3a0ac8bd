/*-------------------------------------------------------------------------
 *
 * tsm_spatial_operator.c
 *	  SQL-callable operators of stbox: predicates, distances, order and hash.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "tsm_spatial_int.h"

#define STBOX_PREDICATE(name, op) \
	PG_FUNCTION_INFO_V1(tsm_stbox_##name##_sql); \
	Datum \
	tsm_stbox_##name##_sql(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(tsm_stbox_test(op, PG_GETARG_TSM_STBOX(0), PG_GETARG_TSM_STBOX(1))); \
	} \
	extern int	tsm_stbox_##name##_end

STBOX_PREDICATE(overlaps, TSM_STBOX_OVERLAPS);
STBOX_PREDICATE(contains, TSM_STBOX_CONTAINS);
STBOX_PREDICATE(contained, TSM_STBOX_CONTAINED);
STBOX_PREDICATE(same, TSM_STBOX_SAME);
STBOX_PREDICATE(adjacent, TSM_STBOX_ADJACENT);
STBOX_PREDICATE(left, TSM_STBOX_LEFT);
STBOX_PREDICATE(overleft, TSM_STBOX_OVERLEFT);
STBOX_PREDICATE(right, TSM_STBOX_RIGHT);
STBOX_PREDICATE(overright, TSM_STBOX_OVERRIGHT);
STBOX_PREDICATE(below, TSM_STBOX_BELOW);
STBOX_PREDICATE(overbelow, TSM_STBOX_OVERBELOW);
STBOX_PREDICATE(above, TSM_STBOX_ABOVE);
STBOX_PREDICATE(overabove, TSM_STBOX_OVERABOVE);
STBOX_PREDICATE(front, TSM_STBOX_FRONT);
STBOX_PREDICATE(overfront, TSM_STBOX_OVERFRONT);
STBOX_PREDICATE(back, TSM_STBOX_BACK);
STBOX_PREDICATE(overback, TSM_STBOX_OVERBACK);
STBOX_PREDICATE(before, TSM_STBOX_BEFORE);
STBOX_PREDICATE(overbefore, TSM_STBOX_OVERBEFORE);
STBOX_PREDICATE(after, TSM_STBOX_AFTER);
STBOX_PREDICATE(overafter, TSM_STBOX_OVERAFTER);

static const struct
{
	PGFunction	function;
	TsmStBoxOp	op;
}			functions[] =
{
	{tsm_stbox_overlaps_sql, TSM_STBOX_OVERLAPS},
	{tsm_stbox_contains_sql, TSM_STBOX_CONTAINS},
	{tsm_stbox_contained_sql, TSM_STBOX_CONTAINED},
	{tsm_stbox_same_sql, TSM_STBOX_SAME},
	{tsm_stbox_adjacent_sql, TSM_STBOX_ADJACENT},
	{tsm_stbox_left_sql, TSM_STBOX_LEFT},
	{tsm_stbox_overleft_sql, TSM_STBOX_OVERLEFT},
	{tsm_stbox_right_sql, TSM_STBOX_RIGHT},
	{tsm_stbox_overright_sql, TSM_STBOX_OVERRIGHT},
	{tsm_stbox_below_sql, TSM_STBOX_BELOW},
	{tsm_stbox_overbelow_sql, TSM_STBOX_OVERBELOW},
	{tsm_stbox_above_sql, TSM_STBOX_ABOVE},
	{tsm_stbox_overabove_sql, TSM_STBOX_OVERABOVE},
	{tsm_stbox_front_sql, TSM_STBOX_FRONT},
	{tsm_stbox_overfront_sql, TSM_STBOX_OVERFRONT},
	{tsm_stbox_back_sql, TSM_STBOX_BACK},
	{tsm_stbox_overback_sql, TSM_STBOX_OVERBACK},
	{tsm_stbox_before_sql, TSM_STBOX_BEFORE},
	{tsm_stbox_overbefore_sql, TSM_STBOX_OVERBEFORE},
	{tsm_stbox_after_sql, TSM_STBOX_AFTER},
	{tsm_stbox_overafter_sql, TSM_STBOX_OVERAFTER},
};

int
tsm_stbox_op_of_function(PGFunction function)
{
	int			i;

	for (i = 0; i < lengthof(functions); i++)
	{
		if (functions[i].function == function)
			return functions[i].op;
	}
	return 0;
}

PG_FUNCTION_INFO_V1(tsm_stbox_distance_sql);
PG_FUNCTION_INFO_V1(tsm_stbox_approach_sql);

/* NULL if the boxes have no axis of space in common, or are of different kinds. */
Datum
tsm_stbox_distance_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *a = PG_GETARG_TSM_STBOX(0);
	TsmStBox   *b = PG_GETARG_TSM_STBOX(1);
	double		distance;

	if (!tsm_stbox_distance(a, b, &distance))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(distance);
}

/* NULL also if their times do not meet. */
Datum
tsm_stbox_approach_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *a = PG_GETARG_TSM_STBOX(0);
	TsmStBox   *b = PG_GETARG_TSM_STBOX(1);
	double		distance;

	if (!tsm_stbox_approach(a, b, &distance))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(distance);
}

/* ---- total order and hash, for ORDER BY, DISTINCT and joins ---- */

PG_FUNCTION_INFO_V1(tsm_stbox_cmp);
PG_FUNCTION_INFO_V1(tsm_stbox_lt);
PG_FUNCTION_INFO_V1(tsm_stbox_le);
PG_FUNCTION_INFO_V1(tsm_stbox_ne);
PG_FUNCTION_INFO_V1(tsm_stbox_ge);
PG_FUNCTION_INFO_V1(tsm_stbox_gt);
PG_FUNCTION_INFO_V1(tsm_stbox_hash);
PG_FUNCTION_INFO_V1(tsm_stbox_hash_extended);

static int
compare(FunctionCallInfo fcinfo)
{
	return tsm_stbox_compare(PG_GETARG_TSM_STBOX(0), PG_GETARG_TSM_STBOX(1));
}

Datum
tsm_stbox_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

Datum
tsm_stbox_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
tsm_stbox_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
tsm_stbox_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
tsm_stbox_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
tsm_stbox_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

/* Equal boxes are equal bytes. */
Datum
tsm_stbox_hash(PG_FUNCTION_ARGS)
{
	return hash_any((const unsigned char *) PG_GETARG_TSM_STBOX(0), sizeof(TsmStBox));
}

Datum
tsm_stbox_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((const unsigned char *) PG_GETARG_TSM_STBOX(0), sizeof(TsmStBox),
							 PG_GETARG_INT64(1));
}
