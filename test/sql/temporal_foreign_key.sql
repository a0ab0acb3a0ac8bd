-- Temporal foreign keys: what they demand of rows on both sides, and of those who make them. All of it is alike where the
-- server's own constraint does the work.
CREATE SCHEMA temporal_foreign_key;
SET search_path = temporal_foreign_key, tsmem, public;
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CREATE TABLE room (id int, name text, valid_at daterange);
SELECT add_period('room', 'valid_at'), add_temporal_key('room', '{id}', 'valid_at', true);
CREATE TABLE booking (room int, guest text, valid_at daterange);
SELECT add_period('booking', 'valid_at');
INSERT INTO room VALUES (1, 'old', '[2020-01-01,2021-01-01)'), (1, 'new', '[2021-01-01,2022-01-01)'), (1, 'later', '[2023-01-01,)'), (2, 'ever', '(,)');

-- Rows that are there are checked.
INSERT INTO booking VALUES (1, 'gap', '[2021-06-01,2023-06-01)');
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at');
UPDATE booking SET valid_at = '[2020-06-01,2021-06-01)';
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at');
SELECT rel, constraint_name, key_columns, period, referenced, referenced_columns, referenced_period, on_delete, on_update, "deferrable", initially_deferred
FROM temporal_foreign_keys WHERE rel = 'booking'::regclass;

-- Referencing rows: several rows may cover a period together, with no gap.
INSERT INTO booking VALUES (1, 'across', '[2020-12-31,2021-01-02)'), (1, 'all', '[2020-01-01,2022-01-01)'), (2, 'unbounded', '(,)'), (1, 'open', '[2023-01-01,)');
INSERT INTO booking VALUES (3, 'no such key', '[2020-06-01,2020-06-02)');
INSERT INTO booking VALUES (1, 'too early', '[2019-12-31,2020-06-01)');
INSERT INTO booking VALUES (1, 'too late', '[2021-06-01,2022-01-02)');
INSERT INTO booking VALUES (1, 'gap', '[2021-06-01,2023-06-01)');
INSERT INTO booking VALUES (1, 'all time', '(,)');
INSERT INTO booking VALUES (NULL, 'no key', '[1999-01-01,2099-01-01)');
INSERT INTO booking VALUES (2, 'empty', 'empty');
INSERT INTO booking VALUES (2, 'null', NULL);
UPDATE booking SET guest = 'changed' WHERE guest = 'all';
UPDATE booking SET valid_at = '[2020-02-01,2022-01-01)' WHERE guest = 'changed';
UPDATE booking SET valid_at = '[2020-02-01,2022-01-02)' WHERE guest = 'changed';
UPDATE booking SET room = 3 WHERE guest = 'changed';
UPDATE booking SET room = NULL WHERE guest = 'changed';
UPDATE booking SET room = 2 WHERE guest = 'changed';
BEGIN;
INSERT INTO booking VALUES (2, 'mine', '[2020-01-01,2020-02-01)');
UPDATE booking SET room = 3 WHERE guest = 'mine';
ROLLBACK;
-- One statement: the state at its end counts.
WITH new_room AS (INSERT INTO room VALUES (4, 'with its booking', '[2020-01-01,2021-01-01)') RETURNING *) INSERT INTO booking SELECT id, 'first', valid_at FROM new_room;
COPY booking FROM stdin;
4	copied	[2020-02-01,2020-03-01)
5	copied	[2020-02-01,2020-03-01)
\.
MERGE INTO booking b USING (VALUES (4, 'first'), (5, 'merged')) v (room, guest) ON b.guest = v.guest
	WHEN MATCHED THEN UPDATE SET room = 5 WHEN NOT MATCHED THEN INSERT VALUES (v.room, v.guest, '[2020-02-01,2020-03-01)');
MERGE INTO booking b USING (VALUES (4, 'first'), (4, 'merged')) v (room, guest) ON b.guest = v.guest
	WHEN MATCHED THEN UPDATE SET valid_at = '[2020-02-01,2020-03-01)' WHEN NOT MATCHED THEN INSERT VALUES (v.room, v.guest, '[2020-03-01,2020-04-01)');
CREATE UNIQUE INDEX one_guest ON booking (guest) WHERE guest = 'first';
INSERT INTO booking VALUES (4, 'first', '[2020-02-01,2020-03-01)') ON CONFLICT (guest) WHERE guest = 'first' DO UPDATE SET room = 6;
INSERT INTO booking VALUES (4, 'first', '[2020-02-01,2020-03-01)') ON CONFLICT (guest) WHERE guest = 'first' DO UPDATE SET valid_at = '[2020-06-01,2020-07-01)';
SELECT * FROM booking ORDER BY guest;

-- Referenced rows.
DELETE FROM room WHERE name = 'new';
DELETE FROM room WHERE id = 4;
UPDATE room SET id = 7 WHERE name = 'old';
UPDATE room SET valid_at = '[2020-06-02,2021-01-01)' WHERE name = 'old';
UPDATE room SET valid_at = '[2020-05-01,2021-01-01)' WHERE name = 'old';
UPDATE room SET name = 'renamed' WHERE name = 'later';
UPDATE room SET valid_at = '[2022-12-01,)' WHERE name = 'renamed';
-- A boundary moves between two rows; one row takes another's place; a row is split.
UPDATE room SET valid_at = CASE name WHEN 'old' THEN daterange('2020-05-01', '2021-02-01') ELSE '[2021-02-01,2022-01-01)' END WHERE name IN ('old', 'new');
WITH gone AS (DELETE FROM room WHERE name = 'old' RETURNING *), done AS (SELECT count(*) FROM gone)
	INSERT INTO room SELECT 1, 'split ' || n, p FROM done, (VALUES (1, daterange('2020-05-01', '2020-08-01')), (2, '[2020-08-01,2021-02-01)')) v (n, p);
WITH gone AS (DELETE FROM room WHERE name = 'split 1' RETURNING *), done AS (SELECT count(*) FROM gone)
	INSERT INTO room SELECT 1, 'shorter', '[2020-05-01,2020-07-01)' FROM done;
SELECT * FROM room WHERE id = 1 ORDER BY valid_at;
DELETE FROM booking WHERE room = 1;
DELETE FROM room WHERE id = 1;
\set VERBOSITY terse
TRUNCATE room;
\set VERBOSITY default
TRUNCATE room, booking;
SELECT (SELECT count(*) FROM room), (SELECT count(*) FROM booking);

-- Keys that change places in one statement.
INSERT INTO room VALUES (1, 'a', '[2020-01-01,2021-01-01)'), (2, 'b', '[2021-01-01,2022-01-01)');
INSERT INTO booking VALUES (1, 'x', '[2020-01-01,2020-02-01)'), (2, 'y', '[2021-01-01,2021-02-01)');
UPDATE room SET id = 3 - id;
WITH moved AS (UPDATE booking SET valid_at = daterange(lower(valid_at) + CASE room WHEN 1 THEN 400 ELSE -300 END, lower(valid_at) + CASE room WHEN 1 THEN 401 ELSE -299 END) RETURNING *),
	done AS (SELECT count(*) FROM moved) UPDATE room SET id = 3 - id FROM done;
SELECT * FROM booking ORDER BY guest;

-- Rows are not checked on a replica, as with any foreign key.
SET session_replication_role = replica;
INSERT INTO booking VALUES (9, 'replicated', '[2020-01-01,2020-02-01)');
RESET session_replication_role;
DELETE FROM booking WHERE room = 9;

-- Names follow; what is needed stays.
\set VERBOSITY terse
ALTER TABLE room RENAME COLUMN id TO number;
ALTER TABLE booking RENAME COLUMN room TO place;
ALTER TABLE room RENAME COLUMN valid_at TO open;
ALTER TABLE booking RENAME COLUMN valid_at TO stay;
ALTER TABLE booking RENAME TO visit;
ALTER TABLE room RENAME TO chamber;
ALTER TABLE visit RENAME CONSTRAINT booking_room_valid_at_fkey TO chamber_of_visit;
SELECT rel, constraint_name, key_columns, period, referenced, referenced_columns, referenced_period FROM temporal_foreign_keys WHERE rel = 'visit'::regclass;
INSERT INTO visit VALUES (3, 'no such key', '[2020-06-01,2020-06-02)');
DELETE FROM chamber;
ALTER TABLE chamber DROP CONSTRAINT room_id_valid_at_pkey;
SELECT drop_period('chamber', 'open');
SELECT drop_period('visit', 'stay');
ALTER TABLE chamber DROP COLUMN number;
ALTER TABLE chamber ALTER number TYPE bigint;
ALTER TABLE visit ALTER place TYPE bigint;
ALTER TABLE visit ALTER guest TYPE varchar;
DROP TABLE chamber;
SELECT drop_temporal_foreign_key('visit', 'no_such_key');
SELECT drop_temporal_foreign_key('visit', 'chamber_of_visit');
SELECT drop_temporal_foreign_key('visit', 'chamber_of_visit');
DELETE FROM chamber;
INSERT INTO visit VALUES (3, 'nobody checks', '[2020-06-01,2020-06-02)');
TRUNCATE visit;
-- Whatever drops a part of it ends it.
CREATE FUNCTION again() RETURNS bigint LANGUAGE sql AS $$ SELECT add_temporal_foreign_key('visit', '{place}', 'stay', 'chamber', '{number}', 'open');
	SELECT count(*) FROM temporal_foreign_keys WHERE rel = 'visit'::regclass $$;
CREATE VIEW left_over AS SELECT (SELECT count(*) FROM temporal_foreign_keys WHERE referenced = 'chamber'::regclass) AS keys,
	(SELECT count(*) FROM pg_trigger WHERE tgrelid = ANY ('{visit,chamber}'::regclass[])) AS triggers;
SELECT again();
BEGIN; ALTER TABLE visit DROP COLUMN place; SELECT * FROM left_over; ROLLBACK;
BEGIN; ALTER TABLE visit DROP COLUMN stay; SELECT * FROM left_over; ROLLBACK;
BEGIN; ALTER TABLE chamber DROP CONSTRAINT room_id_valid_at_pkey CASCADE; SELECT * FROM left_over; ROLLBACK;
BEGIN; ALTER TABLE chamber DROP COLUMN number CASCADE; SELECT * FROM left_over; ROLLBACK;
DROP VIEW left_over;
BEGIN; DROP TABLE chamber CASCADE; SELECT count(*) FROM temporal_foreign_keys WHERE rel = 'visit'::regclass; ROLLBACK;
BEGIN; DROP TABLE visit; SELECT count(*) FROM temporal_foreign_keys WHERE referenced = 'chamber'::regclass; DROP TABLE chamber; ROLLBACK;
BEGIN; DROP TABLE chamber, visit; ROLLBACK;

-- Deferred.
SELECT drop_temporal_foreign_key('visit', 'visit_place_stay_fkey');
SELECT add_temporal_foreign_key('visit', '{place}', 'stay', 'chamber', '{number}', 'open', "deferrable" => true, constraint_name => 'later');
INSERT INTO chamber VALUES (1, 'a', '[2020-01-01,2021-01-01)');
INSERT INTO visit VALUES (1, 'at once', '[2022-01-01,2022-02-01)');
BEGIN;
SET CONSTRAINTS later DEFERRED;
INSERT INTO visit VALUES (1, 'first', '[2022-01-01,2022-02-01)'), (1, 'second', '[2020-01-01,2020-02-01)');
DELETE FROM chamber;
INSERT INTO chamber VALUES (1, 'b', '[2020-01-01,2023-01-01)');
COMMIT;
BEGIN;
SET CONSTRAINTS later DEFERRED;
DELETE FROM chamber;
COMMIT;
BEGIN;
SET CONSTRAINTS later DEFERRED;
INSERT INTO visit VALUES (2, 'third', '[2022-01-01,2022-02-01)');
SET CONSTRAINTS later IMMEDIATE;
ROLLBACK;
SELECT drop_temporal_foreign_key('visit', 'later');
SELECT add_temporal_foreign_key('visit', '{place}', 'stay', 'chamber', '{number}', 'open', initially_deferred => true);
SELECT "deferrable", initially_deferred FROM temporal_foreign_keys WHERE rel = 'visit'::regclass;
BEGIN;
INSERT INTO visit VALUES (2, 'third', '[2022-01-01,2022-02-01)');
DELETE FROM visit WHERE guest = 'third';
COMMIT;
BEGIN;
INSERT INTO visit VALUES (2, 'third', '[2022-01-01,2022-02-01)');
COMMIT;
DROP TABLE visit, chamber;

-- Bad input changes nothing.
\set VERBOSITY default
CREATE TABLE a (id int, k int, t text, j numeric, valid_at daterange, other tstzrange, plain daterange);
CREATE TABLE b (id int, k int, t text, j numeric, valid_at daterange, other tstzrange, plain daterange);
SELECT add_period('a', 'valid_at'), add_period('a', 'other'), add_period('b', 'valid_at'), add_temporal_key('b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id}', 'valid_at', 'b', '{id}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{}', 'valid_at', 'b', '{}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id,id}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,id}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,valid_at}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,no_such_column}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,ctid}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id,no_such_column}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'plain', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id,k}', 'plain');
SELECT add_temporal_foreign_key('a', '{id,t}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,j}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'other', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id,k}', 'valid_at', 'explode');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'b', '{id,k}', 'valid_at', 'cascade', "deferrable" => true);
SELECT add_temporal_foreign_key(NULL, '{id,k}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,NULL}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('pg_class', '{oid,relname}', 'valid_at', 'b', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'pg_class', '{oid,relname}', 'valid_at');
SELECT add_temporal_foreign_key(99999999::oid::regclass, '{id,k}', 'valid_at', 'b', '{id,k}', 'valid_at');
CREATE UNLOGGED TABLE u (id int, k int, valid_at daterange);
SELECT add_period('u', 'valid_at'), add_temporal_key('u', '{id,k}', 'valid_at');
SELECT add_temporal_foreign_key('a', '{id,k}', 'valid_at', 'u', '{id,k}', 'valid_at');
CREATE TABLE g (id int, k int GENERATED ALWAYS AS (id) STORED, valid_at daterange);
SELECT add_period('g', 'valid_at');
SELECT add_temporal_foreign_key('g', '{id,k}', 'valid_at', 'b', '{id,k}', 'valid_at', 'set null');
SELECT count(*) FROM temporal_foreign_keys WHERE rel IN ('a'::regclass, 'g'::regclass);
-- Columns in any order.
SELECT add_temporal_foreign_key('a', '{k,id}', 'valid_at', 'b', '{k,id}', 'valid_at', constraint_name => 'one');
SELECT add_temporal_foreign_key('a', '{k,id}', 'valid_at', 'b', '{k,id}', 'valid_at', constraint_name => 'one');
INSERT INTO b VALUES (1, 2, '', 0, '[2020-01-01,2021-01-01)');
INSERT INTO a VALUES (1, 2, '', 0, '[2020-01-01,2020-02-01)', '(,)');
INSERT INTO a VALUES (2, 1, '', 0, '[2020-01-01,2020-02-01)', '(,)');
INSERT INTO a VALUES (2, NULL, '', 0, '[2020-01-01,2020-02-01)', '(,)'), (NULL, 3, '', 0, '[2020-01-01,2020-02-01)', '(,)');
-- The triggers are of no use to others.
CREATE TRIGGER mine AFTER INSERT ON g FOR EACH ROW EXECUTE FUNCTION _check_foreign_key();
INSERT INTO g VALUES (1, DEFAULT, '[2020-01-01,2020-02-01)');
DROP TRIGGER mine ON g;
CREATE TRIGGER mine BEFORE INSERT ON g FOR EACH ROW EXECUTE FUNCTION _act_on_foreign_key();
INSERT INTO g VALUES (1, DEFAULT, '[2020-01-01,2020-02-01)');
DROP TRIGGER mine ON g;
CREATE TRIGGER mine AFTER DELETE ON g FOR EACH STATEMENT EXECUTE FUNCTION _truncate_referenced();
DELETE FROM g;
SELECT _truncate_referenced();
DROP SCHEMA temporal_foreign_key CASCADE;
