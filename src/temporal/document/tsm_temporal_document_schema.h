/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_schema.h
 *	  Private to document stores: the keywords of JSON Schema that are known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_DOCUMENT_SCHEMA_H
#define TSM_TEMPORAL_DOCUMENT_SCHEMA_H

#include "tsm_compat.h"

#include "utils/jsonb.h"

/* Those that a document is checked by, then the others. */
typedef enum TsmSchemaKeyword
{
	TSM_SCHEMA_TYPE,
	TSM_SCHEMA_ENUM,
	TSM_SCHEMA_CONST,
	TSM_SCHEMA_MINIMUM,
	TSM_SCHEMA_MAXIMUM,
	TSM_SCHEMA_EXCLUSIVE_MINIMUM,
	TSM_SCHEMA_EXCLUSIVE_MAXIMUM,
	TSM_SCHEMA_MULTIPLE_OF,
	TSM_SCHEMA_MIN_LENGTH,
	TSM_SCHEMA_MAX_LENGTH,
	TSM_SCHEMA_PATTERN,
	TSM_SCHEMA_MIN_ITEMS,
	TSM_SCHEMA_MAX_ITEMS,
	TSM_SCHEMA_UNIQUE_ITEMS,
	TSM_SCHEMA_ITEMS,
	TSM_SCHEMA_MIN_PROPERTIES,
	TSM_SCHEMA_MAX_PROPERTIES,
	TSM_SCHEMA_REQUIRED,
	TSM_SCHEMA_PROPERTIES,
	TSM_SCHEMA_ADDITIONAL_PROPERTIES,
	TSM_SCHEMA_ALL_OF,
	TSM_SCHEMA_ANY_OF,
	TSM_SCHEMA_ONE_OF,
	TSM_SCHEMA_NOT,
	TSM_SCHEMA_REF,
	TSM_SCHEMA_CHECKS,			/* how many there are */
	TSM_SCHEMA_DEFINITIONS,		/* schemas by name, for $ref */
	TSM_SCHEMA_IDENTITY,		/* $schema, $id: at the root only */
	TSM_SCHEMA_ANNOTATION,
	TSM_SCHEMA_UNKNOWN
} TsmSchemaKeyword;

extern TsmSchemaKeyword tsm_schema_keyword(const JsonbValue *name);

/* What JSON Schema calls the type of a value; "number" for all numbers. */
extern const char *tsm_schema_type_name(const JsonbValue *value);

/* Whether a number has no fraction. */
extern bool tsm_schema_is_integer(Numeric number);

/* A pattern as a regular expression of the server, and how it is matched. */
extern text *tsm_schema_pattern(const JsonbValue *pattern);
#define TSM_SCHEMA_PATTERN_FLAGS	(REG_ADVANCED | REG_NOSUB)

#endif							/* TSM_TEMPORAL_DOCUMENT_SCHEMA_H */
