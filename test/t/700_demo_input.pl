# What the demo reads: the project's git history, the machine's time zones, and arrays of float16. Each against what
# somebody else says about the same: git itself, PostgreSQL's own time zones, values worked out by hand.
use strict;
use warnings;
use Config;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;
use TsmemTest;

my $demo = project_dir() . '/docs/demo';
my $scratch = tempdir(CLEANUP => 1);

sub write_file
{
	my ($path, $content) = @_;
	make_path($path =~ s{/[^/]*$}{}r);
	open(my $out, '>:raw', $path) or die "could not write $path: $!";
	print $out $content;
	close $out;
}

# Rows of a file in COPY's text format, NULL as undef.
sub rows_of
{
	my ($path) = @_;
	my %unescape = (n => "\n", t => "\t", r => "\r");
	open(my $in, '<:raw', $path) or die "could not open $path: $!";
	return map {
		chomp;
		[ map { $_ eq '\N' ? undef : s/\\(.)/$unescape{$1} \/\/ $1/ger } split /\t/, $_, -1 ]
	} <$in>;
}

# Runs a program of the demo and returns its output.
sub answer_of
{
	my ($program, @arguments) = @_;
	open(my $pipe, '-|', $^X, "$demo/$program", @arguments) or die "could not run $program: $!";
	local $/;
	my $output = <$pipe>;
	close $pipe;
	return $output;
}

sub git
{
	my ($repository, @arguments) = @_;
	local $ENV{GIT_CONFIG_GLOBAL} = '/dev/null';
	local $ENV{GIT_CONFIG_SYSTEM} = '/dev/null';
	local @ENV{qw(GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL)} =
	  ('a', 'a@b.example', 'a', 'a@b.example');
	open(my $pipe, '-|', 'git', '-C', $repository, @arguments) or die "could not run git: $!";
	binmode $pipe;
	local $/;
	my $output = <$pipe>;
	close $pipe or die "git @arguments failed";
	return $output;
}

sub commit
{
	my ($repository, $at, $subject, %files) = @_;
	for my $path (sort keys %files)
	{
		if (defined $files{$path}) { write_file("$repository/$path", $files{$path}) }
		else { unlink "$repository/$path" }
	}
	local @ENV{qw(GIT_AUTHOR_DATE GIT_COMMITTER_DATE)} = ("$at +0000") x 2;
	git($repository, 'add', '-A');
	git($repository, qw(commit -q -m), $subject);
}

SKIP:
{
	skip 'git is not installed', 14 unless grep { -x "$_/git" } split /:/, $ENV{PATH};
	my ($repository, $out) = ("$scratch/repository", "$scratch/history");
	make_path($repository, $out);
	git($repository, qw(init -q -b main));
	my $odd = "tab\there, back\\slash, carriage\rreturn, \xc3\xa9\nno newline at the end";
	commit($repository, 1700000000, "first\tcommit", 'README.md' => "one\n", 'src/x.c' => "int x;\n", 'docs/odd.md' => $odd);
	commit($repository, 1700000100, 'second', 'README.md' => "one\ntwo\n", 'docs/raw.md' => "\xff\xfe");
	git($repository, qw(checkout -q -b side));
	commit($repository, 1700000150, 'on the side', 'docs/side.md' => "side\n");
	git($repository, qw(checkout -q main));
	commit($repository, 1700000200, 'third', 'docs/odd.md' => undef, 'src/x.c' => "int y;\n");
	{
		local @ENV{qw(GIT_AUTHOR_DATE GIT_COMMITTER_DATE)} = ('1700000300 +0000') x 2;
		git($repository, qw(merge -q --no-ff -m merged side));
	}
	is(answer_of('git_history.pl', $repository, $out), "4 commits of this git repository\n", 'the first-parent line is read');
	is_deeply([ rows_of("$out/commits.tsv") ],
		[ map { [ $_->[0], git($repository, 'rev-parse', $_->[1]) =~ s/\n//r, $_->[2], $_->[3] ] }
			[ 1, 'main~3', '2023-11-14 22:13:20+00', "first\tcommit" ], [ 2, 'main~2', '2023-11-14 22:15:00+00', 'second' ],
			[ 3, 'main~1', '2023-11-14 22:16:40+00', 'third' ], [ 4, 'main', '2023-11-14 22:18:20+00', 'merged' ] ],
		'commits in their order');
	is_deeply([ rows_of("$out/documents.tsv") ],
		[ [ 1, 'README.md', "one\n" ], [ 1, 'docs/odd.md', $odd ], [ 2, 'README.md', "one\ntwo\n" ], [ 2, 'docs/raw.md', undef ],
			[ 3, 'docs/odd.md', undef ], [ 4, 'docs/side.md', "side\n" ] ],
		'documents byte for byte, the one that is no text left out');

	# Replaying the changes gives the trees that git lists.
	my (%tree, %at);
	for (rows_of("$out/changes.tsv"))
	{
		my ($ordinal, $path, $blob) = @$_;
		if (defined $blob) { $tree{$path} = $blob } else { delete $tree{$path} }
		$at{$ordinal} = {%tree};
	}
	for my $ordinal (2, 4)
	{
		my $commit = 'main~' . (4 - $ordinal);
		my %listed = map { /^\d+ blob (\w+)\t(.*)$/ ? ($2 => $1) : () } split /\n/, git($repository, 'ls-tree', '-r', $commit);
		is_deeply($at{$ordinal}, \%listed, "the changes up to commit $ordinal make git's tree");
		is_deeply({ map { $_->[0] == $ordinal ? ($_->[1] => $_->[2]) : () } rows_of("$out/trees.tsv") },
			\%listed, 'which is written down for the checks');
	}
	is((grep { $_->[0] == 2 && $_->[1] eq 'README.md' } rows_of("$out/changes.tsv"))[0][3], 2, 'lines are counted');

	is(answer_of('git_history.pl', $repository, $out, 2), "the newest 2 commits of this git repository (of 4)\n", 'a cut history');
	is_deeply([ map { $_->[1] } grep { $_->[0] == 1 } rows_of("$out/changes.tsv") ], [ 'README.md', 'docs/raw.md', 'src/x.c' ],
		'begins with its whole tree');

	git($scratch, 'clone', '-q', '--depth', 1, "file://$repository", 'shallow');
	is(answer_of('git_history.pl', "$scratch/shallow", $out),
		"1 commit of this git repository (a shallow clone), read a directory at a time\n", 'a shallow clone says so');
	is_deeply([ map { "@$_[ 0, 1 ]" } rows_of("$out/changes.tsv") ],
		[ '1 README.md', '2 docs/raw.md', '2 docs/side.md', '3 src/x.c' ], 'and brings its files, a directory at a time');
	is_deeply([ map { "@$_[ 0, 1 ]" } rows_of("$out/trees.tsv") ],
		[ map({ "2 $_" } 'README.md', 'docs/raw.md', 'docs/side.md'), map({ "3 $_" } 'README.md', 'docs/raw.md', 'docs/side.md', 'src/x.c') ],
		'with the trees that they grow to');

	my @blobs = map { $_->[2] } grep { $_->[1] eq 'README.md' } rows_of("$out/trees.tsv");
	rename "$scratch/shallow/.git", "$scratch/elsewhere" or die;
	like(answer_of('git_history.pl', "$scratch/shallow", $out), qr/^2 files as they are \(this is no git repository\), read a directory at a time$/,
		'no repository: the files as they are');
	is((grep { $_->[1] eq 'README.md' } rows_of("$out/trees.tsv"))[0][2], $blobs[0], 'with the blob that git would name');
}

SKIP:
{
	skip 'no time-zone database', 5 unless -r '/usr/share/zoneinfo/zone1970.tab' && $Config{ivsize} >= 8;
	my $out = "$scratch/zones";
	make_path($out);
	like(answer_of('time_zones.pl', '/usr/share/zoneinfo', $out), qr/^(?:\d{4}[a-z]+|unknown)$/, 'the release is named');

	my $node = start_node('zones');
	$node->safe_psql('postgres', q{
		CREATE TABLE places (zone text, code text, country text, longitude float8, latitude float8, comment text, stands_in text);
		CREATE TABLE clocks (zone text, seconds int, abbreviation text, valid_from timestamptz, valid_to timestamptz)});
	$node->safe_psql('postgres', "\\copy $_ FROM '$out/$_.tsv'") for qw(places clocks);
	SKIP: {
	skip 'the server has time zones of its own', 1 unless uses_system_zones($node);
	is($node->safe_psql('postgres', q{
		WITH asked AS (SELECT at FROM generate_series(timestamptz '1850-01-01 12:34:56+00', '2037-12-01+00', '97 days') at)
		SELECT count(*), count(*) FILTER (WHERE at AT TIME ZONE zone - at AT TIME ZONE 'UTC' <> make_interval(secs => seconds))
		FROM clocks JOIN asked ON at >= coalesce(valid_from, '-infinity') AND at < coalesce(valid_to, 'infinity')})
		=~ s/^(\d+)\|/$1 > 100_000 ? 'many|' : 'few|'/er, 'many|0', "offsets are those of PostgreSQL's own time zones");
	}
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM (SELECT valid_from, lag(valid_to) OVER (PARTITION BY zone ORDER BY valid_from NULLS FIRST) AS before,
			row_number() OVER (PARTITION BY zone ORDER BY valid_from NULLS FIRST) AS n FROM clocks) c
		WHERE (n = 1) <> (valid_from IS NULL) OR n > 1 AND valid_from IS DISTINCT FROM before}), '0', 'without gap or overlap');
	is($node->safe_psql('postgres', q{
		SELECT string_agg(zone || ' ' || round(longitude::numeric, 2) || ' ' || round(latitude::numeric, 2), ', ' ORDER BY zone)
		FROM places WHERE zone IN ('Antarctica/Troll', 'America/New_York', 'Australia/Sydney')}),
		'America/New_York -74.01 40.71, Antarctica/Troll 2.54 -72.01, Australia/Sydney 151.22 -33.87', 'places lie where they are');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM places WHERE stands_in = zone OR longitude NOT BETWEEN -180 AND 180
		OR latitude NOT BETWEEN -90 AND 90}), '0', 'and no zone stands in for itself');
	$node->stop;
}

# numpy.save's own layout: magic, version 1.0, length of the header, the header, rows.
sub array_of
{
	my ($shape, @halves) = @_;
	my $header = "{'descr': '<f2', 'fortran_order': False, 'shape': ($shape), }";
	return "\x93NUMPY\x01\x00" . pack('v', length($header) + 1) . "$header\n" . pack('v*', @halves);
}
for (
	[ '2, 3', [ 0x3c00, 0xc000, 0x0000, 0x7bff, 0x0001, 0x3555 ], "0\t[1,-2,0]\n1\t[65504,5.96046448e-08,0.333251953]\n", 'float16 is read' ],
	[ '1, 2', [ 0x3c00, 0x7c00 ], '', 'infinity is refused' ],
	[ '2, 2', [ 0x3c00, 0x3c00, 0x3c00 ], "0\t[1,1]\n", 'an array that ends too early is refused' ])
{
	my ($shape, $halves, $expected, $name) = @$_;
	write_file("$scratch/array.npy", array_of($shape, @$halves));
	my $output = `"$^X" "$demo/float16_rows.pl" < "$scratch/array.npy" 2>/dev/null`;
	is($output . ($? ? 'failed' : ''), $expected . ($name =~ /refused/ ? 'failed' : ''), $name);
}

done_testing();
