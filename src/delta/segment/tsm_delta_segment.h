/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment.h
 *	  Private to delta: what segments are. The store of a history, the schemas
 *	  of blocks, rows of a history as versions of the codec, and the versions
 *	  of a block one after the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_SEGMENT_H
#define TSM_DELTA_SEGMENT_H

#include "tsm_delta.h"
#include "tsm_delta_codec.h"

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* ---- tsm_delta_segment_store.c: the store of a history ---- */

/* The largest block that stays in a page with the columns beside it; zones take of it what they are long. */
#define TSM_SEGMENT_BLOCK_SIZE	8072

/* Attribute numbers of a table of segments. */
#define Anum_segment_key_lo		1
#define Anum_segment_t_lo		2
#define Anum_segment_key_hi		3
#define Anum_segment_t_hi		4
#define Anum_segment_t_min		5
#define Anum_segment_versions	6
#define Anum_segment_schema_id	7
#define Anum_segment_block		8
#define Anum_segment_zones		9
#define Natts_segment			9

/* One row of a table of segments. */
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
	bytea	   *zones;			/* what some columns hold; NULL without */
} TsmSegment;

/* One row of tsmem.segment_tables: where the folded part of a history is. */
typedef struct TsmSegmentStore
{
	Oid			history;
	Oid			segments;		/* a row a block */
	Oid			folded;			/* the foreign table that gives their versions to queries; inherits the history */
	Jsonb	   *options;
} TsmSegmentStore;

/* The store of a history, or the one a foreign table belongs to; false where there is none. */
extern bool tsm_segment_store(Oid history, TsmSegmentStore *store);
extern bool tsm_segment_store_of_folded(Oid folded, TsmSegmentStore *store);
extern bool tsm_segment_store_of_segments(Oid segments, TsmSegmentStore *store);

/* All stores, as a list of TsmSegmentStore. */
extern List *tsm_segment_stores(void);

/*
 * Make the store of a history, or drop it with all that is in it. Either takes
 * AccessExclusiveLock on the history: plans from before must not run on. In
 * tsm_delta_as_owner only. Making one that another session has made meanwhile gives that.
 */
extern void tsm_segment_make_store(Oid history, TsmSegmentStore *store);
extern void tsm_segment_drop_store(const TsmSegmentStore *store);

/* Store options, as validated by the caller. */
extern void tsm_segment_set_options(Oid history, Jsonb *options);

/* Remove rows of the registries whose tables are gone. */
extern void tsm_segment_forget_dropped(void);

/* A table of segments and its index, open. */
typedef struct TsmSegmentTable
{
	Relation	rel;
	Relation	index;			/* (key_lo, t_lo) */
} TsmSegmentTable;

/* Locks are kept to the end of the transaction. 55000 without the index. */
extern void tsm_segment_open(TsmSegmentTable *table, Oid segments, LOCKMODE mode);
extern void tsm_segment_close(TsmSegmentTable *table);

/* Keys that tsm_segment_position fills: a comparison of rows, as a header and two members. */
#define TSM_SEGMENT_POSITION_KEYS	3

/*
 * Begin a scan of the index, made for one key, anew, with the entries whose (key_lo, t_lo) compare so with
 * (key, start), by a strategy of btree. The keys have to stay as long as the scan.
 */
extern void tsm_segment_position(IndexScanDesc scan, ScanKeyData *keys, StrategyNumber strategy,
								 int64 key, TimestampTz start);

/* The segment that covers (key, start): the last that does not begin after it. With its block. */
extern bool tsm_segment_find(TsmSegmentTable *table, Snapshot snapshot, int64 key,
							 TimestampTz start, TsmSegment *segment);

/* The first segment that begins after (key, start). Without its block. */
extern bool tsm_segment_find_next(TsmSegmentTable *table, Snapshot snapshot, int64 key,
								  TimestampTz start, TsmSegment *segment);

extern void tsm_segment_of_slot(TupleTableSlot *slot, TsmSegment *segment, bool with_block);
extern void tsm_segment_insert(TsmSegmentTable *table, const TsmSegment *segment);

/*
 * Delete a row that nobody else may change; 40001 where somebody did, or, in a
 * transaction of one snapshot, where this does not see the row.
 */
extern void tsm_segment_delete(Relation rel, ItemPointer tid, Snapshot snapshot);

/* The registration of a table (55000), which is locked against a DROP. */
extern TsmVersionedTable *tsm_segment_table(Oid rel);

/* The registration of a table of the current user (42501, 55000); the table is locked against a DROP. */
extern TsmVersionedTable *tsm_segment_own_table(Oid rel);

/* The owner of a relation, which is locked against a DROP. */
extern Oid	tsm_segment_owner(Oid relid);

/* ---- tsm_delta_segment_private.c: who reads it ---- */

struct ScanState;

/* 42501 for a scan of the foreign table itself, past the rights and policies of the history, by who does not own it. */
extern void tsm_segment_check_reader(struct ScanState *node);

/* ---- tsm_delta_segment_map.c: rows of a history and versions of the codec ---- */

/* How values are written as text, or read. */
typedef struct TsmSegmentText
{
	FmgrInfo	function;		/* of the type, or of the objects */
	Oid			parameter;		/* of an input function */
	Oid			objects;		/* the type that names them, as regclass; InvalidOid for values that name none */
	bool		array;			/* values are arrays of those */
	Oid			element;		/* of such an array */
	bool		by_settings;	/* the input function looks at settings */
} TsmSegmentText;

/* How the values of a column go into blocks that are written now. */
typedef struct TsmSegmentColumn
{
	AttrNumber	column;			/* of the history */
	bool		as_text;		/* its bytes hold OIDs */
	TsmSegmentText text;		/* set for text only */
} TsmSegmentColumn;

/* What stands for a value of a column of the key; it has to be the same in every cluster. */
typedef enum TsmSegmentHashing
{
	TSM_KEY_HASHED,				/* its hash */
	TSM_KEY_BY_LABEL,			/* that of its text, for enums */
	TSM_KEY_ALIKE				/* nothing: a hash of OIDs, with which nothing is folded */
} TsmSegmentHashing;

typedef struct TsmSegmentMap
{
	TupleDesc	desc;			/* of the history */
	Oid			history;
	AttrNumber	start;
	AttrNumber	start_xid;
	AttrNumber	end;
	AttrNumber	end_xid;
	int			nkeys;			/* 0 for a table without key: all versions have key 0 */
	AttrNumber	keys[INDEX_MAX_KEYS];
	Oid			key_collations[INDEX_MAX_KEYS];
	TsmSegmentHashing key_hashing[INDEX_MAX_KEYS];
	FmgrInfo	key_hashes[INDEX_MAX_KEYS]; /* of the output function by label */
	bool		integer_key;	/* the key is the number itself, not a hash */
	TsmCodecSchema schema;		/* of blocks that are written now; schema_id is 0 until tsm_segment_write_schema */
	TsmCodecAttribute *attributes;
	TsmSegmentColumn *columns;	/* as many as schema.natts */
	bool		has_bytes;		/* some column is of kind bytes */
	List	   *schemas;		/* TsmSegmentSchema, as they were asked for */
	TsmCodecValue *scratch;		/* of the version whose cost is asked for */
	MemoryContext context;		/* it and all it has live in */
} TsmSegmentMap;

/*
 * The map of a history; allocated in the current context, which has to stay,
 * as the history has to be open.
 */
extern TsmSegmentMap *tsm_segment_map(Relation history, const TsmVersionedTable *table);

/* 0A000 for a key that cannot be hashed, and for types that segments cannot keep. */
extern void tsm_segment_check_can_fold(const TsmSegmentMap *map);

/* The key of the version in the slot, as segments are ordered by it. */
extern int64 tsm_segment_key_of_slot(TsmSegmentMap *map, TupleTableSlot *slot);

/*
 * The same of values of the key columns in the order of map->keys: the key
 * that all versions of this entity have (those of others may have it too,
 * unless map->integer_key).
 */
extern int64 tsm_segment_key_of_values(TsmSegmentMap *map, const Datum *values, const bool *nulls);

/* The version that is in the slot; values has room for schema.natts. Allocates what it detoasts in the current context. */
extern void tsm_segment_row_of_slot(TsmSegmentMap *map, TupleTableSlot *slot, TsmCodecRow *row,
									TsmCodecValue *values);

/* What that version counts for against TSM_CODEC_MAX_RAW. Nothing is fetched from outside of the row for it. */
extern Size tsm_segment_cost_of_slot(TsmSegmentMap *map, TupleTableSlot *slot);

/* Fix the settings that the text of a value depends on; undone by AtEOXact_GUC(true, level). */
extern int	tsm_segment_fix_settings(void);

/* ---- tsm_delta_segment_key.c: the key of an entity, as a caller gives it ---- */

typedef struct TsmSegmentKey
{
	int			nkeys;			/* in the order of table->key_columns, as in the map */
	Oid			types[INDEX_MAX_KEYS];	/* base types of the columns */
	Datum		values[INDEX_MAX_KEYS]; /* none is null */
} TsmSegmentKey;

/*
 * Read {"column": value, ...}, or the value alone of a key of one column.
 * Input functions run as the current user. Errors: 55000 for a table without key, 22023 for a key
 * of other columns, and what input functions raise.
 */
extern void tsm_segment_read_key(const TsmVersionedTable *table, Jsonb *json, TsmSegmentKey *key);

/* "a OPERATOR(...) $1 AND ...", for a query with parameters of the types of the key. */
extern char *tsm_segment_key_condition(const TsmVersionedTable *table, const TsmSegmentKey *key);

/* "a = 1, b = x", for people. */
extern char *tsm_segment_key_text(const TsmVersionedTable *table, const TsmSegmentKey *key);

/* ---- tsm_delta_segment_cast.c: values of types that columns had ---- */

typedef struct TsmSegmentCast TsmSegmentCast;

/*
 * The cast of values of the first type to the second and on to the last, as an
 * assignment would do each step; NULL where there is nothing to do. Types are
 * those below domains. 42804 where there is no such cast.
 */
extern TsmSegmentCast *tsm_segment_cast_make(int ntypes, const Oid *types, const int32 *typmods);

/* The value after the cast, in the current context. */
extern Datum tsm_segment_cast(TsmSegmentCast *cast, Datum value, bool *null);

/*
 * Whether such a cast gives the same value whenever it is done: it asks for
 * built-in, immutable functions alone.
 */
extern bool tsm_segment_cast_lasts(Oid from, int32 from_typmod, Oid to, int32 to_typmod);

/* ---- tsm_delta_segment_schema.c: what blocks of a schema hold ---- */

/* What has become of an attribute of blocks of a schema. */
typedef struct TsmSegmentPlace
{
	AttrNumber	column;			/* of the history; 0 when it was dropped */
	bool		as_text;		/* stored as text of its type then */
	int32		typmod;			/* of its type then */
	TsmSegmentText text;		/* set for text only */
	TsmSegmentCast *cast;		/* to the type of now; NULL where it is the same */
} TsmSegmentPlace;

/* A column that the history got after blocks of a schema were written, with a value. */
typedef struct TsmSegmentMissing
{
	AttrNumber	column;
	Datum		value;
} TsmSegmentMissing;

typedef struct TsmSegmentSchema
{
	TsmCodecSchema codec;
	TsmSegmentPlace *places;	/* as many as codec.natts */
	int			nmissing;
	TsmSegmentMissing *missing;
} TsmSegmentSchema;

/* The schema with a number; kept in the map. XX001 for one that is unknown. */
extern TsmSegmentSchema *tsm_segment_schema(TsmSegmentMap *map, uint32 schema_id);

/* Give map->schema its number, which is stored where it is new. Errors: those of tsm_segment_check_can_fold. */
extern void tsm_segment_write_schema(TsmSegmentMap *map);

/*
 * The datum of a value, not null, of an attribute that has a column: of the type that this has now.
 * Allocates in the current context; what is stored as text is read under the settings of the moment.
 */
extern Datum tsm_segment_datum(TsmSegmentSchema *schema, int number, const TsmCodecValue *value);

/* Put a version of a block of that schema into a virtual slot of the history's row type. Allocates in the current context. */
extern void tsm_segment_slot_of_row(TsmSegmentMap *map, TsmSegmentSchema *schema,
									const TsmCodecRow *row, TupleTableSlot *slot);

/* ---- tsm_delta_segment_walk.c: versions of a block one after the other ---- */

typedef struct TsmSegmentWalk TsmSegmentWalk;

/* The checksum of the server, as the codec wants it. */
extern uint32 tsm_segment_crc32c(uint32 crc, const void *bytes, size_t length);

/* Raise the error of a fault of the codec: XX001 for a segment of the named relation. */
pg_noreturn extern void tsm_segment_raise(const TsmCodecFault *fault, Relation segments);

/*
 * Whether a block is that of its row: of the same first version and number of
 * versions. Else false with the fault.
 */
extern bool tsm_segment_check_block(const TsmCodecBlock *block, int64 key_lo, TimestampTz t_lo,
									int32 versions, TsmCodecFault *fault);

extern TsmSegmentWalk *tsm_segment_walk_make(TsmSegmentMap *map);

/*
 * Begin with a segment, whose block has to stay. False with the fault when it
 * cannot be read.
 */
extern bool tsm_segment_walk_begin(TsmSegmentWalk *walk, const TsmSegment *segment,
								   TsmCodecFault *fault);

/* The block at hand, and the frame of the version that was given last. */
extern const TsmCodecBlock *tsm_segment_walk_block(const TsmSegmentWalk *walk);
extern const TsmCodecFrame *tsm_segment_walk_frame(const TsmSegmentWalk *walk);

/* The schema of the block at hand. */
extern TsmSegmentSchema *tsm_segment_walk_schema(TsmSegmentWalk *walk);

/*
 * The next version, whose values stay until the next call; false at the end,
 * with fault->code TSM_CODEC_OK, and at a fault.
 */
extern bool tsm_segment_walk_next(TsmSegmentWalk *walk, TsmCodecRow *row, TsmCodecFault *fault);

/* The same without values: key, times and transactions alone. */
extern bool tsm_segment_walk_next_head(TsmSegmentWalk *walk, TsmCodecRow *row, TsmCodecFault *fault);

/* ---- tsm_delta_segment_zone.c: what some columns hold in a segment ----
 *
 * ON DISK. Integers are little-endian. The zones of a segment are
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	0		1		format, 1; a reader that does not know it takes the segment to have no zones
 *	1		...		zones, each
 *		0		2		place of the column in blocks of the schema, from 1
 *		2		1		kind: 1 range, 2 filter
 *		3		1		flags: 1 some value is null; 2 some value is not null
 *		4		2		length of what follows; 0 without flag 2
 *		6		16		range: the least, then the greatest value, each in the lower of 8 bytes
 *		6		...		filter: bit i is bit i % 8 of byte i / 8. Of a hash h, bits
 *						(h + k * (h >> 32 | 1)) mod 2^32 mod bits, for k from 0 to 4
 *
 * A column without a zone may hold anything.
 */

/* Columns of a table with zones, at most. */
#define TSM_SEGMENT_MAX_ZONES	8

#define TSM_ZONE_NONE	0
#define TSM_ZONE_RANGE	1
#define TSM_ZONE_FILTER	2

/* The zones that a column has, and how values are compared (range) or hashed (filter). */
typedef struct TsmSegmentZoneType
{
	uint8		kind;
	bool		by_label;		/* the hash is that of the text */
	FmgrInfo	function;		/* of the order, or the extended hash; of output by_label */
	Oid			collation;
} TsmSegmentZoneType;

typedef struct TsmSegmentZone
{
	uint8		kind;
	bool		has_null;
	bool		has_value;		/* without, all are null and nothing below is set */
	Datum		least;			/* of kind range */
	Datum		greatest;
	const uint8 *bits;			/* of kind filter, in the zones */
	int			bytes;
} TsmSegmentZone;

/* What zones of a column of a history would be; kind TSM_ZONE_NONE for none. */
extern void tsm_segment_zone_type(TupleDesc desc, AttrNumber column, TsmSegmentZoneType *type);

/* The hash of a value of a column whose zones are filters. */
extern uint64 tsm_segment_zone_hash(TsmSegmentZoneType *type, Datum value);

/*
 * The zone of a place (from 0, as in TsmSegmentSchema) of a segment; false when nothing is
 * known. It tells about values as they are stored: of no use where the place has a cast.
 */
extern bool tsm_segment_zone_find(const bytea *zones, int place, TsmSegmentZone *zone);

/*
 * Whether some value may be equal to one of the column's type, by the default
 * operators of that; hash is asked for by filters only. Equality under a
 * collation that is not deterministic must not be asked for.
 */
extern bool tsm_segment_zone_may_hold(const TsmSegmentZone *zone, TsmSegmentZoneType *type,
									  Datum value, uint64 hash);

typedef struct TsmSegmentZoneWriter TsmSegmentZoneWriter;

/* For the named columns, as far as they have zones; NULL for none. The map has its schema written. */
extern TsmSegmentZoneWriter *tsm_segment_zone_writer(TsmSegmentMap *map, const List *columns);

/* Bytes that zones take beside a block, at most. */
extern Size tsm_segment_zone_room(const TsmSegmentZoneWriter *writer);

/* The zones of the versions of a segment, of map->schema; NULL for a NULL writer. Allocates in the current context. */
extern bytea *tsm_segment_zone_write(TsmSegmentZoneWriter *writer, const TsmCodecRow *rows, int nrows);

#endif							/* TSM_DELTA_SEGMENT_H */
