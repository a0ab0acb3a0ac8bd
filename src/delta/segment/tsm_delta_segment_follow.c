/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_follow.c
 *	  Folded versions follow the columns of their history.
 *
 * Blocks are not touched: tsmem.segment_columns tells what has become of what
 * they hold. Whoever comes here has locked the history against everybody.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "tsm_delta_follow.h"
#include "tsm_delta_segment_columns.h"
#include "tsm_delta_segment_text.h"

/* What changes a row of the registry: values and replace are set where it does. */
typedef void (*ColumnChange) (const TsmSegmentColumnRow *row, Datum *values, bool *nulls,
							  bool *replace, void *arg);

/* What is cached of a history and its folded versions was made from the rows that were there. */
static void
forget_cached(Oid history)
{
	ListCell   *cell;

	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(history)))
		CacheInvalidateRelcacheByRelid(history);
	foreach(cell, tsm_delta_parts(history))
		CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
	CommandCounterIncrement();
}

/* Hand the rows of a history on to a change. */
static void
change_rows(Oid history, ColumnChange change, void *arg)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), RowExclusiveLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_columns_history, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(history));
	scan = systable_beginscan(rel, tsm_delta_own_relation(SEGMENT_COLUMNS_PKEY), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		values[Natts_columns] = {0};
		bool		nulls[Natts_columns] = {false};
		bool		replace[Natts_columns] = {false};

		change(tsm_segment_column_row(tuple, RelationGetDescr(rel)), values, nulls, replace, arg);
		if (memchr(replace, true, sizeof(replace)) != NULL)
			CatalogTupleUpdate(rel, &tuple->t_self,
							   heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replace));
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	forget_cached(history);
}

/* ---- names ---- */

static void
change_name(const TsmSegmentColumnRow *row, Datum *values, bool *nulls, bool *replace, void *arg)
{
	char	  **names = arg;	/* old and new */
	Name		name;

	if (row->name == NULL || strcmp(row->name, names[0]) != 0)
		return;
	name = palloc0(sizeof(NameData));
	namestrcpy(name, names[1]);
	values[Anum_columns_name - 1] = NameGetDatum(name);
	replace[Anum_columns_name - 1] = true;
}

void
tsm_delta_follow_column_name(Oid history, const char *old_name, const char *new_name)
{
	const char *names[2] = {old_name, new_name};
	TsmSegmentStore store;

	if (!tsm_segment_store(history, &store))
		return;
	change_rows(history, change_name, names);
	tsm_delta_follow_zones(history, old_name, new_name);
}

/* A column without a name is nobody's: one that gets the name later does not take over its values. */
static void
forget_dropped(const TsmSegmentColumnRow *row, Datum *values, bool *nulls, bool *replace, void *arg)
{
	Oid			history = *(Oid *) arg;

	if (row->name == NULL || get_attnum(history, row->name) != InvalidAttrNumber)
		return;
	nulls[Anum_columns_name - 1] = true;
	replace[Anum_columns_name - 1] = true;
}

/* The relations that the present command has dropped columns of. */
static List *
shortened_relations(void)
{
	List	   *relations = NIL;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute("SELECT DISTINCT d.objid FROM pg_catalog.pg_event_trigger_dropped_objects() d "
					"WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
					"AND d.objsubid OPERATOR(pg_catalog.<>) 0", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what an event trigger is told of");
	for (i = 0; i < SPI_processed; i++)
	{
		bool		null;
		Datum		relid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null);
		MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

		relations = lappend_oid(relations, DatumGetObjectId(relid));
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return relations;
}

void
tsm_delta_follow_dropped_columns(void)
{
	List	   *relations = shortened_relations();
	ListCell   *cell;

	foreach(cell, relations)
	{
		TsmSegmentStore store;

		if (!tsm_segment_store(lfirst_oid(cell), &store))
			continue;
		change_rows(store.history, forget_dropped, &store.history);
		tsm_delta_follow_zones(store.history, NULL, NULL);
	}
	list_free(relations);
}

/* ---- new columns ---- */

/* A column whose default is asked for. */
typedef struct ColumnDefault
{
	Relation	history;
	AttrNumber	column;
	char	   *text;			/* the value; NULL for null */
} ColumnDefault;

static void
make_default_text(void *arg)
{
	ColumnDefault *made = arg;
	Node	   *expression = build_column_default(made->history, made->column);
	EState	   *estate = CreateExecutorState();
	Oid			function;
	bool		varlena;
	bool		null;
	Datum		value;
	int			nest_level;

	value = ExecEvalExpr(ExecPrepareExpr((Expr *) expression, estate), GetPerTupleExprContext(estate),
						 &null);
	if (null)
		return;
	getTypeOutputInfo(getBaseType(TupleDescAttr(RelationGetDescr(made->history),
												made->column - 1)->atttypid),
					  &function, &varlena);
	nest_level = tsm_segment_fix_settings();
	made->text = OidOutputFunctionCall(function, value);
	AtEOXact_GUC(true, nest_level);
	FreeExecutorState(estate);
}

/* The value of a column's default, as text; NULL for null. */
static char *
default_text(Relation history, AttrNumber column)
{
	ColumnDefault made = {history, column, NULL};

	tsm_delta_values_as_owner(history->rd_rel->relowner, make_default_text, &made);
	return made.text;
}

/* Give a schema a column that its blocks lack. */
static void
store_missing(Relation rel, Relation history, AttrNumber column, int32 schema_id, int32 number,
			  const char *text)
{
	Datum		values[Natts_columns];
	bool		nulls[Natts_columns] = {false};
	int32		typmod;
	Oid			type = tsm_segment_type_of_column(RelationGetDescr(history), column, &typmod);

	values[Anum_columns_history - 1] = ObjectIdGetDatum(RelationGetRelid(history));
	values[Anum_columns_schema_id - 1] = Int32GetDatum(schema_id);
	values[Anum_columns_number - 1] = Int32GetDatum(number);
	values[Anum_columns_name - 1] =
		NameGetDatum(&TupleDescAttr(RelationGetDescr(history), column - 1)->attname);
	values[Anum_columns_kind - 1] = CStringGetTextDatum(KIND_MISSING);
	values[Anum_columns_length - 1] = Int32GetDatum(0);
	tsm_segment_set_types(values, 1, &type, &typmod);
	tsm_segment_set_encoding(values);
	values[Anum_columns_missing - 1] = CStringGetTextDatum(text);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
}

void
tsm_delta_follow_new_column(Oid history_oid, const char *name)
{
	Relation	history;
	AttrNumber	column = get_attnum(history_oid, name);
	TsmSegmentStore store;
	Relation	rel;
	List	   *rows;
	char	   *text;
	int			i;

	if (!tsm_segment_store(history_oid, &store))
		return;
	history = table_open(history_oid, AccessShareLock);
	text = default_text(history, column);
	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), RowExclusiveLock);
	rows = text == NULL ? NIL : tsm_segment_column_rows(rel, history_oid, 0);
	/* The last row of each schema. */
	for (i = 0; i < list_length(rows); i++)
	{
		TsmSegmentColumnRow *row = list_nth(rows, i);
		TsmSegmentColumnRow *next = i + 1 < list_length(rows) ? list_nth(rows, i + 1) : NULL;

		if (next == NULL || next->schema_id != row->schema_id)
			store_missing(rel, history, column, row->schema_id, row->number + 1, text);
	}
	table_close(rel, RowExclusiveLock);
	table_close(history, NoLock);
	forget_cached(history_oid);
}

/* ---- types ---- */

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/*
 * Whether values keep their place in the order of segments: they stay what
 * they are, and their types have the same hash. Those of integers are made to
 * be the same.
 */
static bool
keeps_key(Form_pg_attribute old, Form_pg_attribute new)
{
	int32		old_typmod = old->atttypmod;
	int32		new_typmod = new->atttypmod;
	Oid			old_type = getBaseTypeAndTypmod(old->atttypid, &old_typmod);
	Oid			new_type = getBaseTypeAndTypmod(new->atttypid, &new_typmod);

	if (old->attcollation != new->attcollation &&
		!((!OidIsValid(old->attcollation) || get_collation_isdeterministic(old->attcollation)) &&
		  (!OidIsValid(new->attcollation) || get_collation_isdeterministic(new->attcollation))))
		return false;
	if (old_type == new_type && old_typmod == new_typmod)
		return true;
	if (is_integer(old_type) && is_integer(new_type))
		return true;
	return is_text(old_type) && is_text(new_type) &&
		(new_typmod == -1 || (old_typmod != -1 && old_typmod <= new_typmod));
}

bool
tsm_delta_must_unfold(const TsmVersionedTable *table, Form_pg_attribute new)
{
	Relation	history;
	Form_pg_attribute old;
	ListCell   *cell;
	int32		old_typmod;
	int32		new_typmod = new->atttypmod;
	Oid			old_type;
	bool		must;

	if (!tsm_delta_has_folded(table->history))
		return false;
	history = table_open(table->history, AccessShareLock);
	old = TupleDescAttr(RelationGetDescr(history),
						get_attnum(table->history, NameStr(new->attname)) - 1);
	old_type = tsm_segment_type_of_column(RelationGetDescr(history), old->attnum, &old_typmod);
	must = !tsm_segment_cast_lasts(old_type, old_typmod,
								   getBaseTypeAndTypmod(new->atttypid, &new_typmod), new_typmod);
	foreach(cell, table->key_columns)
		must |= strcmp(lfirst(cell), NameStr(new->attname)) == 0 && !keeps_key(old, new);
	table_close(history, NoLock);
	return must;
}

/* The new type of a column. */
typedef struct TypeChange
{
	const char *column;
	Oid			type;			/* below domains */
	int32		typmod;
} TypeChange;

static void
append_type(const TsmSegmentColumnRow *row, Datum *values, bool *nulls, bool *replace, void *arg)
{
	TypeChange *change = arg;

	if (row->name == NULL || strcmp(row->name, change->column) != 0 ||
		(row->types[row->ntypes - 1] == change->type &&
		 row->typmods[row->ntypes - 1] == change->typmod))
		return;
	row->types[row->ntypes] = change->type;
	row->typmods[row->ntypes] = change->typmod;
	tsm_segment_set_types(values, row->ntypes + 1, row->types, row->typmods);
	replace[Anum_columns_types - 1] = true;
	replace[Anum_columns_typmods - 1] = true;
}

/* A look at each folded value of one column. */
typedef struct ColumnCheck
{
	const TsmVersionedTable *table;
	Oid			store;			/* of segments */
	TsmSegmentMap *map;
	TsmSegmentTable segments;
	TsmSegmentWalk *walk;
	AttrNumber	column;
	Oid			domain;			/* InvalidOid for a type that is none */
	void	   *domain_cache;
	TupleTableSlot *version;
} ColumnCheck;

/* Raises what the cast of a value or the domain raises. */
static void
check_segment(ColumnCheck *check, const TsmSegment *segment, MemoryContext row_context)
{
	TsmCodecFault fault;
	TsmCodecRow row;

	if (!tsm_segment_walk_begin(check->walk, segment, &fault))
		tsm_segment_raise(&fault, check->segments.rel);
	while (tsm_segment_walk_next(check->walk, &row, &fault))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(row_context);
		tsm_segment_slot_of_row(check->map, tsm_segment_walk_schema(check->walk), &row, check->version);
		if (OidIsValid(check->domain))
			domain_check(check->version->tts_values[check->column - 1],
						 check->version->tts_isnull[check->column - 1], check->domain,
						 &check->domain_cache, check->map->context);
		MemoryContextSwitchTo(old);
	}
	if (fault.code != TSM_CODEC_OK)
		tsm_segment_raise(&fault, check->segments.rel);
}

/* Go through all segments. */
static void
check_segments(ColumnCheck *check)
{
	MemoryContext turn = AllocSetContextCreate(CurrentMemoryContext, "tsmem check of a type",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "tsmem version",
													  ALLOCSET_DEFAULT_SIZES);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(check->segments.rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(check->segments.rel, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(turn);
		TsmSegment	segment;

		MemoryContextReset(turn);
		tsm_segment_of_slot(slot, &segment, true);
		MemoryContextSwitchTo(old);
		check_segment(check, &segment, row_context);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(turn);
	MemoryContextDelete(row_context);
}

/* Cast each folded value of a column, as the server does with the rows of the tail. */
static void
check_values(void *arg)
{
	ColumnCheck *check = arg;
	Relation	history = table_open(check->table->history, AccessShareLock);
	Oid			type = TupleDescAttr(RelationGetDescr(history), check->column - 1)->atttypid;

	check->map = tsm_segment_map(history, check->table);
	check->domain = get_typtype(type) == TYPTYPE_DOMAIN ? type : InvalidOid;
	tsm_segment_open(&check->segments, check->store, ShareUpdateExclusiveLock);
	check->walk = tsm_segment_walk_make(check->map);
	check->version = MakeSingleTupleTableSlot(RelationGetDescr(history), &TTSOpsVirtual);
	check_segments(check);
	ExecDropSingleTupleTableSlot(check->version);
	tsm_segment_close(&check->segments);
	table_close(history, NoLock);
}

void
tsm_delta_follow_type(const TsmVersionedTable *table, Form_pg_attribute old)
{
	TsmSegmentStore store;
	ColumnCheck check = {0};
	TypeChange	change;
	Relation	history;
	AttrNumber	column = get_attnum(table->history, NameStr(old->attname));
	Form_pg_attribute new;
	bool		same;

	if (!tsm_segment_store(table->history, &store))
		return;
	history = table_open(table->history, AccessShareLock);
	new = TupleDescAttr(RelationGetDescr(history), column - 1);
	same = old->atttypid == new->atttypid && old->atttypmod == new->atttypmod;
	change.column = NameStr(old->attname);
	change.type = tsm_segment_type_of_column(RelationGetDescr(history), column, &change.typmod);
	table_close(history, NoLock);
	if (same)
		return;
	change_rows(table->history, append_type, &change);
	if (!tsm_delta_has_folded(table->history))
		return;
	check.table = table;
	check.store = store.segments;
	check.column = column;
	tsm_delta_values_as_owner(tsm_segment_owner(table->history), check_values, &check);
}

/* ---- types that are changed themselves ---- */

static bool
is_type(Oid type, void *arg)
{
	return type == *(Oid *) arg;
}

/* The first history that keeps texts of a type; InvalidOid without. */
static Oid
history_with_type(Relation rel, Oid type, bool inside)
{
	ListCell   *store;
	ListCell   *cell;

	foreach(store, tsm_segment_stores())
	{
		Oid			history = ((TsmSegmentStore *) lfirst(store))->history;

		foreach(cell, tsm_segment_column_rows(rel, history, 0))
		{
			TsmSegmentColumnRow *row = lfirst(cell);

			/* What was cast to another type since is in no segment: such a type is not cast when it is read. */
			if (row->name != NULL && row->ntypes == 1 && strcmp(row->kind, KIND_TEXT) == 0 &&
				((!inside && row->types[0] == type) ||
				 tsm_segment_type_contains(row->types[0], is_type, &type)) &&
				tsm_delta_has_folded(history))
				return history;
		}
	}
	return InvalidOid;
}

void
tsm_delta_check_type_unused(Oid type, bool inside, const char *what)
{
	Relation	rel = table_open(tsm_delta_own_relation(SEGMENT_COLUMNS), AccessShareLock);
	Oid			history = history_with_type(rel, type, inside);

	table_close(rel, AccessShareLock);
	if (OidIsValid(history))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot %s type %s", what, format_type_be(type)),
				 errdetail("Folded versions of history table \"%s\" hold values of it as text.",
						   get_rel_name(history)),
				 errhint("Unfold the table with tsmem.unfold, change the type, and fold it again.")));
}
