-- The same content is found by the key of contents, by a tenant too: no scan of the collection, none of other collections.
CREATE SCHEMA memory_content;
SET search_path = memory_content, tsmem, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE memory_content_anna;
SELECT grant_namespace('memory_content_anna', 'content');
SELECT create_collection('c', 'content') AS c, create_collection('other', 'content') AS other \gset
SET tsmem.namespace = 'content';
SELECT cardinality(remember_many('c', ARRAY(SELECT jsonb_build_object('content', 'word ' || i, 'metadata', jsonb_build_object('filling', repeat('x', 500))) FROM generate_series(1, 2000) i)));
SELECT cardinality(remember_many('other', ARRAY(SELECT jsonb_build_object('content', 'word ' || i) FROM generate_series(1, 100) i)));
SELECT format('tsmem.memory_c%s', :'c') AS memory, format('tsmem.memory_c%s', :'other') AS other_memory \gset

-- What a role reads of the tables in storing known contents, by the counters of a transaction.
CREATE FUNCTION reads(memory regclass, other regclass, OUT seq_scans bigint, OUT key_scans boolean, OUT others bigint, OUT other_table numeric)
LANGUAGE sql AS $$
	SELECT pg_stat_get_xact_numscans(memory),
		bool_or(pg_stat_get_xact_numscans(i.indexrelid) >= 100) FILTER (WHERE x.relname ~ '_content_key$'),
		max(pg_stat_get_xact_tuples_returned(i.indexrelid)) FILTER (WHERE x.relname !~ '_content_key$'),
		pg_stat_get_xact_numscans(other) + (SELECT sum(pg_stat_get_xact_numscans(o.indexrelid)) FROM pg_index o WHERE o.indrelid = other)
	FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = memory $$;
CREATE FUNCTION known() RETURNS jsonb[] LANGUAGE sql AS $$ SELECT array_agg(jsonb_build_object('content', 'word ' || i)) FROM generate_series(1, 100) i $$;
GRANT USAGE ON SCHEMA memory_content TO PUBLIC;

-- Before and after the planner knows the table, as a tenant and as the owner.
SELECT pg_stat_force_next_flush();
BEGIN;
SET LOCAL ROLE memory_content_anna;
SELECT cardinality(remember_many('c', known()));
RESET ROLE;
SELECT * FROM reads(:'memory', :'other_memory');
COMMIT;
ANALYZE :memory;
SELECT pg_stat_force_next_flush();
BEGIN;
SET LOCAL ROLE memory_content_anna;
SELECT cardinality(remember_many('c', known()));
RESET ROLE;
SELECT * FROM reads(:'memory', :'other_memory');
COMMIT;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT cardinality(remember_many('c', known()));
SELECT * FROM reads(:'memory', :'other_memory');
COMMIT;
SELECT count(*) FROM memory WHERE namespace = 'content' AND collection_id = :c;

-- The plan of a tenant's search for a content.
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		RETURN NEXT regexp_replace(line, '_c\d+', '_c', 'g');
	END LOOP;
END $$;
SET ROLE memory_content_anna;
SELECT * FROM plan(format($$SELECT m.memory_id FROM tsmem.memory m WHERE m.collection_id = %s AND m.namespace = 'content'
	AND m.content_hash = hashtextextended('word 1', 0) AND m.content = 'word 1' AND range_eq(m.valid_at, '(,)') AND NOT m.duplicate$$, :'c')) AS plan WHERE plan !~ 'Filter';
RESET ROLE;

-- The hash follows the content, also into the history, and nobody sets it.
SELECT remember('other', 'first') AS id \gset
UPDATE memory SET content = 'second' WHERE memory_id = :'id';
SELECT content, content_hash = hashtextextended(content, 0) AS hashed FROM memory_as_of('infinity') WHERE memory_id = :'id';
SELECT content, content_hash = hashtextextended(content, 0) AS hashed FROM memory_history WHERE memory_id = :'id';
SELECT remember('other', 'second') = :'id' AS known, remember('other', 'first') = :'id' AS new;
UPDATE memory SET content_hash = 1;
SELECT drop_collection('c'), drop_collection('other');
DELETE FROM namespace_grants WHERE prefix = 'content';
DROP SCHEMA memory_content CASCADE;
DROP ROLE memory_content_anna;
