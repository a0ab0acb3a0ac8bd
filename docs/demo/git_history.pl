#!/usr/bin/env perl
# git_history.pl PROJECT OUT [LIMIT]: the project's own history as files for COPY (text format).
#
#   commits.tsv    ordinal, commit, committed at, subject
#   changes.tsv    ordinal, path, blob (NULL where the commit removed the file), lines
#   documents.tsv  ordinal, path, content: the text files meant to be read (NULL where removed, or no text any more)
#   trees.tsv      ordinal, path, blob: git's own listing of the whole tree at the middle and the last commit
#
# Commits are those of the first-parent line, oldest first, at most LIMIT (the newest). The first one of a cut history
# brings its whole tree. Where there is but one commit (a shallow clone), or none (a tarball, no git: then the files as
# they are), it is read a directory at a time, each as if it were a commit. Prints one sentence: what was found.
use strict;
use warnings;
use Cwd qw(realpath);
use Digest::SHA qw(sha1_hex);
use Encode ();
use File::Find ();
use IPC::Open2 qw(open2);
use POSIX qw(strftime);

use constant LARGEST_DOCUMENT => 200_000;    # bytes; what is larger is not meant to be read

my ($project, $out, $limit) = (@ARGV, 500);
die "usage: git_history.pl PROJECT OUT [LIMIT]\n" unless defined $out;
$project = realpath($project) // $project;    # as git compares it with safe.directory
my %file = map { open(my $f, '>:raw', "$out/$_.tsv") or die "could not write \"$out/$_.tsv\": $!\n"; ($_ => $f) }
  qw(commits changes documents trees);

# A field of COPY's text format; undef is NULL.
sub field
{
	my ($value) = @_;
	return '\N' unless defined $value;
	$value =~ s/([\\\t\n\r])/{"\\" => '\\\\', "\t" => '\t', "\n" => '\n', "\r" => '\r'}->{$1}/ge;
	return $value;
}

sub row { my ($name, @values) = @_; print { $file{$name} } join("\t", map { field($_) } @values), "\n"; }

sub is_document
{
	my ($path) = @_;
	return $path =~ m{^(?:[^/]+\.md|Makefile|[^/]+\.control|docs/.*\.md|src/[^/]+/README\.md|sql/[^/]+\.sql)$};
}

# Text that the database takes: UTF-8 without a zero byte.
sub is_text
{
	my ($bytes) = @_;
	return length($bytes) <= LARGEST_DOCUMENT && $bytes !~ /\0/ && eval { Encode::decode('UTF-8', "$bytes", 1); 1 };
}

# One change, as rows of changes.tsv and, where it is a document, of documents.tsv.
sub change
{
	my ($ordinal, $path, $blob, $bytes) = @_;
	row('changes', $ordinal, $path, $blob, defined $blob ? scalar($bytes =~ tr/\n//) : undef);
	row('documents', $ordinal, $path, defined $blob && is_text($bytes) ? $bytes : undef) if is_document($path);
}

sub git { return ('git', '-c', "safe.directory=$project", '-C', $project, @_); }

sub output_of
{
	open(my $pipe, '-|', @_) or return '';
	binmode $pipe;
	local $/;
	my $all = <$pipe> // '';
	return close($pipe) ? $all : '';
}

# Why there is no history to read, or undef.
sub no_history
{
	return 'this is no git repository' unless -e "$project/.git";
	return 'git is not installed' unless grep { -x "$_/git" } split /:/, $ENV{PATH};
	return 'git finds no commit here' unless output_of(git(qw(rev-parse --verify -q HEAD)));
	return;
}

# The commits, each [hash, seconds, subject, {path => blob or undef}].
sub read_log
{
	my @commits;
	my $log = output_of(git('-c', 'log.showRoot=true', qw(log --first-parent -m --reverse -z --raw --no-abbrev),
		'--no-renames', '-n', $limit, '--format=%x01%H %ct %s'));
	my @tokens = split /\0/, $log;
	while (@tokens)
	{
		my $token = shift @tokens;
		$token =~ s/^\n+//;
		if ($token =~ /^\x01([0-9a-f]+) (\d+) (.*)/s) { push @commits, [ $1, $2, $3, {} ]; }
		elsif ($token =~ /^:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) [A-Z]/)
		{
			my $path = shift @tokens;
			next if $1 eq '160000';    # a submodule is no file
			$commits[-1][3]{$path} = $2 =~ /^0+$/ ? undef : $2;
		}
	}
	# git records a change of nothing for a merge without one; the first of a cut history brings its whole tree.
	$commits[0][3] = { tree_of($commits[0][0]) } if @commits;
	return @commits;
}

sub tree_of
{
	my ($commit) = @_;
	return map { /^\d+ blob ([0-9a-f]+)\t(.*)/s ? ($2 => $1) : () } split /\0/, output_of(git(qw(ls-tree -r -z), $commit));
}

# One commit as several: its files a directory at a time, those of the top first.
sub by_directory
{
	my ($commit, $at, undef, $changes) = @_;
	my %part;
	$part{ m{^([^/]+)/} ? $1 : '' }{$_} = $changes->{$_} for keys %$changes;
	return map { [ $commit, $at, $_ eq '' ? 'the files at the top' : "the directory $_", $part{$_} ] } sort keys %part;
}

# The rows of all files but trees.tsv; content_of gives the bytes of a path's blob.
sub write_commits
{
	my ($content_of, @commits) = @_;
	for my $i (0 .. $#commits)
	{
		my ($commit, $at, $subject, $changes) = @{ $commits[$i] };
		row('commits', $i + 1, $commit, strftime('%Y-%m-%d %H:%M:%S+00', gmtime $at), $subject);
		for my $path (sort keys %$changes)
		{
			my $blob = $changes->{$path};
			change($i + 1, $path, $blob, defined $blob ? $content_of->($path, $blob) : undef);
		}
	}
}

sub write_tree
{
	my ($ordinal, %tree) = @_;
	row('trees', $ordinal, $_, $tree{$_}) for sort keys %tree;
}

# The trees of the middle and the end, where the commits are parts of one.
sub write_parts
{
	my @parts = @_;
	my $middle = int((@parts + 1) / 2);
	write_tree($middle, map { %{ $_->[3] } } @parts[ 0 .. $middle - 1 ]) if $middle < @parts;
	write_tree(scalar @parts, map { %{ $_->[3] } } @parts);
}

sub from_git
{
	my @commits = read_log();
	my $pid = open2(my $from, my $to, git(qw(cat-file --batch)));
	binmode $from;
	my $content_of = sub {
		my ($path, $blob) = @_;
		print $to "$blob\n";
		$to->flush;
		my ($size) = <$from> =~ /^[0-9a-f]+ blob (\d+)$/ or die "git does not have the blob $blob\n";
		read($from, my $bytes, $size) == $size or die "git gave less than the blob $blob\n";
		read($from, my $newline, 1);
		return $bytes;
	};
	my @parts = @commits == 1 ? by_directory(@{ $commits[0] }) : @commits;
	write_commits($content_of, @parts);
	close $to;
	waitpid $pid, 0;
	if (@commits == 1) { write_parts(@parts) }
	else { write_tree($_, tree_of($commits[ $_ - 1 ][0])) for int((@commits + 1) / 2), scalar @commits }

	my $all = output_of(git(qw(rev-list --count --first-parent HEAD))) + 0;
	my $shallow = output_of(git(qw(rev-parse --is-shallow-repository))) =~ /true/;
	return "the newest " . @commits . " commits of this git repository (of $all)" if $all > @commits;
	return @commits . " commits of this git repository" . ($shallow ? ' (a shallow clone: it holds no more)' : '') if @commits > 1;
	return "1 commit of this git repository" . ($shallow ? ' (a shallow clone)' : '') . ", read a directory at a time";
}

sub from_files
{
	my ($why) = @_;
	my ($newest, %bytes) = (0);
	chdir $project or die "could not enter \"$project\": $!\n";
	File::Find::find(
		{ no_chdir => 1, wanted => sub {
			$File::Find::prune = 1 if m{^\./(?:build|\.git|\.[^/]+)$};
			my $path = s{^\./}{}r;
			return unless -f $_ && !-l $_ && is_document($path);
			open(my $in, '<:raw', $_) or return;
			local $/;
			my $content = <$in> // '';
			return unless is_text($content);
			$bytes{$path} = $content;
			my $at = (stat $in)[9];
			$newest = $at if $at > $newest;
		} }, '.');
	my %blob = map { $_ => sha1_hex('blob ' . length($bytes{$_}) . "\0$bytes{$_}") } keys %bytes;
	my @parts = by_directory('none', $newest, undef, \%blob);
	write_commits(sub { return $bytes{ $_[0] } }, @parts);
	write_parts(@parts);
	return scalar(keys %blob) . " files as they are ($why), read a directory at a time";
}

my $why = no_history();
print defined $why ? from_files($why) : from_git(), "\n";
close $_ or die "could not write to \"$out\": $!\n" for values %file;
