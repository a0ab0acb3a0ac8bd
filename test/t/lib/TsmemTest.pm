# What the TAP tests share: a node that has tsmem, and where the project stands.
package TsmemTest;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;

our @EXPORT = qw(start_node project_dir shared_dir slurp);

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

1;
