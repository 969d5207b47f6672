-- title: Venues on the map
-- description: Venues with a place, whether or not anybody has answered to an event there, those to which most people come first.
-- chart: map
-- x: venue
-- y: people
WITH held AS (
    SELECT e.venue_id,
        count(*) FILTER (WHERE e.takes_place) AS events,
        CAST(coalesce(sum(a.people), 0) AS bigint) AS people,
        CAST(coalesce(sum(a.rsvps), 0) AS bigint) AS rsvps
    FROM filtered_events e
    LEFT JOIN event_answers a ON a.event_id = e.event_id
    WHERE e.venue_id IS NOT NULL
    GROUP BY e.venue_id
)
SELECT coalesce(v.name, 'no name') AS venue,
    coalesce(h.events, 0) AS events,
    coalesce(h.people, 0) AS people,
    coalesce(h.rsvps, 0) AS rsvps,
    v.lat,
    v.lon,
    v.venue_id
FROM filtered_venues v
LEFT JOIN held h ON h.venue_id = v.venue_id
WHERE v.lat IS NOT NULL AND v.lon IS NOT NULL AND NOT (v.lat = 0 AND v.lon = 0)
ORDER BY people DESC, events DESC, venue, v.venue_id
LIMIT 1000
