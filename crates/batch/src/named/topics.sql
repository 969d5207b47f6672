-- title: Topics
-- description: Topics by the answers that say yes. An answer counts for every topic of its group.
-- chart: bar
-- x: topic
-- y: yes
WITH group_answers AS (
    SELECT e.group_id,
        CAST(sum(a.yes) AS bigint) AS yes,
        CAST(sum(a.people) AS bigint) AS people,
        count(*) AS events
    FROM event_answers a
    JOIN events e ON e.event_id = a.event_id
    WHERE e.group_id IS NOT NULL
    GROUP BY e.group_id
)
SELECT t.name AS topic,
    CAST(sum(g.yes) AS bigint) AS yes,
    CAST(sum(g.people) AS bigint) AS people,
    CAST(sum(g.events) AS bigint) AS events,
    count(*) AS groups,
    t.urlkey
FROM group_answers g
JOIN group_topics gt ON gt.group_id = g.group_id
JOIN topics t ON t.urlkey = gt.urlkey
GROUP BY t.urlkey, t.name
ORDER BY yes DESC, t.urlkey
LIMIT 20
