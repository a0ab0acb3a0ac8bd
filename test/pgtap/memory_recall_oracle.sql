-- recall against a brute-force ranking that is written independently: distances, ranks and scores in plain SQL over
-- what was stored, for random arguments. The oracle shares no code with recall but ts_rank.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SET client_min_messages = warning;
CREATE SCHEMA memory_recall_oracle;
SET search_path = memory_recall_oracle, tsmem, public;
SET timezone = 'UTC';
SET tsmem.namespace = 'oracle';
SELECT create_collection('oracle', dimensions => 4, text_config => 'simple') \gset
SELECT setseed(0.37) \gset

-- What is stored, in columns that the oracle reads.
CREATE TABLE source AS
SELECT gen_random_uuid() AS id, i AS n,
	(SELECT string_agg((ARRAY['ferry','lake','train','bern','anna','boat','night','rain','bridge','tower'])[1 + floor(random() * 10)::int], ' ')
	 FROM generate_series(1, 2 + i % 7)) || ' ' || i AS content,
	CASE WHEN random() < 0.8 THEN ARRAY[random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5]::real[] END AS embedding,
	CASE WHEN random() < 0.7 THEN round((random() * 100)::numeric, 3)::float8 END AS x,
	round((random() * 100)::numeric, 3)::float8 AS y,
	CASE WHEN random() < 0.3 THEN timestamptz '2020-01-01' + floor(random() * 1000) * interval '1 day' END AS t,
	CASE WHEN random() < 0.3 THEN tstzrange(NULL, NULL)
		ELSE tstzrange(timestamptz '2020-01-01' + floor(random() * 100) * interval '10 days',
			CASE WHEN random() < 0.7 THEN timestamptz '2020-01-01' + (100 + floor(random() * 100)) * interval '10 days' END) END AS valid_at,
	CASE WHEN random() < 0.6 THEN (floor(random() * 5) / 4)::real END AS importance,
	(ARRAY['en','de','fr'])[1 + i % 3] AS lang,
	CASE WHEN i % 20 = 0 THEN timestamptz '2021-01-01' END AS expires_at,
	'-infinity'::timestamptz AS since, 'infinity'::timestamptz AS until
FROM generate_series(1, 300) i;

SELECT cardinality(remember_many('oracle', (SELECT array_agg(jsonb_build_object('memory_id', id, 'content', content,
	'embedding', embedding, 'location', CASE WHEN x IS NULL THEN NULL WHEN t IS NULL THEN stbox(x, y) ELSE stbox(x, y, t) END::text,
	'valid_at', valid_at, 'importance', importance, 'metadata', jsonb_build_object('lang', lang, 'n', n), 'expires_at', expires_at,
	'namespace', CASE WHEN n % 2 = 0 THEN 'oracle/even' ELSE 'oracle' END)) FROM source))) \gset
-- Three system times: all, without a third, with new texts.
UPDATE source SET since = (SELECT min(row_start) FROM memory WHERE namespace = 'oracle');
SELECT pg_sleep(0.002), now() AS t1 \gset
SELECT forget_where('oracle', '{"and": [{"eq": ["lang", "fr"]}, {"lt": ["n", 200]}]}') \gset
UPDATE source SET until = (SELECT min(row_end) FROM memory_history WHERE namespace = 'oracle') WHERE lang = 'fr' AND n < 200;
SELECT pg_sleep(0.002), now() AS t2 \gset
UPDATE memory SET content = content || ' ferry', importance = 1 WHERE namespace = 'oracle/even' AND (metadata ->> 'n')::int < 50;
INSERT INTO source SELECT id, n, content || ' ferry', embedding, x, y, t, valid_at, 1, lang, expires_at,
	(SELECT max(row_start) FROM memory WHERE namespace = 'oracle/even'), 'infinity'
FROM source WHERE n % 2 = 0 AND n < 50 AND until = 'infinity';
UPDATE source s SET until = (SELECT max(row_start) FROM memory WHERE namespace = 'oracle/even')
WHERE until = 'infinity' AND EXISTS (SELECT FROM source o WHERE o.id = s.id AND o.since > s.since);

CREATE FUNCTION oracle(query text, embedding real[], px float8, py float8, period tstzrange, within float8, valid timestamptz,
	system timestamptz, of_lang text, from_n int, weights float8[], half_life float8, candidates int)
RETURNS TABLE (id uuid, score float8, tr int, vr int, sr int, ir int, mr int) LANGUAGE plpgsql AS $$
DECLARE
	system_time timestamptz := coalesce(oracle.system, now());
	reference timestamptz := coalesce(valid, oracle.system, now());
	by_text boolean := query IS NOT NULL AND weights[1] > 0;
	by_vector boolean := oracle.embedding IS NOT NULL AND weights[2] > 0;
	by_space boolean := px IS NOT NULL AND weights[3] > 0;
	by_time boolean := valid IS NOT NULL AND weights[4] > 0;
	by_importance boolean := weights[5] > 0;
	found boolean := by_text OR by_vector OR by_space;
BEGIN
	RETURN QUERY
	WITH live AS (
		SELECT s.*, ts_rank(to_tsvector('simple', s.content), replace(query, ' ', ' | ')::tsquery, 1) AS relevance,
			(SELECT 1 - sum(a * b) / (sqrt(sum(a * a)) * sqrt(sum(b * b)))
			 FROM unnest(s.embedding::float8[], oracle.embedding::float8[]) u (a, b)) AS angle,
			CASE WHEN period IS NULL OR s.t IS NULL OR period @> s.t THEN sqrt((s.x - px) ^ 2 + (s.y - py) ^ 2) END AS distance
		FROM source s WHERE s.since <= system_time AND s.until > system_time
	), matching AS (
		SELECT l.* FROM live l
		WHERE (l.expires_at IS NULL OR l.expires_at > system_time) AND (valid IS NULL OR l.valid_at @> valid)
			AND (oracle.within IS NULL OR l.distance <= oracle.within) AND (of_lang IS NULL OR l.lang = of_lang) AND l.n >= from_n
	), ranked AS (
		SELECT m.*,
			CASE WHEN by_text AND m.relevance > 0 THEN rank() OVER (ORDER BY m.relevance > 0 DESC, m.relevance DESC, m.id) END AS r1,
			CASE WHEN by_vector AND m.embedding IS NOT NULL THEN rank() OVER (ORDER BY m.angle NULLS LAST, m.id) END AS r2,
			CASE WHEN by_space AND m.distance IS NOT NULL THEN rank() OVER (ORDER BY m.distance NULLS LAST, m.id) END AS r3,
			rank() OVER (ORDER BY lower(m.valid_at) DESC NULLS LAST, upper(m.valid_at) NULLS LAST, m.id) AS r4,
			row_number() OVER (ORDER BY coalesce(m.importance, 0.5) DESC, m.id) AS r5
		FROM matching m
	), cut AS (
		SELECT r.*, CASE WHEN r.r1 <= candidates THEN r.r1 END AS c1, CASE WHEN r.r2 <= candidates THEN r.r2 END AS c2,
			CASE WHEN r.r3 <= candidates THEN r.r3 END AS c3,
			CASE WHEN found THEN r.r1 <= candidates OR r.r2 <= candidates OR r.r3 <= candidates
				ELSE by_time AND r.r4 <= candidates OR by_importance AND r.r5 <= candidates END IS TRUE AS pooled
		FROM ranked r WHERE NOT found OR r.r1 IS NOT NULL OR r.r2 IS NOT NULL OR r.r3 IS NOT NULL
	), pool AS (
		SELECT c.*,
			CASE WHEN by_time THEN (SELECT count(*) + 1 FROM cut o WHERE o.pooled AND
				(coalesce(lower(o.valid_at), '-infinity') > coalesce(lower(c.valid_at), '-infinity')
				 OR coalesce(lower(o.valid_at), '-infinity') = coalesce(lower(c.valid_at), '-infinity')
				 AND (coalesce(upper(o.valid_at), 'infinity'), o.id) < (coalesce(upper(c.valid_at), 'infinity'), c.id))) END AS c4,
			CASE WHEN by_importance THEN (SELECT count(*) + 1 FROM cut o WHERE o.pooled
				AND coalesce(o.importance, 0.5) > coalesce(c.importance, 0.5)) END AS c5
		FROM cut c
	)
	SELECT p.id, CASE WHEN p.pooled THEN (coalesce(weights[1] / (60 + p.c1), 0) + coalesce(weights[2] / (60 + p.c2), 0) + coalesce(weights[3] / (60 + p.c3), 0)
			+ coalesce(weights[4] / (60 + p.c4), 0) + coalesce(weights[5] / (60 + p.c5), 0))
			* CASE WHEN half_life IS NULL THEN 1 ELSE greatest(0.1, 0.5 ^ least(16, greatest(0,
				extract(epoch FROM reference - coalesce(lower(p.valid_at), p.since))::float8 / half_life))) END
			ELSE 0 END,
		p.c1::int, p.c2::int, p.c3::int, CASE WHEN p.pooled THEN p.c4::int END, CASE WHEN p.pooled THEN p.c5::int END
	FROM pool p ORDER BY 2 DESC, 1;
END $$;

CREATE FUNCTION answer(query text, embedding real[], px float8, py float8, period tstzrange, within float8, valid timestamptz,
	system timestamptz, of_lang text, from_n int, weights float8[], half_life float8, page int, pages int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[] := '{}';
	at text;
	hit record;
	rows int;
BEGIN
	FOR i IN 1 .. pages LOOP
		rows := 0;
		FOR hit IN SELECT * FROM recall('oracle', query, embedding::vector,
			CASE WHEN period IS NULL THEN stbox(px, py) ELSE with_time(stbox(px, py), period) END, within, valid, system,
			jsonb_build_object('and', jsonb_build_array(jsonb_build_object('gte', jsonb_build_array('n', from_n)),
				CASE WHEN of_lang IS NULL THEN '{}' ELSE jsonb_build_object('eq', jsonb_build_array('lang', of_lang)) END)),
			page, jsonb_build_object('text', weights[1], 'vector', weights[2], 'space', weights[3], 'time', weights[4], 'importance', weights[5]),
			decay_half_life => half_life * interval '1 second', after => at)
		LOOP
			result := result || format('%s %s %s %s %s %s %s', hit.memory_id, round(hit.score::numeric, 9), hit.text_rank, hit.vector_rank,
				hit.space_rank, hit.time_rank, hit.importance_rank);
			at := hit.cursor;
			rows := rows + 1;
		END LOOP;
		EXIT WHEN rows < page;
	END LOOP;
	RETURN result;
END $$;

CREATE TABLE calls AS
SELECT i,
	CASE WHEN i & 1 > 0 THEN (ARRAY['ferry','lake boat','anna bern night','tower','nothing'])[1 + floor(random() * 5)::int] END AS query,
	CASE WHEN i & 2 > 0 THEN ARRAY[random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5]::real[] END AS embedding,
	CASE WHEN i & 4 > 0 THEN round((random() * 100)::numeric, 3)::float8 END AS px, round((random() * 100)::numeric, 3)::float8 AS py,
	CASE WHEN i & 4 > 0 AND random() < 0.5 THEN tstzrange('2020-06-01', '2021-06-01') END AS period,
	CASE WHEN i & 4 > 0 AND random() < 0.4 THEN 30::float8 END AS within,
	CASE WHEN i & 8 > 0 THEN timestamptz '2020-01-01' + floor(random() * 1500) * interval '1 day' END AS valid,
	(ARRAY[NULL, :'t1', :'t2'])[1 + floor(random() * 3)::int]::timestamptz AS system,
	CASE WHEN random() < 0.4 THEN (ARRAY['en','de','fr'])[1 + floor(random() * 3)::int] END AS of_lang,
	CASE WHEN random() < 0.3 THEN 120 ELSE 0 END AS from_n,
	(SELECT array_agg(CASE WHEN random() < 0.15 THEN 0 ELSE 1 + floor(random() * 3) END::float8) FROM generate_series(1, 5) WHERE i >= 0) AS weights,
	CASE WHEN random() < 0.3 THEN 86400 * 100::float8 END AS half_life,
	CASE WHEN i <= 160 THEN 100 ELSE 4 * (1 + i % 5) END AS candidates, CASE WHEN i <= 160 THEN 1 + i % 25 ELSE 1 + i % 5 END AS page,
	CASE WHEN i % 3 = 0 THEN 1000 ELSE 1 END AS pages
FROM generate_series(0, 239) i;

SELECT plan(243);
SELECT cmp_ok((SELECT count(*) FROM source WHERE until = 'infinity')::int, '=', (SELECT count(*) FROM memory WHERE namespace LIKE 'oracle%')::int, 'the source is what is on record');
SELECT is(answer(query, embedding, px, py, period, within, valid, system, of_lang, from_n, weights, half_life, page, pages),
	(SELECT coalesce(array_agg(format('%s %s %s %s %s %s %s', id, round(score::numeric, 9), tr, vr, sr, ir, mr) ORDER BY o.n), '{}')
	 FROM (SELECT *, row_number() OVER () AS n FROM oracle(query, embedding, px, py, period, within, valid, system, of_lang, from_n, weights, half_life, candidates)) o
	 WHERE o.n <= page::bigint * pages),
	format('call %s: %s', i, concat_ws(', ', query, CASE WHEN embedding IS NOT NULL THEN 'vector' END, CASE WHEN px IS NOT NULL THEN 'place' END,
		CASE WHEN valid IS NOT NULL THEN 'valid' END, CASE WHEN system IS NOT NULL THEN 'as of' END)))
FROM calls WHERE i < 160 ORDER BY i;
SELECT cmp_ok((SELECT count(*) FROM calls WHERE i < 60 AND answer(query, embedding, px, py, period, within, valid, system, of_lang, from_n, weights,
	half_life, page, 1) <> '{}')::int, '>', 40, 'most calls have an answer');
-- With few candidates an arm, so that pages reach beyond them.
SELECT is(alter_collection('oracle', settings => '{"candidates": 1}')::text, '', 'few candidates');
SELECT is(answer(query, embedding, px, py, period, within, valid, system, of_lang, from_n, weights, half_life, page, pages),
	(SELECT coalesce(array_agg(format('%s %s %s %s %s %s %s', id, round(score::numeric, 9), tr, vr, sr, ir, mr) ORDER BY o.n), '{}')
	 FROM (SELECT *, row_number() OVER () AS n FROM oracle(query, embedding, px, py, period, within, valid, system, of_lang, from_n, weights, half_life, 4 * page)) o
	 WHERE o.n <= page::bigint * pages),
	format('call %s, few candidates', i))
FROM calls WHERE i >= 160 ORDER BY i;
SELECT * FROM finish();
SELECT drop_collection('oracle') \gset
DROP SCHEMA memory_recall_oracle CASCADE;
