-- Temporal foreign keys over all kinds of columns, names and tables.
CREATE SCHEMA temporal_foreign_key_types;
SET search_path = temporal_foreign_key_types, tsmem, public;
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET client_min_messages = warning;
\set SHOW_CONTEXT never

-- Different types that the server compares, with operators of the same names in the way.
CREATE TABLE p (gone int, id bigint, code varchar(10), valid_at tstzrange);
ALTER TABLE p DROP COLUMN gone;
SELECT add_period('p', 'valid_at'), add_temporal_key('p', '{id,code}', 'valid_at');
CREATE DOMAIN small AS int CHECK (value < 100);
CREATE TABLE f (id small, other int, code text DEFAULT 'none', valid_at tstzrange);
ALTER TABLE f DROP COLUMN other;
SELECT add_period('f', 'valid_at');
CREATE FUNCTION lie(int, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR = (LEFTARG = int, RIGHTARG = bigint, FUNCTION = lie);
CREATE FUNCTION range_agg(tstzrange) RETURNS tstzmultirange LANGUAGE sql AS $$ SELECT '{(,)}'::tstzmultirange $$;
SET search_path = temporal_foreign_key_types, pg_catalog, tsmem, public;
INSERT INTO p VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (1, 'a', '(2021-01-01,2022-01-01]'), (1, 'b', '(,)'), (5000000000, 'a', '(,)');
SELECT add_temporal_foreign_key('f', '{id,code}', 'valid_at', 'p', '{id,code}', 'valid_at', 'cascade', 'cascade');
INSERT INTO f VALUES (1, 'a', '[2020-05-01,2020-06-01)'), (1, 'a', '(2021-01-01,2021-06-01)'), (1, 'b', '(,2020-01-01]'), (1, NULL, '(,)');
-- One instant is missing.
INSERT INTO f VALUES (1, 'a', '[2020-05-01,2021-06-01)');
INSERT INTO f VALUES (2, 'a', '[2020-05-01,2020-06-01)');
INSERT INTO f VALUES (1, 'c', '[2020-05-01,2020-06-01)');
INSERT INTO p VALUES (1, 'a', '[2021-01-01,2021-01-01]');
INSERT INTO f VALUES (1, 'a', '[2020-05-01,2021-06-01)');
DELETE FROM p WHERE valid_at = '[2021-01-01,2021-01-01]';
SELECT id, code, valid_at FROM f WHERE code = 'a' ORDER BY valid_at;
UPDATE p SET id = 7 WHERE id = 1 AND code = 'a' AND valid_at @> '2020-02-01'::timestamptz;
UPDATE p SET code = 'z' WHERE id = 7;
SELECT id, code, valid_at FROM f ORDER BY valid_at, code;
-- A new key that the referencing column cannot hold.
UPDATE p SET id = 5000000001 WHERE id = 7;
UPDATE p SET id = 200 WHERE id = 7;
DROP TABLE f, p;
DROP OPERATOR = (int, bigint);
SET search_path = temporal_foreign_key_types, tsmem, public;

-- Text of another collation, char(n), an enum, both sides' periods generated.
CREATE TYPE kind AS ENUM ('red', 'blue');
CREATE TABLE p (t text COLLATE "C", c char(4), k kind, f timestamp, u timestamp);
SELECT add_period('p', 'valid_at', 'f', 'u'), add_temporal_key('p', '{t,c,k}', 'valid_at');
CREATE TABLE f (id serial PRIMARY KEY, t text COLLATE "POSIX", c char(4), k kind, f timestamp, u timestamp);
SELECT add_period('f', 'valid_at', 'f', 'u');
SELECT add_temporal_foreign_key('f', '{t,k,c}', 'valid_at', 'p', '{t,k,c}', 'valid_at', 'set null', 'cascade');
INSERT INTO p VALUES ('x', 'ab', 'red', '2020-01-01', '2021-01-01'), ('x', 'ab', 'red', '2021-01-01', NULL), ('x', 'ab', 'blue', '2020-01-01', NULL);
INSERT INTO f (t, c, k, f, u) VALUES ('x', 'ab  ', 'red', '2020-06-01', '2021-06-01'), ('x', 'ab', 'blue', '2020-06-01', NULL);
INSERT INTO f (t, c, k, f, u) VALUES ('x', 'ab', 'red', NULL, '2021-06-01');
INSERT INTO f (t, c, k, f, u) VALUES ('x', 'abc', 'red', '2020-06-01', '2021-06-01');
DELETE FROM p WHERE k = 'red' AND u IS NOT NULL;
UPDATE p SET k = 'red', t = 'y' WHERE k = 'blue';
SELECT * FROM f ORDER BY f, k, u;
DROP TABLE f, p;

-- Odd and long names; both tables have a foreign key of the same name, in another schema too.
CREATE SCHEMA "odd Schema";
CREATE TABLE "odd Schema"."we""ird Tab.le" ("i d" int, "p'p" daterange);
SELECT add_period('"odd Schema"."we""ird Tab.le"', 'p''p'), add_temporal_key('"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', true);
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_123 ("fk}, 'x" int, b23456789_123456789_123456789_123456789_123456789_123456789_123 daterange);
SELECT add_period('a23456789_123456789_123456789_123456789_123456789_123456789_123', 'b23456789_123456789_123456789_123456789_123456789_123456789_123');
SELECT add_temporal_foreign_key('a23456789_123456789_123456789_123456789_123456789_123456789_123', ARRAY['fk}, ''x'], 'b23456789_123456789_123456789_123456789_123456789_123456789_123', '"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', 'cascade', 'set null');
SELECT add_temporal_foreign_key('a23456789_123456789_123456789_123456789_123456789_123456789_123', ARRAY['fk}, ''x'], 'b23456789_123456789_123456789_123456789_123456789_123456789_123', '"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', 'cascade', 'set null');
SELECT add_temporal_foreign_key('"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', '"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', 'restrict', constraint_name => 'se"l''f');
CREATE TABLE "odd Schema".a23456789_123456789_123456789_123456789_123456789_123456789_123 (LIKE a23456789_123456789_123456789_123456789_123456789_123456789_123);
SELECT add_period('"odd Schema".a23456789_123456789_123456789_123456789_123456789_123456789_123', 'b23456789_123456789_123456789_123456789_123456789_123456789_123');
SELECT add_temporal_foreign_key('"odd Schema".a23456789_123456789_123456789_123456789_123456789_123456789_123', ARRAY['fk}, ''x'], 'b23456789_123456789_123456789_123456789_123456789_123456789_123', '"odd Schema"."we""ird Tab.le"', '{"i d"}', 'p''p', 'cascade', 'set null');
INSERT INTO "odd Schema"."we""ird Tab.le" VALUES (1, '[2020-01-01,2021-01-01)'), (1, '[2021-01-01,2022-01-01)');
INSERT INTO a23456789_123456789_123456789_123456789_123456789_123456789_123 VALUES (1, '[2020-06-01,2021-06-01)');
INSERT INTO "odd Schema".a23456789_123456789_123456789_123456789_123456789_123456789_123 VALUES (1, '[2020-07-01,2021-07-01)');
INSERT INTO a23456789_123456789_123456789_123456789_123456789_123456789_123 VALUES (2, '[2020-06-01,2021-06-01)');
SELECT length(constraint_name::text), constraint_name = referenced_trigger AS same_name, length(truncate_trigger::text) FROM temporal_foreign_keys WHERE referenced = '"odd Schema"."we""ird Tab.le"'::regclass ORDER BY 1, 2, 3;
DELETE FROM "odd Schema"."we""ird Tab.le" WHERE lower("p'p") = '2020-01-01';
SELECT drop_temporal_foreign_key('"odd Schema"."we""ird Tab.le"', 'se"l''f');
DELETE FROM "odd Schema"."we""ird Tab.le" WHERE lower("p'p") = '2020-01-01';
SELECT * FROM a23456789_123456789_123456789_123456789_123456789_123456789_123;
SELECT * FROM "odd Schema".a23456789_123456789_123456789_123456789_123456789_123456789_123;
UPDATE "odd Schema"."we""ird Tab.le" SET "i d" = 4;
SELECT * FROM a23456789_123456789_123456789_123456789_123456789_123456789_123;
DROP SCHEMA "odd Schema" CASCADE;
SELECT count(*) FROM temporal_foreign_keys WHERE rel = 'a23456789_123456789_123456789_123456789_123456789_123456789_123'::regclass;

-- A partitioned referencing table.
CREATE TABLE p (id int, valid_at daterange);
SELECT add_period('p', 'valid_at'), add_temporal_key('p', '{id}', 'valid_at');
INSERT INTO p VALUES (1, '[2020-01-01,2021-01-01)'), (2, '[2020-01-01,2021-01-01)');
CREATE TABLE f (place int, id int, note text, valid_at daterange) PARTITION BY LIST (place);
CREATE TABLE f1 PARTITION OF f FOR VALUES IN (1);
CREATE TABLE f2 (extra int, valid_at daterange, note text, id int, place int);
ALTER TABLE f2 DROP COLUMN extra;
SELECT add_period('f', 'valid_at');
ALTER TABLE f2 ADD CONSTRAINT f_valid_at_period CHECK (NOT isempty(valid_at)), ALTER valid_at SET NOT NULL;
ALTER TABLE f ATTACH PARTITION f2 FOR VALUES IN (2);
SELECT add_temporal_foreign_key('f', '{id}', 'valid_at', 'p', '{id}', 'valid_at', 'cascade', 'cascade');
CREATE TABLE f3 PARTITION OF f FOR VALUES IN (3);
INSERT INTO f VALUES (1, 1, 'a', '[2020-02-01,2020-05-01)'), (2, 1, 'b', '[2020-02-01,2020-05-01)'), (3, 1, 'c', '[2020-02-01,2020-05-01)'), (3, 2, 'd', '[2020-02-01,2020-05-01)');
INSERT INTO f VALUES (1, 3, 'x', '[2020-02-01,2020-05-01)');
INSERT INTO f2 VALUES ('[2020-02-01,2021-05-01)', 'x', 1, 2);
INSERT INTO f3 VALUES (3, 3, 'x', '[2020-02-01,2020-05-01)');
UPDATE f SET place = 2 WHERE note = 'a';
UPDATE f SET place = 1, id = 3 WHERE note = 'b';
UPDATE p SET valid_at = '[2020-03-01,2021-01-01)', id = 4 WHERE id = 1;
UPDATE p SET id = 4 WHERE id = 1;
SELECT tableoid::regclass, * FROM f ORDER BY note;
-- A partition that comes brings rows.
CREATE TABLE f4 (LIKE f INCLUDING CONSTRAINTS);
INSERT INTO f4 VALUES (4, 9, 'e', '[2020-02-01,2020-05-01)');
ALTER TABLE f ATTACH PARTITION f4 FOR VALUES IN (4);
UPDATE f4 SET id = 2;
ALTER TABLE f ATTACH PARTITION f4 FOR VALUES IN (4);
UPDATE f4 SET id = 3;
ALTER TABLE f DETACH PARTITION f3;
UPDATE f3 SET id = 99;
DELETE FROM p;
SELECT tableoid::regclass, * FROM f ORDER BY note;
SELECT drop_temporal_foreign_key('f', 'f_id_valid_at_fkey');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('f'::regclass, 'f1'::regclass, 'f4'::regclass, 'p'::regclass);
DROP TABLE f, f3, p;
-- A partition by itself; a temporary table.
CREATE TABLE p (id int, valid_at daterange);
SELECT add_period('p', 'valid_at'), add_temporal_key('p', '{id}', 'valid_at');
CREATE TABLE f (place int, id int, valid_at daterange) PARTITION BY LIST (place);
CREATE TABLE f1 PARTITION OF f FOR VALUES IN (1); CREATE TABLE f2 PARTITION OF f FOR VALUES IN (2);
SELECT add_period('f1', 'valid_at'), add_temporal_foreign_key('f1', '{id}', 'valid_at', 'p', '{id}', 'valid_at', 'set default');
INSERT INTO f VALUES (2, 1, '[2020-02-01,2020-05-01)');
INSERT INTO f VALUES (1, 1, '[2020-02-01,2020-05-01)');
CREATE TEMPORARY TABLE t (id int, valid_at daterange);
SELECT add_period('t', 'valid_at');
SELECT add_temporal_foreign_key('t', '{id}', 'valid_at', 'p', '{id}', 'valid_at', 'set default');
DROP TABLE t, f, p;

-- Columns that are generated and not stored, which 18 has, have no value that a trigger sees.
DO $$
BEGIN
	IF current_setting('server_version_num')::int < 180000 THEN RETURN; END IF;
	EXECUTE 'CREATE TABLE f (id int, room int GENERATED ALWAYS AS (id + 1) VIRTUAL, valid_at daterange)';
	EXECUTE 'CREATE TABLE p (id int, valid_at daterange)';
	PERFORM add_period('f', 'valid_at'), add_period('p', 'valid_at'), add_temporal_key('p', '{id}', 'valid_at');
	PERFORM add_temporal_foreign_key('f', '{room}', 'valid_at', 'p', '{id}', 'valid_at', 'cascade');
	RAISE 'a column without values is referenced';
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
DROP SCHEMA temporal_foreign_key_types CASCADE;
