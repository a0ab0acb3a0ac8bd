-- Functions in language tsmem_sql.
CREATE SCHEMA temporal_language;
SET search_path = temporal_language, tsmem, public;
CREATE TABLE price (gone int, item text PRIMARY KEY, amount int, p daterange);
ALTER TABLE price DROP COLUMN gone;
SELECT add_period('price', 'p'), add_system_versioning('price');
INSERT INTO price VALUES ('tea', 3, '[2026-01-01,)'), ('milk', 1, '[2026-06-01,)');
-- Scalars, named and numbered parameters, defaults.
CREATE FUNCTION amount_of(which text, at date DEFAULT '2026-02-01') RETURNS int STABLE LANGUAGE tsmem_sql AS $$
	SELECT amount FROM price FOR VALID_TIME AS OF at WHERE item = which
$$;
SELECT amount_of('tea'), amount_of('milk'), amount_of('milk', '2026-07-01'), amount_of(NULL);
CREATE FUNCTION items(date) RETURNS bigint STRICT LANGUAGE tsmem_sql AS 'SELECT count(*) FROM price FOR VALID_TIME AS OF $1';
SELECT items('2026-07-01'), items(NULL), items(at) FROM (VALUES (date '2026-01-01'), ('2025-01-01')) v(at);
-- Sets, rows, tables, output parameters, records.
CREATE FUNCTION rows_at(at date) RETURNS SETOF price STABLE LANGUAGE tsmem_sql AS 'SELECT item, amount, p, row_start, row_xid FROM price FOR VALID_TIME AS OF at ORDER BY item';
SELECT item, amount FROM rows_at('2026-07-01');
CREATE FUNCTION table_at(at date) RETURNS TABLE (name text, price numeric) LANGUAGE tsmem_sql AS 'SELECT item, amount FROM price FOR VALID_TIME AS OF at ORDER BY item';
SELECT * FROM table_at('2026-07-01'); SELECT table_at('2026-07-01');
CREATE FUNCTION one_row(at date, OUT name text, OUT price smallint) LANGUAGE tsmem_sql AS 'SELECT item, amount FROM price FOR VALID_TIME AS OF at ORDER BY item';
SELECT * FROM one_row('2026-07-01'); SELECT one_row('2020-01-01');
CREATE FUNCTION any_row() RETURNS record LANGUAGE tsmem_sql AS 'SELECT item, amount FROM price ORDER BY item';
SELECT * FROM any_row() AS r(a text, b int);
SELECT any_row();
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE tsmem_sql AS 'SELECT item FROM price FOR SYSTEM_TIME ALL WHERE p CONTAINS DATE ''2026-07-01'' ORDER BY 1';
SELECT names(); SELECT count(*) FROM names();
-- Several statements, void, changes, RETURNING; volatile sees its own changes.
CREATE FUNCTION change(which text, by int) RETURNS int LANGUAGE tsmem_sql AS $$
	UPDATE price SET amount = amount + by WHERE item = which;
	INSERT INTO price SELECT 'gin', 5, '[2026-01-01,)' WHERE NOT EXISTS (SELECT FROM price WHERE item = 'gin');
	SELECT amount FROM price WHERE item = which; -- the last
$$;
SELECT change('tea', 10);
CREATE FUNCTION remove(which text) RETURNS SETOF text LANGUAGE tsmem_sql AS 'DELETE FROM price WHERE item = which RETURNING item';
SELECT remove('gin');
CREATE FUNCTION nothing() RETURNS void LANGUAGE tsmem_sql AS 'SELECT 1; UPDATE price SET amount = amount; ';
SELECT nothing();
CREATE FUNCTION empty() RETURNS void LANGUAGE tsmem_sql AS ''; SELECT empty();
CREATE PROCEDURE rename(which text, new_name text) LANGUAGE tsmem_sql AS 'UPDATE price SET item = new_name WHERE item = which';
CALL rename('milk', 'cream');
SELECT item FROM price ORDER BY item;
CREATE FUNCTION factorial(n int) RETURNS numeric LANGUAGE tsmem_sql AS 'SELECT CASE WHEN n < 2 THEN 1 ELSE n * temporal_language.factorial(n - 1) END';
SELECT factorial(20);
-- Results are cast as an assignment is; domains look at them.
CREATE DOMAIN small AS int CHECK (VALUE < 5) NOT NULL;
CREATE FUNCTION to_small(x bigint) RETURNS small LANGUAGE tsmem_sql AS 'SELECT x';
SELECT to_small(4); SELECT to_small(5); SELECT to_small(NULL);
CREATE FUNCTION to_text(x date) RETURNS varchar LANGUAGE tsmem_sql AS 'SELECT x'; SELECT to_text('2026-01-01') <> '';
CREATE FUNCTION to_int(x text) RETURNS int LANGUAGE tsmem_sql AS 'SELECT x'; SELECT to_int('1');
CREATE FUNCTION few() RETURNS TABLE (a int, b int) LANGUAGE tsmem_sql AS 'SELECT 1'; SELECT * FROM few();
CREATE FUNCTION many() RETURNS int LANGUAGE tsmem_sql AS 'SELECT 1, 2'; SELECT many();
CREATE FUNCTION no_rows() RETURNS int LANGUAGE tsmem_sql AS 'UPDATE price SET amount = 1'; SELECT no_rows();
CREATE FUNCTION no_statement() RETURNS int LANGUAGE tsmem_sql AS ' '; SELECT no_statement();
-- A stable function changes nothing.
CREATE FUNCTION liar() RETURNS void STABLE LANGUAGE tsmem_sql AS 'DELETE FROM price'; SELECT liar();
-- Plans are kept, and follow what changes: the table, the function, the search_path.
SELECT amount_of('tea');
ALTER TABLE price ADD COLUMN note text; SELECT amount_of('tea');
ALTER TABLE price RENAME TO cost; ALTER TABLE cost RENAME TO price; SELECT amount_of('tea');
CREATE OR REPLACE FUNCTION amount_of(which text, at date DEFAULT '2026-02-01') RETURNS int STABLE LANGUAGE tsmem_sql AS 'SELECT -1';
SELECT amount_of('tea');
CREATE FUNCTION current_items() RETURNS bigint LANGUAGE tsmem_sql AS 'SELECT count(*) FROM price FOR SYSTEM_TIME AS OF ''infinity''::timestamptz - interval ''1 us''';
CREATE FUNCTION items_now() RETURNS bigint LANGUAGE tsmem_sql AS 'SELECT count(*) FROM price FOR SYSTEM_TIME ALL WHERE row_end = ''infinity''';
SELECT items_now();
CREATE SCHEMA temporal_language_other;
CREATE TABLE temporal_language_other.price (item text PRIMARY KEY);
SELECT add_system_versioning('temporal_language_other.price');
SET search_path = temporal_language_other, temporal_language, tsmem, public;
SELECT items_now();
SET search_path = temporal_language, tsmem, public;
SELECT items_now();
DROP SCHEMA temporal_language_other CASCADE;
SELECT items_now();
-- A function that replaces itself while it runs.
CREATE FUNCTION fickle() RETURNS int LANGUAGE tsmem_sql AS $$
	SELECT query('CREATE OR REPLACE FUNCTION temporal_language.fickle() RETURNS int LANGUAGE tsmem_sql AS ''SELECT 2''');
	SELECT temporal_language.fickle() * 10
$$;
SELECT fickle(); SELECT fickle();
-- SECURITY DEFINER, SET, and errors within.
CREATE ROLE temporal_language_user;
GRANT USAGE ON SCHEMA temporal_language TO temporal_language_user;
CREATE FUNCTION secret() RETURNS bigint SECURITY DEFINER SET search_path = temporal_language, pg_temp LANGUAGE tsmem_sql AS 'SELECT count(*) FROM price FOR VALID_TIME AS OF ''2026-07-01''';
SET ROLE temporal_language_user;
SET search_path = public;
SELECT temporal_language.secret(); SELECT temporal_language.items('2026-01-01');
RESET ROLE;
SET search_path = temporal_language, tsmem, public;
CREATE FUNCTION fails(x int) RETURNS int LANGUAGE tsmem_sql AS 'SELECT 1; SELECT 1 / x';
SELECT fails(0); SELECT fails(1);
-- DO.
DO LANGUAGE tsmem_sql $$ INSERT INTO price VALUES ('rum', 9, '[2026-01-01,)'); SELECT * FROM price FOR SYSTEM_TIME ALL $$;
SELECT item FROM price WHERE item = 'rum';
DO LANGUAGE tsmem_sql 'COMMIT';
DO LANGUAGE tsmem_sql 'SELECT * FROM price FOR SYSTEM_TIME';
DO LANGUAGE tsmem_sql 'SELEC';
-- The validator.
CREATE FUNCTION bad() RETURNS int LANGUAGE tsmem_sql AS 'SELECT * FROM price FOR SYSTEM_TIME UNTIL now()';
CREATE FUNCTION bad() RETURNS int LANGUAGE tsmem_sql AS 'SELECT nothing FROM price';
CREATE FUNCTION bad() RETURNS int LANGUAGE tsmem_sql AS 'SELECT 1; ROLLBACK';
CREATE FUNCTION bad() RETURNS trigger LANGUAGE tsmem_sql AS 'SELECT 1';
CREATE FUNCTION bad() RETURNS event_trigger LANGUAGE tsmem_sql AS 'SELECT 1';
CREATE FUNCTION bad(x anyelement) RETURNS int LANGUAGE tsmem_sql AS 'SELECT 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE tsmem_sql AS 'SELECT $1';
CREATE PROCEDURE bad(OUT x int) LANGUAGE tsmem_sql AS 'SELECT 1';
SET check_function_bodies = off;
CREATE FUNCTION later() RETURNS int LANGUAGE tsmem_sql AS 'SELECT * FROM nowhere FOR SYSTEM_TIME ALL';
RESET check_function_bodies;
SELECT later();
-- A language for everyone.
GRANT CREATE ON SCHEMA temporal_language TO temporal_language_user;
SET ROLE temporal_language_user;
CREATE FUNCTION mine() RETURNS int LANGUAGE tsmem_sql AS 'SELECT 1';
SELECT mine();
RESET ROLE;
DROP SCHEMA temporal_language CASCADE;
DROP ROLE temporal_language_user;
