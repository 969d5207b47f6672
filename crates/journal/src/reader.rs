//! Reading what is durable, in order, from any offset, whatever the journal is made of.

use std::time::Duration;

use crate::batch::Batch;
use crate::error::Result;
#[cfg(feature = "kafka")]
use crate::kafka;
#[cfg(feature = "kinesis")]
use crate::kinesis;
use crate::place::Place;
use crate::read_waker::ReadWaker;
use crate::{Offset, segments};

/// Reads one partition. It is independent of all other readers and of the writers, and never sees what is not yet
/// durable. What it hands out is the same for every reader, for ever.
pub struct Reader(ReaderBackend);

enum ReaderBackend {
    Segments(Box<segments::SegmentReader>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::KafkaReader>),
    #[cfg(feature = "kinesis")]
    Kinesis(Box<kinesis::KinesisReader>),
}

/// The same of every backend.
macro_rules! each {
    ($backend:expr, $reader:ident => $what:expr) => {
        match $backend {
            ReaderBackend::Segments($reader) => $what,
            #[cfg(feature = "kafka")]
            ReaderBackend::Kafka($reader) => $what,
            #[cfg(feature = "kinesis")]
            ReaderBackend::Kinesis($reader) => $what,
        }
    };
}

impl Reader {
    /// Reads the next entries into `batch`, in place of those it held: as many as fit in `max_bytes`, but at least
    /// one. If there is none, waits for up to `timeout`, or until its [waker](Reader::waker) is used. Returns their number,
    /// 0 if none came.
    ///
    /// After damage the entries before it are returned, and then the error for ever: nothing is skipped.
    /// At the end of a journal that has been closed, or of a read-only view, [`Error::Closed`](crate::Error::Closed);
    /// of a partition that takes nothing more, [`Error::Poisoned`](crate::Error::Poisoned).
    pub fn read(
        &mut self,
        batch: &mut Batch,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<usize> {
        each!(&mut self.0, reader => reader.read(batch, max_bytes, timeout))
    }

    /// What ends a wait in [`Reader::read`] from another thread.
    #[must_use]
    pub fn waker(&self) -> ReadWaker {
        each!(&self.0, reader => reader.waker())
    }

    /// The offset of the next entry.
    #[must_use]
    pub fn position(&self) -> Offset {
        each!(&self.0, reader => reader.position())
    }

    /// Where it stands, to begin there again with [`Journal::reader_at`](crate::Journal::reader_at).
    #[must_use]
    pub fn place(&self) -> Place {
        each!(&self.0, reader => reader.place())
    }

    /// The partition that is read.
    #[must_use]
    pub fn partition(&self) -> u16 {
        each!(&self.0, reader => reader.partition())
    }

    /// One past the last durable entry, as far as the reader knows without asking anybody: in a journal that others
    /// write too there may be more, which [`Reader::behind`] finds out.
    #[must_use]
    pub fn durable_end(&self) -> Offset {
        each!(&self.0, reader => reader.durable_end())
    }

    /// How far it is behind: 0 when everything that was durable at the moment of asking has been read. Otherwise how
    /// many entries are missing, or where that is not known, an estimate greater than 0.
    pub fn behind(&mut self) -> Result<u64> {
        each!(&mut self.0, reader => reader.behind())
    }

    /// Whether it has read everything that was durable when it was opened. Of a journal that is written all the time
    /// that is true at some time, while [`Reader::behind`] may never be 0.
    pub fn caught_up(&mut self) -> Result<bool> {
        match &mut self.0 {
            #[cfg(feature = "kafka")]
            ReaderBackend::Kafka(reader) => reader.caught_up(),
            other => Ok(each!(other, reader => reader.behind())? == 0),
        }
    }
}

impl From<segments::SegmentReader> for Reader {
    fn from(reader: segments::SegmentReader) -> Self {
        Self(ReaderBackend::Segments(Box::new(reader)))
    }
}

#[cfg(feature = "kafka")]
impl From<kafka::KafkaReader> for Reader {
    fn from(reader: kafka::KafkaReader) -> Self {
        Self(ReaderBackend::Kafka(Box::new(reader)))
    }
}

#[cfg(feature = "kinesis")]
impl From<kinesis::KinesisReader> for Reader {
    fn from(reader: kinesis::KinesisReader) -> Self {
        Self(ReaderBackend::Kinesis(Box::new(reader)))
    }
}
