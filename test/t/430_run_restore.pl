# What a restore must not do: hand a dropped role's grants to a stranger, stumble over moved rows, sort keys by locale.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('restore');
my $dir = PostgreSQL::Test::Utils::tempdir();

# A parent whose row was moved behind those of its forks, and the grants of two roles, one dropped.
$node->safe_psql('postgres', q{
	CREATE ROLE stays;
	CREATE ROLE goes;
	SELECT tsmem.grant_namespace('stays', 'dump/kept'), tsmem.grant_namespace('goes', 'dump/lost');
	SELECT tsmem.begin_run('dump', NULL, 'e0000000-0000-4000-8000-000000000011');
	SELECT tsmem.put('e0000000-0000-4000-8000-000000000011', 'k', '1');
	SELECT tsmem.put(tsmem.fork_run(tsmem.fork_run('e0000000-0000-4000-8000-000000000011')), 'k', '2');
	SELECT tsmem.end_run('e0000000-0000-4000-8000-000000000011');
	DROP ROLE goes;
});
my $dropped = $node->safe_psql('postgres', "SELECT grantee FROM tsmem.namespace_grants WHERE prefix = 'dump/lost'");
like($dropped, qr/^\d+$/, 'the grant of a dropped role remains');
my $runs = 'SELECT string_agg(r::text, E\'\n\' ORDER BY run_number) FROM tsmem.runs r';

for my $options ([], ['--inserts'], ['--rows-per-insert=1', '--column-inserts'], ['-Fc'])
{
	my $name = "@$options" || 'plain';
	my ($out, $errors) = run_command([ 'pg_dump', @$options, '-f', "$dir/dump", '-d', $node->connstr('postgres') ]);
	is($errors, '', "$name: dumped without a warning");
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS restored');
	$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
	$node->command_ok($name eq '-Fc' ? [ 'pg_restore', '-e', '-d', $node->connstr('restored'), "$dir/dump" ]
		: [ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$dir/dump" ], "$name: restored");
	is($node->safe_psql('restored', $runs), $node->safe_psql('postgres', $runs), "$name: the same runs");
	is($node->safe_psql('restored', 'SELECT count(*), bool_and(v.ok) FROM tsmem.runs r, tsmem.verify_run(r.run_id) v'), '3|t', "$name: they hold");
	is($node->safe_psql('restored', 'SELECT grantee, prefix FROM tsmem.namespace_grants'), 'stays|dump/kept', "$name: no grant without a role");
	my ($status, $rows, $error) = $node->psql('restored',
		"DELETE FROM tsmem.events; DELETE FROM tsmem.runs WHERE run_id = 'e0000000-0000-4000-8000-000000000011'");
	like($error, qr/Forks read through it/, "$name: a parent is looked after");
}

# Keys come in byte order also where the database sorts otherwise, and where they are read by SQL.
SKIP:
{
	my ($status, $out, $error) = $node->psql('postgres',
		q{CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C.UTF-8'});
	skip 'no ICU', 2 if $status != 0;
	$node->safe_psql('sorted', q{
		CREATE EXTENSION btree_gist;
		CREATE EXTENSION tsmem;
		CREATE ROLE reader;
		SELECT tsmem.grant_namespace('reader', '');
		SELECT tsmem.begin_run('', NULL, 'e0000000-0000-4000-8000-000000000012');
		SELECT tsmem.put('e0000000-0000-4000-8000-000000000012', k, '1') FROM unnest(ARRAY['b', 'B', 'a', '_']) k;
	});
	my $keys = q{SET ROLE reader; SELECT string_agg(key, '') FROM tsmem.keys('e0000000-0000-4000-8000-000000000012')};
	is($node->safe_psql('sorted', $keys), 'B_ab', 'by the index');
	$node->safe_psql('sorted', "CREATE POLICY other ON tsmem.events AS RESTRICTIVE USING (key <> 'a')");
	is($node->safe_psql('sorted', $keys), 'B_b', 'by SQL');
}
$node->stop;
done_testing();
