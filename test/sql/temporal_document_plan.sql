-- Documents found by jsonpath: the call becomes a query, which the GIN indexes serve, of now and as of a time.
CREATE SCHEMA temporal_document_plan;
SET search_path = temporal_document_plan, tsmem, public;
SELECT create_document_store('docs');
CREATE TABLE moment AS SELECT now() AS at;
INSERT INTO docs (id, body) SELECT 'd' || i, jsonb_build_object('n', i, 'kind', 'k' || i % 100, 'text', repeat('x', 200)) FROM generate_series(1, 5000) i;
UPDATE moment SET at = clock_timestamp();
UPDATE docs SET body = body || '{"kind": "none"}';
ANALYZE docs;
ANALYZE docs_history;
SELECT at FROM moment \gset
SET enable_seqscan = off;
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
\echo now
SELECT explain($$SELECT id FROM find_documents('docs', '$.n == 17')$$);
SELECT explain($$SELECT id FROM find_documents('docs', '$.kind ? (@ == "none")') f WHERE f.version > 1$$);
SELECT id, version, body ->> 'kind' AS kind FROM find_documents('docs', '$.n == 17');
\echo as of a time: the index of the history too
SELECT regexp_replace(explain(format($$SELECT id FROM find_documents('docs', '$.kind == "k7"', %L)$$, :'at')), '''[^'']*''::timestamp with time zone', 'T', 'g') AS explain;
SELECT count(*), min(version), max(version), bool_and(body @> '{"kind": "k7"}') AS right FROM find_documents('docs', '$.kind == "k7"', :'at');
SELECT count(*) FROM find_documents('docs', '$.kind == "k7"');
\echo a time that is not known when it is planned; null is now
SELECT m.at IS NULL AS now, count(f.id) FROM (SELECT at FROM moment UNION ALL SELECT NULL) m LEFT JOIN LATERAL find_documents('docs', '$.kind == "k7"', m.at) f ON true GROUP BY 1 ORDER BY 1;
SELECT m.at IS NULL AS now, count(f.id) FROM (SELECT at FROM moment UNION ALL SELECT NULL) m LEFT JOIN LATERAL find_documents('docs', '$.kind == "none" && $.n < 11', m.at) f ON true GROUP BY 1 ORDER BY 1;
\echo a path, or a store, that is not
SELECT p::text, count(*) FROM unnest(ARRAY['$.n == 17', '$.n ? (@ == 18)', '$.n == 0', NULL]::jsonpath[]) p, find_documents('docs', p) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM (SELECT 'docs'::regclass OFFSET 0) x(store), find_documents(x.store, '$.n == 17');
SELECT e FROM explain($$SELECT id FROM find_documents('docs', (SELECT '$.n == 17'::jsonpath))$$) e WHERE e LIKE '%Scan%';
\echo prepared
PREPARE find(jsonpath, timestamptz) AS SELECT count(*) FROM find_documents('docs', $1, $2);
EXECUTE find('$.n == 17', NULL);
EXECUTE find('$.kind == "k7"', :'at');
SET plan_cache_mode = force_generic_plan;
EXECUTE find('$.n == 17', NULL);
EXECUTE find('$.kind == "k7"', :'at');
RESET plan_cache_mode;
ALTER TABLE docs RENAME TO papers;
EXECUTE find('$.n == 17', NULL);
ALTER TABLE papers RENAME TO docs;
\echo whole rows, and in the list
SELECT (f).id, (f).version FROM find_documents('docs', '$.n == 17') f;
SELECT (find_documents('docs', '$.n == 17')).id;
\echo without an index of the history
DROP INDEX docs_history_body_idx;
SELECT count(*) FROM find_documents('docs', '$.kind == "k7"', :'at');
\echo by whom
CREATE ROLE temporal_document_plan_reader;
GRANT USAGE ON SCHEMA temporal_document_plan TO temporal_document_plan_reader;
SET ROLE temporal_document_plan_reader;
SELECT count(*) FROM find_documents('docs', '$.n == 17');
RESET ROLE;
GRANT SELECT ON docs TO temporal_document_plan_reader;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON docs USING (body @? '$.n ? (@ < 15)');
SET ROLE temporal_document_plan_reader;
SELECT count(*) FROM find_documents('docs', '$.n == 17');
SELECT count(*) FROM find_documents('docs', '$.n == 14');
SELECT count(*) FROM find_documents('docs', '$.kind == "k7"', :'at');
RESET ROLE;
DROP OWNED BY temporal_document_plan_reader;
DROP ROLE temporal_document_plan_reader;
DROP SCHEMA temporal_document_plan CASCADE;
