/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_plan.c
 *	  What the planner is offered for a foreign table of folded versions.
 *
 * Three ways to read: all segments as they lie, which workers can share;
 * segments in the order of the index, within a range of keys; and those of
 * single keys. Where the key is an integer the order of the index is its own,
 * so a scan can give its versions in the order of key and start.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "tsm_delta_folded.h"

/* Sets of outer relations that are tried for one table. */
#define MAX_PARAMETERIZATIONS 16

/* Elements of an array that is not known when the query is planned, as the server guesses. */
#define UNKNOWN_ELEMENTS 10

/*
 * Costs in the unit of the server. Measured against scans of the same 100,000 rows unfolded, in memory,
 * of which a row and its part of a page cost 0.03: a frame of 32 rows of 120 bytes and their heads take as
 * much as 0.12, of 260 bytes that do not compress ten times of it; a version 0.02 with one column that is
 * wanted and 0.08 with ten. What stands here lies between.
 */
#define FRAME_COST		(30 * cpu_tuple_cost)
#define VERSION_COST	(3 * cpu_tuple_cost)
#define FRAME_VERSIONS	32.0

/* A descent of the index: comparisons, and the pages above the leaf. */
#define DESCENT_COST	(100 * cpu_operator_cost)

/* What is known of a table while it is planned. */
typedef struct FoldedPlan
{
	TsmFolded  *folded;
	List	   *bindings;		/* TsmBinding */
	double		pages;			/* of segments */
	double		entities;		/* keys that have versions, as far as can be told */
} FoldedPlan;

/* What a path is bound by. */
typedef struct FoldedChoice
{
	TsmFoldedMode mode;
	List	   *bindings;
	Relids		required;
	double		keys;			/* in the mode of keys: how many */
	bool		one_key;
	bool		instant;		/* bounds on start from above and on end from below */
} FoldedChoice;

/* ---- size ---- */

/* Rows of the versioned table as of the last ANALYZE; 0 when unknown. */
static double
rows_of_table(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	double		rows = 0;

	if (HeapTupleIsValid(tuple))
	{
		rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return Max(rows, 0);
}

/* How many elements an array has. */
static double
count_elements(Expr *clause)
{
	Node	   *array = lsecond(((ScalarArrayOpExpr *) clause)->args);

	if (IsA(array, Const) && !((Const *) array)->constisnull)
	{
		ArrayType  *value = DatumGetArrayTypeP(((Const *) array)->constvalue);

		return ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value));
	}
	return UNKNOWN_ELEMENTS;
}

/* The part of the versions that a binding of each column of the key leaves where there are no statistics. */
static double
share_of_key(PlannerInfo *root, RelOptInfo *rel, const FoldedPlan *plan, List **others)
{
	TsmFolded  *folded = plan->folded;
	double		keys = 0;
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, plan->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		if (binding->strategy != BTEqualStrategyNumber || !bms_is_empty(binding->outer) ||
			binding->kind > TSM_BIND_KEYS)
			continue;
		keys = binding->kind == TSM_BIND_KEY ? 1 : count_elements(binding->clause);
		found = list_append_unique_ptr(found, binding->source);
	}
	if (keys == 0 || list_length(found) < folded->map->nkeys)
		return 1;
	foreach(cell, found)
		*others = list_delete_ptr(*others, lfirst(cell));
	return Min(keys / plan->entities, 1);
}

/*
 * Rows that fulfil the clauses of the table alone: so many keys, of which each
 * has the same number of versions, and at a time so many as the table has rows.
 */
static double
estimate_rows(PlannerInfo *root, RelOptInfo *rel, const FoldedPlan *plan)
{
	TsmHistoryShape shape = {0};
	List	   *others = list_copy(rel->baserestrictinfo);
	List	   *times = NIL;
	double		share = share_of_key(root, rel, plan, &others);
	double		living;
	ListCell   *cell;

	shape.table = plan->folded->table;
	shape.start = plan->folded->start;
	shape.end = plan->folded->end;
	living = tsm_delta_living_share(root, rel, &shape, plan->entities, &times);
	foreach(cell, times)
		others = list_delete_ptr(others, lfirst(cell));
	if (living >= 0)
		share *= living;
	return clamp_row_est(rel->tuples * share *
						 clauselist_selectivity(root, others, 0, JOIN_INNER, NULL));
}

void
tsm_folded_get_size(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	FoldedPlan *plan = palloc0(sizeof(FoldedPlan));
	Relation	segments;

	plan->folded = tsm_folded_get(relid, root->planner_cxt);
	segments = table_open(plan->folded->segments, AccessShareLock);
	plan->pages = RelationGetNumberOfBlocks(segments);
	rel->tuples = rint(plan->pages * tsm_folded_density(plan->folded, segments));
	table_close(segments, NoLock);
	rel->pages = plan->pages;
	plan->entities = rows_of_table(plan->folded->table);
	if (plan->entities <= 0 || plan->entities > rel->tuples)
		plan->entities = Max(rel->tuples, 1);
	plan->bindings = tsm_folded_match(root, rel, plan->folded);
	rel->fdw_private = plan;
	rel->rows = estimate_rows(root, rel, plan);
}

/* ---- choices ---- */

/* The first binding of a kind, with the strategy of equality, that needs no other relations than those allowed. */
static TsmBinding *
find_equality(const FoldedPlan *plan, TsmBindKind kind, int column, Relids allowed)
{
	ListCell   *cell;

	foreach(cell, plan->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		if (binding->kind == kind && binding->column == column &&
			binding->strategy == BTEqualStrategyNumber && bms_is_subset(binding->outer, allowed))
			return binding;
	}
	return NULL;
}

static void
take(FoldedChoice *choice, TsmBinding *binding)
{
	choice->bindings = lappend(choice->bindings, binding);
	choice->required = bms_add_members(choice->required, binding->outer);
}

/* Bind the key, by equality in all columns or by an array; false when it cannot be. */
static bool
choose_keys(const FoldedPlan *plan, Relids allowed, FoldedChoice *choice)
{
	int			nkeys = plan->folded->map->nkeys;
	TsmBinding *found[INDEX_MAX_KEYS];
	TsmBinding *array;
	int			i;

	for (i = 0; i < nkeys; i++)
	{
		found[i] = find_equality(plan, TSM_BIND_KEY, i, allowed);
		if (found[i] == NULL)
			break;
	}
	if (nkeys > 0 && i == nkeys)
	{
		for (i = 0; i < nkeys; i++)
			take(choice, found[i]);
		choice->one_key = true;
		choice->keys = 1;
		return true;
	}
	array = find_equality(plan, TSM_BIND_KEYS, 0, allowed);
	if (array == NULL)
		return false;
	take(choice, array);
	choice->keys = count_elements(array->clause);
	return true;
}

/* What a scan with these outer relations is bound by. */
static void
choose(const FoldedPlan *plan, RelOptInfo *rel, Relids allowed, FoldedChoice *choice)
{
	bool		from = false;
	bool		to = false;
	ListCell   *cell;

	MemSet(choice, 0, sizeof(FoldedChoice));
	choice->required = bms_copy(rel->lateral_relids);
	allowed = bms_union(allowed, rel->lateral_relids);
	choice->mode = choose_keys(plan, allowed, choice) ? TSM_FOLDED_KEYS : TSM_FOLDED_HEAP;
	foreach(cell, plan->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		if (!bms_is_subset(binding->outer, allowed) || binding->kind == TSM_BIND_KEYS ||
			(binding->kind == TSM_BIND_KEY && choice->mode == TSM_FOLDED_KEYS))
			continue;
		take(choice, binding);
		if (binding->kind == TSM_BIND_KEY && plan->folded->map->integer_key)
			choice->mode = TSM_FOLDED_RANGE;
		to |= binding->kind == TSM_BIND_START && binding->strategy <= BTEqualStrategyNumber;
		from |= binding->kind == TSM_BIND_END && binding->strategy >= BTEqualStrategyNumber;
	}
	choice->instant = from && to;
}

/* ---- paths ---- */

/* The part of the versions that the clauses on the key leave. */
static double
key_share(PlannerInfo *root, const FoldedChoice *choice)
{
	List	   *clauses = NIL;
	ListCell   *cell;

	foreach(cell, choice->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		if (binding->kind == TSM_BIND_KEY && bms_is_empty(binding->outer))
			clauses = lappend(clauses, binding->source);
	}
	return clauselist_selectivity(root, clauses, 0, JOIN_INNER, NULL);
}

/*
 * The cost of reading: pages, frames, and versions, of which the conditions
 * are checked.
 */
static Cost
cost_of_reading(RelOptInfo *rel, double pages, Cost page_cost, double frames, double versions)
{
	return pages * page_cost + frames * FRAME_COST +
		versions * (VERSION_COST + cpu_tuple_cost + rel->baserestrictcost.per_tuple);
}

/*
 * The part of the segments that the conditions on columns with zones leave, if values lie anywhere:
 * at least as large as it is where they lie together. A range then nearly always has a value.
 */
static double
zone_share(PlannerInfo *root, RelOptInfo *rel, const FoldedChoice *choice)
{
	FoldedPlan *plan = rel->fdw_private;
	double		versions = Max(rel->tuples / Max(plan->pages, 1), 1);
	double		share = 1;
	ListCell   *cell;

	foreach(cell, choice->bindings)
	{
		TsmBinding *binding = lfirst(cell);
		double		selectivity;

		if (binding->kind < TSM_BIND_ZONE || !bms_is_empty(binding->outer) ||
			(binding->strategy == BTEqualStrategyNumber &&
			 tsm_folded_find_zone(plan->folded, binding->column)->type.kind == TSM_ZONE_RANGE))
			continue;
		selectivity = clause_selectivity(root, (Node *) binding->source, 0, JOIN_INNER, NULL);
		share = Min(share, 1 - pow(1 - selectivity, versions));
	}
	return share;
}

/* Cost of the choice in an order. Segments were written by key, in the main, so their order in the table is much the same. */
static Cost
cost_of_choice(PlannerInfo *root, RelOptInfo *rel, const FoldedChoice *choice, TsmFoldedOrder order,
			   double rows)
{
	FoldedPlan *plan = rel->fdw_private;
	double		frames = rel->tuples / FRAME_VERSIONS * zone_share(root, rel, choice) + 1;
	double		share;
	double		versions;
	double		pages;

	if (choice->mode == TSM_FOLDED_HEAP && order == TSM_FOLDED_ANY)
		return cost_of_reading(rel, plan->pages, seq_page_cost, frames, Min(rel->tuples, rows * 2 + frames));
	if (choice->mode != TSM_FOLDED_KEYS)
	{
		share = choice->mode == TSM_FOLDED_RANGE ? key_share(root, choice) : 1;
		return DESCENT_COST + random_page_cost +
			cost_of_reading(rel, ceil(plan->pages * share), (seq_page_cost * 3 + random_page_cost) / 4,
							frames * share + 1, rel->tuples * share);
	}
	versions = Max(rel->tuples / plan->entities, 1);
	if (choice->instant && plan->folded->one_version)
		versions = 1;
	pages = ceil(versions * plan->pages / Max(rel->tuples, 1));
	return choice->keys * (DESCENT_COST +
						   cost_of_reading(rel, pages, random_page_cost,
										   versions / FRAME_VERSIONS + 1, versions));
}

/* Rows of a choice with outer relations, and the same for all that estimate by them. */
static double
rows_of_choice(PlannerInfo *root, RelOptInfo *rel, FoldedChoice *choice)
{
	FoldedPlan *plan = rel->fdw_private;
	ParamPathInfo *info;

	if (bms_is_empty(choice->required))
		return rel->rows;
	info = get_baserel_parampathinfo(root, rel, choice->required);
	if (choice->one_key && choice->instant && plan->folded->one_version)
		info->ppi_rows = 1;
	else if (choice->mode == TSM_FOLDED_KEYS)
		info->ppi_rows = Min(info->ppi_rows,
							 clamp_row_est(rel->rows * choice->keys / plan->entities));
	return info->ppi_rows;
}

static List *
private_of_choice(const FoldedChoice *choice, TsmFoldedOrder order)
{
	List	   *kinds = NIL;
	List	   *clauses = NIL;
	ListCell   *cell;

	foreach(cell, choice->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		kinds = lappend_int(lappend_int(lappend_int(kinds, binding->kind), binding->column),
							binding->strategy);
		clauses = lappend(clauses, binding->clause);
	}
	return list_make4(kinds, makeInteger(choice->mode), makeInteger(order), clauses);
}

static ForeignPath *
make_path(PlannerInfo *root, RelOptInfo *rel, FoldedChoice *choice, TsmFoldedOrder order,
		  List *pathkeys)
{
	double		rows = rows_of_choice(root, rel, choice);
	Cost		cost = cost_of_choice(root, rel, choice, order, rows);

	return tsm_create_foreignscan_path(root, rel, rows, 0, cost, pathkeys,
									   bms_is_empty(choice->required) ? NULL : choice->required,
									   private_of_choice(choice, order));
}

/* The order of a column, ascending or descending, as far as anything in the query wants it. */
static List *
pathkeys_of_column(PlannerInfo *root, RelOptInfo *rel, AttrNumber column, bool backward)
{
	Oid			relid = planner_rt_fetch(rel->relid, root)->relid;
	Oid			type;
	int32		typmod;
	Oid			collation;
	TypeCacheEntry *entry;

	get_atttypetypmodcoll(relid, column, &type, &typmod, &collation);
	entry = lookup_type_cache(type, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	return tsm_build_expression_pathkey(root, (Expr *) makeVar(rel->relid, column, type, typmod,
															  collation, 0),
										backward ? entry->gt_opr : entry->lt_opr, rel->relids);
}

/*
 * The order that a scan by the index gives. With one key the start alone counts, and
 * the key where it is an integer.
 */
static List *
pathkeys_of_choice(PlannerInfo *root, RelOptInfo *rel, const FoldedChoice *choice, bool backward)
{
	TsmFolded  *folded = ((FoldedPlan *) rel->fdw_private)->folded;
	List	   *starts = pathkeys_of_column(root, rel, folded->start, backward);
	List	   *keys = NIL;

	if (!folded->one_version || (!choice->one_key && !folded->map->integer_key))
		return NIL;
	if (!choice->one_key)
	{
		keys = pathkeys_of_column(root, rel, folded->keys[0], backward);
		if (keys == NIL)
			return NIL;
	}
	return truncate_useless_pathkeys(root, rel, list_concat(keys, starts));
}

/* The paths of a choice: as fast as can be, and in the orders that something wants. */
static void
add_paths(PlannerInfo *root, RelOptInfo *rel, FoldedChoice *choice)
{
	TsmFoldedOrder order;

	add_path(rel, (Path *) make_path(root, rel, choice,
									 choice->mode == TSM_FOLDED_HEAP ? TSM_FOLDED_ANY :
									 choice->mode == TSM_FOLDED_RANGE ? TSM_FOLDED_FORWARD :
									 TSM_FOLDED_BACKWARD, NIL));
	if (!has_useful_pathkeys(root, rel))
		return;
	for (order = TSM_FOLDED_FORWARD; order <= TSM_FOLDED_BACKWARD; order++)
	{
		List	   *pathkeys = pathkeys_of_choice(root, rel, choice, order == TSM_FOLDED_BACKWARD);
		FoldedChoice ordered = *choice;

		if (pathkeys == NIL)
			continue;
		if (ordered.mode == TSM_FOLDED_HEAP)
			ordered.mode = TSM_FOLDED_RANGE;
		add_path(rel, (Path *) make_path(root, rel, &ordered, order, pathkeys));
	}
}

/* All segments, shared by workers. */
static void
add_parallel_path(PlannerInfo *root, RelOptInfo *rel, FoldedChoice *choice)
{
	FoldedPlan *plan = rel->fdw_private;
	FoldedChoice shared = *choice;
	int			workers;
	double		divisor;
	ForeignPath *path;

	if (!rel->consider_parallel || !bms_is_empty(choice->required))
		return;
	workers = compute_parallel_worker(rel, plan->pages, -1, max_parallel_workers_per_gather);
	if (workers <= 0)
		return;
	divisor = workers;
	if (parallel_leader_participation)
		divisor += Max(1.0 - 0.3 * workers, 0);
	shared.mode = TSM_FOLDED_HEAP;
	path = make_path(root, rel, &shared, TSM_FOLDED_ANY, NIL);
	path->path.parallel_aware = true;
	path->path.parallel_workers = workers;
	path->path.rows = clamp_row_est(path->path.rows / divisor);
	path->path.total_cost = plan->pages * seq_page_cost +
		(path->path.total_cost - plan->pages * seq_page_cost) / divisor;
	add_partial_path(rel, (Path *) path);
}

/* The sets of outer relations worth trying beside none: those of each clause on the key, and all together. */
static List *
outer_sets(const FoldedPlan *plan)
{
	List	   *sets = NIL;
	Relids		all = NULL;
	ListCell   *cell;
	ListCell   *known;

	foreach(cell, plan->bindings)
		all = bms_add_members(all, ((TsmBinding *) lfirst(cell))->outer);
	if (bms_is_empty(all))
		return NIL;
	sets = list_make1(all);
	foreach(cell, plan->bindings)
	{
		TsmBinding *binding = lfirst(cell);

		if (bms_is_empty(binding->outer))
			continue;
		foreach(known, sets)
		{
			if (bms_equal(lfirst(known), binding->outer))
				break;
		}
		if (known == NULL && list_length(sets) < MAX_PARAMETERIZATIONS)
			sets = lappend(sets, binding->outer);
	}
	return sets;
}

void
tsm_folded_get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	FoldedPlan *plan = rel->fdw_private;
	List	   *made = NIL;
	FoldedChoice choice;
	ListCell   *cell;
	ListCell   *known;

	choose(plan, rel, NULL, &choice);
	add_paths(root, rel, &choice);
	add_parallel_path(root, rel, &choice);
	made = list_make1(choice.required);
	foreach(cell, outer_sets(plan))
	{
		choose(plan, rel, lfirst(cell), &choice);
		foreach(known, made)
		{
			if (bms_equal(lfirst(known), choice.required))
				break;
		}
		/* Reading all segments again and again is of no use. */
		if (known != NULL || choice.mode == TSM_FOLDED_HEAP)
			continue;
		made = lappend(made, choice.required);
		add_path(rel, (Path *) make_path(root, rel, &choice,
										 choice.mode == TSM_FOLDED_RANGE ? TSM_FOLDED_FORWARD :
										 TSM_FOLDED_BACKWARD, NIL));
	}
	/* A cached plan must go when the registration changes. */
	root->glob->relationOids = list_append_unique_oid(root->glob->relationOids, plan->folded->table);
}

/* The clauses of a path that joins the partitions of the outer relations. */
List *
tsm_folded_reparameterize(PlannerInfo *root, List *private, RelOptInfo *child)
{
	List	   *copy = list_copy(private);

	lfirst(list_tail(copy)) = tsm_adjust_child_attrs(root, llast(copy), child);
	return copy;
}

/* ---- plan ---- */

/* The columns that the query needs; all for a whole row. */
static List *
wanted_columns(RelOptInfo *rel, List *clauses)
{
	Bitmapset  *needed = NULL;
	List	   *columns = NIL;
	int			natts = rel->max_attr;
	bool		all;
	ListCell   *cell;
	int			i;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &needed);
	foreach(cell, clauses)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid, &needed);
	all = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, needed);
	for (i = 1; i <= natts; i++)
	{
		if (all || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, needed))
			columns = lappend_int(columns, i);
	}
	return columns;
}

ForeignScan *
tsm_folded_get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *path, List *tlist,
					List *clauses, Plan *outer_plan)
{
	List	   *private = list_copy(path->fdw_private);
	List	   *bound = llast(private);

	lfirst(list_tail(private)) = wanted_columns(rel, clauses);
	return make_foreignscan(tlist, extract_actual_clauses(clauses, false), rel->relid, bound,
							private, NIL, NIL, outer_plan);
}
