/*-------------------------------------------------------------------------
 *
 * tsm_temporal_policy.c
 *	  Session-wide AS OF: the functions that policies call read the present.
 *
 * Who may see a row is decided by the rights of today, or a role that has
 * lost a right would get it back by setting a time. The rewrite sees to the
 * sublinks of a policy; a function that it calls runs queries of its own, so
 * the functions of each policy met are noted, and the server's hook around
 * function calls suspends the time while one of them runs. (That they are
 * noted also keeps the planner from inlining them.) They are never
 * forgotten: a function asked by a policy once reads the present in the whole
 * session, for its plans could not tell who calls it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "tsm_temporal_session.h"

static List *noted = NIL;		/* OIDs of functions, in TopMemoryContext */
static List *running = NIL;		/* FmgrInfos of those under way, outermost first, likewise */

static needs_fmgr_hook_type previous_needs_hook = NULL;
static fmgr_hook_type previous_fmgr_hook = NULL;

/*
 * Whether a function could read a table. An immutable one should not, but
 * only the author of a compiled function is believed.
 */
static bool
may_read(Oid function)
{
	HeapTuple	tuple;
	bool		compiled;

	if (function < FirstNormalObjectId)
		return false;
	if (func_volatile(function) != PROVOLATILE_IMMUTABLE)
		return true;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	compiled = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId ||
		((Form_pg_proc) GETSTRUCT(tuple))->prolang == INTERNALlanguageId;
	ReleaseSysCache(tuple);
	return !compiled;
}

/* Note a function that could read a table. */
static bool
note_function(Oid function, void *context)
{
	bool	   *found = context;
	MemoryContext old_context;

	if (!may_read(function))
		return false;
	*found = true;
	if (list_member_oid(noted, function))
		return false;
	old_context = MemoryContextSwitchTo(TopMemoryContext);
	noted = lappend_oid(noted, function);
	MemoryContextSwitchTo(old_context);
	ResetPlanCache();			/* its own plans may have been made for the time */
	return false;
}

static bool
note_walker(Node *node, bool *found)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, note_function, found);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_walker, found, 0);
	return expression_tree_walker(node, note_walker, found);
}

bool
tsm_session_note_policy(Node *qual)
{
	bool		found = false;

	(void) note_walker(qual, &found);
	return found;
}

static bool
may_read_too(Oid function, void *context)
{
	return may_read(function);
}

/* Finds a function that could read a table. */
static bool
reader_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, may_read_too, NULL))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, reader_walker, NULL, 0);
	return expression_tree_walker(node, reader_walker, NULL);
}

bool
tsm_session_may_ask_policy(Query *query)
{
	return noted != NIL && tsm_session_is_set() && reader_walker((Node *) query, NULL);
}

static bool
needs_hook(Oid function)
{
	if (noted != NIL && list_member_oid(noted, function))
		return true;
	return previous_needs_hook != NULL && previous_needs_hook(function);
}

static void
begin_call(FmgrInfo *flinfo)
{
	MemoryContext old_context;

	if (noted == NIL || !list_member_oid(noted, flinfo->fn_oid))
		return;
	old_context = MemoryContextSwitchTo(TopMemoryContext);
	running = lappend(running, flinfo);
	MemoryContextSwitchTo(old_context);
	tsm_session_suspend();
}

/* Calls end in the order in which they nest; one that was not begun here is not the last of ours. */
static void
end_call(FmgrInfo *flinfo)
{
	if (running == NIL || llast(running) != flinfo)
		return;
	running = list_delete_last(running);
	tsm_session_resume();
}

static void
around_call(FmgrHookEventType event, FmgrInfo *flinfo, Datum *argument)
{
	if (event == FHET_START)
	{
		if (previous_fmgr_hook != NULL)
			previous_fmgr_hook(event, flinfo, argument);
		begin_call(flinfo);
		return;
	}
	end_call(flinfo);
	if (previous_fmgr_hook != NULL)
		previous_fmgr_hook(event, flinfo, argument);
}

void
tsm_session_load_policy(void)
{
	previous_needs_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_hook;
	previous_fmgr_hook = fmgr_hook;
	fmgr_hook = around_call;
}
