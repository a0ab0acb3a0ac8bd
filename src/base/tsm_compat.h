/*-------------------------------------------------------------------------
 *
 * tsm_compat.h
 *	  The only place that knows which server version it is compiled for.
 *
 * Supported: PostgreSQL 15 to 18. A name that a newer server brings is given
 * to the older ones here, so that the rooms are written for the newest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_COMPAT_H
#define TSM_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "tsmem supports PostgreSQL 15 to 18"
#endif

/* 18 writes it before the declaration, as C23 does. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#else
/* Soft errors came with 16: before, every error is raised. */
#define errsave(context, ...) \
	do { \
		(void) (context); \
		ereport_domain(ERROR, TEXTDOMAIN, __VA_ARGS__); \
	} while (0)
#define ereturn(context, result, ...) \
	do { \
		errsave(context, __VA_ARGS__); \
		return result; \
	} while (0)
#endif

/* 16 brought a parameter for MERGE's and logical replication's use. */
#if PG_VERSION_NUM >= 160000
#define tsm_ExecInsertIndexTuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#else
#define tsm_ExecInsertIndexTuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#endif

/* 16 replaced the ownership checks of each kind of object by one. */
#if PG_VERSION_NUM >= 160000
#define tsm_relation_ownercheck(relid, role) object_ownercheck(RelationRelationId, relid, role)
#else
#define tsm_relation_ownercheck(relid, role) pg_class_ownercheck(relid, role)
#endif

/* 18 can leave deferrable primary keys out; a key of ours may be deferrable. */
#if PG_VERSION_NUM >= 180000
#define tsm_RelationGetPrimaryKeyIndex(rel) RelationGetPrimaryKeyIndex(rel, true)
#else
#define tsm_RelationGetPrimaryKeyIndex(rel) RelationGetPrimaryKeyIndex(rel)
#endif

/*
 * Input functions that can refuse a value without an error (16). Before, an
 * error is raised whatever the context says.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "utils/float.h"
#define tsm_float8in(num, end, type, orig, escontext) float8in_internal(num, end, type, orig, escontext)
#define tsm_make_range(typcache, lower, upper) make_range(typcache, lower, upper, false, NULL)
#define tsm_input_call(func, str, typmod, escontext, result) \
	DirectInputFunctionCallSafe(func, str, InvalidOid, typmod, escontext, result)
#else
#include "fmgr.h"
#include "utils/float.h"
#define tsm_float8in(num, end, type, orig, escontext) float8in_internal(num, end, type, orig)
#define tsm_make_range(typcache, lower, upper) make_range(typcache, lower, upper, false)
#define tsm_input_call(func, str, typmod, escontext, result) \
	((void) (escontext), \
	 *(result) = DirectFunctionCall3(func, CStringGetDatum(str), ObjectIdGetDatum(InvalidOid), \
									 Int32GetDatum(typmod)), true)
#define SOFT_ERROR_OCCURRED(escontext) ((void) (escontext), false)
#endif

/* The delay point of ANALYZE. */
#if PG_VERSION_NUM >= 180000
#define tsm_analyze_delay_point() vacuum_delay_point(true)
#else
#define tsm_analyze_delay_point() vacuum_delay_point()
#endif

/* PostgreSQL 18 counts index scans where EXPLAIN asks for it; we never do. */
#if PG_VERSION_NUM >= 180000
#define tsm_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, NULL, nkeys, 0)
#else
#define tsm_index_beginscan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, nkeys, 0)
#endif

/* 18 has PRIMARY KEY and UNIQUE (..., period WITHOUT OVERLAPS). */
#define TSM_NATIVE_TEMPORAL_KEYS (PG_VERSION_NUM >= 180000)

/* 16 replaced the privilege checks of each kind of object by one. */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#define tsm_function_aclcheck(function, role) object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE)
#define tsm_namespace_aclcheck(namespace, role, mode) object_aclcheck(NamespaceRelationId, namespace, role, mode)
#else
#define tsm_function_aclcheck(function, role) pg_proc_aclcheck(function, role, ACL_EXECUTE)
#define tsm_namespace_aclcheck(namespace, role, mode) pg_namespace_aclcheck(namespace, role, mode)
#endif

/* 18 has generated columns that are not stored. */
#if PG_VERSION_NUM < 180000
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#endif

/* Transactions with an id that have ended since the server started; 17 renamed the variable. */
#if PG_VERSION_NUM >= 170000
#define tsm_completed_transactions() (TransamVariables->xactCompletionCount)
#else
#define tsm_completed_transactions() (ShmemVariableCache->xactCompletionCount)
#endif

/* 16 keeps nullability in the variables, not beside the expression. Makes the class if it is not there. */
#if PG_VERSION_NUM >= 160000
#define tsm_get_eclass_for_sort_expr(root, expr, opfamilies, opcintype, collation) \
	get_eclass_for_sort_expr(root, expr, opfamilies, opcintype, collation, 0, NULL, true)
#else
#define tsm_get_eclass_for_sort_expr(root, expr, opfamilies, opcintype, collation) \
	get_eclass_for_sort_expr(root, expr, (root)->nullable_baserels, opfamilies, opcintype, collation, 0, \
							 NULL, true)
#endif

/* 18 counts the nodes of a path that settings disable; before, their cost tells. */
#if PG_VERSION_NUM >= 180000
#define tsm_copy_disabled_nodes(to, from) ((to)->disabled_nodes = (from)->disabled_nodes)
#else
#define tsm_copy_disabled_nodes(to, from) ((void) 0)
#endif

/* Memory of settings: 16 has an allocator of its own for it. */
#if PG_VERSION_NUM >= 160000
#define tsm_guc_malloc(level, size) guc_malloc(level, size)
#define tsm_guc_free(pointer) guc_free(pointer)
#else
#define tsm_guc_malloc(level, size) ((void) (level), malloc(size))
#define tsm_guc_free(pointer) free(pointer)
#endif

/* 16 gave the decoder of times a place for details of an error. */
#if PG_VERSION_NUM >= 160000
#define tsm_DecodeDateTime(fields, types, count, kind, tm, fraction, offset) \
	DecodeDateTime(fields, types, count, kind, tm, fraction, offset, &(DateTimeErrorExtra) {0})
#else
#define tsm_DecodeDateTime(fields, types, count, kind, tm, fraction, offset) \
	DecodeDateTime(fields, types, count, kind, tm, fraction, offset)
#endif

/* 17 renamed the test. */
#if PG_VERSION_NUM >= 170000
#define tsm_AmAutoVacuumWorkerProcess() AmAutoVacuumWorkerProcess()
#else
#define tsm_AmAutoVacuumWorkerProcess() IsAutoVacuumWorkerProcess()
#endif

/*
 * The rights that a query asks for: until 15 in the entry of each table, since
 * 16 in a list beside them, where each table below a UNION ALL needs a place.
 *
 * tsm_take_permissions: the new entry, the only one of its query, asks for
 * what the old one asks for. tsm_check_permissions_as: it asks for SELECT in
 * the name of a role. tsm_forget_permissions: the entry asks for nothing.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/parsenodes.h"
#include "parser/parse_relation.h"

static inline void
tsm_take_permissions(Query *query, RangeTblEntry *rte, Query *old_query, RangeTblEntry *old)
{
	RTEPermissionInfo *info = addRTEPermissionInfo(&query->rteperminfos, rte);
	RTEPermissionInfo *asked = getRTEPermissionInfo(old_query->rteperminfos, old);

	info->requiredPerms = asked->requiredPerms;
	info->checkAsUser = asked->checkAsUser;
	info->selectedCols = bms_copy(asked->selectedCols);
}

static inline void
tsm_check_permissions_as(Query *query, RangeTblEntry *rte, Oid role)
{
	RTEPermissionInfo *info = addRTEPermissionInfo(&query->rteperminfos, rte);

	info->requiredPerms = ACL_SELECT;
	info->checkAsUser = role;
}

static inline void
tsm_forget_permissions(Query *query, RangeTblEntry *rte)
{
	Index		place = rte->perminfoindex;
	ListCell   *cell;

	rte->perminfoindex = 0;
	foreach(cell, query->rtable)
	{
		if (lfirst_node(RangeTblEntry, cell)->perminfoindex == place)
			return;				/* another entry has the same place */
	}
	query->rteperminfos = list_delete_nth_cell(query->rteperminfos, (int) place - 1);
	foreach(cell, query->rtable)
	{
		RangeTblEntry *other = lfirst_node(RangeTblEntry, cell);

		if (other->perminfoindex > place)
			other->perminfoindex--;
	}
}
#else
#include "nodes/parsenodes.h"

static inline void
tsm_take_permissions(Query *query, RangeTblEntry *rte, Query *old_query, RangeTblEntry *old)
{
	rte->requiredPerms = old->requiredPerms;
	rte->checkAsUser = old->checkAsUser;
	rte->selectedCols = bms_copy(old->selectedCols);
}

static inline void
tsm_check_permissions_as(Query *query, RangeTblEntry *rte, Oid role)
{
	rte->requiredPerms = 0;		/* none need be checked */
}

static inline void
tsm_forget_permissions(Query *query, RangeTblEntry *rte)
{
	rte->requiredPerms = 0;
	rte->checkAsUser = InvalidOid;
	rte->selectedCols = NULL;
}
#endif

/*
 * Whether a plan reads a table that its query names, not one that came in as
 * a child of such; sets the role whose rights on it were checked.
 */
#if PG_VERSION_NUM >= 160000
#define tsm_is_named(estate, rte, role) \
	((rte)->perminfoindex != 0 && \
	 (*(role) = getRTEPermissionInfo((estate)->es_rteperminfos, rte)->checkAsUser, true))
#else
#define tsm_is_named(estate, rte, role) \
	((rte)->requiredPerms != 0 && (*(role) = (rte)->checkAsUser, true))
#endif

/* A qualified name, in parts; 16 gave it a place for soft errors. */
#if PG_VERSION_NUM >= 160000
#define tsm_name_list(name) stringToQualifiedNameList(name, NULL)
#else
#define tsm_name_list(name) stringToQualifiedNameList(name)
#endif

/* A path of a foreign table, whose clauses are all checked by the server (17 added those that are not, 18 disabled nodes). */
#if PG_VERSION_NUM >= 180000
#define tsm_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, pathkeys, outer, NULL, NIL, private)
#elif PG_VERSION_NUM >= 170000
#define tsm_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL, private)
#else
#define tsm_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer, private) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, private)
#endif

/* The order of an expression, if the query knows it (16 keeps nullability in the variables). */
#if PG_VERSION_NUM >= 160000
#define tsm_build_expression_pathkey(root, expr, operator, relids) \
	build_expression_pathkey(root, expr, operator, relids, false)
#else
#define tsm_build_expression_pathkey(root, expr, operator, relids) \
	build_expression_pathkey(root, expr, NULL, operator, relids, false)
#endif

/* Expressions with the variables of a child in the place of its topmost parent's (16 takes the relations themselves). */
#if PG_VERSION_NUM >= 160000
#define tsm_adjust_child_attrs(root, node, child) \
	((void *) adjust_appendrel_attrs_multilevel(root, (Node *) (node), child, (child)->top_parent))
#else
#define tsm_adjust_child_attrs(root, node, child) \
	((void *) adjust_appendrel_attrs_multilevel(root, (Node *) (node), (child)->relids, \
												(child)->top_parent_relids))
#endif

/* 18 moved what prints the properties of a plan node. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#else
#include "commands/explain.h"
#endif

#endif /* TSM_COMPAT_H */
