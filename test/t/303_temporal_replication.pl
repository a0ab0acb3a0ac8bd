# A subscriber keeps a history of what a publisher sends; a streaming standby reads as of any time.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use Test::More;
use TsmemTest;

my $publisher = start_node('publisher', "wal_level = logical\n", allows_streaming => 1);
$publisher->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE p (id int, k int, v int, PRIMARY KEY (id, k));
	INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
	CREATE PUBLICATION pub FOR TABLE t, p});
my $subscriber = start_node('subscriber', undef, allows_streaming => 1);
$subscriber->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE p (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
	SELECT tsmem.add_system_versioning('t', '{}', '{"truncate": "history"}'), tsmem.add_system_versioning('p')});
my $source = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$source' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');
$publisher->safe_psql('postgres', $_) for 'UPDATE t SET v = 11 WHERE id = 1', 'UPDATE t SET v = v WHERE id = 1', 'DELETE FROM t WHERE id = 2',
	'INSERT INTO t VALUES (4, 40)', 'BEGIN; UPDATE t SET v = 41 WHERE id = 4; UPDATE t SET v = 42 WHERE id = 4; COMMIT', 'INSERT INTO p VALUES (1, 1, 1)',
	'UPDATE p SET k = 2 WHERE id = 1', 'UPDATE p SET v = 2 WHERE id = 1';
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(id || '=' || v, ' ' ORDER BY id, row_start) FROM t_history}), '1=10 2=20 4=40', 'updates and deletions leave versions on the subscriber');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(k || '=' || v, ' ' ORDER BY row_start) FROM p_versions}), '1=1 2=1 2=2', 'so do rows that move between partitions');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM t_versions WHERE row_start IS NULL OR row_xid IS NULL'), 0, 'each with a stamp');
$publisher->safe_psql('postgres', 'TRUNCATE t');
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', 'SELECT count(*), (SELECT count(*) FROM t_history) FROM t'), '0|6', 'TRUNCATE goes into the history');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start) n FROM t_versions) v WHERE n < row_end OR row_start >= row_end'), 0, 'no versions overlap');

# A history that is published too: the subscriber's own is the one, the rows that come are passed over.
$publisher->safe_psql('postgres', q{
	CREATE TABLE h (id int PRIMARY KEY, v int); SELECT tsmem.add_system_versioning('h');
	INSERT INTO h VALUES (1, 1); UPDATE h SET v = 2; CREATE PUBLICATION all_of_h FOR TABLE h, h_history});
$subscriber->safe_psql('postgres', q{CREATE TABLE h (id int PRIMARY KEY, v int); SELECT tsmem.add_system_versioning('h')});
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub_h CONNECTION '$source' PUBLICATION all_of_h");
$subscriber->wait_for_subscription_sync($publisher, 'sub_h');
$publisher->safe_psql('postgres', $_) for 'UPDATE h SET v = 3', 'UPDATE h SET v = 4';
$publisher->wait_for_catchup('sub_h');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(v::text, ' ' ORDER BY row_start) FROM h_versions}), '2 3 4', 'a published history does not double versions');
is($publisher->safe_psql('postgres', q{SELECT string_agg(v::text, ' ' ORDER BY row_start) FROM h_versions}), '1 2 3 4', 'the publisher has its own');

$subscriber->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($subscriber, 'base', has_streaming => 1);
$standby->start;
my $time = $subscriber->safe_psql('postgres', 'SELECT clock_timestamp()');
$subscriber->safe_psql('postgres', 'UPDATE p SET v = 3 WHERE id = 1');
$subscriber->wait_for_catchup($standby);
is($standby->safe_psql('postgres', "SELECT v FROM p_as_of('$time')"), '2', 'the standby reads the past');
is($standby->safe_psql('postgres', "SELECT v FROM tsmem.as_of(NULL::p, '$time')"), '2', 'with as_of too');
is($standby->safe_psql('postgres', 'SELECT v FROM p'), '3', 'and the present');
$standby->promote;
$standby->safe_psql('postgres', 'UPDATE p SET v = 4 WHERE id = 1');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM p_history'), '4', 'after promotion it writes history');
$standby->stop; $subscriber->stop; $publisher->stop;
done_testing();
