-- The input as it was extracted, in tables of its own.
\echo '>> loading'
CREATE SCHEMA input;
CREATE TABLE input.about (what text PRIMARY KEY, sentence text NOT NULL);
CREATE TABLE input.commits (ordinal int PRIMARY KEY, commit_id text NOT NULL, committed_at timestamptz NOT NULL, subject text);
CREATE TABLE input.changes (ordinal int, path text, blob text, lines int, PRIMARY KEY (ordinal, path));
CREATE TABLE input.documents (ordinal int, path text, content text, PRIMARY KEY (ordinal, path));
CREATE TABLE input.trees (ordinal int, path text, blob text NOT NULL, PRIMARY KEY (ordinal, path));
CREATE TABLE input.places (zone text PRIMARY KEY, country_code text, country text, longitude float8, latitude float8,
	comment text, stands_in text);
CREATE TABLE input.clocks (zone text, seconds int, abbreviation text, valid_from timestamptz, valid_to timestamptz);
\copy input.about FROM 'about.tsv'
\copy input.commits FROM 'commits.tsv'
\copy input.changes FROM 'changes.tsv'
\copy input.documents FROM 'documents.tsv'
\copy input.trees FROM 'trees.tsv'
\copy input.places FROM 'places.tsv'
\copy input.clocks FROM 'clocks.tsv'
ANALYZE;

SELECT (SELECT sentence FROM input.about WHERE what = 'history') AS history,
	(SELECT sentence FROM input.about WHERE what = 'zones') AS release,
	(SELECT count(*) FROM input.places) AS places,
	(SELECT count(*) FROM input.clocks) AS clocks,
	(SELECT max(ordinal) FROM input.commits) AS commits,
	(SELECT (max(ordinal) + 1) / 2 FROM input.commits) AS middle \gset

\echo '## tsmem: a database that remembers'
\echo '# Input:' :history
\echo '#        and the time zones of this machine (release' :release'):' :places 'places,' :clocks 'periods of their clocks'
\echo
\echo '# Every row can have two times. Valid time: when it was true in the world; the input says so. System'
\echo '# time: when this database knew it; nobody can set it, and as the database is new, it begins now.'
