/*-------------------------------------------------------------------------
 *
 * tsm_memory_collection.c
 *	  Functions that change the database's tables for a caller who may not.
 *
 * create_collection makes tables in schema tsmem, which only the owner of the
 * extension may. It is not SECURITY DEFINER, because inside such a function
 * nobody knows any more who called. Instead tsmem.<name> first calls
 * tsmem._check_<name> as the caller, which raises what is wrong and what is
 * not allowed and returns the number of the collection that was checked, then
 * tsmem._do_<name> with that number and the caller, as its own owner. So a name is resolved
 * once, by what the caller sees. Nobody but the owner may execute the latter.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "tsm_delta.h"
#include "tsm_memory_int.h"

PG_FUNCTION_INFO_V1(tsm_memory_run_checked);

typedef struct CheckedCall
{
	FunctionCallInfo fcinfo;
	bool		checked;		/* what follows is known: now do it */
	int32		collection_id;
	Oid			caller;
	int32		result;
} CheckedCall;

/* SELECT tsmem._check_<name>(arguments), or _do_<name>(arguments, collection_id, caller) */
static void
run_part(void *arg)
{
	CheckedCall *call = (CheckedCall *) arg;
	FunctionCallInfo fcinfo = call->fcinfo;
	Oid			types[FUNC_MAX_ARGS + 2];
	Datum		values[FUNC_MAX_ARGS + 2];
	char		nulls[FUNC_MAX_ARGS + 2];
	Oid		   *declared;
	int			arguments;
	StringInfoData sql;
	Datum		result;
	bool		isnull;
	int			i;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &declared, &arguments);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT tsmem.%s%s(", call->checked ? "_do_" : "_check_",
					 get_func_name(fcinfo->flinfo->fn_oid));
	for (i = 0; i < arguments; i++)
	{
		types[i] = declared[i];
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	}
	if (call->checked)
	{
		types[arguments] = INT4OID;
		values[arguments] = Int32GetDatum(call->collection_id);
		nulls[arguments++] = ' ';
		types[arguments] = REGROLEOID;
		values[arguments] = ObjectIdGetDatum(call->caller);
		nulls[arguments++] = ' ';
		appendStringInfo(&sql, ", $%d, $%d", arguments - 1, arguments);
	}
	appendStringInfoChar(&sql, ')');

	SPI_connect();
	if (SPI_execute_with_args(sql.data, arguments, types, values, nulls, false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not execute \"%s\"", sql.data);
	result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (SPI_gettypeid(SPI_tuptable->tupdesc, 1) == INT4OID && !isnull)
		call->result = DatumGetInt32(result);
	SPI_finish();
}

Oid
tsm_memory_function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The body of each function that returns an integer or void. */
Datum
tsm_memory_run_checked(PG_FUNCTION_ARGS)
{
	CheckedCall call = {fcinfo, false, 0, GetUserId(), 0};

	run_part(&call);
	call.checked = true;
	call.collection_id = call.result;
	tsm_delta_as_owner(tsm_memory_function_owner(fcinfo->flinfo->fn_oid), run_part, &call);
	PG_RETURN_INT32(call.result);
}
