-- The temporal join against the server's own joins: the same rows, for every type of join and of range.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS temporal_join_differ CASCADE;
CREATE SCHEMA temporal_join_differ;
SET search_path = temporal_join_differ, tsmem, public;

-- The same pseudo-random numbers on every server.
CREATE FUNCTION draw(i int, salt int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (((i::bigint * 2654435761 + salt::bigint * 40503 + (i % 7 + 3)::bigint * salt * 69069) % 2147483647 * 48271 % 2147483647 / 7) % n)::int $$;

-- Rows with keys that repeat, null keys, null and empty periods, open ends, all kinds of bounds, doubles.
CREATE FUNCTION bounds(i int, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT (ARRAY['[)', '[]', '()', '(]'])[1 + draw(i, salt + 5, 4)] $$;
CREATE FUNCTION span(i int, salt int, long int) RETURNS numrange LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE draw(i, salt + 1, 20)
		WHEN 0 THEN NULL WHEN 1 THEN 'empty'::numrange
		WHEN 2 THEN numrange(NULL, f, bounds(i, salt)) WHEN 3 THEN numrange(f, NULL, bounds(i, salt))
		WHEN 4 THEN numrange(f, f, '[]')
		ELSE numrange(f, f + draw(i, salt + 3, long), bounds(i, salt)) END
	FROM (SELECT draw(i, salt + 2, 100)::numeric AS f) s
$$;
CREATE TABLE l AS SELECT i AS id, nullif(draw(i, 11, 6), 5) AS k, draw(i, 12, 3)::bigint AS k2, draw(i, 13, 10) AS x, span(i, 20, 12) AS n
	FROM generate_series(1, 160) i;
CREATE TABLE r AS SELECT i AS id, nullif(draw(i, 31, 7), 6)::bigint AS k, draw(i, 32, 3) AS k2, draw(i, 33, 10) AS x, span(i, 40, 12) AS n
	FROM generate_series(1, 140) i;
INSERT INTO l SELECT id + 1000, k, k2, x, n FROM l WHERE id % 10 = 0;
INSERT INTO r SELECT id + 1000, k, k2, x, n FROM r WHERE id % 9 = 0;

CREATE FUNCTION as_int4(p numrange) RETURNS int4range LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN isempty(p) THEN 'empty' ELSE int4range(lower(p)::int, upper(p)::int, CASE WHEN lower_inc(p) THEN '[' ELSE '(' END || CASE WHEN upper_inc(p) THEN ']' ELSE ')' END) END $$;
CREATE FUNCTION as_date(p numrange) RETURNS daterange LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN isempty(p) THEN 'empty' ELSE daterange('2026-01-01'::date + lower(p)::int, '2026-01-01'::date + upper(p)::int, CASE WHEN lower_inc(p) THEN '[' ELSE '(' END || CASE WHEN upper_inc(p) THEN ']' ELSE ')' END) END $$;
CREATE FUNCTION as_ts(p numrange) RETURNS tsrange LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN isempty(p) THEN 'empty' ELSE tsrange('2026-01-01'::timestamp + lower(p) * interval '1 hour', CASE WHEN upper(p) = 50 THEN 'infinity'::timestamp ELSE '2026-01-01'::timestamp + upper(p) * interval '1 hour' END, CASE WHEN lower_inc(p) THEN '[' ELSE '(' END || CASE WHEN upper_inc(p) THEN ']' ELSE ')' END) END $$;
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
CREATE FUNCTION as_text(p numrange) RETURNS textrange LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN isempty(p) THEN 'empty' ELSE textrange(lpad(lower(p)::text, 200, '0'), lpad(upper(p)::text, 200, '0'), CASE WHEN lower_inc(p) THEN '[' ELSE '(' END || CASE WHEN upper_inc(p) THEN ']' ELSE ')' END) END $$;
CREATE DOMAIN span_of AS numrange;
DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['l', 'r'] LOOP
		EXECUTE format('ALTER TABLE %s ADD i4 int4range, ADD d daterange, ADD ts tsrange, ADD tz tstzrange, ADD te textrange, ADD dom span_of', t);
		EXECUTE format($q$UPDATE %s SET i4 = as_int4(n), d = as_date(n), ts = as_ts(n), te = as_text(n), dom = n,
			tz = tstzrange(lower(as_ts(n)) AT TIME ZONE 'UTC', upper(as_ts(n)) AT TIME ZONE 'UTC', CASE WHEN lower_inc(n) THEN '[' ELSE '(' END || CASE WHEN upper_inc(n) THEN ']' ELSE ')' END)$q$, t);
		EXECUTE format($q$UPDATE %s SET tz = 'empty' WHERE isempty(n)$q$, t);
	END LOOP;
END $$;
ANALYZE l, r;

-- Run a query with the temporal join, and with the server's joins; count the rows and those that differ.
CREATE FUNCTION differ(query text, plain text DEFAULT NULL, OUT rows bigint, OUT differ bigint, OUT temporal bigint)
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	PERFORM set_config(s, 'off', true) FROM unnest('{enable_hashjoin,enable_mergejoin,enable_nestloop}'::text[]) s;
	PERFORM set_config('tsmem.enable_temporal_join', 'on', true);
	temporal := 0;
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		temporal := temporal + (line LIKE '%TemporalJoin%')::int;
	END LOOP;
	EXECUTE 'CREATE TEMP TABLE temporally AS ' || query;
	PERFORM set_config(s, 'on', true) FROM unnest('{enable_hashjoin,enable_mergejoin,enable_nestloop}'::text[]) s;
	PERFORM set_config('tsmem.enable_temporal_join', 'off', true);
	EXECUTE 'CREATE TEMP TABLE plainly AS ' || coalesce(plain, query);
	PERFORM set_config('tsmem.enable_temporal_join', 'on', true);
	SELECT count(*) INTO rows FROM plainly;
	SELECT count(*) INTO differ FROM (
		(TABLE temporally EXCEPT ALL TABLE plainly) UNION ALL (TABLE plainly EXCEPT ALL TABLE temporally)) d;
	DROP TABLE temporally, plainly;
END $$;

-- Every type of join and of range, with no key, one and two, with and without another clause.
CREATE TABLE conditions (no int, condition text);
INSERT INTO conditions VALUES (1, 'true'), (2, 'l.k = r.k'), (3, 'l.k = r.k AND r.k2 = l.k2'), (4, 'l.x <> r.x'),
	(5, 'l.k = r.k AND l.x < r.x'), (6, 'r.k = l.k AND l.x > 3 AND r.x > 3'), (7, 'l.k = r.k AND l.k = r.k2');
CREATE TABLE periods_tried (no int, pair text);
INSERT INTO periods_tried VALUES (1, 'l.n && r.n'), (2, 'r.n && l.n'), (3, 'tsmem.overlaps(l.i4, r.i4)'), (4, 'l.d && r.d'), (5, 'l.ts && r.ts'),
	(6, 'tsmem.overlaps(r.tz, l.tz)'), (7, 'l.te && r.te'), (8, 'l.dom && r.dom'), (9, 'numrange(lower(l.n), upper(l.n)) && r.n');
CREATE TABLE kinds (no int, kind text, query text);
INSERT INTO kinds VALUES
	(1, 'inner', 'SELECT l.id AS l, r.id AS r, l.n AS ln, r.k2 FROM l JOIN r ON %s'),
	(2, 'left', 'SELECT l.id AS l, r.id AS r, r.n AS rn, l.x FROM l LEFT JOIN r ON %s'),
	(3, 'right', 'SELECT l.id AS l, r.id AS r, l.n AS ln, r.x FROM l RIGHT JOIN r ON %s'),
	(4, 'full', 'SELECT l.id AS l, r.id AS r, l.n AS ln, r.n AS rn FROM l FULL JOIN r ON %s'),
	(5, 'semi', 'SELECT l.id, l.k FROM l WHERE EXISTS (SELECT FROM r WHERE %s)'),
	(6, 'anti', 'SELECT l.id, l.k FROM l WHERE NOT EXISTS (SELECT FROM r WHERE %s)');
-- The server itself has no full join without a key.
CREATE FUNCTION plain_full(clause text) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT l.id AS l, r.id AS r, l.n AS ln, r.n AS rn FROM l LEFT JOIN r ON %1$s UNION ALL SELECT NULL, r.id, NULL, r.n FROM r WHERE NOT EXISTS (SELECT FROM l WHERE %1$s)', clause) $$;
SELECT kind, count(*) AS queries, sum(d.rows) > 1000 AS has_rows, sum(d.differ) AS differ, count(*) FILTER (WHERE d.temporal = 1) AS temporal
FROM kinds JOIN conditions ON true JOIN periods_tried ON true,
	LATERAL (SELECT condition || ' AND ' || pair AS clause) c,
	LATERAL differ(format(query, clause), CASE kind WHEN 'full' THEN plain_full(clause) END) d
GROUP BY kinds.no, kind ORDER BY kinds.no;

-- Keys and periods that are no columns, and not null where a row is lacking; a key that is equal to a column of another type.
CREATE FUNCTION day_of(x int) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN '2026-01-01'::date + x; END $$;
CREATE TABLE lx AS SELECT l.*, ('2026-01-01'::date + x)::timestamp AS at FROM l;
CREATE TABLE rx AS SELECT r.*, '2026-01-01'::date + x AS on_day FROM r;
ANALYZE lx, rx;
SELECT d.rows, d.differ, d.temporal > 0 AS temporal FROM unnest(ARRAY[
	'SELECT l.id AS l, r.id AS r, coalesce(r.k, 0) AS k FROM l LEFT JOIN r ON l.k = coalesce(r.k, 0) AND l.n && r.n',
	'SELECT l.id AS l, r.id AS r, coalesce(l.k, 0) AS k FROM l RIGHT JOIN r ON coalesce(l.k, 0) = r.k AND l.n && r.n',
	'SELECT l.id AS l, r.id AS r, coalesce(l.k, 0) AS k, coalesce(r.k2, 0) AS k2 FROM l FULL JOIN r ON coalesce(l.k, 0) = coalesce(r.k2, 0) AND l.n && r.n',
	'SELECT l.id AS l, r.id AS r, int4range(lower(r.i4), upper(r.i4)) AS p FROM l LEFT JOIN r ON l.i4 && int4range(lower(r.i4), upper(r.i4)) AND r.id > 30',
	'SELECT l.id AS l FROM l LEFT JOIN r ON l.i4 && int4range(lower(r.i4), upper(r.i4)) AND r.id > 120 WHERE coalesce(int4range(lower(r.i4), upper(r.i4)) = ''(,)'', false)',
	'SELECT l.id AS l, at, r.id AS r FROM lx l LEFT JOIN rx r ON day_of(l.x) = r.on_day AND l.n && r.n WHERE at = day_of(l.x)',
	-- What a subquery gives, computed for a condition above the join alone.
	'SELECT o.id, a.id AS a, b.id AS b FROM (SELECT l.id, l.n, coalesce(r.k2, 2) AS k2, r.i4 FROM l LEFT JOIN r ON l.k = r.k AND l.i4 && r.i4) o
		FULL JOIN l a ON o.id = a.k AND o.i4 && a.i4 JOIN r b ON o.k2 = b.k AND o.n && b.n']) WITH ORDINALITY q (query, no),
	LATERAL differ(query) d ORDER BY no;

-- Long periods in little memory: the active rows do not fit.
CREATE TABLE ll AS SELECT i AS id, nullif(draw(i, 51, 4), 3) AS k, draw(i, 53, 10) AS x, span(i, 60, 90) AS p, repeat(chr(65 + i % 26), 350) AS pad FROM generate_series(1, 900) i;
CREATE TABLE rr AS SELECT i AS id, nullif(draw(i, 71, 4), 3) AS k, draw(i, 73, 10) AS x, span(i, 80, 90) AS p, repeat(chr(97 + i % 26), 350) AS pad FROM generate_series(1, 800) i;
ANALYZE ll, rr;
CREATE FUNCTION spilled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found boolean := false;
BEGIN
	PERFORM set_config(s, 'off', true) FROM unnest('{enable_hashjoin,enable_mergejoin,enable_nestloop}'::text[]) s;
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP
		found := found OR line ~ 'Spilled Rows: [0-9]{3}';
	END LOOP;
	PERFORM set_config(s, 'on', true) FROM unnest('{enable_hashjoin,enable_mergejoin,enable_nestloop}'::text[]) s;
	RETURN found;
END $$;
SET work_mem = '64kB';
SELECT kind, d.rows > 20 AS has_rows, d.differ, d.temporal, spilled(query)
FROM (VALUES
	(1, 'inner', 'SELECT ll.id AS l, rr.id AS r, ll.pad, rr.pad AS p2 FROM ll JOIN rr ON ll.k = rr.k AND ll.p && rr.p AND ll.x - rr.x = 1'),
	(2, 'left', 'SELECT ll.id AS l, rr.id AS r, ll.pad, rr.pad AS p2 FROM ll LEFT JOIN rr ON ll.k = rr.k AND ll.p && rr.p AND ll.x - rr.x = 8'),
	(3, 'right', 'SELECT ll.id AS l, rr.id AS r, ll.pad, rr.pad AS p2 FROM ll RIGHT JOIN rr ON ll.k = rr.k AND ll.p && rr.p AND ll.x - rr.x = 8'),
	(4, 'full', 'SELECT ll.id AS l, rr.id AS r, ll.pad, rr.pad AS p2 FROM ll FULL JOIN rr ON ll.k = rr.k AND ll.p && rr.p AND ll.x - rr.x = 8'),
	(5, 'semi', 'SELECT ll.id AS l, ll.pad FROM ll WHERE EXISTS (SELECT FROM rr WHERE ll.k <= rr.k AND ll.p && rr.p AND ll.x - rr.x > 8 AND ll.id < rr.id)'),
	(6, 'anti', 'SELECT ll.id AS l, ll.pad FROM ll WHERE NOT EXISTS (SELECT FROM rr WHERE ll.k <= rr.k AND ll.p && rr.p AND ll.x - rr.x > 7 AND ll.id < rr.id)'),
	(7, 'inner, no key', 'SELECT ll.id AS l, rr.id AS r FROM ll JOIN rr ON ll.p && rr.p AND ll.x - rr.x = 1 AND ll.k < rr.k'),
	(8, 'anti, no key', 'SELECT ll.id AS l FROM ll WHERE NOT EXISTS (SELECT FROM rr WHERE ll.p && rr.p AND ll.x - rr.x > 6 AND ll.id < rr.id AND ll.k < rr.k)'),
	(9, 'all pairs', 'SELECT ll.id AS l, rr.id AS r FROM ll JOIN rr ON ll.p && rr.p')) q (no, kind, query),
	LATERAL differ(query) d
ORDER BY no;
RESET work_mem;
DROP SCHEMA temporal_join_differ CASCADE;
