/*-------------------------------------------------------------------------
 *
 * tsm_delta_guard.c
 *	  Protection of history, and how tsmem itself passes it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "tsm_delta_int.h"

/*
 * What the event triggers of tsmem let pass. Commands that tsm_delta_execute
 * runs pass one by one: each of them may run code of a user (triggers, casts,
 * defaults), whose own commands must not. The rest of a stretch under
 * tsm_delta_as_owner runs nothing but code of the extension.
 */
typedef struct Guard
{
	int			lifted;			/* tsm_delta_as_owner calls under way, outside of commands */
	bool		expected;		/* a command of ours is about to begin */
	const Node *command;		/* the one that has begun; compared, not followed */
} Guard;

static Guard guard = {0, false, NULL};

bool
tsm_delta_is_own_command(const Node *command)
{
	if (guard.expected)
	{
		guard.expected = false;
		guard.command = command;
	}
	return guard.lifted > 0 || (command != NULL && command == guard.command);
}

/* Run act(arg) as a role, with so many calls under way whose commands pass. */
static void
as_owner(Oid owner, int lifted, void (*act) (void *), void *arg)
{
	int			save_lifted = guard.lifted;
	Oid			save_user;
	int			save_context;
	int			nest_level;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(owner, save_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	guard.lifted = lifted;
	PG_TRY();
	{
		act(arg);
	}
	PG_FINALLY();
	{
		guard.lifted = save_lifted;
	}
	PG_END_TRY();
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(save_user, save_context);
}

void
tsm_delta_as_owner(Oid owner, void (*act) (void *), void *arg)
{
	as_owner(owner, guard.lifted + 1, act, arg);
}

void
tsm_delta_values_as_owner(Oid owner, void (*act) (void *), void *arg)
{
	as_owner(owner, 0, act, arg);
}

/* Whether a command changes definitions, so that event triggers see it. */
static bool
is_utility(const char *command)
{
	RawStmt    *statement = linitial_node(RawStmt, raw_parser(command, RAW_PARSE_DEFAULT));

	return !IsA(statement->stmt, InsertStmt) && !IsA(statement->stmt, UpdateStmt) &&
		!IsA(statement->stmt, DeleteStmt) && !IsA(statement->stmt, SelectStmt);
}

/* Run a command with the guards lifted for it alone, not for what it runs. Gives the number of rows. */
static uint64
run_guarded(const char *command)
{
	Guard		save = guard;
	Guard		narrow = {0, false, NULL};
	volatile uint64 processed = 0;

	narrow.expected = is_utility(command);
	guard = narrow;
	PG_TRY();
	{
		if (SPI_execute(command, false, 0) < 0)
			elog(ERROR, "could not execute \"%s\"", command);
		processed = SPI_processed;
	}
	PG_FINALLY();
	{
		guard = save;
	}
	PG_END_TRY();
	return processed;
}

uint64
tsm_delta_execute(const char *fmt,...)
{
	uint64		processed;
	StringInfoData command;
	va_list		args;
	int			needed;

	initStringInfo(&command);
	for (;;)
	{
		va_start(args, fmt);
		needed = appendStringInfoVA(&command, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&command, needed);
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	processed = run_guarded(command.data);
	SPI_finish();
	pfree(command.data);
	return processed;
}

char *
tsm_delta_relation_name(Oid rel)
{
	char	   *name = get_rel_name(rel);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", rel)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(rel)), name);
}

/*
 * The statement trigger refuses before anything is done, TRUNCATE too. Rows
 * that come through a partitioned parent of the history, or by logical
 * replication, fire the row trigger only.
 */
void
tsm_delta_protect_history(Oid history)
{
	char	   *name = tsm_delta_relation_name(history);

	tsm_delta_execute("CREATE TRIGGER \"" TSM_PROTECT_TRIGGER "\" "
					  "BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s "
					  "FOR EACH STATEMENT EXECUTE FUNCTION tsmem._protect_history()", name);
	tsm_delta_execute("ALTER TABLE %s ENABLE ALWAYS TRIGGER \"" TSM_PROTECT_TRIGGER "\"", name);
	tsm_delta_execute("CREATE TRIGGER \"" TSM_PROTECT_ROW_TRIGGER "\" "
					  "BEFORE INSERT OR UPDATE OR DELETE ON %s "
					  "FOR EACH ROW EXECUTE FUNCTION tsmem._protect_history()", name);
	tsm_delta_execute("ALTER TABLE %s ENABLE ALWAYS TRIGGER \"" TSM_PROTECT_ROW_TRIGGER "\"", name);
}

void
tsm_delta_unprotect_history(Oid history)
{
	char	   *name = tsm_delta_relation_name(history);

	tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_PROTECT_TRIGGER "\" ON %s", name);
	tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_PROTECT_ROW_TRIGGER "\" ON %s", name);
}
