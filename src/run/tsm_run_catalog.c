/*-------------------------------------------------------------------------
 *
 * tsm_run_catalog.c
 *	  What the direct paths need to know of the tables, and whether they may
 *	  be taken at all.
 *
 * Appending and reading go to the table and its indexes without the executor,
 * as long as the tables are as the install script made them. Whoever adds a
 * trigger, a policy, a constraint or an index gets it honoured: then SQL does
 * the work. What was found is kept until a relcache invalidation of one of
 * the tables or indexes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"

#include "tsm_run_int.h"

static TsmRunCatalog catalog;
static bool catalog_valid = false;
static bool registered = false;

static void
forget_catalog(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == catalog.runs || relation == catalog.events ||
		relation == catalog.runs_by_id || relation == catalog.runs_by_number ||
		relation == catalog.runs_by_parent ||
		relation == catalog.events_by_seq || relation == catalog.events_by_key ||
		relation == catalog.machines || relation == catalog.machines_by_name)
		catalog_valid = false;
}

/* Whether an expression is "function(column)". */
static bool
is_call_of(Expr *expression, Oid function, AttrNumber column)
{
	FuncExpr   *call = (FuncExpr *) expression;
	Var		   *argument;

	if (expression == NULL || !IsA(expression, FuncExpr) || call->funcid != function ||
		list_length(call->args) != 1 || !IsA(linitial(call->args), Var))
		return false;
	argument = linitial(call->args);
	return argument->varattno == column && argument->varlevelsup == 0;
}

/* Whether the only policy is "USING (function(column))" for everybody and every command. */
static bool
has_own_policy_only(Relation relation, Oid function, AttrNumber column)
{
	RowSecurityPolicy *policy;

	if (relation->rd_rsdesc == NULL)
		return true;			/* row-level security was switched off */
	if (list_length(relation->rd_rsdesc->policies) != 1)
		return false;
	policy = linitial(relation->rd_rsdesc->policies);
	return policy->permissive && policy->polcmd == '*' && policy->with_check_qual == NULL &&
		is_call_of(policy->qual, function, column) && ARR_DIMS(policy->roles)[0] == 1 &&
		((Oid *) ARR_DATA_PTR(policy->roles))[0] == ACL_ID_PUBLIC;
}

/* Whether an index is a plain, ready btree over exactly these columns. */
static bool
is_plain_btree(Relation index, int ncolumns, const AttrNumber *columns)
{
	int			i;

	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid ||
		!index->rd_index->indisready || index->rd_index->indnatts != ncolumns)
		return false;
	for (i = 0; i < ncolumns; i++)
	{
		if (index->rd_index->indkey.values[i] != columns[i] || index->rd_indoption[i] != 0)
			return false;
	}
	return true;
}

/* Whether the predicate of an index is that a column of the table is not null. */
static bool
is_where_not_null(Relation index, AttrNumber column)
{
	List	   *predicate = RelationGetIndexPredicate(index);
	NullTest   *test;

	if (list_length(predicate) != 1 || !IsA(linitial(predicate), NullTest))
		return false;
	test = linitial(predicate);
	return test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var) &&
		((Var *) test->arg)->varattno == column;
}

/* Finds the two indexes of tsmem.events; returns whether there are others. */
static bool
find_event_indexes(Relation events)
{
	static const AttrNumber by_seq[] = {Anum_event_run_number, Anum_event_seq};
	static const AttrNumber by_key[] = {Anum_event_run_number, Anum_event_kind, Anum_event_key,
		Anum_event_seq};
	List	   *indexes = RelationGetIndexList(events);
	bool		others = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisprimary && index->rd_index->indimmediate &&
			is_plain_btree(index, lengthof(by_seq), by_seq))
			catalog.events_by_seq = RelationGetRelid(index);
		else if (!OidIsValid(catalog.events_by_key) && !index->rd_index->indisunique &&
				 is_plain_btree(index, lengthof(by_key), by_key) &&
				 index->rd_indcollation[2] == C_COLLATION_OID &&
				 is_where_not_null(index, Anum_event_key))
			catalog.events_by_key = RelationGetRelid(index);
		else
			others = true;
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return others;
}

/* Finds the indexes of tsmem.runs by which a run, or its forks, are looked up. */
static void
find_run_indexes(Relation runs)
{
	static const AttrNumber by_id[] = {Anum_run_id};
	static const AttrNumber by_number[] = {Anum_run_number};
	static const AttrNumber by_parent[] = {Anum_run_parent_id};
	List	   *indexes = RelationGetIndexList(runs);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisunique && is_plain_btree(index, 1, by_id))
			catalog.runs_by_id = RelationGetRelid(index);
		else if (index->rd_index->indisunique && is_plain_btree(index, 1, by_number))
			catalog.runs_by_number = RelationGetRelid(index);
		else if (is_plain_btree(index, 1, by_parent) &&
				 is_where_not_null(index, Anum_run_parent_id))
			catalog.runs_by_parent = RelationGetRelid(index);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (!OidIsValid(catalog.runs_by_id) || !OidIsValid(catalog.runs_by_number))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"tsmem.runs\" lacks its unique index on run_id or run_number")));
}

/* Whether any machine is declared. A trigger on the table makes this be asked again. */
static bool
has_rows(Oid table)
{
	Relation	relation = table_open(table, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	bool		found = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* Whether the columns of tsmem.events are those of the install script, and no more than those NOT NULL. */
static bool
has_own_columns(Relation events)
{
	static const struct
	{
		Oid			type;
		bool		not_null;
	}			own[Natts_event] = {
		{INT8OID, true}, {INT8OID, true}, {TIMESTAMPTZOID, true}, {CHAROID, true},
		{TEXTOID, false}, {JSONBOID, false}, {BYTEAOID, true}, {BYTEAOID, false},
		{BYTEAOID, false}, {TEXTOID, false}, {TEXTOID, false}, {TIMESTAMPTZOID, false},
		{INT2OID, true}};
	TupleDesc	columns = RelationGetDescr(events);
	int			i;

	if (columns->natts != Natts_event)
		return false;
	for (i = 0; i < Natts_event; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (column->attisdropped || column->atttypid != own[i].type ||
			column->attnotnull != own[i].not_null)
			return false;
	}
	return true;
}

static Oid
own_function(const char *name, Oid argument)
{
	return LookupFuncName(list_make2(makeString("tsmem"), makeString(pstrdup(name))), 1, &argument,
						  false);
}

static void
read_catalog(void)
{
	Oid			schema = get_namespace_oid("tsmem", false);
	Relation	runs;
	Relation	events;
	bool		other_indexes;

	memset(&catalog, 0, sizeof(catalog));
	catalog.runs = get_relname_relid("runs", schema);
	catalog.events = get_relname_relid("events", schema);
	catalog.machines = get_relname_relid("machines", schema);
	catalog.machines_by_name = get_relname_relid("machines_pkey", schema);
	if (!OidIsValid(catalog.runs) || !OidIsValid(catalog.events) || !OidIsValid(catalog.machines))
		elog(ERROR, "tables of runs do not exist in schema tsmem");
	runs = table_open(catalog.runs, AccessShareLock);
	events = table_open(catalog.events, AccessShareLock);
	find_run_indexes(runs);
	other_indexes = find_event_indexes(events);
	catalog.machines_declared = has_rows(catalog.machines);
	catalog.owner = events->rd_rel->relowner;
	catalog.own_policies =
		has_own_policy_only(runs, own_function("namespace_allowed", TEXTOID),
							Anum_run_namespace) &&
		has_own_policy_only(events, own_function("_run_allowed", INT8OID),
							Anum_event_run_number);
	catalog.direct_read = events->rd_rel->relkind == RELKIND_RELATION &&
		!events->rd_rel->relhassubclass && events->rd_rules == NULL &&
		OidIsValid(catalog.events_by_seq) && OidIsValid(catalog.events_by_key);
	catalog.direct_write = catalog.direct_read && catalog.own_policies && !other_indexes &&
		events->trigdesc == NULL && !events->rd_rel->relispartition && has_own_columns(events) &&
		(RelationGetDescr(events)->constr == NULL ||
		 (RelationGetDescr(events)->constr->num_check == 0 &&
		  !RelationGetDescr(events)->constr->has_generated_stored));
	table_close(events, AccessShareLock);
	table_close(runs, AccessShareLock);
}

/*
 * What is known of the tables, read anew when something changed. An
 * invalidation that comes while it is read makes the next call read again;
 * this one gives what it found. That is enough: whoever depends on it asks
 * under a lock of the table, which keeps such changes out. Raises 55000 when
 * the indexes on tsmem.runs are gone.
 */
const TsmRunCatalog *
tsm_run_catalog(void)
{
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_catalog, (Datum) 0);
		registered = true;
	}
	if (!catalog_valid)
	{
		catalog_valid = true;
		PG_TRY();
		{
			read_catalog();
		}
		PG_CATCH();
		{
			catalog_valid = false;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
	return &catalog;
}
