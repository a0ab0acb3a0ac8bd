# Runs of real agents: recorded, replayed, forked, two trials of one task compared. Needs the data sets beside the project.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $shared = shared_dir();
plan skip_all => 'the data sets are not there (TSM_SHARED)' unless defined $shared && -e "$shared/data/agent-runs/swe_agent_steps.jsonl.gz";
my $data = "$shared/data/agent-runs";
my $node = start_node('real');

# jsonb has no U+0000: a line that holds one stays text, in raw.
$node->safe_psql('postgres', 'CREATE TABLE step_lines (n int GENERATED ALWAYS AS IDENTITY, line text); CREATE TABLE run_lines (LIKE step_lines INCLUDING ALL);
	CREATE TABLE tau_lines (LIKE step_lines INCLUDING ALL)');
my %table = (swe_agent_steps => 'step_lines', swe_agent_runs => 'run_lines', tau_airline_gpt4o => 'tau_lines');
for my $file (sort keys %table)
{
	# Bytes that occur in no line quote and delimit, so that each line is taken as it is.
	$node->safe_psql('postgres', "COPY $table{$file} (line) FROM PROGRAM 'gzip -dc $data/$file.jsonl.gz' WITH (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')");
}
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM step_lines), (SELECT count(*) FROM run_lines), (SELECT count(*) FROM tau_lines)'),
	'3142|303|160', 'all lines are there');

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE steps AS
SELECT n, s->>'run_id' AS agent_run, s->>'task' AS task, (s->>'trial')::int AS trial, (s->>'step')::int AS step, s
FROM (SELECT n, replace(line, '\u0000', '\ufffd')::jsonb AS s FROM step_lines) l;
CREATE TABLE agent_runs AS
SELECT s->>'run_id' AS agent_run, s->>'task' AS task, (s->>'trial')::int AS trial, (s->>'steps')::int AS steps, s - 'info' AS metadata, s->'info' AS info,
	tsmem.begin_run('agents/swe', s - 'info') AS run
FROM (SELECT replace(line, '\u0000', '\ufffd')::jsonb AS s FROM run_lines) l;
-- A step is three events in one go: what was thought, done and seen. The state after it is a value.
SELECT count(*) FROM (
	SELECT tsmem.append_events(r.run, ARRAY[
			jsonb_build_object('key', 'thought', 'body', s.s->'thought'),
			jsonb_build_object('key', 'action', 'body', s.s->'action'),
			jsonb_build_object('key', 'observation', 'body', s.s->'observation')]),
		tsmem.put(r.run, 'state', COALESCE(s.s->'state', 'null')), tsmem.put(r.run, 'step', to_jsonb(s.step))
	FROM (SELECT * FROM steps ORDER BY agent_run, step) s JOIN agent_runs r USING (agent_run)) done;
SELECT count(tsmem.end_run(run, CASE WHEN info->>'submission' IS NULL THEN 'failed' ELSE 'succeeded' END)) FROM agent_runs;
SQL

is($node->safe_psql('postgres', "SELECT count(*) FROM tsmem.events e JOIN tsmem.runs r USING (run_number) WHERE r.namespace = 'agents/swe'"), 3142 * 5, 'five events a step');
is($node->safe_psql('postgres', 'SELECT count(*), bool_and(v.ok) FROM agent_runs r, tsmem.verify_run(r.run) v'), '303|t', 'every chain holds');
is($node->safe_psql('postgres', <<'SQL'), '0', 'replayed, every step is what the file says');
SELECT count(*) FROM (
	SELECT r.agent_run, row_number() OVER (PARTITION BY r.run ORDER BY e.seq) AS nth, e.body FROM agent_runs r, tsmem.replay_events(r.run) e WHERE e.key = 'action') a
FULL JOIN (SELECT agent_run, row_number() OVER (PARTITION BY agent_run ORDER BY step) AS nth, s->'action' AS body FROM steps JOIN agent_runs USING (agent_run)) f USING (agent_run, nth)
WHERE a.body IS DISTINCT FROM f.body
SQL
is($node->safe_psql('postgres', <<'SQL'), '0', 'the state after each step is the file\'s, by the index and by replay');
SELECT count(*) FROM agent_runs r JOIN steps s USING (agent_run),
	LATERAL (SELECT e.seq FROM tsmem.replay_events(r.run) e WHERE e.key = 'step' AND e.body = to_jsonb(s.step)) at
WHERE r.agent_run IN (SELECT agent_run FROM agent_runs ORDER BY steps DESC LIMIT 10)
	AND (tsmem.get(r.run, 'state', at.seq) IS DISTINCT FROM COALESCE(s.s->'state', 'null')
		OR (SELECT value FROM tsmem.replay_run(r.run, at.seq) WHERE key = 'state') IS DISTINCT FROM COALESCE(s.s->'state', 'null'))
SQL

# Two trials of one task: where they part, and what differs, against what the files say.
is($node->safe_psql('postgres', <<'SQL'), '0', 'two trials part where the files first differ');
WITH pairs AS (SELECT a.run AS a, b.run AS b, a.agent_run AS file_a, b.agent_run AS file_b FROM agent_runs a JOIN agent_runs b ON a.task = b.task AND a.trial < b.trial
		ORDER BY 3, 4 LIMIT 60),
	events AS (SELECT s.agent_run, part.place, part.body, row_number() OVER (PARTITION BY s.agent_run ORDER BY s.step, part.place) AS seq
		FROM steps s, LATERAL (VALUES (1, s.s->'thought'), (2, s.s->'action'), (3, s.s->'observation'), (4, COALESCE(s.s->'state', 'null')), (5, to_jsonb(s.step))) part(place, body))
SELECT count(*) FROM pairs p WHERE (SELECT d.seq FROM tsmem.run_divergence(p.a, p.b) d) IS DISTINCT FROM (
	SELECT min(seq) FROM (SELECT * FROM events WHERE agent_run = p.file_a) x FULL JOIN (SELECT * FROM events WHERE agent_run = p.file_b) y USING (seq)
	WHERE x.body IS DISTINCT FROM y.body)
SQL
is($node->safe_psql('postgres', <<'SQL'), '0', 'they differ in as many actions as the files do');
WITH pairs AS (SELECT a.run AS a, b.run AS b, a.agent_run AS file_a, b.agent_run AS file_b FROM agent_runs a JOIN agent_runs b ON a.task = b.task AND a.trial < b.trial
		ORDER BY 3, 4 LIMIT 30),
	actions AS (SELECT agent_run, s->'action' AS body, row_number() OVER (PARTITION BY agent_run ORDER BY step) AS nth FROM steps)
SELECT count(*) FROM pairs p WHERE (SELECT count(*) FROM tsmem.diff_runs(p.a, p.b) WHERE entity = 'event' AND key = 'action') <> (
	SELECT count(*) FROM (SELECT * FROM actions WHERE agent_run = p.file_a) x FULL JOIN (SELECT * FROM actions WHERE agent_run = p.file_b) y USING (nth)
	WHERE x.body IS DISTINCT FROM y.body)
SQL

# A fork in the middle of the longest run goes another way.
is($node->safe_psql('postgres', <<'SQL'), "5|action|t|t", 'a fork of the longest run in its middle');
CREATE TABLE fork AS SELECT run AS parent, tsmem.fork_run(run, steps / 2 * 5) AS child, steps / 2 * 5 AS at FROM agent_runs ORDER BY steps DESC, agent_run LIMIT 1;
SELECT count(tsmem.append_event(child, 'action', '"exit"')) FROM fork, generate_series(1, 5) \g /dev/null
SELECT (SELECT count(*) FROM tsmem.diff_runs(parent, child) WHERE change <> 'removed' AND b = '"exit"'),
	(SELECT key_b FROM tsmem.run_divergence(parent, child)), (SELECT seq = at + 1 FROM tsmem.run_divergence(parent, child)),
	(SELECT ok FROM tsmem.verify_run(child)) FROM fork
SQL

# Conversations with tools: each message an event, tool calls as machines that a result closes.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE tau AS
SELECT n, t->>'task_id' AS task, t->>'trial' AS trial, t->'traj' AS messages, tsmem.begin_run('agents/tau', t - 'traj' - 'info') AS run
FROM (SELECT n, replace(line, '\u0000', '\ufffd')::jsonb AS t FROM tau_lines) l;
SELECT count(tsmem.append_events(run, ARRAY(SELECT jsonb_build_object('key', m->>'role', 'body', m, 'subject', CASE WHEN m->>'role' = 'user' THEN 'customer ' || task END)
	FROM jsonb_array_elements(messages) WITH ORDINALITY AS e(m, i) ORDER BY i))) FROM tau;
SQL
is($node->safe_psql('postgres', "SELECT count(*) FROM tsmem.events e JOIN tsmem.runs r USING (run_number) WHERE r.namespace = 'agents/tau'"),
	$node->safe_psql('postgres', 'SELECT sum(jsonb_array_length(messages)) FROM tau'), 'every message is an event');
is($node->safe_psql('postgres', 'SELECT count(*), bool_and(v.ok) FROM tau t, tsmem.verify_run(t.run) v'), '160|t', 'every chain holds, under keys of subjects, too');
is($node->safe_psql('postgres', <<'SQL'), '0', 'every message is what the file says');
SELECT count(*) FROM tau t WHERE (SELECT jsonb_agg(body ORDER BY seq) FROM tsmem.replay_events(t.run)) <> t.messages
SQL
$node->stop;
done_testing();
