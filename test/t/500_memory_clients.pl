# A hundred clients read and write memories and facts at once: nothing is lost, doubled or mixed up. Then the server is
# killed in the midst of writing: every batch is there whole or not at all, and the memory goes on.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my ($clients, $turns) = (100, 12);
my $node = start_node('clients', "max_connections = 150\nfsync = on\n");
$node->safe_psql('postgres', q{
	SELECT tsmem.create_collection('shared', 'load', dimensions => 32, embedder => 'tsmem.embed_hashed_ngrams(text,int)');
	CREATE TABLE wrong (client int, turn int, seen text);
});

# Each client has a namespace; all share the collection, ten share a subject of facts. What a client has written before
# it must read now, and nothing of another's.
my $script = q{
\set turn :turn + 1
SET tsmem.namespace = 'load/c:client_id';
SELECT tsmem.remember('shared', 'client ' || :client_id || ' says ' || :turn, metadata => jsonb_build_object('client', :client_id, 'turn', :turn));
SELECT tsmem.remember_many('shared', ARRAY[jsonb_build_object('content', 'common'), jsonb_build_object('content', 'batch ' || :client_id || ' ' || :turn)]);
INSERT INTO wrong SELECT :client_id, :turn, string_agg(content, ', ') FROM tsmem.recall('shared', 'says', k => 1000)
	HAVING count(*) FILTER (WHERE metadata @> jsonb_build_object('client', :client_id)) <> :turn OR count(*) FILTER (WHERE content NOT LIKE 'common' AND content NOT LIKE '% ' || :client_id || ' %') > 0;
SET tsmem.namespace = 'load';
SELECT tsmem.assert_fact('subject ' || :client_id % 10, 'said_by', to_jsonb(:client_id * 1000 + :turn), '(,)');
};
$node->pgbench("-n -c $clients -j 2 -t $turns -D turn=0", 0, [qr/number of failed transactions: 0/], [qr/^$/],
	'a hundred clients read and write', { '500_memory_clients' => $script });
is($node->safe_psql('postgres', 'SELECT count(*) FROM wrong'), '0', 'each client reads all of its own and nothing else');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT (metadata ->> 'client', metadata ->> 'turn')), bool_and(namespace = 'load/c' || (metadata ->> 'client')
	AND content = format('client %s says %s', metadata ->> 'client', metadata ->> 'turn')) FROM tsmem.memory WHERE metadata <> '{}'}),
	join('|', $clients * $turns, $clients * $turns, 't'), 'every memory is there once, with its own content');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT namespace) FROM tsmem.memory WHERE content = 'common'}), "$clients|$clients", 'what all say is one memory in each namespace');
is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.memory WHERE content LIKE 'batch %'}), $clients * $turns, 'every batch is there');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT fact_id), count(*) FILTER (WHERE row_end = 'infinity'), bool_and(row_end > row_start) FROM tsmem.facts}),
	join('|', $clients * $turns, 10, 't'), 'every assertion is on record, and one for each subject is held');
is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT row_end, lead(row_start) OVER (PARTITION BY subject ORDER BY row_start) AS next FROM tsmem.facts) f
	WHERE row_end <> coalesce(next, 'infinity')}), '0', 'of each subject one is believed after the other, without gap or overlap');

# Kill -9 in the midst. Each writer commits batches of five, and forgets each some batches later.
$node->safe_psql('postgres', q{
	CREATE PROCEDURE write(writer int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR turn IN 1 .. 100000 LOOP
			PERFORM tsmem.remember_many('shared', ARRAY(SELECT jsonb_build_object('content', format('crash %s %s %s', writer, turn, i), 'namespace', 'load',
				'metadata', jsonb_build_object('crash', writer, 'batch', turn)) FROM generate_series(1, 5) i));
			COMMIT;
			PERFORM tsmem.forget_where('shared', jsonb_build_object('and', jsonb_build_array(jsonb_build_object('eq', jsonb_build_array('crash', writer)),
				jsonb_build_object('eq', jsonb_build_array('batch', turn - 2)))), 'old');
			COMMIT;
		END LOOP;
	END $$});
my @writers = map { IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', "CALL write($_)" ], '<', \undef, '>', \my $out, '2>', \my $err) } 1 .. 4;
ok($node->poll_query_until('postgres', q{SELECT count(*) > 300 FROM tsmem.memory_history}), 'writing goes on');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL write%'}), '4', 'all write when the server is killed');
kill_server($node);
$_->finish for @writers;
recover($node);
is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT metadata FROM tsmem.memory WHERE metadata ? 'crash' GROUP BY metadata HAVING count(*) <> 5) b}), '0', 'every batch is whole');
is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT metadata FROM tsmem.memory_history GROUP BY metadata HAVING count(*) <> 5 OR count(forget_reason) <> 5 OR count(DISTINCT row_end) <> 1) b}), '0', 'so is what was forgotten');
is($node->safe_psql('postgres', q{SELECT count(*) FROM tsmem.memory m JOIN tsmem.memory_history h USING (memory_id)}), '0', 'nothing is both on record and forgotten');
is($node->safe_psql('postgres', q{SET tsmem.namespace = 'load'; SELECT (SELECT count(*) FROM tsmem.recall('shared', 'crash', k => 1000, weights => '{"vector": 0}')) = least(1000, count(*)) FROM tsmem.memory WHERE content LIKE 'crash%'}), 't', 'recall finds what is there');
is($node->safe_psql('postgres', q{SET enable_seqscan = off; SELECT count(*) FROM tsmem.memory WHERE tsv @@ 'crash'}),
	$node->safe_psql('postgres', q{SET enable_indexscan = off; SET enable_bitmapscan = off; SELECT count(*) FROM tsmem.memory WHERE tsv @@ 'crash'}), 'indexes and tables agree');
is($node->safe_psql('postgres', q{SELECT tsmem.remember('shared', 'after the crash', namespace => 'load') IS NOT NULL}), 't', 'and it goes on');
$node->stop;
done_testing();
