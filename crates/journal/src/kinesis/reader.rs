//! Reading a partition of a stream, in order, from any offset.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::assembly::{PackedBatch, ResumePoint};
use super::journal::KinesisContext;
use super::prefetch::{Prefetch, Prefetched};
use super::record;
use crate::batch::Batch;
use crate::entry::Frame;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::read_waker::{Interrupt, ReadWaker};
use crate::{Entry, Offset};

/// How long the stream may take to say where it ends.
const TIP_LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct KinesisReader {
    context: Arc<KinesisContext>,
    partition: u16,
    prefetch: Prefetch,
    /// The next entry to be handed out.
    position: Offset,
    /// From where the batch that is being handed out can be read again, or what follows the last one.
    mark: ResumePoint,
    open: Option<OpenBatch>,
    interrupt: Interrupt,
}

/// A batch of which some was handed out.
struct OpenBatch {
    entries: std::vec::IntoIter<Entry>,
    appended_ms: i64,
    after: ResumePoint,
}

impl KinesisReader {
    /// A reader from a place. Without a hint it is found by counting from the beginning.
    pub(super) fn new(context: Arc<KinesisContext>, partition: u16, place: &Place) -> Result<Self> {
        let mark = match &place.hint[..] {
            [] => context.known(partition, place.offset),
            hint => serde_json::from_slice(hint).map_err(|error| {
                Error::Stream(format!(
                    "partition {partition}: cannot read the hint of offset {}: {error} (without a hint, headcount finds the place by reading)",
                    place.offset
                ))
            })?,
        };
        let mut reader = Self::from_mark(context, partition, mark);
        reader.skip_to(place.offset)?;
        Ok(reader)
    }

    pub(super) fn from_mark(
        context: Arc<KinesisContext>,
        partition: u16,
        mark: ResumePoint,
    ) -> Self {
        KinesisReader {
            prefetch: context.prefetch(partition, mark.clone()),
            context,
            partition,
            position: mark.offset,
            mark,
            open: None,
            interrupt: Interrupt::default(),
        }
    }

    fn skip_to(&mut self, offset: Offset) -> Result<()> {
        let asked = Instant::now();
        while self.position < offset {
            if let Some(open) = &mut self.open {
                while self.position < offset && open.entries.next().is_some() {
                    self.position += 1;
                }
                self.close_if_done();
                continue;
            }
            match self.prefetch.wait(Some(asked), TIP_LIMIT)? {
                Prefetched::Batch(batch) if batch.offset + batch.entries <= offset => {
                    self.position = batch.offset + batch.entries;
                    self.mark = batch.after;
                }
                Prefetched::Batch(batch) => self.open(*batch)?,
                Prefetched::Whole => {
                    return Err(Error::BeyondEnd {
                        partition: self.partition,
                        asked: offset,
                        end: self.position,
                    });
                }
                Prefetched::Notified => {}
                Prefetched::TimedOut => return Err(self.context.silent(TIP_LIMIT)),
            }
        }
        Ok(())
    }

    pub(crate) fn read(
        &mut self,
        batch: &mut Batch,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<usize> {
        batch.clear();
        let deadline = Instant::now() + timeout;
        while self.open.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.prefetch.wait(self.context.closed_at(), left)? {
                Prefetched::Batch(batch) => self.open(*batch)?,
                Prefetched::Whole => return Err(Error::Closed),
                Prefetched::TimedOut => return Ok(0),
                // The journal was closed, or the waker was used.
                Prefetched::Notified if self.interrupt.take() => return Ok(0),
                Prefetched::Notified => {}
            }
        }
        self.fill(batch, max_bytes);
        Ok(batch.len())
    }

    fn fill(&mut self, batch: &mut Batch, max_bytes: usize) {
        let Some(open) = &mut self.open else { return };
        while let Some(entry) = open.entries.as_slice().first() {
            if !batch.is_empty() && batch.copied_bytes() + entry.body.len() > max_bytes {
                break;
            }
            batch.copy(&Frame {
                offset: self.position,
                appended_at_ms: open.appended_ms,
                kind: entry.kind,
                source: entry.source,
                body: &entry.body,
            });
            self.position += 1;
            open.entries.next();
        }
        self.close_if_done();
    }

    fn open(&mut self, batch: PackedBatch) -> Result<()> {
        let unreadable = || {
            Error::Stream(format!(
                "partition {}: the batch at offset {} is not what headcount wrote (this is a bug in headcount, or another program writes to the stream)",
                self.partition, batch.offset
            ))
        };
        let payload = record::unpack(&batch.payload, batch.packed).ok_or_else(unreadable)?;
        let entries: Vec<Entry> = payload
            .entries()
            .map(|(kind, source, body)| Entry {
                kind,
                source,
                key: None,
                body: body.to_vec(),
            })
            .collect();
        if entries.len() as u64 != batch.entries || self.position != batch.offset {
            return Err(unreadable());
        }
        self.mark = batch.before;
        self.open = Some(OpenBatch {
            entries: entries.into_iter(),
            appended_ms: batch.appended_ms,
            after: batch.after,
        });
        self.close_if_done();
        Ok(())
    }

    fn close_if_done(&mut self) {
        if let Some(open) = self.open.take_if(|open| open.entries.len() == 0) {
            self.mark = open.after;
        }
    }

    pub(crate) fn waker(&self) -> ReadWaker {
        let prefetch = self.prefetch.notifier();
        self.interrupt.waker(move || prefetch.notify())
    }

    pub(crate) fn position(&self) -> Offset {
        self.position
    }

    pub(crate) fn partition(&self) -> u16 {
        self.partition
    }

    pub(crate) fn durable_end(&self) -> Offset {
        self.prefetch.end()
    }

    pub(crate) fn place(&self) -> Place {
        let hint = if self.mark.sequence.is_empty() {
            Vec::new()
        } else {
            serde_json::to_vec(&self.mark).expect("a mark is plain data")
        };
        Place {
            offset: self.position,
            hint,
        }
    }

    pub(crate) fn behind(&mut self) -> Result<u64> {
        let open = self.open.as_ref().map_or(0, |open| open.entries.len());
        let waiting = self.prefetch.waiting() + open as u64;
        if waiting > 0 {
            return Ok(waiting);
        }
        match self.prefetch.whole_or_waiting(Instant::now(), TIP_LIMIT)? {
            true => Ok(self.prefetch.waiting()),
            false => Ok(1),
        }
    }

    /// Reads on to where the partition ends at the moment; that offset.
    pub(super) fn run_to_end(mut self) -> Result<Offset> {
        let asked = Instant::now();
        // A long way is allowed, as long as it goes on.
        loop {
            match self.prefetch.wait(Some(asked), TIP_LIMIT)? {
                Prefetched::Batch(batch) => {
                    self.position = batch.offset + batch.entries;
                    self.mark = batch.after;
                }
                Prefetched::Whole => {
                    self.context.learn(self.partition, &self.mark);
                    return Ok(self.position);
                }
                Prefetched::Notified => {}
                Prefetched::TimedOut => return Err(self.context.silent(TIP_LIMIT)),
            }
        }
    }
}
