"""Job A in DuckDB, on one thread: reads recordings, prints the answer as JSON.

The best plan found: read only the columns that count, keep them in a table, take the row number of
the greatest version by RSVP and by event, join back. Read as JSON text instead of as lists, topics
cost more than they save; taking every column by arg_max costs more than the join.
"""

import json
import sys

import duckdb

TYPES = {
    "rsvp_id": "UBIGINT",
    "mtime": "BIGINT",
    "response": "VARCHAR",
    "guests": "INTEGER",
    "member": "STRUCT(member_id UBIGINT)",
    "venue": "STRUCT(venue_id BIGINT)",
    "event": "STRUCT(event_id VARCHAR)",
    "group": "STRUCT(group_id BIGINT, group_country VARCHAR, group_city VARCHAR,"
    " group_state VARCHAR, group_topics STRUCT(urlkey VARCHAR)[])",
}

# The full version in 63 bits: rounded second, live before re-sent, mtime, hash of the content.
# The hash is over what is counted: a tie between records that count the same needs no decision.
VERSION = """
    ((mtime + 500) // 1000 << 31)
    | ((mtime % 1000 <> 0)::BIGINT << 30)
    | (mtime - (mtime + 500) // 1000 * 1000 + 500 << 20)
    | (hash(response, guests, venue.venue_id, "group") >> 44)
"""

RECORDS = """
    CREATE TEMP TABLE records AS
    SELECT rsvp_id AS id, event.event_id AS event, mtime, response = 'yes' AS yes,
        coalesce(guests, 0) AS guests, member.member_id AS member, venue.venue_id AS venue,
        "group".group_id AS "group", "group".group_country AS country,
        "group".group_city AS city, coalesce("group".group_state, '') AS state,
        "group".group_topics AS topics, {version} AS version
    FROM ({source})
    WHERE rsvp_id IS NOT NULL
"""

WINNERS = """
    CREATE TEMP TABLE winners AS
    SELECT event, mtime, yes, guests, member
    FROM records JOIN (
        SELECT arg_max(rowid, version) AS greatest FROM records GROUP BY event, id
    ) ON records.rowid = greatest
"""

EVENTS = """
    CREATE TEMP TABLE events AS
    SELECT event, venue, "group", country, city || '|' || state || '|' || country AS city, topics,
        sums.yes, sums.no, sums.guests
    FROM records JOIN (
        SELECT arg_max(rowid, version) AS greatest FROM records GROUP BY event
    ) ON records.rowid = greatest
    JOIN (
        SELECT event, count(*) FILTER (yes) AS yes, count(*) FILTER (NOT yes) AS no,
            coalesce(sum(guests) FILTER (yes), 0) AS guests
        FROM winners GROUP BY event
    ) AS sums USING (event)
"""

TOTALS = """
    SELECT count(*) AS events, sum(yes + no)::BIGINT AS rsvps, sum(yes)::BIGINT AS yes,
        sum(no)::BIGINT AS no, sum(guests)::BIGINT AS guests, sum(yes + guests)::BIGINT AS heads,
        count(DISTINCT country) AS countries, count(DISTINCT venue) AS venues,
        count(DISTINCT "group") AS groups, count(DISTINCT city) AS cities
    FROM events
"""

TOPICS = """
    SELECT topic, sum(yes)::BIGINT AS yes
    FROM (
        SELECT unnest(list_distinct(list_transform(topics, lambda topic: topic.urlkey))) AS topic,
            yes
        FROM events
    )
    GROUP BY topic ORDER BY yes DESC, topic
"""

# Windows are kept for a day of stream time, which is 10 s behind the newest live record.
BUSIEST = """
    SELECT mtime // 5000 * 5000 AS start, count(*) FILTER (yes), count(*) FILTER (NOT yes)
    FROM winners
    WHERE mtime // 5000 >= (
        SELECT coalesce(max(mtime) FILTER (mtime % 1000 <> 0) - 10000 - 86400000, 0) FROM records
    ) // 5000
    GROUP BY start ORDER BY count(*) DESC, start::VARCHAR LIMIT 10
"""


def source(path):
    with open(path, "rb") as file:
        array = file.read(1) == b"["
    columns = ", ".join(f"\"{name}\": '{type}'" for name, type in TYPES.items())
    layout = "'array'" if array else "'newline_delimited', ignore_errors = true"
    return f"SELECT * FROM read_json('{path}', columns = {{{columns}}}, format = {layout})"


def main(paths):
    db = duckdb.connect()
    db.execute("SET threads = 1")
    rows = lambda sql: [list(row) for row in db.execute(sql).fetchall()]
    sources = " UNION ALL ".join(source(path) for path in paths)
    db.execute(RECORDS.format(version=VERSION, source=sources))
    db.execute(WINNERS)
    db.execute(EVENTS)
    answer = {"records": rows("SELECT count(*) FROM records")[0][0]}
    totals = db.execute(TOTALS)
    answer.update(zip((column[0] for column in totals.description), totals.fetchone()))
    answer["members"] = rows("SELECT count(DISTINCT member) FROM winners")[0][0]
    answer["by_country"] = {
        country: {"yes": yes, "no": no, "heads": heads}
        for country, yes, no, heads in rows(
            "SELECT country, sum(yes)::BIGINT, sum(no)::BIGINT, sum(yes + guests)::BIGINT"
            " FROM events GROUP BY country"
        )
    }
    for name, key in [("events", "event"), ("venues", "venue"), ("cities", "city")]:
        answer[f"top_{name}_yes"] = rows(
            f"SELECT {key}, sum(yes)::BIGINT AS yes FROM events WHERE {key} IS NOT NULL"
            f" GROUP BY {key} ORDER BY yes DESC, {key}::VARCHAR LIMIT 10"
        )
    topics = rows(TOPICS)
    answer["topics"] = len(topics)
    answer["top_topics_yes"] = topics[:10]
    answer["busiest_5s"] = rows(BUSIEST)
    json.dump(answer, sys.stdout)


main(sys.argv[1:])
