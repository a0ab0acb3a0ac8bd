-- avg and sum: values, overflow, states handed in by hand, parallel.
SET client_min_messages = warning;
CREATE SCHEMA vector_aggregate;
SET search_path = vector_aggregate, tsmem, public;
RESET client_min_messages;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, NULL, '[3,5,7]']) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[NULL]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1e-45]'::vector]) v;
SELECT avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;
SELECT sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;
-- A mean of finite numbers is finite; a sum may pass the limit on the way but not at the end.
SELECT avg(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]', '[-3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
-- Adding in double precision: the small ones are not lost.
SELECT sum(v) FROM (SELECT '[16777216]'::vector UNION ALL SELECT '[1]'::vector FROM generate_series(1, 8)) s(v);
-- States
SELECT _vector_accum('{0}', '[1,2]'), _vector_accum('{1,1,1}', '[1,2]'), _vector_combine('{1,2}', '{3,4}'), _vector_combine('{0}', '{3,4}'),
	_vector_combine('{3,4}', '{0}'), _vector_combine('{0}', '{0}'), _vector_avg('{2,2,4}'), _vector_sum('{2,2,4}'), _vector_avg('{0}');
SELECT _vector_accum('{1,1}', '[1,2]');
SELECT _vector_combine('{1,2}', '{3,4,5}');
SELECT _vector_accum('{}', '[1]');
SELECT _vector_accum('{{0}}', '[1]');
SELECT _vector_accum('{NULL}', '[1]');
SELECT _vector_combine('{0}', '{}');
SELECT _vector_avg(array_fill(1, ARRAY[16002])::float8[]);
SELECT _vector_avg('{1}');
SELECT _vector_avg('{1,NaN}');
SELECT _vector_sum('{1,1e300}');
-- A state handed in is not written to.
CREATE TABLE state AS SELECT '{1,5}'::float8[] AS s;
SELECT _vector_accum(s, '[1]'), _vector_combine(s, s), s FROM state;
-- Windows
SELECT i, sum(v) OVER (ORDER BY i), avg(v) OVER (ORDER BY i ROWS 1 PRECEDING)
FROM (SELECT i, format('[%s,%s]', i, 10 * i)::vector FROM generate_series(1, 4) i) s(i, v);
-- Groups, and in parallel
CREATE TABLE item AS SELECT i % 3 AS g, format('[%s,%s]', i, -i)::vector AS v FROM generate_series(1, 3000) i;
INSERT INTO item SELECT i % 3, NULL FROM generate_series(1, 10) i;
ANALYZE item;
SELECT g, sum(v), avg(v) FROM item GROUP BY g ORDER BY g;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM item;
SELECT sum(v), avg(v) FROM item;
SELECT sum(v), avg(v) FROM item WHERE g = 7;
