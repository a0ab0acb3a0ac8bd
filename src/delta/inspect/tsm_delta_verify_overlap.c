/*-------------------------------------------------------------------------
 *
 * tsm_delta_verify_overlap.c
 *	  verify: versions of a key that were there together, wherever they lie.
 *
 * One query over the current rows, the tail and the segments, sorted by the
 * key itself, so that hashes that are the same do not matter. Where segments
 * cannot be read, over current rows and tail.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "tsm_delta_inspect.h"

/* Overlaps that are reported of a table. */
#define MAX_OVERLAPS	100

static char *
key_list(const TsmVersionedTable *table)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, table->key_columns)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", quote_identifier(lfirst(cell)));
	return list.data;
}

void
tsm_inspect_verify_overlaps(TsmVerifyCall *call)
{
	const TsmVersionedTable *table = call->table;
	char	   *keys = key_list(table);
	/* Segments that overlap are not read in the order that the planner counts on: a row is sorted anew. */
	char	   *partition = call->disordered ? psprintf("ROW(%s)", keys) : keys;
	StringInfoData query;
	uint64		i;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT pg_catalog.format('versions of a key overlap: (%%s), at %%s', "
					 "pg_catalog.concat_ws(', ', %s), row_start) "
					 "FROM (SELECT v.*, pg_catalog.lag(row_end) OVER (PARTITION BY %s ORDER BY row_start, row_end) AS \"last end\" FROM ("
					 "SELECT %s, row_start, 'infinity'::pg_catalog.timestamptz AS row_end FROM %s "
					 "UNION ALL SELECT %s, row_start, row_end FROM %s%s) v) o "
					 "WHERE row_start OPERATOR(pg_catalog.<) \"last end\" LIMIT %d",
					 keys, partition, keys, tsm_delta_relation_name(table->rel), keys,
					 call->unreadable ? "ONLY " : "", tsm_delta_relation_name(table->history),
					 MAX_OVERLAPS);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(query.data, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query.data);
	for (i = 0; i < SPI_processed; i++)
		tsm_inspect_report(call, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	SPI_finish();
}
