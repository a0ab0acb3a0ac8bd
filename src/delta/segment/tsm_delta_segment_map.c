/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_map.c
 *	  Rows of a history as versions of the codec.
 *
 * The times and transactions of a version are its head; each other column is
 * an attribute. Values go in as their bytes, detoasted and without header,
 * except where these hold OIDs of what is not built in: OIDs change when a
 * dump is restored, so such values go in as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/xid8.h"

#include "tsm_delta_segment_text.h"

static void
map_column(TsmSegmentColumn *column, TsmCodecAttribute *attribute, Form_pg_attribute form)
{
	Oid			base = getBaseType(form->atttypid);

	column->column = form->attnum;
	column->as_text = tsm_segment_goes_as_text(form->atttypid);
	attribute->length = 0;
	if (column->as_text)
	{
		tsm_segment_text_output(&column->text, form->atttypid);
		attribute->kind = TSM_CODEC_BYTES;
	}
	else if (form->attlen == -1)
		attribute->kind = TSM_CODEC_BYTES;
	else
	{
		attribute->kind = !form->attbyval ? TSM_CODEC_FIXED :
			base == FLOAT4OID || base == FLOAT8OID ? TSM_CODEC_FLOAT : TSM_CODEC_INT;
		attribute->length = form->attlen;
	}
}

/* Whether the hash of a value is made of OIDs, by itself. */
static bool
hashes_oids(Oid type, void *arg)
{
	return get_typtype(type) == TYPTYPE_ENUM ||
		(get_typtype(type) == TYPTYPE_BASE && get_typlen(type) == sizeof(Oid) &&
		 tsm_segment_goes_as_text(type));
}

static void
map_hash(TsmSegmentMap *map, int number, Oid type)
{
	Oid			base = getBaseType(type);
	TypeCacheEntry *entry;
	Oid			function;
	bool		varlena;

	if (get_typtype(base) == TYPTYPE_ENUM)
	{
		getTypeOutputInfo(base, &function, &varlena);
		fmgr_info(function, &map->key_hashes[number]);
		map->key_hashing[number] = TSM_KEY_BY_LABEL;
		return;
	}
	map->key_hashing[number] = hashes_oids(base, NULL) || tsm_segment_type_contains(base, hashes_oids, NULL) ?
		TSM_KEY_ALIKE : TSM_KEY_HASHED;
	entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	if (OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
		fmgr_info_copy(&map->key_hashes[number], &entry->hash_extended_proc_finfo, CurrentMemoryContext);
}

static void
map_key(TsmSegmentMap *map, Relation history, const List *key_columns)
{
	const ListCell *cell;

	foreach(cell, key_columns)
	{
		AttrNumber	column = get_attnum(RelationGetRelid(history), lfirst(cell));
		Form_pg_attribute form = TupleDescAttr(map->desc, column - 1);

		map->keys[map->nkeys] = column;
		map->key_collations[map->nkeys] = form->attcollation;
		map_hash(map, map->nkeys++, form->atttypid);
	}
	if (map->nkeys == 1)
	{
		Oid			type = getBaseType(TupleDescAttr(map->desc, map->keys[0] - 1)->atttypid);

		map->integer_key = type == INT2OID || type == INT4OID || type == INT8OID;
	}
}

TsmSegmentMap *
tsm_segment_map(Relation history, const TsmVersionedTable *table)
{
	TsmSegmentMap *map = palloc0(sizeof(TsmSegmentMap));
	Oid			relid = RelationGetRelid(history);
	int			i;

	map->context = CurrentMemoryContext;
	map->desc = RelationGetDescr(history);
	map->history = relid;
	map->start = get_attnum(relid, TSM_ROW_START);
	map->start_xid = get_attnum(relid, TSM_ROW_XID);
	map->end = get_attnum(relid, TSM_ROW_END);
	map->end_xid = get_attnum(relid, TSM_ROW_END_XID);
	map_key(map, history, table->key_columns);
	map->columns = palloc0(map->desc->natts * sizeof(TsmSegmentColumn));
	map->attributes = palloc0(map->desc->natts * sizeof(TsmCodecAttribute));
	for (i = 0; i < map->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(map->desc, i);
		int			place = map->schema.natts;

		if (form->attisdropped || form->attnum == map->start || form->attnum == map->start_xid ||
			form->attnum == map->end || form->attnum == map->end_xid)
			continue;
		map_column(&map->columns[place], &map->attributes[place], form);
		map->has_bytes |= map->attributes[place].kind == TSM_CODEC_BYTES;
		map->schema.natts++;
	}
	map->schema.attributes = map->attributes;
	map->scratch = palloc0((map->schema.natts + 1) * sizeof(TsmCodecValue));
	return map;
}

/*
 * A table may have got such a column after it was folded: its history is read
 * all the same.
 */
void
tsm_segment_check_can_fold(const TsmSegmentMap *map)
{
	int			i;

	for (i = 0; i < map->nkeys; i++)
	{
		if (map->key_hashing[i] == TSM_KEY_ALIKE || !OidIsValid(map->key_hashes[i].fn_oid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot fold history table \"%s\"", get_rel_name(map->history)),
					 errdetail("Column \"%s\" of its key has a type that cannot be hashed, or not alike in every database.",
							   NameStr(TupleDescAttr(map->desc, map->keys[i] - 1)->attname))));
	}
	for (i = 0; i < map->schema.natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(map->desc, map->columns[i].column - 1);

		if (!tsm_segment_can_keep(form->atttypid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot fold history table \"%s\"", get_rel_name(map->history)),
					 errdetail("Column \"%s\" has type %s, whose values hold names or numbers of objects.",
							   NameStr(form->attname), format_type_be(form->atttypid))));
	}
}

/*
 * The hash of a value of a column of the key, the same in every cluster: enums
 * are hashed by their labels. A type without such a hash tells nothing; only an
 * empty store has such a key.
 */
static uint64
hash_of_value(TsmSegmentMap *map, int number, Datum value)
{
	char	   *label;

	switch (map->key_hashing[number])
	{
		case TSM_KEY_BY_LABEL:
			label = OutputFunctionCall(&map->key_hashes[number], value);
			return hash_bytes_extended((unsigned char *) label, (int) strlen(label), 0);
		case TSM_KEY_ALIKE:
			return 0;
		default:
			if (!OidIsValid(map->key_hashes[number].fn_oid))
				return 0;
			return DatumGetUInt64(FunctionCall2Coll(&map->key_hashes[number],
													map->key_collations[number], value,
													UInt64GetDatum(0)));
	}
}

int64
tsm_segment_key_of_values(TsmSegmentMap *map, const Datum *values, const bool *nulls)
{
	uint64		hash = 0;
	int			i;

	if (map->integer_key && !nulls[0])
	{
		int16		length = TupleDescAttr(map->desc, map->keys[0] - 1)->attlen;

		return length == 2 ? DatumGetInt16(values[0]) : length == 4 ? DatumGetInt32(values[0]) :
			DatumGetInt64(values[0]);
	}
	for (i = 0; i < map->nkeys; i++)
		hash = hash_combine64(hash, nulls[i] ? 0 : hash_of_value(map, i, values[i]));
	return (int64) hash;
}

int64
tsm_segment_key_of_slot(TsmSegmentMap *map, TupleTableSlot *slot)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];
	int			i;

	for (i = 0; i < map->nkeys; i++)
		values[i] = slot_getattr(slot, map->keys[i], &nulls[i]);
	return tsm_segment_key_of_values(map, values, nulls);
}

static void
value_of_datum(TsmSegmentColumn *column, const TsmCodecAttribute *attribute, Datum datum,
			   TsmCodecValue *value)
{
	if (column->as_text)
	{
		char	   *text = tsm_segment_write_text(&column->text, datum);

		value->as.bytes = (const uint8_t *) text;
		value->length = strlen(text);
	}
	else if (attribute->kind == TSM_CODEC_BYTES)
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(datum);

		value->as.bytes = (const uint8_t *) VARDATA_ANY(bytes);
		value->length = VARSIZE_ANY_EXHDR(bytes);
	}
	else if (attribute->kind == TSM_CODEC_FIXED)
	{
		value->as.bytes = (const uint8_t *) DatumGetPointer(datum);
		value->length = attribute->length;
	}
	else if (attribute->length == 8)
		value->as.word = DatumGetUInt64(datum);
	else
		value->as.word = attribute->length == 4 ? DatumGetUInt32(datum) :
			attribute->length == 2 ? DatumGetUInt16(datum) : DatumGetUInt8(datum);
}

void
tsm_segment_row_of_slot(TsmSegmentMap *map, TupleTableSlot *slot, TsmCodecRow *row, TsmCodecValue *values)
{
	bool		null;
	Datum		datum;
	int			i;

	row->key = tsm_segment_key_of_slot(map, slot);
	row->start = DatumGetTimestampTz(slot_getattr(slot, map->start, &null));
	if (null)
		row->start = DT_NOBEGIN;
	row->end = DatumGetTimestampTz(slot_getattr(slot, map->end, &null));
	datum = slot_getattr(slot, map->start_xid, &null);
	row->start_xid = null ? 0 : U64FromFullTransactionId(DatumGetFullTransactionId(datum));
	datum = slot_getattr(slot, map->end_xid, &null);
	row->end_xid = null ? 0 : U64FromFullTransactionId(DatumGetFullTransactionId(datum));
	row->values = values;
	for (i = 0; i < map->schema.natts; i++)
	{
		datum = slot_getattr(slot, map->columns[i].column, &values[i].null);
		values[i].length = 0;
		values[i].as.word = 0;
		if (!values[i].null)
			value_of_datum(&map->columns[i], &map->attributes[i], datum, &values[i]);
	}
}

Size
tsm_segment_cost_of_slot(TsmSegmentMap *map, TupleTableSlot *slot)
{
	TsmCodecValue *values = map->scratch;
	int			i;

	for (i = 0; i < map->schema.natts; i++)
	{
		Datum		datum = slot_getattr(slot, map->columns[i].column, &values[i].null);

		if (values[i].null || map->attributes[i].kind != TSM_CODEC_BYTES)
			continue;
		if (map->columns[i].as_text)
			value_of_datum(&map->columns[i], &map->attributes[i], datum, &values[i]);
		else
			values[i].length = toast_raw_datum_size(datum) - VARHDRSZ;
	}
	return tsm_codec_row_cost(&map->schema, values);
}

int
tsm_segment_fix_settings(void)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "3"},
		{"timezone", "UTC"}, {"bytea_output", "hex"}, {"lc_monetary", "C"}, {"xmloption", "content"},
		{"search_path", "pg_catalog, pg_temp"}
	};
	int			level = NewGUCNestLevel();
	int			i;

	for (i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}
