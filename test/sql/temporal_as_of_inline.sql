-- as_of and as_of_snapshot in FROM are planned as the queries that they stand for, and give what they give when they are run.
CREATE SCHEMA temporal_as_of_inline;
SET search_path = temporal_as_of_inline, tsmem, public;
CREATE TABLE price (gone int, item int PRIMARY KEY, amount int, valid_at daterange NOT NULL DEFAULT '[2026-01-01,)', note text);
ALTER TABLE price DROP COLUMN gone;
SELECT add_period('price', 'valid_at'), add_system_versioning('price');
INSERT INTO price SELECT i, 0, CASE WHEN i % 2 = 0 THEN '[2026-01-01,2026-06-01)' ELSE '[2026-06-01,)' END::daterange, 'n' || i FROM generate_series(1, 2000) i;
SELECT clock_timestamp() AS first, snapshot() AS token \gset
UPDATE price SET amount = 1; UPDATE price SET amount = 2;
ALTER TABLE price DROP COLUMN note;
VACUUM ANALYZE price, price_history;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		RETURN NEXT regexp_replace(regexp_replace(line, 'tsm1[^'']*', 'TOKEN'), '''\w{3} \w{3} \d\d \d\d:[^'']*''', 'TIME', 'g');
	END LOOP;
END $$;
CREATE FUNCTION is_run(query text) RETURNS boolean LANGUAGE sql AS $$ SELECT bool_or(line ~ 'Function Scan on (as_of|a)|ProjectSet') FROM plan(query) line $$;
SET enable_bitmapscan = off;
SELECT plan(format('SELECT * FROM as_of(NULL::price, %L) WHERE item = 42', :'first'));
SELECT plan(format('SELECT * FROM as_of(NULL::price, valid => %L, system => %L) WHERE item = 42', '2026-02-01', :'first'));
SELECT plan(format('SELECT * FROM as_of_snapshot(NULL::price, %L) WHERE item = 42', :'token'));
SELECT plan('SELECT * FROM as_of(NULL::price) WHERE item = 42');
\echo results
SELECT * FROM (SELECT item, amount, valid_at FROM as_of(NULL::price, :'first') WHERE item = 42) a;
SELECT count(*), sum(amount) FROM as_of(NULL::price, :'first', '2026-02-01');
SELECT count(*), sum(amount) FROM as_of(NULL::price, valid => '2026-02-01');
SELECT count(*), sum(amount) FROM as_of(NULL::price);
SELECT count(*), sum(amount) FROM as_of(NULL::price, NULL, NULL);
SELECT count(*), sum(amount) FROM as_of_snapshot(NULL::price, :'token', '2026-07-01');
SELECT count(*), sum(amount) FROM as_of_snapshot(NULL::price, NULL);
SELECT count(*) FROM as_of(NULL::price, 'infinity'); SELECT count(*) FROM as_of(NULL::price, '-infinity');
\echo whole rows, and the shape of a row with a dropped column
SELECT a IS NOT NULL, (a).item, (a::text) ~ '^\(42,0,' FROM as_of(NULL::price, :'first') a WHERE item = 42;
SELECT a.item FROM price p JOIN as_of(NULL::price, :'first') a ON a.item = p.item WHERE (p).item = 42 AND a IS DISTINCT FROM p;
SELECT pg_typeof(a) FROM as_of(NULL::price, :'first') a WHERE item = 42;
\echo a time that is not known when it is planned, and null
PREPARE q(timestamptz, int) AS SELECT count(*), sum(amount) FROM as_of(NULL::price, $1) WHERE item <= $2;
PREPARE k(timestamptz, int) AS SELECT * FROM as_of(NULL::price, $1) WHERE item = $2;
SET plan_cache_mode = force_generic_plan;
SELECT plan('EXECUTE k(now(), 1)');
EXECUTE q(:'first', 10); EXECUTE q(now(), 10); EXECUTE q(NULL, 10); EXECUTE q('infinity', 10);
PREPARE v(date) AS SELECT count(*) FROM as_of(NULL::price, NULL, $1::timestamptz);
SELECT is_run('EXECUTE v(NULL)');
EXECUTE v('2026-02-01'); EXECUTE v(NULL);
RESET plan_cache_mode;
EXECUTE v('2026-02-01'); EXECUTE v(NULL); EXECUTE q(NULL, 10); EXECUTE q(:'first', 10);
SELECT w.at IS NULL AS unknown, (SELECT sum(amount) FROM as_of(NULL::price, w.at) WHERE item <= 10) FROM (VALUES (NULL::timestamptz), (:'first'), ('infinity')) w(at);
SELECT sum(a.amount) FROM (VALUES (NULL::timestamptz, 3), (:'first', 4), (now(), 5)) w(at, item), LATERAL as_of(NULL::price, w.at) a WHERE a.item = w.item;
SELECT sum(a.amount) FROM (VALUES (NULL::timestamptz, 3), (:'first', 4)) w(at, item) LEFT JOIN LATERAL as_of(NULL::price, w.at, '2026-07-01') a ON a.item = w.item;
\echo everywhere a query may be
CREATE VIEW once AS SELECT item, amount FROM as_of(NULL::price, '2020-01-01');
SELECT count(*) FROM once;
CREATE VIEW today AS SELECT a.item, a.amount FROM as_of(NULL::price) a;
SELECT sum(amount) FROM today WHERE item < 4;
WITH c AS MATERIALIZED (SELECT * FROM as_of(NULL::price, :'first')) SELECT count(*) FROM c WHERE EXISTS (SELECT FROM as_of(NULL::price, now()) n WHERE n.item = c.item AND n.amount <> c.amount);
SELECT count(*) FROM (SELECT item FROM as_of(NULL::price, :'first') UNION ALL SELECT item FROM as_of(NULL::price, now())) x;
CREATE FUNCTION sum_then(timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT sum(a.amount) FROM tsmem.as_of(NULL::temporal_as_of_inline.price, $1) a WHERE a.item < 4); END $$;
SELECT sum_then(:'first'), sum_then(NULL), sum_then(now());
CREATE FUNCTION rows_then(timestamptz) RETURNS SETOF price LANGUAGE sql STABLE AS $$ SELECT * FROM tsmem.as_of(NULL::temporal_as_of_inline.price, $1) $$;
SELECT sum(amount) FROM rows_then(:'first') WHERE item < 4; SELECT sum(amount) FROM rows_then(now()) WHERE item < 4;
CREATE TABLE copy AS SELECT * FROM as_of(NULL::price, :'first'); SELECT count(*), sum(amount) FROM copy;
UPDATE copy c SET amount = a.amount FROM as_of(NULL::price, now()) a WHERE a.item = c.item AND c.item < 3;
SELECT sum(amount) FROM copy;
\echo what is run as before
SELECT is_run(q) FROM unnest(ARRAY['SELECT * FROM as_of(NULL::price, now()) WITH ORDINALITY', 'SELECT * FROM ROWS FROM (as_of(NULL::price, now()), generate_series(1, 2))',
	'SELECT * FROM as_of(NULL::price, clock_timestamp())', 'SELECT * FROM as_of(NULL::price, (SELECT now()))', 'SELECT as_of(NULL::price, now())']) q;
SELECT count(*), max(ordinality) FROM as_of(NULL::price, :'first') WITH ORDINALITY;
SELECT count(*) FROM as_of(NULL::price, clock_timestamp());
\echo the time of a session: as_of has its own
SET tsmem.system_time = '2020-01-01';
SELECT count(*) FROM price; SELECT count(*) FROM as_of(NULL::price, :'first'); SELECT count(*) FROM as_of(NULL::price);
EXECUTE q(:'first', 10);
RESET tsmem.system_time;
EXECUTE q(:'first', 10);
\echo rights and policies of the caller, plan by plan
CREATE ROLE regress_inline_reader; CREATE ROLE regress_inline_other;
GRANT USAGE ON SCHEMA temporal_as_of_inline TO regress_inline_reader, regress_inline_other;
PREPARE r AS SELECT count(*) FROM as_of(NULL::price, '2026-01-01'::timestamptz + interval '1000 years', '2026-02-01');
SET plan_cache_mode = force_generic_plan;
EXECUTE r;
SET ROLE regress_inline_reader;
EXECUTE r;
SELECT count(*) FROM today;
RESET ROLE;
GRANT SELECT ON price TO regress_inline_reader, regress_inline_other;
ALTER TABLE price ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON price TO regress_inline_reader USING (item <= 10);
CREATE POLICY fewer ON price TO regress_inline_other USING (item <= 4);
EXECUTE r; SET ROLE regress_inline_reader; EXECUTE r; SET ROLE regress_inline_other; EXECUTE r; RESET ROLE; EXECUTE r;
REVOKE EXECUTE ON FUNCTION as_of(anyelement, timestamptz, timestamptz) FROM PUBLIC;
SET ROLE regress_inline_reader;
SELECT count(*) FROM as_of(NULL::price, now());
RESET ROLE;
GRANT EXECUTE ON FUNCTION as_of(anyelement, timestamptz, timestamptz) TO PUBLIC;
RESET plan_cache_mode;
\echo the table changes under a kept plan
PREPARE t AS SELECT count(*) FROM as_of(NULL::price, now()) a;
SET plan_cache_mode = force_generic_plan;
EXECUTE t; DROP VIEW once, today; DROP FUNCTION rows_then; ALTER TABLE price ADD COLUMN added int DEFAULT 5; EXECUTE t;
SELECT sum(added) FROM as_of(NULL::price, :'first') WHERE item < 3;
SELECT drop_system_versioning('price', false);
EXECUTE t;
\echo a prepared statement does not read a column as of the type that it had
CREATE TABLE altered (id int PRIMARY KEY, value int);
INSERT INTO altered VALUES (1, 1);
SELECT add_system_versioning('altered');
PREPARE former AS SELECT sum(value + 1) FROM as_of(NULL::altered, '2100-01-01');
PREPARE former_inside AS SELECT (SELECT a.value + 1) FROM as_of(NULL::altered, '2100-01-01') a;
EXECUTE former; EXECUTE former_inside;
ALTER TABLE altered ALTER value TYPE text;
\set VERBOSITY sqlstate
EXECUTE former; EXECUTE former_inside;
ALTER TABLE altered DROP value;
EXECUTE former; EXECUTE former_inside;
\set VERBOSITY default
DROP SCHEMA temporal_as_of_inline CASCADE;
DROP ROLE regress_inline_reader, regress_inline_other;
