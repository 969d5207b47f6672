-- title: Changes of mind
-- description: How often somebody changed an answer or the number of guests, and how many people did. What was merely sent again is no change.
-- chart: bar
-- x: change
-- y: changes
WITH steps AS (
    SELECT member_id, response, guests,
        lag(response) OVER (
            PARTITION BY event_id, rsvp_id
            ORDER BY date_trunc('second', mtime + INTERVAL '500 milliseconds'),
                CASE WHEN mtime = date_trunc('second', mtime) THEN 0 ELSE 1 END, mtime, content
        ) AS response_before,
        lag(guests) OVER (
            PARTITION BY event_id, rsvp_id
            ORDER BY date_trunc('second', mtime + INTERVAL '500 milliseconds'),
                CASE WHEN mtime = date_trunc('second', mtime) THEN 0 ELSE 1 END, mtime, content
        ) AS guests_before
    FROM filtered_versions
    WHERE outcome <> 'repeated'
), changes AS (
    SELECT member_id,
        CASE WHEN response <> response_before THEN response_before || ' to ' || response
            WHEN guests > guests_before THEN 'more guests'
            WHEN guests < guests_before THEN 'fewer guests'
        END AS change
    FROM steps
    WHERE response_before IS NOT NULL
)
SELECT change,
    count(*) AS changes,
    count(DISTINCT member_id) AS people
FROM changes
WHERE change IS NOT NULL
GROUP BY change
ORDER BY changes DESC, change
LIMIT 20
