-- rewrite: the standard's definitions of periods, keys and versioned tables.
CREATE SCHEMA temporal_rewrite_define;
SET search_path = temporal_rewrite_define, tsmem, public;
\pset format unaligned
\pset tuples_only on
SELECT rewrite('CREATE TABLE price (item text, amount int, valid_from date, valid_to date, PERIOD FOR valid_at (valid_from, valid_to), PRIMARY KEY (item, valid_at WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING');
SELECT rewrite('CREATE TABLE price (item text, amount int, valid_from date, valid_to date, PERIOD FOR valid_at (valid_from, valid_to), PRIMARY KEY (item, valid_at WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING') \gexec
SELECT key_columns, period, is_primary FROM temporal_keys WHERE rel = 'price'::regclass;
-- Range columns, as PostgreSQL 18 has them; a name for the key.
SELECT rewrite('CREATE TABLE room (
	id int, -- the room
	booked tstzrange,
	CONSTRAINT one_at_a_time UNIQUE (id, booked WITHOUT OVERLAPS)
);');
SELECT rewrite('CREATE TABLE room (id int, booked tstzrange, CONSTRAINT one_at_a_time UNIQUE (id, booked WITHOUT OVERLAPS));') \gexec
SELECT constraint_name, key_columns, period, is_primary FROM temporal_keys WHERE rel = 'room'::regclass;
SELECT conname FROM pg_constraint WHERE conrelid = 'room'::regclass AND contype IN ('u', 'x');
-- System time as the standard, MariaDB and Db2 write it.
SELECT rewrite('CREATE TABLE a (PERIOD FOR SYSTEM_TIME (row_start, row_end), row_start timestamptz GENERATED ALWAYS AS ROW START, id int PRIMARY KEY, row_end timestamptz GENERATED ALWAYS AS ROW END HIDDEN, note text WITHOUT SYSTEM VERSIONING, "Other Note" text DEFAULT (''x'') WITHOUT SYSTEM VERSIONING, v int WITH SYSTEM VERSIONING) WITH SYSTEM VERSIONING WITH (fillfactor = 50)');
SELECT rewrite('CREATE TABLE a (PERIOD FOR SYSTEM_TIME (row_start, row_end), row_start timestamptz GENERATED ALWAYS AS ROW START, id int PRIMARY KEY, row_end timestamptz GENERATED ALWAYS AS ROW END HIDDEN, note text WITHOUT SYSTEM VERSIONING, "Other Note" text DEFAULT (''x'') WITHOUT SYSTEM VERSIONING, v int WITH SYSTEM VERSIONING) WITH SYSTEM VERSIONING WITH (fillfactor = 50)') \gexec
SELECT excluded_columns FROM versioned_tables WHERE rel = 'a'::regclass;
SELECT rewrite('CREATE TABLE b (id int, f timestamp, t timestamp, PERIOD BUSINESS_TIME (f, t), PERIOD SYSTEM_TIME (row_start, row_end), UNIQUE (id, BUSINESS_TIME WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING');
SELECT rewrite('CREATE TEMP TABLE temporal_rewrite_define."T""x" (U&"\0061" daterange, PERIOD FOR U&"!0061" UESCAPE ''!'', b int)');
-- Foreign keys.
SELECT rewrite('CREATE TABLE child (id int, item text, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS), FOREIGN KEY (item, PERIOD during) REFERENCES price (item, PERIOD valid_at) ON DELETE CASCADE ON UPDATE SET NULL, CONSTRAINT "my key" FOREIGN KEY (item, PERIOD during) REFERENCES temporal_rewrite_define.price DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY (id) REFERENCES a (id))');
SELECT rewrite('ALTER TABLE child ADD FOREIGN KEY (item, PERIOD during) REFERENCES price (item, PERIOD valid_at) NOT DEFERRABLE INITIALLY IMMEDIATE ON UPDATE NO ACTION');
SELECT rewrite('CREATE TABLE holder (id int, item text, during daterange, CONSTRAINT "my key" FOREIGN KEY (item, PERIOD during) REFERENCES price (item, PERIOD valid_at) ON DELETE CASCADE)') \gexec
INSERT INTO price VALUES ('tea', 3, '2026-01-01', '2026-02-01');
INSERT INTO holder VALUES (1, 'tea', '[2026-01-05,2026-01-10)');
INSERT INTO holder VALUES (2, 'tea', '[2026-03-01,2026-03-02)');
DELETE FROM price;
SELECT count(*) FROM holder;
-- ALTER TABLE.
CREATE TABLE late (id int PRIMARY KEY, f date, t date, p daterange, q daterange);
SELECT rewrite('ALTER TABLE late ADD SYSTEM VERSIONING');
SELECT rewrite('ALTER TABLE ONLY late * ADD COLUMN note text DEFAULT ''a, b'', ADD PERIOD FOR at (f, t), ALTER note SET DEFAULT ''x'', ADD PERIOD FOR p, ADD CONSTRAINT late_key UNIQUE (id, p WITHOUT OVERLAPS), ADD COLUMN row_start timestamptz GENERATED ALWAYS AS ROW START, ADD row_end timestamptz GENERATED ALWAYS AS ROW END, ADD PERIOD FOR SYSTEM_TIME (row_start, row_end), ADD SYSTEM VERSIONING, ADD UNIQUE (note)');
SELECT rewrite('ALTER TABLE late ADD PERIOD FOR SYSTEM_TIME (row_start, row_end), ADD SYSTEM VERSIONING, ADD COLUMN c int; SELECT 1');
SELECT rewrite('ALTER TABLE late /* a */ ADD /* b */ PERIOD FOR at (f, t) /* c */, /* d */ ADD PERIOD FOR p /* e */');
DO $$ BEGIN EXECUTE tsmem.rewrite('ALTER TABLE late ADD COLUMN note text, ADD PERIOD FOR at (f, t), ADD PERIOD FOR p, ADD CONSTRAINT late_key UNIQUE (id, p WITHOUT OVERLAPS), ADD SYSTEM VERSIONING'); END $$;
SELECT period, from_column FROM periods WHERE rel = 'late'::regclass ORDER BY 1;
SELECT constraint_name FROM temporal_keys WHERE rel = 'late'::regclass;
DO $$ BEGIN EXECUTE tsmem.rewrite('ALTER TABLE late DROP SYSTEM VERSIONING, DROP PERIOD FOR at, DROP CONSTRAINT late_key, DROP PERIOD FOR p'); END $$;
SELECT count(*) FROM periods WHERE rel = 'late'::regclass;
SELECT count(*) FROM versioned_tables WHERE rel = 'late'::regclass;
SELECT rewrite('ALTER TABLE late DROP SYSTEM VERSIONING RESTRICT');
SELECT rewrite('ALTER TABLE late ADD c int WITHOUT SYSTEM VERSIONING, ADD SYSTEM VERSIONING');
-- What is the server's own.
CREATE FUNCTION unchanged(statement text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN tsmem.rewrite(statement) = statement THEN 'unchanged' ELSE tsmem.rewrite(statement) END $$;
SELECT unchanged('CREATE TABLE IF NOT EXISTS x (a int GENERATED ALWAYS AS IDENTITY, period date, b int GENERATED ALWAYS AS (a + 1) STORED, PRIMARY KEY (a, period), EXCLUDE USING gist (p WITH &&)) PARTITION BY RANGE (a)');
SELECT unchanged('CREATE TABLE x AS SELECT 1'), unchanged('CREATE TABLE x OF t'), unchanged('CREATE TABLE x (LIKE y)'), unchanged('CREATE TABLE x ()'), unchanged('CREATE TABLE x PARTITION OF y FOR VALUES FROM (1) TO (2)'), unchanged('CREATE TABLE'), unchanged('ALTER TABLE'), unchanged('ALTER TABLE x'), unchanged('CREATE');
SELECT unchanged('ALTER TABLE x ADD system int, DROP system, ADD period text, ADD CONSTRAINT c CHECK (a > 1), ADD FOREIGN KEY (a) REFERENCES b, OWNER TO c'), unchanged('ALTER TABLE x ADD CONSTRAINT');
-- Errors.
\pset format aligned
\pset tuples_only off
SELECT rewrite('CREATE TABLE x (id int, s timestamptz GENERATED ALWAYS AS ROW START) WITH SYSTEM VERSIONING');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR SYSTEM_TIME (row_start, row_end))');
SELECT rewrite('CREATE TABLE x (id int WITHOUT SYSTEM VERSIONING)');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR)');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR p (a))');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR p (a, b) x)');
SELECT rewrite('CREATE TABLE x (id int, PERIOD FOR p (a, b), PERIOD FOR p)');
SELECT rewrite('CREATE TABLE x (id int, UNIQUE (p WITHOUT OVERLAPS, id))');
SELECT rewrite('CREATE TABLE x (id int, UNIQUE (id, p WITHOUT OVERLAPS) DEFERRABLE)');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (id, PERIOD p) REFERENCES y (id))');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (id, PERIOD p))');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (id, PERIOD p) REFERENCES)');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (id, PERIOD p) REFERENCES y MATCH FULL)');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (id, PERIOD p) REFERENCES y ON DELETE NOTHING)');
SELECT rewrite('CREATE TABLE x (id int, FOREIGN KEY (PERIOD p, PERIOD q) REFERENCES y)');
SELECT rewrite('CREATE TABLE IF NOT EXISTS x (id int, PERIOD FOR p (a, b))');
SELECT rewrite('ALTER TABLE IF EXISTS x ADD SYSTEM VERSIONING');
SELECT rewrite('ALTER TABLE x ADD PERIOD FOR SYSTEM_TIME (row_start, row_end)');
SELECT rewrite('ALTER TABLE x DROP PERIOD FOR SYSTEM_TIME');
SELECT rewrite('ALTER TABLE x DROP PERIOD FOR p CASCADE');
SELECT rewrite('ALTER TABLE x ADD SYSTEM VERSIONING, ADD c int WITHOUT SYSTEM VERSIONING');
DROP SCHEMA temporal_rewrite_define CASCADE;
