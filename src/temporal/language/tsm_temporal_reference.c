/*-------------------------------------------------------------------------
 *
 * tsm_temporal_reference.c
 *	  Tables as of another time in a list of tables.
 *
 * The times stay where they are in the text; what is around them is replaced:
 *
 *	  t FOR SYSTEM_TIME AS OF x a		s.t_as_of(x) a
 *	  t FOR VALID_TIME AS OF x a		(SELECT v.* FROM s.t v CROSS JOIN (SELECT (x)::date AS f) y WHERE ...) a
 *
 * A subquery takes the times from a list of their own (y, z), so that no name
 * in them can mean a column of the table; the planner pulls it up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_language.h"

/* No more clauses than one an axis. */
#define MAX_CLAUSES 2

/* The first are in the order of the generated functions (tsm_temporal_generate.c). */
typedef enum How
{
	HOW_AS_OF,
	HOW_FROM_TO,
	HOW_BETWEEN,
	HOW_SYMMETRIC,
	HOW_TRANSACTION,
	HOW_ALL
} How;

typedef struct Clause
{
	bool		system;			/* system time, or a period */
	How			how;
	int			first;			/* tokens first..last-1 */
	int			last;
	int			period;			/* token of its name; -1 for the only period of the table */
	int			nvalues;
	int			value[2][2];	/* tokens of a time: from, to */
} Clause;

/* A table with its clauses and alias, as written. */
typedef struct Reference
{
	int			name;			/* tokens name..name_end-1 */
	int			name_end;
	Clause		clauses[MAX_CLAUSES];
	int			nclauses;
	int			alias;			/* tokens alias..alias_end-1; with AS and columns; alias = alias_end without */
	int			alias_end;
	int			end;
	Oid			relid;
} Reference;

static const char *const times[] = {"system_time", "valid_time", "business_time", "application_time"};

static bool
is_time(const TsmScript *script, int i)
{
	int			k;

	for (k = 0; k < lengthof(times); k++)
	{
		if (tsm_language_is(script, i, times[k]))
			return true;
	}
	return false;
}

/* What follows FOR and a name in a temporal clause. */
static bool
is_specification(const TsmScript *script, int i, int end)
{
	return tsm_language_are(script, i, end, "as of") || tsm_language_are(script, i, end, "from") ||
		tsm_language_are(script, i, end, "between") || tsm_language_are(script, i, end, "all");
}

/* AS OF is a temporal clause where no alias "of" can be meant. */
static bool
is_as_of(const TsmScript *script, int i, int end)
{
	return tsm_language_are(script, i, end, "as of valid") || tsm_language_are(script, i, end, "as of transaction") ||
		tsm_language_are(script, i, end, "as of timestamp") || tsm_language_are(script, i, end, "as of period for");
}

bool
tsm_language_is_clause(const TsmScript *script, int i, int end)
{
	if (tsm_language_is(script, i, "for") && i + 1 < end)
	{
		const TsmToken *word = tsm_language_token(script, i + 1);
		int			next = i + 2 + (word->unicode && tsm_language_is(script, i + 2, "uescape") ? 2 : 0);

		if (tsm_language_is(script, i + 1, "all"))
			return i + 2 < end && is_time(script, i + 2);
		return word->kind == TSM_TOKEN_WORD && word->category != RESERVED_KEYWORD &&
			(is_time(script, i + 1) || is_specification(script, next, end));
	}
	return is_as_of(script, i, end) || tsm_language_are(script, i, end, "between valid") ||
		tsm_language_are(script, i, end, "versions between") || tsm_language_are(script, i, end, "versions period for");
}

/* One time; gives the index after it. Oracle's TIMESTAMP before an expression means nothing here. */
static int
read_value(const TsmScript *script, int i, int end, Clause *clause)
{
	int		   *value = clause->value[clause->nvalues];
	int			next;

	if (tsm_language_is(script, i, "timestamp") &&
		tsm_language_token(script, i + 1)->kind != TSM_TOKEN_STRING && !tsm_language_is_char(script, i + 1, '(') &&
		!tsm_language_is(script, i + 1, "with") && !tsm_language_is(script, i + 1, "without"))
		i++;
	next = tsm_language_skip_value(script, i, end);
	if (next == i)
		tsm_language_syntax_error(script, i < end ? i : script->count, "A time is expected here.");
	value[0] = i;
	value[1] = next;
	clause->nvalues++;
	return next;
}

/* Two times with a word between them. */
static int
read_range(const TsmScript *script, int i, int end, const char *separator, Clause *clause)
{
	i = read_value(script, i, end, clause);
	if (i >= end || !tsm_language_is(script, i, separator))
		tsm_language_syntax_error(script, i < end ? i : script->count,
								  strcmp(separator, "to") == 0 ? "TO is expected here." : "AND is expected here.");
	return read_value(script, i + 1, end, clause);
}

/* What follows FOR and the name of the time: AS OF x, FROM a TO b, BETWEEN a AND b, ALL. */
static int
read_specification(const TsmScript *script, int i, int end, Clause *clause)
{
	if (clause->system && tsm_language_are(script, i, end, "as of transaction"))
	{
		clause->how = HOW_TRANSACTION;
		return read_value(script, i + 3, end, clause);
	}
	if (tsm_language_are(script, i, end, "as of"))
	{
		clause->how = HOW_AS_OF;
		return read_value(script, i + 2, end, clause);
	}
	if (tsm_language_are(script, i, end, "from"))
	{
		clause->how = HOW_FROM_TO;
		return read_range(script, i + 1, end, "to", clause);
	}
	if (tsm_language_are(script, i, end, "between"))
	{
		clause->how = HOW_BETWEEN;
		if (tsm_language_is(script, ++i, "symmetric"))
			clause->how = HOW_SYMMETRIC;
		if (tsm_language_is(script, i, "symmetric") || tsm_language_is(script, i, "asymmetric"))
			i++;
		return read_range(script, i, end, "and", clause);
	}
	if (tsm_language_are(script, i, end, "all"))
	{
		clause->how = HOW_ALL;
		return i + 1;
	}
	tsm_language_syntax_error(script, i < end ? i : script->count, "AS OF, FROM, BETWEEN or ALL is expected here.");
	return i;					/* not reached */
}

/* The name of a period; the index after it. */
static int
read_period(const TsmScript *script, int i, int end, Clause *clause)
{
	const TsmToken *token = tsm_language_token(script, i);

	if (i >= end || token->kind != TSM_TOKEN_WORD)
		tsm_language_syntax_error(script, i < end ? i : script->count, "The name of a period is expected here.");
	clause->system = tsm_language_is(script, i, "system_time");
	clause->period = i;
	return i + (token->unicode && tsm_language_is(script, i + 1, "uescape") ? 3 : 1);
}

/* A clause that tsm_language_is_clause has found; the index after it. */
static int
read_clause(const TsmScript *script, int i, int end, Clause *clause)
{
	memset(clause, 0, sizeof(Clause));
	clause->first = i;
	clause->period = -1;
	if (tsm_language_are(script, i, end, "for all"))
	{
		clause->how = HOW_ALL;
		return read_period(script, i + 2, end, clause);
	}
	if (tsm_language_is(script, i, "for"))
		return read_specification(script, read_period(script, i + 1, end, clause), end, clause);
	if (tsm_language_are(script, i, end, "as of period for"))
		return read_value(script, read_period(script, i + 4, end, clause), end, clause);
	if (tsm_language_are(script, i, end, "as of valid"))
		return read_value(script, i + 3, end, clause);
	if (tsm_language_are(script, i, end, "between valid"))
	{
		clause->how = HOW_BETWEEN;
		return read_range(script, i + 2, end, "and", clause);
	}
	if (tsm_language_are(script, i, end, "versions period for"))
		return read_specification(script, read_period(script, i + 3, end, clause), end, clause);
	clause->system = true;
	if (tsm_language_are(script, i, end, "as of timestamp"))
		return read_value(script, i + 2, end, clause);
	if (tsm_language_are(script, i, end, "as of transaction"))
	{
		clause->how = HOW_TRANSACTION;
		return read_value(script, i + 3, end, clause);
	}
	clause->how = HOW_BETWEEN;
	return read_range(script, i + 2, end, "and", clause);	/* VERSIONS BETWEEN */
}

int
tsm_language_skip_alias(const TsmScript *script, int i, int end)
{
	const TsmToken *token;
	bool		as = i < end && tsm_language_is(script, i, "as");
	int			next = i + (as ? 1 : 0);

	token = tsm_language_token(script, next);
	if (next >= end || token->kind != TSM_TOKEN_WORD || token->category == RESERVED_KEYWORD ||
		token->category == TYPE_FUNC_NAME_KEYWORD || tsm_language_is_clause(script, i, end))
		return i;
	if (!as && tsm_language_is(script, next, "set"))
		return i;
	next += token->unicode && tsm_language_is(script, next + 1, "uescape") ? 3 : 1;
	if (tsm_language_is_char(script, next, '(') && script->tokens[next].match > next)
		next = script->tokens[next].match + 1;
	return next;
}

/* Read what follows the name of a table: "*", an alias, clauses, in any order. */
static void
read_reference(const TsmScript *script, int end, Reference *reference)
{
	int			i = reference->name_end;
	int			next;

	if (tsm_language_is_char(script, i, '*'))
		i++;
	for (;;)
	{
		if (i < end && tsm_language_is_clause(script, i, end))
		{
			Clause		clause;

			next = read_clause(script, i, end, &clause);
			clause.last = next;
			if (reference->nclauses == MAX_CLAUSES ||
				(reference->nclauses == 1 && reference->clauses[0].system == clause.system))
				tsm_language_syntax_error(script, i, "A table has one clause for system time and one for a period.");
			reference->clauses[reference->nclauses++] = clause;
			i = next;
		}
		else if (reference->alias == reference->alias_end && (next = tsm_language_skip_alias(script, i, end)) > i)
		{
			reference->alias = i;
			reference->alias_end = i = next;
		}
		else
			break;
	}
	reference->end = i;
}

Oid
tsm_language_find_table(const TsmScript *script, const TsmFrame *frame, int from, int to)
{
	RangeVar   *name = tsm_language_range_var(script, from, to);
	Oid			relid;

	if (name->schemaname == NULL && tsm_language_is_cte(frame, name->relname))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("common table expression \"%s\" has no system time or period", name->relname),
				 errhint("Put the temporal clause on the tables in its query."),
				 tsm_language_position(script, from)));
	relid = RangeVarGetRelid(name, NoLock, true);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 name->schemaname == NULL ? errmsg("relation \"%s\" does not exist", name->relname) :
				 errmsg("relation \"%s.%s\" does not exist", name->schemaname, name->relname),
				 tsm_language_position(script, from)));
	return relid;
}

/* The name of a generated function of a table that is there; NULL when it is not. */
static char *
generated_function(const TsmVersionedTable *table, How how)
{
	const char *name = how < list_length(table->functions) ? list_nth(table->functions, how) : NULL;
	ListCell   *cell;

	foreach(cell, tsm_temporal_functions(table))
	{
		if (name != NULL && strcmp(get_func_name(lfirst_oid(cell)), name) == 0)
			return quote_qualified_identifier(get_namespace_name(get_func_namespace(lfirst_oid(cell))), name);
	}
	return NULL;
}

/* The columns of a table, each after "u.". */
static char *
columns_of(Relation rel)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < RelationGetDescr(rel)->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);

		if (!attribute->attisdropped)
			appendStringInfo(&list, "%su.%s", list.len > 0 ? ", " : "", quote_identifier(NameStr(attribute->attname)));
	}
	return list.data;
}

/*
 * A system-versioned table in pieces: what stands before, between and after its times. Without alias.
 */
static void
system_pieces(const TsmScript *script, const Reference *reference, const Clause *clause,
			  char **before, char **between, char **after)
{
	static const char *const conditions[] = {
		"u.row_start OPERATOR(pg_catalog.<=) z.f AND u.row_end OPERATOR(pg_catalog.>) z.f",
		"u.row_start OPERATOR(pg_catalog.<) z.t AND u.row_end OPERATOR(pg_catalog.>) z.f AND z.f OPERATOR(pg_catalog.<) z.t",
		"u.row_start OPERATOR(pg_catalog.<=) z.t AND u.row_end OPERATOR(pg_catalog.>) z.f AND z.f OPERATOR(pg_catalog.<=) z.t",
		"u.row_start OPERATOR(pg_catalog.<=) GREATEST(z.f, z.t) AND u.row_end OPERATOR(pg_catalog.>) LEAST(z.f, z.t) "
		"AND z.f IS NOT NULL AND z.t IS NOT NULL",
		NULL,
		"true"
	};
	static const char *const earliest[] = {"z.f", "z.f", "z.f", "LEAST(z.f, z.t)"};
	static const char *const period = ", u.row_end, pg_catalog.tstzrange(u.row_start, NULLIF(u.row_end, "
		"'infinity'::pg_catalog.timestamptz)) AS sys_period";
	TsmVersionedTable *table = tsm_delta_find(reference->relid);
	Relation	rel;
	char	   *function;
	const char *type = clause->how == HOW_TRANSACTION ? "pg_catalog.text" : "pg_catalog.timestamptz";
	bool		instant = clause->how == HOW_AS_OF || clause->how == HOW_TRANSACTION;

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not system-versioned", get_rel_name(reference->relid)),
				 errhint("Version it with tsmem.add_system_versioning."),
				 tsm_language_position(script, clause->first)));
	function = clause->how == HOW_ALL ? NULL : generated_function(table, clause->how);
	*between = ", ";
	*after = ")";
	if (function != NULL)
	{
		*before = psprintf("%s(", function);
		return;
	}
	if (clause->how == HOW_ALL && OidIsValid(table->versions) && get_rel_relkind(table->versions) == RELKIND_VIEW)
	{
		*before = tsm_delta_relation_name(table->versions);
		*after = "";
		return;
	}
	/* Without the generated objects. */
	rel = table_open(reference->relid, AccessShareLock);
	*before = psprintf("(SELECT %s%s FROM %s%s", columns_of(rel), instant ? "" : period,
					   tsm_temporal_all_versions(rel, list_make1_oid(table->history)),
					   clause->nvalues > 0 ? " CROSS JOIN (SELECT (" : "");
	*between = ")::pg_catalog.timestamptz AS f, (";
	*after = psprintf("%s WHERE %s)",
					  clause->nvalues == 0 ? "" : psprintf(")::%s AS %s) z", type, instant ? "f" : "t"),
					  clause->how == HOW_TRANSACTION ? tsm_temporal_seen_condition(reference->relid, "z.f") :
					  clause->nvalues == 0 ? conditions[clause->how] :
					  psprintf("%s AND %s", conditions[clause->how],
							   tsm_temporal_horizon_condition(reference->relid, earliest[clause->how])));
	table_close(rel, NoLock);
}

TsmTemporalPeriod *
tsm_language_find_period(const TsmScript *script, Oid relid, int name, int clause)
{
	List	   *periods = tsm_temporal_periods(relid);
	const char *wanted = name >= 0 ? tsm_language_name(script, name) : NULL;
	int			position = name >= 0 ? name : clause;
	ListCell   *cell;

	foreach(cell, periods)
	{
		if (wanted != NULL && strcmp(((TsmTemporalPeriod *) lfirst(cell))->name, wanted) == 0)
			return lfirst(cell);
	}
	if (wanted != NULL && !is_time(script, name))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no period \"%s\"", get_rel_name(relid), wanted),
				 tsm_language_position(script, position)));
	if (list_length(periods) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(periods == NIL ? "table \"%s\" has no period" : "table \"%s\" has more than one period",
						get_rel_name(relid)),
				 periods == NIL ? errhint("Add one with tsmem.add_period.") : errhint("Name the period: FOR period ..."),
				 tsm_language_position(script, position)));
	return linitial(periods);
}

/* A period is over one of three types. */
void
tsm_language_period_types(const TsmTemporalPeriod *period, const char **range, const char **element)
{
	switch (get_atttype(period->rel, get_attnum(period->rel, period->name)))
	{
		case DATERANGEOID:
			*range = "pg_catalog.daterange";
			*element = "pg_catalog.date";
			break;
		case TSRANGEOID:
			*range = "pg_catalog.tsrange";
			*element = "pg_catalog.timestamp";
			break;
		default:
			*range = "pg_catalog.tstzrange";
			*element = "pg_catalog.timestamptz";
			break;
	}
}

/* A restriction on a period in pieces: around its times, and the condition. Nulls and reversed bounds give no rows. */
static void
period_pieces(const TsmScript *script, const Reference *reference, const Clause *clause,
			  char **before, char **between, char **after, char **condition)
{
	static const char *const ranges[] = {
		"",
		"CASE WHEN y.f OPERATOR(pg_catalog.<=) y.t THEN %s(y.f, y.t, '[)') END",
		"CASE WHEN y.f OPERATOR(pg_catalog.<=) y.t THEN %s(y.f, y.t, '[]') END",
		"CASE WHEN y.f IS NOT NULL AND y.t IS NOT NULL THEN %s(LEAST(y.f, y.t), GREATEST(y.f, y.t), '[]') END",
	};
	TsmTemporalPeriod *period = tsm_language_find_period(script, reference->relid, clause->period, clause->first);
	const char *range;
	const char *element;
	char	   *column = psprintf("v.%s", quote_identifier(period->name));

	tsm_language_period_types(period, &range, &element);
	*before = "(SELECT (";
	*between = psprintf(")::%s AS f, (", element);
	*after = psprintf(")::%s AS %s) y", element, clause->how == HOW_AS_OF ? "f" : "t");
	if (clause->how == HOW_AS_OF)
		*condition = psprintf("%s OPERATOR(pg_catalog.@>) y.f", column);
	else
	{
		StringInfoData text;

		initStringInfo(&text);
		appendStringInfo(&text, "%s OPERATOR(pg_catalog.&&) ", column);
		appendStringInfo(&text, ranges[clause->how], range);
		*condition = text.data;
	}
}

/* Text that is to stand around the times of a reference: piece[0] value[0] piece[1] value[1] ... piece[n]. */
typedef struct Pieces
{
	StringInfoData piece[2 * MAX_CLAUSES + 1];
	int			value[2 * MAX_CLAUSES][2];
	int			nvalues;
} Pieces;

static void
add_piece(Pieces *pieces, const char *text)
{
	appendStringInfoString(&pieces->piece[pieces->nvalues], text);
}

static void
add_clause(Pieces *pieces, const Clause *clause, const char *before, const char *between, const char *after)
{
	int			i;

	add_piece(pieces, before);
	for (i = 0; i < clause->nvalues; i++)
	{
		memcpy(pieces->value[pieces->nvalues++], clause->value[i], sizeof(clause->value[i]));
		initStringInfo(&pieces->piece[pieces->nvalues]);
		add_piece(pieces, i + 1 < clause->nvalues ? between : after);
	}
	if (clause->nvalues == 0)
		add_piece(pieces, after);
}

/* All pieces of a reference but the alias. A clause for all of valid time restricts nothing. */
static void
make_pieces(const TsmScript *script, const Reference *reference, Pieces *pieces)
{
	const Clause *system = NULL;
	const Clause *period = NULL;
	char	   *before;
	char	   *between;
	char	   *after;
	char	   *condition = NULL;
	int			i;

	pieces->nvalues = 0;
	initStringInfo(&pieces->piece[0]);
	for (i = 0; i < reference->nclauses; i++)
	{
		const Clause *clause = &reference->clauses[i];

		if (clause->system)
			system = clause;
		else if (clause->how != HOW_ALL)
			period = clause;
		else
			(void) tsm_language_find_period(script, reference->relid, clause->period, clause->first);
	}
	if (period != NULL)
		add_piece(pieces, "(SELECT v.* FROM ");
	if (system == NULL)
		add_piece(pieces, psprintf("%s%s", tsm_delta_relation_name(reference->relid), period != NULL ? " v CROSS JOIN " : ""));
	for (i = 0; i < reference->nclauses; i++)
	{
		const Clause *clause = &reference->clauses[i];

		if (clause != system && clause != period)
			continue;
		if (clause == system)
			system_pieces(script, reference, clause, &before, &between, &after);
		else
			period_pieces(script, reference, clause, &before, &between, &after, &condition);
		if (system != NULL && period != NULL && i > 0)
			add_piece(pieces, " CROSS JOIN ");
		add_clause(pieces, clause, before, between, after);
		if (clause == system && period != NULL)
			add_piece(pieces, " v");
	}
	if (period != NULL)
		add_piece(pieces, psprintf(" WHERE %s)", condition));
}

/* The alias of a reference: the name of the table when it has none, so that columns can be qualified by it. */
static char *
alias_text(const TsmScript *script, const Reference *reference)
{
	if (reference->alias < reference->alias_end)
	{
		bool		as = tsm_language_is(script, reference->alias, "as");

		return psprintf(" AS %s", tsm_language_render(script, reference->alias + (as ? 1 : 0), reference->alias_end));
	}
	return psprintf(" AS %s",
					quote_identifier(tsm_language_range_var(script, reference->name, reference->name_end)->relname));
}

/* Put the pieces around the values; an alias that follows all clauses stays where it is. */
static void
splice_reference(TsmScript *script, const Reference *reference, Pieces *pieces)
{
	bool		alias_stays = reference->alias < reference->alias_end && reference->alias_end == reference->end;
	int			last = alias_stays ? reference->alias : reference->end;
	int			from = reference->name;
	int			i;

	if (!alias_stays)
		add_piece(pieces, alias_text(script, reference));
	for (i = 0; i < pieces->nvalues; i++)
	{
		tsm_language_splice(script, from, pieces->value[i][0], pieces->piece[i].data);
		tsm_language_close_up(script, pieces->value[i][0] - 1);
		from = pieces->value[i][1];
		if (i + 1 < pieces->nvalues || from < last)
			tsm_language_close_up(script, from - 1);
	}
	tsm_language_splice(script, from, last, pieces->piece[i].data);
}

int
tsm_language_table(TsmScript *script, TsmFrame *frame, int from, int to, int end, bool only)
{
	Reference	reference = {.name = from, .name_end = to};
	Pieces		pieces;
	int			i;
	int			k;

	read_reference(script, end, &reference);
	if (reference.nclauses == 0)
		return reference.end;
	if (only || tsm_language_is(script, reference.end, "tablesample"))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot be combined with a temporal clause", only ? "ONLY" : "TABLESAMPLE"),
				 tsm_language_position(script, only ? from - 1 : reference.end)));
	reference.relid = tsm_language_find_table(script, frame, from, to);
	for (i = 0; i < reference.nclauses; i++)
	{
		for (k = 0; k < reference.clauses[i].nvalues; k++)
			tsm_language_walk_expression(frame, reference.clauses[i].value[k][0], reference.clauses[i].value[k][1]);
	}
	make_pieces(script, &reference, &pieces);
	splice_reference(script, &reference, &pieces);
	return reference.end;
}
