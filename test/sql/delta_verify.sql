-- Damaged segments: reading them raises XX001, verify says what is wrong, folding refuses.
CREATE SCHEMA delta_verify;
SET search_path = delta_verify, tsmem, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never

CREATE TYPE mood AS ENUM ('calm', 'merry');
CREATE TABLE thing (id int PRIMARY KEY, n int, f float8, m mood, note text);
SELECT add_system_versioning('thing');
SELECT import_history('thing', $$
	SELECT id, n, n / 4.0::float8 AS f, CASE n % 2 WHEN 0 THEN 'calm' ELSE 'merry' END::mood AS m, repeat('note ' || n, 5) AS note,
		timestamptz '2020-01-01' + n * interval '1 hour' AS row_start, timestamptz '2020-01-01' + (n + 1) * interval '1 hour' AS row_end
	FROM generate_series(1, 6) id, generate_series(1, 20) n $$);
SELECT * FROM verify('thing');
SELECT set_delta_options('thing', zones => '{n,note}') IS NOT NULL AS set;
SELECT versions, segments FROM fold('thing');
SELECT * FROM verify('thing');
SELECT * FROM verify() WHERE rel = 'thing'::regclass;
SELECT count(*), sum(n) FROM thing_history;

-- What a statement comes to, without what it does.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RAISE EXCEPTION USING ERRCODE = 'ZZZZZ';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE SQLSTATE WHEN 'ZZZZZ' THEN 'done' ELSE SQLSTATE END;
END $$;
CREATE FUNCTION checksum_of(bytes bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	crc bigint := 4294967295;
BEGIN
	FOR i IN 0 .. length(bytes) - 1 LOOP
		crc := crc # get_byte(bytes, i);
		FOR bit IN 1 .. 8 LOOP
			crc := CASE crc & 1 WHEN 1 THEN (crc >> 1) # 2197175160 ELSE crc >> 1 END;
		END LOOP;
	END LOOP;
	RETURN crc # 4294967295;
END $$;
SELECT to_hex(checksum_of('123456789'));
-- A block with a checksum that fits.
CREATE FUNCTION seal(block bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	crc bigint := checksum_of(substr(block, 1, 28) || substr(block, 33));
BEGIN
	FOR i IN 0 .. 3 LOOP
		block := set_byte(block, 28 + i, ((crc >> 8 * i) & 255)::int);
	END LOOP;
	RETURN block;
END $$;
CREATE FUNCTION look(OUT all_rows text, OUT one_key text, OUT by_time text, OUT chain text, OUT fold text, OUT unfold text) LANGUAGE sql AS $$
	SELECT outcome('SELECT count(h::text) FROM delta_verify.thing_history h'),
		outcome($q$ SELECT * FROM delta_verify.thing_as_of('2020-01-01 05:30Z') WHERE id = 3 $q$),
		outcome($q$ SELECT count(t::text) FROM delta_verify.thing_as_of('2020-01-01 05:30Z') t $q$),
		outcome($q$ SELECT * FROM tsmem.chain('delta_verify.thing', '3') $q$),
		outcome($q$ SELECT tsmem.fold('delta_verify.thing') $q$),
		outcome($q$ SELECT tsmem.unfold('delta_verify.thing') $q$) $$;
-- Something in the tail that goes into the segment.
SELECT import_history('thing', $$ SELECT 3 AS id, 0 AS n, 0::float8 AS f, NULL::mood AS m, 'early' AS note,
	timestamptz '2019-01-01' AS row_start, timestamptz '2019-01-02' AS row_end $$);
ALTER TABLE thing_history_segments DISABLE TRIGGER ALL;
CREATE TABLE kept AS SELECT * FROM thing_history_segments;
CREATE FUNCTION mend() RETURNS void LANGUAGE sql AS $$
	DELETE FROM thing_history_segments;
	INSERT INTO thing_history_segments SELECT * FROM kept $$;
SELECT mend();
SELECT * FROM look();

-- Bytes that are wrong, missing or too many.
UPDATE thing_history_segments SET block = set_byte(block, 100, get_byte(block, 100) # 1);
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET block = substr(block, 1, length(block) - 1);
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET block = '';
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
-- A format of the future, with a checksum that fits.
UPDATE thing_history_segments SET block = seal(set_byte(block, 3, 2));
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
-- A schema that is unknown; one that the block is not of.
UPDATE thing_history_segments SET schema_id = 77;
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET block = seal(set_byte(block, 20, 77));
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();

-- Columns beside the block. Those by which segments are found are compared whenever one is read.
UPDATE thing_history_segments SET key_lo = key_lo - 1;
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET versions = versions + 1;
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET t_lo = t_lo - interval '1 day';
SELECT * FROM look();
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET key_hi = key_hi + 1;
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET t_hi = t_hi - interval '1 day';
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET t_min = t_min + interval '1 day';
SELECT problem FROM verify('thing');
SELECT mend();
UPDATE thing_history_segments SET zones = set_byte(zones, 7, get_byte(zones, 7) + 5);
SELECT problem FROM verify('thing');
SELECT mend();

-- A segment twice: versions are there twice.
INSERT INTO thing_history_segments SELECT * FROM kept;
SELECT DISTINCT problem FROM verify('thing') WHERE segment IS NOT NULL;
SELECT count(*) FROM verify('thing') WHERE problem LIKE 'versions of a key overlap: (%';
SELECT mend();
-- A version in the segment and in the tail; one that ends after the current row began.
ALTER TABLE thing_history DISABLE TRIGGER ALL;
INSERT INTO thing_history SELECT * FROM thing_history WHERE id = 2 AND n = 20;
SELECT * FROM verify('thing');
DELETE FROM ONLY thing_history WHERE id = 2;
INSERT INTO thing VALUES (4, 1);
INSERT INTO thing_history SELECT 4, 1, 1, NULL, 'late', '2021-01-01', '0', '3000-01-01', '0';
SELECT regexp_replace(problem, 'at \d{4}.*', 'at ...') FROM verify('thing');
DELETE FROM ONLY thing_history WHERE id = 4;
DELETE FROM thing;
DELETE FROM ONLY thing_history WHERE id = 4;
SELECT * FROM verify('thing');

-- Every byte in turn, and every length: nothing else than XX001.
CREATE TABLE found (what text, outcome text);
DO $$
DECLARE
	whole bytea := (SELECT block FROM delta_verify.kept);
BEGIN
	FOR i IN 0 .. length(whole) - 1 LOOP
		UPDATE delta_verify.thing_history_segments SET block = set_byte(whole, i, get_byte(whole, i) # (1 << i % 8));
		INSERT INTO delta_verify.found SELECT 'flip', delta_verify.outcome('SELECT count(h::text) FROM delta_verify.thing_history h');
		UPDATE delta_verify.thing_history_segments SET block = substr(whole, 1, i);
		INSERT INTO delta_verify.found SELECT 'cut', delta_verify.outcome('SELECT count(h::text) FROM delta_verify.thing_history h');
	END LOOP;
END $$;
SELECT what, outcome, count(*) > 100 AS many FROM found GROUP BY 1, 2 ORDER BY 1, 2;
SELECT mend();
TRUNCATE found;
-- Nonsense with a checksum that fits: errors or other rows, and verify comes to an end.
DO $$
DECLARE
	whole bytea := (SELECT block FROM delta_verify.kept);
BEGIN
	FOR i IN 0 .. 119 LOOP
		UPDATE delta_verify.thing_history_segments SET block = delta_verify.seal(set_byte(whole, 32 + i * 5 % (length(whole) - 32), (i * 37 + 11) % 256));
		INSERT INTO delta_verify.found SELECT 'read', delta_verify.outcome('SELECT count(h::text) FROM delta_verify.thing_history h')
		UNION ALL SELECT 'verify', delta_verify.outcome('SELECT count(*) FROM tsmem.verify(''delta_verify.thing'')');
	END LOOP;
END $$;
SELECT what, count(*), count(*) FILTER (WHERE outcome <> 'done') = 0 AS always FROM found GROUP BY 1 ORDER BY 1;
SELECT mend();
SELECT * FROM verify('thing');

-- A key that is hashed: the stored hash is compared with that of the values.
CREATE TABLE worded (k text PRIMARY KEY, n int);
SELECT add_system_versioning('worded');
INSERT INTO worded VALUES ('a', 1), ('b', 2);
UPDATE worded SET n = 3;
SELECT versions FROM fold('worded');
ALTER TABLE worded_history_segments DISABLE TRIGGER ALL;
UPDATE worded_history_segments SET key_lo = key_lo - 1, block = seal(set_byte(block, 32, get_byte(block, 32) - 1));
SELECT problem FROM verify('worded');
-- The index misses segments.
UPDATE pg_index SET indisvalid = false WHERE indrelid = 'worded_history_segments'::regclass;
SELECT problem FROM verify('worded');
UPDATE pg_index SET indisvalid = true WHERE indrelid = 'worded_history_segments'::regclass;

-- Rights; what is no table of ours.
CREATE ROLE delta_verify_other;
GRANT USAGE ON SCHEMA delta_verify, tsmem TO delta_verify_other;
SET ROLE delta_verify_other;
SELECT * FROM verify('thing');
SELECT * FROM verify();
RESET ROLE;
SELECT * FROM verify('found');
SELECT * FROM verify(NULL);
DROP SCHEMA delta_verify CASCADE;
DROP OWNED BY delta_verify_other;
DROP ROLE delta_verify_other;
