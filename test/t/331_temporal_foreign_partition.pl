# A partitioned table that is referenced by temporal foreign keys: needs a server whose temporal keys can be partitioned (17).
use strict;
use warnings;
use Test::More;
use TsmemTest;

my $node = start_node('foreign_partition');
if ($node->safe_psql('postgres', q{SELECT current_setting('server_version_num')::int < 170000}) eq 't')
{
	$node->stop;
	plan skip_all => 'exclusion constraints of partitioned tables came with PostgreSQL 17';
}

sub fails
{
	my ($statement, $expected, $what) = @_;
	my ($ret, $out, $err) = $node->psql('postgres', $statement);
	like($err, $expected, $what);
}
sub rows { return $node->safe_psql('postgres', q{SELECT string_agg(coalesce(room::text, '-') || valid_at, ' ' ORDER BY guest, valid_at) FROM booking}) }

$node->safe_psql('postgres', q{
	CREATE TABLE room (id int, name text, valid_at daterange) PARTITION BY LIST (id);
	CREATE TABLE room_1 PARTITION OF room FOR VALUES IN (1); CREATE TABLE room_2 PARTITION OF room FOR VALUES IN (2, 3);
	SELECT tsmem.add_period('room', 'valid_at'), tsmem.add_temporal_key('room', '{id}', 'valid_at');
	CREATE TABLE booking (room int, guest text, valid_at daterange) PARTITION BY LIST (guest);
	CREATE TABLE booking_a PARTITION OF booking FOR VALUES IN ('a'); CREATE TABLE booking_b PARTITION OF booking DEFAULT;
	SELECT tsmem.add_period('booking', 'valid_at');
	SELECT tsmem.add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'set null', 'cascade');
	INSERT INTO room VALUES (1, 'x', '[2020-01-01,2021-01-01)'), (1, 'y', '[2021-01-01,2022-01-01)'), (2, 'z', '[2020-01-01,2022-01-01)');
	INSERT INTO booking VALUES (1, 'a', '[2020-06-01,2021-06-01)'), (2, 'b', '[2020-06-01,2021-06-01)')});
fails(q{INSERT INTO booking VALUES (3, 'a', '[2020-06-01,2021-06-01)')}, qr/violates foreign key constraint/, 'rows are checked');
fails(q{UPDATE booking SET valid_at = '[2020-06-01,2022-06-01)'}, qr/violates foreign key constraint/, 'their periods too');
fails('TRUNCATE room', qr/cannot truncate/, 'TRUNCATE is refused');
fails('TRUNCATE room_2', qr/cannot truncate/, 'that of a partition too');
fails('DROP TABLE room_2', qr/other objects depend on it/, 'a partition is not dropped');
fails('ALTER TABLE room DETACH PARTITION room_2', qr/violates foreign key constraint/, 'nor detached while it is needed');
$node->safe_psql('postgres', q{DELETE FROM room WHERE name = 'x'});
is(rows(), '-[2020-06-01,2021-01-01) 1[2021-01-01,2021-06-01) 2[2020-06-01,2021-06-01)', 'the action finds both');
$node->safe_psql('postgres', q{UPDATE room SET id = 3 WHERE id = 2});
is(rows(), '-[2020-06-01,2021-01-01) 1[2021-01-01,2021-06-01) 3[2020-06-01,2021-06-01)', 'a key changes within a partition');
# A row that moves counts as deleted.
$node->safe_psql('postgres', q{UPDATE room SET id = 1, valid_at = '[2023-01-01,2024-01-01)' WHERE id = 3});
is(rows(), '-[2020-06-01,2021-01-01) 1[2021-01-01,2021-06-01) -[2020-06-01,2021-06-01)', 'a row that moves is deleted');
# New partitions, and detached ones.
$node->safe_psql('postgres', q{CREATE TABLE room_4 PARTITION OF room FOR VALUES IN (4); INSERT INTO room VALUES (4, 'v', '(,)'); INSERT INTO booking VALUES (4, 'c', '[2020-01-01,2020-02-01)')});
fails('TRUNCATE room_4', qr/cannot truncate/, 'a new partition is not truncated');
fails('DROP TABLE room_4', qr/other objects depend on it/, 'nor dropped');
$node->safe_psql('postgres', q{DELETE FROM booking WHERE guest = 'c'; ALTER TABLE room DETACH PARTITION room_4; DROP TABLE room_4});
$node->safe_psql('postgres', 'DROP TABLE booking; DROP TABLE room');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tsmem.temporal_foreign_keys'), 0, 'nothing is left');
# RESTRICT on a partitioned table looks at what is still covered, since a row that moves looks like one that is deleted.
$node->safe_psql('postgres', q{
	CREATE TABLE room (id int, place int, valid_at daterange) PARTITION BY LIST (place);
	CREATE TABLE room_1 PARTITION OF room FOR VALUES IN (1); CREATE TABLE room_2 PARTITION OF room FOR VALUES IN (2);
	SELECT tsmem.add_period('room', 'valid_at'), tsmem.add_temporal_key('room', '{id,place}', 'valid_at');
	CREATE TABLE booking (room int, place int, guest text, valid_at daterange);
	SELECT tsmem.add_period('booking', 'valid_at'), tsmem.add_temporal_foreign_key('booking', '{room,place}', 'valid_at', 'room', '{id,place}', 'valid_at', 'restrict', 'restrict');
	INSERT INTO room VALUES (1, 1, '[2020-01-01,2021-01-01)'); INSERT INTO booking VALUES (1, 1, 'a', '[2020-06-01,2020-07-01)')});
fails('UPDATE room SET place = 2', qr/violates RESTRICT setting/, 'RESTRICT holds against a move');
fails('DELETE FROM room', qr/violates RESTRICT setting/, 'and a deletion');
$node->stop;
done_testing();
