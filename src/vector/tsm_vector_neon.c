/*-------------------------------------------------------------------------
 *
 * tsm_vector_neon.c
 *	  Kernels for NEON (Advanced SIMD, which every arm64 processor has).
 *
 * Two registers of four lanes make the TSM_VECTOR_LANES sums. The elements
 * after the last whole block are filled up with zeros.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_vector_kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#define LANES 8

/* A block of LANES elements in two registers. */
typedef struct Block
{
	float32x4_t low;
	float32x4_t high;
} Block;

static inline Block
zero_block(void)
{
	Block		block;

	block.low = vdupq_n_f32(0);
	block.high = vdupq_n_f32(0);
	return block;
}

/* The next LANES elements; of fewer left, filled up with zeros. */
static inline Block
load_block(const float *x, int count)
{
	float		rest[LANES] = {0};
	Block		block;

	if (count < LANES)
	{
		memcpy(rest, x, count * sizeof(float));
		x = rest;
	}
	block.low = vld1q_f32(x);
	block.high = vld1q_f32(x + 4);
	return block;
}

static inline Block
difference_of(Block a, Block b)
{
	a.low = vsubq_f32(a.low, b.low);
	a.high = vsubq_f32(a.high, b.high);
	return a;
}

static inline Block
add_product(Block sum, Block a, Block b)
{
	sum.low = vfmaq_f32(sum.low, a.low, b.low);
	sum.high = vfmaq_f32(sum.high, a.high, b.high);
	return sum;
}

static inline float
sum_lanes(Block sum)
{
	return vaddvq_f32(vaddq_f32(sum.low, sum.high));
}

static float
neon_l2_squared(int dim, const float *a, const float *b)
{
	Block		sum = zero_block();
	int			i;

	for (i = 0; i < dim; i += LANES)
	{
		Block		difference = difference_of(load_block(a + i, dim - i), load_block(b + i, dim - i));

		sum = add_product(sum, difference, difference);
	}
	return sum_lanes(sum);
}

static float
neon_inner_product(int dim, const float *a, const float *b)
{
	Block		sum = zero_block();
	int			i;

	for (i = 0; i < dim; i += LANES)
		sum = add_product(sum, load_block(a + i, dim - i), load_block(b + i, dim - i));
	return sum_lanes(sum);
}

static TsmVectorCosineSums
neon_cosine(int dim, const float *a, const float *b)
{
	Block		product = zero_block();
	Block		a_squared = zero_block();
	Block		b_squared = zero_block();
	TsmVectorCosineSums sums;
	int			i;

	for (i = 0; i < dim; i += LANES)
	{
		Block		a_block = load_block(a + i, dim - i);
		Block		b_block = load_block(b + i, dim - i);

		product = add_product(product, a_block, b_block);
		a_squared = add_product(a_squared, a_block, a_block);
		b_squared = add_product(b_squared, b_block, b_block);
	}
	sums.product = sum_lanes(product);
	sums.a_squared = sum_lanes(a_squared);
	sums.b_squared = sum_lanes(b_squared);
	return sums;
}

static float
neon_l1(int dim, const float *a, const float *b)
{
	Block		sum = zero_block();
	int			i;

	for (i = 0; i < dim; i += LANES)
	{
		Block		difference = difference_of(load_block(a + i, dim - i), load_block(b + i, dim - i));

		sum.low = vaddq_f32(sum.low, vabsq_f32(difference.low));
		sum.high = vaddq_f32(sum.high, vabsq_f32(difference.high));
	}
	return sum_lanes(sum);
}

/* Up to 16 bytes; the missing ones are 0. */
static inline uint8x16_t
load_bytes(const uint8_t *bytes, size_t count)
{
	uint8_t		rest[16] = {0};

	if (count >= sizeof(rest))
		return vld1q_u8(bytes);
	memcpy(rest, bytes, count);
	return vld1q_u8(rest);
}

static inline uint64_t
count_bits(uint8x16_t bits)
{
	return vaddlvq_u8(vcntq_u8(bits));
}

static uint64_t
neon_hamming(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	uint64_t	count = 0;
	size_t		i;

	for (i = 0; i < bytes; i += 16)
		count += count_bits(veorq_u8(load_bytes(a + i, bytes - i), load_bytes(b + i, bytes - i)));
	return count;
}

static TsmVectorBitCounts
neon_jaccard(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	TsmVectorBitCounts counts = {0, 0};
	size_t		i;

	for (i = 0; i < bytes; i += 16)
	{
		uint8x16_t	a_block = load_bytes(a + i, bytes - i);
		uint8x16_t	b_block = load_bytes(b + i, bytes - i);

		counts.both += count_bits(vandq_u8(a_block, b_block));
		counts.either += count_bits(vorrq_u8(a_block, b_block));
	}
	return counts;
}

const TsmVectorKernels tsm_vector_kernels_neon = {
	neon_l2_squared,
	neon_inner_product,
	neon_cosine,
	neon_l1,
	neon_hamming,
	neon_jaccard
};

#endif							/* __aarch64__ */
