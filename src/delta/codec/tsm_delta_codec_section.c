/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_section.c
 *	  Writes what one attribute has in the rows of a frame.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

/* Which rows carry a value: the first, and those that differ from their predecessor. */
typedef struct Carried
{
	int			count;
	bool		any_null;
	uint16_t	rows[TSM_CODEC_MAX_FRAME_ROWS];
	uint8_t		changes[FRAME_BITMAP];	/* bit i - 1 for row i */
	uint8_t		nulls[FRAME_BITMAP];	/* a bit a carried value */
} Carried;

/* The bits of a value by value, as they are written. */
static uint64_t
word_of(const TsmCodecAttribute *attribute, const TsmCodecValue *value)
{
	if (attribute->kind == TSM_CODEC_INT)
		return extend_sign(value->as.word, attribute->length);
	return attribute->length == 4 ? (uint32_t) value->as.word : value->as.word;
}

static bool
is_same(const TsmCodecAttribute *attribute, const TsmCodecValue *a, const TsmCodecValue *b)
{
	uint32_t	length;

	if (a->null || b->null)
		return a->null && b->null;
	if (is_by_value(attribute))
		return word_of(attribute, a) == word_of(attribute, b);
	length = length_of(attribute, a);
	return length == length_of(attribute, b) &&
		(length == 0 || memcmp(a->as.bytes, b->as.bytes, length) == 0);
}

static void
find_carried(Carried *carried, const TsmCodecAttribute *attribute, int number,
			 const TsmCodecRow *rows, int nrows)
{
	int			i;

	carried->count = 0;
	carried->any_null = false;
	memset(carried->changes, 0, sizeof(carried->changes));
	memset(carried->nulls, 0, sizeof(carried->nulls));
	for (i = 0; i < nrows; i++)
	{
		const TsmCodecValue *value = &rows[i].values[number];

		if (i > 0)
		{
			if (is_same(attribute, value, &rows[i - 1].values[number]))
				continue;
			set_bit(carried->changes, i - 1);
		}
		if (value->null)
		{
			set_bit(carried->nulls, carried->count);
			carried->any_null = true;
		}
		carried->rows[carried->count++] = (uint16_t) i;
	}
}

double
tsm_codec_power_of_ten(int decimals)
{
	static const double powers[MAX_DECIMALS + 1] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
		1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};

	return powers[decimals];
}

static double
float_of(const TsmCodecAttribute *attribute, uint64_t bits)
{
	if (attribute->length == 4)
	{
		uint32_t	low = (uint32_t) bits;
		float		value;

		memcpy(&value, &low, sizeof(value));
		return value;
	}
	else
	{
		double		value;

		memcpy(&value, &bits, sizeof(value));
		return value;
	}
}

/*
 * Whether the float is an integer divided by 10^decimals, bit by bit; gives
 * that integer. It has to be below 2^53, so that the reader, which divides
 * too, comes to the same bits. Infinity, NaN and -0 are not.
 */
static bool
is_decimal(const TsmCodecAttribute *attribute, uint64_t bits, int decimals, int64_t *integer)
{
	double		power = tsm_codec_power_of_ten(decimals);
	double		scaled = float_of(attribute, bits) * power;

	if (!(scaled > -9007199254740992.0 && scaled < 9007199254740992.0))
		return false;
	*integer = (int64_t) (scaled + (scaled < 0 ? -0.5 : 0.5));
	return bits_of_float((double) *integer / power, attribute->length) == bits;
}

/* The fewest decimals that all carried values have, or -1 when they have none in common. */
static int
common_decimals(const TsmCodecAttribute *attribute, const Carried *carried, int number,
				const TsmCodecRow *rows)
{
	int			decimals = 0;
	bool		any = false;
	int			pass,
				i;
	int64_t		integer;

	/* A value may need more decimals than those before it, so look at all twice. */
	for (pass = 0; pass < 2; pass++)
	{
		for (i = 0; i < carried->count; i++)
		{
			const TsmCodecValue *value = &rows[carried->rows[i]].values[number];

			if (value->null)
				continue;
			any = true;
			while (!is_decimal(attribute, word_of(attribute, value), decimals, &integer))
			{
				if (pass > 0 || ++decimals > MAX_DECIMALS)
					return -1;
			}
		}
	}
	return any ? decimals : -1;
}

/* A float against the previous one: the bytes of their exclusive or that are not zero. */
static void
write_xor(TsmWriter *writer, uint64_t difference)
{
	int			below = 0;
	int			length;

	if (difference != 0)
		below = __builtin_ctzll(difference) / 8;
	difference >>= 8 * below;
	length = difference == 0 ? 0 : (63 - __builtin_clzll(difference)) / 8 + 1;
	tsm_write_u8(writer, (uint8_t) (below << 4 | length));
	for (; length > 0; length--, difference >>= 8)
		tsm_write_u8(writer, (uint8_t) difference);
}

static void
write_words(TsmWriter *writer, const TsmCodecAttribute *attribute, const Carried *carried,
			int number, const TsmCodecRow *rows, int decimals)
{
	uint64_t	previous = 0;
	int			i;

	for (i = 0; i < carried->count; i++)
	{
		const TsmCodecValue *value = &rows[carried->rows[i]].values[number];
		uint64_t	word;
		int64_t		integer = 0;

		if (value->null)
			continue;
		word = word_of(attribute, value);
		if (attribute->kind == TSM_CODEC_FLOAT && decimals < 0)
			write_xor(writer, word ^ previous);
		else
		{
			if (attribute->kind == TSM_CODEC_FLOAT)
			{
				(void) is_decimal(attribute, word, decimals, &integer);
				word = (uint64_t) integer;
			}
			write_zigzag(writer, word - previous);
		}
		previous = word;
	}
}

/* A value of bytes: whole, or as a diff where the previous row is of the same entity and it is shorter. */
static void
write_token(TsmCodecEncoder *encoder, TsmWriter *writer, const TsmCodecRow *row, bool first,
			int number)
{
	const TsmCodecAttribute *attribute = &encoder->schema->attributes[number];
	const TsmCodecValue *value = &row->values[number];
	uint32_t	length = length_of(attribute, value);
	size_t		diff_length = 0;

	if (length >= DIFF_MIN_LENGTH && !first && row[-1].key == row->key &&
		!row[-1].values[number].null)
	{
		const TsmCodecValue *previous = &row[-1].values[number];
		uint32_t	previous_length = length_of(attribute, previous);

		if (previous_length > 0)
			diff_length = tsm_codec_diff(encoder->anchors, previous->as.bytes, previous_length,
										 value->as.bytes, length, encoder->diff, length);
	}
	if (diff_length > 0)
	{
		tsm_write_varint(writer, (uint64_t) diff_length << 1 | 1);
		tsm_write_bytes(writer, encoder->diff, diff_length);
	}
	else
	{
		tsm_write_varint(writer, (uint64_t) length << 1);
		tsm_write_bytes(writer, value->as.bytes, length);
	}
}

void
tsm_codec_write_section(TsmCodecEncoder *encoder, TsmWriter *writer, int number,
						const TsmCodecRow *rows, int nrows)
{
	const TsmCodecAttribute *attribute = &encoder->schema->attributes[number];
	Carried		carried;
	int			decimals = -1;
	int			i;

	find_carried(&carried, attribute, number, rows, nrows);
	if (attribute->kind == TSM_CODEC_FLOAT)
		decimals = common_decimals(attribute, &carried, number, rows);
	tsm_write_u8(writer, (carried.count > 1 ? SECTION_CHANGES : 0) |
				 (carried.any_null ? SECTION_NULLS : 0) | (decimals >= 0 ? SECTION_DECIMALS : 0));
	if (decimals >= 0)
		tsm_write_u8(writer, (uint8_t) decimals);
	if (carried.count > 1)
		tsm_write_bytes(writer, carried.changes, BITMAP_SIZE(nrows - 1));
	if (carried.any_null)
		tsm_write_bytes(writer, carried.nulls, BITMAP_SIZE(carried.count));
	if (is_by_value(attribute))
	{
		write_words(writer, attribute, &carried, number, rows, decimals);
		return;
	}
	for (i = 0; i < carried.count && !writer->failed; i++)
	{
		const TsmCodecRow *row = &rows[carried.rows[i]];

		if (row->values[number].null)
			continue;
		if (has_tokens(attribute))
			write_token(encoder, writer, row, carried.rows[i] == 0, number);
		else
			tsm_write_bytes(writer, row->values[number].as.bytes, attribute->length);
	}
}
