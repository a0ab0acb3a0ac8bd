-- Operators of stbox on boxes chosen for their meaning. test/unit/spatial_stbox_test.c tries them on random boxes.
CREATE SCHEMA spatial_operator;
SET search_path = spatial_operator, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE TABLE pair (id int, a stbox, b stbox);
INSERT INTO pair VALUES
	(1, 'STBOX((0,0),(2,2))', 'STBOX((1,1),(3,3))'),
	(2, 'STBOX((0,0),(9,9))', 'STBOX((1,1),(3,3))'),
	(3, 'STBOX((0,0),(1,1))', 'STBOX((1,0),(2,1))'),
	(4, 'STBOX((0,0),(1,1))', 'STBOX((2,2),(3,3))'),
	(5, 'STBOX((0,0),(1,1)),[2024-01-01,2024-01-02)', 'STBOX((0,0),(1,1)),[2024-01-02,2024-01-03)'),
	(6, 'STBOX((0,0),(1,1)),[2024-01-01,2024-01-02)', 'STBOX((0,0),(1,1)),[2024-01-01 23:59:59.999999,2024-01-03)'),
	(7, 'STBOX((0,0),(1,1)),[2024-01-01,2024-01-02)', 'STBOX((0,0),(1,1))'),
	(8, 'STBOX((0,0),(1,1)),[2024-01-01,2024-01-02)', 'STBOX[2024-01-01 12:00,2024-01-01 13:00)'),
	(9, 'STBOX((0,0),(1,1))', 'STBOX[2024-01-01,2024-01-02)'),
	(10, 'STBOX((0,0,0),(1,1,1))', 'STBOX((0,0,2),(1,1,3))'),
	(11, 'STBOX((0,0,0),(1,1,1))', 'STBOX((0,0),(1,1))'),
	(12, 'STBOX((5,5))', 'STBOX((5,5))'),
	(13, 'STBOX((5,5))', 'STBOX((5,5),(6,6))'),
	(14, 'STBOX((-infinity,0),(infinity,1))', 'STBOX((5,0),(6,1))'),
	(15, 'GEODSTBOX((0,0),(1,1))', 'GEODSTBOX((1,1),(2,2))'),
	(16, 'STBOX((0,),(1,))', 'STBOX((,0),(,1))');
SELECT id, a && b AS "&&", a @> b AS "@>", a <@ b AS "<@", a ~= b AS "~=", a -|- b AS "-|-",
	b && a = (a && b) AND (b @> a) = (a <@ b) AND (b -|- a) = (a -|- b) AS commutes
FROM pair ORDER BY id;
SELECT id, a << b AS "<<", a &< b AS "&<", a >> b AS ">>", a &> b AS "&>", a <<| b AS "<<|", a &<| b AS "&<|", a |>> b AS "|>>", a |&> b AS "|&>"
FROM pair ORDER BY id;
SELECT id, a <</ b AS "<</", a &</ b AS "&</", a />> b AS "/>>", a /&> b AS "/&>", a <<# b AS "<<#", a &<# b AS "&<#", a #>> b AS "#>>", a #&> b AS "#&>"
FROM pair ORDER BY id;
SELECT id, a + b AS "+", a * b AS "*" FROM pair ORDER BY id;
-- Another's place in the same time, and NULL.
SELECT stbox(1, 2) && NULL IS NULL, NULL::stbox + stbox(1, 2) IS NULL;

-- Distance in space. NULL without a common axis of space.
SELECT id, a <-> b AS "<->", b <-> a AS back, a |=| b AS "|=|" FROM pair WHERE id <> 15 ORDER BY id;
SELECT stbox(0, 0) <-> stbox(3, 4), stbox(0, 0, 0, '2024-01-01') <-> stbox(2, 3, 6, '2025-01-01'),
	stbox(0, 0) <-> stbox(3, 4, 100, '2024-01-01') AS z_of_one_only, 'STBOX((0,),(1,))'::stbox <-> 'STBOX((3,7),(4,9))' AS x_only;
-- Nearest approach: NULL when they are not there at one time.
SELECT stbox(0, 0, '2024-01-01') |=| stbox(3, 4, '2024-01-01') AS both, stbox(0, 0, '2024-01-01') |=| stbox(3, 4, '2024-01-02') AS never,
	stbox(0, 0, '2024-01-01') |=| stbox(3, 4) AS always;
-- Metres on the sphere.
SELECT round((geodetic(stbox(2.3522, 48.8566)) <-> geodetic(stbox(13.4050, 52.5200)))::numeric) AS paris_berlin,
	round((geodetic(stbox(179.5, 0)) <-> geodetic(stbox(-179.5, 0)))::numeric) AS antimeridian,
	round((geodetic(stbox(0, 89)) <-> geodetic(stbox(180, 89)))::numeric) AS over_the_pole,
	round((geodetic(envelope(-10, -10, 10, 10)) <-> geodetic(stbox(20, 0)))::numeric) AS ten_degrees,
	geodetic(envelope(-10, -10, 10, 10)) <-> geodetic(stbox(1, 1)) AS inside,
	round(('GEODSTBOX((0,0,0),(0,0,0))'::stbox <-> 'GEODSTBOX((0,1,50000),(0,1,50000))')::numeric) AS with_height;

-- The plane and the globe have nothing in common, except where only time or the value is looked at.
SELECT stbox(0, 0) && geodetic(stbox(0, 0)), stbox(0, 0) @> geodetic(stbox(0, 0)), stbox(0, 0) << geodetic(stbox(1, 0)), stbox(0, 0) -|- geodetic(envelope(0, 0, 1, 1)),
	stbox(0, 0, '2024-01-01') && geodetic(stbox(0, 0, '2024-01-01')) AS not_even_in_time;
SELECT stbox(0, 0) <-> geodetic(stbox(0, 0)) IS NULL, stbox(0, 0) |=| geodetic(stbox(0, 0)) IS NULL, stbox(0, 0) * geodetic(stbox(0, 0)) IS NULL;
SELECT stbox(0, 0) + geodetic(stbox(0, 0));
SELECT stbox(0, 0) = geodetic(stbox(0, 0)), stbox(0, 0) ~= geodetic(stbox(0, 0)),
	stbox(0, 0, '2024-01-01') <<# geodetic(stbox(0, 0, '2024-01-02')),
	stbox(tstzrange('2024-01-01', '2024-01-03')) && geodetic(stbox(0, 0, '2024-01-02')),
	stbox(tstzrange('2024-01-01', '2024-01-03')) <-> geodetic(stbox(0, 0, '2024-01-02')) IS NULL AS no_distance;

-- A total order and hashes: ORDER BY, DISTINCT, GROUP BY, merge and hash joins, btree and unique keys.
CREATE TABLE item AS SELECT i, stbox(i % 7, i % 3, timestamptz '2024-01-01' + i % 5 * interval '1 day') AS b FROM generate_series(1, 1000) i;
SELECT count(DISTINCT b), count(*) FROM item;
SELECT count(*) FROM (SELECT b FROM item GROUP BY b) g;
SELECT bool_and(b >= previous) AND bool_and(NOT b < previous) AND bool_and((b > previous) = (b <> previous)) AND bool_and(b <= b) AS ordered
FROM (SELECT b, lag(b) OVER (ORDER BY b) AS previous FROM item) o WHERE previous IS NOT NULL;
SET enable_hashjoin = off; SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM item a JOIN item b ON a.b = b.b;
SELECT count(*) FROM item a JOIN item b ON a.b = b.b;
RESET enable_hashjoin; SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM item a JOIN item b ON a.b = b.b;
SELECT count(*) FROM item a JOIN item b ON a.b = b.b;
RESET enable_nestloop; RESET enable_mergejoin;
CREATE UNIQUE INDEX item_key ON item (i, b);
CREATE INDEX item_hash ON item USING hash (b);
SELECT a.b = b.b AS equal, hash_a = hash_b AS equal_hash FROM
	(SELECT 'STBOX((-0.0,1))'::stbox, _stbox_hash('STBOX((-0.0,1))'), _stbox_hash_extended('STBOX((-0.0,1))', 5)) a(b, hash_a, hash_a2),
	(SELECT 'STBOX((0.0,1))'::stbox, _stbox_hash('STBOX((0,1))'), _stbox_hash_extended('STBOX((0,1))', 5)) b(b, hash_b, hash_b2) WHERE hash_a2 = hash_b2;
CREATE TABLE part (b stbox) PARTITION BY HASH (b);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT b FROM item;
SELECT count(*) FROM part WHERE b = 'STBOX((0,0)),[2024-01-01,2024-01-01]';

-- The extent of a set.
SELECT extent(b) FROM item;
SELECT extent(b) FROM item WHERE false;
SELECT extent(b) FROM (VALUES (NULL::stbox), ('STBOX((1,2))'), (NULL), ('STBOX[2024-01-01,2024-01-02)'), ('STBOX((-3,,7),(-3,,8))')) v(b);
SELECT i % 2 AS odd, extent(b) FROM item GROUP BY 1 ORDER BY 1;
SELECT extent(b) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM item ORDER BY i LIMIT 3;
SELECT extent(b) FROM (VALUES ('STBOX((1,2))'::stbox), ('GEODSTBOX((1,2))')) v(b);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT extent(b) FROM item;
SELECT extent(b) FROM item;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
DROP SCHEMA spatial_operator CASCADE;
