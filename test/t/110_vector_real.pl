# Exact search over real text embeddings finds the neighbours that were computed outside the server.
use strict;
use warnings;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use IO::Uncompress::Unzip qw(unzip $UnzipError);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $shared = shared_dir();
plan skip_all => 'no data sets beside the project' unless defined $shared && -d "$shared/data/text-embeddings-cohere";
my $source = "$shared/data/text-embeddings-cohere";
my ($queries, $neighbours) = (40, 10);

# (type, rows, columns, bytes of the elements) of an array in NumPy's format
sub npy
{
	my ($content) = @_;
	my $header = substr $content, 10, unpack 'v', substr $content, 8, 2;
	$header =~ /'descr': '<(\w+)', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/ or die "unexpected array: $header";
	return ($1, $2, $3, substr $content, 10 + length $header);
}

# The values of all halves, indexed by their bits
my @half = map {
	my ($exponent, $fraction) = ($_ >> 10 & 31, $_ & 1023);
	my $size = $exponent ? (1024 + $fraction) * 2**($exponent - 25) : $fraction * 2**-24;
	sprintf '%.9g', $_ & 0x8000 ? -$size : $size;
} 0 .. 65535;

# Rows for COPY: number and vector
sub copy_rows
{
	my ($file) = @_;
	gunzip "$source/$file" => \my $content or die $GunzipError;
	my ($type, $rows, $dim, $bytes) = npy($content);
	die "unexpected type $type" unless $type eq 'f2';
	return join '', map { "$_\t[" . join(',', @half[ unpack 'v*', substr $bytes, 2 * $dim * $_, 2 * $dim ]) . "]\n" } 0 .. $rows - 1;
}

my $node = start_node('vector_real');
for my $table ([ 'base', 'base_8800x768_f16.npy.gz' ], [ 'query', 'query_200x768_f16.npy.gz' ])
{
	my ($name, $file) = @$table;
	$node->safe_psql('postgres', "CREATE TABLE $name (id int, v tsmem.vector(768));\nCOPY $name FROM stdin;\n" . copy_rows($file) . "\\.\n");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM base'), '8800', 'the embeddings are loaded');

unzip "$source/groundtruth_cosine_top100.npz" => \my $ids, Name => 'ids.npy' or die $UnzipError;
my ($type, $rows, $columns, $bytes) = npy($ids);
is($type, 'i4', 'neighbours are given by number');

my ($found, $farther) = (0, 0);
my @answers = split /\n/, $node->safe_psql('postgres', qq{
	SET search_path = public, tsmem;
	SELECT (SELECT string_agg(id::text, ',') FROM (SELECT id FROM base ORDER BY base.v <=> query.v LIMIT $neighbours) s)
	FROM query WHERE id < $queries ORDER BY id});
for my $query (0 .. $queries - 1)
{
	my %true = map { $_ => 1 } (unpack 'l<*', substr $bytes, 4 * $columns * $query, 4 * $columns)[ 0 .. $neighbours - 1 ];
	$found += grep { $true{$_} } split /,/, $answers[$query];
}
# The given ones come from the numbers before they were rounded to halves: a pair at nearly one distance may change places.
cmp_ok($found, '>=', 0.99 * $queries * $neighbours, "$found of " . $queries * $neighbours . ' neighbours are found');

is( $node->safe_psql('postgres', q{
		SET search_path = public, tsmem;
		SELECT count(*) FROM query q, LATERAL (SELECT array_agg(id) AS ids FROM (SELECT id FROM base ORDER BY base.v <-> q.v, id LIMIT 10) s) l2,
			LATERAL (SELECT array_agg(id) AS ids FROM (SELECT id FROM base ORDER BY l2_normalize(base.v) <#> l2_normalize(q.v), id LIMIT 10) s) ip
		WHERE q.id < 2 AND NOT (l2.ids <@ ip.ids)}),
	'0', 'for unit vectors, L2 and inner product find the same');

$node->stop;
done_testing();
