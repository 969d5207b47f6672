-- title: Busiest days
-- description: Days of UTC on which most answers were given.
-- chart: bar
-- x: day
-- y: rsvps
SELECT CAST(date_trunc('day', mtime) AS date) AS day,
    count(*) AS rsvps,
    count(*) FILTER (WHERE response = 'yes') AS yes,
    CAST(sum(CASE WHEN response = 'yes' THEN 1 + guests ELSE 0 END) AS bigint) AS people
FROM filtered_rsvps
GROUP BY 1
ORDER BY rsvps DESC, day
LIMIT 20
