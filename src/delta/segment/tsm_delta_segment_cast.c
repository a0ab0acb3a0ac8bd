/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_cast.c
 *	  Values of types that columns of a history had.
 *
 * A change of a type does not rewrite segments: their values are cast when
 * they are read, by the steps that the column took, as the server cast the
 * rows of the tail. That is right for casts that give the same whenever they
 * are done; the others are not left to readers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "tsm_delta_segment.h"

struct TsmSegmentCast
{
	ExprState  *state;
	ExprContext *context;
};

/* The value at hand, as the first node of an expression. */
static Node *
value_node(Oid type, int32 typmod)
{
	CaseTestExpr *value = makeNode(CaseTestExpr);

	value->typeId = type;
	value->typeMod = typmod;
	value->collation = get_typcollation(type);
	return (Node *) value;
}

/* One step; NULL where the server has no cast for assignments. */
static Node *
step(Node *value, Oid type, int32 typmod)
{
	return coerce_to_target_type(NULL, value, exprType(value), type, typmod, COERCION_ASSIGNMENT,
								 COERCE_IMPLICIT_CAST, -1);
}

TsmSegmentCast *
tsm_segment_cast_make(int ntypes, const Oid *types, const int32 *typmods)
{
	Node	   *value = value_node(types[0], typmods[0]);
	TsmSegmentCast *cast;
	int			i;

	for (i = 1; i < ntypes; i++)
	{
		value = step(value, types[i], typmods[i]);
		if (value == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("folded values of type %s cannot be cast to type %s",
							format_type_be(types[i - 1]), format_type_be(types[i]))));
	}
	if (IsA(value, CaseTestExpr))
		return NULL;
	assign_expr_collations(NULL, value);
	cast = palloc(sizeof(TsmSegmentCast));
	cast->state = ExecInitExpr(expression_planner((Expr *) value), NULL);
	cast->context = CreateStandaloneExprContext();
	return cast;
}

Datum
tsm_segment_cast(TsmSegmentCast *cast, Datum value, bool *null)
{
	cast->context->caseValue_datum = value;
	cast->context->caseValue_isNull = false;
	return ExecEvalExpr(cast->state, cast->context, null);
}

static bool
is_passing_function(Oid function, void *context)
{
	return function >= FirstGenbkiObjectId || func_volatile(function) != PROVOLATILE_IMMUTABLE;
}

/* Whether an expression asks for what may change, or be dropped. */
static bool
is_passing(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, ConvertRowtypeExpr) || check_functions_in_node(node, is_passing_function, NULL))
		return true;
	return expression_tree_walker(node, is_passing, context);
}

bool
tsm_segment_cast_lasts(Oid from, int32 from_typmod, Oid to, int32 to_typmod)
{
	Node	   *value;

	if (from == to && from_typmod == to_typmod)
		return true;
	if (from != to && (from >= FirstGenbkiObjectId || to >= FirstGenbkiObjectId))
		return false;
	value = step(value_node(from, from_typmod), to, to_typmod);
	return value == NULL || !is_passing(value, NULL);
}
