/*-------------------------------------------------------------------------
 *
 * tsm_vector_avx512.c
 *	  Kernels for AVX-512 (F, BW, DQ, VL, VPOPCNTDQ).
 *
 * The last, partial block is loaded under a mask, whose cleared lanes read no
 * memory and give zero. The functions carry the instruction set as an
 * attribute, so that the rest of the library runs on any x86-64.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_vector_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")))
#define LANES 16

/* The lanes of a block that are left of count elements (of 16, of 64). */
static inline __mmask16
mask_of(int count)
{
	return count >= LANES ? 0xFFFF : (__mmask16) ((1u << count) - 1);
}

static inline uint64_t
byte_mask_of(size_t count)
{
	return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

AVX512 static inline __m512
step_l2_squared(__m512 sum, __m512 a, __m512 b)
{
	__m512		difference = _mm512_sub_ps(a, b);

	return _mm512_fmadd_ps(difference, difference, sum);
}

AVX512 static inline __m512
step_l1(__m512 sum, __m512 a, __m512 b)
{
	return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(a, b)));
}

AVX512 static float
avx512_l2_squared(int dim, const float *a, const float *b)
{
	__m512		sum0 = _mm512_setzero_ps();
	__m512		sum1 = _mm512_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = step_l2_squared(sum0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
		sum1 = step_l2_squared(sum1, _mm512_loadu_ps(a + i + LANES), _mm512_loadu_ps(b + i + LANES));
	}
	for (; i < dim; i += LANES)
	{
		__mmask16	mask = mask_of(dim - i);

		sum0 = step_l2_squared(sum0, _mm512_maskz_loadu_ps(mask, a + i),
							   _mm512_maskz_loadu_ps(mask, b + i));
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

AVX512 static float
avx512_inner_product(int dim, const float *a, const float *b)
{
	__m512		sum0 = _mm512_setzero_ps();
	__m512		sum1 = _mm512_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sum0);
		sum1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + LANES), _mm512_loadu_ps(b + i + LANES), sum1);
	}
	for (; i < dim; i += LANES)
	{
		__mmask16	mask = mask_of(dim - i);

		sum0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + i),
							   _mm512_maskz_loadu_ps(mask, b + i), sum0);
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

AVX512 static TsmVectorCosineSums
avx512_cosine(int dim, const float *a, const float *b)
{
	__m512		product = _mm512_setzero_ps();
	__m512		a_squared = _mm512_setzero_ps();
	__m512		b_squared = _mm512_setzero_ps();
	TsmVectorCosineSums sums;
	int			i;

	for (i = 0; i < dim; i += LANES)
	{
		__mmask16	mask = mask_of(dim - i);
		__m512		a_block = _mm512_maskz_loadu_ps(mask, a + i);
		__m512		b_block = _mm512_maskz_loadu_ps(mask, b + i);

		product = _mm512_fmadd_ps(a_block, b_block, product);
		a_squared = _mm512_fmadd_ps(a_block, a_block, a_squared);
		b_squared = _mm512_fmadd_ps(b_block, b_block, b_squared);
	}
	sums.product = _mm512_reduce_add_ps(product);
	sums.a_squared = _mm512_reduce_add_ps(a_squared);
	sums.b_squared = _mm512_reduce_add_ps(b_squared);
	return sums;
}

AVX512 static float
avx512_l1(int dim, const float *a, const float *b)
{
	__m512		sum0 = _mm512_setzero_ps();
	__m512		sum1 = _mm512_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = step_l1(sum0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
		sum1 = step_l1(sum1, _mm512_loadu_ps(a + i + LANES), _mm512_loadu_ps(b + i + LANES));
	}
	for (; i < dim; i += LANES)
	{
		__mmask16	mask = mask_of(dim - i);

		sum0 = step_l1(sum0, _mm512_maskz_loadu_ps(mask, a + i),
					   _mm512_maskz_loadu_ps(mask, b + i));
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

AVX512 static uint64_t
avx512_hamming(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	__m512i		count = _mm512_setzero_si512();
	size_t		i;

	for (i = 0; i < bytes; i += 64)
	{
		__mmask64	mask = byte_mask_of(bytes - i);
		__m512i		differing = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, a + i),
												 _mm512_maskz_loadu_epi8(mask, b + i));

		count = _mm512_add_epi64(count, _mm512_popcnt_epi64(differing));
	}
	return (uint64_t) _mm512_reduce_add_epi64(count);
}

AVX512 static TsmVectorBitCounts
avx512_jaccard(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	__m512i		both = _mm512_setzero_si512();
	__m512i		either = _mm512_setzero_si512();
	TsmVectorBitCounts counts;
	size_t		i;

	for (i = 0; i < bytes; i += 64)
	{
		__mmask64	mask = byte_mask_of(bytes - i);
		__m512i		a_block = _mm512_maskz_loadu_epi8(mask, a + i);
		__m512i		b_block = _mm512_maskz_loadu_epi8(mask, b + i);

		both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(a_block, b_block)));
		either = _mm512_add_epi64(either, _mm512_popcnt_epi64(_mm512_or_si512(a_block, b_block)));
	}
	counts.both = (uint64_t) _mm512_reduce_add_epi64(both);
	counts.either = (uint64_t) _mm512_reduce_add_epi64(either);
	return counts;
}

const TsmVectorKernels tsm_vector_kernels_avx512 = {
	avx512_l2_squared,
	avx512_inner_product,
	avx512_cosine,
	avx512_l1,
	avx512_hamming,
	avx512_jaccard
};

#endif							/* __x86_64__ */
