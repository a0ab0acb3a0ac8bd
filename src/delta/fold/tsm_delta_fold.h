/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold.h
 *	  Private to the folding of history: how rows become versions of the
 *	  codec, the schemas of segments, and the table that holds segments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_FOLD_H
#define TSM_DELTA_FOLD_H

#include "tsm_delta.h"
#include "tsm_delta_codec.h"

#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* ---- tsm_delta_fold_map.c: rows of a history and versions of the codec ---- */

/* How the values of a column go into blocks. */
typedef struct TsmFoldColumn
{
	AttrNumber	column;			/* of the history */
	bool		as_text;		/* its bytes hold OIDs */
	int16		typlen;
	int32		typmod;
	Oid			parameter;		/* of the input function */
	FmgrInfo	input;			/* set for text only */
	FmgrInfo	output;
} TsmFoldColumn;

typedef struct TsmFoldMap
{
	TupleDesc	desc;			/* of the history */
	AttrNumber	start;
	AttrNumber	start_xid;
	AttrNumber	end;
	AttrNumber	end_xid;
	int			nkeys;
	AttrNumber	keys[INDEX_MAX_KEYS];
	Oid			key_collations[INDEX_MAX_KEYS];
	FmgrInfo	key_hashes[INDEX_MAX_KEYS];
	bool		integer_key;	/* the key is the number itself, not a hash */
	TsmCodecSchema schema;
	TsmCodecAttribute *attributes;
	TsmFoldColumn *columns;		/* as many as schema.natts */
	bool		has_bytes;		/* some column is of kind bytes */
} TsmFoldMap;

/*
 * The map of a history, with schema_id 0; allocated in the current context.
 * Errors: 55000 for a table without key, 0A000 for a key that cannot be hashed.
 */
extern TsmFoldMap *tsm_fold_map(Relation history, const TsmVersionedTable *table);

/* The version that is in the slot; values has room for schema.natts. Allocates what it detoasts in the current context. */
extern void tsm_fold_row_of_slot(TsmFoldMap *map, TupleTableSlot *slot, TsmCodecRow *row,
								 TsmCodecValue *values);

/* Put a version into a virtual slot. Allocates in the current context. */
extern void tsm_fold_slot_of_row(TsmFoldMap *map, const TsmCodecRow *row, TupleTableSlot *slot);

/* Fix the settings that the text of a value depends on; undone by AtEOXact_GUC(true, level). */
extern int	tsm_fold_fix_settings(void);

/* ---- tsm_delta_fold_schema.c: tsmem.segment_schemas ---- */

/* The number of the schema of the map, which is stored where it is new. */
extern uint32 tsm_fold_schema_id(const TsmFoldMap *map);

/* ---- tsm_delta_fold_store.c: tables of segments ---- */

/* The largest block that stays in a page with the columns beside it. */
#define TSM_FOLD_BLOCK_SIZE	8080

/* Attribute numbers of a table of segments. */
#define Anum_segment_key_lo		1
#define Anum_segment_t_lo		2
#define Anum_segment_key_hi		3
#define Anum_segment_t_hi		4
#define Anum_segment_t_min		5
#define Anum_segment_versions	6
#define Anum_segment_schema_id	7
#define Anum_segment_block		8
#define Natts_segment			8

typedef struct TsmSegment
{
	ItemPointerData tid;
	int64		key_lo;			/* key and start of the first version */
	TimestampTz t_lo;
	int64		key_hi;			/* greatest key */
	TimestampTz t_hi;			/* greatest end */
	TimestampTz t_min;			/* least start */
	int32		versions;
	int32		schema_id;
	bytea	   *block;			/* NULL where not asked for */
} TsmSegment;

typedef struct TsmSegmentStore
{
	Relation	rel;
	Relation	index;			/* (key_lo, t_lo) */
} TsmSegmentStore;

/* The table of segments of a history, or InvalidOid. */
extern Oid	tsm_fold_segments(Oid history);

/* Make it; the caller runs as the owner, in tsm_delta_as_owner. */
extern Oid	tsm_fold_make_segments(Oid history);

extern void tsm_fold_open_store(TsmSegmentStore *store, Oid segments, LOCKMODE mode);
extern void tsm_fold_close_store(TsmSegmentStore *store);

/* The segment that covers (key, start): the last that does not begin after it. With its block. */
extern bool tsm_fold_find_segment(TsmSegmentStore *store, Snapshot snapshot, int64 key,
								  TimestampTz start, TsmSegment *segment);

/* The first segment that begins after (key, start). Without its block. */
extern bool tsm_fold_next_segment(TsmSegmentStore *store, Snapshot snapshot, int64 key,
								  TimestampTz start, TsmSegment *segment);

extern void tsm_fold_segment_of_slot(TupleTableSlot *slot, TsmSegment *segment, bool with_block);
extern void tsm_fold_insert_segment(TsmSegmentStore *store, const TsmSegment *segment);

/* Delete a row that nobody else may change; 40001 where somebody did. */
extern void tsm_fold_delete(Relation rel, ItemPointer tid, Snapshot snapshot);

/* ---- tsm_delta_fold_run.c ---- */

/* The registration of a table of the current user (42501, 55000); the table is locked against a DROP. */
extern TsmVersionedTable *tsm_fold_own_table(Oid rel);

/* The owner of a relation, which is locked against a DROP. */
extern Oid	tsm_fold_owner(Oid relid);

/* ---- tsm_delta_fold_walk.c: versions of a block one after the other ---- */

typedef struct TsmFoldWalk TsmFoldWalk;

/* The checksum of the server, as the codec wants it. */
extern uint32 tsm_fold_crc32c(uint32 crc, const void *bytes, size_t length);

/* Raise the error of a fault of the codec: XX001 for a segment of the named relation. */
pg_noreturn extern void tsm_fold_raise(const TsmCodecFault *fault, Relation segments);

extern TsmFoldWalk *tsm_fold_walk_make(const TsmCodecSchema *schema);

/* Begin with a block, which has to stay. False with the fault when it cannot be read. */
extern bool tsm_fold_walk_begin(TsmFoldWalk *walk, const bytea *block, TsmCodecFault *fault);

/*
 * The next version, whose values stay until the next call; false at the end,
 * with fault->code TSM_CODEC_OK, and at a fault.
 */
extern bool tsm_fold_walk_next(TsmFoldWalk *walk, TsmCodecRow *row, TsmCodecFault *fault);

#endif							/* TSM_DELTA_FOLD_H */
