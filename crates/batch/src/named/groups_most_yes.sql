-- title: Groups with most yes
-- description: Groups by the answers that say yes, the people who come, and the events that were answered to.
-- chart: bar
-- x: group_name
-- y: yes
SELECT coalesce(g.name, g.urlname) AS group_name,
    CAST(sum(a.yes) AS bigint) AS yes,
    CAST(sum(a.people) AS bigint) AS people,
    count(*) AS events,
    g.group_id
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
JOIN groups g ON g.group_id = e.group_id
WHERE a.yes > 0
GROUP BY g.group_id, coalesce(g.name, g.urlname)
ORDER BY yes DESC, group_name, g.group_id
LIMIT 20
