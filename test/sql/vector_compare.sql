-- Order, equality and hash: operators, B-tree and hash classes, DISTINCT, GROUP BY, joins.
SET client_min_messages = warning;
CREATE SCHEMA vector_compare;
SET search_path = vector_compare, tsmem, public;
RESET client_min_messages;
CREATE TABLE pair (a vector, b vector);
INSERT INTO pair VALUES ('[1,2,3]', '[1,2,3]'), ('[1,2,3]', '[1,2]'), ('[1,2]', '[1,2,3]'), ('[1,2]', '[2]'), ('[2]', '[1,2]'),
	('[-1]', '[1]'), ('[0]', '[-0]'), ('[1]', NULL);
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, sign(vector_cmp(a, b)) AS cmp FROM pair;
-- Equal vectors have equal hashes, -0 and 0 too.
SELECT count(*) FILTER (WHERE a = b), bool_and(vector_hash(a) = vector_hash(b)), bool_and(vector_hash_extended(a, 42) = vector_hash_extended(b, 42))
FROM pair WHERE a = b;
SELECT vector_hash_extended('[1,2]', 1) <> vector_hash_extended('[1,2]', 2) AS seeded,
	(vector_hash_extended('[1,2]', 0) & 4294967295) = (vector_hash('[1,2]')::bigint & 4294967295) AS low_half_is_hash;
SELECT count(DISTINCT vector_hash(format('[%s,%s]', i, j)::vector)) FROM generate_series(1, 20) i, generate_series(1, 20) j;
CREATE TABLE item (id int, v vector);
INSERT INTO item SELECT i, format('[%s,%s]', i % 7, i % 5)::vector FROM generate_series(1, 210) i;
INSERT INTO item VALUES (0, NULL), (-1, '[-0,-0]'), (-2, array_fill(1, ARRAY[600])::vector), (-3, array_fill(1, ARRAY[600])::vector);
ANALYZE item;
-- By sort and by hash the groups are the same.
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM item GROUP BY v;
SELECT count(*), sum(n), min(n), max(n) FROM (SELECT v, count(*) AS n FROM item GROUP BY v) g;
SELECT count(DISTINCT v) FROM item;
RESET enable_hashagg;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM item GROUP BY v;
SELECT count(*), sum(n), min(n), max(n) FROM (SELECT v, count(*) AS n FROM item GROUP BY v) g;
RESET enable_sort;
-- Joins of each kind
SET enable_mergejoin = off; SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM item a JOIN item b USING (v);
SELECT count(*) FROM item a JOIN item b USING (v);
RESET enable_mergejoin; SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM item a JOIN item b USING (v);
SELECT count(*) FROM item a JOIN item b USING (v);
SET enable_mergejoin = off; RESET enable_nestloop;
SELECT count(*) FROM item a JOIN item b USING (v);
RESET enable_mergejoin; RESET enable_hashjoin;
-- Indexes
DELETE FROM item WHERE vector_dims(v) = 600;
CREATE INDEX item_btree ON item (v);
SET enable_seqscan = off; SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM item WHERE v > '[6,3]' ORDER BY v;
SELECT DISTINCT v FROM item WHERE v > '[6,2]' ORDER BY v;
SELECT count(*) FROM item WHERE v = '[0,0]';
SELECT id FROM item ORDER BY v NULLS FIRST LIMIT 1;
DROP INDEX item_btree;
CREATE INDEX item_hash ON item USING hash (v);
EXPLAIN (COSTS OFF) SELECT id FROM item WHERE v = '[6,4]';
SELECT count(*) FROM item WHERE v = '[0,0]';
RESET enable_seqscan; RESET enable_bitmapscan;
DROP INDEX item_hash;
CREATE UNIQUE INDEX ON item (v) WHERE id <= 0;
INSERT INTO item VALUES (-4, '[0,0]');

SELECT count(*) FROM item WHERE v <> '[0,0]';
-- Partitions by hash keep their rows.
CREATE TABLE part (v vector) PARTITION BY HASH (v);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT v FROM item;
SELECT count(*) = (SELECT count(*) FROM item) AS all_there FROM part;
SELECT opcname, amname, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am m ON m.oid = opcmethod
WHERE opcintype = 'tsmem.vector'::regtype AND opcdefault AND amname IN ('btree', 'hash') ORDER BY amname;
