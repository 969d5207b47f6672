-- title: RSVPs by country
-- description: Answers by the country of the group, and the people who come. All countries.
-- chart: map
-- x: country
-- y: rsvps
SELECT coalesce(lower(nullif(g.country, '')), 'unknown') AS country,
    CAST(sum(a.rsvps) AS bigint) AS rsvps,
    CAST(sum(a.yes) AS bigint) AS yes,
    CAST(sum(a.no) AS bigint) AS no,
    CAST(sum(a.people) AS bigint) AS people
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
LEFT JOIN groups g ON g.group_id = e.group_id
GROUP BY 1
ORDER BY rsvps DESC, country
LIMIT 300
