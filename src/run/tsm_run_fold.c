/*-------------------------------------------------------------------------
 *
 * tsm_run_fold.c
 *	  The keys of a run and their values at a place.
 *
 * The index by key holds the versions of a key side by side, newest last, so
 * a backward walk meets the newest version of each key first and the older
 * ones after it. Few older ones are walked over; more are jumped over by a
 * new descent to the keys below. So the cost follows the number of keys where
 * each has many versions, and that of an ordered walk where each has one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

/* Older versions of a key that are walked over before a descent: it costs about as much. */
#define WALK_BEFORE_DESCENT 16

typedef struct Fold
{
	TsmRunEntry *entries;
	int			count;
	int			room;
	text	   *prefix;
	TimestampTz moment;
	bool		values;
} Fold;

static int
compare_texts(text *a, text *b)
{
	size_t		a_length = VARSIZE_ANY_EXHDR(a);
	size_t		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

/* By key, and for one key the nearest segment first. */
static int
compare_entries(const void *left, const void *right)
{
	const TsmRunEntry *a = left;
	const TsmRunEntry *b = right;
	int			order = compare_texts(a->key, b->key);

	return order != 0 ? order : a->depth - b->depth;
}

static bool
has_prefix(text *key, text *prefix)
{
	return VARSIZE_ANY_EXHDR(key) >= VARSIZE_ANY_EXHDR(prefix) &&
		memcmp(VARDATA_ANY(key), VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix)) == 0;
}

/* The smallest byte string above all that begin with the prefix; NULL when there is none. */
static text *
above_prefix(text *prefix)
{
	text	   *bound = cstring_to_text_with_len(VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix));
	size_t		length = VARSIZE_ANY_EXHDR(bound);

	while (length > 0 && (uint8) VARDATA(bound)[length - 1] == 0xFF)
		length--;
	if (length == 0)
		return NULL;
	VARDATA(bound)[length - 1]++;
	SET_VARSIZE(bound, VARHDRSZ + length);
	return bound;
}

/* Copies the event in a slot, the newest of its key in a segment. */
static TsmRunEntry *
add_entry(Fold *fold, TupleTableSlot *slot, text *key, int depth)
{
	TsmRunEntry *entry;
	bool		expires_isnull;
	bool		body_isnull;
	bool		isnull;
	Datum		body = slot_getattr(slot, Anum_event_body, &body_isnull);
	Datum		expires_at = slot_getattr(slot, Anum_event_expires_at, &expires_isnull);

	if (fold->count == fold->room)
	{
		fold->room = fold->room == 0 ? 64 : fold->room * 2;
		fold->entries = fold->entries == NULL
			? palloc(fold->room * sizeof(TsmRunEntry))
			: repalloc_huge(fold->entries, fold->room * sizeof(TsmRunEntry));
	}
	entry = &fold->entries[fold->count++];
	entry->key = cstring_to_text_with_len(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
	entry->present = !body_isnull &&
		(expires_isnull || DatumGetTimestampTz(expires_at) > fold->moment);
	entry->value = entry->present && fold->values ? DatumGetJsonbPCopy(body) : NULL;
	entry->version = DatumGetInt64(slot_getattr(slot, Anum_event_seq, &isnull));
	entry->depth = depth;
	return entry;
}

/* Starts a walk over the versions with after < seq <= upto, newest last, of the keys below a bound. */
static void
descend(TsmRunProbe *probe, const TsmRunSegment *segment, int64 upto, text *below)
{
	ScanKeyData keys[5];
	int			count = 4;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(segment->number));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_CHAREQ, CharGetDatum(TSM_KIND_VALUE));
	if (below != NULL)
	{
		ScanKeyEntryInitialize(&keys[2], 0, 3, BTLessStrategyNumber, InvalidOid, C_COLLATION_OID,
							   F_TEXT_LT, PointerGetDatum(below));
		count = 5;
	}
	ScanKeyInit(&keys[count - 2], 4, BTGreaterStrategyNumber, F_INT8GT,
				Int64GetDatum(segment->after));
	ScanKeyInit(&keys[count - 1], 4, BTLessEqualStrategyNumber, F_INT8LE,
				Int64GetDatum(Min(upto, segment->upto)));
	index_rescan(probe->scan, keys, count, NULL, 0);
}

/*
 * Adds the newest version of each key in one segment, the greatest key first.
 * all is a probe with 4 keys, below one with 5: an index scan has the number of
 * keys that it began with.
 */
static void
fold_segment(Fold *fold, TsmRunProbe *all, TsmRunProbe *below, const TsmRunSegment *segment,
			 int64 upto, int depth)
{
	text	   *bound = fold->prefix == NULL ? NULL : above_prefix(fold->prefix);
	TsmRunProbe *probe = bound == NULL ? all : below;
	text	   *current = NULL;
	int			walked = 0;

	descend(probe, segment, upto, bound);
	while (index_getnext_slot(probe->scan, BackwardScanDirection, probe->slot))
	{
		bool		isnull;
		text	   *key = DatumGetTextPP(slot_getattr(probe->slot, Anum_event_key, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (current == NULL || compare_texts(current, key) != 0)
		{
			if (fold->prefix != NULL && !has_prefix(key, fold->prefix))
				break;
			current = add_entry(fold, probe->slot, key, depth)->key;
			walked = 0;
		}
		else if (++walked > WALK_BEFORE_DESCENT)
		{
			probe = below;
			descend(probe, segment, upto, current);
			walked = 0;
		}
	}
}

/* Sorts the entries and keeps, for each key, the nearest one if it is present. */
static void
keep_present(Fold *fold)
{
	int			kept = 0;
	int			i;

	qsort(fold->entries, fold->count, sizeof(TsmRunEntry), compare_entries);
	for (i = 0; i < fold->count; i++)
	{
		bool		hidden = i > 0 &&
			compare_texts(fold->entries[i].key, fold->entries[i - 1].key) == 0;

		if (hidden)
			fold->entries[i].present = false;
	}
	for (i = 0; i < fold->count; i++)
	{
		if (fold->entries[i].present)
			fold->entries[kept++] = fold->entries[i];
	}
	fold->count = kept;
}

/*
 * The keys of a run that have a value at a place, in byte order, palloc'd in
 * the current context. prefix may be NULL for all; moment is when expiry is
 * judged; values says whether to copy the values, too.
 */
TsmRunEntry *
tsm_run_fold(const TsmRun *run, text *prefix, int64 upto, TimestampTz moment, bool values,
			 int *count)
{
	Fold		fold = {0};
	TsmRunProbe all;
	TsmRunProbe below;
	int			i;

	fold.prefix = prefix != NULL && VARSIZE_ANY_EXHDR(prefix) > 0 ? prefix : NULL;
	fold.moment = moment;
	fold.values = values;
	tsm_run_probe_open(&all, true, GetActiveSnapshot(), 4, AccessShareLock);
	tsm_run_probe_open(&below, true, GetActiveSnapshot(), 5, AccessShareLock);
	for (i = 0; i < run->nsegments; i++)
	{
		if (upto > run->segments[i].after)
			fold_segment(&fold, &all, &below, &run->segments[i], upto, i);
	}
	tsm_run_probe_close(&below);
	tsm_run_probe_close(&all);
	keep_present(&fold);
	*count = fold.count;
	return fold.entries;
}
