/*-------------------------------------------------------------------------
 *
 * tsm_temporal_join_plan.c
 *	  Makes the plan of a temporal join of its path.
 *
 * The scan tuple of the node is the row of the outer input followed by that of
 * the inner one. All expressions refer to it; the sweep itself takes keys and
 * periods from columns of the inputs, which are sorted by them.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_compat.h"

#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"

#include "tsm_temporal_join.h"

/*
 * The column of a sorted input that a key or period is in. What is no column
 * of the input itself has been computed by the Sort above it.
 */
static int
find_column(Plan *input, Expr *expr, int place)
{
	TargetEntry *entry = tlist_member(expr, input->targetlist);

	if (entry != NULL)
		return entry->resno;
	if (!IsA(input, Sort) || place >= ((Sort *) input)->numCols)
		elog(ERROR, "could not find a sorted column of a temporal join");
	return ((Sort *) input)->sortColIdx[place];
}

/*
 * Make each variable look as it does above the join. (From 16 on a variable
 * tells the outer joins that may have made it null, and those of one plan node
 * have to agree.)
 */
static Node *
match_output(Node *node, void *context)
{
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) || IsA(node, PlaceHolderVar))
	{
		foreach(cell, (List *) context)
		{
			Node	   *like = lfirst(cell);

			if (nodeTag(like) != nodeTag(node))
				continue;
			if (IsA(node, Var) ?
				((Var *) like)->varno == ((Var *) node)->varno &&
				((Var *) like)->varattno == ((Var *) node)->varattno :
				((PlaceHolderVar *) like)->phid == ((PlaceHolderVar *) node)->phid)
				return copyObject(like);
		}
		if (IsA(node, Var))
			return copyObject(node);
	}
	return expression_tree_mutator(node, match_output, context);
}

/*
 * What a column of the scan tuple is to those who look for it. An expression
 * that a Sort has computed is nobody's: above an outer join it may have another
 * value than below, where a row that is lacking makes the column null. A constant
 * is never looked for.
 */
static Expr *
column_shown(Expr *expr, List *output)
{
	if (IsA(expr, Var) || IsA(expr, PlaceHolderVar))
		return (Expr *) match_output((Node *) expr, output);
	return (Expr *) makeNullConst(exprType((Node *) expr), exprTypmod((Node *) expr),
								  exprCollation((Node *) expr));
}

/* The columns of both inputs, as the scan tuple. */
static List *
scan_columns(List *custom_plans, List *output)
{
	List	   *columns = NIL;
	ListCell   *plan;
	ListCell   *cell;

	foreach(plan, custom_plans)
	{
		foreach(cell, ((Plan *) lfirst(plan))->targetlist)
		{
			TargetEntry *entry = lfirst_node(TargetEntry, cell);

			columns = lappend(columns, makeTargetEntry(column_shown(entry->expr, output),
													   list_length(columns) + 1, NULL, false));
		}
	}
	return columns;
}

static List *
private_lists(TsmJoinPathInfo *info, Plan *outer, Plan *inner)
{
	TsmJoinKey *period = info->period;
	List	   *numbers;
	List	   *families = NIL;
	List	   *types = NIL;
	List	   *collations = NIL;
	List	   *columns = NIL;
	ListCell   *cell;

	numbers = list_make3_int(info->jointype,
							 find_column(outer, period->exprs[TSM_OUTER], period->places[TSM_OUTER]),
							 find_column(inner, period->exprs[TSM_INNER], period->places[TSM_INNER]));
	foreach(cell, info->keys)
	{
		TsmJoinKey *key = lfirst(cell);

		families = lappend_oid(families, key->family);
		types = lappend_oid(lappend_oid(types, key->types[TSM_OUTER]), key->types[TSM_INNER]);
		collations = lappend_oid(collations, key->collation);
		columns = lappend_int(columns, find_column(outer, key->exprs[TSM_OUTER],
												   key->places[TSM_OUTER]));
		columns = lappend_int(columns, find_column(inner, key->exprs[TSM_INNER],
												   key->places[TSM_INNER]));
	}
	return list_make5(numbers, families, types, collations, columns);
}

Plan *
tsm_temporal_plan_join(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans)
{
	TsmJoinPathInfo *info = linitial(path->custom_private);
	CustomScan *scan = makeNode(CustomScan);
	List	   *others = extract_actual_clauses(info->others, false);
	List	   *conditions = NIL;
	List	   *output;
	ListCell   *cell;

	/* The target list is NIL here when a projection above gives the plan its own later. */
	output = list_concat(pull_var_clause((Node *) rel->reltarget->exprs, PVC_INCLUDE_PLACEHOLDERS),
						 pull_var_clause((Node *) others, PVC_INCLUDE_PLACEHOLDERS));
	foreach(cell, info->keys)
		conditions = lappend(conditions, ((TsmJoinKey *) lfirst(cell))->clause);
	conditions = lappend(conditions, info->period->clause);
	conditions = list_concat(conditions, extract_actual_clauses(info->filters, false));

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = (List *) match_output((Node *) others, output);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_exprs = (List *) match_output((Node *) conditions, output);
	scan->custom_private = private_lists(info, linitial(custom_plans), lsecond(custom_plans));
	scan->custom_scan_tlist = scan_columns(custom_plans, output);
	scan->methods = &tsm_temporal_join_methods;
	return &scan->scan.plan;
}
