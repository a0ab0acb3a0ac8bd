# Folded history in dumps: plain, custom, parallel, by sections, data alone, over what is there; read in the new database, where
# types have other OIDs, and folded on.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('dump');
$node->safe_psql('postgres', q{
	CREATE ROLE reader; CREATE ROLE owner; GRANT CREATE ON SCHEMA public TO owner; CREATE SCHEMA odd; GRANT ALL ON SCHEMA odd TO owner;
	SET ROLE owner;
	CREATE TYPE mood AS ENUM ('calm', 'merry'); CREATE TYPE place AS (name text, mood mood);
	CREATE TABLE account (id int PRIMARY KEY, v int, m mood, ms mood[], p place, c regclass, t text);
	SELECT tsmem.add_system_versioning('account');
	GRANT SELECT ON account TO reader;
	INSERT INTO account SELECT i, i, 'merry', '{calm,merry}', row('here', 'calm')::place, 'account', repeat('t', i) FROM generate_series(1, 50) i;
	UPDATE account SET v = v + 1; UPDATE account SET m = 'calm', t = NULL; DELETE FROM account WHERE id > 40;
	SELECT tsmem.fold('account');
	ALTER TABLE account ADD COLUMN added int DEFAULT 7;
	ALTER TABLE account ALTER COLUMN v TYPE int8, DROP COLUMN t;
	ALTER TABLE account RENAME COLUMN ms TO moods;
	UPDATE account SET v = 0 WHERE id < 5;
	CREATE TABLE odd."we""ird Tab.le" ("a b" text PRIMARY KEY, n int);
	SELECT tsmem.add_system_versioning('odd."we""ird Tab.le"');
	ALTER TABLE odd."we""ird Tab.le" ENABLE ROW LEVEL SECURITY;
	INSERT INTO odd."we""ird Tab.le" VALUES ('tea', 1); UPDATE odd."we""ird Tab.le" SET n = 2; UPDATE odd."we""ird Tab.le" SET n = 3;
	SELECT tsmem.fold('odd."we""ird Tab.le"');
	CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
	SELECT tsmem.add_system_versioning('part');
	INSERT INTO part VALUES (1, 1, 1); UPDATE part SET v = 2; SELECT tsmem.fold('part'); SELECT tsmem.unfold('part');
});

# All that is there, in one text. Numbers of types and tables are not.
my $everything = q{
	SET search_path = pg_catalog;
	SELECT t, r FROM (SELECT 'history' t, to_jsonb(x)::text r FROM public.account_history x UNION ALL SELECT 'tail', to_jsonb(x)::text FROM ONLY public.account_history x
		UNION ALL SELECT 'versions', to_jsonb(x)::text FROM public.account_versions x UNION ALL SELECT 'odd', to_jsonb(x)::text FROM odd."we""ird Tab.le_versions" x
		UNION ALL SELECT 'part', to_jsonb(x)::text FROM public.part_versions x UNION ALL SELECT 'segment', to_jsonb(x)::text FROM public.account_history_segments x
		UNION ALL SELECT 'stores', to_jsonb(x)::text FROM tsmem.segment_tables x UNION ALL SELECT 'columns', to_jsonb(x)::text FROM tsmem.segment_columns x) s ORDER BY 1, 2;
	SELECT 'trigger', tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname LIKE '~tsmem%' OR tgname LIKE 'adopt%' ORDER BY tgrelid::regclass::text, tgname;
	SELECT 'relation', oid::regclass, relkind, relowner::regrole, relacl, relrowsecurity, reloptions FROM pg_class WHERE relname ~ '_(segments|folded)$' AND relkind IN ('r', 'f') ORDER BY 2::text;
	SELECT 'bound', objid::regclass, refobjid::regclass, deptype FROM pg_depend WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('i', 'a') AND objsubid = 0
		AND objid IN (SELECT unnest(ARRAY[segments, folded]) FROM tsmem.segment_tables) AND refobjid IN (SELECT history FROM tsmem.segment_tables) ORDER BY 2::text;
	SELECT 'storage', attname, attstorage FROM pg_attribute WHERE attrelid = 'public.account_history_segments'::regclass AND attnum > 0;
};
my $before = $node->safe_psql('postgres', $everything);
like($before, qr/^stores\|.*account_history_segments/m, 'there is something to keep');
my $dump = "$PostgreSQL::Test::Utils::tmp_check/dump";

sub check
{
	my ($database) = @_;
	my (%there, @differs);
	$there{$_}++ for split /\n/, $node->safe_psql($database, $everything);
	for (split /\n/, $before) { push @differs, "- $_" unless ($there{$_} // 0) > 0 && $there{$_}-- }
	push @differs, map { "+ $_" } grep { $there{$_} > 0 } keys %there;
	is(join("\n", @differs), '', "$database: everything is equal");
	is($node->safe_psql($database, q{SELECT v.problem FROM tsmem.versioned_tables, tsmem.verify(rel) v}), '', "$database: nothing is wrong");
	my ($ret, $out, $err) = $node->psql($database, 'DELETE FROM account_history_segments');
	like($err, qr/cannot change history table/, "$database: segments are read-only");
	($ret, $out, $err) = $node->psql($database, 'DROP FOREIGN TABLE account_history_folded CASCADE');
	like($err, qr/cannot drop relation "account_history_folded"/, "$database: and cannot be dropped alone");
	($ret, $out, $err) = $node->psql($database, 'SET ROLE reader; SELECT * FROM account_history_folded');
	like($err, qr/permission denied/, "$database: nor read by others");
	my $count = $node->safe_psql($database, 'SET ROLE reader; SELECT count(*) FROM account_history');
	$node->safe_psql($database, q{SET ROLE owner; UPDATE account SET v = -1; SELECT tsmem.fold('account'); ALTER TABLE account RENAME COLUMN v TO w; ALTER TABLE account ALTER COLUMN w TYPE text});
	is($node->safe_psql($database, q{SET ROLE owner; SELECT count(*) FROM ONLY account_history; SELECT count(*), count(w), count(DISTINCT moods), bool_and(c = 'account'::regclass) FROM account_history}),
		"0\n" . ($count + 40) . '|' . ($count + 40) . '|1|t', "$database: it is folded on, and follows");
	$node->safe_psql($database, q{DROP TABLE account; DROP SCHEMA odd CASCADE; SELECT tsmem.drop_system_versioning('part')});
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM tsmem.segment_tables), (SELECT count(*) FROM tsmem.segment_columns), (SELECT count(*) FROM pg_class WHERE relname ~ '_(segments|folded)$' AND relnamespace <> 'tsmem'::regnamespace)}),
		'0|0|0', "$database: dropping leaves nothing");
}

sub make { $node->safe_psql('postgres', "CREATE DATABASE $_[0]"); $node->safe_psql($_[0], 'CREATE TABLE a (); CREATE TYPE b AS ENUM (); DROP TABLE a; DROP TYPE b'); }

$node->command_ok([ 'pg_dump', '-f', "$dump.sql", '-d', $node->connstr('postgres') ], 'pg_dump, plain');
make('plain');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', "$dump.sql" ], 'psql restores it');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'pg_dump, custom');
for my $jobs (1, 3)
{
	make("custom_$jobs");
	$node->command_ok([ 'pg_restore', '-e', '-j', $jobs, '-d', $node->connstr("custom_$jobs"), "$dump.custom" ], "pg_restore, $jobs jobs");
}
make('sections');
$node->command_ok([ 'pg_restore', '-e', "--section=$_", '-d', $node->connstr('sections'), "$dump.custom" ], "section $_") for qw(pre-data data post-data);
make('data');
$node->command_ok([ 'pg_restore', '-e', '-s', '-d', $node->connstr('data'), "$dump.custom" ], 'the schema only');
$node->command_ok([ 'pg_restore', '-e', '-a', '--disable-triggers', '-d', $node->connstr('data'), "$dump.custom" ], 'the data only');
# A dump of the restored database is the dump of the first: nothing creeps in.
sub comparable { my $text = slurp($_[0]); $text =~ s/^\\(un)?restrict .*\n//mg; return $text }
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.again", '-d', $node->connstr('custom_1') ], 'dumped once more');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.schema", '-d', $node->connstr('postgres') ], 'the schema of the first');
is(comparable("$dump.again"), comparable("$dump.schema"), 'the same schema');
check($_) for qw(plain custom_1 custom_3 sections data);

# Over what is there: the whole database anew, and object by object, where what holds history cannot be dropped before its table.
$node->safe_psql('postgres', 'CREATE DATABASE clean');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('clean'), "$dump.custom" ], 'once');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.clean", '-d', $node->connstr('clean') ], 'dumped');
$node->command_ok([ 'pg_restore', '-e', '--clean', '--create', '-d', $node->connstr('template1'), "$dump.clean" ], 'the database anew');
$node->run_log([ 'pg_restore', '--clean', '--if-exists', '-d', $node->connstr('clean'), "$dump.custom" ]);
is($node->safe_psql('clean', 'SELECT count(*) FROM account_history'), $node->safe_psql('postgres', 'SELECT count(*) FROM account_history'), 'twice');

# One schema.
make('schema_only');
$node->safe_psql('schema_only', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem');
$node->command_ok([ 'pg_dump', '-n', 'odd', '-Fc', '-f', "$dump.odd", '-d', $node->connstr('postgres') ], 'one schema');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('schema_only'), "$dump.odd" ], 'restored');
is($node->safe_psql('schema_only', q{SELECT count(*) FROM ONLY odd."we""ird Tab.le_history"; SELECT count(*) FROM odd."we""ird Tab.le_history_segments"}), "0\n1", 'its tables are there');

# Texts of another encoding are not read as if they were of this one.
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('latin'), "$dump.custom" ], 'restored into another encoding');
my ($ret, $out, $err) = $node->psql('latin', 'SELECT * FROM account_history');
like($err, qr/cannot read folded versions of history table "account_history" of a database with encoding "UTF8"/, 'another encoding is refused');

# Without the extension: versions that are folded stand in the way, an empty store does not.
($ret, $out, $err) = $node->psql('clean', 'DROP EXTENSION tsmem CASCADE');
like($err, qr/cannot drop extension "tsmem" while history table "(account|we"ird Tab.le)_history" has folded versions/, 'folded versions keep the extension');
my $count = $node->safe_psql('clean', 'SELECT count(*) FROM account_history');
$node->safe_psql('clean', q{SELECT tsmem.unfold(rel) FROM tsmem.versioned_tables; DROP EXTENSION tsmem CASCADE});
is($node->safe_psql('clean', q{SELECT (SELECT count(*) FROM account_history), (SELECT count(*) FROM pg_class WHERE relname ~ '_(segments|folded)$')}), "$count|0", 'histories are plain tables without it');
$node->safe_psql('clean', 'DELETE FROM account_history; DROP TABLE account_history CASCADE');
$node->stop;
done_testing();
