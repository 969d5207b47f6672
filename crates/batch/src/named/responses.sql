-- title: Responses
-- description: Answers by what they say, and the events they are to.
-- chart: bar
-- x: response
-- y: rsvps
WITH by_event AS (
    SELECT response, event_id, count(*) AS rsvps, sum(guests) AS guests
    FROM filtered_rsvps
    GROUP BY response, event_id
)
SELECT response,
    CAST(sum(rsvps) AS bigint) AS rsvps,
    count(*) AS events,
    CAST(sum(guests) AS bigint) AS guests
FROM by_event
GROUP BY response
ORDER BY rsvps DESC, response
