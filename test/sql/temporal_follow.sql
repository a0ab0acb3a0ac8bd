-- What owners do to generated objects, rights, names and schemas: the history follows, or it is refused before it does harm.
CREATE SCHEMA temporal_follow;
CREATE ROLE temporal_follow_owner;
CREATE ROLE temporal_follow_reader;
GRANT ALL ON SCHEMA temporal_follow TO temporal_follow_owner;
GRANT USAGE ON SCHEMA temporal_follow TO temporal_follow_reader;
SET search_path = temporal_follow, tsmem, public;
CREATE TABLE unrelated (id int);

\echo a view of versions that is dropped stands in the way of nothing
SET ROLE temporal_follow_owner;
CREATE TABLE gone (id int PRIMARY KEY, a int, b int);
SELECT add_system_versioning('gone');
DROP VIEW gone_versions CASCADE;
SELECT versions, functions FROM versioned_tables WHERE rel = 'gone'::regclass;
RESET ROLE;
GRANT SELECT ON unrelated TO temporal_follow_reader;
GRANT SELECT ON gone TO temporal_follow_reader;
REVOKE SELECT ON ALL TABLES IN SCHEMA temporal_follow FROM temporal_follow_reader;
SET ROLE temporal_follow_owner;
ALTER TABLE gone DROP COLUMN b;
SELECT count(*) FROM gone_as_of(now());
SELECT count(*) FROM gone_versions;
DROP VIEW gone_versions CASCADE;
SELECT drop_system_versioning('gone', false);
SELECT count(*) FROM pg_proc WHERE pronamespace = 'temporal_follow'::regnamespace;
SELECT add_system_versioning('gone');
DROP VIEW gone_versions CASCADE;
DROP TABLE gone;
RESET ROLE;
CREATE TYPE temporal_follow.colour AS ENUM ('red');
CREATE TABLE coloured (id int PRIMARY KEY, c colour);
SELECT add_system_versioning('coloured');
DROP TYPE colour CASCADE;
GRANT SELECT ON unrelated TO temporal_follow_reader;
INSERT INTO coloured VALUES (1); UPDATE coloured SET id = 2; SELECT id FROM coloured_history;
DROP TABLE coloured;

\echo GRANT looks at the tables that it names, and locks what it changes
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
SELECT add_system_versioning('a'), add_system_versioning('b');
\set locks 'SELECT relation::regclass, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = \'temporal_follow\'::regnamespace AND relkind IN (\'r\', \'v\')) AND mode <> \'AccessShareLock\' ORDER BY relation::regclass::text, 2;'
BEGIN; GRANT SELECT ON unrelated TO temporal_follow_owner; :locks ROLLBACK;
BEGIN; GRANT SELECT ON b TO temporal_follow_reader; :locks ROLLBACK;
GRANT SELECT ON ALL TABLES IN SCHEMA temporal_follow TO temporal_follow_reader;
SELECT relname, has_table_privilege('temporal_follow_reader', oid, 'SELECT') FROM pg_class WHERE relname ~ '^[ab]_(history|versions)$' AND relnamespace = 'temporal_follow'::regnamespace ORDER BY 1;
REVOKE SELECT ON a FROM temporal_follow_reader;
\echo rights on a history or view alone do not last
GRANT SELECT ON a_history, a_versions TO temporal_follow_reader;
SELECT relname, has_table_privilege('temporal_follow_reader', oid, 'SELECT') FROM pg_class WHERE relname ~ '^[ab]_(history|versions)$' AND relnamespace = 'temporal_follow'::regnamespace ORDER BY 1;
DROP TABLE a, b;

\echo a column that was dropped is read by the owner, and by who may read the whole table
CREATE TABLE secret (id int PRIMARY KEY, c text);
SELECT add_system_versioning('secret');
GRANT SELECT (c, row_start) ON secret TO temporal_follow_reader;
INSERT INTO secret VALUES (1, 'hidden'); UPDATE secret SET c = 'x';
SELECT attname FROM pg_attribute WHERE attrelid = 'secret_history'::regclass AND attacl IS NOT NULL ORDER BY attnum;
SET ROLE temporal_follow_reader;
SELECT c, row_end > row_start FROM secret_history;
\echo ... rights on single columns do not reach what names every column
SELECT c FROM secret_versions;
SELECT c FROM secret_as_of(now());
SELECT c FROM as_of(NULL::secret, now());
RESET ROLE;
ALTER TABLE secret DROP COLUMN c;
SET ROLE temporal_follow_reader;
SELECT c_dropped FROM secret_history;
RESET ROLE;
REVOKE ALL ON secret FROM temporal_follow_reader;
SELECT attname FROM pg_attribute WHERE attrelid = 'secret_history'::regclass AND attacl IS NOT NULL ORDER BY attnum;
DROP TABLE secret;

\echo a new column takes over nothing from the history
CREATE TABLE taken (id int PRIMARY KEY, c text, d text);
SELECT add_system_versioning('taken', history_options => '{"functions": false}');
INSERT INTO taken VALUES (1, 'secret', 'd'); UPDATE taken SET c = 's2';
ALTER TABLE taken ADD COLUMN c_dropped text, DROP COLUMN c;
SELECT attname FROM pg_attribute WHERE attrelid = 'taken_history'::regclass AND attnum > 0 ORDER BY attnum;
ALTER TABLE taken DROP COLUMN c;
ALTER TABLE taken ADD COLUMN c_dropped text DEFAULT 'fresh';
ALTER TABLE taken RENAME COLUMN d TO c_dropped;
ALTER TABLE taken DROP COLUMN d, ADD COLUMN d_dropped text;
ALTER TABLE taken ADD COLUMN row_end timestamptz;
ALTER TABLE taken ADD COLUMN row_end_xid xid8;
ALTER TABLE taken RENAME COLUMN d TO row_end;
ALTER TABLE taken RENAME COLUMN d TO sys_period;
ALTER TABLE taken ADD COLUMN f date, ADD COLUMN t date;
SELECT add_period('taken', 'c_dropped', 'f', 't');
ALTER TABLE taken ADD COLUMN IF NOT EXISTS d text, ADD COLUMN c text DEFAULT 'new';
SELECT id, c, d FROM as_of(NULL::taken, now());
SELECT c_dropped, c FROM taken_history;
DROP TABLE taken;

\echo SET SCHEMA: history, view and functions go along
CREATE SCHEMA temporal_follow_a;
CREATE SCHEMA temporal_follow_b;
CREATE TABLE temporal_follow_a.m (id int PRIMARY KEY, v int);
SELECT add_system_versioning('temporal_follow_a.m');
INSERT INTO temporal_follow_a.m VALUES (1, 1); UPDATE temporal_follow_a.m SET v = 2;
CREATE VIEW over AS SELECT * FROM temporal_follow_a.m_versions;
ALTER TABLE temporal_follow_a.m_history SET SCHEMA temporal_follow_b;
ALTER VIEW temporal_follow_a.m_versions SET SCHEMA temporal_follow_b;
ALTER TABLE temporal_follow_a.m_versions SET SCHEMA temporal_follow_b;
ALTER FUNCTION temporal_follow_a.m_as_of SET SCHEMA temporal_follow_b;
ALTER FUNCTION temporal_follow_a.m_between(timestamptz, timestamptz) RENAME TO x;
ALTER TABLE temporal_follow_a.m SET SCHEMA temporal_follow_b;
SELECT count(*) FROM temporal_follow_b.m_as_of(now());
SELECT v FROM over ORDER BY row_start;
SELECT history, versions FROM versioned_tables WHERE rel = 'temporal_follow_b.m'::regclass;
DROP SCHEMA temporal_follow_a CASCADE;
UPDATE temporal_follow_b.m SET v = 3;
SELECT v FROM temporal_follow_b.m_history ORDER BY row_start;
DROP VIEW over;
ALTER TABLE temporal_follow_b.m ADD COLUMN w int;
SELECT count(*) FROM temporal_follow_b.m_between('-infinity', now());
\echo ... by an owner
GRANT ALL ON SCHEMA temporal_follow_b TO temporal_follow_owner;
ALTER TABLE temporal_follow_b.m OWNER TO temporal_follow_owner;
SET ROLE temporal_follow_owner;
ALTER TABLE temporal_follow_b.m SET SCHEMA temporal_follow;
SELECT count(*) FROM m_versions;
\echo ... where a name is taken
CREATE TABLE temporal_follow_b.m_history (x int);
ALTER TABLE m SET SCHEMA temporal_follow_b;
DROP TABLE temporal_follow_b.m_history;

\echo RENAME TO: their names too
CREATE VIEW over AS SELECT * FROM m_versions;
ALTER TABLE m RENAME TO n;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_follow'::regnamespace AND relname ~ '^[mn](_|$)' ORDER BY 1;
SELECT proname FROM pg_proc WHERE pronamespace = 'temporal_follow'::regnamespace ORDER BY 1;
SELECT functions FROM versioned_tables WHERE rel = 'n'::regclass;
UPDATE n SET v = 4;
SELECT v FROM n_versions ORDER BY row_start;
SELECT v FROM over ORDER BY row_start;
DROP VIEW over;
ALTER TABLE n DROP COLUMN w;
SELECT count(*) FROM n_as_of(now());
CREATE TABLE m (id int PRIMARY KEY);
SELECT add_system_versioning('m', history_options => '{"history_table": "past"}');
\echo ... not names that were chosen; and where a name is taken nothing happens
ALTER TABLE m RENAME TO o;
SELECT history, versions FROM versioned_tables WHERE rel = 'o'::regclass;
ALTER TABLE o RENAME TO m;
CREATE VIEW o_versions AS SELECT 1 AS one;
ALTER TABLE m RENAME TO o;
SELECT history, versions FROM versioned_tables WHERE rel = 'm'::regclass;
DROP VIEW o_versions;
\echo ... the table that was renamed, not another of the new name
RESET ROLE;
SET search_path = temporal_follow_b, temporal_follow, tsmem, public;
CREATE TABLE o (id int PRIMARY KEY);
SELECT add_system_versioning('o');
ALTER TABLE m RENAME TO o;
SELECT rel, history, versions FROM versioned_tables WHERE rel IN ('temporal_follow_b.o'::regclass, 'temporal_follow.o'::regclass) ORDER BY rel::text;
SET search_path = temporal_follow, tsmem, public;
DROP TABLE n, o, temporal_follow_b.o;

\echo a function of another that has the name by chance is left alone
GRANT ALL ON SCHEMA temporal_follow, temporal_follow_b TO temporal_follow_owner;
CREATE FUNCTION temporal_follow_b.chance_as_of(timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 1';
SET ROLE temporal_follow_owner;
CREATE TABLE chance (id int PRIMARY KEY);
SELECT add_system_versioning('chance');
DROP VIEW chance_versions CASCADE;
DROP FUNCTION chance_as_of;
ALTER TABLE chance SET SCHEMA temporal_follow_b;
ALTER TABLE temporal_follow_b.chance ADD COLUMN x int;
SELECT drop_system_versioning('temporal_follow_b.chance', false);
DROP TABLE temporal_follow_b.chance;
RESET ROLE;
SELECT temporal_follow_b.chance_as_of(now());
DROP FUNCTION temporal_follow_b.chance_as_of;

ALTER TABLE IF EXISTS no_such_table RENAME TO p;
ALTER TABLE IF EXISTS no_such_table SET SCHEMA temporal_follow_b;
ALTER FUNCTION no_such_function(int) RENAME TO x;

\echo a history that came into another schema while nobody looked does not take its table along
CREATE TABLE apart (id int PRIMARY KEY);
SELECT add_system_versioning('apart');
ALTER EVENT TRIGGER tsmem_before_command DISABLE;
ALTER TABLE apart_history SET SCHEMA temporal_follow_b;
ALTER EVENT TRIGGER tsmem_before_command ENABLE ALWAYS;
DROP SCHEMA temporal_follow_b CASCADE;
DROP TABLE apart;

\echo partitions of a table elsewhere are not dropped with their schema or their owner
CREATE TABLE root (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE temporal_follow_b.part PARTITION OF root FOR VALUES FROM (0) TO (10);
ALTER TABLE temporal_follow_b.part OWNER TO temporal_follow_owner;
SELECT add_system_versioning('root');
INSERT INTO root VALUES (1, 1);
DROP SCHEMA temporal_follow_b;
DROP SCHEMA temporal_follow_b CASCADE;
DROP OWNED BY temporal_follow_owner;
SELECT count(*) FROM root;
SELECT drop_system_versioning('root', false);
DROP SCHEMA temporal_follow_b CASCADE;
SELECT count(*) FROM root;

\echo an owner needs no right to create in the schema for what needs none on a plain table
CREATE TABLE poor (id int PRIMARY KEY, v int);
SELECT add_system_versioning('poor');
CREATE VIEW over AS SELECT * FROM poor_versions;
REVOKE CREATE ON SCHEMA temporal_follow FROM temporal_follow_owner;
ALTER TABLE poor OWNER TO temporal_follow_owner;
SELECT relname, relowner::regrole FROM pg_class WHERE relname ~ '^poor' AND relkind IN ('r', 'v') ORDER BY 1;
SELECT proname, proowner::regrole FROM pg_proc WHERE proname ~ '^poor' ORDER BY 1;
DROP VIEW over;
SET ROLE temporal_follow_owner;
INSERT INTO poor VALUES (1, 1); UPDATE poor SET v = 2;
ALTER TABLE poor ADD COLUMN w int;
ALTER TABLE poor DROP COLUMN w;
ALTER TABLE poor ALTER COLUMN v TYPE bigint;
SELECT id, v FROM poor_versions ORDER BY row_start;
SELECT count(*) FROM poor_as_of(now());
RESET ROLE;
SELECT relname, relowner::regrole FROM pg_class WHERE relname ~ '^poor' AND relkind IN ('r', 'v') ORDER BY 1;
SELECT proname, proowner::regrole, proacl IS NULL AS plain FROM pg_proc WHERE proname ~ '^poor' ORDER BY 1;
DROP TABLE poor;

\echo columns that come with a value: former versions read it too, however the table was changed
CREATE TABLE added (id int PRIMARY KEY, v int);
SELECT add_system_versioning('added');
INSERT INTO added VALUES (1, 1); UPDATE added SET v = 2;
ALTER TABLE added ADD COLUMN a int NOT NULL DEFAULT 6, ALTER COLUMN v TYPE bigint;
ALTER TABLE added ADD COLUMN b text COLLATE "C" DEFAULT 'it''s', ADD COLUMN r float8 NOT NULL DEFAULT random(), ADD COLUMN t timestamptz DEFAULT now();
ALTER TABLE added ADD COLUMN c int, ALTER COLUMN c SET DEFAULT 7, ALTER COLUMN v TYPE int;
ALTER TABLE added ADD COLUMN g bigint GENERATED ALWAYS AS (v * 2) STORED, ADD COLUMN i int GENERATED ALWAYS AS IDENTITY;
SELECT v, a, b, r IS NULL AS r, t IS NOT NULL AS t, c, g, i FROM added_versions ORDER BY row_start;
SELECT count(DISTINCT t) FROM added_versions;
SELECT attname FROM pg_attribute WHERE attrelid = 'added_history'::regclass AND atthasdef;
\echo ... domains
CREATE DOMAIN never_null AS int NOT NULL;
CREATE DOMAIN small AS never_null CHECK (VALUE < 10);
CREATE DOMAIN zero AS never_null DEFAULT 0;
DELETE FROM added;
ALTER TABLE added ADD COLUMN d1 small;
ALTER TABLE added ADD COLUMN d2 small DEFAULT 3, ADD COLUMN d3 zero;
SELECT d2, d3 FROM added_history;
DROP TABLE added;
CREATE TABLE added (id int PRIMARY KEY);
SELECT add_system_versioning('added');
ALTER TABLE added ADD COLUMN d1 small;
INSERT INTO added VALUES (1, DEFAULT, DEFAULT, 1); UPDATE added SET d1 = 2; SELECT d1 FROM added_history;
DROP TABLE added;

RESET search_path;
DROP SCHEMA temporal_follow CASCADE;
DROP ROLE temporal_follow_owner, temporal_follow_reader;
