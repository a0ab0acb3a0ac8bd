-- History that ended before a time is removed, and nobody reads what is left as if it were all.
CREATE SCHEMA delta_prune;
SET search_path = delta_prune, tsmem, public;
SET timezone = 'UTC';

-- The SQLSTATE of a statement, or OK.
CREATE FUNCTION code(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'OK';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

-- How often a plan asks for the horizon.
CREATE FUNCTION gates(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE line text; gates bigint := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
		gates := gates + (line ~ 'One-Time Filter: .*_within_horizon')::int;
	END LOOP;
	RETURN gates;
END $$;

CREATE TABLE account (id int PRIMARY KEY, owner text, balance numeric);
SELECT add_system_versioning('account');
INSERT INTO account SELECT i, 'owner ' || i, i FROM generate_series(1, 12) i;
-- Twelve months of twelve accounts; account 12 changes once a year.
SELECT import_history('account', $$
	SELECT i AS id, 'owner ' || i AS owner, m * 100.0 + i AS balance,
		'2020-01-01'::timestamptz + m * interval '1 month' AS row_start, '2020-01-01'::timestamptz + (m + 1) * interval '1 month' AS row_end
	FROM generate_series(1, 11) i, generate_series(0, 11) m
	UNION ALL SELECT 12, 'owner 12', 12, '2020-01-01', '2021-01-01'$$);
CREATE TABLE before AS SELECT * FROM account_history;
-- What ended by July is folded, and all of account 12; the rest is the tail.
SELECT versions, segments FROM fold('account', now() - '2020-07-01 00:00:01+00');
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(SELECT * FROM account_history EXCEPT ALL SELECT * FROM before WHERE row_end > (SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass))
	UNION ALL (SELECT * FROM before WHERE row_end > (SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass) EXCEPT ALL SELECT * FROM account_history)) d;

-- Nothing is paid for while nothing was removed.
PREPARE delta_prune_as_of(timestamptz) AS SELECT count(*), sum(balance) FROM account_as_of($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE delta_prune_as_of('2020-02-15');
SELECT gates($$EXECUTE delta_prune_as_of('2020-02-15')$$);
SELECT horizon, horizon_xid FROM versioned_tables WHERE rel = 'account'::regclass;

-- What is refused.
SELECT code($$SELECT prune('account', 'infinity')$$), code($$SELECT prune('account', now() + interval '1 microsecond')$$),
	code($$SELECT prune('account', NULL)$$), code($$SELECT prune(NULL, now())$$), code($$SELECT prune('account', '2020-04-01', 0)$$),
	code($$SELECT prune('before', '2020-04-01')$$), code($$SELECT prune('account_history', '2020-04-01')$$),
	code($$SELECT prune('account_history_segments', '2020-04-01')$$), code($$CALL prune_all('account', '2020-04-01')$$);
CALL prune_all('account', NULL);
CALL prune_all('account', '2020-04-01', NULL);
CALL prune_all('account', '2020-04-01', 0);
CALL prune_all('before', '2020-04-01');
CREATE ROLE delta_prune_other;
GRANT USAGE ON SCHEMA delta_prune TO delta_prune_other;
GRANT ALL ON account TO delta_prune_other;
SET ROLE delta_prune_other;
SELECT code($$SELECT prune('account', '2020-04-01')$$);
RESET ROLE;
BEGIN READ ONLY;
SELECT prune('account', '2020-04-01');
ROLLBACK;
SELECT * FROM prune('account', '-infinity');
SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass;
TABLE differing;

-- A token from before; and a fold whose versions are gone partly.
SELECT snapshot() AS early \gset
SELECT versions, segments, rewritten, bytes > 0 AS freed FROM prune('account', '2020-04-01');
SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass;
TABLE differing;
SELECT * FROM verify('account');
SELECT versions, t_min, t_hi FROM account_history_segments;

-- Who asks for a time before gets an error, at the horizon and after it all is there.
EXECUTE delta_prune_as_of('2020-03-31 23:59:59.999999');
EXECUTE delta_prune_as_of('2020-04-01');
SELECT gates($$EXECUTE delta_prune_as_of('2020-04-01')$$) > 0 AS gated;
SELECT id, balance FROM account_as_of('2020-06-15') WHERE id IN (3, 12) ORDER BY id;
SELECT count(*) FROM account_as_of(NULL);
\set VERBOSITY sqlstate
SELECT * FROM account_as_of('-infinity');
\set VERBOSITY default
SELECT code($$SELECT * FROM account_as_of('2020-03-01')$$) AS as_of, code($$SELECT * FROM account_from_to('2020-03-01', '2020-06-01')$$) AS from_to,
	code($$SELECT * FROM account_between('2020-03-01', '2020-06-01')$$) AS between,
	code($$SELECT * FROM account_between_symmetric('2020-06-01', '2020-03-01')$$) AS symmetric,
	code($$SELECT * FROM as_of(NULL::account, '2020-03-01')$$) AS any_table, code($$SELECT as_of(NULL::account, '2020-03-01')$$) AS as_of_run,
	code($$SELECT * FROM version_diff('account', '2020-03-01', NULL)$$) AS diff_from,
	code($$SELECT * FROM version_diff('account', NULL, '2020-03-01')$$) AS diff_to,
	code($$SELECT query('SELECT * FROM account FOR SYSTEM_TIME AS OF TIMESTAMP ''2020-03-01''')$$) AS query;
SELECT code($$SELECT * FROM account_as_of('2020-04-01')$$) AS as_of, code($$SELECT * FROM account_from_to('2020-04-01', '2020-06-01')$$) AS from_to,
	code($$SELECT * FROM account_between('2020-04-01', '2020-06-01')$$) AS between,
	code($$SELECT * FROM account_between_symmetric('2020-06-01', '2020-04-01')$$) AS symmetric,
	code($$SELECT * FROM as_of(NULL::account, '2020-04-01')$$) AS any_table, code($$SELECT as_of(NULL::account, '2020-04-01')$$) AS as_of_run,
	code($$SELECT * FROM version_diff('account', '2020-04-01', NULL)$$) AS diff_from,
	code($$SELECT * FROM version_diff('account', NULL, '2020-04-01')$$) AS diff_to,
	code($$SELECT query('SELECT * FROM account FOR SYSTEM_TIME AS OF TIMESTAMP ''2020-04-01''')$$) AS query;
-- Times that are columns: each is held against the horizon.
SELECT t, count(id) FROM (VALUES ('2020-04-01'::timestamptz), ('2020-12-31')) times(t), account_as_of(t) GROUP BY t ORDER BY t;
SELECT t, count(id) FROM (VALUES ('2020-04-01'::timestamptz), ('2020-03-31')) times(t), account_as_of(t) GROUP BY t ORDER BY t;
-- Tokens of the snapshots that saw the removed versions as former ones.
SELECT count(*) FROM account_as_of_snapshot(:'early');
SELECT count(*) FROM as_of_snapshot(NULL::account, :'early');
DEALLOCATE delta_prune_as_of;
RESET plan_cache_mode;
-- The view shows what is left.
SELECT count(*), min(row_end) FROM account_versions;
-- Outer joins, subqueries, lateral references; a cursor reads what it saw when it was opened.
SELECT count(*) FROM account a LEFT JOIN account_as_of('2020-03-01') b USING (id);
SELECT count(*) FROM account WHERE id IN (SELECT id FROM account_as_of('2020-03-01'));
SELECT count(*) FROM account WHERE EXISTS (SELECT FROM account_as_of('2020-03-01') b WHERE b.id = account.id);
SELECT id, (SELECT b.balance FROM account_as_of('2020-03-01') b WHERE b.id = account.id) FROM account WHERE id = 1;

BEGIN;
DECLARE open CURSOR FOR SELECT id, balance FROM account_as_of('2020-05-15') WHERE id = 7;
SELECT versions FROM prune('account', '2020-06-01');
FETCH open;
SELECT count(*) FROM account_as_of('2020-05-15');
ROLLBACK;

-- The time of the session.
SET tsmem.system_time = '2020-03-01';
SELECT count(*) FROM account;
SELECT 1 AS no_table;
SELECT count(*) FROM before;
SET tsmem.system_time = '2020-05-01';
SELECT count(*), sum(balance) FROM account;
SELECT gates($$SELECT balance FROM account WHERE id = 1$$) > 0 AS gated;
RESET tsmem.system_time;
SELECT set_config('tsmem.snapshot', :'early', false) IS NOT NULL AS set;
SELECT count(*) FROM account;
RESET tsmem.snapshot;

-- The horizon does not go down, and a second run finds nothing.
SELECT * FROM prune('account', '2020-02-01');
SELECT * FROM prune('account', '2020-04-01');
SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass;
-- In parts: the horizon counts from the first on.
SELECT versions FROM prune('account', '2020-08-01', 4);
SELECT horizon FROM versioned_tables WHERE rel = 'account'::regclass;
SELECT code($$SELECT * FROM account_as_of('2020-07-31')$$);
CALL prune_all('account', '2020-08-01', 5);
TABLE differing;
SELECT * FROM verify('account');
SELECT count(*) FROM account_history_segments;
-- In a transaction that is rolled back nothing is gone.
BEGIN;
SELECT versions FROM prune('account', '2020-10-01');
SELECT code($$SELECT * FROM account_as_of('2020-09-30')$$);
ROLLBACK;
SELECT count(*) FROM account_as_of('2020-09-30');
CALL prune_all('account', now());
SELECT count(*) FROM account_history;
SELECT count(*) FROM ONLY account_history_segments;
SELECT count(*) FROM account_as_of(now());

-- A table that was never folded, without key, with a quoted name, a dropped column and large values.
CREATE TABLE "odd ""name" (gone int, id int, t text);
SELECT add_system_versioning('"odd ""name"', history_options => '{"without_key": true}');
ALTER TABLE "odd ""name" DROP COLUMN gone;
INSERT INTO "odd ""name" SELECT i, (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 1000) j) FROM generate_series(1, 4) i;
BEGIN; UPDATE "odd ""name" SET t = t || 'x' WHERE id < 3; COMMIT;
SELECT now() AS middle \gset
UPDATE "odd ""name" SET t = 'short';
SELECT versions, segments, rewritten, bytes > 60000 AS freed FROM prune('"odd ""name"', :'middle');
SELECT count(*) FROM "odd ""name_history";
SELECT code($$SELECT * FROM "odd ""name_as_of"('-infinity')$$), (SELECT count(*) FROM "odd ""name_as_of"(:'middle'));
-- A name of 63 bytes.
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_123 (id int PRIMARY KEY);
SELECT add_system_versioning('a23456789_123456789_123456789_123456789_123456789_123456789_123');
SELECT versions FROM prune('a23456789_123456789_123456789_123456789_123456789_123456789_123', '2020-01-01');
SELECT code($$SELECT * FROM as_of(NULL::a23456789_123456789_123456789_123456789_123456789_123456789_123, '2019-01-01')$$);
-- With nothing to prune the horizon is raised all the same.
CREATE TABLE empty (id int PRIMARY KEY);
SELECT add_system_versioning('empty');
SELECT * FROM prune('empty', '2020-01-01');
SELECT code($$SELECT * FROM empty_as_of('2019-12-31')$$), code($$SELECT * FROM empty_as_of('2020-01-01')$$);
CALL prune_all('empty', '2021-01-01');
SELECT code($$SELECT * FROM empty_as_of('2020-12-31')$$);

-- A partitioned table has one history; partitions that are versioned each by itself have theirs.
CREATE TABLE parted (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
SELECT add_system_versioning('parted');
SELECT import_history('parted', $$SELECT i AS id, y AS v, make_timestamptz(y, 1, 1, 0, 0, 0) AS row_start, make_timestamptz(y + 1, 1, 1, 0, 0, 0) AS row_end
	FROM generate_series(5, 14) i, generate_series(2010, 2019) y$$);
SELECT versions FROM fold('parted');
SELECT * FROM prune('parted_1', '2015-01-01');
SELECT versions, rewritten FROM prune('parted', '2015-01-01');
SELECT code($$SELECT * FROM parted_as_of('2014-12-31')$$), code($$SELECT * FROM parted_as_of('2015-01-01')$$);
SELECT count(*), min(v) FROM parted_history;

CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
SELECT add_system_versioning('parts_1'), add_system_versioning('parts_2');
SELECT versions FROM prune('parts_2', '2020-01-01');
SELECT code($$SELECT * FROM as_of(NULL::parts, '2019-01-01')$$), code($$SELECT * FROM as_of(NULL::parts, '2020-01-01')$$),
	code($$SELECT * FROM parts_1_as_of('2019-01-01')$$), code($$SELECT * FROM version_diff('parts', '2019-01-01', NULL)$$);
SET tsmem.system_time = '2019-01-01';
SELECT * FROM parts;
SELECT * FROM parts_1;
SELECT * FROM parts_2;
RESET tsmem.system_time;

-- Without generated objects.
CREATE TABLE bare (id int PRIMARY KEY, v int);
SELECT add_system_versioning('bare', history_options => '{"functions": false}');
SELECT versions FROM prune('bare', '2020-01-01');
SELECT code($$SELECT query('SELECT * FROM bare FOR SYSTEM_TIME AS OF TIMESTAMP ''2019-01-01''')$$),
	code($$SELECT query('SELECT * FROM bare FOR SYSTEM_TIME FROM TIMESTAMP ''2019-01-01'' TO TIMESTAMP ''2021-01-01''')$$),
	code($$SELECT query('SELECT * FROM bare FOR SYSTEM_TIME BETWEEN SYMMETRIC TIMESTAMP ''2021-01-01'' AND TIMESTAMP ''2019-01-01''')$$),
	code($$SELECT query('SELECT * FROM bare FOR SYSTEM_TIME AS OF TIMESTAMP ''2020-01-01''')$$),
	code($$SELECT query('SELECT * FROM bare FOR SYSTEM_TIME ALL')$$);

-- A block that cannot be read goes when all of it has ended; one that is to be rewritten stops the pruning.
CREATE TABLE damaged (id int PRIMARY KEY, v int);
SELECT add_system_versioning('damaged');
SELECT import_history('damaged', $$SELECT 1 AS id, y AS v, make_timestamptz(y, 1, 1, 0, 0, 0) AS row_start, make_timestamptz(y + 1, 1, 1, 0, 0, 0) AS row_end
	FROM generate_series(2010, 2019) y$$);
SELECT versions FROM fold('damaged');
ALTER TABLE damaged_history_segments DISABLE TRIGGER ALL;
UPDATE damaged_history_segments SET block = overlay(block placing '\x00' from 60);
SELECT versions FROM prune('damaged', '2015-01-01');
SELECT versions, segments FROM prune('damaged', '2020-01-01');

DROP TABLE account, "odd ""name", a23456789_123456789_123456789_123456789_123456789_123456789_123, empty, parted, parts, bare, damaged CASCADE;
SELECT count(*) FROM versioned_tables WHERE rel::text LIKE 'delta\_prune.%';
DROP SCHEMA delta_prune CASCADE;
DROP ROLE delta_prune_other;
