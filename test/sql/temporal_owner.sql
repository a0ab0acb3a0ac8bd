-- What the owner of a table cannot do: leave versions out, hollow out a period.
CREATE SCHEMA temporal_owner;
CREATE ROLE temporal_owner_anna;
GRANT ALL ON SCHEMA temporal_owner TO temporal_owner_anna;
SET search_path = temporal_owner, tsmem, public;
CREATE FUNCTION code(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || sqlerrm;
END $$;
SET ROLE temporal_owner_anna;
CREATE TABLE acc (id int PRIMARY KEY, v int);
CREATE TABLE part (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
SELECT add_system_versioning('acc'), add_system_versioning('part');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER own AFTER UPDATE ON acc FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT command, code(command) FROM unnest(ARRAY[
	'ALTER TABLE acc_history DISABLE TRIGGER ALL', 'ALTER TABLE acc_history DISABLE TRIGGER USER',
	'ALTER TABLE acc_history DISABLE TRIGGER "~tsmem_protect"', 'ALTER TABLE acc_history ENABLE REPLICA TRIGGER "~tsmem_protect_row"',
	'ALTER TABLE acc DISABLE TRIGGER ALL', 'ALTER TABLE acc DISABLE TRIGGER USER', 'ALTER TABLE acc DISABLE TRIGGER "~tsmem_history"',
	'ALTER TABLE acc ENABLE REPLICA TRIGGER "~tsmem_history"', 'ALTER TABLE part DISABLE TRIGGER ALL',
	'ALTER TABLE part_1 DISABLE TRIGGER "~tsmem_stamp"', 'ALTER TABLE part_1 DISABLE TRIGGER USER',
	'CREATE OR REPLACE TRIGGER "~tsmem_history" AFTER UPDATE ON acc FOR EACH ROW EXECUTE FUNCTION nothing()',
	'CREATE OR REPLACE TRIGGER "~tsmem_protect" BEFORE DELETE ON acc_history FOR EACH STATEMENT EXECUTE FUNCTION nothing()',
	'ALTER TABLE acc DISABLE TRIGGER own', 'ALTER TABLE acc ENABLE TRIGGER ALL']) WITH ORDINALITY AS c(command, ord) ORDER BY ord;
-- Nor with the settings of a session that restores a dump.
BEGIN;
SET LOCAL check_function_bodies = off;
SET LOCAL search_path = '';
SELECT temporal_owner.code('ALTER TABLE temporal_owner.acc_history DISABLE TRIGGER ALL');
COMMIT;
INSERT INTO acc VALUES (1, 1);
INSERT INTO part VALUES (1, 1);
UPDATE acc SET v = 2;
UPDATE part SET v = 2;
SELECT (SELECT count(*) FROM acc_history), (SELECT count(*) FROM part_history), code('DELETE FROM acc_history');
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname ~ '^~tsmem' AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'temporal_owner'::regnamespace) AND tgenabled <> 'A';

-- A superuser can, and gets back what was there.
RESET ROLE;
ALTER TABLE acc DISABLE TRIGGER ALL;
ALTER TABLE acc_history DISABLE TRIGGER ALL;
DELETE FROM acc_history;
UPDATE acc SET v = 3;
SELECT count(*) FROM acc_history;
ALTER TABLE acc ENABLE TRIGGER ALL;
ALTER TABLE acc_history ENABLE TRIGGER ALL;
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgrelid IN ('acc'::regclass, 'acc_history'::regclass) ORDER BY 1, 2;

-- A period stays a range that is never null and never empty, until it is dropped.
SET ROLE temporal_owner_anna;
CREATE TABLE pn (id int, v daterange, f date, t date);
SELECT add_period('pn', 'v'), add_period('pn', 'g', 'f', 't');
CREATE TABLE pp (id int, v daterange) PARTITION BY LIST (id);
CREATE TABLE pp1 PARTITION OF pp DEFAULT;
SELECT add_period('pp1', 'v');
SELECT command, code(command) FROM unnest(ARRAY[
	'ALTER TABLE pn ALTER COLUMN v DROP NOT NULL', 'ALTER TABLE pn DROP CONSTRAINT pn_v_period', 'ALTER TABLE pn ALTER COLUMN v TYPE text',
	'ALTER TABLE pn ALTER COLUMN id TYPE bigint, ALTER v DROP NOT NULL', 'ALTER TABLE pn ALTER COLUMN g DROP NOT NULL',
	'ALTER TABLE pn DROP CONSTRAINT pn_g_period', 'ALTER TABLE pp1 ALTER COLUMN v DROP NOT NULL',
	'ALTER TABLE pp ALTER COLUMN v TYPE text', 'ALTER TABLE pn RENAME CONSTRAINT pn_v_period TO other',
	'ALTER TABLE pn DROP CONSTRAINT other', 'ALTER TABLE pn DROP COLUMN v, ADD COLUMN v text',
	'ALTER TABLE pn ALTER COLUMN id TYPE bigint']) WITH ORDINALITY AS c(command, ord) ORDER BY ord;
-- Of a partition too, whether the server passes the command of its parent on to it (before 18: refused) or not.
SELECT code('ALTER TABLE pp ALTER COLUMN v DROP NOT NULL') AS told \gset
SELECT CASE WHEN current_setting('server_version_num')::int < 180000 THEN :'told' ~ '^55000 ' ELSE :'told' = 'done' END AS as_expected;
SELECT attnotnull FROM pg_attribute WHERE attrelid = 'pp1'::regclass AND attname = 'v';
SELECT rel, period, constraint_name FROM tsmem.periods WHERE rel IN ('pn'::regclass, 'pp1'::regclass) ORDER BY rel::text, period;
SELECT drop_period('pn', 'g'), drop_period('pp1', 'v');
SELECT code('ALTER TABLE pp1 ALTER COLUMN v DROP NOT NULL'), code('ALTER TABLE pp ALTER COLUMN v TYPE text');
-- The key changes: its columns, whether its versions are disjoint, and the index of the history follow.
SET ROLE temporal_owner_anna;
CREATE TABLE key (id int CONSTRAINT key_pkey PRIMARY KEY, k2 int NOT NULL, note text NOT NULL);
SELECT add_system_versioning('key', '{note}');
CREATE FUNCTION key() RETURNS text LANGUAGE sql AS $$
	SELECT key_columns::text || ' ' || disjoint_keys || ' ' || pg_get_indexdef('temporal_owner.key_history_idx'::regclass) FROM tsmem.versioned_tables WHERE rel = 'temporal_owner.key'::regclass
$$;
INSERT INTO key VALUES (1, 10, 'a');
UPDATE key SET k2 = 11;
ALTER TABLE key DROP CONSTRAINT key_pkey;
SELECT key();
SELECT code('ALTER TABLE temporal_owner.key ADD PRIMARY KEY (note)');
ALTER TABLE key ADD PRIMARY KEY (k2);
SELECT key();
ALTER TABLE key DROP CONSTRAINT key_pkey, ADD PRIMARY KEY (id, k2);
SELECT key();
-- Two rows of one k2 stood side by side: its versions overlap.
ALTER TABLE key DROP CONSTRAINT key_pkey, ADD PRIMARY KEY (id);
INSERT INTO key VALUES (2, 11, 'b');
DELETE FROM key WHERE id = 2;
ALTER TABLE key DROP CONSTRAINT key_pkey, ADD PRIMARY KEY (k2);
SELECT key();
-- A table that had no key gets one.
CREATE TABLE none (id int, v daterange);
SELECT add_system_versioning('none', '{}', '{"without_key": true}');
ALTER TABLE none ADD PRIMARY KEY (id);
SELECT key_columns, disjoint_keys FROM tsmem.versioned_tables WHERE rel = 'none'::regclass;
SELECT code('ALTER TABLE temporal_owner.none DROP COLUMN id');
SELECT indexdef FROM pg_indexes WHERE tablename = 'none_history';
RESET ROLE;
DROP SCHEMA temporal_owner CASCADE;
DROP ROLE temporal_owner_anna;
