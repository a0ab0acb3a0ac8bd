# Functions in tsmem_sql, and views made of translated queries, survive a dump.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('language');
$node->safe_psql('postgres', q{
	CREATE TABLE price (item text PRIMARY KEY, amount int, p daterange);
	SELECT tsmem.add_period('price', 'p'), tsmem.add_system_versioning('price');
	INSERT INTO price VALUES ('tea', 3, '[2026-01-01,)');
	UPDATE price SET amount = 4;
	CREATE FUNCTION amount_at(at date) RETURNS int STABLE LANGUAGE tsmem_sql AS 'SELECT amount FROM price FOR VALID_TIME AS OF at';
	CREATE FUNCTION versions() RETURNS TABLE (item text, amount int) LANGUAGE tsmem_sql SET search_path = public AS 'SELECT item, amount FROM price FOR SYSTEM_TIME ALL ORDER BY amount';
	DO $$ BEGIN EXECUTE tsmem.rewrite('CREATE VIEW past AS SELECT item, amount FROM price FOR SYSTEM_TIME ALL WHERE p OVERLAPS PERIOD (''2026-01-01'', ''2026-02-01'')'); END $$});
my $query = q{SELECT amount_at('2026-02-01'), (SELECT string_agg(amount::text, ',') FROM versions()), (SELECT count(*) FROM past)};
is($node->safe_psql('postgres', $query), '4|3,4|2', 'before');
my $dump = $PostgreSQL::Test::Utils::tmp_check . '/language.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
is($node->safe_psql('restored', $query), '4|3,4|2', 'restored');

# A session keeps its plans; a name that means something else by now is looked up again.
my ($ret, $out, $err) = $node->psql('restored', q{SELECT amount_at('2026-02-01');
	ALTER TABLE price RENAME TO cost;
	CREATE VIEW price AS SELECT 1 AS one;
	SELECT amount_at('2026-02-01')});
is($out, 4, 'a plan is kept');
like($err, qr/table "price" has no period/, 'and made again when the catalogue has changed');
$node->safe_psql('restored', 'DROP EXTENSION tsmem CASCADE');
is($node->safe_psql('restored', q{SELECT count(*) FROM pg_proc WHERE proname IN ('amount_at', 'versions')}), 0, 'without the extension there is no language');
$node->stop;
done_testing();
