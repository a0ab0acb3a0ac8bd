/*-------------------------------------------------------------------------
 *
 * tsm_memory_query.c
 *	  The SQL of one recall.
 *
 * The text depends on the shape of the call only (which arms, which bounds,
 * which filter operators): every value is a parameter, so that the plan of a
 * shape can be kept. It runs with search_path pg_catalog, tsmem.
 *
 *	  <arm>		the first $candidates of each arm that brings some
 *	  pool		their union, with the rank in each arm
 *	  ranked	the pool's rows, ranked by the arms that only order
 *	  scored	sum of weight / (60 + rank), times the recency decay
 *	  page		what follows the cursor
 *	  tail		matching rows beyond every arm's candidates, without ranks, of
 *				score 0 (every other row has more)
 *
 * Diverse recalls find their pages again from the first one on: page is the
 * whole pool, $limit counts the results before the page too, and the cursor
 * bounds neither.
 *
 * Every order ends in memory_id and namespace, which together are the key, so
 * that a result is deterministic. Two namespaces may have the same memory_id.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tsm_memory_int.h"

/* A memory of unknown importance is of the middle one: neither is better than being known. */
#define IMPORTANCE(alias) "coalesce(" alias ".importance, 0.5)"

/* How an arm finds and orders. */
typedef struct ArmText
{
	const char *condition;		/* the rows that it ranks */
	const char *key;			/* an expression to order by; %s: the metric's operator */
	const char *key_order;
	const char *second_key;
	const char *second_order;
} ArmText;

static const ArmText arm_text[TSM_ARM_COUNT] = {
	[TSM_ARM_TEXT] = {"m.tsv @@ $1", "ts_rank(m.tsv, $1, 1)", "DESC", "0", ""},
	[TSM_ARM_VECTOR] = {"m.embedding IS NOT NULL", "m.embedding %s $2", "", "0", ""},
	[TSM_ARM_SPACE] = {"(m.location |=| $3) IS NOT NULL", "m.location |=| $3", "", "0", ""},
	[TSM_ARM_TIME] = {"true", "lower(m.valid_at)", "DESC NULLS LAST", "upper(m.valid_at)", "NULLS LAST"},
	[TSM_ARM_IMPORTANCE] = {"true", IMPORTANCE("m"), "DESC", "0", ""},
};

static void
append_source(StringInfo sql, const TsmRecall *recall)
{
	appendStringInfo(sql, " FROM %s m WHERE m.collection_id = %d",
					 recall->has_system_at ? "tsmem.memory_as_of($6)" : "tsmem.memory",
					 recall->collection_id);
}

/* FROM and WHERE: the memories that the bounds and the filter leave. */
static void
append_matching(StringInfo sql, const TsmRecall *recall)
{
	append_source(sql, recall);
	if (recall->namespace_root[0] != '\0')
		appendStringInfoString(sql, " AND (m.namespace = $10 OR"
							   " (m.namespace >= $10 || '/' AND m.namespace < $10 || '0'))");
	if (recall->has_valid_at)
		appendStringInfoString(sql, " AND m.valid_at @> $5");
	if (recall->has_within)
		appendStringInfoString(sql, " AND m.location && expand($3, $4) AND (m.location |=| $3) <= $4");
	appendStringInfo(sql, " AND (m.expires_at IS NULL OR m.expires_at > %s)",
					 recall->has_system_at ? "$6" : "now()");
	if (recall->filter != NULL)
		appendStringInfo(sql, " AND %s", recall->filter);
}

/* One arm: (memory_id, namespace, rank), the best $candidates. */
static void
append_arm(StringInfo sql, const TsmRecall *recall, TsmArm arm)
{
	const ArmText *text = &arm_text[arm];

	appendStringInfo(sql, "%s_arm AS (SELECT a.memory_id, a.namespace, row_number() OVER"
					 " (ORDER BY a.key %s, a.second_key %s, a.memory_id, a.namespace) AS rank"
					 " FROM (SELECT m.memory_id, m.namespace, ",
					 tsm_arm_names[arm], text->key_order, text->second_order);
	appendStringInfo(sql, text->key, recall->metric);
	appendStringInfo(sql, " AS key, %s AS second_key", text->second_key);
	append_matching(sql, recall);
	appendStringInfo(sql, " AND %s ORDER BY key %s, second_key %s, m.memory_id, m.namespace LIMIT $9) a),\n",
					 text->condition, text->key_order, text->second_order);
}

/* The union of the arms' candidates, with the rank in each. */
static void
append_pool(StringInfo sql, const TsmRecall *recall)
{
	const char *separator = "";
	int			arm;
	int			column;

	appendStringInfoString(sql, "pool AS MATERIALIZED (SELECT u.memory_id, u.namespace");
	for (column = TSM_ARM_TEXT; column <= TSM_ARM_SPACE; column++)
		appendStringInfo(sql, ", min(u.%s_rank) AS %s_rank", tsm_arm_names[column], tsm_arm_names[column]);
	appendStringInfoString(sql, " FROM (");
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
	{
		if (!recall->bring[arm])
			continue;
		appendStringInfo(sql, "%sSELECT a.memory_id, a.namespace", separator);
		for (column = TSM_ARM_TEXT; column <= TSM_ARM_SPACE; column++)
			appendStringInfo(sql, ", %s AS %s_rank", column == arm ? "a.rank" : "NULL::int8",
							 tsm_arm_names[column]);
		appendStringInfo(sql, " FROM %s_arm a", tsm_arm_names[arm]);
		separator = " UNION ALL ";
	}
	if (*separator == '\0')
		appendStringInfoString(sql, "SELECT NULL::uuid AS memory_id, NULL::text AS namespace, NULL::int8 AS text_rank,"
							   " NULL::int8 AS vector_rank, NULL::int8 AS space_rank WHERE false");
	appendStringInfoString(sql, ") u GROUP BY u.memory_id, u.namespace),\n");
}

/* The rows of the pool, ranked by time and importance among themselves. */
static void
append_ranked(StringInfo sql, const TsmRecall *recall)
{
	appendStringInfoString(sql, "ranked AS (SELECT m.memory_id, m.namespace, m.content, m.metadata, m.valid_at,"
						   " m.row_start, m.embedding, p.text_rank, p.vector_rank, p.space_rank, ");
	if (recall->arm[TSM_ARM_TIME])
		appendStringInfoString(sql, "row_number() OVER (ORDER BY lower(m.valid_at) DESC NULLS LAST,"
							   " upper(m.valid_at) NULLS LAST, m.memory_id, m.namespace) AS time_rank, ");
	else
		appendStringInfoString(sql, "NULL::int8 AS time_rank, ");
	if (recall->arm[TSM_ARM_IMPORTANCE])
		appendStringInfoString(sql, "rank() OVER (ORDER BY " IMPORTANCE("m") " DESC) AS importance_rank");
	else
		appendStringInfoString(sql, "NULL::int8 AS importance_rank");
	appendStringInfo(sql, " FROM pool p JOIN %s m ON m.memory_id = p.memory_id"
					 " AND m.namespace = p.namespace AND m.collection_id = %d),\n",
					 recall->has_system_at ? "tsmem.memory_as_of($6)" : "tsmem.memory",
					 recall->collection_id);
}

static void
append_scored(StringInfo sql, const TsmRecall *recall)
{
	int			arm;

	appendStringInfoString(sql, "scored AS (SELECT r.*, (0::float8");
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
	{
		if (!recall->arm[arm])
			continue;
		appendStringInfo(sql, " + coalesce(($13)[%d] / (%d + r.%s_rank), 0)",
						 arm + 1, TSM_RECALL_RRF_K, tsm_arm_names[arm]);
	}
	appendStringInfoChar(sql, ')');
	if (recall->has_decay)

		/*
		 * Half-lives beyond 16 are far below the floor and would underflow.
		 * An unbounded validity says nothing of age; the row's does. Seconds,
		 * as an interval cannot hold the longest age.
		 */
		appendStringInfo(sql, " * greatest(%g::float8, power(0.5::float8, least(16, greatest(0,"
						 " (date_part('epoch', $11) - date_part('epoch', coalesce(CASE WHEN isfinite(lower(r.valid_at))"
						 " THEN lower(r.valid_at) END, r.row_start))) / $12))))",
						 TSM_RECALL_DECAY_FLOOR);
	appendStringInfoString(sql, " AS score FROM ranked r)");
}

/* What a result row has, from "alias". */
static void
append_columns(StringInfo sql, const char *alias)
{
	appendStringInfo(sql, "SELECT %s.memory_id, %s.content, %s.metadata, %s.valid_at,",
					 alias, alias, alias, alias);
}

static void
append_page(StringInfo sql, const TsmRecall *recall)
{
	int			arm;

	appendStringInfoString(sql, ",\npage AS MATERIALIZED (");
	append_columns(sql, "s");
	appendStringInfoString(sql, " s.score");
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
		appendStringInfo(sql, ", s.%s_rank", tsm_arm_names[arm]);
	appendStringInfoString(sql, ", s.namespace");
	if (recall->diverse)
		appendStringInfoString(sql, ", s.embedding");
	appendStringInfoString(sql, " FROM scored s");
	if (recall->has_after && !recall->diverse)
		appendStringInfoString(sql, " WHERE s.score < $14 OR"
							   " (s.score = $14 AND (s.memory_id, s.namespace) > ($15, $16))");
	appendStringInfoString(sql, " ORDER BY s.score DESC, s.memory_id, s.namespace");
	if (!recall->diverse)
		appendStringInfoString(sql, " LIMIT $8");
	appendStringInfoChar(sql, ')');
}

/* Rows that an arm matches beyond its candidates; read only when the page is not full. */
static void
append_tail(StringInfo sql, const TsmRecall *recall, bool retrieving)
{
	const char *separator = "";
	int			arm;

	appendStringInfoString(sql, ",\ntail AS (");
	append_columns(sql, "m");
	appendStringInfoString(sql, " 0::float8 AS score");
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
		appendStringInfo(sql, ", NULL::int8 AS %s_rank", tsm_arm_names[arm]);
	appendStringInfoString(sql, ", m.namespace");
	if (recall->diverse)
		appendStringInfoString(sql, ", m.embedding");
	append_matching(sql, recall);
	if (retrieving)
	{
		appendStringInfoString(sql, " AND (");
		for (arm = TSM_ARM_TEXT; arm <= TSM_ARM_SPACE; arm++)
		{
			if (!recall->bring[arm])
				continue;
			appendStringInfo(sql, "%s%s", separator, arm_text[arm].condition);
			separator = " OR ";
		}
		appendStringInfoChar(sql, ')');
	}
	appendStringInfoString(sql, " AND NOT EXISTS (SELECT FROM pool p WHERE p.memory_id = m.memory_id"
						   " AND p.namespace = m.namespace)");
	if (recall->has_after && !recall->diverse)
		appendStringInfoString(sql, " AND ($14 > 0 OR (m.memory_id, m.namespace) > ($15, $16))");
	appendStringInfoString(sql, " ORDER BY m.memory_id, m.namespace LIMIT (SELECT greatest(0, $8 - count(*)) FROM page))");
}

char *
tsm_recall_query(const TsmRecall *recall)
{
	StringInfoData sql;
	bool		retrieving = recall->bring[TSM_ARM_TEXT] || recall->bring[TSM_ARM_VECTOR] ||
		recall->bring[TSM_ARM_SPACE];
	int			arm;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "WITH ");
	for (arm = 0; arm < TSM_ARM_COUNT; arm++)
	{
		if (recall->bring[arm])
			append_arm(&sql, recall, (TsmArm) arm);
	}
	append_pool(&sql, recall);
	append_ranked(&sql, recall);
	append_scored(&sql, recall);
	append_page(&sql, recall);

	/* On a first page every arm gives k rows or all it has; only then can rows be left over. */
	if (recall->has_after || !retrieving)
	{
		append_tail(&sql, recall, retrieving);
		appendStringInfoString(&sql, "\nSELECT * FROM (SELECT * FROM page UNION ALL SELECT * FROM tail) t"
							   " ORDER BY t.score DESC, t.memory_id, t.namespace");
	}
	else
		appendStringInfoString(&sql, "\nSELECT * FROM page t ORDER BY t.score DESC, t.memory_id, t.namespace");
	return sql.data;
}
