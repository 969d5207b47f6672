-- title: Event names
-- description: Names that most events have, without events that are off, and the people who come to them.
-- chart: bar
-- x: event_name
-- y: events
SELECT e.name AS event_name,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND e.name IS NOT NULL
GROUP BY e.name
ORDER BY events DESC, event_name
LIMIT 20
