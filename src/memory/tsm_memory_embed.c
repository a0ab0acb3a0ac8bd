/*-------------------------------------------------------------------------
 *
 * tsm_memory_embed.c
 *	  The local embedder, and how a collection's own embedder is called.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "tsm_memory_int.h"
#include "tsm_memory_ngrams.h"
#include "tsm_vector.h"

PG_FUNCTION_INFO_V1(tsm_memory_embed_hashed_ngrams);
PG_FUNCTION_INFO_V1(tsm_memory_embed);

/* A longer text has to be cut into chunks; it would say nothing as one vector. */
#define EMBED_MAX_BYTES (256 * 1024)

/*
 * embed_hashed_ngrams(content text, dimensions int) → vector
 *
 * ERROR 22023 for dimensions out of range, 54000 for a text over
 * EMBED_MAX_BYTES.
 */
Datum
tsm_memory_embed_hashed_ngrams(PG_FUNCTION_ARGS)
{
	text	   *content = PG_GETARG_TEXT_PP(0);
	int			dimensions = PG_GETARG_INT32(1);
	int			length = VARSIZE_ANY_EXHDR(content);
	const uint8_t *utf8;
	size_t		capacity = 16;
	size_t		ngrams;
	TsmNgram   *slots;
	TsmVector  *vector;
	double	   *sum;

	if (dimensions < 1 || dimensions > TSM_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions must be between 1 and %d", TSM_VECTOR_MAX_DIM)));
	if (length > EMBED_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text is too long to be embedded"),
				 errdetail("It has %d bytes; the limit is %d.", length, EMBED_MAX_BYTES),
				 errhint("Cut it into chunks.")));
	utf8 = (const uint8_t *) pg_server_to_any(VARDATA_ANY(content), length, PG_UTF8);
	if ((const char *) utf8 != VARDATA_ANY(content))
		length = strlen((const char *) utf8);

	ngrams = tsm_ngrams_count(utf8, length);
	while (capacity < 2 * ngrams)
		capacity *= 2;
	slots = palloc0(capacity * sizeof(TsmNgram));
	sum = palloc0(dimensions * sizeof(double));
	vector = tsm_vector_new(dimensions);
	tsm_ngrams_embed(utf8, length, slots, capacity, sum, vector->x, dimensions);
	PG_RETURN_POINTER(vector);
}

/*
 * Call the function with the rights of its owner, as a restricted operation
 * and with search_path pg_catalog, pg_temp. The end of a transaction or
 * subtransaction takes all that back on an error.
 */
static Datum
call_as_owner(Oid function, Oid owner, int arguments, Datum content, int32 dimensions)
{
	LOCAL_FCINFO(fcinfo, 2);
	FmgrInfo	flinfo;
	Oid			save_user;
	int			save_context;
	int			nest_level;
	Datum		result;

	fmgr_info(function, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, arguments, DEFAULT_COLLATION_OID, NULL, NULL);
	fcinfo->args[0].value = content;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = Int32GetDatum(dimensions);
	fcinfo->args[1].isnull = false;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(owner, save_context | SECURITY_RESTRICTED_OPERATION);
	nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	result = FunctionCallInvoke(fcinfo);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(save_user, save_context);
	if (fcinfo->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("embedder \"%s\" returned null", get_func_name(function))));
	return result;
}

/*
 * _embed(embedder text, content text, dimensions int) → vector
 *
 * The embedder is the qualified signature of a function (text) or (text, int)
 * that gives a tsmem.vector. It runs with the rights of its owner and as a
 * restricted operation, as the functions of an index do: whoever may choose
 * a collection's embedder does not get at the rights of those who use it.
 *
 * ERROR 42883 when the function is gone, 22000 when its vector has another
 * number of dimensions, 22004 when it gives NULL.
 */
Datum
tsm_memory_embed(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int32		dimensions = PG_GETARG_INT32(2);
	HeapTuple	tuple;
	Oid			function;
	Oid			owner;
	int			arguments;
	Datum		result;
	TsmVector  *vector;

	/* Raises 42883 when it is no longer there. */
	function = DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(name)));
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	arguments = ((Form_pg_proc) GETSTRUCT(tuple))->pronargs;
	ReleaseSysCache(tuple);

	result = call_as_owner(function, owner, arguments, PG_GETARG_DATUM(1), dimensions);
	vector = tsm_vector_from_datum(result);
	if (vector->dim != dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", dimensions, vector->dim),
				 errdetail("The vector was made by embedder \"%s\".", name)));
	PG_RETURN_POINTER(vector);
}
