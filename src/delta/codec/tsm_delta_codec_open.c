/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_open.c
 *	  Opens a block: header, checksum, directory; finds frames and expands them.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

/*
 * Read the directory entry at frame->next_entry, frame being its predecessor
 * or, with index -1, what precedes the first. Gives NULL, or what is wrong.
 */
static const char *
read_entry(const TsmCodecBlock *block, TsmCodecFrame *frame)
{
	TsmReader	reader;
	uint64_t	rows,
				key,
				start,
				raw_length,
				stored_length;
	uint8_t		coding;
	bool		same_key;

	/* The entries end where the base image begins. */
	tsm_reader_init(&reader, block->data, block->base_offset);
	reader.position = frame->next_entry;
	rows = read_varint(&reader);
	key = (uint64_t) frame->key + read_varint(&reader);
	start = (uint64_t) frame->start + read_zigzag(&reader);
	coding = read_u8(&reader);
	frame->max_end = TSM_CODEC_INFINITY;
	if ((coding & CODING_ENDLESS) == 0)
		frame->max_end = (int64_t) (start + read_zigzag(&reader));
	coding &= ~CODING_ENDLESS;
	raw_length = stored_length = read_varint(&reader);
	if (coding == CODING_LZ4)
		stored_length = read_varint(&reader);

	if (reader.failed)
		return "directory ends early";
	if (rows < 1 || rows > TSM_CODEC_MAX_FRAME_ROWS)
		return "versions of a frame out of range";
	same_key = key == (uint64_t) frame->key;
	if ((int64_t) key < frame->key || (same_key && (int64_t) start < frame->start))
		return "directory out of order";
	if (coding > CODING_LZ4)
		return "unknown coding of a frame";
	if (raw_length < 1 || raw_length > TSM_CODEC_MAX_RAW || stored_length < 1 ||
		stored_length > raw_length)
		return "length of a frame out of range";
	frame->offset += frame->stored_length;
	if (stored_length > block->size - frame->offset)
		return "frame beyond the end of the block";

	frame->index++;
	frame->rows = (int) rows;
	frame->key = (int64_t) key;
	frame->start = (int64_t) start;
	frame->compressed = coding == CODING_LZ4;
	frame->raw_length = (uint32_t) raw_length;
	frame->stored_length = (uint32_t) stored_length;
	frame->next_entry = (uint32_t) reader.position;
	return NULL;
}

/* The place before the first frame. */
static void
rewind_frames(const TsmCodecBlock *block, TsmCodecFrame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->index = -1;
	frame->key = block->key;
	frame->start = block->start;
	frame->offset = block->base_offset + block->base_stored;
	frame->next_entry = TSM_CODEC_HEADER_SIZE;
}

static bool
is_after(const TsmCodecFrame *frame, int64_t key, int64_t start)
{
	return frame->key > key || (frame->key == key && frame->start > start);
}

/*
 * Walk the directory and compare it with the header and the length of the
 * block. On the way, find the last frame that does not begin after (key,
 * start); found may be NULL. With only_find, what is behind it is left alone.
 */
static bool
check_directory(const TsmCodecBlock *block, int64_t key, int64_t start, TsmCodecFrame *found,
				bool only_find, TsmCodecFault *fault)
{
	TsmCodecFrame frame;
	uint64_t	versions = 0;
	uint64_t	raw_length = block->base_length;
	int			i;

	rewind_frames(block, &frame);
	for (i = 0; i < block->frames; i++)
	{
		const char *wrong = read_entry(block, &frame);

		if (wrong != NULL)
			return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, frame.next_entry, wrong);
		if (i == 0 && (frame.key != block->key || frame.start != block->start))
			return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, TSM_CODEC_HEADER_SIZE,
								  "first frame does not begin where the block does");
		if (only_find && is_after(&frame, key, start))
			return true;
		if (found != NULL && !is_after(&frame, key, start))
			*found = frame;
		versions += (uint64_t) frame.rows;
		raw_length += frame.raw_length;
	}
	if (frame.next_entry != block->base_offset)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, frame.next_entry,
							  "directory is longer than its frames");
	if (frame.offset + frame.stored_length != block->size)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, frame.offset + frame.stored_length,
							  "bytes after the last frame");
	if (versions != block->versions || raw_length != block->raw_length)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, 0, "sums of the directory are not the header's");
	return true;
}

/* Read the header behind magic and format. */
static bool
read_header(TsmCodecBlock *block, TsmCodecFault *fault)
{
	const uint8_t *header = block->data;
	uint8_t		flags = header[HEADER_FORMAT + 1];
	uint8_t		coding = header[HEADER_BASE_CODING];
	uint32_t	directory_length = load_u16(header + 14);

	block->natts = load_u16(header + 6);
	block->frames = load_u16(header + 8);
	block->base_length = load_u16(header + 10);
	block->base_stored = load_u16(header + 12);
	block->versions = load_u32(header + 16);
	block->schema_id = load_u32(header + 20);
	block->raw_length = load_u32(header + 24);
	block->key = (int64_t) load_u64(header + 32);
	block->start = (int64_t) load_u64(header + 40);
	block->base_compressed = coding == CODING_LZ4;
	block->base_offset = TSM_CODEC_HEADER_SIZE + directory_length;

	if (flags != 0 || coding > CODING_LZ4)
		return tsm_codec_fail(fault, TSM_CODEC_UNKNOWN_FORMAT, HEADER_FORMAT + 1, "unknown flags or coding");
	if (block->natts > TSM_CODEC_MAX_ATTRIBUTES || block->frames < 1 ||
		block->frames > TSM_CODEC_MAX_FRAMES)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, 6, "attributes or frames out of range");
	if (block->base_length > TSM_CODEC_MAX_BASE || block->base_stored > block->base_length ||
		(!block->base_compressed && block->base_stored != block->base_length) ||
		(size_t) block->base_offset + block->base_stored > block->size)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, 10, "base image out of range");
	return true;
}

/* All of opening but the directory. */
static bool
open_header(TsmCodecBlock *block, const void *data, size_t size, TsmCodecCrc crc32c,
			TsmCodecFault *fault)
{
	const uint8_t *bytes = data;
	uint32_t	crc;

	memset(block, 0, sizeof(*block));
	block->data = bytes;
	block->size = size;
	if (size < TSM_CODEC_HEADER_SIZE || memcmp(bytes, "TSD", 3) != 0)
		return tsm_codec_fail(fault, TSM_CODEC_NOT_A_BLOCK, 0, "no header");
	if (bytes[HEADER_FORMAT] != TSM_CODEC_FORMAT)
		return tsm_codec_fail(fault, TSM_CODEC_UNKNOWN_FORMAT, HEADER_FORMAT, "unknown format");
	if (size > TSM_CODEC_MAX_BLOCK)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, TSM_CODEC_MAX_BLOCK, "block too long");
	if (crc32c != NULL)
	{
		crc = crc32c(0, bytes, HEADER_CRC);
		crc = crc32c(crc, bytes + HEADER_CRC + 4, size - HEADER_CRC - 4);
		if (crc != load_u32(bytes + HEADER_CRC))
			return tsm_codec_fail(fault, TSM_CODEC_BAD_CHECKSUM, HEADER_CRC, "checksum does not match");
	}
	return read_header(block, fault);
}

bool
tsm_codec_open(TsmCodecBlock *block, const void *data, size_t size, TsmCodecCrc crc32c,
			   TsmCodecFault *fault)
{
	return open_header(block, data, size, crc32c, fault) && check_directory(block, 0, 0, NULL, false, fault);
}

bool
tsm_codec_open_at(TsmCodecBlock *block, const void *data, size_t size, TsmCodecCrc crc32c,
				  int64_t key, int64_t start, TsmCodecFrame *frame, TsmCodecFault *fault)
{
	frame->index = -1;
	return open_header(block, data, size, crc32c, fault) &&
		check_directory(block, key, start, frame, crc32c == NULL, fault);
}

bool
tsm_codec_next_frame(const TsmCodecBlock *block, TsmCodecFrame *frame)
{
	return frame->index + 1 < block->frames && read_entry(block, frame) == NULL;
}

bool
tsm_codec_first_frame(const TsmCodecBlock *block, TsmCodecFrame *frame)
{
	rewind_frames(block, frame);
	return tsm_codec_next_frame(block, frame);
}

bool
tsm_codec_find_frame(const TsmCodecBlock *block, int64_t key, int64_t start, TsmCodecFrame *frame)
{
	TsmCodecFrame next;
	bool		found = false;

	rewind_frames(block, &next);
	while (tsm_codec_next_frame(block, &next) && !is_after(&next, key, start))
	{
		*frame = next;
		found = true;
	}
	return found;
}

bool
tsm_codec_expand_base(const TsmCodecBlock *block, uint8_t *buffer, TsmCodecFault *fault)
{
	const uint8_t *stored = block->data + block->base_offset;

	if (!block->base_compressed)
	{
		memcpy(buffer, stored, block->base_length);
		return true;
	}
	if (LZ4_decompress_safe((const char *) stored, (char *) buffer, (int) block->base_stored,
							(int) block->base_length) != (int) block->base_length)
		return tsm_codec_fail(fault, TSM_CODEC_CORRUPT, block->base_offset,
							  "base image cannot be decompressed");
	return true;
}

/* The dictionary lies right before the output, which LZ4 decodes fastest. */
const uint8_t *
tsm_codec_expand_frame(const TsmCodecBlock *block, const TsmCodecFrame *frame, uint8_t *buffer,
					   TsmCodecFault *fault)
{
	const uint8_t *stored = block->data + frame->offset;
	uint8_t    *raw = buffer + block->base_length;

	if (!frame->compressed)
		return stored;
	if (LZ4_decompress_safe_usingDict((const char *) stored, (char *) raw,
									  (int) frame->stored_length, (int) frame->raw_length,
									  (const char *) buffer,
									  (int) block->base_length) != (int) frame->raw_length)
	{
		(void) tsm_codec_fail(fault, TSM_CODEC_CORRUPT, frame->offset, "frame cannot be decompressed");
		return NULL;
	}
	return raw;
}
