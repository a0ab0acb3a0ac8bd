/*-------------------------------------------------------------------------
 *
 * tsm_temporal_operand.c
 *	  How far names, operands and values reach; period predicates.
 *
 * An operand is a constant (with or without its type), a parameter, a
 * (qualified) name, a call of a function, CASE ... END, ARRAY[...], or
 * anything in parentheses; casts, subscripts and fields may follow. A value is
 * operands with arithmetic operators or AT TIME ZONE between them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/keywords.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"

#include "tsm_temporal_language.h"

/* The predicates of SQL:2011 over periods; CONTAINS has a translation of its own. */
typedef struct PeriodPredicate
{
	const char *words;
	const char *function;		/* NULL for CONTAINS */
} PeriodPredicate;

static const PeriodPredicate predicates[] = {
	{"overlaps", "tsmem.overlaps("},
	{"equals", "tsmem.equals("},
	{"contains", NULL},
	{"precedes", "tsmem.precedes("},
	{"succeeds", "tsmem.succeeds("},
	{"immediately precedes", "tsmem.immediately_precedes("},
	{"immediately succeeds", "tsmem.immediately_succeeds("},
};

/* Reserved words that are operands by themselves. */
static const char *const constants[] = {
	"null", "true", "false", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
	"current_catalog", "current_role", "current_user", "session_user", "user", "system_user"
};

/* Words that connect operands and are none, although they are not reserved. */
static const char *const binders[] = {
	"between", "ilike", "is", "isnull", "like", "notnull", "operator", "overlaps", "similar"
};

/*
 * Names that have a part in the grammar where an expression stands: a word after one of them begins an operand, and
 * is no predicate.
 */
static const char *const connectives[] = {"by", "escape", "first", "groups", "next", "range", "rows", "zone"};

static bool
is_one_of(const TsmScript *script, int i, const char *const *words, int count)
{
	int			k;

	for (k = 0; k < count; k++)
	{
		if (tsm_language_is(script, i, words[k]))
			return true;
	}
	return false;
}

static bool
is_opening(const TsmScript *script, int i, char character, int end)
{
	return tsm_language_is_char(script, i, character) && script->tokens[i].match > i &&
		script->tokens[i].match < end;
}

int
tsm_language_skip_name(const TsmScript *script, int i, int end)
{
	const TsmToken *token = tsm_language_token(script, i);

	if (i >= end || token->kind != TSM_TOKEN_WORD || token->category == RESERVED_KEYWORD)
		return i;
	for (;;)
	{
		if (token->unicode && i + 2 < end && tsm_language_is(script, i + 1, "uescape"))
			i += 2;
		i++;
		if (i + 1 >= end || !tsm_language_is_char(script, i, '.') ||
			tsm_language_token(script, i + 1)->kind != TSM_TOKEN_WORD)
			return i;
		token = tsm_language_token(script, ++i);
	}
}

RangeVar *
tsm_language_range_var(const TsmScript *script, int from, int to)
{
	List	   *names = NIL;
	int			i;

	for (i = from; i < to; i++)
	{
		if (i > from && !tsm_language_is_char(script, i - 1, '.'))
			continue;			/* a dot, or UESCAPE and its string */
		names = lappend(names, makeString(pstrdup(tsm_language_name(script, i))));
	}
	if (list_length(names) > 3)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("improper qualified name (too many dotted names)"),
				 tsm_language_position(script, from)));
	return makeRangeVarFromNameList(names);
}

/* After CASE: the index after its END. */
static int
skip_case(const TsmScript *script, int i, int end)
{
	int			depth = 0;
	int			k;

	for (k = i; k < end; k++)
	{
		if (is_opening(script, k, '(', end) || is_opening(script, k, '[', end))
			k = script->tokens[k].match;
		else if (tsm_language_is_char(script, k - 1, '.'))
			continue;
		else if (tsm_language_is(script, k, "case"))
			depth++;
		else if (tsm_language_is(script, k, "end") && --depth == 0)
			return k + 1;
	}
	return i;
}

/* After an interval constant: its fields, as in INTERVAL '1' DAY or YEAR TO MONTH. */
static int
skip_interval_fields(const TsmScript *script, int i, int end)
{
	static const char *const fields[] = {"year", "month", "day", "hour", "minute", "second"};

	if (i >= end || !is_one_of(script, i, fields, lengthof(fields)))
		return i;
	i++;
	if (i + 1 < end && tsm_language_is(script, i, "to") && is_one_of(script, i + 1, fields, lengthof(fields)))
		i += 2;
	if (tsm_language_is(script, i - 1, "second") && is_opening(script, i, '(', end))
		i = script->tokens[i].match + 1;
	return i;
}

/* The name of a type, with its modifier and brackets. */
static int
skip_type(const TsmScript *script, int i, int end)
{
	int			next = tsm_language_skip_name(script, i, end);

	if (tsm_language_are(script, i, end, "double precision") ||
		tsm_language_are(script, i, end, "character varying") || tsm_language_are(script, i, end, "bit varying"))
		next = i + 2;
	if (next == i)
		return i;
	if (is_opening(script, next, '(', end))
		next = script->tokens[next].match + 1;
	if ((tsm_language_is(script, i, "timestamp") || tsm_language_is(script, i, "time")) &&
		(tsm_language_are(script, next, end, "with time zone") ||
		 tsm_language_are(script, next, end, "without time zone")))
		next += 3;
	if (tsm_language_is(script, i, "interval"))
		next = skip_interval_fields(script, next, end);
	while (is_opening(script, next, '[', end))
		next = script->tokens[next].match + 1;
	return next;
}

/* What may follow the arguments of a function: FILTER, WITHIN GROUP, OVER. */
static int
skip_call_clauses(const TsmScript *script, int i, int end)
{
	for (;;)
	{
		if (tsm_language_are(script, i, end, "within group") && is_opening(script, i + 2, '(', end))
			i = script->tokens[i + 2].match + 1;
		else if ((tsm_language_is(script, i, "filter") || tsm_language_is(script, i, "over")) &&
				 is_opening(script, i + 1, '(', end))
			i = script->tokens[i + 1].match + 1;
		else
			return i;
	}
}

/* A word that begins an operand: constant, call, typed constant, name. */
static int
skip_word(const TsmScript *script, int i, int end)
{
	const TsmToken *token = tsm_language_token(script, i);
	int			next;

	if (tsm_language_is(script, i, "case"))
		return skip_case(script, i, end);
	if (tsm_language_is(script, i, "array"))
		return is_opening(script, i + 1, '[', end) || is_opening(script, i + 1, '(', end) ?
			script->tokens[i + 1].match + 1 : i;
	if (tsm_language_is(script, i, "cast"))
		return is_opening(script, i + 1, '(', end) ? script->tokens[i + 1].match + 1 : i;
	if (token->category == RESERVED_KEYWORD)
	{
		if (!is_one_of(script, i, constants, lengthof(constants)))
			return i;
		return is_opening(script, i + 1, '(', end) ? script->tokens[i + 1].match + 1 : i + 1;
	}
	if (is_one_of(script, i, binders, lengthof(binders)))
		return i;
	/* timestamp (3) with time zone '...', interval '1' day, point '...' */
	next = skip_type(script, i, end);
	if (next < end && tsm_language_token(script, next)->kind == TSM_TOKEN_STRING)
	{
		next++;
		return tsm_language_is(script, i, "interval") ? skip_interval_fields(script, next, end) : next;
	}
	next = tsm_language_skip_name(script, i, end);
	if (is_opening(script, next, '(', end))
		return skip_call_clauses(script, script->tokens[next].match + 1, end);
	return token->category == TYPE_FUNC_NAME_KEYWORD ? i : next;
}

int
tsm_language_skip_operand(const TsmScript *script, int i, int end)
{
	const TsmToken *token = tsm_language_token(script, i);
	int			next = i;

	if (i >= end)
		return i;
	switch (token->kind)
	{
		case TSM_TOKEN_STRING:
			next = i + 1;
			if (token->unicode && i + 2 < end && tsm_language_is(script, next, "uescape"))
				next += 2;
			break;
		case TSM_TOKEN_NUMBER:
		case TSM_TOKEN_PARAM:
			next = i + 1;
			break;
		case TSM_TOKEN_WORD:
			next = skip_word(script, i, end);
			break;
		case TSM_TOKEN_CHAR:
			if (is_opening(script, i, '(', end))
				next = token->match + 1;
			break;
		default:
			break;
	}
	if (next == i)
		return i;
	for (;;)
	{
		if (next < end && tsm_language_token(script, next)->kind == TSM_TOKEN_CAST &&
			skip_type(script, next + 1, end) > next + 1)
			next = skip_type(script, next + 1, end);
		else if (is_opening(script, next, '[', end))
			next = script->tokens[next].match + 1;
		else if (next + 1 < end && tsm_language_is_char(script, next, '.') &&
				 tsm_language_token(script, next + 1)->kind == TSM_TOKEN_WORD)
			next += 2;
		else
			return next;
	}
}

/* An operator that binds closer than a predicate does. */
static bool
is_arithmetic(const TsmScript *script, int i)
{
	const TsmToken *token = tsm_language_token(script, i);
	int			length = token->end - token->start;
	const char *text = script->text + token->start;

	if (token->kind == TSM_TOKEN_CHAR)
		return token->character != '\0' && strchr("+-*/%^", token->character) != NULL;
	/* Of the longer ones, comparisons and the arrows of named arguments do not. */
	return token->kind == TSM_TOKEN_OPERATOR &&
		!(length == 2 && (strncmp(text, "<=", 2) == 0 || strncmp(text, ">=", 2) == 0 || strncmp(text, "<>", 2) == 0 ||
						  strncmp(text, "!=", 2) == 0 || strncmp(text, "=>", 2) == 0 || strncmp(text, ":=", 2) == 0));
}

int
tsm_language_skip_value(const TsmScript *script, int i, int end)
{
	int			next = i;
	int			start;

	for (;;)
	{
		start = next;
		while (start < end && is_arithmetic(script, start))
			start++;			/* signs */
		next = tsm_language_skip_operand(script, start, end);
		if (next == start)
			return i;
		for (;;)
		{
			if (tsm_language_are(script, next, end, "at local"))
				next += 2;
			else if (tsm_language_is(script, next, "collate") &&
					 tsm_language_skip_name(script, next + 1, end) > next + 1)
				next = tsm_language_skip_name(script, next + 1, end);
			else
				break;
		}
		if (tsm_language_are(script, next, end, "at time zone"))
			next += 3;
		else if (next < end && is_arithmetic(script, next))
			next++;
		else if (tsm_language_is(script, next, "operator") && is_opening(script, next + 1, '(', end))
			next = script->tokens[next + 1].match + 1;
		else
			return next;
	}
}

/* The right operand of a predicate; a number may have a sign. CASE has to stand in parentheses. */
static int
skip_right(const TsmScript *script, int i, int end)
{
	if (tsm_language_is(script, i, "case"))
		return i;
	if (i + 1 < end && (tsm_language_is_char(script, i, '-') || tsm_language_is_char(script, i, '+')) &&
		tsm_language_token(script, i + 1)->kind == TSM_TOKEN_NUMBER)
		return tsm_language_skip_operand(script, i + 1, end);
	return tsm_language_skip_operand(script, i, end);
}

static const PeriodPredicate *
find_predicate(const TsmScript *script, int i, int end, int *after)
{
	int			k;

	*after = i;
	for (k = 0; k < lengthof(predicates); k++)
	{
		if (tsm_language_are(script, i, end, predicates[k].words))
		{
			*after = i + (strchr(predicates[k].words, ' ') == NULL ? 1 : 2);
			return &predicates[k];
		}
	}
	return NULL;
}

bool
tsm_language_is_predicate(const TsmScript *script, int i, int end, int *after)
{
	return find_predicate(script, i, end, after) != NULL && skip_right(script, *after, end) > *after;
}

bool
tsm_language_is_connective(const TsmScript *script, int i)
{
	return is_one_of(script, i, connectives, lengthof(connectives));
}

/* Whether an operand is a list of two or more in parentheses, as OVERLAPS of the server takes it. */
static bool
is_row(const TsmScript *script, int from, int to)
{
	int			i = tsm_language_is(script, from, "row") ? from + 1 : from;

	if (!tsm_language_is_char(script, i, '(') || script->tokens[i].match != to - 1)
		return false;
	for (i++; i < to - 1; i++)
	{
		if (script->tokens[i].match > i)
			i = script->tokens[i].match;
		else if (tsm_language_is_char(script, i, ','))
			return true;
	}
	return false;
}

/* Whether an operand is PERIOD (a, b); literal: whether both are plain strings. */
static bool
is_constructor(const TsmScript *script, int from, int to, bool *literal)
{
	*literal = false;
	if (!tsm_language_is(script, from, "period") || !is_row(script, from + 1, to))
		return false;
	*literal = to - from == 6 && tsm_language_token(script, from + 2)->kind == TSM_TOKEN_STRING &&
		!tsm_language_token(script, from + 2)->unicode && tsm_language_is_char(script, from + 3, ',') &&
		tsm_language_token(script, from + 4)->kind == TSM_TOKEN_STRING &&
		!tsm_language_token(script, from + 4)->unicode;
	return true;
}

static void
append_bound(StringInfo range, const char *bound)
{
	appendStringInfoChar(range, '"');
	for (; *bound != '\0'; bound++)
	{
		if (*bound == '"' || *bound == '\\')
			appendStringInfoChar(range, '\\');
		appendStringInfoChar(range, *bound);
	}
	appendStringInfoChar(range, '"');
}

/* PERIOD ('a', 'b') as the text of a range, which takes the type of the other operand. */
static void
splice_literal(TsmScript *script, int from, int to)
{
	StringInfoData range;

	initStringInfo(&range);
	appendStringInfoChar(&range, '[');
	append_bound(&range, tsm_language_token(script, from + 2)->word);
	appendStringInfoChar(&range, ',');
	append_bound(&range, tsm_language_token(script, from + 4)->word);
	appendStringInfoChar(&range, ')');
	tsm_language_splice(script, from, to, quote_literal_cstr(range.data));
}

/* PERIOD operands: a range literal where the other operand gives the type, tsmem.period(a, b) otherwise. */
static void
translate_constructors(TsmScript *script, int left, int left_end, int right, int right_end, bool typed_left)
{
	bool		left_literal;
	bool		right_literal;
	bool		left_period = is_constructor(script, left, left_end, &left_literal);
	bool		right_period = is_constructor(script, right, right_end, &right_literal);

	if (left_period && left_literal && !typed_left && !right_period)
		splice_literal(script, left, left_end);
	else if (left_period)
		tsm_language_splice(script, left, left + 1, "tsmem.period");
	if (right_period && right_literal && !left_period)
		splice_literal(script, right, right_end);
	else if (right_period)
		tsm_language_splice(script, right, right + 1, "tsmem.period");
}

/* 42601 where an operator beside a predicate leaves open whether it belongs to the operand. */
static void
check_neighbours(const TsmScript *script, int left, int right_end, int end)
{
	static const char *const closer[] = {"between", "collate", "escape", "ilike", "in", "like", "similar", "zone"};
	int			after;
	int			wrong = -1;

	if (is_arithmetic(script, left - 1) || tsm_language_token(script, left - 1)->kind == TSM_TOKEN_CAST ||
		is_one_of(script, left - 1, closer, lengthof(closer)) || tsm_language_is(script, left - 1, "is"))
		wrong = left - 1;
	else if (right_end < end &&
			 (is_arithmetic(script, right_end) || is_one_of(script, right_end, closer, lengthof(closer)) ||
			  tsm_language_are(script, right_end, end, "at time zone") || tsm_language_is(script, right_end, "not") ||
			  tsm_language_is_predicate(script, right_end, end, &after)))
		wrong = right_end;
	if (wrong >= 0)
		tsm_language_syntax_error(script, wrong,
								  "Put the operands of a period predicate in parentheses.");
}

int
tsm_language_predicate(TsmScript *script, int left, int i, int end)
{
	int			right = i;
	const PeriodPredicate *predicate = find_predicate(script, i, end, &right);
	int			right_end = skip_right(script, right, end);
	bool		left_row = is_row(script, left, i);
	bool		right_row = is_row(script, right, right_end);

	Assert(predicate != NULL && right_end > right);
	if (left_row && right_row && strcmp(predicate->words, "overlaps") == 0)
		return right_end;		/* the server's own OVERLAPS */
	if (left_row || right_row)
		tsm_language_syntax_error(script, left_row ? left : right, "A period of two bounds is written PERIOD (a, b).");
	check_neighbours(script, left, right_end, end);
	translate_constructors(script, left, i, right, right_end, predicate->function == NULL);
	if (predicate->function != NULL || (right_end == right + 1 && script->tokens[right].kind == TSM_TOKEN_STRING))
	{
		/* A string that CONTAINS is given is an instant. */
		tsm_language_insert_before(script, left, predicate->function != NULL ? predicate->function :
								   "tsmem.contains_instant(");
		tsm_language_close_up(script, i - 1);
		tsm_language_splice(script, i, right, ",");
	}
	else
	{
		tsm_language_insert_before(script, left, "(");
		tsm_language_splice(script, i, right, "OPERATOR(pg_catalog.@>)");
	}
	tsm_language_insert_after(script, right_end - 1, ")");
	return right_end;
}
