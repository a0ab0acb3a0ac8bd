-- What other implementations of valid time promise about periods, keys and portions, promised here.
CREATE SCHEMA temporal_peers_period;
SET search_path = temporal_peers_period, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
-- The SQLSTATE of a statement, which may be of the standard, or the number of its rows; a deletion of a portion answers with one row.
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE tsmem.rewrite(statement);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
-- The rows of a table on one line.
CREATE FUNCTION rows_of(rel regclass, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE format('SELECT string_agg(concat_ws(''/'', %1$s), '' '' ORDER BY %1$s) FROM %2$s', columns, rel) INTO result;
	RETURN coalesce(result, 'none');
END $$;

\echo a key over a period: rows that come, left of another, right of it, within, around, the same; beside it; into the gap between two
CREATE TABLE seat (nr int, f date, u date);
SELECT add_period('seat', 'p', 'f', 'u'), add_temporal_key('seat', '{nr}', 'p', primary_key => true);
INSERT INTO seat VALUES (1, '2003-02-01', '2003-04-01'), (1, '2003-06-01', '2003-08-01');
SELECT f, u, try(format('INSERT INTO seat VALUES (1, %L, %L)', f, u)) AS same_key, try(format('INSERT INTO seat VALUES (2, %L, %L)', f, u)) AS other_key
FROM (VALUES (1, '2003-01-01', '2003-02-02'), (2, '2003-03-31', '2003-05-01'), (3, '2003-02-10', '2003-03-10'), (4, '2003-01-01', '2003-05-01'), (5, '2003-02-01', '2003-04-01'), (6, '2003-02-01', '2003-03-01'),
	(7, '2003-03-01', '2003-07-01'), (8, NULL, '2003-02-02'), (9, '2003-07-31', NULL), (10, '2003-01-01', '2003-02-01'), (11, '2003-04-01', '2003-06-01'), (12, '2003-08-01', NULL), (13, '2003-09-01', '2003-09-02'), (14, NULL, NULL)) v (n, f, u) ORDER BY n;
DELETE FROM seat WHERE nr = 2;
SELECT rows_of('seat', 'f, u');
\echo rows that change: grow, shrink, move and come back; as far as the next, and a day further
DELETE FROM seat WHERE f IN ('2003-04-01', '2003-01-01') OR u IS NULL;
SELECT try(format('UPDATE seat SET %s WHERE f < ''2003-05-01''', change)), change, rows_of('seat', 'f, u')
FROM (VALUES (1, 'f = ''2002-12-01'''), (2, 'f = ''2003-02-01'''), (3, 'u = ''2003-06-01'''), (4, 'u = ''2003-06-02'''), (5, 'f = ''2003-06-10'', u = ''2003-06-20'''), (6, 'f = ''2003-05-01'', u = ''2003-09-01'''),
	(7, 'f = ''2003-02-10'', u = ''2003-02-20'''), (8, 'f = ''2003-02-10'', u = ''2003-02-10'''), (9, 'f = ''2003-02-10'', u = ''2003-02-09'''), (10, 'f = ''2002-01-01'', u = ''2002-01-02''')) v (n, change) ORDER BY n;
\echo the key holds row by row: the first of two may move away from the second, not onto it
CREATE TABLE queue (nr int, p daterange);
SELECT add_period('queue', 'p'), add_temporal_key('queue', '{nr}', 'p');
INSERT INTO queue VALUES (1, '[2000-01-01,2000-01-02)'), (1, '[2000-01-02,2000-01-03)');
SELECT try('UPDATE queue SET p = daterange(lower(p) + 1, upper(p) + 1)') AS onto, try('UPDATE queue SET p = daterange(lower(p) - 1, upper(p) - 1)') AS away, rows_of('queue', 'p');
\echo keys of two columns, of no column that is null, two keys of a period, a plain one beside them
CREATE TABLE pair (a int, b text, c int, d int UNIQUE, p daterange);
SELECT add_period('pair', 'p'), add_temporal_key('pair', '{a,b}', 'p', primary_key => true), add_temporal_key('pair', '{c}', 'p');
SELECT try(format('INSERT INTO pair VALUES (%s, %L)', v, p)), v, p
FROM (VALUES (1, '1, ''x'', 1, 1', '[2000-01-01,2010-01-01)'), (2, '1, ''y'', 2, 2', '[2000-01-01,2010-01-01)'), (3, '2, ''x'', 3, 3', '[2005-01-01,2015-01-01)'), (4, '1, ''x'', 4, 4', '[2009-12-31,2011-01-01)'), (5, '1, ''x'', 4, 4', '[2010-01-01,2011-01-01)'),
	(6, '5, ''x'', 1, 5', '[2001-01-01,2002-01-01)'), (7, '5, ''x'', 6, 1', '[2001-01-01,2002-01-01)'), (8, '5, ''x'', NULL, NULL', '[2001-01-01,2002-01-01)'), (9, '6, ''x'', NULL, NULL', '[2001-01-01,2002-01-01)'), (10, '5, ''x'', NULL, NULL', '[2001-01-01,2001-01-02)'),
	(11, 'NULL, ''x'', 7, 7', '[2001-01-01,2002-01-01)'), (12, '7, NULL, 7, 7', '[2001-01-01,2002-01-01)'), (13, '7, ''x'', 7, 7', NULL), (14, '7, ''x'', 7, 7', 'empty')) v (n, v, p) ORDER BY n;
CREATE TABLE loose (a int, b int, p daterange);
SELECT add_period('loose', 'p'), add_temporal_key('loose', '{a,b}', 'p');
INSERT INTO loose VALUES (NULL, NULL, '(,)'), (NULL, NULL, '(,)'), (1, NULL, '(,)'), (1, NULL, '(,)'), (NULL, 1, '[2000-01-01,2001-01-01)'), (1, 1, '(,)');
SELECT try('INSERT INTO loose VALUES (1, 1, ''[2000-01-01,2000-01-02)'')') AS no_null, try('UPDATE loose SET b = 1 WHERE a = 1 AND b IS NULL') AS null_no_more, count(*) FROM loose;
\echo what is equal is what the type says: trailing blanks, zeros after the point
CREATE TABLE kinds (t text, v char(5), n numeric, p tsrange);
SELECT add_period('kinds', 'p');
SELECT key, add_temporal_key('kinds', ARRAY[key]::name[], 'p') IS NOT NULL AS added, try(format('INSERT INTO kinds (%1$I, p) VALUES (%2$L, ''[2000-01-01,2001-01-01)''), (%3$L, ''[2000-06-01,2002-01-01)'')', key, one, other))
FROM (VALUES (1, 't', 'abc', 'abc '), (3, 'v', 'abc', 'abc '), (4, 'n', '1.0', '1.00')) v (n, key, one, other) ORDER BY n;
\echo a key that rows do not keep, and former versions do not; once the rows do it is there, whatever the history has
CREATE TABLE shop (id int, note text, p daterange);
SELECT add_period('shop', 'p'), add_system_versioning('shop', history_options => '{"without_key": true}');
INSERT INTO shop VALUES (1, 'a', '[2003-01-01,2003-03-01)'), (1, 'b', '[2003-05-01,2003-07-01)'), (1, 'c', '[2003-02-01,2003-04-01)');
SELECT try('SELECT add_temporal_key(''shop'', ''{id}'', ''p'', primary_key => true)'), count(*) FROM temporal_keys WHERE rel = 'shop'::regclass;
DELETE FROM shop;
SELECT add_temporal_key('shop', '{id}', 'p', primary_key => true);
INSERT INTO shop VALUES (1, 'd', '[2003-01-01,2003-03-01)'), (1, 'e', '[2003-03-01,2003-05-01)');
ALTER TABLE shop ADD COLUMN more int;
SELECT try('INSERT INTO shop VALUES (1, ''f'', ''[2003-02-01,2003-04-01)'')') AS still, rows_of('shop_history', 'note') AS history, rows_of('shop', 'note') AS now;
\echo a copy of the table has its checks, and is no period of ours
CREATE TABLE shop_like (LIKE shop INCLUDING CONSTRAINTS INCLUDING INDEXES);
SELECT try('INSERT INTO shop_like (id, p, row_start, row_xid) VALUES (1, ''empty'', now(), ''0'')') AS empty, (SELECT count(*) FROM periods WHERE rel = 'shop_like'::regclass) AS periods;
\echo INSERT ON CONFLICT: nothing for rows that overlap, by the constraint or none named; to update needs another key. COPY: out and in again; one row that overlaps refuses all
CREATE TABLE lane (id int, v int, p daterange);
SELECT add_period('lane', 'p'), add_temporal_key('lane', '{id}', 'p', primary_key => true);
INSERT INTO lane VALUES (1, 1, '[2000-01-01,2010-01-01)');
SELECT try('INSERT INTO lane VALUES (1, 2, ''[2005-01-01,2006-01-01)''), (1, 3, ''[2010-01-01,2020-01-01)''), (2, 4, ''[2005-01-01,2006-01-01)'') ON CONFLICT DO NOTHING') AS unnamed,
	try('INSERT INTO lane VALUES (1, 5, ''[2005-01-01,2006-01-01)''), (3, 6, ''[2005-01-01,2006-01-01)'') ON CONFLICT ON CONSTRAINT lane_id_p_pkey DO NOTHING') AS named,
	try('INSERT INTO lane VALUES (1, 7, ''[2005-01-01,2006-01-01)'') ON CONFLICT (id, p) DO NOTHING') AS columns, try('INSERT INTO lane VALUES (1, 8, ''[2005-01-01,2006-01-01)'') ON CONFLICT ON CONSTRAINT lane_id_p_pkey DO UPDATE SET v = 9') AS update;
COPY lane FROM stdin;
4	1	[2000-01-01,2010-01-01)
1	1	[2009-01-01,2010-01-01)
\.
COPY (SELECT * FROM lane ORDER BY id, p) TO stdout;
\echo portions: a piece of one key goes to another, beside its rows and into them; what fails leaves nothing
SELECT try('UPDATE lane FOR PORTION OF p FROM ''2000-01-01'' TO ''2005-01-01'' SET id = 2 WHERE id = 1') AS beside, try('UPDATE lane FOR PORTION OF p FROM ''2005-12-31'' TO ''2007-01-01'' SET id = 2 WHERE id = 1') AS into_one,
	try('UPDATE lane FOR PORTION OF p FROM ''2003-01-01'' TO ''2012-01-01'' SET id = 3') AS several, rows_of('lane', 'id, v, p');
\echo bounds: reversed, equal, null, of another type, a column, a query; a fraction of a second; this day; a period that is none, or system time
CREATE FUNCTION cut(bounds text, period text DEFAULT 'p') RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', temporal_peers_period.try(format('UPDATE lane FOR PORTION OF %s %s SET v = 0 WHERE id = 9', period, bounds)), temporal_peers_period.try(format('DELETE FROM lane FOR PORTION OF %s %s WHERE id = 9', period, bounds))) $$;
INSERT INTO lane VALUES (9, 1, '[2000-01-01,2010-01-01)');
SELECT bounds, cut(bounds), rows_of('lane', 'CASE id WHEN 9 THEN v END, CASE id WHEN 9 THEN p END')
FROM (VALUES (1, 'FROM ''2005-01-01'' TO ''2004-01-01'''), (2, 'FROM ''2005-01-01'' TO ''2005-01-01'''), (3, 'FROM 1 TO ''2005-01-01'''), (4, 'FROM ''2005-01-01'' TO 4'), (5, '(int4range(1, 4))'), (6, '(4)'), (7, '(NULL)'), (8, '(''empty'')'),
	(9, 'FROM ''2000-02-30'' TO NULL'), (10, 'FROM ''1999-01-01'' TO ''2000-01-01'''), (11, 'FROM ''2010-01-01'' TO NULL'), (12, '(''[2001-01-01,2002-01-01)'')'), (13, 'FROM NULL TO ''2003-01-01'''), (14, 'FROM (SELECT date ''2009-01-01'') TO NULL'), (15, 'FROM current_date TO NULL')) v (n, bounds) ORDER BY n;
SELECT cut('FROM ''2001-01-01'' TO ''2002-01-01''', period), period FROM unnest('{q,v,SYSTEM_TIME,PERIOD}'::text[]) period;
\echo a bound that is a column: not in a deletion; in an update each row has its own
SELECT try('DELETE FROM lane FOR PORTION OF p FROM lower(p) TO ''2008-01-01'' WHERE id = 9') AS deletion, try('UPDATE lane FOR PORTION OF p FROM lower(p) TO lower(p) + 2 SET v = 5 WHERE id IN (1, 9)') AS update, rows_of('lane', 'id, v, p');
CREATE TABLE fine (id int PRIMARY KEY DEFAULT (random() * 1000000000)::int, p tsrange);
SELECT add_period('fine', 'p');
INSERT INTO fine (p) VALUES ('[1999-01-01,2018-12-12)');
SELECT try('DELETE FROM fine FOR PORTION OF p FROM ''2000-01-01 00:00:00.00015'' TO ''2018-01-01 12:34:56.314159''') AS rows, rows_of('fine', 'p');
SELECT try('DELETE FROM fine FOR PORTION OF p FROM ''2018-01-01 12:34:56.314158'' TO ''2018-01-01 12:34:56.314159''') AS before, try('DELETE FROM fine FOR PORTION OF p FROM ''2018-01-01 12:34:56.314159'' TO ''2018-01-01 12:34:56.31416''') AS first, rows_of('fine', 'p');
\echo rows without a key, of them two that are alike; a portion that is a row, touches it, cuts it, covers it; the length that a check demands of what is left
CREATE TABLE loan (id int, f date, u date, days int GENERATED ALWAYS AS (u - f) STORED, CONSTRAINT two_days CHECK (u - f >= 2));
SELECT add_period('loan', 'p', 'f', 'u');
INSERT INTO loan VALUES (1, '1999-01-01', '2018-12-12'), (1, '1999-01-01', '2018-12-12'), (2, '2000-01-01', '2018-01-01'), (3, '1997-01-01', '2000-01-01'), (4, '2018-01-01', '2020-01-01'), (5, '2016-01-01', '2020-01-01'), (6, '2010-01-01', '2015-01-01');
SELECT try('DELETE FROM loan FOR PORTION OF p FROM ''1999-01-02'' TO ''2018-12-12''') AS one_day_before, try('DELETE FROM loan FOR PORTION OF p FROM ''1998-01-01'' TO ''2018-12-11'' WHERE id = 1') AS one_day_after;
BEGIN;
SELECT delete_for_portion_of('loan', 'p', '[2000-01-01,2018-01-01)'::daterange, '{}');
SELECT rows_of('loan', 'id, f, u, days');
ROLLBACK;
SELECT try('DELETE FROM loan FOR PORTION OF p FROM ''1999-01-03'' TO ''2018-12-10''') AS two_days, rows_of('loan', 'id, f, u, days');
\echo no portion of a view, of two tables, through a cursor; the second call of a function refuses what the first did
CREATE VIEW loan_view AS SELECT * FROM loan;
CREATE VIEW lane_view AS SELECT * FROM lane;
CREATE FUNCTION twice() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM tsmem.delete_for_portion_of('temporal_peers_period.loan', 'othertime', '[2000-01-01,2018-01-01)'::daterange, '{}'); RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SELECT try('DELETE FROM loan_view FOR PORTION OF p FROM ''2000-01-01'' TO ''2018-01-01''') AS deletion, try('UPDATE lane_view FOR PORTION OF p FROM ''2000-01-01'' TO ''2018-01-01'' SET v = 3') AS update, twice() AS first, twice() AS second,
	try('UPDATE lane, loan FOR PORTION OF p FROM ''2000-01-01'' TO ''2018-01-01'' SET v = 3') AS two_tables, try('SELECT * FROM lane FOR PORTION OF p FROM ''2000-01-01'' TO ''2018-01-01''') AS query;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM lane_for_portion_of_p WHERE id = 1;
FETCH NEXT FROM c \g /dev/null
UPDATE lane_for_portion_of_p SET p = '[2006-01-01,2007-01-01)', v = 3 WHERE CURRENT OF c;
ROLLBACK;
\echo a row is cut once in a statement, by the first part of it that comes; EXPLAIN cuts nothing; parameters
INSERT INTO lane VALUES (11, 1, '[2018-01-01,2020-01-01)');
WITH april AS (UPDATE lane_for_portion_of_p SET p = '[2018-04-01,2018-05-01)', v = 4 WHERE id = 11 RETURNING id, v, p), seen AS (SELECT l.v, l.p FROM lane l JOIN april USING (id)),
	may AS (UPDATE lane_for_portion_of_p t SET p = '[2018-05-01,2018-06-01)', v = 5 FROM april a WHERE t.id = a.id RETURNING t.v)
SELECT (SELECT array_agg(v) FROM may) AS may, seen.* FROM seen;
SELECT id, v, p FROM lane WHERE id = 11 ORDER BY p;
EXPLAIN (COSTS OFF) UPDATE lane_for_portion_of_p SET p = NULL WHERE id = 11 \g /dev/null
SELECT rewrite('PREPARE portion AS UPDATE lane FOR PORTION OF p FROM $1 TO $2 SET v = $3 WHERE id = 11') AS statement \gset
:statement;
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'portion';
EXECUTE portion ('2018-04-10', '2018-04-20', 7);
EXECUTE portion ('2019-04-10', NULL, 8);
SELECT v, p FROM lane WHERE id = 11 ORDER BY p;
\echo an identity: kept where the key has the period, a new one where it stands alone; it cannot be both
CREATE TABLE car (id int GENERATED BY DEFAULT AS IDENTITY, price int, p daterange);
CREATE TABLE car_alone (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, car int, price int, p daterange);
CREATE TABLE car_both (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, price int, p daterange);
SELECT add_period('car', 'p'), add_temporal_key('car', '{id}', 'p', true), add_period('car_alone', 'p'), add_temporal_key('car_alone', '{car}', 'p'), add_period('car_both', 'p'), add_temporal_key('car_both', '{id}', 'p');
INSERT INTO car (price, p) VALUES (1000, '[2018-01-01,2020-01-01)');
INSERT INTO car_alone (car, price, p) VALUES (1, 1000, '[2018-01-01,2020-01-01)');
INSERT INTO car_both (price, p) VALUES (1000, '[2018-01-01,2020-01-01)');
SELECT rel, try(format('UPDATE %s FOR PORTION OF p FROM ''2019-01-01'' TO ''2019-12-01'' SET price = 1100', rel)) AS update, try(format('DELETE FROM %s FOR PORTION OF p FROM ''2019-12-10'' TO ''2019-12-20''', rel)) AS delete, rows_of(rel::regclass, 'id, price, p') FROM unnest('{car,car_alone,car_both}'::text[]) rel;
\echo both times: the row that was cut ends, all pieces begin
CREATE TABLE both_times (x int PRIMARY KEY DEFAULT (random() * 1000000000)::int, y int, p daterange);
SELECT add_period('both_times', 'p'), add_system_versioning('both_times');
INSERT INTO both_times (y, p) VALUES (1, '[1999-01-01,2018-12-12)'), (2, '[1999-01-01,1999-12-12)');
SELECT max(row_start) AS made FROM both_times \gset
SELECT try('DELETE FROM both_times FOR PORTION OF p FROM ''2000-01-01'' TO ''2018-01-01''') AS del, try('UPDATE both_times FOR PORTION OF p FROM ''1999-06-01'' TO ''1999-07-01'' SET y = y + 5') AS upd;
SELECT y, p, isfinite(row_end) AS ended, row_start = :'made' AS old FROM both_times_versions ORDER BY y, p, ended;

\echo definitions: columns of two types, of none that can be, one twice, computed; a name that is taken; a check of the name; the check stays while the period does
CREATE TABLE def (i int, d date, e date, t time, u time, ts timestamp, tz timestamptz, g date GENERATED ALWAYS AS (d + 1) STORED, taken int, CONSTRAINT def_p_period CHECK (i > 1));
SELECT columns, try(format('SELECT add_period(''def'', %s)', columns)) FROM (VALUES (1, '''p'', ''ts'', ''d'''), (2, '''p'', ''ts'', ''tz'''), (3, '''p'', ''i'', ''i'''), (4, '''p'', ''t'', ''u'''), (5, '''p'', ''d'', ''d'''), (6, '''p'', ''d'', ''no'''), (7, '''p'', ''d'', ''g'''),
	(8, '''taken'', ''d'', ''e'''), (9, '''p'', ''d'', ''e'''), (11, '''q'', ''d'', ''e''')) v (n, columns) ORDER BY n;
SELECT period, from_column, to_column, constraint_name FROM periods WHERE rel = 'def'::regclass ORDER BY period;
SELECT try('INSERT INTO def (i, d, e) VALUES (2, ''2001-01-02'', ''2001-01-01'')') AS reversed, try('INSERT INTO def (i, d, e) VALUES (2, ''2001-01-01'', ''2001-01-01'')') AS equal, try('INSERT INTO def (i, d, e) VALUES (1, ''2001-01-01'', ''2001-01-02'')') AS own,
	try('INSERT INTO def (i, d, e) VALUES (2, ''2001-01-01'', ''2001-01-02'')') AS good, try('ALTER TABLE def DROP CONSTRAINT ' || (SELECT constraint_name FROM periods WHERE rel = 'def'::regclass AND period = 'q')) AS dropped, try('ALTER TABLE def DROP COLUMN e') AS bound;
SELECT drop_period('def', 'q');
SELECT try('INSERT INTO def (i, d, e) VALUES (2, ''2001-01-02'', ''2001-01-01'')') AS reversed, try('SELECT drop_period(''def'', ''q'')') AS none, try('SELECT add_period(''def'', ''q'', ''d'', ''e'')') AS rows_forbid, try('DELETE FROM def') AS gone, try('SELECT add_period(''def'', ''q'', ''d'', ''e'')') AS again;

\echo nothing that a portion cannot set: a range that is computed, the column that the versioning sets
CREATE TABLE computed (id int, f date, u date, p daterange GENERATED ALWAYS AS (daterange(f, u)) STORED, until timestamptz);
SELECT add_period('computed', 'p');
SELECT add_system_versioning('computed', history_options => '{"without_key": true}');
SELECT add_period('computed', 'q', 'row_start', 'until');
SELECT count(*) FROM periods WHERE rel = 'computed'::regclass;

\echo foreign keys: a key of two columns covered by several rows; rows that begin and end anywhere in them; each change of either side; for RESTRICT a row gives itself up with what is left of it
CREATE TABLE room (id int, x int, p daterange);
CREATE TABLE stay (id int, x int, p daterange);
SELECT add_period('room', 'p'), add_temporal_key('room', '{id,x}', 'p'), add_period('stay', 'p'), add_temporal_foreign_key('stay', '{id,x}', 'p', 'room', '{id,x}', 'p', 'restrict');
SELECT try(statement), statement FROM (VALUES (1, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-03,2017-01-20)'')'),
	(2, 'INSERT INTO room VALUES (1, 1, ''[2017-01-03,2017-01-20)''), (1, 1, ''[2017-01-20,2017-01-25)''), (1, 1, ''[2017-01-25,2017-01-26)''), (1, 1, ''[2017-01-26,2017-01-30)''), (1, 2, ''[2017-01-01,2017-03-01)'')'),
	(3, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-03,2017-01-20)'')'), (4, 'DELETE FROM room'), (5, 'DELETE FROM room WHERE x = 1 AND lower(p) = ''2017-01-03'''), (6, 'DELETE FROM room WHERE lower(p) = ''2017-01-25'''),
	(7, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-22,2017-01-28)'')'), (8, 'INSERT INTO room VALUES (1, 1, ''[2017-01-25,2017-01-26)'')'), (9, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-07,2017-01-15)''), (1, 1, ''[2017-01-07,2017-01-26)''), (1, 1, ''[2017-01-07,2017-01-27)'')'),
	(10, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-01,2017-02-28)'')'), (11, 'INSERT INTO stay VALUES (1, 1, ''[2017-01-01,2017-01-30)'')'), (12, 'UPDATE room SET x = 3 WHERE lower(p) = ''2017-01-03'''), (13, 'UPDATE stay SET x = 2 WHERE upper(p) = ''2017-01-20'''), (14, 'UPDATE stay SET x = 3 WHERE x = 2'),
	(15, 'UPDATE room SET p = ''[2016-12-01,2017-01-20)'' WHERE lower(p) = ''2017-01-03'''), (16, 'UPDATE room SET p = ''[2017-01-08,2017-01-20)'' WHERE lower(p) = ''2016-12-01'''), (17, 'UPDATE room SET p = ''[2017-01-07,2017-01-20)'' WHERE lower(p) = ''2016-12-01'''),
	(18, 'UPDATE room SET p = ''[2017-01-26,2017-02-10)'' WHERE lower(p) = ''2017-01-26'''), (19, 'UPDATE room SET p = ''[2017-01-27,2017-02-10)'' WHERE lower(p) = ''2017-01-26'''), (20, 'UPDATE room SET p = ''[2017-02-02,2017-02-25)'' WHERE x = 2'), (21, 'UPDATE room SET p = ''[2017-01-03,2017-01-20)'' WHERE x = 2'),
	(22, 'DELETE FROM room FOR PORTION OF p FROM ''2017-01-27'' TO NULL WHERE x = 1'), (23, 'DELETE FROM room FOR PORTION OF p FROM ''2017-01-26'' TO NULL WHERE x = 1'), (24, 'DELETE FROM stay'), (25, 'DELETE FROM room')) v (n, statement) ORDER BY n;
\echo a table that references itself: a row its own, one another, in any order of one statement
CREATE TABLE step (id int, up int, p daterange);
SELECT add_period('step', 'p'), add_temporal_key('step', '{id}', 'p', true), add_temporal_foreign_key('step', '{up}', 'p', 'step', '{id}', 'p');
SELECT try(statement), statement FROM (VALUES (1, 'INSERT INTO step VALUES (1, 0, ''[2017-01-03,2017-01-20)'')'), (2, 'INSERT INTO step VALUES (2, 1, ''[2017-01-03,2017-01-20)''), (1, 1, ''[2017-01-01,2017-01-22)'')'), (3, 'DELETE FROM step WHERE id = 1'), (4, 'INSERT INTO step VALUES (1, 0, ''[2017-01-02,2017-01-22)'')'),
	(5, 'INSERT INTO step VALUES (1, 0, ''[2017-01-22,2017-01-25)'')'), (6, 'INSERT INTO step VALUES (0, 0, ''[2017-01-20,2017-01-30)'')'), (7, 'INSERT INTO step VALUES (1, 0, ''[2017-01-22,2017-01-25)'')'), (8, 'DELETE FROM step WHERE id = 0'), (9, 'UPDATE step SET p = ''[2017-01-20,2017-01-25)'' WHERE id = 0'),
	(10, 'UPDATE step SET p = ''[2017-01-22,2017-01-28)'' WHERE id = 0'), (11, 'UPDATE step SET p = ''[2017-01-23,2017-01-28)'' WHERE id = 0'), (12, 'DELETE FROM step WHERE id < 2 AND up = 0'), (13, 'DELETE FROM step')) v (n, statement) ORDER BY n;
\echo versions of both tables do not end a foreign key, nor does a table that is no longer versioned
SELECT add_system_versioning('room'), add_system_versioning('stay', history_options => '{"without_key": true}');
INSERT INTO room VALUES (1, 1, '[2017-01-01,2018-01-01)');
INSERT INTO stay VALUES (1, 1, '[2017-02-01,2017-03-01)');
SELECT drop_system_versioning('room', false);
SELECT try('DELETE FROM room') AS room, try('UPDATE stay SET p = ''[2018-02-01,2018-03-01)''') AS moved, try('DELETE FROM stay') AS stay;
SELECT count(*) FROM stay_history;

\echo the predicates of the standard against the bounds, on every pair of some periods
CREATE TABLE span AS SELECT int4range(f, t) AS p, f, t FROM generate_series(0, 5) f, generate_series(1, 6) t WHERE f < t;
SELECT count(*) AS pairs, count(*) FILTER (WHERE overlaps(a.p, b.p) <> (a.f < b.t AND b.f < a.t)) AS overlaps, count(*) FILTER (WHERE equals(a.p, b.p) <> (a.f = b.f AND a.t = b.t)) AS equals,
	count(*) FILTER (WHERE contains(a.p, b.p) <> (a.f <= b.f AND b.t <= a.t)) AS contains, count(*) FILTER (WHERE contains_instant(a.p, b.f) <> (a.f <= b.f AND b.f < a.t)) AS instant,
	count(*) FILTER (WHERE precedes(a.p, b.p) <> (a.t <= b.f)) AS precedes, count(*) FILTER (WHERE succeeds(a.p, b.p) <> (b.t <= a.f)) AS succeeds,
	count(*) FILTER (WHERE immediately_precedes(a.p, b.p) <> (a.t = b.f)) AS ip, count(*) FILTER (WHERE immediately_succeeds(a.p, b.p) <> (b.t = a.f)) AS "is" FROM span a, span b;
SET client_min_messages = warning;
DROP SCHEMA temporal_peers_period CASCADE;
