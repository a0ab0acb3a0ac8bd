# Clients write and read while folds, merges and unfolds run; then kill -9, in rounds. The history equals what the same transactions
# wrote into a plain table, no reader has seen a version come or go, and verify is silent. A cancelled call leaves nothing.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('fold_crash', "max_wal_size = '64MB'\nmax_connections = 40\nautovacuum_naptime = '1s'\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL, filler text);
	SELECT tsmem.add_system_versioning('t');
	INSERT INTO t SELECT i, 0, repeat('x', 100) FROM generate_series(1, 60) i;
	CREATE TABLE log (id int, v int, xid xid8, ended boolean);
	INSERT INTO log SELECT id, v, row_xid, false FROM t;
	CREATE TABLE wrong (what text);
});
$node->safe_psql('postgres', 'UPDATE t SET v = 1; INSERT INTO log SELECT id, v, row_xid, false FROM t');
$node->safe_psql('postgres', q{SELECT tsmem.fold('t')});
$node->safe_psql('postgres', 'CREATE TABLE past AS SELECT now() AS at, sum(id * 1000 + v) AS total FROM t');

my $dir = $PostgreSQL::Test::Utils::tmp_check;
# A key goes and comes back, sometimes in the transaction that took it away.
append_to_file("$dir/write.sql", <<'SQL');
\set id random(1, 60)
\set dice random(1, 10)
BEGIN;
UPDATE t SET v = v + 1 WHERE id = :id;
INSERT INTO log SELECT id, v, row_xid, false FROM t WHERE id = :id AND row_xid = pg_current_xact_id();
\if :dice = 1
WITH d AS (DELETE FROM t WHERE id = :id + 100 RETURNING id, v) INSERT INTO log SELECT id, v, pg_current_xact_id(), true FROM d;
\endif
\if :dice = 2
INSERT INTO t VALUES (:id + 100, :dice, repeat('y', 3000)) ON CONFLICT DO NOTHING;
INSERT INTO log SELECT id, v, row_xid, false FROM t WHERE id = :id + 100 AND row_xid = pg_current_xact_id();
\endif
\if :dice = 10
ROLLBACK;
\else
COMMIT;
\endif
SQL
append_to_file("$dir/fold.sql", <<'SQL');
\set dice random(1, 6)
\set some random(1, 300)
\if :dice < 4
SELECT versions FROM tsmem.fold('t', max_versions => :some);
\elif :dice < 6
SELECT segments_before FROM tsmem.merge('t', :some);
\else
SELECT tsmem.unfold('t');
\endif
SQL
append_to_file("$dir/read.sql", <<'SQL');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS a, sum(v) AS sum_a FROM t_versions \gset
SELECT sum(id * 1000 + v) AS past_a FROM t_as_of((SELECT at FROM past)) \gset
SELECT total FROM past \gset
SELECT pg_sleep(0.02);
SELECT count(*) AS b, sum(v) AS sum_b FROM t_versions \gset
COMMIT;
\if :a <> :b OR :sum_a <> :sum_b
INSERT INTO wrong VALUES ('a snapshot saw history change');
\endif
\if :past_a <> :total
INSERT INTO wrong VALUES ('the past has changed');
\endif
SQL

sub check
{
	my ($what) = @_;
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM ((SELECT id, v, row_xid FROM t_versions EXCEPT ALL SELECT id, v, xid FROM log WHERE NOT ended)
		UNION ALL (SELECT id, v, xid FROM log WHERE NOT ended EXCEPT ALL SELECT id, v, row_xid FROM t_versions)) d}),
		0, "$what: a version for each committed change, a committed change for each version");
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER w AS next
		FROM t_versions WINDOW w AS (PARTITION BY id ORDER BY row_start)) v WHERE row_start >= row_end OR next < row_end}),
		0, "$what: versions of a key do not overlap");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.verify('t')}), 0, "$what: verify is silent");
	is($node->safe_psql('postgres', 'TABLE wrong'), '', "$what: no reader saw history move");
}

sub load
{
	my ($out, @options) = @_;
	return IPC::Run::start([ 'pgbench', '-n', '-c', '6', '-j', '1', '-M', 'prepared', '-f', "$dir/write.sql\@12", '-f', "$dir/fold.sql\@2",
		'-f', "$dir/read.sql\@1", @options, $node->connstr('postgres') ], '>', $out, '2>&1');
}

my $output = '';
load(\$output, '-t', '250')->finish;
unlike($output, qr/ERROR|aborted/, 'nothing failed') or diag($output);
check('after a load');
for my $round (1 .. 3)
{
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM log');
	my $run = load(\$output, '-T', '120');
	ok($node->poll_query_until('postgres', "SELECT count(*) > $before + 300 * $round FROM log"), "round $round: the load has run");
	kill_server($node);
	$run->finish;
	recover($node);
	check("after kill -9, round $round");
}

# Cancelled at any moment, nothing has happened.
$node->safe_psql('postgres', q{SELECT tsmem.unfold('t')});
my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM ONLY t_history');
cmp_ok($count, '>', 500, 'the history is long');
for my $timeout (1, 2, 3, 5, 8)
{
	$node->psql('postgres', "SET statement_timeout = $timeout; SELECT tsmem.fold('t'), pg_sleep(1)");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY t_history'), $count, "a fold that is cancelled after $timeout ms leaves nothing");
}
$node->safe_psql('postgres', q{SELECT tsmem.fold('t')});
$node->psql('postgres', "SET statement_timeout = 3; SELECT tsmem.unfold('t'), pg_sleep(1)");
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY t_history'), 0, 'nor does an unfold');
check('after cancels');
$node->stop;
done_testing();
