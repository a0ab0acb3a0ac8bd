-- base: what the library is and runs on

-- Everyone may name what is in the schema; each object has rights of its own.
GRANT USAGE ON SCHEMA tsmem TO PUBLIC;

CREATE FUNCTION tsmem.version() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'tsmem');
COMMENT ON FUNCTION tsmem.version() IS 'version of the installed extension';

CREATE FUNCTION tsmem.cpu_features(OUT instruction_set text, OUT supported boolean, OUT active boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_base_cpu_features'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION tsmem.cpu_features() IS
'instruction sets that kernels are written for: whether this processor has each, and which one is in use (setting tsmem.simd)';
