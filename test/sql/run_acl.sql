-- Who may see and write what: namespaces, grants, the session's root, and what nobody is granted.
CREATE SCHEMA run_acl;
SET search_path = run_acl, tsmem, public;
CREATE ROLE run_anna;
CREATE ROLE run_bob;
CREATE ROLE run_team;
CREATE ROLE run_member IN ROLE run_team;
CREATE ROLE run_distant NOINHERIT IN ROLE run_team;
CREATE ROLE run_none;
CREATE ROLE run_backup BYPASSRLS;
CREATE ROLE "run Admin";
GRANT USAGE ON SCHEMA run_acl TO PUBLIC;

-- Whole segments
SELECT namespace_covers('', ''), namespace_covers('', 'a/b'), namespace_covers('a/b', 'a/b'), namespace_covers('a/b', 'a/b/c'),
	namespace_covers('a/b', 'a/bc') AS half, namespace_covers('a/b', 'a') AS above, namespace_covers('a', '') AS root, namespace_covers(NULL, 'a') AS nothing;

SELECT grant_namespace('run_anna', 'acl/anna');
SELECT grant_namespace('run_anna', 'acl/anna');
SELECT grant_namespace('run_anna', 'acl/shared');
SELECT grant_namespace('run_bob', 'acl/bob');
SELECT grant_namespace('run_team', 'acl/team');
SELECT grantee, prefix FROM namespace_grants WHERE prefix LIKE 'acl/%' ORDER BY grantee::text, prefix;
-- Bad input
SELECT grant_namespace('run_nobody', 'acl');
SELECT grant_namespace(4294967295::oid::regrole, 'acl');
SELECT grant_namespace(NULL, 'acl');
SELECT grant_namespace('run_anna', NULL);
SELECT grant_namespace('run_anna', 'acl//x');
SELECT grant_namespace('run_anna', 'acl/');
SELECT grant_namespace('run_anna', repeat('x', 513));
SELECT revoke_namespace('run_anna', 'acl'), revoke_namespace('run_anna', NULL);
INSERT INTO namespace_grants VALUES ('run_anna', '/');
SET tsmem.namespace = '/acl';
SET tsmem.namespace = 'acl//anna';
SHOW tsmem.namespace;
SELECT session_namespace();

SELECT begin_run('acl/anna/s1', NULL, '00000000-0000-0000-00ac-000000000001');
SELECT begin_run('acl/annabel', NULL, '00000000-0000-0000-00ac-000000000002');
SELECT begin_run('acl/bob', NULL, '00000000-0000-0000-00ac-000000000003');
SELECT begin_run('acl/team/x', NULL, '00000000-0000-0000-00ac-000000000004');
\set anna '''00000000-0000-0000-00ac-000000000001'''
\set annabel '''00000000-0000-0000-00ac-000000000002'''
\set bob '''00000000-0000-0000-00ac-000000000003'''
\set team '''00000000-0000-0000-00ac-000000000004'''
SELECT put(:anna, 'k', '"anna"'), put(:annabel, 'k', '"annabel"'), put(:bob, 'k', '"bob"'), put(:team, 'k', '"team"');
SELECT define_machine('door', '{"open": ["shut"], "shut": ["open"]}', 'acl/anna');
SELECT define_machine('door', '{}', 'acl/bob');
-- The superuser is bound by nothing, whatever the root is.
SET tsmem.namespace = 'acl/anna';
SELECT namespace FROM runs WHERE namespace LIKE 'acl/%' ORDER BY 1;
SELECT get(:bob, 'k'), namespace_allowed('acl/bob');
RESET tsmem.namespace;

-- A role sees what it was granted, by tables and by functions.
SET ROLE run_anna;
SELECT namespace FROM runs ORDER BY 1;
SELECT DISTINCT body FROM events;
SELECT name, namespace FROM machines;
SELECT grantee, prefix FROM namespace_grants ORDER BY 2;
SELECT namespace_allowed('acl/anna'), namespace_allowed('acl/anna/x/y'), namespace_allowed('acl/annabel') AS annabel,
	namespace_allowed('acl') AS above, namespace_allowed('') AS root, namespace_allowed('acl/shared');
SELECT get(:anna, 'k'), state_at(:anna);
SELECT * FROM keys(:anna);
SELECT seq, body FROM replay_events(:anna);
SELECT ok FROM verify_run(:anna);
SELECT get(:annabel, 'k');
SELECT state_at(:bob);
SELECT * FROM keys(:bob);
SELECT * FROM machine_state(:bob, 'm');
SELECT * FROM replay_events(:bob);
SELECT * FROM replay_run(:bob);
SELECT * FROM verify_run(:bob);
SELECT * FROM diff_runs(:anna, :bob);
SELECT * FROM run_divergence(:bob, :anna);
SELECT fork_run(:bob);
SELECT put(:bob, 'k', '1');
SELECT end_run(:bob);
SELECT append_events(:annabel, '{"{}"}');
-- and writes there with no further grant,
SELECT put(:anna, 'mine', '1', '1 day'), append_event(:anna, 'x', '1', 'subject'), delete(:anna, 'k');
SELECT transition(:anna, 'door', NULL, 'open'), transition(:anna, 'door', NULL, 'open') AS lost;
SELECT fork_run(:anna) IS NOT NULL AS forked;
SELECT begin_run('acl/anna', NULL, '00000000-0000-0000-00ac-000000000005') AS fresh \gset
SELECT append_event(:'fresh', 'x', NULL), end_run(:'fresh', 'failed');
SELECT begin_run('acl/anna', run_id => :bob);
SELECT define_machine('own', '{"a": ["b"]}', 'acl/anna/s1');
SELECT ok FROM verify_run(:anna);
-- not elsewhere.
SELECT begin_run('acl/bob');
SELECT begin_run();
SELECT begin_run('acl');
SELECT begin_run('acl/annabel');
SELECT define_machine('own', '{}', 'acl/bob');
SELECT define_machine('own', '{}');
-- The tables themselves are not written.
INSERT INTO runs (run_id, namespace, base_hash) VALUES (gen_random_uuid(), 'acl/anna', sha256(''));
UPDATE runs SET namespace = 'acl/bob';
DELETE FROM runs;
INSERT INTO events (run_number, seq, at, kind, hash) VALUES (1, 1, now(), 'e', '');
UPDATE events SET body = NULL;
DELETE FROM events;
TRUNCATE events;
SELECT * FROM subject_keys;
INSERT INTO machines VALUES ('x', 'acl/anna', '{}');
SELECT grant_namespace('run_anna', 'acl/bob');
SELECT revoke_namespace('run_anna', 'acl/anna');
INSERT INTO namespace_grants VALUES ('run_anna', '');
SELECT nextval('runs_run_number_seq');
-- The session's root narrows it further.
SET tsmem.namespace = 'acl/anna/s1';
SELECT namespace FROM runs ORDER BY 1;
SELECT namespace_allowed('acl/anna'), namespace_allowed('acl/anna/s1'), namespace_allowed('acl/anna/s12');
SELECT put(:'fresh', 'k', '1');
SELECT begin_run('acl/anna');
SELECT begin_run() AS here \gset
SELECT namespace FROM runs WHERE run_id = :'here';
-- What other rooms ask before they write
SELECT _require_namespace(NULL), _require_namespace('acl/anna/s1/x');
SELECT _require_namespace('acl/anna');
SELECT _require_namespace('acl//x');
-- and never widens it.
SET tsmem.namespace = 'acl/bob';
SELECT count(*) FROM runs;
SELECT begin_run();
SELECT get(:bob, 'k');
RESET tsmem.namespace;
RESET ROLE;

-- A member has the grants of its role; one that does not inherit has to become it.
SET ROLE run_member;
SELECT get(:team, 'k');
SELECT grantee, prefix FROM namespace_grants;
SET ROLE run_distant;
SELECT get(:team, 'k');
SELECT count(*) FROM namespace_grants;
RESET ROLE;
SET SESSION AUTHORIZATION run_distant;
SET ROLE run_team;
SELECT get(:team, 'k');
RESET SESSION AUTHORIZATION;

-- Without a grant: no rows, and no writing.
SET ROLE run_none;
SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM machines) AS machines,
	(SELECT count(*) FROM namespace_grants) AS grants;
SELECT get(:anna, 'k');
SELECT put(:anna, 'k', '1');
SELECT append_event('00000000-0000-0000-00ac-00000000dead', 'k', '1');
SELECT end_run(:anna);
SELECT fork_run(:anna);
SELECT begin_run();
SELECT begin_run('acl/anna');
SELECT define_machine('x', '{}');
RESET ROLE;
-- What is cheap and leaks does not see more than the policy lets it.
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	RAISE NOTICE 'leaked %', $1;
	RETURN true;
END $$;
SET ROLE run_bob;
SELECT count(*) FROM runs WHERE run_acl.leak(namespace);
SELECT count(*) FROM events WHERE run_acl.leak(body::text);
RESET ROLE;

-- A role that row-level security does not bind reads everything, and writes with INSERT only.
SET ROLE run_backup;
SELECT count(*) > 4 AS all_of_them FROM runs;
SELECT get(:bob, 'k'), namespace_allowed('acl/bob');
SELECT put(:bob, 'k', '1');
SELECT begin_run('acl/bob');
RESET ROLE;
GRANT INSERT ON events TO run_backup;
SET ROLE run_backup;
SELECT put(:bob, 'k', '"restored"');
SET row_security = off;
SELECT get(:bob, 'k');
RESET row_security;
RESET ROLE;
REVOKE INSERT ON events FROM run_backup;
-- row_security = off is refused where it would hide rows.
SET ROLE run_anna;
SET row_security = off;
SELECT get(:anna, 'mine');
SELECT put(:anna, 'mine', '2');
RESET row_security;
RESET ROLE;

-- Reading needs SELECT, which PUBLIC has until it is taken away.
REVOKE SELECT ON events FROM PUBLIC;
SET ROLE run_anna;
SELECT get(:anna, 'mine');
SELECT * FROM replay_events(:anna);
RESET ROLE;
GRANT SELECT ON events TO PUBLIC;
REVOKE SELECT ON runs FROM PUBLIC;
SET ROLE run_anna;
SELECT get(:anna, 'mine');
RESET ROLE;
GRANT SELECT ON runs TO PUBLIC;
-- So can the functions be.
REVOKE EXECUTE ON FUNCTION put(uuid, text, jsonb, interval) FROM PUBLIC;
SET ROLE run_anna;
SELECT put(:anna, 'mine', '2');
RESET ROLE;
GRANT EXECUTE ON FUNCTION put(uuid, text, jsonb, interval) TO PUBLIC;

-- Granting can be delegated, with the rights on the table.
GRANT SELECT, INSERT, DELETE ON namespace_grants TO "run Admin";
SET ROLE "run Admin";
SELECT grant_namespace('run_none', 'acl/none'), grant_namespace('"run Admin"', 'acl/none');
SELECT grantee, prefix FROM namespace_grants WHERE prefix LIKE 'acl/%' ORDER BY grantee::text, prefix;
RESET ROLE;
-- A grant and its end count from the next statement on, a rollback takes them back.
SET ROLE run_none;
SELECT namespace_allowed('acl/none');
RESET ROLE;
BEGIN;
SELECT revoke_namespace('run_none', 'acl/none');
SET LOCAL ROLE run_none;
SELECT namespace_allowed('acl/none');
ROLLBACK;
SET ROLE run_none;
SELECT namespace_allowed('acl/none');
RESET ROLE;
BEGIN;
TRUNCATE namespace_grants;
SET LOCAL ROLE run_anna;
SELECT namespace_allowed('acl/anna');
ROLLBACK;
-- Membership counts at once, too.
SET ROLE run_bob;
SELECT namespace_allowed('acl/team');
RESET ROLE;
GRANT run_team TO run_bob;
SET ROLE run_bob;
SELECT namespace_allowed('acl/team'), get(:team, 'k');
RESET ROLE;
REVOKE run_team FROM run_bob;
SET ROLE run_bob;
SELECT namespace_allowed('acl/team');
RESET ROLE;
-- Many grants, beside and below each other
INSERT INTO namespace_grants SELECT 'run_anna', 'acl/many/' || i || '/x' FROM generate_series(1, 500) i;
SET ROLE run_anna;
SELECT count(*) FROM generate_series(1, 600) i WHERE namespace_allowed('acl/many/' || i || '/x/y');
SELECT count(*) FROM generate_series(1, 600) i WHERE namespace_allowed('acl/many/' || i);
RESET ROLE;
-- Everything
SELECT grant_namespace('run_none', '');
SET ROLE run_none;
SELECT namespace_allowed(''), namespace_allowed('any/thing'), get(:bob, 'k');
RESET ROLE;
-- A grant of a role that was dropped does nothing.
DELETE FROM namespace_grants WHERE grantee IN ('run_none'::regrole, 'run_team'::regrole, '"run Admin"'::regrole, 'run_anna'::regrole);
REVOKE ALL ON namespace_grants FROM "run Admin";
DROP ROLE run_bob;
SET ROLE run_none;
SELECT count(*) FROM runs;
RESET ROLE;
DELETE FROM namespace_grants WHERE prefix = 'acl/bob';
DROP ROLE run_anna, run_team, run_member, run_distant, run_none, run_backup, "run Admin";
-- Called otherwise, the trigger's function refuses.
SELECT _table_changed();
SET client_min_messages = warning;
DROP SCHEMA run_acl CASCADE;
