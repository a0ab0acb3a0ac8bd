/*
 * base_bytes_test.c
 *	  The bounded reader and writer: round trips, the last byte, one past it.
 *
 * links: src/base/tsm_base_bytes.c
 */
#include "tsm_bytes.h"

#include <stdio.h>
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

static void
test_fixed_width(void)
{
	uint8_t		buffer[23];
	TsmWriter	writer;
	TsmReader	reader;

	tsm_writer_init(&writer, buffer, sizeof(buffer));
	tsm_write_u8(&writer, 0xAB);
	tsm_write_u16_le(&writer, 0xBEEF);
	tsm_write_u32_le(&writer, 0xDEADBEEF);
	tsm_write_u64_le(&writer, 0x0123456789ABCDEFULL);
	tsm_write_u64_be(&writer, 0x0123456789ABCDEFULL);
	ok(!writer.failed && writer.position == sizeof(buffer), "a writer fills its buffer to the last byte");
	ok(buffer[1] == 0xEF && buffer[7] == 0xEF && buffer[15] == 0x01, "byte orders are as named");
	tsm_write_u8(&writer, 1);
	ok(writer.failed && writer.position == sizeof(buffer), "one byte more fails and writes nothing");

	tsm_reader_init(&reader, buffer, sizeof(buffer));
	ok(tsm_read_u8(&reader) == 0xAB && tsm_read_u16_le(&reader) == 0xBEEF &&
	   tsm_read_u32_le(&reader) == 0xDEADBEEF &&
	   tsm_read_u64_le(&reader) == 0x0123456789ABCDEFULL &&
	   tsm_read_u64_be(&reader) == 0x0123456789ABCDEFULL, "what was written is read");
	ok(tsm_reader_done(&reader), "the reader is done at the end");
	ok(tsm_read_u8(&reader) == 0 && reader.failed && !tsm_reader_done(&reader),
	   "a read past the end gives 0 and fails");
}

static void
test_varint(void)
{
	static const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT64_MAX / 2, UINT64_MAX};
	static const int64_t signed_values[] = {0, -1, 1, INT64_MIN, INT64_MAX, -64, 64};
	static const uint8_t too_long[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0};
	static const uint8_t too_large[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02};
	static const uint8_t cut[] = {0x80};
	uint8_t		buffer[200];
	TsmWriter	writer;
	TsmReader	reader;
	bool		same = true;

	tsm_writer_init(&writer, buffer, sizeof(buffer));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		tsm_write_varint(&writer, values[i]);
	for (size_t i = 0; i < sizeof(signed_values) / sizeof(signed_values[0]); i++)
		tsm_write_zigzag(&writer, signed_values[i]);
	tsm_reader_init(&reader, buffer, writer.position);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		same = same && tsm_read_varint(&reader) == values[i];
	for (size_t i = 0; i < sizeof(signed_values) / sizeof(signed_values[0]); i++)
		same = same && tsm_read_zigzag(&reader) == signed_values[i];
	ok(same && tsm_reader_done(&reader), "varints come back, at the limits too");

	tsm_reader_init(&reader, too_long, sizeof(too_long));
	(void) tsm_read_varint(&reader);
	ok(reader.failed, "a varint of eleven bytes is refused");
	tsm_reader_init(&reader, too_large, sizeof(too_large));
	(void) tsm_read_varint(&reader);
	ok(reader.failed, "a varint over 64 bits is refused");
	tsm_reader_init(&reader, cut, sizeof(cut));
	ok(tsm_read_varint(&reader) == 0 && reader.failed, "a varint cut off is refused");
}

static void
test_bytes(void)
{
	uint8_t		buffer[4];
	TsmWriter	writer;
	TsmReader	reader;

	tsm_writer_init(&writer, buffer, sizeof(buffer));
	tsm_write_bytes(&writer, "abcd", 4);
	tsm_write_bytes(&writer, "", 0);
	ok(!writer.failed, "no bytes fit a full buffer");
	tsm_reader_init(&reader, buffer, sizeof(buffer));
	ok(tsm_read_bytes(&reader, SIZE_MAX) == NULL && reader.failed, "a huge length does not wrap around");
	tsm_reader_init(&reader, buffer, sizeof(buffer));
	ok(memcmp(tsm_read_bytes(&reader, 4), "abcd", 4) == 0 && tsm_reader_done(&reader), "bytes come back");
	tsm_reader_init(&reader, NULL, 0);
	ok(tsm_reader_done(&reader) && tsm_read_u8(&reader) == 0 && reader.failed, "nothing can be read of nothing");
}

int
main(void)
{
	test_fixed_width();
	test_varint();
	test_bytes();
	printf("1..%d\n", tests);
	return failures != 0;
}
