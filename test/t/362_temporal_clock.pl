# The clock of the server steps back by an hour: rows are then newer than transactions that begin later. No version
# overlaps another, none is empty, and what was on record at an instant stays what is read as of it. Needs libfaketime.
use strict;
use warnings;
use File::Spec;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'needs libfaketime (Debian: libfaketime)' unless $library;

my $file = File::Spec->rel2abs("$PostgreSQL::Test::Utils::tmp_check/clock");
sub step
{
	open my $fh, '>', $file or die "could not write $file: $!";
	print $fh "$_[0]\n";
	close $fh;
}
step('+0');
my $node = PostgreSQL::Test::Cluster->new('clock');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
{
	local %ENV = (%ENV, LD_PRELOAD => $library, FAKETIME_TIMESTAMP_FILE => $file, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
	$node->start;
}
sub sql { return $node->safe_psql('postgres', $_[0]) }
sub code { my ($sql) = @_; my ($status, undef, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", on_error_stop => 1); return $status == 0 ? 'done' : $err =~ /ERROR:  (\w{5})/ ? $1 : $err }

sql(q{CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem;
	CREATE TABLE t (id int PRIMARY KEY, v int);
	CREATE TABLE p (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
	SELECT tsmem.add_system_versioning('t'), tsmem.add_system_versioning('p')});
sql('INSERT INTO t SELECT i, 0 FROM generate_series(1, 6) i');
sql('INSERT INTO p SELECT i, 1, 0 FROM generate_series(1, 3) i');
sql('UPDATE t SET v = 1 WHERE id = 1');
my $before = sql('SELECT clock_timestamp()');
sub state_at { return sql("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM t_as_of('$_[0]')") }
my $state = state_at($before);
is($state, '1=1 2=0 3=0 4=0 5=0 6=0', 'what is on record before the step');

step('-3600');
cmp_ok(sql("SELECT clock_timestamp() < timestamptz '$before' - interval '59 minutes'"), 'eq', 't', 'the clock has stepped back');

# Strict: every change of a row that is newer than the transaction is refused; new keys may come.
my $strict = 'SET tsmem.system_time_conflict = strict;';
is(code("$strict $_"), '2201H', "strict: $_") for 'UPDATE t SET v = 9 WHERE id = 2', 'DELETE FROM t WHERE id = 2', 'INSERT INTO t VALUES (2, 9) ON CONFLICT (id) DO UPDATE SET v = 9',
	'UPDATE p SET k = 2 WHERE id = 1', 'MERGE INTO t USING (VALUES (2)) x(id) ON t.id = x.id WHEN MATCHED THEN DELETE';
is(code("$strict UPDATE t SET v = v WHERE id = 2"), 'done', 'strict: what changes nothing is let be');
is(code("$strict INSERT INTO t VALUES (7, 0)"), 'done', 'strict: a new key');
is(state_at($before), "$state 7=0", 'which began in the time of the server');

# Adjust: the version ends a microsecond after it began.
sql('UPDATE t SET v = 2 WHERE id = 1');
sql('UPDATE t SET v = 3 WHERE id = 1');
sql('BEGIN; UPDATE t SET v = 2 WHERE id = 2; UPDATE t SET v = 3 WHERE id = 2; COMMIT');
sql('DELETE FROM t WHERE id = 3');
sql('INSERT INTO t VALUES (3, 5)');
sql('BEGIN; DELETE FROM t WHERE id = 4; INSERT INTO t VALUES (4, 5); COMMIT');
sql('INSERT INTO t VALUES (5, 5) ON CONFLICT (id) DO UPDATE SET v = excluded.v');
sql('UPDATE p SET k = 2, v = 1; UPDATE p SET v = 2 WHERE id = 2; DELETE FROM p WHERE id = 3');
is(sql(q{SELECT string_agg(id || ':' || v, ' ' ORDER BY id, row_start) FROM t_versions WHERE id < 7}),
	'1:0 1:1 1:2 1:3 2:0 2:3 3:0 3:5 4:0 4:5 5:0 5:5 6:0', 'every version is there');
for my $table ('t', 'p')
{
	is(sql("SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start, row_end) n FROM ${table}_versions) v WHERE row_start >= row_end OR n < row_end"),
		'0', "$table: none is empty, none overlap");
	is(sql("SELECT count(*) FROM (SELECT row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start, row_end) n FROM ${table}_versions) v WHERE n <> row_end"),
		'0', "$table: none leaves a gap");
}
is(sql(q{SELECT count(*) FROM t_history WHERE id IN (2, 5) AND row_end = row_start + interval '1 microsecond'}), '2', 'versions end a microsecond after they began');
is(sql(q{SELECT bool_and(row_start < row_end) FROM t_versions WHERE row_start > clock_timestamp()}), 't', 'in what is the future of the clock');
is(code(q{SELECT tsmem.import_history('t', format($$SELECT 8 AS id, 0 AS v, timestamptz '2020-01-01' AS row_start, timestamptz %L AS row_end$$, clock_timestamp() + interval '1 minute'))}), '22008', 'history is not imported from the future of the clock');

# The clock is right again.
step('+0');
sql('UPDATE t SET v = 10 WHERE id < 7');
is(sql("SELECT count(*) FROM t WHERE id < 7 AND row_start > '$before'"), '6', 'new versions begin in the time of the clock again');
is(sql("SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start, row_end) n FROM t_versions) v WHERE row_start >= row_end OR n <> row_end"),
	'0', 'and follow those before');
is(sql("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM t_as_of(clock_timestamp())"), '1=10 2=10 3=10 4=10 5=10 6=10 7=0', 'now is now');
$node->stop;
done_testing();
