/*-------------------------------------------------------------------------
 *
 * tsm_temporal_preload.c
 *	  enable_session_preload: load tsmem at the start of each session of
 *	  this database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "tsm_delta.h"

PG_FUNCTION_INFO_V1(tsm_temporal_enable_session_preload);

#define LIBRARY			"tsmem"
#define PRELOAD_SETTING	"session_preload_libraries"

/*
 * What the database has set, or else what the configuration file sets, which
 * the setting of the database will hide.
 */
static const char preload_query[] =
"SELECT coalesce("
"(SELECT pg_catalog.substr(entry, 27) FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) entry"
" WHERE s.setdatabase OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_database"
"  WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"
" AND s.setrole OPERATOR(pg_catalog.=) 0 AND entry OPERATOR(pg_catalog.~~) 'session\\_preload\\_libraries=%'),"
"(SELECT setting FROM pg_catalog.pg_file_settings"
" WHERE name OPERATOR(pg_catalog.=) 'session_preload_libraries' AND error IS NULL ORDER BY seqno DESC LIMIT 1), '')";

/* Roles whose own setting hides that of the database. */
static const char hidden_query[] =
"SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname)"
" FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole,"
" pg_catalog.unnest(s.setconfig) entry"
" WHERE (s.setdatabase OPERATOR(pg_catalog.=) 0 OR s.setdatabase OPERATOR(pg_catalog.=)"
"  (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))"
" AND entry OPERATOR(pg_catalog.~~) 'session\\_preload\\_libraries=%'"
" AND entry OPERATOR(pg_catalog.!~) '[=, \"/]tsmem([, \"]|$)'";

/* One text that a query gives, palloc'd; NULL for a null. */
static char *
ask(const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *value;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(query, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not execute \"%s\"", query);
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (value != NULL)
		value = MemoryContextStrdup(context, value);
	SPI_finish();
	return value;
}

/* The library of a list's entry, without directory and suffix. */
static bool
is_tsmem(const char *entry)
{
	const char *name = last_dir_separator(entry);
	size_t		length;

	name = name == NULL ? entry : name + 1;
	length = strlen(name);
	if (length > strlen(DLSUFFIX) && strcmp(name + length - strlen(DLSUFFIX), DLSUFFIX) == 0)
		length -= strlen(DLSUFFIX);
	return length == strlen(LIBRARY) && strncmp(name, LIBRARY, length) == 0;
}

/* A list of libraries with ours in it, or without, as literals. */
static char *
change_list(char *value, bool enable)
{
	List	   *entries;
	ListCell   *cell;
	StringInfoData list;
	bool		missing = enable;

	initStringInfo(&list);
	if (!SplitDirectoriesString(value, ',', &entries))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid list of libraries in parameter \"%s\"", PRELOAD_SETTING)));
	foreach(cell, entries)
	{
		if (is_tsmem(lfirst(cell)))
		{
			missing = false;
			if (!enable)
				continue;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", quote_literal_cstr(lfirst(cell)));
	}
	if (missing)
		appendStringInfo(&list, "%s'" LIBRARY "'", list.len > 0 ? ", " : "");
	return list.data;
}

/* enable_session_preload(enable boolean) → text: the setting of the database as it is then */
Datum
tsm_temporal_enable_session_preload(PG_FUNCTION_ARGS)
{
	bool		enable = PG_GETARG_BOOL(0);
	const char *database = quote_identifier(get_database_name(MyDatabaseId));
	char	   *list;
	char	   *hidden;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to set \"%s\"", PRELOAD_SETTING)));
	if (enable)
		load_file(LIBRARY, false);	/* a name that cannot be found would keep everybody out */
	list = change_list(ask(preload_query), enable);
	if (list[0] == '\0')
		tsm_delta_execute("ALTER DATABASE %s RESET " PRELOAD_SETTING, database);
	else
		tsm_delta_execute("ALTER DATABASE %s SET " PRELOAD_SETTING " = %s", database, list);
	hidden = enable ? ask(hidden_query) : NULL;
	if (hidden != NULL)
		ereport(WARNING,
				(errmsg("roles with a setting of their own do not load tsmem"),
				 errdetail("They are %s.", hidden)));
	PG_RETURN_TEXT_P(cstring_to_text(ask(preload_query)));
}
