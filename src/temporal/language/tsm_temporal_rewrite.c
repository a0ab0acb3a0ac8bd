/*-------------------------------------------------------------------------
 *
 * tsm_temporal_rewrite.c
 *	  rewrite(text): statements in the standard's temporal grammar as
 *	  statements of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tsm_temporal_language.h"

PG_FUNCTION_INFO_V1(tsm_temporal_rewrite);

void
tsm_language_show_text(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(arg);
	}
}

/*
 * The index of the ";" that ends a statement, or the number of tokens. Those in parentheses and in the body of a
 * function (BEGIN ATOMIC ... END) end none.
 */
static int
end_of_statement(const TsmScript *script, int i)
{
	int			depth = 0;

	for (; i < script->count; i++)
	{
		const TsmToken *token = &script->tokens[i];

		if (token->match > i)
			i = token->match;
		else if (tsm_language_are(script, i, script->count, "begin atomic"))
			depth++;
		else if (depth > 0 && tsm_language_is(script, i, "case"))
			depth++;
		else if (depth > 0 && tsm_language_is(script, i, "end"))
			depth--;
		else if (depth == 0 && tsm_language_is_char(script, i, ';'))
			break;
	}
	return i;
}

/*
 * Whether a text has any of the words without which nothing in it can be temporal. Most texts have none, and are spared
 * the walk.
 */
static bool
may_be_temporal(const TsmScript *script)
{
	static const char *const words[] = {
		"application_time", "business_time", "contains", "equals", "generated", "overlaps", "period", "portion", "precedes",
		"succeeds", "system_time", "valid", "valid_time", "versioning", "versions"
	};
	int			i;
	int			k;

	for (i = 0; i < script->count; i++)
	{
		const TsmToken *token = &script->tokens[i];

		if (token->kind != TSM_TOKEN_WORD || token->quoted)
			continue;
		for (k = 0; k < lengthof(words); k++)
		{
			if (token->word[0] == words[k][0] && strcmp(token->word, words[k]) == 0)
				return true;
		}
		if ((token->word[0] == 'f' || token->word[0] == 'a') && tsm_language_is_clause(script, i, script->count))
			return true;
	}
	return false;
}

char *
tsm_language_rewrite(const char *text, int *statements)
{
	ErrorContextCallback callback = {error_context_stack, tsm_language_show_text, unconstify(char *, text)};
	TsmScript  *script;
	char	   *result;
	bool		walk;
	int			count = 0;
	int			from;
	int			to;

	error_context_stack = &callback;
	script = tsm_language_scan(text);
	walk = may_be_temporal(script);
	for (from = 0; from < script->count; from = to + 1)
	{
		to = end_of_statement(script, from);
		if (to == from)
			continue;
		count++;
		if (!walk)
			continue;
		tsm_language_define(script, from, to);
		tsm_language_walk(script, from, to);
	}
	result = script->changed ? tsm_language_render_all(script) : unconstify(char *, text);
	error_context_stack = callback.previous;
	if (statements != NULL)
		*statements = count;
	return result;
}

/* rewrite(text) → text */
Datum
tsm_temporal_rewrite(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem rewrite",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	char	   *rewritten = tsm_language_rewrite(text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL);
	text	   *result;

	MemoryContextSwitchTo(old);
	result = cstring_to_text(rewritten);
	MemoryContextDelete(context);
	PG_RETURN_TEXT_P(result);
}
