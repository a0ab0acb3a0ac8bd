/*-------------------------------------------------------------------------
 *
 * tsm_run_namespace.c
 *	  Namespaces: the session's root, the grants, who may use what.
 *
 * A namespace is a path of segments, "acme/anna/s1". The setting
 * tsmem.namespace narrows a session to a part of the tree; the table
 * tsmem.namespace_grants says which parts a role may use at all.
 *
 * The grants of a role are read once a session and kept, sorted, because
 * row-level security asks for every row. A trigger on the table sends a
 * relcache invalidation for it, by which all sessions forget what they have
 * read, at the same moment as for a change in the system catalogue; a change
 * in the membership of roles does the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_run.h"

/* Columns of tsmem.namespace_grants */
#define Anum_grant_grantee 1
#define Anum_grant_prefix 2

typedef struct GrantPrefix
{
	const char *bytes;
	size_t		length;
} GrantPrefix;

/* What one role may use; an entry of the hash table "grants". */
typedef struct RoleGrants
{
	Oid			role;			/* key */
	bool		bypass;			/* bound by no grant */
	int			count;
	GrantPrefix *prefixes;		/* sorted by compare_prefixes */
} RoleGrants;

static char *namespace_root = NULL; /* tsmem.namespace */
static bool root_is_malformed = false;
static bool loading = false;

static MemoryContext grants_context = NULL;
static HTAB *grants = NULL;
static Oid	grants_relation = InvalidOid;
static uint64 grants_generation = 0;	/* moves with every invalidation */

const char *
tsm_namespace_root(void)
{
	return namespace_root != NULL ? namespace_root : "";
}

/* What is wrong with a namespace, as a sentence; NULL for nothing. */
static const char *
namespace_fault(const char *name, size_t length)
{
	size_t		i;

	if (length > TSM_NAMESPACE_MAX_BYTES)
		return "It is longer than 512 bytes.";
	for (i = 0; i < length; i++)
	{
		if (name[i] == '/' && (i == 0 || i == length - 1 || name[i - 1] == '/'))
			return "Its segments, separated by \"/\", must not be empty.";
	}
	return NULL;
}

StaticAssertDecl(TSM_NAMESPACE_MAX_BYTES == 512, "the message above names the limit");

void
tsm_namespace_check(const char *name, size_t length)
{
	const char *fault = namespace_fault(name, length);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid namespace \"%s\"",
						pnstrdup(name, pg_mbcliplen(name, length, NAMEDATALEN - 1))),
				 errdetail("%s", fault)));
}

bool
tsm_namespace_covers(const char *prefix, size_t prefix_length, const char *name, size_t name_length)
{
	if (prefix_length == 0)
		return true;
	if (name_length < prefix_length || memcmp(prefix, name, prefix_length) != 0)
		return false;
	return name_length == prefix_length || name[prefix_length] == '/';
}

static int
compare_prefixes(const void *left, const void *right)
{
	const GrantPrefix *a = left;
	const GrantPrefix *b = right;
	int			order = memcmp(a->bytes, b->bytes, Min(a->length, b->length));

	if (order != 0)
		return order;
	return a->length < b->length ? -1 : a->length > b->length;
}

static void
forget_grants(void)
{
	grants_generation++;
	grants = NULL;
	if (grants_context != NULL)
		MemoryContextReset(grants_context);
}

static void
forget_grants_of_relation(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == grants_relation)
	{
		forget_grants();
		grants_relation = InvalidOid;
	}
}

/* Also for a change of the database: its owner is a member of pg_database_owner. */
static void
forget_grants_of_roles(Datum argument, int cache_id, uint32 hash_value)
{
	forget_grants();
}

static void
prepare_grants(void)
{
	HASHCTL		control;

	if (grants_context == NULL)
	{
		grants_context = AllocSetContextCreate(CacheMemoryContext, "tsmem namespace grants",
											   ALLOCSET_SMALL_SIZES);
		CacheRegisterRelcacheCallback(forget_grants_of_relation, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_grants_of_roles, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, forget_grants_of_roles, (Datum) 0);
		CacheRegisterSyscacheCallback(DATABASEOID, forget_grants_of_roles, (Datum) 0);
	}
	if (grants == NULL)
	{
		control.keysize = sizeof(Oid);
		control.entrysize = sizeof(RoleGrants);
		control.hcxt = grants_context;
		grants = hash_create("tsmem namespace grants", 8, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
}

/*
 * Reads the grants that a role has, into the current memory context. Like a
 * read of the catalogue it takes a fresh snapshot and asks for no privilege.
 */
static void
read_grants(Relation relation, Oid role, RoleGrants *found)
{
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	int			room = 8;
	Oid			asked = InvalidOid;
	bool		holds = false;

	found->bypass = has_bypassrls_privilege(role) ||
		has_privs_of_role(role, relation->rd_rel->relowner);
	found->count = 0;
	found->prefixes = palloc(room * sizeof(GrantPrefix));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			grantee = DatumGetObjectId(heap_getattr(tuple, Anum_grant_grantee,
															RelationGetDescr(relation), &isnull));
		text	   *prefix;

		CHECK_FOR_INTERRUPTS();
		if (grantee != asked)
		{
			asked = grantee;
			holds = has_privs_of_role(role, grantee);
		}
		if (!holds)
			continue;
		prefix = DatumGetTextPCopy(heap_getattr(tuple, Anum_grant_prefix,
												RelationGetDescr(relation), &isnull));
		if (found->count == room)
		{
			room *= 2;
			found->prefixes = repalloc_huge(found->prefixes, room * sizeof(GrantPrefix));
		}
		found->prefixes[found->count].bytes = VARDATA(prefix);
		found->prefixes[found->count].length = VARSIZE(prefix) - VARHDRSZ;
		found->count++;
	}
	systable_endscan(scan);
	qsort(found->prefixes, found->count, sizeof(GrantPrefix), compare_prefixes);
}

static Oid
grants_table(void)
{
	Oid			oid = get_relname_relid("namespace_grants", get_namespace_oid("tsmem", false));

	if (!OidIsValid(oid))
		elog(ERROR, "table tsmem.namespace_grants does not exist");
	return oid;
}

/*
 * The grants of the current role, from memory or read. The result is good
 * until an invalidation is taken in, that is, until a relation is opened.
 *
 * When an invalidation comes while they are read, what was read is used this
 * once (as if it had been asked a moment earlier) and not kept; it lives in
 * the caller's memory context then.
 */
static const RoleGrants *
grants_of_current_role(void)
{
	Oid			role = GetUserId();
	RoleGrants *entry;
	RoleGrants	found;
	Relation	relation;
	MemoryContext reading;
	MemoryContext caller;
	uint64		generation;

	if (grants != NULL && (entry = hash_search(grants, &role, HASH_FIND, NULL)) != NULL)
		return entry;
	relation = table_open(grants_table(), AccessShareLock);
	prepare_grants();
	grants_relation = RelationGetRelid(relation);
	generation = grants_generation;
	reading = AllocSetContextCreate(CurrentMemoryContext, "tsmem grants of a role",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(reading);
	found.role = role;
	read_grants(relation, role, &found);
	entry = palloc(sizeof(RoleGrants));
	*entry = found;
	MemoryContextSwitchTo(caller);
	table_close(relation, AccessShareLock);
	if (generation != grants_generation)
		return entry;
	/* Nothing from here on takes invalidations in. */
	entry = hash_search(grants, &role, HASH_ENTER, NULL);
	*entry = found;
	MemoryContextSetParent(reading, grants_context);
	return entry;
}

static bool
holds_prefix(const RoleGrants *held, const char *bytes, size_t length)
{
	GrantPrefix wanted;

	wanted.bytes = bytes;
	wanted.length = length;
	return held->count > 0 &&
		bsearch(&wanted, held->prefixes, held->count, sizeof(GrantPrefix), compare_prefixes) != NULL;
}

bool
tsm_namespace_granted(const char *name, size_t length)
{
	const char *root = tsm_namespace_root();
	const RoleGrants *held;
	size_t		i;

	if (root_is_malformed || !tsm_namespace_covers(root, strlen(root), name, length))
		return false;
	held = grants_of_current_role();
	if (holds_prefix(held, name, 0) || holds_prefix(held, name, length))
		return true;
	for (i = 1; i < length; i++)
	{
		if (name[i] == '/' && holds_prefix(held, name, i))
			return true;
	}
	return false;
}

bool
tsm_namespace_bypass(void)
{
	return grants_of_current_role()->bypass;
}

bool
tsm_namespace_any_grant(void)
{
	return grants_of_current_role()->count > 0;
}

/*
 * A malformed root that nobody can be told of (set before the library was
 * loaded, or by ALTER ROLE or ALTER DATABASE without it) is taken as it is:
 * the default in its place would be the root of everything. Nothing is
 * allowed under it. What is SET now is refused.
 */
static bool
check_root(char **newval, void **extra, GucSource source)
{
	const char *fault = namespace_fault(*newval, strlen(*newval));

	if (fault != NULL && !InitializingParallelWorker &&
		(loading || source == PGC_S_GLOBAL || source == PGC_S_DATABASE || source == PGC_S_USER ||
		 source == PGC_S_DATABASE_USER))
		ereport(WARNING,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"tsmem.namespace\" has a malformed value: no namespace is allowed"),
				 errdetail("%s", fault)));
	else if (fault != NULL && !InitializingParallelWorker)
	{
		GUC_check_errdetail("%s", fault);
		return false;
	}
	return true;
}

static void
assign_root(const char *newval, void *extra)
{
	root_is_malformed = namespace_fault(newval, strlen(newval)) != NULL;
}

static void
load_namespaces(void)
{
	loading = true;
	DefineCustomStringVariable("tsmem.namespace",
							   "Root namespace of the session.",
							   "Only runs and memories at or below it are seen by roles that "
							   "row-level security binds; new ones are put there by default.",
							   &namespace_root, "", PGC_USERSET, 0, check_root, assign_root, NULL);
	loading = false;
}

PG_FUNCTION_INFO_V1(tsm_run_namespace_covers_sql);
PG_FUNCTION_INFO_V1(tsm_run_namespace_allowed_sql);
PG_FUNCTION_INFO_V1(tsm_run_session_namespace);
PG_FUNCTION_INFO_V1(tsm_run_check_namespace);
PG_FUNCTION_INFO_V1(tsm_run_require_namespace);
PG_FUNCTION_INFO_V1(tsm_run_table_changed);

Datum
tsm_run_namespace_covers_sql(PG_FUNCTION_ARGS)
{
	text	   *prefix = PG_GETARG_TEXT_PP(0);
	text	   *name = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(tsm_namespace_covers(VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix),
										VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)));
}

Datum
tsm_run_namespace_allowed_sql(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(tsm_namespace_bypass() ||
				   tsm_namespace_granted(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)));
}

Datum
tsm_run_session_namespace(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(tsm_namespace_root()));
}

Datum
tsm_run_check_namespace(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);

	tsm_namespace_check(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	PG_RETURN_BOOL(true);
}

/* The namespace given, or the session's; 22023 malformed, 42501 not allowed. */
Datum
tsm_run_require_namespace(PG_FUNCTION_ARGS)
{
	text	   *name = PG_ARGISNULL(0) ? cstring_to_text(tsm_namespace_root()) : PG_GETARG_TEXT_PP(0);
	char	   *bytes = VARDATA_ANY(name);
	size_t		length = VARSIZE_ANY_EXHDR(name);

	tsm_namespace_check(bytes, length);
	if (!tsm_namespace_bypass() && root_is_malformed)
		tsm_namespace_check(tsm_namespace_root(), strlen(tsm_namespace_root()));
	if (!tsm_namespace_bypass() && !tsm_namespace_granted(bytes, length))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for namespace \"%s\"", text_to_cstring(name))));
	PG_RETURN_TEXT_P(name);
}

/* Trigger: tells every session that a table it may have read and kept has changed. */
Datum
tsm_run_table_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"_table_changed\" must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}

TSM_ROOM(run, load_namespaces, NULL);
