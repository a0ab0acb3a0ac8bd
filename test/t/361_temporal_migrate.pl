# A table with the history that the extension "periods" has kept goes over to tsmem, as docs/how-to/migrate.md says. Skips without
# that extension.
use strict;
use warnings;
use Test::More;
use TsmemTest;

my $node = start_node('migrate');
if ($node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'periods'}) eq '0')
{
	$node->stop;
	plan skip_all => 'needs the extension periods (Debian: postgresql-15-periods)';
}
sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(q{CREATE EXTENSION periods CASCADE; CREATE TABLE price (product text PRIMARY KEY, amount numeric);
	SELECT periods.add_system_time_period('price', 'sys_start', 'sys_end'), periods.add_system_versioning('price', history_table_name => 'price_old')});
sql($_) for q{INSERT INTO price VALUES ('tea', 1), ('milk', 1), ('salt', 1)}, q{UPDATE price SET amount = 2 WHERE product <> 'salt'}, q{DELETE FROM price WHERE product = 'milk'},
	q{BEGIN; UPDATE price SET amount = 3 WHERE product = 'tea'; UPDATE price SET amount = 4 WHERE product = 'tea'; COMMIT};
my $states = sub { my ($function) = @_;
	return sql("SELECT at, (SELECT string_agg(product || amount, ' ' ORDER BY product) FROM $function(at)) FROM points ORDER BY at") };
sql('CREATE TABLE points AS SELECT sys_start AS at FROM price UNION SELECT sys_start FROM price_old UNION SELECT sys_end FROM price_old');
my $before = $states->('price__as_of');
sql(q{SELECT periods.drop_system_versioning('price', drop_behavior => 'CASCADE', purge => false); SELECT periods.drop_system_time_period('price', drop_behavior => 'CASCADE', purge => false)});
sql(q{BEGIN;
	ALTER TABLE price RENAME sys_start TO row_start;
	ALTER TABLE price DROP COLUMN sys_end;
	ALTER TABLE price ADD COLUMN row_xid xid8 NOT NULL DEFAULT '0';
	SELECT tsmem.add_system_versioning('price');
	SELECT tsmem.import_history('price', 'SELECT product, amount, sys_start AS row_start, sys_end AS row_end FROM price_old');
	ALTER TABLE price ALTER COLUMN row_xid DROP DEFAULT;
	COMMIT});
cmp_ok(scalar(split /\n/, $before), '>', 3, 'there are instants to compare');
is($states->('price_as_of'), $before, 'every state is as before');
is(sql('SELECT count(*) FROM price_history'), sql('SELECT count(*) FROM price_old'), 'every version has come over');
sql('DROP TABLE price_old; DROP EXTENSION periods');
sql(q{UPDATE price SET amount = 9});
is(sql('SELECT count(*) FROM (SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY product ORDER BY row_start) n FROM price_versions) v WHERE row_start >= row_end OR n < row_end'), '0', 'new versions follow the old');
$node->stop;
done_testing();
