# Vectors survive dump and restore and binary COPY to the bit; the binary form is the one that clients of
# pgvector speak, and bytes that are no vector are refused.
use strict;
use warnings;
use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('vector_forms');
my $dir = abs_path($node->basedir);    # the server opens these files too

# Numbers of every magnitude, the ends of the range, -0; short, long and out-of-line values; NULL.
$node->safe_psql('postgres', q{
	SET search_path = public, tsmem;
	CREATE TABLE item (id int PRIMARY KEY, v vector, three vector(3), many vector(2)[], code bit(8));
	INSERT INTO item
	SELECT i, (SELECT array_agg(((i * 37 + j * 101) % 2003 - 1001)::float8 * 10.0::float8 ^ ((i + 7 * j) % 70 - 40) ORDER BY j)
	           FROM generate_series(1, 1 + i * i % 900) j)::vector,
		ARRAY[i, -i, 1.0 / i]::vector, ARRAY['[1,2]'::vector, NULL, ARRAY[i, 0.1]::vector], binary_quantize('[1,-1,1,1,1,1,-1,1]')
	FROM generate_series(1, 100) i;
	INSERT INTO item VALUES
		(1001, '[3.4028235e38,-3.4028235e38,1.1754944e-38,1e-45,-1e-45,0,-0,0.1,16777217]', NULL, NULL, NULL),
		(1002, array_fill(0.1, ARRAY[16000])::vector, '[-0,0,1]', '{}', B'10101010');
	CREATE INDEX item_btree ON item (three);
	CREATE INDEX item_hash ON item USING hash (v);
	CREATE VIEW nearest AS SELECT id FROM item WHERE three IS NOT NULL ORDER BY three <-> '[10,-10,0]'::vector, id LIMIT 3;
	CREATE MATERIALIZED VIEW mean AS SELECT avg(three) FROM item;
});

my $fingerprint = q{
	SELECT count(*), md5(string_agg(concat_ws(',', id, tsmem.vector_send(v), tsmem.vector_send(three), many, code), ';' ORDER BY id))
	FROM public.item
	UNION ALL SELECT count(*), string_agg(id::text, ',') FROM public.nearest
	UNION ALL SELECT count(*), avg::text FROM public.mean GROUP BY avg
	UNION ALL SELECT atttypmod, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'public.item'::regclass AND attname = 'three'};
my $before = $node->safe_psql('postgres', $fingerprint);
like($before, qr/^102\|\w{32}\n3\|10,11,9\n/, 'the table is filled');

for my $format ('plain', 'custom')
{
	my $file = "$dir/dump.$format";
	$node->command_ok([ 'pg_dump', '--format', $format, '--file', $file, 'postgres' ], "dump, $format");
	$node->safe_psql('postgres', "CREATE DATABASE restored_$format");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', "restored_$format", '-f', $file ]
		: [ 'pg_restore', '--exit-on-error', '-d', "restored_$format", $file ],
		"restore, $format");
	is($node->safe_psql("restored_$format", $fingerprint), $before, "everything is equal after it, $format");
}

# Binary COPY there and back
$node->safe_psql('postgres', qq{
	CREATE TABLE copied (LIKE item);
	COPY item TO '$dir/item.bin' (FORMAT binary);
	COPY copied FROM '$dir/item.bin' (FORMAT binary);
});
is( $node->safe_psql('postgres', q{
		SELECT count(*) FROM item i FULL JOIN copied c USING (id)
		WHERE (tsmem.vector_send(i.v), tsmem.vector_send(i.three), i.many::text, i.code)
			IS DISTINCT FROM (tsmem.vector_send(c.v), tsmem.vector_send(c.three), c.many::text, c.code)}),
	'0', 'binary COPY gives every bit back');

# The bytes themselves
sub copy_file
{
	my ($payload) = @_;
	my $path = "$dir/one.bin";
	open my $fh, '>:raw', $path or die $!;
	print $fh "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('n', 1), pack('N', length $payload), $payload, pack('n', 0xffff);
	close $fh or die $!;
	return $path;
}
my $numbers = pack('f>*', 1, -2.5, 3.4028234663852886e38);
my $good = pack('nn', 3, 0) . $numbers;
$node->safe_psql('postgres', qq{
	CREATE TABLE one (v tsmem.vector);
	COPY one FROM '@{[ copy_file($good) ]}' (FORMAT binary);
	COPY one TO '$dir/out.bin' (FORMAT binary);
	CREATE TABLE two (v tsmem.vector(2));
});
is($node->safe_psql('postgres', 'SELECT v FROM one'), '[1,-2.5,3.4028235e+38]', 'the binary form is read');
is( do { local (@ARGV, $/) = "$dir/out.bin"; <> },
	do { local (@ARGV, $/) = copy_file($good); <> }, 'and written, byte for byte');

for my $case (
	[ 'no dimensions', pack('nn', 0, 0), '22000', 'vector must have at least 1 dimension' ],
	[ 'one too many', pack('nn', 16001, 0) . pack('f>*', (1) x 16001), '54000', 'vector cannot have more than 16000 dimensions' ],
	[ 'negative dimensions', pack('nn', 0xffff, 0), '54000', 'vector cannot have more than 16000 dimensions' ],
	[ 'something in the unused bytes', pack('nn', 3, 1) . $numbers, '22P03', 'expected unused to be 0, not 1' ],
	[ 'cut off', substr($good, 0, -1), '08P01', 'insufficient data left in message' ],
	[ 'half a header', pack('n', 3), '08P01', 'insufficient data left in message' ],
	[ 'nothing', '', '08P01', 'insufficient data left in message' ],
	[ 'a byte more', $good . "\0", '22P03', 'incorrect binary data format' ],
	[ 'NaN', pack('nnN', 1, 0, 0x7fc00000), '22000', 'NaN not allowed in vector' ],
	[ 'infinity', pack('nnN', 1, 0, 0xff800000), '22000', 'infinite value not allowed in vector' ],
	[ 'other dimensions than the column', $good, '22000', 'expected 2 dimensions, not 3', 'two' ])
{
	my ($name, $bytes, $code, $message, $table) = @$case;
	$table //= 'one';
	my ($status, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nCOPY $table FROM '@{[ copy_file($bytes) ]}' (FORMAT binary)");
	like($err, qr/ERROR:  $code: \Q$message\E/, "binary form refused: $name");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM one'), '1', 'and nothing was stored');

# Since 16 an error of the input function can be asked for instead of raised.
SKIP:
{
	skip 'no soft errors before PostgreSQL 16', 1 if $node->pg_version < 16;
	is( $node->safe_psql('postgres', q{
			SELECT literal, pg_input_is_valid(literal, 'tsmem.vector(2)'),
				(SELECT sql_error_code FROM pg_input_error_info(literal, 'tsmem.vector(2)'))
			FROM unnest(ARRAY['[1,2]', '1,2', '[1,', '[1,2]x', '[]', '[1,2', '[1,NaN]', '[1,inf]', '[1,4e38]', '[1]',
				'[' || repeat('1,', 16000) || '1]']) literal}) =~ s/1,1,[1,]*/.../r,
		join("\n", '[1,2]|t|', '1,2|f|22P02', '[1,|f|22P02', '[1,2]x|f|22P02', '[]|f|22000', '[1,2|f|22P02', '[1,NaN]|f|22000',
			'[1,inf]|f|22000', '[1,4e38]|f|22003', '[1]|f|22000', '[...]|f|54000'),
		'every error of the text form is soft');
}

$node->stop;
done_testing();
