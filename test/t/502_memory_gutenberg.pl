# Recall over real passages and vectors gives what is computed outside the server.
use strict;
use warnings;
use File::Spec;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use JSON::PP;
use List::Util qw(min sum0);
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $shared = shared_dir();
plan skip_all => 'no data sets beside the project' unless defined $shared && -d "$shared/data/gutenberg-passages";
my $source = "$shared/data/gutenberg-passages";
my ($step, $dim, $k) = (10, 128, 10);    # every 10th passage

# The values of all halves, indexed by their bits.
my @half = map {
	my ($exponent, $fraction) = ($_ >> 10 & 31, $_ & 1023);
	my $size = $exponent ? (1024 + $fraction) * 2**($exponent - 25) : $fraction * 2**-24;
	$_ & 0x8000 ? -$size : $size;
} 0 .. 65535;

gunzip "$source/vectors_12000x128_f16.npy.gz" => \my $array or die $GunzipError;
my $header = substr $array, 10, unpack 'v', substr $array, 8, 2;
$header =~ /'descr': '<f2', 'fortran_order': False, 'shape': \((\d+), $dim\)/ or die "unexpected array: $header";
my $bytes = substr $array, 10 + length $header;
gunzip "$source/passages.jsonl.gz" => \my $lines or die $GunzipError;
my @lines = split /\n/, $lines;
my @passages = map { decode_json($lines[ $_ * $step ]) } 0 .. $#lines / $step;
for my $passage (@passages)
{
	my @vector = @half[ unpack 'v*', substr $bytes, 2 * $dim * $passage->{id}, 2 * $dim ];
	my $norm = sqrt sum0(map { $_ * $_ } @vector);
	$passage->{vector} = \@vector;
	$passage->{unit} = [ map { $_ / $norm } @vector ];
	$passage->{words} = { map { lc($_) => 1 } $passage->{text} =~ /\b([A-Za-z]{5,})\b/g };
}
cmp_ok(scalar @passages, '>', 1000, 'passages are there');

my $node = start_node('gutenberg');
$node->safe_psql('postgres', "SELECT tsmem.create_collection('passages', dimensions => $dim, text_config => 'simple')");
my $file = File::Spec->rel2abs($node->basedir) . '/passages.jsonl';
append_to_file($file, join '', map { JSON::PP->new->ascii->encode({ content => $_->{text}, memory_id => sprintf('00000000-0000-0000-0000-%012d', $_->{id}),
	embedding => $_->{vector}, metadata => { book => $_->{book}, id => $_->{id} } }) . "\n" } @passages);
$node->safe_psql('postgres', "CREATE TABLE lines (line jsonb); COPY lines FROM '$file' (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02');
	SELECT cardinality(tsmem.remember_many('passages', (SELECT array_agg(line) FROM lines)))");
is($node->safe_psql('postgres', 'SELECT count(*) FROM tsmem.memory'), scalar @passages, 'all are remembered');

# The ids of the nearest, by cosine, among those that pass.
sub nearest
{
	my ($query, $pass) = @_;
	my %product = map {
		my $unit = $_->{unit};
		($_->{id} => sum0(map { $unit->[$_] * $query->{unit}[$_] } 0 .. $dim - 1))
	} grep { $pass->($_) } @passages;
	my @best = sort { $product{$b} <=> $product{$a} || $a <=> $b } keys %product;
	return join ',', @best[ 0 .. min($k, scalar @best) - 1 ];
}
sub recalled
{
	my ($arguments) = @_;
	return $node->safe_psql('postgres', "SELECT string_agg(metadata ->> 'id', ',' ORDER BY n) FROM (SELECT *, row_number() OVER () AS n FROM tsmem.recall('passages', k => $k, weights => '{\"importance\": 0}', $arguments)) r");
}
my @queries = map { $passages[ $_ * 97 % @passages ] } 1 .. 8;
for my $query (@queries)
{
	my $vector = "embedding => '[" . join(',', @{ $query->{vector} }) . "]'";
	is(recalled($vector), nearest($query, sub { 1 }), "nearest to passage $query->{id}");
	is(recalled("$vector, filter => '{\"ne\": [\"book\", \"$query->{book}\"]}'"), nearest($query, sub { $_[0]{book} ne $query->{book} }), '... in other books');
	is(recalled("$vector, filter => '{\"and\": [{\"eq\": [\"book\", \"$query->{book}\"]}, {\"gt\": [\"id\", $query->{id}]}]}'"),
		nearest($query, sub { $_[0]{book} eq $query->{book} && $_[0]{id} > $query->{id} }), '... further on in the book');
}

# Words: exactly the passages with any of them match; a passage is found by its own rarest words and its neighbour's vector.
my %passages_with;
for my $passage (@passages) { $passages_with{$_}++ for keys %{ $passage->{words} } }
for my $query (@queries)
{
	my @words = (sort { $passages_with{$a} <=> $passages_with{$b} || $a cmp $b } keys %{ $query->{words} })[ 0 .. 2 ];
	my $expected = join ',', sort { $a <=> $b } map { $_->{id} } grep { my $p = $_; grep { lc($p->{text}) =~ /\b$_\b/ } @words } @passages;
	is($node->safe_psql('postgres', "SELECT string_agg(metadata ->> 'id', ',' ORDER BY (metadata ->> 'id')::int) FROM tsmem.recall('passages', '@words', k => 1000)"), $expected, "passages with @words");
	my $top = recalled("query => '@words', embedding => '[" . join(',', @{ $query->{vector} }) . "]'") =~ s/,.*//r;
	is($top, $query->{id}, '... and words and meaning together find the passage');
}
$node->stop;
done_testing();
