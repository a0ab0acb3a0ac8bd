/*-------------------------------------------------------------------------
 *
 * tsm_temporal_change.c
 *	  UPDATE and DELETE FOR PORTION OF.
 *
 * UPDATE becomes one of the view that the period has, which sets the period
 * to the portion; DELETE one statement that deletes rows and inserts what is
 * left of them (period/tsm_temporal_portion.h).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "tsm_temporal_language.h"
#include "tsm_temporal_portion.h"

/* A bound; gives the index after it. */
static int
read_bound(const TsmScript *script, int i, int end, int bound[2])
{
	bound[0] = i;
	bound[1] = tsm_language_skip_value(script, i, end);
	if (bound[1] == i)
		tsm_language_syntax_error(script, i < end ? i : script->count, "A bound of the portion is expected here.");
	return bound[1];
}

/* FOR PORTION OF p FROM a TO b, or (range). */
static int
read_clause(const TsmScript *script, int i, int end, TsmPortion *portion)
{
	const TsmToken *period = tsm_language_token(script, i + 3);

	portion->clause = i;
	portion->period = i + 3;
	if (period->kind != TSM_TOKEN_WORD || i + 3 >= end)
		tsm_language_syntax_error(script, i + 3 < end ? i + 3 : script->count, "The name of a period is expected here.");
	if (tsm_language_is(script, i + 3, "system_time"))
		tsm_language_syntax_error(script, i + 3, "System time has no portions.");
	i += period->unicode && tsm_language_is(script, i + 4, "uescape") ? 6 : 4;
	if (tsm_language_is_char(script, i, '(') && script->tokens[i].match > i)
	{
		portion->from[0] = i;
		portion->from[1] = portion->to[0] = portion->to[1] = script->tokens[i].match + 1;
		return portion->to[1];
	}
	if (!tsm_language_is(script, i, "from"))
		tsm_language_syntax_error(script, i < end ? i : script->count, "FROM is expected here.");
	i = read_bound(script, i + 1, end, portion->from);
	if (i >= end || !tsm_language_is(script, i, "to"))
		tsm_language_syntax_error(script, i < end ? i : script->count, "TO is expected here.");
	return read_bound(script, i + 1, end, portion->to);
}

bool
tsm_language_read_portion(const TsmScript *script, int from, int to, int end, TsmPortion *portion)
{
	bool		found = false;
	int			i = to;
	int			next;

	memset(portion, 0, sizeof(TsmPortion));
	portion->name = from;
	portion->name_end = to;
	if (tsm_language_is_char(script, i, '*'))
		i++;
	for (;;)
	{
		if (!found && tsm_language_are(script, i, end, "for portion of"))
		{
			i = read_clause(script, i, end, portion);
			found = true;
		}
		else if (portion->alias == portion->alias_end && (next = tsm_language_skip_alias(script, i, end)) > i)
		{
			portion->alias = i;
			portion->alias_end = i = next;
		}
		else
			break;
	}
	portion->end = i;
	return found;
}

/* The table of a portion and its period; the bounds are translated. */
static TsmTemporalPeriod *
start_portion(TsmScript *script, TsmFrame *frame, const TsmPortion *portion)
{
	Oid			relid = tsm_language_find_table(script, frame, portion->name, portion->name_end);
	TsmTemporalPeriod *period = tsm_language_find_period(script, relid, portion->period, portion->clause);

	if (tsm_language_is(script, portion->name - 1, "only"))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ONLY cannot be combined with a temporal clause"),
				 tsm_language_position(script, portion->name - 1)));
	tsm_language_walk_expression(frame, portion->from[0], portion->from[1]);
	tsm_language_walk_expression(frame, portion->to[0], portion->to[1]);
	return period;
}

/* The alias without AS; the name of the table, as a name of one, without. */
static const char *
alias_of(const TsmScript *script, const TsmPortion *portion)
{
	int			i = portion->alias;

	if (portion->alias == portion->alias_end)
		return quote_identifier(tsm_language_range_var(script, portion->name, portion->name_end)->relname);
	return tsm_language_render(script, i + (tsm_language_is(script, i, "as") ? 1 : 0), portion->alias_end);
}

/* 42601 for a column of the period that is set too: the portion sets it. */
static void
check_set(const TsmScript *script, int i, int end, const TsmTemporalPeriod *period)
{
	static const char *const after[] = {"from", "where", "returning"};
	bool		target = true;
	int			k;

	for (; i < end && !tsm_language_is_char(script, i, ';'); i++)
	{
		const TsmToken *token = &script->tokens[i];

		for (k = 0; k < lengthof(after); k++)
		{
			if (tsm_language_is(script, i, after[k]) && !tsm_language_is(script, i - 1, "distinct"))
				return;
		}
		if (token->kind == TSM_TOKEN_WORD && target && !tsm_language_is_char(script, i - 1, '.'))
		{
			const char *name = tsm_language_name(script, i);

			if (strcmp(name, period->name) == 0 ||
				(period->from_column != NULL &&
				 (strcmp(name, period->from_column) == 0 || strcmp(name, period->to_column) == 0)))
				tsm_language_syntax_error(script, i, "FOR PORTION OF sets the columns of the period.");
		}
		/* A list of targets is looked into; other brackets are passed over. */
		if (token->match > i && !target)
			i = token->match;
		else if (tsm_language_is_char(script, i, '='))
			target = false;
		else if (tsm_language_is_char(script, i, ',') && !target)
			target = true;
	}
}

int
tsm_language_update_portion(TsmScript *script, TsmFrame *frame, const TsmPortion *portion, int end)
{
	TsmTemporalPeriod *period = start_portion(script, frame, portion);
	bool		is_range = portion->to[0] == portion->to[1];
	const char *range;
	const char *element;
	char	   *head;

	if (!tsm_language_is(script, portion->end, "set") || portion->end >= end)
		tsm_language_syntax_error(script, portion->end < end ? portion->end : script->count, "SET is expected here.");
	if (!OidIsValid(period->portion_view) || get_rel_relkind(period->portion_view) != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("period \"%s\" of table \"%s\" has no view for its portions", period->name,
						get_rel_name(period->rel)),
				 errhint("Drop the period and add it again."),
				 tsm_language_position(script, portion->clause)));
	check_set(script, portion->end + 1, end, period);
	tsm_language_period_types(period, &range, &element);
	head = psprintf("%s AS %s SET %s = %s%s", tsm_delta_relation_name(period->portion_view), alias_of(script, portion),
					quote_identifier(period->name), is_range ? "" : range, is_range ? "" : "((");
	tsm_language_splice(script, portion->name, portion->from[0], head);
	tsm_language_close_up(script, portion->from[0] - 1);
	tsm_language_close_up(script, portion->from[1] - 1);
	if (!is_range)
	{
		tsm_language_splice(script, portion->from[1], portion->to[0], psprintf(")::%s, (", element));
		tsm_language_close_up(script, portion->to[0] - 1);
		tsm_language_close_up(script, portion->to[1] - 1);
	}
	tsm_language_splice(script, portion->to[1], portion->end + 1, is_range ? "," : psprintf(")::%s),", element));
	return portion->end + 1;
}

/* The text of a part of DELETE that follows a word, up to the next part; NULL without. */
static char *
part_of(const TsmScript *script, int i, int end, const char *word)
{
	static const char *const parts[] = {"using", "where", "returning"};
	int			from = -1;
	int			k;

	for (; i < end; i++)
	{
		if (script->tokens[i].match > i)
			i = script->tokens[i].match;
		for (k = 0; k < lengthof(parts); k++)
		{
			/* A join of the list after USING has a USING of its own, with parentheses. */
			if (!tsm_language_is(script, i, parts[k]) || tsm_language_is_char(script, i - 1, '.') ||
				(k == 0 && from >= 0))
				continue;
			if (from >= 0)
				return tsm_language_render(script, from, i);
			if (strcmp(parts[k], word) == 0)
				from = i + 1;
		}
	}
	return from >= 0 && from < end ? tsm_language_render(script, from, end) : NULL;
}

void
tsm_language_delete_portion(TsmScript *script, TsmFrame *frame, const TsmPortion *portion, const int with[2],
							int from, int end)
{
	TsmTemporalPeriod *period = start_portion(script, frame, portion);
	const char *range;
	const char *element;
	char	   *value;

	tsm_language_period_types(period, &range, &element);
	if (portion->to[0] == portion->to[1])
		value = psprintf("%s::%s", tsm_language_render(script, portion->from[0], portion->from[1]), range);
	else
		value = psprintf("%s((%s\n)::%s, (%s\n)::%s)", range,
						 tsm_language_render(script, portion->from[0], portion->from[1]), element,
						 tsm_language_render(script, portion->to[0], portion->to[1]), element);
	tsm_language_replace(script, from, end,
						 tsm_temporal_delete_portion_sql(period->rel, period->name, value, alias_of(script, portion),
														 with[0] < with[1] ? tsm_language_render(script, with[0], with[1]) : NULL,
														 part_of(script, portion->end, end, "using"),
														 part_of(script, portion->end, end, "where"),
														 part_of(script, portion->end, end, "returning")));
}
