/*-------------------------------------------------------------------------
 *
 * tsm_vector_distance.c
 *	  Distances between arrays of floats; see tsm_vector_distance.h.
 *
 * The kernels add squares in float32, whose range ends near 1e38 and 1e-38:
 * the square of 2e19 is infinite there and that of 1e-23 is zero. A sum that
 * came out between SURE_MIN and SURE_MAX has neither overflowed nor lost more
 * to underflow than the kernels' tolerance allows (16000 terms of less than
 * 2^-126 are below 2^-24 of SURE_MIN). Any other is computed again in
 * float64, which holds the square of every float32. That costs one
 * comparison for common vectors, and vectors of any magnitude are ordered
 * right.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_vector_distance.h"

#include <math.h>
#include <stdbool.h>

#include "tsm_vector_kernels.h"

#define SURE_MIN 1e-26f
#define SURE_MAX 1e38f

const TsmVectorKernels *tsm_vector_kernels = &tsm_vector_kernels_scalar;

/* Whether a float32 sum can be taken as it is. False for NaN. */
static inline bool
is_sure(float sum)
{
	return fabsf(sum) >= SURE_MIN && fabsf(sum) <= SURE_MAX;
}

static double
wide_product(int dim, const float *a, const float *b)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += (double) a[i] * b[i];
	return sum;
}

static double
wide_l2_squared(int dim, const float *a, const float *b)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
	{
		double		difference = (double) a[i] - b[i];

		sum += difference * difference;
	}
	return sum;
}

static double
wide_l1(int dim, const float *a, const float *b)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += fabs((double) a[i] - b[i]);
	return sum;
}

double
tsm_vector_l2_squared(int dim, const float *a, const float *b)
{
	float		sum = tsm_vector_kernels->l2_squared(dim, a, b);

	return is_sure(sum) ? sum : wide_l2_squared(dim, a, b);
}

double
tsm_vector_l2(int dim, const float *a, const float *b)
{
	return sqrt(tsm_vector_l2_squared(dim, a, b));
}

double
tsm_vector_product(int dim, const float *a, const float *b)
{
	float		sum = tsm_vector_kernels->inner_product(dim, a, b);

	return is_sure(sum) ? sum : wide_product(dim, a, b);
}

double
tsm_vector_cosine(int dim, const float *a, const float *b)
{
	TsmVectorCosineSums sums = tsm_vector_kernels->cosine(dim, a, b);
	double		product = sums.product;
	double		squares = (double) sums.a_squared * sums.b_squared;
	double		similarity;

	/*
	 * With both norms in range the product cannot have overflowed, and what it
	 * lost to underflow is nothing beside them.
	 */
	if (!is_sure(sums.a_squared) || !is_sure(sums.b_squared))
	{
		product = wide_product(dim, a, b);
		squares = wide_product(dim, a, a) * wide_product(dim, b, b);
	}

	/* One root of the product: two equal vectors are at 0 exactly. */
	similarity = product / sqrt(squares);
	if (similarity > 1)
		similarity = 1;
	else if (similarity < -1)
		similarity = -1;
	return 1 - similarity;
}

double
tsm_vector_l1(int dim, const float *a, const float *b)
{
	float		sum = tsm_vector_kernels->l1(dim, a, b);

	return is_sure(sum) ? sum : wide_l1(dim, a, b);
}

double
tsm_vector_norm(int dim, const float *a)
{
	return sqrt(wide_product(dim, a, a));
}
