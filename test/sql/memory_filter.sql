-- The filter language: what it matches, what it compiles to, what it refuses.
CREATE SCHEMA memory_filter;
SET search_path = memory_filter, tsmem, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT create_collection('filter', 'memory_filter') > 0 AS created;
SET tsmem.namespace = 'memory_filter';
SELECT cardinality(remember_many('filter', ARRAY[
	'{"content": "c1", "kind": "note", "importance": 0.1, "metadata": {"lang": "en", "year": 2020, "tags": ["x", "y"], "who": {"name": "Anna", "age": 30}}}',
	'{"content": "c2", "kind": "note", "importance": 0.9, "metadata": {"lang": "de", "year": 2021.5, "tags": ["y"], "who": {"name": "Bob"}}}',
	'{"content": "c3", "kind": "event", "source": "a.txt", "valid_at": "[2024-01-01,2025-01-01)", "metadata": {"lang": "en", "year": "2020", "tags": "x"}}',
	'{"content": "c4 O''Hara; DROP", "source": "b.txt", "metadata": {"lang": null, "year": 1e3, "ok": true, "kind": "deep", "a.b": 1, "nested": [1, [2]], "$": "d"}}',
	'{"content": "c5", "namespace": "memory_filter/below", "expires_at": "2099-01-01", "metadata": {}}']::jsonb[]));

CREATE FUNCTION matches(filter jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(left(content, 2), ' ' ORDER BY content), '-') FROM recall('filter', filter => filter) $$;

SELECT f AS filter, matches(f::jsonb) FROM unnest(ARRAY[
	'{}',
	'{"eq": ["lang", "en"]}', '{"ne": ["lang", "en"]}', '{"not": {"eq": ["lang", "en"]}}', '{"eq": ["lang", null]}',
	'{"eq": ["year", 2020]}', '{"eq": ["year", 2020.0]}', '{"eq": ["year", "2020"]}', '{"eq": ["year", 1000]}', '{"eq": ["ok", true]}',
	'{"eq": ["tags", ["y"]]}', '{"eq": ["tags", ["y", "x"]]}', '{"eq": ["tags", ["x", "y"]]}', '{"eq": ["who", {"name": "Bob"}]}', '{"eq": ["who", {"name": "Anna"}]}',
	'{"ne": ["tags", ["y"]]}', '{"eq": ["nested", [1, [2]]]}',
	'{"lt": ["year", 2021]}', '{"lte": ["year", 2020]}', '{"gt": ["year", 2020]}', '{"gte": ["year", 2021.5]}', '{"gt": ["year", "2"]}', '{"lt": ["lang", "e"]}',
	'{"not": {"lt": ["year", 2021]}}',
	'{"in": ["lang", ["de", "fr"]]}', '{"in": ["lang", []]}', '{"in": ["year", [2021.5, "2020", null]]}', '{"not": {"in": ["lang", ["de", "en"]]}}',
	'{"contains": ["tags", "x"]}', '{"contains": ["tags", ["x", "y"]]}', '{"contains": ["who", {"age": 30}]}', '{"contains": ["nested", [2]]}', '{"contains": ["nested", [[2]]]}',
	'{"starts_with": ["lang", "e"]}', '{"starts_with": ["year", "20"]}', '{"not": {"starts_with": ["lang", "e"]}}',
	'{"exists": "who"}', '{"exists": "lang"}', '{"not": {"exists": "lang"}}', '{"exists": ["who", "age"]}',
	'{"eq": [["who", "name"], "Anna"]}', '{"gte": [["who", "age"], 30]}', '{"starts_with": [["who", "name"], "B"]}', '{"exists": ["a.b"]}', '{"eq": ["a.b", 1]}', '{"eq": ["$", "d"]}',
	'{"eq": ["kind", "note"]}', '{"eq": [["kind"], "deep"]}', '{"in": ["kind", ["event", "text"]]}', '{"starts_with": ["kind", "e"]}', '{"gt": ["kind", "note"]}',
	'{"contains": ["content", "O''Hara; DROP"]}', '{"contains": ["content", "o''hara"]}', '{"eq": ["content", "c1"]}',
	'{"gte": ["importance", 0.9]}', '{"eq": ["importance", 0.1]}', '{"ne": ["importance", 0.1]}', '{"not": {"lt": ["importance", 0.5]}}', '{"exists": "importance"}',
	'{"eq": ["source", "a.txt"]}', '{"ne": ["source", "a.txt"]}', '{"exists": "source"}', '{"exists": "document_id"}', '{"lt": ["ord", 5]}',
	'{"gte": ["valid_from", "2024-01-01"]}', '{"lt": ["valid_to", "2030-01-01"]}', '{"not": {"lt": ["valid_to", "2030-01-01"]}}', '{"gt": ["remembered_at", "2000-01-01"]}',
	'{"eq": ["expires_at", "2099-01-01 00:00:00+00"]}', '{"eq": ["namespace", "memory_filter/below"]}', '{"starts_with": ["namespace", "memory_filter"]}',
	'{"eq": ["run_id", "00000000-0000-0000-0000-000000000000"]}', '{"ne": ["memory_id", "00000000-0000-0000-0000-000000000000"]}',
	'{"and": []}', '{"or": []}', '{"and": [{"eq": ["lang", "en"]}, {"eq": ["year", 2020]}]}', '{"or": [{"eq": ["lang", "de"]}, {"exists": "ok"}]}',
	'{"and": [{"or": [{"eq": ["lang", "en"]}, {"eq": ["lang", "de"]}]}, {"not": {"contains": ["tags", "x"]}}]}', '{"not": {"not": {"eq": ["lang", "en"]}}}']) f;

-- An object or an array may be an element, or a part of one.
SELECT cardinality(remember_many('filter', ARRAY[
	'{"content": "d1", "metadata": {"mixed": [{"a": 1, "b": [2, 3]}, "x", [1, 2]], "deep": {"list": [{"a": 1}]}}}',
	'{"content": "d2", "metadata": {"mixed": {"a": 1}}}',
	'{"content": "d3", "metadata": {"mixed": [1, 2, {"b": 1}]}}',
	'{"content": "d4", "metadata": {"mixed": []}}']::jsonb[]));
SELECT f AS filter, matches(f::jsonb) FROM unnest(ARRAY[
	'{"contains": ["mixed", {"a": 1}]}', '{"contains": ["mixed", {"b": [3]}]}', '{"contains": ["mixed", [1, 2]]}', '{"contains": ["mixed", [2]]}', '{"contains": ["mixed", ["x", [2]]]}', '{"contains": ["mixed", {"a": 2}]}',
	'{"contains": [["deep", "list"], {"a": 1}]}', '{"contains": [["deep"], {"list": [{"a": 1}]}]}', '{"contains": ["mixed", {}]}', '{"contains": ["mixed", []]}',
	'{"and": [{"exists": "mixed"}, {"not": {"contains": ["mixed", {"a": 1}]}}]}']) f;
SELECT forget_where('filter', '{"exists": "mixed"}');

-- Constants and parameters, no byte of the filter.
SELECT * FROM _compile_filter('{"and": [{"eq": ["lang", "en"]}, {"gt": [["who", "''); DROP TABLE x; --"], 5]}, {"not": {"starts_with": ["kind", "$1"]}}]}', 7);
SELECT matches('{"eq": ["''); DROP TABLE memory; --", "$$"]}'), matches('{"contains": ["content", "'' OR true --"]}');

-- Equality and containment are served by the index over metadata.
CREATE FUNCTION plan(filter jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	compiled record;
	line text;
BEGIN
	SELECT * INTO compiled FROM _compile_filter(filter, 1);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT FROM memory m WHERE collection_id = $2 AND ' || compiled.predicate
		USING compiled.operands, (SELECT collection_id FROM collections WHERE name = 'filter') LOOP
		IF line ~ 'Index Cond|Scan' THEN
			RETURN NEXT regexp_replace(line, '_c\d+', '_c', 'g');
		END IF;
	END LOOP;
END $$;
SET enable_seqscan = off;
SELECT * FROM plan('{"eq": ["lang", "en"]}');
SELECT * FROM plan('{"in": ["lang", ["en", "de"]]}');
SELECT * FROM plan('{"and": [{"contains": ["tags", "x"]}, {"gt": ["year", 3]}]}');
SELECT * FROM plan('{"contains": ["tags", {"a": 1}]}');
RESET enable_seqscan;

-- Wrong filters: the place is named.
SELECT matches('[]');
SELECT matches('"eq"');
SELECT matches('null');
SELECT matches('{"eq": ["a", 1], "ne": ["a", 2]}');
SELECT matches('{"equals": ["a", 1]}');
SELECT matches('{"eq": "a"}');
SELECT matches('{"eq": ["a"]}');
SELECT matches('{"eq": ["a", 1, 2]}');
SELECT matches('{"eq": [1, 1]}');
SELECT matches('{"eq": [[], 1]}');
SELECT matches('{"eq": [["a", 1], 1]}');
SELECT matches('{"and": {"eq": ["a", 1]}}');
SELECT matches('{"and": [{"eq": ["a", 1]}, 3]}');
SELECT matches('{"or": [{"and": [{}, {"not": {"lt": ["a", [1]]}}]}]}');
SELECT matches('{"not": [{"eq": ["a", 1]}]}');
SELECT matches('{"gt": ["a", true]}');
SELECT matches('{"in": ["a", 1]}');
SELECT matches('{"starts_with": ["a", 1]}');
SELECT matches('{"starts_with": ["importance", "1"]}');
SELECT matches('{"contains": ["importance", 1]}');
SELECT matches('{"contains": ["content", 1]}');
SELECT matches('{"eq": ["importance", "high"]}');
SELECT matches('{"eq": ["kind", null]}');
SELECT matches('{"exists": 1}');
SELECT matches('{"eq": ["memory_id", "x"]}');
SELECT matches('{"and": [{"ne": ["run_id", "not a uuid"]}]}');
SELECT matches('{"in": ["expires_at", ["2020-01-01", "some day"]]}');
SELECT matches('{"lt": ["expires_at", "2020-13-01"]}');
SELECT matches('{"lt": ["valid_from", "300000-01-01"]}');
SELECT matches('{"lt": ["valid_to", "2020-01-01 00:00 Nowhere/Land"]}');
CREATE FUNCTION state(filter jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN matches(filter); EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SELECT state('{"eq": ["memory_id", "x"]}') AS uuid, state('{"lt": ["expires_at", "2020-13-01"]}') AS time, state('{"lt": ["expires_at", "2020-01-01 00:00 Nowhere/Land"]}') AS zone,
	state('{"eq": ["importance", 1e400]}') AS number;

-- The limits, and one past them.
CREATE FUNCTION deep(levels int) RETURNS jsonb LANGUAGE sql AS
$$ SELECT (repeat('{"not":', levels - 1) || '{"eq":["a",1]}' || repeat('}', levels - 1))::jsonb $$;
SELECT matches(deep(31)), matches(deep(32));
SELECT matches(deep(33));
SELECT matches(jsonb_build_object('in', jsonb_build_array('year', (SELECT jsonb_agg(2020) FROM generate_series(1, 1000)))));
SELECT matches(jsonb_build_object('in', jsonb_build_array('year', (SELECT jsonb_agg(2020) FROM generate_series(1, 1001)))));
SELECT matches('{"exists": ["1","2","3","4","5","6","7","8"]}');
SELECT matches('{"exists": ["1","2","3","4","5","6","7","8","9"]}');
SELECT matches(jsonb_build_object('eq', jsonb_build_array('a', repeat('x', 262000))));
SELECT matches(jsonb_build_object('eq', jsonb_build_array('a', repeat('x', 262144))));

-- Forgetting by a filter.
SELECT forget_where('filter', NULL);
SELECT forget_where('filter', '{"eq": ["lang", "en"]}', 'no English'), forget_where('filter', '{"eq": ["lang", "en"]}');
SELECT matches('{}');
SELECT content, forget_reason FROM memory_history WHERE namespace = 'memory_filter' ORDER BY content;
SET tsmem.namespace = 'memory_filter/below';
SELECT forget_where('filter', '{}');
SET tsmem.namespace = 'memory_filter';
SELECT matches('{}');
SELECT drop_collection('filter');
SET client_min_messages = warning;
DROP SCHEMA memory_filter CASCADE;
