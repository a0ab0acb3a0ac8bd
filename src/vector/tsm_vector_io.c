/*-------------------------------------------------------------------------
 *
 * tsm_vector_io.c
 *	  tsmem.vector: text and binary form, type modifier, and its checks.
 *
 * Text:   [1,2.5,-3e-4], blanks allowed between the tokens.
 * Binary: int16 dim, int16 0, float4[dim], all in network byte order.
 * Both are those of pgvector, and so are the messages that clients match.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/float.h"

#include "tsm_vector_int.h"

PG_FUNCTION_INFO_V1(tsm_vector_in);
PG_FUNCTION_INFO_V1(tsm_vector_out);
PG_FUNCTION_INFO_V1(tsm_vector_recv);
PG_FUNCTION_INFO_V1(tsm_vector_send);
PG_FUNCTION_INFO_V1(tsm_vector_typmod_in);

TsmVector *
tsm_vector_new(int dim)
{
	Size		size = TSM_VECTOR_SIZE(dim);
	TsmVector  *vector = palloc0(size);

	Assert(dim >= 1 && dim <= TSM_VECTOR_MAX_DIM);
	SET_VARSIZE(vector, size);
	vector->dim = dim;
	return vector;
}

void
tsm_vector_corrupted(const struct varlena *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("a stored value of type vector is corrupted"),
			 errdetail("Its size of %zu bytes does not agree with its dimensions.",
					   (size_t) VARSIZE(value))));
}

bool
tsm_vector_check_dim(int64 dim, struct Node *escontext)
{
	if (dim < 1)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector must have at least 1 dimension")));
	if (dim > TSM_VECTOR_MAX_DIM)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vector cannot have more than %d dimensions", TSM_VECTOR_MAX_DIM)));
	return true;
}

bool
tsm_vector_soft_check_typmod(int32 typmod, int dim, struct Node *escontext)
{
	if (typmod != -1 && typmod != dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
	return true;
}

void
tsm_vector_check_typmod(int32 typmod, int dim)
{
	tsm_vector_soft_check_typmod(typmod, dim, NULL);
}

bool
tsm_vector_check_element(float4 element, struct Node *escontext)
{
	if (isnan(element))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in vector")));
	if (isinf(element))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in vector")));
	return true;
}

void
tsm_vector_check_same_dim(const TsmVector *a, const TsmVector *b)
{
	if (a->dim != b->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %d and %d", a->dim, b->dim)));
}

void
tsm_vector_check_result(const TsmVector *result)
{
	int			i;

	for (i = 0; i < result->dim; i++)
	{
		if (!isfinite(result->x[i]))
			float_overflow_error();
	}
}

static const char *
skip_blanks(const char *text)
{
	while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
		text++;
	return text;
}

/* Saves or raises 22P02; detail may be NULL. Returns false. */
static bool
syntax_error(const char *literal, const char *detail, struct Node *escontext)
{
	ereturn(escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type vector: \"%s\"", literal),
			 detail != NULL ? errdetail("%s", detail) : 0));
}

/* Reads one element at *cursor, which it moves to the first non-blank after it. */
static bool
parse_element(const char *literal, const char **cursor, float4 *element, struct Node *escontext)
{
	const char *start = skip_blanks(*cursor);
	char	   *end;

	/*
	 * As float4in: strtof, since rounding to float64 first may end at another
	 * float32, and a subnormal or zero that strtof reports as out of range is
	 * good enough.
	 */
	errno = 0;
	*element = strtof(start, &end);
	if (end == start)
		return syntax_error(literal, NULL, escontext);
	if (errno == ERANGE && isinf(*element))
		ereturn(escontext, false,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.*s\" is out of range for type vector", (int) (end - start), start)));
	*cursor = skip_blanks(end);
	return tsm_vector_check_element(*element, escontext);
}

/* An upper bound of the elements that a literal can hold, at most the limit. */
static int
count_elements(const char *literal)
{
	int			count = 1;

	for (; *literal != '\0' && count < TSM_VECTOR_MAX_DIM; literal++)
		count += *literal == ',';
	return count;
}

/* NULL when an error was saved in escontext. */
static TsmVector *
parse_vector(const char *literal, struct Node *escontext)
{
	const char *cursor = skip_blanks(literal);
	TsmVector  *vector;
	int			dim = 0;

	if (*cursor != '[')
	{
		syntax_error(literal, "Vector contents must start with \"[\".", escontext);
		return NULL;
	}
	cursor = skip_blanks(cursor + 1);
	if (*cursor == ']')
	{
		tsm_vector_check_dim(0, escontext);
		return NULL;
	}
	vector = tsm_vector_new(count_elements(literal));
	for (;;)
	{
		if (!tsm_vector_check_dim(dim + 1, escontext) ||
			!parse_element(literal, &cursor, &vector->x[dim], escontext))
			return NULL;
		dim++;
		if (*cursor != ',')
			break;
		cursor++;
	}
	if (*cursor != ']')
	{
		syntax_error(literal, NULL, escontext);
		return NULL;
	}
	if (*skip_blanks(cursor + 1) != '\0')
	{
		syntax_error(literal, "Junk after closing right brace.", escontext);
		return NULL;
	}
	vector->dim = dim;
	SET_VARSIZE(vector, TSM_VECTOR_SIZE(dim));
	return vector;
}

/* vector_in(cstring, oid, integer) → vector: 22P02, 22003, 22000, 54000 as above. */
Datum
tsm_vector_in(PG_FUNCTION_ARGS)
{
	struct Node *escontext = fcinfo->context;
	TsmVector  *vector = parse_vector(PG_GETARG_CSTRING(0), escontext);

	if (vector == NULL ||
		!tsm_vector_soft_check_typmod(PG_GETARG_INT32(2), vector->dim, escontext))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(vector);
}

/* Each element in the fewest digits that give it back, whatever extra_float_digits says. */
Datum
tsm_vector_out(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	char	   *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN * (Size) vector->dim + 3);
	char	   *end = text;
	int			i;

	*end++ = '[';
	for (i = 0; i < vector->dim; i++)
	{
		if (i > 0)
			*end++ = ',';
		end += float_to_shortest_decimal_bufn(vector->x[i], end);
	}
	*end++ = ']';
	*end = '\0';
	PG_FREE_IF_COPY(vector, 0);
	PG_RETURN_CSTRING(text);
}

/* vector_recv(internal, oid, integer) → vector: 22P03, 22000, 54000, and 08P01 when cut off. */
Datum
tsm_vector_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			dim = (int) pq_getmsgint(message, sizeof(int16));
	int			unused = (int) pq_getmsgint(message, sizeof(int16));
	TsmVector  *vector;
	const char *elements;
	int			i;

	tsm_vector_check_dim(dim, NULL);
	tsm_vector_check_typmod(PG_GETARG_INT32(2), dim);
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected unused to be 0, not %d", unused)));

	elements = pq_getmsgbytes(message, dim * sizeof(float4));
	vector = tsm_vector_new(dim);
	for (i = 0; i < dim; i++)
	{
		uint32		bits;

		memcpy(&bits, elements + i * sizeof(bits), sizeof(bits));
		bits = pg_ntoh32(bits);
		memcpy(&vector->x[i], &bits, sizeof(bits));
		tsm_vector_check_element(vector->x[i], NULL);
	}
	PG_RETURN_POINTER(vector);
}

Datum
tsm_vector_send(PG_FUNCTION_ARGS)
{
	TsmVector  *vector = PG_GETARG_TSM_VECTOR(0);
	StringInfoData message;
	int			i;

	pq_begintypsend(&message);
	enlargeStringInfo(&message, TSM_VECTOR_SIZE(vector->dim));
	pq_sendint16(&message, vector->dim);
	pq_sendint16(&message, 0);
	for (i = 0; i < vector->dim; i++)
		pq_sendfloat4(&message, vector->x[i]);
	PG_FREE_IF_COPY(vector, 0);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* vector(n): the dimensions. 22023. */
Datum
tsm_vector_typmod_in(PG_FUNCTION_ARGS)
{
	ArrayType  *modifiers = PG_GETARG_ARRAYTYPE_P(0);
	int			count;
	int32	   *dim = ArrayGetIntegerTypmods(modifiers, &count);

	if (count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier")));
	if (*dim < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector must be at least 1")));
	if (*dim > TSM_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector cannot exceed %d", TSM_VECTOR_MAX_DIM)));
	PG_RETURN_INT32(*dim);
}
