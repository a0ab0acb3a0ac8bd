/*-------------------------------------------------------------------------
 *
 * tsm_delta_worker.c
 *	  Maintenance of one database in the background: what
 *	  CALL tsmem.maintain() does, for the tables whose owners have asked.
 *
 * The process is one of the bootstrap superuser. It runs no SQL of anybody's:
 * folds act as the owner of their table. An error ends the process, which is logged; the
 * launcher starts the next.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "tsm_delta_worker.h"

/* Settings of the database that are meant for its users. */
static void
fix_settings(void)
{
	static const char *const settings[][2] = {
		{"application_name", "tsmem maintenance worker"},
		{"search_path", "pg_catalog, pg_temp"},
		{"default_transaction_isolation", "read committed"},
		{"statement_timeout", "0"},
		{"lock_timeout", "0"},
		{"transaction_timeout", "0"},
	};
	int			i;

	for (i = 0; i < lengthof(settings); i++)
	{
		/* One that this server has not needs no fixing. */
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	}
}

/* Whether the database has the extension, in a version that can be maintained. */
static bool
has_extension(void)
{
	Oid			namespace = get_namespace_oid("tsmem", true);

	return OidIsValid(get_extension_oid("tsmem", true)) && OidIsValid(namespace) &&
		OidIsValid(get_relname_relid("segment_folds", namespace));
}

void
tsm_delta_worker_main(Datum main_arg)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(main_arg), InvalidOid, 0);
	fix_settings();
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, "tsmem maintenance");
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (has_extension() && !XactReadOnly)
		tsm_delta_maintain_marked();
	PopActiveSnapshot();
	CommitTransactionCommand();
	proc_exit(0);
}
