-- title: Places of answers
-- description: Where the events are that were answered to, for the dots on a map: the venue's place, or none.
-- chart: map
-- x: country
-- y: rsvps
SELECT max(coalesce(lower(nullif(g.country, '')), 'unknown')) AS country,
    CAST(sum(a.rsvps) AS bigint) AS rsvps,
    CAST(sum(a.yes) AS bigint) AS yes,
    v.lat,
    v.lon,
    v.venue_id
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
JOIN venues v ON v.venue_id = e.venue_id
LEFT JOIN groups g ON g.group_id = e.group_id
WHERE v.lat IS NOT NULL AND v.lon IS NOT NULL AND NOT (v.lat = 0 AND v.lon = 0)
GROUP BY v.venue_id, v.lat, v.lon
ORDER BY yes DESC, CAST(v.venue_id AS text)
LIMIT 5000
