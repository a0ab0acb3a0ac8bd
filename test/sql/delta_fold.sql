-- Versions move from rows to segments and back, byte by byte.
CREATE SCHEMA delta_fold;
SET search_path = delta_fold, tsmem, public;

CREATE TYPE mood AS ENUM ('calm', 'merry', 'cross');
CREATE TYPE place AS (name text, mood mood);
CREATE DOMAIN short AS varchar(20) CHECK (value <> '');
CREATE TYPE mood_range AS RANGE (SUBTYPE = mood);
CREATE TABLE thing (
	id int PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, c "char", ch char(5), v varchar, t text,
	d date, ts timestamptz, iv interval, u uuid, by bytea, j json, jb jsonb, m mood, ms mood[], p place, ps place[], s short,
	ss short[], r int4range, mr int4multirange, tr mood_range, cl regclass, cls regclass[], box box, ip inet, bits bit(7));
SELECT add_system_versioning('thing');
ALTER TABLE thing DROP COLUMN iv;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';

INSERT INTO thing (id) SELECT generate_series(-3, 6);
UPDATE thing SET b = id % 2 = 0, i2 = id, i8 = id::int8 << 40, f4 = id / 3.0, f8 = id / 100.0, n = id * 1.10, c = chr(65 + abs(id))::"char",
	ch = id::text, v = repeat('v', abs(id)), t = repeat('word ' || id || ' ', 500), d = '2024-01-01'::date + id,
	ts = '2024-01-01 00:00+00'::timestamptz + id * interval '1 second', u = ('00000000-0000-0000-0000-00000000000' || abs(id))::uuid,
	by = decode(repeat('00ff', abs(id)), 'hex'), j = json_build_object('id', id), jb = jsonb_build_object('id', id, 'list', array[1, 2, id]),
	m = 'merry', ms = array['calm', 'cross']::mood[], p = row('here, or "there"', 'cross'), ps = array[row('a', 'calm'), null]::place[],
	s = 'short', ss = array['x', 'y']::short[], r = int4range(id, id + 5), mr = int4multirange(int4range(id, id + 5)),
	tr = mood_range('calm', 'cross'), cl = 'thing', cls = array['thing', 'pg_class']::regclass[], box = box(point(id, 1), point(2, 3)),
	ip = '10.0.0.1', bits = B'1010101';
UPDATE thing SET t = overlay(t placing 'xx' from 900 + id), f8 = 'NaN' WHERE id > 0;
UPDATE thing SET t = t || ' more', f8 = '-0', f4 = '-Infinity' WHERE id > 0;
UPDATE thing SET t = NULL, jb = NULL;
DELETE FROM thing WHERE id = 6;
-- A version that no block takes.
INSERT INTO thing (id, by) SELECT 100, string_agg(sha256(i::text::bytea), '') FROM generate_series(1, 66000) i;
UPDATE thing SET by = NULL WHERE id = 100;

CREATE TABLE before AS SELECT * FROM thing_history;
SELECT count(*) FROM before;
SELECT versions, segments, bytes_before > 2 * bytes_after AS smaller FROM fold('thing');
SELECT count(*) FROM ONLY thing_history;
SELECT key_lo, key_hi, versions, schema_id, octet_length(block) <= 8072 AS page FROM thing_history_segments ORDER BY 1;
SELECT * FROM verify('thing');
SELECT number, column_name, kind, length, types FROM segment_columns WHERE history = 'thing_history'::regclass;

-- Later versions are merged with those that are there.
UPDATE thing SET i8 = i8 + 1;
INSERT INTO before SELECT * FROM ONLY thing_history WHERE id <> 100 OR i8 IS NULL AND by IS NULL;
SELECT versions, segments FROM fold('thing');
SELECT versions, segments FROM fold('thing');
SELECT sum(versions) FROM thing_history_segments;
SELECT * FROM verify('thing');

-- As text, since not all types have an equality; floats to the last bit. The same after unfolding.
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(SELECT former::text FROM thing_history former EXCEPT ALL SELECT old::text FROM before old)
	UNION ALL (SELECT old::text FROM before old EXCEPT ALL SELECT former::text FROM thing_history former)) d;
TABLE differing;
SELECT unfold('thing');
SELECT count(*) FROM thing_history_segments;
RESET timezone;
RESET datestyle;
TABLE differing;

-- Parts: what is older, and how many.
SELECT versions FROM fold('thing', interval '1 day');
SELECT versions FROM fold('thing', max_versions => 7);
SELECT versions FROM fold('thing', max_versions => 7);
SELECT * FROM verify('thing');
SELECT fold('thing', max_versions => 0);
SELECT fold('before');

-- Many versions, over many segments, with a key that is hashed.
CREATE TABLE many (k text, part int, n int, note text, PRIMARY KEY (k, part));
SELECT add_system_versioning('many');
INSERT INTO many SELECT 'key ' || i, i % 3, 0, repeat(md5(i::text), 8) FROM generate_series(1, 300) i;
DO $$ BEGIN FOR i IN 1..20 LOOP UPDATE many SET n = n + 1, note = overlay(note placing i::text from 1 + n * 10); COMMIT; END LOOP; END $$;
CREATE TABLE many_before AS SELECT * FROM many_history;
SELECT versions, segments > 3 AS several FROM fold('many', max_versions => 2500);
SELECT versions FROM fold('many');
SELECT * FROM verify('many');
DO $$ BEGIN FOR i IN 1..5 LOOP UPDATE many SET n = n + 1 WHERE part = 1; COMMIT; END LOOP; END $$;
INSERT INTO many_before SELECT * FROM ONLY many_history;
SELECT versions FROM fold('many');
SELECT * FROM verify('many');
SELECT unfold('many');
SELECT count(*) AS differing FROM (
	(SELECT * FROM many_history EXCEPT ALL SELECT * FROM many_before)
	UNION ALL (SELECT * FROM many_before EXCEPT ALL SELECT * FROM many_history)) d;

-- Others may not.
CREATE ROLE delta_fold_other;
GRANT USAGE ON SCHEMA delta_fold, tsmem TO delta_fold_other;
SET ROLE delta_fold_other;
SELECT fold('many');
SELECT unfold('many');
SELECT * FROM verify('many');
RESET ROLE;
INSERT INTO many_history_segments VALUES (1, now(), 1, now(), now(), 1, 1, '');
DROP SCHEMA delta_fold CASCADE;
DROP OWNED BY delta_fold_other;
DROP ROLE delta_fold_other;
