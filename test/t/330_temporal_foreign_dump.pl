# Temporal foreign keys survive dump and restore, a crash, and what has no dependencies as after pg_upgrade; their protection too.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('foreign_dump');
$node->safe_psql('postgres', q{
	CREATE ROLE owner; GRANT CREATE ON SCHEMA public TO owner; CREATE SCHEMA "other Schema" AUTHORIZATION owner;
	SET ROLE owner;
	CREATE TABLE "other Schema"."ro'om" (id int, name text, valid_at tstzrange);
	SELECT tsmem.add_period('"other Schema"."ro''om"', 'valid_at'), tsmem.add_temporal_key('"other Schema"."ro''om"', '{id}', 'valid_at', true);
	CREATE TABLE booking (room int, guest text, valid_at tstzrange) PARTITION BY LIST (guest);
	CREATE TABLE booking_a PARTITION OF booking FOR VALUES IN ('a'); CREATE TABLE booking_b PARTITION OF booking DEFAULT;
	SELECT tsmem.add_period('booking', 'valid_at');
	SELECT tsmem.add_temporal_foreign_key('booking', '{room}', 'valid_at', '"other Schema"."ro''om"', '{id}', 'valid_at', 'cascade', 'cascade');
	CREATE TABLE note (room int, said text, valid_at tstzrange);
	SELECT tsmem.add_period('note', 'valid_at');
	SELECT tsmem.add_temporal_foreign_key('note', '{room}', 'valid_at', '"other Schema"."ro''om"', '{id}', 'valid_at', initially_deferred => true);
	SELECT tsmem.add_system_versioning('booking', '{}', '{"without_key": true}');
	INSERT INTO "other Schema"."ro'om" VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (1, 'b', '[2021-01-01,2022-01-01)'), (2, 'c', '(,)');
	INSERT INTO booking VALUES (1, 'a', '[2020-06-01,2021-06-01)'), (1, 'b', '[2020-06-01,2021-06-01)'), (2, 'b', '(,)');
	INSERT INTO note VALUES (2, 'quiet', '(,)');
});
my $keys = q{SELECT to_jsonb(k) FROM tsmem.temporal_foreign_keys k ORDER BY constraint_name};
my $before = $node->safe_psql('postgres', $keys);
like($before, qr/"ro'om/, 'there are keys');

sub fails
{
	my ($database, $statement, $expected, $what) = @_;
	my ($ret, $out, $err) = $node->psql($database, $statement);
	like($err, $expected, "$database: $what");
}

sub check
{
	my ($database) = @_;
	is($node->safe_psql($database, $keys), $before, "$database: the registrations are there");
	fails($database, q{INSERT INTO booking VALUES (3, 'a', '(,)')}, qr/violates foreign key constraint/, 'rows are checked');
	fails($database, q{BEGIN; DELETE FROM "other Schema"."ro'om" WHERE id = 2; SELECT 'not yet'; DELETE FROM booking; COMMIT}, qr/violates foreign key constraint "note_room_valid_at_fkey"/, 'later too');
	fails($database, q{TRUNCATE "other Schema"."ro'om"}, qr/cannot truncate/, 'TRUNCATE is refused');
	fails($database, q{DROP TABLE "other Schema"."ro'om"}, qr/other objects depend on it/, 'the table is kept');
	fails($database, q{ALTER TABLE "other Schema"."ro'om" DROP CONSTRAINT "ro'om_id_valid_at_pkey"}, qr/other objects depend on it/, 'the key is kept');
	$node->safe_psql($database, q{DELETE FROM "other Schema"."ro'om" WHERE name = 'a'});
	is($node->safe_psql($database, q{SELECT string_agg(guest || lower(valid_at)::date, ' ' ORDER BY guest) FROM booking WHERE room = 1}), 'a2021-01-01 b2021-01-01', "$database: the action works");
	is($node->safe_psql($database, q{SELECT count(*) FROM booking_history}), 2, "$database: and leaves history");
	$node->safe_psql($database, q{ALTER TABLE booking RENAME COLUMN room TO place; ALTER TABLE "other Schema"."ro'om" RENAME TO chamber; UPDATE "other Schema".chamber SET id = 7 WHERE id = 1});
	is($node->safe_psql($database, q{SELECT count(*) FROM booking WHERE place = 7}), 2, "$database: names are followed");
	$node->safe_psql($database, q{SELECT tsmem.drop_temporal_foreign_key('booking', 'booking_room_valid_at_fkey')});
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'booking_room%'}), 0, "$database: dropping leaves nothing");
	fails($database, q{DROP TABLE "other Schema".chamber}, qr/other objects depend on it/, 'the other key still holds it');
	$node->safe_psql($database, q{DROP TABLE "other Schema".chamber CASCADE});
	is($node->safe_psql($database, q{SELECT count(*) FROM tsmem.temporal_foreign_keys}), 0, "$database: CASCADE ends the key");
}

my $dump = "$PostgreSQL::Test::Utils::tmp_check/foreign_dump";
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", '-d', $node->connstr('postgres') ], 'pg_dump, plain');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'pg_dump, custom');
$node->safe_psql('postgres', "CREATE DATABASE $_") for 'plain', 'custom', 'parallel', 'again', 'data', 'unbound';
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', "$dump.sql" ], 'psql restores it');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('custom'), "$dump.custom" ], 'pg_restore');
$node->command_ok([ 'pg_restore', '-e', '-j', 3, '-d', $node->connstr('parallel'), "$dump.custom" ], 'pg_restore, 3 jobs');
$node->command_ok([ 'pg_restore', '-e', '-s', '-d', $node->connstr('data'), "$dump.custom" ], 'the schema only');
$node->command_ok([ 'pg_restore', '-e', '-a', '--disable-triggers', '-d', $node->connstr('data'), "$dump.custom" ], 'the data only');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('again'), "$dump.custom" ], 'restored once more');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.again", '-d', $node->connstr('again') ], 'dumped once more');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.schema", '-d', $node->connstr('postgres') ], 'the schema of the first');
sub comparable { my $text = slurp($_[0]); $text =~ s/^\\(un)?restrict .*\n//mg; return $text }
is(comparable("$dump.again"), comparable("$dump.schema"), 'the same schema');
check($_) for 'plain', 'custom', 'parallel', 'data', 'again';

# A crash takes nothing that was committed, and leaves nothing that was not.
$node->safe_psql('postgres', q{UPDATE "other Schema"."ro'om" SET name = 'cc' WHERE name = 'c'});
kill_server($node);
recover($node);
fails('postgres', q{INSERT INTO note VALUES (9, 'x', '(,)')}, qr/violates foreign key constraint/, 'after a crash rows are checked');
check('postgres');
$node->stop;
done_testing();
