/*-------------------------------------------------------------------------
 *
 * tsm_temporal_walk.c
 *	  Where in a statement a token stands.
 *
 * This is no parser: it knows only where tables are listed, where expressions
 * stand, and which names are those of common table expressions. What it does
 * not know it passes over, so that the server judges it. A bracket opens a
 * frame of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "miscadmin.h"

#include "tsm_temporal_language.h"

/* What is expected at a place. */
typedef enum Place
{
	PLACE_OTHER,				/* neither tables nor expressions: names, definitions, options */
	PLACE_EXPRESSION,
	PLACE_TABLE,				/* a table of a list of tables */
	PLACE_AFTER_TABLE			/* its alias, or a join */
} Place;

struct TsmFrame
{
	TsmScript  *script;
	const TsmFrame *up;
	int			end;
	Place		place;
	bool		query;			/* in a query: FROM begins a list of tables */
	bool		tables;			/* in a list of tables: a comma or JOIN brings another */
	bool		using_tables;	/* USING begins a list of tables */
	bool		only;			/* ONLY has been read */
	List	   *ctes;			/* C strings */
	int			looked;			/* operands before this token have been looked at */
	int			with[2];		/* tokens of the common table expressions of the statement, without WITH */
};

/* What ends a list of tables. */
static const char *const after_tables[] = {
	"where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch", "returning"
};

/* Words of the system that FOR is followed by in a temporal clause. */
static const char *const times[] = {"system_time", "valid_time", "business_time", "application_time"};

static void walk(TsmScript *script, const TsmFrame *up, int from, int to, Place place, bool query,
				 bool tables);
static int	walk_token(TsmFrame *frame, int i);

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

bool
tsm_language_is_cte(const TsmFrame *frame, const char *name)
{
	for (; frame != NULL; frame = frame->up)
	{
		if (tsm_temporal_name_in(frame->ctes, name))
			return true;
	}
	return false;
}

static bool
begins_query(const TsmScript *script, int i)
{
	static const char *const verbs[] = {"select", "with", "values", "table", "insert", "update", "delete", "merge"};

	return is_one_of(script, i, verbs, lengthof(verbs));
}

/* Walk the inside of brackets; gives the index after them. Without a closing one: the one after the opening. */
static int
walk_brackets(TsmFrame *frame, int i, Place place, bool query, bool tables)
{
	int			match = frame->script->tokens[i].match;

	if (match < i || match >= frame->end)
		return i + 1;
	if (begins_query(frame->script, i + 1))
		walk(frame->script, frame, i + 1, match, PLACE_OTHER, true, false);
	else
		walk(frame->script, frame, i + 1, match, place, query, tables);
	return match + 1;
}

/* An opening bracket, by the place where it stands. */
static int
brackets(TsmFrame *frame, int i)
{
	static const char *const before_expression[] = {"check", "using", "where", "when", "return", "default"};
	const TsmScript *script = frame->script;
	int			next;

	switch (frame->place)
	{
		case PLACE_TABLE:		/* a join in parentheses, or a subquery */
			next = walk_brackets(frame, i, PLACE_TABLE, true, true);
			frame->place = PLACE_AFTER_TABLE;
			return next;
		case PLACE_EXPRESSION:
			return walk_brackets(frame, i, PLACE_EXPRESSION, false, false);
		case PLACE_AFTER_TABLE:
			return walk_brackets(frame, i, PLACE_OTHER, false, false);
		default:
			break;
	}
	/* In a definition: the expression of a constraint, a policy, a generated column. */
	if (is_one_of(script, i - 1, before_expression, lengthof(before_expression)) ||
		tsm_language_are(script, i - 2, i, "always as"))
		return walk_brackets(frame, i, PLACE_EXPRESSION, false, false);
	return walk_brackets(frame, i, PLACE_OTHER, false, false);
}

/*
 * One common table expression, name [(columns)] AS [[NOT] MATERIALIZED] (query); gives the index of the parenthesis,
 * or 0 when it is none.
 */
static int
cte_query(const TsmFrame *frame, int i)
{
	const TsmScript *script = frame->script;
	const TsmToken *token = tsm_language_token(script, i);

	if (i >= frame->end || token->kind != TSM_TOKEN_WORD)
		return 0;
	i += token->unicode && tsm_language_is(script, i + 1, "uescape") ? 3 : 1;
	if (tsm_language_is_char(script, i, '('))
		i = script->tokens[i].match + 1;
	if (i == 0 || !tsm_language_is(script, i, "as"))
		return 0;
	i++;
	if (tsm_language_is(script, i, "not"))
		i++;
	if (tsm_language_is(script, i, "materialized"))
		i++;
	return i < frame->end && tsm_language_is_char(script, i, '(') && script->tokens[i].match > i ? i : 0;
}

/* The next common table expression of a list, after the query of one; 0 when that was the last. */
static int
next_cte(const TsmFrame *frame, int i)
{
	const TsmScript *script = frame->script;

	for (; i < frame->end && !begins_query(script, i); i++)
	{
		if (script->tokens[i].match > i)
			i = script->tokens[i].match;
		else if (tsm_language_is_char(script, i, ',') && cte_query(frame, i + 1) > 0)
			return i + 1;
	}
	return 0;
}

/* WITH: learn the names, walk the queries. Gives the index after the last query, or i when it is another WITH. */
static int
walk_with(TsmFrame *frame, int i)
{
	const TsmScript *script = frame->script;
	bool		recursive = tsm_language_is(script, i + 1, "recursive");
	int			first = i + (recursive ? 2 : 1);
	int			name;
	int			query = cte_query(frame, first);
	int			next = i;

	if (query == 0)
		return i;
	for (name = first; recursive && name > 0; name = next_cte(frame, script->tokens[query].match + 1))
	{
		query = cte_query(frame, name);
		frame->ctes = lappend(frame->ctes, unconstify(char *, tsm_language_name(script, name)));
	}
	for (name = first; name > 0; name = next_cte(frame, next))
	{
		query = cte_query(frame, name);
		next = walk_brackets(frame, query, PLACE_OTHER, true, false);
		frame->ctes = lappend(frame->ctes, unconstify(char *, tsm_language_name(script, name)));
	}
	frame->query = true;
	frame->with[0] = i + 1;
	frame->with[1] = next;
	return next;
}

/*
 * FOR: the locking of rows, or a temporal clause that follows no table (42601). What follows a table has
 * been read with it.
 */
static int
walk_for(TsmFrame *frame, int i)
{
	static const char *const locks[] = {"update", "no", "share", "key", "read"};
	const TsmScript *script = frame->script;

	if (!frame->query)
		return i + 1;
	if (is_one_of(script, i + 1, locks, lengthof(locks)))
	{
		frame->place = PLACE_OTHER;
		frame->tables = false;
		return i + 2;
	}
	if (tsm_language_is_clause(script, i, frame->end) ||
		(tsm_language_is(script, i + 1, "all") && is_one_of(script, i + 2, times, lengthof(times))) ||
		is_one_of(script, i + 1, times, lengthof(times)) || tsm_language_are(script, i + 1, frame->end, "portion of"))
		tsm_language_syntax_error(script, i, tsm_language_is(script, i + 1, "portion") ?
								  "FOR PORTION OF follows the table of UPDATE or DELETE." :
								  "A temporal clause follows the name of a table in a list of tables.");
	return i + 1;
}

/* Whether FROM is part of IS [NOT] DISTINCT FROM. */
static bool
is_distinct_from(const TsmScript *script, int i)
{
	return tsm_language_is(script, i - 1, "distinct") &&
		(tsm_language_is(script, i - 2, "is") || tsm_language_is(script, i - 2, "not"));
}

static void
begin_tables(TsmFrame *frame)
{
	frame->place = PLACE_TABLE;
	frame->tables = true;
	frame->only = false;
}

/* SELECT, with DISTINCT ON (...), which is no operand. */
static int
walk_select(TsmFrame *frame, int i)
{
	frame->query = true;
	frame->tables = false;
	frame->place = PLACE_EXPRESSION;
	i++;
	if (tsm_language_are(frame->script, i, frame->end, "distinct on") &&
		tsm_language_is_char(frame->script, i + 2, '('))
	{
		i = walk_brackets(frame, i + 2, PLACE_EXPRESSION, false, false);
		frame->looked = i;
	}
	return i;
}

/*
 * DELETE FOR PORTION OF: its other parts are translated first. It becomes a SELECT that changes tables, which the
 * server allows at the top only.
 */
static int
walk_delete_portion(TsmFrame *frame, int i, const TsmPortion *portion)
{
	TsmScript  *script = frame->script;
	bool		has_with = frame->with[1] == i && frame->with[0] < i;
	int			end = portion->end;

	if (frame->up != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("DELETE FOR PORTION OF is not supported within a statement"),
				 errhint("Make it a statement of its own."),
				 tsm_language_position(script, i)));
	while (end < frame->end && !tsm_language_is_char(script, end, ';'))
		end = walk_token(frame, end);
	tsm_language_delete_portion(script, frame, portion, has_with ? frame->with : (const int[2]) {0, 0},
								has_with ? frame->with[0] - 1 : i, end);
	return end;
}

/* UPDATE and DELETE: of a table, and not of a trigger or a right. */
static int
walk_change(TsmFrame *frame, int i)
{
	TsmScript  *script = frame->script;
	bool		is_delete = tsm_language_is(script, i, "delete");
	TsmPortion	portion;
	int			name = i + (is_delete ? 2 : 1);
	int			next;

	if (is_delete && !tsm_language_is(script, i + 1, "from"))
		return i + 1;
	if (tsm_language_is(script, name, "only"))
		name++;
	next = tsm_language_skip_name(script, name, frame->end);
	if (next == name || tsm_language_is(script, name, "set"))
		return i + 1;			/* a trigger, a right; or DO UPDATE SET */
	frame->query = true;
	frame->tables = false;
	frame->using_tables = is_delete;
	frame->place = PLACE_OTHER;
	if (!tsm_language_read_portion(script, name, next, frame->end, &portion))
		return next;
	if (is_delete)
		return walk_delete_portion(frame, i, &portion);
	frame->place = PLACE_EXPRESSION;
	return tsm_language_update_portion(script, frame, &portion, frame->end);
}

/* Keywords of lists of tables. Gives i for others. */
static int
walk_table_keyword(TsmFrame *frame, int i)
{
	const TsmScript *script = frame->script;

	if (tsm_language_is(script, i, "from"))
	{
		if (frame->query && !is_distinct_from(script, i))
			begin_tables(frame);
		return i + 1;
	}
	if (tsm_language_is(script, i, "using") && (frame->tables || frame->using_tables))
	{
		if (frame->tables)
			return tsm_language_is_char(script, i + 1, '(') ?
				walk_brackets(frame, i + 1, PLACE_OTHER, false, false) : i + 1;
		begin_tables(frame);
		return i + 1;
	}
	if (is_one_of(script, i, after_tables, lengthof(after_tables)))
	{
		frame->tables = false;
		frame->place = PLACE_EXPRESSION;
		return i + 1;
	}
	if (!frame->tables)
		return i;
	if (tsm_language_is(script, i, "join"))
		begin_tables(frame);
	else if (tsm_language_is(script, i, "on"))
		frame->place = PLACE_EXPRESSION;
	else
		return i;
	return i + 1;
}

/* Keywords. Gives the index of the token to go on with, or i when the word is none that matters here. */
static int
walk_keyword(TsmFrame *frame, int i)
{
	const TsmScript *script = frame->script;
	int			next;

	if (tsm_language_is_char(script, i - 1, '.'))
		return i;				/* a part of a name */
	if (tsm_language_is(script, i, "as") && (frame->query || frame->place == PLACE_EXPRESSION))
		return tsm_language_token(script, i + 1)->kind == TSM_TOKEN_WORD &&
			(frame->place == PLACE_EXPRESSION || !begins_query(script, i + 1)) ? i + 2 : i + 1;
	if (tsm_language_is(script, i, "select"))
		return walk_select(frame, i);
	if (tsm_language_is(script, i, "with"))
	{
		next = walk_with(frame, i);
		return next > i ? next : i + 1;
	}
	if (tsm_language_is(script, i, "for"))
		return walk_for(frame, i);
	if (tsm_language_is(script, i, "update") || tsm_language_is(script, i, "delete"))
		return walk_change(frame, i);
	next = walk_table_keyword(frame, i);
	if (next > i)
		return next;
	if (tsm_language_is(script, i, "table") && (i == 0 || tsm_language_is_char(script, i - 1, '(') ||
												tsm_language_is_char(script, i - 1, ';')))
		frame->query = true;	/* TABLE t: a query without a list of tables */
	if (tsm_language_is(script, i, "values") || tsm_language_is(script, i, "return") ||
		(tsm_language_is(script, i, "set") && frame->query))
		frame->place = PLACE_EXPRESSION;
	else if (tsm_language_is(script, i, "insert") || tsm_language_is(script, i, "merge"))
	{
		frame->query = true;
		frame->using_tables = tsm_language_is(script, i, "merge");
		frame->place = PLACE_OTHER;
	}
	else if (tsm_language_is(script, i, "into") && frame->query)
		frame->place = PLACE_OTHER;
	else
		return i;
	if (tsm_language_is(script, i, "set"))
		frame->tables = false;
	return i + 1;
}

/* One table, function or subquery of a list of tables. */
static int
walk_table(TsmFrame *frame, int i)
{
	TsmScript  *script = frame->script;
	int			next;

	if (tsm_language_is(script, i, "only") || tsm_language_is(script, i, "lateral"))
	{
		frame->only = tsm_language_is(script, i, "only");
		return i + 1;
	}
	frame->place = PLACE_AFTER_TABLE;
	if (tsm_language_are(script, i, frame->end, "rows from") && tsm_language_is_char(script, i + 2, '('))
		return walk_brackets(frame, i + 2, PLACE_EXPRESSION, false, false);
	next = tsm_language_skip_name(script, i, frame->end);
	if (next == i)
		return i + 1;
	if (next < frame->end && tsm_language_is_char(script, next, '('))
		return walk_brackets(frame, next, PLACE_EXPRESSION, false, false);
	next = tsm_language_table(script, frame, i, next, frame->end, frame->only);
	frame->only = false;
	return next;
}

/* Where an operand begins: translate it if it is the left one of a period predicate. */
static void
look_at_operand(TsmFrame *frame, int i)
{
	int			next;
	int			after;

	if (i < frame->looked || tsm_language_is(frame->script, i, "case") ||
		tsm_language_is_connective(frame->script, i) || tsm_language_is_char(frame->script, i - 1, '.') ||
		tsm_language_token(frame->script, i - 1)->kind == TSM_TOKEN_CAST || tsm_language_is(frame->script, i - 1, "operator"))
		return;
	next = tsm_language_skip_operand(frame->script, i, frame->end);
	if (next == i)
		return;
	frame->looked = next;
	if (tsm_language_is_predicate(frame->script, next, frame->end, &after))
		frame->looked = tsm_language_predicate(frame->script, i, next, frame->end);
}

static int
walk_token(TsmFrame *frame, int i)
{
	const TsmToken *token = &frame->script->tokens[i];
	int			next;

	if (frame->place == PLACE_EXPRESSION)
		look_at_operand(frame, i);
	if (token->kind == TSM_TOKEN_CHAR)
	{
		if (token->character == '(' || token->character == '[')
			return brackets(frame, i);
		if (token->character == ',' && frame->tables)
			begin_tables(frame);
		else if (token->character == ';')
		{
			/* The next statement of a function's or a rule's body. */
			frame->place = PLACE_OTHER;
			frame->query = frame->tables = frame->using_tables = false;
			frame->ctes = NIL;
		}
		return i + 1;
	}
	if (token->kind == TSM_TOKEN_WORD && !token->quoted && token->category >= 0)
	{
		next = walk_keyword(frame, i);
		if (next > i)
			return next;
	}
	return frame->place == PLACE_TABLE && token->kind == TSM_TOKEN_WORD ? walk_table(frame, i) : i + 1;
}

static void
walk(TsmScript *script, const TsmFrame *up, int from, int to, Place place, bool query, bool tables)
{
	TsmFrame	frame = {script, up, to, place, query, tables, false, false, NIL, from, {0, 0}};
	int			i = from;

	check_stack_depth();
	while (i < to)
	{
		CHECK_FOR_INTERRUPTS();
		i = walk_token(&frame, i);
	}
}

void
tsm_language_walk(TsmScript *script, int from, int to)
{
	walk(script, NULL, from, to, PLACE_OTHER, false, false);
}

void
tsm_language_walk_expression(TsmFrame *frame, int from, int to)
{
	walk(frame->script, frame, from, to, PLACE_EXPRESSION, false, false);
}
