/*-------------------------------------------------------------------------
 *
 * tsm_temporal_command.c
 *	  Session-wide AS OF: commands that the planner does not see.
 *
 * While a time is set, a command passes when it reads (through the planner),
 * concerns the session alone, or makes or changes what the time does not
 * concern. All others are refused. Maintenance runs in the present. COPY of a
 * table that the time concerns becomes COPY of a query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_session.h"

static ProcessUtility_hook_type previous_utility = NULL;

/* What becomes of a command. */
typedef enum Verdict
{
	VERDICT_PASS,
	VERDICT_PRESENT,			/* run in the present */
	VERDICT_COPY,				/* COPY of a table: look at it */
	VERDICT_REFUSE
} Verdict;

static void
refuse_command(const Node *command)
{
	ereport(ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("cannot execute %s while %s is set",
					GetCommandTagName(CreateCommandTag(unconstify(Node *, command))),
					tsm_session_setting())));
}

static void
check_tables(const List *names, const TsmSessionTime *time)
{
	const ListCell *cell;

	foreach(cell, names)
	{
		Oid			relid = RangeVarGetRelid(lfirst_node(RangeVar, cell), NoLock, true);

		if (OidIsValid(relid))
			tsm_session_refuse_change(relid, time);
	}
}

/* TRUNCATE empties what inherits from its tables, and with CASCADE what refers to them. */
static void
check_truncate(const TruncateStmt *truncate, const TsmSessionTime *time)
{
	List	   *relids = NIL;
	ListCell   *cell;

	foreach(cell, truncate->relations)
	{
		RangeVar   *name = lfirst(cell);
		Oid			relid = RangeVarGetRelid(name, NoLock, true);

		if (OidIsValid(relid))
			relids = list_concat(relids, name->inh ? find_all_inheritors(relid, NoLock, NULL) :
								 list_make1_oid(relid));
	}
	if (truncate->behavior == DROP_CASCADE)
	{
		List	   *referring = heap_truncate_find_FKs(relids);

		while (referring != NIL)
		{
			relids = list_concat(relids, referring);
			referring = heap_truncate_find_FKs(relids);
		}
	}
	foreach(cell, relids)
		tsm_session_refuse_change(lfirst_oid(cell), time);
}

/* DROP of tables: each must be none that the time concerns. Other things that may go are listed. */
static Verdict
judge_drop(const DropStmt *drop, const TsmSessionTime *time)
{
	List	   *tables = NIL;
	ListCell   *cell;

	switch (drop->removeType)
	{
		case OBJECT_TABLE:
			foreach(cell, drop->objects)
				tables = lappend(tables, makeRangeVarFromNameList(lfirst(cell)));
			check_tables(tables, time);
			return VERDICT_PASS;
		case OBJECT_VIEW:
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_SEQUENCE:
			return VERDICT_PASS;
		default:
			return VERDICT_REFUSE;
	}
}

/* A materialized view would keep what it is not said to show. */
static Verdict
judge_create_as(const CreateTableAsStmt *create)
{
	return create->objtype == OBJECT_MATVIEW ? VERDICT_REFUSE : VERDICT_PASS;
}

/*
 * A backup of another time than it says helps nobody. pg_dump locks each table
 * first, and reads them from their beginning, which nobody else asks for.
 */
static Verdict
judge_lock(void)
{
	if (!synchronize_seqscans)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot dump while %s is set", tsm_session_setting()),
				 errhint("Run pg_dump with PGOPTIONS=\"-c %s=\".", tsm_session_setting())));
	return VERDICT_PASS;
}

/* Commands that name tables. */
static Verdict
judge_definition(const Node *command, const TsmSessionTime *time)
{
	switch (nodeTag(command))
	{
		case T_CreateStmt:
			check_tables(((const CreateStmt *) command)->inhRelations, time);
			return VERDICT_PASS;
		case T_IndexStmt:
			check_tables(list_make1(((const IndexStmt *) command)->relation), time);
			return VERDICT_PASS;
		case T_TruncateStmt:
			check_truncate((const TruncateStmt *) command, time);
			return VERDICT_PASS;
		case T_DropStmt:
			return judge_drop((const DropStmt *) command, time);
		case T_CreateTableAsStmt:
			return judge_create_as((const CreateTableAsStmt *) command);
		case T_CopyStmt:
			return ((const CopyStmt *) command)->relation != NULL ? VERDICT_COPY : VERDICT_PASS;
		case T_LockStmt:
			return judge_lock();
		case T_ViewStmt:
		case T_CreateFunctionStmt:
			return VERDICT_PASS;
		default:
			return VERDICT_REFUSE;
	}
}

static Verdict
judge(const Node *command, const TsmSessionTime *time)
{
	switch (nodeTag(command))
	{
			/* of the session */
		case T_TransactionStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_DiscardStmt:
		case T_ConstraintsSetStmt:
		case T_LoadStmt:
		case T_ListenStmt:
		case T_UnlistenStmt:
		case T_NotifyStmt:
		case T_AlterRoleSetStmt:
		case T_AlterDatabaseSetStmt:
			/* planned later */
		case T_DeclareCursorStmt:
		case T_FetchStmt:
		case T_ClosePortalStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_ExplainStmt:
		case T_DoStmt:
		case T_CallStmt:
			return VERDICT_PASS;
			/* maintenance */
		case T_VacuumStmt:
		case T_ReindexStmt:
		case T_ClusterStmt:
		case T_CheckPointStmt:
			return VERDICT_PRESENT;
		default:
			return judge_definition(command, time);
	}
}

/* A list of columns as the targets of a SELECT. */
static List *
make_targets(const List *names)
{
	List	   *targets = NIL;
	const ListCell *cell;

	foreach(cell, names)
	{
		ColumnRef  *column = makeNode(ColumnRef);
		ResTarget  *target = makeNode(ResTarget);

		column->fields = list_make1(makeString(pstrdup(strVal(lfirst(cell)))));
		column->location = target->location = -1;
		target->val = (Node *) column;
		targets = lappend(targets, target);
	}
	return targets;
}

/* The columns that COPY writes without a list: neither dropped nor generated. */
static List *
copied_columns(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *names = NIL;
	int			i;

	for (i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), i);

		if (!column->attisdropped && column->attgenerated == '\0')
			names = lappend(names, makeString(pstrdup(NameStr(column->attname))));
	}
	table_close(rel, NoLock);
	return names;
}

/* COPY table TO does not plan: it becomes COPY (SELECT columns FROM table) TO. */
static void
copy_query_instead(CopyStmt *copy, Oid relid)
{
	SelectStmt *select = makeNode(SelectStmt);

	/* Of itself alone, but a partitioned table has its rows in others. */
	copy->relation->inh = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	select->fromClause = list_make1(copy->relation);
	select->targetList = make_targets(copy->attlist != NIL ? copy->attlist : copied_columns(relid));
	copy->query = (Node *) select;
	copy->relation = NULL;
	copy->attlist = NIL;
}

/* The statement to run for COPY of a table. */
static PlannedStmt *
judge_copy(PlannedStmt *statement, const TsmSessionTime *time)
{
	CopyStmt   *copy = (CopyStmt *) statement->utilityStmt;
	Oid			relid = RangeVarGetRelid(copy->relation, copy->is_from ? NoLock : AccessShareLock,
										 false);

	if (copy->is_from)
	{
		tsm_session_refuse_change(relid, time);
		return statement;
	}
	if (!tsm_session_concerns(relid, time))
		return statement;
	statement = copyObject(statement);
	copy_query_instead((CopyStmt *) statement->utilityStmt, relid);
	return statement;
}

static void
call_utility(PlannedStmt *statement, const char *text, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			 DestReceiver *destination, QueryCompletion *completion)
{
	if (previous_utility != NULL)
		previous_utility(statement, text, read_only_tree, context, params, environment,
						 destination, completion);
	else
		standard_ProcessUtility(statement, text, read_only_tree, context, params, environment,
								destination, completion);
}

/* The same with the time suspended. */
static void
call_in_present(PlannedStmt *statement, const char *text, bool read_only_tree,
				ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *destination, QueryCompletion *completion)
{
	tsm_session_suspend();
	PG_TRY();
	{
		call_utility(statement, text, read_only_tree, context, params, environment, destination,
					 completion);
	}
	PG_FINALLY();
	{
		tsm_session_resume();
	}
	PG_END_TRY();
}

/*
 * Outside of a transaction nothing can be looked up, and little be run. Parts
 * of a command pass with it.
 */
static bool
must_be_judged(const Node *command, ProcessUtilityContext context, TsmSessionTime *time)
{
	return tsm_session_is_set() && IsTransactionState() && context != PROCESS_UTILITY_SUBCOMMAND &&
		!IsA(command, TransactionStmt) && tsm_session_active(time);
}

static void
run_command(PlannedStmt *statement, const char *text, bool read_only_tree,
			ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			DestReceiver *destination, QueryCompletion *completion)
{
	Verdict		verdict = VERDICT_PASS;
	TsmSessionTime time;

	tsm_session_statement_begins();
	if (must_be_judged(statement->utilityStmt, context, &time))
		verdict = judge(statement->utilityStmt, &time);
	if (verdict == VERDICT_REFUSE)
		refuse_command(statement->utilityStmt);
	if (verdict == VERDICT_COPY)
		statement = judge_copy(statement, &time);
	(verdict == VERDICT_PRESENT ? call_in_present : call_utility)
		(statement, text, read_only_tree, context, params, environment, destination, completion);
}

void
tsm_session_load_command(void)
{
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = run_command;
}
