/*-------------------------------------------------------------------------
 *
 * tsm_temporal_init.c
 *	  Opens the room: settings and caches.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "tsm_base.h"
#include "tsm_temporal_join.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

int			tsm_temporal_conflict = TSM_CONFLICT_ADJUST;

static const struct config_enum_entry conflict_options[] = {
	{"adjust", TSM_CONFLICT_ADJUST, false},
	{"strict", TSM_CONFLICT_STRICT, false},
	{NULL, 0, false}
};

static void
temporal_load(void)
{
	DefineCustomEnumVariable("tsmem.system_time_conflict",
							 "What happens when a row is newer than the transaction that changes it.",
							 "\"adjust\" gives the new version the old row_start plus one microsecond; "
							 "\"strict\" raises an error (SQLSTATE 2201H).",
							 &tsm_temporal_conflict, TSM_CONFLICT_ADJUST, conflict_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	tsm_temporal_plan_load();
	tsm_temporal_cut_load();
	tsm_temporal_join_load();
	tsm_session_load();
	tsm_temporal_inline_load();
}

TSM_ROOM(temporal, temporal_load, NULL);
