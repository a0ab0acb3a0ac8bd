/*-------------------------------------------------------------------------
 *
 * tsm_delta_fold_options.c
 *	  How a history is folded: the options of its store, with their defaults.
 *
 * The options are validated when they are set. What is out of range anyway
 * (somebody may have written the registry) counts as not set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "tsm_delta_fold.h"

/* The value of an option, or NULL where it is not set. */
static JsonbValue *
option(Jsonb *options, const char *name)
{
	JsonbValue *value;

	if (options == NULL || !JB_ROOT_IS_OBJECT(options))
		return NULL;
	value = getKeyJsonValueFromContainer(&options->root, name, strlen(name), NULL);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

static int
int_option(Jsonb *options, const char *name, int least, int greatest, int preset)
{
	JsonbValue *value = option(options, name);
	bool		out_of_range = false;
	int			number;

	if (value == NULL || value->type != jbvNumeric)
		return preset;
	number = numeric_int4_opt_error(value->val.numeric, &out_of_range);
	return out_of_range || number < least || number > greatest ? preset : number;
}

/* Names in an array, as a list of C strings. */
static List *
names_option(Jsonb *options, const char *name)
{
	JsonbValue *value = option(options, name);
	List	   *names = NIL;
	int			count;
	int			i;

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return NIL;
	count = JsonContainerSize(value->val.binary.data);
	for (i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(value->val.binary.data, i);

		if (element->type == jbvString)
			names = lappend(names, pnstrdup(element->val.string.val, element->val.string.len));
	}
	return names;
}

void
tsm_fold_options(const TsmSegmentStore *store, TsmFoldOptions *options)
{
	Jsonb	   *given = store->options;
	JsonbValue *value;

	options->frame_rows = int_option(given, "frame_rows", 1, TSM_CODEC_MAX_FRAME_ROWS, 0);
	options->level = int_option(given, "level", 0, TSM_CODEC_MAX_LEVEL, -1);
	options->block_size = int_option(given, "block_size", TSM_FOLD_MIN_BLOCK_SIZE,
									 TSM_CODEC_MAX_BLOCK, TSM_SEGMENT_BLOCK_SIZE);
	/* One that was meant to stay in its page does. */
	if (options->block_size > TSM_SEGMENT_BLOCK_SIZE && options->block_size <= TSM_FOLD_PAGE_SIZE)
		options->block_size = TSM_SEGMENT_BLOCK_SIZE;
	options->zones = names_option(given, "zones");
	options->fold_when = int_option(given, "fold_when", 0, PG_INT32_MAX, -1);
	value = option(given, "fold_after");
	options->fold_after = value == NULL || value->type != jbvString ? NULL :
		pnstrdup(value->val.string.val, value->val.string.len);
	value = option(given, "worker");
	options->worker = value != NULL && value->type == jbvBool && value->val.boolean;
}
