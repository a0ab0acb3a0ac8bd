\echo '## 3. Ships: nearest within a time window'
\echo '# 99,999 positions of 10,631 ships, each a point on the globe at an instant, under one index:'
CREATE TABLE positions AS
    SELECT mmsi, name, ts AS at, sog_kn AS knots, tsmem.geodetic(tsmem.stbox(lon, lat, ts)) AS box
    FROM input.ships;
CREATE INDEX ON positions USING gist (box);
ANALYZE positions;

\echo '# Which ships were nearest to the French Quarter of New Orleans between 00:05 and 00:07?'
SELECT name, at, knots, round((box <-> here)::numeric) AS metres
FROM positions, tsmem.geodetic(tsmem.stbox(-90.0617, 29.9530)) AS here
WHERE box && tsmem.stbox(tstzrange('2022-01-03 00:05', '2022-01-03 00:07'))
ORDER BY box <-> here LIMIT 5;

\echo '# The index serves both at once, the window in time and the order by distance:'
EXPLAIN (COSTS OFF) SELECT name FROM positions
WHERE box && tsmem.stbox(tstzrange('2022-01-03 00:05', '2022-01-03 00:07'))
ORDER BY box <-> tsmem.geodetic(tsmem.stbox(-90.0617, 29.9530)) LIMIT 5;
