# Dump and restore: memories, documents, facts, their history, collections and grants come back equal, with the same
# answers; then the restored database goes on.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('memory_dump');
$node->safe_psql('postgres', q{
	CREATE ROLE tenant;
	SELECT tsmem.grant_namespace('tenant', 'acme/anna');
	CREATE SCHEMA app;
	GRANT USAGE ON SCHEMA app TO tenant;
	CREATE TEXT SEARCH CONFIGURATION app.plain (COPY = simple);
	CREATE FUNCTION app.embed(content text) RETURNS tsmem.vector LANGUAGE sql AS $$ SELECT tsmem.embed_hashed_ngrams(content, 16) $$;
	SELECT tsmem.create_collection('gone');
	SELECT tsmem.create_collection('notes', 'acme', dimensions => 16, embedder => 'app.embed(text)', text_config => 'app.plain', settings => '{"candidates": 50}');
	SELECT tsmem.create_collection('plain');
	SELECT tsmem.drop_collection('gone');
	CREATE ROLE leaver;
	SELECT tsmem.grant_namespace('leaver', 'left');
	SET ROLE leaver;
	SELECT tsmem.create_collection('left', 'left', dimensions => 16, embedder => 'tsmem.embed_hashed_ngrams(text, integer)');
	RESET ROLE;
	SELECT tsmem.revoke_namespace('leaver', 'left');
	DROP ROLE leaver;
});
$node->safe_psql('postgres', q{
	SET tsmem.namespace = 'acme/anna';
	SELECT tsmem.remember_many('notes', ARRAY(SELECT jsonb_build_object('content', format('note %s on %s', i, (ARRAY['ferries','trains','lakes'])[1 + i % 3]), 'metadata', jsonb_build_object('n', i),
		'location', format('STBOX((%s,0),(%s,1))', i, i), 'valid_at', CASE WHEN i % 2 = 0 THEN '[2020-01-01,2021-01-01)' END, 'importance', i / 100.0) FROM generate_series(1, 90) i));
	SELECT tsmem.remember('notes', 'note 1 on trains', valid_at => '(,)', deduplicate => false);
	SELECT tsmem.remember('notes', 'chunk', document_id => tsmem.add_document('notes', '{"d": 1}', 'a document'), ord => 1);
	UPDATE tsmem.memory SET content = content || ' again' WHERE (metadata ->> 'n')::int % 10 = 0;
	SELECT tsmem.forget_where('notes', '{"gt": ["n", 80]}', 'too many');
	SELECT tsmem.assert_fact('anna', 'lives_in', '"Bern"', '[2020-01-01,)');
	SELECT tsmem.assert_fact('anna', 'lives_in', '"Zug"', '[2022-01-01,2023-01-01)', reason => 'moved');
	SELECT tsmem.assert_fact('anna', 'speaks', '"de"', '(,)', 'many');
	SELECT tsmem.retract_fact('anna', 'speaks', reason => 'no');
	DELETE FROM tsmem.documents;
});
my $dump = $node->basedir . '/memory.dump';
command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');
command_ok([ 'createdb', '-h', $node->host, '-p', $node->port, 'restored' ], 'a new database');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'restore');

sub same
{
	my ($name, $query) = @_;
	my ($before, $after) = map { $node->safe_psql($_, "SET timezone = 'UTC'; $query") } qw(postgres restored);
	ok(length $before, "$name: there is something");
	is($after, $before, "$name: the same");
}
same('memory', 'SELECT * FROM tsmem.memory ORDER BY memory_id');
same('memory_history', 'SELECT * FROM tsmem.memory_history ORDER BY memory_id, row_start');
same('documents_history', 'SELECT * FROM tsmem.documents_history');
same('facts', 'SELECT * FROM tsmem.facts ORDER BY fact_id, row_start, valid_at');
same('collections', 'SELECT * FROM tsmem.collections ORDER BY collection_id');
same('grants', 'SELECT * FROM tsmem.namespace_grants');
same('recall', q{SELECT memory_id, content, score, text_rank, vector_rank, space_rank, importance_rank FROM tsmem.recall('notes', 'note on ferries', near => tsmem.stbox(30, 0), k => 100)});
same('recall as of the load', q{SELECT * FROM tsmem.recall('notes', 'trains', system_at => (SELECT min(row_start) FROM tsmem.memory_history), k => 100)});
same('belief', q{SELECT * FROM tsmem.believe(valid_at => NULL)});
same('earlier belief', q{SELECT * FROM tsmem.believe(valid_at => NULL, system_at => (SELECT min(row_start) FROM tsmem.facts))});
# A name may hold a table's OID, so partitions are compared by their definition.
same('indexes', q{SELECT indexdef FROM pg_indexes WHERE schemaname = 'tsmem' AND tablename ~ '_c\d+$' ORDER BY 1});
same('constraints', q{SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text ~ '_c\d+$' ORDER BY 1, 2});
same('triggers', q{SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text ~ '_c\d+$' ORDER BY 1});
same('partitions', q{SELECT inhparent::regclass, inhrelid::regclass, pg_get_expr(relpartbound, c.oid) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE relkind = 'r' ORDER BY 1, 2});

is($node->safe_psql('restored', q{
	SET ROLE tenant; SET tsmem.namespace = 'acme/anna';
	SELECT tsmem.remember('notes', 'note 5 on lakes', valid_at => '(,)') IN (SELECT memory_id FROM tsmem.memory), tsmem.remember('notes', 'fresh') IS NOT NULL;
}), 't|t', 'what was there is known, what is new is stored');
is($node->safe_psql('restored', q{SELECT count(*) FROM tsmem.memory_history WHERE content = 'note 2 on lakes'}), '0', 'not yet forgotten');
is($node->safe_psql('restored', q{
	SELECT tsmem.forget_where('notes', '{"eq": ["n", 2]}', 'after');
	SELECT content, forget_reason, row_start < row_end FROM tsmem.memory_history WHERE forget_reason = 'after';
}), "1\nnote 2 on lakes|after|t", 'history is written');
is($node->safe_psql('restored', q{
	SELECT tsmem.assert_fact('anna', 'lives_in', '"Chur"', '[2022-06-01,)', namespace => 'acme/anna') IS NOT NULL;
	SELECT object, count(*) FROM tsmem.facts WHERE row_end = 'infinity' AND predicate = 'lives_in' GROUP BY 1 ORDER BY 1;
}), qq{t\n"Bern"|1\n"Chur"|1\n"Zug"|1}, 'facts are corrected');
foreach my $database (qw(postgres restored))
{
	my ($status, $out, $err) = $node->psql($database, q{SELECT tsmem.remember('left', 'x', namespace => 'left')});
	like($err, qr/role "leaver" does not exist/, "$database: nobody's rights are taken for those of a dropped role");
}
is($node->safe_psql('restored', q{SELECT tsmem.create_collection('later') > max(collection_id) FROM tsmem.collections WHERE name <> 'later'}), 't', 'a new collection has a new number');
is($node->safe_psql('restored', q{SELECT tsmem.drop_collection('notes'); SELECT count(*) FROM tsmem.memory}), "\n0", 'and the restored one can be dropped');
command_ok([ 'pg_dump', '-f', '/dev/null', $node->connstr('restored') ], 'the restored database can be dumped');

# A session outlives the extension: what it has kept of the old one's types and tables does not serve the new one.
my $use = q{
	SELECT tsmem.create_collection('kept', 'kept', dimensions => 8, embedder => 'tsmem.embed_hashed_ngrams(text, integer)') > 0;
	SELECT cardinality(tsmem.remember_many('kept', ARRAY['{"content": "x", "location": "STBOX((1,1),(1,1))"}', '{"content": "x"}', '{"content": "y"}']::jsonb[]));
	SELECT content, vector_rank FROM tsmem.recall('kept', 'x');
	SELECT content, space_rank FROM tsmem.recall('kept', near => tsmem.stbox(1, 1));
	SELECT count(*) FROM tsmem.recall('kept', 'x', system_at => 'infinity', filter => '{"exists": "no"}');
	SELECT tsmem.forget_where('kept', '{"eq": ["content", "y"]}', 'why not');
	SELECT tsmem.assert_fact('a', 'b', '1') IS NOT NULL, tsmem.assert_fact('a', 'b', '2') IS NOT NULL, tsmem.retract_fact('a', 'b');
	SELECT tsmem.begin_run('kept') AS run \\gset
	SELECT tsmem.fork_run(:'run') IS NOT NULL, (tsmem.verify_run(:'run')).ok, count(*) FROM tsmem.replay_run(:'run');
	SELECT tsmem.end_run(:'run');
};
my $kept = $node->safe_psql('restored', "SET tsmem.namespace = 'kept'; $use SELECT 'again'; DROP EXTENSION tsmem CASCADE; CREATE EXTENSION tsmem; $use");
my ($first, $second) = split /^again\n/m, "$kept\n";
like($first, qr/^x\|1$/m, 'the extension works');
is($second, $first, 'and made anew, in the same session, as well');
$node->stop;
done_testing();
