/*-------------------------------------------------------------------------
 *
 * tsm_temporal_arm.c
 *	  The subquery by which a table is read as of another time.
 *
 * Two levels, of a shape that the planner flattens wholly:
 *
 *	SELECT c1..cn FROM (
 *		SELECT c1..cn, 'infinity', NULL FROM table
 *		UNION ALL
 *		SELECT c1..cn, row_end, row_end_xid FROM history
 *	) u WHERE u.row_start <= t AND u.row_end > t AND u.period @> v
 *
 * or, for a snapshot, WHERE tsmem._seen(token, table, u.row_start, u.row_xid,
 * u.row_end, u.row_end_xid). A further condition holds the horizon of the
 * table against the time.
 *
 * The arms carry no WHERE: with one they would not become members of an
 * append relation (is_safe_append_member), and no join could reach their
 * indexes by a parameter. Dropped columns are null, so that attribute numbers
 * stay those of the table. Without histories there is the upper level alone,
 * over the table.
 *
 * The conditions of row-level security are copied into each arm: history is
 * judged by the policies of the table, its own are not asked. Rights are those
 * of the table's entry; history is read with those of its owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"
#include "tsm_temporal_session.h"

/* What the entry under conversion is, for all parts of the subquery. */
typedef struct Conversion
{
	Query	   *query;
	Index		rti;
	RangeTblEntry *rte;			/* the entry, as it was */
	Relation	base;
	const TsmSessionTime *time;
	TsmSessionTable *table;
	bool		past;			/* with histories */
} Conversion;

/* Columns of the lower level besides the table's own, after those. */
#define END_COLUMN(desc)		((desc)->natts + 1)
#define END_XID_COLUMN(desc)	((desc)->natts + 2)
#define TABLEOID_COLUMN(desc)	((desc)->natts + 3)

static AttrNumber
column_of(Oid relid, const char *name)
{
	AttrNumber	attno = get_attnum(relid, name);

	if (attno == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no column \"%s\"", get_rel_name(relid), name)));
	return attno;
}

static Expr *
time_const(TimestampTz time)
{
	return (Expr *) makeConst(TIMESTAMPTZOID, -1, InvalidOid, sizeof(TimestampTz),
							  TimestampTzGetDatum(time), false, FLOAT8PASSBYVAL);
}

static TargetEntry *
make_target(Expr *expr, AttrNumber resno, const char *name)
{
	return makeTargetEntry(expr, resno, pstrdup(name), false);
}

/* The column of a table as output of a query over one entry, a dropped one as null. */
static Expr *
column_expr(Form_pg_attribute column, AttrNumber attno)
{
	if (column->attisdropped)
		return (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
	return (Expr *) makeVar(1, attno, column->atttypid, column->atttypmod, column->attcollation, 0);
}

/* SELECT FROM rte WHERE quals */
static Query *
make_select(RangeTblEntry *rte, Node *quals)
{
	Query	   *query = makeNode(Query);
	RangeTblRef *reference = makeNode(RangeTblRef);

	reference->rtindex = 1;
	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->rtable = list_make1(rte);
	query->jointree = makeFromExpr(list_make1(reference), quals);
	return query;
}

static RangeTblEntry *
make_subquery_entry(Query *subquery, const char *name)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	ListCell   *cell;

	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = subquery;
	rte->eref = makeAlias(name, NIL);
	foreach(cell, subquery->targetList)
		rte->eref->colnames = lappend(rte->eref->colnames,
									  makeString(lfirst_node(TargetEntry, cell)->resname));
	rte->inFromCl = true;
	return rte;
}

/* An entry of a table, marked. */
static RangeTblEntry *
make_table_entry(Oid relid, const char *alias, bool inherit)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	Relation	rel = table_open(relid, AccessShareLock);
	int			i;

	rte->rtekind = RTE_RELATION;
	rte->relid = relid;
	rte->relkind = rel->rd_rel->relkind;
	rte->rellockmode = AccessShareLock;
	rte->inh = inherit;
	rte->inFromCl = true;
	rte->ctename = pstrdup(tsm_session_mark());
	rte->eref = makeAlias(alias, NIL);
	for (i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), i);

		rte->eref->colnames = lappend(rte->eref->colnames,
									  makeString(pstrdup(column->attisdropped ? "" : NameStr(column->attname))));
	}
	table_close(rel, NoLock);
	return rte;
}

/* Where the columns of the table are in the table itself or in a history: 55000 when they are not there. */
static AttrMap *
map_columns(Conversion *conversion, Oid relid)
{
	TupleDesc	desc = RelationGetDescr(conversion->base);
	AttrMap    *map = make_attrmap(desc->natts);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attisdropped)
			continue;
		if (relid == RelationGetRelid(conversion->base))
			map->attnums[i] = i + 1;
		else
			map->attnums[i] = column_of(relid, NameStr(column->attname));
		if (get_atttype(relid, map->attnums[i]) != column->atttypid)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table \"%s\" has another type than in \"%s\"",
							NameStr(column->attname), get_rel_name(relid),
							RelationGetRelationName(conversion->base))));
	}
	return map;
}

/* In a policy over a history: tableoid is that of the table whose former versions these are. */
static Node *
own_tableoid(Var *var, replace_rte_variables_context *context)
{
	if (var->varattno != TableOidAttributeNumber)
		return copyObject((Node *) var);
	return (Node *) makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
							  ObjectIdGetDatum(*(Oid *) context->callback_arg), false, true);
}

/* The policies of the table, over the columns of the arm's only entry. owner: as in make_arm. */
static void
copy_policies(Conversion *conversion, RangeTblEntry *rte, Oid owner, AttrMap *map)
{
	ListCell   *cell;

	rte->securityQuals = copyObject(conversion->rte->securityQuals);
	foreach(cell, rte->securityQuals)
	{
		Node	   *qual = lfirst(cell);
		bool		whole_row;

		ChangeVarNodes(qual, conversion->rti, 1, 0);
		if (OidIsValid(owner))
		{
			qual = map_variable_attnos(qual, 1, 0, map, RelationGetForm(conversion->base)->reltype,
									   &whole_row);
			qual = replace_rte_variables(qual, 1, 0, own_tableoid, &owner, NULL);
		}
		lfirst(cell) = qual;
	}
}

/*
 * One arm: the columns of the table, when the version ended, the table that
 * the row is of. owner: the table that a history belongs to; InvalidOid for
 * the arm of current rows.
 */
static Query *
make_arm(Conversion *conversion, Oid relid, Oid owner)
{
	TupleDesc	desc = RelationGetDescr(conversion->base);
	bool		is_base = !OidIsValid(owner);
	RangeTblEntry *rte = make_table_entry(relid, conversion->rte->eref->aliasname,
										  !is_base || conversion->rte->inh);
	AttrMap    *map = map_columns(conversion, relid);
	Query	   *arm = make_select(rte, NULL);
	Expr	   *end;
	Expr	   *end_xid;
	Expr	   *tableoid;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		arm->targetList = lappend(arm->targetList,
								  make_target(column_expr(column, map->attnums[i]), i + 1,
											  NameStr(column->attname)));
	}
	if (is_base)
	{
		end = time_const(DT_NOEND);
		end_xid = (Expr *) makeNullConst(XID8OID, -1, InvalidOid);
		tableoid = (Expr *) makeVar(1, TableOidAttributeNumber, OIDOID, -1, InvalidOid, 0);
		tsm_take_permissions(arm, rte, conversion->query, conversion->rte);
	}
	else
	{
		end = (Expr *) makeVar(1, column_of(relid, TSM_ROW_END), TIMESTAMPTZOID, -1, InvalidOid, 0);
		end_xid = (Expr *) makeVar(1, column_of(relid, TSM_ROW_END_XID), XID8OID, -1, InvalidOid, 0);
		tableoid = (Expr *) makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(owner),
									  false, true);
		tsm_check_permissions_as(arm, rte, tsm_temporal_owner(relid));
	}
	arm->targetList = lappend(arm->targetList, make_target(end, END_COLUMN(desc), TSM_ROW_END));
	arm->targetList = lappend(arm->targetList,
							  make_target(end_xid, END_XID_COLUMN(desc), TSM_ROW_END_XID));
	arm->targetList = lappend(arm->targetList,
							  make_target(tableoid, TABLEOID_COLUMN(desc), "tableoid"));
	copy_policies(conversion, rte, owner, map);
	arm->hasRowSecurity = rte->securityQuals != NIL;
	arm->hasSubLinks = checkExprHasSubLink((Node *) rte->securityQuals);
	free_attrmap(map);
	return arm;
}

/* The columns that a UNION ALL gives are those of its first arm. */
static SetOperationStmt *
make_union_node(Node *left, Node *right, List *targets)
{
	SetOperationStmt *node = makeNode(SetOperationStmt);
	ListCell   *cell;

	node->op = SETOP_UNION;
	node->all = true;
	node->larg = left;
	node->rarg = right;
	foreach(cell, targets)
	{
		Node	   *expr = (Node *) lfirst_node(TargetEntry, cell)->expr;

		node->colTypes = lappend_oid(node->colTypes, exprType(expr));
		node->colTypmods = lappend_int(node->colTypmods, exprTypmod(expr));
		node->colCollations = lappend_oid(node->colCollations, exprCollation(expr));
	}
	return node;
}

static Query *
make_union(List *arms)
{
	Query	   *query = makeNode(Query);
	Node	   *tree = NULL;
	ListCell   *cell;

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->jointree = makeFromExpr(NIL, NULL);
	foreach(cell, linitial_node(Query, arms)->targetList)
	{
		TargetEntry *target = lfirst(cell);
		Node	   *expr = (Node *) target->expr;
		Var		   *var = makeVar(1, target->resno, exprType(expr), exprTypmod(expr),
								  exprCollation(expr), 0);

		query->targetList = lappend(query->targetList,
									make_target((Expr *) var, target->resno, target->resname));
	}
	foreach(cell, arms)
	{
		RangeTblRef *reference = makeNode(RangeTblRef);

		query->rtable = lappend(query->rtable, make_subquery_entry(lfirst(cell), "arm"));
		reference->rtindex = list_length(query->rtable);
		if (tree == NULL)
			tree = (Node *) reference;
		else
			tree = (Node *) make_union_node(tree, (Node *) reference, query->targetList);
	}
	query->setOperations = tree;
	return query;
}

static Node *
time_condition(const char *operator, AttrNumber attno, TimestampTz time)
{
	Oid			oid = OpernameGetOprid(list_make2(makeString(pstrdup("pg_catalog")),
												  makeString(pstrdup(operator))),
									   TIMESTAMPTZOID, TIMESTAMPTZOID);

	return (Node *) make_opclause(oid, BOOLOID, false,
								  (Expr *) makeVar(1, attno, TIMESTAMPTZOID, -1, InvalidOid, 0),
								  time_const(time), InvalidOid, InvalidOid);
}

static int
compare_names(const ListCell *left, const ListCell *right)
{
	return strcmp(lfirst(left), lfirst(right));
}

/* Names for a message, in their order. */
static char *
join_names(const List *names)
{
	List	   *sorted = list_copy(names);
	StringInfoData text;
	const ListCell *cell;

	list_sort(sorted, compare_names);
	initStringInfo(&text);
	foreach(cell, sorted)
		appendStringInfo(&text, "%s\"%s\"", text.len > 0 ? ", " : "", (char *) lfirst(cell));
	return text.data;
}

/*
 * period @> time. A period of timestamp or date is asked in the time zone
 * that holds when the plan runs, so the cast stays in the plan.
 */
static Node *
valid_condition(Conversion *conversion)
{
	Oid			relid = RelationGetRelid(conversion->base);
	char	   *period;
	AttrNumber	attno;
	Form_pg_attribute column;
	Expr	   *time = time_const(conversion->time->valid);

	if (list_length(conversion->table->periods) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has more than one period", get_rel_name(relid)),
				 errdetail("Its periods are %s.", join_names(conversion->table->periods)),
				 errhint("Reset tsmem.valid_time, and name the period in a condition of the query.")));
	period = linitial(conversion->table->periods);
	attno = column_of(relid, period);
	column = TupleDescAttr(RelationGetDescr(conversion->base), attno - 1);
	switch (getBaseType(column->atttypid))
	{
		case TSRANGEOID:
			time = (Expr *) makeFuncExpr(F_TIMESTAMP_TIMESTAMPTZ, TIMESTAMPOID, list_make1(time),
										 InvalidOid, InvalidOid, COERCE_EXPLICIT_CAST);
			break;
		case DATERANGEOID:
			time = (Expr *) makeFuncExpr(F_DATE_TIMESTAMPTZ, DATEOID, list_make1(time),
										 InvalidOid, InvalidOid, COERCE_EXPLICIT_CAST);
			break;
		default:
			break;
	}
	return (Node *) make_opclause(OID_RANGE_CONTAINS_ELEM_OP, BOOLOID, false,
								  column_expr(column, attno), time, InvalidOid, InvalidOid);
}

/* tsmem._seen(token, table, row_start, row_xid, row_end, row_end_xid) */
static Node *
snapshot_condition(Conversion *conversion)
{
	static const Oid types[] = {TEXTOID, REGCLASSOID, TIMESTAMPTZOID, XID8OID, TIMESTAMPTZOID, XID8OID};
	TupleDesc	desc = RelationGetDescr(conversion->base);
	Oid			relid = RelationGetRelid(conversion->base);
	Oid			function = LookupFuncName(list_make2(makeString(pstrdup("tsmem")), makeString(pstrdup("_seen"))),
										  lengthof(types), types, false);
	AttrNumber	columns[4] = {
		column_of(relid, TSM_ROW_START), column_of(relid, TSM_ROW_XID), END_COLUMN(desc), END_XID_COLUMN(desc)
	};
	List	   *arguments;
	int			i;

	pfree(tsm_snapshot_accept(conversion->time->snapshot));
	arguments = list_make2(makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
									 CStringGetTextDatum(conversion->time->snapshot), false, false),
						   makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
									 ObjectIdGetDatum(relid), false, true));
	for (i = 0; i < lengthof(columns); i++)
		arguments = lappend(arguments, makeVar(1, columns[i], types[i + 2], -1, InvalidOid, 0));
	return (Node *) makeFuncExpr(function, BOOLOID, arguments, InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

/* tsmem._within_horizon(table, time), or tsmem._token_within_horizon(table, token) */
static Node *
horizon_condition(Conversion *conversion)
{
	const char *token = conversion->time->snapshot;
	Oid			types[] = {REGCLASSOID, token != NULL ? TEXTOID : TIMESTAMPTZOID};
	const char *name = token != NULL ? "_token_within_horizon" : "_within_horizon";
	Expr	   *table = (Expr *) makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
										   ObjectIdGetDatum(RelationGetRelid(conversion->base)), false, true);
	Expr	   *time = token == NULL ? time_const(conversion->time->system) :
		(Expr *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum(token), false, false);
	Oid			function = LookupFuncName(list_make2(makeString(pstrdup("tsmem")), makeString(pstrdup(name))),
										  lengthof(types), types, false);

	return (Node *) makeFuncExpr(function, BOOLOID, list_make2(table, time), InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

static Node *
make_conditions(Conversion *conversion)
{
	TupleDesc	desc = RelationGetDescr(conversion->base);
	Oid			relid = RelationGetRelid(conversion->base);
	List	   *conditions = NIL;

	if (conversion->past)
		conditions = lappend(conditions, horizon_condition(conversion));
	if (conversion->past && conversion->time->snapshot != NULL)
		conditions = lappend(conditions, snapshot_condition(conversion));
	else if (conversion->past)
	{
		conditions = lappend(conditions, time_condition("<=", column_of(relid, TSM_ROW_START),
														conversion->time->system));
		conditions = lappend(conditions, time_condition(">", END_COLUMN(desc),
														conversion->time->system));
	}
	if (conversion->time->by_valid && conversion->table->periods != NIL)
		conditions = lappend(conditions, valid_condition(conversion));
	return (Node *) make_ands_explicit(conditions);
}

/* A row of the table, made of the columns of the lower level. */
static Expr *
make_whole_row(Relation base)
{
	TupleDesc	desc = RelationGetDescr(base);
	RowExpr    *row = makeNode(RowExpr);
	int			i;

	row->row_typeid = RelationGetForm(base)->reltype;
	row->row_format = COERCE_IMPLICIT_CAST;
	row->location = -1;
	for (i = 0; i < desc->natts; i++)
	{
		row->args = lappend(row->args, column_expr(TupleDescAttr(desc, i), i + 1));
		row->colnames = lappend(row->colnames,
								makeString(pstrdup(NameStr(TupleDescAttr(desc, i)->attname))));
	}
	return (Expr *) row;
}

/* SELECT columns FROM the lower level WHERE conditions */
static Query *
make_upper(Conversion *conversion, RangeTblEntry *lower, const TsmSessionExtras *extras)
{
	TupleDesc	desc = RelationGetDescr(conversion->base);
	Query	   *upper = make_select(lower, make_conditions(conversion));
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		upper->targetList = lappend(upper->targetList,
									make_target(column_expr(column, i + 1), i + 1,
												NameStr(column->attname)));
	}
	if (extras->tableoid)
		upper->targetList = lappend(upper->targetList,
									make_target((Expr *) makeVar(1, TABLEOID_COLUMN(desc), OIDOID,
																 -1, InvalidOid, 0),
												desc->natts + 1, "tableoid"));
	if (extras->whole_row)
		upper->targetList = lappend(upper->targetList,
									make_target(make_whole_row(conversion->base), desc->natts + 2,
												"whole_row"));
	return upper;
}

/*
 * The table's entry becomes one of the subquery; its rights and policies have
 * gone into the arms. A stored entry has the names of the columns that there
 * were when it was made: those that came later are part of a whole row.
 */
static void
become_subquery(Conversion *conversion, Query *subquery, const TsmSessionExtras *extras)
{
	RangeTblEntry *rte = conversion->rte;
	TupleDesc	desc = RelationGetDescr(conversion->base);
	int			i;

	for (i = list_length(rte->eref->colnames); i < desc->natts; i++)
		rte->eref->colnames = lappend(rte->eref->colnames,
									  makeString(pstrdup(NameStr(TupleDescAttr(desc, i)->attname))));
	tsm_forget_permissions(conversion->query, rte);
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = subquery;
	rte->inh = false;
	rte->securityQuals = NIL;
	rte->relid = InvalidOid;
	rte->relkind = 0;
	rte->rellockmode = 0;
	if (extras->tableoid)
		rte->eref->colnames = lappend(rte->eref->colnames, makeString(pstrdup("tableoid")));
	if (extras->whole_row)
		rte->eref->colnames = lappend(rte->eref->colnames, makeString(pstrdup("whole_row")));
}

/* What cannot be read as of another time. */
static void
check_readable(const RangeTblEntry *rte, const TsmSessionTable *table, const TsmSessionTime *time)
{
	if (rte->tablesample != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot sample table \"%s\" while %s is set", get_rel_name(rte->relid),
						tsm_session_setting())));
	if (!time->past)
		return;
	if (table->kind == TSM_KIND_PARTITION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("partition \"%s\" cannot be read as of another time", get_rel_name(rte->relid)),
				 errhint("Read the versioned table \"%s\".", get_rel_name(table->other))));
	if (table->kind == TSM_KIND_MIXED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" cannot be read as of another time", get_rel_name(rte->relid)),
				 errdetail("Its partition \"%s\" is not versioned, others are.",
						   get_rel_name(table->other))));
}

void
tsm_session_convert(Query *query, Index rti, const TsmSessionTime *time,
					const TsmSessionExtras *extras)
{
	Conversion	conversion = {query, rti, rt_fetch(rti, query->rtable), NULL, time, NULL, false};
	Query	   *upper;
	RangeTblEntry *lower;
	List	   *arms;
	ListCell   *history;
	ListCell   *owner;

	conversion.table = tsm_session_table(conversion.rte->relid);
	check_readable(conversion.rte, conversion.table, time);
	tsm_session_check_role(conversion.rte->relid);
	conversion.base = table_open(conversion.rte->relid, NoLock);
	conversion.past = time->past && conversion.table->histories != NIL;
	arms = list_make1(make_arm(&conversion, conversion.rte->relid, InvalidOid));
	if (conversion.past)
	{
		forboth(history, conversion.table->histories, owner, conversion.table->versioned)
			arms = lappend(arms, make_arm(&conversion, lfirst_oid(history), lfirst_oid(owner)));
		lower = make_subquery_entry(make_union(arms), "u");
	}
	else
		lower = make_subquery_entry(linitial(arms), "u");
	upper = make_upper(&conversion, lower, extras);
	become_subquery(&conversion, upper, extras);
	table_close(conversion.base, NoLock);
}
