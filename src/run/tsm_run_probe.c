/*-------------------------------------------------------------------------
 *
 * tsm_run_probe.c
 *	  Looking up single events by the indexes of tsmem.events.
 *
 * All of it reads without the executor; the caller has found the run by
 * tsm_run_find or tsm_run_lock, which check privileges and policies.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

/*
 * Opens tsmem.events and one of its indexes for scans by nkeys keys with the
 * snapshot. The indexes are asked for again under the table's lock, because
 * REINDEX may have put others in their place.
 */
void
tsm_run_probe_open(TsmRunProbe *probe, bool by_key, Snapshot snapshot, int nkeys, LOCKMODE lock)
{
	const TsmRunCatalog *known;
	Oid			index;

	probe->table = table_open(tsm_run_catalog()->events, lock);
	known = tsm_run_catalog();
	index = by_key ? known->events_by_key : known->events_by_seq;
	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"tsmem.events\" lacks its %s",
						by_key ? "index on (run_number, kind, key, seq)" : "primary key")));
	probe->index = index_open(index, lock);
	probe->slot = table_slot_create(probe->table, NULL);
	probe->scan = tsm_index_beginscan(probe->table, probe->index, snapshot, nkeys);
}

/* Closes a probe, or what open_run opened; locks are kept until the transaction ends. */
void
tsm_run_probe_close(TsmRunProbe *probe)
{
	index_endscan(probe->scan);
	ExecDropSingleTupleTableSlot(probe->slot);
	index_close(probe->index, NoLock);
	table_close(probe->table, NoLock);
}

/* The last event with from <= seq <= upto of a run number, by a probe with 3 keys on the primary key. */
bool
tsm_run_probe_last(TsmRunProbe *probe, int64 number, int64 from, int64 upto)
{
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
	ScanKeyInit(&keys[2], 2, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(upto));
	index_rescan(probe->scan, keys, 3, NULL, 0);
	return index_getnext_slot(probe->scan, BackwardScanDirection, probe->slot);
}

/* The same among the events of one kind and key, by a probe with 5 keys on the index by key. */
bool
tsm_run_probe_key(TsmRunProbe *probe, int64 number, char kind, text *key, int64 from, int64 upto)
{
	ScanKeyData keys[5];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_CHAREQ, CharGetDatum(kind));
	ScanKeyEntryInitialize(&keys[2], 0, 3, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
						   F_TEXTEQ, PointerGetDatum(key));
	ScanKeyInit(&keys[3], 4, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
	ScanKeyInit(&keys[4], 4, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(upto));
	index_rescan(probe->scan, keys, 5, NULL, 0);
	return index_getnext_slot(probe->scan, BackwardScanDirection, probe->slot);
}

/*
 * The newest event of a kind and key between two places, through the ancestors
 * of a fork. A backward scan reads all that match on its first leaf page, so
 * the nearer from is to the event the better. True leaves the probe open with
 * the event in its slot; false leaves it closed.
 */
bool
tsm_run_latest(const TsmRun *run, char kind, text *key, int64 from, int64 upto, Snapshot snapshot,
			   TsmRunProbe *probe)
{
	int			i;

	tsm_run_probe_open(probe, true, snapshot, 5, AccessShareLock);
	for (i = 0; i < run->nsegments; i++)
	{
		const TsmRunSegment *segment = &run->segments[i];

		CHECK_FOR_INTERRUPTS();
		if (upto > segment->after && from <= segment->upto &&
			tsm_run_probe_key(probe, segment->number, kind, key, Max(from, segment->after + 1),
							  Min(upto, segment->upto)))
			return true;
	}
	tsm_run_probe_close(probe);
	return false;
}

/*
 * The moment at which values are judged expired: now (the statement's start),
 * or the time of the last event up to a place, so that a replay of the same
 * events always gives the same.
 */
TimestampTz
tsm_run_moment(const TsmRun *run, bool now, int64 upto)
{
	TsmRunProbe probe;
	TimestampTz moment = DT_NOBEGIN;
	int			i;

	if (now)
		return GetCurrentStatementStartTimestamp();
	tsm_run_probe_open(&probe, false, GetActiveSnapshot(), 3, AccessShareLock);
	for (i = 0; i < run->nsegments && moment == DT_NOBEGIN; i++)
	{
		const TsmRunSegment *segment = &run->segments[i];
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (upto > segment->after &&
			tsm_run_probe_last(&probe, segment->number, segment->after + 1,
							   Min(upto, segment->upto)))
			moment = DatumGetTimestampTz(slot_getattr(probe.slot, Anum_event_at, &isnull));
	}
	tsm_run_probe_close(&probe);
	return moment;
}
