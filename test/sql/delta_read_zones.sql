-- Conditions on columns that have zones pass segments over, and change no result.
CREATE SCHEMA delta_read_zones;
SET search_path = delta_read_zones, tsmem, public;
SET jit = off;
SET timezone = 'UTC';
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE sale (gone int, id int PRIMARY KEY, n int2, at timestamptz, day date, f float8, name text, code varchar(20), u numeric, m mood, late int, note text);
SELECT add_system_versioning('sale');
ALTER TABLE sale DROP COLUMN gone;
INSERT INTO sale SELECT i, i / 10, '2026-01-01'::timestamptz + i * interval '1 hour', '2026-01-01'::date + i, CASE WHEN i = 990 THEN 'NaN' ELSE i / 8.0 END, 'name ' || i, 'c' || i / 5, i / 4.0,
	(CASE WHEN i < 900 THEN 'calm' ELSE 'cross' END)::mood, CASE WHEN i > 500 THEN i END, repeat(md5(i::text), 4) FROM generate_series(1, 1000) i;
UPDATE sale SET n = NULL WHERE id BETWEEN 300 AND 320;
-- Segments of before the option have no zones.
SELECT set_delta_options('sale', block_size => 2000) IS NOT NULL AS set;
UPDATE sale SET note = note WHERE id <= 100;
DO $$ BEGIN FOR r IN 1..3 LOOP UPDATE sale SET note = note || r WHERE id <= 100; COMMIT; END LOOP; END $$;
SELECT versions > 0 AS some FROM fold('sale');
SELECT set_delta_options('sale', zones => '{id,n,at,day,f,name,u}') IS NOT NULL AS set;
DO $$ BEGIN FOR r IN 1..3 LOOP UPDATE sale SET note = note || r WHERE id > 150; COMMIT; END LOOP; END $$;
DELETE FROM sale WHERE id > 995;
SELECT versions > 0 AS some FROM fold('sale');
SELECT count(*) FILTER (WHERE zones IS NULL) > 0 AS without, count(*) FILTER (WHERE zones IS NOT NULL) > 20 AS with FROM sale_history_segments;
CREATE TABLE plain AS SELECT * FROM sale_history;
-- 18 warns of what it does not vacuum.
SET client_min_messages = error;
VACUUM ANALYZE sale_history;
RESET client_min_messages;

-- The condition, and whether segments were passed over by it.
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ '(Key|Zone) Cond' THEN
			RETURN NEXT replace(btrim(line), '(InitPlan 1).col1', '$0');
		ELSIF line ~ 'Segments Skipped' THEN
			RETURN NEXT CASE WHEN line ~ ' 0$' THEN 'none' ELSE 'some' END || ' skipped';
		END IF;
	END LOOP;
END $$;
SELECT plan('SELECT * FROM sale_history WHERE n = 77');
SELECT plan('SELECT * FROM sale_history WHERE 77 < n AND n < 79');
SELECT plan('SELECT * FROM sale_history WHERE name = ''name 700''');
SELECT plan('SELECT * FROM sale_history WHERE name IN (''name 700'', ''name 702'', NULL)');
SELECT plan('SELECT * FROM sale_history WHERE u = 100');
SELECT plan('SELECT * FROM sale_history WHERE at = ''2026-01-02 03:00+00''');
SELECT plan('SELECT * FROM sale_history WHERE at >= to_timestamp(1768186800)');
SELECT plan('SELECT * FROM sale_history WHERE f = ''NaN''');
-- In a range of keys; in the history of one, where the last version ends the search.
SELECT plan('SELECT * FROM sale_history WHERE id BETWEEN 200 AND 600 AND n = 31');
SELECT plan('SELECT * FROM sale_history WHERE id = 600 AND n = 31');
SELECT count(*) FROM sale_history WHERE id = 600 AND row_start <= now() AND row_end > now() - interval '1 day' AND n = 31;
-- Nothing is known of: nulls, other operators, orders of text, columns without zones, times that depend on the time zone, volatile values.
SELECT plan('SELECT * FROM sale_history WHERE n IS NULL');
SELECT plan('SELECT * FROM sale_history WHERE n <> 5 AND n + 1 = 6 AND NOT n = 7');
SELECT plan('SELECT * FROM sale_history WHERE name > ''name 700'' AND name LIKE ''name 70%''');
SELECT plan('SELECT * FROM sale_history WHERE name ~>=~ ''name 70'' AND name = ''name 702'' COLLATE "C"');
SELECT plan('SELECT * FROM sale_history WHERE name = ''NAME 702'' COLLATE same');
SELECT plan('SELECT * FROM sale_history WHERE late = 600 AND m = ''cross''');
SELECT plan('SELECT * FROM sale_history WHERE day > ''2026-04-01''::timestamptz');
SELECT plan('SELECT * FROM sale_history WHERE n > random() * 0 + 90');
-- A null, and no element, fulfil nothing.
SELECT plan('SELECT * FROM sale_history WHERE n = (SELECT NULL::int2)');
SELECT count(*) FROM sale_history WHERE n = ANY ('{NULL}'::int2[]);
SELECT count(*) FROM sale_history WHERE n = ANY (array(SELECT g::int2 FROM generate_series(1000, 1200) g UNION ALL SELECT 33));

-- Prepared, with values that change; as of outer rows; by several workers.
SET plan_cache_mode = force_generic_plan;
PREPARE of_n(int8) AS SELECT count(*), min(id), max(id) FROM sale_history WHERE n = $1;
EXECUTE of_n(77);
EXECUTE of_n(12);
EXECUTE of_n(NULL);
EXECUTE of_n(100000000000);
PREPARE of_names(text[]) AS SELECT count(*), min(id), max(id) FROM sale_history WHERE name = ANY ($1);
EXECUTE of_names('{name 9,name 1000}');
EXECUTE of_names('{}');
EXECUTE of_names(NULL);
RESET plan_cache_mode;
SELECT x, (SELECT count(*) FROM sale_history h WHERE h.n = x) FROM unnest('{4,NULL,99}'::int[]) x;
SELECT x, l.count FROM unnest('{4,NULL,99}'::int[]) x, LATERAL (SELECT count(*) FROM sale_history h WHERE h.id BETWEEN 1 AND 60 AND h.n >= x) l;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT count(*) FROM sale_history WHERE name = 'name 700';
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;

-- Rows that a query gives of the history and not of its copy, or the other way.
CREATE FUNCTION differ(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((SELECT * FROM sale_history WHERE %1$s EXCEPT ALL SELECT * FROM plain WHERE %1$s) UNION ALL (SELECT * FROM plain WHERE %1$s EXCEPT ALL SELECT * FROM sale_history WHERE %1$s)) d', condition) INTO n;
	RETURN n;
END $$;
CREATE FUNCTION differing() RETURNS TABLE (condition text, rows bigint) LANGUAGE sql AS $$
	SELECT c, differ(c) FROM (SELECT format('%s %s %s', l, o, r) FROM unnest('{=,<,<=,>,>=}'::text[]) o, (VALUES ('n', '31'), ('n', '-1::int8'), ('n', '''32767''::int4'), ('f', '12.5'), ('f', '''NaN'''), ('f', '99::float4'),
		('at', '''2026-01-12 03:00+00'''), ('at', '''infinity'''), ('at', '''2026-02-01''::date'), ('day', '''2026-04-01'''), ('day', '''2026-04-01''::timestamptz'), ('name', '''name 700'''), ('u', '100'), ('m', '''cross'''), ('late', '600')) v (l, r)
		UNION ALL SELECT unnest('{n IS NULL,n IS NOT NULL,"n IN (3, 99, NULL)","name IN (''name 3'', ''x'')","n IS NULL OR n = 5","n IS DISTINCT FROM 5","NOT (n > 5)"}'::text[])) q (c) WHERE differ(c) <> 0 $$;
SELECT * FROM differing();

-- Columns that change: segments of before are read by what they hold now.
ALTER TABLE sale RENAME COLUMN n TO number;
ALTER TABLE plain RENAME COLUMN n TO number;
SELECT plan('SELECT * FROM sale_history WHERE number = 77');
SELECT differ('number = 77'), differ('number < 5');
ALTER TABLE sale RENAME COLUMN number TO n;
ALTER TABLE plain RENAME COLUMN number TO n;
ALTER TABLE sale ALTER COLUMN f TYPE numeric, ALTER COLUMN n TYPE int8, ALTER COLUMN u TYPE numeric(8, 1);
ALTER TABLE plain ALTER COLUMN f TYPE numeric, ALTER COLUMN n TYPE int8, ALTER COLUMN u TYPE numeric(8, 1);
SELECT plan('SELECT * FROM sale_history WHERE n = 77 AND f = 12.5 AND u = 24.8');
SELECT * FROM differing();
ALTER TABLE sale ALTER COLUMN name TYPE text COLLATE same;
ALTER TABLE plain ALTER COLUMN name TYPE text COLLATE same;
SELECT plan('SELECT * FROM sale_history WHERE name = ''NAME 700''');
SELECT count(*) > 0 AS some FROM sale_history WHERE name = 'NAME 700';
SELECT differ('name = ''NAME 700''');
ALTER TABLE sale ADD COLUMN more int DEFAULT 7, DROP COLUMN day;
ALTER TABLE plain ADD COLUMN more int DEFAULT 7, DROP COLUMN day;
SELECT set_delta_options('sale', zones => '{n,more,m,code,u}') IS NOT NULL AS set;
UPDATE sale SET more = 8;
UPDATE sale SET more = 9;
SELECT versions > 0 AS some FROM fold('sale');
DROP TABLE plain;
CREATE TABLE plain AS SELECT * FROM sale_history;
SELECT plan('SELECT * FROM sale_history WHERE more = 5');
SELECT differ('more = 7'), differ('more > 7'), differ('more IS NULL'), differ('m = ''cross'''), differ('code = ''c7'''), differ('code IN (''c7'', ''c9'')'), differ('n >= 90');
SELECT plan('SELECT * FROM sale_history WHERE m = ''cross''');
SELECT plan('SELECT * FROM sale_history WHERE code = ''c7''');

-- Operators that may tell what they see wait for a policy, and pass nothing over before it.
CREATE ROLE delta_read_zones_other;
GRANT USAGE ON SCHEMA delta_read_zones TO delta_read_zones_other;
GRANT SELECT ON sale TO delta_read_zones_other;
ALTER TABLE sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON sale FOR SELECT TO delta_read_zones_other USING (id < 60);
SET ROLE delta_read_zones_other;
SELECT max(id) FROM sale_history WHERE more > 7;
SELECT plan('SELECT max(id) FROM sale_history WHERE n = 5');
SELECT plan('SELECT max(id) FROM sale_history WHERE u = 10');
SELECT max(id) FROM sale_history WHERE n = 5;
SELECT max(id) FROM sale_history WHERE code = 'c7';
RESET ROLE;
ALTER TABLE sale DISABLE ROW LEVEL SECURITY;

-- Without the option nothing is asked; segments keep what they have.
SELECT set_delta_options('sale', reset => '{zones}') IS NOT NULL AS set;
SELECT plan('SELECT * FROM sale_history WHERE n = 77');
SELECT differ('n = 77');
SET client_min_messages = warning;
DROP SCHEMA delta_read_zones CASCADE;
DROP OWNED BY delta_read_zones_other;
DROP ROLE delta_read_zones_other;
