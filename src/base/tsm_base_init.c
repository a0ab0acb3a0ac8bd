/*-------------------------------------------------------------------------
 *
 * tsm_base_init.c
 *	  Entry point of the library: opens the rooms and chooses their kernels.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "tsm_base.h"
#include "tsm_base_int.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

static TsmRoom *rooms = NULL;
static bool loaded = false;

int			tsm_simd = TSM_SIMD_AUTO;

static const struct config_enum_entry simd_options[] = {
	{"auto", TSM_SIMD_AUTO, false},
	{"scalar", TSM_ISA_SCALAR, false},
	{"neon", TSM_ISA_NEON, false},
	{"avx2", TSM_ISA_AVX2, false},
	{"avx512", TSM_ISA_AVX512, false},
	{NULL, 0, false}
};

void
tsm_room_register(TsmRoom *room)
{
	room->next = rooms;
	rooms = room;
}

TsmIsa
tsm_isa_active(void)
{
	return tsm_simd == TSM_SIMD_AUTO ? tsm_isa_best() : (TsmIsa) tsm_simd;
}

static bool
check_simd(int *newval, void **extra, GucSource source)
{
	if (*newval != TSM_SIMD_AUTO && !tsm_isa_supported((TsmIsa) *newval))
	{
		GUC_check_errdetail("This processor cannot run \"%s\" kernels.",
							tsm_isa_name((TsmIsa) *newval));
		return false;
	}
	return true;
}

static void
assign_simd(int newval, void *extra)
{
	TsmRoom    *room;
	TsmIsa		isa = newval == TSM_SIMD_AUTO ? tsm_isa_best() : (TsmIsa) newval;

	if (!loaded)
		return;					/* _PG_init dispatches when all rooms are open */
	for (room = rooms; room != NULL; room = room->next)
	{
		if (room->dispatch != NULL)
			room->dispatch(isa);
	}
}

void
_PG_init(void)
{
	TsmRoom    *room;

	/*
	 * Not for everyone: distances are immutable functions, and their last
	 * digits depend on it.
	 */
	DefineCustomEnumVariable("tsmem.simd",
							 "Instruction set that distance and box kernels run on.",
							 "\"auto\" takes the best of this processor.",
							 &tsm_simd, TSM_SIMD_AUTO, simd_options,
							 PGC_SUSET, 0, check_simd, assign_simd, NULL);
	for (room = rooms; room != NULL; room = room->next)
	{
		if (room->load != NULL)
			room->load();
	}
	MarkGUCPrefixReserved("tsmem");

	loaded = true;
	assign_simd(tsm_simd, NULL);
}
