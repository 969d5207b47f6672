-- title: Guests
-- description: Answers that say yes by the guests they bring.
-- chart: bar
-- x: guests
-- y: yes
WITH sizes AS (
    SELECT CASE WHEN guests < 5 THEN guests WHEN guests < 10 THEN 5 ELSE 10 END AS least,
        guests
    FROM filtered_rsvps
    WHERE response = 'yes'
), counted AS (
    SELECT least, count(*) AS yes, CAST(sum(1 + guests) AS bigint) AS people
    FROM sizes
    GROUP BY least
), named(least, guests) AS (
    VALUES (0, 'alone'), (1, '1 guest'), (2, '2 guests'), (3, '3 guests'), (4, '4 guests'),
        (5, '5 to 9 guests'), (10, '10 or more')
)
SELECT n.guests,
    coalesce(c.yes, 0) AS yes,
    coalesce(c.people, 0) AS people
FROM named n
LEFT JOIN counted c ON c.least = n.least
ORDER BY n.least
