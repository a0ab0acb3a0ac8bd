# Dump and restore of document stores: documents, versions, schemas and registrations come back, and the stores go on. A subscription keeps
# the numbers of its publisher.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use TsmemTest;

my $node = start_node('document_dump', undef, allows_streaming => 'logical');
$node->safe_psql('postgres', q{
	CREATE ROLE keeper;
	CREATE SCHEMA "Odd schema" AUTHORIZATION keeper;
	SELECT tsmem.create_document_store('docs', check_schema => '{"required": ["n"]}');
	SELECT tsmem.create_document_store('notes', 'text');
	SET ROLE keeper;
	SELECT tsmem.create_document_store('"Odd schema"."Odd store"', index_history => false);
	SELECT tsmem.put_document('"Odd schema"."Odd store"', 'o', '{"o": 1}');
	RESET ROLE;
});
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'a', '{"n": 1}'), tsmem.put_document('docs', 'gone', '{"n": 1}'), tsmem.put_document('notes', 'x', E'one\ntwo')});
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'a', '{"n": 2}', metadata => '{"m": 1}'), tsmem.delete_document('docs', 'gone'), tsmem.put_document('notes', 'x', E'one\nthree\n')});
$node->safe_psql('postgres', q{SELECT tsmem.put_document('"Odd schema"."Odd store"', 'o', '{"o": 2}')});

my $dump = $node->basedir . '/documents.dump';
command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');
command_ok([ 'createdb', '-h', $node->host, '-p', $node->port, 'restored' ], 'a new database');
command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $node->connstr('restored'), $dump ], 'restore');

sub same
{
	my ($name, $query) = @_;
	my ($before, $after) = map { $node->safe_psql($_, "SET timezone = 'UTC'; $query") } qw(postgres restored);
	ok(length $before, "$name: there is something");
	is($after, $before, "$name: the same");
}
same('registrations', 'SELECT store::text, kind, check_schema FROM tsmem.document_stores ORDER BY 1');
same('documents', 'SELECT * FROM docs ORDER BY id');
same('history', q{SELECT * FROM docs_history ORDER BY id, row_start});
same('versions of a document', q{SELECT * FROM tsmem.document_history('docs', 'a')});
same('text', q{SELECT * FROM tsmem.document_history('notes', 'x')});
same('a difference', q{SELECT tsmem.document_diff('docs', 'a'), tsmem.document_diff_text('notes', 'x'), tsmem.document_diff('"Odd schema"."Odd store"', 'o', 1, 2)});
same('found as of', q{SELECT id, body FROM tsmem.find_documents('docs', '$.n == 1', (SELECT row_start FROM docs_history WHERE id = 'gone')) ORDER BY id});
same('indexes', q{SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%gin%' ORDER BY 1});
same('triggers', q{SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE tgname = '~tsmem_document' ORDER BY 1});

is($node->safe_psql('restored', q{SELECT tsmem.put_document('docs', 'a', '{"n": 3}', 2), tsmem.put_document('docs', 'gone', '{"n": 9}', 0)}), '3|2', 'numbers go on');
my ($status, $out, $err) = $node->psql('restored', q{SELECT tsmem.put_document('docs', 'b', '{}')});
like($err, qr/does not match the schema/, 'and documents are checked');
is($node->safe_psql('restored', q{SELECT tsmem.set_document_schema('docs', NULL); SELECT tsmem.put_document('docs', 'b', '{}')}), "\n1", 'until the schema is taken away');
is($node->safe_psql('restored', q{SELECT tsmem.drop_document_store('docs'); SELECT store, kind FROM tsmem.document_stores ORDER BY 2}), qq{\n"Odd schema"."Odd store"|json\nnotes|text}, 'stores can be dropped');

# A data-only dump into stores that are there.
command_ok([ 'createdb', '-h', $node->host, '-p', $node->port, 'again' ], 'another database');
command_ok([ 'pg_restore', '--exit-on-error', '--schema-only', '-d', $node->connstr('again'), $dump ], 'definitions');
command_ok([ 'pg_restore', '--exit-on-error', '--data-only', '--disable-triggers', '-d', $node->connstr('again'), $dump ], 'data');
is($node->safe_psql('again', q{SELECT version, changed_paths FROM tsmem.document_history('docs', 'a')}), qq(1|{""}\n2|{/n}), 'versions are there');
is($node->safe_psql('again', q{SELECT tsmem.put_document('docs', 'gone', '{"n": 7}')}), '2', 'and numbers go on');

# A crash.
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'crash', '{"n": 1}')});
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'crash', '{"n": 2}')});
kill_server($node);
recover($node);
is($node->safe_psql('postgres', q{SELECT version, changed_paths FROM tsmem.document_history('docs', 'crash')}), qq(1|{""}\n2|{/n}), 'versions survive a crash');

# A subscriber of its own store: rows come with the publisher's numbers, its own writes go on from them.
my $replica = PostgreSQL::Test::Cluster->new('document_replica');
$replica->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$replica->start;
$replica->safe_psql('postgres', q{CREATE EXTENSION btree_gist; CREATE EXTENSION tsmem; SELECT tsmem.create_document_store('docs', check_schema => '{"required": ["other"]}')});
$node->safe_psql('postgres', 'CREATE PUBLICATION docs FOR TABLE docs');
my $connection = $node->connstr . ' dbname=postgres';
$replica->safe_psql('postgres', "CREATE SUBSCRIPTION docs CONNECTION '$connection' PUBLICATION docs");
$replica->wait_for_subscription_sync($node, 'docs');
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'a', '{"n": 4}')});
$node->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'a', '{"n": 5}')});
$node->wait_for_catchup('docs');
is($replica->safe_psql('postgres', q{SELECT version, body FROM docs WHERE id = 'a'}), '4|{"n": 5}', 'the publisher numbers');
is($replica->safe_psql('postgres', q{SELECT version, body FROM docs_history WHERE id = 'a' ORDER BY 1}), qq(2|{"n": 2}\n3|{"n": 4}), 'the subscriber keeps versions');
$replica->safe_psql('postgres', 'DROP SUBSCRIPTION docs');
is($replica->safe_psql('postgres', q{SELECT tsmem.put_document('docs', 'a', '{"other": 1}')}), '5', 'and goes on');
$replica->stop;
$node->stop;
done_testing();
