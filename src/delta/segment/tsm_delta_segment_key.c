/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_key.c
 *	  The key of an entity, as a caller gives it: a JSON object of the key
 *	  columns, or the value alone where there is one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/regproc.h"
#include "utils/typcache.h"

#include "tsm_delta_segment.h"

/* The text that the input function of a column gets; NULL for null. */
static char *
text_of_json(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			{
				Jsonb	   *json = JsonbValueToJsonb(unconstify(JsonbValue *, value));

				return JsonbToCString(NULL, &json->root, VARSIZE(json));
			}
	}
}

static void
read_value(const TsmVersionedTable *table, const char *column, const JsonbValue *value,
		   TsmSegmentKey *key)
{
	Oid			type = getBaseType(get_atttype(table->history,
											   get_attnum(table->history, column)));
	char	   *text = text_of_json(value);
	Oid			function;
	Oid			parameter;

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of a key cannot be null", column)));
	getTypeInputInfo(type, &function, &parameter);
	key->types[key->nkeys] = type;
	key->values[key->nkeys++] = OidInputFunctionCall(function, text, parameter, -1);
}

/* 22023 for a member of the object that is no key column. */
static void
refuse_others(const TsmVersionedTable *table, Jsonb *json)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;
		ListCell   *cell;
		bool		known = false;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		foreach(cell, table->key_columns)
			known |= strcmp(name, lfirst(cell)) == 0;
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" is not in the key of table \"%s\"", name,
							get_rel_name(table->rel))));
	}
}

void
tsm_segment_read_key(const TsmVersionedTable *table, Jsonb *json, TsmSegmentKey *key)
{
	JsonbValue	value;
	ListCell   *cell;

	memset(key, 0, sizeof(*key));
	if (table->key_columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no key", get_rel_name(table->rel))));
	if (JB_ROOT_IS_SCALAR(json) && list_length(table->key_columns) == 1)
	{
		(void) JsonbExtractScalar(&json->root, &value);
		read_value(table, linitial(table->key_columns), &value, key);
		return;
	}
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key of table \"%s\" is not a JSON object of its columns",
						get_rel_name(table->rel))));
	refuse_others(table, json);
	foreach(cell, table->key_columns)
	{
		const char *column = lfirst(cell);

		if (getKeyJsonValueFromContainer(&json->root, column, strlen(column), &value) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("key lacks column \"%s\" of table \"%s\"", column,
							get_rel_name(table->rel))));
		read_value(table, column, &value, key);
	}
}

/* The operator of a type for equality, qualified. A key that is hashed has one. */
static char *
equality(Oid type)
{
	Oid			operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	List	   *names;
	List	   *arguments;

	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s has no equality operator", format_type_be(type))));
	format_operator_parts(operator, &names, &arguments, false);
	return psprintf("OPERATOR(%s.%s)", quote_identifier(linitial(names)), (char *) lsecond(names));
}

char *
tsm_segment_key_condition(const TsmVersionedTable *table, const TsmSegmentKey *key)
{
	StringInfoData condition;
	ListCell   *cell;
	int			number = 0;

	initStringInfo(&condition);
	foreach(cell, table->key_columns)
	{
		appendStringInfo(&condition, "%s%s %s $%d", number > 0 ? " AND " : "",
						 quote_identifier(lfirst(cell)), equality(key->types[number]), number + 1);
		number++;
	}
	return condition.data;
}

char *
tsm_segment_key_text(const TsmVersionedTable *table, const TsmSegmentKey *key)
{
	StringInfoData text;
	ListCell   *cell;
	int			number = 0;

	initStringInfo(&text);
	foreach(cell, table->key_columns)
	{
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(key->types[number], &function, &varlena);
		appendStringInfo(&text, "%s%s = %s", number > 0 ? ", " : "", (char *) lfirst(cell),
						 OidOutputFunctionCall(function, key->values[number]));
		number++;
	}
	return text.data;
}
