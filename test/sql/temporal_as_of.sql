-- as_of reads any versioned table, on one axis or both; conditions reach the indexes of table and history.
CREATE SCHEMA temporal_as_of;
SET search_path = temporal_as_of, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_as_of.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_as_of.user_versioned_tables TO PUBLIC;
CREATE TABLE moment (name text PRIMARY KEY, at timestamptz NOT NULL);
CREATE PROCEDURE remember(moment text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_sleep(0.002);
	INSERT INTO temporal_as_of.moment VALUES (moment, clock_timestamp());
	COMMIT;
	PERFORM pg_sleep(0.002);
END $$;
CREATE FUNCTION at(moment text) RETURNS timestamptz STABLE LANGUAGE sql
RETURN (SELECT m.at FROM temporal_as_of.moment m WHERE m.name = moment);

CREATE TABLE price (dropped int, item text, amount int, valid_at tstzrange);
ALTER TABLE price DROP COLUMN dropped;
SELECT add_period('price', 'valid_at'), add_temporal_key('price', '{item}', 'valid_at', true);
SELECT add_system_versioning('price');
SELECT key_columns, disjoint_keys FROM temporal_as_of.user_versioned_tables WHERE rel = 'price'::regclass;
INSERT INTO price VALUES ('tea', 3, '[2026-01-01,2026-07-01)'), ('tea', 4, '[2026-07-01,)'), ('milk', 1, '[2026-01-01,)');
CALL remember('first');
UPDATE price SET amount = 5 WHERE item = 'tea' AND amount = 4;
DELETE FROM price WHERE item = 'milk';
CALL remember('corrected');

SELECT item, amount FROM as_of(NULL::price, at('first')) ORDER BY item, amount;
SELECT item, amount FROM as_of(NULL::price, at('first'), '2026-08-01') ORDER BY item, amount;
SELECT item, amount FROM as_of(NULL::price, valid => '2026-08-01', system => at('corrected')) ORDER BY item, amount;
SELECT item, amount FROM as_of(NULL::price, valid => '2026-02-01') ORDER BY item, amount;
SELECT item, amount FROM as_of(NULL::price) ORDER BY item, amount;
SELECT count(*) FROM as_of(NULL::price, '-infinity');
SELECT count(*) FROM as_of(NULL::price, 'infinity');
SELECT count(*) FROM as_of(NULL::price, NULL, 'infinity');
SELECT item, amount FROM price_as_of(at('first')) WHERE contains_instant(valid_at, '2026-08-01') ORDER BY item;
SELECT (as_of(NULL::price, at('first'), '2026-02-01')).amount;
SELECT p FROM (SELECT as_of(NULL::price, NULL, '2026-02-01') IS NOT NULL AS p) s;
-- A prepared statement, a join, a view, PL/pgSQL.
PREPARE q(timestamptz) AS SELECT item, amount FROM as_of(NULL::price, $1) ORDER BY item, amount;
EXECUTE q(at('first')); EXECUTE q(at('corrected'));
SELECT a.item, a.amount, b.amount AS now FROM price_as_of(at('first')) a LEFT JOIN price_as_of(at('corrected')) b USING (item, valid_at) ORDER BY 1, 2;
CREATE VIEW price_first AS SELECT * FROM price_as_of(at('first'));
SELECT count(*) FROM price_first;
-- Other kinds of ranges.
CREATE TABLE d (id int PRIMARY KEY, p daterange); CREATE TABLE s (id int PRIMARY KEY, p tsrange);
SELECT add_period('d', 'p'), add_period('s', 'p'), add_system_versioning('d'), add_system_versioning('s');
INSERT INTO d VALUES (1, '[2026-01-01,2026-02-01)'), (2, '[2026-02-01,)'); INSERT INTO s VALUES (1, '[2026-01-01,2026-02-01)'), (2, '[2026-02-01,)');
SELECT id FROM as_of(NULL::d, now(), '2026-01-31 23:59'); SELECT id FROM as_of(NULL::s, now(), '2026-02-01');
-- More rows than are fetched at a time.
INSERT INTO d SELECT i, '[2026-01-01,)' FROM generate_series(10, 3509) i;
UPDATE d SET p = '[2026-01-02,)' WHERE id >= 10;
SELECT count(*), min(lower(p)) FROM as_of(NULL::d, now()) WHERE id >= 10;
-- An old snapshot reads what it may see.
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM as_of(NULL::d, now()); ROLLBACK;

-- Bad input.
CREATE TABLE plain (id int); CREATE TABLE two (id int, p tstzrange, q tstzrange); CREATE TYPE composite AS (a int); CREATE VIEW a_view AS SELECT 1 AS one;
SELECT add_period('two', 'p'), add_period('two', 'q');
SELECT * FROM as_of(NULL::plain, now());
SELECT * FROM as_of(NULL::plain);
SELECT * FROM as_of(NULL::plain, NULL, now());
SELECT * FROM as_of(NULL::two, NULL, now());
SELECT * FROM as_of(NULL::two, now(), now());
SELECT * FROM as_of(1, now());
SELECT * FROM as_of(NULL::composite, now());
SELECT * FROM as_of(NULL::a_view, now());
SELECT * FROM as_of(NULL, now());
SELECT * FROM as_of(NULL::price_history, now());

-- Plans: one descent in each index, the same plan for current rows as without versioning.
CREATE TABLE big (id int PRIMARY KEY, v int, other int);
INSERT INTO big SELECT i, i, i % 100 FROM generate_series(1, 10000) i;
SELECT add_system_versioning('big');
UPDATE big SET v = v + 1; UPDATE big SET v = v + 1; ANALYZE big, big_history;
EXPLAIN (COSTS OFF) SELECT * FROM big_as_of('2026-01-01 UTC') WHERE id = 42;
EXPLAIN (COSTS OFF) SELECT * FROM big_versions WHERE id = 42;
EXPLAIN (COSTS OFF) SELECT * FROM big_between_symmetric('2026-02-01 UTC', '2026-01-01 UTC') WHERE id = 42;
SET enable_hashjoin = off; SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT * FROM (VALUES (1), (2)) w(id), big_as_of('2026-01-01 UTC') b WHERE b.id = w.id;
RESET enable_hashjoin; RESET enable_mergejoin;
EXPLAIN (COSTS OFF) SELECT * FROM big WHERE id = 42;
DROP SCHEMA temporal_as_of CASCADE;
