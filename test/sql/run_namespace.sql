-- Who is bound: owners under FORCE ROW LEVEL SECURITY, the database's owner, a session whose root is malformed.
CREATE SCHEMA run_namespace;
SET search_path = run_namespace, tsmem, public;
CREATE ROLE run_owner;
CREATE ROLE run_root LOGIN;
GRANT USAGE ON SCHEMA run_namespace TO PUBLIC;
SELECT begin_run('ns/a', NULL, '0a000000-0000-4000-8000-000000000001') AS r \gset
SELECT put(:'r', 'k', '1');

-- By SQL and by the functions an owner sees the same, forced or not.
BEGIN;
ALTER TABLE runs OWNER TO run_owner;
ALTER TABLE events OWNER TO run_owner;
ALTER TABLE namespace_grants OWNER TO run_owner;
GRANT USAGE, CREATE ON SCHEMA tsmem TO run_owner;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
SET LOCAL ROLE run_owner;
SELECT namespace_allowed('ns/a');
SELECT count(*) FROM runs WHERE run_id = :'r';
SELECT count(*) FROM events WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'r');
SELECT get(:'r', 'k'), put(:'r', 'k', '2'), get(:'r', 'k');
ROLLBACK;

-- A grant to the owner of the database follows the ownership.
SELECT grant_namespace('pg_database_owner', 'ns');
SET ROLE run_owner;
SELECT namespace_allowed('ns/a');
RESET ROLE;
SELECT format('ALTER DATABASE %I OWNER TO run_owner', current_database()) \gexec
SET ROLE run_owner;
SELECT namespace_allowed('ns/a');
RESET ROLE;
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user) \gexec
SET ROLE run_owner;
SELECT namespace_allowed('ns/a');
RESET ROLE;
SELECT revoke_namespace('pg_database_owner', 'ns');

-- A malformed root that was set before the library was there allows nothing, though everything is granted.
SELECT grant_namespace('run_root', '');
\c
SET tsmem.namespace = 'ns/none/';
SET ROLE run_root;
SELECT count(*) FROM tsmem.runs;
SHOW tsmem.namespace;
SELECT tsmem.session_namespace(), tsmem.namespace_allowed('ns/a'), tsmem.namespace_allowed('ns/none/'), tsmem.namespace_allowed('');
SELECT tsmem.begin_run();
SELECT tsmem.begin_run('ns/a');
SELECT tsmem.put('0a000000-0000-4000-8000-000000000001', 'k', '3');
SELECT tsmem.get('0a000000-0000-4000-8000-000000000001', 'k');
SELECT tsmem._require_namespace('ns/a');
-- Parallel workers take it, too.
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
DO $$
DECLARE
	line text;
	parallel boolean := false;
BEGIN
	FOR line IN EXPLAIN SELECT count(*) FROM tsmem.runs WHERE created_at > '-infinity' LOOP
		parallel := parallel OR line ~ 'Parallel Seq Scan';
	END LOOP;
	RAISE NOTICE 'parallel: %', parallel;
END $$;
SELECT count(*) FROM tsmem.runs WHERE created_at > '-infinity';
-- Now it is refused; a good one heals it.
SET tsmem.namespace = 'ns//a';
SET tsmem.namespace = 'ns/a';
SELECT tsmem.namespace_allowed('ns/a'), tsmem.get('0a000000-0000-4000-8000-000000000001', 'k');
-- The same from the settings of a role
\c
ALTER ROLE run_root SET tsmem.namespace = '/';
\c - run_root
SELECT tsmem.namespace_allowed('ns/a'), count(*) FROM tsmem.runs;
RESET tsmem.namespace;
SELECT tsmem.namespace_allowed('ns/a'), count(*) FROM tsmem.runs;
\c - postgres
SELECT tsmem.session_namespace();
ALTER ROLE run_root SET tsmem.namespace = '/';
DELETE FROM tsmem.namespace_grants WHERE grantee = 'run_root'::regrole;
SET client_min_messages = warning;
DROP SCHEMA run_namespace CASCADE;
DROP ROLE run_owner, run_root;
