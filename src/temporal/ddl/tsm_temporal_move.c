/*-------------------------------------------------------------------------
 *
 * tsm_temporal_move.c
 *	  Histories and generated objects follow the name and the schema of their
 *	  table; what would take rows of a versioned table away unseen is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "commands/alter.h"
#include "commands/tablecmds.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_session.h"

/*
 * The relation that the present command has renamed or moved. Its new name
 * would not do: another relation may come before it in search_path.
 */
static Oid
changed_relation(void)
{
	Oid			relid = InvalidOid;
	bool		null;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute("SELECT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c "
					"WHERE c.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass",
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the commands of an event trigger");
	if (SPI_processed > 0)
		relid = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
											   &null));
	SPI_finish();
	return relid;
}

static void
refuse_move(const char *what, const char *name, const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot %s \"%s\" alone", what, name),
			 errdetail("It belongs to system-versioned table \"%s\".", table),
			 errhint("Change the table; what belongs to it follows.")));
}

/* The function that a command names, when it is a generated one: refused. */
static void
check_function(ObjectType type, Node *object, const char *what)
{
	Oid			function = LookupFuncWithArgs(type, castNode(ObjectWithArgs, object), true);
	ListCell   *cell;

	if (!OidIsValid(function))
		return;
	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		if (list_member_oid(tsm_temporal_functions(table), function))
			refuse_move(what, get_func_name(function), get_rel_name(table->rel));
	}
}

static bool
is_function(ObjectType type)
{
	return type == OBJECT_FUNCTION || type == OBJECT_ROUTINE;
}

void
tsm_temporal_before_set_schema(const AlterObjectSchemaStmt *statement)
{
	TsmVersionedTable *table;
	ListCell   *cell;
	Oid			relid;

	if (is_function(statement->objectType))
		check_function(statement->objectType, statement->object, "move function");
	if (statement->relation == NULL)
		return;
	relid = RangeVarGetRelid(statement->relation, NoLock, true);
	if (!OidIsValid(relid))
		return;
	if (tsm_relation_ownercheck(relid, GetUserId()))
		tsm_temporal_lock_portions(relid);
	table = tsm_delta_find_by_history(relid);
	if (table != NULL)
		refuse_move("move history table", get_rel_name(relid), get_rel_name(table->rel));
	tsm_temporal_check_part_kept(relid, "move");
	if (get_rel_relkind(relid) != RELKIND_VIEW)
		return;
	foreach(cell, tsm_delta_list())
	{
		table = lfirst(cell);
		if (table->versions == relid)
			refuse_move("move view", get_rel_name(relid), get_rel_name(table->rel));
	}
}

void
tsm_temporal_before_rename_function(const RenameStmt *statement)
{
	if (is_function(statement->renameType))
		check_function(statement->renameType, statement->object, "rename function");
}

/*
 * After ALTER TABLE ... SET SCHEMA: history, view and functions go along. The
 * server has checked that the current user may create in the new schema.
 */
void
tsm_temporal_follow_schema(void)
{
	Oid			relid = changed_relation();
	TsmVersionedTable *table = tsm_delta_find(relid);
	ObjectAddresses *moved;
	List	   *functions;
	ListCell   *cell;
	Oid			schema;

	if (OidIsValid(relid))
	{
		tsm_temporal_move_portions(relid);
		tsm_session_move_sentinel(relid);
	}
	if (table == NULL)
		return;
	schema = get_rel_namespace(table->rel);
	moved = new_object_addresses();
	functions = tsm_temporal_functions(table);	/* they are found beside the view */
	(void) AlterObjectNamespace_oid(RelationRelationId, table->history, schema, moved);
	foreach(cell, tsm_delta_parts(table->history))
		(void) AlterObjectNamespace_oid(RelationRelationId, lfirst_oid(cell), schema, moved);
	if (get_rel_relkind(table->versions) == RELKIND_VIEW)
		(void) AlterObjectNamespace_oid(RelationRelationId, table->versions, schema, moved);
	foreach(cell, functions)
		(void) AlterObjectNamespace_oid(ProcedureRelationId, lfirst_oid(cell), schema, moved);
	free_object_addresses(moved);
	CommandCounterIncrement();
}

/* Rename a relation that has the name which the table's old name gave it. */
static void
rename_relation(Oid relid, const char *old_base, const char *new_base, const char *suffix)
{
	char	   *old_name = tsm_delta_make_name(old_base, suffix);
	char	   *new_name = tsm_delta_make_name(new_base, suffix);

	if (!OidIsValid(relid) || strcmp(get_rel_name(relid), old_name) != 0 ||
		strcmp(old_name, new_name) == 0)
		return;
	RenameRelationInternal(relid, new_name, true,
						   get_rel_relkind(relid) == RELKIND_INDEX);
	CommandCounterIncrement();
}

/* The index that was made for a history of the given name. */
static Oid
history_index(Oid history, const char *name)
{
	Oid			index = get_relname_relid(tsm_delta_make_name(name, "idx"),
										  get_rel_namespace(history));

	if (OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX &&
		IndexGetRelation(index, true) == history)
		return index;
	return InvalidOid;
}

/* RENAME of a table, as it goes on to its functions. */
typedef struct TableRename
{
	TsmVersionedTable *table;
	const char *old_name;
	const char *new_name;
} TableRename;

static void
rename_functions(void *arg)
{
	TableRename *rename = arg;

	tsm_temporal_rename_functions(rename->table, rename->old_name, rename->new_name);
}

/*
 * After ALTER TABLE ... RENAME TO: what has a name made from the table's
 * old one gets one made from the new. Nothing is made anew, so that views of
 * users over it stay. As owner of the extension: the table's owner need not
 * be allowed to create in the schema when someone else renames the table.
 */
void
tsm_temporal_follow_table_name(const RenameStmt *statement)
{
	Oid			relid = changed_relation();
	TableRename rename = {tsm_delta_find(relid), statement->relation->relname, statement->newname};
	TsmVersionedTable *table = rename.table;
	char	   *old_history;

	if (OidIsValid(relid))
		tsm_temporal_rename_portions(relid, rename.old_name, rename.new_name);
	if (OidIsValid(relid) && tsm_delta_find_by_history(relid) != NULL)
		tsm_delta_follow_name(relid, rename.old_name);
	if (table == NULL)
		return;
	old_history = get_rel_name(table->history);
	rename_relation(table->history, rename.old_name, rename.new_name, "history");
	rename_relation(history_index(table->history, old_history), old_history,
					get_rel_name(table->history), "idx");
	tsm_delta_follow_name(table->history, old_history);
	if (get_rel_relkind(table->versions) == RELKIND_VIEW)
		rename_relation(table->versions, rename.old_name, rename.new_name, "versions");
	tsm_delta_as_owner(tsm_temporal_owner(tsm_delta_own_relation("versioned_tables")),
					   rename_functions, &rename);
}

/* Whether a relation is dropped with the schemas of these names, or with what these roles own. */
static bool
is_dropped(Oid relid, const List *schemas, const List *roles)
{
	const ListCell *cell;
	char	   *schema = get_namespace_name(get_rel_namespace(relid));

	foreach(cell, schemas)
	{
		if (schema != NULL && strcmp(strVal(lfirst(cell)), schema) == 0)
			return true;
	}
	return roles != NIL && list_member_oid(roles, tsm_temporal_owner(relid));
}

/* 55000: a history would be dropped from another schema than its table's, and take that along. */
static void
check_histories(const List *schemas)
{
	ListCell   *cell;

	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		if (get_rel_relkind(table->rel) != '\0' && get_rel_relkind(table->history) != '\0' &&
			is_dropped(table->history, schemas, NIL) && !is_dropped(table->rel, schemas, NIL))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot drop history table \"%s\" of system-versioned table \"%s\"",
							get_rel_name(table->history), get_rel_name(table->rel)),
					 errhint("End the versioning first, with tsmem.drop_system_versioning.")));
	}
}

/*
 * 55000: partitions of a versioned table would be dropped, and the table
 * not. Their rows would leave no version.
 */
static void
check_partitions(const List *schemas, const List *roles)
{
	ListCell   *cell;
	ListCell   *part;

	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		if (get_rel_relkind(table->rel) != RELKIND_PARTITIONED_TABLE ||
			is_dropped(table->rel, schemas, roles))
			continue;
		foreach(part, find_all_inheritors(table->rel, NoLock, NULL))
		{
			if (get_rel_relkind(lfirst_oid(part)) != '\0' &&
				is_dropped(lfirst_oid(part), schemas, roles))
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("cannot drop partition \"%s\" of system-versioned table \"%s\"",
								get_rel_name(lfirst_oid(part)), get_rel_name(table->rel)),
						 errdetail("Its rows would leave no version."),
						 errhint("End the versioning first, with tsmem.drop_system_versioning.")));
		}
	}
}

/* Without the extension histories are ordinary tables, which can be dropped alone. */
static void
release_histories(void)
{
	ListCell   *cell;

	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		deleteDependencyRecordsForSpecific(RelationRelationId, table->history,
										   DEPENDENCY_INTERNAL, RelationRelationId, table->rel);
	}
	CommandCounterIncrement();
}

void
tsm_temporal_before_drop_many(const DropStmt *statement)
{
	ListCell   *cell;

	if (statement->removeType != OBJECT_EXTENSION &&
		(statement->removeType != OBJECT_SCHEMA || statement->behavior != DROP_CASCADE))
		return;
	if (statement->removeType == OBJECT_SCHEMA)
	{
		check_partitions(statement->objects, NIL);
		check_histories(statement->objects);
	}
	/* What is undone here comes back when the command fails. */
	foreach(cell, statement->objects)
	{
		if (strcmp(strVal(lfirst(cell)), "tsmem") == 0)
		{
			tsm_delta_release_stores();
			release_histories();
			tsm_temporal_drop_all_portions();
		}
	}
}

void
tsm_temporal_before_drop_owned(const DropOwnedStmt *statement)
{
	List	   *roles = NIL;
	ListCell   *cell;

	foreach(cell, statement->roles)
		roles = lappend_oid(roles, get_rolespec_oid(lfirst(cell), true));
	check_partitions(NIL, roles);
}
