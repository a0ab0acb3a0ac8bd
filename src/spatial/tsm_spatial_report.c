/*-------------------------------------------------------------------------
 *
 * tsm_spatial_report.c
 *	  What is wrong with a box, as an error of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"

#include "tsm_spatial_int.h"

StaticAssertDecl(sizeof(TsmStBox) == TSM_STBOX_SIZE, "stbox has no hidden padding");
StaticAssertDecl(offsetof(TsmStBox, hi) == 24, "stbox layout");
StaticAssertDecl(offsetof(TsmStBox, t_lo) == 48, "stbox layout");
StaticAssertDecl(offsetof(TsmStBox, t_hi) == 56, "stbox layout");
StaticAssertDecl(offsetof(TsmStBox, version) == 64, "stbox layout");
StaticAssertDecl(offsetof(TsmStBox, flags) == 65, "stbox layout");
StaticAssertDecl(offsetof(TsmStBox, padding) == 66, "stbox layout");
StaticAssertDecl(TSM_TIME_MIN == MIN_TIMESTAMP, "the limits of time are the server's");
StaticAssertDecl(TSM_TIME_END == END_TIMESTAMP, "the limits of time are the server's");
StaticAssertDecl(TSM_TIME_UNBOUNDED_LO == DT_NOBEGIN, "infinities of time are the server's");
StaticAssertDecl(TSM_TIME_UNBOUNDED_HI == DT_NOEND, "infinities of time are the server's");

TsmStBox *
tsm_stbox_new(void)
{
	TsmStBox   *box = palloc(sizeof(TsmStBox));

	tsm_stbox_init(box);
	return box;
}

static void
report_value(TsmStBoxFault fault, const char *axis, Node *escontext)
{
	switch (fault)
	{
		case TSM_STBOX_NO_AXIS:
			errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("stbox must have an axis of space or time")));
			break;
		case TSM_STBOX_BAD_NAN:
			errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("stbox bounds of %s must not be NaN", axis)));
			break;
		case TSM_STBOX_BAD_INFINITY:
			errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("stbox cannot lie at infinity"),
								errdetail("The lower bound of %s must be below infinity and the upper bound above -infinity.",
										  axis)));
			break;
		case TSM_STBOX_BAD_ORDER:
			errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("stbox bounds are reversed"),
								errdetail("The lower bound of %s is above the upper bound.", axis)));
			break;
		default:
			elog(ERROR, "unexpected fault of an stbox: %d", (int) fault);
	}
}

static void
report_time(TsmStBoxFault fault, Node *escontext)
{
	if (fault == TSM_STBOX_BAD_TIME)
		errsave(escontext, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
							errmsg("stbox time is out of range")));
	else
		errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("stbox time must not be empty"),
							errhint("An instant is written [t,t].")));
}

static void
report_geodetic(TsmStBoxFault fault, int axis, Node *escontext)
{
	if (fault == TSM_STBOX_GEODETIC_AXES)
		errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("geodetic stbox must have a longitude (x) and a latitude (y)")));
	else if (fault == TSM_STBOX_BAD_DEGREES)
		errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							axis == TSM_AXIS_X ?
							errmsg("longitude of a geodetic stbox must be between -180 and 180") :
							errmsg("latitude of a geodetic stbox must be between -90 and 90")));
	else
		errsave(escontext, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("western bound of a geodetic stbox is east of its eastern bound"),
							errhint("A box over the antimeridian is stored as two, one on each side of it.")));
}

bool
tsm_stbox_report(TsmStBoxFault fault, int axis, Node *escontext)
{
	static const char *const names[] = {"x", "y", "z", "time"};

	switch (fault)
	{
		case TSM_STBOX_OK:
			return true;
		case TSM_STBOX_BAD_TIME:
		case TSM_STBOX_EMPTY_TIME:
			report_time(fault, escontext);
			return false;
		case TSM_STBOX_GEODETIC_AXES:
		case TSM_STBOX_BAD_DEGREES:
		case TSM_STBOX_ANTIMERIDIAN:
			report_geodetic(fault, axis, escontext);
			return false;
		default:
			report_value(fault, names[axis], escontext);
			return false;
	}
}

TsmStBox *
tsm_stbox_finished(TsmStBox *box)
{
	int			axis;
	TsmStBoxFault fault = tsm_stbox_finish(box, &axis);

	(void) tsm_stbox_report(fault, axis, NULL);
	return box;
}

void
tsm_stbox_check_comparable(const TsmStBox *a, const TsmStBox *b)
{
	if (!tsm_stbox_comparable(a, b))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot combine a geodetic stbox with a planar one"),
				 errhint("Use tsmem.geodetic(stbox) or tsmem.planar(stbox) on one of them.")));
}
