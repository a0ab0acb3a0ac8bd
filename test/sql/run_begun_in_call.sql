-- A run begun by the same call is seen by every reader, whatever the planner tries; replay is inlined all the same.
CREATE SCHEMA run_begun_in_call;
SET search_path = run_begun_in_call, tsmem, public;
CREATE FUNCTION readers() RETURNS TABLE (reader text, rows int8) LANGUAGE plpgsql AS $$
DECLARE
	a uuid := begin_run('begun');
	b uuid;
	n int8;
BEGIN
	PERFORM append_event(a, 'a', '1'), put(a, 'k', '1');
	b := fork_run(a);
	PERFORM append_event(b, 'b', '1'), put(b, 'k', '2');
	RETURN QUERY SELECT 'replay_events', count(*) FROM replay_events(a);
	RETURN QUERY SELECT 'replay_events of a fork', count(*) FROM replay_events(b, 2, 3);
	RETURN QUERY SELECT 'replay_run', count(*) FROM replay_run(a);
	RETURN QUERY SELECT 'replay_run at', count(*) FROM replay_run(b, 3);
	RETURN QUERY SELECT 'diff_runs', count(*) FROM diff_runs(a, b);
	RETURN QUERY SELECT 'run_divergence', count(*) FROM run_divergence(a, b);
	RETURN QUERY SELECT 'keys', count(*) FROM keys(a);
	RETURN QUERY SELECT 'get', count(*) FROM get(a, 'k') v WHERE v = '1';
	RETURN QUERY SELECT 'state_at', count(*) FROM state_at(b) v WHERE v = '{"k": 2}';
	RETURN QUERY SELECT 'verify_run', count(*) FROM verify_run(b) v WHERE v.ok;
END $$;
SELECT * FROM readers();
-- Prepared plans, too, generic ones
SET plan_cache_mode = force_generic_plan;
SELECT * FROM readers();
RESET plan_cache_mode;
SELECT begin_run('begun') AS a \gset
SELECT fork_run(:'a') AS b \gset
DO $$
DECLARE
	a uuid := begin_run();
	b uuid := begin_run();
BEGIN
	PERFORM FROM diff_runs(a, b);
	PERFORM FROM run_divergence(a, b);
	PERFORM FROM replay_run(a);
END $$;

-- No function stands between the reader and the index.
CREATE FUNCTION plan(query text, OUT function_scans int8, OUT index_scans boolean) LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	function_scans := 0;
	index_scans := false;
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		function_scans := function_scans + (line ~ 'Function Scan on (replay|diff|run)')::int;
		index_scans := index_scans OR line ~ 'events_pkey';
	END LOOP;
END $$;
SELECT append_events(:'a', array_fill('{"key": "x", "body": 1}'::jsonb, ARRAY[2000])) IS NOT NULL AS filled;
ANALYZE events;
SET enable_seqscan = off;
SELECT query, (plan(replace(replace(query, ':a', quote_literal(:'a')), ':b', quote_literal(:'b')))).* FROM (VALUES
	('SELECT * FROM replay_events(:a) LIMIT 10'),
	('SELECT * FROM replay_events(:a, 5, 9)'),
	('SELECT * FROM replay_run(:a)'),
	('SELECT * FROM diff_runs(:a, :b)'),
	('SELECT * FROM run_divergence(:a, :b)')
) t(query);
RESET enable_seqscan;
SET client_min_messages = warning;
DROP SCHEMA run_begun_in_call CASCADE;
