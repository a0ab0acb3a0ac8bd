/*-------------------------------------------------------------------------
 *
 * tsm_run_hash.c
 *	  Digests and hashes of events; the format is in tsm_run_preimage.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "tsm_run_int.h"

/* A digest being taken: plain sha256, or HMAC when hmac is not NULL. */
typedef struct Digester
{
	pg_cryptohash_ctx *sha;
	pg_hmac_ctx *hmac;
} Digester;

/*
 * The context for sha256, made once a session: making it costs as much as
 * hashing an event. It belongs to a resource owner of its own and to the top
 * memory context (a server without OpenSSL allocates it in the current one),
 * because it lives longer than the transaction that made it.
 */
static pg_cryptohash_ctx *
session_sha256(void)
{
	static pg_cryptohash_ctx *context = NULL;
	static ResourceOwner owner = NULL;

	if (context == NULL)
	{
		ResourceOwner saved = CurrentResourceOwner;
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		if (owner == NULL)
			owner = ResourceOwnerCreate(NULL, "tsmem sha256");
		CurrentResourceOwner = owner;
		context = pg_cryptohash_create(PG_SHA256);
		CurrentResourceOwner = saved;
		MemoryContextSwitchTo(caller);
		if (context == NULL)
			ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	return context;
}

static void
raise_hash_failure(const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a hash: %s", reason)));
}

/* Begins a digest; hmac_key (TSM_RUN_HASH_BYTES) may be NULL. */
static void
begin_digest(Digester *digester, const uint8 *hmac_key)
{
	digester->sha = NULL;
	digester->hmac = NULL;
	if (hmac_key == NULL)
	{
		digester->sha = session_sha256();
		if (pg_cryptohash_init(digester->sha) < 0)
			raise_hash_failure(pg_cryptohash_error(digester->sha));
		return;
	}
	digester->hmac = pg_hmac_create(PG_SHA256);
	if (digester->hmac == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (pg_hmac_init(digester->hmac, hmac_key, TSM_RUN_HASH_BYTES) < 0)
		raise_hash_failure(pg_hmac_error(digester->hmac));
}

static void
add_to_digest(Digester *digester, const void *bytes, size_t length)
{
	if (digester->hmac != NULL)
	{
		if (pg_hmac_update(digester->hmac, bytes, length) < 0)
			raise_hash_failure(pg_hmac_error(digester->hmac));
	}
	else if (pg_cryptohash_update(digester->sha, bytes, length) < 0)
		raise_hash_failure(pg_cryptohash_error(digester->sha));
}

static void
finish_digest(Digester *digester, uint8 *digest)
{
	if (digester->hmac != NULL)
	{
		if (pg_hmac_final(digester->hmac, digest, TSM_RUN_HASH_BYTES) < 0)
			raise_hash_failure(pg_hmac_error(digester->hmac));
		pg_hmac_free(digester->hmac);
	}
	else if (pg_cryptohash_final(digester->sha, digest, TSM_RUN_HASH_BYTES) < 0)
		raise_hash_failure(pg_cryptohash_error(digester->sha));
}

void
tsm_run_sha256(const void *bytes, size_t length, uint8 *digest)
{
	Digester	digester;

	begin_digest(&digester, NULL);
	add_to_digest(&digester, bytes, length);
	finish_digest(&digester, digest);
}

/* Adds a part that may be missing (bytes is NULL then), with its mark and length. */
static void
add_part(Digester *digester, const char *bytes, size_t length)
{
	uint8		small[1024];
	TsmWriter	writer;

	tsm_writer_init(&writer, small, sizeof(small));
	tsm_run_write_length(&writer, bytes != NULL, length);
	if (bytes != NULL && length <= sizeof(small) - writer.position)
	{
		/* In one piece: handing over a piece costs as much as hashing some hundred bytes. */
		tsm_write_bytes(&writer, bytes, length);
		bytes = NULL;
	}
	add_to_digest(digester, small, writer.position);
	if (bytes != NULL)
		add_to_digest(digester, bytes, length);
}

/*
 * The digest of an event's content: HMAC under hmac_key, or plain when that is
 * NULL. Takes the body by its text, which dump and restore and other versions
 * of the server keep, in UTF-8.
 */
void
tsm_run_digest(const TsmRunEvent *event, const uint8 *hmac_key, uint8 *digest)
{
	Digester	digester;
	StringInfoData text;
	char	   *utf8 = NULL;
	size_t		length = 0;

	if (event->body != NULL)
	{
		initStringInfo(&text);
		(void) JsonbToCString(&text, &event->body->root, VARSIZE(event->body));
		utf8 = pg_server_to_any(text.data, text.len, PG_UTF8);
		length = utf8 == text.data ? text.len : strlen(utf8);
	}
	begin_digest(&digester, hmac_key);
	add_part(&digester, utf8, length);
	add_part(&digester, event->raw == NULL ? NULL : VARDATA_ANY(event->raw),
			 event->raw == NULL ? 0 : VARSIZE_ANY_EXHDR(event->raw));
	finish_digest(&digester, digest);
	if (event->body != NULL)
	{
		if (utf8 != text.data)
			pfree(utf8);
		pfree(text.data);
	}
}

/* A text in UTF-8: its bytes (palloc'd only where converted) and their number. */
static const char *
text_in_utf8(text *value, size_t *length)
{
	char	   *bytes;
	char	   *utf8;

	if (value == NULL)
	{
		*length = 0;
		return NULL;
	}
	bytes = VARDATA_ANY(value);
	*length = VARSIZE_ANY_EXHDR(value);
	utf8 = pg_server_to_any(bytes, *length, PG_UTF8);
	if (utf8 != bytes)
		*length = strlen(utf8);
	return utf8;
}

/* The mark of a subject, which stands for its name in the chain: HMAC under its key. */
void
tsm_run_mark(text *subject, const uint8 *hmac_key, uint8 *mark)
{
	Digester	digester;
	size_t		length;
	const char *utf8 = text_in_utf8(subject, &length);

	begin_digest(&digester, hmac_key);
	add_to_digest(&digester, utf8, length);
	finish_digest(&digester, mark);
}

/*
 * Fills event->hash, given the hash before it and the event with its seq, at,
 * digest and mark.
 */
void
tsm_run_hash_event(const uint8 *previous, const pg_uuid_t *run_id, TsmRunEvent *event)
{
	uint8		small[512];
	uint8	   *bytes = small;
	size_t		size;
	TsmRunPreimage preimage;
	TsmWriter	writer;

	preimage.previous = previous;
	preimage.run_id = run_id->data;
	preimage.seq = event->seq;
	preimage.at = event->at;
	preimage.kind = event->kind;
	preimage.key = text_in_utf8(event->key, &preimage.key_length);
	preimage.snapshot = text_in_utf8(event->snapshot, &preimage.snapshot_length);
	preimage.expires = event->expires;
	preimage.expires_at = event->expires_at;
	preimage.mark = event->marked ? event->mark : NULL;
	preimage.digest = event->digest;
	size = TSM_RUN_PREIMAGE_FIXED + preimage.key_length + preimage.snapshot_length;
	if (size > sizeof(small))
		bytes = palloc(size);
	tsm_writer_init(&writer, bytes, size);
	tsm_run_write_preimage(&writer, &preimage);
	Assert(!writer.failed);
	tsm_run_sha256(bytes, writer.position, event->hash);
	if (bytes != small)
		pfree(bytes);
}

/* One look at tsmem.subject_keys, as the owner; the caller is connected to SPI. */
static bool
read_subject_key(Datum *values, bool read_only, uint8 *hmac_key)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[2] = {TEXTOID, TEXTOID};
	bool		isnull;
	bytea	   *found;

	tsm_run_plan(&plan,
				 "SELECT hmac_key FROM tsmem.subject_keys WHERE namespace OPERATOR(pg_catalog.=) $1 "
				 "AND subject OPERATOR(pg_catalog.=) $2",
				 2, types);
	if (SPI_execute_plan(plan, values, NULL, read_only, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a subject's key");
	if (SPI_processed == 0)
		return false;
	found = DatumGetByteaPP(
		SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	if (isnull || VARSIZE_ANY_EXHDR(found) != TSM_RUN_HASH_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("a subject's key is damaged")));
	memcpy(hmac_key, VARDATA_ANY(found), TSM_RUN_HASH_BYTES);
	return true;
}

/*
 * The key of a subject in a namespace; made, if it is asked for and there is
 * none. False when there is none. Two transactions that make the same key
 * wait for each other by the primary key; above READ COMMITTED the second
 * gets 40001.
 */
bool
tsm_run_subject_key(const char *name, text *subject, bool create, uint8 *hmac_key)
{
	static SPIPlanPtr insert = NULL;
	Oid			types[3] = {TEXTOID, TEXTOID, BYTEAOID};
	Datum		values[3];
	TsmRunOwner saved;
	bool		found;

	SPI_connect();
	tsm_run_become_owner(&saved);
	values[0] = CStringGetTextDatum(name);
	values[1] = PointerGetDatum(subject);
	found = read_subject_key(values, !create, hmac_key);
	if (!found && create)
	{
		bytea	   *fresh = palloc(VARHDRSZ + TSM_RUN_HASH_BYTES);

		SET_VARSIZE(fresh, VARHDRSZ + TSM_RUN_HASH_BYTES);
		if (!pg_strong_random(VARDATA(fresh), TSM_RUN_HASH_BYTES))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		values[2] = PointerGetDatum(fresh);
		tsm_run_plan(&insert,
					 "INSERT INTO tsmem.subject_keys (namespace, subject, hmac_key) "
					 "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
					 3, types);
		if (SPI_execute_plan(insert, values, NULL, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "could not store a subject's key");
		found = read_subject_key(values, false, hmac_key);
	}
	tsm_run_become_caller(&saved);
	SPI_finish();
	return found;
}

/*
 * The marks of all subjects of a namespace that have a key, one after the
 * other, palloc'd in the current context.
 */
uint8 *
tsm_run_all_marks(const char *name, uint64 *count)
{
	static SPIPlanPtr plan = NULL;
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(name)};
	TsmRunOwner saved;
	uint8	   *marks;
	uint64		i;

	SPI_connect();
	tsm_run_become_owner(&saved);
	tsm_run_plan(&plan,
				 "SELECT subject, hmac_key FROM tsmem.subject_keys "
				 "WHERE namespace OPERATOR(pg_catalog.=) $1",
				 1, types);
	if (SPI_execute_plan(plan, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the subjects' keys");
	*count = SPI_processed;
	marks = MemoryContextAllocHuge(caller, mul_size(SPI_processed + 1, TSM_RUN_HASH_BYTES));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;
		text	   *subject = DatumGetTextPP(
			SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull));
		bytea	   *key = DatumGetByteaPP(
			SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (VARSIZE_ANY_EXHDR(key) != TSM_RUN_HASH_BYTES)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED), errmsg("a subject's key is damaged")));
		tsm_run_mark(subject, (uint8 *) VARDATA_ANY(key), marks + i * TSM_RUN_HASH_BYTES);
	}
	tsm_run_become_caller(&saved);
	SPI_finish();
	return marks;
}
