/*-------------------------------------------------------------------------
 *
 * tsm_memory_sql.c
 *	  The cursor's text form, and SQL-callable wrappers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <inttypes.h>
#include <ctype.h>
#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "tsm_memory_int.h"

PG_FUNCTION_INFO_V1(tsm_memory_compile_filter);

char *
tsm_recall_cursor_print(const TsmRecallCursor *cursor)
{
	uint64		score;

	memcpy(&score, &cursor->score, sizeof(score));
	return psprintf("r1.%08x.%x.%" PRIx64 ".%" PRIx64 ".%016" PRIx64 ".%s.%s",
					cursor->arguments, (uint32) cursor->candidates, (uint64) cursor->reference,
					(uint64) cursor->position, score,
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&cursor->memory_id))),
					cursor->namespace_name);
}

/* The hexadecimal number up to the next dot, which *text goes past; *ok becomes false when there is none. */
static uint64
parse_hex(const char **text, bool *ok)
{
	char	   *end;
	uint64		value;

	if (!isxdigit((unsigned char) **text))
	{
		*ok = false;
		return 0;
	}
	errno = 0;
	value = strtou64(*text, &end, 16);
	if (errno != 0 || *end != '.')
	{
		*ok = false;
		return 0;
	}
	*text = end + 1;
	return value;
}

#define UUID_LENGTH 36

/* Whether a text begins with a uuid as uuid_out writes it, and a dot. */
static bool
is_uuid(const char *text)
{
	static const char *const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	int			i;

	for (i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char) text[i]))
			return false;
	}
	return text[i] == '.';
}

bool
tsm_recall_cursor_parse(const char *text, TsmRecallCursor *cursor)
{
	bool		ok = strncmp(text, "r1.", 3) == 0;
	uint64		arguments;
	uint64		candidates;
	uint64		score;

	if (!ok)
		return false;
	text += 3;
	arguments = parse_hex(&text, &ok);
	candidates = parse_hex(&text, &ok);
	cursor->reference = (TimestampTz) parse_hex(&text, &ok);
	cursor->position = (int64) parse_hex(&text, &ok);
	score = parse_hex(&text, &ok);
	if (!ok || !is_uuid(text) || arguments > PG_UINT32_MAX || candidates < 1 ||
		candidates > TSM_RECALL_MAX_CANDIDATES || cursor->position < 1 || cursor->position > PG_INT32_MAX / 2)
		return false;
	cursor->arguments = (uint32) arguments;
	cursor->candidates = (int32) candidates;
	memcpy(&cursor->score, &score, sizeof(score));
	cursor->memory_id = *DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(pnstrdup(text, UUID_LENGTH))));
	cursor->namespace_name = text + UUID_LENGTH + 1;
	return isfinite(cursor->score) && cursor->score >= 0 &&
		(TIMESTAMP_NOT_FINITE(cursor->reference) || IS_VALID_TIMESTAMP(cursor->reference));
}

/* _compile_filter(filter jsonb, parameter int) → (predicate text, operands jsonb[]) */
Datum
tsm_memory_compile_filter(PG_FUNCTION_ARGS)
{
	TsmFilter	filter = tsm_filter_compile(PG_GETARG_JSONB_P(0), PG_GETARG_INT32(1));
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(filter.predicate);
	values[1] = PointerGetDatum(filter.operands);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
