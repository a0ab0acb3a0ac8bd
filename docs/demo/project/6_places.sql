\echo '## 6. Nearest places within a time window'
\echo '# Each change of a clock is an event in space and time: a point on the globe at an instant.'
\echo '# One index covers both:'
CREATE TABLE clock_changes AS
    SELECT zone, lower(valid_at) AS changed_at, utc_offset,
           tsmem.geodetic(tsmem.stbox(longitude, latitude, lower(valid_at))) AS box
    FROM clocks JOIN input.places USING (zone) WHERE NOT lower_inf(valid_at);
CREATE INDEX ON clock_changes USING gist (box);
ANALYZE clock_changes;

\echo '# Spring 2023: which clocks changed nearest to Beirut in the last week of March, and which in April?'
SELECT zone, changed_at, utc_offset AS new_offset, round((box <-> beirut)::numeric / 1000) AS km
FROM clock_changes, tsmem.geodetic(tsmem.stbox(35.5, 33.883)) AS beirut
WHERE box && tsmem.stbox(tstzrange('2023-03-24', '2023-04-01')) ORDER BY box <-> beirut LIMIT 5;

SELECT zone, changed_at, utc_offset AS new_offset, round((box <-> beirut)::numeric / 1000) AS km
FROM clock_changes, tsmem.geodetic(tsmem.stbox(35.5, 33.883)) AS beirut
WHERE box && tsmem.stbox(tstzrange('2023-04-01', '2023-05-01')) ORDER BY box <-> beirut LIMIT 5;

\echo '# The index serves both at once, the window in time and the order by distance:'
EXPLAIN (COSTS OFF) SELECT zone FROM clock_changes
WHERE box && tsmem.stbox(tstzrange('2023-04-01', '2023-05-01'))
ORDER BY box <-> tsmem.geodetic(tsmem.stbox(35.5, 33.883)) LIMIT 5;
