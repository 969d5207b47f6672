-- title: Categories
-- description: Events by the category of their group, without those that are off, and the people who come to them. Categories come with the feed of events.
-- chart: bar
-- x: category
-- y: events
SELECT coalesce(c.name, c.shortname) AS category,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
JOIN groups g ON g.group_id = e.group_id
JOIN categories c ON c.category_id = g.category_id
LEFT JOIN event_answers a ON a.event_id = e.event_id
WHERE e.takes_place AND coalesce(c.name, c.shortname) IS NOT NULL
GROUP BY c.category_id, coalesce(c.name, c.shortname)
ORDER BY events DESC, category, c.category_id
LIMIT 20
