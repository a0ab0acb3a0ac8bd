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

/* Calls of a plain operator that one call takes, and so many more an element (README.md). */
#define CALL_COST 2.0
#define ELEMENT_COST (1.0 / 128)

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

/* The fetch of one out-of-line vector: a descent of the TOAST index, then its chunks. */
static Cost
fetch_cost(int dim)
{
	double		chunks = ceil((double) TSM_VECTOR_SIZE(dim) / TOAST_MAX_CHUNK_SIZE);

	return 50 * cpu_operator_cost + chunks * (cpu_index_tuple_cost + cpu_tuple_cost);
}

/* _vector_distance_cost(internal) → internal: answers SupportRequestCost. */
Datum
tsm_vector_cost(PG_FUNCTION_ARGS)
{
	SupportRequestCost *request = (SupportRequestCost *) PG_GETARG_POINTER(0);
	List	   *arguments = NIL;
	ListCell   *cell;
	int			dim = 0;

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

	request->startup = 0;
	request->per_tuple = (CALL_COST + ELEMENT_COST * dim) * cpu_operator_cost;
	foreach(cell, arguments)
	{
		if (is_out_of_line(request->root, lfirst(cell), dim))
			request->per_tuple += fetch_cost(dim);
	}
	PG_RETURN_POINTER(request);
}
