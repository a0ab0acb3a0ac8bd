/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_latest.c
 *	  When the latest folded version of a key ended, for the writers.
 *
 * One descent in the segments. The greatest end of a segment tells, mostly,
 * that none of its versions can matter: they have ended before the
 * transaction of the writer began. Its block is read otherwise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "tsm_delta_segment.h"

struct TsmDeltaFolded
{
	Relation	history;
	TsmSegmentTable segments;
	TsmSegmentMap *map;
	FmgrInfo	equals[INDEX_MAX_KEYS];
	TupleTableSlot *slot;		/* of the segments */
	TupleTableSlot *version;
	TsmSegmentWalk *walk;		/* NULL until a block is read */
	MemoryContext context;		/* it and what it holds live in */
	MemoryContext look_context; /* reset after each look */
};

/* A look, as tsm_delta_values_as_owner hands it on. */
typedef struct Look
{
	TsmDeltaFolded *folded;
	const TsmSegment *segment;
	int64		key;
	const Datum *values;		/* of the key columns */
	bool		found;			/* a version of the key is in the segment */
	TimestampTz end;			/* of the latest one */
} Look;

static void
find_equality(TsmDeltaFolded *folded)
{
	int			i;

	for (i = 0; i < folded->map->nkeys; i++)
	{
		Oid			type = TupleDescAttr(folded->map->desc, folded->map->keys[i] - 1)->atttypid;

		fmgr_info_copy(&folded->equals[i],
					   &lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO)->eq_opr_finfo,
					   folded->context);
	}
}

TsmDeltaFolded *
tsm_delta_folded_open(Relation history)
{
	TsmSegmentStore store;
	TsmVersionedTable *table;
	TsmDeltaFolded *folded;

	if (!history->rd_rel->relhassubclass || !tsm_segment_store(RelationGetRelid(history), &store))
		return NULL;
	table = tsm_delta_find_by_history(store.history);
	if (table == NULL)
		return NULL;
	folded = palloc0(sizeof(TsmDeltaFolded));
	folded->context = CurrentMemoryContext;
	folded->look_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem look at segments",
												 ALLOCSET_DEFAULT_SIZES);
	folded->history = history;
	tsm_segment_open(&folded->segments, store.segments, AccessShareLock);
	folded->map = tsm_segment_map(history, table);
	find_equality(folded);
	/* Copied descriptors are not counted as references, so the slots have none to release. */
	folded->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(folded->segments.rel)),
											table_slot_callbacks(folded->segments.rel));
	folded->version = MakeSingleTupleTableSlot(CreateTupleDescCopy(folded->map->desc), &TTSOpsVirtual);
	return folded;
}

void
tsm_delta_folded_close(TsmDeltaFolded *folded)
{
	tsm_segment_close(&folded->segments);
}

/* Whether a version is of the key that is looked for, and not of another with the same hash. */
static bool
is_of_key(Look *look, const TsmCodecRow *row)
{
	TsmDeltaFolded *folded = look->folded;
	TsmSegmentMap *map = folded->map;
	int			i;

	if (row->key != look->key)
		return false;
	if (map->integer_key)
		return true;
	tsm_segment_slot_of_row(map, tsm_segment_walk_schema(folded->walk), row, folded->version);
	for (i = 0; i < map->nkeys; i++)
	{
		if (folded->version->tts_isnull[map->keys[i] - 1] ||
			!DatumGetBool(FunctionCall2Coll(&folded->equals[i], map->key_collations[i],
											folded->version->tts_values[map->keys[i] - 1],
											look->values[i])))
			return false;
	}
	return true;
}

/* Read a block for the key. As the owner, since functions of the table's types run here. */
static void
read_block(void *arg)
{
	Look	   *look = arg;
	TsmDeltaFolded *folded = look->folded;
	int			nest_level = tsm_segment_fix_settings();
	MemoryContext old;
	TsmCodecFault fault;
	TsmCodecRow row;

	if (folded->walk == NULL)
	{
		old = MemoryContextSwitchTo(folded->context);
		folded->walk = tsm_segment_walk_make(folded->map);
		MemoryContextSwitchTo(old);
	}
	if (!tsm_segment_walk_begin(folded->walk, look->segment, &fault))
		tsm_segment_raise(&fault, folded->segments.rel);
	while (tsm_segment_walk_next(folded->walk, &row, &fault) && row.key <= look->key)
	{
		if (!is_of_key(look, &row))
			continue;
		look->found = true;
		look->end = row.end;
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, folded->segments.rel);
	ExecClearTuple(folded->version);
	AtEOXact_GUC(true, nest_level);
}

/*
 * Go back over the segments that may hold the key, to the latest of its
 * versions: mostly one. What shares a hash may lie between.
 */
static void
look_back(Look *look, IndexScanDesc scan, TimestampTz after)
{
	TsmDeltaFolded *folded = look->folded;

	while (!look->found && index_getnext_slot(scan, BackwardScanDirection, folded->slot))
	{
		TsmSegment	segment;
		bool		first;

		CHECK_FOR_INTERRUPTS();
		tsm_segment_of_slot(folded->slot, &segment, false);
		if (segment.key_hi < look->key)
			break;
		first = folded->map->integer_key || segment.key_lo < look->key;
		if (segment.t_hi > after || !first)
		{
			look->segment = &segment;
			tsm_segment_of_slot(folded->slot, &segment, true);
			tsm_delta_values_as_owner(folded->history->rd_rel->relowner, read_block, look);
		}
		if (first)
			break;
	}
}

bool
tsm_delta_folded_end(TsmDeltaFolded *folded, const Datum *values, TimestampTz after, TimestampTz *end)
{
	static const bool no_nulls[INDEX_MAX_KEYS];
	MemoryContext old = MemoryContextSwitchTo(folded->look_context);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Look		look = {0};
	IndexScanDesc scan;
	ScanKeyData bound;

	look.folded = folded;
	look.values = values;
	look.key = tsm_segment_key_of_values(folded->map, values, no_nulls);
	ScanKeyInit(&bound, Anum_segment_key_lo, BTLessEqualStrategyNumber, F_INT8LE,
				Int64GetDatum(look.key));
	scan = tsm_index_beginscan(folded->segments.rel, folded->segments.index, snapshot, 1);
	index_rescan(scan, &bound, 1, NULL, 0);
	look_back(&look, scan, after);
	index_endscan(scan);
	ExecClearTuple(folded->slot);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(old);
	MemoryContextReset(folded->look_context);
	*end = look.end;
	return look.found && look.end > after;
}
