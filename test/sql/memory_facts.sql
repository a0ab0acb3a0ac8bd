-- Facts: what an assertion does to those before it, what a retraction leaves, and that nothing else changes a row.
CREATE SCHEMA memory_facts;
SET search_path = memory_facts, tsmem, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET tsmem.namespace = 'memory_facts';
CREATE VIEW held AS SELECT subject, predicate, object, valid_at, confidence, source FROM facts WHERE namespace LIKE 'memory_facts%' AND row_end = 'infinity' ORDER BY 1, 2, 4, 3;
CREATE VIEW ended AS SELECT object, valid_at, end_reason, ended_by IS NOT NULL AS superseded, row_end_xid IS NOT NULL AS by_someone
	FROM facts WHERE namespace LIKE 'memory_facts%' AND row_end <> 'infinity' ORDER BY row_start, 2, 1;

-- One value at a time: the new one takes the place of the old in its period, and only there.
SELECT assert_fact('anna', 'lives_in', '"Bern"', '[2020-01-01,2030-01-01)', confidence => 0.5, source => 'a') AS bern \gset
SELECT assert_fact('anna', 'lives_in', '"Zug"', '[2022-01-01,2024-01-01)', reason => 'moved', run_id => '00000000-0000-0000-0000-000000000001') AS zug \gset
SELECT * FROM held;
SELECT * FROM ended;
SELECT count(*) AS pieces FROM facts WHERE fact_id = :'bern' AND row_end = 'infinity';
-- The same again changes nothing.
SELECT assert_fact('anna', 'lives_in', '"Zug"', '[2022-01-01,2024-01-01)', reason => 'moved', run_id => '00000000-0000-0000-0000-000000000001') = :'zug' AS same,
	assert_fact('anna', 'lives_in', '"Zug"', '[2022-01-01,2024-01-01)', reason => 'read it') = :'zug' AS another_reason;
SELECT count(*) FROM facts WHERE namespace = 'memory_facts';
-- Over several at once, and over all.
SELECT assert_fact('anna', 'lives_in', '"Chur"', '[2021-01-01,2025-01-01)') IS NOT NULL;
SELECT * FROM held;
SELECT assert_fact('anna', 'lives_in', 'null', '(,)') IS NOT NULL;
SELECT * FROM held;
-- Bounds as they are given.
SELECT assert_fact('anna', 'weighs', '60', '[2020-01-01,2020-02-01]') IS NOT NULL, assert_fact('anna', 'weighs', '61', '[2020-02-01,2020-03-01)') IS NOT NULL;
SELECT object, valid_at FROM held WHERE predicate = 'weighs';

-- Many values stand side by side.
SELECT assert_fact('anna', 'speaks', '"de"', '[2000-01-01,)', 'many') = assert_fact('anna', 'speaks', '"de"', '[2000-01-01,)', 'many') AS same;
SELECT assert_fact('anna', 'speaks', '"fr"', '[2010-01-01,)', 'many') = assert_fact('anna', 'speaks', '"fr"', '[2012-01-01,)', 'many') AS same;
SELECT object, valid_at FROM held WHERE predicate = 'speaks';
SELECT assert_fact('anna', 'speaks', '"it"');
SELECT assert_fact('anna', 'lives_in', '"Genf"', cardinality => 'many');

-- Within a transaction only its end counts.
BEGIN;
SELECT assert_fact('bob', 'lives_in', '1', '[2020-01-01,2021-01-01)') AS gone, assert_fact('bob', 'lives_in', '2', '[2020-03-01,2020-06-01)') AS kept \gset
SELECT retract_fact('bob', 'lives_in', '2', '[2020-04-01,2020-05-01)');
SELECT assert_fact('anna', 'weighs', '62', '[2020-02-10,2020-02-20)') IS NOT NULL AS corrected, assert_fact('anna', 'weighs', '63', '[2020-02-10,2020-02-20)') IS NOT NULL AS again;
COMMIT;
SELECT object, valid_at, row_end = 'infinity' AS held FROM facts WHERE namespace = 'memory_facts' AND subject = 'bob' ORDER BY 2;
SELECT object, valid_at, row_end = 'infinity' AS held FROM facts WHERE namespace = 'memory_facts' AND predicate = 'weighs' ORDER BY row_start, 2, 1;
BEGIN;
SELECT assert_fact('bob', 'lives_in', '3') IS NOT NULL;
SAVEPOINT s;
SELECT assert_fact('bob', 'lives_in', '4') IS NOT NULL;
ROLLBACK TO s;
SELECT object FROM believe('bob', 'lives_in');
ROLLBACK;

-- Retracting: a value, an assertion, a period, everything.
SELECT retract_fact('anna', 'speaks', '"fr"', '[2015-01-01,2016-01-01)', 'forgot it') AS two;
SELECT object, valid_at FROM held WHERE predicate = 'speaks';
SELECT retract_fact('anna', 'speaks', '"en"') AS none, retract_fact('carl', 'speaks') AS nobody, retract_fact(fact_id => gen_random_uuid()) AS unknown;
SELECT retract_fact(fact_id => :'kept', subject => 'anna') AS not_hers, retract_fact(fact_id => :'kept', reason => 'wrong') AS pieces;
SELECT retract_fact('anna', 'speaks') AS all_of_it;
SELECT predicate, object, valid_at FROM held;
SELECT object, end_reason, ended_by FROM facts WHERE fact_id = :'kept' ORDER BY valid_at;

-- Namespaces: one fact does not touch another's; what is below is seen from above.
SELECT assert_fact('anna', 'likes', '"tea"', '(,)', namespace => 'memory_facts/a') IS NOT NULL, assert_fact('anna', 'likes', '"milk"', '(,)', namespace => 'memory_facts/ab') IS NOT NULL;
SELECT namespace, object FROM believe('anna', 'likes');
SELECT namespace, object FROM believe('anna', 'likes', namespace => 'memory_facts/a');
SELECT retract_fact('anna', 'likes') AS not_here;
SELECT count(*) FROM believe(namespace => 'memory_fact');

-- By default from now on, believed of now.
SELECT assert_fact('anna', 'mood', '"good"') IS NOT NULL;
SELECT lower(valid_at) = row_start AS from_now, upper_inf(valid_at) AS forever, row_xid IS NOT NULL AS by_someone FROM facts WHERE predicate = 'mood' AND namespace = 'memory_facts';
SELECT (SELECT count(*) FROM believe('anna', 'mood')) AS now, (SELECT count(*) FROM believe('anna', 'mood', '2000-01-01')) AS then,
	(SELECT count(*) FROM believe('anna', 'mood', NULL)) AS ever, (SELECT count(*) FROM believe('anna', 'mood', NULL, '2000-01-01')) AS not_known_then,
	(SELECT count(*) FROM believe('anna', 'mood', NULL, 'infinity')) AS in_the_end;

-- What changed between two times.
SELECT pg_sleep(0.002), now() AS a \gset
SELECT assert_fact('dora', 'age', '40', '[2020-01-01,2021-01-01)') IS NOT NULL, assert_fact('anna', 'weighs', '70', '[2020-01-15,2020-02-15)', confidence => 0.9) IS NOT NULL;
SELECT retract_fact('anna', 'mood') IS NOT NULL, retract_fact('anna', 'weighs', '61') > 0, assert_fact('anna', 'weighs', '63', '[2020-02-10,2020-02-20)', confidence => 0.4) IS NOT NULL;
SELECT pg_sleep(0.002), now() AS b \gset
SELECT subject, predicate, change, CASE WHEN predicate <> 'mood' THEN valid_at END AS valid_at, object_a, object_b, confidence_a, confidence_b FROM belief_diff('memory_facts', :'a', :'b');
SELECT subject, change, object_a, object_b FROM belief_diff('memory_facts', :'b', :'a', 'dora');
SELECT count(*) FROM belief_diff('memory_facts', :'b', :'b');
SELECT count(*) FROM belief_diff(NULL, :'a', :'b', predicate => 'age');
-- NULL is now, as it is for believe.
SELECT (SELECT count(*) FROM belief_diff('memory_facts', :'a', NULL)) > 0 AS since, (SELECT count(*) FROM belief_diff('memory_facts', NULL, NULL)) AS now,
	NOT EXISTS (SELECT * FROM belief_diff('memory_facts', :'a', NULL) EXCEPT SELECT * FROM belief_diff('memory_facts', :'a', 'infinity')) AS same;
-- Another cardinality alone is no difference; nor does it hide one.
SELECT assert_fact('emil', 'owns', '1', '[2020-01-01,2021-01-01)') IS NOT NULL, assert_fact('emil', 'owns', '2', '[2021-01-01,2022-01-01)') IS NOT NULL;
SELECT pg_sleep(0.002), now() AS c \gset
SELECT retract_fact('emil', 'owns'), assert_fact('emil', 'owns', '1', '[2020-01-01,2020-07-01)', 'many') IS NOT NULL, assert_fact('emil', 'owns', '3', '[2021-01-01,2022-01-01)', 'many') IS NOT NULL;
SELECT change, valid_at, object_a, object_b FROM belief_diff('memory_facts', :'c', NULL, 'emil');

-- Bad input.
SELECT assert_fact(NULL, 'p', '1');
SELECT assert_fact('s', 'p', NULL);
SELECT assert_fact('', 'p', '1');
SELECT assert_fact('s', '', '1');
SELECT assert_fact('s', 'p', '1', 'empty');
SELECT assert_fact('s', 'p', '1', '[2021-01-01,2020-01-01)');
SELECT assert_fact('s', 'p', '1', cardinality => 'few');
SELECT assert_fact('s', 'p', '1', cardinality => NULL);
SELECT assert_fact('s', 'p', '1', confidence => 1.1);
SELECT assert_fact('s', 'p', '1', confidence => 'NaN');
SELECT assert_fact('s', 'p', '1', namespace => 'a/');
SELECT assert_fact(repeat('s', 1000), repeat('p', 24), '1') IS NOT NULL;
SELECT assert_fact(repeat('s', 1000), repeat('p', 25), '1');
SELECT retract_fact();
SELECT retract_fact('s');
SELECT retract_fact('s', 'p', valid_at => 'empty');

-- Rows are immutable but for being ended, which is at the system time whatever is said.
UPDATE facts SET object = '1' WHERE namespace = 'memory_facts';
UPDATE facts SET row_start = row_start - interval '1 day' WHERE namespace = 'memory_facts' AND row_end = 'infinity';
UPDATE facts SET end_reason = 'x' WHERE namespace = 'memory_facts' AND row_end = 'infinity';
UPDATE facts SET row_end = 'infinity' WHERE namespace = 'memory_facts' AND row_end <> 'infinity';
UPDATE facts SET row_end = now() WHERE namespace = 'memory_facts' AND row_end <> 'infinity';
UPDATE facts SET namespace = NULL WHERE namespace = 'memory_facts';
DELETE FROM facts WHERE namespace = 'memory_facts';
UPDATE facts SET row_end = '2000-01-01', row_end_xid = '1' WHERE namespace = 'memory_facts' AND subject = 'dora' AND row_end = 'infinity' RETURNING row_end = now() AS now, row_end_xid = pg_current_xact_id() AS by_us;
SELECT _guard_fact();
CREATE TABLE t (a int);
CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION _guard_fact();
INSERT INTO t VALUES (1);
DROP SCHEMA memory_facts CASCADE;
