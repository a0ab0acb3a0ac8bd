/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_query.c
 *	  The queries of a temporal foreign key as text.
 *
 * In every query p is the referenced table, f the referencing one, g a row of
 * that as it was before a change, x what is aggregated. Parameters come in the
 * order of TsmForeignQuery. Nothing in a query is found by search_path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "tsm_temporal_foreign.h"
#include "tsm_temporal_foreign_query.h"
#include "tsm_temporal_portion.h"

/* The qualified name of a type, without a length. */
static char *
type_name(Oid type)
{
	return format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/*
 * Whether values of one type become those of another without code of a user's:
 * a cast would run with the rights of whoever the check runs as.
 */
static bool
is_compatible(Oid from, Oid to)
{
	Oid			function;

	if (from == to)
		return true;
	switch (find_coercion_pathway(to, from, COERCION_IMPLICIT, &function))
	{
		case COERCION_PATH_RELABELTYPE:
			return true;
		case COERCION_PATH_FUNC:
			return function < FirstNormalObjectId;
		default:
			return false;
	}
}

/* The equality of a column in the constraint of the referenced key. */
static Oid
key_operator(Oid constraint, AttrNumber column)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Datum		keys;
	Datum		operators;
	bool		no_keys;
	bool		no_operators;
	Oid			result = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	keys = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conkey, &no_keys);
	operators = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conexclop, &no_operators);
	if (!no_keys && !no_operators)
	{
		ArrayType  *numbers = DatumGetArrayTypeP(keys);
		ArrayType  *oids = DatumGetArrayTypeP(operators);
		int			i;

		for (i = 0; i < Min(ARR_DIMS(numbers)[0], ARR_DIMS(oids)[0]); i++)
		{
			if (((int16 *) ARR_DATA_PTR(numbers))[i] == column)
				result = ((Oid *) ARR_DATA_PTR(oids))[i];
		}
	}
	ReleaseSysCache(tuple);
	if (!OidIsValid(result))
		elog(ERROR, "constraint %u has no operator for column %d", constraint, column);
	return result;
}

bool
tsm_foreign_is_native_key(Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool		native = HeapTupleIsValid(tuple) &&
		((Form_pg_constraint) GETSTRUCT(tuple))->contype != CONSTRAINT_EXCLUSION;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return native;
}

/* An operator between the two types that a btree index of the first serves; InvalidOid without. */
static Oid
cross_operator(Oid left, Oid right)
{
	Oid			class = GetDefaultOpClass(left, BTREE_AM_OID);

	return OidIsValid(class) ?
		get_opfamily_member(get_opclass_family(class), left, right, BTEqualStrategyNumber) :
		InvalidOid;
}

/* The type of a column, and where its collation is wanted that too. */
static Oid
column_type(Oid relid, const char *name, Oid *collation)
{
	Oid			type;
	int32		typmod;
	Oid			its_collation;

	get_atttypetypmodcoll(relid, get_attnum(relid, name), &type, &typmod, &its_collation);
	if (collation != NULL)
		*collation = its_collation;
	return type;
}

/* One key column of both tables. */
static void
describe_column(TsmForeignMatch *match, const TsmForeignKey *key, Oid constraint, int i)
{
	const char *name = list_nth(key->key_columns, i);
	const char *referenced_name = list_nth(key->referenced_columns, i);
	Oid			referenced_type;
	Oid			collation;
	Oid			right;

	match->column = quote_identifier(name);
	match->referenced_column = quote_identifier(referenced_name);
	match->operator = key_operator(constraint, get_attnum(key->referenced, referenced_name));
	match->type = getBaseType(column_type(key->rel, name, &collation));
	referenced_type = column_type(key->referenced, referenced_name, &match->collation);
	match->same_collation = match->collation == collation;
	op_input_types(match->operator, &match->compared, &right);
	if (IsPolymorphicType(match->compared))
		match->compared = getBaseType(referenced_type);
	if (!is_compatible(match->type, match->compared))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("foreign key constraint \"%s\" cannot be implemented", key->name),
				 errdetail("Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.",
						   name, referenced_name, format_type_be(match->type),
						   format_type_be(referenced_type))));
}

TsmForeignMatch *
tsm_foreign_matches(const TsmForeignKey *key, Oid constraint)
{
	int			nkeys = list_length(key->key_columns);
	TsmForeignMatch *matches = palloc0(sizeof(TsmForeignMatch) * nkeys);
	Oid			type = column_type(key->rel, key->period, NULL);
	Oid			referenced = column_type(key->referenced, key->referenced_period, NULL);
	int			i;

	for (i = 0; i < nkeys; i++)
		describe_column(&matches[i], key, constraint, i);
	if (type != referenced)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("foreign key constraint \"%s\" cannot be implemented", key->name),
				 errdetail("Periods \"%s\" and \"%s\" are of incompatible types: %s and %s.",
						   key->period, key->referenced_period, format_type_be(type),
						   format_type_be(referenced))));
	return matches;
}

/* A table in FROM: ONLY it, unless it is partitioned. */
static char *
table_name(Oid relid)
{
	return psprintf("%s%s", get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					tsm_delta_relation_name(relid));
}

/* Conditions that the rows p have the key of other: "$", for parameters, or "f." */
static void
match_referenced(StringInfo query, const TsmForeignQueries *q, bool parameters)
{
	int			i;

	for (i = 0; i < q->nkeys; i++)
	{
		TsmForeignMatch *match = &q->matches[i];

		appendStringInfo(query, "p.%s %s ", match->referenced_column, tsm_temporal_operator_name(match->operator));
		if (parameters)
			appendStringInfo(query, "$%d::%s AND ", i + 1, type_name(match->compared));
		else
			appendStringInfo(query, "f.%s::%s AND ", match->column, type_name(match->compared));
	}
}

/* Conditions that the rows f have the key of the first parameters, and overlap the one after them. */
static void
match_referencing(StringInfo query, const TsmForeignQueries *q)
{
	int			i;

	for (i = 0; i < q->nkeys; i++)
	{
		TsmForeignMatch *match = &q->matches[i];
		Oid			cross = match->type == match->compared ? InvalidOid :
			cross_operator(match->type, match->compared);

		appendStringInfo(query, "f.%s", match->column);
		if (match->type != match->compared && !OidIsValid(cross))
			appendStringInfo(query, "::%s", type_name(match->compared));
		if (OidIsValid(match->collation) && !match->same_collation)
			appendStringInfo(query, " COLLATE %s", tsm_temporal_collation_name(match->collation));
		appendStringInfo(query, " %s $%d::%s AND ",
						 tsm_temporal_operator_name(OidIsValid(cross) ? cross : match->operator), i + 1,
						 type_name(match->compared));
	}
	appendStringInfo(query, "f.%s OPERATOR(pg_catalog.&&) $%d", q->period, q->nkeys + 1);
}

/* What the rows p of a key and a period cover: a multirange, null without rows. */
static void
cover_query(StringInfo query, const TsmForeignQueries *q, bool lock)
{
	appendStringInfo(query, "SELECT pg_catalog.range_agg(x.r) FROM (SELECT p.%s AS r FROM %s p WHERE ",
					 q->referenced_period, q->referenced);
	match_referenced(query, q, true);
	appendStringInfo(query, "p.%s OPERATOR(pg_catalog.&&) $%d", q->referenced_period, q->nkeys + 1);
	if (lock)
		appendStringInfo(query, " FOR %s OF p", q->lock);
	appendStringInfoString(query, ") x");
}

/* "column = value" for the period, or for the two columns that it is generated from. */
static void
assign_period(StringInfo query, const TsmForeignQueries *q, const char *value)
{
	if (q->from_column == NULL)
		appendStringInfo(query, "%s = %s", q->period, value);
	else
		appendStringInfo(query, "%s = pg_catalog.lower(%s), %s = pg_catalog.upper(%s)",
						 q->from_column, value, q->to_column, value);
}

/* "INSERT INTO f ... SELECT": what of the rows in WITH g lies outside of the given multirange. */
static void
insert_leftovers(StringInfo query, const TsmForeignQueries *q, const char *multirange)
{
	appendStringInfo(query, " INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM g, "
					 "pg_catalog.unnest(pg_catalog.multirange(g.%s) OPERATOR(pg_catalog.-) %s) AS x (r)",
					 q->target, q->left_columns, q->left_values, q->period, multirange);
}

/* Change the keys of what lies in a range, the parameter after the keys. */
static void
set_query(StringInfo query, const TsmForeignQueries *q, TsmForeignQuery which)
{
	char	   *range = psprintf("$%d", q->nkeys + 1);
	int			i;

	appendStringInfo(query, "WITH g AS (UPDATE %s n SET ", q->referencing);
	for (i = 0; i < q->nkeys; i++)
	{
		appendStringInfo(query, "%s = ", q->matches[i].column);
		if (which == TSM_SET_KEYS)
			appendStringInfo(query, "$%d, ", q->nkeys + 2 + i);
		else
			appendStringInfo(query, "%s, ", which == TSM_SET_NULLS ? "NULL" : "DEFAULT");
	}
	assign_period(query, q, psprintf("(n.%s OPERATOR(pg_catalog.*) %s)", q->period, range));
	appendStringInfo(query, " FROM %s f WHERE n.ctid OPERATOR(pg_catalog.=) f.ctid AND "
					 "n.tableoid OPERATOR(pg_catalog.=) f.tableoid AND ", q->referencing);
	match_referencing(query, q);
	appendStringInfoString(query, " RETURNING f.*)");
	insert_leftovers(query, q, psprintf("pg_catalog.multirange(%s)", range));
}

/* The keys and the period of one row f that rows p do not cover. */
static void
invalid_query(StringInfo query, const TsmForeignQueries *q)
{
	int			i;

	appendStringInfoString(query, "SELECT ");
	for (i = 0; i < q->nkeys; i++)
		appendStringInfo(query, "f.%s, ", q->matches[i].column);
	appendStringInfo(query, "f.%s FROM %s f WHERE ", q->period, q->referencing);
	for (i = 0; i < q->nkeys; i++)
		appendStringInfo(query, "f.%s IS NOT NULL AND ", q->matches[i].column);
	appendStringInfo(query, "(f.%s OPERATOR(pg_catalog.<@) (SELECT pg_catalog.range_agg(p.%s) FROM %s p WHERE ",
					 q->period, q->referenced_period, q->referenced);
	match_referenced(query, q, false);
	appendStringInfo(query, "p.%s OPERATOR(pg_catalog.&&) f.%s)) IS NOT TRUE",
					 q->referenced_period, q->period);
}

/* Some row f with a key. */
static void
any_query(StringInfo query, const TsmForeignQueries *q)
{
	int			i;

	appendStringInfo(query, "SELECT 1 FROM %s f WHERE true", q->referencing);
	for (i = 0; i < q->nkeys; i++)
		appendStringInfo(query, " AND f.%s IS NOT NULL", q->matches[i].column);
}

char *
tsm_foreign_query_text(const TsmForeignQueries *q, TsmForeignQuery which)
{
	StringInfoData query;

	initStringInfo(&query);
	switch (which)
	{
		case TSM_COVER_NEW:
		case TSM_COVER_OLD:
			cover_query(&query, q, true);
			break;
		case TSM_LOOK_NEW:
			cover_query(&query, q, false);
			break;
		case TSM_REST:
		case TSM_LOCK:
			appendStringInfo(&query, "SELECT 1 FROM %s f WHERE ", q->referencing);
			match_referencing(&query, q);
			if (which == TSM_LOCK)
				appendStringInfo(&query, " ORDER BY f.%s", q->period);
			appendStringInfo(&query, " FOR %s OF f", which == TSM_LOCK ? "UPDATE" : "KEY SHARE");
			break;
		case TSM_DELETE:
			appendStringInfo(&query, "WITH g AS (DELETE FROM %s f WHERE ", q->referencing);
			match_referencing(&query, q);
			appendStringInfoString(&query, " RETURNING f.*)");
			insert_leftovers(&query, q, psprintf("$%d", q->nkeys + 1));
			break;
		case TSM_SET_NULLS:
		case TSM_SET_DEFAULTS:
		case TSM_SET_KEYS:
			set_query(&query, q, which);
			break;
		case TSM_INVALID:
			invalid_query(&query, q);
			break;
		case TSM_ANY:
			any_query(&query, q);
			break;
		case TSM_QUERIES:
			break;
	}
	return query.data;
}

/* The columns of a leftover, and their values: those of row g, cut to the range x.r. */
static void
describe_leftover(TsmForeignQueries *q, const TsmForeignKey *key)
{
	Relation	rel = table_open(key->rel, AccessShareLock);
	TsmTemporalPeriod *period = tsm_temporal_existing_period(rel, key->period);
	StringInfoData columns;
	StringInfoData values;
	ListCell   *cell;

	if (period->from_column != NULL)
	{
		q->from_column = quote_identifier(period->from_column);
		q->to_column = quote_identifier(period->to_column);
	}
	initStringInfo(&columns);
	initStringInfo(&values);
	foreach(cell, tsm_temporal_leftover_columns(rel, period))
	{
		const char *name = quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(rel),
																  lfirst_int(cell) - 1)->attname));
		const char *comma = columns.len > 0 ? ", " : "";

		appendStringInfo(&columns, "%s%s", comma, name);
		if (q->from_column != NULL && strcmp(name, q->from_column) == 0)
			appendStringInfo(&values, "%spg_catalog.lower(x.r)", comma);
		else if (q->to_column != NULL && strcmp(name, q->to_column) == 0)
			appendStringInfo(&values, "%spg_catalog.upper(x.r)", comma);
		else if (strcmp(name, q->period) == 0)
			appendStringInfo(&values, "%sx.r", comma);
		else
			appendStringInfo(&values, "%sg.%s", comma, name);
	}
	q->left_columns = columns.data;
	q->left_values = values.data;
	table_close(rel, AccessShareLock);
}

TsmForeignQueries *
tsm_foreign_queries(const TsmForeignKey *key, Oid constraint)
{
	TsmForeignQueries *q = palloc0(sizeof(TsmForeignQueries));

	q->nkeys = list_length(key->key_columns);
	q->matches = tsm_foreign_matches(key, constraint);
	q->period = quote_identifier(key->period);
	q->referenced_period = quote_identifier(key->referenced_period);
	q->target = tsm_delta_relation_name(key->rel);
	q->referencing = table_name(key->rel);
	q->referenced = table_name(key->referenced);
	/*
	 * An exclusion constraint's columns are no key to the server: a change of
	 * them does not wait for who holds KEY SHARE.
	 */
	q->lock = tsm_foreign_is_native_key(constraint) ? "KEY SHARE" : "SHARE";
	describe_leftover(q, key);
	return q;
}
