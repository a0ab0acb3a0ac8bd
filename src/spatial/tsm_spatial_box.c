/*-------------------------------------------------------------------------
 *
 * tsm_spatial_box.c
 *	  Kernels of the box in space and time: making, comparing, combining.
 *
 *-------------------------------------------------------------------------
 */
#include "tsm_spatial.h"

#include <math.h>
#include <string.h>

void
tsm_stbox_init(TsmStBox *box)
{
	int			axis;

	memset(box, 0, sizeof(TsmStBox));
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		box->lo[axis] = -INFINITY;
		box->hi[axis] = INFINITY;
	}
	box->t_lo = TSM_TIME_UNBOUNDED_LO;
	box->t_hi = TSM_TIME_UNBOUNDED_HI;
	box->version = TSM_STBOX_VERSION;
}

void
tsm_stbox_set_axis(TsmStBox *box, int axis, double lo, double hi)
{
	box->lo[axis] = lo;
	box->hi[axis] = hi;
	box->flags |= TSM_STBOX_HAS_X << axis;
}

/* A bound of time that is neither unbounded nor a timestamptz does not exist. */
static bool
time_is_valid(int64_t t)
{
	return t >= TSM_TIME_MIN && t < TSM_TIME_END;
}

TsmStBoxFault
tsm_stbox_set_time(TsmStBox *box, int64_t lower, bool lower_included,
				   int64_t upper, bool upper_included)
{
	bool		lower_bounded = lower != TSM_TIME_UNBOUNDED_LO;
	bool		upper_bounded = upper != TSM_TIME_UNBOUNDED_HI;

	if (lower == TSM_TIME_UNBOUNDED_HI || upper == TSM_TIME_UNBOUNDED_LO)
		return TSM_STBOX_BAD_INFINITY;
	if ((lower_bounded && !time_is_valid(lower)) || (upper_bounded && upper > TSM_TIME_END) ||
		upper < TSM_TIME_MIN)
		return TSM_STBOX_BAD_TIME;
	if (lower > upper)
		return TSM_STBOX_BAD_ORDER;

	/* Valid bounds are far from the limits of int64. */
	box->t_lo = lower + (lower_bounded && !lower_included);
	box->t_hi = upper - (upper_bounded && !upper_included);
	box->flags |= TSM_STBOX_HAS_T;
	return box->t_lo > box->t_hi ? TSM_STBOX_EMPTY_TIME : TSM_STBOX_OK;
}

int64_t
tsm_stbox_time_end(const TsmStBox *box, bool *included)
{
	if (box->t_hi == TSM_TIME_UNBOUNDED_HI)
	{
		*included = false;
		return box->t_hi;
	}
	/* An instant, or the end cannot be said by the microsecond after it. */
	*included = box->t_lo == box->t_hi || !time_is_valid(box->t_hi + 1);
	return *included ? box->t_hi : box->t_hi + 1;
}

static TsmStBoxFault
finish_space(TsmStBox *box, int axis)
{
	if ((box->flags & (TSM_STBOX_HAS_X << axis)) == 0)
	{
		box->lo[axis] = -INFINITY;
		box->hi[axis] = INFINITY;
		return TSM_STBOX_OK;
	}
	if (isnan(box->lo[axis]) || isnan(box->hi[axis]))
		return TSM_STBOX_BAD_NAN;
	if (box->lo[axis] == INFINITY || box->hi[axis] == -INFINITY)
		return TSM_STBOX_BAD_INFINITY;
	if (box->lo[axis] > box->hi[axis])
		return (box->flags & TSM_STBOX_GEODETIC) && axis == TSM_AXIS_X ?
			TSM_STBOX_ANTIMERIDIAN : TSM_STBOX_BAD_ORDER;
	/* -0.0 + 0.0 is 0.0 */
	box->lo[axis] += 0.0;
	box->hi[axis] += 0.0;
	return TSM_STBOX_OK;
}

static TsmStBoxFault
finish_time(TsmStBox *box)
{
	if ((box->flags & TSM_STBOX_HAS_T) == 0)
	{
		box->t_lo = TSM_TIME_UNBOUNDED_LO;
		box->t_hi = TSM_TIME_UNBOUNDED_HI;
		return TSM_STBOX_OK;
	}
	if (box->t_lo == TSM_TIME_UNBOUNDED_HI || box->t_hi == TSM_TIME_UNBOUNDED_LO)
		return TSM_STBOX_BAD_INFINITY;
	if ((box->t_lo != TSM_TIME_UNBOUNDED_LO && !time_is_valid(box->t_lo)) ||
		(box->t_hi != TSM_TIME_UNBOUNDED_HI && !time_is_valid(box->t_hi)))
		return TSM_STBOX_BAD_TIME;
	return box->t_lo > box->t_hi ? TSM_STBOX_BAD_ORDER : TSM_STBOX_OK;
}

static TsmStBoxFault
check_degrees(const TsmStBox *box, int *axis)
{
	static const double limit[] = {180, 90};

	if ((box->flags & TSM_STBOX_GEODETIC) == 0)
		return TSM_STBOX_OK;
	if ((box->flags & TSM_STBOX_HAS_X) == 0 || (box->flags & TSM_STBOX_HAS_Y) == 0)
		return TSM_STBOX_GEODETIC_AXES;
	for (*axis = TSM_AXIS_X; *axis <= TSM_AXIS_Y; (*axis)++)
	{
		if (box->lo[*axis] < -limit[*axis] || box->hi[*axis] > limit[*axis])
			return TSM_STBOX_BAD_DEGREES;
	}
	return TSM_STBOX_OK;
}

TsmStBoxFault
tsm_stbox_finish(TsmStBox *box, int *axis)
{
	TsmStBoxFault fault;

	*axis = TSM_AXIS_X;
	if ((box->flags & TSM_STBOX_AXES) == 0)
		return TSM_STBOX_NO_AXIS;
	for (; *axis < TSM_SPACE_AXES; (*axis)++)
	{
		fault = finish_space(box, *axis);
		if (fault != TSM_STBOX_OK)
			return fault;
	}
	fault = finish_time(box);
	if (fault != TSM_STBOX_OK)
		return fault;
	return check_degrees(box, axis);
}

bool
tsm_stbox_comparable(const TsmStBox *a, const TsmStBox *b)
{
	if ((a->flags & TSM_STBOX_SPACE) == 0 || (b->flags & TSM_STBOX_SPACE) == 0)
		return true;
	return ((a->flags ^ b->flags) & TSM_STBOX_GEODETIC) == 0;
}

/* The axes on which the boxes can be compared as places and times; none if not at all. */
static int
shared_axes(const TsmStBox *a, const TsmStBox *b)
{
	return tsm_stbox_comparable(a, b) ? a->flags & b->flags & TSM_STBOX_AXES : 0;
}

/* Nowhere apart; an axis that one of them has not is unbounded in it. */
static bool
meets_everywhere(const TsmStBox *a, const TsmStBox *b)
{
	return (a->lo[0] <= b->hi[0]) & (b->lo[0] <= a->hi[0]) &
		(a->lo[1] <= b->hi[1]) & (b->lo[1] <= a->hi[1]) &
		(a->lo[2] <= b->hi[2]) & (b->lo[2] <= a->hi[2]) &
		(a->t_lo <= b->t_hi) & (b->t_lo <= a->t_hi);
}

bool
tsm_stbox_overlaps(const TsmStBox *a, const TsmStBox *b)
{
	return meets_everywhere(a, b) && shared_axes(a, b) != 0;
}

/* a's bounds are around b's on the given axes. */
static bool
encloses(const TsmStBox *a, const TsmStBox *b, int axes)
{
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if ((axes & (TSM_STBOX_HAS_X << axis)) &&
			!(a->lo[axis] <= b->lo[axis] && b->hi[axis] <= a->hi[axis]))
			return false;
	}
	return (axes & TSM_STBOX_HAS_T) == 0 || (a->t_lo <= b->t_lo && b->t_hi <= a->t_hi);
}

bool
tsm_stbox_contains(const TsmStBox *a, const TsmStBox *b)
{
	int			shared = shared_axes(a, b);

	return shared != 0 && encloses(a, b, shared);
}

/* Whether a microsecond after the end of one begins the other. */
static bool
time_touches(const TsmStBox *a, const TsmStBox *b)
{
	return (a->t_hi != TSM_TIME_UNBOUNDED_HI && a->t_hi + 1 == b->t_lo) ||
		(b->t_hi != TSM_TIME_UNBOUNDED_HI && b->t_hi + 1 == a->t_lo);
}

/* They share a face of an axis, and are not the same there. */
static bool
space_touches(const TsmStBox *a, const TsmStBox *b, int axis)
{
	return (a->hi[axis] == b->lo[axis] || b->hi[axis] == a->lo[axis]) &&
		(a->lo[axis] != b->lo[axis] || a->hi[axis] != b->hi[axis]);
}

bool
tsm_stbox_adjacent(const TsmStBox *a, const TsmStBox *b)
{
	int			shared = shared_axes(a, b);
	bool		touches = false;
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if ((shared & (TSM_STBOX_HAS_X << axis)) == 0)
			continue;
		if (a->lo[axis] > b->hi[axis] || b->lo[axis] > a->hi[axis])
			return false;
		touches = touches || space_touches(a, b, axis);
	}
	if ((shared & TSM_STBOX_HAS_T) == 0)
		return touches;
	if (time_touches(a, b))
		return true;
	return touches && a->t_lo <= b->t_hi && b->t_lo <= a->t_hi;
}

bool
tsm_stbox_same(const TsmStBox *a, const TsmStBox *b)
{
	return memcmp(a, b, sizeof(TsmStBox)) == 0;
}

/* One axis of a box, its bounds brought into an order that suits any comparison. */
static int
compare_bound(const TsmStBox *a, bool a_upper, const TsmStBox *b, bool b_upper, int axis)
{
	if (axis == TSM_AXIS_T)
	{
		int64_t		s = a_upper ? a->t_hi : a->t_lo;
		int64_t		t = b_upper ? b->t_hi : b->t_lo;

		return (s > t) - (s < t);
	}
	else
	{
		double		s = a_upper ? a->hi[axis] : a->lo[axis];
		double		t = b_upper ? b->hi[axis] : b->lo[axis];

		return (s > t) - (s < t);
	}
}

/* The four operators of one axis. */
typedef enum Position
{
	ALL_BEFORE,					/* a ends before b begins */
	NOT_AFTER,					/* a ends no later than b ends */
	NOT_BEFORE,					/* a begins no earlier than b begins */
	ALL_AFTER					/* a begins after b ends */
} Position;

static const struct
{
	uint8_t		op;
	uint8_t		axis;
	uint8_t		position;
}			positions[] =
{
	{TSM_STBOX_LEFT, TSM_AXIS_X, ALL_BEFORE},
	{TSM_STBOX_OVERLEFT, TSM_AXIS_X, NOT_AFTER},
	{TSM_STBOX_OVERRIGHT, TSM_AXIS_X, NOT_BEFORE},
	{TSM_STBOX_RIGHT, TSM_AXIS_X, ALL_AFTER},
	{TSM_STBOX_BELOW, TSM_AXIS_Y, ALL_BEFORE},
	{TSM_STBOX_OVERBELOW, TSM_AXIS_Y, NOT_AFTER},
	{TSM_STBOX_OVERABOVE, TSM_AXIS_Y, NOT_BEFORE},
	{TSM_STBOX_ABOVE, TSM_AXIS_Y, ALL_AFTER},
	{TSM_STBOX_FRONT, TSM_AXIS_Z, ALL_BEFORE},
	{TSM_STBOX_OVERFRONT, TSM_AXIS_Z, NOT_AFTER},
	{TSM_STBOX_OVERBACK, TSM_AXIS_Z, NOT_BEFORE},
	{TSM_STBOX_BACK, TSM_AXIS_Z, ALL_AFTER},
	{TSM_STBOX_BEFORE, TSM_AXIS_T, ALL_BEFORE},
	{TSM_STBOX_OVERBEFORE, TSM_AXIS_T, NOT_AFTER},
	{TSM_STBOX_OVERAFTER, TSM_AXIS_T, NOT_BEFORE},
	{TSM_STBOX_AFTER, TSM_AXIS_T, ALL_AFTER},
};

#define POSITION_COUNT ((int) (sizeof(positions) / sizeof(positions[0])))

/* Index into positions[], or POSITION_COUNT for another operator. */
static int
find_position(TsmStBoxOp op)
{
	int			i = 0;

	while (i < POSITION_COUNT && positions[i].op != op)
		i++;
	return i;
}

static bool
test_position(TsmStBoxOp op, const TsmStBox *a, const TsmStBox *b)
{
	int			i = find_position(op);
	int			axis;

	if (i == POSITION_COUNT)
		return false;
	axis = positions[i].axis;
	/* Time is the same on the globe and in the plane. */
	if ((a->flags & b->flags & (TSM_STBOX_HAS_X << axis)) == 0 ||
		(axis != TSM_AXIS_T && !tsm_stbox_comparable(a, b)))
		return false;
	switch ((Position) positions[i].position)
	{
		case ALL_BEFORE:
			return compare_bound(a, true, b, false, axis) < 0;
		case NOT_AFTER:
			return compare_bound(a, true, b, true, axis) <= 0;
		case NOT_BEFORE:
			return compare_bound(a, false, b, false, axis) >= 0;
		case ALL_AFTER:
			return compare_bound(a, false, b, true, axis) > 0;
	}
	return false;
}

bool
tsm_stbox_test(TsmStBoxOp op, const TsmStBox *a, const TsmStBox *b)
{
	switch (op)
	{
		case TSM_STBOX_OVERLAPS:
			return tsm_stbox_overlaps(a, b);
		case TSM_STBOX_CONTAINS:
			return tsm_stbox_contains(a, b);
		case TSM_STBOX_CONTAINED:
			return tsm_stbox_contains(b, a);
		case TSM_STBOX_SAME:
		case TSM_STBOX_EQUAL:
			return tsm_stbox_same(a, b);
		case TSM_STBOX_ADJACENT:
			return tsm_stbox_adjacent(a, b);
		default:
			return test_position(op, a, b);
	}
}

int
tsm_stbox_compare(const TsmStBox *a, const TsmStBox *b)
{
	int			axis;

	for (axis = 0; axis < TSM_AXIS_COUNT; axis++)
	{
		int			order = compare_bound(a, false, b, false, axis);

		if (order == 0)
			order = compare_bound(a, true, b, true, axis);
		if (order != 0)
			return order;
	}
	return (a->flags > b->flags) - (a->flags < b->flags);
}

/* Widens the box on the given axes to be around the other's bounds. */
static void
widen(TsmStBox *box, const TsmStBox *other, int axes)
{
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if ((axes & (TSM_STBOX_HAS_X << axis)) == 0)
			continue;
		if (other->lo[axis] < box->lo[axis])
			box->lo[axis] = other->lo[axis];
		if (other->hi[axis] > box->hi[axis])
			box->hi[axis] = other->hi[axis];
	}
	if ((axes & TSM_STBOX_HAS_T) == 0)
		return;
	if (other->t_lo < box->t_lo)
		box->t_lo = other->t_lo;
	if (other->t_hi > box->t_hi)
		box->t_hi = other->t_hi;
}

/* Narrows the box to the other's bounds; what the other has not is unbounded in it. */
static void
narrow(TsmStBox *box, const TsmStBox *other)
{
	int			axis;

	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (other->lo[axis] > box->lo[axis])
			box->lo[axis] = other->lo[axis];
		if (other->hi[axis] < box->hi[axis])
			box->hi[axis] = other->hi[axis];
	}
	if (other->t_lo > box->t_lo)
		box->t_lo = other->t_lo;
	if (other->t_hi < box->t_hi)
		box->t_hi = other->t_hi;
	box->flags |= other->flags;
}

void
tsm_stbox_union(TsmStBox *result, const TsmStBox *a, const TsmStBox *b)
{
	TsmStBox	box = *a;
	int			shared = a->flags & b->flags & TSM_STBOX_AXES;
	int			axis;

	/* An axis of one of them only keeps that one's bounds. */
	for (axis = 0; axis < TSM_SPACE_AXES; axis++)
	{
		if (b->flags & ~shared & (TSM_STBOX_HAS_X << axis))
			tsm_stbox_set_axis(&box, axis, b->lo[axis], b->hi[axis]);
	}
	if (b->flags & ~shared & TSM_STBOX_HAS_T)
	{
		box.t_lo = b->t_lo;
		box.t_hi = b->t_hi;
	}
	widen(&box, b, shared);
	box.flags |= b->flags;
	*result = box;
}

bool
tsm_stbox_intersection(TsmStBox *result, const TsmStBox *a, const TsmStBox *b)
{
	TsmStBox	box = *a;

	if (!tsm_stbox_overlaps(a, b))
		return false;
	narrow(&box, b);
	*result = box;
	return true;
}

void
tsm_stbox_cover_extend(TsmStBox *cover, const TsmStBox *box)
{
	/* Absent axes are unbounded on either side, so the union of bounds is the cover. */
	widen(cover, box, TSM_STBOX_AXES);
	cover->flags |= box->flags;
}

static bool
cover_test_position(TsmStBoxOp op, const TsmStBox *cover, const TsmStBox *query)
{
	int			i = find_position(op);
	int			axis;

	if (i == POSITION_COUNT)
		return true;
	axis = positions[i].axis;
	if ((cover->flags & query->flags & (TSM_STBOX_HAS_X << axis)) == 0)
		return false;
	switch ((Position) positions[i].position)
	{
		case ALL_BEFORE:
			return compare_bound(cover, false, query, false, axis) < 0;
		case NOT_AFTER:
			return compare_bound(cover, false, query, true, axis) <= 0;
		case NOT_BEFORE:
			return compare_bound(cover, true, query, false, axis) >= 0;
		case ALL_AFTER:
			return compare_bound(cover, true, query, true, axis) > 0;
	}
	return true;
}

/* As meets_everywhere, but one microsecond between them does not part them. */
static bool
meets_or_touches(const TsmStBox *cover, const TsmStBox *query)
{
	TsmStBox	wider = *query;

	if (wider.t_lo != TSM_TIME_UNBOUNDED_LO)
		wider.t_lo--;
	if (wider.t_hi != TSM_TIME_UNBOUNDED_HI)
		wider.t_hi++;
	return meets_everywhere(cover, &wider);
}

bool
tsm_stbox_cover_test(TsmStBoxOp op, const TsmStBox *cover, const TsmStBox *query)
{
	int			shared = cover->flags & query->flags & TSM_STBOX_AXES;

	switch (op)
	{
		case TSM_STBOX_OVERLAPS:
		case TSM_STBOX_CONTAINED:
			return shared != 0 && meets_everywhere(cover, query);
		case TSM_STBOX_CONTAINS:
			return shared != 0 && encloses(cover, query, shared);
		case TSM_STBOX_SAME:
		case TSM_STBOX_EQUAL:
			return (query->flags & TSM_STBOX_AXES) == shared &&
				encloses(cover, query, TSM_STBOX_AXES);
		case TSM_STBOX_ADJACENT:
			return shared != 0 && meets_or_touches(cover, query);
		default:
			return cover_test_position(op, cover, query);
	}
}
