# What the TAP tests share: a node that has tsmem, and where the project stands.
package TsmemTest;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;

our @EXPORT = qw(start_node kill_server recover project_dir shared_dir slurp uses_system_zones);

# The tree under test.
sub project_dir { return $ENV{TSM_PROJECT} // '.'; }

# The real data sets beside the project, or undef: a test that needs them skips, saying so.
sub shared_dir
{
	my $dir = $ENV{TSM_SHARED};
	return defined $dir && -d "$dir/data" ? $dir : undef;
}

sub slurp
{
	my ($path) = @_;
	open my $fh, '<:encoding(UTF-8)', $path or die "could not open $path: $!";
	local $/;
	return scalar <$fh>;
}

# start_node(NAME, CONF): a started node whose database postgres has btree_gist and tsmem.
sub start_node
{
	my ($name, $conf, @init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ], @init);
	$node->append_conf('postgresql.conf', $conf) if defined $conf;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem');
	return $node;
}

# Whether the server reads the time zones of the machine, and brings none of its own.
sub uses_system_zones
{
	my ($node) = @_;
	return $node->safe_psql('postgres', q{SELECT setting LIKE '%--with-system-tzdata%' FROM pg_config WHERE name = 'CONFIGURE'}) eq 't';
}

# kill -9 of the postmaster and of every process of its server, which would commit for a while without it. Returns
# when all are gone: the lock file holds until the postmaster is buried.
sub kill_server
{
	my ($node) = @_;
	my @processes = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
	my ($postmaster) = slurp($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	$node->kill9;
	kill 'KILL', @processes;
	for (1 .. 600)
	{
		return unless grep { kill 0, $_ } $postmaster, @processes;
		select undef, undef, undef, 0.1;
	}
	die 'the killed server does not go away';
}

# Start after a crash, when the shared memory of the killed server is free.
sub recover
{
	my ($node) = @_;
	for (1 .. 600)
	{
		return if $node->start(fail_ok => 1);
		select undef, undef, undef, 0.1;
	}
	die 'the server does not start after the crash';
}

1;
