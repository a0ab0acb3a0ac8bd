# Snapshot tokens across servers: on a standby, after a crash, in a restored database of another cluster.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('primary', "max_prepared_transactions = 10\n", allows_streaming => 1);
$node->safe_psql('postgres', q{
	CREATE TABLE account (id int PRIMARY KEY, v int);
	SELECT tsmem.add_system_versioning('account');
	INSERT INTO account SELECT i, 0 FROM generate_series(1, 3) i;
});
my $rows = sub {
	my ($server, $token) = @_;
	return $server->safe_psql('postgres', "SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM account_as_of_snapshot('$token')");
};
my $refusal = sub {
	my ($server, $token) = @_;
	my ($status, $out, $error) = $server->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM account_as_of_snapshot('$token')");
	return $error =~ /ERROR:  (\w{5}): (.*)/ ? "$1 $2" : "none";
};

$node->safe_psql('postgres', q{BEGIN; UPDATE account SET v = 1 WHERE id = 1; PREPARE TRANSACTION 'late'});
my $before = $node->safe_psql('postgres', 'SELECT tsmem.snapshot()');
kill_server($node);
recover($node);
is($rows->($node, $before), '1=0 2=0 3=0', 'a token outlives a crash');
my $after_crash = $node->safe_psql('postgres', 'SELECT tsmem.snapshot()');
$node->safe_psql('postgres', q{COMMIT PREPARED 'late'; UPDATE account SET v = 2 WHERE id = 2});
is($rows->($node, $before), '1=0 2=0 3=0', 'what was prepared before and committed after the token is not seen');
is($rows->($node, $after_crash), '1=0 2=0 3=0', 'nor by a token that was taken after a restart');

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($rows->($standby, $before), '1=0 2=0 3=0', 'a token of the primary on its standby');

# A transaction of the primary runs, with subtransactions, while the standby takes a token.
$node->safe_psql('postgres', q{BEGIN; SAVEPOINT s; UPDATE account SET v = 3 WHERE id = 3; SAVEPOINT s2; INSERT INTO account VALUES (4, 3); PREPARE TRANSACTION 'running'; UPDATE account SET v = 5 WHERE id = 2});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $there = $standby->safe_psql('postgres', 'SELECT tsmem.snapshot()');
is($rows->($standby, $there), '1=1 2=5 3=0', 'a token of the standby');
$node->safe_psql('postgres', q{COMMIT PREPARED 'running'});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($rows->($standby, $there), '1=1 2=5 3=0', 'reads the same when the transaction has committed');
is($rows->($node, $there), '1=1 2=5 3=0', 'on the primary, too');

$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$node->safe_psql('postgres', 'UPDATE account SET v = 6 WHERE id = 1');
my $ahead = $node->safe_psql('postgres', 'SELECT tsmem.snapshot()');
is($refusal->($standby, $ahead), '55000 snapshot token is newer than this cluster', 'a token of what a standby has not replayed');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($rows->($standby, $ahead), '1=6 2=5 3=3 4=3', 'and when it has');

# Another cluster.
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$other->start;
# Let transaction ids there be in use already, so that those of the dump would be believed.
$other->safe_psql('postgres', "CREATE PROCEDURE burn() LANGUAGE plpgsql AS 'BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END'; CALL burn()");
my $dump = $PostgreSQL::Test::Utils::tmp_check . '/snapshot.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');
$other->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $other->connstr('postgres'), '-f', $dump ], 'restore into another cluster');
is($refusal->($other, $before), '22023 snapshot token is from another cluster', 'a token of another cluster');
my $here = $other->safe_psql('postgres', 'SELECT tsmem.snapshot()');
$other->safe_psql('postgres', 'UPDATE account SET v = v + 10 WHERE id < 3; DELETE FROM account WHERE id = 3');
is($rows->($other, $here), '1=6 2=5 3=3 4=3', 'restored versions, told by time where another cluster wrote them');
is($other->safe_psql('postgres', "SELECT count(*) FROM account_as_of_snapshot(regexp_replace('$here', '^(tsm1[.]\\w+)[.]\\d+', '\\1.0'))"), '0',
	'by the time of the token');
# A registration that still names another cluster, as after pg_upgrade.
$other->safe_psql('postgres', 'SET allow_system_table_mods = on; UPDATE tsmem.versioned_tables SET system_identifier = 1');
is($other->safe_psql('postgres', "SELECT count(*) FROM account_as_of_snapshot(regexp_replace('$here', '^(tsm1[.]\\w+)[.]\\d+', '\\1.0'))"), '0',
	'the same while the registration names another cluster');

$_->stop('immediate') for $standby, $node, $other;
done_testing();
