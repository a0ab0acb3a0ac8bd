/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_zone.c
 *	  What some columns hold in a segment, so that scans can pass it over.
 *
 * A column of a built-in type that is passed by value has its least and
 * greatest value. Any other that can be hashed has a Bloom filter (1970) of
 * its values, probed by two halves of one hash (Kirsch and Mitzenmacher,
 * 2006). Hashes must be the same after a restore, so enums are hashed by
 * their labels, and types of many OIDs have no zones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "tsm_delta_segment_text.h"

#define ZONES_FORMAT	1
#define ZONES_HEADER	1		/* bytes */
#define ZONE_HEADER		6
#define WORDS_SIZE		16

#define FLAG_NULL		1
#define FLAG_VALUE		2

/* Bits of a filter for a value, and how many of them are set: one value in a hundred passes wrongly. */
#define FILTER_BITS		10
#define FILTER_PROBES	5
#define FILTER_LEAST	8		/* bytes */
#define FILTER_MOST		128

/* With less than so many bits a value it keeps nothing away. */
#define FILTER_POOR		5

/* A column that has zones. */
typedef struct ZoneColumn
{
	int			place;			/* of the schema that is written, from 0 */
	TsmSegmentZoneType type;
} ZoneColumn;

struct TsmSegmentZoneWriter
{
	TsmSegmentSchema *schema;
	int			ncolumns;
	ZoneColumn	columns[TSM_SEGMENT_MAX_ZONES];
};

void
tsm_segment_zone_type(TupleDesc desc, AttrNumber column, TsmSegmentZoneType *type)
{
	Form_pg_attribute form = TupleDescAttr(desc, column - 1);
	Oid			base = getBaseType(form->atttypid);
	TypeCacheEntry *entry = lookup_type_cache(base, TYPECACHE_CMP_PROC_FINFO |
											  TYPECACHE_HASH_EXTENDED_PROC_FINFO);

	memset(type, 0, sizeof(TsmSegmentZoneType));
	type->collation = form->attcollation;
	type->by_label = get_typtype(base) == TYPTYPE_ENUM;
	if (type->by_label)
	{
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(base, &function, &varlena);
		fmgr_info(function, &type->function);
		type->kind = TSM_ZONE_FILTER;
	}
	else if (tsm_segment_goes_as_text(base) ||
			 (OidIsValid(form->attcollation) && !get_collation_isdeterministic(form->attcollation)))
		type->kind = TSM_ZONE_NONE;
	else if (form->attbyval && base < FirstGenbkiObjectId && OidIsValid(entry->cmp_proc_finfo.fn_oid))
	{
		fmgr_info_copy(&type->function, &entry->cmp_proc_finfo, CurrentMemoryContext);
		type->kind = TSM_ZONE_RANGE;
	}
	else if (OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
	{
		fmgr_info_copy(&type->function, &entry->hash_extended_proc_finfo, CurrentMemoryContext);
		type->kind = TSM_ZONE_FILTER;
	}
}

static int
compare(TsmSegmentZoneType *type, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2Coll(&type->function, type->collation, a, b));
}

static uint64
hash_text(const void *bytes, size_t length)
{
	return hash_bytes_extended(bytes, (int) length, 0);
}

uint64
tsm_segment_zone_hash(TsmSegmentZoneType *type, Datum value)
{
	char	   *label;

	if (!type->by_label)
		return DatumGetUInt64(FunctionCall2Coll(&type->function, type->collation, value,
												UInt64GetDatum(0)));
	label = OutputFunctionCall(&type->function, value);
	return hash_text(label, strlen(label));
}

/* ---- writing ---- */

TsmSegmentZoneWriter *
tsm_segment_zone_writer(TsmSegmentMap *map, const List *columns)
{
	TsmSegmentZoneWriter *writer;
	int			i;

	if (columns == NIL)
		return NULL;
	writer = palloc0(sizeof(TsmSegmentZoneWriter));
	writer->schema = tsm_segment_schema(map, map->schema.schema_id);
	for (i = 0; i < map->schema.natts && writer->ncolumns < TSM_SEGMENT_MAX_ZONES; i++)
	{
		AttrNumber	column = map->columns[i].column;
		ZoneColumn *zone = &writer->columns[writer->ncolumns];
		const ListCell *cell;

		foreach(cell, columns)
		{
			if (strcmp(NameStr(TupleDescAttr(map->desc, column - 1)->attname), lfirst(cell)) != 0)
				continue;
			zone->place = i;
			tsm_segment_zone_type(map->desc, column, &zone->type);
			writer->ncolumns += zone->type.kind != TSM_ZONE_NONE;
			break;
		}
	}
	return writer->ncolumns > 0 ? writer : NULL;
}

Size
tsm_segment_zone_room(const TsmSegmentZoneWriter *writer)
{
	Size		room = VARHDRSZ + ZONES_HEADER;
	int			i;

	if (writer == NULL)
		return 0;
	for (i = 0; i < writer->ncolumns; i++)
		room += ZONE_HEADER + (writer->columns[i].type.kind == TSM_ZONE_RANGE ? WORDS_SIZE : FILTER_MOST);
	return MAXALIGN(room);
}

static void
put_number(uint8 *at, uint64 number, int bytes)
{
	int			i;

	for (i = 0; i < bytes; i++)
		at[i] = (uint8) (number >> (8 * i));
}

static uint64
get_number(const uint8 *at, int bytes)
{
	uint64		number = 0;
	int			i;

	for (i = 0; i < bytes; i++)
		number |= (uint64) at[i] << (8 * i);
	return number;
}

/* Least and greatest value into 16 bytes; gives how many of these, 0 when there is none. */
static int
write_range(ZoneColumn *column, const TsmCodecRow *rows, int nrows, uint8 *at)
{
	uint64		least = 0;
	uint64		greatest = 0;
	bool		any = false;
	int			i;

	for (i = 0; i < nrows; i++)
	{
		const TsmCodecValue *value = &rows[i].values[column->place];

		if (value->null || (any && (value->as.word == least || value->as.word == greatest)))
			continue;
		if (!any || compare(&column->type, (Datum) value->as.word, (Datum) least) < 0)
			least = value->as.word;
		if (!any || compare(&column->type, (Datum) value->as.word, (Datum) greatest) > 0)
			greatest = value->as.word;
		any = true;
	}
	put_number(at, least, 8);
	put_number(at + 8, greatest, 8);
	return any ? WORDS_SIZE : 0;
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64		left = *(const uint64 *) a;
	uint64		right = *(const uint64 *) b;

	return left < right ? -1 : left > right;
}

/* The hashes of the values, each once; gives how many. */
static int
collect_hashes(TsmSegmentZoneWriter *writer, ZoneColumn *column, const TsmCodecRow *rows, int nrows,
			   uint64 *hashes)
{
	const TsmCodecValue *last = NULL;
	int			count = 0;
	int			distinct = 0;
	int			i;

	for (i = 0; i < nrows; i++)
	{
		const TsmCodecValue *value = &rows[i].values[column->place];

		if (value->null)
			continue;
		if (last == NULL || writer->schema->codec.attributes[column->place].kind < TSM_CODEC_FIXED ||
			last->length != value->length || memcmp(last->as.bytes, value->as.bytes, value->length) != 0)
			hashes[count++] = column->type.by_label ? hash_text(value->as.bytes, value->length) :
				tsm_segment_zone_hash(&column->type,
									  tsm_segment_datum(writer->schema, column->place, value));
		last = value;
	}
	qsort(hashes, count, sizeof(uint64), compare_hashes);
	for (i = 0; i < count; i++)
	{
		if (i == 0 || hashes[i] != hashes[i - 1])
			hashes[distinct++] = hashes[i];
	}
	return distinct;
}

static uint32
probe(uint64 hash, int number, int bytes)
{
	return ((uint32) hash + (uint32) number * ((uint32) (hash >> 32) | 1)) % ((uint32) bytes * 8);
}

/* A filter into FILTER_MOST bytes; gives how many of these, 0 when there is none. */
static int
write_filter(TsmSegmentZoneWriter *writer, ZoneColumn *column, const TsmCodecRow *rows, int nrows,
			 uint8 *at)
{
	uint64	   *hashes = palloc((nrows + 1) * sizeof(uint64));
	int			count = collect_hashes(writer, column, rows, nrows, hashes);
	int			bytes = Min(FILTER_MOST, Max(FILTER_LEAST, (count * FILTER_BITS + 7) / 8));
	int			i;
	int			j;

	if (count * FILTER_POOR > bytes * 8)
		return 0;
	memset(at, 0, bytes);
	for (i = 0; i < count; i++)
	{
		for (j = 0; j < FILTER_PROBES; j++)
		{
			uint32		bit = probe(hashes[i], j, bytes);

			at[bit / 8] |= 1 << (bit % 8);
		}
	}
	pfree(hashes);
	return bytes;
}

static uint8
flags_of(const ZoneColumn *column, const TsmCodecRow *rows, int nrows)
{
	uint8		flags = 0;
	int			i;

	for (i = 0; i < nrows && flags != (FLAG_NULL | FLAG_VALUE); i++)
		flags |= rows[i].values[column->place].null ? FLAG_NULL : FLAG_VALUE;
	return flags;
}

bytea *
tsm_segment_zone_write(TsmSegmentZoneWriter *writer, const TsmCodecRow *rows, int nrows)
{
	bytea	   *zones;
	uint8	   *at;
	int			i;

	if (writer == NULL)
		return NULL;
	zones = palloc0(tsm_segment_zone_room(writer));
	at = (uint8 *) VARDATA(zones);
	*at++ = ZONES_FORMAT;
	for (i = 0; i < writer->ncolumns; i++)
	{
		ZoneColumn *column = &writer->columns[i];
		uint8		flags = flags_of(column, rows, nrows);
		uint8	   *content = at + ZONE_HEADER;
		int			length = column->type.kind == TSM_ZONE_RANGE ?
			write_range(column, rows, nrows, content) :
			write_filter(writer, column, rows, nrows, content);

		if (length == 0 && (flags & FLAG_VALUE))
			continue;
		put_number(at, column->place + 1, 2);
		at[2] = column->type.kind;
		at[3] = flags;
		length = flags & FLAG_VALUE ? length : 0;
		put_number(at + 4, length, 2);
		at = content + length;
	}
	SET_VARSIZE(zones, at - (uint8 *) zones);
	return zones;
}

/* ---- reading ---- */

bool
tsm_segment_zone_find(const bytea *zones, int place, TsmSegmentZone *zone)
{
	const uint8 *at;
	const uint8 *end;

	if (zones == NULL)
		return false;
	at = (const uint8 *) VARDATA_ANY(zones);
	end = at + VARSIZE_ANY_EXHDR(zones);
	if (at == end || *at++ != ZONES_FORMAT)
		return false;
	while (end - at >= ZONE_HEADER)
	{
		int			length = (int) get_number(at + 4, 2);

		if (end - at - ZONE_HEADER < length)
			return false;
		if (get_number(at, 2) == place + 1)
		{
			zone->kind = at[2];
			zone->has_null = at[3] & FLAG_NULL;
			zone->has_value = at[3] & FLAG_VALUE;
			zone->bits = at + ZONE_HEADER;
			zone->bytes = length;
			if (zone->kind != TSM_ZONE_RANGE || !zone->has_value)
				return zone->kind == TSM_ZONE_RANGE || !zone->has_value ||
					(zone->kind == TSM_ZONE_FILTER && length > 0);
			if (length != WORDS_SIZE)
				return false;
			zone->least = (Datum) get_number(zone->bits, 8);
			zone->greatest = (Datum) get_number(zone->bits + 8, 8);
			return true;
		}
		at += ZONE_HEADER + length;
	}
	return false;
}

bool
tsm_segment_zone_may_hold(const TsmSegmentZone *zone, TsmSegmentZoneType *type, Datum value,
						  uint64 hash)
{
	int			i;

	if (!zone->has_value)
		return false;
	if (zone->kind != type->kind)
		return true;
	if (zone->kind == TSM_ZONE_RANGE)
		return compare(type, zone->least, value) <= 0 && compare(type, value, zone->greatest) <= 0;
	for (i = 0; i < FILTER_PROBES; i++)
	{
		uint32		bit = probe(hash, i, zone->bytes);

		if ((zone->bits[bit / 8] & (1 << (bit % 8))) == 0)
			return false;
	}
	return true;
}
