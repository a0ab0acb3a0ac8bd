/*-------------------------------------------------------------------------
 *
 * tsm_delta_registry.c
 *	  The registry of versioned tables: reads and writes
 *	  tsmem.versioned_tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "tsm_delta_int.h"

Oid
tsm_delta_own_relation(const char *name)
{
	Oid			namespace = get_namespace_oid("tsmem", false);
	Oid			relid = get_relname_relid(name, namespace);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"tsmem.%s\" does not exist", name),
				 errhint("Extension \"tsmem\" is damaged; create it anew.")));
	return relid;
}

Datum
tsm_delta_names_datum(const List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(names) + 1));
	const ListCell *cell;
	int			count = 0;

	foreach(cell, names)
	{
		Name		name = palloc0(NAMEDATALEN);

		namestrcpy(name, lfirst(cell));
		elements[count++] = NameGetDatum(name);
	}
	return PointerGetDatum(construct_array(elements, count, NAMEOID, NAMEDATALEN, false,
										   TYPALIGN_CHAR));
}

List *
tsm_delta_names_list(Datum names)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			i;
	List	   *result = NIL;

	deconstruct_array(DatumGetArrayTypeP(names), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &elements, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an array of names must not contain nulls")));
		result = lappend(result, pstrdup(NameStr(*DatumGetName(elements[i]))));
	}
	return result;
}

/* A boolean option that is stored, or false. */
static bool
option_is_true(Jsonb *options, const char *name)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(&options->root, name, strlen(name), &value) != NULL &&
		value.type == jbvBool && value.val.boolean;
}

/* Whether the option has the given text. */
static bool
option_is_text(Jsonb *options, const char *name, const char *text)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(&options->root, name, strlen(name), &value) != NULL &&
		value.type == jbvString && value.val.string.len == strlen(text) &&
		memcmp(value.val.string.val, text, value.val.string.len) == 0;
}

/*
 * The arrays below have room for the columns of sql/delta.sql and no others:
 * 55000 for a registry that somebody has altered.
 */
static void
check_registry(TupleDesc desc)
{
	static const Oid types[Natts_registry] = {
		REGCLASSOID, REGCLASSOID, REGCLASSOID, NAMEARRAYOID, NAMEARRAYOID, BOOLOID, NAMEARRAYOID,
		BOOLOID, JSONBOID, TIMESTAMPTZOID, INT8OID, TIMESTAMPTZOID, XID8OID
	};
	bool		good = desc->natts == Natts_registry;
	int			i;

	for (i = 0; good && i < Natts_registry; i++)
		good = !TupleDescAttr(desc, i)->attisdropped && TupleDescAttr(desc, i)->atttypid == types[i];
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"tsmem.%s\" has other columns than tsmem gave it", TSM_REGISTRY)));
}

static TsmVersionedTable *
table_of_tuple(HeapTuple tuple, TupleDesc desc)
{
	TsmVersionedTable *table = palloc0(sizeof(TsmVersionedTable));
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry];

	check_registry(desc);
	heap_deform_tuple(tuple, desc, values, nulls);
	table->rel = DatumGetObjectId(values[Anum_registry_rel - 1]);
	table->history = DatumGetObjectId(values[Anum_registry_history - 1]);
	if (!nulls[Anum_registry_versions - 1])
		table->versions = DatumGetObjectId(values[Anum_registry_versions - 1]);
	table->functions = tsm_delta_names_list(values[Anum_registry_functions - 1]);
	table->key_columns = tsm_delta_names_list(values[Anum_registry_key_columns - 1]);
	table->disjoint_keys = DatumGetBool(values[Anum_registry_disjoint_keys - 1]);
	table->excluded_columns = tsm_delta_names_list(values[Anum_registry_excluded_columns - 1]);
	table->added_columns = DatumGetBool(values[Anum_registry_added_columns - 1]);
	table->options = DatumGetJsonbPCopy(values[Anum_registry_options - 1]);
	table->no_op_updates = option_is_true(table->options, "no_op_updates");
	table->truncate_to_history = option_is_text(table->options, "truncate", "history");
	table->since = DatumGetTimestampTz(values[Anum_registry_since - 1]);
	table->system_identifier = DatumGetInt64(values[Anum_registry_system_identifier - 1]);
	table->horizon = DatumGetTimestampTz(values[Anum_registry_horizon - 1]);
	table->horizon_xid = DatumGetUInt64(values[Anum_registry_horizon_xid - 1]);
	return table;
}

/*
 * Look up by one indexed regclass column. The catalogue snapshot is taken
 * anew, so a registration committed a moment ago is seen whatever the
 * isolation level.
 */
static TsmVersionedTable *
find_by(AttrNumber attno, const char *index, Oid value)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), AccessShareLock);
	TsmVersionedTable *table = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, attno, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	scan = systable_beginscan(registry, tsm_delta_own_relation(index), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		table = table_of_tuple(tuple, RelationGetDescr(registry));
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return table;
}

TsmVersionedTable *
tsm_delta_find(Oid rel)
{
	return find_by(Anum_registry_rel, TSM_REGISTRY_PKEY, rel);
}

TsmVersionedTable *
tsm_delta_find_by_history(Oid history)
{
	return find_by(Anum_registry_history, TSM_REGISTRY_HISTORY, history);
}

bool
tsm_delta_find_horizon(Oid rel, Snapshot snapshot, TimestampTz *time, uint64 *xid)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(registry);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		null;

	ScanKeyInit(&key, Anum_registry_rel, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rel));
	scan = systable_beginscan(registry, tsm_delta_own_relation(TSM_REGISTRY_PKEY), true, snapshot,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		check_registry(desc);
		*time = DatumGetTimestampTz(heap_getattr(tuple, Anum_registry_horizon, desc, &null));
		*xid = DatumGetUInt64(heap_getattr(tuple, Anum_registry_horizon_xid, desc, &null));
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

List *
tsm_delta_list(void)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), AccessShareLock);
	SysScanDesc scan = systable_beginscan(registry, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *tables = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		tables = lappend(tables, table_of_tuple(tuple, RelationGetDescr(registry)));
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return tables;
}

static HeapTuple
tuple_of_table(const TsmVersionedTable *table, TupleDesc desc)
{
	Datum		values[Natts_registry];
	bool		nulls[Natts_registry] = {false};

	check_registry(desc);
	values[Anum_registry_rel - 1] = ObjectIdGetDatum(table->rel);
	values[Anum_registry_history - 1] = ObjectIdGetDatum(table->history);
	values[Anum_registry_versions - 1] = ObjectIdGetDatum(table->versions);
	nulls[Anum_registry_versions - 1] = !OidIsValid(table->versions);
	values[Anum_registry_functions - 1] = tsm_delta_names_datum(table->functions);
	values[Anum_registry_key_columns - 1] = tsm_delta_names_datum(table->key_columns);
	values[Anum_registry_disjoint_keys - 1] = BoolGetDatum(table->disjoint_keys);
	values[Anum_registry_excluded_columns - 1] = tsm_delta_names_datum(table->excluded_columns);
	values[Anum_registry_added_columns - 1] = BoolGetDatum(table->added_columns);
	values[Anum_registry_options - 1] = JsonbPGetDatum(table->options);
	values[Anum_registry_since - 1] = TimestampTzGetDatum(table->since);
	values[Anum_registry_system_identifier - 1] = Int64GetDatum(table->system_identifier);
	values[Anum_registry_horizon - 1] = TimestampTzGetDatum(table->horizon);
	values[Anum_registry_horizon_xid - 1] = UInt64GetDatum(table->horizon_xid);
	return heap_form_tuple(desc, values, nulls);
}

/* Cached plans of the table, its partitions and its history depend on the registration. */
static void
invalidate(Oid rel)
{
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(rel)))
		CacheInvalidateRelcacheByRelid(rel);
	CommandCounterIncrement();
}

void
tsm_delta_insert(const TsmVersionedTable *table)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), RowExclusiveLock);
	TsmVersionedTable stored = *table;

	stored.since = GetCurrentTransactionStartTimestamp();
	stored.system_identifier = (int64) GetSystemIdentifier();
	CatalogTupleInsert(registry, tuple_of_table(&stored, RelationGetDescr(registry)));
	table_close(registry, RowExclusiveLock);
	invalidate(table->rel);
}

/* Find the tuple of a registration for change; NULL when there is none. */
static HeapTuple
fetch_for_change(Relation registry, Oid rel)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_registry_rel, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rel));
	scan = systable_beginscan(registry, tsm_delta_own_relation(TSM_REGISTRY_PKEY), true, NULL,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

void
tsm_delta_update(const TsmVersionedTable *table)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), RowExclusiveLock);
	HeapTuple	old = fetch_for_change(registry, table->rel);

	if (!HeapTupleIsValid(old))
		elog(ERROR, "no registration of relation %u", table->rel);
	CatalogTupleUpdate(registry, &old->t_self, tuple_of_table(table, RelationGetDescr(registry)));
	table_close(registry, RowExclusiveLock);
	invalidate(table->rel);
}

void
tsm_delta_claim(const TsmVersionedTable *table)
{
	TsmVersionedTable claimed = *table;

	if (table->system_identifier == (int64) GetSystemIdentifier())
		return;
	claimed.since = GetCurrentTransactionStartTimestamp();
	claimed.system_identifier = (int64) GetSystemIdentifier();
	claimed.horizon_xid = 0;
	tsm_delta_update(&claimed);
}

void
tsm_delta_remove(Oid rel)
{
	Relation	registry = table_open(tsm_delta_own_relation(TSM_REGISTRY), RowExclusiveLock);
	HeapTuple	old = fetch_for_change(registry, rel);

	if (HeapTupleIsValid(old))
		CatalogTupleDelete(registry, &old->t_self);
	table_close(registry, RowExclusiveLock);
	invalidate(rel);
}

void
tsm_delta_forget_dropped(void)
{
	List	   *tables = tsm_delta_list();
	ListCell   *cell;

	foreach(cell, tables)
	{
		TsmVersionedTable *table = lfirst(cell);

		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table->rel)))
			tsm_delta_remove(table->rel);
	}
}
