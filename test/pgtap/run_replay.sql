-- Random operations on runs and their forks: at every place, replay, the calls that read by the index and a model that was
-- kept beside agree.
BEGIN;
SET search_path = tsmem, public;
SELECT plan(8);
SELECT setseed(0.4711);

-- The model: every state that each run ever had, written down by itself.
CREATE TEMP TABLE model (run uuid, seq int8, state jsonb, machines jsonb, PRIMARY KEY (run, seq));
CREATE TEMP TABLE live (n int PRIMARY KEY, run uuid, seq int8, state jsonb, machines jsonb);

CREATE FUNCTION pg_temp.random_value() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT CASE (random() * 5)::int
		WHEN 0 THEN to_jsonb((random() * 1000)::int) WHEN 1 THEN 'null'::jsonb WHEN 2 THEN to_jsonb(repeat('long ', (random() * 3000)::int))
		WHEN 3 THEN jsonb_build_object('n', (random() * 10)::int, 'list', jsonb_build_array(1, 'x', NULL)) WHEN 4 THEN '1.500'::jsonb
		ELSE to_jsonb(U&'\00e4\0416\4e2d'::text) END $$;

CREATE FUNCTION pg_temp.operate(steps int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	l live;
	k text;
	v jsonb;
	at int8;
	place int8;
	many int;
BEGIN
	FOR step IN 1..steps LOOP
		SELECT * INTO l FROM live ORDER BY random() LIMIT 1;
		k := (ARRAY['a', 'b', 'c', 'k1', 'k10', 'k2', '', 'Zoë'])[1 + floor(random() * 8)::int];
		CASE floor(random() * 12)::int
		WHEN 0, 1, 2, 3 THEN
			v := pg_temp.random_value();
			place := put(l.run, k, v);
			l.state := l.state || jsonb_build_object(k, v);
		WHEN 4, 5 THEN
			place := delete(l.run, k);
			IF (place IS NULL) = (l.state ? k) THEN
				RAISE EXCEPTION 'delete of "%" said %', k, place;
			END IF;
			l.state := l.state - k;
		WHEN 6, 7 THEN
			place := transition(l.run, k, (l.machines->k->>1)::int8, 's' || step);
			l.machines := l.machines || jsonb_build_object(k, jsonb_build_array('s' || step, place));
		WHEN 8 THEN
			-- A wrong version changes nothing.
			place := transition(l.run, k, COALESCE((l.machines->k->>1)::int8, 0) - 1, 'never');
			IF place IS NOT NULL THEN
				RAISE EXCEPTION 'a wrong version won';
			END IF;
		WHEN 9 THEN
			place := append_event(l.run, NULLIF(k, ''), pg_temp.random_value());
		WHEN 10 THEN
			many := 1 + floor(random() * 5)::int;
			FOR i IN 1..many LOOP
				INSERT INTO model VALUES (l.run, l.seq + i, l.state, l.machines);
			END LOOP;
			SELECT last_seq INTO place FROM append_events(l.run, array_fill('{"body": 1}'::jsonb, ARRAY[many]));
			IF place <> l.seq + many THEN
				RAISE EXCEPTION 'a batch of % after % ended at %', many, l.seq, place;
			END IF;
			l.seq := place;
			place := NULL;
		WHEN 11 THEN
			-- A fork at any place of the run, its inherited part included
			IF (SELECT count(*) FROM live) < 12 THEN
				at := CASE WHEN random() < 0.6 THEN l.seq - LEAST(l.seq, floor(random() * 3)::int8) ELSE floor(random() * (l.seq + 1))::int8 END;
				INSERT INTO live SELECT (SELECT max(n) FROM live) + 1, fork_run(l.run, at), at,
					COALESCE((SELECT m.state FROM model m WHERE m.run = l.run AND m.seq = at), '{}'),
					COALESCE((SELECT m.machines FROM model m WHERE m.run = l.run AND m.seq = at), '{}');
				INSERT INTO model SELECT (SELECT run FROM live ORDER BY n DESC LIMIT 1), m.seq, m.state, m.machines
				FROM model m WHERE m.run = l.run AND m.seq <= at;
			END IF;
			place := NULL;
		END CASE;
		IF place IS NOT NULL THEN
			IF place <> l.seq + 1 THEN
				RAISE EXCEPTION 'event % came after %', place, l.seq;
			END IF;
			l.seq := place;
			INSERT INTO model VALUES (l.run, l.seq, l.state, l.machines);
		END IF;
		UPDATE live SET seq = l.seq, state = l.state, machines = l.machines WHERE n = l.n;
	END LOOP;
END $$;

INSERT INTO live SELECT i, begin_run('pgtap/replay'), 0, '{}', '{}' FROM generate_series(1, 3) i;
SELECT pg_temp.operate(600);

SELECT cmp_ok((SELECT max(cardinality(r.lineage)) FROM runs r JOIN live l ON l.run = r.run_id), '>=', 2, 'there are forks of forks');

-- Replay at every place of every run: from the events alone
SELECT is_empty($$
	SELECT m.run, m.seq FROM model m CROSS JOIN LATERAL (
		SELECT COALESCE(jsonb_object_agg(key, value) FILTER (WHERE entity = 'value'), '{}') AS state,
			COALESCE(jsonb_object_agg(key, jsonb_build_array(value, version)) FILTER (WHERE entity = 'state'), '{}') AS machines
		FROM replay_run(m.run, m.seq)) r
	WHERE r.state <> m.state OR r.machines <> m.machines $$,
	'replay_run gives the model''s values and states at every place');
SELECT is_empty($$ SELECT m.run, m.seq FROM model m WHERE state_at(m.run, m.seq) <> m.state $$, 'so does state_at');
SELECT is_empty($$
	SELECT m.run, m.seq, k FROM model m, unnest(ARRAY['a', 'b', 'c', 'k1', 'k10', 'k2', '', 'Zoë', 'none']) k
	WHERE get(m.run, k, m.seq) IS DISTINCT FROM m.state->k
		OR (SELECT jsonb_build_array(s.state, s.version) FROM machine_state(m.run, k, m.seq) s WHERE s.version IS NOT NULL) IS DISTINCT FROM m.machines->k $$,
	'so do get and machine_state');
SELECT is_empty($$
	SELECT m.run, m.seq, p FROM model m, unnest(ARRAY['', 'k', 'k1', 'z', 'Zo']) p
	WHERE (SELECT COALESCE(array_agg(key), '{}') FROM keys(m.run, p, m.seq))
		<> (SELECT COALESCE(array_agg(k ORDER BY k COLLATE "C"), '{}') FROM jsonb_object_keys(m.state) k WHERE starts_with(k, p)) $$,
	'so does keys, by any prefix and in byte order');
SELECT is_empty($$ SELECT l.run FROM live l WHERE state_at(l.run) <> l.state
	OR (SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM replay_run(l.run) WHERE entity = 'value') <> l.state $$,
	'and without a place the present state');
-- Places have no gap, and the chain of every run holds.
SELECT is_empty($$ SELECT l.run FROM live l WHERE NOT (SELECT v.ok FROM verify_run(l.run) v)
	OR (SELECT array_agg(seq) FROM replay_events(l.run)) IS DISTINCT FROM (SELECT array_agg(i::int8) FROM generate_series(1, l.seq) i) $$,
	'places have no gap, and every chain holds');
-- Differences of any two runs, judged by the model
SELECT is_empty($$
	SELECT x.run, y.run FROM live x, live y, LATERAL (
		SELECT COALESCE(jsonb_object_agg(key, jsonb_build_array(a, b)), '{}') AS d FROM diff_runs(x.run, y.run) WHERE entity = 'value') r
	WHERE r.d <> (SELECT COALESCE(jsonb_object_agg(k, jsonb_build_array(x.state->k, y.state->k)), '{}')
		FROM jsonb_object_keys(x.state || y.state) k WHERE x.state->k IS DISTINCT FROM y.state->k) $$,
	'diff_runs gives the values in which any two runs differ');
SELECT * FROM finish();
ROLLBACK;
