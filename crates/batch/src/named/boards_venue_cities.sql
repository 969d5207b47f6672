-- title: Cities of venues
-- description: Events by the city of their venue, without events that are off, and the people who come to them. The feeds of events and venues tell a venue's city, answers do not.
-- chart: bar
-- x: city
-- y: events
SELECT concat_ws(', ', v.city, nullif(v.state, ''), upper(nullif(v.country, ''))) AS city,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
JOIN venues v ON v.venue_id = e.venue_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND nullif(v.city, '') IS NOT NULL
GROUP BY 1
ORDER BY events DESC, city
LIMIT 20
