/*-------------------------------------------------------------------------
 *
 * tsm_memory_embed.c
 *	  The local embedder, and how a collection's own embedder is called.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
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
PG_FUNCTION_INFO_V1(tsm_memory_check_embedder_owner);

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

/* A collection's embedder, as tsmem.collections has it. */
typedef struct Embedder
{
	char	   *name;			/* its qualified signature; NULL: there is none */
	char	   *role_name;
	Oid			role;
	int32		dimensions;
	Oid			function;
	int			arguments;
} Embedder;

/* A column of the row that SPI has read, in the memory context outside of SPI; NULL for null. */
static char *
column_text(int column)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
	char	   *copy;

	if (value == NULL)
		return NULL;
	copy = SPI_palloc(strlen(value) + 1);
	strcpy(copy, value);
	return copy;
}

/*
 * Read the row of a collection that the caller sees; 42704 when there is none,
 * or when the role that chose the embedder is gone. The names are allocated in
 * the caller's memory context.
 */
static Embedder
read_embedder(int32 collection_id)
{
	static SPIPlanPtr plan = NULL;
	Embedder	embedder = {NULL, NULL, InvalidOid, 0, InvalidOid, 0};
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(collection_id);
	bool		isnull;

	SPI_connect();
	if (plan == NULL)
	{
		plan = SPI_prepare("SELECT c.embedder, c.embedder_role, c.dimensions FROM tsmem.collections c"
						   " WHERE c.collection_id = $1", 1, &type);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare the reading of an embedder");
	}
	if (SPI_execute_plan(plan, &value, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read an embedder");
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("collection %d does not exist", collection_id)));
	embedder.name = column_text(1);
	embedder.role_name = column_text(2);
	if (embedder.name != NULL)
		embedder.dimensions = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull));
	SPI_finish();
	if (embedder.name == NULL)
		return embedder;
	embedder.role = get_role_oid(embedder.role_name, true);
	if (!OidIsValid(embedder.role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist", embedder.role_name),
				 errdetail("It chose embedder \"%s\" of the collection.", embedder.name),
				 errhint("Choose the embedder anew with tsmem.alter_collection.")));
	return embedder;
}

/*
 * ERROR 42501 unless the function may run with the rights of the role: it must
 * be of that role's own making, or of one who could take those rights anyway
 * (a superuser, or the owner of tsmem, to whom "own_function" belongs). A
 * collection names its embedder, so who may put another function in that
 * place would else run code as the role that chose the first. The functions
 * of a temporary schema are those of whoever has that schema now.
 */
static void
check_owner(Form_pg_proc function, Oid role, Oid own_function)
{
	bool		temporary = isAnyTempNamespace(function->pronamespace);

	if (!temporary &&
		(function->proowner == role || superuser_arg(function->proowner) ||
		 function->proowner == tsm_memory_function_owner(own_function)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function \"%s\" cannot be the embedder of role \"%s\"",
					NameStr(function->proname), GetUserNameFromId(role, false)),
			 temporary ? errdetail("It is temporary.") :
			 errdetail("It belongs to role \"%s\"; an embedder belongs to the role that chooses it or to a superuser.",
					   GetUserNameFromId(function->proowner, false))));
}

/* _check_embedder_owner(function regprocedure): check_owner for the current role */
Datum
tsm_memory_check_embedder_owner(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, PG_GETARG_DATUM(0));

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("embedder function does not exist")));
	check_owner((Form_pg_proc) GETSTRUCT(tuple), GetUserId(), fcinfo->flinfo->fn_oid);
	ReleaseSysCache(tuple);
	PG_RETURN_VOID();
}

/*
 * Find the function: 42883 when it is gone or no longer an embedder, 42501
 * when its role may not execute it any more, or it is not that role's own
 * (check_owner). Called as that role.
 */
static void
find_function(Embedder *embedder, Oid own_function)
{
	HeapTuple	tuple;
	Form_pg_proc function;
	Oid			vector_type = get_func_rettype(own_function);
	bool		good;

	embedder->function = DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(embedder->name)));
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(embedder->function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", embedder->function);
	function = (Form_pg_proc) GETSTRUCT(tuple);
	embedder->arguments = function->pronargs;
	good = function->prokind == PROKIND_FUNCTION && !function->proretset && function->prorettype == vector_type &&
		function->pronargs >= 1 && function->pronargs <= 2 && function->proargtypes.values[0] == TEXTOID &&
		(function->pronargs == 1 || function->proargtypes.values[1] == INT4OID);
	if (good)
		check_owner(function, embedder->role, own_function);
	ReleaseSysCache(tuple);
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function \"%s\" is no embedder any more", embedder->name)));
	if (tsm_function_aclcheck(embedder->function, embedder->role) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, embedder->name);
}

/* NULL is an error (22004). */
static Datum
call_function(const Embedder *embedder, Datum content)
{
	LOCAL_FCINFO(fcinfo, 2);
	FmgrInfo	flinfo;
	Datum		result;

	fmgr_info(embedder->function, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, embedder->arguments, DEFAULT_COLLATION_OID, NULL, NULL);
	fcinfo->args[0].value = content;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = Int32GetDatum(embedder->dimensions);
	fcinfo->args[1].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	if (fcinfo->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("embedder \"%s\" returned null", embedder->name)));
	return result;
}

/*
 * Find and call the function as its role ("own_function": _embed itself), in a restricted operation and with
 * search_path pg_catalog, pg_temp. The end of a transaction or subtransaction
 * takes all that back on an error.
 */
static Datum
call_embedder(Embedder *embedder, Oid own_function, Datum content)
{
	Oid			save_user;
	int			save_context;
	int			nest_level;
	Datum		result;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(embedder->role, save_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	find_function(embedder, own_function);
	result = call_function(embedder, content);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(save_user, save_context);
	return result;
}

/*
 * _embed(collection_id int, content text) → vector, NULL without an embedder
 *
 * The embedder runs with the rights of the role that chose it, as the
 * functions in an index run with those of the table's owner: whoever may
 * choose a collection's embedder does not get at the rights of those who use
 * the collection, and whoever uses it not at the rights of the function's owner.
 *
 * ERROR as read_embedder and find_function; 22000 when the vector has another number of
 * dimensions than the collection, 22004 when it is NULL.
 */
Datum
tsm_memory_embed(PG_FUNCTION_ARGS)
{
	Embedder	embedder = read_embedder(PG_GETARG_INT32(0));
	TsmVector  *vector;

	if (embedder.name == NULL)
		PG_RETURN_NULL();
	vector = tsm_vector_from_datum(call_embedder(&embedder, fcinfo->flinfo->fn_oid, PG_GETARG_DATUM(1)));
	if (vector->dim != embedder.dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", embedder.dimensions, vector->dim),
				 errdetail("The vector was made by embedder \"%s\".", embedder.name)));
	PG_RETURN_POINTER(vector);
}
