/*-------------------------------------------------------------------------
 *
 * tsm_vector_avx2.c
 *	  Kernels for AVX2 with FMA and POPCNT.
 *
 * The elements after the last whole block are loaded under a mask. Bits are
 * counted a nibble at a time by table look-up in a register (W. Mula, "SSSE3:
 * fast popcount", 2008). The functions carry the instruction set as an
 * attribute, so that the rest of the library runs on any x86-64.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_vector_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,fma,popcnt")))
#define LANES 8

/* The first elements of a block, fewer than LANES; the others read no memory and are 0. */
AVX2 static inline __m256
load_rest(const float *x, int count)
{
	const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

	return _mm256_maskload_ps(x, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes));
}

AVX2 static inline float
sum_lanes(__m256 lanes)
{
	__m128		sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));

	sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
	sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
	return _mm_cvtss_f32(sum);
}

AVX2 static inline __m256
step_l2_squared(__m256 sum, __m256 a, __m256 b)
{
	__m256		difference = _mm256_sub_ps(a, b);

	return _mm256_fmadd_ps(difference, difference, sum);
}

AVX2 static inline __m256
step_l1(__m256 sum, __m256 a, __m256 b)
{
	return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(a, b)));
}

AVX2 static float
avx2_l2_squared(int dim, const float *a, const float *b)
{
	__m256		sum0 = _mm256_setzero_ps();
	__m256		sum1 = _mm256_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = step_l2_squared(sum0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
		sum1 = step_l2_squared(sum1, _mm256_loadu_ps(a + i + LANES), _mm256_loadu_ps(b + i + LANES));
	}
	if (i + LANES <= dim)
	{
		sum0 = step_l2_squared(sum0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
		i += LANES;
	}
	if (i < dim)
		sum1 = step_l2_squared(sum1, load_rest(a + i, dim - i), load_rest(b + i, dim - i));
	return sum_lanes(_mm256_add_ps(sum0, sum1));
}

AVX2 static float
avx2_inner_product(int dim, const float *a, const float *b)
{
	__m256		sum0 = _mm256_setzero_ps();
	__m256		sum1 = _mm256_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
		sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + LANES), _mm256_loadu_ps(b + i + LANES), sum1);
	}
	if (i + LANES <= dim)
	{
		sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
		i += LANES;
	}
	if (i < dim)
		sum1 = _mm256_fmadd_ps(load_rest(a + i, dim - i), load_rest(b + i, dim - i), sum1);
	return sum_lanes(_mm256_add_ps(sum0, sum1));
}

AVX2 static TsmVectorCosineSums
avx2_cosine(int dim, const float *a, const float *b)
{
	__m256		product = _mm256_setzero_ps();
	__m256		a_squared = _mm256_setzero_ps();
	__m256		b_squared = _mm256_setzero_ps();
	TsmVectorCosineSums sums;
	int			i;

	for (i = 0; i < dim; i += LANES)
	{
		int			count = dim - i;
		__m256		a_block = count < LANES ? load_rest(a + i, count) : _mm256_loadu_ps(a + i);
		__m256		b_block = count < LANES ? load_rest(b + i, count) : _mm256_loadu_ps(b + i);

		product = _mm256_fmadd_ps(a_block, b_block, product);
		a_squared = _mm256_fmadd_ps(a_block, a_block, a_squared);
		b_squared = _mm256_fmadd_ps(b_block, b_block, b_squared);
	}
	sums.product = sum_lanes(product);
	sums.a_squared = sum_lanes(a_squared);
	sums.b_squared = sum_lanes(b_squared);
	return sums;
}

AVX2 static float
avx2_l1(int dim, const float *a, const float *b)
{
	__m256		sum0 = _mm256_setzero_ps();
	__m256		sum1 = _mm256_setzero_ps();
	int			i;

	for (i = 0; i + 2 * LANES <= dim; i += 2 * LANES)
	{
		sum0 = step_l1(sum0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
		sum1 = step_l1(sum1, _mm256_loadu_ps(a + i + LANES), _mm256_loadu_ps(b + i + LANES));
	}
	if (i + LANES <= dim)
	{
		sum0 = step_l1(sum0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
		i += LANES;
	}
	if (i < dim)
		sum1 = step_l1(sum1, load_rest(a + i, dim - i), load_rest(b + i, dim - i));
	return sum_lanes(_mm256_add_ps(sum0, sum1));
}

/* Up to 32 bytes; the missing ones are 0. */
AVX2 static inline __m256i
load_bytes(const uint8_t *bytes, size_t count)
{
	uint8_t		block[32] = {0};

	if (count >= sizeof(block))
		return _mm256_loadu_si256((const __m256i *) bytes);
	memcpy(block, bytes, count);
	return _mm256_loadu_si256((const __m256i *) block);
}

/* The bits set in each quarter of the register. */
AVX2 static inline __m256i
count_bits(__m256i bits)
{
	const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
										  0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i nibble = _mm256_set1_epi8(0x0F);
	__m256i		low = _mm256_shuffle_epi8(ones, _mm256_and_si256(bits, nibble));
	__m256i		high = _mm256_shuffle_epi8(ones,
										   _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));

	return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

AVX2 static inline uint64_t
sum_counts(__m256i counts)
{
	uint64_t	parts[4];

	_mm256_storeu_si256((__m256i *) parts, counts);
	return parts[0] + parts[1] + parts[2] + parts[3];
}

AVX2 static uint64_t
avx2_hamming(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	__m256i		counts = _mm256_setzero_si256();
	size_t		i;

	for (i = 0; i < bytes; i += 32)
	{
		__m256i		differing = _mm256_xor_si256(load_bytes(a + i, bytes - i),
												 load_bytes(b + i, bytes - i));

		counts = _mm256_add_epi64(counts, count_bits(differing));
	}
	return sum_counts(counts);
}

AVX2 static TsmVectorBitCounts
avx2_jaccard(size_t bytes, const uint8_t *a, const uint8_t *b)
{
	__m256i		both = _mm256_setzero_si256();
	__m256i		either = _mm256_setzero_si256();
	TsmVectorBitCounts counts;
	size_t		i;

	for (i = 0; i < bytes; i += 32)
	{
		__m256i		a_block = load_bytes(a + i, bytes - i);
		__m256i		b_block = load_bytes(b + i, bytes - i);

		both = _mm256_add_epi64(both, count_bits(_mm256_and_si256(a_block, b_block)));
		either = _mm256_add_epi64(either, count_bits(_mm256_or_si256(a_block, b_block)));
	}
	counts.both = sum_counts(both);
	counts.either = sum_counts(either);
	return counts;
}

const TsmVectorKernels tsm_vector_kernels_avx2 = {
	avx2_l2_squared,
	avx2_inner_product,
	avx2_cosine,
	avx2_l1,
	avx2_hamming,
	avx2_jaccard
};

#endif							/* __x86_64__ */
