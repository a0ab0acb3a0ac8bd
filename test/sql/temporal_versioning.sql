-- A versioned table keeps every former version of its rows.
CREATE SCHEMA temporal_versioning;
SET search_path = temporal_versioning, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_versioning.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_versioning.user_versioned_tables TO PUBLIC;

-- When something happened, by name.
CREATE TABLE moment (name text PRIMARY KEY, at timestamptz NOT NULL);
CREATE PROCEDURE remember(moment text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_sleep(0.002);
	INSERT INTO temporal_versioning.moment VALUES (moment, clock_timestamp());
	COMMIT;
	PERFORM pg_sleep(0.002);
END $$;
CREATE FUNCTION at(moment text) RETURNS timestamptz STABLE LANGUAGE sql
RETURN (SELECT m.at FROM temporal_versioning.moment m WHERE m.name = moment);

CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric, note text);
INSERT INTO account VALUES (1, 'anna', 10, NULL), (2, 'bob', 20, 'b');
CALL remember('before');
SELECT add_system_versioning('account', '{note}');
CALL remember('start');
\d account
\d account_history
\d account_versions

UPDATE account SET balance = 11 WHERE id = 1;
CALL remember('first');
UPDATE account SET balance = 12 WHERE id = 1;
DELETE FROM account WHERE id = 2;
INSERT INTO account VALUES (3, 'carl', 30);
CALL remember('second');

SELECT id, owner, balance, note FROM account_as_of(at('before')) ORDER BY id;
SELECT id, owner, balance, note FROM account_as_of(at('start')) ORDER BY id;
SELECT id, owner, balance, note FROM account_as_of(at('first')) ORDER BY id;
SELECT id, owner, balance, note FROM account_as_of(at('second')) ORDER BY id;
SELECT id, owner, balance, note FROM account_as_of(now()) ORDER BY id;
SELECT count(*) FROM account_as_of(NULL);
SELECT count(*) FROM account_as_of('infinity');
SELECT count(*) FROM account_as_of('-infinity');

-- Both stamps of a version are those of the transaction that made and ended it.
BEGIN;
UPDATE account SET balance = 13 WHERE id = 1;
SELECT a.row_start = now() AS start, a.row_xid = pg_current_xact_id() AS xid,
	h.row_end = now() AS ended, h.row_end_xid = pg_current_xact_id() AS end_xid
FROM account a JOIN account_history h USING (id) WHERE id = 1 ORDER BY h.row_end DESC LIMIT 1;
COMMIT;

-- The whole history of a row, each version ending where the next begins.
SELECT id, balance, row_end = 'infinity' AS current, upper_inf(sys_period) AS open,
	row_start = lag(row_end) OVER (PARTITION BY id ORDER BY row_start) AS contiguous
FROM account_versions ORDER BY id, row_start;

-- FROM ... TO excludes the upper bound, BETWEEN includes it, reversed bounds give nothing.
SELECT h.row_start AS began, h.row_end AS ended FROM account_history h WHERE id = 1 AND balance = 11 \gset
SELECT balance FROM account_from_to(:'began', :'ended') WHERE id = 1 ORDER BY 1;
SELECT balance FROM account_between(:'began', :'ended') WHERE id = 1 ORDER BY 1;
SELECT count(*) FROM account_from_to(:'ended', :'began');
SELECT count(*) FROM account_from_to(:'began', :'began');
SELECT count(*) FROM account_between(:'ended', :'began');
SELECT balance FROM account_between(:'began', :'began') WHERE id = 1;
SELECT balance FROM account_between_symmetric(:'ended', :'began') WHERE id = 1 ORDER BY 1;
SELECT count(*) FROM account_from_to('-infinity', 'infinity');
SELECT count(*) FROM account_from_to(NULL, 'infinity');
SELECT count(*) FROM account_between(NULL, 'infinity');
SELECT count(*) FROM account_between_symmetric(NULL, 'infinity');

-- What a statement gives for the stamps is ignored.
INSERT INTO account VALUES (4, 'dora', 40, NULL, '1999-01-01', '1') RETURNING row_start = now() AS now, row_xid = pg_current_xact_id() AS xid;
UPDATE account SET row_start = '1999-01-01', row_xid = '1' WHERE id = 4;
UPDATE account SET balance = 41, row_start = 'infinity', row_xid = '99999' WHERE id = 4 RETURNING row_start = now() AS now, row_xid = pg_current_xact_id() AS xid;
SELECT count(*), min(row_start) > at('second') AS since FROM account_versions WHERE id = 4;

-- No version for a change of an excluded column or of nothing; a version for null and from null.
SELECT count(*) AS before FROM account_history \gset
UPDATE account SET note = 'noted';
UPDATE account SET balance = balance;
SELECT count(*) - :before AS versions FROM account_history;
UPDATE account SET balance = NULL WHERE id = 4;
UPDATE account SET balance = 0 WHERE id = 4;
SELECT count(*) - :before AS versions FROM account_history;

-- The registration.
SELECT rel, history, versions, functions, key_columns, disjoint_keys, excluded_columns, added_columns, options, horizon,
	system_identifier = (SELECT system_identifier FROM pg_control_system()) AS here
FROM temporal_versioning.user_versioned_tables WHERE rel = 'account'::regclass;

-- Dropping the table leaves nothing.
DROP TABLE account_history;
DROP TABLE account;
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_versioning'::regnamespace AND relname LIKE 'account%';
SELECT proname FROM pg_proc WHERE pronamespace = 'temporal_versioning'::regnamespace AND proname LIKE 'account%';
SELECT count(*) FROM temporal_versioning.user_versioned_tables WHERE history::oid NOT IN (SELECT oid FROM pg_class);

-- drop_system_versioning keeps the history as an ordinary table, or drops it.
CREATE TABLE kept (id int PRIMARY KEY, v int);
SELECT add_system_versioning('kept');
INSERT INTO kept VALUES (1, 1);
UPDATE kept SET v = 2;
SELECT drop_system_versioning('kept');
\d kept
SELECT id, v FROM kept_history;
DELETE FROM kept_history;
SELECT add_system_versioning('kept');
DROP TABLE kept_history;
SELECT add_system_versioning('kept');
SELECT drop_system_versioning('kept', keep_history => false);
SELECT relname FROM pg_class WHERE relnamespace = 'temporal_versioning'::regnamespace AND relname LIKE 'kept%' ORDER BY 1;
SELECT drop_system_versioning('kept');
SELECT drop_system_versioning(NULL);

DROP SCHEMA temporal_versioning CASCADE;
