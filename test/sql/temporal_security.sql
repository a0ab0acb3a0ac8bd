-- Who may read a table may read its history, the same rows by the same policies, and nobody else.
CREATE SCHEMA temporal_security;
CREATE ROLE temporal_security_owner;
CREATE ROLE temporal_security_anna;
CREATE ROLE temporal_security_bob;
GRANT USAGE ON SCHEMA temporal_security TO temporal_security_anna, temporal_security_bob;
GRANT ALL ON SCHEMA temporal_security TO temporal_security_owner;
SET search_path = temporal_security, tsmem, public;
SET ROLE temporal_security_owner;
CREATE TABLE doc (id int PRIMARY KEY, owner text, secret text, body text);
GRANT SELECT ON doc TO temporal_security_anna;
GRANT UPDATE ON doc TO temporal_security_bob;
INSERT INTO doc VALUES (1, 'temporal_security_anna', 's1', 'b1'), (2, 'temporal_security_bob', 's2', 'b2');
SELECT add_system_versioning('doc');
UPDATE doc SET body = body || '!';
SELECT count(*) FROM doc_versions;

SET ROLE temporal_security_anna;
SELECT id, body FROM doc_versions ORDER BY id, row_start;
SELECT count(*) FROM doc_history;
SELECT id, body FROM doc_as_of(now()) ORDER BY id;
SELECT id, body FROM as_of(NULL::doc, now()) ORDER BY id;
SET ROLE temporal_security_bob;
SELECT count(*) FROM doc_versions;
SELECT count(*) FROM doc_history;
SELECT count(*) FROM doc_as_of(now());
SELECT count(*) FROM doc_from_to('-infinity', 'infinity');
SELECT count(*) FROM as_of(NULL::doc, now());
\echo a writer without SELECT writes history all the same
UPDATE doc SET body = 'by bob';
SET ROLE temporal_security_owner;
SELECT count(*) FROM doc_history;

\echo later grants are followed, and revoked
GRANT SELECT ON ALL TABLES IN SCHEMA temporal_security TO temporal_security_bob WITH GRANT OPTION;
SET ROLE temporal_security_bob;
SELECT count(*) FROM doc_versions;
GRANT SELECT ON doc TO temporal_security_anna WITH GRANT OPTION;
RESET ROLE;
SELECT relname, grantor::regrole::text, grantee::regrole::text, privilege_type, is_grantable
FROM pg_class, aclexplode(relacl)
WHERE relnamespace = 'temporal_security'::regnamespace AND relkind IN ('r', 'v') AND grantee <> relowner
ORDER BY 1, 2, 3, 4;
SET ROLE temporal_security_owner;
REVOKE SELECT ON doc FROM temporal_security_bob CASCADE;
REVOKE SELECT ON doc FROM temporal_security_anna;
\echo a right given on the history alone does not last
GRANT SELECT ON doc_history TO temporal_security_anna;
SET ROLE temporal_security_anna;
SELECT count(*) FROM doc_history;
SELECT count(*) FROM doc_as_of(now());
SET ROLE temporal_security_owner;
\echo rights on columns
GRANT SELECT (id, body) ON doc TO temporal_security_anna;
SET ROLE temporal_security_anna;
SELECT DISTINCT id FROM doc_history ORDER BY id;
SELECT secret FROM doc_history;
SELECT id, body FROM doc_as_of(now());
RESET ROLE;
SELECT attrelid::regclass, attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN ('doc'::regclass, 'doc_history'::regclass, 'doc_versions'::regclass) ORDER BY 1, 2;
SET ROLE temporal_security_owner;
REVOKE SELECT (id, body) ON doc FROM temporal_security_anna;
SELECT count(*) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid = 'doc_history'::regclass;

\echo row-level security
GRANT SELECT ON doc TO temporal_security_anna, temporal_security_bob;
CREATE TABLE friend (of text, who text);
GRANT SELECT ON friend TO PUBLIC;
CREATE POLICY own ON doc FOR SELECT USING (owner = current_user OR EXISTS (SELECT FROM friend f WHERE f.of = doc.owner AND f.who = current_user));
CREATE POLICY write ON doc FOR UPDATE USING (true);
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
SELECT polname, polcmd, polrelid::regclass FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE relnamespace = 'temporal_security'::regnamespace ORDER BY polrelid::regclass::text, polname;
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'doc_history'::regclass;
SET ROLE temporal_security_anna;
SELECT id, body FROM doc_versions ORDER BY id, row_start;
SELECT DISTINCT id FROM doc_history;
SELECT DISTINCT id FROM doc_as_of(now());
SELECT DISTINCT id FROM doc_between('-infinity', now());
SELECT DISTINCT id FROM as_of(NULL::doc, now());
SET ROLE temporal_security_owner;
INSERT INTO friend VALUES ('temporal_security_bob', 'temporal_security_anna');
SET ROLE temporal_security_anna;
SELECT DISTINCT id FROM doc_versions ORDER BY 1;
\echo a row that changed hands: each version by its own owner
SET ROLE temporal_security_owner;
DELETE FROM friend;
UPDATE doc SET owner = 'temporal_security_anna', body = 'given to anna' WHERE id = 2;
SET ROLE temporal_security_anna;
SELECT id, body FROM doc_versions WHERE id = 2 ORDER BY row_start;
SET ROLE temporal_security_bob;
SELECT id, owner, row_end = 'infinity' AS current FROM doc_versions WHERE id = 2 ORDER BY row_start;
SET ROLE temporal_security_owner;
\echo policies follow
ALTER POLICY own ON doc USING (false);
SET ROLE temporal_security_anna;
SELECT count(*) FROM doc_versions;
SET ROLE temporal_security_owner;
CREATE POLICY all_of_id_1 ON doc TO temporal_security_bob USING (id = 1);
SET ROLE temporal_security_bob;
SELECT DISTINCT id FROM doc_history;
SET ROLE temporal_security_owner;
ALTER TABLE doc RENAME COLUMN id TO number;
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'doc_history'::regclass ORDER BY 1;
CREATE POLICY whole_row ON doc USING (doc IS NOT NULL);
DROP POLICY all_of_id_1 ON doc;
SET ROLE temporal_security_bob;
SELECT count(*) FROM doc_history;
SET ROLE temporal_security_owner;
ALTER TABLE doc FORCE ROW LEVEL SECURITY;
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'doc_history'::regclass;
SELECT count(*) FROM doc_versions;
ALTER TABLE doc NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
SELECT count(*) FROM doc_versions;
DROP POLICY own ON doc;
DROP POLICY write ON doc;
SELECT count(*) FROM pg_policy WHERE polrelid = 'doc_history'::regclass;

\echo a table that had policies before it was versioned; a superuser versions for the owner
CREATE TABLE note (id int PRIMARY KEY, owner text);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO temporal_security_anna, temporal_security_bob USING (owner = current_user);
GRANT SELECT ON note TO temporal_security_anna;
INSERT INTO note VALUES (1, 'temporal_security_anna'), (2, 'temporal_security_bob');
RESET ROLE;
SELECT add_system_versioning('note');
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^note' AND relnamespace = 'temporal_security'::regnamespace;
DELETE FROM note;
SET ROLE temporal_security_anna;
SELECT id FROM note_versions;
SELECT id FROM note_history;
\echo nobody calls what changes tables of others
SELECT drop_system_versioning('note');
RESET ROLE;
DROP SCHEMA temporal_security CASCADE;
DROP ROLE temporal_security_owner, temporal_security_anna, temporal_security_bob;
