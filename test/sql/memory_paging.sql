-- Pages, one after the other, are the whole without repeats, whatever the diversity, the page and the candidates.
CREATE SCHEMA memory_paging;
SET search_path = memory_paging, tsmem, public;
\set SHOW_CONTEXT never
SELECT create_collection('p', 'memory_paging', dimensions => 2, text_config => 'simple') > 0 AS created;
SET tsmem.namespace = 'memory_paging';
SELECT cardinality(remember_many('p', ARRAY(SELECT jsonb_build_object(
		'memory_id', lpad(i::text, 32, '0'), 'content', 'word ' || i, 'importance', i % 3 / 2.0,
		'embedding', CASE WHEN i % 3 > 0 THEN to_jsonb(ARRAY[i % 7 - 3, i % 5 - 1]) END,
		'location', CASE WHEN i % 4 > 0 THEN format('STBOX((%s,%s),(%s,%s))', i, -i, i, -i) END)
	FROM generate_series(1, 30) i)));

CREATE TABLE calls (name text, query text, embedding vector, near stbox, weights jsonb);
INSERT INTO calls VALUES
	('text', 'word', NULL, NULL, NULL),
	('vector', NULL, '[1,2]', NULL, NULL),
	('text and vector', 'word', '[1,2]', NULL, NULL),
	('vector and space', NULL, '[1,2]', stbox(7,-7), NULL),
	('importance', NULL, NULL, NULL, NULL),
	('nothing', 'word', NULL, NULL, '{"text": 0, "importance": 0}');

CREATE FUNCTION read_pages(c calls, diversity float8, k integer, OUT ids uuid[])
LANGUAGE plpgsql AS $$
DECLARE
	at text;
	page uuid[];
BEGIN
	ids := '{}';
	LOOP
		SELECT array_agg(r.memory_id ORDER BY r.n), max(r.cursor) FILTER (WHERE r.n = r.rows) INTO page, at
		FROM (SELECT *, row_number() OVER () AS n, count(*) OVER () AS rows
			FROM recall('p', c.query, c.embedding, c.near, weights => c.weights, k => read_pages.k,
				diversity => read_pages.diversity, after => at)) r;
		ids := ids || page;
		EXIT WHEN page IS NULL OR cardinality(page) < k OR cardinality(ids) > 60;
	END LOOP;
END $$;

CREATE FUNCTION matching(c calls) RETURNS SETOF uuid LANGUAGE sql AS $$
	SELECT m.memory_id FROM tsmem.memory m
	WHERE m.namespace = 'memory_paging' AND CASE c.name WHEN 'vector' THEN m.embedding IS NOT NULL
		WHEN 'vector and space' THEN m.embedding IS NOT NULL OR m.location IS NOT NULL ELSE true END
$$;

SELECT alter_collection('p', settings => '{"candidates": 1}');
SELECT c.name, max(m.total) AS matching, count(*) AS readings,
	count(*) FILTER (WHERE (SELECT array_agg(i ORDER BY i) FROM unnest(p.ids) i) = m.ids) AS whole
FROM calls c, unnest('{0,0.3,0.7,1}'::float8[]) diversity, unnest('{1,2,7,30,100}'::int[]) k, read_pages(c, diversity, k) p,
	LATERAL (SELECT count(*) AS total, array_agg(i ORDER BY i) AS ids FROM matching(c) i) m
GROUP BY c.name ORDER BY c.name;

-- The first page is the beginning of the rest, and the tail comes last, by memory_id.
SELECT alter_collection('p', settings => '{"candidates": 8}');
WITH pages AS (
	SELECT k, p.ids FROM calls c, unnest('{1,2}'::int[]) k, read_pages(c, 0.5, k) p WHERE c.name = 'text and vector')
SELECT a.ids = b.ids AS same_of_another_size,
	(SELECT array_agg(r.memory_id) FROM recall('p', 'word', '[1,2]', k => 2, diversity => 0.5) r) = b.ids[1:2] AS first_page,
	b.ids[17:] = (SELECT array_agg(i ORDER BY i) FROM unnest(b.ids[17:]) i) AS tail_in_order
FROM pages a, pages b WHERE a.k = 1 AND b.k = 2;
