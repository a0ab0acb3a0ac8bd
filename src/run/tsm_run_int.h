/*-------------------------------------------------------------------------
 *
 * tsm_run_int.h
 *	  Private to the run room.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_RUN_INT_H
#define TSM_RUN_INT_H

#include "tsm_run.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "datatype/timestamp.h"
#include "executor/tuptable.h"
#include "utils/jsonb.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

#include "tsm_bytes.h"

/* A key, a machine's name, a state, a subject: at most so many bytes. */
#define TSM_RUN_NAME_MAX_BYTES 1024

/* Ancestors that a fork reads through, at most. */
#define TSM_RUN_MAX_LINEAGE 1000

#define TSM_RUN_HASH_BYTES 32
#define TSM_RUN_HASH_VERSION 1

/* tsmem.events.body_digest: the digest of the content, then the subject's mark. */
#define TSM_RUN_DIGEST_BYTES (2 * TSM_RUN_HASH_BYTES)

/* tsmem.events.kind */
#define TSM_KIND_EVENT 'e'
#define TSM_KIND_VALUE 'k'
#define TSM_KIND_STATE 's'

/* Columns of tsmem.runs */
enum
{
	Anum_run_id = 1,
	Anum_run_number,
	Anum_run_namespace,
	Anum_run_status,
	Anum_run_parent_id,
	Anum_run_fork_seq,
	Anum_run_base_hash,
	Anum_run_lineage,
	Anum_run_lineage_upto,
};

/* Columns of tsmem.events */
enum
{
	Anum_event_run_number = 1,
	Anum_event_seq,
	Anum_event_at,
	Anum_event_kind,
	Anum_event_key,
	Anum_event_body,
	Anum_event_hash,
	Anum_event_raw,
	Anum_event_body_digest,
	Anum_event_subject,
	Anum_event_snapshot,
	Anum_event_expires_at,
	Anum_event_hash_version,
	Natts_event = Anum_event_hash_version,
};

/*
 * What of the catalogue the direct paths need; see tsm_run_catalog.c.
 * Valid until the next relation is opened: copy what is needed longer.
 */
typedef struct TsmRunCatalog
{
	Oid			runs;
	Oid			runs_by_id;		/* unique index on run_id */
	Oid			runs_by_number; /* unique index on run_number */
	Oid			runs_by_parent; /* index on parent_id where it is not null; or invalid */
	Oid			events;
	Oid			events_by_seq;	/* primary key (run_number, seq) */
	Oid			events_by_key;	/* (run_number, kind, key, seq) where key is not null */
	Oid			machines;
	Oid			machines_by_name;	/* primary key (name, namespace) */
	bool		machines_declared;	/* there are any */
	Oid			owner;			/* of tsmem.events */
	bool		own_policies;	/* no policy on runs or events but tsmem's own */
	bool		direct_read;	/* events has no children, no rules, and both indexes */
	bool		direct_write;	/* and no trigger, constraint, policy or index but tsmem's own */
} TsmRunCatalog;

extern const TsmRunCatalog *tsm_run_catalog(void);

/* One stretch of events: those of a run, or of an ancestor up to where a fork left it. */
typedef struct TsmRunSegment
{
	int64		number;			/* run number */
	int64		after;			/* the last event before it */
	int64		upto;			/* its last event, PG_INT64_MAX for the run's own */
} TsmRunSegment;

typedef struct TsmRun
{
	pg_uuid_t	id;
	int64		number;
	char	   *namespace;		/* palloc'd */
	bool		running;
	char	   *status;			/* palloc'd */
	int64		fork_seq;
	uint8		base_hash[TSM_RUN_HASH_BYTES];
	int			nsegments;		/* at least one: the run's own */
	TsmRunSegment *segments;	/* nearest first; palloc'd */
} TsmRun;

/* tsm_run_find.c */
extern void tsm_run_find(const pg_uuid_t *id, TsmRun *run);
extern void tsm_run_lock(const pg_uuid_t *id, TsmRun *run);
extern void tsm_run_share(const pg_uuid_t *id, TsmRun *run);
extern bool tsm_run_visible(int64 number);
extern bool tsm_run_namespace_of(int64 number, Snapshot snapshot, char **name);
extern void tsm_run_check_write(const char *name);
extern char *tsm_run_id_text(const pg_uuid_t *id);

/* An index scan of tsmem.events with what it holds open. */
typedef struct TsmRunProbe
{
	Relation	table;
	Relation	index;
	TupleTableSlot *slot;
	IndexScanDesc scan;
} TsmRunProbe;

/* tsm_run_probe.c */
extern void tsm_run_probe_open(TsmRunProbe *probe, bool by_key, Snapshot snapshot, int nkeys,
							   LOCKMODE lock);
extern void tsm_run_probe_close(TsmRunProbe *probe);
extern bool tsm_run_probe_last(TsmRunProbe *probe, int64 number, int64 from, int64 upto);
extern bool tsm_run_probe_key(TsmRunProbe *probe, int64 number, char kind, text *key, int64 from,
							  int64 upto);
extern bool tsm_run_latest(const TsmRun *run, char kind, text *key, int64 from, int64 upto,
						   Snapshot snapshot, TsmRunProbe *probe);
extern TimestampTz tsm_run_moment(const TsmRun *run, bool now, int64 upto);

/* The content of an event, and what hashing it yields. */
typedef struct TsmRunEvent
{
	char		kind;
	text	   *key;			/* or NULL */
	Jsonb	   *body;			/* or NULL */
	bytea	   *raw;			/* or NULL */
	text	   *subject;		/* or NULL */
	text	   *snapshot;		/* or NULL */
	Interval   *ttl;			/* time to live, or NULL */
	/* given by the append */
	bool		expires;
	TimestampTz expires_at;
	int64		seq;
	TimestampTz at;
	bool		marked;			/* about a subject, also where its name was erased */
	uint8		digest[TSM_RUN_HASH_BYTES];
	uint8		mark[TSM_RUN_HASH_BYTES];	/* of the subject, if marked */
	uint8		hash[TSM_RUN_HASH_BYTES];
} TsmRunEvent;

/* The end of a run's chain. */
typedef struct TsmRunHead
{
	int64		seq;
	TimestampTz at;
	uint8		hash[TSM_RUN_HASH_BYTES];
} TsmRunHead;

/*
 * Asked under the run's lock, before anything is written, with a snapshot that
 * sees everything committed. False gives the append up.
 */
typedef bool (*TsmRunGuard) (const TsmRun *run, void *argument);

/* tsm_run_append.c */
extern bool tsm_run_append(const pg_uuid_t *id, TsmRunEvent *events, int count, TsmRunGuard guard,
						   void *argument);

/* tsm_run_preimage.c: kernel, free of palloc and ereport */
typedef struct TsmRunPreimage
{
	const uint8_t *previous;	/* TSM_RUN_HASH_BYTES */
	const uint8_t *run_id;		/* 16 bytes */
	int64_t		seq;
	int64_t		at;
	char		kind;
	const char *key;			/* or NULL */
	size_t		key_length;
	const char *snapshot;		/* or NULL */
	size_t		snapshot_length;
	bool		expires;
	int64_t		expires_at;
	const uint8_t *mark;		/* of the subject, TSM_RUN_HASH_BYTES; or NULL */
	const uint8_t *digest;		/* TSM_RUN_HASH_BYTES */
} TsmRunPreimage;

#define TSM_RUN_PREIMAGE_FIXED 158	/* bytes of a preimage without key and snapshot, at most */
extern void tsm_run_write_preimage(TsmWriter *writer, const TsmRunPreimage *preimage);
extern void tsm_run_write_length(TsmWriter *writer, bool present, size_t length);

/* tsm_run_hash.c */
extern void tsm_run_sha256(const void *bytes, size_t length, uint8 *digest);
extern void tsm_run_digest(const TsmRunEvent *event, const uint8 *hmac_key, uint8 *digest);
extern void tsm_run_mark(text *subject, const uint8 *hmac_key, uint8 *mark);
extern void tsm_run_hash_event(const uint8 *previous, const pg_uuid_t *run_id, TsmRunEvent *event);
extern bool tsm_run_subject_key(const char *name, text *subject, bool create, uint8 *hmac_key);
extern uint8 *tsm_run_all_marks(const char *name, uint64 *count);

/* tsm_run_fold.c */
typedef struct TsmRunEntry
{
	text	   *key;
	bool		present;		/* neither deleted nor expired */
	Jsonb	   *value;			/* NULL when values were not asked for */
	int64		version;		/* place of the event that set it */
	int			depth;			/* segment of that event */
} TsmRunEntry;

extern TsmRunEntry *tsm_run_fold(const TsmRun *run, text *prefix, int64 upto, TimestampTz moment,
								 bool values, int *count);

/* tsm_run_machine.c */
extern void tsm_run_check_transition(const TsmRun *run, text *machine, text *from, text *to);
extern void tsm_run_check_transitions(Jsonb *transitions);
extern Jsonb *tsm_run_state_body(text *state);
extern text *tsm_run_body_state(Jsonb *body);

/* tsm_run_lifecycle.c */
extern void tsm_run_begin(const pg_uuid_t *id, const char *name, Datum metadata,
						  bool metadata_isnull, Datum tags, bool tags_isnull);
extern void tsm_run_end(const pg_uuid_t *id, const char *status);
extern void tsm_run_fork(const pg_uuid_t *id, const pg_uuid_t *child, bool last, int64 at_seq,
						 Datum metadata, bool metadata_isnull);
extern void tsm_run_check_deleted(const pg_uuid_t *id, int64 number);

/* tsm_run_verify.c */
typedef struct TsmRunVerdict
{
	bool		ok;
	int64		first_bad_seq;	/* when not ok */
	const char *reason;			/* when not ok */
	uint8		head[TSM_RUN_HASH_BYTES];	/* hash of the last good event */
} TsmRunVerdict;

extern void tsm_run_verify(const pg_uuid_t *id, TsmRunVerdict *verdict);

/* tsm_run_sql.c: SPI as the owner of the tables, after the caller has checked */
typedef struct TsmRunOwner
{
	Oid			user;
	int			context;
	bool		switched;
} TsmRunOwner;

extern void tsm_run_become_owner(TsmRunOwner *saved);
extern void tsm_run_become_caller(const TsmRunOwner *saved);
extern struct _SPI_plan *tsm_run_plan(struct _SPI_plan **plan, const char *query, int nargs,
									  Oid *argtypes);

#endif /* TSM_RUN_INT_H */
