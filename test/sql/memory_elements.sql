-- remember_many names the element that is wrong.
CREATE SCHEMA memory_elements;
SET search_path = memory_elements, tsmem, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT create_collection('e', 'memory_elements') > 0 AS created;
SET tsmem.namespace = 'memory_elements';
SELECT add_document('e', document_id => '00000000-0000-0000-0000-0000000000d0') IS NOT NULL AS document,
	add_document('e', document_id => '00000000-0000-0000-0000-0000000000d1', namespace => 'memory_elements/below') IS NOT NULL AS below;
-- The error's state, message and detail.
CREATE FUNCTION many(VARIADIC elements jsonb[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	RETURN cardinality(remember_many('e', elements));
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, detail);
END $$;
SELECT many('{"content": "a"}', NULL);
SELECT many('{"content": "a"}', '{"content": "b", "memory_id": "x"}');
SELECT many('{"content": "a"}', '{"content": "b", "document_id": "00000000-0000-0000-0000-0000000000d9", "ord": 1}');
-- Of another namespace.
SELECT many('{"content": "a"}', '{"content": "b", "document_id": "00000000-0000-0000-0000-0000000000d1", "ord": 1}');
SELECT many('{"content": "a", "document_id": "00000000-0000-0000-0000-0000000000d0", "ord": 1}',
	'{"content": "a", "document_id": "00000000-0000-0000-0000-0000000000d1", "ord": 1, "namespace": "memory_elements/below"}');
SELECT many('{"content": "a", "memory_id": "00000000-0000-0000-0000-000000000001"}', '{"content": "b"}', '{"content": "c", "memory_id": "00000000-0000-0000-0000-000000000001"}',
	'{"content": "d", "memory_id": "00000000-0000-0000-0000-000000000001"}');
SELECT count(*) FROM memory WHERE namespace LIKE 'memory_elements%';
SELECT drop_collection('e');
DROP SCHEMA memory_elements CASCADE;
