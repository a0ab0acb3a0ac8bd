/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_store.c
 *	  Document stores: made, dropped, registered; their schemas set.
 *
 * A store is a system-versioned table of the caller's with a trigger that
 * numbers versions and checks documents. tsmem.document_stores says that it is
 * one; it is read through table and index APIs, so the rights of the current
 * user on it do not matter.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_read.h"

PG_FUNCTION_INFO_V1(tsm_temporal_create_document_store);
PG_FUNCTION_INFO_V1(tsm_temporal_drop_document_store);
PG_FUNCTION_INFO_V1(tsm_temporal_set_document_schema);

#define REGISTRY "document_stores"

/* Columns of the registry. */
#define Anum_stores_store	1
#define Anum_stores_kind	2
#define Anum_stores_schema	3
#define Natts_stores		3

static HTAB *stores = NULL;

/* A table has changed (or, for InvalidOid, any may have). */
static void
invalidate(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	TsmDocumentStore *store;

	hash_seq_init(&status, stores);
	while ((store = hash_seq_search(&status)) != NULL)
	{
		if (!OidIsValid(relid) || relid == store->relid || relid == store->history)
			store->valid = false;
	}
}

/* A schema has another name, maybe. */
static void
invalidate_all(Datum arg, int cache, uint32 hash)
{
	invalidate(arg, InvalidOid);
}

static void
make_cache(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(TsmDocumentStore);
	control.hcxt = TopMemoryContext;
	stores = hash_create("tsmem document stores", 16, &control,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, invalidate_all, (Datum) 0);
}

/* Read a registration into an entry; false when there is none. The schema is palloc'd. */
static bool
read_registration(Oid relid, bool *json, Jsonb **schema)
{
	Relation	registry = table_open(tsm_delta_own_relation(REGISTRY), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	tsm_temporal_check_registry(RelationGetDescr(registry), REGISTRY, Natts_stores);
	ScanKeyInit(&key, Anum_stores_store, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(registry, tsm_delta_own_relation(REGISTRY "_pkey"), true, NULL, 1,
							  &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Datum		values[Natts_stores];
		bool		nulls[Natts_stores];

		heap_deform_tuple(tuple, RelationGetDescr(registry), values, nulls);
		*json = strcmp(TextDatumGetCString(values[Anum_stores_kind - 1]), "json") == 0;
		*schema = nulls[Anum_stores_schema - 1] ? NULL :
			DatumGetJsonbPCopy(values[Anum_stores_schema - 1]);
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

/* Free what an entry holds. */
static void
empty_store(TsmDocumentStore *store)
{
	if (store->schema != NULL)
		pfree(store->schema);
	if (store->versions != NULL)
		pfree(store->versions);
	store->schema = NULL;
	store->versions = NULL;
}

static TsmDocumentStore *
find_store(Oid relid)
{
	TsmDocumentStore *store;
	TsmVersionedTable *table;
	Jsonb	   *schema;
	bool		json;
	bool		found;

	if (stores == NULL)
		make_cache();
	store = hash_search(stores, &relid, HASH_FIND, NULL);
	if (store != NULL && store->valid)
		return store;
	if (!read_registration(relid, &json, &schema))
		return NULL;			/* not kept: a restored dump registers it without a word */
	table = tsm_delta_find(relid);
	store = hash_search(stores, &relid, HASH_ENTER, &found);
	if (found)
		empty_store(store);
	store->valid = false;
	store->schema = NULL;
	store->versions = NULL;
	store->json = json;
	store->versioned = table != NULL;
	store->history = table == NULL ? InvalidOid : table->history;
	if (schema != NULL)
	{
		store->schema = MemoryContextAlloc(TopMemoryContext, VARSIZE(schema));
		memcpy(store->schema, schema, VARSIZE(schema));
		pfree(schema);
	}
	store->valid = true;
	return store;
}

const TsmDocumentStore *
tsm_document_find(Oid relid)
{
	return find_store(relid);
}

const TsmDocumentStore *
tsm_document_store(Oid relid)
{
	const TsmDocumentStore *store;
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	store = tsm_document_find(relid);
	if (store == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" is no document store", name),
				 errhint("Make one with tsmem.create_document_store.")));
	return store;
}

const TsmDocumentStore *
tsm_document_versioned_store(Oid relid)
{
	const TsmDocumentStore *store = tsm_document_store(relid);

	if (!store->versioned)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("document store \"%s\" is not system-versioned", get_rel_name(relid)),
				 errhint("Version it with tsmem.add_system_versioning.")));
	return store;
}

const char *
tsm_document_versions(Oid relid)
{
	const TsmDocumentStore *known = tsm_document_versioned_store(relid);
	TsmDocumentStore *store;
	Relation	rel;
	char	   *versions;

	if (known->versions != NULL)
		return known->versions;
	rel = table_open(relid, AccessShareLock);
	versions = tsm_temporal_all_versions(rel, tsm_temporal_histories(rel));
	table_close(rel, NoLock);
	/* Opening it may have told of changes. */
	store = find_store(relid);
	if (store != NULL && store->versions == NULL)
		store->versions = MemoryContextStrdup(TopMemoryContext, versions);
	return versions;
}

AttrNumber
tsm_document_column(Relation rel, const char *name, Oid type)
{
	int			number = SPI_fnumber(RelationGetDescr(rel), name);

	if (number <= 0 || TupleDescAttr(RelationGetDescr(rel), number - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("document store \"%s\" has no column \"%s\" of type %s",
						RelationGetRelationName(rel), name, format_type_be(type))));
	return (AttrNumber) number;
}

void
tsm_document_check_type(Oid relid, TupleDesc desc, int number, Oid type)
{
	if (SPI_gettypeid(desc, number) != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("document store \"%s\" has no column \"%s\" of type %s", get_rel_name(relid),
						SPI_fname(desc, number), format_type_be(type))));
}

Datum
tsm_document_value(Oid relid, HeapTuple row, TupleDesc desc, int number, Oid type)
{
	Datum		value;
	bool		null;

	tsm_document_check_type(relid, desc, number, type);
	value = SPI_getbinval(row, desc, number, &null);
	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of document store \"%s\" is null", SPI_fname(desc, number),
						get_rel_name(relid))));
	return value;
}

void
tsm_document_check_body(Relation rel, Jsonb *schema, Datum id, bool no_id, Jsonb *body)
{
	StringInfoData pointer;
	char	   *violation;

	initStringInfo(&pointer);
	violation = tsm_schema_violation(schema, body, &pointer);
	if (violation != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("document \"%s\" does not match the schema of document store \"%s\"",
						no_id ? "" : TextDatumGetCString(id), RelationGetRelationName(rel)),
				 errdetail("At \"%s\": %s.", pointer.data, violation),
				 errtable(rel)));
	pfree(pointer.data);
}

/* One command with the rights of the caller. */
static void
run(const char *command)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(command, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", command);
	SPI_finish();
}

/* The name of a store to be made as namespace and name: 42602, 42622 for what is none. */
static void
parse_name(text *name, Oid *namespace, char **relname)
{
	Datum		parts = DirectFunctionCall2(parse_ident, PointerGetDatum(name), BoolGetDatum(true));
	Datum	   *elements;
	int			count;
	int			i;

	deconstruct_array(DatumGetArrayTypeP(parts), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL,
					  &count);
	*relname = NULL;
	if (count < 1 || count > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("\"%s\" is no name of a document store", text_to_cstring(name))));
	for (i = 0; i < count; i++)
	{
		*relname = TextDatumGetCString(elements[i]);
		if (strlen(*relname) >= NAMEDATALEN)
			ereport(ERROR,
					(errcode(ERRCODE_NAME_TOO_LONG),
					 errmsg("name \"%s\" of a document store is longer than %d bytes", *relname,
							NAMEDATALEN - 1)));
	}
	*namespace = RangeVarGetCreationNamespace(makeRangeVar(count == 2 ? TextDatumGetCString(elements[0]) : NULL,
														   *relname, -1));
}

static bool
kind_is_json(text *kind)
{
	char	   *name = text_to_cstring(kind);

	if (strcmp(name, "json") != 0 && strcmp(name, "text") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kind of a document store cannot be \"%s\"", name),
				 errhint("It is \"json\" or \"text\".")));
	return strcmp(name, "json") == 0;
}

/* Refuse what cannot be a schema of the store. */
static void
check_schema(bool json, Jsonb *schema)
{
	if (!json)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a document store of text cannot have a schema")));
	tsm_schema_check(schema);
}

/* The table, its history, the trigger. Gives its OID. */
static Oid
make_table(Oid namespace, const char *relname, bool json, bool index_history)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(namespace), relname);
	const char *index = "CREATE INDEX ON %s USING gin (body pg_catalog.jsonb_path_ops)";
	Oid			relid;

	run(psprintf("CREATE TABLE %s (id pg_catalog.text PRIMARY KEY, body pg_catalog.%s NOT NULL, "
				 "metadata pg_catalog.jsonb NOT NULL DEFAULT '{}', version pg_catalog.int8 NOT NULL, "
				 "changed_by pg_catalog.name NOT NULL)", name, json ? "jsonb" : "text"));
	run(psprintf("SELECT tsmem.add_system_versioning(%s)", quote_literal_cstr(name)));
	relid = get_relname_relid(relname, namespace);
	run(psprintf("CREATE TRIGGER \"~tsmem_document\" BEFORE INSERT OR UPDATE ON %s "
				 "FOR EACH ROW EXECUTE FUNCTION tsmem._number_document()", name));
	run(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER \"~tsmem_document\"", name));
	if (json)
		run(psprintf(index, name));
	if (json && index_history)
		run(psprintf(index, tsm_delta_relation_name(tsm_delta_find(relid)->history)));
	return relid;
}

static const char *
schema_literal(Jsonb *schema)
{
	return schema == NULL ? "NULL" :
		quote_literal_cstr(JsonbToCString(NULL, &schema->root, VARSIZE(schema)));
}

/*
 * create_document_store(name text, kind text, check_schema jsonb, index_history boolean) → regclass
 *
 * Makes a versioned table of documents in the caller's name. 22004, 22023,
 * 42602, 42622 for arguments; errors of CREATE TABLE and of add_system_versioning.
 */
Datum
tsm_temporal_create_document_store(PG_FUNCTION_ARGS)
{
	Jsonb	   *schema = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	bool		json;
	Oid			namespace;
	char	   *relname;
	Oid			relid;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name, kind and index_history of a document store must not be null")));
	json = kind_is_json(PG_GETARG_TEXT_PP(1));
	if (schema != NULL)
		check_schema(json, schema);
	parse_name(PG_GETARG_TEXT_PP(0), &namespace, &relname);
	relid = make_table(namespace, relname, json, PG_GETARG_BOOL(3));
	tsm_temporal_execute_as_extension(psprintf("INSERT INTO tsmem." REGISTRY " VALUES (%u, '%s', %s)",
											   relid, json ? "json" : "text", schema_literal(schema)));
	CacheInvalidateRelcacheByRelid(relid);
	PG_RETURN_OID(relid);
}

/*
 * drop_document_store(store regclass)
 *
 * Drops the table and its history; errors of DROP TABLE. 42809 for another table.
 */
Datum
tsm_temporal_drop_document_store(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);

	(void) tsm_document_store(relid);
	run(psprintf("DROP TABLE %s", tsm_delta_relation_name(relid)));
	PG_RETURN_VOID();
}

/* Refuse (23514) a schema that a document of today does not match. */
static void
check_documents(Relation rel, Jsonb *schema)
{
	AttrNumber	id = tsm_document_column(rel, "id", TEXTOID);
	AttrNumber	body = tsm_document_column(rel, "body", JSONBOID);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tsmem document check",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		if (slot->tts_isnull[body - 1])
			continue;
		tsm_document_check_body(rel, schema, slot->tts_values[id - 1], slot->tts_isnull[id - 1],
								DatumGetJsonbP(slot->tts_values[body - 1]));
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
}

/*
 * set_document_schema(store regclass, check_schema jsonb)
 *
 * Gives a store another schema, or none for null, once the documents of today
 * match it; former versions do not count. Writers wait until the transaction
 * ends. 42501 for who does not own the table.
 */
Datum
tsm_temporal_set_document_schema(PG_FUNCTION_ARGS)
{
	Jsonb	   *schema = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	Oid			relid;
	Relation	rel;
	bool		json;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a document store must not be null")));
	relid = PG_GETARG_OID(0);
	json = tsm_document_store(relid)->json;
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	if (schema != NULL)
		check_schema(json, schema);
	rel = try_relation_open(relid, ShareRowExclusiveLock);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!tsm_relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(rel));
	if (schema != NULL)
		check_documents(rel, schema);
	tsm_temporal_execute_as_extension(psprintf("UPDATE tsmem." REGISTRY " SET check_schema = %s WHERE store = %u",
											   schema_literal(schema), relid));
	CacheInvalidateRelcacheByRelid(relid);
	relation_close(rel, NoLock);
	PG_RETURN_VOID();
}

void
tsm_document_forget_dropped(void)
{
	Relation	registry = table_open(tsm_delta_own_relation(REGISTRY), AccessShareLock);
	SysScanDesc scan = systable_beginscan(registry, InvalidOid, false, NULL, 0, NULL);
	List	   *gone = NIL;
	ListCell   *cell;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		null;
		Oid			relid = DatumGetObjectId(heap_getattr(tuple, Anum_stores_store,
														  RelationGetDescr(registry), &null));

		if (get_rel_name(relid) == NULL)
			gone = lappend_oid(gone, relid);
	}
	systable_endscan(scan);
	table_close(registry, NoLock);
	foreach(cell, gone)
		tsm_temporal_execute_as_extension(psprintf("DELETE FROM tsmem." REGISTRY " WHERE store = %u",
												   lfirst_oid(cell)));
}
