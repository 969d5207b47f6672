-- title: Hours
-- description: Answers by the hour in which they were given, in UTC.
-- chart: bar
-- x: hour
-- y: rsvps
WITH counted AS (
    SELECT CAST(extract(hour FROM mtime) AS integer) AS hour,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people
    FROM filtered_rsvps
    GROUP BY 1
), hours_of_a_day(hour) AS (
    VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11),
        (12), (13), (14), (15), (16), (17), (18), (19), (20), (21), (22), (23)
)
SELECT CAST(h.hour AS integer) AS hour,
    coalesce(c.rsvps, 0) AS rsvps,
    coalesce(c.yes, 0) AS yes,
    coalesce(c.people, 0) AS people
FROM hours_of_a_day h
LEFT JOIN counted c ON c.hour = h.hour
ORDER BY 1
