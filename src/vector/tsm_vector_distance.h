/*-------------------------------------------------------------------------
 *
 * tsm_vector_distance.h
 *	  Distances between arrays of floats, on the kernels in use.
 *
 * Free of PostgreSQL. Elements must be finite. Every result is finite but for
 * the cosine of a zero vector, whatever the magnitude of the elements: a
 * float32 sum that is not surely within range is computed again in float64.
 * The tolerance of tsm_vector_kernels.h holds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_VECTOR_DISTANCE_H
#define TSM_VECTOR_DISTANCE_H

/* Sum of (a - b)^2. */
extern double tsm_vector_l2_squared(int dim, const float *a, const float *b);

/* Euclidean distance. */
extern double tsm_vector_l2(int dim, const float *a, const float *b);

/* Sum of a * b. */
extern double tsm_vector_product(int dim, const float *a, const float *b);

/* 1 - cosine of the angle, from 0 to 2; NaN when either vector is zero. */
extern double tsm_vector_cosine(int dim, const float *a, const float *b);

/* Sum of |a - b|. */
extern double tsm_vector_l1(int dim, const float *a, const float *b);

/* Euclidean norm, added in float64. */
extern double tsm_vector_norm(int dim, const float *a);

#endif							/* TSM_VECTOR_DISTANCE_H */
