\echo '## 5. Remember texts and places; recall them by words, likeness, place and time'
\echo '# A collection of texts. Its embedder makes vectors without a model: like wording, near vectors.'
SELECT tsmem.create_collection('handbook', dimensions => 256, text_config => 'english',
                               embedder => 'tsmem.embed_hashed_ngrams(text, int)');

\echo '# Remember the sections of the documentation: as it was after the first commit, then as it is now.'
CREATE FUNCTION remember_handbook(as_of_commit int) RETURNS int LANGUAGE sql AS $$
    SELECT cardinality(tsmem.remember_many('handbook', array_agg(jsonb_build_object(
               'content', section, 'metadata', jsonb_build_object('path', path)))))
    FROM commits c, files_as_of(c.known_at) f,
         regexp_split_to_table(f.content, '\n(?=#+ )') AS section
    WHERE c.ordinal = as_of_commit AND path LIKE '%.md' AND section ~ '\w';
$$;
SELECT remember_handbook(1) AS sections;
INSERT INTO moments VALUES ('first edition');
SELECT tsmem.forget_where('handbook', '{}', reason => 'a new edition') AS forgotten;
SELECT remember_handbook(:commits) AS sections;

\echo '# Ask. Two rankings, by words and by nearness of the vectors, are fused; each answer tells its ranks:'
SELECT text_rank, vector_rank, metadata ->> 'path' AS path,
       left(split_part(content, E'\n', 1), 40) AS section
FROM tsmem.recall('handbook', 'What happens when two transactions append to one run?', k => 3);

\echo '# The same question to the memory as it was before the new edition, which was forgotten but not lost:'
SELECT text_rank, vector_rank, metadata ->> 'path' AS path,
       left(split_part(content, E'\n', 1), 40) AS section
FROM tsmem.recall('handbook', 'What happens when two transactions append to one run?', k => 3,
                  system_at => (SELECT at FROM moments WHERE name = 'first edition'));

\echo '# Memories can have a place. What within 1,500 km of Beirut has to do with Cyprus?'
SELECT tsmem.create_collection('places');
SELECT cardinality(tsmem.remember_many('places', array_agg(jsonb_build_object(
           'content', concat_ws(', ', zone, country, nullif(comment, '')),
           'location', tsmem.geodetic(tsmem.stbox(longitude, latitude)))))) AS places
FROM input.places;
SELECT content, text_rank, space_rank, round(score::numeric, 4) AS score
FROM tsmem.recall('places', 'Cyprus', near => tsmem.geodetic(tsmem.stbox(35.5, 33.883)),
                  within => 1500000, k => 4);
