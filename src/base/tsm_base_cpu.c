/*-------------------------------------------------------------------------
 *
 * tsm_base_cpu.c
 *	  What the processor can do. Knows nothing of kernels.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_base.h"

bool
tsm_isa_supported(TsmIsa isa)
{
	switch (isa)
	{
		case TSM_ISA_SCALAR:
			return true;
		case TSM_ISA_NEON:
#if defined(__aarch64__)
			return true;
#else
			return false;
#endif
		case TSM_ISA_AVX2:
#if defined(__x86_64__)
			return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
				__builtin_cpu_supports("popcnt");
#else
			return false;
#endif
		case TSM_ISA_AVX512:
#if defined(__x86_64__)
			return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
				__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
				__builtin_cpu_supports("avx512vpopcntdq");
#else
			return false;
#endif
	}
	return false;
}

TsmIsa
tsm_isa_best(void)
{
	int			isa;

	for (isa = TSM_ISA_COUNT - 1; isa > TSM_ISA_SCALAR; isa--)
	{
		if (tsm_isa_supported((TsmIsa) isa))
			break;
	}
	return (TsmIsa) isa;
}

const char *
tsm_isa_name(TsmIsa isa)
{
	static const char *const names[TSM_ISA_COUNT] = {"scalar", "neon", "avx2", "avx512"};

	return names[isa];
}
