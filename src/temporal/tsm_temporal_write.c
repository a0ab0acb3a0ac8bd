/*-------------------------------------------------------------------------
 *
 * tsm_temporal_write.c
 *	  The triggers of a versioned table.
 *
 * BEFORE ROW (insert, update) stamps the row with its system time and
 * transaction; AFTER ROW (update, delete) puts the former version into the
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

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_temporal_int.h"

PG_FUNCTION_INFO_V1(tsm_temporal_stamp);
PG_FUNCTION_INFO_V1(tsm_temporal_write_history);
PG_FUNCTION_INFO_V1(tsm_temporal_truncate);

/*
 * An open history table. It lives in the context of the trigger's FmgrInfo,
 * that is for one statement, and holds its relation references in the
 * resource owner of that statement. It is closed by the reset of the context
 * or, on an error, forgotten when the owner releases its references.
 */
typedef struct HistoryWriter
{
	TsmTemporalPlan *plan;
	Relation	history;
	ResultRelInfo *result;
	EState	   *estate;
	TupleTableSlot *slot;
	ResourceOwner owner;
	bool		open;
	MemoryContextCallback callback;
	struct HistoryWriter *next;
} HistoryWriter;

static HistoryWriter *writers = NULL;	/* the open ones */

/*
 * The latest system time that "adjust" gave in a transaction. Rows that the
 * transaction inserts afterwards begin then: one of them may follow a version
 * that ended at this time (delete and insert, or movement to another
 * partition).
 */
static FullTransactionId adjusted_xid = {0};
static TimestampTz adjusted_time = 0;

static void
writer_forget(HistoryWriter *writer)
{
	HistoryWriter **link;

	for (link = &writers; *link != NULL; link = &(*link)->next)
	{
		if (*link == writer)
		{
			*link = writer->next;
			break;
		}
	}
	writer->open = false;
}

/* The owner has dropped its references (on abort): nothing is left to close. */
static void
owner_released(ResourceReleasePhase phase, bool is_commit, bool is_top, void *arg)
{
	HistoryWriter *writer;
	HistoryWriter *next;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	for (writer = writers; writer != NULL; writer = next)
	{
		next = writer->next;
		if (writer->owner == CurrentResourceOwner)
			writer_forget(writer);
	}
}

static void
writer_close(void *arg)
{
	HistoryWriter *writer = arg;
	ResourceOwner save = CurrentResourceOwner;

	if (!writer->open)
		return;
	writer_forget(writer);
	CurrentResourceOwner = writer->owner;
	ExecCloseIndices(writer->result);
	table_close(writer->history, NoLock);
	CurrentResourceOwner = save;
}

/* Open the history of a table for the life of the given context. */
static HistoryWriter *
writer_open(Relation rel, MemoryContext context)
{
	static bool registered = false;
	MemoryContext old_context = MemoryContextSwitchTo(context);
	HistoryWriter *writer = palloc0(sizeof(HistoryWriter));

	if (!registered)
	{
		RegisterResourceReleaseCallback(owner_released, NULL);
		registered = true;
	}
	writer->plan = tsm_temporal_plan(rel, context);
	writer->owner = CurrentResourceOwner;
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
	writer->open = true;
	writer->next = writers;
	writers = writer;
	writer->callback.func = writer_close;
	writer->callback.arg = writer;
	MemoryContextRegisterResetCallback(context, &writer->callback);
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

	CurrentResourceOwner = writer->owner;
	table_tuple_insert(writer->history, slot, GetCurrentCommandId(true), 0, NULL);
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
						   pstrdup(timestamptz_to_str(start)), timestamptz_to_str(now)),
				 errhint("Repeat the transaction, or set tsmem.system_time_conflict to \"adjust\".")));
	return start + 1;
}

/* Remember a system time that was moved on. */
static void
note_adjusted(TimestampTz time)
{
	FullTransactionId xid = GetTopFullTransactionId();

	if (!FullTransactionIdEquals(adjusted_xid, xid) || adjusted_time < time)
	{
		adjusted_xid = xid;
		adjusted_time = time;
	}
}

static TimestampTz
start_of_insert(void)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (FullTransactionIdEquals(adjusted_xid, GetTopFullTransactionId()) && adjusted_time > now)
		return adjusted_time;
	return now;
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

/* BEFORE INSERT OR UPDATE, each row: sets row_start and row_xid, whatever the statement gave. */
Datum
tsm_temporal_stamp(PG_FUNCTION_ARGS)
{
	TriggerData *data = trigger_data(fcinfo, "_stamp", TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE);
	Relation	rel = data->tg_relation;
	TsmTemporalPlan *plan = fcinfo->flinfo->fn_extra;
	TimestampTz start;
	FullTransactionId xid;

	if (plan == NULL)
	{
		check_fires_last(data);
		plan = fcinfo->flinfo->fn_extra = tsm_temporal_plan(rel, fcinfo->flinfo->fn_mcxt);
	}
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		return PointerGetDatum(with_stamp(plan, rel, data->tg_trigtuple, data->tg_trigslot,
										  start_of_insert(), GetTopFullTransactionId()));
	if (!TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		return PointerGetDatum(data->tg_trigtuple);

	read_stamp(plan, data->tg_trigslot, &start, &xid);
	if (!is_own(start, xid) && makes_version(plan, data->tg_trigslot, data->tg_newslot))
	{
		TimestampTz end = end_of_version(rel, start);

		if (end > GetCurrentTransactionStartTimestamp())
			note_adjusted(end);
		start = end;
		xid = GetTopFullTransactionId();
	}
	return PointerGetDatum(with_stamp(plan, rel, data->tg_newtuple, data->tg_newslot, start, xid));
}

/* The end of the version that an update replaced; or false: it made no version. */
static bool
end_by_update(const TriggerData *data, const TsmTemporalPlan *plan, TimestampTz *end)
{
	TimestampTz old_start;
	TimestampTz new_start;
	FullTransactionId old_xid;
	FullTransactionId new_xid;

	read_stamp(plan, data->tg_trigslot, &old_start, &old_xid);
	read_stamp(plan, data->tg_newslot, &new_start, &new_xid);
	if (new_start == old_start && FullTransactionIdEquals(new_xid, old_xid) &&
		(is_own(old_start, old_xid) || !makes_version(plan, data->tg_trigslot, data->tg_newslot)))
		return false;
	/* The stamp cannot be anything else unless the trigger that sets it is disabled. */
	if (!FullTransactionIdEquals(new_xid, GetTopFullTransactionId()) ||
		new_start != Max(GetCurrentTransactionStartTimestamp(), old_start + 1))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a row of table \"%s\" was not stamped with this transaction",
						RelationGetRelationName(data->tg_relation)),
				 errhint("Enable trigger \"%s\".", TSM_STAMP_TRIGGER)));
	*end = new_start;
	return true;
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
	if (*end > GetCurrentTransactionStartTimestamp())
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
