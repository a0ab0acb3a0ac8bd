/*
 * spatial_stbox_test.c
 *	  Boxes in space and time against what is computed another way: operators on
 *	  small integer boxes against their sets of points, great-circle distances
 *	  against a walk along the edges, covers against the boxes below them.
 *
 * links: src/spatial/tsm_spatial_box.c src/spatial/tsm_spatial_distance.c
 */
#include "../../src/spatial/tsm_spatial.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int	tests = 0;
static int	failures = 0;
static uint64_t random_state = 20220103;

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* A number below n; the same sequence in each run. */
static int
dice(int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int) ((random_state >> 33) % (uint64_t) n);
}

static double
between(double lo, double hi)
{
	return lo + (hi - lo) * dice(1 << 30) / (double) (1 << 30);
}

#define GRID 6

/* A box on a small grid; an axis may be absent or unbounded on a side. */
static TsmStBox
grid_box(void)
{
	TsmStBox	box;
	int			axis;

	do
	{
		tsm_stbox_init(&box);
		for (axis = 0; axis < TSM_SPACE_AXES; axis++)
		{
			int			lo = dice(GRID);
			int			hi = lo + dice(GRID - lo);

			if (dice(5) > 0)
				tsm_stbox_set_axis(&box, axis, dice(12) ? lo : -INFINITY, dice(12) ? hi : INFINITY);
		}
		if (dice(5) > 0)
		{
			int			lo = dice(GRID);
			int			hi = lo + dice(GRID - lo);

			(void) tsm_stbox_set_time(&box, dice(12) ? lo : TSM_TIME_UNBOUNDED_LO, true,
									  dice(12) ? hi : TSM_TIME_UNBOUNDED_HI, true);
		}
	} while (tsm_stbox_finish(&box, &axis) != TSM_STBOX_OK);
	return box;
}

/* Bounds of one axis as plain numbers, for the reference. */
static void
bounds(const TsmStBox *box, int axis, double *lo, double *hi)
{
	if (axis < TSM_AXIS_T)
	{
		*lo = box->lo[axis];
		*hi = box->hi[axis];
		return;
	}
	*lo = box->t_lo == TSM_TIME_UNBOUNDED_LO ? -INFINITY : (double) box->t_lo;
	*hi = box->t_hi == TSM_TIME_UNBOUNDED_HI ? INFINITY : (double) box->t_hi;
}

/* The operators once more, by the words of the documentation. */
static bool
reference(TsmStBoxOp op, const TsmStBox *a, const TsmStBox *b)
{
	static const struct
	{
		int			axis;
		int			ops[4];
	}			positions[] = {
		{0, {TSM_STBOX_LEFT, TSM_STBOX_OVERLEFT, TSM_STBOX_RIGHT, TSM_STBOX_OVERRIGHT}},
		{1, {TSM_STBOX_BELOW, TSM_STBOX_OVERBELOW, TSM_STBOX_ABOVE, TSM_STBOX_OVERABOVE}},
		{2, {TSM_STBOX_FRONT, TSM_STBOX_OVERFRONT, TSM_STBOX_BACK, TSM_STBOX_OVERBACK}},
		{3, {TSM_STBOX_BEFORE, TSM_STBOX_OVERBEFORE, TSM_STBOX_AFTER, TSM_STBOX_OVERAFTER}}};
	bool		overlaps = true,
				contains = true,
				contained = true,
				apart = false,
				touches = false;
	int			shared = 0;

	for (int axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		double		al,
					ah,
					bl,
					bh;
		bool		both = a->flags & b->flags & (TSM_STBOX_HAS_X << axis);

		bounds(a, axis, &al, &ah);
		bounds(b, axis, &bl, &bh);
		if (op == (TsmStBoxOp) positions[axis].ops[0])
			return both && ah < bl;
		if (op == (TsmStBoxOp) positions[axis].ops[1])
			return both && ah <= bh;
		if (op == (TsmStBoxOp) positions[axis].ops[2])
			return both && al > bh;
		if (op == (TsmStBoxOp) positions[axis].ops[3])
			return both && al >= bl;
		if (!both)
			continue;
		shared++;
		overlaps = overlaps && al <= bh && bl <= ah;
		contains = contains && al <= bl && bh <= ah;
		contained = contained && bl <= al && ah <= bh;
		if (axis == TSM_AXIS_T)
		{
			/* Half-open: the end of one is the begin of the other. */
			touches = touches || ah + 1 == bl || bh + 1 == al;
			apart = apart || ah + 1 < bl || bh + 1 < al;
		}
		else
		{
			touches = touches || ((ah == bl || bh == al) && (al != bl || ah != bh));
			apart = apart || ah < bl || bh < al;
		}
	}
	switch (op)
	{
		case TSM_STBOX_OVERLAPS:
			return shared > 0 && overlaps;
		case TSM_STBOX_CONTAINS:
			return shared > 0 && contains;
		case TSM_STBOX_CONTAINED:
			return shared > 0 && contained;
		case TSM_STBOX_ADJACENT:
			return shared > 0 && touches && !apart;
		default:
			return memcmp(a, b, sizeof(*a)) == 0;
	}
}

static const TsmStBoxOp all_ops[] = {
	TSM_STBOX_LEFT, TSM_STBOX_OVERLEFT, TSM_STBOX_OVERLAPS, TSM_STBOX_OVERRIGHT, TSM_STBOX_RIGHT,
	TSM_STBOX_SAME, TSM_STBOX_CONTAINS, TSM_STBOX_CONTAINED, TSM_STBOX_OVERBELOW, TSM_STBOX_BELOW,
	TSM_STBOX_ABOVE, TSM_STBOX_OVERABOVE, TSM_STBOX_ADJACENT, TSM_STBOX_EQUAL, TSM_STBOX_OVERBEFORE,
	TSM_STBOX_BEFORE, TSM_STBOX_AFTER, TSM_STBOX_OVERAFTER, TSM_STBOX_OVERFRONT, TSM_STBOX_FRONT,
	TSM_STBOX_BACK, TSM_STBOX_OVERBACK
};

#define OP_COUNT ((int) (sizeof(all_ops) / sizeof(all_ops[0])))

static void
test_operators(void)
{
	int			wrong = 0;
	int			hits[OP_COUNT] = {0};
	int			rare = 0;

	for (int i = 0; i < 200000; i++)
	{
		TsmStBox	a = grid_box();
		TsmStBox	b = dice(20) ? grid_box() : a;

		for (int o = 0; o < OP_COUNT; o++)
		{
			bool		result = tsm_stbox_test(all_ops[o], &a, &b);

			hits[o] += result;
			wrong += result != reference(all_ops[o], &a, &b);
		}
	}
	ok(wrong == 0, "operators are what the documentation says");
	for (int o = 0; o < OP_COUNT; o++)
		rare += hits[o] < 100;
	ok(rare == 0, "every operator was true often enough to tell");
}

/* A cover of boxes must not lose one of them, for any operator. */
static void
test_covers(void)
{
	int			lost = 0;
	int			pruned = 0;
	int			above = 0;

	for (int i = 0; i < 20000; i++)
	{
		TsmStBox	boxes[4];
		TsmStBox	query = grid_box();
		TsmStBox	cover;

		for (int j = 0; j < 4; j++)
		{
			boxes[j] = grid_box();
			if (j == 0)
				cover = boxes[0];
			else
				tsm_stbox_cover_extend(&cover, &boxes[j]);
		}
		if (dice(10) == 0)
			query = boxes[0];
		for (int o = 0; o < OP_COUNT; o++)
		{
			bool		may = tsm_stbox_cover_test(all_ops[o], &cover, &query);

			pruned += !may;
			for (int j = 0; j < 4; j++)
				lost += !may && tsm_stbox_test(all_ops[o], &boxes[j], &query);
		}
		for (int j = 0; j < 4; j++)
		{
			double		distance;

			above += tsm_stbox_distance(&boxes[j], &query, &distance) &&
				tsm_stbox_distance_bound(&cover, &query) > distance;
		}
	}
	ok(lost == 0, "no operator is true below a cover that rules it out");
	ok(pruned > 10000, "covers rule something out");
	ok(above == 0, "no distance is below the bound of its cover");
}

static void
test_combinations(void)
{
	int			wrong = 0;
	int			order = 0;

	for (int i = 0; i < 50000; i++)
	{
		TsmStBox	a = grid_box();
		TsmStBox	b = dice(10) ? grid_box() : a;
		TsmStBox	c = grid_box();
		TsmStBox	u;
		TsmStBox	v;
		int			axis;
		int			ab = tsm_stbox_compare(&a, &b);

		tsm_stbox_union(&u, &a, &b);
		tsm_stbox_union(&v, &b, &a);
		wrong += !tsm_stbox_contains(&u, &a) || !tsm_stbox_contains(&u, &b) || !tsm_stbox_same(&u, &v);
		wrong += tsm_stbox_finish(&v, &axis) != TSM_STBOX_OK || !tsm_stbox_same(&u, &v);
		wrong += tsm_stbox_intersection(&u, &a, &b) != tsm_stbox_overlaps(&a, &b);
		if (tsm_stbox_overlaps(&a, &b))
		{
			wrong += !tsm_stbox_contains(&a, &u) || !tsm_stbox_contains(&b, &u);
			wrong += tsm_stbox_finish(&u, &axis) != TSM_STBOX_OK;
		}
		order += ab != -tsm_stbox_compare(&b, &a) || (ab == 0) != tsm_stbox_same(&a, &b);
		order += ab <= 0 && tsm_stbox_compare(&b, &c) <= 0 && tsm_stbox_compare(&a, &c) > 0;
	}
	ok(wrong == 0, "union and intersection hold what they must, in one form");
	ok(order == 0, "the order is total");
}

static TsmStBox
degree_box(double west, double south, double east, double north)
{
	TsmStBox	box;
	int			axis;

	tsm_stbox_init(&box);
	tsm_stbox_set_axis(&box, TSM_AXIS_X, west, east);
	tsm_stbox_set_axis(&box, TSM_AXIS_Y, south, north);
	box.flags |= TSM_STBOX_GEODETIC;
	if (tsm_stbox_finish(&box, &axis) != TSM_STBOX_OK)
		printf("# not a box: %g %g %g %g\n", west, south, east, north);
	return box;
}

/* A box of at most the given size in degrees; often a point, often at a pole or the antimeridian. */
static TsmStBox
random_degree_box(double size)
{
	double		west = dice(4) ? between(-180, 180) : 180 - between(0, size);
	double		south = dice(4) ? between(-90, 90) : (dice(2) ? -90 : 90 - between(0, size));
	double		width = dice(3) ? between(0, size) : 0;
	double		height = dice(3) ? between(0, size) : 0;

	return degree_box(west, south, fmin(180, west + width), fmin(90, south + height));
}

static double
great_circle(double lon1, double lat1, double lon2, double lat2)
{
	const double degree = M_PI / 180;
	double		x1 = cos(lat1 * degree) * cos(lon1 * degree);
	double		y1 = cos(lat1 * degree) * sin(lon1 * degree);
	double		z1 = sin(lat1 * degree);
	double		x2 = cos(lat2 * degree) * cos(lon2 * degree);
	double		y2 = cos(lat2 * degree) * sin(lon2 * degree);
	double		z2 = sin(lat2 * degree);
	double		cx = y1 * z2 - z1 * y2;
	double		cy = z1 * x2 - x1 * z2;
	double		cz = x1 * y2 - y1 * x2;

	return TSM_EARTH_RADIUS * atan2(sqrt(cx * cx + cy * cy + cz * cz), x1 * x2 + y1 * y2 + z1 * z2);
}

#define STEPS 16

/* The least distance between points of both boxes, on a grid. */
static double
walked_distance(const TsmStBox *a, const TsmStBox *b)
{
	double		least = INFINITY;

	for (int i = 0; i <= STEPS; i++)
		for (int j = 0; j <= STEPS; j++)
			for (int k = 0; k <= STEPS; k++)
				for (int l = 0; l <= STEPS; l++)
				{
					/* One of the coordinates of each on its edge is enough. */
					if (i % STEPS && j % STEPS && k % STEPS && l % STEPS)
						continue;
					least = fmin(least,
								 great_circle(a->lo[0] + (a->hi[0] - a->lo[0]) * i / STEPS,
											  a->lo[1] + (a->hi[1] - a->lo[1]) * j / STEPS,
											  b->lo[0] + (b->hi[0] - b->lo[0]) * k / STEPS,
											  b->lo[1] + (b->hi[1] - b->lo[1]) * l / STEPS));
				}
	return least;
}

static void
test_great_circles(void)
{
	int			above = 0;
	int			below = 0;

	for (int i = 0; i < 240; i++)
	{
		double		size = i % 2 ? 5 : 120;
		TsmStBox	a = random_degree_box(size);
		TsmStBox	b = random_degree_box(size);
		double		walked = walked_distance(&a, &b);
		double		step = TSM_EARTH_RADIUS * M_PI / 180 * size / STEPS;
		double		distance;

		(void) tsm_stbox_distance(&a, &b, &distance);
		/* The walk takes finite steps: it never is shorter, and not much longer. */
		above += distance > walked * (1 + 1e-9) + 0.001;
		below += walked > distance + 2 * step;
	}
	ok(above == 0, "no two points of boxes are nearer than their distance");
	ok(below == 0, "some two points of boxes are about as near as their distance");
}

static void
test_known_distances(void)
{
	TsmStBox	paris = degree_box(2.3522, 48.8566, 2.3522, 48.8566);
	TsmStBox	berlin = degree_box(13.4050, 52.5200, 13.4050, 52.5200);
	TsmStBox	west = degree_box(-179.5, 0, -179.5, 0);
	TsmStBox	east = degree_box(179.5, 0, 179.5, 0);
	TsmStBox	south_pole = degree_box(0, -90, 0, -90);
	TsmStBox	other_pole = degree_box(77, -90, 77, -90);
	TsmStBox	antipode = degree_box(-177.6478, -48.8566, -177.6478, -48.8566);
	TsmStBox	arctic = degree_box(-10, 80, 0, 85);
	TsmStBox	across = degree_box(130, 80, 170, 85);
	double		d;

	(void) tsm_stbox_distance(&paris, &berlin, &d);
	ok(fabs(d - 877464) < 100, "Paris is 877 km from Berlin");
	(void) tsm_stbox_distance(&west, &east, &d);
	ok(fabs(d - TSM_EARTH_RADIUS * M_PI / 180) < 1e-6, "one degree over the antimeridian");
	(void) tsm_stbox_distance(&south_pole, &other_pole, &d);
	ok(d < 1e-6, "a pole has any longitude");
	(void) tsm_stbox_distance(&paris, &antipode, &d);
	ok(fabs(d - TSM_EARTH_RADIUS * M_PI) < 1, "half way round to the antipode");
	/* 130 degrees apart at 85 north: 2 asin(cos 85 sin 65) */
	(void) tsm_stbox_distance(&arctic, &across, &d);
	ok(fabs(d - 2 * TSM_EARTH_RADIUS * asin(cos(85 * M_PI / 180) * sin(65 * M_PI / 180))) < 1e-3,
	   "the short way over the pole");
}

static void
test_geodetic_covers(void)
{
	int			above = 0;

	for (int i = 0; i < 100000; i++)
	{
		TsmStBox	a = random_degree_box(i % 3 ? 1 : 40);
		TsmStBox	b = random_degree_box(i % 3 ? 1 : 40);
		TsmStBox	query = i % 5 ? random_degree_box(2) : a;
		TsmStBox	cover = a;
		double		bound;
		double		d;

		tsm_stbox_cover_extend(&cover, &b);
		bound = tsm_stbox_distance_bound(&cover, &query);
		(void) tsm_stbox_distance(&a, &query, &d);
		above += bound > d;
		(void) tsm_stbox_distance(&b, &query, &d);
		above += bound > d;
		above += tsm_stbox_distance_bound(&b, &query) > d;
	}
	ok(above == 0, "no great circle is shorter than the bound of a cover");
}

static void
test_expand(void)
{
	int			lost = 0;
	int			tight = 0;
	TsmStBox	box;

	for (int i = 0; i < 100000; i++)
	{
		TsmStBox	a = random_degree_box(3);
		TsmStBox	b = random_degree_box(3);
		TsmStBox	wide = a;
		double		d;

		if (i % 2)				/* near to each other */
		{
			double		west = fmax(-180, fmin(179, a.hi[0] + between(-1, 1)));
			double		south = fmax(-90, fmin(89, a.hi[1] + between(-1, 1)));

			b = degree_box(west, south, west, south);
		}
		(void) tsm_stbox_distance(&a, &b, &d);
		tsm_stbox_expand(&wide, d);
		lost += !tsm_stbox_overlaps(&wide, &b);
		wide = a;
		tsm_stbox_expand(&wide, d * 0.5);
		tight += !tsm_stbox_overlaps(&wide, &b);
	}
	ok(lost == 0, "what is within a distance overlaps the box widened by it");
	ok(tight > 30000, "and what is farther mostly does not");

	tsm_stbox_init(&box);
	tsm_stbox_set_axis(&box, TSM_AXIS_X, 1, 2);
	tsm_stbox_set_axis(&box, TSM_AXIS_Z, -1, -1);
	tsm_stbox_expand(&box, 1);
	/* A number just below 0 is at 1 from 1, when the difference is rounded; likewise above 0 from -1. */
	ok(fabs(box.lo[0]) <= DBL_EPSILON && box.hi[0] == 3 && box.lo[2] == -2 && fabs(box.hi[2]) <= DBL_EPSILON &&
	   isinf(box.lo[1]), "a planar box grows on the axes that it has");
	tsm_stbox_set_axis(&box, TSM_AXIS_Z, 0, 0);
	tsm_stbox_expand(&box, 0);
	ok(box.lo[2] == 0 && box.hi[2] == 0 && !signbit(box.lo[2]), "nothing grows by 0, and there is no negative zero");
	tsm_stbox_expand(&box, 1.7e308);
	tsm_stbox_expand(&box, 1.7e308);
	ok(box.lo[0] == -INFINITY && box.hi[0] == INFINITY, "past the largest number it is unbounded");
}

/* A number of any magnitude, often near to another one's. */
static double
any_number(double other)
{
	double		mantissa = between(-1, 1);

	if (dice(3) == 0)
		return other + ldexp(mantissa, dice(60) - 55);
	if (dice(6) == 0)
		return dice(2) ? 0 : ldexp(mantissa, -1020 - dice(54));
	return ldexp(mantissa, dice(4) ? dice(8) : dice(2040) - 1020);
}

static TsmStBox
planar_point(int axes, double x, double y)
{
	TsmStBox	box;

	tsm_stbox_init(&box);
	tsm_stbox_set_axis(&box, TSM_AXIS_X, x, x);
	if (axes > 1)
		tsm_stbox_set_axis(&box, TSM_AXIS_Y, y, y);
	return box;
}

/* The plane: overlap with what is widened is the same as being within the distance, to the last bit. */
static void
test_expand_planar(void)
{
	int			lost = 0;
	int			gained = 0;
	TsmStBox	a,
				b,
				wide;
	double		d;

	for (int i = 0; i < 300000; i++)
	{
		int			axes = 1 + i % 2;
		double		x = any_number(1);
		double		y = any_number(x);

		a = planar_point(axes, x, y);
		b = planar_point(axes, any_number(x), any_number(y));
		(void) tsm_stbox_distance(&a, &b, &d);
		wide = a;
		tsm_stbox_expand(&wide, d);
		lost += !tsm_stbox_overlaps(&wide, &b);
		if (axes > 1 || d == 0)
			continue;
		wide = a;
		tsm_stbox_expand(&wide, nextafter(d, 0));
		gained += tsm_stbox_overlaps(&wide, &b);
	}
	ok(lost == 0, "what is exactly at a distance overlaps the box widened by it");
	ok(gained == 0, "and does not if the distance is the number below");

	a = planar_point(1, -1.7e308, 0);
	b = planar_point(1, 1.7e308, 0);
	(void) tsm_stbox_distance(&a, &b, &d);
	tsm_stbox_expand(&a, d);
	ok(d == DBL_MAX && tsm_stbox_overlaps(&a, &b), "also where the distance is more than a number holds");
}

/* Places at distance 0 by different numbers, and almost at opposite ends of the Earth. */
static void
test_expand_seams(void)
{
	static const double place[][4] = {
		{180, 0, -180, 0}, {-180, 45, 180, 45}, {0, 90, 77, 90}, {-3, -90, 120, -90},
		{0, 0, 0, 1e-200}, {0, 0, 1e-200, 0}, {0, -90, 5, 89.9999999}, {0, -90, 0, 89.99999999},
		{0, 90, 0, -89.9999998}
	};
	int			lost = 0;
	int			count = (int) (sizeof(place) / sizeof(place[0]));

	for (int i = 0; i < count; i++)
	{
		TsmStBox	a = degree_box(place[i][0], place[i][1], place[i][0], place[i][1]);
		TsmStBox	b = degree_box(place[i][2], place[i][3], place[i][2], place[i][3]);
		double		d;

		(void) tsm_stbox_distance(&a, &b, &d);
		tsm_stbox_expand(&a, i < 2 ? 0 : d);
		lost += (i < 2 && d != 0) || !tsm_stbox_overlaps(&a, &b);
	}
	ok(lost == 0, "neither the antimeridian nor a pole nor the antipode loses a place");
}

static void
test_extremes(void)
{
	TsmStBox	a,
				b;
	double		d;

	tsm_stbox_init(&a);
	tsm_stbox_set_axis(&a, TSM_AXIS_X, 0, 0);
	tsm_stbox_set_axis(&a, TSM_AXIS_Y, 0, 0);
	b = a;
	tsm_stbox_set_axis(&b, TSM_AXIS_X, 3e200, 3e200);
	tsm_stbox_set_axis(&b, TSM_AXIS_Y, 4e200, 4e200);
	(void) tsm_stbox_distance(&a, &b, &d);
	ok(fabs(d / 5e200 - 1) < 1e-15, "large distances do not overflow");
	tsm_stbox_set_axis(&b, TSM_AXIS_X, 3e-200, 3e-200);
	tsm_stbox_set_axis(&b, TSM_AXIS_Y, 4e-200, 4e-200);
	(void) tsm_stbox_distance(&a, &b, &d);
	ok(fabs(d / 5e-200 - 1) < 1e-15, "small distances do not vanish");
	tsm_stbox_set_axis(&a, TSM_AXIS_X, -1.7e308, -1.7e308);
	tsm_stbox_set_axis(&b, TSM_AXIS_X, 1.7e308, 1.7e308);
	(void) tsm_stbox_distance(&a, &b, &d);
	ok(d == DBL_MAX, "what no number holds is as far as there are numbers");
	tsm_stbox_set_axis(&a, TSM_AXIS_X, -INFINITY, 5);
	tsm_stbox_set_axis(&b, TSM_AXIS_X, 5, INFINITY);
	(void) tsm_stbox_distance(&a, &b, &d);
	ok(d == 4e-200, "unbounded boxes meet");
	ok(tsm_stbox_area(&a) == 0, "a line has no area");
}

/* What finish() says of one axis with the given bounds. */
static TsmStBoxFault
fault_of(int flags, double lo, double hi)
{
	TsmStBox	box;
	int			axis;

	tsm_stbox_init(&box);
	tsm_stbox_set_axis(&box, TSM_AXIS_X, lo, hi);
	if (flags & TSM_STBOX_HAS_Y)
		tsm_stbox_set_axis(&box, TSM_AXIS_Y, lo, hi);
	box.flags |= flags;
	return tsm_stbox_finish(&box, &axis);
}

static TsmStBoxFault
time_fault(int64_t lower, bool lower_included, int64_t upper, bool upper_included)
{
	TsmStBox	box;

	tsm_stbox_init(&box);
	return tsm_stbox_set_time(&box, lower, lower_included, upper, upper_included);
}

static void
test_faults(void)
{
	TsmStBox	box;
	int			axis;
	bool		included;
	const int	globe = TSM_STBOX_HAS_Y | TSM_STBOX_GEODETIC;

	tsm_stbox_init(&box);
	ok(tsm_stbox_finish(&box, &axis) == TSM_STBOX_NO_AXIS, "no axis");
	ok(fault_of(0, NAN, 1) == TSM_STBOX_BAD_NAN && fault_of(0, 1, NAN) == TSM_STBOX_BAD_NAN, "NaN");
	ok(fault_of(0, INFINITY, INFINITY) == TSM_STBOX_BAD_INFINITY &&
	   fault_of(0, -INFINITY, -INFINITY) == TSM_STBOX_BAD_INFINITY, "at infinity");
	ok(fault_of(0, -INFINITY, INFINITY) == TSM_STBOX_OK, "unbounded is no fault");
	ok(fault_of(0, 2, 1) == TSM_STBOX_BAD_ORDER, "reversed");
	ok(fault_of(TSM_STBOX_GEODETIC, 1, 2) == TSM_STBOX_GEODETIC_AXES, "a longitude without a latitude");
	ok(fault_of(globe, -90, 90) == TSM_STBOX_OK && fault_of(globe, -90, 90.0000001) == TSM_STBOX_BAD_DEGREES &&
	   fault_of(globe, -180.0000001, 0) == TSM_STBOX_BAD_DEGREES, "limits of degrees");
	ok(fault_of(globe, 2, 1) == TSM_STBOX_ANTIMERIDIAN, "over the antimeridian");

	ok(time_fault(5, true, 5, true) == TSM_STBOX_OK, "an instant");
	ok(time_fault(5, true, 5, false) == TSM_STBOX_EMPTY_TIME &&
	   time_fault(5, false, 6, false) == TSM_STBOX_EMPTY_TIME, "no microsecond between");
	ok(time_fault(6, true, 5, true) == TSM_STBOX_BAD_ORDER, "reversed time");
	ok(time_fault(TSM_TIME_UNBOUNDED_HI, true, TSM_TIME_UNBOUNDED_HI, true) == TSM_STBOX_BAD_INFINITY &&
	   time_fault(TSM_TIME_UNBOUNDED_LO, true, TSM_TIME_UNBOUNDED_LO, true) == TSM_STBOX_BAD_INFINITY,
	   "time at infinity");
	ok(time_fault(TSM_TIME_MIN - 1, true, 5, true) == TSM_STBOX_BAD_TIME &&
	   time_fault(TSM_TIME_MIN, true, TSM_TIME_END - 1, true) == TSM_STBOX_OK &&
	   time_fault(0, true, TSM_TIME_END + 1, true) == TSM_STBOX_BAD_TIME, "limits of time");

	tsm_stbox_init(&box);
	(void) tsm_stbox_set_time(&box, 5, true, 9, false);
	ok(box.t_hi == 8 && tsm_stbox_time_end(&box, &included) == 9 && !included, "half-open time");
	(void) tsm_stbox_set_time(&box, 5, true, TSM_TIME_END - 1, true);
	ok(tsm_stbox_time_end(&box, &included) == TSM_TIME_END - 1 && included, "the last microsecond there is");
	box.t_lo = TSM_TIME_UNBOUNDED_HI;
	ok(tsm_stbox_finish(&box, &axis) == TSM_STBOX_BAD_INFINITY, "finish: time at infinity");
	box.t_lo = TSM_TIME_MIN - 1;
	ok(tsm_stbox_finish(&box, &axis) == TSM_STBOX_BAD_TIME, "finish: not a time");
	box.t_lo = 10;
	box.t_hi = 9;
	ok(tsm_stbox_finish(&box, &axis) == TSM_STBOX_BAD_ORDER, "finish: reversed time");
	tsm_stbox_init(&box);
	tsm_stbox_set_axis(&box, TSM_AXIS_X, -0.0, -0.0);
	(void) tsm_stbox_finish(&box, &axis);
	ok(!signbit(box.lo[0]) && !signbit(box.hi[0]), "no negative zero");
}

static void
test_kinds(void)
{
	TsmStBox	planar,
				globe = degree_box(1, 2, 3, 4),
				time,
				cover;
	int			true_ops = 0;
	int			lost = 0;
	int			above = 0;
	double		d;

	planar = globe;
	planar.flags &= ~TSM_STBOX_GEODETIC;
	tsm_stbox_init(&time);
	(void) tsm_stbox_set_time(&time, 1, true, 2, true);
	ok(!tsm_stbox_comparable(&planar, &globe) && tsm_stbox_comparable(&planar, &time) &&
	   tsm_stbox_comparable(&globe, &time), "geodetic and planar boxes cannot be compared");
	for (int o = 0; o < OP_COUNT; o++)
		true_ops += tsm_stbox_test(all_ops[o], &planar, &globe);
	ok(true_ops == 0 && !tsm_stbox_distance(&planar, &globe, &d), "they have nothing in common");
	(void) tsm_stbox_set_time(&planar, 1, true, 2, true);
	(void) tsm_stbox_set_time(&globe, 3, true, 4, true);
	ok(tsm_stbox_test(TSM_STBOX_BEFORE, &planar, &globe) && !tsm_stbox_test(TSM_STBOX_BEFORE, &globe, &planar),
	   "but time");

	/* Covers of both kinds, and of boxes without space. */
	for (int i = 0; i < 20000; i++)
	{
		TsmStBox	boxes[3];
		TsmStBox	query = dice(2) ? random_degree_box(60) : grid_box();

		for (int j = 0; j < 3; j++)
		{
			boxes[j] = dice(2) ? random_degree_box(60) : grid_box();
			if (boxes[j].flags & TSM_STBOX_HAS_Y && !(boxes[j].flags & TSM_STBOX_GEODETIC) && dice(2))
				boxes[j].hi[TSM_AXIS_Y] = 5000;
			if (j == 0)
				cover = boxes[0];
			else
				tsm_stbox_cover_extend(&cover, &boxes[j]);
		}
		for (int j = 0; j < 3; j++)
		{
			above += tsm_stbox_distance(&boxes[j], &query, &d) && tsm_stbox_distance_bound(&cover, &query) > d;
			for (int o = 0; o < OP_COUNT; o++)
				lost += tsm_stbox_test(all_ops[o], &boxes[j], &query) && !tsm_stbox_cover_test(all_ops[o], &cover, &query);
		}
	}
	ok(lost == 0 && above == 0, "covers of both kinds lose nothing");
	cover = planar;
	ok(isinf(tsm_stbox_distance_bound(&cover, &globe)), "a planar cover has no geodetic distance");
}

int
main(void)
{
	test_operators();
	test_covers();
	test_combinations();
	test_known_distances();
	test_great_circles();
	test_geodetic_covers();
	test_expand();
	test_expand_planar();
	test_expand_seams();
	test_extremes();
	test_faults();
	test_kinds();
	printf("1..%d\n", tests);
	return failures != 0;
}
