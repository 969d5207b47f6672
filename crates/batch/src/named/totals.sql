-- title: Totals
-- description: All answers in one row: how many, how many people come, to how many events of how many groups in how many countries, and from when to when they were given.
-- chart: table
-- x: rsvps
-- y: people
WITH answered AS (
    SELECT a.event_id, a.rsvps, a.yes, a.no, a.maybe, a.people, a.first_answer, a.last_answer,
        e.venue_id, e.group_id, nullif(g.country, '') AS country,
        CASE WHEN nullif(g.city, '') IS NOT NULL
            THEN concat_ws('|', g.city, coalesce(g.state, ''), coalesce(g.country, '')) END AS city
    FROM event_answers a
    JOIN events e ON e.event_id = a.event_id
    LEFT JOIN groups g ON g.group_id = e.group_id
), by_member AS (
    SELECT member_id FROM filtered_rsvps GROUP BY member_id
)
SELECT CAST(coalesce(sum(rsvps), 0) AS bigint) AS rsvps,
    CAST(coalesce(sum(yes), 0) AS bigint) AS yes,
    CAST(coalesce(sum(no), 0) AS bigint) AS no,
    CAST(coalesce(sum(maybe), 0) AS bigint) AS maybe,
    CAST(coalesce(sum(people), 0) AS bigint) AS people,
    CAST(coalesce(sum(people - yes), 0) AS bigint) AS guests,
    count(*) AS events,
    count(DISTINCT venue_id) AS venues,
    count(DISTINCT group_id) AS groups,
    count(DISTINCT country) AS countries,
    count(DISTINCT city) AS cities,
    (SELECT count(*) FROM by_member) AS members,
    min(first_answer) AS first_answer,
    max(last_answer) AS last_answer
FROM answered
