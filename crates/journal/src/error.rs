//! What can go wrong, each with what happened, where, and the way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Offset;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the journal could not do what it was asked.
///
/// It is `Clone` because one failed sync answers every receipt of its group.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file operation failed while opening, creating or reading; the cause is the source.
    #[error("{action} {}", path.display())]
    Io {
        /// The verb of the phrase, such as `open`.
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// Another process writes to this journal.
    #[error("the journal {} is in use by {}; stop it first, or use a folder of its own", path.display(), Owner(*pid))]
    Locked {
        /// The journal's folder.
        path: PathBuf,
        /// The other process, if it said so.
        pid: Option<u32>,
    },
    /// There is no journal in this folder, or its description is missing or damaged.
    #[error("{} is not a journal: {reason}", path.display())]
    NotAJournal {
        /// The folder or the file that was looked at.
        path: PathBuf,
        /// What was expected there.
        reason: String,
    },
    /// The journal was written in a format that this program does not read.
    #[error("{} has format version {found}, this program reads {supported}; {}", path.display(), way_out(*found, *supported))]
    Version {
        /// The file that says so.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        supported: u32,
    },
    /// The number of partitions is fixed when a journal is created.
    #[error("the journal {} has {found} partitions, not {asked}; leave the number out, or give a new journal another folder or name", path.display())]
    Partitions {
        /// The journal's folder.
        path: PathBuf,
        /// How many it has.
        found: u16,
        /// How many the options asked for.
        asked: u16,
    },
    /// An option lies outside its range.
    #[error("{0}")]
    Option(String),
    /// Bytes that were durable once are not what was written. Nothing is skipped.
    #[error(
        "segment {}: {damage} at byte {byte} (run `headcount journal verify` to see all damage, and `headcount rebuild`, which takes from the archive what cannot be read, or restore a backup)",
        segment.display()
    )]
    Corrupt {
        /// The segment's file.
        segment: PathBuf,
        /// Where its first bad frame (or header) begins.
        byte: u64,
        /// What is wrong there.
        damage: Damage,
    },
    /// Entries that were durable are gone from the beginning or the end of a partition.
    #[error(
        "partition {partition} of the journal {} has lost the entries {from} to {last}: {reason} (run `headcount rebuild`: it \
         restores what the archive has, and says what it cannot restore)",
        journal.display()
    )]
    Lost {
        /// The journal's folder.
        journal: PathBuf,
        /// The partition.
        partition: u16,
        /// The first entry that is missing.
        from: Offset,
        /// The last entry that is missing, as far as is known.
        last: Offset,
        /// How that is known.
        reason: String,
    },
    /// The disk is full, and room is waited for no longer ([`Journal::give_up`](crate::Journal::give_up)). Nothing of the
    /// batch was kept.
    #[error("no room to append to {}: {cause}; free some space", path.display())]
    Full {
        /// The segment that was to be written.
        path: PathBuf,
        /// What the operating system said.
        cause: Arc<io::Error>,
    },
    /// A write or sync failed in a way that leaves open what is on the disk. A failed sync is never
    /// tried again, for the kernel may then report success for pages it has dropped.
    #[error(
        "partition {partition} accepts no more entries, because the operation `{action} {}` failed: {cause}; restart headcount, which recovers what is on the disk",
        path.display()
    )]
    Poisoned {
        /// The partition.
        partition: u16,
        /// What failed.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        cause: Arc<io::Error>,
    },
    /// A stream is not as it must be, or does not answer; a sentence.
    #[cfg(feature = "kinesis")]
    #[error("{0}")]
    Stream(String),
    /// The service refused a call, or could not be reached for long.
    #[cfg(feature = "kinesis")]
    #[error(transparent)]
    Kinesis(#[from] headcount_kinesis::Error),
    /// The folder of the journal is not at its place any more.
    #[error(
        "{}: {what} while headcount used it as a journal, so nothing more is stored there; what was stored went with the folder: put it back and start headcount again",
        path.display()
    )]
    Moved {
        /// Where the folder was.
        path: PathBuf,
        /// What became of it, as a part of a sentence.
        what: &'static str,
    },
    /// The journal has been closed, and all that was durable has been read.
    #[error("the journal is closed")]
    Closed,
    /// There is no such partition.
    #[error("partition {partition} does not exist: the journal has {partitions} partitions")]
    NoPartition {
        /// The one asked for.
        partition: u16,
        /// How many there are, counted from 0.
        partitions: u16,
    },
    /// A body or a batch is longer than the journal takes.
    #[error("{what} of {bytes} bytes exceeds the limit of {max} bytes")]
    TooLong {
        /// `body` or `batch`.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The greatest length.
        max: usize,
    },
    /// The journal does not keep positions of sources.
    #[error(
        "this journal does not record how far headcount has read its sources; run one process that ingests and processes: leave out --role"
    )]
    NoPositions,
    /// Kind 255 is the journal's own.
    #[error("the journal reserves kind 255; use another kind for control entries")]
    ReservedKind,
    /// The journal has given away all kinds that schemas may have.
    #[error(
        "this journal has no kinds left for records of the schema {schema:?}, which needs {count}; start a new journal in another folder or under another name"
    )]
    NoKindsLeft {
        /// The text that stands for the schema.
        schema: String,
        /// How many kinds it needs.
        count: u8,
    },
    /// A schema has another number of kinds than when the journal gave it its kinds.
    #[error(
        "the schema {schema:?} has {found} kinds in this journal, not {asked}; use the version of headcount that wrote the journal, or start a new journal in another folder or under another name"
    )]
    KindCount {
        /// The text that stands for the schema.
        schema: String,
        /// How many kinds it has in the journal.
        found: u8,
        /// How many were asked for.
        asked: u8,
    },
    /// A position that the journal has not reached: the caller has read more than the journal holds.
    #[error(
        "partition {partition} ends at offset {end}, but a reader asked for offset {asked}: the journal has lost entries or is a different one; restore it, or import the archive (raw/ in the lake) into a journal of another name"
    )]
    BeyondEnd {
        /// The partition.
        partition: u16,
        /// The offset asked for.
        asked: Offset,
        /// One past the last durable entry.
        end: Offset,
    },
    /// A position before the first entry that is kept.
    #[error(
        "partition {partition} begins at offset {first}; the journal no longer keeps offset {asked}, which a reader asked for"
    )]
    BeforeStart {
        /// The partition.
        partition: u16,
        /// The offset asked for.
        asked: Offset,
        /// The first offset that is kept.
        first: Offset,
    },
    /// There is no journal where one is to be read, and this process does not make any.
    #[error(
        "there is no journal at {journal} yet; an ingesting process or `headcount import` creates it; if it should exist, check the name"
    )]
    NoJournal {
        /// Its address.
        journal: String,
    },
    /// A cluster refuses a request or does not answer. Queued batches are safe: appends wait by themselves.
    #[error("{action} {place}: {reason}")]
    Cluster {
        /// The verb of the phrase, such as `read`.
        action: &'static str,
        /// What it was done to.
        place: String,
        /// What the cluster, or the library that talks to it, said.
        reason: String,
    },
    /// A topic cannot be a part of a journal as it is.
    #[error("topic {topic}: {reason}")]
    Topic {
        /// The topic.
        topic: String,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// Another process has opened the journal under the same name, later than this one.
    #[error(
        "another process now writes to the journal {journal} as worker {worker}, so this one accepts no more entries; stop one of them, or give each process its own name"
    )]
    Fenced {
        /// The journal.
        journal: String,
        /// The name that both have.
        worker: String,
    },
    /// What was to be read has been deleted.
    #[error(
        "partition {partition} of {topic} begins at {first}, but headcount needs the message at {asked}: retention or a person has deleted it; set retention.ms=-1, and import the archive (raw/ in the lake) into a journal of another name"
    )]
    Deleted {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u16,
        /// What was to be read; a place in the topic.
        asked: i64,
        /// The first that is there.
        first: i64,
    },
    /// What had been read before is not there any more: the topic has gone back.
    #[error(
        "partition {partition} of {topic} ends at {end}, but headcount had read it up to {asked}: somebody recreated the topic, or it has lost records; restore it, or import the archive (raw/ in the lake) into a journal of another name"
    )]
    WentBack {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u16,
        /// How far it had been read.
        asked: i64,
        /// Where it ends.
        end: i64,
    },
    /// Where a message had been read there is another one now.
    #[error(
        "partition {partition} of {topic} has a different message at {offset} than before: somebody recreated the topic; restore it, or import the archive (raw/ in the lake) into a journal of another name"
    )]
    Replaced {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u16,
        /// The place of the message.
        offset: i64,
    },
    /// A message in a topic is not what belongs there. Nothing is skipped.
    #[error(
        "partition {partition} of {topic}, message {offset}: {reason}; only headcount may write to this topic"
    )]
    Message {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u16,
        /// The place of the message.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal was opened for reading only.
    #[error("the journal was opened for reading; open it for writing to append")]
    NotWriting,
}

#[cfg(feature = "kafka")]
impl Error {
    pub(crate) fn cluster(
        action: &'static str,
        place: &dyn fmt::Display,
        reason: &dyn fmt::Display,
    ) -> Self {
        Self::Cluster {
            action,
            place: place.to_string(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn topic(topic: &str, reason: String) -> Self {
        Self::Topic {
            topic: topic.to_owned(),
            reason,
        }
    }

    pub(crate) fn message(topic: &str, partition: u16, offset: i64, reason: String) -> Self {
        Self::Message {
            topic: topic.to_owned(),
            partition,
            offset,
            reason,
        }
    }

    /// Of a topic that is there from `first` up to `end`, `asked` lies outside.
    pub(crate) fn not_there(topic: &str, partition: u16, asked: i64, first: i64, end: i64) -> Self {
        let topic = topic.to_owned();
        match asked < first {
            true => Self::Deleted {
                topic,
                partition,
                asked,
                first,
            },
            false => Self::WentBack {
                topic,
                partition,
                asked,
                end,
            },
        }
    }
}

impl Error {
    /// Whether the same call may succeed later: when servers that are away now are back, or there is room again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Cluster { .. } | Self::Full { .. })
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }

    pub(crate) fn not_a_journal(path: &Path, reason: impl Into<String>) -> Self {
        Self::NotAJournal {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn corrupt(segment: &Path, byte: u64, damage: Damage) -> Self {
        Self::Corrupt {
            segment: segment.to_owned(),
            byte,
            damage,
        }
    }
}

/// A file operation that failed while appending, and so has to be judged.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) action: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) cause: io::Error,
}

impl Failure {
    pub(crate) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self {
            action,
            path: path.to_owned(),
            cause,
        }
    }

    /// True if nothing but room was lacking: the file is as it was, and there may be room later. Never for a sync,
    /// after which nothing is known, nor for a truncation, which is how a file becomes again as it was.
    pub(crate) fn is_full(&self) -> bool {
        !matches!(self.action, "sync" | "truncate") && is_full(&self.cause)
    }

    pub(crate) fn into_error(self, partition: u16) -> Error {
        let full = self.is_full();
        let Self {
            action,
            path,
            cause,
        } = self;
        let cause = Arc::new(cause);
        if full {
            return Error::Full { path, cause };
        }
        Error::Poisoned {
            partition,
            action,
            path,
            cause,
        }
    }

    pub(crate) fn into_io(self) -> Error {
        Error::io(self.action, &self.path)(self.cause)
    }
}

/// A disk without blocks, a quota, a size limit, or no file handles left.
fn is_full(e: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(
        e.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::WriteZero
    ) || matches!(e.raw_os_error(), Some(ENFILE | EMFILE))
}

/// What to do with a journal of another format. Its archive and the recordings are formats that are read for ever.
pub(crate) fn way_out(found: u32, supported: u32) -> &'static str {
    if found < supported {
        "import the archive (raw/ in the lake) or the recordings into a new journal, in another folder or under another \
         name, or use the version of headcount that wrote this one"
    } else {
        "use the version of headcount that wrote it, or a newer one"
    }
}

struct Owner(Option<u32>);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => write!(f, "another process"),
        }
    }
}

/// What is wrong with a frame or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The header is not one of a segment.
    #[error("no segment header")]
    Header,
    /// The header is whole, but of another segment, partition or journal.
    #[error("the header of another segment")]
    Foreign,
    /// The header does not continue where the segment before it ended.
    #[error("no continuation of the segment before")]
    Link,
    /// Zeros where a frame belongs.
    #[error("zeros instead of a frame")]
    Blank,
    /// A length that no frame has.
    #[error("an impossible length of {0}")]
    Length(u32),
    /// The frame ends after the file, or after the segment's last group.
    #[error("a frame cut short")]
    CutShort,
    /// The checksum differs.
    #[error("checksum differs")]
    Checksum,
    /// A whole frame, but not the one that belongs here.
    #[error("offset {found} instead of {expected}")]
    Offset {
        /// The offset that belongs here.
        expected: Offset,
        /// The offset that stands here.
        found: Offset,
    },
    /// A whole frame that does not follow the frame before it.
    #[error("a frame that does not follow the one before")]
    Chain,
    /// A sync frame that does not fit its group.
    #[error("a sync frame of another group")]
    Sync,
}
