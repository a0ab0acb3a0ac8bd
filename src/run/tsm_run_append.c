/*-------------------------------------------------------------------------
 *
 * tsm_run_append.c
 *	  Appending events to a run.
 *
 * There is no row that holds the end of a run's chain: it would be rewritten
 * by every append, and then each append would walk the versions that the
 * transaction, or an old snapshot elsewhere, keeps alive. The end is the last
 * event, found by the primary key:
 *
 *	1. the run's row is found with a fresh snapshot and locked (tsm_run_lock),
 *	   so that nobody else appends to this run until the transaction ends;
 *	2. the last event is looked for backward. Under the lock nobody else's
 *	   event can be in progress, so SnapshotSelf ("committed, or mine") is
 *	   exact, needs no further snapshot and leaves no predicate locks. Being no
 *	   MVCC snapshot it also keeps the index page pinned, so that a concurrent
 *	   VACUUM cannot recycle the line pointer under the scan;
 *	3. above READ COMMITTED that event must be visible to the transaction's
 *	   snapshot: else somebody appended since, and 40001 says so;
 *	4. the events are hashed and inserted, into table and indexes.
 *
 * A backward scan that is bounded by the run number only reads every entry of
 * the run on its last leaf page. A hint bounds it from below: the place that
 * this session saw last in the run. It may be too high (after a rollback):
 * then nothing is found, and the scan is done again without it. It can not be
 * wrong otherwise, since the last event is looked for above it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

/* Events that are given to the table at once. */
#define INSERT_CHUNK 256

#define HINT_SLOTS 64			/* a power of two */

/* Lower bounds of the last place in a run; a run number has one possible slot. */
static struct
{
	int64		number;
	int64		seq;
}			hints[HINT_SLOTS];

/* A hash, or a digest with a mark, as a bytea value, without palloc. */
typedef union HashDatum
{
	struct varlena header;
	char		bytes[VARHDRSZ + TSM_RUN_DIGEST_BYTES];
} HashDatum;

static Datum
hash_datum(HashDatum *datum, const uint8 *hash)
{
	SET_VARSIZE(&datum->header, VARHDRSZ + TSM_RUN_HASH_BYTES);
	memcpy(datum->bytes + VARHDRSZ, hash, TSM_RUN_HASH_BYTES);
	return PointerGetDatum(&datum->header);
}

static Datum
digest_datum(HashDatum *datum, const TsmRunEvent *event)
{
	SET_VARSIZE(&datum->header, VARHDRSZ + TSM_RUN_DIGEST_BYTES);
	memcpy(datum->bytes + VARHDRSZ, event->digest, TSM_RUN_HASH_BYTES);
	memcpy(datum->bytes + VARHDRSZ + TSM_RUN_HASH_BYTES, event->mark, TSM_RUN_HASH_BYTES);
	return PointerGetDatum(&datum->header);
}

/*
 * The end of a run's chain, by a probe on the primary key with SnapshotSelf.
 * The run is locked. Raises 40001 when it is younger than the transaction's
 * snapshot.
 */
static void
find_head(const TsmRun *run, TsmRunProbe *probe, TsmRunHead *head)
{
	int64		first = run->fork_seq + 1;
	int64		hint = first;
	bool		found;
	bool		isnull;
	bytea	   *hash;

	if (hints[run->number & (HINT_SLOTS - 1)].number == run->number)
		hint = Max(first, hints[run->number & (HINT_SLOTS - 1)].seq);
	found = tsm_run_probe_last(probe, run->number, hint, PG_INT64_MAX);
	if (!found && hint > first)
		found = tsm_run_probe_last(probe, run->number, first, PG_INT64_MAX);
	if (!found)
	{
		head->seq = run->fork_seq;
		/* A fork goes on from the time of the event that it was forked at. */
		head->at = run->fork_seq > 0 ? tsm_run_moment(run, false, run->fork_seq) : DT_NOBEGIN;
		memcpy(head->hash, run->base_hash, TSM_RUN_HASH_BYTES);
		return;
	}
	if (IsolationUsesXactSnapshot() &&
		!table_tuple_satisfies_snapshot(probe->table, probe->slot, GetActiveSnapshot()))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent append to run \"%s\"",
						tsm_run_id_text(&run->id))));
	slot_getsomeattrs(probe->slot, Anum_event_hash);
	head->seq = DatumGetInt64(probe->slot->tts_values[Anum_event_seq - 1]);
	head->at = DatumGetTimestampTz(probe->slot->tts_values[Anum_event_at - 1]);
	hash = DatumGetByteaPP(slot_getattr(probe->slot, Anum_event_hash, &isnull));
	if (VARSIZE_ANY_EXHDR(hash) != TSM_RUN_HASH_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("event " INT64_FORMAT " of run \"%s\" has a damaged hash", head->seq,
						tsm_run_id_text(&run->id))));
	memcpy(head->hash, VARDATA_ANY(hash), TSM_RUN_HASH_BYTES);
}

/* Digests of content that is about nobody: they need no lock. */
static void
digest_events(TsmRunEvent *events, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (events[i].subject == NULL)
			tsm_run_digest(&events[i], NULL, events[i].digest);
	}
}

/* By subject, byte by byte. */
static int
compare_subjects(const void *left, const void *right)
{
	text	   *a = (*(TsmRunEvent *const *) left)->subject;
	text	   *b = (*(TsmRunEvent *const *) right)->subject;
	size_t		a_length = VARSIZE_ANY_EXHDR(a);
	size_t		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

/*
 * Digests and marks of the events that are about a subject. Keys are made in
 * the order of the subjects, so that two batches that make the same ones, in
 * different runs, wait for each other and do not deadlock.
 */
static void
digest_subjects(const TsmRun *run, TsmRunEvent *events, int count)
{
	TsmRunEvent **about = NULL;
	uint8		hmac_key[TSM_RUN_HASH_BYTES];
	int			marked = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		events[i].marked = events[i].subject != NULL;
		if (!events[i].marked)
			continue;
		if (about == NULL)
			about = palloc_extended(count * sizeof(TsmRunEvent *), MCXT_ALLOC_HUGE);
		about[marked++] = &events[i];
	}
	if (about == NULL)
		return;
	qsort(about, marked, sizeof(TsmRunEvent *), compare_subjects);
	for (i = 0; i < marked; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && compare_subjects(&about[i - 1], &about[i]) == 0)
			memcpy(about[i]->mark, about[i - 1]->mark, TSM_RUN_HASH_BYTES);
		else
		{
			if (!tsm_run_subject_key(run->namespace, about[i]->subject, true, hmac_key))
				elog(ERROR, "could not make a subject's key");
			tsm_run_mark(about[i]->subject, hmac_key, about[i]->mark);
		}
		tsm_run_digest(about[i], hmac_key, about[i]->digest);
	}
	pfree(about);
}

/* Sets when a value expires. Raises 22023 unless that is after the event, 22008 out of range. */
static void
set_expiry(TsmRunEvent *event)
{
	event->expires = true;
	event->expires_at = DatumGetTimestampTz(DirectFunctionCall2(
		timestamptz_pl_interval, TimestampTzGetDatum(event->at), IntervalPGetDatum(event->ttl)));
	if (event->expires_at <= event->at)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time to live must be positive")));
}

/*
 * Gives the events their places, time and hashes after the head. Time does
 * not go back within a run, even where the clock does.
 */
static void
chain_events(const TsmRun *run, const TsmRunHead *head, TsmRunEvent *events, int count)
{
	const uint8 *previous = head->hash;
	TimestampTz at = Max(GetCurrentTimestamp(), head->at);
	int			i;

	if (head->seq > PG_INT64_MAX - count)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("run \"%s\" is full", tsm_run_id_text(&run->id))));
	for (i = 0; i < count; i++)
	{
		TsmRunEvent *event = &events[i];

		CHECK_FOR_INTERRUPTS();
		event->seq = head->seq + 1 + i;
		event->at = at;
		if (event->ttl != NULL)
			set_expiry(event);
		tsm_run_hash_event(previous, &run->id, event);
		previous = event->hash;
	}
}

/* The columns of one event. The datums point into the event and into the two buffers. */
static void
event_values(int64 number, TsmRunEvent *event, HashDatum *hash, HashDatum *digest, Datum *values,
			 bool *isnull)
{
	memset(isnull, 0, Natts_event * sizeof(bool));
	values[Anum_event_run_number - 1] = Int64GetDatum(number);
	values[Anum_event_seq - 1] = Int64GetDatum(event->seq);
	values[Anum_event_at - 1] = TimestampTzGetDatum(event->at);
	values[Anum_event_kind - 1] = CharGetDatum(event->kind);
	values[Anum_event_key - 1] = PointerGetDatum(event->key);
	isnull[Anum_event_key - 1] = event->key == NULL;
	values[Anum_event_body - 1] = PointerGetDatum(event->body);
	isnull[Anum_event_body - 1] = event->body == NULL;
	values[Anum_event_hash - 1] = hash_datum(hash, event->hash);
	values[Anum_event_raw - 1] = PointerGetDatum(event->raw);
	isnull[Anum_event_raw - 1] = event->raw == NULL;
	values[Anum_event_body_digest - 1] = digest_datum(digest, event);
	isnull[Anum_event_body_digest - 1] = !event->marked;
	values[Anum_event_subject - 1] = PointerGetDatum(event->subject);
	isnull[Anum_event_subject - 1] = event->subject == NULL;
	values[Anum_event_snapshot - 1] = PointerGetDatum(event->snapshot);
	isnull[Anum_event_snapshot - 1] = event->snapshot == NULL;
	values[Anum_event_expires_at - 1] = TimestampTzGetDatum(event->expires_at);
	isnull[Anum_event_expires_at - 1] = !event->expires;
	values[Anum_event_hash_version - 1] = Int16GetDatum(TSM_RUN_HASH_VERSION);
}

/* Index entries of an event that is in the table; by_key is NULL when no event has a key. */
static void
insert_index_entries(TsmRunProbe *probe, Relation by_key, IndexInfo *info, TupleTableSlot *slot)
{
	Datum		values[4];
	bool		isnull[4] = {false, false, false, false};

	values[0] = slot->tts_values[Anum_event_run_number - 1];
	values[1] = slot->tts_values[Anum_event_seq - 1];
	index_insert(probe->index, values, isnull, &slot->tts_tid, probe->table, UNIQUE_CHECK_YES,
				 false, info);
	if (slot->tts_isnull[Anum_event_key - 1])
		return;
	values[1] = slot->tts_values[Anum_event_kind - 1];
	values[2] = slot->tts_values[Anum_event_key - 1];
	values[3] = slot->tts_values[Anum_event_seq - 1];
	index_insert(by_key, values, isnull, &slot->tts_tid, probe->table, UNIQUE_CHECK_NO, false,
				 info);
}

/* One event into the table and its indexes. */
static void
insert_one(TsmRunProbe *probe, Relation by_key, IndexInfo *info, int64 number, TsmRunEvent *event)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(probe->table),
													&TTSOpsVirtual);
	HashDatum	hash;
	HashDatum	digest;

	event_values(number, event, &hash, &digest, slot->tts_values, slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(probe->table);
	table_tuple_insert(probe->table, slot, GetCurrentCommandId(true), 0, NULL);
	insert_index_entries(probe, by_key, info, slot);
	ExecDropSingleTupleTableSlot(slot);
}

/* A chunk of events, with one WAL record a page of them. */
static void
insert_chunk(TsmRunProbe *probe, Relation by_key, IndexInfo *info, int64 number,
			 TsmRunEvent *events, int count)
{
	TupleTableSlot **slots = palloc(count * sizeof(TupleTableSlot *));
	int			i;

	for (i = 0; i < count; i++)
	{
		HashDatum	hash;
		HashDatum	digest;

		slots[i] = table_slot_create(probe->table, NULL);
		event_values(number, &events[i], &hash, &digest, slots[i]->tts_values,
					 slots[i]->tts_isnull);
		ExecStoreVirtualTuple(slots[i]);
		ExecMaterializeSlot(slots[i]);	/* copies the two hashes, too */
	}
	table_multi_insert(probe->table, slots, count, GetCurrentCommandId(true), 0, NULL);
	for (i = 0; i < count; i++)
	{
		slot_getallattrs(slots[i]);
		insert_index_entries(probe, by_key, info, slots[i]);
		ExecDropSingleTupleTableSlot(slots[i]);
	}
	pfree(slots);
}

static void
insert_direct(TsmRunProbe *probe, int64 number, TsmRunEvent *events, int count)
{
	IndexInfo  *info = BuildIndexInfo(probe->index);
	Relation	by_key = index_open(tsm_run_catalog()->events_by_key, RowExclusiveLock);
	int			i;

	if (count == 1)
		insert_one(probe, by_key, info, number, events);
	else
	{
		for (i = 0; i < count; i += INSERT_CHUNK)
		{
			CHECK_FOR_INTERRUPTS();
			insert_chunk(probe, by_key, info, number, events + i, Min(INSERT_CHUNK, count - i));
		}
	}
	index_close(by_key, NoLock);
}

/*
 * The same by SQL, so that triggers, constraints, further indexes and policies
 * that somebody added to the table are honoured. It runs as the owner of the
 * table, which our own checks allow, unless there are policies of others:
 * those bind the caller, who needs INSERT then.
 */
static void
insert_by_sql(int64 number, TsmRunEvent *events, int count)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[Natts_event] = {INT8OID, INT8OID, TIMESTAMPTZOID, CHAROID, TEXTOID, JSONBOID,
		BYTEAOID, BYTEAOID, BYTEAOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT2OID};
	bool		as_owner = tsm_run_catalog()->own_policies;
	TsmRunOwner saved;
	int			i;

	SPI_connect();
	if (as_owner)
		tsm_run_become_owner(&saved);
	tsm_run_plan(&plan,
				 "INSERT INTO tsmem.events (run_number, seq, at, kind, key, body, hash, raw, "
				 "body_digest, subject, snapshot, expires_at, hash_version) "
				 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
				 Natts_event, types);
	for (i = 0; i < count; i++)
	{
		Datum		values[Natts_event];
		bool		isnull[Natts_event];
		char		nulls[Natts_event];
		HashDatum	hash;
		HashDatum	digest;
		int			j;

		event_values(number, &events[i], &hash, &digest, values, isnull);
		for (j = 0; j < Natts_event; j++)
			nulls[j] = isnull[j] ? 'n' : ' ';
		if (SPI_execute_plan(plan, values, nulls, false, 0) != SPI_OK_INSERT || SPI_processed != 1)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("an event was not stored"),
					 errdetail("A trigger or rule on table \"tsmem.events\" suppressed it.")));
	}
	if (as_owner)
		tsm_run_become_caller(&saved);
	SPI_finish();
}

/*
 * Appends events to a run, in one transaction-lasting lock of the run. At exit
 * each event has its place, time and hash, and later commands see it. False,
 * and nothing is written, when the guard says so.
 *
 * Raises 42704, 42501, 55000, 40001 as tsm_run_lock and find_head do, 54000 for
 * a full run. The caller has refused read-only transactions and has checked
 * the length of keys.
 */
bool
tsm_run_append(const pg_uuid_t *id, TsmRunEvent *events, int count, TsmRunGuard guard,
			   void *argument)
{
	TsmRun		run;
	TsmRunHead	head;
	TsmRunProbe probe;
	bool		go_on;

	digest_events(events, count);
	/* See what this transaction, and at READ COMMITTED what others, did up to now. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	tsm_run_lock(id, &run);
	tsm_run_probe_open(&probe, false, SnapshotSelf, 3, RowExclusiveLock);
	find_head(&run, &probe, &head);
	go_on = guard == NULL || guard(&run, argument);
	if (go_on)
	{
		digest_subjects(&run, events, count);
		chain_events(&run, &head, events, count);
		/* Asked under the table's lock: now nobody can add a trigger or an index. */
		if (tsm_run_catalog()->direct_write)
			insert_direct(&probe, run.number, events, count);
		else
			insert_by_sql(run.number, events, count);
		hints[run.number & (HINT_SLOTS - 1)].number = run.number;
		hints[run.number & (HINT_SLOTS - 1)].seq = head.seq + count;
	}
	tsm_run_probe_close(&probe);
	PopActiveSnapshot();
	CommandCounterIncrement();
	return go_on;
}
