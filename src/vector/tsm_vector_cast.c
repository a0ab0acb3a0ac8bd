/*-------------------------------------------------------------------------
 *
 * tsm_vector_cast.c
 *	  Casts of tsmem.vector: to a type modifier, from and to arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "tsm_vector_int.h"

PG_FUNCTION_INFO_V1(tsm_vector_coerce);
PG_FUNCTION_INFO_V1(tsm_vector_from_array);
PG_FUNCTION_INFO_V1(tsm_vector_to_int4);
PG_FUNCTION_INFO_V1(tsm_vector_to_float4);
PG_FUNCTION_INFO_V1(tsm_vector_to_float8);
PG_FUNCTION_INFO_V1(tsm_vector_to_numeric);

/* vector(vector, integer, boolean) → vector: 22000 unless it has the dimensions of the modifier. */
Datum
tsm_vector_coerce(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);

	tsm_vector_check_typmod(PG_GETARG_INT32(1), vector->dim);
	PG_RETURN_POINTER(vector);
}

/* A numeric as float32, rounded once: by way of its text, as core casts it. */
static float4
numeric_to_float4(Datum element)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, element));
	float4		narrow = strtof(text, NULL);

	if (isinf(narrow) && !numeric_is_inf(DatumGetNumeric(element)))
		float_overflow_error();
	pfree(text);
	return narrow;
}

/*
 * One element of an array as float32. 22003 when a finite number is too large;
 * one too small is 0, as in text, where core's casts of scalars raise 22003.
 */
static float4
element_to_float4(Datum element, Oid type)
{
	float8		wide;

	switch (type)
	{
		case INT4OID:
			return (float4) DatumGetInt32(element);
		case FLOAT4OID:
			return DatumGetFloat4(element);
		case FLOAT8OID:
			wide = DatumGetFloat8(element);
			if (isinf((float4) wide) && !isinf(wide))
				float_overflow_error();
			return (float4) wide;
		case NUMERICOID:
			return numeric_to_float4(element);
	}
	elog(ERROR, "unexpected element type %u", type);
	return 0;
}

/*
 * vector(integer[] | real[] | double precision[] | numeric[], integer, boolean) → vector
 * 22000: not one-dimensional, NaN or infinite element, other dimensions than
 * the modifier; 22004: a null; 22003: a number out of range; 54000: too long.
 */
Datum
tsm_vector_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Oid			type = ARR_ELEMTYPE(array);
	TsmVector  *vector;
	Datum	   *elements;
	int16		length;
	bool		by_value;
	char		align;
	int			dim;
	int			i;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));
	dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	tsm_vector_check_dim(dim, NULL);
	tsm_vector_check_typmod(PG_GETARG_INT32(1), dim);

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, &elements, NULL, &dim);
	vector = tsm_vector_new(dim);
	for (i = 0; i < dim; i++)
	{
		vector->x[i] = element_to_float4(elements[i], type);
		tsm_vector_check_element(vector->x[i], NULL);
	}
	pfree(elements);
	PG_RETURN_POINTER(vector);
}

/* A one-dimensional array of the given type; convert is the cast of one real to it, or NULL. */
static Datum
to_array(FunctionCallInfo fcinfo, Oid type, PGFunction convert)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	Datum	   *elements = palloc(sizeof(Datum) * vector->dim);
	int16		length;
	bool		by_value;
	char		align;
	int			i;

	for (i = 0; i < vector->dim; i++)
	{
		elements[i] = Float4GetDatum(vector->x[i]);
		if (convert != NULL)
			elements[i] = DirectFunctionCall1(convert, elements[i]);
	}
	get_typlenbyvalalign(type, &length, &by_value, &align);
	PG_RETURN_POINTER(construct_array(elements, vector->dim, type, length, by_value, align));
}

/* Rounds to the nearest, halves to even, as the cast of real to integer; 22003 out of range. */
Datum
tsm_vector_to_int4(PG_FUNCTION_ARGS)
{
	return to_array(fcinfo, INT4OID, ftoi4);
}

Datum
tsm_vector_to_float4(PG_FUNCTION_ARGS)
{
	return to_array(fcinfo, FLOAT4OID, NULL);
}

Datum
tsm_vector_to_float8(PG_FUNCTION_ARGS)
{
	return to_array(fcinfo, FLOAT8OID, ftod);
}

/* With six significant digits, as the cast of real to numeric. */
Datum
tsm_vector_to_numeric(PG_FUNCTION_ARGS)
{
	return to_array(fcinfo, NUMERICOID, float4_numeric);
}
