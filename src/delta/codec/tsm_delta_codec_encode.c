/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_encode.c
 *	  Packs rows into a block: frame after frame until the block is full.
 *
 * The payload is written behind the header at once; when the directory is
 * known it is put between.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

/* A base image of fewer bytes is not worth its place. */
#define MIN_BASE		64

/* Up to this length compressing it takes less time than LZ4_loadDictHC. */
#define MAX_QUICK_BASE	512

/* A frame is kept raw unless compression takes off this part of it. */
#define MIN_GAIN_PART	20

/* How often the last frame of a block is tried with fewer rows, and by how much more than in proportion. */
#define MAX_SHRINKS		2
#define SHRINK_MARGIN	0.97

/* It has at least this part of the rows of a frame, as short frames are long for their rows. */
#define MIN_TAIL_PART	8

/* The block being written. */
typedef struct Packing
{
	uint8_t    *block;
	size_t		payload;		/* bytes of it behind the header */
	int			frames;
	int			used;			/* rows */
	uint32_t	raw_length;
	TsmWriter	directory;
	int64_t		key;			/* of the first row of the last frame */
	int64_t		start;
} Packing;

bool
tsm_codec_fail(TsmCodecFault *fault, TsmCodecCode code, size_t position, const char *what)
{
	fault->code = code;
	fault->position = position;
	fault->what = what;
	return false;
}

bool
tsm_codec_check_schema(const TsmCodecSchema *schema, TsmCodecFault *fault)
{
	int			i;

	if (schema->natts < 0 || schema->natts > TSM_CODEC_MAX_ATTRIBUTES)
		return tsm_codec_fail(fault, TSM_CODEC_BAD_CALL, 0, "too many attributes");
	for (i = 0; i < schema->natts; i++)
	{
		int			length = schema->attributes[i].length;
		bool		good;

		switch (schema->attributes[i].kind)
		{
			case TSM_CODEC_INT:
				good = length == 1 || length == 2 || length == 4 || length == 8;
				break;
			case TSM_CODEC_FLOAT:
				good = length == 4 || length == 8;
				break;
			case TSM_CODEC_FIXED:
				good = length >= 1 && length <= TSM_CODEC_MAX_FIXED;
				break;
			case TSM_CODEC_BYTES:
				good = length == 0;
				break;
			default:
				good = false;
		}
		if (!good)
			return tsm_codec_fail(fault, TSM_CODEC_BAD_CALL, i, "kind or length out of range");
	}
	return true;
}

size_t
tsm_codec_encoder_size(void)
{
	return sizeof(TsmCodecEncoder);
}

TsmCodecEncoder *
tsm_codec_encoder_init(void *memory, const TsmCodecSchema *schema, const TsmCodecOptions *options,
					   TsmCodecCrc crc32c, TsmCodecFault *fault)
{
	TsmCodecEncoder *encoder = memory;

	if (!tsm_codec_check_schema(schema, fault))
		return NULL;
	if (options->frame_rows < 1 || options->frame_rows > TSM_CODEC_MAX_FRAME_ROWS ||
		options->level < 0 || options->level > TSM_CODEC_MAX_LEVEL ||
		options->block_size > TSM_CODEC_MAX_BLOCK)
	{
		(void) tsm_codec_fail(fault, TSM_CODEC_BAD_CALL, 0, "options out of range");
		return NULL;
	}
	encoder->schema = schema;
	encoder->options = options;
	encoder->crc32c = crc32c;
	encoder->row_size = 0;
	if (options->level >= LZ4HC_CLEVEL_MIN)
		(void) LZ4_initStreamHC(&encoder->lz4.high, sizeof(encoder->lz4.high));
	else
		(void) LZ4_initStream(&encoder->lz4.fast, sizeof(encoder->lz4.fast));
	return encoder;
}

/*
 * What the row takes alone in a raw frame, at most: 64 bytes of key, times and
 * xids; an attribute 4 of length, 1 of mode, 1 of nulls, and 10 of an integer
 * or 4 of a token.
 */
size_t
tsm_codec_row_cost(const TsmCodecSchema *schema, const TsmCodecValue *values)
{
	size_t		cost = 64;
	int			i;

	for (i = 0; i < schema->natts; i++)
	{
		if (values[i].null)
			cost += 6;
		else if (is_by_value(&schema->attributes[i]))
			cost += 16;
		else if (schema->attributes[i].kind == TSM_CODEC_FIXED)
			cost += 10 + (size_t) schema->attributes[i].length;
		else
			cost += 10 + (size_t) values[i].length;
	}
	return cost;
}

/*
 * Compress with a dictionary into encoder->stored; gives the length, 0 when
 * it is no gain. LZ4_loadDictHC clears 256 kB of tables each time, so a short
 * dictionary is compressed for nothing, as what comes before.
 */
static uint32_t
compress(TsmCodecEncoder *encoder, const uint8_t *raw, uint32_t raw_length,
		 const uint8_t *dictionary, uint32_t dictionary_length)
{
	int			level = encoder->options->level;
	const char *from = (const char *) raw;
	const char *base = (const char *) dictionary;
	char	   *to = (char *) encoder->stored;
	int			length = 0;

	if (level >= LZ4HC_CLEVEL_MIN)
	{
		LZ4_resetStreamHC_fast(&encoder->lz4.high, level);
		if (dictionary_length > MAX_QUICK_BASE)
			(void) LZ4_loadDictHC(&encoder->lz4.high, base, (int) dictionary_length);
		else if (dictionary_length > 0)
			(void) LZ4_compress_HC_continue(&encoder->lz4.high, base, to, (int) dictionary_length,
											sizeof(encoder->stored));
		length = LZ4_compress_HC_continue(&encoder->lz4.high, from, to, (int) raw_length,
										  sizeof(encoder->stored));
	}
	else if (level > 0)
	{
		(void) LZ4_loadDict(&encoder->lz4.fast, base, (int) dictionary_length);
		length = LZ4_compress_fast_continue(&encoder->lz4.fast, from, to, (int) raw_length,
											sizeof(encoder->stored), 1);
	}
	if (length <= 0 || (uint32_t) length + (uint32_t) length / MIN_GAIN_PART >= raw_length)
		return 0;
	return (uint32_t) length;
}

/* Write the base image behind the header. False when it has no room there. */
static bool
write_base(TsmCodecEncoder *encoder, Packing *packing, const TsmCodecRow *row)
{
	const TsmCodecSchema *schema = encoder->schema;
	uint32_t	stored;
	int			i;

	encoder->base_length = 0;
	for (i = 0; i < schema->natts; i++)
	{
		const TsmCodecValue *value = &row->values[i];
		uint32_t	room = TSM_CODEC_MAX_BASE - encoder->base_length;
		uint32_t	length;

		if (schema->attributes[i].kind != TSM_CODEC_BYTES || value->null || value->length == 0)
			continue;
		length = value->length < room ? value->length : room;
		memcpy(encoder->base + encoder->base_length, value->as.bytes, length);
		encoder->base_length += length;
	}
	if (encoder->base_length < MIN_BASE || encoder->options->level == 0)
		encoder->base_length = 0;
	stored = encoder->base_length == 0 ? 0 :
		compress(encoder, encoder->base, encoder->base_length, NULL, 0);
	encoder->base_compressed = stored > 0;
	encoder->base_stored = encoder->base_compressed ? stored : encoder->base_length;
	if (TSM_CODEC_HEADER_SIZE + (size_t) encoder->base_stored > encoder->options->block_size)
		return false;
	memcpy(packing->block + TSM_CODEC_HEADER_SIZE,
		   encoder->base_compressed ? encoder->stored : encoder->base, encoder->base_stored);
	packing->payload = encoder->base_stored;
	packing->raw_length = encoder->base_length;
	return true;
}

/* Make a frame of the rows in raw and, where that is a gain, in stored; false when it is too long. */
static bool
make_frame(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows)
{
	if (!tsm_codec_write_frame(encoder, rows, nrows))
		return false;
	encoder->stored_length = compress(encoder, encoder->raw, encoder->raw_length, encoder->base,
									  encoder->base_length);
	return true;
}

static size_t
frame_size(const TsmCodecEncoder *encoder)
{
	return encoder->stored_length > 0 ? encoder->stored_length : encoder->raw_length;
}

/*
 * Make a frame of at most nrows rows that fits into room bytes. Gives its
 * number of rows; 0 when there is none, or when a frame is there already and
 * few rows were to fit. Each try costs a compression, so the first is at what
 * the rows of the last frame took.
 */
static int
fit_frame(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows, size_t room, bool first)
{
	int			least = first ? 1 : encoder->options->frame_rows / MIN_TAIL_PART;
	int			shrinks = 0;

	if (least > nrows)
		least = nrows;
	room = room > ENTRY_MAX_SIZE ? room - ENTRY_MAX_SIZE : 0;
	if (encoder->row_size * nrows > room)
		nrows = (int) (room / encoder->row_size);
	if (nrows == 0 && first)
		nrows = 1;
	while (nrows > 0 && nrows >= least && shrinks <= MAX_SHRINKS)
	{
		size_t		size;
		int			fewer;

		if (!make_frame(encoder, rows, nrows))
		{
			/* One row that was found not too big always makes a frame. */
			nrows /= 2;
			if (least > nrows)
				least = nrows;
			continue;
		}
		size = frame_size(encoder);
		encoder->row_size = (double) size / nrows;
		if (size <= room)
			return nrows;
		if (nrows == 1)
			return 0;
		shrinks += !first;
		fewer = (int) (room / encoder->row_size * SHRINK_MARGIN);
		nrows = fewer < nrows ? fewer : nrows - 1;
		if (nrows == 0 && first)
			nrows = 1;
	}
	return 0;
}

/*
 * How many rows from the first on may share a frame; 0 when the first is too
 * big, -1 at a fault. Entities whose first rows alone fill a frame end it, and
 * so do rows that it is much work to go through.
 */
static int
rows_for_frame(const TsmCodecEncoder *encoder, const TsmCodecRow *rows, int used, int nrows,
			   TsmCodecFault *fault)
{
	int			limit = encoder->options->frame_rows;
	size_t		whole = 0;
	size_t		work = 0;
	int			i;

	for (i = used; i < nrows && i - used < limit; i++)
	{
		size_t		cost;

		if (i > 0 && (rows[i].key < rows[i - 1].key ||
					  (rows[i].key == rows[i - 1].key && rows[i].start < rows[i - 1].start)))
		{
			(void) tsm_codec_fail(fault, TSM_CODEC_UNORDERED, i, "row out of order");
			return -1;
		}
		cost = tsm_codec_row_cost(encoder->schema, rows[i].values);
		if (i > used && rows[i].key != rows[i - 1].key)
			whole += cost;
		if (i > used)
			work += cost;
		if (cost > TSM_CODEC_MAX_RAW || whole > FRAME_RAW || work > TSM_CODEC_MAX_WORK)
			break;
	}
	return i - used;
}

/* Add the frame that was made of the rows to the block. */
static void
append_frame(TsmCodecEncoder *encoder, Packing *packing, const TsmCodecRow *rows, int nrows)
{
	bool		compressed = encoder->stored_length > 0;
	int64_t		max_end = rows[0].end;
	int			i;

	for (i = 1; i < nrows; i++)
	{
		if (rows[i].end > max_end)
			max_end = rows[i].end;
	}
	tsm_write_varint(&packing->directory, nrows);
	tsm_write_varint(&packing->directory, (uint64_t) rows[0].key - (uint64_t) packing->key);
	write_zigzag(&packing->directory, (uint64_t) rows[0].start - (uint64_t) packing->start);
	tsm_write_u8(&packing->directory, (compressed ? CODING_LZ4 : CODING_RAW) |
				 (max_end == TSM_CODEC_INFINITY ? CODING_ENDLESS : 0));
	if (max_end != TSM_CODEC_INFINITY)
		write_zigzag(&packing->directory, (uint64_t) max_end - (uint64_t) rows[0].start);
	tsm_write_varint(&packing->directory, encoder->raw_length);
	if (compressed)
		tsm_write_varint(&packing->directory, encoder->stored_length);

	memcpy(packing->block + TSM_CODEC_HEADER_SIZE + packing->payload,
		   compressed ? encoder->stored : encoder->raw, frame_size(encoder));
	packing->payload += frame_size(encoder);
	packing->raw_length += encoder->raw_length;
	packing->frames++;
	packing->used += nrows;
	packing->key = rows[0].key;
	packing->start = rows[0].start;
}

/* Put the directory between header and payload, write the header, and seal it. */
static size_t
finish_block(TsmCodecEncoder *encoder, Packing *packing, const TsmCodecRow *first)
{
	size_t		directory_length = packing->directory.position;
	size_t		size = TSM_CODEC_HEADER_SIZE + directory_length + packing->payload;
	uint8_t    *body = packing->block + TSM_CODEC_HEADER_SIZE;
	uint32_t	crc;
	TsmWriter	header;

	memmove(body + directory_length, body, packing->payload);
	memcpy(body, encoder->directory, directory_length);
	tsm_writer_init(&header, packing->block, TSM_CODEC_HEADER_SIZE);
	tsm_write_bytes(&header, "TSD", 3);
	tsm_write_u8(&header, TSM_CODEC_FORMAT);
	tsm_write_u8(&header, 0);
	tsm_write_u8(&header, encoder->base_compressed ? CODING_LZ4 : CODING_RAW);
	tsm_write_u16_le(&header, (uint16_t) encoder->schema->natts);
	tsm_write_u16_le(&header, (uint16_t) packing->frames);
	tsm_write_u16_le(&header, (uint16_t) encoder->base_length);
	tsm_write_u16_le(&header, (uint16_t) encoder->base_stored);
	tsm_write_u16_le(&header, (uint16_t) directory_length);
	tsm_write_u32_le(&header, (uint32_t) packing->used);
	tsm_write_u32_le(&header, encoder->schema->schema_id);
	tsm_write_u32_le(&header, packing->raw_length);
	tsm_write_u32_le(&header, 0);
	tsm_write_u64_le(&header, (uint64_t) first->key);
	tsm_write_u64_le(&header, (uint64_t) first->start);

	crc = encoder->crc32c(0, packing->block, HEADER_CRC);
	crc = encoder->crc32c(crc, packing->block + HEADER_CRC + 4, size - HEADER_CRC - 4);
	tsm_writer_init(&header, packing->block + HEADER_CRC, 4);
	tsm_write_u32_le(&header, crc);
	return size;
}

bool
tsm_codec_encode(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows, uint8_t *block,
				 size_t *size, int *used, TsmCodecFault *fault)
{
	size_t		block_size = encoder->options->block_size;
	uint32_t	base_length;
	bool		fits;
	Packing		packing = {0};

	if (nrows < 1)
		return tsm_codec_fail(fault, TSM_CODEC_BAD_CALL, 0, "no rows");
	if (tsm_codec_row_cost(encoder->schema, rows[0].values) > TSM_CODEC_MAX_RAW)
		return tsm_codec_fail(fault, TSM_CODEC_ROW_TOO_BIG, 0, "row too big");
	packing.block = block;
	packing.key = rows[0].key;
	packing.start = rows[0].start;
	tsm_writer_init(&packing.directory, encoder->directory, sizeof(encoder->directory));

	/* Where the base image alone is too long a frame without one may yet fit. */
	fits = write_base(encoder, &packing, &rows[0]);
	base_length = encoder->base_length;
	if (!fits)
		encoder->base_length = encoder->base_stored = encoder->base_compressed = 0;
	while (packing.used < nrows && packing.frames < TSM_CODEC_MAX_FRAMES)
	{
		size_t		taken = TSM_CODEC_HEADER_SIZE + packing.directory.position + packing.payload;
		size_t		room = block_size > taken ? block_size - taken : 0;
		int			count = rows_for_frame(encoder, rows, packing.used, nrows, fault);

		if (count < 0)
			return false;
		count = fit_frame(encoder, rows + packing.used, count, room, packing.frames == 0);
		if (count == 0)
			break;
		append_frame(encoder, &packing, rows + packing.used, count);
	}

	/* What was tried last is the first row alone; this much it takes uncompressed. */
	if (packing.frames == 0)
		return tsm_codec_fail(fault, TSM_CODEC_NO_ROOM,
							  TSM_CODEC_HEADER_SIZE + ENTRY_MAX_SIZE + (size_t) base_length +
							  encoder->raw_length, "block too small for the first row");
	*size = finish_block(encoder, &packing, &rows[0]);
	*used = packing.used;
	return true;
}
