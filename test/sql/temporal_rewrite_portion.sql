-- rewrite: UPDATE and DELETE FOR PORTION OF.
CREATE SCHEMA temporal_rewrite_portion;
SET search_path = temporal_rewrite_portion, tsmem, public;
CREATE TABLE price (item text, amount int, valid_at daterange);
SELECT add_period('price', 'valid_at'), add_temporal_key('price', '{item}', 'valid_at', true);
CREATE TABLE stay (id int, f timestamptz, t timestamptz, note text);
SELECT add_period('stay', 'during', 'f', 't'), add_temporal_key('stay', '{id}', 'during');
CREATE TABLE other (item text);
INSERT INTO price VALUES ('tea', 3, '[2026-01-01,2027-01-01)'), ('milk', 1, '[2026-01-01,)');
INSERT INTO stay VALUES (1, '2026-01-01 UTC', NULL, 'x');
INSERT INTO other VALUES ('tea');
\pset format unaligned
\pset tuples_only on
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM ''2026-03-01'' TO ''2026-04-01'' SET amount = amount + 1 WHERE price.item = ''tea'' RETURNING price.amount') \gexec
SELECT * FROM price ORDER BY item, valid_at;
SELECT rewrite('UPDATE price AS p FOR PORTION OF VALID_TIME FROM DATE ''2026-05-01'' TO NULL SET (amount) = ROW (9) FROM other o WHERE o.item = p.item AND p.valid_at CONTAINS DATE ''2026-12-01''') \gexec
SELECT rewrite('UPDATE price /* a */ FOR PORTION OF valid_at /* b */ (daterange(''2026-01-01'', ''2026-02-01'')) AS "P" /* c */ SET amount = 8 WHERE "P".item = ''milk''') \gexec
SELECT * FROM price ORDER BY item, valid_at;
SELECT rewrite('UPDATE stay FOR PORTION OF during FROM (SELECT min(f) FROM stay) TO ''2026-02-01 UTC'' SET note = ''y''') \gexec
SELECT note, during FROM stay ORDER BY during;
SELECT rewrite('DELETE FROM price FOR PORTION OF valid_at FROM ''2026-01-10'' TO ''2026-01-20'' WHERE item = ''milk''') \gexec
SELECT rewrite('DELETE FROM price FOR PORTION OF BUSINESS_TIME FROM ''2026-05-01'' TO ''2026-06-01'' p USING other /* o */ o JOIN other q USING (item) WHERE o.item = p.item -- c
RETURNING p.item, p.amount -- d') \gexec
SELECT rewrite('WITH RECURSIVE which AS (SELECT item FROM other WHERE item IS DISTINCT FROM ''milk'') DELETE FROM price FOR PORTION OF valid_at (daterange(''2026-11-01'', NULL)) WHERE item IN (SELECT item FROM which)') \gexec
SELECT * FROM price ORDER BY item, valid_at;
SELECT rewrite('EXPLAIN DELETE FROM stay FOR PORTION OF during FROM a TO b; DELETE FROM stay; SELECT 1');
-- Errors.
\pset format aligned
\pset tuples_only off
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM a TO b SET amount = 1, valid_at = c');
SELECT rewrite('UPDATE stay FOR PORTION OF during FROM a TO b SET (note, f) = (1, 2)');
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM a SET amount = 1');
SELECT rewrite('UPDATE price FOR PORTION OF valid_at BETWEEN a AND b SET amount = 1');
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM TO b SET amount = 1');
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM a TO b WHERE true');
SELECT rewrite('UPDATE price FOR PORTION OF');
SELECT rewrite('UPDATE price FOR PORTION OF nothing FROM a TO b SET amount = 1');
SELECT rewrite('UPDATE other FOR PORTION OF valid_time FROM a TO b SET amount = 1');
SELECT rewrite('UPDATE nowhere FOR PORTION OF valid_time FROM a TO b SET amount = 1');
SELECT rewrite('UPDATE ONLY price FOR PORTION OF valid_at FROM a TO b SET amount = 1');
SELECT rewrite('WITH x AS (DELETE FROM price FOR PORTION OF valid_at FROM a TO b RETURNING *) SELECT * FROM x');
SELECT rewrite('INSERT INTO price FOR PORTION OF valid_at FROM a TO b VALUES (1)');
SELECT rewrite('UPDATE price SET amount = 1 FOR PORTION OF valid_at FROM a TO b');
DROP VIEW price_for_portion_of_valid_at;
SELECT rewrite('UPDATE price FOR PORTION OF valid_at FROM a TO b SET amount = 1');
DROP SCHEMA temporal_rewrite_portion CASCADE;
