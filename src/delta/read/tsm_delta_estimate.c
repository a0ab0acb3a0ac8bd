/*-------------------------------------------------------------------------
 *
 * tsm_delta_estimate.c
 *	  Estimates for reading a table as of another time.
 *
 * The planner multiplies the selectivities of row_start <= time and
 * row_end > time as if they were independent. They are not: every version
 * fulfils one of them at least, so the share that fulfils both is their sum
 * less one. A histogram tells that to a hundredth of the history, which is much where a row has many versions. A
 * table keeps about its size as a rule, so that as many versions lived at the
 * time as there are rows now, less those rows that were there already. Where
 * the two agree as far as a histogram can tell, the second is taken.
 *
 * For the union of table and history statistics of the columns are lacking;
 * those of the table are lent, without the right to show its values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "tsm_delta.h"
#include "tsm_delta_folded.h"
#include "tsm_delta_scan.h"

/* How far two histograms of a hundred bins may be off together, as a share of the history. */
#define HISTOGRAM_ERROR 0.02

static get_relation_stats_hook_type previous_stats_hook = NULL;

static AppendRelInfo *
membership(PlannerInfo *root, Index child)
{
	return root->append_rel_array != NULL ? root->append_rel_array[child] : NULL;
}

/* The member of a union that contains the child and reads the table; 0 without. */
static Index
table_beside(PlannerInfo *root, Index child, Oid table)
{
	AppendRelInfo *own;
	ListCell   *cell;

	/* Tail and folded versions are members of the history, and that is one of the union. */
	for (; (own = membership(root, child)) != NULL; child = own->parent_relid)
	{
		foreach(cell, root->append_rel_list)
		{
			AppendRelInfo *member = lfirst_node(AppendRelInfo, cell);
			RangeTblEntry *rte = planner_rt_fetch(member->child_relid, root);

			if (member->parent_relid == own->parent_relid && rte->rtekind == RTE_RELATION &&
				rte->relid == table)
				return member->child_relid;
		}
	}
	return 0;
}

/* How many folded versions there are beside a tail. */
static double
folded_beside(PlannerInfo *root, Index child)
{
	AppendRelInfo *own = membership(root, child);
	double		versions = 0;
	ListCell   *cell;

	if (own == NULL)
		return 0;
	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *member = lfirst_node(AppendRelInfo, cell);

		if (member->parent_relid == own->parent_relid && member->child_relid != child &&
			planner_rt_fetch(member->child_relid, root)->relkind == RELKIND_FOREIGN_TABLE)
			versions += root->simple_rel_array[member->child_relid]->tuples;
	}
	return versions;
}

/* All rows of a table, without regard to conditions; of a partitioned one, those of its partitions. */
static double
all_rows(PlannerInfo *root, Index relid)
{
	RelOptInfo *rel = root->simple_rel_array[relid];
	double		rows = 0;
	ListCell   *cell;

	if (!planner_rt_fetch(relid, root)->inh)
		return rel != NULL ? rel->tuples : 0;
	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *member = lfirst_node(AppendRelInfo, cell);

		if (member->parent_relid == relid)
			rows += all_rows(root, member->child_relid);
	}
	return rows;
}

/* How many rows of the table are younger than the time: their former versions lived then, or none. */
static double
younger_rows(PlannerInfo *root, Index relid, Oid table)
{
	Oid			family = tsm_delta_btree_family(TIMESTAMPTZOID);
	AttrNumber	start = get_attnum(table, TSM_ROW_START);
	RelOptInfo *rel = root->simple_rel_array[relid];
	double		older = 0;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		if (tsm_delta_match(rel, lfirst(cell), start, family, InvalidOid,
							BTLessEqualStrategyNumber) != NULL)
			older = clause_selectivity(root, lfirst(cell), 0, JOIN_INNER, NULL);
	}
	return all_rows(root, relid) * (1 - older);
}

/* How many versions of the history lived at the time that the pair asks for; negative when nothing tells. */
static double
living_versions(PlannerInfo *root, RelOptInfo *rel, const TsmHistoryShape *shape,
				TsmTimePair *pair)
{
	double		share = clause_selectivity(root, (Node *) pair->start->clause, 0, JOIN_INNER, NULL) +
	clause_selectivity(root, (Node *) pair->end->clause, 0, JOIN_INNER, NULL) - 1;
	bool		known = share >= 0 &&
	IsA(estimate_expression_value(root, (Node *) pair->start->other), Const);
	Index		table = table_beside(root, rel->relid, shape->table);
	double		younger = table != 0 && root->simple_rel_array[table] != NULL ?
	younger_rows(root, table, shape->table) : -1;

	double		folded = folded_beside(root, rel->relid);

	/* Of those that lived then a tail has its share. */
	if (!known)
		return younger < 0 ? younger : younger * rel->tuples / Max(rel->tuples + folded, 1);
	if (younger >= 0 && folded == 0 && fabs(younger - share * rel->tuples) <= HISTOGRAM_ERROR * rel->tuples)
		return younger;
	return share * rel->tuples;
}

double
tsm_delta_living_share(PlannerInfo *root, RelOptInfo *rel, const TsmHistoryShape *shape,
					   double table_rows, List **clauses)
{
	List	   *pairs = tsm_delta_match_times(rel, shape, rel->baserestrictinfo);
	TsmTimePair *pair = pairs == NIL ? NULL : linitial(pairs);
	double		living;

	if (pair == NULL)
		return -1;
	living = living_versions(root, rel, shape, pair);
	if (living < 0)
		living = table_rows;
	*clauses = list_make2(pair->start->clause, pair->end->clause);
	return Min(living / Max(rel->tuples, 1), 1);
}

/* Multiply the rows of a relation, and of its paths. */
static void
scale_rows(RelOptInfo *rel, double rows)
{
	double		ratio = rows / Max(rel->rows, 1);
	ListCell   *cell;

	rel->rows = rows;
	foreach(cell, rel->ppilist)
	{
		ParamPathInfo *info = lfirst(cell);

		info->ppi_rows = clamp_row_est(info->ppi_rows * ratio);
	}
	foreach(cell, rel->pathlist)
	{
		Path	   *path = lfirst(cell);

		path->rows = path->param_info != NULL ? path->param_info->ppi_rows :
			clamp_row_est(path->rows * ratio);
	}
	foreach(cell, rel->partial_pathlist)
	{
		Path	   *path = lfirst(cell);

		path->rows = clamp_row_est(path->rows * ratio);
	}
}

void
tsm_delta_estimate_rows(PlannerInfo *root, RelOptInfo *rel, const TsmHistoryShape *shape)
{
	List	   *pairs = tsm_delta_match_times(rel, shape, rel->baserestrictinfo);
	TsmTimePair *pair = pairs == NIL ? NULL : linitial(pairs);
	List	   *others;
	double		living;
	double		before = rel->rows;
	Index		child = rel->relid;

	if (pair == NULL || (living = living_versions(root, rel, shape, pair)) < 0)
		return;
	others = list_delete_ptr(list_copy(rel->baserestrictinfo), pair->start->clause);
	others = list_delete_ptr(others, pair->end->clause);
	living *= clauselist_selectivity(root, others, 0, JOIN_INNER, NULL);
	scale_rows(rel, clamp_row_est(Min(living, rel->tuples)));
	/* The unions above have no paths yet. */
	while (root->append_rel_array != NULL && root->append_rel_array[child] != NULL)
	{
		RelOptInfo *parent;

		child = root->append_rel_array[child]->parent_relid;
		parent = root->simple_rel_array[child];
		parent->rows = clamp_row_est(parent->rows + rel->rows - before);
		parent->tuples = parent->rows;
	}
}

/* Whether a union has the history of a table as a member. */
static bool
unites_history(PlannerInfo *root, Index parent, Oid table)
{
	ListCell   *cell;

	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *member = lfirst_node(AppendRelInfo, cell);
		RangeTblEntry *rte = planner_rt_fetch(member->child_relid, root);
		TsmHistoryShape shape;

		if (member->parent_relid == parent && rte->rtekind == RTE_RELATION &&
			tsm_delta_history_shape(rte->relid, &shape) && shape.table == table)
			return true;
	}
	return false;
}

/* The number of an entry; 0 without. The hook is not told, and the variable may be that of a query around this one. */
static Index
number_of_entry(PlannerInfo *root, const RangeTblEntry *rte)
{
	int			i;

	for (i = 1; i < root->simple_rel_array_size; i++)
	{
		if (root->simple_rte_array[i] == rte)
			return i;
	}
	return 0;
}

/* Folded versions that were not analysed by themselves have the statistics of the whole history. */
static bool
lend_history_statistics(RangeTblEntry *rte, AttrNumber attnum, VariableStatData *data)
{
	const TsmFolded *folded = attnum > 0 ? tsm_folded_peek(rte->relid) : NULL;
	AttrNumber	column = 0;

	if (folded == NULL ||
		SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(rte->relid), Int16GetDatum(attnum),
							  BoolGetDatum(false)))
		return false;
	while (column < folded->map->desc->natts && folded->columns[column] != attnum)
		column++;
	data->statsTuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(folded->history),
									   Int16GetDatum(column + 1), BoolGetDatum(true));
	data->freefunc = ReleaseSysCache;
	return true;
}

/*
 * get_relation_stats_hook: a column of a union of table and history has the
 * statistics of the table's. acl_ok stays false, so that only leakproof
 * operators look into them.
 */
static bool
lend_statistics(PlannerInfo *root, RangeTblEntry *rte, AttrNumber attnum, VariableStatData *data)
{
	Index		parent;
	ListCell   *cell;

	if (previous_stats_hook != NULL && previous_stats_hook(root, rte, attnum, data))
		return true;
	if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_FOREIGN_TABLE)
		return lend_history_statistics(rte, attnum, data);
	if (rte->rtekind != RTE_SUBQUERY || !rte->inh || attnum <= 0)
		return false;
	parent = number_of_entry(root, rte);
	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *member = lfirst_node(AppendRelInfo, cell);
		RangeTblEntry *child = planner_rt_fetch(member->child_relid, root);
		Var		   *var;

		if (member->parent_relid != parent || child->rtekind != RTE_RELATION ||
			attnum > list_length(member->translated_vars))
			continue;
		var = list_nth(member->translated_vars, attnum - 1);
		if (var == NULL || !IsA(var, Var) || var->varno != member->child_relid ||
			!unites_history(root, member->parent_relid, child->relid))
			continue;
		data->statsTuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(child->relid),
										   Int16GetDatum(var->varattno), BoolGetDatum(child->inh));
		data->freefunc = ReleaseSysCache;
		return true;
	}
	return false;
}

void
tsm_delta_estimate_load(void)
{
	previous_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = lend_statistics;
}
