\echo '## 3. A correction made later, and what was believed before it'
\echo '# zone1970.tab holds since 1970. The zones'' own files know better about earlier years, so we correct:'
CREATE TABLE moments (name text PRIMARY KEY, at timestamptz DEFAULT clock_timestamp());
INSERT INTO moments VALUES ('before correction');
BEGIN;
DELETE FROM clocks USING input.places p WHERE clocks.zone = p.zone AND p.stands_in IS NOT NULL;
INSERT INTO clocks
    SELECT p.zone, make_interval(secs => c.seconds), tstzrange(c.valid_from, c.valid_to)
    FROM input.places p JOIN input.clocks c USING (zone) WHERE p.stands_in IS NOT NULL;
COMMIT;
INSERT INTO moments VALUES ('after correction');

\echo '# Both axes: the clock in Stockholm on two days (valid time), as known at two moments (system time).'
SELECT day, m.name AS known, c.utc_offset
FROM moments m, (VALUES (timestamptz '1943-07-01'), ('2020-07-01')) AS asked (day),
     LATERAL tsmem.as_of(NULL::clocks, valid => day, system => m.at) c
WHERE c.zone = 'Europe/Stockholm' AND m.name LIKE '%correction' ORDER BY day, m.at;
