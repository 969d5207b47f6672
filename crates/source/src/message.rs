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
    /// In a topic: its partition and its offset there (from 0).
    Record { partition: i32, offset: u64 },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line { number, offset } => write!(f, "line {number} (byte {offset})"),
            Place::Message(number) => write!(f, "message {number}"),
            Place::Record { partition, offset } => {
                write!(f, "partition {partition}, offset {offset}")
            }
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

    /// Puts the next batch of the same source behind this one, to be kept in one append.
    pub fn extend(&mut self, next: Batch) {
        // What of it was in earlier batches was so before this one, not before the next.
        let since = self.position.as_ref().and_then(|position| position.since);
        self.items.extend(next.items);
        self.position = next.position.map(|position| Position { since, ..position });
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
    /// Every message with a position up to this one was in earlier batches. A batch is appended when the one before it
    /// is durable in all partitions, so that nobody needs anything up to here again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// By what a topic is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// What `at` counts in a shard of a Kinesis stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardMark>,
}

/// A message that was taken: another one in its place means that this is not what was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its position.
    pub at: u64,
    /// The hash of its bytes and its time.
    pub hash: u64,
}

/// What a position in a shard of a Kinesis stream counts from, and a place of the shard where the count is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardMark {
    /// Shards that were never read begin with what arrived at this time (ms since 1970) or later; without it with the
    /// oldest record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_ms: Option<i64>,
    /// The sequence number of the record with which counting began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The newest place up to which every partition has everything: reading goes on there, whatever `at` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// The end of a batch of a shard that is durable in all partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// How many messages of the shard there were up to here.
    pub at: u64,
    /// The sequence number of the last record.
    pub after: String,
    /// Everything that arrived up to then (ms since 1970) was read.
    pub whole_ms: i64,
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
            since: None,
            mark: None,
            shard: None,
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
    /// the one whose part of the first batch was lost. It never starts before the greatest `since`. Each partition then
    /// skips what it has. Of streams the least record time counts (what is asked for again is only repeated) and the
    /// greatest moment of life.
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
            position.at = position
                .at
                .map(|at| at.max(position.since.unwrap_or_default()));
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
        self.since = self.since.max(other.since);
        self.mark = [self.mark, other.mark]
            .into_iter()
            .flatten()
            .max_by_key(|mark| mark.at);
        match (&mut self.shard, &other.shard) {
            (Some(mark), Some(other)) => mark.advance_to(other),
            (mark @ None, other) => *mark = other.clone(),
            (Some(_), None) => {}
        }
    }
}

impl ShardMark {
    /// What one partition says is settled is so in all of them.
    fn advance_to(&mut self, other: &ShardMark) {
        let at = |mark: &ShardMark| mark.settled.as_ref().map(|settled| settled.at);
        if at(other) > at(self) {
            self.settled.clone_from(&other.settled);
        }
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn position(at: u64, since: u64) -> Position {
        Position {
            at: Some(at),
            since: Some(since),
            mark: Some(Mark { at, hash: at + 1 }),
            ..Position::new("topic")
        }
    }

    fn resumed(partitions: &[&[Position]]) -> Position {
        let resume = Resume::from_partitions(partitions.iter().copied());
        resume.of("topic").unwrap().clone()
    }

    #[test]
    fn what_is_durable_everywhere_is_not_read_again() {
        let (old, new) = (position(100, 90), position(250, 200));
        for (partitions, at) in [
            (vec![vec![new.clone()], vec![new.clone()]], 250),
            // Its part of the last batch may be missing, nothing before it.
            (vec![vec![new.clone()], vec![old.clone()]], 200),
            (vec![vec![old], vec![], vec![new.clone()]], 200),
            (vec![vec![], vec![new.clone()]], 200),
        ] {
            let partitions: Vec<&[Position]> = partitions.iter().map(Vec::as_slice).collect();
            let found = resumed(&partitions);
            assert_eq!((found.at, found.mark), (Some(at), new.mark));
        }
        let mut before = position(10, 0);
        before.since = None;
        assert_eq!(resumed(&[&[before], &[]]).at, Some(0));
    }

    #[test]
    fn batches_kept_together_are_as_old_as_the_first() {
        let batch = |position| Batch {
            items: Vec::new(),
            position: Some(position),
        };
        let mut first = batch(position(20, 10));
        first.extend(batch(position(30, 20)));
        let position = first.position.unwrap();
        assert_eq!((position.at, position.since), (Some(30), Some(10)));
    }
}
