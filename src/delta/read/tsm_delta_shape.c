/*-------------------------------------------------------------------------
 *
 * tsm_delta_shape.c
 *	  What the planner knows of histories, cached in the backend.
 *
 * Every relation of every query is asked about, so what is no history must
 * be told cheaply: a history has a column row_end_xid, which the catalogue
 * cache knows. Entries go when their history or table changes: each change
 * of a registration invalidates its table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "tsm_delta_int.h"
#include "tsm_delta_scan.h"

static HTAB *shapes = NULL;

/* Counts invalidations, to tell whether one came while an entry was made. */
static uint64 changes = 0;

/* Relcache callback: forget the shapes that a relation has part in; all for InvalidOid. */
static void
forget_shapes(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	TsmHistoryShape *shape;

	changes++;
	if (hash_get_num_entries(shapes) == 0)
		return;
	hash_seq_init(&status, shapes);
	while ((shape = hash_seq_search(&status)) != NULL)
	{
		if (!OidIsValid(relid) || shape->history == relid || shape->table == relid)
			(void) hash_search(shapes, &shape->history, HASH_REMOVE, NULL);
	}
}

void
tsm_delta_shape_load(void)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(Oid);
	info.entrysize = sizeof(TsmHistoryShape);
	info.hcxt = CacheMemoryContext != NULL ? CacheMemoryContext : TopMemoryContext;
	shapes = hash_create("tsmem histories", 64, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_shapes, (Datum) 0);
}

/* Whether the extension is in this database: the library may outlive it in a session. */
static bool
has_registry(void)
{
	Oid			namespace = get_namespace_oid("tsmem", true);

	return OidIsValid(namespace) && OidIsValid(get_relname_relid(TSM_REGISTRY, namespace)) &&
		OidIsValid(get_relname_relid(TSM_REGISTRY_HISTORY, namespace));
}

/* Read a shape from registry and catalogue; false when the relation is no history. */
static bool
read_shape(Oid relid, TsmHistoryShape *shape)
{
	TsmVersionedTable *table = tsm_delta_find_by_history(relid);
	ListCell   *cell;

	if (table == NULL)
		return false;
	MemSet(shape, 0, sizeof(TsmHistoryShape));
	shape->history = relid;
	shape->table = table->rel;
	shape->one_version = table->disjoint_keys;
	shape->start = get_attnum(relid, TSM_ROW_START);
	shape->end = get_attnum(relid, TSM_ROW_END);
	if (shape->start == InvalidAttrNumber || shape->end == InvalidAttrNumber)
		return false;
	foreach(cell, table->key_columns)
	{
		AttrNumber	column = get_attnum(relid, lfirst(cell));

		if (column == InvalidAttrNumber || shape->nkeys == INDEX_MAX_KEYS - 1)
		{
			shape->nkeys = 0;
			break;
		}
		shape->keys[shape->nkeys++] = column;
	}
	return true;
}

bool
tsm_delta_history_shape(Oid relid, TsmHistoryShape *shape)
{
	TsmHistoryShape *cached;
	uint64		before;

	if (get_attnum(relid, TSM_ROW_END_XID) == InvalidAttrNumber)
		return false;
	cached = hash_search(shapes, &relid, HASH_FIND, NULL);
	if (cached != NULL)
	{
		*shape = *cached;
		return true;
	}
	if (!has_registry())
		return false;
	before = changes;
	if (!read_shape(relid, shape))
		return false;
	/* What was read while something changed serves this once: under debug_discard_caches something always does. */
	if (changes != before)
		return true;
	cached = hash_search(shapes, &relid, HASH_ENTER, NULL);
	*cached = *shape;
	return true;
}
