-- tsmem.system_time and tsmem.valid_time: what they take, when they end, what they concern
SET client_min_messages = warning;
SET datestyle = 'ISO, DMY';
SET timezone = 'Europe/Berlin';
CREATE SCHEMA temporal_session_settings;
SET search_path = temporal_session_settings, tsmem, public;
SELECT count(*) > 0 FROM cpu_features();

-- values: what timestamptz takes, kept as an absolute time
SHOW tsmem.system_time;
SET tsmem.system_time = '2026-01-15';
SHOW tsmem.system_time;
SET timezone = 'UTC';
SHOW tsmem.system_time;
SET tsmem.system_time = '15.1.2026 12:00:00.123456 America/New_York';
SHOW tsmem.system_time;
SET tsmem.system_time = '15 March 44 BC';
SHOW tsmem.system_time;
SET tsmem.system_time = 'epoch';
SHOW tsmem.system_time;
SET tsmem.system_time = 'infinity';
SHOW tsmem.system_time;
SET tsmem.system_time = '-infinity';
SHOW tsmem.system_time;
SET tsmem.system_time = '294276-12-31 23:59:59.999999';
SHOW tsmem.system_time;
SET tsmem.system_time = '294277-01-01';
SET tsmem.system_time = 'nonsense';
SET tsmem.system_time = ' ';
SET tsmem.system_time = '2026-02-30';
SET tsmem.system_time = '12:00';
SELECT set_config('tsmem.system_time', repeat('2026-01-15 ', 14), false);
SET tsmem.valid_time = 'nonsense';
SHOW tsmem.system_time;
-- 'now' is the moment of SET
BEGIN;
SET tsmem.system_time = 'now';
SELECT current_setting('tsmem.system_time')::timestamptz = now();
COMMIT;
SELECT current_setting('tsmem.system_time')::timestamptz < now();
SET tsmem.system_time = 'yesterday';
SELECT current_setting('tsmem.system_time')::timestamptz = 'yesterday';
-- ends: RESET, RESET ALL, DISCARD ALL, the transaction, the savepoint, the function
RESET tsmem.system_time;
SHOW tsmem.system_time;
SET tsmem.system_time = '2026-01-15';
RESET ALL;
SHOW tsmem.system_time;
SET tsmem.system_time = '2026-01-15';
DISCARD ALL;
SHOW tsmem.system_time;
SET client_min_messages = warning;
SET timezone = 'UTC';
SET search_path = temporal_session_settings, tsmem, public;
SET datestyle = 'ISO';
BEGIN;
SET LOCAL tsmem.system_time = '2026-01-15';
SAVEPOINT s;
SET LOCAL tsmem.system_time = '2026-01-16';
ROLLBACK TO s;
SHOW tsmem.system_time;
COMMIT;
SHOW tsmem.system_time;
-- functions; null resets
SELECT set_system_time('2026-01-15 00:00:00.000001+02');
SHOW tsmem.system_time;
SELECT set_valid_time('2026-01-15');
SHOW tsmem.valid_time;
SELECT set_system_time(NULL), set_valid_time(NULL);
SHOW tsmem.system_time;
SHOW tsmem.valid_time;
BEGIN;
SELECT set_system_time('2026-01-15', true), set_valid_time('infinity', is_local => true);
SHOW tsmem.system_time;
SHOW tsmem.valid_time;
COMMIT;
SHOW tsmem.system_time;
SHOW tsmem.valid_time;
SELECT set_system_time('2026-01-15', NULL);
-- where they cannot be: the configuration file
ALTER SYSTEM SET tsmem.system_time = '2026-01-15';
-- where they can be: a role
CREATE ROLE temporal_session_bert;
ALTER ROLE temporal_session_bert SET tsmem.system_time = '2026-01-15';
ALTER ROLE temporal_session_bert SET tsmem.system_time = 'nonsense';
SET tsmem.system_time = '2026-01-15';
ALTER ROLE temporal_session_bert RESET tsmem.system_time;
RESET tsmem.system_time;
DROP ROLE temporal_session_bert;
-- names that do not exist
SET tsmem.sytem_time = '2026-01-15';

-- valid time, on a table that is not versioned
CREATE TABLE price (id int, at tstzrange, amount int);
SELECT add_period('price', 'at');
INSERT INTO price VALUES (1, '[2026-01-01,2026-02-01)', 10), (1, '[2026-02-01,)', 11), (2, '(,2026-02-01)', 20);
CREATE TABLE rate (id int, at daterange, amount int);
SELECT add_period('rate', 'at');
INSERT INTO rate VALUES (1, '[2026-01-01,2026-02-01)', 10), (1, '[2026-02-01,)', 11);
CREATE TABLE shift (id int, at tsrange, amount int);
SELECT add_period('shift', 'at');
INSERT INTO shift VALUES (1, '[2026-01-01 00:00,2026-01-01 12:00)', 10), (1, '[2026-01-01 12:00,)', 11);
SET tsmem.valid_time = '2026-01-15';
SELECT * FROM price ORDER BY id;
SELECT * FROM rate;
SELECT tableoid::regclass, p FROM price p WHERE id = 2;
SELECT p.id, r.amount FROM price p LEFT JOIN rate r USING (id) ORDER BY 1;
SET tsmem.valid_time = '2026-02-01';
SELECT * FROM price ORDER BY id;
SELECT * FROM rate;
UPDATE price SET amount = 0;
SELECT * FROM price FOR SHARE;
SELECT ctid FROM price;
\copy price TO STDOUT
SET tsmem.valid_time = 'infinity';
SELECT * FROM price ORDER BY id;
-- a period without time zone is asked in the zone of the moment, also by a plan that is kept
SET tsmem.valid_time = '2026-01-01 11:30+00';
SET plan_cache_mode = force_generic_plan;
PREPARE p AS SELECT amount FROM shift;
EXECUTE p;
SET timezone = 'Europe/Berlin';
EXECUTE p;
SET timezone = 'UTC';
-- ... but the system time concerns only what is versioned
SET tsmem.valid_time = '';
SET tsmem.system_time = '2020-01-01';
SELECT count(*) FROM price;
UPDATE price SET amount = amount + 1 WHERE id = 2;
EXPLAIN (COSTS OFF) SELECT * FROM price;
RESET tsmem.system_time;

-- both times
SELECT add_system_versioning('price', history_options => '{"without_key": true}');
SELECT clock_timestamp() AS back_then \gset
UPDATE price SET amount = 0;
SET tsmem.system_time = :'back_then';
SET tsmem.valid_time = '2026-01-15';
SELECT id, amount FROM price ORDER BY id;
SET tsmem.system_time = '';
SELECT id, amount FROM price ORDER BY id;
SELECT id, amount FROM price_as_of(:'back_then') ORDER BY id, amount;
SET tsmem.valid_time = '';
SET tsmem.system_time = :'back_then';
SELECT id, amount FROM price ORDER BY id, amount;
-- what tsmem.as_of leaves open is not for the session to say
SET tsmem.valid_time = '2026-01-15';
SELECT id, amount FROM as_of(NULL::price, valid => '2026-03-01') ORDER BY id;
SELECT id, amount FROM as_of(NULL::price, system => :'back_then') ORDER BY id, amount;
RESET tsmem.system_time;
-- a snapshot, alone and with a valid time
RESET tsmem.valid_time;
SELECT snapshot() AS seen \gset
UPDATE price SET amount = 7 WHERE id = 2;
SET tsmem.snapshot = :'seen';
SELECT id, amount FROM price ORDER BY id, amount;
SELECT tableoid::regclass, count(*) FROM price GROUP BY 1;
SET tsmem.valid_time = '2026-01-15';
SELECT id, amount FROM price ORDER BY id, amount;
UPDATE price SET amount = 0;
SELECT id, amount FROM price FOR UPDATE;
SET tsmem.system_time = 'now';
SELECT id, amount FROM price;
UPDATE price SET amount = 0;
SELECT count(*) FROM rate;
RESET tsmem.system_time;
RESET tsmem.snapshot;
SET tsmem.snapshot = 'nonsense';
SET tsmem.snapshot = '2026-01-15';
SELECT regexp_replace(:'seen', '^tsm1\.\w+', 'tsm1.1') AS foreign_token \gset
SET tsmem.snapshot = :'foreign_token';
SELECT id, amount FROM price;
SELECT count(*) FROM twice_not_there;
SELECT count(*) > 0 FROM pg_class;
SELECT set_snapshot(NULL);
SELECT id, amount FROM price ORDER BY id, amount;
SELECT set_snapshot('nonsense');
SELECT set_snapshot(:'foreign_token');
BEGIN;
SELECT set_snapshot(:'seen', true);
SELECT id, amount FROM price ORDER BY id, amount;
COMMIT;
SHOW tsmem.snapshot;
-- two periods: which one is meant?
CREATE TABLE twice (id int, planned tstzrange, actual tstzrange);
RESET tsmem.valid_time;
SELECT add_period('twice', 'planned'), add_period('twice', 'actual');
SET tsmem.valid_time = '2026-01-15';
SELECT * FROM twice;
RESET tsmem.valid_time;
SELECT * FROM twice;
-- partitions have the period of their table, tables that inherit their own
CREATE TABLE log (id int, at tstzrange) PARTITION BY RANGE (id);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
SELECT add_period('log', 'at');
INSERT INTO log VALUES (1, '[2026-01-01,2026-02-01)'), (2, '[2026-02-01,)');
SET tsmem.valid_time = '2026-01-15';
SELECT id FROM log;
SELECT id FROM log_1;
RESET tsmem.valid_time;

-- what the time does not concern can be made, filled and changed; nothing else is
SET tsmem.system_time = '2020-01-01';
CREATE TEMP TABLE plain (id int PRIMARY KEY, doubled int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO plain VALUES (1), (2);
COPY plain TO STDOUT;
VACUUM plain;
ANALYZE plain;
CREATE INDEX ON plain (doubled);
REINDEX TABLE plain;
TRUNCATE plain;
DROP TABLE plain;
BEGIN;
LOCK TABLE price IN ACCESS SHARE MODE;
COMMIT;
COMMENT ON TABLE price IS 'x';
GRANT SELECT ON price TO PUBLIC;
DROP SCHEMA temporal_session_settings;
CREATE ROLE temporal_session_carl;
SET synchronize_seqscans = off;
BEGIN;
LOCK TABLE price IN ACCESS SHARE MODE;
ROLLBACK;
RESET synchronize_seqscans;
RESET tsmem.system_time;
