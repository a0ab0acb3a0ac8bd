/*-------------------------------------------------------------------------
 *
 * tsm_run_lifecycle.c
 *	  Rows of tsmem.runs: begun, ended, forked.
 *
 * The rows are written by SQL as the owner of the tables, after our own checks
 * have passed, so that triggers and constraints hold. Where somebody added
 * policies of their own, it is as the caller, who needs the privileges then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

static Datum
bytes_datum(const void *bytes, size_t length)
{
	bytea	   *value = palloc(VARHDRSZ + length);

	SET_VARSIZE(value, VARHDRSZ + length);
	memcpy(VARDATA(value), bytes, length);
	return PointerGetDatum(value);
}

/* Runs a statement that writes one row of tsmem.runs. */
static void
write_run(SPIPlanPtr *plan, const char *query, int nargs, Oid *types, Datum *values,
		  const char *nulls)
{
	bool		as_owner = tsm_run_catalog()->own_policies;
	TsmRunOwner saved;

	SPI_connect();
	if (as_owner)
		tsm_run_become_owner(&saved);
	tsm_run_plan(plan, query, nargs, types);
	if (SPI_execute_plan(*plan, values, nulls, false, 0) < 0 || SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a run was not stored"),
				 errdetail("A trigger, rule or policy on table \"tsmem.runs\" suppressed it.")));
	if (as_owner)
		tsm_run_become_caller(&saved);
	SPI_finish();
}

/*
 * Begins a run. Raises 22023 for a malformed namespace, 42501 when the role
 * may not write there, 23505 when the identity is taken.
 */
void
tsm_run_begin(const pg_uuid_t *id, const char *name, Datum metadata, bool metadata_isnull,
			  Datum tags, bool tags_isnull)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[5] = {UUIDOID, TEXTOID, BYTEAOID, JSONBOID, TEXTARRAYOID};
	Datum		values[5];
	char		nulls[] = "     ";
	uint8		base_hash[TSM_RUN_HASH_BYTES];

	tsm_namespace_check(name, strlen(name));
	tsm_run_check_write(name);
	tsm_run_sha256(id->data, UUID_LEN, base_hash);
	values[0] = UUIDPGetDatum(id);
	values[1] = CStringGetTextDatum(name);
	values[2] = bytes_datum(base_hash, TSM_RUN_HASH_BYTES);
	values[3] = metadata;
	values[4] = tags;
	nulls[3] = metadata_isnull ? 'n' : ' ';
	nulls[4] = tags_isnull ? 'n' : ' ';
	write_run(&plan,
			  "INSERT INTO tsmem.runs (run_id, namespace, base_hash, metadata, tags) "
			  "VALUES ($1, $2, $3, $4, $5)",
			  5, types, values, nulls);
}

/* Ends a running run. Raises 42501, 42704, 40001 and 55000 as tsm_run_lock. */
void
tsm_run_end(const pg_uuid_t *id, const char *status)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[3] = {INT8OID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[3];
	TsmRun		run;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	tsm_run_lock(id, &run);
	values[0] = Int64GetDatum(run.number);
	values[1] = CStringGetTextDatum(status);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	write_run(&plan,
			  "UPDATE tsmem.runs SET status = $2, ended_at = $3 "
			  "WHERE run_number OPERATOR(pg_catalog.=) $1",
			  3, types, values, NULL);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/*
 * The last event of a run up to a place, by the active snapshot: its place and
 * hash. False when there is none.
 */
static bool
last_event(const TsmRun *run, int64 upto, int64 *seq, uint8 *hash)
{
	TsmRunProbe probe;
	bool		found = false;
	int			i;

	tsm_run_probe_open(&probe, false, GetActiveSnapshot(), 3, AccessShareLock);
	for (i = 0; i < run->nsegments && !found; i++)
	{
		const TsmRunSegment *segment = &run->segments[i];

		CHECK_FOR_INTERRUPTS();
		found = upto > segment->after &&
			tsm_run_probe_last(&probe, segment->number, segment->after + 1,
							   Min(upto, segment->upto));
	}
	if (found)
	{
		bool		isnull;
		bytea	   *stored = DatumGetByteaPP(slot_getattr(probe.slot, Anum_event_hash, &isnull));

		*seq = DatumGetInt64(slot_getattr(probe.slot, Anum_event_seq, &isnull));
		if (VARSIZE_ANY_EXHDR(stored) != TSM_RUN_HASH_BYTES)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("event " INT64_FORMAT " of run \"%s\" has a damaged hash", *seq,
							tsm_run_id_text(&run->id))));
		memcpy(hash, VARDATA_ANY(stored), TSM_RUN_HASH_BYTES);
	}
	tsm_run_probe_close(&probe);
	return found;
}

/*
 * The ancestors of a fork of parent at a place: those segments of the parent
 * that reach below it, the nearest cut there. One that the next covers wholly
 * is left out.
 */
static void
fork_lineage(const TsmRun *parent, int64 at_seq, Datum *lineage, Datum *lineage_upto)
{
	Datum	   *numbers = palloc(parent->nsegments * sizeof(Datum));
	Datum	   *uptos = palloc(parent->nsegments * sizeof(Datum));
	int			count = 0;
	int			i;

	for (i = 0; i < parent->nsegments; i++)
	{
		const TsmRunSegment *segment = &parent->segments[i];

		if (segment->after >= at_seq)
			continue;
		numbers[count] = Int64GetDatum(segment->number);
		uptos[count] = Int64GetDatum(Min(segment->upto, at_seq));
		count++;
	}
	if (count > TSM_RUN_MAX_LINEAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("run \"%s\" has too many ancestors", tsm_run_id_text(&parent->id)),
				 errdetail("A fork reads through at most %d.", TSM_RUN_MAX_LINEAGE)));
	*lineage = PointerGetDatum(
		construct_array(numbers, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	*lineage_upto = PointerGetDatum(
		construct_array(uptos, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * Forks a run at a place, or (last) at its last event. Raises 22023 when it
 * has no such event, and as tsm_run_share and tsm_run_check_write.
 */
void
tsm_run_fork(const pg_uuid_t *id, const pg_uuid_t *child, bool last, int64 at_seq, Datum metadata,
			 bool metadata_isnull)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[8] = {UUIDOID, TEXTOID, UUIDOID, INT8OID, BYTEAOID, INT8ARRAYOID,
		INT8ARRAYOID, JSONBOID};
	Datum		values[8];
	char		nulls[] = "        ";
	TsmRun		parent;
	int64		found = 0;
	uint8		hash[TSM_RUN_HASH_BYTES];

	tsm_run_check_write(NULL);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	tsm_run_share(id, &parent);
	tsm_run_check_write(parent.namespace);
	/* At place 0 nothing is shared: the chain begins as that of a new run. */
	if (!last_event(&parent, last ? PG_INT64_MAX : at_seq, &found, hash))
		tsm_run_sha256(child->data, UUID_LEN, hash);
	if (!last && found != at_seq)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("run \"%s\" has no event " INT64_FORMAT, tsm_run_id_text(id), at_seq)));
	values[0] = UUIDPGetDatum(child);
	values[1] = CStringGetTextDatum(parent.namespace);
	values[2] = UUIDPGetDatum(id);
	values[3] = Int64GetDatum(found);
	values[4] = bytes_datum(hash, TSM_RUN_HASH_BYTES);
	fork_lineage(&parent, found, &values[5], &values[6]);
	values[7] = metadata;
	nulls[7] = metadata_isnull ? 'n' : ' ';
	write_run(&plan,
			  "INSERT INTO tsmem.runs (run_id, namespace, parent_id, fork_seq, base_hash, lineage, "
			  "lineage_upto, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			  8, types, values, nulls);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* Whether a run has forks, committed or made by this transaction. */
static bool
has_forks(const pg_uuid_t *id)
{
	Relation	runs = table_open(tsm_run_catalog()->runs, AccessShareLock);
	Oid			index = tsm_run_catalog()->runs_by_parent;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, Anum_run_parent_id, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(id));
	scan = systable_beginscan(runs, index, OidIsValid(index), SnapshotSelf, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(runs, AccessShareLock);
	return found;
}

/*
 * Asked when the row of a run was deleted, which waited for all who write to
 * the run or fork it: so "committed, or mine" is exact. Raises 23001 when the
 * run has events, or forks that read through it.
 */
void
tsm_run_check_deleted(const pg_uuid_t *id, int64 number)
{
	TsmRunProbe probe;
	bool		has_events;

	tsm_run_probe_open(&probe, false, SnapshotSelf, 3, AccessShareLock);
	has_events = tsm_run_probe_last(&probe, number, PG_INT64_MIN, PG_INT64_MAX);
	tsm_run_probe_close(&probe);
	if (has_events || has_forks(id))
		ereport(ERROR,
				(errcode(ERRCODE_RESTRICT_VIOLATION),
				 errmsg("cannot delete run \"%s\"", tsm_run_id_text(id)),
				 has_events ? errdetail("It has events.") : errdetail("Forks read through it.")));
}
