-- Forks: read through to their ancestors, differences, divergence.
CREATE SCHEMA run_fork;
SET search_path = run_fork, tsmem, public;
SELECT begin_run('f', NULL, 'f0000000-0000-4000-8000-000000000001') AS a \gset
SELECT put(:'a', 'x', '1'), put(:'a', 'y', '1'), append_event(:'a', 'step', '"one"'), transition(:'a', 'm', NULL, 'new'), delete(:'a', 'y');
SELECT fork_run(:'a', NULL, '{"why": "what if"}') AS b \gset
SELECT namespace, status, fork_seq, metadata, parent_id = :'a' AS parent, lineage = ARRAY[(SELECT run_number FROM runs WHERE run_id = :'a')] AS lineage, lineage_upto
FROM runs WHERE run_id = :'b';
-- The fork sees what was, and goes on; neither sees what the other does then.
SELECT state_at(:'b'), get(:'b', 'x'), get(:'b', 'y', 2);
SELECT put(:'b', 'x', '2'), put(:'b', 'z', '3');
SELECT put(:'a', 'x', '9'), append_event(:'a', 'step', '"two"');
SELECT state_at(:'a') AS a, state_at(:'b') AS b;
-- A machine goes on from the inherited version.
SELECT transition(:'b', 'm', NULL, 'again') AS exists_already, transition(:'b', 'm', 4, 'done');
SELECT * FROM machine_state(:'a', 'm');
SELECT * FROM machine_state(:'b', 'm');
SELECT * FROM machine_state(:'b', 'm', 7);
-- A key that was put by the parent can be deleted in the fork.
SELECT delete(:'b', 'x'), delete(:'b', 'y') AS deleted_by_the_parent;
SELECT key, version FROM keys(:'b');
SELECT key, version FROM keys(:'b', '', 6);

-- A fork of the fork: before and after its own first event
SELECT fork_run(:'b', 6) AS c \gset
SELECT fork_run(:'b', 3) AS d \gset
SELECT run_id = :'d' AS d, cardinality(lineage), lineage_upto, fork_seq FROM runs WHERE run_id IN (:'c', :'d') ORDER BY 1;
SELECT state_at(:'c') AS c, state_at(:'d') AS d;
SELECT put(:'c', 'x', '"c"'), put(:'d', 'x', '"d"');
SELECT seq, kind, key, body FROM replay_events(:'c');
SELECT seq, kind, key, body FROM replay_events(:'c', 5, 6);
SELECT seq, kind, key, body FROM replay_events(:'d');
SELECT * FROM replay_run(:'c');
SELECT * FROM replay_run(:'d');
SELECT ok, first_bad_seq FROM verify_run(:'c') UNION ALL SELECT ok, first_bad_seq FROM verify_run(:'d');
-- A fork at 0 shares nothing.
SELECT fork_run(:'b', 0) AS e \gset
SELECT lineage, fork_seq, state_at(run_id) FROM runs WHERE run_id = :'e';
SELECT append_event(:'e', 'first', NULL);
SELECT ok FROM verify_run(:'e');
-- A run without events can be forked, an ended one, too.
SELECT begin_run('f') AS empty \gset
SELECT fork_run(:'empty') AS g \gset
SELECT end_run(:'a', 'failed');
SELECT fork_run(:'a') AS h \gset
SELECT put(:'h', 'x', '10');
SELECT state_at(:'h');

-- Differences
SELECT * FROM diff_runs(:'a', :'b');
SELECT * FROM diff_runs(:'b', :'a');
SELECT * FROM diff_runs(:'a', :'a');
SELECT * FROM diff_runs(:'c', :'d');
SELECT * FROM run_divergence(:'a', :'b');
SELECT * FROM run_divergence(:'b', :'a');
SELECT * FROM run_divergence(:'a', :'a');
-- A run and its untouched fork differ in nothing; with one event more, in that.
SELECT fork_run(:'b') AS same \gset
SELECT * FROM diff_runs(:'b', :'same');
SELECT * FROM run_divergence(:'b', :'same');
SELECT append_event(:'same', 'more', '1');
SELECT * FROM diff_runs(:'b', :'same');
SELECT * FROM run_divergence(:'b', :'same');
-- Two runs that have no ancestor in common: two trials of one task
SELECT begin_run('f') AS t1 \gset
SELECT begin_run('f') AS t2 \gset
SELECT append_event(:'t1', 'think', '"a"'), append_event(:'t1', 'act', '"ls"'), append_event(:'t1', 'think', '"b"'), put(:'t1', 'result', '1');
SELECT append_event(:'t2', 'think', '"a"'), append_event(:'t2', 'think', '"c"'), append_event(:'t2', 'act', '"ls"'),
	append_event(:'t2', NULL, NULL, NULL, '\x01'), put(:'t2', 'result', '1'), transition(:'t2', 'm', NULL, 's');
SELECT * FROM diff_runs(:'t1', :'t2');
SELECT * FROM run_divergence(:'t1', :'t2');
-- Only raw differs
SELECT begin_run('f') AS t3 \gset
SELECT begin_run('f') AS t4 \gset
SELECT append_event(:'t3', 'k', '1', NULL, '\x01'), append_event(:'t4', 'k', '1', NULL, '\x02');
SELECT * FROM diff_runs(:'t3', :'t4');
SELECT seq, key_a, body_a, key_b, body_b FROM run_divergence(:'t3', :'t4');

-- Bad places to fork at
SELECT fork_run(:'a', 8);
SELECT fork_run(:'a', -1);
SELECT fork_run(:'a', 9223372036854775807);
SELECT fork_run(NULL);
SELECT fork_run('00000000-0000-0000-0000-00000000dead');
BEGIN READ ONLY;
SELECT fork_run(:'b');
ROLLBACK;
-- A run cannot be deleted while it has events or is read through; a whole family can go at once.
SELECT begin_run('f', NULL, 'f0000000-0000-4000-8000-000000000002') AS gone \gset
SELECT append_event(:'gone', 'x', NULL);
DELETE FROM runs WHERE run_id = :'gone';
SELECT fork_run(:'gone') AS child \gset
SELECT fork_run(:'child') AS grandchild \gset
DELETE FROM events WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'gone');
DELETE FROM runs WHERE run_id = :'gone';
\set VERBOSITY sqlstate
DELETE FROM runs WHERE run_id IN (:'gone', :'child');
\set VERBOSITY default
BEGIN;
DROP INDEX runs_parent_id_idx;
DELETE FROM runs WHERE run_id = :'gone';
ROLLBACK;
DELETE FROM runs WHERE run_id IN (:'gone', :'child', :'grandchild');
SELECT _run_deleted();
BEGIN;
CREATE TABLE other (run_id uuid, run_number int8);
CREATE TRIGGER run_deleted AFTER DELETE ON other FOR EACH ROW EXECUTE FUNCTION _run_deleted();
INSERT INTO other VALUES (:'a', 1);
DELETE FROM other;
ROLLBACK;
-- Time goes on from the place of the fork, also where the clock went back.
BEGIN;
UPDATE events SET at = '2100-01-01' WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'b') AND seq = 6;
SELECT fork_run(:'b', 6) AS future \gset
SELECT fork_run(:'future') AS farther \gset
SELECT append_event(:'future', 'x', NULL), append_event(:'farther', 'x', NULL);
SELECT DISTINCT e.at = '2100-01-01' AS not_before FROM events e JOIN runs r USING (run_number) WHERE r.run_id IN (:'future', :'farther');
ROLLBACK;

-- Deep lineage: each fork one event below the one before
CREATE FUNCTION chain(depth int) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	r uuid := begin_run('f');
BEGIN
	PERFORM put(r, 'k0', '0');
	FOR i IN 1..depth LOOP
		r := fork_run(r);
		PERFORM put(r, 'k' || i % 10, to_jsonb(i));
	END LOOP;
	RETURN r;
END $$;
SELECT chain(40) AS deep \gset
SELECT cardinality(lineage), fork_seq FROM runs WHERE run_id = :'deep';
SELECT state_at(:'deep');
SELECT state_at(:'deep', 11) = (SELECT jsonb_object_agg(key, value) FROM replay_run(:'deep', 11)) AS same;
SELECT get(:'deep', 'k0'), get(:'deep', 'k0', 1), get(:'deep', 'k7'), get(:'deep', 'k7', 20);
SELECT count(*), max(seq) FROM replay_events(:'deep');
SELECT ok FROM verify_run(:'deep');
-- The limit of the lineage, and one past it
SELECT chain(1000) AS deepest \gset
SELECT cardinality(lineage) FROM runs WHERE run_id = :'deepest';
SELECT ok FROM verify_run(:'deepest');
CREATE FUNCTION refused(run uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fork_run(run);
	RETURN 'not refused';
EXCEPTION WHEN program_limit_exceeded THEN
	RETURN replace(SQLERRM, run::text, 'deepest');
END $$;
SELECT refused(:'deepest');
-- A damaged row
BEGIN;
UPDATE runs SET lineage = ARRAY[NULL::int8], lineage_upto = '{1}' WHERE run_id = :'a';
SELECT get(:'a', 'x');
ROLLBACK;
SET client_min_messages = warning;
DROP SCHEMA run_fork CASCADE;
