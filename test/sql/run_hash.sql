-- The hash chain, computed a second time in plain SQL from its description in src/run/README.md.
CREATE SCHEMA run_hash;
SET search_path = run_hash, tsmem, public;

CREATE FUNCTION part(bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN bytes IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || int8send(octet_length(bytes)) || bytes END $$;
CREATE FUNCTION content(body jsonb, raw bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT part(convert_to(body::text, 'UTF8')) || part(raw) $$;
-- HMAC-SHA256 by its definition in RFC 2104: a key of 32 bytes is padded to a block of 64.
CREATE FUNCTION mask(key bytea, byte int) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT decode(string_agg(lpad(to_hex(CASE WHEN i < octet_length(key) THEN get_byte(key, i) ELSE 0 END # byte), 2, '0'), '' ORDER BY i), 'hex')
   FROM generate_series(0, 63) i $$;
CREATE FUNCTION hmac(key bytea, message bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT sha256(mask(key, 92) || sha256(mask(key, 54) || message)) $$;
-- RFC 4231, test case 1 (the key is padded with zeros to 32 bytes, which changes nothing)
SELECT hmac(decode(repeat('0b', 20), 'hex') || decode(repeat('00', 12), 'hex'), 'Hi There');
CREATE FUNCTION preimage(previous bytea, run uuid, e events, mark bytea, digest bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT '\x01'::bytea || previous || uuid_send(run) || int8send(e.seq) || timestamptz_send(e.at) || convert_to(e.kind::text, 'UTF8')
	|| part(convert_to(e.key, 'UTF8')) || part(convert_to(e.snapshot, 'UTF8'))
	|| CASE WHEN e.expires_at IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || timestamptz_send(e.expires_at) END
	|| CASE WHEN mark IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || mark END || digest $$;

-- The test vector of the README
SELECT sha256(uuid_send('00000000-0000-0000-0000-000000000001')) AS base,
	sha256(content('{"a": 1}', NULL)) AS content,
	sha256(preimage(sha256(uuid_send('00000000-0000-0000-0000-000000000001')), '00000000-0000-0000-0000-000000000001',
		ROW(1, 1, '2000-01-01 00:00:01+00', 'e', 'k', '{"a": 1}', '', NULL, NULL, NULL, NULL, NULL, 1)::events, NULL,
		sha256(content('{"a": 1}', NULL)))) AS hash;

-- A run with everything in it
SELECT begin_run('hash/anna') AS run \gset
SELECT append_event(:'run', 'first', '{"b": [1, 2.50, "x"], "a": null}');
SELECT append_event(:'run', NULL, NULL);
SELECT append_event(:'run', '', '"empty key"');
SELECT append_event(:'run', U&'\00e4\20ac\+01f600', to_jsonb(U&'\00e4\20ac\+01f600'::text));
SELECT append_event(:'run', 'raw', NULL, NULL, '\x0001ff');
SELECT append_event(:'run', 'both', '1', NULL, '');
SELECT append_event(:'run', 'about', '"secret"', 'anna', '\x07');
SELECT append_event(:'run', 'about', NULL, 'bob');
SELECT append_event(:'run', 'about', '2', 'anna');
SELECT append_events(:'run', ARRAY['{"key": "in a batch", "body": {}}', '{"subject": "bob", "body": 1}', '{}']::jsonb[]);
SELECT append_event(:'run', repeat('k', 1000), to_jsonb(repeat('long ', 5000)));
SELECT put(:'run', 'k', '1'), put(:'run', 'k', '2', '1 hour'), delete(:'run', 'k');
SELECT transition(:'run', 'm', NULL, 'new');
-- One key a subject, which nobody but the owner reads
SELECT namespace, subject, octet_length(hmac_key) FROM subject_keys WHERE namespace = 'hash/anna' ORDER BY 2;
SELECT count(*) FILTER (WHERE body_digest IS NOT NULL) AS with_digest, count(*) FILTER (WHERE subject IS NOT NULL) AS with_subject,
	count(*) AS events FROM events WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run');

CREATE VIEW recomputed AS
SELECT r.run_id, e.seq, e.hash = sha256(preimage(
		COALESCE(lag(e.hash) OVER (PARTITION BY e.run_number ORDER BY e.seq), r.base_hash), r.run_id, e, hmac(k.hmac_key, convert_to(e.subject, 'UTF8')),
		CASE WHEN k.hmac_key IS NULL THEN sha256(content(e.body, e.raw)) ELSE hmac(k.hmac_key, content(e.body, e.raw)) END)) AS same,
	e.body_digest IS NOT DISTINCT FROM hmac(k.hmac_key, content(e.body, e.raw)) || hmac(k.hmac_key, convert_to(e.subject, 'UTF8')) AS same_digest
FROM runs r JOIN events e USING (run_number) LEFT JOIN subject_keys k ON k.namespace = r.namespace AND k.subject = e.subject;
SELECT count(*), bool_and(same) AS same, bool_and(same_digest) AS same_digest FROM recomputed WHERE run_id = :'run';
SELECT ok FROM verify_run(:'run');
-- A fork starts from the hash of its place
SELECT fork_run(:'run', 5) AS fork \gset
SELECT append_event(:'fork', 'other', '6');
SELECT count(*), bool_and(same) AS same FROM recomputed WHERE run_id = :'fork';
SELECT base_hash = (SELECT hash FROM replay_events(:'run', 5, 5)) AS base FROM runs WHERE run_id = :'fork';
SELECT fork_run(:'run', 0) AS fork0 \gset
SELECT base_hash = sha256(uuid_send(:'fork0')) AS base FROM runs WHERE run_id = :'fork0';

-- The payload and the key can go, and the chain still holds; so it does with new events about the subject, and without the name.
BEGIN;
UPDATE events SET body = NULL, raw = NULL WHERE subject = 'anna';
DELETE FROM subject_keys WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
SAVEPOINT s;
SELECT append_event(:'run', 'about', '"again"', 'anna');
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK TO s;
UPDATE events SET subject = NULL WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
SELECT append_event(:'run', 'about', '"again"', 'anna');
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
-- Not one without the other: each is found.
BEGIN;
UPDATE events SET body = NULL, raw = NULL WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
BEGIN;
UPDATE events SET body = NULL, raw = NULL, subject = NULL WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
BEGIN;
UPDATE events SET body = NULL, raw = NULL, subject = 'nobody' WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
BEGIN;
DELETE FROM subject_keys WHERE subject = 'anna';
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;

-- Every other kind of tampering is found, column by column.
CREATE FUNCTION tamper(run uuid, change text, OUT ok boolean, OUT first_bad_seq int8, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
	n int8 := (SELECT run_number FROM runs WHERE run_id = run);
BEGIN
	BEGIN
		EXECUTE replace(change, ':n', n::text);
		SELECT v.ok, v.first_bad_seq, v.reason INTO ok, first_bad_seq, reason FROM verify_run(run) v;
		RAISE EXCEPTION USING ERRCODE = 'U0001';
	EXCEPTION WHEN SQLSTATE 'U0001' THEN
		NULL;
	END;
END $$;
SELECT change, (tamper(:'run', change)).* FROM (VALUES
	('UPDATE events SET body = ''{"a": null, "b": [1, 2.5, "x"]}'' WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body = NULL WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body = ''null'' WHERE run_number = :n AND seq = 2'),
	('UPDATE events SET key = NULL WHERE run_number = :n AND seq = 3'),
	('UPDATE events SET key = ''x'' WHERE run_number = :n AND seq = 2'),
	('UPDATE events SET kind = ''k'' WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET at = at + interval ''1 us'' WHERE run_number = :n AND seq = 2'),
	('UPDATE events SET raw = ''\x0001fe'' WHERE run_number = :n AND seq = 5'),
	('UPDATE events SET raw = NULL WHERE run_number = :n AND seq = 6'),
	('UPDATE events SET body = ''"open"'' WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET subject = ''bob'' WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET subject = NULL WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET subject = NULL, body_digest = NULL WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET subject = ''anna'' WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(''x'') WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(content(body, raw)), body = NULL WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(content(body, raw)) || sha256(''x''), body = NULL WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(content(body, raw)), body = NULL, subject = ''x'' WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(content(body, raw)) || sha256(''x''), body = NULL, subject = ''x'' WHERE run_number = :n AND seq = 1'),
	('UPDATE events SET body_digest = sha256(content(body, raw)), body = NULL WHERE run_number = :n AND kind = ''k'' AND expires_at IS NULL AND body IS NOT NULL'),
	('UPDATE events SET body_digest = substr(body_digest, 1, 32) || sha256(''x''), body = NULL, raw = NULL WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET body_digest = substr(body_digest, 1, 32) WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET body_digest = NULL WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET body_digest = NULL, body = NULL, raw = NULL, subject = NULL WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET subject = ''nobody'' WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET body_digest = ''\x00'' WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET body = NULL, raw = NULL, subject = NULL, body_digest = sha256(''x'') WHERE run_number = :n AND seq = 7'),
	('UPDATE events SET snapshot = ''1:1:'' WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET expires_at = now() WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET expires_at = NULL WHERE run_number = :n AND expires_at IS NOT NULL'),
	('UPDATE events SET hash_version = 2 WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET hash = sha256(hash) WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET hash = '''' WHERE run_number = :n AND seq = 4'),
	('DELETE FROM events WHERE run_number = :n AND seq = 1'),
	('DELETE FROM events WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET seq = 100 WHERE run_number = :n AND seq = 4'),
	('UPDATE events SET seq = seq + 1000 WHERE run_number = :n'),
	('INSERT INTO events SELECT run_number, 0, at, kind, key, body, hash FROM events WHERE run_number = :n AND seq = 1'),
	('INSERT INTO events SELECT run_number, 18, at, kind, key, body, hash FROM events WHERE run_number = :n AND seq = 17'),
	('UPDATE runs SET base_hash = sha256(base_hash) WHERE run_number = :n'),
	('UPDATE subject_keys SET hmac_key = sha256(hmac_key) WHERE subject = ''bob''')
) t(change);
-- Two events that change places
BEGIN;
UPDATE events SET seq = -seq WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq IN (2, 3);
UPDATE events SET seq = 5 + seq WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq < 0;
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
-- One that is put between, the others moved on
BEGIN;
UPDATE events SET seq = -seq WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq > 3;
UPDATE events SET seq = 1 - seq WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq < 0;
INSERT INTO events SELECT run_number, 4, at, kind, key, body, hash FROM events WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq = 3;
SELECT ok, first_bad_seq, reason FROM verify_run(:'run');
ROLLBACK;
-- A fork shows what was changed in its parent before it, not after it.
SELECT change, (tamper(:'fork', replace(change, ':p', (SELECT run_number::text FROM runs WHERE run_id = :'run')))).* FROM (VALUES
	('UPDATE events SET body = ''1'' WHERE run_number = :p AND seq = 3'),
	('UPDATE events SET body = ''1'' WHERE run_number = :p AND seq = 6'),
	('DELETE FROM events WHERE run_number = :p AND seq = 5'),
	('DELETE FROM events WHERE run_number = :p AND seq = 6'),
	('UPDATE runs SET lineage_upto = ARRAY[4] WHERE run_number = :n'),
	('UPDATE runs SET lineage = ARRAY[0] WHERE run_number = :n'),
	('UPDATE runs SET fork_seq = 4 WHERE run_number = :n'),
	('UPDATE runs SET fork_seq = 0 WHERE run_number = :n'),
	('UPDATE runs SET fork_seq = 1 WHERE run_number = :p'),
	('UPDATE runs SET lineage = DEFAULT, lineage_upto = DEFAULT WHERE run_number = :n'),
	('UPDATE runs SET base_hash = sha256(base_hash) WHERE run_number = :n'),
	('INSERT INTO events SELECT run_number, 5, at, kind, key, body, hash FROM events WHERE run_number = :n')
) t(change);
-- The end that was cut off does not show, but the head is another.
BEGIN;
SELECT head FROM verify_run(:'run') \gset
DELETE FROM events WHERE run_number = (SELECT run_number FROM runs WHERE run_id = :'run') AND seq > 10;
SELECT ok, head = :'head' AS same_head FROM verify_run(:'run');
ROLLBACK;
SELECT ok FROM verify_run(:'run');
SET client_min_messages = warning;
DROP SCHEMA run_hash CASCADE;
