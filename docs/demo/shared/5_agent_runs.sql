\set first a0000000-0000-4000-8000-000000000001
\set second a0000000-0000-4000-8000-000000000002
\echo '## 5. Two runs of an agent at the same task'
\echo '# An agent must move a customer''s flight to the next day, as cheaply as it can. Each trial is a run:'
\echo '# what was said and called are events, what the airline holds of a reservation is a value.'
CREATE FUNCTION record(of_task int, of_trial int, run uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    m record;
    solved boolean;
BEGIN
    PERFORM tsmem.begin_run('demo', jsonb_build_object('task', of_task, 'trial', of_trial), run);
    FOR m IN SELECT * FROM input.messages
             WHERE task = of_task AND trial = of_trial ORDER BY n LOOP
        PERFORM tsmem.append_event(run, concat_ws(' ', m.role, m.tool), jsonb_build_object(
            'text', m.content, 'arguments', m.arguments::jsonb));
        IF m.role = 'tool' AND m.content LIKE '{"reservation_id"%' THEN
            PERFORM tsmem.put(run, 'reservation ' || (m.content::jsonb ->> 'reservation_id'),
                              m.content::jsonb);
        END IF;
        solved := m.reward = 1;
    END LOOP;
    PERFORM tsmem.end_run(run, CASE WHEN solved THEN 'succeeded' ELSE 'failed' END);
END $$;
SELECT record(6, 0, :'first');
SELECT record(6, 2, :'second');

\echo '# The first trial replayed: which tools did it call, in order?'
SELECT seq, substr(key, 11) AS tool, left(body ->> 'arguments', 56) AS arguments
FROM tsmem.replay_events(:'first')
WHERE kind = 'e' AND key LIKE 'assistant %' ORDER BY seq;

\echo '# Its state half-way and at the end: what did the reservation look like?'
SELECT moment, r.key, r.value #>> '{flights,0,date}' AS day,
       r.value #>> '{payment_history,-1,amount}' AS last_payment
FROM (VALUES ('half-way', 12), ('at the end', NULL)) AS asked (moment, seq),
     LATERAL tsmem.replay_run(:'first', seq) r;

\echo '# The two runs compared: how did they end, and which one had solved its task?'
SELECT key, change, jsonb_path_query_array(a, '$.flights[*].flight_number') AS first_booked,
       a #>> '{payment_history,-1,amount}' AS refund,
       jsonb_path_query_array(b, '$.flights[*].flight_number') AS second_booked,
       b #>> '{payment_history,-1,amount}' AS refund
FROM tsmem.diff_runs(:'first',
                     :'second')
WHERE entity = 'value';
SELECT metadata ->> 'trial' AS trial, status FROM tsmem.runs WHERE namespace = 'demo' ORDER BY 1;

\echo '# And why? What the one did and the other did not:'
SELECT substr(key, 11) AS tool, change, substr(a ->> 'arguments', 1, 27) AS first,
       substr(b ->> 'arguments', 1, 27) AS second
FROM tsmem.diff_runs(:'first',
                     :'second')
WHERE entity = 'event' AND key LIKE 'assistant %' ORDER BY seq_a;
