/*-------------------------------------------------------------------------
 *
 * tsm_memory_facts.c
 *	  The system time of facts, and the guard that keeps them immutable.
 *
 * tsmem.facts keeps current and former rows in one table, so its rows are
 * stamped by a column default (which a dump's COPY overrides, as it must) and
 * closed by an UPDATE that the guard completes. No trigger fires on INSERT.
 *
 * System time is the transaction's start. When a transaction closes a row
 * that is not older than that (its writer began later and committed first),
 * the time moves on to that row's start + 1 microsecond, for this row and for
 * all that the transaction writes afterwards; with tsmem.system_time_conflict
 * = strict it is an error (2201H).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_memory_int.h"

PG_FUNCTION_INFO_V1(tsm_memory_fact_time);
PG_FUNCTION_INFO_V1(tsm_memory_guard_fact);
PG_FUNCTION_INFO_V1(tsm_memory_lock_fact);

/* SQL:2011: a row is newer than the transaction that changes it. */
#define ERRCODE_TSM_INVALID_ROW_VERSION MAKE_SQLSTATE('2','2','0','1','H')

/* Tells our advisory locks from those that SQL functions take (1 and 2). */
#define FACT_LOCK_CLASS 0x7401

/* The system time of a transaction, once it has moved on from its start. */
static FullTransactionId moved_xid = {0};
static TimestampTz moved_time = 0;

static TimestampTz
fact_time(void)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (FullTransactionIdIsValid(moved_xid) &&
		FullTransactionIdEquals(moved_xid, GetTopFullTransactionIdIfAny()) && moved_time > now)
		return moved_time;
	return now;
}

/* The default of facts.row_start. */
Datum
tsm_memory_fact_time(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(fact_time());
}

/* The time at which a row that began at "start" is closed; see the head of this file. */
static TimestampTz
close_time(TimestampTz start)
{
	const char *conflict;

	if (start < fact_time())
		return fact_time();
	conflict = GetConfigOption("tsmem.system_time_conflict", true, false);
	if (conflict != NULL && strcmp(conflict, "strict") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_TSM_INVALID_ROW_VERSION),
				 errmsg("a row of table \"facts\" is newer than this transaction"),
				 errhint("Repeat the transaction, or set tsmem.system_time_conflict to \"adjust\".")));
	moved_xid = GetTopFullTransactionId();
	moved_time = start + 1;
	return moved_time;
}

static AttrNumber
column_number(Relation rel, const char *name)
{
	AttrNumber	number = get_attnum(RelationGetRelid(rel), name);

	if (number == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name, RelationGetRelationName(rel))));
	return number;
}

/* ERROR 55000 unless the rows differ in the columns of closing only. */
static void
check_only_closed(Relation rel, HeapTuple before, HeapTuple after)
{
	static const char *const closing[] = {"row_end", "row_end_xid", "end_reason", "ended_by"};
	TupleDesc	descriptor = RelationGetDescr(rel);
	int			i;
	int			j;

	for (i = 1; i <= descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i - 1);
		bool		null_before;
		bool		null_after;
		Datum		value_before;
		Datum		value_after;

		for (j = 0; j < lengthof(closing); j++)
		{
			if (namestrcmp(&attribute->attname, closing[j]) == 0)
				break;
		}
		if (j < lengthof(closing) || attribute->attisdropped)
			continue;
		value_before = heap_getattr(before, i, descriptor, &null_before);
		value_after = heap_getattr(after, i, descriptor, &null_after);
		if (null_before != null_after ||
			(!null_before && !datum_image_eq(value_before, value_after, attribute->attbyval, attribute->attlen)))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot change column \"%s\" of a fact", NameStr(attribute->attname)),
					 errhint("Facts are corrected by asserting them anew with tsmem.assert_fact.")));
	}
}

static bool
is_open(Relation rel, HeapTuple tuple)
{
	bool		null;
	Datum		end = heap_getattr(tuple, column_number(rel, "row_end"), RelationGetDescr(rel), &null);

	return !null && TIMESTAMP_IS_NOEND(DatumGetTimestampTz(end));
}

/* The row to be stored when one is closed: its end is the system time, whatever was given. */
static HeapTuple
closed_row(Relation rel, HeapTuple before, HeapTuple after)
{
	bool		null;
	int			columns[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};
	Datum		start = heap_getattr(before, column_number(rel, "row_start"), RelationGetDescr(rel), &null);

	columns[0] = column_number(rel, "row_end");
	columns[1] = column_number(rel, "row_end_xid");
	values[0] = TimestampTzGetDatum(close_time(DatumGetTimestampTz(start)));
	values[1] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	return heap_modify_tuple_by_cols(after, RelationGetDescr(rel), 2, columns, values, nulls);
}

/*
 * BEFORE UPDATE OR DELETE on facts, each row. An UPDATE may only close an open
 * row, which it does at the system time. A DELETE may only take back a row
 * that this transaction has made. Everything else: ERROR 55000.
 */
Datum
tsm_memory_guard_fact(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BEFORE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"_guard_fact\" must be called by a trigger before each row")));
	if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
	{
		if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(data->tg_trigtuple->t_data)) ||
			!is_open(data->tg_relation, data->tg_trigtuple))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot delete a fact"),
					 errhint("Facts are retracted with tsmem.retract_fact; what was believed stays on record.")));
		return PointerGetDatum(data->tg_trigtuple);
	}
	check_only_closed(data->tg_relation, data->tg_trigtuple, data->tg_newtuple);
	if (!is_open(data->tg_relation, data->tg_trigtuple) || is_open(data->tg_relation, data->tg_newtuple))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change a fact but by ending it"),
				 errhint("Facts are ended with tsmem.retract_fact or by asserting another with tsmem.assert_fact.")));
	return PointerGetDatum(closed_row(data->tg_relation, data->tg_trigtuple, data->tg_newtuple));
}

/*
 * ERROR 40001 when a row of this subject and predicate was written by a
 * transaction that our snapshot does not see: what we are about to decide
 * would be decided on stale rows.
 */
static void
check_not_stale(text *name_space, text *subject, text *predicate)
{
	Oid			schema = get_namespace_oid("tsmem", false);
	Relation	rel = table_open(get_relname_relid("facts", schema), AccessShareLock);
	Relation	index = index_open(get_relname_relid("facts_subject_idx", schema), AccessShareLock);
	Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	IndexScanDesc scan = tsm_index_beginscan(rel, index, latest, 3);
	ScanKeyData keys[3];
	Datum		values[3];
	bool		stale = false;
	int			i;

	values[0] = PointerGetDatum(name_space);
	values[1] = PointerGetDatum(subject);
	values[2] = PointerGetDatum(predicate);
	for (i = 0; i < 3; i++)
		ScanKeyEntryInitialize(&keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   index->rd_indcollation[i], F_TEXTEQ, values[i]);
	index_rescan(scan, keys, 3, NULL, 0);
	while (!stale && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		TransactionId xmin;
		bool		null;

		CHECK_FOR_INTERRUPTS();
		xmin = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &null));
		stale = !TransactionIdIsCurrentTransactionId(xmin) &&
			XidInMVCCSnapshot(xmin, GetTransactionSnapshot());
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(latest);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	if (stale)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent change of facts"),
				 errhint("Repeat the transaction.")));
}

/*
 * _lock_fact(namespace, subject, predicate): let the transactions that write
 * facts of one subject and predicate come one after the other, to their end.
 * Above READ COMMITTED a stale snapshot is ERROR 40001.
 */
Datum
tsm_memory_lock_fact(PG_FUNCTION_ARGS)
{
	uint64		hash = 0;
	LOCKTAG		tag;
	int			i;

	for (i = 0; i < 3; i++)
	{
		text	   *part = PG_GETARG_TEXT_PP(i);

		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) VARDATA_ANY(part),
														VARSIZE_ANY_EXHDR(part), i));
	}
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, FACT_LOCK_CLASS);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	if (IsolationUsesXactSnapshot())
		check_not_stale(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2));
	PG_RETURN_VOID();
}
