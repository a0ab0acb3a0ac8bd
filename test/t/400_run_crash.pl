# kill -9 in the middle of appends from many clients: every acknowledged event is there, every chain holds without a gap.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my ($clients, $kills) = (6, 2);
my $node = start_node('crash', "fsync = on\nsynchronous_commit = on\nrestart_after_crash = on\nmax_wal_size = 64MB\n");
my $dir = PostgreSQL::Test::Utils::tempdir();

# One run for each client, and one that all write to.
my $run = sub { sprintf 'd0000000-0000-4000-8000-%012d', shift };
$node->safe_psql('postgres', join ';', map { "SELECT tsmem.begin_run('crash', NULL, '" . $run->($_) . "')" } 0 .. $clients);

# What psql prints has been acknowledged: each line is "run number, seq".
sub script
{
	my ($client) = @_;
	my ($own, $shared) = ($run->($client), $run->(0));
	return join "\n", map {
		my $i = $_;
		my $subject = $i % 10 ? 'NULL' : "'subject $client'";
		(
			"SELECT $client, tsmem.append_event('$own', 'c$client', '{\"i\": $i}', $subject);",
			"SELECT 0, tsmem.put('$shared', 'c$client', '$i');",
			"SELECT $client, last_seq FROM tsmem.append_events('$own', array_fill('{\"body\": $i}'::jsonb, ARRAY[5]));",
			"SELECT 0, tsmem.transition('$shared', 'm$client', (SELECT version FROM tsmem.machine_state('$shared', 'm$client')), 's$i');",
			"BEGIN; SELECT tsmem.append_event('$own', 'taken back', NULL) \\gset\nROLLBACK;")
	} 1 .. 4000;
}
for my $client (1 .. $clients)
{
	open my $fh, '>', "$dir/script.$client" or die $!;
	print $fh script($client);
	close $fh;
}

my %last;    # run number to the greatest place that was acknowledged
my $connection = $node->connstr('postgres');
for my $kill (1 .. $kills)
{
	my @children;
	for my $client (1 .. $clients)
	{
		my $pid = fork // die "could not fork: $!";
		if ($pid == 0)
		{
			open STDOUT, '>>', "$dir/out.$client";
			open STDERR, '>>', "$dir/err.$client";
			exec 'psql', '-XAtq', '-F', ' ', '-v', 'ON_ERROR_STOP=1', '-d', $connection, '-f', "$dir/script.$client";
			die "could not start psql: $!";
		}
		push @children, $pid;
	}
	# Kill when all are writing, wherever they are.
	$node->poll_query_until('postgres',
		"SELECT sum(n) >= 1000 * $kill AND min(n) >= 3 FROM (SELECT run_number, count(*) n FROM tsmem.events GROUP BY 1) r")
	  or die 'the clients did not write';
	my $backend = $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid LIMIT 1");
	if ($kill % 2)
	{
		kill 'KILL', $backend;                                                # one backend: the server recovers by itself
	}
	else
	{
		$node->stop('immediate');                                             # all of them
		$node->start;
	}
	waitpid $_, 0 for @children;
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';

	for my $client (1 .. $clients)
	{
		for (split /\n/, slurp("$dir/out.$client"))
		{
			next unless /^(\d+) (\d+)$/;
			$last{$1} = $2 if $2 > ($last{$1} // 0);
		}
	}
	ok(scalar(keys %last) == $clients + 1, "kill $kill: every run had acknowledged events");
	for my $number (sort keys %last)
	{
		my $id = $run->($number);
		my $found = $node->safe_psql('postgres',
			"SELECT count(*), max(seq), bool_and(seq = n) FROM (SELECT seq, row_number() OVER (ORDER BY seq) n FROM tsmem.replay_events('$id')) e");
		my ($count, $max, $gapless) = split /\|/, $found;
		ok($max >= $last{$number} && $count == $max && $gapless eq 't', "kill $kill: run $number has all $last{$number} acknowledged, without a gap")
		  or diag($found);
		is($node->safe_psql('postgres', "SELECT ok, reason FROM tsmem.verify_run('$id')"), 't|', "kill $kill: its chain holds");
	}
	is($node->safe_psql('postgres', "SELECT count(*) FROM tsmem.events WHERE key = 'taken back'"), '0', "kill $kill: nothing that was taken back");
	# The index by key and the table agree: the state by the index is the state by the whole log.
	is($node->safe_psql('postgres', "SELECT tsmem.state_at('" . $run->(0) . "') = (SELECT jsonb_object_agg(key, value) FROM tsmem.replay_run('" . $run->(0) . "') WHERE entity = 'value')"),
		't', "kill $kill: state and replay agree");
}
# It goes on as if nothing had been.
is($node->safe_psql('postgres', "SELECT tsmem.append_event('" . $run->(1) . "', 'after', NULL) = (SELECT count(*) FROM tsmem.replay_events('" . $run->(1) . "')) + 1"),
	't', 'the next event takes the next place');
$node->stop;
done_testing();
