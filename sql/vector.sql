-- vector: the type, its distances, and distances between bit strings

CREATE TYPE tsmem.vector;

CREATE FUNCTION tsmem.vector_in(cstring, oid, integer) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_in(cstring, oid, integer) IS
'reads a vector from its text form';

CREATE FUNCTION tsmem.vector_out(tsmem.vector) RETURNS cstring
AS 'MODULE_PATHNAME', 'tsm_vector_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_out(tsmem.vector) IS
'writes a vector in its text form';

CREATE FUNCTION tsmem.vector_recv(internal, oid, integer) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_recv(internal, oid, integer) IS
'reads a vector from its binary form';

CREATE FUNCTION tsmem.vector_send(tsmem.vector) RETURNS bytea
AS 'MODULE_PATHNAME', 'tsm_vector_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_send(tsmem.vector) IS
'writes a vector in its binary form';

CREATE FUNCTION tsmem.vector_typmod_in(cstring[]) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_vector_typmod_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_typmod_in(cstring[]) IS
'reads the type modifier of vector(n): the dimensions';

CREATE TYPE tsmem.vector (
	INPUT = tsmem.vector_in,
	OUTPUT = tsmem.vector_out,
	RECEIVE = tsmem.vector_recv,
	SEND = tsmem.vector_send,
	TYPMOD_IN = tsmem.vector_typmod_in,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE tsmem.vector IS
'vector of 1 to 16000 finite single-precision numbers; vector(n) has n of them';

-- What a distance costs

CREATE FUNCTION tsmem._vector_distance_cost(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'tsm_vector_cost'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._vector_distance_cost(internal) IS
'internal: planner support that prices distances by dimensions and storage';

-- Distances

CREATE FUNCTION tsmem.l2_distance(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_l2_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.l2_distance(tsmem.vector, tsmem.vector) IS
'Euclidean distance of two vectors of equal dimensions (error 22000)';

CREATE FUNCTION tsmem.l2_squared_distance(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_l2_squared_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.l2_squared_distance(tsmem.vector, tsmem.vector) IS
'square of the Euclidean distance of two vectors of equal dimensions (error 22000)';

CREATE FUNCTION tsmem.inner_product(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_inner_product'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.inner_product(tsmem.vector, tsmem.vector) IS
'inner product of two vectors of equal dimensions (error 22000)';

CREATE FUNCTION tsmem.negative_inner_product(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_negative_inner_product'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.negative_inner_product(tsmem.vector, tsmem.vector) IS
'inner product of two vectors of equal dimensions (error 22000), negated, so that the most similar comes first';

CREATE FUNCTION tsmem.cosine_distance(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_cosine_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.cosine_distance(tsmem.vector, tsmem.vector) IS
'1 - cosine of the angle between two vectors of equal dimensions (error 22000), 0 to 2; NaN when one of them is zero';

CREATE FUNCTION tsmem.l1_distance(a tsmem.vector, b tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_l1_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 10 SUPPORT tsmem._vector_distance_cost;
COMMENT ON FUNCTION tsmem.l1_distance(tsmem.vector, tsmem.vector) IS
'taxicab distance of two vectors of equal dimensions (error 22000)';

CREATE OPERATOR tsmem.<-> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.l2_distance,
	COMMUTATOR = OPERATOR(tsmem.<->)
);
COMMENT ON OPERATOR tsmem.<-> (tsmem.vector, tsmem.vector) IS 'Euclidean distance';

CREATE OPERATOR tsmem.<#> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.negative_inner_product,
	COMMUTATOR = OPERATOR(tsmem.<#>)
);
COMMENT ON OPERATOR tsmem.<#> (tsmem.vector, tsmem.vector) IS 'negative inner product';

CREATE OPERATOR tsmem.<=> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.cosine_distance,
	COMMUTATOR = OPERATOR(tsmem.<=>)
);
COMMENT ON OPERATOR tsmem.<=> (tsmem.vector, tsmem.vector) IS 'cosine distance';

CREATE OPERATOR tsmem.<+> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.l1_distance,
	COMMUTATOR = OPERATOR(tsmem.<+>)
);
COMMENT ON OPERATOR tsmem.<+> (tsmem.vector, tsmem.vector) IS 'taxicab distance';

-- Arithmetic and functions of one vector

CREATE FUNCTION tsmem.vector_add(a tsmem.vector, b tsmem.vector) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_add'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_add(tsmem.vector, tsmem.vector) IS
'sum of two vectors; error 22000 when the dimensions differ, 22003 when the result is out of range';

CREATE FUNCTION tsmem.vector_sub(a tsmem.vector, b tsmem.vector) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_subtract'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_sub(tsmem.vector, tsmem.vector) IS
'difference of two vectors; error 22000 when the dimensions differ, 22003 when the result is out of range';

CREATE FUNCTION tsmem.vector_mul(a tsmem.vector, b tsmem.vector) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_multiply'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_mul(tsmem.vector, tsmem.vector) IS
'product of two vectors, element by element; error 22000 when the dimensions differ, 22003 when the result is out of range';

CREATE FUNCTION tsmem.vector_concat(a tsmem.vector, b tsmem.vector) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_concat'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_concat(tsmem.vector, tsmem.vector) IS
'the elements of one vector followed by those of another; error 54000 above 16000';

CREATE OPERATOR tsmem.+ (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_add,
	COMMUTATOR = OPERATOR(tsmem.+)
);
COMMENT ON OPERATOR tsmem.+ (tsmem.vector, tsmem.vector) IS 'sum';

CREATE OPERATOR tsmem.- (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_sub
);
COMMENT ON OPERATOR tsmem.- (tsmem.vector, tsmem.vector) IS 'difference';

CREATE OPERATOR tsmem.* (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_mul,
	COMMUTATOR = OPERATOR(tsmem.*)
);
COMMENT ON OPERATOR tsmem.* (tsmem.vector, tsmem.vector) IS 'product, element by element';

CREATE OPERATOR tsmem.|| (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_concat
);
COMMENT ON OPERATOR tsmem.|| (tsmem.vector, tsmem.vector) IS 'concatenation';

CREATE FUNCTION tsmem.vector_dims(input tsmem.vector) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_vector_dims'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_dims(tsmem.vector) IS
'number of dimensions of a vector';

CREATE FUNCTION tsmem.l2_norm(input tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_l2_norm'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.l2_norm(tsmem.vector) IS
'Euclidean norm of a vector';

CREATE FUNCTION tsmem.vector_norm(input tsmem.vector) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_l2_norm'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_norm(tsmem.vector) IS
'Euclidean norm of a vector; another name of l2_norm';

CREATE FUNCTION tsmem.l2_normalize(input tsmem.vector) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_l2_normalize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.l2_normalize(tsmem.vector) IS
'a vector divided by its Euclidean norm; a zero vector stays zero';

CREATE FUNCTION tsmem.subvector(input tsmem.vector, start integer, count integer) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_subvector'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.subvector(tsmem.vector, integer, integer) IS
'count elements of a vector from the given one on, counted from 1; error 22000 when there are none';

CREATE FUNCTION tsmem.binary_quantize(input tsmem.vector) RETURNS bit
AS 'MODULE_PATHNAME', 'tsm_vector_binary_quantize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.binary_quantize(tsmem.vector) IS
'one bit for each element of a vector: whether it is greater than 0';

-- Comparison

CREATE FUNCTION tsmem.vector_lt(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_lt(tsmem.vector, tsmem.vector) IS
'whether a vector is less than another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_le(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_le(tsmem.vector, tsmem.vector) IS
'whether a vector is less than or equal to another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_eq(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_eq(tsmem.vector, tsmem.vector) IS
'whether a vector is equal to another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_ne(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_ne(tsmem.vector, tsmem.vector) IS
'whether a vector is not equal to another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_ge(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_ge(tsmem.vector, tsmem.vector) IS
'whether a vector is greater than or equal to another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_gt(a tsmem.vector, b tsmem.vector) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_vector_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_gt(tsmem.vector, tsmem.vector) IS
'whether a vector is greater than another, by elements, then by dimensions';

CREATE FUNCTION tsmem.vector_cmp(a tsmem.vector, b tsmem.vector) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_vector_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_cmp(tsmem.vector, tsmem.vector) IS
'less than 0, 0 or greater than 0 as a vector is less than, equal to or greater than another';

CREATE FUNCTION tsmem.vector_hash(input tsmem.vector) RETURNS integer
AS 'MODULE_PATHNAME', 'tsm_vector_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_hash(tsmem.vector) IS
'hash of a vector';

CREATE FUNCTION tsmem.vector_hash_extended(input tsmem.vector, seed bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'tsm_vector_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_hash_extended(tsmem.vector, bigint) IS
'hash of a vector, in 64 bits, with a seed';

CREATE OPERATOR tsmem.< (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_lt,
	COMMUTATOR = OPERATOR(tsmem.>), NEGATOR = OPERATOR(tsmem.>=),
	RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR tsmem.< (tsmem.vector, tsmem.vector) IS 'less than';

CREATE OPERATOR tsmem.<= (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_le,
	COMMUTATOR = OPERATOR(tsmem.>=), NEGATOR = OPERATOR(tsmem.>),
	RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR tsmem.<= (tsmem.vector, tsmem.vector) IS 'less than or equal';

CREATE OPERATOR tsmem.= (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_eq,
	COMMUTATOR = OPERATOR(tsmem.=), NEGATOR = OPERATOR(tsmem.<>),
	RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR tsmem.= (tsmem.vector, tsmem.vector) IS 'equal';

CREATE OPERATOR tsmem.<> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_ne,
	COMMUTATOR = OPERATOR(tsmem.<>), NEGATOR = OPERATOR(tsmem.=),
	RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR tsmem.<> (tsmem.vector, tsmem.vector) IS 'not equal';

CREATE OPERATOR tsmem.>= (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_ge,
	COMMUTATOR = OPERATOR(tsmem.<=), NEGATOR = OPERATOR(tsmem.<),
	RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR tsmem.>= (tsmem.vector, tsmem.vector) IS 'greater than or equal';

CREATE OPERATOR tsmem.> (
	LEFTARG = tsmem.vector, RIGHTARG = tsmem.vector, FUNCTION = tsmem.vector_gt,
	COMMUTATOR = OPERATOR(tsmem.<), NEGATOR = OPERATOR(tsmem.<=),
	RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR tsmem.> (tsmem.vector, tsmem.vector) IS 'greater than';

CREATE OPERATOR FAMILY tsmem.vector_ops USING btree;
COMMENT ON OPERATOR FAMILY tsmem.vector_ops USING btree IS 'order of vectors, by elements, then by dimensions';
CREATE OPERATOR CLASS tsmem.vector_ops
DEFAULT FOR TYPE tsmem.vector USING btree FAMILY tsmem.vector_ops AS
	OPERATOR 1 tsmem.<,
	OPERATOR 2 tsmem.<=,
	OPERATOR 3 tsmem.=,
	OPERATOR 4 tsmem.>=,
	OPERATOR 5 tsmem.>,
	FUNCTION 1 tsmem.vector_cmp(tsmem.vector, tsmem.vector);
COMMENT ON OPERATOR CLASS tsmem.vector_ops USING btree IS 'order of vectors, by elements, then by dimensions';

CREATE OPERATOR FAMILY tsmem.vector_ops USING hash;
COMMENT ON OPERATOR FAMILY tsmem.vector_ops USING hash IS 'equality of vectors';
CREATE OPERATOR CLASS tsmem.vector_ops
DEFAULT FOR TYPE tsmem.vector USING hash FAMILY tsmem.vector_ops AS
	OPERATOR 1 tsmem.=,
	FUNCTION 1 tsmem.vector_hash(tsmem.vector),
	FUNCTION 2 tsmem.vector_hash_extended(tsmem.vector, bigint);
COMMENT ON OPERATOR CLASS tsmem.vector_ops USING hash IS 'equality of vectors';

-- Casts

CREATE FUNCTION tsmem.vector(input tsmem.vector, type_modifier integer, is_explicit boolean) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_coerce'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector(tsmem.vector, integer, boolean) IS
'checks that a vector has the dimensions of a type modifier (error 22000)';

CREATE FUNCTION tsmem.array_to_vector(input integer[], type_modifier integer, is_explicit boolean) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_from_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.array_to_vector(integer[], integer, boolean) IS
'converts a one-dimensional integer[] without nulls to a vector';

CREATE FUNCTION tsmem.array_to_vector(input real[], type_modifier integer, is_explicit boolean) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_from_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.array_to_vector(real[], integer, boolean) IS
'converts a one-dimensional real[] without nulls to a vector';

CREATE FUNCTION tsmem.array_to_vector(input double precision[], type_modifier integer, is_explicit boolean) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_from_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.array_to_vector(double precision[], integer, boolean) IS
'converts a one-dimensional double precision[] without nulls to a vector';

CREATE FUNCTION tsmem.array_to_vector(input numeric[], type_modifier integer, is_explicit boolean) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_from_array'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.array_to_vector(numeric[], integer, boolean) IS
'converts a one-dimensional numeric[] without nulls to a vector';

CREATE FUNCTION tsmem.vector_to_int4(input tsmem.vector) RETURNS integer[]
AS 'MODULE_PATHNAME', 'tsm_vector_to_int4'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_to_int4(tsmem.vector) IS
'converts a vector to integer[]';

CREATE FUNCTION tsmem.vector_to_float4(input tsmem.vector) RETURNS real[]
AS 'MODULE_PATHNAME', 'tsm_vector_to_float4'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_to_float4(tsmem.vector) IS
'converts a vector to real[]';

CREATE FUNCTION tsmem.vector_to_float8(input tsmem.vector) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'tsm_vector_to_float8'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_to_float8(tsmem.vector) IS
'converts a vector to double precision[]';

CREATE FUNCTION tsmem.vector_to_numeric(input tsmem.vector) RETURNS numeric[]
AS 'MODULE_PATHNAME', 'tsm_vector_to_numeric'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.vector_to_numeric(tsmem.vector) IS
'converts a vector to numeric[]';

CREATE CAST (tsmem.vector AS tsmem.vector)
WITH FUNCTION tsmem.vector(tsmem.vector, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (tsmem.vector AS tsmem.vector) IS 'checks the dimensions of vector(n)';

CREATE CAST (integer[] AS tsmem.vector)
WITH FUNCTION tsmem.array_to_vector(integer[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (integer[] AS tsmem.vector) IS 'integer[] to vector';

CREATE CAST (real[] AS tsmem.vector)
WITH FUNCTION tsmem.array_to_vector(real[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (real[] AS tsmem.vector) IS 'real[] to vector';

CREATE CAST (double precision[] AS tsmem.vector)
WITH FUNCTION tsmem.array_to_vector(double precision[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (double precision[] AS tsmem.vector) IS 'double precision[] to vector';

CREATE CAST (numeric[] AS tsmem.vector)
WITH FUNCTION tsmem.array_to_vector(numeric[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (numeric[] AS tsmem.vector) IS 'numeric[] to vector';

CREATE CAST (tsmem.vector AS integer[])
WITH FUNCTION tsmem.vector_to_int4(tsmem.vector) AS ASSIGNMENT;
COMMENT ON CAST (tsmem.vector AS integer[]) IS 'vector to integer[]';

CREATE CAST (tsmem.vector AS real[])
WITH FUNCTION tsmem.vector_to_float4(tsmem.vector) AS IMPLICIT;
COMMENT ON CAST (tsmem.vector AS real[]) IS 'vector to real[]';

CREATE CAST (tsmem.vector AS double precision[])
WITH FUNCTION tsmem.vector_to_float8(tsmem.vector) AS ASSIGNMENT;
COMMENT ON CAST (tsmem.vector AS double precision[]) IS 'vector to double precision[]';

CREATE CAST (tsmem.vector AS numeric[])
WITH FUNCTION tsmem.vector_to_numeric(tsmem.vector) AS ASSIGNMENT;
COMMENT ON CAST (tsmem.vector AS numeric[]) IS 'vector to numeric[]';

-- Aggregates

CREATE FUNCTION tsmem._vector_accum(state double precision[], input tsmem.vector) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'tsm_vector_accum'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._vector_accum(double precision[], tsmem.vector) IS
'internal: adds a vector to the state of an aggregate';

CREATE FUNCTION tsmem._vector_combine(state double precision[], other double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'tsm_vector_combine'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._vector_combine(double precision[], double precision[]) IS
'internal: joins two states of an aggregate';

CREATE FUNCTION tsmem._vector_avg(state double precision[]) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_avg'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._vector_avg(double precision[]) IS
'internal: the mean of a state';

CREATE FUNCTION tsmem._vector_sum(state double precision[]) RETURNS tsmem.vector
AS 'MODULE_PATHNAME', 'tsm_vector_sum'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._vector_sum(double precision[]) IS
'internal: the sum of a state';

CREATE AGGREGATE tsmem.avg(tsmem.vector) (
	SFUNC = tsmem._vector_accum,
	STYPE = double precision[],
	FINALFUNC = tsmem._vector_avg,
	COMBINEFUNC = tsmem._vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tsmem.avg(tsmem.vector) IS
'mean of vectors of equal dimensions (error 22000), added in double precision; NULL of none';

CREATE AGGREGATE tsmem.sum(tsmem.vector) (
	SFUNC = tsmem._vector_accum,
	STYPE = double precision[],
	FINALFUNC = tsmem._vector_sum,
	COMBINEFUNC = tsmem._vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE tsmem.sum(tsmem.vector) IS
'sum of vectors of equal dimensions (error 22000), added in double precision; NULL of none';

-- Bit strings

CREATE FUNCTION tsmem.hamming_distance(a bit, b bit) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_hamming_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 2;
COMMENT ON FUNCTION tsmem.hamming_distance(bit, bit) IS
'number of bits that differ between two bit strings of equal length (error 22000)';

CREATE FUNCTION tsmem.jaccard_distance(a bit, b bit) RETURNS double precision
AS 'MODULE_PATHNAME', 'tsm_vector_jaccard_distance'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
COST 2;
COMMENT ON FUNCTION tsmem.jaccard_distance(bit, bit) IS
'1 - bits set in both / bits set in either of two bit strings of equal length (error 22000); 1 when none is set in both';

CREATE OPERATOR tsmem.<~> (
	LEFTARG = bit, RIGHTARG = bit, FUNCTION = tsmem.hamming_distance,
	COMMUTATOR = OPERATOR(tsmem.<~>)
);
COMMENT ON OPERATOR tsmem.<~> (bit, bit) IS 'Hamming distance';

CREATE OPERATOR tsmem.<%> (
	LEFTARG = bit, RIGHTARG = bit, FUNCTION = tsmem.jaccard_distance,
	COMMUTATOR = OPERATOR(tsmem.<%>)
);
COMMENT ON OPERATOR tsmem.<%> (bit, bit) IS 'Jaccard distance';
