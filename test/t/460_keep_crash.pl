# kill -9 amid folds, prunings and erasures: each of them is there as a whole or not at all, segments are sound, and nothing else is gone.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('keep_crash', "max_wal_size = '32MB'\ncheckpoint_timeout = '30s'\n");
$node->safe_psql('postgres', q{
	SET client_min_messages = warning;
	CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL, filler text);
	SELECT tsmem.add_system_versioning('t');
	INSERT INTO t SELECT i, 0, 'now ' || i FROM generate_series(1, 200) i;
	SELECT tsmem.import_history('t', $$SELECT i AS id, h AS v, repeat('filler ' || h, 10) AS filler, '2020-01-01'::timestamptz + h * interval '1 hour' AS row_start,
		'2020-01-01'::timestamptz + (h + 1) * interval '1 hour' AS row_end FROM generate_series(1, 200) i, generate_series(0, 199) h$$);
	CREATE TABLE plain AS SELECT id, v, filler, row_start, row_end FROM t_versions;
	-- What was committed, written by the same transactions.
	CREATE TABLE erased (id int);
	CREATE TABLE pruned (before timestamptz);
	CREATE SEQUENCE hours;
});
my $script = "$PostgreSQL::Test::Utils::tmp_check/keep_crash.sql";
append_to_file($script, <<'SQL');
\set dice random(1, 20)
\set id random(1, 200)
SET client_min_messages = warning;
\if :dice <= 9
SELECT tsmem.fold('t', '0', 500 + :id * 10);
\elif :dice <= 12
BEGIN; SELECT tsmem.erase('t', to_jsonb(:id)); INSERT INTO erased VALUES (:id); COMMIT;
\elif :dice <= 16
BEGIN; WITH h AS (SELECT '2020-01-01'::timestamptz + nextval('hours') * interval '1 hour' AS before), p AS (SELECT p.* FROM h, tsmem.prune('t', h.before) p)
INSERT INTO pruned SELECT before FROM h, p; COMMIT;
\elif :dice <= 18
SELECT quote_literal('2020-01-01'::timestamptz + last_value * interval '1 hour') AS before FROM hours \gset
CALL tsmem.prune_all('t', :before, 50);
\elif :dice = 19
SELECT tsmem.merge('t');
\else
SELECT tsmem.unfold('t');
\endif
SQL

sub check
{
	my ($what) = @_;
	is($node->safe_psql('postgres', q{SELECT * FROM tsmem.verify('t')}), '', "$what: segments are sound");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM t_versions WHERE id IN (SELECT id FROM erased)}), 0, "$what: what was erased is gone");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM t_history WHERE row_end <= (SELECT max(before) FROM pruned)}), 0, "$what: so is what was pruned");
	is($node->safe_psql('postgres', q{
		WITH horizon AS (SELECT horizon AS h FROM tsmem.versioned_tables WHERE rel = 't'::regclass),
		expected AS (SELECT * FROM plain, horizon WHERE row_end > h AND id NOT IN (SELECT id FROM erased)),
		there AS (SELECT id, v, filler, row_start, row_end, h FROM t_versions, horizon WHERE row_end > h)
		SELECT count(*) FROM ((TABLE expected EXCEPT ALL TABLE there) UNION ALL (TABLE there EXCEPT ALL TABLE expected)) d}),
		0, "$what: what ended after the horizon is all there");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT id, v, filler, row_start, row_end FROM t_versions EXCEPT ALL TABLE plain) d}), 0, "$what: and nothing twice");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM erased e WHERE NOT tsmem.is_erased('t', to_jsonb(e.id))}), 0, "$what: with tombstones");
	is($node->safe_psql('postgres', q{SELECT horizon >= (SELECT max(before) FROM pruned) FROM tsmem.versioned_tables WHERE rel = 't'::regclass}), 't', "$what: and the horizon");
}

for my $round (1 .. 2)
{
	my ($out, $err) = ('', '');
	my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '3', '-j', '1', '-T', '60', '-f', $script, $node->connstr('postgres') ],
		'>', \$out, '2>', \$err);
	my $done = $node->poll_query_until('postgres', 'SELECT count(*) >= ' . (10 * $round) . ' FROM (TABLE erased UNION ALL SELECT 0 FROM pruned) d');
	ok($done, "round $round: the load has run");
	kill_server($node);
	$load->finish;
	unlike($err, qr/ERROR/, 'nothing failed before the kill') or diag($err);
	recover($node);
	check("after kill -9, round $round");
}

# A pruning that is cancelled keeps the batches it has committed, and the horizon.
my ($ret, $out, $err) = $node->psql('postgres', q{SET statement_timeout = '50ms'; CALL tsmem.prune_all('t', '2020-01-09 00:00+00', 1)});
check('after a cancelled pruning');
$node->safe_psql('postgres', q{CALL tsmem.prune_all('t', '2020-01-09 00:00+00')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM t_history WHERE row_end <= '2020-01-09 00:00+00'}), 0, 'another call ends it');
$node->stop;
done_testing();
