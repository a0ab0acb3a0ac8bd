/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_match.c
 *	  Finds, among the clauses of a foreign table of folded versions, those
 *	  that say which segments can have what is asked for.
 *
 * All clauses are checked again for each version, so a binding may let more
 * pass than its clause: keys that are hashed do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "tsm_delta_folded.h"

/* What is looked for in the clauses of one relation. */
typedef struct MatchSearch
{
	PlannerInfo *root;
	RelOptInfo *rel;
	TsmFolded  *folded;
	List	   *bindings;
} MatchSearch;

/* What is asked of the equivalence classes: which belong to a column of the key. */
typedef struct ClassQuestion
{
	AttrNumber	column;
	Oid			family;
	Oid			collation;
} ClassQuestion;

/* The column of the history that a column of the key is. */
static Form_pg_attribute
key_form(const TsmFolded *folded, int number)
{
	return TupleDescAttr(folded->map->desc, folded->map->keys[number] - 1);
}

static void
add_binding(MatchSearch *search, TsmBindKind kind, int column, int strategy, Expr *clause,
			RestrictInfo *source)
{
	TsmBinding *binding = palloc0(sizeof(TsmBinding));

	binding->kind = kind;
	binding->column = column;
	binding->strategy = strategy;
	binding->clause = clause;
	binding->outer = bms_difference(source->clause_relids, search->rel->relids);
	binding->source = source;
	search->bindings = lappend(search->bindings, binding);
}

/* Whether an operand can be evaluated once for a scan. */
static bool
is_fixed(MatchSearch *search, Node *operand)
{
	return !contain_volatile_functions(operand) && !contain_subplans(operand);
}

/* The comparison of a column by any of the operators of a btree family; sets which. */
static TsmComparison *
match_any(MatchSearch *search, RestrictInfo *clause, AttrNumber column, Oid family, Oid collation,
		  int *strategy)
{
	int			i;

	for (i = BTLessStrategyNumber; i <= BTGreaterStrategyNumber; i++)
	{
		TsmComparison *match = tsm_delta_match(search->rel, clause, column, family, collation, i);

		if (match == NULL)
			continue;
		*strategy = i;
		return is_fixed(search, (Node *) match->other) ? match : NULL;
	}
	return NULL;
}

static void
match_time(MatchSearch *search, RestrictInfo *clause, AttrNumber column, TsmBindKind kind)
{
	int			strategy;
	TsmComparison *match = match_any(search, clause, column,
									 tsm_delta_btree_family(TIMESTAMPTZOID), InvalidOid, &strategy);

	if (match != NULL)
		add_binding(search, kind, 0, strategy, match->commuted->clause, clause);
}

static void
match_key(MatchSearch *search, RestrictInfo *clause, int number)
{
	TsmFolded  *folded = search->folded;
	Form_pg_attribute form = key_form(folded, number);
	int			strategy;
	TsmComparison *match = match_any(search, clause, folded->keys[number],
									 tsm_delta_btree_family(form->atttypid), form->attcollation,
									 &strategy);

	if (match == NULL)
		return;
	if (!folded->map->integer_key &&
		(strategy != BTEqualStrategyNumber ||
		 !tsm_folded_hashes_alike(form->atttypid, ((OpExpr *) match->commuted->clause)->opno)))
		return;
	add_binding(search, TSM_BIND_KEY, number, strategy, match->commuted->clause, clause);
}

/*
 * Whether a clause is column = ANY (array), by an equality of the column's default btree family; the
 * column is that of the foreign table whose form in the history is given.
 */
static bool
is_one_of_array(MatchSearch *search, RestrictInfo *clause, AttrNumber number, Form_pg_attribute form)
{
	ScalarArrayOpExpr *operation = (ScalarArrayOpExpr *) clause->clause;
	Node	   *column;

	if (clause->pseudoconstant || !IsA(operation, ScalarArrayOpExpr) || !operation->useOr)
		return false;
	column = linitial(operation->args);
	while (IsA(column, RelabelType))
		column = (Node *) ((RelabelType *) column)->arg;
	return IsA(column, Var) && ((Var *) column)->varno == search->rel->relid &&
		((Var *) column)->varattno == number && ((Var *) column)->varlevelsup == 0 &&
		(!OidIsValid(form->attcollation) || operation->inputcollid == form->attcollation) &&
		get_op_opfamily_strategy(operation->opno, tsm_delta_btree_family(form->atttypid)) ==
		BTEqualStrategyNumber &&
		!bms_is_member(search->rel->relid, pull_varnos(search->root, lsecond(operation->args))) &&
		is_fixed(search, lsecond(operation->args));
}

/* key = ANY (array), for a key of one column. */
static void
match_array(MatchSearch *search, RestrictInfo *clause)
{
	TsmFolded  *folded = search->folded;
	Form_pg_attribute form;

	if (folded->map->nkeys != 1)
		return;
	form = key_form(folded, 0);
	if (is_one_of_array(search, clause, folded->keys[0], form) &&
		(folded->map->integer_key ||
		 tsm_folded_hashes_alike(form->atttypid, ((ScalarArrayOpExpr *) clause->clause)->opno)))
		add_binding(search, TSM_BIND_KEYS, 0, BTEqualStrategyNumber, clause->clause, clause);
}

/* Comparisons of a column that has zones. */
static void
match_zone(MatchSearch *search, RestrictInfo *clause, const TsmFoldedZone *zone)
{
	TsmFolded  *folded = search->folded;
	Form_pg_attribute form = TupleDescAttr(folded->map->desc, zone->column - 1);
	AttrNumber	number = folded->columns[zone->column - 1];
	int			strategy;
	TsmComparison *match;

	if (is_one_of_array(search, clause, number, form))
	{
		if (tsm_folded_zone_serves(folded, zone, ((ScalarArrayOpExpr *) clause->clause)->opno,
								   BTEqualStrategyNumber))
			add_binding(search, TSM_BIND_ZONES, zone->column, BTEqualStrategyNumber, clause->clause, clause);
		return;
	}
	match = match_any(search, clause, number, tsm_delta_btree_family(form->atttypid),
					  form->attcollation, &strategy);
	if (match != NULL &&
		tsm_folded_zone_serves(folded, zone, ((OpExpr *) match->commuted->clause)->opno, strategy))
		add_binding(search, TSM_BIND_ZONE, zone->column, strategy, match->commuted->clause, clause);
}

static void
match_clause(MatchSearch *search, RestrictInfo *clause)
{
	int			i;

	/* What a binding skips is not seen by the clauses that wait for a barrier: none may wait for it. */
	if (!restriction_is_securely_promotable(clause, search->rel))
		return;
	for (i = 0; i < search->folded->map->nkeys; i++)
		match_key(search, clause, i);
	match_array(search, clause);
	match_time(search, clause, search->folded->start, TSM_BIND_START);
	match_time(search, clause, search->folded->end, TSM_BIND_END);
	for (i = 0; i < search->folded->nzones; i++)
		match_zone(search, clause, &search->folded->zones[i]);
}

/* Callback of generate_implied_equalities_for_column. */
static bool
member_is_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *class,
				 EquivalenceMember *member, void *arg)
{
	ClassQuestion *question = arg;
	Node	   *column = (Node *) member->em_expr;

	while (IsA(column, RelabelType))
		column = (Node *) ((RelabelType *) column)->arg;
	return list_member_oid(class->ec_opfamilies, question->family) &&
		(!OidIsValid(question->collation) || question->collation == class->ec_collation) &&
		IsA(column, Var) && ((Var *) column)->varno == rel->relid &&
		((Var *) column)->varattno == question->column;
}

/* Joins that the equivalence classes imply for the key. */
static void
match_classes(MatchSearch *search)
{
	TsmFolded  *folded = search->folded;
	int			i;

	for (i = 0; i < folded->map->nkeys; i++)
	{
		Form_pg_attribute form = key_form(folded, i);
		ClassQuestion question;
		ListCell   *cell;

		question.column = folded->keys[i];
		question.family = tsm_delta_btree_family(form->atttypid);
		question.collation = form->attcollation;
		foreach(cell, generate_implied_equalities_for_column(search->root, search->rel,
															 member_is_column, &question,
															 search->rel->lateral_referencers))
			match_clause(search, lfirst_node(RestrictInfo, cell));
	}
}

List *
tsm_folded_match(PlannerInfo *root, RelOptInfo *rel, TsmFolded *folded)
{
	MatchSearch search = {root, rel, folded, NIL};
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
		match_clause(&search, lfirst_node(RestrictInfo, cell));
	foreach(cell, rel->joininfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, cell);

		if (join_clause_is_movable_to(clause, rel))
			match_clause(&search, clause);
	}
	if (rel->has_eclass_joins)
		match_classes(&search);
	return search.bindings;
}
