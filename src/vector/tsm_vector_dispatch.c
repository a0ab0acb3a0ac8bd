/*-------------------------------------------------------------------------
 *
 * tsm_vector_dispatch.c
 *	  Registers the room and chooses its kernels.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_base.h"
#include "tsm_vector_kernels.h"

static void
dispatch(TsmIsa isa)
{
	switch (isa)
	{
#if defined(__x86_64__)
		case TSM_ISA_AVX512:
			tsm_vector_kernels = &tsm_vector_kernels_avx512;
			break;
		case TSM_ISA_AVX2:
			tsm_vector_kernels = &tsm_vector_kernels_avx2;
			break;
#elif defined(__aarch64__)
		case TSM_ISA_NEON:
			tsm_vector_kernels = &tsm_vector_kernels_neon;
			break;
#endif
		default:
			tsm_vector_kernels = &tsm_vector_kernels_scalar;
			break;
	}
}

TSM_ROOM(vector, NULL, dispatch);
