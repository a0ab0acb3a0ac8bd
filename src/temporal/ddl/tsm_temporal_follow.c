/*-------------------------------------------------------------------------
 *
 * tsm_temporal_follow.c
 *	  The history follows the definition of its table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_session.h"

/*
 * What a default made rows that were there before read as, as an SQL
 * literal; NULL when they read null. Former versions read the same. A
 * partitioned table has no rows of its own, so a partition is asked.
 */
static char *
missing_literal(Relation rel, Form_pg_attribute attribute)
{
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *literal = NULL;
	bool		null;
	Datum		value;
	Oid			output;
	bool		is_varlena;
	ListCell   *cell;

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		foreach(cell, find_inheritance_children(RelationGetRelid(rel), AccessShareLock))
		{
			Relation	child = table_open(lfirst_oid(cell), NoLock);
			AttrNumber	attno = get_attnum(RelationGetRelid(child), NameStr(attribute->attname));

			literal = missing_literal(child, TupleDescAttr(RelationGetDescr(child), attno - 1));
			table_close(child, NoLock);
			if (literal != NULL)
				break;
		}
		return literal;
	}
	if (!attribute->atthasmissing)
		return NULL;
	value = getmissingattr(desc, attribute->attnum, &null);
	if (null)
		return NULL;
	getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
	return quote_literal_cstr(OidOutputFunctionCall(output, value));
}

/*
 * The default of a column that was added while the table was rewritten,
 * which leaves no missing value behind. NULL for a volatile one: it has given each
 * row another value, and for generated columns and identities.
 */
static char *
default_expression(Relation rel, Form_pg_attribute attribute)
{
	Node	   *expression;

	if (attribute->attgenerated != '\0' || attribute->attidentity != '\0')
		return NULL;
	expression = build_column_default(rel, attribute->attnum);
	if (expression == NULL || contain_volatile_functions(expression))
		return NULL;
	return deparse_expression(expression, NIL, false, false);
}

/*
 * 55000: former versions would have no value that the domain allows. The
 * server would say so of a table that the user has not named.
 */
static void
check_domain(Relation rel, Form_pg_attribute attribute, Oid history_oid)
{
	Oid			type = attribute->atttypid;
	Relation	history = table_open(history_oid, AccessShareLock);
	bool		is_empty = RelationGetNumberOfBlocks(history) == 0 && !tsm_delta_has_folded(history_oid);

	table_close(history, AccessShareLock);
	if (is_empty || get_typdefault(type) != NULL)
		return;
	while (get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
		bool		not_null = form->typnotnull;

		type = form->typbasetype;
		ReleaseSysCache(tuple);
		if (not_null)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot add column \"%s\" to table \"%s\"",
							NameStr(attribute->attname), RelationGetRelationName(rel)),
					 errdetail("Domain %s does not allow nulls, and former versions have no value.",
							   format_type_be(attribute->atttypid)),
					 errhint("Give the column a default, or a type that allows nulls.")));
	}
}

/* A column that the table has got and the history has not. */
static void
add_column(Oid history_oid, Relation rel, Form_pg_attribute attribute, const List *added)
{
	char	   *history = tsm_delta_relation_name(history_oid);
	const char *name = quote_identifier(NameStr(attribute->attname));
	char	   *missing = missing_literal(rel, attribute);
	char	   *collate = "";

	if (missing == NULL && tsm_temporal_name_in(added, NameStr(attribute->attname)))
		missing = default_expression(rel, attribute);
	if (missing == NULL)
		check_domain(rel, attribute, history_oid);
	if (OidIsValid(attribute->attcollation))
		collate = psprintf(" COLLATE %s", tsm_temporal_collation_name(attribute->attcollation));
	tsm_delta_execute("ALTER TABLE %s ADD COLUMN %s %s%s%s%s", history, name,
					  format_type_extended(attribute->atttypid, attribute->atttypmod,
										   FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY),
					  collate, missing == NULL ? "" : " DEFAULT ", missing == NULL ? "" : missing);
	if (missing == NULL)
		return;
	tsm_delta_follow_new_column(history_oid, NameStr(attribute->attname));
	tsm_delta_execute("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", history, name);
}

/* The attribute of the history that has a name. */
static FormData_pg_attribute
history_attribute(Oid history, const char *name)
{
	HeapTuple	tuple = SearchSysCacheAttName(history, name);
	FormData_pg_attribute attribute = *(Form_pg_attribute) GETSTRUCT(tuple);

	ReleaseSysCache(tuple);
	return attribute;
}

/* A column whose type the table has changed. What has no cast is refused by the server (42804). */
static void
change_type(const TsmVersionedTable *table, const char *history, Form_pg_attribute attribute)
{
	FormData_pg_attribute old = history_attribute(table->history, NameStr(attribute->attname));

	if (tsm_delta_must_unfold(table, attribute))
		tsm_delta_unfold_before(table, "Another type of a column needs them so.");
	tsm_delta_execute("ALTER TABLE %s ALTER COLUMN %s TYPE %s%s%s", history,
					  quote_identifier(NameStr(attribute->attname)),
					  format_type_extended(attribute->atttypid, attribute->atttypmod,
										   FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY),
					  OidIsValid(attribute->attcollation) ? " COLLATE " : "",
					  OidIsValid(attribute->attcollation) ?
					  tsm_temporal_collation_name(attribute->attcollation) : "");
	tsm_delta_follow_type(table, &old);
}

/* Whether row types are equal as far as the generated functions go. */
static bool
column_differs(TupleDesc desc, TupleDesc view)
{
	int			i;
	int			live = 0;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Form_pg_attribute shown;

		if (attribute->attisdropped)
			continue;
		shown = TupleDescAttr(view, live++);
		if (strcmp(NameStr(attribute->attname), NameStr(shown->attname)) != 0 ||
			attribute->atttypid != shown->atttypid || attribute->atttypmod != shown->atttypmod)
			return true;
	}
	return false;
}

/* Whether the view of versions shows other columns than the table and its two own ones. */
static bool
view_is_stale(Relation rel, Oid versions)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Relation	view = table_open(versions, AccessShareLock);
	int			live = 0;
	int			i;
	bool		stale;

	for (i = 0; i < desc->natts; i++)
		live += !TupleDescAttr(desc, i)->attisdropped;
	stale = live + 2 != RelationGetNumberOfAttributes(view) ||
		column_differs(desc, RelationGetDescr(view));
	table_close(view, AccessShareLock);
	return stale;
}

/* Bring the columns of the history up to those of the table. */
static void
follow_columns(const TsmVersionedTable *table, Relation rel, const List *added)
{
	Oid			history_oid = table->history;
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *history = tsm_delta_relation_name(history_oid);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		AttrNumber	attno;
		Oid			type;
		int32		typmod;
		Oid			collation;

		if (attribute->attisdropped)
			continue;
		attno = get_attnum(history_oid, NameStr(attribute->attname));
		if (attno == InvalidAttrNumber)
		{
			add_column(history_oid, rel, attribute, added);
			continue;
		}
		get_atttypetypmodcoll(history_oid, attno, &type, &typmod, &collation);
		if (type != attribute->atttypid || typmod != attribute->atttypmod ||
			collation != attribute->attcollation)
			change_type(table, history, attribute);
	}
}

/* The trigger that sees TRUNCATE: statement triggers are not inherited, so one for each partition. */
void
tsm_temporal_make_truncate_triggers(const TsmVersionedTable *table)
{
	List	   *relations = find_all_inheritors(table->rel, AccessShareLock, NULL);
	ListCell   *cell;

	foreach(cell, relations)
	{
		char	   *name = tsm_delta_relation_name(lfirst_oid(cell));

		tsm_session_make_sentinel(lfirst_oid(cell));
		if (OidIsValid(get_trigger_oid(lfirst_oid(cell), TSM_TRUNCATE_TRIGGER, true)))
			continue;
		tsm_delta_execute("CREATE TRIGGER \"" TSM_TRUNCATE_TRIGGER "\" BEFORE TRUNCATE ON %s "
						  "FOR EACH STATEMENT EXECUTE FUNCTION tsmem._truncate_versioned()", name);
		tsm_delta_execute("ALTER TABLE %s ENABLE ALWAYS TRIGGER \"" TSM_TRUNCATE_TRIGGER "\"", name);
	}
}

/* A table, as it goes on to what is done for one role. */
typedef struct Following
{
	TsmVersionedTable *table;
	Oid			owner;
	List	   *added;			/* columns that the present command has added */
} Following;

static void
give_generated(void *arg)
{
	Following  *following = arg;

	tsm_temporal_give_generated(following->table, following->owner);
}

static void
generate_and_give(void *arg)
{
	Following  *following = arg;

	tsm_temporal_generate(following->table);
	tsm_temporal_give_generated(following->table, following->owner);
}

/*
 * As the owner of the extension, who is a superuser. Nothing but the
 * commands of tsm_temporal_generate.c goes through here.
 */
static void
as_superuser(void (*act) (void *), Following *following)
{
	tsm_delta_as_owner(tsm_temporal_owner(tsm_delta_own_relation("versioned_tables")), act,
					   following);
}

/*
 * Make the functions and the view anew. The owner of a table may change its
 * columns without the right to create in its schema.
 */
static void
regenerate(Following *following)
{
	TsmVersionedTable *table = following->table;

	tsm_temporal_drop_generated(table);
	if (tsm_namespace_aclcheck(get_rel_namespace(table->rel), following->owner, ACL_CREATE) ==
		ACLCHECK_OK)
		tsm_temporal_generate(table);
	else
		as_superuser(generate_and_give, following);
	tsm_delta_update(table);
	tsm_temporal_bind(table);
	tsm_temporal_copy_rights(table);
}

/* Everything that the table's owner may do himself. */
static void
follow_as_owner(void *arg)
{
	Following  *following = arg;
	TsmVersionedTable *table = following->table;
	Relation	rel = table_open(table->rel, AccessShareLock);

	tsm_temporal_check_generated(rel);
	if (OidIsValid(table->versions) && get_rel_relkind(table->versions) == RELKIND_VIEW &&
		view_is_stale(rel, table->versions))
		tsm_temporal_drop_generated(table);
	follow_columns(table, rel, following->added);
	tsm_temporal_follow_key(table, rel);
	table_close(rel, NoLock);
	/* Dropped just now, or before the command that changed the table, or by someone. */
	if (tsm_temporal_wants_functions(table) && get_rel_relkind(table->versions) != RELKIND_VIEW)
		regenerate(following);
}

/* The history belongs to whom the table belongs to. */
static void
follow_owner(const TsmVersionedTable *table)
{
	Oid			owner = tsm_temporal_owner(table->rel);
	ListCell   *cell;

	if (tsm_temporal_owner(table->history) == owner)
		return;
	ATExecChangeOwner(table->history, owner, true, AccessExclusiveLock);
	foreach(cell, tsm_delta_parts(table->history))
		ATExecChangeOwner(lfirst_oid(cell), owner, true, AccessExclusiveLock);
	CommandCounterIncrement();
}

void
tsm_temporal_keep_owner(Oid history)
{
	TsmVersionedTable *table = tsm_delta_find_by_history(history);

	if (table != NULL)
		follow_owner(table);
}

static void
follow_one(TsmVersionedTable *table, List *added)
{
	Following	following = {table, tsm_temporal_owner(table->rel), added};

	follow_owner(table);
	if (get_rel_relkind(table->versions) == RELKIND_VIEW &&
		tsm_temporal_owner(table->versions) != following.owner)
		as_superuser(give_generated, &following);
	tsm_delta_as_owner(following.owner, follow_as_owner, &following);
}

void
tsm_temporal_follow(Oid relid, List *added)
{
	ListCell   *cell;
	TsmVersionedTable *table = tsm_temporal_find(relid);

	tsm_temporal_follow_portions(relid);
	if (table != NULL)
	{
		follow_one(table, added);
		return;
	}
	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return;
	foreach(cell, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		table = tsm_delta_find(lfirst_oid(cell));
		if (table != NULL)
			follow_one(table, added);
	}
}

/*
 * The triggers of ours that ENABLE TRIGGER has made fire on an origin only.
 * They are copied: those of the relation go with the next message that
 * invalidates it, which a look into the catalogue may receive.
 */
static List *
triggers_to_set(Relation rel)
{
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	Oid			namespace = get_namespace_oid("tsmem", false);
	bool		registry = tsm_temporal_is_registry(RelationGetRelid(rel));
	List	   *names = NIL;
	int			i;

	for (i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN &&
			get_func_namespace(trigger->tgfoid) == namespace &&
			(strncmp(trigger->tgname, "~tsmem_", 7) == 0 || registry))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	return names;
}

/* What fires always, by command. */
typedef struct TriggerSetting
{
	Oid			relid;
	List	   *names;
} TriggerSetting;

static void
set_triggers(void *arg)
{
	TriggerSetting *setting = arg;
	ListCell   *cell;

	foreach(cell, setting->names)
		tsm_delta_execute("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s",
						  tsm_delta_relation_name(setting->relid), quote_identifier(lfirst(cell)));
}

void
tsm_temporal_follow_triggers(Oid relid)
{
	TriggerSetting setting = {relid, NIL};
	Relation	rel = table_open(relid, AccessShareLock);
	Oid			owner = rel->rd_rel->relowner;

	setting.names = triggers_to_set(rel);
	table_close(rel, NoLock);	/* what is open cannot be altered */
	if (setting.names != NIL)
		tsm_delta_as_owner(owner, set_triggers, &setting);
}

typedef struct NewPartition
{
	TsmVersionedTable *table;
	Oid			attached;		/* InvalidOid when it has no rows */
} NewPartition;

static void
follow_new_partition(void *arg)
{
	NewPartition *new = arg;

	if (OidIsValid(new->attached))
		tsm_temporal_check_stamps(new->attached);
	tsm_temporal_make_truncate_triggers(new->table);
}

void
tsm_temporal_follow_new_partition(Oid relid, Oid attached)
{
	NewPartition new = {tsm_temporal_find(relid), attached};

	if (new.table == NULL)
		return;
	tsm_temporal_check_logged(OidIsValid(attached) ? attached : relid);
	tsm_delta_as_owner(tsm_temporal_owner(new.table->rel), follow_new_partition, &new);
}

/* RENAME of a column, as it goes on to history and registries. */
typedef struct ColumnRename
{
	TsmVersionedTable *table;
	const char *old_name;
	const char *new_name;
} ColumnRename;

static void
rename_in_history(void *arg)
{
	ColumnRename *rename = arg;
	TsmVersionedTable *table = rename->table;

	if (get_attnum(table->history, rename->old_name) != InvalidAttrNumber &&
		get_attnum(table->rel, rename->new_name) != InvalidAttrNumber)
	{
		tsm_delta_execute("ALTER TABLE %s RENAME COLUMN %s TO %s",
						  tsm_delta_relation_name(table->history),
						  quote_identifier(rename->old_name), quote_identifier(rename->new_name));
		tsm_delta_follow_column_name(table->history, rename->old_name, rename->new_name);
	}
	table->key_columns = tsm_temporal_replace_name(table->key_columns, rename->old_name,
												   rename->new_name);
	table->excluded_columns = tsm_temporal_replace_name(table->excluded_columns,
														rename->old_name, rename->new_name);
	tsm_delta_update(table);
}

static void
rename_column(Oid relid, const char *old_name, const char *new_name)
{
	List	   *relations = list_make1_oid(relid);
	ListCell   *cell;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		relations = find_all_inheritors(relid, AccessShareLock, NULL);
	foreach(cell, relations)
	{
		TsmVersionedTable *table = tsm_delta_find(lfirst_oid(cell));
		ColumnRename rename = {table, old_name, new_name};

		if (table != NULL)
			tsm_delta_as_owner(tsm_temporal_owner(table->rel), rename_in_history, &rename);
		tsm_temporal_rename_in_periods(lfirst_oid(cell), old_name, new_name);
	}
	tsm_temporal_follow(relid, NIL);
}

void
tsm_temporal_follow_rename(const RenameStmt *statement)
{
	Oid			relid = InvalidOid;

	if (statement->relation != NULL && statement->subname == NULL)
	{
		tsm_temporal_follow_table_name(statement);
		return;
	}
	if (statement->relation != NULL)
		relid = RangeVarGetRelid(statement->relation, NoLock, true);
	if (!OidIsValid(relid))
		return;
	if (statement->renameType == OBJECT_COLUMN)
		rename_column(relid, statement->subname, statement->newname);
	else if (statement->renameType == OBJECT_TABCONSTRAINT)
		tsm_temporal_rename_constraint(relid, statement->subname, statement->newname);
}
