-- Period predicates and Allen's relations: right on every pair of small periods, null, empty, unbounded; served by indexes.
CREATE SCHEMA temporal_allen;
SET search_path = temporal_allen, tsmem, public;

SELECT allen_relation('[1,3)'::int4range, '[5,9)') AS before, allen_relation('[1,5)'::int4range, '[5,9)') AS meets,
	allen_relation('[1,6)'::int4range, '[5,9)') AS overlaps, allen_relation('[1,9)'::int4range, '[5,9)') AS finished_by,
	allen_relation('[1,12)'::int4range, '[5,9)') AS contains, allen_relation('[5,6)'::int4range, '[5,9)') AS starts,
	allen_relation('[5,9)'::int4range, '[5,9)') AS equals, allen_relation('[5,12)'::int4range, '[5,9)') AS started_by,
	allen_relation('[6,7)'::int4range, '[5,9)') AS during, allen_relation('[6,9)'::int4range, '[5,9)') AS finishes,
	allen_relation('[6,12)'::int4range, '[5,9)') AS overlapped_by, allen_relation('[9,12)'::int4range, '[5,9)') AS met_by,
	allen_relation('[10,12)'::int4range, '[5,9)') AS after \gx

-- Every pair of periods over six points, unbounded ones and the empty one among them.
CREATE TABLE span AS
SELECT daterange('2026-01-01'::date + f, '2026-01-01'::date + t) AS p FROM generate_series(0, 5) f, generate_series(0, 5) t WHERE f <= t
UNION SELECT daterange(NULL, '2026-01-01'::date + t) FROM generate_series(0, 5) t
UNION SELECT daterange('2026-01-01'::date + f, NULL) FROM generate_series(0, 5) f
UNION SELECT daterange(NULL, NULL)
UNION SELECT daterange('-infinity', '2026-01-03') UNION SELECT daterange('2026-01-03', 'infinity');
SELECT count(*), count(*) FILTER (WHERE isempty(p)) AS empty FROM span;

CREATE FUNCTION holding(a anyrange, b anyrange) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_remove(ARRAY[
		CASE WHEN tsmem.allen_before(a, b) THEN 'before' END, CASE WHEN tsmem.allen_meets(a, b) THEN 'meets' END,
		CASE WHEN tsmem.allen_overlaps(a, b) THEN 'overlaps' END, CASE WHEN tsmem.allen_finished_by(a, b) THEN 'finished_by' END,
		CASE WHEN tsmem.allen_contains(a, b) THEN 'contains' END, CASE WHEN tsmem.allen_starts(a, b) THEN 'starts' END,
		CASE WHEN tsmem.allen_equals(a, b) THEN 'equals' END, CASE WHEN tsmem.allen_started_by(a, b) THEN 'started_by' END,
		CASE WHEN tsmem.allen_during(a, b) THEN 'during' END, CASE WHEN tsmem.allen_finishes(a, b) THEN 'finishes' END,
		CASE WHEN tsmem.allen_overlapped_by(a, b) THEN 'overlapped_by' END, CASE WHEN tsmem.allen_met_by(a, b) THEN 'met_by' END,
		CASE WHEN tsmem.allen_after(a, b) THEN 'after' END], NULL)
$$;
-- Exactly one relation holds, and it is the one named; none with an empty period.
SELECT count(*) AS pairs, count(*) FILTER (WHERE holding(a.p, b.p) IS DISTINCT FROM
	CASE WHEN isempty(a.p) OR isempty(b.p) THEN '{}'::text[] ELSE ARRAY[allen_relation(a.p, b.p)] END) AS wrong,
	count(DISTINCT allen_relation(a.p, b.p)) AS relations
FROM span a, span b;
-- Each relation against the bounds themselves, for the bounded periods.
SELECT count(*) AS pairs, count(*) FILTER (WHERE allen_relation(p, q) <> CASE
	WHEN upper(p) < lower(q) THEN 'before' WHEN upper(p) = lower(q) THEN 'meets'
	WHEN upper(q) < lower(p) THEN 'after' WHEN upper(q) = lower(p) THEN 'met_by'
	WHEN lower(p) = lower(q) AND upper(p) = upper(q) THEN 'equals'
	WHEN lower(p) = lower(q) THEN CASE WHEN upper(p) < upper(q) THEN 'starts' ELSE 'started_by' END
	WHEN upper(p) = upper(q) THEN CASE WHEN lower(p) < lower(q) THEN 'finished_by' ELSE 'finishes' END
	WHEN lower(p) < lower(q) THEN CASE WHEN upper(p) < upper(q) THEN 'overlaps' ELSE 'contains' END
	ELSE CASE WHEN upper(p) < upper(q) THEN 'during' ELSE 'overlapped_by' END END) AS wrong
FROM (SELECT a.p, b.p AS q FROM span a, span b WHERE NOT isempty(a.p) AND NOT isempty(b.p)
	AND NOT lower_inf(a.p) AND NOT upper_inf(a.p) AND NOT lower_inf(b.p) AND NOT upper_inf(b.p)) s;
-- The same with inclusive bounds over a continuous type.
SELECT allen_relation('[1,5]'::numrange, '(5,9)') AS meets, allen_relation('[1,5]'::numrange, '[5,9)') AS overlaps,
	allen_relation('[1,5)'::numrange, '(5,9)') AS before, allen_meets('[1,5]'::numrange, '(5,9)') AS m,
	allen_overlaps('[1,5]'::numrange, '[5,9)') AS o, allen_before('[1,5)'::numrange, '(5,9)') AS b;

-- SQL:2011 predicates.
SELECT overlaps('[1,5)'::int4range, '[4,9)') AS o1, overlaps('[1,5)'::int4range, '[5,9)') AS o2,
	equals('[1,5)'::int4range, '[1,4]') AS e1, equals('[1,5)'::int4range, '[1,6)') AS e2,
	contains('[1,5)'::int4range, '[2,5)') AS c1, contains('[1,5)'::int4range, '[2,6)') AS c2,
	contains_instant('[1,5)'::int4range, 1) AS i1, contains_instant('[1,5)'::int4range, 5) AS i2,
	precedes('[1,5)'::int4range, '[5,9)') AS p1, precedes('[1,6)'::int4range, '[5,9)') AS p2,
	succeeds('[5,9)'::int4range, '[1,5)') AS s1, succeeds('[4,9)'::int4range, '[1,5)') AS s2,
	immediately_precedes('[1,5)'::int4range, '[5,9)') AS ip1, immediately_precedes('[1,4)'::int4range, '[5,9)') AS ip2,
	immediately_precedes('[5,9)'::int4range, '[1,5)') AS ip3,
	immediately_succeeds('[5,9)'::int4range, '[1,5)') AS is1, immediately_succeeds('[6,9)'::int4range, '[1,5)') AS is2 \gx
SELECT contains_instant(tstzrange('2026-01-01', 'infinity'), '2030-01-01') AS literal,
	contains_instant(tstzrange('2026-01-01', 'infinity'), 'infinity') AS excluded,
	contains_instant(tstzrange('2026-01-01', NULL), 'infinity') AS unbounded;

-- Null gives null; the empty period is in every period and related to none.
SELECT overlaps(NULL::int4range, '[1,2)') IS NULL AS o, equals('[1,2)', NULL::int4range) IS NULL AS e,
	immediately_precedes(NULL::int4range, NULL) IS NULL AS i, allen_meets('[1,2)', NULL::int4range) IS NULL AS m,
	allen_relation(NULL::int4range, '[1,2)') IS NULL AS a;
SELECT overlaps('empty'::int4range, '[1,2)') AS o, contains('[1,2)'::int4range, 'empty') AS c, precedes('empty'::int4range, '[1,2)') AS p,
	equals('empty'::int4range, 'empty') AS e, allen_equals('empty'::int4range, 'empty') AS ae,
	allen_relation('empty'::int4range, '[1,2)') IS NULL AS r, immediately_succeeds('empty'::int4range, '[1,2)') AS i;
SELECT overlaps(1, 2);
SELECT allen_relation('[1,2)'::int4range, '[1,2)'::int8range);

-- A GiST index serves each of them.
CREATE TABLE stay (id int, during tstzrange);
CREATE INDEX ON stay USING gist (during);
INSERT INTO stay SELECT i, tstzrange(t, t + interval '1 day') FROM generate_series(1, 3000) i, LATERAL (SELECT '2020-01-01'::timestamptz + i * interval '1 hour') x(t);
ANALYZE stay;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM stay WHERE overlaps(during, '[2020-02-01,2020-02-02)');
EXPLAIN (COSTS OFF) SELECT * FROM stay WHERE contains_instant(during, '2020-02-01');
EXPLAIN (COSTS OFF) SELECT * FROM stay WHERE immediately_precedes(during, '[2020-02-01,2020-02-02)');
EXPLAIN (COSTS OFF) SELECT * FROM stay WHERE allen_during(during, '[2020-02-01,2020-03-02)');
CREATE FUNCTION uses_index(predicate text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; used boolean := false;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN SELECT * FROM temporal_allen.stay WHERE tsmem.%I(during, ''[2020-02-01,2020-02-02)'')', predicate)
	LOOP used := used OR line ~ 'Index Cond'; END LOOP;
	RETURN used;
END $$;
SELECT string_agg(p, ' ' ORDER BY p) AS served FROM unnest('{overlaps,equals,contains,precedes,succeeds,immediately_precedes,immediately_succeeds,
	allen_before,allen_meets,allen_overlaps,allen_finished_by,allen_contains,allen_starts,allen_equals,allen_started_by,allen_during,
	allen_finishes,allen_overlapped_by,allen_met_by,allen_after}'::text[]) p WHERE uses_index(p);
DROP SCHEMA temporal_allen CASCADE;
