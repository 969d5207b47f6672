-- title: Weekdays of events
-- description: Events by the day of the week on which they take place there, without events that are off: by their offset from UTC where the feed of events tells it, else by the group's longitude.
-- chart: bar
-- x: weekday
-- y: events
WITH shifted AS (
    SELECT e.event_id,
        floor((extract(epoch FROM e.time) + coalesce(e.utc_offset / 1000.0, g.lon * 240.0)) / 86400.0) AS days
    FROM filtered_events e
    LEFT JOIN groups g ON g.group_id = e.group_id
    WHERE e.takes_place AND e.time IS NOT NULL
), counted AS (
    SELECT CAST(s.days + 3 - 7 * floor((s.days + 3) / 7) AS integer) AS place,
        count(*) AS events,
        CAST(coalesce(sum(a.people), 0) AS bigint) AS people
    FROM shifted s
    LEFT JOIN event_answers a ON a.event_id = s.event_id
    WHERE s.days IS NOT NULL
    GROUP BY 1
), days_of_a_week(place, weekday) AS (
    VALUES (0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'),
        (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')
)
SELECT d.weekday,
    coalesce(c.events, 0) AS events,
    coalesce(c.people, 0) AS people
FROM days_of_a_week d
LEFT JOIN counted c ON c.place = d.place
ORDER BY d.place
