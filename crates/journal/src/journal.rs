//! The journal as a whole, whatever it is made of: opened, appended to, read, closed.

use std::path::Path;

use crate::entry::{self, Entry};
use crate::error::Result;
#[cfg(feature = "kafka")]
use crate::kafka;
#[cfg(feature = "kinesis")]
use crate::kinesis;
use crate::membership::Membership;
use crate::place::Place;
use crate::queue::Pushed;
use crate::reader::Reader;
use crate::receipt::Receipt;
use crate::segments::{self, TornTail};
use crate::{Offset, Options};

/// A journal that is open for appending and reading. It is shared between threads by reference or in an `Arc`.
///
/// Dropping it closes it, as [`Journal::close`] does.
pub struct Journal(Backend);

enum Backend {
    Segments(segments::Journal),
    #[cfg(feature = "kafka")]
    Kafka(kafka::Journal),
    #[cfg(feature = "kinesis")]
    Kinesis(kinesis::Journal),
}

/// The same of every backend.
macro_rules! each {
    ($backend:expr, $journal:ident => $what:expr) => {
        match $backend {
            Backend::Segments($journal) => $what,
            #[cfg(feature = "kafka")]
            Backend::Kafka($journal) => $what,
            #[cfg(feature = "kinesis")]
            Backend::Kinesis($journal) => $what,
        }
    };
}

/// What a partition has done since the journal was opened, and what is waiting. Of a journal that others write too,
/// only this process is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Entries that became durable.
    pub entries: u64,
    /// Bytes written for them.
    pub bytes: u64,
    /// Groups: each was one sync, or one transaction.
    pub groups: u64,
    /// How long the last group took to become durable, in microseconds.
    pub last_commit_us: u64,
    /// Batches that are queued, by all partitions that share the queue.
    pub queue_batches: usize,
    /// Bytes that are queued, likewise.
    pub queue_bytes: usize,
}

impl Journal {
    /// Opens the journal in `dir`, or creates one there. First start and recovery are the same: what an interrupted
    /// write has left is cut off, and [`Journal::torn_tails`] tells of it. Damage before the end is an error.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        segments::Journal::open(dir, options).map(|journal| Self(Backend::Segments(journal)))
    }

    /// Opens the journal on Kafka, or creates one there. An older process that writes it under the same name can write
    /// no more from here on. Blocks, so not on a thread of an async runtime.
    #[cfg(feature = "kafka")]
    pub fn kafka(options: kafka::Options) -> Result<Self> {
        kafka::Journal::open(options).map(|journal| Self(Backend::Kafka(journal)))
    }

    /// Opens the journal on a stream of Kinesis, or creates both. Blocks, so not on a thread of an async runtime.
    #[cfg(feature = "kinesis")]
    pub fn kinesis(options: kinesis::Options) -> Result<Self> {
        kinesis::Journal::open(options).map(|journal| Self(Backend::Kinesis(journal)))
    }

    /// How many partitions there are; they are counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        each!(&self.0, journal => journal.partitions())
    }

    /// The folder, if it is in one.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        match &self.0 {
            Backend::Segments(journal) => Some(journal.dir()),
            #[cfg(feature = "kafka")]
            Backend::Kafka(_) => None,
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(_) => None,
        }
    }

    /// A random number that this journal got when it was created: positions in it mean nothing in another one.
    #[must_use]
    pub fn id(&self) -> u64 {
        each!(&self.0, journal => journal.id())
    }

    /// What opening has cut off; never anything where no file of ours can be torn.
    #[must_use]
    pub fn torn_tails(&self) -> &[TornTail] {
        match &self.0 {
            Backend::Segments(journal) => journal.torn_tails(),
            #[cfg(feature = "kafka")]
            Backend::Kafka(_) => &[],
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(_) => &[],
        }
    }

    /// Queues a batch. It becomes durable as a whole or not at all, its entries one behind the other.
    ///
    /// Blocks while the queue is full, so not on a thread of an async runtime. Batches of one thread keep their order.
    pub fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        entry::check(&batch)?;
        each!(&self.0, journal => journal.append(partition, batch))
    }

    /// As [`Journal::append`], but awaits room in the queue. If the future is dropped before, nothing is queued.
    pub async fn append_async(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        entry::check(&batch)?;
        each!(&self.0, journal => journal.append_async(partition, batch).await)
    }

    /// As [`Journal::append`], but gives the batch back if there is no room in the queue.
    pub fn try_append(&self, partition: u16, batch: Vec<Entry>) -> Result<Pushed> {
        entry::check(&batch)?;
        each!(&self.0, journal => journal.try_append(partition, batch))
    }

    /// A reader of what is durable in a partition, now and later, from an offset on.
    pub fn reader(&self, partition: u16, from: Offset) -> Result<Reader> {
        self.reader_at(partition, &Place::at(from))
    }

    /// A reader from where another one stood ([`Reader::place`]), in this process or in another.
    pub fn reader_at(&self, partition: u16, place: &Place) -> Result<Reader> {
        match &self.0 {
            Backend::Segments(journal) => Ok(journal.reader(partition, place.offset)?.into()),
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => Ok(journal.reader_at(partition, place)?.into()),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(journal) => Ok(journal.reader_at(partition, place)?.into()),
        }
    }

    /// What the partitions have of sources: of each the bodies of the last entries with
    /// [`Route::Position`](crate::Route::Position), one a key. `None` where the journal cannot say, and only what is
    /// counted from it can.
    pub fn positions(&self) -> Result<Option<Vec<Vec<Vec<u8>>>>> {
        match &self.0 {
            Backend::Segments(_) => Ok(None),
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => journal.positions().map(Some),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(_) => Ok(None),
        }
    }

    /// Shares the partitions with the other members of `group`, as `worker`. A journal that one process writes gives
    /// it all of them.
    pub fn join(&self, group: &str, worker: &str) -> Result<Membership> {
        match &self.0 {
            Backend::Segments(journal) => {
                let _ = (group, worker);
                Ok(Membership::alone(journal.partitions()))
            }
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => journal.join(group, worker).map(Membership::kafka),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(journal) => Ok(Membership::alone(journal.partitions())),
        }
    }

    /// One past the last durable entry of a partition.
    pub fn durable_end(&self, partition: u16) -> Result<Offset> {
        each!(&self.0, journal => journal.durable_end(partition))
    }

    /// The first entry that a partition still has.
    pub fn first_offset(&self, partition: u16) -> Result<Offset> {
        each!(&self.0, journal => journal.first_offset(partition))
    }

    /// What a partition has done and what is waiting.
    pub fn figures(&self, partition: u16) -> Result<Figures> {
        each!(&self.0, journal => journal.figures(partition))
    }

    /// Waits no longer for servers that are away: what is not durable soon is answered with an error. A folder has none
    /// to wait for.
    pub fn give_up(&self) {
        match &self.0 {
            Backend::Segments(_) => {}
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => journal.give_up(),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(journal) => journal.give_up(),
        }
    }

    /// Takes nothing more, makes durable what is queued and gives back what is held. The first failure is returned.
    /// Readers read on to the end; a second call does nothing.
    pub fn close(&self) -> Result<()> {
        each!(&self.0, journal => journal.close())
    }
}
