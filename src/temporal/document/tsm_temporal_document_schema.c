/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_schema.c
 *	  JSON Schema, a part of draft 2020-12: what is a schema.
 *
 * A schema is looked through when it is given: a keyword that is not known is
 * refused, because ignoring it would let documents pass that it forbids.
 * References lead to the root or its definitions only. One that leads to
 * itself without a step into the document would never end and is refused too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_schema.h"

static const struct
{
	const char *name;
	TsmSchemaKeyword keyword;
}			keywords[] = {
	{"type", TSM_SCHEMA_TYPE},
	{"properties", TSM_SCHEMA_PROPERTIES},
	{"required", TSM_SCHEMA_REQUIRED},
	{"$ref", TSM_SCHEMA_REF},
	{"items", TSM_SCHEMA_ITEMS},
	{"enum", TSM_SCHEMA_ENUM},
	{"const", TSM_SCHEMA_CONST},
	{"minimum", TSM_SCHEMA_MINIMUM},
	{"maximum", TSM_SCHEMA_MAXIMUM},
	{"exclusiveMinimum", TSM_SCHEMA_EXCLUSIVE_MINIMUM},
	{"exclusiveMaximum", TSM_SCHEMA_EXCLUSIVE_MAXIMUM},
	{"multipleOf", TSM_SCHEMA_MULTIPLE_OF},
	{"minLength", TSM_SCHEMA_MIN_LENGTH},
	{"maxLength", TSM_SCHEMA_MAX_LENGTH},
	{"pattern", TSM_SCHEMA_PATTERN},
	{"minItems", TSM_SCHEMA_MIN_ITEMS},
	{"maxItems", TSM_SCHEMA_MAX_ITEMS},
	{"uniqueItems", TSM_SCHEMA_UNIQUE_ITEMS},
	{"minProperties", TSM_SCHEMA_MIN_PROPERTIES},
	{"maxProperties", TSM_SCHEMA_MAX_PROPERTIES},
	{"additionalProperties", TSM_SCHEMA_ADDITIONAL_PROPERTIES},
	{"allOf", TSM_SCHEMA_ALL_OF},
	{"anyOf", TSM_SCHEMA_ANY_OF},
	{"oneOf", TSM_SCHEMA_ONE_OF},
	{"not", TSM_SCHEMA_NOT},
	{"$defs", TSM_SCHEMA_DEFINITIONS},
	{"definitions", TSM_SCHEMA_DEFINITIONS},
	{"$schema", TSM_SCHEMA_IDENTITY},
	{"$id", TSM_SCHEMA_IDENTITY},
	{"title", TSM_SCHEMA_ANNOTATION},
	{"description", TSM_SCHEMA_ANNOTATION},
	{"default", TSM_SCHEMA_ANNOTATION},
	{"examples", TSM_SCHEMA_ANNOTATION},
	{"$comment", TSM_SCHEMA_ANNOTATION},
	{"deprecated", TSM_SCHEMA_ANNOTATION},
	{"readOnly", TSM_SCHEMA_ANNOTATION},
	{"writeOnly", TSM_SCHEMA_ANNOTATION}
};

static const char *const types[] = {
	"null", "boolean", "number", "integer", "string", "array", "object"
};

/* A reference that was met, and how far the search for circles is with it. */
typedef struct Reference
{
	JsonbValue	text;
	enum
	{
		REFERENCE_NEW,
		REFERENCE_OPEN,
		REFERENCE_DONE
	}			state;
} Reference;

/* The walk over a schema. */
typedef struct SchemaWalk
{
	Jsonb	   *root;
	StringInfoData pointer;		/* where it stands */
	List	   *references;
} SchemaWalk;

static void check_schema(SchemaWalk *walk, JsonbValue *schema);

TsmSchemaKeyword
tsm_schema_keyword(const JsonbValue *name)
{
	int			i;

	for (i = 0; i < lengthof(keywords); i++)
	{
		if ((int) strlen(keywords[i].name) == name->val.string.len &&
			memcmp(keywords[i].name, name->val.string.val, name->val.string.len) == 0)
			return keywords[i].keyword;
	}
	return TSM_SCHEMA_UNKNOWN;
}

const char *
tsm_schema_type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvBool:
			return "boolean";
		case jbvNumeric:
			return "number";
		case jbvString:
			return "string";
		default:
			return tsm_json_is_object(value) ? "object" : "array";
	}
}

bool
tsm_schema_is_integer(Numeric number)
{
	Datum		value = NumericGetDatum(number);

	return DatumGetBool(DirectFunctionCall2(numeric_eq, value,
											DirectFunctionCall2(numeric_trunc, value, Int32GetDatum(0))));
}

text *
tsm_schema_pattern(const JsonbValue *pattern)
{
	return cstring_to_text_with_len(pattern->val.string.val, pattern->val.string.len);
}

pg_noreturn static void
refuse(const SchemaWalk *walk, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a JSON schema cannot be used"),
			 errdetail("At \"%s\": %s.", walk->pointer.data, what)));
}

static bool
is_type_name(const JsonbValue *name)
{
	int			i;

	for (i = 0; name->type == jbvString && i < lengthof(types); i++)
	{
		if ((int) strlen(types[i]) == name->val.string.len &&
			memcmp(types[i], name->val.string.val, name->val.string.len) == 0)
			return true;
	}
	return false;
}

static void
check_type(SchemaWalk *walk, const JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *names;
	int			count;
	int			i;

	if (is_type_name(value))
		return;
	if (!tsm_json_is_array(value))
		refuse(walk, "it is no type, and no array of types");
	count = tsm_json_contents(value, &none, &names);
	for (i = 0; i < count; i++)
	{
		if (!is_type_name(&names[i]))
			refuse(walk, "an element is no type");
	}
	if (count == 0)
		refuse(walk, "it lists no type");
}

static void
check_strings(SchemaWalk *walk, const JsonbValue *value)
{
	JsonbValue *none;
	JsonbValue *elements;
	int			count;

	if (!tsm_json_is_array(value))
		refuse(walk, "it must be an array of strings");
	count = tsm_json_contents(value, &none, &elements);
	while (count-- > 0)
	{
		if (elements[count].type != jbvString)
			refuse(walk, "it must be an array of strings");
	}
}

/* A number; not negative, without fraction, when it counts; above zero when it divides. */
static void
check_number(SchemaWalk *walk, const JsonbValue *value, bool counts, bool divides)
{
	Datum		zero = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));
	int			sign;

	if (value->type != jbvNumeric)
		refuse(walk, "it must be a number");
	sign = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(value->val.numeric), zero));
	if (counts && (sign < 0 || !tsm_schema_is_integer(value->val.numeric)))
		refuse(walk, "it must be an integer that is not negative");
	if (divides && sign <= 0)
		refuse(walk, "it must be above zero");
}

static void
check_pattern(SchemaWalk *walk, const JsonbValue *value)
{
	if (value->type != jbvString)
		refuse(walk, "it must be a string");
	/* Raises 2201B for what is no regular expression. */
	(void) RE_compile_and_cache(tsm_schema_pattern(value), TSM_SCHEMA_PATTERN_FLAGS, C_COLLATION_OID);
}

/* Note a reference; it has to lead to a schema. */
static void
check_reference(SchemaWalk *walk, const JsonbValue *value)
{
	Reference  *reference;
	JsonbValue	target;
	ListCell   *cell;

	if (value->type != jbvString || !tsm_schema_resolve(walk->root, value, &target))
		refuse(walk, "it leads to no schema: it must be \"#\" or \"#/$defs/\" and a name that is defined");
	foreach(cell, walk->references)
	{
		if (tsm_json_same(&((Reference *) lfirst(cell))->text, value))
			return;
	}
	reference = palloc(sizeof(Reference));
	reference->text = *value;
	reference->state = REFERENCE_NEW;
	walk->references = lappend(walk->references, reference);
}

/* A schema below this one, at a token. */
static void
check_below(SchemaWalk *walk, const JsonbValue *name, int index, JsonbValue *schema)
{
	int			length = walk->pointer.len;

	if (name != NULL)
		tsm_pointer_add(&walk->pointer, name->val.string.val, name->val.string.len);
	else
		tsm_pointer_add_number(&walk->pointer, index);
	check_schema(walk, schema);
	walk->pointer.data[walk->pointer.len = length] = '\0';
}

/* An array of schemas, not empty, or an object of them. */
static void
check_schemas(SchemaWalk *walk, const JsonbValue *value, bool by_name)
{
	JsonbValue *names;
	JsonbValue *schemas;
	int			count;
	int			i;

	if (by_name ? !tsm_json_is_object(value) : !tsm_json_is_array(value))
		refuse(walk, by_name ? "it must be an object of schemas" : "it must be an array of schemas");
	count = tsm_json_contents(value, &names, &schemas);
	if (!by_name && count == 0)
		refuse(walk, "it must not be empty");
	for (i = 0; i < count; i++)
		check_below(walk, by_name ? &names[i] : NULL, i, &schemas[i]);
}

static void
check_keyword(SchemaWalk *walk, TsmSchemaKeyword keyword, JsonbValue *value, bool at_root)
{
	switch (keyword)
	{
		case TSM_SCHEMA_TYPE:
			check_type(walk, value);
			break;
		case TSM_SCHEMA_ENUM:
			if (!tsm_json_is_array(value))
				refuse(walk, "it must be an array");
			break;
		case TSM_SCHEMA_MINIMUM:
		case TSM_SCHEMA_MAXIMUM:
		case TSM_SCHEMA_EXCLUSIVE_MINIMUM:
		case TSM_SCHEMA_EXCLUSIVE_MAXIMUM:
			check_number(walk, value, false, false);
			break;
		case TSM_SCHEMA_MULTIPLE_OF:
			check_number(walk, value, false, true);
			break;
		case TSM_SCHEMA_MIN_LENGTH:
		case TSM_SCHEMA_MAX_LENGTH:
		case TSM_SCHEMA_MIN_ITEMS:
		case TSM_SCHEMA_MAX_ITEMS:
		case TSM_SCHEMA_MIN_PROPERTIES:
		case TSM_SCHEMA_MAX_PROPERTIES:
			check_number(walk, value, true, false);
			break;
		case TSM_SCHEMA_PATTERN:
			check_pattern(walk, value);
			break;
		case TSM_SCHEMA_UNIQUE_ITEMS:
			if (value->type != jbvBool)
				refuse(walk, "it must be true or false");
			break;
		case TSM_SCHEMA_REQUIRED:
			check_strings(walk, value);
			break;
		case TSM_SCHEMA_ITEMS:
		case TSM_SCHEMA_ADDITIONAL_PROPERTIES:
		case TSM_SCHEMA_NOT:
			check_schema(walk, value);
			break;
		case TSM_SCHEMA_PROPERTIES:
		case TSM_SCHEMA_DEFINITIONS:
			check_schemas(walk, value, true);
			break;
		case TSM_SCHEMA_ALL_OF:
		case TSM_SCHEMA_ANY_OF:
		case TSM_SCHEMA_ONE_OF:
			check_schemas(walk, value, false);
			break;
		case TSM_SCHEMA_REF:
			check_reference(walk, value);
			break;
		case TSM_SCHEMA_IDENTITY:
			if (!at_root)
				refuse(walk, "it can be at the root only");
			break;
		case TSM_SCHEMA_UNKNOWN:
			refuse(walk, "the keyword is not supported");
			break;
		default:
			break;				/* a constant, an annotation: anything */
	}
}

static void
check_schema(SchemaWalk *walk, JsonbValue *schema)
{
	JsonbValue *names;
	JsonbValue *values;
	bool		at_root = walk->pointer.len == 0;
	int			count;
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (schema->type == jbvBool)
		return;
	if (!tsm_json_is_object(schema))
		refuse(walk, "a schema must be an object, true or false");
	count = tsm_json_contents(schema, &names, &values);
	for (i = 0; i < count; i++)
	{
		int			length = walk->pointer.len;

		tsm_pointer_add(&walk->pointer, names[i].val.string.val, names[i].val.string.len);
		check_keyword(walk, tsm_schema_keyword(&names[i]), &values[i], at_root);
		walk->pointer.data[walk->pointer.len = length] = '\0';
	}
}

static int
hexadecimal(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
		return (digit | 0x20) - 'a' + 10;
	return -1;
}

/* The fragment of a reference without its "#", percent-decoded and palloc'd; NULL for another reference. */
static char *
fragment_of(const JsonbValue *reference, int *length)
{
	const char *from = reference->val.string.val;
	const char *end = from + reference->val.string.len;
	char	   *fragment = palloc(reference->val.string.len + 1);
	int			n = 0;

	if (from == end || *from++ != '#')
		return NULL;
	for (; from < end; from++)
	{
		if (*from != '%')
		{
			fragment[n++] = *from;
			continue;
		}
		if (end - from < 3 || hexadecimal(from[1]) < 0 || hexadecimal(from[2]) < 0)
			return NULL;
		fragment[n++] = (char) (hexadecimal(from[1]) * 16 + hexadecimal(from[2]));
		from += 2;
	}
	*length = n;
	return fragment;
}

bool
tsm_schema_resolve(Jsonb *root, const JsonbValue *reference, JsonbValue *target)
{
	int			length;
	char	   *fragment = fragment_of(reference, &length);
	const char *at = fragment;
	const char *end;
	bool		malformed = false;
	char	   *token;
	int			token_length;
	int			depth = 0;

	if (fragment == NULL)
		return false;
	end = fragment + length;
	tsm_json_root(root, target);
	while ((token = tsm_pointer_next(&at, end, &token_length, &malformed)) != NULL)
	{
		if (depth++ == 0 && strcmp(token, "$defs") != 0 && strcmp(token, "definitions") != 0)
			return false;
		if (!tsm_json_is_object(target) ||
			getKeyJsonValueFromContainer(target->val.binary.data, token, token_length, target) == NULL)
			return false;
	}
	return !malformed && (depth == 0 || depth == 2);
}

static void follow(SchemaWalk *walk, Reference *reference);

/* Follow the references that a schema applies to the same value. */
static void
follow_within(SchemaWalk *walk, JsonbValue *schema)
{
	JsonbValue *names;
	JsonbValue *values;
	ListCell   *cell;
	int			count;
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!tsm_json_is_object(schema) && !tsm_json_is_array(schema))
		return;
	count = tsm_json_contents(schema, &names, &values);
	for (i = 0; i < count; i++)
	{
		switch (names == NULL ? TSM_SCHEMA_NOT : tsm_schema_keyword(&names[i]))
		{
			case TSM_SCHEMA_NOT:
			case TSM_SCHEMA_ALL_OF:
			case TSM_SCHEMA_ANY_OF:
			case TSM_SCHEMA_ONE_OF:
				follow_within(walk, &values[i]);
				break;
			case TSM_SCHEMA_REF:
				foreach(cell, walk->references)
				{
					if (tsm_json_same(&((Reference *) lfirst(cell))->text, &values[i]))
						follow(walk, lfirst(cell));
				}
				break;
			default:
				break;
		}
	}
}

static void
follow(SchemaWalk *walk, Reference *reference)
{
	JsonbValue	target;

	if (reference->state == REFERENCE_DONE)
		return;
	if (reference->state == REFERENCE_OPEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON schema cannot be used"),
				 errdetail("The reference \"%s\" leads to itself.",
						   pnstrdup(reference->text.val.string.val, reference->text.val.string.len))));
	reference->state = REFERENCE_OPEN;
	(void) tsm_schema_resolve(walk->root, &reference->text, &target);
	follow_within(walk, &target);
	reference->state = REFERENCE_DONE;
}

void
tsm_schema_check(Jsonb *schema)
{
	SchemaWalk	walk = {schema, {0}, NIL};
	JsonbValue	root;
	ListCell   *cell;

	initStringInfo(&walk.pointer);
	tsm_json_root(schema, &root);
	check_schema(&walk, &root);
	foreach(cell, walk.references)
		follow(&walk, lfirst(cell));
}
