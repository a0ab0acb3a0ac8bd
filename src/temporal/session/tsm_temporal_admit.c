/*-------------------------------------------------------------------------
 *
 * tsm_temporal_admit.c
 *	  Session-wide AS OF: the hooks of planner and executor.
 *
 * The planner hook rewrites. The others see to it that nothing gets by: a
 * table that reaches the planner unmarked is refused, and so is a plan that
 * was made for another time than the one in force when it starts. An error is
 * raised rather than a row of the wrong time given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "tcop/pquery.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

static planner_hook_type previous_planner = NULL;
static get_relation_info_hook_type previous_relation_info = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;

/* The statement under way was begun before the library was there. */
static bool loaded_by_statement = false;

void
tsm_session_statement_begins(void)
{
	loaded_by_statement = false;
}

/*
 * Whether it is a query of the server's foreign keys: they check, and cascade
 * in, the present. Only they run with that flag; their shape keeps triggers
 * out that a cascade fires.
 */
static bool
is_foreign_key_query(const Query *query)
{
	if (!InNoForceRLSOperation() || query->hasSubLinks || query->cteList != NIL)
		return false;
	if (query->commandType == CMD_UPDATE || query->commandType == CMD_DELETE)
	{
		/* They say ONLY, which hardly anybody else does. */
		RangeTblEntry *rte = linitial_node(RangeTblEntry, query->rtable);

		return list_length(query->rtable) == 1 &&
			(!rte->inh || rte->relkind == RELKIND_PARTITIONED_TABLE);
	}
	return query->commandType == CMD_SELECT && list_length(query->rowMarks) == 1 &&
		linitial_node(RowMarkClause, query->rowMarks)->strength == LCS_FORKEYSHARE;
}

static PlannedStmt *
call_planner(Query *query, const char *text, int options, ParamListInfo params)
{
	if (previous_planner != NULL)
		return previous_planner(query, text, options, params);
	return standard_planner(query, text, options, params);
}

static PlannedStmt *
plan(Query *query, const char *text, int options, ParamListInfo params)
{
	PlannerGlobal *glob;
	PlannedStmt *result;
	TsmSessionTime time;

	loaded_by_statement = false;
	/* A worker has the settings, but knows neither that they are suspended nor which policies were met. */
	if (tsm_session_suspended() || tsm_session_may_ask_policy(query))
		options &= ~CURSOR_OPT_PARALLEL_OK;
	if (!tsm_session_active(&time) || is_foreign_key_query(query))
		return call_planner(query, text, options, params);
	glob = makeNode(PlannerGlobal);
	glob->boundParams = params;
	if (!tsm_session_rewrite(query, &time, glob))
		options &= ~CURSOR_OPT_PARALLEL_OK;
	result = call_planner(query, text, options, params);
	/* What the functions that were inlined here depend on. */
	result->invalItems = list_concat(result->invalItems, glob->invalItems);
	result->dependsOnRole |= glob->dependsOnRole;
	return result;
}

/* It has not gone through the planner hook: because it was planned, in part, before there was one. */
static void
refuse_statement(Oid relid, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" cannot be %s as of another time by this statement",
					get_rel_name(relid), what),
			 loaded_by_statement ?
			 errdetail("%s was set before tsmem was loaded, and this statement has loaded it.",
					   tsm_session_setting()) : 0,
			 errhint("Repeat the statement. To load tsmem with each session call tsmem.enable_session_preload().")));
}

static void
check_relation(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	TsmSessionTime time;

	if (previous_relation_info != NULL)
		previous_relation_info(root, relid, inhparent, rel);
	if (tsm_session_active(&time) && !is_foreign_key_query(root->parse) &&
		tsm_session_is_unmarked(planner_rt_fetch(rel->relid, root), &time))
		refuse_statement(relid, "read");
}

void
tsm_session_refuse_late_change(Oid relid)
{
	TsmSessionTime time;

	if (loaded_by_statement && tsm_session_active(&time))
		refuse_statement(relid, "changed");
}

/* 55000 when an entry of a plan was not made for the time in force. */
static void
check_entry(const RangeTblEntry *rte, bool active, const TsmSessionTime *time)
{
	if (rte->rtekind != RTE_RELATION)
		return;
	if (rte->ctename == NULL)
	{
		if (!active || !tsm_session_is_unmarked(rte, time))
			return;
	}
	else if (strncmp(rte->ctename, TSM_MARK_PREFIX, strlen(TSM_MARK_PREFIX)) != 0 ||
			 strcmp(rte->ctename, TSM_MARK_PRESENT) == 0)
		return;
	else if (active && strcmp(rte->ctename, tsm_session_mark()) == 0)
	{
		tsm_session_check_role(rte->relid);
		return;
	}
	ResetPlanCache();			/* so that the statement can be repeated */
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the plan for table \"%s\" was made for another time", get_rel_name(rte->relid)),
			 errhint("Set the time in a statement of its own, and repeat this one.")));
}

static void
executor_start(QueryDesc *query_desc, int flags)
{
	/* A worker runs a plan that was checked; foreign keys are of the present. */
	if (!IsParallelWorker() && !InNoForceRLSOperation())
	{
		TsmSessionTime time;
		bool		active = tsm_session_active(&time);
		ListCell   *cell;

		foreach(cell, query_desc->plannedstmt->rtable)
			check_entry(lfirst_node(RangeTblEntry, cell), active, &time);
	}
	if (previous_executor_start != NULL)
		previous_executor_start(query_desc, flags);
	else
		standard_ExecutorStart(query_desc, flags);
}

void
tsm_session_load(void)
{
	tsm_session_define();
	loaded_by_statement = tsm_session_is_set() && IsUnderPostmaster;

	previous_planner = planner_hook;
	planner_hook = plan;
	previous_relation_info = get_relation_info_hook;
	get_relation_info_hook = check_relation;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	tsm_session_load_policy();
	tsm_session_load_command();
	ResetPlanCache();			/* plans that were made without the hooks */
}
