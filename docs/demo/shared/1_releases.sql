\echo '## 1. Release dates, and their corrections'
\echo '# All of it is one extension of PostgreSQL, and one from its own box for keys over periods:'
CREATE EXTENSION tsmem;
CREATE EXTENSION btree_gist;
SET search_path = public, tsmem;
\set ECHO none
SELECT format('ALTER DATABASE %I SET search_path = public, tsmem', current_database()) \gexec
\set ECHO queries

\echo '# A cycle of a product is supported from its release to its end of life: valid time. And the table'
\echo '# keeps every version of its rows:'
CREATE TABLE releases (
    product text, cycle text, latest text, supported daterange, PRIMARY KEY (product, cycle));
SELECT tsmem.add_period('releases', 'supported');
SELECT tsmem.add_system_versioning('releases');

\echo '# Every revision of the files since 2021 becomes one transaction: known_at is its system time.'
CREATE TABLE revisions (revision int PRIMARY KEY, written_at timestamptz, known_at timestamptz);
CREATE PROCEDURE replay_revisions() LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT rev, max(system_time) AS written_at
             FROM input.releases GROUP BY rev ORDER BY rev LOOP
        DELETE FROM releases USING input.releases i
            WHERE i.rev = r.rev AND i.op = 'D'
                AND (releases.product, releases.cycle) = (i.product, i.cycle);
        INSERT INTO releases
            SELECT product, cycle, latest, input.supported(release_date, eol) FROM input.releases
            WHERE rev = r.rev AND op <> 'D'
            ON CONFLICT (product, cycle) DO UPDATE
                SET latest = excluded.latest, supported = excluded.supported;
        INSERT INTO revisions VALUES (r.rev, r.written_at, now());
        COMMIT;
    END LOOP;
END $$;
\echo '>> replaying 6,373 revisions'
CALL replay_revisions();
SELECT (SELECT count(*) FROM revisions) AS revisions,
       (SELECT count(*) FROM releases) AS cycles_now,
       (SELECT count(*) FROM releases_versions) AS versions_kept;

\echo '# What did the files say about the support of PostgreSQL 15, revision by revision?'
SELECT min(r.written_at) AS written_at, v.supported, count(*) AS revisions
FROM releases_versions v JOIN revisions r ON r.known_at = lower(v.sys_period)
WHERE product = 'postgresql' AND cycle = '15' GROUP BY v.supported ORDER BY 1;

\echo '# Both axes: which cycles of PostgreSQL are supported on 1 January 2026 (valid time), as the files'
\echo '# said at the end of three days (system time)?'
SELECT day, string_agg(c.cycle, ', ' ORDER BY c.cycle) AS supported
FROM (VALUES (date '2022-10-13'), ('2022-10-14'), ('2025-12-31')) AS asked (day),
     LATERAL (SELECT max(known_at) AS known_at FROM revisions WHERE written_at < day + 1) r,
     LATERAL tsmem.as_of(NULL::releases, valid => date '2026-01-01', system => r.known_at) c
WHERE c.product = 'postgresql' GROUP BY day ORDER BY day;
