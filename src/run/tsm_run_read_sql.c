/*-------------------------------------------------------------------------
 *
 * tsm_run_read_sql.c
 *	  SQL-callable functions that read runs.
 *
 * They read the table directly when it is as the install script made it, and
 * by SQL over tsmem.replay_run when somebody added policies or the like.
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
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

PG_FUNCTION_INFO_V1(tsm_run_get);
PG_FUNCTION_INFO_V1(tsm_run_keys);
PG_FUNCTION_INFO_V1(tsm_run_state_at);
PG_FUNCTION_INFO_V1(tsm_run_machine_state);
PG_FUNCTION_INFO_V1(tsm_run_number_sql);
PG_FUNCTION_INFO_V1(tsm_run_allowed_sql);
PG_FUNCTION_INFO_V1(tsm_run_common_seq);
PG_FUNCTION_INFO_V1(tsm_run_verify_sql);

/* The arguments (run, name, at_seq) of a reading function. */
typedef struct ReadArguments
{
	pg_uuid_t  *id;
	text	   *name;			/* key, machine or prefix */
	bool		now;			/* at_seq is NULL */
	int64		upto;
} ReadArguments;

static void
get_arguments(FunctionCallInfo fcinfo, bool named, const char *what, ReadArguments *arguments)
{
	int			last = named ? 2 : 1;

	if (PG_ARGISNULL(0) || (named && PG_ARGISNULL(1)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", PG_ARGISNULL(0) ? "run" : what)));
	arguments->id = PG_GETARG_UUID_P(0);
	arguments->name = named ? PG_GETARG_TEXT_PP(1) : NULL;
	arguments->now = PG_ARGISNULL(last);
	arguments->upto = arguments->now ? PG_INT64_MAX : PG_GETARG_INT64(last);
}

/* Whether the events may be read without the executor: no policy of others binds the role. */
static bool
reads_directly(void)
{
	const TsmRunCatalog *known = tsm_run_catalog();

	return known->direct_read &&
		(known->own_policies || check_enable_rls(known->events, InvalidOid, true) != RLS_ENABLED);
}

/*
 * The same by SQL: runs a query with the run, at_seq and the name as $1 to $3.
 * SPI is connected at exit.
 */
static void
read_by_sql(SPIPlanPtr *plan, const char *query, const ReadArguments *arguments)
{
	Oid			types[3] = {UUIDOID, INT8OID, TEXTOID};
	Datum		values[3];
	char		nulls[] = "   ";

	values[0] = UUIDPGetDatum(arguments->id);
	values[1] = Int64GetDatum(arguments->upto);
	nulls[1] = arguments->now ? 'n' : ' ';
	values[2] = PointerGetDatum(arguments->name);
	nulls[2] = arguments->name == NULL ? 'n' : ' ';
	SPI_connect();
	tsm_run_plan(plan, query, 3, types);
	if (SPI_execute_plan(*plan, values, nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read a run");
}

/* The jsonb value in the only column of the only row, in the caller's context; ends SPI. */
static Datum
single_value(MemoryContext caller, bool *isnull)
{
	Datum		value = (Datum) 0;

	*isnull = true;
	if (SPI_processed > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
	if (!*isnull)
	{
		MemoryContext inner = MemoryContextSwitchTo(caller);

		value = datumCopy(value, false, -1);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return value;
}

static Datum
get_by_sql(FunctionCallInfo fcinfo, const ReadArguments *arguments)
{
	static SPIPlanPtr plan = NULL;
	MemoryContext caller = CurrentMemoryContext;
	bool		isnull;
	Datum		value;

	read_by_sql(&plan,
				"SELECT value FROM tsmem.replay_run($1, $2) "
				"WHERE entity OPERATOR(pg_catalog.=) 'value' AND key OPERATOR(pg_catalog.=) $3",
				arguments);
	value = single_value(caller, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(value);
}

Datum
tsm_run_get(PG_FUNCTION_ARGS)
{
	ReadArguments arguments;
	TsmRun		run;
	TsmRunProbe probe;
	Datum		value;
	Datum		expires_at;
	bool		isnull;
	bool		expires_isnull;

	get_arguments(fcinfo, true, "key", &arguments);
	tsm_run_find(arguments.id, &run);
	if (!reads_directly())
		return get_by_sql(fcinfo, &arguments);
	if (!tsm_run_latest(&run, TSM_KIND_VALUE, arguments.name, 1, arguments.upto,
						GetActiveSnapshot(), &probe))
		PG_RETURN_NULL();
	value = slot_getattr(probe.slot, Anum_event_body, &isnull);
	expires_at = slot_getattr(probe.slot, Anum_event_expires_at, &expires_isnull);
	if (!isnull && !expires_isnull &&
		DatumGetTimestampTz(expires_at) <= tsm_run_moment(&run, arguments.now, arguments.upto))
		isnull = true;
	if (!isnull)
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	tsm_run_probe_close(&probe);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(value);
}

Datum
tsm_run_machine_state(PG_FUNCTION_ARGS)
{
	ReadArguments arguments;
	TsmRun		run;
	TsmRunProbe probe;
	TupleDesc	columns;
	Datum		values[2] = {0, 0};
	bool		nulls[2] = {true, true};
	static SPIPlanPtr plan = NULL;

	get_arguments(fcinfo, true, "machine", &arguments);
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	columns = BlessTupleDesc(columns);
	tsm_run_find(arguments.id, &run);
	if (!reads_directly())
	{
		HeapTuple	row = NULL;

		read_by_sql(&plan,
					"SELECT value OPERATOR(pg_catalog.#>>) '{}', version "
					"FROM tsmem.replay_run($1, $2) WHERE entity OPERATOR(pg_catalog.=) 'state' "
					"AND key OPERATOR(pg_catalog.=) $3",
					&arguments);
		if (SPI_processed > 0)
			row = SPI_copytuple(SPI_tuptable->vals[0]);
		if (row != NULL)
			heap_deform_tuple(row, SPI_tuptable->tupdesc, values, nulls);
		SPI_finish();
	}
	else if (tsm_run_latest(&run, TSM_KIND_STATE, arguments.name, 1, arguments.upto,
							GetActiveSnapshot(), &probe))
	{
		Datum		body = slot_getattr(probe.slot, Anum_event_body, &nulls[0]);

		if (!nulls[0])
			values[0] = PointerGetDatum(tsm_run_body_state(DatumGetJsonbP(body)));
		nulls[0] = DatumGetPointer(values[0]) == NULL;
		values[1] = slot_getattr(probe.slot, Anum_event_seq, &nulls[1]);
		tsm_run_probe_close(&probe);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}

static void
keys_by_sql(ReturnSetInfo *result, const ReadArguments *arguments)
{
	static SPIPlanPtr plan = NULL;
	uint64		i;

	read_by_sql(&plan,
				"SELECT key, version FROM tsmem.replay_run($1, $2) "
				"WHERE entity OPERATOR(pg_catalog.=) 'value' "
				"AND pg_catalog.starts_with(key, $3) ORDER BY key COLLATE pg_catalog.\"C\"",
				arguments);
	for (i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
}

Datum
tsm_run_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadArguments arguments;
	TsmRunEntry *entries;
	TsmRun		run;
	int			count;
	int			i;

	get_arguments(fcinfo, true, "prefix", &arguments);
	InitMaterializedSRF(fcinfo, 0);
	tsm_run_find(arguments.id, &run);
	if (!reads_directly())
	{
		keys_by_sql(result, &arguments);
		return (Datum) 0;
	}
	entries = tsm_run_fold(&run, arguments.name, arguments.upto,
						   tsm_run_moment(&run, arguments.now, arguments.upto), false, &count);
	for (i = 0; i < count; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = PointerGetDatum(entries[i].key);
		values[1] = Int64GetDatum(entries[i].version);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Adds a member to an object that is being built. */
static void
push_member(JsonbParseState **state, text *key, Jsonb *body)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = VARDATA_ANY(key);
	value.val.string.len = VARSIZE_ANY_EXHDR(key);
	pushJsonbValue(state, WJB_KEY, &value);
	if (JB_ROOT_IS_SCALAR(body))
		(void) JsonbExtractScalar(&body->root, &value);
	else
	{
		value.type = jbvBinary;
		value.val.binary.data = &body->root;
		value.val.binary.len = VARSIZE(body) - VARHDRSZ;
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

Datum
tsm_run_state_at(PG_FUNCTION_ARGS)
{
	ReadArguments arguments;
	MemoryContext caller = CurrentMemoryContext;
	JsonbParseState *state = NULL;
	TsmRunEntry *entries;
	TsmRun		run;
	int			count;
	int			i;

	get_arguments(fcinfo, false, NULL, &arguments);
	tsm_run_find(arguments.id, &run);
	if (!reads_directly())
	{
		static SPIPlanPtr plan = NULL;
		bool		isnull;

		read_by_sql(&plan,
					"SELECT COALESCE(pg_catalog.jsonb_object_agg(key, value), '{}') "
					"FROM tsmem.replay_run($1, $2) WHERE entity OPERATOR(pg_catalog.=) 'value'",
					&arguments);
		PG_RETURN_DATUM(single_value(caller, &isnull));
	}
	entries = tsm_run_fold(&run, NULL, arguments.upto,
						   tsm_run_moment(&run, arguments.now, arguments.upto), true, &count);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < count; i++)
		push_member(&state, entries[i].key, entries[i].value);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

Datum
tsm_run_number_sql(PG_FUNCTION_ARGS)
{
	TsmRun		run;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("run must not be null")));
	tsm_run_find(PG_GETARG_UUID_P(0), &run);
	PG_RETURN_INT64(run.number);
}

/*
 * The policy on tsmem.events: one look at the run for each stretch of events
 * of one run, kept for the statement.
 */
Datum
tsm_run_allowed_sql(PG_FUNCTION_ARGS)
{
	typedef struct Asked
	{
		int64		number;
		bool		visible;
	} Asked;
	int64		number = PG_GETARG_INT64(0);
	Asked	   *asked = fcinfo->flinfo->fn_extra;

	if (asked == NULL || asked->number != number)
	{
		bool		visible = tsm_run_visible(number);

		if (asked == NULL)
			asked = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Asked));
		asked->number = number;
		asked->visible = visible;
		fcinfo->flinfo->fn_extra = asked;
	}
	PG_RETURN_BOOL(asked->visible);
}

/* The last event that two runs share: the greatest place that both read from the same run. */
Datum
tsm_run_common_seq(PG_FUNCTION_ARGS)
{
	TsmRun		a;
	TsmRun		b;
	int64		common = 0;
	int			i;
	int			j;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("run must not be null")));
	tsm_run_find(PG_GETARG_UUID_P(0), &a);
	tsm_run_find(PG_GETARG_UUID_P(1), &b);
	for (i = 0; i < a.nsegments; i++)
	{
		for (j = 0; j < b.nsegments; j++)
		{
			if (a.segments[i].number == b.segments[j].number)
				common = Max(common, Min(a.segments[i].upto, b.segments[j].upto));
		}
	}
	/* A run shares all of itself; there is no place after the last one possible. */
	PG_RETURN_INT64(Min(common, PG_INT64_MAX - 1));
}

Datum
tsm_run_verify_sql(PG_FUNCTION_ARGS)
{
	TsmRunVerdict verdict;
	TupleDesc	columns;
	Datum		values[4] = {0, 0, 0, 0};
	bool		nulls[4] = {false, true, true, false};
	bytea	   *head = palloc(VARHDRSZ + TSM_RUN_HASH_BYTES);

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("run must not be null")));
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	columns = BlessTupleDesc(columns);
	tsm_run_verify(PG_GETARG_UUID_P(0), &verdict);
	values[0] = BoolGetDatum(verdict.ok);
	if (!verdict.ok)
	{
		values[1] = Int64GetDatum(verdict.first_bad_seq);
		values[2] = CStringGetTextDatum(verdict.reason);
		nulls[1] = nulls[2] = false;
	}
	SET_VARSIZE(head, VARHDRSZ + TSM_RUN_HASH_BYTES);
	memcpy(VARDATA(head), verdict.head, TSM_RUN_HASH_BYTES);
	values[3] = PointerGetDatum(head);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}
