/*-------------------------------------------------------------------------
 *
 * tsm_temporal_scan.c
 *	  A text as tokens, and as a text again.
 *
 * The scanner is the server's (core_yylex), so that comments, quoted names,
 * and strings of all kinds end where the server says they end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"

#include "tsm_temporal_language.h"

/*
 * Codes of the core scanner's tokens. They are the first that any grammar
 * built on it declares, in this order (parser/scanner.h); keywords follow.
 */
enum
{
	CORE_IDENT = 258,
	CORE_UIDENT,
	CORE_FCONST,
	CORE_SCONST,
	CORE_USCONST,
	CORE_BCONST,
	CORE_XCONST,
	CORE_OP,
	CORE_ICONST,
	CORE_PARAM,
	CORE_TYPECAST,
	CORE_DOT_DOT,
	CORE_COLON_EQUALS,
	CORE_EQUALS_GREATER,
	CORE_LESS_EQUALS,
	CORE_GREATER_EQUALS,
	CORE_NOT_EQUALS
};

const TsmToken tsm_language_outside = {.kind = TSM_TOKEN_END, .category = -1, .match = -1};

static void
classify(TsmToken *token, int code, const core_YYSTYPE *value, char first)
{
	token->category = -1;
	token->match = -1;
	switch (code)
	{
		case CORE_IDENT:
		case CORE_UIDENT:
			token->kind = TSM_TOKEN_WORD;
			token->quoted = first == '"' || code == CORE_UIDENT;
			token->unicode = code == CORE_UIDENT;
			token->word = value->str;
			break;
		case CORE_SCONST:
		case CORE_USCONST:
		case CORE_BCONST:
		case CORE_XCONST:
			token->kind = TSM_TOKEN_STRING;
			token->unicode = code != CORE_SCONST;
			token->word = value->str;
			break;
		case CORE_FCONST:
		case CORE_ICONST:
			token->kind = TSM_TOKEN_NUMBER;
			break;
		case CORE_PARAM:
			token->kind = TSM_TOKEN_PARAM;
			break;
		case CORE_TYPECAST:
			token->kind = TSM_TOKEN_CAST;
			break;
		default:
			if (code > CORE_NOT_EQUALS)
			{
				token->kind = TSM_TOKEN_WORD;
				token->word = value->keyword;
				token->category = ScanKeywordCategories[ScanKeywordLookup(value->keyword, &ScanKeywords)];
			}
			else if (code >= CORE_IDENT)
				token->kind = TSM_TOKEN_OPERATOR;
			else
			{
				token->kind = TSM_TOKEN_CHAR;
				token->character = (char) code;
			}
	}
}

/* Let brackets know each other. One without its other keeps -1: the server will say so. */
static void
match_brackets(TsmScript *script)
{
	int		   *open = palloc(sizeof(int) * (script->count + 1));
	int			depth = 0;
	int			i;

	for (i = 0; i < script->count; i++)
	{
		TsmToken   *token = &script->tokens[i];
		char		opening = token->character == ')' ? '(' : '[';

		if (token->kind != TSM_TOKEN_CHAR)
			continue;
		if (token->character == '(' || token->character == '[')
			open[depth++] = i;
		else if (token->character == ')' || token->character == ']')
		{
			if (depth == 0 || script->tokens[open[depth - 1]].character != opening)
				break;
			depth--;
			token->match = open[depth];
			script->tokens[open[depth]].match = i;
		}
	}
	pfree(open);
}

TsmScript *
tsm_language_scan(const char *text)
{
	TsmScript  *script = palloc0(sizeof(TsmScript));
	int			room = 64;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location;
	core_yyscan_t scanner;
	int			code;

	script->text = text;
	if (strlen(text) > TSM_LANGUAGE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text to translate is too long"),
				 errdetail("It has %zu bytes; the limit is %d.", strlen(text), TSM_LANGUAGE_MAX_BYTES)));
	script->length = strlen(text);
	script->tokens = palloc(sizeof(TsmToken) * room);
	scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
	/* The server warns when it scans the statement itself. */
	extra.escape_string_warning = false;
	while ((code = core_yylex(&value, &location, scanner)) != 0)
	{
		TsmToken   *token;

		CHECK_FOR_INTERRUPTS();
		if (script->count == room)
		{
			room *= 2;
			script->tokens = repalloc_huge(script->tokens, sizeof(TsmToken) * (Size) room);
		}
		token = &script->tokens[script->count++];
		memset(token, 0, sizeof(TsmToken));
		token->start = location;
		/* The scanner ends the token that it has read with a zero byte. */
		token->end = location + strlen(extra.scanbuf + location);
		classify(token, code, &value, text[location]);
	}
	scanner_finish(scanner);
	match_brackets(script);
	return script;
}

bool
tsm_language_is_char(const TsmScript *script, int i, char character)
{
	const TsmToken *token = tsm_language_token(script, i);

	return token->kind == TSM_TOKEN_CHAR && token->character == character;
}

bool
tsm_language_are(const TsmScript *script, int i, int end, const char *words)
{
	for (;;)
	{
		int			length = strcspn(words, " ");
		const TsmToken *token = tsm_language_token(script, i);

		if (i >= end || token->kind != TSM_TOKEN_WORD || token->quoted ||
			strlen(token->word) != length || strncmp(token->word, words, length) != 0)
			return false;
		if (words[length] == '\0')
			return true;
		words += length + 1;
		i++;
	}
}

/* What U&"..." means, with the given UESCAPE clause if one follows: only the server's parser tells. */
static const char *
decode_name(const TsmScript *script, int i)
{
	int			last = i;
	char	   *query;
	List	   *tree;
	SelectStmt *select;

	if (tsm_language_is(script, i + 1, "uescape") &&
		tsm_language_token(script, i + 2)->kind == TSM_TOKEN_STRING)
		last = i + 2;
	query = psprintf("TABLE %.*s", script->tokens[last].end - script->tokens[i].start,
					 script->text + script->tokens[i].start);
	tree = raw_parser(query, RAW_PARSE_DEFAULT);
	select = castNode(SelectStmt, linitial_node(RawStmt, tree)->stmt);
	return linitial_node(RangeVar, select->fromClause)->relname;
}

const char *
tsm_language_name(const TsmScript *script, int i)
{
	const TsmToken *token = tsm_language_token(script, i);

	Assert(token->kind == TSM_TOKEN_WORD);
	return token->unicode ? decode_name(script, i) : token->word;
}

int
tsm_language_position(const TsmScript *script, int i)
{
	const TsmToken *token = tsm_language_token(script, i);
	int			offset = token->kind == TSM_TOKEN_END ? script->length : token->start;

	return errposition(pg_mbstrlen_with_len(script->text, offset) + 1);
}

const char *
tsm_language_near(const TsmScript *script, int i)
{
	const TsmToken *token = tsm_language_token(script, i);

	if (token->kind == TSM_TOKEN_END)
		return "end of input";
	return pnstrdup(script->text + token->start, token->end - token->start);
}

void
tsm_language_syntax_error(const TsmScript *script, int i, const char *hint)
{
	if (tsm_language_token(script, i)->kind == TSM_TOKEN_END)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("syntax error at end of input"),
				 hint != NULL ? errhint("%s", hint) : 0,
				 tsm_language_position(script, i)));
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("syntax error at or near \"%s\"", tsm_language_near(script, i)),
			 hint != NULL ? errhint("%s", hint) : 0,
			 tsm_language_position(script, i)));
}

/* Whether there is nothing but space between two offsets. */
static bool
is_blank(const TsmScript *script, int from, int to)
{
	for (; from < to; from++)
	{
		if (!scanner_isspace(script->text[from]))
			return false;
	}
	return true;
}

void
tsm_language_splice(TsmScript *script, int from, int to, const char *text)
{
	int			i;

	script->changed = true;
	if (from == to)
	{
		tsm_language_insert_after(script, from - 1, text);
		return;
	}
	for (i = from; i < to; i++)
	{
		script->tokens[i].replace = "";
		script->tokens[i].before = script->tokens[i].after = NULL;
		if (i < to - 1)
			script->tokens[i].close_up = true;
	}
	script->tokens[from].replace = text;
}

void
tsm_language_replace(TsmScript *script, int from, int to, const char *text)
{
	int			i;

	tsm_language_splice(script, from, to, text);
	for (i = from; i < to - 1; i++)
		script->tokens[i].swallow = true;
}

void
tsm_language_insert_before(TsmScript *script, int i, const char *text)
{
	const char *before = script->tokens[i].before;

	script->changed = true;
	script->tokens[i].before = before == NULL ? text : psprintf("%s%s", before, text);
}

void
tsm_language_insert_after(TsmScript *script, int i, const char *text)
{
	const char *after = script->tokens[i].after;

	script->changed = true;
	script->tokens[i].after = after == NULL ? text : psprintf("%s%s", after, text);
}

void
tsm_language_close_up(TsmScript *script, int i)
{
	script->tokens[i].close_up = true;
}

/* Append tokens and what is between them; the space after the last is the caller's. */
static void
append_tokens(StringInfo result, const TsmScript *script, int from, int to)
{
	int			i;

	for (i = from; i < to; i++)
	{
		const TsmToken *token = &script->tokens[i];

		if (token->before != NULL)
			appendStringInfoString(result, token->before);
		if (token->replace != NULL)
			appendStringInfoString(result, token->replace);
		else
			appendBinaryStringInfo(result, script->text + token->start, token->end - token->start);
		if (token->after != NULL)
			appendStringInfoString(result, token->after);
		if (i + 1 < to && !token->swallow &&
			!(token->close_up && is_blank(script, token->end, script->tokens[i + 1].start)))
			appendBinaryStringInfo(result, script->text + token->end,
								   script->tokens[i + 1].start - token->end);
	}
}

char *
tsm_language_render(const TsmScript *script, int from, int to)
{
	StringInfoData result;

	initStringInfo(&result);
	append_tokens(&result, script, from, to);
	return result.data;
}

char *
tsm_language_render_all(const TsmScript *script)
{
	StringInfoData result;
	int			first = script->count > 0 ? script->tokens[0].start : script->length;
	int			last = script->count > 0 ? script->tokens[script->count - 1].end : script->length;

	initStringInfo(&result);
	appendBinaryStringInfo(&result, script->text, first);
	append_tokens(&result, script, 0, script->count);
	appendBinaryStringInfo(&result, script->text + last, script->length - last);
	return result.data;
}
