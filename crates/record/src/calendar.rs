//! A second schema, for tests: calendar records, modelled on those that AT-Proto's
//! `community.lexicon.calendar` has.
//!
//! It is all that Meetup is not: ids are texts, an answer may be `interested`, times are whole
//! seconds, there are no groups, and the facts of an event come in a record of their own.

use serde::Deserialize;

use crate::{
    MAX_BYTES,
    allowed::Allowed::{self, Id, Name, Number, Object, PersonId, Word},
    content::{ContentHash, Event, Venue},
    dictionary::Dictionary,
    event::EventRecord,
    id::{Identity, Namespace},
    reason::Reason,
    record::Record,
    response::Response,
    rsvp::{Rsvp, answer},
    schema::Schema,
    version::Version,
};

/// Calendar records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calendar;

/// The definition of [`Calendar`].
pub const CALENDAR: &str = "calendar 1";

const NAMESPACE: Namespace = Namespace(1);

#[derive(Deserialize)]
#[serde(tag = "collection", rename_all = "lowercase")]
enum Line {
    Rsvp(RsvpLine),
    Event(EventLine),
}

#[derive(Deserialize)]
struct RsvpLine {
    /// Who answers.
    did: String,
    /// Which of their answers it is.
    rkey: String,
    /// Seconds since 1970.
    time: i64,
    sequence: u32,
    status: String,
    /// The event's URI.
    subject: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventLine {
    uri: String,
    /// Seconds since 1970.
    time: i64,
    sequence: u32,
    name: String,
    /// Seconds since 1970.
    starts_at: Option<i64>,
    place: Option<EventPlace>,
}

#[derive(Deserialize)]
struct EventPlace {
    name: String,
    lat: f64,
    lon: f64,
}

impl Schema for Calendar {
    fn definition(&self) -> &'static str {
        CALENDAR
    }

    fn namespace(&self) -> Namespace {
        NAMESPACE
    }

    fn responses(&self) -> &'static [Response] {
        &Response::ALL
    }

    fn feeds(&self) -> &[&'static str] {
        &["calendar-rsvps", "calendar-events"]
    }

    fn feed_of(&self, record: &Record) -> usize {
        usize::from(matches!(record, Record::Event(_)))
    }

    fn decode(&self, line: &[u8], dictionary: &mut Dictionary) -> Result<Record, Reason> {
        if line.len() > MAX_BYTES {
            return Err(Reason::TooBig);
        }
        match serde_json::from_slice(line) {
            Ok(Line::Rsvp(rsvp)) => decode_rsvp(&rsvp, dictionary).map(Record::Rsvp),
            Ok(Line::Event(event)) => decode_event(event, dictionary).map(Record::Event),
            Err(_) => Err(Reason::BadJson),
        }
    }

    /// Only who answers is masked: an organiser stands in the event's address, as on the page.
    fn allowed(&self, has: &dyn Fn(&str) -> bool) -> &'static Allowed {
        if has("did") { &RSVP } else { &EVENT }
    }

    fn landmarks(&self) -> &'static [&'static str] {
        &["did", "rkey", "subject", "sequence", "startsAt"]
    }
}

const COLLECTIONS: Allowed = Word(&["rsvp", "event"]);
const RSVP: Allowed = Object(&[
    ("collection", COLLECTIONS),
    ("did", PersonId),
    ("rkey", Id),
    ("time", Number),
    ("sequence", Number),
    ("status", Word(&["going", "interested", "notgoing"])),
    ("subject", Name),
]);
const EVENT: Allowed = Object(&[
    ("collection", COLLECTIONS),
    ("uri", Name),
    ("time", Number),
    ("sequence", Number),
    ("name", Name),
    ("startsAt", Number),
    ("place", PLACE),
]);
const PLACE: Allowed = Object(&[("name", Name), ("lat", Number), ("lon", Number)]);

fn decode_rsvp(line: &RsvpLine, dictionary: &mut Dictionary) -> Result<Rsvp, Reason> {
    let response = match &*line.status {
        "going" => Response::Yes,
        "interested" => Response::Maybe,
        "notgoing" => Response::No,
        _ => return Err(Reason::UnknownEnum("status")),
    };
    let id = Identity::of_text(NAMESPACE, &format!("{}/{}", line.did, line.rkey));
    let member = Identity::of_text(NAMESPACE, &line.did);
    let mut hash = ContentHash::default();
    hash.text(&line.subject);
    hash.number(id.bits);
    hash.number(answer(0, response));
    Ok(Rsvp {
        id: id.bits,
        member: member.bits,
        version: version(line.time, line.sequence)?,
        event: dictionary.add_event(event(&line.subject, "", None)?),
        group: None,
        venue: None,
        content: hash.finish() as u32,
        id_check: id.check,
        member_check: member.check,
        guests: 0,
        response,
        tells_event: false,
    })
}

fn decode_event(line: EventLine, dictionary: &mut Dictionary) -> Result<EventRecord, Reason> {
    let starts = line.starts_at.map(|seconds| seconds.saturating_mul(1000));
    let event = dictionary.add_event(event(&line.uri, &line.name, starts)?);
    let venue = line.place.map(|place| {
        let id = format!("{} {} {}", place.name, place.lat, place.lon);
        dictionary.add_venue(Venue {
            id: Identity::of_text(NAMESPACE, &id),
            name: place.name.into(),
            lat: Some(place.lat),
            lon: Some(place.lon),
        })
    });
    let mut hash = ContentHash::default();
    hash.number(dictionary.event(event).hash);
    hash.number(venue.map_or(0, |venue| dictionary.venue(venue).hash));
    Ok(EventRecord {
        version: version(line.time, line.sequence)?,
        event,
        group: None,
        venue,
        content: hash.finish() as u32,
    })
}

fn event(uri: &str, name: &str, time: Option<i64>) -> Result<Event, Reason> {
    if uri.is_empty() || uri.len() > 1000 {
        return Err(Reason::Range("uri"));
    }
    Ok(Event {
        namespace: NAMESPACE,
        id: uri.into(),
        name: name.into(),
        url: uri.into(),
        time,
    })
}

/// Every record is live.
fn version(seconds: i64, sequence: u32) -> Result<Version, Reason> {
    Version::of_sequence(seconds.saturating_mul(1000), sequence, true).ok_or(Reason::BadTimestamp)
}
