/*-------------------------------------------------------------------------
 *
 * tsm_vector_cost.c
 *	  Planner support: what a distance costs.
 *
 * The planner takes every function for equally cheap unless told otherwise,
 * and reading an out-of-line value for free. Both are far off for vectors:
 * a distance goes over thousands of elements, and fetching one vector from a
 * TOAST table takes longer than computing its distance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/heaptoast.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "tsm_vector.h"

PG_FUNCTION_INFO_V1(tsm_vector_cost);

/*
 * In calls of a plain operator such as integer comparison, which
 * cpu_operator_cost stands for; measured as README.md tells.
 */
#define CALL_COST 5.0			/* one distance */
#define ELEMENT_COST 0.1		/* and so much more an element */
#define FETCH_COST 200.0		/* one out-of-line value: open and descend the TOAST index */
#define CHUNK_COST 40.0			/* and so much more a chunk of it */

/* The dimensions of an argument as far as they are known before running; else 0. */
static int
known_dim(Node *argument)
{
	if (exprTypmod(argument) > 0)
		return exprTypmod(argument);
	if (IsA(argument, Const) && !((Const *) argument)->constisnull)
		return tsm_vector_from_datum(((Const *) argument)->constvalue)->dim;
	return 0;
}

/*
 * Whether values of an argument lie in a TOAST table: by the average stored
 * width of the column where it has been analyzed, by the size otherwise.
 */
static bool
is_out_of_line(PlannerInfo *root, Node *argument, int dim)
{
	Var		   *var = (Var *) argument;
	RangeTblEntry *entry;
	int32		width;

	if (root == NULL || !IsA(argument, Var) || var->varlevelsup != 0 ||
		var->varno <= 0 || var->varno >= root->simple_rel_array_size)
		return false;
	entry = planner_rt_fetch(var->varno, root);
	if (entry->rtekind != RTE_RELATION || var->varattno <= 0)
		return false;
	width = get_attavgwidth(entry->relid, var->varattno);
	if (width > 0)
		return width < TSM_VECTOR_SIZE(dim) / 2;
	return TSM_VECTOR_SIZE(dim) > TOAST_TUPLE_THRESHOLD;
}

/* _vector_distance_cost(internal) → internal: answers SupportRequestCost. */
Datum
tsm_vector_cost(PG_FUNCTION_ARGS)
{
	SupportRequestCost *request = (SupportRequestCost *) PG_GETARG_POINTER(0);
	List	   *arguments = NIL;
	ListCell   *cell;
	int			dim = 0;
	double		operators;

	if (!IsA(request, SupportRequestCost) || request->node == NULL)
		PG_RETURN_POINTER(NULL);
	if (IsA(request->node, FuncExpr))
		arguments = ((FuncExpr *) request->node)->args;
	else if (IsA(request->node, OpExpr))
		arguments = ((OpExpr *) request->node)->args;
	foreach(cell, arguments)
		dim = Max(dim, known_dim(lfirst(cell)));
	if (dim == 0)
		PG_RETURN_POINTER(NULL);

	operators = CALL_COST + ELEMENT_COST * dim;
	foreach(cell, arguments)
	{
		if (is_out_of_line(request->root, lfirst(cell), dim))
			operators += FETCH_COST +
				CHUNK_COST * ceil((double) TSM_VECTOR_SIZE(dim) / TOAST_MAX_CHUNK_SIZE);
	}
	request->startup = 0;
	request->per_tuple = operators * cpu_operator_cost;
	PG_RETURN_POINTER(request);
}
