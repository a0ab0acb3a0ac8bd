-- Who may make temporal foreign keys, what their checks see, and what protects them.
CREATE SCHEMA temporal_foreign_key_rights;
SET search_path = temporal_foreign_key_rights, tsmem, public;
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE ROLE temporal_foreign_key_host; CREATE ROLE temporal_foreign_key_guest; CREATE ROLE temporal_foreign_key_clerk;
GRANT ALL ON SCHEMA temporal_foreign_key_rights TO temporal_foreign_key_host, temporal_foreign_key_guest, temporal_foreign_key_clerk;
SET ROLE temporal_foreign_key_host;
CREATE TABLE room (id int, name text, valid_at daterange);
SELECT add_period('room', 'valid_at'), add_temporal_key('room', '{id}', 'valid_at');
INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (2, 'b', '[2020-01-01,2021-01-01)');
SET ROLE temporal_foreign_key_guest;
CREATE TABLE booking (room int DEFAULT 2, guest text, valid_at daterange);
SELECT add_period('booking', 'valid_at');
INSERT INTO booking VALUES (1, 'x', '[2020-02-01,2020-03-01)');

-- The right to reference, and ownership.
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade');
RESET ROLE;
GRANT REFERENCES (id) ON room TO temporal_foreign_key_guest;
SET ROLE temporal_foreign_key_guest;
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade');
RESET ROLE;
GRANT REFERENCES (valid_at) ON room TO temporal_foreign_key_guest;
SET ROLE temporal_foreign_key_clerk;
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade');
SET ROLE temporal_foreign_key_guest;
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade');
INSERT INTO temporal_foreign_keys SELECT * FROM temporal_foreign_keys;
SELECT count(*) FROM temporal_foreign_keys WHERE referenced = 'room'::regclass;

-- Neither has a right on the other's table; checks and actions work all the same, past row-level security, forced too.
RESET ROLE;
ALTER TABLE room ENABLE ROW LEVEL SECURITY; ALTER TABLE room FORCE ROW LEVEL SECURITY;
ALTER TABLE booking ENABLE ROW LEVEL SECURITY; ALTER TABLE booking FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON booking USING (guest <> 'hidden') WITH CHECK (true);
SET ROLE temporal_foreign_key_guest;
INSERT INTO booking VALUES (1, 'y', '[2020-02-01,2020-03-01)'), (1, 'hidden', '[2020-02-01,2020-07-01)');
INSERT INTO booking VALUES (3, 'y', '[2020-02-01,2020-03-01)');
SELECT * FROM room;
RESET ROLE;
GRANT INSERT ON booking TO temporal_foreign_key_clerk; GRANT SELECT, DELETE, UPDATE ON room TO temporal_foreign_key_clerk;
CREATE POLICY all_rooms ON room TO temporal_foreign_key_clerk USING (true);
SET ROLE temporal_foreign_key_clerk;
INSERT INTO booking VALUES (1, 'by the clerk', '[2020-02-01,2020-03-01)');
-- What may not be seen is not told.
INSERT INTO booking VALUES (3, 'by the clerk', '[2020-02-01,2020-03-01)');
DELETE FROM room WHERE id = 1;
RESET ROLE;
SELECT * FROM booking;
SELECT drop_temporal_foreign_key('booking', 'booking_room_valid_at_fkey');
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'set default', 'restrict');
INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)');
INSERT INTO booking VALUES (1, 'hidden', '[2020-02-01,2020-07-01)');
SET ROLE temporal_foreign_key_clerk;
UPDATE room SET id = 7 WHERE id = 1;
DELETE FROM room WHERE id = 1;
RESET ROLE;
SELECT * FROM booking;
-- Validation sees all rows as well.
SELECT drop_temporal_foreign_key('booking', 'booking_room_valid_at_fkey');
UPDATE booking SET room = 5;
SET ROLE temporal_foreign_key_guest;
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'set default', 'restrict');
RESET ROLE;
UPDATE booking SET room = 2;
SET ROLE temporal_foreign_key_guest;
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'set default', 'restrict');

-- Its triggers stay, for the owners of both tables.
SET ROLE temporal_foreign_key_host;
DROP TRIGGER booking_room_valid_at_fkey ON room;
DROP TRIGGER booking_room_valid_at_fkey_truncate ON room;
ALTER TRIGGER booking_room_valid_at_fkey ON room RENAME TO other;
ALTER TABLE room DISABLE TRIGGER booking_room_valid_at_fkey;
ALTER TABLE room ENABLE REPLICA TRIGGER booking_room_valid_at_fkey;
ALTER TABLE room DISABLE TRIGGER USER;
ALTER TABLE room DISABLE TRIGGER ALL;
SELECT drop_temporal_foreign_key('booking', 'booking_room_valid_at_fkey');
SET ROLE temporal_foreign_key_guest;
DROP TRIGGER booking_room_valid_at_fkey ON booking;
ALTER TABLE booking DISABLE TRIGGER USER;
ALTER TABLE booking DISABLE TRIGGER booking_room_valid_at_fkey;
ALTER TRIGGER booking_room_valid_at_fkey ON booking RENAME TO other;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE TRIGGER booking_room_valid_at_fkey AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE TRIGGER mine AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE booking DISABLE TRIGGER mine;
ALTER TRIGGER mine ON booking RENAME TO yours;
DROP TRIGGER yours ON booking;
ALTER TABLE booking DROP CONSTRAINT booking_room_valid_at_fkey;
RESET ROLE;
ALTER TABLE booking DISABLE TRIGGER booking_room_valid_at_fkey;
INSERT INTO booking VALUES (5, 'loaded', '[2020-02-01,2020-03-01)');
DELETE FROM booking WHERE room = 5;
ALTER TABLE booking ENABLE TRIGGER booking_room_valid_at_fkey;
INSERT INTO booking VALUES (5, 'loaded', '[2020-02-01,2020-03-01)');
-- The owner of the tables changes.
ALTER TABLE booking OWNER TO temporal_foreign_key_host; ALTER TABLE room OWNER TO temporal_foreign_key_guest;
SET ROLE temporal_foreign_key_host;
INSERT INTO booking VALUES (2, 'new owner', '[2020-02-01,2020-03-01)');
RESET ROLE;
DELETE FROM room WHERE id = 2;
DROP OWNED BY temporal_foreign_key_host;
SELECT count(*) FROM temporal_foreign_keys WHERE referenced = 'room'::regclass;
DROP OWNED BY temporal_foreign_key_guest, temporal_foreign_key_clerk;
DROP ROLE temporal_foreign_key_host, temporal_foreign_key_guest, temporal_foreign_key_clerk;
DROP SCHEMA temporal_foreign_key_rights CASCADE;
