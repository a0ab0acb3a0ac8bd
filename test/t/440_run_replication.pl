# Grants and machines that come by logical replication count at once in sessions that are open.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('replication', undef, allows_streaming => 'logical');
my $dir = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', 'CREATE ROLE anna; CREATE DATABASE copy');
$node->safe_psql('copy', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem');
$node->safe_psql('postgres', q{
	SELECT tsmem.grant_namespace('anna', 'kept'), tsmem.grant_namespace('anna', 'lost');
	CREATE PUBLICATION access FOR TABLE tsmem.namespace_grants, tsmem.machines;
});
# Both databases are of one server: the slot is made first, or else the subscription would wait for itself.
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('access', 'pgoutput')});
$node->safe_psql('copy', sprintf(q{CREATE SUBSCRIPTION access CONNECTION '%s' PUBLICATION access WITH (create_slot = false)},
	$node->connstr('postgres') =~ s/'/''/gr));
$node->wait_for_subscription_sync($node, 'access', 'copy') if $node->can('wait_for_subscription_sync');
$node->poll_query_until('copy', "SELECT count(*) = 2 FROM tsmem.namespace_grants");

# One open session, which changes the publisher by a shell of its own and waits until the change has come.
sub step
{
	my ($name, $sql) = @_;
	append_to_file("$dir/$name.sql", "$sql;\nDO \$\$ BEGIN PERFORM pg_logical_emit_message(true, 'done', '$name'); END \$\$;\n");
	append_to_file("$dir/$name.sh", sprintf(
		"psql -Xqd \"%s\" -f %s >/dev/null\nlsn=\$(psql -XqAtd \"%s\" -c 'SELECT pg_current_wal_lsn()')\n"
		. "psql -XqAtd \"%s\" -c \"DO \\\$\\\$ BEGIN FOR i IN 1..1800 LOOP EXIT WHEN (SELECT confirmed_flush_lsn >= '\$lsn' FROM pg_replication_slots WHERE slot_name = 'access'); PERFORM pg_sleep(0.1); END LOOP; END \\\$\\\$\"\n",
		$node->connstr('postgres'), "$dir/$name.sql", $node->connstr('postgres'), $node->connstr('postgres')));
	return "\\! sh $dir/$name.sh";
}
my $revoke = step('revoke', q{SELECT tsmem.revoke_namespace('anna', 'lost')});
my $grant = step('grant', q{SELECT tsmem.grant_namespace('anna', 'new')});
my $declare = step('declare', q{SELECT tsmem.define_machine('m', '{"": ["a"]}', '')});
my $truncate = step('truncate', q{TRUNCATE tsmem.namespace_grants});
my $allowed = q{SELECT tsmem.namespace_allowed('kept'), tsmem.namespace_allowed('lost'), tsmem.namespace_allowed('new');};
my ($status, $out, $error) = $node->psql('copy', qq{
SET ROLE anna;
$allowed
$revoke
$allowed
$grant
$allowed
SELECT tsmem.begin_run('kept') AS run \\gset
SELECT tsmem.transition(:'run', 'm', NULL, 'b');
$declare
SELECT tsmem.transition(:'run', 'm', 1, 'c');
$truncate
$allowed
}, on_error_stop => 0);
is($out, "t|t|f\nt|f|f\nt|f|t\n1\nf|f|f", 'what one session sees, step by step');
like($error, qr/machine "m" cannot go from state "b" to "c"/, 'a declaration counts');
$node->safe_psql('copy', 'DROP SUBSCRIPTION access');
$node->stop;
done_testing();
