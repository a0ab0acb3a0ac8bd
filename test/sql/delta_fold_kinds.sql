-- Every kind of table: folded twice, merged and unfolded, the history stays the same.
CREATE SCHEMA delta_fold_kinds;
SET search_path = delta_fold_kinds, tsmem, public;

-- Whether history is what it was, through all that moves it.
CREATE FUNCTION moves(rel regclass, history regclass, OUT step text, OUT tail bigint, OUT differing bigint, OUT problems bigint)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	total bigint;
BEGIN
	EXECUTE format('CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT h::text AS version FROM %s h', history);
	SELECT count(*) INTO total FROM copy;
	FOREACH step IN ARRAY ARRAY['half', 'rest', 'merge', 'unfold', 'again', 'merge again'] LOOP
		IF step = 'half' THEN PERFORM tsmem.fold(rel, max_versions => (greatest(total / 2, 1))::int);
		ELSIF step IN ('rest', 'again') THEN PERFORM tsmem.fold(rel);
		ELSIF step = 'unfold' THEN PERFORM tsmem.unfold(rel);
		ELSE PERFORM tsmem.merge(rel);
		END IF;
		EXECUTE format('SELECT count(*) FROM ONLY %s', history) INTO tail;
		EXECUTE format('SELECT count(*) FROM ((SELECT h::text FROM %1$s h EXCEPT ALL TABLE copy) UNION ALL (TABLE copy EXCEPT ALL SELECT h::text FROM %1$s h)) d', history)
			INTO differing;
		SELECT count(*) INTO problems FROM tsmem.verify(rel);
		RETURN NEXT;
	END LOOP;
	DROP TABLE copy;
END $$;

-- Nothing to fold: no store is made.
CREATE TABLE empty (id int PRIMARY KEY);
SELECT add_system_versioning('empty');
SELECT * FROM fold('empty');
INSERT INTO empty VALUES (1);
SELECT * FROM fold('empty');
SELECT unfold('empty');
SELECT count(*) FROM segment_tables WHERE history = 'empty_history'::regclass;
SELECT * FROM moves('empty', 'empty_history');
DELETE FROM empty;
SELECT * FROM fold('empty', interval '1 hour');
SELECT count(*) FROM segment_tables WHERE history = 'empty_history'::regclass;
-- What is deleted and folded within a transaction comes back with it.
BEGIN;
INSERT INTO empty VALUES (2);
SELECT versions FROM fold('empty');
ROLLBACK;
SELECT versions, segments FROM fold('empty');
SELECT * FROM fold('empty');

-- What is asked for.
SELECT fold('empty', NULL) IS NULL AS nothing;
SELECT fold('empty', interval '-1 second');
SELECT fold('empty', max_versions => 10000001);
SELECT fold('empty', interval '1000000 years');
SELECT versions FROM fold('empty', max_versions => 10000000);
SELECT fold(NULL) IS NULL AS nothing, unfold(NULL) IS NULL AS nothing;
SELECT fold('pg_class');
SELECT fold('empty_history');
BEGIN READ ONLY;
SELECT fold('empty');
ROLLBACK;
BEGIN READ ONLY;
SELECT unfold('empty');
ROLLBACK;

-- Two folds in one statement, and one that is taken back.
CREATE TABLE pair (id int PRIMARY KEY, n int);
SELECT add_system_versioning('pair');
INSERT INTO pair SELECT i, 0 FROM generate_series(1, 10) i;
UPDATE pair SET n = 1;
SELECT (fold('pair', max_versions => 3)).versions AS first, (fold('pair', max_versions => 4)).versions AS second, (fold('pair')).versions AS third;
SELECT * FROM verify('pair');
BEGIN;
SAVEPOINT s;
SELECT unfold('pair');
ROLLBACK TO s;
SELECT count(*) FROM ONLY pair_history;
SELECT unfold('pair');
SELECT versions FROM fold('pair', max_versions => 5);
SELECT count(*) FROM ONLY pair_history;
SELECT count(*) FROM pair_history;
ROLLBACK;
SELECT count(*) FROM ONLY pair_history;
SELECT * FROM moves('pair', 'pair_history');

-- Composite and text keys; a key of an enum, whose OIDs a restore changes.
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE composite (a text, b date, c colour, n int, PRIMARY KEY (a, b, c));
SELECT add_system_versioning('composite');
INSERT INTO composite SELECT 'key ' || i % 7, '2024-01-01'::date + i % 5, (enum_range(NULL::colour))[1 + i % 3], 0 FROM generate_series(0, 104) i;
UPDATE composite SET n = 1;
UPDATE composite SET n = 2 WHERE c = 'red';
SELECT * FROM moves('composite', 'composite_history');

-- No key, and more versions of one start than a block takes.
CREATE TABLE keyless (n int, note text);
SELECT add_system_versioning('keyless', history_options => '{"without_key": true}');
INSERT INTO keyless SELECT i, md5(i::text) FROM generate_series(1, 1500) i;
UPDATE keyless SET n = -n WHERE n % 2 = 0;
SELECT (fold('keyless', max_versions => 400)).versions;
UPDATE keyless SET n = n + 1;
DELETE FROM keyless WHERE n % 3 = 0;
SELECT * FROM moves('keyless', 'keyless_history');

-- No columns but those of versioning.
CREATE TABLE bare ();
SELECT add_system_versioning('bare', history_options => '{"without_key": true}');
INSERT INTO bare DEFAULT VALUES;
INSERT INTO bare DEFAULT VALUES;
DELETE FROM bare;
SELECT * FROM moves('bare', 'bare_history');
ALTER TABLE bare ADD COLUMN later int DEFAULT 7;
INSERT INTO bare (later) VALUES (1);
DELETE FROM bare;
SELECT * FROM moves('bare', 'bare_history');
SELECT later, count(*) FROM bare_history GROUP BY 1 ORDER BY 1;
SELECT schema_id, number, column_name, kind, missing FROM segment_columns WHERE history = 'bare_history'::regclass ORDER BY 1, 2;

-- As many columns as a table can have: two are of the history alone.
DO $$ BEGIN
	EXECUTE (SELECT 'CREATE TABLE wide (id int PRIMARY KEY, ' || string_agg(format('c%s %s', i, (ARRAY['int2', 'bool', 'float4', 'text'])[1 + i % 4]), ', ') || ')' FROM generate_series(2, 1596) i);
END $$;
SELECT add_system_versioning('wide');
INSERT INTO wide (id, c2, c3, c1596) SELECT i, NULL, 'x', 1 FROM generate_series(1, 20) i;
UPDATE wide SET c1595 = 'last', c5 = true;
DELETE FROM wide;
SELECT * FROM moves('wide', 'wide_history');

-- A partitioned table.
CREATE TABLE parted (id int, part int, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 (extra int, part int, v text, id int);
ALTER TABLE parted_2 DROP COLUMN extra;
ALTER TABLE parted_2 ALTER id SET NOT NULL, ALTER part SET NOT NULL;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES IN (2);
SELECT add_system_versioning('parted');
INSERT INTO parted SELECT i, 1 + i % 2, 'v' FROM generate_series(1, 50) i;
UPDATE parted SET v = 'w';
UPDATE parted SET part = 3 - part;
SELECT * FROM moves('parted', 'parted_history');
SELECT fold('parted_1');
INSERT INTO parted SELECT i, 1, 'again' FROM generate_series(51, 55) i;
DELETE FROM parted WHERE id > 50;
SELECT versions FROM fold('parted');
INSERT INTO parted SELECT i, 2, 'back' FROM generate_series(51, 55) i;
SELECT count(*) FROM parted_versions WHERE id > 50;

-- A temporal key: many versions of one key at a time.
CREATE TABLE rate (item int, amount int, valid daterange NOT NULL);
SELECT add_period('rate', 'valid');
SELECT add_temporal_key('rate', '{item}', 'valid');
SELECT add_system_versioning('rate');
INSERT INTO rate SELECT i % 3, i, daterange('2024-01-01'::date + i, '2024-01-01'::date + i + 1) FROM generate_series(1, 600) i;
UPDATE rate SET amount = amount + 1;
UPDATE rate SET amount = amount + 1 WHERE item = 1;
SELECT * FROM moves('rate', 'rate_history');

-- Names to be quoted, of 63 bytes.
CREATE TABLE "Ein ""langer"" Name, der genau so lang ist, wie Namen sein dürf" ("Schlüssel" int PRIMARY KEY, "Wert" text);
SELECT add_system_versioning('"Ein ""langer"" Name, der genau so lang ist, wie Namen sein dürf"');
INSERT INTO "Ein ""langer"" Name, der genau so lang ist, wie Namen sein dürf" VALUES (1, 'a');
UPDATE "Ein ""langer"" Name, der genau so lang ist, wie Namen sein dürf" SET "Wert" = 'b';
SELECT step, tail, differing, problems FROM versioned_tables, moves(rel, history) WHERE rel = '"Ein ""langer"" Name, der genau so lang ist, wie Namen sein dürf"'::regclass;

-- A policy hides nothing from a fold.
CREATE TABLE hidden (id int PRIMARY KEY, n int);
SELECT add_system_versioning('hidden');
INSERT INTO hidden SELECT i, 0 FROM generate_series(1, 5) i;
UPDATE hidden SET n = 1;
CREATE ROLE delta_fold_kinds_owner;
GRANT ALL ON SCHEMA delta_fold_kinds TO delta_fold_kinds_owner;
GRANT USAGE ON SCHEMA tsmem TO delta_fold_kinds_owner;
ALTER TABLE hidden OWNER TO delta_fold_kinds_owner;
ALTER TABLE hidden_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE delta_fold_kinds_owner;
SELECT count(*) FROM hidden_history;
SELECT versions FROM fold('hidden');
SELECT unfold('hidden');
RESET ROLE;
SELECT count(*) FROM ONLY hidden_history;

SET client_min_messages = warning;
DROP SCHEMA delta_fold_kinds CASCADE;
DROP OWNED BY delta_fold_kinds_owner;
DROP ROLE delta_fold_kinds_owner;
