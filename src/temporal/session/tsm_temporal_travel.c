/*-------------------------------------------------------------------------
 *
 * tsm_temporal_travel.c
 *	  Session-wide AS OF: the walk over a query that is about to be planned.
 *
 * Every entry of a table that the time concerns is marked. Most are turned
 * into subqueries that read as of then; these stay as they are:
 *
 * - in policies of row-level security and in the checks of rows that are
 *   written: what is allowed is judged by the present;
 * - a table that a UNION ALL reads beside its own history: such a query
 *   (t_as_of, t_versions, tsmem.as_of) brings its own time.
 *
 * Set-returning SQL functions are inlined here first, as the planner would do
 * later: the tables in them would be missed otherwise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

typedef struct Travel
{
	const TsmSessionTime *time;
	PlannerGlobal *glob;
	bool		present;		/* within a policy */
	bool		calls_policy;	/* a policy calls functions; an output */
} Travel;

/* References of one query to entries that are to be converted. */
typedef struct References
{
	Query	   *query;
	Bitmapset  *entries;
	int			depth;
	bool		tableoid;
	bool		whole_row;
	bool		apply;			/* the second walk: turn them to the columns of the subquery */
} References;

static bool travel_walker(Node *node, Travel *travel);

/* How many columns a table has, dropped ones included. */
static AttrNumber
columns_of(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AttrNumber	natts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	natts = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return natts;
}

/*
 * System columns and whole rows. tableoid becomes a column of the subquery,
 * the others are refused; a whole row has to become one too beside it, or it
 * would have the tableoid in it.
 */
static void
look_at_var(Var *var, References *references)
{
	RangeTblEntry *rte;
	AttrNumber	natts;

	if (var->varlevelsup != references->depth || var->varattno > 0 ||
		!bms_is_member(var->varno, references->entries))
		return;
	rte = rt_fetch(var->varno, references->query->rtable);
	if (var->varattno < 0 && var->varattno != TableOidAttributeNumber)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("system columns of table \"%s\" other than tableoid cannot be read while %s is set",
						get_rel_name(rte->relid), tsm_session_setting())));
	if (var->varattno == 0)
		references->whole_row = true;
	else
		references->tableoid = true;
	if (!references->apply || !references->tableoid)
		return;
	natts = columns_of(rte->relid);
	var->varattno = var->varattno == 0 ? natts + 2 : natts + 1;
	var->varnosyn = 0;
	var->varattnosyn = 0;
}

static bool
reference_walker(Node *node, References *references)
{
	bool		result;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		look_at_var((Var *) node, references);
		return false;
	}
	if (!IsA(node, Query))
		return expression_tree_walker(node, reference_walker, references);
	references->depth++;
	result = query_tree_walker((Query *) node, reference_walker, references, 0);
	references->depth--;
	return result;
}

bool
tsm_session_is_unmarked(const RangeTblEntry *rte, const TsmSessionTime *time)
{
	if (rte->rtekind != RTE_RELATION || rte->ctename != NULL)
		return false;
	if (rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	return tsm_session_concerns(rte->relid, time);
}

void
tsm_session_refuse_change(Oid relid, const TsmSessionTime *time)
{
	if (tsm_session_concerns(relid, time))
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot change table \"%s\" while %s is set", get_rel_name(relid),
						tsm_session_setting())));
}

static void
refuse_writes(Query *query, const Travel *travel)
{
	ListCell   *cell;

	if (query->resultRelation != 0)
	{
		RangeTblEntry *rte = rt_fetch(query->resultRelation, query->rtable);

		if (rte->rtekind == RTE_RELATION)
			tsm_session_refuse_change(rte->relid, travel->time);
	}
	foreach(cell, query->rowMarks)
	{
		RangeTblEntry *rte = rt_fetch(lfirst_node(RowMarkClause, cell)->rti, query->rtable);

		if (tsm_session_is_unmarked(rte, travel->time))
			ereport(ERROR,
					(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
					 errmsg("cannot lock rows of table \"%s\" while %s is set",
							get_rel_name(rte->relid), tsm_session_setting())));
	}
}

/* Functions in FROM that are one query become subqueries. */
static void
inline_functions(Query *query, PlannerGlobal *glob)
{
	PlannerInfo *root = makeNode(PlannerInfo);
	ListCell   *cell;

	root->parse = query;
	root->glob = glob;
	root->planner_cxt = CurrentMemoryContext;
	root->query_level = 1;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);
		Query	   *body;

		if (rte->rtekind != RTE_FUNCTION)
			continue;
		rte->functions = (List *) eval_const_expressions(root, (Node *) rte->functions);
		body = inline_set_returning_function(root, rte);
		if (body == NULL)
			continue;
		/* The planner takes the expression away when it is done, as for those that it inlines. */
		rte->rtekind = RTE_SUBQUERY;
		rte->subquery = body;
		rte->security_barrier = false;
		rte->funcordinality = false;
	}
}

/* The tables of a query's arms, as entries. */
static List *
arm_entries(Query *query)
{
	List	   *entries = NIL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, query->rtable)
	{
		RangeTblEntry *arm = lfirst(cell);

		if (arm->rtekind != RTE_SUBQUERY)
			continue;
		foreach(inner, arm->subquery->rtable)
		{
			if (lfirst_node(RangeTblEntry, inner)->rtekind == RTE_RELATION)
				entries = lappend(entries, lfirst(inner));
		}
	}
	return entries;
}

/* Whether two lists of OIDs have one in common. */
static bool
have_common(const List *left, const List *right)
{
	const ListCell *cell;

	foreach(cell, left)
	{
		if (list_member_oid(right, lfirst_oid(cell)))
			return true;
	}
	return false;
}

static bool
is_union_all(Node *node)
{
	SetOperationStmt *operation = (SetOperationStmt *) node;

	return IsA(node, RangeTblRef) ||
		(operation->op == SETOP_UNION && operation->all && is_union_all(operation->larg) &&
		 is_union_all(operation->rarg));
}

/* Leave tables alone that a UNION ALL reads beside their histories. */
static void
keep_explicit_versions(Query *query)
{
	List	   *entries = arm_entries(query);
	List	   *histories = NIL;
	ListCell   *cell;

	foreach(cell, entries)
	{
		Oid			relid = lfirst_node(RangeTblEntry, cell)->relid;

		if (OidIsValid(tsm_session_history_of(relid)))
			histories = lappend_oid(histories, relid);
	}
	if (histories == NIL)
		return;
	foreach(cell, entries)
	{
		RangeTblEntry *rte = lfirst(cell);

		if (rte->ctename == NULL && have_common(tsm_session_table(rte->relid)->histories, histories))
			rte->ctename = pstrdup(TSM_MARK_PRESENT);
	}
}

/* Take the policies out of the entries of a query; a list for put_policies. */
static List *
take_policies(Query *query)
{
	List	   *taken = NIL;
	ListCell   *cell;

	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		taken = lappend(taken, rte->securityQuals);
		rte->securityQuals = NIL;
	}
	return taken;
}

static void
put_policies(Query *query, List *taken)
{
	ListCell   *cell;
	ListCell   *quals;

	forboth(cell, query->rtable, quals, taken)
		lfirst_node(RangeTblEntry, cell)->securityQuals = lfirst(quals);
}

/* Policies and row checks see the present; the rest of the query, the time. */
static void
walk_parts(Query *query, Travel *travel)
{
	Travel		policy = *travel;
	List	   *policies;
	List	   *checks = query->withCheckOptions;
	ListCell   *cell;

	policy.present = true;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		travel_walker((Node *) rte->securityQuals, &policy);
		travel->calls_policy |= tsm_session_note_policy((Node *) rte->securityQuals);
	}
	policies = take_policies(query);
	travel_walker((Node *) checks, &policy);
	travel->calls_policy |= tsm_session_note_policy((Node *) checks) || policy.calls_policy;
	query->withCheckOptions = NIL;

	query_tree_walker(query, travel_walker, travel, 0);

	query->withCheckOptions = checks;
	put_policies(query, policies);
}

/* Mark what stays as it is; the entries that do not. */
static Bitmapset *
choose_entries(Query *query, const Travel *travel)
{
	Bitmapset  *entries = NULL;
	Index		rti = 0;
	ListCell   *cell;

	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		rti++;
		if (rti == query->resultRelation || !tsm_session_is_unmarked(rte, travel->time))
			continue;
		/* ONLY of a partitioned table has no rows, and never had. */
		if (travel->present || (rte->relkind == RELKIND_PARTITIONED_TABLE && !rte->inh))
			rte->ctename = pstrdup(TSM_MARK_PRESENT);
		else
			entries = bms_add_member(entries, rti);
	}
	return entries;
}

static void
travel_query(Query *query, Travel *travel)
{
	References	references = {query, NULL, 0, false, false, false};
	TsmSessionExtras extras;
	int			rti = -1;

	check_stack_depth();
	refuse_writes(query, travel);
	inline_functions(query, travel->glob);
	if (query->setOperations != NULL && is_union_all(query->setOperations))
		keep_explicit_versions(query);
	walk_parts(query, travel);
	references.entries = choose_entries(query, travel);
	if (references.entries == NULL)
		return;
	query_tree_walker(query, reference_walker, &references, 0);
	extras.tableoid = references.tableoid;
	extras.whole_row = references.tableoid && references.whole_row;
	if (references.tableoid)
	{
		/* Policies go into the arms, where the columns are those of the table. */
		List	   *policies = take_policies(query);

		references.apply = true;
		query_tree_walker(query, reference_walker, &references, 0);
		put_policies(query, policies);
	}
	while ((rti = bms_next_member(references.entries, rti)) >= 0)
		tsm_session_convert(query, rti, travel->time, &extras);
}

static bool
travel_walker(Node *node, Travel *travel)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		travel_query((Query *) node, travel);
		return false;
	}
	return expression_tree_walker(node, travel_walker, travel);
}

bool
tsm_session_rewrite(Query *query, const TsmSessionTime *time, PlannerGlobal *glob)
{
	Travel		travel = {time, glob, false, false};

	travel_query(query, &travel);
	return !travel.calls_policy;
}
