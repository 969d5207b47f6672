//! TableChanges of all kinds, drawn by chance: rows that refer only to rows that are there.

use std::sync::Arc;

use headcount_batch::{
    model::{
        Category, Comment, Event, Group, GroupTopic, Member, Photo, Rsvp, RsvpVersion, TableRows,
        Time, Topic, Venue,
    },
    tables::TableChanges,
};

/// Texts that have gone wrong somewhere: escapes of COPY, the end of its data, null, quotes, and letters of all lengths.
pub const TEXTS: [&str; 16] = [
    "",
    " ",
    "\\",
    "\\N",
    "\\.",
    "\\\\N",
    "\t",
    "\r\n",
    "\n\\.\n",
    "NULL",
    "'; DROP TABLE rsvps; --",
    "\"{}\"",
    "日本語",
    "👩‍👩‍👧‍👦 e\u{301}",
    "\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
    "\u{10ffff}",
];

/// Draws changes that follow one another.
pub struct Generator {
    random: fastrand::Rng,
    texts: Vec<Arc<str>>,
    /// How many keys a table has at most.
    keys: i64,
    offsets: Vec<u64>,
}

impl Generator {
    /// With a seed that repeats it, further texts, and so many keys a table.
    pub fn new(seed: u64, texts: &[String], keys: i64) -> Self {
        let own = TEXTS.iter().map(|&text| Arc::from(text));
        let further = texts.iter().map(|text| Arc::from(text.replace('\0', "0")));
        Self {
            random: fastrand::Rng::with_seed(seed),
            texts: own.chain(further).collect(),
            keys,
            offsets: vec![0; 3],
        }
    }

    pub fn partitions(&self) -> usize {
        self.offsets.len()
    }

    /// All keys once, so that whatever comes later has something to refer to.
    pub fn first(&mut self) -> TableChanges {
        let rows = self.rows(1.0);
        self.changes(rows, Vec::new())
    }

    /// Some rows, and topics that some groups do not have any more.
    pub fn next(&mut self) -> TableChanges {
        let part = self.random.f64();
        let mut rows = self.rows(part);
        let (gone, kept) = std::mem::take(&mut rows.group_topics)
            .into_iter()
            .partition(|_| self.random.bool());
        rows.group_topics = kept;
        self.changes(rows, gone)
    }

    /// Rows and deletions as the next changes.
    pub fn changes(&mut self, rows: TableRows, gone: Vec<GroupTopic>) -> TableChanges {
        let from = self.offsets.clone();
        for offset in &mut self.offsets {
            *offset += self.random.u64(0..100);
        }
        self.offsets[0] += 1;
        TableChanges {
            rows,
            gone,
            from,
            to: self.offsets.clone(),
        }
    }

    /// A number below another.
    pub fn below(&mut self, end: u64) -> u64 {
        self.random.u64(0..end)
    }

    fn rows(&mut self, part: f64) -> TableRows {
        let event = |key: i64| Arc::from(format!("e{key}"));
        let urlkey = |key: i64| Arc::from(format!("topic-{key}"));
        TableRows {
            categories: self.each(part, |own, key| Category {
                category_id: key,
                name: own.maybe_text(),
                shortname: own.maybe_text(),
            }),
            topics: self.each(part, |own, key| Topic {
                urlkey: urlkey(key),
                name: own.text(),
            }),
            venues: self.each(part, |own, key| own.venue(key)),
            members: self.each(part, |own, key| own.member(key)),
            groups: self.each(part, |own, key| own.group(key)),
            group_topics: self.each(part, |own, key| GroupTopic {
                group_id: key,
                urlkey: urlkey(own.key()),
            }),
            events: self.each(part, |own, key| own.event(event(key))),
            rsvps: self.each(part, |own, key| own.rsvp(event(own.keys - 1 - key), key)),
            rsvp_versions: self.each(part, |own, key| own.version(event(key), key)),
            photos: self.each(part, |own, key| {
                let event = own.maybe(|own| event(own.key()));
                own.photo(key, event)
            }),
            comments: self.each(part, |own, key| {
                let event = own.maybe(|own| event(own.key()));
                own.comment(key, event)
            }),
        }
    }

    fn each<T>(&mut self, part: f64, mut row: impl FnMut(&mut Self, i64) -> T) -> Vec<T> {
        let mut rows = Vec::new();
        for key in 0..self.keys {
            if self.random.f64() < part {
                rows.push(row(self, key));
            }
        }
        self.random.shuffle(&mut rows);
        rows
    }

    fn key(&mut self) -> i64 {
        self.random.i64(0..self.keys)
    }

    fn text(&mut self) -> Arc<str> {
        let one = self.random.usize(0..self.texts.len());
        match self.random.u8(..) {
            // Longer than a B-tree takes, and hardly compressible.
            0 => Arc::from(
                std::iter::repeat_with(|| self.random.alphanumeric())
                    .take(12_000)
                    .collect::<String>(),
            ),
            _ => self.texts[one].clone(),
        }
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.random.bool().then(|| value(self))
    }

    fn maybe_text(&mut self) -> Option<Arc<str>> {
        self.maybe(Self::text)
    }

    fn time(&mut self) -> Time {
        match self.random.u8(0..10) {
            0 => Time(-9_214_560_000_000),
            1 => Time(9_214_646_399_999),
            2 => Time(-1),
            _ => Time(self.random.i64(0..2_000_000_000_000)),
        }
    }

    fn degrees(&mut self, most: f64) -> Option<f64> {
        let some = [0.0, -0.0, most, -most, 0.1, 5e-324, 1.0 / 3.0];
        self.maybe(|own| match own.random.bool() {
            true => some[own.random.usize(0..some.len())],
            false => (own.random.f64() * 2.0 - 1.0) * most,
        })
    }

    fn venue(&mut self, venue_id: i64) -> Venue {
        Venue {
            // Those without an id have negative ones.
            venue_id: -venue_id,
            name: self.maybe_text(),
            lat: self.degrees(90.0),
            lon: self.degrees(180.0),
            address: self.maybe_text(),
            city: self.maybe_text(),
            state: self.maybe_text(),
            country: self.maybe_text(),
            mtime: self.time(),
        }
    }

    fn member(&mut self, member_id: i64) -> Member {
        let (one, other) = (self.time(), self.time());
        Member {
            member_id,
            first_seen: one.min(other),
            last_seen: one.max(other),
            name: self.maybe_text(),
            photo: self.maybe_text(),
        }
    }

    fn group(&mut self, group_id: i64) -> Group {
        Group {
            group_id,
            name: self.maybe_text(),
            urlname: self.maybe_text(),
            city: self.maybe_text(),
            state: self.maybe_text(),
            country: self.maybe_text(),
            lat: self.degrees(90.0),
            lon: self.degrees(180.0),
            join_mode: self.maybe_text(),
            category_id: self.maybe(Self::key),
            mtime: self.time(),
        }
    }

    fn event(&mut self, event_id: Arc<str>) -> Event {
        let some = [i64::MIN, -1, 0, 1, i64::MAX];
        Event {
            event_id,
            group_id: self.maybe(Self::key),
            venue_id: self.maybe(|own| -own.key()),
            name: self.maybe_text(),
            url: self.maybe_text(),
            time: self.maybe(Self::time),
            utc_offset: self.maybe(|own| some[own.random.usize(0..some.len())]),
            duration: self.maybe(|own| own.random.i64(..)),
            status: self.maybe_text(),
            visibility: self.maybe_text(),
            description: self.maybe_text(),
            rsvp_limit: self.maybe(|own| own.random.i64(..)),
            yes_rsvp_count: self.maybe(|own| own.random.i64(..)),
            fee: self.maybe(|own| own.random.f64() * f64::MAX),
            mtime: self.maybe(Self::time),
        }
    }

    fn response(&mut self) -> Arc<str> {
        Arc::from(["yes", "no", "maybe"][self.random.usize(0..3)])
    }

    fn rsvp(&mut self, event_id: Arc<str>, rsvp_id: i64) -> Rsvp {
        Rsvp {
            event_id,
            rsvp_id,
            member_id: self.key(),
            response: self.response(),
            guests: self.random.i32(0..),
            visibility: self.maybe_text(),
            mtime: self.time(),
            received_at: self.time(),
        }
    }

    fn version(&mut self, event_id: Arc<str>, rsvp_id: i64) -> RsvpVersion {
        let outcomes = ["new", "replaced", "repeated", "stale"];
        RsvpVersion {
            event_id,
            rsvp_id,
            mtime: Time(self.random.i64(0..3)),
            content: self.random.i64(0..3) + i64::MIN,
            outcome: Arc::from(outcomes[self.random.usize(0..4)]),
            member_id: self.key(),
            response: self.response(),
            guests: self.random.i32(0..),
            received_at: self.time(),
        }
    }

    fn photo(&mut self, key: i64, event_id: Option<Arc<str>>) -> Photo {
        Photo {
            photo_id: Arc::from(format!("photo\t{key}")),
            event_id,
            member_id: self.maybe(Self::key),
            time: self.maybe(Self::time),
            caption: self.maybe_text(),
            link: self.maybe_text(),
            highres_link: self.maybe_text(),
            thumb_link: self.maybe_text(),
            status: self.maybe_text(),
            mtime: self.time(),
        }
    }

    fn comment(&mut self, key: i64, event_id: Option<Arc<str>>) -> Comment {
        Comment {
            comment_id: Arc::from(format!("comment\\{key}")),
            event_id,
            member_id: self.maybe(Self::key),
            time: self.time(),
            comment: self.maybe_text(),
            in_reply_to: self.maybe_text(),
            status: self.maybe_text(),
        }
    }
}
