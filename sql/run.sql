-- run: record, replay, fork, compare

-- Namespaces: the tenant axis that run and memory share.

CREATE FUNCTION tsmem.namespace_covers(prefix text, namespace text) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_run_namespace_covers_sql'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.namespace_covers(text, text) IS
'whether the namespace is the prefix or below it, by whole segments: a/b covers a/b and a/b/c, not a/bc; the empty prefix covers everything';

CREATE FUNCTION tsmem.namespace_allowed(namespace text) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_run_namespace_allowed_sql'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.namespace_allowed(text) IS
'whether the current role may see and write the namespace: it is at or below the setting tsmem.namespace and a grant to the role, or to one whose privileges it has, covers it; true for roles that row-level security does not bind and for the owner of tsmem.namespace_grants';

CREATE FUNCTION tsmem.session_namespace() RETURNS text
AS 'MODULE_PATHNAME', 'tsm_run_session_namespace'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.session_namespace() IS
'root namespace of the session: the setting tsmem.namespace, also before any other function of tsmem was called';

CREATE FUNCTION tsmem._check_namespace(namespace text) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_run_check_namespace'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._check_namespace(text) IS
'internal: true for a well-formed namespace; raises 22023 otherwise';

CREATE FUNCTION tsmem._require_namespace(namespace text) RETURNS text
AS 'MODULE_PATHNAME', 'tsm_run_require_namespace'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._require_namespace(text) IS
'internal: the namespace, or the session''s when it is NULL; raises 22023 when it is malformed and 42501 when the current role may not use it';

CREATE TABLE tsmem.namespace_grants (
	grantee regrole NOT NULL,
	prefix text COLLATE "C" NOT NULL,
	PRIMARY KEY (grantee, prefix),
	CONSTRAINT namespace_grants_prefix_check CHECK (tsmem._check_namespace(prefix))
);
COMMENT ON TABLE tsmem.namespace_grants IS
'which role may use which namespaces; a role sees its own lines, who may write here sees all';
COMMENT ON COLUMN tsmem.namespace_grants.grantee IS 'role that the namespaces are granted to';
COMMENT ON COLUMN tsmem.namespace_grants.prefix IS 'namespace that is granted with all below it; the empty one is everything';
-- A dropped role would be dumped as a bare number, which belongs to somebody else where it is restored.
SELECT pg_catalog.pg_extension_config_dump('tsmem.namespace_grants',
	'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = grantee)');

CREATE FUNCTION tsmem._table_changed() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_run_table_changed'
LANGUAGE C;
COMMENT ON FUNCTION tsmem._table_changed() IS
'internal: trigger that makes every session forget what it has read of the table';
-- Row by row, because logical replication fires nothing else; and always, because it does so as a replica.
CREATE TRIGGER table_changed AFTER INSERT OR UPDATE OR DELETE ON tsmem.namespace_grants
	FOR EACH ROW EXECUTE FUNCTION tsmem._table_changed();
CREATE TRIGGER table_truncated AFTER TRUNCATE ON tsmem.namespace_grants
	FOR EACH STATEMENT EXECUTE FUNCTION tsmem._table_changed();
ALTER TABLE tsmem.namespace_grants ENABLE ALWAYS TRIGGER table_changed;
ALTER TABLE tsmem.namespace_grants ENABLE ALWAYS TRIGGER table_truncated;

ALTER TABLE tsmem.namespace_grants ENABLE ROW LEVEL SECURITY;
-- Who may write is decided by the table's privileges; who may read, by the policy.
CREATE POLICY tsmem_grants ON tsmem.namespace_grants
	USING (pg_catalog.pg_has_role(grantee, 'USAGE')
		   OR pg_catalog.has_table_privilege('tsmem.namespace_grants', 'INSERT, DELETE'))
	WITH CHECK (true);
GRANT SELECT ON tsmem.namespace_grants TO PUBLIC;

CREATE FUNCTION tsmem.grant_namespace(grantee regrole, prefix text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF grant_namespace.grantee IS NULL OR grant_namespace.prefix IS NULL THEN
		RAISE EXCEPTION 'role and namespace must not be null' USING ERRCODE = '22004';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = grant_namespace.grantee) THEN
		RAISE EXCEPTION 'role "%" does not exist', grant_namespace.grantee USING ERRCODE = '42704';
	END IF;
	INSERT INTO tsmem.namespace_grants AS g (grantee, prefix)
	VALUES (grant_namespace.grantee, grant_namespace.prefix)
	ON CONFLICT ON CONSTRAINT namespace_grants_pkey DO NOTHING;
END
$$;
COMMENT ON FUNCTION tsmem.grant_namespace(regrole, text) IS
'lets a role see and write a namespace and all below it; the caller needs INSERT on tsmem.namespace_grants; raises 22004, 22023, 42501, 42704';

CREATE FUNCTION tsmem.revoke_namespace(grantee regrole, prefix text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	DELETE FROM tsmem.namespace_grants g
	WHERE g.grantee = revoke_namespace.grantee AND g.prefix = revoke_namespace.prefix;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION tsmem.revoke_namespace(regrole, text) IS
'takes back exactly that grant, and says whether there was one; the caller needs DELETE on tsmem.namespace_grants; raises 42501';

-- Runs and their events.

CREATE TABLE tsmem.runs (
	run_id uuid NOT NULL PRIMARY KEY,
	run_number int8 NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
	namespace text COLLATE "C" NOT NULL,
	status text COLLATE "C" NOT NULL DEFAULT 'running',
	parent_id uuid,
	fork_seq int8 NOT NULL DEFAULT 0,
	base_hash bytea NOT NULL,
	lineage int8[] NOT NULL DEFAULT '{}',
	lineage_upto int8[] NOT NULL DEFAULT '{}',
	metadata jsonb,
	tags text[],
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	ended_at timestamptz,
	retain_until timestamptz,
	CONSTRAINT runs_namespace_check CHECK (tsmem._check_namespace(namespace)),
	CONSTRAINT runs_status_check CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
	CONSTRAINT runs_base_hash_check CHECK (pg_catalog.octet_length(base_hash) = 32),
	CONSTRAINT runs_lineage_check CHECK (pg_catalog.cardinality(lineage) = pg_catalog.cardinality(lineage_upto))
);
-- Long lineages are not worth compressing: it would take most of the time of a fork.
ALTER TABLE tsmem.runs ALTER COLUMN lineage SET STORAGE EXTERNAL, ALTER COLUMN lineage_upto SET STORAGE EXTERNAL;
CREATE INDEX runs_namespace_idx ON tsmem.runs (namespace, created_at);
CREATE INDEX runs_parent_id_idx ON tsmem.runs (parent_id) WHERE parent_id IS NOT NULL;
COMMENT ON TABLE tsmem.runs IS 'one row a run: one execution of an agent or any process, whose events are in tsmem.events';
COMMENT ON COLUMN tsmem.runs.run_id IS 'identity of the run in every call';
COMMENT ON COLUMN tsmem.runs.run_number IS 'short identity, which the events carry';
COMMENT ON COLUMN tsmem.runs.namespace IS 'tenant that the run belongs to; never changes';
COMMENT ON COLUMN tsmem.runs.status IS 'running, succeeded, failed or cancelled; only a running run takes events';
COMMENT ON COLUMN tsmem.runs.parent_id IS 'run that this one was forked from; it cannot be deleted before this one';
COMMENT ON COLUMN tsmem.runs.fork_seq IS 'last event that a fork shares with its parent; 0 for a run that is no fork';
COMMENT ON COLUMN tsmem.runs.base_hash IS 'what the hash chain of the run''s own events starts from: sha256 of the run_id, or the parent''s hash at fork_seq';
COMMENT ON COLUMN tsmem.runs.lineage IS 'run numbers of the ancestors that a fork reads through, nearest first';
COMMENT ON COLUMN tsmem.runs.lineage_upto IS 'for each ancestor, its last event that belongs to the fork';
COMMENT ON COLUMN tsmem.runs.metadata IS 'the caller''s own description of the run';
COMMENT ON COLUMN tsmem.runs.tags IS 'the caller''s own labels';
COMMENT ON COLUMN tsmem.runs.created_at IS 'when the run began';
COMMENT ON COLUMN tsmem.runs.ended_at IS 'when the run ended';
COMMENT ON COLUMN tsmem.runs.retain_until IS 'before this time the run is not to be pruned';

CREATE TABLE tsmem.events (
	run_number int8 NOT NULL,
	seq int8 NOT NULL,
	at timestamptz NOT NULL,
	kind "char" NOT NULL,
	key text COLLATE "C",
	body jsonb,
	hash bytea NOT NULL,
	raw bytea,
	body_digest bytea,
	subject text COLLATE "C",
	snapshot text COLLATE "C",
	expires_at timestamptz,
	hash_version int2 NOT NULL DEFAULT 1,
	PRIMARY KEY (run_number, seq)
);
CREATE INDEX events_key_idx ON tsmem.events (run_number, kind, key, seq) WHERE key IS NOT NULL;
COMMENT ON TABLE tsmem.events IS 'everything that happened in the runs: one gapless, hash-chained log a run; written by the functions of tsmem only';
COMMENT ON COLUMN tsmem.events.run_number IS 'run that the event belongs to: tsmem.runs.run_number';
COMMENT ON COLUMN tsmem.events.seq IS 'place of the event in its run, without gaps; a fork goes on after its fork_seq';
COMMENT ON COLUMN tsmem.events.at IS 'clock time of the event, never before that of the event before it';
COMMENT ON COLUMN tsmem.events.kind IS 'e event, k key-value (no body: deleted), s state of a machine';
COMMENT ON COLUMN tsmem.events.key IS 'label of an event, key of a value, name of a machine';
COMMENT ON COLUMN tsmem.events.body IS 'payload';
COMMENT ON COLUMN tsmem.events.hash IS 'sha256 over the hash before it, the event and the digest of its payload';
COMMENT ON COLUMN tsmem.events.raw IS 'payload that jsonb cannot hold: bytes as they came';
COMMENT ON COLUMN tsmem.events.body_digest IS 'HMAC-SHA256 of the payload, then that of the subject''s name, both under the subject''s key, so that the chain outlives payload, name and key; NULL for an event about nobody';
COMMENT ON COLUMN tsmem.events.subject IS 'person that the payload is about';
COMMENT ON COLUMN tsmem.events.snapshot IS 'token of the database snapshot that the event was made under, where one was recorded';
COMMENT ON COLUMN tsmem.events.expires_at IS 'when a value put with a time to live stops being there';
COMMENT ON COLUMN tsmem.events.hash_version IS 'version of the hash format: 1';

CREATE TABLE tsmem.subject_keys (
	namespace text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	hmac_key bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	PRIMARY KEY (namespace, subject),
	CONSTRAINT subject_keys_namespace_check CHECK (tsmem._check_namespace(namespace)),
	CONSTRAINT subject_keys_hmac_key_check CHECK (pg_catalog.octet_length(hmac_key) = 32)
);
COMMENT ON TABLE tsmem.subject_keys IS 'one random key a namespace and subject: payloads about the subject enter the hash chain by their HMAC under it; readable by the owner only';
COMMENT ON COLUMN tsmem.subject_keys.namespace IS 'namespace of the runs that the key serves';
COMMENT ON COLUMN tsmem.subject_keys.subject IS 'person that payloads are about';
COMMENT ON COLUMN tsmem.subject_keys.hmac_key IS 'random, 32 bytes';
COMMENT ON COLUMN tsmem.subject_keys.created_at IS 'when the first event about the subject was recorded';

CREATE TABLE tsmem.machines (
	name text COLLATE "C" NOT NULL,
	namespace text COLLATE "C" NOT NULL,
	transitions jsonb NOT NULL,
	PRIMARY KEY (name, namespace),
	CONSTRAINT machines_namespace_check CHECK (tsmem._check_namespace(namespace))
);
COMMENT ON TABLE tsmem.machines IS 'declared state machines; a machine that is not here may go from any state to any';
COMMENT ON COLUMN tsmem.machines.name IS 'name of the machine in tsmem.transition';
COMMENT ON COLUMN tsmem.machines.namespace IS 'the declaration binds runs in this namespace and below, where none nearer does';
COMMENT ON COLUMN tsmem.machines.transitions IS 'for each state an array of the states that may follow; under the empty name, those that a machine may begin in';

CREATE TRIGGER table_changed AFTER INSERT OR UPDATE OR DELETE ON tsmem.machines
	FOR EACH ROW EXECUTE FUNCTION tsmem._table_changed();
CREATE TRIGGER table_truncated AFTER TRUNCATE ON tsmem.machines
	FOR EACH STATEMENT EXECUTE FUNCTION tsmem._table_changed();
ALTER TABLE tsmem.machines ENABLE ALWAYS TRIGGER table_changed;
ALTER TABLE tsmem.machines ENABLE ALWAYS TRIGGER table_truncated;

-- In the place of foreign keys, from a fork to its parent and from events to their run: a dump would restore rows of runs
-- in any order, and events are appended past the executor.
CREATE FUNCTION tsmem._run_deleted() RETURNS trigger
AS 'MODULE_PATHNAME', 'tsm_run_deleted'
LANGUAGE C;
COMMENT ON FUNCTION tsmem._run_deleted() IS
'internal: trigger that refuses to delete a run that has events or forks; raises 23001';
CREATE TRIGGER run_deleted AFTER DELETE ON tsmem.runs
	FOR EACH ROW EXECUTE FUNCTION tsmem._run_deleted();

SELECT pg_catalog.pg_extension_config_dump('tsmem.runs', '');
SELECT pg_catalog.pg_extension_config_dump('tsmem.runs_run_number_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tsmem.events', '');
SELECT pg_catalog.pg_extension_config_dump('tsmem.subject_keys', '');
SELECT pg_catalog.pg_extension_config_dump('tsmem.machines', '');

CREATE FUNCTION tsmem._run_allowed(run_number int8) RETURNS boolean
AS 'MODULE_PATHNAME', 'tsm_run_allowed_sql'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tsmem._run_allowed(int8) IS
'internal: whether the current role may see the run of that number; used by the policy on tsmem.events';

-- A role reads what its namespaces hold. Nobody is granted writing: the functions check and write.
ALTER TABLE tsmem.runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.subject_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE tsmem.machines ENABLE ROW LEVEL SECURITY;
CREATE POLICY tsmem_namespace ON tsmem.runs USING (tsmem.namespace_allowed(namespace));
CREATE POLICY tsmem_namespace ON tsmem.events USING (tsmem._run_allowed(run_number));
CREATE POLICY tsmem_namespace ON tsmem.machines USING (tsmem.namespace_allowed(namespace));
GRANT SELECT ON tsmem.runs, tsmem.events, tsmem.machines TO PUBLIC;

-- Lifecycle.

CREATE FUNCTION tsmem.begin_run(namespace text DEFAULT NULL, metadata jsonb DEFAULT NULL, run_id uuid DEFAULT NULL,
	tags text[] DEFAULT NULL) RETURNS uuid
AS 'MODULE_PATHNAME', 'tsm_run_begin_sql'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.begin_run(text, jsonb, uuid, text[]) IS
'begins a run in a namespace (the session''s by default) and returns its identity (random by default); raises 22023, 23505, 25006, 42501';

CREATE FUNCTION tsmem.end_run(run uuid, status text DEFAULT 'succeeded') RETURNS void
AS 'MODULE_PATHNAME', 'tsm_run_end_sql'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.end_run(uuid, text) IS
'ends a running run as succeeded, failed or cancelled: it takes no event any more; raises 22004, 22023, 25006, 40001, 42501, 42704, 55000';

CREATE FUNCTION tsmem.fork_run(run uuid, at_seq int8 DEFAULT NULL, metadata jsonb DEFAULT NULL) RETURNS uuid
AS 'MODULE_PATHNAME', 'tsm_run_fork_sql'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.fork_run(uuid, int8, jsonb) IS
'begins a run that shares the events of another up to at_seq (its last by default) and goes on by itself; copies nothing; raises 22004, 22023, 25006, 40001, 42501, 42704, 54000';

-- Writing.

CREATE FUNCTION tsmem.append_event(run uuid, key text, body jsonb, subject text DEFAULT NULL, raw bytea DEFAULT NULL)
RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_append_event'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.append_event(uuid, text, jsonb, text, bytea) IS
'appends an event to a run and returns its place; above READ COMMITTED 40001 when another transaction appended meanwhile; raises 22004, 22023, 25006, 40001, 42501, 42704, 54000, 55000';

CREATE FUNCTION tsmem.append_events(run uuid, events jsonb[], OUT first_seq int8, OUT last_seq int8)
AS 'MODULE_PATHNAME', 'tsm_run_append_events'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.append_events(uuid, jsonb[]) IS
'appends events in one go; each is an object with the members key (string or null), body (anything) and subject (string or null), none needed; raises as append_event';

CREATE FUNCTION tsmem.put(run uuid, key text, value jsonb, ttl interval DEFAULT NULL) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_put'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.put(uuid, text, jsonb, interval) IS
'sets a key of a run to a value, for the time to live if one is given; returns the event''s place; raises as append_event';

CREATE FUNCTION tsmem.delete(run uuid, key text) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_delete'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.delete(uuid, text) IS
'removes a key of a run; returns the event''s place, or NULL and writes nothing when the key has no value; raises as append_event';

CREATE FUNCTION tsmem.transition(run uuid, machine text, expected_version int8, new_state text) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_transition_sql'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.transition(uuid, text, int8, text) IS
'moves a state machine of a run, if its version is still the expected one (NULL: it does not exist yet), and returns the new version; NULL when it is another; above READ COMMITTED 40001 when another transaction appended meanwhile; 23514 when the machine is declared and the transition is not; raises as append_event';

CREATE FUNCTION tsmem.define_machine(name text, transitions jsonb, namespace text DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'tsm_run_define_machine'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.define_machine(text, jsonb, text) IS
'declares, or declares anew, the transitions of a machine, {"state": ["next", ...], ...}, for the runs of a namespace (the session''s by default) and below; under "" the states to begin in, without it any state that is named; above READ COMMITTED 40001 when another transaction declared it meanwhile; raises 22004, 22023, 25006, 40001, 42501, 54000';

-- Reading.

CREATE FUNCTION tsmem.get(run uuid, key text, at_seq int8 DEFAULT NULL) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_run_get'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.get(uuid, text, int8) IS
'value of a key, now or as of an event; NULL when there is none; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.keys(run uuid, prefix text DEFAULT '', at_seq int8 DEFAULT NULL, OUT key text, OUT version int8)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tsm_run_keys'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.keys(uuid, text, int8) IS
'keys that have a value and begin with the prefix, now or as of an event, in byte order, each with the place of its last put; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.state_at(run uuid, at_seq int8 DEFAULT NULL) RETURNS jsonb
AS 'MODULE_PATHNAME', 'tsm_run_state_at'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.state_at(uuid, int8) IS
'all keys and values as one object, now or as of an event; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.machine_state(run uuid, machine text, at_seq int8 DEFAULT NULL, OUT state text, OUT version int8)
AS 'MODULE_PATHNAME', 'tsm_run_machine_state'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem.machine_state(uuid, text, int8) IS
'state and version of a machine, now or as of an event; both NULL when it has none; raises 22004, 42501, 42704';

-- Replay: SQL that the planner inlines, so that the first events come at once. A call of a stable function stands in a
-- SELECT of its own wherever the planner would try it for an estimate: it does so with the snapshot of the statement
-- before, which does not see a run that the transaction just began.

CREATE FUNCTION tsmem._run_number(run uuid) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_number_sql'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._run_number(uuid) IS
'internal: number of a run that the current role may see; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem._common_seq(run_a uuid, run_b uuid) RETURNS int8
AS 'MODULE_PATHNAME', 'tsm_run_common_seq'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tsmem._common_seq(uuid, uuid) IS
'internal: last event that two runs share, 0 for none';

CREATE FUNCTION tsmem.replay_events(run uuid, from_seq int8 DEFAULT NULL, to_seq int8 DEFAULT NULL)
RETURNS TABLE (seq int8, at timestamptz, kind "char", key text, body jsonb, raw bytea, subject text,
	expires_at timestamptz, hash bytea)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- Each branch is sorted by itself, so that the planner merges them: the run's own events come as the index has them.
	(SELECT e.seq, e.at, e.kind, e.key, e.body, e.raw, e.subject, e.expires_at, e.hash
	 FROM tsmem.events e
	 WHERE e.run_number = (SELECT tsmem._run_number(replay_events.run))
		AND e.seq >= COALESCE(from_seq, 0) AND e.seq <= COALESCE(to_seq, 9223372036854775807)
	 ORDER BY e.seq)
	UNION ALL
	(SELECT e.seq, e.at, e.kind, e.key, e.body, e.raw, e.subject, e.expires_at, e.hash
	 FROM tsmem.runs r,
		LATERAL ROWS FROM (pg_catalog.unnest(r.lineage), pg_catalog.unnest(r.lineage_upto),
			pg_catalog.unnest(r.lineage_upto[2:] || 0::int8)) AS l (run_number, upto, after_seq),
		LATERAL (SELECT * FROM tsmem.events x
				 WHERE x.run_number = l.run_number AND x.seq > l.after_seq AND x.seq <= l.upto
					AND x.seq >= COALESCE(from_seq, 0) AND x.seq <= COALESCE(to_seq, 9223372036854775807)) e
	 WHERE r.run_number = (SELECT tsmem._run_number(replay_events.run))
	 ORDER BY e.seq)
	ORDER BY 1;
END;
COMMENT ON FUNCTION tsmem.replay_events(uuid, int8, int8) IS
'events of a run in order, with those that a fork shares with its ancestors, between two places (inclusive); raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.replay_run(run uuid, up_to int8 DEFAULT NULL)
RETURNS TABLE (entity text, key text, value jsonb, version int8)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE l.kind WHEN 'k'::"char" THEN 'value' ELSE 'state' END, l.key, l.body, l.seq
	FROM (SELECT DISTINCT ON (e.kind, e.key) e.kind, e.key, e.body, e.seq, e.expires_at
		  FROM tsmem.replay_events(replay_run.run, NULL, up_to) e
		  WHERE e.kind = 'k'::"char" OR e.kind = 's'::"char"
		  ORDER BY e.kind, e.key, e.seq DESC) l
	WHERE l.body IS NOT NULL
		AND (l.expires_at IS NULL
			 OR l.expires_at > CASE WHEN up_to IS NULL THEN pg_catalog.statement_timestamp()
				ELSE (SELECT pg_catalog.max(e.at) FROM tsmem.replay_events(replay_run.run, NULL, up_to) e) END)
	ORDER BY l.kind, l.key COLLATE pg_catalog."C";
END;
COMMENT ON FUNCTION tsmem.replay_run(uuid, int8) IS
'values and machine states of a run, rebuilt from its events alone, now or as of an event; version is the place of the event that set them; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.diff_runs(run_a uuid, run_b uuid)
RETURNS TABLE (entity text, key text, change text, seq_a int8, seq_b int8, a jsonb, b jsonb)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH x AS (SELECT * FROM tsmem.replay_run($1)),
		y AS (SELECT * FROM tsmem.replay_run($2)),
		ea AS (SELECT e.seq, e.key, e.body, e.raw, pg_catalog.row_number() OVER (PARTITION BY e.key ORDER BY e.seq) AS nth
			   FROM tsmem.replay_events($1) e
			   WHERE e.kind = 'e'::"char" AND e.seq > (SELECT tsmem._common_seq($1, $2))),
		eb AS (SELECT e.seq, e.key, e.body, e.raw, pg_catalog.row_number() OVER (PARTITION BY e.key ORDER BY e.seq) AS nth
			   FROM tsmem.replay_events($2) e
			   WHERE e.kind = 'e'::"char" AND e.seq > (SELECT tsmem._common_seq($1, $2)))
	SELECT COALESCE(x.entity, y.entity), COALESCE(x.key, y.key),
		CASE WHEN x.version IS NULL THEN 'added' WHEN y.version IS NULL THEN 'removed' ELSE 'changed' END,
		x.version, y.version, x.value, y.value
	FROM x FULL JOIN y ON x.entity = y.entity AND x.key = y.key
	WHERE x.value IS DISTINCT FROM y.value
	UNION ALL
	SELECT 'event', COALESCE(ea.key, eb.key),
		CASE WHEN ea.seq IS NULL THEN 'added' WHEN eb.seq IS NULL THEN 'removed' ELSE 'changed' END,
		ea.seq, eb.seq, ea.body, eb.body
	FROM ea FULL JOIN eb ON COALESCE('k' || ea.key, '') = COALESCE('k' || eb.key, '') AND ea.nth = eb.nth
	WHERE ea.seq IS NULL OR eb.seq IS NULL OR ea.body IS DISTINCT FROM eb.body OR ea.raw IS DISTINCT FROM eb.raw
	ORDER BY 1, 2, 4, 5;
END;
COMMENT ON FUNCTION tsmem.diff_runs(uuid, uuid) IS
'how run b differs from run a after their last common ancestor: values and states that each has now, and events, the n-th of a key in one beside the n-th of that key in the other; raises 22004, 42501, 42704';

CREATE FUNCTION tsmem.run_divergence(run_a uuid, run_b uuid)
RETURNS TABLE (seq int8, kind_a "char", key_a text, body_a jsonb, kind_b "char", key_b text, body_b jsonb)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT COALESCE(x.seq, y.seq), x.kind, x.key, x.body, y.kind, y.key, y.body
	FROM (SELECT * FROM tsmem.replay_events($1) a WHERE a.seq > (SELECT tsmem._common_seq($1, $2))) x
		FULL JOIN (SELECT * FROM tsmem.replay_events($2) b WHERE b.seq > (SELECT tsmem._common_seq($1, $2))) y
			ON x.seq = y.seq
	WHERE x.kind IS DISTINCT FROM y.kind OR x.key IS DISTINCT FROM y.key OR x.body IS DISTINCT FROM y.body
		OR x.raw IS DISTINCT FROM y.raw
	ORDER BY 1 LIMIT 1;
END;
COMMENT ON FUNCTION tsmem.run_divergence(uuid, uuid) IS
'first place where the content of two runs differs (kind, key, body, raw; not time), with both events; no row when it never does; raises 22004, 42501, 42704';

-- Checking.

CREATE FUNCTION tsmem.verify_run(run uuid, OUT ok boolean, OUT first_bad_seq int8, OUT reason text, OUT head bytea)
AS 'MODULE_PATHNAME', 'tsm_run_verify_sql'
LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION tsmem.verify_run(uuid) IS
'recomputes the hash chain of a run from its first event, through the ancestors of a fork: whether it holds, else the first bad place and why; head is the hash of the last good event, to be compared with one noted elsewhere; raises 22004, 42501, 42704';
