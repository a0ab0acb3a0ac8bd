# The demo tells the story of a small history and a few clocks. Its answers are compared with what Perl makes of the
# same input; its looks are not looked at.
use strict;
use warnings;
use File::Temp qw(tempdir);
use List::Util qw(sum0);
use POSIX qw(strftime);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::Local qw(timegm);
use TsmemTest;

my $demo = project_dir() . '/docs/demo';
my $scratch = tempdir(CLEANUP => 1);

# The history: what each commit writes (undef: removes).
my @commits = (
	{ 'README.md' => "# One\n\nHow to run the tests: make test.\n", 'Makefile' => "all:\n" },
	{ 'README.md' => "# One\n\nHow to run the tests: make check.\n", 'docs/a.md' => "# A\n\ntab\there, back\\slash, it's \"quoted\"\n" },
	{ 'Makefile' => "all: tests\n", 'docs/a.md' => undef, 'docs/b.md' => "# B\n\nAbout boats.\n\n## Oars\n\nTwo of them.\n" },
	{ 'README.md' => "# One\n\nNothing about boats.\n" });
my $first_commit = timegm(0, 0, 12, 1, 0, 124);

# The clocks of a few places, as the machine's own database has them: [seconds from UTC, from, to], and
# [longitude, latitude, country, stands_in].
my %clocks;
my %places = map { $_ => undef }
  qw(Europe/Berlin Europe/Stockholm Europe/Oslo Pacific/Apia Asia/Beirut Asia/Hebron Asia/Nicosia Africa/Cairo Europe/Athens);

sub read_zones
{
	mkdir "$scratch/zones";
	system($^X, "$demo/time_zones.pl", '/usr/share/zoneinfo', "$scratch/zones") == 0 or die 'could not read the time zones';
	for my $row (map { [ map { $_ eq '\N' ? undef : $_ } split /\t/, $_, -1 ] } split /\n/, slurp("$scratch/zones/places.tsv"))
	{
		$places{ $row->[0] } = [ @$row[ 3, 4, 2, 6 ] ] if exists $places{ $row->[0] };
	}
	for my $row (map { [ map { $_ eq '\N' ? undef : $_ } split /\t/, $_, -1 ] } split /\n/, slurp("$scratch/zones/clocks.tsv"))
	{
		push @{ $clocks{ $row->[0] } }, [ @$row[ 1, 3, 4 ] ] if exists $places{ $row->[0] };
	}
}

sub field
{
	my ($value) = @_;
	return '\N' unless defined $value;
	return $value =~ s/([\\\t\n])/{"\\" => '\\\\', "\t" => '\t', "\n" => '\n'}->{$1}/ger;
}

sub write_rows
{
	my ($path, @rows) = @_;
	open(my $out, '>', $path) or die "could not write $path: $!";
	print $out join("\t", map { field($_) } @$_), "\n" for @rows;
	close $out;
}

sub at_commit { return strftime('%Y-%m-%d %H:%M:%S+00', gmtime($first_commit + 3600 * $_[0])); }

# The files after the first so many commits: path => [content, commit that wrote it].
sub files_after
{
	my ($count) = @_;
	my %files;
	for my $i (1 .. $count)
	{
		for (keys %{ $commits[ $i - 1 ] })
		{
			if (defined $commits[ $i - 1 ]{$_}) { $files{$_} = [ $commits[ $i - 1 ]{$_}, $i ] } else { delete $files{$_} }
		}
	}
	return %files;
}
sub lines_of { return $_[0] =~ tr/\n//; }

# A blob need only be the same for the same content.
sub blob_of { return unpack('H*', $_[0]); }

sub write_input
{
	my ($out) = @_;
	mkdir $out;
	write_rows("$out/about.tsv", [ history => 'a history made for this test' ], [ zones => '2025x' ]);
	write_rows("$out/commits.tsv", map { [ $_, "c$_", at_commit($_), "commit number $_" ] } 1 .. @commits);
	my @changes = map { my $i = $_; map { [ $i, $_, $commits[ $i - 1 ]{$_} ] } sort keys %{ $commits[ $i - 1 ] } } 1 .. @commits;
	write_rows("$out/documents.tsv", @changes);
	write_rows("$out/changes.tsv", map { [ @$_[ 0, 1 ], defined $_->[2] ? (blob_of($_->[2]), lines_of($_->[2])) : (undef, undef) ] } @changes);
	write_rows("$out/trees.tsv", map { my ($i, %files) = ($_, files_after($_)); map { [ $i, $_, blob_of($files{$_}[0]) ] } sort keys %files } 2, 4);
	write_rows("$out/places.tsv", map { [ $_, 'XX', @{ $places{$_} }[ 2, 0, 1 ], '', $places{$_}[3] ] } sort keys %places);
	write_rows("$out/clocks.tsv", map { my $zone = $_; map { [ $zone, $_->[0], 'X', @$_[ 1, 2 ] ] } @{ $clocks{$zone} } } sort keys %clocks);
}

sub offset_of
{
	my ($zone, $at) = ($_[0], "$_[1]+00");
	my ($clock) = grep { (!defined $_->[1] || $_->[1] le $at) && (!defined $_->[2] || $_->[2] gt $at) } @{ $clocks{$zone} };
	return sprintf('%s%02d:00:00', $clock->[0] < 0 ? '-' : '', abs($clock->[0]) / 3600);
}

sub km
{
	my ($from, $to) = @_;
	my ($lon1, $lat1, $lon2, $lat2) = map { $_ * atan2(1, 1) / 45 } @$from[ 0, 1 ], @$to[ 0, 1 ];
	my $h = sin(($lat2 - $lat1) / 2)**2 + cos($lat1) * cos($lat2) * sin(($lon2 - $lon1) / 2)**2;
	return 2 * 6371.0088 * atan2(sqrt $h, sqrt(1 - $h));
}

# Runs the story; returns its output and whether it failed.
sub tell_story
{
	my ($node, $database, $input, $pictures) = @_;
	mkdir $pictures;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	local @ENV{qw(PGHOST PGPORT PGDATABASE PGTZ)} = ($node->host, $node->port, $database, 'UTC');
	my $output = `"$demo/tell" project "$input" "$pictures" 2>&1`;
	utf8::decode($output);
	return ($output, $? != 0);
}

# The rows of the first table (or that after so many others) after a line that matches, as hashes by column.
sub answer
{
	my ($output, $after, $skip) = @_;
	my @lines = split /\n/, $output;
	while (@lines) { last if shift(@lines) =~ $after }
	for (0 .. $skip // 0)
	{
		shift @lines while @lines > 1 && $lines[1] !~ /^ *-[-+]*-$/;
		@lines > 1 or return [];
		my @columns = fields(splice @lines, 0, 2);
		my @rows;
		while (@lines && $lines[0] =~ /\S/)
		{
			my @values = fields(shift @lines);
			push @rows, { map { $columns[$_] => $values[$_] } 0 .. $#columns };
		}
		return \@rows if $_ == ($skip // 0);
	}
}

sub fields { return map { s/^\s+|\s+$//gr } split /\|/, $_[0], -1; }

plan skip_all => 'no time-zone database' unless -r '/usr/share/zoneinfo/zone1970.tab';
read_zones();
my $node = start_node('demo');
write_input("$scratch/input");
my ($output, $failed) = tell_story($node, 'story', "$scratch/input", "$scratch/pictures");
ok(!$failed, 'the story is told to its end') or diag($output);

my %now = files_after(4);
my $versions = sum0(map { scalar grep { defined } values %$_ } @commits);
is_deeply(answer($output, qr/CALL replay_commits/), [ { commits => 4, files_now => scalar keys %now, versions_kept => $versions } ],
	'every version of every file is kept');
is_deeply(answer($output, qr/How did the file with most versions grow/),
	[ map { my %files = files_after($_); my $content = $files{'README.md'}[0];
		{ commit => $_, committed_at => at_commit($_), characters => length $content, lines => lines_of($content) } } 4, 2, 1 ],
	'a file as of each commit that changed it');
is_deeply([ map { [ @$_{qw(utc utc_offset clock_in_samoa)} ] } @{ answer($output, qr/What did the clocks of Samoa/) } ],
	[ [ '2011-12-30 09:59:59', offset_of('Pacific/Apia', '2011-12-30 09:59:59'), '2011-12-29 23:59:59' ],
		[ '2011-12-30 10:00:00', offset_of('Pacific/Apia', '2011-12-30 10:00:00'), '2011-12-31 00:00:00' ] ], 'the day that Samoa skipped');
like($output, qr/ERROR: .*conflict|ERROR: .*overlap|ERROR: .*violates/, 'a second truth is refused');
is_deeply([ map { [ @$_{qw(day known utc_offset)} ] } @{ answer($output, qr/Both axes/) } ],
	[ map { my $day = $_; map { [ "$day 00:00:00+00", $_->[0], offset_of($_->[1], "$day 00:00:00") ] }
			[ 'before correction' => 'Europe/Berlin' ], [ 'after correction' => 'Europe/Stockholm' ] } '1943-07-01', '2020-07-01' ], 'four answers on two axes');

is_deeply([ map { $_->{object} } map { answer($output, qr/believe of 1 June 1947/, $_)->[0] } 0, 1 ],
	[ map { sprintf '"%s"', offset_of($_, '1947-06-01 00:00:00') } 'Europe/Oslo', 'Europe/Berlin' ], 'what is believed, and what was');

# The handbook: a section begins at a heading.
sub sections_after
{
	my %files = files_after($_[0]);
	return map { my $path = $_; map { $path } grep { /\w/ } split /\n(?=#+ )/, $files{$path}[0] } grep { /\.md$/ } sort keys %files;
}
is(answer($output, qr/SELECT remember_handbook\(1\)/)->[0]{sections}, scalar(sections_after(1)), 'the first edition of the handbook');
is(answer($output, qr/SELECT tsmem.forget_where/)->[0]{forgotten}, scalar(sections_after(1)), 'which was forgotten');
is(answer($output, qr/SELECT remember_handbook\(4\)/)->[0]{sections}, scalar(sections_after(4)), 'for a new one');
is_deeply([ map { $_->{path} } @{ answer($output, qr/The same question to the memory/) } ], [ sections_after(1) ], 'and recalled as it was');
is((sort map { $_->{path} } @{ answer($output, qr/^Ask\./) })[0], 'README.md', 'as well as the new one');

for ([ 'March', '2023-03-24', '2023-04-01', 0 ], [ 'April', '2023-04-01', '2023-05-01', 1 ])
{
	my ($month, $from, $to, $nth) = @$_;
	my @changes = sort { $a->[2] <=> $b->[2] } map { my $zone = $_;
		map { [ $zone, $_->[1], km([ 35.5, 33.883 ], $places{$zone}) ] }
		grep { defined $_->[1] && $_->[1] ge $from && $_->[1] lt $to } @{ $clocks{$zone} } } keys %clocks;
	splice @changes, 5 if @changes > 5;
	my $told = answer($output, qr/Spring 2023/, $nth);
	is_deeply([ map { [ @$_{qw(zone changed_at)} ] } @$told ], [ map { [ @$_[ 0, 1 ] ] } @changes ], "nearest in $month");
	ok(!(grep { abs($told->[$_]{km} - $changes[$_][2]) > 1 + 0.006 * $changes[$_][2] } 0 .. $#changes), 'at their distances');
}

my %middle = files_after(2);
is_deeply(answer($output, qr/Replayed up to the commit/),
	[ { up_to_commit => 2, files => scalar keys %middle, lines => sum0(map { lines_of($_->[0]) } values %middle) },
		{ up_to_commit => 4, files => scalar keys %now, lines => sum0(map { lines_of($_->[0]) } values %now) } ], 'a run replayed');
is_deeply({ map { ("$_->{entity} $_->{change}" => $_->{count}) } @{ answer($output, qr/How does the first differ/, 1) } },
	{ 'event added' => 2, 'value added' => scalar(grep { !$middle{$_} } keys %now), 'value removed' => scalar(grep { !$now{$_} } keys %middle),
		'value changed' => scalar(grep { $middle{$_} && $now{$_}[0] ne $middle{$_}[0] } keys %now) }, 'two runs compared');
is(answer($output, qr/carries a hash/)->[0]{ok}, 't', 'the log is whole');
like($output, qr/: \d\d checks, all of them hold/, 'the story checks itself');

for my $name (qw(timeline map))
{
	my $svg = slurp("$scratch/pictures/$name.svg");
	my @open;
	my $balanced = 1;
	while ($svg =~ m{<(/?)(\w+)((?:\s+[\w:-]+="[^"<]*")*)\s*(/?)>}g)
	{
		if ($1) { $balanced &&= @open && pop(@open) eq $2 } elsif (!$4) { push @open, $2 }
	}
	ok($balanced && !@open && $svg !~ /&(?!amp;|lt;|gt;|quot;)/, "$name.svg is well-formed");
	like($svg, $name eq 'map' ? qr/Asia\/Hebron/ : qr/README\.md/, 'and shows what the story is about');
}

# A wrong answer ends the story: git's trees say something else.
write_input("$scratch/wrong");
append_to_file("$scratch/wrong/trees.tsv", "4\tREADME\tno such blob\n");
($output, $failed) = tell_story($node, 'wrong_story', "$scratch/wrong", "$scratch/no_pictures");
ok($failed, 'a wrong answer ends the story with a failure');
like($output, qr/an answer of the demo is wrong: it does not hold that the run replayed/, 'which says what does not hold');
$node->stop;
done_testing();
