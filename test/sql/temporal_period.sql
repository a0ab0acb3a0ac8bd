-- Periods and temporal keys of valid time.
CREATE SCHEMA temporal_period;
SET search_path = temporal_period, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_period.user_periods AS SELECT * FROM tsmem.periods WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_period.user_periods TO PUBLIC;
CREATE VIEW temporal_period.user_temporal_keys AS SELECT * FROM tsmem.temporal_keys WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_period.user_temporal_keys TO PUBLIC;

-- A table as \d shows it, in words that do not depend on how the server makes a temporal key.
CREATE FUNCTION shape(rel regclass, OUT what text, OUT how text) RETURNS SETOF record LANGUAGE sql AS $$
	(SELECT attname, concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
			CASE WHEN attgenerated = 's' THEN 'generated as ' || pg_get_expr(adbin, adrelid) END)
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
	UNION ALL
	(SELECT conname, CASE contype WHEN 'c' THEN pg_get_constraintdef(oid) ELSE 'key over ' ||
			(SELECT string_agg(attname, ', ' ORDER BY place) FROM unnest(conkey) WITH ORDINALITY k (attnum, place)
			JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum) END
	FROM pg_constraint WHERE conrelid = rel AND contype IN ('c', 'p', 'u', 'x') ORDER BY conname)
$$;
\set SHOW_CONTEXT never

CREATE TABLE job (id int, title text, valid_at tstzrange);
INSERT INTO job VALUES (1, 'clerk', '[2020-01-01,2021-01-01)');
SELECT add_period('job', 'valid_at');
SELECT * FROM shape('job');
INSERT INTO job VALUES (1, 'none', 'empty');
INSERT INTO job VALUES (1, 'none', NULL);
INSERT INTO job VALUES (1, 'none', '[2021-01-01,2021-01-01)');
SELECT rel, period, from_column, to_column, constraint_name, set_not_null FROM temporal_period.user_periods;
SELECT add_period('job', 'valid_at');

SELECT add_temporal_key('job', '{id}', 'valid_at', primary_key => true);
SELECT * FROM shape('job');
INSERT INTO job VALUES (1, 'chief', '[2020-06-01,2021-06-01)');
INSERT INTO job VALUES (1, 'chief', '[2021-01-01,)');
INSERT INTO job VALUES (NULL, 'chief', '[2021-01-01,)');
INSERT INTO job VALUES (2, 'chief', '[2020-06-01,2021-06-01)');
SELECT id, title FROM job WHERE contains_instant(valid_at, '2020-07-01') ORDER BY id;
SELECT rel, constraint_name, key_columns, period, is_primary FROM temporal_period.user_temporal_keys;
SELECT add_temporal_key('job', '{title}', 'valid_at', primary_key => true);
SELECT add_temporal_key('job', '{title}', 'valid_at');
SELECT drop_period('job', 'valid_at');

-- Two plain columns make the range.
CREATE TABLE price (item text, amount int, valid_from date, valid_to date);
SELECT add_period('price', 'valid_at', 'valid_from', 'valid_to');
SELECT * FROM shape('price');
INSERT INTO price VALUES ('tea', 3, '2026-01-01', '2026-02-01'), ('tea', 4, '2026-02-01', NULL) RETURNING valid_at;
INSERT INTO price VALUES ('tea', 5, '2026-03-01', '2026-03-01');
INSERT INTO price VALUES ('tea', 5, '2026-03-01', '2026-02-01');
SELECT add_temporal_key('price', '{item}', 'valid_at');
INSERT INTO price VALUES ('tea', 5, '2026-01-15', '2026-01-20');
UPDATE price SET valid_to = '2026-02-02' WHERE amount = 3;

-- Names follow; what is dropped is forgotten.
ALTER TABLE price RENAME COLUMN item TO article;
ALTER TABLE price RENAME COLUMN valid_at TO during;
ALTER TABLE price RENAME COLUMN valid_to TO valid_until;
ALTER TABLE price RENAME CONSTRAINT price_item_valid_at_key TO one_price;
SELECT period, from_column, to_column, constraint_name FROM temporal_period.user_periods WHERE rel = 'price'::regclass;
SELECT constraint_name, key_columns, period FROM temporal_period.user_temporal_keys WHERE rel = 'price'::regclass;
ALTER TABLE price DROP CONSTRAINT one_price;
SELECT count(*) FROM temporal_period.user_temporal_keys WHERE rel = 'price'::regclass;
SELECT drop_period('price', 'during');
SELECT drop_period('price', 'during');
SELECT * FROM shape('price');
ALTER TABLE job DROP CONSTRAINT job_id_valid_at_pkey;
SELECT drop_period('job', 'valid_at');
SELECT * FROM shape('job');
SELECT (SELECT count(*) FROM temporal_period.user_periods) AS periods, (SELECT count(*) FROM temporal_period.user_temporal_keys) AS keys;
CREATE TABLE gone (id int, p tsrange);
SELECT add_period('gone', 'p'), add_temporal_key('gone', '{id}', 'p');
DROP TABLE gone;
SELECT (SELECT count(*) FROM temporal_period.user_periods) AS periods, (SELECT count(*) FROM temporal_period.user_temporal_keys) AS keys;
CREATE TABLE gone (id int, p tsrange);
SELECT add_period('gone', 'p');
ALTER TABLE gone DROP COLUMN p;
SELECT (SELECT count(*) FROM temporal_period.user_periods) AS periods;

-- Bad input changes nothing.
CREATE TABLE bad (id int, t text, j json, p tstzrange, n numrange, f timestamptz, g date);
SELECT add_period('no_such_table', 'p');
SELECT add_period('bad', 'no_such_column');
SELECT add_period('bad', 'n');
SELECT add_period('bad', 't');
SELECT add_period('bad', 'q', 'f', 'g');
SELECT add_period('bad', 'q', 't', 't');
SELECT add_period('bad', 'q', 'f', 'no_such_column');
SELECT add_period('bad', 'p', 'f', 'f');
SELECT add_period('bad', 'q', 'f');
SELECT add_period(NULL, 'p');
SELECT add_period('bad', NULL);
SELECT add_period('pg_class', 'p');
CREATE VIEW bad_view AS SELECT * FROM bad;
SELECT add_period('bad_view', 'p');
INSERT INTO bad (p) VALUES ('empty');
SELECT add_period('bad', 'p');
UPDATE bad SET p = NULL;
SELECT add_period('bad', 'p');
DELETE FROM bad;
SELECT add_temporal_key('bad', '{id}', 'p');
SELECT add_period('bad', 'p');
SELECT add_temporal_key('bad', '{}', 'p');
SELECT add_temporal_key('bad', '{id,NULL}', 'p');
SELECT add_temporal_key('bad', '{no_such_column}', 'p');
SELECT add_temporal_key('bad', '{p}', 'p');
SELECT add_temporal_key('bad', '{j}', 'p');
SELECT add_temporal_key('bad', NULL, 'p');
SELECT add_temporal_key('bad', '{id}', 'no_such_period');
SELECT drop_period('bad', 'no_such_period');
CREATE ROLE temporal_period_other;
SET ROLE temporal_period_other;
SELECT add_period('temporal_period.bad'::regclass, 'p');
RESET ROLE;
GRANT USAGE ON SCHEMA temporal_period TO temporal_period_other;
SET ROLE temporal_period_other;
SELECT add_period('bad', 'p');
SELECT add_temporal_key('bad', '{id}', 'p');
SELECT drop_period('bad', 'p');
INSERT INTO periods VALUES ('bad', 'f', NULL, NULL, 'c', false);
SELECT count(*) FROM temporal_period.user_periods;
RESET ROLE;
REVOKE USAGE ON SCHEMA temporal_period FROM temporal_period_other;
DROP ROLE temporal_period_other;
CREATE TABLE keyed (id int PRIMARY KEY, p tstzrange);
SELECT add_period('keyed', 'p');
SELECT add_temporal_key('keyed', '{id}', 'p', true);

-- Odd names, long names.
CREATE TABLE "we""ird Tab.le" ("i d" int, "p'p" tstzrange);
SELECT add_period('"we""ird Tab.le"', 'p''p'), add_temporal_key('"we""ird Tab.le"', '{"i d"}', 'p''p', true);
SELECT * FROM shape('"we""ird Tab.le"');
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_123 (b23456789_123456789_123456789_123456789_123456789_123456789_123 tstzrange, id int);
SELECT add_period('a23456789_123456789_123456789_123456789_123456789_123456789_123', 'b23456789_123456789_123456789_123456789_123456789_123456789_123');
SELECT add_temporal_key('a23456789_123456789_123456789_123456789_123456789_123456789_123', '{id}', 'b23456789_123456789_123456789_123456789_123456789_123456789_123');
SELECT constraint_name, length(constraint_name::text) FROM temporal_period.user_periods WHERE period LIKE 'b2%';

-- A period in a versioned table: its history has the column too.
CREATE TABLE both_times (id int, v int, f timestamptz, t timestamptz);
SELECT add_system_versioning('both_times', '{}', '{"without_key": true}');
SELECT add_period('both_times', 'valid_at', 'f', 't');
INSERT INTO both_times VALUES (1, 1, '2020-01-01', '2021-01-01');
UPDATE both_times SET t = '2022-01-01';
SELECT id, v, valid_at FROM both_times_versions ORDER BY row_start;
SELECT drop_period('both_times', 'valid_at');
SELECT column_name FROM information_schema.columns WHERE table_schema = 'temporal_period' AND table_name LIKE 'both_times_history' ORDER BY ordinal_position;
DROP SCHEMA temporal_period CASCADE;
