/*-------------------------------------------------------------------------
 *
 * tsm_temporal_join_exec.c
 *	  Runs a temporal join: the sweep finds pairs, this tries the rest of the
 *	  condition and makes rows of them.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_compat.h"

#include "access/nbtree.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "tsm_temporal_join.h"

typedef struct TsmJoinState
{
	CustomScanState css;
	JoinType	jointype;
	TsmSweep	sweep;
	ExprState  *filter;			/* what else a pair has to satisfy */
	int			widths[2];		/* columns of each input */
} TsmJoinState;

static Node *create_state(CustomScan *scan);
static void begin_join(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_join(CustomScanState *node);
static void end_join(CustomScanState *node);
static void rescan_join(CustomScanState *node);
static void explain_join(CustomScanState *node, List *ancestors, ExplainState *es);

const CustomScanMethods tsm_temporal_join_methods = {
	.CustomName = "TemporalJoin",
	.CreateCustomScanState = create_state
};

static const CustomExecMethods exec_methods = {
	.CustomName = "TemporalJoin",
	.BeginCustomScan = begin_join,
	.ExecCustomScan = exec_join,
	.EndCustomScan = end_join,
	.ReScanCustomScan = rescan_join,
	.ExplainCustomScan = explain_join
};

static Node *
create_state(CustomScan *scan)
{
	TsmJoinState *state = (TsmJoinState *) newNode(sizeof(TsmJoinState), T_CustomScanState);

	state->css.methods = &exec_methods;
	return (Node *) state;
}

/* The comparison of two types of an operator family, for a key. */
static void
prepare_order(SortSupport order, Oid family, Oid left, Oid right, Oid collation)
{
	Oid			function;

	order->ssup_cxt = CurrentMemoryContext;
	order->ssup_collation = collation;
	order->ssup_reverse = false;
	order->ssup_nulls_first = false;
	order->abbreviate = false;
	function = get_opfamily_proc(family, left, right, BTSORTSUPPORT_PROC);
	if (OidIsValid(function))
		OidFunctionCall1(function, PointerGetDatum(order));
	if (order->comparator != NULL)
		return;
	function = get_opfamily_proc(family, left, right, BTORDER_PROC);
	if (!OidIsValid(function))
		elog(ERROR, "missing support function %d(%u,%u) in operator family %u", BTORDER_PROC,
			 left, right, family);
	PrepareSortSupportComparisonShim(function, order);
}

/* Keys and their comparisons, from the plan. */
static void
prepare_keys(TsmSweep *sweep, List *lists)
{
	List	   *families = list_nth(lists, TSM_JOIN_FAMILIES);
	List	   *types = list_nth(lists, TSM_JOIN_TYPES);
	List	   *collations = list_nth(lists, TSM_JOIN_COLLATIONS);
	List	   *columns = list_nth(lists, TSM_JOIN_COLUMNS);
	int			i;
	int			j;

	sweep->nkeys = list_length(families);
	sweep->group = palloc0(sizeof(Datum) * Max(sweep->nkeys, 1));
	for (i = 0; i < 2; i++)
	{
		TsmSweepSide *side = &sweep->sides[i];

		side->key_columns = palloc0(sizeof(AttrNumber) * Max(sweep->nkeys, 1));
		side->last_column = side->period_column;
		for (j = 0; j < sweep->nkeys; j++)
		{
			side->key_columns[j] = list_nth_int(columns, 2 * j + i);
			side->last_column = Max(side->last_column, side->key_columns[j]);
		}
		for (j = i; j < 2; j++)
			sweep->orders[i][j] = palloc0(sizeof(SortSupportData) * Max(sweep->nkeys, 1));
	}
	for (j = 0; j < sweep->nkeys; j++)
	{
		Oid			family = list_nth_oid(families, j);
		Oid			outer = list_nth_oid(types, 2 * j);
		Oid			inner = list_nth_oid(types, 2 * j + 1);
		Oid			collation = list_nth_oid(collations, j);

		prepare_order(&sweep->orders[TSM_OUTER][TSM_OUTER][j], family, outer, outer, collation);
		prepare_order(&sweep->orders[TSM_OUTER][TSM_INNER][j], family, outer, inner, collation);
		prepare_order(&sweep->orders[TSM_INNER][TSM_INNER][j], family, inner, inner, collation);
	}
}

static void
begin_join(CustomScanState *node, EState *estate, int eflags)
{
	TsmJoinState *state = (TsmJoinState *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;
	TsmSweep   *sweep = &state->sweep;
	List	   *numbers = list_nth(scan->custom_private, TSM_JOIN_NUMBERS);
	int			nkeys = list_length(list_nth(scan->custom_private, TSM_JOIN_FAMILIES));
	Oid			type = InvalidOid;
	int			i;

	state->jointype = (JoinType) list_nth_int(numbers, TSM_JOIN_JOINTYPE);
	for (i = 0; i < 2; i++)
	{
		PlanState  *input = ExecInitNode(list_nth(scan->custom_plans, i), estate,
										 eflags & ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK));
		TupleDesc	desc = ExecGetResultType(input);
		TsmSweepSide *side = &sweep->sides[i];

		node->custom_ps = lappend(node->custom_ps, input);
		sweep->inputs[0][i].plan = input;
		state->widths[i] = desc->natts;
		side->period_column = list_nth_int(numbers, TSM_JOIN_OUTER_PERIOD + i);
		side->row = ExecInitExtraTupleSlot(estate, desc, &TTSOpsMinimalTuple);
		side->stored = ExecInitExtraTupleSlot(estate, desc, &TTSOpsMinimalTuple);
		type = getBaseType(TupleDescAttr(desc, side->period_column - 1)->atttypid);
	}
	sweep->sides[TSM_OUTER].keep = state->jointype == JOIN_LEFT || state->jointype == JOIN_FULL ||
		state->jointype == JOIN_ANTI;
	sweep->sides[TSM_INNER].keep = state->jointype == JOIN_RIGHT || state->jointype == JOIN_FULL;
	sweep->first_match_only = state->jointype == JOIN_SEMI || state->jointype == JOIN_ANTI;
	sweep->range_type = lookup_type_cache(type, TYPECACHE_RANGE_INFO);
	sweep->bounds_by_value = sweep->range_type->rngelemtype->typbyval;
	prepare_keys(sweep, scan->custom_private);
	sweep->limit = (Size) work_mem * 1024;
	sweep->context = AllocSetContextCreate(CurrentMemoryContext, "tsmem active rows",
										   ALLOCSET_DEFAULT_SIZES);
	sweep->group_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem key of active rows",
												 ALLOCSET_SMALL_SIZES);
	state->filter = ExecInitQual(list_copy_tail(scan->custom_exprs, nkeys + 1),
								 &node->ss.ps);
}

/* Put the row of one input, or nulls, into its part of the scan tuple. */
static void
fill_part(TsmJoinState *state, TupleTableSlot *scan, int which, TupleTableSlot *slot)
{
	int			offset = which == TSM_OUTER ? 0 : state->widths[TSM_OUTER];
	int			width = state->widths[which];

	if (slot == NULL)
	{
		memset(scan->tts_isnull + offset, true, width * sizeof(bool));
		return;
	}
	slot_getallattrs(slot);
	memcpy(scan->tts_values + offset, slot->tts_values, width * sizeof(Datum));
	memcpy(scan->tts_isnull + offset, slot->tts_isnull, width * sizeof(bool));
}

static void
fill_scan_tuple(TsmJoinState *state, TupleTableSlot *slots[2])
{
	TupleTableSlot *scan = state->css.ss.ss_ScanTupleSlot;

	ExecClearTuple(scan);
	fill_part(state, scan, TSM_OUTER, slots[TSM_OUTER]);
	fill_part(state, scan, TSM_INNER, slots[TSM_INNER]);
	ExecStoreVirtualTuple(scan);
}

/* Whether a pair satisfies the rest of the condition and is to be returned. */
static bool
accept_pair(TsmJoinState *state, ExprContext *econtext)
{
	if (state->filter != NULL && !ExecQual(state->filter, econtext))
	{
		InstrCountFiltered2(&state->css, 1);
		return false;
	}
	tsm_temporal_sweep_match(&state->sweep);
	return state->jointype != JOIN_ANTI;
}

static TupleTableSlot *
exec_join(CustomScanState *node)
{
	TsmJoinState *state = (TsmJoinState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	TupleTableSlot *slots[2];

	for (;;)
	{
		TsmSweepResult result = tsm_temporal_sweep(&state->sweep, slots);

		ResetExprContext(econtext);
		if (result == TSM_SWEEP_END)
			return NULL;
		fill_scan_tuple(state, slots);
		econtext->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
		if (result == TSM_SWEEP_PAIR && !accept_pair(state, econtext))
			continue;
		if (node->ss.ps.qual != NULL && !ExecQual(node->ss.ps.qual, econtext))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		if (node->ss.ps.ps_ProjInfo != NULL)
			return ExecProject(node->ss.ps.ps_ProjInfo);
		return node->ss.ss_ScanTupleSlot;
	}
}

static void
end_join(CustomScanState *node)
{
	ListCell   *cell;

	tsm_temporal_sweep_reset(&((TsmJoinState *) node)->sweep);
	foreach(cell, node->custom_ps)
		ExecEndNode(lfirst(cell));
}

static void
rescan_join(CustomScanState *node)
{
	ListCell   *cell;

	tsm_temporal_sweep_reset(&((TsmJoinState *) node)->sweep);
	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	foreach(cell, node->custom_ps)
	{
		PlanState  *input = lfirst(cell);

		if (node->ss.ps.chgParam != NULL)
			UpdateChangedParamSet(input, node->ss.ps.chgParam);
		if (input->chgParam == NULL)
			ExecReScan(input);
	}
}

static const char *
join_name(JoinType jointype)
{
	switch (jointype)
	{
		case JOIN_LEFT:
			return "Left";
		case JOIN_RIGHT:
			return "Right";
		case JOIN_FULL:
			return "Full";
		case JOIN_SEMI:
			return "Semi";
		case JOIN_ANTI:
			return "Anti";
		default:
			return "Inner";
	}
}

/* Some of the conditions, as text. */
static void
explain_conditions(const char *label, List *conditions, CustomScanState *node, List *ancestors,
				   ExplainState *es)
{
	List	   *context;

	if (conditions == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, ancestors);
	ExplainPropertyText(label,
						deparse_expression((Node *) make_ands_explicit(conditions), context, true,
										   false), es);
}

static void
explain_join(CustomScanState *node, List *ancestors, ExplainState *es)
{
	TsmJoinState *state = (TsmJoinState *) node;
	List	   *conditions = ((CustomScan *) node->ss.ps.plan)->custom_exprs;
	int			merged = state->sweep.nkeys + 1;

	ExplainPropertyText("Join Type", join_name(state->jointype), es);
	explain_conditions("Temporal Cond", list_copy_head(conditions, merged), node, ancestors, es);
	explain_conditions("Join Filter", list_copy_tail(conditions, merged), node, ancestors, es);
	if (!es->analyze)
		return;
	if (node->ss.ps.instrument != NULL && node->ss.ps.instrument->nfiltered2 > 0)
		ExplainPropertyFloat("Rows Removed by Join Filter", NULL,
							 node->ss.ps.instrument->nfiltered2 /
							 Max(node->ss.ps.instrument->nloops, 1), 0, es);
	ExplainPropertyInteger("Max Active Rows", NULL, state->sweep.max_active, es);
	if (state->sweep.spilled > 0 || es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainPropertyInteger("Spilled Rows", NULL, state->sweep.spilled, es);
		ExplainPropertyInteger("Spill Passes", NULL, state->sweep.passes, es);
	}
}
