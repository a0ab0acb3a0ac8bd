-- Document stores: made, written, read, dropped.
CREATE SCHEMA temporal_document_store;
SET search_path = temporal_document_store, tsmem, public;
\set VERBOSITY default
CREATE TABLE moment (name text PRIMARY KEY, at timestamptz);
CREATE PROCEDURE remember(name text) LANGUAGE sql AS $$ INSERT INTO temporal_document_store.moment VALUES (name, clock_timestamp()) $$;
CREATE FUNCTION at(moment text) RETURNS timestamptz STABLE LANGUAGE sql RETURN (SELECT m.at FROM temporal_document_store.moment m WHERE m.name = moment);

\echo a store, its columns, its indexes
SELECT create_document_store('docs');
SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute WHERE attrelid = 'docs'::regclass AND attnum > 0 ORDER BY attnum;
SELECT indexdef FROM pg_indexes WHERE schemaname = 'temporal_document_store' AND indexdef LIKE '%gin%' ORDER BY 1;
SELECT store, kind, check_schema FROM document_stores WHERE store = 'docs'::regclass;
SELECT create_document_store('notes', 'text');
SELECT create_document_store('temporal_document_store."Odd ""name"""', index_history => false);
SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'Odd%' AND indexdef LIKE '%gin%' ORDER BY 1;
SELECT create_document_store(repeat('n', 63), kind => 'json', check_schema => '{"type": "object"}');
SELECT put_document('"Odd ""name"""', 'a', '{}'), put_document(repeat('n', 63)::regclass, 'a', '{}');

\echo what cannot be made
SELECT create_document_store(NULL);
SELECT create_document_store('x', NULL);
SELECT create_document_store('x', 'xml');
SELECT create_document_store('x', 'text', '{}');
SELECT create_document_store('');
SELECT create_document_store('a.b.c');
SELECT create_document_store('no such schema.x');
SELECT create_document_store('nowhere.x');
SELECT create_document_store(repeat('n', 64));
SELECT create_document_store('docs');
SELECT create_document_store('x', check_schema => '{"type": "strnig"}');
\set SHOW_CONTEXT never
SELECT create_document_store('pg_temp.x');
\set SHOW_CONTEXT errors

\echo versions
SELECT put_document('docs', 'a', '{"x": 1, "list": [1, 2, 3]}');
SELECT put_document('docs', 'a', '{"x": 1, "list": [1, 2, 3]}');
CALL remember('first');
SELECT put_document('docs', 'a', '{"x": 1, "list": [1, 9, 2, 3]}'::jsonb);
SELECT put_document('docs', 'a', jsonb '{"x": 1.0, "list": [1, 9, 2, 3]}');
CALL remember('third');
SELECT put_document('docs', 'a', '{"x": 1.0, "list": [1, 9, 2, 3]}', metadata => '{"m": 1}');
SELECT put_document('docs', 'a', '{"x": 1.0, "list": [1, 9, 2, 3]}', metadata => '{"m": 1}');
SELECT id, body, metadata, version, changed_by = current_user AS mine FROM docs;
SELECT version, row_start < row_end AS period, row_end = 'infinity' AS current, changed_by = current_user AS mine, size, changed_paths FROM document_history('docs', 'a');
SELECT count(*) FROM docs_history;

\echo reading them
SELECT get_document('docs', 'a'), get_document('docs', 'b'), get_document('docs', NULL), get_document(NULL, 'a');
SELECT get_document('docs', 'a', at('first')), get_document('docs', 'a', as_of => at('third')), get_document('docs', 'a', '-infinity');
SELECT get_document('docs', 'a', version => 2), get_document('docs', 'a', version => 7);
SELECT get_document_text('docs', 'a'), get_document_text('docs', 'a', version => 1);
SELECT get_document('docs', 'a', now(), 1);

\echo differences
SELECT document_diff('docs', 'a', 1, 2), document_diff('docs', 'a', '2', '1'), document_diff('docs', 'a', 2, 3), document_diff('docs', 'a');
SELECT document_diff('docs', 'a', 1, 1), document_diff('docs', 'b'), document_diff('docs', NULL);
SELECT document_diff('docs', 'a', from_time => at('first'), to_time => at('third'));
SELECT document_diff('docs', 'a', from_time => '-infinity', to_version => 1);
SELECT document_diff('docs', 'a', 1, 9);
SELECT document_diff('docs', 'a', 1, from_time => now());
\pset format unaligned
SELECT document_diff_text('docs', 'a', 1, 3);
SELECT document_diff_text('docs', 'a', 1, 2, context => 0);
SELECT document_diff_text('docs', 'a', context => -1);
\pset format aligned

\echo expected versions
SELECT put_document('docs', 'a', '{"x": 2}', 3);
SELECT put_document('docs', 'a', '{"x": 2}', 4);
SELECT put_document('docs', 'a', '{"x": 2}', 0);
SELECT put_document('docs', 'b', '{"x": 2}', 1);
SELECT put_document('docs', 'b', '{"x": 2}', 0);
SELECT put_document('docs', 'b', '{"x": 2}', -1);
SELECT delete_document('docs', 'b', 2);
SELECT delete_document('docs', 'b', 1), delete_document('docs', 'b'), delete_document('docs', 'b', 0);
SELECT delete_document('docs', 'b', 1);

\echo deleted and made again: numbers go on
SELECT put_document('docs', 'b', '{"x": 3}');
SELECT document_diff('docs', 'b');
SELECT delete_document('docs', 'b');
SELECT document_diff('docs', 'b');
BEGIN;
SELECT put_document('docs', 'b', '{"x": 4}'), put_document('docs', 'b', '{"x": 5}');
SELECT put_document('docs', 'b', '{"x": 6}', 3), delete_document('docs', 'b');
SELECT put_document('docs', 'b', '{"x": 7}', 0);
COMMIT;
SELECT version, changed_paths FROM document_history('docs', 'b');

\echo plain statements
INSERT INTO docs (id, body, version, changed_by) VALUES ('c', '{"plain": true}', 99, 'nobody');
UPDATE docs SET version = 50, changed_by = 'nobody' WHERE id = 'c';
UPDATE docs SET body = '{"plain": false}', version = 50 WHERE id = 'c';
UPDATE docs SET id = 'd' WHERE id = 'c';
UPDATE docs SET id = 'c' WHERE id = 'd';
SELECT id, body, version, changed_by = current_user AS mine FROM docs_versions WHERE id IN ('c', 'd') ORDER BY row_start;
\set VERBOSITY terse
INSERT INTO docs (id, body) VALUES (NULL, '{}');
INSERT INTO docs (id, body) VALUES ('e', NULL);
\set VERBOSITY default
COPY docs (id, body) FROM stdin;
e	{"copied": 1}
\.
SELECT id, version FROM docs WHERE id = 'e';

\echo arguments that are none
SELECT put_document('docs', NULL, '{}');
SELECT put_document('docs', 'a', NULL::jsonb);
SELECT put_document('docs', 'a', '{"x"');
SELECT put_document('moment', 'a', '{}');
SELECT get_document('moment', 'a');
SELECT drop_document_store('moment');
SELECT put_document(0, 'a', '{}');
SELECT _number_document();

\echo text
SELECT put_document('notes', 'n', E'one\ntwo\nthree\n'), put_document('notes', 'empty', '');
SELECT put_document('notes', 'n', E'one\r\ntwo\nthree');
SELECT put_document('notes', 'n', '{}'::jsonb);
SELECT version, size, changed_paths FROM document_history('notes', 'n');
SELECT version, size, changed_paths FROM document_history('notes', 'empty');
SELECT get_document_text('notes', 'n', version => 1) = E'one\ntwo\nthree\n', get_document_text('notes', 'empty') = '';
SELECT get_document('notes', 'n');
SELECT document_diff('notes', 'n');
SELECT * FROM find_documents('notes', '$');
\pset format unaligned
SELECT document_diff_text('notes', 'n', 1, 2);
SELECT document_diff_text('notes', 'n', to_version => 1);
SELECT document_diff_text('notes', 'empty');
\pset format aligned
SELECT put_document('notes', E'two\nlines\t', 'x');
SELECT split_part(document_diff_text('notes', E'two\nlines\t'), E'\n', 2);

\echo found by jsonpath
SELECT put_document('docs', 'f' || i, jsonb_build_object('n', i, 'tags', jsonb_build_array('t' || i % 3))) > 0 AS stored FROM generate_series(1, 9) i WHERE i < 4;
CALL remember('found');
UPDATE docs SET body = '{"n": 0}' WHERE id = 'f2';
DELETE FROM docs WHERE id = 'f3';
SELECT id, body FROM find_documents('docs', '$.n > 1') ORDER BY id;
SELECT id, body, version FROM find_documents('docs', '$.n > 1', at('found')) ORDER BY id;
SELECT id FROM find_documents('docs', '$.tags[*] ? (@ == "t1")') ORDER BY id;
SELECT id FROM find_documents('docs', '$.tags[*] ? (@ == "t2")', at('found')) ORDER BY id;
SELECT id FROM find_documents('docs', 'exists($.n) && !($.n == 0)') ORDER BY id;
SELECT id FROM find_documents('docs', '$.n.type() ? (@ == "number")') ORDER BY id;
SELECT count(*) FROM find_documents('docs', NULL);
SELECT count(*) FROM find_documents('docs', '$', '-infinity');
SELECT id FROM find_documents('docs', '$.n[');

\echo as of a time of the session
SELECT set_system_time(at('found'));
SELECT get_document('docs', 'f2'), get_document('docs', 'f2', version => 2);
SELECT id FROM find_documents('docs', '$.n > 1') ORDER BY id;
SELECT count(*) FROM document_history('docs', 'f2');
SELECT put_document('docs', 'f2', '{}');
SELECT delete_document('docs', 'f2');
SELECT set_system_time(NULL);

\echo renamed, moved, columns added and dropped
ALTER TABLE docs RENAME TO papers;
CREATE SCHEMA temporal_document_store_2;
ALTER TABLE papers SET SCHEMA temporal_document_store_2;
SET search_path = temporal_document_store_2, temporal_document_store, tsmem, public;
SELECT put_document('papers', 'f1', '{"n": 11}'), get_document('papers', 'f1', version => 1);
ALTER SCHEMA temporal_document_store_2 RENAME TO temporal_document_store_3;
SET search_path = temporal_document_store_3, temporal_document_store, tsmem, public;
SELECT get_document('papers', 'f1', version => 1), get_document('papers', 'f1', 'infinity'), count(*) FROM document_history('papers', 'f1');
ALTER TABLE papers_history RENAME TO old_papers;
SELECT get_document('papers', 'f1', version => 1), count(*) FROM find_documents('papers', '$.n == 11', clock_timestamp());
ALTER TABLE papers ADD COLUMN remark text DEFAULT 'none';
UPDATE papers SET remark = 'some' WHERE id = 'f1';
SELECT put_document('papers', 'f1', '{"n": 12}'), get_document('papers', 'f1', version => 3);
ALTER TABLE papers DROP COLUMN remark;
SELECT put_document('papers', 'f1', '{"n": 13}'), get_document('papers', 'f1', version => 4);
BEGIN;
ALTER TABLE papers RENAME COLUMN body TO text;
SELECT put_document('papers', 'f1', '{"n": 14}');
ROLLBACK;
BEGIN;
ALTER TABLE papers RENAME COLUMN version TO v;
INSERT INTO papers (id, body) VALUES ('z', '{}');
ROLLBACK;
ALTER TABLE papers DISABLE TRIGGER "~tsmem_document";
ALTER TABLE papers ENABLE ALWAYS TRIGGER "~tsmem_document";
DROP TRIGGER "~tsmem_document" ON papers;
ALTER TABLE document_stores ADD COLUMN more int;
SELECT add_system_versioning('document_stores');

\echo triggers that pass over what is to be stored
CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER pass_over BEFORE INSERT OR UPDATE ON papers FOR EACH ROW EXECUTE FUNCTION pass_over();
SELECT put_document('papers', 'new', '{}');
SELECT put_document('papers', 'f1', '{}');
DROP TRIGGER pass_over ON papers;

\echo versioning ended
BEGIN;
SELECT drop_system_versioning('papers');
SAVEPOINT a;
SELECT get_document('papers', 'f1');
ROLLBACK TO a;
SELECT put_document('papers', 'new', '{}');
ROLLBACK TO a;
INSERT INTO papers (id, body) VALUES ('new', '{}');
UPDATE papers SET body = '[]' WHERE id IN ('new', 'f1');
SELECT id, version FROM papers WHERE id IN ('new', 'f1') ORDER BY id;
SELECT set_document_schema('papers', '{}');
SELECT drop_document_store('papers');
ROLLBACK;

\echo dropped
CREATE VIEW over_notes AS SELECT id FROM notes;
SELECT drop_document_store('notes');
DROP VIEW over_notes;
SELECT drop_document_store('notes'), drop_document_store('"Odd ""name"""');
DROP TABLE papers;
SELECT store FROM document_stores JOIN pg_class ON oid = store WHERE relnamespace::regnamespace::text LIKE 'temporal_document_store%';
SELECT drop_document_store(repeat('n', 63)::regclass);
SELECT count(*) FROM document_stores LEFT JOIN pg_class ON oid = store WHERE coalesce(relnamespace::regnamespace::text, 'gone') IN ('gone', 'temporal_document_store', 'temporal_document_store_3');
