/*-------------------------------------------------------------------------
 *
 * tsm_memory_filter.c
 *	  The filter language over metadata and columns of memories.
 *
 *	  filter := {} | {"and": [filter ...]} | {"or": [filter ...]} | {"not": filter}
 *			  | {"eq" | "ne" | "lt" | "lte" | "gt" | "gte": [field, value]}
 *			  | {"in": [field, [value ...]]} | {"contains": [field, value]}
 *			  | {"starts_with": [field, "text"]} | {"exists": field}
 *	  field  := "name of a column" | "key of metadata" | ["key of metadata", "key below", ...]
 *
 * A filter becomes an SQL predicate put together from constants; its values
 * and keys travel as elements of one jsonb[] parameter (see TsmFilter). eq, in
 * and contains over metadata become containment (@>), which a GIN index
 * serves. Every predicate is true or false and never NULL under a "not", so
 * that "not" gives exactly the other rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "tsm_memory_int.h"

typedef enum ColumnKind
{
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_UUID,
	COLUMN_TIME,
} ColumnKind;

typedef struct FilterColumn
{
	const char *name;
	const char *expression;
	ColumnKind	kind;
} FilterColumn;

static const FilterColumn filter_columns[] = {
	{"memory_id", "m.memory_id", COLUMN_UUID},
	{"namespace", "m.namespace", COLUMN_TEXT},
	{"kind", "m.kind COLLATE \"C\"", COLUMN_TEXT},
	{"document_id", "m.document_id", COLUMN_UUID},
	{"ord", "m.ord::pg_catalog.numeric", COLUMN_NUMBER},
	{"content", "m.content COLLATE \"C\"", COLUMN_TEXT},
	{"importance", "m.importance::pg_catalog.numeric", COLUMN_NUMBER},
	{"run_id", "m.run_id", COLUMN_UUID},
	{"source", "m.source COLLATE \"C\"", COLUMN_TEXT},
	{"expires_at", "m.expires_at", COLUMN_TIME},
	{"valid_from", "pg_catalog.lower(m.valid_at)", COLUMN_TIME},
	{"valid_to", "pg_catalog.upper(m.valid_at)", COLUMN_TIME},
	{"remembered_at", "m.row_start", COLUMN_TIME},
};

/* What a comparison is about: a column, or a path into metadata. */
typedef struct FilterField
{
	const FilterColumn *column; /* NULL: metadata */
	int			keys;
	JsonbValue	key[TSM_FILTER_MAX_PATH];
} FilterField;

typedef struct FilterState
{
	StringInfoData sql;
	StringInfoData place;
	int			parameter;
	int			depth;
	int			negations;		/* number of "not" around */
	int			operands;
	Datum	   *operand;
	bool		place_told;		/* the error at hand names the place itself */
	ErrorContextCallback callback;
} FilterState;

typedef void (*FilterCompiler) (FilterState *state, const char *op, JsonbValue *argument);

typedef struct FilterOperator
{
	const char *name;
	const char *sql;			/* of comparisons: the operator */
	FilterCompiler compile;
} FilterOperator;

static void compile_filter(FilterState *state, JsonbContainer *filter);
static void compile_list(FilterState *state, const char *op, JsonbValue *argument);
static void compile_not(FilterState *state, const char *op, JsonbValue *argument);
static void compile_equal(FilterState *state, const char *op, JsonbValue *argument);
static void compile_order(FilterState *state, const char *op, JsonbValue *argument);
static void compile_in(FilterState *state, const char *op, JsonbValue *argument);
static void compile_contains(FilterState *state, const char *op, JsonbValue *argument);
static void compile_starts_with(FilterState *state, const char *op, JsonbValue *argument);
static void compile_exists(FilterState *state, const char *op, JsonbValue *argument);

/* In an order chosen for error hints. */
static const FilterOperator filter_operators[] = {
	{"and", " AND ", compile_list},
	{"or", " OR ", compile_list},
	{"not", NULL, compile_not},
	{"eq", "", compile_equal},
	{"ne", "NOT ", compile_equal},
	{"lt", "<", compile_order},
	{"lte", "<=", compile_order},
	{"gt", ">", compile_order},
	{"gte", ">=", compile_order},
	{"in", NULL, compile_in},
	{"contains", NULL, compile_contains},
	{"starts_with", NULL, compile_starts_with},
	{"exists", NULL, compile_exists},
};

/* ERROR 22023: the filter is wrong at the current place. */
static void
refuse(FilterState *state, const char *detail)
{
	state->place_told = true;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid filter at \"%s\"", state->place.data),
			 errdetail("%s", detail)));
}

static void
refuse_limit(const char *what, int limit)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("filter is too large"),
			 errdetail("A filter has at most %d %s.", limit, what)));
}

/* Go down to a part of the filter; returns what to give to leave(). */
static int
enter(FilterState *state, const char *key)
{
	int			before = state->place.len;

	appendStringInfo(&state->place, ".%s", key);
	return before;
}

static int
enter_element(FilterState *state, int element)
{
	int			before = state->place.len;

	appendStringInfo(&state->place, "[%d]", element);
	return before;
}

static void
leave(FilterState *state, int before)
{
	state->place.len = before;
	state->place.data[before] = '\0';
}

static bool
is_container(const JsonbValue *value, bool array)
{
	return value->type == jbvBinary &&
		(array ? JsonContainerIsArray(value->val.binary.data)
		 : JsonContainerIsObject(value->val.binary.data));
}

static bool
equals_string(const JsonbValue *value, const char *string)
{
	return value->val.string.len == strlen(string) &&
		memcmp(value->val.string.val, string, value->val.string.len) == 0;
}

/* Append the SQL of a new operand, of type jsonb. */
static void
append_operand(FilterState *state, JsonbValue *value)
{
	Jsonb	   *operand = JsonbValueToJsonb(value);

	if (state->operands >= TSM_FILTER_MAX_OPERANDS)
		refuse_limit("values and keys", TSM_FILTER_MAX_OPERANDS);
	state->operand[state->operands++] = JsonbPGetDatum(operand);
	appendStringInfo(&state->sql, "($%d)[%d]", state->parameter, state->operands);
}

/* The same as a text. */
static void
append_text_operand(FilterState *state, JsonbValue *value)
{
	appendStringInfoChar(&state->sql, '(');
	append_operand(state, value);
	appendStringInfoString(&state->sql, " OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[])");
}

/* m.metadata -> key -> key: the jsonb value at a path, NULL when it is not there. */
static void
append_path(FilterState *state, FilterField *field)
{
	int			i;

	appendStringInfoString(&state->sql, "(m.metadata");
	for (i = 0; i < field->keys; i++)
	{
		appendStringInfoString(&state->sql, " OPERATOR(pg_catalog.->) ");
		append_text_operand(state, &field->key[i]);
	}
	appendStringInfoChar(&state->sql, ')');
}

/*
 * m.metadata @> {key: {key: value}}, or with [value] in the value's place when
 * the value is to be an element of an array there.
 */
static void
append_containment(FilterState *state, FilterField *field, JsonbValue *value, bool element)
{
	JsonbParseState *parse = NULL;
	JsonbValue *whole = NULL;
	int			i;

	for (i = 0; i < field->keys; i++)
	{
		pushJsonbValue(&parse, WJB_BEGIN_OBJECT, NULL);
		pushJsonbValue(&parse, WJB_KEY, &field->key[i]);
	}
	if (element)
	{
		pushJsonbValue(&parse, WJB_BEGIN_ARRAY, NULL);
		pushJsonbValue(&parse, WJB_ELEM, value);
		pushJsonbValue(&parse, WJB_END_ARRAY, NULL);
	}
	else
		pushJsonbValue(&parse, WJB_VALUE, value);
	for (i = 0; i < field->keys; i++)
		whole = pushJsonbValue(&parse, WJB_END_OBJECT, NULL);

	appendStringInfoString(&state->sql, "m.metadata OPERATOR(pg_catalog.@>) ");
	append_operand(state, whole);
}

/* A predicate that may be NULL begins here: under a "not", NULL must count as false. */
static void
begin_predicate(FilterState *state)
{
	appendStringInfoString(&state->sql, state->negations > 0 ? "((" : "(");
}

static void
end_predicate(FilterState *state)
{
	appendStringInfoString(&state->sql, state->negations > 0 ? ") IS TRUE)" : ")");
}

/*
 * Let the input function of a column's type read a text. What it says of the
 * text becomes an error of the filter (22023); any other error goes on as it is.
 */
static void
check_input(FilterState *state, const FilterColumn *column, char *text)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		if (column->kind == COLUMN_UUID)
			(void) DirectFunctionCall1(uuid_in, CStringGetDatum(text));
		else if (column->kind == COLUMN_TIME)
			(void) DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
									   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		refuse(state, psprintf("Column \"%s\": %s.", column->name, error->message));
	}
	PG_END_TRY();
}

/*
 * Check that a value can be compared with a column, before the query runs, so
 * that the error names the place.
 */
static void
check_column_value(FilterState *state, const FilterColumn *column, const JsonbValue *value)
{
	if (column->kind == COLUMN_NUMBER)
	{
		if (value->type != jbvNumeric)
			refuse(state, psprintf("Column \"%s\" is compared with a number.", column->name));
		return;
	}
	if (value->type != jbvString)
		refuse(state, psprintf("Column \"%s\" is compared with a string.", column->name));
	check_input(state, column, pnstrdup(value->val.string.val, value->val.string.len));
}

/* Append a checked value in the type that a column is compared in. */
static void
append_column_value(FilterState *state, const FilterColumn *column, JsonbValue *value)
{
	check_column_value(state, column, value);
	switch (column->kind)
	{
		case COLUMN_TEXT:
			append_text_operand(state, value);
			break;
		case COLUMN_NUMBER:
			append_operand(state, value);
			appendStringInfoString(&state->sql, "::pg_catalog.numeric");
			break;
		case COLUMN_UUID:
			append_text_operand(state, value);
			appendStringInfoString(&state->sql, "::pg_catalog.uuid");
			break;
		case COLUMN_TIME:
			append_text_operand(state, value);
			appendStringInfoString(&state->sql, "::pg_catalog.timestamptz");
			break;
	}
}

static const FilterColumn *
find_column(const JsonbValue *name)
{
	int			i;

	for (i = 0; i < lengthof(filter_columns); i++)
	{
		if (equals_string(name, filter_columns[i].name))
			return &filter_columns[i];
	}
	return NULL;
}

/* Read what names a field: a string, or an array of strings. */
static void
read_field(FilterState *state, const JsonbValue *value, FilterField *field)
{
	int			i;

	field->column = NULL;
	if (value->type == jbvString)
	{
		field->column = find_column(value);
		field->keys = 1;
		field->key[0] = *value;
		return;
	}
	if (!is_container(value, true) || JsonContainerSize(value->val.binary.data) == 0)
		refuse(state, "A field is a string, or an array of strings: a path into metadata.");
	if (JsonContainerSize(value->val.binary.data) > TSM_FILTER_MAX_PATH)
		refuse_limit("keys in a path", TSM_FILTER_MAX_PATH);
	field->keys = JsonContainerSize(value->val.binary.data);
	for (i = 0; i < field->keys; i++)
	{
		field->key[i] = *getIthJsonbValueFromContainer(value->val.binary.data, i);
		if (field->key[i].type != jbvString)
			refuse(state, "A field is a string, or an array of strings: a path into metadata.");
	}
}

/* The two elements of [field, value]; the place stays at the operator. */
static JsonbValue *
read_pair(FilterState *state, JsonbValue *argument, FilterField *field)
{
	int			before;

	if (!is_container(argument, true) || JsonContainerSize(argument->val.binary.data) != 2)
		refuse(state, "The operator takes an array of two: a field and a value.");
	before = enter_element(state, 0);
	read_field(state, getIthJsonbValueFromContainer(argument->val.binary.data, 0), field);
	leave(state, before);
	return getIthJsonbValueFromContainer(argument->val.binary.data, 1);
}

static const char *
operator_sql(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(filter_operators); i++)
	{
		if (strcmp(filter_operators[i].name, name) == 0)
			return filter_operators[i].sql;
	}
	elog(ERROR, "unknown filter operator \"%s\"", name);
	return NULL;
}

/* and, or: the neutral element first, so that an empty list has its meaning. */
static void
compile_list(FilterState *state, const char *op, JsonbValue *argument)
{
	int			count;
	int			i;

	if (!is_container(argument, true))
		refuse(state, "The operator takes an array of filters.");
	count = JsonContainerSize(argument->val.binary.data);
	appendStringInfoString(&state->sql, strcmp(op, "and") == 0 ? "(true" : count == 0 ? "(false" : "(");
	for (i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(argument->val.binary.data, i);
		int			before = enter_element(state, i);

		if (i > 0 || strcmp(op, "and") == 0)
			appendStringInfoString(&state->sql, operator_sql(op));
		if (!is_container(element, false))
			refuse(state, "A filter is an object.");
		compile_filter(state, element->val.binary.data);
		leave(state, before);
	}
	appendStringInfoChar(&state->sql, ')');
}

static void
compile_not(FilterState *state, const char *op, JsonbValue *argument)
{
	if (!is_container(argument, false))
		refuse(state, "A filter is an object.");
	appendStringInfoString(&state->sql, "(NOT ");
	state->negations++;
	compile_filter(state, argument->val.binary.data);
	state->negations--;
	appendStringInfoChar(&state->sql, ')');
}

/* field = value, which for an array or an object is more than containment. */
static void
append_equality(FilterState *state, FilterField *field, JsonbValue *value)
{
	if (field->column != NULL)
	{
		begin_predicate(state);
		appendStringInfo(&state->sql, "%s OPERATOR(pg_catalog.=) ", field->column->expression);
		append_column_value(state, field->column, value);
		end_predicate(state);
		return;
	}
	appendStringInfoChar(&state->sql, '(');
	append_containment(state, field, value, false);
	if (value->type == jbvBinary)
	{
		appendStringInfoString(&state->sql, " AND (");
		append_path(state, field);
		appendStringInfoString(&state->sql, " OPERATOR(pg_catalog.=) ");
		append_operand(state, value);
		appendStringInfoString(&state->sql, ") IS TRUE");
	}
	appendStringInfoChar(&state->sql, ')');
}

/* eq, ne. A memory without the field is not equal to anything. */
static void
compile_equal(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;
	JsonbValue *value = read_pair(state, argument, &field);
	const char *not = operator_sql(op);
	int			before = enter_element(state, 1);

	appendStringInfo(&state->sql, "(%s", not);
	state->negations += *not != '\0';
	append_equality(state, &field, value);
	state->negations -= *not != '\0';
	appendStringInfoChar(&state->sql, ')');
	leave(state, before);
}

/* lt, lte, gt, gte: numbers as numeric, strings by code point; other types are not ordered. */
static void
compile_order(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;
	JsonbValue *value = read_pair(state, argument, &field);
	const char *sql = operator_sql(op);
	int			before = enter_element(state, 1);

	begin_predicate(state);
	if (field.column != NULL)
	{
		appendStringInfo(&state->sql, "%s OPERATOR(pg_catalog.%s) ", field.column->expression, sql);
		append_column_value(state, field.column, value);
	}
	else if (value->type == jbvNumeric || value->type == jbvString)
	{
		bool		number = value->type == jbvNumeric;

		/* CASE keeps the cast away from values of another type. */
		appendStringInfoString(&state->sql, "CASE WHEN pg_catalog.jsonb_typeof(");
		append_path(state, &field);
		appendStringInfo(&state->sql, ") OPERATOR(pg_catalog.=) '%s' THEN (",
						 number ? "number" : "string");
		append_path(state, &field);
		appendStringInfo(&state->sql, " OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[])%s OPERATOR(pg_catalog.%s) ",
						 number ? "::pg_catalog.numeric" : " COLLATE \"C\"", sql);
		if (number)
		{
			append_operand(state, value);
			appendStringInfoString(&state->sql, "::pg_catalog.numeric");
		}
		else
			append_text_operand(state, value);
		appendStringInfoString(&state->sql, " ELSE false END");
	}
	else
		refuse(state, "The operator compares with a number or a string.");
	end_predicate(state);
	leave(state, before);
}

static void
compile_in(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;
	JsonbValue *values = read_pair(state, argument, &field);
	int			outer = enter_element(state, 1);
	int			count;
	int			i;

	if (!is_container(values, true))
		refuse(state, "The operator takes an array of values.");
	count = JsonContainerSize(values->val.binary.data);
	appendStringInfoString(&state->sql, count == 0 ? "(false" : "(");
	for (i = 0; i < count; i++)
	{
		int			before = enter_element(state, i);

		if (i > 0)
			appendStringInfoString(&state->sql, " OR ");
		append_equality(state, &field, getIthJsonbValueFromContainer(values->val.binary.data, i));
		leave(state, before);
	}
	appendStringInfoChar(&state->sql, ')');
	leave(state, outer);
}

/*
 * contains: a part of a text column, an element of an array in metadata, or a
 * part of an array or object in metadata (jsonb's @>). An object or array may
 * be either: the index serves both.
 */
static void
compile_contains(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;
	JsonbValue *value = read_pair(state, argument, &field);
	int			before = enter_element(state, 1);

	if (field.column != NULL)
	{
		if (field.column->kind != COLUMN_TEXT)
			refuse(state, psprintf("Column \"%s\" is no text.", field.column->name));
		begin_predicate(state);
		appendStringInfo(&state->sql, "pg_catalog.strpos(%s, ", field.column->expression);
		append_column_value(state, field.column, value);
		appendStringInfoString(&state->sql, ") OPERATOR(pg_catalog.>) 0");
		end_predicate(state);
	}
	else
	{
		appendStringInfoChar(&state->sql, '(');
		if (value->type == jbvBinary)
		{
			append_containment(state, &field, value, false);
			appendStringInfoString(&state->sql, " OR ");
		}
		append_containment(state, &field, value, true);
		appendStringInfoChar(&state->sql, ')');
	}
	leave(state, before);
}

static void
compile_starts_with(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;
	JsonbValue *value = read_pair(state, argument, &field);
	int			before = enter_element(state, 1);

	if (value->type != jbvString)
		refuse(state, "The operator takes a string.");
	if (field.column != NULL && field.column->kind != COLUMN_TEXT)
		refuse(state, psprintf("Column \"%s\" is no text.", field.column->name));
	begin_predicate(state);
	if (field.column == NULL)
	{
		appendStringInfoString(&state->sql, "pg_catalog.jsonb_typeof(");
		append_path(state, &field);
		appendStringInfoString(&state->sql, ") OPERATOR(pg_catalog.=) 'string' AND ");
	}
	appendStringInfoString(&state->sql, "pg_catalog.starts_with(");
	if (field.column == NULL)
	{
		append_path(state, &field);
		appendStringInfoString(&state->sql, " OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[]");
	}
	else
		appendStringInfoString(&state->sql, field.column->expression);
	appendStringInfoString(&state->sql, ", ");
	append_text_operand(state, value);
	appendStringInfoChar(&state->sql, ')');
	end_predicate(state);
	leave(state, before);
}

/* exists: the key is there, though its value may be JSON's null. */
static void
compile_exists(FilterState *state, const char *op, JsonbValue *argument)
{
	FilterField field;

	read_field(state, argument, &field);
	appendStringInfoChar(&state->sql, '(');
	if (field.column != NULL)
		appendStringInfoString(&state->sql, field.column->expression);
	else
		append_path(state, &field);
	appendStringInfoString(&state->sql, " IS NOT NULL)");
}

/* The one key of a filter object names its operator. */
static void
compile_filter(FilterState *state, JsonbContainer *filter)
{
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	argument;
	int			before;
	int			i;

	check_stack_depth();
	if (++state->depth > TSM_FILTER_MAX_DEPTH)
		refuse_limit("levels", TSM_FILTER_MAX_DEPTH);
	if (JsonContainerSize(filter) == 0)
	{
		appendStringInfoString(&state->sql, "true");
		state->depth--;
		return;
	}
	if (JsonContainerSize(filter) > 1)
		refuse(state, "A filter is an object with one key, its operator; \"and\" joins several filters.");

	iterator = JsonbIteratorInit(filter);
	(void) JsonbIteratorNext(&iterator, &key, true);	/* WJB_BEGIN_OBJECT */
	(void) JsonbIteratorNext(&iterator, &key, true);
	(void) JsonbIteratorNext(&iterator, &argument, true);
	for (i = 0; i < lengthof(filter_operators); i++)
	{
		if (equals_string(&key, filter_operators[i].name))
			break;
	}
	if (i == lengthof(filter_operators))
		refuse(state, psprintf("There is no operator \"%s\".",
							   pnstrdup(key.val.string.val, key.val.string.len)));
	before = enter(state, filter_operators[i].name);
	filter_operators[i].compile(state, filter_operators[i].name, &argument);
	leave(state, before);
	state->depth--;
}

/* Adds the place to errors that do not name it, those over a limit. */
static void
filter_error_context(void *arg)
{
	FilterState *state = (FilterState *) arg;

	if (!state->place_told)
		errcontext("filter at \"%s\"", state->place.data);
}

TsmFilter
tsm_filter_compile(const Jsonb *filter, int parameter)
{
	FilterState state;
	TsmFilter	result;

	memset(&state, 0, sizeof(state));
	initStringInfo(&state.sql);
	initStringInfo(&state.place);
	appendStringInfoChar(&state.place, '$');
	state.parameter = parameter;
	state.operand = palloc(sizeof(Datum) * TSM_FILTER_MAX_OPERANDS);
	if (VARSIZE(filter) > TSM_FILTER_MAX_BYTES)
		refuse_limit("bytes", TSM_FILTER_MAX_BYTES);
	if (!JsonContainerIsObject(&filter->root))
		refuse(&state, "A filter is an object.");

	state.callback.callback = filter_error_context;
	state.callback.arg = &state;
	state.callback.previous = error_context_stack;
	error_context_stack = &state.callback;
	compile_filter(&state, unconstify(JsonbContainer *, &filter->root));
	error_context_stack = state.callback.previous;

	result.predicate = state.sql.data;
	result.operands = construct_array(state.operand, state.operands, JSONBOID, -1, false, TYPALIGN_INT);
	return result;
}
