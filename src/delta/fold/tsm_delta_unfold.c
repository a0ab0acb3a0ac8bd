/*-------------------------------------------------------------------------
 *
 * tsm_delta_unfold.c
 *	  unfold: versions of segments become rows of the tail again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/hio.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_segment.h"

/* A call of unfold, as tsm_delta_values_as_owner hands it on. */
typedef struct UnfoldCall
{
	const TsmVersionedTable *table;
	TsmSegmentStore store;
	Relation	history;
	TsmSegmentMap *map;
	TsmSegmentTable segments;
	TsmSegmentWalk *walk;
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	TupleTableSlot *version;
	int64		versions;
} UnfoldCall;

/* Put all versions of a segment into the tail. */
static void
insert_versions(UnfoldCall *call, const TsmSegment *segment)
{
	ExprContext *context = GetPerTupleExprContext(call->estate);
	TsmCodecFault fault;
	TsmCodecRow row;

	if (!tsm_segment_walk_begin(call->walk, segment, &fault))
		tsm_segment_raise(&fault, call->segments.rel);
	while (tsm_segment_walk_next(call->walk, &row, &fault))
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		ResetExprContext(context);
		old = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
		tsm_segment_slot_of_row(call->map, tsm_segment_walk_schema(call->walk), &row, call->version);
		table_tuple_insert(call->history, call->version, GetCurrentCommandId(true), 0, call->bulk);
		if (call->result->ri_NumIndices > 0)
			list_free(tsm_ExecInsertIndexTuples(call->result, call->version, call->estate));
		MemoryContextSwitchTo(old);
		call->versions++;
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, call->segments.rel);
}

static void
unfold_segments(UnfoldCall *call)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem unfold turn",
											   ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(call->segments.rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(call->segments.rel, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, true);
		insert_versions(call, &segment);
		tsm_segment_delete(call->segments.rel, &segment.tid, snapshot);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(turn);
}

static void
unfold_as_owner(void *arg)
{
	UnfoldCall *call = arg;
	int			nest_level = tsm_segment_fix_settings();

	CommandCounterIncrement();
	call->history = table_open(call->table->history, RowExclusiveLock);
	call->map = tsm_segment_map(call->history, call->table);
	tsm_segment_open(&call->segments, call->store.segments, ShareUpdateExclusiveLock);
	call->walk = tsm_segment_walk_make(call->map);
	call->estate = CreateExecutorState();
	call->result = makeNode(ResultRelInfo);
	InitResultRelInfo(call->result, call->history, 1, NULL, 0);
	ExecOpenIndices(call->result, false);
	call->bulk = GetBulkInsertState();
	call->version = MakeSingleTupleTableSlot(RelationGetDescr(call->history), &TTSOpsVirtual);
	unfold_segments(call);
	ExecDropSingleTupleTableSlot(call->version);
	FreeBulkInsertState(call->bulk);
	ExecCloseIndices(call->result);
	FreeExecutorState(call->estate);
	tsm_segment_close(&call->segments);
	table_close(call->history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

void
tsm_delta_unfold_before(const TsmVersionedTable *table, const char *why)
{
	UnfoldCall	call = {0};

	call.table = table;
	if (!tsm_segment_store(table->history, &call.store))
		return;
	tsm_delta_values_as_owner(tsm_segment_owner(table->history), unfold_as_owner, &call);
	CommandCounterIncrement();
	if (call.versions > 0)
		ereport(NOTICE,
				(errmsg("%lld folded versions of table \"%s\" became rows again",
						(long long) call.versions, get_rel_name(table->rel)),
				 errdetail("%s", why)));
}

PG_FUNCTION_INFO_V1(tsm_delta_unfold);

/*
 * unfold(rel regclass) → bigint: the number of versions. The store stays,
 * empty: snapshots from before still read it. Errors: 42501,
 * 55000, 0A000, 40001, XX001.
 */
Datum
tsm_delta_unfold(PG_FUNCTION_ARGS)
{
	UnfoldCall	call = {0};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem unfold",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;

	PreventCommandIfReadOnly("tsmem.unfold()");
	call.table = tsm_segment_own_table(PG_GETARG_OID(0));
	old = MemoryContextSwitchTo(context);
	if (tsm_segment_store(call.table->history, &call.store))
		tsm_delta_values_as_owner(tsm_segment_owner(call.table->history), unfold_as_owner, &call);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_INT64(call.versions);
}
