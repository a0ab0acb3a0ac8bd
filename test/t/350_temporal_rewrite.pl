# tsmem.rewrite gives back every text that is not temporal: all SQL of this project, whole and in pieces, and prose. What it makes of
# temporal text is read by the server's parser.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $root = project_dir();
my $node = start_node('rewrite');
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, p daterange);
	SELECT tsmem.add_period('t', 'p'), tsmem.add_system_versioning('t');
	CREATE FUNCTION same(given text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		RETURN CASE WHEN tsmem.rewrite(given) = given THEN 'same' ELSE 'other' END;
	EXCEPTION
		-- The scanner's own errors: text cut within quotes.
		WHEN syntax_error THEN RETURN CASE WHEN sqlerrm ~ '^unterminated|^invalid|^trailing|junk|truncated|^zero-length' THEN 'same' ELSE sqlerrm END;
		WHEN invalid_escape_sequence OR untranslatable_character OR nonstandard_use_of_escape_character THEN RETURN 'same';
	END $$});

my $tag = 'q7f3c';
sub same
{
	my (@texts) = @_;
	return $node->safe_psql('postgres', 'SET standard_conforming_strings = on; ' .
		  'SELECT same(x) FROM unnest(ARRAY[' . join(', ', map { "\$$tag\$$_\$$tag\$" } @texts) . ']::text[]) x');
}

my @files = grep { !m{/temporal_(rewrite|query|language|peers_)} && !/tsmem--/ } sort glob "$root/test/sql/*.sql $root/test/pgtap/*.sql $root/sql/*.sql $root/docs/demo/*/*.sql";
ok(@files > 50, 'there is SQL to try');
my @other = grep { same(slurp($_)) ne 'same' } @files;
is_deeply(\@other, [], 'files come back as they were');

# Every line by itself, and every text from the middle of one: no beginning or end of a statement is taken for something temporal.
my (@wrong, $tried);
for my $file (@files)
{
	my @pieces = grep { /\S/ } split /\n/, slurp($file);
	push @pieces, map { substr $_, length($_) / 2 } @pieces;
	$tried += @pieces;
	my @answers = split /\n/, same(@pieces);
	push @wrong, map { "$file: $answers[$_]: $pieces[$_]" } grep { $answers[$_] ne 'same' } 0 .. $#pieces;
}
ok($tried > 5000, "$tried pieces");
is(scalar @wrong, 0, 'pieces come back as they were') or diag(join "\n", @wrong[ 0 .. ($#wrong < 20 ? $#wrong : 20) ]);

# The documentation is no SQL, but has all its words.
@wrong = ();
for my $file (glob "$root/docs/*/*.md $root/src/*/README.md")
{
	next if $file =~ /temporal-sql|sql2011/;
	my @lines = grep { /\S/ && !/FOR\s+(SYSTEM_TIME|VALID_TIME|PORTION)|WITHOUT OVERLAPS|SYSTEM VERSIONING|\b(OVERLAPS|CONTAINS|EQUALS|PRECEDES|SUCCEEDS)\b/ } split /\n/, slurp($file);
	my @answers = split /\n/, same(@lines);
	push @wrong, map { "$file: $answers[$_]: $lines[$_]" } grep { $answers[$_] ne 'same' } 0 .. $#lines;
}
# Prose can be a predicate by chance: "which succeeds when".
is(scalar(grep { !/\b(overlaps|contains|equals|precedes|succeeds)\b/i } @wrong), 0, 'prose comes back as it was') or diag(join "\n", @wrong);

# Temporal text made at random: the server's parser takes what comes out, whatever stands around the clauses.
srand(350);
sub pick { return $_[ int rand @_ ] }
sub value { return pick('now()', '$1', "'2026-01-01'", "now() - interval '1' day", "(SELECT now())", "TIMESTAMP '2026-01-01' AT TIME ZONE 'UTC'", 'CASE WHEN true THEN now() END', '(f(a, b))[1].c', "left('x', 1)::timestamptz") }
sub clause
{
	my ($time) = @_;
	return pick("FOR $time AS OF " . value(), "FOR $time FROM " . value() . ' TO ' . value(), "FOR $time BETWEEN " . pick('', 'SYMMETRIC ', 'ASYMMETRIC ') . value() . ' AND ' . value(), "FOR $time ALL", "FOR ALL $time");
}
sub table
{
	my ($depth) = @_;
	my $alias = pick('', ' AS a', ' b', ' c (x, y)', ' "Of"');
	my $clauses = join pick(' ', ' /* c */ ', " -- c\n"), pick([ clause('SYSTEM_TIME') ], [ clause('VALID_TIME') ], [ clause('SYSTEM_TIME'), clause('VALID_TIME') ], [ clause('VALID_TIME'), clause('SYSTEM_TIME') ])->@*;
	return pick('public.t', 't', '"t"') . pick(" $clauses$alias", "$alias $clauses") if $depth <= 0 || rand() < 0.5;
	return pick('(' . query($depth - 1) . ') s', 'LATERAL f(1) WITH ORDINALITY AS g (x)', '(' . table($depth - 1) . ' CROSS JOIN ' . table($depth - 1) . ')',
		table($depth - 1) . ' LEFT JOIN ' . table($depth - 1) . ' ON ' . predicate($depth - 1), 'plain TABLESAMPLE system (1)');
}
sub operand { return pick('p', 't.p', "PERIOD ('a', 'b')", 'PERIOD (a, b)', 'f(x)', '(p * q)', '$1::daterange', "daterange '[a,b)'", '(SELECT ' . 'p)') }
sub predicate
{
	my ($depth) = @_;
	return pick('true', 'a IS DISTINCT FROM b', operand() . ' ' . pick('OVERLAPS', 'EQUALS', 'CONTAINS', 'PRECEDES', 'IMMEDIATELY SUCCEEDS') . ' ' . operand(), "substring(x FROM 1 FOR 2) = ''") if $depth <= 0;
	return pick('NOT ' . predicate($depth - 1), predicate($depth - 1) . ' AND (' . predicate($depth - 1) . ')', 'EXISTS (' . query($depth - 1) . ')', 'CASE WHEN ' . predicate($depth - 1) . ' THEN true END');
}
sub query
{
	my ($depth) = @_;
	return pick('', 'WITH w AS (SELECT 1) ') . 'SELECT ' . pick('*', 'DISTINCT ON (a) b', predicate($depth - 1) . ' AS x') . ' FROM ' . join(', ', map { table($depth - 1) } 1 .. pick(1, 1, 2)) .
	  pick('', ' WHERE ' . predicate($depth - 1)) . pick('', ' ORDER BY 1 FOR UPDATE', ' LIMIT 1', ' UNION SELECT 1');
}
my @queries = map { query(3) } 1 .. 1000;
$node->safe_psql('postgres', q{
	-- Raises what the parser says; a statement that is parsed fails, or not, in its analysis.
	CREATE FUNCTION parsed(given text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		rewritten text := tsmem.rewrite(given);
	BEGIN
		IF rewritten ~* 'FOR\s+(ALL\s+)?(SYSTEM|VALID)_TIME' THEN RETURN '@@left: ' || rewritten; END IF;
		EXECUTE 'PREPARE q AS ' || rewritten;
		DEALLOCATE q;
		RETURN '@@parsed';
	EXCEPTION
		WHEN syntax_error THEN RETURN CASE WHEN sqlerrm ~ '^each UNION' THEN '@@parsed' ELSE '@@not parsed: ' || sqlerrm || ': ' || coalesce(rewritten, '') END;
		WHEN others THEN RETURN '@@parsed';
	END $$});
my @answers = split /\n(?=@@)/, $node->safe_psql('postgres', join '; ', map { "SELECT parsed(\$$tag\$$_\$$tag\$)" } @queries);
is(scalar @answers, scalar @queries, 'an answer for each query');
@wrong = grep { $answers[$_] ne '@@parsed' } 0 .. $#answers;
is(scalar @wrong, 0, 'what comes out is SQL of the server') or diag(join "\n", map { "$queries[$_]\n=> $answers[$_]\n" } @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]);
$node->stop;
done_testing();
