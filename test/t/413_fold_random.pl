# Folded history against plain history: two tables of one definition, with columns of many types, take the same random statements in
# the same transactions, while columns come, go and change between them. One is folded, merged and unfolded at random, the other
# never. Their versions are equal to the bit, read whole, by key and as of random instants, those at which versions begin and end
# among them. Then import_history, random too: what plain history takes or refuses, folded history takes or refuses.
# TSM_VERSIONS says how many versions there are to be, TSM_SEED which.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $seed = $ENV{TSM_SEED} // 20240229;
my $versions = $ENV{TSM_VERSIONS} // 20_000;
my ($rounds, $per_key, $instants, $imports) = (6, 40, 4, 250);
my $keys = int($versions / $per_key) || 1;
note "TSM_SEED=$seed TSM_VERSIONS=$versions";
srand($seed);

my $node = start_node('fold_random', "max_wal_size = '4GB'\nsynchronous_commit = off\nwork_mem = '64MB'\n");

# H stands for a number made of the key and the step.
my @special = map { "'$_'" } qw(NaN Infinity -Infinity -0 0 1e-30 0.1 -7.25);
my $float = '(ARRAY[' . join(', ', @special) . "])[1 + abs(H % 8)]";
my $long = q{CASE WHEN id % 50 = 0 THEN (SELECT string_agg(md5((H + i)::text), '') FROM generate_series(1, 100) i)
	WHEN id % 50 = 1 THEN repeat('again ' || H, 400) ELSE 'note ' || H % 1000 END};
my %value_of = (
	'bool' => 'H % 2 = 0', 'int2' => '(H % 32768)::int2', 'int4' => '(H % 2147483648)::int4', 'int8' => 'H',
	'float4' => "$float\::float4", 'float8' => "CASE WHEN H % 3 = 0 THEN $float\::float8 ELSE H / 1e9::float8 END",
	'numeric' => "CASE WHEN H % 5 = 0 THEN (ARRAY['NaN', 'Infinity', '0.000', '-1e80', '0'])[1 + abs(H / 8 % 5)]::numeric ELSE H / 1000.0 END",
	'numeric(30,3)' => 'H % 1000000 / 7.0', '"char"' => 'chr(33 + abs(H % 90)::int)::"char"', 'char(8)' => '(H % 9999)::text',
	'varchar(40)' => q{'v' || H}, 'text' => $long, 'name' => q{('n' || H % 100)::name}, 'bytea' => 'decode(md5(H::text), $$hex$$)',
	'date' => q{CASE WHEN H % 9 = 0 THEN 'infinity' WHEN H % 9 = 1 THEN '0044-03-15 BC' ELSE date '2024-01-01' + (H % 5000)::int END},
	'time' => q{time '00:00' + H % 86400 * interval '1 s'}, 'timetz' => q{timetz '12:00+05:30' + H % 9999 * interval '1 s'},
	'timestamp' => q{timestamp '2000-01-01' + H % 99999999 * interval '1 ms'},
	'timestamptz' => q{CASE WHEN H % 9 = 0 THEN '-infinity' ELSE timestamptz '2000-01-01' + H % 99999999 * interval '1 s' END},
	'interval' => q{H % 40 * interval '1 month' + H % 7 * interval '1 day' - H % 999 * interval '1 ms'},
	'uuid' => 'md5(H::text)::uuid', 'json' => q{('{ "h":  ' || H || ', "h": 1}')::json},
	'jsonb' => q{jsonb_build_object('id', id, 'h', H % 100, 'list', jsonb_build_array(1, null, H % 10, jsonb_build_object('deep', H)))},
	'mood' => q{(enum_range(NULL::mood))[1 + abs(H % 3)]}, 'mood[]' => q{ARRAY['calm', NULL, (enum_range(NULL::mood))[1 + abs(H % 3)]]::mood[]},
	'place' => q{ROW('here, or "there" ' || H, (enum_range(NULL::mood))[1 + abs(H % 3)])::place},
	'place[]' => q{ARRAY[ROW(NULL, 'calm'), NULL, ROW('', NULL), ROW(H % 10, 'merry')]::place[]},
	'short' => q{('s' || H % 1000)::short}, 'short[]' => q{ARRAY['x', 's' || H % 10]::short[]}, 'int4[]' => q{('[0:1][2:3]={{1,' || H % 10 || '},{NULL,4}}')::int4[]},
	'int4range' => q{CASE WHEN H % 9 = 0 THEN 'empty' ELSE int4range(NULL, (H % 1000)::int, '(]') END}, 'numrange' => 'numrange(H % 10, 10.50)',
	'int4multirange' => 'int4multirange(int4range(0, 5), int4range(10, 20 + abs(H % 9)::int))', 'mood_range' => q{mood_range('calm', 'cross', '[]')},
	'box' => 'box(point(H % 10, 1), point(2, 3.5))', 'inet' => q{inet '10.0.0.0/8' + H % 9999}, 'bit(7)' => 'H::bit(7)', 'varbit' => 'H::bit(64)::varbit << 3',
	'money' => '(H % 99999)::int8::money', 'tsvector' => q{to_tsvector('simple', 'word w' || H % 10)}, 'pg_lsn' => q{pg_lsn '0/0' + abs(H % 99999)},
	'tsmem.vector' => q{('[' || H % 10 || ', 0.1, -0, ' || H / 1e9 || ']')::tsmem.vector},
	'tsmem.stbox' => q{tsmem.stbox(H % 90, 42.5, timestamptz '2022-01-03 10:00' + H % 9999 * interval '1 s')});
my (%type_of, $number);
$type_of{ sprintf 'c%02d', ++$number } = $_ for sort keys %value_of;
my %column_of = reverse %type_of;    # the first of a type, which schema changes name

sub value
{
	my ($type, $step) = @_;
	return "CASE WHEN H % 13 = $step % 13 THEN NULL ELSE $value_of{$type} END" =~ s/\bH\b/hashint8extended(id, $step)/gr;
}

# The same of both tables, in one transaction.
sub both { my ($statement) = @_; return join ";\n", map { $statement =~ s/\bT\b/$_/gr } qw(f p) }

$node->safe_psql('postgres', "
	CREATE TYPE mood AS ENUM ('calm', 'merry', 'cross');
	CREATE TYPE place AS (name text, mood mood);
	CREATE DOMAIN short AS varchar(20) CHECK (value <> '');
	CREATE TYPE mood_range AS RANGE (SUBTYPE = mood);
	CREATE TABLE schemas (n int);"
	. both('CREATE TABLE T (id int8 PRIMARY KEY, gone int, ' . join(', ', map { "$_ $type_of{$_}" } sort keys %type_of) . q{);
	ALTER TABLE T DROP COLUMN gone;
	SELECT tsmem.add_system_versioning('T')}));

# What differs, by key and begin, or by the whole row where there may be several. Rows are compared as images; as text where those differ
# it shows what has happened.
$node->safe_psql('postgres', q{
	CREATE FUNCTION differing(what text, keys text) RETURNS text LANGUAGE plpgsql SET search_path = public, tsmem AS $$
	DECLARE
		found text;
	BEGIN
		EXECUTE format('SELECT format(''%%s differ, as %%s and %%s'', count(*), min(f::text), min(p::text)) FROM (SELECT * FROM %s) f
			FULL JOIN (SELECT * FROM %s) p USING (%s) WHERE (f OPERATOR(pg_catalog.*=) p) IS NOT TRUE HAVING count(*) > 0',
			regexp_replace(what, '\mT(?=_|\M)', 'f'), regexp_replace(what, '\mT(?=_|\M)', 'p'), keys) INTO found;
		RETURN what || ': ' || found;
	END $$;
	CREATE FUNCTION differing_at(at timestamptz, key int8) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		what text;
	BEGIN
		FOREACH what IN ARRAY ARRAY['T_as_of(%1$L)', 'T_as_of(%1$L) v WHERE id = %2$s', 'T_versions v WHERE id = %2$s AND row_start <= %1$L',
			'T_as_of(%1$L) v WHERE id IN (%2$s, %2$s + 1, %2$s / 2)', 'T_versions v WHERE id BETWEEN %2$s AND %2$s + 3 AND row_end = %1$L'] LOOP
			RETURN NEXT differing(format(what, at, key), 'id, row_start');
		END LOOP;
	END $$});

my ($step, $made) = (0, 0);
my @columns;
sub one_of { return $_[ int rand @_ ] }

# A statement, and about how many versions it makes.
my %statement = (
	insert => sub {
		@columns = sort keys %type_of;
		$made += $keys / 20;
		return "INSERT INTO T (id, " . join(', ', @columns) . ") SELECT id, " . join(', ', map { value($type_of{$_}, $step) } @columns)
			. " FROM generate_series(1, $keys) id WHERE id % 4 = " . int(rand 4) . ' ON CONFLICT DO NOTHING';
	},
	update => sub {
		my ($part, @all) = (one_of(1, 1, 2, 3), sort keys %type_of);
		my %chosen = map { one_of(@all) => 1 } 0 .. one_of(0, 1, 2, 5);
		$made += $keys / $part / 2.5;
		return 'UPDATE T SET ' . join(', ', map { "$_ = " . value($type_of{$_}, $step) } sort keys %chosen) . " WHERE id % $part = " . int(rand $part);
	},
	key => sub { return "UPDATE T SET id = id + $keys * 2 WHERE id % 97 = " . int(rand 97) . " AND id <= $keys AND id + $keys * 2 NOT IN (SELECT id FROM T)" },
	delete => sub { return 'DELETE FROM T WHERE id % 9 = ' . int(rand 9) });
my @dice = (('insert') x 2, ('update') x 8, 'key', ('delete') x 2);

# Several statements a transaction, now and then one that is rolled back.
sub transaction
{
	my ($made_before, @statements) = ($made);
	for (1 .. one_of(1, 1, 1, 2, 3)) { $step++; push @statements, both($statement{ one_of(@dice) }->()) }
	my $ends = int(rand 12) ? 'COMMIT' : 'ROLLBACK';
	$made = $made_before if $ends eq 'ROLLBACK' || $step < 3;
	return join(";\n", 'BEGIN', @statements, $ends) . ";\n";
}

sub fold
{
	my $dice = int rand 20;
	my $some = 1 + int rand($versions / 10);
	return $dice < 12 ? '' : $dice < 14 ? "SELECT tsmem.fold('f');\n" : $dice < 17 ? "SELECT tsmem.fold('f', max_versions => $some);\n"
		: $dice < 18 ? "SELECT tsmem.fold('f', interval '200 ms');\n" : "SELECT tsmem.merge('f', 1 + $some / 50);\n";
}

sub renamed { my ($old, $new, $type) = @_; delete $type_of{$old}; $type_of{$new} = $type if defined $new; return }

sub alter { my ($old, $new, $type, $statement) = @_; renamed($old, $new, $type); return "ALTER TABLE T $statement" }

my ($int, $char, $real, $day, $span, $exact) = @column_of{qw(int4 varchar(40) float4 date int4range numeric)};
my @changes = map { my @change = @$_; sub { alter(@change) } } (
	[ 'a1', 'a1', 'int4', 'ADD COLUMN a1 int4 DEFAULT 7' ], [ $int, $int, 'int8', "ALTER COLUMN $int TYPE int8" ],
	[ 'a2', 'a2', 'text', 'ADD COLUMN a2 text' ], [ $real, undef, undef, "DROP COLUMN $real" ],
	[ $char, 'w', 'varchar(40)', "RENAME COLUMN $char TO w" ], [ 'w', 'w', 'text', 'ALTER COLUMN w TYPE text' ],
	[ $real, $real, 'mood', "ADD COLUMN $real mood" ], [ 'a3', 'a3', 'timestamptz', 'ADD COLUMN a3 timestamptz DEFAULT now()' ],
	[ 'a1', undef, undef, 'DROP COLUMN a1' ], [ 'a1', 'a1', 'text', "ADD COLUMN a1 text NOT NULL DEFAULT 'again'" ],
	[ 'a1', 'a1', 'text', 'ALTER COLUMN a1 DROP NOT NULL' ], [ $day, $day, 'timestamp', "ALTER COLUMN $day TYPE timestamp" ],
	[ $span, $char, 'int4range', "RENAME COLUMN $span TO $char" ], [ $int, $int, 'numeric', "ALTER COLUMN $int TYPE numeric" ],
	[ $exact, $exact, 'text', "ALTER COLUMN $exact TYPE text" ], [ 'a2', undef, undef, 'DROP COLUMN a2, ADD COLUMN a2 place' ],
	[ 'a2', 'a2', 'place', 'ALTER COLUMN a2 DROP DEFAULT' ], [ $day, undef, undef, "DROP COLUMN $day" ],
	[ 'w', $day, 'text', "RENAME COLUMN w TO $day" ]);

sub check
{
	my ($what) = @_;
	is($node->safe_psql('postgres', q{SELECT differing('T_versions', 'id, row_start')}), '', "$what: the same versions");
	# Instants at which a version began or ended, one before and one after, and any.
	my @points = map { sprintf '(%.12f, %d)', rand, int rand $keys } 1 .. $instants;
	is($node->safe_psql('postgres', "
		CREATE TEMP TABLE times AS SELECT row_number() OVER (ORDER BY at) AS n, at FROM (SELECT row_start AS at FROM p_versions GROUP BY 1 UNION SELECT row_end FROM p_history GROUP BY 1) t;
		SELECT string_agg(d, E'\\n') FROM (VALUES " . join(', ', @points) . ") AS point (place, key), (SELECT count(*) AS many FROM times) c,
			LATERAL (SELECT at + (key % 3 - 1) * interval '1 us' AS at FROM times WHERE n = 1 + floor(place * many)) t, differing_at(t.at, key) d"),
		'', "$what: the same at $instants instants");
	is($node->safe_psql('postgres', q{SELECT * FROM tsmem.verify('f')}), '', "$what: verify is silent");
}

for my $round (1 .. $rounds)
{
	# A few versions are folded after a change of columns, beside blocks from before it.
	my $script = transaction() . "SELECT tsmem.fold('f', max_versions => " . (1 + int($keys / 5)) . ");
		" . ($round > 1 ? "INSERT INTO schemas SELECT count(DISTINCT schema_id) FROM f_history_segments;\n" : '');
	$script .= transaction() . fold() while $made < $versions * $round / $rounds;
	$script .= "SELECT tsmem.fold('f');\n" if $round % 3 == 1;
	$script .= "SELECT tsmem.unfold('f');\nSELECT tsmem.fold('f', max_versions => " . (1 + int($versions / 7)) . ");\n" if $round == 4;
	$script .= transaction();
	$node->safe_psql('postgres', $script);
	check("round $round");
	my @now = splice @changes, 0, 4;
	$node->safe_psql('postgres', join ";\n", map { ('BEGIN', both($_->()), 'COMMIT') } @now);
	check("round $round, changed") if $round == 3;
}
is($node->safe_psql('postgres', 'SELECT count(*) > 0 FROM ONLY f_history'), 't', 'there is a tail');
is($node->safe_psql('postgres', 'SELECT max(n) > 1 FROM schemas'), 't', 'there were blocks of several schemas');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM p_versions'), '>=', $versions, 'as many versions as were asked for');
$node->safe_psql('postgres', q{SELECT tsmem.fold('f', max_versions => 10000000)});
check('all folded');
note $node->safe_psql('postgres', q{SELECT format('%s versions, %s segments, %s and %s bytes', (SELECT count(*) FROM p_versions), (SELECT count(*) FROM f_history_segments),
	pg_total_relation_size('f_history_segments'), pg_total_relation_size('p_history'))});
$node->safe_psql('postgres', q{SELECT tsmem.unfold('f')});
check('all unfolded');

# Imports of random periods for few keys, so that most meet something.
$node->safe_psql('postgres', q{
	DROP TABLE f, p CASCADE;
	CREATE TABLE f (id int PRIMARY KEY, v text); CREATE TABLE p (LIKE f INCLUDING ALL);
	SELECT tsmem.add_system_versioning('f'), tsmem.add_system_versioning('p');
	BEGIN; INSERT INTO f VALUES (1, 'today'), (2, 'today'); INSERT INTO p TABLE f; COMMIT;
	CREATE TABLE outcomes (n int, rel text, outcome text);
	CREATE FUNCTION import(rel text, number int, query text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		detail text;
		outcome text;
	BEGIN
		outcome := tsmem.import_history(rel, query);
		INSERT INTO outcomes VALUES (number, rel, outcome);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		INSERT INTO outcomes VALUES (number, rel, replace(concat_ws(' ', SQLSTATE, SQLERRM, detail), format('"%s"', rel), 'T'));
	END $$});
my $script = '';
for my $n (1 .. $imports)
{
	my $rows = join ', ', map { my $begin = int rand 300; sprintf '(%d, %d, %d)', int(rand 6), $begin, $begin + 1 + int rand 12 } 1 .. one_of(1, 1, 1, 2, 3);
	$script .= "BEGIN;\n" . both("SELECT import('T', $n, \$\$SELECT id, 'import $n' AS v, timestamptz '2020-01-01' + a * interval '1 day' AS row_start,
		timestamptz '2020-01-01' + b * interval '1 day' AS row_end FROM (VALUES $rows) AS i (id, a, b)\$\$)") . ";\nCOMMIT;\n";
	$script .= one_of("SELECT tsmem.fold('f');\n", "SELECT tsmem.fold('f', max_versions => 5);\n", "SELECT tsmem.merge('f');\n", '', '', '');
}
$node->safe_psql('postgres', $script);
is($node->safe_psql('postgres', q{
	SELECT f.n, f.outcome, p.outcome FROM outcomes f JOIN outcomes p USING (n) WHERE f.rel = 'f' AND p.rel = 'p' AND f.outcome <> p.outcome}), '',
	'imports are taken and refused alike');
is($node->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE outcome ~ '^\d$') > 30, count(*) FILTER (WHERE outcome ~ '^23P01') > 30, count(*) FILTER (WHERE outcome !~ '^(\d$|23P01)') FROM outcomes}),
	't|t|0', 'many of each');
$node->safe_psql('postgres', q{SELECT tsmem.fold('f')});
for my $case ([ 'a folded version again', 'SELECT id, v, row_start, row_end FROM p_history WHERE id = 3 ORDER BY row_start LIMIT 1', qr/^23P01/ ],
	[ 'within one', "SELECT id, v, row_start + interval '1 s' AS row_start, row_start + interval '2 s' AS row_end FROM p_history WHERE id = 3 LIMIT 1", qr/^23P01/ ],
	[ 'around all', "SELECT id, 'all' AS v, min(row_start) - interval '1 d' AS row_start, max(row_end) + interval '1 d' AS row_end FROM p_history WHERE id = 3 GROUP BY id", qr/^23P01/ ],
	[ 'up to the first', "SELECT id, 'first' AS v, min(row_start) - interval '1 d' AS row_start, min(row_start) AS row_end FROM p_history WHERE id = 3 GROUP BY id", qr/^1$/ ],
	[ 'from the last', "SELECT id, 'last' AS v, max(row_end) AS row_start, max(row_end) + interval '1 d' AS row_end FROM p_history WHERE id = 3 GROUP BY id", qr/^1$/ ])
{
	my ($what, $query, $expected) = @$case;
	$imports++;
	$node->safe_psql('postgres', "BEGIN; CREATE TEMP TABLE source ON COMMIT DROP AS $query;" . both("SELECT import('T', $imports, 'TABLE source')") . '; COMMIT');
	my ($f, $p) = split /\n/, $node->safe_psql('postgres', "SELECT outcome FROM outcomes WHERE n = $imports ORDER BY rel");
	like($f, $expected, "$what: $f");
	is($f, $p, "$what: as plain history");
}
check('after imports');
$node->stop;
done_testing();
