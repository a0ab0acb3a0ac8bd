/*-------------------------------------------------------------------------
 *
 * tsm_temporal_sweep.c
 *	  The plane sweep of the temporal join: pairs of rows whose keys are equal
 *	  and whose periods overlap, from two inputs in the order of keys, then
 *	  of the starts of periods.
 *
 * The rows of both inputs are taken in one order, that of their starts within
 * a key. A row that arrives is compared with the active rows of the other
 * input, those that started before and may not have ended: one that has ended
 * leaves, each other one overlaps. So each comparison removes a row or finds a
 * pair, and the sweep takes time in proportion to rows and pairs. Then the row
 * itself becomes active, unless it ends before the other input goes on. (Endpoint
 * sweep with lazy removal: D. Piatov, S. Helmer, A. Dignoes, "An interval join
 * optimized for modern hardware", ICDE 2016. That a row is dropped when the next
 * one of the other input starts after its end is the forward scan of P. Bouros and
 * N. Mamoulis, "A forward scan based plane sweep algorithm for parallel interval
 * joins", VLDB 2017, put the other way round.)
 *
 * Rows are in the order of the values of their starts: of two that start at
 * the same value, the one that excludes it may come first. Therefore a row
 * leaves, and is dropped, by the value alone, and a pair is tried exactly.
 *
 * The active rows take work_mem at most. A row that finds no room is spilled:
 * it has met the rows that are active, and has yet to meet others. Two rows that
 * overlap and are not both spilled meet in this pass, since the one that is
 * active is compared with every later row, spilled or not. To make the others
 * meet, a row that overlaps a spilled one of the other input is spilled too. When
 * the key ends, the spilled rows, still in order, are swept in the same way,
 * until a pass spills none. Each pass takes a work_mem of rows off.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_compat.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "executor/executor.h"
#include "executor/hashjoin.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "tsm_temporal_join.h"

/* A store of spilled rows goes to disk beyond this, in kilobytes. */
#define SPILL_BUFFER 64

/* Active rows that an array has room for at first. */
#define FIRST_ROOM 64

/*
 * The period of the row, decoded. A short one, the common case, is unpacked
 * in place; the bounds point into it, or into the row.
 */
static bool
decode_period(TsmSweep *sweep, TsmSweepInput *input, Datum value)
{
	struct varlena *packed = (struct varlena *) DatumGetPointer(value);
	bool		empty;

	if (VARATT_IS_SHORT(packed))
	{
		Size		size = VARSIZE_SHORT(packed) - VARHDRSZ_SHORT;

		SET_VARSIZE(input->buffer, size + VARHDRSZ);
		memcpy(input->buffer + VARHDRSZ, VARDATA_SHORT(packed), size);
		packed = (struct varlena *) input->buffer;
	}
	else if (VARATT_IS_EXTENDED(packed))
	{
		MemoryContext old = MemoryContextSwitchTo(sweep->context);

		packed = input->range = detoast_attr(packed);
		MemoryContextSwitchTo(old);
	}
	range_deserialize(sweep->range_type, (RangeType *) packed, &input->lower, &input->upper,
					  &empty);
	input->begins = input->lower;
	input->begins.inclusive = !input->lower.infinite;
	return !empty;
}

/* Bring the next row of an input in, unless it is there. */
static void
fetch(TsmSweep *sweep, int which)
{
	TsmSweepInput *input = &sweep->inputs[sweep->level][which];
	TsmSweepSide *side = &sweep->sides[which];
	int			i;

	if (input->fetched || input->done)
		return;
	if (input->range != NULL)
		pfree(input->range);
	input->range = NULL;
	if (input->store != NULL)
	{
		input->slot = side->stored;
		input->done = !tuplestore_gettupleslot(input->store, true, false, input->slot);
	}
	else if (input->plan != NULL)
	{
		input->slot = ExecProcNode(input->plan);
		input->done = TupIsNull(input->slot);
	}
	else
		input->done = true;
	if (input->done)
		return;
	input->fetched = true;
	slot_getsomeattrs(input->slot, side->last_column);
	input->null_key = false;
	for (i = 0; i < sweep->nkeys; i++)
		input->null_key |= input->slot->tts_isnull[side->key_columns[i] - 1];
	i = side->period_column - 1;
	input->matchable = !input->null_key && !input->slot->tts_isnull[i] &&
		decode_period(sweep, input, input->slot->tts_values[i]);
}

static inline Datum
key_of(TsmSweep *sweep, int which, int key, bool *isnull)
{
	TupleTableSlot *slot = sweep->inputs[sweep->level][which].slot;
	int			i = sweep->sides[which].key_columns[key] - 1;

	*isnull = slot->tts_isnull[i];
	return slot->tts_values[i];
}

/* The order of the keys of the next rows of the inputs; nulls are last, and alike. */
static int
compare_heads(TsmSweep *sweep)
{
	int			i;

	for (i = 0; i < sweep->nkeys; i++)
	{
		bool		nulls[2];
		Datum		outer = key_of(sweep, TSM_OUTER, i, &nulls[TSM_OUTER]);
		Datum		inner = key_of(sweep, TSM_INNER, i, &nulls[TSM_INNER]);
		int			order = ApplySortComparator(outer, nulls[TSM_OUTER], inner, nulls[TSM_INNER],
												&sweep->orders[TSM_OUTER][TSM_INNER][i]);

		if (order != 0)
			return order;
	}
	return 0;
}

/* Whether the next row of an input has another key than the active rows. */
static bool
leaves_group(TsmSweep *sweep, int which)
{
	int			i;

	if (sweep->level > 0)
		return false;
	if (sweep->inputs[0][which].null_key)
		return true;
	for (i = 0; i < sweep->nkeys; i++)
	{
		bool		isnull;
		Datum		value = key_of(sweep, which, i, &isnull);
		Datum		group = sweep->group[i];
		int			order;

		if (sweep->group_side == TSM_OUTER)
			order = ApplySortComparator(group, false, value, false,
										&sweep->orders[TSM_OUTER][which][i]);
		else
			order = ApplySortComparator(value, false, group, false,
										&sweep->orders[which][TSM_INNER][i]);
		if (order != 0)
			return true;
	}
	return false;
}

/* The active rows will be of the key of the next row of an input. */
static void
begin_group(TsmSweep *sweep, int which)
{
	MemoryContext old;
	int			i;

	sweep->group_live = true;
	if (sweep->level > 0)
		return;
	sweep->group_side = which;
	MemoryContextReset(sweep->group_context);
	old = MemoryContextSwitchTo(sweep->group_context);
	for (i = 0; i < sweep->nkeys; i++)
	{
		TupleTableSlot *slot = sweep->inputs[0][which].slot;
		Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor,
													sweep->sides[which].key_columns[i] - 1);
		bool		isnull;

		sweep->group[i] = datumCopy(key_of(sweep, which, i, &isnull), attribute->attbyval,
									attribute->attlen);
	}
	MemoryContextSwitchTo(old);
}

/* A bound that outlives the row it is of. */
static RangeBound
copy_bound(TsmSweep *sweep, RangeBound bound)
{
	TypeCacheEntry *element = sweep->range_type->rngelemtype;

	if (!sweep->bounds_by_value && !bound.infinite)
	{
		MemoryContext old = MemoryContextSwitchTo(sweep->context);

		bound.val = datumCopy(bound.val, element->typbyval, element->typlen);
		MemoryContextSwitchTo(old);
	}
	return bound;
}

static void
free_bound(TsmSweep *sweep, RangeBound bound)
{
	if (!sweep->bounds_by_value && !bound.infinite)
		pfree(DatumGetPointer(bound.val));
}

static inline bool
ends_before(TsmSweep *sweep, const RangeBound *upper, const RangeBound *lower)
{
	return range_cmp_bounds(sweep->range_type, upper, lower) < 0;
}

/* Whether an active row and one that has begun before it ended do not overlap after all, for a bound that excludes its value. */
static inline bool
excluded(TsmSweep *sweep, const TsmSweepItem *item, const TsmSweepInput *input)
{
	return (!input->lower.inclusive && !input->lower.infinite &&
			ends_before(sweep, &item->upper, &input->lower)) ||
		(!item->lower.infinite && ends_before(sweep, &input->upper, &item->lower));
}

/* The bytes of an active row. */
static Size
item_size(TsmSweep *sweep, const TsmSweepItem *item)
{
	Size		size = sizeof(TsmSweepItem) + GetMemoryChunkSpace(item->tuple);

	if (!sweep->bounds_by_value && !item->upper.infinite)
		size += GetMemoryChunkSpace(DatumGetPointer(item->upper.val));
	if (!sweep->bounds_by_value && !item->lower.infinite)
		size += GetMemoryChunkSpace(DatumGetPointer(item->lower.val));
	return size;
}

/* The row that arrived, as a tuple in the context of active rows. */
static MinimalTuple
copy_arrival(TsmSweep *sweep)
{
	MemoryContext old = MemoryContextSwitchTo(sweep->context);
	MinimalTuple tuple;

	tuple = ExecCopySlotMinimalTuple(sweep->inputs[sweep->level][sweep->arrival].slot);
	MemoryContextSwitchTo(old);
	if (sweep->arrival_matched)
		HeapTupleHeaderSetMatch(tuple);
	else
		HeapTupleHeaderClearMatch(tuple);
	return tuple;
}

/* The row that arrived becomes active. */
static void
activate(TsmSweep *sweep)
{
	TsmSweepSide *side = &sweep->sides[sweep->arrival];
	TsmSweepInput *input = &sweep->inputs[sweep->level][sweep->arrival];
	TsmSweepItem *item;

	if (side->nactive == side->room)
	{
		side->room = side->room == 0 ? FIRST_ROOM : 2 * side->room;
		if (side->active == NULL)
			side->active = MemoryContextAllocHuge(sweep->context,
												  side->room * sizeof(TsmSweepItem));
		else
			side->active = repalloc_huge(side->active, side->room * sizeof(TsmSweepItem));
	}
	item = &side->active[side->nactive++];
	item->tuple = copy_arrival(sweep);
	item->upper = copy_bound(sweep, input->upper);
	item->lower = input->lower;
	item->lower.infinite |= item->lower.inclusive;
	item->lower = copy_bound(sweep, item->lower);
	sweep->used += item_size(sweep, item);
	sweep->max_active = Max(sweep->max_active,
							(int64) sweep->sides[TSM_OUTER].nactive +
							sweep->sides[TSM_INNER].nactive);
}

/* The row that arrived goes where the next pass finds it. */
static void
spill(TsmSweep *sweep)
{
	TsmSweepSide *side = &sweep->sides[sweep->arrival];
	TsmSweepInput *input = &sweep->inputs[sweep->level][sweep->arrival];
	MinimalTuple tuple = copy_arrival(sweep);

	if (side->spill == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sweep->context);

		side->spill = tuplestore_begin_heap(false, false, SPILL_BUFFER);
		MemoryContextSwitchTo(old);
		side->spill_upper = copy_bound(sweep, input->upper);
	}
	else if (range_cmp_bounds(sweep->range_type, &input->upper, &side->spill_upper) > 0)
	{
		free_bound(sweep, side->spill_upper);
		side->spill_upper = copy_bound(sweep, input->upper);
	}
	ExecStoreMinimalTuple(tuple, side->row, false);
	tuplestore_puttupleslot(side->spill, side->row);
	ExecClearTuple(side->row);
	pfree(tuple);
	sweep->spilled++;
}

/* Take a row out of an active set; its tuple stays until the next step. */
static void
deactivate(TsmSweep *sweep, int which, int position)
{
	TsmSweepSide *side = &sweep->sides[which];
	TsmSweepItem *item = &side->active[position];

	sweep->used -= item_size(sweep, item);
	free_bound(sweep, item->upper);
	free_bound(sweep, item->lower);
	sweep->leaving = item->tuple;
	*item = side->active[--side->nactive];
}

static void
free_leaving(TsmSweep *sweep)
{
	if (sweep->leaving != NULL)
	{
		ExecClearTuple(sweep->sides[TSM_OUTER].row);
		ExecClearTuple(sweep->sides[TSM_INNER].row);
		pfree(sweep->leaving);
		sweep->leaving = NULL;
	}
}

/* Whether the row that left is to be returned alone; then it is in slots. */
static bool
left_alone(TsmSweep *sweep, int which, TupleTableSlot *slots[2])
{
	if (!sweep->sides[which].keep || HeapTupleHeaderHasMatch(sweep->leaving))
		return false;
	slots[which] = ExecStoreMinimalTuple(sweep->leaving, sweep->sides[which].row, false);
	slots[1 - which] = NULL;
	return true;
}

/*
 * Choose the next row. False when there is none that could be returned or
 * meet another.
 */
static bool
choose(TsmSweep *sweep)
{
	TsmSweepInput *outer = &sweep->inputs[sweep->level][TSM_OUTER];
	TsmSweepInput *inner = &sweep->inputs[sweep->level][TSM_INNER];
	TsmSweepSide *side;
	int			order;

	fetch(sweep, TSM_OUTER);
	fetch(sweep, TSM_INNER);
	sweep->more = false;
	if (outer->done || inner->done)
	{
		sweep->arrival = outer->done ? TSM_INNER : TSM_OUTER;
		/* What is left of one input is of use if it is returned alone, or may meet rows of the other. */
		side = &sweep->sides[1 - sweep->arrival];
		return !(outer->done && inner->done) &&
			(sweep->sides[sweep->arrival].keep || side->nactive > 0 || side->spill != NULL);
	}
	order = sweep->level > 0 ? 0 : compare_heads(sweep);
	sweep->more = order == 0;
	if (order == 0)
	{
		if (!outer->matchable)
			order = -1;
		else if (!inner->matchable)
			order = 1;
		else
			order = range_cmp_bound_values(sweep->range_type, &outer->lower, &inner->lower);
	}
	sweep->arrival = order <= 0 ? TSM_OUTER : TSM_INNER;
	return true;
}

/*
 * The row that arrived has met all active ones: let it wait for those to come,
 * if it can meet any. True when it is done with and to be returned alone.
 */
static bool
settle(TsmSweep *sweep)
{
	int			other = 1 - sweep->arrival;
	TsmSweepInput *input = &sweep->inputs[sweep->level][sweep->arrival];
	TsmSweepSide *side = &sweep->sides[other];
	bool		later;

	input->fetched = false;
	later = sweep->more &&
		!ends_before(sweep, &input->upper, &sweep->inputs[sweep->level][other].begins);
	if ((side->spill != NULL && !ends_before(sweep, &side->spill_upper, &input->begins)) ||
		(later && sweep->used >= sweep->limit))
		spill(sweep);
	else if (later)
		activate(sweep);
	else
		return sweep->sides[sweep->arrival].keep && !sweep->arrival_matched;
	return false;
}

/* Take the next row. True when it is to be returned alone. */
static bool
step(TsmSweep *sweep)
{
	TsmSweepInput *input;

	if (!choose(sweep))
	{
		sweep->phase = TSM_SWEEP_FLUSH;
		return false;
	}
	input = &sweep->inputs[sweep->level][sweep->arrival];
	if (sweep->group_live && leaves_group(sweep, sweep->arrival))
	{
		sweep->phase = TSM_SWEEP_FLUSH;
		return false;
	}
	sweep->arrival_matched = input->store != NULL &&
		HeapTupleHeaderHasMatch(((MinimalTupleTableSlot *) input->slot)->mintuple);
	if (!input->matchable)
	{
		input->fetched = false;
		return sweep->sides[sweep->arrival].keep;
	}
	if (!sweep->group_live && sweep->more)
		begin_group(sweep, sweep->arrival);
	sweep->position = 0;
	sweep->phase = TSM_SWEEP_PROBE;
	return false;
}

/* The spilled rows become the input; false when there are none. */
static bool
begin_pass(TsmSweep *sweep)
{
	int			i;
	bool		any = false;

	for (i = 0; i < 2; i++)
	{
		TsmSweepInput *input = &sweep->inputs[1][i];
		TsmSweepSide *side = &sweep->sides[i];

		ExecClearTuple(side->stored);
		if (input->store != NULL)
			tuplestore_end(input->store);
		input->store = side->spill;
		input->fetched = false;
		input->done = input->store == NULL;
		if (side->spill != NULL)
		{
			free_bound(sweep, side->spill_upper);
			any = true;
		}
		side->spill = NULL;
	}
	sweep->level = any ? 1 : 0;
	sweep->passes += any;
	return any;
}

/* A key, or a pass, has ended: the next row that goes alone; false when no active row is left. */
static bool
flush(TsmSweep *sweep, TupleTableSlot *slots[2])
{
	int			i;

	for (i = 0; i < 2; i++)
	{
		while (sweep->sides[i].nactive > 0)
		{
			deactivate(sweep, i, sweep->sides[i].nactive - 1);
			if (left_alone(sweep, i, slots))
				return true;
			free_leaving(sweep);
		}
	}
	return false;
}

/* The row that arrived against the active ones, from where it stands. */
static TsmSweepResult
probe(TsmSweep *sweep, TupleTableSlot *slots[2])
{
	int			other = 1 - sweep->arrival;
	TsmSweepSide *side = &sweep->sides[other];
	TsmSweepInput *input = &sweep->inputs[sweep->level][sweep->arrival];

	while (sweep->position < side->nactive)
	{
		TsmSweepItem *item = &side->active[sweep->position];

		if (ends_before(sweep, &item->upper, &input->begins))
		{
			deactivate(sweep, other, sweep->position);
			if (left_alone(sweep, other, slots))
				return TSM_SWEEP_ALONE;
			free_leaving(sweep);
			continue;
		}
		sweep->position++;
		if (excluded(sweep, item, input))
			continue;
		slots[sweep->arrival] = input->slot;
		slots[other] = ExecStoreMinimalTuple(item->tuple, side->row, false);
		return TSM_SWEEP_PAIR;
	}
	return TSM_SWEEP_END;
}

/* The last pair satisfies the rest of the condition. */
void
tsm_temporal_sweep_match(TsmSweep *sweep)
{
	int			other = 1 - sweep->arrival;
	TsmSweepItem *item = &sweep->sides[other].active[sweep->position - 1];

	sweep->arrival_matched = true;
	HeapTupleHeaderSetMatch(item->tuple);
	if (!sweep->first_match_only)
		return;
	if (sweep->arrival == TSM_OUTER)
	{
		sweep->inputs[sweep->level][TSM_OUTER].fetched = false;
		sweep->phase = TSM_SWEEP_NEXT;
	}
	else
	{
		Assert(sweep->leaving == NULL);
		deactivate(sweep, other, --sweep->position);
	}
}

TsmSweepResult
tsm_temporal_sweep(TsmSweep *sweep, TupleTableSlot *slots[2])
{
	TsmSweepResult result;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		free_leaving(sweep);
		switch (sweep->phase)
		{
			case TSM_SWEEP_NEXT:
				if (!step(sweep))
					break;
				slots[sweep->arrival] = sweep->inputs[sweep->level][sweep->arrival].slot;
				slots[1 - sweep->arrival] = NULL;
				return TSM_SWEEP_ALONE;

			case TSM_SWEEP_PROBE:
				result = probe(sweep, slots);
				if (result != TSM_SWEEP_END)
					return result;
				sweep->phase = TSM_SWEEP_NEXT;
				if (!settle(sweep))
					break;
				slots[sweep->arrival] = sweep->inputs[sweep->level][sweep->arrival].slot;
				slots[1 - sweep->arrival] = NULL;
				return TSM_SWEEP_ALONE;

			case TSM_SWEEP_FLUSH:
				if (flush(sweep, slots))
					return TSM_SWEEP_ALONE;
				sweep->phase = TSM_SWEEP_NEXT;
				sweep->group_live = begin_pass(sweep);
				if (sweep->level == 0 && !choose(sweep))
					sweep->phase = TSM_SWEEP_DONE;
				break;

			case TSM_SWEEP_DONE:
				return TSM_SWEEP_END;
		}
	}
}

void
tsm_temporal_sweep_reset(TsmSweep *sweep)
{
	int			i;

	for (i = 0; i < 2; i++)
	{
		TsmSweepSide *side = &sweep->sides[i];
		TsmSweepInput *input = &sweep->inputs[1][i];

		ExecClearTuple(side->row);
		ExecClearTuple(side->stored);
		if (side->spill != NULL)
			tuplestore_end(side->spill);
		if (input->store != NULL)
			tuplestore_end(input->store);
		side->spill = input->store = NULL;
		side->active = NULL;
		side->nactive = side->room = 0;
		sweep->inputs[0][i].fetched = input->fetched = false;
		sweep->inputs[0][i].done = input->done = false;
		sweep->inputs[0][i].range = input->range = NULL;
	}
	MemoryContextReset(sweep->context);
	MemoryContextReset(sweep->group_context);
	sweep->used = 0;
	sweep->level = 0;
	sweep->group_live = false;
	sweep->leaving = NULL;
	sweep->phase = TSM_SWEEP_NEXT;
}
