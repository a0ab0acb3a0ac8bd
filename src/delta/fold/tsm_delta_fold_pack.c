/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_pack.c
 *	  Packs versions, in the order of key and start, into segments.
 *
 * Versions wait in a window until there are enough for a block: the codec
 * takes as many as fit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "tsm_delta_fold.h"

/* Versions that wait to be packed, at most, and bytes of their values. */
#define WINDOW_ROWS		1024
#define WINDOW_BYTES	((Size) 4 << 20)

struct TsmFoldPack
{
	TsmSegmentMap *map;
	TsmSegmentTable *store;
	TupleTableSlot *version;	/* one of a segment of another schema */
	TsmCodecValue *values;		/* of that */
	MemoryContext row_context;
	MemoryContext windows[2];	/* of the rows that wait; the other takes over what is left */
	int			window;
	TsmCodecRow *rows;
	int			nrows;
	Size		bytes;
	TsmCodecOptions options;
	TsmCodecEncoder *encoder;
	TsmFoldPacked result;
};

TsmFoldPack *
tsm_fold_pack_make(TsmSegmentMap *map, TsmSegmentTable *store)
{
	TsmFoldPack *pack = palloc0(sizeof(TsmFoldPack));
	TsmCodecFault fault;

	pack->map = map;
	pack->store = store;
	pack->version = MakeSingleTupleTableSlot(map->desc, &TTSOpsVirtual);
	pack->values = palloc((map->schema.natts + 1) * sizeof(TsmCodecValue));
	pack->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem pack row",
											  ALLOCSET_DEFAULT_SIZES);
	pack->windows[0] = AllocSetContextCreate(CurrentMemoryContext, "tsmem pack window",
											 ALLOCSET_DEFAULT_SIZES);
	pack->windows[1] = AllocSetContextCreate(CurrentMemoryContext, "tsmem pack window",
											 ALLOCSET_DEFAULT_SIZES);
	pack->rows = palloc(WINDOW_ROWS * sizeof(TsmCodecRow));
	pack->options = (TsmCodecOptions) {32, map->has_bytes ? 9 : 1, TSM_SEGMENT_BLOCK_SIZE};
	pack->encoder = tsm_codec_encoder_init(palloc(tsm_codec_encoder_size()), &map->schema,
										   &pack->options, tsm_segment_crc32c, &fault);
	if (pack->encoder == NULL)
		elog(ERROR, "schema of a history is not one of blocks: %s", fault.what);
	return pack;
}

/* Copy a version into the window in use. */
static void
keep_row(TsmFoldPack *pack, const TsmCodecRow *row, TsmCodecRow *kept)
{
	MemoryContext old = MemoryContextSwitchTo(pack->windows[pack->window]);
	int			natts = pack->map->schema.natts;
	TsmCodecValue *values = palloc((natts + 1) * sizeof(TsmCodecValue));
	int			i;

	memcpy(values, row->values, natts * sizeof(TsmCodecValue));
	for (i = 0; i < natts; i++)
	{
		uint16		kind = pack->map->attributes[i].kind;

		if (values[i].null || kind == TSM_CODEC_INT || kind == TSM_CODEC_FLOAT)
			continue;
		values[i].as.bytes = memcpy(palloc(values[i].length + 1), row->values[i].as.bytes,
									values[i].length);
		pack->bytes += values[i].length;
	}
	*kept = *row;
	kept->values = values;
	MemoryContextSwitchTo(old);
}

static void
store_block(TsmFoldPack *pack, const TsmCodecRow *rows, int nrows, bytea *block)
{
	TsmSegment	segment;
	int			i;

	segment.key_lo = rows[0].key;
	segment.t_lo = rows[0].start;
	segment.key_hi = rows[nrows - 1].key;
	segment.t_hi = rows[0].end;
	segment.t_min = rows[0].start;
	segment.versions = nrows;
	segment.schema_id = (int32) pack->map->schema.schema_id;
	segment.block = block;
	for (i = 1; i < nrows; i++)
	{
		segment.t_hi = Max(segment.t_hi, rows[i].end);
		segment.t_min = Min(segment.t_min, rows[i].start);
	}
	tsm_segment_insert(pack->store, &segment);
	pack->result.segments++;
	pack->result.bytes += TSM_FOLD_SEGMENT_BYTES(block);
}

/* Pack the first of the given versions into a block; gives how many. */
static int
pack_block(TsmFoldPack *pack, const TsmCodecRow *rows, int nrows)
{
	static const char *const failed = "could not encode versions: %s";
	TsmCodecFault fault;
	size_t		size = TSM_SEGMENT_BLOCK_SIZE;
	bytea	   *block = palloc(VARHDRSZ + size);
	int			used = 0;

	if (!tsm_codec_encode(pack->encoder, rows, nrows, (uint8_t *) VARDATA(block), &size, &used, &fault))
	{
		if (fault.code != TSM_CODEC_NO_ROOM)
			elog(ERROR, failed, fault.what);
		/* A row that needs more than a page takes the rows of its frame with it. */
		pfree(block);
		block = palloc(VARHDRSZ + fault.position);
		pack->options.block_size = fault.position;
		if (!tsm_codec_encode(pack->encoder, rows, Min(nrows, pack->options.frame_rows),
							  (uint8_t *) VARDATA(block), &size, &used, &fault))
			elog(ERROR, failed, fault.what);
		pack->options.block_size = TSM_SEGMENT_BLOCK_SIZE;
	}
	SET_VARSIZE(block, VARHDRSZ + size);
	store_block(pack, rows, used, block);
	pfree(block);
	return used;
}

/* Pack what waits: all, or about half, so that blocks go on over the bound of a window. */
static void
pack_window(TsmFoldPack *pack, bool all)
{
	TsmCodecRow *rows = pack->rows;
	int			left = pack->nrows;
	int			used = 0;
	int			i;

	while (used < left && (all || used * 2 < left))
	{
		CHECK_FOR_INTERRUPTS();
		used += pack_block(pack, rows + used, left - used);
	}
	pack->window = 1 - pack->window;
	pack->bytes = 0;
	pack->nrows = 0;
	for (i = used; i < left; i++)
		keep_row(pack, &rows[i], &pack->rows[pack->nrows++]);
	MemoryContextReset(pack->windows[1 - pack->window]);
}

void
tsm_fold_pack_add(TsmFoldPack *pack, const TsmCodecRow *row)
{
	keep_row(pack, row, &pack->rows[pack->nrows++]);
	if (pack->nrows == WINDOW_ROWS || pack->bytes > WINDOW_BYTES)
		pack_window(pack, false);
}

void
tsm_fold_pack_add_version(TsmFoldPack *pack, TsmSegmentWalk *walk, const TsmCodecRow *row)
{
	TsmSegmentSchema *schema = tsm_segment_walk_schema(walk);
	MemoryContext old;
	TsmCodecRow converted;

	if (schema->codec.schema_id == pack->map->schema.schema_id)
	{
		tsm_fold_pack_add(pack, row);
		return;
	}
	old = MemoryContextSwitchTo(pack->row_context);
	MemoryContextReset(pack->row_context);
	tsm_segment_slot_of_row(pack->map, schema, row, pack->version);
	tsm_segment_row_of_slot(pack->map, pack->version, &converted, pack->values);
	MemoryContextSwitchTo(old);
	tsm_fold_pack_add(pack, &converted);
	ExecClearTuple(pack->version);
}

void
tsm_fold_pack_flush(TsmFoldPack *pack)
{
	pack_window(pack, true);
}

const TsmFoldPacked *
tsm_fold_pack_result(const TsmFoldPack *pack)
{
	return &pack->result;
}

void
tsm_fold_pack_free(TsmFoldPack *pack)
{
	ExecDropSingleTupleTableSlot(pack->version);
}
