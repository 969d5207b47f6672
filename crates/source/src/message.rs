//! What a source hands on: messages as they arrived, gaps, and the position from which it can go on.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::framing::Piece;

/// One message as it arrived: the bytes of one JSON value, or of what should have been one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The text without its line end. Of a message that is [`Broken::TooBig`] only the beginning.
    pub bytes: Bytes,
    /// The source's own order, only meaningful when [`Position::at`] is given: on resuming, messages with a position
    /// not above the stored one were kept already and are skipped.
    pub position: u64,
    /// Where it stood, for error messages.
    pub place: Place,
    /// Framing already knows that this is not one value.
    pub broken: Option<Broken>,
}

/// Why a message is not a value, as far as framing can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Longer than [`crate::framing::VALUE_MAX`]; the length and hash are of the whole text, which was not kept.
    TooBig { length: u64, sha256: [u8; 32] },
    /// Nested deeper than anybody follows.
    TooDeep,
    /// The text breaks the grammar of JSON, is cut off, or is no object at all.
    NotJson,
}

impl Broken {
    /// The reason code under which such a message is refused.
    pub fn reason(&self) -> &'static str {
        match self {
            Broken::TooBig { .. } => "too_big",
            Broken::TooDeep => "too_deep",
            Broken::NotJson => "bad_json",
        }
    }
}

/// Where a message stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a file: the number of the line it begins on (from 1) and the byte it begins at (from 0).
    Line { number: u64, offset: u64 },
    /// In a stream: the how-manieth message since the source was started (from 1).
    Message(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line { number, offset } => write!(f, "line {number} (byte {offset})"),
            Place::Message(number) => write!(f, "message {number}"),
        }
    }
}

/// A stretch of wall-clock time in which a source that cannot be asked again may have lost messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub from_ms: i64,
    pub to_ms: i64,
    pub cause: String,
}

/// What a source brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Message(Message),
    Gap(Gap),
}

impl From<Message> for Item {
    fn from(message: Message) -> Self {
        Item::Message(message)
    }
}

/// Items that belong together, and the position after the last of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    pub items: Vec<Item>,
    /// To be stored with the items, in the same atomic append; `None` when the source cannot resume.
    pub position: Option<Position>,
}

impl Batch {
    /// How many of its items are messages.
    pub fn messages(&self) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item, Item::Message(_)))
            .count()
    }

    /// The bytes of its messages.
    pub fn bytes(&self) -> usize {
        self.items.iter().map(Item::bytes).sum()
    }
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Item::Message(message) => message.bytes.len(),
            Item::Gap(gap) => gap.cause.len(),
        }
    }
}

impl Message {
    /// A piece of a file.
    pub(crate) fn from_piece(piece: Piece, bytes: Bytes) -> Self {
        Message {
            bytes,
            position: piece.end,
            place: Place::Line {
                number: piece.line,
                offset: piece.start,
            },
            broken: piece.broken,
        }
    }
}

/// From where a source can go on. Stored as JSON with every batch.
///
/// A source that can be read again exactly (a file, the simulation) counts in `at`, and `of` says in what: the content
/// of the file, the seed of the simulation. Positions with different `of` have nothing to do with each other. A stream
/// has no `at`: what it sends again is told apart by the winners, and its messages are never skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What this is a position in.
    pub of: String,
    /// Every message with a position up to this one was brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The number of the line at `at`, for error messages after resuming in the middle of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Where the simulation began, ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// The greatest record time seen: an HTTP stream is asked to go on shortly before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime_ms: Option<i64>,
    /// When the stream was last known to be alive, ms since 1970: a gap begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_ms: Option<i64>,
}

impl Position {
    pub(crate) fn new(of: impl Into<String>) -> Self {
        Position {
            of: of.into(),
            at: None,
            line: None,
            start_ms: None,
            mtime_ms: None,
            seen_ms: None,
        }
    }
}

/// What was stored of a source's positions before: where it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resume {
    positions: Vec<Position>,
}

impl Resume {
    /// A source that was never read.
    pub fn fresh() -> Self {
        Resume::default()
    }

    /// From the last positions of every `of` in every partition (one inner list a partition).
    ///
    /// Reading starts at the least `at`, and at 0 as long as one partition knows nothing of it: that partition may be
    /// the one whose part of the first batch was lost. Each partition then skips what it has. Of streams the least
    /// record time counts (what is asked for again is only repeated) and the greatest moment of life.
    pub fn from_partitions<'a>(partitions: impl IntoIterator<Item = &'a [Position]>) -> Self {
        let mut merged: Vec<(Position, usize)> = Vec::new();
        let mut partitions_count = 0;
        for partition in partitions {
            partitions_count += 1;
            for position in partition {
                match merged.iter_mut().find(|(other, _)| other.of == position.of) {
                    Some((other, seen)) => {
                        *seen += 1;
                        other.retreat_to(position);
                    }
                    None => merged.push((position.clone(), 1)),
                }
            }
        }
        for (position, seen) in &mut merged {
            if *seen < partitions_count && position.at.is_some() {
                position.at = Some(0);
                position.line = None;
            }
        }
        Resume {
            positions: merged.into_iter().map(|(position, _)| position).collect(),
        }
    }

    /// The stored position in exactly this.
    pub fn of(&self, of: &str) -> Option<&Position> {
        self.positions.iter().find(|position| position.of == of)
    }

    /// The stored positions whose `of` begins so.
    pub(crate) fn beginning(&self, prefix: &str) -> impl Iterator<Item = &Position> {
        self.positions
            .iter()
            .filter(move |position| position.of.starts_with(prefix))
    }
}

impl From<Vec<Position>> for Resume {
    fn from(positions: Vec<Position>) -> Self {
        Resume { positions }
    }
}

impl Position {
    /// The position from which nothing is missed that either of two partitions lacks.
    fn retreat_to(&mut self, other: &Position) {
        if other.at < self.at {
            self.at = other.at;
            self.line = other.line;
        }
        self.mtime_ms = match (self.mtime_ms, other.mtime_ms) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.seen_ms = self.seen_ms.max(other.seen_ms);
        self.start_ms = self.start_ms.or(other.start_ms);
    }
}
