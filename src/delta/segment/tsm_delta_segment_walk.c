/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_walk.c
 *	  The versions of a block one after the other, and the faults of blocks as
 *	  errors of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_crc32c.h"
#include "utils/rel.h"

#include "tsm_delta_segment.h"

struct TsmSegmentWalk
{
	TsmSegmentMap *map;
	TsmSegmentSchema *schema;	/* of the block at hand */
	TsmCodecBlock block;
	TsmCodecFrame frame;
	int			row;			/* the next one of the frame */
	TsmCodecReader *reader;
	TsmCodecValue *values;
	uint8_t    *buffer;			/* base image and frame */
};

/* FIN_CRC32C is its own inverse, on machines of either byte order. */
uint32
tsm_segment_crc32c(uint32 crc, const void *bytes, size_t length)
{
	pg_crc32c	running = crc;

	FIN_CRC32C(running);
	COMP_CRC32C(running, bytes, length);
	FIN_CRC32C(running);
	return running;
}

void
tsm_segment_raise(const TsmCodecFault *fault, Relation segments)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("could not read a segment of table \"%s\"", RelationGetRelationName(segments)),
			 errdetail("At byte %zu: %s.", fault->position, fault->what)));
}

bool
tsm_segment_check_block(const TsmCodecBlock *block, int64 key_lo, TimestampTz t_lo, int32 versions,
						TsmCodecFault *fault)
{
	if (block->key == key_lo && block->start == t_lo && block->versions == (uint32) versions)
		return true;
	fault->code = TSM_CODEC_CORRUPT;
	fault->position = 0;
	fault->what = "block is not that of its row";
	return false;
}

TsmSegmentWalk *
tsm_segment_walk_make(TsmSegmentMap *map)
{
	TsmSegmentWalk *walk = palloc0(sizeof(TsmSegmentWalk));

	walk->map = map;
	walk->buffer = palloc(TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW);
	return walk;
}

/* Read blocks of a schema from now on. */
static void
use_schema(TsmSegmentWalk *walk, uint32 schema_id)
{
	TsmSegmentSchema *schema = tsm_segment_schema(walk->map, schema_id);
	MemoryContext old;
	TsmCodecFault fault;

	if (schema == walk->schema)
		return;
	old = MemoryContextSwitchTo(walk->map->context);
	walk->schema = NULL;
	if (walk->reader != NULL)
	{
		pfree(walk->reader);
		pfree(walk->values);
	}
	walk->reader = tsm_codec_reader_init(palloc(tsm_codec_reader_size(schema->codec.natts)),
										 &schema->codec, &fault);
	if (walk->reader == NULL)
		elog(ERROR, "schema of a history is not one of blocks: %s", fault.what);
	walk->values = palloc0((schema->codec.natts + 1) * sizeof(TsmCodecValue));
	walk->schema = schema;
	MemoryContextSwitchTo(old);
}

static bool
open_frame(TsmSegmentWalk *walk, TsmCodecFault *fault)
{
	const uint8_t *raw = tsm_codec_expand_frame(&walk->block, &walk->frame, walk->buffer, fault);

	walk->row = 0;
	return raw != NULL &&
		tsm_codec_reader_open(walk->reader, &walk->block, &walk->frame, raw, fault);
}

bool
tsm_segment_walk_begin(TsmSegmentWalk *walk, const TsmSegment *segment, TsmCodecFault *fault)
{
	const bytea *block = segment->block;

	use_schema(walk, (uint32) segment->schema_id);
	return tsm_codec_open(&walk->block, VARDATA_ANY(block), VARSIZE_ANY_EXHDR(block),
						  tsm_segment_crc32c, fault) &&
		tsm_segment_check_block(&walk->block, segment->key_lo, segment->t_lo, segment->versions, fault) &&
		tsm_codec_expand_base(&walk->block, walk->buffer, fault) &&
		tsm_codec_first_frame(&walk->block, &walk->frame) && open_frame(walk, fault);
}

const TsmCodecBlock *
tsm_segment_walk_block(const TsmSegmentWalk *walk)
{
	return &walk->block;
}

const TsmCodecFrame *
tsm_segment_walk_frame(const TsmSegmentWalk *walk)
{
	return &walk->frame;
}

TsmSegmentSchema *
tsm_segment_walk_schema(TsmSegmentWalk *walk)
{
	return walk->schema;
}

bool
tsm_segment_walk_next_head(TsmSegmentWalk *walk, TsmCodecRow *row, TsmCodecFault *fault)
{
	fault->code = TSM_CODEC_OK;
	if (walk->row == walk->frame.rows &&
		(!tsm_codec_next_frame(&walk->block, &walk->frame) || !open_frame(walk, fault)))
		return false;
	tsm_codec_row_head(walk->reader, walk->row++, row);
	row->values = NULL;
	return true;
}

bool
tsm_segment_walk_next(TsmSegmentWalk *walk, TsmCodecRow *row, TsmCodecFault *fault)
{
	if (!tsm_segment_walk_next_head(walk, row, fault))
		return false;
	row->values = walk->values;
	return tsm_codec_read_row(walk->reader, walk->row - 1, walk->values, fault);
}
