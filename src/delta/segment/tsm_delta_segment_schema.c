/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_schema.c
 *	  What blocks hold: tsmem.segment_columns.
 *
 * Blocks name a schema of their history. A schema is a list of columns, each
 * with its place in the block, its name in the history now, and its type by
 * qualified name, so that it means the same after a restore.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_delta_segment_columns.h"
#include "tsm_delta_segment_text.h"

static const char *const kinds[] = {"", "int", "float", "fixed", "bytes"};

static char *
text_or_null(Datum value, bool null)
{
	return null ? NULL : TextDatumGetCString(value);
}

/* The steps of a column, with room for one more: its present type. XX001 for a row that tsmem has not written. */
static void
read_types(TsmSegmentColumnRow *row, Datum types, Datum typmods)
{
	ArrayType  *type_array = DatumGetArrayTypeP(types);
	ArrayType  *typmod_array = DatumGetArrayTypeP(typmods);
	int			count = ArrayGetNItems(ARR_NDIM(type_array), ARR_DIMS(type_array));

	if (count == 0 || count != ArrayGetNItems(ARR_NDIM(typmod_array), ARR_DIMS(typmod_array)) ||
		ARR_HASNULL(type_array) || ARR_HASNULL(typmod_array))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a row of table \"tsmem.%s\" has no types", SEGMENT_COLUMNS)));
	row->ntypes = count;
	row->types = palloc((count + 1) * sizeof(Oid));
	row->typmods = palloc((count + 1) * sizeof(int32));
	memcpy(row->types, ARR_DATA_PTR(type_array), count * sizeof(Oid));
	memcpy(row->typmods, ARR_DATA_PTR(typmod_array), count * sizeof(int32));
}

TsmSegmentColumnRow *
tsm_segment_column_row(HeapTuple tuple, TupleDesc desc)
{
	TsmSegmentColumnRow  *row = palloc0(sizeof(TsmSegmentColumnRow));
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns];

	heap_deform_tuple(tuple, desc, values, nulls);
	row->schema_id = DatumGetInt32(values[Anum_columns_schema_id - 1]);
	row->number = DatumGetInt32(values[Anum_columns_number - 1]);
	row->name = nulls[Anum_columns_name - 1] ? NULL :
		pstrdup(NameStr(*DatumGetName(values[Anum_columns_name - 1])));
	row->kind = TextDatumGetCString(values[Anum_columns_kind - 1]);
	row->length = DatumGetInt32(values[Anum_columns_length - 1]);
	read_types(row, values[Anum_columns_types - 1], values[Anum_columns_typmods - 1]);
	row->encoding = pstrdup(NameStr(*DatumGetName(values[Anum_columns_encoding - 1])));
	row->missing = text_or_null(values[Anum_columns_missing - 1], nulls[Anum_columns_missing - 1]);
	return row;
}

List *
tsm_segment_column_rows(Relation rel, Oid history, uint32 schema_id)
{
	Relation	index;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *rows = NIL;

	ScanKeyInit(&keys[0], Anum_columns_history, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(history));
	ScanKeyInit(&keys[1], Anum_columns_schema_id, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum((int32) schema_id));
	index = index_open(tsm_delta_own_relation(SEGMENT_COLUMNS_PKEY), AccessShareLock);
	scan = systable_beginscan_ordered(rel, index, NULL, schema_id == 0 ? 1 : 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
		rows = lappend(rows, tsm_segment_column_row(tuple, RelationGetDescr(rel)));
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return rows;
}

/* ---- reading ---- */

static uint16
kind_number(const char *kind)
{
	int			i;

	if (strcmp(kind, KIND_TEXT) == 0)
		return TSM_CODEC_BYTES;
	for (i = 1; i < lengthof(kinds) && strcmp(kind, kinds[i]) != 0; i++)
		;
	if (i == lengthof(kinds))
		elog(ERROR, "unknown kind \"%s\" of a column in segments", kind);
	return i;
}

Oid
tsm_segment_type_of_column(TupleDesc desc, AttrNumber column, int32 *typmod)
{
	Form_pg_attribute form = TupleDescAttr(desc, column - 1);

	*typmod = form->atttypmod;
	return getBaseTypeAndTypmod(form->atttypid, typmod);
}

/* The column of the history that a row is about; 0 when it was dropped. */
static AttrNumber
column_of_row(const TsmSegmentMap *map, const TsmSegmentColumnRow *row)
{
	AttrNumber	column;

	if (row->name == NULL)
		return 0;
	column = get_attnum(map->history, row->name);
	if (column == InvalidAttrNumber)
		elog(ERROR, "history \"%s\" has no column \"%s\"", get_rel_name(map->history), row->name);
	return column;
}

/* The cast of values of a row to the present type of its column. */
static TsmSegmentCast *
cast_of_row(const TsmSegmentMap *map, TsmSegmentColumnRow *row, AttrNumber column)
{
	row->types[row->ntypes] = tsm_segment_type_of_column(map->desc, column, &row->typmods[row->ntypes]);
	return tsm_segment_cast_make(row->ntypes + 1, row->types, row->typmods);
}

/* What a column of blocks is in the history now. */
static void
resolve_place(TsmSegmentMap *map, TsmSegmentColumnRow *row, TsmSegmentPlace *place)
{
	place->column = column_of_row(map, row);
	if (place->column == 0)
		return;
	place->as_text = strcmp(row->kind, KIND_TEXT) == 0;
	place->typmod = row->typmods[0];
	place->cast = cast_of_row(map, row, place->column);
	if (place->as_text)
		tsm_segment_text_input(&place->text, row->types[0]);
}

static void
resolve_missing(TsmSegmentMap *map, TsmSegmentSchema *schema, TsmSegmentColumnRow *row)
{
	TsmSegmentMissing *missing = &schema->missing[schema->nmissing];
	TsmSegmentCast *cast;
	Oid			function;
	Oid			parameter;
	bool		null = false;

	missing->column = column_of_row(map, row);
	if (missing->column == 0 || row->missing == NULL)
		return;
	getTypeInputInfo(row->types[0], &function, &parameter);
	missing->value = OidInputFunctionCall(function, row->missing, parameter, row->typmods[0]);
	cast = cast_of_row(map, row, missing->column);
	if (cast != NULL)
		missing->value = tsm_segment_cast(cast, missing->value, &null);
	schema->nmissing += !null;
}

/* 0A000: texts are kept as they were written, and a dump does not convert them. */
static void
check_encoding(const TsmSegmentMap *map, const TsmSegmentColumnRow *row)
{
	if (strcmp(row->encoding, GetDatabaseEncodingName()) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read folded versions of history table \"%s\" of a database with encoding \"%s\"",
						get_rel_name(map->history), row->encoding),
				 errhint("Unfold them before the dump, with tsmem.unfold.")));
}

static TsmSegmentSchema *
make_schema(TsmSegmentMap *map, uint32 schema_id)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), AccessShareLock);
	List	   *rows = tsm_segment_column_rows(rel, map->history, schema_id);
	TsmSegmentSchema *schema = palloc0(sizeof(TsmSegmentSchema));
	TsmCodecAttribute *attributes = palloc0((list_length(rows) + 1) * sizeof(TsmCodecAttribute));
	ListCell   *cell;

	if (rows == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("schema %u of the segments of table \"%s\" is unknown", schema_id,
						get_rel_name(map->history))));
	check_encoding(map, linitial(rows));
	schema->places = palloc0((list_length(rows) + 1) * sizeof(TsmSegmentPlace));
	schema->missing = palloc0((list_length(rows) + 1) * sizeof(TsmSegmentMissing));
	foreach(cell, rows)
	{
		TsmSegmentColumnRow  *row = lfirst(cell);
		int			place = schema->codec.natts;

		if (strcmp(row->kind, KIND_MISSING) == 0)
		{
			resolve_missing(map, schema, row);
			continue;
		}
		attributes[place].kind = kind_number(row->kind);
		attributes[place].length = row->length;
		resolve_place(map, row, &schema->places[place]);
		schema->codec.natts++;
	}
	schema->codec.schema_id = schema_id;
	schema->codec.attributes = attributes;
	table_close(rel, AccessShareLock);
	return schema;
}

TsmSegmentSchema *
tsm_segment_schema(TsmSegmentMap *map, uint32 schema_id)
{
	ListCell   *cell;
	TsmSegmentSchema *schema;
	MemoryContext old;

	foreach(cell, map->schemas)
	{
		schema = lfirst(cell);
		if (schema->codec.schema_id == schema_id)
			return schema;
	}
	old = MemoryContextSwitchTo(map->context);
	schema = make_schema(map, schema_id);
	map->schemas = lappend(map->schemas, schema);
	MemoryContextSwitchTo(old);
	return schema;
}

/* The value as it was stored. */
static Datum
stored_datum(TsmSegmentPlace *place, const TsmCodecAttribute *attribute,
			 const TsmCodecValue *value)
{
	if (place->as_text)
		return tsm_segment_read_text(&place->text,
									 pnstrdup((const char *) value->as.bytes, value->length),
									 place->typmod);
	if (attribute->kind == TSM_CODEC_BYTES)
		return PointerGetDatum(cstring_to_text_with_len((const char *) value->as.bytes,
														value->length));
	if (attribute->kind == TSM_CODEC_FIXED)
		/* Of the alignment of any type. */
		return PointerGetDatum(memcpy(palloc(attribute->length), value->as.bytes,
									  attribute->length));
	switch (attribute->length)
	{
		case 1:
			return CharGetDatum((char) value->as.word);
		case 2:
			return Int16GetDatum((int16) value->as.word);
		case 4:
			return Int32GetDatum((int32) value->as.word);
		default:
			return Int64GetDatum((int64) value->as.word);
	}
}

Datum
tsm_segment_datum(TsmSegmentSchema *schema, int number, const TsmCodecValue *value)
{
	TsmSegmentPlace *place = &schema->places[number];
	Datum		datum = stored_datum(place, &schema->codec.attributes[number], value);
	bool		null = false;

	if (place->cast != NULL)
		datum = tsm_segment_cast(place->cast, datum, &null);
	if (null)
		elog(ERROR, "the cast of a folded value gives null");
	return datum;
}

static void
put(TupleTableSlot *slot, AttrNumber column, Datum value)
{
	slot->tts_values[column - 1] = value;
	slot->tts_isnull[column - 1] = false;
}

static Datum
xid_datum(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

void
tsm_segment_slot_of_row(TsmSegmentMap *map, TsmSegmentSchema *schema, const TsmCodecRow *row,
						TupleTableSlot *slot)
{
	int			i;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, map->desc->natts * sizeof(bool));
	memset(slot->tts_values, 0, map->desc->natts * sizeof(Datum));
	for (i = 0; i < schema->codec.natts; i++)
	{
		TsmSegmentPlace *place = &schema->places[i];

		if (place->column != 0 && !row->values[i].null)
			put(slot, place->column, tsm_segment_datum(schema, i, &row->values[i]));
	}
	for (i = 0; i < schema->nmissing; i++)
		put(slot, schema->missing[i].column, schema->missing[i].value);
	put(slot, map->start, TimestampTzGetDatum(row->start));
	put(slot, map->end, TimestampTzGetDatum(row->end));
	put(slot, map->start_xid, xid_datum(row->start_xid));
	put(slot, map->end_xid, xid_datum(row->end_xid));
	ExecStoreVirtualTuple(slot);
}

/* ---- writing ---- */

static const char *
kind_of_column(const TsmSegmentMap *map, int place)
{
	return map->columns[place].as_text ? KIND_TEXT : kinds[map->attributes[place].kind];
}

/* Whether a stored column is what the map writes at a place. */
static bool
column_matches(const TsmSegmentMap *map, const TsmSegmentColumnRow *row, int place)
{
	AttrNumber	column;
	int32		typmod;

	if (place >= map->schema.natts || row->name == NULL || row->ntypes != 1 ||
		strcmp(row->kind, kind_of_column(map, place)) != 0 ||
		row->length != map->attributes[place].length ||
		strcmp(row->encoding, GetDatabaseEncodingName()) != 0)
		return false;
	column = map->columns[place].column;
	return row->types[0] == tsm_segment_type_of_column(map->desc, column, &typmod) &&
		row->typmods[0] == typmod &&
		strcmp(row->name, NameStr(TupleDescAttr(map->desc, column - 1)->attname)) == 0;
}

/* Whether the rows of a schema, from the given on, are what the map would write; sets how many are its. */
static bool
schema_matches(const TsmSegmentMap *map, const List *rows, int first, int *count)
{
	int32		schema_id = ((TsmSegmentColumnRow *) list_nth(rows, first))->schema_id;
	bool		matches = true;
	int			columns = 0;
	int			i;

	for (i = 0; first + i < list_length(rows); i++)
	{
		const TsmSegmentColumnRow *row = list_nth(rows, first + i);

		if (row->schema_id != schema_id)
			break;
		if (row->number != 0)
			matches = matches && column_matches(map, row, columns++);
	}
	*count = i;
	return matches && columns == map->schema.natts;
}

/* The number of the schema of the map among the stored; 0 and the greatest number where there is none. */
static uint32
find_schema(const TsmSegmentMap *map, Relation rel, uint32 *greatest)
{
	List	   *rows = tsm_segment_column_rows(rel, map->history, 0);
	int			first;
	int			count;

	*greatest = 0;
	for (first = 0; first < list_length(rows); first += count)
	{
		uint32		schema_id = ((TsmSegmentColumnRow *) list_nth(rows, first))->schema_id;

		if (schema_matches(map, rows, first, &count))
			return schema_id;
		*greatest = Max(*greatest, schema_id);
	}
	return 0;
}

void
tsm_segment_set_types(Datum *values, int ntypes, const Oid *types, const int32 *typmods)
{
	Datum	   *type_datums = palloc(ntypes * sizeof(Datum));
	Datum	   *typmod_datums = palloc(ntypes * sizeof(Datum));
	int			i;

	for (i = 0; i < ntypes; i++)
	{
		type_datums[i] = ObjectIdGetDatum(types[i]);
		typmod_datums[i] = Int32GetDatum(typmods[i]);
	}
	values[Anum_columns_types - 1] =
		PointerGetDatum(construct_array(type_datums, ntypes, REGTYPEOID, sizeof(Oid), true, TYPALIGN_INT));
	values[Anum_columns_typmods - 1] =
		PointerGetDatum(construct_array(typmod_datums, ntypes, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

void
tsm_segment_set_encoding(Datum *values)
{
	Name		name = palloc0(sizeof(NameData));

	namestrcpy(name, GetDatabaseEncodingName());
	values[Anum_columns_encoding - 1] = NameGetDatum(name);
}

static void
store_column(Relation rel, const TsmSegmentMap *map, int place)
{
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns] = {false};
	AttrNumber	column = map->columns[place].column;
	int32		typmod;
	Oid			type = tsm_segment_type_of_column(map->desc, column, &typmod);

	values[Anum_columns_history - 1] = ObjectIdGetDatum(map->history);
	values[Anum_columns_schema_id - 1] = Int32GetDatum((int32) map->schema.schema_id);
	values[Anum_columns_number - 1] = Int32GetDatum(place + 1);
	values[Anum_columns_name - 1] = NameGetDatum(&TupleDescAttr(map->desc, column - 1)->attname);
	values[Anum_columns_kind - 1] = CStringGetTextDatum(kind_of_column(map, place));
	values[Anum_columns_length - 1] = Int32GetDatum(map->attributes[place].length);
	tsm_segment_set_types(values, 1, &type, &typmod);
	tsm_segment_set_encoding(values);
	nulls[Anum_columns_missing - 1] = true;
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
}

/* A schema without columns has one row, which is no column, so that its number is taken. */
static void
store_no_column(Relation rel, const TsmSegmentMap *map)
{
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns] = {false};
	Oid			type = INT4OID;
	int32		typmod = -1;

	values[Anum_columns_history - 1] = ObjectIdGetDatum(map->history);
	values[Anum_columns_schema_id - 1] = Int32GetDatum((int32) map->schema.schema_id);
	values[Anum_columns_number - 1] = Int32GetDatum(0);
	nulls[Anum_columns_name - 1] = true;
	values[Anum_columns_kind - 1] = CStringGetTextDatum(KIND_MISSING);
	values[Anum_columns_length - 1] = Int32GetDatum(0);
	tsm_segment_set_encoding(values);
	tsm_segment_set_types(values, 1, &type, &typmod);
	nulls[Anum_columns_missing - 1] = true;
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
}

/*
 * Folds of one history exclude each other, and so do changes of its columns,
 * so no two sessions give out one number.
 */
void
tsm_segment_write_schema(TsmSegmentMap *map)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), RowExclusiveLock);
	uint32		greatest;
	uint32		found;
	int			i;

	tsm_segment_check_can_fold(map);
	for (i = 0; i < map->schema.natts; i++)
	{
		if (map->columns[i].as_text)
			tsm_segment_lock_type(TupleDescAttr(map->desc, map->columns[i].column - 1)->atttypid);
	}
	found = find_schema(map, rel, &greatest);
	map->schema.schema_id = found != 0 ? found : greatest + 1;
	if (found == 0)
	{
		for (i = 0; i < map->schema.natts; i++)
			store_column(rel, map, i);
		if (map->schema.natts == 0)
			store_no_column(rel, map);
		CommandCounterIncrement();
	}
	table_close(rel, RowExclusiveLock);
}
