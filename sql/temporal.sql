-- temporal: periods, keys, system versioning, AS OF

CREATE FUNCTION tsmem._stamp() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_stamp' LANGUAGE C;
COMMENT ON FUNCTION tsmem._stamp() IS 'internal: sets row_start and row_xid of a versioned row';

CREATE FUNCTION tsmem._write_history() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_write_history' LANGUAGE C;
COMMENT ON FUNCTION tsmem._write_history() IS 'internal: puts the former version of a row into the history';

CREATE FUNCTION tsmem._check_latest() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_check_latest' LANGUAGE C;
COMMENT ON FUNCTION tsmem._check_latest() IS 'internal: refuses a row that begins before a former version of its key ended (2201H, 40001)';

CREATE FUNCTION tsmem._overtaken() RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_temporal_overtaken' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem._overtaken() IS 'internal: whether a transaction has completed since the row was stamped';

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

CREATE FUNCTION tsmem._adopt_registration() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_adopt_registration' LANGUAGE C;
COMMENT ON FUNCTION tsmem._adopt_registration() IS
'internal: binds history and generated objects to the table of a restored registration';

CREATE TRIGGER adopt_registration AFTER INSERT ON tsmem.versioned_tables
FOR EACH ROW EXECUTE FUNCTION tsmem._adopt_registration();
ALTER TABLE tsmem.versioned_tables ENABLE ALWAYS TRIGGER adopt_registration;

CREATE FUNCTION tsmem.as_of(anyelement, system timestamptz DEFAULT NULL, valid timestamptz DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'tsm_temporal_as_of' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.as_of(anyelement, timestamptz, timestamptz) IS
'rows of the table whose row type is given, as NULL::table, as of a system time, a valid time, or both; a null time does not restrict';

-- Reading by snapshot

CREATE FUNCTION tsmem.snapshot() RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_snapshot' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.snapshot() IS
'a token of what the calling statement sees, to read it again with as_of_snapshot';

CREATE FUNCTION tsmem._seen(token text, rel regclass, row_start timestamptz, row_start_xid xid8,
	row_end timestamptz, row_end_xid xid8) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_temporal_seen' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._seen(text, regclass, timestamptz, xid8, timestamptz, xid8) IS
'internal: whether a snapshot saw a version of a table';

CREATE FUNCTION tsmem._token_within_horizon(rel regclass, token text) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_temporal_token_within_horizon' LANGUAGE C STABLE STRICT PARALLEL SAFE
SUPPORT tsmem._horizon_support;
COMMENT ON FUNCTION tsmem._token_within_horizon(regclass, text) IS
'internal: true, or an error (22008): the history of a table does not reach back to a snapshot';

CREATE FUNCTION tsmem.as_of_snapshot(anyelement, token text, valid timestamptz DEFAULT NULL)
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'tsm_temporal_as_of_snapshot' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.as_of_snapshot(anyelement, text, timestamptz) IS
'rows of the table whose row type is given, as NULL::table, as a snapshot saw them, as of a valid time, or both; a null token or time does not restrict';

-- AS OF for every statement of a session

CREATE FUNCTION tsmem.set_system_time(system_time timestamptz, is_local boolean DEFAULT false) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_set_system_time' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.set_system_time(timestamptz, boolean) IS
'sets tsmem.system_time, to read versioned tables as of then; null for the present; for the transaction only when is_local';

CREATE FUNCTION tsmem.set_valid_time(valid_time timestamptz, is_local boolean DEFAULT false) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_set_valid_time' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.set_valid_time(timestamptz, boolean) IS
'sets tsmem.valid_time, to read the rows of tables with a period that are valid then; null for all rows; for the transaction only when is_local';

CREATE FUNCTION tsmem.set_snapshot(token text, is_local boolean DEFAULT false) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_set_snapshot' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.set_snapshot(text, boolean) IS
'sets tsmem.snapshot, to read versioned tables as a snapshot saw them; null for the present; for the transaction only when is_local';

CREATE FUNCTION tsmem._awake() RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_temporal_awake' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._awake() IS 'internal: loads the library when a table that a time may concern is planned';

CREATE FUNCTION tsmem.enable_session_preload(enable boolean DEFAULT true) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_enable_session_preload' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.enable_session_preload(boolean) IS
'loads tsmem at the start of each new session of this database, or no longer; returns session_preload_libraries of the database; superusers only';

-- What changed

CREATE FUNCTION tsmem.version_diff(rel regclass, from_time timestamptz, to_time timestamptz DEFAULT NULL)
RETURNS TABLE (key jsonb, operation text, column_name name, old_value jsonb, new_value jsonb)
AS 'MODULE_PATHNAME', 'tsm_temporal_version_diff' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.version_diff(regclass, timestamptz, timestamptz) IS
'what changed in a table between two system times, a null one being now: a line for each changed column of a row, one for each row that came or went';

-- Valid time

CREATE TABLE tsmem.periods (
	rel regclass NOT NULL,
	period name NOT NULL,
	from_column name,
	to_column name,
	constraint_name name NOT NULL,
	set_not_null boolean NOT NULL,
	portion_view regclass,
	PRIMARY KEY (rel, period)
);
COMMENT ON TABLE tsmem.periods IS 'valid-time periods of tables; written by tsmem.add_period and drop_period';
COMMENT ON COLUMN tsmem.periods.rel IS 'the table';
COMMENT ON COLUMN tsmem.periods.period IS 'the period, and its range column';
COMMENT ON COLUMN tsmem.periods.from_column IS 'the column that the range is generated from, if it is generated';
COMMENT ON COLUMN tsmem.periods.to_column IS 'the column that the range is generated to, if it is generated';
COMMENT ON COLUMN tsmem.periods.constraint_name IS 'the CHECK constraint that no period is empty';
COMMENT ON COLUMN tsmem.periods.set_not_null IS 'whether the column could be null before';
COMMENT ON COLUMN tsmem.periods.portion_view IS 'the view through which a portion of the period is updated; null without';
SELECT pg_catalog.pg_extension_config_dump('tsmem.periods',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = rel AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.periods TO PUBLIC;

CREATE TABLE tsmem.temporal_keys (
	rel regclass NOT NULL,
	constraint_name name NOT NULL,
	key_columns name[] NOT NULL,
	period name NOT NULL,
	is_primary boolean NOT NULL,
	PRIMARY KEY (rel, constraint_name)
);
COMMENT ON TABLE tsmem.temporal_keys IS 'keys without overlaps; written by tsmem.add_temporal_key';
COMMENT ON COLUMN tsmem.temporal_keys.rel IS 'the table';
COMMENT ON COLUMN tsmem.temporal_keys.constraint_name IS 'the constraint that enforces the key';
COMMENT ON COLUMN tsmem.temporal_keys.key_columns IS 'columns of the key besides the period';
COMMENT ON COLUMN tsmem.temporal_keys.period IS 'the period within which no two rows of a key overlap';
COMMENT ON COLUMN tsmem.temporal_keys.is_primary IS 'whether it is the primary key';
SELECT pg_catalog.pg_extension_config_dump('tsmem.temporal_keys',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = rel AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.temporal_keys TO PUBLIC;

CREATE FUNCTION tsmem.add_period(rel regclass, period name, from_column name DEFAULT NULL,
	to_column name DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_add_period' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.add_period(regclass, name, name, name) IS
'makes a range column the valid-time period of a table: never null, never empty; with two columns given the range is generated from them';

CREATE FUNCTION tsmem.drop_period(rel regclass, period name) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_drop_period' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.drop_period(regclass, name) IS
'makes a period an ordinary column again, or drops it when it was generated';

CREATE FUNCTION tsmem.add_temporal_key(rel regclass, key_columns name[], period name,
	primary_key boolean DEFAULT false) RETURNS name
AS 'MODULE_PATHNAME', 'tsm_temporal_add_temporal_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.add_temporal_key(regclass, name[], name, boolean) IS
'forbids that two rows of a key overlap in the period; returns the name of the constraint';

-- Period predicates of SQL:2011. The functions are inlined, so that indexes serve them.

CREATE FUNCTION tsmem._overlaps_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_temporal_overlaps_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._overlaps_support(internal) IS
'internal: planner support of tsmem.overlaps; loads the library, and with it the temporal join';

CREATE FUNCTION tsmem.overlaps(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SUPPORT tsmem._overlaps_support AS 'SELECT $1 OPERATOR(pg_catalog.&&) $2';
COMMENT ON FUNCTION tsmem.overlaps(anyrange, anyrange) IS 'the periods have an instant in common';

CREATE FUNCTION tsmem.equals(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 OPERATOR(pg_catalog.=) $2';
COMMENT ON FUNCTION tsmem.equals(anyrange, anyrange) IS 'the periods have the same bounds';

CREATE FUNCTION tsmem.contains(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 OPERATOR(pg_catalog.@>) $2';
COMMENT ON FUNCTION tsmem.contains(anyrange, anyrange) IS 'every instant of the second period is in the first';

CREATE FUNCTION tsmem.contains_instant(a anyrange, instant anyelement) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 OPERATOR(pg_catalog.@>) $2';
COMMENT ON FUNCTION tsmem.contains_instant(anyrange, anyelement) IS 'the instant is in the period';

CREATE FUNCTION tsmem.precedes(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 OPERATOR(pg_catalog.<<) $2';
COMMENT ON FUNCTION tsmem.precedes(anyrange, anyrange) IS 'the first period ends before the second starts, or when it does';

CREATE FUNCTION tsmem.succeeds(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 OPERATOR(pg_catalog.>>) $2';
COMMENT ON FUNCTION tsmem.succeeds(anyrange, anyrange) IS 'the first period starts after the second ends, or when it does';

CREATE FUNCTION tsmem.immediately_precedes(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.-|-) $2 AND $1 OPERATOR(pg_catalog.<<) $2';
COMMENT ON FUNCTION tsmem.immediately_precedes(anyrange, anyrange) IS 'the first period ends when the second starts';

CREATE FUNCTION tsmem.immediately_succeeds(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.-|-) $2 AND $1 OPERATOR(pg_catalog.>>) $2';
COMMENT ON FUNCTION tsmem.immediately_succeeds(anyrange, anyrange) IS 'the first period starts when the second ends';

-- Allen's thirteen relations. One holds between any two periods that are not empty, and none with an empty one.

CREATE FUNCTION tsmem.allen_relation(a anyrange, b anyrange) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_allen_relation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.allen_relation(anyrange, anyrange) IS
'the one of Allen''s relations that holds between two periods: before, meets, overlaps, finished_by, contains, starts, equals, started_by, during, finishes, overlapped_by, met_by or after; null when one is empty';

CREATE FUNCTION tsmem.allen_before(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.<<) $2 AND NOT $1 OPERATOR(pg_catalog.-|-) $2';
COMMENT ON FUNCTION tsmem.allen_before(anyrange, anyrange) IS 'a ends before b starts, with a gap';

CREATE FUNCTION tsmem.allen_meets(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.<<) $2 AND $1 OPERATOR(pg_catalog.-|-) $2';
COMMENT ON FUNCTION tsmem.allen_meets(anyrange, anyrange) IS 'a ends when b starts';

CREATE FUNCTION tsmem.allen_overlaps(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.&&) $2 AND NOT $1 OPERATOR(pg_catalog.&>) $2 AND NOT $2 OPERATOR(pg_catalog.&<) $1';
COMMENT ON FUNCTION tsmem.allen_overlaps(anyrange, anyrange) IS 'a starts before b and ends within b';

CREATE FUNCTION tsmem.allen_finished_by(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.@>) $2 AND $1 OPERATOR(pg_catalog.&<) $2 AND NOT $1 OPERATOR(pg_catalog.&>) $2';
COMMENT ON FUNCTION tsmem.allen_finished_by(anyrange, anyrange) IS 'a starts before b and ends when b ends';

CREATE FUNCTION tsmem.allen_contains(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.@>) $2 AND $1 OPERATOR(pg_catalog.&&) $2 AND NOT $1 OPERATOR(pg_catalog.&>) $2 AND NOT $1 OPERATOR(pg_catalog.&<) $2';
COMMENT ON FUNCTION tsmem.allen_contains(anyrange, anyrange) IS 'a starts before b and ends after b';

CREATE FUNCTION tsmem.allen_starts(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.<@) $2 AND $2 OPERATOR(pg_catalog.&>) $1 AND NOT $2 OPERATOR(pg_catalog.&<) $1';
COMMENT ON FUNCTION tsmem.allen_starts(anyrange, anyrange) IS 'a starts when b starts and ends before b';

CREATE FUNCTION tsmem.allen_equals(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.=) $2 AND $1 OPERATOR(pg_catalog.&&) $2';
COMMENT ON FUNCTION tsmem.allen_equals(anyrange, anyrange) IS 'a starts and ends when b does';

CREATE FUNCTION tsmem.allen_started_by(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.@>) $2 AND $1 OPERATOR(pg_catalog.&>) $2 AND NOT $1 OPERATOR(pg_catalog.&<) $2';
COMMENT ON FUNCTION tsmem.allen_started_by(anyrange, anyrange) IS 'a starts when b starts and ends after b';

CREATE FUNCTION tsmem.allen_during(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.<@) $2 AND $1 OPERATOR(pg_catalog.&&) $2 AND NOT $2 OPERATOR(pg_catalog.&>) $1 AND NOT $2 OPERATOR(pg_catalog.&<) $1';
COMMENT ON FUNCTION tsmem.allen_during(anyrange, anyrange) IS 'a starts after b and ends before b';

CREATE FUNCTION tsmem.allen_finishes(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.<@) $2 AND $2 OPERATOR(pg_catalog.&<) $1 AND NOT $2 OPERATOR(pg_catalog.&>) $1';
COMMENT ON FUNCTION tsmem.allen_finishes(anyrange, anyrange) IS 'a starts after b and ends when b ends';

CREATE FUNCTION tsmem.allen_overlapped_by(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.&&) $2 AND NOT $2 OPERATOR(pg_catalog.&>) $1 AND NOT $1 OPERATOR(pg_catalog.&<) $2';
COMMENT ON FUNCTION tsmem.allen_overlapped_by(anyrange, anyrange) IS 'a starts within b and ends after b';

CREATE FUNCTION tsmem.allen_met_by(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.>>) $2 AND $1 OPERATOR(pg_catalog.-|-) $2';
COMMENT ON FUNCTION tsmem.allen_met_by(anyrange, anyrange) IS 'a starts when b ends';

CREATE FUNCTION tsmem.allen_after(a anyrange, b anyrange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT $1 OPERATOR(pg_catalog.>>) $2 AND NOT $1 OPERATOR(pg_catalog.-|-) $2';
COMMENT ON FUNCTION tsmem.allen_after(anyrange, anyrange) IS 'a starts after b ends, with a gap';

-- Import of history

CREATE FUNCTION tsmem.import_history(rel regclass, query text) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_temporal_import_history' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.import_history(regclass, text) IS
'puts former versions that a query gives (the columns of the table, with row_start and row_end) into the history of a versioned table; returns their number';
-- FOR PORTION OF

CREATE FUNCTION tsmem._for_portion_of() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_for_portion_of' LANGUAGE C;
COMMENT ON FUNCTION tsmem._for_portion_of() IS 'internal: updates a portion of a row and inserts what is left of it';

CREATE FUNCTION tsmem._refuse_portion() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_refuse_portion' LANGUAGE C;
COMMENT ON FUNCTION tsmem._refuse_portion() IS 'internal: refuses INSERT and DELETE on the view of a period (0A000)';

CREATE FUNCTION tsmem._portion(anyrange) RETURNS anyrange
AS 'MODULE_PATHNAME', 'tsm_temporal_check_portion' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._portion(anyrange) IS 'internal: the portion, if it is neither null (22004) nor empty (22020)';

CREATE FUNCTION tsmem._leftovers(whole anyrange, portion anyrange) RETURNS SETOF anyrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
AS 'SELECT pg_catalog.unnest(pg_catalog.multirange($1) OPERATOR(pg_catalog.-) pg_catalog.multirange($2))';
COMMENT ON FUNCTION tsmem._leftovers(anyrange, anyrange) IS 'internal: what of a period lies outside a portion';

CREATE FUNCTION tsmem.delete_for_portion_of(rel regclass, period name, portion anyrange, key jsonb) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_temporal_delete_for_portion_of' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.delete_for_portion_of(regclass, name, anyrange, jsonb) IS
'deletes a portion of the period of the rows that have the values of a JSON object; returns their number';

CREATE FUNCTION tsmem._adopt_period() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_adopt_period' LANGUAGE C;
COMMENT ON FUNCTION tsmem._adopt_period() IS 'internal: binds the view of a restored period to its table';

CREATE TRIGGER "~tsmem_adopt_period" AFTER INSERT ON tsmem.periods
FOR EACH ROW EXECUTE FUNCTION tsmem._adopt_period();
ALTER TABLE tsmem.periods ENABLE ALWAYS TRIGGER "~tsmem_adopt_period";

-- Gaps

CREATE FUNCTION tsmem.gaps(periods anymultirange) RETURNS anymultirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT pg_catalog.multirange(pg_catalog.range_merge($1)) OPERATOR(pg_catalog.-) $1';
COMMENT ON FUNCTION tsmem.gaps(anymultirange) IS 'what lies between the periods of a multirange and in none of them';

CREATE FUNCTION tsmem._gaps(internal, anyrange) RETURNS anymultirange
AS 'MODULE_PATHNAME', 'tsm_temporal_gaps' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._gaps(internal, anyrange) IS 'internal: final function of tsmem.gaps';

CREATE AGGREGATE tsmem.gaps(anyrange) (
	SFUNC = pg_catalog.range_agg_transfn,
	STYPE = internal,
	FINALFUNC = tsmem._gaps,
	FINALFUNC_EXTRA
);
COMMENT ON AGGREGATE tsmem.gaps(anyrange) IS 'what lies between the first and the last of the periods and in none of them';

-- Temporal foreign keys

CREATE TABLE tsmem.temporal_foreign_keys (
	rel regclass NOT NULL,
	constraint_name name NOT NULL,
	key_columns name[] NOT NULL,
	period name NOT NULL,
	referenced regclass NOT NULL,
	referenced_columns name[] NOT NULL,
	referenced_period name NOT NULL,
	on_delete text NOT NULL,
	on_update text NOT NULL,
	"deferrable" boolean NOT NULL,
	initially_deferred boolean NOT NULL,
	referenced_trigger name,
	truncate_trigger name,
	PRIMARY KEY (rel, constraint_name)
);
COMMENT ON TABLE tsmem.temporal_foreign_keys IS 'foreign keys with a period; written by tsmem.add_temporal_foreign_key and drop_temporal_foreign_key';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.rel IS 'the referencing table';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.constraint_name IS 'the constraint, and the trigger on rel that checks its rows';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.key_columns IS 'referencing columns besides the period';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.period IS 'the period of the referencing table';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.referenced IS 'the referenced table';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.referenced_columns IS 'columns of its temporal key, in the order of key_columns';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.referenced_period IS 'the period of its temporal key';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.on_delete IS 'no action, restrict, cascade, set null or set default';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.on_update IS 'no action, restrict, cascade, set null or set default';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.deferrable IS 'whether the check can wait for the end of the transaction';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.initially_deferred IS 'whether it does unless asked otherwise';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.referenced_trigger IS 'the trigger on the referenced table; null where the constraint is the server''s own';
COMMENT ON COLUMN tsmem.temporal_foreign_keys.truncate_trigger IS 'the trigger of TRUNCATE on the referenced table; null likewise';
SELECT pg_catalog.pg_extension_config_dump('tsmem.temporal_foreign_keys',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = rel AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.temporal_foreign_keys TO PUBLIC;

CREATE FUNCTION tsmem._check_foreign_key() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_check_foreign_key' LANGUAGE C;
COMMENT ON FUNCTION tsmem._check_foreign_key() IS 'internal: refuses a row that no referenced rows cover (23503)';

CREATE FUNCTION tsmem._act_on_foreign_key() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_act_on_foreign_key' LANGUAGE C;
COMMENT ON FUNCTION tsmem._act_on_foreign_key() IS 'internal: the action of a temporal foreign key when a referenced row changes';

CREATE FUNCTION tsmem._truncate_referenced() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_truncate_referenced' LANGUAGE C;
COMMENT ON FUNCTION tsmem._truncate_referenced() IS 'internal: refuses TRUNCATE of a table that rows reference (0A000)';

CREATE FUNCTION tsmem.add_temporal_foreign_key(rel regclass, key_columns name[], period name, referenced regclass,
	referenced_columns name[], referenced_period name, on_delete text DEFAULT 'no action',
	on_update text DEFAULT 'no action', "deferrable" boolean DEFAULT false, initially_deferred boolean DEFAULT false,
	constraint_name name DEFAULT NULL) RETURNS name
AS 'MODULE_PATHNAME', 'tsm_temporal_add_foreign_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.add_temporal_foreign_key(regclass, name[], name, regclass, name[], name, text, text, boolean, boolean, name) IS
'demands that the rows of a temporal key cover the period of each row that names their key; returns the name of the constraint';

CREATE FUNCTION tsmem.drop_temporal_foreign_key(rel regclass, constraint_name name) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_drop_foreign_key' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.drop_temporal_foreign_key(regclass, name) IS 'ends a temporal foreign key';

-- Temporal aggregation

CREATE FUNCTION tsmem.timeline(rel regclass, period name, aggregate text, value_column name DEFAULT NULL,
	OUT period text, OUT value numeric) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_temporal_timeline' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.timeline(regclass, name, text, name) IS
'count, sum, avg, min or max of the rows of a table or view that are valid at each instant, over intervals in which it is constant; where no row is valid there is none';

-- The grammar of the standard

CREATE FUNCTION tsmem.rewrite(statements text) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_rewrite' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.rewrite(text) IS
'statements in the temporal grammar of SQL:2011 as statements of PostgreSQL; what is not temporal comes back unchanged';

CREATE FUNCTION tsmem.query(statement text, params jsonb DEFAULT NULL) RETURNS SETOF jsonb
AS 'MODULE_PATHNAME', 'tsm_temporal_query' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.query(text, jsonb) IS
'runs one statement in the temporal grammar, with the rights of the caller; params is an array of values for $1, $2 ...; gives its rows, or a row with the command and its number of rows';

CREATE FUNCTION tsmem._sql_call() RETURNS language_handler
AS 'MODULE_PATHNAME', 'tsm_temporal_call' LANGUAGE C;
COMMENT ON FUNCTION tsmem._sql_call() IS 'internal: calls a function in language tsmem_sql';

CREATE FUNCTION tsmem._sql_inline(internal) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_inline' LANGUAGE C STRICT;
COMMENT ON FUNCTION tsmem._sql_inline(internal) IS 'internal: runs DO in language tsmem_sql';

CREATE FUNCTION tsmem._sql_validate(oid) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_validate' LANGUAGE C STRICT;
COMMENT ON FUNCTION tsmem._sql_validate(oid) IS 'internal: looks at a function in language tsmem_sql when it is created';

CREATE TRUSTED LANGUAGE tsmem_sql HANDLER tsmem._sql_call INLINE tsmem._sql_inline VALIDATOR tsmem._sql_validate;
COMMENT ON LANGUAGE tsmem_sql IS 'SQL with the temporal grammar of SQL:2011';

CREATE FUNCTION tsmem.period(from_time timestamptz, to_time timestamptz) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT pg_catalog.tstzrange($1, $2)';
COMMENT ON FUNCTION tsmem.period(timestamptz, timestamptz) IS 'the period [from_time, to_time); a null bound is unbounded';

CREATE FUNCTION tsmem.period(from_time timestamp, to_time timestamp) RETURNS tsrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT pg_catalog.tsrange($1, $2)';
COMMENT ON FUNCTION tsmem.period(timestamp, timestamp) IS 'the period [from_time, to_time); a null bound is unbounded';

CREATE FUNCTION tsmem.period(from_time date, to_time date) RETURNS daterange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT pg_catalog.daterange($1, $2)';
COMMENT ON FUNCTION tsmem.period(date, date) IS 'the period [from_time, to_time); a null bound is unbounded';

CREATE FUNCTION tsmem._name_constraint(rel regclass, old_name name, new_name name) RETURNS name
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF old_name OPERATOR(pg_catalog.<>) new_name THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', rel, old_name, new_name);
	END IF;
	RETURN new_name;
END $$;
COMMENT ON FUNCTION tsmem._name_constraint(regclass, name, name) IS 'internal: gives the constraint of a temporal key the name that its definition asks for';

-- Document stores

CREATE TABLE tsmem.document_stores (
	store regclass CONSTRAINT document_stores_pkey PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('json', 'text')),
	check_schema jsonb
);
COMMENT ON TABLE tsmem.document_stores IS 'document stores; written by tsmem.create_document_store and set_document_schema';
COMMENT ON COLUMN tsmem.document_stores.store IS 'the versioned table of the documents';
COMMENT ON COLUMN tsmem.document_stores.kind IS 'what a document is: json or text';
COMMENT ON COLUMN tsmem.document_stores.check_schema IS 'the JSON schema that its documents match; null without';
SELECT pg_catalog.pg_extension_config_dump('tsmem.document_stores',
	'WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = ''pg_catalog.pg_class''::pg_catalog.regclass AND d.objid = store AND d.deptype = ''e'')');
GRANT SELECT ON tsmem.document_stores TO PUBLIC;

CREATE FUNCTION tsmem._number_document() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_number_document' LANGUAGE C;
COMMENT ON FUNCTION tsmem._number_document() IS 'internal: numbers the versions of a document store, and checks its documents (23514)';

CREATE FUNCTION tsmem.create_document_store(name text, kind text DEFAULT 'json', check_schema jsonb DEFAULT NULL,
	index_history boolean DEFAULT true) RETURNS regclass
AS 'MODULE_PATHNAME', 'tsm_temporal_create_document_store' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.create_document_store(text, text, jsonb, boolean) IS
'makes a versioned table of documents of kind json or text, checked by a JSON schema if one is given; indexed for jsonpath, its history too when index_history';

CREATE FUNCTION tsmem.drop_document_store(store regclass) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_drop_document_store' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION tsmem.drop_document_store(regclass) IS 'drops a document store with its history';

CREATE FUNCTION tsmem.set_document_schema(store regclass, check_schema jsonb) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_temporal_set_document_schema' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.set_document_schema(regclass, jsonb) IS
'gives a document store another JSON schema, or none for null; its present documents have to match it';

CREATE FUNCTION tsmem.put_document(store regclass, id text, body jsonb, expected_version bigint DEFAULT NULL,
	metadata jsonb DEFAULT NULL) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_temporal_put_document' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.put_document(regclass, text, jsonb, bigint, jsonb) IS
'inserts or updates a document and gives its version; when it is there already nothing is written; 40001 when it is not at the expected version, 0 being that it is not there; null metadata stay as they are';

CREATE FUNCTION tsmem.put_document(store regclass, id text, body text, expected_version bigint DEFAULT NULL,
	metadata jsonb DEFAULT NULL) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_temporal_put_document_text' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.put_document(regclass, text, text, bigint, jsonb) IS
'the same with the document as text; to a store of json it is read as JSON';

CREATE FUNCTION tsmem.get_document(store regclass, id text, as_of timestamptz DEFAULT NULL, version bigint DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_temporal_get_document' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.get_document(regclass, text, timestamptz, bigint) IS
'a document of a store of json, now, as of a system time, or at a version; null when it is not there';

CREATE FUNCTION tsmem.get_document_text(store regclass, id text, as_of timestamptz DEFAULT NULL, version bigint DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_get_document_text' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.get_document_text(regclass, text, timestamptz, bigint) IS
'a document of any store as text, now, as of a system time, or at a version; null when it is not there';

CREATE FUNCTION tsmem.delete_document(store regclass, id text, expected_version bigint DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_temporal_delete_document' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION tsmem.delete_document(regclass, text, bigint) IS
'deletes a document, whose versions stay in the history; gives whether it was there; 40001 when it is not at the expected version';

CREATE FUNCTION tsmem.document_history(store regclass, id text)
RETURNS TABLE (version bigint, row_start timestamptz, row_end timestamptz, changed_by name, size bigint, changed_paths text[])
AS 'MODULE_PATHNAME', 'tsm_temporal_document_history' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION tsmem.document_history(regclass, text) IS
'the versions of a document, the oldest first, with the bytes of each as text and what changed: JSON pointers, or ranges of lines';

CREATE FUNCTION tsmem.document_diff(store regclass, id text, from_version bigint DEFAULT NULL, to_version bigint DEFAULT NULL,
	from_time timestamptz DEFAULT NULL, to_time timestamptz DEFAULT NULL) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_temporal_document_diff' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.document_diff(regclass, text, bigint, bigint, timestamptz, timestamptz) IS
'the JSON patch (RFC 6902) from one version of a document to another, each named by number or time; without the second to the present one, without the first from the one before';

CREATE FUNCTION tsmem.document_diff_text(store regclass, id text, from_version bigint DEFAULT NULL, to_version bigint DEFAULT NULL,
	from_time timestamptz DEFAULT NULL, to_time timestamptz DEFAULT NULL, context integer DEFAULT 3) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_document_diff_text' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.document_diff_text(regclass, text, bigint, bigint, timestamptz, timestamptz, integer) IS
'the same as a difference of lines in unified format; of json as jsonb_pretty prints it';

CREATE FUNCTION tsmem.find_documents(store regclass, path jsonpath, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (id text, body jsonb, metadata jsonb, version bigint, row_start timestamptz, changed_by name)
AS 'MODULE_PATHNAME', 'tsm_temporal_find_documents' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION tsmem.find_documents(regclass, jsonpath, timestamptz) IS
'documents of a store of json, now or as of a system time, of which a path finds something or, being a predicate, is true';

CREATE FUNCTION tsmem.json_diff(a jsonb, b jsonb) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_temporal_json_diff' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.json_diff(jsonb, jsonb) IS 'the JSON patch (RFC 6902) that makes b of a; an empty array when they are the same';

CREATE FUNCTION tsmem.json_patch_apply(document jsonb, patch jsonb) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_temporal_json_patch_apply' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.json_patch_apply(jsonb, jsonb) IS
'a document with the operations of a JSON patch (RFC 6902) applied; null when all of it was removed';

CREATE FUNCTION tsmem.text_diff(old text, new text, context integer DEFAULT 3, old_name text DEFAULT 'old',
	new_name text DEFAULT 'new') RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_text_diff' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.text_diff(text, text, integer, text, text) IS
'the difference of the lines of two texts in unified format; empty for equal texts';

CREATE FUNCTION tsmem.json_schema_violation(document jsonb, schema jsonb) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_temporal_json_schema_violation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.json_schema_violation(jsonb, jsonb) IS
'what of a document does not match a JSON schema, after a pointer to its place; null when it matches';

-- Event triggers: last, so that they do not see the commands above.

CREATE FUNCTION tsmem._before_command() RETURNS event_trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_before_command' LANGUAGE C;
COMMENT ON FUNCTION tsmem._before_command() IS
'internal: refuses what a history cannot follow, and removes generated objects that are in the way';

CREATE FUNCTION tsmem._after_command() RETURNS event_trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_after_command' LANGUAGE C;
COMMENT ON FUNCTION tsmem._after_command() IS 'internal: histories follow their tables';

CREATE FUNCTION tsmem._after_drop() RETURNS event_trigger
AS 'MODULE_PATHNAME', 'tsm_temporal_after_drop' LANGUAGE C;
COMMENT ON FUNCTION tsmem._after_drop() IS 'internal: removes registrations of dropped periods and keys';

CREATE EVENT TRIGGER tsmem_before_command ON ddl_command_start EXECUTE FUNCTION tsmem._before_command();
ALTER EVENT TRIGGER tsmem_before_command ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER tsmem_before_command IS 'refuses what the history of a versioned table cannot follow';

CREATE EVENT TRIGGER tsmem_after_command ON ddl_command_end EXECUTE FUNCTION tsmem._after_command();
ALTER EVENT TRIGGER tsmem_after_command ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER tsmem_after_command IS 'lets histories follow their tables';

CREATE EVENT TRIGGER tsmem_after_drop ON sql_drop EXECUTE FUNCTION tsmem._after_drop();
ALTER EVENT TRIGGER tsmem_after_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER tsmem_after_drop IS 'removes registrations of dropped periods and keys';
