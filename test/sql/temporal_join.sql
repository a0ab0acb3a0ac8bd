-- The temporal join: where the planner takes it, what EXPLAIN says of it, and statements of every shape around it.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS temporal_join CASCADE;
CREATE SCHEMA temporal_join;
SET search_path = temporal_join, tsmem, public;
CREATE TABLE job (emp int, title text, p tstzrange);
CREATE TABLE pay (emp int, amount int, p tstzrange);
INSERT INTO job SELECT e, 'job ' || j, tstzrange('2020-01-01'::timestamptz + (e % 7 + j * 30) * interval '1 day', '2020-01-01'::timestamptz + (e % 7 + j * 30 + 30) * interval '1 day')
	FROM generate_series(1, 40) e, generate_series(0, 49) j;
INSERT INTO pay SELECT e, j, tstzrange('2020-01-01'::timestamptz + (e % 5 + j * 60) * interval '1 day', '2020-01-01'::timestamptz + (e % 5 + j * 60 + 60) * interval '1 day')
	FROM generate_series(1, 40) e, generate_series(0, 24) j;
ANALYZE job, pay;

-- The first statement of a session has it: the function's support loads the library.
\c -
SET client_min_messages = warning;
SET search_path = temporal_join, tsmem, public;
EXPLAIN (COSTS OFF) SELECT count(*) FROM job JOIN pay ON job.emp = pay.emp AND tsmem.overlaps(job.p, pay.p);
SELECT count(*) FROM job JOIN pay ON job.emp = pay.emp AND tsmem.overlaps(job.p, pay.p);
EXPLAIN (COSTS OFF) SELECT count(*) FROM job JOIN pay ON job.p && pay.p;
-- What the node has done, without what depends on the server.
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		CONTINUE WHEN line ~ 'Sort|Scan on|Buffers|Planning|Storage|Index Searches';
		RETURN NEXT regexp_replace(line, '\(actual.*\)', '');
	END LOOP;
END $$;
SELECT analyzed('SELECT job.emp, title, amount FROM job LEFT JOIN pay ON job.emp = pay.emp AND job.p && pay.p AND amount > 3 AND length(title) < amount
	WHERE amount IS NULL OR amount % 2 = 0');
SET work_mem = '64kB';
SELECT regexp_replace(analyzed('SELECT a.title, a.pad, b.pad FROM (SELECT *, repeat(''x'', 300) AS pad FROM job) a JOIN (SELECT *, repeat(''y'', 300) AS pad FROM job) b
	ON tstzrange(lower(a.p), NULL) && tstzrange(lower(b.p), NULL) AND a.emp + b.emp = 3'), '(Active Rows|Spilled Rows|Passes): [0-9]+', '\1: many');
RESET work_mem;
EXPLAIN (VERBOSE, COSTS OFF) SELECT job.title, pay.amount + 1 AS more FROM job JOIN pay ON pay.emp = job.emp AND pay.p && job.p;

-- Without it.
SET tsmem.enable_temporal_join = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p;
SELECT count(*) FROM job FULL JOIN pay ON job.p && pay.p;
RESET tsmem.enable_temporal_join;
SELECT count(*) FROM job FULL JOIN pay ON job.p && pay.p;

-- Keys that are distinct are hashed; an index over keys and period is read in order; one row is looked up.
CREATE TABLE a (id int, p int4range); CREATE TABLE b (id int, p int4range);
INSERT INTO a SELECT i, int4range(i, i + 2) FROM generate_series(1, 5000) i;
INSERT INTO b SELECT i, int4range(i, i + 2) FROM generate_series(1, 5000) i;
ANALYZE a, b;
EXPLAIN (COSTS OFF) SELECT * FROM a JOIN b USING (id) WHERE a.p && b.p;
CREATE INDEX a_p ON a (p); CREATE INDEX b_p ON b USING gist (p);
ANALYZE a, b;
EXPLAIN (COSTS OFF) SELECT count(*) FROM a JOIN b ON a.p && b.p;
EXPLAIN (COSTS OFF) SELECT * FROM a JOIN b ON a.p && b.p WHERE a.id = 5;

-- The rows are in the order of the keys.
EXPLAIN (COSTS OFF) SELECT emp, count(*) FROM job JOIN pay USING (emp) WHERE job.p && pay.p GROUP BY emp ORDER BY emp;
SELECT emp, count(*) FROM job JOIN pay USING (emp) WHERE job.p && pay.p AND emp < 4 GROUP BY emp ORDER BY emp;
EXPLAIN (COSTS OFF) SELECT job.emp, amount FROM job LEFT JOIN pay ON job.emp = pay.emp AND job.p && pay.p ORDER BY job.emp;

-- Locked and changed rows are looked at again when another transaction has changed them: not here.
EXPLAIN (COSTS OFF) SELECT 1 FROM job JOIN pay ON job.p && pay.p FOR UPDATE OF job;
EXPLAIN (COSTS OFF) UPDATE job SET title = 'x' FROM pay WHERE job.p && pay.p AND job.emp = pay.emp;
EXPLAIN (COSTS OFF) DELETE FROM job USING pay WHERE job.p && pay.p AND job.emp = pay.emp;
CREATE TABLE result (emp int, amount int);
EXPLAIN (COSTS OFF) INSERT INTO result SELECT job.emp, amount FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p;
INSERT INTO result SELECT job.emp, amount FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p;
SELECT count(*), sum(amount) FROM result;

-- Run again for each row: the inner side of a loop, a subquery, LATERAL.
SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_memoize = off;
SELECT v, (SELECT count(*) FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p WHERE job.emp > v) FROM (VALUES (38), (39), (40), (0)) t (v);
EXPLAIN (COSTS OFF) SELECT v, n FROM (VALUES (1), (2)) t (v), LATERAL (SELECT count(*) AS n FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p WHERE job.emp + v > 39) s;
SELECT v, n FROM (VALUES (1), (2)) t (v), LATERAL (SELECT count(*) AS n FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p WHERE job.emp + v > 39) s;
SELECT v, count(*) FROM (VALUES (1), (2)) t (v) LEFT JOIN (job JOIN pay ON job.emp = pay.emp AND job.p && pay.p) ON job.emp % 2 = v - 1 GROUP BY v ORDER BY v;
RESET ALL;
SET search_path = temporal_join, tsmem, public;

-- Prepared, with a generic plan and parameters; cursors; common table expressions; views; functions.
SET plan_cache_mode = force_generic_plan;
PREPARE q(int, int) AS SELECT count(*), min(amount + $1) FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p AND amount > $2;
EXPLAIN (COSTS OFF) EXECUTE q(1, 3);
EXECUTE q(1, 3);
EXECUTE q(100, 20);
RESET plan_cache_mode;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT job.emp, title, amount FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p WHERE amount = 3 ORDER BY job.emp, title, amount;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
MOVE ALL FROM c;
FETCH BACKWARD 1 FROM c;
COMMIT;
CREATE VIEW earned AS SELECT job.emp, title, amount, job.p * pay.p AS p FROM job JOIN pay ON job.emp = pay.emp AND tsmem.overlaps(job.p, pay.p);
WITH x AS MATERIALIZED (SELECT * FROM earned WHERE emp < 3) SELECT count(*), bool_or(isempty(p)) FROM x;
SELECT count(*) FROM earned e JOIN job j ON j.emp = e.emp AND j.p && e.p;

-- Whole rows, constants and subqueries below an outer join, expressions as keys and as periods.
SELECT count(j), count(s), count(s.one), count(*) FROM job j LEFT JOIN (SELECT 1 AS one, pay.* FROM pay WHERE amount > 20) s ON j.emp = s.emp AND j.p && s.p;
SELECT count(s.one), count(*) FROM (SELECT 1 AS one, job.* FROM job WHERE title > 'job 3') s FULL JOIN (SELECT 'x' || amount AS t, pay.* FROM pay WHERE amount > 20) u ON s.emp = u.emp AND s.p && u.p;
EXPLAIN (COSTS OFF) SELECT count(*) FROM job JOIN pay ON job.emp + 1 = pay.emp * 2 AND tstzrange(lower(job.p), upper(job.p)) && pay.p;
SELECT count(*) FROM job JOIN pay ON job.emp + 1 = pay.emp * 2 AND tstzrange(lower(job.p), upper(job.p)) && pay.p;
SELECT count(*) FROM job JOIN pay ON job.emp + 1 = pay.emp * 2 WHERE job.p && pay.p AND tsmem.overlaps(pay.p, tstzrange('2020-03-01', '2020-04-01'));
-- Constants of both sides above an outer join, and of the join of both.
SELECT count(x), count(y), count(z), count(*) FROM (SELECT 1) one LEFT JOIN (SELECT job.emp, 'x' || title AS x, coalesce(y, 0) AS y, 1 AS z FROM job LEFT JOIN (SELECT pay.*, 2 AS y FROM pay) s ON job.emp = s.emp AND job.p && s.p AND s.y = s.amount) j ON true;
-- Three tables, twice joined; with itself.
SELECT count(*) FROM job a JOIN pay b ON a.emp = b.emp AND a.p && b.p LEFT JOIN job c ON c.emp = b.emp AND c.p && b.p AND c.title <> a.title;
SELECT count(*) FROM job a WHERE EXISTS (SELECT FROM job b WHERE a.emp = b.emp AND a.p && b.p AND a.title <> b.title);

-- No rows on either side, nulls alone, one key alone.
CREATE TABLE nobody (LIKE job); ANALYZE nobody;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT (SELECT count(*) FROM nobody n JOIN job j ON n.emp = j.emp AND n.p && j.p) AS "inner", (SELECT count(*) FROM job j LEFT JOIN nobody n ON n.emp = j.emp AND n.p && j.p) AS "left",
	(SELECT count(*) FROM nobody n FULL JOIN nobody j ON n.p && j.p) AS "full", (SELECT count(*) FROM job j WHERE NOT EXISTS (SELECT FROM nobody n WHERE n.p && j.p)) AS anti;
INSERT INTO nobody VALUES (1, 'null', NULL), (NULL, 'null', '[2020-01-01,)'), (1, 'empty', 'empty');
SELECT (SELECT count(*) FROM nobody n JOIN job j ON n.emp = j.emp AND n.p && j.p) AS "inner", (SELECT count(*) FROM job j LEFT JOIN nobody n ON n.emp = j.emp AND n.p && j.p) AS "left",
	(SELECT count(*) FROM nobody n FULL JOIN nobody j ON n.emp = j.emp AND n.p && j.p) AS "full", (SELECT count(*) FROM nobody n WHERE NOT EXISTS (SELECT FROM job j WHERE j.emp = n.emp AND n.p && j.p)) AS anti;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;

-- Partitioned tables; row-level security; a parallel plan.
CREATE TABLE part (emp int, p tstzrange) PARTITION BY HASH (emp);
CREATE TABLE part0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE part1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT emp, p FROM job; ANALYZE part;
SELECT count(*) FROM part JOIN pay ON part.emp = pay.emp AND part.p && pay.p;
SET enable_partitionwise_join = on;
SELECT count(*) FROM part a JOIN part b ON a.emp = b.emp AND a.p && b.p;
RESET enable_partitionwise_join;
ALTER TABLE pay ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON pay USING (amount < 3);
CREATE ROLE temporal_join_reader;
GRANT USAGE ON SCHEMA temporal_join TO temporal_join_reader; GRANT SELECT ON job, pay TO temporal_join_reader;
SET ROLE temporal_join_reader;
SELECT count(*), max(amount) FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p;
RESET ROLE;
DROP OWNED BY temporal_join_reader; DROP ROLE temporal_join_reader;
SELECT count(set_config(name, 'regress', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*) FROM job JOIN pay ON job.emp = pay.emp AND job.p && pay.p;
SELECT count(set_config(name, 'off', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- The rows that wait for others take work_mem, and their files a buffer each, however many periods are open.
SET work_mem = '64kB'; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off;
BEGIN;
DECLARE c CURSOR FOR SELECT a.pad, b.pad FROM (SELECT p, repeat('x', 1000) AS pad FROM job) a JOIN (SELECT p, repeat('y', 1000) AS pad FROM job) b ON tstzrange(lower(a.p), NULL) && tstzrange(lower(b.p), NULL);
MOVE 500000 IN c;
SELECT sum(total_bytes) < 6 * 65536 AS bounded, (SELECT count(*) * 1000 FROM job) > 20 * 65536 AS needed FROM pg_backend_memory_contexts WHERE name = 'tsmem active rows';
COMMIT;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop; RESET work_mem;

-- A cancelled query leaves nothing behind; so does an error in a clause, and a LIMIT.
SET work_mem = '64kB';
SELECT count(*) FROM (SELECT 1 FROM job JOIN pay ON job.p && pay.p LIMIT 10) s;
SELECT count(*) FROM job JOIN pay ON job.p && pay.p AND 1 / (amount - 24) < 2;
SET statement_timeout = 20;
SELECT count(*) FROM (SELECT j.* FROM job j, generate_series(1, 40)) a JOIN (SELECT j.* FROM job j, generate_series(1, 40)) b ON a.p && b.p;
RESET statement_timeout; RESET work_mem;
SET client_min_messages = warning;
DROP SCHEMA temporal_join CASCADE;
