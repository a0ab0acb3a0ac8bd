-- Collections, remember, documents, forget: what is stored, what is not stored twice, what is refused.
CREATE SCHEMA memory_remember;
SET search_path = memory_remember, tsmem, public;
SET timezone = 'UTC';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\set VERBOSITY default
-- The state of the error that a statement raises.
CREATE FUNCTION state(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT create_collection('plain', 'memory_remember') > 0 AS plain, create_collection('vectors', 'memory_remember', 2, 'l2') > 0 AS vectors;
SET tsmem.namespace = 'memory_remember';
SELECT name, namespace, dimensions, metric, index_method, embedder, embedder_role, text_config, settings FROM collections WHERE namespace = 'memory_remember' ORDER BY name;

-- Collections that cannot be made.
SELECT create_collection('plain');
SELECT create_collection(NULL);
SELECT create_collection('');
SELECT create_collection(repeat('x', 256));
SELECT create_collection(repeat('x', 255)) > 0 AS longest;
SELECT create_collection('c', namespace => 'a//b');
SELECT create_collection('c', dimensions => 0);
SELECT create_collection('c', dimensions => 16001);
SELECT create_collection('c', metric => 'hamming');
SELECT create_collection('c', index_method => 'btree');
SELECT create_collection('c', index_method => m) FROM unnest('{kd}'::text[]) m;
SELECT create_collection('c', index_method => 'hnsw');
SELECT create_collection('c', settings => '[]');
SELECT create_collection('c', settings => '{"candidate": 1}');
SELECT create_collection('c', settings => '{"candidates": 0}');
SELECT create_collection('c', settings => '{"candidates": 10001}');
SELECT create_collection('c', settings => '{"candidates": 1.5}');
SELECT create_collection('c', settings => '{"candidates": "9"}');
SELECT create_collection('c', embedder => 'tsmem.embed_hashed_ngrams(text,int)');
SELECT create_collection('c', dimensions => 2, embedder => 'lower(text)');
SELECT create_collection('c', dimensions => 2, embedder => 999999999);
SELECT create_collection('c', dimensions => 2, embedder => 'no_such(text)');
SELECT create_collection('c', text_config => 'no_such');
SELECT create_collection('c', text_config => 0);
SELECT count(*) FROM collections WHERE namespace = 'memory_remember';

-- Altering.
SELECT alter_collection(repeat('x', 255), new_name => 'renamed', settings => '{"candidates": 7}');
SELECT alter_collection('renamed', new_name => 'plain');
SELECT alter_collection('renamed', new_name => '');
SELECT alter_collection('renamed', index_method => 'ivf');
SELECT alter_collection('renamed', embedder => 'tsmem.embed_hashed_ngrams(text,int)');
SELECT alter_collection('renamed', text_config => 0);
SELECT alter_collection('no such');
SELECT settings FROM collections WHERE name = 'renamed';
SELECT drop_collection('renamed');
SELECT drop_collection('renamed');
SELECT drop_collection(NULL);

-- The same content with the same validity is one memory; else it is another.
SELECT remember('plain', 'tea') AS tea \gset
SELECT remember('plain', 'tea') = :'tea' AS same, remember('plain', 'tea', metadata => '{"x": 1}') = :'tea' AS same_content,
	remember('plain', 'Tea') = :'tea' AS other_content, remember('plain', 'tea', valid_at => '[2020-01-01,)') = :'tea' AS other_validity,
	remember('plain', 'tea', namespace => 'memory_remember/below') = :'tea' AS other_namespace,
	remember('plain', 'tea', deduplicate => false) = :'tea' AS asked;
SELECT remember('plain', 'tea') = :'tea' AS still_the_same, remember('plain', 'tea', valid_at => '(,)') = :'tea' AS all_time;
SELECT namespace, content, valid_at, duplicate, tsv FROM memory WHERE content ILIKE 'tea' ORDER BY 1, 2, 3, 4;
SELECT state(format('SELECT remember(''plain'', ''x'', memory_id => %L)', :'tea'));
SELECT remember('plain', 'tea', memory_id => :'tea') = :'tea' AS repeated;
-- What has expired and is told again is there again, with its history.
SELECT remember('plain', 'news', metadata => '{"v": 1}', expires_at => '2001-01-01') AS news \gset
SELECT count(*) FROM recall('plain', 'news');
SELECT remember('plain', 'news', metadata => '{"v": 2}', expires_at => '2999-01-01') = :'news' AS same, remember('plain', 'news', metadata => '{"v": 3}') = :'news' AS still_there;
SELECT content, r.metadata, (SELECT count(*) FROM memory_history h WHERE h.memory_id = r.memory_id) AS former FROM recall('plain', 'news') r;

-- Many.
SELECT count(*), count(DISTINCT u) FROM unnest(remember_many('plain', ARRAY['{"content": "one"}', '{"content": "two", "kind": "k", "source": "s", "importance": 1, "ord": null,
	"location": "STBOX((1,2),(1,2))", "run_id": "00000000-0000-0000-0000-000000000007", "expires_at": "2030-01-01", "valid_at": "[2020-01-01,2021-01-01)"}',
	'{"content": "one"}', '{"content": "tea"}']::jsonb[])) u;
SELECT kind, source, importance, location, run_id, expires_at, valid_at, metadata FROM memory WHERE content = 'two' AND namespace = 'memory_remember';
SELECT remember_many('plain', '{}');
SELECT remember_many('plain', NULL);
SELECT count(DISTINCT u) FROM unnest(remember_many('plain', array_fill('{"content": "twice"}'::jsonb, '{2}'), deduplicate => false)) u;
SELECT cardinality(remember_many('plain', array_fill('{"content": "much"}'::jsonb, '{10000}')));
SELECT remember_many('plain', array_fill('{"content": "much"}'::jsonb, '{10001}'));
SELECT remember_many('plain', ARRAY['{"content": "x"}', NULL]::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '[]']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"contents": "y"}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"content": 5}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"content": "y", "valid_at": "soon"}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"content": "y", "valid_at": "[2020-01-01,2020-01-01)"}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"content": "y", "importance": 2}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x"}', '{"content": "y", "namespace": "elsewhere"}']::jsonb[]);
SELECT remember_many('vectors', ARRAY['{"content": "x"}', '{"content": "y", "embedding": [1]}']::jsonb[]);
SELECT remember_many('vectors', ARRAY['{"content": "x"}', '{"content": "y", "embedding": "[1,NaN]"}']::jsonb[]);
SELECT remember_many('plain', ARRAY['{"content": "x", "memory_id": "00000000-0000-0000-0000-000000000001"}', '{"content": "y", "memory_id": "00000000-0000-0000-0000-000000000001"}']::jsonb[]);
SELECT count(*) FROM memory WHERE content IN ('x', 'y');

-- One that cannot be stored.
SELECT remember('no such', 'x');
SELECT remember(NULL, 'x');
SELECT remember('plain', NULL);
SELECT remember('plain', '');
SELECT remember('plain', 'x', valid_at => 'empty');
SELECT remember('plain', 'x', metadata => '[]');
SELECT remember('plain', 'x', metadata => 'null');
SELECT remember('plain', 'x', importance => -0.1);
SELECT remember('plain', 'x', importance => 'NaN');
SELECT remember('plain', 'x', embedding => '[1,2]');
SELECT remember('vectors', 'x', embedding => '[1,2,3]');
SELECT remember('plain', 'x', namespace => 'elsewhere');
SELECT remember('plain', 'x', ord => 1);
SELECT state($$SELECT remember('plain', 'x', document_id => '00000000-0000-0000-0000-000000000001', ord => 1)$$);
SELECT count(*) FROM memory WHERE content IN ('x', 'y');
-- The table refuses the same.
SELECT state('INSERT INTO memory (collection_id, namespace, content) VALUES (-1, ''memory_remember'', ''x'')');
SELECT name, value, state(format('INSERT INTO memory (collection_id, namespace, content, embedding, %s) SELECT collection_id, %L, %L, ''[1,2]'', %s FROM collections WHERE name = ''vectors''',
	name, CASE name WHEN 'kind' THEN 'elsewhere' ELSE 'memory_remember' END, CASE name WHEN 'source' THEN '' ELSE 'x' END, value))
FROM (VALUES ('kind', '''k'''), ('source', 'NULL'), ('valid_at', '''empty'''), ('metadata', '''[]'''), ('importance', '2'), ('ord', '1'), ('run_id', 'NULL')) v (name, value);
SELECT state('UPDATE memory SET embedding = ''[1,2,3]'' WHERE content = ''x''');
DELETE FROM memory WHERE content = 'x';

-- Documents and chunks.
SELECT add_document('vectors', '{"author": "A"}', 'On ferries', 'library') AS document \gset
SELECT cardinality(remember_many('vectors', ARRAY(SELECT jsonb_build_object('content', 'the same', 'document_id', :'document', 'ord', i, 'embedding', ARRAY[i, 0]) FROM generate_series(1, 3) i)));
SELECT ord, content FROM chunks WHERE document_id = :'document' ORDER BY ord;
SELECT remember('vectors', 'the same', document_id => :'document', ord => 2) IN (SELECT memory_id FROM chunks WHERE document_id = :'document' AND ord = 2) AS same;
SELECT state($$SELECT remember('vectors', 'another', document_id => gen_random_uuid(), ord => 2)$$);
SELECT state(format('SELECT remember(''vectors'', ''another'', document_id => %L, ord => 2)', :'document'));
SELECT state(format('SELECT add_document(''vectors'', document_id => %L)', :'document'));
SELECT add_document('vectors', metadata => '[]');
SELECT add_document('vectors', valid_at => 'empty');
DELETE FROM documents WHERE document_id = :'document';
SELECT (SELECT count(*) FROM chunks WHERE document_id = :'document') AS chunks, (SELECT count(*) FROM memory_history WHERE document_id = :'document') AS history,
	(SELECT count(*) FROM documents_history WHERE document_id = :'document') AS documents;

SELECT add_document('vectors', title => 'Two', document_id => '00000000-0000-0000-0000-000000000002') AS two \gset
SELECT remember('vectors', 'a chunk', document_id => :'two', ord => 1) IS NOT NULL AS chunk;
SELECT forget_document(:'two', 'outdated'), forget_document(:'two'), forget_document(NULL);
SELECT title, forget_reason FROM documents_history WHERE document_id = :'two';
SELECT content, forget_reason FROM memory_history WHERE document_id = :'two';

-- An id means a memory of the session's namespace; where several have it, the collection has to be named.
SELECT create_collection('twins', 'memory_remember') > 0, create_collection('lower', 'memory_remember/z') > 0;
SELECT remember(c, 'twin in ' || c, memory_id => '00000000-0000-0000-0000-00000000000f'), add_document(c, title => 'twin in ' || c, document_id => '00000000-0000-0000-0000-00000000000f') FROM unnest('{plain,twins,lower}'::text[]) c;
SELECT forget('00000000-0000-0000-0000-00000000000f');
SELECT forget_document('00000000-0000-0000-0000-00000000000f');
SELECT forget('00000000-0000-0000-0000-00000000000f', 'named', 'plain'), forget('00000000-0000-0000-0000-00000000000f', 'named', 'plain') AS again, forget('00000000-0000-0000-0000-00000000000f', collection => 'vectors') AS elsewhere;
SELECT forget_document('00000000-0000-0000-0000-00000000000f', collection => 'twins') AS document;
SELECT forget('00000000-0000-0000-0000-00000000000f', collection => 'no such');
SET tsmem.namespace = 'memory_remember/z';
SELECT forget('00000000-0000-0000-0000-00000000000f') AS lower, forget('00000000-0000-0000-0000-00000000000f') AS above, forget_document('00000000-0000-0000-0000-00000000000f') AS document, forget_document('00000000-0000-0000-0000-00000000000f') AS above;
SET tsmem.namespace = 'memory_remember';
SELECT content FROM memory WHERE memory_id = '00000000-0000-0000-0000-00000000000f';
SELECT title FROM documents WHERE document_id = '00000000-0000-0000-0000-00000000000f';
SELECT drop_collection('twins'), drop_collection('lower');

-- Every change keeps the former version; what is only marked keeps none.
SELECT remember('plain', 'first words', metadata => '{"v": 1}') AS changed \gset
SELECT pg_sleep(0.002), now() AS before \gset
UPDATE memory SET content = 'second words', metadata = '{"v": 2}' WHERE memory_id = :'changed';
UPDATE memory SET metadata = metadata WHERE memory_id = :'changed';
UPDATE memory SET forget_reason = 'soon' WHERE memory_id = :'changed';
SELECT content, metadata, tsv, forget_reason FROM memory WHERE memory_id = :'changed';
SELECT content, metadata, tsv FROM memory_history WHERE memory_id = :'changed';
SELECT content FROM memory_as_of(:'before') WHERE memory_id = :'changed';
SELECT forget(:'changed', 'done'), forget(:'changed'), forget(NULL);
SELECT content, forget_reason FROM memory_history WHERE memory_id = :'changed' ORDER BY row_start;
SELECT count(*) FROM memory_as_of(NULL);

-- A new text configuration reads the texts anew and makes no version.
SELECT remember('plain', 'the ferries') AS ferries \gset
SELECT alter_collection('plain', text_config => 'english');
SELECT tsv FROM memory WHERE memory_id = :'ferries';
SELECT alter_collection('plain', text_config => 'simple');
SELECT tsv, (SELECT count(*) FROM memory_history h WHERE h.memory_id = :'ferries') AS versions FROM memory WHERE memory_id = :'ferries';
SELECT count(*) FROM recall('plain', 'ferry'), recall('plain', 'ferries') r WHERE false;
SELECT content FROM recall('plain', 'ferries');

-- The collection that a name means: the nearest above, else the only one below.
SELECT create_collection('near', 'memory_remember/a') > 0, create_collection('near', 'memory_remember/b') > 0, create_collection('above', 'memory_remember/a') > 0;
SELECT remember('near', 'x');
SELECT remember('above', 'x') IS NOT NULL AS below_it;
SELECT namespace FROM memory WHERE content = 'x';
SET tsmem.namespace = 'memory_remember/a/1';
SELECT remember('near', 'z') IS NOT NULL AS near, remember('plain', 'z') IS NOT NULL AS far;
SELECT c.name, c.namespace, m.namespace FROM memory m JOIN collections c USING (collection_id) WHERE content = 'z' ORDER BY 1;
SELECT content FROM recall('plain');
SET tsmem.namespace = 'memory_remember';
SELECT drop_collection('near', 'memory_remember/a'), drop_collection('near', 'memory_remember/b'), drop_collection('above'), drop_collection('vectors'), drop_collection('plain');
SELECT count(*) FROM collections WHERE namespace LIKE 'memory_remember%';
SELECT count(*) FROM memory_history WHERE namespace LIKE 'memory_remember%';
SELECT count(*) FROM versioned_tables WHERE rel::text LIKE 'tsmem.memory_c%' AND NOT EXISTS (SELECT FROM collections c WHERE rel::text = 'memory_c' || c.collection_id);
DROP SCHEMA memory_remember CASCADE;
