-- State machines: declared ones refuse what is not declared.
CREATE SCHEMA run_machine;
SET search_path = run_machine, tsmem, public;
SELECT begin_run('rm/a/b', NULL, 'a0000000-0000-4000-8000-000000000001') AS r \gset
-- Not declared: from anything to anything
SELECT transition(:'r', 'free', NULL, 'x'), transition(:'r', 'free', 1, 'y'), transition(:'r', 'free', 2, 'y');
-- Declared, with states to begin in
SELECT define_machine('order', '{"": ["new"], "new": ["paid", "cancelled"], "paid": ["sent", "paid"]}', 'rm');
SELECT transition(:'r', 'order', NULL, 'paid');
SELECT transition(:'r', 'order', NULL, 'new') AS v \gset
SELECT transition(:'r', 'order', :v, 'sent');
SELECT transition(:'r', 'order', :v, 'new');
SELECT transition(:'r', 'order', :v, 'no such state');
SELECT transition(:'r', 'order', :v, 'paid') AS v2 \gset
SELECT transition(:'r', 'order', :v2, 'paid') AS v3 \gset
-- A lost race is told before a wrong transition.
SELECT transition(:'r', 'order', :v, 'nonsense'), transition(:'r', 'order', NULL, 'nonsense'), transition(:'r', 'order', -1, 'paid'), transition(:'r', 'order', 1000, 'paid');
SELECT transition(:'r', 'order', :v3, 'sent') AS v4 \gset
-- A final state
SELECT transition(:'r', 'order', :v4, 'paid');
SELECT state, version = :v4 AS last FROM machine_state(:'r', 'order');
-- Without "": to begin in any that is named
SELECT define_machine('switch', '{"on": ["off"], "off": ["on", "broken"]}', 'rm');
SELECT transition(:'r', 'switch', NULL, 'melted');
SELECT transition(:'r', 'switch', NULL, 'broken') > 0 AS named_as_a_follower;
-- The nearest declaration binds; one beside, or below, does not.
SELECT define_machine('near', '{"a": ["b"]}', 'rm'), define_machine('near', '{"a": ["c"]}', 'rm/a'), define_machine('near', '{"a": ["d"]}', 'rm/a/b/c'),
	define_machine('near', '{"a": ["e"]}', 'rm/a/bc'), define_machine('near', '{"a": ["f"]}', '');
SELECT transition(:'r', 'near', NULL, 'a') AS v \gset
SELECT transition(:'r', 'near', :v, 'b');
SELECT transition(:'r', 'near', :v, 'd');
SELECT transition(:'r', 'near', :v, 'e');
SELECT transition(:'r', 'near', :v, 'f');
SELECT transition(:'r', 'near', :v, 'c') > 0 AS nearest;
-- The root binds everyone.
SELECT begin_run('elsewhere', NULL, 'a0000000-0000-4000-8000-000000000002') AS other \gset
SELECT transition(:'other', 'near', NULL, 'a') AS v \gset
SELECT transition(:'other', 'near', :v, 'c');
SELECT transition(:'other', 'near', :v, 'f') > 0 AS root;
-- Declared anew: it counts from now on; the session's namespace is the default.
SET tsmem.namespace = 'rm/a';
SELECT define_machine('near', '{"c": ["z"]}');
RESET tsmem.namespace;
SELECT name, namespace, transitions FROM machines WHERE name = 'near' ORDER BY namespace;
SELECT transition(:'r', 'near', (SELECT version FROM machine_state(:'r', 'near')), 'z') > 0 AS anew;
-- A rolled-back declaration does not count, one in the same transaction does.
BEGIN;
SELECT define_machine('free', '{}', 'rm');
SAVEPOINT s;
SELECT transition(:'r', 'free', 3, 'y');
ROLLBACK;
SELECT transition(:'r', 'free', 3, 'y') > 0 AS free_again;
-- Nothing declared is nothing allowed.
SELECT define_machine('nothing', '{}', 'rm');
SELECT transition(:'r', 'nothing', NULL, 'x');

-- Bad input
SELECT define_machine(NULL, '{}');
SELECT define_machine('m', NULL);
SELECT define_machine('m', '[]');
SELECT define_machine('m', '"x"');
SELECT define_machine('m', '{"a": "b"}');
SELECT define_machine('m', '{"a": null}');
SELECT define_machine('m', '{"a": {"b": []}}');
SELECT define_machine('m', '{"a": [["b"]]}');
SELECT define_machine('m', '{"a": [{"b": 1}]}');
SELECT define_machine('m', '{"a": [1]}');
SELECT define_machine('m', '{"a": [""]}');
SELECT define_machine('m', jsonb_build_object('a', jsonb_build_array(repeat('x', 1025))));
SELECT define_machine('m', jsonb_build_object(repeat('x', 1025), '[]'::jsonb));
SELECT define_machine('m', jsonb_build_object('a', jsonb_build_array(repeat('x', 1024))), 'rm');
SELECT define_machine(repeat('m', 1025), '{}');
SELECT define_machine('m', '{}', 'a//b');
BEGIN READ ONLY;
SELECT define_machine('m', '{}');
ROLLBACK;
SELECT ok FROM verify_run(:'r');
DELETE FROM machines WHERE namespace = '' OR namespace LIKE 'rm%';
SET client_min_messages = warning;
DROP SCHEMA run_machine CASCADE;
