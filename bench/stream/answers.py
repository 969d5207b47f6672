"""The right answers, by a plain loop over the records, and whether tables in Cassandra hold them."""

import json
import random
import re
from collections import Counter, defaultdict

import cassandra
import cassandra.cluster

import lab

# Events that are looked up: as many of the largest as of any.
SAMPLE = 25


class Answer:
    """What the tables are to hold: totals by country and by response, and a sample of events."""

    def __init__(self, countries, responses, events):
        self.countries, self.responses, self.events = dict(countries), dict(responses), events

    def differences(self, session, keyspace, event_rows):
        """The first table that is not right yet, as a text; nothing if all are."""
        try:
            for table, key, right in [
                ("response_statistics", "response", self.responses),
                ("country_statistics", "event_country", self.countries),
            ]:
                rows = session.execute(f"SELECT {key}, total_rsvps FROM {keyspace}.{table}")
                # What was answered once and then taken back stays as a row that says 0.
                found = {row[0]: row[1] for row in rows if row[1]}
                if found != right:
                    return f"{table}:\n  right {right}\n  found {found}"
            for name, right in self.events.items():
                found = event_rows(session, keyspace, name)
                if {key: count for key, count in found.items() if count} != right:
                    return f"event_statistics of {name!r}:\n  right {right}\n  found {found}"
        except (cassandra.DriverException, cassandra.cluster.NoHostAvailable) as reason:
            return f"Cassandra says: {reason}"
        return None


def right_answers(source):
    """(people, messages): of who counts RSVPs, and of who counts messages. Both in one pass."""
    countries, responses, by_name, groups = Counter(), Counter(), defaultdict(Counter), defaultdict(set)
    winners, names = {}, defaultdict(set)
    with open(source, "rb") as lines:
        for line in lines:
            record = json.loads(line)
            response, event, group = record["response"], record["event"], record["group"]
            country, name = group["group_country"], event["event_name"]
            countries[country.upper()] += 1
            responses[response] += 1
            by_name[name][response] += 1
            groups[name].add((group["group_name"], country))
            key, found = (event["event_id"], record["rsvp_id"]), version(record["mtime"])
            if key not in winners or winners[key][0] < found:
                winners[key] = found, response, record["guests"], country
            names[event["event_id"]].add(name)
    # In Spark's table, groups that have events of one name overwrite each other.
    alone = {name: dict(counts) for name, counts in by_name.items() if len(groups[name]) == 1}
    return people(winners, names), Answer(countries, responses, sample(alone))


def version(mtime):
    """What decides which of two records of an RSVP is the later one: rounded half up to the second first."""
    return (mtime + 500) // 1000, mtime % 1000 != 0, mtime


def people(winners, names):
    alpha3 = country_codes()
    countries, responses, events = Counter(), Counter(), defaultdict(dict)
    for (event, _), (_, response, guests, country) in winners.items():
        countries[alpha3.get(country, country.upper())] += 1
        responses[response] += 1
        if len(names[event]) == 1:
            (name,) = names[event]
            total, heads = events[name].get((event, response), (0, 0))
            heads += 1 + guests if response == "yes" else 0
            events[name][event, response] = total + 1, heads
    # Of a name that some event also had for a time only, the rows are not known here.
    renamed = {name for known in names.values() if len(known) > 1 for name in known}
    return Answer(countries, responses, sample({name: of for name, of in events.items() if name not in renamed}))


def sample(by_name):
    def size(name):
        return sum(count[0] if isinstance(count, tuple) else count for count in by_name[name].values())

    ordered = sorted(by_name, key=lambda name: (-size(name), name))
    others = ordered[SAMPLE:]
    chosen = ordered[:SAMPLE] + random.Random(1).sample(others, min(SAMPLE, len(others)))
    return {name: by_name[name] for name in chosen}


def event_people(session, keyspace, name):
    """By event and response: (RSVPs, heads)."""
    asked = f"SELECT event_id, response, total_rsvps, heads FROM {keyspace}.event_statistics WHERE event_name = %s"
    rows = session.execute(asked, [name])
    return {(event, response): (total, heads) for event, response, total, heads in rows if total}


def event_messages(session, keyspace, name):
    """By response: messages."""
    asked = f"SELECT response, total_rsvps FROM {keyspace}.event_statistics WHERE event_name = %s"
    return {response: total for response, total in session.execute(asked, [name])}


def country_codes():
    """alpha-3 of alpha-2, as headcount's tables call countries: the names are its own, the counts are not."""
    text = (lab.CLONE / "crates" / "serving" / "src" / "country.rs").read_text()
    return dict(re.findall(r'\("([a-z]{2})", "([A-Z]{3})"\)', text))
