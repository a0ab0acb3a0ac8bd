/*-------------------------------------------------------------------------
 *
 * tsm_memory_collection.c
 *	  Functions that change the database's tables for a caller who may not.
 *
 * create_collection makes tables in schema tsmem, which only the owner of the
 * extension may; and forget deletes, for which no tenant has the privilege,
 * because that would let it lock the table of all tenants. Such functions are
 * not SECURITY DEFINER, because inside such a function nobody knows any more
 * who called. Instead tsmem.<name> first calls tsmem._check_<name> as the
 * caller, which raises what is wrong and what is not allowed and returns what
 * was checked (the number of a collection, the keys of rows), then
 * tsmem._do_<name> with that and the caller, as its own owner. So a name is
 * resolved once, by what the caller sees. Nobody but the owner may execute the
 * latter. An underscore that begins a name is left out of the two others.
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
	Oid			caller;
	Oid			type;			/* of what the last part returned */
	Datum		result;
	bool		isnull;
} CheckedCall;

/*
 * SELECT tsmem._check_<name>(arguments), or _do_<name>(arguments, checked,
 * caller). The result is in the memory context outside of SPI.
 */
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
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);
	StringInfoData sql;
	int16		length;
	bool		by_value;
	int			i;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &declared, &arguments);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT tsmem.%s%s(", call->checked ? "_do_" : "_check_",
					 name[0] == '_' ? name + 1 : name);
	for (i = 0; i < arguments; i++)
	{
		types[i] = declared[i];
		values[i] = fcinfo->args[i].value;
		nulls[i] = fcinfo->args[i].isnull ? 'n' : ' ';
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	}
	if (call->checked)
	{
		types[arguments] = call->type;
		values[arguments] = call->result;
		nulls[arguments++] = call->isnull ? 'n' : ' ';
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
	call->type = SPI_gettypeid(SPI_tuptable->tupdesc, 1);
	call->result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &call->isnull);
	get_typlenbyval(call->type, &length, &by_value);
	if (!call->isnull)
		call->result = SPI_datumTransfer(call->result, by_value, length);
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

/* The body of each such function; it returns what _do_<name> does. */
Datum
tsm_memory_run_checked(PG_FUNCTION_ARGS)
{
	CheckedCall call = {fcinfo, false, GetUserId(), InvalidOid, (Datum) 0, true};

	run_part(&call);
	call.checked = true;
	tsm_delta_as_owner(tsm_memory_function_owner(fcinfo->flinfo->fn_oid), run_part, &call);
	if (call.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(call.result);
}
