\echo '## 1. Files that keep their past'
\echo '# All of it is one extension of PostgreSQL:'
CREATE EXTENSION tsmem;
SET search_path = public, tsmem;
\set ECHO none
SELECT format('ALTER DATABASE %I SET search_path = public, tsmem', current_database()) \gexec
\set ECHO queries

\echo '# A plain table learns to keep every version of its rows:'
CREATE TABLE files (path text PRIMARY KEY, content text NOT NULL, commit int);
SELECT tsmem.add_system_versioning('files');

\echo '# The commits are replayed, oldest first, each as one transaction. Beside the date of each we keep'
\echo '# known_at, the system time of its transaction: when this database knew it.'
CREATE TABLE commits (
    ordinal int PRIMARY KEY, subject text, committed_at timestamptz, known_at timestamptz);
CREATE PROCEDURE replay_commits() LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT * FROM input.commits ORDER BY ordinal LOOP
        DELETE FROM files USING input.documents d
            WHERE d.ordinal = c.ordinal AND d.content IS NULL AND d.path = files.path;
        INSERT INTO files
            SELECT path, content, ordinal FROM input.documents
            WHERE ordinal = c.ordinal AND content IS NOT NULL
            ON CONFLICT (path) DO UPDATE
                SET content = excluded.content, commit = excluded.commit;
        INSERT INTO commits VALUES (c.ordinal, c.subject, c.committed_at, now());
        COMMIT;
    END LOOP;
END $$;
\echo '>> replaying' :commits 'commits'
CALL replay_commits();
SELECT (SELECT count(*) FROM commits) AS commits, (SELECT count(*) FROM files) AS files_now,
       (SELECT count(*) FROM files_versions) AS versions_kept;

\set ECHO none
SELECT path AS most_changed FROM input.documents WHERE content IS NOT NULL
GROUP BY path ORDER BY count(*) DESC, path LIMIT 1 \gset
\set ECHO queries
\echo '# files_as_of(moment) is the table as it was then. How did the file with most versions grow?'
SELECT commit, committed_at, length(content) AS characters, regexp_count(content, '\n') AS lines
FROM commits c, LATERAL files_as_of(c.known_at) f
WHERE path = :'most_changed' AND commit = c.ordinal ORDER BY commit DESC LIMIT 6;

