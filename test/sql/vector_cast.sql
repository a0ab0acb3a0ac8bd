-- Casts from and to arrays, and between type modifiers.
SET client_min_messages = warning;
CREATE SCHEMA vector_cast;
SET search_path = vector_cast, tsmem, public;
RESET client_min_messages;
SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2.0]::vector, '{1.5,-2}'::real[]::vector, '{1.5,1e-46}'::float8[]::vector, '{1e-3,12345678}'::numeric[]::vector(2);
SELECT '[3:4]={7,8}'::int[]::vector, '{2147483647}'::int[]::vector, '{16777217}'::int[]::vector;
SELECT '{}'::real[]::vector;
SELECT '{{1,2}}'::real[]::vector;
SELECT '{1,NULL}'::real[]::vector;
SELECT '{NaN}'::real[]::vector;
SELECT '{1,Infinity}'::float8[]::vector;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{1,-Infinity}'::numeric[]::vector;
SELECT '{1,2,3}'::int[]::vector(2);
-- Finite numbers that float32 cannot hold
SELECT '{4e38}'::float8[]::vector;
SELECT '{4e38}'::numeric[]::vector;
SELECT array_fill(1, ARRAY[16001])::vector;
SELECT array_fill(1::float8, ARRAY[1000000])::vector;
-- One too small is 0, whatever the array is of, as in text; -0 keeps its sign.
SELECT '[1e-50]'::vector, '{1e-50,-1e-50}'::float8[]::vector, '{1e-50}'::numeric[]::vector, '{1e-45,1.17e-38}'::numeric[]::vector = '{1e-45,1.17e-38}'::float8[]::vector AS subnormal;
-- A numeric is rounded once: this one lies just above the middle between two numbers of float32, which float64 cannot tell.
SELECT '{1.00000005960464477539062500001}'::numeric[]::vector, '{1.000000059604644775390625}'::numeric[]::vector;
SELECT NULL::int[]::vector;
SELECT '[1.5,2.5,-2.5]'::vector::int[], '[1.5,0.1]'::vector::real[], '[1.5,0.1]'::vector::float8[], '[1.5,0.1,12345678]'::vector::numeric[];
SELECT '[1.25,123.456]'::vector::numeric(4,1)[];
SELECT '[123.456]'::vector::numeric(3,1)[];
SELECT '[3e9]'::vector::int[];
SELECT '[1,2,3]'::vector::vector(3);
SELECT v::vector(2) FROM (SELECT '[1,2,3]'::vector AS v) s;
-- Contexts: reading as real[] is implicit, everything else needs an assignment.
CREATE TABLE arrays (i int[], r real[], d float8[], n numeric[], v vector(2));
INSERT INTO arrays SELECT v, v, v, v, v FROM (SELECT '[1.5,2]'::vector AS v) s;
INSERT INTO arrays (v) SELECT i FROM arrays;
INSERT INTO arrays (v) SELECT r FROM arrays WHERE r IS NOT NULL;
INSERT INTO arrays (v) SELECT d FROM arrays WHERE d IS NOT NULL;
INSERT INTO arrays (v) SELECT n FROM arrays WHERE n IS NOT NULL;
SELECT * FROM arrays;
CREATE FUNCTION first(real[]) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
CREATE FUNCTION first_int(int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
SELECT first('[7,8]'::vector);
SELECT first_int('[7,8]'::vector);
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
WHERE castsource = 'tsmem.vector'::regtype OR casttarget = 'tsmem.vector'::regtype
ORDER BY castsource::regtype::text, casttarget::regtype::text;
