-- Folds that commit a batch at a time, and what is due.
\set SHOW_CONTEXT never
CREATE SCHEMA delta_maintain;
SET search_path = delta_maintain, tsmem, public;

CREATE TABLE account (id int PRIMARY KEY, balance int, note text);
SELECT add_system_versioning('account');
INSERT INTO account SELECT i, 0, 'note ' || i FROM generate_series(1, 100) i;
DO $$ BEGIN FOR i IN 1..10 LOOP UPDATE account SET balance = balance + i; COMMIT; END LOOP; END $$;
CREATE TABLE before AS SELECT * FROM account_history;

-- All of it, in batches.
CALL fold_all('account', batch => 300);
SELECT count(*) FROM ONLY account_history;
SELECT count(*) AS differing FROM (
	(TABLE before EXCEPT ALL TABLE account_history) UNION ALL (TABLE account_history EXCEPT ALL TABLE before)) d;
SELECT * FROM verify('account');
SELECT * FROM stat_progress_fold;
SELECT count(*) FROM fold_progress;
CALL fold_all('account');
UPDATE account SET balance = 0;
CALL fold_all('account', batch => 50);
CALL fold_all('account', interval '1 day');

-- The age is that of the options where none is given.
UPDATE account SET balance = 1;
SELECT set_delta_options('account', fold_after => '1 day');
CALL fold_all('account');
CALL fold_all('account', '0');

-- The limits.
CALL fold_all('account', batch => 0);
CALL fold_all('account', batch => 10000001);
CALL fold_all('account', batch => NULL);
CALL fold_all(NULL);
CALL fold_all('before');
UPDATE account SET balance = 2 WHERE id = 1;
CALL fold_all('account', '0', 1);
CALL fold_all('account', '0', 10000000);

-- Not within a transaction, before anything is done.
UPDATE account SET balance = 3;
BEGIN;
CALL fold_all('account', '0');
ROLLBACK;
BEGIN;
CALL maintain('account');
ROLLBACK;
DO $$ BEGIN CALL tsmem.fold_all('delta_maintain.account', '0'); END $$;
CREATE FUNCTION folds() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL tsmem.fold_all('delta_maintain.account', '0'); END $$;
SELECT folds();
SET default_transaction_read_only = on;
CALL fold_all('account');
CALL maintain();
RESET default_transaction_read_only;

-- What is due: by age and by number.
CREATE TABLE never (id int PRIMARY KEY, n int);
SELECT add_system_versioning('never');
INSERT INTO never VALUES (1, 1);
UPDATE never SET n = 2;
CALL maintain('never');
CALL maintain();
SELECT set_delta_options('account', fold_after => '0', fold_when => 101);
UPDATE account SET balance = 4;
CALL maintain('account');
UPDATE account SET balance = 5 WHERE id = 1;
CALL maintain('account');
SELECT count(*) FROM ONLY account_history;
SELECT set_delta_options('account', fold_after => '1 day', fold_when => 1);
UPDATE account SET balance = 6;
CALL maintain();
SELECT next_look BETWEEN now() + interval '23 hours' AND now() + interval '24 hours' AS in_a_day
FROM segment_folds WHERE history = 'account_history'::regclass;
-- A change of the options is reason to look again.
SELECT set_delta_options('account', fold_after => '0');
SELECT next_look FROM segment_folds WHERE history = 'account_history'::regclass;
CALL maintain();
-- Without options 10000 versions have to be due for an hour.
SELECT set_delta_options('account', reset => '{fold_after,fold_when}');
UPDATE account SET balance = 7;
CALL maintain();
SELECT next_look > now() + interval '50 minutes' AS in_an_hour FROM segment_folds WHERE history = 'account_history'::regclass;
CALL fold_all('account');
SELECT count(*) FROM never_history;

-- An error of one table is a warning where there are others.
CREATE TABLE broken (id int PRIMARY KEY, n int);
SELECT add_system_versioning('broken');
INSERT INTO broken VALUES (1, 1);
UPDATE broken SET n = 2;
SELECT set_delta_options('broken', fold_after => '0', fold_when => 1);
SELECT set_delta_options('account', fold_after => '0', fold_when => 1);
DO $$ BEGIN EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'broken_history_segments'::regclass); END $$;
UPDATE account SET balance = 8;
CALL maintain('broken');
CALL maintain();
DROP TABLE broken;

-- Each sees to his own tables.
CREATE ROLE delta_maintain_owner;
CREATE ROLE delta_maintain_reader;
GRANT USAGE ON SCHEMA delta_maintain, tsmem TO delta_maintain_owner, delta_maintain_reader;
CREATE TABLE owned (id int PRIMARY KEY, n int);
SELECT add_system_versioning('owned');
ALTER TABLE owned OWNER TO delta_maintain_owner;
GRANT CREATE ON SCHEMA delta_maintain TO delta_maintain_owner;
INSERT INTO owned VALUES (1, 1), (2, 1);
UPDATE owned SET n = 2;
UPDATE account SET balance = 9;
SET ROLE delta_maintain_owner;
SELECT set_delta_options('owned', fold_after => '0', fold_when => 1);
CALL maintain();
CALL maintain('account');
CALL fold_all('account');
UPDATE owned SET n = 3;
CALL fold_all('owned');
SELECT * FROM segment_folds;
RESET ROLE;
CALL maintain();
UPDATE owned SET n = 4;
CALL maintain();

-- Statistics.
SELECT rel, tail_versions, segment_versions, segments > 0 AS segments, segment_bytes > 0 AS bytes, estimated,
	row_bytes_per_version > 40 AS row_bytes, segment_bytes_per_version > 0 AS segment_bytes, ratio IS NOT NULL AS ratio,
	last_fold IS NOT NULL AS folded, folded_versions
FROM stat_delta WHERE rel IN ('account'::regclass, 'never'::regclass, 'owned'::regclass) ORDER BY rel::text;
SELECT * FROM chain_lengths('account');
SELECT * FROM chain_lengths('owned');
SELECT * FROM chain_lengths('never');
-- What this session found in its cache.
CREATE TABLE counts AS SELECT cache_hits, cache_misses FROM stat_delta WHERE rel = 'account'::regclass;
SET tsmem.chain_cache_size = 0;
RESET tsmem.chain_cache_size;
SELECT count(*) FROM account_history WHERE id = 50;
SELECT s.cache_misses > c.cache_misses AS missed FROM stat_delta s, counts c WHERE rel = 'account'::regclass;
SELECT count(*) FROM account_history WHERE id = 50;
SELECT s.cache_hits > c.cache_hits AS hit FROM stat_delta s, counts c WHERE rel = 'account'::regclass;
-- A lookup as of a time looks once.
SELECT row_start AS t FROM account_history WHERE id = 40 ORDER BY row_start LIMIT 1 \gset
SET tsmem.chain_cache_size = 0;
RESET tsmem.chain_cache_size;
SELECT cache_hits, cache_misses FROM stat_delta WHERE rel = 'account'::regclass \gset
SELECT count(*) FROM account_history WHERE id = 40 AND row_start <= :'t' AND row_end > :'t';
SELECT count(*) FROM account_history WHERE id = 40 AND row_start <= :'t' AND row_end > :'t';
SELECT cache_hits - :cache_hits AS hits, cache_misses - :cache_misses AS misses FROM stat_delta WHERE rel = 'account'::regclass;
SELECT unfold('owned');
SELECT tail_versions, segment_versions, segments, segment_bytes_per_version, ratio, folded_versions FROM stat_delta WHERE rel = 'owned'::regclass;
GRANT SELECT (n) ON owned TO delta_maintain_reader;
SET ROLE delta_maintain_reader;
SELECT rel, tail_versions FROM stat_delta WHERE rel IN ('account'::regclass, 'owned'::regclass);
SELECT * FROM chain_lengths('owned');
SELECT _history_counts('account');
RESET ROLE;
SELECT _history_counts('before');

-- Names with all there is, a table without rows, one without a key.
CREATE TABLE "a very ""long"" name, with sixty three bytes in all, as it can be" (id int PRIMARY KEY, "n N" int);
SELECT add_system_versioning('"a very ""long"" name, with sixty three bytes in all, as it can be"');
SELECT set_delta_options('"a very ""long"" name, with sixty three bytes in all, as it can be"', zones => '{"n N"}', fold_after => '0', fold_when => 1);
CALL maintain('"a very ""long"" name, with sixty three bytes in all, as it can be"');
INSERT INTO "a very ""long"" name, with sixty three bytes in all, as it can be" VALUES (1, 1);
UPDATE "a very ""long"" name, with sixty three bytes in all, as it can be" SET "n N" = 2;
CALL maintain();
CREATE TABLE keyless (n int);
SELECT add_system_versioning('keyless', history_options => '{"without_key": true}');
INSERT INTO keyless VALUES (1), (1), (2);
DELETE FROM keyless;
CALL fold_all('keyless');
SELECT * FROM chain_lengths('keyless');
-- Versions that no block takes stay, and are told of once.
CREATE TABLE large (id int PRIMARY KEY, note text);
SELECT add_system_versioning('large');
INSERT INTO large SELECT g, repeat('large', 420000) FROM generate_series(1, 3) g;
INSERT INTO large SELECT g, '' FROM generate_series(4, 10) g;
DELETE FROM large;
CALL fold_all('large', batch => 2);
SELECT count(*) FROM ONLY large_history;
-- maintain does not try again at once.
SELECT set_delta_options('large', fold_after => '0', fold_when => 3);
CALL maintain('large');
CALL maintain('large');
SELECT next_look > now() + interval '9 minutes' AS later FROM segment_folds WHERE history = 'large_history'::regclass;


-- Small segments are merged after a fold, when as many versions were folded since.
CREATE TABLE scattered (id int PRIMARY KEY, n int);
SELECT add_system_versioning('scattered');
SELECT set_delta_options('scattered', fold_after => '0', fold_when => 1, block_size => 1024);
INSERT INTO scattered SELECT i, i * 7919 % 1000 FROM generate_series(1, 2000) i;
UPDATE scattered SET n = n + 1;
CALL maintain('scattered');
SELECT segments > 5 AS many FROM stat_delta WHERE rel = 'scattered'::regclass;
SELECT set_delta_options('scattered', reset => '{block_size}');
UPDATE scattered SET n = n + 1 WHERE id % 100 = 0;
CALL maintain('scattered');
SELECT segments > 5 AS many FROM stat_delta WHERE rel = 'scattered'::regclass;
SELECT versions = merged AS merged FROM segment_folds WHERE history = 'scattered_history'::regclass;
SELECT count(*) FROM scattered_history;
SELECT * FROM verify('scattered');

-- Versions are kept for the time that is asked for, and go in steps of a tenth of it.
CREATE TABLE kept (id int PRIMARY KEY, n int);
SELECT add_system_versioning('kept');
SELECT set_delta_options('kept', retention => '1 year', fold_after => '0', fold_when => 1000);
INSERT INTO kept SELECT i FROM generate_series(1, 20) i;
SELECT import_history('kept', $$
	SELECT i AS id, 0 AS n, now() - i * interval '30 days' - interval '12 hours' AS row_start,
		now() - (i - 1) * interval '30 days' - interval '12 hours' AS row_end
	FROM generate_series(1, 20) i$$);
CALL maintain('kept');
SELECT count(*), min(row_end) > now() - interval '1 year' AS kept FROM kept_history;
SELECT horizon BETWEEN now() - interval '1 year 1 hour' AND now() - interval '1 year' + interval '1 hour' AS raised
FROM versioned_tables WHERE rel = 'kept'::regclass;
CALL fold_all('kept');
SELECT set_delta_options('kept', retention => '350 days');
CALL maintain('kept');
SELECT count(*) FROM kept_history;
SELECT set_delta_options('kept', retention => '300 days');
CALL maintain('kept');
SELECT count(*) FROM kept_history;
SELECT * FROM verify('kept');
CALL maintain('kept');

DROP SCHEMA delta_maintain CASCADE;
SELECT count(*) FROM segment_folds f WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = f.history);
DROP OWNED BY delta_maintain_owner, delta_maintain_reader;
DROP ROLE delta_maintain_owner, delta_maintain_reader;
