-- Words: another text search configuration, queries and texts with many of them.
CREATE SCHEMA memory_words;
SET search_path = memory_words, tsmem, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT create_collection('w', 'memory_words', text_config => 'simple') > 0 AS created;
SET tsmem.namespace = 'memory_words';

-- Former versions are found by the words of the new configuration, as the present ones are.
SELECT remember('w', 'running dogs') AS changed \gset
SELECT remember('w', 'dogs ran') AS forgotten \gset
SELECT remember('w', 'dogs stay') IS NOT NULL;
SELECT pg_sleep(0.002), now() AS before \gset
UPDATE memory SET content = 'sleeping cats' WHERE memory_id = :'changed';
SELECT forget(:'forgotten', 'no longer');
SELECT content, text_rank FROM recall('w', 'dog', system_at => :'before');
SELECT alter_collection('w', text_config => 'english');
SELECT content, text_rank FROM recall('w', 'dog');
SELECT content FROM recall('w', 'dog', system_at => :'before') ORDER BY content;
SELECT content FROM recall('w', 'run', system_at => :'before');
SELECT content, tsv, forget_reason FROM memory_history WHERE namespace = 'memory_words' ORDER BY content;
-- No version is made of it, and the history is as closed as before.
SELECT count(*) FROM memory_history WHERE namespace = 'memory_words';
SELECT t.tgname, t.tgenabled FROM pg_trigger t JOIN memory_history h ON t.tgrelid = h.tableoid WHERE h.memory_id = :'changed' ORDER BY 1;
\set VERBOSITY sqlstate
UPDATE memory_history SET tsv = NULL WHERE namespace = 'memory_words';
\set VERBOSITY default

-- A query has up to 2000 words, each counted once; a text up to a megabyte of lexemes.
SELECT content FROM recall('w', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 1999) i) || ' dog dogs');
SELECT content FROM recall('w', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 2000) i) || ' dog');
\set VERBOSITY sqlstate
SELECT content FROM recall('w', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 200000) i));
SELECT remember('w', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 200000) i));
\set VERBOSITY default
SELECT remember('w', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 100000) i)) IS NOT NULL AS remembered;
-- Words that would mean something in a query.
SELECT alter_collection('w', text_config => 'simple');
SELECT remember('w', $$https://a.b/c'd\e & it's |$$) IS NOT NULL AS remembered;
SELECT content, text_rank FROM recall('w', $$https://a.b/c'd\e$$);
SELECT content, text_rank FROM recall('w', $$!a.b/c & (c | 'd') <-> it's:* \$$);
SELECT drop_collection('w');
DROP SCHEMA memory_words CASCADE;
