/*-------------------------------------------------------------------------
 *
 * tsm_spatial.h
 *	  Public header of the room: the box in space and time, and its kernels.
 *
 * Kernels know no Datum: no palloc, no ereport, no server header. They can be
 * tested and fuzzed outside a server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_SPATIAL_H
#define TSM_SPATIAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A box in space and time: the value of type tsmem.stbox, in memory and on disk.
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	0		24		lower bounds of x, y, z (float8)
 *	24		24		upper bounds of x, y, z (float8)
 *	48		8		first microsecond (timestamptz), INT64_MIN: unbounded
 *	56		8		last microsecond, included, INT64_MAX: unbounded
 *	64		1		format version, TSM_STBOX_VERSION
 *	65		1		flags, TSM_STBOX_HAS_X ...
 *	66		6		zero
 *
 * Bounds are closed. Time is counted in whole microseconds, so the half-open
 * [t1, t2) is stored as t1 .. t2 - 1 and an instant as t .. t.
 *
 * An axis that the box does not have is stored as unbounded (-infinity,
 * infinity), so that overlap needs no look at the flags. Equal values are
 * equal bytes: no NaN, no -0.0, the padding is zero.
 *
 * A lower bound is never +infinity and an upper one never -infinity, so the
 * difference of a lower and an upper bound is never NaN.
 */
#define TSM_STBOX_VERSION	1
#define TSM_STBOX_SIZE		72

#define TSM_STBOX_HAS_X		0x01
#define TSM_STBOX_HAS_Y		0x02
#define TSM_STBOX_HAS_Z		0x04
#define TSM_STBOX_HAS_T		0x08
#define TSM_STBOX_GEODETIC	0x10	/* x and y are degrees, z and distances metres */

#define TSM_STBOX_SPACE		(TSM_STBOX_HAS_X | TSM_STBOX_HAS_Y | TSM_STBOX_HAS_Z)
#define TSM_STBOX_AXES		(TSM_STBOX_SPACE | TSM_STBOX_HAS_T)

#define TSM_AXIS_X	0
#define TSM_AXIS_Y	1
#define TSM_AXIS_Z	2
#define TSM_AXIS_T	3
#define TSM_SPACE_AXES 3
#define TSM_AXIS_COUNT 4

/* Limits of a timestamptz; those of the server, which asserts that they are. */
#define TSM_TIME_UNBOUNDED_LO INT64_MIN
#define TSM_TIME_UNBOUNDED_HI INT64_MAX
#define TSM_TIME_MIN	(-INT64_C(211813488000000000))
#define TSM_TIME_END	INT64_C(9223371331200000000)

/* Mean radius of the Earth in metres; the great circles are those of this sphere. */
#define TSM_EARTH_RADIUS 6371008.7714150598

typedef struct TsmStBox
{
	double		lo[TSM_SPACE_AXES];
	double		hi[TSM_SPACE_AXES];
	int64_t		t_lo;
	int64_t		t_hi;
	uint8_t		version;
	uint8_t		flags;
	uint8_t		padding[6];
} TsmStBox;

/*
 * Operators on two boxes. The numbers are the strategy numbers of the operator
 * classes, hence on disk: never renumber.
 */
typedef enum TsmStBoxOp
{
	TSM_STBOX_LEFT = 1,			/* << */
	TSM_STBOX_OVERLEFT = 2,		/* &< */
	TSM_STBOX_OVERLAPS = 3,		/* && */
	TSM_STBOX_OVERRIGHT = 4,	/* &> */
	TSM_STBOX_RIGHT = 5,		/* >> */
	TSM_STBOX_SAME = 6,			/* ~= */
	TSM_STBOX_CONTAINS = 7,		/* @> */
	TSM_STBOX_CONTAINED = 8,	/* <@ */
	TSM_STBOX_OVERBELOW = 9,	/* &<| */
	TSM_STBOX_BELOW = 10,		/* <<| */
	TSM_STBOX_ABOVE = 11,		/* |>> */
	TSM_STBOX_OVERABOVE = 12,	/* |&> */
	TSM_STBOX_DISTANCE = 15,	/* <-> */
	TSM_STBOX_APPROACH = 16,	/* |=| */
	TSM_STBOX_ADJACENT = 17,	/* -|- */
	TSM_STBOX_EQUAL = 18,		/* = */
	TSM_STBOX_OVERBEFORE = 28,	/* &<# */
	TSM_STBOX_BEFORE = 29,		/* <<# */
	TSM_STBOX_AFTER = 30,		/* #>> */
	TSM_STBOX_OVERAFTER = 31,	/* #&> */
	TSM_STBOX_OVERFRONT = 32,	/* &</ */
	TSM_STBOX_FRONT = 33,		/* <</ */
	TSM_STBOX_BACK = 34,		/* />> */
	TSM_STBOX_OVERBACK = 35		/* /&> */
} TsmStBoxOp;

/* What can be wrong with a box, in the order in which it is looked for. */
typedef enum TsmStBoxFault
{
	TSM_STBOX_OK = 0,
	TSM_STBOX_NO_AXIS,			/* neither space nor time */
	TSM_STBOX_BAD_NAN,			/* a bound is NaN */
	TSM_STBOX_BAD_INFINITY,		/* a lower bound is infinity, or an upper one -infinity */
	TSM_STBOX_BAD_ORDER,		/* a lower bound is above the upper one */
	TSM_STBOX_BAD_TIME,			/* not a timestamptz */
	TSM_STBOX_EMPTY_TIME,		/* no microsecond between the bounds */
	TSM_STBOX_GEODETIC_AXES,	/* geodetic without both x and y */
	TSM_STBOX_BAD_DEGREES,		/* longitude or latitude out of its limits */
	TSM_STBOX_ANTIMERIDIAN		/* geodetic, and the west is east of the east */
} TsmStBoxFault;

/* tsm_spatial_box.c: making boxes */

/* A box without axes, to be filled and then checked. */
extern void tsm_stbox_init(TsmStBox *box);
extern void tsm_stbox_set_axis(TsmStBox *box, int axis, double lo, double hi);

/*
 * Gives the box the time between two bounds, each of which may be the
 * timestamptz infinity of its side (unbounded). False if no time is in it.
 */
extern TsmStBoxFault tsm_stbox_set_time(TsmStBox *box, int64_t lower, bool lower_included,
										int64_t upper, bool upper_included);

/* The end of its time as the text shows it: t2 of [t1, t2), *included for [t, t]. */
extern int64_t tsm_stbox_time_end(const TsmStBox *box, bool *included);

/*
 * Brings a filled box into its one form (no -0.0, absent axes unbounded) and
 * says what is wrong with it; *axis is then the axis that it was found on.
 */
extern TsmStBoxFault tsm_stbox_finish(TsmStBox *box, int *axis);

/*
 * tsm_spatial_box.c: operators. Axes that only one of the boxes has are not
 * compared. A geodetic and a planar box have nothing in common: what looks at
 * space is false, and there is no distance. Time and value are compared.
 */

/* False when one is geodetic and the other planar. */
extern bool tsm_stbox_comparable(const TsmStBox *a, const TsmStBox *b);

extern bool tsm_stbox_overlaps(const TsmStBox *a, const TsmStBox *b);
extern bool tsm_stbox_contains(const TsmStBox *a, const TsmStBox *b);
extern bool tsm_stbox_adjacent(const TsmStBox *a, const TsmStBox *b);
extern bool tsm_stbox_same(const TsmStBox *a, const TsmStBox *b);

/* a op b, for every operator that gives a boolean. */
extern bool tsm_stbox_test(TsmStBoxOp op, const TsmStBox *a, const TsmStBox *b);

/* Total order: -1, 0, 1. 0 is equality of bytes. */
extern int	tsm_stbox_compare(const TsmStBox *a, const TsmStBox *b);

/* The smallest box around both; it has each axis that one of them has. */
extern void tsm_stbox_union(TsmStBox *result, const TsmStBox *a, const TsmStBox *b);

/* What both have in common; false if they do not overlap. */
extern bool tsm_stbox_intersection(TsmStBox *result, const TsmStBox *a, const TsmStBox *b);

/*
 * Covers: what an index page says of the boxes below it. An axis is one of a
 * cover if one of the boxes has it, and unbounded if one of them has not; it
 * is geodetic if one of them is.
 */
extern void tsm_stbox_cover_extend(TsmStBox *cover, const TsmStBox *box);

/* Whether "box op query" may hold for a box below the cover. */
extern bool tsm_stbox_cover_test(TsmStBoxOp op, const TsmStBox *cover, const TsmStBox *query);

/* tsm_spatial_distance.c */

/*
 * The smallest distance in space: metres if geodetic, else in the unit of the
 * coordinates. Always finite: at most the largest double. False if the boxes
 * have no axis of space in common.
 */
extern bool tsm_stbox_distance(const TsmStBox *a, const TsmStBox *b, double *distance);

/* The same while both exist; false also if their times do not meet. */
extern bool tsm_stbox_approach(const TsmStBox *a, const TsmStBox *b, double *distance);

/*
 * Not above the distance of any box below the cover, as tsm_stbox_distance
 * computes it; infinity if none of them has one.
 */
extern double tsm_stbox_distance_bound(const TsmStBox *cover, const TsmStBox *query);

/*
 * Widens the box in space, so that all within the distance of it, as
 * tsm_stbox_distance computes it, overlaps the result: bounds are rounded
 * outwards. A geodetic box gets a micrometre more and, if it then reaches a pole
 * or the antimeridian, all longitudes. The distance is finite and not negative.
 */
extern void tsm_stbox_expand(TsmStBox *box, double distance);

/* Area of x and y, square metres if geodetic; both axes must be there. */
extern double tsm_stbox_area(const TsmStBox *box);

#endif							/* TSM_SPATIAL_H */
