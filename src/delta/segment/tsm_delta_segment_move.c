/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_move.c
 *	  The relations of a store follow their history, and last as long.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_segment.h"

bool
tsm_delta_has_folded(Oid history)
{
	TsmSegmentStore store;
	Relation	segments;
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	bool		found;

	if (!tsm_segment_store(history, &store) || get_rel_relkind(store.segments) != RELKIND_RELATION)
		return false;
	segments = table_open(store.segments, AccessShareLock);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = table_beginscan(segments, snapshot, 0, NULL);
	slot = table_slot_create(segments, NULL);
	found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(segments, NoLock);
	return found;
}

Oid
tsm_delta_history_of_part(Oid relid)
{
	TsmSegmentStore store;

	if (tsm_segment_store_of_folded(relid, &store) || tsm_segment_store_of_segments(relid, &store))
		return store.history;
	return InvalidOid;
}

List *
tsm_delta_parts(Oid history)
{
	TsmSegmentStore store;
	List	   *parts = NIL;

	if (!tsm_segment_store(history, &store))
		return NIL;
	if (get_rel_relkind(store.segments) != '\0')
		parts = lappend_oid(parts, store.segments);
	if (get_rel_relkind(store.folded) != '\0')
		parts = lappend_oid(parts, store.folded);
	return parts;
}

/* Rename what has the name that the old name of the history gave it. */
static void
rename_part(Oid relid, const char *old_base, const char *new_base, const char *suffix)
{
	char	   *old_name = tsm_delta_make_name(old_base, suffix);
	char	   *new_name = tsm_delta_make_name(new_base, suffix);
	char	   *name = get_rel_name(relid);

	if (name == NULL || strcmp(name, old_name) != 0 || strcmp(old_name, new_name) == 0)
		return;
	RenameRelationInternal(relid, new_name, true, false);
	CommandCounterIncrement();
}

void
tsm_delta_follow_name(Oid history, const char *old_name)
{
	TsmSegmentStore store;
	char	   *new_name = get_rel_name(history);

	if (!tsm_segment_store(history, &store) || strcmp(old_name, new_name) == 0)
		return;
	rename_part(store.segments, old_name, new_name, "segments");
	rename_part(store.folded, old_name, new_name, "folded");
}

void
tsm_delta_drop_store(Oid history)
{
	TsmSegmentStore store;

	if (tsm_segment_store(history, &store))
		tsm_segment_drop_store(&store);
}

/*
 * The extension takes the foreign tables with it. What is left of an empty
 * store goes with them. The dependencies come back when the command fails.
 */
static void
release(const TsmSegmentStore *store)
{
	ObjectAddress segments;
	ObjectAddress folded;

	deleteDependencyRecordsForSpecific(RelationRelationId, store->segments, DEPENDENCY_INTERNAL,
									   RelationRelationId, store->history);
	ObjectAddressSet(segments, RelationRelationId, store->segments);
	ObjectAddressSet(folded, RelationRelationId, store->folded);
	recordDependencyOn(&segments, &folded, DEPENDENCY_AUTO);
}

void
tsm_delta_release_stores(void)
{
	ListCell   *cell;

	foreach(cell, tsm_segment_stores())
	{
		TsmSegmentStore *store = lfirst(cell);

		if (get_rel_relkind(store->segments) == '\0' || get_rel_relkind(store->folded) == '\0')
			continue;
		if (tsm_delta_has_folded(store->history))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot drop extension \"tsmem\" while history table \"%s\" has folded versions",
							get_rel_name(store->history)),
					 errdetail("Nothing else can read them."),
					 errhint("Unfold them first, with tsmem.unfold.")));
		release(store);
	}
	CommandCounterIncrement();
}

void
tsm_delta_check_parts_kept(void)
{
	ListCell   *cell;

	foreach(cell, tsm_segment_stores())
	{
		TsmSegmentStore *store = lfirst(cell);

		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(store->history)) &&
			!(SearchSysCacheExists1(RELOID, ObjectIdGetDatum(store->segments)) &&
			  SearchSysCacheExists1(RELOID, ObjectIdGetDatum(store->folded))))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot drop what holds the folded versions of history table \"%s\"",
							get_rel_name(store->history)),
					 errhint("Unfold them with tsmem.unfold; drop the versioned table to drop its history.")));
	}
}
