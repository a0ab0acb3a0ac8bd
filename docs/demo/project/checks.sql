-- Every answer of the story, worked out in another way: from the input in plain SQL, by git, by PostgreSQL's own time
-- zones, by spherical trigonometry. Each check is a sentence; the first that does not hold ends the story.
\echo '>> working every answer out a second way'
\o /dev/null

-- 1. Files
SELECT demo.check('files_as_of gives at every commit what the newest changes up to it give', demo.same(
	'SELECT c.ordinal, f.path, md5(f.content) FROM commits c, LATERAL files_as_of(c.known_at) f',
	'SELECT c.ordinal, d.path, md5(d.content) FROM commits c, LATERAL (SELECT DISTINCT ON (path) path, content
		FROM input.documents WHERE ordinal <= c.ordinal ORDER BY path, ordinal DESC) d WHERE d.content IS NOT NULL'));
CREATE VIEW demo.always_text AS SELECT path FROM input.documents JOIN input.changes USING (ordinal, path)
	GROUP BY path HAVING bool_and((content IS NULL) = (blob IS NULL));
SELECT demo.check('files_as_of has the files that git lists for the commit', demo.same(
	'SELECT t.ordinal, f.path FROM (SELECT DISTINCT ordinal FROM input.trees) t JOIN commits c USING (ordinal),
		LATERAL files_as_of(c.known_at) f WHERE f.path IN (SELECT path FROM demo.always_text)',
	'SELECT ordinal, path FROM input.trees WHERE path IN (SELECT path FROM demo.always_text)'));
SELECT demo.check('the database kept every version', demo.same(
	'SELECT path, md5(content) FROM files_versions',
	'SELECT path, md5(content) FROM input.documents WHERE content IS NOT NULL'));

-- 2. and 3. Clocks
-- A server may bring time zones of its own, of another release; these can be compared where it uses the machine's.
SELECT setting LIKE '%--with-system-tzdata%' AS same_zones FROM pg_config WHERE name = 'CONFIGURE' \gset
\if :same_zones
SELECT demo.check('the clocks are those of PostgreSQL''s own time zones', demo.same(
	'SELECT zone, at, utc_offset FROM clocks JOIN generate_series(timestamptz ''1880-06-01'', ''2037-06-01'', ''333 days 7 hours'') at
		ON valid_at @> at',
	'SELECT zone, at, at AT TIME ZONE zone - at AT TIME ZONE ''UTC''
		FROM input.places, generate_series(timestamptz ''1880-06-01'', ''2037-06-01'', ''333 days 7 hours'') at'));
SELECT demo.check('both axes at once give what one gives after the other', demo.same(
	'SELECT m.name, c.zone, c.utc_offset FROM moments m,
		LATERAL tsmem.as_of(NULL::clocks, valid => timestamptz ''1943-07-01'', system => m.at) c',
	'SELECT m.name, p.zone, timestamptz ''1943-07-01'' AT TIME ZONE z - timestamp ''1943-07-01''
		FROM moments m, input.places p, LATERAL (SELECT CASE m.name WHEN ''before correction'' THEN coalesce(p.stands_in, p.zone) ELSE p.zone END) s (z)'));
\endif
SELECT demo.check('before the correction they were those of the zone that stood in', demo.same(
	'SELECT zone, valid_at, utc_offset FROM clocks_as_of((SELECT at FROM moments WHERE name = ''before correction''))',
	'SELECT p.zone, tstzrange(c.valid_from, c.valid_to), make_interval(secs => c.seconds)
		FROM input.places p JOIN input.clocks c ON c.zone = coalesce(p.stands_in, p.zone)'));

-- 4. Facts
SELECT demo.check('the agent believes of Oslo and Amsterdam what the table holds', demo.same(
	'SELECT f.subject, at, f.object FROM generate_series(timestamptz ''1880-06-01'', ''2037-06-01'', ''33 days 7 hours'') at,
		LATERAL tsmem.believe(predicate => ''offset'', valid_at => at) f',
	'SELECT zone, at, to_jsonb(utc_offset) FROM generate_series(timestamptz ''1880-06-01'', ''2037-06-01'', ''33 days 7 hours'') at,
		clocks WHERE valid_at @> at AND zone IN (''Europe/Amsterdam'', ''Europe/Oslo'')'));
SELECT demo.check('at first it believed what held for the zone that stood in', demo.same(
	'SELECT f.subject, f.valid_at, f.object FROM tsmem.believe(predicate => ''offset'', valid_at => NULL,
		system_at => (SELECT at FROM moments WHERE name = ''first belief'')) f',
	'SELECT p.zone, tstzrange(c.valid_from, c.valid_to), to_jsonb(make_interval(secs => c.seconds)) FROM input.places p
		JOIN input.clocks c ON c.zone = p.stands_in WHERE p.zone IN (''Europe/Amsterdam'', ''Europe/Oslo'')'));
SELECT demo.check('what changed in its mind is where the two differ', demo.same(
	'SELECT subject, range_agg(valid_at) FROM tsmem.belief_diff(NULL, (SELECT at FROM moments WHERE name = ''first belief''), now())
		GROUP BY subject',
	'SELECT p.zone, range_agg(a.valid_at * b.valid_at) FROM input.places p
		JOIN LATERAL (SELECT tstzrange(valid_from, valid_to) AS valid_at, seconds FROM input.clocks c WHERE c.zone = p.zone) a ON true
		JOIN LATERAL (SELECT tstzrange(valid_from, valid_to) AS valid_at, seconds FROM input.clocks c WHERE c.zone = p.stands_in) b
			ON a.valid_at && b.valid_at AND a.seconds <> b.seconds
		WHERE p.zone IN (''Europe/Amsterdam'', ''Europe/Oslo'') GROUP BY p.zone'));

-- 5. Recall: the two rankings and their fusion, over all memories, in plain SQL. An arm brings its best 100.
CREATE FUNCTION demo.fused(of_collection text, question text, at timestamptz)
RETURNS TABLE (memory_id uuid, text_rank bigint, vector_rank bigint, score float8) LANGUAGE sql STABLE AS $$
	WITH m AS (
		SELECT m.memory_id, CASE WHEN m.tsv @@ q THEN ts_rank(m.tsv, q, 1) END AS by_text,
			m.embedding OPERATOR(tsmem.<=>) tsmem.embed_hashed_ngrams(question, 256) AS by_vector
		FROM tsmem.memory_as_of(at) m JOIN tsmem.collections c USING (collection_id),
			to_tsquery('english', (SELECT string_agg(quote_literal(word), ' | ') FROM unnest(to_tsvector('english', question)) AS t (word)))
				AS q
		WHERE c.name = of_collection),
	ranked AS (
		SELECT memory_id, CASE WHEN by_text IS NOT NULL THEN row_number() OVER (ORDER BY by_text DESC NULLS LAST, memory_id) END AS text_rank,
			row_number() OVER (ORDER BY by_vector, memory_id) AS vector_rank
		FROM m)
	SELECT memory_id, text_rank, vector_rank, coalesce(1.0 / (60 + text_rank), 0) + coalesce(1.0 / (60 + vector_rank), 0)
	FROM (SELECT memory_id, CASE WHEN text_rank <= 100 THEN text_rank END, CASE WHEN vector_rank <= 100 THEN vector_rank END FROM ranked)
		AS r (memory_id, text_rank, vector_rank)
$$;
SELECT demo.check(format('the handbook of %s is the documentation after commit %s', moment, ordinal), demo.same(
	format('SELECT DISTINCT metadata ->> ''path'', content FROM tsmem.memory_as_of(%L) JOIN tsmem.collections USING (collection_id)
		WHERE name = ''handbook''', at),
	format('SELECT DISTINCT path, section FROM (SELECT DISTINCT ON (path) * FROM input.documents WHERE ordinal <= %s ORDER BY path, ordinal DESC) d,
		regexp_split_to_table(content, ''\n(?=#+ )'') AS section WHERE path LIKE ''%%.md'' AND section ~ ''\w''', ordinal)))
	FROM (VALUES ('the first edition', (SELECT at FROM moments WHERE name = 'first edition'), 1), ('now', now(), :commits)) AS m (moment, at, ordinal);
SELECT demo.check(format('recall %s fuses the rankings over all memories', moment), demo.same(
	format('SELECT memory_id, text_rank::bigint, vector_rank::bigint FROM tsmem.recall(''handbook'', %L, k => 3, system_at => %L)', question, at),
	format('SELECT memory_id, text_rank, vector_rank FROM demo.fused(''handbook'', %L, %L) ORDER BY score DESC, memory_id LIMIT 3', question, coalesce(at, now()))))
	FROM (VALUES ('What happens when two transactions append to one run?')) AS q (question),
		(VALUES ('now', NULL), ('before the new edition', (SELECT at FROM moments WHERE name = 'first edition'))) AS m (moment, at);
SELECT demo.check('recall near Beirut ranks the places within 1,500 km by their distance', demo.same(
	'SELECT content, space_rank::bigint FROM tsmem.recall(''places'', near => tsmem.geodetic(tsmem.stbox(35.5, 33.883)), within => 1500000, k => 100)',
	'SELECT concat_ws('', '', zone, country, nullif(comment, '''')), row_number() OVER (ORDER BY km)
		FROM input.places, LATERAL (SELECT demo.km(longitude, latitude, 35.5, 33.883)) d (km) WHERE km <= 1500'));

-- 6. Places
SELECT demo.check('the distances are those on a sphere', bool_and(abs((box <-> tsmem.geodetic(tsmem.stbox(35.5, 33.883))) / 1000
		- demo.km(longitude, latitude, 35.5, 33.883)) <= 0.006 * demo.km(longitude, latitude, 35.5, 33.883) + 0.001))
	FROM clock_changes JOIN input.places USING (zone);
SELECT demo.check('the nearest within the window of ' || month || ' are the nearest of all', demo.same(
	format('SELECT zone, changed_at FROM clock_changes WHERE box && tsmem.stbox(%L::tstzrange)
		ORDER BY box <-> tsmem.geodetic(tsmem.stbox(35.5, 33.883)) LIMIT 5', month),
	format('SELECT zone, valid_from FROM input.clocks JOIN input.places USING (zone) WHERE %L::tstzrange @> valid_from
		ORDER BY demo.km(longitude, latitude, 35.5, 33.883) LIMIT 5', month)))
	FROM (VALUES ('[2023-03-24,2023-04-01)'), ('[2023-04-01,2023-05-01)')) AS m (month);

-- 7. The run
SELECT demo.check('the run replayed gives the trees that git lists', demo.same(
	format('SELECT ordinal, key, value ->> ''blob'' FROM (SELECT DISTINCT ordinal FROM input.trees) t,
		LATERAL tsmem.replay_run(%L, (SELECT min(seq) - 1 FROM tsmem.replay_events(%1$L)
			WHERE kind = ''e'' AND (body ->> ''ordinal'')::int = t.ordinal + 1))', :'run'),
	'SELECT ordinal, path, blob FROM input.trees'));
SELECT demo.check('the two runs differ as git''s trees of the two commits differ', demo.same(
	format('SELECT key, change FROM tsmem.diff_runs(%L, %L) WHERE entity = ''value''', :'half', :'run'),
	format('SELECT path, CASE WHEN a.path IS NULL THEN ''added'' WHEN b.path IS NULL THEN ''removed'' ELSE ''changed'' END
		FROM (SELECT * FROM input.trees WHERE ordinal = %s) a FULL JOIN (SELECT * FROM input.trees WHERE ordinal = %s) b USING (path)
		WHERE a.blob IS DISTINCT FROM b.blob', :middle, :commits)));
\o

SELECT count(*) AS checks FROM demo.checks \gset
\echo '# Each answer above was worked out a second way and compared:' :checks 'checks, all of them hold.'
