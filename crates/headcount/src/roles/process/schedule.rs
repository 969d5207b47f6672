//! When a partition publishes what: deltas often, tables when there is time, checkpoints now and then.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use headcount_engine::{CheckpointHead, Partition, Pulse};
use headcount_journal::Reader;

use crate::{
    event_bus::PULSES_MAX,
    roles::process::acked_offsets::{AckedOffsets, Channel},
    roles::process::publisher::{Checkpoint, Publisher, TableBatch},
};

/// A checkpoint is written after this many entries, however little time has passed.
const CHECKPOINT_ENTRIES: u64 = 500_000;
/// Serving processes get deltas this often, if anything changed.
const DELTAS: ChannelInterval = ChannelInterval {
    every: Duration::from_millis(50),
    pause_max: Duration::from_secs(1),
    backlog: Duration::from_secs(10),
};
/// Tables are updated this often, and with each checkpoint, which needs them. During a backlog that is enough: what changes
/// many times until then is written once.
const TABLES: ChannelInterval = ChannelInterval {
    every: Duration::from_secs(1),
    pause_max: Duration::from_secs(3),
    backlog: Duration::from_secs(60),
};
/// After this long without an entry there is no backlog, even if the journal never reports that all is read.
const QUIET: Duration = Duration::from_secs(1);
/// Rows of a delta at most: a larger one takes memory and arrives no sooner than the tables.
const DELTA_ROWS: usize = 100_000;
/// How long publishing the last changes may take when a partition is released.
const LAST: Duration = Duration::from_secs(10);

/// Decides when a partition publishes on which channel.
pub(crate) struct PublishSchedule {
    journal: u64,
    at: u16,
    serves: bool,
    /// Between two checkpoints, if entries came in.
    checkpoint_every: Duration,
    publisher: Publisher,
    deltas: ChannelPace,
    tables: ChannelPace,
    /// Whether the tables got only the first part of the pending changes.
    more: bool,
    /// Taken at the commit of the first of these parts, stored after the last.
    checkpoint: Option<Checkpoint>,
    saved_at: Instant,
    /// Entries counted since the last checkpoint.
    unsaved: u64,
    /// Answers for the map that no delta has carried yet.
    pulses: Vec<Pulse>,
    /// None until an entry is counted.
    counted_at: Option<Instant>,
    caught_up: bool,
}

impl PublishSchedule {
    /// For partition `at` of a journal, from where it stands.
    pub(crate) fn new(
        journal: u64,
        at: u16,
        serves: bool,
        checkpoint_every: Duration,
        publisher: Publisher,
    ) -> Self {
        Self {
            journal,
            at,
            serves,
            checkpoint_every,
            publisher,
            deltas: ChannelPace::new(DELTAS),
            tables: ChannelPace::new(TABLES),
            more: false,
            checkpoint: None,
            saved_at: Instant::now(),
            unsaved: 0,
            pulses: Vec::new(),
            counted_at: None,
            caught_up: false,
        }
    }

    pub(crate) fn acked(&self) -> &Arc<AckedOffsets> {
        self.publisher.acked()
    }

    /// Notes that this many more entries are counted.
    pub(crate) fn counted(&mut self, entries: usize) {
        self.unsaved += entries as u64;
        self.counted_at = Some(Instant::now());
    }

    /// Notes that everything that was in the journal at the start is counted.
    pub(crate) fn caught_up(&mut self) {
        self.caught_up = true;
    }

    /// Adds answers that the map of serving processes is to show.
    pub(crate) fn show(&mut self, pulses: &[Pulse]) {
        if self.serves {
            self.pulses.extend(pulses.iter().cloned());
            let many = self.pulses.len().saturating_sub(PULSES_MAX);
            self.pulses.drain(..many);
        }
    }

    /// Publishes what is due. The partition stands at a commit, and the reader at the same place.
    pub(crate) fn publish_due(&mut self, partition: &mut Partition, reader: &Reader) {
        let behind = self.is_behind();
        // Asked as soon as the channel is free, because that is when its last use ended. A channel that is busy tells when it
        // is free.
        if self.is_free(Channel::Deltas) && self.deltas.is_due(behind) && self.has_delta(partition)
        {
            self.publish_delta(partition);
        }
        if !self.is_free(Channel::Tables) {
            return;
        }
        let checkpoint = self.may_checkpoint()
            && (self.unsaved >= CHECKPOINT_ENTRIES
                || (self.unsaved > 0 && self.saved_at.elapsed() >= self.checkpoint_every));
        let due = self.more || checkpoint || self.tables.is_due(behind);
        let changes = self.serves && due && partition.has_changes();
        if changes || checkpoint {
            self.publish_tables(partition, checkpoint, reader);
        }
    }

    /// How long nothing is due if neither entries come nor a channel becomes free; none if there is nothing to publish.
    pub(crate) fn due_in(&mut self, partition: &Partition) -> Option<Duration> {
        let behind = self.is_behind();
        let mut soonest: Option<Duration> = None;
        let mut add = |due_in: Duration| {
            soonest = Some(soonest.map_or(due_in, |soonest| soonest.min(due_in)));
        };
        if self.is_free(Channel::Deltas) && self.has_delta(partition) {
            add(self.deltas.due_in(behind));
        }
        if self.is_free(Channel::Tables) {
            if self.more {
                add(Duration::ZERO);
            } else if self.serves && partition.has_changes() {
                add(self.tables.due_in(behind));
            }
            if self.may_checkpoint() && self.unsaved > 0 {
                let left = self
                    .checkpoint_every
                    .saturating_sub(self.saved_at.elapsed());
                add(left);
            }
        }
        // Then more may be due than now.
        if behind && let Some(at) = self.counted_at {
            add(QUIET.saturating_sub(at.elapsed()));
        }
        soonest
    }

    /// Whether what there is to publish waits for a backlog.
    fn is_behind(&self) -> bool {
        let quiet = self.counted_at.is_some_and(|at| at.elapsed() >= QUIET);
        !self.caught_up && !quiet
    }

    /// Whether a checkpoint would be taken now.
    fn may_checkpoint(&self) -> bool {
        !self.more && !self.acked().holds_checkpoints() && self.is_free(Channel::Checkpoints)
    }

    /// Publishes everything before the partition is released.
    pub(crate) fn flush(&mut self, partition: &mut Partition, reader: &Reader) {
        let until = Instant::now() + LAST;
        loop {
            // Read before the channels are, so that a change in between is not missed.
            let freed = self.acked().freed();
            if self.acked().is_abandoned() {
                return;
            }
            let has_changes = self.more || (self.serves && partition.has_changes());
            let keeps = self.is_free(Channel::Checkpoints);
            // Deltas first, so that serving processes need not load the tables again.
            if self.is_free(Channel::Deltas) && self.has_delta(partition) {
                self.publish_delta(partition);
            } else if self.is_free(Channel::Tables) && (has_changes || (self.unsaved > 0 && keeps))
            {
                self.publish_tables(partition, !self.more && keeps, reader);
            } else if !has_changes && self.unsaved == 0 && self.publisher.is_free() {
                return;
            } else if Instant::now() >= until {
                tracing::warn!(
                    "partition {}: released without a checkpoint of its last entries; the next start recounts \
                     them",
                    self.at
                );
                return;
            } else {
                self.acked().wait_for_more(freed, until);
            }
        }
    }

    /// Stops publishing. What is not written yet is abandoned.
    pub(crate) fn close(self) {
        self.publisher.close();
    }

    fn is_free(&self, channel: Channel) -> bool {
        self.acked().is_free(channel)
    }

    fn has_delta(&self, partition: &Partition) -> bool {
        self.serves && partition.has_delta(self.acked().served())
    }

    fn publish_delta(&mut self, partition: &mut Partition) {
        let Some(delta) = partition.take_delta(DELTA_ROWS) else {
            tracing::debug!(
                "partition {}: too many rows for a delta; writing tables first",
                self.at
            );
            return;
        };
        let pulses = serde_json::to_vec(&self.pulses).expect("pulses are plain data");
        self.pulses.clear();
        self.deltas.begin();
        self.publisher.send_delta(delta, pulses);
    }

    fn publish_tables(&mut self, partition: &mut Partition, checkpoint: bool, reader: &Reader) {
        if checkpoint {
            let head = CheckpointHead {
                journal: self.journal,
                partition: self.at,
                hint: reader.place().hint,
            };
            self.checkpoint = Some(Checkpoint {
                offset: partition.next_offset(),
                bytes: partition.to_bytes(&head),
            });
            (self.unsaved, self.saved_at) = (0, Instant::now());
        }
        if !self.more {
            self.tables.begin();
        }
        let changes = (self.serves && partition.has_changes()).then(|| partition.take_changes());
        self.more = changes
            .as_ref()
            .is_some_and(|changes| changes.snapshot_complete.is_none());
        let checkpoint = match self.more {
            true => None,
            false => self.checkpoint.take(),
        };
        self.publisher.send(TableBatch {
            changes,
            checkpoint,
        });
    }
}

/// How often a channel is used.
struct ChannelInterval {
    every: Duration,
    /// A channel that takes longer than `every` is used half the time, but with no longer a pause than this.
    pause_max: Duration,
    /// During a backlog it is used at most this often, and half the time however long it takes.
    backlog: Duration,
}

/// When a channel was last used, and how long that took.
struct ChannelPace {
    interval: ChannelInterval,
    began: Instant,
    /// None until the channel is found free again.
    took: Option<Duration>,
    used: bool,
}

impl ChannelPace {
    fn new(interval: ChannelInterval) -> Self {
        Self {
            interval,
            began: Instant::now(),
            took: None,
            used: false,
        }
    }

    /// Whether it is time to use the channel again. Call it as soon as the channel is free.
    fn is_due(&mut self, behind: bool) -> bool {
        self.due_in(behind).is_zero()
    }

    /// How long it is until then.
    fn due_in(&mut self, behind: bool) -> Duration {
        let ago = self.began.elapsed();
        let took = *self.took.get_or_insert(ago);
        let pause = match (behind, self.used) {
            (true, _) => self.interval.backlog.max(took * 2),
            (false, false) => Duration::ZERO,
            (false, true) => self.interval.after(took),
        };
        pause.saturating_sub(ago)
    }

    fn begin(&mut self) {
        (self.began, self.took, self.used) = (Instant::now(), None, true);
    }
}

impl ChannelInterval {
    /// From the start of a use that took this long to the start of the next.
    fn after(&self, took: Duration) -> Duration {
        self.every.max(took + took.min(self.pause_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_as_long_as_the_work_before_it_within_bounds() {
        let millis = Duration::from_millis;
        for (took, next) in [(0, 50), (20, 50), (200, 400), (5_000, 6_000)] {
            assert_eq!(DELTAS.after(millis(took)), millis(next));
        }
    }

    #[test]
    fn a_backlog_is_told_half_the_time_at_most() {
        let mut pace = ChannelPace::new(DELTAS);
        let seconds = |ago| Instant::now() - Duration::from_secs(ago);
        for (took, soon, late) in [(1, 9, 11), (20, 39, 41)] {
            pace.begin();
            pace.began = seconds(took);
            assert!(!pace.is_due(true), "it just ended");
            pace.began = seconds(soon);
            assert!(!pace.is_due(true));
            pace.began = seconds(late);
            assert!(pace.is_due(true));
        }
    }

    #[test]
    fn silence_is_no_work() {
        let mut pace = ChannelPace::new(DELTAS);
        assert!(pace.is_due(false), "the first time");
        pace.began -= Duration::from_secs(60);
        pace.begin();
        assert!(!pace.is_due(false), "it was just used");
        // It was free at once, and there was nothing to publish for an hour.
        pace.began -= Duration::from_secs(3_600);
        assert!(pace.is_due(false));
        assert!(pace.took.unwrap() < Duration::from_secs(1));
    }
}
