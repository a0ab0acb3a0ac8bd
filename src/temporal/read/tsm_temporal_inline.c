/*-------------------------------------------------------------------------
 *
 * tsm_temporal_inline.c
 *	  as_of, as_of_snapshot and find_documents in FROM become subqueries when
 *	  a statement is planned, so that its conditions reach the indexes of
 *	  table and history.
 *
 * The server inlines functions of language SQL only, and none of those could
 * name the table that a row type means. The subquery is the one that the
 * function would run, with the arguments in place of its parameters; what
 * holds for functions that the server inlines holds here.
 * A session whose first statement has such a call has no hook yet: the
 * function is run then, with the same result.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

static planner_hook_type previous_planner = NULL;

/* The walk over a query. */
typedef struct Inlining
{
	PlannerInfo *root;			/* for the folding of constants */
	bool		row_security;	/* an output: the plan depends on the role */
} Inlining;

/* The search for columns of an entry that are not, or no longer, of the types of a subquery's. */
typedef struct ColumnSearch
{
	Index		entry;
	int			sublevels_up;
	List	   *columns;		/* TargetEntry */
} ColumnSearch;

/* The putting of arguments in place of parameters. */
typedef struct Substitution
{
	List	   *arguments;
	int			sublevels_up;
} Substitution;

/* The latest finite time: as of then there are the current rows. */
#define LATEST_TIME (END_TIMESTAMP - 1)

/* What the function is, if it is one of ours; else TSM_READ_NONE. */
static TsmReadKind
kind_of(Oid function)
{
	char	   *name = get_func_name(function);
	FmgrInfo	info;

	if (name == NULL || (strncmp(name, "as_of", 5) != 0 && strcmp(name, "find_documents") != 0) ||
		get_func_namespace(function) != get_namespace_oid("tsmem", true))
		return TSM_READ_NONE;
	fmgr_info(function, &info);
	return tsm_temporal_read_kind(info.fn_addr);
}

static Node *
substitute_mutator(Node *node, Substitution *substitution)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
	{
		Node	   *result;

		substitution->sublevels_up++;
		result = (Node *) query_tree_mutator((Query *) node, substitute_mutator, substitution, 0);
		substitution->sublevels_up--;
		return result;
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		Node	   *argument = copyObject(list_nth(substitution->arguments,
												   ((Param *) node)->paramid));

		IncrementVarSublevelsUp(argument, substitution->sublevels_up, 0);
		return argument;
	}
	return expression_tree_mutator(node, substitute_mutator, substitution);
}

/*
 * Make an argument such that null has no meaning of its own: a constant is
 * null or not, and a system time null is as of the latest time. False when
 * neither will do.
 */
static bool
settle_argument(List *arguments, int which, TsmReadKind kind, bool *given)
{
	ListCell   *cell = list_nth_cell(arguments, which);
	Node	   *argument = lfirst(cell);
	CoalesceExpr *coalesce;

	*given = !IsA(argument, Const) || !((Const *) argument)->constisnull;
	if (IsA(argument, Const))
		return true;
	if ((kind != TSM_READ_TIME || which != 1) && (kind != TSM_READ_FIND || which != 2))
		return false;
	coalesce = makeNode(CoalesceExpr);
	coalesce->coalescetype = TIMESTAMPTZOID;
	coalesce->args = list_make2(argument,
								makeConst(TIMESTAMPTZOID, -1, InvalidOid, sizeof(TimestampTz),
										  TimestampTzGetDatum(LATEST_TIME), false, FLOAT8PASSBYVAL));
	coalesce->location = -1;
	lfirst(cell) = coalesce;
	return true;
}

/* The text of the query that stands for a call; NULL when there is none, and the function has to say why. */
static char *
call_query(FuncExpr *call, TsmReadKind kind)
{
	Oid			relid = get_typ_typrelid(exprType(linitial(call->args)));
	bool		by_system;
	bool		by_valid;
	Relation	rel;
	char	   *query = NULL;

	if (!OidIsValid(relid) || (get_rel_relkind(relid) != RELKIND_RELATION &&
							   get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE) ||
		!settle_argument(call->args, 1, kind, &by_system) ||
		!settle_argument(call->args, 2, kind, &by_valid))
		return NULL;
	rel = table_open(relid, AccessShareLock);
	if (tsm_delta_find(relid) != NULL &&
		(!by_valid || list_length(tsm_temporal_periods(relid)) == 1))
		query = tsm_temporal_read_query(rel, kind, by_system, by_valid);
	table_close(rel, NoLock);
	return query;
}

/* The same for find_documents: the path has to be known, since it decides by which operator it is asked. */
static char *
find_query(FuncExpr *call)
{
	Node	   *store = linitial(call->args);
	Node	   *path = lsecond(call->args);
	bool		by_time;

	if (!IsA(store, Const) || ((Const *) store)->constisnull || !IsA(path, Const) ||
		((Const *) path)->constisnull || !settle_argument(call->args, 2, TSM_READ_FIND, &by_time))
		return NULL;
	return tsm_document_can_find(DatumGetObjectId(((Const *) store)->constvalue)) ?
		tsm_document_find_query(DatumGetObjectId(((Const *) store)->constvalue),
								DatumGetJsonPathP(((Const *) path)->constvalue), by_time) : NULL;
}

/* The subquery for a call; NULL when it has to stay a call. Arguments are changed for the good. */
static Query *
inline_call(FuncExpr *call, Inlining *inlining)
{
	TsmReadKind kind = kind_of(call->funcid);
	Oid			types[2] = {kind == TSM_READ_SNAPSHOT ? TEXTOID :
	kind == TSM_READ_FIND ? JSONPATHOID : TIMESTAMPTZOID, TIMESTAMPTZOID};
	Substitution substitution;
	char	   *text;
	List	   *queries;
	Query	   *query;

	if (kind == TSM_READ_NONE || list_length(call->args) != 3 ||
		contain_volatile_functions((Node *) call->args) || contain_subplans((Node *) call->args) ||
		tsm_function_aclcheck(call->funcid, GetUserId()) != ACLCHECK_OK)
		return NULL;
	call = copyObject(call);
	text = kind == TSM_READ_FIND ? find_query(call) : call_query(call, kind);
	if (text == NULL)
		return NULL;
	queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)),
												 text, types, lengthof(types), NULL);
	query = linitial_node(Query, queries);
	inlining->row_security |= query->hasRowSecurity;
	substitution.arguments = call->args;
	substitution.sublevels_up = 1;
	return (Query *) query_tree_mutator(query, substitute_mutator, &substitution, 0);
}

static bool
differs_walker(Node *node, ColumnSearch *search)
{
	Var		   *var = (Var *) node;
	bool		found;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		search->sublevels_up++;
		found = query_tree_walker((Query *) node, differs_walker, search, 0);
		search->sublevels_up--;
		return found;
	}
	if (IsA(node, Var))
		return var->varno == (int) search->entry &&
			(int) var->varlevelsup == search->sublevels_up && var->varattno > 0 &&
			(var->varattno > list_length(search->columns) ||
			 exprType((Node *) list_nth_node(TargetEntry, search->columns,
											 var->varattno - 1)->expr) != var->vartype);
	return expression_tree_walker(node, differs_walker, search);
}

/*
 * Whether a query means by the columns of an entry what the subquery has. A
 * prepared statement that calls the function is not analyzed anew when the
 * table's columns change; the call then reports it.
 */
static bool
columns_agree(Query *query, Index entry, Query *subquery)
{
	ColumnSearch search = {entry, 0, subquery->targetList};

	return !query_tree_walker(query, differs_walker, &search, 0);
}

/* Calls in the FROM of one query. */
static void
inline_entries(Query *query, Inlining *inlining)
{
	ListCell   *cell;
	Index		entry = 0;

	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);
		RangeTblFunction *function;
		Query	   *subquery;

		entry++;
		if (rte->rtekind != RTE_FUNCTION || rte->funcordinality ||
			list_length(rte->functions) != 1)
			continue;
		function = linitial_node(RangeTblFunction, rte->functions);
		if (!IsA(function->funcexpr, FuncExpr) || function->funccolnames != NIL ||
			kind_of(((FuncExpr *) function->funcexpr)->funcid) == TSM_READ_NONE)
			continue;
		/* Named and left out arguments are put in their places. */
		function->funcexpr = eval_const_expressions(inlining->root, function->funcexpr);
		subquery = inline_call((FuncExpr *) function->funcexpr, inlining);
		if (subquery == NULL || !columns_agree(query, entry, subquery))
			continue;
		/* The planner takes the expression away when it is done, as for those that it inlines. */
		rte->rtekind = RTE_SUBQUERY;
		rte->subquery = subquery;
		rte->security_barrier = false;
	}
}

static bool
inline_walker(Node *node, Inlining *inlining)
{
	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, inline_walker, inlining);
	check_stack_depth();
	inline_entries((Query *) node, inlining);
	return query_tree_walker((Query *) node, inline_walker, inlining, 0);
}

static PlannedStmt *
plan(Query *query, const char *text, int options, ParamListInfo params)
{
	Inlining	inlining = {NULL, false};
	TsmSessionTime time;
	PlannedStmt *result;

	/* A time of the session has its own say about the tables; the function minds it. */
	if (!tsm_session_active(&time))
	{
		inlining.root = makeNode(PlannerInfo);
		inlining.root->parse = query;
		inlining.root->glob = makeNode(PlannerGlobal);
		inlining.root->glob->boundParams = params;
		inlining.root->planner_cxt = CurrentMemoryContext;
		inlining.root->query_level = 1;
		(void) inline_walker((Node *) query, &inlining);
	}
	result = previous_planner != NULL ? previous_planner(query, text, options, params) :
		standard_planner(query, text, options, params);
	result->dependsOnRole |= inlining.row_security;
	return result;
}

void
tsm_temporal_inline_load(void)
{
	previous_planner = planner_hook;
	planner_hook = plan;
}
