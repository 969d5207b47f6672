//! What a source hands on: messages as they arrived, gaps, and the position from which it can go on.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::framing::ValueSpan;
use crate::position::{Position, ResumeState};

/// One message as it arrived: the bytes of one JSON value, or of what should have been one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The text without its line end. Of a message that is [`Broken::TooBig`] only the beginning.
    pub bytes: Bytes,
    /// The source's own order, only meaningful when [`Position::at`] is given: on resuming, messages with a position
    /// not above the stored one were kept already and are skipped.
    pub position: u64,
    /// Where it stood, for error messages.
    pub location: Location,
    /// Framing already knows that this is not one value.
    pub broken: Option<Broken>,
}

/// Why a message is not a value, as far as framing can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Longer than [`crate::framing::VALUE_MAX`], or it unpacks to more than anybody holds. The whole was not kept.
    TooBig {
        /// Of the whole, in bytes.
        length: u64,
        /// Of the whole.
        sha256: [u8; 32],
    },
    /// Nested deeper than anybody follows.
    TooDeep,
    /// The text breaks the grammar of JSON, is cut off, or is not an object.
    NotJson,
    /// A message of an engine or a WebSocket that holds no value and is not UTF-8.
    NotUtf8,
}

impl Broken {
    /// The reason code under which such a message is refused.
    pub fn reason(&self) -> &'static str {
        match self {
            Broken::TooBig { .. } => "too_big",
            Broken::TooDeep => "too_deep",
            Broken::NotJson => "bad_json",
            Broken::NotUtf8 => "bad_utf8",
        }
    }
}

/// Where a message stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In a file: the number of the line it begins on (from 1) and the byte it begins at (from 0).
    Line {
        /// Of the line, from 1.
        number: u64,
        /// Of its first byte, from 0.
        offset: u64,
    },
    /// In a stream: the message's ordinal since the source was started (from 1).
    Message(u64),
    /// In a topic: its partition and its offset there (from 0).
    Record {
        /// Of the topic.
        partition: i32,
        /// In the partition.
        offset: u64,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Line { number, offset } => write!(f, "line {number} (byte {offset})"),
            Location::Message(number) => write!(f, "message {number}"),
            Location::Record { partition, offset } => {
                write!(f, "partition {partition}, offset {offset}")
            }
        }
    }
}

/// A stretch of wall-clock time in which a source that cannot be asked again may have lost messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// It begins, ms since 1970.
    pub from_ms: i64,
    /// It ends, ms since 1970; not before it begins.
    pub to_ms: i64,
    /// Why, as half a sentence.
    pub cause: String,
}

/// What a source brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceItem {
    /// A value, or what should have been one.
    Message(Message),
    /// Something may be missing before the next message.
    Gap(Gap),
}

impl From<Message> for SourceItem {
    fn from(message: Message) -> Self {
        SourceItem::Message(message)
    }
}

/// Items that belong together, and the position after the last of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageBatch {
    /// In the order in which they came.
    pub items: Vec<SourceItem>,
    /// To be stored with the items, in the same atomic append; `None` when the source cannot resume.
    pub position: Option<Position>,
}

impl MessageBatch {
    /// How many of its items are messages.
    pub fn messages(&self) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item, SourceItem::Message(_)))
            .count()
    }

    /// The bytes of its messages.
    pub fn bytes(&self) -> usize {
        self.items.iter().map(SourceItem::bytes).sum()
    }

    /// Puts the next batch of the same source behind this one, to be kept in one append.
    pub fn extend(&mut self, next: MessageBatch) {
        self.items.extend(next.items);
        self.position = match (self.position.take(), next.position) {
            (Some(first), Some(next)) => Some(first.followed_by(next)),
            (_, next) => next,
        };
    }
}

impl SourceItem {
    fn bytes(&self) -> usize {
        match self {
            SourceItem::Message(message) => message.bytes.len(),
            SourceItem::Gap(gap) => gap.cause.len(),
        }
    }
}

impl Message {
    /// The position after the part of a batch that ends with this message; `batch` is the position after all of it.
    /// `None` where only a whole batch has one: a stream that is asked to go on from its end would not send the rest
    /// again.
    #[must_use]
    pub fn position_within(&self, batch: &Position) -> Option<Position> {
        batch.at?;
        let mut position = Position {
            at: Some(self.position),
            ..batch.clone()
        };
        if let (ResumeState::FollowedFile { line, .. }, Location::Line { number, .. }) =
            (&mut position.state, self.location)
        {
            *line = number + memchr::memchr_iter(b'\n', &self.bytes).count() as u64;
        }
        Some(position)
    }

    /// A span of a file.
    pub(crate) fn from_span(span: ValueSpan, bytes: Bytes) -> Self {
        Message {
            bytes,
            position: span.end,
            location: Location::Line {
                number: span.line,
                offset: span.start,
            },
            broken: span.broken,
        }
    }
}
