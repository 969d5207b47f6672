-- title: Comments
-- description: Events with most comments, and the members who wrote them. Comments that were deleted do not count.
-- chart: bar
-- x: event_name
-- y: comments
SELECT coalesce(e.name, c.event_id, 'no event') AS event_name,
    count(*) AS comments,
    count(DISTINCT c.member_id) AS people,
    c.event_id
FROM filtered_comments c
LEFT JOIN events e ON e.event_id = c.event_id
GROUP BY c.event_id, e.name
ORDER BY comments DESC, event_name, c.event_id
LIMIT 20
