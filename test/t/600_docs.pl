# The SQL in README.md and docs/ is run as a reader would run it: page by page, in order, each page in a database of
# its own. A "text" block that follows a "sql" block is compared with the output of psql.
use strict;
use warnings;
use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $root = project_dir();
my @pages = ("$root/README.md");
find({ no_chdir => 1, wanted => sub { push @pages, $_ if /\.md$/ } }, "$root/docs");

my $node = start_node('docs');
$node->safe_psql('postgres', 'CREATE DATABASE page_template');
$node->safe_psql('page_template', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem');

# The fenced blocks of a page: { kind, body, line, expected }.
sub blocks_of
{
	my ($text) = @_;
	my (@blocks, $open, $line);
	for (split /\n/, $text, -1)
	{
		$line++;
		if (defined $open)
		{
			if (/^```\s*$/) { push @blocks, $open; undef $open }
			else { $open->{body} .= "$_\n" }
		}
		elsif (/^```(.*?)\s*$/) { $open = { kind => $1, body => '', line => $line } }
		elsif (/\S/) { push @blocks, { kind => 'prose', body => '', line => $line } }
	}
	return @blocks;
}

sub trim_lines
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/^\n+|\n+$//g;
	return $text;
}

ok(-s "$root/README.md", 'there is a README');
my $number = 0;
for my $page (sort @pages)
{
	my @blocks = blocks_of(slurp($page));
	my @statements = grep { $_->{kind} =~ /^sql( error)?$/ } @blocks;
	next unless @statements;

	for my $i (0 .. $#blocks - 1)
	{
		$blocks[$i]{expected} = $blocks[ $i + 1 ]{body}
		  if $blocks[$i]{kind} =~ /^sql/ && $blocks[ $i + 1 ]{kind} eq 'text';
	}

	my $database = 'page_' . ++$number;
	(my $name = $page) =~ s/^\Q$root\E\///;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE page_template");
	my $script = "\\set ON_ERROR_STOP on\n\\set SHOW_CONTEXT never\n";
	for my $block (@statements)
	{
		my $fails = $block->{kind} eq 'sql error';
		$script .= "\\set ON_ERROR_STOP off\n" if $fails;
		$script .= "\\echo \@\@ $block->{line} \@\@\n$block->{body}\n";
		$script .= "\\set ON_ERROR_STOP on\n" if $fails;
	}
	$script .= "\\echo \@\@ end \@\@\n";

	my $file = "$PostgreSQL::Test::Utils::tmp_check/$database.sql";
	append_to_file($file, $script);
	my $connection = $node->connstr($database);
	my $output = `PGTZ=UTC PGOPTIONS="-c client_min_messages=warning" psql -X -q -d "$connection" < "$file" 2>&1`;
	utf8::decode($output);
	my %got = $output =~ /^\@\@ (\w+) \@\@\n(.*?)(?=^\@\@ |\z)/msg;
	ok(exists $got{end}, "$name runs to its end") or diag($output);

	for my $block (@statements)
	{
		my $got = $got{ $block->{line} };
		if ($block->{kind} eq 'sql error')
		{
			like($got // '', qr/ERROR:/, "$name:$block->{line} fails as it says");
		}
		next unless defined $block->{expected};
		is(trim_lines($got // '(not reached)'), trim_lines($block->{expected}), "$name:$block->{line} answers as printed");
	}
}
$node->stop;
done_testing();
