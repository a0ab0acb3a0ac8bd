-- What must still work after pg_upgrade; psql stops at the first statement that fails.
CREATE FUNCTION pg_temp.must(what text, holds boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF holds IS NOT TRUE THEN
		RAISE 'does not hold: %', what;
	END IF;
END $$;
CREATE FUNCTION pg_temp.code(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;

-- A snapshot of the old cluster is not one of this.
SELECT pg_temp.must('a token of the old cluster is refused',
	pg_temp.code(format('SELECT FROM account_as_of_snapshot(%L)', token)) = '22023') FROM points WHERE name = 'last';

-- The history goes with its table, and cannot be changed, dropped alone, or left behind.
SELECT pg_temp.must(format('%s gives %s', command, wanted), pg_temp.code(command) = wanted) FROM (VALUES
	('DELETE FROM account_history', '42501'), ('DROP TABLE account_history', '2BP01'), ('TRUNCATE part', '0A000'),
	('ALTER TABLE account DROP COLUMN id', '55000'), ('DROP TABLE part_1', '55000'),
	('ALTER TABLE account DISABLE TRIGGER "~tsmem_stamp"', 'done'), ('ALTER TABLE account ENABLE TRIGGER "~tsmem_stamp"', 'done')) t(command, wanted);

-- Writes make versions, which follow the old ones.
CREATE TEMP TABLE counts AS SELECT (SELECT count(*) FROM account_history) account, (SELECT count(*) FROM part_history) part, (SELECT count(*) FROM each_1_past) each,
	(SELECT count(*) FROM "odd Schema"."we""ird Tab.le_history") odd;
SET ROLE owner;
UPDATE account SET v = v + 1;
DELETE FROM account WHERE id = 1;
RESET ROLE;
UPDATE part SET k = 3 - k;
UPDATE each SET v = 3;
UPDATE "odd Schema"."we""ird Tab.le" SET amount = amount + 1;
SELECT pg_temp.must('versions are written', (SELECT count(*) FROM account_history) = account + 41 AND (SELECT count(*) FROM part_history) = part + 2
	AND (SELECT count(*) FROM each_1_past) = each + 1 AND (SELECT count(*) FROM "odd Schema"."we""ird Tab.le_history") = odd + 2) FROM counts;
SELECT pg_temp.must('no versions of a key overlap', NOT EXISTS (SELECT FROM (
	SELECT row_start, row_end, lead(row_start) OVER (PARTITION BY id ORDER BY row_start) n FROM account_versions) v WHERE n < row_end OR row_start >= row_end));
SELECT pg_temp.must('transactions of the new cluster follow those of the old',
	(SELECT max(row_xid) FROM account_history WHERE id <> 1) < (SELECT min(row_xid) FROM account));
SELECT tsmem.snapshot() AS token \gset
UPDATE account SET v = 0 WHERE id = 2;
SELECT pg_temp.must('a token of this cluster reads', (SELECT v FROM account_as_of_snapshot(:'token') WHERE id = 2) > 0);
-- By transactions, not by time: one that began before the token and committed after it is not seen.
BEGIN;
UPDATE account SET v = -1 WHERE id = 3;
PREPARE TRANSACTION 'late';
SELECT tsmem.snapshot() AS token \gset
COMMIT PREPARED 'late';
SELECT pg_temp.must('a late commit is not seen', (SELECT v FROM account_as_of_snapshot(:'token') WHERE id = 3) > 0);

-- The definition is followed.
DROP VIEW own_view;
ALTER TABLE account ADD COLUMN later int DEFAULT 1;
ALTER TABLE account RENAME v TO worth;
SELECT pg_temp.must('a new column is followed', (SELECT count(later) = count(*) FROM account_history));
ALTER TABLE part RENAME TO divided;
SELECT pg_temp.must('a name is followed', to_regclass('divided_history') IS NOT NULL AND (SELECT count(*) FROM divided_as_of(now())) = 2);
-- Folded history is folded on, by the same keys.
UPDATE folded SET v = -1;
UPDATE by_name SET v = -1;
SELECT tsmem.fold('folded'), tsmem.fold('by_name');
SELECT pg_temp.must('keys are hashed as before', NOT EXISTS (SELECT FROM tsmem.verify('by_name')) AND NOT EXISTS (SELECT FROM tsmem.verify('folded')));
SELECT pg_temp.must('all is folded', NOT EXISTS (SELECT FROM ONLY by_name_history) AND (SELECT count(*) = 3 FROM by_name_versions WHERE k = 'name 7' AND n = 7));
ALTER TABLE folded RENAME v TO worth;
SELECT pg_temp.must('a new name is followed by what is folded', (SELECT count(worth) = count(*) FROM folded_history));
DROP TABLE folded, by_name;
SELECT pg_temp.must('what was folded goes with its table', NOT EXISTS (SELECT FROM pg_class WHERE relname ~ '_(segments|folded)$' AND relnamespace <> 'tsmem'::regnamespace));
CREATE TABLE fresh (id int PRIMARY KEY);
SELECT tsmem.add_system_versioning('fresh');
SELECT tsmem.drop_system_versioning('each_1');
DROP TABLE account, divided, "odd Schema"."we""ird Tab.le", fresh;
SELECT pg_temp.must('histories and registrations go with their tables', to_regclass('account_history') IS NULL AND to_regclass('divided_history') IS NULL
	AND to_regclass('account_versions') IS NULL AND NOT EXISTS (SELECT FROM tsmem.versioned_tables) AND NOT EXISTS (SELECT FROM tsmem.temporal_keys));
DROP EXTENSION tsmem CASCADE;
