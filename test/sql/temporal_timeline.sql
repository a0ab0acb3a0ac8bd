-- timeline: aggregates over constant intervals, against plain SQL that looks at each instant.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS temporal_timeline CASCADE;
CREATE SCHEMA temporal_timeline;
SET search_path = temporal_timeline, tsmem, public;
CREATE TABLE t (id int, v int, p int4range);
INSERT INTO t VALUES (1, 10, '[1,5)'), (2, 20, '[3,8)'), (3, 5, '[5,8)'), (4, NULL, '[7,9)'), (5, 7, '[20,)'), (6, 7, '(,0)'), (7, 99, 'empty'), (8, 98, NULL);
SELECT * FROM tsmem.timeline('t', 'p', 'count');
SELECT * FROM tsmem.timeline('t', 'p', 'count', 'v');
SELECT * FROM tsmem.timeline('t', 'p', 'sum', 'v');
SELECT period, round(value, 3) AS value FROM tsmem.timeline('t', 'p', 'avg', 'v');
SELECT * FROM tsmem.timeline('t', 'p', 'min', 'v');
SELECT * FROM tsmem.timeline(rel => 't', period => 'p', aggregate => 'MAX', value_column => 'v');
SELECT pg_typeof(period), pg_typeof(value) FROM tsmem.timeline('t', 'p', 'count') LIMIT 1;

-- Empty, one row that is always valid, rows that meet, rows that are the same.
CREATE TABLE e (LIKE t);
SELECT * FROM tsmem.timeline('e', 'p', 'count');
SELECT * FROM tsmem.timeline('e', 'p', 'sum', 'v');
INSERT INTO e VALUES (1, 1, '(,)');
SELECT * FROM tsmem.timeline('e', 'p', 'sum', 'v');
INSERT INTO e VALUES (2, 0, '[1,2)'), (3, 0, '[2,3)');
SELECT * FROM tsmem.timeline('e', 'p', 'sum', 'v');
SELECT * FROM tsmem.timeline('e', 'p', 'count');
INSERT INTO e VALUES (2, 0, '[1,2)'), (2, 0, '[1,2)');
SELECT * FROM tsmem.timeline('e', 'p', 'count');

-- Bounds of continuous ranges, and of each type.
CREATE TABLE n (p numrange, v numeric, d daterange, ts tsrange, tz tstzrange);
INSERT INTO n VALUES ('[1,2]', 1.5, '[2026-01-01,2026-01-10)', '[2026-01-01,2026-01-01 12:00)', '[2026-01-01 00:00+00,2026-01-01 12:00+00)'),
	('[2,3)', 2.25, '[2026-01-05,infinity)', '[2026-01-01 06:00,infinity)', '[2026-01-01 06:00+00,)'), ('(3,4]', 1, NULL, NULL, NULL), ('[3,3]', 4, NULL, NULL, NULL), ('(1,4)', -7, NULL, NULL, NULL);
SELECT * FROM tsmem.timeline('n', 'p', 'sum', 'v');
SELECT * FROM tsmem.timeline('n', 'p', 'max', 'v');
SELECT * FROM tsmem.timeline('n', 'd', 'count');
SELECT * FROM tsmem.timeline('n', 'ts', 'count');
SET timezone = 'UTC';
SELECT * FROM tsmem.timeline('n', 'tz', 'count');

-- Types of values; what is not finite; exact sums of floats.
CREATE TABLE f (p int4range, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric(10, 2));
INSERT INTO f VALUES ('[1,10)', 1, 9223372036854775807, 1.5, 1e300, 1.10), ('[2,9)', 2, 9223372036854775807, 0.1, 1, 2.20), ('[3,8)', 3, 1, 'NaN', 'Infinity', 3.30), ('[4,7)', 4, 1, 2, '-Infinity', 'NaN'), ('[5,6)', NULL, NULL, NULL, NULL, NULL);
SELECT s.period, s.value AS i2, i8.value AS i8, f4.value AS f4, n.value AS n FROM tsmem.timeline('f', 'p', 'sum', 'i2') s LEFT JOIN tsmem.timeline('f', 'p', 'sum', 'i8') i8 USING (period)
	LEFT JOIN tsmem.timeline('f', 'p', 'sum', 'f4') f4 USING (period) LEFT JOIN tsmem.timeline('f', 'p', 'sum', 'n') n USING (period) ORDER BY s.period;
SELECT period, CASE WHEN value > 1e299 AND value < 'Infinity' THEN 'large ' || (value - 1e300) ELSE value::text END AS f8 FROM tsmem.timeline('f', 'p', 'sum', 'f8');
SELECT period, CASE WHEN value > 1e299 AND value < 'Infinity' THEN 'large' ELSE value::text END AS f8 FROM tsmem.timeline('f', 'p', 'max', 'f8');
SELECT period, CASE WHEN value > 1e299 AND value < 'Infinity' THEN 'large' ELSE value::text END AS f8 FROM tsmem.timeline('f', 'p', 'min', 'f8');

-- Against the plain formulation: each interval between neighbouring bounds, and the rows over it; coalesced by hand.
CREATE TABLE big AS SELECT i AS id, CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 7919 % 50)::numeric / 4 END AS v,
	CASE WHEN i % 17 = 0 THEN int4range(NULL, i * 31 % 400) WHEN i % 19 = 0 THEN int4range(i * 37 % 400, NULL) WHEN i % 23 = 0 THEN 'empty' WHEN i % 29 = 0 THEN NULL
		ELSE int4range(i * 7901 % 500, i * 7901 % 500 + 1 + i * 104729 % 40) END AS p FROM generate_series(1, 700) i;
CREATE FUNCTION plain(aggregate text) RETURNS TABLE (period text, value numeric) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH bound AS (SELECT lower(p) AS b FROM big WHERE NOT isempty(p) UNION SELECT upper(p) FROM big WHERE NOT isempty(p)),
		point AS (SELECT NULL::int AS b, true AS first UNION ALL SELECT b, false FROM bound WHERE b IS NOT NULL),
		piece AS (SELECT int4range(b, lead(b) OVER (ORDER BY first DESC, b)) AS p FROM point),
		part AS (SELECT piece.p, a.v FROM piece, LATERAL (SELECT count(*) AS rows, (%s)::numeric AS v FROM big WHERE big.p && piece.p) a WHERE rows > 0 AND NOT isempty(piece.p)),
		mark AS (SELECT *, lag(v) OVER w IS NOT DISTINCT FROM v AND lag(p) OVER w -|- p AS same FROM part WINDOW w AS (ORDER BY p)),
		run AS (SELECT *, count(*) FILTER (WHERE same IS NOT TRUE) OVER (ORDER BY p) AS r FROM mark)
		SELECT range_merge(range_agg(p))::text, min(v) FROM run GROUP BY r$q$, aggregate);
END $$;
SELECT aggregate, (SELECT count(*) > 10 FROM plain(aggregate || '(v)')) AS has_rows, differ
FROM unnest('{count,sum,avg,min,max}'::text[]) aggregate,
	LATERAL (WITH a AS (SELECT period, round(value, 6) FROM tsmem.timeline('big', 'p', aggregate, 'v')), b AS (SELECT period, round(value, 6) FROM plain(aggregate || '(v)'))
		SELECT count(*) AS differ FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d) d;
SET work_mem = '64kB';
SELECT count(*) AS differ FROM (SELECT * FROM tsmem.timeline('big', 'p', 'count') EXCEPT SELECT * FROM plain('count(*)')) d;
RESET work_mem;

-- Views, materialized views, partitions; the versions of a versioned table; names that need quotes; domains; a dropped column.
CREATE VIEW few AS SELECT * FROM t WHERE id < 3;
SELECT * FROM tsmem.timeline('few', 'p', 'sum', 'v');
CREATE MATERIALIZED VIEW seen AS SELECT * FROM t WHERE id < 3;
SELECT * FROM tsmem.timeline('seen', 'p', 'max', 'v');
CREATE DOMAIN span AS int4range; CREATE DOMAIN amount AS int;
CREATE TABLE "A table" (gone int, "the Value" amount, "a ""period" span, k int) PARTITION BY LIST (k);
ALTER TABLE "A table" DROP COLUMN gone;
CREATE TABLE part1 PARTITION OF "A table" FOR VALUES IN (1); CREATE TABLE part2 PARTITION OF "A table" FOR VALUES IN (2);
INSERT INTO "A table" VALUES (1, '[1,5)', 1), (2, '[3,9)', 2);
SELECT * FROM tsmem.timeline('"A table"', 'a "period', 'sum', 'the Value');
CREATE TABLE kept (id int PRIMARY KEY, v int);
SELECT tsmem.add_system_versioning('kept');
INSERT INTO kept VALUES (1, 10), (2, 20);
UPDATE kept SET v = 30 WHERE id = 2;
DELETE FROM kept WHERE id = 1;
SELECT value FROM tsmem.timeline('kept_versions', 'sys_period', 'sum', 'v');

-- Refused.
SELECT * FROM tsmem.timeline('t', 'p', 'median', 'v');
SELECT * FROM tsmem.timeline('t', 'p', 'sum');
SELECT * FROM tsmem.timeline('t', 'v', 'count');
SELECT * FROM tsmem.timeline('t', 'nothing', 'count');
SELECT * FROM tsmem.timeline('t', 'p', 'sum', 'nothing');
SELECT * FROM tsmem.timeline('t', 'p', 'sum', 'p');
SELECT * FROM tsmem.timeline('t', 'p', 'sum', 'ctid');
SELECT * FROM tsmem.timeline('kept_pkey', 'p', 'count');
SELECT * FROM tsmem.timeline(NULL, 'p', 'count');
SELECT * FROM tsmem.timeline('t', NULL, 'count');
SELECT * FROM tsmem.timeline('t', 'p', NULL);
SELECT * FROM tsmem.timeline(0, 'p', 'count');

-- The rights of the caller, and what row-level security shows.
CREATE ROLE temporal_timeline_reader;
GRANT USAGE ON SCHEMA temporal_timeline TO temporal_timeline_reader;
SET ROLE temporal_timeline_reader;
SELECT * FROM tsmem.timeline('t', 'p', 'count');
RESET ROLE;
GRANT SELECT ON t TO temporal_timeline_reader;
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON t USING (id < 3);
SET ROLE temporal_timeline_reader;
SELECT * FROM tsmem.timeline('t', 'p', 'count');
RESET ROLE;
DROP OWNED BY temporal_timeline_reader; DROP ROLE temporal_timeline_reader;

-- A function in a query: joined, limited, run again, cancelled.
SELECT a.aggregate, l.* FROM (VALUES ('count'), ('sum')) a (aggregate), LATERAL tsmem.timeline('few', 'p', a.aggregate, 'v') l LIMIT 4;
CREATE TABLE many AS SELECT int4range(i, i + 10) AS p, i AS v FROM generate_series(1, 300000) i;
SET statement_timeout = 50;
SELECT count(*) FROM tsmem.timeline('many', 'p', 'max', 'v');
RESET statement_timeout;
DROP SCHEMA temporal_timeline CASCADE;
