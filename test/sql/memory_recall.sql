-- Remember and recall: every arm, every argument, the limits.
CREATE SCHEMA memory_recall;
SET search_path = memory_recall, tsmem, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT create_collection('recall', 'memory_recall', dimensions => 3, text_config => 'english') > 0 AS created;
SET tsmem.namespace = 'memory_recall';

SELECT cardinality(remember_many('recall', ARRAY[
	'{"memory_id": "00000000-0000-0000-0000-000000000001", "content": "ferries cross the lake", "embedding": [1,0,0],
	  "location": "STBOX((0,0),(0,0))", "valid_at": "[2020-01-01,2021-01-01)", "importance": 0.5, "metadata": {"n": 1}}',
	'{"memory_id": "00000000-0000-0000-0000-000000000002", "content": "a ferry to the lake, a lake ferry", "embedding": "[0,1,0]",
	  "location": "STBOX((3,4),(3,4))", "valid_at": "[2020-06-01,)", "metadata": {"n": 2}}',
	'{"memory_id": "00000000-0000-0000-0000-000000000003", "content": "the lake", "embedding": [0.6,0.8,0],
	  "location": "STBOX((1,0),(1,0))", "importance": 0.9, "metadata": {"n": 3}}',
	'{"memory_id": "00000000-0000-0000-0000-000000000004", "content": "a mountain", "importance": 0.5, "metadata": {"n": 4}}',
	'{"memory_id": "00000000-0000-0000-0000-000000000005", "content": "an old train", "embedding": [0,0,1], "expires_at": "2000-01-01"}']::jsonb[]));

\set shape 'content, score::numeric(8,6), text_rank t, vector_rank v, space_rank s, time_rank ti, importance_rank i'

-- One arm, several arms; expired memories are passed over.
SELECT :shape FROM recall('recall', 'ferry lake');
SELECT :shape FROM recall('recall', embedding => '[1,0,0]');
SELECT :shape FROM recall('recall', near => stbox(0,0));
SELECT :shape FROM recall('recall', 'ferry', '[0,1,0]', stbox(0,0));
-- Time and importance order what was found; alone they find.
SELECT :shape FROM recall('recall', 'ferry lake', valid_at => '2020-07-01');
SELECT :shape FROM recall('recall', valid_at => '2020-07-01');
SELECT :shape FROM recall('recall');
SELECT :shape FROM recall('recall', weights => '{"importance": 0}');
-- Bounds.
SELECT :shape FROM recall('recall', 'lake', near => stbox(0,0), within => 1);
SELECT :shape FROM recall('recall', 'lake', filter => '{"gte": ["n", 2]}');
SELECT :shape FROM recall('recall', 'lake', k => 1);
SELECT :shape FROM recall('recall', 'nothing of the kind');
SELECT :shape FROM recall('recall', '  ');
SELECT :shape FROM recall('recall', 'the and of');
-- Weights.
SELECT :shape FROM recall('recall', 'ferry', '[0.6,0.8,0]', weights => '{"text": 2, "vector": 0.5, "importance": 0}');
SELECT :shape FROM recall('recall', 'ferry', '[0.6,0.8,0]', weights => '{"text": 0, "importance": 0}');
-- Decay: a quarter after two half-lives, a tenth at the least. Ages count from valid_at.
SELECT :shape FROM recall('recall', 'ferry', valid_at => '2020-07-01', decay_half_life => '15 days', weights => '{"time": 0, "importance": 0}');
-- The longest age is more than an interval can hold.
SELECT remember('recall', 'the flood', valid_at => '[4713-01-01 BC,)', memory_id => '00000000-0000-0000-0000-00000000000f') IS NOT NULL AS oldest;
SELECT :shape FROM recall('recall', 'flood', valid_at => '294276-12-31', decay_half_life => '1000 years', weights => '{"time": 0, "importance": 0}');
DELETE FROM tsmem.memory WHERE memory_id = '00000000-0000-0000-0000-00000000000f';
-- Diversity: the second is not the one that says the same.
SELECT content FROM recall('recall', embedding => '[0.9,0.1,0]', weights => '{"importance": 0}', diversity => 0.9);
SELECT content FROM recall('recall', embedding => '[0.9,0.1,0]', weights => '{"importance": 0}', diversity => 1);

-- Pages: one after the other they are the whole, also when an arm takes few candidates.
CREATE FUNCTION memory_recall.pages(page int, query text, embedding vector, diversity float8) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	result text[] := '{}';
	at text;
	hit record;
	n int;
BEGIN
	LOOP
		n := 0;
		FOR hit IN SELECT * FROM recall('recall', query, embedding, k => page, diversity => pages.diversity, after => at) LOOP
			result := result || format('%s:%s', hit.metadata ->> 'n', round(hit.score::numeric, 4));
			at := hit.cursor;
			n := n + 1;
		END LOOP;
		EXIT WHEN n < page OR cardinality(result) > 20;
	END LOOP;
	RETURN result;
END $$;
SELECT pages(10, 'ferry', '[1,0,0]', 0), pages(1, 'ferry', '[1,0,0]', 0), pages(2, 'ferry', '[1,0,0]', 0);
SELECT pages(10, 'ferry', '[1,0,0]', 0.7), pages(1, 'ferry', '[1,0,0]', 0.7), pages(2, 'ferry', '[1,0,0]', 0.7);
SELECT pages(10, NULL, NULL, 0), pages(1, NULL, NULL, 0), pages(3, NULL, NULL, 0), pages(2, NULL, NULL, 0.5);
SELECT alter_collection('recall', settings => '{"candidates": 1}');
SELECT :shape FROM recall('recall', 'ferry lake', '[1,0,0]', k => 1);
SELECT pages(1, 'ferry lake', '[1,0,0]', 0), pages(1, NULL, NULL, 0), pages(1, 'ferry lake', '[1,0,0]', 0.5);
SELECT alter_collection('recall', settings => '{"candidates": 100}');

-- Places with a time: nearest while both are there.
SELECT remember('recall', 'a boat', location => stbox(0,0,'2024-01-01'), metadata => '{"n": 6}') IS NOT NULL;
SELECT :shape FROM recall('recall', near => stbox(0,0,'2024-01-01'), weights => '{"importance":0}');
SELECT :shape FROM recall('recall', near => stbox(0,0,'2023-01-01'), within => 2, weights => '{"importance":0}');

-- As of a system time.
SELECT pg_sleep(0.002), now() AS before \gset
SELECT forget('00000000-0000-0000-0000-000000000001', 'outdated'), forget('00000000-0000-0000-0000-000000000001');
SELECT content, forget_reason, row_end > row_start AS ended FROM tsmem.memory_history h WHERE namespace = 'memory_recall';
SELECT :shape FROM recall('recall', 'ferry', weights => '{"importance": 0}');
SELECT :shape FROM recall('recall', 'ferry', system_at => :'before', weights => '{"importance": 0}');
SELECT count(*) FROM recall('recall', system_at => '2000-01-01');
SELECT count(*) FROM recall('recall', system_at => 'infinity'), recall('recall') r WHERE false;

-- Two namespaces may have the same id: each finds its own, who sees both finds both, on whatever page, as of any time.
SELECT create_collection('twins', dimensions => 1, text_config => 'simple') > 0 AS twins;
SELECT count(remember('twins', format('%s of %s', w, n), embedding => '[1]', memory_id => format('00000000-0000-0000-0000-00000000000%s', i)::uuid, namespace => 'memory_recall/' || n))
FROM unnest('{tea,coffee}'::text[]) WITH ORDINALITY w (w, i), unnest('{a,b,c}'::text[]) n;
CREATE FUNCTION pages(query text, embedding vector, diversity float8, system_at timestamptz, k int) RETURNS TABLE (page text) LANGUAGE plpgsql AS $$
DECLARE
	last_cursor text;
	next_cursor text;
BEGIN
	LOOP
		SELECT string_agg(r.content, ', ' ORDER BY r.n), (array_agg(r.cursor ORDER BY r.n DESC))[1] INTO page, next_cursor
		FROM (SELECT r.content, r.cursor, row_number() OVER () AS n
			FROM recall('twins', query, embedding, diversity => diversity, system_at => system_at, k => k, after => last_cursor) r) r;
		EXIT WHEN page IS NULL;
		RETURN NEXT;
		last_cursor := next_cursor;
	END LOOP;
END $$;
SELECT * FROM pages('tea', NULL, 0, NULL, 1);
SELECT * FROM pages('coffee', '[1]', 0, NULL, 2);
SELECT * FROM pages('coffee', '[1]', 0.5, NULL, 2);
SELECT * FROM pages(NULL, NULL, 0, 'infinity', 1);
SET tsmem.namespace = 'memory_recall/b';
SELECT * FROM pages('tea', NULL, 0, NULL, 1);
\set VERBOSITY sqlstate
SELECT remember('twins', 'tea again', memory_id => '00000000-0000-0000-0000-000000000001');
\set VERBOSITY default
SET tsmem.namespace = 'memory_recall';
SELECT drop_collection('twins');

-- Bad arguments.
SELECT recall(NULL);
SELECT recall('no such');
SELECT recall('recall', k => NULL);
SELECT recall('recall', k => 0);
SELECT recall('recall', k => 1001);
SELECT count(*) FROM recall('recall', k => 1000);
SELECT recall('recall', embedding => '[1,2]');
SELECT recall('recall', within => 1);
SELECT recall('recall', near => stbox(0,0), within => -1);
SELECT recall('recall', near => stbox(0,0), within => 'NaN');
SELECT recall('recall', near => stbox(0,0), within => 'Infinity');
SELECT recall('recall', diversity => 1.01);
SELECT recall('recall', diversity => 'NaN');
SELECT recall('recall', decay_half_life => '0');
SELECT recall('recall', decay_half_life => '-1 month');
SELECT recall('recall', valid_at => 'infinity', decay_half_life => '1 day');
SELECT recall('recall', weights => '[]');
SELECT recall('recall', weights => '{"txt": 1}');
SELECT recall('recall', weights => '{"text": -1}');
SELECT recall('recall', weights => '{"text": "1"}');
SELECT recall('recall', weights => '{"text": 1e7}');
SELECT recall('recall', weights => '{"text": 1e400}');
SELECT recall('recall', weights => '{"text": -1e400}');
SELECT recall('recall', weights => '{"text": 1e-400}');
SELECT count(*) FROM recall('recall', weights => '{"text": 0.0, "importance": 1e6}');
SELECT recall('recall', after => 'r1');
SELECT recall('recall', after => 'r1.00000000.1.0.1.0.00000000-0000-0000-0000-00000000000g.');
SELECT recall('recall', after => 'r1.00000000.1.0.1.0.00000000-0000-0000-0000-000000000000.a/b');
SELECT recall('recall', after => 'r1.ffffffffffffffffff.1.0.1.0.00000000-0000-0000-0000-000000000000.a/b');
SELECT recall('recall', after => 'r1.00000000.1.0.1.0.00000000-0000-0000-0000-000000000000');
SELECT recall('recall', 'lake', after => (SELECT min(cursor) FROM recall('recall', 'ferry')));
