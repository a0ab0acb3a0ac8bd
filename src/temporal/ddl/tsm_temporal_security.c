/*-------------------------------------------------------------------------
 *
 * tsm_temporal_security.c
 *	  Who may read a table may read its history, the same rows by the same
 *	  policies, and nobody else.
 *
 * SELECT rights and row-level security of the table are copied onto its
 * history (rights onto the view of versions too), when it is registered and
 * whenever they change on the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "commands/policy.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteManip.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_int.h"

#define SELECT_RIGHTS (ACL_SELECT | ACL_GRANT_OPTION_FOR(ACL_SELECT))

/* Add to an ACL what another one says about SELECT; the owner keeps what he has. */
static Acl *
add_select_rights(Acl *acl, const Acl *from, Oid owner)
{
	const AclItem *items = ACL_DAT(from);
	int			i;

	for (i = 0; i < ACL_NUM(from); i++)
	{
		AclItem		item = items[i];

		item.ai_privs &= SELECT_RIGHTS;
		if (item.ai_privs != ACL_NO_RIGHTS && item.ai_grantee != owner)
			acl = aclupdate(acl, &item, ACL_MODECHG_ADD, owner, DROP_CASCADE);
	}
	return acl;
}

/* The same rights, in whatever form: null is the default. */
static bool
same_acl(Datum a, bool a_null, Datum b, bool b_null)
{
	if (a_null || b_null)
		return a_null == b_null;
	return aclequal(DatumGetAclP(a), DatumGetAclP(b));
}

/* Replace the ACL column of a catalogue row and the dependencies on the roles in it. */
static void
store_acl(Oid catalog, HeapTuple tuple, AttrNumber column, Oid relid, int subid, Oid owner,
		  Datum old, bool old_null, Acl *acl)
{
	Relation	rel = table_open(catalog, RowExclusiveLock);
	int			columns[1] = {column};
	Datum		values[1] = {PointerGetDatum(acl)};
	bool		nulls[1] = {acl == NULL};
	Oid		   *old_members = NULL;
	Oid		   *new_members = NULL;
	int			old_count = old_null ? 0 : aclmembers(DatumGetAclPCopy(old), &old_members);
	int			new_count = acl == NULL ? 0 : aclmembers(acl, &new_members);
	HeapTuple	changed = heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, columns,
													values, nulls);

	CatalogTupleUpdate(rel, &changed->t_self, changed);
	updateAclDependencies(RelationRelationId, relid, subid, owner, old_count, old_members,
						  new_count, new_members);
	table_close(rel, RowExclusiveLock);
}

/* Copy the rights on the relation as a whole, if store; true when they differ. */
static bool
copy_relation_rights(Oid from, Oid to, bool store)
{
	HeapTuple	source = SearchSysCache1(RELOID, ObjectIdGetDatum(from));
	HeapTuple	target = SearchSysCache1(RELOID, ObjectIdGetDatum(to));
	Oid			owner = ((Form_pg_class) GETSTRUCT(target))->relowner;
	bool		source_null;
	bool		target_null;
	Datum		given = SysCacheGetAttr(RELOID, source, Anum_pg_class_relacl, &source_null);
	Datum		old = SysCacheGetAttr(RELOID, target, Anum_pg_class_relacl, &target_null);
	Acl		   *acl = NULL;
	bool		differ;

	if (!source_null)
		acl = add_select_rights(acldefault(OBJECT_TABLE, owner), DatumGetAclP(given), owner);
	differ = !same_acl(PointerGetDatum(acl), acl == NULL, old, target_null);
	if (differ && store)
		store_acl(RelationRelationId, target, Anum_pg_class_relacl, to, 0, owner, old,
				  target_null, acl);
	ReleaseSysCache(source);
	ReleaseSysCache(target);
	return differ;
}

/*
 * The column of the table whose readers may read a column of its history or
 * view: that of the same name, and for the end of a version its beginning.
 */
static const char *
source_column(const char *name)
{
	if (strcmp(name, TSM_ROW_END) == 0 || strcmp(name, TSM_SYS_PERIOD) == 0)
		return TSM_ROW_START;
	if (strcmp(name, TSM_ROW_END_XID) == 0)
		return TSM_ROW_XID;
	return name;
}

/* The SELECT rights on a column of the table; NULL when it is gone or nobody has one. */
static Acl *
column_rights(Oid from, const char *column, Oid owner)
{
	HeapTuple	source = SearchSysCacheAttName(from, column);
	bool		null;
	Datum		given;
	Acl		   *acl = NULL;

	if (!HeapTupleIsValid(source))
		return NULL;
	given = SysCacheGetAttr(ATTNUM, source, Anum_pg_attribute_attacl, &null);
	if (!null)
		acl = add_select_rights(acldefault(OBJECT_COLUMN, owner), DatumGetAclP(given), owner);
	ReleaseSysCache(source);
	return acl == NULL || ACL_NUM(acl) == 0 ? NULL : acl;
}

/*
 * The same for one column of the target. One that the table has no more is
 * the owner's alone: no REVOKE could reach it.
 */
static bool
copy_column_rights(Oid from, Oid to, AttrNumber attno, Oid owner, bool store)
{
	HeapTuple	target = SearchSysCache2(ATTNUM, ObjectIdGetDatum(to), Int16GetDatum(attno));
	Form_pg_attribute form;
	bool		null;
	Datum		old;
	Acl		   *acl;
	bool		differ = false;

	if (!HeapTupleIsValid(target))
		return false;
	form = (Form_pg_attribute) GETSTRUCT(target);
	if (!form->attisdropped)
	{
		old = SysCacheGetAttr(ATTNUM, target, Anum_pg_attribute_attacl, &null);
		acl = column_rights(from, source_column(NameStr(form->attname)), owner);
		differ = !same_acl(PointerGetDatum(acl), acl == NULL, old, null);
		if (differ && store)
			store_acl(AttributeRelationId, target, Anum_pg_attribute_attacl, to, attno, owner,
					  old, null, acl);
	}
	ReleaseSysCache(target);
	return differ;
}

/* All rights of a relation; true when some differ. */
static bool
copy_all_rights(Relation from, Relation target, bool store)
{
	Oid			relid = RelationGetRelid(from);
	Oid			to = RelationGetRelid(target);
	Oid			owner = from->rd_rel->relowner;
	int			natts = RelationGetNumberOfAttributes(target);
	bool		differ = copy_relation_rights(relid, to, store);
	int			i;

	for (i = 1; i <= natts; i++)
		differ |= copy_column_rights(relid, to, i, owner, store);
	return differ;
}

/*
 * Nothing is locked for long before something differs. The lock on the target is what the
 * server asks of whoever changes a row of pg_class: an in-place update, as by VACUUM, would be
 * lost otherwise. A relation that is gone by now needs no rights.
 */
static void
copy_rights(Oid from, Oid to)
{
	Relation	rel = try_relation_open(from, AccessShareLock);
	Relation	target = rel == NULL ? NULL : try_relation_open(to, AccessShareLock);

	if (target != NULL && copy_all_rights(rel, target, false))
	{
		LockRelationOid(to, ShareUpdateExclusiveLock);
		(void) copy_all_rights(rel, target, true);
		CommandCounterIncrement();
	}
	if (target != NULL)
		relation_close(target, AccessShareLock);
	if (rel != NULL)
		relation_close(rel, AccessShareLock);
}

void
tsm_temporal_copy_rights(const TsmVersionedTable *table)
{
	tsm_delta_keep_private(table->history);
	copy_rights(table->rel, table->history);
	/* The view may have been dropped by its owner. */
	if (get_rel_relkind(table->versions) == RELKIND_VIEW)
		copy_rights(table->rel, table->versions);
}

/* Whether GRANT or REVOKE names a relation, by itself or by its schema. */
static bool
is_granted(Oid relid, const GrantStmt *statement, const List *named)
{
	ListCell   *cell;
	char	   *schema;

	if (!OidIsValid(relid) || statement->targtype == ACL_TARGET_OBJECT)
		return OidIsValid(relid) && list_member_oid(named, relid);
	schema = get_namespace_name(get_rel_namespace(relid));
	foreach(cell, statement->objects)
	{
		if (schema != NULL && strcmp(strVal(lfirst(cell)), schema) == 0)
			return true;
	}
	return false;
}

/* The same of what holds its folded versions. */
static bool
is_part_granted(const TsmVersionedTable *table, const GrantStmt *statement, const List *named)
{
	ListCell   *cell;

	foreach(cell, tsm_delta_parts(table->history))
	{
		if (is_granted(lfirst_oid(cell), statement, named))
			return true;
	}
	return false;
}

/* Whether the rights are those of the table's owner alone, which a dump may revoke. */
static bool
is_of_owner(const GrantStmt *statement, const TsmVersionedTable *table)
{
	Oid			owner = tsm_temporal_owner(table->rel);
	ListCell   *cell;

	foreach(cell, statement->grantees)
	{
		RoleSpec   *role = lfirst(cell);

		if (role->roletype == ROLESPEC_PUBLIC || get_rolespec_oid(role, true) != owner)
			return false;
	}
	return true;
}

/* Rights given on a history or a view of versions alone do not last: they are those of the table. */
void
tsm_temporal_follow_grant(const GrantStmt *statement, bool restoring)
{
	List	   *named = NIL;
	ListCell   *cell;

	if (statement->objtype != OBJECT_TABLE || (restoring && statement->is_grant))
		return;
	if (statement->targtype == ACL_TARGET_OBJECT)
	{
		foreach(cell, statement->objects)
			named = lappend_oid(named, RangeVarGetRelid(lfirst(cell), NoLock, true));
	}
	foreach(cell, tsm_delta_list())
	{
		TsmVersionedTable *table = lfirst(cell);

		if ((is_granted(table->rel, statement, named) ||
			 is_granted(table->history, statement, named) ||
			 is_granted(table->versions, statement, named) ||
			 is_part_granted(table, statement, named)) &&
			!(restoring && is_of_owner(statement, table)))
			tsm_temporal_copy_rights(table);
	}
}

/* Column numbers of the table to those of its history. */
static AttrMap *
history_map(Relation rel, Relation history)
{
	AttrMap    *map = make_attrmap(RelationGetNumberOfAttributes(rel));
	int			i;

	for (i = 0; i < map->maplen; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);

		if (!attribute->attisdropped)
			map->attnums[i] = get_attnum(RelationGetRelid(history), NameStr(attribute->attname));
	}
	return map;
}

/* The condition of a policy, for the history. A whole-row reference has no like there (0A000). */
static Node *
translate_qual(Datum stored, Relation rel, Relation history, const char *policy)
{
	Node	   *qual = stringToNode(TextDatumGetCString(stored));
	bool		whole_row;

	qual = map_variable_attnos(qual, 1, 0, history_map(rel, history), InvalidOid, &whole_row);
	if (whole_row)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("policy \"%s\" of table \"%s\" refers to the whole row", policy,
						RelationGetRelationName(rel)),
				 errdetail("It cannot be applied to the table's history.")));
	return qual;
}

/* What the new policy depends on: its table, what its condition names, its roles. */
static void
record_policy(Oid policy, Relation history, Node *qual, ArrayType *roles)
{
	ParseState *state = make_parsestate(NULL);
	ObjectAddress myself;
	ObjectAddress target;
	Oid		   *role = (Oid *) ARR_DATA_PTR(roles);
	int			i;

	ObjectAddressSet(myself, PolicyRelationId, policy);
	ObjectAddressSet(target, RelationRelationId, RelationGetRelid(history));
	recordDependencyOn(&myself, &target, DEPENDENCY_AUTO);
	(void) addRangeTableEntryForRelation(state, history, AccessShareLock, NULL, false, false);
	recordDependencyOnExpr(&myself, qual, state->p_rtable, DEPENDENCY_NORMAL);
	free_parsestate(state);
	for (i = 0; i < ARR_DIMS(roles)[0]; i++)
	{
		ObjectAddressSet(target, AuthIdRelationId, role[i]);
		if (role[i] != ACL_ID_PUBLIC)
			recordSharedDependencyOn(&myself, &target, SHARED_DEPENDENCY_POLICY);
	}
}

/* Give the history a copy of one policy of the table. */
static void
copy_policy(Relation catalog, HeapTuple tuple, Relation rel, Relation history)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	TupleDesc	desc = RelationGetDescr(catalog);
	Datum		values[Natts_pg_policy];
	bool		nulls[Natts_pg_policy];
	Node	   *qual;
	Oid			policy = GetNewOidWithIndex(catalog, PolicyOidIndexId, Anum_pg_policy_oid);

	heap_deform_tuple(tuple, desc, values, nulls);
	if (nulls[Anum_pg_policy_polqual - 1])
		return;
	qual = translate_qual(values[Anum_pg_policy_polqual - 1], rel, history,
						  NameStr(form->polname));
	values[Anum_pg_policy_oid - 1] = ObjectIdGetDatum(policy);
	values[Anum_pg_policy_polrelid - 1] = ObjectIdGetDatum(RelationGetRelid(history));
	values[Anum_pg_policy_polcmd - 1] = CharGetDatum(ACL_SELECT_CHR);
	values[Anum_pg_policy_polqual - 1] = CStringGetTextDatum(nodeToString(qual));
	nulls[Anum_pg_policy_polwithcheck - 1] = true;
	CatalogTupleInsert(catalog, heap_form_tuple(desc, values, nulls));
	record_policy(policy, history, qual, DatumGetArrayTypeP(values[Anum_pg_policy_polroles - 1]));
}

/* The policies of a relation that hold for SELECT, or all of them; copies of the tuples. */
static List *
policies_of(Relation catalog, Oid relid, bool select_only)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *policies = NIL;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		char		command = ((Form_pg_policy) GETSTRUCT(tuple))->polcmd;

		if (!select_only || command == ACL_SELECT_CHR || command == '*')
			policies = lappend(policies, heap_copytuple(tuple));
	}
	systable_endscan(scan);
	return policies;
}

/* Remove the policies of a history that have a name, or for NULL all. */
static void
remove_policies(Oid history, const char *name)
{
	Relation	catalog = table_open(PolicyRelationId, RowExclusiveLock);
	ListCell   *cell;

	foreach(cell, policies_of(catalog, history, false))
	{
		Form_pg_policy form = (Form_pg_policy) GETSTRUCT((HeapTuple) lfirst(cell));
		ObjectAddress policy;

		ObjectAddressSet(policy, PolicyRelationId, form->oid);
		if (name == NULL || strcmp(NameStr(form->polname), name) == 0)
			performDeletion(&policy, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
	}
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

void
tsm_temporal_remove_policy(Oid history, const char *policy)
{
	remove_policies(history, policy);
}

/* Set the row-security flags of the history. */
static void
set_row_security(Relation history, bool enabled, bool forced)
{
	Relation	catalog;
	HeapTuple	tuple;
	Form_pg_class form;

	if (enabled == history->rd_rel->relrowsecurity &&
		forced == history->rd_rel->relforcerowsecurity)
		return;
	catalog = table_open(RelationRelationId, RowExclusiveLock);
	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(RelationGetRelid(history)));
	form = (Form_pg_class) GETSTRUCT(tuple);
	form->relrowsecurity = enabled;
	form->relforcerowsecurity = forced;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	table_close(catalog, RowExclusiveLock);
}

void
tsm_temporal_copy_policies(const TsmVersionedTable *table)
{
	Relation	rel = table_open(table->rel, AccessShareLock);
	Relation	history = table_open(table->history, AccessExclusiveLock);
	Relation	catalog = table_open(PolicyRelationId, RowExclusiveLock);
	ListCell   *cell;

	remove_policies(table->history, NULL);
	foreach(cell, policies_of(catalog, table->rel, true))
		copy_policy(catalog, lfirst(cell), rel, history);
	set_row_security(history, rel->rd_rel->relrowsecurity, rel->rd_rel->relforcerowsecurity);
	CacheInvalidateRelcache(history);
	table_close(catalog, RowExclusiveLock);
	table_close(history, NoLock);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	tsm_delta_keep_private(table->history);
}

void
tsm_temporal_restore_policy(const TsmVersionedTable *table, const char *policy)
{
	Relation	rel;
	Relation	history;
	Relation	catalog;
	ListCell   *cell;

	if (!ConditionalLockRelationOid(table->history, AccessExclusiveLock))
		return;
	rel = table_open(table->rel, AccessShareLock);
	history = table_open(table->history, NoLock);
	catalog = table_open(PolicyRelationId, RowExclusiveLock);
	if (policy != NULL)
		remove_policies(table->history, policy);
	foreach(cell, policy == NULL ? NIL : policies_of(catalog, table->rel, true))
	{
		Form_pg_policy form = (Form_pg_policy) GETSTRUCT((HeapTuple) lfirst(cell));

		if (strcmp(NameStr(form->polname), policy) == 0)
			copy_policy(catalog, lfirst(cell), rel, history);
	}
	set_row_security(history, rel->rd_rel->relrowsecurity || history->rd_rel->relrowsecurity,
					 rel->rd_rel->relforcerowsecurity || history->rd_rel->relforcerowsecurity);
	CacheInvalidateRelcache(history);
	table_close(catalog, RowExclusiveLock);
	table_close(history, NoLock);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	tsm_delta_keep_private(table->history);
}
