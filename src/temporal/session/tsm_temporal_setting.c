/*-------------------------------------------------------------------------
 *
 * tsm_temporal_setting.c
 *	  The settings of session-wide AS OF: tsmem.system_time, tsmem.snapshot
 *	  and tsmem.valid_time.
 *
 * A time is read once, when it is set, and kept as an absolute time with a
 * numeric offset: 'now' and 'yesterday' mean the moment of SET, and neither
 * TimeZone nor DateStyle, nor the start of a parallel worker, changes what a
 * setting means afterwards.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/autovacuum.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/timestamp.h"

#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_set_system_time);
PG_FUNCTION_INFO_V1(tsm_temporal_set_valid_time);
PG_FUNCTION_INFO_V1(tsm_temporal_set_snapshot);

#define SYSTEM_TIME	"tsmem.system_time"
#define SNAPSHOT	"tsmem.snapshot"
#define VALID_TIME	"tsmem.valid_time"

typedef enum SettingState
{
	SETTING_OFF,
	SETTING_ON,
	SETTING_SPOILT				/* no time, but set before we were there to refuse it */
} SettingState;

/* What the check hook makes of a value. */
typedef struct Setting
{
	SettingState state;
	TimestampTz time;			/* 0 for a snapshot */
	Oid			setter;			/* role of the SECURITY DEFINER function that set it; InvalidOid for others */
} Setting;

static char *system_time_text;
static char *snapshot_text;
static char *valid_time_text;
static Setting system_time = {SETTING_OFF, 0, InvalidOid};
static Setting snapshot = {SETTING_OFF, 0, InvalidOid};
static Setting valid_time = {SETTING_OFF, 0, InvalidOid};

static bool defining = false;	/* values are those of placeholders */
static int	suspended = 0;
static char *mark = NULL;		/* in TopMemoryContext; NULL when it has to be made anew */

/* Read a time as timestamptz does, without raising errors: a check hook must not. */
static bool
read_time(const char *text, TimestampTz *result)
{
	char		work[MAXDATELEN + MAXDATEFIELDS];
	char	   *fields[MAXDATEFIELDS];
	int			types[MAXDATEFIELDS];
	int			count;
	int			kind;
	int			offset;
	struct pg_tm tm;
	fsec_t		fraction;

	if (ParseDateTime(text, work, sizeof(work), fields, types, MAXDATEFIELDS, &count) != 0 ||
		tsm_DecodeDateTime(fields, types, count, &kind, &tm, &fraction, &offset) != 0)
		return false;
	switch (kind)
	{
		case DTK_DATE:
			return tm2timestamp(&tm, fraction, &offset, result) == 0;
		case DTK_EPOCH:
			*result = SetEpochTimestamp();
			return true;
		case DTK_LATE:
			TIMESTAMP_NOEND(*result);
			return true;
		case DTK_EARLY:
			TIMESTAMP_NOBEGIN(*result);
			return true;
		default:
			return false;
	}
}

/* Write a time so that it reads the same under all settings. buffer: MAXDATELEN + 1 bytes. */
static void
write_time(TimestampTz time, char *buffer)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;
	const char *zone;

	if (TIMESTAMP_NOT_FINITE(time))
		EncodeSpecialTimestamp(time, buffer);
	else if (timestamp2tm(time, &offset, &tm, &fraction, &zone, NULL) == 0)
		EncodeDateTime(&tm, fraction, true, offset, NULL, USE_ISO_DATES, buffer);
	else
		buffer[0] = '\0';		/* cannot happen: the time was made from such a text */
}

/* Within a function with the rights of another role: that role. */
static Oid
role_of_setter(void)
{
	Oid			role;
	int			context;

	GetUserIdAndSecContext(&role, &context);
	return (context & SECURITY_LOCAL_USERID_CHANGE) != 0 ? role : InvalidOid;
}

static bool
check_time(char **value, void **extra, GucSource source)
{
	Setting    *setting = tsm_guc_malloc(LOG, sizeof(Setting));
	char		buffer[MAXDATELEN + 1];
	char	   *absolute;

	if (setting == NULL)
		return false;
	setting->state = SETTING_OFF;
	setting->time = 0;
	setting->setter = role_of_setter();
	if ((*value)[0] != '\0')
	{
		if (read_time(*value, &setting->time))
			setting->state = SETTING_ON;
		else if (defining)
			setting->state = SETTING_SPOILT;	/* to refuse it would mean the present */
		else
		{
			tsm_guc_free(setting);
			return false;
		}
	}
	if (setting->state == SETTING_ON)
	{
		write_time(setting->time, buffer);
		absolute = tsm_guc_malloc(LOG, strlen(buffer) + 1);
		if (absolute == NULL)
		{
			tsm_guc_free(setting);
			return false;
		}
		strcpy(absolute, buffer);
		tsm_guc_free(*value);
		*value = absolute;
	}
	*extra = setting;
	return true;
}

/* Whether it is usable here is asked when it is used, for that takes a look at the cluster. */
static bool
check_snapshot(char **value, void **extra, GucSource source)
{
	Setting    *setting = tsm_guc_malloc(LOG, sizeof(Setting));
	TsmSnapshot *token;

	if (setting == NULL)
		return false;
	setting->state = SETTING_OFF;
	setting->time = 0;
	setting->setter = role_of_setter();
	if ((*value)[0] != '\0')
	{
		token = tsm_snapshot_read(*value);
		if (token != NULL)
		{
			setting->state = SETTING_ON;
			pfree(token);
		}
		else if (defining)
			setting->state = SETTING_SPOILT;
		else
		{
			tsm_guc_free(setting);
			return false;
		}
	}
	*extra = setting;
	return true;
}

/* Plans, with their times, are made for the settings that were in force then. */
static void
assign(Setting *setting, const Setting *wanted)
{
	if (wanted->state == setting->state && wanted->time == setting->time &&
		(setting != &snapshot || wanted->state == SETTING_OFF))
	{
		setting->setter = wanted->setter;
		return;
	}
	*setting = *wanted;
	if (mark != NULL)
		pfree(mark);
	mark = NULL;
	ResetPlanCache();
}

static void
assign_system_time(const char *value, void *extra)
{
	assign(&system_time, extra);
}

static void
assign_snapshot(const char *value, void *extra)
{
	assign(&snapshot, extra);
}

static void
assign_valid_time(const char *value, void *extra)
{
	assign(&valid_time, extra);
}

void
tsm_session_define(void)
{
	defining = true;
	DefineCustomStringVariable(SYSTEM_TIME,
							   "System time as of which versioned tables are read; empty for the present.",
							   "Takes what timestamptz takes, and keeps it as an absolute time.",
							   &system_time_text, "", PGC_USERSET,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_time, assign_system_time, NULL);
	DefineCustomStringVariable(SNAPSHOT,
							   "Snapshot as which versioned tables are read; empty for the present.",
							   "Takes a token of tsmem.snapshot().",
							   &snapshot_text, "", PGC_USERSET,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_snapshot, assign_snapshot, NULL);
	DefineCustomStringVariable(VALID_TIME,
							   "Valid time at which tables with a period are read; empty for all rows.",
							   "Takes what timestamptz takes, and keeps it as an absolute time.",
							   &valid_time_text, "", PGC_USERSET,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_time, assign_valid_time, NULL);
	defining = false;
}

static void
refuse_spoilt(const Setting *setting, const char *name, const char *text)
{
	if (setting->state == SETTING_SPOILT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for parameter \"%s\": \"%s\"", name, text),
				 errdetail("It was set before tsmem was loaded, which would have refused it."),
				 errhint("Set the parameter to a time, or to '' for the present.")));
}

void
tsm_session_check_settings(void)
{
	refuse_spoilt(&system_time, SYSTEM_TIME, system_time_text);
	refuse_spoilt(&snapshot, SNAPSHOT, snapshot_text);
	refuse_spoilt(&valid_time, VALID_TIME, valid_time_text);
	if (system_time.state != SETTING_OFF && snapshot.state != SETTING_OFF)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s and %s are both set", SYSTEM_TIME, SNAPSHOT),
				 errhint("Reset one of them.")));
}

/* Whether a setting is in force that the role has not made. */
static bool
is_of_other(const Setting *setting, Oid role)
{
	return setting->state != SETTING_OFF && setting->setter != role;
}

void
tsm_session_check_role(Oid relid)
{
	Oid			role = GetUserId();

	if (role == GetOuterUserId() ||
		!(is_of_other(&system_time, role) || is_of_other(&snapshot, role) ||
		  is_of_other(&valid_time, role)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot read table \"%s\" as of another time with the rights of role \"%s\"",
					get_rel_name(relid), GetUserNameFromId(role, false)),
			 errdetail("%s was set by a caller of the function that has these rights.",
					   tsm_session_setting()),
			 errhint("Give the function a time of its own: SET tsmem.system_time = '' is the present.")));
}

bool
tsm_session_is_set(void)
{
	return system_time.state != SETTING_OFF || snapshot.state != SETTING_OFF ||
		valid_time.state != SETTING_OFF;
}

bool
tsm_session_active(TsmSessionTime *time)
{
	/* A time given to the database reaches the processes of the server too. */
	if (!tsm_session_is_set() || suspended > 0 || tsm_AmAutoVacuumWorkerProcess() ||
		IsLogicalWorker())
		return false;
	/* What a function has left set when it ended is its caller's. */
	if (GetUserId() == GetOuterUserId())
		system_time.setter = snapshot.setter = valid_time.setter = InvalidOid;
	time->past = system_time.state != SETTING_OFF || snapshot.state != SETTING_OFF;
	time->snapshot = snapshot.state == SETTING_ON ? snapshot_text : NULL;
	time->system = system_time.time;
	time->by_valid = valid_time.state != SETTING_OFF;
	time->valid = valid_time.time;
	return true;
}

const char *
tsm_session_setting(void)
{
	if (system_time.state != SETTING_OFF)
		return SYSTEM_TIME;
	return snapshot.state != SETTING_OFF ? SNAPSHOT : VALID_TIME;
}

const char *
tsm_session_mark(void)
{
	if (mark == NULL)
	{
		char	   *text = psprintf(TSM_MARK_PREFIX "%d " INT64_FORMAT " %d " INT64_FORMAT " %s",
									system_time.state == SETTING_ON, system_time.time,
									valid_time.state == SETTING_ON, valid_time.time,
									snapshot.state == SETTING_ON ? snapshot_text : "");

		mark = MemoryContextStrdup(TopMemoryContext, text);
		pfree(text);
	}
	return mark;
}

void
tsm_session_suspend(void)
{
	suspended++;
}

bool
tsm_session_suspended(void)
{
	return suspended > 0 && tsm_session_is_set();
}

void
tsm_session_resume(void)
{
	Assert(suspended > 0);
	suspended--;
}

int
tsm_session_execute_in_present(SPIPlanPtr plan, Datum *values, const char *nulls,
							   Snapshot snapshot_given, Snapshot crosscheck, bool read_only,
							   bool fire_triggers, long limit)
{
	volatile int result = 0;

	if (!tsm_session_is_set())
		return SPI_execute_snapshot(plan, values, nulls, snapshot_given, crosscheck, read_only,
									fire_triggers, limit);
	tsm_session_suspend();
	PG_TRY();
	{
		result = SPI_execute_snapshot(plan, values, nulls, snapshot_given, crosscheck, read_only,
									  fire_triggers, limit);
	}
	PG_FINALLY();
	{
		tsm_session_resume();
	}
	PG_END_TRY();
	return result;
}

static void
set_text(const char *name, const char *value, bool is_local)
{
	(void) set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
							 is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
}

/* The second argument of the functions below. */
static bool
get_is_local(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"is_local\" must not be null")));
	return PG_GETARG_BOOL(1);
}

static void
set_time(FunctionCallInfo fcinfo, const char *name)
{
	bool		is_local = get_is_local(fcinfo);
	char		buffer[MAXDATELEN + 1] = "";

	if (!PG_ARGISNULL(0))
		write_time(PG_GETARG_TIMESTAMPTZ(0), buffer);
	set_text(name, buffer, is_local);
}

/* set_system_time(timestamptz, is_local boolean): to call it loads the library, so that it is never a placeholder that is set. */
Datum
tsm_temporal_set_system_time(PG_FUNCTION_ARGS)
{
	set_time(fcinfo, SYSTEM_TIME);
	PG_RETURN_VOID();
}

/* set_valid_time(timestamptz, is_local boolean) */
Datum
tsm_temporal_set_valid_time(PG_FUNCTION_ARGS)
{
	set_time(fcinfo, VALID_TIME);
	PG_RETURN_VOID();
}

/* set_snapshot(token text, is_local boolean) */
Datum
tsm_temporal_set_snapshot(PG_FUNCTION_ARGS)
{
	bool		is_local = get_is_local(fcinfo);

	if (PG_ARGISNULL(0))
		set_text(SNAPSHOT, "", is_local);
	else
	{
		char	   *token = text_to_cstring(PG_GETARG_TEXT_PP(0));

		pfree(tsm_snapshot_accept(token));
		set_text(SNAPSHOT, token, is_local);
	}
	PG_RETURN_VOID();
}
