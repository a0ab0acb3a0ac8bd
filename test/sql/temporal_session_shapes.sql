-- Statements of every shape read as of tsmem.system_time. Then: emp has the ids 1 to 1000 with a = id, b = 'v1'. Now:
-- 1 to 900 and 1001 to 1100; even ids have a = -id and b = 'v2', as have the new ones b.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE SCHEMA temporal_session_shapes;
SET search_path = temporal_session_shapes, tsmem, public;
CREATE ROLE temporal_session_alice;
GRANT USAGE ON SCHEMA temporal_session_shapes TO temporal_session_alice;

CREATE TABLE emp (id int PRIMARY KEY, zap int, a int, b text, c numeric);
ALTER TABLE emp DROP COLUMN zap;
CREATE TABLE ord (id int PRIMARY KEY, emp_id int REFERENCES emp DEFERRABLE, qty int);
CREATE TABLE pt (id int, region text, a int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE pt_n PARTITION OF pt FOR VALUES IN ('n');
CREATE TABLE pt_s PARTITION OF pt FOR VALUES IN ('s');
CREATE TABLE animal (id int, kind text, name text, row_start timestamptz, row_xid xid8, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE cat PARTITION OF animal FOR VALUES IN ('cat');
CREATE TABLE dog PARTITION OF animal FOR VALUES IN ('dog');
CREATE TABLE doc (id int PRIMARY KEY, owner text, body text);
CREATE TABLE acl (doc_id int, who text, PRIMARY KEY (doc_id, who));
CREATE TABLE sec (id int PRIMARY KEY, body text);
CREATE TABLE young (id int PRIMARY KEY, k int, a int, n int);
CREATE TABLE dept (id int PRIMARY KEY);
CREATE TABLE staff (id int PRIMARY KEY, dept_id int REFERENCES dept ON DELETE CASCADE);
SELECT count(add_system_versioning(t::regclass)) FROM unnest('{emp,pt,cat,dog,doc,acl,sec,young,staff}'::text[]) t;

INSERT INTO emp SELECT i, i, 'v1', i FROM generate_series(1, 1000) i;
INSERT INTO pt SELECT i, 'n', i FROM generate_series(1, 100) i;
INSERT INTO animal VALUES (1, 'cat', 'kitten'), (2, 'dog', 'puppy'), (3, 'dog', 'stray');
INSERT INTO doc VALUES (1, 'temporal_session_alice', 'one then'), (2, 'temporal_session_alice', 'two then'), (3, 'bob', 'three then');
INSERT INTO acl VALUES (1, 'temporal_session_alice'), (2, 'temporal_session_alice');
INSERT INTO sec VALUES (1, 's1'), (2, 's2');
INSERT INTO young VALUES (1, 1, -5, 1), (2, 1, 1, NULL);
INSERT INTO dept VALUES (1), (2);
INSERT INTO staff VALUES (1, 1);
CREATE TABLE moment AS SELECT clock_timestamp() AS t;
SELECT t AS back_then FROM moment \gset
DELETE FROM emp WHERE id > 900;
UPDATE emp SET a = -id, b = 'v2' WHERE id % 2 = 0;
INSERT INTO emp SELECT i, i, 'v2', i FROM generate_series(1001, 1100) i;
INSERT INTO ord SELECT i, i, 1 FROM generate_series(1, 900) i;
UPDATE pt SET a = 2 * id, region = CASE WHEN id % 2 = 0 THEN 'n' ELSE 's' END;
UPDATE animal SET name = 'tom' WHERE id = 1;
UPDATE animal SET name = 'rex' WHERE id = 2;
DELETE FROM animal WHERE id = 3;
UPDATE doc SET body = 'one now' WHERE id = 1;
UPDATE doc SET body = 'two now', owner = 'bob' WHERE id = 2;
DELETE FROM acl WHERE doc_id = 2;
DELETE FROM young;
ALTER TABLE young ADD CHECK (a >= 0), ADD UNIQUE (k), ALTER n SET NOT NULL;

ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (owner = current_user);
ALTER TABLE sec ENABLE ROW LEVEL SECURITY;
CREATE POLICY listed ON sec USING (EXISTS (SELECT FROM acl WHERE doc_id = sec.id AND who = current_user));
GRANT SELECT ON doc, sec, acl TO temporal_session_alice;
GRANT SELECT (id, a) ON emp TO temporal_session_alice;
CREATE VIEW emp_v AS SELECT * FROM emp;
CREATE VIEW emp_deep AS SELECT v.id, v.a, o.qty FROM emp_v v LEFT JOIN ord o ON o.emp_id = v.id;
CREATE VIEW emp_sb WITH (security_barrier) AS SELECT * FROM emp WHERE id <= 1000;
CREATE VIEW emp_own AS SELECT count(*) n FROM emp;
GRANT SELECT ON emp_own TO temporal_session_alice;
CREATE MATERIALIZED VIEW emp_mv AS SELECT count(*) n FROM emp;
CREATE FUNCTION f_sql() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM emp WHERE b = ''v2''';
CREATE FUNCTION f_atomic() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM emp WHERE b = 'v2'; END;
CREATE FUNCTION f_srf(x int) RETURNS SETOF emp LANGUAGE sql STABLE AS 'SELECT * FROM emp WHERE id = x';
CREATE FUNCTION f_srf_atomic(x int) RETURNS SETOF emp LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM emp WHERE id = x; END;
CREATE FUNCTION f_plpgsql() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM emp WHERE b = ''v2''); END';
CREATE FUNCTION f_dynamic(q text) RETURNS bigint LANGUAGE plpgsql AS 'DECLARE r bigint; BEGIN EXECUTE q INTO r; RETURN r; END';
CREATE FUNCTION f_row(e emp) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT e.id || e.b';
DO $$ BEGIN EXECUTE format('CREATE FUNCTION f_set() RETURNS bigint LANGUAGE sql SET tsmem.system_time = %L AS %L',
  (SELECT t FROM moment), 'SELECT count(*) FROM emp WHERE b = ''v2'''); END $$;
ANALYZE;

SET tsmem.system_time = :'back_then';
-- by key; the whole table, with deleted rows and without those that came later
SELECT id, a, b FROM emp WHERE id = 2;
SELECT count(*), max(id) FROM emp;
-- joins: inner, left with conditions on both sides, of a table with itself, full
SELECT count(*), count(*) FILTER (WHERE e.b = 'v2') FROM ord o JOIN emp e ON e.id = o.emp_id;
SELECT e.id, e.a, x.id FROM emp e LEFT JOIN emp x ON x.id = e.id AND x.id > 900 AND x.b = 'v1' WHERE e.id IN (2, 950) ORDER BY 1;
SELECT count(*), count(*) FILTER (WHERE x.id IS NULL OR y.id IS NULL) FROM emp x FULL JOIN emp y USING (id);
-- views: plain, nested, with a security barrier
SELECT id, b FROM emp_v WHERE id = 2;
SELECT * FROM emp_deep WHERE id = 950;
SELECT count(*) FROM emp_sb WHERE b = 'v1';
-- WITH: materialized, recursive
WITH m AS MATERIALIZED (SELECT * FROM emp) SELECT count(*) FROM m;
WITH RECURSIVE r(i, a) AS (SELECT id, a FROM emp WHERE id = 1 UNION ALL SELECT e.id, e.a FROM r JOIN emp e ON e.id = r.i + 1 WHERE r.i < 10)
SELECT count(*), max(a) FROM r;
-- subqueries: NOT EXISTS, IN, scalar, correlated
SELECT count(*) FROM emp e WHERE NOT EXISTS (SELECT 1 FROM ord o WHERE o.emp_id = e.id);
SELECT count(*) FROM ord WHERE emp_id IN (SELECT id FROM emp WHERE b = 'v1');
SELECT (SELECT a FROM emp WHERE id = o.emp_id), (SELECT count(*) FROM emp e WHERE e.a = o.emp_id) FROM ord o WHERE id = 2;
SELECT o.id, l.a FROM ord o, LATERAL (SELECT a FROM emp e WHERE e.id = o.emp_id LIMIT 1) l WHERE o.id <= 2 ORDER BY 1;
-- set operations
SELECT count(*) FROM (SELECT id FROM emp WHERE b = 'v2' INTERSECT SELECT id FROM emp) s;
SELECT count(*) FROM (SELECT id FROM emp UNION ALL SELECT id FROM emp) s;
SELECT count(*) FROM (SELECT id FROM emp EXCEPT ALL SELECT id FROM ord) s;
-- ORDER BY and LIMIT, DISTINCT, windows, grouping sets, columns that depend on the key
SELECT id FROM emp ORDER BY id DESC LIMIT 2;
SELECT count(DISTINCT b) FROM emp;
SELECT id, r FROM (SELECT id, rank() OVER (ORDER BY a) r FROM emp) s ORDER BY r DESC LIMIT 1;
SELECT count(*) FROM (SELECT b, id % 2 FROM emp GROUP BY ROLLUP ((id % 2), b) HAVING count(*) > 500 OR b IS NOT NULL) s;
SELECT id, b, count(*) FROM emp WHERE id = 2 GROUP BY id;
-- whole rows, with a dropped column
SELECT (e).id, (e).a, (e).b, (e).c FROM (SELECT e FROM emp e WHERE id = 2) s;
SELECT f_row(e) FROM emp e WHERE id = 2;
SELECT to_jsonb(e) - 'row_start' - 'row_xid' FROM emp e WHERE id = 2;
SELECT e IS NULL, to_jsonb(e) FROM (VALUES (901)) o(id) LEFT JOIN emp e ON e.id = o.id + 5000;
SELECT j.id, (j).b, j.qty FROM (emp e JOIN ord o USING (id)) j WHERE id = 2;
SELECT to_jsonb(j) - 'row_start' - 'row_xid' FROM (emp e JOIN ord o USING (id)) j WHERE id = 2;
-- tableoid, beside a whole row too, and of an outer query; other system columns are refused
SELECT tableoid::regclass, id FROM emp WHERE id IN (2, 950) ORDER BY id;
SELECT tableoid::regclass, (e).b, to_jsonb(e) - 'row_start' - 'row_xid' FROM emp e WHERE id = 2;
SELECT e.tableoid::regclass, e IS NULL, to_jsonb(e) FROM (VALUES (901)) o(id) LEFT JOIN emp e ON e.id = o.id + 5000;
SELECT (SELECT e.tableoid::regclass FROM ord LIMIT 1) FROM emp e WHERE e.id = 950;
SELECT ctid, xmin FROM emp WHERE id = 2;
SELECT id FROM ord o WHERE EXISTS (SELECT FROM emp WHERE id = o.id AND xmax <> '0');
-- functions: SQL, with a parsed body, inlined into FROM, PL/pgSQL, dynamic SQL
SELECT f_sql(), f_atomic();
SELECT b FROM f_srf(2);
SELECT b FROM f_srf_atomic(2);
SELECT f.b FROM ord o, f_srf(o.emp_id) f WHERE o.id = 4;
SELECT f_plpgsql(), f_dynamic('SELECT count(*) FROM emp');
DO $$ BEGIN RAISE WARNING '%', (SELECT count(*) FROM emp); END $$;
RESET tsmem.system_time;
-- a function with a time of its own
SELECT f_set(), (SELECT count(*) FROM emp WHERE b = 'v2' AND id <= 900);
SELECT count(*) FROM emp WHERE b = 'v2' AND id <= 900;
-- a generic plan, the time set and reset between its executions, and by an error
SET plan_cache_mode = force_generic_plan;
PREPARE p(int) AS SELECT a FROM emp WHERE id = $1;
EXECUTE p(2);
SET tsmem.system_time = :'back_then';
EXECUTE p(2);
RESET tsmem.system_time;
EXECUTE p(2);
BEGIN;
SET LOCAL tsmem.system_time = :'back_then';
EXECUTE p(2);
SELECT 1/0;
ROLLBACK;
EXECUTE p(2);
-- plans kept by PL/pgSQL
SELECT f_plpgsql();
SET tsmem.system_time = :'back_then';
SELECT f_plpgsql();
SET tsmem.system_time = '';
SELECT f_plpgsql();
-- a cursor keeps the time at which it was opened
BEGIN;
SET LOCAL tsmem.system_time = :'back_then';
DECLARE c CURSOR FOR SELECT id, a FROM emp ORDER BY id;
FETCH 1 FROM c;
SET LOCAL tsmem.system_time = '';
FETCH 1 FROM c;
SELECT a FROM emp WHERE id = 2;
COMMIT;
-- savepoints
BEGIN;
SET LOCAL tsmem.system_time = :'back_then';
EXECUTE p(2);
SAVEPOINT s;
SET LOCAL tsmem.system_time = '';
EXECUTE p(2);
ROLLBACK TO s;
EXECUTE p(2);
ROLLBACK;
-- two times and one plan
SET tsmem.system_time = :'back_then';
EXECUTE p(2);
SET tsmem.system_time = 'now';
EXECUTE p(2);
SET tsmem.system_time = :'back_then';
EXECUTE p(2);
RESET plan_cache_mode;
-- set within a query, which keeps its own time
SET tsmem.system_time = '';
SELECT count(*) FILTER (WHERE b = 'v2') FROM emp WHERE length(set_config('tsmem.system_time', :'back_then', false)) > 0;
SELECT count(*) FILTER (WHERE b = 'v2') FROM emp;

-- partitioned: the root is versioned
SELECT count(*), sum(a) FROM pt;
SELECT id, region, a FROM pt WHERE id = 2 AND region = 'n';
SELECT count(*) FROM pt WHERE region = 's';
SELECT count(*) FROM ONLY pt;
SELECT count(*) FROM pt_n;
-- partitioned: each partition is versioned by itself
SELECT string_agg(name, ',' ORDER BY id) FROM animal;
SELECT string_agg(name, ',' ORDER BY id) FROM dog;
SELECT count(*) FROM ONLY animal;
SELECT tableoid::regclass, count(*) FROM animal GROUP BY 1 ORDER BY 1;
-- row-level security and privileges: none on the history is needed, none on it given
SET ROLE temporal_session_alice;
SELECT body FROM doc ORDER BY id;
SELECT id, a FROM emp WHERE id = 2;
SELECT b FROM emp WHERE id = 2;
-- what a policy asks is the present
SELECT body FROM sec ORDER BY id;
-- a view with its owner's rights
SELECT n FROM emp_own;
RESET ROLE;
-- one plan, several roles
SET tsmem.system_time = '';
SET plan_cache_mode = force_generic_plan;
PREPARE d AS SELECT count(*), string_agg(body, ',' ORDER BY id) FROM doc;
SET ROLE temporal_session_alice;
SET tsmem.system_time = :'back_then';
EXECUTE d;
SET tsmem.system_time = '';
EXECUTE d;
RESET ROLE;
EXECUTE d;
RESET plan_cache_mode;
SET tsmem.system_time = :'back_then';

-- changes and row locks are refused
INSERT INTO emp VALUES (5000, 1, 'x', 1);
UPDATE emp SET a = 0;
DELETE FROM emp_v WHERE id = 1;
WITH w AS (DELETE FROM emp RETURNING *) SELECT count(*) FROM w;
SELECT * FROM emp WHERE id = 1 FOR UPDATE;
SELECT * FROM emp_v WHERE id = 1 FOR KEY SHARE;
MERGE INTO emp USING ord ON emp.id = ord.emp_id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id) VALUES (ord.id);
INSERT INTO emp VALUES (1, 1, 'x', 1) ON CONFLICT (id) DO UPDATE SET b = 'x';
INSERT INTO pt_n VALUES (1000, 'n', 1);
INSERT INTO animal VALUES (1000, 'cat', 'x');
TRUNCATE emp, ord;
COPY emp FROM '/dev/null';
ALTER TABLE emp ADD COLUMN z int;
DROP TABLE emp CASCADE;
CREATE INDEX ON emp (a);
CREATE TABLE pt_w PARTITION OF pt FOR VALUES IN ('w');
REFRESH MATERIALIZED VIEW emp_mv;
CREATE MATERIALIZED VIEW emp_mv2 AS SELECT count(*) FROM emp;
SELECT add_system_versioning('ord');
-- COPY reads the past, all or some columns, and of a partitioned table too
COPY (SELECT id, b FROM emp WHERE id = 2) TO STDOUT;
BEGIN;
CREATE TEMP TABLE copied (id int, b text);
\copy (SELECT id FROM emp WHERE id > 998) TO STDOUT
\copy animal (id, name) TO STDOUT (FORMAT csv, HEADER)
\copy dog (name, id) TO STDOUT
ROLLBACK;
-- into tables that the time does not concern: INSERT, UPDATE FROM, MERGE, row locks
BEGIN;
CREATE TEMP TABLE tgt AS SELECT id, a, b FROM emp WHERE false;
INSERT INTO tgt SELECT id, a, b FROM emp;
SELECT count(*) FROM tgt;
UPDATE tgt SET a = e.a + t2.qty - 1 FROM emp e JOIN ord t2 ON t2.emp_id = e.id WHERE e.id = tgt.id AND tgt.id = 2 RETURNING tgt.a;
UPDATE tgt SET b = 'x';
MERGE INTO tgt USING emp ON emp.id = tgt.id WHEN MATCHED THEN UPDATE SET b = emp.b WHEN NOT MATCHED THEN DO NOTHING;
SELECT count(*) FROM tgt WHERE b = 'v1';
SELECT o.id, e.a FROM ord o JOIN emp e ON e.id = o.emp_id WHERE o.id = 2 FOR UPDATE OF o;
SELECT * INTO TEMP x FROM emp;
SELECT count(*) FROM x;
DROP TABLE x;
ROLLBACK;
-- foreign keys see the present, at once and deferred
BEGIN;
INSERT INTO ord VALUES (9001, 950, 1);
ROLLBACK;
BEGIN;
INSERT INTO ord VALUES (9002, 1050, 1);
SELECT count(*) FROM ord WHERE id = 9002;
ROLLBACK;
SET tsmem.system_time = '';
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO ord VALUES (9003, 1051, 1);
SET tsmem.system_time = :'back_then';
COMMIT;
DELETE FROM ord WHERE id = 9003;
SELECT count(*) FROM ord;
-- a cascade from a table that may be changed writes history
DELETE FROM dept WHERE id = 1;
SET tsmem.system_time = '';
SELECT (SELECT count(*) FROM staff), (SELECT count(*) FROM staff_history), (SELECT count(*) FROM dept);
SET tsmem.system_time = :'back_then';
SELECT count(*) FROM staff;
-- a view does not freeze the time at which it is made
CREATE VIEW frozen AS SELECT count(*) n, count(*) FILTER (WHERE b = 'v2') m FROM emp;
SELECT m FROM frozen;
SET tsmem.system_time = '';
SELECT m FROM frozen;
DROP VIEW frozen;
SET tsmem.system_time = :'back_then';
-- arrays, min and max, sampling
SELECT count(*) FROM emp WHERE id = ANY ('{2,4,950}'::int[]) AND b = 'v1';
SELECT min(id), max(id) FROM emp;
SELECT count(*) FROM emp TABLESAMPLE SYSTEM (100);
-- parallel workers
SELECT count(set_config(name, 'on', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM emp WHERE b = 'v1';
SELECT count(set_config(name, 'off', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- EXPLAIN shows the scans of table and history, with the conditions in the indexes of both
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM emp WHERE id = -1 \g /dev/null
CREATE FUNCTION explain(q text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE line text; BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP RETURN NEXT regexp_replace(line, '''[0-9][^'']*''', '''...''', 'g'); END LOOP; END $$;
SELECT explain('SELECT b FROM emp WHERE id = 2');
-- constraints that are younger than the time: CHECK, UNIQUE, NOT NULL
SET constraint_exclusion = on;
SELECT count(*) FROM young WHERE a < 0;
RESET constraint_exclusion;
SELECT count(*) FROM (VALUES (1), (2), (3)) o(id) LEFT JOIN young y ON y.k = o.id;
SELECT count(*) FROM young WHERE n IS NULL;
-- what brings its own time is left alone
SELECT count(*) FROM emp_as_of(now()) WHERE b = 'v2';
SELECT count(*) FILTER (WHERE b = 'v2') FROM (SELECT (emp_as_of(now())).b) s;
SELECT count(*) FROM emp_versions;
SELECT count(*) FROM as_of(NULL::emp, system => now()) WHERE b = 'v2';
SELECT count(*) FROM as_of(NULL::animal, system => now());
SELECT count(*) FROM emp_history;
-- before there was anything
SET tsmem.system_time = '2020-01-01';
SELECT count(*) FROM emp;
RESET tsmem.system_time;

SET ROLE NONE;
DROP OWNED BY temporal_session_alice;
DROP ROLE temporal_session_alice;
