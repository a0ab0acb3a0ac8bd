-- Who sees what while a time is set: policies, their functions, functions with rights of their own, triggers, leaky functions
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA temporal_session_rights;
SET search_path = temporal_session_rights, tsmem, public;
CREATE ROLE temporal_session_dora;
GRANT USAGE ON SCHEMA temporal_session_rights TO temporal_session_dora;
CREATE TABLE acl (doc int, who text, PRIMARY KEY (doc, who));
CREATE TABLE doc (id int PRIMARY KEY, body text);
CREATE TABLE judged (id int PRIMARY KEY, body text);
CREATE TABLE note (id int, body text);
CREATE TABLE note_log (id int, docs bigint);
SELECT add_system_versioning('acl'), add_system_versioning('doc'), add_system_versioning('judged');
INSERT INTO acl VALUES (1, 'temporal_session_dora'), (2, 'temporal_session_dora');
INSERT INTO doc VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO judged VALUES (1, 'one'), (2, 'two');
CREATE TABLE moment AS SELECT clock_timestamp() AS t;
SELECT t AS back_then FROM moment \gset
DELETE FROM acl WHERE doc = 2;
UPDATE doc SET body = body || ' now';
UPDATE judged SET body = body || ' now';
GRANT SELECT ON acl, doc, judged, note TO temporal_session_dora;
GRANT INSERT ON note, note_log TO temporal_session_dora;

-- a policy that asks a function which asks a versioned table: with the owner's rights, with the reader's, through another function
CREATE FUNCTION may_see(d int) RETURNS bool LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = temporal_session_rights AS
$$ BEGIN RETURN EXISTS (SELECT FROM acl WHERE doc = d AND who = 'temporal_session_dora'); END $$;
CREATE FUNCTION may_see_too(d int) RETURNS bool LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT FROM temporal_session_rights.acl WHERE doc = d AND who = current_user) $$;
CREATE FUNCTION may_see_deep(d int) RETURNS bool LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN temporal_session_rights.may_see_too(d); END $$;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p1 ON doc USING (may_see(id));
SET ROLE temporal_session_dora;
SELECT string_agg(body, ',' ORDER BY id) FROM doc;
SET tsmem.system_time = :'back_then';
SELECT string_agg(body, ',' ORDER BY id) FROM doc;
-- the function reads the present now, by itself too
SELECT may_see(1), may_see(2);
RESET tsmem.system_time;
RESET ROLE;
DROP POLICY p1 ON doc;
CREATE POLICY p2 ON doc USING (may_see_too(id));
SET ROLE temporal_session_dora;
SET tsmem.system_time = :'back_then';
SELECT may_see_too(2);
SELECT string_agg(body, ',' ORDER BY id) FROM doc;
SELECT may_see_too(2);
RESET ROLE;
RESET tsmem.system_time;
DROP POLICY p2 ON doc;
CREATE POLICY p3 ON doc USING (may_see_deep(id));
SET ROLE temporal_session_dora;
SET tsmem.system_time = :'back_then';
SET plan_cache_mode = force_generic_plan;
PREPARE d AS SELECT string_agg(body, ',' ORDER BY id) FROM doc;
EXECUTE d;
SET tsmem.system_time = '';
EXECUTE d;
SET tsmem.system_time = :'back_then';
EXECUTE d;
RESET plan_cache_mode;
-- not in workers, which know nothing of the policies met here
SELECT count(set_config(name, 'on', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
EXPLAIN (COSTS OFF) SELECT count(*) FROM note;
SELECT line FROM (SELECT 1) s, LATERAL (SELECT string_agg(body, ',' ORDER BY id) AS line FROM doc) l;
SELECT count(set_config(name, 'off', false)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- an error within such a function leaves the time as it was
RESET ROLE;
RESET tsmem.system_time;
CREATE FUNCTION fails(d int) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1 / (d - 2) <> 5; END $$;
ALTER TABLE judged ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON judged USING (fails(id));
SET ROLE temporal_session_dora;
SET tsmem.system_time = :'back_then';
SELECT * FROM judged;
SELECT body FROM judged WHERE id = 1;
DO $$ BEGIN PERFORM * FROM judged; EXCEPTION WHEN division_by_zero THEN RAISE WARNING '%', (SELECT count(*) FROM acl); END $$;
SELECT count(*) FROM acl;

-- a function in the query that would tell what it is shown is asked after the policy
RESET ROLE;
RESET tsmem.system_time;
CREATE FUNCTION leak(t text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE WARNING 'seen: %', t; RETURN true; END $$;
SET tsmem.system_time = :'back_then';
SET ROLE temporal_session_dora;
SELECT body FROM doc WHERE leak(body) ORDER BY id;
-- history cannot be reached otherwise: it has the policies of the table
SELECT body FROM doc_history ORDER BY id;
SELECT body FROM doc_versions ORDER BY id, row_start;

-- functions with the rights of another role do not read as of a time that their caller has set: they would judge by it
RESET ROLE;
RESET tsmem.system_time;
CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM temporal_session_rights.acl';
CREATE FUNCTION counts_now() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET tsmem.system_time = '' AS 'SELECT count(*) FROM temporal_session_rights.acl';
CREATE FUNCTION counts_at(t text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET tsmem.system_time = '' AS
$$ BEGIN PERFORM set_config('tsmem.system_time', t, true); RETURN (SELECT count(*) FROM temporal_session_rights.acl); END $$;
CREATE FUNCTION leaves(t text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN PERFORM set_config('tsmem.system_time', t, true); RETURN (SELECT count(*) FROM temporal_session_rights.acl); END $$;
CREATE FUNCTION helper() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM temporal_session_rights.acl); END $$;
CREATE FUNCTION through_helper() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN temporal_session_rights.helper(); END $$;
CREATE FUNCTION of_plain() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM temporal_session_rights.moment';
SET tsmem.system_time = :'back_then';
SELECT counts(), through_helper();
SET ROLE temporal_session_dora;
SELECT counts();
SELECT counts_now(), of_plain();
SELECT helper();
SELECT through_helper();
SELECT counts_at(:'back_then'), counts_at('');
SELECT counts();
-- a time that such a function leaves set is its caller's
BEGIN;
SELECT leaves(:'back_then');
SELECT counts();
ROLLBACK;
RESET tsmem.system_time;
SELECT counts(), through_helper();

-- no right on the table, or on one column of it
RESET ROLE;
RESET tsmem.system_time;
REVOKE SELECT ON acl FROM temporal_session_dora;
GRANT SELECT (doc) ON acl TO temporal_session_dora;
SET ROLE temporal_session_dora;
SET tsmem.system_time = :'back_then';
SELECT count(doc) FROM acl;
SELECT who FROM acl;
SELECT acl FROM acl;
SELECT tableoid::regclass, doc FROM acl ORDER BY doc;
SELECT count(*) FROM moment;
\copy acl TO STDOUT
\copy acl (doc) TO STDOUT

-- row checks of what is written are of the present; triggers read as of then
RESET ROLE;
RESET tsmem.system_time;
GRANT SELECT ON acl TO temporal_session_dora;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY note ON note USING (true) WITH CHECK (EXISTS (SELECT FROM acl WHERE doc = id AND who = current_user));
CREATE FUNCTION log_note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO temporal_session_rights.note_log VALUES (new.id, (SELECT count(*) FROM temporal_session_rights.acl)); RETURN new; END $$;
CREATE TRIGGER log AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION log_note();
SET ROLE temporal_session_dora;
SET tsmem.system_time = :'back_then';
INSERT INTO note VALUES (1, 'mine');
INSERT INTO note VALUES (2, 'mine no more');
RESET ROLE;
SELECT * FROM note_log;
-- a trigger that would change what the time concerns fails, and the statement with it
RESET tsmem.system_time;
CREATE FUNCTION touch_doc() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE temporal_session_rights.doc SET body = 'x'; RETURN new; END $$;
CREATE TRIGGER touch AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION touch_doc();
SET tsmem.system_time = :'back_then';
INSERT INTO note VALUES (1, 'again');
SELECT count(*) FROM note;

-- temporal foreign keys check the present
RESET tsmem.system_time;
CREATE TABLE room (id int, at daterange NOT NULL);
SELECT add_period('room', 'at'), add_temporal_key('room', '{id}', 'at', primary_key => true), add_system_versioning('room');
CREATE TABLE booking (id int, room int, at daterange NOT NULL);
SELECT add_period('booking', 'at');
SELECT add_temporal_foreign_key('booking', '{room}', 'at', 'room', '{id}', 'at', on_delete => 'cascade');
INSERT INTO room VALUES (1, '[2026-01-01,2026-02-01)');
SELECT clock_timestamp() AS with_room_1 \gset
DELETE FROM room;
INSERT INTO room VALUES (2, '[2026-01-01,2026-02-01)');
SET tsmem.system_time = :'with_room_1';
SELECT id FROM room;
INSERT INTO booking VALUES (1, 1, '[2026-01-03,2026-01-05)');
INSERT INTO booking VALUES (2, 2, '[2026-01-03,2026-01-05)');
SET tsmem.system_time = '';
SET tsmem.valid_time = '2026-03-01';
SELECT count(*) FROM booking;
INSERT INTO booking VALUES (3, 2, '[2026-01-05,2026-01-07)');
RESET tsmem.valid_time;
DELETE FROM room;
SELECT count(*) FROM booking;

DROP OWNED BY temporal_session_dora;
DROP ROLE temporal_session_dora;
DROP SCHEMA temporal_session_rights CASCADE;
