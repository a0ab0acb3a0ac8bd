-- Arithmetic and functions of one vector.
SET client_min_messages = warning;
CREATE SCHEMA vector_arithmetic;
SET search_path = vector_arithmetic, tsmem, public;
RESET client_min_messages;
SELECT '[1,2,3]'::vector + '[4,5,6]', '[1,2,3]'::vector - '[4,5,6]', '[1,2,3]'::vector * '[4,5,6]', '[1,2,3]'::vector || '[4,5]';
SELECT NULL::vector + '[1]', '[1]'::vector || NULL;
-- Results must be finite too, and a product must not vanish.
SELECT '[3e38]'::vector + '[3e38]';
SELECT '[1,-3e38]'::vector - '[1,3e38]';
SELECT '[1e37]'::vector * '[1e37]';
SELECT '[1e-37]'::vector * '[1e-37]';
SELECT '[0,1e-37]'::vector * '[1e-37,0]';
SELECT '[1e-45]'::vector - '[1e-45]', '[3e38]'::vector - '[3e38]';
\set VERBOSITY sqlstate
SELECT '[3e38]'::vector + '[3e38]';
SELECT '[1e-37]'::vector * '[1e-37]';
\set VERBOSITY default
-- Dimensions
SELECT '[1,2]'::vector + '[3]';
SELECT '[1,2]'::vector - '[3]';
SELECT '[1,2]'::vector * '[3]';
SELECT vector_dims(array_fill(0, ARRAY[15999])::vector || '[1]');
SELECT array_fill(0, ARRAY[16000])::vector || '[1]';
SELECT vector_dims('[1,2,3]'), vector_dims(NULL);
SELECT l2_norm('[3,4]'), vector_norm('[3,4]'), l2_norm('[0,0]'), l2_norm('[-2]'), l2_norm('[3e37,4e37]')::real, l2_norm('[3e-40,4e-40]')::real;
SELECT l2_normalize('[3,4]'), l2_normalize('[0,0.1]'), l2_normalize('[0,0]'), l2_normalize('[3e38]'), l2_normalize('[0,-1e-45]');
SELECT subvector('[1,2,3,4,5]', 1, 3), subvector('[1,2,3,4,5]', 3, 2), subvector('[1,2,3,4,5]', 5, 1), subvector('[1,2,3,4,5]', -1, 3),
	subvector('[1,2,3,4,5]', 3, 9), subvector('[1,2,3,4,5]', 3, 2147483647), subvector('[1,2,3,4,5]', -2147483644, 2147483647);
SELECT subvector('[1,2,3,4,5]', 1, 0);
SELECT subvector('[1,2,3,4,5]', 3, -1);
SELECT subvector('[1,2,3,4,5]', -1, 2);
SELECT subvector('[1,2,3,4,5]', 6, 1);
SELECT subvector('[1,2,3,4,5]', 2147483647, 2147483647);
SELECT subvector('[1,2,3,4,5]', -2147483648, -2147483648);
SELECT binary_quantize('[1,0,-1]'), binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'), binary_quantize('[-0,1e-45]');
SELECT length(binary_quantize(array_fill(1, ARRAY[16000])::vector)), bit_count(binary_quantize(array_fill(1, ARRAY[16000])::vector));
