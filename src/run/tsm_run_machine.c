/*-------------------------------------------------------------------------
 *
 * tsm_run_machine.c
 *	  Declared state machines.
 *
 *	{"": ["new"], "new": ["paid", "cancelled"], "paid": ["sent"]}
 *
 * A state that only follows others is final. Without the member "", a machine
 * may begin in any state that the declaration names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "tsm_run_int.h"

/* Columns of tsmem.machines */
#define Anum_machine_name 1
#define Anum_machine_namespace 2
#define Anum_machine_transitions 3

static void
raise_bad_transitions(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid transitions of a machine"),
			 errdetail("%s", detail)));
}

/*
 * Raises 22023 unless the value is an object whose members are arrays of
 * states: strings of 1 to TSM_RUN_NAME_MAX_BYTES bytes.
 */
void
tsm_run_check_transitions(Jsonb *transitions)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	int			depth = 0;

	if (!JB_ROOT_IS_OBJECT(transitions))
		raise_bad_transitions("They must be an object.");
	iterator = JsonbIteratorInit(&transitions->root);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
			depth++;
		else if (token == WJB_END_OBJECT || token == WJB_END_ARRAY)
			depth--;
		if (token == WJB_VALUE || depth > 2 || (token == WJB_BEGIN_OBJECT && depth == 2))
			raise_bad_transitions("Each member must be an array of states.");
		if (token == WJB_ELEM && (value.type != jbvString || value.val.string.len == 0))
			raise_bad_transitions("Each state must be a string of 1 to 1024 bytes.");
		if ((token == WJB_ELEM || token == WJB_KEY) &&
			value.val.string.len > TSM_RUN_NAME_MAX_BYTES)
			raise_bad_transitions("Each state must be a string of 1 to 1024 bytes.");
	}
}

StaticAssertDecl(TSM_RUN_NAME_MAX_BYTES == 1024, "the message above names the limit");

/* Whether an array of states holds one. */
static bool
holds_state(JsonbContainer *states, text *state)
{
	JsonbValue	wanted;

	wanted.type = jbvString;
	wanted.val.string.val = VARDATA_ANY(state);
	wanted.val.string.len = VARSIZE_ANY_EXHDR(state);
	return findJsonbValueFromContainer(states, JB_FARRAY, &wanted) != NULL;
}

/* Whether a member of the declaration holds a state; *declared: whether there is that member. */
static bool
follows(Jsonb *transitions, const char *from, int from_length, text *to, bool *declared)
{
	JsonbValue	states;

	*declared = getKeyJsonValueFromContainer(&transitions->root, from, from_length, &states) != NULL;
	return *declared && states.type == jbvBinary && holds_state(states.val.binary.data, to);
}

/* Whether the declaration names a state at all. */
static bool
names_state(Jsonb *transitions, text *state)
{
	JsonbIterator *iterator = JsonbIteratorInit(&transitions->root);
	JsonbValue	value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if ((token == WJB_KEY || token == WJB_ELEM) && value.type == jbvString &&
			value.val.string.len == VARSIZE_ANY_EXHDR(state) &&
			memcmp(value.val.string.val, VARDATA_ANY(state), value.val.string.len) == 0)
			return true;
	}
	return false;
}

/* The declaration that binds a machine of a run: that of the nearest namespace; NULL for none. */
static Jsonb *
find_declaration(const TsmRun *run, text *machine)
{
	Relation	machines;
	Oid			index;
	Jsonb	   *nearest = NULL;
	int			nearest_length = -1;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	/* Hear of a first declaration that was committed since this transaction began. */
	AcceptInvalidationMessages();
	if (!tsm_run_catalog()->machines_declared)
		return NULL;
	machines = table_open(tsm_run_catalog()->machines, AccessShareLock);
	index = tsm_run_catalog()->machines_by_name;
	ScanKeyEntryInitialize(&key, 0, Anum_machine_name, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ, PointerGetDatum(machine));
	scan = systable_beginscan(machines, index, OidIsValid(index), GetActiveSnapshot(), 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		text	   *name = DatumGetTextPP(heap_getattr(tuple, Anum_machine_namespace,
													 RelationGetDescr(machines), &isnull));
		int			length = VARSIZE_ANY_EXHDR(name);

		if (length > nearest_length &&
			tsm_namespace_covers(VARDATA_ANY(name), length, run->namespace,
								 strlen(run->namespace)))
		{
			nearest_length = length;
			nearest = DatumGetJsonbPCopy(heap_getattr(tuple, Anum_machine_transitions,
													  RelationGetDescr(machines), &isnull));
		}
	}
	systable_endscan(scan);
	table_close(machines, AccessShareLock);
	return nearest;
}

/*
 * Raises 23514 when the machine is declared and may not go from one state
 * (NULL: it does not exist yet) to another.
 */
void
tsm_run_check_transition(const TsmRun *run, text *machine, text *from, text *to)
{
	Jsonb	   *transitions = find_declaration(run, machine);
	bool		declared;

	if (transitions == NULL)
		return;
	if (from != NULL)
	{
		if (follows(transitions, VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from), to, &declared))
			return;
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("machine \"%s\" cannot go from state \"%s\" to \"%s\"",
						text_to_cstring(machine), text_to_cstring(from), text_to_cstring(to))));
	}
	if (follows(transitions, "", 0, to, &declared) || (!declared && names_state(transitions, to)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("machine \"%s\" cannot begin in state \"%s\"", text_to_cstring(machine),
					text_to_cstring(to))));
}

/* A state as the body of an event: a JSON string. */
Jsonb *
tsm_run_state_body(text *state)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = VARDATA_ANY(state);
	value.val.string.len = VARSIZE_ANY_EXHDR(state);
	return JsonbValueToJsonb(&value);
}

/* The reverse; NULL when the body is something else. */
text *
tsm_run_body_state(Jsonb *body)
{
	JsonbValue	value;

	if (!JB_ROOT_IS_SCALAR(body) || !JsonbExtractScalar(&body->root, &value) ||
		value.type != jbvString)
		return NULL;
	return cstring_to_text_with_len(value.val.string.val, value.val.string.len);
}
