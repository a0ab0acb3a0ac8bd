/*-------------------------------------------------------------------------
 *
 * tsm_delta_int.h
 *	  Private to delta: the layout of tsmem.versioned_tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_INT_H
#define TSM_DELTA_INT_H

#include "tsm_delta.h"

#define TSM_REGISTRY			"versioned_tables"
#define TSM_REGISTRY_PKEY		"versioned_tables_pkey"
#define TSM_REGISTRY_HISTORY	"versioned_tables_history_key"

/* Attribute numbers, in the order of sql/delta.sql. */
#define Anum_registry_rel				1
#define Anum_registry_history			2
#define Anum_registry_versions			3
#define Anum_registry_functions			4
#define Anum_registry_key_columns		5
#define Anum_registry_disjoint_keys		6
#define Anum_registry_excluded_columns	7
#define Anum_registry_added_columns		8
#define Anum_registry_options			9
#define Anum_registry_since				10
#define Anum_registry_system_identifier	11
#define Anum_registry_horizon			12
#define Anum_registry_horizon_xid		13
#define Natts_registry					13

/* The triggers that keep history read-only. */
#define TSM_PROTECT_TRIGGER		"~tsmem_protect"
#define TSM_PROTECT_ROW_TRIGGER	"~tsmem_protect_row"

/* Remove registrations whose table is gone. */
extern void tsm_delta_forget_dropped(void);

#endif							/* TSM_DELTA_INT_H */
