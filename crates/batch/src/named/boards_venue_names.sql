-- title: Venues
-- description: Venues with most events, without events that are off, and the people who come to them. Venues of one name are told apart.
-- chart: bar
-- x: venue_name
-- y: events
SELECT v.name AS venue_name,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people,
    v.venue_id
FROM filtered_events e
JOIN venues v ON v.venue_id = e.venue_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND v.name IS NOT NULL
GROUP BY v.venue_id, v.name
ORDER BY events DESC, venue_name, v.venue_id
LIMIT 20
