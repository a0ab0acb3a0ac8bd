# A dump restored elsewhere, and a standby, have the same runs: equal rows, chains that verify, grants that bind.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('dump', undef, allows_streaming => 1);
my $r = 'e0000000-0000-4000-8000-000000000001';
$node->safe_psql('postgres', qq{
	CREATE ROLE dump_anna;
	CREATE ROLE "dump Bob";
	SELECT tsmem.grant_namespace('dump_anna', 'dump/anna');
	SELECT tsmem.grant_namespace('"dump Bob"', 'dump/bob');
	SELECT tsmem.begin_run('dump/anna', '{"task": "x"}', '$r', '{a,b}');
	SELECT tsmem.append_event('$r', 'first', '{"b": [1, 2.50, 1e3], "a": "\\u00e4\\n\\t"}');
	SELECT tsmem.append_event('$r', 'about', '"secret"', 'anna', '\\x00ff');
	SELECT tsmem.append_events('$r', array_fill('{"key": "k", "body": [0.10, 100, -0.0]}'::jsonb, ARRAY[300]));
	SELECT tsmem.put('$r', 'x', '1'), tsmem.put('$r', 'brief', '1', '1 day'), tsmem.delete('$r', 'x');
	SELECT tsmem.define_machine('m', '{"": ["new"], "new": ["done"]}', 'dump');
	SELECT tsmem.transition('$r', 'm', NULL, 'new');
	SELECT tsmem.put(tsmem.fork_run(tsmem.fork_run('$r', 50), 40), 'forked', '1');
	SELECT tsmem.end_run(tsmem.begin_run('dump/bob', NULL, 'e0000000-0000-4000-8000-000000000002'), 'failed');
});

my $everything = q{
	SELECT 'run', r::text FROM tsmem.runs r UNION ALL SELECT 'event', e::text FROM tsmem.events e
	UNION ALL SELECT 'key', k::text FROM tsmem.subject_keys k UNION ALL SELECT 'machine', m::text FROM tsmem.machines m
	UNION ALL SELECT 'grant', g::text FROM tsmem.namespace_grants g ORDER BY 1, 2};
my $before = $node->safe_psql('postgres', $everything);
like($before, qr/secret/, 'there is something to dump');

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
for my $format (qw(plain custom))
{
	my $target = "restored_$format";
	$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'dumped') if $format eq 'custom';
	$node->command_ok([ 'pg_dump', '-f', "$dump.plain", '-d', $node->connstr('postgres') ], 'dumped as text') if $format eq 'plain';
	$node->safe_psql('postgres', "CREATE DATABASE $target TEMPLATE template0");
	my $connection = $node->connstr($target);
	if ($format eq 'plain')
	{
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-1', '-d', $connection, '-f', "$dump.plain" ],
			'restored in one transaction, without an error');
	}
	else
	{
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $connection, "$dump.custom" ], 'restored, without an error');
	}
	is($node->safe_psql($target, $everything), $before, "$format: every row is the same");
	is($node->safe_psql($target, 'SELECT count(*), bool_and(v.ok) FROM tsmem.runs r, tsmem.verify_run(r.run_id) v'), '4|t', "$format: every chain holds");
	# Policies, grants and the trigger on them are in force.
	is($node->safe_psql($target, 'SET ROLE dump_anna; SELECT count(*) FROM tsmem.runs'), '3', "$format: a role sees its namespace");
	is($node->safe_psql($target, qq{SET ROLE "dump Bob"; SELECT count(*) FROM tsmem.events; SELECT count(*) FROM tsmem.runs}), "0\n1", "$format: another its own");
	is($node->safe_psql($target, q{SELECT tsmem.revoke_namespace('dump_anna', 'dump/anna'); SET ROLE dump_anna; SELECT count(*) FROM tsmem.runs}), "t\n0",
		"$format: a grant can be taken back");
	# It goes on: places, run numbers, machines, keys of subjects.
	is($node->safe_psql($target, "SELECT tsmem.append_event('$r', 'about', '1', 'anna') = (SELECT count(*) + 1 FROM tsmem.replay_events('$r'))"), 't', "$format: the next event follows");
	my ($status, $out, $error) = $node->psql($target, "SELECT tsmem.transition('$r', 'm', (SELECT version FROM tsmem.machine_state('$r', 'm')), 'gone')");
	like($error, qr/cannot go from state "new" to "gone"/, "$format: machines are declared");
	is($node->safe_psql($target, q{SELECT tsmem.append_event(tsmem.begin_run('dump'), 'x', NULL)}), '1', "$format: a new run gets a number of its own");
	is($node->safe_psql($target, 'SELECT bool_and(v.ok) FROM tsmem.runs r, tsmem.verify_run(r.run_id) v'), 't', "$format: and every chain holds");
	# Without tsmem's policies twice.
	is($node->safe_psql($target, q{SELECT count(*) FROM pg_policy p WHERE p.polrelid::regclass::text IN ('tsmem.runs', 'tsmem.events', 'tsmem.machines', 'tsmem.namespace_grants')}), '4',
		"$format: one policy a table");
}

# A dump of the tables' data alone goes into a fresh extension.
$node->command_ok([ 'pg_dump', '--data-only', '-f', "$dump.data", '-d', $node->connstr('postgres') ], 'data dumped');
$node->safe_psql('postgres', 'CREATE DATABASE data_only TEMPLATE template0');
$node->safe_psql('data_only', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('data_only'), '-f', "$dump.data" ], 'data restored');
is($node->safe_psql('data_only', $everything), $before, 'data only: every row is the same');

# The library survives that the extension goes and comes again under an open session.
is($node->safe_psql('data_only', qq{
	SELECT tsmem.append_event('$r', 'x', NULL) > 0;
	DROP EXTENSION tsmem;
	CREATE EXTENSION tsmem;
	SELECT tsmem.append_event(tsmem.begin_run(), 'x', NULL);
	SELECT ok FROM tsmem.runs, tsmem.verify_run(run_id);
	SELECT tsmem.transition((SELECT run_id FROM tsmem.runs), 'm', NULL, 'free');
}), "t\n1\nt\n2", 'dropped and created again in one session');

# A standby reads what the primary wrote by the direct path, and writes nothing.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby = on\n");
$standby->start;
$node->safe_psql('postgres', "SELECT tsmem.append_events('$r', array_fill('{\"key\": \"streamed\"}'::jsonb, ARRAY[400])); SELECT tsmem.put('$r', 'streamed', '1')");
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $everything), $node->safe_psql('postgres', $everything), 'the standby has every row');
is($standby->safe_psql('postgres', qq{SELECT tsmem.get('$r', 'streamed'), (SELECT bool_and(v.ok) FROM tsmem.runs r, tsmem.verify_run(r.run_id) v),
	tsmem.state_at('$r') = (SELECT jsonb_object_agg(key, value) FROM tsmem.replay_run('$r') WHERE entity = 'value')}), '1|t|t', 'it reads, replays and verifies');
is($standby->safe_psql('postgres', 'SET ROLE dump_anna; SELECT count(*) FROM tsmem.runs'), '3', 'roles see their namespaces there, too');
my (undef, undef, $refused) = $standby->psql('postgres', "SELECT tsmem.put('$r', 'x', '1')");
like($refused, qr/cannot execute tsmem.put\(\) in a read-only transaction/, 'it writes nothing');
$standby->stop;
$node->stop;
done_testing();
