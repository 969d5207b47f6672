-- title: Groups
-- description: Groups with most events, without events that are off, and the people who come to them. Groups of one name are told apart.
-- chart: bar
-- x: group_name
-- y: events
SELECT g.name AS group_name,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people,
    g.group_id
FROM filtered_events e
JOIN groups g ON g.group_id = e.group_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND g.name IS NOT NULL
GROUP BY g.group_id, g.name
ORDER BY events DESC, group_name, g.group_id
LIMIT 20
