/*
 * delta_codec_fuzz.c
 *	  The block codec under any input: a damaged block gives an error or other
 *	  rows, never a step beyond; rows made of the input are read as they were written.
 *
 * The first byte of the input chooses: even, the rest is a block, whose
 * checksum is set right; odd, the rest makes rows, and the next six say what
 * is then damaged in their block. Two more choose the schema.
 *
 * links: src/delta/codec/tsm_delta_codec_diff.c src/delta/codec/tsm_delta_codec_encode.c src/delta/codec/tsm_delta_codec_frame.c src/delta/codec/tsm_delta_codec_open.c src/delta/codec/tsm_delta_codec_read.c src/delta/codec/tsm_delta_codec_section.c src/base/tsm_base_bytes.c
 */
#include "../../src/delta/codec/tsm_delta_codec.h"
#include "../unit/crc32c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTRIBUTES	40
#define MAX_ROWS		300

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input
{
	const uint8_t *data;
	size_t		size;
} Input;

static TsmCodecAttribute attributes[MAX_ATTRIBUTES];
static TsmCodecSchema schema = {.schema_id = 1,.attributes = attributes};
static uint8_t block[TSM_CODEC_MAX_BLOCK];
static TsmCodecReader *reader;
static TsmCodecEncoder *encoder;
static uint8_t buffer[TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW];

/* The next byte of the input; 0 behind its end. */
static uint8_t
take(Input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static uint64_t
take_word(Input *input)
{
	uint64_t	word = 0;
	int			bytes = take(input) & 15;

	while (bytes-- > 0)
		word = word << 8 | take(input);
	return word;
}

static void
choose_schema(Input *input)
{
	static const TsmCodecAttribute some[] = {
		{TSM_CODEC_BYTES, 0}, {TSM_CODEC_INT, 4}, {TSM_CODEC_FLOAT, 8}, {TSM_CODEC_FIXED, 16},
		{TSM_CODEC_INT, 8}, {TSM_CODEC_BYTES, 0}, {TSM_CODEC_FLOAT, 4}, {TSM_CODEC_FIXED, 64},
		{TSM_CODEC_INT, 1}, {TSM_CODEC_INT, 2}
	};
	int			first;
	int			i;

	schema.natts = take(input) % (MAX_ATTRIBUTES + 1);
	first = take(input);
	for (i = 0; i < schema.natts; i++)
		attributes[i] = some[(first + i) % (sizeof(some) / sizeof(some[0]))];
}

static void
demand(bool true_always, const char *what)
{
	if (!true_always)
	{
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

/* Every byte of the values, so that each is looked at. */
static volatile uint64_t touched;

static void
touch(const TsmCodecValue *values)
{
	size_t		total = 0;
	int			i;
	uint32_t	j;

	for (i = 0; i < schema.natts; i++)
	{
		if (values[i].null)
			continue;
		if (attributes[i].kind == TSM_CODEC_INT || attributes[i].kind == TSM_CODEC_FLOAT)
			touched += values[i].as.word;
		else
		{
			for (j = 0; j < values[i].length; j++)
				touched += values[i].as.bytes[j];
			total += values[i].length;
		}
	}
	demand(total <= TSM_CODEC_MAX_RAW, "a row is longer than a row may be");
}

/* Some attributes of a row; gives which. */
static bool
read_some(int row, uint8_t *wanted, TsmCodecValue *values, TsmCodecFault *fault)
{
	static uint32_t state = 1;
	int			i;

	for (i = 0; i < MAX_ATTRIBUTES / 8 + 1; i++)
	{
		state = state * 1664525 + 1013904223;
		wanted[i] = (uint8_t) (state >> 24);
	}
	for (i = 0; i < schema.natts; i++)
		values[i].null = true;
	return tsm_codec_read_columns(reader, row, wanted, values, fault);
}

static void
read_block(const uint8_t *data, size_t size)
{
	TsmCodecBlock opened;
	TsmCodecFrame frame;
	TsmCodecFault fault;
	TsmCodecValue values[MAX_ATTRIBUTES];
	uint8_t		wanted[MAX_ATTRIBUTES / 8 + 1];
	uint32_t	versions = 0;
	bool		more;

	if (!tsm_codec_open(&opened, data, size, crc32c, &fault))
		return;
	(void) tsm_codec_find_frame(&opened, opened.key, INT64_MAX, &frame);
	schema.schema_id = opened.schema_id;
	if (opened.natts <= MAX_ATTRIBUTES && opened.natts > schema.natts)
		return;
	schema.natts = opened.natts <= MAX_ATTRIBUTES ? opened.natts : schema.natts;
	if (!tsm_codec_expand_base(&opened, buffer, &fault))
		return;
	for (more = tsm_codec_first_frame(&opened, &frame); more; more = tsm_codec_next_frame(&opened, &frame))
	{
		const uint8_t *raw = tsm_codec_expand_frame(&opened, &frame, buffer, &fault);
		int			i;

		versions += (uint32_t) frame.rows;
		if (raw == NULL || !tsm_codec_reader_open(reader, &opened, &frame, raw, &fault))
			continue;
		demand(tsm_codec_find_row(reader, frame.key, INT64_MAX) >= 0, "the first key is not found");
		/* Backwards and forwards. */
		for (i = frame.rows - 1; i >= 0; i -= 7)
		{
			if (!tsm_codec_read_row(reader, i, values, &fault))
				break;
			touch(values);
		}
		for (i = 0; i < frame.rows && tsm_codec_read_row(reader, i, values, &fault); i++)
			touch(values);
		if (!tsm_codec_reader_open(reader, &opened, &frame, raw, &fault))
			continue;
		for (i = 0; i < frame.rows && read_some(i * 5 % frame.rows, wanted, values, &fault); i++)
			touch(values);
	}
	demand(versions == opened.versions, "a frame was lost");
}

static void
seal(uint8_t *data, size_t size)
{
	uint32_t	crc = crc32c(crc32c(0, data, 28), data + 32, size - 32);
	int			i;

	for (i = 0; i < 4; i++)
		data[28 + i] = (uint8_t) (crc >> 8 * i);
}

static void
fuzz_block(Input *input)
{
	uint8_t    *copy = malloc(input->size > 0 ? input->size : 1);

	if (input->size > 0)
		memcpy(copy, input->data, input->size);
	if (input->size >= TSM_CODEC_HEADER_SIZE)
		seal(copy, input->size);
	read_block(copy, input->size);
	free(copy);
}

/* Rows of the input, whose bytes values share. */
static int
take_rows(Input *input, TsmCodecRow *rows, TsmCodecValue *values)
{
	int			count = 0;
	int			i;

	while (input->size > 0 && count < MAX_ROWS)
	{
		TsmCodecRow *row = &rows[count];
		TsmCodecValue *mine = &values[count * MAX_ATTRIBUTES];
		uint8_t		how = take(input);

		memset(row, 0, sizeof(*row));
		if (count > 0)
		{
			*row = row[-1];
			memcpy(mine, mine - MAX_ATTRIBUTES, MAX_ATTRIBUTES * sizeof(TsmCodecValue));
		}
		else
			memset(mine, 0, MAX_ATTRIBUTES * sizeof(TsmCodecValue));
		row->values = mine;
		if (count == 0 || how & 1)
			row->key = (int64_t) take_word(input);
		if (count == 0 || how & 2)
			row->start = (int64_t) take_word(input);
		row->end = how & 4 ? (int64_t) take_word(input) : how & 8 ? TSM_CODEC_INFINITY : row->start;
		if (how & 16)
			row->start_xid = take_word(input);
		row->end_xid = how & 32 ? take_word(input) : row->start_xid;
		if (count > 0 && (how & 64))
			rows[count - 1].end = row->start;
		for (i = 0; i < schema.natts; i++)
		{
			if (count > 0 && take(input) & 1)
				continue;
			mine[i].null = take(input) == 7;
			if (attributes[i].kind == TSM_CODEC_INT || attributes[i].kind == TSM_CODEC_FLOAT)
				mine[i].as.word = take_word(input);
			else
			{
				size_t		length = attributes[i].kind == TSM_CODEC_FIXED ? attributes[i].length : take_word(input) % 2000;
				size_t		most = input->size;

				mine[i].null |= attributes[i].kind == TSM_CODEC_FIXED && length > most;
				mine[i].length = (uint32_t) (length < most ? length : most);
				mine[i].as.bytes = input->data;
			}
			if (mine[i].null)
				mine[i].length = 0;
		}
		count++;
	}
	return count;
}

static bool
same(const TsmCodecValue *a, const TsmCodecValue *b, const TsmCodecAttribute *attribute)
{
	uint64_t	mask = attribute->length == 8 ? UINT64_MAX : ((uint64_t) 1 << (8 * (attribute->length & 7))) - 1;

	if (a->null || b->null)
		return a->null == b->null;
	if (attribute->kind == TSM_CODEC_INT || attribute->kind == TSM_CODEC_FLOAT)
		return (a->as.word & mask) == (b->as.word & mask);
	return a->length == b->length && memcmp(a->as.bytes, b->as.bytes, a->length) == 0;
}

static void
compare_block(size_t size, const TsmCodecRow *rows, int used)
{
	TsmCodecBlock opened;
	TsmCodecFrame frame;
	TsmCodecFault fault;
	TsmCodecRow row;
	TsmCodecValue values[MAX_ATTRIBUTES];
	uint8_t		wanted[MAX_ATTRIBUTES / 8 + 1];
	bool		more;
	int			i,
				a;

	demand(tsm_codec_open(&opened, block, size, crc32c, &fault), "a block that was written is not opened");
	demand(opened.versions == (uint32_t) used, "versions are lost");
	demand(tsm_codec_expand_base(&opened, buffer, &fault), "its base is not expanded");
	for (more = tsm_codec_first_frame(&opened, &frame); more; more = tsm_codec_next_frame(&opened, &frame))
	{
		const uint8_t *raw = tsm_codec_expand_frame(&opened, &frame, buffer, &fault);

		demand(raw && tsm_codec_reader_open(reader, &opened, &frame, raw, &fault), "its frame is not read");
		for (i = 0; i < frame.rows; i++, rows++)
		{
			tsm_codec_row_head(reader, i, &row);
			demand(row.key == rows->key && row.start == rows->start && row.end == rows->end &&
				   row.start_xid == rows->start_xid && row.end_xid == rows->end_xid, "a head differs");
			demand(tsm_codec_read_row(reader, i, values, &fault), "a row is not read");
			for (a = 0; a < schema.natts; a++)
				demand(same(&rows->values[a], &values[a], &attributes[a]), "a value differs");
		}
		demand(tsm_codec_reader_open(reader, &opened, &frame, raw, &fault), "its frame is not read again");
		for (i = 0; i < frame.rows; i++)
		{
			const TsmCodecValue *mine = rows[i * 5 % frame.rows - frame.rows].values;

			demand(read_some(i * 5 % frame.rows, wanted, values, &fault), "a part of a row is not read");
			for (a = 0; a < schema.natts; a++)
				demand((wanted[a / 8] >> a % 8 & 1) == 0 || same(&mine[a], &values[a], &attributes[a]),
					   "a value differs when not all are read");
		}
	}
}

/* Read the block again with some bytes changed, in the header and the directory or anywhere. */
static void
read_damaged(size_t size, const uint8_t *damage)
{
	uint8_t    *copy = malloc(size);

	memcpy(copy, block, size);
	copy[damage[0] % size] ^= damage[1];
	copy[(damage[2] << 8 | damage[3]) % size] ^= damage[4];
	copy[(damage[2] << 8 | damage[3]) / 2 % size] ^= damage[5];
	seal(copy, size);
	read_block(copy, size);
	free(copy);
}

static void
fuzz_rows(Input *input, int how, const uint8_t *damage)
{
	static TsmCodecRow rows[MAX_ROWS];
	static TsmCodecValue values[MAX_ROWS * MAX_ATTRIBUTES];
	static const int levels[] = {0, 1, 3, 9};
	TsmCodecOptions options = {1 + how % 64, levels[how >> 1 & 3], how & 8 ? 8100 : TSM_CODEC_MAX_BLOCK};
	TsmCodecFault fault;
	int			count = take_rows(input, rows, values);
	int			done = 0;

	demand(tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault) != NULL, "no encoder");
	while (done < count)
	{
		size_t		size = 0;
		int			used = 0;

		if (!tsm_codec_encode(encoder, rows + done, count - done, block, &size, &used, &fault))
		{
			demand(fault.code == TSM_CODEC_UNORDERED || fault.code == TSM_CODEC_ROW_TOO_BIG ||
				   fault.code == TSM_CODEC_NO_ROOM, "rows are refused for no reason");
			return;
		}
		demand(used > 0 && size <= options.block_size, "a block is longer than it may be");
		compare_block(size, rows + done, used);
		done += used;
		read_damaged(size, damage);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	TsmCodecFault fault;
	uint8_t		how = take(&input);
	uint8_t		damage[6] = {0};
	size_t		i;

	for (i = 0; (how & 1) && i < sizeof(damage); i++)
		damage[i] = take(&input);
	if (reader == NULL)
	{
		reader = malloc(tsm_codec_reader_size(MAX_ATTRIBUTES));
		encoder = malloc(tsm_codec_encoder_size());
	}
	choose_schema(&input);
	demand(tsm_codec_reader_init(reader, &schema, &fault) != NULL, "no reader");
	if (how & 1)
		fuzz_rows(&input, how, damage);
	else
		fuzz_block(&input);
	schema.schema_id = 1;
	return 0;
}
