/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_match.c
 *	  Lines, or elements of arrays, as numbers for the comparison of two
 *	  sequences.
 *
 * Equal items get one number. An item that only one side has is in no common
 * subsequence, so it is marked at once and the comparison does not see it:
 * two texts that have nothing in common cost no search at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_lcs.h"

/* Time of a comparison: limit times the number of items. */
#define MATCH_WORK		(1 << 29)
#define MATCH_MIN_LIMIT	256
#define MATCH_MAX_LIMIT	8192

/* Items between two looks for an interrupt. */
#define ITEMS_A_LOOK	4096

typedef struct Class
{
	const TsmDiffItem *item;	/* the first of them */
	uint32		hash;
	int			sides;			/* bit 1: a has it; bit 2: b has it */
} Class;

/* Equal items by open addressing; size is a power of two above their number. */
typedef struct Classes
{
	uint32	   *slots;			/* number of a class + 1; 0 is free */
	uint32		mask;
	Class	   *classes;
	uint32		count;
} Classes;

/* One side without what is common in front and at the end: numbers of the items that the other side has too, and their places. */
typedef struct Side
{
	const TsmDiffItem *items;
	int			count;
	uint32	   *numbers;
	int			kept;
	int		   *places;
	bool	   *marks;			/* of all items, the caller's */
	bool	   *kept_marks;
} Side;

static bool
same_item(const TsmDiffItem *a, const TsmDiffItem *b)
{
	return a->kind == b->kind && a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

static uint32
class_of(Classes *classes, const TsmDiffItem *item)
{
	uint32		hash = hash_bytes((const unsigned char *) item->data, item->length) ^ (uint32) item->kind;
	uint32		slot = murmurhash32(hash) & classes->mask;
	Class	   *class;

	while (classes->slots[slot] != 0)
	{
		class = &classes->classes[classes->slots[slot] - 1];
		if (class->hash == hash && same_item(class->item, item))
			return classes->slots[slot] - 1;
		slot = (slot + 1) & classes->mask;
	}
	class = &classes->classes[classes->count++];
	class->item = item;
	class->hash = hash;
	class->sides = 0;
	classes->slots[slot] = classes->count;
	return classes->count - 1;
}

static void
number_items(Classes *classes, Side *side, int bit)
{
	int			i;

	side->numbers = palloc(sizeof(uint32) * (side->count + 1));
	for (i = 0; i < side->count; i++)
	{
		if (i % ITEMS_A_LOOK == 0)
			CHECK_FOR_INTERRUPTS();
		side->numbers[i] = class_of(classes, &side->items[i]);
		classes->classes[side->numbers[i]].sides |= bit;
	}
}

/* Keep what both sides have; mark the rest. */
static void
discard_unmatched(const Classes *classes, Side *side)
{
	int			i;

	side->places = palloc(sizeof(int) * (side->count + 1));
	side->kept_marks = palloc0(sizeof(bool) * (side->count + 1));
	side->kept = 0;
	for (i = 0; i < side->count; i++)
	{
		if (classes->classes[side->numbers[i]].sides != 3)
		{
			side->marks[i] = true;
			continue;
		}
		side->places[side->kept] = i;
		side->numbers[side->kept++] = side->numbers[i];
	}
}

static void
spread_marks(Side *side)
{
	int			i;

	for (i = 0; i < side->kept; i++)
		side->marks[side->places[i]] = side->kept_marks[i];
	pfree(side->numbers);
	pfree(side->places);
	pfree(side->kept_marks);
}

static void
breathe(void)
{
	CHECK_FOR_INTERRUPTS();
}

static int
limit_for(int items)
{
	int			limit = MATCH_WORK / Max(items, 1);

	return Min(Max(limit, MATCH_MIN_LIMIT), MATCH_MAX_LIMIT);
}

/* Mark what of the two sides is not common. */
static void
match_sides(Side *old, Side *new)
{
	Classes		classes;
	TsmLcs		lcs;

	classes.mask = pg_nextpower2_32((uint32) (old->count + new->count + 1) * 2) - 1;
	classes.slots = palloc0(sizeof(uint32) * (classes.mask + 1));
	classes.classes = palloc(sizeof(Class) * (old->count + new->count + 1));
	classes.count = 0;
	number_items(&classes, old, 1);
	number_items(&classes, new, 2);
	discard_unmatched(&classes, old);
	discard_unmatched(&classes, new);
	pfree(classes.slots);
	pfree(classes.classes);

	lcs.a = old->numbers;
	lcs.b = new->numbers;
	lcs.na = old->kept;
	lcs.nb = new->kept;
	lcs.deleted = old->kept_marks;
	lcs.inserted = new->kept_marks;
	lcs.work = palloc(sizeof(int) * 2 * tsm_lcs_work(old->kept, new->kept));
	lcs.limit = limit_for(old->kept + new->kept);
	lcs.breathe = breathe;
	tsm_lcs_compare(&lcs);
	pfree(lcs.work);
	spread_marks(old);
	spread_marks(new);
}

void
tsm_document_match(const TsmDiffItem *a, int na, const TsmDiffItem *b, int nb, bool **deleted,
				   bool **inserted)
{
	Side		old = {a, na};
	Side		new = {b, nb};
	int			front = 0;

	Assert(na <= TSM_DIFF_MAX_ITEMS && nb <= TSM_DIFF_MAX_ITEMS);
	*deleted = palloc0(sizeof(bool) * (na + 1));
	*inserted = palloc0(sizeof(bool) * (nb + 1));
	/* Mostly the front and the end are common: they need no numbers. */
	while (front < na && front < nb && same_item(&a[front], &b[front]))
		front++;
	while (old.count > front && new.count > front &&
		   same_item(&a[old.count - 1], &b[new.count - 1]))
		old.count--, new.count--;
	old.items += front;
	old.count -= front;
	old.marks = *deleted + front;
	new.items += front;
	new.count -= front;
	new.marks = *inserted + front;
	if (old.count > 0 && new.count > 0)
		match_sides(&old, &new);
	else
	{
		memset(old.marks, true, old.count);
		memset(new.marks, true, new.count);
	}
}
