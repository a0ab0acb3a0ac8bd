/*-------------------------------------------------------------------------
 *
 * tsm_temporal_document_plan.h
 *	  Private to document stores: kept plans, and reading versions with them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_TEMPORAL_DOCUMENT_PLAN_H
#define TSM_TEMPORAL_DOCUMENT_PLAN_H

#include "tsm_compat.h"

#include "executor/spi.h"

/* What a kept plan is for. */
typedef enum TsmDocumentPlanKind
{
	TSM_DOCUMENT_GET,
	TSM_DOCUMENT_GET_AS_OF,
	TSM_DOCUMENT_GET_VERSION,
	TSM_DOCUMENT_GET_BEFORE,
	TSM_DOCUMENT_HISTORY,
	TSM_DOCUMENT_LOOK,
	TSM_DOCUMENT_INSERT,
	TSM_DOCUMENT_INSERT_ANYWAY,
	TSM_DOCUMENT_UPDATE,
	TSM_DOCUMENT_DELETE,
	TSM_DOCUMENT_NUMBER
} TsmDocumentPlanKind;

/*
 * The kept plan of a query on a store, made anew when the text is another than
 * the last of its kind. Within SPI; good until the next call.
 */
extern SPIPlanPtr tsm_document_plan(Oid relid, TsmDocumentPlanKind kind, const char *query,
									int nargs, Oid *types);

#endif							/* TSM_TEMPORAL_DOCUMENT_PLAN_H */
