/*-------------------------------------------------------------------------
 *
 * tsm_temporal_join_path.c
 *	  Offers a temporal join to the planner: a join on the overlap of two
 *	  ranges, with or without equal keys.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_compat.h"

#include <math.h>

#include "access/stratnum.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_join.h"

PG_FUNCTION_INFO_V1(tsm_temporal_overlaps_support);

/*
 * What a comparison of two periods costs, in comparisons of their starts: they
 * are unpacked first. Sorting 1,000,000 rows by a tstzrange took 13.6 s where
 * sorting them by its lower() and upper() took 2.5 s.
 */
#define PERIOD_COMPARISON 5.0

bool		tsm_temporal_enable_join = true;

static set_join_pathlist_hook_type previous_hook = NULL;

static const CustomPathMethods path_methods = {
	.CustomName = "TemporalJoin",
	.PlanCustomPath = tsm_temporal_plan_join
};

/*
 * The support function of tsmem.overlaps. It has nothing to say: that it is
 * called, before the function is inlined, loads the library, and so the first
 * statement of a session finds the temporal join.
 */
Datum
tsm_temporal_overlaps_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}

/* Whether the join is of a kind, and in a place, that a temporal join can serve. */
static bool
join_is_served(PlannerInfo *root, RelOptInfo *joinrel, JoinType jointype)
{
	/*
	 * A changed or locked row is looked at again with its newest version
	 * (EvalPlanQual), which a sweep cannot do.
	 */
	if (root->rowMarks != NIL ||
		(root->parse->commandType != CMD_SELECT && root->parse->commandType != CMD_INSERT))
		return false;
	if (IS_OTHER_REL(joinrel) || !bms_is_empty(joinrel->lateral_relids))
		return false;
	switch (jointype)
	{
		case JOIN_INNER:
		case JOIN_LEFT:
		case JOIN_RIGHT:
		case JOIN_FULL:
		case JOIN_SEMI:
		case JOIN_ANTI:
			return true;
		default:
			return false;
	}
}

/* Whether an input brings a placeholder, though perhaps of another nulling. */
static bool
brings_placeholder(RelOptInfo *rel, PlaceHolderVar *placeholder)
{
	ListCell   *cell;

	foreach(cell, rel->reltarget->exprs)
	{
		if (IsA(lfirst(cell), PlaceHolderVar) &&
			((PlaceHolderVar *) lfirst(cell))->phid == placeholder->phid)
			return true;
	}
	return false;
}

/* Whether one of the expressions has a placeholder that neither input brings. */
static bool
lacks_placeholder(List *exprs, RelOptInfo *outerrel, RelOptInfo *innerrel)
{
	List	   *parts = pull_var_clause((Node *) exprs, PVC_INCLUDE_PLACEHOLDERS);
	ListCell   *cell;

	foreach(cell, parts)
	{
		PlaceHolderVar *part = lfirst(cell);

		if (IsA(part, PlaceHolderVar) && !brings_placeholder(outerrel, part) &&
			!brings_placeholder(innerrel, part))
			return true;
	}
	return false;
}

/*
 * Whether a placeholder is to be computed by this join, for its result or for
 * its conditions alone: what is inside it would see values of another nulling
 * than the rest of the join.
 */
static bool
computes_placeholder(RelOptInfo *joinrel, RelOptInfo *outerrel, RelOptInfo *innerrel,
					 List *restrictlist)
{
	return lacks_placeholder(joinrel->reltarget->exprs, outerrel, innerrel) ||
		lacks_placeholder(extract_actual_clauses(restrictlist, false), outerrel, innerrel);
}

/* Put the sides of a clause in the order of the inputs; false when it does not join them. */
static bool
match_sides(RestrictInfo *rinfo, RelOptInfo *outerrel, RelOptInfo *innerrel, Expr *exprs[2])
{
	OpExpr	   *op = (OpExpr *) rinfo->clause;
	bool		outer_is_left;

	if (!is_opclause(op) || list_length(op->args) != 2 ||
		bms_is_empty(rinfo->left_relids) || bms_is_empty(rinfo->right_relids))
		return false;
	if (bms_is_subset(rinfo->left_relids, outerrel->relids) &&
		bms_is_subset(rinfo->right_relids, innerrel->relids))
		outer_is_left = true;
	else if (bms_is_subset(rinfo->left_relids, innerrel->relids) &&
			 bms_is_subset(rinfo->right_relids, outerrel->relids))
		outer_is_left = false;
	else
		return false;
	rinfo->outer_is_left = outer_is_left;
	exprs[TSM_OUTER] = (Expr *) (outer_is_left ? linitial(op->args) : lsecond(op->args));
	exprs[TSM_INNER] = (Expr *) (outer_is_left ? lsecond(op->args) : linitial(op->args));
	return !contain_volatile_functions((Node *) op) && !contain_subplans((Node *) op);
}

/* The overlap of two ranges of the same type, as the period of the join; NULL for another clause. */
static TsmJoinKey *
match_overlap(RestrictInfo *rinfo, RelOptInfo *outerrel, RelOptInfo *innerrel)
{
	TsmJoinKey *key = palloc0(sizeof(TsmJoinKey));

	if (!IsA(rinfo->clause, OpExpr) ||
		((OpExpr *) rinfo->clause)->opno != OID_RANGE_OVERLAP_OP ||
		!match_sides(rinfo, outerrel, innerrel, key->exprs))
		return NULL;
	key->types[TSM_OUTER] = getBaseType(exprType((Node *) key->exprs[TSM_OUTER]));
	key->types[TSM_INNER] = getBaseType(exprType((Node *) key->exprs[TSM_INNER]));
	if (key->types[TSM_OUTER] != key->types[TSM_INNER] ||
		get_typtype(key->types[TSM_OUTER]) != TYPTYPE_RANGE)
		return NULL;
	key->clause = rinfo->clause;
	return key;
}

/*
 * The pathkey of the start of a period; NULL when the range does not use the
 * default order of its elements. A period without a start, or without a row, comes first.
 */
static PathKey *
start_pathkey(PlannerInfo *root, Expr *expr, Oid type)
{
	TypeCacheEntry *range = lookup_type_cache(type, TYPECACHE_RANGE_INFO);
	TypeCacheEntry *element = lookup_type_cache(range->rngelemtype->type_id,
												TYPECACHE_BTREE_OPFAMILY | TYPECACHE_CMP_PROC |
												TYPECACHE_EQ_OPR);
	EquivalenceClass *class;

	if (element->btree_opintype != element->type_id ||
		element->cmp_proc != range->rng_cmp_proc_finfo.fn_oid)
		return NULL;
	expr = (Expr *) makeFuncExpr(F_LOWER_ANYRANGE, element->type_id, list_make1(copyObject(expr)),
								 range->rng_collation, InvalidOid, COERCE_EXPLICIT_CALL);
	class = tsm_get_eclass_for_sort_expr(root, expr, get_mergejoin_opfamilies(element->eq_opr),
										 element->type_id, range->rng_collation);
	return make_canonical_pathkey(root, class, element->btree_opf, BTLessStrategyNumber, true);
}

/* The pathkey of a period: its start, then its end, as the server orders ranges. */
static PathKey *
period_pathkey(PlannerInfo *root, Expr *expr, Oid type)
{
	TypeCacheEntry *typcache = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR);
	EquivalenceClass *class;

	class = tsm_get_eclass_for_sort_expr(root, expr, get_mergejoin_opfamilies(typcache->eq_opr),
										 ANYRANGEOID, InvalidOid);
	return make_canonical_pathkey(root, class, typcache->btree_opf, BTLessStrategyNumber, false);
}

/* Add a pathkey that is not there; its place. */
static int
place_of(List **pathkeys, PathKey *pathkey)
{
	int			place = 0;
	ListCell   *cell;

	foreach(cell, *pathkeys)
	{
		if (lfirst(cell) == pathkey)
			return place;
		place++;
	}
	*pathkeys = lappend(*pathkeys, pathkey);
	return place;
}

/*
 * Whether an input has values of one type only in a class. A Sort takes any
 * expression of the class that it has, and the sweep compares what was sorted.
 */
static bool
has_one_type(EquivalenceClass *class, RelOptInfo *rel, Expr *expr)
{
	Oid			type = getBaseType(exprType((Node *) expr));
	ListCell   *cell;

	foreach(cell, class->ec_members)
	{
		EquivalenceMember *member = lfirst_node(EquivalenceMember, cell);

		if (bms_is_subset(member->em_relids, rel->relids) &&
			getBaseType(exprType((Node *) member->em_expr)) != type)
			return false;
	}
	return true;
}

/*
 * An equality of both inputs that they can be sorted by, as a key; NULL for
 * another clause. It is appended to the pathkeys of both.
 */
static TsmJoinKey *
match_key(PlannerInfo *root, RestrictInfo *rinfo, RelOptInfo *outerrel, RelOptInfo *innerrel,
		  List **pathkeys)
{
	TsmJoinKey *key = palloc0(sizeof(TsmJoinKey));
	EquivalenceClass *classes[2];
	int			strategy;
	int			i;

	if (!rinfo->can_join || rinfo->mergeopfamilies == NIL ||
		!match_sides(rinfo, outerrel, innerrel, key->exprs))
		return NULL;
	update_mergeclause_eclasses(root, rinfo);
	classes[TSM_OUTER] = rinfo->outer_is_left ? rinfo->left_ec : rinfo->right_ec;
	classes[TSM_INNER] = rinfo->outer_is_left ? rinfo->right_ec : rinfo->left_ec;
	key->family = linitial_oid(classes[TSM_OUTER]->ec_opfamilies);
	key->collation = classes[TSM_OUTER]->ec_collation;
	/* What has one value in one input needs no sorting by: such a clause is a filter. */
	if (EC_MUST_BE_REDUNDANT(classes[TSM_OUTER]) || EC_MUST_BE_REDUNDANT(classes[TSM_INNER]) ||
		linitial_oid(classes[TSM_INNER]->ec_opfamilies) != key->family ||
		classes[TSM_INNER]->ec_collation != key->collation ||
		!op_in_opfamily(((OpExpr *) rinfo->clause)->opno, key->family) ||
		!has_one_type(classes[TSM_OUTER], outerrel, key->exprs[TSM_OUTER]) ||
		!has_one_type(classes[TSM_INNER], innerrel, key->exprs[TSM_INNER]))
		return NULL;
	get_op_opfamily_properties(((OpExpr *) rinfo->clause)->opno, key->family, false, &strategy,
							   &key->types[rinfo->outer_is_left ? TSM_OUTER : TSM_INNER],
							   &key->types[rinfo->outer_is_left ? TSM_INNER : TSM_OUTER]);
	for (i = 0; i < 2; i++)
	{
		PathKey    *pathkey = make_canonical_pathkey(root, classes[i], key->family,
													 BTLessStrategyNumber, false);

		key->places[i] = list_length(pathkeys[i]);
		if (list_member_ptr(pathkeys[i], pathkey))
		{
			/* Sorted by already: undo what the other input got. */
			if (i == 1)
				pathkeys[0] = list_delete_last(pathkeys[0]);
			return NULL;
		}
		pathkeys[i] = lappend(pathkeys[i], pathkey);
	}
	key->clause = rinfo->clause;
	return key;
}

/*
 * Sort the clauses of a join into keys, period and the rest, and make the
 * pathkeys of both inputs. NULL when it is no temporal join.
 */
static TsmJoinPathInfo *
classify(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *rels[2], JoinType jointype,
		 List *restrictlist, List **pathkeys)
{
	TsmJoinPathInfo *info = palloc0(sizeof(TsmJoinPathInfo));
	List	   *rest = NIL;
	ListCell   *cell;
	int			i;

	info->jointype = jointype;
	foreach(cell, restrictlist)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		/* What row-level security orders is for the server's own joins. */
		if (rinfo->pseudoconstant ||
			rinfo->security_level != linitial_node(RestrictInfo, restrictlist)->security_level)
			return NULL;
		if (IS_OUTER_JOIN(jointype) && RINFO_IS_PUSHED_DOWN(rinfo, joinrel->relids))
			info->others = lappend(info->others, rinfo);
		else if (info->period == NULL &&
				 (info->period = match_overlap(rinfo, rels[TSM_OUTER], rels[TSM_INNER])) != NULL)
			continue;
		else
			rest = lappend(rest, rinfo);
	}
	if (info->period == NULL)
		return NULL;
	foreach(cell, rest)
	{
		TsmJoinKey *key = match_key(root, lfirst(cell), rels[TSM_OUTER], rels[TSM_INNER], pathkeys);

		if (key != NULL)
			info->keys = lappend(info->keys, key);
		else
			info->filters = lappend(info->filters, lfirst(cell));
	}
	for (i = 0; i < 2; i++)
		info->period->places[i] =
			place_of(&pathkeys[i], period_pathkey(root, info->period->exprs[i],
												  info->period->types[i]));
	return info;
}

/* Whether an input has the column, so that it need not be computed for a Sort. */
static bool
has_column(RelOptInfo *rel, Expr *expr)
{
	return list_member(rel->reltarget->exprs, expr);
}

/*
 * The cheapest way to have an input sorted; NULL when there is none without
 * parameters. The pathkeys are those of keys and period: an index may have
 * them. A Sort compares the starts of periods only, which is faster and all
 * that the sweep needs; but a period that is not a column of the input has to
 * be computed, so that the Sort is by itself.
 */
static Path *
sorted_input(PlannerInfo *root, RelOptInfo *rel, TsmJoinPathInfo *info, int which, List *pathkeys)
{
	Path	   *cheapest = rel->cheapest_total_path;
	Path	   *sorted = NULL;
	PathKey    *start = NULL;
	bool		columns = has_column(rel, info->period->exprs[which]);
	ListCell   *cell;

	if (cheapest == NULL || PATH_REQ_OUTER(cheapest) != NULL)
		return NULL;
	if (columns)
		start = start_pathkey(root, info->period->exprs[which], info->period->types[which]);
	foreach(cell, info->keys)
		columns &= has_column(rel, ((TsmJoinKey *) lfirst(cell))->exprs[which]);
	if (columns)
		sorted = get_cheapest_path_for_pathkeys(rel->pathlist, pathkeys, NULL, TOTAL_COST, false);
	if (start != NULL)
		pathkeys = lappend(list_copy_head(pathkeys, list_length(info->keys)), start);
	cheapest = (Path *) create_sort_path(root, rel, cheapest, pathkeys, -1.0);
	if (start == NULL && info->keys == NIL)
		cheapest->total_cost = cheapest->startup_cost +=
			(PERIOD_COMPARISON - 1) * 2 * cpu_operator_cost * rel->rows * log2(rel->rows + 1);
	return sorted != NULL && sorted->total_cost <= cheapest->total_cost ? sorted : cheapest;
}

/* Rows and cost of the join. */
static void
cost_join(PlannerInfo *root, RelOptInfo *joinrel, CustomPath *path, TsmJoinPathInfo *info,
		  JoinPathExtraData *extra)
{
	Path	   *outer = linitial(path->custom_paths);
	Path	   *inner = lsecond(path->custom_paths);
	List	   *merged = NIL;
	QualCost	filter;
	QualCost	others;
	double		pairs;
	ListCell   *cell;

	foreach(cell, extra->restrictlist)
	{
		if (!list_member_ptr(info->filters, lfirst(cell)) &&
			!list_member_ptr(info->others, lfirst(cell)))
			merged = lappend(merged, lfirst(cell));
	}
	pairs = clamp_row_est(outer->rows * inner->rows *
						  clauselist_selectivity(root, merged, 0, JOIN_INNER, extra->sjinfo));
	if (info->jointype == JOIN_SEMI || info->jointype == JOIN_ANTI)
		pairs = Min(pairs, outer->rows);
	cost_qual_eval(&filter, info->filters, root);
	cost_qual_eval(&others, info->others, root);
	path->path.rows = joinrel->rows;
	path->path.startup_cost = outer->startup_cost + inner->startup_cost + filter.startup +
		others.startup + joinrel->reltarget->cost.startup;
	path->path.total_cost = path->path.startup_cost +
		(outer->total_cost - outer->startup_cost) + (inner->total_cost - inner->startup_cost) +
		(outer->rows + inner->rows) * cpu_operator_cost *
		(list_length(info->keys) + PERIOD_COMPARISON) +
		pairs * (cpu_tuple_cost + filter.per_tuple) +
		joinrel->rows * (others.per_tuple + joinrel->reltarget->cost.per_tuple);
}

static void
add_temporal_join(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outerrel,
				  RelOptInfo *innerrel, JoinType jointype, JoinPathExtraData *extra)
{
	RelOptInfo *rels[2] = {outerrel, innerrel};
	List	   *pathkeys[2] = {NIL, NIL};
	TsmJoinPathInfo *info;
	CustomPath *path;
	Path	   *inputs[2];
	int			i;

	if (previous_hook != NULL)
		previous_hook(root, joinrel, outerrel, innerrel, jointype, extra);
	if (!tsm_temporal_enable_join || !join_is_served(root, joinrel, jointype))
		return;
	info = classify(root, joinrel, rels, jointype, extra->restrictlist, pathkeys);
	if (info == NULL ||
		computes_placeholder(joinrel, outerrel, innerrel, extra->restrictlist))
		return;
	for (i = 0; i < 2; i++)
	{
		inputs[i] = sorted_input(root, rels[i], info, i, pathkeys[i]);
		if (inputs[i] == NULL)
			return;
	}

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = joinrel;
	path->path.pathtarget = joinrel->reltarget;
	path->path.parallel_safe = joinrel->consider_parallel && inputs[TSM_OUTER]->parallel_safe &&
		inputs[TSM_INNER]->parallel_safe;
	/* The keys are in order; within one, pairs are found in that of their later starts. */
	path->path.pathkeys = build_join_pathkeys(root, joinrel, jointype,
											  list_copy_head(pathkeys[TSM_OUTER],
															 list_length(info->keys)));
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make2(inputs[TSM_OUTER], inputs[TSM_INNER]);
	path->custom_private = list_make1(info);
	path->methods = &path_methods;
	cost_join(root, joinrel, path, info, extra);
	add_path(joinrel, &path->path);
}

void
tsm_temporal_join_load(void)
{
	DefineCustomBoolVariable("tsmem.enable_temporal_join",
							 "Enables the planner's use of temporal join plans.",
							 "A temporal join sorts both inputs by keys and period, and merges them.",
							 &tsm_temporal_enable_join, true, PGC_USERSET, GUC_EXPLAIN,
							 NULL, NULL, NULL);
	RegisterCustomScanMethods(&tsm_temporal_join_methods);
	previous_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = add_temporal_join;
}
