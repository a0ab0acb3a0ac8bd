-- The kernels of every instruction set of this processor agree: floats within the stated tolerance, bits exactly.
SET client_min_messages = warning;
CREATE SCHEMA vector_simd;
SET search_path = vector_simd, tsmem, public;
RESET client_min_messages;
CREATE TABLE item AS
SELECT n AS dim, k, (SELECT array_agg((sin(n * 31.7 + j * j * 1.3 + k) * 10 ^ (j % 5 - 2))::real ORDER BY j) FROM generate_series(1, n) j)::vector AS v
FROM unnest(ARRAY[1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 255, 768, 1000, 16000]) n, generate_series(1, 2) k;
CREATE TABLE result (isa text, dim int, l2 float8, ip float8, cosine float8, l1 float8, hamming float8, jaccard float8);
DO $$
DECLARE
	isa text;
BEGIN
	FOR isa IN SELECT instruction_set FROM cpu_features() WHERE supported LOOP
		PERFORM set_config('tsmem.simd', isa, false);
		INSERT INTO result
		SELECT isa, a.dim, a.v <-> b.v, a.v <#> b.v, a.v <=> b.v, a.v <+> b.v,
			binary_quantize(a.v) <~> binary_quantize(b.v), binary_quantize(a.v) <%> binary_quantize(b.v)
		FROM item a JOIN item b USING (dim) WHERE a.k = 1 AND b.k = 2;
	END LOOP;
END
$$;
RESET tsmem.simd;
SELECT count(DISTINCT isa) = (SELECT count(*) FROM cpu_features() WHERE supported) AS all_sets, count(*) / count(DISTINCT isa) AS dims FROM result;
-- The terms of each sum in double precision bound the error.
CREATE VIEW exact AS
SELECT a.dim, sqrt(sum((x - y) ^ 2)) AS l2, -sum(x * y) AS ip, sum(abs(x * y)) AS ip_terms,
	1 - sum(x * y) / sqrt(sum(x ^ 2) * sum(y ^ 2)) AS cosine, sum(abs(x - y)) AS l1, (a.dim / 8 + 16) * 2 ^ -24 AS tolerance
FROM item a JOIN item b USING (dim), LATERAL unnest(a.v::float8[], b.v::float8[]) u(x, y)
WHERE a.k = 1 AND b.k = 2 GROUP BY a.dim;
SELECT bool_and(abs(r.l2 - e.l2) <= tolerance * e.l2) AS l2, bool_and(abs(r.ip - e.ip) <= tolerance * ip_terms) AS ip,
	bool_and(abs(r.cosine - e.cosine) <= 2 * tolerance) AS cosine, bool_and(abs(r.l1 - e.l1) <= tolerance * e.l1) AS l1
FROM result r JOIN exact e USING (dim);
SELECT dim FROM result GROUP BY dim HAVING count(DISTINCT hamming) > 1 OR count(DISTINCT jaccard) > 1;
