/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_read.c
 *	  Reads the rows of a raw frame.
 *
 * Keys, times and xids are read when a frame is opened, values when a row is
 * asked for. Each attribute has a cursor that goes forward through its section;
 * a row before it sends it back to the first. Values that lie in the frame are
 * given where they lie. Values made by a diff are put into an arena, in which
 * the values of the last row stay, because the next diffs stand on them. When
 * it is full, what is live is copied to its other half. Cursors may stand at
 * different rows, since not every call wants all attributes; when their values
 * are too many, those that are not at the row being read go back to the first.
 * What is live then, and one value more, is at most three times
 * TSM_CODEC_MAX_RAW bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

#define ARENA_HALF		(3 * TSM_CODEC_MAX_RAW)

/* A small arena stays in the cache; it grows with the rows. */
#define ARENA_FIRST		32768

/* Where the values of an attribute are read. */
typedef struct Cursor
{
	const uint8_t *changes;		/* NULL: only the first row carries one */
	const uint8_t *nulls;		/* NULL: none */
	uint32_t	begin;			/* of the values, in the raw frame; until opened, of the section,
								 * in the sections */
	uint32_t	position;
	uint32_t	end;
	int16_t		row;			/* the value is that of this row; -1 before the first */
	int16_t		carried;		/* carried values read */
	int8_t		decimals;		/* -1: none */
	bool		opened;
	bool		null;
	bool		in_arena;
	uint32_t	length;
	uint64_t	word;			/* of a float with decimals: the integer */
	const uint8_t *bytes;
} Cursor;

struct TsmCodecReader
{
	const TsmCodecSchema *schema;
	const uint8_t *raw;
	uint32_t	raw_length;
	uint32_t	sections;		/* place of the first in raw */
	int			rows;
	int64_t		keys[TSM_CODEC_MAX_FRAME_ROWS];
	int64_t		starts[TSM_CODEC_MAX_FRAME_ROWS];
	int64_t		ends[TSM_CODEC_MAX_FRAME_ROWS];
	uint64_t	start_xids[TSM_CODEC_MAX_FRAME_ROWS];
	uint64_t	end_xids[TSM_CODEC_MAX_FRAME_ROWS];
	int			target;			/* row that is being read */
	size_t		made;			/* bytes made by diffs in this call */
	size_t		made_limit;
	uint32_t	arena_used;
	uint32_t	arena_limit;
	int			arena_half;
	uint8_t		arena[2][ARENA_HALF];
	Cursor		cursors[];
};

size_t
tsm_codec_reader_size(int natts)
{
	return sizeof(TsmCodecReader) + (size_t) natts * sizeof(Cursor);
}

TsmCodecReader *
tsm_codec_reader_init(void *memory, const TsmCodecSchema *schema, TsmCodecFault *fault)
{
	TsmCodecReader *reader = memory;

	if (!tsm_codec_check_schema(schema, fault))
		return NULL;
	reader->schema = schema;
	reader->rows = 0;
	return reader;
}

/* ---- opening ---- */

/* How many bits of a bitmap are set from one place up to, but without, another. */
static int
count_bits(const uint8_t *bitmap, int from, int to)
{
	int			count = 0;
	int			i;

	for (i = from >> 3; from < to && i <= (to - 1) >> 3; i++)
	{
		unsigned	byte = bitmap[i];

		if (i == from >> 3)
			byte &= 0xFFu << (from & 7);
		if (i == to >> 3)
			byte &= (1u << (to & 7)) - 1;
		byte -= byte >> 1 & 0x55;
		byte = (byte & 0x33) + (byte >> 2 & 0x33);
		count += (byte + (byte >> 4)) & 15;
	}
	return count;
}

static bool
corrupt(TsmCodecFault *fault, const TsmReader *in, const char *what)
{
	return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, in->position, what);
}

/* Keys of all rows; begins gets a bit for each that begins a run. */
static const char *
read_runs(TsmCodecReader *reader, TsmReader *in, int64_t first_key, uint8_t *begins)
{
	int64_t		key = first_key;
	int			row = 0;

	while (row < reader->rows)
	{
		uint64_t	length;

		if (row > 0)
		{
			int64_t		next = (int64_t) ((uint64_t) key + read_varint(in));

			if (next <= key)
				return "keys out of order";
			key = next;
		}
		length = read_varint(in);
		if (in->failed || length < 1 || length > (uint64_t) (reader->rows - row))
			return "run of rows out of range";
		set_bit(begins, row);
		for (; length > 0; length--)
			reader->keys[row++] = key;
	}
	return NULL;
}

static const char *
read_starts(TsmCodecReader *reader, TsmReader *in, int64_t first_start, const uint8_t *begins,
			bool second_order)
{
	TsmReader	at = *in;
	uint64_t	previous = 0;
	int64_t		start = first_start;
	int			i;

	reader->starts[0] = start;
	for (i = 1; i < reader->rows; i++)
	{
		int64_t		before = start;
		uint64_t	difference;

		if (bit_is_set(begins, i))
		{
			difference = read_zigzag(&at);
			previous = 0;
		}
		else if (second_order)
			previous = difference = previous + read_zigzag(&at);
		else
			difference = read_varint(&at);
		start = (int64_t) ((uint64_t) start + difference);
		if (start < before && !bit_is_set(begins, i))
			return "starts out of order";
		reader->starts[i] = start;
	}
	*in = at;
	return in->failed ? "starts end early" : NULL;
}

/* The ends of rows with a gap; the others are filled in with the xids. */
static const char *
read_ends(TsmCodecReader *reader, TsmReader *in, const uint8_t *begins, const uint8_t *gaps,
		  bool some_endless)
{
	const uint8_t *endless = NULL;
	int			count = 0;
	int			i;

	for (i = 0; i < reader->rows; i++)
	{
		bool		gap = bit_is_set(gaps, i);

		if (!gap && (i + 1 == reader->rows || bit_is_set(begins, i + 1)))
			return "last row of a run without an end";
		count += gap;
	}
	if (some_endless && (endless = read_bytes(in, BITMAP_SIZE(count))) == NULL)
		return "ends end early";
	count = 0;
	for (i = 0; i < reader->rows; i++)
	{
		if (!bit_is_set(gaps, i))
			reader->ends[i] = reader->starts[i + 1];
		else if (endless != NULL && bit_is_set(endless, count++))
			reader->ends[i] = TSM_CODEC_INFINITY;
		else
			reader->ends[i] = (int64_t) ((uint64_t) reader->starts[i] + read_zigzag(in));
	}
	return in->failed ? "ends end early" : NULL;
}

static const char *
read_xids(TsmCodecReader *reader, TsmReader *in, const uint8_t *gaps, bool one)
{
	TsmReader	at = *in;
	uint64_t	xid = read_varint(&at);
	int			i;

	reader->start_xids[0] = xid;
	for (i = 1; i < reader->rows; i++)
	{
		xid += one ? 0 : read_zigzag(&at);
		reader->start_xids[i] = xid;
	}
	for (i = 0; i < reader->rows; i++)
	{
		if (!bit_is_set(gaps, i))
			reader->end_xids[i] = reader->start_xids[i + 1];
		else
			reader->end_xids[i] = reader->start_xids[i] + (one ? 0 : read_zigzag(&at));
	}
	*in = at;
	return in->failed ? "xids end early" : NULL;
}

/* Keys, times and xids; gives what is wrong with them, or NULL. */
static const char *
read_heads(TsmCodecReader *reader, TsmReader *in, const TsmCodecFrame *frame)
{
	uint8_t		begins[FRAME_BITMAP] = {0};
	uint8_t		flags = read_u8(in);
	const uint8_t *gaps;
	const char *wrong;

	if (flags & ~FRAME_FLAGS)
		return "unknown flags of a frame";
	wrong = read_runs(reader, in, frame->key, begins);
	if (wrong == NULL)
		wrong = read_starts(reader, in, frame->start, begins, flags & FRAME_SECOND_ORDER);
	if (wrong != NULL)
		return wrong;
	gaps = read_bytes(in, BITMAP_SIZE(reader->rows));
	if (gaps == NULL)
		return "gaps end early";
	wrong = read_ends(reader, in, begins, gaps, flags & FRAME_ENDLESS);
	if (wrong == NULL)
		wrong = read_xids(reader, in, gaps, flags & FRAME_ONE_XID);
	return wrong;
}

/*
 * Find where each section ends. What it holds is looked at when a value of the
 * attribute is wanted.
 */
static const char *
find_sections(TsmCodecReader *reader, TsmReader *in)
{
	TsmReader	at = *in;
	uint64_t	total = 0;
	int			i;

	for (i = 0; i < reader->schema->natts; i++)
	{
		Cursor	   *cursor = &reader->cursors[i];
		uint64_t	length = read_varint(&at);

		if (length > TSM_CODEC_MAX_RAW)
			return "length of a section out of range";
		cursor->begin = (uint32_t) total;
		total += length;
		cursor->end = (uint32_t) total;
		cursor->opened = false;
	}
	*in = at;
	if (in->failed || total != in->size - in->position)
		return "lengths of the sections do not add up";
	reader->sections = (uint32_t) in->position;
	return NULL;
}

/* The beginning of a section; gives what is wrong with it, or NULL. */
static const char *
open_section(TsmCodecReader *reader, int number)
{
	Cursor	   *cursor = &reader->cursors[number];
	TsmReader	in;
	uint8_t		mode;
	int			carried = 1;

	tsm_reader_init(&in, reader->raw, reader->sections + cursor->end);
	in.position = reader->sections + cursor->begin;
	memset(cursor, 0, sizeof(*cursor));
	mode = read_u8(&in);
	if (mode & ~SECTION_MODES)
		return "unknown mode of a section";
	cursor->decimals = -1;
	if (mode & SECTION_DECIMALS)
	{
		uint8_t		decimals = read_u8(&in);

		if (reader->schema->attributes[number].kind != TSM_CODEC_FLOAT || decimals > MAX_DECIMALS)
			return "decimals out of range";
		cursor->decimals = (int8_t) decimals;
	}
	if (mode & SECTION_CHANGES)
		cursor->changes = read_bytes(&in, BITMAP_SIZE(reader->rows - 1));
	if (mode & SECTION_NULLS)
	{
		if (cursor->changes != NULL)
			carried += count_bits(cursor->changes, 0, reader->rows - 1);
		cursor->nulls = read_bytes(&in, BITMAP_SIZE(carried));
	}
	if (in.failed)
		return "section ends early";
	cursor->begin = cursor->position = (uint32_t) in.position;
	cursor->end = (uint32_t) in.size;
	cursor->row = -1;
	cursor->opened = true;
	return NULL;
}

/* Compare what was read with the directory. */
static const char *
check_bounds(const TsmCodecReader *reader, const TsmCodecBlock *block, const TsmCodecFrame *frame)
{
	TsmCodecFrame next = *frame;
	int			last = reader->rows - 1;
	int64_t		max_end = reader->ends[0];
	int			i;

	for (i = 1; i <= last; i++)
	{
		if (reader->ends[i] > max_end)
			max_end = reader->ends[i];
	}
	if (max_end != frame->max_end)
		return "greatest end is not that of the directory";
	if (tsm_codec_next_frame(block, &next) &&
		(next.key < reader->keys[last] ||
		 (next.key == reader->keys[last] && next.start < reader->starts[last])))
		return "frame goes beyond the begin of the next";
	return NULL;
}

bool
tsm_codec_reader_open(TsmCodecReader *reader, const TsmCodecBlock *block, const TsmCodecFrame *frame,
					  const uint8_t *raw, TsmCodecFault *fault)
{
	TsmReader	in;
	const char *wrong;

	reader->rows = 0;
	if (block->natts != reader->schema->natts || block->schema_id != reader->schema->schema_id)
		return tsm_codec_fail(fault, TSM_CODEC_OTHER_SCHEMA, 0, "block of another schema");
	tsm_reader_init(&in, raw, frame->raw_length);
	reader->raw = raw;
	reader->raw_length = frame->raw_length;
	reader->rows = frame->rows;
	reader->arena_used = 0;
	reader->arena_limit = ARENA_FIRST;
	reader->arena_half = 0;
	wrong = read_heads(reader, &in, frame);
	if (wrong == NULL)
		wrong = check_bounds(reader, block, frame);
	if (wrong == NULL)
		wrong = find_sections(reader, &in);
	if (wrong == NULL)
		return true;
	reader->rows = 0;
	return corrupt(fault, &in, wrong);
}

/* ---- rows ---- */

int
tsm_codec_find_row(const TsmCodecReader *reader, int64_t key, int64_t time)
{
	int			low = 0;
	int			high = reader->rows;

	/* The rows before low are not after (key, time), those from high on are. */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (reader->keys[middle] < key ||
			(reader->keys[middle] == key && reader->starts[middle] <= time))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && reader->keys[low - 1] == key ? low - 1 : -1;
}

void
tsm_codec_row_head(const TsmCodecReader *reader, int index, TsmCodecRow *row)
{
	row->key = reader->keys[index];
	row->start = reader->starts[index];
	row->end = reader->ends[index];
	row->start_xid = reader->start_xids[index];
	row->end_xid = reader->end_xids[index];
	row->values = NULL;
}

/* Send a cursor back to before the first row. */
static void
rewind_cursor(Cursor *cursor)
{
	cursor->row = -1;
	cursor->carried = 0;
	cursor->position = cursor->begin;
	cursor->word = 0;
	cursor->in_arena = false;
}

/*
 * Copy what is live to the other half. With only_target, attributes that stand
 * at other rows than the one being read go back to before the first.
 */
static void
compact_arena(TsmCodecReader *reader, bool only_target)
{
	uint8_t    *to = reader->arena[1 - reader->arena_half];
	uint32_t	used = 0;
	int			i;

	for (i = 0; i < reader->schema->natts; i++)
	{
		Cursor	   *cursor = &reader->cursors[i];

		if (!cursor->opened || !cursor->in_arena)
			continue;
		if (only_target && cursor->row != reader->target)
		{
			rewind_cursor(cursor);
			continue;
		}
		memcpy(to + used, cursor->bytes, cursor->length);
		cursor->bytes = to + used;
		used += cursor->length;
	}
	reader->arena_half = 1 - reader->arena_half;
	reader->arena_used = used;
}

/* Room for a value, which may move the others; NULL when more is live than rows may have. */
static uint8_t *
arena_room(TsmCodecReader *reader, size_t length)
{
	uint8_t    *room;

	if (length > reader->arena_limit - reader->arena_used)
	{
		size_t		need;

		compact_arena(reader, false);
		if (reader->arena_used + length > ARENA_HALF)
			compact_arena(reader, true);
		need = reader->arena_used + length;
		if (need > ARENA_HALF)
			return NULL;
		/* Half of it free after each turn makes the copying a constant part of the work. */
		while (need > reader->arena_limit / 2 && reader->arena_limit < ARENA_HALF)
			reader->arena_limit = reader->arena_limit > ARENA_HALF / 2 ? ARENA_HALF : reader->arena_limit * 2;
	}
	room = reader->arena[reader->arena_half] + reader->arena_used;
	reader->arena_used += (uint32_t) length;
	return room;
}

/*
 * Go to the next row, no further than to the given one, that carries a value
 * of this attribute; false when there is none.
 */
static bool
next_carried(Cursor *cursor, int row)
{
	int			bit = cursor->row;	/* of the row after it */

	if (bit < 0)
	{
		cursor->row = 0;
		return true;
	}
	while (cursor->changes != NULL && bit < row)
	{
		unsigned	byte = (unsigned) cursor->changes[bit >> 3] >> (bit & 7);

		if (byte != 0)
		{
			bit += __builtin_ctz(byte);
			if (bit >= row)
				break;
			cursor->row = (int16_t) (bit + 1);
			return true;
		}
		bit = (bit | 7) + 1;
	}
	cursor->row = (int16_t) row;
	return false;
}

/* Count the value that is carried here, and set null. */
static void
take_carried(Cursor *cursor)
{
	cursor->null = cursor->nulls != NULL && bit_is_set(cursor->nulls, cursor->carried);
	cursor->carried++;
}

/* Go to a row; gives how many values that are not null are to be read on the way. */
static int
skip_to(Cursor *cursor, int row)
{
	int			from = cursor->carried;
	int			count = cursor->row < 0;

	if (cursor->changes != NULL)
		count += count_bits(cursor->changes, cursor->row < 0 ? 0 : cursor->row, row);
	cursor->carried += (int16_t) count;
	cursor->row = (int16_t) row;
	if (cursor->nulls == NULL || count == 0)
		return count;
	cursor->null = bit_is_set(cursor->nulls, cursor->carried - 1);
	return count - count_bits(cursor->nulls, from, cursor->carried);
}

/* The exclusive or of a float and the previous one; false when it has more bytes than that. */
static bool
read_xor(TsmReader *in, int length, uint64_t *difference)
{
	uint8_t		shape = read_u8(in);
	const uint8_t *bytes = read_bytes(in, shape & 15);
	int			i;

	*difference = 0;
	if (bytes == NULL || (shape >> 4) + (shape & 15) > length)
		return false;
	for (i = 0; i < (shape & 15); i++)
		*difference |= (uint64_t) bytes[i] << (8 * ((shape >> 4) + i));
	return true;
}

static bool
advance_words(TsmCodecReader *reader, Cursor *cursor, const TsmCodecAttribute *attribute, int row)
{
	int			count = skip_to(cursor, row);
	uint64_t	word = cursor->word;
	TsmReader	in;

	tsm_reader_init(&in, reader->raw, cursor->end);
	in.position = cursor->position;
	if (attribute->kind == TSM_CODEC_FLOAT && cursor->decimals < 0)
	{
		for (; count > 0; count--)
		{
			uint64_t	difference;

			if (!read_xor(&in, attribute->length, &difference))
				return false;
			word ^= difference;
		}
	}
	else
	{
		/* Only the last has to be of its width: the others are not given. */
		for (; count > 0; count--)
			word += read_zigzag(&in);
		if (attribute->kind == TSM_CODEC_INT && extend_sign(word, attribute->length) != word)
			return false;
	}
	cursor->word = word;
	cursor->position = (uint32_t) in.position;
	return !in.failed;
}

/* Apply count diffs, one after the other in the section, from the given place on. */
static bool
apply_diffs(TsmCodecReader *reader, Cursor *cursor, TsmReader in, int count)
{
	for (; count > 0; count--)
	{
		size_t		diff_length = (size_t) (read_varint(&in) >> 1);
		const uint8_t *bytes = read_bytes(&in, diff_length);
		TsmReader	diff;
		size_t		length;
		uint8_t    *room;

		tsm_reader_init(&diff, bytes, diff_length);
		if (bytes == NULL || !tsm_codec_patched_length(&diff, cursor->length, &length))
			return false;
		reader->made += length;
		if (reader->made > reader->made_limit)
			return false;
		room = arena_room(reader, length);
		if (room == NULL || !tsm_codec_patch(&diff, cursor->bytes, cursor->length, room, length))
			return false;
		cursor->bytes = room;
		cursor->length = (uint32_t) length;
		cursor->in_arena = true;
	}
	return true;
}

/*
 * Go to the last whole value up to the row, then apply the diffs since: what
 * is passed over costs its token only.
 */
static bool
advance_tokens(TsmCodecReader *reader, Cursor *cursor, int row)
{
	TsmReader	in;
	TsmReader	first_diff;
	int			diffs = 0;

	tsm_reader_init(&in, reader->raw, cursor->end);
	in.position = cursor->position;
	first_diff = in;
	while (next_carried(cursor, row))
	{
		size_t		at = in.position;
		bool		was_null = cursor->null || cursor->carried == 0;
		uint64_t	token;
		const uint8_t *bytes;

		take_carried(cursor);
		if (cursor->null)
		{
			diffs = 0;
			cursor->in_arena = false;
			continue;
		}
		token = read_varint(&in);
		bytes = token >> 1 > TSM_CODEC_MAX_RAW ? NULL : read_bytes(&in, (size_t) (token >> 1));
		if (bytes == NULL || ((token & 1) && was_null))
			return false;
		if (token & 1)
		{
			if (diffs++ == 0)
				first_diff.position = at;
			continue;
		}
		diffs = 0;
		cursor->bytes = bytes;
		cursor->length = (uint32_t) (token >> 1);
		cursor->in_arena = false;
	}
	cursor->position = (uint32_t) in.position;
	return apply_diffs(reader, cursor, first_diff, diffs);
}

static bool
advance_fixed(TsmCodecReader *reader, Cursor *cursor, const TsmCodecAttribute *attribute, int row)
{
	int			count = skip_to(cursor, row);
	TsmReader	in;

	tsm_reader_init(&in, reader->raw, cursor->end);
	in.position = cursor->position;
	for (; count > 0; count--)
		cursor->bytes = read_bytes(&in, attribute->length);
	cursor->length = attribute->length;
	cursor->position = (uint32_t) in.position;
	return !in.failed;
}

/* Bring the cursor of an attribute to a row; NULL, or what is wrong. */
static const char *
advance(TsmCodecReader *reader, int number, int row)
{
	Cursor	   *cursor = &reader->cursors[number];
	const TsmCodecAttribute *attribute = &reader->schema->attributes[number];
	bool		good;

	if (!cursor->opened)
	{
		const char *wrong = open_section(reader, number);

		if (wrong != NULL)
			return wrong;
	}
	if (cursor->row == row)
		return NULL;
	if (cursor->row > row)
		rewind_cursor(cursor);
	if (is_by_value(attribute))
		good = advance_words(reader, cursor, attribute, row);
	else if (has_tokens(attribute))
		good = advance_tokens(reader, cursor, row);
	else
		good = advance_fixed(reader, cursor, attribute, row);
	if (!good)
		return "value cannot be read";
	if (attribute->kind == TSM_CODEC_FIXED && !cursor->null && cursor->length != attribute->length)
		return "value is not of its fixed length";
	if (row == reader->rows - 1 && cursor->position != cursor->end)
		return "bytes after the last value";
	return NULL;
}

static void
give_value(const Cursor *cursor, const TsmCodecAttribute *attribute, TsmCodecValue *value)
{
	value->null = cursor->null;
	value->length = 0;
	if (cursor->null)
		value->as.word = 0;
	else if (!is_by_value(attribute))
	{
		value->as.bytes = cursor->bytes;
		value->length = cursor->length;
	}
	else if (cursor->decimals >= 0)
		value->as.word = bits_of_float((double) (int64_t) cursor->word /
									   tsm_codec_power_of_ten(cursor->decimals), attribute->length);
	else
		value->as.word = cursor->word;
}

bool
tsm_codec_read_columns(TsmCodecReader *reader, int index, const uint8_t *wanted,
					   TsmCodecValue *values, TsmCodecFault *fault)
{
	int			natts = reader->schema->natts;
	size_t		total = 0;
	int			i;

	if (index < 0 || index >= reader->rows)
		return tsm_codec_fail(fault, TSM_CODEC_BAD_CALL, index, "no such row in the frame");

	/* No writer makes a reader do more. */
	reader->target = index;
	reader->made = 0;
	reader->made_limit = TSM_CODEC_MAX_WORK;
	for (i = 0; i < natts; i++)
	{
		const Cursor *cursor = &reader->cursors[i];
		const char *wrong;

		if (wanted != NULL && !bit_is_set(wanted, i))
			continue;
		wrong = advance(reader, i, index);
		if (wrong == NULL && !is_by_value(&reader->schema->attributes[i]) && !cursor->null)
		{
			total += cursor->length;
			if (total > TSM_CODEC_MAX_RAW)
				wrong = "row too big";
		}
		if (wrong != NULL)
		{
			reader->rows = 0;
			return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, cursor->position, wrong);
		}
	}
	/* Only now, since a diff may move what others stand on. */
	for (i = 0; i < natts; i++)
	{
		if (wanted == NULL || bit_is_set(wanted, i))
			give_value(&reader->cursors[i], &reader->schema->attributes[i], &values[i]);
	}
	return true;
}

bool
tsm_codec_read_row(TsmCodecReader *reader, int index, TsmCodecValue *values, TsmCodecFault *fault)
{
	return tsm_codec_read_columns(reader, index, NULL, values, fault);
}
