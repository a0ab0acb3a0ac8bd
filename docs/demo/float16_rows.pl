#!/usr/bin/env perl
# float16_rows.pl < FILE.npy: a two-dimensional NumPy array of little-endian float16 as rows of COPY's text format:
# row number (from 0), [x1,x2,...]
use strict;
use warnings;

binmode STDIN;
sub take
{
	my ($bytes) = @_;
	my $got = read(STDIN, my $buffer, $bytes);
	die "the array ends too early\n" unless defined $got && $got == $bytes;
	return $buffer;
}

# IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
sub float16
{
	my ($bits) = @_;
	my ($sign, $exponent, $fraction) = ($bits >> 15 ? -1 : 1, $bits >> 10 & 31, $bits & 1023);
	die "the array holds a value that is no number\n" if $exponent == 31;
	return $sign * ($exponent ? (1 + $fraction / 1024) * 2**($exponent - 15) : $fraction * 2**-24);
}

my $magic = take(8);
die "this is no NumPy array\n" unless substr($magic, 0, 6) eq "\x93NUMPY";
my $header = take(ord(substr $magic, 6, 1) == 1 ? unpack('v', take(2)) : unpack('V', take(4)));
die "this is no C-ordered array of float16\n" unless $header =~ /'descr': *'<f2'/ && $header =~ /'fortran_order': *False/;
my ($rows, $columns) = $header =~ /'shape': *\((\d+), *(\d+)\)/ or die "this array has not two dimensions\n";

my @text;
for my $row (0 .. $rows - 1)
{
	my @values = map { $text[$_] //= sprintf('%.9g', float16($_)) } unpack('v*', take(2 * $columns));
	print $row, "\t[", join(',', @values), "]\n";
}
