-- temporal: periods, keys, system versioning, AS OF

CREATE FUNCTION tsmem._stamp() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_stamp' LANGUAGE C;
COMMENT ON FUNCTION tsmem._stamp() IS 'internal: sets row_start and row_xid of a versioned row';

CREATE FUNCTION tsmem._write_history() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_write_history' LANGUAGE C;
COMMENT ON FUNCTION tsmem._write_history() IS 'internal: puts the former version of a row into the history';

CREATE FUNCTION tsmem._truncate_versioned() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_truncate' LANGUAGE C;
COMMENT ON FUNCTION tsmem._truncate_versioned() IS 'internal: refuses TRUNCATE, or moves the rows to the history';

CREATE FUNCTION tsmem.add_system_versioning(rel regclass, excluded_columns name[] DEFAULT '{}',
	history_options jsonb DEFAULT '{}') RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_add_system_versioning' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.add_system_versioning(regclass, name[], jsonb) IS
'keeps every former version of the rows of a table; a change of excluded columns alone makes none';

CREATE FUNCTION tsmem.drop_system_versioning(rel regclass, keep_history boolean DEFAULT true) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_drop_system_versioning' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.drop_system_versioning(regclass, boolean) IS
'ends the versioning of a table; the history stays as an ordinary table unless keep_history is false';
