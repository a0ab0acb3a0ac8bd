/*-------------------------------------------------------------------------
 *
 * tsm_memory_ngrams.h
 *	  The local embedder's kernel: hashed word and character n-grams.
 *
 * Kernel: no palloc, no ereport, no locale, so that it can be fuzzed and
 * tested outside a server and gives the same floats on every machine up to
 * the rounding of logf().
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_MEMORY_NGRAMS_H
#define TSM_MEMORY_NGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* One distinct n-gram of a text. weight is 0 in an unused slot. */
typedef struct TsmNgram
{
	uint64_t	hash;
	float		weight;
	uint32_t	count;
} TsmNgram;

/* The number of n-grams that the text has, each occurrence counted. */
extern size_t tsm_ngrams_count(const uint8_t *utf8, size_t length);

/*
 * Embed a text: sum[h mod dimensions] += sign(h) * weight * (1 + ln count)
 * over its distinct n-grams, then scale to unit length.
 *
 * "slots" is zeroed scratch of "capacity" entries, a power of two larger than
 * tsm_ngrams_count(); "sum" is zeroed scratch of "dimensions" entries. A text
 * without n-grams (nothing but white space) gives the zero vector.
 */
extern void tsm_ngrams_embed(const uint8_t *utf8, size_t length,
							 TsmNgram *slots, size_t capacity,
							 double *sum, float *vector, int dimensions);

#endif							/* TSM_MEMORY_NGRAMS_H */
