/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_diff.c
 *	  The difference of two JSON documents as a JSON patch (RFC 6902).
 *
 * Objects are compared member by member, arrays by their longest common
 * subsequence of elements. Elements left out and put in at one place are taken
 * as changes of each other, as far as there are as many of both. The
 * operations of an array go from its front to its back, so an index counts new
 * elements before it and old ones behind. Values are the same when they are
 * written alike: 1 becomes 1.0 by an operation, so that the patch gives the
 * other document to the byte.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "tsm_temporal_document.h"

PG_FUNCTION_INFO_V1(tsm_temporal_json_diff);

typedef struct Differ
{
	TsmJsonEmit emit;
	void	   *arg;
	StringInfoData pointer;		/* where the comparison stands */
} Differ;

static void diff_values(Differ *differ, JsonbValue *a, JsonbValue *b);

/* The order of names in a jsonb. */
static int
compare_names(const JsonbValue *a, const JsonbValue *b)
{
	if (a->val.string.len != b->val.string.len)
		return a->val.string.len < b->val.string.len ? -1 : 1;
	return memcmp(a->val.string.val, b->val.string.val, a->val.string.len);
}

/* Back to where the pointer was. */
static void
shorten(Differ *differ, int length)
{
	differ->pointer.len = length;
	differ->pointer.data[length] = '\0';
}

static void
tell(Differ *differ, const char *operation, JsonbValue *value)
{
	differ->emit(differ->arg, operation, &differ->pointer, value);
}

static void
tell_member(Differ *differ, const JsonbValue *name, const char *operation, JsonbValue *value)
{
	int			length = differ->pointer.len;

	tsm_pointer_add(&differ->pointer, name->val.string.val, name->val.string.len);
	tell(differ, operation, value);
	shorten(differ, length);
}

static void
tell_element(Differ *differ, int index, const char *operation, JsonbValue *value)
{
	int			length = differ->pointer.len;

	tsm_pointer_add_number(&differ->pointer, index);
	tell(differ, operation, value);
	shorten(differ, length);
}

/* Whether two objects that are not empty have no name in common: then one takes the place of the other. */
static bool
nothing_in_common(const JsonbValue *a, int na, const JsonbValue *b, int nb)
{
	int			i = 0;
	int			j = 0;

	while (i < na && j < nb)
	{
		int			order = compare_names(&a[i], &b[j]);

		if (order == 0)
			return false;
		if (order < 0)
			i++;
		else
			j++;
	}
	return na > 0 && nb > 0;
}

static void
diff_objects(Differ *differ, JsonbValue *a, JsonbValue *b)
{
	JsonbValue *names_a;
	JsonbValue *values_a;
	JsonbValue *names_b;
	JsonbValue *values_b;
	int			na = tsm_json_contents(a, &names_a, &values_a);
	int			nb = tsm_json_contents(b, &names_b, &values_b);
	int			i = 0;
	int			j = 0;

	if (nothing_in_common(names_a, na, names_b, nb))
	{
		tell(differ, "replace", b);
		return;
	}
	while (i < na || j < nb)
	{
		int			order = i == na ? 1 : j == nb ? -1 : compare_names(&names_a[i], &names_b[j]);

		if (order < 0)
			tell_member(differ, &names_a[i++], "remove", NULL);
		else if (order > 0)
		{
			tell_member(differ, &names_b[j], "add", &values_b[j]);
			j++;
		}
		else
		{
			int			length = differ->pointer.len;

			tsm_pointer_add(&differ->pointer, names_a[i].val.string.val, names_a[i].val.string.len);
			diff_values(differ, &values_a[i++], &values_b[j++]);
			shorten(differ, length);
		}
	}
	pfree(names_a);
	pfree(values_a);
	pfree(names_b);
	pfree(values_b);
}

/* Elements as items: their bytes, and their type. */
static TsmDiffItem *
items_of(const JsonbValue *values, int count)
{
	TsmDiffItem *items = palloc(sizeof(TsmDiffItem) * (count + 1));
	int			i;

	for (i = 0; i < count; i++)
	{
		const JsonbValue *value = &values[i];
		TsmDiffItem item = {"", 0, (int) value->type};

		if (value->type == jbvBool)
			item.data = value->val.boolean ? "t" : "f", item.length = 1;
		else if (value->type == jbvString)
			item.data = value->val.string.val, item.length = value->val.string.len;
		else if (value->type == jbvNumeric)
			item.data = (const char *) value->val.numeric, item.length = VARSIZE_ANY(value->val.numeric);
		else if (value->type == jbvBinary)
			item.data = (const char *) value->val.binary.data, item.length = value->val.binary.len;
		items[i] = item;
	}
	return items;
}

/* Elements from i to old_end make room for those from j to new_end, at the given index; gives the index behind them. */
static int
diff_run(Differ *differ, JsonbValue *old, int i, int old_end, JsonbValue *new, int j, int new_end,
		 int index)
{
	for (; i < old_end && j < new_end; i++, j++, index++)
	{
		int			length = differ->pointer.len;

		tsm_pointer_add_number(&differ->pointer, index);
		diff_values(differ, &old[i], &new[j]);
		shorten(differ, length);
	}
	for (; i < old_end; i++)
		tell_element(differ, index, "remove", NULL);
	for (; j < new_end; j++)
		tell_element(differ, index++, "add", &new[j]);
	return index;
}

static void
diff_arrays(Differ *differ, JsonbValue *a, JsonbValue *b)
{
	JsonbValue *none;
	JsonbValue *old;
	JsonbValue *new;
	int			na = tsm_json_contents(a, &none, &old);
	int			nb = tsm_json_contents(b, &none, &new);
	TsmDiffItem *old_items;
	TsmDiffItem *new_items;
	bool	   *deleted;
	bool	   *inserted;
	int			index = 0;
	int			i = 0;
	int			j = 0;

	if (na > TSM_DIFF_MAX_ITEMS || nb > TSM_DIFF_MAX_ITEMS)
	{
		tell(differ, "replace", b);
		return;
	}
	old_items = items_of(old, na);
	new_items = items_of(new, nb);
	tsm_document_match(old_items, na, new_items, nb, &deleted, &inserted);
	while (i < na || j < nb)
	{
		int			i0 = i;
		int			j0 = j;

		while (i < na && deleted[i])
			i++;
		while (j < nb && inserted[j])
			j++;
		index = diff_run(differ, old, i0, i, new, j0, j, index);
		while (i < na && j < nb && !deleted[i] && !inserted[j])
			i++, j++, index++;
	}
	pfree(deleted);
	pfree(inserted);
	pfree(old_items);
	pfree(new_items);
	pfree(old);
	pfree(new);
}

static void
diff_values(Differ *differ, JsonbValue *a, JsonbValue *b)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (tsm_json_same(a, b))
		return;
	if (tsm_json_is_object(a) && tsm_json_is_object(b))
		diff_objects(differ, a, b);
	else if (tsm_json_is_array(a) && tsm_json_is_array(b))
		diff_arrays(differ, a, b);
	else
		tell(differ, "replace", b);
}

void
tsm_document_json_diff(Jsonb *a, Jsonb *b, TsmJsonEmit emit, void *arg)
{
	Differ		differ = {emit, arg};
	JsonbValue	old;
	JsonbValue	new;

	initStringInfo(&differ.pointer);
	tsm_json_root(a, &old);
	tsm_json_root(b, &new);
	diff_values(&differ, &old, &new);
	pfree(differ.pointer.data);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text, int length)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = pnstrdup(text, length);	/* kept until the end */
	value.val.string.len = length;
	pushJsonbValue(state, token, &value);
}

/* One operation, as an object of the patch. */
static void
push_operation(void *arg, const char *operation, StringInfo pointer, JsonbValue *value)
{
	JsonbParseState **state = arg;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_text(state, WJB_KEY, "op", 2);
	push_text(state, WJB_VALUE, operation, strlen(operation));
	push_text(state, WJB_KEY, "path", 4);
	push_text(state, WJB_VALUE, pointer->data, pointer->len);
	if (value != NULL)
	{
		push_text(state, WJB_KEY, "value", 5);
		pushJsonbValue(state, WJB_VALUE, value);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
tsm_document_json_patch(Jsonb *a, Jsonb *b)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	tsm_document_json_diff(a, b, push_operation, &state);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/*
 * json_diff(a jsonb, b jsonb) → jsonb
 *
 * A JSON patch that makes b of a; [] when they are the same.
 */
Datum
tsm_temporal_json_diff(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(tsm_document_json_patch(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1)));
}
