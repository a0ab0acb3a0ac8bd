-- memory: what an agent remembers

-- Collections.

CREATE SEQUENCE tsmem.collection_ids AS integer;
COMMENT ON SEQUENCE tsmem.collection_ids IS 'internal: numbers of collections';

CREATE TABLE tsmem.collections (
	collection_id integer NOT NULL DEFAULT pg_catalog.nextval('tsmem.collection_ids') CONSTRAINT collections_pkey PRIMARY KEY,
	namespace text COLLATE "C" NOT NULL CHECK (tsmem._check_namespace(namespace)),
	name text COLLATE "C" NOT NULL CHECK (name <> '' AND pg_catalog.octet_length(name) <= 255),
	dimensions integer CHECK (dimensions BETWEEN 1 AND 16000),
	metric text NOT NULL CHECK (metric IN ('cosine', 'l2', 'inner_product', 'l1')),
	index_method text NOT NULL CHECK (index_method IN ('none', 'kd', 'lsh', 'ivf', 'hnsw')),
	embedder text,
	embedder_role name,
	text_config text NOT NULL,
	settings jsonb NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	CONSTRAINT collections_name_namespace_key UNIQUE (name, namespace),
	CONSTRAINT collections_embedder_check CHECK ((embedder IS NULL) = (embedder_role IS NULL) AND (embedder IS NULL OR dimensions IS NOT NULL))
);
COMMENT ON TABLE tsmem.collections IS
'collections of memories, written by tsmem.create_collection, alter_collection and drop_collection';
COMMENT ON COLUMN tsmem.collections.collection_id IS 'number of the collection; its memories are the partition tsmem.memory_c<number>';
COMMENT ON COLUMN tsmem.collections.namespace IS 'a collection holds memories of this namespace and those below it';
COMMENT ON COLUMN tsmem.collections.name IS 'name, unique in its namespace';
COMMENT ON COLUMN tsmem.collections.dimensions IS 'dimensions of its embeddings; NULL: it has none';
COMMENT ON COLUMN tsmem.collections.metric IS 'distance between embeddings: cosine, l2, inner_product or l1';
COMMENT ON COLUMN tsmem.collections.index_method IS 'index over embeddings; none: exact search';
COMMENT ON COLUMN tsmem.collections.embedder IS 'qualified signature of the function that makes embeddings of texts; NULL: the caller gives them';
COMMENT ON COLUMN tsmem.collections.embedder_role IS 'name of the role that chose the embedder, with whose rights it runs';
COMMENT ON COLUMN tsmem.collections.text_config IS 'qualified name of the text search configuration';
COMMENT ON COLUMN tsmem.collections.settings IS 'candidates: how many candidates an arm of recall takes at least';
COMMENT ON COLUMN tsmem.collections.created_at IS 'when it was created';
SELECT pg_catalog.pg_extension_config_dump('tsmem.collections', '');
SELECT pg_catalog.pg_extension_config_dump('tsmem.collection_ids', '');

-- Documents and memories, and what they were. Partitioned by collection; a
-- collection's partitions are ordinary tables that create_collection makes,
-- with all keys, indexes and triggers. The parents have none: a dump restored
-- over them would make them twice, or fire them.

CREATE TABLE tsmem.documents (
	document_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
	collection_id integer NOT NULL,
	namespace text COLLATE "C" NOT NULL,
	title text,
	metadata jsonb NOT NULL DEFAULT '{}',
	source text,
	valid_at tstzrange NOT NULL DEFAULT '(,)',
	run_id uuid,
	forget_reason text,
	row_start timestamptz NOT NULL,
	row_xid xid8 NOT NULL
) PARTITION BY LIST (collection_id);
COMMENT ON TABLE tsmem.documents IS 'documents; their text is in chunks, which are memories with document_id and ord';
COMMENT ON COLUMN tsmem.documents.document_id IS 'identity';
COMMENT ON COLUMN tsmem.documents.collection_id IS 'collection of the document and of its chunks';
COMMENT ON COLUMN tsmem.documents.namespace IS 'namespace of the document and of its chunks';
COMMENT ON COLUMN tsmem.documents.title IS 'title';
COMMENT ON COLUMN tsmem.documents.metadata IS 'an object of the user''s own';
COMMENT ON COLUMN tsmem.documents.source IS 'where it came from';
COMMENT ON COLUMN tsmem.documents.valid_at IS 'when it holds';
COMMENT ON COLUMN tsmem.documents.run_id IS 'run that brought it';
COMMENT ON COLUMN tsmem.documents.forget_reason IS 'why it was forgotten (in history)';
COMMENT ON COLUMN tsmem.documents.row_start IS 'system time: since when this version is on record';
COMMENT ON COLUMN tsmem.documents.row_xid IS 'transaction that wrote this version';

CREATE TABLE tsmem.memory (
	memory_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
	collection_id integer NOT NULL,
	namespace text COLLATE "C" NOT NULL,
	kind text NOT NULL DEFAULT 'text',
	document_id uuid,
	ord integer,
	content text NOT NULL,
	content_hash bigint NOT NULL GENERATED ALWAYS AS (pg_catalog.hashtextextended(content, 0)) STORED,
	tsv tsvector,
	metadata jsonb NOT NULL DEFAULT '{}',
	embedding tsmem.vector,
	location tsmem.stbox,
	valid_at tstzrange NOT NULL DEFAULT '(,)',
	importance float4,
	run_id uuid,
	source text,
	expires_at timestamptz,
	duplicate boolean NOT NULL DEFAULT false,
	forget_reason text,
	row_start timestamptz NOT NULL,
	row_xid xid8 NOT NULL
) PARTITION BY LIST (collection_id);
COMMENT ON TABLE tsmem.memory IS 'memories of all collections, as they are on record now';
COMMENT ON COLUMN tsmem.memory.memory_id IS 'identity, unique in its collection and namespace';
COMMENT ON COLUMN tsmem.memory.collection_id IS 'collection';
COMMENT ON COLUMN tsmem.memory.namespace IS 'namespace: the collection''s or one below';
COMMENT ON COLUMN tsmem.memory.kind IS 'the user''s own kind of memory';
COMMENT ON COLUMN tsmem.memory.document_id IS 'document that it is a chunk of';
COMMENT ON COLUMN tsmem.memory.ord IS 'place in the document';
COMMENT ON COLUMN tsmem.memory.content IS 'the text';
COMMENT ON COLUMN tsmem.memory.content_hash IS 'hash of the text, by which the same content is found';
COMMENT ON COLUMN tsmem.memory.tsv IS 'the text''s lexemes, kept by a trigger';
COMMENT ON COLUMN tsmem.memory.metadata IS 'an object of the user''s own, which filters reach';
COMMENT ON COLUMN tsmem.memory.embedding IS 'what it means';
COMMENT ON COLUMN tsmem.memory.location IS 'where it was, and when it was there';
COMMENT ON COLUMN tsmem.memory.valid_at IS 'when it holds';
COMMENT ON COLUMN tsmem.memory.importance IS 'the user''s own weight, from 0 to 1; NULL: unknown, which counts as 0.5';
COMMENT ON COLUMN tsmem.memory.run_id IS 'run that brought it';
COMMENT ON COLUMN tsmem.memory.source IS 'where it came from';
COMMENT ON COLUMN tsmem.memory.expires_at IS 'from when on recall passes it over';
COMMENT ON COLUMN tsmem.memory.duplicate IS 'stored although the same content with the same validity was there';
COMMENT ON COLUMN tsmem.memory.forget_reason IS 'why it was forgotten (in history)';
COMMENT ON COLUMN tsmem.memory.row_start IS 'system time: since when this version is on record';
COMMENT ON COLUMN tsmem.memory.row_xid IS 'transaction that wrote this version';

CREATE TABLE tsmem.documents_history (
	LIKE tsmem.documents,
	row_end timestamptz NOT NULL,
	row_end_xid xid8 NOT NULL
) PARTITION BY LIST (collection_id);
ALTER TABLE tsmem.documents_history
	ALTER COLUMN document_id DROP NOT NULL,
	ALTER COLUMN collection_id DROP NOT NULL,
	ALTER COLUMN namespace DROP NOT NULL,
	ALTER COLUMN metadata DROP NOT NULL,
	ALTER COLUMN valid_at DROP NOT NULL,
	ALTER COLUMN row_start DROP NOT NULL,
	ALTER COLUMN row_xid DROP NOT NULL;
COMMENT ON TABLE tsmem.documents_history IS 'former versions of documents; written by nobody but the versioning';
COMMENT ON COLUMN tsmem.documents_history.row_end IS 'system time: until when the version was on record';
COMMENT ON COLUMN tsmem.documents_history.row_end_xid IS 'transaction that ended it';

CREATE TABLE tsmem.memory_history (
	LIKE tsmem.memory,
	row_end timestamptz NOT NULL,
	row_end_xid xid8 NOT NULL
) PARTITION BY LIST (collection_id);
ALTER TABLE tsmem.memory_history
	ALTER COLUMN memory_id DROP NOT NULL,
	ALTER COLUMN collection_id DROP NOT NULL,
	ALTER COLUMN namespace DROP NOT NULL,
	ALTER COLUMN kind DROP NOT NULL,
	ALTER COLUMN content DROP NOT NULL,
	ALTER COLUMN content_hash DROP NOT NULL,
	ALTER COLUMN metadata DROP NOT NULL,
	ALTER COLUMN valid_at DROP NOT NULL,
	ALTER COLUMN duplicate DROP NOT NULL,
	ALTER COLUMN row_start DROP NOT NULL,
	ALTER COLUMN row_xid DROP NOT NULL;
COMMENT ON TABLE tsmem.memory_history IS 'former versions of memories, forgotten ones too; written by nobody but the versioning';
COMMENT ON COLUMN tsmem.memory_history.row_end IS 'system time: until when the version was on record';
COMMENT ON COLUMN tsmem.memory_history.row_end_xid IS 'transaction that ended it';

CREATE VIEW tsmem.chunks WITH (security_invoker = true) AS
	SELECT m.document_id, m.ord, m.memory_id, m.collection_id, m.namespace, m.content, m.metadata, m.valid_at
	FROM tsmem.memory m WHERE m.document_id IS NOT NULL;
COMMENT ON VIEW tsmem.chunks IS 'the chunks of documents; ORDER BY document_id, ord gives their text';

-- Facts. Rows are immutable but for being ended.

CREATE FUNCTION tsmem._fact_time() RETURNS timestamptz
AS 'MODULE_PATHNAME', 'tsm_memory_fact_time' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem._fact_time() IS 'internal: the system time of facts that this transaction writes';

CREATE FUNCTION tsmem._guard_fact() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_memory_guard_fact' LANGUAGE C;
COMMENT ON FUNCTION tsmem._guard_fact() IS 'internal: lets a fact only be ended, and sets when (55000)';

CREATE FUNCTION tsmem._lock_fact(namespace text, subject text, predicate text) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_memory_lock_fact' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem._lock_fact(text, text, text) IS
'internal: makes writers of one subject and predicate wait for each other; 40001 on a stale snapshot';

CREATE TABLE tsmem.facts (
	fact_id uuid NOT NULL,
	namespace text COLLATE "C" NOT NULL CHECK (tsmem._check_namespace(namespace)),
	subject text COLLATE "C" NOT NULL CHECK (subject <> ''),
	predicate text COLLATE "C" NOT NULL CHECK (predicate <> ''),
	object jsonb NOT NULL,
	valid_at tstzrange NOT NULL CHECK (NOT pg_catalog.isempty(valid_at)),
	cardinality text NOT NULL CHECK (cardinality IN ('one', 'many')),
	confidence float4 CHECK (confidence BETWEEN 0 AND 1),
	source text,
	reason text,
	run_id uuid,
	row_start timestamptz NOT NULL DEFAULT tsmem._fact_time(),
	row_xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	row_end timestamptz NOT NULL DEFAULT 'infinity' CHECK (row_end > row_start),
	row_end_xid xid8,
	end_reason text,
	ended_by uuid,
	CONSTRAINT facts_pkey PRIMARY KEY (fact_id, row_start, valid_at)
);
CREATE INDEX facts_subject_idx ON tsmem.facts (namespace, subject, predicate, row_end);
CREATE INDEX facts_row_end_idx ON tsmem.facts (row_end);
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON tsmem.facts FOR EACH ROW EXECUTE FUNCTION tsmem._guard_fact();
ALTER TABLE tsmem.facts ENABLE ALWAYS TRIGGER guard;
COMMENT ON TABLE tsmem.facts IS
'facts, each row held true of valid_at from row_start to row_end; rows never change but for being ended';
COMMENT ON COLUMN tsmem.facts.fact_id IS 'the assertion; several rows where only a part of its valid time still holds';
COMMENT ON COLUMN tsmem.facts.namespace IS 'tenant';
COMMENT ON COLUMN tsmem.facts.subject IS 'what the fact is about';
COMMENT ON COLUMN tsmem.facts.predicate IS 'what it says of the subject';
COMMENT ON COLUMN tsmem.facts.object IS 'the value';
COMMENT ON COLUMN tsmem.facts.valid_at IS 'valid time: when it is true';
COMMENT ON COLUMN tsmem.facts.cardinality IS 'one: a value at a time, so that a later assertion takes its place; many: values side by side';
COMMENT ON COLUMN tsmem.facts.confidence IS 'how sure, from 0 to 1';
COMMENT ON COLUMN tsmem.facts.source IS 'where it came from';
COMMENT ON COLUMN tsmem.facts.reason IS 'why it was asserted';
COMMENT ON COLUMN tsmem.facts.run_id IS 'run that asserted it';
COMMENT ON COLUMN tsmem.facts.row_start IS 'system time: since when it is believed';
COMMENT ON COLUMN tsmem.facts.row_xid IS 'transaction that asserted it';
COMMENT ON COLUMN tsmem.facts.row_end IS 'system time: until when it was believed; infinity: it still is';
COMMENT ON COLUMN tsmem.facts.row_end_xid IS 'transaction that ended the belief';
COMMENT ON COLUMN tsmem.facts.end_reason IS 'why the belief was ended';
COMMENT ON COLUMN tsmem.facts.ended_by IS 'assertion that took its place (in no row, if its own transaction has taken it back); NULL when it was retracted';
SELECT pg_catalog.pg_extension_config_dump('tsmem.facts', '');

-- Who may see what: a role uses what its namespaces hold. A collection is
-- also seen from below, as a namespace uses the collections above it.

ALTER TABLE tsmem.collections ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.documents_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.memory_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.facts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tsmem_namespace ON tsmem.collections FOR SELECT USING (
	tsmem.namespace_allowed(namespace)
	OR (tsmem.namespace_covers(namespace, tsmem.session_namespace())
		AND tsmem.namespace_allowed(tsmem.session_namespace()))
	OR EXISTS (SELECT FROM tsmem.namespace_grants g WHERE pg_catalog.pg_has_role(g.grantee, 'USAGE')
		AND tsmem.namespace_covers(collections.namespace, g.prefix)
		AND tsmem.namespace_covers(tsmem.session_namespace(), g.prefix)));
CREATE POLICY tsmem_namespace ON tsmem.documents USING (tsmem.namespace_allowed(namespace));
CREATE POLICY tsmem_namespace ON tsmem.documents_history FOR SELECT USING (tsmem.namespace_allowed(namespace));
CREATE POLICY tsmem_namespace ON tsmem.memory USING (tsmem.namespace_allowed(namespace));
CREATE POLICY tsmem_namespace ON tsmem.memory_history FOR SELECT USING (tsmem.namespace_allowed(namespace));
CREATE POLICY tsmem_namespace ON tsmem.facts USING (tsmem.namespace_allowed(namespace));
GRANT SELECT ON tsmem.collections, tsmem.documents, tsmem.documents_history, tsmem.memory,
	tsmem.memory_history, tsmem.facts, tsmem.chunks TO PUBLIC;
-- Not DELETE, nor UPDATE of whole rows: who has these may LOCK the table, in any mode, against everybody.
GRANT INSERT ON tsmem.documents, tsmem.memory TO PUBLIC;
GRANT UPDATE (title, metadata, source, valid_at, run_id, forget_reason) ON tsmem.documents TO PUBLIC;
GRANT UPDATE (kind, document_id, ord, content, metadata, embedding, location, valid_at, importance, run_id,
	source, expires_at, duplicate, forget_reason) ON tsmem.memory TO PUBLIC;
-- Not the system period: it is set by default, and when a fact is ended.
GRANT INSERT (fact_id, namespace, subject, predicate, object, valid_at, cardinality, confidence, source, reason,
	run_id), UPDATE (row_end, end_reason, ended_by) ON tsmem.facts TO PUBLIC;

-- Reading as of a system time.

CREATE FUNCTION tsmem.memory_as_of(system timestamptz) RETURNS SETOF tsmem.memory
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT m.* FROM tsmem.memory m WHERE m.row_start <= system
	UNION ALL
	SELECT h.memory_id, h.collection_id, h.namespace, h.kind, h.document_id, h.ord, h.content, h.content_hash, h.tsv,
		h.metadata, h.embedding, h.location, h.valid_at, h.importance, h.run_id, h.source, h.expires_at, h.duplicate,
		h.forget_reason, h.row_start, h.row_xid
	FROM tsmem.memory_history h WHERE h.row_start <= system AND h.row_end > system;
END;
COMMENT ON FUNCTION tsmem.memory_as_of(timestamptz) IS 'the memories that were on record at a system time';

-- Collections: create, alter, drop.

CREATE FUNCTION tsmem._collection(collection text, namespace text) RETURNS tsmem.collections
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	root text := coalesce(_collection.namespace, tsmem.session_namespace());
	found_row tsmem.collections;
	below bigint;
BEGIN
	IF _collection.collection IS NULL THEN
		RAISE EXCEPTION 'collection must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM tsmem._check_namespace(root);
	SELECT c.* INTO found_row FROM tsmem.collections c
	WHERE c.name = _collection.collection AND tsmem.namespace_covers(c.namespace, root)
	ORDER BY length(c.namespace) DESC LIMIT 1;
	IF FOUND THEN
		RETURN found_row;
	END IF;
	SELECT count(*) INTO below FROM tsmem.collections c
	WHERE c.name = _collection.collection AND tsmem.namespace_covers(root, c.namespace);
	IF below = 1 THEN
		SELECT c.* INTO found_row FROM tsmem.collections c
		WHERE c.name = _collection.collection AND tsmem.namespace_covers(root, c.namespace);
		RETURN found_row;
	ELSIF below > 1 THEN
		RAISE EXCEPTION 'collection "%" is not unique', _collection.collection
			USING ERRCODE = 'undefined_object', DETAIL = format('%s namespaces below "%s" have one.', below, root),
				HINT = 'Set tsmem.namespace to the one that is meant.';
	END IF;
	RAISE EXCEPTION 'collection "%" does not exist', _collection.collection USING ERRCODE = 'undefined_object';
END
$$;
COMMENT ON FUNCTION tsmem._collection(text, text) IS
'internal: the collection that a name means in a namespace (the session''s where NULL): the nearest one above it, else the only one below; 42704';

CREATE FUNCTION tsmem._check_settings(settings jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	setting record;
BEGIN
	IF jsonb_typeof(settings) <> 'object' THEN
		RAISE EXCEPTION 'settings must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	FOR setting IN SELECT * FROM jsonb_each(settings) LOOP
		IF setting.key <> 'candidates' THEN
			RAISE EXCEPTION 'unknown setting "%" of a collection', setting.key
				USING ERRCODE = 'invalid_parameter_value', HINT = 'The settings are: candidates.';
		ELSIF jsonb_typeof(setting.value) <> 'number' OR setting.value::numeric NOT BETWEEN 1 AND 10000
			OR setting.value::numeric <> trunc(setting.value::numeric) THEN
			RAISE EXCEPTION 'setting "candidates" must be a whole number from 1 to 10000'
				USING ERRCODE = 'invalid_parameter_value';
		END IF;
	END LOOP;
	RETURN true;
END
$$;
COMMENT ON FUNCTION tsmem._check_settings(jsonb) IS 'internal: true for valid settings of a collection; raises 22023 otherwise';

CREATE FUNCTION tsmem._check_embedder_owner(embedder regprocedure) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_memory_check_embedder_owner' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION tsmem._check_embedder_owner(regprocedure) IS
'internal: refuses a function that is neither the caller''s nor a superuser''s own (42501), so that nobody else decides what it does';

CREATE FUNCTION tsmem._check_embedder(embedder regprocedure, dimensions integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	function pg_catalog.pg_proc;
BEGIN
	IF embedder IS NULL OR embedder = 0 THEN
		RETURN;
	END IF;
	SELECT p.* INTO function FROM pg_catalog.pg_proc p WHERE p.oid = embedder;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'embedder function does not exist' USING ERRCODE = '42883';
	END IF;
	IF dimensions IS NULL THEN
		RAISE EXCEPTION 'a collection with an embedder needs dimensions' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF function.prokind <> 'f' OR function.proretset OR function.prorettype <> 'tsmem.vector'::regtype
		OR oidvectortypes(function.proargtypes) NOT IN ('text', 'text, integer') THEN
		RAISE EXCEPTION 'function "%" is no embedder', function.proname
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'An embedder takes (text) or (text, integer) and returns one tsmem.vector.';
	END IF;
	IF NOT has_function_privilege(embedder, 'EXECUTE') THEN
		RAISE EXCEPTION 'permission denied for function %', function.proname USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM tsmem._check_embedder_owner(embedder);
END
$$;
COMMENT ON FUNCTION tsmem._check_embedder(regprocedure, integer) IS
'internal: refuses a function that is no embedder (22023) or not the caller''s to use (42501)';

CREATE FUNCTION tsmem._check_index_method(index_method text) RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF index_method IN ('kd', 'lsh', 'ivf', 'hnsw') THEN
		RAISE EXCEPTION 'index method "%" is not supported yet', index_method
			USING ERRCODE = 'feature_not_supported', HINT = 'Use "none": exact search.';
	ELSIF index_method <> 'none' THEN
		RAISE EXCEPTION 'unknown index method "%"', index_method
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The index methods are: none, kd, lsh, ivf, hnsw.';
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._check_index_method(text) IS 'internal: refuses an index method that is unknown (22023) or not there yet (0A000)';

CREATE FUNCTION tsmem._check_metric(metric text) RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF metric NOT IN ('cosine', 'l2', 'inner_product', 'l1') THEN
		RAISE EXCEPTION 'unknown metric "%"', metric
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The metrics are: cosine, l2, inner_product, l1.';
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._check_metric(text) IS 'internal: refuses an unknown metric (22023)';

CREATE FUNCTION tsmem._check_collection_name(name text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF name IS NULL THEN
		RAISE EXCEPTION 'name of a collection must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF name = '' THEN
		RAISE EXCEPTION 'name of a collection must not be empty' USING ERRCODE = '42602';
	ELSIF octet_length(name) > 255 THEN
		RAISE EXCEPTION 'name of a collection is longer than 255 bytes' USING ERRCODE = 'name_too_long';
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._check_collection_name(text) IS 'internal: refuses a name that is null (22004), empty (42602) or too long (42622)';

CREATE FUNCTION tsmem._qualified_function(function regprocedure) RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = ''
RETURN CASE WHEN function OPERATOR(pg_catalog.<>) 0 THEN function::pg_catalog.text END;
COMMENT ON FUNCTION tsmem._qualified_function(regprocedure) IS 'internal: the signature of a function, qualified as far as needed without a search_path; NULL for none';

CREATE FUNCTION tsmem._qualified_config(config regconfig) RETURNS text
LANGUAGE sql STABLE STRICT
RETURN (SELECT pg_catalog.format('%I.%I', n.nspname, c.cfgname) FROM pg_catalog.pg_ts_config c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace WHERE c.oid = config);
COMMENT ON FUNCTION tsmem._qualified_config(regconfig) IS 'internal: the qualified name of a text search configuration';

-- create_collection and the like are each a pair: _check_<name> runs as the
-- caller, refuses what it may not do and returns the number of the collection
-- (0 for a new one), then _do_<name>, which takes that number and the caller
-- beside the same arguments and which nobody else may call, runs as the owner
-- of the extension. tsm_memory_run_checked calls both.

CREATE FUNCTION tsmem._check_create_collection(name text, namespace text, dimensions integer, metric text,
	index_method text, embedder regprocedure, text_config regconfig, settings jsonb) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	PERFORM tsmem._check_collection_name(name);
	PERFORM tsmem._require_namespace(namespace);
	IF dimensions NOT BETWEEN 1 AND 16000 THEN
		RAISE EXCEPTION 'dimensions must be between 1 and 16000' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM tsmem._check_metric(metric);
	PERFORM tsmem._check_index_method(index_method);
	PERFORM tsmem._check_embedder(embedder, dimensions);
	PERFORM tsmem._check_settings(settings);
	IF text_config IS NOT NULL AND tsmem._qualified_config(text_config) IS NULL THEN
		RAISE EXCEPTION 'text search configuration does not exist' USING ERRCODE = 'undefined_object';
	END IF;
	RETURN 0;
END
$$;
COMMENT ON FUNCTION tsmem._check_create_collection(text, text, integer, text, text, regprocedure, regconfig, jsonb) IS
'internal: the part of create_collection that runs as the caller: checks';

CREATE FUNCTION tsmem._version_partition(parent text, collection_id integer, excluded_columns name[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	partition text := parent || '_c' || collection_id;
	history text := parent || '_history_c' || collection_id;
BEGIN
	EXECUTE format('ALTER TABLE tsmem.%I ATTACH PARTITION tsmem.%I FOR VALUES IN (%s)', parent, partition, collection_id);
	PERFORM tsmem.add_system_versioning(format('tsmem.%I', partition)::regclass, excluded_columns,
		jsonb_build_object('history_table', history, 'functions', false));
	EXECUTE format('ALTER TABLE tsmem.%I ATTACH PARTITION tsmem.%I FOR VALUES IN (%s)', parent || '_history', history, collection_id);
END
$$;
COMMENT ON FUNCTION tsmem._version_partition(text, integer, name[]) IS
'internal: attaches a collection''s table to its parent, versions it and attaches its history';
REVOKE EXECUTE ON FUNCTION tsmem._version_partition(text, integer, name[]) FROM PUBLIC;

-- A check constraint would have the namespace in the catalogue, which all roles read. After the row, because
-- only then has the policy refused namespaces of others: they would learn here what the collection holds.
CREATE FUNCTION tsmem._guard_namespace() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM tsmem.collections c
		WHERE c.collection_id = NEW.collection_id AND tsmem.namespace_covers(c.namespace, NEW.namespace)) THEN
		RAISE EXCEPTION 'namespace "%" is not in collection %', NEW.namespace, NEW.collection_id
			USING ERRCODE = 'check_violation', DETAIL = 'A collection holds its namespace and those below it.';
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION tsmem._guard_namespace() IS
'internal: trigger that keeps a collection to its namespace and those below it (23514)';
REVOKE EXECUTE ON FUNCTION tsmem._guard_namespace() FROM PUBLIC;

CREATE FUNCTION tsmem._make_namespace_trigger(partition text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER tsmem_namespace AFTER INSERT OR UPDATE OF collection_id, namespace ON tsmem.%I
		FOR EACH ROW EXECUTE FUNCTION tsmem._guard_namespace()', partition);
END
$$;
COMMENT ON FUNCTION tsmem._make_namespace_trigger(text) IS
'internal: makes the trigger that keeps a collection''s table to its namespaces';
REVOKE EXECUTE ON FUNCTION tsmem._make_namespace_trigger(text) FROM PUBLIC;

CREATE FUNCTION tsmem._make_documents_partition(new tsmem.collections) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	partition text := 'documents_c' || new.collection_id;
BEGIN
	EXECUTE format('CREATE TABLE tsmem.%I (LIKE tsmem.documents INCLUDING DEFAULTS INCLUDING STORAGE,
		PRIMARY KEY (document_id, namespace),
		CHECK (collection_id = %s),
		CHECK (tsmem._check_namespace(namespace)),
		CHECK (NOT pg_catalog.isempty(valid_at)),
		CHECK (pg_catalog.jsonb_typeof(metadata) = ''object''))',
		partition, new.collection_id);
	EXECUTE format('CREATE INDEX ON tsmem.%I (namespace)', partition);
	EXECUTE format('CREATE INDEX ON tsmem.%I USING gin (metadata jsonb_path_ops)', partition);
	PERFORM tsmem._make_namespace_trigger(partition);
	PERFORM tsmem._version_partition('documents', new.collection_id, '{forget_reason}');
END
$$;
COMMENT ON FUNCTION tsmem._make_documents_partition(tsmem.collections) IS 'internal: makes the table of a new collection''s documents';
REVOKE EXECUTE ON FUNCTION tsmem._make_documents_partition(tsmem.collections) FROM PUBLIC;

CREATE FUNCTION tsmem._make_tsv_trigger(collection tsmem.collections, again boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	IF again THEN
		EXECUTE format('DROP TRIGGER tsmem_tsv ON tsmem.%I', 'memory_c' || collection.collection_id);
	END IF;
	EXECUTE format('CREATE TRIGGER tsmem_tsv BEFORE INSERT OR UPDATE ON tsmem.%I FOR EACH ROW
		EXECUTE FUNCTION pg_catalog.tsvector_update_trigger(tsv, %L, content)',
		'memory_c' || collection.collection_id, collection.text_config);
END
$$;
COMMENT ON FUNCTION tsmem._make_tsv_trigger(tsmem.collections, boolean) IS 'internal: makes the trigger that keeps the lexemes of a collection''s texts';
REVOKE EXECUTE ON FUNCTION tsmem._make_tsv_trigger(tsmem.collections, boolean) FROM PUBLIC;

CREATE FUNCTION tsmem._make_memory_partition(new tsmem.collections) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	partition text := 'memory_c' || new.collection_id;
BEGIN
	EXECUTE format('CREATE TABLE tsmem.%I (LIKE tsmem.memory INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE,
		PRIMARY KEY (memory_id, namespace),
		FOREIGN KEY (document_id, namespace) REFERENCES tsmem.%I (document_id, namespace) ON DELETE CASCADE,
		CHECK (collection_id = %s),
		CHECK (tsmem._check_namespace(namespace)),
		CHECK (content <> ''''),
		CHECK (NOT pg_catalog.isempty(valid_at)),
		CHECK (pg_catalog.jsonb_typeof(metadata) = ''object''),
		CHECK (importance BETWEEN 0 AND 1),
		CONSTRAINT %I CHECK ((document_id IS NULL) = (ord IS NULL)),
		CONSTRAINT %I CHECK (%s))',
		partition, 'documents_c' || new.collection_id, new.collection_id,
		partition || '_ord_check', partition || '_embedding_check',
		CASE WHEN new.dimensions IS NULL THEN 'embedding IS NULL'
			ELSE format('tsmem.vector_dims(embedding) = %s', new.dimensions) END);
	EXECUTE format('CREATE INDEX ON tsmem.%I (namespace)', partition);
	-- Finds what is there already. The hash is a column because row-level security keeps what is not leakproof,
	-- as hashing is, from an index.
	EXECUTE format('CREATE UNIQUE INDEX %I ON tsmem.%I
		(namespace, content_hash, valid_at, document_id, ord) NULLS NOT DISTINCT WHERE NOT duplicate',
		partition || '_content_key', partition);
	EXECUTE format('CREATE UNIQUE INDEX %I ON tsmem.%I (document_id, namespace, ord) WHERE document_id IS NOT NULL',
		partition || '_chunk_key', partition);
	-- A list of pending entries would be read through by each recall while others remember (bench/memory_clients).
	EXECUTE format('CREATE INDEX ON tsmem.%I USING gin (tsv) WITH (fastupdate = off)', partition);
	EXECUTE format('CREATE INDEX ON tsmem.%I USING gin (metadata jsonb_path_ops)', partition);
	EXECUTE format('CREATE INDEX ON tsmem.%I USING gist (location)', partition);
	EXECUTE format('CREATE INDEX ON tsmem.%I USING gist (valid_at)', partition);
	PERFORM tsmem._make_tsv_trigger(new, false);
	PERFORM tsmem._make_namespace_trigger(partition);
	PERFORM tsmem._version_partition('memory', new.collection_id, '{tsv,forget_reason}');
END
$$;
COMMENT ON FUNCTION tsmem._make_memory_partition(tsmem.collections) IS 'internal: makes the table of a new collection''s memories';
REVOKE EXECUTE ON FUNCTION tsmem._make_memory_partition(tsmem.collections) FROM PUBLIC;

CREATE FUNCTION tsmem._do_create_collection(name text, namespace text, dimensions integer, metric text,
	index_method text, embedder regprocedure, text_config regconfig, settings jsonb, checked integer,
	caller regrole) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
SET default_tablespace = ''
AS $$
DECLARE
	new tsmem.collections;
BEGIN
	BEGIN
		INSERT INTO tsmem.collections AS c (namespace, name, dimensions, metric, index_method, embedder, embedder_role,
			text_config, settings)
		VALUES (coalesce(_do_create_collection.namespace, tsmem.session_namespace()), _do_create_collection.name,
			_do_create_collection.dimensions, coalesce(_do_create_collection.metric, 'cosine'),
			coalesce(_do_create_collection.index_method, 'none'), tsmem._qualified_function(_do_create_collection.embedder),
			(SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = caller AND _do_create_collection.embedder <> 0),
			tsmem._qualified_config(coalesce(_do_create_collection.text_config, get_current_ts_config())),
			coalesce(_do_create_collection.settings, '{}'))
		RETURNING c.* INTO new;
	EXCEPTION WHEN unique_violation THEN
		RAISE EXCEPTION 'collection "%" already exists', _do_create_collection.name USING ERRCODE = 'duplicate_object';
	END;
	PERFORM tsmem._make_documents_partition(new);
	PERFORM tsmem._make_memory_partition(new);
	RETURN new.collection_id;
END
$$;
COMMENT ON FUNCTION tsmem._do_create_collection(text, text, integer, text, text, regprocedure, regconfig, jsonb, integer, regrole) IS
'internal: the part of create_collection that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_create_collection(text, text, integer, text, text, regprocedure, regconfig, jsonb, integer, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.create_collection(name text, namespace text DEFAULT NULL, dimensions integer DEFAULT NULL,
	metric text DEFAULT 'cosine', index_method text DEFAULT 'none', embedder regprocedure DEFAULT NULL,
	text_config regconfig DEFAULT NULL, settings jsonb DEFAULT '{}') RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.create_collection(text, text, integer, text, text, regprocedure, regconfig, jsonb) IS
'makes a collection of memories and returns its number; raises 22023, 42710 when it is there already, 42501 in a namespace that is not the caller''s, 0A000 for an index method to come';

CREATE FUNCTION tsmem._lock_collection(collection_id integer, name text) RETURNS tsmem.collections
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	found_row tsmem.collections;
BEGIN
	SELECT c.* INTO found_row FROM tsmem.collections c WHERE c.collection_id = _lock_collection.collection_id FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'collection "%" does not exist', name USING ERRCODE = 'undefined_object';
	END IF;
	RETURN found_row;
END
$$;
COMMENT ON FUNCTION tsmem._lock_collection(integer, text) IS
'internal: locks the row of a collection that was found, before anything else of it; 42704 when another transaction has dropped it since';
REVOKE EXECUTE ON FUNCTION tsmem._lock_collection(integer, text) FROM PUBLIC;

CREATE FUNCTION tsmem._check_alter_collection(collection text, new_name text, index_method text, embedder regprocedure,
	text_config regconfig, settings jsonb, namespace text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	old tsmem.collections := tsmem._collection(collection, namespace);
BEGIN
	PERFORM tsmem._require_namespace(old.namespace);
	IF new_name IS NOT NULL THEN
		PERFORM tsmem._check_collection_name(new_name);
	END IF;
	PERFORM tsmem._check_index_method(index_method);
	PERFORM tsmem._check_embedder(embedder, old.dimensions);
	PERFORM tsmem._check_settings(settings);
	IF text_config IS NOT NULL AND tsmem._qualified_config(text_config) IS NULL THEN
		RAISE EXCEPTION 'text search configuration does not exist' USING ERRCODE = 'undefined_object';
	END IF;
	RETURN old.collection_id;
END
$$;
COMMENT ON FUNCTION tsmem._check_alter_collection(text, text, text, regprocedure, regconfig, jsonb, text) IS
'internal: the part of alter_collection that runs as the caller: checks';

CREATE FUNCTION tsmem._refresh_history_tsv(collection tsmem.collections) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	history text := 'memory_history_c' || collection.collection_id;
	guard text;
	guards text[] := '{~tsmem_protect,~tsmem_protect_row}';
BEGIN
	FOREACH guard IN ARRAY guards LOOP
		EXECUTE format('ALTER TABLE tsmem.%I DISABLE TRIGGER %I', history, guard);
	END LOOP;
	EXECUTE format('UPDATE tsmem.%I h SET tsv = to_tsvector(%L::regconfig, h.content)', history, collection.text_config);
	FOREACH guard IN ARRAY guards LOOP
		EXECUTE format('ALTER TABLE tsmem.%I ENABLE ALWAYS TRIGGER %I', history, guard);
	END LOOP;
END
$$;
COMMENT ON FUNCTION tsmem._refresh_history_tsv(tsmem.collections) IS
'internal: makes the lexemes of former versions anew, as a recall as of an earlier time asks with the words of today';
REVOKE EXECUTE ON FUNCTION tsmem._refresh_history_tsv(tsmem.collections) FROM PUBLIC;

CREATE FUNCTION tsmem._do_alter_collection(collection text, new_name text, index_method text, embedder regprocedure,
	text_config regconfig, settings jsonb, namespace text, checked integer,
	caller regrole) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	old_config text := (tsmem._lock_collection(checked, _do_alter_collection.collection)).text_config;
	new tsmem.collections;
BEGIN
	BEGIN
		UPDATE tsmem.collections c SET
			name = coalesce(_do_alter_collection.new_name, c.name),
			index_method = coalesce(_do_alter_collection.index_method, c.index_method),
			embedder = CASE WHEN _do_alter_collection.embedder IS NULL THEN c.embedder
				ELSE tsmem._qualified_function(_do_alter_collection.embedder) END,
			embedder_role = CASE WHEN _do_alter_collection.embedder IS NULL THEN c.embedder_role
				ELSE (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = caller AND _do_alter_collection.embedder <> 0) END,
			text_config = coalesce(tsmem._qualified_config(_do_alter_collection.text_config), c.text_config),
			settings = c.settings || coalesce(_do_alter_collection.settings, '{}')
		WHERE c.collection_id = checked
		RETURNING c.* INTO new;
	EXCEPTION WHEN unique_violation THEN
		RAISE EXCEPTION 'collection "%" already exists', _do_alter_collection.new_name USING ERRCODE = 'duplicate_object';
	END;
	IF new.text_config <> old_config THEN
		PERFORM tsmem._make_tsv_trigger(new, true);
		-- The trigger makes the lexemes anew where the content is set; no version is made of what does not change.
		UPDATE tsmem.memory m SET content = m.content WHERE m.collection_id = checked;
		PERFORM tsmem._refresh_history_tsv(new);
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._do_alter_collection(text, text, text, regprocedure, regconfig, jsonb, text, integer, regrole) IS
'internal: the part of alter_collection that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_alter_collection(text, text, text, regprocedure, regconfig, jsonb, text, integer, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.alter_collection(collection text, new_name text DEFAULT NULL, index_method text DEFAULT NULL,
	embedder regprocedure DEFAULT NULL, text_config regconfig DEFAULT NULL, settings jsonb DEFAULT NULL,
	namespace text DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.alter_collection(text, text, text, regprocedure, regconfig, jsonb, text) IS
'changes what is given of a collection and leaves what is NULL; settings are merged; raises as create_collection, and 42704';

CREATE FUNCTION tsmem._check_drop_collection(collection text, namespace text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	old tsmem.collections := tsmem._collection(collection, namespace);
BEGIN
	PERFORM tsmem._require_namespace(old.namespace);
	RETURN old.collection_id;
END
$$;
COMMENT ON FUNCTION tsmem._check_drop_collection(text, text) IS
'internal: the part of drop_collection that runs as the caller: checks';

CREATE FUNCTION tsmem._do_drop_collection(collection text, namespace text, checked integer, caller regrole) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	parent text;
BEGIN
	PERFORM tsmem._lock_collection(checked, _do_drop_collection.collection);
	-- As readers and writers come: documents, memories, then what they were. Who is in a partition has locked its parent.
	LOCK TABLE ONLY tsmem.documents, ONLY tsmem.memory, ONLY tsmem.documents_history, ONLY tsmem.memory_history IN ACCESS EXCLUSIVE MODE;
	FOREACH parent IN ARRAY '{memory,documents}'::text[] LOOP
		EXECUTE format('ALTER TABLE tsmem.%I DETACH PARTITION tsmem.%I', parent || '_history', parent || '_history_c' || checked);
		EXECUTE format('ALTER TABLE tsmem.%I DETACH PARTITION tsmem.%I', parent, parent || '_c' || checked);
		PERFORM tsmem.drop_system_versioning(format('tsmem.%I', parent || '_c' || checked)::regclass, false);
		EXECUTE format('DROP TABLE tsmem.%I', parent || '_c' || checked);
	END LOOP;
	DELETE FROM tsmem.collections c WHERE c.collection_id = checked;
END
$$;
COMMENT ON FUNCTION tsmem._do_drop_collection(text, text, integer, regrole) IS
'internal: the part of drop_collection that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_drop_collection(text, text, integer, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.drop_collection(collection text, namespace text DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.drop_collection(text, text) IS
'drops a collection with its memories, documents and their history; raises 42704, 42501';

-- Embedders.

CREATE FUNCTION tsmem.embed_hashed_ngrams(content text, dimensions integer) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_memory_embed_hashed_ngrams' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tsmem.embed_hashed_ngrams(text, integer) IS
'a vector of unit length from the hashed words and character n-grams of a text: near for texts of like wording, deterministic, without a model; zero for white space; raises 22023, 54000';

CREATE FUNCTION tsmem._embed(collection_id integer, content text) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_memory_embed' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000
SET search_path = pg_catalog, tsmem, pg_temp;
COMMENT ON FUNCTION tsmem._embed(integer, text) IS
'internal: calls the embedder of a collection with the rights of the role that chose it; NULL without one; raises 42883, 42501, 22000, 22004';

-- Remember.

CREATE FUNCTION tsmem._memory_namespace(collection tsmem.collections, namespace text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	own text := coalesce(_memory_namespace.namespace,
		CASE WHEN tsmem.namespace_covers(collection.namespace, tsmem.session_namespace()) THEN tsmem.session_namespace()
			ELSE collection.namespace END);
BEGIN
	PERFORM tsmem._require_namespace(own);
	IF NOT tsmem.namespace_covers(collection.namespace, own) THEN
		RAISE EXCEPTION 'namespace "%" is not in collection "%"', own, collection.name
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('The collection holds namespace "%s" and those below it.', collection.namespace);
	END IF;
	RETURN own;
END
$$;
COMMENT ON FUNCTION tsmem._memory_namespace(tsmem.collections, text) IS
'internal: the namespace that a new memory goes to: that given, else the session''s, else the collection''s; 22023, 42501';

CREATE FUNCTION tsmem._check_memory(collection tsmem.collections, memory tsmem.memory) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	IF memory.content IS NULL THEN
		RAISE EXCEPTION 'content must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF memory.content = '' THEN
		RAISE EXCEPTION 'content must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF isempty(memory.valid_at) THEN
		RAISE EXCEPTION 'valid_at must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF jsonb_typeof(memory.metadata) <> 'object' THEN
		RAISE EXCEPTION 'metadata must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NOT memory.importance BETWEEN 0 AND 1 THEN
		RAISE EXCEPTION 'importance must be between 0 and 1' USING ERRCODE = 'invalid_parameter_value';
	ELSIF (memory.document_id IS NULL) <> (memory.ord IS NULL) THEN
		RAISE EXCEPTION 'document_id and ord must be given together' USING ERRCODE = 'invalid_parameter_value';
	ELSIF memory.embedding IS NOT NULL AND collection.dimensions IS NULL THEN
		RAISE EXCEPTION 'collection "%" has no embeddings', collection.name
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Create the collection with dimensions.';
	ELSIF tsmem.vector_dims(memory.embedding) <> collection.dimensions THEN
		RAISE EXCEPTION 'expected % dimensions, not %', collection.dimensions, tsmem.vector_dims(memory.embedding)
			USING ERRCODE = 'data_exception', DETAIL = format('Collection "%s" has embeddings of %s dimensions.', collection.name, collection.dimensions);
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._check_memory(tsmem.collections, tsmem.memory) IS
'internal: refuses what cannot be a memory of the collection: 22004, 22023, 22000';

CREATE FUNCTION tsmem._find_same(collection_id integer, memories tsmem.memory[], OUT memory_id uuid, OUT same_id uuid,
	OUT same_hash boolean, OUT expired boolean) RETURNS SETOF record
LANGUAGE sql STABLE ROWS 1
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	-- Not the operator = for valid_at: the planner would choose the index on valid_at alone, where most are all time.
	SELECT g.memory_id, s.memory_id, s.hashed IS NOT NULL, coalesce(s.expired, false)
	FROM unnest(memories) g LEFT JOIN LATERAL (
		SELECT max(m.memory_id::text) FILTER (WHERE m.content = g.content)::uuid AS memory_id,
			bool_or(m.expires_at <= transaction_timestamp()) FILTER (WHERE m.content = g.content) AS expired, true AS hashed
		FROM tsmem.memory m
		WHERE m.collection_id = _find_same.collection_id AND m.namespace = g.namespace
			AND m.content_hash = g.content_hash AND range_eq(m.valid_at, g.valid_at)
			AND m.document_id IS NOT DISTINCT FROM g.document_id AND m.ord IS NOT DISTINCT FROM g.ord AND NOT m.duplicate
		HAVING count(*) > 0) s ON true;
END;
COMMENT ON FUNCTION tsmem._find_same(integer, tsmem.memory[]) IS
'internal: for each memory the one on record that has the same content and validity, whether one has the same hash of the content, and whether that one has expired';

CREATE FUNCTION tsmem._insert_memories(memories tsmem.memory[], duplicate boolean) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	INSERT INTO tsmem.memory (memory_id, collection_id, namespace, kind, document_id, ord, content, metadata, embedding,
		location, valid_at, importance, run_id, source, expires_at, duplicate)
	SELECT g.memory_id, g.collection_id, g.namespace, g.kind, g.document_id, g.ord, g.content, g.metadata, g.embedding,
		g.location, g.valid_at, g.importance, g.run_id, g.source, g.expires_at, _insert_memories.duplicate
	FROM unnest(memories) g;
END;
COMMENT ON FUNCTION tsmem._insert_memories(tsmem.memory[], boolean) IS 'internal: inserts memories; 23505';

CREATE FUNCTION tsmem._insert_new_memories(memories tsmem.memory[]) RETURNS SETOF uuid
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	INSERT INTO tsmem.memory AS m (memory_id, collection_id, namespace, kind, document_id, ord, content, metadata, embedding,
		location, valid_at, importance, run_id, source, expires_at)
	SELECT g.memory_id, g.collection_id, g.namespace, g.kind, g.document_id, g.ord, g.content, g.metadata, g.embedding,
		g.location, g.valid_at, g.importance, g.run_id, g.source, g.expires_at
	FROM unnest(memories) g
	-- In the order of the key: two who store the same contents wait for each other in one direction only.
	ORDER BY g.namespace, g.content_hash, g.valid_at, g.document_id, g.ord
	ON CONFLICT DO NOTHING
	RETURNING m.memory_id;
END;
COMMENT ON FUNCTION tsmem._insert_new_memories(tsmem.memory[]) IS
'internal: inserts the memories that are not on record, in the order of the key of contents, and returns their ids';

CREATE FUNCTION tsmem._store_memories(memories tsmem.memory[], deduplicate boolean) RETURNS uuid[]
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	ids uuid[] := ARRAY(SELECT g.memory_id FROM unnest(memories) g);
	stored uuid[] := ARRAY(SELECT tsmem._insert_new_memories(memories));
	missing tsmem.memory[];
	missing_ids uuid[];
	same_ids uuid[];
	same_hashes boolean[];
	expired_ids uuid[];
BEGIN
	IF cardinality(stored) = cardinality(ids) THEN
		RETURN ids;
	END IF;
	missing := ARRAY(SELECT g FROM unnest(memories) g
		WHERE NOT EXISTS (SELECT FROM unnest(stored) s WHERE s = g.memory_id));
	IF NOT deduplicate THEN
		PERFORM tsmem._insert_memories(missing, true);
		RETURN ids;
	END IF;
	SELECT array_agg(f.memory_id), array_agg(f.same_id), array_agg(f.same_hash), array_agg(f.same_id ORDER BY f.same_id) FILTER (WHERE f.expired)
	INTO missing_ids, same_ids, same_hashes, expired_ids FROM tsmem._find_same((memories[1]).collection_id, missing) f;
	IF expired_ids IS NOT NULL THEN
		-- What has expired and is told again is remembered as it is told now. Locked in one order first: no deadlock.
		PERFORM FROM tsmem.memory m WHERE m.collection_id = (memories[1]).collection_id AND m.memory_id = ANY (expired_ids)
		ORDER BY m.memory_id, m.namespace FOR NO KEY UPDATE;
		UPDATE tsmem.memory m SET kind = g.kind, metadata = g.metadata, embedding = g.embedding, location = g.location,
			importance = g.importance, run_id = g.run_id, source = g.source, expires_at = g.expires_at
		FROM unnest(missing) g JOIN unnest(missing_ids, same_ids) f (memory_id, same_id) ON f.memory_id = g.memory_id
		WHERE m.collection_id = (memories[1]).collection_id AND m.namespace = g.namespace AND m.memory_id = ANY (expired_ids) AND m.memory_id = f.same_id
			AND m.expires_at <= transaction_timestamp();
	END IF;
	-- What is left has another text of the same hash on record (a duplicate to
	-- the index only), or an id or a place in a document that is taken: 23505.
	PERFORM tsmem._insert_memories(ARRAY(SELECT g FROM unnest(missing) g
		JOIN unnest(missing_ids, same_ids, same_hashes) f (memory_id, same_id, same_hash) ON f.memory_id = g.memory_id
		WHERE f.same_id IS NULL AND f.same_hash), true);
	PERFORM tsmem._insert_memories(ARRAY(SELECT g FROM unnest(missing) g
		JOIN unnest(missing_ids, same_ids, same_hashes) f (memory_id, same_id, same_hash) ON f.memory_id = g.memory_id
		WHERE f.same_id IS NULL AND NOT f.same_hash), false);
	RETURN ARRAY(SELECT coalesce(f.same_id, g.memory_id) FROM unnest(ids) WITH ORDINALITY g (memory_id, n)
		LEFT JOIN unnest(missing_ids, same_ids) f (memory_id, same_id) ON f.memory_id = g.memory_id ORDER BY g.n);
END
$$;
COMMENT ON FUNCTION tsmem._store_memories(tsmem.memory[], boolean) IS
'internal: stores memories that were checked; returns their ids in order, those on record for contents that were there already';

CREATE FUNCTION tsmem.remember(collection text, content text, embedding tsmem.vector DEFAULT NULL,
	valid_at tstzrange DEFAULT NULL, location tsmem.stbox DEFAULT NULL, metadata jsonb DEFAULT NULL, kind text DEFAULT NULL,
	document_id uuid DEFAULT NULL, ord integer DEFAULT NULL, importance real DEFAULT NULL, run_id uuid DEFAULT NULL,
	source text DEFAULT NULL, expires_at timestamptz DEFAULT NULL, memory_id uuid DEFAULT NULL, namespace text DEFAULT NULL,
	deduplicate boolean DEFAULT true) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	found_collection tsmem.collections := tsmem._collection(collection, namespace);
	memory tsmem.memory;
BEGIN
	memory.memory_id := coalesce(remember.memory_id, gen_random_uuid());
	memory.collection_id := found_collection.collection_id;
	memory.namespace := tsmem._memory_namespace(found_collection, remember.namespace);
	memory.kind := coalesce(remember.kind, 'text');
	memory.document_id := remember.document_id;
	memory.ord := remember.ord;
	memory.content := remember.content;
	memory.content_hash := hashtextextended(memory.content, 0);
	memory.metadata := coalesce(remember.metadata, '{}');
	memory.embedding := remember.embedding;
	memory.location := remember.location;
	memory.valid_at := coalesce(remember.valid_at, '(,)');
	memory.importance := remember.importance;
	memory.run_id := remember.run_id;
	memory.source := remember.source;
	memory.expires_at := remember.expires_at;
	PERFORM tsmem._check_memory(found_collection, memory);
	IF memory.embedding IS NULL AND found_collection.embedder IS NOT NULL THEN
		memory.embedding := tsmem._embed(found_collection.collection_id, memory.content);
	END IF;
	RETURN (tsmem._store_memories(ARRAY[memory], coalesce(deduplicate, true)))[1];
END
$$;
COMMENT ON FUNCTION tsmem.remember(text, text, tsmem.vector, tstzrange, tsmem.stbox, jsonb, text, uuid, integer, real, uuid, text, timestamptz, uuid, text, boolean) IS
'stores a memory and returns its id; the same content with the same validity is stored once unless deduplicate is false; raises 42704, 22004, 22023, 22000, 42501, 23503, 23505, 54000 for a text with more than 1 MB of lexemes or too long to embed';

CREATE FUNCTION tsmem._parse_memory(collection tsmem.collections, element jsonb) RETURNS tsmem.memory
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	memory tsmem.memory;
	unknown text;
BEGIN
	IF element IS NULL OR jsonb_typeof(element) <> 'object' THEN
		RAISE EXCEPTION 'a memory must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT min(k) INTO unknown FROM jsonb_object_keys(element - '{memory_id,namespace,kind,document_id,ord,content,metadata,embedding,location,valid_at,importance,run_id,source,expires_at}'::text[]) k;
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'unknown key "%"', unknown USING ERRCODE = 'invalid_parameter_value';
	ELSIF jsonb_typeof(element -> 'content') NOT IN ('string', 'null') THEN
		RAISE EXCEPTION 'content must be a string' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	memory.memory_id := coalesce((element ->> 'memory_id')::uuid, gen_random_uuid());
	memory.collection_id := collection.collection_id;
	memory.namespace := tsmem._memory_namespace(collection, element ->> 'namespace');
	memory.kind := coalesce(element ->> 'kind', 'text');
	memory.document_id := (element ->> 'document_id')::uuid;
	memory.ord := (element ->> 'ord')::integer;
	memory.content := element ->> 'content';
	memory.content_hash := hashtextextended(memory.content, 0);
	memory.metadata := coalesce(nullif(element -> 'metadata', 'null'), '{}');
	memory.embedding := (element ->> 'embedding')::tsmem.vector;
	memory.location := (element ->> 'location')::tsmem.stbox;
	memory.valid_at := coalesce((element ->> 'valid_at')::tstzrange, '(,)');
	memory.importance := (element ->> 'importance')::float4;
	memory.run_id := (element ->> 'run_id')::uuid;
	memory.source := element ->> 'source';
	memory.expires_at := (element ->> 'expires_at')::timestamptz;
	PERFORM tsmem._check_memory(collection, memory);
	IF memory.embedding IS NULL AND collection.embedder IS NOT NULL THEN
		memory.embedding := tsmem._embed(collection.collection_id, memory.content);
	END IF;
	RETURN memory;
END
$$;
COMMENT ON FUNCTION tsmem._parse_memory(tsmem.collections, jsonb) IS 'internal: an element of remember_many as a memory, checked';

CREATE FUNCTION tsmem.remember_many(collection text, memories jsonb[], deduplicate boolean DEFAULT true) RETURNS uuid[]
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	found_collection tsmem.collections := tsmem._collection(collection, NULL);
	parsed tsmem.memory[] := '{}';
	element jsonb;
	n integer := 0;
	state text;
	message text;
	detail text;
	id uuid;
BEGIN
	IF memories IS NULL THEN
		RAISE EXCEPTION 'memories must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF cardinality(memories) > 10000 THEN
		RAISE EXCEPTION 'too many memories in one call' USING ERRCODE = 'program_limit_exceeded',
			DETAIL = format('There are %s; the limit is 10000.', cardinality(memories));
	END IF;
	BEGIN
		FOREACH element IN ARRAY memories LOOP
			n := n + 1;
			parsed := parsed || tsmem._parse_memory(found_collection, element);
		END LOOP;
	EXCEPTION WHEN data_exception OR insufficient_privilege OR program_limit_exceeded OR undefined_function THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
		IF detail = '' THEN
			RAISE EXCEPTION 'element %: %', n, message USING ERRCODE = state;
		END IF;
		RAISE EXCEPTION 'element %: %', n, message USING ERRCODE = state, DETAIL = detail;
	END;
	SELECT g.n, g.memory_id INTO n, id
	FROM (SELECT p.memory_id, p.ordinality AS n, row_number() OVER (PARTITION BY p.memory_id ORDER BY p.ordinality) AS nth
		FROM unnest(parsed) WITH ORDINALITY p) g
	WHERE g.nth > 1 ORDER BY g.n LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'element %: memory_id "%" is given twice', n, id USING ERRCODE = '23505';
	END IF;
	SELECT g.ordinality, g.document_id INTO n, id FROM unnest(parsed) WITH ORDINALITY g
	WHERE g.document_id IS NOT NULL AND NOT EXISTS (SELECT FROM tsmem.documents d
		WHERE d.collection_id = found_collection.collection_id AND d.document_id = g.document_id AND d.namespace = g.namespace)
	ORDER BY g.ordinality LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'element %: document "%" does not exist', n, id
			USING ERRCODE = '23503', DETAIL = 'The collection has none of this id in the namespace of the memory.';
	END IF;
	RETURN tsmem._store_memories(parsed, coalesce(deduplicate, true));
END
$$;
COMMENT ON FUNCTION tsmem.remember_many(text, jsonb[], boolean) IS
'stores up to 10000 memories, each an object with the arguments of remember for keys, and returns their ids in order; all or none; an error in an element, an id given twice or an unknown document names the element, counted from 1; raises as remember, and 54000 for more';

CREATE FUNCTION tsmem.add_document(collection text, metadata jsonb DEFAULT NULL, title text DEFAULT NULL, source text DEFAULT NULL,
	valid_at tstzrange DEFAULT NULL, run_id uuid DEFAULT NULL, document_id uuid DEFAULT NULL, namespace text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	found_collection tsmem.collections := tsmem._collection(collection, namespace);
	id uuid := coalesce(add_document.document_id, gen_random_uuid());
BEGIN
	IF isempty(add_document.valid_at) THEN
		RAISE EXCEPTION 'valid_at must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF jsonb_typeof(add_document.metadata) <> 'object' THEN
		RAISE EXCEPTION 'metadata must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	INSERT INTO tsmem.documents (document_id, collection_id, namespace, title, metadata, source, valid_at, run_id)
	VALUES (id, found_collection.collection_id, tsmem._memory_namespace(found_collection, add_document.namespace),
		add_document.title, coalesce(add_document.metadata, '{}'), add_document.source, coalesce(add_document.valid_at, '(,)'),
		add_document.run_id);
	RETURN id;
END
$$;
COMMENT ON FUNCTION tsmem.add_document(text, jsonb, text, text, tstzrange, uuid, uuid, text) IS
'makes a document, whose chunks are then remembered with its document_id and their ord, and returns its id; raises 42704, 22023, 42501, 23505';

-- Forget.

CREATE TYPE tsmem._row_key AS (collection_id integer, namespace text, id uuid);
COMMENT ON TYPE tsmem._row_key IS 'internal: key of a memory or of a document';

-- Deleting is for the owner of the extension (tsm_memory_run_checked): the
-- caller's part finds the rows that it may change, and locks them.

CREATE FUNCTION tsmem._delete_memories(keys tsmem._row_key[], reason text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	deleted bigint;
BEGIN
	IF cardinality(keys) = 0 THEN
		RETURN 0;
	END IF;
	-- The number of the collection is a literal, so that no other collection's partition is touched.
	IF reason IS NOT NULL THEN
		EXECUTE format('UPDATE tsmem.memory m SET forget_reason = $2 FROM unnest($1) k
			WHERE m.collection_id = %s AND m.namespace = k.namespace AND m.memory_id = k.id', keys[1].collection_id)
			USING keys, reason;
	END IF;
	EXECUTE format('DELETE FROM tsmem.memory m USING unnest($1) k
		WHERE m.collection_id = %s AND m.namespace = k.namespace AND m.memory_id = k.id', keys[1].collection_id)
		USING keys;
	GET DIAGNOSTICS deleted = ROW_COUNT;
	RETURN deleted;
END
$$;
COMMENT ON FUNCTION tsmem._delete_memories(tsmem._row_key[], text) IS
'internal: deletes memories of one collection, the reason for their history set before; returns how many';
REVOKE EXECUTE ON FUNCTION tsmem._delete_memories(tsmem._row_key[], text) FROM PUBLIC;

CREATE FUNCTION tsmem._only_key(keys tsmem._row_key[], what text) RETURNS tsmem._row_key
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF cardinality(keys) > 1 THEN
		RAISE EXCEPTION '% "%" is not unique', what, keys[1].id USING ERRCODE = '21000',
			DETAIL = format('%s collections or namespaces have one.', cardinality(keys)),
			HINT = 'Name the collection, and set tsmem.namespace to the one that is meant.';
	END IF;
	RETURN keys[1];
END
$$;
COMMENT ON FUNCTION tsmem._only_key(tsmem._row_key[], text) IS 'internal: the one key, NULL without one; 21000 for several';

CREATE FUNCTION tsmem._check_forget(memory_id uuid, reason text, collection text) RETURNS tsmem._row_key
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	wanted integer := CASE WHEN collection IS NOT NULL THEN (tsmem._collection(collection, NULL)).collection_id END;
BEGIN
	RETURN tsmem._only_key(ARRAY(SELECT ROW(m.collection_id, m.namespace, m.memory_id)::tsmem._row_key FROM tsmem.memory m
		WHERE m.memory_id = _check_forget.memory_id AND tsmem.namespace_covers(tsmem.session_namespace(), m.namespace)
			AND (wanted IS NULL OR m.collection_id = wanted) FOR UPDATE), 'memory');
END
$$;
COMMENT ON FUNCTION tsmem._check_forget(uuid, text, text) IS 'internal: the part of forget that runs as the caller: finds and locks';

CREATE FUNCTION tsmem._do_forget(memory_id uuid, reason text, collection text, checked tsmem._row_key, caller regrole) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	SELECT checked IS NOT NULL AND tsmem._delete_memories(ARRAY[checked], reason) > 0;
END;
COMMENT ON FUNCTION tsmem._do_forget(uuid, text, text, tsmem._row_key, regrole) IS
'internal: the part of forget that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_forget(uuid, text, text, tsmem._row_key, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.forget(memory_id uuid, reason text DEFAULT NULL, collection text DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.forget(uuid, text, text) IS
'ends the system period of a memory of the session''s namespace, which stays in the history with the reason; false when there is none of this id; raises 21000 when collections or namespaces have the same id, 42704';

CREATE FUNCTION tsmem._check_forget_document(document_id uuid, reason text, collection text) RETURNS tsmem._row_key
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	wanted integer := CASE WHEN collection IS NOT NULL THEN (tsmem._collection(collection, NULL)).collection_id END;
BEGIN
	RETURN tsmem._only_key(ARRAY(SELECT ROW(d.collection_id, d.namespace, d.document_id)::tsmem._row_key FROM tsmem.documents d
		WHERE d.document_id = _check_forget_document.document_id
			AND tsmem.namespace_covers(tsmem.session_namespace(), d.namespace)
			AND (wanted IS NULL OR d.collection_id = wanted) FOR UPDATE), 'document');
END
$$;
COMMENT ON FUNCTION tsmem._check_forget_document(uuid, text, text) IS
'internal: the part of forget_document that runs as the caller: finds and locks';

CREATE FUNCTION tsmem._do_forget_document(document_id uuid, reason text, collection text, checked tsmem._row_key,
	caller regrole) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
BEGIN
	IF checked IS NULL THEN
		RETURN false;
	END IF;
	IF reason IS NOT NULL THEN
		EXECUTE format('UPDATE tsmem.documents d SET forget_reason = $3
			WHERE d.collection_id = %s AND d.namespace = $1 AND d.document_id = $2', checked.collection_id)
			USING checked.namespace, checked.id, reason;
		EXECUTE format('UPDATE tsmem.memory m SET forget_reason = $3
			WHERE m.collection_id = %s AND m.namespace = $1 AND m.document_id = $2', checked.collection_id)
			USING checked.namespace, checked.id, reason;
	END IF;
	-- Its chunks go with it.
	EXECUTE format('DELETE FROM tsmem.documents d WHERE d.collection_id = %s AND d.namespace = $1 AND d.document_id = $2',
		checked.collection_id) USING checked.namespace, checked.id;
	RETURN true;
END
$$;
COMMENT ON FUNCTION tsmem._do_forget_document(uuid, text, text, tsmem._row_key, regrole) IS
'internal: the part of forget_document that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_forget_document(uuid, text, text, tsmem._row_key, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.forget_document(document_id uuid, reason text DEFAULT NULL, collection text DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.forget_document(uuid, text, text) IS
'ends the system period of a document of the session''s namespace and of its chunks, which stay in the history with the reason; false when there is none of this id; raises as forget';

CREATE FUNCTION tsmem._compile_filter(filter jsonb, parameter integer, OUT predicate text, OUT operands jsonb[])
AS 'MODULE_PATHNAME', 'tsm_memory_compile_filter' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._compile_filter(jsonb, integer) IS
'internal: a filter as SQL over the columns of tsmem.memory m, made of constants, and the array that its parameter stands for; 22023, 54000';

CREATE FUNCTION tsmem._check_forget_where(collection text, filter jsonb, reason text) RETURNS tsmem._row_key[]
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	found_collection tsmem.collections := tsmem._collection(collection, NULL);
	compiled record;
	keys tsmem._row_key[];
BEGIN
	IF filter IS NULL THEN
		RAISE EXCEPTION 'filter must not be null' USING ERRCODE = 'null_value_not_allowed',
			HINT = 'The filter {} means every memory of the collection.';
	END IF;
	SELECT * INTO compiled FROM tsmem._compile_filter(filter, 2);
	EXECUTE format('SELECT ARRAY(SELECT ROW(m.collection_id, m.namespace, m.memory_id)::tsmem._row_key FROM tsmem.memory m
		WHERE m.collection_id = %s AND tsmem.namespace_covers($1, m.namespace) AND %s ORDER BY m.memory_id, m.namespace FOR UPDATE)',
		found_collection.collection_id, compiled.predicate)
		INTO keys USING tsmem.session_namespace(), compiled.operands;
	RETURN keys;
END
$$;
COMMENT ON FUNCTION tsmem._check_forget_where(text, jsonb, text) IS
'internal: the part of forget_where that runs as the caller: finds and locks';

CREATE FUNCTION tsmem._do_forget_where(collection text, filter jsonb, reason text, checked tsmem._row_key[], caller regrole) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	SELECT tsmem._delete_memories(checked, reason);
END;
COMMENT ON FUNCTION tsmem._do_forget_where(text, jsonb, text, tsmem._row_key[], regrole) IS
'internal: the part of forget_where that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_forget_where(text, jsonb, text, tsmem._row_key[], regrole) FROM PUBLIC;

CREATE FUNCTION tsmem.forget_where(collection text, filter jsonb, reason text DEFAULT NULL) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.forget_where(text, jsonb, text) IS
'forgets the memories of a collection, in the session''s namespace, that a filter matches, and returns how many; raises 42704, 22004, 22023, 54000';

-- Facts.

CREATE FUNCTION tsmem._check_unassert_fact(fact_id uuid, row_start timestamptz, valid_at tstzrange) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	SELECT count(*) FROM tsmem.facts f WHERE f.fact_id = _check_unassert_fact.fact_id
		AND f.row_start = _check_unassert_fact.row_start AND f.valid_at = _check_unassert_fact.valid_at;
END;
COMMENT ON FUNCTION tsmem._check_unassert_fact(uuid, timestamptz, tstzrange) IS
'internal: the part of _unassert_fact that runs as the caller: whether it sees the fact';

CREATE FUNCTION tsmem._do_unassert_fact(fact_id uuid, row_start timestamptz, valid_at tstzrange, checked bigint, caller regrole) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, tsmem, pg_temp
BEGIN ATOMIC
	DELETE FROM tsmem.facts f WHERE checked > 0 AND f.fact_id = _do_unassert_fact.fact_id
		AND f.row_start = _do_unassert_fact.row_start AND f.valid_at = _do_unassert_fact.valid_at;
END;
COMMENT ON FUNCTION tsmem._do_unassert_fact(uuid, timestamptz, tstzrange, bigint, regrole) IS
'internal: the part of _unassert_fact that runs as the owner of the extension';
REVOKE EXECUTE ON FUNCTION tsmem._do_unassert_fact(uuid, timestamptz, tstzrange, bigint, regrole) FROM PUBLIC;

CREATE FUNCTION tsmem._unassert_fact(fact_id uuid, row_start timestamptz, valid_at tstzrange) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_memory_run_checked' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem._unassert_fact(uuid, timestamptz, tstzrange) IS
'internal: takes back a fact that this transaction has asserted; 55000 for any other';

CREATE FUNCTION tsmem._end_facts(namespace text, subject text, predicate text, object jsonb, fact_id uuid, period tstzrange,
	end_reason text, ended_by uuid) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	old tsmem.facts;
	ended tsmem.facts[] := '{}';
BEGIN
	-- The newest first: if the system time has to move on, then before anything is ended.
	FOR old IN SELECT f.* FROM tsmem.facts f
		WHERE f.namespace = _end_facts.namespace AND f.subject = _end_facts.subject AND f.predicate = _end_facts.predicate
			AND f.row_end = 'infinity' AND f.valid_at && period
			AND (_end_facts.object IS NULL OR f.object = _end_facts.object)
			AND (_end_facts.fact_id IS NULL OR f.fact_id = _end_facts.fact_id)
		ORDER BY f.row_start DESC, f.fact_id, f.valid_at
	LOOP
		-- What this transaction has asserted itself was never believed.
		IF old.row_xid = pg_current_xact_id() AND old.row_start >= transaction_timestamp() THEN
			PERFORM tsmem._unassert_fact(old.fact_id, old.row_start, old.valid_at);
		ELSE
			UPDATE tsmem.facts f SET row_end = transaction_timestamp(), end_reason = _end_facts.end_reason, ended_by = _end_facts.ended_by
			WHERE f.fact_id = old.fact_id AND f.row_start = old.row_start AND f.valid_at = old.valid_at;
		END IF;
		ended := ended || old;
	END LOOP;
	-- What is left of their valid time goes on.
	INSERT INTO tsmem.facts (fact_id, namespace, subject, predicate, object, valid_at, cardinality, confidence, source, reason, run_id)
	SELECT e.fact_id, e.namespace, e.subject, e.predicate, e.object, rest, e.cardinality, e.confidence, e.source, e.reason, e.run_id
	FROM unnest(ended) e, unnest(tstzmultirange(e.valid_at) - tstzmultirange(period)) rest;
	RETURN cardinality(ended);
END
$$;
COMMENT ON FUNCTION tsmem._end_facts(text, text, text, jsonb, uuid, tstzrange, text, uuid) IS
'internal: ends belief in facts for a period; what they say of other times goes on; returns how many rows were ended';

CREATE FUNCTION tsmem._check_fact(subject text, predicate text, object jsonb, valid_at tstzrange, cardinality text, confidence real) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF subject IS NULL OR predicate IS NULL OR object IS NULL THEN
		RAISE EXCEPTION 'subject, predicate and object must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF subject = '' OR predicate = '' THEN
		RAISE EXCEPTION 'subject and predicate must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF octet_length(subject) + octet_length(predicate) > 1024 THEN
		RAISE EXCEPTION 'subject and predicate have more than 1024 bytes' USING ERRCODE = 'program_limit_exceeded';
	ELSIF isempty(valid_at) THEN
		RAISE EXCEPTION 'valid_at must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF cardinality NOT IN ('one', 'many') OR cardinality IS NULL THEN
		RAISE EXCEPTION 'cardinality must be "one" or "many"' USING ERRCODE = 'invalid_parameter_value';
	ELSIF NOT confidence BETWEEN 0 AND 1 THEN
		RAISE EXCEPTION 'confidence must be between 0 and 1' USING ERRCODE = 'invalid_parameter_value';
	END IF;
END
$$;
COMMENT ON FUNCTION tsmem._check_fact(text, text, jsonb, tstzrange, text, real) IS 'internal: refuses what cannot be a fact: 22004, 22023, 54000';

CREATE FUNCTION tsmem.assert_fact(subject text, predicate text, object jsonb, valid_at tstzrange DEFAULT NULL,
	cardinality text DEFAULT 'one', confidence real DEFAULT NULL, source text DEFAULT NULL, reason text DEFAULT NULL,
	run_id uuid DEFAULT NULL, namespace text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	own text := tsmem._require_namespace(assert_fact.namespace);
	period tstzrange := coalesce(assert_fact.valid_at, tstzrange(transaction_timestamp(), NULL));
	id uuid;
BEGIN
	PERFORM tsmem._check_fact(assert_fact.subject, assert_fact.predicate, assert_fact.object, period, assert_fact.cardinality, assert_fact.confidence);
	PERFORM tsmem._lock_fact(own, assert_fact.subject, assert_fact.predicate);
	SELECT f.fact_id INTO id FROM tsmem.facts f
	WHERE f.namespace = own AND f.subject = assert_fact.subject AND f.predicate = assert_fact.predicate AND f.row_end = 'infinity'
		AND f.object = assert_fact.object AND f.valid_at = period AND f.cardinality = assert_fact.cardinality
		AND f.confidence IS NOT DISTINCT FROM assert_fact.confidence AND f.source IS NOT DISTINCT FROM assert_fact.source
		AND f.reason IS NOT DISTINCT FROM assert_fact.reason AND f.run_id IS NOT DISTINCT FROM assert_fact.run_id
	ORDER BY f.fact_id LIMIT 1;
	IF FOUND THEN
		RETURN id;
	END IF;
	IF EXISTS (SELECT FROM tsmem.facts f
		WHERE f.namespace = own AND f.subject = assert_fact.subject AND f.predicate = assert_fact.predicate AND f.row_end = 'infinity'
			AND f.cardinality <> assert_fact.cardinality AND f.valid_at && period) THEN
		RAISE EXCEPTION 'predicate "%" of subject "%" is held with another cardinality', assert_fact.predicate, assert_fact.subject
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Assert it with the same cardinality, or retract what is held first.';
	END IF;
	id := gen_random_uuid();
	IF assert_fact.cardinality = 'one' THEN
		PERFORM tsmem._end_facts(own, assert_fact.subject, assert_fact.predicate, NULL, NULL, period, assert_fact.reason, id);
	END IF;
	INSERT INTO tsmem.facts (fact_id, namespace, subject, predicate, object, valid_at, cardinality, confidence, source, reason, run_id)
	VALUES (id, own, assert_fact.subject, assert_fact.predicate, assert_fact.object, period, assert_fact.cardinality,
		assert_fact.confidence, assert_fact.source, assert_fact.reason, assert_fact.run_id);
	RETURN id;
END
$$;
COMMENT ON FUNCTION tsmem.assert_fact(text, text, jsonb, tstzrange, text, real, text, text, uuid, text) IS
'holds a fact true of valid_at (from now on where NULL) and returns its id; of cardinality one it takes the place of what was held of that time; the same assertion again changes nothing; raises 22004, 22023, 42501, 40001, 2201H, 54000';

CREATE FUNCTION tsmem.retract_fact(subject text DEFAULT NULL, predicate text DEFAULT NULL, object jsonb DEFAULT NULL,
	valid_at tstzrange DEFAULT NULL, reason text DEFAULT NULL, fact_id uuid DEFAULT NULL, namespace text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, tsmem, pg_temp
AS $$
DECLARE
	own text := tsmem._require_namespace(retract_fact.namespace);
	of_subject text := retract_fact.subject;
	of_predicate text := retract_fact.predicate;
BEGIN
	IF isempty(retract_fact.valid_at) THEN
		RAISE EXCEPTION 'valid_at must not be empty' USING ERRCODE = 'invalid_parameter_value';
	ELSIF retract_fact.fact_id IS NOT NULL THEN
		SELECT f.namespace, f.subject, f.predicate INTO own, of_subject, of_predicate FROM tsmem.facts f
		WHERE f.fact_id = retract_fact.fact_id AND tsmem.namespace_covers(own, f.namespace)
			AND (retract_fact.subject IS NULL OR f.subject = retract_fact.subject)
			AND (retract_fact.predicate IS NULL OR f.predicate = retract_fact.predicate) LIMIT 1;
		IF NOT FOUND THEN
			RETURN 0;
		END IF;
	ELSIF of_subject IS NULL OR of_predicate IS NULL THEN
		RAISE EXCEPTION 'subject and predicate, or fact_id, must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM tsmem._lock_fact(own, of_subject, of_predicate);
	RETURN tsmem._end_facts(own, of_subject, of_predicate, retract_fact.object, retract_fact.fact_id,
		coalesce(retract_fact.valid_at, '(,)'), retract_fact.reason, NULL);
END
$$;
COMMENT ON FUNCTION tsmem.retract_fact(text, text, jsonb, tstzrange, text, uuid, text) IS
'ends belief in what is held of a subject and predicate (of one object, of one assertion where given) for valid_at (all time where NULL); returns how many rows were ended; raises 22004, 22023, 42501, 40001, 2201H';

CREATE FUNCTION tsmem.believe(subject text DEFAULT NULL, predicate text DEFAULT NULL, valid_at timestamptz DEFAULT pg_catalog.now(),
	system_at timestamptz DEFAULT NULL, namespace text DEFAULT NULL) RETURNS SETOF tsmem.facts
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT f.* FROM tsmem.facts f
	WHERE f.namespace >= coalesce(believe.namespace, tsmem.session_namespace())
		AND tsmem.namespace_covers(coalesce(believe.namespace, tsmem.session_namespace()), f.namespace)
		AND (believe.subject IS NULL OR f.subject = believe.subject)
		AND (believe.predicate IS NULL OR f.predicate = believe.predicate)
		AND (believe.valid_at IS NULL OR f.valid_at @> believe.valid_at)
		AND (believe.system_at IS NOT NULL OR f.row_end = 'infinity')
		AND (believe.system_at IS NULL OR (f.row_start <= believe.system_at AND (f.row_end > believe.system_at OR f.row_end = 'infinity')))
	ORDER BY f.namespace, f.subject, f.predicate, f.valid_at, f.object, f.fact_id;
END;
COMMENT ON FUNCTION tsmem.believe(text, text, timestamptz, timestamptz, text) IS
'what was held true of valid_at (NULL: of any time) at system_at (NULL: now), in a namespace and those below it; subject and predicate NULL: any';

CREATE FUNCTION tsmem.belief_diff(namespace text, system_a timestamptz, system_b timestamptz, subject text DEFAULT NULL,
	predicate text DEFAULT NULL, OUT namespace text, OUT subject text, OUT predicate text, OUT change text, OUT valid_at tstzrange,
	OUT object_a jsonb, OUT object_b jsonb, OUT confidence_a real, OUT confidence_b real) RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	WITH seen AS (
		SELECT f.*, f.row_start <= t.a AND (f.row_end > t.a OR f.row_end = 'infinity') AS at_a,
			f.row_start <= t.b AND (f.row_end > t.b OR f.row_end = 'infinity') AS at_b
		FROM tsmem.facts f, (SELECT coalesce(system_a, 'infinity') AS a, coalesce(system_b, 'infinity') AS b) t
		WHERE f.namespace >= coalesce(belief_diff.namespace, tsmem.session_namespace())
			AND tsmem.namespace_covers(coalesce(belief_diff.namespace, tsmem.session_namespace()), f.namespace)
			AND (belief_diff.subject IS NULL OR f.subject = belief_diff.subject) AND (belief_diff.predicate IS NULL OR f.predicate = belief_diff.predicate)
	), held AS (
		SELECT s.namespace, s.subject, s.predicate, s.cardinality, s.object, s.confidence,
			coalesce(pg_catalog.range_agg(s.valid_at) FILTER (WHERE s.at_a), '{}') AS a,
			coalesce(pg_catalog.range_agg(s.valid_at) FILTER (WHERE s.at_b), '{}') AS b
		FROM seen s
		WHERE s.at_a OR s.at_b
		GROUP BY s.namespace, s.subject, s.predicate, s.cardinality, s.object, s.confidence
	), compared AS (
		-- The cardinality alone is no difference: the same is held true.
		SELECT h.*, pg_catalog.range_agg(h.a) OVER same AS all_a, pg_catalog.range_agg(h.b) OVER same AS all_b FROM held h
		WINDOW same AS (PARTITION BY h.namespace, h.subject, h.predicate, h.object, h.confidence)
	), gone AS (
		SELECT h.*, h.a - h.all_b AS valid FROM compared h WHERE NOT isempty(h.a - h.all_b)
	), come AS (
		SELECT h.*, h.b - h.all_a AS valid FROM compared h WHERE NOT isempty(h.b - h.all_a)
	), changed AS (
		SELECT g.namespace, g.subject, g.predicate, g.valid * c.valid AS valid, g.object AS object_a, c.object AS object_b,
			g.confidence AS confidence_a, c.confidence AS confidence_b
		FROM gone g JOIN come c ON c.namespace = g.namespace AND c.subject = g.subject AND c.predicate = g.predicate
			AND (g.cardinality = 'one' AND c.cardinality = 'one' OR g.object = c.object)
		WHERE g.valid && c.valid
	), removed AS (
		SELECT g.*, g.valid - coalesce((SELECT pg_catalog.range_agg(r) FROM changed c, unnest(c.valid) r
			WHERE c.namespace = g.namespace AND c.subject = g.subject AND c.predicate = g.predicate
				AND c.object_a = g.object AND c.confidence_a IS NOT DISTINCT FROM g.confidence), '{}') AS rest
		FROM gone g
	), added AS (
		SELECT g.*, g.valid - coalesce((SELECT pg_catalog.range_agg(r) FROM changed c, unnest(c.valid) r
			WHERE c.namespace = g.namespace AND c.subject = g.subject AND c.predicate = g.predicate
				AND c.object_b = g.object AND c.confidence_b IS NOT DISTINCT FROM g.confidence), '{}') AS rest
		FROM come g
	)
	SELECT d.* FROM (
		SELECT c.namespace, c.subject, c.predicate, 'changed' AS change, r AS valid_at, c.object_a, c.object_b, c.confidence_a, c.confidence_b
		FROM changed c, unnest(c.valid) r
		UNION ALL
		SELECT g.namespace, g.subject, g.predicate, 'removed', r, g.object, NULL, g.confidence, NULL FROM removed g, unnest(g.rest) r
		UNION ALL
		SELECT g.namespace, g.subject, g.predicate, 'added', r, NULL, g.object, NULL, g.confidence FROM added g, unnest(g.rest) r) d
	ORDER BY 1, 2, 3, 5, 4, 6, 7;
END;
COMMENT ON FUNCTION tsmem.belief_diff(text, timestamptz, timestamptz, text, text) IS
'what is held true differently at two system times (NULL: now), in a namespace and those below it: changed, removed or added, of which valid time';

-- Recall.

CREATE FUNCTION tsmem._any_word(config regconfig, query text) RETURNS tsquery
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	words text[] := tsvector_to_array(to_tsvector(config, query));
BEGIN
	-- The tree of a tsquery is as deep as it has words.
	IF cardinality(words) > 2000 THEN
		RAISE EXCEPTION 'query has too many words' USING ERRCODE = 'program_limit_exceeded',
			DETAIL = format('There are %s different ones; the limit is 2000.', cardinality(words));
	END IF;
	RETURN (SELECT string_agg('''' || replace(replace(w, '\', '\\'), '''', '''''') || '''', ' | ' ORDER BY w COLLATE "C")::tsquery
		FROM unnest(words) w);
END
$$;
COMMENT ON FUNCTION tsmem._any_word(regconfig, text) IS
'internal: a query for texts with any of the words; NULL without words; 54000 for more than 2000';

CREATE FUNCTION tsmem.recall(collection text, query text DEFAULT NULL, embedding tsmem.vector DEFAULT NULL, near tsmem.stbox DEFAULT NULL,
	within double precision DEFAULT NULL, valid_at timestamptz DEFAULT NULL, system_at timestamptz DEFAULT NULL, filter jsonb DEFAULT NULL,
	k integer DEFAULT 10, weights jsonb DEFAULT NULL, diversity double precision DEFAULT 0, decay_half_life interval DEFAULT NULL,
	after text DEFAULT NULL, OUT memory_id uuid, OUT content text, OUT metadata jsonb, OUT valid_at tstzrange, OUT score double precision,
	OUT text_rank integer, OUT vector_rank integer, OUT space_rank integer, OUT time_rank integer, OUT importance_rank integer,
	OUT cursor text) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_memory_recall' LANGUAGE C STABLE ROWS 10 COST 10000
SET search_path = pg_catalog, tsmem, pg_temp;
COMMENT ON FUNCTION tsmem.recall(text, text, tsmem.vector, tsmem.stbox, double precision, timestamptz, timestamptz, jsonb, integer, jsonb, double precision, interval, text) IS
'the k memories that fit best by text, meaning, place, time and importance, fused by reciprocal rank, each with its rank in every arm; raises 42704, 22004, 22023, 22000, 54000';
