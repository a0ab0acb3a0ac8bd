/*-------------------------------------------------------------------------
 *
 * tsm_temporal_versioning.c
 *	  add_system_versioning and drop_system_versioning.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_temporal_portion.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_add_system_versioning);
PG_FUNCTION_INFO_V1(tsm_temporal_drop_system_versioning);

/* What is asked of add_system_versioning, besides what the registration holds. */
typedef struct VersioningRequest
{
	TsmVersionedTable *table;
	char	   *history_name;
	bool		make_functions;
	bool		without_key;
} VersioningRequest;

/* drop_system_versioning */
typedef struct UnversioningRequest
{
	TsmVersionedTable *table;
	bool		keep_history;
} UnversioningRequest;

/*
 * Lock a table for a change of its definition, and check that it is there
 * (42P01) and that the current user owns it (42501), before and after.
 */
Relation
tsm_temporal_open_owned(Oid relid)
{
	Relation	rel;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	tsm_temporal_lock_portions(relid);
	LockRelationOid(relid, AccessExclusiveLock);
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(rel));
	return rel;
}

bool
tsm_temporal_is_registry(Oid relid)
{
	return relid == tsm_delta_own_relation("versioned_tables") ||
		relid == tsm_delta_own_relation("segment_tables") ||
		relid == tsm_delta_own_relation("segment_columns") ||
		relid == tsm_delta_own_relation("periods") ||
		relid == tsm_delta_own_relation("temporal_keys") ||
		relid == tsm_delta_own_relation("temporal_foreign_keys") ||
		relid == tsm_delta_own_relation("document_stores");
}

/* A table of tsmem itself; while its script runs, the registries alone. */
static bool
is_own_table(Oid relid)
{
	Oid			extension;

	if (tsm_temporal_is_registry(relid))
		return true;
	extension = getExtensionOfObject(RelationRelationId, relid);
	return !creating_extension && OidIsValid(extension) &&
		extension == get_extension_oid("tsmem", true);
}

/* Refuse what is not a table of the user's that lasts. */
void
tsm_temporal_check_kind(Relation rel, const char *what)
{
	const char *name = RelationGetRelationName(rel);

	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot add %s to relation \"%s\"", what, name),
				 errdetail("\"%s\" is not a table.", name)));
	if (IsCatalogRelation(rel))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot add %s to table \"%s\"", what, name),
				 errdetail("\"%s\" is a system catalog.", name)));
	if (is_own_table(RelationGetRelid(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot add %s to table \"%s\"", what, name),
				 errdetail("\"%s\" is a table of extension \"tsmem\" itself.", name)));
	if (tsm_delta_find_by_history(RelationGetRelid(rel)) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot add %s to table \"%s\"", what, name),
				 errdetail("\"%s\" is the history of another table.", name)));
	tsm_temporal_check_part_kept(RelationGetRelid(rel), "version");
}

/* A table that has lasting rows of its own, or is partitioned; nothing that inherits otherwise. */
static void
check_can_be_versioned(Relation rel)
{
	const char *name = RelationGetRelationName(rel);
	Oid			relid = RelationGetRelid(rel);

	tsm_temporal_check_kind(rel, "system versioning");
	tsm_temporal_check_generated(rel);
	tsm_temporal_check_logged(relid);
	if (rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relispartition &&
		(has_superclass(relid) || has_subclass(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot add system versioning to table \"%s\"", name),
				 errdetail("Tables that inherit or are inherited from are not supported; "
						   "partitioned tables are.")));
}

/* 42710 when the table, or one above or below it, is registered. */
static void
check_not_registered(Relation rel)
{
	TsmVersionedTable *table = tsm_temporal_find(RelationGetRelid(rel));
	ListCell   *cell;

	if (table == NULL && rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		foreach(cell, find_all_inheritors(RelationGetRelid(rel), AccessExclusiveLock, NULL))
		{
			table = tsm_delta_find(lfirst_oid(cell));
			if (table != NULL)
				break;
		}
	}
	if (table == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("table \"%s\" is already system-versioned", RelationGetRelationName(rel)),
			 table->rel == RelationGetRelid(rel) ? 0 :
			 errdetail("Table \"%s\" of the same partition tree is.", get_rel_name(table->rel))));
}

/* The columns of the primary key, or NIL. */
static List *
primary_key_columns(Relation rel)
{
	Oid			index = tsm_RelationGetPrimaryKeyIndex(rel);
	List	   *columns = NIL;
	Relation	index_rel;
	int			i;

	if (!OidIsValid(index))
		return NIL;
	index_rel = index_open(index, AccessShareLock);
	for (i = 0; i < index_rel->rd_index->indnkeyatts; i++)
		columns = lappend(columns, get_attname(RelationGetRelid(rel),
											   index_rel->rd_index->indkey.values[i], false));
	index_close(index_rel, NoLock);
	return columns;
}

/*
 * The key that tells the rows of a table apart: the primary key, of either
 * kind, or else a temporal key; NIL without. Only an ordinary one has one
 * version at a time.
 */
static List *
key_of(Relation rel, bool *disjoint)
{
	TsmTemporalKey *temporal = NULL;
	List	   *columns;
	ListCell   *cell;

	foreach(cell, tsm_temporal_keys(RelationGetRelid(rel)))
	{
		TsmTemporalKey *key = lfirst(cell);

		if (temporal == NULL || key->is_primary)
			temporal = key;
	}
	*disjoint = false;
	if (temporal != NULL && temporal->is_primary)
		return temporal->key_columns;
	columns = primary_key_columns(rel);
	*disjoint = columns != NIL;
	return columns == NIL && temporal != NULL ? temporal->key_columns : columns;
}

static void
find_key(Relation rel, VersioningRequest *request)
{
	TsmVersionedTable *table = request->table;

	table->key_columns = key_of(rel, &table->disjoint_keys);
	if (table->key_columns == NIL && !request->without_key)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no key", RelationGetRelationName(rel)),
				 errdetail("The history of a row is found by its key."),
				 errhint("Add a primary key or a temporal key, or pass the history option "
						 "\"without_key\": true.")));
}

static void
check_excluded_columns(Relation rel, const TsmVersionedTable *table)
{
	ListCell   *cell;

	foreach(cell, table->excluded_columns)
	{
		const char *name = lfirst(cell);

		if (get_attnum(RelationGetRelid(rel), name) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", name,
							RelationGetRelationName(rel))));
		if (tsm_temporal_name_in(table->key_columns, name) || strcmp(name, TSM_ROW_START) == 0 ||
			strcmp(name, TSM_ROW_XID) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of table \"%s\" cannot be excluded", name,
							RelationGetRelationName(rel)),
					 errdetail("Key columns and the columns of the versioning tell versions apart.")));
	}
}

/*
 * Whether row_start and row_xid are to be added. Both may be there already,
 * of the right types: so a partition is versioned by itself.
 */
static bool
must_add_columns(Relation rel)
{
	static const char *const reserved[] = {TSM_ROW_END, TSM_ROW_END_XID, TSM_SYS_PERIOD};
	Oid			relid = RelationGetRelid(rel);
	AttrNumber	start = get_attnum(relid, TSM_ROW_START);
	AttrNumber	xid = get_attnum(relid, TSM_ROW_XID);
	int			i;

	for (i = 0; i < lengthof(reserved); i++)
	{
		if (get_attnum(relid, reserved[i]) != InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" already exists", reserved[i],
							RelationGetRelationName(rel)),
					 errdetail("The history of the table needs a column of this name.")));
	}
	if (start == InvalidAttrNumber && xid == InvalidAttrNumber)
	{
		if (rel->rd_rel->relispartition)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("partition \"%s\" has no columns \"%s\" and \"%s\"",
							RelationGetRelationName(rel), TSM_ROW_START, TSM_ROW_XID),
					 errhint("Add \"row_start timestamptz\" and \"row_xid xid8\" to the partitioned "
							 "table, or version that.")));
		return true;
	}
	if (start == InvalidAttrNumber || xid == InvalidAttrNumber ||
		get_atttype(relid, start) != TIMESTAMPTZOID || get_atttype(relid, xid) != XID8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("table \"%s\" has a column named as one of the versioning",
						RelationGetRelationName(rel)),
				 errdetail("Columns \"%s timestamptz\" and \"%s xid8\" must both be there, or none.",
						   TSM_ROW_START, TSM_ROW_XID)));
	return false;
}

bool
tsm_temporal_wants_functions(const TsmVersionedTable *table)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(&table->options->root, "functions", strlen("functions"),
										&value) == NULL ||
		value.type != jbvBool || value.val.boolean;
}

/* A boolean option; 22023 when it is something else. */
static bool
boolean_option(const char *name, const JsonbValue *value)
{
	if (value->type != jbvBool)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("history option \"%s\" must be true or false", name)));
	return value->val.boolean;
}

/* A text option; 22023 when it is something else. */
static char *
text_option(const char *name, const JsonbValue *value)
{
	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("history option \"%s\" must be a string", name)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
apply_option(VersioningRequest *request, const char *name, const JsonbValue *value)
{
	TsmVersionedTable *table = request->table;

	if (strcmp(name, "history_table") == 0)
	{
		request->history_name = text_option(name, value);
		if (request->history_name[0] == '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("history option \"%s\" must not be empty", name)));
		if (strlen(request->history_name) >= NAMEDATALEN)
			ereport(ERROR,
					(errcode(ERRCODE_NAME_TOO_LONG),
					 errmsg("history table name \"%s\" is longer than %d bytes",
							request->history_name, NAMEDATALEN - 1)));
	}
	else if (strcmp(name, "functions") == 0)
		request->make_functions = boolean_option(name, value);
	else if (strcmp(name, "without_key") == 0)
		request->without_key = boolean_option(name, value);
	else if (strcmp(name, "no_op_updates") == 0)
		table->no_op_updates = boolean_option(name, value);
	else if (strcmp(name, "truncate") == 0)
	{
		char	   *text = text_option(name, value);

		table->truncate_to_history = strcmp(text, "history") == 0;
		if (!table->truncate_to_history && strcmp(text, "refuse") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("history option \"%s\" cannot be \"%s\"", name, text),
					 errhint("It is \"refuse\" or \"history\".")));
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown history option \"%s\"", name),
				 errhint("Options are \"history_table\", \"functions\", \"without_key\", "
						 "\"no_op_updates\" and \"truncate\".")));
}

static void
parse_options(VersioningRequest *request, Jsonb *options)
{
	JsonbIterator *iterator = JsonbIteratorInit(&options->root);
	JsonbValue	value;
	JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, true);

	if (token != WJB_BEGIN_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("history options must be a JSON object")));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_KEY)
	{
		char	   *name = pnstrdup(value.val.string.val, value.val.string.len);

		(void) JsonbIteratorNext(&iterator, &value, true);
		apply_option(request, name, &value);
	}
	request->table->options = options;
}

void
tsm_temporal_check_stamps(Oid relid)
{
	if (tsm_delta_execute("SELECT FROM %s WHERE NOT pg_catalog.isfinite(row_start) OR "
						  "row_start OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() LIMIT 1",
						  tsm_delta_relation_name(relid)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a row of table \"%s\" begins in the future", get_rel_name(relid)),
				 errdetail("Its \"%s\" is later than now, or infinite.", TSM_ROW_START)));
}

void
tsm_temporal_check_logged(Oid relid)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		if (get_rel_persistence(lfirst_oid(cell)) != RELPERSISTENCE_PERMANENT)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot add system versioning to table \"%s\"",
							get_rel_name(lfirst_oid(cell))),
					 errdetail("Temporary and unlogged tables cannot keep a history.")));
	}
}

/* 42P07 before anything is made: a former history may be there. */
static void
check_history_name(Relation rel, const char *name)
{
	if (OidIsValid(get_relname_relid(name, RelationGetNamespace(rel))))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists", name),
				 errhint("Rename it, or name another history with the history option \"history_table\".")));
}

/* row_start and row_xid of the table: rows that are there begin now. */
static void
add_columns(const TsmVersionedTable *table, const char *name)
{
	if (table->added_columns)
	{
		/* Stable defaults are evaluated once: the table is not rewritten. */
		tsm_delta_execute("ALTER TABLE %s "
						  "ADD COLUMN row_start timestamptz NOT NULL DEFAULT transaction_timestamp(), "
						  "ADD COLUMN row_xid xid8 NOT NULL DEFAULT pg_current_xact_id()", name);
		return;
	}
	tsm_delta_execute("UPDATE %s SET row_start = transaction_timestamp(), "
					  "row_xid = pg_current_xact_id() "
					  "WHERE row_start IS NULL OR row_xid IS NULL OR NOT isfinite(row_start)", name);
	tsm_temporal_check_stamps(table->rel);
	tsm_delta_execute("ALTER TABLE %s ALTER COLUMN row_start SET NOT NULL, "
					  "ALTER COLUMN row_xid SET NOT NULL", name);
}

/* The history table: the table's columns, none of them NOT NULL, and the end of the version. */
static void
make_history(TsmVersionedTable *table, const char *name, const char *history_name)
{
	Relation	rel = table_open(table->rel, AccessShareLock);
	char	   *history = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
													 history_name);
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData nullable;
	int			i;

	tsm_delta_execute("CREATE TABLE %s (LIKE %s INCLUDING STORAGE INCLUDING COMPRESSION)",
					  history, name);
	initStringInfo(&nullable);
	for (i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attnotnull && !TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&nullable, "ALTER COLUMN %s DROP NOT NULL, ",
							 quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	}
	tsm_delta_execute("ALTER TABLE %s %s ADD COLUMN row_end timestamptz NOT NULL, "
					  "ADD COLUMN row_end_xid xid8 NOT NULL", history, nullable.data);
	tsm_delta_execute("COMMENT ON TABLE %s IS %s", history,
					  quote_literal_cstr(psprintf("former versions of the rows of %s", name)));
	table->history = get_relname_relid(history_name, RelationGetNamespace(rel));
	table_close(rel, NoLock);
}

static void
make_history_index(const TsmVersionedTable *table)
{
	StringInfoData columns;
	ListCell   *cell;

	if (table->key_columns == NIL)
		return;
	initStringInfo(&columns);
	foreach(cell, table->key_columns)
		appendStringInfo(&columns, "%s, ", quote_identifier(lfirst(cell)));
	tsm_delta_execute("CREATE INDEX %s ON %s (%s row_start)",
					  quote_identifier(tsm_delta_make_name(get_rel_name(table->history), "idx")),
					  tsm_delta_relation_name(table->history), columns.data);
}

/* Drop the index that make_history_index made for another key, if it is there. */
static void
drop_history_index(const TsmVersionedTable *table)
{
	char	   *name = tsm_delta_make_name(get_rel_name(table->history), "idx");
	Oid			index = get_relname_relid(name, get_rel_namespace(table->history));

	if (OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX &&
		IndexGetRelation(index, true) == table->history)
		tsm_delta_execute("DROP INDEX %s", tsm_delta_relation_name(index));
}

static bool
same_names(const List *a, const List *b)
{
	const ListCell *left;
	const ListCell *right;

	if (list_length(a) != list_length(b))
		return false;
	forboth(left, a, right, b)
	{
		if (strcmp(lfirst(left), lfirst(right)) != 0)
			return false;
	}
	return true;
}

/* Whether versions that are there overlap in a key that their table has now. */
static bool
versions_overlap(const TsmVersionedTable *table)
{
	StringInfoData columns;
	StringInfoData known;
	ListCell   *cell;

	initStringInfo(&columns);
	initStringInfo(&known);
	foreach(cell, table->key_columns)
	{
		appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "", quote_identifier(lfirst(cell)));
		appendStringInfo(&known, " AND %s IS NOT NULL", quote_identifier(lfirst(cell)));
	}
	return tsm_delta_execute(
		"SELECT FROM (SELECT row_end, lead(row_start) OVER (PARTITION BY %s ORDER BY row_start, row_end) AS next "
		"FROM (SELECT %s, row_start, 'infinity'::timestamptz AS row_end FROM %s "
		"UNION ALL SELECT %s, row_start, row_end FROM %s) v WHERE true%s) w WHERE next < row_end LIMIT 1",
		columns.data, columns.data, tsm_delta_relation_name(table->rel),
		columns.data, tsm_delta_relation_name(table->history), known.data) > 0;
}

/*
 * A key that is gone leaves its columns in the registration, since former
 * versions are still told apart by them. A new one has an index of its own;
 * that of the old one goes.
 */
void
tsm_temporal_follow_key(TsmVersionedTable *table, Relation rel)
{
	bool		disjoint;
	List	   *columns = key_of(rel, &disjoint);
	bool		other = columns != NIL && !same_names(columns, table->key_columns);

	if (!other && disjoint == table->disjoint_keys)
		return;
	if (other)
	{
		tsm_delta_unfold_before(table, "Another key of the table needs them so.");
		table->key_columns = columns;
		check_excluded_columns(rel, table);
		drop_history_index(table);
		make_history_index(table);
	}
	table->disjoint_keys = disjoint && !versions_overlap(table);
	tsm_delta_update(table);
}

static void
make_triggers(const TsmVersionedTable *table, const char *name)
{
	tsm_delta_execute("CREATE TRIGGER \"" TSM_STAMP_TRIGGER "\" BEFORE INSERT OR UPDATE OR DELETE ON %s "
					  "FOR EACH ROW EXECUTE FUNCTION tsmem._stamp()", name);
	tsm_delta_execute("CREATE TRIGGER \"" TSM_HISTORY_TRIGGER "\" AFTER UPDATE OR DELETE ON %s "
					  "FOR EACH ROW EXECUTE FUNCTION tsmem._write_history()", name);
	/* A condition is tried when the row has been inserted, not at the end of the statement. */
	tsm_delta_execute("CREATE TRIGGER \"" TSM_LATEST_TRIGGER "\" AFTER INSERT ON %s "
					  "FOR EACH ROW WHEN (tsmem._overtaken()) "
					  "EXECUTE FUNCTION tsmem._check_latest()", name);
	tsm_delta_execute("ALTER TABLE %s ENABLE ALWAYS TRIGGER \"" TSM_STAMP_TRIGGER "\", "
					  "ENABLE ALWAYS TRIGGER \"" TSM_HISTORY_TRIGGER "\", "
					  "ENABLE ALWAYS TRIGGER \"" TSM_LATEST_TRIGGER "\"", name);
	tsm_temporal_make_truncate_triggers(table);
}

/* All DDL of add_system_versioning, as the table's owner. */
static void
build_versioning(void *arg)
{
	VersioningRequest *request = arg;
	TsmVersionedTable *table = request->table;
	char	   *name = tsm_delta_relation_name(table->rel);

	add_columns(table, name);
	make_history(table, name, request->history_name);
	make_history_index(table);
	tsm_delta_protect_history(table->history);
	make_triggers(table, name);
	if (request->make_functions)
		tsm_temporal_generate(table);
	tsm_delta_insert(table);
	tsm_temporal_bind(table);
	tsm_temporal_copy_rights(table);
	tsm_temporal_copy_policies(table);
}

/* add_system_versioning(rel regclass, excluded_columns name[], history_options jsonb) */
Datum
tsm_temporal_add_system_versioning(PG_FUNCTION_ARGS)
{
	VersioningRequest request = {0};
	TsmVersionedTable *table = palloc0(sizeof(TsmVersionedTable));
	Relation	rel;
	Oid			owner;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "add_system_versioning")));
	request.table = table;
	request.make_functions = true;
	table->rel = PG_GETARG_OID(0);
	table->excluded_columns = tsm_delta_names_list(PG_GETARG_DATUM(1));
	TIMESTAMP_NOBEGIN(table->horizon);
	parse_options(&request, PG_GETARG_JSONB_P(2));

	rel = tsm_temporal_open_owned(table->rel);
	check_can_be_versioned(rel);
	check_not_registered(rel);
	find_key(rel, &request);
	check_excluded_columns(rel, table);
	table->added_columns = must_add_columns(rel);
	if (request.history_name == NULL)
		request.history_name = tsm_delta_make_name(RelationGetRelationName(rel), "history");
	check_history_name(rel, request.history_name);
	owner = rel->rd_rel->relowner;
	table_close(rel, NoLock);
	tsm_delta_as_owner(owner, build_versioning, &request);
	tsm_temporal_follow_portions(table->rel);
	PG_RETURN_VOID();
}

/* All DDL of drop_system_versioning, as the table's owner. */
static void
unbuild_versioning(void *arg)
{
	UnversioningRequest *request = arg;
	TsmVersionedTable *table = request->table;
	char	   *name = tsm_delta_relation_name(table->rel);
	char	   *history = tsm_delta_relation_name(table->history);
	List	   *relations = find_all_inheritors(table->rel, AccessExclusiveLock, NULL);
	ListCell   *cell;

	if (request->keep_history)
		tsm_delta_unfold_before(table, "The history stays, as an ordinary table.");
	tsm_delta_drop_store(table->history);
	tsm_delta_remove(table->rel);
	tsm_temporal_drop_generated(table);
	tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_STAMP_TRIGGER "\" ON %s", name);
	tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_HISTORY_TRIGGER "\" ON %s", name);
	tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_LATEST_TRIGGER "\" ON %s", name);
	foreach(cell, relations)
	{
		tsm_delta_execute("DROP TRIGGER IF EXISTS \"" TSM_TRUNCATE_TRIGGER "\" ON %s",
						  tsm_delta_relation_name(lfirst_oid(cell)));
		tsm_session_drop_sentinel(lfirst_oid(cell));
	}
	deleteDependencyRecordsForSpecific(RelationRelationId, table->history, DEPENDENCY_INTERNAL,
									   RelationRelationId, table->rel);
	CommandCounterIncrement();
	if (request->keep_history)
		tsm_delta_unprotect_history(table->history);
	else
		tsm_delta_execute("DROP TABLE %s", history);
	if (table->added_columns)
		tsm_delta_execute("ALTER TABLE %s DROP COLUMN row_start, DROP COLUMN row_xid", name);
}

/* drop_system_versioning(rel regclass, keep_history boolean) */
Datum
tsm_temporal_drop_system_versioning(PG_FUNCTION_ARGS)
{
	UnversioningRequest request;
	Relation	rel;
	Oid			owner;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of \"%s\" must not be null", "drop_system_versioning")));
	rel = tsm_temporal_open_owned(PG_GETARG_OID(0));
	request.table = tsm_delta_find(RelationGetRelid(rel));
	request.keep_history = PG_GETARG_BOOL(1);
	if (request.table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not system-versioned", RelationGetRelationName(rel))));
	owner = rel->rd_rel->relowner;
	table_close(rel, NoLock);
	if (request.table->added_columns)
		tsm_temporal_drop_portions(request.table->rel);
	tsm_delta_as_owner(owner, unbuild_versioning, &request);
	tsm_temporal_follow_portions(request.table->rel);
	PG_RETURN_VOID();
}
