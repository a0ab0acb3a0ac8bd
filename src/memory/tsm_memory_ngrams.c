/*-------------------------------------------------------------------------
 *
 * tsm_memory_ngrams.c
 *	  Hashed word and character n-grams; see tsm_memory_ngrams.h.
 *
 * The features of a text, with their weights:
 *
 *	  word          1      shorter words less, as they say less
 *	  two words     0.5    in a row
 *	  3 to 5 characters of a word with its ends marked, 0.4 each
 *
 * so that inflected and misspelt words stay near each other. Signed feature
 * hashing is that of Weinberger et al., "Feature hashing for large scale
 * multitask learning" (2009): the sign makes collisions cancel on average.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_memory_ngrams.h"

#include <math.h>
#include <stdbool.h>

/* A longer word is cut into pieces of so many characters. */
#define WORD_MAX_CHARACTERS 64

#define GRAM_MIN 3
#define GRAM_MAX 5

/* A word of so many characters has full weight. */
#define WORD_FULL_LENGTH 5

#define WEIGHT_WORD_PAIR 0.5f
#define WEIGHT_GRAM 0.4f

/* Marks the ends of a word; no character has this code. */
#define WORD_END 0x110000

#define HASH_SEED UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)
#define HASH_KIND_WORD 1
#define HASH_KIND_PAIR 2
#define HASH_KIND_GRAM 3

typedef struct NgramWriter
{
	TsmNgram   *slots;			/* NULL: only count */
	size_t		mask;
	size_t		written;
	uint64_t	previous_word;	/* 0 before the first */
} NgramWriter;

/* One step of FNV-1a over a character code. */
static uint64_t
hash_add(uint64_t hash, uint32_t value)
{
	return (hash ^ value) * HASH_PRIME;
}

/* The finaliser of splitmix64: every bit of the input reaches every bit of the result. */
static uint64_t
hash_finish(uint64_t hash)
{
	hash ^= hash >> 30;
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	hash ^= hash >> 27;
	hash *= UINT64_C(0x94d049bb133111eb);
	return hash ^ hash >> 31;
}

static uint64_t
hash_characters(int kind, const uint32_t *characters, int count)
{
	uint64_t	hash = hash_add(HASH_SEED, kind);
	int			i;

	for (i = 0; i < count; i++)
		hash = hash_add(hash, characters[i]);
	return hash_finish(hash);
}

/*
 * The next character of UTF-8 text, *position < length. A byte that is not
 * part of valid UTF-8 counts as a character of its own.
 */
static uint32_t
next_character(const uint8_t *utf8, size_t length, size_t *position)
{
	uint32_t	lead = utf8[(*position)++];
	int			more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
	uint32_t	code = more == 0 ? lead : lead & (0x3F >> more);
	int			i;

	if ((size_t) more > length - *position)
		return lead;
	for (i = 0; i < more; i++)
	{
		if ((utf8[*position + i] & 0xC0) != 0x80)
			return lead;
		code = code << 6 | (utf8[*position + i] & 0x3F);
	}
	*position += more;
	return code;
}

/* Lower case of Latin-1, Greek and Cyrillic capitals, without regard to locale. */
static uint32_t
fold_case(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
		(c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	return c;
}

static bool
is_space(uint32_t c)
{
	return c <= ' ' || c == 0x7F || c == 0x85 || c == 0xA0 || (c >= 0x2000 && c <= 0x200B) ||
		c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* Whether a character is part of a word: no space, no ASCII or general punctuation. */
static bool
is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return !is_space(c) && !(c >= 0x2010 && c <= 0x206F) && !(c >= 0x3001 && c <= 0x3003) &&
		c != 0xA1 && c != 0xAB && c != 0xB7 && c != 0xBB && c != 0xBF;
}

static void
write_ngram(NgramWriter *writer, uint64_t hash, float weight)
{
	size_t		slot;

	writer->written++;
	if (writer->slots == NULL)
		return;
	for (slot = hash & writer->mask; writer->slots[slot].weight != 0; slot = (slot + 1) & writer->mask)
	{
		if (writer->slots[slot].hash == hash)
		{
			writer->slots[slot].count++;
			return;
		}
	}
	writer->slots[slot].hash = hash;
	writer->slots[slot].weight = weight;
	writer->slots[slot].count = 1;
}

/* All features of one word; word[0] and word[length + 1] are the marks of its ends. */
static void
write_word(NgramWriter *writer, const uint32_t *word, int length)
{
	uint64_t	hash = hash_characters(HASH_KIND_WORD, word + 1, length);
	int			size;
	int			start;

	write_ngram(writer, hash,
				length >= WORD_FULL_LENGTH ? 1.0f : (float) length / WORD_FULL_LENGTH);
	if (writer->previous_word != 0)
		write_ngram(writer, hash_finish(hash_add(writer->previous_word, HASH_KIND_PAIR) ^ hash),
					WEIGHT_WORD_PAIR);
	writer->previous_word = hash;

	/* A gram as long as the marked word would only repeat the word. */
	for (size = GRAM_MIN; size <= GRAM_MAX && size < length + 2; size++)
	{
		for (start = 0; start + size <= length + 2; start++)
			write_ngram(writer, hash_characters(HASH_KIND_GRAM, word + start, size), WEIGHT_GRAM);
	}
}

/* Cut the text into words; "any" takes every character but spaces for part of a word. */
static void
write_words(NgramWriter *writer, const uint8_t *utf8, size_t length, bool any)
{
	uint32_t	word[WORD_MAX_CHARACTERS + 2];
	int			characters = 0;
	size_t		position = 0;

	word[0] = WORD_END;
	while (position < length)
	{
		uint32_t	c = next_character(utf8, length, &position);
		bool		inside = any ? !is_space(c) : is_word(c);

		if (inside)
			word[++characters] = fold_case(c);
		if (characters > 0 && (!inside || characters == WORD_MAX_CHARACTERS || position >= length))
		{
			word[characters + 1] = WORD_END;
			write_word(writer, word, characters);
			characters = 0;
		}
	}
}

/* A text of punctuation alone has no words; its signs are then taken for some. */
static void
write_text(NgramWriter *writer, const uint8_t *utf8, size_t length)
{
	write_words(writer, utf8, length, false);
	if (writer->written == 0)
		write_words(writer, utf8, length, true);
}

size_t
tsm_ngrams_count(const uint8_t *utf8, size_t length)
{
	NgramWriter writer = {NULL, 0, 0, 0};

	write_text(&writer, utf8, length);
	return writer.written;
}

void
tsm_ngrams_embed(const uint8_t *utf8, size_t length, TsmNgram *slots, size_t capacity,
				 double *sum, float *vector, int dimensions)
{
	NgramWriter writer = {slots, capacity - 1, 0, 0};
	double		norm = 0;
	size_t		slot;
	int			i;

	write_text(&writer, utf8, length);
	for (slot = 0; slot < capacity; slot++)
	{
		const TsmNgram *ngram = &slots[slot];
		double		value;

		if (ngram->weight == 0)
			continue;
		value = ngram->weight * (1.0 + (double) logf((float) ngram->count));
		/* The lowest bits chose the slot, the highest one is the sign. */
		sum[(ngram->hash >> 16 & UINT32_MAX) % (uint32_t) dimensions] += ngram->hash >> 63 ? -value : value;
	}
	for (i = 0; i < dimensions; i++)
		norm += sum[i] * sum[i];
	norm = sqrt(norm);
	for (i = 0; i < dimensions; i++)
		vector[i] = norm > 0 ? (float) (sum[i] / norm) : 0.0f;
}
