//! What a journal holds beside records: entries that say something about a source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Kind, people_mode::PeopleMode};

/// The body of a control entry, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "control")]
pub enum Control {
    /// The entry's source has this name; comes before any other entry of the source.
    Source {
        /// The source's name.
        name: String,
    },
    /// Entries of `kind`, and of the kinds after it up to one a feed, are records of the schema
    /// that `definition` stands for; comes before the first of them.
    Schema {
        /// The kind of the schema's first feed.
        kind: Kind,
        /// The names of the schema's feeds, in order.
        feeds: Vec<String>,
        /// The text that stands for the schema.
        definition: String,
    },
    /// A source has been journaled up to here. Stands at the end of its batch, in every partition
    /// that the batch touched.
    ///
    /// `of` says what it is a position in, such as the content of a file, and `position` is the
    /// source's own. `received` is how many messages it handed over for this partition since the
    /// last one: the ledger holds what the journal has against it. In `repaired` of them half an
    /// emoji became U+FFFD, and `blanked` values in them were masked because their schema does not
    /// know them; the journal's records do not show that any more.
    Position {
        /// What the position is one in.
        of: String,
        /// The source's own, as JSON.
        position: serde_json::Value,
        /// Messages handed over for this partition since the last position.
        received: u64,
        /// Messages among them that were repaired.
        #[serde(default, skip_serializing_if = "is_zero")]
        repaired: u64,
        /// Values that were masked for being unknown to the schema.
        #[serde(default, skip_serializing_if = "is_zero")]
        blanked: u64,
    },
    /// Records may have been lost between these times (ms since 1970, of the clock on the wall).
    Gap {
        /// The last moment before the gap, ms since 1970.
        from: i64,
        /// The first moment after the gap, ms since 1970.
        to: i64,
        /// Why records may be missing, for people to read.
        cause: String,
    },
    /// A record was refused: the ledger's line and the dead letter in one. Partition 0 only.
    Rejected(DeadLetter),
    /// Records were refused of which no dead letter is kept, because many of the source came before
    /// them for the same reason. Partition 0 only.
    RejectedMore {
        /// How many, by reason code.
        by_reason: BTreeMap<String, u64>,
    },
    /// How members are kept in this journal; comes before the first record.
    People {
        /// The same in all of the journal: a member would be counted twice otherwise.
        mode: PeopleMode,
    },
    /// Of what `of` names, records are kept that the clock on the wall called records of the future.
    /// For journals that know only positions; what is counted finds it out from the records.
    KeptOut {
        /// What they are read from.
        of: String,
        /// The least of their times, ms since 1970; none once they were read again.
        least: Option<i64>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A refused record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its reason code.
    pub reason: String,
    /// Where it stood: the line of a file, or the position in a stream.
    pub place: String,
    /// Bytes it had.
    pub length: u64,
    /// SHA-256 of all of it, in hexadecimal.
    pub sha256: String,
    /// At most its first 4 KiB, in which everything is masked that is not known to be nobody's;
    /// empty when it was no JSON object at all.
    pub excerpt: String,
}

impl Control {
    /// The kind of the entry that holds it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Rejected(_) | Self::RejectedMore { .. } => Kind::DEAD_LETTER,
            Self::Source { .. }
            | Self::Schema { .. }
            | Self::Position { .. }
            | Self::Gap { .. }
            | Self::People { .. }
            | Self::KeptOut { .. } => Kind::CONTROL,
        }
    }

    /// The body of the entry.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a control is plain data")
    }

    /// Reads a body.
    ///
    /// # Errors
    /// When it is no control of this version.
    pub fn from_body(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}
