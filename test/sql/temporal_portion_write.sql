-- FOR PORTION OF beside triggers, rules, partitions, histories, rights and policies.
CREATE SCHEMA temporal_portion_write;
SET search_path = temporal_portion_write, tsmem, public;
\set SHOW_CONTEXT never
SET datestyle = 'ISO, YMD';
CREATE TABLE stay (id int, room text, valid_at daterange);
SELECT add_period('stay', 'valid_at'), add_temporal_key('stay', '{id}', 'valid_at', primary_key => true);
INSERT INTO stay VALUES (1, 'a', '[2018-01-01,2020-01-01)'), (2, 'b', '[2018-01-01,2020-01-01)');

-- Triggers of the table: the row is updated, leftovers are inserted, what comes after waits for the end of the statement.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '% % % %: % to %', TG_NAME, TG_WHEN, TG_OP, TG_LEVEL, OLD.valid_at, NEW.valid_at;
	RETURN coalesce(NEW, OLD);
END $$;
CREATE FUNCTION tell_tables() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' THEN RAISE NOTICE '% %: % to %', TG_WHEN, TG_OP, (SELECT string_agg(room || valid_at, ' ' ORDER BY id, valid_at) FROM old_rows), (SELECT string_agg(room || valid_at, ' ' ORDER BY id, valid_at) FROM new_rows);
	ELSE RAISE NOTICE '% %: %', TG_WHEN, TG_OP, (SELECT string_agg(room || valid_at, ' ' ORDER BY id, valid_at) FROM new_rows); END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER row_before BEFORE INSERT OR UPDATE OR DELETE ON stay FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER row_after AFTER INSERT OR UPDATE OR DELETE ON stay FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER of_period BEFORE UPDATE OF valid_at ON stay FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER of_id BEFORE UPDATE OF id ON stay FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER statement_before BEFORE INSERT OR UPDATE OR DELETE ON stay FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER statement_insert AFTER INSERT ON stay REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_tables();
CREATE TRIGGER statement_update AFTER UPDATE ON stay REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_tables();
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-06-01,2019-01-01)', room = room || '1' WHERE id IN (1, 2);
SELECT delete_for_portion_of('stay', 'valid_at', '[2018-02-01,2018-03-01)'::daterange, '{"id": 2}');
DROP FUNCTION tell CASCADE;
DROP FUNCTION tell_tables CASCADE;
-- Deferred constraint triggers.
CREATE FUNCTION count_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% %: % rows', TG_NAME, TG_OP, (SELECT count(*) FROM temporal_portion_write.stay WHERE id = NEW.id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER now_checked AFTER INSERT OR UPDATE ON stay FOR EACH ROW EXECUTE FUNCTION count_all();
CREATE CONSTRAINT TRIGGER late_checked AFTER INSERT OR UPDATE ON stay DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_all();
BEGIN;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2019-06-01,2019-07-01)', room = 'd' WHERE id = 1;
SELECT 'before the end';
COMMIT;
DROP FUNCTION count_all CASCADE;
-- A trigger cancels the update: nothing is left over. One changes rows; both leftovers come from the old one.
CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.room = 'no' THEN RETURN NULL; END IF;
	NEW.room := NEW.room || lower(left(TG_OP, 3));
	RETURN NEW;
END $$;
CREATE TRIGGER bend BEFORE INSERT OR UPDATE ON stay FOR EACH ROW EXECUTE FUNCTION bend();
INSERT INTO stay VALUES (3, 'x', '[2018-01-01,2020-01-01)');
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-06-01,2019-01-01)', room = 'no' WHERE id = 3 RETURNING *;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-06-01,2019-01-01)', room = 'y' WHERE id = 3 RETURNING *;
SELECT * FROM stay WHERE id = 3 ORDER BY valid_at;
-- It changes the period of the row: the key holds.
CREATE OR REPLACE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' THEN NEW.valid_at := '[2018-01-01,2020-01-01)'; END IF; RETURN NEW; END $$;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-07-01,2018-08-01)', room = 'z' WHERE id = 3;
-- Within it another portion is updated.
CREATE OR REPLACE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() < 3 THEN
		UPDATE temporal_portion_write.stay_for_portion_of_valid_at SET valid_at = '[2018-09-01,2018-10-01)', room = room || '^' WHERE id = NEW.id;
		PERFORM tsmem.delete_for_portion_of('temporal_portion_write.stay', 'valid_at', '[2019-09-01,2019-10-01)'::daterange, jsonb_build_object('id', NEW.id));
	END IF;
	RETURN NULL;
END $$;
DROP TRIGGER bend ON stay;
CREATE TRIGGER bend AFTER UPDATE ON stay FOR EACH ROW EXECUTE FUNCTION bend();
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-05-15,2018-11-01)', room = room || '*' WHERE id = 3;
SELECT * FROM stay WHERE id = 3 ORDER BY valid_at;
DROP FUNCTION bend CASCADE;
-- What a check or a key refuses undoes all of the statement.
ALTER TABLE stay ADD CONSTRAINT not_in_may CHECK ('2018-05-05' NOT IN (lower(valid_at), upper(valid_at)) AND room <> 'full');
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-03-01,2018-05-05)' WHERE id = 1;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-05-05,2018-06-01)' WHERE id = 1;
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-03-01,2018-04-01)', room = 'full';
UPDATE stay_for_portion_of_valid_at SET valid_at = '[2018-03-01,2018-04-01)', id = 2 WHERE id = 1;
SELECT * FROM stay WHERE id = 1 ORDER BY valid_at;
ALTER TABLE stay DROP CONSTRAINT not_in_may;
-- Functions, prepared statements, a rule that counts.
CREATE FUNCTION raise_to(key int, portion daterange) RETURNS SETOF stay LANGUAGE sql
BEGIN ATOMIC UPDATE stay_for_portion_of_valid_at SET valid_at = portion, room = 'f' WHERE id = key RETURNING id, room, valid_at; END;
SELECT * FROM raise_to(2, '[2018-03-01,2018-03-05)');
PREPARE cut (int, daterange, text) AS UPDATE stay_for_portion_of_valid_at SET valid_at = $2, room = $3 WHERE id = $1;
EXECUTE cut (2, '[2019-03-01,2019-03-05)', 'p');
EXECUTE cut (2, '[2019-04-01,2019-04-05)', 'q');
DROP FUNCTION raise_to;
SELECT * FROM stay WHERE id = 2 ORDER BY valid_at;
CREATE TABLE log (what text);
CREATE RULE noted AS ON INSERT TO stay DO ALSO INSERT INTO log VALUES ('leftover ' || NEW.valid_at);
EXECUTE cut (2, '[2019-05-01,2019-05-05)', 'r');
TABLE log;
DROP RULE noted ON stay;

-- Versions: the old row ends, the piece and the leftovers begin; all that is excluded goes on.
CREATE TABLE job (id int, title text, note text, valid_at daterange);
SELECT add_period('job', 'valid_at'), add_temporal_key('job', '{id}', 'valid_at', primary_key => true), add_system_versioning('job', '{note}');
INSERT INTO job VALUES (1, 'clerk', 'n', '[2018-01-01,2020-01-01)'), (2, 'cook', 'n', '[2018-01-01,2020-01-01)');
UPDATE job_for_portion_of_valid_at SET valid_at = '[2018-06-01,2019-01-01)', title = 'chief', note = 'm' WHERE id = 1;
SELECT delete_for_portion_of('job', 'valid_at', '[2018-06-01,2019-01-01)'::daterange, '{"id": 2}');
SELECT id, title, note, valid_at, row_end = 'infinity' AS current, row_start = max(row_start) OVER (PARTITION BY id) AS last FROM job_versions ORDER BY id, row_end, valid_at;
SELECT count(*) FROM job WHERE row_xid::text = '0' OR row_start > now();
-- In one transaction only the first change makes a version.
BEGIN;
UPDATE job_for_portion_of_valid_at SET valid_at = '[2018-02-01,2018-05-01)', title = 'one' WHERE id = 1;
UPDATE job_for_portion_of_valid_at SET valid_at = '[2018-03-01,2018-04-01)', title = 'two' WHERE id = 1;
SELECT delete_for_portion_of('job', 'valid_at', '[2018-03-05,2018-03-10)'::daterange, '{"id": 1}');
COMMIT;
SELECT title, valid_at, row_end = 'infinity' AS current FROM job_versions WHERE id = 1 ORDER BY row_end, valid_at;
SELECT title, valid_at FROM as_of(NULL::job, valid => '2018-03-20') WHERE id = 1;

-- Partitions: pieces move to where they belong.
CREATE TABLE part (id int, name text, p daterange, days int GENERATED ALWAYS AS (upper(p) - lower(p)) STORED) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1, 2);
CREATE TABLE part_3 (gone int, p daterange NOT NULL, id int, name text, days int GENERATED ALWAYS AS (upper(p) - lower(p)) STORED);
ALTER TABLE part_3 DROP COLUMN gone;
ALTER TABLE part ATTACH PARTITION part_3 FOR VALUES IN (3, 4);
SELECT add_period('part', 'p');
ALTER TABLE part ADD UNIQUE (id, p);
INSERT INTO part VALUES (1, 'one', '[2000-01-01,2010-01-01)'), (3, 'three', '[2000-01-01,2010-01-01)');
UPDATE part_for_portion_of_p SET p = '[2000-03-01,2000-04-01)', name = name || '^';
UPDATE part_for_portion_of_p SET p = '[2000-06-01,2000-07-01)', id = id % 4 + 2 WHERE id = 1 RETURNING *;
UPDATE part_for_portion_of_p SET p = '[2001-06-01,2001-07-01)', id = 2 WHERE id = 3 RETURNING *;
SELECT delete_for_portion_of('part', 'p', '[2005-01-01,2006-01-01)'::daterange, '{"id": 3}');
SELECT tableoid::regclass, * FROM part ORDER BY id, p;
CREATE TABLE early_late (id int, p daterange, v int) PARTITION BY RANGE (p);
CREATE TABLE early PARTITION OF early_late FOR VALUES FROM (MINVALUE) TO ('[2000-06-01,2000-06-02)');
CREATE TABLE late PARTITION OF early_late FOR VALUES FROM ('[2000-06-01,2000-06-02)') TO (MAXVALUE);
SELECT add_period('early_late', 'p');
ALTER TABLE early_late ADD PRIMARY KEY (id, p);
INSERT INTO early_late VALUES (1, '[2000-01-01,2010-01-01)', 0);
UPDATE early_late_for_portion_of_p SET p = '[2000-03-01,2000-07-01)', v = 1 WHERE lower(p) < '2000-06-01';
SELECT delete_for_portion_of('early_late', 'p', '[2000-04-01,2000-08-01)'::daterange, '{"id": 1}');
SELECT tableoid::regclass, * FROM early_late ORDER BY p;
-- Tables that inherit are left alone.
CREATE TABLE base (id serial PRIMARY KEY, p daterange);
CREATE TABLE derived (more text) INHERITS (base);
SELECT add_period('base', 'p');
INSERT INTO base (p) VALUES ('[2000-01-01,2010-01-01)'); INSERT INTO derived VALUES (7, '[2000-01-01,2010-01-01)', 'm');
UPDATE base_for_portion_of_p SET p = '(,2005-01-01)' RETURNING *;
SELECT delete_for_portion_of('base', 'p', '(,2004-01-01)'::daterange, '{}');
SELECT tableoid::regclass, * FROM base ORDER BY id, p;

-- Rights: those on the table. What is left of a row needs the right to insert.
CREATE ROLE temporal_portion_user; CREATE ROLE temporal_portion_owner;
GRANT USAGE ON SCHEMA temporal_portion_write, tsmem TO temporal_portion_user, temporal_portion_owner;
CREATE TABLE held (id int, v int, secret text, p daterange);
SELECT add_period('held', 'p'), add_temporal_key('held', '{id}', 'p', primary_key => true);
INSERT INTO held SELECT i, i, 's', '[10-01-01,20-01-01)' FROM generate_series(1, 3) i;
SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '(,)', v = 0 WHERE id = 1;
DELETE FROM held_for_portion_of_p;
RESET ROLE; GRANT SELECT ON held TO temporal_portion_user; SET ROLE temporal_portion_user;
SELECT * FROM held_for_portion_of_p;
UPDATE held_for_portion_of_p SET p = '(,)', v = 0 WHERE id = 1;
RESET ROLE; GRANT UPDATE (v) ON held TO temporal_portion_user; SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '(,)', v = 0 WHERE id = 1;
RESET ROLE; GRANT UPDATE (p) ON held TO temporal_portion_user; SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '(,)', v = 0 WHERE id = 1;
UPDATE held_for_portion_of_p SET p = '(,)', id = 9 WHERE id = 1;
UPDATE held_for_portion_of_p SET p = '[12-01-01,)', v = 0 WHERE id = 1;
SELECT delete_for_portion_of('held', 'p', '[12-01-01,13-01-01)'::daterange, '{"id": 1}');
RESET ROLE; GRANT INSERT ON held TO temporal_portion_user; SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '[12-01-01,)', v = 7 WHERE id = 1;
SELECT delete_for_portion_of('held', 'p', '[12-01-01,13-01-01)'::daterange, '{"id": 1}');
RESET ROLE; GRANT DELETE ON held TO temporal_portion_user; SET ROLE temporal_portion_user;
SELECT delete_for_portion_of('held', 'p', '[12-01-01,13-01-01)'::daterange, '{"id": 1}');
RESET ROLE;
TABLE held ORDER BY id, p;
-- Policies hold for what is read, updated and inserted.
ALTER TABLE held ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON held FOR SELECT TO temporal_portion_user USING (id <= 2);
CREATE POLICY u ON held FOR UPDATE TO temporal_portion_user USING (id = 2) WITH CHECK (v < 50);
CREATE POLICY i ON held FOR INSERT TO temporal_portion_user WITH CHECK (lower(p) < '2015-01-01');
CREATE POLICY d ON held FOR DELETE TO temporal_portion_user USING (id = 2);
SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '[11-01-01,)', v = 8 RETURNING id;
UPDATE held_for_portion_of_p SET p = '[11-01-01,)', v = 51;
UPDATE held_for_portion_of_p SET p = '[11-01-01,16-01-01)', v = 9;
SELECT delete_for_portion_of('held', 'p', '[12-01-01,13-01-01)'::daterange, '{}');
SELECT delete_for_portion_of('held', 'p', '[13-01-01,16-01-01)'::daterange, '{}');
RESET ROLE;
TABLE held ORDER BY id, p;
-- An owner has what his table gives; a function of his gives it on.
ALTER TABLE held DISABLE ROW LEVEL SECURITY;
ALTER TABLE held OWNER TO temporal_portion_owner;
SELECT viewowner FROM pg_views WHERE viewname = 'held_for_portion_of_p';
REVOKE ALL ON held FROM temporal_portion_user;
SET ROLE temporal_portion_owner;
UPDATE held_for_portion_of_p SET p = '[11-01-01,12-01-01)', secret = 'o' WHERE id = 3 RETURNING *;
RESET ROLE;
CREATE FUNCTION cut_for_all() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, temporal_portion_write AS $$ UPDATE held_for_portion_of_p SET p = '[15-01-01,16-01-01)', v = 77 WHERE id = 3; SELECT count(*) FROM held WHERE v = 77 $$;
ALTER FUNCTION cut_for_all OWNER TO temporal_portion_owner;
SET ROLE temporal_portion_user;
UPDATE held_for_portion_of_p SET p = '[11-01-01,12-01-01)', v = 0 WHERE id = 3;
SELECT cut_for_all();
RESET ROLE;
-- No search_path turns the names that a cut uses.
CREATE FUNCTION pg_temp.fooled(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fooled'; END $$;
CREATE SCHEMA temporal_portion_trap;
CREATE OPERATOR temporal_portion_trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_temp.fooled);
SET search_path = temporal_portion_trap, pg_catalog;
UPDATE temporal_portion_write.held_for_portion_of_p SET p = '[17-01-01,18-01-01)', v = v + 1 WHERE id OPERATOR(pg_catalog.=) 3;
SELECT tsmem.delete_for_portion_of('temporal_portion_write.held', 'p', '[17-01-01,18-01-01)'::daterange, '{"id": 3}');
SET search_path = temporal_portion_write, tsmem, public;
DROP SCHEMA temporal_portion_trap CASCADE;
SELECT id, v, p FROM held WHERE id = 3 ORDER BY p;
DROP TABLE held;
DROP FUNCTION cut_for_all;
DROP SCHEMA temporal_portion_write CASCADE;
DROP OWNED BY temporal_portion_user, temporal_portion_owner;
DROP ROLE temporal_portion_user, temporal_portion_owner;
