-- Changes of folded tables at the edges: rolled back, below prepared statements, of columns whose numbers differ, of partitions.
CREATE SCHEMA delta_follow_cases;
SET search_path = delta_follow_cases, tsmem, public;
SET client_min_messages = warning;
CREATE TABLE t (id int PRIMARY KEY, a int);
SELECT add_system_versioning('t');
INSERT INTO t SELECT i, i FROM generate_series(1, 3) i;
UPDATE t SET a = a + 1;
SELECT versions FROM fold('t');
BEGIN;
ALTER TABLE t RENAME a TO b;
ALTER TABLE t ALTER b TYPE text;
SELECT b || 'x' AS b FROM t_history ORDER BY id;
ROLLBACK;
SELECT a + 1 AS a FROM t_history ORDER BY id;
PREPARE prepared AS SELECT count(*) FROM t_history h WHERE h::text LIKE '(2,2,%';
EXECUTE prepared;
ALTER TABLE t RENAME a TO b;
EXECUTE prepared;
ALTER TABLE t ALTER b TYPE numeric(5,1), ADD COLUMN c int DEFAULT 5;
EXECUTE prepared;
SELECT b, c FROM t_history WHERE id = 2 AND b = 2;

-- The history has a dropped column, its foreign table, made later, has none.
CREATE TYPE e AS ENUM ('x');
CREATE TABLE d (id int PRIMARY KEY, x e, a int, z text);
SELECT add_system_versioning('d');
DROP TYPE e CASCADE;
INSERT INTO d VALUES (1, 1, 'z');
UPDATE d SET a = 2;
SELECT versions FROM fold('d');
SELECT id, a, z FROM d_history;
ALTER TABLE d ALTER a TYPE int8;
SELECT id, a, z FROM d_history;
SELECT unfold('d');
SELECT id, a, z FROM d_history;

CREATE TABLE p (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
SELECT add_system_versioning('p');
INSERT INTO p VALUES (1, 1, 1);
UPDATE p SET v = 2;
SELECT versions FROM fold('p');
CREATE TABLE p2 (v int, k int NOT NULL, id int NOT NULL, row_start timestamptz NOT NULL DEFAULT now(), row_xid xid8 NOT NULL DEFAULT pg_current_xact_id());
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
INSERT INTO p VALUES (2, 2, 2);
UPDATE p SET v = 3;
SELECT versions FROM fold('p');
ALTER TABLE p ALTER v TYPE int8, ADD COLUMN w text DEFAULT 'w';
SELECT id, k, v, w FROM p_history ORDER BY id, row_start;
SELECT * FROM verify('p');

-- What functions of values do while versions are moved is judged like any other command.
CREATE TABLE kept (id int PRIMARY KEY);
SELECT add_system_versioning('kept');
CREATE FUNCTION meddle(value int) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('delta_follow.meddle', true) = 'yes' THEN
		ALTER TABLE delta_follow_cases.kept_history DISABLE TRIGGER ALL;
	END IF;
	RETURN true;
EXCEPTION WHEN insufficient_privilege OR object_not_in_prerequisite_state THEN
	RAISE WARNING '%', sqlerrm;
	RETURN true;
END $$;
CREATE DOMAIN meddling AS int CHECK (delta_follow_cases.meddle(value));
CREATE TYPE meddled AS (n meddling);
CREATE TABLE moved (id int PRIMARY KEY, m meddled);
SELECT add_system_versioning('moved');
INSERT INTO moved VALUES (1, ROW(1));
UPDATE moved SET m = NULL;
SELECT versions FROM fold('moved');
CREATE ROLE delta_follow_meddler;
GRANT ALL ON SCHEMA delta_follow_cases TO delta_follow_meddler;
ALTER TABLE kept OWNER TO delta_follow_meddler;
ALTER TABLE moved OWNER TO delta_follow_meddler;
SET ROLE delta_follow_meddler;
SET delta_follow.meddle = 'yes';
SELECT unfold('moved');
RESET delta_follow.meddle;
RESET ROLE;
SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgrelid = 'kept_history'::regclass;
DROP SCHEMA delta_follow_cases CASCADE;
DROP ROLE delta_follow_meddler;
