# Ten thousand random bitemporal operations against a model in Perl: rows with a valid time, in transactions with savepoints and
# rollbacks, whose values, periods and keys change. Then the state at every system time at which anything began or ended, and the
# instant before it, by every way of reading; every version; and rows as of pairs of system and valid time.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $seed = $ENV{TSM_SEED} // 20111215;
my ($wanted, $keys, $days) = (10_000, 12, 60);
note "TSM_SEED=$seed";
srand($seed);

my $node = start_node('differential');
$node->safe_psql('postgres', q{
	CREATE TABLE b (v int, gone text, id int, valid daterange, note text); ALTER TABLE b DROP COLUMN gone;
	SELECT tsmem.add_period('b', 'valid'), tsmem.add_temporal_key('b', '{id}', 'valid', true), tsmem.add_system_versioning('b', '{note}');
	CREATE TABLE expected_state (at timestamptz, state text);
	CREATE TABLE expected_version (id int, valid daterange, v int, began timestamptz, ended timestamptz);
	CREATE TABLE expected_both (at timestamptz, day date, state text);
});

# The model. A row is { id, lo, hi, v, from }: from is the transaction that began its version. A version that ended is
# [ id, lo, hi, v, from, to ].
my (@rows, @closed, @script, @states, %happened);
my ($operations, $now) = (0, 0);

sub day { return sprintf "date '2024-01-01' + %d", $_[0] }
sub range { return "daterange(" . day($_[0]) . ", " . day($_[1]) . ")" }
sub at_row { my ($r) = @_; return "id = $r->{id} AND valid = " . range($r->{lo}, $r->{hi}) }

# Whether the key is free for the period, but for the rows that go.
sub is_free
{
	my ($id, $lo, $hi, %going) = @_;
	return !grep { $_->{id} == $id && $_->{lo} < $hi && $lo < $_->{hi} && !$going{$_} } @rows;
}

sub close_version { my ($r) = @_; push @closed, [ @{$r}{qw(id lo hi v from)}, $now ] if $r->{from} != $now }

sub change
{
	my ($r, %new) = @_;
	return unless grep { $r->{$_} != $new{$_} } keys %new;
	close_version($r);
	@{$r}{ keys %new, 'from' } = (values %new, $now);
}

sub insert { my ($id, $lo, $hi, $v) = @_; push @rows, { id => $id, lo => $lo, hi => $hi, v => $v, from => $now } }

sub remove { my (%going) = @_; close_version($_) for grep { $going{$_} } @rows; @rows = grep { !$going{$_} } @rows }

sub random_period { my $lo = int rand $days; return ($lo, $lo + 1 + int rand 20) }

my %operation = (
	insert => sub {
		my ($id, $v) = (int rand $keys, int rand 5);
		my ($lo, $hi) = random_period();
		return unless is_free($id, $lo, $hi);
		insert($id, $lo, $hi, $v);
		return "INSERT INTO b VALUES ($v, $id, " . range($lo, $hi) . ", 'new')";
	},
	insert_many => sub {
		my $v = int rand 5;
		my ($lo, $hi) = random_period();
		my @ids = grep { is_free($_, $lo, $hi) } 0 .. 3;
		return unless @ids;
		insert($_, $lo, $hi, $v) for @ids;
		return "INSERT INTO b SELECT $v, id, " . range($lo, $hi) . " FROM unnest('{" . join(',', @ids) . "}'::int[]) id";
	},
	update => sub {
		my ($r) = @_;
		my ($v, $where) = (int rand 5, at_row($r));
		change($r, v => $v);
		return "UPDATE b SET v = $v WHERE $where";
	},
	note => sub { my ($r) = @_; return "UPDATE b SET note = 'noted $operations' WHERE " . at_row($r) },
	nothing => sub { my ($r) = @_; return "UPDATE b SET v = v, id = id WHERE " . at_row($r) },
	update_many => sub {
		my ($id, $v) = (int rand $keys, int rand 5);
		change($_, v => $v) for grep { $_->{id} >= $id && $_->{id} < $id + 3 } @rows;
		return "UPDATE b SET v = $v, note = 'many' WHERE id >= $id AND id < $id + 3";
	},
	delete => sub { my ($r) = @_; my $where = at_row($r); remove($r => 1); return "DELETE FROM b WHERE $where" },
	delete_many => sub {
		my ($id) = int rand $keys;
		my ($lo, $hi) = random_period();
		remove(map { $_ => 1 } grep { $_->{id} == $id && $_->{lo} < $hi && $lo < $_->{hi} } @rows);
		return "DELETE FROM b WHERE id = $id AND valid && " . range($lo, $hi);
	},
	upsert => sub {
		my ($r) = @_;
		my ($id, $v) = (int rand $keys, int rand 5);
		my ($lo, $hi) = random_period();
		my $new = is_free($id, $lo, $hi);
		($id, $lo, $hi) = @{$r}{qw(id lo hi)} unless $new;
		my $sql = "MERGE INTO b USING (VALUES ($id, " . range($lo, $hi) . ", $v)) n(id, valid, v) ON b.id = n.id AND b.valid = n.valid"
		  . " WHEN MATCHED AND n.v = 4 THEN DELETE WHEN MATCHED THEN UPDATE SET v = n.v WHEN NOT MATCHED THEN INSERT (id, valid, v) VALUES (n.id, n.valid, n.v)";
		if ($new) { insert($id, $lo, $hi, $v) } elsif ($v == 4) { remove($r => 1) } else { change($r, v => $v) }
		return $sql;
	},
	period => sub {
		my ($r) = @_;
		my ($lo, $hi) = random_period();
		return unless is_free($r->{id}, $lo, $hi, $r => 1);
		my $where = at_row($r);
		change($r, lo => $lo, hi => $hi);
		return "UPDATE b SET valid = " . range($lo, $hi) . " WHERE $where";
	},
	split => sub {
		my ($r) = @_;
		return if $r->{hi} - $r->{lo} < 2;
		my ($middle, $hi, $v, $where) = ($r->{lo} + 1 + int rand($r->{hi} - $r->{lo} - 1), $r->{hi}, int rand 5, at_row($r));
		change($r, hi => $middle);
		insert($r->{id}, $middle, $hi, $v);
		return "UPDATE b SET valid = " . range($r->{lo}, $middle) . " WHERE $where; INSERT INTO b VALUES ($v, $r->{id}, " . range($middle, $hi) . ")";
	},
	key => sub {
		my ($r) = @_;
		my $id = int rand $keys;
		return unless is_free($id, $r->{lo}, $r->{hi}, $r => 1);
		my $where = at_row($r);
		change($r, id => $id);
		return "UPDATE b SET id = $id WHERE $where";
	},
	replace => sub {
		my ($r) = @_;
		my ($where, $v, $id, $lo, $hi) = (at_row($r), int rand 5, @{$r}{qw(id lo hi)});
		remove($r => 1);
		insert($id, $lo, $hi, $v);
		return "DELETE FROM b WHERE $where; INSERT INTO b VALUES ($v, $id, " . range($lo, $hi) . ")";
	});
my @names = sort keys %operation;

sub operate
{
	my $name = $names[ rand @names ];
	$name = 'insert' if @rows < 5;
	my $sql = $operation{$name}->($rows[ rand @rows ]) or return;
	push @script, "$sql;";
	$operations++;
	$happened{$name}++;
}

sub snapshot { return [ [ map { {%$_} } @rows ], scalar @closed ] }
sub restore { my ($saved) = @_; @rows = map { {%$_} } @{ $saved->[0] }; $#closed = $saved->[1] - 1 }

sub state_text
{
	my ($day) = @_;
	return join ',', sort map { "$_->{id}:$_->{lo}-$_->{hi}=$_->{v}" } grep { !defined $day || ($_->{lo} <= $day && $day < $_->{hi}) } @rows;
}

my @both;
while ($operations < $wanted)
{
	$now++;
	my ($before, @saved) = (snapshot());
	push @script, 'BEGIN;', "SELECT 'T $now ' || (extract(epoch FROM now()) * 1000000)::bigint;";
	for (1 .. 1 + int rand 7)
	{
		my $dice = rand;
		if ($dice < 0.1) { push @saved, snapshot(); push @script, 'SAVEPOINT s' . @saved . ';' }
		elsif ($dice < 0.2 && @saved) { push @script, 'ROLLBACK TO s' . @saved . ';'; restore($saved[-1]) }
		operate();
	}
	if (rand() < 0.1) { push @script, 'ROLLBACK;'; restore($before) }
	else { push @script, 'COMMIT;' }
	$states[$now] = state_text();
	next unless $now % 8 == 0;
	my $day = int rand $days;
	push @both, [ $now, $day, state_text($day) ];
}

my $file = "$PostgreSQL::Test::Utils::tmp_check/differential.sql";
append_to_file($file, join "\n", '\set ON_ERROR_STOP on', @script, '');
my ($out, $err) = ('', '');
$node->run_log([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ], '>', \$out, '2>', \$err);
is($err, '', "$operations operations in $now transactions ran");
my %at = $out =~ /^T (\d+) (\d+)$/mg;
is(scalar keys %at, $now, 'every transaction told its time');
is(scalar(grep { !$happened{$_} } @names), 0, 'every operation came up: ' . join ', ', map { "$_ " . ($happened{$_} // 0) } @names);

# What the model expects, for the server to compare. Times are microseconds since 1970.
sub instant { return defined $_[0] ? "timestamptz 'epoch' + $_[0] * interval '1 microsecond'" : "'infinity'" }
sub fill
{
	my ($table, @lines) = @_;
	while (my @some = splice @lines, 0, 1000) { $node->safe_psql('postgres', "INSERT INTO $table VALUES " . join ', ', map { "($_)" } @some) }
}
fill('expected_state', map { (instant($at{$_}) . ", '$states[$_]'", instant($at{$_} - 1) . ", '" . ($_ > 1 ? $states[ $_ - 1 ] : '') . "'") } 1 .. $now);
fill('expected_version', map { "$_->[0], " . range($_->[1], $_->[2]) . ", $_->[3], " . instant($at{ $_->[4] }) . ', ' . instant($at{ $_->[5] }) } @closed);
fill('expected_version', map { "$_->{id}, " . range($_->{lo}, $_->{hi}) . ", $_->{v}, " . instant($at{ $_->{from} }) . ", 'infinity'" } @rows) if @rows;
fill('expected_both', map { instant($at{ $_->[0] }) . ', ' . day($_->[1]) . ", '$_->[2]'" } @both);

my $text = q{coalesce(string_agg(line, ',' ORDER BY line COLLATE "C"), '') FROM (SELECT id || ':' || lower(valid) - date '2024-01-01' || '-' || upper(valid) - date '2024-01-01' || '=' || v AS line FROM };
is($node->safe_psql('postgres', "SELECT count(*) FROM expected_state e WHERE e.state <> (SELECT $text b_as_of(e.at)) r)"), 0, 'b_as_of at every instant at which a transaction began, and before');
is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT * FROM expected_state ORDER BY md5(at::text) LIMIT 300) e WHERE e.state <> (SELECT $text tsmem.as_of(NULL::b, e.at)) r)"), 0, 'as_of at 300 of them');
is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT * FROM expected_state ORDER BY md5(state) LIMIT 300) e WHERE e.state <> (SELECT $text b_versions WHERE row_start <= e.at AND e.at < row_end) r)"), 0, 'b_versions at 300');
is($node->safe_psql('postgres', "SELECT count(*) FROM expected_both e WHERE e.state <> (SELECT $text tsmem.as_of(NULL::b, e.at, e.day)) r)"), 0, scalar(@both) . ' pairs of system and valid time');
is($node->safe_psql('postgres', "SELECT count(*) FROM expected_both e WHERE e.state <> (SELECT $text b_as_of(e.at) WHERE valid @> e.day) r)"), 0, 'the same by b_as_of');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM ((SELECT id, valid, v, row_start, row_end FROM b_versions EXCEPT ALL TABLE expected_version)
	UNION ALL (TABLE expected_version EXCEPT ALL SELECT id, valid, v, row_start, row_end FROM b_versions)) d}), 0, 'every version, and none else');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM b_versions x JOIN b_versions y ON x.id = y.id AND x.ctid_ < y.ctid_ AND x.valid && y.valid AND x.sys_period && y.sys_period} =~ s/b_versions (\w)/(SELECT *, row_number() OVER () AS ctid_ FROM b_versions) $1/gr), 0,
	'nothing is said twice of one key, at one valid time, at one system time');
is($node->safe_psql('postgres', "SELECT $text b) r"), state_text(), 'the rows of today');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM b_history'), '>', 5000, 'the history is long');
$node->stop;
done_testing();
