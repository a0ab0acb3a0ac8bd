/*-------------------------------------------------------------------------
 *
 * tsm_delta_note.c
 *	  What is remembered of folds, in tsmem.segment_folds: not in
 *	  tsmem.segment_tables, which every plan over a history reads.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "tsm_delta_maintain.h"

#define SEGMENT_FOLDS		"segment_folds"
#define SEGMENT_FOLDS_PKEY	"segment_folds_pkey"

/* Attribute numbers, in the order of sql/delta.sql. */
#define Anum_folds_history		1
#define Anum_folds_last_fold	2
#define Anum_folds_versions		3
#define Anum_folds_row_bytes	4
#define Anum_folds_merged		5
#define Anum_folds_next_look	6
#define Natts_folds				6

static HeapTuple
find_note(Relation rel, Oid history)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_folds_history, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(history));
	scan = systable_beginscan(rel, tsm_delta_own_relation(SEGMENT_FOLDS_PKEY), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

bool
tsm_fold_note(Oid history, TsmFoldNote *note)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_FOLDS), AccessShareLock);
	HeapTuple	tuple = find_note(rel, history);
	Datum		values[Natts_folds];
	bool		nulls[Natts_folds];

	*note = (TsmFoldNote) {DT_NOBEGIN, 0, 0, 0, DT_NOBEGIN};
	if (HeapTupleIsValid(tuple))
	{
		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		if (!nulls[Anum_folds_last_fold - 1])
			note->last_fold = DatumGetTimestampTz(values[Anum_folds_last_fold - 1]);
		note->versions = DatumGetInt64(values[Anum_folds_versions - 1]);
		note->row_bytes = DatumGetInt64(values[Anum_folds_row_bytes - 1]);
		note->merged = DatumGetInt64(values[Anum_folds_merged - 1]);
		if (!nulls[Anum_folds_next_look - 1])
			note->next_look = DatumGetTimestampTz(values[Anum_folds_next_look - 1]);
	}
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

void
tsm_fold_write_note(Oid history, const TsmFoldNote *note)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_FOLDS), RowExclusiveLock);
	HeapTuple	old = find_note(rel, history);
	HeapTuple	tuple;
	Datum		values[Natts_folds];
	bool		nulls[Natts_folds] = {false};

	values[Anum_folds_history - 1] = ObjectIdGetDatum(history);
	values[Anum_folds_last_fold - 1] = TimestampTzGetDatum(note->last_fold);
	nulls[Anum_folds_last_fold - 1] = TIMESTAMP_IS_NOBEGIN(note->last_fold);
	values[Anum_folds_versions - 1] = Int64GetDatum(note->versions);
	values[Anum_folds_row_bytes - 1] = Int64GetDatum(note->row_bytes);
	values[Anum_folds_merged - 1] = Int64GetDatum(note->merged);
	values[Anum_folds_next_look - 1] = TimestampTzGetDatum(note->next_look);
	nulls[Anum_folds_next_look - 1] = TIMESTAMP_IS_NOBEGIN(note->next_look);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	if (HeapTupleIsValid(old))
		CatalogTupleUpdate(rel, &old->t_self, tuple);
	else
		CatalogTupleInsert(rel, tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

void
tsm_fold_add_note(Oid history, const TsmFoldResult *result)
{
	TsmFoldNote note;

	if (result->versions == 0)
		return;
	(void) tsm_fold_note(history, &note);
	note.last_fold = GetCurrentTransactionStartTimestamp();
	note.versions += result->versions;
	note.row_bytes += result->bytes_before;
	tsm_fold_write_note(history, &note);
}
