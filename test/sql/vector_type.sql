-- Text form, type modifier and limits of tsmem.vector.
SET client_min_messages = warning;
CREATE SCHEMA vector_type;
SET search_path = vector_type, tsmem, public;
RESET client_min_messages;
SELECT '[1,2,3]'::vector, '[-1,-2.5,3e-4]'::vector, ' [ 1,	2 ,
3  ] '::vector, '[1.,.5,+7,0x10]'::vector;
SELECT '[1.23456]'::vector, '[0.1,16777217,1e-7,1.5e+38]'::vector, '[-0,0]'::vector;
-- The shortest digits that give the same number back, whatever the session asks for.
SET extra_float_digits = -5;
SELECT '[0.1,0.33333334,16777216,3.4028235e38,1.1754944e-38,1e-45]'::vector;
RESET extra_float_digits;
-- What is too small for a float is 0 or subnormal; what is too large is refused.
SELECT '[1e-46,-1e-46]'::vector;
SELECT '[4e38,1]'::vector;
SELECT '[1,-4e38]'::vector;
-- Not numbers
SELECT '[NaN,1]'::vector;
SELECT '[Infinity,1]'::vector;
SELECT '[1,-inf]'::vector;
-- Garbage
SELECT ''::vector;
SELECT ' '::vector;
SELECT '1,2,3'::vector;
SELECT '{1,2,3}'::vector;
SELECT '['::vector;
SELECT '[ '::vector;
SELECT '[,'::vector;
SELECT '[]'::vector;
SELECT '[ ]'::vector;
SELECT '[,]'::vector;
SELECT '[1,]'::vector;
SELECT '[1'::vector;
SELECT '[1,2'::vector;
SELECT '[1,,3]'::vector;
SELECT '[1, ,3]'::vector;
SELECT '[1 2]'::vector;
SELECT '[1a]'::vector;
SELECT '[hello,1]'::vector;
SELECT '[[1,2]]'::vector;
SELECT '[1,2]3'::vector;
SELECT '[1,2]]'::vector;
-- Type modifier
SELECT '[1,2,3]'::vector(3), '[1]'::vector(1);
SELECT '[1,2,3]'::vector(2);
SELECT '[1,2,3]'::vector(3, 2);
SELECT '[1,2,3]'::vector('a');
SELECT '[1,2,3]'::vector(0);
SELECT '[1,2,3]'::vector(-1);
SELECT '[1,2,3]'::vector(16001);
SELECT '{"[1,2,3]"}'::vector(2)[];
SELECT '{"[1,2]","[3,4]",NULL}'::vector(2)[];
-- The limit, and one past it
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector);
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector(16000));
SELECT vector_dims(('[' || repeat('1,', 16000) || '1]')::vector);
-- Eight bytes and four for each element; the stored one may have a header of one byte.
CREATE TABLE item (id int, v vector(3));
INSERT INTO item VALUES (1, '[1,2,3]'), (2, NULL), (3, '[4,5,6]');
SELECT id, v, pg_column_size(v), pg_column_size('[1,2,3]'::vector) FROM item ORDER BY id;
SELECT attstorage, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'item'::regclass AND attname = 'v';
SELECT typlen, typalign, typstorage, typcategory FROM pg_type WHERE oid = 'tsmem.vector'::regtype;
INSERT INTO item VALUES (4, '[1,2]');
UPDATE item SET v = '[1,2,3,4]' WHERE id = 1;
ALTER TABLE item ALTER v TYPE vector(2);
ALTER TABLE item ALTER v TYPE vector;
INSERT INTO item VALUES (4, '[1,2]');
SELECT v FROM item ORDER BY id;
-- Out of line and back
CREATE TABLE wide (v vector);
INSERT INTO wide SELECT array_agg(i)::vector FROM generate_series(1, 16000) i;
SELECT pg_column_size(v) AS stored, vector_dims(v), l2_distance(v, v), v = (SELECT array_agg(i)::vector FROM generate_series(1, 16000) i) AS same
FROM wide;
-- One byte of header up to 30 dimensions
CREATE TABLE short AS SELECT array_fill(1, ARRAY[n])::vector AS v FROM generate_series(29, 32) n;
SELECT vector_dims(v), pg_column_size(v), v <-> v AS distance FROM short ORDER BY 1;
-- The binary form
SELECT vector_send('[1,-2.5]'), vector_send(v) IS NULL AS no_null FROM item WHERE id = 2;
-- Stored bytes: the size has to agree with the dimensions, since what reads the elements trusts them.
BEGIN;
CREATE CAST (bytea AS vector) WITHOUT FUNCTION;
SELECT '\x020000000000803f000020c0'::bytea::vector AS bytes_of_two;
SAVEPOINT s;
SELECT '\x030000000000803f000020c0'::bytea::vector;
ROLLBACK TO s;
SELECT vector_dims('\x000000000000803f'::bytea::vector);
ROLLBACK TO s;
SELECT l2_distance('\xffff00000000803f'::bytea::vector, '[1]');
ROLLBACK TO s;
SELECT vector_dims('\x'::bytea::vector);
ROLLBACK TO s;
\set VERBOSITY sqlstate
SELECT avg('\x0100'::bytea::vector);
\set VERBOSITY default
ROLLBACK;
-- A role needs the schema, nothing else.
CREATE ROLE vector_reader;
GRANT USAGE ON SCHEMA tsmem TO vector_reader;
SET ROLE vector_reader;
SELECT '[1,2]'::tsmem.vector OPERATOR(tsmem.<->) '[1,3]' AS distance, tsmem.avg(v) FROM unnest('{"[1,2]"}'::tsmem.vector[]) v GROUP BY v;
RESET ROLE;
REVOKE USAGE ON SCHEMA tsmem FROM vector_reader;
DROP ROLE vector_reader;
