/*-------------------------------------------------------------------------
 *
 * tsm_delta_options.c
 *	  set_delta_options: how the history of a table is folded.
 *
 * Options are kept as jsonb in tsmem.segment_tables, only those that are set:
 * a default that a later version finds to be better is taken by all who have
 * not chosen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "tsm_delta_codec.h"
#include "tsm_delta_follow.h"
#include "tsm_delta_maintain.h"
#include "tsm_delta_segment.h"
#include "tsm_delta_worker.h"

/* What a parameter of set_delta_options is. */
typedef enum OptionKind
{
	OPTION_INT,
	OPTION_BOOL,
	OPTION_INTERVAL,
	OPTION_COLUMNS
} OptionKind;

typedef struct Option
{
	const char *name;
	OptionKind	kind;
	int			min;			/* of OPTION_INT; of OPTION_INTERVAL 0, or 1 for more than 0 */
	int			max;
} Option;

/* In the order of the parameters, from the second on. */
static const Option known[] = {
	{TSM_OPTION_FRAME_ROWS, OPTION_INT, 1, TSM_CODEC_MAX_FRAME_ROWS},
	{TSM_OPTION_LEVEL, OPTION_INT, 0, TSM_CODEC_MAX_LEVEL},
	{TSM_OPTION_BLOCK_SIZE, OPTION_INT, TSM_MIN_BLOCK_SIZE, TSM_CODEC_MAX_BLOCK},
	{TSM_OPTION_ZONES, OPTION_COLUMNS, 0, 0},
	{TSM_OPTION_FOLD_AFTER, OPTION_INTERVAL, 0, 0},
	{TSM_OPTION_FOLD_WHEN, OPTION_INT, 1, TSM_MAX_FOLD_WHEN},
	{TSM_OPTION_RETENTION, OPTION_INTERVAL, 1, 0},
	{TSM_OPTION_WORKER, OPTION_BOOL, 0, 0},
};

/* Years that an interval may be, at most. */
#define MAX_YEARS 100

/* The parameter after the options. */
#define RESET_PARAMETER (1 + lengthof(known))

static JsonbValue *
find_option(Jsonb *options, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(&options->root, name, strlen(name), value);
}

int64
tsm_delta_option_int(Jsonb *options, const char *name, int64 missing)
{
	JsonbValue	value;

	if (find_option(options, name, &value) == NULL || value.type != jbvNumeric)
		return missing;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
}

bool
tsm_delta_option_bool(Jsonb *options, const char *name, bool missing)
{
	JsonbValue	value;

	if (find_option(options, name, &value) == NULL || value.type != jbvBool)
		return missing;
	return value.val.boolean;
}

Interval *
tsm_delta_option_interval(Jsonb *options, const char *name, Interval *missing)
{
	JsonbValue	value;

	if (find_option(options, name, &value) == NULL || value.type != jbvString)
		return missing;
	return DatumGetIntervalP(DirectFunctionCall3(interval_in,
												 CStringGetDatum(pnstrdup(value.val.string.val,
																		  value.val.string.len)),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

List *
tsm_delta_option_names(Jsonb *options, const char *name)
{
	JsonbValue	value;
	JsonbValue	element;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	List	   *names = NIL;

	if (find_option(options, name, &value) == NULL || value.type != jbvBinary)
		return NIL;
	iterator = JsonbIteratorInit(value.val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && element.type == jbvString)
			names = lappend(names, pnstrdup(element.val.string.val, element.val.string.len));
	}
	return names;
}

/* Whatever a text is as a string of jsonb. */
static JsonbValue
json_string(const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = pstrdup(text);
	value.val.string.len = strlen(text);
	return value;
}

static JsonbValue
json_int(const Option *option, int32 number)
{
	JsonbValue	value;

	if (number < option->min || number > option->max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be from %d to %d", option->name, option->min, option->max)));
	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int4_numeric, Int32GetDatum(number)));
	return value;
}

/* ISO 8601, which is read the same whatever the settings are. */
static JsonbValue
json_interval(const Option *option, Interval *interval)
{
	Interval	least = {option->min, 0, 0};
	Interval	most = {0, 0, MAX_YEARS * MONTHS_PER_YEAR};
	char		text[MAXDATELEN + 1];
	struct pg_itm itm;

	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(interval), IntervalPGetDatum(&least))) ||
		DatumGetBool(DirectFunctionCall2(interval_gt, IntervalPGetDatum(interval), IntervalPGetDatum(&most))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 option->min > 0 ?
				 errmsg("option \"%s\" must be more than 0 and at most %d years", option->name, MAX_YEARS) :
				 errmsg("option \"%s\" must be from 0 to %d years", option->name, MAX_YEARS)));
	interval2itm(*interval, &itm);
	EncodeInterval(&itm, INTSTYLE_ISO_8601, text);
	return json_string(text);
}

/* 55000: nobody would run it. */
static JsonbValue
json_bool(bool boolean)
{
	JsonbValue	value;

	if (boolean && !tsm_delta_worker_registered())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the maintenance worker is not loaded"),
				 errhint("Add tsmem to shared_preload_libraries and restart the server, or call tsmem.maintain() from a scheduler.")));
	value.type = jbvBool;
	value.val.boolean = boolean;
	return value;
}

/* A column of the user's that segments can be told apart by. */
static void
check_zone(const Option *option, const TsmVersionedTable *table, const char *column)
{
	static const char *const own[] = {TSM_ROW_START, TSM_ROW_XID, TSM_ROW_END, TSM_ROW_END_XID};
	AttrNumber	attno = get_attnum(table->history, column);
	TsmSegmentZoneType type = {0};
	Relation	rel;
	int			i;

	for (i = 0; i < lengthof(own); i++)
	{
		if (strcmp(column, own[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be among the %s", column, option->name),
					 errdetail("The times of a segment are always known.")));
	}
	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", column,
						get_rel_name(table->rel))));
	rel = table_open(table->history, AccessShareLock);
	tsm_segment_zone_type(RelationGetDescr(rel), attno, &type);
	table_close(rel, AccessShareLock);
	if (type.kind == TSM_ZONE_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("column \"%s\" cannot be among the %s", column, option->name),
				 errdetail("Its type has no extended hash function, or one that gives other values in another cluster.")));
}

static bool
is_among(const List *names, const char *name)
{
	const ListCell *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

static void
push_zones(JsonbParseState **state, const List *zones)
{
	const ListCell *cell;

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, zones)
	{
		JsonbValue	name = json_string(lfirst(cell));

		pushJsonbValue(state, WJB_ELEM, &name);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static List *
check_zones(const Option *option, const TsmVersionedTable *table, Datum names)
{
	List	   *zones = tsm_delta_names_list(names);
	List	   *seen = NIL;
	ListCell   *cell;

	if (list_length(zones) > TSM_SEGMENT_MAX_ZONES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" has at most %d columns", option->name, TSM_SEGMENT_MAX_ZONES)));
	foreach(cell, zones)
	{
		if (is_among(seen, lfirst(cell)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" has column \"%s\" twice", option->name,
							(char *) lfirst(cell))));
		check_zone(option, table, lfirst(cell));
		seen = lappend(seen, lfirst(cell));
	}
	return zones;
}

static void
push_option(JsonbParseState **state, const Option *option, const TsmVersionedTable *table, Datum given)
{
	JsonbValue	key = json_string(option->name);
	JsonbValue	value;

	pushJsonbValue(state, WJB_KEY, &key);
	switch (option->kind)
	{
		case OPTION_INT:
			value = json_int(option, DatumGetInt32(given));
			break;
		case OPTION_BOOL:
			value = json_bool(DatumGetBool(given));
			break;
		case OPTION_INTERVAL:
			value = json_interval(option, DatumGetIntervalP(given));
			break;
		case OPTION_COLUMNS:
			push_zones(state, check_zones(option, table, given));
			return;
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* The options that the call sets, as an object. */
static Datum
given_options(FunctionCallInfo fcinfo, const TsmVersionedTable *table)
{
	JsonbParseState *state = NULL;
	int			i;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < lengthof(known); i++)
	{
		if (!PG_ARGISNULL(i + 1))
			push_option(&state, &known[i], table, PG_GETARG_DATUM(i + 1));
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static Datum
without_options(Datum options, const List *names)
{
	const ListCell *cell;

	foreach(cell, names)
	{
		const char *name = lfirst(cell);
		bool		is_known = false;
		int			i;

		for (i = 0; i < lengthof(known); i++)
			is_known |= strcmp(known[i].name, name) == 0;
		if (!is_known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no option \"%s\"", name)));
		options = DirectFunctionCall2(jsonb_delete, options, CStringGetTextDatum(name));
	}
	return options;
}

/* A history whose store is to be made, and the store; as tsm_delta_as_owner hands it on. */
typedef struct MakeStore
{
	Oid			history;
	TsmSegmentStore store;
} MakeStore;

static void
make_store(void *arg)
{
	MakeStore  *make = arg;

	tsm_segment_make_store(make->history, &make->store);
}

void
tsm_fold_need_store(Oid history)
{
	MakeStore	make = {history};

	if (!tsm_segment_store(history, &make.store))
		tsm_delta_as_owner(tsm_segment_owner(history), make_store, &make);
}

/*
 * Options change between folds: the lock that a fold holds is waited for.
 * What maintain remembers of when to look again may be wrong now.
 */
static Jsonb *
change_options(FunctionCallInfo fcinfo, const TsmVersionedTable *table)
{
	Oid			history = table->history;
	List	   *reset = PG_ARGISNULL(RESET_PARAMETER) ? NIL :
		tsm_delta_names_list(PG_GETARG_DATUM(RESET_PARAMETER));
	Datum		given = given_options(fcinfo, table);
	TsmSegmentStore store;
	TsmFoldNote note;
	Datum		options;

	tsm_fold_need_store(history);
	if (!tsm_segment_store(history, &store))
		elog(ERROR, "history %u has no store", history);
	LockRelationOid(store.segments, ShareUpdateExclusiveLock);
	if (!tsm_segment_store(history, &store))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not system-versioned any more", get_rel_name(table->rel))));
	options = without_options(JsonbPGetDatum(store.options), reset);
	options = DirectFunctionCall2(jsonb_concat, options, given);
	tsm_segment_set_options(history, DatumGetJsonbP(options));
	if (tsm_fold_note(history, &note))
	{
		note.next_look = DT_NOBEGIN;
		tsm_fold_write_note(history, &note);
	}
	CacheInvalidateRelcacheByRelid(history);
	CacheInvalidateRelcacheByRelid(store.folded);
	return DatumGetJsonbP(options);
}

PG_FUNCTION_INFO_V1(tsm_delta_set_options);

/*
 * set_delta_options(rel regclass, frame_rows int, level int, block_size int,
 * zones name[], fold_after interval, fold_when int, retention interval, worker
 * boolean, reset name[]) → jsonb: the options that are set. A null leaves an option as it
 * is. Errors: 22004, 22023, 42501, 42703, 42883, 55000.
 */
Datum
tsm_delta_set_options(PG_FUNCTION_ARGS)
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	bool		changes = false;
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table must not be null")));
	for (i = 1; i <= RESET_PARAMETER; i++)
		changes |= !PG_ARGISNULL(i);
	table = tsm_segment_own_table(PG_GETARG_OID(0));
	if (changes)
	{
		PreventCommandIfReadOnly("tsmem.set_delta_options()");
		PG_RETURN_JSONB_P(change_options(fcinfo, table));
	}
	if (tsm_segment_store(table->history, &store))
		PG_RETURN_JSONB_P(store.options);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

void
tsm_delta_follow_zones(Oid history, const char *old_name, const char *new_name)
{
	TsmSegmentStore store;
	JsonbParseState *state = NULL;
	JsonbValue	key = json_string(TSM_OPTION_ZONES);
	List	   *zones;
	List	   *now = NIL;
	bool		changed = false;
	ListCell   *cell;
	Datum		follows;

	if (!tsm_segment_store(history, &store))
		return;
	zones = tsm_delta_option_names(store.options, TSM_OPTION_ZONES);
	foreach(cell, zones)
	{
		const char *zone = lfirst(cell);
		bool		renamed = old_name != NULL && strcmp(zone, old_name) == 0;

		if (renamed)
			zone = new_name;
		if (get_attnum(history, zone) > 0)
			now = lappend(now, pstrdup(zone));
		changed |= renamed || get_attnum(history, zone) <= 0;
	}
	if (!changed)
		return;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, &key);
	push_zones(&state, now);
	follows = JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
	tsm_segment_set_options(history,
							DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(store.options), follows)));
}
