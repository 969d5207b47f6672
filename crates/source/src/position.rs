//! From where a source can go on, and what the program has stored of that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the stored form. Version 1 had no number, and one optional member for every source ever written.
const STORED_VERSION: u32 = 2;

/// From where a source can go on. Stored as JSON with every batch.
///
/// A source that can be read again exactly (a file, the simulation, a topic) counts in `at`, and `of` says in what: the
/// content of the file, the seed of the simulation. Positions with different `of` have nothing to do with each other. A
/// stream has no `at`: what it sends again is told apart by the winners, and its messages are never skipped.
///
/// The stored form bears a version. One of another version is refused with a sentence: a member that is misread would
/// lose records without a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Stored")]
pub struct Position {
    /// What this is a position in.
    pub of: String,
    /// Every message with a position up to this one was brought.
    pub at: Option<u64>,
    /// What else the source needs to go on.
    pub state: ResumeState,
}

/// What a source needs to go on, beside the count of its messages. One variant a source; all times are ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum ResumeState {
    /// A file that is known by its content; `at` counts its bytes.
    File,
    /// A file that is followed as it grows; `at` counts its bytes.
    FollowedFile {
        /// The number of the line at `at` (from 1), for error messages.
        line: u64,
    },
    /// The simulation; `at` counts its records.
    Simulation {
        /// Where it began.
        start_ms: i64,
    },
    /// An HTTP stream.
    Http {
        /// The server is asked to go on shortly before this time: the greatest of a record that the program admits, but
        /// not later than the record arrived. `None` as long as there was no such record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor_ms: Option<i64>,
        /// When the stream was last known to be alive: a gap begins here.
        seen_ms: i64,
    },
    /// A WebSocket.
    WebSocket {
        /// When the stream was last known to be alive: a gap begins here.
        seen_ms: i64,
    },
    /// A partition of a topic of Kafka; `at` is one past the last offset that was taken.
    Kafka {
        /// Every message with a position up to this one was in earlier batches. A batch is appended when the one before
        /// it is durable in all partitions, so that nobody needs anything up to here again.
        since: u64,
        /// By what the topic is known again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<Mark>,
        /// When the source was started for the first time, if that is where it began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start_ms: Option<i64>,
        /// When it was last read: a gap begins here.
        seen_ms: i64,
    },
    /// A shard of a stream of Kinesis; `at` counts its messages.
    Kinesis(ShardMark),
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
    pub(crate) fn new(of: impl Into<String>, at: Option<u64>, state: ResumeState) -> Self {
        Position {
            of: of.into(),
            at,
            state,
        }
    }

    /// The position after two batches that are kept in one append.
    pub(crate) fn followed_by(self, mut next: Position) -> Position {
        // What was in earlier batches was so before the first of the two.
        if let (ResumeState::Kafka { since: first, .. }, ResumeState::Kafka { since, .. }) =
            (self.state, &mut next.state)
        {
            *since = first;
        }
        next
    }

    /// When the stream or topic was last known to be alive.
    pub(crate) fn seen_ms(&self) -> Option<i64> {
        match self.state {
            ResumeState::Http { seen_ms, .. }
            | ResumeState::WebSocket { seen_ms }
            | ResumeState::Kafka { seen_ms, .. } => Some(seen_ms),
            ResumeState::File
            | ResumeState::FollowedFile { .. }
            | ResumeState::Simulation { .. }
            | ResumeState::Kinesis(_) => None,
        }
    }

    /// The position from which nothing is missed that either of two partitions lacks.
    fn retreat_to(&mut self, other: &Position) {
        let is_earlier = other.at < self.at;
        if is_earlier {
            self.at = other.at;
        }
        self.state.retreat_to(&other.state, is_earlier);
    }

    /// A partition knows nothing of it: it may be the one whose part of the first batch was lost.
    fn retreat_to_the_beginning(&mut self) {
        self.at = self.at.map(|_| 0);
        if let ResumeState::FollowedFile { line } = &mut self.state {
            *line = 1;
        }
    }

    /// Goes forward over what no partition lacks.
    fn skip_what_is_durable(&mut self) {
        if let ResumeState::Kafka { since, .. } = self.state {
            self.at = self.at.map(|at| at.max(since));
        }
    }
}

impl ResumeState {
    /// Both are of the same `of`, and so of the same source.
    fn retreat_to(&mut self, other: &ResumeState, is_earlier: bool) {
        match (self, other) {
            (ResumeState::FollowedFile { line }, ResumeState::FollowedFile { line: other })
                if is_earlier =>
            {
                *line = *other;
            }
            (
                ResumeState::Http { cursor_ms, seen_ms },
                ResumeState::Http {
                    cursor_ms: other_cursor_ms,
                    seen_ms: other_seen_ms,
                },
            ) => {
                // What is asked for again is only repeated.
                *cursor_ms = least(*cursor_ms, *other_cursor_ms);
                *seen_ms = *other_seen_ms.max(seen_ms);
            }
            (
                ResumeState::WebSocket { seen_ms },
                ResumeState::WebSocket {
                    seen_ms: other_seen_ms,
                },
            ) => *seen_ms = *other_seen_ms.max(seen_ms),
            (
                ResumeState::Kafka {
                    since,
                    mark,
                    start_ms,
                    seen_ms,
                },
                ResumeState::Kafka {
                    since: other_since,
                    mark: other_mark,
                    start_ms: other_start_ms,
                    seen_ms: other_seen_ms,
                },
            ) => {
                *since = *other_since.max(since);
                *mark = [*mark, *other_mark]
                    .into_iter()
                    .flatten()
                    .max_by_key(|mark| mark.at);
                *start_ms = start_ms.or(*other_start_ms);
                *seen_ms = *other_seen_ms.max(seen_ms);
            }
            (ResumeState::Kinesis(mark), ResumeState::Kinesis(other)) => mark.advance_to(other),
            _ => {}
        }
    }
}

fn least(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
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

/// A position as it stands in a journal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    state: ResumeState,
}

/// Why a stored position cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PositionError {
    /// It was written by another headcount.
    #[error(
        "the position that was stored for {of} has format {version}, and this headcount reads format \
         {STORED_VERSION}: keep the journal for the headcount that wrote it, and give this one another"
    )]
    Version {
        /// What it is a position in.
        of: String,
        /// The version of its format.
        version: u64,
    },
    /// It is not what its version says.
    #[error("the position that was stored for {of} cannot be read: {cause}")]
    Malformed {
        /// What it is a position in.
        of: String,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl From<Position> for Stored {
    fn from(position: Position) -> Self {
        Stored {
            version: STORED_VERSION,
            of: position.of,
            at: position.at,
            state: position.state,
        }
    }
}

impl TryFrom<Value> for Position {
    type Error = PositionError;

    fn try_from(value: Value) -> Result<Self, PositionError> {
        let of = || value["of"].as_str().unwrap_or("a source").to_owned();
        let version = value["version"].as_u64().unwrap_or(1);
        if version != u64::from(STORED_VERSION) {
            return Err(PositionError::Version { of: of(), version });
        }
        let stored = Stored::deserialize(&value)
            .map_err(|cause| PositionError::Malformed { of: of(), cause })?;
        Ok(Position {
            of: stored.of,
            at: stored.at,
            state: stored.state,
        })
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
    /// the one whose part of the first batch was lost. It never starts before what is durable everywhere. Each partition
    /// then skips what it has. Of streams the least cursor counts (what is asked for again is only repeated) and the
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
            if *seen < partitions_count {
                position.retreat_to_the_beginning();
            }
            position.skip_what_is_durable();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::message::Batch;

    fn position(at: u64, since: u64) -> Position {
        let state = ResumeState::Kafka {
            since,
            mark: Some(Mark { at, hash: at + 1 }),
            start_ms: None,
            seen_ms: 0,
        };
        Position::new("topic", Some(at), state)
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
            let ResumeState::Kafka { mark, .. } = found.state else {
                panic!("{found:?}")
            };
            assert_eq!(
                (found.at, mark),
                (Some(at), Some(Mark { at: 250, hash: 251 }))
            );
        }
    }

    #[test]
    fn batches_kept_together_are_as_old_as_the_first() {
        let batch = |position| Batch {
            items: Vec::new(),
            position: Some(position),
        };
        let mut first = batch(position(20, 10));
        first.extend(batch(position(30, 20)));
        let mut expected = position(30, 10);
        let ResumeState::Kafka { mark, .. } = &mut expected.state else {
            panic!()
        };
        *mark = Some(Mark { at: 30, hash: 31 });
        assert_eq!(first.position, Some(expected));
    }

    #[test]
    fn of_streams_the_least_cursor_and_the_latest_sign_of_life_count() {
        let at = |cursor_ms, seen_ms| {
            [Position::new(
                "topic",
                None,
                ResumeState::Http { cursor_ms, seen_ms },
            )]
        };
        let merged = resumed(&[&at(Some(7), 10), &at(None, 30), &at(Some(5), 20), &[]]);
        assert_eq!(
            merged.state,
            ResumeState::Http {
                cursor_ms: Some(5),
                seen_ms: 30
            }
        );
        assert_eq!(merged.at, None);
    }

    #[test]
    fn a_followed_file_goes_on_at_the_line_of_the_least_position() {
        let at = |at, line| {
            [Position::new(
                "topic",
                Some(at),
                ResumeState::FollowedFile { line },
            )]
        };
        let merged = resumed(&[&at(90, 9), &at(50, 5), &at(70, 7)]);
        assert_eq!(
            (merged.at, merged.state),
            (Some(50), ResumeState::FollowedFile { line: 5 })
        );
        let merged = resumed(&[&at(90, 9), &[]]);
        assert_eq!(
            (merged.at, merged.state),
            (Some(0), ResumeState::FollowedFile { line: 1 })
        );
    }

    /// Every source's position, as it stands in journals: these texts must stay readable.
    #[test]
    fn what_is_stored_is_read_again() {
        let table = [
            json!({"version": 2, "of": "file:ab", "at": 7, "state": {"source": "file"}}),
            json!({"version": 2, "of": "follow:x", "at": 7, "state": {"source": "followed_file", "line": 2}}),
            json!({"version": 2, "of": "sim:", "at": 7, "state": {"source": "simulation", "start_ms": 5}}),
            json!({"version": 2, "of": "http://h/", "state": {"source": "http", "cursor_ms": 4, "seen_ms": 5}}),
            json!({"version": 2, "of": "http://h/", "state": {"source": "http", "seen_ms": 5}}),
            json!({"version": 2, "of": "ws://h/", "state": {"source": "web_socket", "seen_ms": 5}}),
            json!({"version": 2, "of": "kafka:c/t/0", "at": 7, "state":
                {"source": "kafka", "since": 3, "mark": {"at": 7, "hash": u64::MAX}, "start_ms": 1, "seen_ms": 5}}),
            json!({"version": 2, "of": "kinesis://r/s@1 shard-0", "at": 7, "state":
                {"source": "kinesis", "begun_ms": 1, "first": "49", "settled": {"at": 6, "after": "50", "whole_ms": 9}}}),
        ];
        for stored in table {
            let position: Position = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(serde_json::to_value(&position).unwrap(), stored);
        }
    }

    #[test]
    fn another_format_is_refused_with_a_sentence() {
        for (stored, part) in [
            (
                json!({"of": "http://h/", "mtime_ms": 4, "seen_ms": 5}),
                "for http://h/ has format 1, and this headcount reads format 2: keep the journal for",
            ),
            (json!({"version": 3, "of": "sim:"}), "for sim: has format 3"),
            (
                json!({"version": 2, "of": "x", "state": {"source": "pigeon"}}),
                "for x cannot be read: unknown variant `pigeon`",
            ),
            (
                json!({"version": 2, "of": "x", "at": -1, "state": {"source": "file"}}),
                "for x cannot be read",
            ),
        ] {
            let error = serde_json::from_value::<Position>(stored)
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
