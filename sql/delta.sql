-- delta: the registry of versioned tables and the protection of their history
-- Rows about tables of the extension itself come with CREATE EXTENSION, so a dump leaves them out.

CREATE TABLE tsmem.versioned_tables (
	rel regclass CONSTRAINT versioned_tables_pkey PRIMARY KEY,
	history regclass NOT NULL CONSTRAINT versioned_tables_history_key UNIQUE,
	versions regclass,
	functions name[] NOT NULL,
	key_columns name[] NOT NULL,
	disjoint_keys boolean NOT NULL,
	excluded_columns name[] NOT NULL,
	added_columns boolean NOT NULL,
	options jsonb NOT NULL,
	since timestamptz NOT NULL,
	system_identifier int8 NOT NULL,
	horizon timestamptz NOT NULL,
	horizon_xid xid8 NOT NULL
);
COMMENT ON TABLE tsmem.versioned_tables IS
'system-versioned tables; written by tsmem alone';
COMMENT ON COLUMN tsmem.versioned_tables.rel IS 'the versioned table';
COMMENT ON COLUMN tsmem.versioned_tables.history IS 'the table that holds its former versions';
COMMENT ON COLUMN tsmem.versioned_tables.versions IS 'the view of all its versions, if one was made';
COMMENT ON COLUMN tsmem.versioned_tables.functions IS 'names of the functions generated for it, in its schema';
COMMENT ON COLUMN tsmem.versioned_tables.key_columns IS 'columns that tell its rows apart; empty without a key';
COMMENT ON COLUMN tsmem.versioned_tables.disjoint_keys IS 'whether a key has one version at a time (false with a temporal key)';
COMMENT ON COLUMN tsmem.versioned_tables.excluded_columns IS 'columns whose change alone makes no new version';
COMMENT ON COLUMN tsmem.versioned_tables.added_columns IS 'whether row_start and row_xid were added with the versioning';
COMMENT ON COLUMN tsmem.versioned_tables.options IS 'history options, as validated';
COMMENT ON COLUMN tsmem.versioned_tables.since IS 'from when on row_xid and row_end_xid are transactions of this cluster';
COMMENT ON COLUMN tsmem.versioned_tables.system_identifier IS 'the cluster that wrote the transaction ids';
COMMENT ON COLUMN tsmem.versioned_tables.horizon IS 'history that ended before it may have been removed';
COMMENT ON COLUMN tsmem.versioned_tables.horizon_xid IS 'snapshots that did not see all transactions before it may have seen what was removed';
SELECT pg_catalog.pg_extension_config_dump('tsmem.versioned_tables',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = rel AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.versioned_tables TO PUBLIC;

CREATE FUNCTION tsmem._loaded() RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_delta_loaded' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._loaded() IS 'internal: true; the planner evaluates it, which loads the library before paths are made';

CREATE FUNCTION tsmem._horizon_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_delta_horizon_support' LANGUAGE C STRICT;
COMMENT ON FUNCTION tsmem._horizon_support(internal) IS 'internal: tells the planner that nothing was removed from a history';

CREATE FUNCTION tsmem._within_horizon(rel regclass, system_time timestamptz) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_delta_within_horizon' LANGUAGE C STABLE STRICT PARALLEL SAFE
SUPPORT tsmem._horizon_support;
COMMENT ON FUNCTION tsmem._within_horizon(regclass, timestamptz) IS
'internal: true, or an error (22008): the history of a table does not reach back to a time';

CREATE FUNCTION tsmem._protect_history() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_delta_protect_history_trigger' LANGUAGE C;
COMMENT ON FUNCTION tsmem._protect_history() IS 'internal: refuses changes of a history table (42501)';

CREATE FUNCTION tsmem._stamp_registration() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_delta_stamp_registration' LANGUAGE C;
COMMENT ON FUNCTION tsmem._stamp_registration() IS 'internal: marks a restored registration with this cluster and time';

CREATE TRIGGER stamp_registration BEFORE INSERT ON tsmem.versioned_tables
FOR EACH ROW EXECUTE FUNCTION tsmem._stamp_registration();
ALTER TABLE tsmem.versioned_tables ENABLE ALWAYS TRIGGER stamp_registration;

CREATE FUNCTION tsmem._forget_dropped_tables() RETURNS event_trigger
AS 'MODULE_PATHNAME', 'tsm_delta_forget_dropped_trigger' LANGUAGE C;
COMMENT ON FUNCTION tsmem._forget_dropped_tables() IS 'internal: removes the registration of a dropped table';

CREATE EVENT TRIGGER tsmem_forget_dropped_tables ON sql_drop
EXECUTE FUNCTION tsmem._forget_dropped_tables();
COMMENT ON EVENT TRIGGER tsmem_forget_dropped_tables IS 'removes the registration of dropped tables';
ALTER EVENT TRIGGER tsmem_forget_dropped_tables ENABLE ALWAYS;

-- Folded history
-- Rows about tables of the extension itself come with CREATE EXTENSION, so a dump leaves them out.

CREATE TABLE tsmem.segment_tables (
	history regclass CONSTRAINT segment_tables_pkey PRIMARY KEY,
	segments regclass NOT NULL CONSTRAINT segment_tables_segments_key UNIQUE,
	folded regclass NOT NULL CONSTRAINT segment_tables_folded_key UNIQUE,
	options jsonb NOT NULL
);
COMMENT ON TABLE tsmem.segment_tables IS 'where the folded part of a history is; written by tsmem alone';
COMMENT ON COLUMN tsmem.segment_tables.history IS 'the history of a versioned table; its rows are the tail';
COMMENT ON COLUMN tsmem.segment_tables.segments IS 'the table of its segments, a row a block';
COMMENT ON COLUMN tsmem.segment_tables.folded IS 'the foreign table that gives the versions in segments to queries; inherits the history';
COMMENT ON COLUMN tsmem.segment_tables.options IS 'how it is folded, as set';
SELECT pg_catalog.pg_extension_config_dump('tsmem.segment_tables',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = history AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.segment_tables TO PUBLIC;

CREATE TABLE tsmem.segment_columns (
	history regclass,
	schema_id int4,
	number int4,
	column_name name,
	kind text NOT NULL,
	length int4 NOT NULL,
	types regtype[] NOT NULL,
	typmods int4[] NOT NULL,
	missing text,
	CONSTRAINT segment_columns_pkey PRIMARY KEY (history, schema_id, number)
);
COMMENT ON TABLE tsmem.segment_columns IS 'what segments hold; written by tsmem alone';
COMMENT ON COLUMN tsmem.segment_columns.history IS 'the history of a versioned table';
COMMENT ON COLUMN tsmem.segment_columns.schema_id IS 'the number that segments name';
COMMENT ON COLUMN tsmem.segment_columns.number IS 'the place of the column in blocks, from 1; columns that blocks lack come after those';
COMMENT ON COLUMN tsmem.segment_columns.column_name IS 'its name now; null when it was dropped';
COMMENT ON COLUMN tsmem.segment_columns.kind IS 'how its values are kept: int, float, fixed, bytes, text; missing for a column that blocks lack';
COMMENT ON COLUMN tsmem.segment_columns.length IS 'bytes of a value of kind int, float or fixed, else 0';
COMMENT ON COLUMN tsmem.segment_columns.types IS 'its type in blocks, then those it was changed to, up to that of now; of a domain the type below';
COMMENT ON COLUMN tsmem.segment_columns.typmods IS 'their modifiers';
COMMENT ON COLUMN tsmem.segment_columns.missing IS 'the value, as text, of versions that lack it';
SELECT pg_catalog.pg_extension_config_dump('tsmem.segment_columns',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = history AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.segment_columns TO PUBLIC;

CREATE FUNCTION tsmem._segments_handler() RETURNS fdw_handler
AS 'MODULE_PATHNAME', 'tsm_delta_segments_handler' LANGUAGE C STRICT;
COMMENT ON FUNCTION tsmem._segments_handler() IS 'internal: the handler of foreign data wrapper tsmem_segments';

CREATE FOREIGN DATA WRAPPER tsmem_segments HANDLER tsmem._segments_handler;
COMMENT ON FOREIGN DATA WRAPPER tsmem_segments IS 'reads folded versions for queries; its foreign tables are made by tsmem alone';

CREATE SERVER tsmem_segments FOREIGN DATA WRAPPER tsmem_segments;
COMMENT ON SERVER tsmem_segments IS 'the segments of the histories of this database';
GRANT USAGE ON FOREIGN SERVER tsmem_segments TO PUBLIC;

CREATE FUNCTION tsmem.fold(rel regclass, older_than interval DEFAULT '0', max_versions int4 DEFAULT 100000,
	OUT versions int8, OUT segments int8, OUT bytes_before int8, OUT bytes_after int8)
AS 'MODULE_PATHNAME', 'tsm_delta_fold' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.fold(regclass, interval, int4) IS 'moves former versions from rows into compressed segments';

CREATE FUNCTION tsmem.merge(rel regclass, max_segments int4 DEFAULT 10000,
	OUT segments_before int8, OUT segments_after int8, OUT bytes_before int8, OUT bytes_after int8)
AS 'MODULE_PATHNAME', 'tsm_delta_merge' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.merge(regclass, int4) IS 'writes segments anew that are small, too large or of an old schema';

CREATE FUNCTION tsmem.unfold(rel regclass) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_delta_unfold' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.unfold(regclass) IS 'moves all former versions from segments back into rows';

-- Removal of history

CREATE FUNCTION tsmem.prune(rel regclass, before timestamptz, max_versions int8 DEFAULT NULL,
	OUT versions int8, OUT segments int8, OUT rewritten int8, OUT bytes int8)
AS 'MODULE_PATHNAME', 'tsm_delta_prune' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.prune(regclass, timestamptz, int8) IS
'removes versions that ended at a time or before, and raises the horizon to it: nobody reads as of a time before';

CREATE PROCEDURE tsmem.prune_all(rel regclass, before timestamptz, batch_size int8 DEFAULT 100000)
AS 'MODULE_PATHNAME', 'tsm_delta_prune_all' LANGUAGE C;
COMMENT ON PROCEDURE tsmem.prune_all(regclass, timestamptz, int8) IS
'raises the horizon and commits, then removes the versions that ended by then, committing after each batch';

CREATE FUNCTION tsmem.verify(rel regclass, OUT segment tid, OUT problem text) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_delta_verify' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.verify(regclass) IS 'what is wrong with the segments of a table; no rows where all is well';
