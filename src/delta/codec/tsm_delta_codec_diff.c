/*-------------------------------------------------------------------------
 *
 * tsm_delta_codec_diff.c
 *	  Differences between two values of bytes.
 *
 * Most changes of a row leave the beginning and the end of a value alone, so
 * these are trimmed first. What is left of the old value is hashed, eight
 * bytes at every third place, or further apart where it is long; the new one is
 * scanned for those anchors, and each that is found is extended to both sides.
 * One place a hash and one probe a byte keep the time linear. A missed match
 * costs bytes only, and the compression of the frame finds many of them.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_delta_codec_int.h"

#include <string.h>

#define ANCHOR_LENGTH	8
#define ANCHOR_STRIDE	3		/* at least */
#define MIN_ANCHOR_BITS	8
#define MIN_COPY		12		/* a copy costs about five bytes */

/* Shorter than this, the middle is inserted whole. */
#define MIN_MIDDLE		24

/* What is being written: the pending copy, and the bytes of new from inserted on. */
typedef struct DiffState
{
	TsmWriter	writer;
	const uint8_t *new;
	size_t		inserted;		/* place in new where the pending insert begins */
	size_t		source;			/* place in old of the pending copy */
	size_t		copied;			/* its length */
	size_t		expected;		/* place in old that costs nothing to name */
	bool		first;
} DiffState;

static uint32_t
anchor_hash(const uint8_t *bytes, int bits)
{
	uint64_t	word;

	memcpy(&word, bytes, ANCHOR_LENGTH);
	return (uint32_t) ((word * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - bits));
}

/* How many bytes from the beginning on are alike, up to limit. */
static size_t
common_prefix(const uint8_t *a, const uint8_t *b, size_t limit)
{
	size_t		length = 0;

	while (length + 8 <= limit && memcmp(a + length, b + length, 8) == 0)
		length += 8;
	while (length < limit && a[length] == b[length])
		length++;
	return length;
}

/* How many bytes before the two ends are alike, up to limit. */
static size_t
common_suffix(const uint8_t *a_end, const uint8_t *b_end, size_t limit)
{
	size_t		length = 0;

	while (length + 8 <= limit && memcmp(a_end - length - 8, b_end - length - 8, 8) == 0)
		length += 8;
	while (length < limit && a_end[-1 - (ptrdiff_t) length] == b_end[-1 - (ptrdiff_t) length])
		length++;
	return length;
}

/* Write the pending copy, then the bytes of new up to end. */
static void
flush(DiffState *state, size_t end)
{
	size_t		length = end - state->inserted;

	if (!state->first)
		write_zigzag(&state->writer, (uint64_t) state->source - (uint64_t) state->expected);
	tsm_write_varint(&state->writer, state->copied);
	tsm_write_varint(&state->writer, length);
	tsm_write_bytes(&state->writer, state->new + state->inserted, length);
	state->expected = state->source + state->copied + length;
	state->first = false;
}

/*
 * Find what new[begin, new_end) has of old[begin, old_end), and write all
 * operations but the last. Both ranges begin at the same place, after the
 * common prefix.
 */
static void
scan_middle(DiffState *state, uint32_t *anchors, const uint8_t *old, size_t old_end, size_t begin,
			size_t new_end)
{
	const uint8_t *new = state->new;
	size_t		stride = ANCHOR_STRIDE;
	size_t		place;
	int			bits = MIN_ANCHOR_BITS;

	/* A slot a byte, so that few anchors push others out, and few slots are cleared for a short value. */
	while (bits < ANCHOR_BITS && (size_t) 1 << bits < old_end - begin)
		bits++;
	if ((old_end - begin) >> ANCHOR_BITS > stride)
		stride = (old_end - begin) >> ANCHOR_BITS;
	memset(anchors, 0, sizeof(uint32_t) << bits);
	for (place = begin; place + ANCHOR_LENGTH <= old_end; place += stride)
		anchors[anchor_hash(old + place, bits)] = (uint32_t) place + 1;

	place = begin;
	while (place + ANCHOR_LENGTH <= new_end && !state->writer.failed)
	{
		size_t		source = anchors[anchor_hash(new + place, bits)];
		size_t		before,
					after;

		if (source-- == 0 || memcmp(old + source, new + place, ANCHOR_LENGTH) != 0)
		{
			place++;
			continue;
		}
		before = place - state->inserted;
		before = common_suffix(old + source, new + place, before < source ? before : source);
		after = new_end - place < old_end - source ? new_end - place : old_end - source;
		after = common_prefix(old + source, new + place, after);
		if (before + after < MIN_COPY)
		{
			place++;
			continue;
		}
		flush(state, place - before);
		state->source = source - before;
		state->copied = before + after;
		place += after;
		state->inserted = place;
	}
}

size_t
tsm_codec_diff(uint32_t *anchors, const uint8_t *old, size_t old_length, const uint8_t *new,
			   size_t new_length, uint8_t *diff, size_t limit)
{
	DiffState	state;
	size_t		shorter = old_length < new_length ? old_length : new_length;
	size_t		prefix = common_prefix(old, new, shorter);
	size_t		suffix = common_suffix(old + old_length, new + new_length, shorter - prefix);

	if (limit == 0)
		return 0;
	tsm_writer_init(&state.writer, diff, limit - 1);
	state.new = new;
	state.inserted = prefix;
	state.source = 0;
	state.copied = prefix;
	state.expected = 0;
	state.first = true;

	write_zigzag(&state.writer, (uint64_t) new_length - (uint64_t) old_length);
	if (new_length - suffix - prefix >= MIN_MIDDLE && old_length - suffix - prefix >= MIN_COPY)
		scan_middle(&state, anchors, old, old_length - suffix, prefix, new_length - suffix);
	flush(&state, new_length - suffix);
	return state.writer.failed ? 0 : state.writer.position;
}

bool
tsm_codec_patched_length(TsmReader *diff, size_t old_length, size_t *new_length)
{
	uint64_t	length = (uint64_t) old_length + read_zigzag(diff);

	*new_length = (size_t) length;
	return !diff->failed && length <= TSM_CODEC_MAX_RAW;
}

bool
tsm_codec_patch(const TsmReader *diff, const uint8_t *old, size_t old_length, uint8_t *new,
				size_t new_length)
{
	TsmReader	at = *diff;
	uint64_t	source = 0;
	size_t		made = 0;
	bool		first = true;

	while (!at.failed && (first || at.position < at.size))
	{
		uint64_t	copied,
					inserted;
		const uint8_t *bytes;

		if (!first)
			source += read_zigzag(&at);
		first = false;
		copied = read_varint(&at);
		if (source > old_length || copied > old_length - source || copied > new_length - made)
			return false;
		memcpy(new + made, old + source, (size_t) copied);
		made += (size_t) copied;
		inserted = read_varint(&at);
		bytes = read_bytes(&at, (size_t) inserted);
		if (bytes == NULL || inserted > new_length - made)
			return false;
		memcpy(new + made, bytes, (size_t) inserted);
		made += (size_t) inserted;
		source += copied + inserted;
	}
	if (at.failed || new_length - made > old_length)
		return false;
	memcpy(new + made, old + old_length - (new_length - made), new_length - made);
	return true;
}
