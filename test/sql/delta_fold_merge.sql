-- Segments that are small, too large or of an old schema are written anew.
CREATE SCHEMA delta_fold_merge;
SET search_path = delta_fold_merge, tsmem, public;

CREATE TABLE item (id int PRIMARY KEY, n int, note text);
SELECT add_system_versioning('item');
SELECT * FROM merge('item');

-- A store of small segments: each fold finds one key only.
INSERT INTO item SELECT i, 0, md5(i::text) FROM generate_series(1, 40) i;
DO $$ BEGIN
	FOR i IN REVERSE 40..1 LOOP
		UPDATE item SET n = n + 1 WHERE id = i;
		COMMIT;
		PERFORM tsmem.fold('item');
		COMMIT;
	END LOOP;
END $$;
CREATE TABLE before AS SELECT * FROM item_history;
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(SELECT former::text FROM item_history former EXCEPT ALL SELECT old::text FROM before old)
	UNION ALL (SELECT old::text FROM before old EXCEPT ALL SELECT former::text FROM item_history former)) d;
SELECT count(*) AS segments, sum(versions) FROM item_history_segments;
SELECT segments_before, segments_after, bytes_before > bytes_after AS smaller FROM merge('item', max_segments => 5);
SELECT segments_before, segments_after, bytes_before > bytes_after AS smaller FROM merge('item');
SELECT * FROM merge('item');
SELECT count(*) AS segments, sum(versions) FROM item_history_segments;
SELECT * FROM verify('item');
TABLE differing;

-- A column more: what was written before is of an old schema, once.
ALTER TABLE item ADD COLUMN more int;
SELECT segments_before, segments_after FROM merge('item');
SELECT segments_before, segments_after FROM merge('item');
SELECT DISTINCT schema_id FROM item_history_segments;
SELECT count(*), count(more) FROM item_history;

-- The options of the store: blocks of another size, other frames.
DO $$ BEGIN
	FOR i IN 1..20 LOOP UPDATE item SET n = n + 1, note = md5(note); COMMIT; END LOOP;
END $$;
SELECT versions, segments > 2 AS several FROM fold('item');
DROP VIEW differing;
DROP TABLE before;
CREATE TABLE before AS SELECT * FROM item_history;
CREATE VIEW differing AS SELECT count(*) AS differing FROM (
	(SELECT former::text FROM item_history former EXCEPT ALL SELECT old::text FROM before old)
	UNION ALL (SELECT old::text FROM before old EXCEPT ALL SELECT former::text FROM item_history former)) d;
UPDATE segment_tables SET options = '{"block_size": 1024, "frame_rows": 8, "level": 0}' WHERE history = 'item_history'::regclass;
SELECT segments_after > 5 * segments_before AS more FROM merge('item');
SELECT max(octet_length(block)) <= 1024 AS short FROM item_history_segments;
SELECT * FROM merge('item');
UPDATE segment_tables SET options = '{"block_size": 100000, "frame_rows": 256, "level": 12}' WHERE history = 'item_history'::regclass;
SELECT segments_after FROM merge('item');
SELECT max(octet_length(block)) > 8192 AS long FROM item_history_segments;
SELECT * FROM verify('item');
TABLE differing;
-- What is out of range counts as not set.
UPDATE segment_tables SET options = '{"block_size": 10, "frame_rows": 257, "level": "high", "zones": "n", "fold_when": null}'
WHERE history = 'item_history'::regclass;
SELECT segments_before FROM merge('item');
SELECT max(octet_length(block)) BETWEEN 6000 AND 8072 AS page FROM item_history_segments;
TABLE differing;
SELECT merge('item', 0);
SELECT merge('before');
SELECT merge(NULL) IS NULL AS nothing;

CREATE ROLE delta_fold_merge_other;
GRANT USAGE ON SCHEMA delta_fold_merge, tsmem TO delta_fold_merge_other;
SET ROLE delta_fold_merge_other;
SELECT merge('item');
RESET ROLE;
BEGIN READ ONLY;
SELECT merge('item');
ROLLBACK;
DROP SCHEMA delta_fold_merge CASCADE;
DROP OWNED BY delta_fold_merge_other;
DROP ROLE delta_fold_merge_other;
