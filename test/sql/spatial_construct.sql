-- Constructors, casts and accessors of stbox; untyped literals are not ambiguous.
CREATE SCHEMA spatial_construct;
SET search_path = spatial_construct, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- With the schema in the path, without it, and with nothing typed.
SELECT stbox(1, 2), stbox(1, 2, '2024-01-01'), stbox(1, 2, 3, '2024-01-01');
SELECT tsmem.stbox(1,2,'2024-01-01');
SELECT stbox('1', '2'), stbox('1', '2', '2024-01-01'), stbox('1', '2', '3', '2024-01-01');
SELECT stbox(1.5, 2.5, 3.5, 4.5, '[2024-01-01,2024-02-01)'), stbox('1', '2', '3', '4', '[2024-01-01,2024-01-01]');
SELECT stbox(1, 2, 3, 4, 5, 6, '(2024-01-01,)');
SELECT envelope(1, 2, 3, 4), envelope('1', '2', '3', '4');
SELECT stbox('STBOX((1,2),(3,4))');
-- The name of a type called with one untyped literal is a cast of the text, so a period needs its type.
SELECT stbox('[2024-01-01,2024-02-01)');
SELECT stbox(tstzrange '[2024-01-01,2024-02-01)');
SELECT stbox(tstzrange('2024-01-01', '2024-02-01')), point(1, 2)::stbox, box(point(4, 3), point(1, 2))::stbox;
SELECT NULL::point::stbox IS NULL, stbox(1, 2, NULL) IS NULL, stbox(NULL) IS NULL;
PREPARE untyped AS SELECT stbox($1, $2, $3), stbox($4, $5), geodetic($6), expand($7, $8), with_time($9, $10), stbox($11) && $12, area($13::stbox);
EXECUTE untyped(1, 2, '2024-01-01', 3, 4, 'STBOX((1,2))', 'STBOX((1,2))', 1, 'STBOX((1,2))', '[2024-01-01,2024-01-02)', '[2024-01-01,2024-01-02)', 'STBOX((1,2))', 'STBOX((1,2),(3,4))');
SELECT geodetic('STBOX((1,2))'), planar('GEODSTBOX((1,2))'), expand('STBOX((1,2))', '1'), expand_time('STBOX[2024-01-01,2024-01-01]', '1 hour');
SELECT with_time('STBOX((1,2))', '[2024-01-01,2024-02-01)'), with_z('STBOX((1,2))', 3, 4);
SELECT with_time('STBOX((1,2)),[1999-01-01,2000-01-01)', '[2024-01-01,2024-02-01)');
SELECT stbox(x => 1, y => 2, t => '2024-01-01') = stbox(1, 2, timestamptz '2024-01-01');

-- Refused.
SELECT stbox('NaN', 1);
SELECT stbox(1, 'infinity');
SELECT stbox(1, 2, 'infinity');
SELECT stbox(1, 2, 3, '-infinity');
SELECT envelope(3, 2, 1, 4);
SELECT stbox(1, 2, 3, 4, 'empty');
SELECT stbox(1, 2, 3, 4, '(2024-01-01,2024-01-01 00:00:00.000001)');
SELECT with_z('STBOX((1,2))', 4, 3);
SELECT with_time('STBOX((1,2))', '[infinity,)');
SELECT geodetic(stbox(181, 0));
SELECT geodetic(stbox(0, 91));
SELECT geodetic('STBOX[2024-01-01,2024-01-02)');
SELECT '(1,NaN)'::point::stbox;

-- Casts.
SELECT point(1, 2)::stbox, box '(3,4),(1,2)'::stbox, tstzrange('2024-01-01', NULL)::stbox;
SELECT stbox(1, 2, 3, 4, '[2024-01-01,2024-02-01)')::box, stbox(1, 2, 3, 4, '[2024-01-01,2024-02-01)')::tstzrange;
SELECT stbox(1, 2)::tstzrange IS NULL, stbox(tstzrange(NULL, NULL))::box IS NULL;
-- A period comes back as the same set of microseconds, in half-open form or as an instant.
SELECT p, p::stbox::tstzrange
FROM (VALUES ('[2024-01-01,2024-02-01)'::tstzrange), ('[2024-01-01,2024-01-01]'), ('(2024-01-01,2024-02-01]'), ('(,)'), ('[2024-01-01,)'), ('(,2024-01-01)'), ('[-infinity,infinity]')) v(p);
-- Its function does not ask what the caller declares it to return.
CREATE DOMAIN period AS tstzrange;
DO $$ BEGIN
	EXECUTE format('CREATE FUNCTION to_period(stbox) RETURNS period AS %L, ''tsm_stbox_to_period'' LANGUAGE C IMMUTABLE STRICT',
		(SELECT probin FROM pg_proc WHERE oid = 'tsmem.to_tstzrange(tsmem.stbox)'::regprocedure));
END $$;
SELECT to_period('STBOX[2024-01-01,2024-02-01)');
CREATE TABLE place (location stbox);
INSERT INTO place VALUES (point(1, 2)), (box '(1,2),(3,4)'), (tstzrange('2024-01-01', '2024-01-02'));
SELECT * FROM place;
SELECT stbox(1, 2) && point(1, 2);

-- Accessors give NULL for what is not there.
CREATE TABLE shape (id int, box stbox);
INSERT INTO shape VALUES
	(1, 'STBOX((1,2,3),(4,6,8)),[2024-01-01,2024-01-03 12:00)'), (2, 'STBOX((1,2))'), (3, 'STBOX[2024-01-01,2024-01-01]'), (4, 'STBOX((,,5),(,,6))'),
	(5, 'STBOX((-infinity,0),(infinity,1)),[-infinity,2024-01-01)'), (6, 'GEODSTBOX((-1,0),(0,1)),[2024-01-01,)'), (7, 'STBOX((1,),(2,))');
SELECT id, x_min(box), x_max(box), y_min(box), y_max(box), z_min(box), z_max(box) FROM shape ORDER BY id;
SELECT id, t_min(box), t_max(box), duration(box) FROM shape ORDER BY id;
SELECT id, has_x(box), has_y(box), has_z(box), has_t(box), is_geodetic(box) FROM shape ORDER BY id;
SELECT duration('STBOX[4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00]');
SET extra_float_digits = 0;
SELECT id, center(box), area(box) FROM shape ORDER BY id;
RESET extra_float_digits;
-- The sphere has 4 pi r^2; a box around it all has no error in its area.
SELECT tsmem.area('GEODSTBOX((-180,-90),(180,90))') / (4 * pi() * 6371008.7714150598 ^ 2) BETWEEN 1 - 1e-12 AND 1 + 1e-12 AS sphere;
SELECT tsmem.area('STBOX((0,-infinity),(0,infinity))'), tsmem.center('STBOX((1.6e308,0),(1.7e308,0))');

-- Widening.
SELECT expand('STBOX((1,2,3),(4,5,6)),[2024-01-01,2024-01-02)', 1.5);
SELECT expand('STBOX((1,),(2,))', 1), expand('STBOX[2024-01-01,2024-01-02)', 1);
SELECT expand('STBOX((-infinity,0),(1,infinity))', 1);
SELECT expand('STBOX((1,2))', 0), round((1e6 * ((geodetic(stbox(1, 2)) <-> 'GEODSTBOX((1,3))') - (expand('GEODSTBOX((1,2))', 0) <-> 'GEODSTBOX((1,3))')))::numeric) AS micrometres;
-- What is at exactly the distance, after rounding, is within it: 0.2 + 2.0999999999999996 rounds to below 2.3.
SELECT expand('STBOX((0.2,0))', 2.0999999999999996) && 'STBOX((2.3,0))' AS at_distance, 'STBOX((0.2,0))'::stbox <-> 'STBOX((2.3,0))' AS distance;
SELECT count(*) AS points, count(*) FILTER (WHERE b && expand(a, a <-> b)) AS at_distance
FROM (SELECT stbox(i / 10.0, j / 10.0) AS a, stbox(k / 10.0, l / 10.0) AS b FROM generate_series(-9, 9, 3) i, generate_series(-7, 9, 4) j, generate_series(-9, 9, 2) k, generate_series(-8, 8, 5) l) p;
-- The antimeridian is one line, a pole one point.
SELECT 'GEODSTBOX((180,0))'::stbox <-> 'GEODSTBOX((-180,0))' AS distance, expand('GEODSTBOX((180,0))', 0) && 'GEODSTBOX((-180,0))' AS one_line,
	expand('GEODSTBOX((-180,0))', 0) && 'GEODSTBOX((180,0))' AS either_way, expand('GEODSTBOX((5,90))', 0) && 'GEODSTBOX((77,90))' AS one_point;
SELECT round(x_min(b)::numeric, 5), round(y_min(b)::numeric, 5), round(x_max(b)::numeric, 5), round(y_max(b)::numeric, 5), z_min(b), z_max(b)
FROM expand('GEODSTBOX((10,60,0),(10,60,0))', 1000) b;
SELECT expand('GEODSTBOX((179.9999,0))', 1000) && 'GEODSTBOX((-179.9999,0))' AS over_the_antimeridian,
	x_min(expand('GEODSTBOX((0,89.9999))', 1000)) AS over_the_pole, y_max(expand('GEODSTBOX((0,89.9999))', 1000)),
	expand('GEODSTBOX((0,0))', 3e7) AS beyond_the_globe;
SELECT expand('STBOX((1,2))', -1);
SELECT expand('STBOX((1,2))', 'NaN');
SELECT expand('STBOX((1,2))', 'infinity');
SELECT expand_time('STBOX((1,2)),[2024-01-31,2024-02-01)', '1 month'), expand_time('STBOX((1,2))', '1 day'), expand_time('STBOX[,2024-01-01)', '1 day'), expand_time('STBOX[2024-01-01,)', '1 day');
SELECT expand_time('STBOX[2024-01-01,2024-01-05)', '-1 day');
SELECT expand_time('STBOX[2024-01-01,2024-01-05)', '-1 week');
SELECT expand_time('STBOX[2024-01-01,2024-01-05)', '300000 years');
DROP SCHEMA spatial_construct CASCADE;
