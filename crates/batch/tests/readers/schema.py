"""The tables as their users know them: written down a second time, so that no change of a type goes unseen."""

# Name, type in Delta, `?` where a row may lack it; the columns of the key have a `*`.
TEXT = """
categories: category_id* long, name string?, shortname string?
topics: urlkey* string, name string
venues: venue_id* long, name string?, lat double?, lon double?, address string?, city string?, state string?,
    country string?, mtime timestamp
members: member_id* long, first_seen timestamp, last_seen timestamp, name string?, photo string?
groups: group_id* long, name string?, urlname string?, city string?, state string?, country string?, lat double?,
    lon double?, join_mode string?, category_id long?, mtime timestamp
group_topics: group_id* long, urlkey* string
events: event_id* string, group_id long?, venue_id long?, name string?, url string?, time timestamp?,
    utc_offset long?, duration long?, status string?, visibility string?, description string?, rsvp_limit long?,
    yes_rsvp_count long?, fee double?, mtime timestamp?
rsvps: event_id* string, rsvp_id* long, member_id long, response string, guests integer, visibility string?,
    mtime timestamp, received_at timestamp
rsvp_versions: event_id* string, rsvp_id* long, mtime* timestamp, content* long, outcome string, member_id long,
    response string, guests integer, received_at timestamp
photos: photo_id* string, event_id string?, member_id long?, time timestamp?, caption string?, link string?,
    highres_link string?, thumb_link string?, status string?, mtime timestamp
comments: comment_id* string, event_id string?, member_id long?, time timestamp, comment string?, in_reply_to string?,
    status string?
"""

REFERENCES = [("groups", "category_id", "categories"), ("group_topics", "group_id", "groups"),
              ("group_topics", "urlkey", "topics"), ("events", "group_id", "groups"), ("events", "venue_id", "venues"),
              *((table, column, to) for table in ("rsvps", "rsvp_versions", "photos", "comments")
                for column, to in (("event_id", "events"), ("member_id", "members")))]


class Column:
    def __init__(self, text):
        name, kind = text.split()
        self.name, self.is_key = name.rstrip("*"), name.endswith("*")
        self.kind, self.is_nullable = kind.rstrip("?"), kind.endswith("?")


def tables():
    """The columns of each table, in order."""
    found = {}
    for line in TEXT.replace("\n    ", " ").strip().splitlines():
        name, columns = line.split(": ")
        found[name] = [Column(column) for column in columns.split(", ")]
    return found


TABLES = tables()


def key_of(table, row):
    return tuple(value for column, value in zip(TABLES[table], row) if column.is_key)
