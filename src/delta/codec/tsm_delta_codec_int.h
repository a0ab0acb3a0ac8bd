/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_int.h
 *	  Private to the block codec: what its files share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_CODEC_INT_H
#define TSM_DELTA_CODEC_INT_H

#include "tsm_delta_codec.h"
#include "tsm_bytes.h"

#include <lz4.h>
#include <lz4hc.h>
#include <string.h>

/* Offsets in the header, as the table in tsm_delta_codec.h has them. */
#define HEADER_FORMAT		3
#define HEADER_BASE_CODING	5
#define HEADER_CRC			28

/* Codings of the base image and of frames. */
#define CODING_RAW			0
#define CODING_LZ4			1
#define CODING_ENDLESS		0x80

/* Flags of a frame. */
#define FRAME_SECOND_ORDER	1
#define FRAME_ENDLESS		2
#define FRAME_ONE_XID		4
#define FRAME_FLAGS			(FRAME_SECOND_ORDER | FRAME_ENDLESS | FRAME_ONE_XID)

/* Modes of a section. */
#define SECTION_CHANGES		1
#define SECTION_NULLS		2
#define SECTION_DECIMALS	4
#define SECTION_MODES		(SECTION_CHANGES | SECTION_NULLS | SECTION_DECIMALS)

/* 10^22 is the greatest power of ten that a float8 holds exactly. */
#define MAX_DECIMALS		22

/* From this length on values of fixed length are diffed, and others worth a diff. */
#define DIFF_MIN_LENGTH		32

/* A directory entry at its longest: 2 + 10 + 10 + 1 + 10 + 3 + 3. */
#define ENTRY_MAX_SIZE		39

/* Hash table of places in the previous value, at most. */
#define ANCHOR_BITS			16

/* A raw frame has no more than this and what its first row takes alone: all of it is expanded to read a row. */
#define FRAME_RAW			65536

#define BITMAP_SIZE(n)		(((n) + 7) / 8)
#define FRAME_BITMAP		BITMAP_SIZE(TSM_CODEC_MAX_FRAME_ROWS)

struct TsmCodecEncoder
{
	const TsmCodecSchema *schema;
	const TsmCodecOptions *options;
	TsmCodecCrc crc32c;
	double		row_size;		/* bytes a row of the last frame; 0 at first */
	uint32_t	base_length;
	uint32_t	base_stored;
	bool		base_compressed;
	uint32_t	raw_length;		/* of the frame in raw */
	uint32_t	stored_length;	/* of it in stored; 0 when raw is kept */
	union
	{
		LZ4_stream_t fast;
		LZ4_streamHC_t high;
	}			lz4;
	uint32_t	anchors[1 << ANCHOR_BITS];
	uint8_t		directory[TSM_CODEC_MAX_FRAMES * ENTRY_MAX_SIZE];
	uint8_t		base[TSM_CODEC_MAX_BASE];
	uint8_t		raw[TSM_CODEC_MAX_RAW];
	uint8_t		sections[TSM_CODEC_MAX_RAW];
	uint8_t		diff[TSM_CODEC_MAX_RAW];
	uint8_t		stored[LZ4_COMPRESSBOUND(TSM_CODEC_MAX_RAW)];
};

/* Fill in a fault; always false, so that it can be returned. */
extern bool tsm_codec_fail(TsmCodecFault *fault, TsmCodecCode code, size_t position,
						   const char *what);

/* Whether kinds and lengths of a schema are in range. */
extern bool tsm_codec_check_schema(const TsmCodecSchema *schema, TsmCodecFault *fault);

/*
 * Write rows as a raw frame into encoder->raw and raw_length. False when it
 * would have more than FRAME_RAW bytes beside the first row, or more than
 * TSM_CODEC_MAX_RAW, which one row that passes tsm_codec_row_cost never has.
 */
extern bool tsm_codec_write_frame(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows);

/* Write the section of an attribute; used by the above. */
extern void tsm_codec_write_section(TsmCodecEncoder *encoder, TsmWriter *writer, int attribute,
									const TsmCodecRow *rows, int nrows);

/*
 * Write a diff that makes new out of old. Gives its length, or 0 when it has
 * no fewer than limit bytes. Both values have at most TSM_CODEC_MAX_RAW
 * bytes; takes time linear in their lengths.
 */
extern size_t tsm_codec_diff(uint32_t *anchors, const uint8_t *old, size_t old_length,
							 const uint8_t *new, size_t new_length, uint8_t *diff, size_t limit);

/* The length of the value that a diff makes; false when it is longer than TSM_CODEC_MAX_RAW. */
extern bool tsm_codec_patched_length(TsmReader *diff, size_t old_length, size_t *new_length);

/*
 * Apply a diff whose length was read. False, with new undefined, when the
 * diff is not valid.
 */
extern bool tsm_codec_patch(const TsmReader *diff, const uint8_t *old, size_t old_length, uint8_t *new,
							size_t new_length);

/* 10^decimals, exact. */
extern double tsm_codec_power_of_ten(int decimals);

/* The bits of a float of the given length, in bytes, as a word. */
static inline uint64_t
bits_of_float(double value, int length)
{
	uint64_t	bits;

	if (length == 4)
	{
		float		narrow = (float) value;
		uint32_t	low;

		memcpy(&low, &narrow, sizeof(low));
		return low;
	}
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline bool
bit_is_set(const uint8_t *bitmap, int bit)
{
	return (bitmap[bit >> 3] >> (bit & 7) & 1) != 0;
}

static inline void
set_bit(uint8_t *bitmap, int bit)
{
	bitmap[bit >> 3] |= (uint8_t) (1 << (bit & 7));
}

/* The lower bytes of a word, extended by their sign. */
static inline uint64_t
extend_sign(uint64_t word, int length)
{
	switch (length)
	{
		case 1:
			return (uint64_t) (int64_t) (int8_t) word;
		case 2:
			return (uint64_t) (int64_t) (int16_t) word;
		case 4:
			return (uint64_t) (int64_t) (int32_t) word;
		default:
			return word;
	}
}

/* Whether values of an attribute are written as tokens of kind bytes. */
static inline bool
has_tokens(const TsmCodecAttribute *attribute)
{
	return attribute->kind == TSM_CODEC_BYTES ||
		(attribute->kind == TSM_CODEC_FIXED && attribute->length >= DIFF_MIN_LENGTH);
}

static inline bool
is_by_value(const TsmCodecAttribute *attribute)
{
	return attribute->kind == TSM_CODEC_INT || attribute->kind == TSM_CODEC_FLOAT;
}

/* The length of a value that is not by value and not null. */
static inline uint32_t
length_of(const TsmCodecAttribute *attribute, const TsmCodecValue *value)
{
	return attribute->kind == TSM_CODEC_FIXED ? attribute->length : value->length;
}

/* Integers of fixed width in any alignment. */
static inline uint16_t
load_u16(const uint8_t *bytes)
{
	return (uint16_t) (bytes[0] | bytes[1] << 8);
}

static inline uint32_t
load_u32(const uint8_t *bytes)
{
	return load_u16(bytes) | (uint32_t) load_u16(bytes + 2) << 16;
}

static inline uint64_t
load_u64(const uint8_t *bytes)
{
	return load_u32(bytes) | (uint64_t) load_u32(bytes + 4) << 32;
}

/* tsm_read_u8 and tsm_read_bytes, inline. */
static inline const uint8_t *
read_bytes(TsmReader *reader, size_t length)
{
	const uint8_t *bytes = reader->data + reader->position;

	if (reader->failed || length > reader->size - reader->position)
	{
		reader->failed = true;
		return NULL;
	}
	reader->position += length;
	return bytes;
}

static inline uint8_t
read_u8(TsmReader *reader)
{
	const uint8_t *byte = read_bytes(reader, 1);

	return byte == NULL ? 0 : *byte;
}

/*
 * tsm_read_varint, inline and without a branch a byte where it cannot reach
 * the end: a frame is made of varints. The reader is handed on as a copy, so
 * that one of a caller's own can live in registers.
 */
static inline uint64_t
read_varint(TsmReader *reader)
{
	TsmReader	rest;
	uint64_t	value;

	if (reader->size - reader->position >= TSM_VARINT_MAX_BYTES && !reader->failed)
	{
		const uint8_t *bytes = reader->data + reader->position;
		uint64_t	last;

		if (bytes[0] < 0x80)
		{
			reader->position++;
			return bytes[0];
		}
		value = load_u64(bytes);
		last = ~value & UINT64_C(0x8080808080808080);
		if (last != 0)
		{
			/* Bits up to that of the last byte; then sevens become fourteens, and so on. */
			value &= last ^ (last - 1);
			value = (value & UINT64_C(0x007F007F007F007F)) | (value & UINT64_C(0x7F007F007F007F00)) >> 1;
			value = (value & UINT64_C(0x00003FFF00003FFF)) | (value & UINT64_C(0x3FFF00003FFF0000)) >> 2;
			value = (value & UINT64_C(0x0FFFFFFF)) | (value & UINT64_C(0x0FFFFFFF00000000)) >> 4;
			reader->position += (size_t) __builtin_ctzll(last) / 8 + 1;
			return value;
		}
	}
	rest = *reader;
	value = tsm_read_varint(&rest);
	*reader = rest;
	return value;
}

static inline uint64_t
read_zigzag(TsmReader *reader)
{
	uint64_t	value = read_varint(reader);

	return value >> 1 ^ (0 - (value & 1));
}

/* Differences are unsigned here, since they wrap around. */
static inline void
write_zigzag(TsmWriter *writer, uint64_t difference)
{
	tsm_write_zigzag(writer, (int64_t) difference);
}

#endif							/* TSM_DELTA_CODEC_INT_H */
