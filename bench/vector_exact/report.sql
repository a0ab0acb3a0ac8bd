-- The ratios of bench/vector_exact.
CREATE TEMP VIEW median AS
SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM timing GROUP BY kind;
CREATE FUNCTION pg_temp.ms(text) RETURNS float8 LANGUAGE sql AS 'SELECT ms FROM median WHERE kind = $1';

SELECT distance, storage, round(pg_temp.ms(distance || ' vector ' || storage)::numeric, 2) AS "tsmem, ms",
	round((pg_temp.ms(distance || ' array ' || storage) / pg_temp.ms(distance || ' vector ' || storage))::numeric) AS "SQL arrays / tsmem",
	round((pg_temp.ms(distance || ' vector ' || storage) / pg_temp.ms('read'))::numeric, 1) AS "tsmem / memory read",
	round((pg_temp.ms(distance || ' vector ' || storage) / pg_temp.ms('kernel ' || distance))::numeric, 1) AS "tsmem / kernel alone",
	round((pg_temp.ms('scan vector ' || storage) / pg_temp.ms(distance || ' vector ' || storage))::numeric, 2) AS "share of the bare scan",
	round((pg_temp.ms(distance || ' vector ' || storage) / pg_temp.ms(distance || ' parallel ' || storage))::numeric, 2) AS "speed-up by 2 workers"
FROM unnest(ARRAY['cosine', 'l2']) distance, unnest(ARRAY['inline', 'toast']) storage;

SELECT round(pg_temp.ms('read')::numeric, 2) AS "memory read, ms", round(pg_temp.ms('kernel cosine')::numeric, 2) AS "cosine kernel, ms",
	round(pg_temp.ms('kernel l2')::numeric, 2) AS "l2 kernel, ms",
	(SELECT count(*) FILTER (WHERE v.ids = a.ids) || ' of ' || count(*) FROM answer v JOIN answer a USING (round, distance)
	 WHERE v.kind LIKE 'vector%' AND a.kind = replace(v.kind, 'vector', 'array')) AS "answers equal to SQL arrays";

\echo memory read: the same bytes at the streaming read bandwidth of one core, 4 kB pages; kernel alone: one pass in plain C over the same bytes
