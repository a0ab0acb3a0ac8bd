/*-------------------------------------------------------------------------
 *
 * tsm_run_verify.c
 *	  Recomputing the hash chain of a run.
 *
 * The events are read by SQL as the caller, so that privileges and policies
 * hold whatever they are; hashing takes longer than that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

#define FETCH_EVENTS 500

/* Where the walk along the chain is. */
typedef struct Chain
{
	pg_uuid_t	run_id;			/* of the segment's run */
	char	   *namespace;		/* of the segment's run */
	uint8		base_hash[TSM_RUN_HASH_BYTES];
	int64		fork_seq;
	int64		next_seq;
	uint8		hash[TSM_RUN_HASH_BYTES];	/* of the last good event */
	text	   *subject;		/* whose key is in hmac_key; NULL for none */
	bool		subject_has_key;
	uint8		hmac_key[TSM_RUN_HASH_BYTES];
	uint8		mark[TSM_RUN_HASH_BYTES];	/* of that subject */
	uint8	   *marks;			/* of all subjects that have a key, sorted; NULL: not read */
	uint64		nmarks;
	MemoryContext context;		/* lives as long as the walk */
	TsmRunVerdict *verdict;
} Chain;

static void
judge_bad(Chain *chain, int64 seq, const char *reason)
{
	chain->verdict->ok = false;
	chain->verdict->first_bad_seq = seq;
	chain->verdict->reason = reason;
}

/* Identity, place of the fork and base hash of the run that a segment belongs to; the caller is connected to SPI. */
static bool
read_segment_run(Chain *chain, int64 number)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[1] = {INT8OID};
	Datum		values[1] = {Int64GetDatum(number)};
	HeapTuple	tuple;
	TupleDesc	columns;
	bytea	   *base;
	bool		isnull;

	tsm_run_plan(&plan,
				 "SELECT run_id, base_hash, namespace, fork_seq FROM tsmem.runs "
				 "WHERE run_number OPERATOR(pg_catalog.=) $1",
				 1, types);
	if (SPI_execute_plan(plan, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a run");
	if (SPI_processed == 0)
		return false;
	tuple = SPI_tuptable->vals[0];
	columns = SPI_tuptable->tupdesc;
	chain->run_id = *DatumGetUUIDP(SPI_getbinval(tuple, columns, 1, &isnull));
	base = DatumGetByteaPP(SPI_getbinval(tuple, columns, 2, &isnull));
	if (VARSIZE_ANY_EXHDR(base) != TSM_RUN_HASH_BYTES)
		return false;
	memcpy(chain->base_hash, VARDATA_ANY(base), TSM_RUN_HASH_BYTES);
	chain->namespace = MemoryContextStrdup(
		chain->context, TextDatumGetCString(SPI_getbinval(tuple, columns, 3, &isnull)));
	chain->fork_seq = DatumGetInt64(SPI_getbinval(tuple, columns, 4, &isnull));
	chain->subject = NULL;
	chain->marks = NULL;
	return true;
}

/* Makes chain->hmac_key and chain->mark those of a subject; events about one follow each other mostly. */
static void
find_subject_key(Chain *chain, text *subject)
{
	MemoryContext caller;

	if (chain->subject != NULL && VARSIZE_ANY_EXHDR(chain->subject) == VARSIZE_ANY_EXHDR(subject) &&
		memcmp(VARDATA_ANY(chain->subject), VARDATA_ANY(subject), VARSIZE_ANY_EXHDR(subject)) == 0)
		return;
	caller = MemoryContextSwitchTo(chain->context);
	if (chain->subject != NULL)
		pfree(chain->subject);
	chain->subject = cstring_to_text_with_len(VARDATA_ANY(subject), VARSIZE_ANY_EXHDR(subject));
	MemoryContextSwitchTo(caller);
	chain->subject_has_key = tsm_run_subject_key(chain->namespace, subject, false,
												 chain->hmac_key);
	if (chain->subject_has_key)
		tsm_run_mark(subject, chain->hmac_key, chain->mark);
}

static int
compare_marks(const void *left, const void *right)
{
	return memcmp(left, right, TSM_RUN_HASH_BYTES);
}

/* Whether any subject that has a key has this mark. */
static bool
mark_has_key(Chain *chain, const uint8 *mark)
{
	if (chain->marks == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(chain->context);

		chain->marks = tsm_run_all_marks(chain->namespace, &chain->nmarks);
		qsort(chain->marks, chain->nmarks, TSM_RUN_HASH_BYTES, compare_marks);
		MemoryContextSwitchTo(caller);
	}
	return bsearch(mark, chain->marks, chain->nmarks, TSM_RUN_HASH_BYTES, compare_marks) != NULL;
}

/*
 * Fills event->digest and event->mark: what the event carries, or what its
 * content gives where it is about nobody. Returns what is wrong, NULL for
 * nothing. Content may be missing only if the key that its digest was taken
 * under is gone: then it was erased, and perhaps the subject's name with it.
 */
static const char *
digest_stored(Chain *chain, TsmRunEvent *event, bytea *stored)
{
	uint8		computed[TSM_RUN_HASH_BYTES];

	if (stored == NULL)
	{
		tsm_run_digest(event, NULL, event->digest);
		return event->subject == NULL ? NULL : "digest is missing";
	}
	if (VARSIZE_ANY_EXHDR(stored) != TSM_RUN_DIGEST_BYTES)
		return "digest is damaged";
	event->marked = true;
	memcpy(event->digest, VARDATA_ANY(stored), TSM_RUN_HASH_BYTES);
	memcpy(event->mark, VARDATA_ANY(stored) + TSM_RUN_HASH_BYTES, TSM_RUN_HASH_BYTES);
	if (event->subject != NULL)
		find_subject_key(chain, event->subject);
	if (event->subject != NULL && chain->subject_has_key &&
		memcmp(chain->mark, event->mark, TSM_RUN_HASH_BYTES) == 0)
	{
		tsm_run_digest(event, chain->hmac_key, computed);
		return memcmp(computed, event->digest, TSM_RUN_HASH_BYTES) == 0
			? NULL : "content does not match its digest";
	}
	if (event->body != NULL || event->raw != NULL)
		return event->subject != NULL && chain->subject_has_key
			? "content does not match its digest" : "key of the subject is missing";
	return mark_has_key(chain, event->mark) ? "content is missing, its key is not" : NULL;
}

#define COLUMN(attribute) SPI_getbinval(tuple, columns, (attribute) - 1, &isnull)

/*
 * Takes one stored event, without its run number, along the chain; false when
 * it is bad, with the verdict filled.
 */
static bool
check_event(Chain *chain, HeapTuple tuple, TupleDesc columns)
{
	TsmRunEvent event = {0};
	bytea	   *stored_hash;
	bytea	   *stored_digest;
	const char *fault;
	bool		isnull;
	Datum		value;

	event.seq = DatumGetInt64(COLUMN(Anum_event_seq));
	if (event.seq != chain->next_seq)
	{
		if (event.seq < chain->next_seq)
			judge_bad(chain, event.seq, "event is out of place");
		else
			judge_bad(chain, chain->next_seq, "event is missing");
		return false;
	}
	event.at = DatumGetTimestampTz(COLUMN(Anum_event_at));
	event.kind = DatumGetChar(COLUMN(Anum_event_kind));
	value = COLUMN(Anum_event_key);
	event.key = isnull ? NULL : DatumGetTextPP(value);
	value = COLUMN(Anum_event_body);
	event.body = isnull ? NULL : DatumGetJsonbP(value);
	value = COLUMN(Anum_event_raw);
	event.raw = isnull ? NULL : DatumGetByteaPP(value);
	value = COLUMN(Anum_event_body_digest);
	stored_digest = isnull ? NULL : DatumGetByteaPP(value);
	value = COLUMN(Anum_event_subject);
	event.subject = isnull ? NULL : DatumGetTextPP(value);
	value = COLUMN(Anum_event_snapshot);
	event.snapshot = isnull ? NULL : DatumGetTextPP(value);
	value = COLUMN(Anum_event_expires_at);
	event.expires = !isnull;
	event.expires_at = isnull ? 0 : DatumGetTimestampTz(value);
	stored_hash = DatumGetByteaPP(COLUMN(Anum_event_hash));

	if (DatumGetInt16(COLUMN(Anum_event_hash_version)) != TSM_RUN_HASH_VERSION)
		fault = "hash version is unknown";
	else
		fault = digest_stored(chain, &event, stored_digest);
	if (fault == NULL)
	{
		tsm_run_hash_event(chain->hash, &chain->run_id, &event);
		if (VARSIZE_ANY_EXHDR(stored_hash) != TSM_RUN_HASH_BYTES ||
			memcmp(event.hash, VARDATA_ANY(stored_hash), TSM_RUN_HASH_BYTES) != 0)
			fault = "hash does not match";
	}
	if (fault != NULL)
	{
		judge_bad(chain, event.seq, fault);
		return false;
	}
	memcpy(chain->hash, event.hash, TSM_RUN_HASH_BYTES);
	chain->next_seq++;
	return true;
}

/* Walks the events of one segment. The chain stands at its base. */
static void
check_segment_events(Chain *chain, const TsmRunSegment *segment)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[2] = {INT8OID, INT8OID};
	Datum		values[2] = {Int64GetDatum(segment->number), Int64GetDatum(segment->upto)};
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "tsmem verify_run",
											   ALLOCSET_DEFAULT_SIZES);
	Portal		portal;

	/* No lower bound: an event before the segment must not be there, either. */
	tsm_run_plan(&plan,
				 "SELECT seq, at, kind, key, body, hash, raw, body_digest, subject, snapshot, "
				 "expires_at, hash_version FROM tsmem.events "
				 "WHERE run_number OPERATOR(pg_catalog.=) $1 AND seq OPERATOR(pg_catalog.<=) $2 "
				 "ORDER BY seq",
				 2, types);
	portal = SPI_cursor_open(NULL, plan, values, NULL, true);
	do
	{
		uint64		i;

		SPI_cursor_fetch(portal, true, FETCH_EVENTS);
		for (i = 0; i < SPI_processed && chain->verdict->ok; i++)
		{
			MemoryContext caller = MemoryContextSwitchTo(work);

			CHECK_FOR_INTERRUPTS();
			check_event(chain, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(work);
		}
		if (SPI_processed == 0)
			break;
		SPI_freetuptable(SPI_tuptable);
	} while (chain->verdict->ok);
	SPI_cursor_close(portal);
	MemoryContextDelete(work);
	if (chain->verdict->ok && segment->upto != PG_INT64_MAX && chain->next_seq <= segment->upto)
		judge_bad(chain, chain->next_seq, "event is missing");
}

/* Checks that a segment's run begins where the chain stands, then its events. */
static void
check_segment(Chain *chain, const TsmRunSegment *segment)
{
	if (!read_segment_run(chain, segment->number))
	{
		judge_bad(chain, segment->after, "run of an ancestor is missing");
		return;
	}
	if (chain->fork_seq != segment->after)
	{
		judge_bad(chain, segment->after, "place of the fork does not match");
		return;
	}
	if (segment->after == 0)
		tsm_run_sha256(chain->run_id.data, UUID_LEN, chain->hash);
	if (memcmp(chain->hash, chain->base_hash, TSM_RUN_HASH_BYTES) != 0)
	{
		judge_bad(chain, segment->after, "base hash does not match");
		return;
	}
	chain->next_seq = segment->after + 1;
	check_segment_events(chain, segment);
}

/*
 * Verifies a run from its first event, through the ancestors of a fork, oldest
 * first. Raises 42501 and 42704 as tsm_run_find.
 *
 * A chain cannot show that its end was cut off: verdict->head is there to be
 * compared with one noted elsewhere.
 */
void
tsm_run_verify(const pg_uuid_t *id, TsmRunVerdict *verdict)
{
	TsmRun		run;
	Chain		chain = {0};
	int			i;

	tsm_run_find(id, &run);
	verdict->ok = true;
	chain.verdict = verdict;
	chain.context = CurrentMemoryContext;
	SPI_connect();
	for (i = run.nsegments - 1; i >= 0 && verdict->ok; i--)
	{
		/* The oldest stretch begins from nothing, whatever fork_seq says. */
		check_segment(&chain, &run.segments[i]);
	}
	SPI_finish();
	memcpy(verdict->head, chain.hash, TSM_RUN_HASH_BYTES);
}
