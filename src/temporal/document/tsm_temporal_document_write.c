/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_write.c
 *	  Writing documents: the trigger of a store, put_document and
 *	  delete_document.
 *
 * The trigger gives each version a number, one more than the version before
 * has, which former versions of a deleted document are looked through for;
 * several changes by one transaction are one version and have one number. A
 * change that changes nothing keeps number and author, so that versioning sees
 * no change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "tsm_temporal_document.h"
#include "tsm_temporal_document_plan.h"
#include "tsm_temporal_int.h"
#include "tsm_temporal_session.h"

PG_FUNCTION_INFO_V1(tsm_temporal_number_document);
PG_FUNCTION_INFO_V1(tsm_temporal_put_document);
PG_FUNCTION_INFO_V1(tsm_temporal_put_document_text);
PG_FUNCTION_INFO_V1(tsm_temporal_delete_document);

/* How often put_document looks anew when others come between its look and its change. */
#define MAX_ATTEMPTS 100

/* A row of a store in a trigger. */
typedef struct StoreColumns
{
	AttrNumber	id;
	AttrNumber	body;
	AttrNumber	version;
	AttrNumber	changed_by;
} StoreColumns;

static Datum
column_value(HeapTuple tuple, Relation rel, AttrNumber column, bool *null)
{
	return heap_getattr(tuple, column, RelationGetDescr(rel), null);
}

/* Whether a value is the same to the byte. */
static bool
same_column(Relation rel, HeapTuple old, HeapTuple new, AttrNumber column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
	bool		old_null;
	bool		new_null;
	Datum		a = column_value(old, rel, column, &old_null);
	Datum		b = column_value(new, rel, column, &new_null);

	if (old_null || new_null)
		return old_null && new_null;
	if (attribute->attlen == -1 &&
		VARSIZE_ANY(DatumGetPointer(a)) == VARSIZE_ANY(DatumGetPointer(b)) &&
		memcmp(DatumGetPointer(a), DatumGetPointer(b), VARSIZE_ANY(DatumGetPointer(a))) == 0)
		return true;			/* also for a toasted value that is the old one */
	return datum_image_eq(a, b, attribute->attbyval, attribute->attlen);
}

/* Whether two versions differ in what the user writes. */
static bool
is_changed(Relation rel, HeapTuple old, HeapTuple new, const StoreColumns *columns)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i - 1);

		if (attribute->attisdropped || attribute->attgenerated != '\0' || i == columns->version ||
			i == columns->changed_by || strcmp(NameStr(attribute->attname), TSM_ROW_START) == 0 ||
			strcmp(NameStr(attribute->attname), TSM_ROW_XID) == 0)
			continue;
		if (!same_column(rel, old, new, i))
			return true;
	}
	return false;
}

/* Whether the row is a version of this transaction, which changing it again does not keep. */
static bool
is_own(Relation rel, HeapTuple row)
{
	int			start = SPI_fnumber(RelationGetDescr(rel), TSM_ROW_START);
	int			xid = SPI_fnumber(RelationGetDescr(rel), TSM_ROW_XID);
	bool		no_start;
	bool		no_xid;
	Datum		start_value;
	Datum		xid_value;

	if (start <= 0 || xid <= 0)
		return false;
	start_value = column_value(row, rel, start, &no_start);
	xid_value = column_value(row, rel, xid, &no_xid);
	return !no_start && !no_xid &&
		U64FromFullTransactionId(DatumGetFullTransactionId(xid_value)) ==
		U64FromFullTransactionId(GetTopFullTransactionIdIfAny()) &&
		DatumGetTimestampTz(start_value) >= GetCurrentTransactionStartTimestamp();
}

/*
 * The number of the next version of a document: past that of its last one, as
 * the latest snapshot shows it. Policies and rights are the owner's: a number
 * tells no more of a document than the primary key does.
 */
static int64
next_number(Relation rel, Datum id)
{
	TsmVersionedTable *table = tsm_delta_find(RelationGetRelid(rel));
	Oid			type = TEXTOID;
	Oid			user;
	int			security;
	int64		number = 0;
	bool		null = true;
	const char *query;

	if (table == NULL)
		return 1;
	query = psprintf("SELECT pg_catalog.max(u.version) FROM "
					 "(SELECT c.version FROM %s c WHERE c.id OPERATOR(pg_catalog.=) $1 UNION ALL "
					 "(SELECT h.version FROM %s h WHERE h.id OPERATOR(pg_catalog.=) $1 "
					 "ORDER BY h.row_start DESC LIMIT 1)) u",
					 tsm_delta_relation_name(RelationGetRelid(rel)),
					 tsm_delta_relation_name(table->history));
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (tsm_session_execute_in_present(tsm_document_plan(RelationGetRelid(rel), TSM_DOCUMENT_NUMBER,
														 query, 1, &type),
									   &id, NULL, GetLatestSnapshot(), InvalidSnapshot, true, false,
									   1) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	if (SPI_processed == 1)
		number = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	return null ? 1 : number + 1;
}

/* The row with number and author. */
static HeapTuple
stamp(Relation rel, HeapTuple row, const StoreColumns *columns, int64 number, Name author)
{
	int			places[2] = {columns->version, columns->changed_by};
	Datum		values[2] = {Int64GetDatum(number), NameGetDatum(author)};
	bool		nulls[2] = {false, false};

	return heap_modify_tuple_by_cols(row, RelationGetDescr(rel), 2, places, values, nulls);
}

static void
find_columns(Relation rel, const TsmDocumentStore *store, StoreColumns *columns)
{
	columns->id = tsm_document_column(rel, "id", TEXTOID);
	columns->body = tsm_document_column(rel, "body", store == NULL || store->json ? JSONBOID : TEXTOID);
	columns->version = tsm_document_column(rel, "version", INT8OID);
	columns->changed_by = tsm_document_column(rel, "changed_by", NAMEOID);
}

static void
check_trigger(FunctionCallInfo fcinfo)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BEFORE(data->tg_event) || TRIGGER_FIRED_BY_DELETE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called by a trigger", "_number_document")));
}

/*
 * BEFORE INSERT OR UPDATE of each row of a store: refuses (23514) a document
 * that does not match the schema; sets version and changed_by. Rows that
 * replication brings stay as they are.
 */
Datum
tsm_temporal_number_document(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	const TsmDocumentStore *store;
	StoreColumns columns;
	HeapTuple	new;
	HeapTuple	old = NULL;
	Relation	rel;
	NameData	author;
	Datum		body;
	Datum		id;
	int64		number;
	bool		no_id;
	bool		null;

	check_trigger(fcinfo);
	rel = data->tg_relation;
	new = data->tg_trigtuple;
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		old = new;
		new = data->tg_newtuple;
	}
	if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA)
		return PointerGetDatum(new);
	store = tsm_document_find(RelationGetRelid(rel));
	find_columns(rel, store, &columns);
	id = column_value(new, rel, columns.id, &no_id);
	body = column_value(new, rel, columns.body, &null);
	if (store != NULL && store->schema != NULL && !null &&
		(old == NULL || !same_column(rel, old, new, columns.body)))
		tsm_document_check_body(rel, store->schema, id, no_id, DatumGetJsonbP(body));
	if (no_id)
		return PointerGetDatum(new);	/* the server refuses it */
	namestrcpy(&author, GetUserNameFromId(GetUserId(), false));
	if (old == NULL || !same_column(rel, old, new, columns.id))
		number = next_number(rel, id);
	else
	{
		bool		changed = is_changed(rel, old, new, &columns);
		Datum		old_author = column_value(old, rel, columns.changed_by, &null);

		if (!changed && !null)
			author = *DatumGetName(old_author);
		number = DatumGetInt64(column_value(old, rel, columns.version, &null));
		if (null)
			number = next_number(rel, id);
		else if (changed && !is_own(rel, old))
			number++;
	}
	return PointerGetDatum(stamp(rel, new, &columns, number, &author));
}

/* What put_document and delete_document are asked to do. */
typedef struct Change
{
	Oid			store;
	Datum		id;
	Datum		body;
	Oid			body_type;		/* InvalidOid for a deletion */
	Datum		metadata;
	bool		has_metadata;
	bool		has_expected;
	int64		expected;		/* 0: the document is not there */
} Change;

/* What is there at a look. */
typedef struct Look
{
	bool		found;
	bool		same;			/* nothing to do */
	int64		version;
} Look;

static int
run_plan(const Change *change, TsmDocumentPlanKind kind, const char *query, int nargs, Oid *types,
		 Datum *values, const char *nulls)
{
	return SPI_execute_plan(tsm_document_plan(change->store, kind, query, nargs, types), values, nulls,
							false, 0);
}

static Look
look_at(const Change *change)
{
	Look		look = {false, false, 0};
	Oid			type = TEXTOID;
	Datum		id = change->id;
	TupleDesc	desc;
	HeapTuple	row;
	Datum		value;
	bool		null;

	(void) run_plan(change, TSM_DOCUMENT_LOOK,
					psprintf("SELECT version, body, metadata FROM %s WHERE id OPERATOR(pg_catalog.=) $1",
							 tsm_delta_relation_name(change->store)), 1, &type, &id, NULL);
	if (SPI_processed == 0)
		return look;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	look.found = true;
	look.version = DatumGetInt64(tsm_document_value(change->store, row, desc, 1, INT8OID));
	if (change->body_type == InvalidOid)
		return look;			/* a deletion */
	tsm_document_check_type(change->store, desc, 2, change->body_type);
	tsm_document_check_type(change->store, desc, 3, JSONBOID);
	value = SPI_getbinval(row, desc, 2, &null);
	look.same = !null && datum_image_eq(value, change->body, false, -1);
	value = SPI_getbinval(row, desc, 3, &null);
	if (change->has_metadata)
		look.same = look.same && !null && datum_image_eq(value, change->metadata, false, -1);
	return look;
}

/* 40001: the document is not at the version that it was expected at. */
static void
check_expected(const Change *change, const Look *look)
{
	if (!change->has_expected || (look->found ? look->version : 0) == change->expected)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 look->found ?
			 errmsg("document \"%s\" of document store \"%s\" is at version %lld",
					TextDatumGetCString(change->id), get_rel_name(change->store),
					(long long) look->version) :
			 errmsg("document \"%s\" of document store \"%s\" does not exist",
					TextDatumGetCString(change->id), get_rel_name(change->store)),
			 change->expected == 0 ? errdetail("It was expected not to exist.") :
			 errdetail("It was expected at version %lld.", (long long) change->expected),
			 errhint("Read the document again and repeat the change.")));
}

/* Insert or update; false when no row came of it. */
static bool
write_body(const Change *change, const Look *look, bool last_attempt, int64 *version)
{
	Oid			types[4] = {TEXTOID, change->body_type, JSONBOID, INT8OID};
	Datum		values[4] = {change->id, change->body, change->metadata, Int64GetDatum(change->expected)};
	char		nulls[5] = {' ', ' ', change->has_metadata ? ' ' : 'n', change->has_expected ? ' ' : 'n', '\0'};
	char	   *name = tsm_delta_relation_name(change->store);
	bool		null;

	if (look->found)
		(void) run_plan(change, TSM_DOCUMENT_UPDATE,
						psprintf("UPDATE %s SET body = $2, metadata = COALESCE($3, metadata) "
								 "WHERE id OPERATOR(pg_catalog.=) $1 AND "
								 "($4 IS NULL OR version OPERATOR(pg_catalog.=) $4) RETURNING version", name),
						4, types, values, nulls);
	else
		(void) run_plan(change, last_attempt ? TSM_DOCUMENT_INSERT_ANYWAY : TSM_DOCUMENT_INSERT,
						psprintf("INSERT INTO %s (id, body, metadata) "
								 "VALUES ($1, $2, COALESCE($3, '{}'::pg_catalog.jsonb)) %s RETURNING version",
								 name, last_attempt ? "" : "ON CONFLICT (id) DO NOTHING"),
						3, types, values, nulls);
	if (SPI_processed == 0)
		return false;
	*version = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	return true;
}

/*
 * Look, then change. Who comes between makes the change find no row, and it is
 * looked at anew; the last attempt lets the server say what is wrong.
 */
static int64
put(const Change *change)
{
	int64		version;
	int			attempt;

	for (attempt = 1; attempt <= MAX_ATTEMPTS; attempt++)
	{
		Look		look = look_at(change);

		CHECK_FOR_INTERRUPTS();
		check_expected(change, &look);
		if (look.found && look.same)
			return look.version;
		if (write_body(change, &look, attempt == MAX_ATTEMPTS, &version))
			return version;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("document \"%s\" of document store \"%s\" was not stored",
					TextDatumGetCString(change->id), get_rel_name(change->store)),
			 errdetail("A trigger or a policy of the table passes it over.")));
	return 0;					/* keep compiler quiet */
}

static void
read_expected(FunctionCallInfo fcinfo, int argument, Change *change)
{
	change->has_expected = !PG_ARGISNULL(argument);
	change->expected = change->has_expected ? PG_GETARG_INT64(argument) : 0;
	if (change->expected < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected_version must not be negative")));
}

static void
check_given(FunctionCallInfo fcinfo, int arguments)
{
	int			i;

	for (i = 0; i < arguments; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("store, id and body of a document must not be null")));
	}
}

/* put_document(store, id, body, expected_version, metadata), body being of the given type. */
static Datum
put_document(FunctionCallInfo fcinfo, Oid type)
{
	Change		change = {0};
	bool		json;
	int64		version;

	check_given(fcinfo, 3);
	change.store = PG_GETARG_OID(0);
	json = tsm_document_versioned_store(change.store)->json;
	change.id = PG_GETARG_DATUM(1);
	change.body = PG_GETARG_DATUM(2);
	change.body_type = json ? JSONBOID : TEXTOID;
	if (json && type == TEXTOID)
		change.body = DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(change.body)));
	else if (!json && type == JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("document store \"%s\" holds text, not JSON", get_rel_name(change.store))));
	read_expected(fcinfo, 3, &change);
	change.has_metadata = !PG_ARGISNULL(4);
	if (change.has_metadata)
		change.metadata = PG_GETARG_DATUM(4);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	version = put(&change);
	SPI_finish();
	PG_RETURN_INT64(version);
}

/*
 * put_document(store regclass, id text, body jsonb, expected_version bigint, metadata jsonb) → bigint
 *
 * Stores a document with the rights of the caller; gives its version, a new
 * one unless body and metadata are to the byte what is there. 40001 when it is
 * not at the expected version (0: not there), 42804 for JSON to a store of text.
 */
Datum
tsm_temporal_put_document(PG_FUNCTION_ARGS)
{
	return put_document(fcinfo, JSONBOID);
}

/* The same for text; to a store of JSON it is JSON (22P02 otherwise). */
Datum
tsm_temporal_put_document_text(PG_FUNCTION_ARGS)
{
	return put_document(fcinfo, TEXTOID);
}

/*
 * delete_document(store regclass, id text, expected_version bigint) → boolean
 *
 * Whether the document was there. 40001 when it is not at the expected version.
 */
Datum
tsm_temporal_delete_document(PG_FUNCTION_ARGS)
{
	Change		change = {0};
	Oid			types[2] = {TEXTOID, INT8OID};
	Datum		values[2];
	char		nulls[3] = "  ";
	bool		deleted;

	check_given(fcinfo, 2);
	change.store = PG_GETARG_OID(0);
	(void) tsm_document_versioned_store(change.store);
	change.id = PG_GETARG_DATUM(1);
	read_expected(fcinfo, 2, &change);
	values[0] = change.id;
	values[1] = Int64GetDatum(change.expected);
	nulls[1] = change.has_expected ? ' ' : 'n';
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	(void) run_plan(&change, TSM_DOCUMENT_DELETE,
					psprintf("DELETE FROM %s WHERE id OPERATOR(pg_catalog.=) $1 AND "
							 "($2 IS NULL OR version OPERATOR(pg_catalog.=) $2)",
							 tsm_delta_relation_name(change.store)), 2, types, values, nulls);
	deleted = SPI_processed > 0;
	if (!deleted && change.has_expected)
	{
		Look		look = look_at(&change);

		check_expected(&change, &look);
	}
	SPI_finish();
	PG_RETURN_BOOL(deleted);
}
