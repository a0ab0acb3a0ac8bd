-- One version of a key is one descent in its history, wherever the versions of a key do not overlap.
CREATE SCHEMA temporal_scan_plan;
SET search_path = temporal_scan_plan, tsmem, public;
CREATE TABLE account (gone text, id int PRIMARY KEY, v int, note text);
ALTER TABLE account DROP COLUMN gone;
SELECT add_system_versioning('account');
-- Versions a microsecond apart, at round times, as an import brings them: table and history are written as a superuser may.
CREATE PROCEDURE fill(tab text, keys text, n int) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', tab);
	EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', tab || '_history');
	EXECUTE format('INSERT INTO %1$I SELECT %2$s, -1, NULL, timestamptz ''2026-01-01 UTC'' + %3$s * interval ''1 s'', ''9'' FROM generate_series(1, 5) k', tab, keys, n);
	EXECUTE format('INSERT INTO %1$I SELECT %2$s, i, ''n'' || i, timestamptz ''2026-01-01 UTC'' + (i - 1) * interval ''1 s'', ''8'', timestamptz ''2026-01-01 UTC'' + i * interval ''1 s'', ''9''
		FROM generate_series(1, 5) k, generate_series(1, %3$s) i', tab || '_history', keys, n);
	EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', tab);
	EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', tab || '_history');
	EXECUTE format('ANALYZE %I, %I', tab, tab || '_history');
END $$;
CALL fill('account', 'k', 2000);
CREATE FUNCTION at(i int) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN timestamptz '2026-01-01 UTC' + i * interval '1 s';
SET enable_memoize = off;		-- servers differ in what they remember
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		CONTINUE WHEN line ~ 'Buffers:|Planning|Index Searches|Disabled:';
		-- Rows of more than one loop are rounded in another way by each server.
		RETURN NEXT regexp_replace(regexp_replace(line, 'rows=[\d.]+ (loops=([2-9]|\d\d))', '\1'), '(rows=\d+)\.00', '\1');
	END LOOP;
END $$;
CREATE FUNCTION has_scan(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'TsmHistoryScan' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;

\echo the first statement of a session has it
\c -
EXPLAIN (COSTS OFF) SELECT * FROM temporal_scan_plan.account_as_of('2026-01-01 00:00:07 UTC') WHERE id = 3;
SET enable_memoize = off;
SET search_path = temporal_scan_plan, tsmem, public;
SELECT plan($$SELECT * FROM account_as_of(at(1000)) WHERE id = 3$$);
SELECT v, note FROM account_as_of(at(1000)) WHERE id = 3;
\echo the bounds of the times, and what lies outside
SELECT i, (SELECT v FROM account_as_of(at(i)) WHERE id = 2), (SELECT v FROM account_as_of(at(i) + interval '999999 us') WHERE id = 2) FROM unnest('{-1, 0, 1, 1999, 2000, 2001}'::int[]) i;
SELECT t, (SELECT v FROM account_as_of(t) WHERE id = 2) FROM unnest('{-infinity, infinity, NULL}'::timestamptz[]) t;
\echo keys that are not there, and null
SELECT k, (SELECT v FROM account_as_of(at(5)) WHERE id = k) FROM unnest('{0, 1, 5, 6, NULL}'::int[]) k;
\echo what binds a key
SELECT q, has_scan('SELECT * FROM account_as_of(at(7)) WHERE ' || q) FROM unnest('{"id = 3", "3 = id", "id = 3::bigint", "id = 3::smallint", "id = (SELECT 3)", "id = 3 AND v > 1", "id = 3 AND note = ''n8''",
	"id > 3", "id IN (3, 4)", "id = 3::numeric", "id = v", "id = 3 OR v = 1", "id = (random() * 3)::int", "id IS NULL", "v = 3", "id + 0 = 3"}'::text[]) q;
SELECT v FROM account_as_of(at(7)) WHERE 3::bigint = id;
SELECT v FROM account_as_of(at(7)) WHERE id = 3 AND v = 7;
SELECT v FROM account_as_of(at(7)) WHERE id = 3 AND note = 'n8';
SELECT id, v FROM account_as_of(at(7)) WHERE id IN (3, 4) ORDER BY id;
\echo what binds a time
SELECT q, has_scan('SELECT * FROM account_history WHERE id = 3 AND ' || q) FROM unnest('{
	"row_start <= at(7) AND row_end > at(7)", "at(7) >= row_start AND at(7) < row_end", "row_start <= now() AND row_end > now()", "row_start <= date ''2026-01-02'' AND row_end > date ''2026-01-02''",
	"row_start < at(7) AND row_end > at(7)", "row_start <= at(7) AND row_end >= at(7)", "row_start <= at(7) AND row_end > at(6)", "row_start <= at(7)", "row_end > at(7)",
	"row_start <= clock_timestamp() AND row_end > clock_timestamp()"}'::text[]) q;
SELECT v FROM account_history WHERE id = 3 AND at(7) >= row_start AND at(7) < row_end;
SELECT tableoid::regclass, v, a IS NOT NULL AS whole, ctid IS NOT NULL AS ctid FROM account_history a WHERE id = 3 AND row_start <= at(7) AND row_end > at(7);
SELECT a FROM (SELECT id, v, note FROM account_as_of(at(7)) WHERE id = 3) a;
\echo other functions read as before
SELECT has_scan('SELECT * FROM account_between(at(5), at(7)) WHERE id = 3'), has_scan('SELECT * FROM account_versions WHERE id = 3');
SELECT count(*) FROM account_between(at(5), at(7)) WHERE id = 3;

\echo joins
CREATE TABLE w (id int, other bigint, at timestamptz);
INSERT INTO w VALUES (1, 1, at(0)), (2, 2, at(10)), (3, NULL, at(2000)), (NULL, 4, at(5)), (5, 5, NULL), (9, 9, at(3)), (2, 1, at(20));
ANALYZE w;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_material = off;
SELECT plan($$SELECT w.id, a.v FROM w, LATERAL account_as_of(w.at) a WHERE a.id = w.id$$);
SELECT w.id, a.v FROM w, LATERAL account_as_of(w.at) a WHERE a.id = w.id ORDER BY 1, 2;
SELECT w.id, a.v FROM w LEFT JOIN account_as_of(at(3)) a ON a.id = w.other ORDER BY 1, 2;
SELECT w.id, (SELECT v FROM account_as_of(w.at) a WHERE a.id = w.other) FROM w ORDER BY 1, 2;
SELECT count(*) FROM w WHERE EXISTS (SELECT FROM account_as_of(at(4)) a WHERE a.id = w.id AND a.v = 5);
SELECT count(*) FROM w WHERE NOT EXISTS (SELECT FROM account_as_of(at(4)) a WHERE a.id = w.id AND a.v = 5);
SELECT a.v, b.v FROM account_as_of(at(4)) a JOIN account_as_of(at(9)) b USING (id) WHERE a.id = 4;
SELECT sum(x.v) FROM w, LATERAL (SELECT a.v FROM account_as_of(at(4)) a WHERE a.id = w.id LIMIT 1) x;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_seqscan; RESET enable_bitmapscan; RESET enable_material;
\echo parameters, cursors, compiled expressions
PREPARE q(timestamptz, int) AS SELECT v FROM account_as_of($1) WHERE id = $2;
SET plan_cache_mode = force_generic_plan;
SELECT plan('EXECUTE q(at(7), 2)');
EXECUTE q(at(8), 3); EXECUTE q(at(2000), 3); EXECUTE q(NULL, 3); EXECUTE q(at(8), NULL);
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT v FROM account_as_of(at(7)) WHERE id = 3;
FETCH NEXT FROM c; FETCH NEXT FROM c; FETCH PRIOR FROM c; FETCH PRIOR FROM c; FETCH FIRST FROM c; FETCH LAST FROM c;
COMMIT;
SET jit_above_cost = 0; SET jit_optimize_above_cost = 0; SET jit_inline_above_cost = 0;
SELECT v, note FROM account_as_of(at(7)) WHERE id = 3 AND v > 1;
RESET jit_above_cost; RESET jit_optimize_above_cost; RESET jit_inline_above_cost;
\echo in a worker
SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_bitmapscan = off;
CREATE TABLE many AS SELECT i % 7 AS id, i FROM generate_series(1, 2000) i; ANALYZE many;
ALTER TABLE many SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT sum(a.v) FROM many m LEFT JOIN account_as_of(at(4)) a ON a.id = m.id;
SELECT sum(a.v), count(*) FROM many m LEFT JOIN account_as_of(at(4)) a ON a.id = m.id;
RESET min_parallel_table_scan_size; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material; RESET enable_bitmapscan;

\echo an index that goes, and comes; plans follow
EXECUTE q(at(8), 3);
DROP INDEX account_history_idx;
SELECT count(*) FILTER (WHERE line ~ 'TsmHistoryScan') AS scans FROM plan('EXECUTE q(at(8), 3)') line;
EXECUTE q(at(8), 3);
CREATE INDEX ON account_history (row_start, id);
CREATE INDEX ON account_history (id, row_start DESC);
CREATE INDEX ON account_history (id, row_start) WHERE v > 0;
CREATE INDEX ON account_history ((id + 0), row_start);
CREATE INDEX ON account_history USING hash (id);
SELECT count(*) FILTER (WHERE line ~ 'TsmHistoryScan') AS scans FROM plan('EXECUTE q(at(8), 3)') line;
CREATE INDEX again ON account_history (id, row_start) INCLUDE (v);
SELECT count(*) FILTER (WHERE line ~ 'TsmHistoryScan') AS scans FROM plan('EXECUTE q(at(8), 3)') line;
EXECUTE q(at(8), 3);
ALTER TABLE account RENAME id TO number;
ALTER TABLE account RENAME v TO value;
SELECT has_scan('SELECT * FROM account_as_of(at(7)) WHERE number = 3');
SELECT value FROM account_as_of(at(7)) WHERE number = 3;
RESET plan_cache_mode;

\echo keys of several columns, of text, in another order in the index
CREATE TABLE pair (a text, b int8, v int, note text, PRIMARY KEY (a, b));
SELECT add_system_versioning('pair');
CALL fill('pair', $$'a' || k % 2, k$$, 300);
SELECT q, has_scan('SELECT * FROM pair_as_of(at(7)) WHERE ' || q) FROM unnest('{"a = ''a1'' AND b = 3", "b = 3::int2 AND a = ''a1''::varchar", "a = ''a1''", "b = 3", "a >= ''a1'' AND b = 3",
	"a COLLATE \"C\" = ''a1'' AND b = 3"}'::text[]) q;
SELECT v FROM pair_as_of(at(7)) WHERE a = 'a1' AND b = 3;
SELECT v FROM pair_as_of(at(7)) WHERE a = 'a0' AND b = 3;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT has_scan($$SELECT p.v FROM (VALUES ('a0'), ('a1')) x(a), (VALUES (3), (4)) y(b), pair_as_of(at(7)) p WHERE p.a = x.a AND p.b = y.b$$);
SELECT x.a, y.b, p.v FROM (VALUES ('a0'), ('a1')) x(a), (VALUES (3), (4)) y(b), pair_as_of(at(7)) p WHERE p.a = x.a AND p.b = y.b ORDER BY 1, 2;
DROP INDEX pair_history_idx;
CREATE INDEX ON pair_history (a COLLATE "POSIX", b, row_start);
SELECT has_scan($$SELECT * FROM pair_as_of(at(7)) WHERE a COLLATE "POSIX" = 'a1' AND b = 3$$);
DROP INDEX pair_history_a_b_row_start_idx;
CREATE INDEX ON pair_history (a text_pattern_ops, b, row_start);
SELECT has_scan($$SELECT * FROM pair_as_of(at(7)) WHERE a = 'a1' AND b = 3$$);
CREATE INDEX ON pair_history (b, a, row_start);
SELECT has_scan($$SELECT * FROM pair_as_of(at(7)) WHERE a = 'a1' AND b = 3$$);
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_seqscan; RESET enable_bitmapscan;

\echo versions of a key that may overlap, and no key
CREATE TABLE price (item int, valid_at int4range NOT NULL DEFAULT '[1,2)', v int);
CREATE TABLE price_t (item int, valid_at daterange NOT NULL, v int);
SELECT add_period('price_t', 'valid_at'), add_temporal_key('price_t', '{item}', 'valid_at', true), add_system_versioning('price_t'),
	add_system_versioning('price', history_options => '{"without_key": true}');
SELECT has_scan('SELECT * FROM price_t_as_of(at(7)) WHERE item = 1'), has_scan('SELECT * FROM price_as_of(at(7)) WHERE item = 1');
\echo another key, in which former versions overlap
PREPARE s AS SELECT v FROM pair_as_of(at(7)) WHERE a = 'a1' AND b = 3;
SET plan_cache_mode = force_generic_plan;
EXECUTE s;
SELECT has_scan('EXECUTE s');
ALTER TABLE pair_history DISABLE TRIGGER USER;
INSERT INTO pair_history VALUES ('a9', 3, 900, NULL, at(5), '8', at(9), '9');
ALTER TABLE pair_history ENABLE TRIGGER USER;
ALTER TABLE pair DROP CONSTRAINT pair_pkey, ADD PRIMARY KEY (b);
SELECT key_columns, disjoint_keys FROM versioned_tables WHERE rel = 'pair'::regclass;
SELECT has_scan('EXECUTE s'), has_scan('SELECT * FROM pair_as_of(at(7)) WHERE b = 3');
EXECUTE s;
SELECT a, v FROM pair_as_of(at(7)) WHERE b = 3 ORDER BY a;
RESET plan_cache_mode;

\echo a partitioned table, and one member of it
CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
SELECT add_system_versioning('part');
INSERT INTO part SELECT i, i % 2 + 1, 0 FROM generate_series(1, 100) i;
SELECT clock_timestamp() AS then \gset
UPDATE part SET v = 1; UPDATE part SET v = 2; ANALYZE part, part_history;
SELECT v FROM part_as_of(:'then') WHERE id = 3 AND k = 2;
SET enable_seqscan = off;
SELECT v FROM part_as_of(:'then') WHERE id = 3 AND k = 2;
SELECT has_scan(format('SELECT * FROM part_as_of(%L) WHERE id = 3 AND k = 2', :'then'));
RESET enable_seqscan;

\echo row-level security comes first: an operator that may tell is not used before it
CREATE TABLE secret (id numeric PRIMARY KEY, v int, note text, row_start timestamptz, row_xid xid8);
CREATE TABLE open (id int PRIMARY KEY, v int, note text);
SELECT add_system_versioning('secret'), add_system_versioning('open');
CALL fill('secret', 'k', 300); CALL fill('open', 'k', 300);
CREATE ROLE regress_scan_reader;
GRANT USAGE ON SCHEMA temporal_scan_plan TO regress_scan_reader;
GRANT SELECT ON secret, open TO regress_scan_reader;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE open ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON secret USING (id % 2 = 1); CREATE POLICY odd ON open USING (id % 2 = 1);
SET ROLE regress_scan_reader;
SELECT has_scan('SELECT * FROM secret_as_of(at(7)) WHERE id = 3'), has_scan('SELECT * FROM open_as_of(at(7)) WHERE id = 3');
CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
-- The odd keys are 1, 3 and 5.
SELECT id, v FROM open_as_of(at(7)) WHERE id = 3 AND pg_temp.leak(id::text);
SELECT id, v FROM open_as_of(at(7)) WHERE id = 2 AND pg_temp.leak(id::text);
SELECT id, v FROM secret_as_of(at(7)) WHERE id = 2 AND pg_temp.leak(id::text);
RESET ROLE;
\echo locks
SELECT value FROM account_history WHERE number = 3 AND row_start <= at(7) AND row_end > at(7) FOR SHARE;
DROP FUNCTION pg_temp.leak;
DROP SCHEMA temporal_scan_plan CASCADE;
DROP ROLE regress_scan_reader;
