/*-------------------------------------------------------------------------
 *
 * tsm_delta_keep_tombstone.c
 *	  Tombstones: that an entity was erased, without its key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "tsm_delta_keep.h"

#define TOMBSTONES				"tombstones"
#define TOMBSTONES_KEY			"tombstones_key_idx"

/* Attribute numbers, in the order of sql/delta.sql. */
#define Anum_tombstones_rel			1
#define Anum_tombstones_key_hash	2
#define Anum_tombstones_erased_at	3
#define Anum_tombstones_erased_by	4
#define Anum_tombstones_reason		5
#define Natts_tombstones			5

/*
 * A hash of one value: by the hash function of its type, so that equal values
 * have one hash, or of its text where there is none.
 */
static uint64
hash_value(Oid type, Oid collation, Datum value, uint64 seed)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	Oid			output;
	bool		varlena;
	char	   *text;

	if (OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
		return DatumGetUInt64(FunctionCall2Coll(&entry->hash_extended_proc_finfo, collation, value,
												UInt64GetDatum(seed)));
	getTypeOutputInfo(type, &output, &varlena);
	text = OidOutputFunctionCall(output, value);
	return hash_bytes_extended((const unsigned char *) text, strlen(text), seed);
}

/* SHA-256 of two hashes, by different seeds, of each value of the key. */
static bytea *
hash_key(const TsmVersionedTable *table, const TsmSegmentKey *key)
{
	bytea	   *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	uint64	   *parts = palloc(2 * key->nkeys * sizeof(uint64));
	pg_cryptohash_ctx *context;
	int			i;

	for (i = 0; i < key->nkeys; i++)
	{
		Oid			column_type;
		int32		typmod;
		Oid			collation;
		int			seed;

		get_atttypetypmodcoll(table->history, get_attnum(table->history, list_nth(table->key_columns, i)),
							  &column_type, &typmod, &collation);
		for (seed = 0; seed < 2; seed++)
			parts[2 * i + seed] = hash_value(key->types[i], collation, key->values[i], seed + 1);
	}
	context = pg_cryptohash_create(PG_SHA256);
	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) parts, 2 * key->nkeys * sizeof(uint64)) < 0 ||
		pg_cryptohash_final(context, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not hash the key of a row of table \"%s\"",
						tsm_delta_relation_name(table->rel))));
	pg_cryptohash_free(context);
	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pfree(parts);
	return hash;
}

void
tsm_keep_bury(const TsmVersionedTable *table, const TsmSegmentKey *key, const char *reason)
{
	Relation	rel = table_open(tsm_delta_own_relation(TOMBSTONES), RowExclusiveLock);
	Datum		values[Natts_tombstones];
	bool		nulls[Natts_tombstones] = {false};
	NameData	role;

	namestrcpy(&role, GetUserNameFromId(GetUserId(), false));
	values[Anum_tombstones_rel - 1] = ObjectIdGetDatum(table->rel);
	values[Anum_tombstones_key_hash - 1] = PointerGetDatum(hash_key(table, key));
	values[Anum_tombstones_erased_at - 1] =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[Anum_tombstones_erased_by - 1] = NameGetDatum(&role);
	nulls[Anum_tombstones_reason - 1] = reason == NULL;
	if (reason != NULL)
		values[Anum_tombstones_reason - 1] = CStringGetTextDatum(reason);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

void
tsm_keep_forget_dropped(void)
{
	Relation	rel = table_open(tsm_delta_own_relation(TOMBSTONES), RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		null;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum		buried = heap_getattr(tuple, Anum_tombstones_rel, RelationGetDescr(rel), &null);

		if (!SearchSysCacheExists1(RELOID, buried))
			CatalogTupleDelete(rel, &tuple->t_self);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

PG_FUNCTION_INFO_V1(tsm_delta_is_erased);

/*
 * is_erased(rel regclass, key jsonb) → boolean. Errors: 22023, 55000, and what
 * input functions raise.
 */
Datum
tsm_delta_is_erased(PG_FUNCTION_ARGS)
{
	TsmVersionedTable *table = tsm_keep_find(PG_GETARG_OID(0));
	TsmSegmentKey key;
	Relation	rel;
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		found;

	tsm_segment_read_key(table, PG_GETARG_JSONB_P(1), &key);
	rel = table_open(tsm_delta_own_relation(TOMBSTONES), AccessShareLock);
	ScanKeyInit(&keys[0], Anum_tombstones_rel, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table->rel));
	ScanKeyInit(&keys[1], Anum_tombstones_key_hash, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(hash_key(table, &key)));
	scan = systable_beginscan(rel, tsm_delta_own_relation(TOMBSTONES_KEY), true,
							  GetActiveSnapshot(), 2, keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	PG_RETURN_BOOL(found);
}
