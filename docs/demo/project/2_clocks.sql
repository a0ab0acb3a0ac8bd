\echo '## 2. When was it true? The clocks of the world'
\echo '# The offset of each zone from UTC, with the period in which it holds: valid time. The key allows one'
\echo '# offset a zone at any moment. Where zone1970.tab lets one zone stand in for another, we believe it.'
CREATE EXTENSION btree_gist;
CREATE TABLE clocks (zone text, utc_offset interval NOT NULL, valid_at tstzrange);
SELECT tsmem.add_period('clocks', 'valid_at');
SELECT tsmem.add_temporal_key('clocks', '{zone}', 'valid_at', primary_key => true);
SELECT tsmem.add_system_versioning('clocks');
\echo '>> loading' :clocks 'periods'
INSERT INTO clocks
    SELECT p.zone, make_interval(secs => c.seconds), tstzrange(c.valid_from, c.valid_to)
    FROM input.places p JOIN input.clocks c ON c.zone = coalesce(p.stands_in, p.zone);

\echo '# What did the clocks of Samoa show in the last second of a day, and in the second after it?'
SELECT utc, utc_offset, utc + utc_offset AS clock_in_samoa
FROM clocks, (VALUES (timestamp '2011-12-30 09:59:59'), ('2011-12-30 10:00:00')) AS asked (utc)
WHERE zone = 'Pacific/Apia' AND valid_at @> utc AT TIME ZONE 'UTC' ORDER BY utc;

\echo '# Samoa never had a 30 December 2011. A second truth for the same moment is refused:'
\set ON_ERROR_STOP off
\set VERBOSITY terse
INSERT INTO clocks VALUES ('Pacific/Apia', '12:00', '[2012-06-01, 2012-07-01)');
\set ECHO none
\set ON_ERROR_STOP on
\set VERBOSITY default
SELECT demo.check('the key refuses a second offset for a moment', :'SQLSTATE' = '23P01') \g /dev/null
\set ECHO queries
