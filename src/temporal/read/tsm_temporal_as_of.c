/*-------------------------------------------------------------------------
 *
 * tsm_temporal_as_of.c
 *	  as_of(NULL::t, ...) and as_of_snapshot(NULL::t, ...): any registered
 *	  table as of a system time or a snapshot, a valid time, or both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_as_of);
PG_FUNCTION_INFO_V1(tsm_temporal_as_of_snapshot);

/* Rows fetched at a time. */
#define FETCH_COUNT 1000

List *
tsm_temporal_histories(Relation rel)
{
	TsmVersionedTable *table = tsm_delta_find(RelationGetRelid(rel));
	List	   *histories = NIL;
	ListCell   *cell;

	if (table != NULL)
		return list_make1_oid(table->history);
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		foreach(cell, find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL))
		{
			if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_PARTITIONED_TABLE)
				continue;
			table = tsm_delta_find(lfirst_oid(cell));
			if (table == NULL)
				break;
			histories = lappend_oid(histories, table->history);
		}
		if (cell == NULL && histories != NIL)
			return histories;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is not system-versioned", RelationGetRelationName(rel)),
			 errhint("Version it with tsmem.add_system_versioning.")));
	return NIL;					/* keep compiler quiet */
}

/* The condition that the table's valid period contains $2. */
static char *
valid_condition(Relation rel)
{
	List	   *periods = tsm_temporal_periods(RelationGetRelid(rel));
	TsmTemporalPeriod *period;
	AttrNumber	attno;
	const char *cast = "";

	if (list_length(periods) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(periods == NIL ? "table \"%s\" has no period" :
						"table \"%s\" has more than one period", RelationGetRelationName(rel)),
				 periods == NIL ? errhint("Add one with tsmem.add_period.") :
				 errhint("Name the period in a condition of the query.")));
	period = linitial(periods);
	attno = get_attnum(RelationGetRelid(rel), period->name);
	switch (get_atttype(RelationGetRelid(rel), attno))
	{
		case TSRANGEOID:
			cast = "::pg_catalog.timestamp";
			break;
		case DATERANGEOID:
			cast = "::pg_catalog.date";
			break;
		default:
			break;
	}
	return psprintf("u.%s OPERATOR(pg_catalog.@>) $2%s", quote_identifier(period->name), cast);
}

/* Every column of the row type: a dropped one as null, so that rows have its shape. */
static char *
row_columns(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < desc->natts; i++)
	{
		if (i > 0)
			appendStringInfoString(&list, ", ");
		if (TupleDescAttr(desc, i)->attisdropped)
			appendStringInfoString(&list, "NULL::pg_catalog.int4");
		else
			appendStringInfo(&list, "u.%s",
							 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	}
	return list.data;
}

char *
tsm_temporal_horizon_condition(Oid relid, const char *time)
{
	return psprintf("tsmem._within_horizon(%s::pg_catalog.regclass, %s)",
					quote_literal_cstr(tsm_delta_relation_name(relid)), time);
}

char *
tsm_temporal_seen_condition(Oid relid, const char *token)
{
	const char *table = quote_literal_cstr(tsm_delta_relation_name(relid));

	return psprintf("tsmem._seen(%s, %s::pg_catalog.regclass, u.row_start, u.row_xid, u.row_end, u.row_end_xid) "
					"AND tsmem._token_within_horizon(%s::pg_catalog.regclass, %s)",
					token, table, table, token);
}

char *
tsm_temporal_read_query(Relation rel, TsmReadKind kind, bool by_system, bool by_valid)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM ", row_columns(rel));
	if (!by_system)
		appendStringInfo(&query, "%s u WHERE true",
						 tsm_delta_relation_name(RelationGetRelid(rel)));
	else
		appendStringInfo(&query, "%s WHERE %s",
						 tsm_temporal_all_versions(rel, tsm_temporal_histories(rel)),
						 kind == TSM_READ_SNAPSHOT ?
						 tsm_temporal_seen_condition(RelationGetRelid(rel), "$1") :
						 psprintf("u.row_start OPERATOR(pg_catalog.<=) $1 AND u.row_end OPERATOR(pg_catalog.>) $1 AND %s",
								  tsm_temporal_horizon_condition(RelationGetRelid(rel), "$1")));
	if (by_valid)
		appendStringInfo(&query, " AND %s", valid_condition(rel));
	return query.data;
}

/* Run the query and store its rows. */
static void
store_rows(const char *query, Oid type, Datum *times, const char *nulls, Tuplestorestate *store)
{
	Oid			types[2] = {type, TIMESTAMPTZOID};
	SPIPlanPtr	plan;
	Portal		portal;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(query, 2, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	portal = SPI_cursor_open(NULL, plan, times, nulls, true);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_COUNT);
		for (i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(store, SPI_tuptable->vals[i]);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
}

/* The times are those given, not those of the session. */
void
tsm_temporal_store_rows(const char *query, Oid type, Datum *times, const char *nulls,
						Tuplestorestate *store)
{
	tsm_session_suspend();
	PG_TRY();
	{
		store_rows(query, type, times, nulls, store);
	}
	PG_FINALLY();
	{
		tsm_session_resume();
	}
	PG_END_TRY();
}

/* The table whose row type the first argument has; 42809 for another type. */
static Oid
table_of_argument(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Oid			relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
	char		kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the first argument of \"%s\" must be of the row type of a table",
						get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Write NULL::table_name.")));
	return relid;
}

/* Both functions. */
static Datum
read_table(FunctionCallInfo fcinfo, TsmReadKind kind)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel = table_open(table_of_argument(fcinfo), AccessShareLock);
	Datum		times[2] = {0, 0};
	char		nulls[3] = "nn";
	int			i;

	for (i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		times[i] = PG_GETARG_DATUM(i + 1);
		nulls[i] = ' ';
	}
	if (nulls[0] == 'n' && nulls[1] == 'n')
		(void) tsm_temporal_histories(rel);	/* refuses a table that is not registered */
	InitMaterializedSRF(fcinfo, 0);
	tsm_temporal_store_rows(tsm_temporal_read_query(rel, kind, nulls[0] == ' ', nulls[1] == ' '),
							kind == TSM_READ_SNAPSHOT ? TEXTOID : TIMESTAMPTZOID, times, nulls,
							rsinfo->setResult);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

/*
 * as_of(anyelement, system timestamptz, valid timestamptz) → setof anyelement
 *
 * A null time does not restrict: without a system time the current rows are read.
 */
Datum
tsm_temporal_as_of(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, TSM_READ_TIME);
}

/*
 * as_of_snapshot(anyelement, token text, valid timestamptz) → setof anyelement
 *
 * The same for what a snapshot saw; refuses a token as tsm_snapshot_accept does.
 */
Datum
tsm_temporal_as_of_snapshot(PG_FUNCTION_ARGS)
{
	if (!PG_ARGISNULL(1))
		pfree(tsm_snapshot_accept(text_to_cstring(PG_GETARG_TEXT_PP(1))));
	return read_table(fcinfo, TSM_READ_SNAPSHOT);
}

TsmReadKind
tsm_temporal_read_kind(PGFunction function)
{
	if (function == tsm_temporal_as_of)
		return TSM_READ_TIME;
	if (function == tsm_temporal_find_documents)
		return TSM_READ_FIND;
	return function == tsm_temporal_as_of_snapshot ? TSM_READ_SNAPSHOT : TSM_READ_NONE;
}
