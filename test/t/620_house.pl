# The rules of the house that a machine can check.
use strict;
use warnings;
use File::Basename;
use Test::More;
use TsmemTest;

my $root = project_dir();
my @rooms = qw(base vector spatial delta temporal run memory);
my %storey = (base => 0, vector => 1, spatial => 1, delta => 2, temporal => 2, run => 3, memory => 3);
# Within a storey rooms do not know each other, but for these.
my %neighbour = ('temporal>delta' => 1, 'memory>run' => 1);

my %sources = map { $_ => [ glob "$root/src/$_/*.[ch] $root/src/$_/*/*.[ch]" ] } @rooms;
my %home;
for my $room (@rooms)
{
	for my $file (@{ $sources{$room} })
	{
		my $name = basename($file);
		ok(!$home{$name}, "$name: file names are unique") if $home{$name};
		$home{$name} = $room;
	}
}

# Code without comments and without the insides of strings, line numbers kept.
sub bare
{
	my ($text) = @_;
	$text =~ s{("(?:\\.|[^"\\\n])*")|('(?:\\.|[^'\\\n])+')|(/\*.*?\*/)}
	          { defined $3 ? "\n" x ($3 =~ tr/\n//) : defined $1 ? '""' : "'c'" }gse;
	return $text;
}

my (@upward, @versions, @long, @slashes, @nameless);
for my $room (@rooms)
{
	for my $file (@{ $sources{$room} })
	{
		my $raw = slurp($file);
		while ($raw =~ /^#include "(tsm_\w+\.h)"/mg)
		{
			my $other = $home{$1} or next;
			next if $other eq $room;
			push @upward, "$file includes $1"
			  unless $storey{$other} < $storey{$room} || $neighbour{"$room>$other"};
			push @upward, "$file includes the private $1" if $1 =~ /_int\.h$/;
		}
		push @versions, $file if $raw =~ /PG_VERSION_NUM/ && basename($file) ne 'tsm_compat.h';

		my $text = bare($raw);
		my ($start, $line) = (0, 0);
		for (split /\n/, $text)
		{
			$line++;
			$start = $line if /^\{/;
			push @long, "$file:$start" if /^\}/ && $start && $line - $start > 100;
			$start = 0 if /^\}/;
			push @slashes, "$file:$line" if m{(^|[^:])//};
		}
		# The argument list of every ereport(ERROR, ...) names a SQLSTATE.
		while ($text =~ /ereport\s*(\((?:[^()]++|(?1))*\))/g)
		{
			my $call = $1;
			push @nameless, "$file: $call" if $call =~ /^\(\s*(ERROR|FATAL|elevel)/ && $call !~ /errcode/;
		}
	}
}
is_deeply(\@upward, [], 'no room depends upwards, or on the private header of another');
is_deeply(\@versions, [], 'server versions are told apart in tsm_compat.h only');
is_deeply(\@long, [], 'no function has more than 100 lines');
is_deeply(\@slashes, [], 'comments are in the style of the server');
is_deeply(\@nameless, [], 'every error has a SQLSTATE');

# The SQL of a room names no object of a room that is built after it.
my (%defined_in, @early);
for my $room (@rooms)
{
	next unless -e "$root/sql/$room.sql";
	my $text = slurp("$root/sql/$room.sql");
	$defined_in{$1} //= $room while $text =~ /^CREATE (?:FUNCTION|PROCEDURE|TABLE|VIEW|TYPE|AGGREGATE)\s+tsmem\.(\w+)/mg;
}
my %order = map { $rooms[$_] => $_ } 0 .. $#rooms;
for my $room (grep { -e "$root/sql/$_.sql" } @rooms)
{
	my $text = slurp("$root/sql/$room.sql") =~ s/--.*$//mgr;
	while ($text =~ /\btsmem\.(\w+)/g)
	{
		my $other = $defined_in{$1} or next;
		push @early, "sql/$room.sql uses tsmem.$1 of $other" if $order{$other} > $order{$room};
	}
}
is_deeply(\@early, [], 'no room uses SQL names of a room above it');

for my $room (@rooms)
{
	ok(-s "$root/src/$room/README.md", "$room has a README");
}
for my $part (glob "$root/sql/*.sql")
{
	next if $part =~ /tsmem--/;
	unlike(slurp($part), qr/CREATE\s+OR\s+REPLACE/i, basename($part) . ' creates, and replaces nothing');
}
# The page on the standard names a test for each feature.
my $standard = slurp("$root/docs/reference/sql2011.md");
my @named = $standard =~ /`(temporal[_-]\w[\w-]*|\d{3}_\w+)`/g;
my @absent = grep { !-e "$root/test/sql/$_.sql" && !-e "$root/test/isolation/specs/$_.spec" && !-e "$root/test/t/$_.pl" } @named;
ok(@named > 20, 'the page on SQL:2011 names tests');
is_deeply(\@absent, [], 'and they are there');
# The index of the documentation leads to every page.
my $index = slurp("$root/docs/README.md");
my @pages = map { s{^\Q$root\E/docs/}{}r } glob "$root/docs/*/*.md";
is_deeply([ grep { index($index, "($_)") < 0 } @pages ], [], 'every page of the documentation is in its index');
my ($control) = slurp("$root/tsmem.control") =~ /default_version = '([^']+)'/;
my ($meta) = slurp("$root/META.json") =~ /"version": "([^"]+)",\s*"maintainer"/;
my ($makefile) = slurp("$root/Makefile") =~ /^EXTVERSION = (\S+)/m;
is($meta, $control, 'META.json and tsmem.control name the same version');
is($makefile, $control, 'so does the Makefile');
done_testing();
