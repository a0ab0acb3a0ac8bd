-- Every answer of the story, worked out in another way: from the input in plain SQL, by spherical trigonometry, by
-- reading the files' own words. Each check is a sentence; the first that does not hold ends the story.
\echo '>> working every answer out a second way'
\o /dev/null

-- 1. Releases: the last word of the files up to a revision, in plain SQL.
CREATE FUNCTION demo.releases_at(revision int) RETURNS TABLE (product text, cycle text, latest text, supported daterange)
LANGUAGE sql STABLE AS $$
	SELECT product, cycle, latest, input.supported(release_date, eol)
	FROM (SELECT DISTINCT ON (product, cycle) * FROM input.releases WHERE rev <= revision ORDER BY product, cycle, rev DESC) newest
	WHERE op <> 'D'
$$;
SELECT demo.check(format('releases_as_of gives what the files said at revision %s', revision), demo.same(
	format('SELECT product, cycle, latest, supported FROM releases_as_of(%L)', known_at),
	format('SELECT * FROM demo.releases_at(%s)', revision)))
	FROM revisions WHERE revision IN (1, 975, 3000, (SELECT max(rev) FROM input.releases));
SELECT demo.check('both axes at once give what one gives after the other', demo.same(
	format('SELECT product, cycle FROM tsmem.as_of(NULL::releases, valid => date ''2026-01-01'', system => %L::timestamptz)', known_at),
	format('SELECT product, cycle FROM demo.releases_at(%s) WHERE supported @> date ''2026-01-01''', revision)))
	FROM revisions WHERE revision = 975;
SELECT demo.check('the support of PostgreSQL 15 was corrected from 2024 to 2027', array_agg(eol ORDER BY rev) = '{2024-11-14,2027-11-11}')
	FROM input.releases WHERE product = 'postgresql' AND cycle = '15' AND rev <= 977;

-- 2. and 3. Space and time.
SELECT demo.check('quakes_as_of gives what was revised by then', demo.same(
	'SELECT day, count(*) FROM days, LATERAL quakes_as_of(known_at) WHERE extract(day FROM day) = 28 GROUP BY day',
	'SELECT * FROM (SELECT day, sum(count(*)) OVER (ORDER BY day)::bigint FROM (SELECT updated::date AS day FROM input.quakes) q
		GROUP BY day) d WHERE extract(day FROM day) = 28'));
SELECT demo.check('the nearest earthquakes of those two days are the nearest of all', demo.same(
	'SELECT q.at, q.magnitude FROM quakes q, (SELECT box FROM quakes ORDER BY magnitude DESC NULLS LAST LIMIT 1) main
		WHERE q.box && tsmem.stbox(tstzrange(''1960-05-22'', ''1960-05-24'')) ORDER BY q.box <-> main.box LIMIT 6',
	'SELECT q.time, q.mag FROM input.quakes q, (SELECT lon, lat FROM input.quakes ORDER BY mag DESC NULLS LAST LIMIT 1) main
		WHERE q.time >= ''1960-05-22'' AND q.time <= ''1960-05-24'' ORDER BY demo.km(q.lon, q.lat, main.lon, main.lat) LIMIT 6'));
SELECT demo.check('the nearest ships of those two minutes are the nearest of all', demo.same(
	'SELECT name, at FROM positions WHERE box && tsmem.stbox(tstzrange(''2022-01-03 00:05'', ''2022-01-03 00:07''))
		ORDER BY box <-> tsmem.geodetic(tsmem.stbox(-90.0617, 29.9530)) LIMIT 5',
	'SELECT name, ts FROM input.ships WHERE ts >= ''2022-01-03 00:05'' AND ts < ''2022-01-03 00:07''
		ORDER BY demo.km(lon, lat, -90.0617, 29.9530) LIMIT 5'));
SELECT demo.check('the distances are those on a sphere', bool_and(abs((box <-> tsmem.geodetic(tsmem.stbox(-90.0617, 29.9530))) / 1000 - km) <= 0.006 * km + 0.001))
	FROM quakes JOIN input.quakes i USING (id), LATERAL (SELECT demo.km(i.lon, i.lat, -90.0617, 29.9530)) d (km);

-- 4. Books: scalar products in plain arrays (the vectors have unit length), and PostgreSQL's own ranking of texts.
SELECT demo.check('recall by meaning finds the nearest of all passages', demo.same(
	'SELECT vector_rank::bigint, content FROM tsmem.recall(''books'', filter => ''{"ne": ["book", "A_Christmas_Carol"]}'', k => 3,
		embedding => (SELECT embedding::tsmem.vector FROM input.vectors WHERE id = 1))',
	'SELECT row_number() OVER (ORDER BY product DESC), text FROM input.passages JOIN (
			SELECT v.id, sum(x * y) AS product
			FROM input.vectors v, (SELECT embedding::json AS e FROM input.vectors WHERE id = 1) asked,
				ROWS FROM (json_array_elements_text(v.embedding::json), json_array_elements_text(asked.e)) AS t (a, b),
				LATERAL (SELECT a::float8, b::float8) AS n (x, y) GROUP BY v.id) p USING (id)
		WHERE book <> ''A_Christmas_Carol'' ORDER BY product DESC LIMIT 3'));
SELECT demo.check('recall by words finds the best of all passages', demo.same(
	'SELECT text_rank::bigint, content FROM tsmem.recall(''books'', ''ghost chain'', k => 3)',
	'SELECT row_number() OVER (ORDER BY rank DESC), text FROM (SELECT * FROM input.passages WHERE text ~* ''ghost|chain'') p,
			LATERAL (SELECT ts_rank(to_tsvector(''english'', text), ''ghost | chain'', 1) AS rank) r ORDER BY rank DESC LIMIT 3'));

-- 5. Runs
SELECT demo.check(format('trial %s is in its run as it was recorded', trial), demo.same(
	format('SELECT row_number() OVER (ORDER BY seq), key, body ->> ''text'' FROM tsmem.replay_events(%L) WHERE kind = ''e''', run),
	format('SELECT row_number() OVER (ORDER BY n), concat_ws('' '', role, tool), content FROM input.messages WHERE task = 6 AND trial = %s', trial)))
	FROM (VALUES (0, :'first'), (2, :'second')) AS r (trial, run);
SELECT demo.check('the runs differ where the last words on the reservation differ', demo.same(
	format('SELECT a, b FROM tsmem.diff_runs(%L, %L) WHERE entity = ''value''', :'first', :'second'),
	'SELECT (array_agg(content::jsonb ORDER BY n DESC) FILTER (WHERE trial = 0))[1], (array_agg(content::jsonb ORDER BY n DESC) FILTER (WHERE trial = 2))[1]
		FROM input.messages WHERE task = 6 AND role = ''tool'' AND content LIKE ''{"reservation_id"%'''));
SELECT demo.check('the one that solved the task is the one that succeeded', demo.same(
	'SELECT (metadata ->> ''trial'')::int, status FROM tsmem.runs WHERE namespace = ''demo''',
	'SELECT (line ->> ''trial'')::int, CASE line ->> ''reward'' WHEN ''1.0'' THEN ''succeeded'' ELSE ''failed'' END
		FROM input.agent_lines WHERE line ->> ''task_id'' = ''6'' AND line ->> ''trial'' IN (''0'', ''2'')'));
\o

SELECT count(*) AS checks FROM demo.checks \gset
\echo '# Each answer above was worked out a second way and compared:' :checks 'checks, all of them hold.'
