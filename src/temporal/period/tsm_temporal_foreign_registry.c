/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_registry.c
 *	  The registry of temporal foreign keys, and how it follows and is
 *	  protected from changes of definitions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "tsm_temporal_foreign.h"

/* Columns of tsmem.temporal_foreign_keys, in the order of sql/temporal.sql. */
enum
{
	Anum_foreign_rel = 1,
	Anum_foreign_name,
	Anum_foreign_key_columns,
	Anum_foreign_period,
	Anum_foreign_referenced,
	Anum_foreign_referenced_columns,
	Anum_foreign_referenced_period,
	Anum_foreign_on_delete,
	Anum_foreign_on_update,
	Anum_foreign_deferrable,
	Anum_foreign_initially_deferred,
	Anum_foreign_referenced_trigger,
	Anum_foreign_truncate_trigger
};
#define Natts_foreign Anum_foreign_truncate_trigger

static const char *const action_names[] = {
	"no action", "restrict", "cascade", "set null", "set default"
};

const char *
tsm_foreign_action_name(TsmForeignAction action)
{
	return action_names[action];
}

static TsmForeignAction
action_of_text(Datum given)
{
	char	   *name = TextDatumGetCString(given);
	int			i;

	for (i = 0; i < lengthof(action_names); i++)
	{
		if (strcmp(name, action_names[i]) == 0)
			return (TsmForeignAction) i;
	}
	elog(ERROR, "unknown referential action \"%s\"", name);
	return TSM_NO_ACTION;		/* keep compiler quiet */
}

static char *
name_of_datum(Datum name)
{
	return pstrdup(NameStr(*DatumGetName(name)));
}

static TsmForeignKey *
key_of_tuple(HeapTuple tuple, TupleDesc desc)
{
	TsmForeignKey *key = palloc0(sizeof(TsmForeignKey));
	Datum		values[Natts_foreign];
	bool		nulls[Natts_foreign];

	heap_deform_tuple(tuple, desc, values, nulls);
	key->rel = DatumGetObjectId(values[Anum_foreign_rel - 1]);
	key->name = name_of_datum(values[Anum_foreign_name - 1]);
	key->key_columns = tsm_delta_names_list(values[Anum_foreign_key_columns - 1]);
	key->period = name_of_datum(values[Anum_foreign_period - 1]);
	key->referenced = DatumGetObjectId(values[Anum_foreign_referenced - 1]);
	key->referenced_columns = tsm_delta_names_list(values[Anum_foreign_referenced_columns - 1]);
	key->referenced_period = name_of_datum(values[Anum_foreign_referenced_period - 1]);
	key->on_delete = action_of_text(values[Anum_foreign_on_delete - 1]);
	key->on_update = action_of_text(values[Anum_foreign_on_update - 1]);
	key->deferrable = DatumGetBool(values[Anum_foreign_deferrable - 1]);
	key->initially_deferred = DatumGetBool(values[Anum_foreign_initially_deferred - 1]);
	if (!nulls[Anum_foreign_referenced_trigger - 1])
		key->referenced_trigger = name_of_datum(values[Anum_foreign_referenced_trigger - 1]);
	if (!nulls[Anum_foreign_truncate_trigger - 1])
		key->truncate_trigger = name_of_datum(values[Anum_foreign_truncate_trigger - 1]);
	return key;
}

List *
tsm_foreign_list(void)
{
	Relation	registry = table_open(tsm_delta_own_relation("temporal_foreign_keys"),
									  AccessShareLock);
	SysScanDesc scan = systable_beginscan(registry, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *keys = NIL;

	tsm_temporal_check_registry(RelationGetDescr(registry), "temporal_foreign_keys", Natts_foreign);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		keys = lappend(keys, key_of_tuple(tuple, RelationGetDescr(registry)));
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return keys;
}

TsmForeignKey *
tsm_foreign_find(Oid rel, const char *name)
{
	ListCell   *cell;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (key->rel == rel && strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

void
tsm_foreign_insert(const TsmForeignKey *key)
{
	tsm_temporal_execute_as_extension(
		psprintf("INSERT INTO tsmem.temporal_foreign_keys "
				 "VALUES (%u, %s, %s, %s, %u, %s, %s, %s, %s, %s, %s, %s, %s)",
				 key->rel, tsm_temporal_name_literal(key->name),
				 quote_literal_cstr(tsm_temporal_names_text(key->key_columns)),
				 tsm_temporal_name_literal(key->period), key->referenced,
				 quote_literal_cstr(tsm_temporal_names_text(key->referenced_columns)),
				 tsm_temporal_name_literal(key->referenced_period),
				 quote_literal_cstr(action_names[key->on_delete]),
				 quote_literal_cstr(action_names[key->on_update]),
				 key->deferrable ? "true" : "false", key->initially_deferred ? "true" : "false",
				 tsm_temporal_name_literal(key->referenced_trigger), tsm_temporal_name_literal(key->truncate_trigger)));
}

void
tsm_foreign_remove(const TsmForeignKey *key)
{
	tsm_temporal_execute_as_extension(
		psprintf("DELETE FROM tsmem.temporal_foreign_keys WHERE rel = %u AND constraint_name = %s",
				 key->rel, tsm_temporal_name_literal(key->name)));
}

/* Whether two lists of names have the same members. */
static bool
same_names(const List *a, const List *b)
{
	const ListCell *cell;

	if (list_length(a) != list_length(b))
		return false;
	foreach(cell, a)
	{
		if (!tsm_temporal_name_in(b, lfirst(cell)))
			return false;
	}
	return true;
}

Oid
tsm_foreign_key_constraint(Oid relid, const List *columns, const char *period)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_keys(relid))
	{
		TsmTemporalKey *key = lfirst(cell);

		if (strcmp(key->period, period) == 0 && same_names(key->key_columns, columns))
			return get_relation_constraint_oid(relid, key->constraint_name, true);
	}
	return InvalidOid;
}

/* The trigger that checks the rows of a foreign key; InvalidOid for the server's own, or when it is gone. */
static Oid
check_trigger(const TsmForeignKey *key)
{
	if (key->referenced_trigger == NULL || get_rel_name(key->rel) == NULL)
		return InvalidOid;
	return get_trigger_oid(key->rel, key->name, true);
}

/* What an object depends on in one way, as a list of ObjectAddress. */
static List *
dependencies_of(Oid class, Oid object, DependencyType type)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *list = NIL;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(class));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *address;

		if (form->deptype != (char) type)
			continue;
		address = palloc(sizeof(ObjectAddress));
		ObjectAddressSubSet(*address, form->refclassid, form->refobjid, form->refobjsubid);
		list = lappend(list, address);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return list;
}

static bool
has_address(const List *list, const ObjectAddress *address)
{
	const ListCell *cell;

	foreach(cell, list)
	{
		ObjectAddress *other = lfirst(cell);

		if (other->classId == address->classId && other->objectId == address->objectId &&
			other->objectSubId == address->objectSubId)
			return true;
	}
	return false;
}

/* Let a trigger depend on an object, unless it does. */
static void
depend(Oid trigger, Oid class, Oid object, int sub, DependencyType type, const List *present)
{
	ObjectAddress myself;
	ObjectAddress other;

	ObjectAddressSet(myself, TriggerRelationId, trigger);
	ObjectAddressSubSet(other, class, object, sub);
	if (!has_address(present, &other))
		recordDependencyOn(&myself, &other, type);
}

/* A constraint and those that partitions have under it. */
static List *
constraint_tree(Oid constraint)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	List	   *tree = list_make1_oid(constraint);
	int			i;

	for (i = 0; i < list_length(tree); i++)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_constraint_conparentid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(list_nth_oid(tree, i)));
		scan = systable_beginscan(rel, ConstraintParentIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
			tree = lappend_oid(tree, ((Form_pg_constraint) GETSTRUCT(tuple))->oid);
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return tree;
}

/* The columns and the key that the check needs, and the triggers that need the check. */
static void
bind(const TsmForeignKey *key, Oid check, bool prune)
{
	Oid			constraint = tsm_foreign_key_constraint(key->referenced, key->referenced_columns,
														key->referenced_period);
	List	   *constraints = OidIsValid(constraint) ? constraint_tree(constraint) : NIL;
	List	   *present = dependencies_of(TriggerRelationId, check, DEPENDENCY_NORMAL);
	List	   *columns = lappend(list_copy(key->key_columns), key->period);
	Oid			other;
	ListCell   *cell;

	foreach(cell, constraints)
		depend(check, ConstraintRelationId, lfirst_oid(cell), 0, DEPENDENCY_NORMAL, present);
	foreach(cell, prune ? present : NIL)
	{
		ObjectAddress *address = lfirst(cell);

		if (address->classId == ConstraintRelationId &&
			!list_member_oid(constraints, address->objectId))
			deleteDependencyRecordsForSpecific(TriggerRelationId, check, DEPENDENCY_NORMAL,
											   ConstraintRelationId, address->objectId);
	}
	present = dependencies_of(TriggerRelationId, check, DEPENDENCY_AUTO);
	foreach(cell, columns)
		depend(check, RelationRelationId, key->rel, get_attnum(key->rel, lfirst(cell)),
			   DEPENDENCY_AUTO, present);
	other = get_trigger_oid(key->referenced, key->referenced_trigger, true);
	if (OidIsValid(other))
		depend(other, TriggerRelationId, check, 0, DEPENDENCY_AUTO,
			   dependencies_of(TriggerRelationId, other, DEPENDENCY_AUTO));
	foreach(cell, find_all_inheritors(key->referenced, NoLock, NULL))
	{
		other = get_trigger_oid(lfirst_oid(cell), key->truncate_trigger, true);
		if (OidIsValid(other))
			depend(other, TriggerRelationId, check, 0, DEPENDENCY_AUTO,
				   dependencies_of(TriggerRelationId, other, DEPENDENCY_AUTO));
	}
}

void
tsm_foreign_bind_all(bool prune)
{
	ListCell   *cell;
	bool		bound = false;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);
		Oid			check = check_trigger(key);

		if (!OidIsValid(check) || get_rel_name(key->referenced) == NULL)
			continue;
		bind(key, check, prune);
		bound = true;
	}
	if (bound)
		CommandCounterIncrement();
}

void
tsm_foreign_forget_dropped(void)
{
	ListCell   *cell;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);
		bool		there = key->referenced_trigger != NULL ? OidIsValid(check_trigger(key)) :
			OidIsValid(get_relation_constraint_oid(key->rel, key->name, true));

		if (!there)
			tsm_foreign_remove(key);
	}
}

void
tsm_foreign_rename_column(Oid relid, const char *old_name, const char *new_name)
{
	char	   *from = quote_literal_cstr(old_name);
	char	   *to = quote_literal_cstr(new_name);

	if (tsm_foreign_list() == NIL)
		return;
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.temporal_foreign_keys "
				 "SET key_columns = array_replace(key_columns, %s::name, %s::name), "
				 "period = CASE WHEN period = %s THEN %s ELSE period END WHERE rel = %u",
				 from, to, from, to, relid));
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.temporal_foreign_keys "
				 "SET referenced_columns = array_replace(referenced_columns, %s::name, %s::name), "
				 "referenced_period = CASE WHEN referenced_period = %s THEN %s ELSE referenced_period END "
				 "WHERE referenced = %u", from, to, from, to, relid));
}

/* The constraint of a trigger was renamed: the trigger takes the name too. */
void
tsm_foreign_rename_constraint(Oid relid, const char *old_name, const char *new_name)
{
	TsmForeignKey *key = tsm_foreign_find(relid, old_name);

	if (key == NULL)
		return;
	if (key->referenced_trigger != NULL)
		tsm_temporal_execute_as_extension(
			psprintf("ALTER TRIGGER %s ON %s RENAME TO %s", quote_identifier(old_name),
					 tsm_delta_relation_name(relid), quote_identifier(new_name)));
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.temporal_foreign_keys SET constraint_name = %s "
				 "WHERE rel = %u AND constraint_name = %s", tsm_temporal_name_literal(new_name), relid,
				 tsm_temporal_name_literal(old_name)));
}

void
tsm_foreign_check_period_unused(Oid relid, const char *period)
{
	ListCell   *cell;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (key->rel == relid && strcmp(key->period, period) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("cannot drop period \"%s\" of table \"%s\"", period,
							get_rel_name(relid)),
					 errdetail("Temporal foreign key \"%s\" depends on it.", key->name),
					 errhint("Drop it first, with tsmem.drop_temporal_foreign_key.")));
	}
}

/* Whether a trigger is one of a foreign key of the table, or of the partitioned one above it. */
static bool
owns_trigger(Oid relid, const char *trigger)
{
	ListCell   *cell;
	List	   *ancestors = list_make1_oid(relid);

	if (get_rel_relispartition(relid))
		ancestors = list_concat(ancestors, get_partition_ancestors(relid));
	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (key->referenced_trigger == NULL)
			continue;
		if (list_member_oid(ancestors, key->rel) && strcmp(key->name, trigger) == 0)
			return true;
		if (list_member_oid(ancestors, key->referenced) &&
			(strcmp(key->referenced_trigger, trigger) == 0 ||
			 strcmp(key->truncate_trigger, trigger) == 0))
			return true;
	}
	return false;
}

void
tsm_foreign_check_trigger_kept(Oid relid, const char *trigger)
{
	if (owns_trigger(relid, trigger))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change trigger \"%s\" of table \"%s\"", trigger,
						get_rel_name(relid)),
				 errdetail("A temporal foreign key needs it."),
				 errhint("Drop that, with tsmem.drop_temporal_foreign_key.")));
}

/* 55000 for DROP CONSTRAINT, which the server would refuse in words that do not help. */
static void
check_not_dropped(Oid relid, const char *name)
{
	TsmForeignKey *key = tsm_foreign_find(relid, name);

	if (key != NULL && key->referenced_trigger != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot drop temporal foreign key \"%s\" of table \"%s\" as a constraint", name,
						get_rel_name(relid)),
				 errhint("Use tsmem.drop_temporal_foreign_key.")));
}

/* 55000 for a new type of a column that a foreign key compares. */
static void
check_types_kept(Oid relid, const char *column)
{
	List	   *relations = NIL;
	ListCell   *cell;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (relations == NIL)
			relations = find_all_inheritors(relid, NoLock, NULL);
		if ((list_member_oid(relations, key->rel) &&
			 (tsm_temporal_name_in(key->key_columns, column) || strcmp(key->period, column) == 0)) ||
			(list_member_oid(relations, key->referenced) &&
			 (tsm_temporal_name_in(key->referenced_columns, column) ||
			  strcmp(key->referenced_period, column) == 0)))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot change the type of column \"%s\" of table \"%s\"", column,
							get_rel_name(relid)),
					 errdetail("Temporal foreign key \"%s\" of table \"%s\" needs it.", key->name,
							   get_rel_name(key->rel)),
					 errhint("Drop it first, with tsmem.drop_temporal_foreign_key.")));
	}
}

/* Whether a table has, or is referenced by, a foreign key made of triggers. */
static bool
has_triggers(Oid relid)
{
	ListCell   *cell;

	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);

		if (key->referenced_trigger != NULL && (key->rel == relid || key->referenced == relid))
			return true;
	}
	return false;
}

void
tsm_foreign_before_alter(Oid relid, const AlterTableCmd *command)
{
	bool		disabled = false;

	switch (command->subtype)
	{
		case AT_AlterColumnType:
			check_types_kept(relid, command->name);
			break;
		case AT_DropConstraint:
			check_not_dropped(relid, command->name);
			break;
		case AT_DisableTrig:
		case AT_EnableReplicaTrig:
		case AT_EnableAlwaysTrig:
			disabled = owns_trigger(relid, command->name);
			break;
		case AT_DisableTrigAll:
		case AT_DisableTrigUser:
			disabled = has_triggers(relid);
			break;
		default:
			break;
	}
	if (disabled && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot disable triggers of table \"%s\"", get_rel_name(relid)),
				 errdetail("A temporal foreign key needs them."),
				 errhint("Disable triggers of your own by their names.")));
}
