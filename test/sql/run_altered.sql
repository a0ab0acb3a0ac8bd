-- Whoever adds a trigger, a constraint, an index or a policy to the tables gets it honoured, and the chain stays whole.
CREATE SCHEMA run_altered;
SET search_path = run_altered, tsmem, public;
CREATE ROLE run_writer;
SELECT grant_namespace('run_writer', 'alt');
SELECT begin_run('alt', NULL, 'b0000000-0000-4000-8000-000000000001') AS r \gset
CREATE FUNCTION calls(run uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v int8;
BEGIN
	PERFORM append_event(run, 'e', '1', 'someone', '\x01');
	PERFORM append_events(run, ARRAY['{"key": "b"}', '{"body": 2}']::jsonb[]);
	PERFORM put(run, 'k', '1');
	PERFORM put(run, 'brief', '1', '1 hour');
	PERFORM put(run, 'gone', '1');
	PERFORM delete(run, 'gone');
	v := transition(run, 'm', (machine_state(run, 'm')).version, 'x');
	RETURN format('%s %s %s %s %s', v, get(run, 'k'), state_at(run), (SELECT string_agg(k.key, ',') FROM keys(run) k), (SELECT ok FROM verify_run(run)));
END $$;
GRANT USAGE ON SCHEMA run_altered TO run_writer;
SET ROLE run_writer;
SELECT calls(:'r');
RESET ROLE;

-- A trigger: it runs as the owner of the table, as for any function that writes for its caller.
CREATE TABLE seen (n int8, kind "char", who name);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO run_altered.seen VALUES (NEW.seq, NEW.kind, current_user);
	RETURN NEW;
END $$;
CREATE TRIGGER note AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION note();
SET ROLE run_writer;
SELECT calls(:'r');
RESET ROLE;
SELECT min(n), max(n), count(*), string_agg(kind::text, '' ORDER BY n), bool_and(who = 'postgres') AS owner FROM seen;
-- One that suppresses the event
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER suppress BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT put(:'r', 'k', '2');
DROP TRIGGER suppress ON events;
CREATE TRIGGER suppress BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT begin_run('alt');
DROP TRIGGER suppress ON runs;
DROP TRIGGER note ON events;

-- A constraint
ALTER TABLE events ADD CONSTRAINT small CHECK (pg_column_size(body) < 1000) NOT VALID;
\set VERBOSITY terse
SELECT put(:'r', 'k', to_jsonb((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 100) i)));
\set VERBOSITY default
SET ROLE run_writer;
SELECT calls(:'r');
RESET ROLE;
ALTER TABLE events DROP CONSTRAINT small;

-- An index, and one in the place of ours
CREATE INDEX by_body ON events USING gin (body);
SELECT calls(:'r');
SET enable_seqscan = off;
SELECT count(*) FROM events WHERE body @> '2' AND run_number = (SELECT run_number FROM runs WHERE run_id = :'r');
RESET enable_seqscan;
DROP INDEX by_body;
REINDEX TABLE events;
REINDEX INDEX CONCURRENTLY events_key_idx;
REINDEX INDEX CONCURRENTLY events_pkey;
SELECT calls(:'r');

-- A policy that hides and one that forbids: they bind the caller, who needs INSERT then.
CREATE POLICY no_secrets ON events AS RESTRICTIVE USING (key IS DISTINCT FROM 'secret' AND key IS DISTINCT FROM 'k');
SELECT put(:'r', 'secret', '1');
SET ROLE run_writer;
SELECT put(:'r', 'x', '1');
SELECT get(:'r', 'secret'), get(:'r', 'k'), get(:'r', 'brief');
SELECT state_at(:'r');
SELECT key FROM keys(:'r');
SELECT key FROM keys(:'r', 'b');
SELECT state FROM machine_state(:'r', 'm');
SELECT state, version FROM machine_state(:'r', 'none');
SELECT ok, reason FROM verify_run(:'r');
RESET ROLE;
GRANT INSERT ON events TO run_writer;
SET ROLE run_writer;
SELECT put(:'r', 'x', '1') > 0 AS stored;
SELECT put(:'r', 'secret', '2');
SELECT get(:'r', 'x');
RESET ROLE;
REVOKE INSERT ON events FROM run_writer;
DROP POLICY no_secrets ON events;
-- The same on runs
CREATE POLICY only_running ON runs AS RESTRICTIVE USING (metadata IS NULL);
SELECT begin_run('alt', '{"hidden": true}', 'b0000000-0000-4000-8000-000000000002') AS hidden \gset
SELECT put(:'hidden', 'k', '"hidden"');
CREATE TABLE numbers AS SELECT run_number FROM runs WHERE run_id = :'hidden';
GRANT SELECT ON numbers TO run_writer;
SET ROLE run_writer;
SELECT get(:'hidden', 'k');
SELECT count(*) FROM events WHERE run_number = (SELECT max(run_number) FROM run_altered.numbers);
SELECT get(:'r', 'x');
SELECT put(:'hidden', 'k', '1');
SELECT begin_run('alt');
RESET ROLE;
DROP POLICY only_running ON runs;
SET ROLE run_writer;
SELECT get(:'hidden', 'k');
RESET ROLE;
-- Our policy put away and row-level security off: then only privileges count.
ALTER TABLE runs DISABLE ROW LEVEL SECURITY;
ALTER TABLE events DISABLE ROW LEVEL SECURITY;
SET ROLE run_writer;
SELECT get(:'r', 'x');
SELECT put(:'r', 'x', '2');
RESET ROLE;
ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;

-- Without the indexes nothing can be looked up.
BEGIN;
DROP INDEX events_key_idx;
SELECT append_event(:'r', 'still', NULL) > 0 AS stored;
SAVEPOINT s;
SELECT get(:'r', 'k') IS NOT NULL AS by_sql;
SELECT transition(:'r', 'm', 1, 'x');
ROLLBACK TO s;
ALTER TABLE events DROP CONSTRAINT events_pkey;
SELECT append_event(:'r', 'x', NULL);
ROLLBACK;
BEGIN;
ALTER TABLE runs DROP CONSTRAINT runs_run_number_key;
SELECT get(:'r', 'k');
ROLLBACK;
SELECT ok FROM verify_run(:'r');
SET ROLE run_writer;
SELECT calls(:'r');
RESET ROLE;
SET client_min_messages = warning;
DELETE FROM namespace_grants WHERE prefix = 'alt';
DROP SCHEMA run_altered CASCADE;
DROP ROLE run_writer;
