# Real ship positions: nearest ships within a time window and ships in a box, by the index and by reading all.
use strict;
use warnings;
use File::Spec;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $shared = shared_dir();
my $file = defined $shared ? "$shared/data/ais-us-2022-01-03/ais.csv.gz" : undef;
plan skip_all => 'the ship positions of 2022-01-03 are not beside the project' unless defined $file && -e $file;

# A part of them: every fourth of the day.
open my $ais, '-|', 'gzip', '-dc', $file or die "could not read $file: $!";
my $header = <$ais>;
like($header, qr/^mmsi,ts,lon,lat,/, 'the columns are the known ones');
my $node = start_node('spatial_ais');
my $part = File::Spec->rel2abs($node->basedir) . '/ais.csv';
open my $out, '>', $part or die;
my $rows = 0;
while (<$ais>)
{
	my ($mmsi, $ts, $lon, $lat) = split /,/;
	print $out "$mmsi,$ts,$lon,$lat\n" if $. % 4 == 0 && ++$rows;
}
close $out;
close $ais;

$node->safe_psql('postgres', <<SQL);
CREATE TABLE position (mmsi bigint, ts timestamptz, lon float8, lat float8);
COPY position FROM '$part' (FORMAT csv);
CREATE TABLE fix AS SELECT mmsi, tsmem.geodetic(tsmem.stbox(lon, lat, ts)) AS box FROM position;
CREATE INDEX fix_box ON fix USING gist (box);
ANALYZE fix;
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM fix'), $rows, "$rows positions are loaded");

my %places = ('New York' => '-74.05,40.65', 'Boston' => '-71.03,42.35', 'Los Angeles' => '-118.25,33.73', 'Honolulu' => '-157.87,21.30', 'the antimeridian' => '179.9,52', 'nowhere' => '60,-60');
my @windows = ('2022-01-03 00:02,2022-01-03 00:07', '2022-01-03 00:00,2022-01-03 00:00:30', '2022-01-03 00:00,2022-01-04 00:00');
my $settings = 'SET search_path = public, tsmem;';
my $by_table = "$settings SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off;";
my $by_index = "$settings SET enable_seqscan = off; SET enable_sort = off;";
my ($nearest, $inside, $plans) = (0, 0, 0);
for my $place (sort keys %places)
{
	for my $window (@windows)
	{
		my $here = "geodetic(stbox($places{$place}))";
		my $knn = "SELECT box <-> $here AS d FROM fix WHERE box && 'STBOX[$window)' ORDER BY box <-> $here LIMIT 10";
		my $query = "SELECT string_agg(d::text, ',') FROM ($knn) k";
		my $expected = $node->safe_psql('postgres', "$by_table $query");
		$nearest += $node->safe_psql('postgres', "$by_index $query") eq $expected;
		$plans += $node->safe_psql('postgres', "$by_index EXPLAIN $knn") =~ /Order By/;

		my $count = "SELECT count(*), sum(mmsi) FROM fix WHERE box && with_time(expand($here, 20000), '[$window)')";
		$inside += $node->safe_psql('postgres', "$by_index $count") eq $node->safe_psql('postgres', "$by_table $count");
	}
}
my $all = keys(%places) * @windows;
is($nearest, $all, 'the nearest ten within a time window are those of a sort');
is($plans, $all, 'by the order of the index');
is($inside, $all, 'ships within 20 km of a place are those of a sequential scan');

# Distances agree with a haversine written in SQL.
is($node->safe_psql('postgres', "$settings
	SELECT count(*) > 1000, count(*) FILTER (WHERE abs((geodetic(stbox(lon, lat, ts)) <-> geodetic(stbox(-74.05, 40.65)))
		- 2 * 6371008.7714150598 * asin(sqrt(sind((lat - 40.65) / 2) ^ 2 + cosd(lat) * cosd(40.65) * sind((lon + 74.05) / 2) ^ 2))) > 0.001)
	FROM position"), 't|0', 'distances are great circles');
$node->stop;
done_testing();
