# A standby, every WAL record of which is compared with its page, reads what was folded, merged and unfolded; promoted it folds.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('fold_primary', "wal_consistency_checking = 'all'\nwal_keep_size = 512MB\nautovacuum = off", allows_streaming => 1);
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('fold_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v int, note text);
	SELECT tsmem.add_system_versioning('t');
	INSERT INTO t SELECT i, 0, md5(i::text) FROM generate_series(1, 200) i;
});
$node->safe_psql('postgres', "UPDATE t SET v = v + 1, note = note || v || repeat('-', id * 20)") for 1 .. 10;
my $query = q{SELECT count(*), sum(hashtextextended(v::text, 0)) FROM t_versions v;
	SELECT count(*), sum(hashtextextended(v::text, 0)) FROM t_as_of((SELECT min(row_start) + (max(row_start) - min(row_start)) / 2 FROM t_versions)) v};
my $expected = $node->safe_psql('postgres', $query);

sub same
{
	my ($what) = @_;
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	is($node->safe_psql('postgres', $query), $expected, "the history is the same $what");
	is($standby->safe_psql('postgres', $query), $expected, "on the standby too $what");
}
same('before');
$node->safe_psql('postgres', q{SELECT tsmem.fold('t', max_versions => 300)}) for 1 .. 3;
same('half folded');
$node->safe_psql('postgres', q{SELECT tsmem.fold('t'); VACUUM t_history});
same('folded');
$node->safe_psql('postgres', q{SELECT tsmem.merge('t'); VACUUM t_history_segments});
same('merged');
$node->safe_psql('postgres', q{SELECT tsmem.unfold('t')});
same('unfolded');
$node->safe_psql('postgres', q{SELECT tsmem.fold('t')});
same('folded again');
like(($standby->psql('postgres', q{SELECT tsmem.fold('t')}))[2], qr/read-only|recovery/, 'a standby does not fold');
$standby->promote;
$standby->safe_psql('postgres', 'UPDATE t SET v = -1');
is($standby->safe_psql('postgres', q{SELECT versions FROM tsmem.fold('t')}), 200, 'promoted, it does');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM tsmem.verify('t')}), 0, 'and verify is silent');
$standby->stop;
$node->stop;
done_testing();
