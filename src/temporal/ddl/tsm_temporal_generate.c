/*-------------------------------------------------------------------------
 *
 * tsm_temporal_generate.c
 *	  The functions and the view through which a table is read as of
 *	  another time.
 *
 * All have one shape: SELECT ... FROM (table UNION ALL history) u WHERE ... .
 * The arms carry no WHERE of their own, so that the planner flattens the
 * union and pushes the caller's conditions, joins included, into the indexes
 * of both. Bodies are parsed when they are made (BEGIN ATOMIC): no search_path
 * can turn their names, and a renamed table is followed.
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
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

/* The generated functions; the arguments of each are of one type. */
typedef struct GeneratedFunction
{
	const char *suffix;
	const char *arguments;
	Oid			argument_type;
	int			argument_count;
	const char *comment;
} GeneratedFunction;

static const GeneratedFunction generated[] = {
	{"as_of", "system_time timestamptz", TIMESTAMPTZOID, 1, "rows as they were at a system time"},
	{"from_to", "from_time timestamptz, to_time timestamptz", TIMESTAMPTZOID, 2,
	"versions that existed in [from_time, to_time); none when the bounds are reversed"},
	{"between", "from_time timestamptz, to_time timestamptz", TIMESTAMPTZOID, 2,
	"versions that existed in [from_time, to_time]; none when the bounds are reversed"},
	{"between_symmetric", "from_time timestamptz, to_time timestamptz", TIMESTAMPTZOID, 2,
	"versions that existed between two times, in whichever order they are given"},
	{"as_of_snapshot", "token text", TEXTOID, 1, "rows as a snapshot saw them"},
};

/* Conditions of the functions that read the view of versions, in the order above; the others give rows of the table. */
static const char *const version_conditions[] = {
	NULL,
	"v.row_start < $2 AND v.row_end > $1 AND $1 < $2",
	"v.row_start <= $2 AND v.row_end > $1 AND $1 <= $2",
	"v.row_start <= GREATEST($1, $2) AND v.row_end > LEAST($1, $2) "
	"AND $1 IS NOT NULL AND $2 IS NOT NULL",
	NULL,
};

/* The earliest time that they read. */
static const char *const earliest[] = {"$1", "$1", "$1", "LEAST($1, $2)", NULL};

/* The columns of a table, quoted, each after the prefix. */
static char *
column_list(Relation rel, const char *prefix)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped)
			appendStringInfo(&list, "%s%s%s", list.len > 0 ? ", " : "", prefix,
							 quote_identifier(NameStr(attribute->attname)));
	}
	return list.data;
}

char *
tsm_temporal_all_versions(Relation rel, const List *histories)
{
	char	   *columns = column_list(rel, "c.");
	StringInfoData query;
	const ListCell *cell;

	initStringInfo(&query);
	appendStringInfo(&query, "(SELECT %s, 'infinity'::pg_catalog.timestamptz AS row_end, "
					 "NULL::pg_catalog.xid8 AS row_end_xid FROM %s c",
					 columns, tsm_delta_relation_name(RelationGetRelid(rel)));
	foreach(cell, histories)
		appendStringInfo(&query, " UNION ALL SELECT %s, c.row_end, c.row_end_xid FROM %s c", columns,
						 tsm_delta_relation_name(lfirst_oid(cell)));
	appendStringInfoString(&query, ") u");
	return query.data;
}

static void
make_view(Relation rel, TsmVersionedTable *table, const char *name)
{
	Oid			namespace = RelationGetNamespace(rel);
	char	   *qualified = quote_qualified_identifier(get_namespace_name(namespace), name);

	tsm_delta_execute("CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s, u.row_end, "
					  "tstzrange(u.row_start, nullif(u.row_end, 'infinity'::timestamptz)) "
					  "AS sys_period FROM %s",
					  qualified, column_list(rel, "u."), tsm_temporal_all_versions(rel, list_make1_oid(table->history)));
	tsm_delta_execute("COMMENT ON VIEW %s IS %s", qualified,
					  quote_literal_cstr(psprintf("all versions of the rows of %s",
												  quote_identifier(RelationGetRelationName(rel)))));
	table->versions = get_relname_relid(name, namespace);
}

/* Whether the view of versions is there; its owner may have dropped it. */
static bool
has_view(const TsmVersionedTable *table)
{
	return OidIsValid(table->versions) && get_rel_relkind(table->versions) == RELKIND_VIEW;
}

/* The OID of the function that has the name of a generated one, beside the view, or the history: the table moves first. */
static Oid
named_function(const TsmVersionedTable *table, int which)
{
	Oid			beside = has_view(table) ? table->versions : table->history;
	Oid			arguments[2] = {generated[which].argument_type, generated[which].argument_type};
	oidvector  *vector = buildoidvector(arguments, generated[which].argument_count);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(list_nth(table->functions, which)),
						   PointerGetDatum(vector),
						   ObjectIdGetDatum(get_rel_namespace(beside)));
}

/* Make one object depend on the table; a second call changes nothing. */
static void
bind_object(Oid class, Oid object, Oid rel, DependencyType type)
{
	ObjectAddress depender;
	ObjectAddress referenced;

	if (!OidIsValid(object))
		return;
	ObjectAddressSet(depender, class, object);
	ObjectAddressSet(referenced, RelationRelationId, rel);
	deleteDependencyRecordsForSpecific(class, object, type, RelationRelationId, rel);
	recordDependencyOn(&depender, &referenced, type);
}

/*
 * The condition that a version is one of those that $1, a time or a token,
 * asks for. The planner folds _loaded() before it makes paths, and so has loaded
 * the library that offers the history scan, in the first statement of a session too.
 */
static char *
version_condition(Relation rel, Oid argument_type)
{
	if (argument_type == TEXTOID)
		return tsm_temporal_seen_condition(RelationGetRelid(rel), "$1");
	return psprintf("u.row_start <= $1 AND u.row_end > $1 AND %s AND tsmem._loaded()",
					tsm_temporal_horizon_condition(RelationGetRelid(rel), "$1"));
}

static void
make_function(Relation rel, TsmVersionedTable *table, int which)
{
	char	   *name = tsm_delta_make_name(RelationGetRelationName(rel), generated[which].suffix);
	char	   *qualified = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
													   name);
	char	   *versions = tsm_delta_relation_name(table->versions);
	const char *base = tsm_delta_relation_name(RelationGetRelid(rel));
	StringInfoData body;

	initStringInfo(&body);
	if (version_conditions[which] == NULL)
		appendStringInfo(&body, "SELECT %s FROM %s WHERE %s", column_list(rel, "u."),
						 tsm_temporal_all_versions(rel, list_make1_oid(table->history)),
						 version_condition(rel, generated[which].argument_type));
	else
		appendStringInfo(&body, "SELECT v.* FROM %s v WHERE %s AND %s", versions,
						 version_conditions[which],
						 tsm_temporal_horizon_condition(table->rel, earliest[which]));
	tsm_delta_execute("CREATE FUNCTION %s(%s) RETURNS SETOF %s "
					  "LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC %s; END",
					  qualified, generated[which].arguments,
					  version_conditions[which] == NULL ? base : versions, body.data);
	tsm_delta_execute("COMMENT ON FUNCTION %s(%s) IS %s", qualified, generated[which].arguments,
					  quote_literal_cstr(generated[which].comment));
	table->functions = lappend(table->functions, name);
	bind_object(ProcedureRelationId, named_function(table, which), table->rel, DEPENDENCY_AUTO);
}

void
tsm_temporal_generate(TsmVersionedTable *table)
{
	Relation	rel = table_open(table->rel, AccessShareLock);
	int			i;

	make_view(rel, table, tsm_delta_make_name(RelationGetRelationName(rel), "versions"));
	table->functions = NIL;
	for (i = 0; i < lengthof(generated); i++)
		make_function(rel, table, i);
	table_close(rel, NoLock);
}

/* Whether a function was made to go with the table. */
static bool
is_bound(Oid function, Oid rel)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(function));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		found = form->refclassid == RelationRelationId && form->refobjid == rel &&
			form->deptype == DEPENDENCY_AUTO;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

/*
 * The OID of a generated function, by its place in the list; InvalidOid when
 * it is gone. They are known by name, so one of somebody else that has the
 * name by chance is told apart: by what it goes with or, where no trigger
 * has seen the registration, by its owner.
 */
static Oid
function_oid(const TsmVersionedTable *table, int which)
{
	Oid			function = named_function(table, which);
	HeapTuple	tuple;
	Oid			owner;

	if (!OidIsValid(function))
		return InvalidOid;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	if (owner != tsm_temporal_owner(table->rel) && !is_bound(function, table->rel))
		return InvalidOid;
	return function;
}

List *
tsm_temporal_functions(const TsmVersionedTable *table)
{
	List	   *functions = NIL;
	int			i;

	for (i = 0; i < list_length(table->functions); i++)
	{
		Oid			function = function_oid(table, i);

		if (OidIsValid(function))
			functions = lappend_oid(functions, function);
	}
	return functions;
}

void
tsm_temporal_rename_functions(TsmVersionedTable *table, const char *old_base, const char *new_base)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < list_length(table->functions); i++)
	{
		char	   *name = list_nth(table->functions, i);
		char	   *new_name = tsm_delta_make_name(new_base, generated[i].suffix);
		Oid			function = function_oid(table, i);

		if (strcmp(name, tsm_delta_make_name(old_base, generated[i].suffix)) != 0)
			new_name = name;
		else if (OidIsValid(function))
			tsm_delta_execute("ALTER FUNCTION %s(%s) RENAME TO %s",
							  quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
														 name),
							  generated[i].arguments, quote_identifier(new_name));
		names = lappend(names, new_name);
	}
	table->functions = names;
	tsm_delta_update(table);
}

void
tsm_temporal_drop_generated(TsmVersionedTable *table)
{
	ObjectAddresses *objects = new_object_addresses();
	ObjectAddress object;
	int			i;

	for (i = 0; i < list_length(table->functions); i++)
	{
		ObjectAddressSet(object, ProcedureRelationId, function_oid(table, i));
		if (OidIsValid(object.objectId))
			add_exact_object_address(&object, objects);
	}
	ObjectAddressSet(object, RelationRelationId, table->versions);
	if (has_view(table))
		add_exact_object_address(&object, objects);
	performMultipleDeletions(objects, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	free_object_addresses(objects);
	table->functions = NIL;
	table->versions = InvalidOid;
}

void
tsm_temporal_give_generated(const TsmVersionedTable *table, Oid owner)
{
	const char *role = quote_identifier(GetUserNameFromId(owner, false));
	int			i;

	tsm_session_give_sentinel(table->rel, owner);
	if (has_view(table))
		tsm_delta_execute("ALTER VIEW %s OWNER TO %s", tsm_delta_relation_name(table->versions),
						  role);
	for (i = 0; i < list_length(table->functions); i++)
	{
		Oid			function = function_oid(table, i);

		if (OidIsValid(function))
			tsm_delta_execute("ALTER FUNCTION %s(%s) OWNER TO %s",
							  quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
														 list_nth(table->functions, i)),
							  generated[i].arguments, role);
	}
}

void
tsm_temporal_bind(const TsmVersionedTable *table)
{
	int			i;

	/*
	 * The history cannot be dropped alone. The rest can, and must not be an
	 * internal part: DROP COLUMN ... CASCADE would then reach the table
	 * through them.
	 */
	bind_object(RelationRelationId, table->history, table->rel, DEPENDENCY_INTERNAL);
	if (has_view(table))
		bind_object(RelationRelationId, table->versions, table->rel, DEPENDENCY_AUTO);
	for (i = 0; i < list_length(table->functions); i++)
		bind_object(ProcedureRelationId, function_oid(table, i), table->rel, DEPENDENCY_AUTO);
	tsm_delta_bind_store(table->history);
}
