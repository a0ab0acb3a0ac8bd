/*
 * memory_ngrams_test.c
 *	  The kernel of the local embedder: counting, scratch of exactly the needed
 *	  size, any bytes, unit length.
 *
 * links: src/memory/tsm_memory_ngrams.c
 */
#include "../../src/memory/tsm_memory_ngrams.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* Embed, with scratch allocated to the byte so that a run past it is found. */
static double
embed(const void *text, size_t length, int dimensions, float *vector)
{
	size_t		ngrams = tsm_ngrams_count(text, length);
	size_t		capacity = 1;
	TsmNgram   *slots;
	double	   *sum;
	double		norm = 0;
	uint8_t    *copy = malloc(length > 0 ? length : 1);

	while (capacity <= ngrams)
		capacity *= 2;
	slots = calloc(capacity, sizeof(TsmNgram));
	sum = calloc(dimensions, sizeof(double));
	memcpy(copy, text, length);
	tsm_ngrams_embed(copy, length, slots, capacity, sum, vector, dimensions);
	for (int i = 0; i < dimensions; i++)
		norm += (double) vector[i] * vector[i];
	free(slots);
	free(sum);
	free(copy);
	return sqrt(norm);
}

static void
test_counts(void)
{
	/* the word; its grams of the marked word: 3: 3, 4: 2, 5 would be the word */
	ok(tsm_ngrams_count((const uint8_t *) "abc", 3) == 1 + 3 + 2, "one word: itself and its grams");
	ok(tsm_ngrams_count((const uint8_t *) "a b", 3) == 2 + 1, "two words of one character: they and the pair");
	ok(tsm_ngrams_count((const uint8_t *) "", 0) == 0, "nothing has none");
	ok(tsm_ngrams_count((const uint8_t *) " \n\t", 3) == 0, "white space has none");
	ok(tsm_ngrams_count((const uint8_t *) "?", 1) > 0, "signs alone count as words");
}

static void
test_vectors(void)
{
	float		a[16];
	float		b[16];

	ok(fabs(embed("the ferry", 9, 16, a) - 1) < 1e-6, "of unit length");
	embed("The Ferry.", 10, 16, b);
	ok(memcmp(a, b, sizeof(a)) == 0, "case and punctuation do not count");
	embed("ferry the", 9, 16, b);
	ok(memcmp(a, b, sizeof(a)) != 0, "order does");
	ok(embed("", 0, 16, a) == 0, "nothing is the zero vector");
	ok(fabs(embed("x", 1, 1, a) - 1) < 1e-6, "one dimension");
}

static void
test_any_bytes(void)
{
	uint8_t		bytes[64];
	float		vector[8];
	unsigned	state = 1;
	bool		good = true;

	for (int round = 0; round < 20000; round++)
	{
		size_t		length = round % (sizeof(bytes) + 1);
		double		norm;

		for (size_t i = 0; i < length; i++)
		{
			state = state * 1103515245u + 12345u;
			bytes[i] = (uint8_t) (state >> 16);
		}
		norm = embed(bytes, length, 8, vector);
		good = good && (fabs(norm - 1) < 1e-5 || norm == 0);
	}
	ok(good, "any bytes give a vector of unit length, or zero");
	/* Characters cut off at the end of the text. */
	for (size_t length = 1; length <= 4; length++)
		good = good && embed("\xF0\x9F\x98\x80", length, 8, vector) > 0;
	ok(good, "a character that is cut off is read no further");
}

static void
test_long_words(void)
{
	static char text[1000];
	float		vector[8];

	memset(text, 'x', sizeof(text));
	ok(embed(text, sizeof(text), 8, vector) > 0, "a word is cut after 64 characters");
	ok(tsm_ngrams_count((const uint8_t *) text, 64) * 2 + 1 == tsm_ngrams_count((const uint8_t *) text, 128), "into words like others");
}

int
main(void)
{
	test_counts();
	test_vectors();
	test_any_bytes();
	test_long_words();
	printf("1..%d\n", tests);
	return failures != 0;
}
