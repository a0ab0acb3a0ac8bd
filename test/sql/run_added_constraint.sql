-- NOT NULL, partition bounds, WITH CHECK and policies over another column, added by whoever owns the tables, are honoured.
CREATE SCHEMA run_added_constraint;
SET search_path = run_added_constraint, tsmem, public;
CREATE ROLE run_bound;
SELECT grant_namespace('run_bound', 'added');
SELECT begin_run('added', NULL, 'ad000000-0000-4000-8000-000000000001') AS r \gset
\set VERBOSITY terse
BEGIN;
DELETE FROM events;
ALTER TABLE events ALTER body SET NOT NULL;
SELECT append_event(:'r', 'x', '1');
SAVEPOINT s;
SELECT append_event(:'r', 'x', NULL);
ROLLBACK TO s;
SELECT append_events(:'r', '{"{\"body\": 1}", "{}"}');
ROLLBACK;
-- A partition
BEGIN;
DELETE FROM events;
CREATE TABLE whole (LIKE events) PARTITION BY RANGE (seq);
ALTER TABLE whole ATTACH PARTITION events FOR VALUES FROM (1) TO (3);
SELECT append_event(:'r', 'x', '1'), append_event(:'r', 'x', '2');
SELECT append_event(:'r', 'x', '3');
ROLLBACK;
-- WITH CHECK: it binds the caller, who needs INSERT then.
ALTER POLICY tsmem_namespace ON events WITH CHECK (_run_allowed(run_number) AND key IS DISTINCT FROM 'forbidden');
GRANT INSERT ON events TO run_bound;
SET ROLE run_bound;
SELECT put(:'r', 'free', '1');
SELECT put(:'r', 'forbidden', '1');
SELECT get(:'r', 'free');
RESET ROLE;
REVOKE INSERT ON events FROM run_bound;
SET ROLE run_bound;
SELECT put(:'r', 'free', '2');
RESET ROLE;
DROP POLICY tsmem_namespace ON events;
CREATE POLICY tsmem_namespace ON events USING (tsmem._run_allowed(run_number));
SET ROLE run_bound;
SELECT put(:'r', 'forbidden', '1');
RESET ROLE;
-- The same function over another column
BEGIN;
DROP POLICY tsmem_namespace ON runs;
CREATE POLICY tsmem_namespace ON runs USING (tsmem.namespace_allowed(status));
SET LOCAL ROLE run_bound;
SELECT count(*) FROM runs;
SELECT get(:'r', 'free');
ROLLBACK;
SET ROLE run_bound;
SELECT get(:'r', 'free');
RESET ROLE;
SELECT ok FROM verify_run(:'r');
DELETE FROM namespace_grants WHERE prefix = 'added';
DROP ROLE run_bound;
SET client_min_messages = warning;
DROP SCHEMA run_added_constraint CASCADE;
