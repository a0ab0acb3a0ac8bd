-- The planner knows how many versions live at a time: within twice, where statistics are up to date.
CREATE SCHEMA temporal_scan_estimate;
SET search_path = temporal_scan_estimate, tsmem, public;
CREATE TABLE account (id int PRIMARY KEY, v int, kind int);
SELECT add_system_versioning('account');
CREATE TABLE moment (name text, at timestamptz);
CREATE PROCEDURE remember(name text) LANGUAGE sql AS $$ INSERT INTO temporal_scan_estimate.moment VALUES (name, clock_timestamp()) $$;
INSERT INTO account SELECT i, 0, i % 10 FROM generate_series(1, 2000) i;
CALL remember('first');
DO $$ BEGIN FOR i IN 1..20 LOOP UPDATE temporal_scan_estimate.account SET v = i; COMMIT; END LOOP; END $$;
CALL remember('middle');
DO $$ BEGIN FOR i IN 21..40 LOOP UPDATE temporal_scan_estimate.account SET v = i WHERE i % 2 = 0 OR id % 2 = 0; COMMIT; END LOOP; END $$;
CALL remember('late');
UPDATE account SET v = v + 1 WHERE id <= 500;
CREATE TABLE w AS SELECT i AS id FROM generate_series(1, 2000, 20) i;
VACUUM ANALYZE account, account_history, w;
-- The rows that the topmost node was expected to give, and gave.
CREATE FUNCTION judge(query text, OUT within_twice boolean, OUT gave float8) LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	plan := plan->0->'Plan';
	gave := (plan->>'Actual Rows')::float8 * (plan->>'Actual Loops')::float8;
	within_twice := (plan->>'Plan Rows')::float8 BETWEEN gave / 2 AND gave * 2;
	IF NOT within_twice THEN RAISE NOTICE 'expected %', plan->>'Plan Rows'; END IF;
END $$;
CREATE FUNCTION judge_all(query text) RETURNS TABLE (name text, within_twice boolean, gave float8) LANGUAGE sql AS $$
	SELECT m.name, j.* FROM temporal_scan_estimate.moment m, temporal_scan_estimate.judge(format(query, m.at)) j ORDER BY at $$;
SELECT * FROM judge_all('SELECT * FROM account_as_of(%L)');
SELECT * FROM judge_all('SELECT * FROM account_as_of(%L) WHERE kind = 3');
SELECT * FROM judge_all('SELECT * FROM account_as_of(%L) WHERE id <= 200');
SELECT * FROM judge_all('SELECT * FROM account_as_of(%L) a JOIN w USING (id)');
SELECT * FROM judge_all('SELECT kind FROM account_as_of(%L) GROUP BY kind');
SELECT * FROM judge('SELECT * FROM account_as_of(now())');
SELECT * FROM judge('SELECT * FROM account_as_of(now()) a, account b WHERE a.id = b.id AND b.kind = 1');
\echo a union within a subquery that is planned by itself
SELECT * FROM judge_all('SELECT * FROM w JOIN (SELECT * FROM account_as_of(%L) OFFSET 0) a USING (id)');
\echo a time that is not known
PREPARE q(timestamptz) AS SELECT * FROM account_as_of($1);
SET plan_cache_mode = force_generic_plan;
SELECT * FROM judge((SELECT format('EXECUTE q(%L)', at) FROM moment WHERE name = 'middle'));
RESET plan_cache_mode;
\echo the history alone
SELECT * FROM judge_all('SELECT * FROM account_history WHERE row_start <= %1$L AND row_end > %1$L AND kind = 3') WHERE name <> 'first';
\echo a table that has shrunk
DELETE FROM account WHERE id > 10;
CALL remember('shrunk');
VACUUM ANALYZE account, account_history;
SELECT * FROM judge_all('SELECT * FROM account_as_of(%L)');
\echo a partitioned table
CREATE TABLE part (id int, k int, v int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
SELECT add_system_versioning('part');
TRUNCATE moment;
INSERT INTO part SELECT i, i % 2 + 1, 0 FROM generate_series(1, 2000) i;
CALL remember('first');
DO $$ BEGIN FOR i IN 1..20 LOOP UPDATE temporal_scan_estimate.part SET v = i WHERE id % 2 = 0 OR i < 10; COMMIT; END LOOP; END $$;
CALL remember('last');
UPDATE part SET v = 0 WHERE k = 1;
VACUUM ANALYZE part, part_history;
SELECT * FROM judge_all('SELECT * FROM part_as_of(%L)');
SELECT * FROM judge_all('SELECT * FROM part_as_of(%L) a JOIN w USING (id)');
\echo without statistics, of an empty table
CREATE TABLE bare (id int PRIMARY KEY);
SELECT add_system_versioning('bare');
SELECT count(*) FROM bare_as_of(now());
DROP SCHEMA temporal_scan_estimate CASCADE;
