-- The input as it was extracted, in tables of its own. Lines of JSON go in whole: the database takes them apart.
\echo '>> loading'
CREATE SCHEMA input;
CREATE TABLE input.passage_lines (line jsonb);
CREATE TABLE input.vectors (id int PRIMARY KEY, embedding text NOT NULL);
CREATE TABLE input.ships (mmsi bigint, ts timestamptz, lon float8, lat float8, sog_kn float8, cog_deg float8, heading_deg int,
	vessel_type int, nav_status int, length_m float8, width_m float8, draft_m float8, class text, name text);
CREATE TABLE input.quakes (id text PRIMARY KEY, time timestamptz, updated timestamptz, lon float8, lat float8, depth_km float8,
	mag float8, mag_type text, type text, status text, place text, source_file text);
CREATE TABLE input.releases (rev int, system_time timestamptz, op text, product text, cycle text, release_date text, eol text,
	active_support_end text, lts text, latest text, latest_release_date text);
CREATE TABLE input.agent_lines (line jsonb);
\copy input.passage_lines FROM 'passages.jsonl' WITH (FORMAT csv, QUOTE e'\x01', DELIMITER e'\x02')
\copy input.vectors FROM 'vectors.tsv'
\copy input.ships FROM 'ships.csv' WITH (FORMAT csv, HEADER)
\copy input.quakes FROM 'quakes.csv' WITH (FORMAT csv, HEADER)
\copy input.releases FROM 'releases.csv' WITH (FORMAT csv, HEADER)
\copy input.agent_lines FROM 'agent_runs.jsonl' WITH (FORMAT csv, QUOTE e'\x01', DELIMITER e'\x02')

CREATE VIEW input.passages AS
	SELECT (line ->> 'id')::int AS id, line ->> 'book' AS book, (line ->> 'passage')::int AS passage, line ->> 'text' AS text
	FROM input.passage_lines;
-- One row a message of a run, in order: what was said, which tool was called, what it answered.
CREATE VIEW input.messages AS
	SELECT (r.line ->> 'task_id')::int AS task, (r.line ->> 'trial')::int AS trial, (r.line ->> 'reward')::float8 AS reward,
		m.n, m.message ->> 'role' AS role, m.message ->> 'content' AS content,
		coalesce(m.message #>> '{tool_calls,0,function,name}', m.message ->> 'name') AS tool,
		m.message #>> '{tool_calls,0,function,arguments}' AS arguments
	FROM input.agent_lines r, jsonb_array_elements(r.line -> 'traj') WITH ORDINALITY AS m (message, n)
	WHERE m.message ->> 'role' <> 'system';
CREATE INDEX ON input.releases (rev);
ANALYZE;

-- Written by hand for years, a few of the dates are none: "20l2-09-26" has a letter l for a one.
CREATE FUNCTION input.date_of(written text) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN CASE WHEN written ~ '^\d{4}-\d\d-\d\d$' THEN written::date END;
EXCEPTION WHEN datetime_field_overflow THEN
	RETURN NULL;
END
$$;

-- From release to end of life; "true", "false" and an end before the release are no end.
CREATE FUNCTION input.supported(released text, ended text) RETURNS daterange LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN input.date_of(ended) <= input.date_of(released) THEN daterange(input.date_of(released), NULL)
				ELSE daterange(input.date_of(released), input.date_of(ended)) END;
$$;
