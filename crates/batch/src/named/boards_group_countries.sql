-- title: Countries of groups
-- description: Events by the country of their group, without events that are off, and the people who come to them.
-- chart: map
-- x: country
-- y: events
SELECT coalesce(lower(nullif(g.country, '')), 'unknown') AS country,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
JOIN groups g ON g.group_id = e.group_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place
GROUP BY 1
ORDER BY events DESC, country
LIMIT 20
