-- Embedders: the local one, and a collection's own.
CREATE SCHEMA memory_embed;
SET search_path = memory_embed, tsmem, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET tsmem.namespace = 'memory_embed';

-- Deterministic, of unit length, near for like wording; case and punctuation do not count, spelling does a little.
SELECT embed_hashed_ngrams('The ferry to Lausanne', 8) = embed_hashed_ngrams('the FERRY, to Lausanne!', 8) AS same, vector_dims(embed_hashed_ngrams('x', 16000)) AS dimensions,
	round(l2_norm(embed_hashed_ngrams('a ferry', 64))::numeric, 5) AS length;
SELECT array_agg(round(x::numeric, 4)) FROM unnest(embed_hashed_ngrams('ferry lake', 6)::real[]) x;
CREATE FUNCTION near(a text, b text) RETURNS numeric LANGUAGE sql AS
$$ SELECT round((1 - (embed_hashed_ngrams(a, 1024) <=> embed_hashed_ngrams(b, 1024)))::numeric, 1) $$;
SELECT near('the ferry leaves at nine', 'the ferry leaves at nine'), near('the ferry leaves at nine', 'ferries leave at nine'), near('the ferry leaves at nine', 'the fery laeves at nine'),
	near('the ferry leaves at nine', 'Anna lives in Bern');
SELECT near('ÉCOLE ΑΘΗΝΑ МОСКВА ЁЛКА', 'école αθηνα москва ёлка') AS folded, near('东京', '东京'), near('!!!', '!!!') AS signs, near('!!!', '???') AS other_signs;
SELECT near('ferry ferry ferry lake', 'ferry lake') > near('ferry ferry ferry lake', 'lake') AS sublinear;
-- White space is nothing.
SELECT l2_norm(embed_hashed_ngrams(E' \t\n', 3)), l2_norm(embed_hashed_ngrams('', 3)), embed_hashed_ngrams(NULL, 3);
-- A word without end, the limits, and one past them.
SELECT near(repeat('x', 1000), repeat('x', 1000)), near(repeat('ab', 500), repeat('x', 1000)) < 0.2;
SELECT vector_dims(embed_hashed_ngrams(repeat('word ', 52428) || 'word', 4));
SELECT embed_hashed_ngrams(repeat('x', 262145), 4);
SELECT embed_hashed_ngrams('x', 0);
SELECT embed_hashed_ngrams('x', 16001);

-- A collection's embedder serves remember, remember_many and recall.
CREATE FUNCTION letters(content text) RETURNS tsmem.vector IMMUTABLE LANGUAGE sql AS
$$ SELECT ARRAY[length(content), length(replace(content, 'a', '')), 1]::tsmem.vector $$;
CREATE FUNCTION broken(content text, dimensions int) RETURNS tsmem.vector LANGUAGE sql AS
$$ SELECT CASE content WHEN 'null' THEN NULL WHEN 'short' THEN '[1]' ELSE array_fill(dimensions::real, ARRAY[dimensions])::tsmem.vector END $$;
SELECT create_collection('letters', dimensions => 3, metric => 'l1', embedder => 'letters(text)') > 0, create_collection('broken', dimensions => 2, metric => 'inner_product', embedder => 'broken(text,int)') > 0;
SELECT embedder, embedder_role = current_user AS ours FROM collections WHERE namespace = 'memory_embed' ORDER BY 1;
SELECT remember('letters', 'banana') IS NOT NULL, remember('letters', 'given', '[1,2,3]') IS NOT NULL, cardinality(remember_many('letters', '{"{\"content\": \"aaaa\"}"}'));
SELECT content, embedding FROM memory WHERE namespace = 'memory_embed' ORDER BY 1;
SELECT content, vector_rank FROM recall('letters', 'papaya', weights => '{"text": 0}');
SELECT content, vector_rank FROM recall('letters', 'papaya', '[1,2,3]', weights => '{"text": 0}');
SELECT remember('broken', 'null');
SELECT remember('broken', 'short');
SELECT remember_many('broken', ARRAY['{"content": "x"}', '{"content": "short"}']::jsonb[]);
SELECT remember('broken', 'x') IS NOT NULL;
SELECT recall('broken', 'null');
-- The function is gone, or is another one.
ALTER FUNCTION broken(text, int) RENAME TO gone;
SELECT remember('broken', 'y');
SELECT remember('broken', 'y', '[1,2]') IS NOT NULL AS given;
CREATE FUNCTION broken(content text, dimensions int) RETURNS text LANGUAGE sql AS 'SELECT content';
SELECT remember('broken', 'z');
SELECT alter_collection('broken', embedder => 'tsmem.embed_hashed_ngrams(text,int)');
SELECT remember('broken', 'z') IS NOT NULL;
SELECT _embed((SELECT collection_id FROM collections WHERE name = 'letters' AND namespace = 'memory_embed'), 'x') AS letters, _embed(-1, NULL) AS strict;
SELECT _embed(-1, 'x');

-- It runs as the role that chose it, in a restricted operation.
CREATE ROLE memory_embed_owner;
CREATE ROLE memory_embed_user;
SELECT grant_namespace('memory_embed_owner', 'memory_embed'), grant_namespace('memory_embed_user', 'memory_embed');
GRANT USAGE, CREATE ON SCHEMA memory_embed TO memory_embed_owner;
CREATE FUNCTION secret(content text) RETURNS tsmem.vector LANGUAGE sql AS $$ SELECT '[1]'::tsmem.vector $$;
REVOKE EXECUTE ON FUNCTION secret(text) FROM PUBLIC;
SET ROLE memory_embed_owner;
CREATE TABLE calls (who name);
CREATE FUNCTION who(content text) RETURNS tsmem.vector LANGUAGE plpgsql AS $$
BEGIN
	IF content = 'temp' THEN CREATE TEMP TABLE t (); END IF;
	INSERT INTO memory_embed.calls VALUES (current_user);
	RETURN '[1]';
END $$;
SELECT create_collection('secret', dimensions => 1, embedder => 'secret(text)');
SELECT create_collection('who', dimensions => 1, embedder => 'who(text)') > 0;
SET ROLE memory_embed_user;
SELECT remember('who', 'x') IS NOT NULL;
SELECT remember('who', 'temp');
RESET ROLE;
GRANT USAGE ON SCHEMA memory_embed TO memory_embed_user;
SET ROLE memory_embed_user;
SELECT alter_collection('who', embedder => 'secret(text)');
RESET ROLE;
SELECT remember('who', 'y') IS NOT NULL;
SELECT * FROM calls;
-- Who may no longer execute the function has no embedder.
REVOKE EXECUTE ON FUNCTION who(text) FROM PUBLIC, memory_embed_owner;
SELECT remember('who', 'z');
ALTER FUNCTION who(text) OWNER TO CURRENT_USER;
SELECT remember('who', 'z');
SELECT _check_embedder_owner(999999999), _check_embedder_owner(NULL) IS NULL;
SELECT _check_embedder_owner('tsmem.embed_hashed_ngrams(text,int)'), _check_embedder_owner(NULL);
-- What runs as a role is its own or a superuser's function, when it is chosen and at every call.
CREATE SCHEMA memory_embed_app;
GRANT USAGE, CREATE ON SCHEMA memory_embed_app TO memory_embed_owner, memory_embed_user;
SET ROLE memory_embed_owner;
CREATE FUNCTION memory_embed_app.mine(content text) RETURNS tsmem.vector LANGUAGE sql AS $$ SELECT '[1]'::tsmem.vector $$;
CREATE FUNCTION pg_temp.passing(content text) RETURNS tsmem.vector LANGUAGE sql AS $$ SELECT '[1]'::tsmem.vector $$;
SELECT create_collection('app', dimensions => 1, embedder => 'memory_embed_app.mine(text)') > 0 AS app;
SELECT alter_collection('app', embedder => 'pg_temp.passing(text)');
SET ROLE memory_embed_user;
SELECT remember('app', 'hers') IS NOT NULL AS hers;
SELECT alter_collection('app', embedder => 'memory_embed_app.mine(text)');
RESET ROLE;
SELECT alter_collection('app', embedder => 'memory_embed_app.mine(text)');
SET ROLE memory_embed_owner;
DROP FUNCTION memory_embed_app.mine(text);
SET ROLE memory_embed_user;
CREATE FUNCTION memory_embed_app.mine(content text) RETURNS tsmem.vector LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'runs as %', current_user; END $$;
SELECT remember('app', 'taken');
SELECT recall('app', 'taken');
-- A temporary one that came in through an older row is refused too.
RESET ROLE;
SELECT pg_my_temp_schema()::regnamespace AS temp \gset
UPDATE collections SET embedder = format('%s.passing(text)', :'temp') WHERE name = 'app' AND namespace = 'memory_embed';
SELECT remember('app', 'temporary');
DROP FUNCTION pg_temp.passing(text);
-- A superuser's function serves every role.
CREATE FUNCTION memory_embed_app.common(content text) RETURNS tsmem.vector LANGUAGE sql AS $$ SELECT '[2]'::tsmem.vector $$;
SET ROLE memory_embed_owner;
SELECT alter_collection('app', embedder => 'memory_embed_app.common(text)');
SELECT remember('app', 'common') IS NOT NULL AS common;
-- The role that chose is known by name: when it is gone the embedder has to be chosen anew, or taken away.
RESET ROLE;
ALTER ROLE memory_embed_owner RENAME TO memory_embed_renamed;
SELECT remember('app', 'of nobody');
SELECT recall('app', 'of nobody');
SELECT alter_collection('app', embedder => '-');
SELECT remember('app', 'without') IS NOT NULL AS without;
SELECT embedder, embedder_role FROM collections WHERE name = 'app' AND namespace = 'memory_embed';
SELECT create_collection('none', embedder => '-') > 0 AS none;
SELECT content, embedding FROM memory JOIN collections c USING (collection_id) WHERE c.name = 'app' AND c.namespace = 'memory_embed' ORDER BY 1;
ALTER ROLE memory_embed_renamed RENAME TO memory_embed_owner;
SELECT drop_collection('app'), drop_collection('none');
DROP SCHEMA memory_embed_app CASCADE;
SELECT drop_collection('who'), drop_collection('letters'), drop_collection('broken');
DELETE FROM namespace_grants WHERE prefix = 'memory_embed';
DROP SCHEMA memory_embed CASCADE;
DROP ROLE memory_embed_owner, memory_embed_user;
