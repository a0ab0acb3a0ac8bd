-- The versions of an entity, and where each lies.
CREATE SCHEMA delta_inspect_chain;
SET search_path = delta_inspect_chain, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

-- Versions with known times, so that what is drawn stays the same.
CREATE TABLE account (id int PRIMARY KEY, owner text, balance numeric, note text);
SELECT add_system_versioning('account');
SELECT import_history('account', $$
	SELECT id, 'owner ' || id AS owner, (n / 2)::numeric AS balance, CASE WHEN n > 6 THEN repeat('x', 200) || n END AS note,
		timestamptz '2020-01-01' + n * interval '1 day' AS row_start,
		timestamptz '2020-01-01' + (CASE n WHEN 4 THEN 4.5 ELSE n + 1 END) * interval '1 day' AS row_end
	FROM generate_series(1, 3) id, generate_series(1, 8) n WHERE id < 3 OR n = 1 $$);

-- Without segments, with some, with all.
SELECT number, row_start, row_end, place, segment, frame, bytes_raw, bytes_stored, changed FROM chain('account', '{"id": 1}');
SELECT versions FROM fold('account', max_versions => 6);
SELECT number, row_start, row_end, place, segment, frame, bytes_raw, bytes_stored < bytes_raw AS smaller, changed FROM chain('account', '1');
SELECT versions FROM fold('account');
SELECT number, place, segment, changed FROM chain('account', '1');
SELECT draw_chain('account', '{"id": 1}');
SELECT draw_chain('account', '{"id": 1}', width => 60, ascii => true);
SELECT draw_chain('account', '3');
SELECT draw_chain('account', '4');
SELECT count(*) FROM chain('account', '4');

-- The shares of all versions are what the segments take.
SELECT sum(chain.bytes_stored) BETWEEN sum(s.bytes) - 17 AND sum(s.bytes) + 17 AS all_of_it
FROM (SELECT sum(c.bytes_stored) AS bytes_stored FROM generate_series(1, 3) id, chain('account', to_jsonb(id)) c) chain,
	(SELECT sum(octet_length(block) + 80) AS bytes FROM account_history_segments) s;

-- With a current row, before and after a further fold; chain sees what the statement sees.
INSERT INTO account VALUES (3, 'owner 3', 7, NULL);
SELECT number, place, row_end, changed FROM chain('account', '3');
UPDATE account SET owner = 'another' WHERE id = 3;
SELECT number, place, isfinite(row_end) AS ended, changed FROM chain('account', '3');
BEGIN;
SELECT versions FROM fold('account');
SELECT number, place, isfinite(row_end) AS ended, changed FROM chain('account', '3');
ROLLBACK;
SELECT regexp_replace(draw_chain('account', '3', 70, true), ' \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00', ' yyyy-mm-dd hh:mm:ss+00', 'g');

-- While the session reads another time, the chain is the same.
SELECT set_system_time('2020-01-03');
SELECT number, place FROM chain('account', '3');
RESET tsmem.system_time;

-- Keys that are none.
SELECT * FROM chain('account', '{}');
SELECT * FROM chain('account', '{"id": 1, "name": 2}');
SELECT * FROM chain('account', '[1]');
SELECT * FROM chain('account', '{"id": null}');
SELECT * FROM chain('account', '{"id": "x"}');
SELECT * FROM chain('account', '{"id": [1]}');
SELECT * FROM chain('account', '3000000000');
SELECT count(*) FROM chain('account', NULL);
SELECT * FROM chain('pg_class', '1');
SELECT * FROM chain(0, '1');
SELECT draw_chain('account', '1', 59);
SELECT draw_chain('account', '1', 1001);
SELECT draw_chain('account', NULL) IS NULL;

-- A key of several columns, with names to be quoted, a domain, a hash.
CREATE DOMAIN code AS varchar(8) CHECK (value <> '');
CREATE TABLE "Many ""Keys" ("the key" code, "$1" int, "_ 63 bytes of name _______________________________________ end" numeric, gone int,
	val text, PRIMARY KEY ("the key", "$1", "_ 63 bytes of name _______________________________________ end"));
SELECT add_system_versioning('"Many ""Keys"');
INSERT INTO "Many ""Keys" SELECT k, n, n / 2.0, 1, 'first' FROM unnest(array['a', 'b', 'a "b"']) k, generate_series(1, 3) n;
UPDATE "Many ""Keys" SET gone = 2;
ALTER TABLE "Many ""Keys" DROP COLUMN gone;
UPDATE "Many ""Keys" SET val = 'second';
SELECT versions FROM fold('"Many ""Keys"');
UPDATE "Many ""Keys" SET val = 'third';
SELECT number, place, changed FROM chain('"Many ""Keys"', '{"the key": "a \"b\"", "$1": 2, "_ 63 bytes of name _______________________________________ end": 1}');
SELECT count(*) FROM chain('"Many ""Keys"', '{"the key": "a", "$1": 2, "_ 63 bytes of name _______________________________________ end": 1.5}');
SELECT count(*) FROM chain('"Many ""Keys"', '{"the key": "", "$1": 2, "_ 63 bytes of name _______________________________________ end": "1"}');
SELECT count(*) FROM chain('"Many ""Keys"', '2');

-- A temporal key: several versions at a time, told apart by what they hold.
CREATE TABLE lease (id int, valid daterange NOT NULL, rent int);
SELECT add_period('lease', 'valid');
SELECT add_temporal_key('lease', '{id}', 'valid', primary_key => true);
SELECT add_system_versioning('lease');
INSERT INTO lease VALUES (1, '[2024-01-01,2024-02-01)', 1), (1, '[2024-02-01,2024-03-01)', 2), (1, '[2024-03-01,)', 3), (2, '[2024-01-01,)', 1);
UPDATE lease SET rent = rent + 1;
UPDATE lease SET rent = 0 WHERE valid && '[2024-01-15,2024-02-15)';
SELECT versions FROM fold('lease');
SELECT number, place, frame, changed FROM chain('lease', '{"id": 1}');
SELECT count(*) FROM chain('lease', '{"id": 1, "valid": "empty"}');

-- A partitioned table.
CREATE TABLE parted (id int, part int, val text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 (val text, part int NOT NULL, id int NOT NULL);
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN (1);
SELECT add_system_versioning('parted');
INSERT INTO parted VALUES (1, 1, 'a'), (2, 1, 'b');
UPDATE parted SET val = 'c';
SELECT versions FROM fold('parted');
SELECT number, place, changed FROM chain('parted', '{"id": 1, "part": 1}');

-- Types that go in as text, values outside of the row, no value at all, floats that are no numbers.
CREATE TYPE mood AS ENUM ('calm', 'merry');
CREATE TYPE pair AS (a int, m mood);
CREATE TABLE typed (id text PRIMARY KEY, m mood, p pair, cl regclass, by bytea, f float8, b bool, c "char");
SELECT add_system_versioning('typed');
INSERT INTO typed (id) VALUES ('x');
UPDATE typed SET m = 'merry', p = (1, 'calm'), cl = 'typed', f = '-0';
UPDATE typed SET by = (SELECT string_agg(sha256(i::text::bytea), '') FROM generate_series(1, 300) i), f = 0, b = true, c = 'x';
UPDATE typed SET m = 'calm', f = 'NaN';
UPDATE typed SET f = 'NaN', b = NULL;
SELECT number, place, bytes_raw, bytes_stored, changed FROM chain('typed', '"x"');
SELECT versions FROM fold('typed');
SELECT number, place, bytes_raw, changed FROM chain('typed', '"x"');

-- No key.
CREATE TABLE keyless (n int);
SELECT add_system_versioning('keyless', history_options => '{"without_key": true}');
SELECT * FROM chain('keyless', '1');

-- Rights are those of the caller; so are policies.
CREATE ROLE delta_inspect_reader;
CREATE ROLE delta_inspect_column;
GRANT USAGE ON SCHEMA delta_inspect_chain, tsmem TO delta_inspect_reader, delta_inspect_column;
GRANT SELECT ON account TO delta_inspect_reader;
GRANT SELECT (id, balance, row_start) ON account TO delta_inspect_column;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_part ON account TO delta_inspect_reader USING (balance < 2 OR balance > 3);
SET ROLE delta_inspect_reader;
SELECT number, row_start, place, changed FROM chain('account', '1');
SELECT count(*) FROM chain('typed', '"x"');
SET ROLE delta_inspect_column;
SELECT count(*) FROM chain('account', '1');
SELECT draw_chain('account', '1');
RESET ROLE;
DROP SCHEMA delta_inspect_chain CASCADE;
DROP OWNED BY delta_inspect_reader, delta_inspect_column;
DROP ROLE delta_inspect_reader, delta_inspect_column;
