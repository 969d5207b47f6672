-- title: Lead time
-- description: How long before an event its answers were given. Events that tell no time are left out.
-- chart: bar
-- x: lead_time
-- y: rsvps
WITH leads AS (
    SELECT r.response, r.guests,
        (extract(epoch FROM e.time) - extract(epoch FROM r.mtime)) / 3600.0 AS hours
    FROM filtered_rsvps r
    JOIN events e ON e.event_id = r.event_id
    WHERE e.time IS NOT NULL
), steps AS (
    SELECT response, guests,
        CASE WHEN hours < 0 THEN 1
            WHEN hours < 1 THEN 2
            WHEN hours < 6 THEN 3
            WHEN hours < 24 THEN 4
            WHEN hours < 72 THEN 5
            WHEN hours < 168 THEN 6
            WHEN hours < 336 THEN 7
            WHEN hours < 672 THEN 8
            ELSE 9 END AS step
    FROM leads
), counted AS (
    SELECT step,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people
    FROM steps
    GROUP BY step
), named(step, lead_time) AS (
    VALUES (1, 'after it began'), (2, 'under an hour'), (3, '1 to 6 hours'), (4, '6 to 24 hours'),
        (5, '1 to 3 days'), (6, '3 to 7 days'), (7, '1 to 2 weeks'), (8, '2 to 4 weeks'),
        (9, '4 weeks or more')
)
SELECT n.lead_time,
    coalesce(c.rsvps, 0) AS rsvps,
    coalesce(c.yes, 0) AS yes,
    coalesce(c.people, 0) AS people
FROM named n
LEFT JOIN counted c ON c.step = n.step
ORDER BY n.step
