-- title: Events with most yes
-- description: Events by the answers that say yes, with their photos and comments.
-- chart: bar
-- x: event_name
-- y: yes
WITH photos_of AS (
    SELECT event_id, count(*) AS photos FROM filtered_photos GROUP BY event_id
), comments_of AS (
    SELECT event_id, count(*) AS comments FROM filtered_comments GROUP BY event_id
)
SELECT coalesce(e.name, a.event_id) AS event_name,
    a.yes,
    a.no,
    a.people,
    coalesce(p.photos, 0) AS photos,
    coalesce(c.comments, 0) AS comments,
    a.event_id
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
LEFT JOIN photos_of p ON p.event_id = a.event_id
LEFT JOIN comments_of c ON c.event_id = a.event_id
WHERE a.yes > 0
ORDER BY a.yes DESC, event_name, a.event_id
LIMIT 20
