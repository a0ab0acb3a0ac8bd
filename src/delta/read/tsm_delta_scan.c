/*-------------------------------------------------------------------------
 *
 * tsm_delta_scan.c
 *	  The scan of a history that reads one version a key: plan and execution.
 *
 * A CustomScan above a backward IndexScan with the conditions of the index
 * alone. It takes the first row that this finds, and judges it by the other
 * conditions. See tsm_delta_path.c for why one is enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/rel.h"

#include "tsm_delta_scan.h"

typedef struct HistoryScanState
{
	CustomScanState custom;
	bool		done;			/* the one row was asked for */
} HistoryScanState;

static Node *create_state(CustomScan *plan);

static const CustomScanMethods scan_methods = {
	.CustomName = "TsmHistoryScan",
	.CreateCustomScanState = create_state
};

/*
 * Make the plan. The conditions that the index scan would filter by move to
 * this node, in the order that the planner gave them; security barriers stay
 * in force, since it has none of its own but those promoted to the index.
 */
static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *child = linitial(custom_plans);

	/* Conditions without columns are a Result above; this node gets one of its own. */
	if (IsA(child, Result))
		child = outerPlan(child);
	if (!IsA(child, IndexScan))
		elog(ERROR, "unexpected plan of type %d below a history scan", (int) nodeTag(child));
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = child->qual;
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->custom_plans = list_make1(child);
	scan->methods = &scan_methods;
	child->qual = NIL;
	child->targetlist = NIL;
	child->plan_rows = 1;
	child->plan_width = 0;
	child->total_cost = path->path.total_cost;
	return &scan->scan.plan;
}

const CustomPathMethods tsm_delta_path_methods = {
	.CustomName = "TsmHistoryScan",
	.PlanCustomPath = make_plan
};

static IndexScanState *
index_scan(HistoryScanState *state)
{
	return linitial_node(IndexScanState, state->custom.custom_ps);
}

/*
 * The first row of the index scan, once; then none. The row stays in the slot
 * of the index scan.
 */
static TupleTableSlot *
next_row(ScanState *node)
{
	HistoryScanState *state = (HistoryScanState *) node;
	IndexScanState *index = index_scan(state);
	TupleTableSlot *found = NULL;

	if (!state->done)
		found = ExecProcNode(&index->ss.ps);
	state->done = true;
	if (TupIsNull(found))
		return ExecClearTuple(node->ss_ScanTupleSlot);
	return index->ss.ss_ScanTupleSlot;
}

/* EvalPlanQual brings a row from elsewhere: whether the conditions of the index hold for it. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	IndexScanState *index = index_scan((HistoryScanState *) node);
	ExprContext *context = index->ss.ps.ps_ExprContext;

	context->ecxt_scantuple = slot;
	return ExecQualAndReset(index->indexqualorig, context);
}

/*
 * The scan slot of a CustomScan is virtual, and its expressions have been
 * compiled for that. The rows of the index scan and of EvalPlanQual are in
 * slots of the table: they are compiled anew for those.
 */
static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	Relation	history = node->ss.ss_currentRelation;

	node->ss.ss_ScanTupleSlot = ExecInitExtraTupleSlot(estate, RelationGetDescr(history),
													   table_slot_callbacks(history));
	node->ss.ps.scanops = table_slot_callbacks(history);
	node->ss.ps.scanopsset = node->ss.ps.scanopsfixed = true;
	node->ss.ps.subPlan = NIL;
	ExecAssignScanProjectionInfo(&node->ss);
	node->ss.ps.qual = ExecInitQual(plan->scan.plan.qual, &node->ss.ps);
	node->custom_ps = list_make1(ExecInitNode(linitial(plan->custom_plans), estate, eflags));
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static void
rescan(CustomScanState *node)
{
	HistoryScanState *state = (HistoryScanState *) node;
	PlanState  *index = &index_scan(state)->ss.ps;

	state->done = false;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(index, node->ss.ps.chgParam);
	/* With changed parameters its first call rescans. */
	if (index->chgParam == NULL)
		ExecReScan(index);
	ExecScanReScan(&node->ss);
}

static void
end_scan(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static const CustomExecMethods exec_methods = {
	.CustomName = "TsmHistoryScan",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan
};

static Node *
create_state(CustomScan *plan)
{
	HistoryScanState *state = (HistoryScanState *) newNode(sizeof(HistoryScanState),
														   T_CustomScanState);

	state->custom.methods = &exec_methods;
	return (Node *) state;
}

void
tsm_delta_scan_load(void)
{
	RegisterCustomScanMethods(&scan_methods);
}
