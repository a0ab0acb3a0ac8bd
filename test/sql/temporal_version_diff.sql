-- What changed between two system times, column by column.
CREATE SCHEMA temporal_version_diff;
SET search_path = temporal_version_diff, tsmem, public;
CREATE TABLE moment (name text PRIMARY KEY, at timestamptz);
GRANT SELECT ON moment TO PUBLIC;
CREATE PROCEDURE remember(name text) LANGUAGE sql AS $$ INSERT INTO temporal_version_diff.moment VALUES (name, clock_timestamp()) $$;
CREATE FUNCTION at(moment text) RETURNS timestamptz STABLE LANGUAGE sql RETURN (SELECT m.at FROM temporal_version_diff.moment m WHERE m.name = moment);
CREATE TABLE account (gone int, "Id" int PRIMARY KEY, r text, v numeric(8,2), "we""ird 'col" json, doubled numeric GENERATED ALWAYS AS (v * 2) STORED, seen timestamptz, at point);
ALTER TABLE account DROP COLUMN gone;
SELECT add_system_versioning('account', '{seen}');
INSERT INTO account SELECT i, 'r' || i, i, '{"a": 1}' FROM generate_series(1, 4) i;
CALL remember('first');
UPDATE account SET v = 1.50, r = NULL WHERE "Id" = 1;
UPDATE account SET "we""ird 'col" = '{"a":  1}' WHERE "Id" = 2;
DELETE FROM account WHERE "Id" = 3;
INSERT INTO account VALUES (5, 'new', 5, NULL, DEFAULT, now(), '(1,2)');
UPDATE account SET seen = now();
CALL remember('second');
UPDATE account SET v = 1 WHERE "Id" = 1;
UPDATE account SET at = '(1,3)' WHERE "Id" = 5;
\echo two times
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('first'), at('second')) ORDER BY key, column_name;
\echo the other way around
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('second'), at('first')) ORDER BY key, column_name;
\echo now; a change and its return
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('first')) WHERE key @> '{"Id": 1}' ORDER BY key, column_name;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('second'), now()) ORDER BY key, column_name;
SELECT key, operation FROM version_diff('account', NULL, at('second')) ORDER BY key, column_name;
\echo nothing, and all
SELECT count(*) FROM version_diff('account', at('first'), at('first'));
SELECT count(*) FROM version_diff('account', NULL, NULL);
SELECT count(*) FROM version_diff(NULL, at('first'), at('first'));
SELECT operation, count(*) FROM version_diff('account', '-infinity', at('first')) GROUP BY 1;
SELECT operation, count(*) FROM version_diff('account', at('first'), 'infinity') GROUP BY 1;
\echo own changes
BEGIN; UPDATE account SET r = 'own' WHERE "Id" = 4;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('second')) WHERE key @> '{"Id": 4}';
ROLLBACK;
\echo columns that were renamed, added, dropped, retyped
ALTER TABLE account RENAME COLUMN r TO renamed;
ALTER TABLE account ADD COLUMN added int DEFAULT 7, DROP COLUMN "we""ird 'col", ALTER COLUMN renamed TYPE varchar(20);
UPDATE account SET added = 8 WHERE "Id" = 4;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('account', at('first')) ORDER BY key, column_name;
\echo a key of two columns, which changes
CREATE TABLE pair (a text, b varchar(5), v int, PRIMARY KEY (b, a));
SELECT add_system_versioning('pair');
INSERT INTO pair VALUES ('x', 'y', 1), ('x', 'z', 2);
CALL remember('pair');
UPDATE pair SET b = 'w' WHERE b = 'y'; UPDATE pair SET v = 3 WHERE b = 'z';
SELECT key, operation, column_name, old_value, new_value FROM version_diff('pair', at('pair')) ORDER BY key, operation;
\echo only a key
CREATE TABLE sole (id int PRIMARY KEY);
SELECT add_system_versioning('sole');
CALL remember('sole'); INSERT INTO sole VALUES (1);
SELECT key, operation, column_name, old_value, new_value FROM version_diff('sole', at('sole'));
\echo a temporal key: a row is its key and its period
CREATE TABLE price (item text, valid_at daterange, amount int);
SELECT add_period('price', 'valid_at'), add_temporal_key('price', '{item}', 'valid_at', true), add_system_versioning('price');
INSERT INTO price VALUES ('tea', '[2026-01-01,2026-07-01)', 3), ('tea', '[2026-07-01,)', 4);
CALL remember('price');
UPDATE price SET amount = 5 WHERE amount = 4; UPDATE price SET valid_at = '[2026-02-01,2026-07-01)' WHERE amount = 3;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('price', at('price')) ORDER BY key, operation;
\echo no key: rows that are alike are told by their number
CREATE TABLE line (t text, p point);
SELECT add_system_versioning('line', history_options => '{"without_key": true}');
INSERT INTO line VALUES ('a', '(1,1)'), ('a', '(1,1)'), ('b', NULL), ('b', NULL), (NULL, NULL);
CALL remember('line');
DELETE FROM line WHERE ctid = (SELECT ctid FROM line WHERE t = 'a' LIMIT 1); UPDATE line SET t = 'c' WHERE t = 'b'; INSERT INTO line VALUES (NULL, NULL);
SELECT key, operation, column_name, old_value, new_value FROM version_diff('line', at('line')) ORDER BY operation, old_value::text, new_value::text;
\echo partitions, versioned at the root and each by itself
CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
SELECT add_system_versioning('part');
INSERT INTO part VALUES (1, 1, 1), (2, 2, 2);
CALL remember('part'); UPDATE part SET v = 9; UPDATE part SET k = 2 WHERE id = 1;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('part', at('part')) ORDER BY key, operation;
CREATE TABLE m (id int, k int, row_start timestamptz, row_xid xid8) PARTITION BY LIST (k);
CREATE TABLE m_1 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (1); CREATE TABLE m_2 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (2);
SELECT add_system_versioning('m_1'), add_system_versioning('m_2');
INSERT INTO m VALUES (1, 1), (2, 2);
CALL remember('m'); UPDATE m SET id = 3 WHERE id = 2;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('m', at('m')) ORDER BY operation;
SELECT key, operation, column_name, old_value, new_value FROM version_diff('m_2', at('m')) ORDER BY operation;
\echo names that hide others
CREATE TABLE "select" (r int PRIMARY KEY, a int, b int, u int, v int, s int, t int, n int, present int, c1 text);
SELECT add_system_versioning('"select"');
INSERT INTO "select" VALUES (1, 1, 1, 1, 1, 1, 1, 1, 1, 'c');
CALL remember('select'); UPDATE "select" SET (a, b, u, v, s, t, n, present, c1) = (2, 2, 2, 2, 2, 2, 2, 2, 'd');
SELECT column_name, old_value, new_value FROM version_diff('"select"', at('select')) ORDER BY 1;
DELETE FROM "select";
SELECT key, operation, old_value FROM version_diff('"select"', at('select'));
CREATE FUNCTION to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$ SELECT '"forged"'::jsonb $$;
SET search_path = temporal_version_diff, pg_catalog, tsmem, public;
SELECT key FROM version_diff('"select"', at('select'));
SET search_path = temporal_version_diff, tsmem, public;
\echo rights, and row-level security
CREATE ROLE regress_diff_reader;
GRANT USAGE ON SCHEMA temporal_version_diff TO regress_diff_reader;
SET ROLE regress_diff_reader;
\set VERBOSITY terse
SELECT count(*) FROM version_diff('account', at('first'));
\set VERBOSITY default
RESET ROLE;
GRANT SELECT ON account TO regress_diff_reader;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON account USING ("Id" IN (1, 3));
SET ROLE regress_diff_reader;
SELECT DISTINCT key, operation FROM version_diff('account', at('first')) ORDER BY key;
RESET ROLE;
\echo what is no versioned table, and more rows than are fetched at a time
SELECT * FROM version_diff('moment', now());
SELECT * FROM version_diff('pg_class', now());
SELECT * FROM version_diff('account_versions', now());
SELECT * FROM version_diff('account_history', now());
SELECT * FROM version_diff('nothing', now());
SELECT * FROM version_diff('1', now());
CREATE TABLE big (id int PRIMARY KEY, v int);
SELECT add_system_versioning('big');
INSERT INTO big SELECT i, 0 FROM generate_series(1, 2500) i;
CALL remember('big'); UPDATE big SET v = 1;
SELECT operation, count(*) FROM version_diff('big', at('big')) GROUP BY 1;
DROP SCHEMA temporal_version_diff CASCADE;
DROP ROLE regress_diff_reader;
