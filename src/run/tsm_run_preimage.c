/*-------------------------------------------------------------------------
 *
 * tsm_run_preimage.c
 *	  What the hash of an event is taken over, byte by byte.
 *
 * A kernel: no palloc, no ereport. The format, version 1, integers in network
 * order:
 *
 *	 OFFSET  SIZE  DESCRIPTION
 *	      0     1  hash version: 1
 *	      1    32  hash of the event before, or the run's base hash
 *	     33    16  run_id
 *	     49     8  seq
 *	     57     8  at: microseconds since 2000-01-01 00:00 UTC, as timestamptz_send gives it
 *	     65     1  kind
 *	     66     1  0: no key; 1: a key, and then
 *	                 8  its length in bytes
 *	                 n  its bytes in UTF-8
 *	      .     1  0: no snapshot; 1: a snapshot, like the key
 *	      .     1  0: does not expire; 1: it does, and then
 *	                 8  expires_at, like at
 *	      .     1  0: about nobody; 1: about a subject, and then
 *	                32  its mark: HMAC-SHA256 of its name in UTF-8 under its key
 *	      .    32  digest of the content
 *
 * The content, over which the digest is taken (sha256, or HMAC-SHA256 under
 * the subject's key):
 *
 *	      0     1  0: no body; 1: a body, and then
 *	                 8  its length in bytes
 *	                 n  the text of the jsonb value in UTF-8
 *	      .     1  0: no raw; 1: raw bytes, and then
 *	                 8  their length
 *	                 n  the bytes
 *
 * The subject's name is not in the preimage, only its mark, which says nothing
 * without the key: so name, key and content can be erased together. An event
 * about nobody cannot be passed off as an erased one, nor one subject's event
 * as another's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_run_int.h"

/* The mark and length in front of a part that may be missing. */
void
tsm_run_write_length(TsmWriter *writer, bool present, size_t length)
{
	tsm_write_u8(writer, present ? 1 : 0);
	if (present)
		tsm_write_u64_be(writer, length);
}

void
tsm_run_write_preimage(TsmWriter *writer, const TsmRunPreimage *preimage)
{
	tsm_write_u8(writer, TSM_RUN_HASH_VERSION);
	tsm_write_bytes(writer, preimage->previous, TSM_RUN_HASH_BYTES);
	tsm_write_bytes(writer, preimage->run_id, UUID_LEN);
	tsm_write_u64_be(writer, (uint64_t) preimage->seq);
	tsm_write_u64_be(writer, (uint64_t) preimage->at);
	tsm_write_u8(writer, (uint8_t) preimage->kind);
	tsm_run_write_length(writer, preimage->key != NULL, preimage->key_length);
	if (preimage->key != NULL)
		tsm_write_bytes(writer, preimage->key, preimage->key_length);
	tsm_run_write_length(writer, preimage->snapshot != NULL, preimage->snapshot_length);
	if (preimage->snapshot != NULL)
		tsm_write_bytes(writer, preimage->snapshot, preimage->snapshot_length);
	tsm_write_u8(writer, preimage->expires ? 1 : 0);
	if (preimage->expires)
		tsm_write_u64_be(writer, (uint64_t) preimage->expires_at);
	tsm_write_u8(writer, preimage->mark != NULL ? 1 : 0);
	if (preimage->mark != NULL)
		tsm_write_bytes(writer, preimage->mark, TSM_RUN_HASH_BYTES);
	tsm_write_bytes(writer, preimage->digest, TSM_RUN_HASH_BYTES);
}
