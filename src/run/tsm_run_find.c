/*-------------------------------------------------------------------------
 *
 * tsm_run_find.c
 *	  Finding and locking the row of a run, and who may.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "tsm_run_int.h"

char *
tsm_run_id_text(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/*
 * A run that is not there and one that the role may not see look alike, so
 * that an error tells nothing about other tenants.
 */
static void
raise_no_run(const pg_uuid_t *id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("run \"%s\" does not exist", tsm_run_id_text(id))));
}

static void
require_select(Oid relation)
{
	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(relation));
}

/* Copies the segments that a run consists of: its own events, then those of its ancestors. */
static void
read_segments(TsmRun *run, Datum lineage, Datum lineage_upto)
{
	ArrayType  *numbers = DatumGetArrayTypeP(lineage);
	ArrayType  *uptos = DatumGetArrayTypeP(lineage_upto);
	int			count = ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers));
	int			i;

	if (count != ArrayGetNItems(ARR_NDIM(uptos), ARR_DIMS(uptos)) || count > TSM_RUN_MAX_LINEAGE ||
		array_contains_nulls(numbers) || array_contains_nulls(uptos))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("run \"%s\" has a damaged lineage", tsm_run_id_text(&run->id))));
	run->nsegments = count + 1;
	run->segments = palloc(run->nsegments * sizeof(TsmRunSegment));
	run->segments[0].number = run->number;
	run->segments[0].upto = PG_INT64_MAX;
	for (i = 0; i < count; i++)
	{
		run->segments[i + 1].number = ((int64 *) ARR_DATA_PTR(numbers))[i];
		run->segments[i + 1].upto = ((int64 *) ARR_DATA_PTR(uptos))[i];
		run->segments[i].after = run->segments[i + 1].upto;
	}
	run->segments[count].after = 0;
	if (count == 0)
		run->segments[0].after = run->fork_seq;
}

/* Copies what the run room needs of a row of tsmem.runs. */
static void
read_run(TupleTableSlot *slot, TsmRun *run)
{
	bytea	   *hash;

	slot_getsomeattrs(slot, Anum_run_lineage_upto);
	run->id = *DatumGetUUIDP(slot->tts_values[Anum_run_id - 1]);
	run->number = DatumGetInt64(slot->tts_values[Anum_run_number - 1]);
	run->namespace = TextDatumGetCString(slot->tts_values[Anum_run_namespace - 1]);
	run->status = TextDatumGetCString(slot->tts_values[Anum_run_status - 1]);
	run->running = strcmp(run->status, "running") == 0;
	run->fork_seq = DatumGetInt64(slot->tts_values[Anum_run_fork_seq - 1]);
	hash = DatumGetByteaPP(slot->tts_values[Anum_run_base_hash - 1]);
	if (VARSIZE_ANY_EXHDR(hash) != TSM_RUN_HASH_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("run \"%s\" has a damaged base hash", tsm_run_id_text(&run->id))));
	memcpy(run->base_hash, VARDATA_ANY(hash), TSM_RUN_HASH_BYTES);
	read_segments(run, slot->tts_values[Anum_run_lineage - 1],
				  slot->tts_values[Anum_run_lineage_upto - 1]);
}

/*
 * Whether policies that are not tsmem's let the current role see a run: only
 * SQL can tell. Runs the query with the active snapshot.
 */
static bool
visible_by_sql(SPIPlanPtr *plan, const char *query, Oid type, Datum value)
{
	bool		found;

	SPI_connect();
	tsm_run_plan(plan, query, 1, &type);
	if (SPI_execute_plan(*plan, &value, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a run");
	found = SPI_processed == 1;
	SPI_finish();
	return found;
}

/* Whether the current role may see a run of that namespace and identity. */
static bool
run_visible(const pg_uuid_t *id, const char *name)
{
	static SPIPlanPtr plan = NULL;
	const TsmRunCatalog *known = tsm_run_catalog();

	if (check_enable_rls(known->runs, InvalidOid, false) != RLS_ENABLED &&
		check_enable_rls(known->events, InvalidOid, false) != RLS_ENABLED)
		return true;
	if (known->own_policies)
		return tsm_namespace_bypass() || tsm_namespace_granted(name, strlen(name));
	return visible_by_sql(&plan, "SELECT FROM tsmem.runs WHERE run_id OPERATOR(pg_catalog.=) $1",
						  UUIDOID, UUIDPGetDatum(id));
}

/*
 * Opens tsmem.runs and looks a run up with the active snapshot; false leaves
 * everything closed. The caller closes with close_run.
 */
static bool
open_run(TsmRunProbe *probe, const pg_uuid_t *id, LOCKMODE lock)
{
	ScanKeyData key;

	probe->table = table_open(tsm_run_catalog()->runs, lock);
	probe->index = index_open(tsm_run_catalog()->runs_by_id, AccessShareLock);
	probe->slot = table_slot_create(probe->table, NULL);
	probe->scan = tsm_index_beginscan(probe->table, probe->index, GetActiveSnapshot(), 1);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(id));
	index_rescan(probe->scan, &key, 1, NULL, 0);
	if (index_getnext_slot(probe->scan, ForwardScanDirection, probe->slot))
		return true;
	tsm_run_probe_close(probe);
	return false;
}

/*
 * Finds a run for reading, with the active snapshot. The caller may read the
 * run's events directly, if tsm_run_catalog says so. Raises 42501 when the
 * role may not read tsmem.runs or tsmem.events, 42704 when there is no such
 * run or the role may not see it.
 */
void
tsm_run_find(const pg_uuid_t *id, TsmRun *run)
{
	TsmRunProbe probe;

	require_select(tsm_run_catalog()->runs);
	require_select(tsm_run_catalog()->events);
	if (!open_run(&probe, id, AccessShareLock))
		raise_no_run(id);
	read_run(probe.slot, run);
	tsm_run_probe_close(&probe);
	if (!run_visible(id, run->namespace))
		raise_no_run(id);
}

/*
 * Raises 42501 unless the current role may write in a namespace, or NULL for
 * one that is not known yet: then only unless it may write nowhere. A role
 * that row-level security binds needs a grant of the namespace, any other
 * INSERT on tsmem.events; so does a role that no grant binds where the tables'
 * owner forces row-level security on itself. 22023 when the session's root is
 * malformed.
 */
void
tsm_run_check_write(const char *name)
{
	Oid			events = tsm_run_catalog()->events;

	if (check_enable_rls(events, InvalidOid, false) != RLS_ENABLED || tsm_namespace_bypass())
	{
		if (pg_class_aclcheck(events, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "events");
		return;
	}
	tsm_namespace_check(tsm_namespace_root(), strlen(tsm_namespace_root()));
	if (name == NULL && !tsm_namespace_any_grant())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: role \"%s\" has no namespace",
						GetUserNameFromId(GetUserId(), false)),
				 errhint("Use tsmem.grant_namespace(role, prefix).")));
	else if (name != NULL && !tsm_namespace_granted(name, strlen(name)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for namespace \"%s\"", name)));
}

/*
 * Locks the row of a run until the end of the transaction and leaves its
 * newest version in the slot. A writer takes NoKeyExclusive, like an UPDATE of
 * the row, which keeps other writers out; a fork takes KeyShare, like the check
 * of a foreign key, which goes with that and only keeps the run from being
 * deleted. Raises 40001 above READ COMMITTED when the row was changed, so that
 * it matters to the lock, since the snapshot.
 */
static void
lock_row(TsmRunProbe *probe, const pg_uuid_t *id, LockTupleMode mode)
{
	ItemPointerData tid = probe->slot->tts_tid;
	int			flags = mode == LockTupleKeyShare ? TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS : 0;
	TM_FailureData failure;
	TM_Result	result;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(probe->table, &tid, GetActiveSnapshot(), probe->slot,
							  GetCurrentCommandId(false), mode, LockWaitBlock, flags, &failure);
	switch (result)
	{
		case TM_Ok:
			return;
		case TM_Updated:
		case TM_Deleted:
			/* READ COMMITTED has followed the row to its last version: it was deleted */
			if (!IsolationUsesXactSnapshot())
				raise_no_run(id);
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to concurrent change of run \"%s\"",
							tsm_run_id_text(id))));
			break;
		default:
			elog(ERROR, "unexpected result %d of locking a run", result);
	}
}

/*
 * Finds a run for forking it: as tsm_run_find, and the run cannot be deleted
 * until the end of the transaction.
 */
void
tsm_run_share(const pg_uuid_t *id, TsmRun *run)
{
	TsmRunProbe probe;

	tsm_run_find(id, run);
	if (!open_run(&probe, id, RowShareLock))
		raise_no_run(id);
	lock_row(&probe, id, LockTupleKeyShare);
	tsm_run_probe_close(&probe);
}

/*
 * Finds a run for writing and locks it. At exit the row lock is held until the
 * end of the transaction, and *run is what the row is under the lock. Raises
 * 42501, 42704, 40001 as above, and 55000 for a run that has ended.
 */
void
tsm_run_lock(const pg_uuid_t *id, TsmRun *run)
{
	TsmRunProbe probe;

	tsm_run_check_write(NULL);
	if (!open_run(&probe, id, RowShareLock))
		raise_no_run(id);
	/* See first whether the role may: it must not be able to lock another tenant's run. */
	read_run(probe.slot, run);
	if (!run_visible(id, run->namespace))
		raise_no_run(id);
	lock_row(&probe, id, LockTupleNoKeyExclusive);
	read_run(probe.slot, run);
	tsm_run_probe_close(&probe);
	if (memcmp(&run->id, id, UUID_LEN) != 0 || !run_visible(id, run->namespace))
		raise_no_run(id);
	tsm_run_check_write(run->namespace);
	if (!run->running)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run \"%s\" has ended", tsm_run_id_text(id)),
				 errdetail("Its status is \"%s\".", run->status)));
}

/* The namespace of the run with a number, palloc'd, as the snapshot sees it; false for none. */
bool
tsm_run_namespace_of(int64 number, Snapshot snapshot, char **name)
{
	Relation	runs = table_open(tsm_run_catalog()->runs, AccessShareLock);
	Relation	index = index_open(tsm_run_catalog()->runs_by_number, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(runs, NULL);
	IndexScanDesc scan = tsm_index_beginscan(runs, index, snapshot, 1);
	ScanKeyData key;
	bool		found;
	bool		isnull;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	if (found)
		*name = TextDatumGetCString(slot_getattr(slot, Anum_run_namespace, &isnull));
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(runs, AccessShareLock);
	return found;
}

/* Whether the current role may see the run with that number, as the policy on tsmem.events asks. */
bool
tsm_run_visible(int64 number)
{
	static SPIPlanPtr plan = NULL;
	char	   *name;
	bool		visible;

	if (!tsm_run_catalog()->own_policies)
		return visible_by_sql(&plan,
							  "SELECT FROM tsmem.runs WHERE run_number OPERATOR(pg_catalog.=) $1",
							  INT8OID, Int64GetDatum(number));
	if (!tsm_run_namespace_of(number, GetActiveSnapshot(), &name))
		return false;
	visible = tsm_namespace_bypass() || tsm_namespace_granted(name, strlen(name));
	pfree(name);
	return visible;
}
