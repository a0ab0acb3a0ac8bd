/*-------------------------------------------------------------------------
 *
 * tsm_temporal_foreign_check.c
 *	  The triggers of temporal foreign keys.
 *
 * A referencing row is good when the referenced rows of its key cover its
 * period together; they are locked while that is found out, so that nobody
 * takes them away before the row is committed. A change of a referenced row
 * gives up a part of what it covered; what other rows do not cover by the time
 * of the trigger is lost, and the action is for referencing rows within it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "tsm_temporal_foreign.h"

PG_FUNCTION_INFO_V1(tsm_temporal_check_foreign_key);
PG_FUNCTION_INFO_V1(tsm_temporal_act_on_foreign_key);
PG_FUNCTION_INFO_V1(tsm_temporal_truncate_referenced);

/* Turns of an action that changed nothing though rows are there, after which a trigger must have suppressed it. */
#define IDLE_TURNS 2

static void
check_called(FunctionCallInfo fcinfo, const char *name, bool row)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		(TRIGGER_FIRED_FOR_ROW(data->tg_event) != 0) != row)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", name)));
}

/* The key and the period of a row; false when a part of the key is null. */
static bool
read_row(const TsmForeignInfo *info, TupleTableSlot *slot, Datum *values)
{
	int			i;

	for (i = 0; i <= info->nkeys; i++)
	{
		bool		null;

		values[i] = slot_getattr(slot, info->columns[i], &null);
		if (null)
			return false;
	}
	return true;
}

/* Whether two rows have the same key, to the byte. */
static bool
same_key(const TsmForeignInfo *info, TupleTableSlot *slot, const Datum *a, const Datum *b)
{
	int			i;

	for (i = 0; i < info->nkeys; i++)
	{
		Form_pg_attribute column = TupleDescAttr(slot->tts_tupleDescriptor, info->columns[i] - 1);

		if (!datum_image_eq(a[i], b[i], column->attbyval, column->attlen))
			return false;
	}
	return true;
}

/* Whether a period contains another. */
static bool
contains(const TsmForeignInfo *info, Datum outer, Datum inner)
{
	return range_contains_internal(info->range, DatumGetRangeTypeP(outer),
								   DatumGetRangeTypeP(inner));
}

/* What the last query of a covering found: a multirange, or NULL. */
static MultirangeType *
found_cover(void)
{
	bool		null;
	Datum		value;

	if (SPI_processed == 0)
		return NULL;
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
	return null ? NULL : DatumGetMultirangeTypeP(value);
}

static bool
covers(const TsmForeignInfo *info, MultirangeType *cover, Datum period)
{
	return cover != NULL &&
		multirange_contains_range_internal(info->range, cover, DatumGetRangeTypeP(period));
}

/*
 * Whether the referenced rows of the key cover the period. Rows that were
 * waited for may have been split: what they left to new rows the query's
 * snapshot does not show. So what seems not covered is looked at again.
 * Above READ COMMITTED the wait has raised 40001.
 */
static bool
is_covered(TsmForeignInfo *info, Datum *values)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		tsm_foreign_run(info, TSM_COVER_NEW, values, info->referenced_partitioned, 0);
		if (covers(info, found_cover(), values[info->nkeys]))
			return true;
		if (IsolationUsesXactSnapshot())
			return false;
		tsm_foreign_run(info, TSM_LOOK_NEW, values, false, 0);
		if (!covers(info, found_cover(), values[info->nkeys]))
			return false;
	}
}

/* Whether an update left what had to be checked as it was, or within it, and the old row has been checked. */
static bool
is_checked_before(TsmForeignInfo *info, TriggerData *data, const Datum *values)
{
	Datum		old_values[INDEX_MAX_KEYS + 1];
	bool		null;

	if (!TRIGGER_FIRED_BY_UPDATE(data->tg_event) ||
		!read_row(info, data->tg_trigslot, old_values) ||
		!same_key(info, data->tg_trigslot, old_values, values) ||
		!contains(info, old_values[info->nkeys], values[info->nkeys]))
		return false;
	/* The check of a row of our own may have been left to us, since that row is no more. */
	return !TransactionIdIsCurrentTransactionId(
		DatumGetTransactionId(slot_getsysattr(data->tg_trigslot, MinTransactionIdAttributeNumber,
											  &null)));
}

/* AFTER INSERT OR UPDATE of a row of the referencing table. */
Datum
tsm_temporal_check_foreign_key(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TsmForeignInfo *info;
	TupleTableSlot *slot;
	Datum		values[INDEX_MAX_KEYS + 1];

	check_called(fcinfo, "_check_foreign_key", true);
	info = tsm_foreign_info(data->tg_trigger->tgoid, data->tg_relation, true);
	slot = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newslot : data->tg_trigslot;
	/* A row that has been changed again is the business of that change. */
	if (TRIGGER_FIRED_BY_DELETE(data->tg_event) ||
		!table_tuple_satisfies_snapshot(data->tg_relation, slot, SnapshotSelf) ||
		!read_row(info, slot, values) || is_checked_before(info, data, values))
		return PointerGetDatum(NULL);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (!is_covered(info, values))
		tsm_foreign_report_missing(info, data->tg_relation, values);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* A change of a referenced row. */
typedef struct ReferencedChange
{
	TsmForeignInfo *info;
	Relation	rel;
	TsmForeignAction action;
	bool		update;			/* or a deletion */
	bool		new_key;		/* an update gave it another key, or none */
	Datum	   *old;			/* key and period */
	Datum	   *new;			/* likewise; NULL for a deletion, or a key that is null */
	Datum		lost[INDEX_MAX_KEYS + 1];	/* old key, and the multirange given up or lost */
} ReferencedChange;

/* The old period without another one, or without a multirange. */
static Datum
without(const ReferencedChange *change, const Datum *period, MultirangeType *cover)
{
	TsmForeignInfo *info = change->info;
	RangeType  *whole = DatumGetRangeTypeP(change->old[info->nkeys]);
	RangeType **ranges;
	RangeType  *range;
	int32		count;

	if (cover != NULL)
		multirange_deserialize(info->range, cover, &count, &ranges);
	else
	{
		count = period == NULL ? 0 : 1;
		range = period == NULL ? NULL : DatumGetRangeTypeP(*period);
		ranges = &range;
	}
	return MultirangeTypePGetDatum(multirange_minus_internal(info->multirange, info->range, 1, &whole,
															count, ranges));
}

static bool
nothing_lost(const ReferencedChange *change)
{
	return MultirangeIsEmpty(DatumGetMultirangeTypeP(change->lost[change->info->nkeys]));
}

/* Whether referencing rows lie within what is lost. */
static bool
is_needed(ReferencedChange *change)
{
	return !nothing_lost(change) && tsm_foreign_run(change->info, TSM_REST, change->lost, true, 1) > 0;
}

/* Take what referenced rows cover now from what is lost. */
static void
look_for_cover(ReferencedChange *change)
{
	tsm_foreign_run(change->info, TSM_COVER_OLD, change->old, true, 0);
	change->lost[change->info->nkeys] = without(change, NULL, found_cover());
}

/*
 * Run one action over what is lost, a range at a time where keys are set: each
 * range is a row of its own then. A cascade moves only what the row with the
 * new key covers. Returns whether anything was there to be changed.
 */
static bool
act(ReferencedChange *change)
{
	TsmForeignInfo *info = change->info;
	MultirangeType *lost = DatumGetMultirangeTypeP(change->lost[info->nkeys]);
	Datum		values[2 * INDEX_MAX_KEYS + 1];
	RangeType **ranges;
	int32		count;
	int32		i;
	TsmForeignQuery query = change->action == TSM_SET_DEFAULT ? TSM_SET_DEFAULTS :
		change->action == TSM_CASCADE && change->new != NULL ? TSM_SET_KEYS : TSM_SET_NULLS;

	if (tsm_foreign_run(info, TSM_LOCK, change->lost, true, 0) == 0)
		return false;
	if (change->action == TSM_CASCADE && !change->update)
	{
		tsm_foreign_run(info, TSM_DELETE, change->lost, true, 0);
		return true;
	}
	memcpy(values, change->lost, sizeof(Datum) * info->nkeys);
	if (query == TSM_SET_KEYS)
		memcpy(values + info->nkeys + 1, change->new, sizeof(Datum) * info->nkeys);
	multirange_deserialize(info->range, lost, &count, &ranges);
	for (i = 0; i < count; i++)
	{
		RangeType  *range = ranges[i];

		CHECK_FOR_INTERRUPTS();
		if (query == TSM_SET_KEYS)
			range = range_intersect_internal(info->range, range,
											 DatumGetRangeTypeP(change->new[info->nkeys]));
		if (RangeIsEmpty(range))
			continue;
		values[info->nkeys] = RangeTypePGetDatum(range);
		tsm_foreign_run(info, query, values, true, 0);
	}
	return true;
}

/* The old row is gone or changed: do what the foreign key says about it. In an SPI connection. */
static void
handle(ReferencedChange *change)
{
	TsmForeignInfo *info = change->info;
	bool		restricted = change->action == TSM_RESTRICT;
	int			turn;

	/* First what it gave up: mostly nobody needs that. */
	memcpy(change->lost, change->old, sizeof(Datum) * info->nkeys);
	change->lost[info->nkeys] = without(change, change->new == NULL || change->new_key ? NULL :
										&change->new[info->nkeys], NULL);
	if (!is_needed(change))
		return;
	/* A row that moves between partitions looks as if deleted. */
	if (restricted && !info->referenced_partitioned)
		tsm_foreign_report_needed(info, change->rel, change->old, true);
	look_for_cover(change);
	/* An update cascades a key; there is none for what it gave up besides. */
	for (turn = 0; is_needed(change); turn++)
	{
		if (change->action == TSM_NO_ACTION || restricted || turn >= IDLE_TURNS ||
			(change->action == TSM_CASCADE && change->new != NULL && !change->new_key))
			tsm_foreign_report_needed(info, change->rel, change->old, restricted);
		if (!act(change))
			return;
	}
}

/* AFTER UPDATE OR DELETE of a row of the referenced table. */
Datum
tsm_temporal_act_on_foreign_key(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	bool		update;
	ReferencedChange change = {0};
	Datum		old[INDEX_MAX_KEYS + 1];
	Datum		new[INDEX_MAX_KEYS + 1];

	check_called(fcinfo, "_act_on_foreign_key", true);
	update = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
	change.info = tsm_foreign_info(data->tg_trigger->tgoid, data->tg_relation, false);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event) || !read_row(change.info, data->tg_trigslot, old))
		return PointerGetDatum(NULL);
	change.rel = data->tg_relation;
	change.update = update;
	change.action = update ? change.info->key->on_update : change.info->key->on_delete;
	change.old = old;
	if (update && read_row(change.info, data->tg_newslot, new))
	{
		change.new = new;
		change.new_key = !same_key(change.info, data->tg_newslot, old, new);
		if (!change.new_key && contains(change.info, new[change.info->nkeys], old[change.info->nkeys]))
			return PointerGetDatum(NULL);
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	handle(&change);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER TRUNCATE of the referenced table: no rows may have referenced it, or they must be gone with it. */
Datum
tsm_temporal_truncate_referenced(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TsmForeignInfo *info;

	check_called(fcinfo, "_truncate_referenced", false);
	info = tsm_foreign_info(data->tg_trigger->tgoid, data->tg_relation, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (tsm_foreign_run(info, TSM_ANY, NULL, true, 1) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot truncate a table referenced in a foreign key constraint"),
				 errdetail("Table \"%s\" references \"%s\".", get_rel_name(info->key->rel),
						   RelationGetRelationName(data->tg_relation)),
				 errhint("Truncate table \"%s\" at the same time.", get_rel_name(info->key->rel))));
	SPI_finish();
	return PointerGetDatum(NULL);
}
