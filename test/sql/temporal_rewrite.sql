-- rewrite: the clauses of the standard and their like as plain SQL; what is not temporal comes back as it was.
CREATE SCHEMA temporal_rewrite;
SET search_path = temporal_rewrite, tsmem, public;
\pset format unaligned
\pset tuples_only on
CREATE TABLE account (id int PRIMARY KEY, balance int);
SELECT add_system_versioning('account');
CREATE TABLE price (item text, amount int, valid_at daterange);
SELECT add_period('price', 'valid_at'), add_temporal_key('price', '{item}', 'valid_at', true), add_system_versioning('price');
CREATE TABLE shift (id int PRIMARY KEY, work tstzrange, rest tsrange);
SELECT add_period('shift', 'work'), add_period('shift', 'rest');
CREATE TABLE bare (id int PRIMARY KEY, v int);
SELECT add_system_versioning('bare', history_options => '{"functions": false}');
CREATE TABLE plain (id int);
CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, "Valid At" daterange);
SELECT add_period('"Odd ""Name"', 'Valid At'), add_system_versioning('"Odd ""Name"');

-- System time.
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF now() - interval ''1'' day AS a WHERE a.id = 1');
SELECT rewrite('SELECT * FROM account AS a FOR SYSTEM_TIME AS OF $1 AT TIME ZONE ''UTC'' WHERE a.id = 1');
SELECT rewrite('SELECT * FROM account a (x, y, z, w) FOR SYSTEM_TIME AS OF TIMESTAMP ''2026-01-01'', plain');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF timestamp (3) with time zone ''2026-01-01'' b (x)');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME FROM ''a'' TO ''b'' LEFT JOIN account FOR SYSTEM_TIME ALL AS y ON true');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME BETWEEN ''a'' AND ''b'' ORDER BY 1');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME BETWEEN SYMMETRIC left($1, 4)::date AND (SELECT max(balance) FROM account FOR SYSTEM_TIME ALL) x');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME BETWEEN ASYMMETRIC a AND b');
SELECT rewrite('SELECT * FROM account FOR ALL SYSTEM_TIME a');
SELECT rewrite('SELECT * FROM account VERSIONS BETWEEN TIMESTAMP now() AND CASE WHEN true THEN now() END a');
SELECT rewrite('SELECT * FROM account AS OF TIMESTAMP localtimestamp - $1 a');
SELECT rewrite('SELECT * FROM account AS OF TRANSACTION $1, account FOR SYSTEM_TIME AS OF TRANSACTION ''x'' b');
SELECT rewrite('SELECT * FROM temporal_rewrite."account" * FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM U&"\0061ccount" FOR SYSTEM_TIME AS OF now() AS U&"d!0061t" UESCAPE ''!''');
SELECT rewrite('SELECT * FROM "Odd ""Name" FOR SYSTEM_TIME AS OF now() FOR "Valid At" AS OF now()');
-- Without generated functions.
SELECT rewrite('SELECT * FROM bare FOR SYSTEM_TIME AS OF now() WHERE id = 1');
SELECT rewrite('SELECT * FROM bare FOR SYSTEM_TIME BETWEEN SYMMETRIC a AND b x');
SELECT rewrite('SELECT * FROM bare AS OF TRANSACTION $1 x');
SELECT rewrite('SELECT * FROM bare FOR SYSTEM_TIME ALL');
-- Periods.
SELECT rewrite('SELECT * FROM price FOR VALID_TIME AS OF current_date WHERE amount > 1');
SELECT rewrite('SELECT * FROM price p FOR valid_at AS OF $1');
SELECT rewrite('SELECT * FROM price AS OF VALID $1 p');
SELECT rewrite('SELECT * FROM price AS OF PERIOD FOR valid_at $1 p, price VERSIONS PERIOD FOR valid_at BETWEEN a AND b');
SELECT rewrite('SELECT * FROM price BETWEEN VALID a AND b');
SELECT rewrite('SELECT * FROM shift FOR work FROM a TO b, shift FOR rest BETWEEN SYMMETRIC a AND b s');
SELECT rewrite('SELECT * FROM price FOR BUSINESS_TIME ALL, price FOR ALL VALID_TIME b');
-- Both.
SELECT rewrite('SELECT * FROM price FOR SYSTEM_TIME AS OF a FOR VALID_TIME AS OF b AS p');
SELECT rewrite('SELECT * FROM price FOR VALID_TIME AS OF b AS p FOR SYSTEM_TIME ALL');
SELECT rewrite('SELECT * FROM price FOR VALID_TIME FROM a TO b FOR SYSTEM_TIME BETWEEN c AND d');
SELECT rewrite('SELECT * FROM price FOR VALID_TIME ALL FOR SYSTEM_TIME ALL');
-- Everywhere a table is listed.
SELECT rewrite('WITH a AS (SELECT * FROM account FOR SYSTEM_TIME AS OF x), account AS MATERIALIZED (SELECT 1) SELECT * FROM a JOIN (plain CROSS JOIN price FOR SYSTEM_TIME AS OF y) USING (id) WHERE EXISTS (SELECT FROM bare UNION SELECT FROM price FOR SYSTEM_TIME AS OF z)');
SELECT rewrite('INSERT INTO plain (id) SELECT id FROM account FOR SYSTEM_TIME AS OF x ON CONFLICT (id) DO UPDATE SET id = 1 RETURNING id');
SELECT rewrite('UPDATE plain SET id = 1 FROM account FOR SYSTEM_TIME AS OF x WHERE plain.id IS DISTINCT FROM account.id');
SELECT rewrite('DELETE FROM plain USING plain p, account FOR SYSTEM_TIME AS OF x a');
SELECT rewrite('MERGE INTO plain USING account FOR SYSTEM_TIME AS OF x a ON a.id = plain.id WHEN NOT MATCHED THEN INSERT VALUES (a.id)');
SELECT rewrite('EXPLAIN CREATE TABLE x AS SELECT * FROM account FOR SYSTEM_TIME AS OF x WITH NO DATA');
SELECT rewrite('COPY (SELECT * FROM account FOR SYSTEM_TIME AS OF x) TO STDOUT; PREPARE p AS SELECT * FROM account FOR SYSTEM_TIME AS OF $1;');
SELECT rewrite('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT id FROM account FOR SYSTEM_TIME AS OF x; END; SELECT 1');
SELECT rewrite('SELECT /* one */ * FROM account /* two */ FOR SYSTEM_TIME -- three
AS OF /* four */ x /* five */, plain -- six');

-- Period predicates.
SELECT rewrite('SELECT * FROM price a, price b WHERE a.valid_at OVERLAPS b.valid_at AND NOT a.valid_at EQUALS b.valid_at OR a.valid_at IMMEDIATELY PRECEDES b.valid_at');
SELECT rewrite('SELECT p PRECEDES q, p SUCCEEDS q, p IMMEDIATELY SUCCEEDS (q), (p) CONTAINS (f(q))[1], p CONTAINS ''2026-01-01'', p CONTAINS DATE ''2026-01-01'' AS x FROM t');
SELECT rewrite('SELECT valid_at OVERLAPS PERIOD (''2026-01-01'', ''it''''s "x\y"''), PERIOD (a, b) CONTAINS c, PERIOD (''a'', ''b'') PRECEDES PERIOD (''c'', ''d''), PERIOD (''a'', ''b'') EQUALS p');
SELECT rewrite('SELECT (a, b) OVERLAPS (c, d), ROW (a, b) OVERLAPS (c, d), (f(a, b)) OVERLAPS (p)');
SELECT rewrite('UPDATE t SET flag = p CONTAINS CURRENT_DATE WHERE (SELECT max(p) FROM t WHERE p OVERLAPS q) OVERLAPS CAST(x AS daterange) IS NOT TRUE');
SELECT rewrite('SELECT CASE WHEN p OVERLAPS q THEN 1 ELSE 2 END FROM a JOIN b ON a.p OVERLAPS b.p LEFT JOIN c ON b.p::daterange CONTAINS c.at::timestamp with time zone');
SELECT rewrite('SELECT int4range(1, 5) CONTAINS -3, r CONTAINS +3');
SELECT rewrite('CREATE TABLE c (p daterange, q daterange, CHECK (p CONTAINS q)); CREATE POLICY x ON c USING (p OVERLAPS q); CREATE INDEX ON c (p) WHERE p CONTAINS q');

-- What only looks like it.
CREATE FUNCTION unchanged(statement text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN tsmem.rewrite(statement) = statement THEN 'unchanged' ELSE tsmem.rewrite(statement) END $$;
SELECT unchanged(''), unchanged(' -- nothing'), unchanged(';;'), rewrite(NULL) IS NULL;
SELECT unchanged('SELECT substring(x FROM 2 FOR system_time), overlay(a PLACING b FROM 1 FOR valid_time), extract(year FROM d), trim(both FROM x) FROM t FOR UPDATE OF t SKIP LOCKED');
SELECT unchanged('SELECT ''FOR SYSTEM_TIME AS OF'', $x$ FROM account FOR SYSTEM_TIME AS OF now() $x$, E''\'' FROM account FOR'', U&''\0061'' UESCAPE ''!'', "FROM account FOR SYSTEM_TIME", B''1'' FROM t');
SELECT unchanged('SELECT a contains, b equals, c AS overlaps, contains(a, b), equals (c), precedes FROM f() contains (a, b), u succeeds JOIN v equals ON contains (x) GROUP BY contains (x), a.contains, b.equals ORDER BY contains (y) FETCH FIRST equals (1) ROWS ONLY');
SELECT unchanged('SELECT DISTINCT ON (a) contains (b) FROM t WHERE x BETWEEN contains (a) AND equals (b) OR x LIKE contains (y) ESCAPE equals (z) OR x AT TIME ZONE contains (z) OPERATOR(pg_catalog.=) equals (q)');
SELECT unchanged('SELECT sum(x) OVER (PARTITION BY contains (x) ORDER BY y ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t AS of (a, b), t as versions, t valid, t period');
SELECT unchanged('CREATE TABLE t (a contains (5), b equals DEFAULT 5, period int, PRIMARY KEY (a, b), FOREIGN KEY (a, period) REFERENCES u (a, period)) WITH (fillfactor = 50); ALTER TABLE t ADD period int, DROP period, ADD UNIQUE (period)');
SELECT unchanged('CREATE TRIGGER t BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION f(); GRANT SELECT, UPDATE ON t TO u; CREATE POLICY p ON t FOR SELECT TO u USING (true); REVOKE SELECT ON t FROM u, v CASCADE');
SELECT unchanged('DECLARE c CURSOR FOR SELECT * FROM t FOR NO KEY UPDATE; FETCH NEXT FROM c; SELECT 1 AS select, 2 AS from, 3 AS for FROM t; SELECT a FROM t WHERE ((('), unchanged('SELECT )]'), unchanged('select * from t for nonsense');
SELECT unchanged(repeat('(', 2000) || 'SELECT 1' || repeat(')', 2000));

-- Errors have their position.
\pset format aligned
\pset tuples_only off
SELECT rewrite('SELECT 1; SELECT * FROM plain FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM nowhere FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM no.where FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM a.b.c.d FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM price FOR nonsense AS OF now()');
SELECT rewrite('SELECT * FROM plain FOR VALID_TIME AS OF now()');
SELECT rewrite('SELECT * FROM shift FOR VALID_TIME AS OF now()');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME BEFORE now()');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF WHERE id = 1');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME FROM a AND b');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME BETWEEN a');
SELECT rewrite('SELECT * FROM account WHERE id = 1 FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM (SELECT 1) s FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM f(1) FOR VALID_TIME ALL');
SELECT rewrite('TABLE account FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM account FOR PORTION OF p FROM a TO b');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF a FOR SYSTEM_TIME AS OF b');
SELECT rewrite('SELECT * FROM ONLY account FOR SYSTEM_TIME AS OF a');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF a TABLESAMPLE system (1)');
SELECT rewrite('WITH account AS (SELECT 1) SELECT * FROM account FOR SYSTEM_TIME AS OF a');
SELECT rewrite('WITH RECURSIVE a AS (SELECT * FROM account FOR SYSTEM_TIME AS OF a), account AS (SELECT 1) SELECT 1');
SELECT rewrite('SELECT ''open');
SELECT rewrite('SELECT p OVERLAPS q OVERLAPS r');
SELECT rewrite('SELECT p * q OVERLAPS r');
SELECT rewrite('SELECT p OVERLAPS q + r');
SELECT rewrite('SELECT (a, b) OVERLAPS q');
SELECT rewrite('SELECT p CONTAINS now() AT TIME ZONE ''UTC''');
SELECT rewrite('SELECT äöü, "ä" FROM plain FOR SYSTEM_TIME AS OF x');
SELECT length(rewrite(repeat(' ', 16 * 1024 * 1024)));
SELECT rewrite(repeat(' ', 16 * 1024 * 1024 + 1));

-- Names: as the search_path of the caller says, and fixed from then on.
CREATE SCHEMA temporal_rewrite_other;
CREATE TABLE temporal_rewrite_other.account (id int);
SET search_path = temporal_rewrite_other, temporal_rewrite, tsmem;
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF now()');
DROP SCHEMA temporal_rewrite_other CASCADE;
SET search_path = temporal_rewrite, tsmem, public;
CREATE ROLE temporal_rewrite_stranger;
GRANT USAGE ON SCHEMA temporal_rewrite TO temporal_rewrite_stranger;
CREATE SCHEMA temporal_rewrite_closed;
CREATE TABLE temporal_rewrite_closed.t (id int);
SET ROLE temporal_rewrite_stranger;
SELECT rewrite('SELECT * FROM temporal_rewrite_closed.t FOR SYSTEM_TIME AS OF now()');
SELECT rewrite('SELECT * FROM account FOR SYSTEM_TIME AS OF now()');
SELECT * FROM temporal_rewrite.account_as_of(now());
RESET ROLE;
-- The answers.
INSERT INTO account VALUES (1, 10);
INSERT INTO price VALUES ('tea', 3, '[2026-01-01,2026-07-01)'), ('tea', 4, '[2026-07-01,)');
INSERT INTO bare VALUES (1, 1);
CREATE FUNCTION run(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'SELECT q::text FROM (' || tsmem.rewrite(statement) || ') q';
END $$;
SELECT run('SELECT id, balance FROM account FOR SYSTEM_TIME AS OF now() WHERE account.id = 1');
SELECT run('SELECT id, v FROM bare FOR SYSTEM_TIME AS OF now() b WHERE b.id = 1');
SELECT run('SELECT id, v FROM bare FOR SYSTEM_TIME FROM ''-infinity'' TO now() + interval ''1 hour''');
SELECT run('SELECT id, v, upper_inf(sys_period) FROM bare FOR SYSTEM_TIME ALL');
SELECT run('SELECT id, v FROM bare AS OF TRANSACTION tsmem.snapshot()');
SELECT run('SELECT id, v FROM bare FOR SYSTEM_TIME AS OF ''2020-01-01''');
SELECT run('SELECT amount FROM price FOR VALID_TIME AS OF ''2026-08-01''');
SELECT run('SELECT amount FROM price FOR VALID_TIME FROM ''2026-06-01'' TO ''2026-07-01''');
SELECT run('SELECT amount FROM price FOR VALID_TIME BETWEEN ''2026-06-01'' AND ''2026-07-01'' ORDER BY 1');
SELECT run('SELECT amount FROM price FOR VALID_TIME BETWEEN ''2026-07-01'' AND ''2026-06-01'' ORDER BY 1');
SELECT run('SELECT amount FROM price FOR VALID_TIME BETWEEN SYMMETRIC ''2026-07-01'' AND ''2026-06-01'' ORDER BY 1');
SELECT run('SELECT amount FROM price FOR VALID_TIME AS OF NULL UNION ALL SELECT amount FROM price FOR VALID_TIME FROM NULL TO ''2027-01-01''');
SELECT run('SELECT p.amount FROM price FOR VALID_TIME AS OF ''2026-08-01'' FOR SYSTEM_TIME AS OF now() AS p');
SELECT run('SELECT a.amount, b.amount FROM price a JOIN price b ON a.valid_at IMMEDIATELY PRECEDES b.valid_at WHERE a.valid_at CONTAINS ''2026-01-01'' AND b.valid_at OVERLAPS PERIOD (''2027-01-01'', ''2028-01-01'') AND b.valid_at CONTAINS DATE ''2027-01-01''');
SELECT rewrite('EXPLAIN (COSTS OFF) SELECT * FROM price FOR VALID_TIME AS OF ''2026-01-01'' WHERE item = ''tea''') \gexec
DROP SCHEMA temporal_rewrite, temporal_rewrite_closed CASCADE;
DROP ROLE temporal_rewrite_stranger;
