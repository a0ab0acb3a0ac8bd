-- The calls of the run room, one after the other, on one run.
CREATE SCHEMA run_calls;
SET search_path = run_calls, tsmem, public;
\set r '''00000000-0000-0000-0000-000000000001'''
SELECT begin_run('acme/anna', '{"task": "first"}', :r, '{a,b}');
SELECT namespace, status, metadata, tags, parent_id, fork_seq, lineage, ended_at, base_hash = sha256(uuid_send(run_id)) AS base
FROM runs WHERE run_id = :r;
SELECT begin_run(run_id => :r);
SELECT append_event(:r, 'think', '{"x": 1}');
SELECT append_event(:r, NULL, NULL, 'anna', '\x00ff');
SELECT * FROM append_events(:r, array['{"key": "a", "body": [1, 2]}', '{}', '{"body": "x", "subject": "anna"}', '{"key": null, "subject": null, "body": null}']::jsonb[]);
SELECT * FROM append_events(:r, '{}');
SELECT put(:r, 'k1', '1'), put(:r, 'k2', '{"z": [1]}'), put(:r, 'k1', '2'), put(:r, 'k3', 'null');
SELECT get(:r, 'k1'), get(:r, 'k1', 7) AS first, get(:r, 'k1', 6) AS before, get(:r, 'k3') AS json_null, get(:r, 'none') AS none;
SELECT delete(:r, 'k2'), delete(:r, 'k2') AS again, delete(:r, 'none') AS none;
SELECT put(:r, 'k2', '"back"'), delete(:r, 'k3');
SELECT transition(:r, 'm', NULL, 'new'), transition(:r, 'm', NULL, 'new') AS exists_already, transition(:r, 'none', 5, 'x') AS does_not_exist;
SELECT transition(:r, 'm', 14, 'done'), transition(:r, 'm', 14, 'again') AS too_late;
SELECT * FROM machine_state(:r, 'm');
SELECT * FROM machine_state(:r, 'm', 14);
SELECT * FROM machine_state(:r, 'm', 13);
SELECT * FROM keys(:r);
SELECT * FROM keys(:r, 'k2');
SELECT * FROM keys(:r, 'k', 8);
SELECT * FROM keys(:r, 'x');
SELECT state_at(:r), state_at(:r, 10) AS at_10, state_at(:r, 0) AS at_0;
SELECT * FROM replay_run(:r);
SELECT * FROM replay_run(:r, 10);
SELECT seq, kind, key, body, raw, subject, expires_at, octet_length(hash) FROM replay_events(:r);
SELECT seq FROM replay_events(:r, 3, 4);
SELECT ok, first_bad_seq, reason, head = (SELECT hash FROM replay_events(:r) ORDER BY seq DESC LIMIT 1) AS head FROM verify_run(:r);
SELECT end_run(:r, 'cancelled');
SELECT status, ended_at >= created_at AS ended FROM runs WHERE run_id = :r;
-- An ended run can be read, not written.
SELECT append_event(:r, 'late', NULL);
SELECT put(:r, 'late', '1');
SELECT end_run(:r);
SELECT get(:r, 'k1');

-- A run without events
SELECT begin_run() AS e \gset
SELECT namespace = '' AS root FROM runs WHERE run_id = :'e';
SELECT state_at(:'e'), get(:'e', 'x');
SELECT * FROM replay_events(:'e');
SELECT * FROM replay_run(:'e');
SELECT ok, first_bad_seq, reason, head = sha256(uuid_send(:'e')) AS head FROM verify_run(:'e');

-- Bad input
SELECT append_event(NULL, 'x', NULL);
SELECT append_event('00000000-0000-0000-0000-00000000dead', 'x', NULL);
SELECT put(:'e', NULL, '1');
SELECT put(:'e', 'k', NULL);
SELECT put(:'e', 'k', '1', '0 s');
SELECT put(:'e', 'k', '1', '-1 s');
SELECT delete(:'e', NULL);
SELECT transition(:'e', NULL, NULL, 'x');
SELECT transition(:'e', 'm', NULL, NULL);
SELECT transition(:'e', 'm', NULL, '');
SELECT append_events(:'e', NULL);
SELECT append_events(:'e', array[NULL]::jsonb[]);
SELECT append_events(:'e', array['{}', '[]']::jsonb[]);
SELECT append_events(:'e', array['{"text": 1}']::jsonb[]);
SELECT append_events(:'e', array['{"key": 1}']::jsonb[]);
SELECT append_events(:'e', array['{"subject": []}']::jsonb[]);
SELECT append_events(:'e', array[jsonb_build_object('key', repeat('x', 1025))]);
SELECT end_run(:'e', 'running');
SELECT end_run(:'e', NULL);
SELECT end_run(NULL);
SELECT get(NULL, 'x');
SELECT get(:'e', NULL);
SELECT * FROM keys(:'e', NULL);
SELECT state_at(NULL);
SELECT machine_state(NULL, 'm');
SELECT get('00000000-0000-0000-0000-00000000dead', 'x');
SELECT * FROM replay_events('00000000-0000-0000-0000-00000000dead');
SELECT * FROM replay_run(NULL);
SELECT * FROM verify_run(NULL);
SELECT * FROM verify_run('00000000-0000-0000-0000-00000000dead');
SELECT * FROM diff_runs(:'e', NULL);
SELECT * FROM run_divergence(:'e', '00000000-0000-0000-0000-00000000dead');
SELECT begin_run('a//b');
SELECT begin_run('/a');
SELECT begin_run('a/');
SELECT begin_run('/');
SELECT begin_run(repeat('x', 513));
SELECT begin_run(repeat('x', 512)) IS NOT NULL AS longest;
-- Nothing of that was written.
SELECT count(*) FROM replay_events(:'e');

-- Limits: the longest key, and one byte more
SELECT put(:'e', repeat('k', 1024), '1');
SELECT get(:'e', repeat('k', 1024));
SELECT put(:'e', repeat('k', 1025), '1');
SELECT append_event(:'e', 'x', NULL, repeat('s', 1025));
SELECT transition(:'e', repeat('m', 1025), NULL, 'x');
SELECT transition(:'e', 'm', NULL, repeat('x', 1025));
SELECT put(:'e', '', '"empty key"');
SELECT get(:'e', '');
SELECT append_event(:'e', 'big', to_jsonb(repeat(md5('x'), 100000)));
SELECT ok FROM verify_run(:'e');

-- Time to live
SELECT put(:'e', 'brief', '1', '1 us') AS brief \gset
SELECT put(:'e', 'long', '1', '1 day') AS long \gset
SELECT get(:'e', 'brief'), get(:'e', 'long');
SELECT key FROM keys(:'e', 'b');
SELECT key FROM keys(:'e', 'l');
SELECT key FROM replay_run(:'e') WHERE key IN ('brief', 'long');
SELECT delete(:'e', 'brief') AS gone_already;
-- At the event itself it was there.
SELECT get(:'e', 'brief', :brief);
SELECT state_at(:'e', :brief) ? 'brief' AS there, state_at(:'e', :long) ? 'brief' AS gone_later;
SELECT key FROM replay_run(:'e', :brief) WHERE key IN ('brief', 'long');
SELECT key FROM replay_run(:'e', :long) WHERE key IN ('brief', 'long');
SELECT ok FROM verify_run(:'e');

-- Read-only transactions
BEGIN READ ONLY;
SELECT get(:'e', 'long');
SELECT append_event(:'e', 'x', NULL);
ROLLBACK;
BEGIN READ ONLY;
SELECT begin_run();
ROLLBACK;

-- A rollback gives the places again.
SELECT begin_run() AS s \gset
BEGIN;
SELECT append_event(:'s', 'one', NULL);
SAVEPOINT a;
SELECT append_event(:'s', 'two', NULL), append_event(:'s', 'three', NULL);
ROLLBACK TO a;
SELECT append_event(:'s', 'two again', NULL);
COMMIT;
BEGIN;
SELECT append_event(:'s', 'lost', NULL);
ROLLBACK;
SELECT append_event(:'s', 'three again', NULL);
SELECT seq, key FROM replay_events(:'s');
SELECT ok FROM verify_run(:'s');

-- Several in one statement, by rows and by a batch larger than a chunk
SELECT begin_run() AS b \gset
SELECT max(append_event(:'b', 'row', to_jsonb(i))) FROM generate_series(1, 10) i;
SELECT append_events(:'b', array_agg(jsonb_build_object('key', 'b' || i % 7, 'body', i) ORDER BY i)) FROM generate_series(1, 1000) i;
SELECT count(*), min(seq), max(seq), count(DISTINCT seq), count(DISTINCT at) < 20 AS one_time FROM replay_events(:'b');
SELECT bool_and(body = to_jsonb(seq - 10)) FROM replay_events(:'b', 11);
SELECT ok FROM verify_run(:'b');
-- Keys with many versions between keys with one, at any place
SELECT begin_run() AS v \gset
SELECT count(put(:'v', (ARRAY['a', 'hot', 'hot', 'hot', 'm', 'warm', 'z' || i])[1 + i % 7], to_jsonb(i))) FROM generate_series(1, 400) i;
SELECT put(:'v', 'hot/' || i % 3, to_jsonb(i)) AS last FROM generate_series(1, 100) i ORDER BY 1 DESC LIMIT 1;
SELECT bool_and(state_at(:'v', s) = COALESCE((SELECT jsonb_object_agg(key, value) FROM replay_run(:'v', s)), '{}')) FROM generate_series(0, 500, 25) s;
SELECT * FROM keys(:'v', 'hot');
SELECT * FROM keys(:'v', 'hot', 30);
SELECT * FROM keys(:'v', 'hot/');
SELECT count(*) FROM keys(:'v', 'z');
-- A name that is cut in a message is cut between characters.
SELECT begin_run(repeat(U&'\4e2d', 200));
SELECT append_events(:'v', ARRAY[jsonb_build_object(repeat(U&'\4e2d', 50), 1)]);
DROP SCHEMA run_calls;
