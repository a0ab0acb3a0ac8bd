/*-------------------------------------------------------------------------
 *
 * tsm_temporal_handler.c
 *	  The language tsmem_sql: functions whose body is SQL with the temporal
 *	  grammar. They behave as functions in SQL do.
 *
 * A body is translated when it is called, by the search_path that holds then,
 * and its plans are kept. Whatever changes in the catalogue makes it be
 * translated again; when that gives the same text, the plans stay (the server
 * revalidates them).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "executor/functions.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "parser/parse_coerce.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "tsm_temporal_language.h"

PG_FUNCTION_INFO_V1(tsm_temporal_call);
PG_FUNCTION_INFO_V1(tsm_temporal_inline);
PG_FUNCTION_INFO_V1(tsm_temporal_validate);

/* Rows fetched at a time. */
#define FETCH_COUNT 1000

/* A function, translated and prepared, in a context of its own. */
typedef struct Body
{
	MemoryContext context;
	TransactionId xmin;			/* of its row in pg_proc */
	ItemPointerData tid;
	uint64		generation;		/* of the catalogue, when it was translated last */
	List	   *path;			/* the search_path then */
	char	   *text;			/* the translation */
	char	   *name;
	bool		read_only;
	SQLFunctionParseInfoPtr info;
	int			nplans;
	SPIPlanPtr *plans;
	int			users;			/* calls that run it */
	bool		dead;			/* to be freed by the last of them */
} Body;

typedef struct BodyKey
{
	Oid			function;
	Oid			collation;
} BodyKey;

typedef struct BodyEntry
{
	BodyKey		key;
	Body	   *body;
} BodyEntry;

static HTAB *bodies = NULL;
static uint64 generation = 0;

static void
relation_changed(Datum arg, Oid relid)
{
	generation++;
}

static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	generation++;
}

static void
start_cache(void)
{
	HASHCTL		control = {.keysize = sizeof(BodyKey), .entrysize = sizeof(BodyEntry)};

	bodies = hash_create("tsmem_sql functions", 32, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
}

static void
free_body(Body *body)
{
	int			i;

	for (i = 0; i < body->nplans; i++)
		SPI_freeplan(body->plans[i]);
	MemoryContextDelete(body->context);
}

static HeapTuple
function_tuple(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	return tuple;
}

static char *
source_of(HeapTuple tuple)
{
	bool		null;
	Datum		source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &null);

	return null ? pstrdup("") : TextDatumGetCString(source);
}

/* Translate a body into the context of the caller and prepare its statements. In an SPI connection. */
static Body *
make_body(HeapTuple tuple, Oid collation, const char *text)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem_sql function", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Body	   *body = palloc0(sizeof(Body));
	List	   *statements;
	ListCell   *cell;
	int			i;

	body->context = context;
	body->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	body->tid = tuple->t_self;
	body->text = pstrdup(text);
	body->name = pstrdup(NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname));
	body->read_only = ((Form_pg_proc) GETSTRUCT(tuple))->provolatile != PROVOLATILE_VOLATILE;
	body->info = prepare_sql_fn_parse_info(tuple, NULL, collation);
	statements = tsm_language_parse(text);
	body->plans = palloc0(sizeof(SPIPlanPtr) * (list_length(statements) + 1));
	MemoryContextSwitchTo(old);
	foreach(cell, statements)
	{
		SPIPrepareOptions options = {
			.parserSetup = (ParserSetupHook) sql_fn_parser_setup,
			.parserSetupArg = body->info,
			.parseMode = RAW_PARSE_DEFAULT
		};
		const char *source = tsm_language_statement_text(lfirst_node(RawStmt, cell), text);

		tsm_language_check_statement(lfirst_node(RawStmt, cell));
		body->plans[body->nplans] = SPI_prepare_extended(source, &options);
		if (body->plans[body->nplans++] == NULL)
			elog(ERROR, "could not prepare \"%s\"", source);
	}
	for (i = 0; i < body->nplans; i++)
		SPI_keepplan(body->plans[i]);
	MemoryContextSetParent(context, CacheMemoryContext);
	return body;
}

/* Note with which search_path, and when, a body was translated. */
static void
mark_current(Body *body, List *path, uint64 at)
{
	MemoryContext old = MemoryContextSwitchTo(body->context);

	list_free(body->path);
	body->path = list_copy(path);
	body->generation = at;
	MemoryContextSwitchTo(old);
}

/* The body of a function, translated for the present search_path and catalogue. In an SPI connection. */
static Body *
find_body(Oid function, Oid collation)
{
	BodyKey		key = {function, collation};
	HeapTuple	tuple = function_tuple(function);
	List	   *path = fetch_search_path(true);
	uint64		at = generation;
	bool		found;
	BodyEntry  *entry;
	Body	   *body;
	char	   *text;

	if (bodies == NULL)
		start_cache();
	entry = hash_search(bodies, &key, HASH_FIND, NULL);
	body = entry == NULL ? NULL : entry->body;
	if (body != NULL && body->xmin == HeapTupleHeaderGetRawXmin(tuple->t_data) &&
		ItemPointerEquals(&body->tid, &tuple->t_self))
	{
		if (body->generation == at && equal(body->path, path))
		{
			ReleaseSysCache(tuple);
			return body;
		}
		text = tsm_language_rewrite(source_of(tuple), NULL);
		if (strcmp(text, body->text) == 0)
		{
			mark_current(body, path, at);
			ReleaseSysCache(tuple);
			return body;
		}
	}
	else
		text = tsm_language_rewrite(source_of(tuple), NULL);
	body = make_body(tuple, collation, text);
	ReleaseSysCache(tuple);
	mark_current(body, path, at);
	entry = hash_search(bodies, &key, HASH_ENTER, &found);
	if (found && entry->body->users == 0)
		free_body(entry->body);
	else if (found)
		entry->body->dead = true;
	entry->body = body;
	return body;
}

/* 42P13: what a function returns is not what its last statement gives. */
static void
wrong_result(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
			 errmsg("return type mismatch in function"),
			 errdetail("%s", detail)));
}

/* A value in the type that is declared, by the cast that an assignment uses. */
static Datum
coerce_value(Datum value, bool null, Oid from, Oid to)
{
	Oid			function;
	Oid			input;
	Oid			output;
	Oid			io_param;
	bool		varlena;
	CoercionPathType path;

	if (from == to || (get_typtype(to) != TYPTYPE_DOMAIN && IsBinaryCoercible(from, to)))
		return value;
	/* The input of a domain looks at its constraints; it is given nulls too. */
	path = get_typtype(to) == TYPTYPE_DOMAIN ?
		find_coercion_pathway(getBaseType(to), from, COERCION_ASSIGNMENT, &function) :
		find_coercion_pathway(to, from, COERCION_ASSIGNMENT, &function);
	if (path == COERCION_PATH_NONE)
		wrong_result(psprintf("The last statement gives %s where %s is declared.", format_type_be(from), format_type_be(to)));
	if (null && get_typtype(to) != TYPTYPE_DOMAIN)
		return value;
	if (path == COERCION_PATH_FUNC && get_typtype(to) != TYPTYPE_DOMAIN)
		return get_func_nargs(function) == 1 ? OidFunctionCall1(function, value) :
			OidFunctionCall3(function, value, Int32GetDatum(-1), BoolGetDatum(false));
	if (path == COERCION_PATH_RELABELTYPE && get_typtype(to) != TYPTYPE_DOMAIN)
		return value;
	getTypeOutputInfo(from, &output, &varlena);
	getTypeInputInfo(to, &input, &io_param);
	return OidInputFunctionCall(input, null ? NULL : OidOutputFunctionCall(output, value), io_param, -1);
}

/* A row of the last statement as values of the declared columns; a dropped one is null. */
static void
convert_row(HeapTuple tuple, TupleDesc from, TupleDesc to, Datum *values, bool *nulls)
{
	int			source = 0;
	int			i;

	for (i = 0; i < to->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(to, i);

		nulls[i] = true;
		values[i] = (Datum) 0;
		if (attribute->attisdropped)
			continue;
		if (source == from->natts)
			wrong_result("The last statement gives too few columns.");
		values[i] = SPI_getbinval(tuple, from, source + 1, &nulls[i]);
		values[i] = coerce_value(values[i], nulls[i], TupleDescAttr(from, source)->atttypid, attribute->atttypid);
		source++;
	}
	if (source < from->natts)
		wrong_result("The last statement gives too many columns.");
}

/* What a call returns, and where. */
typedef struct Answer
{
	bool		is_set;
	bool		is_void;
	bool		is_row;
	TupleDesc	desc;			/* of the columns; of one for a scalar */
	Tuplestorestate *store;		/* of a set */
	Datum		value;			/* else */
	bool		null;
} Answer;

/* One row of the answer, with the memory of the caller of SPI for what is not a set. */
static void
take_row(HeapTuple tuple, TupleDesc from, Answer *answer)
{
	Datum	   *values = palloc(sizeof(Datum) * (answer->desc->natts + 1));
	bool	   *nulls = palloc(sizeof(bool) * (answer->desc->natts + 1));

	convert_row(tuple, from, answer->desc, values, nulls);
	if (answer->is_set)
		tuplestore_putvalues(answer->store, answer->desc, values, nulls);
	else if (answer->is_row)
	{
		answer->value = PointerGetDatum(SPI_returntuple(heap_form_tuple(answer->desc, values, nulls), answer->desc));
		answer->null = false;
	}
	else
	{
		Form_pg_attribute attribute = TupleDescAttr(answer->desc, 0);

		answer->null = nulls[0];
		if (!nulls[0])
			answer->value = SPI_datumTransfer(values[0], attribute->attbyval, attribute->attlen);
	}
}

/* Run the last statement, which gives the answer. */
static void
run_last(Body *body, ParamListInfo params, Answer *answer)
{
	SPIPlanPtr	plan = body->plans[body->nplans - 1];
	MemoryContext row;
	Portal		portal;
	uint64		i;

	if (!SPI_is_cursor_plan(plan))
		wrong_result("The last statement must be one that gives rows.");
	row = AllocSetContextCreate(CurrentMemoryContext, "tsmem_sql row", ALLOCSET_DEFAULT_SIZES);
	portal = SPI_cursor_open_with_paramlist(NULL, plan, params, body->read_only);
	do
	{
		MemoryContext old;

		SPI_cursor_fetch(portal, true, answer->is_set ? FETCH_COUNT : 1);
		old = MemoryContextSwitchTo(row);
		for (i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			take_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, answer);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(row);
		SPI_freetuptable(SPI_tuptable);
	} while (answer->is_set && SPI_processed > 0);
	SPI_cursor_close(portal);
}

static ParamListInfo
make_params(FunctionCallInfo fcinfo, const Body *body)
{
	ParamListInfo params;
	int			i;

	if (body->info->nargs == 0)
		return NULL;
	params = makeParamList(body->info->nargs);
	for (i = 0; i < body->info->nargs; i++)
	{
		params->params[i].value = fcinfo->args[i].value;
		params->params[i].isnull = fcinfo->args[i].isnull;
		params->params[i].pflags = 0;
		params->params[i].ptype = body->info->argtypes[i];
	}
	return params;
}

/* What the caller wants; 0A000 when that cannot be given. */
static void
prepare_answer(FunctionCallInfo fcinfo, Answer *answer)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			type;
	TypeFuncClass class;

	memset(answer, 0, sizeof(Answer));
	answer->null = true;
	class = get_call_result_type(fcinfo, &type, &answer->desc);
	answer->is_void = type == VOIDOID;
	answer->is_row = class == TYPEFUNC_COMPOSITE;
	if (class == TYPEFUNC_COMPOSITE)
		answer->desc = BlessTupleDesc(answer->desc);
	else if (class == TYPEFUNC_SCALAR)
	{
		answer->desc = CreateTemplateTupleDesc(1);
		TupleDescInitEntry(answer->desc, 1, "value", type, -1, 0);
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	if (!fcinfo->flinfo->fn_retset)
		return;
	answer->is_set = true;
	InitMaterializedSRF(fcinfo, answer->is_row && rsinfo->expectedDesc == NULL ? 0 : MAT_SRF_USE_EXPECTED_DESC);
	answer->store = rsinfo->setResult;
	if (answer->is_row)
		answer->desc = rsinfo->setDesc;
}

static void
show_function(void *arg)
{
	errcontext("tsmem_sql function \"%s\"", (const char *) arg);
}

static void
run_body(FunctionCallInfo fcinfo, Body *body, Answer *answer)
{
	ParamListInfo params = make_params(fcinfo, body);
	int			last = answer->is_void ? body->nplans : body->nplans - 1;
	int			i;

	if (last < 0)
		wrong_result("The function has no statement.");
	for (i = 0; i < last; i++)
	{
		int			status = SPI_execute_plan_with_paramlist(body->plans[i], params, body->read_only, 0);

		if (status < 0)
			elog(ERROR, "could not execute statement %d: %s", i + 1, SPI_result_code_string(status));
		SPI_freetuptable(SPI_tuptable);
	}
	if (!answer->is_void)
		run_last(body, params, answer);
}

static void
release_body(Body *body)
{
	if (--body->users == 0 && body->dead)
		free_body(body);
}

/* Run a body that no call may free meanwhile. */
static pg_noinline void
run_held(FunctionCallInfo fcinfo, Body *body, Answer *answer)
{
	body->users++;
	PG_TRY();
	{
		run_body(fcinfo, body, answer);
	}
	PG_CATCH();
	{
		release_body(body);
		PG_RE_THROW();
	}
	PG_END_TRY();
	release_body(body);
}

/* The call handler. */
Datum
tsm_temporal_call(PG_FUNCTION_ARGS)
{
	ErrorContextCallback callback = {error_context_stack, show_function, NULL};
	Answer		answer;

	if (CALLED_AS_TRIGGER(fcinfo) || CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("triggers cannot be written in language \"%s\"", "tsmem_sql")));
	prepare_answer(fcinfo, &answer);
	callback.arg = get_func_name(fcinfo->flinfo->fn_oid);
	error_context_stack = &callback;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	run_held(fcinfo, find_body(fcinfo->flinfo->fn_oid, fcinfo->fncollation), &answer);
	SPI_finish();
	error_context_stack = callback.previous;
	fcinfo->isnull = answer.null;
	return answer.null || answer.is_set ? (Datum) 0 : answer.value;
}

/* DO $$ ... $$ LANGUAGE tsmem_sql: what its statements give is thrown away. */
Datum
tsm_temporal_inline(PG_FUNCTION_ARGS)
{
	InlineCodeBlock *block = (InlineCodeBlock *) PG_GETARG_POINTER(0);
	char	   *text = tsm_language_rewrite(block->source_text, NULL);
	ListCell   *cell;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	foreach(cell, tsm_language_parse(text))
	{
		int			status;

		tsm_language_check_statement(lfirst_node(RawStmt, cell));
		status = SPI_execute(tsm_language_statement_text(lfirst_node(RawStmt, cell), text), false, 0);
		if (status < 0)
			elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(status));
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* Types that a function cannot have: 0A000. */
static void
check_signature(HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	bool		bad = get_typtype(form->prorettype) == TYPTYPE_PSEUDO && form->prorettype != VOIDOID &&
		form->prorettype != RECORDOID;
	int			i;

	for (i = 0; i < form->pronargs && !bad; i++)
		bad = get_typtype(form->proargtypes.values[i]) == TYPTYPE_PSEUDO;
	bad = bad || (get_typtype(form->prorettype) == TYPTYPE_DOMAIN && type_is_rowtype(form->prorettype));
	if (bad)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("functions in language \"%s\" cannot be triggers, or polymorphic, or have other pseudo-types", "tsmem_sql")));
	if (form->prokind == PROKIND_PROCEDURE && form->prorettype != VOIDOID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("procedures in language \"%s\" cannot have output arguments", "tsmem_sql")));
}

/* The validator: signature, and where check_function_bodies is on the body. */
Datum
tsm_temporal_validate(PG_FUNCTION_ARGS)
{
	Oid			function = PG_GETARG_OID(0);
	ErrorContextCallback callback = {NULL, tsm_language_show_text, NULL};
	SQLFunctionParseInfoPtr info;
	HeapTuple	tuple;
	ListCell   *cell;
	char	   *text;

	if (!CheckFunctionValidatorAccess(fcinfo->flinfo->fn_oid, function))
		PG_RETURN_VOID();
	tuple = function_tuple(function);
	check_signature(tuple);
	if (check_function_bodies)
	{
		text = tsm_language_rewrite(source_of(tuple), NULL);
		info = prepare_sql_fn_parse_info(tuple, NULL, InvalidOid);
		foreach(cell, tsm_language_parse(text))
		{
			RawStmt    *statement = lfirst_node(RawStmt, cell);

			tsm_language_check_statement(statement);
			callback.previous = error_context_stack;
			callback.arg = text;
			error_context_stack = &callback;
			(void) pg_analyze_and_rewrite_withcb(statement, text, (ParserSetupHook) sql_fn_parser_setup, info, NULL);
			error_context_stack = callback.previous;
		}
	}
	ReleaseSysCache(tuple);
	PG_RETURN_VOID();
}
