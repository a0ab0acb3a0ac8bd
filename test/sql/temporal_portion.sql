-- FOR PORTION OF: what an update through the view, and a deletion, change, and what they leave.
CREATE SCHEMA temporal_portion;
SET search_path = temporal_portion, tsmem, public;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';

CREATE TABLE stay (id int, room text, valid_at daterange);
SELECT add_period('stay', 'valid_at'), add_temporal_key('stay', '{id}', 'valid_at', primary_key => true);
INSERT INTO stay VALUES (1, 'a', '[2018-01-02,2018-02-03)'), (1, 'a', '[2018-02-03,2018-03-03)'), (1, 'a', '[2018-03-03,2018-04-04)'),
	(2, 'b', '[2018-01-01,2018-01-05)'), (3, 'c', '[2018-01-01,)'), (4, 'd', '(,2018-04-01)'), (5, 'e', '(,)'), (6, 'f', '[2018-01-01,2020-01-01)');

-- A portion of a row: the row, and what is left on one side, on both, on none.
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-06-01,)', room = 'c1' WHERE id = 3;
UPDATE stay_for_portion_of_valid_at SET valid_at = '(,2018-03-01)', room = 'c2' WHERE id = 3;
UPDATE stay_for_portion_of_valid_at SET valid_at = '(,2018-02-01)', room = 'd1' WHERE id = 4;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2017-01-01,)', room = 'd2' WHERE id = 4;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2017-01-01,2018-02-01)', room = 'd3' WHERE id = 4;
UPDATE stay_for_portion_of_valid_at SET valid_at = '(,)', room = 'b1' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-01-01,2019-01-01)', room = 'e1' WHERE id = 5;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2017-01-01,2020-01-01)', room = 'e2' WHERE id = 5;
UPDATE stay_for_portion_of_valid_at SET valid_at = '(,)', room = 'a1' WHERE id = 1;
TABLE stay ORDER BY id, valid_at;
-- A portion that no row overlaps, one that only touches, no row at all; a row is counted when it is changed.
\set QUIET off
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2030-01-01,2031-01-01)', room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-01-05,2018-01-09)', room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-01-05,2018-01-09)', room = 'x' WHERE id = 99;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-01-04,2018-01-05)' WHERE id IN (1, 2);
\set QUIET on
-- Inclusive bounds; one day; the period given and nothing else; the period not given.
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-03-01,2018-03-01]', room = 'f1' WHERE id = 6 RETURNING *;
UPDATE stay_for_portion_of_valid_at SET valid_at = daterange('2019-01-01', NULL) WHERE id = 6 RETURNING *;
UPDATE stay_for_portion_of_valid_at SET room = room || '*' WHERE id = 6;
TABLE stay ORDER BY id, valid_at;
-- The key changes in the portion alone; expressions see the old row; several rows.
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-02-15,2018-03-15)', id = 7, room = room || lower(valid_at)::text WHERE id = 1 RETURNING *;
UPDATE stay_for_portion_of_valid_at v SET valid_at = '[2018-02-20,2018-02-21)', room = o.room FROM (VALUES (7, 'joined')) o (id, room) WHERE v.id = o.id;
WITH w AS (UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-01-03,2018-01-04)', room = 'cte' WHERE id = 2 RETURNING *)
SELECT w.room, w.valid_at, s.room, s.valid_at FROM w JOIN stay s USING (id);
SELECT * FROM stay WHERE id IN (1, 2, 7) ORDER BY id, valid_at;
-- No portion, an empty one, bounds reversed, another type.
UPDATE stay_for_portion_of_valid_at SET valid_at = NULL, room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = 'empty', room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = daterange('2018-01-03', '2018-01-03'), room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = daterange('2018-01-03', '2018-01-02'), room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET valid_at = int4range(1, 4), room = 'x' WHERE id = 2;
UPDATE stay_for_portion_of_valid_at SET nothing = 1 WHERE id = 2;
-- The view is for UPDATE alone, with rows and without.
DELETE FROM stay_for_portion_of_valid_at WHERE id = 2;
DELETE FROM stay_for_portion_of_valid_at WHERE id = 99;
INSERT INTO stay_for_portion_of_valid_at VALUES (8, 'x', '[2018-01-01,2019-01-01)');
INSERT INTO stay_for_portion_of_valid_at SELECT * FROM stay WHERE false;
SELECT tsmem._for_portion_of();
CREATE VIEW other AS SELECT * FROM stay;
CREATE TRIGGER t INSTEAD OF UPDATE ON other FOR EACH ROW EXECUTE FUNCTION tsmem._for_portion_of();
UPDATE other SET room = 'x' WHERE id = 2;
CREATE TRIGGER t AFTER UPDATE ON stay FOR EACH ROW EXECUTE FUNCTION tsmem._for_portion_of();
UPDATE stay SET room = 'x' WHERE id = 2;
DROP TRIGGER t ON stay;
DROP VIEW other;

-- Deletion.
SELECT delete_for_portion_of('stay', 'valid_at', '[2018-07-01,2018-08-01)'::daterange, '{"id": 3}');
SELECT delete_for_portion_of('stay', 'valid_at', '(,2018-02-01)'::daterange, '{"id": 3}'), delete_for_portion_of('stay', 'valid_at', '[2040-01-01,)'::daterange, '{"id": 2}');
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '{"id": 4}'), delete_for_portion_of('stay', 'valid_at', '[2018-03-10,2018-03-15)'::daterange, '{}');
TABLE stay ORDER BY id, valid_at;
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '{"id": 5, "room": null}'), delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '{"id": 5, "room": "e2"}'),
	delete_for_portion_of('stay', 'valid_at', NULL::daterange, '{"id": 5}'), delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, NULL);
SELECT delete_for_portion_of('stay', 'valid_at', 'empty'::daterange, '{"id": 2}');
SELECT delete_for_portion_of('stay', 'valid_at', '[1,2)'::int4range, '{"id": 2}');
SELECT delete_for_portion_of('stay', 'other', '(,)'::daterange, '{"id": 2}');
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '{"no": 2}');
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '[{"id": 2}]');
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '7');
SELECT delete_for_portion_of('stay', 'valid_at', '(,)'::daterange, '{"id": "two"}');
SELECT delete_for_portion_of(1::oid::regclass, 'valid_at', '(,)'::daterange, '{}');
SELECT delete_for_portion_of('stay_for_portion_of_valid_at', 'valid_at', '(,)'::daterange, '{}');
SELECT * FROM stay WHERE id IN (2, 5) ORDER BY id, valid_at;

-- Columns that get their default: generated ones, identities, and those of a key that two pieces cannot share.
CREATE TABLE made (at timestamptz, id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code int UNIQUE DEFAULT 100, gone int, who text, since tsrange, days interval GENERATED ALWAYS AS (upper(since) - lower(since)) STORED, n serial);
ALTER TABLE made DROP COLUMN gone, ALTER COLUMN code SET DEFAULT (random() * 0)::int + 7;
SELECT add_period('made', 'since');
INSERT INTO made (at, code, who, since) VALUES ('2020-01-01', 1, 'x', '[2020-01-01,2020-02-01)');
UPDATE made_for_portion_of_since SET since = '[2020-01-10,2020-03-01)', who = 'y' RETURNING id, code, who, since, days, n;
SELECT id, code, who, since, days, n, at = '2020-01-01' AS kept FROM made ORDER BY since;
UPDATE made_for_portion_of_since SET since = '[2020-01-10,2020-01-12)', days = '1 day' WHERE id = 1;
-- A key is read by its columns alone, as what the domains of the table are made of.
CREATE DOMAIN named AS text NOT NULL CHECK (VALUE ~ '^[a-z]+$');
CREATE TABLE typed (id numeric(5,2), name named, code char(3), tags text[], p daterange);
SELECT add_period('typed', 'p');
INSERT INTO typed VALUES (1.5, 'x', 'ab', '{a,b}', '[2020-01-01,2021-01-01)');
SELECT delete_for_portion_of('typed', 'p', '[2020-02-01,2020-03-01)'::daterange, '{"id": 1.5}'), delete_for_portion_of('typed', 'p', '[2020-04-01,2020-05-01)'::daterange, '{"name": "x", "tags": ["a", "b"]}'),
	delete_for_portion_of('typed', 'p', '[2020-06-01,2020-07-01)'::daterange, '{"code": "ab"}'), delete_for_portion_of('typed', 'p', '(,)'::daterange, '{"name": "X"}');
SELECT id, name, code, tags, p FROM typed ORDER BY p;
-- An identity that is in the temporal key is kept.
CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY, v int, p daterange);
SELECT add_period('numbered', 'p'), add_temporal_key('numbered', '{id}', 'p', primary_key => true);
INSERT INTO numbered (v, p) VALUES (1, '[2020-01-01,2021-01-01)');
UPDATE numbered_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', v = 2;
SELECT delete_for_portion_of('numbered', 'p', '[2020-02-10,2020-02-11)'::daterange, '{"id": 1}');
TABLE numbered ORDER BY p;

-- Two columns make the period: it can be given itself, or by them.
CREATE TABLE price (item text, amount int, f timestamptz, u timestamptz);
SELECT add_period('price', 'p', 'f', 'u'), add_temporal_key('price', '{item}', 'p');
INSERT INTO price VALUES ('tea', 1, '2020-01-01', NULL), (NULL, 1, '2020-01-01', NULL);
UPDATE price_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', amount = 2 WHERE item = 'tea' RETURNING item, amount, f, u;
UPDATE price_for_portion_of_p SET f = '2020-04-01', u = '2020-05-01', amount = 3 WHERE item = 'tea' AND u IS NULL RETURNING item, amount, p;
UPDATE price_for_portion_of_p SET f = '2020-04-10', amount = 4 WHERE amount = 3;
UPDATE price_for_portion_of_p SET f = '2020-06-01', u = NULL, p = '[2020-06-01,)', amount = 5 WHERE item = 'tea' AND u IS NULL;
SELECT delete_for_portion_of('price', 'p', '[2020-01-10,2020-01-20)'::tstzrange, '{"item": "tea"}');
SELECT item, amount, f, u FROM price ORDER BY item, f;
UPDATE price_for_portion_of_p SET f = '2020-06-15', p = '[2020-07-01,)' WHERE amount = 5;
UPDATE price_for_portion_of_p SET p = '(2020-07-01,)' WHERE amount = 5;
UPDATE price_for_portion_of_p SET p = '[2020-07-01,2020-08-01]' WHERE amount = 5;
UPDATE price_for_portion_of_p SET f = '2020-09-01', u = '2020-08-01' WHERE amount = 5;
UPDATE price_for_portion_of_p SET f = '2020-09-01', u = '2020-09-01' WHERE amount = 5;
-- A row that no key finds.
UPDATE price_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', amount = 2 WHERE item IS NULL;
CREATE TABLE keyless (v int, p daterange);
SELECT add_period('keyless', 'p');
INSERT INTO keyless VALUES (1, '[2020-01-01,2021-01-01)');
UPDATE keyless_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', v = 2;
CREATE UNIQUE INDEX partial ON keyless (v) WHERE v > 5;
CREATE UNIQUE INDEX expression ON keyless ((v + 1), p);
ALTER TABLE keyless ADD CONSTRAINT late UNIQUE (v, p) DEFERRABLE;
UPDATE keyless_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', v = 2;
SELECT delete_for_portion_of('keyless', 'p', '[2020-05-01,2020-06-01)'::daterange, '{}');
ALTER TABLE keyless DROP CONSTRAINT late, ADD UNIQUE (v, p);
UPDATE keyless_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', v = 2;
TABLE keyless ORDER BY p;

-- Two periods of a table; a table whose names need quotes; the longest names.
CREATE TABLE both_ways (id int PRIMARY KEY DEFAULT 0, a daterange, b daterange);
CREATE SEQUENCE both_ways_id; ALTER TABLE both_ways ALTER id SET DEFAULT nextval('both_ways_id') + 10;
SELECT add_period('both_ways', 'a'), add_period('both_ways', 'b');
INSERT INTO both_ways VALUES (1, '[2018-01-01,2018-03-01)', '[2015-01-01,2025-01-01)');
UPDATE both_ways_for_portion_of_a SET a = '[2018-02-01,)', id = 2;
UPDATE both_ways_for_portion_of_b SET b = '[2018-02-01,)', id = 3 WHERE id = 2;
TABLE both_ways ORDER BY a, b;
CREATE TABLE "a ""table""" ("k.ey" text COLLATE "C", "v'al" jsonb, "the period" tstzrange);
SELECT add_period('"a ""table"""', 'the period'), add_temporal_key('"a ""table"""', '{k.ey}', 'the period');
INSERT INTO "a ""table""" VALUES ('k', '{"a": 1}', '[2020-01-01,2021-01-01)');
UPDATE "a ""table""_for_portion_of_the period" SET "the period" = '[2020-02-01,2020-03-01)', "v'al" = '{"b": 1}';
SELECT delete_for_portion_of('"a ""table"""', 'the period', '[2020-04-01,2020-05-01)'::tstzrange, '{"k.ey": "k"}');
SELECT "v'al", "the period" FROM "a ""table""" ORDER BY 2;
CREATE TABLE a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_abc (id int PRIMARY KEY DEFAULT 2, p23456789_b23456789_c23456789_d23456789_e23456789_f23456789_abc daterange);
SELECT add_period('a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_abc', 'p23456789_b23456789_c23456789_d23456789_e23456789_f23456789_abc');
SELECT portion_view FROM tsmem.periods WHERE rel = 'a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_abc'::regclass;

-- Long values, an array, a domain.
CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);
CREATE TABLE wide (id even PRIMARY KEY DEFAULT 2, long text, many int[], p daterange);
ALTER TABLE wide ALTER long SET STORAGE EXTERNAL;
SELECT add_period('wide', 'p');
INSERT INTO wide VALUES (0, repeat('long', 5000), ARRAY(SELECT generate_series(1, 5000)), '[2020-01-01,2021-01-01)');
UPDATE wide_for_portion_of_p SET p = '[2020-01-01,2020-03-01)', many = many[:2];
SELECT id, length(long), cardinality(many), p FROM wide ORDER BY p;
UPDATE wide_for_portion_of_p SET p = '[2020-01-01,2020-03-01)', id = 3 WHERE id = 0;

-- Many sets of changed columns: more than plans are kept for.
CREATE TABLE broad (id int, p daterange, c1 int DEFAULT 0, c2 int DEFAULT 0, c3 int DEFAULT 0, c4 int DEFAULT 0, c5 int DEFAULT 0, c6 int DEFAULT 0);
SELECT add_period('broad', 'p'), add_temporal_key('broad', '{id}', 'p');
INSERT INTO broad SELECT i, '[2020-01-01,2021-01-01)' FROM generate_series(1, 70) i;
UPDATE broad_for_portion_of_p SET p = '[2020-02-01,2020-03-01)', c1 = id & 1, c2 = id >> 1 & 1, c3 = id >> 2 & 1, c4 = id >> 3 & 1, c5 = id >> 4 & 1, c6 = id >> 5 & 1;
SELECT count(*), count(*) FILTER (WHERE c1 + c2 * 2 + c3 * 4 + c4 * 8 + c5 * 16 + c6 * 32 = id % 64), sum(upper(p) - lower(p)) FROM broad;
