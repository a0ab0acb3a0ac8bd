# Differences of texts as others read them: patch applies them, and they are as good as those of diff. Differences of JSON documents apply
# back. Made-up texts, then real ones.
use strict;
use warnings;
use IO::Uncompress::Gunzip;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $have_tools = `patch --version 2>&1` =~ /patch/ && `diff --version 2>&1` =~ /diff/;
my $node = start_node('document_diff');
my $dir = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', 'CREATE TABLE pair (n serial PRIMARY KEY, kind text, old text, new text)');

sub spill
{
	my ($name, $bytes) = @_;
	open my $fh, '>:raw', "$dir/$name" or die "could not write $dir/$name: $!";
	print $fh $bytes;
	close $fh or die "could not write $dir/$name: $!";
}

sub content
{
	my ($name) = @_;
	open my $fh, '<:raw', "$dir/$name" or return undef;
	local $/;
	return <$fh> // '';
}

# Texts as hexadecimal digits: no line ending gets lost on the way.
sub add_pairs
{
	my ($kind, @texts) = @_;
	my $rows = join '', map { join("\t", $kind, map { '\\\\x' . unpack 'H*', $_ } @$_) . "\n" } @texts;
	$node->safe_psql('postgres', 'CREATE TABLE raw (kind text, old bytea, new bytea)');
	$node->safe_psql('postgres', "COPY raw FROM STDIN;\n$rows\\.\n");
	$node->safe_psql('postgres', q{INSERT INTO pair (kind, old, new) SELECT kind, convert_from(old, 'UTF8'), convert_from(new, 'UTF8') FROM raw; DROP TABLE raw});
}

sub changed_lines { return scalar grep { /^[-+](?!--|\+\+)/ } split /\n/, $_[0]; }

# What patch makes of the old texts with our differences; how long these are beside those of diff.
sub check_pairs
{
	my ($kind) = @_;
	my ($pairs, $wrong, $equal, $ours, $theirs) = (0, 0, 0, 0, 0);
	for (split /\n/, $node->safe_psql('postgres', qq{SELECT encode(convert_to(old, 'UTF8'), 'hex'), encode(convert_to(new, 'UTF8'), 'hex'), encode(convert_to(tsmem.text_diff(old, new), 'UTF8'), 'hex') FROM pair WHERE kind = '$kind' ORDER BY n}))
	{
		my ($old, $new, $diff) = map { pack 'H*', $_ } split /\|/, $_, -1;
		$pairs++;
		spill('old', $old);
		spill('new', $new);
		spill('diff', $diff);
		unlink "$dir/out";
		system "cd $dir && patch --binary -s -o out old diff >/dev/null 2>&1" if $diff ne '';
		my $made = $diff eq '' ? $old : content('out');
		$wrong++ unless defined $made && $made eq $new;
		my $other = `cd $dir && diff -u --label old --label new old new`;
		$equal++ if $other eq $diff;
		$ours += changed_lines($diff);
		$theirs += changed_lines($other);
	}
	cmp_ok($pairs, '>', 100, "$kind: there are pairs");
	is($wrong, 0, "$kind: patch makes the new text of the old one");
	cmp_ok($ours, '<=', $theirs * 1.01, "$kind: no more lines than diff has");
	note("$kind: $pairs pairs, $equal equal to the byte to those of diff -u; $ours lines, diff -u $theirs");
}

srand(1);
my @made_up;
for (1 .. 300)
{
	my @old = map { int(rand 6) } 1 .. int(rand 40);
	my @new = grep { rand() > 0.1 } map { rand() < 0.1 ? ($_, int(rand 6)) : $_ } @old;
	push @new, map { int(rand 6) } 1 .. int(rand 3);
	my @ending = map { rand() < 0.2 ? "\r\n" : "\n" } 1 .. 2;
	my @texts = (join('', map { "line $_$ending[0]" } @old), join('', map { "line $_$ending[ rand() < 0.02 ]" } @new));
	s/\n\z// for grep { rand() < 0.3 } @texts;
	push @made_up, \@texts;
}
SKIP:
{
	skip 'patch or diff is not installed', 3 unless $have_tools;
	add_pairs('made up', @made_up);
	check_pairs('made up');
}

SKIP:
{
	my $shared = shared_dir();
	skip 'the real histories are not there (TSM_SHARED)', 5 unless defined $shared && -e "$shared/data/doc-history/docs_small.jsonl.gz";
	my ($in, $last, @texts, @json) = (IO::Uncompress::Gunzip->new("$shared/data/doc-history/docs_small.jsonl.gz"), undef);
	while (defined(my $line = $in->getline))
	{
		my $doc = JSON::PP->new->utf8->decode($line);
		utf8::encode(my $content = $doc->{content});
		if (defined $last && $last->[0] eq "$doc->{repo}/$doc->{path}" && $content !~ /\0/)
		{
			push @texts, [ $last->[1], $content ] if $doc->{version} % 60 == 0;
			push @json, [ $last->[1], $content ] if $doc->{version} % 10 == 0 && $doc->{path} =~ /\.json$/;
		}
		$last = [ "$doc->{repo}/$doc->{path}", $content ];
	}
	add_pairs('real', @texts);
	add_pairs('json', @json);
	SKIP:
	{
		skip 'patch or diff is not installed', 3 unless $have_tools;
		check_pairs('real');
	}
	$node->safe_psql('postgres', q{
		CREATE FUNCTION json_or_null(t text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RETURN t::jsonb; EXCEPTION WHEN others THEN RETURN NULL; END $$;
		CREATE TABLE doc AS SELECT json_or_null(old) AS a, json_or_null(new) AS b FROM pair WHERE kind = 'json';
		DELETE FROM doc WHERE a IS NULL OR b IS NULL});
	is($node->safe_psql('postgres', 'SELECT count(*) > 20, bool_and(tsmem.json_patch_apply(a, tsmem.json_diff(a, b))::text = b::text) FROM doc'), 't|t', 'real JSON: patches apply back');
	is($node->safe_psql('postgres', 'SELECT sum(length(tsmem.json_diff(a, b)::text)) * 5 < sum(length(b::text)) FROM doc'), 't', 'real JSON: patches are short');
}
$node->stop;
done_testing();
