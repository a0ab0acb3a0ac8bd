-- Queries read of folded history what they need, and see it as rows of the history.
CREATE SCHEMA delta_read;
SET search_path = delta_read, tsmem, public;
SET jit = off;
CREATE TYPE mood AS ENUM ('calm', 'merry');
CREATE TABLE account (gone int, id int PRIMARY KEY, v int, note text, mood mood, paid interval);
SELECT add_system_versioning('account');
ALTER TABLE account DROP COLUMN gone;
INSERT INTO account SELECT i, 0, repeat(md5(i::text), 3), 'calm', '-1 day 2 hours' FROM generate_series(1, 200) i;
DO $$ BEGIN FOR r IN 1..30 LOOP UPDATE account SET v = v + 1; COMMIT; END LOOP; END $$;
CREATE FUNCTION at(i int) RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT row_start FROM account_history WHERE id = 7 AND v = i $$;

-- Made before the first fold.
PREPARE before AS SELECT count(*), sum(v) FROM account_history WHERE id = 7;
SET plan_cache_mode = force_generic_plan;
EXECUTE before;
SELECT versions FROM fold('account');
EXECUTE before;
UPDATE account SET v = v + 1;
-- 18 warns of what it does not vacuum.
SET client_min_messages = error;
VACUUM ANALYZE account, account_history;
RESET client_min_messages;

-- What EXPLAIN shows; times are left out.
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		CONTINUE WHEN line ~ 'Buffers:|Planning|Index Searches|Disabled:|Heap Fetches';
		RETURN NEXT regexp_replace(regexp_replace(line, '''\d{4}-[^'']*''|''\w{3} \w{3} \d\d [^'']*''', '''...''', 'g'), '(rows=\d+)\.00', '\1');
	END LOOP;
END $$;
SET tsmem.chain_cache_size = 0;
SELECT at(5) AS t \gset
SELECT format('SELECT * FROM account_history WHERE id = 7 AND row_start <= %1$L AND row_end > %1$L', :'t') AS q \gset
SELECT plan(:'q');
RESET tsmem.chain_cache_size;
SELECT count(*) FROM account_history WHERE id = 7 AND row_start <= :'t' AND row_end > :'t';
SELECT plan(:'q');
SELECT plan('SELECT id, v FROM account_history WHERE id BETWEEN 10 AND 12 ORDER BY id DESC, row_start DESC LIMIT 3');
SELECT plan('SELECT v FROM account_history WHERE id IN (3, 500, NULL, 3) AND row_end > ''infinity''');
SELECT plan('SELECT v FROM account_history WHERE id = 5 AND id = 6');
SELECT plan(format('SELECT k, v FROM (VALUES (3), (7)) x (k) LEFT JOIN account_as_of(%L) a ON a.id = x.k', :'t'));
EXPLAIN (VERBOSE, COSTS OFF) SELECT v FROM account_history_folded f WHERE f.id = 5 AND f.row_start < now();
EXPLAIN (COSTS OFF) SELECT v FROM account_history_folded WHERE id > 5::int8;
SELECT k, v FROM (VALUES (3), (NULL), (7)) x (k) LEFT JOIN account_as_of(:'t') a ON a.id = x.k ORDER BY 1;

-- Rows come whole, as of any setting; they have no place.
SELECT id, v, mood, paid FROM account_as_of(:'t') WHERE id = 7;
SET intervalstyle = sql_standard;
SET datestyle = 'SQL, DMY';
SELECT v, paid, (h).mood, h.note = (h).note AS whole FROM account_history h WHERE id = 7 AND v = 5;
RESET intervalstyle;
RESET datestyle;
SELECT tableoid::regclass, ctid, xmin, v FROM account_history WHERE id = 7 AND v = 5;

-- Nobody changes them.
INSERT INTO account_history_folded (id) VALUES (1);
UPDATE account_history_folded SET v = 0;
DELETE FROM account_history_folded WHERE id = 7;
TRUNCATE account_history_folded;
COPY account_history_folded (id) FROM stdin;
1
\.
DELETE FROM account_history;
TRUNCATE account_history;

-- Cursors, both ways; locks; correlated rows; a function that is given a time.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT v FROM account_history WHERE id = 7 ORDER BY row_start;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
COMMIT;
SELECT v FROM account_history WHERE id = 7 AND v = 5 FOR UPDATE;
SELECT a.id, (SELECT h.v FROM account_history h WHERE h.id = a.id AND h.row_start <= :'t' AND h.row_end > :'t') FROM account a WHERE a.id < 4 ORDER BY 1;
PREPARE as_of(timestamptz, int) AS SELECT v FROM account_as_of($1) WHERE id = $2;
SELECT plan(format('EXECUTE as_of(%L, 7)', :'t'));
EXECUTE as_of(:'t', 7);
EXECUTE as_of(NULL, 7);
EXECUTE as_of('-infinity', 7);
EXECUTE as_of('infinity', NULL);

-- Whoever reads at one snapshot sees no fold.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*), sum(v) FROM account_history;
COMMIT;

-- Rights and policies are those of the history.
CREATE ROLE delta_read_other;
GRANT USAGE ON SCHEMA delta_read TO delta_read_other;
GRANT SELECT (id, v, row_start) ON account TO delta_read_other;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON account FOR SELECT TO delta_read_other USING (id < 6);
SELECT polname, polrelid::regclass FROM pg_policy WHERE polrelid IN ('account'::regclass, 'account_history'::regclass) ORDER BY 2;
CREATE FUNCTION leak(int) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'seen %', $1; RETURN true; END $$;
SET ROLE delta_read_other;
SELECT count(DISTINCT id), max(id) FROM account_history;
SELECT count(*) FROM account_history WHERE id = 7;
SELECT DISTINCT id FROM account_history WHERE leak(id) AND v = 3 AND id > 4;
SELECT note FROM account_history WHERE id = 1;
SELECT count(*) FROM account_history_folded;
SELECT tsmem.prewarm('account');
RESET ROLE;
ALTER TABLE account DISABLE ROW LEVEL SECURITY;

-- Statistics of the whole.
SELECT attname, n_distinct FROM pg_stats WHERE schemaname = 'delta_read' AND tablename = 'account_history' AND inherited AND attname IN ('id', 'v', 'mood') ORDER BY 1;
ANALYZE account_history_folded (id);
SELECT n_distinct FROM pg_stats WHERE schemaname = 'delta_read' AND tablename = 'account_history_folded' AND attname = 'id';
-- Whether an estimate is within a factor of two.
CREATE FUNCTION off(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json; planned float8; actual float8;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT json) ' || query INTO plan;
	planned := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8, 1);
	actual := greatest((plan -> 0 -> 'Plan' ->> 'Actual Rows')::float8, 1);
	RETURN CASE WHEN planned <= 2 * actual AND actual <= 2 * planned THEN 'right' ELSE format('%s for %s', planned, actual) END;
END $$;
CREATE FUNCTION estimates() RETURNS TABLE (query text, estimate text) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH query IN ARRAY ARRAY['SELECT * FROM account_history', 'SELECT * FROM account_history WHERE id = 7', 'SELECT * FROM account_history WHERE id IN (7, 8, 9)', 'SELECT * FROM account_versions WHERE id = 7',
		'SELECT * FROM account_as_of(at(5))', 'SELECT * FROM account_as_of(at(29))', 'SELECT * FROM account_as_of(at(5)) WHERE id BETWEEN 50 AND 99', 'SELECT * FROM account_history WHERE row_start <= at(9) AND row_end > at(9)'] LOOP
		estimate := off(replace(replace(replace(query, 'at(5)', quote_literal(at(5))), 'at(9)', quote_literal(at(9))), 'at(29)', quote_literal(at(29))));
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM estimates();

-- The cache of the session.
SET tsmem.chain_cache_size = 0;
SELECT prewarm('account');
SET tsmem.chain_cache_size = '4MB';
SELECT prewarm('account') > 10 AS some, prewarm('account') AS again;
SET tsmem.chain_cache_size = 0;
RESET tsmem.chain_cache_size;
SELECT prewarm('account', 'empty'), prewarm('account', tstzrange(NULL, '2000-01-01')), prewarm(NULL);
SELECT prewarm('account', tstzrange(:'t', :'t', '[]')) > 0 AS some;
SELECT prewarm('pg_class');

-- A foreign table of somebody's own is none of a history.
CREATE FOREIGN TABLE stray (a int) SERVER tsmem_segments;
SELECT * FROM stray;
DROP FOREIGN TABLE stray;

-- A temporal key, of which many versions are open at once, with nulls in the key.
CREATE TABLE room (id int, valid_at daterange, price int);
SELECT add_period('room', 'valid_at');
SELECT add_temporal_key('room', '{id}', 'valid_at');
SELECT add_system_versioning('room');
INSERT INTO room SELECT nullif(i % 4, 0), daterange('2026-01-01'::date + 10 * i, '2026-01-01'::date + 10 * i + 10), 0 FROM generate_series(1, 40) i;
DO $$ BEGIN FOR r IN 1..60 LOOP UPDATE room SET price = price + 1 WHERE r % 3 = 0 OR id IS NULL OR lower(valid_at) < '2026-04-01'; COMMIT; END LOOP; END $$;
CREATE TABLE room_copy AS SELECT * FROM room_history;
SELECT versions, segments FROM fold('room');
SELECT key_columns, disjoint_keys FROM versioned_tables WHERE rel = 'room'::regclass;
CREATE FUNCTION differ(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) d', regexp_replace(query, '\mH\M', 'room_history'), regexp_replace(query, '\mH\M', 'room_copy')) INTO n;
	RETURN n;
END $$;
SELECT row_start AS t FROM room_copy WHERE price = 8 LIMIT 1 \gset
SELECT q, differ(replace(q, ':t', quote_literal(:'t'))) FROM unnest('{SELECT * FROM H, SELECT * FROM H WHERE id = 2, SELECT * FROM H WHERE id IS NULL, "SELECT * FROM H WHERE id IN (1, NULL)", SELECT * FROM H WHERE id = 2 AND row_start <= :t AND row_end > :t,
	SELECT * FROM H WHERE id IS NULL AND row_start <= :t AND row_end > :t, "SELECT * FROM H WHERE row_start <= :t AND row_end > :t AND valid_at @> ''2026-03-04''::date", SELECT * FROM H WHERE id > 1 AND row_end <= :t,
	"SELECT id, count(*) FROM H WHERE id >= 1 GROUP BY id", SELECT * FROM H WHERE id = 3 AND row_start > :t}'::text[]) q;
SET client_min_messages = warning;
DROP SCHEMA delta_read CASCADE;
DROP OWNED BY delta_read_other;
DROP ROLE delta_read_other;
