//! The one thread that writes a partition: takes a group, commits it, shows it to the readers, answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Offset;
use crate::error::{Error, Result};
use crate::queue::{Job, Patience, Queue};
use crate::segments::frame::SYNC_BYTES;
use crate::segments::log::Log;
use crate::segments::options::Options;
use crate::segments::tail::Tail;
use headcount_clock::now_ms;

/// What the threads of one partition share.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) tail: Arc<Tail>,
    pub(crate) counts: Counts,
}

/// Since the journal was opened.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) entries: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) commit_us: AtomicU64,
}

struct Writer {
    log: Log,
    shared: Arc<Shared>,
    interval: Duration,
    group_bytes: usize,
}

/// Starts the writer of a partition. It ends when its queue is closed, or at the first failure that is not about room.
pub(crate) fn start(
    log: Log,
    partition: u16,
    shared: Arc<Shared>,
    options: &Options,
) -> std::io::Result<JoinHandle<Result<()>>> {
    let writer = Writer {
        log,
        shared,
        interval: options.group_interval,
        group_bytes: options.group_bytes,
    };
    std::thread::Builder::new()
        .name(format!("journal-p{partition:03}"))
        .spawn(move || {
            let _door = Door(Arc::clone(&writer.shared));
            writer.run()
        })
}

/// Closes up behind the writer, however it ends: nobody may wait for a thread that is gone.
struct Door(Arc<Shared>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.queue.fail(&Error::Closed);
        self.0.tail.close(Error::Closed);
    }
}

impl Writer {
    fn run(mut self) -> Result<()> {
        let mut patience = Patience::default();
        while let Some(group) = self.shared.queue.take(patience) {
            let batches = group.len();
            let took = self.commit(group)?;
            patience = Patience::after(
                batches,
                self.shared.queue.depth().0,
                took.min(self.interval),
            );
        }
        self.log.seal().inspect_err(|error| self.give_up(error))
    }

    /// Commits one group and answers its batches. An error means that the partition takes nothing more.
    fn commit(&mut self, group: Vec<Job>) -> Result<Duration> {
        let bytes: usize = group.iter().map(|job| job.bytes).sum();
        let (batches, replies): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|job| (job.entries, job.reply))
            .unzip();
        let from = self.log.end();
        let began = Instant::now();
        let done = self.log.commit(&batches, now_ms());
        let took = began.elapsed();
        self.log.shrink_buffer(self.group_bytes);
        match done {
            Ok(ends) => {
                self.shared
                    .tail
                    .advance(self.log.segments(), self.log.end());
                self.count(from.next, bytes + SYNC_BYTES, took);
                for (reply, end) in replies.into_iter().zip(ends) {
                    let _ = reply.send(Ok(Some(end)));
                }
                Ok(took)
            }
            Err(error) => {
                let fatal = !matches!(error, Error::Full { .. });
                if fatal {
                    // Before the answers: whoever gets one must find the door closed.
                    self.give_up(&error);
                } else {
                    tracing::warn!(%error, "no room in the journal");
                }
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
                if fatal { Err(error) } else { Ok(took) }
            }
        }
    }

    fn give_up(&self, error: &Error) {
        tracing::error!(%error, "the journal is poisoned");
        self.shared.queue.fail(error);
        self.shared.tail.close(error.clone());
    }

    fn count(&self, from: Offset, bytes: usize, took: Duration) {
        let counts = &self.shared.counts;
        let end = self.log.end();
        counts.entries.fetch_add(end.next - from, Ordering::Relaxed);
        counts.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        counts.groups.fetch_add(1, Ordering::Relaxed);
        counts.commit_us.store(
            took.as_micros().try_into().unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }
}
