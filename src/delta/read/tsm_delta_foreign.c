/*-------------------------------------------------------------------------
 *
 * tsm_delta_foreign.c
 *	  The foreign data wrapper by which queries read folded versions.
 *
 * The foreign table of a store inherits the history, so whoever reads the
 * history reads its tail and this. Rights and policies are those of the
 * history. Nobody writes to it: what tries to is refused in the words of the
 * trigger that guards the history.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "commands/explain.h"
#include "foreign/fdwapi.h"
#include "nodes/execnodes.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "tsm_delta_folded.h"

pg_noreturn static void
refuse(Relation rel)
{
	TsmSegmentStore store;
	bool		found = tsm_segment_store_of_folded(RelationGetRelid(rel), &store);

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot change history table \"%s\"",
					found ? get_rel_name(store.history) : RelationGetRelationName(rel)),
			 errdetail("History is written by tsmem alone."),
			 errhint("Change the versioned table; its history follows.")));
}

/* So that the executor asks the functions below, and does not refuse in words of its own. */
static int
is_updatable(Relation rel)
{
	return 1 << CMD_INSERT | 1 << CMD_UPDATE | 1 << CMD_DELETE;
}

static void
refuse_modify(ModifyTableState *state, ResultRelInfo *result, List *private, int subplan, int eflags)
{
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		refuse(result->ri_RelationDesc);
}

static void
refuse_insert(ModifyTableState *state, ResultRelInfo *result)
{
	refuse(result->ri_RelationDesc);
}

static TupleTableSlot *
refuse_row(EState *estate, ResultRelInfo *result, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	refuse(result->ri_RelationDesc);
}

static void
refuse_truncate(List *rels, DropBehavior behavior, bool restart_sequences)
{
	refuse(linitial(rels));
}

static bool
is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	return true;
}

/*
 * AnalyzeForeignTable. The sample of a history is taken from its tail and from
 * here in proportion to their pages, so these are as many as the versions
 * would fill as rows.
 */
static bool
analyze(Relation rel, AcquireSampleRowsFunc *acquire, BlockNumber *pages)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem analyze",
												  ALLOCSET_SMALL_SIZES);
	TsmFolded  *folded = tsm_folded_get(RelationGetRelid(rel), context);
	Relation	segments = table_open(folded->segments, AccessShareLock);
	double		versions = tsm_folded_density(folded, segments) * RelationGetNumberOfBlocks(segments);
	int			width = MAXALIGN(SizeofHeapTupleHeader) + sizeof(ItemIdData) +
	get_relation_data_width(folded->history, NULL);

	*pages = (BlockNumber) Min(ceil(versions * width / BLCKSZ), MaxBlockNumber);
	*acquire = tsm_folded_sample;
	table_close(segments, NoLock);
	MemoryContextDelete(context);
	return true;
}

PG_FUNCTION_INFO_V1(tsm_delta_segments_handler);

/* The handler of foreign data wrapper tsmem_segments. */
Datum
tsm_delta_segments_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = tsm_folded_get_size;
	routine->GetForeignPaths = tsm_folded_get_paths;
	routine->GetForeignPlan = tsm_folded_get_plan;
	routine->ReparameterizeForeignPathByChild = tsm_folded_reparameterize;
	routine->BeginForeignScan = tsm_folded_begin_scan;
	routine->IterateForeignScan = tsm_folded_iterate;
	routine->ReScanForeignScan = tsm_folded_rescan;
	routine->EndForeignScan = tsm_folded_end_scan;
	routine->ExplainForeignScan = tsm_folded_explain;
	routine->IsForeignScanParallelSafe = is_parallel_safe;
	routine->EstimateDSMForeignScan = tsm_folded_estimate_dsm;
	routine->InitializeDSMForeignScan = tsm_folded_initialize_dsm;
	routine->ReInitializeDSMForeignScan = tsm_folded_reinitialize_dsm;
	routine->InitializeWorkerForeignScan = tsm_folded_initialize_worker;
	routine->IsForeignRelUpdatable = is_updatable;
	routine->BeginForeignModify = refuse_modify;
	routine->BeginForeignInsert = refuse_insert;
	routine->ExecForeignInsert = refuse_row;
	routine->ExecForeignUpdate = refuse_row;
	routine->ExecForeignDelete = refuse_row;
	routine->ExecForeignTruncate = refuse_truncate;
	routine->AnalyzeForeignTable = analyze;
	PG_RETURN_POINTER(routine);
}
