# AS OF through pgbouncer in transaction mode, where two clients take turns on one connection to the server: the time
# of one client's transaction is never that of another's.
use strict;
use warnings;
use File::Temp;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'pgbouncer is not there' unless $pgbouncer;

my $node = start_node('pooler');
my $user = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', q{
	SELECT tsmem.enable_session_preload();
	CREATE TABLE price (item text PRIMARY KEY, amount int);
	SELECT tsmem.add_system_versioning('price');
	INSERT INTO price VALUES ('tea', 3);
	CREATE TABLE moment AS SELECT clock_timestamp() AS then;
});
$node->safe_psql('postgres', q{UPDATE price SET amount = 4});
my $then = $node->safe_psql('postgres', 'SELECT "then" FROM moment');

my $dir = File::Temp->newdir;
my $port = PostgreSQL::Test::Cluster::get_free_port();
append_to_file("$dir/ini", join "\n", '[databases]', 'postgres = host=' . $node->host . ' port=' . $node->port . " user=$user dbname=postgres",
	'[pgbouncer]', 'listen_addr =', "listen_port = $port", "unix_socket_dir = $dir", 'auth_type = any', 'pool_mode = transaction',
	'default_pool_size = 1', "logfile = $dir/log", "pidfile = $dir/pid", '');
my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$dir/ini" ], '<', \undef, '>', \my $out, '2>', \my $err);
for (1 .. 100)
{
	last if -S "$dir/.s.PGSQL.$port";
	select undef, undef, undef, 0.1;
}

# A client of the pooler that stays connected.
sub client
{
	my ($in, $result) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-XqAt', '-h', "$dir", '-p', $port, '-U', $user, '-d', 'postgres', '-v', 'VERBOSITY=sqlstate' ],
		'<', \$in, '>', \$result, '2>&1');
	return sub {
		my ($sql) = @_;
		return $psql->finish unless defined $sql;
		$result = '';
		$in .= "$sql;\n\\echo done\n";
		$psql->pump until $result =~ /^done\n/m;
		return $result =~ s/done\n.*//sr =~ s/\n\z//r;
	};
}
my ($one, $two) = (client(), client());
my $backend = $one->('SELECT pg_backend_pid()');
is($two->('SELECT pg_backend_pid()'), $backend, 'both clients have the same backend');
is($one->("BEGIN; SET LOCAL tsmem.system_time = '$then'; SELECT amount FROM price; COMMIT"), '3', 'one reads the past in a transaction');
is($two->('SELECT amount FROM price'), '4', 'the other reads the present');
is($two->("BEGIN; SELECT FROM tsmem.set_system_time('$then', true); SELECT amount FROM price; ROLLBACK; SELECT amount FROM price"), "3\n4", 'so it is with the function');
is($one->("BEGIN; SET LOCAL tsmem.system_time = '$then'; UPDATE price SET amount = 0; COMMIT"), 'ERROR:  25006', 'a change is refused');
is($two->('SELECT amount FROM price'), '4', 'and leaves nothing behind');
is($one->("SELECT amount FROM price_as_of('$then')"), '3', 'a function needs no setting');
$_->() for $one, $two;
$pooler->signal('INT');
$pooler->finish;
$node->stop;
done_testing();
