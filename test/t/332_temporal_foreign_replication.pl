# A subscriber applies what the publisher's foreign keys did, and does it not again; a standby reads it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use Test::More;
use TsmemTest;

my $tables = q{
	CREATE TABLE room (id int, name text PRIMARY KEY, valid_at daterange); CREATE TABLE booking (number int PRIMARY KEY, room int, guest text, valid_at daterange);
	SELECT tsmem.add_period('room', 'valid_at'), tsmem.add_temporal_key('room', '{id}', 'valid_at'), tsmem.add_period('booking', 'valid_at');
	SELECT tsmem.add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade', 'cascade');
};
my $publisher = start_node('publisher', "wal_level = logical\n", allows_streaming => 1);
$publisher->safe_psql('postgres', $tables . q{
	CREATE SEQUENCE number; ALTER TABLE booking ALTER number SET DEFAULT nextval('number');
	INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (1, 'b', '[2021-01-01,2022-01-01)');
	INSERT INTO booking (room, guest, valid_at) VALUES (1, 'x', '[2020-06-01,2021-06-01)'), (1, 'y', '[2020-07-01,2020-08-01)');
	CREATE PUBLICATION pub FOR TABLE booking, room});
my $subscriber = start_node('subscriber', undef, allows_streaming => 1);
$subscriber->safe_psql('postgres', $tables);
my $source = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$source' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');
my $rows = q{SELECT string_agg(room || guest || valid_at, ' ' ORDER BY guest, valid_at) FROM booking};
is($subscriber->safe_psql('postgres', $rows), '1x[2020-06-01,2021-06-01) 1y[2020-07-01,2020-08-01)', 'the rows have come');
$publisher->safe_psql('postgres', $_) for q{UPDATE room SET id = 2 WHERE name = 'b'}, q{DELETE FROM room WHERE name = 'a'};
$publisher->wait_for_catchup('sub');
is($publisher->safe_psql('postgres', $rows), '2x[2021-01-01,2021-06-01)', 'the publisher cascades');
is($subscriber->safe_psql('postgres', $rows), '2x[2021-01-01,2021-06-01)', 'the subscriber has the same');
my ($ret, $out, $err) = $subscriber->psql('postgres', q{INSERT INTO booking VALUES (99, 1, 'z', '[2020-06-01,2021-06-01)')});
like($err, qr/violates foreign key constraint/, 'its own sessions are checked');
$subscriber->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($subscriber, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', $rows), '2x[2021-01-01,2021-06-01)', 'a standby reads it');
$_->stop for $standby, $subscriber, $publisher;
done_testing();
