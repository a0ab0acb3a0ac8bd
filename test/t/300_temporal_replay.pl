# Random histories against a replay of the log by brute force: every state that ever was, at every instant, and every
# version. The model is written in Perl and knows nothing of triggers; transactions have savepoints, rollbacks, changes of nothing,
# deletions and returns of keys, movement between partitions.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $seed = $ENV{TSM_SEED} // 20110101;
my ($transactions, $keys) = (1200, 25);
note "TSM_SEED=$seed";
srand($seed);

my $node = start_node('replay');
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int, note text);
	CREATE TABLE p (id int, v int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE p0 PARTITION OF p FOR VALUES IN (0); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
	CREATE TABLE p2 (k int NOT NULL, gone int, v int, id int NOT NULL); ALTER TABLE p2 DROP COLUMN gone;
	ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
	SELECT tsmem.add_system_versioning('t', '{note}'), tsmem.add_system_versioning('p');
	CREATE TABLE expected_state (at timestamptz, state text);
	CREATE TABLE expected_version (id int, v int, began timestamptz, ended timestamptz);
	CREATE TABLE expected_range (a timestamptz, b timestamptz, from_to int, between_and int);
});

# The model: key -> [ value, transaction that began the version ]; versions that ended: [ key, value, began, ended ].
my (%state, @closed, @script, @after, $operations);

# The row of p is where the value says.
sub place { return $_[0] % 3 }

sub change
{
	my ($now, $key, $value) = @_;
	my $old = $state{$key};
	push @closed, [ $key, $old->[0], $old->[1], $now ]
	  if $old && $old->[1] != $now && !(defined $value && $value == $old->[0]);
	if (!defined $value) { delete $state{$key} }
	elsif (!$old || $value != $old->[0]) { $state{$key} = [ $value, $now ] }
}

sub operation
{
	my ($now) = @_;
	my $key = 1 + int rand $keys;
	my $value = int rand 6;
	my $what = rand;
	$operations++;
	if (!$state{$key})
	{
		push @script, "INSERT INTO t VALUES ($key, $value, 'new');",
		  "INSERT INTO p VALUES ($key, $value, " . place($value) . ");";
		change($now, $key, $value);
	}
	elsif ($what < 0.25)
	{
		push @script, "DELETE FROM t WHERE id = $key;", "DELETE FROM p WHERE id = $key;";
		change($now, $key, undef);
	}
	elsif ($what < 0.35)
	{
		push @script, "UPDATE t SET note = 'noted $operations' WHERE id = $key;",
		  "UPDATE p SET v = v WHERE id = $key;";
	}
	elsif ($what < 0.5)
	{
		push @script, "INSERT INTO t VALUES ($key, $value) ON CONFLICT (id) DO UPDATE SET v = excluded.v;",
		  "MERGE INTO p USING (VALUES ($key, $value)) n(id, v) ON p.id = n.id"
		  . " WHEN MATCHED THEN UPDATE SET v = n.v, k = n.v % 3;";
		change($now, $key, $value);
	}
	elsif ($what < 0.55)
	{
		push @script, "UPDATE t SET v = $value;", "UPDATE p SET v = $value, k = " . place($value) . ";";
		change($now, $_, $value) for keys %state;
	}
	else
	{
		push @script, "UPDATE t SET v = $value WHERE id = $key;",
		  "UPDATE p SET v = $value, k = " . place($value) . " WHERE id = $key;";
		change($now, $key, $value);
	}
}

sub snapshot { return [ { map { $_ => [ @{ $state{$_} } ] } keys %state }, scalar @closed ] }

sub restore
{
	my ($saved) = @_;
	%state = map { $_ => [ @{ $saved->[0]{$_} } ] } keys %{ $saved->[0] };
	$#closed = $saved->[1] - 1;
}

sub text_of_state { return join ',', map { "$_=$state{$_}[0]" } sort { $a <=> $b } keys %state }

for my $now (1 .. $transactions)
{
	my $before = snapshot();
	my @saved;
	push @script, 'BEGIN;', "SELECT 'T $now ' || extract(epoch FROM now())::numeric(20, 6);";
	for (1 .. 1 + int rand 5)
	{
		my $dice = rand;
		if ($dice < 0.15)
		{
			push @saved, snapshot();
			push @script, 'SAVEPOINT s' . @saved . ';';
		}
		elsif ($dice < 0.25 && @saved)
		{
			push @script, 'ROLLBACK TO s' . @saved . ';';
			restore($saved[-1]);
		}
		operation($now);
	}
	if (rand() < 0.1) { push @script, 'ROLLBACK;'; restore($before) }
	else { push @script, 'COMMIT;' }
	$after[$now] = text_of_state();
}

my $file = "$PostgreSQL::Test::Utils::tmp_check/replay.sql";
append_to_file($file, join "\n", '\set ON_ERROR_STOP on', @script, '');
my ($out, $err) = ('', '');
$node->run_log([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ], '>', \$out, '2>', \$err);
is($err, '', 'the transactions ran');
my %at = $out =~ /^T (\d+) ([\d.]+)$/mg;
is(scalar keys %at, $transactions, 'every transaction told its time');
cmp_ok($operations, '>', 3000, "$operations operations");

# What the model expects, for the server to compare.
my $load = "COPY expected_state FROM stdin;\n";
sub at_time { my ($now, $micros) = @_; my $text = $at{$now}; my ($s, $f) = split /\./, $text; $f += $micros;
	if ($f < 0) { $s--; $f += 1_000_000 } elsif ($f > 999_999) { $s++; $f -= 1_000_000 }
	return sprintf '%d.%06d', $s, $f }
sub stamp { return "1970-01-01 00:00:00 UTC" unless defined $_[0]; my ($s, $f) = split /\./, $_[0]; my @t = gmtime $s;
	return sprintf '%04d-%02d-%02d %02d:%02d:%02d.%s UTC', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ], $f }
for my $now (1 .. $transactions)
{
	$load .= stamp(at_time($now, 0)) . "\t$after[$now]\n";
	$load .= stamp(at_time($now, -1)) . "\t" . ($now > 1 ? $after[ $now - 1 ] : '') . "\n";
}
$load .= "\\.\nCOPY expected_version FROM stdin;\n";
my @versions = (@closed, map { [ $_, $state{$_}[0], $state{$_}[1], undef ] } keys %state);
$load .= "$_->[0]\t$_->[1]\t" . stamp($at{ $_->[2] }) . "\t" . (defined $_->[3] ? stamp($at{ $_->[3] }) : 'infinity') . "\n" for @versions;
$load .= "\\.\nCOPY expected_range FROM stdin;\n";
for (1 .. 200)
{
	my ($a, $b) = map { 1 + int rand $transactions } 1, 2;
	my $from_to = $a < $b ? grep { $_->[2] < $b && (!defined $_->[3] || $_->[3] > $a) } @versions : 0;
	my $between = $a <= $b ? grep { $_->[2] <= $b && (!defined $_->[3] || $_->[3] > $a) } @versions : 0;
	$load .= stamp($at{$a}) . "\t" . stamp($at{$b}) . "\t$from_to\t$between\n";
}
$load .= "\\.\n";
$node->safe_psql('postgres', $load);

for my $table ('t', 'p')
{
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM expected_state e WHERE e.state IS DISTINCT FROM
		(SELECT coalesce(string_agg(id || '=' || v, ',' ORDER BY id), '') FROM ${table}_as_of(e.at))}),
		0, "$table: AS OF every instant, and the one before it");
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM (SELECT * FROM expected_state ORDER BY at LIMIT 300) e WHERE e.state IS DISTINCT FROM
		(SELECT coalesce(string_agg(id || '=' || v, ',' ORDER BY id), '') FROM tsmem.as_of(NULL::$table, e.at))}),
		0, "$table: the same by as_of");
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM ((SELECT id, v, row_start, row_end FROM ${table}_versions EXCEPT ALL TABLE expected_version)
		UNION ALL (TABLE expected_version EXCEPT ALL SELECT id, v, row_start, row_end FROM ${table}_versions)) d}),
		0, "$table: every version, and none else");
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM expected_range r WHERE r.from_to <> (SELECT count(*) FROM ${table}_from_to(r.a, r.b))
		OR r.between_and <> (SELECT count(*) FROM ${table}_between(r.a, r.b))
		OR greatest(r.between_and, (SELECT count(*) FROM ${table}_between(r.b, r.a))) <> (SELECT count(*) FROM ${table}_between_symmetric(r.b, r.a))}),
		0, "$table: versions within 200 random pairs of bounds");
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM ${table}_history h WHERE row_start >= row_end OR row_xid >= row_end_xid}),
		0, "$table: no version is empty or ended by its own transaction");
}
is($node->safe_psql('postgres', q{SELECT string_agg(id || '=' || v, ',' ORDER BY id) FROM t}), text_of_state(), 'the rows of today');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM t_history'), '>', 1000, 'the history is long');

# Transactions that overlap: keys that come and go, by whom began later too. No key has two versions at one instant.
$node->safe_psql('postgres', q{
	CREATE TABLE o (id int PRIMARY KEY, v int, note text); SELECT tsmem.add_system_versioning('o')});
$node->pgbench("--no-vacuum --client=4 --transactions=250 --max-tries=1000 --random-seed=$seed", 0,
	[qr{actually processed: 1000/1000}], [], 'overlapping transactions', {
	'300_overlap' => q{
		\set id random(1, 4)
		\set other random(1, 4)
		\set op random(1, 6)
		BEGIN;
		SELECT pg_sleep(random() * 0.004);
		\if :op = 1
			DELETE FROM o WHERE id = :id;
			INSERT INTO o VALUES (:id, 1) ON CONFLICT DO NOTHING;
		\elif :op = 2
			WITH d AS (DELETE FROM o WHERE id = :id RETURNING id), f AS (SELECT count(*) FROM d)
			INSERT INTO o SELECT :id, 2 FROM f ON CONFLICT DO NOTHING;
		\elif :op = 3
			DELETE FROM o WHERE id = :id;
		\elif :op = 4
			DO $$ BEGIN UPDATE o SET id = :other WHERE id = :id; EXCEPTION WHEN unique_violation THEN NULL; END $$;
		\else
			INSERT INTO o VALUES (:id, :op) ON CONFLICT (id) DO UPDATE SET v = o.v + 1;
		\endif
		SELECT pg_sleep(random() * 0.002);
		COMMIT;
	} });
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start, row_end) AS next FROM o_versions) v
	WHERE next < row_end OR row_start >= row_end}), 0, 'no versions of a key overlap');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM o_history'), '>', 200, 'there were many');
$node->stop;
done_testing();
