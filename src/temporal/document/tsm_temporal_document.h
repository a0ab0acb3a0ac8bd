/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document.h
 *	  Private to document stores: differences, patches, schemas, the registry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_DOCUMENT_H
#define TSM_TEMPORAL_DOCUMENT_H

#include "tsm_compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/jsonpath.h"
#include "utils/relcache.h"

/* tsm_temporal_document_match.c */

/* One element of a sequence to be compared: a line, or an element of a JSON array. */
typedef struct TsmDiffItem
{
	const char *data;
	int			length;
	int			kind;			/* items of different kinds differ */
} TsmDiffItem;

/* More items a side are not compared one by one. */
#define TSM_DIFF_MAX_ITEMS 1000000

/*
 * Which items of a are not in b and which of b are not in a, so that what is
 * left is a common subsequence: the longest, unless the sequences are too long
 * and too different to find it in bounded time. Neither may have more than
 * TSM_DIFF_MAX_ITEMS. The arrays are palloc'd, with a false one behind the last.
 */
extern void tsm_document_match(const TsmDiffItem *a, int na, const TsmDiffItem *b, int nb,
							   bool **deleted, bool **inserted);

/* tsm_temporal_document_text.c */

/* The difference of two texts in unified format, as of diff -u; empty when they are equal. */
extern void tsm_document_text_diff(StringInfo out, const char *old_text, int old_length,
								   const char *new_text, int new_length, int context,
								   const char *old_label, const char *new_label);

/* 22023 for a negative number of lines of context. */
extern void tsm_document_check_context(int context);

/* The headings of its hunks alone, as a list of C strings. */
extern List *tsm_document_text_hunks(const char *old_text, int old_length, const char *new_text,
									 int new_length);

/* tsm_temporal_document_pointer.c: JSON pointers, RFC 6901. */

/* Append a reference token, escaped, or the number of an element. */
extern void tsm_pointer_add(StringInfo pointer, const char *token, int length);
extern void tsm_pointer_add_number(StringInfo pointer, int number);

/*
 * The next token of a pointer at *place, unescaped and palloc'd, and *place moved behind it; NULL at its end. *malformed
 * is set for what is no pointer.
 */
extern char *tsm_pointer_next(const char **place, const char *end, int *length, bool *malformed);

/* The root of a jsonb as a value: a scalar, or a container (jbvBinary). */
extern void tsm_json_root(Jsonb *json, JsonbValue *value);

/* A value as a jsonb; palloc'd. */
extern Jsonb *tsm_json_of_value(JsonbValue *value);

/* Whether a value is a container of that kind. */
extern bool tsm_json_is_object(const JsonbValue *value);
extern bool tsm_json_is_array(const JsonbValue *value);

/* Whether two values are written alike: 1 and 1.0 are not. */
extern bool tsm_json_same(const JsonbValue *a, const JsonbValue *b);

/* Whether two values are equal: 1 and 1.0 are. */
extern bool tsm_json_equal(JsonbValue *a, JsonbValue *b);

/* The members of an object in the order of jsonb, or the elements of an array (names NULL); palloc'd. */
extern int	tsm_json_contents(const JsonbValue *container, JsonbValue **names, JsonbValue **values);

/* tsm_temporal_document_diff.c */

/*
 * Tell the operations (of RFC 6902: add, remove, replace) that make b of a, in
 * the order in which they are to be applied. The pointer is good during the
 * call; value, NULL for remove, points into b.
 */
typedef void (*TsmJsonEmit) (void *arg, const char *operation, StringInfo pointer, JsonbValue *value);
extern void tsm_document_json_diff(Jsonb *a, Jsonb *b, TsmJsonEmit emit, void *arg);

/* The same as a JSON patch. */
extern Jsonb *tsm_document_json_patch(Jsonb *a, Jsonb *b);

/* tsm_temporal_document_schema.c, tsm_temporal_document_validate.c */

/* Refuse (22023) what is no schema, or has keywords that are not known. */
extern void tsm_schema_check(Jsonb *schema);

/*
 * What of a document does not match a schema that has been checked: NULL when
 * all of it does. pointer gets the place in the document.
 */
extern char *tsm_schema_violation(Jsonb *schema, Jsonb *document, StringInfo pointer);

/* The schema that a $ref of the schema names: false when there is none. */
extern bool tsm_schema_resolve(Jsonb *root, const JsonbValue *reference, JsonbValue *target);

/* tsm_temporal_document_store.c */

typedef struct TsmDocumentStore
{
	Oid			relid;			/* key of the cache */
	bool		valid;
	bool		versioned;		/* still */
	bool		json;			/* or text */
	Jsonb	   *schema;			/* checked; NULL without */
	Oid			history;
	char	   *versions;		/* of tsm_document_versions; NULL when not made yet */
} TsmDocumentStore;

/* The store, kept in the backend; NULL for another table. Good until the next call. */
extern const TsmDocumentStore *tsm_document_find(Oid relid);

/* The same; 42P01 when there is no such table, 42809 when it is no store. */
extern const TsmDocumentStore *tsm_document_store(Oid relid);

/* The same; 55000 when its versioning has been ended. */
extern const TsmDocumentStore *tsm_document_versioned_store(Oid relid);

/* Remove registrations whose table is gone. */
extern void tsm_document_forget_dropped(void);

/* "(SELECT ... UNION ALL SELECT ...) u" of all versions in a store; 55000 as above. Good until the next call. */
extern const char *tsm_document_versions(Oid relid);

/* Number of the column of a store; 55000 when it is not there or of another type. */
extern AttrNumber tsm_document_column(Relation rel, const char *name, Oid type);

/*
 * A column of what a query on a store gave: 55000 when the store was altered so that it is of another type, or null. The
 * second looks at the type alone.
 */
extern Datum tsm_document_value(Oid relid, HeapTuple row, TupleDesc desc, int number, Oid type);
extern void tsm_document_check_type(Oid relid, TupleDesc desc, int number, Oid type);

/* 23514 for a document that does not match the schema. */
extern void tsm_document_check_body(Relation rel, Jsonb *schema, Datum id, bool no_id, Jsonb *body);

/* tsm_temporal_document_read.c */

extern Datum tsm_temporal_find_documents(PG_FUNCTION_ARGS);

/* Whether find_documents reads the table: it is a versioned store of JSON. */
extern bool tsm_document_can_find(Oid store);

/* The query of find_documents: the path is $1, the time, by_time, $2. */
extern char *tsm_document_find_query(Oid store, JsonPath *path, bool by_time);

#endif							/* TSM_TEMPORAL_DOCUMENT_H */
