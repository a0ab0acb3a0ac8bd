-- What other implementations of system versioning promise about reading, promised here: by the generated functions, and by
-- the standard's clauses through rewrite. Versions have times that are known, since their history is imported.
CREATE SCHEMA temporal_peers_reading;
SET search_path = temporal_peers_reading, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
-- The rows of a query on one line, in order.
CREATE FUNCTION answer(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE 'SELECT string_agg(btrim(q::text, ''()''), '' '' ORDER BY q::text COLLATE "C") FROM (' || statement || ') q' INTO result;
	RETURN coalesce(result, 'none');
END $$;
-- The same of a query with clauses of the standard and of one with functions, which must agree.
CREATE FUNCTION alike(standard text, plain text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text := temporal_peers_reading.answer(tsmem.rewrite(standard)); b text := temporal_peers_reading.answer(plain);
BEGIN
	RETURN CASE WHEN a = b THEN a ELSE 'DIFFERENT: ' || a || ' AND ' || b END;
END $$;
-- A plain query in a session that reads the past.
CREATE FUNCTION then_answer(at timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	PERFORM set_config('tsmem.system_time', at::text, true);
	result := temporal_peers_reading.answer(statement);
	PERFORM set_config('tsmem.system_time', '', true);
	RETURN result;
END $$;
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE tsmem.rewrite(statement);
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

CREATE TABLE clerk (id int PRIMARY KEY, name text, boss int, room int);
CREATE TABLE room (nr int PRIMARY KEY, floor int);
CREATE TABLE street (nr int, town text);
SELECT add_system_versioning('clerk'), add_system_versioning('room');
SELECT import_history('clerk', $$ SELECT * FROM (VALUES
	(1, 'ada', NULL::int, 10, timestamptz '2020-01-01', timestamptz '2022-01-01'), (1, 'ada', NULL, 20, '2022-01-01', '2024-01-01'),
	(2, 'ben', 1, 10, '2020-06-01', '2021-06-01'), (2, 'ben', 3, 20, '2023-01-01', '2024-01-01'),
	(3, 'cyd', 1, 10, '2020-01-01', '2023-01-01'), (4, 'dan', 2, NULL, '2020-09-01', '2021-03-01')) v (id, name, boss, room, row_start, row_end) $$);
SELECT import_history('room', $$ SELECT * FROM (VALUES (10, 1, timestamptz '2019-01-01', timestamptz '2021-01-01'), (10, 2, '2021-01-01', '2023-01-01'),
	(20, 5, '2021-12-01', '2025-01-01')) v (nr, floor, row_start, row_end) $$);
INSERT INTO clerk VALUES (1, 'ada', NULL, 30), (5, 'eve', 1, 20);
INSERT INTO room VALUES (30, 9);
INSERT INTO street VALUES (10, 'Ulm'), (20, 'Bonn'), (30, 'Kiel');

\echo one instant: before all, where a version begins, the microsecond before it ends, where it ends, in a gap, far ahead
SELECT at, alike(format('SELECT id, room FROM clerk FOR SYSTEM_TIME AS OF %L', at), format('SELECT id, room FROM clerk_as_of(%L)', at)),
	then_answer(at::timestamptz, 'SELECT id, room FROM clerk') = answer(format('SELECT id, room FROM clerk_as_of(%L)', at)) AS session
FROM unnest('{1970-01-01,2019-12-31 23:59:59.999999,2020-01-01,2020-12-01,2021-05-31 23:59:59.999999,2021-06-01,2022-01-01,2023-06-01,2024-06-01,3000-01-01}'::text[]) WITH ORDINALITY u (at, n) ORDER BY n;
\echo a date, a timestamp, another zone, a number of expressions
SELECT alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF DATE ''2021-06-01''', 'SELECT id FROM clerk_as_of(date ''2021-06-01'')') AS date,
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF TIMESTAMP ''2021-06-01'' AT TIME ZONE ''Asia/Tokyo''', 'SELECT id FROM clerk_as_of(''2021-06-01 00:00+09'')') AS tokyo,
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2021-06-02''::timestamptz - interval ''1'' day', 'SELECT id FROM clerk_as_of(''2021-06-01'')') AS minus,
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF (SELECT min(row_start) FROM clerk_history WHERE id = 4)', 'SELECT id FROM clerk_as_of(''2020-09-01'')') AS subquery,
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF CASE WHEN 1 = 2 THEN now() ELSE ''2020-07-01'' END', 'SELECT id FROM clerk_as_of(make_timestamptz(2020, 7, 1, 0, 0, 0))') AS "case",
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP', 'SELECT id FROM clerk') AS now \gx
SELECT refused('SELECT * FROM clerk FOR SYSTEM_TIME AS OF ''2021-02-30''') AS no_day, refused('SELECT * FROM clerk FOR SYSTEM_TIME AS OF now') AS no_column,
	refused('SELECT * FROM clerk FOR SYSTEM_TIME AS OF 5') AS no_time, refused('SELECT * FROM street FOR SYSTEM_TIME ALL') AS not_versioned;
\echo intervals that begin or end with a version; of a key that has a gap; of no length, within a version and at its ends; reversed
SELECT f, t, alike(format('SELECT id, room FROM clerk FOR SYSTEM_TIME FROM %L TO %L WHERE id = 2', f, t), format('SELECT id, room FROM clerk_from_to(%L, %L) WHERE id = 2', f, t)) AS from_to,
	alike(format('SELECT id, room FROM clerk FOR SYSTEM_TIME BETWEEN %L AND %L WHERE id = 2', f, t), format('SELECT id, room FROM clerk_between(%L, %L) WHERE id = 2', f, t)) AS between,
	alike(format('SELECT id, room FROM clerk FOR SYSTEM_TIME BETWEEN SYMMETRIC %L AND %L WHERE id = 2', t, f), format('SELECT id, room FROM clerk_between_symmetric(%L, %L) WHERE id = 2', t, f)) AS symmetric
FROM (VALUES (1, '2020-06-01', '2024-01-01'), (2, '2021-06-01', '2023-01-01'), (3, '2021-05-31', '2023-01-02'), (4, '2019-01-01', '2020-06-01'), (5, '2024-01-01', 'infinity'), (6, '-infinity', 'infinity'),
	(7, '2020-12-01', '2020-12-01'), (8, '2020-06-01', '2020-06-01'), (9, '2021-06-01', '2021-06-01'), (10, '2024-01-01', '2020-06-01'), (11, NULL, '2024-01-01'), (12, '2020-06-01', NULL)) v (n, f, t) ORDER BY n;
\echo all of them; current rows end at infinity; a query may ask for that
SELECT alike('SELECT id, row_start::date, row_end::date FROM clerk FOR SYSTEM_TIME ALL WHERE id < 5 AND row_end < ''infinity''', 'SELECT id, row_start::date, row_end::date FROM clerk_versions WHERE isfinite(row_end)');
SELECT alike('SELECT id, row_end FROM clerk FOR SYSTEM_TIME ALL WHERE row_end > now()', 'SELECT id, row_end FROM clerk_versions WHERE upper_inf(sys_period)');
SELECT count(*) FROM clerk_versions WHERE row_end <> '2021-06-01';

\echo joins at one time: inner, left, right, full; the clause concerns its own table, not the one beside it
CREATE FUNCTION joined(kind text, at text) RETURNS text LANGUAGE sql AS $$ SELECT temporal_peers_reading.alike(
	format('SELECT c.id, c.room, r.floor FROM clerk FOR SYSTEM_TIME AS OF %2$L AS c %1$s JOIN room FOR SYSTEM_TIME AS OF %2$L AS r ON r.nr = c.room', kind, at),
	format('SELECT c.id, c.room, r.floor FROM clerk_as_of(%2$L) AS c %1$s JOIN room_as_of(%2$L) AS r ON r.nr = c.room', kind, at)) $$;
SELECT kind, joined(kind, '2020-12-01') AS "2020", joined(kind, '2022-06-01') AS "2022", joined(kind, '2024-06-01') AS "2024" FROM unnest('{INNER,LEFT,RIGHT,FULL}'::text[]) kind;
SELECT kind, then_answer('2022-06-01', format('SELECT c.id, c.room, r.floor FROM clerk c %s JOIN room r ON r.nr = c.room', kind)) = joined(kind, '2022-06-01') AS session FROM unnest('{INNER,LEFT,RIGHT,FULL}'::text[]) kind;
SELECT alike('SELECT c.id, r.nr FROM clerk c, room FOR SYSTEM_TIME ALL r', 'SELECT c.id, r.nr FROM clerk c, room_versions r') AS second,
	alike('SELECT c.id, r.nr FROM clerk FOR SYSTEM_TIME AS OF ''2020-01-01'' c CROSS JOIN room r', 'SELECT c.id, r.nr FROM clerk_as_of(''2020-01-01'') c CROSS JOIN room r') AS first;
SELECT alike('SELECT id, town, floor FROM clerk FOR SYSTEM_TIME AS OF ''2022-06-01'' c JOIN (street s LEFT JOIN room FOR SYSTEM_TIME AS OF ''2022-06-01'' r USING (nr)) ON nr = c.room',
	'SELECT id, town, floor FROM clerk_as_of(''2022-06-01'') c JOIN (street s LEFT JOIN room_as_of(''2022-06-01'') r USING (nr)) ON nr = c.room') AS nested;
\echo a table with itself, then and now; an outer join to what is now and was not then
SELECT alike('SELECT o.id, o.room AS was, n.room AS is FROM clerk FOR SYSTEM_TIME AS OF ''2022-06-01'' o FULL JOIN clerk n USING (id)', 'SELECT o.id, o.room AS was, n.room AS is FROM clerk_as_of(''2022-06-01'') o FULL JOIN clerk n USING (id)') AS then_and_now,
	alike('SELECT a.name, b.name FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' a LEFT JOIN clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' b ON b.id = a.boss', 'SELECT a.name, b.name FROM clerk_as_of(''2021-01-01'') a LEFT JOIN clerk_as_of(''2021-01-01'') b ON b.id = a.boss') AS bosses;
\echo USING joins by the columns named; NATURAL by all that have a name in common, the columns of the versioning too
CREATE TABLE desk (nr int PRIMARY KEY, wood text);
SELECT add_system_versioning('desk');
INSERT INTO desk VALUES (20, 'oak'), (30, 'ash');
SELECT alike('SELECT nr, floor, wood FROM room FOR SYSTEM_TIME AS OF ''2022-06-01'' JOIN desk USING (nr)', 'SELECT nr, floor, wood FROM room_as_of(''2022-06-01'') JOIN desk USING (nr)') AS using,
	alike('SELECT nr, floor, town FROM street NATURAL JOIN room FOR SYSTEM_TIME AS OF ''2022-06-01''', 'SELECT nr, floor, town FROM street NATURAL JOIN room_as_of(''2022-06-01'')') AS plain,
	alike('SELECT nr, floor, wood FROM room FOR SYSTEM_TIME AS OF ''2022-06-01'' NATURAL JOIN desk', 'SELECT nr, floor, wood FROM room NATURAL JOIN desk') AS versioned;

\echo subqueries: each with its time; scalar ones that find nothing, row comparisons, EXISTS, LATERAL with the time of an outer row
SELECT alike('SELECT id, (SELECT floor FROM room FOR SYSTEM_TIME AS OF ''2020-06-01'' r WHERE r.nr = c.room) FROM clerk FOR SYSTEM_TIME AS OF ''2022-06-01'' c', 'SELECT id, (SELECT floor FROM room_as_of(''2020-06-01'') r WHERE r.nr = c.room) FROM clerk_as_of(''2022-06-01'') c') AS scalar,
	alike('SELECT id FROM clerk WHERE (id, 10) IN (SELECT id, room FROM clerk FOR SYSTEM_TIME AS OF ''2020-12-01'')', 'SELECT id FROM clerk WHERE (id, 10) IN (SELECT id, room FROM clerk_as_of(''2020-12-01''))') AS "in",
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' c WHERE NOT EXISTS (SELECT FROM clerk n WHERE n.id = c.id)', 'SELECT id FROM clerk_as_of(''2021-01-01'') c WHERE NOT EXISTS (SELECT FROM clerk n WHERE n.id = c.id)') AS gone,
	alike('SELECT * FROM (SELECT id, room FROM (SELECT * FROM clerk FOR SYSTEM_TIME AS OF ''2023-06-01'') a WHERE room > 10) b', 'SELECT * FROM (SELECT id, room FROM (SELECT * FROM clerk_as_of(''2023-06-01'')) a WHERE room > 10) b') AS derived,
	alike('SELECT y, c.id FROM generate_series(2020, 2024) y, clerk FOR SYSTEM_TIME AS OF make_timestamptz(y, 7, 1, 0, 0, 0) c WHERE c.room = 10', 'SELECT y, c.id FROM generate_series(2020, 2024) y, clerk_as_of(make_timestamptz(y, 7, 1, 0, 0, 0)) c WHERE c.room = 10') AS lateral \gx
\echo set operations: no branch has the time of another; aggregates, windows
SELECT alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2020-01-01'' UNION SELECT nr FROM room', 'SELECT id FROM clerk_as_of(''2020-01-01'') UNION SELECT nr FROM room') AS first,
	alike('SELECT id FROM clerk UNION ALL SELECT nr FROM room FOR SYSTEM_TIME AS OF ''2022-06-01''', 'SELECT id FROM clerk UNION ALL SELECT nr FROM room_as_of(''2022-06-01'')') AS second,
	alike('SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' EXCEPT SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2022-06-01''', 'SELECT id FROM clerk_as_of(''2021-01-01'') EXCEPT SELECT id FROM clerk_as_of(''2022-06-01'')') AS left_us,
	alike('SELECT room, count(*), max(count(*)) OVER () FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' GROUP BY room', 'SELECT room, count(*), max(count(*)) OVER () FROM clerk_as_of(''2021-01-01'') GROUP BY room') AS grouped \gx
\echo WITH: recursive, the time in both branches; two times in two of them
SELECT alike('WITH RECURSIVE under AS (SELECT id, name FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' WHERE boss IS NULL UNION SELECT c.id, c.name FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01'' c JOIN under u ON c.boss = u.id) SELECT * FROM under',
	'WITH RECURSIVE under AS (SELECT id, name FROM clerk_as_of(''2021-01-01'') WHERE boss IS NULL UNION SELECT c.id, c.name FROM clerk_as_of(''2021-01-01'') c JOIN under u ON c.boss = u.id) SELECT * FROM under') AS recursive,
	alike('WITH a AS (SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2020-01-01''), b AS MATERIALIZED (SELECT id FROM clerk FOR SYSTEM_TIME AS OF ''2020-12-01'') SELECT b.id, a.id AS a FROM b LEFT JOIN a USING (id)',
	'WITH a AS (SELECT id FROM clerk_as_of(''2020-01-01'')), b AS MATERIALIZED (SELECT id FROM clerk_as_of(''2020-12-01'')) SELECT b.id, a.id AS a FROM b LEFT JOIN a USING (id)') AS two;
SELECT then_answer('2021-01-01', 'WITH RECURSIVE under AS (SELECT id, name FROM clerk WHERE boss IS NULL UNION SELECT c.id, c.name FROM clerk c JOIN under u ON c.boss = u.id) SELECT * FROM under') AS session;
SELECT refused('WITH x AS (SELECT * FROM clerk) SELECT * FROM x FOR SYSTEM_TIME AS OF now()') AS cte, refused('SELECT * FROM (SELECT * FROM clerk) s FOR SYSTEM_TIME ALL') AS derived;

\echo views: of a time, of an interval, with names of columns, over a join, over a union, replaced; a view is not versioned; the session reaches into a plain one alone
SELECT rewrite('CREATE VIEW v_then AS SELECT * FROM clerk FOR SYSTEM_TIME AS OF ''2021-01-01''; CREATE VIEW v_all (c, ended) AS SELECT id, row_end::date FROM clerk FOR SYSTEM_TIME ALL WHERE isfinite(row_end);
CREATE VIEW v_join AS SELECT c.id, town, floor FROM clerk FOR SYSTEM_TIME AS OF ''2020-12-01'' c JOIN street s ON s.nr = c.room JOIN room r ON true; CREATE VIEW v_union AS SELECT nr FROM room FOR SYSTEM_TIME ALL UNION SELECT nr FROM street; CREATE VIEW v_now AS SELECT * FROM clerk') \gexec
SELECT answer('SELECT id, room FROM v_then') AS v_then, answer('SELECT * FROM v_all WHERE c = 2') AS v_all, answer('SELECT * FROM v_join') AS v_join, answer('SELECT * FROM v_union') AS v_union \gx
SELECT rewrite('CREATE OR REPLACE VIEW v_then AS SELECT * FROM clerk FOR SYSTEM_TIME AS OF now() - interval ''300 years''') \gexec
SELECT answer('SELECT id, room FROM v_then') AS v_then, then_answer('2021-01-01', 'SELECT id FROM v_now') AS v_now, then_answer('2021-01-01', 'SELECT id FROM v_then') AS v_then, refused('SELECT * FROM v_now FOR SYSTEM_TIME ALL') AS clause;
\echo what is read of the past cannot be changed through it; a view of the present can, with its versions
SELECT refused('INSERT INTO v_then (id) VALUES (9)') AS ins, refused('UPDATE v_then SET id = 9') AS upd, refused('DELETE FROM clerk_versions') AS del, refused('SELECT * FROM clerk FOR SYSTEM_TIME AS OF now() c FOR UPDATE OF c') AS locked;
CREATE TABLE number (x int PRIMARY KEY);
SELECT add_system_versioning('number');
CREATE VIEW v_high AS SELECT x FROM number WHERE x > 1;
INSERT INTO v_high VALUES (1), (2), (4);
UPDATE v_high SET x = x + 1 WHERE x = 2;
DELETE FROM v_high WHERE x < 4;
DELETE FROM v_high WHERE x = 1;
SELECT x, isfinite(row_end) AS ended FROM number_versions ORDER BY x;

\echo prepared statements: one time after the other, a null, an error between them; plans that are generic; the table changes
PREPARE standing (timestamptz, int) AS SELECT id, room FROM clerk_as_of($1) WHERE room >= $2 ORDER BY id;
SELECT rewrite('PREPARE translated AS SELECT c.id, v.floor FROM clerk FOR SYSTEM_TIME AS OF $1 c LEFT JOIN v_room v ON v.nr = c.room ORDER BY 1') AS statement \gset
CREATE VIEW v_room AS SELECT nr, floor FROM room WHERE floor > 5;
:statement;
SET plan_cache_mode = force_generic_plan;
EXECUTE standing ('2021-01-01', 5);
EXECUTE standing ('2023-06-01', 5);
EXECUTE standing (NULL, 5);
EXECUTE standing ('2021-02-30', 5);
EXECUTE translated ('2022-06-01');
EXECUTE translated (now());
DROP VIEW v_then, v_all, v_join;
ALTER TABLE clerk ADD COLUMN wage int DEFAULT 7;
EXECUTE standing ('2021-01-01', 5);
EXECUTE translated ('2022-06-01');
RESET plan_cache_mode;
\echo functions: called again and again, before the table was versioned and after it; what their statements cannot do they cannot do twice
CREATE TABLE late (i int PRIMARY KEY);
INSERT INTO late VALUES (1);
CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM temporal_peers_reading.late WHERE i IN (SELECT max(i) FROM temporal_peers_reading.late)); END $$;
CREATE FUNCTION one_row() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT * INTO r FROM temporal_peers_reading.late; RETURN to_jsonb(r) - 'row_start' - 'row_xid'; END $$;
CREATE FUNCTION past(at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM temporal_peers_reading.late_as_of(at)); END $$;
CREATE FUNCTION attempt() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN temporal_peers_reading.past('2020-01-01'); EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SELECT total(), one_row(), attempt(), attempt();
SELECT add_system_versioning('late');
SELECT total(), one_row(), attempt(), past(now());
UPDATE late SET i = 2;
SELECT total(), one_row(), attempt(), past(now());
SELECT drop_system_versioning('late');
SELECT total(), one_row(), attempt(), attempt();
CREATE FUNCTION floors(at timestamptz) RETURNS SETOF int LANGUAGE tsmem_sql AS 'SELECT floor FROM room FOR SYSTEM_TIME AS OF at ORDER BY 1';
SELECT answer('SELECT floors(''2020-06-01'')') AS a, answer('SELECT floors(''2022-06-01'')') AS b, answer('SELECT floors(NULL)') AS c;
\echo a table made of a join of three times of one table
SELECT rewrite('CREATE TABLE moved AS SELECT c.id, a.room AS first, b.room AS then FROM clerk c LEFT JOIN clerk FOR SYSTEM_TIME AS OF ''2020-12-01'' a ON a.id = c.id AND a.name = ''ada'' LEFT JOIN clerk FOR SYSTEM_TIME AS OF ''2022-06-01'' b ON b.id = c.id AND b.name = ''eve''') \gexec
SELECT * FROM moved ORDER BY id;

\echo both times: all of both, one of each, intervals whose bounds have different types; an alias with names of columns; periods of two tables, and of system time
CREATE TABLE rate (item int, amount int, during tstzrange);
SELECT add_period('rate', 'during'), add_temporal_key('rate', '{item}', 'during', primary_key => true), add_system_versioning('rate');
SELECT import_history('rate', $$ SELECT * FROM (VALUES (1, 3, '[2010-01-01,)'::tstzrange, timestamptz '2020-01-01', timestamptz '2021-01-01'), (1, 3, '[2010-01-01,2015-01-01)', '2021-01-01', '2022-01-01'),
	(1, 4, '[2015-01-01,)', '2021-01-01', '2022-01-01')) v (item, amount, during, row_start, row_end) $$);
INSERT INTO rate VALUES (2, 8, '[2012-01-01,2013-01-01)');
SELECT system, valid, answer(rewrite(format('SELECT item, amount FROM rate %s %s', system, valid))) AS one, answer(rewrite(format('SELECT item, amount FROM rate %s %s AS r', valid, system))) AS other
FROM unnest('{FOR SYSTEM_TIME ALL,FOR ALL SYSTEM_TIME,FOR SYSTEM_TIME AS OF DATE ''2019-01-01'',FOR SYSTEM_TIME AS OF DATE ''2020-06-01'',FOR SYSTEM_TIME FROM DATE ''2020-06-01'' TO TIMESTAMP ''2021-01-01'',FOR SYSTEM_TIME BETWEEN DATE ''2020-06-01'' AND TIMESTAMP ''2021-01-01'',""}'::text[]) WITH ORDINALITY s (system, n),
	unnest('{FOR VALID_TIME ALL,FOR VALID_TIME AS OF DATE ''2012-06-01'',FOR VALID_TIME FROM ''2013-01-01'' TO ''2014-01-01''}'::text[]) WITH ORDINALITY v (valid, m) ORDER BY n, m;
SELECT answer(rewrite('SELECT f.bar FROM rate FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP FOR VALID_TIME AS OF ''2012-06-01'' AS f (foo, bar)')) AS names,
	answer(rewrite('SELECT a.amount, b.amount AS b, lower(a.during * b.during)::date AS since FROM rate FOR SYSTEM_TIME AS OF ''2021-06-01'' a JOIN rate b ON a.during OVERLAPS b.during')) AS common,
	answer(rewrite('SELECT item, amount FROM rate FOR SYSTEM_TIME ALL WHERE during CONTAINS PERIOD (TIMESTAMPTZ ''2010-01-01'', TIMESTAMPTZ ''2011-01-01'')')) AS contains,
	answer(rewrite('SELECT item, amount FROM rate FOR SYSTEM_TIME ALL WHERE during PRECEDES sys_period')) AS precedes,
	answer(rewrite('SELECT item, amount FROM rate FOR SYSTEM_TIME ALL WHERE sys_period IMMEDIATELY SUCCEEDS PERIOD (''2020-01-01'', ''2021-01-01'')')) AS succeeds,
	answer(rewrite('SELECT item FROM rate FOR VALID_TIME FROM NULL TO NULL')) AS no_bounds \gx
SET client_min_messages = warning;
DROP SCHEMA temporal_peers_reading CASCADE;
