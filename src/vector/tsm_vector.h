/*-------------------------------------------------------------------------
 *
 * tsm_vector.h
 *	  Public header of the room "vector": the type and its distances.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_VECTOR_H
#define TSM_VECTOR_H

#include "tsm_compat.h"

#include "fmgr.h"

#include "tsm_vector_distance.h"

/* A vector has 1 to this many elements. */
#define TSM_VECTOR_MAX_DIM 16000

/*
 * A value of type tsmem.vector, detoasted.
 *
 * OFFSET	SIZE	DESCRIPTION
 * 0		4		varlena header
 * 4		2		number of elements, 1 to TSM_VECTOR_MAX_DIM
 * 6		2		0
 * 8		4 * dim	elements, float32 in the server's byte order; all finite
 *
 * The layout is that of pgvector's vector, so that a value may be read as
 * either; there is no room for a version in it. Alignment 4.
 */
typedef struct TsmVector
{
	int32		vl_len_;		/* do not touch directly */
	int16		dim;
	int16		unused;
	float4		x[FLEXIBLE_ARRAY_MEMBER];
} TsmVector;

StaticAssertDecl(offsetof(TsmVector, dim) == 4, "TsmVector.dim is at byte 4");
StaticAssertDecl(offsetof(TsmVector, unused) == 6, "TsmVector.unused is at byte 6");
StaticAssertDecl(offsetof(TsmVector, x) == 8, "TsmVector.x starts at byte 8");

#define TSM_VECTOR_SIZE(dim) (offsetof(TsmVector, x) + sizeof(float4) * (Size) (dim))

/*
 * A new vector in the current memory context, its elements 0.
 * dim must be valid (tsm_vector_check_dim).
 */
extern TsmVector *tsm_vector_new(int dim);

/* ERROR XX001: the bytes of a value are no vector. */
pg_noreturn extern void tsm_vector_corrupted(const struct varlena *value);

/*
 * The vector of a datum, detoasted: a copy in the current memory context where
 * the stored value is not usable in place, which is when it is out of line or
 * has a one-byte header (up to 30 dimensions; STORAGE external allows both).
 * ERROR XX001 when its size does not agree with its dimensions, since what
 * reads the elements trusts the dimensions.
 */
static inline TsmVector *
tsm_vector_from_datum(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM(datum);
	TsmVector  *vector = (TsmVector *) value;

	if (unlikely(VARSIZE(value) < TSM_VECTOR_SIZE(1) ||
				 VARSIZE(value) != TSM_VECTOR_SIZE(vector->dim)))
		tsm_vector_corrupted(value);
	return vector;
}

#define PG_GETARG_TSM_VECTOR(n) tsm_vector_from_datum(PG_GETARG_DATUM(n))

/*
 * The order of the type: by elements from the first one on, a vector that is
 * the beginning of another before it. Negative, 0 or positive. -0 equals 0.
 */
extern int	tsm_vector_compare(const TsmVector *a, const TsmVector *b);

/* ERROR 22000 unless both have the same number of dimensions. */
extern void tsm_vector_check_same_dim(const TsmVector *a, const TsmVector *b);

/* ERROR 22000 unless typmod is -1 or dim. */
extern void tsm_vector_check_typmod(int32 typmod, int dim);

#endif							/* TSM_VECTOR_H */
