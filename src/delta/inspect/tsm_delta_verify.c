/*-------------------------------------------------------------------------
 *
 * tsm_delta_verify.c
 *	  verify: what is wrong with the folded history of a table.
 *
 * Each segment is read in a subtransaction, so that whatever reading it
 * raises is a problem of this segment, and the next one is looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_inspect.h"

static void
put_problem(TsmVerifyCall *call, ItemPointer segment, const char *problem)
{
	ReturnSetInfo *result = call->result;
	Datum		all[3];
	bool		nulls[3] = {false};
	int			skip = call->with_rel ? 0 : 1;

	all[0] = ObjectIdGetDatum(call->table->rel);
	all[1] = PointerGetDatum(segment);
	nulls[1] = segment == NULL;
	all[2] = CStringGetTextDatum(problem);
	tuplestore_putvalues(result->setResult, result->setDesc, all + skip, nulls + skip);
}

void
tsm_inspect_report(TsmVerifyCall *call, const char *problem)
{
	put_problem(call, NULL, problem);
}

bool
tsm_inspect_attempt(TsmVerifyCall *call, void (*act) (TsmVerifyCall *call), char **problem)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		act(call);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;
		const char *state;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		state = unpack_sql_state(error->sqlerrcode);
		/* Operator intervention, lack of resources. */
		if (strncmp(state, "57", 2) == 0 || strncmp(state, "53", 2) == 0)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		*problem = error->detail == NULL ? error->message : psprintf("%s: %s", error->message, error->detail);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/* ---- a segment ---- */

/* Compare a version with the one before it, which may be of another segment. */
static const char *
check_order(TsmVerifyCall *call, const TsmCodecRow *row)
{
	const TsmCodecRow *last = &call->last;

	if (row->start > row->end)
		return "a version ends before it starts";
	if (!call->any)
		return NULL;
	/* Segments that begin with the same key and start have no order among them. */
	if (row->key < last->key ||
		(row->key == last->key && row->start < last->start && call->table->disjoint_keys))
		return "versions are out of order";
	if (call->table->disjoint_keys && call->map->integer_key && row->key == last->key &&
		row->start < last->end)
		return "versions of a key overlap";
	return NULL;
}

/* Whether the zones let every value of the version pass. */
static bool
zones_hold(TsmVerifyCall *call, const TsmSegmentSchema *schema, const TsmCodecRow *row)
{
	int			i;

	for (i = 0; i < call->nzones; i++)
	{
		TsmVerifyZone *zone = &call->zones[i];
		const TsmCodecValue *value = &row->values[zone->place];
		Datum		datum;
		uint64		hash = 0;

		if (value->null)
		{
			if (!zone->zone.has_null)
				return false;
			continue;
		}
		if (!zone->zone.has_value)
			return false;
		datum = call->version->tts_values[schema->places[zone->place].column - 1];
		if (zone->zone.kind == TSM_ZONE_FILTER)
			hash = tsm_segment_zone_hash(&zone->type, datum);
		if (!tsm_segment_zone_may_hold(&zone->zone, &zone->type, datum, hash))
			return false;
	}
	return true;
}

static void
find_zones(TsmVerifyCall *call, const TsmSegmentSchema *schema)
{
	int			i;

	call->nzones = 0;
	for (i = 0; call->segment.zones != NULL && i < schema->codec.natts; i++)
	{
		const TsmSegmentPlace *place = &schema->places[i];
		TsmVerifyZone *zone = &call->zones[call->nzones];

		if (place->column == 0 || place->cast != NULL || call->nzones == TSM_SEGMENT_MAX_ZONES ||
			!tsm_segment_zone_find(call->segment.zones, i, &zone->zone))
			continue;
		tsm_segment_zone_type(call->map->desc, place->column, &zone->type);
		zone->place = i;
		call->nzones += zone->type.kind == zone->zone.kind;
	}
}

/* The values of a version: they can be made, have the key that is stored, and are within the zones. */
static const char *
check_values(TsmVerifyCall *call, const TsmSegmentSchema *schema, const TsmCodecRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	const char *problem = NULL;

	MemoryContextReset(call->row_context);
	tsm_segment_slot_of_row(call->map, (TsmSegmentSchema *) schema, row, call->version);
	if (tsm_segment_key_of_slot(call->map, call->version) != row->key)
		problem = "a version has another key than its values give";
	else if (!zones_hold(call, schema, row))
		problem = "zones do not hold the values of a version";
	ExecClearTuple(call->version);
	MemoryContextSwitchTo(old);
	return problem;
}

/* What the columns beside the block say, against its versions. */
static const char *
check_columns(const TsmSegment *segment, const TsmCodecRow *last, TimestampTz t_min, TimestampTz t_hi,
			  int64 key_hi)
{
	if (key_hi != segment->key_hi || last->key != segment->key_hi)
		return "keys are not those of its versions";
	if (t_min != segment->t_min || t_hi != segment->t_hi)
		return "times are not those of its versions";
	return NULL;
}

static void
verify_segment(TsmVerifyCall *call)
{
	const TsmSegment *segment = &call->segment;
	TsmSegmentSchema *schema;
	TsmCodecFault fault;
	TsmCodecRow row;
	TimestampTz t_min = DT_NOEND;
	TimestampTz t_hi = DT_NOBEGIN;
	int64		key_hi = PG_INT64_MIN;
	const char *problem = NULL;

	if (tsm_segment_walk_begin(call->walk, segment, &fault))
	{
		schema = tsm_segment_walk_schema(call->walk);
		find_zones(call, schema);
		while (tsm_segment_walk_next(call->walk, &row, &fault))
		{
			const char *order = check_order(call, &row);

			CHECK_FOR_INTERRUPTS();
			call->disordered |= order != NULL;
			if (problem == NULL)
				problem = order != NULL ? order : check_values(call, schema, &row);
			t_min = Min(t_min, row.start);
			t_hi = Max(t_hi, row.end);
			key_hi = Max(key_hi, row.key);
			call->last = row;
			call->any = true;
		}
	}
	if (fault.code != TSM_CODEC_OK)
	{
		call->unreadable = true;
		problem = psprintf("block cannot be read, at byte %zu: %s", fault.position, fault.what);
	}
	else if (problem == NULL)
		problem = check_columns(segment, &call->last, t_min, t_hi, key_hi);
	if (problem != NULL)
		put_problem(call, &call->segment.tid, problem);
}

/* Fetch the block of the segment in the slot, from outside of its row perhaps, and read it. */
static void
fetch_segment(TsmVerifyCall *call)
{
	tsm_segment_of_slot(call->slot, &call->segment, true);
	verify_segment(call);
}

/* ---- all segments ---- */

static int64
count_rows(Relation rel, Snapshot snapshot)
{
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	int64		rows = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		rows++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return rows;
}

/* In the order of the index, so that neighbours are compared. */
static void
verify_segments(TsmVerifyCall *call)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem verify turn",
											   ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan = tsm_index_beginscan(call->segments.rel, call->segments.index, snapshot, 0);
	int64		rows;
	int64		indexed = 0;

	call->slot = table_slot_create(call->segments.rel, NULL);
	index_rescan(scan, NULL, 0, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, call->slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		char	   *problem;

		MemoryContextReset(turn);
		indexed++;
		if (!tsm_inspect_attempt(call, fetch_segment, &problem))
		{
			call->unreadable = true;
			put_problem(call, &call->slot->tts_tid, problem);
		}
		MemoryContextSwitchTo(old);
	}
	index_endscan(scan);
	rows = count_rows(call->segments.rel, snapshot);
	if (rows != indexed)
		tsm_inspect_report(call, psprintf("index \"%s\" has %lld of %lld segments",
										  RelationGetRelationName(call->segments.index),
										  (long long) indexed, (long long) rows));
	ExecDropSingleTupleTableSlot(call->slot);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(turn);
}

/* ---- a table ---- */

/* Whether what the registry says of the store is so. */
static bool
check_store(TsmVerifyCall *call)
{
	TsmSegmentStore *store = &call->store;

	if (get_rel_relkind(store->segments) != RELKIND_RELATION ||
		get_rel_relkind(store->folded) != RELKIND_FOREIGN_TABLE)
	{
		tsm_inspect_report(call, "a relation of its folded history is missing");
		return false;
	}
	if (!list_member_oid(find_inheritance_children(call->table->history, NoLock), store->folded))
		tsm_inspect_report(call, psprintf("foreign table \"%s\" does not inherit the history: folded versions are not read",
										  get_rel_name(store->folded)));
	return true;
}

static void
verify_store(TsmVerifyCall *call)
{
	tsm_segment_open(&call->segments, call->store.segments, AccessShareLock);
	call->walk = tsm_segment_walk_make(call->map);
	verify_segments(call);
	tsm_segment_close(&call->segments);
}

static void
verify_as_owner(void *arg)
{
	TsmVerifyCall *call = arg;
	Relation	history = table_open(call->table->history, AccessShareLock);
	int			nest_level = tsm_segment_fix_settings();
	char	   *problem;

	call->map = tsm_segment_map(history, call->table);
	call->version = MakeSingleTupleTableSlot(RelationGetDescr(history), &TTSOpsVirtual);
	call->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem verify version",
											  ALLOCSET_DEFAULT_SIZES);
	if (tsm_segment_store(call->table->history, &call->store) && check_store(call) &&
		!tsm_inspect_attempt(call, verify_store, &problem))
	{
		call->unreadable = true;
		tsm_inspect_report(call, problem);
	}
	if (call->table->disjoint_keys && !tsm_inspect_attempt(call, tsm_inspect_verify_overlaps, &problem))
		tsm_inspect_report(call, problem);
	ExecDropSingleTupleTableSlot(call->version);
	MemoryContextDelete(call->row_context);
	table_close(history, NoLock);
	AtEOXact_GUC(true, nest_level);
}

static void
verify_table(TsmVersionedTable *table, ReturnSetInfo *result, bool with_rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem verify",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	TsmVerifyCall *call = palloc0(sizeof(TsmVerifyCall));

	call->table = table;
	call->result = result;
	call->with_rel = with_rel;
	tsm_delta_values_as_owner(tsm_segment_owner(table->history), verify_as_owner, call);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

PG_FUNCTION_INFO_V1(tsm_delta_verify);
PG_FUNCTION_INFO_V1(tsm_delta_verify_all);

/* verify(rel regclass) → setof (segment tid, problem text). Errors: 42501, 55000. */
Datum
tsm_delta_verify(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	verify_table(tsm_segment_own_table(PG_GETARG_OID(0)), (ReturnSetInfo *) fcinfo->resultinfo, false);
	return (Datum) 0;
}

/* verify() → setof (rel regclass, segment tid, problem text), of the tables of the caller. */
Datum
tsm_delta_verify_all(PG_FUNCTION_ARGS)
{
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, tsm_delta_list())
	{
		Oid			rel = ((TsmVersionedTable *) lfirst(cell))->rel;

		if (get_rel_name(rel) == NULL || !tsm_relation_ownercheck(rel, GetUserId()))
			continue;
		verify_table(tsm_segment_own_table(rel), (ReturnSetInfo *) fcinfo->resultinfo, true);
	}
	return (Datum) 0;
}
