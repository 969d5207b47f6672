-- title: Statuses of events
-- description: Events by the status that the feed of events gave them last, those that are off among them, and the people who said yes to them.
-- chart: bar
-- x: status
-- y: events
SELECT coalesce(nullif(e.status, ''), 'not told') AS status,
    count(*) AS events,
    CAST(coalesce(sum(a.people), 0) AS bigint) AS people
FROM filtered_events e
LEFT JOIN event_answers a ON a.event_id = e.event_id
GROUP BY 1
ORDER BY events DESC, status
LIMIT 20
