/*-------------------------------------------------------------------------
 *
 * tsm_spatial_int.h
 *	  Private to the room: boxes as Datums, and the errors about them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_SPATIAL_INT_H
#define TSM_SPATIAL_INT_H

#include "fmgr.h"
#include "nodes/nodes.h"

#include "tsm_compat.h"
#include "tsm_spatial.h"

#define DatumGetTsmStBox(datum) ((TsmStBox *) DatumGetPointer(datum))
#define TsmStBoxGetDatum(box)	PointerGetDatum(box)
#define PG_GETARG_TSM_STBOX(n)	DatumGetTsmStBox(PG_GETARG_DATUM(n))
#define PG_RETURN_TSM_STBOX(box) PG_RETURN_POINTER(box)

/*
 * Statistics of a column: boxes of a random sample, in an arbitrary order.
 * Kinds from 10000 on are private to whoever takes them.
 */
#define TSM_STATISTIC_KIND_STBOX_SAMPLE 15472
#define TSM_STBOX_SAMPLE_SIZE 2000

/* A box without axes in the current memory context. */
extern TsmStBox *tsm_stbox_new(void);

/*
 * Says by the error what is wrong with a box: 22023 (invalid_parameter_value)
 * or, for a time out of range, 22008. False if nothing is; false after a soft
 * error in escontext too, where the server has those.
 */
extern bool tsm_stbox_report(TsmStBoxFault fault, int axis, Node *escontext);

/* Finishes a filled box or raises what is wrong with it. */
extern TsmStBox *tsm_stbox_finished(TsmStBox *box);

/* Raises 22023 if one of the boxes is geodetic and the other planar: they cannot become one. */
extern void tsm_stbox_check_comparable(const TsmStBox *a, const TsmStBox *b);

/* expand(box, distance), known to the planner's estimates by its address. */
extern Datum tsm_stbox_expand_sql(PG_FUNCTION_ARGS);

/* The boolean operator that a SQL-callable function of the room computes; 0 for another function. */
extern int	tsm_stbox_op_of_function(PGFunction function);

#endif							/* TSM_SPATIAL_INT_H */
