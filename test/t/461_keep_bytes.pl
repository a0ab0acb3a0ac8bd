# After an erasure and VACUUM FULL no file of the database holds a byte of the values: those of the table, its history, its segments,
# their TOAST tables and indexes, and the statistics. Neither does a standby's.
use strict;
use warnings;
use File::Find;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('keep_bytes', "autovacuum = off\n", allows_streaming => 1);
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('keep_bytes_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

# Bytes that nothing compresses, so that they are in a file as they are wherever they are first met. One for each version.
my %marker = (first => 'Qz7x!Vk2p', second => 'Wj5%Hb9#t', current => 'Lm3&Xr8@y', key => 'Kc4=Dn6+s', neighbour => 'Pf1~Gv0^u');
$node->safe_psql('postgres', qq{
	CREATE TABLE person (name text PRIMARY KEY, note text, data jsonb, long text);
	CREATE INDEX ON person (note);
	CREATE STATISTICS person_both (mcv) ON name, note FROM person;
	SELECT tsmem.add_system_versioning('person');
	-- The versions of many share a block, whose base image is its first row; long values are TOASTed.
	INSERT INTO person SELECT 'p' || i, 'note ' || i, jsonb_build_object('k', i), 'short' FROM generate_series(1, 300) i;
	INSERT INTO person VALUES ('$marker{key}', 'note $marker{first}', jsonb_build_object('k', '$marker{first}'), repeat('$marker{first}', 3) || (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 200) i));
	UPDATE person SET note = note || '$marker{neighbour}' WHERE name IN ('p1', 'p2', 'p3');
	UPDATE person SET note = 'note ' || CASE name WHEN '$marker{key}' THEN '$marker{second}' ELSE name END, data = data || '{"x": 1}';
	UPDATE person SET data = data || '{"y": 2}';
	SELECT tsmem.fold('person');
	UPDATE person SET note = 'note ' || '$marker{current}', data = jsonb_build_object('k', '$marker{current}') WHERE name = '$marker{key}';
	UPDATE person SET data = data || '{"z": 3}';
	ANALYZE;
});

# The files of the database that hold a text.
sub files_with
{
	my ($of, $text) = @_;
	my $database = $of->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'postgres'});
	my @found;
	find({ no_chdir => 1, wanted => sub {
		return unless -f $_;
		open my $fh, '<:raw', $_ or return;
		local $/;
		my $bytes = <$fh>;
		push @found, $_ if index($bytes // '', $text) >= 0;
	} }, $of->data_dir . "/base/$database");
	return @found;
}

sub relation_file { return $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('$_[0]')"); }

$node->safe_psql('postgres', 'CHECKPOINT');
for my $name (sort keys %marker)
{
	cmp_ok(scalar files_with($node, $marker{$name}), '>', 0, "the $name value is there before");
}
my $segments = relation_file('person_history_segments');
ok((grep { $_ eq $segments } files_with($node, $marker{first})), 'that of a folded version in the segments');
is($node->safe_psql('postgres', "SELECT current_rows, tail_versions, segment_versions FROM tsmem.erase('person', to_jsonb('$marker{key}'::text))"), '1|2|2', 'erased');
is($node->safe_psql('postgres', "SELECT * FROM tsmem.verify('person')"), '', 'the segments are sound');
is($node->safe_psql('postgres', q{SELECT count(*) FROM person_versions}), 300 * 4 + 3, 'the others are there');

$node->safe_psql('postgres', "VACUUM (FULL, ANALYZE) $_") for qw(person person_history person_history_segments);
$node->safe_psql('postgres', "VACUUM FULL $_") for qw(pg_statistic pg_statistic_ext_data);
$node->safe_psql('postgres', 'CHECKPOINT');
for my $name (qw(first second current key))
{
	is(join(' ', files_with($node, $marker{$name})), '', "no file has the $name value");
}
cmp_ok(scalar files_with($node, $marker{neighbour}), '>', 0, 'what others have is there');

$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$standby->safe_psql('postgres', 'CHECKPOINT');
for my $name (qw(first second current key))
{
	is(join(' ', files_with($standby, $marker{$name})), '', "no file of the standby has the $name value");
}

# Reads of a standby mind the horizon as those of the primary do, in sessions that have a plan from before too.
$node->safe_psql('postgres', q{
	CREATE TABLE price (item int PRIMARY KEY, amount int);
	SELECT tsmem.add_system_versioning('price');
	INSERT INTO price VALUES (1, 0);
	SELECT tsmem.import_history('price', $$SELECT 1 AS item, y AS amount, make_timestamptz(y, 1, 1, 0, 0, 0) AS row_start, make_timestamptz(y + 1, 1, 1, 0, 0, 0) AS row_end
		FROM generate_series(2000, 2019) y$$);
	SELECT tsmem.fold('price', now() - '2010-01-02 00:00+00')});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my ($out, $err) = ('', '');
my $script = "$PostgreSQL::Test::Utils::tmp_check/keep_standby.sql";
append_to_file($script, q{
	SET plan_cache_mode = force_generic_plan;
	PREPARE r(timestamptz) AS SELECT amount FROM price_as_of($1);
	EXECUTE r('2005-06-01');
	DO $$ BEGIN
		WHILE (SELECT horizon = '-infinity' FROM tsmem.versioned_tables WHERE rel = 'price'::regclass) LOOP PERFORM pg_sleep(0.05); END LOOP;
	END $$;
	EXECUTE r('2005-06-01');
	EXECUTE r('2007-06-01');
});
my $session = IPC::Run::start([ 'psql', '-XAtq', '-f', $script, $standby->connstr('postgres') ], '>', \$out, '2>', \$err);
$standby->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$node->safe_psql('postgres', q{SELECT tsmem.prune('price', '2007-01-01')});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$session->finish;
is($out, "2005\n2007\n", 'a standby reads what there is at its time');
like($err, qr/does not reach back that far/, 'and not what is left');
my $ret;
($ret, $out, $err) = $standby->psql('postgres', q{SELECT tsmem.prune('price', '2008-01-01')});
like($err, qr/read-only/, 'it does not prune');
($ret, $out, $err) = $standby->psql('postgres', q{SELECT tsmem.erase('price', '1')});
like($err, qr/read-only/, 'nor erase');
is($standby->safe_psql('postgres', q{SELECT tsmem.is_erased('price', '1')}), 'f', 'and tells what was erased');

# A dump carries the horizon and the tombstones.
my $dump = "$PostgreSQL::Test::Utils::tmp_check/keep.dump";
command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'restored');
is($node->safe_psql('restored', q{SELECT tsmem.is_erased('person', to_jsonb('} . $marker{key} . q{'::text)), tsmem.is_erased('person', '"p1"')}), 't|f', 'tombstones are there');
is($node->safe_psql('restored', q{SET timezone = 'UTC'; SELECT horizon, horizon_xid FROM tsmem.versioned_tables WHERE rel = 'price'::regclass}), '2007-01-01 00:00:00+00|0', 'and the horizon');
($ret, $out, $err) = $node->psql('restored', q{SELECT amount FROM price_as_of('2006-12-31')});
like($err, qr/does not reach back that far/, 'which is minded');
is($node->safe_psql('restored', q{SELECT amount FROM price_as_of('2007-12-31')}), '2007', 'as is the rest');
$standby->stop;
$node->stop;
done_testing();
