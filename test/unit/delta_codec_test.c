/*
 * delta_codec_test.c
 *	  The block codec: what was written is read, by any schema; limits and one
 *	  past them; every truncation and every flipped bit of a block is an error.
 *
 * links: src/delta/codec/tsm_delta_codec_diff.c src/delta/codec/tsm_delta_codec_encode.c src/delta/codec/tsm_delta_codec_frame.c src/delta/codec/tsm_delta_codec_open.c src/delta/codec/tsm_delta_codec_read.c src/delta/codec/tsm_delta_codec_section.c src/base/tsm_base_bytes.c
 */
#include "../../src/delta/codec/tsm_delta_codec.h"
#include "crc32c.h"
#include "tsm_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 3000

static int	tests = 0;
static int	failures = 0;
static uint64_t random_state = 20250817;

static TsmCodecAttribute attributes[TSM_CODEC_MAX_ATTRIBUTES];
static TsmCodecSchema schema = {.schema_id = 7,.attributes = attributes};
static TsmCodecOptions options;
static TsmCodecRow rows[MAX_ROWS];
static int	nrows;
static uint8_t block[TSM_CODEC_MAX_BLOCK];
static uint8_t *memory;			/* of values; all is freed at once */
static size_t memory_used;

#define MEMORY_SIZE ((size_t) 256 << 20)

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* A number below n; the same sequence in each run. */
static int
dice(int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int) ((random_state >> 33) % (uint64_t) n);
}

static uint64_t
any_word(void)
{
	uint64_t	word = (uint64_t) dice(1 << 30) << 34 ^ (uint64_t) dice(1 << 30) << 17 ^ dice(1 << 30);

	return word >> dice(64);
}

static void *
new_bytes(size_t size)
{
	void	   *bytes = memory + memory_used;

	memory_used += (size + 15) & ~(size_t) 15;
	if (memory_used > MEMORY_SIZE)
		abort();
	return bytes;
}

static void
begin_rows(int natts)
{
	memory_used = 0;
	nrows = 0;
	schema.natts = natts;
}

static TsmCodecRow *
add_row(int64_t key, int64_t start, int64_t end, TsmCodecValue *values)
{
	TsmCodecRow *row = &rows[nrows++];

	row->key = key;
	row->start = start;
	row->end = end;
	row->start_xid = row->end_xid = 0;
	row->values = values;
	return row;
}

static TsmCodecValue *
new_values(void)
{
	TsmCodecValue *values = new_bytes((schema.natts + 1) * sizeof(TsmCodecValue));

	memset(values, 0, (schema.natts + 1) * sizeof(TsmCodecValue));
	return values;
}

static void
set_text(TsmCodecValue *value, const void *text, size_t length)
{
	uint8_t    *bytes = new_bytes(length);

	memcpy(bytes, text, length);
	value->as.bytes = bytes;
	value->length = (uint32_t) length;
	value->null = false;
}

/* ---- comparing ---- */

static uint64_t
comparable(const TsmCodecAttribute *attribute, uint64_t word)
{
	return attribute->length == 8 ? word : word & (((uint64_t) 1 << (8 * attribute->length)) - 1);
}

static bool
same_values(const TsmCodecValue *a, const TsmCodecValue *b)
{
	int			i;

	for (i = 0; i < schema.natts; i++)
	{
		const TsmCodecAttribute *attribute = &attributes[i];

		if (a[i].null || b[i].null)
		{
			if (a[i].null != b[i].null)
				return false;
		}
		else if (attribute->kind == TSM_CODEC_INT || attribute->kind == TSM_CODEC_FLOAT)
		{
			if (comparable(attribute, a[i].as.word) != comparable(attribute, b[i].as.word))
				return false;
		}
		else
		{
			uint32_t	length = attribute->kind == TSM_CODEC_FIXED ? attribute->length : a[i].length;

			if (b[i].length != length || memcmp(a[i].as.bytes, b[i].as.bytes, length) != 0)
				return false;
		}
	}
	return true;
}

static bool
same_head(const TsmCodecRow *a, const TsmCodecRow *b)
{
	return a->key == b->key && a->start == b->start && a->end == b->end &&
		a->start_xid == b->start_xid && a->end_xid == b->end_xid;
}

/* Memory of exactly the size asked for, so that a tool that watches memory sees a step beyond. */
typedef struct Reading
{
	TsmCodecReader *reader;
	TsmCodecBlock block;
	uint8_t    *buffer;
	TsmCodecValue *values;
	TsmCodecFault fault;
} Reading;

static void
reading_init(Reading *reading)
{
	reading->reader = tsm_codec_reader_init(malloc(tsm_codec_reader_size(schema.natts)), &schema,
											&reading->fault);
	reading->values = malloc((schema.natts + 1) * sizeof(TsmCodecValue));
	reading->buffer = malloc(TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW);
}

static void
reading_free(Reading *reading)
{
	free(reading->reader);
	free(reading->values);
	free(reading->buffer);
}

static bool
open_frame(Reading *reading, const TsmCodecFrame *frame)
{
	const uint8_t *raw = tsm_codec_expand_frame(&reading->block, frame, reading->buffer,
												&reading->fault);

	return raw != NULL && tsm_codec_reader_open(reading->reader, &reading->block, frame, raw,
												&reading->fault);
}

/* Read some attributes of a row: those wanted as expected, the others left as they were. */
static bool
reads_columns(Reading *reading, int index, const uint8_t *wanted, const TsmCodecRow *expected)
{
	TsmCodecValue *mine = malloc((schema.natts + 1) * sizeof(TsmCodecValue));
	bool		good;
	int			i;

	memset(reading->values, 0x5A, (schema.natts + 1) * sizeof(TsmCodecValue));
	good = tsm_codec_read_columns(reading->reader, index, wanted, reading->values, &reading->fault);
	for (i = 0; i < schema.natts; i++)
	{
		bool		is_wanted = (wanted[i / 8] >> i % 8 & 1) != 0;

		mine[i] = is_wanted ? reading->values[i] : expected->values[i];
		good = good && (is_wanted || reading->values[i].length == 0x5A5A5A5A);
	}
	good = good && same_values(expected->values, mine);
	free(mine);
	return good;
}

/* Whether the block reads as the given rows: forwards, by find, and in any order, whole and in part. */
static bool
reads_as(const uint8_t *data, size_t size, const TsmCodecRow *expected, int count)
{
	Reading		reading;
	TsmCodecFrame frame;
	TsmCodecRow row;
	int			done = 0;
	int			i;
	bool		good,
				more;

	reading_init(&reading);
	good = tsm_codec_open(&reading.block, data, size, crc32c, &reading.fault) &&
		tsm_codec_expand_base(&reading.block, reading.buffer, &reading.fault) &&
		reading.block.versions == (uint32_t) count;
	for (more = good && tsm_codec_first_frame(&reading.block, &frame); good && more;
		 more = tsm_codec_next_frame(&reading.block, &frame))
	{
		good = open_frame(&reading, &frame) && done + frame.rows <= count;
		for (i = 0; good && i < frame.rows; i++)
		{
			tsm_codec_row_head(reading.reader, i, &row);
			good = same_head(&row, &expected[done + i]) &&
				tsm_codec_read_row(reading.reader, i, reading.values, &reading.fault) &&
				same_values(expected[done + i].values, reading.values);
		}
		for (i = 0; good && i < 20; i++)
		{
			int			any = dice(frame.rows);

			good = tsm_codec_read_row(reading.reader, any, reading.values, &reading.fault) &&
				same_values(expected[done + any].values, reading.values);
		}
		good = good && open_frame(&reading, &frame);
		for (i = 0; good && i < 20; i++)
		{
			uint8_t		wanted[TSM_CODEC_MAX_ATTRIBUTES / 8 + 1];
			int			any = dice(frame.rows);
			int			j;

			for (j = 0; j < (int) sizeof(wanted); j++)
				wanted[j] = (uint8_t) dice(256);
			good = reads_columns(&reading, any, wanted, &expected[done + any]);
		}
		done += frame.rows;
	}
	for (i = 0; good && i < 30; i++)
	{
		const TsmCodecRow *wanted = &expected[dice(count)];
		int			found;

		good = tsm_codec_find_frame(&reading.block, wanted->key, wanted->start, &frame) &&
			open_frame(&reading, &frame);
		found = good ? tsm_codec_find_row(reading.reader, wanted->key, wanted->start) : -1;
		good = good && found >= 0;
		if (good)
			tsm_codec_row_head(reading.reader, found, &row);
		good = good && row.key == wanted->key && row.start == wanted->start;
	}
	reading_free(&reading);
	return good && done == count;
}

/* Encode all rows, block after block, and read each back. */
static bool
round_trip(int *blocks)
{
	TsmCodecFault fault;
	TsmCodecEncoder *encoder = tsm_codec_encoder_init(malloc(tsm_codec_encoder_size()), &schema,
													  &options, crc32c, &fault);
	int			done = 0;
	bool		good = encoder != NULL;
	size_t		size;
	int			used;

	*blocks = 0;
	while (good && done < nrows)
	{
		good = tsm_codec_encode(encoder, rows + done, nrows - done, block, &size, &used, &fault);
		if (!good && fault.code == TSM_CODEC_NO_ROOM)
		{
			size_t		limit = options.block_size;

			options.block_size = fault.position;
			good = tsm_codec_encode(encoder, rows + done, nrows - done, block, &size, &used, &fault);
			options.block_size = limit;
		}
		else
			good = good && size <= options.block_size;
		good = good && used > 0 && reads_as(block, size, rows + done, used);
		done += good ? used : 0;
		(*blocks)++;
	}
	if (!good)
		printf("# %s at %zu\n", fault.what, fault.position);
	free(encoder);
	return good;
}

/* ---- random rows ---- */

static void
random_attribute(TsmCodecAttribute *attribute)
{
	static const uint16_t widths[] = {1, 2, 4, 8};

	attribute->length = 0;
	attribute->kind = (uint16_t) (1 + dice(4));
	switch (attribute->kind)
	{
		case TSM_CODEC_INT:
			attribute->length = widths[dice(4)];
			break;
		case TSM_CODEC_FLOAT:
			attribute->length = widths[2 + dice(2)];
			break;
		case TSM_CODEC_FIXED:
			attribute->length = (uint16_t) (1 + dice(80));
			break;
		default:
			break;
	}
}

static uint64_t
random_float(int length)
{
	double		value = dice(4) == 0 ? 0.0 / (dice(3) - 1.0) : dice(100000) / 100.0 - 300;
	float		narrow = (float) value;
	uint64_t	bits = 0;

	if (dice(5) == 0)
		return any_word();
	if (length == 4)
		memcpy(&bits, &narrow, 4);
	else
		memcpy(&bits, &value, 8);
	return bits;
}

static void
random_value(const TsmCodecAttribute *attribute, TsmCodecValue *value, const TsmCodecValue *previous)
{
	static uint8_t bytes[16000];
	size_t		length = dice(4) == 0 ? 0 : dice(8) == 0 ? dice(6000) : dice(300);
	size_t		i;

	value->null = dice(8) == 0;
	if (value->null)
		return;
	if (attribute->kind == TSM_CODEC_FLOAT)
		value->as.word = random_float(attribute->length);
	else if (attribute->kind == TSM_CODEC_INT)
		value->as.word = dice(2) && previous ? previous->as.word + dice(100) - 50 : any_word();
	else
	{
		if (attribute->kind == TSM_CODEC_FIXED)
			length = attribute->length;
		for (i = 0; i < length; i++)
			bytes[i] = (uint8_t) (dice(4) ? 'a' + dice(3) : dice(256));
		/* An edit of the previous value: some bytes go, some come, and its parts may change places. */
		if (previous != NULL && !previous->null && previous->length > 40 && dice(5) > 0 &&
			attribute->kind == TSM_CODEC_BYTES && previous->length < 6000)
		{
			uint32_t	cut = dice(previous->length);
			uint32_t	gone = dice(20) < (int) (previous->length - cut) ? dice(previous->length - cut) : 0;
			uint32_t	come = dice(30);

			length = 0;
			if (dice(4) > 0)
				memcpy(bytes, previous->as.bytes, length = cut);
			memset(bytes + length, 'a' + dice(26), come);
			length += come;
			memcpy(bytes + length, previous->as.bytes + cut + gone, previous->length - cut - gone);
			length += previous->length - cut - gone;
			if (dice(4) == 0)
			{
				memcpy(bytes + length, previous->as.bytes, cut);
				length += cut;
			}
		}
		else if (attribute->kind == TSM_CODEC_FIXED && previous != NULL && !previous->null && dice(2))
		{
			memcpy(bytes, previous->as.bytes, length);
			bytes[dice((int) length)]++;
		}
		set_text(value, bytes, length);
	}
}

static void
random_rows(int natts, int count)
{
	int64_t		key = (int64_t) (any_word() ^ (dice(2) ? UINT64_C(1) << 63 : 0));
	int64_t		start = dice(10) == 0 ? INT64_MIN : (int64_t) (any_word() >> 3);
	uint64_t	xid = any_word();
	bool		one_xid = dice(4) == 0;
	int			i,
				a;

	begin_rows(natts);
	for (a = 0; a < natts; a++)
		random_attribute(&attributes[a]);
	for (i = 0; i < count; i++)
	{
		TsmCodecValue *values = new_values();
		const TsmCodecValue *previous = i > 0 ? rows[i - 1].values : NULL;
		TsmCodecRow *row;

		if (i > 0 && dice(10) == 0 && key < INT64_MAX - 1000000)
		{
			key += 1 + dice(1000000);
			start = (int64_t) any_word();
		}
		else if (i > 0 && start < INT64_MAX / 2)
			start += dice(3) == 0 ? 1000 : dice(5) == 0 ? 0 : dice(100000);
		for (a = 0; a < natts; a++)
		{
			if (previous != NULL && dice(3) > 0)
				values[a] = previous[a];
			else
				random_value(&attributes[a], &values[a], previous ? &previous[a] : NULL);
		}
		row = add_row(key, start, dice(10) == 0 ? TSM_CODEC_INFINITY : start, values);
		row->start_xid = row->end_xid = xid;
		if (!one_xid)
		{
			row->start_xid = xid += dice(50);
			row->end_xid = dice(2) ? any_word() : xid;
		}
		/* Most rows end where the next of their key starts. */
		if (i > 0 && rows[i - 1].key == key && dice(6) > 0)
		{
			rows[i - 1].end = start;
			rows[i - 1].end_xid = row->start_xid;
		}
	}
}

static void
test_random_round_trips(void)
{
	int			failed = 0;
	int			blocks;
	int			i;

	for (i = 0; i < 150; i++)
	{
		static const int levels[] = {0, 1, 9};

		random_rows(dice(12), 1 + dice(400));
		options.level = levels[dice(3)];
		options.frame_rows = 1 + dice(dice(2) ? 40 : TSM_CODEC_MAX_FRAME_ROWS);
		options.block_size = dice(2) ? 8100 : 1000 + dice(60000);
		if (!round_trip(&blocks))
		{
			printf("# round %d, %d attributes, %d rows, level %d\n", i, schema.natts, nrows, options.level);
			failed++;
		}
	}
	ok(failed == 0, "rows of 150 random schemas are read as they were written");
}

/* ---- shapes ---- */

static void
set_schema(int natts, int kind, int length)
{
	int			a;

	begin_rows(natts);
	for (a = 0; a < natts; a++)
	{
		attributes[a].kind = (uint16_t) kind;
		attributes[a].length = (uint16_t) length;
	}
}

static void
set_options(int frame_rows, int level, size_t block_size)
{
	options.frame_rows = frame_rows;
	options.level = level;
	options.block_size = block_size;
}

static void
test_counts_of_rows(void)
{
	static const int counts[] = {1, 31, 32, 33, 64, 65, 256, 257, 2999};
	bool		good = true;
	int			blocks;
	size_t		c;
	int			i;

	for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
	{
		set_schema(1, TSM_CODEC_INT, 4);
		set_options(32, 1, 8100);
		for (i = 0; i < counts[c]; i++)
		{
			TsmCodecValue *values = new_values();

			values[0].as.word = (uint64_t) (i * 3);
			add_row(1, i * 10, i * 10 + 10, values);
		}
		good = good && round_trip(&blocks);
	}
	ok(good, "one row, a frame and one row less and more, and many are read back");

	set_schema(0, 0, 0);
	for (i = 0; i < 100; i++)
		add_row(i, 5, 6, new_values());
	ok(round_trip(&blocks) && blocks == 1, "so are rows without attributes");

	set_schema(3, TSM_CODEC_BYTES, 0);
	for (i = 0; i < 100; i++)
	{
		TsmCodecValue *values = new_values();

		values[0].null = true;
		set_text(&values[1], "", 0);
		values[2].null = i % 2;
		if (i % 2 == 0)
			set_text(&values[2], "", 0);
		add_row(5, i, i + 1, values);
	}
	ok(round_trip(&blocks) && blocks == 1, "so are nulls, empty values, and one after the other");
}

static void
test_wide_rows(void)
{
	TsmCodecFault fault;
	int			blocks;
	int			i,
				a;

	set_schema(TSM_CODEC_MAX_ATTRIBUTES, TSM_CODEC_INT, 8);
	set_options(32, 1, 8100);
	for (a = 0; a < schema.natts; a += 3)
		attributes[a].kind = TSM_CODEC_BYTES, attributes[a].length = 0;
	for (i = 0; i < 64; i++)
	{
		TsmCodecValue *values = new_values();

		for (a = 0; a < schema.natts; a++)
		{
			if (a % 3 == 0)
				set_text(&values[a], "text", a == i * 3 ? 4 : 2);
			else if (a % 3 == 1)
				values[a].null = true;
			else
				values[a].as.word = a == 2 + 3 * i ? UINT64_MAX : 77;
		}
		add_row(3, i, i + 1, values);
	}
	ok(round_trip(&blocks), "rows of 1,600 attributes are read back");

	schema.natts = TSM_CODEC_MAX_ATTRIBUTES + 1;
	ok(tsm_codec_encoder_init(memory, &schema, &options, crc32c, &fault) == NULL &&
	   fault.code == TSM_CODEC_BAD_CALL, "one attribute more is refused");

	set_schema(TSM_CODEC_MAX_ATTRIBUTES, TSM_CODEC_INT, 8);
	for (i = 0; i < 5; i++)
	{
		TsmCodecValue *values = new_values();

		for (a = 0; a < schema.natts; a++)
			values[a].as.word = any_word() << 20;
		add_row(3, i, i + 1, values);
	}
	ok(round_trip(&blocks) && blocks == 5, "so are 1,600 integers that change at random, a row a block");
}

static bool
refuses(const TsmCodecAttribute *attribute, int frame_rows, int level, size_t block_size)
{
	TsmCodecFault fault;

	attributes[0] = *attribute;
	schema.natts = 1;
	set_options(frame_rows, level, block_size);
	return tsm_codec_encoder_init(memory, &schema, &options, crc32c, &fault) == NULL &&
		fault.code == TSM_CODEC_BAD_CALL;
}

static void
test_bad_calls(void)
{
	static const TsmCodecAttribute bad[] = {
		{TSM_CODEC_INT, 3}, {TSM_CODEC_INT, 0}, {TSM_CODEC_FLOAT, 2}, {TSM_CODEC_FIXED, 0},
		{TSM_CODEC_FIXED, TSM_CODEC_MAX_FIXED + 1}, {TSM_CODEC_BYTES, 1}, {0, 0}, {5, 0}
	};
	static const TsmCodecAttribute fine = {TSM_CODEC_FIXED, TSM_CODEC_MAX_FIXED};
	TsmCodecFault fault;
	bool		good = true;
	size_t		i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		good = good && refuses(&bad[i], 32, 1, 8100);
	ok(good, "kinds and lengths out of range are refused");
	ok(!refuses(&fine, 1, 0, TSM_CODEC_MAX_BLOCK) && !refuses(&fine, 256, 12, 0),
	   "options at their limits are taken");
	ok(refuses(&fine, 0, 0, 8100) && refuses(&fine, 257, 0, 8100) && refuses(&fine, 32, -1, 8100) &&
	   refuses(&fine, 32, 13, 8100) && refuses(&fine, 32, 1, TSM_CODEC_MAX_BLOCK + 1),
	   "options one past them are refused");
	schema.natts = -1;
	ok(tsm_codec_reader_init(memory, &schema, &fault) == NULL && fault.code == TSM_CODEC_BAD_CALL,
	   "a reader refuses a bad schema too");
}

static void
test_order(void)
{
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	TsmCodecFault fault;
	size_t		size;
	int			used,
				i;

	set_schema(1, TSM_CODEC_INT, 4);
	set_options(32, 1, 8100);
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	ok(!tsm_codec_encode(encoder, rows, 0, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_BAD_CALL, "no rows make no block");
	for (i = 0; i < 100; i++)
		add_row(i / 50, i % 50, 100, new_values());
	rows[77].start = 1;
	ok(!tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_UNORDERED && fault.position == 77, "a start out of order is reported");
	rows[77].start = 27;
	rows[60].key = 0;
	ok(!tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_UNORDERED && fault.position == 60, "so is a key");
	free(encoder);
}

static void
set_random_text(TsmCodecValue *value, size_t length)
{
	uint8_t    *bytes = new_bytes(length);
	size_t		i;

	for (i = 0; i < length; i++)
		bytes[i] = (uint8_t) dice(256);
	value->as.bytes = bytes;
	value->length = (uint32_t) length;
}

static void
test_large_rows(void)
{
	const size_t most = TSM_CODEC_MAX_RAW - 64 - 10;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	TsmCodecFault fault;
	TsmCodecValue *values;
	size_t		size;
	int			used,
				blocks,
				i;

	set_schema(1, TSM_CODEC_BYTES, 0);
	set_options(32, 9, TSM_CODEC_MAX_BLOCK);
	for (i = 0; i < 4; i++)
	{
		values = new_values();
		if (i % 2 == 0)
			set_random_text(values, i == 0 ? most : 1000);
		else
		{
			/* The one before, changed in the middle. */
			set_text(values, rows[i - 1].values->as.bytes, rows[i - 1].values->length);
			((uint8_t *) values->as.bytes)[values->length / 2] ^= 1;
		}
		add_row(i / 2, i, i + 1, values);
	}
	ok(tsm_codec_row_cost(&schema, rows[0].values) == TSM_CODEC_MAX_RAW && round_trip(&blocks) &&
	   blocks == 2, "rows at the limit of size are read back");

	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	rows[2].values = values = new_values();
	set_random_text(values, most + 1);
	ok(tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault) && used == 2 &&
	   reads_as(block, size, rows, 2), "a row past it ends the block before it");
	ok(!tsm_codec_encode(encoder, rows + 2, nrows - 2, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_ROW_TOO_BIG && fault.position == 0, "and is reported when it is the first");
	values->length = UINT32_MAX;
	ok(!tsm_codec_encode(encoder, rows + 2, nrows - 2, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_ROW_TOO_BIG, "so is the largest there is");

	options.block_size = 8100;
	ok(!tsm_codec_encode(encoder, rows, 2, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_NO_ROOM && fault.position > most, "a small block has no room for a large row");
	options.block_size = fault.position;
	ok(tsm_codec_encode(encoder, rows, 2, block, &size, &used, &fault) && used > 0 &&
	   size <= options.block_size, "one of the size that is named has");
	options.block_size = TSM_CODEC_MAX_BLOCK;
	set_random_text((TsmCodecValue *) rows[1].values, most);
	ok(tsm_codec_encode(encoder, rows, 2, block, &size, &used, &fault) && used == 1 && size > most &&
	   reads_as(block, size, rows, 1), "two rows at the limit that have nothing in common are too many for a block");
	options.block_size = 0;
	ok(!tsm_codec_encode(encoder, rows, 2, block, &size, &used, &fault) &&
	   fault.code == TSM_CODEC_NO_ROOM, "one of no size has not");
	free(encoder);
}

/* Values that grow by a diff: the frame is small, its rows are at the limit. */
static void
test_growing_values(void)
{
	int			blocks;
	int			i;
	uint8_t    *bytes;

	set_schema(2, TSM_CODEC_BYTES, 0);
	set_options(256, 1, TSM_CODEC_MAX_BLOCK);
	bytes = new_bytes(40000);
	for (i = 0; i < 40000; i++)
		bytes[i] = (uint8_t) dice(256);
	for (i = 0; i < 256; i++)
	{
		TsmCodecValue *values = new_values();

		values[0].as.bytes = bytes;
		values[0].length = (uint32_t) (20000 + 70 * i);
		values[1].as.bytes = bytes + 100 * (i % 2);
		values[1].length = 27000;
		add_row(1, i, i + 1, values);
	}
	ok(round_trip(&blocks) && blocks == 1, "values made by diffs move in the arena and stay whole");
}

/*
 * Ten attributes, each long in three rows of its own. Read one by one, what
 * they are there is more than ten times what a row may have.
 */
static void
test_columns_apart(void)
{
	static const uint8_t all[2] = {0xFF, 0x03};
	uint8_t    *bytes = new_bytes(54200);
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	TsmCodecFrame frame;
	TsmCodecFault fault;
	Reading		reading;
	size_t		size;
	int			used,
				i,
				a;
	bool		good;

	set_schema(10, TSM_CODEC_BYTES, 0);
	set_options(64, 1, TSM_CODEC_MAX_BLOCK);
	for (i = 0; i < 3000; i++)
		bytes[i] = (uint8_t) dice(256);
	for (; i < 54200; i++)
		bytes[i] = i % 3001 == 3000 ? (uint8_t) dice(256) : bytes[i % 3001];
	for (i = 0; i < 32; i++)
	{
		TsmCodecValue *values = new_values();

		for (a = 0; a < 10; a++)
		{
			values[a].as.bytes = bytes + a + (i % 3 > 0 ? 100 : 0);
			values[a].length = (uint32_t) (i / 3 != a ? 40 : i % 3 == 0 ? 3000 : 54000 + i % 3);
		}
		add_row(1, i, i + 1, values);
	}
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	good = tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault) && used == nrows &&
		reads_as(block, size, rows, nrows);
	ok(good && size < 50000 && block[8] == 1, "long values are copied from parts of short ones, in one frame");

	reading_init(&reading);
	good = good && tsm_codec_open_at(&reading.block, block, size, crc32c, 1, 0, &frame, &reading.fault) &&
		tsm_codec_expand_base(&reading.block, reading.buffer, &reading.fault) && open_frame(&reading, &frame);
	for (i = 0; good && i < 3; i++)
	{
		for (a = 0; good && a < 10; a++)
		{
			uint8_t		one[2] = {0, 0};

			one[a / 8] = (uint8_t) (1 << a % 8);
			good = reads_columns(&reading, 3 * a + i, one, &rows[3 * a + i]);
		}
	}
	good = good && reads_columns(&reading, 31, all, &rows[31]);
	ok(good, "attributes can be read each at other rows");
	reading_free(&reading);
	free(encoder);
}

/* Long values with small changes: a frame ends where reading its last row would be too much work. */
static void
test_long_values(void)
{
	const int	length = 700000;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	TsmCodecBlock opened;
	TsmCodecFrame frame;
	TsmCodecFault fault;
	size_t		size;
	int			used,
				i;
	bool		good;

	set_schema(1, TSM_CODEC_BYTES, 0);
	set_options(32, 1, TSM_CODEC_MAX_BLOCK);
	for (i = 0; i < 8; i++)
	{
		TsmCodecValue *values = new_values();

		if (i == 0)
			set_random_text(values, length);
		else
			set_text(values, rows[i - 1].values->as.bytes, length);
		((uint8_t *) values->as.bytes)[i * 1000 + 7] ^= 1;
		((uint8_t *) values->as.bytes)[length - i * 50000 - 100] ^= 1;
		add_row(1, i, i + 1, values);
	}
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	good = tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault) && used == nrows &&
		size < 2 * (size_t) length + 40000 && reads_as(block, size, rows, nrows) &&
		tsm_codec_open(&opened, block, size, crc32c, &fault) && tsm_codec_first_frame(&opened, &frame);
	ok(good && opened.frames == 2 && frame.rows == 1 + (int) (TSM_CODEC_MAX_WORK / length),
	   "long values are kept as differences, in frames of bounded work");
	free(encoder);
}

/* ---- damage ---- */

/* Open the block and read all of it; true only when there was no fault. */
static bool
reads_whole(const uint8_t *data, size_t size, TsmCodecCrc crc, TsmCodecCode *code)
{
	Reading		reading;
	TsmCodecFrame frame;
	bool		good,
				more;
	int			i;

	reading_init(&reading);
	reading.fault.code = TSM_CODEC_OK;
	good = tsm_codec_open(&reading.block, data, size, crc, &reading.fault) &&
		tsm_codec_expand_base(&reading.block, reading.buffer, &reading.fault);
	for (more = good && tsm_codec_first_frame(&reading.block, &frame); good && more;
		 more = tsm_codec_next_frame(&reading.block, &frame))
	{
		good = open_frame(&reading, &frame);
		for (i = frame.rows - 1; good && i >= 0; i -= 3)
			good = tsm_codec_read_row(reading.reader, i, reading.values, &reading.fault);
	}
	*code = reading.fault.code;
	reading_free(&reading);
	return good;
}

static size_t
sample_block(int level)
{
	TsmCodecFault fault;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	size_t		size = 0;
	int			used;

	random_state = 11;
	random_rows(6, 60);
	attributes[0].kind = TSM_CODEC_BYTES;
	attributes[0].length = 0;
	random_state = 12;
	{
		int			i;

		for (i = 0; i < nrows; i++)
		{
			TsmCodecValue *values = (TsmCodecValue *) rows[i].values;

			random_value(&attributes[0], &values[0], i > 0 ? rows[i - 1].values : NULL);
			if (values[0].length > 200)
				values[0].length = 200;
		}
	}
	set_options(16, level, 4000);
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	if (encoder == NULL || !tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault))
		printf("# no sample: %s\n", fault.what);
	free(encoder);
	return size;
}

static void
test_damage(void)
{
	size_t		size = sample_block(1);
	bool		good = reads_whole(block, size, crc32c, &(TsmCodecCode) {0});
	TsmCodecCode code;
	size_t		i;
	int			bit;
	uint8_t    *copy;

	for (i = 0; i < size; i++)
	{
		copy = malloc(i);
		memcpy(copy, block, i);
		good = good && !reads_whole(copy, i, crc32c, &code) && code != TSM_CODEC_OK;
		/* Without the checksum the lengths tell too. */
		good = good && !reads_whole(copy, i, NULL, &code);
		free(copy);
	}
	copy = malloc(size + 1);
	memcpy(copy, block, size);
	copy[size] = 0;
	ok(good && !reads_whole(copy, size + 1, NULL, &code), "every truncation is an error, and so is a byte more");

	good = true;
	for (i = 0; i < size; i++)
	{
		for (bit = 0; bit < 8; bit++)
		{
			copy[i] ^= (uint8_t) (1 << bit);
			good = good && !reads_whole(copy, size, crc32c, &code);
			/* Not all bits tell without the checksum, but none does harm. */
			(void) reads_whole(copy, size, NULL, &code);
			copy[i] ^= (uint8_t) (1 << bit);
		}
	}
	ok(good, "every flipped bit is an error");
	free(copy);
}

/* Bits of raw frames, which are not caught by LZ4; and many at a time. */
static void
test_damage_of_frames(void)
{
	size_t		size = sample_block(0);
	uint8_t    *copy = malloc(size);
	TsmCodecCode code;
	size_t		i;
	int			round,
				caught = 0;

	for (round = 0; round < 3000; round++)
	{
		memcpy(copy, block, size);
		for (i = 0; i < 1 + (size_t) dice(4); i++)
			copy[TSM_CODEC_HEADER_SIZE + dice((int) size - TSM_CODEC_HEADER_SIZE)] = (uint8_t) dice(256);
		caught += !reads_whole(copy, size, NULL, &code);
	}
	ok(caught > 0, "random bytes in raw frames do no harm");
	free(copy);
}

/*
 * A frame as no writer makes it: 8 attributes of 100 rows, whose values grow
 * from 6,000 to 300,000 bytes in the second row, change in each, and shrink in the last.
 */
static size_t
oversized_block(void)
{
	static uint8_t section[8000];
	TsmWriter	frame;
	TsmWriter	values;
	TsmWriter	header;
	uint8_t    *raw = block + TSM_CODEC_HEADER_SIZE + 11;
	int			i,
				op;

	memset(section, 'x', sizeof(section));
	tsm_writer_init(&values, section, sizeof(section));
	tsm_write_u8(&values, 1);
	for (i = 0; i < 13; i++)
		tsm_write_u8(&values, 0xFF);
	tsm_write_varint(&values, 6000 << 1);
	values.position += 6000;
	tsm_write_varint(&values, 251 << 1 | 1);
	tsm_write_zigzag(&values, 294000);
	for (op = 0; op < 50; op++)
	{
		if (op > 0)
			tsm_write_zigzag(&values, -6000);
		tsm_write_varint(&values, 6000);
		tsm_write_varint(&values, 0);
	}
	for (i = 2; i < 99; i++)
	{
		tsm_write_varint(&values, 6 << 1 | 1);
		tsm_write_zigzag(&values, 0);
		tsm_write_varint(&values, 299999);
		tsm_write_varint(&values, 1);
		tsm_write_u8(&values, 'y');
	}
	tsm_write_varint(&values, 5 << 1 | 1);
	tsm_write_zigzag(&values, 10 - 300000);
	tsm_write_varint(&values, 10);
	tsm_write_varint(&values, 0);

	tsm_writer_init(&frame, raw, TSM_CODEC_MAX_RAW);
	tsm_write_u8(&frame, 4);	/* one xid */
	tsm_write_varint(&frame, 100);
	for (i = 1; i < 100; i++)
		tsm_write_varint(&frame, 0);
	for (i = 0; i < 13; i++)
		tsm_write_u8(&frame, i == 12 ? 8 : 0);	/* only the last row has an end of its own */
	tsm_write_zigzag(&frame, 0);
	tsm_write_varint(&frame, 0);
	for (i = 0; i < 8; i++)
		tsm_write_varint(&frame, values.position);
	for (i = 0; i < 8; i++)
		tsm_write_bytes(&frame, section, values.position);

	tsm_writer_init(&header, block, TSM_CODEC_HEADER_SIZE + 11);
	tsm_write_bytes(&header, "TSD\1\0\0\10\0\1\0\0\0\0\0\11\0\144\0\0\0\7\0\0\0", 24);
	tsm_write_u32_le(&header, (uint32_t) frame.position);
	memset(block + header.position, 0, 20);
	header.position += 20;
	tsm_write_varint(&header, 100);
	tsm_write_bytes(&header, "\0\0\0\0", 4);
	tsm_write_varint(&header, frame.position);
	/* The directory takes what the frame's length left of its place. */
	block[14] = (uint8_t) (header.position - TSM_CODEC_HEADER_SIZE);
	memmove(block + header.position, raw, frame.position);
	return header.position + frame.position;
}

static void
test_oversized_rows(void)
{
	size_t		size = oversized_block();
	TsmCodecFrame frame;
	Reading		reading;

	set_schema(8, TSM_CODEC_BYTES, 0);
	reading_init(&reading);
	ok(tsm_codec_open(&reading.block, block, size, NULL, &reading.fault) &&
	   tsm_codec_first_frame(&reading.block, &frame) && open_frame(&reading, &frame) &&
	   tsm_codec_read_row(reading.reader, 0, reading.values, &reading.fault),
	   "a block made by hand is read");
	ok(!tsm_codec_read_row(reading.reader, 1, reading.values, &reading.fault) &&
	   reading.fault.code == TSM_CODEC_CORRUPT, "a row larger than a row may be is refused");
	ok(open_frame(&reading, &frame) && !tsm_codec_read_row(reading.reader, 99, reading.values, &reading.fault) &&
	   reading.fault.code == TSM_CODEC_CORRUPT, "so is a small one that goes through many such rows");
	reading_free(&reading);
}

static void
test_versions(void)
{
	size_t		size = sample_block(1);
	TsmCodecCode code;
	TsmCodecBlock opened;
	TsmCodecFault fault;
	uint8_t		kept;

	ok(crc32c(0, "123456789", 9) == 0xE3069283, "the checksum is CRC-32C");
	ok(block[3] == TSM_CODEC_FORMAT && tsm_codec_open(&opened, block, size, crc32c, &fault) &&
	   opened.schema_id == 7 && opened.natts == schema.natts, "a block names its format and schema");
	block[3]++;
	ok(!reads_whole(block, size, NULL, &code) && code == TSM_CODEC_UNKNOWN_FORMAT, "a later format is refused");
	block[3]--;
	block[4] = 1;
	ok(!reads_whole(block, size, NULL, &code) && code == TSM_CODEC_UNKNOWN_FORMAT, "so is an unknown flag");
	block[4] = 0;
	kept = block[5];
	block[5] = 2;
	ok(!reads_whole(block, size, NULL, &code) && code == TSM_CODEC_UNKNOWN_FORMAT, "and an unknown coding");
	block[5] = kept;
	block[0] = 'X';
	ok(!reads_whole(block, size, NULL, &code) && code == TSM_CODEC_NOT_A_BLOCK, "other bytes are no block");
	block[0] = 'T';
	block[size - 1] ^= 1;
	ok(!reads_whole(block, size, crc32c, &code) && code == TSM_CODEC_BAD_CHECKSUM, "a wrong checksum is named");
	block[size - 1] ^= 1;
	schema.schema_id = 8;
	ok(!reads_whole(block, size, crc32c, &code) && code == TSM_CODEC_OTHER_SCHEMA, "another schema is refused");
	schema.schema_id = 7;
}

/* ---- finding ---- */

static void
test_finding(void)
{
	TsmCodecFault fault;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	Reading		reading;
	TsmCodecFrame frame,
				at;
	size_t		size;
	int			used,
				i,
				key;
	bool		good = true;

	set_schema(1, TSM_CODEC_INT, 4);
	set_options(8, 1, 8100);
	for (i = 0; i < 100; i++)
	{
		TsmCodecValue *values = new_values();

		values[0].as.word = (uint64_t) i;
		add_row(10 * (i / 20), 100 * (i % 20), 100 * (i % 20) + 90, values);
	}
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	(void) tsm_codec_encode(encoder, rows, nrows, block, &size, &used, &fault);
	reading_init(&reading);
	(void) tsm_codec_open(&reading.block, block, size, crc32c, &fault);
	(void) tsm_codec_expand_base(&reading.block, reading.buffer, &fault);
	for (key = -1; key < 45; key++)
	{
		for (i = -50; i < 2100; i += 50)
		{
			bool		exists = key >= 0 && key % 10 == 0 && i >= 0;
			bool		in_frame = tsm_codec_find_frame(&reading.block, key, i, &frame);
			int			found = -1;

			good = good && tsm_codec_open_at(&reading.block, block, size, crc32c, key, i, &at, &fault) &&
				(in_frame ? at.index == frame.index && at.offset == frame.offset : at.index == -1);

			if (in_frame && open_frame(&reading, &frame))
				found = tsm_codec_find_row(reading.reader, key, i);
			good = good && in_frame == (key > 0 || (key == 0 && i >= 0)) && exists == (found >= 0);
			if (found >= 0)
			{
				int			place = i / 100 < 19 ? i / 100 : 19;

				good = good && tsm_codec_read_row(reading.reader, found, reading.values, &fault) &&
					reading.values[0].as.word == (uint64_t) (2 * key + place);
			}
		}
	}
	ok(good, "a row is found by key and time, and none where none is");
	ok(!tsm_codec_read_row(reading.reader, 8, reading.values, &fault) && fault.code == TSM_CODEC_BAD_CALL &&
	   !tsm_codec_read_row(reading.reader, -1, reading.values, &fault), "a row outside the frame is refused");
	reading_free(&reading);
	free(encoder);
}

/* ---- ratio ---- */

/* Bytes a version of all rows in blocks of a page; least gets the size of the smallest but the last. */
static double
bytes_a_version(int frame_rows, int level, size_t *least)
{
	TsmCodecFault fault;
	TsmCodecEncoder *encoder = malloc(tsm_codec_encoder_size());
	size_t		total = 0,
				size;
	int			done = 0,
				used;

	set_options(frame_rows, level, 8100);
	*least = options.block_size;
	encoder = tsm_codec_encoder_init(encoder, &schema, &options, crc32c, &fault);
	while (done < nrows && tsm_codec_encode(encoder, rows + done, nrows - done, block, &size, &used, &fault))
	{
		total += size;
		done += used;
		if (done < nrows && size < *least)
			*least = size;
	}
	free(encoder);
	return done < nrows ? 1e9 : (double) total / nrows;
}

/* A document of 40 items, of which each version changes one. */
static size_t
document(char *text, int entity, int version)
{
	static const char *const words[] = {"river", "stone", "market", "yellow", "copper", "signal", "lantern", "harbor"};
	int			length = sprintf(text, "{\"id\": %d, \"revision\": %d, \"items\": [", entity, version);
	int			i;

	for (i = 0; i < 40; i++)
	{
		uint32_t	seed = (uint32_t) (entity * 7919 + i * 104729);
		int			changed = version - (version + 40 - i) % 40;

		length += sprintf(text + length, "{\"sku\": \"%08x\", \"name\": \"%s %s\", \"quantity\": %d}, ",
						  seed * 2654435761u, words[seed >> 3 & 7], words[seed >> 7 & 7], changed * 37 % 1000);
	}
	return (size_t) (length + sprintf(text + length, "]}"));
}

static void
test_ratio(void)
{
	static char text[8000];
	double		full = 0,
				size;
	size_t		least;
	int			i;

	set_schema(1, TSM_CODEC_BYTES, 0);
	for (i = 0; i < MAX_ROWS; i++)
	{
		TsmCodecValue *values = new_values();
		size_t		length = document(text, i / 300, i % 300);

		set_text(values, text, length);
		full += (double) length;
		add_row(i / 300, 1000000 * (int64_t) i, 1000000 * (int64_t) (i + 1), values);
	}
	size = bytes_a_version(32, 9, &least);
	printf("# documents: %.1f bytes a version of %.0f, blocks of %zu and more\n", size, full / nrows, least);
	ok(least > 8100 * 9 / 10, "blocks fill their page to nine tenths at least");
	ok(size < 0.03 * full / nrows, "documents take less than 3 % of their bytes");
	ok(bytes_a_version(32, 1, &least) < 0.04 * full / nrows, "and less than 4 % with the fast compression");

	/* One version each, alike but for their values: the dictionary of the block has to help. */
	set_schema(1, TSM_CODEC_BYTES, 0);
	for (i = 0; i < 400; i++)
	{
		TsmCodecValue *values = new_values();

		set_text(values, text, document(text, i, i));
		add_row(i, i, i + 1, values);
	}
	size = bytes_a_version(1, 9, &least);
	printf("# frames of one document: %.1f bytes a version\n", size);
	ok(size < 0.30 * full / MAX_ROWS, "frames of one document find their words in the dictionary");

	set_schema(3, TSM_CODEC_INT, 4);
	attributes[1].kind = TSM_CODEC_FLOAT;
	attributes[1].length = 8;
	for (i = 0; i < MAX_ROWS; i++)
	{
		TsmCodecValue *values = new_values();
		double		price = (2000 + dice(1000)) / 100.0;

		values[0].as.word = (uint64_t) (i / 300);
		memcpy(&values[1].as.word, &price, 8);
		values[2].as.word = (uint64_t) (i + dice(10));
		add_row(i / 300, 60000000 * (int64_t) i, 60000000 * (int64_t) (i + 1), values);
	}
	size = bytes_a_version(32, 1, &least);
	printf("# narrow rows: %.1f bytes a version\n", size);
	ok(size < 8, "narrow rows take less than 8 bytes");
}

int
main(void)
{
	memory = malloc(MEMORY_SIZE);
	test_random_round_trips();
	test_counts_of_rows();
	test_wide_rows();
	test_bad_calls();
	test_order();
	test_large_rows();
	test_growing_values();
	test_columns_apart();
	test_long_values();
	test_damage();
	test_damage_of_frames();
	test_versions();
	test_oversized_rows();
	test_finding();
	test_ratio();
	free(memory);
	printf("1..%d\n", tests);
	return failures > 0;
}
