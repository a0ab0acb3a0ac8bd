/*-------------------------------------------------------------------------
 *
 * tsm_temporal_sentinel.c
 *	  Session-wide AS OF: what loads the library in a session that reads a
 *	  table before anything of tsmem has been called.
 *
 * Until then SET tsmem.system_time sets a placeholder that means nothing, and
 * a statement would read the present without a word. So each table that a
 * time may concern has a statistics object over the expression
 * tsmem._awake(), which is constant: the planner simplifies it whenever it
 * looks at the table, and so calls the function, which loads the library. The
 * settings come alive, and the hook at the end of that same look
 * (get_relation_info_hook) refuses the table, which was not rewritten. The
 * statement can be repeated.
 *
 * ANALYZE passes the object over (its target is 0): estimates do not change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic_ext.h"
#include "commands/alter.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/lockdefs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_awake);

/* Names that are tried before it is given up to find a free one. */
#define MAX_NAMES 1000

/* _awake() → boolean: to be called is all it is for. */
Datum
tsm_temporal_awake(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/* Whether a statistics object is over the function. */
static bool
is_over(Oid statistics, Oid function)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(StatisticExtRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(statistics));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		found = form->refclassid == ProcedureRelationId && form->refobjid == function;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

/* The sentinels of a table: one, as a rule. */
static List *
sentinels_of(Oid relid)
{
	Oid			function = LookupFuncName(list_make2(makeString("tsmem"), makeString("_awake")), 0,
										  NULL, false);
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *sentinels = NIL;
	ListCell   *cell;

	foreach(cell, RelationGetStatExtList(rel))
	{
		if (is_over(lfirst_oid(cell), function))
			sentinels = lappend_oid(sentinels, lfirst_oid(cell));
	}
	table_close(rel, NoLock);
	return sentinels;
}

/* The qualified, quoted name of a statistics object. */
static char *
statistics_name(Oid statistics)
{
	HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(statistics));
	Form_pg_statistic_ext form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for statistics object %u", statistics);
	form = (Form_pg_statistic_ext) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->stxnamespace),
									  NameStr(form->stxname));
	ReleaseSysCache(tuple);
	return name;
}

/* A name for a sentinel that no statistics object of the schema has; NULL when there is none. */
static char *
free_name(const char *table, Oid namespace)
{
	int			i;

	for (i = 0; i < MAX_NAMES; i++)
	{
		char	   *name = tsm_delta_make_name(table, i == 0 ? "tsmem" : psprintf("tsmem%d", i));

		if (!SearchSysCacheExists2(STATEXTNAMENSP, CStringGetDatum(name), ObjectIdGetDatum(namespace)))
			return name;
	}
	return NULL;
}

void
tsm_session_make_sentinel(Oid relid)
{
	Oid			namespace = get_rel_namespace(relid);
	char	   *name;

	if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE ||
		!tsm_relation_ownercheck(relid, GetUserId()) ||
		tsm_namespace_aclcheck(namespace, GetUserId(), ACL_CREATE) != ACLCHECK_OK ||
		sentinels_of(relid) != NIL)
		return;
	name = free_name(get_rel_name(relid), namespace);
	if (name == NULL)
		return;
	name = quote_qualified_identifier(get_namespace_name(namespace), name);
	tsm_delta_execute("CREATE STATISTICS %s ON (tsmem._awake()) FROM %s", name,
					  tsm_delta_relation_name(relid));
	tsm_delta_execute("ALTER STATISTICS %s SET STATISTICS 0", name);
	tsm_delta_execute("COMMENT ON STATISTICS %s IS 'loads tsmem when the table is planned, before it is read as of another time'",
					  name);
}

void
tsm_session_drop_sentinel(Oid relid)
{
	ListCell   *cell;

	if (tsm_session_table(relid)->kind != TSM_KIND_PLAIN || tsm_temporal_periods(relid) != NIL)
		return;
	foreach(cell, sentinels_of(relid))
		tsm_delta_execute("DROP STATISTICS %s", statistics_name(lfirst_oid(cell)));
}

static void
unwatch(void *arg)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(*(Oid *) arg, AccessShareLock, NULL))
		tsm_session_drop_sentinel(lfirst_oid(cell));
}

static void
watch(void *arg)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(*(Oid *) arg, AccessShareLock, NULL))
	{
		Oid			member = lfirst_oid(cell);

		tsm_session_make_sentinel(member);
		tsm_session_give_sentinel(member, tsm_temporal_owner(member));
	}
}

void
tsm_session_watch(Oid relid)
{
	/* As the owner of the extension: a table's may not be one to create in its schema. */
	tsm_delta_as_owner(tsm_temporal_owner(tsm_delta_own_relation("periods")), watch, &relid);
}

void
tsm_session_follow(Oid relid)
{
	TsmSessionTable *table = tsm_session_table(relid);

	if (table->kind != TSM_KIND_PLAIN || table->periods != NIL)
		tsm_session_watch(relid);
}

void
tsm_session_unwatch(Oid relid)
{
	tsm_delta_as_owner(tsm_temporal_owner(relid), unwatch, &relid);
}

void
tsm_session_move_sentinel(Oid relid)
{
	Oid			namespace = get_rel_namespace(relid);
	ObjectAddresses *moved = new_object_addresses();
	ListCell   *cell;

	foreach(cell, sentinels_of(relid))
		(void) AlterObjectNamespace_oid(StatisticExtRelationId, lfirst_oid(cell), namespace, moved);
	free_object_addresses(moved);
}

void
tsm_session_give_sentinel(Oid relid, Oid owner)
{
	ListCell   *cell;

	foreach(cell, sentinels_of(relid))
		tsm_delta_execute("ALTER STATISTICS %s OWNER TO %s", statistics_name(lfirst_oid(cell)),
						  quote_identifier(GetUserNameFromId(owner, false)));
}
