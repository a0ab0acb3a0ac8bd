-- What the planner knows: exact search runs in parallel, and distances have a price.
SET client_min_messages = warning;
CREATE SCHEMA vector_plan;
SET search_path = vector_plan, tsmem, public;
RESET client_min_messages;
CREATE TABLE item AS SELECT i AS id, ARRAY[i % 10, i % 100, i]::vector(3) AS v FROM generate_series(1, 2000) i;
ANALYZE item;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 5;
SELECT id FROM item ORDER BY v <-> '[1,2,3]', id LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM item WHERE v <=> '[1,2,3]' < 0.5;
SELECT proname FROM pg_proc WHERE pronamespace = 'tsmem'::regnamespace AND '_vector_distance_cost'::regproc = prosupport ORDER BY proname;
SET max_parallel_workers_per_gather = 0;
-- The price of one call in calls of a plain operator, from the plan of a filter.
CREATE FUNCTION price(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	with_call json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO with_call;
	RETURN (with_call->0->'Plan'->>'Total Cost')::numeric;
END
$$;
CREATE TABLE narrow AS SELECT array_fill(i, ARRAY[100])::vector(100) AS v, i FROM generate_series(1, 1000) i;
CREATE TABLE wide AS SELECT array_fill(i, ARRAY[1000])::vector(1000) AS v, i FROM generate_series(1, 1000) i;
CREATE TABLE wide_inline (v vector(1000), i int);
ALTER TABLE wide_inline ALTER v SET STORAGE plain;
INSERT INTO wide_inline SELECT v, i FROM wide;
CREATE FUNCTION price_of_call(tab text, dim int) RETURNS numeric LANGUAGE sql AS $$
	SELECT round((price(format('SELECT FROM %I WHERE v <-> %L::vector < 1', tab, array_fill(1, ARRAY[dim])::vector))
		- price(format('SELECT FROM %I WHERE i < 1', tab))) / reltuples::numeric / current_setting('cpu_operator_cost')::numeric, 1)
	FROM pg_class WHERE oid = tab::regclass
$$;
ANALYZE narrow; ANALYZE wide; ANALYZE wide_inline;
-- More for more dimensions, and much more for vectors out of line.
SELECT price_of_call('narrow', 100) AS narrow, price_of_call('wide_inline', 1000) AS wide_inline, price_of_call('wide', 1000) AS wide;
-- A column without a modifier is priced by the constant, one of neither by a guess.
ALTER TABLE narrow ALTER v TYPE vector;
ANALYZE narrow;
SELECT price_of_call('narrow', 100) AS by_constant;
SELECT round((price('SELECT FROM narrow WHERE v <-> v < 1') - price('SELECT FROM narrow WHERE i < 1')) / 1000 / current_setting('cpu_operator_cost')::numeric, 1) AS by_guess;
-- Before the table is analyzed, size decides.
CREATE TABLE fresh (v vector(1000), i int);
INSERT INTO fresh SELECT v, i FROM wide;
SELECT price('SELECT FROM fresh WHERE l2_distance(v, v) < 1') > 10 * price('SELECT FROM fresh WHERE i < 1') AS dear;
-- A constant NULL and an expression are no trouble.
EXPLAIN (COSTS OFF) SELECT FROM narrow WHERE v <-> NULL < 1;
EXPLAIN (COSTS OFF) SELECT FROM wide WHERE (v + v) <-> v < 1;
EXPLAIN (COSTS OFF) SELECT FROM wide w CROSS JOIN LATERAL (SELECT FROM narrow n WHERE n.v <-> w.v < 1 OFFSET 0) x;
