-- The planner's estimates for stbox operators come from a sample of the column, and are about right on skewed data.
CREATE SCHEMA spatial_selectivity;
SET search_path = spatial_selectivity, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- Places crowd near a harbour and around noon; some rows have none. All rows fit into ANALYZE's own sample.
CREATE FUNCTION scatter(i int, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT ((i::bigint * 2654435761 + salt * 40503::bigint) % 1000003) / 1000003.0 $$;
CREATE TABLE fix AS
SELECT i AS id, CASE WHEN i % 10 = 0 THEN NULL ELSE stbox(
	100 * scatter(i, 1) ^ 4, 100 * scatter(i * 7, 2) ^ 4,
	timestamptz '2024-01-01' + interval '30 days' * scatter(i * 13, 3) ^ 2) END AS box
FROM generate_series(1, 20000) i;
CREATE TABLE area AS
SELECT i AS id, stbox(x, y, x + 5 * scatter(i * 3, 6), y + 5 * scatter(i * 3, 7), tstzrange(t, t + interval '1 day')) AS box
FROM (SELECT i, 100 * scatter(i, 4) ^ 4 AS x, 100 * scatter(i * 11, 5) ^ 4 AS y, timestamptz '2024-01-01' + interval '30 days' * scatter(i, 8) AS t
	FROM generate_series(1, 3000) i) r;

CREATE FUNCTION estimate(query text, OUT estimated float8, OUT actual float8) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	estimated := plan #>> '{0,Plan,Plan Rows}';
	EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO actual;
END $$;
-- Within a factor of 3; below ten rows the factor means little.
CREATE FUNCTION verdict(query text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN greatest(estimated, 10) BETWEEN greatest(actual, 10) / 3 AND greatest(actual, 10) * 3 THEN 'good'
		ELSE format('estimated %s, actual %s', estimated, actual) END
	FROM estimate(query) $$;

-- Without statistics: constants, windows and sides apart.
SELECT round((estimate(format('SELECT FROM fix WHERE box %s %L', op, stbox(0, 0, 1, 1, '[2024-01-01,2024-01-02)')))).estimated
	/ (estimate('SELECT FROM fix')).estimated * 1000) AS per_mille, op
FROM (VALUES ('&&'), ('@>'), ('<@'), ('<<'), ('#&>')) o(op);

ANALYZE fix, area;
-- 2,000 boxes are kept, of our own kind, beside the standard statistics.
SELECT starelid::regclass AS relation, array_length(stavalues::text::text[], 1) AS kept
FROM (SELECT starelid, CASE 15472 WHEN stakind1 THEN stavalues1 WHEN stakind2 THEN stavalues2 WHEN stakind3 THEN stavalues3 WHEN stakind4 THEN stavalues4 WHEN stakind5 THEN stavalues5 END AS stavalues
	FROM pg_statistic WHERE starelid IN ('fix'::regclass, 'area'::regclass)) s WHERE stavalues IS NOT NULL ORDER BY 1;
SELECT tablename, null_frac BETWEEN 0.099 AND 0.101 AS nulls, n_distinct < -0.8 AS many, histogram_bounds IS NOT NULL AS histogram
FROM pg_stats WHERE schemaname = 'spatial_selectivity' AND attname = 'box' ORDER BY 1;

-- Windows, dense and empty, in space, in time, in both.
SELECT q, verdict(format('SELECT FROM fix WHERE box && %L', q)) FROM (VALUES
	(stbox(0, 0, 1, 1, '[2024-01-01,2024-01-31)')), (envelope(0, 0, 5, 5)), (envelope(50, 50, 100, 100)), (envelope(0, 0, 100, 100)), (envelope(200, 200, 300, 300)),
	(stbox(tstzrange('2024-01-01', '2024-01-02'))), (stbox(tstzrange('2024-01-25', '2024-01-31'))), (stbox(0, 0, 10, 10, '[2024-01-01,2024-01-04)'))) v(q);
-- The same on the other side, and containment.
SELECT verdict($$SELECT FROM fix WHERE 'STBOX((0,0),(5,5))' && box$$), verdict($$SELECT FROM fix WHERE 'STBOX((0,0),(5,5))' @> box$$),
	verdict($$SELECT FROM fix WHERE box <@ 'STBOX((0,0),(5,5))'$$), verdict($$SELECT FROM area WHERE box @> stbox(1, 1)$$),
	verdict($$SELECT FROM area WHERE box -|- stbox(1, 1)$$), verdict($$SELECT FROM fix WHERE NOT box && 'STBOX((0,0),(5,5))'$$);
-- One side of an axis.
SELECT op, verdict(format('SELECT FROM fix WHERE box %s %L', op, stbox(10, 10, '2024-01-10'))), verdict(format('SELECT FROM fix WHERE %L %s box', stbox(10, 10, '2024-01-10'), op))
FROM (VALUES ('<<'), ('&<'), ('>>'), ('&>'), ('<<|'), ('&<|'), ('|>>'), ('|&>'), ('<<#'), ('&<#'), ('#>>'), ('#&>'), ('<</'), ('/&>')) o(op);
-- Equality and order have the standard estimators.
SELECT verdict($$SELECT FROM fix WHERE box = 'STBOX((0,0))'$$), verdict($$SELECT FROM fix WHERE box ~= 'STBOX((0,0))'$$), verdict($$SELECT FROM fix WHERE box <> 'STBOX((0,0))'$$),
	verdict($$SELECT FROM fix WHERE box < 'STBOX((5,0),(5,0))'$$), verdict($$SELECT FROM fix WHERE box >= 'STBOX((5,0),(5,0))'$$);
-- NULL gives nothing, a value not known yet one like those of the column.
SELECT (estimate('SELECT FROM fix WHERE box && NULL::stbox')).estimated;
SELECT estimated BETWEEN 10 AND 300 AS like_the_column FROM estimate('SELECT FROM area WHERE box && (SELECT box FROM area LIMIT 1)');
-- The planes do not mix: no estimate raises.
SELECT (estimate($$SELECT FROM fix WHERE box && 'STBOX[2024-01-01,2024-01-02)'$$)).estimated > 100 AS time_only;
EXPLAIN (COSTS OFF) SELECT FROM fix WHERE box && 'GEODSTBOX((1,1))';

CREATE INDEX fix_box ON fix USING gist (box);
CREATE INDEX area_box ON area USING gist (box);
-- Joins: fixes in areas, areas with areas, with themselves, with a fix or without.
SELECT verdict('SELECT FROM fix f JOIN area a ON f.box && a.box'), verdict('SELECT FROM area a JOIN fix f ON a.box @> f.box'),
	verdict('SELECT FROM area a JOIN area b ON a.box && b.box'), verdict('SELECT FROM (SELECT * FROM area WHERE id <= 100) a JOIN area b ON a.box <<# b.box');
-- What is within a distance of each other: the sample is widened.
SELECT verdict('SELECT FROM fix f JOIN area a ON f.box && expand(a.box, 2)'), verdict('SELECT FROM area a JOIN area b ON expand(a.box, 0.5) && b.box'),
	verdict($$SELECT FROM area WHERE expand(box, 3) && 'STBOX((20,20),(21,21))'$$), verdict($$SELECT FROM area a WHERE EXISTS (SELECT FROM fix f WHERE f.box && expand(a.box, 2))$$);
SELECT verdict('SELECT FROM fix f WHERE EXISTS (SELECT FROM area a WHERE a.box && f.box)'), verdict('SELECT FROM area a WHERE EXISTS (SELECT FROM fix f WHERE a.box @> f.box)'),
	verdict('SELECT FROM area a WHERE NOT EXISTS (SELECT FROM fix f WHERE f.box <@ a.box)');
-- Matches too rare for the sample: small places over a large field, each with a match or two, and some of them far from all.
SELECT setseed(0.5);
CREATE TABLE sparse AS SELECT i AS id, stbox(1000 * random(), 1000 * random()) AS box FROM generate_series(1, 20000) i;
CREATE TABLE spot AS SELECT i AS id, envelope(x, y, x + 4, y + 4) AS box
FROM (SELECT i, 1000 * random() AS x, 1000 * random() AS y FROM generate_series(1, 3000) i) s;
CREATE TABLE apart AS SELECT id, CASE WHEN id % 2 = 0 THEN box ELSE expand(envelope(5000 + id, 0, 5000 + id, 0), 100) END AS box FROM area;
ANALYZE sparse, spot, apart;
SELECT verdict('SELECT FROM spot s WHERE EXISTS (SELECT FROM sparse p WHERE s.box && p.box)'), verdict('SELECT FROM spot s WHERE NOT EXISTS (SELECT FROM sparse p WHERE s.box && p.box)'),
	verdict('SELECT FROM sparse p WHERE EXISTS (SELECT FROM spot s WHERE p.box <@ s.box)'), verdict('SELECT FROM sparse p WHERE NOT EXISTS (SELECT FROM spot s WHERE s.box @> p.box)');
SELECT verdict('SELECT FROM sparse p WHERE EXISTS (SELECT FROM spot s WHERE p.box <@ s.box AND s.id <= 300)'),
	verdict('SELECT FROM (SELECT * FROM sparse LIMIT 300) p WHERE EXISTS (SELECT FROM spot s WHERE p.box <@ s.box)');
SELECT verdict('SELECT FROM apart a WHERE EXISTS (SELECT FROM area b WHERE a.box && b.box)'), verdict('SELECT FROM apart a WHERE NOT EXISTS (SELECT FROM area b WHERE a.box && b.box)');
-- No match at all.
SELECT verdict('SELECT FROM sparse p WHERE EXISTS (SELECT FROM spot s WHERE p.box <</ s.box)'), verdict('SELECT FROM sparse p WHERE NOT EXISTS (SELECT FROM spot s WHERE p.box <</ s.box)');
-- Other expressions have no sample: the constants.
SELECT (estimate('SELECT FROM area a JOIN area b ON a.box && with_z(b.box, 1, 2)')).estimated, (estimate('SELECT FROM area a JOIN area b ON a.box << expand(b.box, NULL)')).estimated;
-- Estimates choose plans: a few rows by index, most rows by reading all.
EXPLAIN (COSTS OFF) SELECT id FROM fix WHERE box && 'STBOX((50,50),(52,52))';
EXPLAIN (COSTS OFF) SELECT id FROM fix WHERE box && 'STBOX((0,0),(100,100))';

-- Who may not see all rows gets no hint of what is in them: behind a security barrier the estimate is the constant.
CREATE ROLE spatial_stranger;
GRANT USAGE ON SCHEMA spatial_selectivity TO spatial_stranger;
CREATE VIEW open AS SELECT * FROM fix WHERE id <= 10000;
CREATE VIEW closed WITH (security_barrier) AS SELECT * FROM fix WHERE id <= 10000;
GRANT SELECT ON open, closed TO spatial_stranger;
SET ROLE spatial_stranger;
SELECT (estimate('SELECT FROM open WHERE box && ''STBOX((0,0),(100,100))''')).estimated > 5000 AS by_sample,
	(estimate('SELECT FROM closed WHERE box && ''STBOX((0,0),(100,100))''')).estimated < 100 AS by_constant;
RESET ROLE;
REVOKE ALL ON SCHEMA spatial_selectivity FROM spatial_stranger;
REVOKE ALL ON open, closed FROM spatial_stranger;
DROP ROLE spatial_stranger;

-- Columns of nothing but NULL, of one row, of a domain, and an expression index.
CREATE DOMAIN place AS stbox;
CREATE TABLE edge (empty stbox, one place);
INSERT INTO edge VALUES (NULL, 'STBOX((1,1))');
ANALYZE edge;
SELECT (estimate('SELECT FROM edge WHERE empty && ''STBOX((1,1))''')).*, (estimate('SELECT FROM edge WHERE one && ''STBOX((1,1))''')).*;
CREATE INDEX fix_wide ON fix USING gist (expand(box, 1));
ANALYZE fix;
SELECT verdict('SELECT FROM fix WHERE expand(box, 1) && ''STBOX((5,5))''');
DROP SCHEMA spatial_selectivity CASCADE;
