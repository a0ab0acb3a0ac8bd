#!/usr/bin/env perl
# render.pl [--colour]: makes the output of a story's psql easy on the eye, line by line as it comes.
#   "## text"  a heading
#   "# text"   what is told
#   ">> text"  progress: goes to standard error
#   the rest   statements and answers, errors too: indented. The answer of a function that returns nothing, and the
#              place of an error in its file, are left out.
use strict;
use warnings;

my $colour = @ARGV && $ARGV[0] eq '--colour';
my ($heading, $plain) = $colour ? ("\e[1m", "\e[0m") : ('', '');
my $told = 1;       # whether the last line was told, not a statement or an answer
my $blank = 1;      # whether the last line was blank
my @held;           # lines that may turn out to be an answer of nothing

$| = 1;

sub show
{
	my ($line) = @_;
	$line =~ s/\s+$//;
	return if $line eq '' && $blank;
	$blank = $line eq '';
	print $line, "\n";
}

sub release
{
	show("  $_") for splice @held;
}

while (<STDIN>)
{
	chomp;
	if (/^>> /)
	{
		print STDERR "$_\n";
		next;
	}
	if (/^(##?) (.*)/)
	{
		release();
		show('') if !$told || $1 eq '##';
		show($1 eq '##' ? "$heading$2$plain" : $2);
		$told = 1;
		next;
	}
	show('') if $told;
	$told = 0;
	s/^psql:[^:]*:\d+: //;

	# A column named like a function, a rule, one empty row, a blank line.
	push @held, $_;
	if (@held == 1 && /^ \w+ +$/ || @held == 2 && /^-+$/ || @held == 3 && /^ *$/) { next; }
	if (@held == 4 && /^$/) { @held = (); show(''); next; }
	release();
}
release();
