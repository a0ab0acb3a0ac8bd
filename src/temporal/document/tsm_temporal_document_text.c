/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_text.c
 *	  The difference of two texts line by line, in unified format.
 *
 * A line ends behind its newline; a carriage return before it belongs to it.
 * The format is that of POSIX diff -u: patch applies it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "tsm_temporal_document.h"

PG_FUNCTION_INFO_V1(tsm_temporal_text_diff);

/* Lines between two looks for an interrupt. */
#define LINES_A_LOOK	4096

/* Steps by which all runs of changed lines together are slid, for each line. */
#define SLIDES_A_LINE	16

/* One text as lines. changed: not in the other text; false behind the last. */
typedef struct Lines
{
	TsmDiffItem *items;
	int			count;
	bool	   *changed;
} Lines;

/* Changed lines in a row. */
typedef struct Run
{
	Lines	   *lines;
	const Lines *other;
	int			start;
	int			end;
	int			opposite;		/* the unchanged line of the other text, or its end, that stands for line end */
	int64		budget;			/* steps left, of all runs */
} Run;

/* Lines from..to of either text, that differ. */
typedef struct Change
{
	int			old_from;
	int			old_to;
	int			new_from;
	int			new_to;
} Change;

typedef struct TextDiff
{
	Lines		old;
	Lines		new;
	int			context;
} TextDiff;

static int
count_lines(const char *text, int length)
{
	const char *end = text + length;
	int			count = 0;

	while (text < end)
	{
		const char *newline = memchr(text, '\n', end - text);

		if (count++ % LINES_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		text = newline == NULL ? end : newline + 1;
	}
	return count;
}

static void
split_lines(const char *text, int length, Lines *lines)
{
	const char *end = text + length;

	lines->count = 0;
	lines->items = palloc(sizeof(TsmDiffItem) * (count_lines(text, length) + 1));
	while (text < end)
	{
		const char *newline = memchr(text, '\n', end - text);
		const char *next = newline == NULL ? end : newline + 1;
		TsmDiffItem line = {text, next - text, 0};

		if (lines->count % LINES_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		lines->items[lines->count++] = line;
		text = next;
	}
}

static bool
same_line(const Lines *lines, int a, int b)
{
	return lines->items[a].length == lines->items[b].length &&
		memcmp(lines->items[a].data, lines->items[b].data, lines->items[a].length) == 0;
}

/*
 * Move a run a line up, when its last line is the one before it: then that one
 * can be taken for the changed one. Takes in a run that it meets.
 */
static bool
slide_up(Run *run)
{
	bool	   *changed = run->lines->changed;

	if (run->start == 0 || !same_line(run->lines, run->start - 1, run->end - 1) || run->budget-- <= 0)
		return false;
	changed[--run->start] = true;
	changed[--run->end] = false;
	while (run->start > 0 && changed[run->start - 1])
		run->start--;
	do
	{
		run->opposite--;
	} while (run->other->changed[run->opposite]);
	return true;
}

static bool
slide_down(Run *run)
{
	bool	   *changed = run->lines->changed;

	if (run->end == run->lines->count || !same_line(run->lines, run->start, run->end) ||
		run->budget-- <= 0)
		return false;
	changed[run->start++] = false;
	changed[run->end++] = true;
	while (changed[run->end])
		run->end++;
	do
	{
		run->opposite++;
	} while (run->other->changed[run->opposite]);
	return true;
}

/* Whether lines of the other text are changed at the same place. */
static bool
faces_change(const Run *run)
{
	return run->opposite > 0 && run->other->changed[run->opposite - 1];
}

/* Up until it has met what it can meet, then down; at last to the lowest place where it faces a change. */
static void
settle_run(Run *run)
{
	int			length;
	int			facing;

	do
	{
		length = run->end - run->start;
		while (slide_up(run))
			CHECK_FOR_INTERRUPTS();
		facing = faces_change(run) ? run->end : -1;
		while (slide_down(run))
		{
			CHECK_FOR_INTERRUPTS();
			if (faces_change(run))
				facing = run->end;
		}
	} while (length != run->end - run->start);
	while (facing >= 0 && run->end > facing && slide_up(run))
		CHECK_FOR_INTERRUPTS();
}

/*
 * Where a run of changed lines could as well be elsewhere, let it meet others,
 * face changes of the other text, or else stand as low as it can: insertions
 * of whole blocks look like that then.
 */
static void
settle_runs(Lines *lines, const Lines *other)
{
	Run			run = {lines, other, 0, 0, 0, (int64) SLIDES_A_LINE * (lines->count + other->count)};

	while (other->changed[run.opposite])
		run.opposite++;
	for (;;)
	{
		while (run.end < lines->count && !lines->changed[run.end])
		{
			run.end++;
			do
			{
				run.opposite++;
			} while (other->changed[run.opposite]);
		}
		if (run.end == lines->count)
			return;
		run.start = run.end;
		while (lines->changed[run.end])
			run.end++;
		settle_run(&run);
	}
}

static void
compare_lines(TextDiff *diff, const char *old_text, int old_length, const char *new_text,
			  int new_length)
{
	split_lines(old_text, old_length, &diff->old);
	split_lines(new_text, new_length, &diff->new);
	tsm_document_match(diff->old.items, diff->old.count, diff->new.items, diff->new.count,
					   &diff->old.changed, &diff->new.changed);
	settle_runs(&diff->old, &diff->new);
	settle_runs(&diff->new, &diff->old);
}

/* The first change at or behind two lines that stand for each other. False when there is none. */
static bool
next_change(const TextDiff *diff, int i, int j, Change *change)
{
	while (i < diff->old.count && j < diff->new.count && !diff->old.changed[i] && !diff->new.changed[j])
		i++, j++;
	change->old_from = i;
	change->new_from = j;
	while (i < diff->old.count && diff->old.changed[i])
		i++;
	while (j < diff->new.count && diff->new.changed[j])
		j++;
	change->old_to = i;
	change->new_to = j;
	return i > change->old_from || j > change->new_from;
}

/* "3,4" of lines from..to counted from 0; of none, the line before. */
static void
append_range(StringInfo out, int from, int to)
{
	appendStringInfo(out, "%d", to > from ? from + 1 : from);
	if (to - from != 1)
		appendStringInfo(out, ",%d", to - from);
}

static void
append_heading(StringInfo out, const Change *range)
{
	appendStringInfoString(out, "@@ -");
	append_range(out, range->old_from, range->old_to);
	appendStringInfoString(out, " +");
	append_range(out, range->new_from, range->new_to);
	appendStringInfoString(out, " @@");
}

static void
append_line(StringInfo out, char sign, const char *text, int length)
{
	appendStringInfoChar(out, sign);
	appendBinaryStringInfo(out, text, length);
	if (length == 0 || text[length - 1] != '\n')
		appendStringInfoString(out, "\n\\ No newline at end of file\n");
}

static void
append_lines(StringInfo out, char sign, const Lines *lines, int from, int to)
{
	for (; from < to; from++)
	{
		if (from % LINES_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		append_line(out, sign, lines->items[from].data, lines->items[from].length);
	}
}

/* The changes from first on whose contexts touch, as one range with context; last gets the last of them. */
static Change
hunk_range(const TextDiff *diff, const Change *first, Change *last)
{
	Change		range = *first;
	Change		next;
	int			context = diff->context;

	*last = *first;
	while (next_change(diff, last->old_to, last->new_to, &next) &&
		   next.old_from - last->old_to <= 2 * (int64) context)
		*last = next;
	range.old_from = Max(range.old_from - (int64) context, 0);
	range.new_from = Max(range.new_from - (int64) context, 0);
	range.old_to = Min(last->old_to + (int64) context, diff->old.count);
	range.new_to = Min(last->new_to + (int64) context, diff->new.count);
	return range;
}

static void
append_hunk(StringInfo out, const TextDiff *diff, Change change, const Change *last,
			const Change *range)
{
	int			at = range->old_from;

	append_heading(out, range);
	appendStringInfoChar(out, '\n');
	for (;;)
	{
		append_lines(out, ' ', &diff->old, at, change.old_from);
		append_lines(out, '-', &diff->old, change.old_from, change.old_to);
		append_lines(out, '+', &diff->new, change.new_from, change.new_to);
		at = change.old_to;
		if (change.old_to == last->old_to && change.new_to == last->new_to)
			break;
		(void) next_change(diff, change.old_to, change.new_to, &change);
	}
	append_lines(out, ' ', &diff->old, at, range->old_to);
}

static void
append_labels(StringInfo out, const char *old_label, const char *new_label)
{
	appendStringInfo(out, "--- %s\n+++ %s\n", old_label, new_label);
}

/* All lines of one text for all of the other: there are too many of them. */
static void
append_replacement(StringInfo out, char sign, const char *text, int length)
{
	const char *end = text + length;
	int			count = 0;

	while (text < end)
	{
		const char *newline = memchr(text, '\n', end - text);
		const char *next = newline == NULL ? end : newline + 1;

		if (count++ % LINES_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		append_line(out, sign, text, next - text);
		text = next;
	}
}

static bool
too_many_lines(const char *old_text, int old_length, const char *new_text, int new_length,
			   Change *all)
{
	all->old_from = all->new_from = 0;
	all->old_to = count_lines(old_text, old_length);
	all->new_to = count_lines(new_text, new_length);
	return all->old_to > TSM_DIFF_MAX_ITEMS || all->new_to > TSM_DIFF_MAX_ITEMS;
}

void
tsm_document_text_diff(StringInfo out, const char *old_text, int old_length, const char *new_text,
					   int new_length, int context, const char *old_label, const char *new_label)
{
	TextDiff	diff;
	Change		change;
	Change		last;

	if (old_length == new_length && memcmp(old_text, new_text, old_length) == 0)
		return;
	append_labels(out, old_label, new_label);
	if (too_many_lines(old_text, old_length, new_text, new_length, &change))
	{
		append_heading(out, &change);
		appendStringInfoChar(out, '\n');
		append_replacement(out, '-', old_text, old_length);
		append_replacement(out, '+', new_text, new_length);
		return;
	}
	diff.context = context;
	compare_lines(&diff, old_text, old_length, new_text, new_length);
	last.old_to = last.new_to = 0;
	while (next_change(&diff, last.old_to, last.new_to, &change))
	{
		Change		range = hunk_range(&diff, &change, &last);

		append_hunk(out, &diff, change, &last, &range);
	}
}

List *
tsm_document_text_hunks(const char *old_text, int old_length, const char *new_text, int new_length)
{
	TextDiff	diff;
	Change		change;
	List	   *headings = NIL;
	StringInfoData heading;

	initStringInfo(&heading);
	if (old_length == new_length && memcmp(old_text, new_text, old_length) == 0)
		return NIL;
	if (too_many_lines(old_text, old_length, new_text, new_length, &change))
	{
		append_heading(&heading, &change);
		return list_make1(heading.data);
	}
	compare_lines(&diff, old_text, old_length, new_text, new_length);
	change.old_to = change.new_to = 0;
	while (next_change(&diff, change.old_to, change.new_to, &change))
	{
		resetStringInfo(&heading);
		append_heading(&heading, &change);
		headings = lappend(headings, pstrdup(heading.data));
	}
	return headings;
}

void
tsm_document_check_context(int context)
{
	if (context < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the lines of context must not be negative")));
}

/* A label of a text stands on one line. */
static char *
label_argument(text *value)
{
	char	   *label = text_to_cstring(value);

	if (strpbrk(label, "\r\n") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a text in a difference must be on one line")));
	return label;
}

/*
 * text_diff(old text, new text, context integer, old_name text, new_name text) → text
 *
 * The difference in unified format; empty for equal texts. context: lines
 * around a change, not negative (22023).
 */
Datum
tsm_temporal_text_diff(PG_FUNCTION_ARGS)
{
	text	   *old_text = PG_GETARG_TEXT_PP(0);
	text	   *new_text = PG_GETARG_TEXT_PP(1);
	int			context = PG_GETARG_INT32(2);
	StringInfoData out;

	tsm_document_check_context(context);
	initStringInfo(&out);
	tsm_document_text_diff(&out, VARDATA_ANY(old_text), VARSIZE_ANY_EXHDR(old_text),
						   VARDATA_ANY(new_text), VARSIZE_ANY_EXHDR(new_text), context,
						   label_argument(PG_GETARG_TEXT_PP(3)), label_argument(PG_GETARG_TEXT_PP(4)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
