/*-------------------------------------------------------------------------
 *
 * tsm_temporal_diff.c
 *	  version_diff: what changed in a table between two system times, column
 *	  by column.
 *
 * One query joins the rows of both times by key. It runs with the rights of
 * the caller, row-level security included.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"

PG_FUNCTION_INFO_V1(tsm_temporal_version_diff);

/* What is compared. Columns are numbers of the table. */
typedef struct Comparison
{
	Relation	rel;
	List	   *histories;
	List	   *columns;		/* without those of versioning, and excluded ones */
	List	   *keys;			/* what rows are joined by; NIL when nothing tells them apart */
} Comparison;

static const char *
column_name(Relation rel, int column)
{
	return NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname);
}

/* Column numbers of names; those that the table has not are left out. */
static List *
column_numbers(Relation rel, const List *names)
{
	List	   *numbers = NIL;
	const ListCell *cell;

	foreach(cell, names)
	{
		AttrNumber	column = get_attnum(RelationGetRelid(rel), lfirst(cell));

		if (column > 0)
			numbers = lappend_int(numbers, column);
	}
	return numbers;
}

/*
 * What tells the rows of one time apart: the key, with the period of a
 * temporal key. Nothing does where former versions of a key overlap.
 */
static List *
row_keys(Relation rel, const TsmVersionedTable *table)
{
	List	   *keys;
	ListCell   *cell;

	if (table == NULL || table->key_columns == NIL)
		return NIL;
	keys = column_numbers(rel, table->key_columns);
	if (table->disjoint_keys)
		return keys;
	foreach(cell, tsm_temporal_keys(table->rel))
	{
		TsmTemporalKey *key = lfirst(cell);
		List	   *columns = column_numbers(rel, lappend(list_copy(key->key_columns), key->period));

		if (list_difference_int(keys, columns) == NIL)
			return columns;
	}
	return NIL;
}

static Comparison *
make_comparison(Relation rel)
{
	Comparison *comparison = palloc(sizeof(Comparison));
	TsmVersionedTable *table = tsm_delta_find(RelationGetRelid(rel));
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	comparison->rel = rel;
	comparison->histories = tsm_temporal_histories(rel);
	comparison->keys = row_keys(rel, table);
	comparison->columns = NIL;
	for (i = 1; i <= desc->natts; i++)
	{
		const char *name = column_name(rel, i);

		if (TupleDescAttr(desc, i - 1)->attisdropped || strcmp(name, TSM_ROW_START) == 0 ||
			strcmp(name, TSM_ROW_XID) == 0 ||
			(table != NULL && tsm_temporal_name_in(table->excluded_columns, name)))
			continue;
		comparison->columns = lappend_int(comparison->columns, i);
	}
	return comparison;
}

/* "x.c1 AS name1, x.c2 AS name2" as one jsonb. */
static char *
as_json(const Comparison *comparison, const char *alias, const List *columns)
{
	StringInfoData text;
	const ListCell *cell;

	initStringInfo(&text);
	foreach(cell, columns)
		appendStringInfo(&text, "%s%s.c%d AS %s", text.len > 0 ? ", " : "", alias, lfirst_int(cell),
						 quote_identifier(column_name(comparison->rel, lfirst_int(cell))));
	return psprintf("(SELECT pg_catalog.to_jsonb(r.*) FROM (SELECT %s) r)", text.data);
}

/*
 * The rows of one time, which is a parameter, or for NULL the current ones,
 * as a table with columns c1 ..., s (row_start) and present. Rows without key
 * also have their text and a number among those of the same text.
 */
static char *
rows_of(const Comparison *comparison, const char *parameter)
{
	Relation	rel = comparison->rel;
	StringInfoData columns;
	StringInfoData values;
	char	   *source;
	ListCell   *cell;

	initStringInfo(&columns);
	initStringInfo(&values);
	foreach(cell, list_union_int(comparison->columns, comparison->keys))
	{
		appendStringInfo(&columns, "u.%s AS c%d, ",
						 quote_identifier(column_name(rel, lfirst_int(cell))), lfirst_int(cell));
		appendStringInfo(&values, "%su.%s", values.len > 0 ? ", " : "",
						 quote_identifier(column_name(rel, lfirst_int(cell))));
	}
	if (parameter != NULL)
		source = psprintf("%s WHERE u.row_start OPERATOR(pg_catalog.<=) %s AND u.row_end OPERATOR(pg_catalog.>) %s AND %s",
						  tsm_temporal_all_versions(rel, comparison->histories), parameter, parameter,
						  tsm_temporal_horizon_condition(RelationGetRelid(rel), parameter));
	else
		source = psprintf("%s u", tsm_delta_relation_name(RelationGetRelid(rel)));
	if (comparison->keys == NIL)
		appendStringInfo(&columns, "ROW(%s)::pg_catalog.text AS t, pg_catalog.row_number() OVER "
						 "(PARTITION BY ROW(%s)::pg_catalog.text COLLATE pg_catalog.\"C\") AS n, ",
						 values.data, values.data);
	return psprintf("(SELECT %su.row_start AS s, true AS present FROM %s)", columns.data, source);
}

/* The condition that a row of one time, a, is one of the other, b. */
static char *
same_row(const Comparison *comparison)
{
	StringInfoData text;
	ListCell   *cell;

	if (comparison->keys == NIL)
		return pstrdup("a.t COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) b.t AND a.n OPERATOR(pg_catalog.=) b.n");
	initStringInfo(&text);
	foreach(cell, comparison->keys)
	{
		int			column = lfirst_int(cell);
		Oid			type = TupleDescAttr(RelationGetDescr(comparison->rel), column - 1)->atttypid;
		Oid			equal = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
		HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(equal));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "no equality operator for type %u", type);
		appendStringInfo(&text, "%sa.c%d OPERATOR(%s.%s) b.c%d", text.len > 0 ? " AND " : "", column,
						 quote_identifier(get_namespace_name(((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace)),
						 NameStr(((Form_pg_operator) GETSTRUCT(tuple))->oprname), column);
		ReleaseSysCache(tuple);
	}
	return text.data;
}

/*
 * The query. A changed row is compared to the byte, as the triggers do. Rows
 * with one row_start are one version.
 */
static char *
make_query(const Comparison *comparison, const char *from, const char *to)
{
	const List *keys = comparison->keys;
	StringInfoData query;
	ListCell   *cell;

	initStringInfo(&query);
	if (keys != NIL)
		appendStringInfo(&query, "SELECT CASE WHEN a.present THEN %s ELSE %s END, ",
						 as_json(comparison, "a", keys), as_json(comparison, "b", keys));
	else
		appendStringInfoString(&query, "SELECT NULL::pg_catalog.jsonb, ");
	appendStringInfo(&query, "CASE WHEN a.present IS NULL THEN 'insert' WHEN b.present IS NULL THEN 'delete' "
					 "ELSE 'update' END::pg_catalog.text, v.name, v.a, v.b "
					 "FROM %s a FULL JOIN %s b ON %s CROSS JOIN LATERAL (VALUES ",
					 rows_of(comparison, from), rows_of(comparison, to), same_row(comparison));
	appendStringInfo(&query, "(NULL::pg_catalog.name, a.present IS NULL OR b.present IS NULL, "
					 "CASE WHEN b.present IS NULL THEN %s END, CASE WHEN a.present IS NULL THEN %s END)",
					 as_json(comparison, "a", comparison->columns),
					 as_json(comparison, "b", comparison->columns));
	foreach(cell, keys == NIL ? NIL : comparison->columns)
	{
		int			c = lfirst_int(cell);
		char	   *differ = psprintf("a.present AND b.present AND "
									  "ROW(a.c%d)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(b.c%d)::pg_catalog.record", c, c);

		appendStringInfo(&query, ", (%s, %s, CASE WHEN %s THEN pg_catalog.to_jsonb(a.c%d) END, "
						 "CASE WHEN %s THEN pg_catalog.to_jsonb(b.c%d) END)",
						 quote_literal_cstr(column_name(comparison->rel, c)), differ, differ, c, differ, c);
	}
	appendStringInfoString(&query, ") v(name, differ, a, b) WHERE v.differ");
	if (keys != NIL)
		appendStringInfoString(&query, " AND (a.s OPERATOR(pg_catalog.=) b.s) IS NOT TRUE");
	return query.data;
}

/*
 * version_diff(rel regclass, from_time timestamptz, to_time timestamptz)
 *		→ table (key jsonb, operation text, column_name name, old_value jsonb, new_value jsonb)
 *
 * A null time is now, with current rows. 55000 for a table that is not
 * versioned, 42P01 for none.
 */
Datum
tsm_temporal_version_diff(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		times[2] = {0, 0};
	char		nulls[3] = "nn";
	Relation	rel;
	char	   *query;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	for (i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		times[i] = PG_GETARG_DATUM(i + 1);
		nulls[i] = ' ';
	}
	rel = table_open(PG_GETARG_OID(0), AccessShareLock);
	query = make_query(make_comparison(rel), nulls[0] == ' ' ? "$1" : NULL,
					   nulls[1] == ' ' ? "$2" : NULL);
	tsm_temporal_store_rows(query, TIMESTAMPTZOID, times, nulls, rsinfo->setResult);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}
