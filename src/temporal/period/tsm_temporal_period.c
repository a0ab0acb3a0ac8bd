/*-------------------------------------------------------------------------
 *
 * tsm_temporal_period.c
 *	  Valid time: periods and temporal keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "tsm_temporal_foreign.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_add_period);
PG_FUNCTION_INFO_V1(tsm_temporal_drop_period);
PG_FUNCTION_INFO_V1(tsm_temporal_add_temporal_key);

/* Columns of tsmem.periods and tsmem.temporal_keys, in the order of sql/temporal.sql. */
enum
{
	Anum_periods_rel = 1,
	Anum_periods_period,
	Anum_periods_from_column,
	Anum_periods_to_column,
	Anum_periods_constraint_name,
	Anum_periods_set_not_null,
	Anum_periods_portion_view
};
#define Natts_periods Anum_periods_portion_view

enum
{
	Anum_keys_rel = 1,
	Anum_keys_constraint_name,
	Anum_keys_key_columns,
	Anum_keys_period,
	Anum_keys_is_primary
};
#define Natts_keys Anum_keys_is_primary

void
tsm_temporal_check_registry(TupleDesc desc, const char *name, int natts)
{
	bool		good = desc->natts == natts;
	int			i;

	for (i = 0; good && i < natts; i++)
		good = !TupleDescAttr(desc, i)->attisdropped;
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"tsmem.%s\" has other columns than tsmem gave it", name)));
}

static TsmTemporalPeriod *
period_of_tuple(HeapTuple tuple, TupleDesc desc)
{
	TsmTemporalPeriod *period = palloc0(sizeof(TsmTemporalPeriod));
	Datum		values[Natts_periods];
	bool		nulls[Natts_periods];

	heap_deform_tuple(tuple, desc, values, nulls);
	period->rel = DatumGetObjectId(values[Anum_periods_rel - 1]);
	period->name = pstrdup(NameStr(*DatumGetName(values[Anum_periods_period - 1])));
	if (!nulls[Anum_periods_from_column - 1])
	{
		period->from_column = pstrdup(NameStr(*DatumGetName(values[Anum_periods_from_column - 1])));
		period->to_column = pstrdup(NameStr(*DatumGetName(values[Anum_periods_to_column - 1])));
	}
	period->constraint_name =
		pstrdup(NameStr(*DatumGetName(values[Anum_periods_constraint_name - 1])));
	period->set_not_null = DatumGetBool(values[Anum_periods_set_not_null - 1]);
	if (!nulls[Anum_periods_portion_view - 1])
		period->portion_view = DatumGetObjectId(values[Anum_periods_portion_view - 1]);
	return period;
}

static TsmTemporalKey *
key_of_tuple(HeapTuple tuple, TupleDesc desc)
{
	TsmTemporalKey *key = palloc0(sizeof(TsmTemporalKey));
	Datum		values[Natts_keys];
	bool		nulls[Natts_keys];

	heap_deform_tuple(tuple, desc, values, nulls);
	key->rel = DatumGetObjectId(values[Anum_keys_rel - 1]);
	key->constraint_name = pstrdup(NameStr(*DatumGetName(values[Anum_keys_constraint_name - 1])));
	key->key_columns = tsm_delta_names_list(values[Anum_keys_key_columns - 1]);
	key->period = pstrdup(NameStr(*DatumGetName(values[Anum_keys_period - 1])));
	key->is_primary = DatumGetBool(values[Anum_keys_is_primary - 1]);
	return key;
}

/* Rows of one of the two tables; both are small, so they are read whole. */
static List *
read_registry(const char *name, bool keys, Oid relid)
{
	Relation	registry = table_open(tsm_delta_own_relation(name), AccessShareLock);
	SysScanDesc scan = systable_beginscan(registry, InvalidOid, false, NULL, 0, NULL);
	TupleDesc	desc = RelationGetDescr(registry);
	HeapTuple	tuple;
	List	   *rows = NIL;

	tsm_temporal_check_registry(desc, name, keys ? Natts_keys : Natts_periods);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		null;
		Datum		rel = heap_getattr(tuple, 1, desc, &null);

		if (OidIsValid(relid) && DatumGetObjectId(rel) != relid)
			continue;
		rows = lappend(rows, keys ? (void *) key_of_tuple(tuple, desc) :
					   (void *) period_of_tuple(tuple, desc));
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return rows;
}

List *
tsm_temporal_periods(Oid relid)
{
	return read_registry("periods", false, relid);
}

List *
tsm_temporal_keys(Oid relid)
{
	return read_registry("temporal_keys", true, relid);
}

TsmTemporalPeriod *
tsm_temporal_period(Oid relid, const char *name)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(relid))
	{
		if (strcmp(((TsmTemporalPeriod *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	}
	return NULL;
}

TsmTemporalPeriod *
tsm_temporal_existing_period(Relation rel, const char *name)
{
	TsmTemporalPeriod *period = tsm_temporal_period(RelationGetRelid(rel), name);

	if (period == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("period \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(rel))));
	return period;
}

TsmTemporalPeriod *
tsm_temporal_period_of_view(Oid view)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(InvalidOid))
	{
		if (((TsmTemporalPeriod *) lfirst(cell))->portion_view == view)
			return lfirst(cell);
	}
	return NULL;
}

static void
run_command(void *arg)
{
	tsm_delta_execute("%s", (const char *) arg);
}

void
tsm_temporal_execute_as(Oid owner, char *command)
{
	tsm_delta_as_owner(owner, run_command, command);
}

/* Change one of our tables, as its owner: users have no right to. */
void
tsm_temporal_execute_as_extension(char *command)
{
	tsm_temporal_execute_as(tsm_temporal_owner(tsm_delta_own_relation("periods")), command);
}

const char *
tsm_temporal_name_literal(const char *name)
{
	return name == NULL ? "NULL" : quote_literal_cstr(name);
}

/* The range type over a column's type; 42804 when it has none that a period may have. */
static const char *
range_type_over(Oid type, const char *column)
{
	switch (type)
	{
		case TIMESTAMPTZOID:
			return "tstzrange";
		case TIMESTAMPOID:
			return "tsrange";
		case DATEOID:
			return "daterange";
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" cannot bound a period", column),
					 errdetail("It is of type %s; timestamptz, timestamp or date is needed.",
							   format_type_be(type))));
	}
	return NULL;				/* keep compiler quiet */
}

/* A column that is there, or 42703. */
static AttrNumber
column_number(Relation rel, const char *name)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), name);

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(rel))));
	return attno;
}

/*
 * Two columns that may bound a period: not one twice (42701), nor the one that the versioning sets (42P17), since
 * what FOR PORTION OF gives it would be overwritten.
 */
static void
check_bounds(const TsmTemporalPeriod *period)
{
	if (strcmp(period->from_column, period->to_column) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" cannot be both bounds of a period", period->from_column)));
	if ((strcmp(period->from_column, TSM_ROW_START) == 0 || strcmp(period->to_column, TSM_ROW_START) == 0) &&
		get_attnum(period->rel, TSM_ROW_XID) != InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("column \"%s\" cannot be a bound of a period", TSM_ROW_START),
				 errdetail("System versioning sets it.")));
}

/* The command that makes the period of a range column, or of two columns. */
static char *
period_command(Relation rel, TsmTemporalPeriod *period)
{
	char	   *table = tsm_delta_relation_name(RelationGetRelid(rel));
	const char *column = quote_identifier(period->name);
	char	   *check = psprintf("ADD CONSTRAINT %s CHECK (NOT isempty(%s))",
								 quote_identifier(period->constraint_name), column);
	AttrNumber	attno;
	Oid			type;

	if (period->from_column != NULL)
	{
		const char *range;

		type = get_atttype(period->rel, column_number(rel, period->from_column));
		range = range_type_over(type, period->from_column);
		if (get_atttype(period->rel, column_number(rel, period->to_column)) != type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("columns \"%s\" and \"%s\" are of different types",
							period->from_column, period->to_column)));
		check_bounds(period);
		tsm_temporal_check_new_column(period->rel, period->name);
		return psprintf("ALTER TABLE %s ADD COLUMN %s %s NOT NULL "
						"GENERATED ALWAYS AS (%s(%s, %s)) STORED, %s",
						table, column, range, range, quote_identifier(period->from_column),
						quote_identifier(period->to_column), check);
	}
	attno = column_number(rel, period->name);
	type = get_atttype(period->rel, attno);
	if (type != TSTZRANGEOID && type != TSRANGEOID && type != DATERANGEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot be a period", period->name),
				 errdetail("It is of type %s; tstzrange, tsrange or daterange is needed.",
						   format_type_be(type))));
	if (TupleDescAttr(RelationGetDescr(rel), attno - 1)->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("generated column \"%s\" cannot be a period", period->name),
				 errhint("Give the two columns that it is made of to add_period, which makes a column of its own.")));
	period->set_not_null = !TupleDescAttr(RelationGetDescr(rel), attno - 1)->attnotnull;
	return psprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL, %s", table, column, check);
}

/* add_period(rel regclass, period name, from_column name, to_column name) */
Datum
tsm_temporal_add_period(PG_FUNCTION_ARGS)
{
	TsmTemporalPeriod *period = palloc0(sizeof(TsmTemporalPeriod));
	Relation	rel;
	Oid			owner;
	char	   *command;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) != PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "add_period"),
				 errdetail("Columns from and to are given both or not at all.")));
	period->rel = PG_GETARG_OID(0);
	period->name = pstrdup(NameStr(*PG_GETARG_NAME(1)));
	if (!PG_ARGISNULL(2))
	{
		period->from_column = pstrdup(NameStr(*PG_GETARG_NAME(2)));
		period->to_column = pstrdup(NameStr(*PG_GETARG_NAME(3)));
	}
	rel = tsm_temporal_open_owned(period->rel);
	tsm_temporal_check_kind(rel, "a period");
	if (tsm_temporal_period(period->rel, period->name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("period \"%s\" of table \"%s\" already exists", period->name,
						RelationGetRelationName(rel))));
	period->constraint_name =
		tsm_delta_make_name(psprintf("%s_%s", RelationGetRelationName(rel), period->name),
							   "period");
	owner = rel->rd_rel->relowner;
	command = period_command(rel, period);
	table_close(rel, NoLock);
	tsm_temporal_execute_as(owner, command);
	tsm_temporal_execute_as_extension(
		psprintf("INSERT INTO tsmem.periods VALUES (%u, %s, %s, %s, %s, %s, NULL)", period->rel,
				 tsm_temporal_name_literal(period->name), tsm_temporal_name_literal(period->from_column),
				 tsm_temporal_name_literal(period->to_column), tsm_temporal_name_literal(period->constraint_name),
				 period->set_not_null ? "true" : "false"));
	tsm_temporal_follow(period->rel, NIL);
	tsm_session_watch(period->rel);
	PG_RETURN_VOID();
}

/* drop_period(rel regclass, period name) */
Datum
tsm_temporal_drop_period(PG_FUNCTION_ARGS)
{
	Relation	rel = tsm_temporal_open_owned(PG_GETARG_OID(0));
	Oid			relid = RelationGetRelid(rel);
	Oid			owner = rel->rd_rel->relowner;
	TsmTemporalPeriod *period = tsm_temporal_existing_period(rel, NameStr(*PG_GETARG_NAME(1)));
	char	   *table = tsm_delta_relation_name(relid);
	const char *column = quote_identifier(period->name);
	ListCell   *cell;
	StringInfoData command;

	foreach(cell, tsm_temporal_keys(relid))
	{
		TsmTemporalKey *key = lfirst(cell);

		if (strcmp(key->period, period->name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("cannot drop period \"%s\" of table \"%s\"", period->name,
							RelationGetRelationName(rel)),
					 errdetail("Temporal key \"%s\" depends on it.", key->constraint_name),
					 errhint("Drop the constraint first.")));
	}
	tsm_foreign_check_period_unused(relid, period->name);
	table_close(rel, NoLock);
	tsm_temporal_drop_portions(relid);
	initStringInfo(&command);
	appendStringInfo(&command, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", table,
					 quote_identifier(period->constraint_name));
	if (period->set_not_null)
		appendStringInfo(&command, ", ALTER COLUMN %s DROP NOT NULL", column);
	if (period->from_column != NULL)
	{
		tsm_temporal_before_drop_column(relid, period->name);
		appendStringInfo(&command, ", DROP COLUMN %s", column);
	}
	tsm_temporal_execute_as(owner, command.data);
	tsm_temporal_execute_as_extension(
		psprintf("DELETE FROM tsmem.periods WHERE rel = %u AND period = %s", relid,
				 tsm_temporal_name_literal(period->name)));
	tsm_temporal_follow(relid, NIL);
	tsm_session_unwatch(relid);
	PG_RETURN_VOID();
}

/* "column WITH operator" of an exclusion constraint; 55000 when the type has no GiST equality. */
static char *
exclusion_element(Relation rel, const char *column)
{
	Oid			type = getBaseType(get_atttype(RelationGetRelid(rel), column_number(rel, column)));
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR);
	char	   *schema;

	if (!OidIsValid(GetDefaultOpClass(type, GIST_AM_OID)) || !OidIsValid(entry->eq_opr))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" cannot be in a temporal key", column,
						RelationGetRelationName(rel)),
				 errdetail("Type %s has no GiST operator class with equality.",
						   format_type_be(type)),
				 OidIsValid(get_extension_oid("btree_gist", true)) ? 0 :
				 errhint("CREATE EXTENSION btree_gist")));
	schema = get_namespace_name(get_func_namespace(get_opcode(entry->eq_opr)));
	return psprintf("%s WITH OPERATOR(%s.=)", quote_identifier(column), quote_identifier(schema));
}

/* The list of the key's columns as the server's kind of temporal key wants it. */
static char *
key_elements(Relation rel, const TsmTemporalKey *key)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, key->key_columns)
	{
		const char *column = lfirst(cell);
		char	   *element = exclusion_element(rel, column);

		if (strcmp(column, key->period) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("period \"%s\" cannot be a key column too", column)));
		appendStringInfo(&list, "%s, ", TSM_NATIVE_TEMPORAL_KEYS ? quote_identifier(column) :
						 element);
	}
	appendStringInfo(&list, TSM_NATIVE_TEMPORAL_KEYS ? "%s WITHOUT OVERLAPS" :
					 "%s WITH OPERATOR(pg_catalog.&&)", quote_identifier(key->period));
	return list.data;
}

/* The command that makes the constraint, and NOT NULL for a primary one. */
static char *
key_command(Relation rel, const TsmTemporalKey *key)
{
	StringInfoData command;
	ListCell   *cell;

	initStringInfo(&command);
	appendStringInfo(&command, "ALTER TABLE %s ADD CONSTRAINT %s %s (%s)",
					 tsm_delta_relation_name(key->rel), quote_identifier(key->constraint_name),
					 !TSM_NATIVE_TEMPORAL_KEYS ? "EXCLUDE USING gist" :
					 key->is_primary ? "PRIMARY KEY" : "UNIQUE", key_elements(rel, key));
	if (key->is_primary)
	{
		foreach(cell, key->key_columns)
			appendStringInfo(&command, ", ALTER COLUMN %s SET NOT NULL",
							 quote_identifier(lfirst(cell)));
	}
	return command.data;
}

/* A table has one primary key, of either kind (42P16). */
static void
check_no_primary_key(Relation rel)
{
	ListCell   *cell;
	bool		found = OidIsValid(tsm_RelationGetPrimaryKeyIndex(rel));

	foreach(cell, tsm_temporal_keys(RelationGetRelid(rel)))
		found = found || ((TsmTemporalKey *) lfirst(cell))->is_primary;
	if (found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("table \"%s\" already has a primary key", RelationGetRelationName(rel))));
}

/* The name of a new key: of its table, columns and period. */
static char *
key_name(Relation rel, const TsmTemporalKey *key)
{
	StringInfoData name;
	ListCell   *cell;

	initStringInfo(&name);
	appendStringInfoString(&name, RelationGetRelationName(rel));
	foreach(cell, key->key_columns)
		appendStringInfo(&name, "_%s", (char *) lfirst(cell));
	appendStringInfo(&name, "_%s", key->period);
	return tsm_delta_make_name(name.data, key->is_primary ? "pkey" : "key");
}

/* add_temporal_key(rel regclass, key_columns name[], period name, primary_key boolean) → name */
Datum
tsm_temporal_add_temporal_key(PG_FUNCTION_ARGS)
{
	TsmTemporalKey *key = palloc0(sizeof(TsmTemporalKey));
	Relation	rel;
	Oid			owner;
	char	   *command;
	Name		result = palloc0(NAMEDATALEN);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "add_temporal_key")));
	key->rel = PG_GETARG_OID(0);
	key->key_columns = tsm_delta_names_list(PG_GETARG_DATUM(1));
	key->period = pstrdup(NameStr(*PG_GETARG_NAME(2)));
	key->is_primary = PG_GETARG_BOOL(3);
	if (key->key_columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a temporal key needs a column besides its period")));
	rel = tsm_temporal_open_owned(key->rel);
	tsm_temporal_check_kind(rel, "a temporal key");
	(void) tsm_temporal_existing_period(rel, key->period);
	if (key->is_primary)
		check_no_primary_key(rel);
	key->constraint_name = key_name(rel, key);
	owner = rel->rd_rel->relowner;
	command = key_command(rel, key);
	table_close(rel, NoLock);
	tsm_temporal_execute_as(owner, command);
	tsm_temporal_execute_as_extension(
		psprintf("INSERT INTO tsmem.temporal_keys VALUES (%u, %s, %s, %s, %s)", key->rel,
				 tsm_temporal_name_literal(key->constraint_name),
				 quote_literal_cstr(tsm_temporal_names_text(key->key_columns)),
				 tsm_temporal_name_literal(key->period), key->is_primary ? "true" : "false"));
	tsm_temporal_follow(key->rel, NIL);
	namestrcpy(result, key->constraint_name);
	PG_RETURN_NAME(result);
}

/* A column's new name in the registrations of a table. */
void
tsm_temporal_rename_in_periods(Oid relid, const char *old_name, const char *new_name)
{
	char	   *from = quote_literal_cstr(old_name);
	char	   *to = quote_literal_cstr(new_name);

	if (tsm_temporal_periods(relid) == NIL)
		return;
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.periods SET period = CASE WHEN period = %s THEN %s ELSE period END, "
				 "from_column = CASE WHEN from_column = %s THEN %s ELSE from_column END, "
				 "to_column = CASE WHEN to_column = %s THEN %s ELSE to_column END "
				 "WHERE rel = %u", from, to, from, to, from, to, relid));
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.temporal_keys "
				 "SET key_columns = array_replace(key_columns, %s::name, %s::name), "
				 "period = CASE WHEN period = %s THEN %s ELSE period END WHERE rel = %u",
				 from, to, from, to, relid));
	tsm_foreign_rename_column(relid, old_name, new_name);
}

/* A constraint's new name in the registrations of a table. */
void
tsm_temporal_rename_constraint(Oid relid, const char *old_name, const char *new_name)
{
	char	   *from = quote_literal_cstr(old_name);
	char	   *to = quote_literal_cstr(new_name);

	if (tsm_temporal_periods(relid) == NIL)
		return;
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.periods SET constraint_name = %s WHERE rel = %u AND constraint_name = %s",
				 to, relid, from));
	tsm_temporal_execute_as_extension(
		psprintf("UPDATE tsmem.temporal_keys SET constraint_name = %s "
				 "WHERE rel = %u AND constraint_name = %s", to, relid, from));
	tsm_foreign_rename_constraint(relid, old_name, new_name);
}

/* Whether a table has a constraint of the name. */
static bool
has_constraint(Oid relid, const char *name)
{
	return OidIsValid(get_relation_constraint_oid(relid, name, true));
}

static void
refuse_change(const TsmTemporalPeriod *period)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot change period \"%s\" of table \"%s\"", period->name,
					get_rel_name(period->rel)),
			 errdetail("A period is a range that is never null and never empty."),
			 errhint("End it first, with tsmem.drop_period.")));
}

void
tsm_temporal_check_period_kept(Oid relid, const AlterTableCmd *command)
{
	ListCell   *cell;

	if (command->subtype != AT_AlterColumnType)
		return;
	foreach(cell, tsm_temporal_periods(InvalidOid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (strcmp(period->name, command->name) == 0 &&
			list_member_oid(find_all_inheritors(relid, NoLock, NULL), period->rel))
			refuse_change(period);
	}
}

/* Whether the column of a period is NOT NULL and has its CHECK; true for one that is gone. */
static bool
is_intact(const TsmTemporalPeriod *period)
{
	AttrNumber	attno = get_attnum(period->rel, period->name);
	HeapTuple	tuple;
	bool		not_null;

	if (attno == InvalidAttrNumber)
		return true;
	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(period->rel), Int16GetDatum(attno));
	if (!HeapTupleIsValid(tuple))
		return true;
	not_null = ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
	ReleaseSysCache(tuple);
	return not_null && has_constraint(period->rel, period->constraint_name);
}

void
tsm_temporal_check_periods(Oid relid)
{
	List	   *relations = NIL;
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(InvalidOid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (relations == NIL)
			relations = find_all_inheritors(relid, NoLock, NULL);
		if (list_member_oid(relations, period->rel) && !is_intact(period))
			refuse_change(period);
	}
}

void
tsm_temporal_forget_dropped(void)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_periods(InvalidOid))
	{
		TsmTemporalPeriod *period = lfirst(cell);

		if (get_attnum(period->rel, period->name) == InvalidAttrNumber)
			tsm_temporal_execute_as_extension(
				psprintf("DELETE FROM tsmem.periods WHERE rel = %u AND period = %s", period->rel,
						 tsm_temporal_name_literal(period->name)));
		else if (OidIsValid(period->portion_view) && get_rel_relkind(period->portion_view) != RELKIND_VIEW)
			tsm_temporal_execute_as_extension(
				psprintf("UPDATE tsmem.periods SET portion_view = NULL WHERE rel = %u AND period = %s",
						 period->rel, tsm_temporal_name_literal(period->name)));
	}
	foreach(cell, tsm_temporal_keys(InvalidOid))
	{
		TsmTemporalKey *key = lfirst(cell);

		if (!has_constraint(key->rel, key->constraint_name))
			tsm_temporal_execute_as_extension(
				psprintf("DELETE FROM tsmem.temporal_keys WHERE rel = %u AND constraint_name = %s",
						 key->rel, tsm_temporal_name_literal(key->constraint_name)));
	}
}
