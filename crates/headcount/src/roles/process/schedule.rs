//! When a partition gives away what: steps often, tables when there is time, checkpoints now and then.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use headcount_engine::{Head, Partition, Pulse};
use headcount_journal::Reader;

use crate::{
    event_bus::PULSES_MAX,
    roles::process::acked_offsets::{AckedOffsets, Channel},
    roles::process::publisher::{Checkpoint, Publisher, TableBatch},
};

/// A checkpoint is written after so many entries, however little time has passed.
const CHECKPOINT_ENTRIES: u64 = 500_000;
/// Those who follow are told so often, if there is anything new.
const STEPS: ChannelInterval = ChannelInterval {
    every: Duration::from_millis(50),
    pause_max: Duration::from_secs(1),
};
/// Tables are brought up to date so often.
const TABLES: ChannelInterval = ChannelInterval {
    every: Duration::from_secs(1),
    pause_max: Duration::from_secs(3),
};
/// While there is a backlog, all only so often, and half the time at most: what changes twice meanwhile is written once.
const BACKLOG_EVERY: Duration = Duration::from_secs(10);
/// When nothing has come for so long, there is no backlog, even if the journal never says that all is read.
const QUIET: Duration = Duration::from_secs(1);
/// A step of more rows takes memory, and is not sooner there than tables.
const STEP_ROWS: usize = 100_000;
/// How long the last of a partition may take when it is left.
const LAST: Duration = Duration::from_secs(10);

/// What is to be given away of a partition.
pub(crate) struct PublishSchedule {
    journal: u64,
    at: u16,
    serves: bool,
    /// A checkpoint is written so often, if there were any entries.
    checkpoint_every: Duration,
    publisher: Publisher,
    steps: ChannelPace,
    tables: ChannelPace,
    /// What was given to tables last was a piece of more.
    more: bool,
    /// Of the commit at which the first of these pieces was taken: kept with the last.
    checkpoint: Option<Checkpoint>,
    saved_at: Instant,
    /// Entries counted since the last checkpoint.
    unsaved: u64,
    /// Answers for the map that nobody has been told yet.
    pulses: Vec<Pulse>,
    /// None until something is.
    counted_at: Option<Instant>,
    caught_up: bool,
}

impl PublishSchedule {
    /// Of partition `at` of a journal, from where it stands.
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
            steps: ChannelPace::new(STEPS),
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

    /// So many more entries are counted.
    pub(crate) fn counted(&mut self, entries: usize) {
        self.unsaved += entries as u64;
        self.counted_at = Some(Instant::now());
    }

    /// Everything that was there at the start is counted.
    pub(crate) fn caught_up(&mut self) {
        self.caught_up = true;
    }

    /// Answers that the map elsewhere is to show.
    pub(crate) fn show(&mut self, pulses: &[Pulse]) {
        if self.serves {
            self.pulses.extend(pulses.iter().cloned());
            let many = self.pulses.len().saturating_sub(PULSES_MAX);
            self.pulses.drain(..many);
        }
    }

    /// Gives away what is due, at a commit where the reader stands.
    pub(crate) fn publish_due(&mut self, partition: &mut Partition, reader: &Reader) {
        let quiet = self.counted_at.is_some_and(|at| at.elapsed() >= QUIET);
        let behind = !self.caught_up && !quiet;
        // Asked as soon as the lane is free, for that tells how long it took.
        if self.is_free(Channel::Steps) && self.steps.is_due(behind) && self.has_step(partition) {
            self.publish_delta(partition);
        }
        if !self.is_free(Channel::Tables) {
            return;
        }
        let due = self.more || self.tables.is_due(behind);
        let changes = self.serves && due && partition.has_changes();
        let checkpoint = !self.more
            && self.is_free(Channel::Checkpoints)
            && (self.unsaved >= CHECKPOINT_ENTRIES
                || (self.unsaved > 0 && self.saved_at.elapsed() >= self.checkpoint_every));
        if changes || checkpoint {
            self.publish_tables(partition, checkpoint, reader);
        }
    }

    /// Gives away everything before the end.
    pub(crate) fn flush(&mut self, partition: &mut Partition, reader: &Reader) {
        let until = Instant::now() + LAST;
        loop {
            // Before anything is looked at: what happens meanwhile is not missed.
            let freed = self.acked().freed();
            if self.acked().is_abandoned() {
                return;
            }
            let has_changes = self.more || (self.serves && partition.has_changes());
            let keeps = self.is_free(Channel::Checkpoints);
            // Those who follow first, so that they need not load the tables anew.
            if self.is_free(Channel::Steps) && self.has_step(partition) {
                self.publish_delta(partition);
            } else if self.is_free(Channel::Tables) && (has_changes || (self.unsaved > 0 && keeps))
            {
                self.publish_tables(partition, !self.more && keeps, reader);
            } else if !has_changes && self.unsaved == 0 && self.publisher.is_free() {
                return;
            } else if Instant::now() >= until {
                tracing::warn!(
                    "partition {}: left without a checkpoint of its last entries; they are counted again at the next \
                     start",
                    self.at
                );
                return;
            } else {
                self.acked().wait_for_more(freed, until);
            }
        }
    }

    /// Ends it; what is under way is given up.
    pub(crate) fn close(self) {
        self.publisher.close();
    }

    fn is_free(&self, channel: Channel) -> bool {
        self.acked().is_free(channel)
    }

    fn has_step(&self, partition: &Partition) -> bool {
        self.serves && partition.has_step(self.acked().served())
    }

    fn publish_delta(&mut self, partition: &mut Partition) {
        let Some(step) = partition.take_step(STEP_ROWS) else {
            tracing::debug!("partition {}: too much for a step; tables first", self.at);
            return;
        };
        let pulses = serde_json::to_vec(&self.pulses).expect("pulses are plain data");
        self.pulses.clear();
        self.steps.begin();
        self.publisher.send_delta(step, pulses);
    }

    fn publish_tables(&mut self, partition: &mut Partition, checkpoint: bool, reader: &Reader) {
        if checkpoint {
            let head = Head {
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
            .is_some_and(|changes| changes.whole.is_none());
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

/// How often a lane is used.
struct ChannelInterval {
    every: Duration,
    /// A lane that takes longer than that is used half the time, but with no longer a pause than this.
    pause_max: Duration,
}

/// How long ago a lane was used, and how long that took.
struct ChannelPace {
    interval: ChannelInterval,
    began: Instant,
    /// None as long as nobody has asked since.
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

    /// Whether it is time to use the lane again. To be asked from when it is free.
    fn is_due(&mut self, behind: bool) -> bool {
        let ago = self.began.elapsed();
        let took = *self.took.get_or_insert(ago);
        match (behind, self.used) {
            (true, _) => ago >= BACKLOG_EVERY.max(took * 2),
            (false, false) => true,
            (false, true) => ago >= self.interval.after(took),
        }
    }

    fn begin(&mut self) {
        (self.began, self.took, self.used) = (Instant::now(), None, true);
    }
}

impl ChannelInterval {
    /// From one use that took so long to the next.
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
            assert_eq!(STEPS.after(millis(took)), millis(next));
        }
    }

    #[test]
    fn a_backlog_is_told_half_the_time_at_most() {
        let mut pace = ChannelPace::new(TABLES);
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
        let mut pace = ChannelPace::new(STEPS);
        assert!(pace.is_due(false), "the first time");
        pace.began -= Duration::from_secs(60);
        pace.begin();
        assert!(!pace.is_due(false), "it was just used");
        // It was free at once, and nobody had anything to give for an hour.
        pace.began -= Duration::from_secs(3_600);
        assert!(pace.is_due(false));
        assert!(pace.took.unwrap() < Duration::from_secs(1));
    }
}
