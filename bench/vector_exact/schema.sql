-- Tables, the plain SQL peer, and the measuring procedures of bench/vector_exact.
CREATE UNLOGGED TABLE base (id int, r real[]);
CREATE UNLOGGED TABLE query (id int, r real[]);

-- Inline and out of line, for either type: storage is half of the cost of wide rows.
CREATE UNLOGGED TABLE vector_inline (id int, embedding tsmem.vector);
ALTER TABLE vector_inline ALTER embedding SET STORAGE plain;
CREATE UNLOGGED TABLE vector_toast (id int, embedding tsmem.vector);
CREATE UNLOGGED TABLE array_inline (id int, embedding real[]);
ALTER TABLE array_inline ALTER embedding SET STORAGE plain;
CREATE UNLOGGED TABLE array_toast (id int, embedding real[]);
ALTER TABLE array_toast ALTER embedding SET STORAGE external;

CREATE UNLOGGED TABLE timing (round int, kind text, ms float8);
CREATE UNLOGGED TABLE answer (round int, distance text, kind text, ids int[]);

-- The peer: distances over arrays in plain SQL.
CREATE FUNCTION array_cosine(a real[], b real[]) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
'SELECT 1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y)) FROM unnest(a, b) AS u(x, y)';
CREATE FUNCTION array_l2(a real[], b real[]) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
'SELECT sqrt(sum((x - y) * (x - y))) FROM unnest(a, b) AS u(x, y)';

-- Directions around some centres, as embeddings have them, where there is no data set.
CREATE PROCEDURE generate(n int, dim int) LANGUAGE sql AS $$
	SELECT setseed(0.42);
	INSERT INTO base
	SELECT i, (SELECT array_agg((sin(j * (1 + i % 97)) + random() - 0.5)::real) FROM generate_series(1, dim) j) FROM generate_series(1, n) i;
	INSERT INTO query
	SELECT i, (SELECT array_agg((sin(j * (1 + i % 97)) + random() - 0.5)::real) FROM generate_series(1, dim) j) FROM generate_series(1, 200) i;
$$;

CREATE PROCEDURE fill() LANGUAGE sql AS $$
	INSERT INTO vector_inline SELECT id, r FROM base;
	INSERT INTO vector_toast SELECT id, r FROM base;
	INSERT INTO array_inline SELECT id, r FROM base;
	INSERT INTO array_toast SELECT id, r FROM base;
$$;

-- One search, its time and its answer. The constant stands in the text, as a client without parameters sends it.
CREATE PROCEDURE search(round int, distance text, kind text, tab text, expression text, constant text, workers int) LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
	ids int[];
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	started := clock_timestamp();
	EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %I ORDER BY %s LIMIT 10) s', tab, format(expression, constant)) INTO ids;
	INSERT INTO timing VALUES (round, distance || ' ' || kind, extract(epoch FROM clock_timestamp() - started) * 1000);
	INSERT INTO answer VALUES (round, distance, kind, ids);
END
$$;

CREATE PROCEDURE measure(round int) LANGUAGE plpgsql SET jit = off SET parallel_setup_cost = 0 SET min_parallel_table_scan_size = 0 AS $$
DECLARE
	v text := (SELECT r::tsmem.vector::text FROM query ORDER BY id OFFSET round LIMIT 1);
	a text := (SELECT r::text FROM query ORDER BY id OFFSET round LIMIT 1);
	storage text;
BEGIN
	FOREACH storage IN ARRAY ARRAY['inline', 'toast'] LOOP
		-- Every page is touched once before: a new backend has yet to map the shared buffers.
		EXECUTE format('SELECT sum(tsmem.vector_dims(embedding)) FROM %I', 'vector_' || storage);
		EXECUTE format('SELECT sum(cardinality(embedding)) FROM %I', 'array_' || storage);
		CALL search(round, 'cosine', 'vector ' || storage, 'vector_' || storage, 'embedding OPERATOR(tsmem.<=>) %L::tsmem.vector', v, 0);
		CALL search(round, 'l2', 'vector ' || storage, 'vector_' || storage, 'embedding OPERATOR(tsmem.<->) %L::tsmem.vector', v, 0);
		CALL search(round, 'cosine', 'array ' || storage, 'array_' || storage, 'array_cosine(embedding, %L::real[])', a, 0);
		CALL search(round, 'l2', 'array ' || storage, 'array_' || storage, 'array_l2(embedding, %L::real[])', a, 0);
		CALL search(round, 'cosine', 'parallel ' || storage, 'vector_' || storage, 'embedding OPERATOR(tsmem.<=>) %L::tsmem.vector', v, 2);
		CALL search(round, 'l2', 'parallel ' || storage, 'vector_' || storage, 'embedding OPERATOR(tsmem.<->) %L::tsmem.vector', v, 2);
		-- What the scan takes without any distance.
		CALL search(round, 'scan', 'vector ' || storage, 'vector_' || storage, 'id', '', 0);
	END LOOP;
END
$$;
