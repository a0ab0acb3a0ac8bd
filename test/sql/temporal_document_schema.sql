-- JSON schemas of document stores: what is one, what documents match, who sees to it.
CREATE SCHEMA temporal_document_schema;
SET search_path = temporal_document_schema, tsmem, public;
\set VERBOSITY default
\echo what documents match
SELECT document, schema, json_schema_violation(document::jsonb, schema::jsonb) FROM (VALUES
	('1', 'true'), ('1', 'false'), ('1', '{}'), ('1', '{"title": "t", "description": "d", "default": 1, "examples": [], "$comment": "c", "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x"}'),
	('null', '{"type": "null"}'), ('1', '{"type": "null"}'), ('true', '{"type": "boolean"}'), ('1', '{"type": "integer"}'), ('1.0', '{"type": "integer"}'), ('1.5', '{"type": "integer"}'), ('1.5', '{"type": "number"}'),
	('1e400', '{"type": "integer"}'), ('"1"', '{"type": "number"}'), ('[]', '{"type": "array"}'), ('{}', '{"type": "array"}'), ('{}', '{"type": ["array", "object"]}'), ('1', '{"type": ["array", "object"]}'),
	('1', '{"enum": [2, 1.0]}'), ('3', '{"enum": [2, 1]}'), ('[1]', '{"enum": [[1.0]]}'), ('1', '{"enum": []}'), ('{"a": 1}', '{"const": {"a": 1.0}}'), ('"1"', '{"const": 1}'), ('null', '{"const": null}'), ('false', '{"const": null}'),
	('1', '{"minimum": 1}'), ('0.9', '{"minimum": 1}'), ('1', '{"maximum": 1}'), ('1.1', '{"maximum": 1}'), ('1', '{"exclusiveMinimum": 1}'), ('1.1', '{"exclusiveMinimum": 1}'), ('1', '{"exclusiveMaximum": 1}'), ('0.9', '{"exclusiveMaximum": 1}'),
	('6', '{"multipleOf": 1.5}'), ('7', '{"multipleOf": 1.5}'), ('"x"', '{"minimum": 1, "maximum": 1, "exclusiveMinimum": 1, "exclusiveMaximum": 1, "multipleOf": 1}'),
	('"ü😀"', '{"minLength": 2, "maxLength": 2}'), ('"ü"', '{"minLength": 2}'), ('"ü😀x"', '{"maxLength": 2.0}'), ('1', '{"minLength": 5, "maxLength": 0, "pattern": "x"}'), ('"abc"', '{"pattern": "b"}'), ('"abc"', '{"pattern": "^b"}'),
	('[1]', '{"minItems": 1, "maxItems": 1}'), ('[]', '{"minItems": 1}'), ('[1, 2]', '{"maxItems": 1}'), ('{}', '{"minItems": 1, "items": false, "uniqueItems": true}'),
	('[1, 2, 1.0]', '{"uniqueItems": true}'), ('[1, 1]', '{"uniqueItems": false}'), ('[[1], {"a": 1}, "1", 1, null, {"a": 2}]', '{"uniqueItems": true}'), ('[{"a": 1}, {"a": 1}]', '{"uniqueItems": true}'),
	('[1, "2"]', '{"items": {"type": "integer"}}'), ('[]', '{"items": false}'),
	('{"a": 1}', '{"minProperties": 1, "maxProperties": 1}'), ('{}', '{"minProperties": 1}'), ('{"a": 1, "b": 2}', '{"maxProperties": 1}'), ('[]', '{"minProperties": 1, "required": ["a"], "properties": {"a": false}, "additionalProperties": false}'),
	('{"a": 1}', '{"required": ["a"]}'), ('{"a": 1}', '{"required": ["a", "b\"c"]}'), ('{"a": {"b": [1, {"c/d~e": "x"}]}}', '{"properties": {"a": {"properties": {"b": {"items": {"properties": {"c/d~e": {"type": "null"}}}}}}}}'),
	('{"a": 1, "b": 2}', '{"properties": {"a": true}, "additionalProperties": false}'), ('{"a": 1, "b": "2"}', '{"properties": {"a": true}, "additionalProperties": {"type": "string"}}'), ('{"b": 2}', '{"additionalProperties": {"type": "string"}}'),
	('5', '{"allOf": [{"minimum": 1}, {"maximum": 3}]}'), ('2', '{"allOf": [{"minimum": 1}, {"maximum": 3}]}'), ('"x"', '{"anyOf": [{"type": "integer"}, {"type": "string"}]}'), ('null', '{"anyOf": [{"type": "integer"}, {"type": "string"}]}'),
	('{"a": [1, true]}', '{"properties": {"a": {"items": {"anyOf": [{"type": "integer"}, {"properties": {"x": false}, "type": "object"}]}}}}'),
	('3', '{"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}'), ('15', '{"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}'), ('2', '{"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}'), ('1', '{"not": {"type": "string"}}'), ('"1"', '{"not": {"type": "string"}}'),
	('{"a": {"not": 1}}', '{"properties": {"a": {"not": {"properties": {"b": false}}}}}'),
	('{"value": 1, "next": {"value": 2, "next": {"value": "3"}}}', '{"properties": {"value": {"type": "integer"}, "next": {"$ref": "#"}}}'),
	('["a", ""]', '{"items": {"$ref": "#/$defs/a%20~1%25"}, "$defs": {"a /%": {"type": "string", "minLength": 1}}}'), ('["a", ""]', '{"items": {"$ref": "#/definitions/name", "maxLength": 0}, "definitions": {"name": {"type": "string"}}}')) v(document, schema);
\echo what is no schema
CREATE FUNCTION why(schema jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text;
BEGIN
	RETURN json_schema_violation('null', schema);
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN state || ': ' || message || '. ' || detail;
END $$;
SELECT schema, why(schema::jsonb) FROM unnest(ARRAY[
	'1', 'null', '[]', '{"tpye": "string"}', '{"format": "date"}', '{"if": true}', '{"patternProperties": {}}', '{"prefixItems": []}', '{"contains": true}', '{"propertyNames": true}', '{"dependentRequired": {}}', '{"unevaluatedProperties": false}', '{"$anchor": "x"}', '{"$dynamicRef": "#x"}',
	'{"type": "strnig"}', '{"type": 1}', '{"type": []}', '{"type": ["string", 1]}', '{"enum": 1}', '{"minimum": "1"}', '{"exclusiveMinimum": true}', '{"multipleOf": 0}', '{"multipleOf": -1}', '{"minLength": -1}', '{"maxItems": 1.5}', '{"minProperties": "x"}', '{"pattern": 1}', '{"pattern": "("}',
	'{"uniqueItems": 1}', '{"required": "a"}', '{"required": [1]}', '{"properties": []}', '{"properties": {"a": 1}}', '{"properties": {"a/b": {"items": [true]}}}', '{"items": 1}', '{"additionalProperties": null}', '{"not": 1}', '{"allOf": []}', '{"anyOf": {}}', '{"oneOf": [1]}', '{"anyOf": [true, {"x": 1}]}',
	'{"$defs": []}', '{"$defs": {"a": 1}}', '{"properties": {"a": {"$id": "x"}}}', '{"properties": {"a": {"$schema": "x"}}}',
	'{"$ref": 1}', '{"$ref": ""}', '{"$ref": "other.json"}', '{"$ref": "#a"}', '{"$ref": "#/$defs/a"}', '{"$ref": "#/$defs"}', '{"$ref": "#/properties/a", "properties": {"a": true}}', '{"$ref": "#/$defs/%", "$defs": {"%": true}}', '{"$ref": "#/$defs/%4", "$defs": {"%": true}}', '{"$ref": "#/$defs/~2", "$defs": {"~2": true}}',
	'{"$ref": "#"}', '{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"anyOf": [true, {"$ref": "#/$defs/a"}]}}}', '{"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}}}}']) schema;
\echo a store with one
SELECT create_document_store('person', check_schema => '{"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0}, "tags": {"type": "array", "items": {"type": "string"}}}}');
SELECT put_document('person', 'anna', '{"name": "Anna", "age": 30}');
SELECT put_document('person', 'anna', '{"name": "Anna", "age": -1}');
SELECT put_document('person', 'ben', '{"name": "Ben", "tags": ["a", 1]}');
INSERT INTO person (id, body) VALUES ('ben', '[]');
UPDATE person SET body = body - 'name';
UPDATE person SET body = body || '{"age": 31}';
COPY person (id, body) FROM stdin;
ben	{"name": ""}
\.
SELECT id, body, version FROM person;
SELECT store, kind, check_schema ->> 'type' AS type FROM document_stores WHERE store = 'person'::regclass;
\echo another one
SELECT set_document_schema('person', '{"properties": {"age": {"maximum": 30}}}');
SELECT set_document_schema('person', '{"properties": {"age": {"maximum": 40}}}');
SELECT put_document('person', 'ben', '{"age": 41}');
SELECT put_document('person', 'ben', '{"age": "x"}');
SELECT set_document_schema('person', '{"type": "objct"}');
SELECT set_document_schema('person', NULL);
SELECT put_document('person', 'ben', '{"age": 41}'), put_document('person', 'cleo', '[]');
SELECT set_document_schema(NULL, '{}');
SELECT set_document_schema('pg_class', '{}');
SELECT create_document_store('plain', 'text');
SELECT set_document_schema('plain', '{}');
SELECT set_document_schema('plain', NULL);
\echo by its owner only; checked whoever reads it
CREATE ROLE temporal_document_writer;
GRANT USAGE ON SCHEMA temporal_document_schema TO temporal_document_writer;
GRANT SELECT, INSERT, UPDATE ON person TO temporal_document_writer;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE person FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON person USING (id LIKE 'own%') WITH CHECK (id LIKE 'own%');
SET ROLE temporal_document_writer;
SELECT set_document_schema('person', '{"type": "object"}');
SELECT put_document('person', 'own 1', '{"name": "mine"}');
SELECT put_document('person', 'ben', '{"name": "mine"}');
SELECT put_document('person', 'dora', '{"name": "mine"}');
SELECT get_document('person', 'ben'), get_document('person', 'own 1'), get_document('person', 'ben', version => 1);
SELECT id FROM find_documents('person', '$');
SELECT id FROM find_documents('person', '$', clock_timestamp());
SELECT count(*) FROM document_history('person', 'ben');
SELECT document_diff('person', 'ben');
SELECT delete_document('person', 'ben');
SELECT drop_document_store('person');
INSERT INTO document_stores VALUES ('pg_class', 'json');
RESET ROLE;
REVOKE ALL ON person FROM temporal_document_writer;
GRANT INSERT ON person TO temporal_document_writer;
SET ROLE temporal_document_writer;
SELECT put_document('person', 'own 2', '{"name": "mine"}');
SELECT get_document('person', 'own 1');
RESET ROLE;
CREATE ROLE temporal_document_owner;
GRANT CREATE, USAGE ON SCHEMA temporal_document_schema TO temporal_document_owner;
ALTER TABLE person OWNER TO temporal_document_owner;
SET ROLE temporal_document_owner;
SELECT set_document_schema('person', '{"type": "object"}');
SELECT set_document_schema('person', '{"type": ["object", "array"]}');
SELECT count(*) FROM person;
SELECT create_document_store('mine', check_schema => '{"type": "object"}');
SELECT put_document('mine', 'a', '{}'), put_document('mine', 'a', '{"b": 1}');
SELECT changed_by FROM mine;
SELECT drop_document_store('mine');
RESET ROLE;
\echo what is wrong behind references, and references that are followed thousands of times
SELECT json_schema_violation('{"a": [{"b": 1}]}', '{"$defs": {"n": {"properties": {"b": {"$ref": "#/$defs/s"}}}, "s": {"type": "string"}}, "properties": {"a": {"items": {"$ref": "#/$defs/n"}}}}');
SELECT json_schema_violation('1', ('{"$defs": {"a0": {"minimum": 2}' || string_agg(format(', "a%s": {"anyOf": [{"$ref": "#/$defs/a%s"}, {"$ref": "#/$defs/a%s"}]}', i, i - 1, i - 1), '') || '}, "allOf": [{"not": {"$ref": "#/$defs/a12"}}, {"$ref": "#/$defs/a12"}]}')::jsonb) FROM generate_series(1, 12) i;
DROP TABLE person, plain;
DROP OWNED BY temporal_document_writer, temporal_document_owner;
DROP ROLE temporal_document_writer, temporal_document_owner;
