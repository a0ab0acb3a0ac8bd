/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_validate.c
 *	  Whether a document matches a JSON schema, and if not, where and why.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_schema.h"

PG_FUNCTION_INFO_V1(tsm_temporal_json_schema_violation);

/* A schema applied to a document. */
typedef struct Validation
{
	Jsonb	   *root;			/* the schema */
	StringInfo	pointer;		/* where it stands in the document */
	int			trials;			/* how many schemas around this one may fail without harm */
	char	   *violation;		/* what is wrong at the pointer */
} Validation;

static bool validate(Validation *validation, JsonbValue *schema, JsonbValue *value);

/* One keyword: its own value, the schema around it, and the value of the document. */
typedef bool (*Check) (Validation *validation, JsonbValue *wanted, const JsonbValue *schema,
					   JsonbValue *value);

/* False, with what is wrong, unless this is a trial. */
static bool pg_attribute_printf(2, 3)
violates(Validation *validation, const char *format,...)
{
	StringInfoData text;
	va_list		args;
	int			needed;

	if (validation->trials > 0)
		return false;
	initStringInfo(&text);
	for (;;)
	{
		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	validation->violation = text.data;
	return false;
}

static char *
as_text(JsonbValue *value)
{
	Jsonb	   *json = JsonbValueToJsonb(value);

	return JsonbToCString(NULL, &json->root, VARSIZE(json));
}

/* Whether a schema matches, whatever comes of it. */
static bool
try_schema(Validation *validation, JsonbValue *schema, JsonbValue *value)
{
	int			length = validation->pointer->len;
	bool		matches;

	validation->trials++;
	matches = validate(validation, schema, value);
	validation->trials--;
	validation->pointer->data[validation->pointer->len = length] = '\0';
	return matches;
}

/* A member, or with name NULL an element, of the document. The pointer stays where something is wrong. */
static bool
validate_below(Validation *validation, JsonbValue *schema, const JsonbValue *name, int index,
			   JsonbValue *value)
{
	int			length = validation->pointer->len;

	if (name != NULL)
		tsm_pointer_add(validation->pointer, name->val.string.val, name->val.string.len);
	else
		tsm_pointer_add_number(validation->pointer, index);
	if (!validate(validation, schema, value))
		return false;
	validation->pointer->data[validation->pointer->len = length] = '\0';
	return true;
}

static bool
has_type(const JsonbValue *value, const JsonbValue *type)
{
	const char *name = tsm_schema_type_name(value);

	if (type->val.string.len == 7 && memcmp(type->val.string.val, "integer", 7) == 0)
		return value->type == jbvNumeric && tsm_schema_is_integer(value->val.numeric);
	return (int) strlen(name) == type->val.string.len &&
		memcmp(name, type->val.string.val, type->val.string.len) == 0;
}

static bool
check_type(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *types = wanted;
	int			count = tsm_json_is_array(wanted) ? tsm_json_contents(wanted, &none, &types) : 1;
	int			i;

	for (i = 0; i < count; i++)
	{
		if (has_type(value, &types[i]))
			return true;
	}
	return violates(validation, "the type must be %s, it is \"%s\"", as_text(wanted),
					tsm_schema_type_name(value));
}

static bool
check_enum(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *values;
	int			count = tsm_json_contents(wanted, &none, &values);
	int			i;

	for (i = 0; i < count; i++)
	{
		if (tsm_json_equal(&values[i], value))
			return true;
	}
	return violates(validation, "the value must be one of %s", as_text(wanted));
}

static bool
check_const(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (tsm_json_equal(wanted, value))
		return true;
	return violates(validation, "the value must be %s", as_text(wanted));
}

static int
compare_numbers(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static bool
check_minimum(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvNumeric || compare_numbers(value->val.numeric, wanted->val.numeric) >= 0)
		return true;
	return violates(validation, "the number must be at least %s", as_text(wanted));
}

static bool
check_maximum(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvNumeric || compare_numbers(value->val.numeric, wanted->val.numeric) <= 0)
		return true;
	return violates(validation, "the number must be at most %s", as_text(wanted));
}

static bool
check_exclusive_minimum(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvNumeric || compare_numbers(value->val.numeric, wanted->val.numeric) > 0)
		return true;
	return violates(validation, "the number must be above %s", as_text(wanted));
}

static bool
check_exclusive_maximum(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvNumeric || compare_numbers(value->val.numeric, wanted->val.numeric) < 0)
		return true;
	return violates(validation, "the number must be below %s", as_text(wanted));
}

static bool
check_multiple_of(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	Datum		zero = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));

	if (value->type != jbvNumeric ||
		compare_numbers(DatumGetNumeric(DirectFunctionCall2(numeric_mod, NumericGetDatum(value->val.numeric),
															NumericGetDatum(wanted->val.numeric))),
						DatumGetNumeric(zero)) == 0)
		return true;
	return violates(validation, "the number must be a multiple of %s", as_text(wanted));
}

/* Whether a count is below (-1), at (0) or above (1) a number. */
static int
compare_count(int count, const JsonbValue *number)
{
	return compare_numbers(DatumGetNumeric(DirectFunctionCall1(int4_numeric, Int32GetDatum(count))),
						   number->val.numeric);
}

/* Characters of a string; what else has none passes. */
static int
characters(const JsonbValue *value)
{
	return pg_mbstrlen_with_len(value->val.string.val, value->val.string.len);
}

static bool
check_min_length(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvString || compare_count(characters(value), wanted) >= 0)
		return true;
	return violates(validation, "the string must have at least %s characters", as_text(wanted));
}

static bool
check_max_length(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvString || compare_count(characters(value), wanted) <= 0)
		return true;
	return violates(validation, "the string must have at most %s characters", as_text(wanted));
}

static bool
check_pattern(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (value->type != jbvString ||
		RE_compile_and_execute(tsm_schema_pattern(wanted), value->val.string.val, value->val.string.len,
							   TSM_SCHEMA_PATTERN_FLAGS, C_COLLATION_OID, 0, NULL))
		return true;
	return violates(validation, "the string must match the pattern %s", as_text(wanted));
}

static bool
check_min_items(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (!tsm_json_is_array(value) || compare_count(JsonContainerSize(value->val.binary.data), wanted) >= 0)
		return true;
	return violates(validation, "the array must have at least %s elements", as_text(wanted));
}

static bool
check_max_items(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (!tsm_json_is_array(value) || compare_count(JsonContainerSize(value->val.binary.data), wanted) <= 0)
		return true;
	return violates(validation, "the array must have at most %s elements", as_text(wanted));
}

static bool
check_min_properties(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (!tsm_json_is_object(value) || compare_count(JsonContainerSize(value->val.binary.data), wanted) >= 0)
		return true;
	return violates(validation, "the object must have at least %s members", as_text(wanted));
}

static bool
check_max_properties(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (!tsm_json_is_object(value) || compare_count(JsonContainerSize(value->val.binary.data), wanted) <= 0)
		return true;
	return violates(validation, "the object must have at most %s members", as_text(wanted));
}

typedef struct Element
{
	Jsonb	   *json;
	int			index;
} Element;

static int
compare_elements(const void *a, const void *b)
{
	const Element *left = a;
	const Element *right = b;
	int			order = compareJsonbContainers(&left->json->root, &right->json->root);

	CHECK_FOR_INTERRUPTS();
	return order != 0 ? order : left->index - right->index;
}

static bool
check_unique_items(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *values;
	Element    *elements;
	int			count;
	int			i;

	if (!wanted->val.boolean || !tsm_json_is_array(value))
		return true;
	count = tsm_json_contents(value, &none, &values);
	elements = palloc(sizeof(Element) * (count + 1));
	for (i = 0; i < count; i++)
	{
		elements[i].json = JsonbValueToJsonb(&values[i]);
		elements[i].index = i;
	}
	qsort(elements, count, sizeof(Element), compare_elements);
	for (i = 1; i < count; i++)
	{
		if (compareJsonbContainers(&elements[i - 1].json->root, &elements[i].json->root) == 0)
			return violates(validation, "elements %d and %d of the array are equal",
							elements[i - 1].index, elements[i].index);
	}
	return true;
}

static bool
check_items(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *values;
	int			count;
	int			i;

	if (!tsm_json_is_array(value))
		return true;
	count = tsm_json_contents(value, &none, &values);
	for (i = 0; i < count; i++)
	{
		if (!validate_below(validation, wanted, NULL, i, &values[i]))
			return false;
	}
	return true;
}

static bool
check_required(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *names;
	JsonbValue	found;
	int			count;
	int			i;

	if (!tsm_json_is_object(value))
		return true;
	count = tsm_json_contents(wanted, &none, &names);
	for (i = 0; i < count; i++)
	{
		if (getKeyJsonValueFromContainer(value->val.binary.data, names[i].val.string.val,
										 names[i].val.string.len, &found) == NULL)
			return violates(validation, "the object lacks the member %s", as_text(&names[i]));
	}
	return true;
}

static bool
check_properties(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *names;
	JsonbValue *schemas;
	JsonbValue	member;
	int			count;
	int			i;

	if (!tsm_json_is_object(value))
		return true;
	count = tsm_json_contents(wanted, &names, &schemas);
	for (i = 0; i < count; i++)
	{
		if (getKeyJsonValueFromContainer(value->val.binary.data, names[i].val.string.val,
										 names[i].val.string.len, &member) != NULL &&
			!validate_below(validation, &schemas[i], &names[i], 0, &member))
			return false;
	}
	return true;
}

static bool
check_additional_properties(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *names;
	JsonbValue *values;
	JsonbValue	properties;
	JsonbValue	found;
	bool		known;
	int			count;
	int			i;

	if (!tsm_json_is_object(value))
		return true;
	known = getKeyJsonValueFromContainer(schema->val.binary.data, "properties", strlen("properties"),
										 &properties) != NULL;
	count = tsm_json_contents(value, &names, &values);
	for (i = 0; i < count; i++)
	{
		if (known && getKeyJsonValueFromContainer(properties.val.binary.data, names[i].val.string.val,
												  names[i].val.string.len, &found) != NULL)
			continue;
		if (!validate_below(validation, wanted, &names[i], 0, &values[i]))
			return false;
	}
	return true;
}

static bool
check_all_of(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *schemas;
	int			count = tsm_json_contents(wanted, &none, &schemas);
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!validate(validation, &schemas[i], value))
			return false;
	}
	return true;
}

static bool
check_any_of(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *schemas;
	int			count = tsm_json_contents(wanted, &none, &schemas);
	int			i;

	for (i = 0; i < count; i++)
	{
		if (try_schema(validation, &schemas[i], value))
			return true;
	}
	return violates(validation, "the value matches none of the schemas of \"anyOf\"");
}

static bool
check_one_of(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *schemas;
	int			count = tsm_json_contents(wanted, &none, &schemas);
	int			matches = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		if (try_schema(validation, &schemas[i], value))
			matches++;
	}
	if (matches == 1)
		return true;
	return violates(validation, "the value matches %d of the schemas of \"oneOf\", not one", matches);
}

static bool
check_not(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	if (!try_schema(validation, wanted, value))
		return true;
	return violates(validation, "the value matches the schema of \"not\"");
}

/*
 * References can be followed more often than a schema has places, two at each
 * step: so what one takes of memory goes with it.
 */
static bool
check_reference(Validation *validation, JsonbValue *wanted, const JsonbValue *schema, JsonbValue *value)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem schema reference",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	JsonbValue	target;
	bool		matches;

	if (!tsm_schema_resolve(validation->root, wanted, &target))
		elog(ERROR, "reference of a checked schema leads nowhere");
	matches = validate(validation, &target, value);
	MemoryContextSwitchTo(old);
	/* What is wrong was told in the context that goes. */
	if (!matches && validation->trials == 0)
		validation->violation = pstrdup(validation->violation);
	MemoryContextDelete(context);
	return matches;
}

static const Check checks[TSM_SCHEMA_CHECKS] = {
	[TSM_SCHEMA_TYPE] = check_type,
	[TSM_SCHEMA_ENUM] = check_enum,
	[TSM_SCHEMA_CONST] = check_const,
	[TSM_SCHEMA_MINIMUM] = check_minimum,
	[TSM_SCHEMA_MAXIMUM] = check_maximum,
	[TSM_SCHEMA_EXCLUSIVE_MINIMUM] = check_exclusive_minimum,
	[TSM_SCHEMA_EXCLUSIVE_MAXIMUM] = check_exclusive_maximum,
	[TSM_SCHEMA_MULTIPLE_OF] = check_multiple_of,
	[TSM_SCHEMA_MIN_LENGTH] = check_min_length,
	[TSM_SCHEMA_MAX_LENGTH] = check_max_length,
	[TSM_SCHEMA_PATTERN] = check_pattern,
	[TSM_SCHEMA_MIN_ITEMS] = check_min_items,
	[TSM_SCHEMA_MAX_ITEMS] = check_max_items,
	[TSM_SCHEMA_UNIQUE_ITEMS] = check_unique_items,
	[TSM_SCHEMA_ITEMS] = check_items,
	[TSM_SCHEMA_MIN_PROPERTIES] = check_min_properties,
	[TSM_SCHEMA_MAX_PROPERTIES] = check_max_properties,
	[TSM_SCHEMA_REQUIRED] = check_required,
	[TSM_SCHEMA_PROPERTIES] = check_properties,
	[TSM_SCHEMA_ADDITIONAL_PROPERTIES] = check_additional_properties,
	[TSM_SCHEMA_ALL_OF] = check_all_of,
	[TSM_SCHEMA_ANY_OF] = check_any_of,
	[TSM_SCHEMA_ONE_OF] = check_one_of,
	[TSM_SCHEMA_NOT] = check_not,
	[TSM_SCHEMA_REF] = check_reference
};

static bool
validate(Validation *validation, JsonbValue *schema, JsonbValue *value)
{
	JsonbValue *names;
	JsonbValue *values;
	int			count;
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (schema->type == jbvBool)
		return schema->val.boolean ? true : violates(validation, "no value is allowed here");
	count = tsm_json_contents(schema, &names, &values);
	for (i = 0; i < count; i++)
	{
		TsmSchemaKeyword keyword = tsm_schema_keyword(&names[i]);

		if (keyword < TSM_SCHEMA_CHECKS && !checks[keyword] (validation, &values[i], schema, value))
			return false;
	}
	pfree(names);
	pfree(values);
	return true;
}

char *
tsm_schema_violation(Jsonb *schema, Jsonb *document, StringInfo pointer)
{
	Validation	validation = {schema, pointer, 0, NULL};
	JsonbValue	root;
	JsonbValue	value;

	tsm_json_root(schema, &root);
	tsm_json_root(document, &value);
	return validate(&validation, &root, &value) ? NULL : validation.violation;
}

/*
 * json_schema_violation(document jsonb, schema jsonb) → text
 *
 * What of the document does not match the schema, after a pointer to its
 * place; null when all does. 22023 for a schema that cannot be used.
 */
Datum
tsm_temporal_json_schema_violation(PG_FUNCTION_ARGS)
{
	Jsonb	   *schema = PG_GETARG_JSONB_P(1);
	StringInfoData pointer;
	char	   *violation;

	tsm_schema_check(schema);
	initStringInfo(&pointer);
	violation = tsm_schema_violation(schema, PG_GETARG_JSONB_P(0), &pointer);
	if (violation == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("\"%s\": %s", pointer.data, violation)));
}
