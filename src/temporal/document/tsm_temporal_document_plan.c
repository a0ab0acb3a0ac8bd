/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_plan.c
 *	  Plans of the queries on document stores, kept in the backend.
 *
 * A query is a text made of the present names and columns of a store and its
 * history, so a plan serves as long as the text stays the same; the server
 * looks after everything else that could make it stale.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_plan.h"

/* When more are kept, all are given up: their stores may be gone. */
#define MAX_PLANS 1024

typedef struct PlanKey
{
	Oid			relid;
	int			kind;
} PlanKey;

typedef struct PlanEntry
{
	PlanKey		key;
	char	   *query;
	SPIPlanPtr	plan;
} PlanEntry;

static HTAB *plans = NULL;

static void
make_table(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(PlanKey);
	control.entrysize = sizeof(PlanEntry);
	control.hcxt = TopMemoryContext;
	plans = hash_create("tsmem document plans", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
forget(PlanEntry *entry)
{
	SPIPlanPtr	plan = entry->plan;
	char	   *query = entry->query;

	(void) hash_search(plans, &entry->key, HASH_REMOVE, NULL);
	SPI_freeplan(plan);
	pfree(query);
}

static void
forget_all(void)
{
	HASH_SEQ_STATUS status;
	PlanEntry  *entry;

	hash_seq_init(&status, plans);
	while ((entry = hash_seq_search(&status)) != NULL)
		forget(entry);
}

SPIPlanPtr
tsm_document_plan(Oid relid, TsmDocumentPlanKind kind, const char *query, int nargs, Oid *types)
{
	PlanKey		key = {relid, (int) kind};
	PlanEntry  *entry;
	SPIPlanPtr	plan;
	char	   *copy;

	if (plans == NULL)
		make_table();
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry != NULL && strcmp(entry->query, query) == 0)
		return entry->plan;
	plan = SPI_prepare(query, nargs, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", query);
	/* Preparing may have called this. */
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry != NULL)
		forget(entry);
	else if (hash_get_num_entries(plans) >= MAX_PLANS)
		forget_all();
	copy = MemoryContextStrdup(TopMemoryContext, query);
	entry = hash_search(plans, &key, HASH_ENTER, NULL);
	entry->query = copy;
	entry->plan = plan;
	return plan;
}
