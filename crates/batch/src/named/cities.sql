-- title: RSVPs by city
-- description: Answers by the city of the group, and the people who come. A city is told by its state and country too.
-- chart: bar
-- x: city
-- y: yes
SELECT concat_ws(', ', g.city, nullif(g.state, ''), upper(nullif(g.country, ''))) AS city,
    CAST(sum(a.yes) AS bigint) AS yes,
    CAST(sum(a.no) AS bigint) AS no,
    CAST(sum(a.people) AS bigint) AS people,
    count(*) AS events
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
JOIN groups g ON g.group_id = e.group_id
WHERE nullif(g.city, '') IS NOT NULL
GROUP BY 1
ORDER BY yes DESC, city
LIMIT 20
