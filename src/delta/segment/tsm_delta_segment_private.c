/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_private.c
 *	  Folded versions are read through their history, by its rights and
 *	  policies, and by nobody else.
 *
 * Rights and policies of a history do not hold for who reads its store past
 * it, so the store is its owner's alone. Roles that may read all tables are
 * held off as they are by the history: by row security, without a policy.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_segment.h"

/* Put the default, the owner's rights, in the place of an ACL that is there, if store; whether there is one. */
static bool
clear_acl(Oid catalog, int cache, HeapTuple tuple, AttrNumber column, Relation part, int subid, bool store)
{
	Relation	rel;
	bool		null;
	Datum		acl = SysCacheGetAttr(cache, tuple, column, &null);
	int			columns[1] = {column};
	Datum		values[1] = {(Datum) 0};
	bool		nulls[1] = {true};
	Oid		   *members;
	int			count;
	HeapTuple	changed;

	if (null || !store)
		return !null;
	rel = table_open(catalog, RowExclusiveLock);
	count = aclmembers(DatumGetAclPCopy(acl), &members);
	changed = heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, columns, values, nulls);
	CatalogTupleUpdate(rel, &changed->t_self, changed);
	updateAclDependencies(RelationRelationId, RelationGetRelid(part), subid, part->rd_rel->relowner,
						  count, members, 0, NULL);
	table_close(rel, RowExclusiveLock);
	return true;
}

/* Whether anybody has rights on a relation or its columns; nobody then, if store. */
static bool
clear_rights(Relation part, bool store)
{
	Oid			relid = RelationGetRelid(part);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		found = clear_acl(RelationRelationId, RELOID, tuple, Anum_pg_class_relacl, part, 0, store);
	int			natts = RelationGetNumberOfAttributes(part);
	int			i;

	ReleaseSysCache(tuple);
	for (i = 1; i <= natts; i++)
	{
		tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(i));
		found |= clear_acl(AttributeRelationId, ATTNUM, tuple, Anum_pg_attribute_attacl, part, i, store);
		ReleaseSysCache(tuple);
	}
	return found;
}

/* Whether row security of the segments differs from that of the history; not any more, if store. */
static bool
follow_row_security(Relation segments, Oid history, bool store)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(history));
	bool		enabled = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
	bool		forced = ((Form_pg_class) GETSTRUCT(tuple))->relforcerowsecurity;
	Relation	catalog;
	Form_pg_class form;

	ReleaseSysCache(tuple);
	if (segments->rd_rel->relrowsecurity == enabled && segments->rd_rel->relforcerowsecurity == forced)
		return false;
	if (!store)
		return true;
	catalog = table_open(RelationRelationId, RowExclusiveLock);
	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(RelationGetRelid(segments)));
	form = (Form_pg_class) GETSTRUCT(tuple);
	form->relrowsecurity = enabled;
	form->relforcerowsecurity = forced;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	table_close(catalog, RowExclusiveLock);
	return true;
}

static bool
make_private(Relation part, Oid history, bool store)
{
	bool		differs = clear_rights(part, store);

	CommandCounterIncrement();
	if (part->rd_rel->relkind == RELKIND_RELATION)
		differs |= follow_row_security(part, history, store);
	CommandCounterIncrement();
	return differs;
}

/* The lock on a part is what the server asks of whoever changes its row of pg_class; nothing is locked before something differs. */
void
tsm_delta_keep_private(Oid history)
{
	ListCell   *cell;

	foreach(cell, tsm_delta_parts(history))
	{
		Relation	part = try_relation_open(lfirst_oid(cell), AccessShareLock);

		if (part == NULL)
			continue;
		if (make_private(part, history, false))
		{
			LockRelationOid(lfirst_oid(cell), ShareUpdateExclusiveLock);
			(void) make_private(part, history, true);
		}
		relation_close(part, NoLock);
	}
}

void
tsm_segment_check_reader(ScanState *node)
{
	EState	   *estate = node->ps.state;
	RangeTblEntry *entry = exec_rt_fetch(((Scan *) node->ps.plan)->scanrelid, estate);
	Oid			role = InvalidOid;

	if (!tsm_is_named(estate, entry, &role))
		return;
	if (!tsm_relation_ownercheck(entry->relid, OidIsValid(role) ? role : GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(entry->relid));
}
