//! The schema of records that a mapping has read.
//!
//! A mapping turns records of any source into [`MappedLine`]s before they are kept, so this is one schema for all
//! mappings: only the name and the namespace differ. The mapping's text is part of the definition all the same. A journal
//! tells with it how its records were read.

mod line;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use xxhash_rust::xxh3::xxh3_64;

pub use self::line::{
    Mapped, MappedAnswer, MappedEvent, MappedFacts, MappedGroup, MappedLine, MappedVenue,
    MappedVersion,
};
use crate::{
    allowed::Allowed::{self, Id, List, Name, Number, Object, PersonId, Whole, Word},
    content::{ContentHash, Event, Group, Topic, Venue},
    dictionary::{Dictionary, Key},
    event::EventRecord,
    id::{Identity, Namespace},
    other::Other,
    reason::Reason,
    record::Record,
    response::Response,
    rsvp::{GUESTS_MAX, Rsvp, answer},
    schema::Schema,
    version::Version,
    withdrawal::{Withdrawal, Withdrawn},
};

/// What the definition of a mapping begins with; its name and its text follow.
const PREFIX: &str = "mapped 1 ";
/// Bytes that an id has at most.
pub const ID_BYTES_MAX: usize = 1000;
/// Bytes that the name of a mapping has at most: it becomes part of the names of folders and topics.
const NAME_BYTES_MAX: usize = 40;

/// The kinds of records, in the order of their feeds.
const FEEDS: [&str; 4] = ["answers", "events", "withdrawals", "others"];

/// Records that the mapping of this name has read.
#[derive(Clone, Debug)]
pub struct MappedSchema {
    definition: String,
    namespace: Namespace,
    feeds: &'static [&'static str],
}

impl MappedSchema {
    /// The schema of what a mapping makes; `text` is the mapping's own. `None` when the name is not one to
    /// [`NAME_BYTES_MAX`] lower-case letters, digits and `-`.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Option<Self> {
        Self::of(&format!("{PREFIX}{name}\n{text}"))
    }

    /// The schema that a definition stands for, if it is that of a mapping.
    pub(crate) fn of(definition: &str) -> Option<Self> {
        let (name, _) = definition.strip_prefix(PREFIX)?.split_once('\n')?;
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name =
            !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_letter);
        is_name.then(|| Self {
            definition: definition.to_owned(),
            namespace: Namespace::of_mapping(xxh3_64(name.as_bytes())),
            feeds: feeds_of(name),
        })
    }
}

/// The names of a mapping's feeds. They live as long as the program, as those of all other schemas do; each mapping's
/// are made once.
fn feeds_of(name: &str) -> &'static [&'static str] {
    static KNOWN: Mutex<Option<HashMap<String, &'static [&'static str]>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(feeds) = known.get(name) {
        return feeds;
    }
    let feeds = FEEDS.map(|feed| &*format!("{name}-{feed}").leak());
    let feeds: &'static [&'static str] = Box::leak(Box::new(feeds));
    known.insert(name.to_owned(), feeds);
    feeds
}

impl Schema for MappedSchema {
    fn definition(&self) -> &str {
        &self.definition
    }

    fn namespace(&self) -> Namespace {
        self.namespace
    }

    fn responses(&self) -> &'static [Response] {
        &Response::ALL
    }

    fn feeds(&self) -> &[&'static str] {
        self.feeds
    }

    fn feed_of(&self, record: &Record) -> usize {
        match record {
            Record::Rsvp(_) => 0,
            Record::Event(_) => 1,
            Record::Withdrawal(_) => 2,
            Record::Other(_) => 3,
        }
    }

    fn decode(&self, line: &[u8], dictionary: &mut Dictionary) -> Result<Record, Reason> {
        let line: MappedLine = serde_json::from_slice(line).map_err(|_| Reason::BadJson)?;
        if !line.is_known() {
            return Err(Reason::Range("mapped"));
        }
        let MappedVersion {
            time,
            sequence,
            live,
        } = line.at;
        let version = Version::of_sequence(time, sequence, live).ok_or(Reason::BadTimestamp)?;
        Ok(match line.what {
            Mapped::Answer(answer) => Record::Rsvp(self.answer(answer, version, dictionary)?),
            Mapped::Event(facts) => Record::Event(self.facts(facts, version, dictionary)?),
            Mapped::Withdrawal { id } => Record::Withdrawal(Withdrawal {
                of: Withdrawn::Answer(self.identity(&id, "identity")?),
                version,
            }),
            Mapped::Account { person, ended } => Record::Withdrawal(Withdrawal {
                of: Withdrawn::Person {
                    member: self.identity(&person, "person")?,
                    ended,
                },
                version,
            }),
            Mapped::Other { id, status } => Record::Other(other(&id, status, version)?),
        })
    }

    fn allowed(&self, _: &dyn Fn(&str) -> bool) -> &'static Allowed {
        &LINE
    }

    fn landmarks(&self) -> &'static [&'static str] {
        &[]
    }
}

impl MappedSchema {
    fn answer(
        &self,
        line: MappedAnswer,
        version: Version,
        dictionary: &mut Dictionary,
    ) -> Result<Rsvp, Reason> {
        if line.guests > GUESTS_MAX {
            return Err(Reason::Range("guests"));
        }
        let id = self.identity(&line.id, "identity")?;
        let member = self.identity(&line.person, "person")?;
        let facts = &line.facts;
        let event = &facts.event;
        let tells_event = event.name.is_some()
            || event.url.is_some()
            || event.time.is_some()
            || facts.group.is_some()
            || facts.venue.is_some();
        let parts = self.parts(line.facts, dictionary)?;
        let mut hash = ContentHash::default();
        hash.identity(id);
        parts.feed(&mut hash, dictionary);
        hash.number(answer(line.guests, line.response));
        Ok(Rsvp {
            id: id.bits,
            member: member.bits,
            version,
            event: parts.event,
            group: parts.group,
            venue: parts.venue,
            content: hash.finish() as u32,
            id_check: id.check,
            member_check: member.check,
            guests: line.guests,
            response: line.response,
            tells_event,
        })
    }

    fn facts(
        &self,
        facts: MappedFacts,
        version: Version,
        dictionary: &mut Dictionary,
    ) -> Result<EventRecord, Reason> {
        let parts = self.parts(facts, dictionary)?;
        let mut hash = ContentHash::default();
        parts.feed(&mut hash, dictionary);
        Ok(EventRecord {
            version,
            event: parts.event,
            group: parts.group,
            venue: parts.venue,
            content: hash.finish() as u32,
        })
    }

    fn parts(&self, facts: MappedFacts, dictionary: &mut Dictionary) -> Result<Parts, Reason> {
        let MappedFacts {
            event,
            group,
            venue,
        } = facts;
        if event.id.is_empty() || event.id.len() > ID_BYTES_MAX {
            return Err(Reason::Range("event"));
        }
        let event = Event {
            namespace: self.namespace,
            id: event.id.into(),
            name: event.name.unwrap_or_default().into(),
            url: event.url.unwrap_or_default().into(),
            time: event.time,
        };
        let group = group.map(|group| self.group(group)).transpose()?;
        let venue = venue.map(|venue| self.venue(venue)).transpose()?;
        Ok(Parts {
            event: dictionary.add_event(event),
            group: group.map(|group| dictionary.add_group(group)),
            venue: venue.map(|venue| dictionary.add_venue(venue)),
        })
    }

    fn group(&self, group: MappedGroup) -> Result<Group, Reason> {
        place(group.lat, group.lon)?;
        let mut labels = group.labels;
        labels.sort();
        labels.dedup();
        let topic = |label: String| {
            let label: Arc<str> = label.into();
            Arc::new(Topic {
                urlkey: Arc::clone(&label),
                name: label,
            })
        };
        Ok(Group {
            id: self.identity(&group.id, "group")?,
            name: group.name.unwrap_or_default().into(),
            city: group.city.unwrap_or_default().into(),
            state: group.state.unwrap_or_default().into(),
            country: group.country.map(Into::into),
            lat: group.lat,
            lon: group.lon,
            topics: labels.into_iter().map(topic).collect(),
        })
    }

    fn venue(&self, venue: MappedVenue) -> Result<Venue, Reason> {
        place(venue.lat, venue.lon)?;
        let name = venue.name.unwrap_or_default();
        let id = venue.id.unwrap_or_else(|| {
            let degrees = |degrees: Option<f64>| degrees.map_or(String::new(), |it| it.to_string());
            format!("{name}\n{}\n{}", degrees(venue.lat), degrees(venue.lon))
        });
        Ok(Venue {
            id: Identity::of_text(self.namespace, &id),
            name: name.into(),
            lat: venue.lat,
            lon: venue.lon,
        })
    }

    fn identity(&self, text: &str, field: &'static str) -> Result<Identity, Reason> {
        if text.is_empty() || text.len() > ID_BYTES_MAX {
            return Err(Reason::Range(field));
        }
        Ok(Identity::of_text(self.namespace, text))
    }
}

/// The keys of what a record tells of an event.
struct Parts {
    event: Key,
    group: Option<Key>,
    venue: Option<Key>,
}

impl Parts {
    fn feed(&self, hash: &mut ContentHash, dictionary: &Dictionary) {
        hash.number(dictionary.event(self.event).hash);
        hash.number(self.group.map_or(0, |group| dictionary.group(group).hash));
        hash.number(self.venue.map_or(0, |venue| dictionary.venue(venue).hash));
    }
}

fn place(lat: Option<f64>, lon: Option<f64>) -> Result<(), Reason> {
    let within = |degrees: Option<f64>, most: f64| degrees.is_none_or(|it| it.abs() <= most);
    if !within(lat, 90.0) {
        return Err(Reason::Range("lat"));
    }
    within(lon, 180.0).then_some(()).ok_or(Reason::Range("lon"))
}

fn other(id: &str, status: Option<String>, version: Version) -> Result<Other, Reason> {
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Err(Reason::Range("identity"));
    }
    let mut hash = ContentHash::default();
    hash.text(id);
    hash.text(status.as_deref().unwrap_or_default());
    Ok(Other {
        feed: 3,
        id: id.into(),
        version,
        content: hash.finish() as u32,
        event: None,
        status: status.map(Into::into),
    })
}

const LINE: Allowed = Object(&[
    ("mapped", Number),
    (
        "at",
        Object(&[("time", Number), ("sequence", Number), ("live", Number)]),
    ),
    ("answer", ANSWER),
    (
        "event",
        Object(&[("event", EVENT), ("group", GROUP), ("venue", VENUE)]),
    ),
    ("withdrawal", Object(&[("id", Id)])),
    ("account", Object(&[("person", PersonId)])),
    ("other", Object(&[("id", Id), ("status", Name)])),
    ("record", Whole),
]);
const ANSWER: Allowed = Object(&[
    ("id", Id),
    ("person", PersonId),
    ("response", Word(&["yes", "no", "maybe"])),
    ("guests", Number),
    ("event", EVENT),
    ("group", GROUP),
    ("venue", VENUE),
]);
const EVENT: Allowed = Object(&[("id", Id), ("name", Name), ("url", Name), ("time", Number)]);
const GROUP: Allowed = Object(&[
    ("id", Id),
    ("name", Name),
    ("city", Name),
    ("state", Name),
    ("country", Name),
    ("lat", Number),
    ("lon", Number),
    ("labels", List(&Name)),
]);
const VENUE: Allowed = Object(&[("id", Id), ("name", Name), ("lat", Number), ("lon", Number)]);
