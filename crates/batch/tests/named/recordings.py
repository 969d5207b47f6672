"""Recordings as rows of the tables: the slow and plain way, without a line of the program's own."""

import ast
import hashlib
import json


def records(path):
    """Every record of a recording: an array, pretty-printed or not, or one a line after a head of HTTP."""
    text = open(path, encoding="utf-8").read()
    if text.startswith("["):
        return json.loads(text)
    found = []
    for line in text.splitlines():
        line = line.strip()
        if not line.startswith("{"):
            continue
        try:
            found.append(json.loads(line))
        except ValueError:
            try:
                found.append(ast.literal_eval(line))
            except (ValueError, SyntaxError):
                pass
    return [record for record in found if isinstance(record, dict)]


def content(record):
    told = {key: value for key, value in record.items() if key != "member"}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def version(record):
    """The order of two records with one identity."""
    mtime = record["mtime"]
    return ((mtime + 500) // 1000, mtime % 1000 != 0, mtime, content(record))


class Tables:
    """Rows by key."""

    def __init__(self):
        self.categories, self.topics, self.venues, self.members = {}, {}, {}, {}
        self.groups, self.events, self.rsvps, self.versions = {}, {}, {}, {}
        self.photos, self.comments = {}, {}
        self.seen = {}

    def read(self, paths):
        for path in paths:
            for record in records(path):
                if "rsvp_id" in record:
                    self.rsvp(record)
                elif "id" in record and "group" in record and "mtime" in record:
                    self.open_event(record)
        self.invent()
        return self

    def is_greater(self, table, key, record):
        """Whether a record tells more of something than all before it."""
        if (table, key) in self.seen and self.seen[table, key] >= version(record):
            return False
        self.seen[table, key] = version(record)
        return True

    def rsvp(self, record):
        event, group, member = record["event"], record["group"], record["member"]
        key = (event["event_id"], record["rsvp_id"])
        row = dict(event_id=key[0], rsvp_id=key[1], member_id=member["member_id"], response=record["response"],
                   guests=record.get("guests") or 0, mtime=record["mtime"])
        # The outcome, by the ledger's words.
        before = self.seen.get(("rsvps", key))
        if self.is_greater("rsvps", key, record):
            outcome = "new" if before is None else "replaced"
            self.rsvps[key] = dict(row, visibility=record.get("visibility"), received_at=record["mtime"])
        else:
            outcome = "repeated" if version(record)[0] == before[0] else "stale"
        one = key + (record["mtime"], content(record))
        self.versions.setdefault(one, dict(row, content=one[3], outcome=outcome, received_at=record["mtime"]))
        self.member(member, record["mtime"])
        self.group(record, group["group_id"], name=group["group_name"], urlname=group["group_urlname"],
                   city=group["group_city"], state=group.get("group_state"), country=group["group_country"],
                   lat=group["group_lat"], lon=group["group_lon"], topics=group["group_topics"])
        venue = record.get("venue")
        venue_id = venue and self.venue(record, venue["venue_id"], name=venue.get("venue_name"), lat=venue["lat"],
                                        lon=venue["lon"])
        if self.is_greater("events", key[0], record):
            self.events[key[0]] = dict(event_id=key[0], group_id=group["group_id"], venue_id=venue_id,
                                       name=event.get("event_name"), url=event.get("event_url"),
                                       time=event.get("time"), mtime=record["mtime"])

    def open_event(self, record):
        group = record["group"]
        category = group.get("category")
        if category:
            self.categories[category["id"]] = dict(category_id=category["id"], name=category["name"],
                                                   shortname=category["shortname"])
        self.group(record, group["id"], name=group["name"], urlname=group["urlname"], city=group["city"],
                   state=group.get("state"), country=group["country"], lat=group["group_lat"], lon=group["group_lon"],
                   join_mode=group.get("join_mode"), category_id=category and category["id"])
        venue, venue_id = record.get("venue"), None
        if venue:
            told = {key: venue.get(key) for key in ("name", "lat", "lon", "city", "state", "country")}
            told["address"] = venue.get("address_1")
            venue_id = self.venue(record, -(abs(content(told)) >> 1) - 1, **told)
        if self.is_greater("events", record["id"], record):
            self.events[record["id"]] = dict(
                event_id=record["id"], group_id=group["id"], venue_id=venue_id, name=record["name"],
                url=record["event_url"], time=record.get("time"), utc_offset=record.get("utc_offset"),
                duration=record.get("duration"), status=record["status"], visibility=record["visibility"],
                rsvp_limit=record.get("rsvp_limit"), yes_rsvp_count=record.get("yes_rsvp_count"),
                mtime=record["mtime"])

    def member(self, member, mtime):
        row = self.members.setdefault(member["member_id"], dict(
            member_id=member["member_id"], first_seen=mtime, last_seen=mtime, name=member.get("member_name")))
        row["first_seen"], row["last_seen"] = min(row["first_seen"], mtime), max(row["last_seen"], mtime)

    def group(self, record, group_id, topics=(), **told):
        if not self.is_greater("groups", group_id, record):
            return
        for topic in topics:
            if self.is_greater("topics", topic["urlkey"], record):
                self.topics[topic["urlkey"]] = topic["topic_name"]
        keys = sorted({topic["urlkey"] for topic in topics})
        self.groups[group_id] = dict(told, group_id=group_id, topics=keys, mtime=record["mtime"])

    def venue(self, record, venue_id, **told):
        if self.is_greater("venues", venue_id, record):
            self.venues[venue_id] = dict(told, venue_id=venue_id, mtime=record["mtime"])
        return venue_id

    def invent(self):
        """No photo and no comment was ever recorded: some for every third event, of deleted ones and of none."""
        members = sorted(self.members)
        for number, event_id in enumerate(sorted(self.events)[::3]):
            for count in range(number % 7):
                one = f"{event_id}-{count}"
                row = dict(event_id=event_id if number % 5 else None, time=self.events[event_id]["mtime"] + 60_000 * count,
                           member_id=members[(number + count) % len(members)] if members else None,
                           status="deleted" if count == 5 else [None, "active"][count % 2])
                self.photos[one] = dict(row, photo_id=one, time=row["time"] if count % 2 else None, mtime=row["time"])
                self.comments[one] = dict(row, comment_id=one, comment="It's \\ fine")
