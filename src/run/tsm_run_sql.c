/*-------------------------------------------------------------------------
 *
 * tsm_run_sql.c
 *	  SQL-callable functions of the run room: unpack, check, pack.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "tsm_run_int.h"

PG_FUNCTION_INFO_V1(tsm_run_begin_sql);
PG_FUNCTION_INFO_V1(tsm_run_end_sql);
PG_FUNCTION_INFO_V1(tsm_run_fork_sql);
PG_FUNCTION_INFO_V1(tsm_run_append_event);
PG_FUNCTION_INFO_V1(tsm_run_append_events);
PG_FUNCTION_INFO_V1(tsm_run_put);
PG_FUNCTION_INFO_V1(tsm_run_delete);
PG_FUNCTION_INFO_V1(tsm_run_transition_sql);
PG_FUNCTION_INFO_V1(tsm_run_define_machine);
PG_FUNCTION_INFO_V1(tsm_run_deleted);

/* Acts as the owner of the tables, like a foreign key's check does. */
void
tsm_run_become_owner(TsmRunOwner *saved)
{
	GetUserIdAndSecContext(&saved->user, &saved->context);
	SetUserIdAndSecContext(tsm_run_catalog()->owner, saved->context |
						   SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
}

/* Acts as before; after an error the end of the (sub)transaction does it. */
void
tsm_run_become_caller(const TsmRunOwner *saved)
{
	SetUserIdAndSecContext(saved->user, saved->context);
}

/* A statement's plan, made once a session; the caller is connected to SPI. */
SPIPlanPtr
tsm_run_plan(SPIPlanPtr *plan, const char *query, int nargs, Oid *argtypes)
{
	if (*plan == NULL)
	{
		SPIPlanPtr	fresh = SPI_prepare(query, nargs, argtypes);

		if (fresh == NULL || SPI_keepplan(fresh) != 0)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		*plan = fresh;
	}
	return *plan;
}

static void
require_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
}

/* A run's identity, which every call takes first. */
static pg_uuid_t *
run_argument(FunctionCallInfo fcinfo, int number)
{
	require_argument(fcinfo, number, "run");
	return PG_GETARG_UUID_P(number);
}

/* A name (key, machine, state, subject) of bounded length; NULL only where that is allowed. */
static text *
name_argument(FunctionCallInfo fcinfo, int number, const char *what, bool optional)
{
	text	   *name;

	if (optional && PG_ARGISNULL(number))
		return NULL;
	require_argument(fcinfo, number, what);
	name = PG_GETARG_TEXT_PP(number);
	if (VARSIZE_ANY_EXHDR(name) > TSM_RUN_NAME_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is too long", what),
				 errdetail("It has %d bytes, at most %d are possible.",
						   (int) VARSIZE_ANY_EXHDR(name), TSM_RUN_NAME_MAX_BYTES)));
	return name;
}

static void
prevent_read_only(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

Datum
tsm_run_begin_sql(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = palloc(UUID_LEN);

	prevent_read_only("tsmem.begin_run()");
	if (!PG_ARGISNULL(2))
		memcpy(id, PG_GETARG_UUID_P(2), UUID_LEN);
	else
		memcpy(id, DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0)), UUID_LEN);
	tsm_run_begin(id,
				  PG_ARGISNULL(0) ? tsm_namespace_root() : text_to_cstring(PG_GETARG_TEXT_PP(0)),
				  PG_GETARG_DATUM(1), PG_ARGISNULL(1), PG_GETARG_DATUM(3), PG_ARGISNULL(3));
	PG_RETURN_UUID_P(id);
}

Datum
tsm_run_end_sql(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	char	   *status;

	prevent_read_only("tsmem.end_run()");
	require_argument(fcinfo, 1, "status");
	status = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (strcmp(status, "succeeded") != 0 && strcmp(status, "failed") != 0 &&
		strcmp(status, "cancelled") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a run cannot end with status \"%s\"", status),
				 errhint("Use succeeded, failed or cancelled.")));
	tsm_run_end(id, status);
	PG_RETURN_VOID();
}

Datum
tsm_run_fork_sql(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	pg_uuid_t  *child = palloc(UUID_LEN);

	prevent_read_only("tsmem.fork_run()");
	memcpy(child, DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0)), UUID_LEN);
	tsm_run_fork(id, child, PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1),
				 PG_GETARG_DATUM(2), PG_ARGISNULL(2));
	PG_RETURN_UUID_P(child);
}

Datum
tsm_run_append_event(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	TsmRunEvent event = {0};

	prevent_read_only("tsmem.append_event()");
	event.kind = TSM_KIND_EVENT;
	event.key = name_argument(fcinfo, 1, "key", true);
	event.body = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	event.subject = name_argument(fcinfo, 3, "subject", true);
	event.raw = PG_ARGISNULL(4) ? NULL : PG_GETARG_BYTEA_PP(4);
	tsm_run_append(id, &event, 1, NULL, NULL);
	PG_RETURN_INT64(event.seq);
}

/* A member of an event given as an object: a string of bounded length, or null. */
static text *
read_name_member(const JsonbValue *value, const char *what, int number)
{
	if (value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d: %s must be a string or null", number, what)));
	if (value->val.string.len > TSM_RUN_NAME_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("event %d: %s is too long", number, what),
				 errdetail("It has %d bytes, at most %d are possible.", value->val.string.len,
						   TSM_RUN_NAME_MAX_BYTES)));
	return cstring_to_text_with_len(value->val.string.val, value->val.string.len);
}

/* Reads {"key": ..., "body": ..., "subject": ...}; number counts from 1, for messages. */
static void
read_event_object(Jsonb *object, int number, TsmRunEvent *event)
{
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;

	event->kind = TSM_KIND_EVENT;
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("event %d is not an object", number)));
	iterator = JsonbIteratorInit(&object->root);
	(void) JsonbIteratorNext(&iterator, &key, true);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (key.val.string.len == 3 && memcmp(key.val.string.val, "key", 3) == 0)
			event->key = read_name_member(&value, "key", number);
		else if (key.val.string.len == 4 && memcmp(key.val.string.val, "body", 4) == 0)
			event->body = JsonbValueToJsonb(&value);
		else if (key.val.string.len == 7 && memcmp(key.val.string.val, "subject", 7) == 0)
			event->subject = read_name_member(&value, "subject", number);
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("event %d has an unknown member \"%s\"", number,
							pnstrdup(key.val.string.val,
									 pg_mbcliplen(key.val.string.val, key.val.string.len,
												  NAMEDATALEN - 1))),
					 errhint("The members of an event are key, body and subject.")));
	}
}

Datum
tsm_run_append_events(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	TupleDesc	columns;
	TsmRunEvent *events;
	Datum	   *objects;
	bool	   *isnull;
	int			count;
	int			i;
	Datum		values[2];
	bool		nulls[2] = {true, true};

	prevent_read_only("tsmem.append_events()");
	require_argument(fcinfo, 1, "events");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), JSONBOID, -1, false, TYPALIGN_INT, &objects,
					  &isnull, &count);
	events = palloc_extended(count * sizeof(TsmRunEvent), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("event %d must not be null", i + 1)));
		read_event_object(DatumGetJsonbP(objects[i]), i + 1, &events[i]);
	}
	tsm_run_append(id, events, count, NULL, NULL);
	if (count > 0)
	{
		values[0] = Int64GetDatum(events[0].seq);
		values[1] = Int64GetDatum(events[count - 1].seq);
		nulls[0] = nulls[1] = false;
	}
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

Datum
tsm_run_put(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	TsmRunEvent event = {0};

	prevent_read_only("tsmem.put()");
	require_argument(fcinfo, 2, "value");
	event.kind = TSM_KIND_VALUE;
	event.key = name_argument(fcinfo, 1, "key", false);
	event.body = PG_GETARG_JSONB_P(2);
	event.ttl = PG_ARGISNULL(3) ? NULL : PG_GETARG_INTERVAL_P(3);
	tsm_run_append(id, &event, 1, NULL, NULL);
	PG_RETURN_INT64(event.seq);
}

/* Guard of delete: whether the key has a value that has not expired. */
static bool
key_has_value(const TsmRun *run, void *argument)
{
	TsmRunProbe probe;
	Datum		expires_at;
	bool		expires_isnull;
	bool		isnull;

	if (!tsm_run_latest(run, TSM_KIND_VALUE, argument, 1, PG_INT64_MAX, SnapshotSelf, &probe))
		return false;
	(void) slot_getattr(probe.slot, Anum_event_body, &isnull);
	expires_at = slot_getattr(probe.slot, Anum_event_expires_at, &expires_isnull);
	if (!expires_isnull && DatumGetTimestampTz(expires_at) <= GetCurrentStatementStartTimestamp())
		isnull = true;
	tsm_run_probe_close(&probe);
	return !isnull;
}

Datum
tsm_run_delete(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	TsmRunEvent event = {0};

	prevent_read_only("tsmem.delete()");
	event.kind = TSM_KIND_VALUE;
	event.key = name_argument(fcinfo, 1, "key", false);
	if (!tsm_run_append(id, &event, 1, key_has_value, event.key))
		PG_RETURN_NULL();
	PG_RETURN_INT64(event.seq);
}

typedef struct Transition
{
	text	   *machine;
	bool		creates;		/* expects no state yet */
	int64		expected;
	text	   *new_state;
} Transition;

/*
 * Guard of transition: whether the machine's version is the expected one.
 * Above READ COMMITTED a version that the snapshot does not see has raised
 * 40001 before.
 */
static bool
version_is_expected(const TsmRun *run, void *argument)
{
	Transition *transition = argument;
	TsmRunProbe probe;
	text	   *from = NULL;

	/* An older version than the expected one is as wrong as none: it need not be found. */
	if (tsm_run_latest(run, TSM_KIND_STATE, transition->machine,
					   transition->creates ? 1 : transition->expected, PG_INT64_MAX, SnapshotSelf,
					   &probe))
	{
		bool		isnull;
		int64		version = DatumGetInt64(slot_getattr(probe.slot, Anum_event_seq, &isnull));
		Datum		body = slot_getattr(probe.slot, Anum_event_body, &isnull);

		from = isnull ? cstring_to_text("") : tsm_run_body_state(DatumGetJsonbP(body));
		tsm_run_probe_close(&probe);
		if (transition->creates || version != transition->expected)
			return false;
	}
	else if (!transition->creates)
		return false;
	tsm_run_check_transition(run, transition->machine, from, transition->new_state);
	return true;
}

Datum
tsm_run_transition_sql(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *id = run_argument(fcinfo, 0);
	TsmRunEvent event = {0};
	Transition	transition;

	prevent_read_only("tsmem.transition()");
	transition.machine = name_argument(fcinfo, 1, "machine", false);
	transition.creates = PG_ARGISNULL(2);
	transition.expected = transition.creates ? 0 : PG_GETARG_INT64(2);
	transition.new_state = name_argument(fcinfo, 3, "state", false);
	if (VARSIZE_ANY_EXHDR(transition.new_state) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("state must not be empty")));
	event.kind = TSM_KIND_STATE;
	event.key = transition.machine;
	event.body = tsm_run_state_body(transition.new_state);
	if (!tsm_run_append(id, &event, 1, version_is_expected, &transition))
		PG_RETURN_NULL();
	PG_RETURN_INT64(event.seq);
}

Datum
tsm_run_define_machine(PG_FUNCTION_ARGS)
{
	static SPIPlanPtr plan = NULL;
	Oid			types[3] = {TEXTOID, TEXTOID, JSONBOID};
	Datum		values[3];
	TsmRunOwner saved;
	char	   *name;

	prevent_read_only("tsmem.define_machine()");
	values[0] = PointerGetDatum(name_argument(fcinfo, 0, "machine", false));
	require_argument(fcinfo, 1, "transitions");
	tsm_run_check_transitions(PG_GETARG_JSONB_P(1));
	name = PG_ARGISNULL(2) ? pstrdup(tsm_namespace_root()) : text_to_cstring(PG_GETARG_TEXT_PP(2));
	tsm_namespace_check(name, strlen(name));
	tsm_run_check_write(name);
	values[1] = CStringGetTextDatum(name);
	values[2] = PG_GETARG_DATUM(1);
	SPI_connect();
	tsm_run_become_owner(&saved);
	tsm_run_plan(&plan,
				 "INSERT INTO tsmem.machines (name, namespace, transitions) VALUES ($1, $2, $3) "
				 "ON CONFLICT (name, namespace) DO UPDATE SET transitions = excluded.transitions",
				 3, types);
	if (SPI_execute_plan(plan, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not store a machine");
	tsm_run_become_caller(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}

/* Trigger on tsmem.runs, AFTER DELETE FOR EACH ROW: 23001 for a run that is still needed. */
Datum
tsm_run_deleted(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Datum		id;
	Datum		number;
	bool		isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		RelationGetRelid(trigger->tg_relation) != tsm_run_catalog()->runs)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"_run_deleted\" must be called as a trigger after the deletion "
						"of a row of table \"tsmem.runs\"")));
	id = heap_getattr(trigger->tg_trigtuple, Anum_run_id, trigger->tg_relation->rd_att, &isnull);
	number = heap_getattr(trigger->tg_trigtuple, Anum_run_number, trigger->tg_relation->rd_att,
						  &isnull);
	tsm_run_check_deleted(DatumGetUUIDP(id), DatumGetInt64(number));
	return PointerGetDatum(NULL);
}
