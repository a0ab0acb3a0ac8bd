/*-------------------------------------------------------------------------
 *
 * tsm_spatial_aggregate.c
 *	  extent(stbox): the smallest box around all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_spatial_int.h"

PG_FUNCTION_INFO_V1(tsm_stbox_extent_step);

/* Not strict: the state is NULL until the first box, and a NULL box changes nothing. */
Datum
tsm_stbox_extent_step(PG_FUNCTION_ARGS)
{
	TsmStBox   *state;
	TsmStBox   *box;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	box = PG_GETARG_TSM_STBOX(1);
	if (PG_ARGISNULL(0))
		return TsmStBoxGetDatum(box);	/* the caller copies it into its own memory */

	/* The state is the aggregate's own: it grows in place. */
	state = PG_GETARG_TSM_STBOX(0);
	tsm_stbox_check_comparable(state, box);
	tsm_stbox_union(state, state, box);
	PG_RETURN_TSM_STBOX(state);
}
