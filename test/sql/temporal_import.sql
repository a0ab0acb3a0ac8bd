-- History that was kept elsewhere: import_history.
CREATE SCHEMA temporal_import;
CREATE ROLE temporal_import_anna;
CREATE ROLE temporal_import_ben;
GRANT ALL ON SCHEMA temporal_import TO temporal_import_anna, temporal_import_ben;
SET search_path = temporal_import, tsmem, public;
SET timezone = 'UTC';
SET ROLE temporal_import_anna;
CREATE TABLE t (id int PRIMARY KEY, gone int, v varchar(5), n numeric(5, 1));
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t VALUES (1, 'now', 1);
SELECT add_system_versioning('t');
CREATE TABLE old (id int, v text, n numeric, began timestamptz, ended timestamptz);
INSERT INTO old VALUES (1, 'a', 1.26, '2020-01-01', '2020-02-01'), (1, 'b', 2, '2020-02-01', '2020-03-01'), (2, NULL, NULL, '2020-01-01', '2020-01-01 00:00:00.000001');

-- Columns by name, in any order; values by assignment.
SELECT import_history('t', 'SELECT began AS row_start, ended AS row_end, v, id, n FROM temporal_import.old -- all');
SELECT id, v, n, row_start, row_end, row_xid, row_end_xid FROM t_history ORDER BY id, row_start;
SELECT id, v FROM t_as_of('2020-01-15') ORDER BY id;
SELECT v, isfinite(row_end) FROM t_versions WHERE id = 1 ORDER BY row_start;
SELECT import_history('t', 'SELECT id, v, n, row_start, row_end FROM t_history WHERE false');

-- What it refuses. Nothing of a refused call stays.
CREATE FUNCTION import(id text, v text, starts text, ends text, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	RETURN import_history('temporal_import.t', format('SELECT %s AS id, %s AS v, 1 AS n, (%s)::timestamptz AS row_start, (%s)::timestamptz AS row_end %s', id, v, starts, ends, more));
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN sqlstate || ' ' || sqlerrm || coalesce(' ' || nullif(detail, ''), '');
END $$;
SELECT c, import(c[1], c[2], c[3], c[4]) FROM unnest(ARRAY[
	-- before, between, after the two versions of key 1; and around them
	'1;null;''2019-12-31'';''2020-01-01''', '1;null;''2019-12-31'';''2020-01-01 00:00:00.000001''', '1;null;''2020-01-31 23:59:59.999999'';''2020-02-01''',
	'1;null;''2020-02-29 23:59'';''2020-03-02''', '1;null;''2020-03-01'';''2020-03-02''', '1;null;''2010-01-01'';''2021-01-01''', '1;null;''2020-02-10'';''2020-02-11''',
	-- the row of today; a key that no row has
	'1;null;''2021-01-01'';now() - interval ''1 h''', '1;null;''2022-01-01'';''2100-01-01''', '7;null;''2022-01-01'';''infinity''', '7;null;''-infinity'';''2020-01-01''',
	-- times
	'7;null;''2020-01-01'';''2020-01-01''', '7;null;''2020-01-02'';''2020-01-01''', '7;null;null;''2020-01-01''', '7;null;''2020-01-01'';null',
	-- values
	'null::int;null;''2020-01-01'';''2020-01-02''', '''x'';null;''2020-01-01'';''2020-01-02''', '7;''longer'';''2020-01-01'';''2020-01-02''', '1/0;null;''2020-01-01'';''2020-01-02''']) WITH ORDINALITY AS l(line, ord),
	LATERAL (SELECT string_to_array(line, ';')) AS a(c) ORDER BY ord;
SELECT import('8', 'null', '''2020-01-01''', '''2020-01-02''', ', 3 AS extra'), import('8', 'null', '''2020-01-01''', '''2020-01-02''', ', 3 AS id'), import('8', 'null', '''2020-01-01''', '''2020-01-02''', ', ''3''::xid8 AS row_xid');
SELECT import('8', 'null', '''2020-01-01''', '''2020-01-02''', 'UNION ALL SELECT 9, null, 1, ''2020-01-01'', ''2020-01-02'' UNION ALL SELECT 8, null, 1, ''2020-01-01'', ''2020-01-02''');
-- The row of today is in the way too.
INSERT INTO t VALUES (6, 'today', 1);
SELECT left(import('6', 'null', '''2025-01-01''', 'now()'), 5);
SELECT import_history('t', 'SELECT 1 AS id');
SELECT import_history('t', 'DELETE FROM old');
SELECT import_history('t', 'SELECT 1; SELECT 2');
SELECT import_history('t', 'SELEC');
SELECT import_history('t', NULL);
SELECT import_history('old', 'SELECT 1');
SELECT import_history('t_history', 'SELECT 1');
SELECT import_history('pg_class', 'SELECT 1');
SELECT import_history(0, 'SELECT 1');
SELECT count(*) FROM t_history;
BEGIN READ ONLY;
SELECT import_history('t', 'SELECT 1');
ROLLBACK;

-- Nor while the session reads the past, be it that the query sets it.
SET tsmem.system_time = '2020-01-15';
SELECT import_history('t', 'SELECT 1');
RESET tsmem.system_time;
BEGIN;
SELECT import_history('t', $$SELECT 40 AS id, set_config('tsmem.system_time', '2020-01-15', true) AS v, 1 AS n, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end$$);
ROLLBACK;

-- Rows that follow an imported version begin after it; it may end when this transaction begins.
BEGIN;
SELECT import('3', 'null', '''2020-01-01''', 'now()');
SELECT import('3', 'null', '''2020-01-01''', 'now() + interval ''1 us''') ~ '^22008';
INSERT INTO t VALUES (3, 'new', 1);
SELECT count(*), bool_and(t.row_start = h.row_end) FROM t JOIN t_history h USING (id) WHERE id = 3;
ROLLBACK;

-- Rights: the query is the caller's, the table the owner's. Policies, even forced, and triggers are passed over.
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY none ON t USING (id > 100);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
CREATE TRIGGER nothing BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT import('4', '''four''', '''2020-01-01''', '''2020-01-02''');
SELECT import('4', '''four''', '''2020-01-01''', '''2020-01-02''');
SELECT import('1', '''one''', '''2024-01-01''', '''2099-01-02''') ~ '^22008';
SELECT import('1', '''one''', '''2020-02-01''', '''2020-02-02''') ~ '^23P01';
SELECT count(*) FROM t_history;
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM t_history;
RESET ROLE;
CREATE TABLE secret AS SELECT 9 AS id, 'x' AS v, 1 AS n, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end;
GRANT SELECT ON t TO temporal_import_ben;
SET ROLE temporal_import_anna;
SELECT import_history('t', 'TABLE secret');
SET ROLE temporal_import_ben;
SELECT import_history('t', 'SELECT 1');
RESET ROLE;
-- A superuser's query, with what belongs to the table run as its owner.
CREATE FUNCTION who() RETURNS name LANGUAGE sql AS 'SELECT current_user';
SET ROLE temporal_import_anna;
CREATE FUNCTION check_who(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1 = current_user; END $$;
CREATE DOMAIN by_owner AS text CHECK (temporal_import.check_who(VALUE));
CREATE TABLE d (id int PRIMARY KEY, who by_owner);
SELECT add_system_versioning('d');
RESET ROLE;
SELECT import_history('d', $$SELECT 1 AS id, 'temporal_import_anna' AS who, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end WHERE temporal_import.who() <> 'temporal_import_anna'$$);
SELECT import_history('d', $$SELECT 2 AS id, current_user AS who, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end$$);
SELECT current_user <> 'temporal_import_anna' AS still, current_setting('search_path'), current_setting('enable_seqscan');

-- A query that reads the table or its history sees them as they were.
SET ROLE temporal_import_anna;
SELECT import_history('t', $$SELECT id, v, n, row_start - interval '10 years' AS row_start, row_end - interval '10 years' AS row_end FROM t_history WHERE id < 4$$);
-- A query that would change the versioned table meanwhile.
CREATE FUNCTION meanwhile() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE temporal_import.t DROP COLUMN n; RETURN 1; END $$;
SELECT import_history('t', $$SELECT temporal_import.meanwhile() AS id, 'x' AS v, 1 AS n, timestamptz '2011-01-01' AS row_start, timestamptz '2011-01-02' AS row_end$$);

-- A key of two columns, quoted names, stored generated columns, partitions; the columns of another order in one of them.
CREATE TABLE "P ""q""" (k int, "Id" text, v text, len int GENERATED ALWAYS AS (length(v)) STORED, PRIMARY KEY (k, "Id")) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF "P ""q""" FOR VALUES IN (1);
CREATE TABLE p2 (v text, "Id" text NOT NULL, k int NOT NULL, len int GENERATED ALWAYS AS (length(v)) STORED);
ALTER TABLE "P ""q""" ATTACH PARTITION p2 FOR VALUES IN (2);
SELECT add_system_versioning('"P ""q"""');
INSERT INTO "P ""q""" VALUES (2, 'x', 'new');
SELECT import_history('"P ""q"""', $$SELECT k, 'x' AS "Id", 'old' AS v, 3 AS len, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end FROM generate_series(1, 3) k$$);
SELECT import_history('"P ""q"""', $$SELECT 2 AS k, 'x' AS "Id", 'old' AS v, 3 AS len, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end$$);
SELECT import_history('p1', 'SELECT 1');
SELECT k, "Id", v, len FROM "P ""q""_as_of"('2020-01-01') ORDER BY k;

-- Rows that brought their row_start: versions end before it.
CREATE TABLE b (id int PRIMARY KEY, row_start timestamptz, row_xid xid8);
INSERT INTO b VALUES (1, '2021-01-01', '0');
SELECT add_system_versioning('b');
SELECT import_history('b', $$SELECT 1 AS id, timestamptz '2020-01-01' AS row_start, timestamptz '2021-01-01' AS row_end$$);
SELECT import_history('b', $$SELECT 1 AS id, timestamptz '2021-01-01' AS row_start, timestamptz '2021-01-02' AS row_end$$);
SELECT * FROM b_versions ORDER BY row_start;

-- A temporal key: versions of a key may be there together when they are valid at other times.
CREATE TABLE k (id int, valid daterange, v text);
SELECT add_period('k', 'valid'), add_temporal_key('k', '{id}', 'valid', true), add_system_versioning('k');
SELECT import_history('k', $$SELECT 1 AS id, daterange(a, b) AS valid, 'x' AS v, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end FROM (VALUES (date '2000-01-01', date '2001-01-01'), ('2001-01-01', NULL)) r(a, b)$$);
SELECT import_history('k', $$SELECT 1 AS id, daterange '[2005-01-01,2006-01-01)' AS valid, 'x' AS v, timestamptz '2020-01-01 23:00' AS row_start, timestamptz '2020-01-03' AS row_end$$);
SELECT import_history('k', $$SELECT 1 AS id, daterange '[2005-01-01,2006-01-01)' AS valid, 'y' AS v, timestamptz '2020-01-02' AS row_start, timestamptz '2020-01-03' AS row_end$$);
SELECT import_history('k', $$SELECT 1 AS id, NULL::daterange AS valid, 'y' AS v, timestamptz '2020-01-02' AS row_start, timestamptz '2020-01-03' AS row_end$$);
SELECT valid, v FROM k_as_of('2020-01-02 12:00');

-- Without a key nothing is compared.
CREATE TABLE w (v int);
SELECT add_system_versioning('w', '{}', '{"without_key": true}');
SELECT import_history('w', $$SELECT 1 AS v, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end FROM generate_series(1, 2)$$);
-- More than are fetched at a time.
SELECT import_history('w', $$SELECT i AS v, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end FROM generate_series(1, 2001) i$$);
-- A former column of the table stays null; the history's own expression index is kept up.
CREATE TABLE x (id int PRIMARY KEY, a int, b text);
SELECT add_system_versioning('x');
INSERT INTO x VALUES (1, 1, 'one');
ALTER TABLE x DROP COLUMN a;
CREATE INDEX ON x_history (upper(b));
SELECT import_history('x', $$SELECT 1 AS id, repeat('long ', 10000) AS b, timestamptz '2020-01-01' AS row_start, timestamptz '2020-01-02' AS row_end$$);
SELECT id, a_dropped, length(b), md5(b) = md5(repeat('long ', 10000)) FROM x_history;

-- Above READ COMMITTED.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT import('5', 'null', '''2020-01-01''', '''2020-01-02''');
SELECT import('5', 'null', '''2020-01-01''', '''2020-01-02''');
COMMIT;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA temporal_import CASCADE;
DROP OWNED BY temporal_import_anna, temporal_import_ben;
DROP ROLE temporal_import_anna, temporal_import_ben;
