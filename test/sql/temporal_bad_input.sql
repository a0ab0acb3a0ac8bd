-- What cannot be versioned: a clear error, and nothing changed.
CREATE SCHEMA temporal_bad_input;
SET search_path = temporal_bad_input, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_bad_input.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_bad_input.user_versioned_tables TO PUBLIC;
CREATE FUNCTION code(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || sqlerrm;
END $$;
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE TABLE no_key (id int, a int);
CREATE VIEW a_view AS SELECT * FROM t;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM t;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (id int);
CREATE TEMP TABLE a_temp (id int PRIMARY KEY);
CREATE UNLOGGED TABLE an_unlogged (id int PRIMARY KEY);
CREATE FOREIGN DATA WRAPPER temporal_bad_input;
CREATE SERVER temporal_bad_input FOREIGN DATA WRAPPER temporal_bad_input;
CREATE FOREIGN TABLE a_foreign (id int) SERVER temporal_bad_input;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (b int, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE typed OF a_type (PRIMARY KEY (id));
CREATE TABLE taken_1 (id int PRIMARY KEY, row_end int);
CREATE TABLE taken_2 (id int PRIMARY KEY, sys_period int);
CREATE TABLE taken_3 (id int PRIMARY KEY, row_start int);
CREATE TABLE taken_4 (id int PRIMARY KEY, row_start timestamptz);
CREATE TABLE taken_5 (id int PRIMARY KEY, row_start timestamptz, row_xid int);
CREATE TABLE taken_6 (id int PRIMARY KEY); CREATE TABLE taken_6_history (id int);
CREATE TABLE taken_7 (id int PRIMARY KEY); CREATE VIEW taken_7_versions AS SELECT 1 AS one;
CREATE TABLE taken_8 (id int PRIMARY KEY);
CREATE FUNCTION taken_8_as_of(timestamptz) RETURNS int LANGUAGE sql RETURN 1;
SELECT command, code('SELECT add_system_versioning(' || command || ')') FROM unnest(ARRAY[
	$$'no_such_table'$$, $$999999$$, $$NULL$$, $$'t', NULL$$, $$'t', '{}', NULL$$, $$'no_key'$$, $$'a_view'$$, $$'a_matview'$$,
	$$'a_sequence'$$, $$'a_type'$$, $$'t_pkey'$$, $$'a_temp'$$, $$'an_unlogged'$$, $$'a_foreign'$$, $$'parent'$$, $$'child'$$, $$'typed'$$,
	$$'pg_class'$$, $$'pg_authid'$$, $$'information_schema.sql_features'$$,
	$$'taken_1'$$, $$'taken_2'$$, $$'taken_3'$$, $$'taken_4'$$, $$'taken_5'$$, $$'taken_6'$$, $$'taken_7'$$, $$'taken_8'$$,
	$$'t', '{no_such_column}'$$, $$'t', '{id}'$$, $$'t', '{a,NULL}'$$, $$'t', '{row_start}'$$, $$'t', '{ctid}'$$,
	$$'t', '{}', '[]'$$, $$'t', '{}', '1'$$, $$'t', '{}', '{"compress": true}'$$, $$'t', '{}', '{"functions": "yes"}'$$,
	$$'t', '{}', '{"truncate": "drop"}'$$, $$'t', '{}', '{"truncate": true}'$$, $$'t', '{}', '{"history_table": 1}'$$,
	$$'t', '{}', '{"history_table": ""}'$$, $$'t', '{}', '{"history_table": "t"}'$$, $$'t', '{}', '{"no_op_updates": null}'$$,
	$$'t', '{}', '{"history_table": "h23456789_123456789_123456789_123456789_123456789_123456789_1234"}'$$,
	$$'t', '{}', '{"history_table": {"a": 1}}'$$]) WITH ORDINALITY AS c(command, ord) ORDER BY ord;
SELECT count(*) FROM temporal_bad_input.user_versioned_tables;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_bad_input'::regnamespace AND relname ~ '_(history|versions)$' ORDER BY 1;
SELECT attrelid::regclass, attname FROM pg_attribute WHERE attname IN ('row_start', 'row_xid') AND attrelid::regclass::text NOT LIKE 'taken%' AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'temporal_bad_input'::regnamespace) ORDER BY 1, 2;
SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace <> 'tsmem'::regnamespace AND tgname LIKE '~tsmem%';

-- A name at the limit, a table without key on demand, a second registration, a history.
SELECT code($$SELECT add_system_versioning('t', '{}', '{"history_table": "h23456789_123456789_123456789_123456789_123456789_123456789_123"}')$$);
SELECT code($$SELECT add_system_versioning('no_key', '{}', '{"without_key": true}')$$);
SELECT code($$SELECT add_system_versioning('t')$$);
SELECT code($$SELECT add_system_versioning('no_key_history', '{}', '{"without_key": true}')$$);
SELECT code($$SELECT add_period('no_key_history', 'a')$$);
SELECT rel, history, key_columns, disjoint_keys FROM temporal_bad_input.user_versioned_tables ORDER BY rel::text;
INSERT INTO no_key VALUES (1, 1), (1, 1), (2, 2);
UPDATE no_key SET a = 3 WHERE id = 1;
SELECT id, a FROM no_key_history;
SELECT count(*) FROM no_key_as_of(now());

-- Not the owner, and no rights on the registry.
CREATE ROLE temporal_bad_input_other;
GRANT USAGE ON SCHEMA temporal_bad_input TO temporal_bad_input_other;
GRANT ALL ON ALL TABLES IN SCHEMA temporal_bad_input TO temporal_bad_input_other;
SET ROLE temporal_bad_input_other;
SELECT code($$SELECT add_system_versioning('taken_6')$$);
SELECT code($$SELECT drop_system_versioning('t')$$);
SELECT code($$ALTER TABLE t DROP COLUMN a$$);
SELECT code($$ALTER TABLE t RENAME COLUMN a TO b$$);
SELECT code($$DROP TABLE no_key_history$$);
SELECT code($$DELETE FROM versioned_tables$$);
SELECT code($$UPDATE versioned_tables SET horizon = 'infinity'$$);
SELECT code($$INSERT INTO versioned_tables SELECT * FROM versioned_tables$$);
SELECT code($$INSERT INTO no_key_history SELECT * FROM no_key_history$$);
SELECT code($$DELETE FROM no_key_history$$);
INSERT INTO no_key VALUES (3, 3);
UPDATE no_key SET a = 4 WHERE id = 3;
SELECT id, a FROM no_key_history WHERE id = 3;
RESET ROLE;
-- Nor for the owner.
SELECT code($$INSERT INTO no_key_history SELECT * FROM no_key_history$$);
SELECT code($$UPDATE no_key_history SET a = 0$$);
SELECT code($$DELETE FROM no_key_history$$);
SELECT code($$TRUNCATE no_key_history$$);
SELECT code($$COPY no_key_history FROM PROGRAM 'true'$$);
SELECT code($$MERGE INTO no_key_history h USING no_key t ON h.id = t.id WHEN MATCHED THEN DELETE$$);
SELECT code($$DROP TABLE no_key_history$$);
SELECT code($$DROP TRIGGER "~tsmem_protect" ON no_key_history$$);
SELECT code($$DROP TRIGGER "~tsmem_stamp" ON no_key$$);
SELECT code($$ALTER TABLE no_key_history DROP COLUMN a$$);
SELECT code($$ALTER TABLE no_key_history ADD COLUMN b int$$);
SELECT code($$ALTER TABLE no_key_history ALTER COLUMN a TYPE bigint$$);
SELECT code($$ALTER TABLE no_key_history RENAME COLUMN a TO b$$);
SELECT code($$CREATE INDEX ON no_key_history (id, row_end)$$);
SELECT code($$ALTER TABLE no_key_history SET UNLOGGED$$);
SELECT code($$ALTER TABLE no_key SET UNLOGGED$$);
SELECT code($$ALTER TRIGGER "~tsmem_stamp" ON no_key RENAME TO a$$);
SELECT code($$CREATE TABLE heir () INHERITS (no_key)$$);
CREATE TABLE heir (LIKE no_key);
SELECT code($$ALTER TABLE heir INHERIT no_key$$);
-- Rows of a history are its own, and reached by its name alone.
CREATE TABLE ancestor (id int);
SELECT code($$ALTER TABLE no_key_history INHERIT ancestor$$), code($$CREATE TABLE heir_2 () INHERITS (no_key_history)$$);
SET session_replication_role = replica;
SELECT code($$ALTER TABLE no_key_history INHERIT ancestor$$), code($$DELETE FROM no_key_history$$);
RESET session_replication_role;
CREATE TABLE over (id int, a int, row_start timestamptz, row_xid xid8, row_end timestamptz NOT NULL, row_end_xid xid8 NOT NULL) PARTITION BY LIST (id);
ALTER TABLE over ATTACH PARTITION no_key_history DEFAULT;
SET session_replication_role = replica;
SELECT code($$DELETE FROM over$$), code($$INSERT INTO over SELECT * FROM no_key_history$$), code($$TRUNCATE over$$);
RESET session_replication_role;
ALTER TABLE over DETACH PARTITION no_key_history;
-- Nor for code that commands of tsmem itself set off: triggers, casts.
CREATE TABLE adopted (id int PRIMARY KEY, a int, row_start timestamptz, row_xid xid8);
INSERT INTO adopted VALUES (1, 1);
CREATE FUNCTION set_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE NOTICE '%', temporal_bad_input.code(TG_ARGV[0]);
	RETURN new;
END $$;
CREATE TRIGGER a BEFORE UPDATE ON adopted FOR EACH ROW EXECUTE FUNCTION set_off('UPDATE temporal_bad_input.no_key_history SET a = -9');
CREATE TRIGGER b BEFORE UPDATE ON adopted FOR EACH ROW EXECUTE FUNCTION set_off('DROP TRIGGER "~tsmem_protect" ON temporal_bad_input.no_key_history');
CREATE TRIGGER c BEFORE UPDATE ON adopted FOR EACH ROW EXECUTE FUNCTION set_off('ALTER TABLE temporal_bad_input.no_key_history DROP COLUMN a');
SELECT add_system_versioning('adopted');
CREATE TYPE other_int AS (a int);
CREATE FUNCTION to_other(int) RETURNS other_int LANGUAGE plpgsql AS $$ BEGIN
	RAISE NOTICE '%, %', temporal_bad_input.code('UPDATE temporal_bad_input.no_key_history SET a = -9'),
		temporal_bad_input.code('ALTER TABLE temporal_bad_input.no_key_history DROP COLUMN a');
	RETURN ROW($1)::temporal_bad_input.other_int;
END $$;
CREATE CAST (int AS other_int) WITH FUNCTION to_other(int) AS ASSIGNMENT;
DROP TRIGGER a ON adopted; DROP TRIGGER b ON adopted; DROP TRIGGER c ON adopted;
UPDATE adopted SET a = 2;
ALTER TABLE adopted ALTER COLUMN a TYPE other_int;
SELECT id, a FROM adopted_history;
SELECT a FROM no_key_history ORDER BY 1;
DROP OWNED BY temporal_bad_input_other;
DROP ROLE temporal_bad_input_other;
SELECT code($$SELECT drop_system_versioning('a_view')$$), code($$SELECT drop_system_versioning('no_such_table')$$), code($$SELECT drop_system_versioning('t', NULL)$$);
-- The tables that tsmem itself lives on: it would read them while it changes them.
SELECT code($$SELECT add_system_versioning('versioned_tables')$$), code($$SELECT add_system_versioning('periods')$$);
SELECT code($$SELECT add_system_versioning('temporal_keys')$$), code($$SELECT add_period('temporal_keys', 'period')$$);
SELECT code($$ALTER TABLE tsmem.versioned_tables ADD COLUMN more int$$), code($$ALTER TABLE tsmem.periods ADD COLUMN more int$$);
SELECT code($$ALTER TABLE tsmem.versioned_tables ALTER COLUMN since TYPE text$$), code($$ALTER TABLE tsmem.temporal_keys DROP COLUMN is_primary$$);
GRANT SELECT ON tsmem.versioned_tables TO PUBLIC;
-- Internal functions refuse to be called.
SELECT code('SELECT ' || f || '()') FROM unnest('{_stamp,_write_history,_truncate_versioned,_protect_history,_stamp_registration,_adopt_registration}'::text[]) f;
CREATE TABLE wrong (id int);
CREATE TRIGGER wrong AFTER DELETE ON wrong FOR EACH ROW EXECUTE FUNCTION _stamp_registration();
CREATE TRIGGER wrong_2 BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION _adopt_registration();
INSERT INTO wrong VALUES (1);
SELECT code('DELETE FROM wrong'), code('UPDATE wrong SET id = 2');
DROP FOREIGN DATA WRAPPER temporal_bad_input CASCADE;
DROP SCHEMA temporal_bad_input CASCADE;
SELECT count(*) FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
