/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_patch.c
 *	  json_patch_apply: JSON patches (RFC 6902), all six operations.
 *
 * The document becomes a tree whose containers are opened where a pointer
 * goes through them; what stays closed is copied as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tsm_temporal_document.h"

PG_FUNCTION_INFO_V1(tsm_temporal_json_patch_apply);

/* What all copy operations of a patch together may add, in bytes: they can double a document each. */
#define MAX_COPIED		((int64) 256 * 1024 * 1024)

typedef struct PatchNode PatchNode;

typedef struct Member
{
	JsonbValue	name;			/* jbvString; unused in arrays */
	PatchNode	   *node;
} Member;

struct PatchNode
{
	JsonbValue	value;			/* a scalar, or a closed container */
	bool		open;			/* a container, opened: */
	bool		object;
	int			count;
	int			room;
	Member	   *members;		/* of an object, in the order of jsonb; or elements */
};

/* One operation, and where it stands in the patch (from 1 on), for messages. */
typedef struct Operation
{
	int			number;
	char	   *name;
	const char *path;
	int			path_length;
	const char *from;			/* NULL without */
	int			from_length;
	JsonbValue *value;			/* NULL without */
} Operation;

/* A place that a pointer names: within a container, or the root (parent NULL). */
typedef struct Place
{
	PatchNode	   *parent;
	int			index;			/* of the member, or where it would be */
	bool		found;
	JsonbValue	name;			/* in an object */
} Place;

pg_noreturn static void
malformed(const Operation *operation, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("operation %d of a JSON patch is malformed", operation->number),
			 errdetail("%s", what)));
}

pg_noreturn static void
not_found(const Operation *operation, const char *pointer, int length)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
			 errmsg("operation %d of a JSON patch cannot be applied", operation->number),
			 errdetail("There is no \"%s\" in the document.", pnstrdup(pointer, length))));
}

static PatchNode *
node_of(const JsonbValue *value)
{
	PatchNode	   *node = palloc0(sizeof(PatchNode));

	node->value = *value;
	return node;
}

/* Open a container; false for a scalar. */
static bool
open_node(PatchNode *node)
{
	JsonbValue *names;
	JsonbValue *values;
	int			i;

	if (node->open)
		return true;
	if (node->value.type != jbvBinary)
		return false;
	node->object = tsm_json_is_object(&node->value);
	node->count = tsm_json_contents(&node->value, &names, &values);
	node->room = node->count + 8;
	node->members = palloc0(sizeof(Member) * node->room);
	for (i = 0; i < node->count; i++)
	{
		if (node->object)
			node->members[i].name = names[i];
		node->members[i].node = node_of(&values[i]);
	}
	node->open = true;
	return true;
}

/* Where a name is in an object, or would be. */
static int
search_name(const PatchNode *object, const JsonbValue *name, bool *found)
{
	int			low = 0;
	int			high = object->count;

	*found = false;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const JsonbValue *other = &object->members[middle].name;
		int			order = other->val.string.len != name->val.string.len ?
			(other->val.string.len < name->val.string.len ? -1 : 1) :
			memcmp(other->val.string.val, name->val.string.val, name->val.string.len);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* An index of an array: digits without leading zeros, or "-" for its end; -1 for something else. */
static int
array_index(const PatchNode *array, const char *token, int length)
{
	int64		index = 0;
	int			i;

	if (length == 1 && token[0] == '-')
		return array->count;
	if (length == 0 || length > 10 || (token[0] == '0' && length > 1))
		return -1;
	for (i = 0; i < length; i++)
	{
		if (token[i] < '0' || token[i] > '9')
			return -1;
		index = index * 10 + (token[i] - '0');
	}
	return index <= array->count ? (int) index : -1;
}

/* The place that a pointer names; false when what would hold it is not there. */
static bool
find_place(const Operation *operation, PatchNode *root, const char *pointer, int length, Place *place)
{
	const char *at = pointer;
	const char *end = pointer + length;
	bool		bad = false;
	int			token_length;
	char	   *token = tsm_pointer_next(&at, end, &token_length, &bad);
	PatchNode	   *node = root;

	place->parent = NULL;
	place->found = root != NULL;
	while (token != NULL)
	{
		if (node == NULL || !open_node(node))
			return false;
		place->parent = node;
		place->name.type = jbvString;
		place->name.val.string.val = token;
		place->name.val.string.len = token_length;
		if (node->object)
			place->index = search_name(node, &place->name, &place->found);
		else
		{
			place->index = array_index(node, token, token_length);
			if (place->index < 0)
				return false;
			place->found = place->index < node->count;
		}
		node = place->found ? node->members[place->index].node : NULL;
		token = tsm_pointer_next(&at, end, &token_length, &bad);
	}
	if (bad)
		malformed(operation, "It has a pointer that is none (RFC 6901).");
	return true;
}

/* The node at a pointer; an error when there is none. */
static PatchNode *
get(const Operation *operation, PatchNode *root, const char *pointer, int length)
{
	Place		place;

	if (!find_place(operation, root, pointer, length, &place) || !place.found)
		not_found(operation, pointer, length);
	return place.parent == NULL ? root : place.parent->members[place.index].node;
}

static void
insert_member(PatchNode *container, int index, const JsonbValue *name, PatchNode *node)
{
	if (container->count == container->room)
	{
		container->room *= 2;
		container->members = repalloc(container->members, sizeof(Member) * container->room);
	}
	memmove(&container->members[index + 1], &container->members[index],
			sizeof(Member) * (container->count - index));
	container->members[index].name = *name;
	container->members[index].node = node;
	container->count++;
}

static void
add(const Operation *operation, PatchNode **root, PatchNode *node)
{
	Place		place;

	if (!find_place(operation, *root, operation->path, operation->path_length, &place))
		not_found(operation, operation->path, operation->path_length);
	if (place.parent == NULL)
		*root = node;
	else if (place.parent->object && place.found)
		place.parent->members[place.index].node = node;
	else
		insert_member(place.parent, place.index, &place.name, node);
}

/* Take a node out. */
static PatchNode *
cut(const Operation *operation, PatchNode **root, const char *pointer, int length)
{
	Place		place;
	PatchNode	   *node;

	if (!find_place(operation, *root, pointer, length, &place) || !place.found)
		not_found(operation, pointer, length);
	if (place.parent == NULL)
	{
		node = *root;
		*root = NULL;
		return node;
	}
	node = place.parent->members[place.index].node;
	place.parent->count--;
	memmove(&place.parent->members[place.index], &place.parent->members[place.index + 1],
			sizeof(Member) * (place.parent->count - place.index));
	return node;
}

static void
replace(const Operation *operation, PatchNode **root, PatchNode *node)
{
	Place		place;

	if (!find_place(operation, *root, operation->path, operation->path_length, &place) ||
		!place.found)
		not_found(operation, operation->path, operation->path_length);
	if (place.parent == NULL)
		*root = node;
	else
		place.parent->members[place.index].node = node;
}

/* Bytes of a node itself, with the container or string that it stands for. */
static int64
node_size(const PatchNode *node)
{
	int64		size = sizeof(PatchNode) + sizeof(Member);

	if (!node->open && node->value.type == jbvBinary)
		size += node->value.val.binary.len;
	else if (!node->open && node->value.type == jbvString)
		size += node->value.val.string.len;
	return size;
}

/* A copy that later operations do not change with its original; 54000 when copied, bytes of all copies, gets too much. */
static PatchNode *
copy_node(const PatchNode *node, int64 *copied)
{
	PatchNode	   *copy = node_of(&node->value);
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	*copied += node_size(node);
	if (*copied > MAX_COPIED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("operations of a JSON patch copy more than %d MB", (int) (MAX_COPIED >> 20))));
	if (!node->open)
		return copy;
	*copy = *node;
	copy->room = node->count + 8;
	copy->members = palloc0(sizeof(Member) * copy->room);
	for (i = 0; i < node->count; i++)
	{
		copy->members[i].name = node->members[i].name;
		copy->members[i].node = copy_node(node->members[i].node, copied);
	}
	return copy;
}

static JsonbValue *
push_node(JsonbParseState **state, JsonbIteratorToken token, PatchNode *node)
{
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!node->open)
		return pushJsonbValue(state, token, &node->value);
	pushJsonbValue(state, node->object ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < node->count; i++)
	{
		if (node->object)
			pushJsonbValue(state, WJB_KEY, &node->members[i].name);
		(void) push_node(state, node->object ? WJB_VALUE : WJB_ELEM, node->members[i].node);
	}
	return pushJsonbValue(state, node->object ? WJB_END_OBJECT : WJB_END_ARRAY, NULL);
}

static Jsonb *
json_of_node(PatchNode *node)
{
	JsonbParseState *state = NULL;

	if (!node->open)
		return JsonbValueToJsonb(&node->value);
	return JsonbValueToJsonb(push_node(&state, WJB_VALUE, node));
}

/* Refuse (22000) a value that is not the one expected; numbers are compared as such. What it makes of them goes at once. */
static void
test(const Operation *operation, PatchNode *node)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem JSON patch test",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int			order = compareJsonbContainers(&json_of_node(node)->root,
											   &JsonbValueToJsonb(operation->value)->root);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	if (order != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("operation %d of a JSON patch found another value", operation->number),
				 errdetail("The value at \"%s\" is not the one that it tests for.",
						   pnstrdup(operation->path, operation->path_length))));
}

static void
move(const Operation *operation, PatchNode **root)
{
	if (operation->path_length > operation->from_length &&
		memcmp(operation->path, operation->from, operation->from_length) == 0 &&
		operation->path[operation->from_length] == '/')
		malformed(operation, "It moves a value into itself.");
	(void) get(operation, *root, operation->from, operation->from_length);
	add(operation, root, cut(operation, root, operation->from, operation->from_length));
}

static void
apply(const Operation *operation, PatchNode **root, int64 *copied)
{
	const char *name = operation->name;
	bool		from = strcmp(name, "move") == 0 || strcmp(name, "copy") == 0;
	bool		value = strcmp(name, "add") == 0 || strcmp(name, "replace") == 0 || strcmp(name, "test") == 0;

	if (from && operation->from == NULL)
		malformed(operation, "It lacks a string \"from\".");
	if (value && operation->value == NULL)
		malformed(operation, "It lacks a \"value\".");
	if (strcmp(name, "add") == 0)
		add(operation, root, node_of(operation->value));
	else if (strcmp(name, "remove") == 0)
		(void) cut(operation, root, operation->path, operation->path_length);
	else if (strcmp(name, "replace") == 0)
		replace(operation, root, node_of(operation->value));
	else if (strcmp(name, "move") == 0)
		move(operation, root);
	else if (strcmp(name, "copy") == 0)
		add(operation, root,
			copy_node(get(operation, *root, operation->from, operation->from_length), copied));
	else if (strcmp(name, "test") == 0)
		test(operation, get(operation, *root, operation->path, operation->path_length));
	else
		malformed(operation, "\"op\" is none of add, remove, replace, move, copy and test.");
}

/* A string member of an operation; NULL without. */
static const char *
string_member(JsonbContainer *object, const char *name, int *length)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, name, strlen(name), &value) == NULL ||
		value.type != jbvString)
		return NULL;
	*length = value.val.string.len;
	return value.val.string.val;
}

static void
read_operation(const JsonbValue *value, Operation *operation)
{
	JsonbContainer *object;
	const char *name;
	int			length;

	if (!tsm_json_is_object(value))
		malformed(operation, "It is no object.");
	object = value->val.binary.data;
	name = string_member(object, "op", &length);
	if (name == NULL)
		malformed(operation, "It lacks a string \"op\".");
	operation->name = pnstrdup(name, length);
	operation->path = string_member(object, "path", &operation->path_length);
	if (operation->path == NULL)
		malformed(operation, "It lacks a string \"path\".");
	operation->from = string_member(object, "from", &operation->from_length);
	operation->value = getKeyJsonValueFromContainer(object, "value", 5, NULL);
}

/*
 * json_patch_apply(document jsonb, patch jsonb) → jsonb
 *
 * The document with all operations of the patch applied in their order; null
 * when the whole document was removed. 22023 for a malformed patch, 2203A for
 * an operation on what is not there, 22000 for a test that fails, 54000 for
 * copies beyond measure.
 */
Datum
tsm_temporal_json_patch_apply(PG_FUNCTION_ARGS)
{
	Jsonb	   *patch = PG_GETARG_JSONB_P(1);
	JsonbValue	value;
	JsonbValue *none;
	JsonbValue *operations;
	PatchNode	   *root;
	int64		copied = 0;
	int			count;
	int			i;

	tsm_json_root(PG_GETARG_JSONB_P(0), &value);
	root = node_of(&value);
	tsm_json_root(patch, &value);
	if (!tsm_json_is_array(&value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON patch must be an array of operations")));
	count = tsm_json_contents(&value, &none, &operations);
	for (i = 0; i < count; i++)
	{
		Operation	operation = {i + 1};

		CHECK_FOR_INTERRUPTS();
		read_operation(&operations[i], &operation);
		apply(&operation, &root, &copied);
	}
	if (root == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(json_of_node(root));
}
