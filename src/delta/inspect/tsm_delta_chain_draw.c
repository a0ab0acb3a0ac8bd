/*-------------------------------------------------------------------------
 *
 * tsm_delta_chain_draw.c
 *	  draw_chain: the versions of an entity as a timeline that a person can
 *	  read in psql.
 *
 *	#  from                    place        bytes        time          changed
 *	1  2024-01-01 00:00:00+00  (0,1)/0   52 of 136  [-----)            ...
 *
 * The scale of the bars ends where the last version that is not current
 * does: the time of the call is not in it, so the same versions are drawn alike.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tsm_delta_inspect.h"

#define MIN_WIDTH		60
#define MAX_WIDTH		1000
#define MIN_BAR			12
#define GAP				"  "

/* A current row reaches beyond the scale by one part in so many. */
#define BEYOND			8

typedef struct Pencil
{
	const char *begin;
	const char *line;
	const char *end;
	const char *on;				/* the end of a bar that goes on */
	const char *dot;			/* a bar in one place */
} Pencil;

static const Pencil ascii_pencil = {"[", "-", ")", ">", "|"};

/* In UTF-8: box drawings and an arrow. */
static const Pencil box_pencil = {
	"\xe2\x94\x9c", "\xe2\x94\x80", "\xe2\x94\xa4", "\xe2\x86\x92", "\xe2\x94\x82"
};

/* A line, as text. */
typedef struct DrawnLine
{
	TimestampTz start;
	TimestampTz end;
	char	   *from;
	char	   *place;
	char	   *bytes;
	char	   *changed;
} DrawnLine;

typedef struct Drawing
{
	MemoryContext context;
	DrawnLine  *lines;
	int64		count;
	int64		room;
	int64		at[TSM_CHAIN_SEGMENT + 1];	/* versions a place */
	int64		bytes_raw;
	int64		bytes_stored;
	int			from_width;
	int			place_width;
	int			bytes_width;
	int			bar_width;
	int			changed_width;
	TimestampTz first;			/* bounds of the scale */
	TimestampTz last;
	const Pencil *pencil;
} Drawing;

/* To the second; the whole time is in chain. */
static char *
time_text(TimestampTz time)
{
	if (!TIMESTAMP_NOT_FINITE(time))
		time -= ((time % USECS_PER_SEC) + USECS_PER_SEC) % USECS_PER_SEC;
	return DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(time)));
}

static char *
place_text(const TsmChainLine *line)
{
	if (line->place != TSM_CHAIN_SEGMENT)
		return pstrdup(tsm_inspect_place_name(line->place));
	return psprintf("(%u,%u)/%d", ItemPointerGetBlockNumberNoCheck(&line->segment),
					ItemPointerGetOffsetNumberNoCheck(&line->segment), line->frame);
}

static char *
changed_text(const TsmChainLine *line)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, line->changed)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", (char *) lfirst(cell));
	return text.data;
}

static int
display_width(const char *text)
{
	return pg_mbstrlen(text);
}

/* A TsmChainReceiver. */
static void
add_line(const TsmChainLine *line, void *arg)
{
	Drawing    *drawing = arg;
	MemoryContext old = MemoryContextSwitchTo(drawing->context);
	DrawnLine  *drawn;

	if (drawing->count == drawing->room)
	{
		drawing->room *= 2;
		drawing->lines = repalloc_huge(drawing->lines, drawing->room * sizeof(DrawnLine));
	}
	drawn = &drawing->lines[drawing->count++];
	drawn->start = line->start;
	drawn->end = line->end;
	drawn->from = time_text(line->start);
	drawn->place = place_text(line);
	drawn->bytes = psprintf(INT64_FORMAT " of " INT64_FORMAT, line->bytes_stored, line->bytes_raw);
	drawn->changed = changed_text(line);
	drawing->at[line->place]++;
	drawing->bytes_raw += line->bytes_raw;
	drawing->bytes_stored += line->bytes_stored;
	drawing->from_width = Max(drawing->from_width, display_width(drawn->from));
	drawing->place_width = Max(drawing->place_width, display_width(drawn->place));
	drawing->bytes_width = Max(drawing->bytes_width, display_width(drawn->bytes));
	MemoryContextSwitchTo(old);
}

/* From the first start to the last finite bound. Infinite starts are of no help. */
static void
find_scale(Drawing *drawing)
{
	int64		i;

	drawing->first = DT_NOEND;
	drawing->last = DT_NOBEGIN;
	for (i = 0; i < drawing->count; i++)
	{
		const DrawnLine *line = &drawing->lines[i];

		if (!TIMESTAMP_NOT_FINITE(line->start))
		{
			drawing->first = Min(drawing->first, line->start);
			drawing->last = Max(drawing->last, line->start);
		}
		if (!TIMESTAMP_NOT_FINITE(line->end))
		{
			drawing->first = Min(drawing->first, line->end);
			drawing->last = Max(drawing->last, line->end);
		}
	}
}

/* Where a time is in a bar, 0 to its width less one. */
static int
place_of(const Drawing *drawing, TimestampTz time)
{
	int			cells = drawing->bar_width - (drawing->at[TSM_CHAIN_CURRENT] > 0 ? drawing->bar_width / BEYOND : 0);
	double		span = (double) drawing->last - (double) drawing->first;
	double		part = ((double) time - (double) drawing->first) / Max(span, 1.0);

	if (TIMESTAMP_IS_NOEND(time))
		return drawing->bar_width - 1;
	if (TIMESTAMP_IS_NOBEGIN(time) || part <= 0)
		return 0;
	return (int) (Min(part, 1.0) * (cells - 1) + 0.5);
}

static void
append_repeated(StringInfo text, const char *what, int times)
{
	while (times-- > 0)
		appendStringInfoString(text, what);
}

static void
append_bar(StringInfo text, const Drawing *drawing, const DrawnLine *line)
{
	int			from = place_of(drawing, line->start);
	int			to = place_of(drawing, line->end);
	const char *end = TIMESTAMP_IS_NOEND(line->end) ? drawing->pencil->on : drawing->pencil->end;

	append_repeated(text, " ", from);
	if (to <= from)
		appendStringInfoString(text, TIMESTAMP_IS_NOEND(line->end) ? end : drawing->pencil->dot);
	else
	{
		appendStringInfoString(text, drawing->pencil->begin);
		append_repeated(text, drawing->pencil->line, to - from - 1);
		appendStringInfoString(text, end);
	}
	append_repeated(text, " ", drawing->bar_width - 1 - Max(from, to));
}

static void
append_padded(StringInfo text, const char *what, int width, bool right)
{
	int			padding = width - display_width(what);

	if (right)
		append_repeated(text, " ", padding);
	appendStringInfoString(text, what);
	if (!right)
		append_repeated(text, " ", padding);
}

/* Cut what is too long, with two dots for the rest. */
static void
append_cut(StringInfo text, const char *what, int width)
{
	if (display_width(what) <= width)
		appendStringInfoString(text, what);
	else if (width > 2)
	{
		appendBinaryStringInfo(text, what, pg_mbcharcliplen(what, strlen(what), width - 2));
		appendStringInfoString(text, "..");
	}
}

static void
trim(StringInfo text)
{
	while (text->len > 0 && text->data[text->len - 1] == ' ')
		text->data[--text->len] = '\0';
}

static void
append_line(StringInfo text, const Drawing *drawing, int number_width, int64 number)
{
	const DrawnLine *line = &drawing->lines[number - 1];

	appendStringInfo(text, "\n%*lld" GAP, number_width, (long long) number);
	append_padded(text, line->from, drawing->from_width, false);
	appendStringInfoString(text, GAP);
	append_bar(text, drawing, line);
	appendStringInfoString(text, GAP);
	append_padded(text, line->place, drawing->place_width, false);
	appendStringInfoString(text, GAP);
	append_padded(text, line->bytes, drawing->bytes_width, true);
	appendStringInfoString(text, GAP);
	append_cut(text, line->changed, drawing->changed_width);
	trim(text);
}

/* The bar takes half of what the rest leaves, the names of columns the other. */
static void
append_lines(StringInfo text, Drawing *drawing, int width)
{
	int			number_width = snprintf(NULL, 0, "%lld", (long long) drawing->count);
	int			left;
	int64		i;

	left = width - number_width - drawing->from_width - drawing->place_width -
		drawing->bytes_width - 5 * (int) strlen(GAP);
	drawing->bar_width = Max(left / 2, MIN_BAR);
	drawing->changed_width = Max(left - drawing->bar_width, 0);
	appendStringInfo(text, "\n%*s" GAP, number_width, "#");
	append_padded(text, "from", drawing->from_width, false);
	appendStringInfoString(text, GAP);
	append_padded(text, "time", drawing->bar_width, false);
	appendStringInfoString(text, GAP);
	append_padded(text, "place", drawing->place_width, false);
	appendStringInfoString(text, GAP);
	append_padded(text, "bytes", drawing->bytes_width, true);
	appendStringInfoString(text, GAP);
	append_cut(text, "changed", drawing->changed_width);
	trim(text);
	for (i = 1; i <= drawing->count; i++)
		append_line(text, drawing, number_width, i);
}

static text *
draw(Drawing *drawing, Oid rel, const char *key, int width)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s, %s: ", get_rel_name(rel), key);
	if (drawing->count == 0)
		appendStringInfoString(&text, "no versions");
	else
	{
		appendStringInfo(&text, "%lld version%s", (long long) drawing->count,
						 drawing->count == 1 ? "" : "s");
		appendStringInfo(&text, " (%lld current, %lld in the tail, %lld in segments)",
						 (long long) drawing->at[TSM_CHAIN_CURRENT],
						 (long long) drawing->at[TSM_CHAIN_TAIL],
						 (long long) drawing->at[TSM_CHAIN_SEGMENT]);
		appendStringInfo(&text, ", %lld of %lld bytes", (long long) drawing->bytes_stored,
						 (long long) drawing->bytes_raw);
		find_scale(drawing);
		append_lines(&text, drawing, width);
	}
	return cstring_to_text_with_len(text.data, text.len);
}

PG_FUNCTION_INFO_V1(tsm_delta_draw_chain);

/*
 * draw_chain(rel regclass, key jsonb, width int, ascii boolean) → text. Width
 * is that of a line, in characters; longer where the columns that are not cut
 * need it. Errors: 22023, and those of chain.
 */
Datum
tsm_delta_draw_chain(PG_FUNCTION_ARGS)
{
	Oid			rel = PG_GETARG_OID(0);
	int			width = PG_GETARG_INT32(2);
	Drawing		drawing = {0};
	char	   *key;

	if (width < MIN_WIDTH || width > MAX_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width must be from %d to %d", MIN_WIDTH, MAX_WIDTH)));
	drawing.context = CurrentMemoryContext;
	drawing.room = 64;
	drawing.lines = palloc(drawing.room * sizeof(DrawnLine));
	drawing.from_width = strlen("from");
	drawing.place_width = strlen("place");
	drawing.bytes_width = strlen("bytes");
	drawing.pencil = PG_GETARG_BOOL(3) || GetDatabaseEncoding() != PG_UTF8 ? &ascii_pencil : &box_pencil;
	key = tsm_inspect_chain(rel, PG_GETARG_JSONB_P(1), add_line, &drawing);
	PG_RETURN_TEXT_P(draw(&drawing, rel, key, width));
}
