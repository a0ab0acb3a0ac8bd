-- The rows of the two pictures, for picture.pl.
\o /dev/null

-- A version of a file holds from its commit to the next commit that changes it.
CREATE TEMP TABLE versions AS
SELECT v.path, b.committed_at AS began, e.committed_at AS ended,
	row_number() OVER (PARTITION BY v.path ORDER BY lower(v.sys_period)) AS number,
	count(*) OVER (PARTITION BY v.path) AS of_so_many
FROM files_versions v JOIN commits b ON b.ordinal = v.commit LEFT JOIN commits e ON e.known_at = upper(v.sys_period);

CREATE TEMP TABLE timeline AS
SELECT 'The files that changed most, by the dates of the commits' AS panel, path AS lane,
	extract(epoch FROM began)::bigint AS "from", extract(epoch FROM ended)::bigint AS "to",
	(number % 2 = 0)::int AS tone, number::text AS text, 1 AS place, -of_so_many AS rank
FROM versions
WHERE path IN (SELECT path FROM versions GROUP BY path ORDER BY count(*) DESC, path LIMIT 10)
UNION ALL
SELECT 'The clock of Stockholm: hours from UTC, before and after it was corrected', 'known ' || m.name,
	CASE WHEN lower(valid_at) > '1938-01-01' THEN extract(epoch FROM lower(valid_at))::bigint END,
	CASE WHEN upper(valid_at) < '1950-01-01' THEN extract(epoch FROM upper(valid_at))::bigint END,
	CASE utc_offset WHEN '1 hour' THEN 0 WHEN '2 hours' THEN 2 WHEN '3 hours' THEN 3 ELSE 1 END,
	to_char(extract(epoch FROM utc_offset) / 3600, 'FMSG9'), 2, extract(epoch FROM m.at)
FROM moments m, LATERAL clocks_as_of(m.at) c
WHERE zone = 'Europe/Stockholm' AND m.name LIKE '%correction' AND valid_at && tstzrange('1938-01-01', '1950-01-01');
\copy (SELECT panel, lane, "from", "to", tone, text FROM timeline ORDER BY place, rank, lane, "from" NULLS FIRST) TO 'timeline_rows.tsv'

CREATE TEMP TABLE nearest AS
SELECT zone, (changed_at AT TIME ZONE 'UTC' + utc_offset)::date AS day, round((box <-> beirut)::numeric / 1000) AS km
FROM clock_changes, tsmem.geodetic(tsmem.stbox(35.5, 33.883)) AS beirut
WHERE box && tsmem.stbox(tstzrange('2023-04-01', '2023-05-01')) ORDER BY box <-> beirut LIMIT 5;
CREATE TEMP TABLE map AS
SELECT 'place' AS kind, longitude, latitude, round(extract(epoch FROM utc_offset) / 3600, 2) AS number, zone AS text, 1.0 AS place
FROM input.places JOIN clocks USING (zone) WHERE valid_at @> now()
UNION ALL
SELECT 'name', longitude, latitude, NULL::numeric, replace(regexp_replace(zone, '.*/', ''), '_', ' '), 2
FROM input.places WHERE zone IN ('Pacific/Honolulu', 'America/New_York', 'America/Sao_Paulo', 'Atlantic/Reykjavik',
	'Indian/Mauritius', 'Asia/Tokyo', 'Australia/Sydney')
UNION ALL
SELECT 'mark', longitude, latitude, NULL, format('%s, %s km, on %s', zone, km, to_char(day, 'FMDD FMMonth')), 3 + km / 100000
FROM nearest JOIN input.places USING (zone)
UNION ALL VALUES ('centre', 35.5, 33.883, NULL::numeric, 'Clocks that changed in April 2023, nearest to Beirut', 4);
\copy (SELECT kind, longitude, latitude, number, text FROM map ORDER BY place, text) TO 'map_rows.tsv'
\o
