//! The journal as a whole, whatever it is made of: opened, appended to, read, closed.

use std::ops::RangeInclusive;
use std::path::Path;

use tokio::sync::watch;

use crate::capabilities::Capabilities;
use crate::entry::{self, Entry};
use crate::error::{Error, Result};
#[cfg(feature = "kafka")]
use crate::kafka;
#[cfg(feature = "kinesis")]
use crate::kinesis;
use crate::membership::Membership;
use crate::place::Place;
use crate::reader::Reader;
use crate::receipt::Receipt;
use crate::segments::{self, ClosedSegment, TornTail};
use crate::{Figures, Offset, Options};

/// A journal that is open for appending and reading. It is shared between threads by reference or in an `Arc`.
///
/// Dropping it closes it, as [`Journal::close`] does.
pub struct Journal(Backend);

enum Backend {
    Segments(segments::SegmentJournal),
    #[cfg(feature = "kafka")]
    Kafka(kafka::KafkaJournal),
    #[cfg(feature = "kinesis")]
    Kinesis(kinesis::KinesisJournal),
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

impl Journal {
    /// Opens the journal in `dir`, or creates one there. First start and recovery are the same: what an interrupted
    /// write has left is cut off, and [`Journal::torn_tails`] tells of it. Damage before the end is an error.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        segments::SegmentJournal::open(dir, options).map(|journal| Self(Backend::Segments(journal)))
    }

    /// Opens the journal on Kafka, or creates one there. An older process that writes it under the same name can write
    /// no more from here on. Blocks, so not on a thread of an async runtime.
    #[cfg(feature = "kafka")]
    pub fn kafka(options: kafka::Options) -> Result<Self> {
        kafka::KafkaJournal::open(options).map(|journal| Self(Backend::Kafka(journal)))
    }

    /// Opens the journal on a stream of Kinesis, or creates both. Blocks, so not on a thread of an async runtime.
    #[cfg(feature = "kinesis")]
    pub fn kinesis(options: kinesis::Options) -> Result<Self> {
        kinesis::KinesisJournal::open(options).map(|journal| Self(Backend::Kinesis(journal)))
    }

    /// How many partitions there are; they are counted from 0.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        each!(&self.0, journal => journal.partitions())
    }

    /// What it can do and others cannot.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        each!(&self.0, journal => journal.capabilities())
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
    /// A queued batch waits for room on the disk, or for servers that are away, as long as it takes: see
    /// [`Journal::waiting`].
    ///
    /// # Errors
    /// When the batch is longer than the journal takes, the partition does not exist, or the journal takes no more.
    pub fn append(&self, partition: u16, batch: Vec<Entry>) -> Result<Receipt> {
        entry::check(&batch)?;
        each!(&self.0, journal => journal.append(partition, batch))
    }

    /// Says what the numbers of sources in appended entries mean, before an entry of the source is appended. A journal
    /// that several processes write keeps names, because numbers are one process's own, and its readers number the
    /// sources in their order of appearance. The others keep the numbers and do nothing here.
    pub fn name_source(&self, number: u16, name: &str) {
        match &self.0 {
            Backend::Segments(_) => {
                let _ = (number, name);
            }
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => journal.name_source(number, name),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(_) => {}
        }
    }

    /// The first kind of the records of a schema that needs `count` of them, one after the other. A schema that has none
    /// yet gets the first free ones of `within`; the journal's identity remembers that, so of several processes that ask at the
    /// same time no two get the same kinds for different schemas. Durable when it returns. Blocks, so not on a thread of an
    /// async runtime.
    ///
    /// # Errors
    /// When too few kinds are left, the schema has another number of them already, or the identity cannot be written.
    pub fn register_kinds(
        &self,
        schema: &str,
        count: u8,
        within: RangeInclusive<u8>,
    ) -> Result<u8> {
        each!(&self.0, journal => journal.register_kinds(schema, count, &within))
    }

    /// What appends are waiting for at the moment: room on the disk, or servers that are away. The text is a sentence
    /// for people. Whoever appends need do nothing about it; the wait ends by itself, or by [`Journal::give_up`].
    #[must_use]
    pub fn waiting(&self) -> watch::Receiver<Option<String>> {
        each!(&self.0, journal => journal.waiting())
    }

    /// Holds appends back for a reason, a sentence for people, as a full disk would; `None` lets them go on. A journal that
    /// is not local has no use for it and does nothing.
    pub fn hold(&self, reason: Option<String>) {
        match &self.0 {
            Backend::Segments(journal) => journal.hold(reason),
            #[cfg(any(feature = "kafka", feature = "kinesis"))]
            _ => {}
        }
    }

    /// Checks that the folders of a local journal are still the ones that were opened. If they are not, it takes nothing
    /// more.
    ///
    /// # Errors
    /// [`Error::Moved`] says which folder is gone.
    pub fn check_folders(&self) -> Result<()> {
        match &self.0 {
            Backend::Segments(journal) => journal.check_folders(),
            #[cfg(any(feature = "kafka", feature = "kinesis"))]
            _ => Ok(()),
        }
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

    /// What the partitions have of sources: of each partition the bodies of the last entries that have a key and stand in
    /// no topic, one a key.
    ///
    /// # Errors
    /// [`Error::NoPositions`] where it cannot say ([`Capabilities::keeps_positions`]): there, only what is counted from the
    /// journal can.
    pub fn positions(&self) -> Result<Vec<Vec<Vec<u8>>>> {
        match &self.0 {
            Backend::Segments(_) => Err(Error::NoPositions),
            #[cfg(feature = "kafka")]
            Backend::Kafka(journal) => journal.positions(),
            #[cfg(feature = "kinesis")]
            Backend::Kinesis(_) => Err(Error::NoPositions),
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

    /// The segments of a partition that are complete, the oldest first, and the bytes of the one that is written to. A
    /// journal that is not local has none.
    ///
    /// # Errors
    /// When there is no such partition.
    pub fn closed_segments(&self, partition: u16) -> Result<(Vec<ClosedSegment>, u64)> {
        match &self.0 {
            Backend::Segments(journal) => journal.closed_segments(partition),
            #[cfg(any(feature = "kafka", feature = "kinesis"))]
            _ => Ok((Vec::new(), 0)),
        }
    }

    /// Deletes the segments of a partition that end at `offset` or before, for ever. Every reader must have read what is
    /// deleted. What a crash leaves of this is done when the journal is opened the next time. A journal that is not local
    /// has none.
    ///
    /// # Errors
    /// When the mark of the partition cannot be made durable, and then nothing is deleted, or when a file cannot be removed.
    pub fn delete_before(&self, partition: u16, offset: Offset) -> Result<()> {
        match &self.0 {
            Backend::Segments(journal) => journal.delete_before(partition, offset),
            #[cfg(any(feature = "kafka", feature = "kinesis"))]
            _ => Ok(()),
        }
    }

    /// What a partition has done and what is waiting.
    pub fn figures(&self, partition: u16) -> Result<Figures> {
        each!(&self.0, journal => journal.figures(partition))
    }

    /// Waits no longer for room on the disk or for servers that are away: what is not durable soon is answered with an
    /// error, and nothing is taken after it.
    pub fn give_up(&self) {
        each!(&self.0, journal => journal.give_up());
    }

    /// Takes nothing more, makes durable what is queued and gives back what is held. The first failure is returned.
    /// Readers read on to the end; a second call does nothing.
    pub fn close(&self) -> Result<()> {
        each!(&self.0, journal => journal.close())
    }
}
