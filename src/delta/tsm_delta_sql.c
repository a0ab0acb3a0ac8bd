/*-------------------------------------------------------------------------
 *
 * tsm_delta_sql.c
 *	  SQL-callable functions of delta: triggers that guard history and its
 *	  registry.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_int.h"
#include "tsm_delta_keep.h"
#include "tsm_delta_segment.h"

PG_FUNCTION_INFO_V1(tsm_delta_loaded);
PG_FUNCTION_INFO_V1(tsm_delta_protect_history_trigger);
PG_FUNCTION_INFO_V1(tsm_delta_stamp_registration);
PG_FUNCTION_INFO_V1(tsm_delta_forget_dropped_trigger);
PG_FUNCTION_INFO_V1(tsm_delta_adopt_store);

/*
 * _loaded() → boolean
 *
 * True. Being immutable it is folded when a query is planned: the library is loaded then.
 */
Datum
tsm_delta_loaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/*
 * BEFORE, a statement or a row, on a history table: refuses (42501), whoever
 * asks. A subscription that gets the rows of a published history passes them
 * over: the replicated table writes a history of its own.
 */
Datum
tsm_delta_protect_history_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_protect_history")));
	if (IsLogicalWorker() && !TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		PG_RETURN_POINTER(NULL);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot change history table \"%s\"",
					RelationGetRelationName(data->tg_relation)),
			 errdetail("History is written by tsmem alone."),
			 errhint("Change the versioned table; its history follows.")));
	PG_RETURN_POINTER(NULL);	/* keep compiler quiet */
}

/*
 * BEFORE INSERT on tsmem.versioned_tables. Rows come here by a restored dump:
 * the transaction ids in their tables are those of another cluster, so the
 * registration is stamped with this cluster and this time.
 */
Datum
tsm_delta_stamp_registration(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	int			columns[3] = {
		Anum_registry_since, Anum_registry_system_identifier, Anum_registry_horizon_xid
	};
	Datum		values[3];
	bool		nulls[3] = {false};

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_stamp_registration")));
	values[0] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[2] = UInt64GetDatum(0);
	return PointerGetDatum(heap_modify_tuple_by_cols(data->tg_trigtuple,
													 RelationGetDescr(data->tg_relation),
													 3, columns, values, nulls));
}

/* Event trigger sql_drop: a dropped table leaves no registration behind. */
Datum
tsm_delta_forget_dropped_trigger(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by an event trigger", "_forget_dropped_tables")));
	tsm_delta_forget_dropped();
	tsm_segment_forget_dropped();
	tsm_keep_forget_dropped();
	tsm_delta_check_parts_kept();
	tsm_delta_follow_dropped_columns();
	PG_RETURN_VOID();
}

/* AFTER INSERT on tsmem.segment_tables: a store came with a restored dump, which has no dependencies of this kind. */
Datum
tsm_delta_adopt_store(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	bool		null;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || !TRIGGER_FIRED_AFTER(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_adopt_store")));
	CommandCounterIncrement();	/* to see the row */
	/* The first column is the history. */
	tsm_delta_bind_store(DatumGetObjectId(slot_getattr(data->tg_trigslot, 1, &null)));
	PG_RETURN_POINTER(NULL);
}
