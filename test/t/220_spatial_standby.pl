# A streaming standby replays the index, every record compared with its page, and answers from it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('spatial_primary', "wal_consistency_checking = 'gist'\nwal_keep_size = 512MB", allows_streaming => 1);
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('spatial_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE fix (id int, box tsmem.stbox);
CREATE INDEX fix_box ON fix USING gist (box);
INSERT INTO fix SELECT i, tsmem.stbox((i * 7919 % 10007) / 10.0, (i * 104729 % 10007) / 10.0, timestamptz '2024-01-01' + i * interval '1 minute') FROM generate_series(1, 6000) i;
DELETE FROM fix WHERE id % 5 = 0;
VACUUM fix;
UPDATE fix SET box = tsmem.expand(box, 0.5) WHERE id % 7 = 0;
SQL
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));

my $query = q{SET enable_seqscan = off;
	SELECT count(*), sum(id) FROM fix WHERE box OPERATOR(tsmem.&&) 'STBOX((100,100),(200,300))';
	SELECT count(*), sum(id) FROM fix WHERE box OPERATOR(tsmem.&&) 'STBOX((1,1),(900,900)),[2024-01-03,2024-01-04)';
	SELECT string_agg(d::text, ',') FROM (SELECT box OPERATOR(tsmem.<->) 'STBOX((500,500))' AS d FROM fix ORDER BY box OPERATOR(tsmem.<->) 'STBOX((500,500))' LIMIT 20) o;};
my $expected = $node->safe_psql('postgres', $query =~ s/seqscan = off/indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off/r);
is($node->safe_psql('postgres', $query), $expected, 'the primary\'s index answers');
is($standby->safe_psql('postgres', $query), $expected, 'so does the standby\'s');
like($standby->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN SELECT FROM fix WHERE box OPERATOR(tsmem.&&) 'STBOX((1,1))'"), qr/fix_box/, 'by its index');
$standby->promote;
$standby->safe_psql('postgres', "INSERT INTO fix SELECT i, tsmem.stbox(i, i) FROM generate_series(1, 1000) i");
is($standby->safe_psql('postgres', "SET enable_seqscan = off; SELECT count(*) FROM fix WHERE box OPERATOR(tsmem.=) 'STBOX((500,500))'"), '1', 'promoted, it takes more');
$standby->stop;
$node->stop;
done_testing();
