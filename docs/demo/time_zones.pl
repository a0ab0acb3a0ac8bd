#!/usr/bin/env perl
# time_zones.pl ZONEINFO OUT [TZIF]: the machine's time-zone database as two files for COPY (text format).
#
#   places.tsv   zone, country codes, country, longitude, latitude, comment, stands_in
#   clocks.tsv   zone, UTC offset in seconds, abbreviation, from, to (UTC instants, half-open; NULL: unbounded)
#
# Places and coordinates (ISO 6709) are those of zone.tab. stands_in is the zone that zone1970.tab gives for the
# place's country where zone.tab has one of its own: clocks that agree since 1970, though not before.
# Offsets come from the TZif files (RFC 8536) of TZIF, by default ZONEINFO; where they end, from the rule in the
# file's last line, until HORIZON.
# Prints one line: the release of the database, or "unknown".
use strict;
use warnings;
use POSIX qw(strftime);
use Time::Local qw(timegm);

use constant HORIZON => timegm(0, 0, 0, 1, 0, 2038);
use constant OLDEST  => -100_000_000_000;    # what is before is unbounded

my ($zoneinfo, $out, $tzif) = @ARGV;
die "usage: time_zones.pl ZONEINFO OUT [TZIF]\n" unless defined $out;
$tzif //= $zoneinfo;

sub lines_of
{
	my ($path) = @_;
	open(my $file, '<', $path) or die "could not open \"$path\": $!\n";
	my @lines = grep { !/^#/ && /\S/ } <$file>;
	chomp @lines;
	return @lines;
}

# +DDMM or +DDDMMSS to degrees.
sub degrees
{
	my ($sign, $digits, $width) = @_;
	my ($d, $m, $s) = (substr($digits, 0, $width), substr($digits, $width, 2), substr($digits, $width + 2) || 0);
	return ($sign eq '-' ? -1 : 1) * ($d + $m / 60 + $s / 3600);
}

# [hh[:mm[:ss]]] with a sign, in seconds.
sub seconds
{
	my ($sign, @parts) = ($_[0] =~ /^-/ ? -1 : 1, $_[0] =~ /(\d+)/g);
	return $sign * ($parts[0] * 3600 + ($parts[1] // 0) * 60 + ($parts[2] // 0));
}

# A change rule of a POSIX TZ string (Mm.w.d[/time]) in a year: local seconds since the epoch.
sub rule_in_year
{
	my ($rule, $year) = @_;
	my ($day, $time) = split m{/}, $rule;
	my $at;
	if ($day =~ /^M(\d+)\.(\d+)\.(\d+)$/)
	{
		my ($month, $week, $weekday) = ($1, $2, $3);
		my $first = timegm(0, 0, 0, 1, $month - 1, $year);
		my $to_weekday = ($weekday - (gmtime $first)[6]) % 7;
		$at = $first + 86400 * ($to_weekday + 7 * ($week - 1));
		$at -= 7 * 86400 while (gmtime $at)[4] != $month - 1;
	}
	elsif ($day =~ /^J(\d+)$/)
	{
		my $leap = $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0);
		$at = timegm(0, 0, 0, 1, 0, $year) + 86400 * ($1 - 1 + ($leap && $1 >= 60 ? 1 : 0));
	}
	else
	{
		$at = timegm(0, 0, 0, 1, 0, $year) + 86400 * $day;
	}
	return $at + (defined $time ? seconds($time) : 7200);
}

# What the rule in the last line says after the instant $since: ([at, offset, abbreviation]...), and whether it
# goes on for ever changing.
sub changes_by_rule
{
	my ($rule, $since) = @_;
	my $name = qr/<[^>]+>|[A-Za-z]+/;
	my $offset = qr/[-+]?[\d:]+/;
	return ([], 0) unless $rule =~ /^($name)($offset)(?:($name)($offset)?,([^,]+),(.+))?$/;
	my ($std, $std_offset, $dst, $dst_offset, $start, $end) = ($1, $2, $3, $4, $5, $6);
	return ([], 0) unless defined $dst;
	$std_offset = -seconds($std_offset);
	$dst_offset = defined $dst_offset ? -seconds($dst_offset) : $std_offset + 3600;
	tr/<>//d for $std, $dst;
	my @changes;
	for my $year ((gmtime $since)[5] + 1900 .. (gmtime HORIZON)[5] + 1900)
	{
		push @changes, [ rule_in_year($start, $year) - $std_offset, $dst_offset, $dst ],
		  [ rule_in_year($end, $year) - $dst_offset, $std_offset, $std ];
	}
	@changes = sort { $a->[0] <=> $b->[0] } grep { $_->[0] > $since && $_->[0] < HORIZON } @changes;
	return (\@changes, 1);
}

# The changes of a TZif file: ([at, offset, abbreviation]...) in order, and whether they go on after HORIZON.
sub changes_of
{
	my ($path) = @_;
	open(my $file, '<:raw', $path) or return;
	local $/;
	my $bytes = <$file>;
	return unless substr($bytes, 0, 4) eq 'TZif' && substr($bytes, 4, 1) ge '2';
	my @count = unpack 'N6', substr($bytes, 20, 24);    # isut, isstd, leap, time, type, char
	my $at = 44 + $count[3] * 5 + $count[4] * 6 + $count[5] + $count[2] * 8 + $count[1] + $count[0];
	@count = unpack 'N6', substr($bytes, $at + 20, 24);
	my ($times, $types, $chars) = @count[ 3, 4, 5 ];
	$at += 44;
	my @when = unpack "q>$times", substr($bytes, $at, 8 * $times);
	my @which = unpack "C$times", substr($bytes, $at + 8 * $times, $times);
	$at += 9 * $times;
	my $names = substr($bytes, $at + 6 * $types, $chars);
	my @type = map {
		my ($offset, undef, $name) = unpack 'l>CC', substr($bytes, $at + 6 * $_, 6);
		[ $offset, unpack('Z*', substr($names, $name)) ]
	} 0 .. $types - 1;
	$at += 6 * $types + $chars + 12 * $count[2] + $count[1] + $count[0];
	my ($rule) = substr($bytes, $at) =~ /\n([^\n]*)\n/;

	my @changes = [ OLDEST, @{ $type[0] } ];
	for my $i (0 .. $times - 1)
	{
		next if $when[$i] >= HORIZON;
		push @changes, [ $when[$i], @{ $type[ $which[$i] ] } ];
	}
	my ($later, $for_ever) = changes_by_rule($rule // '', $times ? $when[-1] : 0);
	return ([ @changes, @$later ], $for_ever);
}

sub instant
{
	my ($at) = @_;
	return '\N' if $at <= OLDEST;
	return strftime('%Y-%m-%d %H:%M:%S+00', gmtime $at);
}

my %country = map { my ($code, $name) = split /\t/; ($code => $name) } lines_of("$zoneinfo/iso3166.tab");
my %stands_in;    # country code → its zones by zone1970.tab
my %since_1970;
for (lines_of("$zoneinfo/zone1970.tab"))
{
	my ($codes, undef, $zone) = split /\t/;
	$since_1970{$zone} = 1;
	push @{ $stands_in{$_} }, $zone for split /,/, $codes;
}

open(my $places, '>', "$out/places.tsv") or die "could not write \"$out/places.tsv\": $!\n";
open(my $clocks, '>', "$out/clocks.tsv") or die "could not write \"$out/clocks.tsv\": $!\n";
for (lines_of("$zoneinfo/zone.tab"))
{
	my ($code, $coordinates, $zone, $comment) = split /\t/;
	my ($ns, $latitude, $ew, $longitude) = $coordinates =~ /^([-+])(\d{4}|\d{6})([-+])(\d{5}|\d{7})$/ or next;
	my ($changes, $for_ever) = changes_of("$tzif/$zone") or next;
	next unless $changes;
	my $others = $stands_in{$code} // [];
	my $stands_in = !$since_1970{$zone} && @$others == 1 ? $others->[0] : '\N';
	printf $places "%s\t%s\t%s\t%.6f\t%.6f\t%s\t%s\n", $zone, $code, $country{$code} // $code,
	  degrees($ew, $longitude, 3), degrees($ns, $latitude, 2), $comment // '', $stands_in;

	for my $i (0 .. $#$changes)
	{
		my ($from, $offset, $name) = @{ $changes->[$i] };
		my $same = $i > 0 && $changes->[ $i - 1 ][1] == $offset && $changes->[ $i - 1 ][2] eq $name;
		next if $same;
		my $j = $i + 1;
		$j++ while $j <= $#$changes && $changes->[$j][1] == $offset && $changes->[$j][2] eq $name;
		my $to = $j <= $#$changes ? instant($changes->[$j][0]) : $for_ever ? instant(HORIZON) : '\N';
		next if $to eq instant($from);
		print $clocks join("\t", $zone, $offset, $name, instant($from), $to), "\n";
	}
}
close $places or die "could not write \"$out/places.tsv\": $!\n";
close $clocks or die "could not write \"$out/clocks.tsv\": $!\n";

my $release = 'unknown';
for my $name ("$zoneinfo/tzdata.zi", "$zoneinfo/+VERSION")
{
	open(my $file, '<', $name) or next;
	$release = $1 if (<$file> // '') =~ /^(?:# version )?(\d{4}[a-z]+)$/;
	last;
}
print "$release\n";
