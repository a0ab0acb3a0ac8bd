-- The story of the project's own history and the clocks of the world. Each scene stands in a file of its own, what
-- proves its answers in checks.sql, and the rows of the pictures in rows.sql. Lines that begin with # are told.
\ir ../check.sql
\ir load.sql
\set ECHO queries
\ir 1_files.sql
\ir 2_clocks.sql
\ir 3_correction.sql
\ir 4_facts.sql
\ir 5_recall.sql
\ir 6_places.sql
\ir 7_run.sql
\set ECHO none
\ir checks.sql
\ir rows.sql
