//! The bounded queue before a writer: back-pressure for those who append, groups for the one who writes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headcount_telemetry::Share;

use crate::entry::{Entry, batch_bytes};
use crate::error::{Error, Result};
use crate::metrics::METRICS;
use crate::receipt::{Receipt, Reply};

/// A queued batch and where its answer goes.
pub(crate) struct Job {
    /// Where it goes, of the partitions that share the queue. Segments have a queue each.
    #[cfg_attr(
        not(feature = "kafka"),
        allow(dead_code, reason = "only shared backends ask")
    )]
    pub(crate) partition: u16,
    pub(crate) entries: Vec<Entry>,
    pub(crate) reply: Reply,
    /// As [`batch_bytes`] says.
    pub(crate) bytes: usize,
}

/// How much waits, and how much of it is taken at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// An append waits while this many bytes are queued ...
    pub(crate) queue_bytes: usize,
    /// ... or this many batches.
    pub(crate) queue_batches: usize,
    /// A group is closed when it has this many bytes ...
    pub(crate) group_bytes: usize,
    /// ... or this many entries.
    pub(crate) group_entries: usize,
}

pub(crate) struct Queue {
    state: Mutex<QueueState>,
    /// For the writer: there is something to do.
    filled: Condvar,
    /// For those who append.
    drained: Condvar,
    limits: Limits,
    /// This queue's part of what waits in all of them.
    shown: [Share; 2],
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<Job>,
    bytes: usize,
    entries: usize,
    /// Why nothing is taken any more.
    refused: Option<Error>,
}

/// How long a writer waits for more batches before it commits those that it has, and how many it hopes for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Linger {
    pub(crate) batches: usize,
    pub(crate) wait: Duration,
}

impl Linger {
    /// After a group of `batches`, with `queued` more waiting. The callers just answered may append again,
    /// besides those who came meanwhile. To wait longer than the sync that it saves would never pay, so `wait` is at
    /// most as long as the last one took.
    pub(crate) fn after(batches: usize, queued: usize, wait: Duration) -> Self {
        Self {
            batches: batches + queued,
            wait,
        }
    }
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
            limits,
            shown: [&METRICS.queue_batches, &METRICS.queue_bytes].map(Share::of),
        }
    }

    /// Queues a batch, blocking while there is no room.
    pub(crate) fn push(&self, partition: u16, entries: Vec<Entry>) -> Result<Receipt> {
        let bytes = batch_bytes(&entries);
        let mut state = self.lock();
        while state.refused.is_none() && !self.has_room(&state, bytes) {
            state = self
                .drained
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.admit(state, partition, entries, bytes)
    }

    fn admit(
        &self,
        mut state: MutexGuard<'_, QueueState>,
        partition: u16,
        entries: Vec<Entry>,
        bytes: usize,
    ) -> Result<Receipt> {
        if let Some(error) = &state.refused {
            return Err(error.clone());
        }
        let (reply, receipt) = Receipt::new();
        state.bytes += bytes;
        state.entries += entries.len();
        state.jobs.push_back(Job {
            partition,
            entries,
            reply,
            bytes,
        });
        self.show(&state);
        drop(state);
        self.filled.notify_one();
        Ok(receipt)
    }

    /// A batch that is longer than the queue gets in when the queue is empty.
    fn has_room(&self, state: &QueueState, bytes: usize) -> bool {
        state.jobs.is_empty()
            || (state.bytes + bytes <= self.limits.queue_bytes
                && state.jobs.len() < self.limits.queue_batches)
    }

    /// Takes the next group, waiting for its first batch without limit, and for others as `linger` says.
    /// `None` when the queue is closed and empty.
    pub(crate) fn take(&self, linger: Linger) -> Option<Vec<Job>> {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.refused.is_some() {
                return None;
            }
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let state = self.wait_for_others(state, linger);
        Some(self.take_group(state))
    }

    fn wait_for_others<'a>(
        &self,
        mut state: MutexGuard<'a, QueueState>,
        linger: Linger,
    ) -> MutexGuard<'a, QueueState> {
        let deadline = Instant::now() + linger.wait;
        while state.jobs.len() < linger.batches
            && state.bytes < self.limits.group_bytes
            && state.entries < self.limits.group_entries
            && state.refused.is_none()
        {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .filled
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state
    }

    fn take_group(&self, mut state: MutexGuard<'_, QueueState>) -> Vec<Job> {
        let mut group = Vec::new();
        let (mut bytes, mut entries) = (0, 0);
        while let Some(job) = state.jobs.pop_front() {
            bytes += job.bytes;
            entries += job.entries.len();
            group.push(job);
            let fits = |next: &Job| {
                bytes + next.bytes <= self.limits.group_bytes
                    && entries + next.entries.len() <= self.limits.group_entries
            };
            if !state.jobs.front().is_some_and(fits) {
                break;
            }
        }
        state.bytes -= bytes;
        state.entries -= entries;
        self.show(&state);
        drop(state);
        self.drained.notify_all();
        group
    }

    /// Takes nothing more, with this as the reason. What is queued stays for the writer.
    pub(crate) fn refuse(&self, error: Error) {
        self.lock().refused.get_or_insert(error);
        self.filled.notify_all();
        self.drained.notify_all();
    }

    /// As [`Queue::refuse`], and answers all that is queued with the reason too.
    pub(crate) fn fail(&self, error: &Error) {
        self.refuse(error.clone());
        let jobs = {
            let mut state = self.lock();
            (state.bytes, state.entries) = (0, 0);
            let jobs = std::mem::take(&mut state.jobs);
            self.show(&state);
            jobs
        };
        for job in jobs {
            let _ = job.reply.send(Err(error.clone()));
        }
        self.drained.notify_all();
    }

    /// How many batches and bytes are waiting.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.lock();
        (state.jobs.len(), state.bytes)
    }

    fn show(&self, state: &QueueState) {
        let [batches, bytes] = &self.shown;
        batches.set(state.jobs.len());
        bytes.set(state.bytes);
    }

    /// Nothing that is done under this lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
