//! From where a source can go on.

mod resume;
mod stored;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::resume::Resume;
pub use self::stored::PositionError;
use self::stored::Stored;

/// From where a source can go on. Stored as JSON with every batch.
///
/// A source that can be read again exactly (a file, the simulation, a topic) counts in `at`, and `of` says in what: the
/// content of the file, the seed of the simulation. Positions with different `of` have nothing to do with each other. A
/// stream has no `at`: what it sends again is told apart by the winners, and its messages are never skipped.
///
/// The stored form carries a version. A position of another version is an error: a misread member would lose records
/// silently.
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
        /// By what the file is known again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<FileMark>,
        /// When it was last read: a gap begins here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen_ms: Option<i64>,
    },
    /// The simulation; `at` counts its records.
    Simulation {
        /// Where it began.
        start_ms: i64,
    },
    /// An HTTP stream.
    Http {
        /// The server is asked to go on shortly before this time, which records that the program admits have reached; it
        /// is never later than they arrived. `None` as long as there were too few.
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
        /// it is durable in all partitions, so that no partition needs anything up to here again.
        since: u64,
        /// By what the topic is known again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<RecordMark>,
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
pub struct RecordMark {
    /// Its position.
    pub at: u64,
    /// The hash of its bytes and its time.
    pub hash: u64,
}

/// A place in a file up to which it was read: other bytes before it mean that this is not the file that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    /// How many bytes were read.
    pub at: u64,
    /// The hash of the last of them, 1 KiB at most.
    pub hash: u64,
    /// The file's number in its file system.
    pub inode: u64,
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

    /// Whether it says that all batches before its own are durable in every partition. Then nobody may append the batch
    /// before that is so.
    pub fn claims_durable(&self) -> bool {
        matches!(self.state, ResumeState::Kafka { .. })
    }

    /// When the stream or topic was last known to be alive.
    pub(crate) fn seen_ms(&self) -> Option<i64> {
        match self.state {
            ResumeState::Http { seen_ms, .. }
            | ResumeState::WebSocket { seen_ms }
            | ResumeState::Kafka { seen_ms, .. } => Some(seen_ms),
            ResumeState::FollowedFile { seen_ms, .. } => seen_ms,
            ResumeState::File | ResumeState::Simulation { .. } | ResumeState::Kinesis(_) => None,
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
        if let ResumeState::FollowedFile { line, .. } = &mut self.state {
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
            (
                ResumeState::FollowedFile {
                    line,
                    mark,
                    seen_ms,
                },
                ResumeState::FollowedFile {
                    line: other_line,
                    mark: other_mark,
                    seen_ms: other_seen_ms,
                },
            ) => {
                if is_earlier {
                    *line = *other_line;
                }
                // The file is known best by what was read of it last.
                *mark = [*mark, *other_mark]
                    .into_iter()
                    .flatten()
                    .max_by_key(|mark| mark.at);
                *seen_ms = *other_seen_ms.max(seen_ms);
            }
            (
                ResumeState::Http { cursor_ms, seen_ms },
                ResumeState::Http {
                    cursor_ms: other_cursor_ms,
                    seen_ms: other_seen_ms,
                },
            ) => {
                // Requesting too early a time only repeats records.
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
