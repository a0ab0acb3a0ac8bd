-- What the checks of a story stand on: a check that does not hold ends the story with an error.
CREATE SCHEMA demo;
CREATE TABLE demo.checks (sentence text NOT NULL);

CREATE FUNCTION demo.check(sentence text, holds boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF holds IS NOT TRUE THEN
		RAISE EXCEPTION 'an answer of the demo is wrong: it does not hold that %', sentence;
	END IF;
	INSERT INTO demo.checks VALUES (sentence);
END
$$;

-- Whether two queries give the same rows, as often as each.
CREATE FUNCTION demo.same(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	differences bigint;
BEGIN
	EXECUTE format('WITH a AS MATERIALIZED (%s), b AS MATERIALIZED (%s)
		SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d', a, b)
		INTO differences;
	RETURN differences = 0;
END
$$;

-- Kilometres between two places in degrees on a sphere of the Earth's mean radius (haversine).
CREATE FUNCTION demo.km(longitude float8, latitude float8, longitude2 float8, latitude2 float8) RETURNS float8
LANGUAGE sql IMMUTABLE RETURN 6371.0088 * 2 * asin(sqrt(sind((latitude2 - latitude) / 2) ^ 2
	+ cosd(latitude) * cosd(latitude2) * sind((longitude2 - longitude) / 2) ^ 2));
