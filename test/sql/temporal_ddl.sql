-- The history follows the definition of its table; what it cannot follow is refused before it does harm.
CREATE SCHEMA temporal_ddl;
SET search_path = temporal_ddl, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_ddl.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_ddl.user_versioned_tables TO PUBLIC;
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(10, 2));
SELECT add_system_versioning('t', '{b}');
INSERT INTO t VALUES (1, 1, 'one', 1.5), (2, 2, 'two', 2.5);
UPDATE t SET a = 10 WHERE id = 1;

\echo ADD COLUMN: former versions read the default, as current rows do
ALTER TABLE t ADD COLUMN d int DEFAULT 7, ADD COLUMN e text;
UPDATE t SET e = 'e' WHERE id = 1;
SELECT id, a, d, e FROM t_versions ORDER BY id, row_start;
SELECT id, a, d, e FROM t_as_of(now()) ORDER BY id;
\echo DROP COLUMN: its values stay in the history, out of the way of a new column of that name
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t ADD COLUMN a text DEFAULT 'new';
UPDATE t SET c = 3.5 WHERE id = 1;
SELECT id, a, c FROM t_versions ORDER BY id, row_start;
SELECT id, a_dropped, a FROM t_history ORDER BY row_start;
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t ADD COLUMN a int;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'temporal_ddl' AND table_name = 't_history' ORDER BY ordinal_position;
\echo ALTER TYPE
ALTER TABLE t ALTER COLUMN c TYPE text;
ALTER TABLE t ALTER COLUMN d TYPE bigint, ALTER COLUMN e TYPE varchar(20) COLLATE "C";
UPDATE t SET e = 'f' WHERE id = 1;
SELECT id, c, d, e FROM t_versions ORDER BY id, row_start;
\echo ... without a cast for the history is refused, and nothing has happened
ALTER TABLE t ALTER COLUMN e TYPE int USING length(e);
SELECT id, c, d, e FROM t_versions WHERE id = 2;
\echo RENAME of columns, excluded and key columns among them
ALTER TABLE t RENAME COLUMN b TO note;
ALTER TABLE t RENAME COLUMN id TO number;
SELECT key_columns, excluded_columns FROM temporal_ddl.user_versioned_tables WHERE rel = 't'::regclass;
UPDATE t SET note = 'uno' WHERE number = 1;
UPDATE t SET d = 8 WHERE number = 1;
SELECT number, note, d FROM t_versions ORDER BY number, row_start;
\echo DROP of an excluded column
ALTER TABLE t DROP COLUMN note;
SELECT excluded_columns FROM temporal_ddl.user_versioned_tables WHERE rel = 't'::regclass;
\echo what versioning needs
ALTER TABLE t DROP COLUMN row_start;
ALTER TABLE t DROP COLUMN row_xid;
ALTER TABLE t DROP COLUMN number;
ALTER TABLE t RENAME COLUMN row_start TO since;
ALTER TABLE t ALTER COLUMN row_start TYPE timestamp;
ALTER TABLE t DROP COLUMN no_such_column;
ALTER TABLE t DROP COLUMN IF EXISTS no_such_column;
\echo a view over what was generated stands in the way, as it does for any view
CREATE VIEW over AS SELECT * FROM t_versions;
ALTER TABLE t ADD COLUMN f int;
ALTER TABLE t DROP COLUMN d;
DROP VIEW over;
ALTER TABLE t ADD COLUMN f int;
\echo names of tables and schemas
ALTER TABLE t RENAME TO u;
UPDATE u SET d = 9 WHERE number = 1;
SELECT count(*) FROM u_as_of(now());
CREATE SCHEMA temporal_ddl_2;
ALTER TABLE u SET SCHEMA temporal_ddl_2;
UPDATE temporal_ddl_2.u SET d = 10 WHERE number = 1;
SELECT count(*) FROM temporal_ddl_2.u_versions;
ALTER TABLE temporal_ddl_2.u ADD COLUMN g int;
SELECT count(g) FROM temporal_ddl_2.u_versions;
ALTER SCHEMA temporal_ddl_2 RENAME TO temporal_ddl_3;
UPDATE temporal_ddl_3.u SET d = 11 WHERE number = 1;
SELECT count(*) FROM temporal_ddl_3.u_as_of(now());
SELECT rel, history, versions, functions FROM temporal_ddl.user_versioned_tables;
DROP SCHEMA temporal_ddl_3 CASCADE;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_ddl'::regnamespace;
SELECT count(*) FROM temporal_ddl.user_versioned_tables;

\echo what was generated can be dropped, and comes again with the next change of columns
CREATE TABLE t (id int PRIMARY KEY, a int);
SELECT add_system_versioning('t');
DROP VIEW t_versions CASCADE;
UPDATE t SET a = 1;
ALTER TABLE t ADD COLUMN b int;
SELECT count(*) FROM t_versions;
SELECT count(*) FROM t_as_of(now());
\echo DROP COLUMN ... CASCADE drops no table
CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TABLE t ADD COLUMN m mood DEFAULT 'sad';
INSERT INTO t (id, a, b) VALUES (1, 1, 1); UPDATE t SET m = 'happy';
ALTER TABLE t DROP COLUMN b CASCADE;
SELECT id, m FROM t_versions ORDER BY row_start;
DROP TYPE mood CASCADE;
UPDATE t SET a = 2; SELECT id, a FROM t_history ORDER BY row_start;
\echo a change in one transaction with writes, rolled back and committed
BEGIN; UPDATE t SET a = 3; ALTER TABLE t ADD COLUMN x int; UPDATE t SET x = 1; ROLLBACK; UPDATE t SET a = 4;
BEGIN; UPDATE t SET a = 5; ALTER TABLE t ADD COLUMN x int DEFAULT 9; UPDATE t SET x = 1; DELETE FROM t; COMMIT;
SELECT id, a, x FROM t_versions ORDER BY row_start;
\echo without functions none come
SELECT drop_system_versioning('t', false);
SELECT add_system_versioning('t', history_options => '{"functions": false}');
ALTER TABLE t ADD COLUMN y int;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_ddl'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1;

\echo a session that looks like that of a restore: what no dump does is followed all the same
CREATE ROLE temporal_ddl_reader;
GRANT USAGE ON SCHEMA temporal_ddl TO temporal_ddl_reader;
CREATE TABLE q (id int PRIMARY KEY, a int);
SELECT add_system_versioning('q');
INSERT INTO q VALUES (1, 1);
GRANT SELECT ON q TO temporal_ddl_reader;
\set restore 'SET check_function_bodies = off; SELECT pg_catalog.set_config(\'search_path\', \'\', false);'
\set normal 'RESET check_function_bodies; SET search_path = temporal_ddl, tsmem, public;'
:restore
ALTER TABLE temporal_ddl.q ADD COLUMN b int DEFAULT 5;
UPDATE temporal_ddl.q SET a = 2;
ALTER TABLE temporal_ddl.q RENAME COLUMN a TO w;
UPDATE temporal_ddl.q SET w = 3;
SELECT id, w, b FROM temporal_ddl.q_versions ORDER BY row_start;
ALTER TABLE temporal_ddl.q ALTER COLUMN b TYPE bigint;
ALTER TABLE temporal_ddl.q ADD COLUMN row_end int;
ALTER TABLE temporal_ddl.q_history ADD COLUMN w2 int;
\echo ... rights that are revoked, and policies; not rights that are given
REVOKE SELECT ON temporal_ddl.q FROM temporal_ddl_reader;
SELECT has_table_privilege('temporal_ddl_reader', 'temporal_ddl.q_history', 'SELECT'), has_table_privilege('temporal_ddl_reader', 'temporal_ddl.q_versions', 'SELECT');
GRANT SELECT ON temporal_ddl.q TO temporal_ddl_reader;
SELECT has_table_privilege('temporal_ddl_reader', 'temporal_ddl.q_history', 'SELECT');
ALTER TABLE temporal_ddl.q ENABLE ROW LEVEL SECURITY;
CREATE POLICY three ON temporal_ddl.q USING (w > 1);
CREATE POLICY even ON temporal_ddl.q AS RESTRICTIVE USING (w % 2 = 0);
SELECT relrowsecurity, polname, polpermissive, pg_get_expr(polqual, polrelid) FROM pg_class c JOIN pg_policy ON polrelid = c.oid WHERE c.oid = 'temporal_ddl.q_history'::regclass ORDER BY 2;
\echo ... a policy that a dump brings for the history takes the place of the copy
CREATE POLICY three ON temporal_ddl.q_history FOR SELECT USING (w > 2);
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'temporal_ddl.q_history'::regclass ORDER BY 1;
ALTER POLICY even ON temporal_ddl.q USING (w % 2 = 1);
DROP POLICY three ON temporal_ddl.q;
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'temporal_ddl.q_history'::regclass ORDER BY 1;
:normal
GRANT SELECT ON q TO temporal_ddl_reader;
SELECT has_table_privilege('temporal_ddl_reader', 'q_history', 'SELECT');
DROP TABLE q;
DROP OWNED BY temporal_ddl_reader;
DROP ROLE temporal_ddl_reader;

\echo owner
CREATE ROLE temporal_ddl_owner;
GRANT ALL ON SCHEMA temporal_ddl TO temporal_ddl_owner;
CREATE TABLE o (id int PRIMARY KEY, a int);
SELECT add_system_versioning('o');
ALTER TABLE o OWNER TO temporal_ddl_owner;
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'temporal_ddl'::regnamespace AND relname ~ '^o' AND relkind IN ('r', 'v') ORDER BY 1;
SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'temporal_ddl'::regnamespace AND proname ~ '^o_';
SET ROLE temporal_ddl_owner;
INSERT INTO o VALUES (1, 1); UPDATE o SET a = 2; SELECT id, a FROM o_versions ORDER BY row_start;
ALTER TABLE o ADD COLUMN b int;
RESET ROLE;
\echo a history that is given away alone comes back
ALTER TABLE o_history OWNER TO CURRENT_USER;
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'o_history'::regclass;
SET ROLE temporal_ddl_owner;
ALTER TABLE o RENAME COLUMN b TO c;
SELECT drop_system_versioning('o');
SELECT add_system_versioning('o', history_options => '{"history_table": "o_second"}');
RESET ROLE;
DROP SCHEMA temporal_ddl CASCADE;
DROP ROLE temporal_ddl_owner;
