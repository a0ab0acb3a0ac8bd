/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_store.c
 *	  What a backend knows of a store of folded versions.
 *
 * A lookup by key takes some microseconds, so nothing of what stays the same
 * between two of them is read or made again: the registries, the columns, the
 * schemas of blocks, and the memory to read a frame in. An entry goes when one
 * of its relations changes; a scan that is under way keeps it to its end,
 * which may be an error: so references are given back by the reset of a
 * memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "storage/bufmgr.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tsm_delta_folded.h"

/* Pages that are looked at to tell how many versions a page has. */
#define DENSITY_PAGES 8

/* The option of a store that names its columns with zones. */
#define ZONES_OPTION "zones"

typedef struct FoldedEntry
{
	Oid			folded;
	TsmFolded  *known;
} FoldedEntry;

/* Gives a reference back. */
typedef struct FoldedReference
{
	MemoryContextCallback callback;
	TsmFolded  *folded;
	TsmFoldedBench *bench;		/* NULL when it is one of the store only */
} FoldedReference;

static HTAB *entries = NULL;

/* Counts invalidations, to tell whether one came while an entry was made. */
static uint64 changes = 0;

static void
free_unused(TsmFolded *folded)
{
	if (!folded->valid && folded->references == 0)
		MemoryContextDelete(folded->context);
}

/* Relcache callback: what rests on a relation is no longer valid; all for InvalidOid. */
static void
forget_entries(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	FoldedEntry *entry;

	changes++;
	if (hash_get_num_entries(entries) == 0)
		return;
	hash_seq_init(&status, entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		TsmFolded  *known = entry->known;

		if (OidIsValid(relid) && known->folded != relid && known->history != relid &&
			known->segments != relid && known->index != relid && known->table != relid)
			continue;
		(void) hash_search(entries, &known->folded, HASH_REMOVE, NULL);
		known->valid = false;
		free_unused(known);
	}
}

void
tsm_folded_load(void)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(FoldedEntry);
	info.hcxt = CacheMemoryContext != NULL ? CacheMemoryContext : TopMemoryContext;
	entries = hash_create("tsmem stores", 64, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_entries, (Datum) 0);
}

static void
refuse(Oid folded)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("foreign table \"%s\" is not part of a history", get_rel_name(folded))));
}

/* The column of the foreign table that is a column of the history: numbers differ where some were dropped before. */
static AttrNumber
folded_column(const TsmFolded *folded, AttrNumber column)
{
	return column == InvalidAttrNumber ? InvalidAttrNumber : folded->columns[column - 1];
}

static void
map_columns(TsmFolded *folded)
{
	TsmSegmentMap *map = folded->map;
	int			i;

	folded->columns = palloc0((map->desc->natts + 1) * sizeof(AttrNumber));
	for (i = 0; i < map->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(map->desc, i);

		if (!form->attisdropped)
			folded->columns[i] = get_attnum(folded->folded, NameStr(form->attname));
	}
	for (i = 0; i < map->nkeys; i++)
		folded->keys[i] = folded_column(folded, map->keys[i]);
	folded->start = folded_column(folded, map->start);
	folded->end = folded_column(folded, map->end);
	folded->start_xid = folded_column(folded, map->start_xid);
	folded->end_xid = folded_column(folded, map->end_xid);
}

/* The columns that the options of the store name, as far as they have zones. An integer key needs none. */
static void
find_zones(TsmFolded *folded, const TsmSegmentStore *store)
{
	JsonbValue *names = getKeyJsonValueFromContainer(&store->options->root, ZONES_OPTION,
													 strlen(ZONES_OPTION), NULL);
	TsmSegmentMap *map = folded->map;
	int			i;
	int			j;

	if (names == NULL || names->type != jbvBinary || !JsonContainerIsArray(names->val.binary.data))
		return;
	for (i = 0; i < JsonContainerSize(names->val.binary.data); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(names->val.binary.data, i);

		for (j = 0; j < map->desc->natts && name->type == jbvString; j++)
		{
			Form_pg_attribute form = TupleDescAttr(map->desc, j);
			TsmFoldedZone *zone = &folded->zones[folded->nzones];

			if (form->attisdropped || strlen(NameStr(form->attname)) != name->val.string.len ||
				memcmp(NameStr(form->attname), name->val.string.val, name->val.string.len) != 0 ||
				folded->nzones == TSM_SEGMENT_MAX_ZONES || (map->integer_key && map->keys[0] == j + 1))
				continue;
			zone->column = j + 1;
			tsm_segment_zone_type(map->desc, zone->column, &zone->type);
			folded->nzones += zone->type.kind != TSM_ZONE_NONE;
		}
	}
}

/* Read all of an entry, in its context. */
static void
read_store(TsmFolded *folded)
{
	TsmSegmentStore store;
	TsmSegmentTable table;
	TsmVersionedTable *registered;
	Relation	history;

	if (!tsm_segment_store_of_folded(folded->folded, &store) ||
		(registered = tsm_delta_find_by_history(store.history)) == NULL)
		refuse(folded->folded);
	folded->history = store.history;
	folded->segments = store.segments;
	folded->table = registered->rel;
	folded->one_version = registered->disjoint_keys;
	tsm_segment_open(&table, store.segments, AccessShareLock);
	folded->index = RelationGetRelid(table.index);
	tsm_segment_close(&table);
	history = table_open(store.history, AccessShareLock);
	folded->map = tsm_segment_map(history, registered);
	folded->map->desc = CreateTupleDescCopyConstr(RelationGetDescr(history));
	table_close(history, NoLock);
	map_columns(folded);
	find_zones(folded, &store);
}

static TsmFolded *
make_entry(Oid relid)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem store",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TsmFolded  *folded = palloc0(sizeof(TsmFolded));
	uint64		before;

	folded->folded = relid;
	folded->context = context;
	before = changes;
	read_store(folded);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, CacheMemoryContext);
	/* What was read while something changed serves this once. */
	if (changes == before)
	{
		FoldedEntry *entry = hash_search(entries, &relid, HASH_ENTER, NULL);

		entry->known = folded;
		folded->valid = true;
	}
	return folded;
}

/* Callback of a memory context. */
static void
give_back(void *arg)
{
	FoldedReference *reference = arg;
	TsmFolded  *folded = reference->folded;

	if (reference->bench != NULL)
	{
		reference->bench->next = folded->spare;
		folded->spare = reference->bench;
	}
	folded->references--;
	free_unused(folded);
}

static FoldedReference *
refer(TsmFolded *folded, MemoryContext context)
{
	FoldedReference *reference = MemoryContextAllocZero(context, sizeof(FoldedReference));

	reference->folded = folded;
	reference->callback.func = give_back;
	reference->callback.arg = reference;
	MemoryContextRegisterResetCallback(context, &reference->callback);
	folded->references++;
	return reference;
}

TsmFolded *
tsm_folded_get(Oid relid, MemoryContext context)
{
	FoldedEntry *entry = hash_search(entries, &relid, HASH_FIND, NULL);
	TsmFolded  *folded = entry != NULL ? entry->known : make_entry(relid);

	(void) refer(folded, context);
	return folded;
}

const TsmFolded *
tsm_folded_peek(Oid relid)
{
	FoldedEntry *entry = hash_search(entries, &relid, HASH_FIND, NULL);

	return entry != NULL ? entry->known : NULL;
}

TsmFoldedBench *
tsm_folded_bench(TsmFolded *folded, MemoryContext context)
{
	TsmFoldedBench *bench = folded->spare;
	FoldedReference *reference;

	if (bench == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(folded->context);

		bench = palloc0(sizeof(TsmFoldedBench));
		bench->buffer = palloc(TSM_CODEC_MAX_BASE + TSM_CODEC_MAX_RAW);
		bench->room = 32;
		bench->frames = palloc(bench->room * sizeof(TsmCodecFrame));
		MemoryContextSwitchTo(old);
	}
	else
		folded->spare = bench->next;
	reference = refer(folded, context);
	reference->bench = bench;
	return bench;
}

void
tsm_folded_use_schema(TsmFolded *folded, TsmFoldedBench *bench, uint32 schema_id)
{
	TsmSegmentSchema *schema = tsm_segment_schema(folded->map, schema_id);
	MemoryContext old;
	TsmCodecFault fault;

	if (schema == bench->schema)
		return;
	old = MemoryContextSwitchTo(folded->context);
	bench->schema = NULL;
	if (bench->reader != NULL)
		pfree(bench->reader);
	if (bench->values != NULL)
		pfree(bench->values);
	bench->reader = NULL;
	bench->values = palloc0((schema->codec.natts + 1) * sizeof(TsmCodecValue));
	bench->reader = palloc(tsm_codec_reader_size(schema->codec.natts));
	if (tsm_codec_reader_init(bench->reader, &schema->codec, &fault) == NULL)
		elog(ERROR, "schema of a history is not one of blocks: %s", fault.what);
	bench->schema = schema;
	MemoryContextSwitchTo(old);
}

/* Versions in the segments of one page. */
static double
versions_of_page(Relation segments, BlockNumber page, TupleTableSlot *slot)
{
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;
	double		versions = 0;
	bool		null;

	ItemPointerSet(&first, page, FirstOffsetNumber);
	ItemPointerSet(&last, page, MaxOffsetNumber);
	scan = table_beginscan_tidrange(segments, GetActiveSnapshot(), &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
		versions += DatumGetInt32(slot_getattr(slot, Anum_segment_versions, &null));
	table_endscan(scan);
	return versions;
}

/* Found anew when the table has become half as large again, or half as large. */
double
tsm_folded_density(TsmFolded *folded, Relation segments)
{
	BlockNumber pages = RelationGetNumberOfBlocks(segments);
	int			looks = Min(pages, DENSITY_PAGES);
	double		versions = 0;
	TupleTableSlot *slot;
	int			i;

	if (pages == 0)
		return 0;
	if (folded->density > 0 && pages >= folded->density_pages / 2 &&
		pages <= folded->density_pages + folded->density_pages / 2)
		return folded->density;
	slot = table_slot_create(segments, NULL);
	for (i = 0; i < looks; i++)
		versions += versions_of_page(segments, (BlockNumber) ((uint64) pages * i / looks), slot);
	ExecDropSingleTupleTableSlot(slot);
	folded->density = versions / looks;
	folded->density_pages = pages;
	return folded->density;
}
