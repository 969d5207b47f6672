-- title: Hours where it takes place
-- description: Answers by the hour of the day at the event's place: by its offset from UTC where the feed of events tells it, else by the group's longitude.
-- chart: bar
-- x: local_hour
-- y: rsvps
WITH shifted AS (
    SELECT r.response, r.guests,
        floor((extract(epoch FROM r.mtime) + coalesce(e.utc_offset / 1000.0, g.lon * 240.0)) / 3600.0) AS hours
    FROM filtered_rsvps r
    JOIN events e ON e.event_id = r.event_id
    LEFT JOIN groups g ON g.group_id = e.group_id
), counted AS (
    SELECT CAST(hours - 24 * floor(hours / 24) AS integer) AS local_hour,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people
    FROM shifted
    WHERE hours IS NOT NULL
    GROUP BY 1
), hours_of_a_day(hour) AS (
    VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11),
        (12), (13), (14), (15), (16), (17), (18), (19), (20), (21), (22), (23)
)
SELECT CAST(h.hour AS integer) AS local_hour,
    coalesce(c.rsvps, 0) AS rsvps,
    coalesce(c.yes, 0) AS yes,
    coalesce(c.people, 0) AS people
FROM hours_of_a_day h
LEFT JOIN counted c ON c.local_hour = h.hour
ORDER BY 1
