"""Job A in plain Python, json and dict: what a newcomer writes. Prints the answer as JSON."""

import json
import sys
from collections import Counter, defaultdict


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        if file.read(1) == "[":
            file.seek(0)
            yield from json.load(file)
            return
        file.seek(0)
        for line in file:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            yield record


def version_of(mtime):
    """Rounded second, live before re-sent, mtime."""
    return ((mtime + 500) // 1000, mtime % 1000 != 0, mtime)


def main(paths):
    records, newest, winners, events = 0, 0, {}, {}
    for path in paths:
        for record in read(path):
            records += 1
            mtime = record["mtime"]
            if mtime % 1000 and mtime > newest:
                newest = mtime
            version = version_of(mtime)
            event = record["event"]["event_id"]
            # Between equal versions what is counted decides, in place of a hash of all.
            answer = (
                version,
                record["response"] == "yes",
                record.get("guests", 0),
                record["member"]["member_id"],
            )
            rsvp = (event, record["rsvp_id"])
            if rsvp not in winners or answer > winners[rsvp]:
                winners[rsvp] = answer
            if event not in events or version >= events[event][0]:
                snapshot = (version, *snapshot_of(record))
                if event not in events or snapshot > events[event]:
                    events[event] = snapshot
    print_answer(records, newest, winners, events)


def snapshot_of(record):
    group = record["group"]
    country = group["group_country"]
    venue = record.get("venue")
    return (
        -1 if venue is None else venue["venue_id"],
        group["group_id"],
        country,
        f"{group['group_city']}|{group.get('group_state', '')}|{country}",
        tuple({topic["urlkey"]: None for topic in group["group_topics"]}),
    )


def print_answer(records, newest, winners, events):
    yes, no, heads, members = Counter(), Counter(), Counter(), set()
    windows = defaultdict(lambda: [0, 0])
    # Windows are kept for a day of stream time, which is 10 s behind the newest live record.
    oldest = (newest - 10_000 - 86_400_000) // 5000 * 5000
    for (event, _), ((_, _, mtime), going, guests, member) in winners.items():
        members.add(member)
        window = mtime // 5000 * 5000
        if window >= oldest:
            windows[window][not going] += 1
        if going:
            yes[event] += 1
            heads[event] += 1 + guests
        else:
            no[event] += 1
    countries = defaultdict(Counter)
    venues, groups, cities, topics = Counter(), set(), Counter(), Counter()
    for event, (_, venue, group, country, city, urlkeys) in events.items():
        countries[country].update(yes=yes[event], no=no[event], heads=heads[event])
        cities[city] += yes[event]
        groups.add(group)
        if venue != -1:
            venues[venue] += yes[event]
        for urlkey in urlkeys:
            topics[urlkey] += yes[event]
    total = lambda counts: sum(counts.values())
    answer = {
        "records": records,
        "rsvps": len(winners),
        "yes": total(yes),
        "no": total(no),
        "guests": total(heads) - total(yes),
        "heads": total(heads),
        "countries": len(countries),
        "events": len(events),
        "venues": len(venues),
        "groups": len(groups),
        "members": len(members),
        "cities": len(cities),
        "topics": len(topics),
        "by_country": countries,
        "top_events_yes": ten({event: (yes[event],) for event in events}),
        "top_venues_yes": ten({venue: (count,) for venue, count in venues.items()}),
        "top_cities_yes": ten({city: (count,) for city, count in cities.items()}),
        "busiest_5s": ten(windows),
        "top_topics_yes": ten({topic: (count,) for topic, count in topics.items()}),
    }
    json.dump(answer, sys.stdout)


def ten(counts):
    """The first ten by count, ties by the key as text."""
    ranked = sorted(counts.items(), key=lambda item: (-sum(item[1]), str(item[0])))
    return [[key, *values] for key, values in ranked[:10]]


main(sys.argv[1:])
