-- Zones: what chosen columns hold in a segment.
CREATE SCHEMA delta_fold_zones;
SET search_path = delta_fold_zones, tsmem, public;
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE item (id int PRIMARY KEY, n int2, f float8, at date, m mood, ms mood[], name text, other text COLLATE same, u uuid, empty int);
SELECT add_system_versioning('item');
INSERT INTO item SELECT i, i - 5, i / 4.0, '2024-01-01'::date + i, 'calm', NULL, 'name ' || i % 3, 'x', gen_random_uuid() FROM generate_series(1, 10) i;
UPDATE item SET f = 'NaN', n = NULL WHERE id = 3;
UPDATE item SET m = 'cross', name = NULL;
SELECT versions FROM fold('item');
SELECT zones IS NULL AS none FROM item_history_segments;
UPDATE segment_tables SET options = '{"zones": ["n", "f", "at", "m", "ms", "name", "other", "u", "empty", "missing"]}' WHERE history = 'item_history'::regclass;
-- Written with the next fold: a header, then place, kind, flags, length of each zone.
UPDATE item SET n = n;
UPDATE item SET n = 100 WHERE id = 10;
SELECT versions FROM fold('item');
WITH RECURSIVE zone (at, place, kind, flags, length, zones) AS (
	SELECT 1, get_byte(zones, 1), get_byte(zones, 3), get_byte(zones, 4), get_byte(zones, 5) + 256 * get_byte(zones, 6), zones
	FROM item_history_segments
	UNION ALL
	SELECT at + 6 + length, get_byte(zones, at + 6 + length), get_byte(zones, at + 8 + length), get_byte(zones, at + 9 + length),
		get_byte(zones, at + 10 + length) + 256 * get_byte(zones, at + 11 + length), zones
	FROM zone WHERE at + 6 + length < octet_length(zones))
SELECT column_name, z.kind, flags, z.length,
	CASE z.kind WHEN 1 THEN substr(zones, at + 7, z.length) END AS range
FROM zone z JOIN segment_columns c ON history = 'item_history'::regclass AND c.schema_id = 1 AND number = place ORDER BY place;
SELECT * FROM verify('item');
-- Merging keeps them, or takes them away.
ALTER TABLE item ADD COLUMN more int;
SELECT segments_after FROM merge('item');
SELECT zones IS NOT NULL AS some FROM item_history_segments;
UPDATE segment_tables SET options = '{}' WHERE history = 'item_history'::regclass;
ALTER TABLE item ADD COLUMN most int;
SELECT segments_after FROM merge('item');
SELECT zones IS NULL AS none FROM item_history_segments;
DROP SCHEMA delta_fold_zones CASCADE;
