/*-------------------------------------------------------------------------
 *
 * tsm_base_bytes.c
 *	  Bounded reader and writer for binary formats; see tsm_bytes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_bytes.h"

#include <string.h>

void
tsm_reader_init(TsmReader *reader, const void *data, size_t size)
{
	reader->data = data;
	reader->size = size;
	reader->position = 0;
	reader->failed = false;
}

const uint8_t *
tsm_read_bytes(TsmReader *reader, size_t length)
{
	const uint8_t *bytes;

	if (reader->failed || length > reader->size - reader->position)
	{
		reader->failed = true;
		return NULL;
	}
	bytes = reader->data + reader->position;
	reader->position += length;
	return bytes;
}

/* An unsigned integer of the given width, its least significant byte first. */
static uint64_t
read_le(TsmReader *reader, int width)
{
	const uint8_t *bytes = tsm_read_bytes(reader, width);
	uint64_t	value = 0;

	while (bytes != NULL && width-- > 0)
		value = value << 8 | bytes[width];
	return value;
}

uint8_t
tsm_read_u8(TsmReader *reader)
{
	return (uint8_t) read_le(reader, 1);
}

uint16_t
tsm_read_u16_le(TsmReader *reader)
{
	return (uint16_t) read_le(reader, 2);
}

uint32_t
tsm_read_u32_le(TsmReader *reader)
{
	return (uint32_t) read_le(reader, 4);
}

uint64_t
tsm_read_u64_le(TsmReader *reader)
{
	return read_le(reader, 8);
}

uint64_t
tsm_read_u64_be(TsmReader *reader)
{
	return __builtin_bswap64(read_le(reader, 8));
}

uint64_t
tsm_read_varint(TsmReader *reader)
{
	size_t		position = reader->position;
	uint64_t	value = 0;
	int			shift;

	for (shift = 0; shift < 7 * TSM_VARINT_MAX_BYTES && position < reader->size; shift += 7)
	{
		uint8_t		byte = reader->data[position++];

		/* The tenth byte has room for one bit only. */
		if (reader->failed || (shift == 63 && byte > 1))
			break;
		value |= (uint64_t) (byte & 0x7F) << shift;
		if ((byte & 0x80) == 0)
		{
			reader->position = position;
			return value;
		}
	}
	reader->failed = true;
	return 0;
}

int64_t
tsm_read_zigzag(TsmReader *reader)
{
	uint64_t	value = tsm_read_varint(reader);

	return (int64_t) (value >> 1) ^ -(int64_t) (value & 1);
}

bool
tsm_reader_done(const TsmReader *reader)
{
	return !reader->failed && reader->position == reader->size;
}

void
tsm_writer_init(TsmWriter *writer, void *data, size_t size)
{
	writer->data = data;
	writer->size = size;
	writer->position = 0;
	writer->failed = false;
}

void
tsm_write_bytes(TsmWriter *writer, const void *bytes, size_t length)
{
	if (writer->failed || length > writer->size - writer->position)
	{
		writer->failed = true;
		return;
	}
	if (length > 0)
		memcpy(writer->data + writer->position, bytes, length);
	writer->position += length;
}

static void
write_le(TsmWriter *writer, uint64_t value, int width)
{
	uint8_t		bytes[8];
	int			i;

	for (i = 0; i < width; i++)
		bytes[i] = (uint8_t) (value >> (8 * i));
	tsm_write_bytes(writer, bytes, width);
}

void
tsm_write_u8(TsmWriter *writer, uint8_t value)
{
	write_le(writer, value, 1);
}

void
tsm_write_u16_le(TsmWriter *writer, uint16_t value)
{
	write_le(writer, value, 2);
}

void
tsm_write_u32_le(TsmWriter *writer, uint32_t value)
{
	write_le(writer, value, 4);
}

void
tsm_write_u64_le(TsmWriter *writer, uint64_t value)
{
	write_le(writer, value, 8);
}

void
tsm_write_u64_be(TsmWriter *writer, uint64_t value)
{
	write_le(writer, __builtin_bswap64(value), 8);
}

void
tsm_write_varint(TsmWriter *writer, uint64_t value)
{
	uint8_t		bytes[TSM_VARINT_MAX_BYTES];
	int			length = 0;

	while (value >= 0x80)
	{
		bytes[length++] = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	bytes[length++] = (uint8_t) value;
	tsm_write_bytes(writer, bytes, length);
}

void
tsm_write_zigzag(TsmWriter *writer, int64_t value)
{
	tsm_write_varint(writer, (uint64_t) value << 1 ^ (uint64_t) (value >> 63));
}
