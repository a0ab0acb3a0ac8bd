-- The history scan finds what reading everything finds: random changes, keys and times.
CREATE SCHEMA temporal_scan_random;
SET search_path = temporal_scan_random, tsmem, public;
SELECT setseed(0.42);
CREATE TABLE t (a int, b text, v int, PRIMARY KEY (a, b));
SELECT add_system_versioning('t');
DO $$
DECLARE key int; name text;
BEGIN
	SET LOCAL search_path = temporal_scan_random, tsmem, public;
	FOR i IN 1..1500 LOOP
		key := floor(random() * 7); name := chr(97 + floor(random() * 3)::int);
		CASE floor(random() * 6)::int
			WHEN 0 THEN DELETE FROM t WHERE a = key AND b = name;
			WHEN 1, 2 THEN INSERT INTO t VALUES (key, name, i) ON CONFLICT (a, b) DO UPDATE SET v = excluded.v;
			WHEN 3 THEN UPDATE t SET b = name WHERE a = key AND b = 'a' AND NOT EXISTS (SELECT FROM t x WHERE x.a = key AND x.b = name);
			ELSE UPDATE t SET v = i WHERE a = key;
		END CASE;
		COMMIT;
	END LOOP;
END $$;
SET search_path = temporal_scan_random, tsmem, public;
ANALYZE t, t_history;
-- Each beginning and end, and the microseconds beside them, for each key.
CREATE TABLE question AS SELECT DISTINCT a, b, at + d * interval '1 us' AS at
	FROM (SELECT row_start AS at FROM t_versions UNION SELECT row_end FROM t_history) s, generate_series(-1, 1) d, generate_series(0, 6) a, (VALUES ('a'), ('b'), ('c')) n(b)
	WHERE random() < 0.1;
SELECT count(*) > 1000 AS enough FROM question;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;
DO $$
DECLARE line text;
BEGIN
	FOR line IN EXPLAIN SELECT q.*, t.v FROM temporal_scan_random.question q, LATERAL temporal_scan_random.t_as_of(q.at) t WHERE t.a = q.a AND t.b = q.b LOOP
		IF line ~ 'TsmHistoryScan' THEN RAISE NOTICE 'by the history scan'; END IF;
	END LOOP;
END $$;
CREATE TABLE fast AS SELECT q.*, t.v FROM question q, LATERAL t_as_of(q.at) t WHERE t.a = q.a AND t.b = q.b;
CREATE TABLE slow AS SELECT q.*, v.v FROM question q JOIN (SELECT * FROM t_versions OFFSET 0) v ON v.a = q.a AND v.b = q.b AND v.sys_period @> q.at;
SELECT count(*) > 500 AS enough FROM fast;
SELECT count(*) FROM (TABLE fast EXCEPT ALL TABLE slow) x; SELECT count(*) FROM (TABLE slow EXCEPT ALL TABLE fast) x;
DROP SCHEMA temporal_scan_random CASCADE;
