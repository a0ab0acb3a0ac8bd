# Dump and restore keep everything: rows and their stamps, history, registrations, periods, keys, rights, policies, and what
# protects them. Plain and custom format, into a new database.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('dump');
$node->safe_psql('postgres', q{
	CREATE ROLE reader; CREATE ROLE owner; GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE account (gone int, id int PRIMARY KEY, v numeric, note text, doubled numeric GENERATED ALWAYS AS (v * 2) STORED);
	ALTER TABLE account DROP COLUMN gone;
	SELECT tsmem.add_system_versioning('account', '{note}', '{"truncate": "history"}');
	GRANT SELECT ON account TO reader;
	ALTER TABLE account ENABLE ROW LEVEL SECURITY;
	CREATE POLICY even ON account FOR SELECT TO reader USING (id % 2 = 0 AND EXISTS (SELECT FROM account a WHERE a.id = account.id OR account.v > 0));
	ALTER POLICY even ON account USING (id % 2 = 0);
	CREATE POLICY other ON account FOR UPDATE TO reader USING (true);
	INSERT INTO account SELECT i, i, 'n' FROM generate_series(1, 50) i;
	UPDATE account SET v = v + 1; UPDATE account SET note = 'm'; DELETE FROM account WHERE id > 40;
	ALTER TABLE account ADD COLUMN added int DEFAULT 7;
	UPDATE account SET added = 8 WHERE id < 5;
	RESET ROLE;
	CREATE SCHEMA "odd Schema";
	CREATE TABLE "odd Schema"."we""ird Tab.le" ("a b" text, amount int, valid_at tstzrange);
	SELECT tsmem.add_period('"odd Schema"."we""ird Tab.le"', 'valid_at'), tsmem.add_temporal_key('"odd Schema"."we""ird Tab.le"', '{"a b"}', 'valid_at', true),
		tsmem.add_system_versioning('"odd Schema"."we""ird Tab.le"');
	INSERT INTO "odd Schema"."we""ird Tab.le" VALUES ('tea', 1, '[2026-01-01,2026-06-01)'), ('tea', 2, '[2026-06-01,)');
	UPDATE "odd Schema"."we""ird Tab.le" SET amount = 3 WHERE amount = 2;
	CREATE TABLE price (id int PRIMARY KEY, f date, t date);
	SELECT tsmem.add_period('price', 'valid_at', 'f', 't');
	INSERT INTO price VALUES (1, '2026-01-01', '2026-02-01');
	CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
	SELECT tsmem.add_system_versioning('part');
	INSERT INTO part VALUES (1, 1, 1), (2, 2, 2); UPDATE part SET k = 2 WHERE id = 1; UPDATE part SET v = 9;
	CREATE TABLE each (id int NOT NULL, k int, v int, row_start timestamptz, row_xid xid8) PARTITION BY LIST (k);
	CREATE TABLE each_1 PARTITION OF each (PRIMARY KEY (id)) FOR VALUES IN (1);
	SELECT tsmem.add_system_versioning('each_1', '{}', '{"history_table": "each_1_past", "functions": false}');
	INSERT INTO each VALUES (1, 1, 1); UPDATE each SET v = 2;
	CREATE TABLE plain (id int PRIMARY KEY);
});

# All that a user can see, in one text.
my $everything = q{
	SET search_path = pg_catalog;
	SELECT 'row', t, r FROM (
		SELECT 'account' t, to_jsonb(x)::text r FROM public.account x UNION ALL SELECT 'history', to_jsonb(x)::text FROM public.account_history x
		UNION ALL SELECT 'versions', to_jsonb(x)::text FROM public.account_versions x UNION ALL SELECT 'odd', to_jsonb(x)::text FROM "odd Schema"."we""ird Tab.le_versions" x
		UNION ALL SELECT 'part', to_jsonb(x)::text FROM public.part_versions x UNION ALL SELECT 'price', to_jsonb(x)::text FROM public.price x
		UNION ALL SELECT 'each', to_jsonb(x)::text FROM public.each_1_past x UNION ALL SELECT 'each', to_jsonb(x)::text FROM public.each x
		UNION ALL SELECT 'as_of', to_jsonb(x)::text FROM public.account_as_of(pg_catalog.now()) x UNION ALL SELECT 'registry', (to_jsonb(x) - 'since' - 'system_identifier')::text FROM tsmem.versioned_tables x
		UNION ALL SELECT 'periods', to_jsonb(x)::text FROM tsmem.periods x UNION ALL SELECT 'keys', to_jsonb(x)::text FROM tsmem.temporal_keys x
	) s ORDER BY 2, 3;
	SELECT 'trigger', tgrelid::regclass, tgname, tgenabled, tgtype FROM pg_trigger WHERE tgname LIKE '~tsmem%' ORDER BY tgrelid::regclass::text, tgname;
	SELECT 'policy', polrelid::regclass, polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid) FROM pg_policy JOIN pg_class c ON c.oid = polrelid
		WHERE relnamespace = 'public'::regnamespace ORDER BY polrelid::regclass::text, polname;
	SELECT 'relation', c.oid::regclass, relowner::regrole, relacl, relrowsecurity, relkind FROM pg_class c WHERE relnamespace::regnamespace::text IN ('public', '"odd Schema"') AND relkind IN ('r', 'v', 'p') ORDER BY c.oid::regclass::text;
	SELECT 'function', p.oid::regprocedure, pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace::regnamespace::text IN ('public', '"odd Schema"') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND deptype = 'e') ORDER BY 2::text;
	SELECT 'bound', classid::regclass, objid, deptype FROM (SELECT classid, pg_describe_object(classid, objid, 0) objid, deptype FROM pg_depend
		WHERE refclassid = 'pg_class'::regclass AND refobjid IN (SELECT rel FROM tsmem.versioned_tables) AND ((classid = 'pg_class'::regclass AND deptype = 'i' AND objid IN (SELECT history FROM tsmem.versioned_tables)) OR classid = 'pg_proc'::regclass AND deptype = 'a'
		OR classid = 'pg_class'::regclass AND deptype = 'a' AND objid IN (SELECT versions FROM tsmem.versioned_tables))) d ORDER BY 2::text, 3;
};
my $before = $node->safe_psql('postgres', $everything);
cmp_ok(length $before, '>', 5000, 'there is much to keep');
my $dump = "$PostgreSQL::Test::Utils::tmp_check/dump";

sub check
{
	my ($database) = @_;
	my (%there, @differs);
	$there{$_}++ for split /\n/, $node->safe_psql($database, $everything);
	for (split /\n/, $before) { push @differs, "- $_" unless ($there{$_} // 0) > 0 && $there{$_}-- }
	push @differs, map { "+ $_" } grep { $there{$_} > 0 } keys %there;
	is(join("\n", @differs), '', "$database: everything is equal");
	is($node->safe_psql($database, q{SELECT count(*) FROM tsmem.versioned_tables WHERE since < now() AND since > now() - interval '1 hour'
		AND system_identifier = (SELECT system_identifier FROM pg_control_system())}), 4, "$database: registrations know where they are");
	my ($ret, $out, $err) = $node->psql($database, 'DELETE FROM account_history');
	like($err, qr/cannot change history table/, "$database: history is read-only");
	($ret, $out, $err) = $node->psql($database, 'DROP TABLE account_history');
	like($err, qr/table account requires it/, "$database: and cannot be dropped alone");
	($ret, $out, $err) = $node->psql($database, 'TRUNCATE part_2');
	like($err, qr/cannot truncate/, "$database: nor truncated");
	$node->safe_psql($database, q{UPDATE account SET v = -1 WHERE id = 1; UPDATE part SET v = -1; UPDATE each SET v = 3; UPDATE "odd Schema"."we""ird Tab.le" SET amount = 4});
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM account_versions WHERE id = 1), (SELECT count(*) FROM part_history), (SELECT count(*) FROM each_1_past),
		(SELECT count(*) FROM (SELECT row_start, lag(row_end) OVER (PARTITION BY id ORDER BY row_start) e FROM account_versions) v WHERE e <> row_start)}), '4|5|2|0', "$database: versions go on");
	is($node->safe_psql($database, 'SET ROLE reader; SELECT count(DISTINCT id), sum(id % 2) FROM account_versions'), '25|0', "$database: policies hold");
	$node->safe_psql($database, 'ALTER TABLE account ADD COLUMN more int; GRANT SELECT ON part TO reader');
	is($node->safe_psql($database, "SELECT count(more), has_table_privilege('reader', 'part_history', 'SELECT') FROM account_versions"), '0|t', "$database: the history follows");
	$node->safe_psql($database, 'DROP TABLE account, part, each, plain, price; DROP SCHEMA "odd Schema" CASCADE');
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM tsmem.versioned_tables), (SELECT count(*) FROM tsmem.periods), (SELECT count(*) FROM tsmem.temporal_keys),
		(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')), (SELECT count(*) FROM pg_proc WHERE proname LIKE 'account%')}), '0|0|0|0|0', "$database: dropping leaves nothing");
}

$node->command_ok([ 'pg_dump', '-f', "$dump.sql", '-d', $node->connstr('postgres') ], 'pg_dump, plain');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', "$dump.sql" ], 'psql restores it');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'pg_dump, custom');
for my $jobs (1, 3)
{
	$node->safe_psql('postgres', "CREATE DATABASE custom_$jobs");
	$node->command_ok([ 'pg_restore', '-e', '-j', $jobs, '-d', $node->connstr("custom_$jobs"), "$dump.custom" ], "pg_restore, $jobs jobs");
	check("custom_$jobs");
}
check('plain');

# The session of psql that has loaded a dump goes on in its settings: what no dump does is followed.
$node->safe_psql('postgres', 'CREATE DATABASE same_session');
is($node->safe_psql('same_session', slurp("$dump.sql") . q{
	REVOKE SELECT ON public.account FROM reader;
	ALTER TABLE public.account RENAME COLUMN note TO remark;
	UPDATE public.account SET v = -1 WHERE id = 1;
	SELECT pg_catalog.has_table_privilege('reader', 'public.account_history', 'SELECT'), pg_catalog.count(remark) FROM public.account_history WHERE id = 1;
}) =~ s/.*\n//sr, 'f|3', 'the session that has loaded a dump');

# A dump of the restored database is the dump of the first: nothing creeps in.
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('again'), "$dump.custom" ], 'restored once more');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.again", '-d', $node->connstr('again') ], 'dumped once more');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.schema", '-d', $node->connstr('postgres') ], 'the schema of the first');
sub comparable { my $text = slurp($_[0]); $text =~ s/^\\(un)?restrict .*\n//mg; return $text }
is(comparable("$dump.again"), comparable("$dump.schema"), 'the same schema');
# The schema first, then data only, as a superuser may: stamps are kept, and triggers fire always again.
$node->safe_psql('postgres', 'CREATE DATABASE data');
$node->command_ok([ 'pg_restore', '-e', '-s', '-d', $node->connstr('data'), "$dump.custom" ], 'the schema only');
$node->command_ok([ 'pg_restore', '-e', '-a', '--disable-triggers', '-d', $node->connstr('data'), "$dump.custom" ], 'the data only');
check('data');
# A registration that no trigger has seen, as pg_upgrade leaves it: dropping its table still leaves nothing.
$node->safe_psql('again', q{DELETE FROM pg_depend WHERE deptype IN ('i', 'a') AND refobjid = 'account'::regclass AND (objid = 'account_history'::regclass OR objid = 'account_versions'::regclass
	OR classid = 'pg_proc'::regclass)});
my ($ret, $out, $err) = $node->psql('again', 'DROP TABLE account_history');
like($err, qr/table account requires it/, 'unbound: the history cannot be dropped alone');
$node->safe_psql('again', 'DROP TABLE account');
is($node->safe_psql('again', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'account%'}), 0, 'unbound: dropping leaves nothing');
# Without the extension tables and histories are plain tables.
$node->safe_psql('again', 'DROP EXTENSION tsmem CASCADE; UPDATE part SET v = 0; ALTER TABLE part ADD COLUMN x int; DROP TABLE part; DELETE FROM each_1_past; DROP TABLE each_1_past');
is($node->safe_psql('again', q{SELECT count(*) FROM each}), 1, 'the extension can be dropped');
$node->stop;
done_testing();
