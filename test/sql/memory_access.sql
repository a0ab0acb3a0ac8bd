-- Who sees and does what: a role without rights, a tenant beside another, tricks with prefixes, settings, functions and tables.
CREATE SCHEMA memory_access;
GRANT USAGE, CREATE ON SCHEMA memory_access TO PUBLIC;
SET search_path = memory_access, tsmem, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE memory_access_anna;
CREATE ROLE memory_access_bob;
CREATE ROLE memory_access_none;
SELECT grant_namespace('memory_access_anna', 'access/anna'), grant_namespace('memory_access_bob', 'access/bob');
SELECT create_collection('shared', 'access', dimensions => 2, embedder => 'tsmem.embed_hashed_ngrams(text,int)') AS shared \gset
-- The state of the error that a statement raises, and its message and detail for a search.
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || CASE WHEN SQLERRM || detail ~* 'treasure' THEN ' leaks: ' || SQLERRM ELSE '' END;
END $$;

-- A role with a namespace can do everything there, without further grants.
SET ROLE memory_access_anna;
SET tsmem.namespace = 'access/anna';
SELECT remember('shared', 'treasure under the oak', location => stbox(1, 1), metadata => '{"secret": "treasure"}') AS treasure \gset
SELECT remember('shared', 'treasure moved') AS moved \gset
SELECT assert_fact('treasure', 'lies', '"under the treasure oak"', '(,)') AS fact \gset
SELECT cardinality(remember_many('shared', '{"{\"content\": \"more\"}"}')), forget_where('shared', '{"eq": ["content", "more"]}', 'treasure'), forget(:'moved', 'treasure'),
	create_collection('own', dimensions => 3) > 0 AS own, add_document('own', '{}', 'treasure') IS NOT NULL AS document;
SELECT alter_collection('own', new_name => 'mine');
SELECT content FROM recall('shared', 'oak');
SELECT object FROM believe();
SELECT count(*) FROM memory_history;
SELECT drop_collection('mine');
SELECT pg_sleep(0.002), now() AS later \gset
-- The tables' columns of the system are not theirs.
SELECT attempt('INSERT INTO facts (fact_id, namespace, subject, predicate, object, valid_at, cardinality, row_start) VALUES (gen_random_uuid(), ''access/anna'', ''s'', ''p'', ''1'', ''(,)'', ''one'', ''2000-01-01'')') AS row_start,
	attempt('UPDATE facts SET object = ''1''') AS object, attempt('UPDATE facts SET row_end_xid = ''1''') AS xid, attempt('DELETE FROM facts') AS facts, attempt('TRUNCATE facts') AS truncate_facts,
	attempt('TRUNCATE memory') AS truncate_memory, attempt('UPDATE memory SET row_start = ''2000-01-01''') AS stamp, attempt('UPDATE memory SET namespace = ''access/bob''') AS namespace,
	attempt('UPDATE memory SET collection_id = 1') AS collection;
SELECT attempt('DELETE FROM memory_history') AS history, attempt('INSERT INTO memory_history SELECT * FROM memory_history') AS history_insert, attempt('UPDATE collections SET embedder = ''x''') AS collections,
	attempt('DELETE FROM collections') AS delete_collections, attempt('INSERT INTO collections (namespace, name) VALUES (''access/anna'', ''x'')') AS insert_collections,
	attempt('SELECT nextval(''tsmem.collection_ids'')') AS sequence;
SELECT attempt(format('SELECT * FROM tsmem.memory_c%s', :'shared')) AS partition, attempt(format('SELECT * FROM tsmem.memory_history_c%s', :'shared')) AS history_partition,
	attempt(format('INSERT INTO tsmem.memory_c%s DEFAULT VALUES', :'shared')) AS insert, attempt(format('TRUNCATE tsmem.memory_c%s', :'shared')) AS truncate, attempt(format('DROP TABLE tsmem.memory_c%s', :'shared')) AS drop,
	attempt(format('SELECT * FROM tsmem.documents_c%s', :'shared')) AS documents;
SELECT attempt('SELECT _do_drop_collection(''shared'', '''', ' || :'shared' || ', 10)') AS do_drop, attempt('SELECT _do_create_collection(''x'', '''', NULL, NULL, NULL, NULL, NULL, NULL, 0, 10)') AS do_create,
	attempt('SELECT _do_alter_collection(''x'', '''', NULL, NULL, NULL, NULL, NULL, 0, 10)') AS do_alter, attempt('SELECT _version_partition(''memory'', 1, ''{}'')') AS do_version,
	attempt('SELECT _make_memory_partition(NULL)') AS do_memory, attempt('SELECT _make_documents_partition(NULL)') AS do_documents, attempt('SELECT _make_tsv_trigger(NULL, true)') AS do_trigger, attempt('SELECT _refresh_history_tsv(NULL)') AS do_history;
SELECT attempt('DELETE FROM memory') AS delete, attempt('DELETE FROM documents') AS delete_documents, attempt('SELECT _delete_memories(''{}'', NULL)') AS do_delete, attempt('SELECT _do_forget(NULL, NULL, NULL, NULL, 10)') AS do_forget,
	attempt('SELECT _do_forget_document(NULL, NULL, NULL, NULL, 10)') AS do_forget_document, attempt('SELECT _do_forget_where(NULL, NULL, NULL, NULL, 10)') AS do_forget_where,
	attempt('SELECT _do_unassert_fact(NULL, NULL, NULL, 1, 10)') AS do_unassert, attempt(format('SELECT _unassert_fact(fact_id, row_start, valid_at) FROM facts WHERE fact_id = %L', :'fact')) AS unassert;
-- A tenant cannot lock what all tenants use, against readers or writers.
CREATE FUNCTION lockable() RETURNS TABLE (lockable_table name, mode text) LANGUAGE plpgsql AS $$
BEGIN
	FOR lockable_table, mode IN SELECT c.relname, m FROM pg_class c, unnest('{SHARE UPDATE EXCLUSIVE,SHARE,SHARE ROW EXCLUSIVE,EXCLUSIVE,ACCESS EXCLUSIVE}'::text[]) m
		WHERE c.relnamespace = 'tsmem'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1, 2 LOOP
		BEGIN
			EXECUTE format('LOCK TABLE tsmem.%I IN %s MODE', lockable_table, mode);
			RETURN NEXT;
		EXCEPTION WHEN insufficient_privilege THEN NULL;
		END;
	END LOOP;
END $$;
SELECT * FROM lockable();
SET ROLE memory_access_none;
SELECT * FROM lockable();
SET ROLE memory_access_anna;
-- Nor what is above.
SELECT attempt('SELECT drop_collection(''shared'')') AS dropped, attempt('SELECT alter_collection(''shared'', new_name => ''x'')') AS altered, attempt('SELECT create_collection(''x'', ''access'')') AS above,
	attempt('SELECT create_collection(''x'', '''')') AS root, attempt('SELECT remember(''shared'', ''x'', namespace => ''access'')') AS remembered_above, attempt('SELECT assert_fact(''s'', ''p'', ''1'', namespace => '''')') AS fact_above;

-- Another tenant sees nothing of it, whatever it sets and asks.
SET ROLE memory_access_bob;
CREATE FUNCTION leak(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS $$ BEGIN IF $1 ~ 'treasure' THEN RAISE WARNING 'leaked %', $1; END IF; RETURN true; END $$;
CREATE FUNCTION everything(id uuid, fact uuid, later timestamptz) RETURNS TABLE (what text, seen bigint) LANGUAGE sql AS $$
	SELECT 'memory', count(*) FROM memory WHERE leak(content)
	UNION ALL SELECT 'one', count(*) FROM memory WHERE memory_id = id AND leak(metadata::text)
	UNION ALL SELECT 'history', count(*) FROM memory_history WHERE leak(content)
	UNION ALL SELECT 'as of', count(*) FROM memory_as_of(later) WHERE leak(content)
	UNION ALL SELECT 'documents', count(*) FROM documents WHERE leak(title)
	UNION ALL SELECT 'documents history', count(*) FROM documents_history WHERE leak(title)
	UNION ALL SELECT 'chunks', count(*) FROM chunks WHERE leak(content)
	UNION ALL SELECT 'facts', count(*) FROM facts WHERE leak(object::text)
	UNION ALL SELECT 'believe', count(*) FROM believe(valid_at => NULL) WHERE leak(object::text)
	UNION ALL SELECT 'believe as of', count(*) FROM believe('treasure', NULL, NULL, later)
	UNION ALL SELECT 'believe elsewhere', count(*) FROM believe(namespace => 'access/anna') WHERE leak(object::text)
	UNION ALL SELECT 'belief_diff', count(*) FROM belief_diff('access/anna', '2000-01-01', later) WHERE leak(object_b::text)
	UNION ALL SELECT 'forget', count(*) FILTER (WHERE forget(id)) FROM generate_series(1, 1)
	UNION ALL SELECT 'forget document', count(*) FILTER (WHERE forget_document(document_id)) FROM documents_history
	UNION ALL SELECT 'retract', sum(retract_fact(fact_id => fact))
	FROM generate_series(1, 1) WHERE namespace_allowed(session_namespace()) HAVING count(*) > 0 $$;
CREATE FUNCTION recalled() RETURNS TABLE (what text, seen bigint) LANGUAGE sql AS $$
	SELECT 'recall', count(*) FROM recall('shared', 'treasure', near => stbox(1, 1))
	UNION ALL SELECT 'recall as of', count(*) FROM recall('shared', 'treasure', system_at => now())
	UNION ALL SELECT 'recall filter', count(*) FROM recall('shared', filter => '{"eq": ["secret", "treasure"]}')
	UNION ALL SELECT 'recall namespace', count(*) FROM recall('shared', filter => '{"eq": ["namespace", "access/anna"]}')
	UNION ALL SELECT 'forget_where', forget_where('shared', '{}') $$;
SET tsmem.namespace = 'access/bob';
SELECT * FROM everything(:'treasure', :'fact', :'later') WHERE seen > 0;
SELECT * FROM recalled() WHERE seen > 0;
SELECT attempt(format('SELECT remember(''shared'', ''x'', namespace => ''access/anna'')')) AS written, attempt('SELECT assert_fact(''treasure'', ''lies'', ''1'', namespace => ''access/anna'')') AS asserted,
	attempt(format('INSERT INTO memory (collection_id, namespace, content) VALUES (%s, ''access/anna'', ''x'')', :'shared')) AS inserted,
	attempt(format('INSERT INTO documents (collection_id, namespace) VALUES (%s, ''access/anna'')', :'shared')) AS document,
	attempt('INSERT INTO facts (fact_id, namespace, subject, predicate, object, valid_at, cardinality) VALUES (gen_random_uuid(), ''access/anna'', ''s'', ''p'', ''1'', ''(,)'', ''one'')') AS fact;
-- Every namespace that a session can set: above, beside, before and after in the order of bytes, the other's, the root.
SET tsmem.namespace = 'access/anna';
SELECT * FROM everything(:'treasure', :'fact', :'later') WHERE seen > 0;
SELECT attempt('SELECT * FROM recalled()');
SET tsmem.namespace = 'access';
SELECT what, seen FROM everything(:'treasure', :'fact', :'later') WHERE seen > 0;
SELECT * FROM recalled() WHERE seen > 0;
SET tsmem.namespace = '';
SELECT what, seen FROM everything(:'treasure', :'fact', :'later') WHERE seen > 0;
SET tsmem.namespace = 'access/ann';
SELECT count(*) FROM memory;
SET tsmem.namespace = 'access/anna''; --';
SELECT count(*) FROM memory;
SET tsmem.namespace = 'access/bob/x';
SELECT count(*) FROM recall('shared', 'treasure');
SET tsmem.namespace = 'access/bob/';
RESET tsmem.namespace;
-- The same content in two namespaces: neither knows of the other. The namespace may be that of the call.
SELECT remember('shared', 'treasure under the oak', namespace => 'access/bob') = :'treasure' AS same;
SELECT attempt('SELECT remember(''shared'', ''x'')') AS without_a_namespace;
SET tsmem.namespace = 'access/bob';
SELECT count(*) FROM recall('shared', 'treasure');
-- Nor of its ids.
SELECT remember('shared', 'treasure of bob', memory_id => :'treasure') = :'treasure' AS same_id, forget(:'treasure') AS own, forget(:'treasure') AS other;
-- A prepared plan and a kept plan do not outlive the role.
RESET ROLE;
SET tsmem.namespace = 'access';
PREPARE q AS SELECT count(*) FROM recall('shared', 'treasure');
EXECUTE q;
SET ROLE memory_access_bob;
SET tsmem.namespace = 'access/bob';
EXECUTE q;
SET ROLE memory_access_anna;
SET tsmem.namespace = 'access/anna';
EXECUTE q;
-- Plans and statistics show no values.
SET ROLE memory_access_bob;
SELECT count(*) FROM pg_stats WHERE schemaname = 'tsmem' AND tablename ~ '^(memory|documents|facts)' AND most_common_vals::text ~ 'treasure';

-- The catalogue, which everybody reads, has no names of namespaces and collections, and no new table may use what looks them up.
SELECT count(*) FROM pg_constraint WHERE connamespace = 'tsmem'::regnamespace AND pg_get_constraintdef(oid) ~ 'access';
SELECT count(*) FROM pg_trigger WHERE pg_get_triggerdef(oid) ~ 'access/|shared';
SELECT count(*) FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relnamespace = 'tsmem'::regnamespace AND concat(c.relname, d.description, pg_get_indexdef(i.indexrelid), pg_get_expr(c.relpartbound, c.oid), c.reloptions) ~ 'access/|shared';
CREATE TABLE memory_access.probe (collection_id int, namespace text);
SELECT attempt('CREATE TRIGGER probe AFTER INSERT ON memory_access.probe FOR EACH ROW EXECUTE FUNCTION tsmem._guard_namespace()') AS probe;
-- A namespace that is not the caller's is refused as such, whether the collection holds it or not; one that is, where the collection does not hold it.
SET tsmem.namespace = 'access/bob';
SELECT create_collection('bobs') AS bobs \gset
SELECT attempt(format('INSERT INTO memory (collection_id, namespace, content) VALUES (%s, ''access/anna'', ''x'')', :'shared')) AS held, attempt(format('INSERT INTO memory (collection_id, namespace, content) VALUES (%s, ''other'', ''x'')', :'shared')) AS not_held;
RESET ROLE;
SET tsmem.namespace = '';
SELECT attempt(format('INSERT INTO memory (collection_id, namespace, content) VALUES (%s, ''access/anna'', ''x'')', :'bobs')) AS memory, attempt(format('INSERT INTO documents (collection_id, namespace) VALUES (%s, ''access'')', :'bobs')) AS document,
	attempt(format('INSERT INTO documents (collection_id, namespace) VALUES (%s, ''access/bob/x'')', :'bobs')) AS below, attempt(format('UPDATE documents SET namespace = ''access/bobby'' WHERE collection_id = %s', :'bobs')) AS moved;
SELECT drop_collection('bobs', 'access/bob');

-- A role without a namespace gets nothing.
SET ROLE memory_access_none;
SET tsmem.namespace = 'access/anna';
SELECT * FROM everything(:'treasure', :'fact', :'later') WHERE seen > 0;
SELECT attempt('SELECT remember(''shared'', ''x'')') AS remember, attempt('SELECT recall(''shared'', ''x'')') AS recall, attempt('SELECT assert_fact(''s'', ''p'', ''1'')') AS assert, attempt('SELECT retract_fact(''s'', ''p'')') AS retract,
	attempt('SELECT create_collection(''x'')') AS create, attempt('SELECT create_collection(''x'', '''')') AS create_root, attempt('SELECT alter_collection(''shared'')') AS alter, attempt('SELECT drop_collection(''shared'')') AS drop,
	attempt('SELECT forget_where(''shared'', ''{}'')') AS forget, attempt('SELECT add_document(''shared'')') AS document;
SET tsmem.namespace = '';
SELECT (SELECT count(*) FROM collections) AS collections, (SELECT count(*) FROM memory) AS memory, (SELECT count(*) FROM facts) AS facts;

-- A name is resolved once, by what the caller sees: not the hidden one above.
RESET ROLE;
RESET tsmem.namespace;
SELECT create_collection('twin', 'access') > 0;
SET ROLE memory_access_bob;
SET tsmem.namespace = 'access/bob';
SELECT create_collection('twin') > 0;
RESET tsmem.namespace;
SELECT drop_collection('twin');
RESET ROLE;
SELECT namespace FROM collections WHERE name = 'twin';

-- Those whom row-level security does not bind keep to the session's namespace in the verbs.
SET tsmem.namespace = 'access/anna';
SELECT namespace, content FROM recall('shared', 'treasure') JOIN memory USING (memory_id, content);
RESET tsmem.namespace;
SELECT drop_collection('shared', 'access'), drop_collection('twin', 'access');
DELETE FROM namespace_grants WHERE prefix LIKE 'access/%';
DROP SCHEMA memory_access CASCADE;
DROP ROLE memory_access_anna, memory_access_bob, memory_access_none;
