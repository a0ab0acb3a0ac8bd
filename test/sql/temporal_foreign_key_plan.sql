-- The checks of temporal foreign keys are answered by indexes: of the temporal key, and on the referencing side one that is made for it.
CREATE SCHEMA temporal_foreign_key_plan;
SET search_path = temporal_foreign_key_plan, tsmem, public;
CREATE TABLE room (id int, name text, valid_at daterange);
SELECT add_period('room', 'valid_at'), add_temporal_key('room', '{id}', 'valid_at');
CREATE TABLE booking (room int, guest text, valid_at daterange);
SELECT add_period('booking', 'valid_at');
CREATE INDEX by_room ON booking USING gist (room, valid_at);
SELECT add_temporal_foreign_key('booking', '{room}', 'valid_at', 'room', '{id}', 'valid_at', 'cascade', 'cascade');
INSERT INTO room SELECT i, 'r' || i, '(,)' FROM generate_series(1, 500) i;
INSERT INTO booking SELECT i, 'g' || i, daterange('2020-01-01', '2020-01-01'::date + i) FROM generate_series(1, 500) i;
ANALYZE room; ANALYZE booking;
SET enable_seqscan = off;
-- What a statement reads of both tables, its own search for rows included.
CREATE FUNCTION reads(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	relations regclass[] = ARRAY['temporal_foreign_key_plan.room', 'temporal_foreign_key_plan.room_id_valid_at_key', 'temporal_foreign_key_plan.booking', 'temporal_foreign_key_plan.by_room'];
	before bigint[] = (SELECT array_agg(pg_stat_get_xact_numscans(r) ORDER BY n) FROM unnest(relations) WITH ORDINALITY u (r, n));
	behind bigint[];
BEGIN
	EXECUTE statement;
	behind = (SELECT array_agg(pg_stat_get_xact_numscans(r) ORDER BY n) FROM unnest(relations) WITH ORDINALITY u (r, n));
	RETURN format('room %s, booking %s',
		CASE WHEN behind[1] > before[1] THEN 'whole' WHEN behind[2] > before[2] THEN 'by index' ELSE 'not' END,
		CASE WHEN behind[3] > before[3] THEN 'whole' WHEN behind[4] > before[4] THEN 'by index' ELSE 'not' END);
END $$;
BEGIN;
SELECT reads($$INSERT INTO booking VALUES (7, 'new', '[2021-01-01,2021-02-01)')$$);
SELECT reads($$DELETE FROM room WHERE id = 7 AND valid_at && '(,)'$$);
SELECT reads($$UPDATE room SET id = 700 WHERE id = 8 AND valid_at && '(,)'$$);
-- Nothing is asked for a change that gives nothing up.
SELECT reads($$UPDATE room SET name = 'other' WHERE id = 9 AND valid_at && '(,)'$$);
SELECT reads($$UPDATE booking SET valid_at = '[2020-01-01,2020-01-02)' WHERE room = 9 AND valid_at && '(,)'$$);
ROLLBACK;
-- Without an index on the referencing side.
ALTER INDEX by_room RENAME TO other;
CREATE INDEX by_room ON booking (guest);
DROP INDEX other;
BEGIN;
SELECT reads($$DELETE FROM room WHERE id = 7 AND valid_at && '(,)'$$);
ROLLBACK;
-- The queries are these.
PREPARE cover(int, daterange) AS SELECT range_agg(x.r) FROM (SELECT p.valid_at AS r FROM ONLY room p WHERE p.id = $1 AND p.valid_at && $2 FOR KEY SHARE OF p) x;
EXPLAIN (COSTS OFF) EXECUTE cover(1, '[2020-01-01,2021-01-01)');
DROP INDEX by_room;
CREATE INDEX by_room ON booking USING gist (room, valid_at);
PREPARE rest(int, datemultirange) AS SELECT 1 FROM ONLY booking f WHERE f.room = $1 AND f.valid_at && $2 FOR KEY SHARE OF f;
EXPLAIN (COSTS OFF) EXECUTE rest(1, '{[2020-01-01,2021-01-01)}');
SET client_min_messages = warning;
DROP SCHEMA temporal_foreign_key_plan CASCADE;
