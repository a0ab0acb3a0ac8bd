#!/usr/bin/env perl
# picture.pl timeline ROWS SVG TITLE            draws lanes of versions over time
# picture.pl map      ROWS SVG TITLE UNIT      draws places on the globe, coloured by a number
#
# Writes SVG and prints the same picture as text of at most 98 columns. ROWS is a file in COPY's text format:
#   timeline  panel, lane, from, to, tone, text: instants as epoch seconds (NULL: open), tone 0..3 chooses the colour
#   map       kind, longitude, latitude, number, text: kind is place, mark (a place to point out, with its text),
#             centre (where marks are near to) or name (a text for orientation)
# Colours follow the reader's light or dark scheme.
use strict;
use warnings;
use utf8;
use List::Util qw(max min);
use POSIX qw(ceil floor strftime);
use Time::Local qw(timegm);

# Plain classes and no variables: also viewers that know little CSS draw it, in the light scheme.
my $STYLE = <<'CSS';
<style>
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .panel { font-size: 13px; font-weight: 600; }
  .quiet { font-size: 11px; fill: #59636e; }
  .inside { font-size: 10px; fill: #ffffff; }
  .ground { fill: #ffffff; }
  .sea { fill: #f3f6f9; }
  .grid { stroke: #dde3e9; stroke-width: 1; }
  .ring { fill: none; stroke: #b3261e; stroke-width: 1.8; }
  .tone0 { fill: #3f7fbf; } .tone1 { fill: #9cc3e6; } .tone2 { fill: #d9792b; } .tone3 { fill: #a83a32; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .sea { fill: #161b22; }
    .grid { stroke: #2b323b; }
    .ring { stroke: #ff7b72; }
    .tone1 { fill: #2a567f; }
  }
</style>
CSS

sub escape
{
	my ($text) = @_;
	$text =~ s/([&<>"])/{'&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;'}->{$1}/ge;
	return $text;
}

sub text_at
{
	my ($x, $y, $text, %more) = @_;
	my $anchor = $more{anchor} ? " text-anchor=\"$more{anchor}\"" : '';
	my $class = $more{class} ? " class=\"$more{class}\"" : '';
	return sprintf(qq{<text x="%.1f" y="%.1f"%s%s>%s</text>\n}, $x, $y, $anchor, $class, escape($text));
}

sub read_rows
{
	my ($path) = @_;
	my %unescape = (n => "\n", t => "\t", r => "\r", '\\' => '\\');
	open(my $in, '<:encoding(UTF-8)', $path) or die "could not open \"$path\": $!\n";
	my @rows;
	while (<$in>)
	{
		chomp;
		push @rows, [ map { $_ eq '\N' ? undef : s/\\(.)/$unescape{$1} \/\/ $1/ger } split /\t/, $_, -1 ];
	}
	die "\"$path\" has no row to draw\n" unless @rows;
	return @rows;
}

sub write_svg
{
	my ($path, $width, $height, $title, $body) = @_;
	open(my $out, '>:encoding(UTF-8)', $path) or die "could not write \"$path\": $!\n";
	print $out <<"SVG";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" width="$width" height="$height" role="img">
<title>@{[ escape($title) ]}</title>
$STYLE<rect class="ground" width="$width" height="$height"/>
$body</svg>
SVG
	close $out or die "could not write \"$path\": $!\n";
}

# The calendar's marks between two instants, about $wanted of them: ([instant, text]...).
sub ticks
{
	my ($from, $to, $wanted) = @_;
	my $span = ($to - $from) / $wanted;
	my @ticks;
	if ($span > 20 * 86400)
	{
		my ($months) = grep { $_ * 30 * 86400 >= $span } 1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200;
		$months //= 2400;
		my $first = (gmtime $from)[5] * 12 + (gmtime $from)[4];
		for (my $m = $months * ceil($first / $months);; $m += $months)
		{
			my $at = timegm(0, 0, 0, 1, $m % 12, floor($m / 12) + 1900);
			last if $at > $to;
			push @ticks, [ $at, strftime($months >= 12 ? '%Y' : '%b %Y', gmtime $at) ] if $at >= $from;
		}
		return @ticks;
	}
	my ($step) = grep { $_ >= $span } map { $_ * 60 } 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400;
	$step //= 20 * 86400;
	for (my $at = $step * ceil($from / $step); $at <= $to; $at += $step)
	{
		# The first mark names the whole date, later ones what differs from it.
		my $form = $step < 86400 && $at % 86400 ? '%H:%M' : '%e %b';
		$form = $form eq '%H:%M' ? '%e %b %Y %H:%M' : '%e %b %Y' unless @ticks;
		push @ticks, [ $at, strftime($form, gmtime $at) =~ s/^ //r ];
	}
	return @ticks;
}

# The rows as panels in order: {name, lanes => [{name, versions => [[from, to, tone, text]...]}], from, to}.
sub panels
{
	my (@panels, %panel, %lane);
	for (@_)
	{
		my ($panel, $lane, $from, $to, $tone, $text) = @$_;
		push @panels, $panel{$panel} = { name => $panel, lanes => [] } unless $panel{$panel};
		my $p = $panel{$panel};
		push @{ $p->{lanes} }, $lane{$panel}{$lane} = { name => $lane, versions => [] } unless $lane{$panel}{$lane};
		push @{ $lane{$panel}{$lane}{versions} }, [ $from, $to, $tone, $text // '' ];
	}
	for my $p (@panels)
	{
		my @ends = grep { defined } map { @$_[ 0, 1 ] } map { @{ $_->{versions} } } @{ $p->{lanes} };
		my ($from, $to) = @ends ? (min(@ends), max(@ends)) : (0, 3600);
		my $room = max(($to - $from) * 0.04, 60);
		$p->{open_left} = grep { !defined $_->[0] } map { @{ $_->{versions} } } @{ $p->{lanes} };
		$p->{from} = $from - ($p->{open_left} ? $room : 0);
		$p->{to} = $to + $room;
	}
	return @panels;
}

sub timeline_svg
{
	my ($path, $title, @panels) = @_;
	my ($width, $left, $right, $lane_height) = (960, 230, 90, 24);
	my ($y, $body) = (34, text_at(24, 34, $title, class => 'title'));
	for my $p (@panels)
	{
		my $scale = ($width - $left - $right) / ($p->{to} - $p->{from});
		my $x = sub { $left + ((defined $_[0] ? $_[0] : $_[1]) - $p->{from}) * $scale };
		$body .= text_at(24, $y += 38, $p->{name}, class => 'panel');
		my $top = $y += 10;
		my $bottom = $top + $lane_height * @{ $p->{lanes} };
		for (ticks($p->{from}, $p->{to}, 8))
		{
			my $at = $x->($_->[0]);
			$body .= sprintf(qq{<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>\n}, $at, $at, $top, $bottom + 4);
			$body .= text_at($at, $bottom + 18, $_->[1], anchor => 'middle', class => 'quiet');
		}
		for my $lane (@{ $p->{lanes} })
		{
			$body .= text_at($left - 10, $y + 16, shorten($lane->{name}, 32), anchor => 'end');
			for (@{ $lane->{versions} })
			{
				my ($from, $to, $tone, $text) = @$_;
				my ($x1, $x2) = ($x->($from, $p->{from}), $x->($to, $p->{to}));
				$body .= sprintf(qq{<rect x="%.1f" y="%d" width="%.1f" height="%d" rx="1.5" class="tone%d"><title>%s</title></rect>\n},
					$x1, $y + 4, max($x2 - $x1 - 1, 1.2), $lane_height - 8, $tone, escape("$lane->{name}: $text"));
				$body .= text_at(($x1 + $x2) / 2, $y + 15.5, $text, anchor => 'middle', class => 'inside')
				  if $x2 - $x1 > 6.5 * length($text) + 8 && $tone != 1;
			}
			my $count = @{ $lane->{versions} };
			$body .= text_at($width - $right + 8, $y + 16, $count == 1 ? '1 version' : "$count versions", class => 'quiet');
			$y += $lane_height;
		}
		$y = $bottom + 22;
	}
	write_svg($path, $width, $y + 16, $title, $body);
}

sub shorten { my ($text, $most) = @_; return length $text > $most ? '…' . substr($text, 1 - $most) : $text; }

sub timeline_text
{
	my @panels = @_;
	my ($name_width, $bar_width) = (26, 56);
	for my $p (@panels)
	{
		my $scale = ($bar_width - 1) / ($p->{to} - $p->{from});
		my $column = sub { floor((($_[0] // $_[1]) - $p->{from}) * $scale) };
		print "\n  $p->{name}\n";
		for my $lane (@{ $p->{lanes} })
		{
			my $bar = ' ' x $bar_width;
			for (@{ $lane->{versions} })
			{
				my ($from, $to, $tone) = @$_;
				my ($a, $b) = ($column->($from, $p->{from}), $column->($to, $p->{to}));
				substr($bar, $_, 1) = ('-', '-', '=', '#')[$tone] for $a .. max($a, $b - 1);
				substr($bar, $a, 1) = '|' if defined $from;
				substr($bar, $bar_width - 1, 1) = '>' unless defined $to;
			}
			my $count = @{ $lane->{versions} };
			printf "  %${name_width}s %s %d version%s\n", shorten($lane->{name}, $name_width), $bar, $count, $count == 1 ? '' : 's';
		}
		my ($axis, $end) = (' ' x ($bar_width + 8), -1);
		for (ticks($p->{from}, $p->{to}, 6))
		{
			my $at = $column->($_->[0]);
			next if $at <= $end || $at + length $_->[1] >= length $axis;
			substr($axis, $at, length $_->[1]) = $_->[1];
			$end = $at + length $_->[1];
		}
		print ' ' x ($name_width + 3), $axis =~ s/\s+$//r, "\n";
	}
}

# A colour for a share from 0 to 1, dark blue over green to yellow-red, readable on light and dark ground.
sub colour
{
	my ($share) = @_;
	my @stops = ([ 74, 78, 178 ], [ 52, 132, 190 ], [ 38, 166, 154 ], [ 124, 179, 66 ], [ 238, 168, 37 ], [ 224, 88, 60 ]);
	my $at = max(0, min(1, $share)) * $#stops;
	my $i = min(floor($at), $#stops - 1);
	return sprintf '#%02x%02x%02x', map { $stops[$i][$_] + ($stops[ $i + 1 ][$_] - $stops[$i][$_]) * ($at - $i) } 0 .. 2;
}

sub map_svg
{
	my ($path, $title, $unit, @rows) = @_;
	my ($width, $margin, $top) = (960, 24, 52);
	my $scale = ($width - 2 * $margin) / 360;
	my $y_of = sub { $top + (80 - $_[0]) * $scale };
	my $x_of = sub { $margin + ($_[0] + 180) * $scale };
	my $bottom = $y_of->(-62);
	my $body = text_at($margin, 34, $title, class => 'title');
	$body .= sprintf(qq{<rect x="%d" y="%d" width="%.1f" height="%.1f" class="sea"/>\n}, $margin, $top,
		360 * $scale, $bottom - $top);
	for (my $lon = -180; $lon <= 180; $lon += 30)
	{
		$body .= sprintf(qq{<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>\n}, ($x_of->($lon)) x 2, $top, $bottom);
		$body .= text_at($x_of->($lon), $bottom + 15, abs($lon) . '°' . ($lon < 0 ? 'W' : $lon > 0 ? 'E' : ''),
			anchor => 'middle', class => 'quiet') unless abs $lon == 180;
	}
	for (my $lat = -60; $lat <= 60; $lat += 30)
	{
		$body .= sprintf(qq{<line class="grid" x1="%d" x2="%.1f" y1="%.1f" y2="%.1f"/>\n}, $margin, $width - $margin, ($y_of->($lat)) x 2);
	}
	my @numbers = map { $_->[3] } grep { $_->[0] eq 'place' && defined $_->[3] } @rows;
	my ($least, $most) = @numbers ? (min(@numbers), max(@numbers)) : (0, 1);
	my $share = sub { ($_[0] - $least) / (($most - $least) || 1) };
	for (grep { $_->[0] eq 'place' && $_->[2] < 80 && $_->[2] > -62 } @rows)
	{
		my (undef, $lon, $lat, $number, $text) = @$_;
		$body .= sprintf(qq{<circle cx="%.1f" cy="%.1f" r="%s" fill="%s"><title>%s</title></circle>\n}, $x_of->($lon), $y_of->($lat),
			@rows > 2000 ? '1.6' : '3.4', colour($share->($number // $least)), escape($text // ''));
	}
	$body .= text_at($margin + 4, $y_of->($_) - 4, $_ ? abs($_) . '°' . ($_ < 0 ? 'S' : 'N') : 'Equator', class => 'quiet')
	  for -60, -30, 0, 30, 60;
	$body .= text_at($x_of->($_->[1]) + 6, $y_of->($_->[2]) + 4, $_->[4], class => 'quiet') for grep { $_->[0] eq 'name' } @rows;
	my ($centre) = grep { $_->[0] eq 'centre' } @rows;
	my @marks = grep { $_->[0] eq 'mark' } @rows;
	for (@marks)
	{
		$body .= sprintf(qq{<circle cx="%.1f" cy="%.1f" r="6" class="ring"><title>%s</title></circle>\n},
			$x_of->($_->[1]), $y_of->($_->[2]), escape($_->[4]));
	}
	if ($centre)
	{
		my ($x, $y) = ($x_of->($centre->[1]), $y_of->($centre->[2]));
		$body .= sprintf(qq{<path d="M%.1f %.1fh16M%.1f %.1fv16" class="ring"/>\n}, $x - 8, $y, $x, $y - 8);
	}
	$body .= legend($width - $margin - 420, $bottom + 34, $least, $most, $unit);
	my $end = $bottom + 60;
	if ($centre && @marks)
	{
		$body .= list_of_marks($margin, $bottom + 34, $centre, @marks);
		$end = max($end, $bottom + 54 + 18 * @marks);
	}
	write_svg($path, $width, ceil($end), $title, $body);
}

# The scale of colours with its ends named.
sub legend
{
	my ($x, $y, $least, $most, $unit) = @_;
	my $body = join '', map { sprintf(qq{<rect x="%.1f" y="%.1f" width="5.2" height="10" fill="%s"/>\n}, $x + 5 * $_, $y, colour($_ / 59)) } 0 .. 59;
	my ($from, $to) = map { sprintf($least < 0 ? '%+g' : '%g', $_) =~ s/-/−/r } $least, $most;
	return $body . text_at($x - 8, $y + 9, $from, anchor => 'end', class => 'quiet')
	  . text_at($x + 308, $y + 9, "$to $unit", class => 'quiet');
}

# What is marked, in words: marks may lie too close to each other to be named on the globe.
sub list_of_marks
{
	my ($x, $y, $centre, @marks) = @_;
	my $body = sprintf(qq{<path d="M%d %.1fh12M%d %.1fv12" class="ring"/>\n}, $x, $y + 5, $x + 6, $y - 1);
	$body .= text_at($x + 20, $y + 9, $centre->[4], class => 'panel');
	for (@marks)
	{
		$y += 18;
		$body .= sprintf(qq{<circle cx="%d" cy="%.1f" r="5" class="ring"/>\n}, $x + 6, $y + 5);
		$body .= text_at($x + 20, $y + 9, $_->[4]);
	}
	return $body;
}

sub map_text
{
	my ($unit, @rows) = @_;
	my ($columns, $lines) = (96, 26);
	my @grid = map { ' ' x $columns } 1 .. $lines;
	my %depth;
	for (@rows)
	{
		my ($kind, $lon, $lat) = @$_;
		next if $kind eq 'name' || $lat > 80 || $lat < -62;
		my ($x, $y) = (min($columns - 1, int(($lon + 180) / 360 * $columns)), min($lines - 1, int((80 - $lat) / 142 * $lines)));
		my $sign = $kind eq 'place' ? ($depth{"$x $y"}++ ? 'o' : '.') : $kind eq 'centre' ? 'X' : '@';
		substr($grid[$y], $x, 1) = $sign unless substr($grid[$y], $x, 1) =~ /[X@]/ && $sign ne 'X';
	}
	pop @grid while @grid && $grid[-1] !~ /\S/;
	print "\n";
	print "  $_" =~ s/\s+$//r, "\n" for @grid;
	my ($centre) = grep { $_->[0] eq 'centre' } @rows;
	my @marks = grep { $_->[0] eq 'mark' } @rows;
	print "\n  . a place   o several", $centre ? "   X $centre->[4]\n" : "\n";
	print "  @ $_->[4]\n" for @marks;
}

my ($kind, $rows, $svg, $title, $unit) = @ARGV;
die "usage: picture.pl timeline|map ROWS SVG TITLE [UNIT]\n" unless defined $title && $kind =~ /^(?:timeline|map)$/;
utf8::decode($_) for grep { defined } $title, $unit;
binmode STDOUT, ':encoding(UTF-8)';
if ($kind eq 'timeline')
{
	my @panels = panels(read_rows($rows));
	timeline_svg($svg, $title, @panels);
	timeline_text(@panels);
}
else
{
	my @rows = read_rows($rows);
	map_svg($svg, $title, $unit // '', @rows);
	map_text($unit // '', @rows);
}
