-- Generated names fit 63 bytes and do not collide; odd names and schemas outside search_path work.
CREATE SCHEMA temporal_name;
SET search_path = temporal_name, tsmem, public;
-- The registry without tables of the extension itself.
CREATE VIEW temporal_name.user_versioned_tables AS SELECT * FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);
GRANT SELECT ON temporal_name.user_versioned_tables TO PUBLIC;
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_12345_one (id int PRIMARY KEY, v int);
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_12345_two (id int PRIMARY KEY, v int);
CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_123 (id int PRIMARY KEY, v int);
-- 31 letters of two bytes and one of one byte: 63 bytes; and 21 of three.
CREATE TABLE "ééééééééééééééééééééééééééééééé1" (id int PRIMARY KEY, v int);
CREATE TABLE "€€€€€€€€€€€€€€€€€€€€€" (id int PRIMARY KEY, v int);
SELECT add_system_versioning(c) FROM unnest('{a23456789_123456789_123456789_123456789_123456789_12345_one,
	a23456789_123456789_123456789_123456789_123456789_12345_two,a23456789_123456789_123456789_123456789_123456789_123456789_123,
	ééééééééééééééééééééééééééééééé1,€€€€€€€€€€€€€€€€€€€€€}'::regclass[]) c;
SELECT history, octet_length(history::text) AS bytes FROM temporal_name.user_versioned_tables ORDER BY history::text COLLATE "C";
SELECT unnest(functions) AS function, octet_length(unnest(functions)::text) AS bytes FROM temporal_name.user_versioned_tables ORDER BY 1;
SELECT relname, octet_length(relname) AS bytes FROM pg_class WHERE relnamespace = 'temporal_name'::regnamespace AND relname LIKE '%\_idx' ORDER BY relname COLLATE "C";
INSERT INTO "€€€€€€€€€€€€€€€€€€€€€" VALUES (1, 1);
UPDATE "€€€€€€€€€€€€€€€€€€€€€" SET v = 2;
SELECT id, v FROM as_of(NULL::"€€€€€€€€€€€€€€€€€€€€€", now());
-- The same table gets the same names again.
SELECT history AS before FROM temporal_name.user_versioned_tables WHERE rel = 'a23456789_123456789_123456789_123456789_123456789_12345_one'::regclass \gset
SELECT drop_system_versioning('a23456789_123456789_123456789_123456789_123456789_12345_one', false);
SELECT add_system_versioning('a23456789_123456789_123456789_123456789_123456789_12345_one');
SELECT history = :'before'::regclass AS same FROM temporal_name.user_versioned_tables WHERE rel = 'a23456789_123456789_123456789_123456789_123456789_12345_one'::regclass;

-- Quotes, dots, spaces, key words, capitals; columns that are named as arguments or aliases of ours.
CREATE SCHEMA "Odd ""Sch.ema";
CREATE TABLE "Odd ""Sch.ema"."we""ird Tab.le" ("select" int PRIMARY KEY, "Ca""p" text, system_time int, from_time int, to_time int, u int, c int, v int, "%s %I" int, row_ int);
SET search_path = public;
SELECT tsmem.add_system_versioning('"Odd ""Sch.ema"."we""ird Tab.le"', '{"Ca\"p"}');
INSERT INTO "Odd ""Sch.ema"."we""ird Tab.le" VALUES (1, 'x', 2, 3, 4, 5, 6, 7, 8, 9);
UPDATE "Odd ""Sch.ema"."we""ird Tab.le" SET u = 55, "Ca""p" = 'y';
UPDATE "Odd ""Sch.ema"."we""ird Tab.le" SET "Ca""p" = 'z';
SELECT "select", "Ca""p", system_time, from_time, to_time, u, c, v, "%s %I", row_ FROM "Odd ""Sch.ema"."we""ird Tab.le_as_of"(now());
SELECT "Ca""p", u FROM "Odd ""Sch.ema"."we""ird Tab.le_versions" ORDER BY row_start;
SELECT "Ca""p", u FROM "Odd ""Sch.ema"."we""ird Tab.le_from_to"('-infinity', 'infinity') ORDER BY row_start;
SELECT "Ca""p", u FROM tsmem.as_of(NULL::"Odd ""Sch.ema"."we""ird Tab.le", now());
ALTER TABLE "Odd ""Sch.ema"."we""ird Tab.le" RENAME COLUMN "%s %I" TO "new "" name";
ALTER TABLE "Odd ""Sch.ema"."we""ird Tab.le" ADD COLUMN "it's" text COLLATE "C" DEFAULT 'it''s';
UPDATE "Odd ""Sch.ema"."we""ird Tab.le" SET "it's" = '';
SELECT "new "" name", "it's" FROM "Odd ""Sch.ema"."we""ird Tab.le_versions" ORDER BY row_start;

-- A search_path that hides operators, types and functions changes nothing.
CREATE SCHEMA temporal_name_trap;
CREATE FUNCTION temporal_name_trap.trap(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT NULL::boolean';
CREATE OPERATOR temporal_name_trap.<= (FUNCTION = temporal_name_trap.trap, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR temporal_name_trap.> (FUNCTION = temporal_name_trap.trap, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE DOMAIN temporal_name_trap.timestamptz AS text;
SET search_path = temporal_name_trap, pg_catalog, "Odd ""Sch.ema";
SELECT u FROM "we""ird Tab.le_as_of"(pg_catalog.now());
SELECT u FROM tsmem.as_of(NULL::"we""ird Tab.le", pg_catalog.now());
CREATE TABLE "Odd ""Sch.ema".trapped (id int PRIMARY KEY, v int);
SELECT tsmem.add_system_versioning('trapped');
INSERT INTO trapped VALUES (1, 1); UPDATE trapped SET v = 2;
SELECT v FROM trapped_as_of(pg_catalog.now());
RESET search_path;
DROP SCHEMA temporal_name_trap CASCADE;
DROP SCHEMA "Odd ""Sch.ema" CASCADE;
DROP SCHEMA temporal_name CASCADE;
SELECT count(*) FROM tsmem.versioned_tables WHERE rel NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'tsmem'::regnamespace);

-- Apostrophes and backslashes, in all that makes commands of names.
SET search_path = tsmem;
CREATE SCHEMA "it's \";
CREATE TABLE "it's \"."they're \" ("c's \" int PRIMARY KEY, v int);
SELECT add_system_versioning('"it''s \"."they''re \"');
INSERT INTO "it's \"."they're \" VALUES (1, 1), (2, 1);
UPDATE "it's \"."they're \" SET v = 2;
UPDATE "it's \"."they're \" SET v = 3;
SELECT versions FROM fold('"it''s \"."they''re \"', '0');
SELECT current_rows, segment_versions FROM erase('"it''s \"."they''re \"', '{"c''s \\": 2}', 'it''s asked for');
SELECT "c's \", v FROM "it's \"."they're \_versions" ORDER BY row_start;
SELECT * FROM verify('"it''s \"."they''re \"');
SELECT versions FROM prune('"it''s \"."they''re \"', now());
\set VERBOSITY sqlstate
SELECT * FROM "it's \"."they're \_as_of"('-infinity');
\set VERBOSITY default
ALTER TABLE "it's \"."they're \" RENAME TO "they've; \";
SELECT v FROM "it's \"."they've; \_as_of"(now());
SELECT set_system_time(clock_timestamp());
SELECT count(*) FROM "it's \"."they've; \";
SELECT set_system_time(NULL);
SELECT drop_system_versioning('"it''s \"."they''ve; \"');
SELECT create_document_store('"it''s \"."don''t"', check_schema => '{"title": "it''s"}');
SELECT put_document('"it''s \"."don''t"', 'a''b', '{"it''s": 1}');
SELECT get_document('"it''s \"."don''t"', 'a''b', now()), count(*) FROM find_documents('"it''s \"."don''t"', '$."it''s" == 1', now());
SELECT set_document_schema('"it''s \"."don''t"', '{"required": ["it''s"]}');
SELECT drop_document_store('"it''s \"."don''t"');
