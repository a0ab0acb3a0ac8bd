/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep_erase.c
 *	  erase: an entity goes, with all its versions.
 *
 * Its rows are deleted by a statement of the caller's, which fires the
 * triggers of the table, those that write history too: what they write is
 * removed with the rest. A segment that holds versions of the entity is written
 * anew without them, which makes a new base image and new frames.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "tsm_delta_keep.h"

/* How often rows that are left after a deletion are deleted again: others may have inserted them meanwhile. */
#define MAX_TURNS 10

/* A call of erase. */
typedef struct EraseCall
{
	TsmVersionedTable *table;
	TsmSegmentKey key;
	char	   *condition;		/* of the key, with parameters */
	int64		hash;			/* the key of its versions in segments */
	FmgrInfo	equal[INDEX_MAX_KEYS];
	TupleTableSlot *version;	/* one of a segment, whose key is compared */
	MemoryContext row_context;
	int64		current_rows;
	int64		written;		/* versions that the deletion of rows wrote */
	TsmKeepRun	run;
} EraseCall;

/*
 * Run a statement on the entity, which sees what is committed by now and what
 * this transaction did. Gives the number of rows, and adds that of true ones.
 */
static uint64
execute(EraseCall *call, const char *statement, int64 *trues)
{
	Snapshot	snapshot;
	SPIPlanPtr	plan;
	uint64		processed;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(statement, call->key.nkeys, call->key.types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", statement);
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	if (SPI_execute_snapshot(plan, call->key.values, NULL, snapshot, InvalidSnapshot, false, true, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", statement);
	processed = SPI_processed;
	for (i = 0; i < processed; i++)
	{
		bool		null;

		if (DatumGetBool(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null)))
			(*trues)++;
	}
	UnregisterSnapshot(snapshot);
	SPI_finish();
	return processed;
}

/*
 * Delete the rows of the entity, with the rights of the caller. 55000 when
 * some stay, for a trigger or a rule keeps them. Gives how many there were.
 */
static int64
delete_rows(EraseCall *call)
{
	const char *name = tsm_delta_relation_name(call->table->rel);
	/* Rows that the transaction wrote itself leave no version. */
	char	   *delete = psprintf("DELETE FROM %s WHERE %s RETURNING "
								  "(" TSM_ROW_XID " OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id() "
								  "AND " TSM_ROW_START " OPERATOR(pg_catalog.>=) pg_catalog.now()) IS NOT TRUE",
								  name, call->condition);
	char	   *find = psprintf("SELECT true FROM %s WHERE %s", name, call->condition);
	int64		deleted = 0;
	int64		found = 0;
	int			turn;

	for (turn = 0; turn < MAX_TURNS; turn++)
	{
		CHECK_FOR_INTERRUPTS();
		deleted += execute(call, delete, &call->written);
		if (execute(call, find, &found) == 0)
			return deleted;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("could not delete all rows of an entity of table \"%s\"",
					get_rel_name(call->table->rel)),
			 errhint("A trigger or a rule may keep them.")));
	return 0;					/* keep compiler quiet */
}

/* Whether a row of the history has the key. */
static bool
has_key_values(EraseCall *call, TupleTableSlot *slot)
{
	TsmSegmentMap *map = call->run.map;
	int			i;

	for (i = 0; i < map->nkeys; i++)
	{
		bool		null;
		Datum		value = slot_getattr(slot, map->keys[i], &null);

		if (null || !DatumGetBool(FunctionCall2Coll(&call->equal[i], map->key_collations[i], value,
													call->key.values[i])))
			return false;
	}
	return true;
}

/* Whether a btree begins with the columns of the key, and tells values apart as their types do by default. */
static bool
is_key_index(EraseCall *call, Relation index)
{
	TsmSegmentMap *map = call->run.map;
	Form_pg_index form = index->rd_index;
	int			i;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indnkeyatts < map->nkeys ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	for (i = 0; i < map->nkeys; i++)
	{
		if (form->indkey.values[i] != map->keys[i] ||
			index->rd_indcollation[i] != map->key_collations[i] ||
			index->rd_opfamily[i] != lookup_type_cache(call->key.types[i], TYPECACHE_BTREE_OPFAMILY)->btree_opf)
			return false;
	}
	return true;
}

/* The index of the history to find the key by, open; NULL without. */
static Relation
open_key_index(EraseCall *call)
{
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(call->run.history))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (is_key_index(call, index))
			return index;
		index_close(index, AccessShareLock);
	}
	return NULL;
}

/* A scan of an index for the key. */
static IndexScanDesc
begin_key_scan(EraseCall *call, Relation index)
{
	int			nkeys = call->run.map->nkeys;
	IndexScanDesc scan = tsm_index_beginscan(call->run.history, index, call->run.snapshot, nkeys);
	ScanKeyData *keys = palloc(nkeys * sizeof(ScanKeyData));
	int			i;

	for (i = 0; i < nkeys; i++)
	{
		Oid			type = index->rd_opcintype[i];
		Oid			operator = get_opfamily_member(index->rd_opfamily[i], type, type,
												   BTEqualStrategyNumber);

		ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, get_opcode(operator), call->key.values[i]);
		keys[i].sk_collation = index->rd_indcollation[i];
	}
	index_rescan(scan, keys, nkeys, NULL, 0);
	return scan;
}

/* The rows of the tail, by an index or one by one: not by a query, from which policies might hide some. */
static void
erase_tail(EraseCall *call)
{
	TsmKeepRun *run = &call->run;
	TupleTableSlot *slot = table_slot_create(run->history, NULL);
	Relation	index = open_key_index(call);
	IndexScanDesc index_scan = NULL;
	TableScanDesc scan = NULL;

	if (index != NULL)
		index_scan = begin_key_scan(call, index);
	else
		scan = table_beginscan(run->history, run->snapshot, 0, NULL);
	while (index != NULL ? index_getnext_slot(index_scan, ForwardScanDirection, slot) :
		   table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(call->row_context);

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(call->row_context);
		if (has_key_values(call, slot))
			tsm_keep_remove_row(run, slot);
		MemoryContextSwitchTo(old);
	}
	if (index != NULL)
	{
		index_endscan(index_scan);
		index_close(index, NoLock);
	}
	else
		table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/* Whether a version of a segment is one of the entity. */
static bool
is_of_entity(EraseCall *call, const TsmCodecRow *row)
{
	TsmSegmentMap *map = call->run.map;
	MemoryContext old;
	bool		same;

	if (row->key != call->hash)
		return false;
	if (map->integer_key)
		return true;
	MemoryContextReset(call->row_context);
	old = MemoryContextSwitchTo(call->row_context);
	tsm_segment_slot_of_row(map, tsm_segment_walk_schema(call->run.walk), row, call->version);
	same = has_key_values(call, call->version);
	ExecClearTuple(call->version);
	MemoryContextSwitchTo(old);
	return same;
}

/* Whether a segment has versions with the key, by their heads alone. */
static bool
has_key(EraseCall *call, const TsmSegment *segment)
{
	TsmKeepRun *run = &call->run;
	TsmCodecFault fault;
	TsmCodecRow row;
	bool		found = false;

	if (tsm_segment_walk_begin(run->walk, segment, &fault))
	{
		while (!found && tsm_segment_walk_next_head(run->walk, &row, &fault))
			found = row.key == call->hash;
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, run->store.rel);
	return found;
}

/* Write a segment anew without the versions of the entity. */
static void
erase_from_segment(EraseCall *call, TsmSegment *segment)
{
	TsmKeepRun *run = &call->run;
	TsmCodecFault fault;
	TsmCodecRow row;

	if (!has_key(call, segment))
		return;
	if (tsm_segment_walk_begin(run->walk, segment, &fault))
	{
		while (tsm_segment_walk_next(run->walk, &row, &fault))
		{
			CHECK_FOR_INTERRUPTS();
			if (is_of_entity(call, &row))
				run->result.segment_versions++;
			else
				tsm_keep_version(run, &row);
		}
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, run->store.rel);
	tsm_keep_flush(run);
	tsm_keep_remove_segment(run, segment);
}

/* Segments are disjoint in the order of their keys: from the last that may have the key backwards, up to one before it. */
static void
erase_segments(EraseCall *call)
{
	TsmSegmentTable *store = &call->run.store;
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem erase turn",
											   ALLOCSET_DEFAULT_SIZES);
	TupleTableSlot *slot = table_slot_create(store->rel, NULL);
	IndexScanDesc scan = tsm_index_beginscan(store->rel, store->index, call->run.snapshot, 1);
	ScanKeyData bound;

	ScanKeyInit(&bound, 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(call->hash));
	index_rescan(scan, &bound, 1, NULL, 0);
	while (index_getnext_slot(scan, BackwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, false);
		if (segment.key_hi >= call->hash)
		{
			tsm_segment_of_slot(slot, &segment, true);
			erase_from_segment(call, &segment);
		}
		MemoryContextSwitchTo(old);
		if (segment.key_hi < call->hash)
			break;
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(turn);
}

/* What it takes to tell versions of the entity. */
static void
prepare_key(EraseCall *call)
{
	static const bool none[INDEX_MAX_KEYS] = {false};
	TsmSegmentMap *map = call->run.map;
	int			i;

	if (call->run.has_store)
		call->hash = tsm_segment_key_of_values(map, call->key.values, none);
	for (i = 0; i < call->key.nkeys; i++)
		fmgr_info_copy(&call->equal[i],
					   &lookup_type_cache(call->key.types[i], TYPECACHE_EQ_OPR_FINFO)->eq_opr_finfo,
					   CurrentMemoryContext);
	call->row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem erase row",
											  ALLOCSET_DEFAULT_SIZES);
	call->version = MakeSingleTupleTableSlot(map->desc, &TTSOpsVirtual);
}

/*
 * Remove the history of the entity. As the owner, since functions of the
 * table's types run here.
 */
static void
erase_history_as_owner(void *arg)
{
	EraseCall  *call = arg;
	int			nest_level = tsm_segment_fix_settings();

	CommandCounterIncrement();
	tsm_keep_open(&call->run, call->table->rel, false);
	prepare_key(call);
	erase_tail(call);
	if (call->run.has_store)
		erase_segments(call);
	ExecDropSingleTupleTableSlot(call->version);
	tsm_keep_close(&call->run);
	CommandCounterIncrement();
	AtEOXact_GUC(true, nest_level);
}

/* Rows that others brought between the two steps are seen by the second turn, whose locks are held. */
static void
erase_entity(EraseCall *call, TsmKeepResult *result)
{
	Oid			owner = tsm_segment_owner(call->table->history);
	int64		deleted = delete_rows(call);

	do
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem erase",
													  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);

		call->current_rows += deleted;
		memset(&call->run, 0, sizeof(call->run));
		tsm_delta_values_as_owner(owner, erase_history_as_owner, call);
		result->tail_versions += call->run.result.tail_versions;
		result->segment_versions += call->run.result.segment_versions;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		deleted = delete_rows(call);
	} while (deleted > 0);
}

/* 42501 where policies would hide rows from the deletion. */
static void
check_row_security(Oid rel)
{
	if (check_enable_rls(rel, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("erasure from table \"%s\" would be affected by row-level security",
						get_rel_name(rel)),
				 errhint("A role that passes its policies can erase.")));
}

PG_FUNCTION_INFO_V1(tsm_delta_erase);

/*
 * erase(rel regclass, key jsonb, reason text) → (current_rows, tail_versions,
 * segment_versions). Errors: 0A000, 22004, 22023, 25006, 40001, 42501, 42883,
 * 55000, XX001, and what the deletion of the rows raises.
 */
Datum
tsm_delta_erase(PG_FUNCTION_ARGS)
{
	EraseCall	call = {0};
	TsmKeepResult result = {0};
	Datum		values[3];
	bool		nulls[3] = {false};
	TupleDesc	desc;

	PreventCommandIfReadOnly("tsmem.erase()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "erase")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	call.table = tsm_segment_own_table(PG_GETARG_OID(0));
	check_row_security(call.table->rel);
	tsm_segment_read_key(call.table, PG_GETARG_JSONB_P(1), &call.key);
	call.condition = tsm_segment_key_condition(call.table, &call.key);
	erase_entity(&call, &result);
	tsm_keep_bury(call.table, &call.key,
				  PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	values[0] = Int64GetDatum(call.current_rows);
	values[1] = Int64GetDatum(result.tail_versions - call.written);
	values[2] = Int64GetDatum(result.segment_versions);
	if (call.current_rows + result.tail_versions + result.segment_versions > 0)
		ereport(NOTICE,
				(errmsg("what was erased stays in the files of table \"%s\" until VACUUM FULL",
						get_rel_name(call.table->rel)),
				 errhint("Vacuum the table, its history and its segments, and ANALYZE them.")));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
