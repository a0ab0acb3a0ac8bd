# Dump and restore keep the views of periods, once each, and what they follow: plain and custom format, schema and data
# apart, a registration that no trigger has seen (pg_upgrade), the session of psql that has loaded a dump.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('portion_dump');
$node->safe_psql('postgres', q{
	CREATE ROLE owner; CREATE ROLE clerk; GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE stay (gone int, id int, room text, valid_at daterange);
	ALTER TABLE stay DROP COLUMN gone;
	SELECT tsmem.add_period('stay', 'valid_at'), tsmem.add_temporal_key('stay', '{id}', 'valid_at', true), tsmem.add_system_versioning('stay');
	GRANT SELECT, INSERT, UPDATE (room, valid_at) ON stay TO clerk;
	ALTER TABLE stay ENABLE ROW LEVEL SECURITY;
	CREATE POLICY all_but_nine ON stay TO clerk USING (id <> 9) WITH CHECK (true);
	INSERT INTO stay VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (9, 'a', '[2020-01-01,2021-01-01)');
	RESET ROLE;
	CREATE SCHEMA "odd Schema";
	CREATE TABLE "odd Schema"."we""ird Tab.le" (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, "f-f" timestamptz, u timestamptz, v int);
	SELECT tsmem.add_period('"odd Schema"."we""ird Tab.le"', 'the period', 'f-f', 'u');
	INSERT INTO "odd Schema"."we""ird Tab.le" ("f-f", v) VALUES ('2020-01-01', 1);
	CREATE TABLE dropped (id int PRIMARY KEY DEFAULT 7, p tsrange);
	SELECT tsmem.add_period('dropped', 'p');
	DROP VIEW dropped_for_portion_of_p;
	CREATE VIEW own AS SELECT id FROM stay_for_portion_of_valid_at;
	UPDATE stay_for_portion_of_valid_at SET valid_at = '[2020-02-01,2020-03-01)', room = 'b' WHERE id = 1;
});
my $state = q{
	SET search_path = pg_catalog;
	SELECT c.oid::regclass, relowner::regrole, relacl, reloptions, pg_get_viewdef(c.oid), obj_description(c.oid), (SELECT string_agg(pg_get_triggerdef(t.oid), ' ' ORDER BY tgname) FROM pg_trigger t WHERE tgrelid = c.oid)
	FROM pg_class c WHERE relkind = 'v' AND relnamespace::regnamespace::text IN ('public', '"odd Schema"') ORDER BY c.oid::regclass::text;
	SELECT to_jsonb(p)::text FROM tsmem.periods p WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace) ORDER BY 1;
	SELECT pg_describe_object(classid, objid, objsubid), deptype FROM pg_depend WHERE deptype = 'a' AND classid = 'pg_class'::regclass AND refobjid IN (SELECT rel FROM tsmem.periods) AND objid IN (SELECT portion_view FROM tsmem.periods) ORDER BY 1;
	SELECT to_jsonb(s)::text FROM public.stay s ORDER BY 1;
};
my $before = $node->safe_psql('postgres', $state);
like($before, qr/we""ird Tab.le_for_portion_of_the period/, 'there are views');
my $dump = "$PostgreSQL::Test::Utils::tmp_check/portion_dump";

sub check
{
	my ($database) = @_;
	is($node->safe_psql($database, $state), $before, "$database: everything is equal");
	is($node->safe_psql($database, q{SET ROLE clerk; UPDATE stay_for_portion_of_valid_at SET valid_at = '[2020-05-01,2020-06-01)', room = 'c' RETURNING id, room, valid_at}), '1|c|[2020-05-01,2020-06-01)', "$database: a clerk cuts what he sees");
	is($node->safe_psql($database, q{SELECT count(*), count(*) FILTER (WHERE row_end <> 'infinity') FROM stay_versions WHERE id = 1}), '7|2', "$database: versions go on");
	is($node->safe_psql($database, q{UPDATE "odd Schema"."we""ird Tab.le_for_portion_of_the period" SET "the period" = '[2021-01-01,)', v = 2;
		SELECT id, v, extract(year FROM "f-f"), u IS NULL FROM "odd Schema"."we""ird Tab.le" ORDER BY id}), "1|2|2021|t\n2|1|2020|f", "$database: two columns");
	$node->safe_psql($database, 'DROP VIEW own; ALTER TABLE stay ADD COLUMN more int; ALTER TABLE dropped ADD COLUMN more int; ALTER TABLE stay RENAME TO sojourn');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_attribute WHERE attrelid IN ('sojourn_for_portion_of_valid_at'::regclass, 'dropped_for_portion_of_p'::regclass) AND attname = 'more'}), 2, "$database: views follow");
	my ($ret, $out, $err) = $node->psql($database, 'DELETE FROM sojourn_for_portion_of_valid_at');
	like($err, qr/cannot delete from view/, "$database: no deletion");
	$node->safe_psql($database, 'DROP TABLE sojourn, dropped; DROP SCHEMA "odd Schema" CASCADE');
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM tsmem.periods WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace)), (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v'))}),
		'0|0', "$database: dropping leaves nothing");
}

$node->command_ok([ 'pg_dump', '-f', "$dump.sql", '-d', $node->connstr('postgres') ], 'pg_dump, plain');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('postgres') ], 'pg_dump, custom');
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(plain custom jobs data unseen same_session);
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', "$dump.sql" ], 'psql restores it');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('custom'), "$dump.custom" ], 'pg_restore');
$node->command_ok([ 'pg_restore', '-e', '-j', 3, '-d', $node->connstr('jobs'), "$dump.custom" ], 'pg_restore, 3 jobs');
$node->command_ok([ 'pg_restore', '-e', '-s', '-d', $node->connstr('data'), "$dump.custom" ], 'the schema only');
$node->command_ok([ 'pg_restore', '-e', '-a', '--disable-triggers', '-d', $node->connstr('data'), "$dump.custom" ], 'the data only');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.schema", '-d', $node->connstr('postgres') ], 'the schema of the first');
$node->command_ok([ 'pg_dump', '-s', '-f', "$dump.again", '-d', $node->connstr('custom') ], 'dumped once more');
sub comparable { my $text = slurp($_[0]); $text =~ s/^\\(un)?restrict .*\n//mg; return $text }
is(comparable("$dump.again"), comparable("$dump.schema"), 'the same schema');
check($_) for qw(plain custom jobs data);

# A registration that no trigger has seen: dropping its table takes the view along.
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('unseen'), "$dump.custom" ], 'restored once more');
$node->safe_psql('unseen', q{DELETE FROM pg_depend WHERE deptype = 'a' AND objid IN (SELECT portion_view FROM tsmem.periods); DROP VIEW own; DROP TABLE stay; DROP TABLE "odd Schema"."we""ird Tab.le"});
is($node->safe_psql('unseen', q{SELECT count(*) FROM pg_class WHERE relname LIKE '%portion%' AND relkind = 'v'}), 0, 'unseen: the view goes with its table');
# The extension goes, and takes the views of periods along.
$node->safe_psql('unseen', 'ALTER TABLE dropped ADD COLUMN more int; DROP EXTENSION tsmem CASCADE');
is($node->safe_psql('unseen', q{SELECT count(*), count(*) FILTER (WHERE relkind = 'v') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')}), '1|0', 'the extension can be dropped');
# The session of psql that has loaded a dump goes on in its settings.
is($node->safe_psql('same_session', slurp("$dump.sql") . q{
	DROP VIEW public.own;
	ALTER TABLE public.stay ADD COLUMN more int DEFAULT 5;
	ALTER TABLE public.stay RENAME COLUMN room TO chamber;
	UPDATE public.stay_for_portion_of_valid_at SET valid_at = '[2020-05-01,2020-06-01)', chamber = 'd', more = 6 WHERE id = 9 RETURNING chamber, more, valid_at;
}) =~ s/.*\n//sr, 'd|6|[2020-05-01,2020-06-01)', 'the session that has loaded a dump');
$node->stop;
done_testing();
