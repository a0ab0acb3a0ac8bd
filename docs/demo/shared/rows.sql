-- The rows of the two pictures, for picture.pl.
\o /dev/null
CREATE TEMP TABLE timeline AS
SELECT 'Versions of the release records, by the dates of the revisions' AS panel, product || ' ' || cycle AS lane,
	extract(epoch FROM b.written_at)::bigint AS "from", extract(epoch FROM e.written_at)::bigint AS "to",
	(row_number() OVER (PARTITION BY product, cycle ORDER BY v.sys_period) % 2 = 0)::int AS tone, latest AS text, 1 AS place, cycle AS rank
FROM releases_versions v JOIN revisions b ON b.known_at = lower(v.sys_period) LEFT JOIN revisions e ON e.known_at = upper(v.sys_period)
WHERE product = 'postgresql' AND cycle IN ('13', '14', '15', '16', '17')
UNION ALL
SELECT 'Support of PostgreSQL 15, as the files said on two days', 'as of ' || day,
	extract(epoch FROM lower(supported))::bigint, extract(epoch FROM upper(supported))::bigint, tone, supported::text, 2, day
FROM (VALUES ('2022-10-13', 975, 2), ('2022-10-14', 977, 0)) AS d (day, at_revision, tone)
	JOIN revisions ON revision = at_revision, LATERAL releases_as_of(known_at) r
WHERE product = 'postgresql' AND cycle = '15';
\copy (SELECT panel, lane, "from", "to", tone, text FROM timeline ORDER BY place, rank, lane, "from" NULLS FIRST) TO 'timeline_rows.tsv'

CREATE TEMP TABLE map AS
SELECT 'place' AS kind, i.lon, i.lat, magnitude::numeric AS number, format('%s: %s', magnitude, q.place) AS text, 1 + magnitude AS place
FROM quakes q JOIN input.quakes i USING (id) WHERE at < '1970-01-01' AND magnitude >= 5
UNION ALL
SELECT 'mark', i.lon, i.lat, NULL::numeric, format('%s, %s on %s', q.place, magnitude, to_char(at, 'FMDD FMMonth YYYY')), 20 - magnitude
FROM quakes q JOIN input.quakes i USING (id) WHERE magnitude >= 8.5
UNION ALL VALUES ('centre', -73.407, -38.143, NULL::numeric, 'The strongest earthquakes of the 1960s', 30);
\copy (SELECT kind, lon, lat, number, text FROM map ORDER BY place, text) TO 'map_rows.tsv'
\o
