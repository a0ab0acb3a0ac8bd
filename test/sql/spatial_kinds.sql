-- Geodetic and planar boxes in one index, seen or not, and boxes without space: every plan finds the same and raises nothing.
CREATE SCHEMA spatial_kinds;
SET search_path = spatial_kinds, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = warning;
CREATE TABLE fix (id int, seen stbox);
INSERT INTO fix SELECT i, geodetic(stbox(i % 180, i % 90, '2022-01-03 10:00'::timestamptz + i * interval '1 min')) FROM generate_series(1, 2000) i;
INSERT INTO fix VALUES (2001, NULL), (2002, stbox(tstzrange('2022-01-03 10:00', '2022-01-03 11:00'))), (2003, 'GEODSTBOX((1,1))');
CREATE INDEX fix_seen ON fix USING gist (seen);
VACUUM ANALYZE fix;

-- What each operator finds, and both orders, by each kind of plan, some of a table that is all visible; 0 differ from the sequential scan.
CREATE FUNCTION use_plan(kind text) RETURNS void LANGUAGE sql AS $$
	SELECT set_config('enable_seqscan', (kind = 'Seq Scan')::text, false),
		set_config('enable_bitmapscan', (kind = 'Bitmap Index Scan')::text, false),
		set_config('enable_indexscan', (kind IN ('Index Scan', 'Index Only Scan'))::text, false),
		set_config('enable_indexonlyscan', (kind = 'Index Only Scan')::text, false),
		set_config('enable_sort', (kind = 'Seq Scan')::text, false);
$$;
CREATE FUNCTION look(OUT queries int, OUT differing int) LANGUAGE plpgsql AS $$
DECLARE
	op text; kind text; q stbox := geodetic(stbox(60, 42.3, '2022-01-03 10:42')); query text; expected text; got text; line text; plan text;
BEGIN
	queries := 0; differing := 0;
	FOREACH op IN ARRAY '{&&,@>,<@,~=,-|-,=,<<,&<,>>,&>,<<|,&<|,|>>,|&>,<</,&</,/>>,/&>,<<#,&<#,#>>,#&>,<->,|=|}'::text[] LOOP
		query := format(CASE WHEN op IN ('<->', '|=|') THEN 'SELECT string_agg(coalesce(d::text, ''null''), '','') FROM (SELECT seen %s %L AS d FROM fix ORDER BY seen %1$s %2$L) o'
			ELSE 'SELECT string_agg(seen::text, '','' ORDER BY seen) FROM (SELECT seen FROM fix WHERE seen %s %L) o' END, op, q);
		PERFORM use_plan('Seq Scan');
		EXECUTE query INTO expected;
		FOREACH kind IN ARRAY '{Bitmap Index Scan,Index Scan,Index Only Scan}'::text[] LOOP
			CONTINUE WHEN op IN ('<->', '|=|') AND kind = 'Bitmap Index Scan';
			PERFORM use_plan(kind);
			plan := NULL;
			FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
				plan := coalesce(plan, substring(line from '(Bitmap Index Scan|Index Only Scan|Index Scan|Seq Scan)'));
			END LOOP;
			EXECUTE query INTO got;
			queries := queries + 1;
			IF got IS DISTINCT FROM expected OR plan <> kind THEN
				differing := differing + 1;
				RAISE WARNING '% by % (%)', op, kind, plan;
			END IF;
		END LOOP;
	END LOOP;
	PERFORM use_plan('Seq Scan');
END $$;
SELECT * FROM look();
-- The nearest from the index alone, of a table that is all visible: the boxes without a distance are last.
SELECT use_plan('Index Only Scan');
EXPLAIN (COSTS OFF) SELECT seen FROM fix ORDER BY seen |=| 'GEODSTBOX((-70.1,42.3)),[2022-01-03 10:00,2022-01-03 12:00]' LIMIT 3;
SELECT seen FROM fix ORDER BY seen |=| 'GEODSTBOX((-70.1,42.3)),[2022-01-03 10:00,2022-01-03 12:00]' LIMIT 3;
SELECT count(*), count(d) FROM (SELECT seen |=| 'GEODSTBOX((-70.1,42.3)),[2022-01-03 10:00,2022-01-03 12:00]' AS d
	FROM fix ORDER BY seen |=| 'GEODSTBOX((-70.1,42.3)),[2022-01-03 10:00,2022-01-03 12:00]') o;
SELECT use_plan('Seq Scan');

-- An aborted row of the other kind, then a deleted one, are in the index and nowhere else.
BEGIN;
INSERT INTO fix VALUES (3000, stbox(60, 42, '2022-01-03 10:42')), (3001, 'STBOX((60,42))');
ROLLBACK;
SELECT * FROM look();
INSERT INTO fix SELECT 4000 + i, stbox(i, 42) FROM generate_series(1, 300) i;
DELETE FROM fix WHERE id > 4000;
SELECT * FROM look();
VACUUM fix;
SELECT * FROM look();

-- Those that are there have no distance and meet nothing on the globe; operators of time and value take both.
INSERT INTO fix VALUES (5000, 'STBOX((60,42))'), (5001, 'STBOX((60,42)),[2022-01-03 11:00,2022-01-03 12:00]');
VACUUM fix;
SELECT * FROM look();
SELECT count(*) FILTER (WHERE seen && 'GEODSTBOX((60,42))') AS meets, count(*) FILTER (WHERE seen |>> 'GEODSTBOX((60,41))') AS above, count(seen <-> 'GEODSTBOX((60,42))') AS distances,
	count(*) FILTER (WHERE seen #>> 'GEODSTBOX((60,42)),[2022-01-03,2022-01-03]') AS later, count(*) FILTER (WHERE seen = 'STBOX((60,42))') AS same
FROM fix WHERE id >= 5000;
DROP SCHEMA spatial_kinds CASCADE;
