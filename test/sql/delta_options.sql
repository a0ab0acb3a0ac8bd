-- How a history is folded: what can be set, and what not.
\set SHOW_CONTEXT never
CREATE SCHEMA delta_options;
SET search_path = delta_options, tsmem, public;

CREATE TABLE thing (id int PRIMARY KEY, name text, "two words" date, place point, kinds point[], old int);
SELECT add_system_versioning('thing');
CREATE TABLE plain (id int);

-- Without anything to set, nothing is made.
SELECT set_delta_options('thing');
SELECT count(*) FROM segment_tables WHERE history = 'thing_history'::regclass;
SELECT set_delta_options('plain');
SELECT set_delta_options('plain', level => 1);
SELECT set_delta_options(NULL, level => 1);

-- A null leaves an option as it is.
SELECT set_delta_options('thing', frame_rows => 16, level => 3);
SELECT segments, folded FROM segment_tables WHERE history = 'thing_history'::regclass;
SELECT set_delta_options('thing', level => 9, zones => '{name,"two words"}');
SELECT set_delta_options('thing', reset => '{frame_rows}');
SELECT set_delta_options('thing', frame_rows => 8, reset => '{frame_rows,level}');
SELECT set_delta_options('thing', reset => '{frame_rows,unknown}');
SELECT set_delta_options('thing', reset => ARRAY[NULL]::name[]);
SELECT set_delta_options('thing');

-- The limits, and one past them.
SELECT set_delta_options('thing', frame_rows => 1, level => 0, block_size => 1024, fold_when => 1, fold_after => '0');
SELECT set_delta_options('thing', frame_rows => 256, level => 12, block_size => 4194304, fold_when => 1000000, fold_after => '100 years');
SELECT set_delta_options('thing', frame_rows => 0);
SELECT set_delta_options('thing', frame_rows => 257);
SELECT set_delta_options('thing', level => -1);
SELECT set_delta_options('thing', level => 13);
SELECT set_delta_options('thing', block_size => 1023);
SELECT set_delta_options('thing', block_size => 4194305);
SELECT set_delta_options('thing', fold_when => 0);
SELECT set_delta_options('thing', fold_when => 1000001);
SELECT set_delta_options('thing', fold_after => '-1 microsecond');
SELECT set_delta_options('thing', fold_after => '100 years 1 microsecond');
SELECT set_delta_options('thing', retention => '0');
SELECT set_delta_options('thing', retention => '1 microsecond');
SELECT set_delta_options('thing', retention => '100 years');
SELECT set_delta_options('thing', retention => '100 years 1 day');
SET intervalstyle = 'sql_standard';
SELECT set_delta_options('thing', fold_after => '1 mon 2 days 03:04:05.000006', reset => '{frame_rows,level,block_size,fold_when,zones,retention}');
RESET intervalstyle;

-- Columns whose least and greatest values are kept.
SELECT set_delta_options('thing', zones => '{id,id}');
SELECT set_delta_options('thing', zones => '{missing}');
SELECT set_delta_options('thing', zones => '{ctid}');
SELECT set_delta_options('thing', zones => '{row_start}');
SELECT set_delta_options('thing', zones => '{place}');
SELECT set_delta_options('thing', zones => '{kinds}');
SELECT set_delta_options('thing', zones => '{}');
CREATE TABLE broad (a int PRIMARY KEY, b int, c int, d int, e int, f int, g int, h int, i int);
SELECT add_system_versioning('broad');
SELECT set_delta_options('broad', zones => '{a,b,c,d,e,f,g,h}');
SELECT set_delta_options('broad', zones => '{a,b,c,d,e,f,g,h,i}');

-- The worker has to be there to be asked.
SELECT set_delta_options('thing', worker => true);
SELECT set_delta_options('thing', worker => false);

-- Not in a transaction that only reads, and not by others.
SET default_transaction_read_only = on;
SELECT set_delta_options('thing');
SELECT set_delta_options('thing', level => 1);
RESET default_transaction_read_only;
CREATE ROLE delta_options_other;
GRANT USAGE ON SCHEMA delta_options, tsmem TO delta_options_other;
GRANT ALL ON thing TO delta_options_other;
SET ROLE delta_options_other;
SELECT set_delta_options('thing');
SELECT set_delta_options('thing', level => 1);
RESET ROLE;

-- Zones follow their columns.
SELECT set_delta_options('thing', zones => '{name,id,"two words"}');
ALTER TABLE thing RENAME COLUMN name TO title;
ALTER TABLE thing RENAME COLUMN title TO "Title";
SELECT set_delta_options('thing');
ALTER TABLE thing DROP COLUMN "two words", DROP COLUMN old;
SELECT set_delta_options('thing');
ALTER TABLE thing DROP COLUMN "Title";
SELECT set_delta_options('thing');

-- Options go with the table.
SELECT options FROM segment_tables WHERE history = 'thing_history'::regclass;
DROP TABLE thing;
SELECT count(*) FROM segment_tables WHERE segments::text LIKE '%thing%';

DROP SCHEMA delta_options CASCADE;
DROP OWNED BY delta_options_other;
DROP ROLE delta_options_other;
