//! The seam between what is served and where it is kept: keys, values and the stamps by which the later write wins.

use std::sync::Arc;

use headcount_engine::{CountryPart, EventKey, EventStatistic, Row, Table, VenuePart};

use super::country::alpha3;

/// Longer texts are cut where they are keys, for Cassandra takes keys of 64 KiB at most, and a row that it refuses would
/// hold up all that come after.
const KEY_BYTES_MAX: usize = 4 << 10;

/// What an event without a name is called, for a key is never empty.
const UNTITLED: &str = "(untitled)";

/// Among the countries the sum of all of a partition: what the responses are made of.
pub(crate) const WORLD: &str = "*";

/// Where something is stored. What is here one after another and of one [`Home`] is written together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Row {
        partition: u16,
        table: Table,
        number: u32,
    },
    Event {
        name: Arc<str>,
        response: &'static str,
        id: Arc<str>,
    },
    /// `country` is as in the feed: several may have one code.
    CountryPart {
        code: Arc<str>,
        country: Arc<str>,
        partition: u16,
    },
    /// A row for every content that a partition ever knew: the one with the latest offset is its part.
    VenuePart {
        partition: u16,
        venue: VenueKey,
    },
    Country {
        code: Arc<str>,
    },
    Response {
        response: &'static str,
    },
    Venue(VenueKey),
    /// By writer, so that what two wrote up to the same offset is never mixed.
    Tail {
        partition: u16,
        offset: u64,
        writer: i64,
        chunk: u16,
    },
    Book {
        partition: u16,
    },
    /// Up to where the tables are.
    Base {
        partition: u16,
    },
}

/// The key of the third system's table, and the venue's id so that two venues of one name stay two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VenueKey {
    pub(crate) id: i64,
    pub(crate) name: Arc<str>,
    pub(crate) lon: Arc<str>,
    pub(crate) lat: Arc<str>,
    pub(crate) group_city: Arc<str>,
}

/// What is stored. `as_of` is the offset, or the sum of offsets, that it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Row(Vec<u8>),
    Event(EventCell),
    CountryPart {
        as_of: u64,
        counts: Counts,
    },
    VenuePart {
        as_of: u64,
        cell: VenueCell,
    },
    Country {
        as_of: u64,
        counts: Counts,
    },
    Response {
        as_of: u64,
        total: u64,
    },
    Venue {
        as_of: u64,
        cell: VenueCell,
    },
    Tail(TailCell),
    /// Of a book and of a base.
    Book {
        offset: u64,
        body: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counts {
    pub(crate) yes: u64,
    pub(crate) no: u64,
    pub(crate) maybe: u64,
    pub(crate) heads: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
        self.maybe += other.maybe;
        self.heads += other.heads;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventCell {
    pub(crate) as_of: u64,
    pub(crate) partition: u16,
    pub(crate) group_name: Arc<str>,
    pub(crate) event_country: Arc<str>,
    pub(crate) total_rsvps: u64,
    pub(crate) heads: u64,
    pub(crate) event_url: Option<Arc<str>>,
    pub(crate) time: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VenueCell {
    pub(crate) country: Arc<str>,
    pub(crate) yes: u64,
    pub(crate) no: u64,
    pub(crate) maybe: u64,
    pub(crate) latest: (u64, u32),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TailCell {
    /// The offset from which it leads on.
    pub(crate) previous: u64,
    pub(crate) chunks: u16,
    pub(crate) body: Vec<u8>,
}

/// A write. Of two of one key the greater stamp wins; of equal stamps, a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) key: Key,
    /// None deletes.
    pub(crate) value: Option<Value>,
    pub(crate) stamp: i64,
}

impl Put {
    pub(crate) fn set(key: Key, value: Value, as_of: u64) -> Self {
        Self {
            key,
            value: Some(value),
            stamp: set_at(as_of),
        }
    }

    /// Loses against a value of the same offset: an event that is renamed and gets its old name back within one commit
    /// is there.
    pub(crate) fn delete(key: Key, as_of: u64) -> Self {
        Self {
            key,
            value: None,
            stamp: set_at(as_of) - 1,
        }
    }
}

fn set_at(as_of: u64) -> i64 {
    // Cassandra knows no stamps below 0; there are enough offsets below 2^62.
    i64::try_from(as_of).map_or(i64::MAX, |as_of| as_of.saturating_mul(2).saturating_add(1))
}

pub(crate) fn row(partition: u16, row: &Row, as_of: u64) -> Put {
    let key = Key::Row {
        partition,
        table: row.table,
        number: row.number,
    };
    Put::set(key, Value::Row(row.body.clone()), as_of)
}

/// A row for each response, also for one that nobody gave: the first system's page failed as long as one was missing.
/// There is none for `maybe` where nobody can answer so.
pub(crate) fn event(
    partition: u16,
    event: &EventStatistic,
    as_of: u64,
) -> impl Iterator<Item = Put> {
    let name = event_name(&event.event_name);
    let event_country = key_text(&alpha3(&event.country));
    let responses = [("no", event.no, 0), ("yes", event.yes, event.heads)];
    let maybe = event.maybe.map(|maybe| ("maybe", maybe, 0));
    responses
        .into_iter()
        .chain(maybe)
        .map(move |(response, total_rsvps, heads)| {
            let key = Key::Event {
                name: name.clone(),
                response,
                id: key_text(&event.event_id),
            };
            let cell = EventCell {
                as_of,
                partition,
                group_name: event.group_name.clone(),
                event_country: event_country.clone(),
                total_rsvps,
                heads,
                event_url: event.event_url.clone(),
                time: event.time,
            };
            Put::set(key, Value::Event(cell), as_of)
        })
}

pub(crate) fn event_gone(event: &EventKey, as_of: u64) -> [Put; 3] {
    ["no", "yes", "maybe"].map(|response| {
        let key = Key::Event {
            name: event_name(&event.event_name),
            response,
            id: key_text(&event.event_id),
        };
        Put::delete(key, as_of)
    })
}

pub(crate) fn country_part(partition: u16, part: &CountryPart, as_of: u64) -> Put {
    let key = Key::CountryPart {
        code: key_text(&alpha3(&part.country)),
        country: key_text(&part.country),
        partition,
    };
    let counts = Counts {
        yes: part.yes,
        no: part.no,
        maybe: part.maybe,
        heads: part.heads,
    };
    Put::set(key, Value::CountryPart { as_of, counts }, as_of)
}

pub(crate) fn world_part(partition: u16, counts: Counts, as_of: u64) -> Put {
    let key = Key::CountryPart {
        code: WORLD.into(),
        country: WORLD.into(),
        partition,
    };
    Put::set(key, Value::CountryPart { as_of, counts }, as_of)
}

pub(crate) fn venue_part(partition: u16, part: &VenuePart, as_of: u64) -> Put {
    let key = Key::VenuePart {
        partition,
        venue: VenueKey {
            id: part.venue_id,
            name: key_text(&part.name),
            lon: degrees(part.lon),
            lat: degrees(part.lat),
            group_city: key_text(&part.group_city),
        },
    };
    let cell = VenueCell {
        country: key_text(&alpha3(&part.country)),
        yes: part.yes,
        no: part.no,
        maybe: part.maybe,
        latest: part.latest,
    };
    Put::set(key, Value::VenuePart { as_of, cell }, as_of)
}

/// As the feed wrote it: the third system kept texts.
fn degrees(value: Option<f64>) -> Arc<str> {
    value.map_or_else(|| "".into(), |value| value.to_string().into())
}

fn event_name(name: &Arc<str>) -> Arc<str> {
    if name.is_empty() {
        return UNTITLED.into();
    }
    key_text(name)
}

pub(crate) fn key_text(text: &Arc<str>) -> Arc<str> {
    if text.len() <= KEY_BYTES_MAX {
        return text.clone();
    }
    text[..text.floor_char_boundary(KEY_BYTES_MAX)].into()
}
