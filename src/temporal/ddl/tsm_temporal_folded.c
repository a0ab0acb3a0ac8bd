/*-------------------------------------------------------------------------
 *
 * tsm_temporal_folded.c
 *	  What holds the folded part of a history changes with the history only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_int.h"

/* The versioned table whose history it is. */
static const char *
table_of_history(Oid history)
{
	TsmVersionedTable *table = tsm_delta_find_by_history(history);
	char	   *name = table == NULL ? NULL : get_rel_name(table->rel);

	return name == NULL ? "?" : name;
}

void
tsm_temporal_check_part_kept(Oid relid, const char *verb)
{
	Oid			history = tsm_delta_history_of_part(relid);

	if (OidIsValid(history) && get_rel_name(history) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot %s relation \"%s\"", verb, get_rel_name(relid)),
				 errdetail("It holds folded versions of system-versioned table \"%s\".",
						   table_of_history(history)),
				 errhint("Change the versioned table; what belongs to it follows.")));
}

/* Whether a part of ALTER TABLE leaves rows, columns and rights as they are. Triggers are judged elsewhere. */
static bool
is_harmless(AlterTableType subtype)
{
	switch (subtype)
	{
		case AT_SetRelOptions:
		case AT_ResetRelOptions:
		case AT_SetTableSpace:
		case AT_SetStatistics:
		case AT_SetOptions:
		case AT_ResetOptions:
		case AT_ClusterOn:
		case AT_DropCluster:
		case AT_ReplicaIdentity:
		case AT_EnableTrig:
		case AT_EnableAlwaysTrig:
		case AT_EnableReplicaTrig:
		case AT_DisableTrig:
		case AT_EnableTrigAll:
		case AT_DisableTrigAll:
		case AT_EnableTrigUser:
		case AT_DisableTrigUser:
			return true;
		default:
			return false;
	}
}

void
tsm_temporal_before_alter_part(Oid relid, const AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		if (!is_harmless(((AlterTableCmd *) lfirst(cell))->subtype))
			tsm_temporal_check_part_kept(relid, "alter");
	}
}

/* The row types of a relation and of those that inherit it. */
static void
check_row_types(Oid relid, const char *what)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid			type = get_rel_type_id(lfirst_oid(cell));

		if (OidIsValid(type))
			tsm_delta_check_type_unused(type, false, what);
	}
}

static void
check_alter_table(const AlterTableStmt *statement)
{
	Oid			relid = RangeVarGetRelid(statement->relation, NoLock, true);
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	foreach(cell, statement->cmds)
	{
		switch (((AlterTableCmd *) lfirst(cell))->subtype)
		{
			case AT_AddColumn:
			case AT_DropColumn:
			case AT_AlterColumnType:
				check_row_types(relid, "change the columns of");
				return;
			default:
				break;
		}
	}
}

/* A type by its name in a statement; InvalidOid for none. */
static Oid
type_of_name(List *name)
{
	return LookupTypeNameOid(NULL, makeTypeNameFromNameList(name), true);
}

/*
 * Labels of enums are kept by name, rows with as many columns as their types
 * had. A constraint of a domain is looked at when an array or a row with its
 * values is read.
 */
void
tsm_temporal_check_types_kept(const Node *tree)
{
	Oid			type = InvalidOid;

	if (IsA(tree, AlterTableStmt))
		check_alter_table((const AlterTableStmt *) tree);
	else if (IsA(tree, AlterEnumStmt) && ((const AlterEnumStmt *) tree)->oldVal != NULL)
	{
		type = type_of_name(((const AlterEnumStmt *) tree)->typeName);
		if (OidIsValid(type))
			tsm_delta_check_type_unused(type, false, "rename a value of");
	}
	else if (IsA(tree, AlterDomainStmt) && ((const AlterDomainStmt *) tree)->subtype == 'C')
	{
		type = type_of_name(((const AlterDomainStmt *) tree)->typeName);
		if (OidIsValid(type))
			tsm_delta_check_type_unused(type, true, "add a constraint to");
	}
}
