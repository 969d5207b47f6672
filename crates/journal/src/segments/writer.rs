//! The one thread that writes a partition: takes a group, commits it, shows it to the readers, answers.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Offset;
use crate::close_on_drop::CloseOnDrop;
use crate::counters::PartitionCounters;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::metrics::JournalBackend;
use crate::queue::{Job, Linger, Queue};
use crate::receipt::Reply;
use crate::segments::frame::SYNC_BYTES;
use crate::segments::log::Log;
use crate::segments::mark::MarkFile;
use crate::segments::options::Options;
use crate::segments::partition_dir::PartitionDir;
use crate::segments::tail::Tail;
use crate::waiting::Waiting;
use headcount_clock::now_ms;

/// No event reports free space on a disk, so the writer retries: soon, because files may be on their way out just now ...
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// ... and less often later.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// What the threads of one partition share.
pub(crate) struct SegmentPartition {
    pub(crate) queue: Queue,
    pub(crate) tail: Arc<Tail>,
    pub(crate) counts: PartitionCounters,
    pub(crate) folder: PartitionDir,
    pub(crate) mark: MarkFile,
}

struct SegmentWriter {
    log: Log,
    partition: u16,
    shared: Arc<SegmentPartition>,
    waiting: Arc<Waiting>,
    /// The longest that a group waits for others to join.
    linger_max: Duration,
    group_bytes: usize,
}

/// Starts the writer of a partition. It ends when its queue is closed, when room is waited for no longer, or at the first
/// failure that is not about room.
pub(crate) fn start(
    log: Log,
    partition: u16,
    shared: Arc<SegmentPartition>,
    waiting: Arc<Waiting>,
    options: &Options,
) -> std::io::Result<JoinHandle<Result<()>>> {
    let writer = SegmentWriter {
        log,
        partition,
        shared,
        waiting,
        linger_max: options.group_interval,
        group_bytes: options.group_bytes,
    };
    std::thread::Builder::new()
        .name(format!("journal-p{partition:03}"))
        .spawn(move || {
            let shared = Arc::clone(&writer.shared);
            let _closes = CloseOnDrop(move || {
                shared.queue.fail(&Error::Closed);
                shared.tail.close(Error::Closed);
            });
            writer.run()
        })
}

impl SegmentWriter {
    fn run(mut self) -> Result<()> {
        let mut linger = Linger::default();
        let mut ended = Ok(());
        while let Some(group) = self.shared.queue.take(linger) {
            let batches = group.len();
            match self.commit(group) {
                Ok(took) => {
                    let queued = self.shared.queue.depth().0;
                    linger = Linger::after(batches, queued, took.min(self.linger_max));
                }
                // The log is as it was, so it can still be ended in order.
                Err(error @ Error::Full { .. }) => {
                    ended = Err(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        self.log.seal().inspect_err(|error| self.give_up(error))?;
        ended
    }

    /// Commits one group, when there is room for it, and answers its batches. An error means that the partition takes
    /// nothing more.
    fn commit(&mut self, group: Vec<Job>) -> Result<Duration> {
        let bytes: usize = group.iter().map(|job| job.bytes).sum();
        let (batches, replies): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|job| (job.entries, job.reply))
            .unzip();
        let from = self.log.end();
        let began = Instant::now();
        let done = self.commit_with_room(&batches);
        let took = began.elapsed();
        self.log.shrink_buffer(self.group_bytes);
        let ends = match done {
            Ok(ends) => ends,
            Err(error) => return Err(self.refuse(replies, error)),
        };
        debug_assert!(
            ends.is_sorted() && ends.last().is_none_or(|end| *end == self.log.end().next),
            "the batches of a group lie one behind the other, and the log ends with the last"
        );
        self.shared
            .tail
            .advance(self.log.segments(), self.log.end());
        self.count(from.next, bytes + SYNC_BYTES, took);
        for (reply, end) in replies.into_iter().zip(ends) {
            let _ = reply.send(Ok(Some(end)));
        }
        Ok(took)
    }

    /// Commits the batches; on a full disk the group is tried again, as it is and before all others, until there is room.
    /// So the order of a partition holds, and appending callers need do nothing.
    fn commit_with_room(&mut self, batches: &[Vec<Entry>]) -> Result<Vec<Offset>> {
        self.waiting.while_held(self.partition);
        let mut backoff = None;
        loop {
            match self.log.commit(batches, now_ms()) {
                Err(error @ Error::Full { .. }) => {
                    let pause = *backoff.get_or_insert_with(|| {
                        let reason =
                            format!("{error}, nothing needs to be restarted; waiting for room");
                        self.waiting.begin(self.partition, reason);
                        BACKOFF_MIN
                    });
                    if self.waiting.give_up.wait(pause) {
                        return Err(error);
                    }
                    backoff = Some((pause * 2).min(BACKOFF_MAX));
                }
                Err(error) => return Err(error),
                Ok(ends) => {
                    if backoff.is_some() {
                        self.waiting.end(self.partition);
                    }
                    return Ok(ends);
                }
            }
        }
    }

    /// Closes the queue and answers the waiting batches with the error.
    fn refuse(&self, replies: Vec<Reply>, error: Error) -> Error {
        // Before the answers: whoever gets one must find the queue closed.
        match error {
            // Readers are not concerned: what they read is whole, and the journal ends where it ended before.
            Error::Full { .. } => self.shared.queue.fail(&error),
            _ => self.give_up(&error),
        }
        for reply in replies {
            let _ = reply.send(Err(error.clone()));
        }
        error
    }

    fn give_up(&self, error: &Error) {
        // Whoever appends or reads is told, and prints it.
        tracing::debug!(%error, "the partition accepts no more entries");
        self.shared.queue.fail(error);
        self.shared.tail.close(error.clone());
    }

    fn count(&self, from: Offset, bytes: usize, took: Duration) {
        let entries = self.log.end().next - from;
        let counts = &self.shared.counts;
        counts.committed(JournalBackend::Segments, entries, bytes as u64, took);
    }
}
