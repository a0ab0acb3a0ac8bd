/*-------------------------------------------------------------------------
 *
 * tsm_delta_path.c
 *	  Offers the planner the scan of a history that reads one version a key.
 *
 * Where the versions of a key do not overlap, the one of a time is the
 * latest that began by then, or none is. So when all key columns are bound by equality and one time by row_start <= time and
 * row_end > time, it is enough to descend the index (key, row_start) once and to read one entry backwards from there. An ordinary
 * index scan reads all entries before, since it cannot know that the condition on row_end fails for the rest.
 *
 * The scan is a CustomPath above an ordinary backward IndexPath, which finds
 * the entry: operators of other types, join clauses, null keys and collations
 * are the server's affair.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "nodes/extensible.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "tsm_delta_scan.h"

/* Sets of outer relations that are tried for one history. */
#define MAX_PARAMETERIZATIONS 16

/*
 * What is left of the cost of an ordinary scan of one version: that of the
 * node itself is next to nothing, and of two equal scans this one must be
 * taken, since it stays as fast where a key has more versions than was estimated.
 */
#define COST_RATIO 0.98

/* The search for paths over one index of a history. */
typedef struct PathSearch
{
	PlannerInfo *root;
	RelOptInfo *rel;
	IndexOptInfo *index;
	int			nkeys;
	List	   *keys[INDEX_MAX_KEYS];	/* TsmComparison of each key column of the index */
	List	   *times;			/* TsmTimePair */
} PathSearch;

/* What is asked of the equivalence classes: which belong to a column of the index. */
typedef struct ClassQuestion
{
	IndexOptInfo *index;
	int			column;
} ClassQuestion;

/* Callback of generate_implied_equalities_for_column. */
static bool
member_is_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *class,
				 EquivalenceMember *member, void *arg)
{
	ClassQuestion *question = arg;
	IndexOptInfo *index = question->index;
	Oid			collation = index->indexcollations[question->column];

	return list_member_oid(class->ec_opfamilies, index->opfamily[question->column]) &&
		(!OidIsValid(collation) || collation == class->ec_collation) &&
		match_index_to_operand((Node *) member->em_expr, question->column, index);
}

/* Clauses that may bind a column: of the relation alone, and those that join it. */
static List *
usable_clauses(PathSearch *search, int column)
{
	RelOptInfo *rel = search->rel;
	List	   *clauses = list_copy(rel->baserestrictinfo);
	ClassQuestion question = {search->index, column};
	ListCell   *cell;

	foreach(cell, rel->joininfo)
	{
		if (join_clause_is_movable_to(lfirst_node(RestrictInfo, cell), rel))
			clauses = lappend(clauses, lfirst(cell));
	}
	if (rel->has_eclass_joins && column < search->nkeys)
		clauses = list_concat(clauses,
							  generate_implied_equalities_for_column(search->root, rel,
																	 member_is_column, &question,
																	 rel->lateral_referencers));
	return clauses;
}

/*
 * Whether an index is btree (key..., row_start), ascending in time, and tells
 * keys apart as the key of the table does: an index of somebody's own might
 * have another collation or operator class.
 */
static bool
index_fits(IndexOptInfo *index, RelOptInfo *rel, const TsmHistoryShape *shape, Oid relid)
{
	int			i;
	int			j;

	if (index->relam != BTREE_AM_OID || index->indpred != NIL || index->hypothetical ||
		index->nkeycolumns != shape->nkeys + 1 || index->indexprs != NIL ||
		index->indexkeys[shape->nkeys] != shape->start || index->reverse_sort[shape->nkeys])
		return false;
	for (i = 0; i < shape->nkeys; i++)
	{
		AttrNumber	column = index->indexkeys[i];
		Oid			type;
		int32		typmod;
		Oid			collation;
		Oid			family;

		for (j = 0; j < shape->nkeys && shape->keys[j] != column; j++)
			;
		if (j == shape->nkeys)
			return false;
		get_atttypetypmodcoll(relid, column, &type, &typmod, &collation);
		family = tsm_delta_btree_family(type);
		if (!OidIsValid(family) || family != index->opfamily[i] ||
			(OidIsValid(index->indexcollations[i]) && index->indexcollations[i] != collation))
			return false;
	}
	return true;
}

/* Find what binds the columns; false when one is bound by nothing. */
static bool
collect(PathSearch *search, const TsmHistoryShape *shape)
{
	IndexOptInfo *index = search->index;
	ListCell   *cell;
	int			i;

	search->times = tsm_delta_match_times(search->rel, shape,
										  usable_clauses(search, search->nkeys));
	if (search->times == NIL)
		return false;
	for (i = 0; i < search->nkeys; i++)
	{
		foreach(cell, usable_clauses(search, i))
		{
			RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
			TsmComparison *match = tsm_delta_match(search->rel, clause, index->indexkeys[i],
												   index->opfamily[i], index->indexcollations[i],
												   BTEqualStrategyNumber);

			/* An index condition comes before all others: none may wait for a security barrier. */
			if (match != NULL && restriction_is_securely_promotable(clause, search->rel))
				search->keys[i] = lappend(search->keys[i], match);
		}
		if (search->keys[i] == NIL)
			return false;
	}
	return true;
}

static IndexClause *
make_index_clause(TsmComparison *match, int column)
{
	IndexClause *clause = makeNode(IndexClause);

	clause->rinfo = match->clause;
	clause->indexquals = list_make1(match->commuted);
	clause->lossy = false;
	clause->indexcol = column;
	clause->indexcols = NIL;
	return clause;
}

/*
 * Index clauses that need no outer relations but the given; sets those that
 * they need. NIL when a column is not bound so.
 */
static List *
choose_clauses(PathSearch *search, Relids allowed, Relids *required)
{
	List	   *clauses = NIL;
	TsmTimePair *pair = NULL;
	ListCell   *cell;
	int			i;

	*required = bms_copy(search->rel->lateral_relids);
	for (i = 0; i < search->nkeys; i++)
	{
		TsmComparison *match = NULL;

		foreach(cell, search->keys[i])
		{
			match = lfirst(cell);
			if (bms_is_subset(match->outer, allowed))
				break;
		}
		if (cell == NULL)
			return NIL;
		clauses = lappend(clauses, make_index_clause(match, i));
		*required = bms_add_members(*required, match->outer);
	}
	foreach(cell, search->times)
	{
		pair = lfirst(cell);
		if (bms_is_subset(pair->outer, allowed) &&
			restriction_is_securely_promotable(pair->start->clause, search->rel))
			break;
	}
	if (cell == NULL)
		return NIL;
	*required = bms_add_members(*required, pair->outer);
	return lappend(clauses, make_index_clause(pair->start, search->nkeys));
}

/* How often a scan with these outer relations is repeated, as the server counts it: the least of their rows. */
static double
repetitions(PlannerInfo *root, Relids required)
{
	double		rows = 0;
	int			relid = -1;

	while ((relid = bms_next_member(required, relid)) >= 0)
	{
		RelOptInfo *outer = root->simple_rel_array[relid];

		if (outer != NULL && !is_dummy_rel(outer) && outer->rows > 0 &&
			(rows == 0 || outer->rows < rows))
			rows = outer->rows;
	}
	return rows > 0 ? rows : 1.0;
}

static void
add_one_path(PathSearch *search, List *clauses, Relids required)
{
	RelOptInfo *rel = search->rel;
	IndexPath  *child = create_index_path(search->root, search->index, clauses, NIL, NIL, NIL,
										  BackwardScanDirection, false, required,
										  repetitions(search->root, required), false);
	CustomPath *path = makeNode(CustomPath);
	double		versions = clamp_row_est(child->indexselectivity * search->index->tuples);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = child->path.param_info;
	path->path.parallel_safe = child->path.parallel_safe;
	path->path.rows = 1;
	tsm_copy_disabled_nodes(&path->path, &child->path);
	path->path.startup_cost = child->path.startup_cost;
	path->path.total_cost = child->path.startup_cost +
		COST_RATIO * (child->path.total_cost - child->path.startup_cost) / versions;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(child);
	path->methods = &tsm_delta_path_methods;
	add_path(rel, &path->path);
}

/* Add a set to those to be tried, unless it is among them or they are too many. */
static List *
add_set(List *sets, Relids set)
{
	ListCell   *cell;

	foreach(cell, sets)
	{
		if (bms_equal(lfirst(cell), set))
			return sets;
	}
	return list_length(sets) < MAX_PARAMETERIZATIONS ? lappend(sets, set) : sets;
}

/* The sets of outer relations worth trying: none, those of each clause, and all together. */
static List *
outer_sets(PathSearch *search)
{
	List	   *sets = list_make1(NULL);
	Relids		all = NULL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < search->nkeys; i++)
	{
		foreach(cell, search->keys[i])
			all = bms_add_members(all, ((TsmComparison *) lfirst(cell))->outer);
	}
	foreach(cell, search->times)
		all = bms_add_members(all, ((TsmTimePair *) lfirst(cell))->outer);
	sets = add_set(sets, all);
	for (i = 0; i < search->nkeys; i++)
	{
		foreach(cell, search->keys[i])
			sets = add_set(sets, ((TsmComparison *) lfirst(cell))->outer);
	}
	foreach(cell, search->times)
		sets = add_set(sets, ((TsmTimePair *) lfirst(cell))->outer);
	return sets;
}

static void
search_index(PathSearch *search)
{
	List	   *made = NIL;
	ListCell   *cell;

	foreach(cell, outer_sets(search))
	{
		Relids		required;
		List	   *clauses = choose_clauses(search, lfirst(cell), &required);
		int			before = list_length(made);

		if (clauses == NIL || before == MAX_PARAMETERIZATIONS)
			continue;
		made = add_set(made, required);
		if (list_length(made) > before)
			add_one_path(search, clauses, bms_is_empty(required) ? NULL : required);
	}
}

void
tsm_delta_add_paths(PlannerInfo *root, RelOptInfo *rel, const TsmHistoryShape *shape)
{
	ListCell   *cell;
	bool		added = false;

	if (!shape->one_version || shape->nkeys == 0)
		return;
	foreach(cell, rel->indexlist)
	{
		PathSearch	search = {0};

		search.root = root;
		search.rel = rel;
		search.index = lfirst_node(IndexOptInfo, cell);
		search.nkeys = shape->nkeys;
		if (!index_fits(search.index, rel, shape, shape->history) || !collect(&search, shape))
			continue;
		search_index(&search);
		added = true;
	}
	/* A cached plan must go when the registration changes. */
	if (added)
		root->glob->relationOids = list_append_unique_oid(root->glob->relationOids, shape->table);
}
