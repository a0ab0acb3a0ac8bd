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
	TsmFoldOptions given;
	Size		block_size;		/* with zones beside it */
	TsmCodecOptions options;
	TsmCodecEncoder *encoder;
	TsmSegmentZoneWriter *zones;
	MemoryContext held_context; /* NULL unless segments are held */
	List	   *held;			/* TsmSegment */
	TsmFoldPacked held_result;
	TsmFoldPacked result;
};

/* As the store says; a history that has none yet is folded by the defaults. */
static void
set_options(TsmFoldPack *pack)
{
	TsmSegmentStore store;

	if (!tsm_segment_store(pack->map->history, &store))
		store.options = NULL;
	tsm_fold_options(&store, &pack->given);
	pack->options.frame_rows = pack->given.frame_rows > 0 ? pack->given.frame_rows : TSM_FOLD_FRAME_ROWS;
	pack->options.level = pack->given.level >= 0 ? pack->given.level :
		pack->map->has_bytes ? TSM_FOLD_LEVEL_BYTES : TSM_FOLD_LEVEL_NARROW;
	pack->zones = tsm_segment_zone_writer(pack->map, pack->given.zones);
	pack->block_size = pack->given.block_size;
	if (pack->block_size <= TSM_SEGMENT_BLOCK_SIZE)
		pack->block_size = Min(pack->block_size,
							   TSM_SEGMENT_BLOCK_SIZE - tsm_segment_zone_room(pack->zones));
	pack->options.block_size = pack->block_size;
}

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
	set_options(pack);
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
write_segment(TsmFoldPack *pack, const TsmSegment *segment)
{
	tsm_segment_insert(pack->store, segment);
	pack->result.segments++;
	pack->result.bytes += TSM_FOLD_SEGMENT_BYTES(segment->block);
}

static void
hold_segment(TsmFoldPack *pack, const TsmSegment *segment)
{
	MemoryContext old = MemoryContextSwitchTo(pack->held_context);
	TsmSegment *held = palloc(sizeof(TsmSegment));

	*held = *segment;
	held->block = memcpy(palloc(VARSIZE(segment->block)), segment->block, VARSIZE(segment->block));
	if (segment->zones != NULL)
		held->zones = memcpy(palloc(VARSIZE(segment->zones)), segment->zones, VARSIZE(segment->zones));
	pack->held = lappend(pack->held, held);
	pack->held_result.segments++;
	pack->held_result.bytes += TSM_FOLD_SEGMENT_BYTES(segment->block);
	MemoryContextSwitchTo(old);
}

static void
store_block(TsmFoldPack *pack, const TsmCodecRow *rows, int nrows, bytea *block)
{
	TsmSegment	segment = {0};
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
	segment.zones = tsm_segment_zone_write(pack->zones, rows, nrows);
	if (pack->held_context != NULL)
		hold_segment(pack, &segment);
	else
		write_segment(pack, &segment);
	if (segment.zones != NULL)
		pfree(segment.zones);
}

/* Pack the first of the given versions into a block; gives how many. */
static int
pack_block(TsmFoldPack *pack, const TsmCodecRow *rows, int nrows)
{
	static const char *const failed = "could not encode versions: %s";
	TsmCodecFault fault;
	size_t		size = pack->block_size;
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
		pack->options.block_size = pack->block_size;
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

	if (pack->given.frame_rows == 0 && left > 0)
		pack->options.frame_rows = pack->bytes / left > TSM_FOLD_LARGE_ROW ?
			TSM_FOLD_LARGE_FRAME_ROWS : TSM_FOLD_FRAME_ROWS;
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

/*
 * Where many versions have one key and start, the segments that begin with
 * these have no order among them, so what follows the one may come before what
 * follows another.
 */
void
tsm_fold_pack_add(TsmFoldPack *pack, const TsmCodecRow *row)
{
	const TsmCodecRow *last = pack->nrows > 0 ? &pack->rows[pack->nrows - 1] : NULL;

	if (last != NULL && (row->key < last->key || (row->key == last->key && row->start < last->start)))
		pack_window(pack, true);
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

void
tsm_fold_pack_hold(TsmFoldPack *pack)
{
	pack->held_context = AllocSetContextCreate(GetMemoryChunkContext(pack), "tsmem held segments",
											   ALLOCSET_DEFAULT_SIZES);
}

const TsmFoldPacked *
tsm_fold_pack_held(const TsmFoldPack *pack)
{
	return &pack->held_result;
}

void
tsm_fold_pack_write_held(TsmFoldPack *pack)
{
	ListCell   *cell;

	foreach(cell, pack->held)
		write_segment(pack, lfirst(cell));
}

void
tsm_fold_pack_drop_held(TsmFoldPack *pack)
{
	MemoryContextReset(pack->held_context);
	pack->held = NIL;
	pack->held_result = (TsmFoldPacked) {0, 0};
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
