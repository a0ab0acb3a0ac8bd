/*-------------------------------------------------------------------------
 *
 * tsm_compat.h
 *	  The only place that knows which server version it is compiled for.
 *
 * Supported: PostgreSQL 15 to 18. A name that a newer server brings is given
 * to the older ones here, so that the rooms are written for the newest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_COMPAT_H
#define TSM_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "tsmem supports PostgreSQL 15 to 18"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#else
/* Soft errors came with 16: before, every error is raised. */
#define errsave(context, ...) \
	do { \
		(void) (context); \
		ereport_domain(ERROR, TEXTDOMAIN, __VA_ARGS__); \
	} while (0)
#define ereturn(context, result, ...) \
	do { \
		errsave(context, __VA_ARGS__); \
		return result; \
	} while (0)
#endif

#endif /* TSM_COMPAT_H */
