/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_read.c
 *	  Reading documents: get_document, document_history, document_diff,
 *	  find_documents.
 *
 * All is read with the rights of the caller, policies included. Present
 * documents are read as the session's time has it, if one is set; versions and
 * times that a call names are those, whatever the session's.
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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonpath.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_plan.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_get_document);
PG_FUNCTION_INFO_V1(tsm_temporal_get_document_text);
PG_FUNCTION_INFO_V1(tsm_temporal_document_history);
PG_FUNCTION_INFO_V1(tsm_temporal_document_diff);
PG_FUNCTION_INFO_V1(tsm_temporal_document_diff_text);
PG_FUNCTION_INFO_V1(tsm_temporal_find_documents);

/* Rows fetched at a time: of versions, which may be large, and of documents found. */
#define VERSIONS_A_FETCH	10
#define DOCUMENTS_A_FETCH	100

/* Which version of a document. */
typedef struct Choice
{
	bool		by_version;
	bool		by_time;
	int64		version;
	TimestampTz time;
} Choice;

/* One version; without found there is none. Allocated in the caller's context. */
typedef struct Version
{
	bool		found;
	int64		number;
	TimestampTz start;
	Datum		body;
} Version;

/* The type of the bodies of a store. */
static Oid
body_type(Oid store)
{
	return tsm_document_versioned_store(store)->json ? JSONBOID : TEXTOID;
}

/* Run a kept plan that gives one version, within SPI. */
static Version
fetch_version(Oid store, TsmDocumentPlanKind kind, const char *query, int nargs, Oid *types,
			  Datum *values)
{
	SPIPlanPtr	plan = tsm_document_plan(store, kind, query, nargs, types);
	Version		version = {false, 0, 0, (Datum) 0};
	HeapTuple	row;
	TupleDesc	desc;

	if (SPI_execute_plan(plan, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	if (SPI_processed == 0)
		return version;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	version.found = true;
	version.number = DatumGetInt64(tsm_document_value(store, row, desc, 1, INT8OID));
	version.start = DatumGetTimestampTz(tsm_document_value(store, row, desc, 2, TIMESTAMPTZOID));
	version.body = tsm_document_value(store, row, desc, 3, body_type(store));
	version.body = SPI_datumTransfer(version.body, false, -1);	/* as it is, toasted maybe */
	return version;
}

static Version
get_current(Oid store, Datum id)
{
	Oid			type = TEXTOID;

	return fetch_version(store, TSM_DOCUMENT_GET,
						 psprintf("SELECT version, row_start, body FROM %s WHERE id OPERATOR(pg_catalog.=) $1",
								  tsm_delta_relation_name(store)), 1, &type, &id);
}

#define VERSION_QUERY "SELECT u.version, u.row_start, u.body FROM %s WHERE u.id OPERATOR(pg_catalog.=) $1 AND "

/* A version that is there, or was, as of a time, by its number, or (before) the last one before a time. */
static Version
get_past(Oid store, Datum id, const Choice *choice, bool before)
{
	Oid			types[2] = {TEXTOID, choice->by_version ? INT8OID : TIMESTAMPTZOID};
	Datum		values[2] = {id, choice->by_version ? Int64GetDatum(choice->version) :
	TimestampTzGetDatum(choice->time)};
	const char *versions = tsm_document_versions(store);
	Version		version;

	tsm_session_suspend();
	PG_TRY();
	{
		if (before)
			version = fetch_version(store, TSM_DOCUMENT_GET_BEFORE,
									psprintf(VERSION_QUERY "u.row_start OPERATOR(pg_catalog.<) $2 "
											 "ORDER BY u.row_start DESC LIMIT 1", versions),
									2, types, values);
		else if (choice->by_version)
			version = fetch_version(store, TSM_DOCUMENT_GET_VERSION,
									psprintf(VERSION_QUERY "u.version OPERATOR(pg_catalog.=) $2 "
											 "ORDER BY u.row_start DESC LIMIT 1", versions),
									2, types, values);
		else
			version = fetch_version(store, TSM_DOCUMENT_GET_AS_OF,
									psprintf(VERSION_QUERY "u.row_start OPERATOR(pg_catalog.<=) $2 AND "
											 "u.row_end OPERATOR(pg_catalog.>) $2 AND %s", versions,
											 tsm_temporal_horizon_condition(store, "$2")),
									2, types, values);
	}
	PG_FINALLY();
	{
		tsm_session_resume();
	}
	PG_END_TRY();
	return version;
}

static Version
get_version(Oid store, Datum id, const Choice *choice)
{
	Version		version;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	version = choice->by_version || choice->by_time ? get_past(store, id, choice, false) :
		get_current(store, id);
	SPI_finish();
	return version;
}

/* The last version before another one of the document, or of all when that is not there. */
static Version
get_previous(Oid store, Datum id, const Version *next)
{
	Choice		choice = {false, true, 0, next->found ? next->start : DT_NOEND};
	Version		version;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	version = get_past(store, id, &choice, true);
	SPI_finish();
	return version;
}

static Choice
read_choice(FunctionCallInfo fcinfo, int version, int time)
{
	Choice		choice = {!PG_ARGISNULL(version), !PG_ARGISNULL(time), 0, 0};

	if (choice.by_version && choice.by_time)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a version of a document is named by its number or by a time, not by both")));
	if (choice.by_version)
		choice.version = PG_GETARG_INT64(version);
	if (choice.by_time)
		choice.time = PG_GETARG_TIMESTAMPTZ(time);
	return choice;
}

/* The store of a call, which holds JSON when that is asked for (42809). */
static Oid
store_argument(FunctionCallInfo fcinfo, bool need_json, const char *other)
{
	Oid			store = PG_GETARG_OID(0);

	if (!tsm_document_versioned_store(store)->json && need_json)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("document store \"%s\" holds text, not JSON", get_rel_name(store)),
				 other == NULL ? 0 : errhint("Use tsmem.%s.", other)));
	return store;
}

/*
 * get_document(store regclass, id text, as_of timestamptz, version bigint) → jsonb
 *
 * The document; null when it is not there. 42809 for a store of text, 22023
 * when both a time and a version are given.
 */
Datum
tsm_temporal_get_document(PG_FUNCTION_ARGS)
{
	Choice		choice;
	Version		version;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	choice = read_choice(fcinfo, 3, 2);
	version = get_version(store_argument(fcinfo, true, "get_document_text"), PG_GETARG_DATUM(1),
						  &choice);
	if (!version.found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(version.body);
}

/* A body as text: that of a store of JSON as it is printed, in lines when it is to be compared. */
static text *
body_text(Datum body, bool json, bool lines)
{
	Jsonb	   *value;
	StringInfoData out;

	if (!json)
		return DatumGetTextPP(body);
	value = DatumGetJsonbP(body);
	initStringInfo(&out);
	if (lines)
	{
		JsonbToCStringIndent(&out, &value->root, VARSIZE(value));
		appendStringInfoChar(&out, '\n');
	}
	else
		JsonbToCString(&out, &value->root, VARSIZE(value));
	return cstring_to_text_with_len(out.data, out.len);
}

/* The same as text, of any store. */
Datum
tsm_temporal_get_document_text(PG_FUNCTION_ARGS)
{
	Choice		choice;
	Version		version;
	Oid			store;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	choice = read_choice(fcinfo, 3, 2);
	store = store_argument(fcinfo, false, NULL);
	version = get_version(store, PG_GETARG_DATUM(1), &choice);
	if (!version.found)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(body_text(version.body, tsm_document_versioned_store(store)->json, false));
}

/* 42704 for a version that was named and is not there. */
static void
check_version(Oid store, Datum id, const Choice *choice, const Version *version)
{
	if (choice->by_version && !version->found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("document \"%s\" of document store \"%s\" has no version %lld",
						TextDatumGetCString(id), get_rel_name(store), (long long) choice->version)));
}

/*
 * The two versions that a difference is asked of, in arguments 2 to 5: numbers,
 * then times. Without the second the present one is it, without the first the
 * one before.
 */
static void
get_both(FunctionCallInfo fcinfo, Oid store, Version *from, Version *to)
{
	Choice		from_choice = read_choice(fcinfo, 2, 4);
	Choice		to_choice = read_choice(fcinfo, 3, 5);
	Datum		id = PG_GETARG_DATUM(1);

	*to = get_version(store, id, &to_choice);
	check_version(store, id, &to_choice, to);
	if (from_choice.by_version || from_choice.by_time)
		*from = get_version(store, id, &from_choice);
	else
		*from = get_previous(store, id, to);
	check_version(store, id, &from_choice, from);
}

/* A patch of one operation on the whole document. */
static Jsonb *
whole_patch(const char *operation, Jsonb *body)
{
	StringInfoData patch;

	initStringInfo(&patch);
	appendStringInfo(&patch, "[{\"op\": \"%s\", \"path\": \"\"", operation);
	if (body != NULL)
	{
		appendStringInfoString(&patch, ", \"value\": ");
		appendStringInfoString(&patch, JsonbToCString(NULL, &body->root, VARSIZE(body)));
	}
	appendStringInfoString(&patch, "}]");
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(patch.data)));
}

/*
 * document_diff(store regclass, id text, from_version bigint, to_version bigint,
 *	from_time timestamptz, to_time timestamptz) → jsonb
 *
 * The JSON patch that makes one version of another. A document that was not
 * there is added, or removed, as a whole; null when it was there at neither.
 */
Datum
tsm_temporal_document_diff(PG_FUNCTION_ARGS)
{
	Version		from;
	Version		to;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	get_both(fcinfo, store_argument(fcinfo, true, "document_diff_text"), &from, &to);
	if (from.found && to.found)
		PG_RETURN_JSONB_P(tsm_document_json_patch(DatumGetJsonbP(from.body), DatumGetJsonbP(to.body)));
	if (to.found)
		PG_RETURN_JSONB_P(whole_patch("add", DatumGetJsonbP(to.body)));
	if (from.found)
		PG_RETURN_JSONB_P(whole_patch("remove", NULL));
	PG_RETURN_NULL();
}

/* "id<tab>version 3" on one line, or /dev/null. */
static char *
version_label(Datum id, const Version *version)
{
	char	   *name;
	char	   *p;

	if (!version->found)
		return "/dev/null";
	name = TextDatumGetCString(id);
	for (p = name; *p != '\0'; p++)
	{
		if ((unsigned char) *p < ' ')
			*p = '?';
	}
	return psprintf("%s\tversion %lld", name, (long long) version->number);
}

/*
 * document_diff_text(..., context integer) → text
 *
 * The same as a unified difference of lines; of JSON as jsonb_pretty prints it.
 */
Datum
tsm_temporal_document_diff_text(PG_FUNCTION_ARGS)
{
	Datum		id;
	Oid			store;
	bool		json;
	Version		from;
	Version		to;
	text	   *old;
	text	   *new;
	StringInfoData out;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(6))
		PG_RETURN_NULL();
	tsm_document_check_context(PG_GETARG_INT32(6));
	id = PG_GETARG_DATUM(1);
	store = store_argument(fcinfo, false, NULL);
	json = tsm_document_versioned_store(store)->json;
	get_both(fcinfo, store, &from, &to);
	if (!from.found && !to.found)
		PG_RETURN_NULL();
	old = from.found ? body_text(from.body, json, true) : cstring_to_text("");
	new = to.found ? body_text(to.body, json, true) : cstring_to_text("");
	initStringInfo(&out);
	tsm_document_text_diff(&out, VARDATA_ANY(old), VARSIZE_ANY_EXHDR(old), VARDATA_ANY(new),
						   VARSIZE_ANY_EXHDR(new), PG_GETARG_INT32(6), version_label(id, &from),
						   version_label(id, &to));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* Collect the pointers of operations, each once in a row. */
static void
collect_pointer(void *arg, const char *operation, StringInfo pointer, JsonbValue *value)
{
	List	  **pointers = arg;

	if (*pointers == NIL || strcmp(llast(*pointers), pointer->data) != 0)
		*pointers = lappend(*pointers, pnstrdup(pointer->data, pointer->len));
}

/* What of a version is not as in the one before, as a text[]. previous: 0 without one. */
static Datum
changed_places(bool json, Datum previous, Datum body)
{
	List	   *places = NIL;
	ListCell   *cell;
	Datum	   *elements;
	int			count = 0;

	if (json && previous == (Datum) 0)
		places = list_make1("");
	else if (json)
		tsm_document_json_diff(DatumGetJsonbP(previous), DatumGetJsonbP(body), collect_pointer, &places);
	else
	{
		text	   *old = previous == (Datum) 0 ? cstring_to_text("") : DatumGetTextPP(previous);
		text	   *new = DatumGetTextPP(body);

		places = tsm_document_text_hunks(VARDATA_ANY(old), VARSIZE_ANY_EXHDR(old), VARDATA_ANY(new),
										 VARSIZE_ANY_EXHDR(new));
	}
	elements = palloc(sizeof(Datum) * (list_length(places) + 1));
	foreach(cell, places)
		elements[count++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The walk over the versions of a document. */
typedef struct HistoryWalk
{
	Oid			store;
	bool		json;
	Datum		previous;		/* its body, in context keep; 0 before the first */
	TimestampTz previous_end;
	MemoryContext keep;
	ReturnSetInfo *result;
} HistoryWalk;

/* One version, a row of the cursor, becomes a line. */
static void
tell_version(HistoryWalk *walk, HeapTuple row, TupleDesc desc)
{
	static const Oid types[4] = {INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, NAMEOID};
	Datum		values[6];
	bool		nulls[6] = {false};
	Datum		body = PointerGetDatum(PG_DETOAST_DATUM(tsm_document_value(walk->store, row, desc, 5,
																	   walk->json ? JSONBOID : TEXTOID)));
	TimestampTz start;
	MemoryContext old;
	int			i;

	for (i = 0; i < 4; i++)
		values[i] = tsm_document_value(walk->store, row, desc, i + 1, types[i]);
	start = DatumGetTimestampTz(values[1]);
	values[4] = Int64GetDatum((int64) VARSIZE_ANY_EXHDR(body_text(body, walk->json, false)));
	values[5] = changed_places(walk->json, start == walk->previous_end ? walk->previous : (Datum) 0, body);
	tuplestore_putvalues(walk->result->setResult, walk->result->setDesc, values, nulls);
	walk->previous_end = DatumGetTimestampTz(values[2]);
	old = MemoryContextSwitchTo(walk->keep);
	if (walk->previous != (Datum) 0)
		pfree(DatumGetPointer(walk->previous));
	walk->previous = datumCopy(body, false, -1);
	MemoryContextSwitchTo(old);
}

/* All versions of a document, the oldest first. Within SPI. */
static void
walk_history(HistoryWalk *walk, Datum id)
{
	Oid			type = TEXTOID;
	SPIPlanPtr	plan;
	Portal		portal;
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem document version",
													  ALLOCSET_DEFAULT_SIZES);
	uint64		i;

	walk->keep = CurrentMemoryContext;
	plan = tsm_document_plan(walk->store, TSM_DOCUMENT_HISTORY,
							 psprintf("SELECT u.version, u.row_start, u.row_end, u.changed_by, u.body FROM %s "
									  "WHERE u.id OPERATOR(pg_catalog.=) $1 ORDER BY u.row_start",
									  tsm_document_versions(walk->store)), 1, &type);
	portal = SPI_cursor_open(NULL, plan, &id, NULL, true);
	do
	{
		SPI_cursor_fetch(portal, true, VERSIONS_A_FETCH);
		for (i = 0; i < SPI_processed; i++)
		{
			MemoryContext old = MemoryContextSwitchTo(row_context);

			CHECK_FOR_INTERRUPTS();
			tell_version(walk, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			MemoryContextSwitchTo(old);
			MemoryContextReset(row_context);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/*
 * document_history(store regclass, id text)
 *	→ table (version, row_start, row_end, changed_by, size, changed_paths)
 *
 * A line for each version, the oldest first.
 */
Datum
tsm_temporal_document_history(PG_FUNCTION_ARGS)
{
	HistoryWalk walk = {0};
	Oid			store;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	store = store_argument(fcinfo, false, NULL);
	walk.store = store;
	walk.json = tsm_document_versioned_store(store)->json;
	walk.previous_end = DT_NOBEGIN;
	walk.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	tsm_session_suspend();
	PG_TRY();
	{
		walk_history(&walk, PG_GETARG_DATUM(1));
	}
	PG_FINALLY();
	{
		tsm_session_resume();
	}
	PG_END_TRY();
	SPI_finish();
	return (Datum) 0;
}

/* Whether a path is a predicate: of those the result counts, not that there is one. */
static bool
is_predicate(JsonPath *path)
{
	JsonPathItem item;

	jspInit(&item, path);
	switch (item.type)
	{
		case jpiAnd:
		case jpiOr:
		case jpiNot:
		case jpiIsUnknown:
		case jpiEqual:
		case jpiNotEqual:
		case jpiLess:
		case jpiGreater:
		case jpiLessOrEqual:
		case jpiGreaterOrEqual:
		case jpiExists:
		case jpiStartsWith:
		case jpiLikeRegex:
			return !jspHasNext(&item);
		default:
			return false;
	}
}

char *
tsm_document_find_query(Oid store, JsonPath *path, bool by_time)
{
	return psprintf("SELECT u.id, u.body, u.metadata, u.version, u.row_start, u.changed_by FROM %s%s "
					"WHERE u.body OPERATOR(pg_catalog.%s) $1%s%s",
					by_time ? tsm_document_versions(store) : tsm_delta_relation_name(store),
					by_time ? "" : " u", is_predicate(path) ? "@@" : "@?",
					by_time ? " AND u.row_start OPERATOR(pg_catalog.<=) $2 AND "
					"u.row_end OPERATOR(pg_catalog.>) $2 AND " : "",
					by_time ? tsm_temporal_horizon_condition(store, "$2") : "");
}

bool
tsm_document_can_find(Oid relid)
{
	const TsmDocumentStore *store = get_rel_name(relid) == NULL ? NULL : tsm_document_find(relid);

	return store != NULL && store->versioned && store->json;
}

/* Run the query and store its rows. Within SPI. */
static void
store_found(Oid relid, const char *query, Datum *values, Tuplestorestate *store)
{
	static const Oid columns[] = {TEXTOID, JSONBOID, JSONBOID, INT8OID, TIMESTAMPTZOID, NAMEOID};
	Oid			types[2] = {JSONPATHOID, TIMESTAMPTZOID};
	SPIPlanPtr	plan = SPI_prepare(query, 2, types);
	Portal		portal;
	uint64		i;

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	portal = SPI_cursor_open(NULL, plan, values, NULL, true);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, DOCUMENTS_A_FETCH);
		for (i = 0; i < lengthof(columns); i++)
			tsm_document_check_type(relid, SPI_tuptable->tupdesc, i + 1, columns[i]);
		for (i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(store, SPI_tuptable->vals[i]);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/*
 * find_documents(store regclass, path jsonpath, as_of timestamptz)
 *	→ table (id, body, metadata, version, row_start, changed_by)
 *
 * Documents of which the path finds something or, being a predicate, is true.
 */
Datum
tsm_temporal_find_documents(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[2] = {0, 0};
	bool		by_time = !PG_ARGISNULL(2);
	Oid			store;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	store = store_argument(fcinfo, true, NULL);
	values[0] = PG_GETARG_DATUM(1);
	if (by_time)
	{
		values[1] = PG_GETARG_DATUM(2);
		tsm_session_suspend();
	}
	PG_TRY();
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		store_found(store, tsm_document_find_query(store, PG_GETARG_JSONPATH_P(1), by_time), values,
					result->setResult);
		SPI_finish();
	}
	PG_FINALLY();
	{
		if (by_time)
			tsm_session_resume();
	}
	PG_END_TRY();
	return (Datum) 0;
}
