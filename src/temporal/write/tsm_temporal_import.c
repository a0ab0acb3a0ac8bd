/*-------------------------------------------------------------------------
 *
 * tsm_temporal_import.c
 *	  import_history: former versions that were kept elsewhere become history
 *	  of a versioned table.
 *
 * A query of the caller gives the versions, a batch at a time. It runs with
 * the rights of the caller; what belongs to the table (casts to the types of
 * its columns, look-ups, expressions of its history's indexes) runs as the
 * owner. Each version is looked up, in the history by its key and in the
 * table, before it is put into the history through table and index APIs: no
 * trigger fires, no policy applies. Writers are locked out of the table and
 * its partitions until the transaction ends, so nothing can come between.
 *
 * Transactions of imported versions are not known: row_xid and row_end_xid
 * are 0, which is no transaction, so that time alone tells when they were
 * there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/xid8.h"

#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_import_history);

/* Versions fetched at a time. */
#define IMPORT_BATCH 1000

/* A look-up: a kept plan, with the key, then the start and the end of a version as parameters. */
typedef struct ImportLook
{
	SPIPlanPtr	plan;			/* NULL: nothing to look up by */
	int			nargs;
	AttrNumber	args[INDEX_MAX_KEYS + 3];	/* columns of the history */
} ImportLook;

typedef struct Import
{
	TsmVersionedTable *table;
	Oid			owner;
	Relation	history;
	int			nkeys;			/* columns that must have a value, first among args */
	ImportLook	former;			/* gives row_start and row_end of a version in the way */
	ImportLook	current;		/* gives row_start of a row in the way */
	AttrNumber	start;			/* columns of the history */
	AttrNumber	end;
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState bulk;
	TupleTableSlot *given;		/* a row of the query */
	TupleTableSlot *version;	/* the row of the history that it makes */
	ProjectionInfo *projection;
	uint64		count;
} Import;

/* 25006 while the session reads the table as of another time: so would the look-ups. */
static void
refuse_in_past(Oid relid)
{
	TsmSessionTime time;

	if (tsm_session_active(&time))
		tsm_session_refuse_change(relid, &time);
}

/* Open a versioned table of the caller's (42P01, 42501, 55000), and lock out whoever writes to it. */
static Relation
open_table(Oid relid, Import *import)
{
	Relation	rel;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	LockRelationOid(relid, ShareRowExclusiveLock);
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(rel));
	import->table = tsm_delta_find(relid);
	if (import->table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not system-versioned", RelationGetRelationName(rel)),
				 errhint("Version it with tsmem.add_system_versioning.")));
	import->owner = rel->rd_rel->relowner;
	refuse_in_past(relid);
	(void) find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
	return rel;
}

/* The column of the query with a name, or 0; 42701 when there are two. */
static AttrNumber
query_column(TupleDesc query, const char *name)
{
	AttrNumber	found = 0;
	int			i;

	for (i = 0; i < query->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(query, i)->attname), name) != 0)
			continue;
		if (found != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("the query has two columns \"%s\"", name)));
		found = i + 1;
	}
	return found;
}

/* Whether a query gives the column: those of the table and row_end, but no transactions. */
static bool
is_given(Oid relid, const char *name)
{
	return strcmp(name, TSM_ROW_END) == 0 ||
		(strcmp(name, TSM_ROW_XID) != 0 && get_attnum(relid, name) > 0);
}

/* 42703 for a column of the query that is not asked for. */
static void
check_no_more(Oid relid, TupleDesc query)
{
	int			i;

	for (i = 0; i < query->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(query, i)->attname);

		if (!is_given(relid, name))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of the query cannot be imported into the history of table \"%s\"",
							name, get_rel_name(relid)),
					 errdetail("The query gives the columns of the table, \"%s\" and \"%s\".",
							   TSM_ROW_START, TSM_ROW_END)));
	}
}

/* A column of the query, by assignment as the type of one of the history (42703, 42804). */
static Expr *
given_expression(Relation rel, TupleDesc query, Form_pg_attribute attribute)
{
	const char *name = NameStr(attribute->attname);
	AttrNumber	column = query_column(query, name);
	Form_pg_attribute source;
	Node	   *expression;

	if (column == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query does not give column \"%s\"", name),
				 errdetail("The query gives the columns of table \"%s\", \"%s\" and \"%s\".",
						   RelationGetRelationName(rel), TSM_ROW_START, TSM_ROW_END)));
	source = TupleDescAttr(query, column - 1);
	expression = (Node *) makeVar(1, column, source->atttypid, source->atttypmod,
								  source->attcollation, 0);
	expression = coerce_to_target_type(NULL, expression, source->atttypid, attribute->atttypid,
									   attribute->atttypmod, COERCION_ASSIGNMENT,
									   COERCE_IMPLICIT_CAST, -1);
	if (expression == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of the query is of type %s, not %s", name,
						format_type_be(source->atttypid), format_type_be(attribute->atttypid)),
				 errhint("Cast it in the query.")));
	return expression_planner((Expr *) expression);
}

/* How a row of the query becomes one of the history. */
static void
make_projection(Import *import, Relation rel, TupleDesc query)
{
	TupleDesc	desc = RelationGetDescr(import->history);
	List	   *targets = NIL;
	int			i;

	check_no_more(RelationGetRelid(rel), query);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		const char *name = NameStr(attribute->attname);
		Expr	   *expression;

		if (attribute->attisdropped)
			expression = (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
		else if (strcmp(name, TSM_ROW_XID) == 0 || strcmp(name, TSM_ROW_END_XID) == 0)
			expression = (Expr *) makeConst(XID8OID, -1, InvalidOid, sizeof(int64),
											FullTransactionIdGetDatum(InvalidFullTransactionId),
											false, FLOAT8PASSBYVAL);
		else if (is_given(RelationGetRelid(rel), name))
			expression = given_expression(rel, query, attribute);
		else
			expression = (Expr *) makeNullConst(attribute->atttypid, attribute->atttypmod,
												attribute->attcollation);
		targets = lappend(targets, makeTargetEntry(expression, i + 1, pstrdup(name), false));
	}
	import->start = get_attnum(RelationGetRelid(import->history), TSM_ROW_START);
	import->end = get_attnum(RelationGetRelid(import->history), TSM_ROW_END);
	import->given = MakeSingleTupleTableSlot(CreateTupleDescCopy(query), &TTSOpsHeapTuple);
	import->version = MakeSingleTupleTableSlot(CreateTupleDescCopy(desc), &TTSOpsVirtual);
	import->projection = ExecBuildProjectionInfo(targets, GetPerTupleExprContext(import->estate),
												 import->version, NULL, query);
}

/* The operator of a type for equality, qualified; 42883 without. */
static char *
equality(Oid type)
{
	Oid			operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	List	   *names;
	List	   *arguments;

	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s has no equality operator", format_type_be(type))));
	format_operator_parts(operator, &names, &arguments, false);
	return psprintf("OPERATOR(%s.%s)", quote_identifier(linitial(names)), (char *) lsecond(names));
}

/* The valid-time period of the temporal key that tells rows apart, or NULL. */
static const char *
key_period(const TsmVersionedTable *table)
{
	ListCell   *cell;

	foreach(cell, tsm_temporal_keys(table->rel))
	{
		TsmTemporalKey *key = lfirst(cell);

		if (strcmp(tsm_temporal_names_text(key->key_columns),
				   tsm_temporal_names_text(table->key_columns)) == 0)
			return key->period;
	}
	return NULL;
}

/* Prepare a look-up whose condition is built by the caller; $nkeys+... are as in import_looks. */
static void
prepare_look(ImportLook *look, Import *import, const AttrNumber *args, int nargs, const char *query)
{
	Oid			types[INDEX_MAX_KEYS + 3];
	int			i;

	for (i = 0; i < nargs; i++)
	{
		look->args[i] = args[i];
		types[i] = getBaseType(TupleDescAttr(RelationGetDescr(import->history), args[i] - 1)->atttypid);
	}
	look->nargs = nargs;
	look->plan = SPI_prepare_cursor(query, nargs, types, CURSOR_OPT_GENERIC_PLAN);
	if (look->plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
}

/*
 * The two look-ups. A key that has one version at a time is found from the
 * back of the history's index: when the latest version that began before the
 * new one ends is not in the way, none is. Otherwise versions that were there
 * together differ in their valid time, or else every one is in the way.
 * Nothing is looked up for a table without a key.
 */
static void
make_looks(Import *import)
{
	const TsmVersionedTable *table = import->table;
	Oid			history = table->history;
	const char *period = table->disjoint_keys ? NULL : key_period(table);
	AttrNumber	args[INDEX_MAX_KEYS + 3];
	int			nargs = 0;
	StringInfoData key;
	ListCell   *cell;

	if (table->key_columns == NIL)
		return;
	initStringInfo(&key);
	foreach(cell, table->key_columns)
	{
		args[nargs] = get_attnum(history, lfirst(cell));
		appendStringInfo(&key, "%s %s $%d AND ", quote_identifier(lfirst(cell)),
						 equality(getBaseType(get_atttype(history, args[nargs]))), nargs + 1);
		nargs++;
	}
	import->nkeys = nargs;
	if (period != NULL)
	{
		args[nargs++] = get_attnum(history, period);
		appendStringInfo(&key, "%s OPERATOR(pg_catalog.&&) $%d AND ", quote_identifier(period), nargs);
	}
	args[nargs++] = import->end;
	appendStringInfo(&key, TSM_ROW_START " OPERATOR(pg_catalog.<) $%d", nargs);
	prepare_look(&import->current, import, args, nargs,
				 psprintf("SELECT " TSM_ROW_START " FROM %s WHERE %s LIMIT 1",
						  tsm_delta_relation_name(table->rel), key.data));
	if (table->disjoint_keys)
		appendStringInfoString(&key, " ORDER BY " TSM_ROW_START " DESC");
	else
	{
		args[nargs++] = import->start;
		appendStringInfo(&key, " AND " TSM_ROW_END " OPERATOR(pg_catalog.>) $%d", nargs);
	}
	prepare_look(&import->former, import, args, nargs,
				 psprintf("SELECT " TSM_ROW_START ", " TSM_ROW_END " FROM %s WHERE %s LIMIT 1",
						  tsm_delta_relation_name(history), key.data));
}

/* One column of a version; 22004 when it is null. */
static Datum
value_of(Import *import, AttrNumber column)
{
	bool		null;
	Datum		value = slot_getattr(import->version, column, &null);

	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("column \"%s\" of an imported version is null",
						NameStr(TupleDescAttr(RelationGetDescr(import->history), column - 1)->attname)),
				 errdetail("The version is row " UINT64_FORMAT " of the query.", import->count + 1),
				 column != import->end ? 0 :
				 errhint("Only versions that have ended are imported; current rows are in the table.")));
	return value;
}

/*
 * Run a look-up; whether it found a version that is in the way, and when that
 * was there. What has been committed since the snapshot of the transaction
 * counts too.
 */
static bool
look_up(Import *import, const ImportLook *look, TimestampTz *start, TimestampTz *end)
{
	Datum		values[INDEX_MAX_KEYS + 3];
	Snapshot	snapshot = IsolationUsesXactSnapshot() ? GetLatestSnapshot() : InvalidSnapshot;
	bool		found;
	bool		null;
	int			i;

	if (look->plan == NULL)
		return false;
	for (i = 0; i < look->nargs; i++)
		values[i] = value_of(import, look->args[i]);
	if (SPI_execute_snapshot(look->plan, values, NULL, snapshot, InvalidSnapshot, false, false, 1) !=
		SPI_OK_SELECT)
		elog(ERROR, "could not look up a version");
	found = SPI_processed > 0;
	*end = DT_NOEND;
	if (found)
	{
		*start = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
		if (SPI_tuptable->tupdesc->natts > 1)
			*end = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &null));
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/* A version must have been there for a time that is over (22008, 22000). */
static void
check_times(Import *import, TimestampTz start, TimestampTz end)
{
	if (TIMESTAMP_NOT_FINITE(start) || TIMESTAMP_NOT_FINITE(end) ||
		end > GetCurrentTransactionStartTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("an imported version ends in the future, or is infinite"),
				 errdetail("Row " UINT64_FORMAT " of the query is from %s to %s.", import->count + 1,
						   pstrdup(timestamptz_to_str(start)), pstrdup(timestamptz_to_str(end))),
				 errhint("Only versions that have ended are imported; current rows are in the table.")));
	if (start >= end)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("an imported version ends before it begins, or when it does"),
				 errdetail("Row " UINT64_FORMAT " of the query is from %s to %s.", import->count + 1,
						   pstrdup(timestamptz_to_str(start)), pstrdup(timestamptz_to_str(end)))));
}

/* 23P01 for a version while which another one, or the row of today, of its key was there. */
static void
check_free(Import *import, TimestampTz start, TimestampTz end)
{
	TimestampTz other_start;
	TimestampTz other_end;

	if (!(look_up(import, &import->former, &other_start, &other_end) && other_end > start) &&
		!look_up(import, &import->current, &other_start, &other_end))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_EXCLUSION_VIOLATION),
			 errmsg("an imported version overlaps another of its key"),
			 errdetail("Row " UINT64_FORMAT " of the query is from %s to %s, the other from %s to %s.",
					   import->count + 1, pstrdup(timestamptz_to_str(start)),
					   pstrdup(timestamptz_to_str(end)), pstrdup(timestamptz_to_str(other_start)),
					   pstrdup(timestamptz_to_str(other_end)))));
}

/* Check one row of the query and put it into the history. */
static void
import_version(Import *import, HeapTuple tuple)
{
	ExprContext *context = GetPerTupleExprContext(import->estate);
	MemoryContext old_context;
	TimestampTz start;
	TimestampTz end;

	ResetExprContext(context);
	ExecStoreHeapTuple(tuple, import->given, false);
	context->ecxt_scantuple = import->given;
	ExecProject(import->projection);
	old_context = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
	start = DatumGetTimestampTz(value_of(import, import->start));
	end = DatumGetTimestampTz(value_of(import, import->end));
	check_times(import, start, end);
	check_free(import, start, end);
	table_tuple_insert(import->history, import->version, GetCurrentCommandId(true), 0, import->bulk);
	if (import->result->ri_NumIndices > 0)
		list_free(tsm_ExecInsertIndexTuples(import->result, import->version, import->estate));
	import->count++;
	MemoryContextSwitchTo(old_context);
}

static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Become the owner of the table, who bypasses its policies even where they are
 * forced on him. A look-up is planned while the history may be empty yet, so
 * that only indexes are let into the plan.
 */
static int
become_owner(const Import *import, int context)
{
	int			nest_level = NewGUCNestLevel();

	SetUserIdAndSecContext(import->owner, context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	set_locally("search_path", "pg_catalog, pg_temp");
	set_locally("enable_seqscan", "off");
	set_locally("enable_bitmapscan", "off");
	set_locally("enable_sort", "off");
	return nest_level;
}

/* Open the history for the import; as the owner. */
static void
open_history(Import *import, Relation rel, TupleDesc query)
{
	import->history = table_open(import->table->history, RowExclusiveLock);
	import->estate = CreateExecutorState();
	import->result = makeNode(ResultRelInfo);
	InitResultRelInfo(import->result, import->history, 1, NULL, 0);
	ExecOpenIndices(import->result, false);
	import->bulk = GetBulkInsertState();
	make_projection(import, rel, query);
	make_looks(import);
}

static void
close_history(Import *import)
{
	ExecDropSingleTupleTableSlot(import->given);
	ExecDropSingleTupleTableSlot(import->version);
	FreeBulkInsertState(import->bulk);
	ExecCloseIndices(import->result);
	FreeExecutorState(import->estate);
	table_close(import->history, NoLock);
}

/*
 * All rows of a cursor. The rows are fetched as the caller, what is done with
 * them as the owner; an error gives the caller back at the end of the
 * (sub)transaction.
 */
static void
import_rows(Import *import, Relation rel, Portal cursor)
{
	Oid			caller;
	int			context;
	int			nest_level;
	SPITupleTable *batch;
	uint64		rows;
	uint64		i;

	GetUserIdAndSecContext(&caller, &context);
	nest_level = become_owner(import, context);
	open_history(import, rel, cursor->tupDesc);
	for (;;)
	{
		AtEOXact_GUC(false, nest_level);
		SetUserIdAndSecContext(caller, context);
		SPI_cursor_fetch(cursor, true, IMPORT_BATCH);
		batch = SPI_tuptable;
		rows = SPI_processed;
		/* The query may have set a time. */
		refuse_in_past(RelationGetRelid(rel));
		nest_level = become_owner(import, context);
		if (rows == 0)
			break;
		for (i = 0; i < rows; i++)
		{
			CHECK_FOR_INTERRUPTS();
			import_version(import, batch->vals[i]);
		}
		ExecClearTuple(import->given);
		ExecClearTuple(import->version);
		SPI_freetuptable(batch);
	}
	SPI_freetuptable(batch);
	close_history(import);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(caller, context);
}

/*
 * import_history(rel regclass, query text) → bigint: the number of versions.
 * Errors: 25006 while a time is set, 42501 for a table of another, 55000 for one that is not versioned,
 * 42P11 for what is no query, 42701, 42703 and 42804 for its columns, 22004,
 * 22008 and 22000 for its times, 23P01 for versions that overlap.
 */
Datum
tsm_temporal_import_history(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Import		import = {0};
	Relation	rel;
	SPIPlanPtr	plan;
	Portal		cursor;

	PreventCommandIfReadOnly("tsmem.import_history()");
	rel = open_table(PG_GETARG_OID(0), &import);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	cursor = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	import_rows(&import, rel, cursor);
	SPI_cursor_close(cursor);
	SPI_finish();
	table_close(rel, NoLock);
	PG_RETURN_INT64(import.count);
}
