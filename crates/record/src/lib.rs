//! Records of the five feeds: decoding with reasons, versions, and the masking of people.
//!
//! This room is pure: bytes in, values out, no I/O and no clock. Its invariant: what
//! [`Decoder::decode`] accepts is one valid JSON object whose used keys have their type and
//! range, whichever of its two ways it went.
//!
//! ```
//! use headcount_record::{Decoder, Reason, Record, Response};
//!
//! let line = br#"{"rsvp_id":1,"response":"yes","guests":2,"mtime":1489925470960,
//!     "member":{"member_id":7},"event":{"event_id":"jkpwmlywgbmb"},
//!     "group":{"group_id":3,"group_country":"tw"}}"#;
//! let mut decoder = Decoder::new();
//! let Ok(Record::Rsvp(rsvp)) = decoder.decode(line) else { panic!() };
//! assert_eq!((rsvp.response, rsvp.guests), (Response::Yes, 2));
//! let group = decoder.dictionary().group(rsvp.group.unwrap());
//! assert_eq!(group.country.as_deref(), Some("tw"));
//! assert_eq!(decoder.decode(b"{}").unwrap_err(), Reason::MissingField("rsvp_id"));
//! ```

#![warn(missing_docs)]

mod admission;
mod allowed;
#[cfg(feature = "test-schema")]
mod calendar;
mod content;
mod control;
mod decoder;
mod dictionary;
mod event;
mod excerpt;
mod fingerprint;
mod id;
mod json;
mod kind;
mod mapped;
mod mask;
mod masking;
mod meetup;
mod other;
mod partition;
mod people;
mod people_mode;
mod reason;
mod record;
mod response;
mod rsvp;
mod schema;
mod schemas;
mod text;
mod token;
mod top_keys;
mod version;
mod walker;
mod withdrawal;

#[cfg(test)]
mod tests;

pub use admission::{Admission, Admitted};
pub use allowed::Allowed;
#[cfg(feature = "test-schema")]
pub use calendar::CALENDAR;
pub use content::{Content, ContentHash, Event, Group, Topic, Venue};
pub use control::{Control, DeadLetter};
pub use decoder::Decoder;
pub use dictionary::{Dictionary, Key, Known};
pub use event::EventRecord;
pub use id::{Identity, Namespace};
pub use json::{MAX_BYTES, MAX_DEPTH};
pub use kind::Kind;
pub use mapped::{
    ID_BYTES_MAX, Mapped, MappedAnswer, MappedEvent, MappedFacts, MappedGroup, MappedLine,
    MappedSchema, MappedVenue, MappedVersion,
};
pub use masking::{Masking, MaskingMode};
pub use meetup::{Feed, Meetup};
pub use other::Other;
pub use partition::{event_hash, partition_of};
pub use people::PeopleKey;
pub use people_mode::PeopleMode;
pub use reason::Reason;
pub use record::Record;
pub use response::Response;
pub use rsvp::{GUESTS_MAX, Rsvp, answer};
pub use schema::Schema;
pub use schemas::schema_of;
pub use version::{TIME_END, TIME_MIN, Version};
pub use withdrawal::{Withdrawal, Withdrawn};
