-- Document stores whose history is folded, and pruned: documents read the same, and what is before the horizon is refused.
CREATE SCHEMA temporal_document_fold;
SET search_path = temporal_document_fold, tsmem, public;
SET client_min_messages = warning;
SELECT create_document_store('docs'), create_document_store('notes', 'text');
CREATE TABLE moment (n int PRIMARY KEY, at timestamptz);
DO $$
BEGIN
	FOR i IN 1..30 LOOP
		PERFORM put_document('docs', 'd' || i % 4, jsonb_build_object('n', i, 'kind', 'k' || i % 3, 'list', jsonb_build_array(i % 2, 'x', i)), metadata => jsonb_build_object('m', i));
		PERFORM put_document('notes', 'n' || i % 2, repeat('line' || E'\n', i) || i);
		IF i = 20 THEN PERFORM delete_document('docs', 'd2'); END IF;
		COMMIT;
		INSERT INTO moment VALUES (i, clock_timestamp());
		COMMIT;
	END LOOP;
END $$;
CREATE VIEW seen AS
	SELECT m.n, 'd' || i AS id, get_document('docs', 'd' || i, m.at)::text AS body FROM moment m, generate_series(0, 3) i
	UNION ALL SELECT m.n, 'n' || i, get_document_text('notes', 'n' || i, m.at) FROM moment m, generate_series(0, 1) i
	UNION ALL SELECT v, 'version of d1', get_document('docs', 'd1', version => v)::text FROM generate_series(1, 9) v
	UNION ALL SELECT h.version, 'history of d' || i, h::text FROM generate_series(0, 3) i, document_history('docs', 'd' || i) h
	UNION ALL SELECT h.version, 'history of n' || i, h::text FROM generate_series(0, 1) i, document_history('notes', 'n' || i) h
	UNION ALL SELECT m.n, 'difference', document_diff('docs', 'd1', from_time => m.at)::text FROM moment m
	UNION ALL SELECT m.n, 'difference', document_diff_text('notes', 'n1', from_time => m.at) FROM moment m
	UNION ALL SELECT v, 'last change', document_diff('docs', 'd1', to_version => v)::text FROM generate_series(1, 7) v
	UNION ALL SELECT m.n, 'found', f::text FROM moment m, find_documents('docs', '$.kind == "k1"', m.at) f
	UNION ALL SELECT m.n, 'found', f::text FROM moment m, find_documents('docs', '$.list[*] ? (@ > 7)', m.at) f;
CREATE TABLE before AS SELECT * FROM seen;
SELECT count(*), count(DISTINCT body) > 100 AS many FROM before;
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(TABLE seen EXCEPT ALL TABLE before) UNION ALL (TABLE before EXCEPT ALL TABLE seen)) d;

\echo folded in part, then all of it; numbers and documents go on
SELECT versions FROM fold('docs', '0', 10);
TABLE differing;
SELECT versions FROM fold('docs', '0');
SELECT versions FROM fold('notes', '0');
SELECT count(*) FROM ONLY docs_history;
TABLE differing;
SELECT put_document('docs', 'd2', '{"n": 0}'), put_document('docs', 'd2', '{"n": 1}', 9);
SELECT delete_document('docs', 'd2'), get_document('docs', 'd2', version => 7);
SELECT put_document('docs', 'd2', '{"n": 2}');

\echo before the horizon
SELECT versions FROM prune('docs', (SELECT at FROM moment WHERE n = 10));
CREATE FUNCTION code(statement text, at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement USING at;
	RETURN 'OK';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
PREPARE find(timestamptz) AS SELECT count(*) FROM find_documents('docs', '$.n > 0', $1);
SELECT m.n, code($$SELECT get_document('docs', 'd1', $1)$$, m.at) AS get, code($$SELECT get_document_text('docs', 'gone', $1)$$, m.at) AS gone,
	code($$SELECT document_diff('docs', 'd1', from_time => $1)$$, m.at) AS diff, code($$SELECT document_diff_text('docs', 'd1', to_time => $1)$$, m.at) AS text,
	code($$SELECT * FROM find_documents('docs', '$.n > 0', $1)$$, m.at) AS find,
	code($$SELECT f.id FROM (SELECT 'docs'::regclass OFFSET 0) x(store), find_documents(x.store, '$.n > 0', $1) f$$, m.at) AS call
FROM moment m WHERE n IN (1, 9, 10, 29) ORDER BY n;
SELECT (SELECT at FROM moment WHERE n = 9) AS before, (SELECT at FROM moment WHERE n = 10) AS after \gset
\set VERBOSITY sqlstate
EXECUTE find(:'before');
\set VERBOSITY default
EXECUTE find(:'after');
DROP VIEW differing, seen;
SELECT drop_document_store('docs'), drop_document_store('notes');
