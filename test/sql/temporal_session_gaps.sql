-- What could get by: policies over tableoid, workers, cascades, TRUNCATE, set operations, partitions of tables with a period
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA temporal_session_gaps;
SET search_path = temporal_session_gaps, tsmem, public;
CREATE ROLE temporal_session_emil;
GRANT USAGE ON SCHEMA temporal_session_gaps TO temporal_session_emil;
CREATE TABLE emp (id int PRIMARY KEY, a int);
CREATE TABLE sec (id int PRIMARY KEY);
SELECT add_system_versioning('emp'), add_system_versioning('sec');
INSERT INTO emp VALUES (1, 1), (2, 2);
INSERT INTO sec VALUES (1);
SELECT clock_timestamp() AS back_then \gset
UPDATE emp SET a = 10 * a;
GRANT SELECT ON emp, sec TO temporal_session_emil;

-- a policy over tableoid holds for former versions as for their table
ALTER TABLE emp ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON emp USING (tableoid = 'emp'::regclass AND id = 1);
SET ROLE temporal_session_emil;
SET tsmem.system_time = :'back_then';
SELECT id, a FROM emp;
SELECT tableoid::regclass, emp.id, to_jsonb(emp) - 'row_start' - 'row_xid' FROM emp;
RESET ROLE;
RESET tsmem.system_time;
DROP POLICY own ON emp;
ALTER TABLE emp DISABLE ROW LEVEL SECURITY;

-- functions that policies call read the present in workers as in the session, said to be immutable or not
CREATE TABLE numbers AS SELECT id FROM generate_series(1, 1000) id;
CREATE FUNCTION is_then(int) RETURNS bool LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN (SELECT sum(a) FROM temporal_session_gaps.emp) = 3; END $$;
CREATE FUNCTION is_then_too(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT sum(a) FROM temporal_session_gaps.emp) = 3; END $$;
CREATE FUNCTION any_is_then() RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT bool_or(is_then(id)) FROM numbers); END $$;
GRANT SELECT ON numbers TO temporal_session_emil;
ALTER TABLE sec ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON sec USING (is_then_too(id));
SET ROLE temporal_session_emil;
SET tsmem.system_time = :'back_then';
SELECT count(*) FROM sec;
RESET ROLE;
RESET tsmem.system_time;
DROP POLICY p ON sec;
CREATE POLICY p ON sec USING (any_is_then());
SELECT count(set_config(name, 'on', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET ROLE temporal_session_emil;
SET tsmem.system_time = :'back_then';
SELECT count(*) FROM sec;
RESET ROLE;
RESET tsmem.system_time;
DROP POLICY p ON sec;
CREATE POLICY p ON sec USING (is_then(id));
SET ROLE temporal_session_emil;
SET tsmem.system_time = :'back_then';
SELECT count(*) FROM sec;
SELECT is_then(1), (SELECT bool_or(is_then(id)) FROM numbers);
RESET ROLE;
RESET tsmem.system_time;
SELECT count(set_config(name, 'off', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- a trigger that a cascade fires changes nothing that the time concerns
CREATE TABLE dept (id int PRIMARY KEY);
CREATE TABLE staff (id int, dept int REFERENCES dept ON DELETE CASCADE);
INSERT INTO dept VALUES (1);
INSERT INTO staff VALUES (1, 1);
CREATE FUNCTION change_emp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE temporal_session_gaps.emp SET a = 0; RETURN old; END $$;
CREATE TRIGGER change_emp BEFORE DELETE ON staff FOR EACH ROW EXECUTE FUNCTION change_emp();
SET tsmem.system_time = :'back_then';
DELETE FROM dept;
RESET tsmem.system_time;

-- TRUNCATE of a table that others refer to, or inherit from
CREATE TABLE price (id int, dept int REFERENCES dept, at daterange);
CREATE TABLE sheet (id int, at daterange);
CREATE TABLE old_sheet () INHERITS (sheet);
SELECT add_period('price', 'at'), add_period('old_sheet', 'at');
INSERT INTO price VALUES (1, 1, '[2026-01-01,2026-02-01)');
INSERT INTO old_sheet VALUES (1, '[2026-01-01,2026-02-01)');
SET tsmem.valid_time = '2026-03-01';
TRUNCATE dept CASCADE;
TRUNCATE sheet;
TRUNCATE ONLY sheet;
RESET tsmem.valid_time;
SELECT (SELECT count(*) FROM price), (SELECT count(*) FROM old_sheet);

-- only UNION ALL puts versions together
SET tsmem.system_time = :'back_then';
SELECT sum(a) FROM emp EXCEPT SELECT 0 FROM emp_history;
SELECT sum(a) FROM (SELECT a FROM emp UNION ALL SELECT a FROM emp_history) s;
RESET tsmem.system_time;

-- all partitions of a table with a period load the library, later ones too; whoever owns it
CREATE TABLE log (id int, at tstzrange) PARTITION BY RANGE (id);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
SELECT add_period('log', 'at');
CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20);
CREATE TABLE log_3 (LIKE log INCLUDING CONSTRAINTS);
ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM (20) TO (30);
CREATE TABLE theirs (id int, at tstzrange);
ALTER TABLE theirs OWNER TO temporal_session_emil;
SELECT add_period('theirs', 'at');
ALTER TABLE price OWNER TO temporal_session_emil;
SELECT stxrelid::regclass, stxowner::regrole = relowner::regrole AS by_owner FROM pg_statistic_ext s JOIN pg_class c ON c.oid = stxrelid
WHERE stxrelid::regclass::text ~ '^(log|theirs|price)' ORDER BY stxrelid::regclass::text;
INSERT INTO log VALUES (11, '[2026-01-01,2026-02-01)'), (12, '[2026-02-01,)');
\c
SET tsmem.valid_time = '2026-01-15';
SELECT id FROM temporal_session_gaps.log_2;
SELECT id FROM temporal_session_gaps.log_2;
RESET tsmem.valid_time;

SET client_min_messages = warning;
DROP SCHEMA temporal_session_gaps CASCADE;
DROP ROLE temporal_session_emil;
