-- Partitioned tables: versioned at the root with one history, or a partition by itself.
CREATE SCHEMA temporal_partition;
SET search_path = temporal_partition, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_partition.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_partition.user_versioned_tables TO PUBLIC;
CREATE TABLE p (id int, k text, a int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE px (a int, gone int, k text NOT NULL, id int NOT NULL);
ALTER TABLE px DROP COLUMN gone;
ALTER TABLE p ATTACH PARTITION px FOR VALUES IN ('x');
CREATE TABLE pyz PARTITION OF p FOR VALUES IN ('y', 'z') PARTITION BY LIST (k);
CREATE TABLE py PARTITION OF pyz FOR VALUES IN ('y');
INSERT INTO p VALUES (1, 'x', 10), (2, 'x', 20), (3, 'y', 30);
SELECT add_system_versioning('p');
CREATE TABLE pz PARTITION OF pyz FOR VALUES IN ('z');
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace <> 'tsmem'::regnamespace AND tgname LIKE '~tsmem%' ORDER BY tgrelid::regclass::text, tgname;
\echo in place, through the root and the leaf; a leaf with other column numbers
UPDATE p SET a = 11 WHERE id = 1; UPDATE px SET a = 12 WHERE id = 1;
SELECT id, k, a FROM p_versions ORDER BY id, row_start;
\echo rows that move to another partition, and one the table creation of which came later
UPDATE p SET k = 'y', a = 21 WHERE id = 2;
UPDATE p SET k = 'z' WHERE id = 2;
DELETE FROM p WHERE id = 3;
INSERT INTO p VALUES (4, 'z', 40); UPDATE pz SET a = 41 WHERE id = 4;
SELECT id, k, a, row_end = 'infinity' AS current, row_start = lag(row_end) OVER (PARTITION BY id ORDER BY row_start) AS contiguous FROM p_versions ORDER BY id, row_start;
SELECT id, k, a FROM p_as_of(now()) ORDER BY id;
SELECT id, k, a FROM as_of(NULL::p, now()) ORDER BY id;
\echo a move and a change in one transaction, and back
BEGIN; UPDATE p SET k = 'x' WHERE id = 4; UPDATE p SET k = 'y' WHERE id = 4; DELETE FROM p WHERE id = 4; COMMIT;
SELECT id, k, a FROM p_history WHERE id = 4 ORDER BY row_start;
\echo a row newer than the transaction that moves it
ALTER TABLE px DISABLE TRIGGER "~tsmem_stamp"; ALTER TABLE px DISABLE TRIGGER "~tsmem_history";
UPDATE px SET row_start = '2100-01-01 UTC', row_xid = '3' WHERE id = 1;
ALTER TABLE px ENABLE ALWAYS TRIGGER "~tsmem_stamp"; ALTER TABLE px ENABLE ALWAYS TRIGGER "~tsmem_history";
UPDATE p SET k = 'z' WHERE id = 1;
SELECT id, k, row_start AT TIME ZONE 'UTC' AS row_start, row_end AT TIME ZONE 'UTC' AS row_end FROM p_from_to('2099-01-01', 'infinity') WHERE id = 1 ORDER BY row_start;
\echo TRUNCATE of root, leaf and between is refused; so is what takes rows away
TRUNCATE p; TRUNCATE px; TRUNCATE pz; TRUNCATE pyz;
ALTER TABLE p DETACH PARTITION px;
DROP TABLE px;
DROP TABLE pyz;
\echo columns follow
ALTER TABLE p ADD COLUMN b int DEFAULT 1;
ALTER TABLE p RENAME COLUMN a TO amount;
UPDATE p SET b = 2 WHERE id = 2;
SELECT id, k, amount, b FROM p_versions WHERE id = 2 ORDER BY row_start;
\echo one registration in a tree
SELECT add_system_versioning('px');
SELECT add_system_versioning('p');
SELECT rel, history FROM temporal_partition.user_versioned_tables;
SELECT * FROM as_of(NULL::px, now());
EXPLAIN (COSTS OFF) SELECT * FROM p_as_of('2026-01-01 UTC') WHERE id = 2 AND k = 'z';
SELECT drop_system_versioning('p', false);
SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace <> 'tsmem'::regnamespace AND tgname LIKE '~tsmem%';
\d px
\echo TRUNCATE into the history, through the root
SELECT add_system_versioning('p', history_options => '{"truncate": "history"}');
SELECT count(*) FROM p;
TRUNCATE p;
SELECT count(*) FROM p; SELECT count(*) FROM p_history;
DROP TABLE p;
SELECT count(*) FROM temporal_partition.user_versioned_tables;

-- Each partition by itself, as a table whose partitions come and go with their histories.
CREATE TABLE m (id int NOT NULL, c int NOT NULL, v int, row_start timestamptz, row_xid xid8) PARTITION BY LIST (c);
CREATE TABLE m_none (id int NOT NULL, c int NOT NULL, v int) PARTITION BY LIST (c);
CREATE TABLE m_none_1 PARTITION OF m_none (PRIMARY KEY (id)) FOR VALUES IN (1);
SELECT add_system_versioning('m_none_1');
CREATE TABLE m_1 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (1);
CREATE TABLE m_2 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (2);
INSERT INTO m VALUES (1, 1, 1);
SELECT add_system_versioning('m_1', '{}', '{"functions": false}'), add_system_versioning('m_2');
SELECT added_columns FROM temporal_partition.user_versioned_tables;
INSERT INTO m VALUES (2, 2, 2), (3, 1, 3);
UPDATE m SET v = v + 1;
SELECT tableoid::regclass, id, v FROM m_1_history UNION ALL SELECT tableoid::regclass, id, v FROM m_2_history ORDER BY 1, 2;
SELECT count(*) FROM m WHERE row_start = (SELECT max(row_start) FROM m);
UPDATE m SET c = 2 WHERE id = 1;
SELECT count(*) FROM m_1_history WHERE id = 1;
SELECT id, c, v FROM as_of(NULL::m, now()) ORDER BY id;
SELECT id, c, v FROM as_of(NULL::m_2, now()) ORDER BY id;
SELECT add_system_versioning('m', '{}', '{"without_key": true}');
CREATE TABLE m_3 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (3);
SELECT count(*) FROM as_of(NULL::m, now());
ALTER TABLE m ADD COLUMN w int DEFAULT 5;
UPDATE m SET w = 6 WHERE id = 2;
SELECT id, v, w FROM m_2_versions ORDER BY id, row_start;
ALTER TABLE m DROP COLUMN v;
SELECT column_name FROM information_schema.columns WHERE table_schema = 'temporal_partition' AND table_name = 'm_1_history' ORDER BY ordinal_position;
SELECT drop_system_versioning('m_1');
\d m_1
ALTER TABLE m DETACH PARTITION m_2;
UPDATE m_2 SET w = 7 WHERE id = 2;
SELECT id, w FROM m_2_history WHERE id = 2 ORDER BY row_start;
DROP TABLE m_2;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_partition'::regnamespace AND relname LIKE 'm_2%';
\echo values of row_start that were there are kept, missing ones are now
CREATE TABLE given (id int PRIMARY KEY, row_start timestamptz, row_xid xid8);
INSERT INTO given VALUES (1, '2020-01-01 UTC', '5'), (2, NULL, NULL), (3, 'infinity', '5');
SELECT add_system_versioning('given');
SELECT id, row_start = '2020-01-01 UTC' AS kept, row_start > '2025-01-01' AND isfinite(row_start) AS stamped FROM given ORDER BY id;
SELECT drop_system_versioning('given', false);
SELECT count(row_start) FROM given;
\echo rows of the future, and what is not logged, are refused
\set VERBOSITY terse
CREATE TABLE future (id int PRIMARY KEY, row_start timestamptz, row_xid xid8);
INSERT INTO future VALUES (1, '2999-01-01', '5');
SELECT add_system_versioning('future');
CREATE TABLE ap (id int PRIMARY KEY) PARTITION BY LIST (id);
SELECT add_system_versioning('ap');
CREATE TABLE ap1 (id int NOT NULL, row_start timestamptz NOT NULL, row_xid xid8 NOT NULL);
INSERT INTO ap1 VALUES (1, 'infinity', '5');
ALTER TABLE ap ATTACH PARTITION ap1 FOR VALUES IN (1);
UPDATE ap1 SET row_start = '2999-01-01';
ALTER TABLE ap ATTACH PARTITION ap1 FOR VALUES IN (1);
UPDATE ap1 SET row_start = '2020-01-01';
ALTER TABLE ap ATTACH PARTITION ap1 FOR VALUES IN (1);
CREATE UNLOGGED TABLE ap2 PARTITION OF ap FOR VALUES IN (2);
CREATE UNLOGGED TABLE ap3 (id int NOT NULL, row_start timestamptz NOT NULL, row_xid xid8 NOT NULL);
ALTER TABLE ap ATTACH PARTITION ap3 FOR VALUES IN (3);
CREATE TABLE au (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE UNLOGGED TABLE au1 PARTITION OF au DEFAULT;
SELECT add_system_versioning('au');
\echo a restored row that begins never: it cannot end, and others are not drawn along
ALTER TABLE ap1 DISABLE TRIGGER ALL;
UPDATE ap1 SET row_start = 'infinity', row_xid = '3';
ALTER TABLE ap1 ENABLE TRIGGER ALL;
\set VERBOSITY default
DELETE FROM ap;
UPDATE ap SET id = 4;
\set VERBOSITY terse
ALTER TABLE ap1 DISABLE TRIGGER ALL;
UPDATE ap1 SET row_start = '2999-01-01', row_xid = '3';
ALTER TABLE ap1 ENABLE TRIGGER ALL;
CREATE TABLE near (id int PRIMARY KEY);
SELECT add_system_versioning('near');
BEGIN;
DELETE FROM ap;
INSERT INTO near VALUES (1);
SELECT row_start < '2900-01-01' AS not_drawn FROM near;
INSERT INTO ap VALUES (1);
SELECT row_start > '2998-01-01' AS after_its_own FROM ap;
COMMIT;
\set VERBOSITY default
\echo a history that was kept
SELECT drop_system_versioning('near');
SELECT add_system_versioning('near');
DROP SCHEMA temporal_partition CASCADE;
