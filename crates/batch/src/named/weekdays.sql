-- title: Weekdays
-- description: Answers by the day of the week on which they were given, in UTC.
-- chart: bar
-- x: weekday
-- y: rsvps
WITH counted AS (
    SELECT CAST(extract(dow FROM mtime) AS integer) AS dow,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people
    FROM filtered_rsvps
    GROUP BY 1
), days(place, dow, weekday) AS (
    VALUES (1, 1, 'Monday'), (2, 2, 'Tuesday'), (3, 3, 'Wednesday'), (4, 4, 'Thursday'),
        (5, 5, 'Friday'), (6, 6, 'Saturday'), (7, 0, 'Sunday')
)
SELECT d.weekday,
    coalesce(c.rsvps, 0) AS rsvps,
    coalesce(c.yes, 0) AS yes,
    coalesce(c.people, 0) AS people
FROM days d
LEFT JOIN counted c ON c.dow = d.dow
ORDER BY d.place
