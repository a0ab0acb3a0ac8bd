-- Folded versions follow the columns of their table. The same history is kept unfolded beside it, and the two are compared after each change.
CREATE SCHEMA delta_follow_columns;
SET search_path = delta_follow_columns, tsmem, public;

-- Two tables with the same versions: one folded, one not.
CREATE TABLE f (id int PRIMARY KEY, a int, v varchar(10), "odd ""name" text, n numeric(10,2));
CREATE TABLE p (id int PRIMARY KEY, a int, v varchar(10), "odd ""name" text, n numeric(10,2));
SELECT add_system_versioning('f'), add_system_versioning('p');
CREATE PROCEDURE twice(command text) LANGUAGE plpgsql AS $$
BEGIN EXECUTE format(command, 'f'); EXECUTE format(command, 'p'); END $$;
-- Versions of the two, without the times of transactions, as text; nothing where all are alike.
CREATE FUNCTION differing() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE columns text;
BEGIN
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
		WHERE attrelid = 'f_history'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^row_';
	RETURN QUERY EXECUTE format('SELECT u::text FROM ((SELECT %1$s FROM f_history EXCEPT ALL SELECT %1$s FROM p_history)
		UNION ALL (SELECT %1$s FROM p_history EXCEPT ALL SELECT %1$s FROM f_history)) u LIMIT 5', columns);
	RETURN QUERY SELECT v.problem FROM tsmem.verify('f') v;
END $$;
CALL twice('INSERT INTO %I SELECT i, i, ''v'' || i, ''o'' || i, i / 10.0 FROM generate_series(1, 20) i');
CALL twice('UPDATE %I SET a = a + 1');
CALL twice('UPDATE %I SET v = NULL, n = NULL WHERE id > 15');
CALL twice('DELETE FROM %I WHERE id = 20');
SELECT versions FROM fold('f');
SELECT count(*) FROM ONLY f_history;
SELECT * FROM differing();

\echo names
CALL twice('ALTER TABLE %I RENAME COLUMN a TO "new a"');
CALL twice('ALTER TABLE %I RENAME COLUMN "odd ""name" TO a');
SELECT * FROM differing();
SELECT number, column_name FROM segment_columns WHERE history = 'f_history'::regclass ORDER BY number;
CALL twice('UPDATE %I SET "new a" = 100 WHERE id = 1');
SELECT versions FROM fold('f');
SELECT * FROM differing();

\echo a column that is dropped keeps its values under its other name, and a new one of the name has none of them
CALL twice('ALTER TABLE %I DROP COLUMN a');
SELECT * FROM differing();
SELECT count(a_dropped) FROM f_history;
CALL twice('ALTER TABLE %I ADD COLUMN a text');
SELECT * FROM differing();
SELECT count(*), count(a), count(a_dropped) FROM f_history;
CALL twice('UPDATE %I SET a = ''new'' WHERE id = 2');
CALL twice('UPDATE %I SET a = ''newer'' WHERE id = 2');
SELECT versions FROM fold('f');
SELECT * FROM differing();
CALL twice('ALTER TABLE %I DROP COLUMN a, ADD COLUMN a int DEFAULT 7');
SELECT * FROM differing();
SELECT count(*), count(a), min(a), max(a), count(a_dropped), count(a_dropped_2) FROM f_history;

\echo columns with defaults
SET datestyle = 'German';
CALL twice('ALTER TABLE %I ADD COLUMN d date DEFAULT ''01.02.2024'', ADD COLUMN s text DEFAULT now()::date::text');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN needed AS int NOT NULL;
CALL twice('ALTER TABLE %I ADD COLUMN pos positive DEFAULT 5');
SET datestyle = 'ISO';
SELECT * FROM differing();
SELECT DISTINCT a, d, s = now()::date::text AS s, pos FROM f_history;
SELECT schema_id, column_name, kind, types, typmods, missing FROM segment_columns WHERE history = 'f_history'::regclass AND kind = 'missing' AND column_name <> 's' ORDER BY 1, number;
-- Each row another value: former versions have none, as without folding.
CALL twice('ALTER TABLE %I ADD COLUMN r float8 DEFAULT random()');
SELECT count(r) FROM f_history;
CALL twice('ALTER TABLE %I DROP COLUMN r');
-- A domain that allows no nulls, with folded versions alone in the history.
CREATE TABLE e (id int PRIMARY KEY);
SELECT add_system_versioning('e');
INSERT INTO e VALUES (1);
DELETE FROM e;
SELECT versions FROM fold('e');
-- 18 warns of what it does not vacuum.
SET client_min_messages = error;
VACUUM e_history;
RESET client_min_messages;
ALTER TABLE e ADD COLUMN must needed;
CALL twice('ALTER TABLE %I ADD COLUMN must needed DEFAULT 3');
SELECT * FROM differing();

\echo types that are cast when they are read
CALL twice('ALTER TABLE %I ALTER COLUMN "new a" TYPE int8');
CALL twice('ALTER TABLE %I ALTER COLUMN v TYPE text');
CALL twice('ALTER TABLE %I ALTER COLUMN n TYPE numeric(12,1)');
CALL twice('ALTER TABLE %I ALTER COLUMN n TYPE numeric(12,4)');
CALL twice('ALTER TABLE %I ALTER COLUMN d TYPE timestamp');
SELECT * FROM differing();
SELECT column_name, types, typmods FROM segment_columns WHERE history = 'f_history'::regclass AND schema_id = 1 ORDER BY number;
CALL twice('ALTER TABLE %I ALTER COLUMN "new a" TYPE text');
CALL twice('UPDATE %I SET n = 3.14159 WHERE id = 3');
CALL twice('UPDATE %I SET n = 2 WHERE id = 3');
SELECT * FROM differing();
SELECT versions FROM fold('f');
SELECT * FROM differing();
SELECT count(*) FROM ONLY f_history;
-- The schema of now alone remains in blocks that were written anew.
CALL twice('UPDATE %I SET n = n + 1');
SELECT versions FROM fold('f');
SELECT DISTINCT schema_id = (SELECT max(schema_id) FROM segment_columns WHERE history = 'f_history'::regclass) AS now FROM f_history_segments;
SELECT * FROM differing();

\echo what cannot be cast is refused, and nothing is lost
ALTER TABLE f ALTER COLUMN v TYPE varchar(2);
ALTER TABLE f ALTER COLUMN v TYPE int;
ALTER TABLE f ALTER COLUMN v TYPE int USING 1;
ALTER TABLE f ALTER COLUMN "new a" TYPE int2 USING 1;
CALL twice('UPDATE %I SET v = ''x''');
SELECT versions FROM fold('f');
-- The rows of the tables fit, some folded versions do not.
ALTER TABLE f ALTER COLUMN v TYPE varchar(2);
CREATE DOMAIN large AS numeric(12,4) CHECK (value > 1);
CALL twice('UPDATE %I SET n = 5');
SELECT versions FROM fold('f');
ALTER TABLE f ALTER COLUMN n TYPE large;
CREATE DOMAIN any_number AS numeric(12,4);
CALL twice('ALTER TABLE %I ALTER COLUMN n TYPE any_number');
SELECT * FROM differing();

\echo casts that depend on settings or on what may be dropped are not left to readers
CREATE TYPE mood AS ENUM ('calm', 'merry');
CALL twice('ALTER TABLE %I ADD COLUMN m mood DEFAULT ''merry''');
CALL twice('UPDATE %I SET m = ''calm'' WHERE id < 5');
SELECT versions FROM fold('f');
SET timezone = 'Asia/Tokyo';
CALL twice('ALTER TABLE %I ALTER COLUMN d TYPE timestamptz');
RESET timezone;
SELECT * FROM differing();
SELECT DISTINCT d FROM f_history;
SELECT versions > 0 FROM fold('f');
CALL twice('ALTER TABLE %I ALTER COLUMN m TYPE text, ALTER COLUMN m DROP DEFAULT');
DROP TYPE mood;
SELECT * FROM differing();
SELECT versions > 0 FROM fold('f');
SELECT * FROM differing();

\echo the key
CALL twice('ALTER TABLE %I ALTER COLUMN id TYPE int8');
SELECT count(*) FROM ONLY f_history;
SELECT * FROM differing();
CALL twice('UPDATE %I SET "new a" = ''key'' WHERE id = 4');
SELECT versions FROM fold('f');
SELECT * FROM differing();
CALL twice('ALTER TABLE %I ALTER COLUMN id TYPE varchar(10)');
SELECT * FROM differing();
SELECT versions > 0 FROM fold('f');
CALL twice('ALTER TABLE %I ALTER COLUMN id TYPE text');
SELECT count(*) FROM ONLY f_history;
SELECT * FROM differing();
CALL twice('ALTER TABLE %I DROP CONSTRAINT %1$s_pkey, ADD PRIMARY KEY (s, id)');
SELECT count(*) > 0 FROM ONLY f_history;
SELECT * FROM differing();
SELECT versions > 0 FROM fold('f');
SELECT * FROM differing();
SELECT unfold('f') > 0;
SELECT * FROM differing();

\echo a column that goes with its type
CREATE TYPE gone AS ENUM ('x');
CALL twice('ALTER TABLE %I ADD COLUMN g gone DEFAULT ''x''');
SELECT versions > 0 FROM fold('f');
SET client_min_messages = warning;
DROP TYPE gone CASCADE;
SELECT count(*) FROM segment_columns WHERE history = 'f_history'::regclass AND column_name IS NULL;
SELECT * FROM differing();
CALL twice('ALTER TABLE %I ADD COLUMN g text');
SELECT * FROM differing();
CALL twice('UPDATE %I SET g = ''later''');
SELECT versions FROM fold('f');
SELECT * FROM differing();
DROP SCHEMA delta_follow_columns CASCADE;
SELECT count(*) FROM segment_columns;
