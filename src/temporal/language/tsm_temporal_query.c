/*-------------------------------------------------------------------------
 *
 * tsm_temporal_query.c
 *	  query(text, params): translates one statement and runs it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "tsm_temporal_language.h"

PG_FUNCTION_INFO_V1(tsm_temporal_query);

/* Rows fetched at a time. */
#define FETCH_COUNT 1000

/* Where rows go. */
typedef struct QueryResult
{
	Tuplestorestate *store;
	TupleDesc	desc;			/* one column of jsonb */
	MemoryContext row;			/* reset after each batch */
} QueryResult;

/* Parameters for one statement. */
typedef struct Params
{
	int			count;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;
} Params;

static void
put_json(QueryResult *result, Datum value)
{
	bool		null = false;

	tuplestore_putvalues(result->store, result->desc, &value, &null);
}

/* A row as jsonb, by way of row_to_json. */
static Datum
row_json(HeapTuple tuple, TupleDesc desc)
{
	Datum		row = heap_copy_tuple_as_datum(tuple, desc);
	Datum		json = DirectFunctionCall1(row_to_json, row);

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(json)));
}

/* Store the rows of a statement that returns some. */
static void
store_rows(SPIPlanPtr plan, const Params *params, QueryResult *result)
{
	Portal		portal = SPI_cursor_open(NULL, plan, params->values, params->nulls, false);
	TupleDesc	desc = NULL;
	MemoryContext old;
	uint64		i;

	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_COUNT);
		if (SPI_processed == 0)
			break;
		if (desc == NULL)
			desc = BlessTupleDesc(CreateTupleDescCopy(SPI_tuptable->tupdesc));
		old = MemoryContextSwitchTo(result->row);
		for (i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			put_json(result, row_json(SPI_tuptable->vals[i], desc));
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(result->row);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
}

/* {"command": "INSERT", "rows": 1} */
static void
store_command(const char *command, uint64 rows, QueryResult *result)
{
	MemoryContext old = MemoryContextSwitchTo(result->row);
	char	   *json = psprintf("{\"command\": \"%s\", \"rows\": " UINT64_FORMAT "}", command, rows);

	put_json(result, DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
	MemoryContextSwitchTo(old);
}

/* An element of the array of parameters as the text of a value; NULL for null. */
static char *
element_text(JsonbValue *element)
{
	switch (element->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return pnstrdup(element->val.string.val, element->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(element->val.numeric)));
		case jbvBool:
			return pstrdup(element->val.boolean ? "true" : "false");
		default:
			return JsonbToCString(NULL, &JsonbValueToJsonb(element)->root, 0);
	}
}

/* The parameters of a statement: the types that it gives them (text where it gives none), with values from the array. */
static void
bind_params(RawStmt *statement, const char *text, Jsonb *array, Params *params)
{
	int			i;

	memset(params, 0, sizeof(Params));
	if (array == NULL)
		return;
	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameters of a query must be a JSON array")));
	(void) parse_analyze_varparams(copyObject(statement), text, &params->types, &params->count, NULL);
	if (params->count > JB_ROOT_COUNT(array))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("query needs %d parameters, but has %d", params->count, (int) JB_ROOT_COUNT(array))));
	params->values = palloc0(sizeof(Datum) * (params->count + 1));
	params->nulls = palloc0(params->count + 1);
	for (i = 0; i < params->count; i++)
	{
		char	   *value = element_text(getIthJsonbValueFromContainer(&array->root, i));
		Oid			input;
		Oid			io_param;

		if (!OidIsValid(params->types[i]) || params->types[i] == UNKNOWNOID)
			params->types[i] = TEXTOID;
		params->nulls[i] = value == NULL ? 'n' : ' ';
		getTypeInputInfo(params->types[i], &input, &io_param);
		params->values[i] = OidInputFunctionCall(input, value, io_param, -1);
	}
}

void
tsm_language_check_statement(const RawStmt *statement)
{
	if (IsA(statement->stmt, TransactionStmt))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("transaction control is not supported here")));
	if (IsA(statement->stmt, CopyStmt) && castNode(CopyStmt, statement->stmt)->filename == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY from or to the client is not supported here")));
}

List *
tsm_language_parse(const char *text)
{
	ErrorContextCallback callback = {error_context_stack, tsm_language_show_text, unconstify(char *, text)};
	List	   *statements;

	error_context_stack = &callback;
	statements = raw_parser(text, RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	return statements;
}

char *
tsm_language_statement_text(const RawStmt *statement, const char *text)
{
	text += statement->stmt_location;
	return statement->stmt_len > 0 ? pnstrdup(text, statement->stmt_len) : pstrdup(text);
}

/* Run one statement of a translation; alone: whether there is no other. */
static void
run_statement(RawStmt *statement, const char *text, Jsonb *array, bool alone, QueryResult *result)
{
	ErrorContextCallback callback = {error_context_stack, tsm_language_show_text, NULL};
	char	   *source = tsm_language_statement_text(statement, text);
	RawStmt    *whole;
	Params		params;
	SPIPlanPtr	plan;
	int			status;

	tsm_language_check_statement(statement);
	callback.arg = source;
	error_context_stack = &callback;
	whole = linitial_node(RawStmt, raw_parser(source, RAW_PARSE_DEFAULT));
	bind_params(whole, source, array, &params);
	error_context_stack = callback.previous;
	plan = SPI_prepare(source, params.count, params.types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", source);
	if (alone && SPI_is_cursor_plan(plan))
		store_rows(plan, &params, result);
	else
	{
		status = SPI_execute_plan(plan, params.values, params.nulls, false, 0);
		if (status < 0)
			elog(ERROR, "could not execute \"%s\": %s", source, SPI_result_code_string(status));
		if (alone)
			store_command(CreateCommandName(statement->stmt), SPI_processed, result);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_freeplan(plan);
}

/*
 * query(statement text, params jsonb) → setof jsonb
 *
 * One statement, with the rights of the caller. A definition that is
 * translated to several gives one row for all of them.
 */
Datum
tsm_temporal_query(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Jsonb	   *array = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	QueryResult		result;
	List	   *statements;
	ListCell   *cell;
	char	   *rewritten;
	int			given;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	rewritten = tsm_language_rewrite(text_to_cstring(PG_GETARG_TEXT_PP(0)), &given);
	if (given > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("cannot run more than one statement")));
	statements = tsm_language_parse(rewritten);
	if (statements == NIL)
		return (Datum) 0;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result.store = rsinfo->setResult;
	result.desc = rsinfo->setDesc;
	result.row = AllocSetContextCreate(CurrentMemoryContext, "tsmem query row", ALLOCSET_DEFAULT_SIZES);
	foreach(cell, statements)
		run_statement(lfirst_node(RawStmt, cell), rewritten, array, list_length(statements) == 1, &result);
	if (list_length(statements) > 1)
		store_command(CreateCommandName(linitial_node(RawStmt, statements)->stmt), 0, &result);
	SPI_finish();
	return (Datum) 0;
}
