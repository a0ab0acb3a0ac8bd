-- query: one statement, translated and run with the rights of the caller.
CREATE SCHEMA temporal_query;
SET search_path = temporal_query, tsmem, public;
CREATE TABLE price (item text PRIMARY KEY, amount int, p daterange);
SELECT add_period('price', 'p'), add_system_versioning('price');
SELECT query('INSERT INTO price VALUES (''tea'', 3, ''[2026-01-01,)''), (''milk'', 1, ''[2026-06-01,)'')');
SELECT query('SELECT item, amount FROM price FOR SYSTEM_TIME AS OF clock_timestamp() ORDER BY item');
SELECT q->>'item' AS item FROM query('SELECT * FROM price FOR VALID_TIME AS OF ''2026-02-01''') q;
SELECT query('UPDATE price SET amount = amount + 1 RETURNING item, amount, p');
SELECT query('WITH x AS (UPDATE price SET amount = 0 WHERE item = ''tea'' RETURNING *) SELECT item FROM x');
SELECT query('DELETE FROM price WHERE item = ''none''');
SELECT query('SELECT 1 WHERE false'), query('SELECT'), query('VALUES (1, NULL), (2, ''a"\'')');
SELECT query(''), query(NULL), query(' ; -- nothing');
SELECT query('SHOW search_path');
SELECT query('EXPLAIN (COSTS OFF) SELECT 1;');
SELECT query('CREATE TABLE t (id int, f date, t date, PERIOD FOR p (f, t), PRIMARY KEY (id, p WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING');
SELECT query('SET LOCAL work_mem = ''4MB''');
-- More rows than are fetched at a time; in a select list, and stopped early.
SELECT count(*), sum((q->>'i')::int) FROM query('SELECT i FROM generate_series(1, 2500) i') q;
SELECT query('SELECT i FROM generate_series(1, 2500) i') LIMIT 1;
-- Parameters.
SELECT query('SELECT item FROM price FOR VALID_TIME AS OF $1 WHERE amount >= $2 AND $3 ORDER BY 1', '["2026-07-01", 0, true]');
SELECT query('SELECT $1 AS a, $2 IS NULL AS b, $3::jsonb AS c, $4::numeric AS d', '["it''s", null, {"x": [1]}, 1.50, "unused"]');
SELECT query('INSERT INTO price VALUES ($1, $2, $3)', '["rum", 9, "[2026-01-01,)"]');
SELECT query('SELECT $1, $2', '["one"]');
SELECT query('SELECT $1', '{"a": 1}');
SELECT query('SELECT $1', '1');
SELECT query('SELECT $1 + 1', '["x"]');
SELECT query('SELECT $1');
-- Refused.
SELECT query('SELECT 1; SELECT 2');
SELECT query('COMMIT');
SELECT query('COPY price TO STDOUT');
SELECT query('SELEC 1');
SELECT query('SELECT nothing FROM price FOR SYSTEM_TIME ALL');
SELECT query('SELECT * FROM price FOR SYSTEM_TIME SINCE x');
SELECT query('SELECT 1/0 AS x');
-- The rights are the caller's, and row-level security holds.
CREATE ROLE temporal_query_reader;
GRANT USAGE ON SCHEMA temporal_query TO temporal_query_reader;
SET ROLE temporal_query_reader;
SELECT query('SELECT item FROM price FOR SYSTEM_TIME ALL');
RESET ROLE;
GRANT SELECT ON price TO temporal_query_reader;
ALTER TABLE price ENABLE ROW LEVEL SECURITY;
CREATE POLICY tea ON price USING (item = 'tea');
SET ROLE temporal_query_reader;
SELECT query('SELECT DISTINCT item FROM price FOR SYSTEM_TIME ALL');
SELECT query('DELETE FROM price');
RESET ROLE;
SET statement_timeout = '100ms';
SELECT count(*) FROM query('SELECT pg_sleep(10)');
RESET statement_timeout;
DROP SCHEMA temporal_query CASCADE;
DROP ROLE temporal_query_reader;
