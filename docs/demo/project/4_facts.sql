\echo '## 4. The same for an agent: facts, their sources, and a change of mind'
\echo '# An agent needs no table of its own. What it believes are facts about a subject, with a valid time:'
SELECT p.zone AS subject,
       count(tsmem.assert_fact(
           p.zone, 'offset', to_jsonb(make_interval(secs => c.seconds)),
           tstzrange(valid_from, valid_to), source => 'zone1970.tab')) AS facts
FROM input.places p JOIN input.clocks c ON c.zone = p.stands_in
WHERE p.zone IN ('Europe/Amsterdam', 'Europe/Oslo') GROUP BY p.zone ORDER BY p.zone;
INSERT INTO moments VALUES ('first belief');

\echo '# Where the table of scene 3 knows better, the agent changes its mind, and says why:'
SELECT c.zone AS subject,
       count(tsmem.assert_fact(
           c.zone, 'offset', to_jsonb(c.utc_offset), c.valid_at * f.valid_at,
           source => c.zone, reason => 'zone1970.tab starts in 1970')) AS facts
FROM tsmem.believe(predicate => 'offset', valid_at => NULL) f
JOIN clocks c ON c.zone = f.subject AND tsmem.overlaps(c.valid_at, f.valid_at)
WHERE f.object <> to_jsonb(c.utc_offset) GROUP BY c.zone ORDER BY c.zone;

\echo '# What does it believe of 1 June 1947 in Oslo? And what did it believe at first?'
SELECT object, source, reason
FROM tsmem.believe('Europe/Oslo', 'offset', valid_at => '1947-06-01');
SELECT object, source, reason
FROM tsmem.believe('Europe/Oslo', 'offset', valid_at => '1947-06-01',
                   system_at => (SELECT at FROM moments WHERE name = 'first belief'));

\echo '# What of that year has changed in its mind?'
SELECT change, lower(valid_at) AS since, upper(valid_at) AS until,
       object_a AS at_first, object_b AS now
FROM tsmem.belief_diff(NULL, system_a => (SELECT at FROM moments WHERE name = 'first belief'),
                       system_b => now(), subject => 'Europe/Oslo')
WHERE valid_at && '[1947-01-01, 1948-01-01)' ORDER BY valid_at;
