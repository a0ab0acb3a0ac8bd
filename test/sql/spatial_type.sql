-- The text and binary forms of stbox: what goes in comes out, and nothing else goes in.
CREATE SCHEMA spatial_type;
SET search_path = spatial_type, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- Every shape of box.
CREATE TABLE shape (id serial, box stbox);
INSERT INTO shape (box) VALUES
	('STBOX((1,2),(3,4))'),
	('STBOX((1,2,3),(4,5,6))'),
	('STBOX((1,2),(3,4)),[2024-01-01,2024-02-01)'),
	('STBOX((1,2,3),(4,5,6)),[2024-01-01 00:00:00.000001+00,2024-02-01)'),
	('STBOX[2024-01-01,2024-02-01)'),
	('STBOX((1,2))'),
	('STBOX((1,2)),[2024-01-01,2024-01-01]'),
	('STBOX((1,),(2,))'),
	('STBOX((,1),(,2))'),
	('STBOX((,,1),(,,2))'),
	('STBOX((1,,3),(1,,4)),[2024-01-01,2024-01-01]'),
	('STBOX((-infinity,0),(infinity,1))'),
	('STBOX((0,0),(1,1)),[-infinity,infinity)'),
	('STBOX[,2024-01-01)'),
	('STBOX[2024-01-01,)'),
	('GEODSTBOX((-70.123456789,42.5),(-70.1,42.6)),[2024-01-01,2024-01-02)'),
	('GEODSTBOX((-180,-90,-11000),(180,90,8849))'),
	('STBOX((0.1,1e300),(0.30000000000000004,1.7976931348623157e308))'),
	('STBOX((-5e-324,0),(5e-324,0))'),
	('STBOX[4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00]');
SELECT id, box FROM shape ORDER BY id;

-- They come back from their text, in any style of dates and any time zone, and from their bytes.
SELECT count(*) FROM shape WHERE box::text::stbox = box;
CREATE FUNCTION survives(style text, zone text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('datestyle', style, true), set_config('timezone', zone, true);
	RETURN (SELECT count(*) FROM shape WHERE box::text::stbox = box);
END $$;
SELECT style, survives(style, zone)
FROM (VALUES ('ISO, DMY'), ('SQL, DMY'), ('Postgres, MDY'), ('German')) s(style), (VALUES ('UTC')) z(zone) ORDER BY style;
SELECT zone, survives('ISO', zone) FROM (VALUES ('Asia/Kolkata'), ('America/St_Johns')) z(zone) ORDER BY zone;
SELECT count(*), count(DISTINCT box) FROM shape;
SELECT count(*) FROM shape WHERE pg_column_size(box) = 72;
SELECT encode(_stbox_send('STBOX((1,2),(3,4)),[2000-01-01 00:00:01+00,2000-01-01 00:00:02+00)'), 'hex');
SELECT encode(_stbox_send('GEODSTBOX((1,2),(1,2))'), 'hex');

-- Input is lenient about case, blanks, quotes, closed and open bounds of time.
SELECT '  stBox ( ( 1 , 2 ) , ( 3 , 4 ) ) , [ "2024-01-01 00:00+00" , "2024-01-02" ) '::stbox;
SELECT 'STBOX(2024-01-01,2024-01-02]'::stbox;
SELECT 'STBOX((1,2)),[2024-01-01,2024-01-01 00:00:00.000001)'::stbox;
SELECT 'STBOX((-0.0,0),(-0.0,1))'::stbox;
SELECT 'STBOX[Jan 3 2024 10:00 PST,2024-01-04)'::stbox;
-- One value, one form: equal boxes are equal bytes.
SELECT _stbox_send(a) = _stbox_send(b), a = b
FROM (VALUES ('STBOX((-0.0,0),(0,1)),[2024-01-01,2024-01-02)'::stbox, 'STBOX((0,0),(0.0,1)),[2024-01-01,2024-01-01 23:59:59.999999]'::stbox)) v(a, b);

-- What is not a box.
SELECT ''::stbox;
SELECT 'BOX((1,2),(3,4))'::stbox;
SELECT 'STBOX'::stbox;
SELECT 'STBOX()'::stbox;
SELECT 'STBOX["2024-01-01,2024-01-02)'::stbox;
SELECT 'STBOX["2024-01-01" x,2024-01-02)'::stbox;
SELECT 'STBOX((1,2)'::stbox;
SELECT 'STBOX((1))'::stbox;
SELECT 'STBOX((1,2,3,4),(1,2,3,4))'::stbox;
SELECT 'STBOX((1,2),(3,4,5))'::stbox;
SELECT 'STBOX((1,),(,2))'::stbox;
SELECT 'STBOX((1,2),(3,4),(5,6))'::stbox;
SELECT 'STBOX((1,2),(3,4)) x'::stbox;
SELECT 'STBOX((1,2),(3,4)),'::stbox;
SELECT 'STBOX((1,2),(3,4))[2024-01-01,2024-01-02)'::stbox;
SELECT 'STBOX((a,2),(3,4))'::stbox;
SELECT 'STBOX((1e400,2),(3,4))'::stbox;
SELECT 'STBOX((,),(,))'::stbox;
SELECT 'STBOX((1,2),(3,4)),[2024-01-01]'::stbox;
SELECT 'STBOX((1,2),(3,4)),[2024-01-01,2024-01-02'::stbox;
SELECT 'STBOX[yesterday at noonish,2024-01-02)'::stbox;
SELECT ('STBOX[' || repeat('9', 200) || ',2024-01-02)')::stbox;
-- Numbers and times raise what they raise alone.
SELECT 'STBOX[garbage,]'::stbox;
SELECT 'STBOX((1,2)),[-2024-01-01,2024-01-02)'::stbox;
SELECT 'STBOX[2024-01-01 10:00 Mars/Olympus,]'::stbox;
SELECT 'STBOX((1e400,2))'::stbox;
-- What has no meaning.
SELECT 'STBOX((NaN,2),(3,4))'::stbox;
SELECT 'STBOX((1,2),(3,NaN))'::stbox;
SELECT 'STBOX((3,2),(1,4))'::stbox;
SELECT 'STBOX((1,2,9),(3,4,5))'::stbox;
SELECT 'STBOX((infinity,2))'::stbox;
SELECT 'STBOX((1,-infinity),(2,-infinity))'::stbox;
SELECT 'STBOX[2024-01-02,2024-01-01)'::stbox;
SELECT 'STBOX[2024-01-01,2024-01-01)'::stbox;
SELECT 'STBOX(2024-01-01,2024-01-01 00:00:00.000001)'::stbox;
SELECT 'STBOX[infinity,infinity]'::stbox;
SELECT 'STBOX[-infinity,-infinity]'::stbox;
SELECT 'STBOX[294277-01-01,)'::stbox;
SELECT 'GEODSTBOX((180.1,0))'::stbox;
SELECT 'GEODSTBOX((0,-90.1),(0,0))'::stbox;
SELECT 'GEODSTBOX((170,0),(-170,1))'::stbox;
SELECT 'GEODSTBOX((1,),(2,))'::stbox;
SELECT 'GEODSTBOX[2024-01-01,2024-01-02)'::stbox;

-- Binary input checks everything as well. COPY is the way to it.
CREATE FUNCTION binary_input(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	-- header of the COPY format, one row of one field, trailer
	message bytea := '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || '\x0001'::bytea
		|| int4send(length(bytes)) || bytes || '\xffff'::bytea;
	file text := current_setting('data_directory') || '/spatial_type.bin';
	largeobject oid := lo_from_bytea(0, message);
	answer text;
BEGIN
	PERFORM lo_export(largeobject, file), lo_unlink(largeobject);
	CREATE TEMP TABLE received (box stbox) ON COMMIT DROP;
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT 'box ' || box FROM received INTO answer;
	DROP TABLE received;
	RETURN answer;
EXCEPTION WHEN others THEN
	RETURN sqlstate || ': ' || sqlerrm;
END $$;
SELECT id, binary_input(_stbox_send(box)) = 'box ' || box AS same FROM shape WHERE id IN (1, 4, 5, 10, 13, 16, 20) ORDER BY id;
SELECT name, binary_input(bytes) FROM (VALUES
	(1, 'nothing', ''::bytea),
	(2, 'version 0', '\x0008' || int8send(1) || int8send(2)),
	(3, 'version 2', '\x0208' || int8send(1) || int8send(2)),
	(4, 'unknown flag', '\x0128' || int8send(1) || int8send(2)),
	(5, 'no axis', '\x0100'),
	(6, 'too short', '\x0101' || float8send(1)),
	(7, 'too long', '\x0101' || float8send(1) || float8send(2) || '\x00'),
	(8, 'NaN', '\x0101' || float8send(1) || float8send('NaN')),
	(9, 'reversed', '\x0101' || float8send(2) || float8send(1)),
	(10, 'infinity', '\x0101' || float8send('infinity') || float8send('infinity')),
	(11, 'negative zero', '\x0101' || float8send('-0') || float8send('-0')),
	(12, 'reversed time', '\x0108' || int8send(2) || int8send(1)),
	(13, 'no time', '\x0108' || int8send(-9223372036854775807) || int8send(1)),
	(14, 'no time', '\x0108' || int8send(1) || int8send(9223372036854775806)),
	(15, 'at infinity', '\x0108' || int8send(9223372036854775807) || int8send(9223372036854775807)),
	(16, 'degrees', '\x0113' || float8send(180.5) || float8send(180.5) || float8send(0) || float8send(0)),
	(17, 'no latitude', '\x0111' || float8send(180) || float8send(180)),
	(18, 'geodetic time', '\x0118' || int8send(1) || int8send(2))) v(number, name, bytes) ORDER BY number;

-- Garbage is refused or gives a box, and never anything else.
CREATE FUNCTION fate(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN input::stbox::text::stbox = input::stbox THEN 'a box' ELSE 'changed' END;
EXCEPTION WHEN others THEN
	RETURN sqlstate;
END $$;
-- Each text with one character left out, doubled, or replaced by another.
WITH texts AS (SELECT box::text AS t FROM shape),
	changed AS (
		SELECT overlay(t PLACING c FROM i FOR n) AS t
		FROM texts, generate_series(1, 120) i, (VALUES (''), ('('), (')'), ('['), (']'), (','), ('-'), ('9'), ('e'), ('"'), ('x')) r(c), (VALUES (0), (1)) l(n)
		WHERE i <= length(t))
SELECT fate, count(*) > 0 AS seen FROM (SELECT fate(t) FROM changed) f GROUP BY fate ORDER BY fate;
-- Servers that can ask whether input is valid (16 on) get the same answer as from an error.
CREATE FUNCTION accepts(input text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	valid boolean;
BEGIN
	IF current_setting('server_version_num')::int < 160000 THEN
		RETURN fate(input) = 'a box';
	END IF;
	EXECUTE 'SELECT pg_input_is_valid($1, ''tsmem.stbox'')' INTO valid USING input;
	RETURN valid;
END $$;
SELECT t, accepts(t) FROM (VALUES ('STBOX((1,2))'), ('STBOX((1,x))'), ('STBOX((1e999,2))'), ('STBOX((2,2),(1,1))'), ('STBOX[2024-01-01,2024-13-01)'),
	('STBOX[2024-01-01,2024-01-01)'), ('STBOX((1,2)),[2024-01-01'), ('GEODSTBOX((200,2))'), ('STBOX((,),(,))'), ('GEODSTBOX((1,),(2,))'), ('STBOX((1,2)'), ('')) v(t);
SELECT count(*) FROM (
	SELECT overlay(box::text PLACING c FROM i FOR 1) AS t FROM shape, generate_series(1, 100) i, (VALUES (''), (')'), ('9'), ('x')) r(c) WHERE i <= length(box::text)) changed
WHERE accepts(t) <> (fate(t) = 'a box');

-- Each binary form with each byte set to a few values.
WITH changed AS (
	SELECT set_byte(_stbox_send(box), i, v) AS bytes
	FROM shape, generate_series(0, 65) i, (VALUES (0), (1), (127), (128), (255)) b(v)
	WHERE i < length(_stbox_send(box)) AND id IN (1, 4, 16))
SELECT left(binary_input(bytes), 5) AS fate, count(*) > 0 AS seen FROM changed GROUP BY 1 ORDER BY 1;
DROP SCHEMA spatial_type CASCADE;
