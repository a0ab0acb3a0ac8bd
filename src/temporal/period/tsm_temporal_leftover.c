/*-------------------------------------------------------------------------
 *
 * tsm_temporal_leftover.c
 *	  What is left of a row when a portion of its period is changed or
 *	  deleted, and the deletion itself.
 *
 * A deletion is one statement: the rows are deleted, and what is left of them
 * is inserted from what DELETE returns. So conditions, policies, rights and
 * waiting are the server's own, and triggers that fire at the end of a
 * statement (history, foreign keys) see the leftovers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_index.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "tsm_temporal_portion.h"

PG_FUNCTION_INFO_V1(tsm_temporal_check_portion);
PG_FUNCTION_INFO_V1(tsm_temporal_delete_for_portion_of);

/* Whether a column of an index is one that a cut changes. */
static bool
is_period_column(Relation rel, const TsmTemporalPeriod *period, AttrNumber attno)
{
	const char *name;

	if (attno <= 0)
		return false;
	name = NameStr(TupleDescAttr(RelationGetDescr(rel), attno - 1)->attname);
	return strcmp(name, period->name) == 0 ||
		(period->from_column != NULL &&
		 (strcmp(name, period->from_column) == 0 || strcmp(name, period->to_column) == 0));
}

/* Add the columns of one key to those that pieces share, or to those that they cannot. */
static void
sort_key_columns(Relation rel, const TsmTemporalPeriod *period, Form_pg_index index,
				 Bitmapset **shared, Bitmapset **alone)
{
	bool		with_period = false;
	int			i;

	for (i = 0; i < index->indnkeyatts; i++)
		with_period |= is_period_column(rel, period, index->indkey.values[i]);
	for (i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	attno = index->indkey.values[i];

		if (attno <= 0)
			continue;
		if (with_period)
			*shared = bms_add_member(*shared, attno);
		else
			*alone = bms_add_member(*alone, attno);
	}
}

static void
find_key_columns(Relation rel, const TsmTemporalPeriod *period, Bitmapset **shared,
				 Bitmapset **alone)
{
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisunique || index->rd_index->indisexclusion)
			sort_key_columns(rel, period, index->rd_index, shared, alone);
		index_close(index, AccessShareLock);
	}
}

List *
tsm_temporal_leftover_columns(Relation rel, const TsmTemporalPeriod *period)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool		versioned = tsm_temporal_find(RelationGetRelid(rel)) != NULL;
	Bitmapset  *shared = NULL;
	Bitmapset  *alone = NULL;
	List	   *columns = NIL;
	int			i;

	find_key_columns(rel, period, &shared, &alone);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		const char *name = NameStr(attribute->attname);

		if (attribute->attisdropped || attribute->attgenerated != '\0')
			continue;
		if (versioned && (strcmp(name, TSM_ROW_START) == 0 || strcmp(name, TSM_ROW_XID) == 0))
			continue;
		if (!bms_is_member(i + 1, shared) &&
			(attribute->attidentity != '\0' || (attribute->atthasdef && bms_is_member(i + 1, alone))))
			continue;
		columns = lappend_int(columns, i + 1);
	}
	return columns;
}

/* The columns of leftovers, and their values: those of row g, cut to range l.l. */
static void
append_leftover(StringInfo names, StringInfo values, Relation rel, const TsmTemporalPeriod *period)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_leftover_columns(rel, period))
	{
		const char *name = NameStr(TupleDescAttr(RelationGetDescr(rel), lfirst_int(cell) - 1)->attname);
		const char *separator = names->len > 0 ? ", " : "";

		appendStringInfo(names, "%s%s", separator, quote_identifier(name));
		if (period->from_column == NULL && strcmp(name, period->name) == 0)
			appendStringInfo(values, "%sl.l", separator);
		else if (period->from_column != NULL && strcmp(name, period->from_column) == 0)
			appendStringInfo(values, "%spg_catalog.lower(l.l)", separator);
		else if (period->to_column != NULL && strcmp(name, period->to_column) == 0)
			appendStringInfo(values, "%spg_catalog.upper(l.l)", separator);
		else
			appendStringInfo(values, "%sg.%s", separator, quote_identifier(name));
	}
}

char *
tsm_temporal_delete_portion_sql(Oid relid, const char *period_name, const char *portion,
								const char *alias, const char *with, const char *using_clause,
								const char *where, const char *returning)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TsmTemporalPeriod *period = tsm_temporal_existing_period(rel, period_name);
	char	   *target = tsm_temporal_portion_target(rel);
	const char *column = quote_identifier(period->name);
	StringInfoData names;
	StringInfoData values;
	StringInfoData query;

	initStringInfo(&names);
	initStringInfo(&values);
	initStringInfo(&query);
	append_leftover(&names, &values, rel, period);
	appendStringInfo(&query, "WITH %s%s\"~portion\" AS MATERIALIZED (SELECT tsmem._portion(%s) AS p), ",
					 with == NULL ? "" : with, with == NULL ? "" : ", ", portion);
	appendStringInfo(&query, "\"~gone\" AS (DELETE FROM %s AS %s%s%s WHERE ", target, alias,
					 using_clause == NULL ? "" : " USING ",
					 using_clause == NULL ? "" : using_clause);
	if (where != NULL)
		appendStringInfo(&query, "(%s\n) AND ", where);
	appendStringInfo(&query, "%s.%s OPERATOR(pg_catalog.&&) (SELECT p FROM \"~portion\") RETURNING %s.*), ",
					 alias, column, alias);
	appendStringInfo(&query, "\"~kept\" AS (INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE "
					 "SELECT %s FROM \"~gone\" g, \"~portion\" o, "
					 "LATERAL tsmem._leftovers(g.%s, o.p) l(l)) ",
					 tsm_delta_relation_name(relid), names.data, values.data, column);
	appendStringInfo(&query, "SELECT %s FROM \"~gone\" AS %s",
					 returning == NULL ? "pg_catalog.count(*)" : returning, alias);
	table_close(rel, NoLock);
	return query.data;
}

/* _portion(anyrange) → anyrange: the portion, if it is one (22004, 22020). */
Datum
tsm_temporal_check_portion(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a portion of a period must not be null")));
	if (RangeIsEmpty(PG_GETARG_RANGE_P(0)))
		ereport(ERROR,
				(errcode(ERRCODE_TSM_INVALID_PERIOD_VALUE),
				 errmsg("a portion of a period must not be empty"),
				 errdetail("It must end after it starts.")));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

char *
tsm_temporal_operator_name(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

char *
tsm_temporal_equality(Oid type)
{
	Oid			equality = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;

	if (!OidIsValid(equality))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s has no equality operator", format_type_be(type))));
	return tsm_temporal_operator_name(equality);
}

/*
 * One condition of a key: 42703 for a column that is not there. $2 is the key,
 * of which the column alone is read: the domains of others are not asked.
 */
static void
append_condition(StringInfo where, Relation rel, const char *name, bool is_null)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), name);
	const char *column = quote_identifier(name);
	Oid			type;

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(rel))));
	if (where->len > 0)
		appendStringInfoString(where, " AND ");
	type = getBaseType(TupleDescAttr(RelationGetDescr(rel), attno - 1)->atttypid);
	if (is_null)
		appendStringInfo(where, "t.%s IS NULL", column);
	else
		appendStringInfo(where, "t.%s %s (SELECT k.%s FROM pg_catalog.jsonb_to_record($2) k (%s %s))",
						 column, tsm_temporal_equality(type), column, column,
						 format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/* The conditions that a key, a JSON object, stands for; NULL for an empty one. 22023 for another value. */
static char *
key_conditions(Relation rel, Jsonb *key)
{
	JsonbIterator *iterator = JsonbIteratorInit(&key->root);
	JsonbValue	value;
	StringInfoData where;

	if (JsonbIteratorNext(&iterator, &value, true) != WJB_BEGIN_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a key must be a JSON object of columns and values")));
	initStringInfo(&where);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *name = pnstrdup(value.val.string.val, value.val.string.len);

		(void) JsonbIteratorNext(&iterator, &value, true);
		append_condition(&where, rel, name, value.type == jbvNull);
	}
	return where.len == 0 ? NULL : where.data;
}

/* 42804: the portion is of another type than the period. */
static void
check_portion_type(Relation rel, const TsmTemporalPeriod *period, Oid type)
{
	Oid			expected = get_atttype(period->rel, get_attnum(period->rel, period->name));

	if (type != expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the portion is not of the type of period \"%s\" of table \"%s\"",
						period->name, RelationGetRelationName(rel)),
				 errdetail("It is of type %s; %s is needed.", format_type_be(type),
						   format_type_be(expected))));
}

/* delete_for_portion_of(rel regclass, period name, portion anyrange, key jsonb) → bigint */
Datum
tsm_temporal_delete_for_portion_of(PG_FUNCTION_ARGS)
{
	Oid			types[2] = {get_fn_expr_argtype(fcinfo->flinfo, 2), JSONBOID};
	Datum		values[2] = {PG_GETARG_DATUM(2), PG_GETARG_DATUM(3)};
	Relation	rel;
	char	   *query;
	char	   *where;
	bool		null;
	int64		count;

	if (get_rel_name(PG_GETARG_OID(0)) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", PG_GETARG_OID(0))));
	rel = table_open(PG_GETARG_OID(0), RowExclusiveLock);
	check_portion_type(rel, tsm_temporal_existing_period(rel, NameStr(*PG_GETARG_NAME(1))), types[0]);
	where = key_conditions(rel, PG_GETARG_JSONB_P(3));
	query = tsm_temporal_delete_portion_sql(RelationGetRelid(rel), NameStr(*PG_GETARG_NAME(1)),
											"$1", "t", NULL, NULL, where, NULL);
	table_close(rel, NoLock);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query, 2, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	SPI_finish();
	PG_RETURN_INT64(count);
}
