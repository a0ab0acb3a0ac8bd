/*-------------------------------------------------------------------------
 *
 * tsm_vector_compare.c
 *	  Order, equality and hash of tsmem.vector.
 *
 * Index builds and sorts call these in a long-lived memory context, hence
 * detoasted copies are freed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"

#include "tsm_vector_int.h"

PG_FUNCTION_INFO_V1(tsm_vector_lt);
PG_FUNCTION_INFO_V1(tsm_vector_le);
PG_FUNCTION_INFO_V1(tsm_vector_eq);
PG_FUNCTION_INFO_V1(tsm_vector_ne);
PG_FUNCTION_INFO_V1(tsm_vector_ge);
PG_FUNCTION_INFO_V1(tsm_vector_gt);
PG_FUNCTION_INFO_V1(tsm_vector_cmp);
PG_FUNCTION_INFO_V1(tsm_vector_hash);
PG_FUNCTION_INFO_V1(tsm_vector_hash_extended);

int
tsm_vector_compare(const TsmVector *a, const TsmVector *b)
{
	int			dim = Min(a->dim, b->dim);
	int			i;

	for (i = 0; i < dim; i++)
	{
		if (a->x[i] != b->x[i])
			return a->x[i] < b->x[i] ? -1 : 1;
	}
	return a->dim - b->dim;
}

static int
compare_arguments(FunctionCallInfo fcinfo)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	int			order = tsm_vector_compare(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

Datum
tsm_vector_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum
tsm_vector_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum
tsm_vector_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum
tsm_vector_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum
tsm_vector_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum
tsm_vector_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum
tsm_vector_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

/*
 * The elements of the first argument as bytes that are the same for equal
 * vectors: -0 becomes 0. In a copy only where there is one.
 */
static float4 *
hashable_elements(TsmVector *vector)
{
	float4	   *elements = vector->x;
	int			i;

	for (i = 0; i < vector->dim; i++)
	{
		if (vector->x[i] != 0 || !signbit(vector->x[i]))
			continue;
		if (elements == vector->x)
		{
			elements = palloc(sizeof(float4) * vector->dim);
			memcpy(elements, vector->x, sizeof(float4) * vector->dim);
		}
		elements[i] = 0;
	}
	return elements;
}

/* With seed 0 its low half is what an unseeded hash must give. */
static uint64
hash_argument(FunctionCallInfo fcinfo, uint64 seed)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	float4	   *elements = hashable_elements(vector);
	uint64		hash = hash_bytes_extended((unsigned char *) elements,
										   sizeof(float4) * vector->dim, seed);

	if (elements != vector->x)
		pfree(elements);
	PG_FREE_IF_COPY(vector, 0);
	return hash;
}

Datum
tsm_vector_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32((uint32) hash_argument(fcinfo, 0));
}

Datum
tsm_vector_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(hash_argument(fcinfo, (uint64) PG_GETARG_INT64(1)));
}
