/*-------------------------------------------------------------------------
 *
 * tsm_spatial_gist.c
 *	  GiST operator class for stbox.
 *
 * Leaf keys are the boxes themselves, inner keys are covers (tsm_spatial.h).
 * There is no compress function, so values come back from the index as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/gist.h"
#include "access/stratnum.h"
#include "utils/float.h"

#include "tsm_spatial_int.h"

PG_FUNCTION_INFO_V1(tsm_stbox_gist_consistent);
PG_FUNCTION_INFO_V1(tsm_stbox_gist_distance);
PG_FUNCTION_INFO_V1(tsm_stbox_gist_union);
PG_FUNCTION_INFO_V1(tsm_stbox_gist_same);
PG_FUNCTION_INFO_V1(tsm_stbox_gist_penalty);
PG_FUNCTION_INFO_V1(tsm_stbox_gist_picksplit);

/* A cover of another kind of entries costs more than any enlargement. */
#define PENALTY_OTHER_KIND	FLT_MAX
/* Making a bounded side unbounded costs more than any bounded enlargement. */
#define PENALTY_UNBOUNDED	(FLT_MAX / 2)

/* A side is at least this part of what it grows to, so that a flat box still has a volume. */
#define SIDE_MIN	1e-3

/* Each half of a split gets at least this part of the entries. */
#define SPLIT_FILL	0.3

Datum
tsm_stbox_gist_consistent(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	TsmStBox   *query = PG_GETARG_TSM_STBOX(1);
	TsmStBoxOp	op = (TsmStBoxOp) PG_GETARG_UINT16(2);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(4);
	TsmStBox   *key = DatumGetTsmStBox(entry->key);

	*recheck = false;
	if (GIST_LEAF(entry))
		PG_RETURN_BOOL(tsm_stbox_test(op, key, query));
	PG_RETURN_BOOL(tsm_stbox_cover_test(op, key, query));
}

/*
 * Distance of an entry as the operator computes it, or a bound below it. Where
 * the operator gives NULL, infinity, which no distance is: NULLs sort last.
 * That is exact, so nothing is rechecked (index-only scans could not).
 */
Datum
tsm_stbox_gist_distance(PG_FUNCTION_ARGS)
{
	GISTENTRY  *entry = (GISTENTRY *) PG_GETARG_POINTER(0);
	TsmStBox   *query = PG_GETARG_TSM_STBOX(1);
	TsmStBoxOp	op = (TsmStBoxOp) PG_GETARG_UINT16(2);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(4);
	TsmStBox   *key = DatumGetTsmStBox(entry->key);
	bool		meets = op != TSM_STBOX_APPROACH ||
		(key->t_lo <= query->t_hi && query->t_lo <= key->t_hi);
	double		distance;

	*recheck = false;
	if (!GIST_LEAF(entry))
		PG_RETURN_FLOAT8(meets ? tsm_stbox_distance_bound(key, query) : get_float8_infinity());
	if (!meets || !tsm_stbox_distance(key, query, &distance))
		distance = get_float8_infinity();
	PG_RETURN_FLOAT8(distance);
}

#define KEY(entries, i) DatumGetTsmStBox((entries)->vector[i].key)

Datum
tsm_stbox_gist_union(PG_FUNCTION_ARGS)
{
	GistEntryVector *entries = (GistEntryVector *) PG_GETARG_POINTER(0);
	int		   *size = (int *) PG_GETARG_POINTER(1);
	TsmStBox   *cover = palloc(sizeof(TsmStBox));
	int			i;

	*cover = *KEY(entries, 0);
	for (i = 1; i < entries->n; i++)
		tsm_stbox_cover_extend(cover, KEY(entries, i));
	*size = sizeof(TsmStBox);
	PG_RETURN_TSM_STBOX(cover);
}

Datum
tsm_stbox_gist_same(PG_FUNCTION_ARGS)
{
	bool	   *result = (bool *) PG_GETARG_POINTER(2);

	*result = tsm_stbox_same(PG_GETARG_TSM_STBOX(0), PG_GETARG_TSM_STBOX(1));
	PG_RETURN_POINTER(result);
}

/* The length of one side as a double; infinity if it is unbounded. */
static double
side_length(const TsmStBox *box, int axis)
{
	if (axis < TSM_AXIS_T)
		return box->hi[axis] - box->lo[axis];
	if (box->t_lo == TSM_TIME_UNBOUNDED_LO || box->t_hi == TSM_TIME_UNBOUNDED_HI)
		return get_float8_infinity();
	return (double) box->t_hi - (double) box->t_lo;
}

/*
 * How much the volume grows. The units of the axes differ, so nothing but
 * products of lengths can be compared; a side that is unbounded before counts
 * as 1, and one that stays a point too.
 */
static double
volume_growth(const TsmStBox *before, const TsmStBox *after)
{
	double		small = 1;
	double		large = 1;
	int			axis;

	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		double		from = side_length(before, axis);
		double		to = side_length(after, axis);

		if (to == 0 || isinf(from))
			continue;
		if (isinf(to))
			return PENALTY_UNBOUNDED;
		small *= Max(from, to * SIDE_MIN);
		large *= to;
	}
	return large - small;
}

Datum
tsm_stbox_gist_penalty(PG_FUNCTION_ARGS)
{
	TsmStBox   *cover = DatumGetTsmStBox(((GISTENTRY *) PG_GETARG_POINTER(0))->key);
	TsmStBox   *box = DatumGetTsmStBox(((GISTENTRY *) PG_GETARG_POINTER(1))->key);
	float	   *penalty = (float *) PG_GETARG_POINTER(2);
	TsmStBox	after = *cover;
	double		growth;

	tsm_stbox_cover_extend(&after, box);
	growth = volume_growth(cover, &after);
	if (after.flags != cover->flags || !tsm_stbox_comparable(cover, box))
		*penalty = PENALTY_OTHER_KIND;
	else if (!(growth < PENALTY_UNBOUNDED))
		*penalty = PENALTY_UNBOUNDED;	/* NaN, of infinite volumes, too */
	else
		*penalty = (float) growth;
	PG_RETURN_POINTER(penalty);
}

/*
 * One entry of a page to be split: its bounds on every axis in parts of the
 * page's finite extent, so that axes can be compared. Unbounded sides stand out
 * by as much as the extent.
 */
typedef struct SplitItem
{
	OffsetNumber offset;
	float		lo[TSM_AXIS_COUNT];
	float		hi[TSM_AXIS_COUNT];
} SplitItem;

typedef struct SplitBox
{
	float		lo[TSM_AXIS_COUNT];
	float		hi[TSM_AXIS_COUNT];
} SplitBox;

static double
lower_bound(const TsmStBox *box, int axis)
{
	if (axis < TSM_AXIS_T)
		return box->lo[axis];
	return box->t_lo == TSM_TIME_UNBOUNDED_LO ? -get_float8_infinity() : (double) box->t_lo;
}

static double
upper_bound(const TsmStBox *box, int axis)
{
	if (axis < TSM_AXIS_T)
		return box->hi[axis];
	return box->t_hi == TSM_TIME_UNBOUNDED_HI ? get_float8_infinity() : (double) box->t_hi;
}

/* A bound in parts of the finite extent least .. most. */
static float
normalised(double bound, double least, double most)
{
	if (isinf(bound))
		return bound < 0 ? -1 : 2;
	if (!(most > least))
		return 0;
	/* Halves, as the extent may be more than a double holds. */
	return (float) ((bound / 2 - least / 2) / (most / 2 - least / 2));
}

/* Fills lo[axis] and hi[axis] of the items. */
static void
normalise_axis(GistEntryVector *entries, SplitItem *items, int count, int axis)
{
	double		least = get_float8_infinity();
	double		most = -get_float8_infinity();
	int			i;

	for (i = 0; i < count; i++)
	{
		double		lo = lower_bound(KEY(entries, items[i].offset), axis);
		double		hi = upper_bound(KEY(entries, items[i].offset), axis);

		if (!isinf(lo))
		{
			least = Min(least, lo);
			most = Max(most, lo);
		}
		if (!isinf(hi))
		{
			least = Min(least, hi);
			most = Max(most, hi);
		}
	}
	for (i = 0; i < count; i++)
	{
		TsmStBox   *box = KEY(entries, items[i].offset);

		items[i].lo[axis] = normalised(lower_bound(box, axis), least, most);
		items[i].hi[axis] = normalised(upper_bound(box, axis), least, most);
	}
}

static int
compare_items(const void *a, const void *b, void *arg)
{
	const SplitItem *s = (const SplitItem *) a;
	const SplitItem *t = (const SplitItem *) b;
	int			axis = *(int *) arg;
	float		x = s->lo[axis] + s->hi[axis];
	float		y = t->lo[axis] + t->hi[axis];

	if (x != y)
		return x < y ? -1 : 1;
	return (s->offset > t->offset) - (s->offset < t->offset);
}

static void
split_box_extend(SplitBox *box, const SplitItem *item)
{
	int			axis;

	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		box->lo[axis] = Min(box->lo[axis], item->lo[axis]);
		box->hi[axis] = Max(box->hi[axis], item->hi[axis]);
	}
}

/* Covers of the first i + 1 items in heads[i], and of the items from i on in tails[i]. */
static void
cover_runs(const SplitItem *items, int count, SplitBox *heads, SplitBox *tails)
{
	int			i;

	memcpy(heads[0].lo, items[0].lo, sizeof(items[0].lo));
	memcpy(heads[0].hi, items[0].hi, sizeof(items[0].hi));
	for (i = 1; i < count; i++)
	{
		heads[i] = heads[i - 1];
		split_box_extend(&heads[i], &items[i]);
	}
	memcpy(tails[count - 1].lo, items[count - 1].lo, sizeof(items[0].lo));
	memcpy(tails[count - 1].hi, items[count - 1].hi, sizeof(items[0].hi));
	for (i = count - 2; i >= 0; i--)
	{
		tails[i] = tails[i + 1];
		split_box_extend(&tails[i], &items[i]);
	}
}

/* What is bad about a split: by how much the halves overlap, then how long their sides are. */
static double
split_cost(const SplitBox *head, const SplitBox *tail)
{
	double		margin = 0;
	double		overlap = 1;
	int			axis;

	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		double		common = Min(head->hi[axis], tail->hi[axis]) -
			Max(head->lo[axis], tail->lo[axis]);

		margin += head->hi[axis] - head->lo[axis] + tail->hi[axis] - tail->lo[axis];
		/* An axis on which all entries are one point tells nothing. */
		if (head->hi[axis] > head->lo[axis] || tail->hi[axis] > tail->lo[axis])
			overlap *= Max(common, 0);
	}
	return overlap * 100 + margin;
}

/* The best place to cut the sorted items, and its cost. */
static int
best_cut(const SplitItem *items, int count, SplitBox *heads, SplitBox *tails, double *cost)
{
	int			least = Max(1, (int) (count * SPLIT_FILL));
	int			best = count / 2;
	int			cut;

	cover_runs(items, count, heads, tails);
	*cost = split_cost(&heads[best - 1], &tails[best]);
	for (cut = least; cut <= count - least; cut++)
	{
		double		c = split_cost(&heads[cut - 1], &tails[cut]);

		if (c < *cost)
		{
			*cost = c;
			best = cut;
		}
	}
	return best;
}

/* Hands out the sorted items: those before the cut to the left, the others to the right. */
static void
distribute(GistEntryVector *entries, const SplitItem *items, int count, int cut,
		   GIST_SPLITVEC *split)
{
	TsmStBox   *left = palloc(sizeof(TsmStBox));
	TsmStBox   *right = palloc(sizeof(TsmStBox));
	int			i;

	split->spl_left = palloc(sizeof(OffsetNumber) * (count + 1));
	split->spl_right = palloc(sizeof(OffsetNumber) * (count + 1));
	split->spl_nleft = 0;
	split->spl_nright = 0;
	*left = *KEY(entries, items[0].offset);
	*right = *KEY(entries, items[cut].offset);
	for (i = 0; i < count; i++)
	{
		TsmStBox   *box = KEY(entries, items[i].offset);

		tsm_stbox_cover_extend(i < cut ? left : right, box);
		if (i < cut)
			split->spl_left[split->spl_nleft++] = items[i].offset;
		else
			split->spl_right[split->spl_nright++] = items[i].offset;
	}
	split->spl_ldatum = TsmStBoxGetDatum(left);
	split->spl_rdatum = TsmStBoxGetDatum(right);
}

/*
 * Split after the R*-tree (Beckmann et al., SIGMOD 1990): along each axis the
 * entries are sorted, and of all cuts that leave either half enough the one
 * with the least overlap and margins is taken. Unlike there, sorting is by the
 * middle alone, and overlap and margins are weighed in one sum.
 */
Datum
tsm_stbox_gist_picksplit(PG_FUNCTION_ARGS)
{
	GistEntryVector *entries = (GistEntryVector *) PG_GETARG_POINTER(0);
	GIST_SPLITVEC *split = (GIST_SPLITVEC *) PG_GETARG_POINTER(1);
	int			count = entries->n - 1; /* the first is not used */
	SplitItem  *items = palloc(sizeof(SplitItem) * count);
	SplitBox   *heads = palloc(sizeof(SplitBox) * count);
	SplitBox   *tails = palloc(sizeof(SplitBox) * count);
	double		best_cost = get_float8_infinity();
	int			best_axis = 0;
	int			cut = count / 2;
	int			axis;
	int			i;

	for (i = 0; i < count; i++)
		items[i].offset = (OffsetNumber) (i + 1);
	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
		normalise_axis(entries, items, count, axis);
	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		double		cost;
		int			here;

		qsort_arg(items, count, sizeof(SplitItem), compare_items, &axis);
		here = best_cut(items, count, heads, tails, &cost);
		if (cost < best_cost)
		{
			best_cost = cost;
			best_axis = axis;
			cut = here;
		}
	}
	qsort_arg(items, count, sizeof(SplitItem), compare_items, &best_axis);
	distribute(entries, items, count, cut, split);
	PG_RETURN_POINTER(split);
}
