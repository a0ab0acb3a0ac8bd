-- An entity goes with all its versions, and leaves a tombstone.
CREATE SCHEMA delta_erase;
SET search_path = delta_erase, tsmem, public;
SET timezone = 'UTC';
SET client_min_messages = warning;

-- The SQLSTATE of a statement, or OK.
CREATE FUNCTION code(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'OK';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

CREATE TABLE person (id int PRIMARY KEY, name text, note text);
SELECT add_system_versioning('person');
INSERT INTO person SELECT i, 'person ' || i, 'now' FROM generate_series(1, 9) i;
SELECT import_history('person', $$
	SELECT i AS id, 'person ' || i AS name, repeat('note ' || y || ' ', 20) AS note,
		make_timestamptz(y, 1, 1, 0, 0, 0) AS row_start, make_timestamptz(y + 1, 1, 1, 0, 0, 0) AS row_end
	FROM generate_series(1, 10) i, generate_series(2000, 2019) y$$);
SELECT versions FROM fold('person', now() - '2015-01-02 00:00:00+00');
UPDATE person SET note = 'later' WHERE id IN (4, 5);
CREATE TABLE before AS SELECT * FROM person_versions;
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(SELECT * FROM person_versions EXCEPT ALL SELECT * FROM before WHERE NOT is_erased('person', to_jsonb(id)))
	UNION ALL (SELECT * FROM before WHERE NOT is_erased('person', to_jsonb(id)) EXCEPT ALL SELECT * FROM person_versions)) d;

-- What is refused.
SELECT code($$SELECT erase(NULL, '4')$$), code($$SELECT erase('person', NULL)$$), code($$SELECT erase('before', '4')$$),
	code($$SELECT erase('person', '[4]')$$), code($$SELECT erase('person', '{"id": null}')$$), code($$SELECT erase('person', '{}')$$),
	code($$SELECT erase('person', '{"id": 4, "name": "x"}')$$), code($$SELECT erase('person', '"four"')$$);
CREATE ROLE delta_erase_other;
GRANT USAGE ON SCHEMA delta_erase TO delta_erase_other;
GRANT ALL ON person TO delta_erase_other;
SET ROLE delta_erase_other;
SELECT code($$SELECT erase('person', '4')$$), is_erased('person', '4');
RESET ROLE;
BEGIN READ ONLY;
SELECT erase('person', '4');
ROLLBACK;
SET tsmem.system_time = '2010-01-01';
SELECT code($$SELECT erase('person', '4')$$);
RESET tsmem.system_time;
SELECT count(*) FROM tombstones WHERE rel = 'person'::regclass;

-- One with everything, one without a row, one without anything.
SET client_min_messages = notice;
SELECT * FROM erase('person', '{"id": 4}', 'asked by letter');
SELECT * FROM erase('person', '10');
SELECT * FROM erase('person', '11');
SET client_min_messages = warning;
SELECT count(*) FROM person_versions WHERE id IN (4, 10);
SELECT rel, octet_length(key_hash), erased_at <= now() AS past, erased_by = current_user AS by_us, reason FROM tombstones WHERE rel = 'person'::regclass ORDER BY reason;
SELECT i, is_erased('person', to_jsonb(i)) FROM unnest(array[3, 4, 10, 11, 12]) i;
SELECT * FROM verify('person');
TABLE differing;
-- All the rest is there, now and then.
SELECT count(*) FROM person;
SELECT count(*), sum(id) FROM person_as_of('2010-06-01');
SELECT count(*), sum(id) FROM person_as_of('2017-06-01');
-- A second time there is nothing; a row of the key may come again, and be erased again.
SELECT * FROM erase('person', '4');
INSERT INTO person VALUES (4, 'another', 'person');
UPDATE person SET note = 'changed' WHERE id = 4;
SELECT id, name, note FROM person_versions WHERE id = 4 ORDER BY row_start;
SELECT * FROM erase('person', '4', 'again');
-- Without the index of the history.
BEGIN;
SELECT indexrelid::regclass AS index FROM pg_index WHERE indrelid = 'person_history'::regclass \gset
DROP INDEX :index;
SELECT * FROM erase('person', '9');
ROLLBACK;
-- What the transaction wrote itself.
BEGIN;
UPDATE person SET note = 'mine' WHERE id = 6;
INSERT INTO person VALUES (4, 'mine', 'mine');
SELECT * FROM erase('person', '6');
SELECT * FROM erase('person', '4');
SELECT count(*) FROM person_versions WHERE id IN (4, 6);
ROLLBACK;
SELECT count(*) FROM person_versions WHERE id IN (4, 6);
-- Several in one statement; at another isolation level.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sum(segment_versions) FROM generate_series(1, 3) i, erase('person', to_jsonb(i));
COMMIT;
SELECT * FROM verify('person');
TABLE differing;

-- A key of several columns that is hashed, equal values of different text, a domain; a column dropped and one added.
CREATE DOMAIN code_name AS text CHECK (value <> '');
CREATE TABLE part (gone int, factory code_name, weight numeric, label text, PRIMARY KEY (weight, factory));
SELECT add_system_versioning('part');
INSERT INTO part SELECT 1, f, w, 'label' FROM unnest(array['here', 'it''s "there"']) f, generate_series(1.0, 20.0) w;
UPDATE part SET label = 'other';
SELECT versions FROM fold('part');
ALTER TABLE part DROP COLUMN gone;
ALTER TABLE part ADD COLUMN made date DEFAULT '2020-01-01';
UPDATE part SET label = 'third';
SELECT * FROM erase('part', '{"weight": 7, "factory": "it''s \"there\""}');
SELECT is_erased('part', '{"weight": 7.00, "factory": "it''s \"there\""}'), is_erased('part', '{"weight": 7, "factory": "here"}');
SELECT count(*), count(*) FILTER (WHERE weight = 7), count(DISTINCT made) FROM part_versions;
SELECT * FROM verify('part');

-- A collation by which different texts are equal: one key.
CREATE COLLATION delta_erase.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE word (word text COLLATE any_case PRIMARY KEY, n int);
SELECT add_system_versioning('word');
INSERT INTO word VALUES ('Word', 1), ('other', 1);
UPDATE word SET n = 2, word = upper(word);
SELECT versions FROM fold('word');
UPDATE word SET n = 3;
SELECT * FROM erase('word', '"wOrD"');
SELECT is_erased('word', '"word"'), count(*) FROM word_versions;

-- A temporal key: all rows of the entity, whenever they are valid.
CREATE TABLE booking (room int, at tstzrange NOT NULL, guest text);
SELECT add_period('booking', 'at');
SELECT add_temporal_key('booking', '{room}', 'at');
SELECT add_system_versioning('booking');
INSERT INTO booking SELECT r, tstzrange(make_timestamptz(y, 1, 1, 0, 0, 0), make_timestamptz(y + 1, 1, 1, 0, 0, 0)), 'guest ' || y
	FROM generate_series(1, 3) r, generate_series(2000, 2004) y;
UPDATE booking SET guest = 'somebody';
SELECT versions FROM fold('booking');
UPDATE booking SET guest = 'anybody';
SELECT * FROM erase('booking', '2');
SELECT room, count(*) FROM booking_versions GROUP BY room ORDER BY room;

-- Partitions, and rows that move between them.
CREATE TABLE parted (id int, area int, v text, PRIMARY KEY (id, area)) PARTITION BY LIST (area);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
SELECT add_system_versioning('parted');
INSERT INTO parted SELECT i, 1, 'a' FROM generate_series(1, 5) i;
UPDATE parted SET v = 'b';
UPDATE parted SET area = 2 WHERE id = 3;
SELECT * FROM erase('parted', '{"id": 3, "area": 2}');
SELECT * FROM erase('parted', '{"id": 3, "area": 1}');
SELECT count(*), count(*) FILTER (WHERE id = 3) FROM parted_versions;
SELECT code($$SELECT erase('parted_1', '{"id": 1, "area": 1}')$$);

-- Referential integrity holds; what goes by a cascade keeps its history.
CREATE TABLE letter (id int PRIMARY KEY, person int REFERENCES person, t text);
INSERT INTO letter VALUES (1, 7, 'dear');
SELECT code($$SELECT erase('person', '7')$$);
ALTER TABLE letter DROP CONSTRAINT letter_person_fkey, ADD FOREIGN KEY (person) REFERENCES person ON DELETE CASCADE;
SELECT add_system_versioning('letter');
SELECT current_rows FROM erase('person', '7');
SELECT count(*) FROM letter;
SELECT t FROM letter_history;
SELECT * FROM erase('letter', '1');

-- Triggers fire; one that keeps a row stops the erasure.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON person FOR EACH ROW WHEN (OLD.id = 8) EXECUTE FUNCTION keep();
SELECT code($$SELECT erase('person', '8')$$);
SELECT count(*) FROM person_versions WHERE id = 8;
DROP TRIGGER keep ON person;
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END $$;
CREATE TABLE gone (id int);
CREATE TRIGGER log AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION log();
SELECT current_rows FROM erase('person', '8');
TABLE gone;

-- An owner who is bound by policies.
CREATE ROLE delta_erase_owner;
GRANT ALL ON SCHEMA delta_erase TO delta_erase_owner;
SET ROLE delta_erase_owner;
CREATE TABLE owned (id int PRIMARY KEY, v int);
SELECT add_system_versioning('owned');
INSERT INTO owned VALUES (1, 1), (2, 2);
UPDATE owned SET v = 3;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON owned USING (id % 2 = 1);
SELECT versions FROM fold('owned');
SELECT * FROM erase('owned', '2');
ALTER TABLE owned FORCE ROW LEVEL SECURITY;
SELECT code($$SELECT erase('owned', '1')$$);
RESET ROLE;
SELECT * FROM erase('owned', '1');
SELECT erased_by FROM tombstones WHERE rel = 'owned'::regclass ORDER BY erased_by = 'delta_erase_owner';
SET ROLE delta_erase_owner;
SELECT code($$DELETE FROM tombstones$$), code($$SELECT count(*) FROM tombstones$$);
RESET ROLE;

-- A key that cannot be hashed: never folded.
CREATE TABLE bits (b bit(4) PRIMARY KEY, v int);
SELECT add_system_versioning('bits');
INSERT INTO bits VALUES (B'0101', 1), (B'0111', 1);
UPDATE bits SET v = 2;
SELECT code($$SELECT fold('bits')$$);
SELECT * FROM erase('bits', '"0101"');
SELECT is_erased('bits', '"0101"'), is_erased('bits', '"0111"'), count(*) FROM bits_versions;
SELECT versions FROM prune('bits', now());
-- No key, no index; a quoted name; a block that cannot be read.
CREATE TABLE bare (id int, v int);
SELECT add_system_versioning('bare', history_options => '{"without_key": true}');
SELECT code($$SELECT erase('bare', '1')$$), code($$SELECT is_erased('bare', '1')$$);
CREATE TABLE "odd ""table" ("the ""key" text PRIMARY KEY, v int);
SELECT add_system_versioning('"odd ""table"');
INSERT INTO "odd ""table" VALUES ('a', 1), ('b', 1);
UPDATE "odd ""table" SET v = 2;
SELECT * FROM erase('"odd ""table"', '{"the \"key": "a"}');
SELECT count(*) FROM "odd ""table_versions";
SELECT versions FROM fold('"odd ""table"');
ALTER TABLE "odd ""table_history_segments" DISABLE TRIGGER ALL;
UPDATE "odd ""table_history_segments" SET block = overlay(block placing '\x00' from 60);
SELECT code($$SELECT erase('"odd ""table"', '"b"')$$);
SELECT count(*) FROM "odd ""table";

-- The tombstones of a table go with it.
DROP TABLE person, part, word, booking, parted, letter, owned, bits, bare, "odd ""table" CASCADE;
SELECT count(*) FROM tombstones;
DROP SCHEMA delta_erase CASCADE;
DROP ROLE delta_erase_other, delta_erase_owner;
