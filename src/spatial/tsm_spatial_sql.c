/*-------------------------------------------------------------------------
 *
 * tsm_spatial_sql.c
 *	  SQL-callable constructors, casts, accessors and operators of stbox.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/fmgrprotos.h"
#include "utils/geo_decls.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "tsm_spatial_int.h"

/* ---- constructors and casts to stbox ---- */

PG_FUNCTION_INFO_V1(tsm_stbox_make_xy);
PG_FUNCTION_INFO_V1(tsm_stbox_make_xyt);
PG_FUNCTION_INFO_V1(tsm_stbox_make_xyzt);
PG_FUNCTION_INFO_V1(tsm_stbox_make_envelope);
PG_FUNCTION_INFO_V1(tsm_stbox_make_box_period);
PG_FUNCTION_INFO_V1(tsm_stbox_make_box_z_period);
PG_FUNCTION_INFO_V1(tsm_stbox_from_point);
PG_FUNCTION_INFO_V1(tsm_stbox_from_box);
PG_FUNCTION_INFO_V1(tsm_stbox_from_period);
PG_FUNCTION_INFO_V1(tsm_stbox_geodetic);
PG_FUNCTION_INFO_V1(tsm_stbox_planar);
PG_FUNCTION_INFO_V1(tsm_stbox_with_time);
PG_FUNCTION_INFO_V1(tsm_stbox_with_z);

static void
set_time(TsmStBox *box, TimestampTz lower, bool lower_included,
		 TimestampTz upper, bool upper_included)
{
	TsmStBoxFault fault = tsm_stbox_set_time(box, lower, lower_included, upper, upper_included);

	(void) tsm_stbox_report(fault, TSM_AXIS_T, NULL);
}

/* Gives the box the time of a tstzrange, which must not be empty. */
static void
set_period(FunctionCallInfo fcinfo, TsmStBox *box, RangeType *range)
{
	TypeCacheEntry *typcache = range_get_typcache(fcinfo, RangeTypeGetOid(range));
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(typcache, range, &lower, &upper, &empty);
	if (empty)
		(void) tsm_stbox_report(TSM_STBOX_EMPTY_TIME, TSM_AXIS_T, NULL);
	set_time(box, lower.infinite ? DT_NOBEGIN : DatumGetTimestampTz(lower.val), lower.inclusive,
			 upper.infinite ? DT_NOEND : DatumGetTimestampTz(upper.val), upper.inclusive);
}

static TsmStBox *
make_point(FunctionCallInfo fcinfo, int axes)
{
	TsmStBox   *box = tsm_stbox_new();
	int			axis;

	for (axis = 0; axis < axes; axis++)
		tsm_stbox_set_axis(box, axis, PG_GETARG_FLOAT8(axis), PG_GETARG_FLOAT8(axis));
	return box;
}

/* Corners of x, y [, z] in the first arguments. */
static TsmStBox *
make_corners(FunctionCallInfo fcinfo, int axes)
{
	TsmStBox   *box = tsm_stbox_new();
	int			axis;

	for (axis = 0; axis < axes; axis++)
		tsm_stbox_set_axis(box, axis, PG_GETARG_FLOAT8(axis), PG_GETARG_FLOAT8(axes + axis));
	return box;
}

/* stbox(x, y) */
Datum
tsm_stbox_make_xy(PG_FUNCTION_ARGS)
{
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(make_point(fcinfo, 2)));
}

/* stbox(x, y, t) */
Datum
tsm_stbox_make_xyt(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = make_point(fcinfo, 2);

	set_time(box, PG_GETARG_TIMESTAMPTZ(2), true, PG_GETARG_TIMESTAMPTZ(2), true);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* stbox(x, y, z, t) */
Datum
tsm_stbox_make_xyzt(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = make_point(fcinfo, 3);

	set_time(box, PG_GETARG_TIMESTAMPTZ(3), true, PG_GETARG_TIMESTAMPTZ(3), true);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* envelope(x1, y1, x2, y2) */
Datum
tsm_stbox_make_envelope(PG_FUNCTION_ARGS)
{
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(make_corners(fcinfo, 2)));
}

/* stbox(x1, y1, x2, y2, period) */
Datum
tsm_stbox_make_box_period(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = make_corners(fcinfo, 2);

	set_period(fcinfo, box, PG_GETARG_RANGE_P(4));
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* stbox(x1, y1, z1, x2, y2, z2, period) */
Datum
tsm_stbox_make_box_z_period(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = make_corners(fcinfo, 3);

	set_period(fcinfo, box, PG_GETARG_RANGE_P(6));
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

Datum
tsm_stbox_from_point(PG_FUNCTION_ARGS)
{
	Point	   *point = PG_GETARG_POINT_P(0);
	TsmStBox   *box = tsm_stbox_new();

	tsm_stbox_set_axis(box, TSM_AXIS_X, point->x, point->x);
	tsm_stbox_set_axis(box, TSM_AXIS_Y, point->y, point->y);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

Datum
tsm_stbox_from_box(PG_FUNCTION_ARGS)
{
	BOX		   *corners = PG_GETARG_BOX_P(0);
	TsmStBox   *box = tsm_stbox_new();

	tsm_stbox_set_axis(box, TSM_AXIS_X, corners->low.x, corners->high.x);
	tsm_stbox_set_axis(box, TSM_AXIS_Y, corners->low.y, corners->high.y);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

Datum
tsm_stbox_from_period(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = tsm_stbox_new();

	set_period(fcinfo, box, PG_GETARG_RANGE_P(0));
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

static TsmStBox *
copy_box(const TsmStBox *source)
{
	TsmStBox   *box = palloc(sizeof(TsmStBox));

	*box = *source;
	return box;
}

Datum
tsm_stbox_geodetic(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));

	box->flags |= TSM_STBOX_GEODETIC;
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

Datum
tsm_stbox_planar(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));

	box->flags &= ~TSM_STBOX_GEODETIC;
	PG_RETURN_TSM_STBOX(box);
}

/* with_time(box, period): the same space in another time */
Datum
tsm_stbox_with_time(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));

	set_period(fcinfo, box, PG_GETARG_RANGE_P(1));
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* with_z(box, z1, z2) */
Datum
tsm_stbox_with_z(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));

	tsm_stbox_set_axis(box, TSM_AXIS_Z, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* ---- accessors and casts from stbox; NULL for what the box does not have ---- */

PG_FUNCTION_INFO_V1(tsm_stbox_x_min);
PG_FUNCTION_INFO_V1(tsm_stbox_x_max);
PG_FUNCTION_INFO_V1(tsm_stbox_y_min);
PG_FUNCTION_INFO_V1(tsm_stbox_y_max);
PG_FUNCTION_INFO_V1(tsm_stbox_z_min);
PG_FUNCTION_INFO_V1(tsm_stbox_z_max);
PG_FUNCTION_INFO_V1(tsm_stbox_t_min);
PG_FUNCTION_INFO_V1(tsm_stbox_t_max);
PG_FUNCTION_INFO_V1(tsm_stbox_has_x);
PG_FUNCTION_INFO_V1(tsm_stbox_has_y);
PG_FUNCTION_INFO_V1(tsm_stbox_has_z);
PG_FUNCTION_INFO_V1(tsm_stbox_has_t);
PG_FUNCTION_INFO_V1(tsm_stbox_is_geodetic);
PG_FUNCTION_INFO_V1(tsm_stbox_center);
PG_FUNCTION_INFO_V1(tsm_stbox_area_sql);
PG_FUNCTION_INFO_V1(tsm_stbox_duration);
PG_FUNCTION_INFO_V1(tsm_stbox_to_box);
PG_FUNCTION_INFO_V1(tsm_stbox_to_period);

static Datum
space_bound(FunctionCallInfo fcinfo, int axis, bool upper)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);

	if ((box->flags & (TSM_STBOX_HAS_X << axis)) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(upper ? box->hi[axis] : box->lo[axis]);
}

Datum
tsm_stbox_x_min(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_X, false);
}

Datum
tsm_stbox_x_max(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_X, true);
}

Datum
tsm_stbox_y_min(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_Y, false);
}

Datum
tsm_stbox_y_max(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_Y, true);
}

Datum
tsm_stbox_z_min(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_Z, false);
}

Datum
tsm_stbox_z_max(PG_FUNCTION_ARGS)
{
	return space_bound(fcinfo, TSM_AXIS_Z, true);
}

Datum
tsm_stbox_t_min(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);

	if ((box->flags & TSM_STBOX_HAS_T) == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(box->t_lo);
}

Datum
tsm_stbox_t_max(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	bool		included;

	if ((box->flags & TSM_STBOX_HAS_T) == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(tsm_stbox_time_end(box, &included));
}

Datum
tsm_stbox_has_x(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_TSM_STBOX(0)->flags & TSM_STBOX_HAS_X);
}

Datum
tsm_stbox_has_y(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_TSM_STBOX(0)->flags & TSM_STBOX_HAS_Y);
}

Datum
tsm_stbox_has_z(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_TSM_STBOX(0)->flags & TSM_STBOX_HAS_Z);
}

Datum
tsm_stbox_has_t(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_TSM_STBOX(0)->flags & TSM_STBOX_HAS_T);
}

Datum
tsm_stbox_is_geodetic(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_TSM_STBOX(0)->flags & TSM_STBOX_GEODETIC);
}

/* Whether the box has x and y. */
static bool
has_xy(const TsmStBox *box)
{
	return (box->flags & TSM_STBOX_HAS_X) && (box->flags & TSM_STBOX_HAS_Y);
}

/* The middle of x and y; NULL also if one of them is unbounded. */
Datum
tsm_stbox_center(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	Point	   *point;

	if (!has_xy(box) || isinf(box->lo[0]) || isinf(box->hi[0]) || isinf(box->lo[1]) ||
		isinf(box->hi[1]))
		PG_RETURN_NULL();
	point = palloc(sizeof(Point));
	/* Halves first: the sum may be more than a double holds. */
	point->x = box->lo[0] / 2 + box->hi[0] / 2;
	point->y = box->lo[1] / 2 + box->hi[1] / 2;
	PG_RETURN_POINT_P(point);
}

Datum
tsm_stbox_area_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);

	if (!has_xy(box))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(tsm_stbox_area(box));
}

/* From t_min to t_max, in days and microseconds as timestamptz subtraction gives it. */
Datum
tsm_stbox_duration(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	bool		included;
	int64		end = tsm_stbox_time_end(box, &included);
	int64		length;

	if ((box->flags & TSM_STBOX_HAS_T) == 0 || TIMESTAMP_NOT_FINITE(box->t_lo) ||
		TIMESTAMP_NOT_FINITE(box->t_hi))
		PG_RETURN_NULL();
	/* Before 17 the server does not look. */
	if (pg_sub_s64_overflow(end, box->t_lo, &length))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("duration of the stbox is out of range of an interval")));
	return DirectFunctionCall2(timestamp_mi, TimestampGetDatum(end), TimestampGetDatum(box->t_lo));
}

Datum
tsm_stbox_to_box(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	BOX		   *result;

	if (!has_xy(box))
		PG_RETURN_NULL();
	result = palloc(sizeof(BOX));
	result->low.x = box->lo[0];
	result->low.y = box->lo[1];
	result->high.x = box->hi[0];
	result->high.y = box->hi[1];
	PG_RETURN_BOX_P(result);
}

Datum
tsm_stbox_to_period(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = PG_GETARG_TSM_STBOX(0);
	TypeCacheEntry *typcache = range_get_typcache(fcinfo, TSTZRANGEOID);
	RangeBound	lower = {0};
	RangeBound	upper = {0};
	bool		included;

	if ((box->flags & TSM_STBOX_HAS_T) == 0)
		PG_RETURN_NULL();
	lower.lower = true;
	lower.inclusive = true;
	lower.infinite = box->t_lo == TSM_TIME_UNBOUNDED_LO;
	lower.val = TimestampTzGetDatum(box->t_lo);
	upper.val = TimestampTzGetDatum(tsm_stbox_time_end(box, &included));
	upper.inclusive = included;
	upper.infinite = box->t_hi == TSM_TIME_UNBOUNDED_HI;
	PG_RETURN_RANGE_P(tsm_make_range(typcache, &lower, &upper));
}

/* ---- widening, union, intersection ---- */

PG_FUNCTION_INFO_V1(tsm_stbox_expand_sql);
PG_FUNCTION_INFO_V1(tsm_stbox_expand_time);
PG_FUNCTION_INFO_V1(tsm_stbox_union_sql);
PG_FUNCTION_INFO_V1(tsm_stbox_intersection_sql);

/* expand(box, distance) */
Datum
tsm_stbox_expand_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));
	double		distance = PG_GETARG_FLOAT8(1);

	if (!(distance >= 0) || isinf(distance))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("distance to expand an stbox by must be finite and not negative")));
	tsm_stbox_expand(box, distance);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

/* expand_time(box, interval): begins that much earlier and ends that much later */
Datum
tsm_stbox_expand_time(PG_FUNCTION_ARGS)
{
	TsmStBox   *box = copy_box(PG_GETARG_TSM_STBOX(0));
	Datum		span = PG_GETARG_DATUM(1);
	Datum		lower = TimestampTzGetDatum(box->t_lo);
	bool		included;
	Datum		upper = TimestampTzGetDatum(tsm_stbox_time_end(box, &included));

	if ((box->flags & TSM_STBOX_HAS_T) == 0)
		PG_RETURN_TSM_STBOX(box);
	if (!TIMESTAMP_NOT_FINITE(box->t_lo))
		lower = DirectFunctionCall2(timestamptz_mi_interval, lower, span);
	if (!TIMESTAMP_NOT_FINITE(box->t_hi))
		upper = DirectFunctionCall2(timestamptz_pl_interval, upper, span);
	set_time(box, DatumGetTimestampTz(lower), true, DatumGetTimestampTz(upper), included);
	PG_RETURN_TSM_STBOX(tsm_stbox_finished(box));
}

Datum
tsm_stbox_union_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *a = PG_GETARG_TSM_STBOX(0);
	TsmStBox   *b = PG_GETARG_TSM_STBOX(1);
	TsmStBox   *box = palloc(sizeof(TsmStBox));

	tsm_stbox_check_comparable(a, b);
	tsm_stbox_union(box, a, b);
	PG_RETURN_TSM_STBOX(box);
}

Datum
tsm_stbox_intersection_sql(PG_FUNCTION_ARGS)
{
	TsmStBox   *a = PG_GETARG_TSM_STBOX(0);
	TsmStBox   *b = PG_GETARG_TSM_STBOX(1);
	TsmStBox   *box = palloc(sizeof(TsmStBox));

	if (!tsm_stbox_intersection(box, a, b))
		PG_RETURN_NULL();
	PG_RETURN_TSM_STBOX(box);
}
