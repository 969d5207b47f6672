-- title: Cities of groups
-- description: Events by the city of their group, without events that are off, and the people who come to them. A city is told by its state and country too.
-- chart: bar
-- x: city
-- y: events
SELECT concat_ws(', ', g.city, nullif(g.state, ''), upper(nullif(g.country, ''))) AS city,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
JOIN groups g ON g.group_id = e.group_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND nullif(g.city, '') IS NOT NULL
GROUP BY 1
ORDER BY events DESC, city
LIMIT 20
