/*-------------------------------------------------------------------------
 *
 * tsm_base_int.h
 *	  Private to the base.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_BASE_INT_H
#define TSM_BASE_INT_H

#include "tsm_base.h"

/* tsmem.simd: a TsmIsa, or this: the best of the processor. */
#define TSM_SIMD_AUTO (-1)

extern int	tsm_simd;

/* The instruction set in use now. */
extern TsmIsa tsm_isa_active(void);

#endif /* TSM_BASE_INT_H */
