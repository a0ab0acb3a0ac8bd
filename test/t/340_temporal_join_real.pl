# Temporal join and timeline on real periods: the life cycles of releases, and what was known of them when.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $shared = shared_dir();
plan skip_all => 'no data sets beside the project (TSM_SHARED)' unless defined $shared && -e "$shared/data/endoflife-bitemporal/changes.csv.gz";

my $node = start_node('join_real');
my $file = $node->basedir . '/changes.csv';
system_or_bail("gzip -dc '$shared/data/endoflife-bitemporal/changes.csv.gz' > '$file'");
$node->safe_psql('postgres', qq{
	CREATE TABLE change (rev int, system_time timestamptz, op text, product text, cycle text, release_date text, eol text,
		active_support_end text, lts text, latest text, latest_release_date text);
	\\copy change FROM '$file' WITH (FORMAT csv, HEADER)
	-- Some are true, false or empty, and one is the 31st of September.
	CREATE FUNCTION day(value text) RETURNS date LANGUAGE plpgsql IMMUTABLE AS \$\$
		BEGIN RETURN CASE WHEN value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}\$' THEN value::date END; EXCEPTION WHEN datetime_field_overflow THEN RETURN NULL; END \$\$;
	-- The versions of each record, and in each the period of its release.
	CREATE TABLE version AS SELECT product, cycle, latest, eol, op,
		tstzrange(system_time, lead(system_time) OVER w) AS known,
		CASE WHEN ends >= starts OR ends IS NULL AND starts IS NOT NULL THEN daterange(starts, ends) END AS supported
		FROM (SELECT *, day(release_date) AS starts, day(eol) AS ends FROM change OFFSET 0) c WINDOW w AS (PARTITION BY product, cycle ORDER BY rev);
	DELETE FROM version WHERE op = 'D' OR isempty(known);
	CREATE TABLE release AS SELECT product, cycle, supported FROM version WHERE upper_inf(known);
	ANALYZE version, release});
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM version'), '>', 50000, 'there are versions');

# The same statement with and without the temporal join.
sub differ
{
	my ($name, $query) = @_;
	my $on = $node->safe_psql('postgres', "LOAD 'tsmem'; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; EXPLAIN (COSTS OFF) $query; RESET ALL; $query");
	my $off = $node->safe_psql('postgres', "LOAD 'tsmem'; SET tsmem.enable_temporal_join = off; $query");
	like($on, qr/TemporalJoin/, "$name: joined temporally");
	is((split /\n/, $on)[-1], (split /\n/, $off)[-1], "$name: as the server joins");
	isnt((split /\n/, $on)[-1], '0', "$name: has rows");
}

differ('releases of two products at a time',
	q{SELECT count(*) || ' ' || md5(string_agg(a.cycle || '/' || b.cycle || (a.supported * b.supported)::text, ',' ORDER BY a.cycle, b.cycle, a.supported, b.supported))
	  FROM release a JOIN release b ON tsmem.overlaps(a.supported, b.supported) WHERE a.product = 'postgresql' AND b.product IN ('debian', 'ubuntu')});
differ('versions of one product known at a time',
	q{SELECT count(*) || ' ' || count(DISTINCT a.cycle) FROM version a JOIN version b ON a.product = b.product AND tsmem.overlaps(a.known, b.known) AND a.cycle < b.cycle WHERE a.product < 'd'});
differ('cycles without a like of their product',
	q{SELECT count(*) FROM release a WHERE NOT EXISTS (SELECT FROM release b WHERE b.product = a.product AND b.cycle <> a.cycle AND b.supported && a.supported)});
differ('every release and what was known in its time',
	q{SELECT count(*) || ' ' || count(v.cycle) FROM release r LEFT JOIN version v ON v.product = r.product AND v.cycle = r.cycle AND v.eol <> 'false' AND v.known && tstzrange(lower(r.supported)::timestamptz, upper(r.supported)::timestamptz)});

# How many releases are supported at a time: each value of the timeline against a count at the start of its interval.
is($node->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE value <> (SELECT count(*) FROM release WHERE supported @> coalesce(lower(period::daterange), '-infinity'::date)))
	FROM (SELECT * FROM tsmem.timeline('release', 'supported', 'count') LIMIT 400) t}), '0', 'the timeline counts right at each start');
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.timeline('release', 'supported', 'count')}), '>', 1000, 'and has intervals');
is($node->safe_psql('postgres', q{
	SELECT (SELECT value FROM tsmem.timeline('version', 'known', 'count') ORDER BY period::tstzrange DESC LIMIT 1)
	     = (SELECT count(*) FROM version WHERE upper_inf(known))}), 't', 'the timeline of what is known ends with the present');
$node->stop;
done_testing();
