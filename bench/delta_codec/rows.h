/*
 * rows.h
 *	  What the parts of the benchmark of the block codec share: a set of rows.
 */
#ifndef ROWS_H
#define ROWS_H

#include "../../src/delta/codec/tsm_delta_codec.h"

typedef struct RowSet
{
	TsmCodecAttribute attributes[TSM_CODEC_MAX_ATTRIBUTES];
	TsmCodecSchema schema;
	TsmCodecRow *rows;
	TsmCodecValue *values;		/* of row i from i * natts on */
	int			count;
	int			room;
} RowSet;

/* Attributes by name: bytes, int4, int8, float8, separated by commas. */
extern void set_attributes(RowSet *set, const char *names);

/* One more row, whose values are all null; gives them. */
extern TsmCodecValue *add_row(RowSet *set, int64_t key, int64_t start, int64_t end);

/* Memory that is never freed. */
extern uint8_t *keep_bytes(const void *bytes, size_t length);

/* Number transactions by the order of starts, and end each version by the next of its key. */
extern void number_transactions(RowSet *set);

/* Rows of COPY ... (FORMAT binary): key, start, end, both xids, all int8, then the attributes. */
extern void read_copy(RowSet *set);

/* 100 JSON documents of about 2.2 kB with 50 to 1,000 versions, and 1,500 rows of six columns. */
extern void generate_documents(RowSet *set);
extern void generate_narrow(RowSet *set);

#endif							/* ROWS_H */
