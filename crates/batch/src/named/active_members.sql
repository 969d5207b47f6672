-- title: Most active members
-- description: Members who answered to most events. Empty as long as people are masked: only --keep-people keeps names.
-- chart: bar
-- x: member
-- y: events
WITH answered AS (
    SELECT member_id, event_id,
        max(CASE WHEN response = 'yes' THEN 1 ELSE 0 END) AS comes
    FROM filtered_rsvps
    GROUP BY member_id, event_id
)
SELECT m.name AS member,
    count(*) AS events,
    CAST(sum(a.comes) AS bigint) AS yes,
    m.member_id
FROM answered a
JOIN members m ON m.member_id = a.member_id
WHERE m.name IS NOT NULL
GROUP BY m.member_id, m.name
ORDER BY events DESC, member, m.member_id
LIMIT 20
