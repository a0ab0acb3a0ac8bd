/*-------------------------------------------------------------------------
 *
 * tsm_delta_launch.c
 *	  The launcher of maintenance: a process that starts a worker for one
 *	  database after the other, again and again.
 *
 * It is there where tsmem is in shared_preload_libraries. It is connected to
 * no database, so it holds none. The server starts it when recovery is over: on
 * a standby after promotion.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"

#include "tsm_delta_worker.h"

#define LIBRARY			"tsmem"

/* Seconds until the server starts a launcher again that has failed. */
#define RESTART_AFTER	10

static bool maintenance_worker = true;
static int	maintenance_naptime = 60;
static char *maintenance_databases = "";

static bool registered = false;

bool
tsm_delta_worker_registered(void)
{
	return registered;
}

static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *names = pstrdup(*newval);
	List	   *list = NIL;

	if (!SplitIdentifierString(names, ',', &list))
	{
		GUC_check_errdetail("The list of databases is malformed.");
		return false;
	}
	list_free(list);
	pfree(names);
	return true;
}

static void
define_settings(void)
{
	DefineCustomBoolVariable("tsmem.maintenance_worker",
							 "Folds history in the background, where tsmem is preloaded.",
							 NULL, &maintenance_worker, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tsmem.maintenance_naptime",
							"Time between two rounds of the maintenance worker.",
							NULL, &maintenance_naptime, 60, 1, SECS_PER_DAY, PGC_SIGHUP,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("tsmem.maintenance_databases",
							   "Databases that the maintenance worker visits.",
							   "Separated by commas; empty: all.",
							   &maintenance_databases, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_databases, NULL, NULL);
}

void
tsm_delta_worker_load(void)
{
	BackgroundWorker launcher = {0};

	define_settings();
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	strlcpy(launcher.bgw_name, "tsmem maintenance launcher", BGW_MAXLEN);
	strlcpy(launcher.bgw_type, "tsmem maintenance launcher", BGW_MAXLEN);
	strlcpy(launcher.bgw_library_name, LIBRARY, sizeof(launcher.bgw_library_name));
	strlcpy(launcher.bgw_function_name, "tsm_delta_launcher_main", sizeof(launcher.bgw_function_name));
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = RESTART_AFTER;
	RegisterBackgroundWorker(&launcher);
	registered = true;
}

/* Whether a database is to be visited: invalid ones, which a failed DROP DATABASE leaves, have a limit below -1. */
static bool
is_visited(Form_pg_database database, const List *names)
{
	const ListCell *cell;

	if (!database->datallowconn || database->datistemplate || database->datconnlimit < -1)
		return false;
	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), NameStr(database->datname)) == 0)
			return true;
	}
	return names == NIL;
}

/* The databases to visit, as a list in the given context. */
static List *
databases_to_visit(MemoryContext context)
{
	List	   *databases = NIL;
	List	   *names = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	(void) SplitIdentifierString(pstrdup(maintenance_databases), ',', &names);
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (is_visited(database, names))
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			databases = lappend_oid(databases, database->oid);
			MemoryContextSwitchTo(old);
		}
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	return databases;
}

/* Start a worker for a database and wait for its end. False where the server has no place for it. */
static bool
visit(Oid database)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	strlcpy(worker.bgw_name, "tsmem maintenance worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "tsmem maintenance worker", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "tsm_delta_worker_main", sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(LOG,
				(errmsg("could not start the tsmem maintenance worker"),
				 errhint("Raise max_worker_processes.")));
		return false;
	}
	if (WaitForBackgroundWorkerShutdown(handle) == BGWH_POSTMASTER_DIED)
		proc_exit(1);
	pfree(handle);
	return true;
}

static void
take_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

static void
visit_all(MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	List	   *databases = databases_to_visit(context);
	ListCell   *cell;

	foreach(cell, databases)
	{
		take_settings();
		if (!maintenance_worker || !visit(lfirst_oid(cell)))
			break;
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(context);
}

void
tsm_delta_launcher_main(Datum main_arg)
{
	MemoryContext round;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	SetConfigOption("application_name", "tsmem maintenance launcher", PGC_USERSET, PGC_S_SESSION);
	round = AllocSetContextCreate(TopMemoryContext, "tsmem maintenance round", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		take_settings();
		if (maintenance_worker)
			visit_all(round);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 maintenance_naptime * 1000L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}
