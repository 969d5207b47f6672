"""Job A in Polars, on one thread: reads recordings, prints the answer as JSON.

The best plan found: topics come as JSON text and are decoded for the greatest record of every event
only. Read as lists of structs for every record they take three times as long and three times the
memory.
"""

import json
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "1"

import polars as pl  # noqa: E402  (the number of threads is read when it is imported)
from polars import col  # noqa: E402

SCHEMA = {
    "rsvp_id": pl.UInt64,
    "mtime": pl.Int64,
    "response": pl.String,
    "guests": pl.Int64,
    "member": pl.Struct({"member_id": pl.UInt64}),
    "venue": pl.Struct({"venue_id": pl.Int64}),
    "event": pl.Struct({"event_id": pl.String}),
    "group": pl.Struct(
        {
            "group_id": pl.Int64,
            "group_country": pl.String,
            "group_city": pl.String,
            "group_state": pl.String,
            "group_topics": pl.String,
        }
    ),
}
TOPICS = pl.List(pl.Struct({"urlkey": pl.String}))


def read(sources):
    second = (col("mtime") + 500) // 1000
    live = col("mtime") % 1000 != 0
    # The full version: rounded second, live before re-sent, mtime; then a hash of what is counted.
    version = second * 2048 + live * 1024 + (col("mtime") - second * 1000 + 500)
    part = lambda of, name: col(of).struct.field(name)
    scans = [pl.scan_ndjson(source, schema=SCHEMA) for source in sources]
    return (
        pl.concat(scans)
        .select(
            id="rsvp_id",
            event=part("event", "event_id"),
            mtime="mtime",
            yes=col("response") == "yes",
            guests=col("guests").fill_null(0),
            member=part("member", "member_id"),
            venue=part("venue", "venue_id"),
            group=part("group", "group_id"),
            country=part("group", "group_country"),
            city=part("group", "group_city"),
            state=part("group", "group_state").fill_null(""),
            topics=part("group", "group_topics"),
            version=version,
            content=pl.struct("response", "guests", "venue", "group").hash(),
        )
        .collect(engine="streaming")
    )


def lines_of(path):
    """The well-formed records of a file one a line, for what Polars refuses: arrays, broken lines."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    if text.startswith("["):
        return "\n".join(map(json.dumps, json.loads(text))).encode()
    return "\n".join(filter(well_formed, text.split("\n"))).encode()


def well_formed(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def main(paths):
    try:
        records = read(paths)
    except pl.exceptions.ComputeError:
        records = read(map(lines_of, paths))
    ranked = records.sort("version", "content")
    winners = ranked.unique(["event", "id"], keep="last", maintain_order=False)
    sums = winners.group_by("event").agg(
        yes=col("yes").sum().cast(pl.Int64),
        no=(~col("yes")).sum().cast(pl.Int64),
        guests=col("guests").filter("yes").sum(),
    )
    events = (
        ranked.unique("event", keep="last", maintain_order=False)
        .select(
            "event",
            "venue",
            "group",
            "country",
            city=pl.concat_str("city", "state", "country", separator="|"),
            topics=col("topics").str.json_decode(TOPICS),
        )
        .join(sums, on="event")
    )
    print_answer(records, winners, events)


def print_answer(records, winners, events):
    def top(key):
        counts = events.filter(col(key).is_not_null()).group_by(key).agg(col("yes").sum())
        return ten(counts, key, "yes")

    def ten(counts, key, *values):
        counts = counts.with_columns(rank=pl.sum_horizontal(values), text=col(key).cast(pl.String))
        counts = counts.sort("rank", "text", descending=[True, False]).head(10)
        return [list(row) for row in counts.select(key, *values).rows()]

    total = lambda name: events[name].sum()
    countries = events.group_by("country").agg(col("yes", "no", "guests").sum())
    urlkeys = col("topics").list.eval(pl.element().struct.field("urlkey")).list.unique()
    topics = (
        events.select("yes", topic=urlkeys)
        .explode("topic")
        .drop_nulls("topic")
        .group_by("topic")
        .agg(col("yes").sum())
    )
    # Windows are kept for a day of stream time, which is 10 s behind the newest live record.
    newest = records.filter(col("mtime") % 1000 != 0)["mtime"].max()
    windows = (
        winners.with_columns(start=col("mtime") // 5000 * 5000)
        .filter(col("start") >= (newest - 10_000 - 86_400_000) // 5000 * 5000)
        .group_by("start")
        .agg(yes=col("yes").sum().cast(pl.Int64), no=(~col("yes")).sum().cast(pl.Int64))
    )
    answer = {
        "records": len(records),
        "rsvps": len(winners),
        "yes": total("yes"),
        "no": total("no"),
        "guests": total("guests"),
        "heads": total("yes") + total("guests"),
        "countries": len(countries),
        "events": len(events),
        "venues": events["venue"].drop_nulls().n_unique(),
        "groups": events["group"].n_unique(),
        "members": winners["member"].n_unique(),
        "cities": events["city"].n_unique(),
        "topics": len(topics),
        "by_country": {
            country: {"yes": yes, "no": no, "heads": yes + guests}
            for country, yes, no, guests in countries.rows()
        },
        "top_events_yes": top("event"),
        "top_venues_yes": top("venue"),
        "top_cities_yes": top("city"),
        "busiest_5s": ten(windows, "start", "yes", "no"),
        "top_topics_yes": ten(topics, "topic", "yes"),
    }
    json.dump(answer, sys.stdout)


main(sys.argv[1:])
