-- title: Answers by the hour
-- description: The last 1,440 hours in which somebody answered, in order.
-- chart: line
-- x: hour
-- y: rsvps
WITH counted AS (
    SELECT date_trunc('hour', mtime) AS hour,
        count(*) AS rsvps,
        count(*) FILTER (WHERE response = 'yes') AS yes,
        count(*) FILTER (WHERE response = 'no') AS no
    FROM filtered_rsvps
    GROUP BY 1
), latest AS (
    SELECT hour, rsvps, yes, no FROM counted ORDER BY hour DESC LIMIT 1440
)
SELECT hour, rsvps, yes, no
FROM latest
ORDER BY hour
