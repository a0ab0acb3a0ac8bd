/*-------------------------------------------------------------------------
 *
 * tsm_vector_bit.c
 *	  Distances between bit strings of core type bit.
 *
 * Bits past the end of a bit string are zero, so bytes are counted whole.
 * Each raises 22000 when the lengths differ.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/varbit.h"

#include "tsm_compat.h"
#include "tsm_vector_kernels.h"

PG_FUNCTION_INFO_V1(tsm_vector_hamming_distance);
PG_FUNCTION_INFO_V1(tsm_vector_jaccard_distance);

static void
check_same_length(VarBit *a, VarBit *b)
{
	if (VARBITLEN(a) != VARBITLEN(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different bit lengths %d and %d", VARBITLEN(a), VARBITLEN(b))));
}

/* The number of bits that differ. */
Datum
tsm_vector_hamming_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);
	uint64		distance;

	check_same_length(a, b);
	distance = tsm_vector_kernels->hamming(VARBITBYTES(a), VARBITS(a), VARBITS(b));
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_FLOAT8((float8) distance);
}

/* 1 - bits set in both / bits set in either; 1 when no bit is set in both. */
Datum
tsm_vector_jaccard_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);
	TsmVectorBitCounts counts;

	check_same_length(a, b);
	counts = tsm_vector_kernels->jaccard(VARBITBYTES(a), VARBITS(a), VARBITS(b));
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	if (counts.both == 0)
		PG_RETURN_FLOAT8(1);
	PG_RETURN_FLOAT8(1 - (float8) counts.both / (float8) counts.either);
}
