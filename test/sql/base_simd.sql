-- The instruction set of the kernels can be chosen, among those that the processor has.
SELECT instruction_set FROM tsmem.cpu_features();
SELECT supported FROM tsmem.cpu_features() WHERE instruction_set = 'scalar';
SELECT count(*) FROM tsmem.cpu_features() WHERE active;
SET tsmem.simd = scalar;
SELECT instruction_set FROM tsmem.cpu_features() WHERE active;
SET tsmem.simd = mmx;
SHOW tsmem.simd;
-- One that it has not is refused.
DO $$
DECLARE
	missing text := (SELECT instruction_set FROM tsmem.cpu_features() WHERE NOT supported ORDER BY instruction_set DESC LIMIT 1);
	detail text;
BEGIN
	PERFORM set_config('tsmem.simd', missing, false);
	RAISE 'not refused';
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '% %', sqlstate, replace(detail, missing, 'missing');
END $$;
SHOW tsmem.simd;
-- It is not for everyone: the last digits of immutable functions depend on it.
CREATE ROLE base_simd_user;
SET ROLE base_simd_user;
SET tsmem.simd = auto;
SELECT instruction_set FROM tsmem.cpu_features() WHERE active;
RESET ROLE;
GRANT SET ON PARAMETER tsmem.simd TO base_simd_user;
SET ROLE base_simd_user;
SET tsmem.simd = auto;
RESET ROLE;
REVOKE SET ON PARAMETER tsmem.simd FROM base_simd_user;
DROP ROLE base_simd_user;
-- No other setting may hide behind the prefix.
SET tsmem.no_such_setting = 1;
RESET tsmem.simd;
