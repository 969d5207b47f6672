-- title: Photos
-- description: Events with most photos, and the members who took them. Photos that were deleted do not count.
-- chart: bar
-- x: event_name
-- y: photos
SELECT coalesce(e.name, p.event_id, 'no event') AS event_name,
    count(*) AS photos,
    count(DISTINCT p.member_id) AS people,
    p.event_id
FROM filtered_photos p
LEFT JOIN events e ON e.event_id = p.event_id
GROUP BY p.event_id, e.name
ORDER BY photos DESC, event_name, p.event_id
LIMIT 20
