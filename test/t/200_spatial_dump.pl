# Boxes survive dump and restore, with their index and its answers, and both forms of COPY.
use strict;
use warnings;
use File::Spec;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('spatial_dump', "timezone = 'Asia/Kolkata'");
my $dir = File::Spec->rel2abs($node->basedir);

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE fix (id int PRIMARY KEY, box tsmem.stbox,
	EXCLUDE USING gist (box WITH tsmem.~=));
INSERT INTO fix
SELECT i, CASE i % 6
	WHEN 0 THEN tsmem.geodetic(tsmem.stbox(i / 20.0 - 100, i / 90.0, timestamptz '2024-01-01' + i * interval '1.000001 s'))
	WHEN 1 THEN tsmem.stbox(i / 3.0, 1e-300 * i, i / 3.0 + 1e9, 1e300, tstzrange(NULL, timestamptz '2024-01-01' + i * interval '1 us'))
	WHEN 2 THEN tsmem.stbox(tstzrange(timestamptz '2024-01-01' + i * interval '1 us', timestamptz '2024-06-01' + i * interval '1 us', '(]'))
	WHEN 3 THEN format('STBOX((,,%s),(,,infinity))', -i / 11.0)::tsmem.stbox
	WHEN 4 THEN tsmem.stbox(i * 0.1, i, -i, timestamptz '0044-03-15 BC' + i * interval '1 us') END
FROM generate_series(1, 5000) i;
CREATE INDEX fix_box ON fix USING gist (box);
CREATE VIEW near AS SELECT id FROM fix WHERE box OPERATOR(tsmem.<<#) 'STBOX[2024-01-01 01:00+00,2024-02-01)';
CREATE TABLE default_place (place tsmem.stbox DEFAULT 'STBOX((1.5,2)),[2024-01-01 00:00:00+00,2024-01-02 00:00:00+00)');
SQL

my $content = q{SELECT count(*), md5(string_agg(id || ':' || encode(tsmem._stbox_send(box), 'hex'), ',' ORDER BY id)) FROM fix WHERE box IS NOT NULL};
my $windows = q{
	SET enable_seqscan = off; SET enable_bitmapscan = off;
	SELECT count(*), sum(id) FROM fix WHERE box OPERATOR(tsmem.<@) 'STBOX[2023-12-31,2024-07-01)';
	SELECT string_agg(id::text, ',' ORDER BY id) FROM (SELECT id FROM fix WHERE box OPERATOR(tsmem.#>>) 'STBOX[,2023-05-01)' ORDER BY id LIMIT 20) f};
my $expected = $node->safe_psql('postgres', $content);
my $answers = $node->safe_psql('postgres', $windows);
like($expected, qr/^4167\|/, 'there is something to dump');

for my $format (qw(plain custom))
{
	my $file = "$dir/dump.$format";
	$node->command_ok([ 'pg_dump', '-F', $format, '-f', $file, '-d', $node->connstr('postgres') ], "dump, $format");
	$node->safe_psql('postgres', "CREATE DATABASE restored_$format");
	$node->command_ok($format eq 'plain' ? [ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr("restored_$format") ]
		: [ 'pg_restore', '-e', '-d', $node->connstr("restored_$format"), $file ], "restore, $format");
	is($node->safe_psql("restored_$format", $content), $expected, "every box is the same to the bit, $format");
	is($node->safe_psql("restored_$format", $windows), $answers, "the index gives the same answers, $format");
	is($node->safe_psql("restored_$format", 'INSERT INTO default_place DEFAULT VALUES RETURNING place'),
		$node->safe_psql('postgres', 'INSERT INTO default_place DEFAULT VALUES RETURNING place'), "the default is the same, $format");
	is($node->safe_psql("restored_$format", 'SELECT count(*) FROM near'), $node->safe_psql('postgres', 'SELECT count(*) FROM near'), "the view is the same, $format");
}

# COPY in text, CSV and binary, and the binary form through a driver's eyes: one box and its bytes.
for my $format (qw(text csv binary))
{
	$node->safe_psql('postgres', "COPY fix TO '$dir/fix.$format' (FORMAT $format); CREATE TABLE copy_$format (LIKE fix);
		COPY copy_$format FROM '$dir/fix.$format' (FORMAT $format)");
	is($node->safe_psql('postgres', $content =~ s/FROM fix/FROM copy_$format/r), $expected, "COPY, $format");
}
is($node->safe_psql('postgres', q{SELECT encode(tsmem._stbox_send('STBOX((1,2)),[2000-01-01 00:00:00+00,2000-01-01 00:00:00.000002+00)'), 'hex')}),
	'010b' . '3ff0000000000000' x 2 . '4000000000000000' x 2 . '0000000000000000' . '0000000000000001', 'the binary form is as documented');

$node->stop;
done_testing();
