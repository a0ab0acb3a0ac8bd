/*-------------------------------------------------------------------------
 *
 * tsm_temporal_write.c
 *	  The triggers of a versioned table.
 *
 * BEFORE ROW stamps the row with its system time and transaction; AFTER ROW (update, delete) puts the former version into the
 * history, through table and index APIs. History is written after the fact
 * because a later BEFORE trigger may still cancel the change.
 *
 * A version is the transaction's own when it carries its xid and is not older
 * than its start: then the change writes nothing, since only the state at the
 * end of a transaction is a version. (The xid alone would not do: in a
 * restored database row_xid is that of another cluster.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/hio.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_stamp);
PG_FUNCTION_INFO_V1(tsm_temporal_write_history);
PG_FUNCTION_INFO_V1(tsm_temporal_check_latest);
PG_FUNCTION_INFO_V1(tsm_temporal_truncate);

/* A statement that writes more versions than this keeps the page of the last one at hand. */
#define BULK_VERSIONS 16

/* An open history table, for one statement. */
typedef struct HistoryWriter
{
	TsmTemporalHold hold;		/* first */
	TsmTemporalPlan *plan;
	Relation	history;
	ResultRelInfo *result;
	EState	   *estate;
	TupleTableSlot *slot;
	int			versions;		/* written so far, up to BULK_VERSIONS */
	BulkInsertState bulk;		/* NULL until then */
} HistoryWriter;

/*
 * The latest system time that "adjust" gave in a transaction. Rows that the
 * transaction inserts afterwards begin then: one of them may follow a version
 * that ended at this time (delete and insert, or movement to another
 * partition).
 */
static FullTransactionId adjusted_xid = {0};
static TimestampTz adjusted_time = 0;

/*
 * The latest such time that is in the future, where a clock was wrong: it goes
 * on to the row it was given to alone, when that moves to another partition.
 */
static FullTransactionId future_xid = {0};
static TimestampTz future_time = 0;

static void
writer_close(TsmTemporalHold *hold)
{
	HistoryWriter *writer = (HistoryWriter *) hold;

	if (writer->bulk != NULL)
		FreeBulkInsertState(writer->bulk);
	ExecCloseIndices(writer->result);
	table_close(writer->history, NoLock);
}

/* Open the history of a table for the life of the given context. */
static HistoryWriter *
writer_open(Relation rel, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	HistoryWriter *writer = palloc0(sizeof(HistoryWriter));

	writer->plan = tsm_temporal_plan(rel, context);
	writer->history = table_open(writer->plan->history, RowExclusiveLock);
	/* The history may have been altered while we waited for the lock. */
	writer->plan = tsm_temporal_plan(rel, context);
	writer->estate = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->history, 1, NULL, 0);
	ExecOpenIndices(writer->result, false);
	/* A copied descriptor is not counted as a reference, so the slot has none to release. */
	writer->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(writer->history)),
											&TTSOpsVirtual);
	tsm_temporal_hold(&writer->hold, context, CurrentResourceOwner, writer_close);
	MemoryContextSwitchTo(old_context);
	return writer;
}

static HistoryWriter *
writer_of(FunctionCallInfo fcinfo, Relation rel)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = writer_open(rel, fcinfo->flinfo->fn_mcxt);
	return fcinfo->flinfo->fn_extra;
}

/*
 * The state that keeps a page of the history pinned from one version to the
 * next, or NULL for the first few. Without the ring of buffers that COPY
 * uses: versions are as likely to be read again as the rows they were. In the
 * resource owner of the writer.
 */
static BulkInsertState
bulk_state(HistoryWriter *writer)
{
	MemoryContext old_context;

	if (writer->bulk == NULL && writer->versions++ == BULK_VERSIONS)
	{
		old_context = MemoryContextSwitchTo(GetMemoryChunkContext(writer));
		writer->bulk = GetBulkInsertState();
		FreeAccessStrategy(writer->bulk->strategy);
		writer->bulk->strategy = NULL;
		MemoryContextSwitchTo(old_context);
	}
	return writer->bulk;
}

/* Put the version in a slot of the table into the history, ended at the given time by us. */
static void
write_version(HistoryWriter *writer, TupleTableSlot *old, TimestampTz end)
{
	TsmTemporalPlan *plan = writer->plan;
	TupleTableSlot *slot = writer->slot;
	ResourceOwner save = CurrentResourceOwner;
	int			i;

	slot_getallattrs(old);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (i = 0; i < plan->natts; i++)
	{
		int			column = plan->to_history[i] - 1;

		if (column < 0)
			continue;
		slot->tts_values[column] = old->tts_values[i];
		slot->tts_isnull[column] = old->tts_isnull[i];
	}
	slot->tts_values[plan->history_end - 1] = TimestampTzGetDatum(end);
	slot->tts_isnull[plan->history_end - 1] = false;
	slot->tts_values[plan->history_end_xid - 1] =
		FullTransactionIdGetDatum(GetTopFullTransactionId());
	slot->tts_isnull[plan->history_end_xid - 1] = false;
	ExecStoreVirtualTuple(slot);

	CurrentResourceOwner = writer->hold.owner;
	table_tuple_insert(writer->history, slot, GetCurrentCommandId(true), 0, bulk_state(writer));
	if (writer->result->ri_NumIndices > 0)
		list_free(tsm_ExecInsertIndexTuples(writer->result, slot, writer->estate));
	ResetPerTupleExprContext(writer->estate);
	CurrentResourceOwner = save;
}

/* The stamp of a version. A version without one (null) counts as older than all. */
static void
read_stamp(const TsmTemporalPlan *plan, TupleTableSlot *slot, TimestampTz *start,
		   FullTransactionId *xid)
{
	bool		null;
	Datum		value = slot_getattr(slot, plan->start, &null);

	*start = null ? DT_NOBEGIN : DatumGetTimestampTz(value);
	value = slot_getattr(slot, plan->xid, &null);
	*xid = null ? InvalidFullTransactionId : DatumGetFullTransactionId(value);
}

/* Whether a version was made by the current transaction. */
static bool
is_own(TimestampTz start, FullTransactionId xid)
{
	return FullTransactionIdEquals(xid, GetTopFullTransactionId()) &&
		start >= GetCurrentTransactionStartTimestamp();
}

/* The instant after the start of a version; 22008 when there is none. */
static TimestampTz
instant_after(Relation rel, TimestampTz start)
{
	if (TIMESTAMP_IS_NOEND(start) || !IS_VALID_TIMESTAMP(start + 1))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a row of table \"%s\" cannot end", RelationGetRelationName(rel)),
				 errdetail("Its \"%s\" is %s.", TSM_ROW_START, pstrdup(timestamptz_to_str(start))),
				 errhint("It was written with the triggers of tsmem disabled; a superuser can correct it so.")));
	return start + 1;
}

/*
 * The system time at which the current transaction ends another's version
 * that began at start: its own time, or as tsmem.system_time_conflict says
 * (2201H) when the version is not older than that.
 */
static TimestampTz
end_of_version(Relation rel, TimestampTz start)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (start < now)
		return now;
	if (tsm_temporal_conflict == TSM_CONFLICT_STRICT)
		ereport(ERROR,
				(errcode(ERRCODE_TSM_INVALID_ROW_VERSION),
				 errmsg("a row of table \"%s\" is newer than this transaction",
						RelationGetRelationName(rel)),
				 errdetail("The row began at %s, the transaction at %s.",
						   pstrdup(timestamptz_to_str(start)), pstrdup(timestamptz_to_str(now))),
				 errhint("Repeat the transaction, or set tsmem.system_time_conflict to \"adjust\".")));
	return instant_after(rel, start);
}

/* Remember a system time that was moved on. */
static void
note_adjusted(TimestampTz time)
{
	FullTransactionId xid = GetTopFullTransactionId();

	if (time <= GetCurrentTransactionStartTimestamp())
		return;
	if (time > GetCurrentTimestamp())
	{
		future_xid = xid;
		future_time = time;
	}
	else if (!FullTransactionIdEquals(adjusted_xid, xid) || adjusted_time < time)
	{
		adjusted_xid = xid;
		adjusted_time = time;
	}
}

/* The start that the transaction gives a row whose key has no former version. */
static TimestampTz
start_of_new(const TsmTemporalPlan *plan, TupleTableSlot *row)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	FullTransactionId own = GetTopFullTransactionId();
	TimestampTz given_start;
	FullTransactionId given_xid;

	if (FullTransactionIdEquals(future_xid, own))
	{
		read_stamp(plan, row, &given_start, &given_xid);
		if (given_start == future_time && FullTransactionIdEquals(given_xid, own))
			return future_time;
	}
	if (FullTransactionIdEquals(adjusted_xid, own) && adjusted_time > now)
		return adjusted_time;
	return now;
}

/*
 * The start of a row that comes to its key: not before start, nor before the
 * key's latest version ended. With "strict" that is left to
 * tsm_temporal_check_latest, since the row may yet be refused for another
 * reason, or not be inserted at all (ON CONFLICT). *settled is set to whether
 * it need not look.
 */
static TimestampTz
start_at_key(TsmTemporalPlan *plan, TupleTableSlot *row, TimestampTz start, bool *settled)
{
	TimestampTz latest;

	*settled = tsm_temporal_latest_end(plan, row, &latest);
	if (latest <= start)
		return start;
	if (tsm_temporal_conflict == TSM_CONFLICT_STRICT)
	{
		*settled = false;
		return start;
	}
	return latest;
}

static TimestampTz
start_of_insert(TsmTemporalPlan *plan, TupleTableSlot *row)
{
	bool		settled;
	TimestampTz start;

	tsm_temporal_begin_look();
	start = start_at_key(plan, row, start_of_new(plan, row), &settled);
	if (!settled)
		tsm_temporal_force_look();
	return start;
}

/*
 * Refuse a row that begins before a former version of its key ended: 2201H,
 * or 40001 where a transaction ended that version after this row was stamped.
 */
static void
check_latest(Relation rel, TsmTemporalPlan *plan, TupleTableSlot *row)
{
	bool		null;
	TimestampTz start = DatumGetTimestampTz(slot_getattr(row, plan->start, &null));
	TimestampTz latest;
	bool		strict = tsm_temporal_conflict == TSM_CONFLICT_STRICT;

	(void) tsm_temporal_latest_end(plan, row, &latest);
	if (latest > start)
		ereport(ERROR,
				(errcode(strict ? ERRCODE_TSM_INVALID_ROW_VERSION : ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a former row of table \"%s\" is newer than this transaction",
						RelationGetRelationName(rel)),
				 errdetail("A row of the same key ended at %s, the new one begins at %s.",
						   pstrdup(timestamptz_to_str(latest)), pstrdup(timestamptz_to_str(start))),
				 strict ?
				 errhint("Repeat the transaction, or set tsmem.system_time_conflict to \"adjust\".") :
				 errhint("Repeat the transaction.")));
}

/* Equal to the byte; a toasted value that was not touched is not fetched. */
static bool
same_value(Form_pg_attribute attribute, Datum a, Datum b)
{
	if (attribute->attlen == -1)
	{
		struct varlena *left = (struct varlena *) DatumGetPointer(a);
		struct varlena *right = (struct varlena *) DatumGetPointer(b);

		if (VARSIZE_ANY(left) == VARSIZE_ANY(right) &&
			memcmp(left, right, VARSIZE_ANY(left)) == 0)
			return true;
	}
	return datum_image_eq(a, b, attribute->attbyval, attribute->attlen);
}

/* Whether an update makes a new version. */
static bool
makes_version(const TsmTemporalPlan *plan, TupleTableSlot *old, TupleTableSlot *new)
{
	int			i;

	if (plan->no_op_updates)
		return true;
	slot_getallattrs(old);
	slot_getallattrs(new);
	for (i = 0; i < plan->natts; i++)
	{
		if (!plan->versioned[i])
			continue;
		if (old->tts_isnull[i] != new->tts_isnull[i])
			return true;
		if (!old->tts_isnull[i] &&
			!same_value(TupleDescAttr(old->tts_tupleDescriptor, i), old->tts_values[i],
						new->tts_values[i]))
			return true;
	}
	return false;
}

/* Whether an update moves a row to another key, where former versions of that may be. */
static bool
changes_key(const TsmTemporalPlan *plan, TupleTableSlot *old, TupleTableSlot *new)
{
	int			i;

	for (i = 0; i < plan->nkeys; i++)
	{
		bool		old_null;
		bool		new_null;
		Datum		old_value = slot_getattr(old, plan->keys[i], &old_null);
		Datum		new_value = slot_getattr(new, plan->keys[i], &new_null);

		if (old_null != new_null ||
			(!old_null && !same_value(TupleDescAttr(old->tts_tupleDescriptor, plan->keys[i] - 1),
									  old_value, new_value)))
			return true;
	}
	return false;
}

/* The row to be stored: that of the slot with the given stamp. */
static HeapTuple
with_stamp(const TsmTemporalPlan *plan, Relation rel, HeapTuple tuple, TupleTableSlot *slot,
		   TimestampTz start, FullTransactionId xid)
{
	TimestampTz given_start;
	FullTransactionId given_xid;
	Datum	   *values;
	bool	   *nulls;

	read_stamp(plan, slot, &given_start, &given_xid);
	if (given_start == start && FullTransactionIdEquals(given_xid, xid))
		return tuple;
	slot_getallattrs(slot);
	values = palloc(sizeof(Datum) * plan->natts);
	nulls = palloc(sizeof(bool) * plan->natts);
	memcpy(values, slot->tts_values, sizeof(Datum) * plan->natts);
	memcpy(nulls, slot->tts_isnull, sizeof(bool) * plan->natts);
	values[plan->start - 1] = TimestampTzGetDatum(start);
	values[plan->xid - 1] = FullTransactionIdGetDatum(xid);
	nulls[plan->start - 1] = nulls[plan->xid - 1] = false;
	return heap_form_tuple(RelationGetDescr(rel), values, nulls);
}

/* Refuse (39P01) a call that is not that of a trigger with the given event bits. */
static TriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *function, TriggerEvent when)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(data->tg_event & (TRIGGER_EVENT_ROW | TRIGGER_EVENT_TIMINGMASK)) != when)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by the trigger that add_system_versioning makes",
						function)));
	return data;
}

/*
 * A BEFORE ROW trigger that fires after the stamp could forge it, or change
 * a row that was judged unchanged (55000). Looked at once a statement.
 */
static void
check_fires_last(const TriggerData *data)
{
	TriggerDesc *triggers = data->tg_relation->trigdesc;
	bool		ours = false;
	int			i;

	for (i = 0; i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgoid == data->tg_trigger->tgoid)
			ours = true;
		else if (ours && trigger->tgenabled != TRIGGER_DISABLED &&
				 TRIGGER_FOR_ROW(trigger->tgtype) && TRIGGER_FOR_BEFORE(trigger->tgtype) &&
				 (TRIGGER_FOR_INSERT(trigger->tgtype) || TRIGGER_FOR_UPDATE(trigger->tgtype)))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("trigger \"%s\" of table \"%s\" would fire after \"%s\"",
							trigger->tgname, RelationGetRelationName(data->tg_relation),
							data->tg_trigger->tgname),
					 errhint("Rename the trigger: triggers fire in the order of their names.")));
	}
}

/* The stamp of the new version of a row that is updated: the old one, or this transaction's. */
static HeapTuple
stamp_update(TsmTemporalPlan *plan, const TriggerData *data)
{
	TimestampTz start;
	FullTransactionId xid;
	bool		settled;
	bool		own;

	read_stamp(plan, data->tg_trigslot, &start, &xid);
	own = is_own(start, xid);
	if (own || makes_version(plan, data->tg_trigslot, data->tg_newslot))
	{
		if (!own)
			start = end_of_version(data->tg_relation, start);
		xid = GetTopFullTransactionId();
		if (changes_key(plan, data->tg_trigslot, data->tg_newslot))
			start = start_at_key(plan, data->tg_newslot, start, &settled);
		if (!own)
			note_adjusted(start);
	}
	return with_stamp(plan, data->tg_relation, data->tg_newtuple, data->tg_newslot, start, xid);
}

/*
 * Before a row is deleted: rows that the same statement inserts begin when it
 * ends, which the AFTER trigger, at the end of the statement, would note too late.
 */
static void
note_delete(const TsmTemporalPlan *plan, TupleTableSlot *old)
{
	TimestampTz start;
	FullTransactionId xid;

	read_stamp(plan, old, &start, &xid);
	if (!is_own(start, xid) && start >= GetCurrentTransactionStartTimestamp() &&
		!TIMESTAMP_IS_NOEND(start))
		note_adjusted(start + 1);
}

/* BEFORE INSERT, UPDATE OR DELETE, each row: sets row_start and row_xid, whatever the statement gave. */
Datum
tsm_temporal_stamp(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "_stamp", TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE);
	Relation	rel = data->tg_relation;
	TsmTemporalPlan *plan = fcinfo->flinfo->fn_extra;

	if (plan == NULL)
	{
		tsm_session_refuse_late_change(RelationGetRelid(rel));
		check_fires_last(data);
		plan = fcinfo->flinfo->fn_extra = tsm_temporal_plan(rel, fcinfo->flinfo->fn_mcxt);
	}
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		return PointerGetDatum(with_stamp(plan, rel, data->tg_trigtuple, data->tg_trigslot,
										  start_of_insert(plan, data->tg_trigslot),
										  GetTopFullTransactionId()));
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		return PointerGetDatum(stamp_update(plan, data));
	note_delete(plan, data->tg_trigslot);
	return PointerGetDatum(data->tg_trigtuple);
}

/* AFTER INSERT, each row, where another transaction has completed since the row was stamped. */
Datum
tsm_temporal_check_latest(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "_check_latest", TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER);

	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = tsm_temporal_plan(data->tg_relation, fcinfo->flinfo->fn_mcxt);
	check_latest(data->tg_relation, fcinfo->flinfo->fn_extra, data->tg_trigslot);
	PG_RETURN_POINTER(NULL);
}

/* The end of the version that an update replaced; or false: it made no version. */
static bool
end_by_update(const TriggerData *data, TsmTemporalPlan *plan, TimestampTz *end)
{
	TimestampTz old_start;
	TimestampTz new_start;
	TimestampTz expected;
	FullTransactionId old_xid;
	FullTransactionId new_xid;
	bool		own;
	bool		other_key;

	read_stamp(plan, data->tg_trigslot, &old_start, &old_xid);
	read_stamp(plan, data->tg_newslot, &new_start, &new_xid);
	own = is_own(old_start, old_xid);
	other_key = changes_key(plan, data->tg_trigslot, data->tg_newslot);
	if (other_key)
		check_latest(data->tg_relation, plan, data->tg_newslot);
	if (new_start == old_start && FullTransactionIdEquals(new_xid, old_xid) &&
		(own || !makes_version(plan, data->tg_trigslot, data->tg_newslot)))
		return false;
	/* The stamp cannot be anything else unless the trigger that sets it is disabled. */
	expected = own ? old_start : end_of_version(data->tg_relation, old_start);
	if (!FullTransactionIdEquals(new_xid, GetTopFullTransactionId()) || new_start < expected ||
		(new_start > expected && !other_key))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a row of table \"%s\" was not stamped with this transaction",
						RelationGetRelationName(data->tg_relation)),
				 errhint("Enable trigger \"%s\".", TSM_STAMP_TRIGGER)));
	*end = new_start;
	return !own;
}

/* The end of a version that was deleted; or false: it was the transaction's own. */
static bool
end_by_delete(Relation rel, const TsmTemporalPlan *plan, TupleTableSlot *old, TimestampTz *end)
{
	TimestampTz start;
	FullTransactionId xid;

	read_stamp(plan, old, &start, &xid);
	if (is_own(start, xid))
		return false;
	*end = end_of_version(rel, start);
	note_adjusted(*end);
	return true;
}

/* AFTER UPDATE OR DELETE, each row: writes the former version. */
Datum
tsm_temporal_write_history(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "_write_history",
									 TRIGGER_EVENT_ROW | TRIGGER_EVENT_AFTER);
	HistoryWriter *writer = writer_of(fcinfo, data->tg_relation);
	TimestampTz end;

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) ?
		end_by_update(data, writer->plan, &end) :
		end_by_delete(data->tg_relation, writer->plan, data->tg_trigslot, &end))
		write_version(writer, data->tg_trigslot, end);
	PG_RETURN_POINTER(NULL);
}

/* Put every row of a table that is about to be truncated into its history. */
static void
write_all(Relation rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem truncate",
												  ALLOCSET_DEFAULT_SIZES);
	HistoryWriter *writer = writer_open(rel, context);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TimestampTz end;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (end_by_delete(rel, writer->plan, slot, &end))
			write_version(writer, slot, end);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(context);
}

/* BEFORE TRUNCATE: refuses (0A000), or moves all rows to the history where the option says so. */
Datum
tsm_temporal_truncate(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "_truncate_versioned", TRIGGER_EVENT_BEFORE);
	Relation	rel = data->tg_relation;
	TsmVersionedTable *table = tsm_temporal_find(RelationGetRelid(rel));

	if (table != NULL && !table->truncate_to_history)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot truncate system-versioned table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Use DELETE, or version the table with the history option "
						 "\"truncate\": \"history\".")));
	/* The rows of a partitioned table are in its partitions, which have this trigger too. */
	if (table != NULL && rel->rd_rel->relkind == RELKIND_RELATION)
		write_all(rel);
	PG_RETURN_POINTER(NULL);
}
