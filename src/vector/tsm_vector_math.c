/*-------------------------------------------------------------------------
 *
 * tsm_vector_math.c
 *	  Arithmetic on tsmem.vector and functions of one vector.
 *
 * Elements are finite, and what is computed from them must be as well:
 * overflow is 22003, and so is the underflow of a product, as for real.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/varbit.h"

#include "tsm_vector_int.h"

PG_FUNCTION_INFO_V1(tsm_vector_add);
PG_FUNCTION_INFO_V1(tsm_vector_subtract);
PG_FUNCTION_INFO_V1(tsm_vector_multiply);
PG_FUNCTION_INFO_V1(tsm_vector_concat);
PG_FUNCTION_INFO_V1(tsm_vector_dims);
PG_FUNCTION_INFO_V1(tsm_vector_l2_norm);
PG_FUNCTION_INFO_V1(tsm_vector_l2_normalize);
PG_FUNCTION_INFO_V1(tsm_vector_subvector);
PG_FUNCTION_INFO_V1(tsm_vector_binary_quantize);

Datum
tsm_vector_add(PG_FUNCTION_ARGS)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	TsmVector  *sum;
	int			i;

	tsm_vector_check_same_dim(a, b);
	sum = tsm_vector_new(a->dim);
	for (i = 0; i < sum->dim; i++)
		sum->x[i] = a->x[i] + b->x[i];
	tsm_vector_check_result(sum);
	PG_RETURN_POINTER(sum);
}

Datum
tsm_vector_subtract(PG_FUNCTION_ARGS)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	TsmVector  *difference;
	int			i;

	tsm_vector_check_same_dim(a, b);
	difference = tsm_vector_new(a->dim);
	for (i = 0; i < difference->dim; i++)
		difference->x[i] = a->x[i] - b->x[i];
	tsm_vector_check_result(difference);
	PG_RETURN_POINTER(difference);
}

/* Element by element. */
Datum
tsm_vector_multiply(PG_FUNCTION_ARGS)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	TsmVector  *product;
	int			i;

	tsm_vector_check_same_dim(a, b);
	product = tsm_vector_new(a->dim);
	for (i = 0; i < product->dim; i++)
	{
		product->x[i] = a->x[i] * b->x[i];
		if (unlikely(product->x[i] == 0) && a->x[i] != 0 && b->x[i] != 0)
			float_underflow_error();
	}
	tsm_vector_check_result(product);
	PG_RETURN_POINTER(product);
}

/* 54000 when the two have too many dimensions together. */
Datum
tsm_vector_concat(PG_FUNCTION_ARGS)
{
	TsmVector  *a = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *b = PG_GETARG_TSM_VECTOR(1);
	TsmVector  *both;

	tsm_vector_check_dim(a->dim + b->dim, NULL);
	both = tsm_vector_new(a->dim + b->dim);
	memcpy(both->x, a->x, sizeof(float4) * a->dim);
	memcpy(both->x + a->dim, b->x, sizeof(float4) * b->dim);
	PG_RETURN_POINTER(both);
}

Datum
tsm_vector_dims(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);

	PG_RETURN_INT32(vector->dim);
}

Datum
tsm_vector_l2_norm(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);

	PG_RETURN_FLOAT8(tsm_vector_norm(vector->dim, vector->x));
}

/* Divided by its norm; a zero vector stays zero. */
Datum
tsm_vector_l2_normalize(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	TsmVector  *unit = tsm_vector_new(vector->dim);
	double		norm = tsm_vector_norm(vector->dim, vector->x);
	int			i;

	for (i = 0; i < unit->dim && norm > 0; i++)
		unit->x[i] = (float4) (vector->x[i] / norm);
	PG_RETURN_POINTER(unit);
}

/*
 * subvector(vector, start, count) → vector: count elements from start on,
 * counted from 1; like substring(), what lies outside the vector is left out.
 * 22000 when nothing is left.
 */
Datum
tsm_vector_subvector(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	int64		start = PG_GETARG_INT32(1);
	int64		end = start + PG_GETARG_INT32(2);
	TsmVector  *part;

	start = Max(start, 1);
	end = Min(end, vector->dim + 1);
	tsm_vector_check_dim(end - start, NULL);
	part = tsm_vector_new((int) (end - start));
	memcpy(part->x, vector->x + start - 1, sizeof(float4) * part->dim);
	PG_RETURN_POINTER(part);
}

/* One bit an element: whether it is greater than 0. The first is the leftmost. */
Datum
tsm_vector_binary_quantize(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	Size		size = VARBITTOTALLEN(vector->dim);
	VarBit	   *signs = palloc0(size);
	int			i;

	SET_VARSIZE(signs, size);
	VARBITLEN(signs) = vector->dim;
	for (i = 0; i < vector->dim; i++)
		VARBITS(signs)[i / BITS_PER_BYTE] |= (vector->x[i] > 0) << (7 - i % BITS_PER_BYTE);
	PG_RETURN_VARBIT_P(signs);
}
