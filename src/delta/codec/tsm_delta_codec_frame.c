/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_frame.c
 *	  Writes rows as a raw frame: keys, times and xids, then the sections of
 *	  the attributes, which tsm_delta_codec_section.c writes.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

/* What is to be known of the rows before the first byte is written. */
typedef struct FrameShape
{
	uint8_t		gaps[FRAME_BITMAP];
	uint8_t		flags;
} FrameShape;

static bool
begins_run(const TsmCodecRow *rows, int i)
{
	return i == 0 || rows[i].key != rows[i - 1].key;
}

/* Whether the row ends otherwise than by the start of the next one of its key. */
static bool
has_gap(const TsmCodecRow *rows, int nrows, int i)
{
	return i + 1 == nrows || begins_run(rows, i + 1) || rows[i].end != rows[i + 1].start ||
		rows[i].end_xid != rows[i + 1].start_xid;
}

static int
zigzag_size(uint64_t difference)
{
	uint64_t	value = difference << 1 ^ (0 - (difference >> 63));

	return (63 - __builtin_clzll(value | 1)) / 7 + 1;
}

static int
varint_size(uint64_t value)
{
	return (63 - __builtin_clzll(value | 1)) / 7 + 1;
}

/* Whether starts take fewer bytes as differences of differences, as regular ones do. */
static bool
second_order_is_shorter(const TsmCodecRow *rows, int nrows)
{
	uint64_t	previous = 0;
	int			gain = 0;
	int			i;

	for (i = 1; i < nrows; i++)
	{
		uint64_t	difference = (uint64_t) rows[i].start - (uint64_t) rows[i - 1].start;

		if (begins_run(rows, i))
			previous = 0;
		else
		{
			gain += varint_size(difference) - zigzag_size(difference - previous);
			previous = difference;
		}
	}
	return gain > 0;
}

static void
measure(FrameShape *shape, const TsmCodecRow *rows, int nrows)
{
	bool		one_xid = true;
	int			i;

	memset(shape, 0, sizeof(*shape));
	for (i = 0; i < nrows; i++)
	{
		one_xid = one_xid && rows[i].start_xid == rows[0].start_xid &&
			rows[i].end_xid == rows[0].start_xid;
		if (!has_gap(rows, nrows, i))
			continue;
		set_bit(shape->gaps, i);
		if (rows[i].end == TSM_CODEC_INFINITY)
			shape->flags |= FRAME_ENDLESS;
	}
	if (one_xid)
		shape->flags |= FRAME_ONE_XID;
	if (second_order_is_shorter(rows, nrows))
		shape->flags |= FRAME_SECOND_ORDER;
}

static void
write_runs(TsmWriter *writer, const TsmCodecRow *rows, int nrows)
{
	int			begin = 0;

	while (begin < nrows)
	{
		int			end = begin + 1;

		while (end < nrows && !begins_run(rows, end))
			end++;
		if (begin > 0)
			tsm_write_varint(writer, (uint64_t) rows[begin].key - (uint64_t) rows[begin - 1].key);
		tsm_write_varint(writer, end - begin);
		begin = end;
	}
}

static void
write_starts(TsmWriter *writer, const FrameShape *shape, const TsmCodecRow *rows, int nrows)
{
	uint64_t	previous = 0;
	int			i;

	for (i = 1; i < nrows; i++)
	{
		uint64_t	difference = (uint64_t) rows[i].start - (uint64_t) rows[i - 1].start;

		if (begins_run(rows, i))
		{
			write_zigzag(writer, difference);
			previous = 0;
		}
		else if (shape->flags & FRAME_SECOND_ORDER)
		{
			write_zigzag(writer, difference - previous);
			previous = difference;
		}
		else
			tsm_write_varint(writer, difference);
	}
}

static void
write_ends(TsmWriter *writer, const FrameShape *shape, const TsmCodecRow *rows, int nrows)
{
	uint8_t		endless[FRAME_BITMAP] = {0};
	int			gaps = 0;
	int			i;

	tsm_write_bytes(writer, shape->gaps, BITMAP_SIZE(nrows));
	for (i = 0; i < nrows; i++)
	{
		if (!bit_is_set(shape->gaps, i))
			continue;
		if (rows[i].end == TSM_CODEC_INFINITY)
			set_bit(endless, gaps);
		gaps++;
	}
	if (shape->flags & FRAME_ENDLESS)
		tsm_write_bytes(writer, endless, BITMAP_SIZE(gaps));
	for (i = 0; i < nrows; i++)
	{
		if (bit_is_set(shape->gaps, i) && rows[i].end != TSM_CODEC_INFINITY)
			write_zigzag(writer, (uint64_t) rows[i].end - (uint64_t) rows[i].start);
	}
}

static void
write_xids(TsmWriter *writer, const FrameShape *shape, const TsmCodecRow *rows, int nrows)
{
	int			i;

	tsm_write_varint(writer, rows[0].start_xid);
	if (shape->flags & FRAME_ONE_XID)
		return;
	for (i = 1; i < nrows; i++)
		write_zigzag(writer, rows[i].start_xid - rows[i - 1].start_xid);
	for (i = 0; i < nrows; i++)
	{
		if (bit_is_set(shape->gaps, i))
			write_zigzag(writer, rows[i].end_xid - rows[i].start_xid);
	}
}

bool
tsm_codec_write_frame(TsmCodecEncoder *encoder, const TsmCodecRow *rows, int nrows)
{
	FrameShape	shape;
	TsmWriter	writer;
	TsmWriter	sections;
	size_t		limit = FRAME_RAW + tsm_codec_row_cost(encoder->schema, rows[0].values);
	int			i;

	measure(&shape, rows, nrows);
	tsm_writer_init(&writer, encoder->raw,
					limit < sizeof(encoder->raw) ? limit : sizeof(encoder->raw));
	tsm_write_u8(&writer, shape.flags);
	write_runs(&writer, rows, nrows);
	write_starts(&writer, &shape, rows, nrows);
	write_ends(&writer, &shape, rows, nrows);
	write_xids(&writer, &shape, rows, nrows);

	/* The lengths of the sections come before them. */
	tsm_writer_init(&sections, encoder->sections, sizeof(encoder->sections));
	for (i = 0; i < encoder->schema->natts && !sections.failed; i++)
	{
		size_t		begin = sections.position;

		tsm_codec_write_section(encoder, &sections, i, rows, nrows);
		tsm_write_varint(&writer, sections.position - begin);
	}
	tsm_write_bytes(&writer, encoder->sections, sections.position);
	encoder->raw_length = (uint32_t) writer.position;
	return !writer.failed && !sections.failed;
}
