/*-------------------------------------------------------------------------
 *
 * tsm_delta_foreign.c
 *	  The foreign data wrapper by which queries read folded versions.
 *
 * The foreign table of a store inherits the history, so whoever reads the
 * history reads its tail and this. Rights and policies are those of the
 * history.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "tsm_delta_segment.h"

/* A scan of all versions. */
typedef struct FoldedScan
{
	TsmSegmentStore store;
	Relation	history;
	Relation	segments;
	TsmSegmentMap *map;
	TsmSegmentWalk *walk;
	TableScanDesc scan;
	TupleTableSlot *slot;		/* of the segments */
	bool		open;			/* a segment is being read */
	MemoryContext block_context;
	MemoryContext row_context;
} FoldedScan;

static void
find_store(Oid folded, TsmSegmentStore *store)
{
	if (!tsm_segment_store_of_folded(folded, store))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign table \"%s\" is not part of a history", get_rel_name(folded))));
}

static void
get_size(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	rel->tuples = 1000;
	rel->rows = clamp_row_est(rel->tuples * clauselist_selectivity(root, rel->baserestrictinfo, 0,
																   JOIN_INNER, NULL));
}

static void
get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	add_path(rel, (Path *) tsm_create_foreignscan_path(root, rel, rel->rows, 0, rel->tuples, NIL,
													   rel->lateral_relids, NIL));
}

static ForeignScan *
get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *path, List *tlist,
		 List *clauses, Plan *outer_plan)
{
	return make_foreignscan(tlist, extract_actual_clauses(clauses, false), rel->relid, NIL, NIL,
							NIL, NIL, outer_plan);
}

static void
begin_scan(ForeignScanState *node, int eflags)
{
	FoldedScan *scan;
	TsmVersionedTable *table;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	scan = palloc0(sizeof(FoldedScan));
	find_store(RelationGetRelid(node->ss.ss_currentRelation), &scan->store);
	table = tsm_delta_find_by_history(scan->store.history);
	if (table == NULL)
		find_store(InvalidOid, &scan->store);
	scan->history = table_open(scan->store.history, AccessShareLock);
	scan->segments = table_open(scan->store.segments, AccessShareLock);
	scan->map = tsm_segment_map(scan->history, table);
	scan->walk = tsm_segment_walk_make(scan->map);
	scan->slot = table_slot_create(scan->segments, NULL);
	scan->scan = table_beginscan(scan->segments, node->ss.ps.state->es_snapshot, 0, NULL);
	scan->block_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem segment",
												ALLOCSET_DEFAULT_SIZES);
	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem version",
											  ALLOCSET_DEFAULT_SIZES);
	node->fdw_state = scan;
}

/* Begin with the next segment; false after the last. */
static bool
next_segment(FoldedScan *scan)
{
	TsmCodecFault fault;
	TsmSegment	segment;
	MemoryContext old;

	if (!table_scan_getnextslot(scan->scan, ForwardScanDirection, scan->slot))
		return false;
	MemoryContextReset(scan->block_context);
	old = MemoryContextSwitchTo(scan->block_context);
	tsm_segment_of_slot(scan->slot, &segment, true);
	MemoryContextSwitchTo(old);
	if (!tsm_segment_walk_begin(scan->walk, &segment, &fault))
		tsm_segment_raise(&fault, scan->segments);
	scan->open = true;
	return true;
}

static TupleTableSlot *
next_version(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	TsmCodecFault fault;
	TsmCodecRow row;
	MemoryContext old;

	ExecClearTuple(slot);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (!scan->open && !next_segment(scan))
			return slot;
		if (tsm_segment_walk_next(scan->walk, &row, &fault))
			break;
		if (fault.code != TSM_CODEC_OK)
			tsm_segment_raise(&fault, scan->segments);
		scan->open = false;
	}
	MemoryContextReset(scan->row_context);
	old = MemoryContextSwitchTo(scan->row_context);
	tsm_segment_slot_of_row(scan->map, tsm_segment_walk_schema(scan->walk), &row, slot);
	MemoryContextSwitchTo(old);
	return slot;
}

static void
rescan(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;

	scan->open = false;
	table_rescan(scan->scan, NULL);
}

static void
end_scan(ForeignScanState *node)
{
	FoldedScan *scan = node->fdw_state;

	if (scan == NULL)
		return;
	table_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	table_close(scan->segments, AccessShareLock);
	table_close(scan->history, AccessShareLock);
}

PG_FUNCTION_INFO_V1(tsm_delta_segments_handler);

/* The handler of foreign data wrapper tsmem_segments. */
Datum
tsm_delta_segments_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = get_size;
	routine->GetForeignPaths = get_paths;
	routine->GetForeignPlan = get_plan;
	routine->BeginForeignScan = begin_scan;
	routine->IterateForeignScan = next_version;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end_scan;
	PG_RETURN_POINTER(routine);
}
