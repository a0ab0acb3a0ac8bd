/*-------------------------------------------------------------------------
 *
 * tsm_temporal_lookup.c
 *	  What a table is to session-wide AS OF: versioned, with which
 *	  histories, with which periods.
 *
 * The rows of the registries are cached, one entry a relation that was asked
 * for. All of them are forgotten when any of these relations changes; a
 * change of a registration, a period or the partitions of a table is one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/lockdefs.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

/* What the registries say of one relation. */
typedef struct OwnFacts
{
	Oid			relid;
	bool		filled;			/* the rest is known */
	Oid			history;		/* its history */
	Oid			history_of;		/* the table whose history it is */
	List	   *periods;		/* C strings */
} OwnFacts;

static HTAB *facts = NULL;
static MemoryContext facts_context = NULL;
static bool stale = true;

static void
forget_facts(Datum argument, Oid relid)
{
	if (stale || facts == NULL)
		return;
	if (relid == InvalidOid || hash_search(facts, &relid, HASH_FIND, NULL) != NULL)
		stale = true;
}

static void
start_anew(void)
{
	HASHCTL		control = {0};

	if (facts_context == NULL)
	{
		facts_context = AllocSetContextCreate(CacheMemoryContext, "tsmem session tables",
											  ALLOCSET_SMALL_SIZES);
		CacheRegisterRelcacheCallback(forget_facts, (Datum) 0);
	}
	facts = NULL;
	MemoryContextReset(facts_context);
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(OwnFacts);
	control.hcxt = facts_context;
	facts = hash_create("tsmem session tables", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	stale = false;
}

/* The library may be loaded in a database without the extension. */
static bool
extension_is_there(void)
{
	Oid			namespace = get_namespace_oid("tsmem", true);

	return OidIsValid(namespace) && OidIsValid(get_relname_relid("versioned_tables", namespace)) &&
		OidIsValid(get_relname_relid("periods", namespace));
}

/*
 * Look the relation up in the registries. The entry is made first: a change
 * that arrives while they are read spoils it, and with it all.
 */
static void
read_facts(Oid relid)
{
	OwnFacts	own = {relid, true, InvalidOid, InvalidOid, NIL};
	TsmVersionedTable *table;
	List	   *periods = NIL;
	ListCell   *cell;
	MemoryContext old_context;
	OwnFacts   *entry;

	entry = hash_search(facts, &relid, HASH_ENTER, NULL);
	entry->filled = false;
	table = tsm_delta_find(relid);
	if (table != NULL)
		own.history = table->history;
	table = tsm_delta_find_by_history(relid);
	if (table != NULL)
		own.history_of = table->rel;
	foreach(cell, tsm_temporal_periods(relid))
		periods = lappend(periods, ((TsmTemporalPeriod *) lfirst(cell))->name);

	entry = hash_search(facts, &relid, HASH_FIND, NULL);
	old_context = MemoryContextSwitchTo(facts_context);
	foreach(cell, periods)
		own.periods = lappend(own.periods, pstrdup(lfirst(cell)));
	MemoryContextSwitchTo(old_context);
	*entry = own;
}

/* Facts of a relation, its list copied; all empty for what tsmem does not know. */
static OwnFacts
own_facts(Oid relid)
{
	OwnFacts	result = {relid, true, InvalidOid, InvalidOid, NIL};
	OwnFacts   *entry;
	ListCell   *cell;
	List	   *periods = NIL;

	if (relid < FirstNormalObjectId)
		return result;
	if (stale)
		start_anew();
	entry = hash_search(facts, &relid, HASH_FIND, NULL);
	if (entry == NULL || !entry->filled)
	{
		if (!extension_is_there())
			return result;
		read_facts(relid);
		entry = hash_search(facts, &relid, HASH_FIND, NULL);
	}
	result = *entry;
	foreach(cell, entry->periods)
		periods = lappend(periods, pstrdup(lfirst(cell)));
	result.periods = periods;
	return result;
}

Oid
tsm_session_history_of(Oid relid)
{
	return own_facts(relid).history_of;
}

/* A partition is read through the table that is versioned, and has that one's periods. */
static void
look_above(TsmSessionTable *table)
{
	List	   *ancestors = get_partition_ancestors(table->relid);
	ListCell   *cell;

	foreach(cell, ancestors)
	{
		OwnFacts	above = own_facts(lfirst_oid(cell));

		if (OidIsValid(above.history) && table->kind == TSM_KIND_PLAIN)
		{
			table->kind = TSM_KIND_PARTITION;
			table->other = lfirst_oid(cell);
		}
		if (table->periods == NIL)
			table->periods = above.periods;
	}
	list_free(ancestors);
}

/* Whether one of the tables above a partition is in the list. */
static bool
is_below(Oid partition, const List *tables)
{
	List	   *ancestors = get_partition_ancestors(partition);
	ListCell   *cell;
	bool		found = false;

	foreach(cell, ancestors)
		found = found || list_member_oid(tables, lfirst_oid(cell));
	list_free(ancestors);
	return found;
}

/*
 * A partitioned table that is not versioned itself may have partitions that
 * are. A table comes before its partitions in the list of all.
 */
static void
look_below(TsmSessionTable *table)
{
	List	   *members = find_all_inheritors(table->relid, AccessShareLock, NULL);
	List	   *unversioned = NIL;
	ListCell   *cell;

	foreach(cell, members)
	{
		Oid			member = lfirst_oid(cell);
		OwnFacts	below = own_facts(member);

		if (OidIsValid(below.history))
		{
			table->histories = lappend_oid(table->histories, below.history);
			table->versioned = lappend_oid(table->versioned, member);
		}
		else if (get_rel_relkind(member) != RELKIND_PARTITIONED_TABLE)
			unversioned = lappend_oid(unversioned, member);
	}
	list_free(members);
	if (table->histories == NIL)
		return;
	table->kind = TSM_KIND_PARTS;
	foreach(cell, unversioned)
	{
		if (is_below(lfirst_oid(cell), table->versioned))
			continue;
		table->kind = TSM_KIND_MIXED;
		table->other = lfirst_oid(cell);
		break;
	}
}

TsmSessionTable *
tsm_session_table(Oid relid)
{
	TsmSessionTable *table = palloc0(sizeof(TsmSessionTable));
	OwnFacts	own = own_facts(relid);

	table->relid = relid;
	table->periods = own.periods;
	if (relid < FirstNormalObjectId)
		return table;
	if (OidIsValid(own.history))
	{
		table->kind = TSM_KIND_VERSIONED;
		table->histories = list_make1_oid(own.history);
		table->versioned = list_make1_oid(relid);
	}
	if (get_rel_relispartition(relid))
		look_above(table);
	if (table->kind == TSM_KIND_PLAIN && get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		look_below(table);
	return table;
}

bool
tsm_session_concerns(Oid relid, const TsmSessionTime *time)
{
	TsmSessionTable *table = tsm_session_table(relid);

	if (!(time->past && table->kind != TSM_KIND_PLAIN) &&
		!(time->by_valid && table->periods != NIL))
		return false;
	tsm_session_check_settings();
	return true;
}
