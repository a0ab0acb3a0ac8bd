-- The view of a period follows its table, and nothing of it stays behind.
CREATE SCHEMA temporal_portion_follow;
SET search_path = temporal_portion_follow, tsmem, public;
\set SHOW_CONTEXT never
CREATE ROLE temporal_portion_follow_anna; CREATE ROLE temporal_portion_follow_ben;
GRANT USAGE ON SCHEMA temporal_portion_follow, tsmem TO temporal_portion_follow_anna, temporal_portion_follow_ben;
-- What is there of a view: its name, owner, columns.
CREATE VIEW views AS SELECT p.rel, p.period, p.portion_view AS view, pg_get_userbyid(c.relowner) AS owner,
	(SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
	(SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
	FROM tsmem.periods p LEFT JOIN pg_class c ON c.oid = p.portion_view WHERE p.rel IN (SELECT oid FROM pg_class WHERE relnamespace::regnamespace::text IN ('temporal_portion_follow', 'elsewhere'));
GRANT SELECT ON views TO PUBLIC;

CREATE TABLE stay (id int, room varchar(10), gone text, valid_at daterange);
ALTER TABLE stay OWNER TO temporal_portion_follow_anna;
-- Its owner may not create in the schema.
SET ROLE temporal_portion_follow_anna;
SELECT add_period('stay', 'valid_at');
RESET ROLE;
GRANT CREATE ON SCHEMA temporal_portion_follow TO temporal_portion_follow_anna;
SELECT add_temporal_key('stay', '{id}', 'valid_at', primary_key => true);
REVOKE CREATE ON SCHEMA temporal_portion_follow FROM temporal_portion_follow_anna;
SELECT * FROM views;
SELECT obj_description(portion_view) FROM tsmem.periods WHERE rel = 'stay'::regclass;
INSERT INTO stay VALUES (1, 'a', 'g', '[2018-01-01,2019-01-01)');
SET ROLE temporal_portion_follow_anna;
PREPARE cut (daterange) AS UPDATE stay_for_portion_of_valid_at SET valid_at = $1 WHERE id = 1;
EXECUTE cut ('[2018-02-01,2018-03-01)');
ALTER TABLE stay ADD COLUMN floor int DEFAULT 3;
ALTER TABLE stay DROP COLUMN gone;
ALTER TABLE stay ALTER COLUMN room TYPE text;
EXECUTE cut ('[2018-04-01,2018-05-01)');
ALTER TABLE stay RENAME COLUMN room TO "Room";
ALTER TABLE stay RENAME COLUMN valid_at TO during;
ALTER TABLE stay RENAME COLUMN id TO key;
SELECT * FROM views;
UPDATE stay_for_portion_of_during SET during = '[2018-06-01,2018-07-01)', floor = 4 WHERE key = 1 RETURNING *;
-- All at once, and undone.
BEGIN;
ALTER TABLE stay DROP COLUMN floor, ADD COLUMN level bigint NOT NULL DEFAULT 1, ALTER COLUMN "Room" TYPE varchar(5);
SELECT columns FROM views;
ROLLBACK;
SELECT columns FROM views;
ALTER TABLE stay ALTER COLUMN during TYPE text;
BEGIN;
ALTER TABLE stay DROP COLUMN during;
SELECT count(*) FROM views;
ROLLBACK;
SELECT columns FROM views;
-- New columns and new names leave it in place, and with it what is made over it.
RESET ROLE;
CREATE VIEW over AS SELECT * FROM stay_for_portion_of_during;
ALTER TABLE stay ALTER COLUMN floor SET DEFAULT 7, ADD CHECK (floor < 100);
SET ROLE temporal_portion_follow_anna;
ALTER TABLE stay ADD COLUMN in_the_way int;
ALTER TABLE stay RENAME COLUMN floor TO storey;
ALTER TABLE stay RENAME COLUMN during TO span;
SELECT * FROM views;
SELECT obj_description(portion_view) FROM tsmem.periods WHERE rel = 'stay'::regclass;
RESET ROLE;
BEGIN;
GRANT CREATE ON SCHEMA temporal_portion_follow TO temporal_portion_follow_anna;
SELECT add_system_versioning('stay');
UPDATE over SET during = '[2018-07-05,2018-07-06)', floor = 5 WHERE key = 1 RETURNING *;
SELECT count(*) FROM stay_versions WHERE storey = 5;
ROLLBACK;
ALTER TABLE stay RENAME COLUMN span TO during;
ALTER TABLE stay RENAME COLUMN storey TO floor;
-- What takes columns away, or changes their types, does not.
ALTER TABLE stay DROP COLUMN in_the_way;
ALTER TABLE stay ALTER COLUMN in_the_way TYPE bigint;
DROP VIEW over;
ALTER TABLE stay ALTER COLUMN in_the_way TYPE bigint;
ALTER TABLE stay ALTER COLUMN in_the_way TYPE int;
-- Name, schema, owner.
CREATE SCHEMA elsewhere;
ALTER TABLE stay RENAME TO sojourn;
ALTER TABLE sojourn SET SCHEMA elsewhere;
ALTER TABLE elsewhere.sojourn OWNER TO temporal_portion_follow_ben;
SELECT * FROM views;
ALTER TABLE elsewhere.sojourn OWNER TO temporal_portion_follow_ben, ADD COLUMN last int;
UPDATE elsewhere.sojourn_for_portion_of_during SET during = '[2018-08-01,2018-09-01)', last = 1 WHERE key = 1 RETURNING *;
-- A view with a name of its own keeps it; one with the name of another table's is in the way.
ALTER VIEW elsewhere.sojourn_for_portion_of_during RENAME TO portion;
ALTER TABLE elsewhere.sojourn RENAME TO stay;
ALTER TABLE elsewhere.stay SET SCHEMA temporal_portion_follow;
SELECT rel, view FROM views;
CREATE TABLE stay_for_portion_of_other (id int);
ALTER TABLE stay ADD COLUMN other daterange;
UPDATE stay SET other = '[2020-01-01,)';
SELECT add_period('stay', 'other');
DROP TABLE stay_for_portion_of_other;
SELECT add_period('stay', 'other');
SELECT rel, period, view FROM views ORDER BY period;
ALTER VIEW portion RENAME TO stay_for_portion_of_during;
-- Its triggers stay; it can be dropped, and comes again.
DROP TRIGGER "~tsmem_portion" ON stay_for_portion_of_during;
ALTER TRIGGER "~tsmem_portion" ON stay_for_portion_of_during RENAME TO mine;
CREATE OR REPLACE TRIGGER "~tsmem_portion" INSTEAD OF UPDATE ON stay_for_portion_of_during FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
DROP VIEW stay_for_portion_of_during;
SELECT rel, period, view FROM views ORDER BY period;
ALTER TABLE stay ALTER COLUMN last SET DEFAULT 1;
SELECT rel, period, view, triggers FROM views ORDER BY period;
ALTER VIEW stay_for_portion_of_during RENAME COLUMN last TO final;
UPDATE stay_for_portion_of_during SET during = '[2018-08-01,2018-08-02)' WHERE key = 1;
BEGIN;
ALTER VIEW stay_for_portion_of_during RENAME COLUMN in_the_way TO last;
ALTER VIEW stay_for_portion_of_during RENAME COLUMN final TO in_the_way;
UPDATE stay_for_portion_of_during SET during = '[2018-08-01,2018-08-02)' WHERE key = 1;
ROLLBACK;
ALTER TABLE stay ALTER COLUMN last DROP DEFAULT;
UPDATE stay_for_portion_of_during SET during = '[2018-08-01,2018-08-02)' WHERE key = 1 RETURNING last;
-- The period goes, and its view; the table goes, and its views.
SELECT drop_period('stay', 'other');
SELECT rel, period, view FROM views;
ALTER TABLE stay DROP COLUMN during CASCADE;
SELECT count(*) FROM views;
ALTER TABLE stay ADD COLUMN f timestamp, ADD COLUMN u timestamp;
SELECT add_period('stay', 'generated', 'f', 'u');
SELECT view, columns FROM views;
ALTER TABLE stay RENAME COLUMN f TO since;
DELETE FROM stay;
ALTER TABLE stay ADD PRIMARY KEY (key, since);
INSERT INTO stay (key, since, u) VALUES (7, '2018-01-01', NULL);
UPDATE stay_for_portion_of_generated SET since = '2018-02-01', u = '2018-03-01', floor = 0 WHERE key = 7;
SELECT key, floor, since, u FROM stay WHERE key = 7 ORDER BY since;
SELECT drop_period('stay', 'generated');
SELECT count(*) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'temporal_portion_follow'::regnamespace AND relname LIKE '%portion%';
SELECT add_period('stay', 'generated', 'since', 'u');
CREATE VIEW over AS SELECT * FROM stay_for_portion_of_generated;
DROP TABLE stay;
SELECT drop_period('stay', 'generated');
DROP VIEW over;
DROP TABLE stay;
SELECT count(*) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'temporal_portion_follow'::regnamespace AND relname LIKE '%portion%';
-- Of a type that is dropped goes the column, and the view with it, until the next change.
CREATE TYPE mood AS ENUM ('good');
CREATE TABLE felt (id int PRIMARY KEY DEFAULT 1, m mood, p daterange);
SELECT add_period('felt', 'p');
DROP TYPE mood CASCADE;
SELECT rel, view FROM views;
ALTER TABLE felt ADD COLUMN n int;
SELECT rel, columns FROM views;
-- Versioning comes and goes, with its columns.
SELECT add_system_versioning('felt');
SELECT columns FROM views;
ALTER TABLE felt ADD COLUMN more int, DROP COLUMN n;
INSERT INTO felt (id, p, more) VALUES (0, '[2018-01-01,2019-01-01)', 1);
UPDATE felt_for_portion_of_p SET p = '(,2018-07-01)', more = 2 RETURNING id, p, more;
SELECT id, p, more, row_end = 'infinity' AS current FROM felt_versions ORDER BY p, row_end;
SELECT drop_system_versioning('felt', false);
SELECT columns FROM views;
DROP TABLE felt;
-- Partitions and tables that inherit: a column of theirs is in the view of the table that has the period.
CREATE TABLE whole (id int, p daterange, v int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
SELECT add_period('part', 'p');
ALTER TABLE whole RENAME COLUMN v TO w;
ALTER TABLE whole ADD COLUMN x int;
ALTER TABLE whole ALTER COLUMN w TYPE bigint;
ALTER TABLE whole DROP COLUMN x;
SELECT rel, columns FROM views;
ALTER TABLE whole DETACH PARTITION part;
DROP TABLE part, whole;
-- Temporary and unlogged tables.
CREATE TEMP TABLE passing (id int, p daterange);
SELECT add_period('passing', 'p');
INSERT INTO passing VALUES (1, '[2018-01-01,2019-01-01)');
SELECT delete_for_portion_of('passing', 'p', '[2018-02-01,2018-03-01)'::daterange, '{}');
SELECT portion_view FROM tsmem.periods WHERE rel = 'passing'::regclass;
TABLE passing ORDER BY p;
ALTER TABLE passing ADD COLUMN v int;
DROP TABLE passing;
CREATE UNLOGGED TABLE light (id int PRIMARY KEY DEFAULT 2, p daterange);
SELECT add_period('light', 'p');
INSERT INTO light VALUES (1, '[2018-01-01,2019-01-01)');
UPDATE light_for_portion_of_p SET p = '[2018-02-01,)';
TABLE light ORDER BY p;
DROP SCHEMA temporal_portion_follow CASCADE;
DROP SCHEMA elsewhere;
DROP OWNED BY temporal_portion_follow_anna, temporal_portion_follow_ben;
DROP ROLE temporal_portion_follow_anna, temporal_portion_follow_ben;
