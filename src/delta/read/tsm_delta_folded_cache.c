/*-------------------------------------------------------------------------
 *
 * tsm_delta_folded_cache.c
 *	  The chain cache of a backend: raw frames, the least recently used goes.
 *
 * A frame is known by its segment and its number, a segment by its place and
 * the transaction that wrote it: a row of segments is never updated, and no
 * other row with that transaction comes to the place, unless the table is
 * rewritten, of which the relation cache tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "tsm_delta_folded.h"

/* Memory of an entry beside its frame. */
#define OVERHEAD	(sizeof(TsmChain) + sizeof(ChainEntry) + 32)

struct TsmChain
{
	TsmChainKey key;
	dlist_node	node;			/* in by_use */
	int			pins;
	bool		valid;			/* in the table and the list */
	Size		size;
	uint8_t		raw[FLEXIBLE_ARRAY_MEMBER];
};

typedef struct ChainEntry
{
	TsmChainKey key;
	TsmChain   *chain;
} ChainEntry;

/* How often frames of a table of segments were looked for, in this session. */
typedef struct ChainCounts
{
	Oid			segments;
	int64		hits;
	int64		misses;
} ChainCounts;

static int	chain_cache_size = 8192;	/* kB */

static HTAB *chains = NULL;
static HTAB *counts = NULL;
static ChainCounts *last_counts = NULL;	/* entries are never removed */
static MemoryContext chain_context = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);	/* the most recent first */
static Size used = 0;

StaticAssertDecl(sizeof(TsmChainKey) == 16, "a key has no padding");

/* Take a frame out of the cache; one that is pinned is freed with its last pin. */
static void
remove_chain(TsmChain *chain)
{
	(void) hash_search(chains, &chain->key, HASH_REMOVE, NULL);
	dlist_delete(&chain->node);
	used -= chain->size;
	chain->valid = false;
	if (chain->pins == 0)
		pfree(chain);
}

/* Make room, as far as there is something that nobody has pinned. */
static bool
shrink_to(Size limit)
{
	dlist_node *node;

	if (chains == NULL || used <= limit)
		return true;
	node = dlist_is_empty(&by_use) ? NULL : dlist_tail_node(&by_use);
	while (node != NULL && used > limit)
	{
		TsmChain   *chain = dlist_container(TsmChain, node, node);

		node = dlist_has_prev(&by_use, node) ? dlist_prev_node(&by_use, node) : NULL;
		if (chain->pins == 0)
			remove_chain(chain);
	}
	return used <= limit;
}

static void
count_find(Oid segments, bool hit)
{
	bool		found;

	if (last_counts == NULL || last_counts->segments != segments)
	{
		if (counts == NULL)
		{
			HASHCTL		control = {0};

			control.keysize = sizeof(Oid);
			control.entrysize = sizeof(ChainCounts);
			counts = hash_create("tsmem chain cache counts", 16, &control, HASH_ELEM | HASH_BLOBS);
		}
		last_counts = hash_search(counts, &segments, HASH_ENTER, &found);
		if (!found)
			last_counts->hits = last_counts->misses = 0;
	}
	last_counts->hits += hit;
	last_counts->misses += !hit;
}

void
tsm_chain_counts(Oid segments, int64 *hits, int64 *misses)
{
	ChainCounts *entry = counts == NULL ? NULL : hash_search(counts, &segments, HASH_FIND, NULL);

	*hits = entry == NULL ? 0 : entry->hits;
	*misses = entry == NULL ? 0 : entry->misses;
}

TsmChain *
tsm_chain_find(const TsmChainKey *key, const uint8_t **raw)
{
	ChainEntry *entry = chains == NULL ? NULL : hash_search(chains, key, HASH_FIND, NULL);

	count_find(key->segments, entry != NULL);
	if (entry == NULL)
		return NULL;
	dlist_move_head(&by_use, &entry->chain->node);
	entry->chain->pins++;
	*raw = entry->chain->raw;
	return entry->chain;
}

static void
make_table(void)
{
	HASHCTL		info = {0};

	if (chain_context == NULL)
		chain_context = AllocSetContextCreate(CacheMemoryContext, "tsmem chain cache",
											  ALLOCSET_DEFAULT_SIZES);
	info.keysize = sizeof(TsmChainKey);
	info.entrysize = sizeof(ChainEntry);
	info.hcxt = chain_context;
	chains = hash_create("tsmem chains", 256, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

TsmChain *
tsm_chain_add(const TsmChainKey *key, const uint8_t *raw, Size length)
{
	Size		size = length + OVERHEAD;
	TsmChain   *chain;
	ChainEntry *entry;
	bool		found PG_USED_FOR_ASSERTS_ONLY;

	if (size > tsm_chain_limit() || !shrink_to(tsm_chain_limit() - size))
		return NULL;
	if (chains == NULL)
		make_table();
	chain = MemoryContextAlloc(chain_context, offsetof(TsmChain, raw) + length);
	entry = hash_search(chains, key, HASH_ENTER, &found);
	Assert(!found);
	entry->chain = chain;
	chain->key = *key;
	chain->pins = 1;
	chain->valid = true;
	chain->size = size;
	memcpy(chain->raw, raw, length);
	dlist_push_head(&by_use, &chain->node);
	used += size;
	return chain;
}

void
tsm_chain_release(TsmChain *chain)
{
	if (--chain->pins == 0 && !chain->valid)
		pfree(chain);
}

Size
tsm_chain_bytes(void)
{
	return used;
}

Size
tsm_chain_limit(void)
{
	return (Size) chain_cache_size * 1024;
}

void
tsm_chain_forget(Oid segments)
{
	dlist_mutable_iter iterator;

	if (used == 0)
		return;
	dlist_foreach_modify(iterator, &by_use)
	{
		TsmChain   *chain = dlist_container(TsmChain, node, iterator.cur);

		if (!OidIsValid(segments) || chain->key.segments == segments)
			remove_chain(chain);
	}
}

/* Relcache callback. */
static void
forget_chains(Datum arg, Oid relid)
{
	tsm_chain_forget(relid);
}

static void
assign_size(int newval, void *extra)
{
	(void) shrink_to((Size) newval * 1024);
}

void
tsm_chain_load(void)
{
	DefineCustomIntVariable("tsmem.chain_cache_size",
							"Memory of a session for expanded parts of folded history.",
							"0 turns it off.",
							&chain_cache_size, 8192, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, assign_size, NULL);
	CacheRegisterRelcacheCallback(forget_chains, (Datum) 0);
}
