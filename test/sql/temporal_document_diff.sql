-- Differences: JSON patches that make one document of another, lines in unified format.
CREATE SCHEMA temporal_document_diff;
SET search_path = temporal_document_diff, tsmem, public;
\echo scalars, objects, arrays
SELECT a, b, d FROM (VALUES
	('1', '1'), ('1', '2'), ('1', '1.0'), ('null', 'false'), ('"a"', '"b"'), ('[]', '{}'), ('{}', '{}'),
	('{"a": 1}', '{"a": null}'), ('{"a": null}', '{}'), ('{}', '{"a": null}'), ('{"a": 1}', '{"b": 1}'), ('{"a": 1, "b": 2}', '{"b": 3, "c": 4}'),
	('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 2}}}'), ('{"a": {"b": 1}}', '{"a": [1]}'),
	('{"a/b": 1, "m~n": 2, "": 3, "ü 😀": 4, "~1": 5}', '{"a/b": 2, "m~n": 3, "": 4, "ü 😀": 5, "~1": 6}'),
	('[1, 2, 3, 4, 5]', '[1, 2, 9, 3, 4, 5]'), ('[1, 2, 3, 4, 5]', '[1, 2, 4, 5]'), ('[1, 2, 3]', '[3, 1, 2]'), ('[]', '[1, 2]'), ('[1, 2]', '[]'),
	('[{"id": 1, "v": 1}, {"id": 2, "v": 2}]', '[{"id": 1, "v": 1}, {"id": 2, "v": 3}]'), ('[[1], [2]]', '[[0], [1], [2, 3]]'), ('[true, false, null]', '[true, null]'),
	('[1, 1.0]', '[1.0, 1]'), ('["1", 1]', '[1, "1"]')) v(a, b), LATERAL (SELECT v.a::jsonb, v.b::jsonb) j(x, y), LATERAL json_diff(x, y) d
WHERE json_patch_apply(x, d)::text = y::text;
SELECT json_diff(NULL, '1'), json_diff('1', NULL);
\echo one insertion into the middle is one operation
SELECT json_diff(to_jsonb(a), to_jsonb(a[:500] || 'new'::text || a[501:])) FROM (SELECT array_agg('element ' || i) AS a FROM generate_series(1, 1000) i) x;
\echo a patch makes the other document, to the byte
CREATE FUNCTION random_json(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE n int := floor(random() * 5); r float := random(); result jsonb; i int;
BEGIN
	IF depth = 0 OR r < 0.35 THEN
		RETURN (ARRAY['null', 'true', 'false', '1', '1.0', '-2e5', '0.1', '""', '"a"', '"a/b~c"', '"ü"', '"😀"', '{}', '[]'])[1 + floor(random() * 14)]::jsonb;
	ELSIF r < 0.7 THEN
		result := '{}';
		FOR i IN 1..n LOOP
			result := result || jsonb_build_object((ARRAY['a', 'b', '', 'a/b', '~', '~1', 'ü', '😀', '0', '-'])[1 + floor(random() * 10)], random_json(depth - 1));
		END LOOP;
		RETURN result;
	END IF;
	result := '[]';
	FOR i IN 1..n * 2 LOOP
		result := result || jsonb_build_array(random_json(depth - 1));
	END LOOP;
	RETURN result;
END $$;
-- Somewhere in it a value is another.
CREATE FUNCTION change_json(doc jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE k text; n int;
BEGIN
	IF jsonb_typeof(doc) = 'object' AND doc <> '{}' AND random() < 0.9 THEN
		SELECT key INTO k FROM jsonb_object_keys(doc) key ORDER BY random() LIMIT 1;
		IF random() < 0.2 THEN RETURN doc - k; END IF;
		RETURN doc || jsonb_build_object(k, change_json(doc -> k));
	ELSIF jsonb_typeof(doc) = 'array' AND doc <> '[]' AND random() < 0.9 THEN
		n := floor(random() * jsonb_array_length(doc));
		IF random() < 0.3 THEN RETURN doc - n; END IF;
		IF random() < 0.3 THEN RETURN jsonb_insert(doc, ARRAY[n::text], random_json(1)); END IF;
		RETURN jsonb_set(doc, ARRAY[n::text], change_json(doc -> n));
	END IF;
	RETURN random_json(2);
END $$;
SELECT setseed(0.5);
CREATE TABLE sample AS SELECT random_json(4) AS a FROM generate_series(1, 1500);
ALTER TABLE sample ADD b jsonb;
UPDATE sample SET b = CASE WHEN random() < 0.2 THEN random_json(4) ELSE change_json(change_json(a)) END;
SELECT count(*) > 1000 AS many, bool_and(json_patch_apply(a, json_diff(a, b))::text = b::text) AS there, bool_and(json_patch_apply(b, json_diff(b, a))::text = a::text) AS and_back,
	bool_and((json_diff(a, b) = '[]') = (a::text = b::text)) AS empty_when_equal FROM sample;
\echo the examples of RFC 6902, appendix A
SELECT name, json_patch_apply(document::jsonb, patch::jsonb) FROM (VALUES
	('A.1', '{"foo": "bar"}', '[{"op": "add", "path": "/baz", "value": "qux"}]'),
	('A.2', '{"foo": ["bar", "baz"]}', '[{"op": "add", "path": "/foo/1", "value": "qux"}]'),
	('A.3', '{"baz": "qux", "foo": "bar"}', '[{"op": "remove", "path": "/baz"}]'),
	('A.4', '{"foo": ["bar", "qux", "baz"]}', '[{"op": "remove", "path": "/foo/1"}]'),
	('A.5', '{"baz": "qux", "foo": "bar"}', '[{"op": "replace", "path": "/baz", "value": "boo"}]'),
	('A.6', '{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}', '[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]'),
	('A.7', '{"foo": ["all", "grass", "cows", "eat"]}', '[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]'),
	('A.8', '{"baz": "qux", "foo": ["a", 2, "c"]}', '[{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}]'),
	('A.10', '{"foo": "bar"}', '[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]'),
	('A.11', '{"foo": "bar"}', '[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]'),
	('A.14', '{"/": 9, "~1": 10}', '[{"op": "test", "path": "/~01", "value": 10}]'),
	('A.16', '{"foo": ["bar"]}', '[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]'),
	('root', '{"foo": 1}', '[{"op": "replace", "path": "", "value": [1]}, {"op": "add", "path": "/0", "value": 0}, {"op": "add", "path": "", "value": 5}]'),
	('removed', '{"foo": 1}', '[{"op": "remove", "path": ""}]'),
	('removed, added', '{"foo": 1}', '[{"op": "remove", "path": ""}, {"op": "add", "path": "", "value": 1}]'),
	('copied', '{"a": {"b": [1]}}', '[{"op": "add", "path": "/a/b/0", "value": 0}, {"op": "copy", "from": "/a", "path": "/c"}, {"op": "add", "path": "/c/b/-", "value": 2}, {"op": "remove", "path": "/a/b/0"}]'),
	('onto itself', '{"a": 1}', '[{"op": "move", "from": "/a", "path": "/a"}, {"op": "copy", "from": "", "path": "/b"}]'),
	('1 = 1.0', '1', '[{"op": "test", "path": "", "value": 1.0}]'),
	('nothing', '[1]', '[]')) v(name, document, patch);
CREATE FUNCTION why(document jsonb, patch jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text;
BEGIN
	RETURN json_patch_apply(document, patch);
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN state || ': ' || message || '. ' || detail;
END $$;
\echo what cannot be applied
SELECT why('{"a": [1, {"b": 2}]}', p::jsonb) FROM unnest(ARRAY[
	'{}', '[1]', '[{"path": "/a"}]', '[{"op": "add", "value": 1}]', '[{"op": "add", "path": "/b"}]', '[{"op": "move", "path": "/b"}]', '[{"op": "merge", "path": "/b"}]',
	'[{"op": "add", "path": "b", "value": 1}]', '[{"op": "add", "path": "/~2", "value": 1}]', '[{"op": "add", "path": "/~", "value": 1}]',
	'[{"op": "add", "path": "/x/y", "value": 1}]', '[{"op": "add", "path": "/a/3", "value": 1}]', '[{"op": "add", "path": "/a/01", "value": 1}]', '[{"op": "add", "path": "/a/x", "value": 1}]',
	'[{"op": "add", "path": "/a/99999999999", "value": 1}]', '[{"op": "add", "path": "/a/4294967296", "value": 1}]', '[{"op": "add", "path": "/a/0/x", "value": 1}]', '[{"op": "add", "path": "/a/", "value": 1}]',
	'[{"op": "remove", "path": "/b"}]', '[{"op": "remove", "path": "/a/2"}]', '[{"op": "remove", "path": "/a/-"}]', '[{"op": "replace", "path": "/b", "value": 1}]', '[{"op": "replace", "path": "/a/-", "value": 1}]',
	'[{"op": "copy", "from": "/b", "path": "/c"}]', '[{"op": "move", "from": "/a", "path": "/a/1"}]', '[{"op": "move", "from": "", "path": "/a"}]', '[{"op": "move", "from": "/b", "path": "/a"}]',
	'[{"op": "test", "path": "/a/0", "value": 2}]', '[{"op": "test", "path": "/b", "value": null}]',
	'[{"op": "remove", "path": ""}, {"op": "add", "path": "/a", "value": 1}]', '[{"op": "remove", "path": ""}, {"op": "test", "path": "", "value": 1}]']) p;
\echo what a patch can ask for in memory is bounded
SELECT why('{"a": [1]}', (SELECT jsonb_agg('{"op": "copy", "from": "", "path": "/a/-"}'::jsonb) FROM generate_series(1, 60)));
SELECT length(json_patch_apply('[[]]', (SELECT jsonb_agg(jsonb_build_object('op', 'add', 'path', repeat('/0', i) || '/-', 'value', '[]'::jsonb)) FROM generate_series(1, 1000) i))::text);
\echo nested too deeply
CREATE TABLE deep AS SELECT (repeat('[', 4000) || n || repeat(']', 4000))::jsonb AS doc, n FROM generate_series(1, 2) n;
SELECT length(json_diff(a.doc, b.doc)::text) FROM deep a, deep b WHERE a.n = 1 AND b.n = 2;
SET max_stack_depth = '100kB';
SELECT json_diff(a.doc, b.doc) FROM deep a, deep b WHERE a.n = 1 AND b.n = 2;
RESET max_stack_depth;

\echo lines
\pset format unaligned
\pset tuples_only on
SELECT text_diff('', ''), text_diff('a', 'a'), text_diff(NULL, 'a') IS NULL;
SELECT text_diff('', 'a'), text_diff('a', ''), text_diff('', E'\n'), text_diff(E'a\n', 'a');
SELECT text_diff(E'a\r\nb\r\n', E'a\nb\r\n');
SELECT text_diff(E'1\n2\n3\n4\n5\n6\n7\n8\n9\n', E'1\n2\n3\n4\nx\n6\n7\n8\n9\n');
SELECT text_diff(E'1\n2\n3\n4\n5\n6\n7\n8\n9\n', E'1\n2\n3\n4\nx\n6\n7\n8\n9\n', 0);
SELECT text_diff(E'1\n2\n3\n4\n5\n6\n7\n8\n9\n', E'0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n', 1, 'left', 'right');
SELECT text_diff(E'1\n2\n3\n4\n5\n6\n7\n8\n', E'1\nb\n3\n4\n5\n6\n7\nh\n', 2);
SELECT text_diff(E'1\n2\n3\n4\n5\n6\n7\n8\n', E'1\nb\n3\n4\n5\n6\n7\nh', 3);
SELECT text_diff(E'1\n2\n3\n', E'1\n3\n', 2147483647);
SELECT text_diff(E'ü\nö\n', E'ü\nä\n');
\pset format aligned
\pset tuples_only off
SELECT text_diff('a', 'b', -1);
SELECT text_diff('a', 'b', 3, E'a\nb');
\echo many lines
SELECT length(text_diff(repeat(E'x\n', 1000000), repeat(E'x\n', 1000001)));
SELECT left(text_diff(repeat(E'x\n', 1000001), repeat(E'x\n', 2) || 'y', 3), 40);
SELECT length(text_diff(string_agg(md5(i::text) || E'\n', '' ORDER BY i), string_agg(md5(i::text) || E'\n', '' ORDER BY -i))) > 0 FROM generate_series(1, 100000) i;
\echo lines that could as well be others: runs meet, face changes, or stand low
\pset format unaligned
\pset tuples_only on
SELECT text_diff(E'f {\n a\n}\n\n', E'f {\n a\n}\n\nf {\n a\n}\n\n', 0);
SELECT text_diff(E'a\nx\na\nb\n', E'a\nb\n', 0), text_diff(E'a\nb\n', E'a\nx\na\nb\n', 0);
SELECT text_diff(E'1\n2\n2\n2\n3\n', E'1\n2\n2\n2\n2\n2\n3\n', 0);
SELECT text_diff(E's\nq\nr\ns\nq\nt\n', E's\nq\nr\ns\nq\nr\ns\nQ\nt\n', 0);
SELECT bool_and(length(text_diff(a, b)) > 0) FROM (SELECT string_agg((i * i % 7)::text, E'\n' ORDER BY i) AS a, string_agg((i * i % (6 + i % 2))::text, E'\n' ORDER BY i) AS b FROM generate_series(1, 2000) i) x;
