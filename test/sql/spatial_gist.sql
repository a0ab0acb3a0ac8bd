-- The GiST operator class finds what a sequential scan finds, for every operator, in tables of 0 to 10,000 boxes.
CREATE SCHEMA spatial_gist;
SET search_path = spatial_gist, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT setseed(0.5);

-- The operator class is valid.
SELECT amvalidate(oid), opcdefault FROM pg_opclass WHERE opcname = 'stbox_gist_ops';

-- Random boxes. Coordinates from a small grid make equal and touching ones likely.
CREATE FUNCTION side(lo float8, hi float8, grid boolean) RETURNS float8 LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN grid THEN floor(lo + random() * (hi - lo)) ELSE lo + random() * (hi - lo) END $$;

-- An axis as {lower, upper} texts: absent with probability p, unbounded on a side with probability q.
CREATE FUNCTION axis(lo float8, hi float8, extent float8, grid boolean, p float8, q float8, OUT a text, OUT b text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	from_here float8 := side(lo, hi, grid);
	length float8 := CASE WHEN random() < 0.4 THEN 0 ELSE side(0, extent, grid) END;
BEGIN
	IF random() < p THEN
		RETURN; -- absent
	END IF;
	a := CASE WHEN random() < q THEN '-infinity' ELSE from_here::text END;
	b := CASE WHEN random() < q THEN 'infinity' ELSE least(from_here + length, hi)::text END;
END $$;

-- Space of the given kind with time; what: 'grid', 'plane', 'globe', 'points', 'mixed', 'both'
CREATE FUNCTION random_box(what text) RETURNS stbox LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	grid boolean := what IN ('grid', 'mixed');
	absent float8 := CASE what WHEN 'mixed' THEN 0.25 ELSE 0 END;
	unbounded float8 := CASE what WHEN 'mixed' THEN 0.05 ELSE 0 END;
	x record; y record; z record; t record;
	space text := '';
	day timestamptz := '2024-01-01';
	period text;
BEGIN
	IF what = 'both' THEN
		RETURN random_box(CASE WHEN random() < 0.5 THEN 'globe' ELSE 'mixed' END);
	ELSIF what = 'points' THEN
		RETURN stbox(side(0, 1000, false), side(0, 1000, false), day + random() * interval '30 days');
	ELSIF what = 'globe' THEN
		SELECT * INTO x FROM axis(-180, 180, 3, false, 0, 0);
		SELECT * INTO y FROM axis(-90, 90, 3, false, 0, 0);
	ELSE
		SELECT * INTO x FROM axis(0, 20, 3, grid, absent, unbounded);
		SELECT * INTO y FROM axis(0, 20, 3, grid, absent, unbounded);
	END IF;
	SELECT * INTO z FROM axis(0, 20, 3, grid, CASE what WHEN 'plane' THEN 0 WHEN 'mixed' THEN 0.5 ELSE 1 END, unbounded);
	SELECT * INTO t FROM axis(0, 30, 3, grid, absent, unbounded);
	space := format('((%s,%s,%s),(%s,%s,%s))', x.a, y.a, z.a, x.b, y.b, z.b);
	IF t.a IS NOT NULL THEN
		period := format('[%s,%s]', CASE t.a WHEN '-infinity' THEN t.a ELSE (day + t.a::float8 * interval '1 day')::text END,
			CASE t.b WHEN 'infinity' THEN t.b ELSE (day + t.b::float8 * interval '1 day' + interval '1 microsecond' * (CASE WHEN random() < 0.5 THEN -1 ELSE 0 END))::text END);
	END IF;
	RETURN (CASE WHEN what = 'globe' THEN 'GEOD' ELSE '' END || 'STBOX' ||
		CASE WHEN space = '((,,),(,,))' THEN coalesce(period, '((0,0),(1,1))') ELSE space || coalesce(',' || period, '') END)::stbox;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN random_box(what); -- an empty time, one microsecond short
END $$;

-- The answer of one query as one text, and what kind of plan gave it. The plan is looked at once for each operator
-- (and kind, table, form of query): the settings leave the planner no choice that depends on the value.
CREATE FUNCTION answer(query text, explain boolean, kind text, OUT result text, OUT plan text) LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	plan := CASE WHEN explain THEN NULL ELSE kind END;
	IF explain THEN
		FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
			plan := coalesce(plan, substring(line from '(Bitmap Index Scan|Index Only Scan|Index Scan|Seq Scan)'));
		END LOOP;
	END IF;
	EXECUTE query INTO result;
END $$;

CREATE FUNCTION use_plan(kind text) RETURNS void LANGUAGE sql AS $$
	SELECT set_config('enable_seqscan', (kind = 'Seq Scan')::text, false),
		set_config('enable_bitmapscan', (kind = 'Bitmap Index Scan')::text, false),
		set_config('enable_indexscan', (kind IN ('Index Scan', 'Index Only Scan'))::text, false),
		set_config('enable_indexonlyscan', (kind = 'Index Only Scan')::text, false),
		set_config('enable_sort', (kind IN ('Seq Scan', 'Bitmap Index Scan'))::text, false);
$$;

-- Every operator with every query box, by each kind of plan. Gives what differs, and how much was found.
CREATE FUNCTION sweep(OUT queries bigint, OUT hits bigint, OUT differing bigint) LANGUAGE plpgsql AS $$
DECLARE
	op text; q stbox; kind text; first int := (SELECT min(id) FROM query_box); number int;
	expected text[]; got record; i int;
BEGIN
	queries := 0; hits := 0; differing := 0;
	FOREACH kind IN ARRAY '{Seq Scan,Bitmap Index Scan,Index Scan,Index Only Scan}'::text[] LOOP
		PERFORM use_plan(kind);
		i := 0;
		FOREACH op IN ARRAY '{&&,@>,<@,~=,-|-,=,<<,&<,>>,&>,<<|,&<|,|>>,|&>,<</,&</,/>>,/&>,<<#,&<#,#>>,#&>}'::text[] LOOP
			FOR number, q IN SELECT id, box FROM query_box ORDER BY id LOOP
				i := i + 1;
				SELECT * INTO got FROM answer(format('SELECT count(*) || '':'' || coalesce(sum(hash)::text, '''')
					FROM (SELECT _stbox_hash(box) FROM boxes WHERE box %s %L) b(hash)', op, q), number = first, kind);
				IF kind = 'Seq Scan' THEN
					expected[i] := got.result;
				END IF;
				queries := queries + 1;
				hits := hits + split_part(got.result, ':', 1)::bigint;
				IF got.result IS DISTINCT FROM expected[i] OR got.plan <> kind THEN
					differing := differing + 1;
					RAISE WARNING 'box % %: % by Seq Scan, % by %', op, q, expected[i], got.result, got.plan;
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

-- Ordering by distance: all rows, the first few, and the first few in a window. Equal distances may come in any order.
CREATE FUNCTION sweep_order(OUT queries bigint, OUT differing bigint) LANGUAGE plpgsql AS $$
DECLARE
	op text; q stbox; kind text; first int := (SELECT min(id) FROM query_box); number int; form text;
	query text;
	expected record; got record;
BEGIN
	queries := 0; differing := 0;
	FOREACH op IN ARRAY '{<->,|=|}'::text[] LOOP
		FOR number, q IN SELECT id, box FROM query_box ORDER BY id LOOP
			FOREACH form IN ARRAY ARRAY[
				'SELECT md5(string_agg(coalesce(d::text, ''null''), '','')) FROM (SELECT box %1$s %2$L AS d FROM boxes ORDER BY box %1$s %2$L) o',
				'SELECT count(*) || '':'' || sum(hashint4(id)) FROM (SELECT id FROM boxes ORDER BY box %1$s %2$L) o',
				'SELECT string_agg(coalesce(d::text, ''null''), '','') FROM (SELECT box %1$s %2$L AS d FROM boxes ORDER BY box %1$s %2$L LIMIT 7) o',
				'SELECT string_agg(coalesce(d::text, ''null''), '','') FROM (SELECT box %1$s %2$L AS d FROM boxes WHERE box && ''STBOX[2024-01-05,2024-01-08)'' ORDER BY box %1$s %2$L LIMIT 7) o'
			] LOOP
				query := format(form, op, q);
				PERFORM use_plan('Seq Scan');
				SELECT * INTO expected FROM answer(query, number = first, 'Seq Scan');
				FOREACH kind IN ARRAY '{Index Scan,Index Only Scan}'::text[] LOOP
					CONTINUE WHEN kind = 'Index Only Scan' AND form LIKE '%hashint4%'; -- the id is not in the index
					PERFORM use_plan(kind);
					SELECT * INTO got FROM answer(query, number = first, kind);
					queries := queries + 1;
					IF got.result IS DISTINCT FROM expected.result OR got.plan <> kind THEN
						differing := differing + 1;
						RAISE WARNING '%: % by %, % by %', query, expected.result, expected.plan, got.result, got.plan;
					END IF;
				END LOOP;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

CREATE TABLE boxes (id int, box stbox);
CREATE TABLE query_box (id serial, box stbox);

-- Fills the table with n boxes of a kind, into an index that is there, or builds it afterwards, and looks for everything.
CREATE FUNCTION try(what text, n int, insert_into_index boolean, query_count int, OUT queries bigint, OUT hits bigint, OUT differing bigint) LANGUAGE plpgsql AS $$
DECLARE
	s record; o record;
BEGIN
	TRUNCATE boxes, query_box;
	DROP INDEX IF EXISTS boxes_box;
	IF insert_into_index THEN CREATE INDEX boxes_box ON boxes USING gist (box); END IF;
	INSERT INTO boxes SELECT i, CASE WHEN i % 50 = 7 THEN NULL ELSE random_box(what) END FROM generate_series(1, n) i;
	IF NOT insert_into_index THEN CREATE INDEX boxes_box ON boxes USING gist (box); END IF;
	INSERT INTO query_box (box) SELECT random_box(what) FROM generate_series(1, query_count);
	-- boxes that are there, larger ones, only a time, only a place
	INSERT INTO query_box (box) SELECT box FROM boxes WHERE box IS NOT NULL ORDER BY id LIMIT 2;
	INSERT INTO query_box (box) SELECT expand(box, CASE WHEN is_geodetic(box) THEN 1000000 ELSE 4 END) FROM boxes WHERE box IS NOT NULL ORDER BY id LIMIT 2;
	INSERT INTO query_box (box) VALUES ('STBOX[2024-01-08,2024-01-11)'),
		(CASE WHEN what = 'globe' THEN 'GEODSTBOX((170,-20),(180,20))' ELSE 'STBOX((5,5),(8,8))' END::stbox);
	SELECT * INTO s FROM sweep();
	SELECT * INTO o FROM sweep_order();
	queries := s.queries + o.queries; hits := s.hits; differing := s.differing + o.differing;
END $$;

SET client_min_messages = warning;
SELECT n, what, inserted, queries, differing, hits > 0 AS found
FROM (VALUES (0), (1), (2), (100)) s(n), (VALUES ('grid'), ('plane'), ('mixed'), ('globe'), ('points'), ('both')) k(what), (VALUES (true), (false)) i(inserted),
	LATERAL try(what, n, inserted, 1)
WHERE n = 100 OR inserted AND what IN ('both')
ORDER BY n, what, inserted;
SELECT queries, hits > 10000 AS found, differing FROM try('grid', 10000, true, 1);
SELECT queries, hits > 10000 AS found, differing FROM try('mixed', 10000, true, 1);
SELECT queries, hits > 10000 AS found, differing FROM try('points', 10000, false, 1);
SELECT queries, hits > 10000 AS found, differing FROM try('both', 10000, true, 1);
SELECT queries, hits > 10000 AS found, differing FROM try('globe', 10000, true, 1);

-- The index after deletes, updates and a vacuum.
DELETE FROM boxes WHERE id % 3 = 0;
UPDATE boxes SET box = random_box('globe') WHERE id % 3 = 1;
VACUUM boxes;
SELECT queries, differing FROM sweep();
SELECT * FROM sweep_order();

-- Boxes that are all the same split too.
SELECT use_plan('Seq Scan');
TRUNCATE boxes;
INSERT INTO boxes SELECT i, 'STBOX((1,1)),[2024-01-01,2024-01-01]' FROM generate_series(1, 1000) i;
INSERT INTO boxes SELECT i, 'STBOX((-infinity,-infinity),(infinity,infinity))' FROM generate_series(1, 1000) i;
INSERT INTO boxes SELECT i, 'STBOX((-1.7e308,-1.7e308),(1.7e308,1.7e308))' FROM generate_series(1, 1000) i;
SELECT use_plan('Index Scan');
SELECT count(*) FROM boxes WHERE box && 'STBOX((1,1))';
SELECT count(*) FROM boxes WHERE box = 'STBOX((1,1)),[2024-01-01,2024-01-01]';

-- Geodetic and planar rows in one column leave each other alone.
SELECT use_plan('Index Scan');
INSERT INTO boxes VALUES (0, 'GEODSTBOX((1,1))'), (0, 'GEODSTBOX((1,2)),[2024-01-01,2024-01-02)');
SELECT count(*) FROM boxes WHERE box && 'STBOX((1,1))';
SELECT count(*) FROM boxes WHERE box && 'GEODSTBOX((1,1))';
SELECT round((box <-> 'GEODSTBOX((1,1))')::numeric) AS metres FROM boxes ORDER BY box <-> 'GEODSTBOX((1,1))' LIMIT 3;

-- It serves exclusion constraints: one ship at a place at a time.
CREATE TABLE berth (ship text, taken stbox, EXCLUDE USING gist (taken WITH &&));
INSERT INTO berth VALUES ('Aurora', stbox(0, 0, 2, 2, '[2024-01-01,2024-01-02)')), ('Borealis', stbox(0, 0, 2, 2, '[2024-01-02,2024-01-03)'));
INSERT INTO berth VALUES ('Corona', stbox(1, 1, 3, 3, '[2024-01-01 12:00,2024-01-01 13:00)'));
DROP SCHEMA spatial_gist CASCADE;
