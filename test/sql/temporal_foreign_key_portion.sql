-- Temporal foreign keys beside FOR PORTION OF, and what a cascade meets: triggers, a cancelled statement, a subtransaction.
CREATE SCHEMA temporal_foreign_key_portion;
SET search_path = temporal_foreign_key_portion, tsmem, public;
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE room (id int, name text, valid_at daterange);
SELECT add_period('room', 'valid_at'), add_temporal_key('room', '{id}', 'valid_at', true);
CREATE TABLE booking (room int, guest text, valid_at daterange);
SELECT add_period('booking', 'valid_at'), add_temporal_key('booking', '{guest}', 'valid_at', true);
INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (2, 'b', '[2020-01-01,2021-01-01)');
INSERT INTO booking VALUES (1, 'x', '[2020-02-01,2020-11-01)');

-- A portion of a referenced row gets another name: nothing is lost.
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', constraint_name => 'k');
UPDATE room_for_portion_of_valid_at SET valid_at = '[2020-04-01,2020-05-01)', name = 'painted' WHERE id = 1;
SELECT * FROM room WHERE id = 1 ORDER BY valid_at;
-- A portion gets another key, or goes.
UPDATE room_for_portion_of_valid_at SET valid_at = '[2020-05-01,2020-06-01)', id = 3 WHERE id = 1;
SELECT delete_for_portion_of('room', 'valid_at', '[2020-05-01,2020-06-01)'::daterange, '{"id": 1}');
SELECT delete_for_portion_of('room', 'valid_at', '[2020-01-01,2020-02-01)'::daterange, '{"id": 1}');
-- A portion of a referencing row.
UPDATE booking_for_portion_of_valid_at SET valid_at = '[2020-06-01,2020-07-01)', room = 2 WHERE guest = 'x';
UPDATE booking_for_portion_of_valid_at SET valid_at = '[2020-06-01,2020-07-01)', room = 9 WHERE guest = 'x';
SELECT * FROM booking ORDER BY valid_at;
SELECT drop_temporal_foreign_key('booking', 'k');
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade', 'cascade', constraint_name => 'k');
UPDATE room_for_portion_of_valid_at SET valid_at = '[2020-08-01,2020-09-01)', id = 3 WHERE id = 1;
SELECT delete_for_portion_of('room', 'valid_at', '[2020-10-01,2020-10-15)'::daterange, '{"id": 1}');
SELECT * FROM booking ORDER BY valid_at;

-- A trigger of the user's on the referencing table sees the parts come and go, with its owner's rights and the session's search_path.
CREATE TABLE seen (n serial, what text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO temporal_foreign_key_portion.seen (what) VALUES (concat_ws(' ', lower(tg_op), CASE WHEN tg_op <> 'INSERT' THEN old.valid_at END, CASE WHEN tg_op <> 'DELETE' THEN new.valid_at END)); RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON booking FOR EACH ROW EXECUTE FUNCTION see();
DELETE FROM booking;
DELETE FROM room;
INSERT INTO room VALUES (1, 'a', '[2020-01-01,2020-06-01)'), (1, 'b', '[2020-06-01,2021-01-01)');
INSERT INTO booking VALUES (1, 'x', '[2020-02-01,2020-11-01)');
TRUNCATE seen;
DELETE FROM room WHERE name = 'a';
SELECT what FROM seen ORDER BY n;
UPDATE room SET id = 4;
SELECT what FROM seen ORDER BY n OFFSET 2;
-- An error in the action takes all of it back; a subtransaction goes on.
INSERT INTO room VALUES (5, 'c', '[2020-01-01,2021-01-01)');
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE TRIGGER fail BEFORE UPDATE ON booking FOR EACH ROW EXECUTE FUNCTION fail();
DO $$ BEGIN
	BEGIN UPDATE room SET id = 6 WHERE id = 4; EXCEPTION WHEN raise_exception THEN RAISE INFO '%', sqlerrm; END;
	BEGIN INSERT INTO booking VALUES (6, 'y', '[2020-02-01,2020-03-01)'); EXCEPTION WHEN foreign_key_violation THEN RAISE INFO '%', sqlerrm; END;
	INSERT INTO booking VALUES (5, 'y', '[2020-02-01,2020-03-01)');
END $$;
DROP TRIGGER fail ON booking;
SELECT room, guest, valid_at FROM booking ORDER BY guest;
-- The definition changes between two statements of one session.
ALTER TABLE booking RENAME room TO place;
ALTER TABLE booking ADD COLUMN extra int DEFAULT 7;
UPDATE room SET id = 8 WHERE id = 5;
ALTER TABLE room RENAME TO hall;
ALTER TABLE hall SET SCHEMA public;
UPDATE public.hall SET valid_at = '[2020-01-01,2020-02-15)', id = 8 WHERE id = 8 AND false;
DELETE FROM public.hall WHERE id = 8;
SELECT place, guest, valid_at, extra FROM booking ORDER BY guest;
INSERT INTO booking VALUES (8, 'z', '[2020-02-01,2020-03-01)');
DROP TABLE public.hall CASCADE;
INSERT INTO booking VALUES (8, 'z', '[2020-02-01,2020-03-01)');
DROP SCHEMA temporal_foreign_key_portion CASCADE;
