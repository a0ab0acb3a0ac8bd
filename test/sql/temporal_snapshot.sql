-- A token of a snapshot reads again what the snapshot saw.
CREATE SCHEMA temporal_snapshot;
SET search_path = temporal_snapshot, tsmem, public;
CREATE TABLE account (gone int, id int PRIMARY KEY, v int, valid_at daterange NOT NULL DEFAULT '[2026-01-01,)');
ALTER TABLE account DROP COLUMN gone;
SELECT add_period('account', 'valid_at'), add_system_versioning('account');
SELECT snapshot() AS empty \gset
INSERT INTO account SELECT i, 0 FROM generate_series(1, 3) i;
SELECT snapshot() AS first \gset
UPDATE account SET v = 1 WHERE id < 3;
DELETE FROM account WHERE id = 3;
INSERT INTO account VALUES (4, 1, '[2026-05-01,)');
SELECT snapshot() AS second \gset
UPDATE account SET v = 2;
SELECT count(*) FROM account_as_of_snapshot(:'empty');
SELECT id, v FROM account_as_of_snapshot(:'first') ORDER BY id;
SELECT id, v FROM account_as_of_snapshot(:'second') ORDER BY id;
SELECT id, v FROM account_as_of_snapshot(snapshot()) ORDER BY id;
SELECT id, v FROM as_of_snapshot(NULL::account, :'first') ORDER BY id;
SELECT id, v FROM as_of_snapshot(NULL::account, :'second', '2026-03-01') ORDER BY id;
SELECT id, v FROM as_of_snapshot(NULL::account, NULL, '2026-03-01') ORDER BY id;
SELECT id, v FROM as_of_snapshot(NULL::account, NULL) ORDER BY id;
SELECT count(*) FROM account_as_of_snapshot(NULL);
\echo the form of a token
SELECT snapshot() ~ '^tsm1\.[0-9a-f]{16}\.[0-9]+\.[0-9]*\.[0-9]+:[0-9]+:[0-9,]*$' AS form;
\echo own changes are seen, those of the whole transaction
BEGIN;
UPDATE account SET v = 10 WHERE id = 1;
SELECT snapshot() AS own \gset
SELECT id, v FROM account_as_of_snapshot(:'own') ORDER BY id;
SAVEPOINT s;
UPDATE account SET v = 11 WHERE id = 1;
DELETE FROM account WHERE id = 2;
ROLLBACK TO s;
SAVEPOINT s;
UPDATE account SET v = 12 WHERE id = 1;
RELEASE s;
SELECT id, v FROM account_as_of_snapshot(:'own') ORDER BY id;
SELECT id, v FROM account_as_of_snapshot(:'second') ORDER BY id;
COMMIT;
SELECT id, v FROM account_as_of_snapshot(:'own') ORDER BY id;
\echo a token of what was rolled back
BEGIN; UPDATE account SET v = 13; SELECT snapshot() AS undone \gset
ROLLBACK;
SELECT id, v FROM account_as_of_snapshot(:'undone') ORDER BY id;
\echo a first change after the token is not seen
BEGIN; SELECT snapshot() AS before \gset
UPDATE account SET v = 14 WHERE id = 4;
SELECT id, v FROM account_as_of_snapshot(:'before') ORDER BY id;
COMMIT;
SELECT id, v FROM account_as_of_snapshot(:'before') ORDER BY id;
\echo more than one token, in one statement and as a parameter
SELECT count(*) FROM account_as_of_snapshot(:'first') a JOIN account_as_of_snapshot(:'second') b USING (id);
SELECT t.n, (SELECT sum(v) FROM account_as_of_snapshot(t.token)) FROM (VALUES (1, :'first'), (2, :'second'), (3, :'own')) t(n, token) ORDER BY n;
PREPARE q(text) AS SELECT sum(v) FROM account_as_of_snapshot($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE q(:'first'); EXECUTE q(:'second');
RESET plan_cache_mode;
\echo conditions reach both indexes
SET enable_seqscan = off; SET enable_bitmapscan = off;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		RETURN NEXT regexp_replace(line, 'tsm1[^'']*', 'TOKEN');
	END LOOP;
END $$;
SELECT plan(format('SELECT * FROM account_as_of_snapshot(%L) WHERE id = 1', :'first'));
RESET enable_seqscan; RESET enable_bitmapscan;

\echo what is none
CREATE FUNCTION refused(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM count(*) FROM tsmem.as_of_snapshot(NULL::temporal_snapshot.account, token);
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'tsm1\.[0-9a-f]{16}', 'tsm1.SYSTEM');
END $$;
SELECT 'tsm1.' || lpad(to_hex(system_identifier), 16, '0') || '.' AS here FROM pg_control_system() \gset
SELECT t AS tail, refused(:'here' || t) FROM unnest('{
	0..3:3:, 0..3:6:3,
	-5.4.3:6:3\,5,
	0..3:3:3, 0..3:6:2, 0..3:6:6, 0..3:6:4\,4, 0..3:6:5\,4, "0..3:6:4,", "0..3:6:,4",
	0..4:3:, 0..0:3:, 0.0.3:3:, 0..3:3, 0..3, 0., "", 0.3:3:, 0..3:3:x, "0..3:3: ", "0.. 3:3:", 0..+3:3:, 0x0..3:3:,
	99999999999999999999..3:3:, 9223372036854775807..3:3:, -9223372036854775807..3:3:, 0.18446744073709551616.3:3:
}'::text[]) t;
SELECT refused(t) FROM unnest('{"", now, tsm1, tsm1., TSM1., tsm2.0.0..3:3:, tsm1.10000000000000000.0..3:3:, tsm1.ABC.0..3:3:}'::text[]) t;
\echo another cluster, and a future
SELECT refused('tsm1.0000000000000001.0..3:3:'), refused(:'here' || '0..3:18446744073709551615:');
SELECT refused(:'here' || '0..3:' || pg_snapshot_xmax(pg_current_snapshot()) || ':');
\echo a limit, and one past it
SELECT n, left(refused(:'here' || '0..3:18446744073709551615:' || (SELECT string_agg(i::text, ',' ORDER BY i) FROM generate_series(3, n + 2) i)), 60)
FROM unnest('{524286, 524287}'::int[]) n;
\echo what is not a versioned table
CREATE TABLE plain (id int);
SELECT * FROM as_of_snapshot(NULL::plain, snapshot());
SELECT * FROM as_of_snapshot(1, snapshot());
SELECT _seen(snapshot(), 'plain', now(), '3', NULL, NULL);
SELECT _seen(snapshot(), 'account', NULL, '3', NULL, NULL), _seen(NULL, 'account', now(), '3', NULL, NULL), _seen(snapshot(), NULL, now(), '3', NULL, NULL);
SELECT _seen(snapshot(), '1'::regclass, now(), '3', NULL, NULL);
\echo times decide before the registration, transactions after it
SELECT e.name, _seen(:'here' || (extract(epoch FROM since - '2000-01-01 UTC'::timestamptz) * 1000000 - 1000000)::bigint || '.12.10:20:15', rel,
	since + s, x, coalesce(since + e, 'infinity'), ex)
FROM tsmem.versioned_tables, (VALUES
	('before, current', interval '-1 s', xid8 '999', NULL::interval, NULL::xid8),
	('too late, current', '-0.999999 s', '9', NULL, NULL),
	('before, ended before', '-2 s', '999', '-1 s', '999'),
	('before, ended too late', '-2 s', '999', '-0.999999 s', '9'),
	('before, ended here, seen', '-2 s', '999', '0', '9'),
	('before, ended here, running', '-2 s', '999', '0', '15'),
	('here, seen', '0', '9', NULL, NULL),
	('here, own', '0', '12', NULL, NULL),
	('here, running', '0', '15', NULL, NULL),
	('here, later committed before', '0', '19', NULL, NULL),
	('here, future', '0', '20', NULL, NULL),
	('here, without id', '0', NULL, NULL, NULL)
) e(name, s, x, e, ex) WHERE rel = 'account'::regclass;

\echo rights and row-level security are those of the caller
CREATE ROLE regress_snapshot_reader;
GRANT USAGE ON SCHEMA temporal_snapshot TO regress_snapshot_reader;
SET ROLE regress_snapshot_reader;
SELECT count(*) FROM account_as_of_snapshot(:'first');
SELECT count(*) FROM as_of_snapshot(NULL::account, :'first');
RESET ROLE;
GRANT SELECT ON account TO regress_snapshot_reader;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON account USING (id % 2 = 1);
SET ROLE regress_snapshot_reader;
SELECT id, v FROM account_as_of_snapshot(:'first') ORDER BY id;
SELECT id, v FROM as_of_snapshot(NULL::account, :'first') ORDER BY id;
RESET ROLE;
\echo partitions that are versioned each by itself, and a table made of them
CREATE TABLE m (id int, k int, row_start timestamptz, row_xid xid8) PARTITION BY LIST (k);
CREATE TABLE m_1 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (1);
CREATE TABLE m_2 PARTITION OF m (PRIMARY KEY (id)) FOR VALUES IN (2);
SELECT add_system_versioning('m_1');
SELECT * FROM as_of_snapshot(NULL::m, snapshot());
SELECT _seen(snapshot(), 'm', now(), '3', NULL, NULL);
SELECT add_system_versioning('m_2');
INSERT INTO m VALUES (1, 1), (2, 2);
SELECT snapshot() AS parts \gset
UPDATE m SET id = id + 10;
SELECT id, k FROM as_of_snapshot(NULL::m, :'parts') ORDER BY id;
SELECT id, k FROM as_of_snapshot(NULL::m, snapshot()) ORDER BY id;
SELECT id, k FROM m_1_as_of_snapshot(:'parts');
\echo the function follows its table
ALTER TABLE account RENAME TO ledger;
SELECT id, v FROM ledger_as_of_snapshot(:'first') ORDER BY id;
ALTER TABLE ledger ADD COLUMN note text DEFAULT 'n';
SELECT id, v, note FROM ledger_as_of_snapshot(:'first') ORDER BY id;
DROP SCHEMA temporal_snapshot CASCADE;
DROP ROLE regress_snapshot_reader;
