\echo '## 4. Books: remember 12,000 passages, recall them by words and by meaning'
\echo '# A collection of texts with vectors of 128 dimensions. The passages go in a thousand at a time:'
SELECT tsmem.create_collection('books', dimensions => 128, text_config => 'english');
\echo '>> remembering'
SELECT sum(cardinality(tsmem.remember_many('books', batch))) AS remembered
FROM (SELECT array_agg(jsonb_build_object('content', text, 'embedding', embedding,
                                          'metadata', jsonb_build_object('book', book))) AS batch
      FROM input.passages JOIN input.vectors USING (id) GROUP BY id / 1000) AS batches;

\echo '# By words: where is a ghost in chains?'
SELECT metadata ->> 'book' AS book, substring(content, '.{0,26}chain.{0,26}') AS passage
FROM tsmem.recall('books', 'ghost chain', k => 3);

\echo '# By meaning: Scrooge sits in the cold on Christmas Eve. Which passages of other books are like it?'
SELECT vector_rank, metadata ->> 'book' AS book, left(content, 56) AS passage
FROM tsmem.recall('books', filter => '{"ne": ["book", "A_Christmas_Carol"]}', k => 3,
                  embedding => (SELECT embedding::vector FROM input.vectors WHERE id = 1));

\echo '# Both at once, fused; each answer says what it owes to which:'
SELECT round(score::numeric, 4) AS score, text_rank, vector_rank, metadata ->> 'book' AS book
FROM tsmem.recall('books', 'Christmas', k => 4,
                  embedding => (SELECT embedding::vector FROM input.vectors WHERE id = 1));
