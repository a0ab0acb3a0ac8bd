# The catalogue and the reference pages agree: every public object has a COMMENT and an entry, every setting and
# every SQLSTATE a line. Names that begin with an underscore are internal: they need a COMMENT only.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $root = project_dir();
my $reference = join "\n", map { slurp($_) } sort glob "$root/docs/reference/*.md";
my $node = start_node('reference');

sub rows
{
	my ($sql) = @_;
	return map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', $sql);
}

# Nothing of the extension is without a COMMENT. Row types, array types and implicit operator families carry none.
my @silent = rows(q{
	SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0)
	FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'tsmem' AND d.deptype = 'e'
	  AND d.classid <> 'pg_opfamily'::regclass
	  AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
	        SELECT FROM pg_catalog.pg_type t WHERE t.oid = d.objid AND (t.typrelid <> 0 OR t.typelem <> 0 AND t.typlen = -1 AND t.typname LIKE '\_%')))
	  AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (
	        SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid AND c.relkind IN ('S', 'i', 'I', 't')))
	  AND pg_catalog.obj_description(d.objid, d.classid::regclass::name) IS NULL
	ORDER BY 1});
is(scalar @silent, 0, 'every object has a COMMENT') or diag(join "\n", map { $_->[0] } @silent);

# Functions that someone calls by name: not those behind types, operators, casts, aggregates, indexes and triggers.
my @functions = rows(q{
	SELECT DISTINCT p.proname
	FROM pg_catalog.pg_proc p
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_catalog.pg_extension e ON d.refobjid = e.oid AND e.extname = 'tsmem'
	WHERE p.proname NOT LIKE '\_%'
	  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend,
	                                                                 t.typmodin, t.typmodout, t.typanalyze))
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE p.oid IN (o.oprcode, o.oprrest, o.oprjoin))
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castfunc = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_amproc a WHERE a.amproc = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc s WHERE s.prosupport = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_catalog.pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
	                                                                       a.aggserialfn, a.aggdeserialfn))
	ORDER BY 1});
my @missing = grep { index($reference, "tsmem.$_->[0](") < 0 } @functions;
ok(@functions > 0, 'there are public functions');
is(scalar @missing, 0, 'every public function has an entry') or diag(join "\n", map { "tsmem.$_->[0](" } @missing);

my @operators = rows(q{
	SELECT DISTINCT o.oprname
	FROM pg_catalog.pg_operator o
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e'
	JOIN pg_catalog.pg_extension e ON d.refobjid = e.oid AND e.extname = 'tsmem'
	ORDER BY 1});
# A table cell has to escape the bar of an operator.
(my $unescaped = $reference) =~ s/\\\|/|/g;
@missing = grep { index($unescaped, "`$_`") < 0 } map { $_->[0] =~ s/\\//gr } @operators;
is(scalar @missing, 0, 'every operator has an entry') or diag("@missing");

my @named = rows(q{
	SELECT n.name FROM (
	  SELECT t.typname, 'pg_type'::regclass, t.oid FROM pg_catalog.pg_type t WHERE t.typrelid = 0 AND t.typname NOT LIKE '\_%'
	  UNION ALL SELECT c.relname, 'pg_class'::regclass, c.oid FROM pg_catalog.pg_class c
	            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname NOT LIKE '\_%'
	  UNION ALL SELECT o.opcname, 'pg_opclass'::regclass, o.oid FROM pg_catalog.pg_opclass o
	  UNION ALL SELECT a.amname, 'pg_am'::regclass, a.oid FROM pg_catalog.pg_am a) n(name, class, oid)
	JOIN pg_catalog.pg_depend d ON d.classid = n.class AND d.objid = n.oid AND d.deptype = 'e'
	JOIN pg_catalog.pg_extension e ON d.refobjid = e.oid AND e.extname = 'tsmem'
	ORDER BY 1});
@missing = grep { $reference !~ /`(tsmem\.)?\Q$_->[0]\E[`\s(]/ } @named;
is(scalar @missing, 0, 'every type, table, view, operator class and access method has an entry')
  or diag(join "\n", map { $_->[0] } @missing);

my $settings = slurp("$root/docs/reference/settings.md");
my @settings = rows(q{
	SELECT count(*) FROM tsmem.cpu_features();
	SELECT name, coalesce(short_desc, '') FROM pg_catalog.pg_settings WHERE name LIKE 'tsmem.%'});
shift @settings;
ok(@settings > 0, 'the library has settings');
@missing = grep { index($settings, "`$_->[0]`") < 0 || $_->[1] eq '' } @settings;
is(scalar @missing, 0, 'every setting has a description and a line') or diag(join "\n", map { $_->[0] } @missing);

# SQLSTATEs: by name in C, through the server's own header; by code in SQL.
chomp(my $include = `$ENV{PG_CONFIG} --includedir-server`) if $ENV{PG_CONFIG};
chomp($include = `pg_config --includedir-server`) unless $include;
my %code_of;
my $header = slurp("$include/utils/errcodes.h");
$code_of{$1} = "$2$3$4$5$6"
  while $header =~ /#define (ERRCODE_\w+) MAKE_SQLSTATE\('(.)','(.)','(.)','(.)','(.)'\)/g;
my %raised;
for my $source (glob "$root/src/*/*.[ch] $root/src/*/*/*.[ch]")
{
	my $text = slurp($source);
	$raised{ $code_of{$1} // $1 } //= $source while $text =~ /\b(ERRCODE_\w+)\b(?!\()/g;    # codes, not macros over codes
	$raised{"$1$2$3$4$5"} //= $source while $text =~ /MAKE_SQLSTATE\('(.)',\s*'(.)',\s*'(.)',\s*'(.)',\s*'(.)'\)/g;
}
delete $raised{$_} for grep { /^ERRCODE_TSM_/ } keys %raised;    # our own names for codes, counted where defined
for my $source (glob "$root/sql/*.sql")
{
	next if $source =~ /tsmem--/;
	my $text = slurp($source);
	$raised{$1} //= $source while $text =~ /ERRCODE\s*=\s*'+([^']+)'/gi;
}
my $errors = slurp("$root/docs/reference/errors.md");
@missing = grep { index($errors, "`$_`") < 0 } sort keys %raised;
is(scalar @missing, 0, 'every SQLSTATE raised has a line') or diag(join "\n", map { "$_ in $raised{$_}" } @missing);
my @documented = $errors =~ /^\| `(\w{5})`/mg;
my @stale = grep { !$raised{$_} } @documented;
is(scalar @stale, 0, 'no line for a SQLSTATE that nothing raises') or diag("@stale");

$node->stop;
done_testing();
