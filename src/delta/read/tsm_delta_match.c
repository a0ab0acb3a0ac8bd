/*-------------------------------------------------------------------------
 *
 * tsm_delta_match.c
 *	  Finds, among the clauses of a history, those that bind a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "tsm_delta_scan.h"

Oid
tsm_delta_btree_family(Oid type)
{
	return lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

/* Whether an operand is the column, perhaps of another type with the same bytes. */
static bool
is_column(Node *operand, Index relid, AttrNumber column)
{
	Var		   *var;

	while (operand != NULL && IsA(operand, RelabelType))
		operand = (Node *) ((RelabelType *) operand)->arg;
	var = (Var *) operand;
	return var != NULL && IsA(var, Var) && var->varno == relid && var->varattno == column &&
		var->varlevelsup == 0;
}

TsmComparison *
tsm_delta_match(RelOptInfo *rel, RestrictInfo *clause, AttrNumber column, Oid family,
				Oid collation, int strategy)
{
	OpExpr	   *operation = (OpExpr *) clause->clause;
	Oid			operator;
	TsmComparison *match;

	if (clause->pseudoconstant || !IsA(operation, OpExpr) || list_length(operation->args) != 2 ||
		(OidIsValid(collation) && operation->inputcollid != collation))
		return NULL;
	operator = operation->opno;
	if (is_column(linitial(operation->args), rel->relid, column))
	{
		if (bms_is_member(rel->relid, clause->right_relids))
			return NULL;
	}
	else if (is_column(lsecond(operation->args), rel->relid, column))
	{
		operator = get_commutator(operator);
		if (!OidIsValid(operator) || bms_is_member(rel->relid, clause->left_relids))
			return NULL;
	}
	else
		return NULL;
	if (get_op_opfamily_strategy(operator, family) != strategy)
		return NULL;
	match = palloc0(sizeof(TsmComparison));
	match->clause = clause;
	match->commuted = is_column(linitial(operation->args), rel->relid, column) ? clause :
		commute_restrictinfo(clause, operator);
	match->other = lsecond(((OpExpr *) match->commuted->clause)->args);
	match->outer = bms_difference(clause->clause_relids, rel->relids);
	return contain_volatile_functions((Node *) match->other) ? NULL : match;
}

/* The comparisons that clauses make of one time column. */
static List *
match_time(RelOptInfo *rel, List *clauses, AttrNumber column, int strategy)
{
	Oid			family = tsm_delta_btree_family(TIMESTAMPTZOID);
	List	   *matches = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		TsmComparison *match = tsm_delta_match(rel, lfirst_node(RestrictInfo, cell), column,
											   family, InvalidOid, strategy);

		if (match != NULL)
			matches = lappend(matches, match);
	}
	return matches;
}

List *
tsm_delta_match_times(RelOptInfo *rel, const TsmHistoryShape *shape, List *clauses)
{
	List	   *starts = match_time(rel, clauses, shape->start, BTLessEqualStrategyNumber);
	List	   *ends = NIL;
	List	   *pairs = NIL;
	ListCell   *cell;
	ListCell   *inner;

	if (starts != NIL)
		ends = match_time(rel, clauses, shape->end, BTGreaterStrategyNumber);
	foreach(cell, starts)
	{
		TsmComparison *start = lfirst(cell);

		foreach(inner, ends)
		{
			TsmComparison *end = lfirst(inner);
			TsmTimePair *pair;

			if (!equal(start->other, end->other))
				continue;
			pair = palloc(sizeof(TsmTimePair));
			pair->start = start;
			pair->end = end;
			pair->outer = bms_union(start->outer, end->outer);
			pairs = lappend(pairs, pair);
		}
	}
	return pairs;
}
