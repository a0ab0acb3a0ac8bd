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

CREATE FUNCTION tsmem._adopt_store() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_delta_adopt_store' LANGUAGE C;
COMMENT ON FUNCTION tsmem._adopt_store() IS 'internal: binds a restored store of folded versions to its history';

CREATE TRIGGER adopt_store AFTER INSERT ON tsmem.segment_tables
FOR EACH ROW EXECUTE FUNCTION tsmem._adopt_store();
ALTER TABLE tsmem.segment_tables ENABLE ALWAYS TRIGGER adopt_store;

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
	encoding name NOT NULL,
	CONSTRAINT segment_columns_pkey PRIMARY KEY (history, schema_id, number)
);
COMMENT ON TABLE tsmem.segment_columns IS 'what segments hold; written by tsmem alone';
COMMENT ON COLUMN tsmem.segment_columns.history IS 'the history of a versioned table';
COMMENT ON COLUMN tsmem.segment_columns.schema_id IS 'the number that segments name';
COMMENT ON COLUMN tsmem.segment_columns.number IS 'the place of the column in blocks, from 1; columns that blocks lack come after those; 0 in the only row of a schema without columns';
COMMENT ON COLUMN tsmem.segment_columns.column_name IS 'its name now; null when it was dropped';
COMMENT ON COLUMN tsmem.segment_columns.kind IS 'how its values are kept: int, float, fixed, bytes, text; missing for a column that blocks lack';
COMMENT ON COLUMN tsmem.segment_columns.length IS 'bytes of a value of kind int, float or fixed, else 0';
COMMENT ON COLUMN tsmem.segment_columns.types IS 'its type in blocks, then those it was changed to, up to that of now; of a domain the type below';
COMMENT ON COLUMN tsmem.segment_columns.typmods IS 'their modifiers';
COMMENT ON COLUMN tsmem.segment_columns.missing IS 'the value, as text, of versions that lack it';
COMMENT ON COLUMN tsmem.segment_columns.encoding IS 'that of the database that wrote the schema';
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

CREATE FUNCTION tsmem.prewarm(rel regclass, period tstzrange DEFAULT NULL) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_delta_prewarm' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.prewarm(regclass, tstzrange) IS 'expands folded history into the cache of the session, until that is full; gives how many frames';

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

-- Erasure

CREATE TABLE tsmem.tombstones (
	rel regclass NOT NULL,
	key_hash bytea NOT NULL,
	erased_at timestamptz NOT NULL,
	erased_by name NOT NULL,
	reason text
);
CREATE INDEX tombstones_key_idx ON tsmem.tombstones (rel, key_hash);
COMMENT ON TABLE tsmem.tombstones IS 'what was erased, without saying what it was; written by tsmem alone';
COMMENT ON COLUMN tsmem.tombstones.rel IS 'the table';
COMMENT ON COLUMN tsmem.tombstones.key_hash IS 'SHA-256 of hashes of the key: who can guess a key can try it';
COMMENT ON COLUMN tsmem.tombstones.erased_at IS 'start of the transaction that erased it';
COMMENT ON COLUMN tsmem.tombstones.erased_by IS 'the role that did';
COMMENT ON COLUMN tsmem.tombstones.reason IS 'why, as given';
SELECT pg_catalog.pg_extension_config_dump('tsmem.tombstones',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = rel AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.tombstones TO PUBLIC;

CREATE FUNCTION tsmem.erase(rel regclass, key jsonb, reason text DEFAULT NULL,
	OUT current_rows int8, OUT tail_versions int8, OUT segment_versions int8)
AS 'MODULE_PATHNAME', 'tsm_delta_erase' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.erase(regclass, jsonb, text) IS
'deletes the rows of an entity and removes all its former versions; leaves a tombstone';

CREATE FUNCTION tsmem.is_erased(rel regclass, key jsonb) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_delta_is_erased' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.is_erased(regclass, jsonb) IS 'whether an entity with this key was erased once';
CREATE FUNCTION tsmem.chain(rel regclass, key jsonb, OUT number int8, OUT row_start timestamptz, OUT row_end timestamptz,
	OUT place text, OUT segment tid, OUT frame int4, OUT bytes_raw int8, OUT bytes_stored int8, OUT changed name[]) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_delta_chain' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION tsmem.chain(regclass, jsonb) IS 'the versions of an entity, oldest first: where each lies, what it takes, what it changed';

CREATE FUNCTION tsmem.draw_chain(rel regclass, key jsonb, width int4 DEFAULT 120, ascii boolean DEFAULT false) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_delta_draw_chain' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION tsmem.draw_chain(regclass, jsonb, int4, boolean) IS 'the versions of an entity as a timeline, to be read in psql';

CREATE FUNCTION tsmem.verify(rel regclass, OUT segment tid, OUT problem text) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_delta_verify' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.verify(regclass) IS 'what is wrong with the folded history of a table; no rows where all is well';

CREATE FUNCTION tsmem.verify(OUT rel regclass, OUT segment tid, OUT problem text) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_delta_verify_all' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.verify() IS 'what is wrong with the folded histories of the tables of the caller; no rows where all is well';

-- Options and maintenance of folded history
-- What is remembered of folds means nothing in another cluster: it is not dumped.

CREATE TABLE tsmem.segment_folds (
	history regclass CONSTRAINT segment_folds_pkey PRIMARY KEY,
	last_fold timestamptz,
	versions int8 NOT NULL,
	row_bytes int8 NOT NULL,
	merged int8 NOT NULL,
	next_look timestamptz
);
COMMENT ON TABLE tsmem.segment_folds IS 'what is remembered of the folds of a history; written by tsmem alone';
COMMENT ON COLUMN tsmem.segment_folds.history IS 'the history of a versioned table';
COMMENT ON COLUMN tsmem.segment_folds.last_fold IS 'when versions of it were folded last';
COMMENT ON COLUMN tsmem.segment_folds.versions IS 'how many have been folded';
COMMENT ON COLUMN tsmem.segment_folds.row_bytes IS 'bytes that these took as rows, without indexes';
COMMENT ON COLUMN tsmem.segment_folds.merged IS 'how many had been when segments were merged last';
COMMENT ON COLUMN tsmem.segment_folds.next_look IS 'before that enough versions to fold cannot be due; null: look at any time';

CREATE TABLE tsmem.fold_progress (
	pid int4 NOT NULL,
	statement_start timestamptz NOT NULL,
	rel regclass NOT NULL,
	phase text NOT NULL,
	versions_total int8 NOT NULL,
	versions_done int8 NOT NULL,
	segments_added int8 NOT NULL,
	started timestamptz NOT NULL
);
COMMENT ON TABLE tsmem.fold_progress IS 'where long folds are, and were when they were cancelled; written by tsmem alone, read through tsmem.stat_progress_fold';
COMMENT ON COLUMN tsmem.fold_progress.pid IS 'the process that folds';
COMMENT ON COLUMN tsmem.fold_progress.statement_start IS 'when its statement began';
COMMENT ON COLUMN tsmem.fold_progress.rel IS 'the versioned table';
COMMENT ON COLUMN tsmem.fold_progress.phase IS 'what it does';
COMMENT ON COLUMN tsmem.fold_progress.versions_total IS 'versions that were due when it began';
COMMENT ON COLUMN tsmem.fold_progress.versions_done IS 'versions folded, or pruned, and committed';
COMMENT ON COLUMN tsmem.fold_progress.segments_added IS 'segments by which the table of segments grew';
COMMENT ON COLUMN tsmem.fold_progress.started IS 'when it began with this table';

CREATE VIEW tsmem.stat_progress_fold AS
SELECT p.pid, pg_catalog.current_database() AS datname, p.rel, p.phase, p.versions_total, p.versions_done, p.segments_added, p.started
FROM tsmem.fold_progress p
JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) p.pid
WHERE (a.state OPERATOR(pg_catalog.=) 'active' AND a.query_start OPERATOR(pg_catalog.=) p.statement_start)
	OR a.state OPERATOR(pg_catalog.=) 'disabled';
COMMENT ON VIEW tsmem.stat_progress_fold IS 'a row a fold_all or maintain under way in this database, of sessions that pg_stat_activity shows to the current user';
COMMENT ON COLUMN tsmem.stat_progress_fold.pid IS 'the process that folds';
COMMENT ON COLUMN tsmem.stat_progress_fold.datname IS 'the database';
COMMENT ON COLUMN tsmem.stat_progress_fold.rel IS 'the versioned table';
COMMENT ON COLUMN tsmem.stat_progress_fold.phase IS 'what it does: pruning, folding, merging';
COMMENT ON COLUMN tsmem.stat_progress_fold.versions_total IS 'versions that were due when it began';
COMMENT ON COLUMN tsmem.stat_progress_fold.versions_done IS 'versions folded, or pruned, and committed';
COMMENT ON COLUMN tsmem.stat_progress_fold.segments_added IS 'segments by which the table of segments grew';
COMMENT ON COLUMN tsmem.stat_progress_fold.started IS 'when it began with this table';
GRANT SELECT ON tsmem.stat_progress_fold TO PUBLIC;

CREATE FUNCTION tsmem.set_delta_options(rel regclass, frame_rows int4 DEFAULT NULL, level int4 DEFAULT NULL,
	block_size int4 DEFAULT NULL, zones name[] DEFAULT NULL, fold_after interval DEFAULT NULL, fold_when int4 DEFAULT NULL,
	retention interval DEFAULT NULL, worker boolean DEFAULT NULL, reset name[] DEFAULT NULL) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_delta_set_options' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.set_delta_options(regclass, int4, int4, int4, name[], interval, int4, interval, boolean, name[]) IS
'sets how the history of a table is folded; gives the options that are set';

CREATE PROCEDURE tsmem.fold_all(rel regclass, older_than interval DEFAULT NULL, batch int4 DEFAULT 100000)
AS 'MODULE_PATHNAME', 'tsm_delta_fold_all' LANGUAGE C;
COMMENT ON PROCEDURE tsmem.fold_all(regclass, interval, int4) IS 'folds all former versions of a table, committing a batch at a time';

CREATE PROCEDURE tsmem.maintain(rel regclass DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tsm_delta_maintain' LANGUAGE C;
COMMENT ON PROCEDURE tsmem.maintain(regclass) IS 'folds what is due, of one table or of all of the caller; for a scheduler';

-- Statistics of histories

CREATE FUNCTION tsmem._history_counts(rel regclass, OUT tail_versions int8, OUT segments int8, OUT segment_versions int8,
	OUT estimated boolean, OUT cache_hits int8, OUT cache_misses int8)
AS 'MODULE_PATHNAME', 'tsm_delta_history_counts' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION tsmem._history_counts(regclass) IS 'internal: versions and segments of a table that the current user may read; counted by a sample where there are many';

CREATE VIEW tsmem.stat_delta AS
SELECT d.rel, d.tail_versions, d.tail_bytes, d.segment_versions, d.segments, d.segment_bytes, d.estimated,
	d.row_bytes_per_version::pg_catalog.numeric(20, 1) AS row_bytes_per_version,
	d.segment_bytes_per_version::pg_catalog.numeric(20, 1) AS segment_bytes_per_version,
	pg_catalog.round(d.row_bytes_per_version OPERATOR(pg_catalog./) d.segment_bytes_per_version, 1) AS ratio,
	d.last_fold, d.folded_versions, d.cache_hits, d.cache_misses
FROM (
	SELECT v.rel, c.tail_versions, pg_catalog.pg_total_relation_size(v.history) AS tail_bytes, c.segment_versions, c.segments,
		CASE WHEN s.segments IS NULL THEN 0::pg_catalog.int8 ELSE pg_catalog.pg_total_relation_size(s.segments) END AS segment_bytes,
		c.estimated,
		f.row_bytes OPERATOR(pg_catalog./) NULLIF(f.versions, 0)::pg_catalog.numeric AS row_bytes_per_version,
		pg_catalog.pg_total_relation_size(s.segments) OPERATOR(pg_catalog./) NULLIF(c.segment_versions, 0)::pg_catalog.numeric
			AS segment_bytes_per_version,
		f.last_fold, COALESCE(f.versions, 0) AS folded_versions, c.cache_hits, c.cache_misses
	FROM tsmem.versioned_tables v
	CROSS JOIN LATERAL tsmem._history_counts(v.rel) c
	LEFT JOIN tsmem.segment_tables s ON s.history OPERATOR(pg_catalog.=) v.history::pg_catalog.oid
	LEFT JOIN tsmem.segment_folds f ON f.history OPERATOR(pg_catalog.=) v.history::pg_catalog.oid
	WHERE c.estimated IS NOT NULL) d;
COMMENT ON VIEW tsmem.stat_delta IS 'what histories take: a row a versioned table that the current user may read';
COMMENT ON COLUMN tsmem.stat_delta.rel IS 'the versioned table';
COMMENT ON COLUMN tsmem.stat_delta.tail_versions IS 'former versions in rows';
COMMENT ON COLUMN tsmem.stat_delta.tail_bytes IS 'bytes of the tail on disk, with indexes and TOAST; space that a fold has freed is in it until the rows of others fill it';
COMMENT ON COLUMN tsmem.stat_delta.segment_versions IS 'former versions in segments';
COMMENT ON COLUMN tsmem.stat_delta.segments IS 'segments';
COMMENT ON COLUMN tsmem.stat_delta.segment_bytes IS 'bytes of the segments on disk, with index and TOAST';
COMMENT ON COLUMN tsmem.stat_delta.estimated IS 'whether the counts were extrapolated from a sample of pages';
COMMENT ON COLUMN tsmem.stat_delta.row_bytes_per_version IS 'bytes that a version took as a row before it was folded, TOAST included, indexes not';
COMMENT ON COLUMN tsmem.stat_delta.segment_bytes_per_version IS 'bytes that it takes now';
COMMENT ON COLUMN tsmem.stat_delta.ratio IS 'the first divided by the second';
COMMENT ON COLUMN tsmem.stat_delta.last_fold IS 'when versions were folded last';
COMMENT ON COLUMN tsmem.stat_delta.folded_versions IS 'versions folded so far, by all folds';
COMMENT ON COLUMN tsmem.stat_delta.cache_hits IS 'how often this session found a part of a segment expanded in its chain cache';
COMMENT ON COLUMN tsmem.stat_delta.cache_misses IS 'how often it did not';
GRANT SELECT ON tsmem.stat_delta TO PUBLIC;

CREATE FUNCTION tsmem.chain_lengths(rel regclass, OUT shortest int8, OUT longest int8, OUT chains int8, OUT versions int8)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_delta_chain_lengths' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION tsmem.chain_lengths(regclass) IS 'how many entities of a table have how many versions in segments; reads them all';
