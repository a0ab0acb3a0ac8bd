# kill -9 during a write load: every committed change has its version, every version its committed change, and the versions of
# a row follow each other without gap and overlap.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('crash', "max_wal_size = '32MB'\ncheckpoint_timeout = '30s'\nfull_page_writes = on\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL, filler text);
	CREATE SEQUENCE new_id START 1000;
	SELECT tsmem.add_system_versioning('t');
	INSERT INTO t SELECT i, 0, repeat('x', 100) FROM generate_series(1, 40) i;
	-- What was committed, written by the same transactions into a plain table.
	CREATE TABLE log (id int, v int, xid xid8, ended boolean);
	INSERT INTO log SELECT id, v, row_xid, false FROM t;
});
my $script = "$PostgreSQL::Test::Utils::tmp_check/crash.sql";
append_to_file($script, <<'SQL');
\set id random(1, 40)
\set other random(1, 40)
\set dice random(1, 10)
BEGIN;
UPDATE t SET v = v + 1 WHERE id = :id;
\if :dice < 3
SAVEPOINT s;
UPDATE t SET v = v + 1000 WHERE id = :id;
INSERT INTO t VALUES (nextval('new_id'), -1, 'rolled back');
ROLLBACK TO s;
\endif
\if :dice > 6
UPDATE t SET v = v + 1 WHERE id = :id;
WITH n AS (INSERT INTO t VALUES (nextval('new_id'), :dice, repeat('y', 3000)) RETURNING id, v, row_xid) INSERT INTO log SELECT id, v, row_xid, false FROM n;
WITH d AS (DELETE FROM t WHERE id = (SELECT min(id) FROM t WHERE id >= 1000 AND row_xid < pg_current_xact_id()) RETURNING id, v) INSERT INTO log SELECT id, v, pg_current_xact_id(), true FROM d;
\endif
INSERT INTO log SELECT id, v, row_xid, false FROM t WHERE id = :id AND row_xid = pg_current_xact_id();
\if :dice = 10
ROLLBACK;
\else
COMMIT;
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
		SELECT count(*) FROM ((SELECT id, v, row_end_xid FROM t_history h WHERE NOT EXISTS (SELECT FROM t_versions n WHERE n.id = h.id AND n.row_start = h.row_end)
		EXCEPT ALL SELECT id, v, xid FROM log WHERE ended) UNION ALL (SELECT id, v, xid FROM log WHERE ended EXCEPT ALL
		SELECT id, v, row_end_xid FROM t_history h WHERE NOT EXISTS (SELECT FROM t_versions n WHERE n.id = h.id AND n.row_start = h.row_end))) d}),
		0, "$what: a version that is not followed by another was deleted");
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER w AS next, lead(row_xid) OVER w AS next_xid
		FROM t_versions WINDOW w AS (PARTITION BY id ORDER BY row_start)) v WHERE row_start >= row_end OR next <> row_end}),
		0, "$what: versions of a row are contiguous");
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM t_history h JOIN t_versions n ON n.id = h.id AND n.row_start = h.row_end WHERE n.row_xid <> h.row_end_xid}),
		0, "$what: who ended a version began the next");
	is($node->safe_psql('postgres', q{
		SET enable_seqscan = off; SET enable_bitmapscan = off;
		SELECT count(*) - (SELECT count(*) FROM log l WHERE l.id = 7 AND NOT ended) FROM t_versions WHERE id = 7}),
		0, "$what: the index of the history finds them");
}

for my $round (1 .. 2)
{
	my ($out, $err) = ('', '');
	my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '6', '-j', '1', '-T', '60', '-M', 'prepared', '-f', $script, $node->connstr('postgres') ],
		'>', \$out, '2>', \$err);
	# Enough work done, whatever the speed of the machine.
	my $done = $node->poll_query_until('postgres', 'SELECT count(*) > ' . (1500 * $round) . ' FROM log');
	ok($done, "round $round: the load has run");
	kill_server($node);
	$load->finish;
	unlike($err, qr/ERROR/, 'nothing failed before the kill') or diag($err);
	recover($node);
	check("after kill -9, round $round");
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM t_history'), '>', 1000, 'the history is long');
$node->safe_psql('postgres', 'UPDATE t SET v = v + 1 WHERE id = 1; INSERT INTO log SELECT id, v, row_xid, false FROM t WHERE id = 1');
check('and writing goes on');
$node->stop;
done_testing();
