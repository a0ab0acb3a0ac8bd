/*-------------------------------------------------------------------------
 *
 * tsm_base_sql.c
 *	  SQL-callable functions of the base.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "tsm_base_int.h"

PG_FUNCTION_INFO_V1(tsm_base_cpu_features);

/* One row an instruction set: its name, whether it can run here, whether it runs now. */
Datum
tsm_base_cpu_features(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			isa;

	InitMaterializedSRF(fcinfo, 0);
	for (isa = TSM_ISA_SCALAR; isa < TSM_ISA_COUNT; isa++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = CStringGetTextDatum(tsm_isa_name((TsmIsa) isa));
		values[1] = BoolGetDatum(tsm_isa_supported((TsmIsa) isa));
		values[2] = BoolGetDatum(tsm_isa_active() == (TsmIsa) isa);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
