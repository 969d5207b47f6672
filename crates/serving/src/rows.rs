//! The seam between what is served and where it is kept: writes, and the stamps by which the later one wins.

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

/// A write, all of whose values are absolute. Of two of one key the greater stamp wins; of equal stamps, a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Stamped {
    pub(crate) write: Write,
    pub(crate) stamp: i64,
}

/// What is written, and where. `as_of` is the offset, or the sum of offsets, that a value is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Row {
        key: RowKey,
        body: Vec<u8>,
    },
    Event {
        key: EventRowKey,
        cell: EventCell,
    },
    DeleteEvent {
        key: EventRowKey,
    },
    CountryPart {
        key: CountryPartKey,
        part: CountryTotals,
    },
    /// A row for every content that a partition ever knew: the one with the latest offset is its part.
    VenuePart {
        partition: u16,
        key: VenueKey,
        part: VenueTotals,
    },
    Country {
        code: Arc<str>,
        total: CountryTotals,
    },
    Response {
        response: &'static str,
        as_of: u64,
        total: u64,
    },
    Venue {
        key: VenueKey,
        total: VenueTotals,
    },
    DeleteVenue {
        key: VenueKey,
    },
    Change {
        key: ChangeKey,
        chunk: ChangeChunk,
    },
    /// The latest commit of a partition: what readers are to reach.
    Latest {
        partition: u16,
        commit: PartitionCommit,
    },
    /// The commit up to which the tables are written: what readers load before they follow the changelog.
    Snapshot {
        partition: u16,
        commit: PartitionCommit,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) partition: u16,
    pub(crate) table: Table,
    pub(crate) number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventRowKey {
    pub(crate) name: Arc<str>,
    pub(crate) response: &'static str,
    pub(crate) id: Arc<str>,
}

/// `country` is as in the feed: several may have one code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CountryPartKey {
    pub(crate) code: Arc<str>,
    pub(crate) country: Arc<str>,
    pub(crate) partition: u16,
}

/// By writer, so that what two wrote up to the same offset is never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChangeKey {
    pub(crate) partition: u16,
    pub(crate) offset: u64,
    pub(crate) writer: i64,
    pub(crate) chunk: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartitionCommit {
    pub(crate) offset: u64,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CountryTotals {
    pub(crate) as_of: u64,
    pub(crate) counts: RsvpCounts,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VenueTotals {
    pub(crate) as_of: u64,
    pub(crate) cell: VenueCell,
}

/// The key of the third system's table, and the venue's id so that two venues of one name stay two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VenueKey {
    pub(crate) id: i64,
    pub(crate) name: Arc<str>,
    pub(crate) lon: Arc<str>,
    pub(crate) lat: Arc<str>,
    pub(crate) group_city: Arc<str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RsvpCounts {
    pub(crate) yes: u64,
    pub(crate) no: u64,
    /// None where no schema of the journal has the answer.
    pub(crate) maybe: Option<u64>,
    pub(crate) heads: u64,
}

impl RsvpCounts {
    pub(crate) fn add(&mut self, other: Self) {
        self.yes += other.yes;
        self.no += other.no;
        self.maybe = match (self.maybe, other.maybe) {
            (None, maybe) | (maybe, None) => maybe,
            (Some(one), Some(other)) => Some(one + other),
        };
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
pub(crate) struct ChangeChunk {
    /// The offset from which it leads on.
    pub(crate) previous: u64,
    pub(crate) chunks: u16,
    pub(crate) body: Vec<u8>,
}

impl Write {
    pub(crate) fn at(self, as_of: u64) -> Stamped {
        let mut stamp = set_at(as_of);
        // A deletion loses against a value of the same offset: an event that is renamed and gets its old name back
        // within one commit is there.
        if matches!(self, Self::DeleteEvent { .. } | Self::DeleteVenue { .. }) {
            stamp -= 1;
        }
        Stamped { write: self, stamp }
    }
}

fn set_at(as_of: u64) -> i64 {
    // Cassandra knows no stamps below 0; there are enough offsets below 2^62.
    i64::try_from(as_of).map_or(i64::MAX, |as_of| as_of.saturating_mul(2).saturating_add(1))
}

pub(crate) fn row(partition: u16, row: &Row, as_of: u64) -> Stamped {
    let key = RowKey {
        partition,
        table: row.table,
        number: row.number,
    };
    let body = row.body.clone();
    Write::Row { key, body }.at(as_of)
}

/// A row for each response, also for one that nobody gave: the first system's page failed as long as one was missing.
/// There is none for `maybe` where nobody can answer so.
pub(crate) fn event(
    partition: u16,
    event: &EventStatistic,
    as_of: u64,
) -> impl Iterator<Item = Stamped> {
    let name = event_name(&event.event_name);
    let event_country = key_text(&alpha3(&event.country));
    let responses = [("no", event.no, 0), ("yes", event.yes, event.heads)];
    let maybe = event.maybe.map(|maybe| ("maybe", maybe, 0));
    responses
        .into_iter()
        .chain(maybe)
        .map(move |(response, total_rsvps, heads)| {
            let key = EventRowKey {
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
            Write::Event { key, cell }.at(as_of)
        })
}

pub(crate) fn event_gone(event: &EventKey, as_of: u64) -> [Stamped; 3] {
    ["no", "yes", "maybe"].map(|response| {
        let key = EventRowKey {
            name: event_name(&event.event_name),
            response,
            id: key_text(&event.event_id),
        };
        Write::DeleteEvent { key }.at(as_of)
    })
}

pub(crate) fn country_part(partition: u16, part: &CountryPart, as_of: u64) -> Stamped {
    let key = CountryPartKey {
        code: country_code(&part.country),
        country: key_text(&part.country),
        partition,
    };
    let counts = RsvpCounts {
        yes: part.yes,
        no: part.no,
        maybe: part.maybe,
        heads: part.heads,
    };
    let part = CountryTotals { as_of, counts };
    Write::CountryPart { key, part }.at(as_of)
}

/// The code under which a country of the feed is counted.
pub(crate) fn country_code(country: &Arc<str>) -> Arc<str> {
    key_text(&alpha3(country))
}

pub(crate) fn world_part(partition: u16, counts: RsvpCounts, as_of: u64) -> Stamped {
    let key = CountryPartKey {
        code: WORLD.into(),
        country: WORLD.into(),
        partition,
    };
    let part = CountryTotals { as_of, counts };
    Write::CountryPart { key, part }.at(as_of)
}

pub(crate) fn venue_part(partition: u16, part: &VenuePart, as_of: u64) -> Stamped {
    let key = VenueKey {
        id: part.venue_id,
        name: key_text(&part.name),
        lon: degrees(part.lon),
        lat: degrees(part.lat),
        group_city: key_text(&part.group_city),
    };
    let cell = VenueCell {
        country: key_text(&alpha3(&part.country)),
        yes: part.yes,
        no: part.no,
        maybe: part.maybe,
        latest: part.latest,
    };
    Write::VenuePart {
        partition,
        key,
        part: VenueTotals { as_of, cell },
    }
    .at(as_of)
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
