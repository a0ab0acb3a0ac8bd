/*-------------------------------------------------------------------------
 *
 * tsm_bytes.h
 *	  Bounded reader and writer for binary formats.
 *
 * Kernels: no palloc, no ereport, so that they can be fuzzed and tested
 * outside a server. A read past the end gives 0 and marks the reader as
 * failed; a write past the end writes nothing and marks the writer. Either
 * stays failed, so a caller checks once, at the end of a record.
 *
 * Integers are little-endian (le) or in network order (be). Varints are
 * unsigned LEB128, at most ten bytes; zigzag maps signed to unsigned.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_BYTES_H
#define TSM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSM_VARINT_MAX_BYTES 10

typedef struct TsmReader
{
	const uint8_t *data;
	size_t		size;
	size_t		position;
	bool		failed;
} TsmReader;

typedef struct TsmWriter
{
	uint8_t    *data;
	size_t		size;
	size_t		position;
	bool		failed;
} TsmWriter;

extern void tsm_reader_init(TsmReader *reader, const void *data, size_t size);
extern uint8_t tsm_read_u8(TsmReader *reader);
extern uint16_t tsm_read_u16_le(TsmReader *reader);
extern uint32_t tsm_read_u32_le(TsmReader *reader);
extern uint64_t tsm_read_u64_le(TsmReader *reader);
extern uint64_t tsm_read_u64_be(TsmReader *reader);
extern uint64_t tsm_read_varint(TsmReader *reader);
extern int64_t tsm_read_zigzag(TsmReader *reader);

/* A pointer to the next bytes, which the reader goes past; NULL when there are fewer. */
extern const uint8_t *tsm_read_bytes(TsmReader *reader, size_t length);

/* Whether everything was read and nothing failed. */
extern bool tsm_reader_done(const TsmReader *reader);

extern void tsm_writer_init(TsmWriter *writer, void *data, size_t size);
extern void tsm_write_u8(TsmWriter *writer, uint8_t value);
extern void tsm_write_u16_le(TsmWriter *writer, uint16_t value);
extern void tsm_write_u32_le(TsmWriter *writer, uint32_t value);
extern void tsm_write_u64_le(TsmWriter *writer, uint64_t value);
extern void tsm_write_u64_be(TsmWriter *writer, uint64_t value);
extern void tsm_write_varint(TsmWriter *writer, uint64_t value);
extern void tsm_write_zigzag(TsmWriter *writer, int64_t value);
extern void tsm_write_bytes(TsmWriter *writer, const void *bytes, size_t length);

#endif /* TSM_BYTES_H */
