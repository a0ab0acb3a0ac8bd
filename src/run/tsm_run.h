/*-------------------------------------------------------------------------
 *
 * tsm_run.h
 *	  Public header of the run room: namespaces, the tenant axis that run and
 *	  memory share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_RUN_H
#define TSM_RUN_H

#include "tsm_base.h"

/* A namespace is at most this many bytes long. */
#define TSM_NAMESPACE_MAX_BYTES 512

/* The session's root namespace: the setting tsmem.namespace. */
extern const char *tsm_namespace_root(void);

/*
 * Whether the namespace is the prefix or below it, by whole segments.
 */
extern bool tsm_namespace_covers(const char *prefix, size_t prefix_length,
								 const char *name, size_t name_length);

/*
 * Raises 22023 for a malformed namespace: an empty segment (also by a slash
 * at either end) or more than TSM_NAMESPACE_MAX_BYTES. "" is the root.
 */
extern void tsm_namespace_check(const char *name, size_t length);

/*
 * Whether the current role may see and write the namespace: it is at or below
 * the session's root, and granted. Knows nothing of superusers and owners:
 * ask tsm_namespace_bypass first, or check_enable_rls of a table.
 */
extern bool tsm_namespace_granted(const char *name, size_t length);

/* Whether the current role is bound by no grant (BYPASSRLS, superuser, owner of the grants). */
extern bool tsm_namespace_bypass(void);

/* Whether the current role has any grant. */
extern bool tsm_namespace_any_grant(void);

#endif /* TSM_RUN_H */
