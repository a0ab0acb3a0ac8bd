/*-------------------------------------------------------------------------
 *
 * tsm_temporal_latest.c
 *	  When the latest former version of a key ended.
 *
 * A row that comes to a key must not begin before the key's former versions
 * have ended. System time is the start of a transaction, so one that began
 * later may have ended a version already: the history tells, by its index
 * (key, row_start), from the back. The history is read dirty: whoever is
 * about to end a version of the key is waited for, as the unique index of
 * the key would do a moment later.
 *
 * A version may still end between that look and the entry of the new row
 * into the index of its table. So the row is looked at again, afterwards,
 * but only when a transaction has completed in between.
 *
 * A version that has been folded is not in the history's own rows: its
 * segments are asked too. They are asked first, so that a version that is
 * unfolded meanwhile is seen in them, and again, when a transaction has
 * completed, for one that was folded meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_temporal_int.h"

PG_FUNCTION_INFO_V1(tsm_temporal_overtaken);

/* Completed transactions when the row being inserted was looked at; 0 when it has to be again. */
static uint64 looked_at = 0;

void
tsm_temporal_begin_look(void)
{
	/* That of an insert around this one, which has yet to ask, is the earlier. */
	if (looked_at == 0)
		looked_at = tsm_completed_transactions();
}

void
tsm_temporal_force_look(void)
{
	looked_at = 0;
}

/* Condition of the trigger that looks again: whether a transaction has completed since. */
Datum
tsm_temporal_overtaken(PG_FUNCTION_ARGS)
{
	bool		overtaken = looked_at != tsm_completed_transactions();

	looked_at = 0;
	PG_RETURN_BOOL(overtaken);
}

/* Whether an index is that of the key: its columns, then row_start, ascending. */
static bool
is_key_index(Relation index, const AttrNumber *columns, int ncolumns)
{
	Form_pg_index form = index->rd_index;
	int			i;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || !form->indislive ||
		form->indnkeyatts != ncolumns || RelationGetIndexPredicate(index) != NIL ||
		index->rd_indoption[ncolumns - 1] != 0)
		return false;
	for (i = 0; i < ncolumns; i++)
	{
		if (form->indkey.values[i] != columns[i])
			return false;
	}
	return true;
}

Oid
tsm_temporal_key_index(Relation history, const AttrNumber *columns, int ncolumns)
{
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(history))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		bool		found = is_key_index(index, columns, ncolumns);

		index_close(index, AccessShareLock);
		if (found)
			return lfirst_oid(cell);
	}
	return InvalidOid;
}

/* The history and its index, open for one statement. No page is pinned between two looks. */
typedef struct TsmTemporalLook
{
	TsmTemporalHold hold;		/* first */
	Relation	history;
	Relation	index;
	IndexScanDesc scan;
	SnapshotData dirty;
	ScanKeyData keys[INDEX_MAX_KEYS];
	TupleTableSlot *slot;
	TsmDeltaFolded *folded;		/* NULL where nothing was ever folded */
} TsmTemporalLook;

static void
close_look(TsmTemporalHold *hold)
{
	TsmTemporalLook *look = (TsmTemporalLook *) hold;

	if (look->folded != NULL)
		tsm_delta_folded_close(look->folded);
	index_endscan(look->scan);
	index_close(look->index, NoLock);
	table_close(look->history, NoLock);
}

/*
 * Open what a plan has to look at; NULL when there is no index. It belongs to
 * the transaction: the triggers of COPY live in a context that outlasts the
 * resource owner of the statement.
 */
static TsmTemporalLook *
open_look(TsmTemporalPlan *plan)
{
	MemoryContext old_context = MemoryContextSwitchTo(plan->context);
	ResourceOwner save = CurrentResourceOwner;
	Relation	history;
	TsmTemporalLook *look;
	int			i;

	CurrentResourceOwner = TopTransactionResourceOwner;
	history = table_open(plan->history, RowExclusiveLock);

	/* It may have been dropped while we waited for the lock. */
	if (!list_member_oid(RelationGetIndexList(history), plan->key_index))
	{
		table_close(history, NoLock);
		plan->key_index = InvalidOid;
		CurrentResourceOwner = save;
		MemoryContextSwitchTo(old_context);
		return NULL;
	}
	look = palloc0(sizeof(TsmTemporalLook));
	look->history = history;
	look->index = index_open(plan->key_index, AccessShareLock);
	InitDirtySnapshot(look->dirty);
	look->scan = tsm_index_beginscan(history, look->index, &look->dirty, plan->nkeys);
	/* A copied descriptor is not counted as a reference, so the slot has none to release. */
	look->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(history)),
										  table_slot_callbacks(history));
	for (i = 0; i < plan->nkeys; i++)
	{
		Oid			type = look->index->rd_opcintype[i];
		Oid			operator = get_opfamily_member(look->index->rd_opfamily[i], type, type,
												   BTEqualStrategyNumber);

		ScanKeyInit(&look->keys[i], i + 1, BTEqualStrategyNumber, get_opcode(operator), (Datum) 0);
		look->keys[i].sk_collation = look->index->rd_indcollation[i];
	}
	look->folded = tsm_delta_folded_open(history);
	tsm_temporal_hold(&look->hold, plan->context, TopTransactionResourceOwner, close_look);
	CurrentResourceOwner = save;
	MemoryContextSwitchTo(old_context);
	return look;
}

/*
 * One look: the end of the latest version, or the transaction that is about
 * to write one. Run in the context of the plan: the scan keeps what it allocates.
 */
static TransactionId
look_once(TsmTemporalLook *look, const TsmTemporalPlan *plan, TimestampTz *end)
{
	TransactionId writer = InvalidTransactionId;
	bool		null;

	*end = DT_NOBEGIN;
	index_rescan(look->scan, look->keys, plan->nkeys, NULL, 0);
	if (index_getnext_slot(look->scan, BackwardScanDirection, look->slot))
	{
		writer = look->dirty.xmin;
		*end = DatumGetTimestampTz(slot_getattr(look->slot, plan->history_end, &null));
		ExecClearTuple(look->slot);
		/* Lets go of the pages. */
		index_rescan(look->scan, look->keys, plan->nkeys, NULL, 0);
	}
	return writer;
}

/* Move *end on to that of the latest folded version, where it is later and after the start of this transaction. */
static void
look_at_folded(TsmTemporalLook *look, const TsmTemporalPlan *plan, TimestampTz *end)
{
	Datum		values[INDEX_MAX_KEYS];
	TimestampTz folded_end;
	int			i;

	for (i = 0; i < plan->nkeys; i++)
		values[i] = look->keys[i].sk_argument;
	if (tsm_delta_folded_end(look->folded, values, GetCurrentTransactionStartTimestamp(), &folded_end) &&
		folded_end > *end)
		*end = folded_end;
}

bool
tsm_temporal_latest_end(TsmTemporalPlan *plan, TupleTableSlot *row, TimestampTz *end)
{
	TsmTemporalLook *look;
	ResourceOwner save = CurrentResourceOwner;
	MemoryContext old_context;
	TransactionId writer;
	TimestampTz folded_end = DT_NOBEGIN;
	uint64		completed = 0;
	bool		null = false;
	int			i;

	*end = DT_NOBEGIN;
	if (OidIsValid(plan->key_index) && plan->look == NULL)
		plan->look = open_look(plan);
	look = plan->look;
	if (look == NULL)
		return true;
	for (i = 0; i < plan->nkeys && !null; i++)
		look->keys[i].sk_argument = slot_getattr(row, plan->keys[i], &null);
	if (null)
		return false;
	old_context = MemoryContextSwitchTo(plan->context);
	CurrentResourceOwner = look->hold.owner;
	if (look->folded != NULL)
	{
		completed = tsm_completed_transactions();
		look_at_folded(look, plan, &folded_end);
	}
	while (TransactionIdIsValid(writer = look_once(look, plan, end)))
		XactLockTableWait(writer, NULL, NULL, XLTW_None);
	if (look->folded != NULL && completed != tsm_completed_transactions())
		look_at_folded(look, plan, &folded_end);
	*end = Max(*end, folded_end);
	CurrentResourceOwner = save;
	MemoryContextSwitchTo(old_context);
	return true;
}
