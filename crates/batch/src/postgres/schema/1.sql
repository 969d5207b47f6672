-- The tables, each after those it refers to. Text of any length cannot be in a B-tree (SQLSTATE 54000), so names and
-- links are found by their hashes.

CREATE TABLE categories (
    category_id bigint PRIMARY KEY,
    name text,
    shortname text
);

CREATE TABLE topics (
    urlkey text PRIMARY KEY,
    name text NOT NULL
);
CREATE INDEX ON topics USING hash (name);

CREATE TABLE venues (
    venue_id bigint PRIMARY KEY,
    name text,
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180),
    address text,
    city text,
    state text,
    country text,
    mtime timestamptz NOT NULL
);
CREATE INDEX ON venues USING hash (name);

CREATE TABLE members (
    member_id bigint PRIMARY KEY,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    name text,
    photo text,
    CHECK (first_seen <= last_seen)
);

CREATE TABLE groups (
    group_id bigint PRIMARY KEY,
    name text,
    urlname text,
    city text,
    state text,
    country text,
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180),
    join_mode text,
    category_id bigint REFERENCES categories,
    mtime timestamptz NOT NULL
);
CREATE INDEX ON groups (category_id);
CREATE INDEX ON groups USING hash (name);
CREATE INDEX ON groups USING hash (urlname);

CREATE TABLE group_topics (
    group_id bigint NOT NULL REFERENCES groups,
    urlkey text NOT NULL REFERENCES topics,
    PRIMARY KEY (group_id, urlkey)
);
CREATE INDEX ON group_topics (urlkey);

CREATE TABLE events (
    event_id text PRIMARY KEY,
    group_id bigint REFERENCES groups,
    venue_id bigint REFERENCES venues,
    name text,
    url text,
    time timestamptz,
    utc_offset bigint,
    duration bigint,
    status text,
    visibility text,
    description text,
    rsvp_limit bigint,
    yes_rsvp_count bigint,
    -- NaN is greater than infinity here.
    fee double precision CHECK (fee > '-infinity' AND fee < 'infinity'),
    mtime timestamptz
);
CREATE INDEX ON events (group_id);
CREATE INDEX ON events (venue_id);
CREATE INDEX ON events (time);
CREATE INDEX ON events USING hash (name);
CREATE INDEX ON events USING hash (url);

CREATE TABLE rsvps (
    event_id text NOT NULL REFERENCES events,
    rsvp_id bigint NOT NULL,
    member_id bigint NOT NULL REFERENCES members,
    response text NOT NULL CHECK (response IN ('yes', 'no', 'maybe')),
    guests integer NOT NULL CHECK (guests >= 0),
    visibility text,
    mtime timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, rsvp_id)
);
CREATE INDEX ON rsvps (member_id);
CREATE INDEX ON rsvps (mtime);

CREATE TABLE rsvp_versions (
    event_id text NOT NULL REFERENCES events,
    rsvp_id bigint NOT NULL,
    mtime timestamptz NOT NULL,
    content bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('new', 'replaced', 'repeated', 'stale')),
    member_id bigint NOT NULL REFERENCES members,
    response text NOT NULL CHECK (response IN ('yes', 'no', 'maybe')),
    guests integer NOT NULL CHECK (guests >= 0),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, rsvp_id, mtime, content)
);
CREATE INDEX ON rsvp_versions (member_id);
CREATE INDEX ON rsvp_versions (mtime);

CREATE TABLE photos (
    photo_id text PRIMARY KEY,
    event_id text REFERENCES events,
    member_id bigint REFERENCES members,
    time timestamptz,
    caption text,
    link text,
    highres_link text,
    thumb_link text,
    status text,
    mtime timestamptz NOT NULL
);
CREATE INDEX ON photos (event_id);
CREATE INDEX ON photos (member_id);
CREATE INDEX ON photos (time);

CREATE TABLE comments (
    comment_id text PRIMARY KEY,
    event_id text REFERENCES events,
    member_id bigint REFERENCES members,
    time timestamptz NOT NULL,
    comment text,
    in_reply_to text,
    status text
);
CREATE INDEX ON comments (event_id);
CREATE INDEX ON comments (member_id);
CREATE INDEX ON comments (time);

-- Of which journal the tables are. One row.
CREATE TABLE sink (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    journal numeric(20) NOT NULL
);

-- How far the tables are: one past the last offset of each partition, and the writer whose turn it is. It changes in the
-- transaction that changes the tables.
CREATE TABLE sink_progress (
    partition integer PRIMARY KEY,
    next bigint NOT NULL CHECK (next >= 0),
    epoch bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- Rows that the server refused, with the reason, until a version of them is accepted. A key may be too long for an index,
-- so it is known by its SHA-256. `row` is as COPY writes it, `digest` that of the row.
CREATE TABLE refused_rows (
    table_name text NOT NULL,
    key text NOT NULL,
    key_digest bytea NOT NULL,
    digest bigint NOT NULL,
    sqlstate text NOT NULL,
    message text NOT NULL,
    row text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_name, key_digest)
);
