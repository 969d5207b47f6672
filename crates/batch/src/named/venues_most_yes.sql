-- title: Venues with most yes
-- description: Venues by the answers that say yes, with the city of the groups that meet there.
-- chart: table
-- x: venue
-- y: yes
SELECT coalesce(v.name, 'no name') AS venue,
    CAST(sum(a.yes) AS bigint) AS yes,
    CAST(sum(a.no) AS bigint) AS no,
    CAST(sum(a.people) AS bigint) AS people,
    max(concat_ws(', ', nullif(g.city, ''), upper(nullif(g.country, '')))) AS city,
    v.venue_id
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
JOIN venues v ON v.venue_id = e.venue_id
LEFT JOIN groups g ON g.group_id = e.group_id
GROUP BY v.venue_id, coalesce(v.name, 'no name')
HAVING sum(a.yes) > 0
ORDER BY yes DESC, CAST(v.venue_id AS text)
LIMIT 20
