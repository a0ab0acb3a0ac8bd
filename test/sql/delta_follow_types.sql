-- Types whose values segments keep as text: what is done to the types, and to what values name.
CREATE SCHEMA delta_follow_types;
CREATE SCHEMA delta_follow_other;
SET search_path = delta_follow_types, tsmem, public;
CREATE TYPE mood AS ENUM ('calm', 'merry');
CREATE DOMAIN small AS int;
CREATE TYPE place AS (name text, mood mood, size small, price money);
CREATE TYPE mood_range AS RANGE (SUBTYPE = mood);
CREATE TABLE shelf (a int, b text);
CREATE TABLE t (id int PRIMARY KEY, m mood, ms mood[], p place, r mood_range, s shelf, v int);
SELECT add_system_versioning('t');
INSERT INTO t SELECT i, 'calm'::mood, '{calm,merry}'::mood[], row('x', 'merry', 3, '$1,234.50')::place, '[calm,merry]'::mood_range, row(1, 'b')::shelf FROM generate_series(1, 3) i;
UPDATE t SET v = 1;
CREATE TABLE before AS SELECT * FROM t_history;
CREATE VIEW differing AS SELECT count(*) AS differing FROM (SELECT h::text FROM t_history h EXCEPT ALL SELECT b::text FROM before b) d;
SELECT versions FROM fold('t');
TABLE differing;

\echo names of types and schemas
ALTER TYPE mood RENAME TO temper;
ALTER TYPE temper SET SCHEMA delta_follow_other;
ALTER TYPE place RENAME TO spot;
ALTER TYPE spot RENAME ATTRIBUTE name TO label;
ALTER TABLE shelf RENAME TO board;
ALTER SCHEMA delta_follow_other RENAME TO delta_follow_third;
ALTER TYPE delta_follow_third.temper ADD VALUE 'cross';
TABLE differing;
SELECT column_name, types FROM segment_columns WHERE history = 't_history'::regclass ORDER BY number;
UPDATE t SET v = 2;
SELECT versions FROM fold('t');
SELECT max(schema_id) FROM t_history_segments;
-- Another type of the name that one had.
CREATE TYPE mood AS ENUM ('low', 'high');
ALTER TABLE t ADD COLUMN m2 mood DEFAULT 'low';
UPDATE t SET v = 3;
SELECT versions FROM fold('t');
SELECT count(*), count(m2) FROM t_history;

\echo what could not be read afterwards
ALTER TYPE delta_follow_third.temper RENAME VALUE 'calm' TO 'quiet';
ALTER TYPE spot ADD ATTRIBUTE more int;
ALTER TYPE spot DROP ATTRIBUTE mood;
ALTER TABLE board ADD COLUMN c int;
ALTER TABLE board DROP COLUMN a;
ALTER DOMAIN small ADD CONSTRAINT never CHECK (value > 10) NOT VALID;
SELECT unfold('t');
ALTER TYPE delta_follow_third.temper RENAME VALUE 'calm' TO 'quiet';
ALTER TYPE spot ADD ATTRIBUTE more int;
ALTER TABLE board DROP COLUMN a;
SELECT versions FROM fold('t');
SELECT DISTINCT m, ms, p, r, s FROM t_history;
-- Settings do not matter.
SET lc_monetary = 'C';
SET datestyle = 'German';
SET xmloption = document;
SELECT DISTINCT (p).price FROM t_history;
RESET datestyle;
RESET xmloption;

\echo a domain of a column may get constraints that old values do not fulfil
CREATE DOMAIN ds AS text;
CREATE DOMAIN de AS delta_follow_third.temper;
CREATE TABLE d (id int PRIMARY KEY, a ds, b de, v int);
SELECT add_system_versioning('d');
INSERT INTO d VALUES (1, 'x', 'merry');
UPDATE d SET a = 'yyyy', b = 'cross';
SELECT versions FROM fold('d');
ALTER DOMAIN ds ADD CONSTRAINT long CHECK (length(value) > 3);
ALTER DOMAIN de ADD CONSTRAINT other CHECK (value <> 'merry');
SELECT id, a, b FROM d_history;
SELECT * FROM verify('d');

\echo names of objects
CREATE TABLE named (id int);
CREATE FUNCTION named_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE ROLE delta_follow_named;
CREATE TEXT SEARCH CONFIGURATION named_config (COPY = simple);
CREATE TABLE o (id int PRIMARY KEY, c regclass, cs regclass[], f regproc, t regtype, r regrole, n regnamespace, ts regconfig, td regdictionary, col regcollation, op regoper, v int);
SELECT add_system_versioning('o');
INSERT INTO o VALUES (1, 'named', '[2:4]={named,NULL,pg_class}', 'named_function', 'spot', 'delta_follow_named', 'delta_follow_third', 'named_config', 'simple', '"C"', '||/');
UPDATE o SET v = 1;
UPDATE o SET c = 0, cs = '{}';
CREATE TABLE o_before AS SELECT * FROM ONLY o_history;
SELECT versions FROM fold('o');
SELECT id, c, cs, f, t, r, n, ts, td, col, op FROM o_history ORDER BY row_start;
ALTER TABLE named RENAME TO named_2;
ALTER FUNCTION named_function() RENAME TO named_function_2;
CREATE TABLE named (id int);
SELECT id, c, cs, f FROM o_history ORDER BY row_start;
DROP TABLE named_2;
DROP FUNCTION named_function_2;
DROP ROLE delta_follow_named;
DROP TEXT SEARCH CONFIGURATION named_config;
SELECT count(*), count(c) FROM o_history;
SELECT count(*) FROM o_history h JOIN o_before b USING (id, row_start, row_end, c, cs, f, t, r, n, td, col, op) WHERE h.ts = b.ts OR h.ts::oid = b.ts::oid;
SELECT unfold('o');
SELECT count(*) FROM o_history h JOIN o_before b USING (id, row_start, row_end, c, cs, f, t, r, n, td, col, op);

\echo types that cannot be kept
CREATE TYPE names AS (c regclass);
CREATE TABLE n1 (id int PRIMARY KEY, c regprocedure);
CREATE TABLE n2 (id int PRIMARY KEY, c names[]);
CREATE TABLE n3 (id int PRIMARY KEY, c aclitem[]);
SELECT add_system_versioning(c) FROM unnest('{n1,n2,n3}'::regclass[]) c;
SELECT fold('n1');
SELECT fold('n2');
SELECT fold('n3');
-- A table that was folded before is read all the same.
ALTER TABLE d ADD COLUMN c regprocedure;
SELECT id, a, b, c FROM d_history;
UPDATE d SET v = 2;
SELECT fold('d');
SELECT unfold('d');
ALTER TABLE d DROP CONSTRAINT d_pkey, ADD COLUMN x tsvector PRIMARY KEY DEFAULT 'a';
SELECT count(*) FROM d_history;
SET client_min_messages = warning;
DROP SCHEMA delta_follow_types, delta_follow_third CASCADE;
