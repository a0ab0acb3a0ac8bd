/*-------------------------------------------------------------------------
 *
 * tsm_delta_init.c
 *	  Opens the room: what it tells the planner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "optimizer/paths.h"

#include "tsm_base.h"
#include "tsm_delta_folded.h"
#include "tsm_delta_scan.h"
#include "tsm_delta_worker.h"

static set_rel_pathlist_hook_type previous_pathlist_hook = NULL;

/* After the server has made its paths for a relation. */
static void
look_at_relation(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	TsmHistoryShape shape;

	if (previous_pathlist_hook != NULL)
		previous_pathlist_hook(root, rel, rti, rte);
	/* A history with a store is a union of itself and its child, to which the rest is done. */
	if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_RELATION || rte->inh ||
		rte->tablesample != NULL || is_dummy_rel(rel) ||
		bms_is_member(rti, root->all_result_relids) ||
		!tsm_delta_history_shape(rte->relid, &shape))
		return;
	tsm_delta_estimate_rows(root, rel, &shape);
	tsm_delta_add_paths(root, rel, &shape);
}

static void
delta_load(void)
{
	tsm_delta_shape_load();
	tsm_delta_scan_load();
	tsm_delta_estimate_load();
	tsm_delta_worker_load();
	tsm_folded_load();
	tsm_chain_load();
	previous_pathlist_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = look_at_relation;
}

TSM_ROOM(delta, delta_load, NULL);
