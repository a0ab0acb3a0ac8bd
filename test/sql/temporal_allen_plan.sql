-- Each period predicate and each of Allen's relations is answered by a GiST index, whichever side the column is on, and by it finds
-- the rows that it finds without.
CREATE SCHEMA temporal_allen_plan;
SET search_path = temporal_allen_plan, tsmem, public;
CREATE TABLE span AS SELECT i AS id, daterange('2000-01-01'::date + i * 5, '2000-01-01'::date + i * 5 + 5 * (1 + i % 4)) AS p FROM generate_series(1, 2000) i;
INSERT INTO span VALUES (0, '(,)'), (-1, '[2010-01-01,)'), (-2, '(,2010-01-01)'), (-3, 'empty'), (-4, '[2010-01-11,2010-01-21)'), (-5, '[2010-01-11,2010-01-16)'), (-6, '[2010-01-16,2010-01-21)');
CREATE INDEX ON span USING gist (p);
ANALYZE span;

-- The operators that the index is asked for; null when it is not.
CREATE FUNCTION asked(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Index Cond:%' THEN
			SELECT string_agg(o[1], ' ' ORDER BY o[1] COLLATE "C") INTO result FROM regexp_matches(line, '(?:\(|\.)p (\S+) ', 'g') o;
		END IF;
	END LOOP;
	RETURN result;
END $$;
CREATE FUNCTION found(query text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE result bigint[] = '{}'; n bigint;
BEGIN
	SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on;
	EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO n; result = result || n;
	SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
	EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO n; result = result || n;
	SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on;
	RETURN result;
END $$;
SET enable_seqscan = off;
WITH predicates (name, number) AS (SELECT * FROM unnest('{overlaps,equals,contains,precedes,succeeds,immediately_precedes,immediately_succeeds,allen_before,allen_meets,allen_overlaps,allen_finished_by,
	allen_contains,allen_starts,allen_equals,allen_started_by,allen_during,allen_finishes,allen_overlapped_by,allen_met_by,allen_after}'::text[]) WITH ORDINALITY u (name, number)),
queries AS (SELECT number, name, format('SELECT id FROM span WHERE tsmem.%I(p, ''[2010-01-11,2010-01-21)'')', name) AS of_column, format('SELECT id FROM span WHERE tsmem.%I(''[2010-01-11,2010-01-21)'', p)', name) AS of_constant FROM predicates)
SELECT name, asked(of_column) AS column_first, (found(of_column))[1] AS found, (found(of_column))[2] = (found(of_column))[1] AS same,
	asked(of_constant) AS constant_first, (found(of_constant))[1] AS found, (found(of_constant))[2] = (found(of_constant))[1] AS same FROM queries ORDER BY number;
SELECT asked('SELECT id FROM span WHERE tsmem.contains_instant(p, ''2010-01-12''::date)') AS contains_instant;
-- In a join, with columns on both sides.
SET tsmem.enable_temporal_join = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT name, asked(format('SELECT 1 FROM (SELECT p AS q FROM span WHERE id BETWEEN 1 AND 3 OFFSET 0) a JOIN span ON tsmem.%I(q, p)', name)) AS operators
FROM unnest('{equals,contains,immediately_precedes,allen_meets,allen_starts,allen_during,allen_met_by,allen_overlapped_by}'::text[]) WITH ORDINALITY u (name, number) ORDER BY number;
SET client_min_messages = warning;
DROP SCHEMA temporal_allen_plan CASCADE;
