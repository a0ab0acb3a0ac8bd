/*-------------------------------------------------------------------------
 *
 * tsm_delta_inspect.h
 *	  Private to inspection: the versions of an entity, and where they lie.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_DELTA_INSPECT_H
#define TSM_DELTA_INSPECT_H

#include "tsm_delta_segment.h"

#include "nodes/execnodes.h"

/* ---- tsm_delta_chain_spot.c: where the folded versions of a key lie ---- */

/* A version in a segment. */
typedef struct TsmChainSpot
{
	TimestampTz start;
	TimestampTz end;
	uint64		start_xid;
	uint64		end_xid;
	uint64		hash;			/* of its values, as blocks that are written now would have them */
	ItemPointerData segment;
	int32		frame;
	int64		bytes_stored;	/* its share */
	bool		taken;
} TsmChainSpot;

typedef struct TsmChainSpots
{
	TsmSegmentMap *map;
	TsmCodecValue *values;		/* room for a version */
	TsmChainSpot *spots;		/* in the order of their first four fields */
	int64		count;
	int64		room;
} TsmChainSpots;

/*
 * Find the folded versions that have a key, those of other entities with its
 * hash included. Reads by the active snapshot, as the current user.
 */
extern void tsm_inspect_find_spots(TsmChainSpots *spots, Oid segments, int64 key);

/* The spot of a version of the history, which no other version gets then; NULL where there is none. */
extern TsmChainSpot *tsm_inspect_take_spot(TsmChainSpots *spots, TupleTableSlot *version);

/* ---- tsm_delta_chain.c: the versions of an entity ---- */

typedef enum TsmChainPlace
{
	TSM_CHAIN_CURRENT,
	TSM_CHAIN_TAIL,
	TSM_CHAIN_SEGMENT
} TsmChainPlace;

/* A version, as chain gives it. */
typedef struct TsmChainLine
{
	int64		number;			/* from 1 */
	TimestampTz start;
	TimestampTz end;			/* infinity for a current row */
	TsmChainPlace place;
	ItemPointerData segment;	/* these two of versions in segments */
	int32		frame;
	int64		bytes_raw;
	int64		bytes_stored;
	List	   *changed;		/* names of columns, unless it is the first */
} TsmChainLine;

typedef void (*TsmChainReceiver) (const TsmChainLine *line, void *arg);

/*
 * Give the versions of an entity to receive, oldest first; gives the text of
 * its key. Read by the active snapshot with the rights of the current user.
 * Errors: 42501, 55000, 22023, XX001.
 */
extern char *tsm_inspect_chain(Oid rel, Jsonb *key, TsmChainReceiver receive, void *arg);

extern const char *tsm_inspect_place_name(TsmChainPlace place);

/* ---- tsm_delta_verify.c ---- */

/* A zone of the segment at hand. */
typedef struct TsmVerifyZone
{
	int			place;
	TsmSegmentZone zone;
	TsmSegmentZoneType type;
} TsmVerifyZone;

/* The verification of a table, as tsm_delta_as_owner hands it on. */
typedef struct TsmVerifyCall
{
	TsmVersionedTable *table;
	TsmSegmentStore store;
	ReturnSetInfo *result;
	bool		with_rel;		/* the result names the table */
	TsmSegmentMap *map;
	TsmSegmentWalk *walk;
	TsmSegmentTable segments;
	TupleTableSlot *slot;		/* of the segments */
	TsmSegment	segment;		/* the one at hand */
	int			nzones;
	TsmVerifyZone zones[TSM_SEGMENT_MAX_ZONES + 1];
	TupleTableSlot *version;
	MemoryContext row_context;
	bool		any;			/* a version was seen */
	TsmCodecRow last;			/* head of the last version */
	bool		disordered;		/* versions are not in the order of their segments */
	bool		unreadable;		/* some segment cannot be read */
} TsmVerifyCall;

/* A problem that is not of one segment. */
extern void tsm_inspect_report(TsmVerifyCall *call, const char *problem);

/*
 * Run act(call) in a subtransaction. False where it raised an error, with its message;
 * errors that are no problems of data (cancel, shutdown, lack of resources) go on.
 */
extern bool tsm_inspect_attempt(TsmVerifyCall *call, void (*act) (TsmVerifyCall *call), char **problem);

/* ---- tsm_delta_verify_overlap.c ---- */

/* Report versions of a key that were there together. The table has disjoint keys. */
extern void tsm_inspect_verify_overlaps(TsmVerifyCall *call);

#endif							/* TSM_DELTA_INSPECT_H */
