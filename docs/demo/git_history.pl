#!/usr/bin/env perl
# git_history.pl PROJECT OUT [LIMIT]: the project's own history as files for COPY (text format).
#
#   commits.tsv    ordinal, commit, committed at, subject
#   changes.tsv    ordinal, path, blob (NULL where the commit removed the file), lines
#   documents.tsv  ordinal, path, content (NULL where removed): the text files meant to be read
#   trees.tsv      ordinal, path, blob: git's own listing of the whole tree at the middle and the last commit
#
# Commits are those of the first-parent line, oldest first, at most LIMIT (the newest). The first one of a cut or
# shallow history brings its whole tree. Without a history (a tarball, no git) the files as they are make one
# "commit" at the time of the newest. Prints one sentence: what was found.
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Encode ();
use File::Find ();
use IPC::Open2 qw(open2);
use POSIX qw(strftime);

use constant LARGEST_DOCUMENT => 200_000;    # bytes; what is larger is not meant to be read

my ($project, $out, $limit) = (@ARGV, 500);
die "usage: git_history.pl PROJECT OUT [LIMIT]\n" unless defined $out;
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
	return unless is_document($path) && (!defined $blob || is_text($bytes));
	row('documents', $ordinal, $path, defined $blob ? $bytes : undef);
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

sub from_git
{
	my @commits = read_log();
	my $pid = open2(my $from, my $to, git(qw(cat-file --batch)));
	binmode $from;
	for my $i (0 .. $#commits)
	{
		my ($commit, $at, $subject, $changes) = @{ $commits[$i] };
		row('commits', $i + 1, $commit, strftime('%Y-%m-%d %H:%M:%S+00', gmtime $at), $subject);
		for my $path (sort keys %$changes)
		{
			my ($blob, $bytes) = ($changes->{$path});
			if (defined $blob)
			{
				print $to "$blob\n";
				$to->flush;
				my ($size) = <$from> =~ /^[0-9a-f]+ blob (\d+)$/ or die "git does not have the blob $blob\n";
				read($from, $bytes, $size) == $size or die "git gave less than the blob $blob\n";
				read($from, my $newline, 1);
			}
			change($i + 1, $path, $blob, $bytes);
		}
	}
	close $to;
	waitpid $pid, 0;
	for my $ordinal (sort { $a <=> $b } keys %{ { map { $_ => 1 } int((@commits + 1) / 2), scalar @commits } })
	{
		my %tree = tree_of($commits[ $ordinal - 1 ][0]);
		row('trees', $ordinal, $_, $tree{$_}) for sort keys %tree;
	}
	my $all = output_of(git(qw(rev-list --count --first-parent HEAD))) + 0;
	my $shallow = output_of(git(qw(rev-parse --is-shallow-repository))) =~ /true/;
	return sprintf('%s commit%s of this git repository%s', $all > @commits ? "the newest " . @commits : scalar @commits,
		@commits == 1 ? '' : 's', $shallow ? ' (a shallow clone: it holds no more)' : $all > @commits ? " (of $all)" : '');
}

sub from_files
{
	my ($why) = @_;
	my ($newest, %blob) = (0);
	chdir $project or die "could not enter \"$project\": $!\n";
	File::Find::find(
		{ no_chdir => 1, wanted => sub {
			$File::Find::prune = 1 if m{^\./(?:build|\.git|\.[^/]+)$};
			return unless -f $_ && !-l $_ && is_document(s{^\./}{}r);
			open(my $in, '<:raw', $_) or return;
			local $/;
			my ($path, $bytes) = (s{^\./}{}r, <$in> // '');
			return unless is_text($bytes);
			my $at = (stat $in)[9];
			$newest = $at if $at > $newest;
			$blob{$path} = [ sha1_hex('blob ' . length($bytes) . "\0$bytes"), $bytes ];
		} }, '.');
	row('commits', 1, 'none', strftime('%Y-%m-%d %H:%M:%S+00', gmtime $newest), 'the files as they are');
	for my $path (sort keys %blob)
	{
		change(1, $path, @{ $blob{$path} });
		row('trees', 1, $path, $blob{$path}[0]);
	}
	return scalar(keys %blob) . " files as they are, without their history ($why)";
}

my $why = no_history();
print defined $why ? from_files($why) : from_git(), "\n";
close $_ or die "could not write to \"$out\": $!\n" for values %file;
