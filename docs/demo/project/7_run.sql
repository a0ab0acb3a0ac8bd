\set run a0000000-0000-4000-8000-000000000001
\set half a0000000-0000-4000-8000-000000000002
\echo '## 7. A run, replayed and compared'
\echo '# A run is the log of one execution: events, and values that change. Here each commit is an event and'
\echo '# each file a value:'
CREATE FUNCTION record(run uuid, up_to int, OUT commits bigint, OUT changes bigint)
LANGUAGE sql AS $$
    SELECT tsmem.begin_run('demo', run_id => run);
    SELECT count(tsmem.append_event(run, 'commit', to_jsonb(c))),
           sum((SELECT count(CASE WHEN f.blob IS NULL THEN tsmem.delete(run, f.path)
                                  ELSE tsmem.put(run, f.path, to_jsonb(f)) END)
                FROM input.changes f WHERE f.ordinal = c.ordinal))
    FROM (SELECT ordinal, subject FROM commits WHERE ordinal <= up_to ORDER BY ordinal) c;
$$;
SELECT * FROM record(:'run', up_to => :commits);
SELECT tsmem.end_run(:'run', 'succeeded');

\echo '# Its newest events, as they were recorded:'
SELECT seq, body ->> 'ordinal' AS commit, left(body ->> 'subject', 70) AS subject
FROM tsmem.replay_events(:'run')
WHERE kind = 'e' ORDER BY seq DESC LIMIT 4;

\echo '# Replayed up to the commit in the middle, and to its end: how large was the project?'
SELECT :middle AS up_to_commit, count(*) AS files, sum((value ->> 'lines')::int) AS lines
FROM tsmem.replay_run(:'run',
         (SELECT min(seq) - 1 FROM tsmem.replay_events(:'run')
          WHERE kind = 'e' AND (body ->> 'ordinal')::int > :middle))
UNION ALL
SELECT :commits, count(*), sum((value ->> 'lines')::int)
FROM tsmem.replay_run(:'run');

\echo '# A second run stops at the commit in the middle. How does the first differ from it?'
SELECT * FROM record(:'half', up_to => :middle);
SELECT tsmem.end_run(:'half', 'cancelled');
SELECT entity, change, count(*), min(key) AS for_example
FROM tsmem.diff_runs(:'half',
                     :'run')
GROUP BY entity, change ORDER BY entity, change;

\echo '# Is the log as it was written? Each event carries a hash over all before it.'
SELECT ok, encode(head, 'hex') AS hash_of_the_last_event
FROM tsmem.verify_run(:'run');
