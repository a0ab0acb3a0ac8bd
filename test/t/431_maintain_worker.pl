# The background worker: two databases, settings that change, errors, DROP DATABASE, DROP EXTENSION, a standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('main', q{
shared_preload_libraries = 'tsmem'
tsmem.maintenance_naptime = 1
autovacuum = off
}, allows_streaming => 1);

# A table with so many former versions, which the worker is asked to fold.
sub versioned
{
	my ($database, $table, $worker) = @_;
	$node->safe_psql($database, qq{
		CREATE TABLE $table (id int PRIMARY KEY, n int);
		SELECT tsmem.add_system_versioning('$table');
		INSERT INTO $table SELECT i, 0 FROM generate_series(1, 100) i;
		UPDATE $table SET n = 1;
		SELECT tsmem.set_delta_options('$table', fold_after => '0', fold_when => 1, worker => $worker)});
}

sub folded_in
{
	my ($database, $table, $what) = @_;
	ok($node->poll_query_until($database, "SELECT NOT EXISTS (SELECT FROM ONLY ${table}_history)"), $what);
}

my $launchers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tsmem maintenance launcher'
	AND application_name = 'tsmem maintenance launcher' AND datname IS NULL};
ok($node->poll_query_until('postgres', $launchers, '1'), 'the launcher runs, in no database');

$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION tsmem');
$node->safe_psql('postgres', 'CREATE DATABASE without');
versioned('postgres', 'a', 'true');
versioned('postgres', 'left_alone', 'false');
versioned('other', 'b', 'true');
folded_in('postgres', 'a', 'a table of the first database is folded');
folded_in('other', 'b', 'and one of the second');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY left_alone_history'), '100', 'but for those whose owners have not asked');
is($node->safe_psql('postgres', 'SELECT count(*) FROM a_history'), '100', 'the versions are there');

# A table that cannot be folded is reported, and keeps nobody else from being folded.
$node->safe_psql('other', q{
	CREATE TABLE c (id int PRIMARY KEY, n int);
	SELECT tsmem.add_system_versioning('c');
	INSERT INTO c VALUES (1, 1);
	UPDATE c SET n = 2;
	SELECT tsmem.fold('c');
	UPDATE c SET n = 3;
	SET session_replication_role = replica;
	ALTER TABLE c_history_segments DISABLE TRIGGER ALL;
	UPDATE c_history_segments SET block = overlay(block placing '\x0000' from 100);
	ALTER TABLE c_history_segments ENABLE ALWAYS TRIGGER "~tsmem_protect", ENABLE ALWAYS TRIGGER "~tsmem_protect_row";
	SELECT tsmem.set_delta_options('c', fold_after => '0', fold_when => 1, worker => true)});
versioned('other', 'd', 'true');
folded_in('other', 'd', 'a table is folded after one that is damaged');
ok($node->wait_for_log(qr/WARNING: .*could not maintain the history of table "c"/) > 0, 'which the log names');
is($node->safe_psql('other', 'SELECT count(*) FROM ONLY c_history'), '1', 'and which keeps its versions');

# Settings.
$node->safe_psql('postgres', q{ALTER SYSTEM SET tsmem.maintenance_databases = 'other'});
$node->reload;
$node->safe_psql('postgres', 'UPDATE a SET n = 2');
$node->safe_psql('other', 'UPDATE b SET n = 2; UPDATE d SET n = 2');
folded_in('other', 'b', 'the named database is visited');
folded_in('other', 'd', 'all of it');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY a_history'), '100', 'others are not');
$node->safe_psql('postgres', q{ALTER SYSTEM SET tsmem.maintenance_worker = off; ALTER SYSTEM RESET tsmem.maintenance_databases});
$node->reload;
my ($code, $out, $err) = $node->psql('postgres', q{ALTER SYSTEM SET tsmem.maintenance_databases = 'a b'});
like($err, qr/list of databases is malformed/, 'a list of databases is checked');
is($node->safe_psql('postgres', $launchers), '1', 'switched off, the launcher stays');
$node->safe_psql('postgres', q{ALTER SYSTEM RESET tsmem.maintenance_worker});
$node->reload;
folded_in('postgres', 'a', 'switched on again, it works again');

# A launcher that is ended comes back.
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'tsmem maintenance launcher'});
$node->safe_psql('postgres', 'UPDATE a SET n = 3');
folded_in('postgres', 'a', 'ended by somebody, the launcher comes back');

# The extension and the database may go.
$node->safe_psql('without', 'CREATE EXTENSION tsmem; DROP EXTENSION tsmem');
$node->safe_psql('postgres', 'DROP DATABASE other');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'other'}), '0', 'a database that is visited can be dropped');
$node->safe_psql('postgres', 'UPDATE a SET n = 4');
folded_in('postgres', 'a', 'and the others are visited as before');

# A standby waits for its promotion.
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $launchers), '0', 'there is no launcher on a standby');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM tsmem.stat_progress_fold'), '0', 'and no progress');
is($standby->safe_psql('postgres', q{SELECT segment_versions FROM tsmem.stat_delta WHERE rel = 'a'::regclass}), '400', 'but statistics');
($code, $out, $err) = $standby->psql('postgres', 'CALL tsmem.maintain()');
like($err, qr/cannot execute tsmem.maintain\(\) (in a read-only transaction|during recovery)/, 'nothing is folded there');
$node->stop;
$standby->promote;
$standby->safe_psql('postgres', 'UPDATE a SET n = 5');
ok($standby->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM ONLY a_history)'), 'promoted, it folds');
$standby->stop;
done_testing();
