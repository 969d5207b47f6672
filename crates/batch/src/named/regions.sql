-- title: RSVPs by region
-- description: Answers by the state or province of the group, or by its country where the feed tells no state.
-- chart: bar
-- x: region
-- y: rsvps
SELECT concat_ws(', ', nullif(g.state, ''), coalesce(upper(nullif(g.country, '')), 'unknown')) AS region,
    CAST(sum(a.rsvps) AS bigint) AS rsvps,
    CAST(sum(a.yes) AS bigint) AS yes,
    CAST(sum(a.no) AS bigint) AS no,
    CAST(sum(a.people) AS bigint) AS people
FROM event_answers a
JOIN events e ON e.event_id = a.event_id
LEFT JOIN groups g ON g.group_id = e.group_id
GROUP BY 1
ORDER BY rsvps DESC, region
LIMIT 20
