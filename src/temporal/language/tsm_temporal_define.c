/*-------------------------------------------------------------------------
 *
 * tsm_temporal_define.c
 *	  CREATE TABLE and ALTER TABLE with the standard's temporal parts.
 *
 * The parts are taken out of the statement; calls of tsmem's functions follow
 * it. Names are not looked up: a script may create a table and alter it, so the
 * calls find the table by the search_path that holds when they run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "utils/builtins.h"

#include "tsm_temporal_language.h"

/* What a statement defines, and the calls that do it, in the order in which they have to run. */
typedef struct Definition
{
	TsmScript  *script;
	const char *rel;			/* the table as a literal of regclass */
	bool		create;			/* CREATE TABLE, else ALTER TABLE */
	List	   *periods;		/* names of the periods that are added */
	List	   *excluded;		/* columns WITHOUT SYSTEM VERSIONING */
	bool		versioning;
	int			row_token;		/* what says that rows have a system time; -1 without */
	StringInfoData period_calls;
	StringInfoData key_calls;
	StringInfoData foreign_calls;
} Definition;

/* A list of columns in parentheses; the period is marked by words before or after its name. */
typedef struct ColumnList
{
	List	   *columns;
	const char *period;			/* NULL without */
	int			end;			/* index after the parenthesis */
} ColumnList;

static const char *
literal(const char *value)
{
	return quote_literal_cstr(value);
}

static const char *
names_literal(const List *names)
{
	return quote_literal_cstr(tsm_temporal_names_text(names));
}

static void
not_supported(const TsmScript *script, int i, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s is not supported", what),
			 errhint("%s", hint),
			 tsm_language_position(script, i)));
}

/* A name in a definition; *next: the index after it. */
static const char *
read_name(const TsmScript *script, int i, int end, int *next)
{
	const TsmToken *token = tsm_language_token(script, i);

	if (i >= end || token->kind != TSM_TOKEN_WORD || token->category == RESERVED_KEYWORD)
		tsm_language_syntax_error(script, i, "A name is expected here.");
	*next = i + (token->unicode && tsm_language_is(script, i + 1, "uescape") ? 3 : 1);
	return tsm_language_name(script, i);
}

/* Whether a parenthesis holds a list of columns of which one is a period: p WITHOUT OVERLAPS, or PERIOD p. */
static bool
has_period(const TsmScript *script, int open, bool without_overlaps)
{
	int			close = tsm_language_token(script, open)->match;
	int			i;

	if (!tsm_language_is_char(script, open, '(') || close < open)
		return false;
	for (i = open + 1; i < close; i++)
	{
		if (without_overlaps ? tsm_language_are(script, i, close, "without overlaps") :
			(tsm_language_is(script, i, "period") && !tsm_language_is_char(script, i + 1, ',') && i + 1 < close))
			return true;
	}
	return false;
}

static ColumnList
read_columns(const TsmScript *script, int open, int end)
{
	ColumnList	list = {NIL, NULL, 0};
	int			close = tsm_language_token(script, open)->match;
	int			i = open + 1;

	if (open >= end || !tsm_language_is_char(script, open, '(') || close < open)
		tsm_language_syntax_error(script, open, "A list of columns is expected here.");
	for (;;)
	{
		bool		period = tsm_language_is(script, i, "period") &&
			tsm_language_token(script, i + 1)->kind == TSM_TOKEN_WORD && !tsm_language_is(script, i + 1, "without");
		const char *name = read_name(script, i + (period ? 1 : 0), close, &i);

		if (tsm_language_are(script, i, close, "without overlaps"))
		{
			period = true;
			i += 2;
		}
		if (period && list.period != NULL)
			tsm_language_syntax_error(script, i - 1, "A key has one period.");
		if (period)
			list.period = name;
		else
			list.columns = lappend(list.columns, unconstify(char *, name));
		if (i >= close)
			break;
		if (!tsm_language_is_char(script, i, ',') || period)
			tsm_language_syntax_error(script, i, period ? "The period is the last column of a key." : NULL);
		i++;
	}
	list.end = close + 1;
	return list;
}

/* A period of this name is added, if the statement has not done so: a key over a plain range column makes it a period. */
static void
need_period(Definition *definition, const char *period)
{
	if (!definition->create || tsm_temporal_name_in(definition->periods, period))
		return;
	definition->periods = lappend(definition->periods, unconstify(char *, period));
	appendStringInfo(&definition->period_calls, "; SELECT tsmem.add_period(%s, %s)", definition->rel, literal(period));
}

/* After PERIOD: [FOR] name [(from, to)]. */
static void
define_period(Definition *definition, int i, int end)
{
	const TsmScript *script = definition->script;
	bool		system;
	int			start = i;
	const char *name;
	ColumnList	bounds = {NIL, NULL, 0};

	if (tsm_language_is(script, i, "for"))
		i++;
	system = tsm_language_is(script, i, "system_time");
	name = read_name(script, i, end, &i);
	if (i < end)
	{
		bounds = read_columns(script, i, end);
		if (list_length(bounds.columns) != 2 || bounds.period != NULL || bounds.end != end)
			tsm_language_syntax_error(script, bounds.end == end ? i : bounds.end, "A period has two columns, or is a column itself.");
	}
	if (system)
	{
		if (bounds.columns != NIL && (strcmp(linitial(bounds.columns), TSM_ROW_START) != 0 ||
									  strcmp(lsecond(bounds.columns), TSM_ROW_END) != 0))
			not_supported(script, i, "a system time in other columns than row_start and row_end",
						  "Write PERIOD FOR SYSTEM_TIME (row_start, row_end).");
		definition->row_token = start;
		return;
	}
	if (tsm_temporal_name_in(definition->periods, name))
		tsm_language_syntax_error(script, start, "The period is defined twice.");
	definition->periods = lappend(definition->periods, unconstify(char *, name));
	appendStringInfo(&definition->period_calls, "; SELECT tsmem.add_period(%s, %s", definition->rel, literal(name));
	if (bounds.columns != NIL)
		appendStringInfo(&definition->period_calls, ", %s, %s", literal(linitial(bounds.columns)),
						 literal(lsecond(bounds.columns)));
	appendStringInfoChar(&definition->period_calls, ')');
}

/* PRIMARY KEY or UNIQUE (columns, period WITHOUT OVERLAPS). */
static void
define_key(Definition *definition, int open, int end, bool primary, const char *name)
{
	ColumnList	list = read_columns(definition->script, open, end);
	const char *call;

	if (list.end < end)
		tsm_language_syntax_error(definition->script, list.end, "Nothing can follow the columns of a temporal key.");
	need_period(definition, list.period);
	call = psprintf("tsmem.add_temporal_key(%s, %s, %s%s)", definition->rel, names_literal(list.columns),
					literal(list.period), primary ? ", primary_key => true" : "");
	if (name != NULL)
		call = psprintf("tsmem._name_constraint(%s, %s, %s)", definition->rel, call, literal(name));
	appendStringInfo(&definition->key_calls, "; SELECT %s", call);
}

/* After REFERENCES r (...): ON DELETE, ON UPDATE, DEFERRABLE, INITIALLY; gives a further argument for each. */
static char *
read_actions(const TsmScript *script, int i, int end)
{
	static const char *const actions[] = {"no action", "restrict", "cascade", "set null", "set default"};
	static const struct
	{
		const char *words;
		const char *argument;
	}			times[] = {
		{"deferrable", ", \"deferrable\" => true"},
		{"not deferrable", ""},
		{"initially deferred", ", initially_deferred => true"},
		{"initially immediate", ""},
	};
	StringInfoData result;

	initStringInfo(&result);
	while (i < end)
	{
		bool		is_delete = tsm_language_are(script, i, end, "on delete");
		int			k = 0;

		if (is_delete || tsm_language_are(script, i, end, "on update"))
		{
			while (k < lengthof(actions) && !tsm_language_are(script, i + 2, end, actions[k]))
				k++;
			if (k == lengthof(actions))
				tsm_language_syntax_error(script, i + 2, "NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT is expected here.");
			appendStringInfo(&result, ", %s => %s", is_delete ? "on_delete" : "on_update", literal(actions[k]));
			i += strchr(actions[k], ' ') == NULL ? 3 : 4;
			continue;
		}
		while (k < lengthof(times) && !tsm_language_are(script, i, end, times[k].words))
			k++;
		if (k == lengthof(times))
			tsm_language_syntax_error(script, i, "ON DELETE, ON UPDATE, DEFERRABLE or INITIALLY is expected here.");
		appendStringInfoString(&result, times[k].argument);
		i += strchr(times[k].words, ' ') == NULL ? 1 : 2;
	}
	return result.data;
}

/* FOREIGN KEY (columns, PERIOD p) REFERENCES r [(columns, PERIOD q)] ... ; without columns those of the same names are meant. */
static void
define_foreign_key(Definition *definition, int open, int end, const char *constraint)
{
	const TsmScript *script = definition->script;
	ColumnList	list = read_columns(script, open, end);
	ColumnList	referenced = list;
	RangeVar   *table;
	int			name = list.end + 1;
	int			next;

	if (!tsm_language_is(script, list.end, "references"))
		tsm_language_syntax_error(script, list.end, "REFERENCES is expected here.");
	next = tsm_language_skip_name(script, name, end);
	if (next == name)
		tsm_language_syntax_error(script, name, "The name of a table is expected here.");
	table = tsm_language_range_var(script, name, next);
	if (next < end && tsm_language_is_char(script, next, '('))
	{
		referenced = read_columns(script, next, end);
		if (referenced.period == NULL)
			tsm_language_syntax_error(script, next, "The referenced columns have a PERIOD too.");
		next = referenced.end;
	}
	need_period(definition, list.period);
	appendStringInfo(&definition->foreign_calls, "; SELECT tsmem.add_temporal_foreign_key(%s, %s, %s, %s, %s, %s%s",
					 definition->rel, names_literal(list.columns), literal(list.period),
					 literal(quote_qualified_identifier(table->schemaname, table->relname)),
					 names_literal(referenced.columns), literal(referenced.period), read_actions(script, next, end));
	if (constraint != NULL)
		appendStringInfo(&definition->foreign_calls, ", constraint_name => %s", literal(constraint));
	appendStringInfoChar(&definition->foreign_calls, ')');
}

/* A table constraint; false when it is not temporal. */
static bool
define_constraint(Definition *definition, int i, int end)
{
	const TsmScript *script = definition->script;
	const char *name = NULL;

	if (tsm_language_is(script, i, "constraint"))
	{
		if (tsm_language_token(script, i + 1)->kind != TSM_TOKEN_WORD)
			return false;
		name = tsm_language_name(script, i + 1);
		i += tsm_language_is(script, i + 2, "uescape") ? 4 : 2;
	}
	if (tsm_language_are(script, i, end, "primary key") && has_period(script, i + 2, true))
		define_key(definition, i + 2, end, true, name);
	else if (tsm_language_are(script, i, end, "unique") && has_period(script, i + 1, true))
		define_key(definition, i + 1, end, false, name);
	else if (tsm_language_are(script, i, end, "foreign key") && has_period(script, i + 2, false))
		define_foreign_key(definition, i + 2, end, name);
	else
		return false;
	return true;
}

/*
 * A column. Those of the system time (GENERATED ALWAYS AS ROW START or END) are taken out, since tsmem adds its own:
 * gives true. WITH and WITHOUT SYSTEM VERSIONING are taken out of others.
 */
static bool
define_column(Definition *definition, int from, int end)
{
	TsmScript  *script = definition->script;
	int			next;
	int			i;

	if (tsm_language_token(script, from)->kind != TSM_TOKEN_WORD)
		return false;
	for (i = from + 1; i < end; i++)
	{
		bool		without = tsm_language_are(script, i, end, "without system versioning");

		if (script->tokens[i].match > i)
			i = script->tokens[i].match;
		else if (tsm_language_are(script, i, end, "generated always as row start") ||
				 tsm_language_are(script, i, end, "generated always as row end"))
		{
			const char *name = tsm_language_is(script, i + 4, "start") ? TSM_ROW_START : TSM_ROW_END;

			if (strcmp(read_name(script, from, end, &next), name) != 0)
				not_supported(script, from, "a system time in other columns than row_start and row_end",
							  psprintf("Name the column \"%s\", or leave it out: WITH SYSTEM VERSIONING adds it.", name));
			definition->row_token = from;
			return true;
		}
		else if (without || tsm_language_are(script, i, end, "with system versioning"))
		{
			if (without)
				definition->excluded = lappend(definition->excluded,
											   unconstify(char *, read_name(script, from, end, &next)));
			tsm_language_splice(script, i, i + 3, "");
			tsm_language_close_up(script, i - 1);
			i += 2;
		}
	}
	return false;
}

/* One element of CREATE TABLE; gives whether it is taken out. */
static bool
define_element(Definition *definition, int from, int end)
{
	const TsmScript *script = definition->script;

	if (tsm_language_are(script, from, end, "period for") ||
		((tsm_language_are(script, from, end, "period system_time") ||
		  tsm_language_are(script, from, end, "period business_time")) && tsm_language_is_char(script, from + 2, '(')))
	{
		define_period(definition, from + 1, end);
		return true;
	}
	return define_constraint(definition, from, end) || define_column(definition, from, end);
}

/* The index of the comma that ends an element, or end. */
static int
end_of_element(const TsmScript *script, int i, int end)
{
	for (; i < end && !tsm_language_is_char(script, i, ','); i++)
	{
		if (script->tokens[i].match > i)
			i = script->tokens[i].match;
	}
	return i;
}

/* The calls in their order. */
static char *
all_calls(Definition *definition)
{
	StringInfoData calls;

	initStringInfo(&calls);
	appendStringInfoString(&calls, definition->period_calls.data);
	appendStringInfoString(&calls, definition->key_calls.data);
	if (definition->versioning)
	{
		appendStringInfo(&calls, "; SELECT tsmem.add_system_versioning(%s", definition->rel);
		if (definition->excluded != NIL)
			appendStringInfo(&calls, ", %s", names_literal(definition->excluded));
		appendStringInfoChar(&calls, ')');
	}
	appendStringInfoString(&calls, definition->foreign_calls.data);
	return calls.data;
}

static void
check_versioning(const Definition *definition)
{
	if (!definition->versioning && definition->row_token >= 0)
		not_supported(definition->script, definition->row_token, "a system time without versioning",
					  definition->create ? "Write WITH SYSTEM VERSIONING after the columns." :
					  "Write ADD SYSTEM VERSIONING in the same statement.");
	if (!definition->versioning && definition->excluded != NIL)
		not_supported(definition->script, definition->script->count, "WITHOUT SYSTEM VERSIONING in a table without versioning",
					  "Write WITH SYSTEM VERSIONING after the columns.");
}

static void
start_definition(Definition *definition, TsmScript *script, int name, int name_end, bool create)
{
	RangeVar   *table = tsm_language_range_var(script, name, name_end);

	memset(definition, 0, sizeof(Definition));
	definition->script = script;
	definition->rel = literal(quote_qualified_identifier(table->schemaname, table->relname));
	definition->create = create;
	definition->row_token = -1;
	initStringInfo(&definition->period_calls);
	initStringInfo(&definition->key_calls);
	initStringInfo(&definition->foreign_calls);
}

/* Take the temporal elements out of the parentheses of CREATE TABLE, with the commas beside them. */
static void
define_elements(Definition *definition, int open, int close)
{
	TsmScript  *script = definition->script;
	bool		kept = false;
	int			i = open + 1;

	while (i < close)
	{
		int			end = end_of_element(script, i, close);
		bool		taken = end > i && define_element(definition, i, end);

		if (taken)
			tsm_language_splice(script, i, end, "");
		if (i > open + 1 && (taken || !kept))
		{
			tsm_language_splice(script, i - 1, i, "");
			tsm_language_close_up(script, i - 1);
		}
		kept = kept || !taken;
		i = end + 1;
	}
}

/* CREATE TABLE name (elements) options [WITH SYSTEM VERSIONING] options. */
static void
define_create(TsmScript *script, int name, int to, bool if_not_exists)
{
	Definition	definition;
	int			open = tsm_language_skip_name(script, name, to);
	int			close = tsm_language_token(script, open)->match;
	char	   *calls;
	int			i;

	if (open == name || open >= to || !tsm_language_is_char(script, open, '(') || close < open)
		return;
	start_definition(&definition, script, name, open, true);
	define_elements(&definition, open, close);
	for (i = close + 1; i < to; i++)
	{
		if (tsm_language_are(script, i, to, "as select"))
			break;
		if (tsm_language_are(script, i, to, "with system versioning"))
		{
			definition.versioning = true;
			tsm_language_splice(script, i, i + 3, "");
			tsm_language_close_up(script, i - 1);
		}
	}
	check_versioning(&definition);
	calls = all_calls(&definition);
	if (calls[0] == '\0')
		return;
	if (if_not_exists)
		not_supported(script, name, "IF NOT EXISTS with temporal parts", "Look whether the table exists first.");
	tsm_language_insert_after(script, to - 1, calls);
}

/* One action of ALTER TABLE; gives its translation, "" when another does it too, or NULL when it is not temporal. */
static char *
define_action(Definition *definition, int from, int end)
{
	const TsmScript *script = definition->script;
	Definition	action = *definition;
	int			next;

	initStringInfo(&action.period_calls);
	initStringInfo(&action.key_calls);
	initStringInfo(&action.foreign_calls);
	action.versioning = false;
	action.excluded = NIL;
	if (tsm_language_are(script, from, end, "add system versioning") && from + 3 == end)
	{
		action.versioning = true;
		action.excluded = definition->excluded;
	}
	else if (tsm_language_are(script, from, end, "drop system versioning") &&
			 (from + 3 == end || (from + 4 == end && tsm_language_is(script, from + 3, "restrict"))))
		return psprintf("SELECT tsmem.drop_system_versioning(%s)", definition->rel);
	else if (tsm_language_are(script, from, end, "drop period for"))
	{
		const char *name = read_name(script, from + 3, end, &next);

		if (tsm_language_is(script, from + 3, "system_time"))
			not_supported(script, from, "DROP PERIOD FOR SYSTEM_TIME", "Write DROP SYSTEM VERSIONING.");
		if (next < end)
			tsm_language_syntax_error(script, next, NULL);
		return psprintf("SELECT tsmem.drop_period(%s, %s)", definition->rel, literal(name));
	}
	else if (tsm_language_are(script, from, end, "add period for"))
		define_period(&action, from + 2, end);
	else if (!tsm_language_is(script, from, "add") ||
			 !(define_constraint(&action, from + 1, end) ||
			   define_column(&action, from + (tsm_language_is(script, from + 1, "column") ? 2 : 1), end)))
	{
		if (definition->versioning && action.excluded != NIL)
			not_supported(script, from, "WITHOUT SYSTEM VERSIONING after ADD SYSTEM VERSIONING", "Put ADD SYSTEM VERSIONING last.");
		definition->excluded = list_concat(definition->excluded, action.excluded);
		return NULL;
	}
	definition->versioning = definition->versioning || action.versioning;
	definition->row_token = action.row_token;
	definition->periods = action.periods;
	return all_calls(&action)[0] == '\0' ? "" : all_calls(&action) + strlen("; ");
}

/*
 * ALTER TABLE name action, ... : each action becomes a statement of its own, in the order given, when one is temporal.
 */
static void
define_alter(TsmScript *script, int from, int name, int to)
{
	int			first = tsm_language_skip_name(script, name, to);
	Definition	definition;
	List	   *actions = NIL;
	ListCell   *cell;
	bool		temporal = false;
	bool		began = false;
	char	   *head;
	int			i;

	if (first == name || first >= to)
		return;
	start_definition(&definition, script, name, first, false);
	if (tsm_language_is_char(script, first, '*'))
		first++;
	for (i = first; i < to; i = end_of_element(script, i, to) + 1)
	{
		actions = lappend(actions, define_action(&definition, i, end_of_element(script, i, to)));
		temporal = temporal || llast(actions) != NULL;
	}
	check_versioning(&definition);
	if (!temporal)
		return;
	if (tsm_language_is(script, from + 2, "if"))
		not_supported(script, from + 2, "IF EXISTS with temporal actions", "Look whether the table exists first.");
	head = psprintf("%s ", tsm_language_render(script, from, first));
	tsm_language_splice(script, from, first, "");
	tsm_language_close_up(script, first - 1);
	i = first;
	foreach(cell, actions)
	{
		int			end = end_of_element(script, i, to);
		const char *translation = lfirst(cell);
		bool		nothing = translation != NULL && translation[0] == '\0';

		if (translation != NULL)
			tsm_language_splice(script, i, end, translation);
		else
			tsm_language_insert_before(script, i, head);
		if (i > first)
			tsm_language_splice(script, i - 1, i, nothing || !began ? "" : ";");
		began = began || !nothing;
		i = end + 1;
	}
}

void
tsm_language_define(TsmScript *script, int from, int to)
{
	int			i = from + 1;

	if (tsm_language_are(script, from, to, "alter table"))
	{
		i = from + 2;
		if (tsm_language_are(script, i, to, "if exists"))
			i += 2;
		if (tsm_language_is(script, i, "only"))
			i++;
		define_alter(script, from, i, to);
		return;
	}
	if (!tsm_language_is(script, from, "create"))
		return;
	if (tsm_language_is(script, i, "global") || tsm_language_is(script, i, "local"))
		i++;
	if (tsm_language_is(script, i, "temporary") || tsm_language_is(script, i, "temp") ||
		tsm_language_is(script, i, "unlogged"))
		i++;
	if (!tsm_language_is(script, i++, "table"))
		return;
	if (tsm_language_are(script, i, to, "if not exists"))
		define_create(script, i + 3, to, true);
	else
		define_create(script, i, to, false);
}
