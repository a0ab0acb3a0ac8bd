/*-------------------------------------------------------------------------
 *
 * tsm_delta_worker.h
 *	  Private to delta: maintenance in the background.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_WORKER_H
#define TSM_DELTA_WORKER_H

#include "tsm_compat.h"

/* Define the settings, and register the launcher where the library is preloaded. */
extern void tsm_delta_worker_load(void);

/* Whether the library was preloaded, so that there is a launcher. */
extern bool tsm_delta_worker_registered(void);

/*
 * What maintain does, for the tables with the option worker. Not in a
 * procedure: a transaction with a snapshot is under way before and after, and
 * others in between.
 */
extern void tsm_delta_maintain_marked(void);

/* What the processes run. */
pg_noreturn extern PGDLLEXPORT void tsm_delta_launcher_main(Datum main_arg);
pg_noreturn extern PGDLLEXPORT void tsm_delta_worker_main(Datum main_arg);

#endif							/* TSM_DELTA_WORKER_H */
