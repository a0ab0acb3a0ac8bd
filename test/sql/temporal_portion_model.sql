-- Portions and temporal foreign keys; random portions against a model by days.
CREATE SCHEMA temporal_portion_model;
SET search_path = temporal_portion_model, tsmem, public;
SET datestyle = 'ISO, YMD';
\set VERBOSITY terse
CREATE TABLE room (id int, size int, p daterange);
SELECT add_period('room', 'p'), add_temporal_key('room', '{id}', 'p', primary_key => true);
CREATE TABLE stay (id int, room_id int, who text, p daterange);
SELECT add_period('stay', 'p'), add_temporal_key('stay', '{id}', 'p', primary_key => true);
SELECT add_temporal_foreign_key('stay', '{room_id}', 'p', 'room', '{id}', 'p');
INSERT INTO room VALUES (1, 10, '[2020-01-01,2021-01-01)');
INSERT INTO stay VALUES (1, 1, 'a', '[2020-02-01,2020-11-01)');
-- A referenced row can be cut, as long as its pieces cover what they did.
UPDATE room_for_portion_of_p SET p = '[2020-03-01,2020-04-01)', size = 11;
UPDATE room_for_portion_of_p SET p = '[2020-03-01,2020-04-01)', id = 2;
SELECT delete_for_portion_of('room', 'p', '[2020-05-01,2020-06-01)'::daterange, '{"id": 1}');
SELECT delete_for_portion_of('room', 'p', '[2020-12-01,2021-06-01)'::daterange, '{"id": 1}');
-- So can one that references.
UPDATE stay_for_portion_of_p SET p = '[2020-05-01,2020-06-01)', who = 'b';
UPDATE stay_for_portion_of_p SET p = '[2020-05-01,2020-06-01)', room_id = 2;
SELECT delete_for_portion_of('stay', 'p', '[2020-05-01,2020-06-01)'::daterange, '{}');
SELECT delete_for_portion_of('room', 'p', '[2020-05-01,2020-06-01)'::daterange, '{"id": 1}');
TABLE stay ORDER BY p;
TABLE room ORDER BY p;
-- Actions follow what a portion takes away.
CREATE TABLE guest (id int, room_id int, p daterange);
SELECT add_period('guest', 'p');
SELECT add_temporal_foreign_key('guest', '{room_id}', 'p', 'room', '{id}', 'p', on_delete => 'cascade', on_update => 'cascade');
INSERT INTO guest VALUES (1, 1, '[2020-01-01,2020-02-01)');
SELECT delete_for_portion_of('room', 'p', '[2020-01-10,2020-01-20)'::daterange, '{"id": 1}');
UPDATE room_for_portion_of_p SET p = '[2020-01-01,2020-01-05)', id = 3 WHERE id = 1;
TABLE guest ORDER BY p;
DROP TABLE guest, stay, room;

-- The model has a row for each key and day.
CREATE TABLE fact (id int, v int, p daterange);
SELECT add_period('fact', 'p'), add_temporal_key('fact', '{id}', 'p', primary_key => true), add_system_versioning('fact');
CREATE TABLE two (id int, v int, f date, u date);
SELECT add_period('two', 'p', 'f', 'u'), add_temporal_key('two', '{id}', 'p');
CREATE TABLE model (id int, day date, v int, PRIMARY KEY (id, day));
INSERT INTO fact SELECT i, 0, '[2020-01-01,2020-04-10)' FROM generate_series(1, 5) i;
INSERT INTO two SELECT i, 0, '2020-01-01', '2020-04-10' FROM generate_series(1, 5) i;
INSERT INTO model SELECT i, '2020-01-01'::date + d, 0 FROM generate_series(1, 5) i, generate_series(0, 99) d;
CREATE VIEW differences AS
	(SELECT 'fact' AS place, * FROM ((SELECT id, generate_series(lower(p), upper(p) - 1, '1 day')::date AS day, v FROM fact) EXCEPT ALL TABLE model) a)
	UNION ALL (SELECT 'two', * FROM ((SELECT id, generate_series(f, u - 1, '1 day')::date, v FROM two) EXCEPT ALL TABLE model) a)
	UNION ALL (SELECT 'model', * FROM ((TABLE model) EXCEPT ALL SELECT id, generate_series(lower(p), upper(p) - 1, '1 day')::date, v FROM fact) a)
	UNION ALL (SELECT 'model', * FROM ((TABLE model) EXCEPT ALL SELECT id, generate_series(f, u - 1, '1 day')::date, v FROM two) a);
CREATE PROCEDURE change(number int) LANGUAGE plpgsql AS $$
DECLARE
	k int := 1 + random() * 5;		-- 6 has no row
	f date := '2019-12-25'::date + (random() * 110)::int;
	u date := f + 1 + (random() * 30)::int;
	portion daterange := CASE WHEN random() < 0.05 THEN daterange(NULL, u) WHEN random() < 0.05 THEN daterange(f, NULL) ELSE daterange(f, u) END;
	what int := random() * 9;
BEGIN
	IF what < 6 THEN
		UPDATE fact_for_portion_of_p SET p = portion, v = v + number WHERE id = k OR what = 0;
		IF what % 2 = 0 THEN UPDATE two_for_portion_of_p SET p = portion, v = v + number WHERE id = k OR what = 0;
		ELSE UPDATE two_for_portion_of_p SET f = lower(portion), u = upper(portion), v = v + number WHERE id = k; END IF;
		UPDATE model SET v = v + number WHERE (id = k OR what = 0) AND day <@ portion;
	ELSIF what < 9 THEN
		PERFORM tsmem.delete_for_portion_of('temporal_portion_model.fact', 'p', portion, jsonb_build_object('id', k));
		PERFORM tsmem.delete_for_portion_of('temporal_portion_model.two', 'p', portion, jsonb_build_object('id', k));
		DELETE FROM model WHERE id = k AND day <@ portion;
	ELSE
		-- What a deletion has left out is filled again.
		INSERT INTO fact SELECT k, number, unnest(datemultirange('{[2020-01-01,2020-04-10)}') - coalesce(range_agg(p), '{}')) FROM fact WHERE id = k;
		INSERT INTO two SELECT k, number, lower(g), upper(g) FROM (SELECT unnest(datemultirange('{[2020-01-01,2020-04-10)}') - coalesce(range_agg(p), '{}')) g FROM two WHERE id = k) h;
		INSERT INTO model SELECT k, '2020-01-01'::date + d, number FROM generate_series(0, 99) d ON CONFLICT DO NOTHING;
	END IF;
	IF EXISTS (SELECT FROM differences) THEN RAISE EXCEPTION 'operation % (%) differs: % %', number, what, k, portion; END IF;
END $$;
SELECT setseed(0.5);
SET client_min_messages = warning;
DO $$ BEGIN FOR i IN 1 .. 400 LOOP CALL change(i); COMMIT; END LOOP; END $$;
SELECT count(*) FROM differences;
SELECT count(*) > 300 AS cut_often FROM fact_history;
-- Coalesced, the two tables are the same.
SELECT count(*) FROM ((SELECT id, v, unnest(range_agg(p)) FROM fact GROUP BY id, v) EXCEPT SELECT id, v, unnest(range_agg(p)) FROM two GROUP BY id, v) d;
DROP SCHEMA temporal_portion_model CASCADE;
