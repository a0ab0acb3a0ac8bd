-- Stores that were altered: what cannot be read any more is refused.
CREATE SCHEMA temporal_document_altered;
SET search_path = temporal_document_altered, tsmem, public;
SET client_min_messages = warning;

\echo a body, or an author, that is null
SELECT create_document_store('docs');
SELECT put_document('docs', 'a', '{"x": 1}');
SELECT put_document('docs', 'a', '{"x": 2}');
ALTER TABLE docs ALTER body DROP NOT NULL, ALTER changed_by DROP NOT NULL, ALTER version DROP NOT NULL;
INSERT INTO docs (id) VALUES ('n');
SELECT get_document('docs', 'n');
SELECT get_document_text('docs', 'n');
SELECT document_diff('docs', 'n');
SELECT document_history('docs', 'n');
SELECT id FROM find_documents('docs', '$.x > 0');
SELECT set_document_schema('docs', '{"type": "object"}');
SELECT put_document('docs', 'n', '{"x": 3}'), get_document('docs', 'n');
SET session_replication_role = replica;
UPDATE docs SET changed_by = NULL, version = NULL WHERE id = 'a';
RESET session_replication_role;
SELECT put_document('docs', 'a', '{"x": 4}');
UPDATE docs SET body = body WHERE id = 'a';
SELECT id, version, changed_by = current_user AS by_us FROM docs ORDER BY id;

\echo a column of another type
SELECT create_document_store('numbers');
SELECT put_document('numbers', 'a', '{"x": 1}');
SELECT put_document('numbers', 'a', '{"x": 2}');
ALTER TABLE numbers ALTER version TYPE text;
SELECT get_document('numbers', 'a');
SELECT document_history('numbers', 'a');
SELECT put_document('numbers', 'a', '{"x": 3}');
SELECT f.id FROM (SELECT 'numbers'::regclass OFFSET 0) s(store), find_documents(s.store, '$.x > 0') f;
SELECT f.version FROM find_documents('numbers', '$.x > 0') f;
SELECT create_document_store('bodies');
SELECT put_document('bodies', 'a', '{"x": 1}');
SELECT put_document('bodies', 'a', '{"x": 2}');
DROP INDEX bodies_body_idx, bodies_history_body_idx;
ALTER TABLE bodies ALTER body TYPE text;
SELECT get_document('bodies', 'a');
SELECT get_document_text('bodies', 'a');
SELECT document_diff('bodies', 'a');
SELECT document_history('bodies', 'a');
SELECT put_document('bodies', 'a', '{"x": 3}');
\set VERBOSITY sqlstate
SELECT id FROM find_documents('bodies', '$.x > 0');
SELECT drop_document_store('bodies');

\echo without metadata
SELECT create_document_store('bodies');
SELECT put_document('bodies', 'a', '{"x": 1}');
ALTER TABLE bodies DROP COLUMN metadata;
SELECT get_document('bodies', 'a'), document_diff('bodies', 'a');
SELECT put_document('bodies', 'a', '{"x": 3}');
SELECT id FROM find_documents('bodies', '$.x > 0');
SELECT drop_document_store('docs'), drop_document_store('numbers'), drop_document_store('bodies');
