-- What other implementations of system versioning promise about writes, promised here.
CREATE SCHEMA temporal_peers;
SET search_path = temporal_peers, tsmem, public;
-- Versions of a table in order, those that ended marked by "-".
CREATE FUNCTION versions(rel regclass, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE format('SELECT string_agg(concat_ws(%L, %s) || CASE WHEN isfinite(row_end) THEN %L ELSE %L END, %L ORDER BY row_end, row_start, %s) FROM %s_versions',
		'/', columns, '-', '', ' ', columns, rel) INTO result;
	RETURN coalesce(result, 'none');
END $$;
-- Whether a key has at any time two versions, or an empty one.
CREATE FUNCTION broken(rel regclass, key text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY %s ORDER BY row_start, row_end) n FROM %s_versions) v WHERE row_start >= row_end OR n < row_end', key, rel) INTO result;
	RETURN result;
END $$;

\echo several statements of one transaction over sets that overlap: one version of each row
CREATE TABLE t (x int PRIMARY KEY, y int);
SELECT add_system_versioning('t');
INSERT INTO t SELECT i, 1 FROM generate_series(1, 5) i;
BEGIN;
UPDATE t SET y = y + 1 WHERE x = 3; UPDATE t SET y = y + 1 WHERE x = 2; UPDATE t SET y = y + 1 WHERE x = 3;
UPDATE t SET y = y + 1 WHERE x > 3; UPDATE t SET y = y + 1 WHERE x > 4;
COMMIT;
SELECT versions('t', 'x, y'), broken('t', 'x'), count(DISTINCT row_start) FROM t WHERE x > 1;

\echo a row that comes and goes several times in one transaction: the last state alone, or nothing
BEGIN;
INSERT INTO t VALUES (10, 3); DELETE FROM t WHERE x = 10; INSERT INTO t VALUES (10, 30); DELETE FROM t WHERE x = 10; INSERT INTO t VALUES (10, 300);
COMMIT;
BEGIN; INSERT INTO t VALUES (11, 1); UPDATE t SET y = 2 WHERE x = 11; UPDATE t SET y = 3 WHERE x = 11; DELETE FROM t WHERE x = 11; COMMIT;
SELECT x, y FROM t_versions WHERE x >= 10;
\echo the same of a row that was there: it ends once, when the transaction began
BEGIN;
SELECT now() AS began \gset
DELETE FROM t WHERE x = 10; INSERT INTO t VALUES (10, 3); DELETE FROM t WHERE x = 10; INSERT INTO t VALUES (10, 30);
COMMIT;
SELECT x, y, row_start = :'began' AS begun, row_end = :'began' AS ended FROM t_versions WHERE x = 10 ORDER BY row_start;
\echo two rows of a statement for one key; an upsert that does nothing
INSERT INTO t VALUES (10, 100), (10, 1000) ON CONFLICT (x) DO UPDATE SET y = excluded.y;
INSERT INTO t VALUES (10, 30) ON CONFLICT (x) DO UPDATE SET y = excluded.y WHERE t.y <> excluded.y;
INSERT INTO t VALUES (10, 30) ON CONFLICT (x) DO UPDATE SET y = excluded.y;
SELECT count(*) FROM t_history WHERE x = 10;
\echo values that a statement gives for the columns of the versioning
INSERT INTO t (x, y, row_start) VALUES (20, 1, DEFAULT), (21, 1, NULL), (22, 1, 'infinity');
UPDATE t SET y = 2, row_start = '1999-01-01', row_xid = '0' WHERE x = 20;
UPDATE t SET row_start = '1999-01-01' WHERE x = 21;
SELECT x, y, row_start > '2020-01-01' AND isfinite(row_start) AND row_xid > '3' AS stamped FROM t WHERE x >= 20 ORDER BY x;
SELECT count(*) FROM t_history WHERE x >= 20;
\echo versions copied into another versioned table are its own, of now
CREATE TABLE copied (x int, y int);
SELECT add_system_versioning('copied', '{}', '{"without_key": true}');
INSERT INTO copied SELECT x, y FROM t_versions WHERE x = 10;
SELECT count(*), count(DISTINCT row_start) FROM copied_versions WHERE row_end = 'infinity';

\echo excluded columns: their change alone keeps the start, with another it goes with the version
CREATE TABLE e (id int PRIMARY KEY, name text, salary int);
SELECT add_system_versioning('e', '{salary}');
INSERT INTO e VALUES (1, 'Jeremy', 3000);
SELECT row_start AS s1 FROM e \gset
UPDATE e SET name = 'Jerry', salary = 4000;
SELECT row_start > :'s1' AS moved, row_start AS s2 FROM e \gset
SELECT :'moved';
UPDATE e SET salary = 2500;
INSERT INTO e VALUES (1, 'Jerry', 2600) ON CONFLICT (id) DO UPDATE SET salary = excluded.salary;
SELECT row_start = :'s2' AS kept, salary FROM e;
SELECT versions('e', 'name, salary');
\echo two tables changed by one statement have one system time
WITH a AS (UPDATE e SET name = 'J' RETURNING row_start), b AS (UPDATE t SET y = 7 WHERE x = 1 RETURNING row_start) SELECT a.row_start = b.row_start AS same FROM a, b;
\echo tables that have the same history columns in another order, identity, a dropped and an added column
CREATE TABLE IF NOT EXISTS i (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value varchar NOT NULL);
ALTER TABLE i DROP COLUMN value;
ALTER TABLE i ADD COLUMN value2 varchar NOT NULL;
INSERT INTO i (value2) VALUES ('hello'), ('world');
SELECT add_system_versioning('i');
UPDATE i SET value2 = 'goodbye' WHERE id = 2;
ALTER TABLE i DROP COLUMN value2;
UPDATE i SET id = DEFAULT WHERE id = 1;
ALTER TABLE i ADD COLUMN e text;
UPDATE i SET e = 'test';
SELECT id, value2_dropped, e FROM i_history ORDER BY id, row_start;

-- Foreign keys. Referenced are rows of today; what a constraint does to rows makes versions like any change.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int DEFAULT 0);
SELECT add_system_versioning('parent'), add_system_versioning('child');
CREATE PROCEDURE fill(action text) LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS temporal_peers.child, temporal_peers.parent CASCADE;
	CREATE TABLE temporal_peers.parent (id int PRIMARY KEY);
	CREATE TABLE temporal_peers.child (id int PRIMARY KEY, parent_id int DEFAULT 0);
	PERFORM tsmem.add_system_versioning('temporal_peers.parent'), tsmem.add_system_versioning('temporal_peers.child');
	EXECUTE format('ALTER TABLE temporal_peers.child ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES temporal_peers.parent (id) %s', action);
	INSERT INTO temporal_peers.parent VALUES (0), (1), (2), (3);
	INSERT INTO temporal_peers.child VALUES (1, 1), (2, 2), (3, 3);
	COMMIT;
END $$;
\echo RESTRICT, and NO ACTION: a refused change leaves no version
CALL fill('ON DELETE RESTRICT ON UPDATE RESTRICT');
-- 18 says 23001 for RESTRICT.
CREATE FUNCTION refused(command text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN false;
EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
	RETURN true;
END $$;
SELECT refused('DELETE FROM parent WHERE id = 1'), refused('UPDATE parent SET id = 4 WHERE id = 1'), refused('UPDATE child SET parent_id = 9 WHERE id = 1');
SELECT versions('parent', 'id'), versions('child', 'id, parent_id');
DELETE FROM child WHERE id = 1;
DELETE FROM parent WHERE id = 1;
INSERT INTO child VALUES (1, 1);
SELECT versions('parent', 'id'), versions('child', 'id, parent_id');
\echo CASCADE
CALL fill('ON DELETE CASCADE ON UPDATE CASCADE');
DELETE FROM parent WHERE id = 1;
UPDATE parent SET id = 5 WHERE id = 2;
BEGIN; UPDATE parent SET id = 6 WHERE id = 3; UPDATE parent SET id = 7 WHERE id = 6; DELETE FROM parent WHERE id = 7; COMMIT;
SELECT versions('parent', 'id'), versions('child', 'id, parent_id'), broken('child', 'id');
SELECT count(*) FROM parent_history p JOIN child_history c ON p.row_end = c.row_end AND p.row_end_xid = c.row_end_xid AND p.id = c.parent_id;
\echo SET NULL, SET DEFAULT
CALL fill('ON DELETE SET NULL ON UPDATE SET DEFAULT');
DELETE FROM parent WHERE id = 1;
UPDATE parent SET id = 5 WHERE id = 2;
SELECT versions('child', 'id, coalesce(parent_id, -1)');
\echo deferred: broken and mended in one transaction, or not
CALL fill('DEFERRABLE INITIALLY DEFERRED');
BEGIN; DELETE FROM parent WHERE id = 1; INSERT INTO parent VALUES (1); COMMIT;
BEGIN; DELETE FROM parent WHERE id = 2; COMMIT;
BEGIN; UPDATE child SET parent_id = 9 WHERE id = 3; SET CONSTRAINTS ALL IMMEDIATE; COMMIT;
SELECT versions('parent', 'id'), versions('child', 'id, parent_id'), broken('parent', 'id');
\echo a table that references itself, long values in it
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE SET NULL, long text);
ALTER TABLE tree ALTER long SET STORAGE EXTERNAL;
SELECT add_system_versioning('tree');
INSERT INTO tree VALUES (1, 1, 'short'), (2, 1, repeat('long', 8000)), (3, 2, NULL);
DELETE FROM tree;
SELECT id, up, length(long), isfinite(row_end) AS ended FROM tree_versions ORDER BY id;
INSERT INTO tree VALUES (1, NULL, ''), (2, 1, ''), (3, 2, '');
DELETE FROM tree WHERE id = 1;
SELECT versions('tree', 'id, coalesce(up, 0)'), broken('tree', 'id');
\echo three tables in a row, the one in the middle with versions
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY REFERENCES a ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY REFERENCES b ON UPDATE CASCADE ON DELETE CASCADE);
SELECT add_system_versioning('b');
INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1);
UPDATE a SET id = 2;
SELECT versions('b', 'id'), (SELECT id FROM c);
DELETE FROM a;
SELECT versions('b', 'id'), (SELECT count(*) FROM c);

\echo constraint triggers that are deferred write at COMMIT, in the system time of the transaction
CREATE TABLE d (id int PRIMARY KEY, n int);
SELECT add_system_versioning('d');
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n < 10 THEN UPDATE temporal_peers.d SET n = 10 WHERE id = NEW.id; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON d DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
INSERT INTO d VALUES (1, 1);
SELECT versions('d', 'n');
BEGIN; SELECT now() AS began \gset
UPDATE d SET n = 2; SELECT versions('d', 'n'); COMMIT;
SELECT versions('d', 'n'), bool_and(row_start = :'began') FROM d;

\echo COPY: what comes from COPY TO goes in again; a duplicate in the middle leaves nothing
CREATE TABLE l (a int UNIQUE, b int PRIMARY KEY, vc int GENERATED ALWAYS AS (b) STORED);
SELECT add_system_versioning('l');
COPY l (a, b) FROM stdin;
1	2
3	4
\.
UPDATE l SET a = 5 WHERE b = 4;
COPY l (a, b) FROM stdin;
7	8
1	9
\.
COPY (SELECT a, b, vc FROM l_versions ORDER BY row_start, b) TO stdout;
BEGIN;
CREATE TABLE frozen (id int PRIMARY KEY);
SELECT add_system_versioning('frozen');
COPY frozen (id) FROM stdin WITH (FREEZE);
1
2
\.
UPDATE frozen SET id = 3 WHERE id = 2;
COMMIT;
DELETE FROM frozen WHERE id = 1;
SELECT versions('frozen', 'id');

\echo through a view over a join, by its INSTEAD OF trigger; a rule
CREATE VIEW joined AS SELECT e.id, e.name, t.y FROM e JOIN t ON t.x = e.id;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE temporal_peers.e SET name = NEW.name WHERE id = OLD.id; UPDATE temporal_peers.t SET y = NEW.y WHERE x = OLD.id; RETURN NEW; END $$;
CREATE TRIGGER instead INSTEAD OF UPDATE ON joined FOR EACH ROW EXECUTE FUNCTION instead();
UPDATE joined SET name = 'view', y = 70;
SELECT name FROM e_history ORDER BY row_start DESC LIMIT 1;
SELECT y FROM t_history WHERE x = 1 ORDER BY row_start DESC LIMIT 1;
CREATE TABLE ruled (id int PRIMARY KEY);
SELECT add_system_versioning('ruled');
CREATE RULE never AS ON DELETE TO ruled WHERE OLD.id = 1 DO INSTEAD NOTHING;
INSERT INTO ruled VALUES (1), (2);
DELETE FROM ruled;
SELECT versions('ruled', 'id');

-- Statements that write more versions than one page holds: each is there for who looks next, whatever comes between.
CREATE TABLE big (id int PRIMARY KEY, n int, k int, UNIQUE (id, k));
SELECT add_system_versioning('big');
INSERT INTO big SELECT i, 0, i % 2 FROM generate_series(1, 1000) i;
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.n = 1 AND NOT EXISTS (SELECT FROM temporal_peers.big_history h WHERE h.id = NEW.id) THEN
		RAISE 'the version of % is not there yet', NEW.id;
	END IF;
	IF NEW.n = 2 AND NEW.id = 500 THEN
		RAISE 'half way';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER "~~look" AFTER UPDATE ON big FOR EACH ROW EXECUTE FUNCTION look();
UPDATE big SET n = 1;
SELECT count(*), count(DISTINCT id) FROM big_history;
DO $$ BEGIN
	FOR i IN 1..3 LOOP
		BEGIN UPDATE temporal_peers.big SET n = 2; EXCEPTION WHEN raise_exception THEN NULL; END;
	END LOOP;
	UPDATE temporal_peers.big SET n = 3 WHERE id <= 100;
END $$;
SELECT count(*), broken('big', 'id') FROM big_history;
CREATE FUNCTION inner_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		UPDATE temporal_peers.big SET n = 4 WHERE id BETWEEN 600 AND 700;
		RAISE 'undone';
	EXCEPTION WHEN raise_exception THEN NULL;
	END;
	RETURN NULL;
END $$;
CREATE TRIGGER inner_update AFTER UPDATE ON big FOR EACH ROW WHEN (NEW.id = 50) EXECUTE FUNCTION inner_update();
UPDATE big SET n = 5 WHERE id BETWEEN 30 AND 90;
SELECT count(*), count(*) FILTER (WHERE n = 4), broken('big', 'id') FROM big_history;
SET enable_seqscan = off;
SELECT count(*) FROM big_history WHERE id BETWEEN 1 AND 1000;
RESET enable_seqscan;
\echo prepared statements, their plans kept while the table changes
PREPARE change(int) AS UPDATE big SET n = n + 1 WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE change(1); ALTER TABLE big ADD COLUMN more int DEFAULT 3; EXECUTE change(1); ALTER TABLE big DROP COLUMN k; EXECUTE change(1);
SELECT n, more, k_dropped FROM big_history WHERE id = 1 ORDER BY row_start DESC LIMIT 3;
SET client_min_messages = warning;
DROP SCHEMA temporal_peers CASCADE;
