/*-------------------------------------------------------------------------
 *
 * tsm_delta_progress.c
 *	  How a long fold shows where it is: a row of tsmem.fold_progress that it
 *	  commits with each batch.
 *
 * The server's own progress reports are for its own commands, and shared
 * memory is for libraries that are loaded before it starts. A call that ends by
 * an error leaves its row behind; the view tsmem.stat_progress_fold shows
 * those only whose statement is still under way, and rows of processes that are gone are removed
 * by later calls.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_delta_maintain.h"

#define FOLD_PROGRESS		"fold_progress"

/* Attribute numbers, in the order of sql/delta.sql. */
#define Anum_progress_pid				1
#define Anum_progress_statement_start	2
#define Anum_progress_rel				3
#define Anum_progress_phase				4
#define Anum_progress_versions_total	5
#define Anum_progress_versions_done		6
#define Anum_progress_segments_added	7
#define Anum_progress_started			8
#define Natts_progress					8

static const char *const phases[] = {"looking at rows", "folding", "merging", "pruning"};

/*
 * Remove the row of this process, and what processes that are gone have left.
 * Somebody else may be removing that too: who comes second leaves it.
 */
static void
remove_rows(Relation rel)
{
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TM_FailureData failure;
		bool		null;
		int			pid = DatumGetInt32(heap_getattr(tuple, Anum_progress_pid, RelationGetDescr(rel), &null));

		if (pid == MyProcPid || BackendPidGetProc(pid) == NULL)
			(void) table_tuple_delete(rel, &tuple->t_self, GetCurrentCommandId(true), GetActiveSnapshot(),
									  InvalidSnapshot, false, &failure, false);
	}
	systable_endscan(scan);
	CommandCounterIncrement();
}

void
tsm_fold_show_progress(const TsmFoldProgress *progress)
{
	Relation	rel = table_open(tsm_delta_own_relation(FOLD_PROGRESS), RowExclusiveLock);
	Datum		values[Natts_progress];
	bool		nulls[Natts_progress] = {false};

	remove_rows(rel);
	values[Anum_progress_pid - 1] = Int32GetDatum(MyProcPid);
	values[Anum_progress_statement_start - 1] = TimestampTzGetDatum(GetCurrentStatementStartTimestamp());
	values[Anum_progress_rel - 1] = ObjectIdGetDatum(progress->rel);
	values[Anum_progress_phase - 1] = CStringGetTextDatum(phases[progress->phase]);
	values[Anum_progress_versions_total - 1] = Int64GetDatum(progress->versions_total);
	values[Anum_progress_versions_done - 1] = Int64GetDatum(progress->versions_done);
	values[Anum_progress_segments_added - 1] = Int64GetDatum(progress->segments_added);
	values[Anum_progress_started - 1] = TimestampTzGetDatum(progress->started);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

void
tsm_fold_end_progress(void)
{
	Relation	rel = table_open(tsm_delta_own_relation(FOLD_PROGRESS), RowExclusiveLock);

	remove_rows(rel);
	table_close(rel, RowExclusiveLock);
}
