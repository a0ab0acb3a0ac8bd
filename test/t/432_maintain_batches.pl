# Long folds from outside: what others see of one, a cancel, folds side by side, a crash, a dump.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('main', "autovacuum = off\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, n int);
	SELECT tsmem.add_system_versioning('t');
	INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i;
	UPDATE t SET n = 1;
	CREATE TABLE before AS SELECT * FROM t_history;
	SELECT tsmem.set_delta_options('t', fold_after => '0', fold_when => 1);
	CREATE TABLE u (id int PRIMARY KEY, n int);
	SELECT tsmem.add_system_versioning('u');
	INSERT INTO u VALUES (1, 1);
	UPDATE u SET n = 2;
	SELECT tsmem.set_delta_options('u', fold_after => '0', fold_when => 1);
	CREATE ROLE somebody; CREATE ROLE watcher; GRANT pg_read_all_stats TO watcher;
	GRANT USAGE ON SCHEMA tsmem TO somebody, watcher});

my $tail = 'SELECT count(*) FROM ONLY t_history';
my $progress = q{SELECT rel, phase, versions_total, versions_done, datname FROM tsmem.stat_progress_fold};
my $psql = [ 'psql', '-XAtq', '-d', $node->connstr('postgres') ];

# A fold that waits for what another session has locked.
sub held_fold
{
	my ($lock, $call) = @_;
	my $holder = $node->background_psql('postgres');
	$holder->query_safe("BEGIN; $lock");
	my ($in, $out, $err) = ('', '', '');
	my $fold = IPC::Run::start([ @$psql, '-c', $call ], '<', \$in, '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE query LIKE 'CALL tsmem.fold_all%' AND wait_event_type = 'Lock'}) or die 'the fold does not wait';
	return ($holder, $fold, \$err);
}

my ($holder, $fold, $err) = held_fold('LOCK TABLE t_history_segments IN SHARE UPDATE EXCLUSIVE MODE',
	q{CALL tsmem.fold_all('t', batch => 300)});
is($node->safe_psql('postgres', $progress), 't|folding|1000|0|postgres', 'another session sees the fold wait for its first batch');
is($node->safe_psql('postgres', "SET ROLE somebody; $progress"), '', 'who may not see the session does not');
is($node->safe_psql('postgres', "SET ROLE watcher; $progress"), 't|folding|1000|0|postgres', 'who may see all sessions does');

# maintain waits for nobody.
my ($code, $out, $maintained) = $node->psql('postgres', 'SET client_min_messages = notice; CALL tsmem.maintain()');
is($code, 0, 'maintain passes over a table that somebody else folds');
like($maintained, qr/folded 1 of 1 versions of table "u"/, 'and does the others');
unlike($maintained, qr/table "t"/, 'only');
is($node->safe_psql('postgres', $tail), '1000', 'readers and writers go on');
$node->safe_psql('postgres', 'UPDATE t SET n = 2 WHERE id = 1');
$holder->query_safe('COMMIT');
$holder->quit;
$fold->finish;
like($$err, qr/folded 900 of 1000.*folded 1000 of 1000/s, 'the fold goes on, with what was due at its start');
is($node->safe_psql('postgres', $tail), '1', 'and is done');
is($node->safe_psql('postgres', $progress), '', 'then nothing is shown');

# A cancel loses the batch under way: here the last of four.
$node->safe_psql('postgres', q{
	CREATE TABLE c (id int PRIMARY KEY, n int);
	SELECT tsmem.add_system_versioning('c');
	SELECT tsmem.set_delta_options('c', level => 1);
	INSERT INTO c SELECT i, 0 FROM generate_series(1, 1000) i;
	UPDATE c SET n = 1});
($holder, $fold, $err) = held_fold('SELECT FROM ONLY c_history WHERE id = 950 FOR UPDATE', q{CALL tsmem.fold_all('c', batch => 300)});
is($node->safe_psql('postgres', $progress), 'c|folding|1000|900|postgres', 'a fold is seen after three batches');
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL tsmem.fold_all%'});
$fold->finish;
like($$err, qr/folded 900 of 1000.*canceling statement due to user request/s, 'it can be cancelled');
is($node->safe_psql('postgres', 'SELECT count(*), min(id) FROM ONLY c_history'), '100|901', 'one batch is lost');
is($node->safe_psql('postgres', 'SELECT count(*) FROM c_history'), '1000', 'and no version');
is($node->safe_psql('postgres', $progress), '', 'its row is not shown any more');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tsmem.fold_progress'), '1', 'though it is there');
$holder->query_safe('COMMIT');
$holder->quit;
$node->safe_psql('postgres', q{CALL tsmem.fold_all('c')});
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY c_history'), '0', 'the next call does the rest');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tsmem.fold_progress'), '0', 'and removes the row');

# A history that is rewritten between two batches is gone through again.
$node->safe_psql('postgres', 'UPDATE c SET n = 2; UPDATE c SET n = 3 WHERE id > 500');
($holder, $fold, $err) = held_fold('SELECT FROM ONLY c_history WHERE id = 950 AND n = 1 FOR UPDATE', q{CALL tsmem.fold_all('c', batch => 300)});
my $rewrite = $node->background_psql('postgres');
$rewrite->query_until(qr/begun/, "\\echo begun\nVACUUM FULL c_history;\n");
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'VACUUM FULL%' AND wait_event_type = 'Lock'});
$holder->query_safe('COMMIT');
$holder->quit;
$fold->finish;
$rewrite->quit;
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY c_history'), '0', 'a history rewritten between two batches is folded');
is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.verify('c')}), '0', 'and well');

# Two folds of all side by side take turns, and all is folded once.
$node->safe_psql('postgres', 'UPDATE t SET n = 6');
my @folds;
for (1, 2)
{
	my ($in, $o, $e) = ('', '', '');
	push @folds, IPC::Run::start([ @$psql, '-c', q{CALL tsmem.fold_all('t', batch => 50)} ], '<', \$in, '>', \$o, '2>', \$e);
}
ok($_->finish, 'a fold beside another ends well') for @folds;
is($node->safe_psql('postgres', $tail), '0', 'all is folded');
is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.verify('t')}), '0', 'and well');

# So do two of maintain, of which one may find nothing to do.
$node->safe_psql('postgres', 'UPDATE t SET n = 7; UPDATE u SET n = 7');
@folds = ();
for (1, 2)
{
	my ($in, $o, $e) = ('', '', '');
	push @folds, IPC::Run::start([ @$psql, '-c', 'CALL tsmem.maintain()' ], '<', \$in, '>', \$o, '2>', \$e);
}
ok($_->finish, 'a maintenance beside another ends well') for @folds;
$node->safe_psql('postgres', 'CALL tsmem.maintain()');
is($node->safe_psql('postgres', $tail), '0', 'all is folded');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT (id, row_start)) FROM t_history'),
	$node->safe_psql('postgres', 'SELECT count(DISTINCT (id, row_start)), count(DISTINCT (id, row_start)) FROM t_history'), 'once');
is($node->safe_psql('postgres', q{SELECT count(*) FROM (TABLE before EXCEPT ALL TABLE t_history) d}), '0', 'the first versions are as they were');

# A crash leaves what was committed, and no progress.
$node->safe_psql('postgres', 'UPDATE t SET n = 8');
$node->safe_psql('postgres', q{CALL tsmem.fold_all('t', batch => 100)});
kill_server($node);
recover($node);
is($node->safe_psql('postgres', $tail), '0', 'after a crash what was folded is folded');
is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.verify('t')}), '0', 'and well');
is($node->safe_psql('postgres', $progress), '', 'nothing is under way');

# Options are dumped; what is remembered of folds is not.
my $dump = $PostgreSQL::Test::Utils::tmp_check . '/maintain.sql';
$node->safe_psql('postgres', q{SELECT tsmem.set_delta_options('t', zones => '{n}', retention => '10 years', fold_after => '90 minutes')});
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'restore');
is($node->safe_psql('restored', q{SELECT tsmem.set_delta_options('t')}),
	'{"zones": ["n"], "fold_when": 1, "retention": "P10Y", "fold_after": "PT1H30M"}', 'options come with a dump');
is($node->safe_psql('restored', 'SELECT count(*) FROM tsmem.segment_folds'), '0', 'what is remembered of folds does not');
is($node->safe_psql('restored', q{SELECT row_bytes_per_version IS NULL, segment_versions > 0, folded_versions FROM tsmem.stat_delta WHERE rel = 't'::regclass}), 't|t|0', 'and is not needed');
$node->safe_psql('restored', 'UPDATE t SET n = 9; CALL tsmem.maintain(); CALL tsmem.fold_all(\'t\', \'0\')');
is($node->safe_psql('restored', $tail), '0', 'the restored table is folded');

$node->stop;
done_testing();
