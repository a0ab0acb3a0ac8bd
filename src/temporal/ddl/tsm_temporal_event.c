/*-------------------------------------------------------------------------
 *
 * tsm_temporal_event.c
 *	  Event triggers: commands that change versioned tables, their rights or
 *	  their policies.
 *
 * Before a command: what it would trip over is removed (generated functions
 * and view depend on columns), and what the history cannot follow is refused
 * (55000). After it: the history follows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_class.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_document.h"
#include "tsm_temporal_foreign.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_before_command);
PG_FUNCTION_INFO_V1(tsm_temporal_after_command);
PG_FUNCTION_INFO_V1(tsm_temporal_after_drop);
PG_FUNCTION_INFO_V1(tsm_temporal_adopt_registration);

/* The tables versioned by themselves at or below a table, or the one above that versions it. */
static List *
versioned_around(Oid relid)
{
	TsmVersionedTable *table = OidIsValid(relid) ? tsm_temporal_find(relid) : NULL;
	List	   *tables = NIL;
	ListCell   *cell;

	if (table != NULL)
		return list_make1(table);
	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return NIL;
	foreach(cell, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		table = tsm_delta_find(lfirst_oid(cell));
		if (table != NULL)
			tables = lappend(tables, table);
	}
	return tables;
}

static Oid
relation_of(RangeVar *name)
{
	return name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
}

/* 55000: the history would lose something, or the versioning would break. */
static void
refuse(Oid relid, const char *what, const char *name)
{
	bool		view = get_rel_relkind(relid) == RELKIND_VIEW;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(view ? "cannot %s \"%s\" of view \"%s\"" : "cannot %s \"%s\" of table \"%s\"",
					what, name, get_rel_name(relid)),
			 view ? errdetail("FOR PORTION OF needs it.") : errdetail("System versioning needs it."),
			 view ? errhint("Drop the view instead.") :
			 errhint("End the versioning first, with tsmem.drop_system_versioning.")));
}

/* A column that versions are told apart by, or that tsmem writes. */
static bool
is_needed(const TsmVersionedTable *table, const char *column)
{
	return strcmp(column, TSM_ROW_START) == 0 || strcmp(column, TSM_ROW_XID) == 0 ||
		tsm_temporal_name_in(table->key_columns, column);
}

static void
drop_generated(void *arg)
{
	TsmVersionedTable *table = arg;

	if (OidIsValid(table->versions) || table->functions != NIL)
	{
		tsm_temporal_drop_generated(table);
		tsm_delta_update(table);
	}
}

/* Before a column is dropped or changes its type: drop what was generated over it. */
static void
before_column_change(Oid relid)
{
	ListCell   *cell;

	foreach(cell, versioned_around(relid))
	{
		TsmVersionedTable *table = lfirst(cell);

		tsm_delta_as_owner(tsm_temporal_owner(table->rel), drop_generated, table);
	}
}

/* A dropped column keeps its values in the history, under a name that no new column will have. */
typedef struct ColumnDrop
{
	TsmVersionedTable *table;
	const char *column;
} ColumnDrop;

static void
retire_column(void *arg)
{
	ColumnDrop *drop = arg;
	char	   *name = tsm_delta_make_name(drop->column, "dropped");
	int			number = 1;

	while (get_attnum(drop->table->history, name) != InvalidAttrNumber)
		name = tsm_delta_make_name(drop->column, psprintf("dropped_%d", ++number));
	tsm_delta_execute("ALTER TABLE %s RENAME COLUMN %s TO %s",
					  tsm_delta_relation_name(drop->table->history),
					  quote_identifier(drop->column), quote_identifier(name));
	tsm_delta_follow_column_name(drop->table->history, drop->column, name);
	if (tsm_temporal_name_in(drop->table->excluded_columns, drop->column))
	{
		drop->table->excluded_columns =
			tsm_temporal_replace_name(drop->table->excluded_columns, drop->column, NULL);
		tsm_delta_update(drop->table);
	}
	/* No REVOKE on the table will reach the column. */
	tsm_temporal_copy_rights(drop->table);
}

static void
before_drop_column(TsmVersionedTable *table, const char *column)
{
	ColumnDrop	drop = {table, column};

	if (get_attnum(table->rel, column) == InvalidAttrNumber)
		return;					/* the server says so */
	if (is_needed(table, column))
		refuse(table->rel, "drop column", column);
	if (get_attnum(table->history, column) != InvalidAttrNumber)
		tsm_delta_as_owner(tsm_temporal_owner(table->rel), retire_column, &drop);
}

void
tsm_temporal_before_drop_column(Oid relid, const char *column)
{
	ListCell   *cell;

	foreach(cell, versioned_around(relid))
		before_drop_column(lfirst(cell), column);
	before_column_change(relid);
}

/* 42701: a column would take over what its history already has under that name. */
static void
check_new_name(const TsmVersionedTable *table, const char *column)
{
	static const char *const reserved[] = {TSM_ROW_END, TSM_ROW_END_XID, TSM_SYS_PERIOD};
	bool		taken = get_attnum(table->history, column) != InvalidAttrNumber;
	int			i;

	if (get_attnum(table->rel, column) != InvalidAttrNumber)
		return;					/* the server says so, or nothing is added */
	for (i = 0; i < lengthof(reserved); i++)
		taken |= strcmp(column, reserved[i]) == 0;
	if (taken)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" would collide with a column of its history",
						column, get_rel_name(table->rel)),
				 errdetail("A history has the columns of its versions and those that were dropped."),
				 errhint("Use another name for the column.")));
}

void
tsm_temporal_check_new_column(Oid relid, const char *column)
{
	ListCell   *cell;

	foreach(cell, versioned_around(relid))
		check_new_name(lfirst(cell), column);
}

/* One part of ALTER TABLE on a versioned table; true when the generated objects are in its way. */
static bool
before_alter_part(TsmVersionedTable *table, const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_DropColumn:
			before_drop_column(table, command->name);
			return true;
		case AT_AddColumn:
			check_new_name(table, ((ColumnDef *) command->def)->colname);
			return false;
		case AT_AlterColumnType:
			if (strcmp(command->name, TSM_ROW_START) == 0 || strcmp(command->name, TSM_ROW_XID) == 0)
				refuse(table->rel, "change the type of column", command->name);
			return true;
		case AT_SetUnLogged:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot make system-versioned table \"%s\" unlogged",
							get_rel_name(table->rel))));
			return false;
		case AT_DetachPartition:
			/* The rows would leave the table without leaving a version. */
			if (get_rel_relkind(table->rel) == RELKIND_PARTITIONED_TABLE)
				refuse(table->rel, "detach partition",
					   ((PartitionCmd *) command->def)->name->relname);
			return false;
		default:
			return false;
	}
}

/* 0A000: rows of a table that inherits would leave no versions, or be no former ones. */
static void
check_parent(RangeVar *parent)
{
	Oid			relid = relation_of(parent);

	if (OidIsValid(relid) && tsm_delta_find_by_history(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot inherit from history table \"%s\"", parent->relname)));
	if (OidIsValid(relid))
		tsm_temporal_check_part_kept(relid, "inherit from");
	if (OidIsValid(relid) && tsm_temporal_find(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot inherit from system-versioned table \"%s\"", parent->relname)));
}

/* A history's columns are those of its table, and it lasts. Through a parent its rows could be changed. */
static void
check_history_untouched(Oid relid, AlterTableType subtype)
{
	if (subtype == AT_AddInherit && tsm_delta_find_by_history(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("history table \"%s\" cannot inherit", get_rel_name(relid))));
	if (subtype != AT_AddColumn && subtype != AT_DropColumn && subtype != AT_AlterColumnType &&
		subtype != AT_SetUnLogged)
		return;
	if (tsm_delta_find_by_history(relid) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change the definition of history table \"%s\"", get_rel_name(relid)),
				 errhint("Change the versioned table; its history follows.")));
}

/* The registries are read with the columns that tsmem gave them (42501). */
static void
check_registry_untouched(Oid relid, AlterTableType subtype)
{
	if ((subtype == AT_AddColumn || subtype == AT_DropColumn || subtype == AT_AlterColumnType) &&
		!creating_extension && tsm_temporal_is_registry(relid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot change the columns of table \"%s\"", get_rel_name(relid)),
				 errdetail("\"%s\" is a table of extension \"tsmem\" itself.", get_rel_name(relid))));
}

/* A history, or what holds the folded part of one. */
static bool
is_history(Oid relid)
{
	return tsm_delta_find_by_history(relid) != NULL || OidIsValid(tsm_delta_history_of_part(relid));
}

/* Whether a trigger of that name is one of ours on a versioned table, a history or the view of a period. */
static bool
is_our_trigger(Oid relid, const char *name)
{
	return strncmp(name, "~tsmem_", 7) == 0 &&
		(tsm_temporal_find(relid) != NULL || is_history(relid) ||
		 tsm_temporal_period_of_view(relid) != NULL);
}

/*
 * The owner of a table cannot write without its triggers (42501). A superuser
 * can: pg_restore --disable-triggers does, which needs one.
 */
static void
check_triggers_kept(Oid relid, const AlterTableCmd *command)
{
	bool		ours = false;

	switch (command->subtype)
	{
		case AT_DisableTrig:
		case AT_EnableReplicaTrig:
			ours = is_our_trigger(relid, command->name);
			break;
		case AT_DisableTrigAll:
		case AT_DisableTrigUser:
			ours = versioned_around(relid) != NIL || is_history(relid);
			break;
		default:
			break;
	}
	if (ours && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot disable triggers of table \"%s\"", get_rel_name(relid)),
				 errdetail("System versioning needs them."),
				 errhint("Disable triggers of your own by their names.")));
}

/* 55000: CREATE OR REPLACE TRIGGER would put another function in the place of ours. */
static void
before_create_trigger(const CreateTrigStmt *statement)
{
	Oid			relid = relation_of(statement->relation);

	if (statement->replace && OidIsValid(relid) && is_our_trigger(relid, statement->trigname))
		refuse(relid, "replace trigger", statement->trigname);
}

/* What no session may do, one that restores a dump included. */
static void
check_alter_table(const AlterTableStmt *statement)
{
	Oid			relid = relation_of(statement->relation);
	ListCell   *part;

	if (!OidIsValid(relid) || !tsm_relation_ownercheck(relid, GetUserId()))
		return;					/* the server says so */
	foreach(part, statement->cmds)
	{
		check_registry_untouched(relid, ((AlterTableCmd *) lfirst(part))->subtype);
		check_triggers_kept(relid, lfirst(part));
		tsm_foreign_before_alter(relid, lfirst(part));
	}
}

static void
before_alter_table(const AlterTableStmt *statement)
{
	Oid			relid = relation_of(statement->relation);
	List	   *tables;
	ListCell   *part;
	ListCell   *cell;
	bool		in_the_way = false;
	int			adding;

	/* Whoever may not do it is told so by the server; until then nothing is locked. */
	if (!OidIsValid(relid) || !tsm_relation_ownercheck(relid, GetUserId()))
		return;
	tsm_temporal_before_alter_part(relid, statement);
	tables = versioned_around(relid);
	/* New columns after dropped ones, whose values may take the names of new ones in the history. */
	for (adding = 0; adding < 2; adding++)
	{
		foreach(part, statement->cmds)
		{
			AlterTableCmd *command = lfirst(part);

			if ((command->subtype == AT_AddColumn) != (adding == 1))
				continue;
			check_history_untouched(relid, command->subtype);
			tsm_temporal_check_period_kept(relid, command);
			if (command->subtype == AT_AddInherit)
				check_parent((RangeVar *) command->def);
			if (command->subtype == AT_DropColumn || command->subtype == AT_AlterColumnType)
				tsm_temporal_drop_portions(relid);
			else if (command->subtype == AT_AddColumn || command->subtype == AT_ChangeOwner)
				tsm_temporal_lock_portions(relid);
			foreach(cell, tables)
				in_the_way |= before_alter_part(lfirst(cell), command);
		}
	}
	if (in_the_way)
		before_column_change(relid);
}

static void
before_rename(const RenameStmt *statement)
{
	Oid			relid = relation_of(statement->relation);
	ListCell   *cell;

	tsm_temporal_before_rename_function(statement);
	if (!OidIsValid(relid))
		return;
	if (statement->renameType == OBJECT_TRIGGER &&
		is_our_trigger(relid, statement->subname))
		refuse(relid, "rename trigger", statement->subname);
	if (statement->renameType == OBJECT_TRIGGER)
		tsm_foreign_check_trigger_kept(relid, statement->subname);
	if ((statement->renameType == OBJECT_COLUMN || statement->renameType == OBJECT_TABLE) &&
		tsm_relation_ownercheck(relid, GetUserId()))
		tsm_temporal_lock_portions(relid);
	tsm_temporal_check_part_kept(relid, "rename");
	if (statement->renameType != OBJECT_COLUMN)
		return;
	check_history_untouched(relid, AT_DropColumn);
	check_registry_untouched(relid, AT_DropColumn);
	foreach(cell, versioned_around(relid))
	{
		if (strcmp(statement->subname, TSM_ROW_START) == 0 ||
			strcmp(statement->subname, TSM_ROW_XID) == 0)
			refuse(((TsmVersionedTable *) lfirst(cell))->rel, "rename column", statement->subname);
		check_new_name(lfirst(cell), statement->newname);
	}
}

/* Registrations came with a restored dump: bind what depends on their tables, which no dump contains. */
static void
adopt(const TsmVersionedTable *table)
{
	if (get_rel_name(table->rel) != NULL && get_rel_name(table->history) != NULL)
		tsm_temporal_bind(table);
}

/*
 * DROP TABLE. A partition of a versioned table is kept: its rows would leave
 * no version. What belongs to a versioned table is bound to it, in case that
 * the registration came with pg_upgrade, which fires no triggers.
 */
static void
before_drop_table(Oid relid)
{
	TsmVersionedTable *table = tsm_temporal_find(relid);

	if (table != NULL && table->rel != relid)
		refuse(table->rel, "drop partition", get_rel_name(relid));
	tsm_temporal_check_part_kept(relid, "drop");
	if (table == NULL)
		table = tsm_delta_find_by_history(relid);
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		return;
	tsm_temporal_lock_portions(relid);
	if (table != NULL)
		adopt(table);
	tsm_temporal_bind_portions(relid);
	CommandCounterIncrement();
}

/*
 * Whether this session restores a dump, by the settings that every dump
 * begins with; psql keeps them when it has loaded one. A dump brings
 * histories, rights, policies and triggers as they were: following, and
 * refusing, would be in its way, in parallel sessions above all. So commands
 * that a dump may contain are let be, and only those: columns, names, schemas
 * and owners change, and rights are taken away, after a dump alone.
 */
static bool
is_restoring(void)
{
	return !check_function_bodies && namespace_search_path != NULL &&
		namespace_search_path[0] == '\0';
}

static void
before_drop(const DropStmt *statement)
{
	ListCell   *cell;

	tsm_temporal_before_drop_many(statement);
	if (is_restoring())
		return;
	foreach(cell, statement->objects)
	{
		List	   *names = lfirst(cell);
		Oid			relid;

		if (statement->removeType == OBJECT_TABLE || statement->removeType == OBJECT_FOREIGN_TABLE)
		{
			relid = relation_of(makeRangeVarFromNameList(names));
			if (OidIsValid(relid))
				before_drop_table(relid);
		}
		else if (statement->removeType == OBJECT_TRIGGER && list_length(names) > 1)
		{
			relid = relation_of(makeRangeVarFromNameList(list_truncate(list_copy(names),
																	   list_length(names) - 1)));
			if (OidIsValid(relid) && is_our_trigger(relid, strVal(llast(names))))
				refuse(relid, "drop trigger", strVal(llast(names)));
			if (OidIsValid(relid))
				tsm_foreign_check_trigger_kept(relid, strVal(llast(names)));
		}
	}
}

static void
before_create_table(const CreateStmt *statement)
{
	ListCell   *cell;

	if (statement->partbound != NULL)
		return;
	foreach(cell, statement->inhRelations)
		check_parent(lfirst(cell));
}

/* Whether ALTER TABLE has a part of a kind between two, which are neighbours in the grammar's list. */
static bool
has_part(const AlterTableStmt *statement, AlterTableType first, AlterTableType last)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableType subtype = ((AlterTableCmd *) lfirst(cell))->subtype;

		if (subtype >= first && subtype <= last)
			return true;
	}
	return false;
}

/* Whether ALTER TABLE does what no dump does once registrations are there. */
static bool
is_no_restore(const AlterTableStmt *statement)
{
	return has_part(statement, AT_AddColumn, AT_AddColumn) ||
		has_part(statement, AT_DropColumn, AT_DropColumn) ||
		has_part(statement, AT_AlterColumnType, AT_AlterColumnType) ||
		has_part(statement, AT_ChangeOwner, AT_ChangeOwner) ||
		has_part(statement, AT_SetUnLogged, AT_SetUnLogged);
}

/*
 * CREATE POLICY on a history, in a session that restores a dump: the policy
 * may have come from the table's a moment ago. The lock first: another
 * session of the restore may be about to commit that.
 */
static void
before_restored_policy(const CreatePolicyStmt *statement)
{
	Oid			relid = relation_of(statement->table);

	if (OidIsValid(relid) && tsm_delta_find_by_history(relid) != NULL &&
		tsm_relation_ownercheck(relid, GetUserId()))
	{
		LockRelationOid(relid, AccessExclusiveLock);
		tsm_temporal_remove_policy(relid, statement->policy_name);
	}
}

/* Event trigger ddl_command_start. */
Datum
tsm_temporal_before_command(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;
	Node	   *tree = data->parsetree;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by an event trigger", "_before_command")));
	if (tsm_delta_is_own_command(tree))
		PG_RETURN_VOID();
	if (IsA(tree, DropStmt) || IsA(tree, DropOwnedStmt) || IsA(tree, AlterTableStmt))
		tsm_foreign_bind_all(false);
	tsm_temporal_check_types_kept(tree);
	if (IsA(tree, AlterTableStmt))
	{
		check_alter_table((AlterTableStmt *) tree);
		if (!is_restoring() || is_no_restore((AlterTableStmt *) tree))
			before_alter_table((AlterTableStmt *) tree);
	}
	else if (IsA(tree, CreateTrigStmt))
		before_create_trigger((CreateTrigStmt *) tree);
	else if (IsA(tree, RenameStmt))
		before_rename((RenameStmt *) tree);
	else if (IsA(tree, AlterObjectSchemaStmt))
		tsm_temporal_before_set_schema((AlterObjectSchemaStmt *) tree);
	else if (IsA(tree, CreateStmt))
		before_create_table((CreateStmt *) tree);
	else if (IsA(tree, CreateForeignTableStmt))
		before_create_table(&((CreateForeignTableStmt *) tree)->base);
	else if (IsA(tree, DropStmt))
		before_drop((DropStmt *) tree);
	else if (IsA(tree, DropOwnedStmt))
		tsm_temporal_before_drop_owned((DropOwnedStmt *) tree);
	else if (IsA(tree, CreatePolicyStmt) && is_restoring())
		before_restored_policy((CreatePolicyStmt *) tree);
	PG_RETURN_VOID();
}

/* Policies of a partition that is not versioned by itself hold for direct access only. */
static void
follow_policies(Oid relid)
{
	TsmVersionedTable *table = OidIsValid(relid) ? tsm_delta_find(relid) : NULL;

	if (table == NULL)
		return;
	tsm_temporal_follow(relid, NIL);
	tsm_temporal_copy_policies(table);
}

/* In a session that restores a dump: a policy, or for NULL the row security, of one table. */
static void
restore_policy(Oid relid, const char *policy)
{
	TsmVersionedTable *table = OidIsValid(relid) ? tsm_delta_find(relid) : NULL;

	if (table != NULL)
		tsm_temporal_restore_policy(table, policy);
}

static void
after_create_policy(const CreatePolicyStmt *statement)
{
	Oid			relid = relation_of(statement->table);

	if (is_restoring())
		restore_policy(relid, statement->policy_name);
	else
		follow_policies(relid);
}

/* Triggers were enabled, by a data-only restore for one; it disables those of the registry too. */
static void
after_enable_trigger(Oid relid)
{
	ListCell   *cell;

	tsm_temporal_follow_triggers(relid);
	if (relid == tsm_delta_own_relation("periods"))
		tsm_temporal_bind_portions(InvalidOid);
	if (relid != tsm_delta_own_relation("versioned_tables") &&
		relid != tsm_delta_own_relation("segment_tables"))
		return;
	foreach(cell, tsm_delta_list())
	{
		tsm_delta_claim(lfirst(cell));
		adopt(lfirst(cell));
	}
}

/* The columns that ALTER TABLE adds, whose defaults are the ones they came with. */
static List *
added_columns(const AlterTableStmt *statement)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		AlterTableCmd *command = lfirst(cell);

		if (command->subtype == AT_AddColumn)
			names = lappend(names, ((ColumnDef *) command->def)->colname);
		else if (command->subtype == AT_ColumnDefault)
			names = tsm_temporal_replace_name(names, command->name, NULL);
	}
	return names;
}

static void
after_alter_table(const AlterTableStmt *statement)
{
	Oid			relid = relation_of(statement->relation);
	char		kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		return;
	if (has_part(statement, AT_EnableTrig, AT_EnableTrig) ||
		has_part(statement, AT_EnableTrigAll, AT_EnableTrigAll) ||
		has_part(statement, AT_EnableTrigUser, AT_EnableTrigUser))
		after_enable_trigger(relid);
	if (is_restoring() && !is_no_restore(statement))
	{
		if (has_part(statement, AT_EnableRowSecurity, AT_NoForceRowSecurity))
			restore_policy(relid, NULL);
		return;
	}
	tsm_temporal_check_periods(relid);
	tsm_temporal_follow(relid, added_columns(statement));
	if (has_part(statement, AT_ChangeOwner, AT_ChangeOwner))
		tsm_temporal_keep_owner(relid);
	if (has_part(statement, AT_EnableRowSecurity, AT_NoForceRowSecurity))
		follow_policies(relid);
	if (has_part(statement, AT_AttachPartition, AT_AttachPartition))
	{
		/* It is the only part then. */
		AlterTableCmd *command = linitial(statement->cmds);

		Oid			attached = relation_of(((PartitionCmd *) command->def)->name);

		tsm_temporal_follow_new_partition(relid, attached);
		tsm_session_follow(attached);
	}
	if (has_part(statement, AT_ChangeOwner, AT_ChangeOwner))
		tsm_session_follow(relid);
	tsm_foreign_after_partitions(relid, has_part(statement, AT_AttachPartition, AT_AttachPartition),
								 has_part(statement, AT_DetachPartition, AT_DetachPartition));
}

static void
after_drop_policy(const DropStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->objects)
	{
		List	   *names = lfirst(cell);

		follow_policies(relation_of(makeRangeVarFromNameList(list_truncate(list_copy(names),
																	  list_length(names) - 1))));
	}
}

/* Event trigger ddl_command_end. */
Datum
tsm_temporal_after_command(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;
	Node	   *tree = data->parsetree;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by an event trigger", "_after_command")));
	if (tsm_delta_is_own_command(tree))
		PG_RETURN_VOID();
	/* Now that the type is locked, nobody who has not been seen folds values of it. */
	tsm_temporal_check_types_kept(tree);
	if (IsA(tree, AlterTableStmt))
		after_alter_table((AlterTableStmt *) tree);
	else if (IsA(tree, CreateStmt) && ((CreateStmt *) tree)->partbound != NULL)
	{
		Oid			relid = relation_of(((CreateStmt *) tree)->relation);

		if (OidIsValid(relid))
		{
			tsm_temporal_follow_new_partition(relid, InvalidOid);
			tsm_session_follow(relid);
			tsm_foreign_after_partitions(relid, false, false);
		}
	}
	else if (IsA(tree, RenameStmt))
		tsm_temporal_follow_rename((RenameStmt *) tree);
	else if (IsA(tree, AlterObjectSchemaStmt))
	{
		if (((AlterObjectSchemaStmt *) tree)->relation != NULL)
			tsm_temporal_follow_schema();
	}
	else if (IsA(tree, CreatePolicyStmt))
		after_create_policy((CreatePolicyStmt *) tree);
	else if (IsA(tree, AlterPolicyStmt))
		follow_policies(relation_of(((AlterPolicyStmt *) tree)->table));
	else if (IsA(tree, DropStmt) && ((DropStmt *) tree)->removeType == OBJECT_POLICY)
		after_drop_policy((DropStmt *) tree);
	else if (IsA(tree, GrantStmt))
		tsm_temporal_follow_grant((GrantStmt *) tree, is_restoring());
	PG_RETURN_VOID();
}

/* Views of versions that were dropped by their owners, or with a type, are nobody's view any more. */
static void
forget_dropped_views(void)
{
	ListCell   *cell;

	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		if (!OidIsValid(table->versions) || get_rel_relkind(table->versions) == RELKIND_VIEW ||
			get_rel_relkind(table->rel) == '\0')
			continue;
		table->versions = InvalidOid;
		tsm_delta_update(table);
	}
}

/* Event trigger sql_drop: dropped tables, columns and constraints leave no registration behind. */
Datum
tsm_temporal_after_drop(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by an event trigger", "_after_drop")));
	tsm_temporal_forget_dropped();
	tsm_foreign_forget_dropped();
	tsm_document_forget_dropped();
	forget_dropped_views();
	PG_RETURN_VOID();
}

/* AFTER INSERT on tsmem.versioned_tables: a registration came with a restored dump. */
Datum
tsm_temporal_adopt_registration(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TsmVersionedTable *table;
	bool		null;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || !TRIGGER_FIRED_AFTER(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_adopt_registration")));
	CommandCounterIncrement();	/* to see the row */
	/* The first column is the table. */
	table = tsm_delta_find(DatumGetObjectId(slot_getattr(data->tg_trigslot, 1, &null)));
	if (table != NULL)
		adopt(table);
	PG_RETURN_POINTER(NULL);
}
