# AS OF for a session before the library is loaded, with it preloaded, from the settings of roles and databases, through dump and restore.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('session');
$node->safe_psql('postgres', q{
	CREATE ROLE owner LOGIN; CREATE ROLE reader LOGIN; GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE account (id int PRIMARY KEY, v int);
	SELECT tsmem.add_system_versioning('account');
	CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
	SELECT tsmem.add_system_versioning('part');
	CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
	CREATE TABLE price (id int, at tstzrange);
	SELECT tsmem.add_period('price', 'at');
	CREATE TABLE plain (id int PRIMARY KEY);
	CREATE VIEW seen AS SELECT v FROM account;
	GRANT SELECT ON account, part, part_1, price, seen TO reader;
	INSERT INTO account VALUES (1, 1); INSERT INTO part VALUES (1, 1, 1); INSERT INTO plain VALUES (1);
	INSERT INTO price VALUES (1, '[2026-01-01,2026-02-01)'), (2, '[2026-02-01,)');
});
my $then = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$node->safe_psql('postgres', 'UPDATE account SET v = 2; UPDATE part SET v = 2');
my $set = "SET tsmem.system_time = '$then';";

# A session of its own: what it printed, and its errors.
sub session
{
	my ($sql, %more) = @_;
	my ($status, $out, $err) = $node->psql($more{db} // 'postgres', $sql, on_error_stop => 0, extra_params => $more{params} // []);
	return ($out, $err);
}

# Nothing is loaded: the first look at the table is refused, the next one is right.
my $refused = qr/cannot be (?:read|changed) as of another time by this statement\n.*DETAIL:  tsmem\.\w+ was set before tsmem was loaded.*HINT:  Repeat the statement/s;
my %first = (
	'a SELECT' => 'SELECT v FROM account',
	'a view' => 'SELECT v FROM seen',
	'a subquery' => 'SELECT id FROM plain WHERE id IN (SELECT id FROM account)',
	'COPY of a query' => 'COPY (SELECT v FROM account) TO STDOUT',
	'EXPLAIN' => 'EXPLAIN SELECT v FROM account',
	'a cursor' => 'BEGIN; DECLARE c CURSOR FOR SELECT v FROM account; COMMIT',
	'PL/pgSQL' => 'DO $$ BEGIN PERFORM v FROM account; END $$',
	'an UPDATE' => 'UPDATE account SET v = 3',
	'an INSERT' => 'INSERT INTO account VALUES (2, 2)',
	'a row lock' => 'SELECT v FROM account FOR UPDATE',
	'MERGE' => 'MERGE INTO account USING plain ON account.id = plain.id WHEN MATCHED THEN DELETE',
	'a partitioned table' => 'SELECT v FROM part',
	'a partitioned table, pruned to nothing' => 'SELECT v FROM part WHERE k = 77',
	'a partition' => 'SELECT v FROM part_1',
	'a partition that came later' => 'SELECT v FROM part_2');
for my $what (sort keys %first)
{
	my ($out, $err) = session("$set $first{$what}; SELECT v FROM account");
	like($err, $refused, "$what is refused");
	like($out, qr/(?:^|\n)1$/, "$what: the next statement reads the past");
}
my ($out, $err) = session("$set CREATE TEMP TABLE x AS SELECT v FROM account; SELECT v FROM x");
is("$out|$err", '1|', 'a definition loads the library before it is planned');
($out, $err) = session("SET tsmem.valid_time = '2026-01-15'; SELECT id FROM price; SELECT id FROM price");
like($err, $refused, 'so is a valid time');
is($out, '1', 'and read when repeated');
($out, $err) = session("$set SELECT id FROM plain; SELECT count(*) > 0 FROM pg_class");
is("$out|$err", "1\nt|", 'tables that no time concerns are read');
($out, $err) = session("BEGIN; SET LOCAL tsmem.system_time = 'now'; SAVEPOINT s; $set SELECT v FROM account; ROLLBACK TO s; SELECT v FROM account; ROLLBACK; SELECT v FROM account");
like($err, $refused, 'within a transaction');
is($out, "2\n2", 'the placeholders of a transaction and its savepoints come alive');
($out, $err) = session("PREPARE p AS SELECT v FROM account; EXECUTE p; $set EXECUTE p; RESET tsmem.system_time; EXECUTE p");
is("$out|$err", "2\n1\n2|", 'a statement that was prepared without a time has loaded it');

# What is no time is not taken for the present.
($out, $err) = session("SET tsmem.system_time = 'last week-ish'; SELECT v FROM account; SELECT v FROM account; SELECT id FROM plain; RESET tsmem.system_time; SELECT v FROM account");
like($err, qr/invalid value for parameter "tsmem.system_time": "last week-ish".*It was set before.*invalid value/s, 'a value that is no time is refused at use');
is($out, "1\n2", 'until it is reset; other tables are read');
($out, $err) = session("SET tsmem.snapshot = 'x'; SELECT v FROM account; SET tsmem.snapshot = ''; SET tsmem.valid_time = 'x'; SELECT id FROM price");
like($err, qr/"tsmem.snapshot": "x".*"tsmem.valid_time": "x"/s, 'nor is a snapshot or a valid time');
# Set through a function it holds at once.
is($node->safe_psql('postgres', "SELECT tsmem.set_system_time('$then'); SELECT v FROM account"), "\n1", 'set_system_time works without preloading');

# From the connection, a role, a database.
{
	local $ENV{PGOPTIONS} = '-c tsmem.system_time=' . ($then =~ s/ /\\ /r);
	($out, $err) = session('SELECT v FROM account; SELECT v FROM account');
	like($err, $refused, 'an option of the connection is no exception');
	is($out, '1', 'and holds');
}
my ($status) = $node->psql('postgres', 'SELECT tsmem.enable_session_preload()', extra_params => [ '-U', 'owner' ], stderr => \$err);
like($err, qr/must be superuser/, 'preloading is for superusers');
is($node->safe_psql('postgres', 'SELECT tsmem.enable_session_preload()'), 'tsmem', 'preloading is set');
is($node->safe_psql('postgres', 'SELECT tsmem.enable_session_preload()'), 'tsmem', 'once');
is($node->safe_psql('postgres', "$set SELECT v FROM account"), '1', 'the first statement of a session reads the past');
is($node->safe_psql('postgres', "$set COPY account (v) TO STDOUT"), '1', 'so does COPY of a table');
($out, $err) = session("SET tsmem.system_time = 'nonsense'");
like($err, qr/invalid value for parameter/, 'a value that is no time is refused at once');
is($node->safe_psql('postgres', 'SELECT tsmem.enable_session_preload(false)'), '', 'preloading is reset');
is($node->safe_psql('postgres', 'SHOW session_preload_libraries'), '', 'in new sessions');
$node->safe_psql('postgres', "ALTER DATABASE postgres SET session_preload_libraries = 'tsmem', 'auto_explain'");
is($node->safe_psql('postgres', 'SELECT tsmem.enable_session_preload()'), 'tsmem, auto_explain', 'what is there stays');
is($node->safe_psql('postgres', 'SELECT tsmem.enable_session_preload(false)'), 'auto_explain', 'and stays without');
$node->safe_psql('postgres', "ALTER DATABASE postgres RESET session_preload_libraries; ALTER ROLE reader SET session_preload_libraries = 'auto_explain'");
$node->append_conf('postgresql.conf', "session_preload_libraries = 'auto_explain'");
$node->reload;
($out, $err) = session('SELECT tsmem.enable_session_preload()');
is($out, 'auto_explain, tsmem', 'the list of the server is kept');
like($err, qr/WARNING:  roles with a setting of their own.*DETAIL:  They are reader/s, 'roles that will not load it are named');
$node->safe_psql('postgres', 'ALTER ROLE reader RESET session_preload_libraries');

$node->safe_psql('postgres', "ALTER ROLE reader SET tsmem.system_time = '$then'");
is($node->safe_psql('postgres', 'SELECT v FROM account', extra_params => [ '-U', 'reader' ]), '1', 'a role with a time');
$node->safe_psql('postgres', "ALTER DATABASE postgres SET tsmem.system_time = '$then'");
is($node->safe_psql('postgres', 'SELECT v FROM account'), '1', 'a database with a time');
$node->safe_psql('postgres', 'VACUUM ANALYZE account; REINDEX TABLE account');
pass('maintenance runs');
$node->command_fails_like([ 'pg_dump', '-d', $node->connstr('postgres') ], qr/cannot dump while tsmem.system_time is set/, 'a dump of the past is refused');
{
	local $ENV{PGOPTIONS} = '-c tsmem.system_time=';
	$node->command_ok([ 'pg_dump', '-f', $node->basedir . '/d.sql', '-d', $node->connstr('postgres') ], 'but of the present is made');
}
$node->safe_psql('postgres', "SET tsmem.system_time = ''; ALTER DATABASE postgres RESET tsmem.system_time");

# The sentinel goes through a dump and stands for the table in the new database; it goes with the versioning.
$node->safe_psql('postgres', 'SET ROLE NONE; CREATE DATABASE copy');
$node->command_ok([ 'psql', '-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', $node->basedir . '/d.sql' ], 'the dump is restored');
my $sentinels = q{SELECT stxrelid::regclass, stxname, stxowner::regrole, stxstattarget FROM pg_statistic_ext ORDER BY 1};
is($node->safe_psql('copy', $sentinels), $node->safe_psql('postgres', $sentinels), 'statistics objects are the same');
like($node->safe_psql('copy', $sentinels), qr/^account\|account_tsmem\|owner\|0/m, 'they are the owner\'s');
($out, $err) = session("$set SELECT v FROM account; SELECT v FROM account", db => 'copy');
like($err, $refused, 'a restored table is refused');
is($out, '1', 'and read when repeated');
$node->safe_psql('copy', q{
	CREATE ROLE heir; ALTER TABLE account OWNER TO heir; CREATE SCHEMA elsewhere; GRANT ALL ON SCHEMA elsewhere TO heir, owner; ALTER TABLE account SET SCHEMA elsewhere;
	ALTER TABLE price SET SCHEMA elsewhere});
is($node->safe_psql('copy', "SELECT stxnamespace::regnamespace, stxname, stxowner::regrole FROM pg_statistic_ext WHERE stxname ~ '^(account|price)' ORDER BY 2"),
	"elsewhere|account_tsmem|heir\nelsewhere|price_tsmem|owner", 'the sentinel follows owner and schema');
$node->safe_psql('copy', q{
	SELECT tsmem.drop_system_versioning('elsewhere.account'), tsmem.drop_system_versioning('part'), tsmem.drop_period('elsewhere.price', 'at')});
is($node->safe_psql('copy', 'SELECT count(*) FROM pg_statistic_ext'), '0', 'and goes with what it was for');
# A database without the extension, where the library is loaded all the same.
$node->safe_psql('postgres', 'CREATE DATABASE bare');
is($node->safe_psql('bare', "LOAD 'tsmem'; $set CREATE TABLE t (i int); INSERT INTO t VALUES (1); SELECT i FROM t"), '1', 'without the extension nothing is versioned');

# Workers know the time, and read it in functions too.
is($node->safe_psql('postgres', q{
	CREATE FUNCTION worked(i int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN (SELECT v FROM account WHERE id = i); END $$;
	SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
	} . "$set SELECT worked(id), v FROM account"), "on\n1|1", 'parallel workers');

$node->stop;
done_testing();
