-- Folded history gives what rows gave, whatever the query: keys of many types, conditions at random.
CREATE SCHEMA delta_read_random;
SET search_path = delta_read_random, tsmem, public;
SET jit = off;
SELECT setseed(0.25);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE mood AS ENUM ('calm', 'merry', 'cross');

-- Each table has the columns k (perhaps k2), v and note.
CREATE PROCEDURE fill(name text, columns text, key text, expressions text, n int, rounds int) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (%s, v int, note text, PRIMARY KEY (%s))', name, columns, key);
	PERFORM add_system_versioning(name::regclass);
	EXECUTE format('INSERT INTO %I SELECT %s, i, repeat(md5(i::text), i %% 7) FROM generate_series(1, %s) i', name, expressions, n);
	FOR r IN 1..rounds LOOP
		COMMIT;
		EXECUTE format('UPDATE %I SET v = v + 1, note = CASE WHEN random() < 0.1 THEN NULL ELSE left(note, 5) || repeat(v::text, 3) END WHERE random() < 0.4', name);
		COMMIT;
		IF r % 5 = 0 THEN
			EXECUTE format('DELETE FROM %I WHERE random() < 0.05', name);
			COMMIT;
			EXECUTE format('INSERT INTO %I SELECT %s, i, ''back'' FROM generate_series(1, %s) i WHERE random() < 0.2 ON CONFLICT DO NOTHING', name, expressions, n);
			COMMIT;
		END IF;
		-- What comes after the last fold stays in the tail; the folds before are merged into it.
		IF r IN (rounds / 2, rounds * 4 / 5) THEN
			EXECUTE format('INSERT INTO %I SELECT * FROM ONLY %I', name || '_copy', name || '_history');
			PERFORM fold(name::regclass);
		ELSIF r = 1 THEN
			EXECUTE format('CREATE TABLE %I (LIKE %I)', name || '_copy', name || '_history');
		END IF;
	END LOOP;
	EXECUTE format('INSERT INTO %I SELECT * FROM ONLY %I', name || '_copy', name || '_history');
END $$;
CALL fill('by_int', 'k int', 'k', 'i', 60, 40);
CALL fill('by_small', 'k int2', 'k', '(i - 10)::int2', 30, 20);
CALL fill('by_big', 'k int8', 'k', 'i::int8 * 4000000000 - 80000000000', 40, 20);
CALL fill('by_text', 'k text COLLATE "C"', 'k', '''key '' || i', 40, 30);
CALL fill('by_uuid', 'k uuid', 'k', 'md5(i::text)::uuid', 40, 20);
CALL fill('by_numeric', 'k numeric', 'k', 'i * 1.10', 30, 20);
CALL fill('by_mood', 'k mood', 'k', '(enum_range(NULL::mood))[i]', 3, 60);
CALL fill('by_pair', 'k pair', 'k', 'row(i, ''b'' || i)::pair', 30, 20);
CALL fill('by_two', 'k int, k2 text', 'k, k2', 'i % 5, ''part '' || i', 40, 25);

-- How a query of the history differs from the same query of the copy, where H stands for either.
CREATE FUNCTION differ(name text, query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	folded text := regexp_replace(query, '\mH\M', quote_ident(name || '_history'), 'g');
	plain text := regexp_replace(query, '\mH\M', quote_ident(name || '_copy'), 'g');
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) d', '(' || folded || ')', '(' || plain || ')') INTO n;
	RETURN n;
END $$;
-- A time: the start or the end of some version, or one beside it. Workers would take longer to start than the rest of the test.
CREATE FUNCTION a_time(name text) RETURNS text LANGUAGE plpgsql SET max_parallel_workers_per_gather = 0 AS $$
DECLARE t timestamptz;
BEGIN
	EXECUTE format('SELECT CASE WHEN random() < 0.5 THEN row_start ELSE row_end END FROM %I ORDER BY random() LIMIT 1', name || '_copy') INTO t;
	RETURN quote_literal(t + (floor(random() * 3) - 1) * interval '1 us') || '::timestamptz';
END $$;
CREATE FUNCTION a_key(name text) RETURNS text LANGUAGE plpgsql SET max_parallel_workers_per_gather = 0 AS $$
DECLARE k text; type text;
BEGIN
	EXECUTE format('SELECT k::text, pg_typeof(k) FROM %I ORDER BY random() LIMIT 1', name || '_copy') INTO k, type;
	RETURN quote_literal(k) || '::' || type;
END $$;
CREATE FUNCTION a_condition(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	keys text[] := ARRAY['true', format('k = %s', a_key(name)), format('k IN (%s, %s, %s)', a_key(name), a_key(name), a_key(name)),
		format('k > %s', a_key(name)), format('k BETWEEN %s AND %s', a_key(name), a_key(name)), format('k <= %s', a_key(name)), format('%s > k', a_key(name)), 'k IS NOT NULL',
		format('k = ANY (ARRAY[%s, NULL])', a_key(name)), format('k = (SELECT %s)', a_key(name)), format('(k = %s OR v < 10)', a_key(name))];
	t text := a_time(name);
	times text[] := ARRAY['true', format('row_start <= %1$s AND row_end > %1$s', t), format('row_start < %s AND row_end > %s', a_time(name), a_time(name)), format('row_start > %s', t),
		format('row_end <= %s', t), format('row_start = %s', t), format('%s >= row_end', t), format('row_end = %s', t), format('row_start <= %1$s AND row_end >= %1$s', t),
		format('row_start >= %s AND row_end <= %s', t, a_time(name)), 'row_start <= ''infinity'' AND row_end > ''-infinity''', 'row_start < ''-infinity''', 'row_end >= ''infinity''',
		'row_start <= now()::date + 1 AND row_end > now()::date - 1', 'row_end > NULL'];
	others text[] := ARRAY['true', 'v % 3 = 0', 'note IS NULL'];
	result text := keys[1 + floor(random() * cardinality(keys))] || ' AND ' || times[1 + floor(random() * cardinality(times))] || ' AND ' || others[1 + floor(random() * cardinality(others))];
BEGIN
	-- Records have no order that a key could be compared by here.
	RETURN result;
END $$;
CREATE FUNCTION a_query(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	forms text[] := ARRAY['SELECT * FROM H WHERE %s', 'SELECT k, row_start FROM H WHERE %s', 'SELECT count(*), sum(v), max(note) FROM H WHERE %s', 'SELECT v FROM H WHERE %s',
		'SELECT h::text FROM H h WHERE %s', 'SELECT DISTINCT note FROM H WHERE %s',
		'SELECT array_agg(w ORDER BY n) FROM (SELECT k::text || row_start AS w, row_number() OVER () AS n FROM (SELECT * FROM H WHERE %s ORDER BY k, row_start, row_end LIMIT 20) o) o',
		'SELECT array_agg(w ORDER BY n) FROM (SELECT k::text || row_start AS w, row_number() OVER () AS n FROM (SELECT * FROM H WHERE %s ORDER BY k DESC, row_start DESC) o) o',
		'SELECT array_agg(w ORDER BY n) FROM (SELECT k::text || row_start AS w, row_number() OVER () AS n FROM (SELECT * FROM H WHERE %s ORDER BY row_start, k) o) o'];
BEGIN
	RETURN format(forms[1 + floor(random() * cardinality(forms))], a_condition(name));
END $$;
CREATE FUNCTION run(n int) RETURNS TABLE (tab text, queries bigint, differing bigint) LANGUAGE plpgsql AS $$
DECLARE query text; d bigint;
BEGIN
	FOR tab IN SELECT left(t.rel::text, 100) FROM versioned_tables t WHERE t.rel::text LIKE 'by_%' ORDER BY 1 LOOP
		queries := 0; differing := 0;
		FOR i IN 1..n LOOP
			query := a_query(tab);
			d := differ(tab, query);
			queries := queries + 1;
			IF d <> 0 THEN
				differing := differing + 1;
				RAISE NOTICE '%: % rows differ: %', tab, d, query;
			END IF;
		END LOOP;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM run(25);
-- The same where sorts and hashes are dear, so that the orders of the scan are used; and with statistics.
SET enable_sort = off;
SELECT * FROM run(8);
ANALYZE;
SELECT * FROM run(8);
RESET enable_sort;
-- By workers.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT * FROM run(3);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- Without and with too small a cache.
SET tsmem.chain_cache_size = 0;
SELECT * FROM run(5);
SET tsmem.chain_cache_size = '64kB';
SELECT * FROM run(5);
RESET tsmem.chain_cache_size;

-- Joins: each row of another table looks its versions up.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE FUNCTION run_joins() RETURNS TABLE (tab text, differing bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR tab IN SELECT t.rel::text FROM versioned_tables t WHERE t.rel::text LIKE 'by_%' ORDER BY 1 LOOP
		EXECUTE format('CREATE TEMP TABLE asked AS SELECT k, row_start + (floor(random() * 3) - 1) * interval ''1 us'' AS t, row_number() OVER () AS n FROM %I ORDER BY random() LIMIT 50', tab || '_copy');
		INSERT INTO asked VALUES (NULL, now(), 1000), (NULL, NULL, 1001);
		ANALYZE asked;
		differing := differ(tab, 'SELECT a.n, h.* FROM asked a JOIN H h ON h.k = a.k AND h.row_start <= a.t AND h.row_end > a.t')
			+ differ(tab, 'SELECT a.n, h.* FROM asked a LEFT JOIN H h ON h.k = a.k AND h.row_end > a.t')
			+ differ(tab, 'SELECT a.n, (SELECT sum(h.v) FROM H h WHERE h.k = a.k AND h.row_start <= a.t) FROM asked a')
			+ differ(tab, 'SELECT a.n, l.row_start FROM asked a, LATERAL (SELECT h.row_start FROM H h WHERE h.k = a.k AND h.row_start < a.t ORDER BY h.row_start DESC LIMIT 1) l WHERE a.n > 0')
			+ differ(tab, 'SELECT a.n FROM asked a WHERE EXISTS (SELECT FROM H h WHERE h.k = a.k AND h.row_start > a.t)')
			+ differ(tab, 'SELECT a.n, h.v FROM asked a JOIN H h ON h.k = ANY (ARRAY[a.k, a.k]) AND h.row_start <= a.t');
		DROP TABLE asked;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM run_joins();
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT * FROM run_joins();
\echo a key of two columns, bound in both or one
SELECT q, differ('by_two', 'SELECT * FROM H WHERE ' || q) FROM unnest('{"k = 1 AND k2 = ''part 6''", "k = 1 AND k2 = ''part 7''", "k2 = ''part 6'' AND k = 1::int8", "k = 1 AND k2 = ''part 6'' AND row_start <= now() AND row_end > now()",
	"k = 1 AND k2 LIKE ''part 6%''", "k2 = ''part 6''", "k = 1 AND k2 IN (''part 6'', ''part 11'')", "k = 1 AND k2 = NULL", "(k, k2) = (1, ''part 6'')", "(k, k2) IN ((1, ''part 6''), (2, ''part 7''))"}'::text[]) q;
SET client_min_messages = warning;
DROP SCHEMA delta_read_random CASCADE;
