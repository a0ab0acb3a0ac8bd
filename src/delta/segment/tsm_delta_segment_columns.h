/*-------------------------------------------------------------------------
 *
 * tsm_delta_segment_columns.h
 *	  Private to segment/: the layout of tsmem.segment_columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_SEGMENT_COLUMNS_H
#define TSM_DELTA_SEGMENT_COLUMNS_H

#include "access/htup.h"

#include "tsm_delta_segment.h"

#define SEGMENT_COLUMNS			"segment_columns"
#define SEGMENT_COLUMNS_PKEY	"segment_columns_pkey"
#define Anum_columns_history	1
#define Anum_columns_schema_id	2
#define Anum_columns_number		3
#define Anum_columns_name		4
#define Anum_columns_kind		5
#define Anum_columns_length		6
#define Anum_columns_types		7
#define Anum_columns_typmods	8
#define Anum_columns_missing	9
#define Anum_columns_encoding	10
#define Natts_columns			10

#define KIND_TEXT		"text"	/* bytes that are the text of a value */
#define KIND_MISSING	"missing"	/* in no block of the schema */

/* One row of tsmem.segment_columns. */
typedef struct TsmSegmentColumnRow
{
	int32		schema_id;
	int32		number;
	char	   *name;			/* NULL when it was dropped */
	char	   *kind;
	int32		length;
	int			ntypes;
	Oid		   *types;			/* with room for one more */
	int32	   *typmods;
	char	   *missing;		/* text of the value of versions without it, or NULL */
	char	   *encoding;		/* of the database that wrote it */
} TsmSegmentColumnRow;

/* XX001 for a row that tsmem has not written. */
extern TsmSegmentColumnRow *tsm_segment_column_row(HeapTuple tuple, TupleDesc desc);

/* The columns of all schemas of a history, in order; those of one schema for a schema_id other than 0. */
extern List *tsm_segment_column_rows(Relation rel, Oid history, uint32 schema_id);

/* The type below the domains of a column of a history. */
extern Oid	tsm_segment_type_of_column(TupleDesc desc, AttrNumber column, int32 *typmod);

/* Put the encoding of this database, and types and modifiers, into the values of a row. */
extern void tsm_segment_set_encoding(Datum *values);
extern void tsm_segment_set_types(Datum *values, int ntypes, const Oid *types, const int32 *typmods);

#endif							/* TSM_DELTA_SEGMENT_COLUMNS_H */
