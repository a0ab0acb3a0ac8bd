-- Distances between bit strings of core type bit.
SET client_min_messages = warning;
CREATE SCHEMA vector_bit;
SET search_path = vector_bit, tsmem, public;
RESET client_min_messages;
SELECT B'1010' <~> B'0110' AS hamming, B'1010' <%> B'0110' AS jaccard, hamming_distance(B'111', B'111'), jaccard_distance(B'1111', B'1110');
SELECT B'' <~> B'' AS hamming, B'' <%> B'' AS jaccard, B'00' <%> B'00' AS no_bit, B'10' <%> B'01' AS no_common_bit, B'1' <~> NULL AS none;
SELECT '101'::varbit <~> '110'::varbit AS varbit;
SELECT B'111' <~> B'11';
SELECT B'111' <%> B'11';
SELECT n, repeat('1', n)::varbit::bit varying <~> repeat('0', n)::varbit AS all_bits, repeat('1', n)::varbit <%> (repeat('0', n - 1) || '1')::varbit AS one_bit
FROM unnest(ARRAY[1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1000]) n;
-- Stored with a one-byte header, out of line and compressed too
CREATE TABLE codes (id int, b varbit);
INSERT INTO codes VALUES (1, B'1100'), (2, repeat('10', 40000)::varbit), (3, repeat('01', 40000)::varbit);
SELECT b <~> B'0110' AS hamming FROM codes WHERE id = 1;
SELECT x.b <~> y.b AS hamming, x.b <%> x.b AS jaccard FROM codes x, codes y WHERE x.id = 2 AND y.id = 3;
SELECT binary_quantize('[1,-1,1,1]') <~> binary_quantize('[1,1,1,-1]') AS quantized;
