-- The instruction set of the kernels can be chosen, among those that the processor has.
SELECT instruction_set FROM tsmem.cpu_features();
SELECT supported FROM tsmem.cpu_features() WHERE instruction_set = 'scalar';
SELECT count(*) FROM tsmem.cpu_features() WHERE active;
SET tsmem.simd = scalar;
SELECT instruction_set FROM tsmem.cpu_features() WHERE active;
SET tsmem.simd = mmx;
SHOW tsmem.simd;
-- No other setting may hide behind the prefix.
SET tsmem.no_such_setting = 1;
RESET tsmem.simd;
