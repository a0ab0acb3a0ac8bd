/*-------------------------------------------------------------------------
 *
 * tsm_delta_verify.c
 *	  verify: what is wrong with the segments of a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_segment.h"

/* A call of verify, as tsm_delta_as_owner hands it on. */
typedef struct VerifyCall
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	ReturnSetInfo *result;
	TsmSegmentMap *map;
	TsmSegmentWalk *walk;
	TsmSegmentTable segments;
	bool		any;			/* a version was seen */
	TsmCodecRow last;			/* head of the last version */
} VerifyCall;

static void
report(VerifyCall *call, const TsmSegment *segment, const char *problem)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = PointerGetDatum(&segment->tid);
	values[1] = CStringGetTextDatum(problem);
	tuplestore_putvalues(call->result->setResult, call->result->setDesc, values, nulls);
}

/* Compare a version with the one before it, which may be of another segment. */
static const char *
check_row(VerifyCall *call, const TsmCodecRow *row)
{
	const TsmCodecRow *last = &call->last;
	const char *problem = NULL;

	if (row->start > row->end)
		problem = "a version ends before it starts";
	/* Segments that begin with the same key and start have no order among them. */
	else if (call->any && (row->key < last->key ||
						   (row->key == last->key && row->start < last->start && call->table->disjoint_keys)))
		problem = "versions are out of order";
	else if (call->any && call->table->disjoint_keys && call->map->integer_key &&
			 row->key == last->key && row->start < last->end)
		problem = "versions of a key overlap";
	call->any = true;
	call->last = *row;
	return problem;
}

static void
verify_segment(VerifyCall *call, const TsmSegment *segment)
{
	const char *problem = NULL;
	TsmCodecFault fault;
	TsmCodecRow row;
	TsmCodecRow first = {0};
	TimestampTz t_min = DT_NOEND;
	TimestampTz t_hi = DT_NOBEGIN;
	int32		versions = 0;

	if (tsm_segment_walk_begin(call->walk, segment, &fault))
	{
		while (tsm_segment_walk_next(call->walk, &row, &fault))
		{
			CHECK_FOR_INTERRUPTS();
			if (versions++ == 0)
				first = row;
			t_min = Min(t_min, row.start);
			t_hi = Max(t_hi, row.end);
			if (problem == NULL)
				problem = check_row(call, &row);
			else
				(void) check_row(call, &row);
		}
	}
	if (fault.code != TSM_CODEC_OK)
		problem = psprintf("block cannot be read, at byte %zu: %s", fault.position, fault.what);
	else if (problem == NULL && versions != segment->versions)
		problem = psprintf("has %d versions, not %d", versions, segment->versions);
	else if (problem == NULL && (first.key != segment->key_lo || first.start != segment->t_lo ||
								 call->last.key != segment->key_hi))
		problem = "keys are not those of its versions";
	else if (problem == NULL && (t_min != segment->t_min || t_hi != segment->t_hi))
		problem = "times are not those of its versions";
	if (problem != NULL)
		report(call, segment, problem);
}

/* In the order of the index, so that neighbours are compared. */
static void
verify_segments(VerifyCall *call)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem verify turn",
											   ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan = tsm_index_beginscan(call->segments.rel, call->segments.index, snapshot, 0);
	TupleTableSlot *slot = table_slot_create(call->segments.rel, NULL);

	index_rescan(scan, NULL, 0, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, true);
		verify_segment(call, &segment);
		MemoryContextSwitchTo(old);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(turn);
}

static void
verify_as_owner(void *arg)
{
	VerifyCall *call = arg;
	Relation	history = table_open(call->table->history, AccessShareLock);
	int			nest_level = tsm_segment_fix_settings();

	call->map = tsm_segment_map(history, call->table);
	tsm_segment_open(&call->segments, call->store.segments, AccessShareLock);
	call->walk = tsm_segment_walk_make(call->map);
	verify_segments(call);
	tsm_segment_close(&call->segments);
	table_close(history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

PG_FUNCTION_INFO_V1(tsm_delta_verify);

/* verify(rel regclass) → setof (segment tid, problem text). Errors: 42501, 55000. */
Datum
tsm_delta_verify(PG_FUNCTION_ARGS)
{
	VerifyCall	call = {0};

	InitMaterializedSRF(fcinfo, 0);
	call.result = (ReturnSetInfo *) fcinfo->resultinfo;
	call.table = tsm_segment_own_table(PG_GETARG_OID(0));
	if (tsm_segment_store(call.table->history, &call.store))
		tsm_delta_as_owner(tsm_segment_owner(call.table->history), verify_as_owner, &call);
	return (Datum) 0;
}
