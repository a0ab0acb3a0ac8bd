/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_walk.c
 *	  The versions of a block one after the other, and the faults of blocks as
 *	  errors of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_crc32c.h"
#include "utils/rel.h"

#include "tsm_delta_fold.h"

struct TsmFoldWalk
{
	TsmCodecBlock block;
	TsmCodecFrame frame;
	int			row;			/* the next one of the frame */
	TsmCodecReader *reader;
	TsmCodecValue *values;
	uint8_t    *buffer;			/* base image and frame */
};

/* FIN_CRC32C is its own inverse, on machines of either byte order. */
uint32
tsm_fold_crc32c(uint32 crc, const void *bytes, size_t length)
{
	pg_crc32c	running = crc;

	FIN_CRC32C(running);
	COMP_CRC32C(running, bytes, length);
	FIN_CRC32C(running);
	return running;
}

void
tsm_fold_raise(const TsmCodecFault *fault, Relation segments)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("could not read a segment of table \"%s\"", RelationGetRelationName(segments)),
			 errdetail("At byte %zu: %s.", fault->position, fault->what)));
}

TsmFoldWalk *
tsm_fold_walk_make(const TsmCodecSchema *schema)
{
	TsmFoldWalk *walk = palloc0(sizeof(TsmFoldWalk));
	TsmCodecFault fault;

	walk->reader = tsm_codec_reader_init(palloc(tsm_codec_reader_size(schema->natts)), schema, &fault);
	if (walk->reader == NULL)
		elog(ERROR, "schema of a history is not one of blocks: %s", fault.what);
	walk->values = palloc0((schema->natts + 1) * sizeof(TsmCodecValue));
	walk->buffer = palloc(TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW);
	return walk;
}

static bool
open_frame(TsmFoldWalk *walk, TsmCodecFault *fault)
{
	const uint8_t *raw = tsm_codec_expand_frame(&walk->block, &walk->frame, walk->buffer, fault);

	walk->row = 0;
	return raw != NULL &&
		tsm_codec_reader_open(walk->reader, &walk->block, &walk->frame, raw, fault);
}

bool
tsm_fold_walk_begin(TsmFoldWalk *walk, const bytea *block, TsmCodecFault *fault)
{
	return tsm_codec_open(&walk->block, VARDATA_ANY(block), VARSIZE_ANY_EXHDR(block),
						  tsm_fold_crc32c, fault) &&
		tsm_codec_expand_base(&walk->block, walk->buffer, fault) &&
		tsm_codec_first_frame(&walk->block, &walk->frame) && open_frame(walk, fault);
}

bool
tsm_fold_walk_next(TsmFoldWalk *walk, TsmCodecRow *row, TsmCodecFault *fault)
{
	fault->code = TSM_CODEC_OK;
	if (walk->row == walk->frame.rows &&
		(!tsm_codec_next_frame(&walk->block, &walk->frame) || !open_frame(walk, fault)))
		return false;
	tsm_codec_row_head(walk->reader, walk->row, row);
	row->values = walk->values;
	return tsm_codec_read_row(walk->reader, walk->row++, walk->values, fault);
}
