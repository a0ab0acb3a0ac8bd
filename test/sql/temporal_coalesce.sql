-- Gaps between periods, and coalescing by range_agg.
CREATE SCHEMA temporal_coalesce;
SET search_path = temporal_coalesce, tsmem, public;
SET datestyle = 'ISO, YMD';
SELECT gaps(r) FROM (VALUES ('[1,3)'::int4range), ('[5,7)'), ('[2,4)'), ('[7,8)'), ('[20,)')) v (r);
SELECT gaps(r) FROM (VALUES ('[1,3)'::int4range), ('[3,7)'), (NULL), ('empty')) v (r);
SELECT gaps(r) FROM (VALUES ('empty'::int4range), ('empty')) v (r);
SELECT gaps(r) FROM (VALUES (NULL::int4range)) v (r);
SELECT gaps(r) FROM (VALUES ('[1,2)'::int4range)) v (r) WHERE false;
SELECT gaps(r) FROM (VALUES ('[1,2)'::int4range), ('(,)')) v (r);
SELECT gaps(r) FROM (VALUES ('(,1)'::numrange), ('(2.5,)'), ('[2,2]')) v (r);
SELECT gaps(r) FROM (VALUES ('[2020-01-01,2020-02-01)'::daterange), ('[2020-03-01,2020-03-31]'), ('[2021-01-01,infinity)')) v (r);
SELECT gaps('{[1,2),[4,5),[9,10)}'::int4multirange), gaps('{}'::int4multirange), gaps(NULL::int4multirange), gaps('{(,1),(5,)}'::nummultirange);
SELECT id, gaps(r) FROM (VALUES (1, '[1,2)'::int4range), (1, '[3,4)'), (2, '[1,2)')) v (id, r) GROUP BY id ORDER BY id;
SELECT i, gaps(int4range(i, i + 1)) OVER (ORDER BY i) FROM (VALUES (1), (3), (7)) v (i) ORDER BY i;
-- The aggregate and the function agree.
SELECT count(*), count(*) FILTER (WHERE a IS DISTINCT FROM b), count(*) FILTER (WHERE a * c <> '{}' OR a + c <> e)
FROM (SELECT gaps(r) a, gaps(range_agg(r)) b, range_agg(r) c, multirange(range_merge(range_agg(r))) e
	FROM (SELECT i % 97 AS id, int4range(i * 7919 % 5000, i * 7919 % 5000 + i % 11) r FROM generate_series(1, 3000) i) v GROUP BY id) w;
-- Rows of equal values are coalesced by range_agg.
CREATE TABLE stay (id int, room text, valid_at daterange);
SELECT add_period('stay', 'valid_at'), add_temporal_key('stay', '{id}', 'valid_at');
INSERT INTO stay VALUES (1, 'a', '[2020-01-01,2020-02-01)'), (1, 'a', '[2020-02-01,2020-03-01)'), (1, 'b', '[2020-03-01,2020-04-01)'), (1, 'a', '[2020-04-01,2020-05-01)'),
	(2, NULL, '[2020-01-01,2020-02-01)'), (2, NULL, '[2020-02-01,)');
SELECT id, room, unnest(range_agg(valid_at)) AS valid_at FROM stay GROUP BY id, room ORDER BY id, valid_at;
-- In place, in one statement.
WITH gone AS (DELETE FROM stay RETURNING *) INSERT INTO stay SELECT id, room, unnest(range_agg(valid_at)) FROM gone GROUP BY id, room;
TABLE stay ORDER BY id, valid_at;
DROP TABLE stay;
