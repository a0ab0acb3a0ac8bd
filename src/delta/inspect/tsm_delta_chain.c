/*-------------------------------------------------------------------------
 *
 * tsm_delta_chain.c
 *	  chain: the versions of an entity, and where each lies.
 *
 * Versions are read by a query on table and history, with the rights of the
 * caller and the policies that hold for him; where folded ones lie is looked
 * up in the segments, by the same snapshot.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tsm_delta_inspect.h"

#define FETCH_ROWS		100

/* What the query gives before the columns of the history. */
#define FIXED_COLUMNS	2

/* A chain being read. */
typedef struct ChainRead
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	TsmSegmentKey key;
	TupleDesc	desc;			/* of the history */
	bool	   *in_table;		/* whether the table has a column of the history still */
	TsmChainSpots spots;
	TupleTableSlot *version;
	MemoryContext rows[2];		/* of the row at hand and of the one before it */
	HeapTuple	last;
	TsmChainReceiver receive;
	void	   *arg;
	int64		number;
} ChainRead;

const char *
tsm_inspect_place_name(TsmChainPlace place)
{
	return place == TSM_CHAIN_CURRENT ? "current" : place == TSM_CHAIN_TAIL ? "tail" : "segment";
}

static bool
is_end(const ChainRead *read, int column)
{
	AttrNumber	number = column + 1;

	return number == read->spots.map->end || number == read->spots.map->end_xid;
}

static bool
is_time(const ChainRead *read, int column)
{
	AttrNumber	number = column + 1;

	return is_end(read, column) || number == read->spots.map->start ||
		number == read->spots.map->start_xid;
}

/* ---- the query ---- */

/* A column of the history that a row of the table has not, or a dropped one. */
static void
append_constant(StringInfo list, const ChainRead *read, int column)
{
	Form_pg_attribute form = TupleDescAttr(read->desc, column);

	if (form->attisdropped)
		appendStringInfoString(list, "NULL::pg_catalog.bool");
	else if (form->attnum == read->spots.map->end)
		appendStringInfoString(list, "'infinity'::pg_catalog.timestamptz");
	else
		appendStringInfo(list, "NULL::%s",
						 format_type_extended(form->atttypid, form->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

static void
append_branch(StringInfo query, const ChainRead *read, bool current, const char *condition)
{
	int			i;

	appendStringInfo(query, "SELECT %s, tableoid", current ? "true" : "false");
	for (i = 0; i < read->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(read->desc, i);

		appendStringInfoString(query, ", ");
		if (form->attisdropped || (current && !read->in_table[i]))
			append_constant(query, read, i);
		else
			appendStringInfoString(query, quote_identifier(NameStr(form->attname)));
	}
	appendStringInfo(query, " FROM %s WHERE %s",
					 tsm_delta_relation_name(current ? read->table->rel : read->table->history),
					 condition);
}

/* Rows that were there at one time are told apart by their ranges: valid time is one. */
static void
append_order(StringInfo query, const ChainRead *read)
{
	int			i;

	appendStringInfo(query, " ORDER BY %d, %d", FIXED_COLUMNS + read->spots.map->start,
					 FIXED_COLUMNS + read->spots.map->end);
	for (i = 0; i < read->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(read->desc, i);

		if (!form->attisdropped && type_is_range(form->atttypid))
			appendStringInfo(query, ", %d", FIXED_COLUMNS + 1 + i);
	}
}

static Portal
open_query(ChainRead *read)
{
	char	   *condition = tsm_segment_key_condition(read->table, &read->key);
	StringInfoData query;

	initStringInfo(&query);
	append_branch(&query, read, true, condition);
	appendStringInfoString(&query, " UNION ALL ");
	append_branch(&query, read, false, condition);
	append_order(&query, read);
	return SPI_cursor_open_with_args(NULL, query.data, read->key.nkeys, read->key.types,
									 read->key.values, NULL, true, 0);
}

/* ---- a version ---- */

/* Bytes of a value in a row, without alignment, and whether it is aligned. */
static Size
value_bytes(Form_pg_attribute form, Datum value, bool stored, bool *aligned)
{
	struct varlena *bytes = (struct varlena *) DatumGetPointer(value);
	Size		size;

	*aligned = true;
	if (form->attlen > 0)
		return form->attlen;
	if (form->attlen == -2)
		return strlen(DatumGetCString(value)) + 1;
	size = stored ? VARSIZE_ANY(bytes) : toast_raw_datum_size(value);
	*aligned = stored ? !VARATT_IS_1B(bytes) :
		size - VARHDRSZ + VARHDRSZ_SHORT > VARATT_SHORT_MAX || form->attstorage == TYPSTORAGE_PLAIN;
	return *aligned || stored ? size : size - VARHDRSZ + VARHDRSZ_SHORT;
}

/*
 * Bytes of a version as a row of a table: as it is stored, values outside of it
 * included, or with its values as they are when nothing is compressed.
 */
static Size
row_bytes(const ChainRead *read, bool current, bool stored)
{
	TupleTableSlot *slot = read->version;
	Size		header = SizeofHeapTupleHeader;
	Size		data = 0;
	Size		outside = 0;
	bool		nulls = false;
	int			i;

	for (i = 0; i < read->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(read->desc, i);
		bool		aligned;
		Size		size;

		if (current && is_end(read, i))
			continue;
		if (slot->tts_isnull[i])
		{
			nulls = true;
			continue;
		}
		size = value_bytes(form, slot->tts_values[i], stored, &aligned);
		data = (aligned ? att_align_nominal(data, form->attalign) : data) + size;
		if (stored && form->attlen == -1 &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(slot->tts_values[i])))
			outside += toast_datum_size(slot->tts_values[i]);
	}
	if (nulls)
		header += BITMAPLEN(read->desc->natts);
	return MAXALIGN(header) + MAXALIGN(data) + sizeof(ItemIdData) + outside;
}

/* Names of the columns in which the version differs from the one before it. */
static List *
changed_columns(const ChainRead *read)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < read->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(read->desc, i);
		bool		null = read->version->tts_isnull[i];
		bool		was_null;
		Datum		was;

		if (form->attisdropped || is_time(read, i) || !read->in_table[i])
			continue;
		was = heap_getattr(read->last, i + 1, read->desc, &was_null);
		if (null != was_null ||
			(!null && !datum_image_eq(was, read->version->tts_values[i], form->attbyval, form->attlen)))
			names = lappend(names, NameStr(form->attname));
	}
	return names;
}

/* Hand a row of the query on, which stays for the one after it. */
static void
read_row(ChainRead *read, HeapTuple tuple, TupleDesc tupdesc)
{
	MemoryContext context = read->rows[read->number % 2];
	MemoryContext old = MemoryContextSwitchTo(context);
	int			columns = read->desc->natts + FIXED_COLUMNS;
	Datum	   *values;
	bool	   *nulls;
	TsmChainLine line = {0};
	TsmChainSpot *spot;
	bool		current;

	MemoryContextReset(context);
	values = palloc(columns * sizeof(Datum));
	nulls = palloc(columns * sizeof(bool));
	heap_deform_tuple(tuple, tupdesc, values, nulls);
	current = DatumGetBool(values[0]);
	ExecClearTuple(read->version);
	memcpy(read->version->tts_values, values + FIXED_COLUMNS, read->desc->natts * sizeof(Datum));
	memcpy(read->version->tts_isnull, nulls + FIXED_COLUMNS, read->desc->natts * sizeof(bool));
	ExecStoreVirtualTuple(read->version);

	line.number = ++read->number;
	line.start = DatumGetTimestampTz(read->version->tts_values[read->spots.map->start - 1]);
	line.end = DatumGetTimestampTz(read->version->tts_values[read->spots.map->end - 1]);
	line.place = current ? TSM_CHAIN_CURRENT : TSM_CHAIN_TAIL;
	line.bytes_raw = row_bytes(read, current, false);
	if (!current && DatumGetObjectId(values[1]) == read->store.folded)
	{
		line.place = TSM_CHAIN_SEGMENT;
		spot = tsm_inspect_take_spot(&read->spots, read->version);
		if (spot == NULL)
			elog(ERROR, "could not find a version in its segments again");
		line.segment = spot->segment;
		line.frame = spot->frame;
		line.bytes_stored = spot->bytes_stored;
	}
	else
		line.bytes_stored = row_bytes(read, current, true);
	line.changed = read->last != NULL ? changed_columns(read) : NIL;
	read->receive(&line, read->arg);
	read->last = heap_form_tuple(read->desc, read->version->tts_values, read->version->tts_isnull);
	MemoryContextSwitchTo(old);
}

/* ---- the call ---- */

static void
prepare(ChainRead *read, Relation history)
{
	int			i;

	read->desc = RelationGetDescr(history);
	read->spots.map = tsm_segment_map(history, read->table);
	read->spots.values = palloc((read->desc->natts + 1) * sizeof(TsmCodecValue));
	read->version = MakeSingleTupleTableSlot(read->desc, &TTSOpsVirtual);
	read->in_table = palloc0((read->desc->natts + 1) * sizeof(bool));
	for (i = 0; i < read->desc->natts; i++)
	{
		Form_pg_attribute form = TupleDescAttr(read->desc, i);

		read->in_table[i] = !form->attisdropped &&
			get_attnum(read->table->rel, NameStr(form->attname)) != InvalidAttrNumber;
	}
	for (i = 0; i < lengthof(read->rows); i++)
		read->rows[i] = AllocSetContextCreate(CurrentMemoryContext, "tsmem chain version",
											  ALLOCSET_DEFAULT_SIZES);
}

/* Whether versions can have been folded: what cannot be hashed cannot. */
static bool
is_hashable(const TsmSegmentMap *map)
{
	int			i;

	for (i = 0; i < map->nkeys; i++)
	{
		if (!OidIsValid(map->key_hashes[i].fn_oid))
			return false;
	}
	return true;
}

/* The query is opened first, which checks the rights. */
static void
read_chain(ChainRead *read)
{
	bool		nulls[INDEX_MAX_KEYS] = {false};
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = open_query(read);
	if (tsm_segment_store(read->table->history, &read->store) && is_hashable(read->spots.map))
		tsm_inspect_find_spots(&read->spots, read->store.segments,
							   tsm_segment_key_of_values(read->spots.map, read->key.values, nulls));
	for (;;)
	{
		uint64		i;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			read_row(read, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

char *
tsm_inspect_chain(Oid rel, Jsonb *key, TsmChainReceiver receive, void *arg)
{
	ChainRead	read = {0};
	Relation	history;
	char	   *text;

	read.receive = receive;
	read.arg = arg;
	read.table = tsm_segment_table(rel);
	tsm_segment_read_key(read.table, key, &read.key);
	text = tsm_segment_key_text(read.table, &read.key);
	history = table_open(read.table->history, AccessShareLock);
	prepare(&read, history);
	read_chain(&read);
	ExecDropSingleTupleTableSlot(read.version);
	table_close(history, NoLock);
	return text;
}

/* What chain gives, for a tuplestore. */
static void
put_line(const TsmChainLine *line, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[9];
	bool		nulls[9] = {false};

	values[0] = Int64GetDatum(line->number);
	values[1] = TimestampTzGetDatum(line->start);
	values[2] = TimestampTzGetDatum(line->end);
	values[3] = CStringGetTextDatum(tsm_inspect_place_name(line->place));
	values[4] = PointerGetDatum(&line->segment);
	values[5] = Int32GetDatum(line->frame);
	nulls[4] = nulls[5] = line->place != TSM_CHAIN_SEGMENT;
	values[6] = Int64GetDatum(line->bytes_raw);
	values[7] = Int64GetDatum(line->bytes_stored);
	nulls[8] = line->number == 1;
	values[8] = nulls[8] ? (Datum) 0 : tsm_delta_names_datum(line->changed);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(tsm_delta_chain);

/*
 * chain(rel regclass, key jsonb) → setof (number, row_start, row_end, place,
 * segment, frame, bytes_raw, bytes_stored, changed). Errors: 42501, 55000,
 * 22023, XX001.
 */
Datum
tsm_delta_chain(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	(void) tsm_inspect_chain(PG_GETARG_OID(0), PG_GETARG_JSONB_P(1), put_line, fcinfo->resultinfo);
	return (Datum) 0;
}
