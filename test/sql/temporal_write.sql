-- What is written into the history, case by case.
CREATE SCHEMA temporal_write;
SET search_path = temporal_write, tsmem, public;
CREATE TABLE t (id int PRIMARY KEY, a int, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT add_system_versioning('t');
CREATE FUNCTION now_is(t timestamptz) RETURNS boolean LANGUAGE sql RETURN t = pg_catalog.now();
-- Start a case with three rows and an empty history.
CREATE PROCEDURE start_case() LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS temporal_write.t;
	CREATE TABLE temporal_write.t (id int PRIMARY KEY, a int, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);
	PERFORM tsmem.add_system_versioning('temporal_write.t');
	COMMIT;
	INSERT INTO temporal_write.t VALUES (1, 10, 1), (2, 20, 2), (3, 30, 3);
	COMMIT;
END $$;
CREATE FUNCTION history() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT coalesce(string_agg(id || '=' || coalesce(a::text, 'null'), ' ' ORDER BY id, row_start), '-') FROM temporal_write.t_history);
END $$;
-- Versions of a key: none empty, none overlapping, no gap before the last.
CREATE FUNCTION broken() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start) AS next FROM temporal_write.t_versions) v
		WHERE row_start >= row_end OR next < row_end);
END $$;

\echo plain update and delete
CALL start_case();
UPDATE t SET a = 11 WHERE id = 1; DELETE FROM t WHERE id = 2; SELECT history(), broken();
\echo two updates in one transaction: one version
CALL start_case();
BEGIN; UPDATE t SET a = 11 WHERE id = 1; UPDATE t SET a = 12 WHERE id = 1; COMMIT; SELECT history(), broken();
\echo insert, update and delete in one transaction: nothing
CALL start_case();
BEGIN; INSERT INTO t VALUES (9, 9); UPDATE t SET a = 8 WHERE id = 9; DELETE FROM t WHERE id = 9; COMMIT; SELECT history(), broken();
\echo update and delete in one transaction: the version before it
CALL start_case();
BEGIN; UPDATE t SET a = 11 WHERE id = 1; DELETE FROM t WHERE id = 1; COMMIT; SELECT history(), broken();
\echo delete and insert of the key in one transaction
CALL start_case();
BEGIN; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 11); UPDATE t SET a = 12 WHERE id = 1; COMMIT; SELECT history(), broken();
\echo a rolled back subtransaction, then an update
CALL start_case();
BEGIN; SAVEPOINT x; UPDATE t SET a = 11 WHERE id = 1; ROLLBACK TO x; UPDATE t SET a = 12 WHERE id = 1; COMMIT; SELECT history(), broken();
\echo an update, then a rolled back subtransaction
CALL start_case();
BEGIN; UPDATE t SET a = 11 WHERE id = 1; SAVEPOINT x; UPDATE t SET a = 12 WHERE id = 1; DELETE FROM t WHERE id = 2; ROLLBACK TO x; COMMIT; SELECT history(), broken();
\echo exceptions in PL/pgSQL
CALL start_case();
DO $$ BEGIN
	FOR i IN 1..3 LOOP
		BEGIN UPDATE temporal_write.t SET a = 100 + i WHERE id = i; IF i = 2 THEN RAISE EXCEPTION 'no'; END IF;
		EXCEPTION WHEN raise_exception THEN NULL; END;
	END LOOP;
END $$;
SELECT history(), broken();
\echo rollback
CALL start_case();
BEGIN; UPDATE t SET a = 11; DELETE FROM t; ROLLBACK; SELECT history(), broken();
\echo an error in the middle of a statement
CALL start_case();
UPDATE t SET a = 10 / (id - 3); SELECT history(), broken();
\echo null to value to null
CALL start_case();
UPDATE t SET a = NULL WHERE id = 1; UPDATE t SET a = NULL WHERE id = 1; UPDATE t SET a = 1 WHERE id = 1; SELECT history(), broken();
\echo the key itself
CALL start_case();
UPDATE t SET id = 7 WHERE id = 1; SELECT history(), broken();
\echo a later trigger cancels: by name it fires before ours
CALL start_case();
CREATE FUNCTION cancel() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER zz BEFORE UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION cancel();
UPDATE t SET a = 11 WHERE id = 1; DELETE FROM t WHERE id = 2; SELECT history(), broken();
\echo a trigger changes the row or forges the stamp
CALL start_case();
CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.row_start = ''1999-01-01''; NEW.row_xid = ''3''; NEW.u = -NEW.id; RETURN NEW; END';
CREATE TRIGGER zz BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION forge();
UPDATE t SET a = a WHERE id = 1; INSERT INTO t VALUES (4, 40); SELECT history(), broken();
SELECT id, u, row_start > '2020-01-01' AS stamped, row_xid > '3' AS by_us FROM t ORDER BY id;
\echo ... and is refused where it would fire after ours
ALTER TRIGGER zz ON t RENAME TO "~~";
UPDATE t SET a = 12 WHERE id = 1;
INSERT INTO t VALUES (5, 50);
ALTER TABLE t DISABLE TRIGGER "~~";
UPDATE t SET a = 12 WHERE id = 1; SELECT history(), broken();
\echo the stamp trigger disabled: nothing is lost silently
CALL start_case();
ALTER TABLE t DISABLE TRIGGER "~tsmem_stamp";
UPDATE t SET a = 11 WHERE id = 1;
UPDATE t SET a = 11, row_start = now(), row_xid = '3' WHERE id = 1;
UPDATE t SET a = a WHERE id = 1;
ALTER TABLE t ENABLE TRIGGER "~tsmem_stamp";
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname LIKE '~%' ORDER BY 1;
UPDATE t SET a = 11 WHERE id = 1; SELECT history(), broken();
\echo INSERT ... ON CONFLICT DO UPDATE, one row in conflict and one new; DO NOTHING
CALL start_case();
INSERT INTO t VALUES (1, 11), (7, 7) ON CONFLICT (id) DO UPDATE SET a = excluded.a, row_start = '1999-01-01';
INSERT INTO t VALUES (2, 22) ON CONFLICT DO NOTHING; SELECT history(), broken();
\echo MERGE
CALL start_case();
MERGE INTO t USING (VALUES (1, 11), (2, 0), (8, 8)) v(id, a) ON t.id = v.id
WHEN MATCHED AND v.a = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET a = v.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (v.id, v.a);
SELECT history(), broken();
\echo an AFTER trigger raises an error when history is open, in a subtransaction and out of one
CALL start_case();
CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.a > 90 THEN RAISE ''too much''; END IF; RETURN NULL; END';
CREATE TRIGGER "~z" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION raise();
UPDATE t SET a = 99 WHERE id = 1;
BEGIN; UPDATE t SET a = 11 WHERE id = 1; SAVEPOINT s; UPDATE t SET a = 99; ROLLBACK TO s; UPDATE t SET a = 21 WHERE id = 2; COMMIT; SELECT history(), broken();
DO $$ BEGIN UPDATE temporal_write.t SET a = 99; EXCEPTION WHEN raise_exception THEN UPDATE temporal_write.t SET a = 31 WHERE id = 3; END $$; SELECT history(), broken();
\echo a join that finds a row twice
CALL start_case();
UPDATE t SET a = v FROM (VALUES (11), (12)) x(v) WHERE t.id = 1; SELECT id || '=' || 10 AS once, history() = '1=10' AS one FROM t WHERE id = 1;
\echo an AFTER trigger updates the row again
CALL start_case();
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF pg_trigger_depth() = 1 THEN UPDATE temporal_write.t SET a = a + 100 WHERE id = NEW.id; END IF; RETURN NULL; END';
CREATE TRIGGER aa AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again();
UPDATE t SET a = 11 WHERE id = 1; SELECT history(), broken();
\echo a BEFORE trigger updates another row first
CALL start_case();
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF pg_trigger_depth() = 1 THEN UPDATE temporal_write.t SET a = 99 WHERE id = 3; END IF; RETURN NEW; END';
CREATE TRIGGER aa BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION other();
UPDATE t SET a = 11 WHERE id = 1; SELECT history(), broken();
\echo cascades of a foreign key
CALL start_case();
CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1), (2), (3);
ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE;
DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 5 WHERE id = 2; SELECT history(), broken();
DROP TABLE parent CASCADE;
\echo a deferred unique constraint, keys swapped
CALL start_case();
BEGIN; UPDATE t SET u = 3 - u WHERE id IN (1, 2); COMMIT; SELECT history(), broken();
\echo COPY
CALL start_case();
COPY t FROM stdin;
50	5	50	1999-01-01	7
\.
COPY t (id, a) FROM stdin;
51	5
\.
SELECT id, row_start > '2020-01-01' AS stamped, row_xid > '7' AS by_us FROM t WHERE id >= 50 ORDER BY id; SELECT history();
\echo a prepared transaction
CALL start_case();
BEGIN; UPDATE t SET a = 11 WHERE id = 1; INSERT INTO t VALUES (4, 40); PREPARE TRANSACTION 'temporal_write'; SELECT history();
COMMIT PREPARED 'temporal_write'; SELECT history(), broken();
BEGIN; UPDATE t SET a = 12 WHERE id = 1; PREPARE TRANSACTION 'temporal_write'; ROLLBACK PREPARED 'temporal_write'; SELECT history(), broken();
\echo session_replication_role = replica
CALL start_case();
SET session_replication_role = replica; UPDATE t SET a = 11 WHERE id = 1; INSERT INTO t VALUES (6, 6); RESET session_replication_role;
SELECT history(), broken(), (SELECT row_start > '2020-01-01' FROM t WHERE id = 6) AS stamped;
\echo a data-modifying WITH, and RETURNING
CALL start_case();
WITH d AS (DELETE FROM t WHERE id < 3 RETURNING *) INSERT INTO t SELECT id + 10, a FROM d RETURNING id, now_is(row_start); SELECT history(), broken();
\echo rules, views and updatable views
CALL start_case();
CREATE VIEW v AS SELECT id, a FROM t; UPDATE v SET a = 11 WHERE id = 1; DELETE FROM v WHERE id = 2; SELECT history(), broken(); DROP VIEW v;
\echo a cursor
CALL start_case();
BEGIN; DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id FOR UPDATE; FETCH c; UPDATE t SET a = 11 WHERE CURRENT OF c; COMMIT; SELECT history(), broken();
\echo TRUNCATE
CALL start_case();
TRUNCATE t; SELECT count(*), history() FROM t;
\echo SELECT FOR UPDATE and an aborted one leave nothing open
CALL start_case();
BEGIN; UPDATE t SET a = 11 WHERE id = 1; SELECT 1/0; ROLLBACK; UPDATE t SET a = 12 WHERE id = 1; SELECT history(), broken();

-- A row newer than the transaction: the stamp of a later transaction, set here by hand.
\echo a newer row, adjusted
CALL start_case();
SET session_replication_role = replica; ALTER TABLE t DISABLE TRIGGER "~tsmem_stamp", DISABLE TRIGGER "~tsmem_history";
UPDATE t SET row_start = '2100-01-01', row_xid = '3';
ALTER TABLE t ENABLE TRIGGER "~tsmem_stamp", ENABLE TRIGGER "~tsmem_history"; RESET session_replication_role;
SHOW tsmem.system_time_conflict;
BEGIN;
UPDATE t SET a = 11 WHERE id = 1;
DELETE FROM t WHERE id = 2;
INSERT INTO t VALUES (2, 22) RETURNING row_start AT TIME ZONE 'UTC' AS follows;
UPDATE t SET a = 12 WHERE id = 1;
COMMIT;
SELECT id, a, row_start AT TIME ZONE 'UTC' AS row_start, row_end AT TIME ZONE 'UTC' AS row_end FROM t_versions ORDER BY id, row_start;
SELECT broken();
INSERT INTO t VALUES (4, 4) RETURNING now_is(row_start);
\echo a newer row, strict
SET tsmem.system_time_conflict = strict;
\set VERBOSITY sqlstate
UPDATE t SET a = 31 WHERE id = 3;
DELETE FROM t WHERE id = 3;
UPDATE t SET a = a WHERE id = 3;
\set VERBOSITY default
SELECT id, a FROM t WHERE id = 3;
SET tsmem.system_time_conflict = lenient;
RESET tsmem.system_time_conflict;

-- Options: no-op updates and TRUNCATE that moves the rows.
CREATE TABLE o (id int PRIMARY KEY, a int);
SELECT add_system_versioning('o', history_options => '{"no_op_updates": true, "truncate": "history", "history_table": "o_past", "functions": false}');
INSERT INTO o VALUES (1, 1), (2, 2);
UPDATE o SET a = a WHERE id = 1;
SELECT id, a FROM o_past;
TRUNCATE o;
SELECT id, a, row_start < row_end AS period FROM o_past ORDER BY id, row_start;
BEGIN; INSERT INTO o VALUES (3, 3); TRUNCATE o; COMMIT;
SELECT count(*) FROM o_past;

-- Wide values: toasted, compressed, unchanged ones are not fetched or lost.
CREATE TABLE wide (id int PRIMARY KEY, big text, small int, gen int GENERATED ALWAYS AS (small * 2) STORED, n int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE wide ALTER big SET STORAGE EXTERNAL;
SELECT add_system_versioning('wide');
INSERT INTO wide (id, big, small) VALUES (1, repeat('x', 100000), 1);
UPDATE wide SET small = 2;
UPDATE wide SET big = big || 'y';
UPDATE wide SET big = big;
UPDATE wide SET big = left(big, 100000) || 'y';
DELETE FROM wide;
SELECT id, length(big), md5(big) = md5(repeat('x', length(big) - CASE WHEN small = 2 AND length(big) > 100000 THEN 1 ELSE 0 END) || CASE WHEN length(big) > 100000 THEN 'y' ELSE '' END) AS right, small, gen, n
FROM wide_versions ORDER BY row_start;
SELECT pg_table_size('wide_history') > 250000 AS toasted;

-- Our functions are for our triggers only.
SELECT _stamp();
CREATE TABLE plain (id int);
CREATE TRIGGER wrong AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION _stamp();
INSERT INTO plain VALUES (1);
DROP TRIGGER wrong ON plain;
CREATE TRIGGER wrong BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION _write_history();
INSERT INTO plain VALUES (1); UPDATE plain SET id = 2;
DROP TRIGGER wrong ON plain;
CREATE TRIGGER wrong BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION _stamp();
INSERT INTO plain VALUES (1);
DROP TRIGGER wrong ON plain;
CREATE TRIGGER wrong BEFORE DELETE ON plain FOR EACH ROW EXECUTE FUNCTION _truncate_versioned();
DELETE FROM plain;
DROP SCHEMA temporal_write CASCADE;
