/*-------------------------------------------------------------------------
 *
 * tsm_temporal_language.h
 *	  Private to the translation of the standard's grammar.
 *
 * A text is cut into tokens by the server's own scanner. The translation
 * looks at tokens and notes on them what changes; what it leaves alone comes
 * out byte for byte, comments and space included. Functions that look at
 * tokens take the index of one and the index after the last they may look at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_LANGUAGE_H
#define TSM_TEMPORAL_LANGUAGE_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "tsm_temporal_int.h"

/* Longest text that is translated, in bytes. */
#define TSM_LANGUAGE_MAX_BYTES (16 * 1024 * 1024)

typedef enum TsmTokenKind
{
	TSM_TOKEN_END,				/* before the first and after the last */
	TSM_TOKEN_WORD,				/* keyword or name */
	TSM_TOKEN_STRING,			/* any string constant */
	TSM_TOKEN_NUMBER,
	TSM_TOKEN_PARAM,			/* $1 */
	TSM_TOKEN_CAST,				/* :: */
	TSM_TOKEN_OPERATOR,			/* of more than one character, or user-defined */
	TSM_TOKEN_CHAR				/* a character that stands for itself */
} TsmTokenKind;

typedef struct TsmToken
{
	TsmTokenKind kind;
	char		character;		/* TSM_TOKEN_CHAR */
	bool		quoted;			/* a word in double quotes */
	bool		unicode;		/* a word or string written U&: word is not decoded */
	int			category;		/* a word that is a keyword: its category (common/keywords.h), else -1 */
	const char *word;			/* a word as the server folds it; a string's value */
	int			start;			/* offset of the first byte */
	int			end;			/* offset after the last byte */
	int			match;			/* index of the other bracket, or -1 */

	/* What changes. */
	const char *replace;		/* instead of the token, or NULL */
	const char *after;			/* following the token, or NULL */
	const char *before;			/* preceding the token, or NULL */
	bool		close_up;		/* space after the token goes, if there is no comment in it */
	bool		swallow;		/* what is between the token and the next goes, comments too */
} TsmToken;

typedef struct TsmScript
{
	const char *text;
	int			length;
	TsmToken   *tokens;
	int			count;
	bool		changed;
} TsmScript;

/* Where a translation stands in the nesting of a statement; tsm_temporal_walk.c. */
typedef struct TsmFrame TsmFrame;

/* tsm_temporal_scan.c */

/*
 * Cut a text into tokens, in the current memory context. Errors of the server's scanner (42601, 22P06 and
 * others) have their position; 54000 for a text that is too long.
 */
extern TsmScript *tsm_language_scan(const char *text);

/* A token; one of kind TSM_TOKEN_END outside the script. */
extern const TsmToken tsm_language_outside;

static inline const TsmToken *
tsm_language_token(const TsmScript *script, int i)
{
	return i < 0 || i >= script->count ? &tsm_language_outside : &script->tokens[i];
}

/* Whether a token is the given keyword or word, unquoted; the given character. */
static inline bool
tsm_language_is(const TsmScript *script, int i, const char *word)
{
	const TsmToken *token = tsm_language_token(script, i);

	return token->kind == TSM_TOKEN_WORD && !token->quoted && token->word[0] == word[0] && strcmp(token->word, word) == 0;
}

extern bool tsm_language_is_char(const TsmScript *script, int i, char character);

/* Whether tokens are these words, separated by single blanks, unquoted. */
extern bool tsm_language_are(const TsmScript *script, int i, int end, const char *words);

/* The name that a word is; decodes U&"...". */
extern const char *tsm_language_name(const TsmScript *script, int i);

/* errposition() of a token; of the end of the text after the last. */
extern int	tsm_language_position(const TsmScript *script, int i);

/* A token as an error message quotes it. */
extern const char *tsm_language_near(const TsmScript *script, int i);

/* 42601 at a token: "syntax error at or near ...", with a hint, or NULL for none. */
pg_noreturn extern void tsm_language_syntax_error(const TsmScript *script, int i, const char *hint);

/*
 * Put a text in the place of tokens; comments between them are kept after it. Of no tokens (to = from): insert it
 * after token from - 1.
 */
extern void tsm_language_splice(TsmScript *script, int from, int to, const char *text);

/* Put a text in the place of tokens and of all that is between them. */
extern void tsm_language_replace(TsmScript *script, int from, int to, const char *text);

/* Insert a text before, or after, a token. */
extern void tsm_language_insert_before(TsmScript *script, int i, const char *text);
extern void tsm_language_insert_after(TsmScript *script, int i, const char *text);

/* Leave out the space after a token, unless there is a comment in it. */
extern void tsm_language_close_up(TsmScript *script, int i);

/* The tokens as they are now, and what is between them. palloc'd. */
extern char *tsm_language_render(const TsmScript *script, int from, int to);

/* The whole text as it is now. palloc'd. */
extern char *tsm_language_render_all(const TsmScript *script);

/* tsm_temporal_operand.c */

/* The index after a (qualified) name of a table or function; i when there is none. */
extern int	tsm_language_skip_name(const TsmScript *script, int i, int end);

/* The name between two tokens; 42601 when it has more than three parts. */
extern RangeVar *tsm_language_range_var(const TsmScript *script, int from, int to);

/* The index after the operand that begins at a token; i when none begins there. */
extern int	tsm_language_skip_operand(const TsmScript *script, int i, int end);

/* Likewise of operands with arithmetic operators between them. */
extern int	tsm_language_skip_value(const TsmScript *script, int i, int end);

/* Whether an unquoted word between two operands is a period predicate; *after: the token after it. */
extern bool tsm_language_is_predicate(const TsmScript *script, int i, int end, int *after);

/* Whether a name has a part in the grammar of expressions, so that an operand may follow it: BY, ZONE and their like. */
extern bool tsm_language_is_connective(const TsmScript *script, int i);

/*
 * Translate the period predicate whose left operand is left..i-1. Gives the index after its right operand. 42601 when
 * an operand is not one, or when an operator beside it leaves open what belongs to it.
 */
extern int	tsm_language_predicate(TsmScript *script, int left, int i, int end);

/* tsm_temporal_walk.c */

/* Translate the tokens of a script from one to another. */
extern void tsm_language_walk(TsmScript *script, int from, int to);

/* Translate an expression within a frame. */
extern void tsm_language_walk_expression(TsmFrame *frame, int from, int to);

/* Whether an unqualified name is that of a common table expression in scope. */
extern bool tsm_language_is_cte(const TsmFrame *frame, const char *name);

/* tsm_temporal_reference.c */

/*
 * A table in a list of tables, whose name is from..to-1: translates its temporal clauses. Gives the index after name,
 * clauses and alias. 42601 for a clause that is none, 42P01, 42809, 55000, 42704 for the table or period. only: it
 * follows ONLY.
 */
extern int	tsm_language_table(TsmScript *script, TsmFrame *frame, int from, int to, int end, bool only);

/* The table that a name means: 42P01 when there is none, 42809 for a common table expression. */
extern Oid	tsm_language_find_table(const TsmScript *script, const TsmFrame *frame, int from, int to);

/*
 * The period of a table that a token names, or the only one for VALID_TIME and its like, or without a token (-1).
 * 42704 when it has none of that name, 55000 when it has none or more than one; clause: the token for their position.
 */
extern TsmTemporalPeriod *tsm_language_find_period(const TsmScript *script, Oid relid, int name, int clause);

/* The qualified names of the range type of a period and of its elements. */
extern void tsm_language_period_types(const TsmTemporalPeriod *period, const char **range, const char **element);

/* The index after an alias with its columns; i when none begins there. */
extern int	tsm_language_skip_alias(const TsmScript *script, int i, int end);

/* Whether a temporal clause begins at a token of a list of tables. */
extern bool tsm_language_is_clause(const TsmScript *script, int i, int end);

/* tsm_temporal_change.c */

/* UPDATE or DELETE FOR PORTION OF, as written. */
typedef struct TsmPortion
{
	int			name;			/* tokens name..name_end-1 */
	int			name_end;
	int			alias;			/* tokens alias..alias_end-1, with AS; alias = alias_end without */
	int			alias_end;
	int			clause;			/* FOR */
	int			period;			/* the token of its name */
	int			from[2];		/* tokens of the bounds; of a range in parentheses: to[0] = to[1] */
	int			to[2];
	int			end;			/* after name, clause and alias */
} TsmPortion;

/* Whether FOR PORTION OF follows the name of the table from..to-1, and an alias; reads it. 42601 when it is malformed. */
extern bool tsm_language_read_portion(const TsmScript *script, int from, int to, int end, TsmPortion *portion);

/* UPDATE: becomes one of the view; gives the index after SET. */
extern int	tsm_language_update_portion(TsmScript *script, TsmFrame *frame, const TsmPortion *portion, int end);

/*
 * DELETE, of which everything else has been translated, from its first token (WITH or DELETE) to end: becomes one
 * SELECT. with: tokens of its common table expressions without WITH; none where both are equal.
 */
extern void tsm_language_delete_portion(TsmScript *script, TsmFrame *frame, const TsmPortion *portion,
										const int with[2], int from, int end);

/* tsm_temporal_define.c */

/* Translate a statement (without its ";") if it is CREATE TABLE or ALTER TABLE with temporal parts. */
extern void tsm_language_define(TsmScript *script, int from, int to);

/* tsm_temporal_rewrite.c */

/*
 * Translate a text; gives the text itself when nothing in it is temporal. Errors show the text as an internal query,
 * with the position in it. *statements, unless NULL: their number, before translation. In the current memory context.
 */
extern char *tsm_language_rewrite(const char *text, int *statements);

/*
 * An error context callback: the position of an error is in the text that is its argument, not in the statement that
 * the client has sent.
 */
extern void tsm_language_show_text(void *arg);

/* tsm_temporal_query.c */

/* The statements of a translated text, as raw_parser gives them; errors show it as an internal query. */
extern List *tsm_language_parse(const char *text);

/* The text of one of them. palloc'd. */
extern char *tsm_language_statement_text(const RawStmt *statement, const char *text);

/* 0A000 for statements that cannot run within another: transaction control, COPY from or to the client. */
extern void tsm_language_check_statement(const RawStmt *statement);

#endif							/* TSM_TEMPORAL_LANGUAGE_H */
