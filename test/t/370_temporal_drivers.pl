# Query builders read the past and change a portion of a row with what they have: knex and drizzle, over node-postgres.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $drivers = project_dir() . '/test/drivers';
plan skip_all => 'node packages are not there' unless -d "$drivers/node_modules";

my $node = start_node('drivers');
$node->safe_psql('postgres', q{
	CREATE TABLE price (item text NOT NULL, amount int, valid_at daterange);
	SELECT tsmem.add_period('price', 'valid_at');
	SELECT tsmem.add_temporal_key('price', '{item}', 'valid_at', primary_key => true);
	SELECT tsmem.add_system_versioning('price');
	INSERT INTO price SELECT item, amount, '[2026-01-01,)' FROM (VALUES ('tea', 3), ('coffee', 8), ('cocoa', 6)) v(item, amount);
	CREATE TABLE moment AS SELECT clock_timestamp()::text AS then;
});
$node->safe_psql('postgres', q{
	UPDATE price SET amount = 4 WHERE item = 'tea';
});

# Run a script of test/drivers; what it prints.
sub run_script
{
	my ($name) = @_;
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres', PGUSER => $node->safe_psql('postgres', 'SELECT current_user'));
	my ($out, $err) = run_command([ 'node', "$drivers/$name.mjs" ]);
	is($err, '', "$name reports nothing on its error output");
	return $out;
}

is(run_script('knex'), <<'EXPECTED' =~ s/\n\z//r, 'knex');
now: ["tea 4"]
function: ["tea 3"]
join: ["3 4"]
session: ["tea 3"]
count: {"n":"3"}
refused: "25006"
after: ["tea 4"]
updated: 1
portion: ["[2026-01-01,2026-03-01) 8","[2026-03-01,2026-04-01) 9","[2026-04-01,) 8"]
EXPECTED
is(run_script('drizzle'), <<'EXPECTED' =~ s/\n\z//r, 'drizzle');
now: ["tea 4"]
function: ["tea 3"]
session: ["tea 3"]
refused: "25006"
after: ["tea 4"]
portion: ["[2026-01-01,2026-05-01) 6","[2026-05-01,2026-06-01) 7","[2026-06-01,) 6"]
EXPECTED
$node->stop;
done_testing();
