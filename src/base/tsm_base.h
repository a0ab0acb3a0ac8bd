/*-------------------------------------------------------------------------
 *
 * tsm_base.h
 *	  Public header of the ground floor: how a room is registered, and which
 *	  instruction set its kernels run on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_BASE_H
#define TSM_BASE_H

#include "tsm_compat.h"

/*
 * Instruction sets a kernel may be written for. The order is that of
 * preference on one architecture; TSM_ISA_SCALAR is always there.
 */
typedef enum TsmIsa
{
	TSM_ISA_SCALAR = 0,
	TSM_ISA_NEON,
	TSM_ISA_AVX2,				/* with FMA and POPCNT */
	TSM_ISA_AVX512				/* F, BW, DQ, VL, with VPOPCNTDQ */
} TsmIsa;

#define TSM_ISA_COUNT (TSM_ISA_AVX512 + 1)

/* Whether this machine can run kernels of the given instruction set. */
extern bool tsm_isa_supported(TsmIsa isa);

/* The best instruction set of this machine. */
extern TsmIsa tsm_isa_best(void);

/* The name of an instruction set, as in the setting tsmem.simd. */
extern const char *tsm_isa_name(TsmIsa isa);

/*
 * A room of the house. The base knows none of them by name (dependencies run
 * downwards only): each room registers itself while the library is loaded,
 * and _PG_init calls them in no particular order.
 */
typedef struct TsmRoom
{
	const char *name;
	void		(*load) (void);				/* defines settings, hooks; or NULL */
	void		(*dispatch) (TsmIsa isa);	/* selects kernels; or NULL */
	struct TsmRoom *next;
} TsmRoom;

extern void tsm_room_register(TsmRoom *room);

/*
 * TSM_ROOM(vector, load, dispatch) at the end of one file of the room.
 *
 * It runs inside dlopen(), before _PG_init, hence it only links a static
 * struct: no palloc, no ereport.
 */
#define TSM_ROOM(room_name, load_fn, dispatch_fn) \
	static TsmRoom tsm_room_##room_name = {#room_name, load_fn, dispatch_fn, NULL}; \
	static void __attribute__((constructor)) \
	tsm_room_register_##room_name(void) \
	{ \
		tsm_room_register(&tsm_room_##room_name); \
	} \
	extern int	tsm_room_end_##room_name

#endif /* TSM_BASE_H */
