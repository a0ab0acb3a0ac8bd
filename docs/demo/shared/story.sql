-- The story of five real data sets: release dates, earthquakes, ships, books and the runs of an agent. Each scene
-- stands in a file of its own, and what proves its answers in checks.sql beside it.
\set ECHO none
\ir ../check.sql
\ir load.sql
\echo '## tsmem: a database that remembers'
\echo '# Input: the release dates of 464 products with every change since 2021, 20,967 earthquakes, 99,999'
\echo '#        positions of ships, 12,000 passages of books with vectors, 160 runs of an airline''s agent'
\echo
\echo '# Every row can have two times. Valid time: when it was true in the world; the input says so. System'
\echo '# time: when this database knew it; nobody can set it, and as the database is new, it begins now. So'
\echo '# what was known when is replayed in its order, and the moment of each step kept beside its date.'

\set ECHO queries
\ir 1_releases.sql
\ir 2_earthquakes.sql
\ir 3_ships.sql
\ir 4_books.sql
\ir 5_agent_runs.sql
\set ECHO none
\ir checks.sql
\ir rows.sql
