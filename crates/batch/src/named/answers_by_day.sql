-- title: Answers by the day
-- description: The last 1,830 days of UTC on which somebody answered, in order.
-- chart: line
-- x: day
-- y: rsvps
WITH counted AS (
    SELECT date_trunc('day', mtime) AS day,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        count(*) FILTER (WHERE response = 'no') AS no
    FROM filtered_rsvps
    GROUP BY 1
), latest AS (
    SELECT day, rsvps, yes, no FROM counted ORDER BY day DESC LIMIT 1830
)
SELECT day, rsvps, yes, no
FROM latest
ORDER BY day
