-- Distances between vectors.
SET client_min_messages = warning;
CREATE SCHEMA vector_distance;
SET search_path = vector_distance, tsmem, public;
RESET client_min_messages;
SET extra_float_digits = 0;
SELECT l2_distance('[0,0]', '[3,4]'), l2_squared_distance('[0,0]', '[3,4]'), inner_product('[1,2]', '[3,4]'), negative_inner_product('[1,2]', '[3,4]'),
	cosine_distance('[1,0]', '[0,2]'), l1_distance('[0,0]', '[3,-4]');
SELECT '[0,0]'::vector <-> '[3,4]' AS l2, '[1,2]'::vector <#> '[3,4]' AS ip, '[1,1]'::vector <=> '[-2,-2]' AS cosine, '[0,0]'::vector <+> '[3,-4]' AS l1;
SELECT '[1,2]'::vector <-> NULL AS l2, NULL <=> '[1]'::vector AS cosine;
SELECT cosine_distance('[1,2]', '[2,4]'), cosine_distance('[1,1]', '[1.1,1.1]'), cosine_distance('[1,1]', '[-1.1,-1.1]'), cosine_distance('[1,2,3,4,5,6,7,8,9]', '[1,2,3,4,5,6,7,8,9]');
-- Dimensions
SELECT '[1,2,3]'::vector <-> '[1,2]';
SELECT '[1,2,3]'::vector <#> '[1,2]';
SELECT '[1,2,3]'::vector <=> '[1,2]';
SELECT '[1,2,3]'::vector <+> '[1,2]';
SELECT l2_squared_distance('[1,2,3]', '[1,2]');
SELECT inner_product('[1,2,3]', '[1,2]');
\set VERBOSITY sqlstate
SELECT '[1,2,3]'::vector <-> '[1,2]';
\set VERBOSITY default
-- A zero vector has no direction: NaN, which sorts last.
SELECT v, v <=> '[1,0]' AS cosine FROM unnest('{"[0,0]","[1,1]","[-1,0]"}'::vector[]) v ORDER BY v <=> '[1,0]';
-- Magnitudes beyond the squares that float32 holds keep their distances.
SELECT l2_distance('[3e38]', '[-3e38]')::numeric(39)::text LIKE '6000000%' AS l2, l1_distance('[3e38,3e38]', '[-3e38,-3e38]') > 1e39 AS l1, inner_product('[3e38,3e38]', '[3e38,-3e38]') AS ip,
	inner_product('[3e38]', '[3e38]') > 8e76 AS large_ip, cosine_distance('[3e38,0]', '[3e38,0]') AS cosine;
SELECT l2_distance('[1e-30,0]', '[0,0]')::real AS l2, inner_product('[1e-30]', '[1e-30]') > 9e-61 AS ip, inner_product('[1e-20]', '[1e-20]')::numeric(42,41) AS small_ip,
	cosine_distance('[1e-45,0]', '[1e-45,0]') AS cosine, cosine_distance('[1e-30,0]', '[1e-30,1e-30]')::real AS cosine45, l1_distance('[1e-45]', '[-1e-45]')::real AS l1;
-- Order by distance against the same in double precision written out in SQL.
CREATE TABLE item AS
SELECT i AS id, (SELECT array_agg(sin(i * 31.7 + j * j * 1.3)::real ORDER BY j) FROM generate_series(1, 37) j)::vector(37) AS v
FROM generate_series(1, 300) i;
CREATE FUNCTION elements(vector) RETURNS TABLE (n bigint, x float8) LANGUAGE sql IMMUTABLE AS
'SELECT ordinality, unnest FROM unnest($1::float8[]) WITH ORDINALITY';
CREATE FUNCTION slow(vector, vector, OUT l2 float8, OUT ip float8, OUT cosine float8, OUT l1 float8) LANGUAGE sql IMMUTABLE AS $$
	SELECT sqrt(sum((a.x - b.x) ^ 2)), -sum(a.x * b.x), 1 - sum(a.x * b.x) / sqrt(sum(a.x ^ 2) * sum(b.x ^ 2)), sum(abs(a.x - b.x))
	FROM elements($1) a JOIN elements($2) b USING (n)
$$;
SELECT max(abs((a.v <-> b.v) - l2)) < 1e-5 AS l2, max(abs((a.v <#> b.v) - ip)) < 1e-5 AS ip, max(abs((a.v <=> b.v) - cosine)) < 1e-6 AS cosine,
	max(abs((a.v <+> b.v) - l1)) < 1e-5 AS l1, count(*)
FROM item a, item b, slow(a.v, b.v) WHERE a.id <= 20;
SELECT array_agg(id ORDER BY v <-> (SELECT v FROM item WHERE id = 5)) = array_agg(id ORDER BY (slow(v, (SELECT v FROM item WHERE id = 5))).l2) AS same_order FROM item;
SELECT id FROM item ORDER BY v <=> (SELECT v FROM item WHERE id = 5) LIMIT 1;
