# kill -9 during inserts into an indexed table: afterwards the index finds what the table holds, no row more or less.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('spatial_crash', "shared_buffers = 8MB\nmax_wal_size = 64MB");
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE fix (writer int, number int, box tsmem.stbox, PRIMARY KEY (writer, number));
CREATE INDEX fix_box ON fix USING gist (box);
CREATE TABLE acknowledged (writer int PRIMARY KEY, number int);
INSERT INTO acknowledged SELECT w, 0 FROM generate_series(1, 3) w;
-- Batches of 40 boxes, each committed; every fourth batch takes back some of the one before.
CREATE PROCEDURE write(me int, first int) LANGUAGE plpgsql AS $$
BEGIN
	FOR batch IN first .. first + 2000 LOOP
		INSERT INTO fix
		SELECT me, batch * 40 + i, tsmem.geodetic(tsmem.stbox(((batch * 7919 + i * 104729 + me * 31) % 3600) / 10.0 - 180,
			((batch * 104729 + i * 7919) % 1800) / 10.0 - 90, timestamptz '2024-01-01' + (batch * 40 + i) * interval '1 minute'))
		FROM generate_series(0, 39) i;
		IF batch % 4 = 3 THEN
			DELETE FROM fix WHERE writer = me AND number BETWEEN (batch - 1) * 40 AND (batch - 1) * 40 + 9;
		END IF;
		UPDATE acknowledged SET number = batch WHERE writer = me;
		COMMIT;
	END LOOP;
END $$;
SQL

my $windows = q{FROM (VALUES
	('GEODSTBOX((-180,-90),(180,90))'), ('GEODSTBOX((-30,-30),(30,30))'), ('STBOX[2024-01-02,2024-01-05)'),
	('GEODSTBOX((100,10),(120,40)),[2024-01-01,2024-02-01)'), ('GEODSTBOX((0,0),(0.5,0.5))')) q(box)
	ORDER BY 1};
my $count = "SELECT q.box, (SELECT count(*) || ':' || coalesce(sum(hashint4(f.number)), 0) FROM fix f WHERE f.box OPERATOR(tsmem.&&) q.box::tsmem.stbox) $windows";

for my $round (1 .. 3)
{
	my $before = $node->safe_psql('postgres', 'SELECT sum(number) FROM acknowledged');
	my @writers;
	for my $writer (1 .. 3)
	{
		my $first = $node->safe_psql('postgres', "SELECT number + 1 FROM acknowledged WHERE writer = $writer");
		push @writers, IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', "CALL write($writer, $first)" ], '<', \undef, '>', \my $out, '2>', \my $err);
	}
	$node->poll_query_until('postgres', "SELECT sum(number) > $before + 30 * $round FROM acknowledged") or die 'nobody writes';
	$node->safe_psql('postgres', 'CHECKPOINT') if $round == 2;
	$node->safe_psql('postgres', 'VACUUM fix') if $round == 3;
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL write%'"), 3, "three write when the server is killed, round $round");
	kill_server($node);
	$_->finish for @writers;
	recover($node);

	my $complete = $node->safe_psql('postgres', q{
		SELECT bool_and(rows = expected) FROM (
			SELECT a.writer, count(f.number) AS rows, (a.number) * 40 - ((a.number + 1) / 4) * 10 AS expected
			FROM acknowledged a LEFT JOIN fix f ON f.writer = a.writer GROUP BY a.writer, a.number) w});
	is($complete, 't', "every committed batch is there and no other, round $round");
	my $by_table = $node->safe_psql('postgres', "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off; $count");
	my $by_index = $node->safe_psql('postgres', "SET enable_seqscan = off; $count");
	is($by_index, $by_table, "the index finds what the table holds, round $round");
	like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN SELECT FROM fix WHERE box OPERATOR(tsmem.&&) 'GEODSTBOX((0,0),(1,1))'"), qr/fix_box/, 'and it was the index');
}
$node->stop;
done_testing();
