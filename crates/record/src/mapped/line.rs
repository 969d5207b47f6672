//! What the journal keeps of a record that a mapping has read: one line of JSON.
//!
//! ```text
//! {"mapped":1,"at":{…},"answer":{…},"record":{…}}
//! ```
//!
//! It holds what the mapping found, and then the record that it was found in, of which nothing is read again. So whoever
//! replays a journal needs neither the mapping's paths nor the interpreter of its expressions.

use serde::{Deserialize, Serialize};

use crate::response::Response;

/// The format of these lines.
pub(super) const FORMAT: u8 = 1;

/// One thing that a mapping found in a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MappedLine {
    mapped: u8,
    /// Its version.
    pub at: MappedVersion,
    /// What it is.
    #[serde(flatten)]
    pub what: Mapped,
}

/// What a mapping found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mapped {
    /// Somebody's answer.
    Answer(MappedAnswer),
    /// The facts of an event.
    Event(MappedFacts),
    /// An answer is taken back.
    Withdrawal {
        /// The answer's identity.
        id: String,
    },
    /// All answers of a person are taken back, or are back again.
    Account {
        /// Whose.
        person: String,
        /// Whether they are taken back.
        ended: bool,
    },
    /// Something that is kept and counted by its status only.
    Other {
        /// What it is about.
        id: String,
        /// What has become of it.
        status: Option<String>,
    },
}

/// The parts of a [`Version`](crate::Version), see [`Version::of_sequence`](crate::Version::of_sequence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedVersion {
    /// Milliseconds since 1970.
    pub time: i64,
    /// Decides between equal times.
    pub sequence: u32,
    /// Whether it came as it happened.
    pub live: bool,
}

/// An answer as a mapping found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MappedAnswer {
    /// Tells it from all other answers of the mapping.
    pub id: String,
    /// Who answers.
    pub person: String,
    /// What.
    pub response: Response,
    /// Besides the person.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub guests: u16,
    /// To which event, and what is known of it.
    #[serde(flatten)]
    pub facts: MappedFacts,
}

/// What a record tells of an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MappedFacts {
    /// The event itself.
    pub event: MappedEvent,
    /// Who invites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<MappedGroup>,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<MappedVenue>,
}

/// An event as a mapping found it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MappedEvent {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it takes place, ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

/// A group as a mapping found it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MappedGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Where the city is, in the US and Canada.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// ISO 3166 alpha-2, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// A venue as a mapping found it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MappedVenue {
    /// Its id; without one it is known by its name and place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
}

impl MappedLine {
    /// What a mapping found.
    #[must_use]
    pub const fn new(at: MappedVersion, what: Mapped) -> Self {
        Self {
            mapped: FORMAT,
            at,
            what,
        }
    }

    /// The line, with the record that it was found in. `record` is valid JSON in which nothing stands that may not.
    ///
    /// # Panics
    /// Never: it is plain data, whose numbers are finite.
    #[must_use]
    pub fn to_bytes(&self, record: Option<&[u8]>) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("plain data");
        if let Some(record) = record {
            line.pop();
            line.extend_from_slice(b",\"record\":");
            line.extend_from_slice(record);
            line.push(b'}');
        }
        line
    }

    /// Whether the line has a format of this version.
    pub(super) const fn is_known(&self) -> bool {
        self.mapped == FORMAT
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(guests: &u16) -> bool {
    *guests == 0
}
