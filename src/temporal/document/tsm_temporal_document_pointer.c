/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_pointer.c
 *	  JSON pointers (RFC 6901), and values of jsonb taken apart.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "tsm_temporal_document.h"

void
tsm_pointer_add(StringInfo pointer, const char *token, int length)
{
	int			i;

	appendStringInfoChar(pointer, '/');
	for (i = 0; i < length; i++)
	{
		if (token[i] == '~')
			appendStringInfoString(pointer, "~0");
		else if (token[i] == '/')
			appendStringInfoString(pointer, "~1");
		else
			appendStringInfoChar(pointer, token[i]);
	}
}

void
tsm_pointer_add_number(StringInfo pointer, int number)
{
	appendStringInfo(pointer, "/%d", number);
}

char *
tsm_pointer_next(const char **place, const char *end, int *length, bool *malformed)
{
	const char *p = *place;
	const char *slash;
	char	   *token;
	int			n = 0;

	if (p == end)
		return NULL;
	if (*p != '/')
	{
		*malformed = true;
		return NULL;
	}
	slash = memchr(p + 1, '/', end - p - 1);
	token = palloc((slash != NULL ? slash : end) - p);
	for (p++; p < end && *p != '/'; p++)
	{
		if (*p != '~')
			token[n++] = *p;
		else if (p + 1 < end && (p[1] == '0' || p[1] == '1'))
			token[n++] = *++p == '0' ? '~' : '/';
		else
		{
			*malformed = true;
			return NULL;
		}
	}
	token[n] = '\0';
	*length = n;
	*place = p;
	return token;
}

void
tsm_json_root(Jsonb *json, JsonbValue *value)
{
	if (JB_ROOT_IS_SCALAR(json))
	{
		(void) JsonbExtractScalar(&json->root, value);
		return;
	}
	value->type = jbvBinary;
	value->val.binary.data = &json->root;
	value->val.binary.len = VARSIZE(json) - VARHDRSZ;
}

Jsonb *
tsm_json_of_value(JsonbValue *value)
{
	return JsonbValueToJsonb(value);
}

bool
tsm_json_is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

bool
tsm_json_is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

bool
tsm_json_same(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case jbvNull:
			return true;
		case jbvBool:
			return a->val.boolean == b->val.boolean;
		case jbvString:
			return a->val.string.len == b->val.string.len &&
				memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0;
		case jbvNumeric:
			return VARSIZE_ANY(a->val.numeric) == VARSIZE_ANY(b->val.numeric) &&
				memcmp(a->val.numeric, b->val.numeric, VARSIZE_ANY(a->val.numeric)) == 0;
		case jbvBinary:
			return a->val.binary.len == b->val.binary.len &&
				memcmp(a->val.binary.data, b->val.binary.data, a->val.binary.len) == 0;
		default:
			elog(ERROR, "unexpected type of a JSON value: %d", (int) a->type);
			return false;		/* keep compiler quiet */
	}
}

bool
tsm_json_equal(JsonbValue *a, JsonbValue *b)
{
	if (tsm_json_same(a, b))
		return true;
	if (a->type != b->type || (a->type != jbvNumeric && a->type != jbvBinary))
		return false;
	return compareJsonbContainers(&JsonbValueToJsonb(a)->root, &JsonbValueToJsonb(b)->root) == 0;
}

int
tsm_json_contents(const JsonbValue *container, JsonbValue **names, JsonbValue **values)
{
	JsonbContainer *data = container->val.binary.data;
	int			expected = JsonContainerSize(data);
	bool		object = JsonContainerIsObject(data);
	JsonbIterator *iterator = JsonbIteratorInit(data);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			count = 0;

	*names = object ? palloc(sizeof(JsonbValue) * (expected + 1)) : NULL;
	*values = palloc(sizeof(JsonbValue) * (expected + 1));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			(*names)[count] = value;
		else if (token == WJB_VALUE || token == WJB_ELEM)
			(*values)[count++] = value;
	}
	Assert(count == expected);
	return count;
}
