/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_add.c
 *	  add_temporal_foreign_key, drop_temporal_foreign_key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_foreign.h"
#include "tsm_temporal_foreign_query.h"
#include "tsm_temporal_portion.h"

PG_FUNCTION_INFO_V1(tsm_temporal_add_foreign_key);
PG_FUNCTION_INFO_V1(tsm_temporal_drop_foreign_key);

/* Arguments of add_temporal_foreign_key. */
enum
{
	ARG_REL,
	ARG_KEY_COLUMNS,
	ARG_PERIOD,
	ARG_REFERENCED,
	ARG_REFERENCED_COLUMNS,
	ARG_REFERENCED_PERIOD,
	ARG_ON_DELETE,
	ARG_ON_UPDATE,
	ARG_DEFERRABLE,
	ARG_INITIALLY_DEFERRED,
	ARG_NAME
};

/* 22023 for what is no action. */
static TsmForeignAction
action_of(text *given, const char *argument)
{
	char	   *name = text_to_cstring(given);
	int			i;

	for (i = TSM_NO_ACTION; i <= TSM_SET_DEFAULT; i++)
	{
		if (pg_strcasecmp(name, tsm_foreign_action_name(i)) == 0)
			return (TsmForeignAction) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for parameter \"%s\": \"%s\"", argument, name),
			 errhint("It is \"no action\", \"restrict\", \"cascade\", \"set null\" or \"set default\".")));
	return TSM_NO_ACTION;		/* keep compiler quiet */
}

/* Open a table so that nobody writes to it, or 42P01. */
static Relation
open_locked(Oid relid)
{
	Relation	rel;

	LockRelationOid(relid, ShareRowExclusiveLock);
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return rel;
}

/* The referencing table; 42501 unless the current user owns it. */
static Relation
open_referencing(Oid relid)
{
	Relation	rel;
	char	   *name = get_rel_name(relid);

	if (name != NULL && !tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, name);
	rel = open_locked(relid);
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(rel));
	return rel;
}

/*
 * Columns that are there (42703), each once and the period not among them
 * (42830), and stored (0A000): a trigger does not see the value of others.
 */
static void
check_columns(Relation rel, const List *columns, const char *period)
{
	const ListCell *cell;
	List	   *seen = NIL;

	foreach(cell, columns)
	{
		const char *column = lfirst(cell);

		AttrNumber	attno = get_attnum(RelationGetRelid(rel), column);

		if (attno <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", column,
							RelationGetRelationName(rel))));
		if (TupleDescAttr(RelationGetDescr(rel), attno - 1)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of table \"%s\" cannot be in a foreign key", column,
							RelationGetRelationName(rel)),
					 errdetail("It is generated, but not stored."),
					 errhint("Make it GENERATED ALWAYS AS (...) STORED.")));
		if (tsm_temporal_name_in(seen, column) || strcmp(column, period) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FOREIGN_KEY),
					 errmsg("column \"%s\" of table \"%s\" appears twice in the foreign key", column,
							RelationGetRelationName(rel))));
		seen = lappend(seen, lfirst(cell));
	}
}

/* The current user may refer to the referenced columns, as for any foreign key (42501). */
static void
check_references(Relation referenced, const TsmForeignKey *key)
{
	Oid			relid = RelationGetRelid(referenced);
	List	   *columns = lappend(list_copy(key->referenced_columns), key->referenced_period);
	ListCell   *cell;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_REFERENCES) == ACLCHECK_OK)
		return;
	foreach(cell, columns)
	{
		AclResult	result = pg_attribute_aclcheck(relid, get_attnum(relid, lfirst(cell)),
												   GetUserId(), ACL_REFERENCES);

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(referenced));
	}
}

/* Rows that last may not hang on rows that do not (42P16). */
static void
check_persistence(Relation rel, Relation referenced)
{
	char		mine = rel->rd_rel->relpersistence;
	char		theirs = referenced->rd_rel->relpersistence;

	if ((mine == RELPERSISTENCE_PERMANENT && theirs != RELPERSISTENCE_PERMANENT) ||
		(mine == RELPERSISTENCE_UNLOGGED && theirs == RELPERSISTENCE_TEMP) ||
		(mine == RELPERSISTENCE_TEMP && theirs != RELPERSISTENCE_TEMP))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("table \"%s\" cannot reference table \"%s\"", RelationGetRelationName(rel),
						RelationGetRelationName(referenced)),
				 errdetail("One of them is temporary or unlogged, and the other is not.")));
}

/* 42830 for actions that would set a generated column. */
static void
check_actions(Relation rel, const TsmForeignKey *key)
{
	ListCell   *cell;

	if (key->deferrable && (key->on_delete != TSM_NO_ACTION || key->on_update != TSM_NO_ACTION))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a temporal foreign key with actions cannot be deferrable"),
				 errdetail("What is done on delete and on update must be \"no action\".")));
	if (key->on_update < TSM_CASCADE && key->on_delete <= TSM_CASCADE)
		return;
	foreach(cell, key->key_columns)
	{
		AttrNumber	attno = get_attnum(RelationGetRelid(rel), lfirst(cell));

		if (TupleDescAttr(RelationGetDescr(rel), attno - 1)->attgenerated != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FOREIGN_KEY),
					 errmsg("foreign key actions cannot set generated column \"%s\"",
							(char *) lfirst(cell))));
	}
}

static bool
is_taken(Oid relid, const char *name)
{
	return OidIsValid(get_relation_constraint_oid(relid, name, true)) ||
		OidIsValid(get_trigger_oid(relid, name, true));
}

/* base_suffix, with a number where a constraint or trigger of the table has that name. */
static char *
free_name(Oid relid, const char *base, const char *suffix)
{
	char	   *name = tsm_delta_make_name(base, suffix);
	int			number = 0;

	while (is_taken(relid, name))
		name = tsm_delta_make_name(base, psprintf("%s%d", suffix, ++number));
	return name;
}

/* The name that was given (42710 when it is taken), or one made of table, columns and period. */
static char *
key_name(Relation rel, const TsmForeignKey *key, const char *given)
{
	StringInfoData base;
	ListCell   *cell;

	if (given != NULL)
	{
		if (is_taken(RelationGetRelid(rel), given))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("constraint \"%s\" for relation \"%s\" already exists", given,
							RelationGetRelationName(rel))));
		return pstrdup(given);
	}
	initStringInfo(&base);
	appendStringInfoString(&base, RelationGetRelationName(rel));
	foreach(cell, key->key_columns)
		appendStringInfo(&base, "_%s", (char *) lfirst(cell));
	appendStringInfo(&base, "_%s", key->period);
	return free_name(RelationGetRelid(rel), base.data, "fkey");
}

/* "col, col" */
static char *
column_list(const List *columns)
{
	StringInfoData list;
	const ListCell *cell;

	initStringInfo(&list);
	foreach(cell, columns)
		appendStringInfo(&list, "%s, ", quote_identifier(lfirst(cell)));
	return list.data;
}

static const char *
timing(const TsmForeignKey *key)
{
	return !key->deferrable ? "NOT DEFERRABLE" :
		key->initially_deferred ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE";
}

/* The server's own constraint. */
static void
add_native(const TsmForeignKey *key, Oid owner)
{
	tsm_temporal_execute_as(owner,
							psprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%sPERIOD %s) "
									 "REFERENCES %s (%sPERIOD %s) %s",
									 tsm_delta_relation_name(key->rel), quote_identifier(key->name),
									 column_list(key->key_columns), quote_identifier(key->period),
									 tsm_delta_relation_name(key->referenced),
									 column_list(key->referenced_columns),
									 quote_identifier(key->referenced_period), timing(key)));
}

/* A trigger of TRUNCATE for each relation that has none: partitions do not inherit it. */
static void
add_truncate_triggers(const TsmForeignKey *key)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(key->referenced, NoLock, NULL))
	{
		Oid			relid = lfirst_oid(cell);

		if (relid != key->referenced && !get_rel_relispartition(relid))
			continue;
		if (!OidIsValid(get_trigger_oid(relid, key->truncate_trigger, true)))
			tsm_temporal_execute_as_extension(
				psprintf("CREATE TRIGGER %s AFTER TRUNCATE ON %s FOR EACH STATEMENT "
						 "EXECUTE FUNCTION tsmem._truncate_referenced()",
						 quote_identifier(key->truncate_trigger), tsm_delta_relation_name(relid)));
	}
}

/* Triggers of both tables. The extension's owner makes them: the referenced table may be another's. */
static void
add_triggers(TsmForeignKey *key)
{
	key->truncate_trigger = free_name(key->referenced, key->name, "truncate");
	tsm_temporal_execute_as_extension(
		psprintf("CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR UPDATE ON %s %s "
				 "FOR EACH ROW EXECUTE FUNCTION tsmem._check_foreign_key()",
				 quote_identifier(key->name), tsm_delta_relation_name(key->rel), timing(key)));
	key->referenced_trigger = is_taken(key->referenced, key->name) ?
		free_name(key->referenced, key->name, "referenced") : key->name;
	tsm_temporal_execute_as_extension(
		psprintf("CREATE CONSTRAINT TRIGGER %s AFTER UPDATE OR DELETE ON %s %s "
				 "FOR EACH ROW EXECUTE FUNCTION tsmem._act_on_foreign_key()",
				 quote_identifier(key->referenced_trigger), tsm_delta_relation_name(key->referenced),
				 timing(key)));
	add_truncate_triggers(key);
}

/* 23503 when a row of the referencing table is not covered. Writers are kept out by the caller. */
static void
validate(const TsmForeignKey *key, Relation rel)
{
	TsmForeignInfo *info = tsm_foreign_describe(key, rel, true);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (tsm_foreign_run(info, TSM_INVALID, NULL, true, 1) > 0)
	{
		Datum		values[INDEX_MAX_KEYS + 1];
		bool		null;
		int			i;

		for (i = 0; i <= info->nkeys; i++)
			values[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &null);
		tsm_foreign_report_missing(info, rel, values);
	}
	SPI_finish();
	tsm_foreign_release(info);
}

/* Whether the server's own constraint does: no action at all, and an index of its own kind. */
static bool
is_native(const TsmForeignKey *key, Oid constraint)
{
	TsmForeignMatch *matches = tsm_foreign_matches(key, constraint);
	bool		native = TSM_NATIVE_TEMPORAL_KEYS && tsm_foreign_is_native_key(constraint) &&
		key->on_delete == TSM_NO_ACTION && key->on_update == TSM_NO_ACTION;
	int			i;

	for (i = 0; i < list_length(key->key_columns); i++)
		native = native && matches[i].type == matches[i].compared;
	return native;
}

static TsmForeignKey *
read_arguments(FunctionCallInfo fcinfo)
{
	TsmForeignKey *key = palloc0(sizeof(TsmForeignKey));
	int			i;

	for (i = ARG_REL; i < ARG_NAME; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("arguments of \"%s\" must not be null", "add_temporal_foreign_key")));
	}
	key->rel = PG_GETARG_OID(ARG_REL);
	key->key_columns = tsm_delta_names_list(PG_GETARG_DATUM(ARG_KEY_COLUMNS));
	key->period = pstrdup(NameStr(*PG_GETARG_NAME(ARG_PERIOD)));
	key->referenced = PG_GETARG_OID(ARG_REFERENCED);
	key->referenced_columns = tsm_delta_names_list(PG_GETARG_DATUM(ARG_REFERENCED_COLUMNS));
	key->referenced_period = pstrdup(NameStr(*PG_GETARG_NAME(ARG_REFERENCED_PERIOD)));
	key->on_delete = action_of(PG_GETARG_TEXT_PP(ARG_ON_DELETE), "on_delete");
	key->on_update = action_of(PG_GETARG_TEXT_PP(ARG_ON_UPDATE), "on_update");
	key->initially_deferred = PG_GETARG_BOOL(ARG_INITIALLY_DEFERRED);
	key->deferrable = PG_GETARG_BOOL(ARG_DEFERRABLE) || key->initially_deferred;
	if (key->key_columns == NIL || list_length(key->key_columns) != list_length(key->referenced_columns))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("number of referencing and referenced columns for foreign key disagree"),
				 errdetail("It needs as many of both, and one besides the period.")));
	return key;
}

/* The constraint of the key that is referenced; 42830 when there is none. */
static Oid
referenced_constraint(const TsmForeignKey *key, Relation referenced)
{
	Oid			constraint = tsm_foreign_key_constraint(key->referenced, key->referenced_columns,
														key->referenced_period);

	if (!OidIsValid(constraint))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("there is no temporal key over the given columns of referenced table \"%s\"",
						RelationGetRelationName(referenced)),
				 errhint("Add one, with tsmem.add_temporal_key.")));
	return constraint;
}

/* add_temporal_foreign_key(rel, key_columns, period, referenced, referenced_columns, referenced_period, on_delete, on_update, deferrable, initially_deferred, constraint_name) → name */
Datum
tsm_temporal_add_foreign_key(PG_FUNCTION_ARGS)
{
	TsmForeignKey *key = read_arguments(fcinfo);
	Relation	rel = open_referencing(key->rel);
	Relation	referenced = open_locked(key->referenced);
	Oid			owner;
	Oid			constraint;
	bool		native;
	Name		result = palloc0(NAMEDATALEN);

	tsm_temporal_check_kind(rel, "a foreign key");
	tsm_temporal_check_kind(referenced, "a reference");
	check_references(referenced, key);
	check_columns(rel, key->key_columns, key->period);
	(void) tsm_temporal_existing_period(rel, key->period);
	check_columns(referenced, key->referenced_columns, key->referenced_period);
	(void) tsm_temporal_existing_period(referenced, key->referenced_period);
	check_persistence(rel, referenced);
	check_actions(rel, key);
	constraint = referenced_constraint(key, referenced);
	owner = rel->rd_rel->relowner;
	key->name = key_name(rel, key, PG_ARGISNULL(ARG_NAME) ? NULL :
						 NameStr(*PG_GETARG_NAME(ARG_NAME)));
	native = is_native(key, constraint);
	if (!native)
		validate(key, rel);
	/* The server alters no table that is open here. */
	table_close(referenced, NoLock);
	table_close(rel, NoLock);
	if (native)
		add_native(key, owner);
	else
		add_triggers(key);
	tsm_foreign_insert(key);
	CommandCounterIncrement();
	tsm_foreign_bind_all(false);
	namestrcpy(result, key->name);
	PG_RETURN_NAME(result);
}

/* drop_temporal_foreign_key(rel regclass, constraint_name name) */
Datum
tsm_temporal_drop_foreign_key(PG_FUNCTION_ARGS)
{
	Relation	rel = tsm_temporal_open_owned(PG_GETARG_OID(0));
	Oid			owner = rel->rd_rel->relowner;
	TsmForeignKey *key = tsm_foreign_find(RelationGetRelid(rel), NameStr(*PG_GETARG_NAME(1)));

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("temporal foreign key \"%s\" of table \"%s\" does not exist",
						NameStr(*PG_GETARG_NAME(1)), RelationGetRelationName(rel))));
	table_close(rel, NoLock);
	tsm_foreign_bind_all(false);
	if (key->referenced_trigger == NULL)
		tsm_temporal_execute_as(owner,
								psprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
										 tsm_delta_relation_name(key->rel), quote_identifier(key->name)));
	else						/* the other triggers depend on it */
		tsm_temporal_execute_as_extension(psprintf("DROP TRIGGER IF EXISTS %s ON %s",
												   quote_identifier(key->name),
												   tsm_delta_relation_name(key->rel)));
	tsm_foreign_remove(key);
	PG_RETURN_VOID();
}

void
tsm_foreign_after_partitions(Oid relid, bool attached, bool detached)
{
	List	   *ancestors = list_make1_oid(relid);
	ListCell   *cell;

	if (get_rel_relispartition(relid))
		ancestors = list_concat(ancestors, get_partition_ancestors(relid));
	foreach(cell, tsm_foreign_list())
	{
		TsmForeignKey *key = lfirst(cell);
		bool		referencing = list_member_oid(ancestors, key->rel);
		bool		is_referenced = list_member_oid(ancestors, key->referenced);
		Relation	rel;

		if (key->referenced_trigger == NULL)
			continue;
		if (is_referenced)
			add_truncate_triggers(key);
		if (!(attached && referencing) && !(detached && is_referenced))
			continue;
		/* Rows must not change meanwhile on the side that this command has not locked. */
		LockRelationOid(attached ? key->referenced : key->rel, ShareRowExclusiveLock);
		rel = table_open(key->rel, AccessShareLock);
		validate(key, rel);
		table_close(rel, AccessShareLock);
	}
	if (detached)
		tsm_foreign_bind_all(true);
}
