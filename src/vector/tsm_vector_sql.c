/*-------------------------------------------------------------------------
 *
 * tsm_vector_sql.c
 *	  Distances between two values of tsmem.vector.
 *
 * Each raises 22000 when the dimensions differ.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_vector.h"

PG_FUNCTION_INFO_V1(tsm_vector_l2_distance);
PG_FUNCTION_INFO_V1(tsm_vector_l2_squared_distance);
PG_FUNCTION_INFO_V1(tsm_vector_inner_product);
PG_FUNCTION_INFO_V1(tsm_vector_negative_inner_product);
PG_FUNCTION_INFO_V1(tsm_vector_cosine_distance);
PG_FUNCTION_INFO_V1(tsm_vector_l1_distance);

typedef double (*TsmVectorDistance) (int dim, const float *a, const float *b);

/* Copies are freed: index support functions are called in long-lived contexts. */
static inline double
distance_of_arguments(FunctionCallInfo fcinfo, TsmVectorDistance distance)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	double		result;

	tsm_vector_check_same_dim(a, b);
	result = distance(a->dim, a->x, b->x);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

Datum
tsm_vector_l2_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of_arguments(fcinfo, tsm_vector_l2));
}

Datum
tsm_vector_l2_squared_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of_arguments(fcinfo, tsm_vector_l2_squared));
}

Datum
tsm_vector_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of_arguments(fcinfo, tsm_vector_product));
}

Datum
tsm_vector_negative_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(-distance_of_arguments(fcinfo, tsm_vector_product));
}

Datum
tsm_vector_cosine_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of_arguments(fcinfo, tsm_vector_cosine));
}

Datum
tsm_vector_l1_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of_arguments(fcinfo, tsm_vector_l1));
}
