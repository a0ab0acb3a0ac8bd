/*-------------------------------------------------------------------------
 *
 * tsm_spatial_distance.c
 *	  Kernels of the box in space and time: distances, their bounds, widening.
 *
 * Planar distances are Euclidean. Geodetic ones are along great circles of a
 * sphere, in the haversine form: hav(d) = hav(dlat) + cos lat1 cos lat2 hav(dlon),
 * where hav(a) = sin(a/2)^2. It is exact for small distances, unlike the cosine form.
 *
 * Compiled without contraction of floating-point expressions, so that a value
 * is the same wherever it is computed.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_spatial.h"

#include <float.h>
#include <math.h>

#define DEGREE (M_PI / 180.0)

/*
 * What a bound gives away, so that no rounding lifts it above a distance below
 * it: some ulps of a planar distance; of a haversine, 1e-12 of it and 1e-30,
 * which is about 10 nm on the ground near the query and metres at the antipode.
 */
#define PLANAR_SLACK		(8 * DBL_EPSILON)
#define HAVERSINE_SLACK		1e-12
#define HAVERSINE_SLACK_ABS 1e-30

/* Squares of numbers within these limits neither overflow nor vanish. */
#define SQUARE_MAX	1e150
#define SQUARE_MIN	1e-150

/* The gap between two closed intervals; 0 if they meet. */
static double
interval_gap(double a_lo, double a_hi, double b_lo, double b_hi)
{
	if (a_lo > b_hi)
		return a_lo - b_hi;
	if (b_lo > a_hi)
		return b_lo - a_hi;
	return 0;
}

static double
axis_gap(const TsmStBox *a, const TsmStBox *b, int axis)
{
	return interval_gap(a->lo[axis], a->hi[axis], b->lo[axis], b->hi[axis]);
}

/*
 * The length of a vector, scaled when its squares would leave the range of a
 * double. At most the largest double: infinity is left to mean "no distance".
 */
static double
vector_length(const double gap[TSM_SPACE_AXES])
{
	double		largest = fmax(gap[0], fmax(gap[1], gap[2]));
	double		x;
	double		y;
	double		z;

	if (largest == 0)
		return 0;
	if (isinf(largest))
		return DBL_MAX;
	if (largest > SQUARE_MIN && largest < SQUARE_MAX)
		return sqrt(gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2]);
	x = gap[0] / largest;
	y = gap[1] / largest;
	z = gap[2] / largest;
	return fmin(largest * sqrt(x * x + y * y + z * z), DBL_MAX);
}

/* Degrees of longitude between two boxes, the shorter way round. */
static double
longitude_gap(const TsmStBox *a, const TsmStBox *b)
{
	double		direct = axis_gap(a, b, TSM_AXIS_X);
	double		around;

	if (direct == 0)
		return 0;
	around = fmin(a->lo[TSM_AXIS_X] + 360 - b->hi[TSM_AXIS_X],
				  b->lo[TSM_AXIS_X] + 360 - a->hi[TSM_AXIS_X]);
	return fmin(direct, fmax(around, 0));
}

/* The haversine between two points, given in degrees. */
static double
haversine(double lat1, double lat2, double longitude)
{
	double		s = sin((lat1 - lat2) * DEGREE / 2);
	double		t = sin(longitude * DEGREE / 2);

	return s * s + cos(lat1 * DEGREE) * cos(lat2 * DEGREE) * t * t;
}

/*
 * The least haversine between a point and a piece of a meridian. The point
 * nearest on the whole great circle is at atan2(sin lat, cos lat cos gap); if
 * the piece does not reach it, one of its ends is the nearest.
 */
static double
haversine_to_meridian(double lat, double lo, double hi, double longitude)
{
	double		nearest;

	if (lo == hi)
		return haversine(lat, lo, longitude);
	nearest = atan2(sin(lat * DEGREE), cos(lat * DEGREE) * cos(longitude * DEGREE)) / DEGREE;
	if (nearest >= lo && nearest <= hi)
		return haversine(lat, nearest, longitude);
	return fmin(haversine(lat, lo, longitude), haversine(lat, hi, longitude));
}

/*
 * The least haversine between two geodetic boxes. If they share a longitude it
 * is along that meridian, as no way is shorter than the difference of the
 * latitudes. If not, it is between the two sides that face each other, pieces
 * of meridians, and at an end of one of them: between two meridians the inner
 * stationary point, on the equator, is a saddle.
 */
static double
surface_haversine(const TsmStBox *a, const TsmStBox *b)
{
	double		longitude = longitude_gap(a, b);
	double		a_lo = a->lo[TSM_AXIS_Y];
	double		a_hi = a->hi[TSM_AXIS_Y];
	double		b_lo = b->lo[TSM_AXIS_Y];
	double		b_hi = b->hi[TSM_AXIS_Y];
	double		least;

	if (longitude == 0)
	{
		double		s = sin(axis_gap(a, b, TSM_AXIS_Y) * DEGREE / 2);

		return s * s;
	}
	least = haversine_to_meridian(a_lo, b_lo, b_hi, longitude);
	if (a_hi != a_lo)
		least = fmin(least, haversine_to_meridian(a_hi, b_lo, b_hi, longitude));
	if (a_hi != a_lo || b_hi != b_lo)
	{
		least = fmin(least, haversine_to_meridian(b_lo, a_lo, a_hi, longitude));
		least = fmin(least, haversine_to_meridian(b_hi, a_lo, a_hi, longitude));
	}
	return least;
}

static double
haversine_metres(double h)
{
	return 2 * TSM_EARTH_RADIUS * asin(fmin(1, sqrt(fmax(h, 0))));
}

/* The gap on each axis of space that both have, 0 on the others. */
static void
planar_gaps(const TsmStBox *a, const TsmStBox *b, double gap[TSM_SPACE_AXES])
{
	int			shared = a->flags & b->flags;
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
		gap[axis] = shared & (TSM_STBOX_HAS_X << axis) ? axis_gap(a, b, axis) : 0;
}

bool
tsm_stbox_distance(const TsmStBox *a, const TsmStBox *b, double *distance)
{
	int			shared = a->flags & b->flags;
	double		gap[TSM_SPACE_AXES];

	if ((shared & TSM_STBOX_SPACE) == 0 || !tsm_stbox_comparable(a, b))
		return false;
	planar_gaps(a, b, gap);
	if (shared & TSM_STBOX_GEODETIC)
	{
		gap[TSM_AXIS_X] = haversine_metres(surface_haversine(a, b));
		gap[TSM_AXIS_Y] = 0;
	}
	*distance = vector_length(gap);
	return true;
}

bool
tsm_stbox_approach(const TsmStBox *a, const TsmStBox *b, double *distance)
{
	/* A box without time is there always: its bounds are unbounded. */
	if (a->t_lo > b->t_hi || b->t_lo > a->t_hi)
		return false;
	return tsm_stbox_distance(a, b, distance);
}

/*
 * The haversine bound. A cover may hold planar boxes too, or boxes without x
 * and y; then it reaches beyond the degrees of those that count.
 */
static double
surface_bound(const TsmStBox *cover, const TsmStBox *query)
{
	TsmStBox	globe = *cover;

	globe.lo[TSM_AXIS_X] = fmax(globe.lo[TSM_AXIS_X], -180);
	globe.hi[TSM_AXIS_X] = fmin(globe.hi[TSM_AXIS_X], 180);
	globe.lo[TSM_AXIS_Y] = fmax(globe.lo[TSM_AXIS_Y], -90);
	globe.hi[TSM_AXIS_Y] = fmin(globe.hi[TSM_AXIS_Y], 90);
	return haversine_metres(surface_haversine(&globe, query) * (1 - HAVERSINE_SLACK) -
							HAVERSINE_SLACK_ABS);
}

double
tsm_stbox_distance_bound(const TsmStBox *cover, const TsmStBox *query)
{
	int			shared = cover->flags & query->flags;
	double		gap[TSM_SPACE_AXES];

	/* A cover that is not geodetic has no geodetic box below it. */
	if ((shared & TSM_STBOX_SPACE) == 0 || (query->flags & ~cover->flags & TSM_STBOX_GEODETIC))
		return INFINITY;
	planar_gaps(cover, query, gap);
	if (shared & TSM_STBOX_GEODETIC)
	{
		gap[TSM_AXIS_X] = surface_bound(cover, query);
		gap[TSM_AXIS_Y] = 0;
	}
	return vector_length(gap) * (1 - PLANAR_SLACK);
}

/*
 * The largest number whose distance from the bound, as it is computed, is not
 * above the given one: what bound + distance is, but for the rounding of either.
 */
static double
reach_of(double bound, double distance)
{
	double		sum = bound + distance;
	double		part = sum - bound;
	double		lost = (bound - (sum - part)) + (distance - part);	/* by that sum (Knuth) */
	double		half_ulp = (nextafter(distance, INFINITY) - distance) / 2;
	double		reach;
	int			step;

	if (distance == 0)
		return bound;
	/* Past the largest double, as what is farther apart is at that distance. */
	if (isinf(sum) || distance >= DBL_MAX)
		return INFINITY;
	/* At most four steps too far, from where the last one that is near enough is looked for. */
	reach = nextafter(nextafter(sum + (lost + half_ulp), INFINITY), INFINITY);
	for (step = 0; step < 4 && reach - bound > distance; step++)
		reach = nextafter(reach, -INFINITY);
	return reach;
}

/*
 * Degrees of latitude and longitude, widened by metres, and by more than the
 * rounding of what follows and of the distance itself: half of its digits are
 * lost near the antipode, where the haversine is flat.
 */
static void
expand_degrees(TsmStBox *box, double distance)
{
	double		angle = (distance * (1 + 1e-9) + 1e-6) / TSM_EARTH_RADIUS;
	double		farthest = fmax(fabs(box->lo[TSM_AXIS_Y]), fabs(box->hi[TSM_AXIS_Y]));
	double		longitude = 360;

	if (angle > 3)
		angle += 1e-7;
	if (angle < M_PI / 2 && farthest + angle / DEGREE < 90)
		longitude = asin(fmin(1, sin(angle) / cos(farthest * DEGREE))) / DEGREE * (1 + 1e-9);

	box->lo[TSM_AXIS_Y] = fmax(-90, box->lo[TSM_AXIS_Y] - angle / DEGREE);
	box->hi[TSM_AXIS_Y] = fmin(90, box->hi[TSM_AXIS_Y] + angle / DEGREE);
	box->lo[TSM_AXIS_X] -= longitude;
	box->hi[TSM_AXIS_X] += longitude;
	if (box->lo[TSM_AXIS_X] <= -180 || box->hi[TSM_AXIS_X] >= 180)
	{
		box->lo[TSM_AXIS_X] = -180;
		box->hi[TSM_AXIS_X] = 180;
	}
}

void
tsm_stbox_expand(TsmStBox *box, double distance)
{
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if ((box->flags & TSM_STBOX_GEODETIC) && axis != TSM_AXIS_Z)
			continue;
		/* + 0.0 turns -0.0 into 0.0 */
		box->lo[axis] = -reach_of(-box->lo[axis], distance) + 0.0;
		box->hi[axis] = reach_of(box->hi[axis], distance) + 0.0;
	}
	if (box->flags & TSM_STBOX_GEODETIC)
		expand_degrees(box, distance);
}

double
tsm_stbox_area(const TsmStBox *box)
{
	double		x = box->hi[TSM_AXIS_X] - box->lo[TSM_AXIS_X];
	double		y = box->hi[TSM_AXIS_Y] - box->lo[TSM_AXIS_Y];

	if (box->flags & TSM_STBOX_GEODETIC)
	{
		x *= DEGREE * TSM_EARTH_RADIUS;
		y = TSM_EARTH_RADIUS * (sin(box->hi[TSM_AXIS_Y] * DEGREE) - sin(box->lo[TSM_AXIS_Y] * DEGREE));
	}
	/* A line has no area, however long. */
	return x == 0 || y == 0 ? 0 : x * y;
}
