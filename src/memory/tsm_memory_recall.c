/*-------------------------------------------------------------------------
 *
 * tsm_memory_recall.c
 *	  recall: its arguments, its plan, its result.
 *
 * The function reads its arguments into a TsmRecall (the shape of the query)
 * and parameters, lets tsm_recall_query write the SQL, runs it with a plan
 * that is kept for the shape, and picks the page out of what comes back.
 * SQL runs with the rights and under the policies of the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tsm_memory_int.h"
#include "tsm_run.h"
#include "tsm_vector.h"

PG_FUNCTION_INFO_V1(tsm_memory_recall);

/* Plans kept in a backend; when there are more shapes, all are forgotten. */
#define RECALL_MAX_PLANS 64

/* Bounds of a weight other than 0: their sums stay exact enough to order by. */
#define WEIGHT_MIN 1e-6
#define WEIGHT_MAX 1e6

/* recall's arguments, in the order of its declaration. */
enum
{
	ARG_COLLECTION,
	ARG_QUERY,
	ARG_EMBEDDING,
	ARG_NEAR,
	ARG_WITHIN,
	ARG_VALID_AT,
	ARG_SYSTEM_AT,
	ARG_FILTER,
	ARG_K,
	ARG_WEIGHTS,
	ARG_DIVERSITY,
	ARG_HALF_LIFE,
	ARG_AFTER,
	ARG_COUNT
};

/* The result's columns. */
#define RESULT_SCORE 4
#define RESULT_RANKS 5
#define RESULT_CURSOR (RESULT_RANKS + TSM_ARM_COUNT)
#define RESULT_COLUMNS (RESULT_CURSOR + 1)

/* The query's columns are the same up to the ranks; then the namespace and, when diverse, the embedding. */
#define QUERY_NAMESPACE (RESULT_RANKS + TSM_ARM_COUNT + 1)
#define QUERY_EMBEDDING (QUERY_NAMESPACE + 1)

const char *const tsm_arm_names[TSM_ARM_COUNT] = {"text", "vector", "space", "time", "importance"};

/* One call. */
typedef struct RecallCall
{
	TsmRecall	shape;
	TsmRecallCursor cursor;		/* where the page begins */
	int			k;
	int			dimensions;
	double		diversity;
	Oid			types[TSM_P_COUNT];
	Datum		values[TSM_P_COUNT];
	char		nulls[TSM_P_COUNT];
} RecallCall;

typedef struct KeptPlan
{
	uint64		hash;			/* of the text and the types of the parameters; key */
	char	   *text;
	SPIPlanPtr	plan;
} KeptPlan;

static HTAB *kept_plans = NULL;

static void
set_parameter(RecallCall *call, TsmRecallParameter parameter, Datum value)
{
	call->values[parameter - 1] = value;
	call->nulls[parameter - 1] = ' ';
}

static void
refuse_argument(const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message)));
}

/* A weight, or -1 for what is none: no number, or one that float8 holds as 0 or infinity only. */
static double
weight_of(const JsonbValue *value)
{
	Numeric		zero = int64_to_numeric(0);
	double		weight;

	if (value->type != jbvNumeric)
		return -1;
	weight = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (weight == 0 && !DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(value->val.numeric),
														 NumericGetDatum(zero))))
		return -1;
	return weight;
}

/* {"text": 2, "space": 0 ...}: what is not named keeps weight 1. */
static void
read_weights(RecallCall *call, Jsonb *weights)
{
	JsonbIterator *iterator = JsonbIteratorInit(&weights->root);
	JsonbValue	value;
	int			arm;

	if (!JsonContainerIsObject(&weights->root))
		refuse_argument("weights must be a JSON object");
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *name = pnstrdup(value.val.string.val, value.val.string.len);
		double		weight;

		for (arm = 0; arm < TSM_ARM_COUNT; arm++)
		{
			if (strcmp(name, tsm_arm_names[arm]) == 0)
				break;
		}
		if (arm == TSM_ARM_COUNT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown weight \"%s\"", name),
					 errhint("The weights are: text, vector, space, time, importance.")));
		(void) JsonbIteratorNext(&iterator, &value, true);
		weight = weight_of(&value);
		if (weight != 0 && !(weight >= WEIGHT_MIN && weight <= WEIGHT_MAX))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight \"%s\" must be 0 or a number from %g to %g", name, WEIGHT_MIN, WEIGHT_MAX)));
		call->shape.weight[arm] = weight;
	}
}

/* The half-life in seconds; a month counts as the twelfth part of 365.25 days. */
static double
half_life_seconds(const Interval *span)
{
	double		seconds = span->time / (double) USECS_PER_SEC +
		span->day * (double) SECS_PER_DAY + span->month * (DAYS_PER_YEAR / MONTHS_PER_YEAR) * SECS_PER_DAY;

	if (!(seconds > 0))
		refuse_argument("decay_half_life must be positive");
	return seconds;
}

/* Check k, within and diversity, and read them. */
static void
read_numbers(RecallCall *call, FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_K))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("k must not be null")));
	call->k = PG_GETARG_INT32(ARG_K);
	if (call->k < 1 || call->k > TSM_RECALL_MAX_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be between 1 and %d", TSM_RECALL_MAX_K)));
	if (!PG_ARGISNULL(ARG_WITHIN))
	{
		double		within = PG_GETARG_FLOAT8(ARG_WITHIN);

		if (PG_ARGISNULL(ARG_NEAR))
			refuse_argument("within needs near");
		if (!(within >= 0) || isinf(within))
			refuse_argument("within must be a finite distance of 0 or more");
		call->shape.has_within = true;
		set_parameter(call, TSM_P_WITHIN, Float8GetDatum(within));
	}
	call->diversity = PG_ARGISNULL(ARG_DIVERSITY) ? 0 : PG_GETARG_FLOAT8(ARG_DIVERSITY);
	if (!(call->diversity >= 0 && call->diversity <= 1))
		refuse_argument("diversity must be between 0 and 1");
	call->shape.diverse = call->diversity > 0;
}

static uint64
hash_argument(uint64 hash, FunctionCallInfo fcinfo, int arg, const void *bytes, Size length)
{
	uint64		part = PG_ARGISNULL(arg) ? 0 : hash_bytes_extended(bytes, length, arg + 1);

	return hash_combine64(hash, part);
}

/* What the pages of one recall have in common: everything but k and after. */
static uint32
hash_arguments(const RecallCall *call, FunctionCallInfo fcinfo)
{
	static const int varlenas[] = {ARG_QUERY, ARG_EMBEDDING, ARG_FILTER, ARG_WEIGHTS};
	static const int words[] = {ARG_WITHIN, ARG_VALID_AT, ARG_SYSTEM_AT, ARG_DIVERSITY};
	uint64		hash = hash_bytes_uint32_extended(call->shape.collection_id, 0);
	int			i;

	for (i = 0; i < lengthof(varlenas); i++)
	{
		struct varlena *value = PG_ARGISNULL(varlenas[i]) ? NULL :
			PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(varlenas[i]));

		hash = hash_argument(hash, fcinfo, varlenas[i], value ? VARDATA_ANY(value) : NULL,
							 value ? VARSIZE_ANY_EXHDR(value) : 0);
	}
	for (i = 0; i < lengthof(words); i++)
	{
		/* float8 and timestamptz alike are eight bytes, by value or by reference. */
		int64		word = PG_ARGISNULL(words[i]) ? 0 : DatumGetInt64(PG_GETARG_DATUM(words[i]));

		hash = hash_argument(hash, fcinfo, words[i], &word, sizeof(word));
	}
	if (!PG_ARGISNULL(ARG_NEAR))
		hash = hash_argument(hash, fcinfo, ARG_NEAR, DatumGetPointer(PG_GETARG_DATUM(ARG_NEAR)),
							 get_typlen(call->types[TSM_P_NEAR - 1]));
	if (!PG_ARGISNULL(ARG_HALF_LIFE))
		hash = hash_argument(hash, fcinfo, ARG_HALF_LIFE, PG_GETARG_INTERVAL_P(ARG_HALF_LIFE), sizeof(Interval));
	return (uint32) hash ^ (uint32) (hash >> 32);
}

static void
forget_plans(void)
{
	HASH_SEQ_STATUS status;
	KeptPlan   *kept;

	hash_seq_init(&status, kept_plans);
	while ((kept = hash_seq_search(&status)) != NULL)
	{
		SPI_freeplan(kept->plan);
		pfree(kept->text);
		hash_search(kept_plans, &kept->hash, HASH_REMOVE, NULL);
	}
}

/* The plan of a query text: that of an earlier call, or a new one that is kept. Within SPI. */
static SPIPlanPtr
find_plan(const char *text, int count, Oid *types)
{
	/* The types of the parameters are others when the extension was made anew. */
	uint64		seed = hash_bytes_extended((const unsigned char *) types, sizeof(Oid) * count, 0);
	uint64		hash = hash_bytes_extended((const unsigned char *) text, strlen(text), seed);
	KeptPlan   *kept;
	SPIPlanPtr	plan;
	char	   *copy;

	if (kept_plans == NULL)
	{
		HASHCTL		control;

		control.keysize = sizeof(uint64);
		control.entrysize = sizeof(KeptPlan);
		kept_plans = hash_create("tsmem recall plans", RECALL_MAX_PLANS, &control, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_plans, &hash, HASH_FIND, NULL);
	if (kept != NULL && strcmp(kept->text, text) == 0)
		return kept->plan;

	plan = SPI_prepare_cursor(text, count, types, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		elog(ERROR, "could not prepare a recall: %s", SPI_result_code_string(SPI_result));
	if (kept != NULL)
		return plan;			/* another text of the same hash is kept */
	if (hash_get_num_entries(kept_plans) >= RECALL_MAX_PLANS)
		forget_plans();
	copy = MemoryContextStrdup(TopMemoryContext, text);
	SPI_keepplan(plan);
	kept = hash_search(kept_plans, &hash, HASH_ENTER, NULL);
	kept->text = copy;
	kept->plan = plan;
	return plan;
}

/*
 * Look up the collection, and let it turn the query text into a tsquery and,
 * where it has an embedder, into a vector. Within SPI.
 */
static void
read_collection(RecallCall *call, FunctionCallInfo fcinfo)
{
	static const char *const sql =
		"SELECT c.collection_id, c.metric, c.name, c.dimensions, coalesce((c.settings ->> 'candidates')::int4, 100),"
		" tsmem._any_word(c.text_config::regconfig, $2),"
		" CASE WHEN $3 IS NOT NULL THEN $3 WHEN c.embedder IS NOT NULL THEN tsmem._embed(c.collection_id, $2) END"
		" FROM tsmem._collection($1, NULL) c";
	static const struct
	{
		const char *metric;
		const char *sql;
	}			metrics[] = {{"cosine", "<=>"}, {"l2", "<->"}, {"inner_product", "<#>"}, {"l1", "<+>"}};
	Oid			types[3] = {TEXTOID, TEXTOID, call->types[TSM_P_EMBEDDING - 1]};
	Datum		values[3];
	char		nulls[3];
	HeapTuple	row;
	TupleDesc	descriptor;
	char	   *metric;
	Datum		value;
	bool		isnull;
	int			i;

	for (i = 0; i < 3; i++)
	{
		values[i] = PG_ARGISNULL(ARG_COLLECTION + i) ? (Datum) 0 : PG_GETARG_DATUM(ARG_COLLECTION + i);
		nulls[i] = PG_ARGISNULL(ARG_COLLECTION + i) ? 'n' : ' ';
	}
	if (!call->shape.arm[TSM_ARM_TEXT])
		nulls[1] = 'n';			/* a blank query is none */
	if (SPI_execute_plan(find_plan(sql, 3, types), values, nulls, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not read the collection");
	row = SPI_tuptable->vals[0];
	descriptor = SPI_tuptable->tupdesc;

	call->shape.collection_id = DatumGetInt32(SPI_getbinval(row, descriptor, 1, &isnull));
	metric = SPI_getvalue(row, descriptor, 2);
	for (i = 0; i < lengthof(metrics); i++)
	{
		if (strcmp(metrics[i].metric, metric) == 0)
			call->shape.metric = metrics[i].sql;
	}
	value = SPI_getbinval(row, descriptor, 4, &isnull);
	call->dimensions = isnull ? 0 : DatumGetInt32(value);
	call->cursor.candidates = DatumGetInt32(SPI_getbinval(row, descriptor, 5, &isnull));
	value = SPI_getbinval(row, descriptor, 6, &isnull);
	if (!isnull)
		set_parameter(call, TSM_P_TSQUERY, value);
	value = SPI_getbinval(row, descriptor, 7, &isnull);
	if (isnull)
		return;
	set_parameter(call, TSM_P_EMBEDDING, value);
	call->shape.arm[TSM_ARM_VECTOR] = true;
	if (call->dimensions == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("collection \"%s\" has no embeddings", SPI_getvalue(row, descriptor, 3))));
	if (tsm_vector_from_datum(value)->dim != call->dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", call->dimensions, tsm_vector_from_datum(value)->dim),
				 errdetail("Collection \"%s\" has embeddings of %d dimensions.",
						   SPI_getvalue(row, descriptor, 3), call->dimensions)));
}

static bool
is_blank(const text *query)
{
	const char *bytes = VARDATA_ANY(query);
	int			i;

	for (i = 0; i < VARSIZE_ANY_EXHDR(query); i++)
	{
		if (!isspace((unsigned char) bytes[i]))
			return false;
	}
	return true;
}

/* Text, place and meaning bring candidates; time and importance order them, or bring some where nothing else does. */
static void
choose_arms(RecallCall *call)
{
	TsmRecall  *shape = &call->shape;
	bool		retrieving = false;
	int			arm;

	shape->arm[TSM_ARM_TIME] = shape->has_valid_at;
	shape->arm[TSM_ARM_IMPORTANCE] = true;
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
	{
		shape->arm[arm] = shape->arm[arm] && shape->weight[arm] > 0;
		if (arm <= TSM_ARM_SPACE)
		{
			shape->bring[arm] = shape->arm[arm];
			retrieving = retrieving || shape->arm[arm];
		}
		else
			shape->bring[arm] = shape->arm[arm] && !retrieving;
	}
}

/* The declared types of the parameters. */
static void
declare_parameters(RecallCall *call, FunctionCallInfo fcinfo)
{
	Oid		   *types;
	int			arguments;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &arguments);
	Assert(arguments == ARG_COUNT);
	memset(call->nulls, 'n', sizeof(call->nulls));
	call->types[TSM_P_TSQUERY - 1] = TSQUERYOID;
	call->types[TSM_P_EMBEDDING - 1] = types[ARG_EMBEDDING];
	call->types[TSM_P_NEAR - 1] = types[ARG_NEAR];
	call->types[TSM_P_WITHIN - 1] = FLOAT8OID;
	call->types[TSM_P_VALID_AT - 1] = TIMESTAMPTZOID;
	call->types[TSM_P_SYSTEM_AT - 1] = TIMESTAMPTZOID;
	call->types[TSM_P_OPERANDS - 1] = JSONBARRAYOID;
	call->types[TSM_P_LIMIT - 1] = INT8OID;
	call->types[TSM_P_CANDIDATES - 1] = INT8OID;
	call->types[TSM_P_NAMESPACE - 1] = TEXTOID;
	call->types[TSM_P_REFERENCE - 1] = TIMESTAMPTZOID;
	call->types[TSM_P_HALF_LIFE - 1] = FLOAT8OID;
	call->types[TSM_P_WEIGHTS - 1] = FLOAT8ARRAYOID;
	call->types[TSM_P_AFTER_SCORE - 1] = FLOAT8OID;
	call->types[TSM_P_AFTER_ID - 1] = UUIDOID;
	call->types[TSM_P_AFTER_NAMESPACE - 1] = TEXTOID;
}

/* Everything that does not need the collection. */
static void
read_arguments(RecallCall *call, FunctionCallInfo fcinfo)
{
	int			arm;

	memset(call, 0, sizeof(*call));
	declare_parameters(call, fcinfo);
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
		call->shape.weight[arm] = 1;
	if (!PG_ARGISNULL(ARG_WEIGHTS))
		read_weights(call, PG_GETARG_JSONB_P(ARG_WEIGHTS));
	read_numbers(call, fcinfo);

	call->shape.namespace_root = tsm_namespace_root();
	set_parameter(call, TSM_P_NAMESPACE, CStringGetTextDatum(call->shape.namespace_root));
	call->shape.arm[TSM_ARM_TEXT] = !PG_ARGISNULL(ARG_QUERY) && !is_blank(PG_GETARG_TEXT_PP(ARG_QUERY));
	call->shape.arm[TSM_ARM_SPACE] = !PG_ARGISNULL(ARG_NEAR);
	if (!PG_ARGISNULL(ARG_NEAR))
		set_parameter(call, TSM_P_NEAR, PG_GETARG_DATUM(ARG_NEAR));
	call->cursor.reference = GetCurrentTransactionStartTimestamp();
	if (!PG_ARGISNULL(ARG_SYSTEM_AT))
	{
		call->shape.has_system_at = true;
		call->cursor.reference = PG_GETARG_TIMESTAMPTZ(ARG_SYSTEM_AT);
		set_parameter(call, TSM_P_SYSTEM_AT, PG_GETARG_DATUM(ARG_SYSTEM_AT));
	}
	if (!PG_ARGISNULL(ARG_VALID_AT))
	{
		call->shape.has_valid_at = true;
		call->cursor.reference = PG_GETARG_TIMESTAMPTZ(ARG_VALID_AT);
		set_parameter(call, TSM_P_VALID_AT, PG_GETARG_DATUM(ARG_VALID_AT));
	}
	if (!PG_ARGISNULL(ARG_HALF_LIFE))
	{
		call->shape.has_decay = true;
		set_parameter(call, TSM_P_HALF_LIFE,
					  Float8GetDatum(half_life_seconds(PG_GETARG_INTERVAL_P(ARG_HALF_LIFE))));
		if (TIMESTAMP_NOT_FINITE(call->cursor.reference))
			refuse_argument("decay_half_life needs a finite valid_at and system_at");
	}
	if (!PG_ARGISNULL(ARG_FILTER))
	{
		TsmFilter	filter = tsm_filter_compile(PG_GETARG_JSONB_P(ARG_FILTER), TSM_P_OPERANDS);

		call->shape.filter = filter.predicate;
		set_parameter(call, TSM_P_OPERANDS, PointerGetDatum(filter.operands));
	}
}

/* Where the page begins; ERROR 22023 for a cursor that is none, or of another recall. */
static void
read_cursor(RecallCall *call, FunctionCallInfo fcinfo)
{
	uint32		arguments = hash_arguments(call, fcinfo);
	Datum		weights[TSM_ARM_COUNT];
	int			arm;

	if (PG_ARGISNULL(ARG_AFTER))
	{
		call->cursor.candidates = Min(TSM_RECALL_MAX_CANDIDATES,
									  Max(call->cursor.candidates, TSM_RECALL_CANDIDATES_PER_K * call->k));
		call->cursor.arguments = arguments;
	}
	else
	{
		if (!tsm_recall_cursor_parse(text_to_cstring(PG_GETARG_TEXT_PP(ARG_AFTER)), &call->cursor))
			refuse_argument("after is no cursor of recall");
		if (call->cursor.arguments != arguments)
			refuse_argument("after is the cursor of a recall with other arguments");
		call->shape.has_after = true;
		set_parameter(call, TSM_P_AFTER_SCORE, Float8GetDatum(call->cursor.score));
		set_parameter(call, TSM_P_AFTER_ID, UUIDPGetDatum(&call->cursor.memory_id));
		set_parameter(call, TSM_P_AFTER_NAMESPACE, CStringGetTextDatum(call->cursor.namespace_name));
	}
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
		weights[arm] = Float8GetDatum(call->shape.weight[arm]);
	set_parameter(call, TSM_P_WEIGHTS,
				  PointerGetDatum(construct_array(weights, TSM_ARM_COUNT, FLOAT8OID, sizeof(float8),
												  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)));
	set_parameter(call, TSM_P_REFERENCE, TimestampTzGetDatum(call->cursor.reference));
	set_parameter(call, TSM_P_CANDIDATES, Int64GetDatum(call->cursor.candidates));
	set_parameter(call, TSM_P_LIMIT,
				  Int64GetDatum(call->k + (call->shape.diverse ? call->cursor.position : 0)));
}

/*
 * The order of the rows that came back: as they are, or the pool diversified
 * and then the tail as it is (which a first page does not have, so it must not
 * take part in the choice). palloc'd; *count entries.
 */
static int *
order_rows(RecallCall *call, int *count)
{
	int			rows = SPI_processed;
	int		   *order;
	double	   *scores;
	const float **vectors;
	int			pool;
	bool		isnull;
	int			i;

	*count = Min(rows, call->k + (call->shape.diverse ? call->cursor.position : 0));
	order = palloc(sizeof(int) * Max(rows, 1));
	for (i = 0; i < rows; i++)
		order[i] = i;
	if (!call->shape.diverse)
		return order;

	scores = palloc(sizeof(double) * Max(rows, 1));
	vectors = palloc(sizeof(float *) * Max(rows, 1));
	for (pool = 0; pool < rows; pool++)
	{
		HeapTuple	row = SPI_tuptable->vals[pool];
		Datum		vector;

		scores[pool] = DatumGetFloat8(SPI_getbinval(row, SPI_tuptable->tupdesc, RESULT_SCORE + 1, &isnull));
		if (scores[pool] <= 0)
			break;				/* only the tail has no score */
		vector = SPI_getbinval(row, SPI_tuptable->tupdesc, QUERY_EMBEDDING, &isnull);
		vectors[pool] = isnull ? NULL : tsm_vector_from_datum(vector)->x;
	}
	tsm_diversify(pool, scores, vectors, call->dimensions, call->diversity, Min(pool, *count), order);
	return order;
}

static void
put_row(ReturnSetInfo *rsinfo, RecallCall *call, HeapTuple row)
{
	TupleDesc	descriptor = SPI_tuptable->tupdesc;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS];
	int			i;

	for (i = 0; i < RESULT_CURSOR; i++)
	{
		values[i] = SPI_getbinval(row, descriptor, i + 1, &nulls[i]);
		if (i >= RESULT_RANKS && !nulls[i])
			values[i] = Int32GetDatum((int32) DatumGetInt64(values[i]));
	}
	call->cursor.position++;
	call->cursor.score = DatumGetFloat8(values[RESULT_SCORE]);
	call->cursor.memory_id = *DatumGetUUIDP(values[0]);
	call->cursor.namespace_name = SPI_getvalue(row, descriptor, QUERY_NAMESPACE);
	values[RESULT_CURSOR] = CStringGetTextDatum(tsm_recall_cursor_print(&call->cursor));
	nulls[RESULT_CURSOR] = false;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
tsm_memory_recall(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RecallCall	call;
	SPIPlanPtr	plan;
	int		   *order;
	int			count;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	read_arguments(&call, fcinfo);
	SPI_connect();
	read_collection(&call, fcinfo);
	choose_arms(&call);
	read_cursor(&call, fcinfo);
	plan = find_plan(tsm_recall_query(&call.shape), TSM_P_COUNT, call.types);
	if (SPI_execute_plan(plan, call.values, call.nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute a recall");
	order = order_rows(&call, &count);
	for (i = call.shape.diverse ? call.cursor.position : 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_row(rsinfo, &call, SPI_tuptable->vals[order[i]]);
	}
	SPI_finish();
	return (Datum) 0;
}
