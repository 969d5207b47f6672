-- title: Answers by the minute
-- description: The last 1,440 minutes in which somebody answered, in order.
-- chart: line
-- x: minute
-- y: rsvps
WITH counted AS (
    SELECT date_trunc('minute', mtime) AS minute,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        count(*) FILTER (WHERE response = 'no') AS no
    FROM filtered_rsvps
    GROUP BY 1
), latest AS (
    SELECT minute, rsvps, yes, no FROM counted ORDER BY minute DESC LIMIT 1440
)
SELECT minute, rsvps, yes, no
FROM latest
ORDER BY minute
