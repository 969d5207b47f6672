"""Recordings with a chosen share of new groups, made from simulated ones.

A few thousand simulated records are written again and again. Every copy has ids of RSVPs and members
and record times of its own; the ids of events, and those of groups and venues, change every so many
copies. What stays the same for long is what a steady stream looks like.
"""

import re

# Copies after which the ids of events, and those of groups and venues, change.
SHARES = {"warm": (8, 0), "mid": (8, 8), "cold": (1, 1)}
WHAT = {
    "warm": "a steady stream: groups seen before",
    "mid": "every twelfth record or so brings a new group",
    "cold": "most records bring a new group",
}

# Records that are copied, and how far apart their copies are in record time.
COPIED = 4000
STEP_MS = 80_000

IDS = re.compile(
    rb'"(?P<key>rsvp_id|mtime|member_id|group_id|venue_id)":(?P<number>\d+)'
    rb'|"event_id":"(?P<event>[^"]*)"'
)


def write(source, share, records, out):
    """Writes so many records to `out`, copied from the first ones of `source`."""
    events_every, groups_every = SHARES[share]
    with open(source, "rb") as file:
        templates = [parts_of(line) for line, _ in zip(file, range(COPIED))]
    written = copy = 0
    with open(out, "wb") as file:
        while written < records:
            steps = {
                b"rsvp_id": copy * 10_000_000_000,
                b"member_id": copy * 1_000_000_007,
                b"mtime": copy * STEP_MS,
                b"event_id": b"x%d" % (copy // events_every) if events_every else b"",
                b"group_id": copy // groups_every * 1_000_000_000 if groups_every else 0,
                b"venue_id": copy // groups_every * 1_000_000_000 if groups_every else 0,
            }
            chosen = templates[: records - written]
            file.write(b"".join(piece for parts in chosen for piece in copied(parts, steps)))
            written += len(chosen)
            copy += 1


def parts_of(line):
    """A line cut at its ids: text, key and value of an id, text, and so on."""
    parts, at = [], 0
    for found in IDS.finditer(line):
        name = "event" if found["key"] is None else "number"
        parts.append(line[at : found.start(name)])
        parts.append((found["key"] or b"event_id", found[name]))
        at = found.end(name)
    return [*parts, line[at:]]


def copied(parts, steps):
    for part in parts:
        if isinstance(part, bytes):
            yield part
        elif part[0] == b"event_id":
            yield part[1] + steps[b"event_id"]
        else:
            yield b"%d" % (int(part[1]) + steps[part[0]])
