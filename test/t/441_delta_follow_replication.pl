# Folding on a publisher and on a subscriber, folded history that is published itself, and a standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use Test::More;
use TsmemTest;

my $publisher = start_node('publisher', "wal_level = logical\n", allows_streaming => 1);
my $subscriber = start_node('subscriber', "wal_level = logical\n");
my $source = $publisher->connstr . ' dbname=postgres';

# All tables published, histories and segments among them: folding takes rows out of a table without replica identity.
my $tables = q{
	CREATE TYPE mood AS ENUM ('calm', 'merry');
	CREATE TABLE t (id int PRIMARY KEY, v int, m mood, note text);
	SELECT tsmem.add_system_versioning('t')};
$publisher->safe_psql('postgres', $tables);
$subscriber->safe_psql('postgres', 'CREATE TYPE other AS ENUM (\'x\'); ' . $tables);
$publisher->safe_psql('postgres', q{
	INSERT INTO t SELECT i, i, 'calm', repeat('n', 100) FROM generate_series(1, 20) i; UPDATE t SET v = v + 1; SELECT tsmem.fold('t');
	CREATE PUBLICATION everything FOR ALL TABLES});
my ($ret, $out, $err) = $publisher->psql('postgres', 'CREATE PUBLICATION history_alone FOR TABLE t_history');
like($err, qr/t_history_folded/, 'a history is published with ONLY, since foreign tables are not');
# The subscriber has the same tables, made by its own first fold.
$subscriber->safe_psql('postgres', q{INSERT INTO t (id) VALUES (-1); UPDATE t SET v = 0; DELETE FROM t; SELECT tsmem.fold('t')});
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM t_history'), '2', 'the subscriber has a history of its own');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION all_of_t FOR TABLE t, ONLY t_history, t_history_segments');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$source' PUBLICATION all_of_t");
$subscriber->wait_for_subscription_sync($publisher, 'sub');
$publisher->safe_psql('postgres', $_) for q{UPDATE t SET m = 'merry'}, q{SELECT tsmem.fold('t')}, 'DELETE FROM t WHERE id > 15', q{SELECT tsmem.fold('t')}, q{SELECT tsmem.unfold('t')},
	'UPDATE t SET v = 0 WHERE id = 1', q{SELECT tsmem.fold('t')};
$publisher->wait_for_catchup('sub');
is($publisher->safe_psql('postgres', 'SELECT count(*) FROM t; SELECT count(*) FROM t_history; SELECT * FROM tsmem.verify(\'t\')'), "15\n46", 'the publisher folds');
is($subscriber->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE m = \'merry\') FROM t; SELECT count(*) FROM t_history WHERE id > 0; SELECT sum(versions) FROM t_history_segments; SELECT * FROM tsmem.verify(\'t\')'),
	"15|15\n26\n2", 'the subscriber has the table, and the history that its own changes made, but not that of the publisher');
$subscriber->safe_psql('postgres', q{SELECT tsmem.fold('t')});
$publisher->safe_psql('postgres', q{UPDATE t SET v = 7 WHERE id < 4});
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', q{SELECT count(*) FROM t_versions WHERE id = 1; SELECT * FROM tsmem.verify('t')}), '4', 'what comes for folded keys goes on');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION sub');

# A subscriber that has the history of the publisher, folded as it is there: docs/how-to/replicate-folded-history.md.
$publisher->safe_psql('postgres', q{
	ALTER TABLE t_history REPLICA IDENTITY FULL;
	ALTER TABLE t_history_segments REPLICA IDENTITY FULL;
	CREATE PUBLICATION folded FOR TABLE t, ONLY t_history, t_history_segments, tsmem.segment_columns WHERE (history = 't_history'::regclass)});
$subscriber->safe_psql('postgres', 'CREATE DATABASE replica');
$subscriber->safe_psql('replica', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem; CREATE TYPE third AS ENUM (); ' . $tables);
$subscriber->safe_psql('replica', q{
	SELECT tsmem.set_delta_options('t', fold_when => 1000000);
	ALTER TABLE t DISABLE TRIGGER ALL;
	ALTER TABLE t_history DISABLE TRIGGER "~tsmem_protect_row";
	ALTER TABLE t_history_segments DISABLE TRIGGER "~tsmem_protect_row"});
$subscriber->safe_psql('replica', "CREATE SUBSCRIPTION folded CONNECTION '$source' PUBLICATION folded");
$subscriber->wait_for_subscription_sync($publisher, 'folded', 'replica');
my $versions = 'SELECT v::text FROM t_versions v ORDER BY 1; SELECT count(*) FROM ONLY t_history; SELECT sum(versions) FROM t_history_segments; SELECT problem FROM tsmem.verify(\'t\')';
is($subscriber->safe_psql('replica', $versions), $publisher->safe_psql('postgres', $versions), 'all versions have come, as they lie on the publisher');
$publisher->safe_psql('postgres', $_) for q{UPDATE t SET m = 'calm', note = NULL}, q{SELECT tsmem.fold('t', max_versions => 10)}, 'DELETE FROM t WHERE id = 3', q{SELECT tsmem.fold('t', max_versions => 3)},
	q{SELECT tsmem.merge('t')}, 'INSERT INTO t VALUES (100, 1)';
$publisher->wait_for_catchup('folded');
is($subscriber->safe_psql('replica', $versions), $publisher->safe_psql('postgres', $versions), 'and what is folded later is folded there');
# A change of columns: on the subscriber first.
for my $of ([$subscriber, 'replica'], [$publisher, 'postgres']) { $of->[0]->safe_psql($of->[1], $_) for 'ALTER TABLE t ADD COLUMN late text', 'ALTER TABLE t ALTER COLUMN id TYPE int8', 'ALTER TABLE t RENAME note TO remark' }
$publisher->safe_psql('postgres', $_) for q{UPDATE t SET late = 'x'}, q{SELECT tsmem.fold('t')};
$publisher->wait_for_catchup('folded');
is($subscriber->safe_psql('replica', $versions), $publisher->safe_psql('postgres', $versions), 'changes of columns are made on both');
# Taking over.
$subscriber->safe_psql('replica', q{DROP SUBSCRIPTION folded;
	ALTER TABLE t ENABLE TRIGGER ALL; ALTER TABLE t_history ENABLE TRIGGER ALL; ALTER TABLE t_history_segments ENABLE TRIGGER ALL; ALTER TABLE tsmem.segment_columns ENABLE TRIGGER ALL;
	UPDATE t SET late = 'y'; SELECT tsmem.fold('t')});
is($subscriber->safe_psql('replica', q{SELECT count(*) FROM t_versions WHERE id = 1; SELECT problem FROM tsmem.verify('t'); SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgname LIKE '~tsmem%' AND tgrelid = 't_history_segments'::regclass}),
	$publisher->safe_psql('postgres', 'SELECT count(*) + 1 FROM t_versions WHERE id = 1') . "\nA", 'the subscriber goes on by itself');

my $base = 'base';
$publisher->backup($base);
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($publisher, $base, has_streaming => 1);
$standby->start;
$publisher->safe_psql('postgres', $_) for q{ALTER TABLE t RENAME COLUMN v TO w}, q{ALTER TABLE t ALTER COLUMN w TYPE int8, ADD COLUMN added int DEFAULT 5}, 'UPDATE t SET w = 9', q{SELECT tsmem.fold('t')};
$publisher->wait_for_catchup($standby);
my $all = 'SELECT h::text FROM t_history h ORDER BY 1; SELECT v::text FROM t_versions v ORDER BY 1';
is($standby->safe_psql('postgres', $all), $publisher->safe_psql('postgres', $all), 'a standby reads the same folded versions after changes of columns');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM ONLY t_history'), '0', 'all of them folded');
($ret, $out, $err) = $standby->psql('postgres', q{SELECT tsmem.fold('t')});
like($err, qr/read-only/, 'it folds nothing itself');
$standby->promote;
$standby->safe_psql('postgres', q{UPDATE t SET w = 10; SELECT tsmem.fold('t')});
is($standby->safe_psql('postgres', q{SELECT * FROM tsmem.verify('t')}), '', 'after promotion it folds on');
$standby->stop; $subscriber->stop; $publisher->stop;
done_testing();
