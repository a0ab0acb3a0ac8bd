-- The actions of temporal foreign keys: a part of a period that loses what it references is split off.
CREATE SCHEMA temporal_foreign_key_actions;
SET search_path = temporal_foreign_key_actions, tsmem, public;
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE TABLE room (id int, name text, valid_at daterange);
SELECT add_period('room', 'valid_at'), add_temporal_key('room', '{id}', 'valid_at');
CREATE TABLE booking (dropped int, number int GENERATED ALWAYS AS IDENTITY, room int DEFAULT 9, guest text, double_room int GENERATED ALWAYS AS (room * 2) STORED, valid_at daterange);
ALTER TABLE booking DROP COLUMN dropped;
SELECT add_period('booking', 'valid_at');
CREATE FUNCTION refill() RETURNS void LANGUAGE sql AS $$
	TRUNCATE booking, room; ALTER SEQUENCE booking_number_seq RESTART;
	INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (1, 'b', '[2021-01-01,2022-01-01)'), (9, 'default', '(,)');
	INSERT INTO booking (room, guest, valid_at) VALUES (1, 'within', '[2020-03-01,2020-04-01)'), (1, 'across', '[2020-10-01,2021-03-01)'), (1, 'other', '[2021-05-01,2021-06-01)'),
		(1, 'all', '[2020-01-01,2022-01-01)'), (NULL, 'nowhere', '[2020-01-01,2022-01-01)'), (9, 'elsewhere', '[2020-01-01,2022-01-01)');
$$;
CREATE FUNCTION key(on_delete text, on_update text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM drop_temporal_foreign_key(rel, constraint_name) FROM temporal_foreign_keys WHERE rel = 'booking'::regclass;
	PERFORM refill();
	PERFORM add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', on_delete, on_update);
END $$;
CREATE VIEW bookings AS SELECT number <= 6 AS is_old, room, guest, double_room, valid_at FROM booking WHERE guest NOT IN ('nowhere', 'elsewhere') ORDER BY guest, valid_at;

SELECT key('cascade', 'cascade');
DELETE FROM room WHERE name = 'a';
SELECT * FROM bookings;
-- Two rows in one statement are one event for what spans them.
SELECT refill();
DELETE FROM room WHERE id = 1;
SELECT room, guest FROM booking ORDER BY guest;
-- A new key goes with the part that has it.
SELECT refill();
UPDATE room SET id = 2 WHERE name = 'b';
SELECT * FROM bookings;
SELECT refill();
UPDATE room SET id = id + 10 WHERE id = 1;
SELECT * FROM bookings;
-- A key and its period: what the new period does not cover has nowhere to go.
SELECT refill();
UPDATE room SET id = 2, valid_at = '[2020-02-01,2021-01-01)' WHERE name = 'a';
UPDATE room SET valid_at = '[2020-02-01,2021-01-01)' WHERE name = 'a';
DELETE FROM booking WHERE guest = 'all';
UPDATE room SET id = 2, valid_at = '[2020-02-01,2021-01-01)' WHERE name = 'a';
SELECT * FROM bookings;
-- No key any more.
SELECT refill();
UPDATE room SET id = NULL WHERE name = 'a';
SELECT * FROM bookings;
-- What the statement puts in its place counts: nothing is lost.
SELECT refill();
UPDATE room SET valid_at = CASE name WHEN 'a' THEN daterange('2020-01-01', '2020-11-01') ELSE '[2020-11-01,2022-01-01)' END WHERE id = 1;
WITH gone AS (DELETE FROM room WHERE name = 'a' RETURNING *), done AS (SELECT count(*) FROM gone)
	INSERT INTO room SELECT 1, 'a', '[2020-01-01,2020-11-01)' FROM done;
SELECT * FROM bookings;
TRUNCATE room;

-- An identity that is in a temporal key is kept, as by FOR PORTION OF.
CREATE TABLE hotel (id int, valid_at daterange);
CREATE TABLE stay (id int GENERATED ALWAYS AS IDENTITY, hotel int, valid_at daterange);
SELECT add_period('hotel', 'valid_at'), add_temporal_key('hotel', '{id}', 'valid_at'), add_period('stay', 'valid_at'), add_temporal_key('stay', '{id}', 'valid_at'),
	add_temporal_foreign_key('stay', '{hotel}', 'valid_at', 'hotel', '{id}', 'valid_at', 'cascade', 'set null');
INSERT INTO hotel VALUES (1, '[2020-01-01,2021-01-01)'), (1, '[2021-01-01,2022-01-01)');
INSERT INTO stay (hotel, valid_at) VALUES (1, '[2020-10-01,2021-03-01)');
UPDATE hotel SET valid_at = '[2021-02-01,2022-01-01)' WHERE lower(valid_at) = '2021-01-01';
DELETE FROM hotel WHERE lower(valid_at) = '2020-01-01';
SELECT * FROM stay ORDER BY valid_at;
DROP TABLE stay, hotel;

SELECT key('set null', 'set null');
DELETE FROM room WHERE name = 'a';
SELECT * FROM bookings;
SELECT refill();
UPDATE room SET valid_at = '[2020-03-15,2020-11-01)' WHERE name = 'a';
SELECT * FROM bookings;
SELECT refill();
UPDATE room SET id = 2 WHERE id = 1;
SELECT * FROM bookings;

SELECT key('set default', 'set default');
DELETE FROM room WHERE name = 'a';
SELECT * FROM bookings;
SELECT refill();
UPDATE room SET valid_at = '[2020-03-15,2020-11-01)' WHERE name = 'a';
SELECT * FROM bookings;
-- The default must be there.
SELECT refill();
DELETE FROM booking WHERE room = 9; DELETE FROM room WHERE id = 9;
DELETE FROM room WHERE name = 'a';
ALTER TABLE booking ALTER room SET DEFAULT 1;
DELETE FROM room WHERE name = 'a';
ALTER TABLE booking ALTER room SET DEFAULT 9;

SELECT key('restrict', 'restrict');
DELETE FROM room WHERE name = 'a';
\echo :LAST_ERROR_SQLSTATE
UPDATE room SET valid_at = '[2020-02-01,2021-01-01)' WHERE name = 'a';
UPDATE room SET id = 2 WHERE name = 'a';
-- What somebody else covers by then does not matter.
UPDATE room SET valid_at = CASE name WHEN 'a' THEN daterange('2020-01-01', '2020-11-01') ELSE '[2020-11-01,2022-01-01)' END WHERE id = 1;
UPDATE room SET valid_at = '[2019-01-01,2021-01-01)' WHERE name = 'a';
SELECT key('restrict', 'no action');
UPDATE room SET valid_at = CASE name WHEN 'a' THEN daterange('2020-01-01', '2020-11-01') ELSE '[2020-11-01,2022-01-01)' END WHERE id = 1;
DELETE FROM booking WHERE room = 1;
DELETE FROM room WHERE id = 1;
SELECT key('no action', 'cascade');
DELETE FROM room WHERE name = 'a';
UPDATE room SET id = 3 WHERE name = 'a';

-- What a column or a trigger forbids.
SELECT key('set null', 'cascade');
UPDATE booking SET room = 9 WHERE room IS NULL;
ALTER TABLE booking ALTER room SET NOT NULL;
DELETE FROM room WHERE name = 'a';
ALTER TABLE booking ALTER room DROP NOT NULL;
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER suppress BEFORE UPDATE ON booking FOR EACH ROW EXECUTE FUNCTION suppress();
DELETE FROM room WHERE name = 'a';
DROP TRIGGER suppress ON booking;
SELECT * FROM bookings;

-- A period that is generated; referencing rows that are referenced in turn, and history of both.
CREATE TABLE night (guest text, f date, t date, price int);
SELECT add_period('night', 'valid_at', 'f', 't');
SELECT key('cascade', 'cascade');
SELECT add_temporal_key('booking', '{guest}', 'valid_at');
SELECT add_temporal_foreign_key('night', '{guest}', 'valid_at', 'booking', '{guest}', 'valid_at', 'cascade', 'cascade');
ALTER TABLE room ADD PRIMARY KEY (name); ALTER TABLE booking ADD PRIMARY KEY (number);
SELECT add_system_versioning('room'), add_system_versioning('booking'), add_system_versioning('night', '{}', '{"without_key": true}');
INSERT INTO night VALUES ('across', '2020-10-01', '2021-02-01', 10), ('all', '2020-06-01', '2020-07-01', 20);
DELETE FROM room WHERE name = 'a';
SELECT room, guest, double_room, valid_at FROM bookings;
SELECT guest, f, t, price, valid_at FROM night ORDER BY guest;
SELECT name, valid_at FROM room_history;
SELECT guest, valid_at FROM booking_history ORDER BY guest;
SELECT guest, valid_at FROM night_history ORDER BY guest;
UPDATE room SET id = 4 WHERE name = 'b';
SELECT room, guest, valid_at FROM bookings;
SELECT guest, valid_at FROM night ORDER BY guest;
-- A referencing table that has its rows' keys changed keeps what hangs on them.
UPDATE booking SET guest = 'moved' WHERE guest = 'across';
SELECT guest, f, t, valid_at FROM night ORDER BY guest;
DROP TABLE night, booking, room CASCADE;

-- A table that references itself, and twice.
CREATE TABLE person (id int, boss int, deputy int, valid_at daterange);
SELECT add_period('person', 'valid_at'), add_temporal_key('person', '{id}', 'valid_at', true);
SELECT add_temporal_foreign_key('person', '{boss}', 'valid_at', 'person', '{id}', 'valid_at', 'cascade', 'cascade');
SELECT add_temporal_foreign_key('person', '{deputy}', 'valid_at', 'person', '{id}', 'valid_at', 'set null', 'set null');
INSERT INTO person VALUES (1, NULL, 3, '[2020-01-01,2022-01-01)'), (2, 1, NULL, '[2020-01-01,2021-06-01)'), (3, 2, 3, '[2020-01-01,2021-06-01)');
INSERT INTO person VALUES (1, NULL, 3, '[2020-01-01,2021-06-01)'), (2, 1, NULL, '[2020-01-01,2021-06-01)'), (3, 2, 3, '[2020-01-01,2021-06-01)');
INSERT INTO person VALUES (4, 4, NULL, '[2020-01-01,2022-01-01)');
SELECT * FROM person ORDER BY id, valid_at;
UPDATE person SET deputy = 3 WHERE id = 4;
UPDATE person SET deputy = 1, valid_at = '[2020-02-01,2021-01-01)' WHERE id = 4;
UPDATE person SET id = 5 WHERE id = 1;
SELECT * FROM person ORDER BY id, valid_at;
DELETE FROM person WHERE id = 5;
SELECT * FROM person ORDER BY id, valid_at;
DELETE FROM person;
DROP TABLE person;
DROP SCHEMA temporal_foreign_key_actions CASCADE;
