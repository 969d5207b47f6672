//! Records of the five feeds: decoding with reasons, versions, and the masking of people.
//!
//! This room is pure: bytes in, values out, no I/O and no clock. Its invariant: what
//! [`Decoder::decode`] accepts is one valid JSON object whose used keys have their type and
//! range, whichever of its two ways it went.
//!
//! ```
//! use headcount_record::{Decoder, Reason, Record};
//!
//! let line = br#"{"rsvp_id":1,"response":"yes","guests":2,"mtime":1489925470960,
//!     "member":{"member_id":7},"event":{"event_id":"jkpwmlywgbmb"},
//!     "group":{"group_id":3,"group_country":"tw"}}"#;
//! let mut decoder = Decoder::new();
//! let Ok(Record::Rsvp(rsvp)) = decoder.decode(line) else { panic!() };
//! assert_eq!((rsvp.yes, rsvp.guests), (true, 2));
//! assert_eq!(&*decoder.dictionary().group(rsvp.group).country, "tw");
//! assert_eq!(decoder.decode(b"{}").unwrap_err(), Reason::MissingField("rsvp_id"));
//! ```

mod complete;
mod content;
mod control;
mod decoder;
mod dictionary;
mod door;
mod excerpt;
mod fast;
mod feed;
mod fingerprint;
mod json;
mod kind;
mod other;
mod partition;
mod people;
mod reason;
mod rsvp;
mod text;
mod version;
mod walker;

#[cfg(test)]
mod tests;

pub use content::{Content, ContentHash, Event, Group, Topic, Venue};
pub use control::{Control, DeadLetter};
pub use decoder::{Decoder, Record};
pub use dictionary::{Dictionary, Key, Known};
pub use door::{Admitted, Door};
pub use feed::Feed;
pub use json::{MAX_BYTES, MAX_DEPTH};
pub use kind::Kind;
pub use other::{Identity, Other};
pub use partition::partition_of;
pub use people::PeopleKey;
pub use reason::Reason;
pub use rsvp::{GUESTS_MAX, Rsvp};
pub use version::{MTIME_END, MTIME_MIN, Version};
