"""The rows of the tables out of the records: the slow and plain way, without a line of the program's own.

Where two records of one version tell different things, the program's hash decides between them. It is not computed here:
either of the two is right then, which `Candidates` stands for.
"""

import json
from itertools import permutations, product

NO_VENUE = object()
FUTURE = 300_000


def records(path):
    """The JSON objects of a recording, and how many pieces of it are none."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    if text.startswith("["):
        return json.loads(text), 0
    lines = [line.strip() for line in text.split("\n")]
    if lines[0].startswith("HTTP/"):
        lines = lines[lines.index("") + 1:]
    found, damaged = [], 0
    for line in filter(None, lines):
        try:
            found.append(json.loads(line))
        except ValueError:
            damaged += 1
    return found, damaged


def version(mtime):
    """The order of two records of one thing: a record that is sent again has its time rounded to the second."""
    return (mtime + 500) // 1000, mtime % 1000 != 0, mtime


def text(record, *path):
    value = at(record, *path)
    return value.replace("\0", "\ufffd") if isinstance(value, str) and value else None


def identifier(record, *path):
    value = at(record, *path)
    return str(value) if type(value) in (int, float) else text(record, *path)


def long(record, *path):
    value = at(record, *path)
    return value if type(value) is int and -2**63 <= value < 2**63 else None


def double(record, *path):
    value = at(record, *path)
    return float(value) if type(value) in (int, float) else None


def instant(record, *path):
    """Milliseconds, unless some reader could not show them: from 1678 to 2261."""
    value = long(record, *path)
    return value if value is not None and -9_214_560_000_000 <= value < 9_214_646_400_000 else None


def at(record, *path):
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def lower(value):
    return value and value.lower()


class Tales:
    """What each feed's greatest records tell of one thing."""

    def __init__(self):
        self.of = {}

    def tell(self, teller, mtime, facts):
        facts = {name: value for name, value in facts.items() if value is not None}
        known = self.of.get(teller)
        if known is None or known[0] < version(mtime):
            self.of[teller] = (version(mtime), [facts])
        elif known[0] == version(mtime) and facts not in known[1]:
            known[1].append(facts)

    def mtime(self):
        return max(told[0] for told in self.of.values())[2]

    def sums(self):
        """What holds: a column has the value of the greatest record that tells it. Several where records are equal."""
        found = []
        for order in permutations(self.of.values()):
            if any(before[0] < after[0] for before, after in zip(order, order[1:])):
                continue
            for chosen in product(*(facts for _, facts in order)):
                joined = {}
                for facts in reversed(chosen):
                    joined.update(facts)
                if joined not in found:
                    found.append(joined)
        return found


class Plain:
    """Everything that records tell, fed in the order of arrival."""

    def __init__(self, now):
        self.now = now
        self.things = {kind: {} for kind in ("categories", "topics", "venues", "groups", "events", "photos", "comments",
                                             "persons")}
        self.seen = {}
        self.versions = {}

    def tell(self, kind, key, teller, mtime, **facts):
        self.things[kind].setdefault(key, Tales()).tell(teller, mtime, facts)

    def read(self, record):
        if record["mtime"] > self.now + FUTURE:
            return
        if "rsvp_id" in record:
            self.rsvp(record, record["mtime"])
        elif "photo_id" in record:
            self.photo(record, record["mtime"])
        elif "comment" in record:
            self.comment(record, record["mtime"])
        elif "event_url" in record:
            self.open_event(record, record["mtime"])
        else:
            self.venue("others", record, record["mtime"])

    def rsvp(self, record, mtime):
        event, group, member, venue = record["event"], record["group"], record["member"], record.get("venue") or {}
        venue_id = venue.get("venue_id")
        if venue_id is not None:
            self.tell("venues", venue_id, "answers", mtime, name=text(venue, "venue_name"), lat=double(venue, "lat"),
                      lon=double(venue, "lon"))
        event_id = identifier(event, "event_id")
        self.tell("events", event_id, "answers", mtime, group_id=group["group_id"], name=text(event, "event_name"),
                  venue_id=NO_VENUE if venue_id is None else venue_id, url=text(event, "event_url"),
                  time=instant(event, "time"))
        topics = self.topics("answers", mtime, group.get("group_topics"))
        self.tell("groups", group["group_id"], "answers", mtime, name=text(group, "group_name"),
                  urlname=text(group, "group_urlname"), city=text(group, "group_city"), state=text(group, "group_state"),
                  country=lower(text(group, "group_country")), lat=double(group, "group_lat"),
                  lon=double(group, "group_lon"), topics=topics)
        self.member(member["member_id"], mtime)
        self.tell("persons", member["member_id"], "answers", mtime, name=text(member, "member_name"),
                  photo=text(member, "photo"))
        told = dict(member_id=member["member_id"], response=record["response"], guests=record.get("guests") or 0,
                    visibility=text(record, "visibility"), mtime=mtime)
        decoded = json.dumps([told, event, venue, {**group, "group_urlname": None}], sort_keys=True)
        self.arrived((event_id, record["rsvp_id"]), told, decoded)

    def arrived(self, key, told, decoded):
        """Notes a version of an answer, and what it was when it came."""
        known = self.versions.setdefault(key, {})
        if (version(told["mtime"]), decoded) in known:
            return
        ours, greatest = version(told["mtime"]), max((at for at, _ in known), default=None)
        if greatest is None:
            outcomes = {"new"}
        elif ours > greatest:
            outcomes = {"replaced"}
        else:
            outcomes = {"repeated" if ours[0] == greatest[0] else "stale"}
            # The hash decides, and the greater one replaces.
            outcomes |= {"replaced"} if ours == greatest else set()
        known[ours, decoded] = dict(told, outcomes=outcomes)

    def open_event(self, record, mtime):
        venue = record.get("venue")
        self.tell("events", identifier(record, "id"), "events", mtime, group_id=self.group("events", record, mtime),
                  venue_id=None if venue is None else self.venue("events", venue, mtime), name=text(record, "name"),
                  url=text(record, "event_url"), time=instant(record, "time"), utc_offset=long(record, "utc_offset"),
                  duration=long(record, "duration"), status=text(record, "status"),
                  visibility=text(record, "visibility"), description=text(record, "description"),
                  rsvp_limit=long(record, "rsvp_limit"), yes_rsvp_count=long(record, "yes_rsvp_count"),
                  fee=double(record, "fee", "amount"))

    def photo(self, record, mtime):
        album = record.get("photo_album")
        self.group("others", album, mtime)
        event_id = self.mentioned(at(album, "event"), "id", "name", mtime)
        self.tell("photos", identifier(record, "photo_id"), "others", mtime, event_id=event_id,
                  member_id=self.member(long(record, "member", "member_id"), mtime), time=instant(record, "ctime"),
                  caption=text(record, "caption"), link=text(record, "photo_link"),
                  highres_link=text(record, "highres_link"), thumb_link=text(record, "thumb_link"),
                  status=text(record, "status"))

    def comment(self, record, mtime):
        self.group("others", record, mtime)
        event_id = self.mentioned(record.get("event"), "event_id", "event_name", mtime)
        self.tell("comments", identifier(record, "id"), "others", mtime, event_id=event_id,
                  member_id=self.member(long(record, "member", "member_id"), mtime), comment=text(record, "comment"),
                  in_reply_to=identifier(record, "in_reply_to"), status=text(record, "status"))

    def mentioned(self, event, id_key, name_key, mtime):
        event_id = identifier(event, id_key)
        if event_id is not None:
            self.tell("events", event_id, "others", mtime, name=text(event, name_key), time=instant(event, "time"))
        return event_id

    def member(self, member_id, mtime):
        if member_id is None or member_id <= 0:
            return None
        first, last = self.seen.get(member_id, (mtime, mtime))
        self.seen[member_id] = (min(first, mtime), max(last, mtime))
        return member_id

    def group(self, teller, record, mtime):
        group = at(record, "group")
        group_id = long(group, "id")
        if group_id is None:
            return None
        category_id = long(group, "category", "id")
        if category_id is not None:
            self.tell("categories", category_id, teller, mtime, name=text(group, "category", "name"),
                      shortname=text(group, "category", "shortname"))
        topics = group.get("group_topics")
        coordinate = lambda axis: next((value for value in (double(group, f"group_{axis}"), double(group, axis))
                                        if value is not None), None)
        self.tell("groups", group_id, teller, mtime, name=text(group, "name"), urlname=text(group, "urlname"),
                  city=text(group, "city"), state=text(group, "state"), country=lower(text(group, "country")),
                  lat=coordinate("lat"), lon=coordinate("lon"), join_mode=text(group, "join_mode"),
                  category_id=category_id,
                  topics=self.topics(teller, mtime, topics) if isinstance(topics, list) else None)
        return group_id

    def topics(self, teller, mtime, topics):
        names = {}
        for topic in topics or []:
            if (urlkey := text(topic, "urlkey")) and urlkey not in names:
                names[urlkey] = text(topic, "topic_name") or urlkey
                self.tell("topics", urlkey, teller, mtime, name=names[urlkey])
        return sorted(names)

    def venue(self, teller, venue, mtime):
        told = dict(name=text(venue, "name"), lat=double(venue, "lat"), lon=double(venue, "lon"),
                    address=text(venue, "address_1"), city=text(venue, "city"), state=text(venue, "state"),
                    country=lower(text(venue, "country")))
        venue_id = identifier(venue, "id")
        # A venue without an id is what it says of itself.
        venue_id = tuple(told.values()) if venue_id is None else int(venue_id)
        self.tell("venues", venue_id, teller, mtime, **told)
        return venue_id
