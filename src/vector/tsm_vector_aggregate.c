/*-------------------------------------------------------------------------
 *
 * tsm_vector_aggregate.c
 *	  avg and sum of tsmem.vector.
 *
 * The state of both is a float8[]: how many vectors, then the sum of each
 * element; {0} before the first vector. Sums are kept in float64, so that they
 * neither overflow on the way nor depend on the order to float32's precision.
 * As in the aggregates of core, the state is changed in place when it is an
 * aggregate that calls. State functions can be called by anyone with anything,
 * hence states are checked (22023).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "tsm_vector_int.h"

PG_FUNCTION_INFO_V1(tsm_vector_accum);
PG_FUNCTION_INFO_V1(tsm_vector_combine);
PG_FUNCTION_INFO_V1(tsm_vector_avg);
PG_FUNCTION_INFO_V1(tsm_vector_sum);

/* The numbers of a state: values[0] vectors, values[1..dim] sums. */
typedef struct SumState
{
	ArrayType  *array;
	float8	   *values;
	int			dim;			/* 0 before the first vector */
} SumState;

static SumState
state_of(ArrayType *array)
{
	SumState	state;

	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID ||
		ARR_DIMS(array)[0] < 1 || ARR_DIMS(array)[0] > TSM_VECTOR_MAX_DIM + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid state of an aggregate over type vector")));
	state.array = array;
	state.values = (float8 *) ARR_DATA_PTR(array);
	state.dim = ARR_DIMS(array)[0] - 1;
	return state;
}

/* A new state of zeros in the current memory context. */
static SumState
new_state(int dim)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(float8) * (dim + 1);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = dim + 1;
	ARR_LBOUND(array)[0] = 1;
	return state_of(array);
}

/* The state to write to: the given one itself when an aggregate owns it, else a copy. */
static SumState
writable_state(FunctionCallInfo fcinfo, SumState state)
{
	SumState	copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	copy = new_state(state.dim);
	memcpy(copy.values, state.values, sizeof(float8) * (state.dim + 1));
	return copy;
}

/* _vector_accum(float8[], vector) → float8[]: 22000 when the dimensions differ. */
Datum
tsm_vector_accum(PG_FUNCTION_ARGS)
{
	SumState	state = state_of(PG_GETARG_ARRAYTYPE_P(0));
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(1);
	int			i;

	if (state.dim == 0)
		state = new_state(vector->dim);
	else
	{
		tsm_vector_check_typmod(state.dim, vector->dim);
		state = writable_state(fcinfo, state);
	}
	state.values[0] += 1;
	for (i = 0; i < state.dim; i++)
		state.values[i + 1] += vector->x[i];
	PG_RETURN_ARRAYTYPE_P(state.array);
}

/* _vector_combine(float8[], float8[]) → float8[]: 22000 when the dimensions differ. */
Datum
tsm_vector_combine(PG_FUNCTION_ARGS)
{
	SumState	a = state_of(PG_GETARG_ARRAYTYPE_P(0));
	SumState	b = state_of(PG_GETARG_ARRAYTYPE_P(1));
	int			i;

	if (a.dim == 0)
		PG_RETURN_ARRAYTYPE_P(b.array);
	if (b.dim == 0)
		PG_RETURN_ARRAYTYPE_P(a.array);
	tsm_vector_check_typmod(a.dim, b.dim);
	a = writable_state(fcinfo, a);
	for (i = 0; i <= a.dim; i++)
		a.values[i] += b.values[i];
	PG_RETURN_ARRAYTYPE_P(a.array);
}

/* The sums of a state divided by a number; 22003 when they do not fit float32. */
static TsmVector *
quotient(SumState state, float8 divisor)
{
	TsmVector  *vector;
	int			i;

	tsm_vector_check_dim(state.dim, NULL);
	vector = tsm_vector_new(state.dim);
	for (i = 0; i < state.dim; i++)
		vector->x[i] = (float4) (state.values[i + 1] / divisor);
	tsm_vector_check_result(vector);
	return vector;
}

/* NULL of no vectors, as SQL has it. */
Datum
tsm_vector_avg(PG_FUNCTION_ARGS)
{
	SumState	state = state_of(PG_GETARG_ARRAYTYPE_P(0));

	if (state.values[0] == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(quotient(state, state.values[0]));
}

Datum
tsm_vector_sum(PG_FUNCTION_ARGS)
{
	SumState	state = state_of(PG_GETARG_ARRAYTYPE_P(0));

	if (state.values[0] == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(quotient(state, 1));
}
