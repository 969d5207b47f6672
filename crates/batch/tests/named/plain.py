"""The analyses once more, without SQL: loops over events and their answers."""

import math
from collections import Counter, defaultdict
from datetime import datetime, timezone

OFF = ("canceled", "deleted")
DAY = 86_400_000
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
LEADS = [(0, "after it began"), (1, "under an hour"), (6, "1 to 6 hours"), (24, "6 to 24 hours"),
         (72, "1 to 3 days"), (168, "3 to 7 days"), (336, "1 to 2 weeks"), (672, "2 to 4 weeks"),
         (math.inf, "4 weeks or more")]
GUESTS = {0: "alone", 1: "1 guest", 2: "2 guests", 3: "3 guests", 4: "4 guests", 5: "5 to 9 guests", 10: "10 or more"}


def moment(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def heads(answer):
    return 1 + answer["guests"] if answer["response"] == "yes" else 0


class Chosen:
    """What the filters leave."""

    def __init__(self, tables, filters):
        self.tables, self.filters = tables, filters
        self.start = moment(filters["from"][0]) if "from" in filters else -math.inf
        self.end = moment(filters["to"][0]) if "to" in filters else math.inf
        chosen = {key for key, event in tables.events.items() if self.keeps(event)}
        self.chosen = chosen
        self.answers = [row for row in tables.rsvps.values() if row["event_id"] in chosen and self.within(row["mtime"])
                        and row["response"] in filters.get("response", ("yes", "no", "maybe"))]
        self.answers_to = defaultdict(list)
        for row in self.answers:
            self.answers_to[row["event_id"]].append(row)
        by_answers = {"response", "from", "to"} & filters.keys()
        self.events = [row for key, row in tables.events.items()
                       if key in chosen and (not by_answers or key in self.answers_to)]

    def within(self, time):
        return self.start <= time < self.end

    def keeps(self, event):
        filters, group = self.filters, self.group(event)
        state, country = group.get("state") or "", (group.get("country") or "").lower()
        city = {group.get("city"), f"{group.get('city')}|{state}|{country}"}
        category = self.tables.categories.get(group.get("category_id"), {})
        tests = dict(country={country or "unknown"}, city=city, topic=set(group.get("topics", ())),
                     category={category.get("name"), category.get("shortname")}, venue={str(event["venue_id"])},
                     group={str(event["group_id"])}, event={event["event_id"]})
        return all(tests[name] & set(values) for name, values in filters.items() if name in tests)

    def group(self, event):
        return self.tables.groups.get(event["group_id"], {})

    def venue(self, event):
        return self.tables.venues.get(event["venue_id"], {})

    def people(self, event):
        return sum(map(heads, self.answers_to[event["event_id"]]))

    def count(self, event, response):
        return sum(row["response"] == response for row in self.answers_to[event["event_id"]])

    def feed(self, rows):
        return [row for row in rows.values() if row["status"] != "deleted"
                and self.within(row["time"] if row["time"] is not None else row["mtime"])
                and (row["event_id"] in self.chosen or not {"country", "city", "category", "topic", "venue", "group",
                                                            "event"} & self.filters.keys())]


def place(*parts):
    return ", ".join(part for part in parts if part)


def ranked(rows, measure=1, limit=20, tie=lambda row: row[0]):
    return sorted(rows, key=lambda row: (-row[measure], tie(row), row[-1]))[:limit]


def board(label, identity=None):
    """Events that take place, and people, by a label; None leaves an event out."""
    def answer(chosen):
        events, people = Counter(), Counter()
        for event in chosen.events:
            name = label(chosen, event)
            if name and event.get("status") not in OFF:
                key = (name,) if identity is None else (name, event[identity])
                events[key] += 1
                people[key] += chosen.people(event)
        return ranked([[key[0], count, people[key], *key[1:]] for key, count in events.items()])
    return answer


def group_city(chosen, event):
    group = chosen.group(event)
    return group.get("city") and place(group["city"], group.get("state"), (group.get("country") or "").upper())


def venue_city(chosen, event):
    venue = chosen.venue(event)
    return venue.get("city") and place(venue["city"], venue.get("state"), (venue.get("country") or "").upper())


def country(chosen, event):
    return (chosen.group(event).get("country") or "unknown").lower()


def region(chosen, event):
    group = chosen.group(event)
    return place(group.get("state"), (group.get("country") or "").upper() or "unknown")


def answered(label, measures, order=1, limit=20):
    def answer(chosen):
        sums = defaultdict(lambda: [0] * len(measures))
        for event in chosen.events:
            name = label(chosen, event)
            if name and chosen.answers_to[event["event_id"]]:
                told = dict(rsvps=len(chosen.answers_to[event["event_id"]]), yes=chosen.count(event, "yes"),
                            no=chosen.count(event, "no"), people=chosen.people(event), events=1)
                sums[name] = [total + told[measure] for total, measure in zip(sums[name], measures)]
        return ranked([[name, *values] for name, values in sums.items()], limit=limit)
    return answer


def topics(chosen):
    sums = defaultdict(lambda: [0, 0, 0, set()])
    for event in chosen.events:
        if chosen.answers_to[event["event_id"]]:
            for urlkey in chosen.group(event).get("topics", ()):
                total = sums[urlkey]
                total[0] += chosen.count(event, "yes")
                total[1] += chosen.people(event)
                total[2] += 1
                total[3].add(event["group_id"])
    rows = [[chosen.tables.topics[key], yes, people, events, len(groups), key]
            for key, (yes, people, events, groups) in sums.items()]
    return ranked(rows, tie=lambda row: row[-1])


def groups_most_yes(chosen):
    sums = defaultdict(lambda: [0, 0, 0])
    for event in chosen.events:
        if chosen.count(event, "yes"):
            total = sums[event["group_id"]]
            total[0] += chosen.count(event, "yes")
            total[1] += chosen.people(event)
            total[2] += 1
    return ranked([[chosen.tables.groups[key]["name"], *total, key] for key, total in sums.items()])


def venues_most_yes(chosen):
    sums = defaultdict(lambda: [0, 0, 0, set()])
    for event in chosen.events:
        if chosen.answers_to[event["event_id"]] and event["venue_id"] is not None:
            total, group = sums[event["venue_id"]], chosen.group(event)
            total[0] += chosen.count(event, "yes")
            total[1] += chosen.count(event, "no")
            total[2] += chosen.people(event)
            total[3].add(place(group.get("city"), (group.get("country") or "").upper()))
    rows = [[chosen.tables.venues[key].get("name") or "no name", *total[:3], max(total[3]), key]
            for key, total in sums.items() if total[0]]
    return ranked(rows, tie=lambda row: str(row[-1]))


def events_most_yes(chosen):
    photos = Counter(row["event_id"] for row in chosen.feed(chosen.tables.photos))
    comments = Counter(row["event_id"] for row in chosen.feed(chosen.tables.comments))
    return ranked([[event["name"], chosen.count(event, "yes"), chosen.count(event, "no"), chosen.people(event),
                    photos[event["event_id"]], comments[event["event_id"]], event["event_id"]]
                   for event in chosen.events if chosen.count(event, "yes")])


def active_members(chosen):
    events, yes = defaultdict(set), defaultdict(set)
    for row in chosen.answers:
        events[row["member_id"]].add(row["event_id"])
        if row["response"] == "yes":
            yes[row["member_id"]].add(row["event_id"])
    members = chosen.tables.members
    return ranked([[members[key]["name"], len(to), len(yes[key]), key] for key, to in events.items()
                   if members[key]["name"] is not None])


def feed(name):
    def answer(chosen):
        rows = chosen.feed(getattr(chosen.tables, name))
        counts, people = Counter(), defaultdict(set)
        for row in rows:
            counts[row["event_id"]] += 1
            people[row["event_id"]].add(row["member_id"])
        label = lambda key: "no event" if key is None else chosen.tables.events[key]["name"]
        table = [[label(key), count, len(people[key] - {None}), key] for key, count in counts.items()]
        return sorted(table, key=lambda row: (-row[1], row[0], row[3] or "\U0010ffff"))[:20]
    return answer


def venues(chosen):
    sums = defaultdict(lambda: [0, 0, 0])
    for event in chosen.events:
        total = sums[event["venue_id"]]
        total[0] += event.get("status") not in OFF
        total[1] += chosen.people(event)
        total[2] += len(chosen.answers_to[event["event_id"]])
    held = {event["venue_id"] for event in chosen.events}
    rows = [[venue.get("name") or "no name", *sums[key], venue["lat"], venue["lon"], key]
            for key, venue in chosen.tables.venues.items() if not chosen.filters or key in held]
    rows = [row for row in rows if None not in row[4:6] and row[4:6] != [0, 0]]
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0], row[6]))[:1000]


def places(chosen):
    sums = defaultdict(lambda: [set(), 0, 0])
    for event in chosen.events:
        if event["venue_id"] is not None and chosen.answers_to[event["event_id"]]:
            total = sums[event["venue_id"]]
            total[0].add(country(chosen, event))
            total[1] += len(chosen.answers_to[event["event_id"]])
            total[2] += chosen.count(event, "yes")
    spot = lambda key: [chosen.tables.venues[key]["lat"], chosen.tables.venues[key]["lon"]]
    rows = [[max(total[0]), *total[1:], *spot(key), key] for key, total in sums.items()
            if None not in spot(key) and spot(key) != [0, 0]]
    return ranked(rows, measure=2, limit=5000, tie=lambda row: str(row[-1]))


def summed(labels, bucket):
    def answer(chosen):
        sums = {label: [0, 0, 0] for label in labels}
        for row in chosen.answers:
            label = bucket(chosen, row)
            if label is not None:
                total = sums[label]
                total[0] += 1
                total[1] += row["response"] == "yes"
                total[2] += heads(row)
        return [[label, *total] for label, total in sums.items()]
    return answer


def lead(chosen, row):
    time = chosen.tables.events[row["event_id"]]["time"]
    if time is None:
        return None
    hours = (time - row["mtime"]) / 3_600_000
    return next(label for most, label in LEADS if hours < most)


def local_hour(chosen, row):
    event = chosen.tables.events[row["event_id"]]
    offset, longitude = event.get("utc_offset"), chosen.group(event).get("lon")
    if offset is None:
        if longitude is None:
            return None
        offset = longitude * 240_000
    return int((row["mtime"] + offset) // 3_600_000 % 24)


def event_statuses(chosen):
    events, people = Counter(), Counter()
    for event in chosen.events:
        status = event.get("status") or "not told"
        events[status] += 1
        people[status] += chosen.people(event)
    return ranked([[status, count, people[status]] for status, count in events.items()])


def event_weekdays(chosen):
    sums = {day: [0, 0] for day in WEEKDAYS}
    for event in chosen.events:
        offset, longitude = event.get("utc_offset"), chosen.group(event).get("lon")
        if event.get("status") in OFF or event["time"] is None or offset is None and longitude is None:
            continue
        moment = event["time"] + (longitude * 240_000 if offset is None else offset)
        total = sums[WEEKDAYS[int(moment // DAY + 3) % 7]]
        total[0] += 1
        total[1] += chosen.people(event)
    return [[day, *total] for day, total in sums.items()]


def guests(chosen):
    sums = {least: [0, 0] for least in GUESTS}
    for row in chosen.answers:
        if row["response"] == "yes":
            total = sums[max(least for least in GUESTS if least <= row["guests"])]
            total[0] += 1
            total[1] += heads(row)
    return [[GUESTS[least], *total] for least, total in sums.items()]


def responses(chosen):
    sums = defaultdict(lambda: [0, set(), 0])
    for row in chosen.answers:
        total = sums[row["response"]]
        total[0] += 1
        total[1].add(row["event_id"])
        total[2] += row["guests"]
    return ranked([[name, count, len(events), brought] for name, (count, events, brought) in sums.items()])


def changes_of_mind(chosen):
    kept = {(row["event_id"], row["rsvp_id"]) for row in chosen.answers}
    histories = defaultdict(list)
    for key, row in chosen.tables.versions.items():
        if key[:2] in kept and row["outcome"] != "repeated":
            mtime = row["mtime"]
            histories[key[:2]].append((((mtime + 500) // 1000, mtime % 1000 != 0, mtime, row["content"]), row))
    changes, people = Counter(), defaultdict(set)
    for history in histories.values():
        history.sort(key=lambda pair: pair[0])
        for (_, before), (_, row) in zip(history, history[1:]):
            change = None
            if row["response"] != before["response"]:
                change = f"{before['response']} to {row['response']}"
            elif row["guests"] != before["guests"]:
                change = "more guests" if row["guests"] > before["guests"] else "fewer guests"
            if change:
                changes[change] += 1
                people[change].add(row["member_id"])
    return ranked([[change, count, len(people[change])] for change, count in changes.items()])


def over_time(step, limit):
    def answer(chosen):
        sums = defaultdict(lambda: [0, 0, 0])
        for row in chosen.answers:
            total = sums[row["mtime"] // step * step]
            total[0] += 1
            total[1] += row["response"] == "yes"
            total[2] += row["response"] == "no"
        return [[at * 1000, *sums[at]] for at in sorted(sums)[-limit:]]
    return answer


def busiest_days(chosen):
    sums = defaultdict(lambda: [0, 0, 0])
    for row in chosen.answers:
        total = sums[row["mtime"] // DAY]
        total[0] += 1
        total[1] += row["response"] == "yes"
        total[2] += heads(row)
    return ranked([[day, *total] for day, total in sums.items()])


def totals(chosen):
    of = lambda response: sum(row["response"] == response for row in chosen.answers)
    events = [event for event in chosen.events if chosen.answers_to[event["event_id"]]]
    groups = [chosen.group(event) for event in events]
    city = lambda group: (group.get("city"), group.get("state") or "", group.get("country") or "")
    people = sum(map(heads, chosen.answers))
    times = [row["mtime"] * 1000 for row in chosen.answers]
    return [[len(chosen.answers), of("yes"), of("no"), of("maybe"), people, people - of("yes"), len(events),
             len({event["venue_id"] for event in events} - {None}), len({event["group_id"] for event in events} - {None}),
             len({group.get("country") for group in groups} - {None, ""}),
             len({city(group) for group in groups if group.get("city")}), len({row["member_id"] for row in chosen.answers}),
             min(times, default=None), max(times, default=None)]]


ANALYSES = dict(
    active_members=active_members,
    answers_by_day=over_time(DAY, 1830),
    answers_by_hour=over_time(3_600_000, 1440),
    answers_by_minute=over_time(60_000, 1440),
    boards_categories=board(lambda chosen, event: chosen.tables.categories.get(
        chosen.group(event).get("category_id"), {}).get("name")),
    boards_event_names=board(lambda chosen, event: event["name"]),
    boards_group_cities=board(group_city),
    boards_group_countries=board(country),
    boards_group_names=board(lambda chosen, event: chosen.group(event).get("name"), "group_id"),
    boards_venue_cities=board(venue_city),
    boards_venue_countries=board(lambda chosen, event: (chosen.venue(event).get("country") or "").lower()),
    boards_venue_names=board(lambda chosen, event: chosen.venue(event).get("name"), "venue_id"),
    busiest_days=busiest_days,
    changes_of_mind=changes_of_mind,
    cities=answered(group_city, ["yes", "no", "people", "events"]),
    comments=feed("comments"),
    countries=answered(country, ["rsvps", "yes", "no", "people"], limit=300),
    event_statuses=event_statuses,
    event_weekdays=event_weekdays,
    events_most_yes=events_most_yes,
    groups_most_yes=groups_most_yes,
    guests=guests,
    hours=summed(range(24), lambda chosen, row: row["mtime"] // 3_600_000 % 24),
    lead_time=summed([label for _, label in LEADS], lead),
    local_hours=summed(range(24), local_hour),
    photos=feed("photos"),
    places=places,
    regions=answered(region, ["rsvps", "yes", "no", "people"]),
    responses=responses,
    topics=topics,
    totals=totals,
    venues=venues,
    venues_most_yes=venues_most_yes,
    weekdays=summed(WEEKDAYS, lambda chosen, row: WEEKDAYS[(row["mtime"] // DAY + 3) % 7]),
)
