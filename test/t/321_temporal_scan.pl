# The history scan: in the first statement of a session, and in sessions whose database has lost the extension.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('scan');
$node->safe_psql('postgres', q{
	CREATE TABLE account (id int PRIMARY KEY, v int);
	SELECT tsmem.add_system_versioning('account');
	INSERT INTO account SELECT i, 0 FROM generate_series(1, 1000) i;
	CREATE TABLE moment AS SELECT clock_timestamp() AS at;
});
$node->safe_psql('postgres', 'UPDATE account SET v = v + 1') for 1 .. 3;
$node->safe_psql('postgres', 'VACUUM ANALYZE account, account_history');
my $at = $node->safe_psql('postgres', 'SELECT at FROM moment');

like($node->safe_psql('postgres', "EXPLAIN SELECT * FROM account_as_of('$at') WHERE id = 7"), qr/TsmHistoryScan/, 'the first statement of a session');
like($node->safe_psql('postgres', "EXPLAIN SELECT a.* FROM generate_series(1, 2) i, account_as_of('$at') a WHERE a.id = i"), qr/TsmHistoryScan/, 'a join as the first');
unlike($node->safe_psql('postgres', "EXPLAIN SELECT * FROM account_history WHERE id = 7 AND row_start <= '$at' AND row_end > '$at'"), qr/TsmHistoryScan/,
	'the history by itself, in a session without the library');

# A session that has the library, and has read a history, when the extension goes.
my $history = "SELECT v FROM account_history WHERE id = 7 AND row_start <= '$at' AND row_end > '$at'";
is($node->safe_psql('postgres', "SET client_min_messages = error; SELECT v FROM account_as_of('$at') WHERE id = 7; $history; DROP EXTENSION tsmem CASCADE; $history; SELECT count(*) FROM account_history"),
	"0\n0\n0\n3000", 'the history is an ordinary table when the extension is gone');
is($node->safe_psql('postgres', "CREATE EXTENSION tsmem; SELECT tsmem.version() IS NOT NULL; $history"), "t\n0", 'and when it is there again');
$node->stop('immediate');
done_testing();
