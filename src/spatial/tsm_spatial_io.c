/*-------------------------------------------------------------------------
 *
 * tsm_spatial_io.c
 *	  Text and binary form of the box in space and time.
 *
 *		box    = [ "GEOD" ] "STBOX" ( space [ "," time ] | time )
 *		space  = "(" corner "," corner ")" | "(" corner ")"
 *		corner = "(" [ x ] "," [ y ] [ "," [ z ] ] ")"
 *		time   = ( "[" | "(" ) [ t1 ] "," [ t2 ] ( "]" | ")" )
 *
 * A coordinate left out is an axis that the box does not have. A time left out
 * is unbounded; times may be in double quotes. Keywords are in any case, and
 * white space may stand between the parts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "tsm_spatial_int.h"

PG_FUNCTION_INFO_V1(tsm_stbox_in);
PG_FUNCTION_INFO_V1(tsm_stbox_out);
PG_FUNCTION_INFO_V1(tsm_stbox_recv);
PG_FUNCTION_INFO_V1(tsm_stbox_send);

/* The longest text of a timestamp that is looked at. */
#define TIME_TEXT_MAX 127

typedef struct Parser
{
	char	   *text;
	char	   *at;
	Node	   *escontext;
	TsmStBox   *box;
} Parser;

static bool
syntax_error(Parser *parser)
{
	errsave(parser->escontext,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", "stbox", parser->text)));
	return false;
}

/* White space, in every locale and encoding the same. */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_space(Parser *parser)
{
	while (is_space(*parser->at))
		parser->at++;
}

/* Steps over a character, with the white space around it, if it is there. */
static bool
accept(Parser *parser, char c)
{
	skip_space(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	skip_space(parser);
	return true;
}

static bool
accept_word(Parser *parser, const char *word)
{
	skip_space(parser);
	if (pg_strncasecmp(parser->at, word, strlen(word)) != 0)
		return false;
	parser->at += strlen(word);
	return true;
}

/* One corner: its coordinates, and a mask of those that are not left out. False after an error. */
static bool
parse_corner(Parser *parser, double corner[TSM_SPACE_AXES], int *axes)
{
	int			axis;

	*axes = 0;
	if (!accept(parser, '('))
		return syntax_error(parser);
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (*parser->at != ',' && *parser->at != ')')
		{
			corner[axis] = tsm_float8in(parser->at, &parser->at, "stbox", parser->text,
										parser->escontext);
			if (SOFT_ERROR_OCCURRED(parser->escontext))
				return false;
			*axes |= TSM_STBOX_HAS_X << axis;
		}
		if (axis >= TSM_AXIS_Y && accept(parser, ')'))
			return true;
		if (axis == TSM_AXIS_Z || !accept(parser, ','))
			break;
	}
	return syntax_error(parser);
}

static bool
parse_space(Parser *parser)
{
	double		lo[TSM_SPACE_AXES] = {0};
	double		hi[TSM_SPACE_AXES] = {0};
	int			lo_axes;
	int			hi_axes;
	int			axis;

	if (!accept(parser, '(') || !parse_corner(parser, lo, &lo_axes))
		return false;
	memcpy(hi, lo, sizeof(hi));
	hi_axes = lo_axes;
	if (accept(parser, ',') && !parse_corner(parser, hi, &hi_axes))
		return false;
	if (!accept(parser, ')') || hi_axes != lo_axes)
		return syntax_error(parser);
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (lo_axes & (TSM_STBOX_HAS_X << axis))
			tsm_stbox_set_axis(parser->box, axis, lo[axis], hi[axis]);
	}
	return true;
}

/* A timestamp up to one of the two characters, or what stands for its absence. False after an error. */
static bool
parse_time_bound(Parser *parser, const char *ends, TimestampTz absent, TimestampTz *bound)
{
	char		buffer[TIME_TEXT_MAX + 1];
	int			length = 0;
	Datum		datum;

	skip_space(parser);
	if (*parser->at == '"')
	{
		parser->at++;
		ends = "\"";
	}
	while (*parser->at != '\0' && strchr(ends, *parser->at) == NULL)
	{
		if (length == TIME_TEXT_MAX)
			return syntax_error(parser);
		buffer[length++] = *parser->at++;
	}
	/* The character that ends it is left to the caller, but for a quote. */
	if (*parser->at == '\0')
		return syntax_error(parser);
	if (*parser->at == '"')
		parser->at++;
	while (length > 0 && is_space(buffer[length - 1]))
		length--;
	buffer[length] = '\0';
	*bound = absent;
	if (length == 0)
		return true;
	if (!tsm_input_call(timestamptz_in, buffer, -1, parser->escontext, &datum))
		return false;
	*bound = DatumGetTimestampTz(datum);
	return true;
}

static bool
parse_time(Parser *parser)
{
	TimestampTz lower;
	TimestampTz upper;
	bool		lower_included = accept(parser, '[');
	bool		upper_included;
	TsmStBoxFault fault;

	if (!lower_included && !accept(parser, '('))
		return syntax_error(parser);
	if (!parse_time_bound(parser, ",", DT_NOBEGIN, &lower))
		return false;
	if (!accept(parser, ','))
		return syntax_error(parser);
	if (!parse_time_bound(parser, "])", DT_NOEND, &upper))
		return false;
	upper_included = accept(parser, ']');
	if (!upper_included && !accept(parser, ')'))
		return syntax_error(parser);
	fault = tsm_stbox_set_time(parser->box, lower, lower_included, upper, upper_included);
	return tsm_stbox_report(fault, TSM_AXIS_T, parser->escontext);
}

/* Whether space follows: two opening parentheses. One alone opens a time. */
static bool
space_is_next(const Parser *parser)
{
	const char *at = parser->at;

	if (*at++ != '(')
		return false;
	while (is_space(*at))
		at++;
	return *at == '(';
}

static bool
parse_box(Parser *parser)
{
	TsmStBoxFault fault;
	int			axis;

	if (accept_word(parser, "GEODSTBOX"))
		parser->box->flags |= TSM_STBOX_GEODETIC;
	else if (!accept_word(parser, "STBOX"))
		return syntax_error(parser);
	skip_space(parser);
	if (!space_is_next(parser))
	{
		if (!parse_time(parser))
			return false;
	}
	else if (!parse_space(parser) || (accept(parser, ',') && !parse_time(parser)))
		return false;
	if (*parser->at != '\0')
		return syntax_error(parser);
	fault = tsm_stbox_finish(parser->box, &axis);
	return tsm_stbox_report(fault, axis, parser->escontext);
}

Datum
tsm_stbox_in(PG_FUNCTION_ARGS)
{
	Parser		parser;

	parser.text = parser.at = PG_GETARG_CSTRING(0);
	parser.escontext = fcinfo->context;
	parser.box = tsm_stbox_new();
	if (!parse_box(&parser))
		PG_RETURN_NULL();		/* a soft error is on record */
	PG_RETURN_TSM_STBOX(parser.box);
}

static void
append_corner(StringInfo text, const TsmStBox *box, const double corner[TSM_SPACE_AXES])
{
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (axis == TSM_AXIS_Z && (box->flags & TSM_STBOX_HAS_Z) == 0)
			break;
		appendStringInfoChar(text, axis == 0 ? '(' : ',');
		if (box->flags & (TSM_STBOX_HAS_X << axis))
		{
			char	   *number = float8out_internal(corner[axis]);

			appendStringInfoString(text, number);
			pfree(number);
		}
	}
	appendStringInfoChar(text, ')');
}

static void
append_time(StringInfo text, TimestampTz time)
{
	char	   *string = DatumGetCString(DirectFunctionCall1(timestamptz_out,
															 TimestampTzGetDatum(time)));

	appendStringInfoString(text, string);
	pfree(string);
}

Datum
tsm_stbox_out(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, box->flags & TSM_STBOX_GEODETIC ? "GEODSTBOX" : "STBOX");
	if (box->flags & TSM_STBOX_SPACE)
	{
		appendStringInfoChar(&text, '(');
		append_corner(&text, box, box->lo);
		appendStringInfoChar(&text, ',');
		append_corner(&text, box, box->hi);
		appendStringInfoChar(&text, ')');
		if (box->flags & TSM_STBOX_HAS_T)
			appendStringInfoChar(&text, ',');
	}
	if (box->flags & TSM_STBOX_HAS_T)
	{
		bool		included;
		TimestampTz end = tsm_stbox_time_end(box, &included);

		appendStringInfoChar(&text, '[');
		append_time(&text, box->t_lo);
		appendStringInfoChar(&text, ',');
		append_time(&text, end);
		appendStringInfoChar(&text, included ? ']' : ')');
	}
	PG_RETURN_CSTRING(text.data);
}

/*
 * Binary form: version (1 byte), flags (1 byte), then lower and upper bound of
 * each axis that is there: float8 for x, y, z, and int64 microseconds, both
 * included, for time; all in network order.
 */
Datum
tsm_stbox_send(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	StringInfoData message;
	int			axis;

	pq_begintypsend(&message);
	pq_sendbyte(&message, TSM_STBOX_VERSION);
	pq_sendbyte(&message, box->flags);
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (box->flags & (TSM_STBOX_HAS_X << axis))
		{
			pq_sendfloat8(&message, box->lo[axis]);
			pq_sendfloat8(&message, box->hi[axis]);
		}
	}
	if (box->flags & TSM_STBOX_HAS_T)
	{
		pq_sendint64(&message, box->t_lo);
		pq_sendint64(&message, box->t_hi);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
tsm_stbox_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	TsmStBox   *box = tsm_stbox_new();
	int			version = pq_getmsgbyte(message);
	int			flags = pq_getmsgbyte(message);
	int			axis;

	if (version != TSM_STBOX_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported version of the binary form of stbox: %d", version)));
	if (flags & ~(TSM_STBOX_AXES | TSM_STBOX_GEODETIC))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown flags in the binary form of stbox: %d", flags)));
	box->flags = (uint8) flags;
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (flags & (TSM_STBOX_HAS_X << axis))
		{
			box->lo[axis] = pq_getmsgfloat8(message);
			box->hi[axis] = pq_getmsgfloat8(message);
		}
	}
	if (flags & TSM_STBOX_HAS_T)
	{
		box->t_lo = pq_getmsgint64(message);
		box->t_hi = pq_getmsgint64(message);
	}
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}
