-- Facts against a brute-force model: random assertions, corrections and retractions, one or several in a transaction;
-- then what is believed is compared at every pair of a valid day and a system time, and belief_diff between system times.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SET client_min_messages = warning;
CREATE SCHEMA memory_facts_oracle;
SET search_path = memory_facts_oracle, tsmem, public;
SET timezone = 'UTC';
SET tsmem.namespace = 'facts_oracle';
SELECT setseed(0.61) \gset

-- The model: which object is held of which day, now, and as it was after each transaction.
CREATE TABLE model (subject text, predicate text, day int, object int);
CREATE TABLE log (at timestamptz, subject text, predicate text, day int, object int);
CREATE TABLE times (at timestamptz PRIMARY KEY);

CREATE FUNCTION days(period tstzrange) RETURNS SETOF int LANGUAGE sql AS
$$ SELECT d FROM generate_series(0, 39) d WHERE period @> timestamptz '2024-01-01' + d * interval '1 day' $$;

CREATE FUNCTION step() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s text := (ARRAY['anna','bob'])[1 + floor(random() * 2)::int];
	p text := (ARRAY['lives_in','speaks'])[1 + floor(random() * 2)::int];
	o int := floor(random() * 4);
	first_day int := floor(random() * 40);
	period tstzrange := tstzrange(timestamptz '2024-01-01' + first_day * interval '1 day',
		CASE WHEN random() < 0.8 THEN timestamptz '2024-01-01' + (first_day + 1 + floor(random() * 15)) * interval '1 day' END);
	choice float8 := random();
BEGIN
	IF choice < 0.65 THEN
		PERFORM assert_fact(s, p, to_jsonb(o), period, CASE p WHEN 'lives_in' THEN 'one' ELSE 'many' END, source => CASE WHEN random() < 0.5 THEN 'x' END);
		DELETE FROM model m WHERE p = 'lives_in' AND m.subject = s AND m.predicate = p AND m.day IN (SELECT days(period));
		INSERT INTO model SELECT s, p, d, o FROM days(period) d
		WHERE NOT EXISTS (SELECT FROM model m WHERE m.subject = s AND m.predicate = p AND m.day = d AND m.object = o);
	ELSIF choice < 0.85 THEN
		PERFORM retract_fact(s, p, valid_at => period);
		DELETE FROM model m WHERE m.subject = s AND m.predicate = p AND m.day IN (SELECT days(period));
	ELSE
		period := CASE WHEN random() < 0.5 THEN period END;
		PERFORM retract_fact(s, p, to_jsonb(o), period);
		DELETE FROM model m WHERE m.subject = s AND m.predicate = p AND m.object = o
			AND (period IS NULL OR m.day IN (SELECT days(period)));
	END IF;
END $$;

CREATE PROCEDURE run(transactions int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. transactions LOOP
		PERFORM step() FROM generate_series(1, CASE WHEN i % 4 = 0 THEN 3 ELSE 1 END);
		INSERT INTO times VALUES (transaction_timestamp());
		INSERT INTO log SELECT transaction_timestamp(), m.* FROM model m;
		COMMIT;
	END LOOP;
END $$;
CALL run(120);

-- What the function says, day by day. A day may be held by several assertions of one object.
CREATE FUNCTION held(system timestamptz) RETURNS TABLE (subject text, predicate text, day int, object int) LANGUAGE sql AS
$$ SELECT DISTINCT b.subject, b.predicate, d, b.object::int FROM believe(valid_at => NULL, system_at => system) b, days(b.valid_at) d $$;

SELECT plan(10);
SELECT is((SELECT count(*) FROM times)::int, 120, 'every transaction has a time of its own');
SELECT cmp_ok((SELECT count(*) FROM log)::int, '>', 5000, 'the model holds something');
SELECT is((SELECT count(*) FROM times t WHERE EXISTS (
	(SELECT * FROM held(t.at) EXCEPT SELECT subject, predicate, day, object FROM log WHERE at = t.at)
	UNION ALL (SELECT subject, predicate, day, object FROM log WHERE at = t.at EXCEPT SELECT * FROM held(t.at))))::int, 0,
	'after each transaction, every day is believed as the model has it');
SELECT is((SELECT count(*) FROM (SELECT at, lag(at) OVER (ORDER BY at) AS before FROM times) t WHERE EXISTS (
	(SELECT * FROM held(t.at - interval '1 microsecond') EXCEPT SELECT subject, predicate, day, object FROM log WHERE at = t.before)
	UNION ALL (SELECT subject, predicate, day, object FROM log WHERE at = t.before EXCEPT SELECT * FROM held(t.at - interval '1 microsecond'))))::int, 0,
	'just before each transaction, as the one before left it');
SELECT is((SELECT count(*) FROM (SELECT * FROM held(NULL) EXCEPT SELECT * FROM model) d)::int
	+ (SELECT count(*) FROM (SELECT * FROM model EXCEPT SELECT * FROM held(NULL)) d)::int, 0, 'and now');
SELECT is((SELECT count(*) FROM times t, generate_series(0, 39, 7) d, (VALUES ('anna'), ('bob')) s (subject)
	WHERE (SELECT array_agg(b.object::int ORDER BY b.object) FROM believe(s.subject, 'lives_in', timestamptz '2024-01-01' + d * interval '1 day', t.at) b)
		IS DISTINCT FROM (SELECT array_agg(l.object ORDER BY l.object) FROM log l WHERE l.at = t.at AND l.subject = s.subject AND l.predicate = 'lives_in' AND l.day = d))::int, 0,
	'asked for one subject, predicate and instant');
SELECT is((SELECT count(*) FROM facts a JOIN facts b ON a.ctid < b.ctid AND a.namespace = b.namespace AND a.subject = b.subject AND a.predicate = b.predicate
	WHERE a.namespace = 'facts_oracle' AND a.cardinality = 'one' AND a.valid_at && b.valid_at
		AND tstzrange(a.row_start, a.row_end) && tstzrange(b.row_start, b.row_end))::int, 0, 'of a single-valued predicate one object is held at a time');
SELECT is((SELECT count(*) FROM facts WHERE namespace = 'facts_oracle' AND (row_end <= row_start OR (row_end <> 'infinity') <> (row_end_xid IS NOT NULL)))::int, 0,
	'no system period is empty');

CREATE FUNCTION difference(a timestamptz, b timestamptz, side text) RETURNS TABLE (subject text, predicate text, day int, object int) LANGUAGE sql AS
$$ SELECT DISTINCT d.subject, d.predicate, day, CASE side WHEN 'a' THEN d.object_a ELSE d.object_b END::int FROM belief_diff('facts_oracle', a, b) d, days(d.valid_at) day
   WHERE d.change = 'changed' OR d.change = CASE side WHEN 'a' THEN 'removed' ELSE 'added' END $$;
CREATE FUNCTION at(t timestamptz) RETURNS TABLE (subject text, predicate text, day int, object int) LANGUAGE sql AS
$$ SELECT subject, predicate, day, object FROM log WHERE log.at = t $$;
CREATE TABLE pairs AS SELECT a.at AS a, b.at AS b FROM (SELECT at, row_number() OVER (ORDER BY at) AS n FROM times) a
	JOIN (SELECT at, row_number() OVER (ORDER BY at) AS n FROM times) b ON (a.n * 7 + b.n * 13) % 120 = 0;
SELECT cmp_ok((SELECT count(*) FROM pairs)::int, '>', 100, 'pairs of system times, in both orders');
SELECT is((SELECT count(*) FROM pairs p WHERE EXISTS (
	(SELECT * FROM difference(a, b, 'a') EXCEPT (SELECT * FROM at(a) EXCEPT SELECT * FROM at(b)))
	UNION ALL ((SELECT * FROM at(a) EXCEPT SELECT * FROM at(b)) EXCEPT SELECT * FROM difference(a, b, 'a'))
	UNION ALL (SELECT * FROM difference(a, b, 'b') EXCEPT (SELECT * FROM at(b) EXCEPT SELECT * FROM at(a)))
	UNION ALL ((SELECT * FROM at(b) EXCEPT SELECT * FROM at(a)) EXCEPT SELECT * FROM difference(a, b, 'b'))))::int, 0,
	'belief_diff tells exactly what the model has differently');
SELECT * FROM finish();
DROP SCHEMA memory_facts_oracle CASCADE;
