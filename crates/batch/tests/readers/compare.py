"""Holds the rows of the tables against those that plain Python has. Times are milliseconds since 1970 here."""

from collections import Counter, defaultdict

from plain import NO_VENUE
from schema import REFERENCES, TABLES, key_of

LISTED = {"categories": "categories", "topics": "topics", "venues": "venues", "groups": "groups", "events": "events",
          "photos": "photos", "comments": "comments"}
# A venue's number that follows from its content has 53 bits.
LEAST_ID = -2**53


class Differences(AssertionError):
    pass


class Comparison:
    """The rows of all tables of one lake, against one `Plain`."""

    def __init__(self, what, rows, plain, imported, keeps_people=True):
        self.what, self.rows, self.plain, self.keeps_people = what, rows, plain, keeps_people
        self.imported = imported
        self.found = []
        self.ties = 0
        self.venue_content = self.venues_without_ids()
        self.pseudonyms = None if keeps_people else self.people()

    def check(self):
        """The number of rows of each table; fails if any is wrong."""
        for table in LISTED:
            self.things(table)
        self.group_topics()
        self.members()
        self.answers()
        for table, column, to in REFERENCES:
            self.refers(table, column, to)
        if self.found:
            shown = "\n".join(self.found[:12])
            raise Differences(f"{self.what}: {len(self.found)} differences\n{shown}")
        # Hashes decide so seldom that what they decide could not hide a fault.
        total = sum(map(len, self.rows.values()))
        assert self.ties <= 4 + total // 500, f"{self.what}: {self.ties} of {total} rows are decided by hashes"
        return {table: len(rows) for table, rows in self.rows.items()}

    def differ(self, table, key, ours, plain):
        self.found.append(f"  {table} {key}: the table has {ours}, plain Python {plain}")

    def dicts(self, table):
        names = [column.name for column in TABLES[table]]
        found = {}
        for row in self.rows[table]:
            key = key_of(table, row)
            if key in found:
                self.differ(table, key, "two rows", "one")
            found[key] = dict(zip(names, row))
        return found

    def venues_without_ids(self):
        """What says of itself what is behind each number below zero."""
        found = {}
        for venue_id, *content, _ in self.rows["venues"]:
            if venue_id < 0:
                name, lat, lon, address, city, state, country = content
                found[venue_id] = (name, lat, lon, address, city, state, country)
                assert LEAST_ID <= venue_id, f"{self.what}: the number {venue_id} of a venue has more than 53 bits"
        assert len(set(found.values())) == len(found), f"{self.what}: two numbers for one venue without an id"
        return found

    def people(self):
        """Pseudonyms by member id: one each, and none of them is anybody's id."""
        answers = {row[:2]: row[2] for row in self.rows["rsvps"]}
        found = {}
        for key, versions in self.plain.versions.items():
            for told in versions.values():
                pseudonym = found.setdefault(told["member_id"], answers[key])
                assert pseudonym == answers[key], f"{self.what}: two pseudonyms for one member"
        assert len(set(found.values())) == len(found), f"{self.what}: two members under one pseudonym"
        assert not set(found.values()) & set(found), f"{self.what}: a member is not masked"
        return found

    def pseudonym(self, member_id):
        return member_id if self.pseudonyms is None else self.pseudonyms.get(member_id, member_id)

    def known_venue(self, venue_id):
        """By content, if it has no id, as plain Python names it."""
        return self.venue_content.get(venue_id, venue_id)

    def things(self, table):
        ours = {key[0] if table != "venues" else self.known_venue(key[0]): row for key, row in self.dicts(table).items()}
        tales = self.plain.things[table]
        for key in ours.keys() | tales.keys():
            if key not in ours or key not in tales:
                self.differ(table, key, ours.get(key, "no row"), tales[key].sums() if key in tales else "no row")
                continue
            rows = [self.row(table, facts, tales[key].mtime()) for facts in tales[key].sums()]
            self.ties += len(rows) > 1
            found = self.compared(table, key, ours[key])
            if found not in rows:
                only = {name: (value, [row.get(name) for row in rows]) for name, value in found.items()
                        if all(row.get(name) != value for row in rows)}
                self.differ(table, key, {name: pair[0] for name, pair in only.items()},
                            {name: pair[1] for name, pair in only.items()})

    def compared(self, table, key, row):
        """Our row without its key, with the topics of a group."""
        row = {name: value for name, value in row.items() if name != TABLES[table][0].name}
        if table == "events":
            row["venue_id"] = self.known_venue(row["venue_id"])
        if table == "groups":
            row["topics"] = self.topics_of_groups()[key]
        return row

    def topics_of_groups(self):
        if not hasattr(self, "topics"):
            self.topics = defaultdict(list)
            for group_id, urlkey in sorted(self.rows["group_topics"]):
                self.topics[group_id].append(urlkey)
        return self.topics

    def row(self, table, facts, mtime):
        row = {column.name: facts.get(column.name) for column in TABLES[table] if not column.is_key}
        if "mtime" in row:
            row["mtime"] = mtime
        if table == "comments":
            row["time"] = mtime
        if table == "groups":
            row["topics"] = facts.get("topics", [])
        if row.get("venue_id") is NO_VENUE:
            row["venue_id"] = None
        if row.get("member_id") is not None:
            row["member_id"] = self.pseudonym(row["member_id"])
        return row

    def group_topics(self):
        """They were compared with their groups, but for those of no group."""
        strays = {group_id for group_id, _ in self.rows["group_topics"]} - self.plain.things["groups"].keys()
        if strays:
            self.differ("group_topics", strays, "topics", "no group")

    def members(self):
        ours = {key[0]: row for key, row in self.dicts("members").items()}
        persons = {}
        for member_id, tales in self.plain.things["persons"].items():
            persons[member_id] = [(facts.get("name"), facts.get("photo")) for facts in tales.sums()]
        expected = {self.pseudonym(member_id): (first, last, persons.get(member_id, [(None, None)]))
                    for member_id, (first, last) in self.plain.seen.items()}
        for member_id in ours.keys() | expected.keys():
            row, plain = ours.get(member_id), expected.get(member_id)
            if row and plain:
                self.ties += len(plain[2]) > 1 and self.keeps_people
                is_person = (row["name"], row["photo"]) in (plain[2] if self.keeps_people else [(None, None)])
                if is_person and (row["first_seen"], row["last_seen"]) == plain[:2]:
                    continue
            self.differ("members", member_id, row, plain)

    def answers(self):
        """The winners, and every version with what it was when it came."""
        winners, versions = self.dicts("rsvps"), defaultdict(list)
        for row in self.dicts("rsvp_versions").values():
            versions[row["event_id"], row["rsvp_id"]].append(row)
        for key in winners.keys() | versions.keys() | self.plain.versions.keys():
            plain, ours = self.plain.versions.get(key), winners.get(key)
            if plain is None or ours is None:
                self.differ("rsvps", key, ours, plain)
                continue
            self.winner(key, ours, plain, versions[key])
            self.all_versions(key, plain, versions[key])

    def winner(self, key, ours, plain, versions):
        greatest = max(at for at, _ in plain)
        columns = ("member_id", "response", "guests", "visibility", "mtime")
        candidates = [tuple(self.pseudonym(told[name]) if name == "member_id" else told[name] for name in columns)
                      for (at, _), told in plain.items() if at == greatest]
        self.ties += len(set(candidates)) > 1
        if tuple(ours[name] for name in columns) not in candidates:
            self.differ("rsvps", key, ours, candidates)
        # It is one of its versions, and came when that came.
        shared = ("member_id", "response", "guests", "mtime", "received_at")
        if not any(all(row[name] == ours[name] for name in shared) for row in versions):
            self.differ("rsvps", key, ours, f"versions {versions}")

    def all_versions(self, key, plain, ours):
        columns = ("mtime", "member_id", "response", "guests")
        found = Counter(tuple(row[name] for name in columns) for row in ours)
        expected = Counter((told["mtime"], self.pseudonym(told["member_id"]), told["response"], told["guests"])
                           for told in plain.values())
        outcomes = defaultdict(set)
        for told in plain.values():
            outcomes[told["mtime"]] |= told["outcomes"]
        first, last = self.imported
        wrong = [row for row in ours
                 if row["outcome"] not in outcomes[row["mtime"]] or not first <= row["received_at"] <= last]
        if found != expected or wrong or sum(row["outcome"] == "new" for row in ours) != 1:
            self.differ("rsvp_versions", key, ours, list(plain.values()))

    def refers(self, table, column, to):
        at = [column.name for column in TABLES[table]].index(column)
        lost = {row[at] for row in self.rows[table]} - {None} - {key_of(to, row)[0] for row in self.rows[to]}
        if lost:
            self.differ(table, column, f"{sorted(lost)[:5]}", f"no such row in {to}")
