/*-------------------------------------------------------------------------
 *
 * tsm_vector_scalar.c
 *	  Kernels in plain C: the ones every processor runs.
 *
 * Sums are kept in TSM_VECTOR_LANES lanes, as the wider instruction sets do:
 * rounding errors grow with the additions to one lane only, and a compiler
 * may put the lanes in registers of any width. The pointers move, not an index:
 * under -fwrapv, with which PostgreSQL is built, GCC does not take a[i + lane]
 * for consecutive elements, and the kernels take five times as long.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_vector_kernels.h"

#include <math.h>
#include <string.h>

#define LANES TSM_VECTOR_LANES

static float
sum_lanes(const float *lanes)
{
	return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
		((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static float
scalar_l2_squared(int dim, const float *a, const float *b)
{
	float		sums[LANES] = {0};
	int			lane;

	for (; dim >= LANES; dim -= LANES, a += LANES, b += LANES)
	{
		for (lane = 0; lane < LANES; lane++)
			sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
	}
	for (lane = 0; lane < dim; lane++)
		sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
	return sum_lanes(sums);
}

static float
scalar_inner_product(int dim, const float *a, const float *b)
{
	float		sums[LANES] = {0};
	int			lane;

	for (; dim >= LANES; dim -= LANES, a += LANES, b += LANES)
	{
		for (lane = 0; lane < LANES; lane++)
			sums[lane] += a[lane] * b[lane];
	}
	for (lane = 0; lane < dim; lane++)
		sums[lane] += a[lane] * b[lane];
	return sum_lanes(sums);
}

static TsmVectorCosineSums
scalar_cosine(int dim, const float *a, const float *b)
{
	float		products[LANES] = {0};
	float		a_squares[LANES] = {0};
	float		b_squares[LANES] = {0};
	TsmVectorCosineSums sums;
	int			lane;

	for (; dim >= LANES; dim -= LANES, a += LANES, b += LANES)
	{
		for (lane = 0; lane < LANES; lane++)
			products[lane] += a[lane] * b[lane];
		for (lane = 0; lane < LANES; lane++)
			a_squares[lane] += a[lane] * a[lane];
		for (lane = 0; lane < LANES; lane++)
			b_squares[lane] += b[lane] * b[lane];
	}
	for (lane = 0; lane < dim; lane++)
	{
		products[lane] += a[lane] * b[lane];
		a_squares[lane] += a[lane] * a[lane];
		b_squares[lane] += b[lane] * b[lane];
	}
	sums.product = sum_lanes(products);
	sums.a_squared = sum_lanes(a_squares);
	sums.b_squared = sum_lanes(b_squares);
	return sums;
}

static float
scalar_l1(int dim, const float *a, const float *b)
{
	float		sums[LANES] = {0};
	int			lane;

	for (; dim >= LANES; dim -= LANES, a += LANES, b += LANES)
	{
		for (lane = 0; lane < LANES; lane++)
			sums[lane] += fabsf(a[lane] - b[lane]);
	}
	for (lane = 0; lane < dim; lane++)
		sums[lane] += fabsf(a[lane] - b[lane]);
	return sum_lanes(sums);
}

/* Up to eight bytes as a number, in whatever order; the missing ones are 0. */
static inline uint64_t
load_word(const uint8_t *bytes, size_t count)
{
	uint64_t	word = 0;

	memcpy(&word, bytes, count < sizeof(word) ? count : sizeof(word));
	return word;
}

static uint64_t
scalar_hamming(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	uint64_t	count = 0;
	size_t		i;

	for (i = 0; i < bytes; i += sizeof(uint64_t))
		count += __builtin_popcountll(load_word(a + i, bytes - i) ^ load_word(b + i, bytes - i));
	return count;
}

static TsmVectorBitCounts
scalar_jaccard(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	TsmVectorBitCounts counts = {0, 0};
	size_t		i;

	for (i = 0; i < bytes; i += sizeof(uint64_t))
	{
		uint64_t	a_word = load_word(a + i, bytes - i);
		uint64_t	b_word = load_word(b + i, bytes - i);

		counts.both += __builtin_popcountll(a_word & b_word);
		counts.either += __builtin_popcountll(a_word | b_word);
	}
	return counts;
}

const TsmVectorKernels tsm_vector_kernels_scalar = {
	scalar_l2_squared,
	scalar_inner_product,
	scalar_cosine,
	scalar_l1,
	scalar_hamming,
	scalar_jaccard
};
