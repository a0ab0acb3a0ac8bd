\echo '## 2. Earthquakes: when and where they shook, and when the catalogue knew'
\echo '# The time of a shock is valid time. "updated" says when the catalogue last revised it: each day of'
\echo '# revisions is replayed as one transaction.'
CREATE TABLE quakes (
    id text PRIMARY KEY, at timestamptz, magnitude float8, place text, box tsmem.stbox);
SELECT tsmem.add_system_versioning('quakes');
CREATE TABLE days (day date PRIMARY KEY, known_at timestamptz);
CREATE PROCEDURE replay_days() LANGUAGE plpgsql AS $$
DECLARE
    today date;
BEGIN
    FOR today IN SELECT DISTINCT updated::date FROM input.quakes ORDER BY 1 LOOP
        INSERT INTO quakes
            SELECT id, time, mag, place, tsmem.geodetic(tsmem.stbox(lon, lat, time))
            FROM input.quakes WHERE updated::date = today;
        INSERT INTO days VALUES (today, now());
        COMMIT;
    END LOOP;
END $$;
\echo '>> replaying 408 days'
CALL replay_days();
CREATE INDEX ON quakes USING gist (box);
ANALYZE quakes;

\echo '# How many shocks of the 1960s did the catalogue hold in their present form, as known on four days?'
SELECT asked, d.day AS last_revision, count(q.id) AS shocks, max(magnitude) AS strongest
FROM (VALUES (date '2014-12-31'), ('2015-05-31'), ('2015-12-31'), ('2016-12-31')) AS a (asked),
     LATERAL (SELECT * FROM days WHERE day <= asked ORDER BY day DESC LIMIT 1) d
     LEFT JOIN LATERAL (SELECT * FROM quakes_as_of(d.known_at) WHERE at < '1970-01-01') q ON true
GROUP BY asked, d.day ORDER BY asked;

\echo '# The strongest earthquake ever measured struck Chile on 22 May 1960. What shook nearest to it on'
\echo '# that day and the next?'
SELECT q.at, q.magnitude, round((q.box <-> main.box)::numeric / 1000) AS km, q.place
FROM quakes q, (SELECT box FROM quakes ORDER BY magnitude DESC NULLS LAST LIMIT 1) main
WHERE q.box && tsmem.stbox(tstzrange('1960-05-22', '1960-05-24'))
ORDER BY q.box <-> main.box LIMIT 6;
