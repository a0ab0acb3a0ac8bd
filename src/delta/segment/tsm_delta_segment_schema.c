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
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_delta_segment.h"

#define SEGMENT_COLUMNS			"segment_columns"
#define SEGMENT_COLUMNS_PKEY	"segment_columns_pkey"
#define Anum_columns_history	1
#define Anum_columns_schema_id	2
#define Anum_columns_number		3
#define Anum_columns_name		4
#define Anum_columns_kind		5
#define Anum_columns_length		6
#define Anum_columns_types		7
#define Anum_columns_missing	8
#define Natts_columns			8

#define KIND_TEXT		"text"	/* bytes that are the text of a value */
#define KIND_MISSING	"missing"	/* in no block of the schema */

static const char *const kinds[] = {"", "int", "float", "fixed", "bytes"};

/* One row of tsmem.segment_columns. */
typedef struct ColumnRow
{
	int32		schema_id;
	int32		number;
	char	   *name;			/* NULL when it was dropped */
	char	   *kind;
	int32		length;
	char	   *type;			/* as stored */
	int			ntypes;
	char	   *missing;		/* text of the value of versions without it, or NULL */
} ColumnRow;

static char *
text_or_null(Datum value, bool null)
{
	return null ? NULL : TextDatumGetCString(value);
}

static ColumnRow *
row_of_tuple(HeapTuple tuple, TupleDesc desc)
{
	ColumnRow  *row = palloc0(sizeof(ColumnRow));
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns];
	Datum	   *types;

	heap_deform_tuple(tuple, desc, values, nulls);
	row->schema_id = DatumGetInt32(values[Anum_columns_schema_id - 1]);
	row->number = DatumGetInt32(values[Anum_columns_number - 1]);
	row->name = nulls[Anum_columns_name - 1] ? NULL :
		pstrdup(NameStr(*DatumGetName(values[Anum_columns_name - 1])));
	row->kind = TextDatumGetCString(values[Anum_columns_kind - 1]);
	row->length = DatumGetInt32(values[Anum_columns_length - 1]);
	deconstruct_array(DatumGetArrayTypeP(values[Anum_columns_types - 1]), TEXTOID, -1, false,
					  TYPALIGN_INT, &types, NULL, &row->ntypes);
	row->type = row->ntypes == 0 ? NULL : TextDatumGetCString(types[0]);
	row->missing = text_or_null(values[Anum_columns_missing - 1], nulls[Anum_columns_missing - 1]);
	return row;
}

/* The columns of all schemas of a history, in order; those of one schema for a schema_id other than 0. */
static List *
read_columns(Relation rel, Oid history, uint32 schema_id)
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
		rows = lappend(rows, row_of_tuple(tuple, RelationGetDescr(rel)));
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

/* What a column of blocks is in the history now. */
static void
resolve_place(TsmSegmentMap *map, const ColumnRow *row, TsmSegmentPlace *place)
{
	Oid			type;
	Form_pg_attribute form;
	Oid			function;

	if (row->name == NULL)
		return;
	place->column = get_attnum(map->history, row->name);
	if (place->column == InvalidAttrNumber)
		elog(ERROR, "history \"%s\" has no column \"%s\"", get_rel_name(map->history), row->name);
	form = TupleDescAttr(map->desc, place->column - 1);
	tsm_parse_type(row->type, &type, &place->typmod);
	place->typlen = get_typlen(type);
	place->as_text = strcmp(row->kind, KIND_TEXT) == 0;
	if (type != form->atttypid || row->ntypes != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read versions of table \"%s\" from before a change of the type of column \"%s\"",
						get_rel_name(map->history), row->name)));
	if (place->as_text)
	{
		getTypeInputInfo(type, &function, &place->parameter);
		fmgr_info(function, &place->input);
	}
}

static void
resolve_missing(TsmSegmentMap *map, TsmSegmentSchema *schema, const ColumnRow *row)
{
	TsmSegmentMissing *missing;
	Form_pg_attribute form;
	Oid			function;
	Oid			parameter;

	if (row->name == NULL || row->missing == NULL)
		return;
	missing = &schema->missing[schema->nmissing++];
	missing->column = get_attnum(map->history, row->name);
	form = TupleDescAttr(map->desc, missing->column - 1);
	getTypeInputInfo(form->atttypid, &function, &parameter);
	missing->value = OidInputFunctionCall(function, row->missing, parameter, form->atttypmod);
}

static TsmSegmentSchema *
make_schema(TsmSegmentMap *map, uint32 schema_id)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), AccessShareLock);
	List	   *rows = read_columns(rel, map->history, schema_id);
	TsmSegmentSchema *schema = palloc0(sizeof(TsmSegmentSchema));
	TsmCodecAttribute *attributes = palloc0((list_length(rows) + 1) * sizeof(TsmCodecAttribute));
	ListCell   *cell;

	if (rows == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("schema %u of the segments of table \"%s\" is unknown", schema_id,
						get_rel_name(map->history))));
	schema->places = palloc0((list_length(rows) + 1) * sizeof(TsmSegmentPlace));
	schema->missing = palloc0((list_length(rows) + 1) * sizeof(TsmSegmentMissing));
	foreach(cell, rows)
	{
		ColumnRow  *row = lfirst(cell);
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

Datum
tsm_segment_datum(TsmSegmentSchema *schema, int number, const TsmCodecValue *value)
{
	TsmSegmentPlace *place = &schema->places[number];
	const TsmCodecAttribute *attribute = &schema->codec.attributes[number];

	if (place->as_text)
		return InputFunctionCall(&place->input,
								 pnstrdup((const char *) value->as.bytes, value->length),
								 place->parameter, place->typmod);
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

static char *
type_of_column(const TsmSegmentMap *map, int place)
{
	Form_pg_attribute form = TupleDescAttr(map->desc, map->columns[place].column - 1);

	return format_type_extended(form->atttypid, form->atttypmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* Whether the rows of a schema, from the given on, are what the map would write; sets how many are its. */
static bool
schema_matches(const TsmSegmentMap *map, const List *rows, int first, int *count)
{
	int32		schema_id = ((ColumnRow *) list_nth(rows, first))->schema_id;
	bool		matches = true;
	int			i;

	for (i = 0; first + i < list_length(rows); i++)
	{
		const ColumnRow *row = list_nth(rows, first + i);
		const char *name;

		if (row->schema_id != schema_id)
			break;
		if (!matches || i >= map->schema.natts || row->name == NULL || row->ntypes != 1 ||
			strcmp(row->kind, kind_of_column(map, i)) != 0 ||
			row->length != map->attributes[i].length ||
			strcmp(row->type, type_of_column(map, i)) != 0)
		{
			matches = false;
			continue;
		}
		name = NameStr(TupleDescAttr(map->desc, map->columns[i].column - 1)->attname);
		matches = strcmp(row->name, name) == 0;
	}
	*count = i;
	return matches && i == map->schema.natts;
}

/* The number of the schema of the map among the stored; 0 and the greatest number where there is none. */
static uint32
find_schema(const TsmSegmentMap *map, Relation rel, uint32 *greatest)
{
	List	   *rows = read_columns(rel, map->history, 0);
	int			first;
	int			count;

	*greatest = 0;
	for (first = 0; first < list_length(rows); first += count)
	{
		uint32		schema_id = ((ColumnRow *) list_nth(rows, first))->schema_id;

		if (schema_matches(map, rows, first, &count))
			return schema_id;
		*greatest = Max(*greatest, schema_id);
	}
	return 0;
}

static void
store_column(Relation rel, const TsmSegmentMap *map, int place)
{
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns] = {false};
	Datum		type = CStringGetTextDatum(type_of_column(map, place));
	Form_pg_attribute form = TupleDescAttr(map->desc, map->columns[place].column - 1);

	values[Anum_columns_history - 1] = ObjectIdGetDatum(map->history);
	values[Anum_columns_schema_id - 1] = Int32GetDatum((int32) map->schema.schema_id);
	values[Anum_columns_number - 1] = Int32GetDatum(place + 1);
	values[Anum_columns_name - 1] = NameGetDatum(&form->attname);
	values[Anum_columns_kind - 1] = CStringGetTextDatum(kind_of_column(map, place));
	values[Anum_columns_length - 1] = Int32GetDatum(map->attributes[place].length);
	values[Anum_columns_types - 1] = PointerGetDatum(construct_array(&type, 1, TEXTOID, -1, false,
																	  TYPALIGN_INT));
	values[Anum_columns_missing - 1] = (Datum) 0;
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
	uint32		found = find_schema(map, rel, &greatest);
	int			i;

	map->schema.schema_id = found != 0 ? found : greatest + 1;
	if (found == 0)
	{
		for (i = 0; i < map->schema.natts; i++)
			store_column(rel, map, i);
		CommandCounterIncrement();
	}
	table_close(rel, RowExclusiveLock);
}
