/*-------------------------------------------------------------------------
 *
 * tsm_memory_int.h
 *	  Private to the room "memory".
 *
 *-------------------------------------------------------------------------
 */
#ifndef TSM_MEMORY_INT_H
#define TSM_MEMORY_INT_H

#include "tsm_compat.h"

#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

/* ---- the filter language (tsm_memory_filter.c) ---- */

/* and, or, not may be nested so deep. */
#define TSM_FILTER_MAX_DEPTH 32

/* So many values and keys in one filter. */
#define TSM_FILTER_MAX_OPERANDS 1000

/* Bytes of the jsonb value. */
#define TSM_FILTER_MAX_BYTES (256 * 1024)

/* Keys from the top of metadata down to a value. */
#define TSM_FILTER_MAX_PATH 8

/*
 * A filter as an SQL predicate over the columns of tsmem.memory under the
 * alias m. No byte of the filter gets into "predicate": it is put together
 * from constants, and refers to values and keys as elements of the parameter
 * $<parameter>, of type jsonb[], whose elements are "operands".
 */
typedef struct TsmFilter
{
	char	   *predicate;
	ArrayType  *operands;
} TsmFilter;

/*
 * Compile, into the current memory context.
 * ERROR 22023 for a filter that is none, a value that is none of its column's
 * type included; the message names the place, as "$.and[1].eq[0]". ERROR 54000
 * for one over a limit, with the place in its context.
 */
extern TsmFilter tsm_filter_compile(const Jsonb *filter, int parameter);

/* The owner of a function; of one of ours: the owner of the extension. */
extern Oid	tsm_memory_function_owner(Oid function);

/* ---- recall ---- */

/* Limits of the arguments. */
#define TSM_RECALL_MAX_K 1000
#define TSM_RECALL_MAX_CANDIDATES 10000

/* The constant of reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009). */
#define TSM_RECALL_RRF_K 60

/* Recency decay takes no memory below this part of its score. */
#define TSM_RECALL_DECAY_FLOOR 0.1

/* Candidates an arm takes: TSM_RECALL_CANDIDATES_PER_K * k, and not below the collection's setting. */
#define TSM_RECALL_CANDIDATES_PER_K 4

typedef enum TsmArm
{
	TSM_ARM_TEXT = 0,
	TSM_ARM_VECTOR,
	TSM_ARM_SPACE,
	TSM_ARM_TIME,
	TSM_ARM_IMPORTANCE,
} TsmArm;

#define TSM_ARM_COUNT (TSM_ARM_IMPORTANCE + 1)

extern const char *const tsm_arm_names[TSM_ARM_COUNT];

/*
 * Where a page ended. Text form, for recall's column "cursor":
 * r1.<arguments>.<candidates>.<reference>.<position>.<score>.<memory_id>.<namespace>,
 * numbers in hexadecimal, the score as the bits of its float8.
 */
typedef struct TsmRecallCursor
{
	uint32		arguments;		/* hash of the arguments that a next page must repeat */
	int32		candidates;		/* candidates an arm takes */
	TimestampTz reference;		/* what ages are counted from */
	int64		position;		/* results up to here, this one included */
	float8		score;
	pg_uuid_t	memory_id;
	const char *namespace_name;
} TsmRecallCursor;

extern char *tsm_recall_cursor_print(const TsmRecallCursor *cursor);

/* false when the text is no cursor. The cursor points into the text. */
extern bool tsm_recall_cursor_parse(const char *text, TsmRecallCursor *cursor);

/* What one call of recall asks for; everything that the shape of its query depends on. */
typedef struct TsmRecall
{
	int			collection_id;
	const char *metric;			/* the operator's name, "<=>" ... */
	const char *namespace_root;	/* "" for all */
	bool		arm[TSM_ARM_COUNT];		/* takes part */
	bool		bring[TSM_ARM_COUNT];	/* brings candidates (the others only rank them) */
	double		weight[TSM_ARM_COUNT];
	bool		has_within;
	bool		has_valid_at;
	bool		has_system_at;
	bool		has_decay;
	bool		has_after;
	bool		diverse;		/* return the whole pool with embeddings */
	const char *filter;			/* predicate, or NULL */
} TsmRecall;

/* Parameters of the query, all of them declared whether the shape uses them or not. */
typedef enum TsmRecallParameter
{
	TSM_P_TSQUERY = 1,
	TSM_P_EMBEDDING,
	TSM_P_NEAR,
	TSM_P_WITHIN,
	TSM_P_VALID_AT,
	TSM_P_SYSTEM_AT,
	TSM_P_OPERANDS,
	TSM_P_LIMIT,				/* rows of the page */
	TSM_P_CANDIDATES,
	TSM_P_NAMESPACE,
	TSM_P_REFERENCE,
	TSM_P_HALF_LIFE,			/* seconds */
	TSM_P_WEIGHTS,
	TSM_P_AFTER_SCORE,
	TSM_P_AFTER_ID,
	TSM_P_AFTER_NAMESPACE,
} TsmRecallParameter;

#define TSM_P_COUNT TSM_P_AFTER_NAMESPACE

/*
 * The text of the query (tsm_memory_query.c): columns memory_id, content,
 * metadata, valid_at, score and the ranks of the arms in the order of TsmArm,
 * then namespace and, when diverse, embedding; best first.
 */
extern char *tsm_recall_query(const TsmRecall *recall);

/*
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), greedy:
 * order[0 .. wanted) are the indexes of the results, best first. Each next one
 * is the largest (1 - diversity) * score / best score - diversity * (largest
 * cosine with one already chosen); a candidate without a vector is like no
 * other. Ties go to the lower index.
 */
extern void tsm_diversify(int candidates, const double *scores,
						  const float *const *vectors, int dimensions,
						  double diversity, int wanted, int *order);

#endif							/* TSM_MEMORY_INT_H */
