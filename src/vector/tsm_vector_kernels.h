/*-------------------------------------------------------------------------
 *
 * tsm_vector_kernels.h
 *	  Kernels of the distances, one table an instruction set.
 *
 * Free of PostgreSQL, so that they can be tested outside a server. Arrays need
 * no alignment beyond that of their elements and may be empty.
 *
 * Float kernels add in float32, in at least TSM_VECTOR_LANES independent
 * sums. Where nothing leaves the normal range of float32, each sum differs
 * from the exact one by at most
 *
 *		(dim / TSM_VECTOR_LANES + 16) * 2^-24 * S
 *
 * where S is the sum of the absolute values of the terms: (a - b)^2 for
 * l2_squared, a * b for inner_product and so on. Instruction sets may differ
 * from each other within that bound. They may overflow to infinity, give NaN
 * from infinities, or underflow: tsm_vector_distance.c deals with that, hence
 * callers use the functions of tsm_vector.h, not these.
 *
 * Bit kernels count exactly and are equal to the bit on all instruction sets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_VECTOR_KERNELS_H
#define TSM_VECTOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define TSM_VECTOR_LANES 8

/* The three sums of a cosine, made in one pass. */
typedef struct TsmVectorCosineSums
{
	float		product;		/* sum of a * b */
	float		a_squared;		/* sum of a * a */
	float		b_squared;		/* sum of b * b */
} TsmVectorCosineSums;

/* Bits set in both of two strings, and in either. */
typedef struct TsmVectorBitCounts
{
	uint64_t	both;
	uint64_t	either;
} TsmVectorBitCounts;

typedef struct TsmVectorKernels
{
	float		(*l2_squared) (int dim, const float *a, const float *b);
	float		(*inner_product) (int dim, const float *a, const float *b);
	TsmVectorCosineSums (*cosine) (int dim, const float *a, const float *b);
	float		(*l1) (int dim, const float *a, const float *b);
	uint64_t	(*hamming) (size_t bytes, const uint8_t *a, const uint8_t *b);
	TsmVectorBitCounts (*jaccard) (size_t bytes, const uint8_t *a, const uint8_t *b);
} TsmVectorKernels;

extern const TsmVectorKernels tsm_vector_kernels_scalar;
#if defined(__x86_64__)
extern const TsmVectorKernels tsm_vector_kernels_avx2;
extern const TsmVectorKernels tsm_vector_kernels_avx512;
#elif defined(__aarch64__)
extern const TsmVectorKernels tsm_vector_kernels_neon;
#endif

/* The table in use; changed by the setting tsmem.simd only. */
extern const TsmVectorKernels *tsm_vector_kernels;

#endif							/* TSM_VECTOR_KERNELS_H */
