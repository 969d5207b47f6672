//! The partitions that this process counts: all of them, or those that its group assigns to it.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use anyhow::Result;
use headcount_engine::Partition;
use headcount_journal::Journal;
use headcount_lake::Lake;

use crate::{
    disk::data_watch::{DataWatch, DataWatchOptions},
    event_bus::EventBus,
    exit::{DATA, exit},
    roles::ingest::known_sources::KnownSources,
    roles::process::archive::Archiving,
    roles::process::checkpoints::{Checkpoints, StartingPoint},
    roles::process::deletion::{ReaderOffsets, delete_old},
    roles::process::held_progress::{HeldProgress, ProgressInputs},
    roles::process::partition::Follower,
    roles::process::publisher::Destination,
    roles::serve::partition_handle::PartitionHandles,
    text::number,
    witnesses::Witness,
};

/// What counting a partition needs.
#[derive(Clone)]
pub(crate) struct CountingOptions {
    pub(crate) journal: Arc<Journal>,
    pub(crate) to: Destination,
    /// Where the raw stream is archived, if it is.
    pub(crate) raw: Option<Lake>,
    pub(crate) handles: PartitionHandles,
    pub(crate) bus: EventBus,
    /// Counts from the journal's beginning, checkpoints left aside, and holds record times against
    /// this moment too, ms since 1970.
    pub(crate) anew: Option<i64>,
    /// How the disk of the data folder is watched; only a local journal has one.
    pub(crate) watch: DataWatchOptions,
}

/// The partitions that this process holds.
pub(crate) struct HeldPartitions {
    options: CountingOptions,
    held: BTreeMap<u16, HeldPartition>,
    progress: HeldProgress,
    watching: Option<DataWatch>,
    /// Set when the process ends: until when it waits for its last objects.
    ending: Option<Instant>,
    /// Entries that the ended archivers left, and why.
    unarchived: (u64, Option<String>),
}

/// One partition: its counts, and the archive of its raw stream.
struct HeldPartition {
    follower: Follower,
    archiving: Option<Archiving>,
}

impl HeldPartitions {
    pub(crate) fn new(options: CountingOptions) -> Self {
        Self {
            options,
            held: BTreeMap::new(),
            progress: HeldProgress::default(),
            watching: None,
            ending: None,
            unarchived: (0, None),
        }
    }

    /// Counts all partitions; returns when everything that is in the journal is counted, with what
    /// they know of sources.
    pub(crate) fn take_all(&mut self) -> Result<Vec<KnownSources>> {
        let CountingOptions {
            journal,
            to,
            bus,
            watch,
            ..
        } = &self.options;
        if journal.capabilities().is_local {
            let progress = self.progress.clone();
            let checkpoints = to.checkpoints.clone();
            let watching = DataWatch::start(watch.clone(), journal, checkpoints, progress, bus)?;
            self.watching = Some(watching);
        }
        for at in 0..self.options.journal.partitions() {
            self.take(at)?;
        }
        self.held
            .values()
            .map(|held| held.follower.caught_up())
            .collect()
    }

    pub(super) fn take(&mut self, at: u16) -> Result<()> {
        let CountingOptions {
            journal, to, anew, ..
        } = &self.options;
        let first = match journal.capabilities().is_local {
            true => journal.first_offset(at)?,
            false => 0,
        };
        let start = match *anew {
            moment @ Some(_) if first > 0 => {
                StartingPoint::anew(to.checkpoints.known_base(journal.id(), at, moment)?)
            }
            Some(moment) => StartingPoint::anew(Partition::judging_at(moment)),
            None => to.start(journal.id(), at),
        };
        self.ensure_reaches(at, start.partition.next_offset())?;
        ensure_base(at, first, start.partition.next_offset())?;
        let follower = Follower::start(journal, at, start, to.clone(), self.options.bus.clone())?;
        let archiving = self.options.raw.as_ref();
        let archiving = archiving
            .map(|lake| Archiving::start(journal, at, lake, &self.options.bus))
            .transpose();
        let archiving = match archiving {
            Ok(archiving) => archiving,
            Err(error) => {
                follower.stop(false)?;
                return Err(error);
            }
        };
        let handle = follower.handle().clone();
        self.options.handles.insert(at, handle.clone());
        let archive = archiving
            .as_ref()
            .map(|archiving| (Arc::clone(archiving.figures()), archiving.stop()));
        let inputs = ProgressInputs {
            handle,
            acked: Arc::clone(follower.acked()),
            serves: self.options.to.serving.is_some(),
            archive,
        };
        self.progress.insert(at, inputs);
        let held = HeldPartition {
            follower,
            archiving,
        };
        self.held.insert(at, held);
        Ok(())
    }

    /// Refuses a journal of this process's own that ends before its checkpoint or its archive: records would be appended
    /// at offsets that were others' before.
    fn ensure_reaches(&self, at: u16, counted: u64) -> Result<()> {
        let CountingOptions {
            journal, to, raw, ..
        } = &self.options;
        let Checkpoints::Folder(data) = &to.checkpoints else {
            return Ok(());
        };
        let archived = raw.as_ref().map(|lake| Witness::archive(lake, at));
        let witnesses = [Some(Ok(Witness::checkpoint(data, at, counted))), archived];
        for witness in witnesses.into_iter().flatten() {
            witness?.check(data, at, journal.durable_end(at)?)?;
        }
        Ok(())
    }

    /// Releases partitions: in order, with a checkpoint, or at once because another process already has
    /// them.
    pub(super) fn leave(&mut self, partitions: &[u16], in_order: bool) -> Result<()> {
        // All at once, so that they write in parallel.
        for held in partitions.iter().filter_map(|at| self.held.get(at)) {
            held.follower.ask_to_stop(in_order);
        }
        let mut first = Ok(());
        for at in partitions {
            first = first.and(self.part(*at, in_order));
        }
        first
    }

    fn part(&mut self, at: u16, in_order: bool) -> Result<()> {
        let Some(HeldPartition {
            follower,
            archiving,
        }) = self.held.remove(&at)
        else {
            return Ok(());
        };
        self.options.handles.remove(at);
        let acked = Arc::clone(follower.acked());
        let stopped = follower.stop(in_order);
        if let Some(archiving) = archiving {
            // Only a process that ends closes the hour; otherwise the next owner does.
            let (behind, trouble) = archiving.end(self.ending)?;
            self.unarchived.0 += behind;
            self.unarchived.1 = self.unarchived.1.take().or(trouble);
        }
        // The last checkpoint and the last objects may let more of the journal go.
        let readers = self.progress.remove(at);
        if let (Ok(()), Some(retention), Some(readers)) =
            (&stopped, self.options.watch.retention, readers)
            && in_order
        {
            let readers = ReaderOffsets {
                checkpointed: acked.checkpointed(),
                ..readers
            };
            let CountingOptions { journal, to, .. } = &self.options;
            if let Err(error) = delete_old(retention, journal, &to.checkpoints, at, readers) {
                tracing::warn!("{error:#}; the next start tries it again");
            }
        }
        stopped
    }

    /// Releases all partitions. Others wait for this process, so it does not wait long for its last objects.
    pub(crate) fn leave_all(self) -> Result<()> {
        self.leave_all_by(Archiving::last_objects())
    }

    /// Releases all partitions; what is not archived by `limit` is archived after the next start.
    pub(crate) fn leave_all_by(mut self, limit: Instant) -> Result<()> {
        let watched = self.watching.take().map_or(Ok(()), DataWatch::stop);
        for archiving in self
            .held
            .values()
            .filter_map(|held| held.archiving.as_ref())
        {
            archiving.finish();
        }
        self.ending = Some(limit);
        let all: Vec<_> = self.held.keys().copied().collect();
        let left = self.leave(&all, true);
        // Of a journal that processes share, the others archive the rest.
        if !self.options.journal.capabilities().shares_partitions {
            self.say_what_is_not_archived();
        }
        left.and(watched)
    }

    fn say_what_is_not_archived(&self) {
        let (behind, trouble) = &self.unarchived;
        if *behind > 0 {
            let cause = trouble
                .as_ref()
                .map_or_else(String::new, |it| format!(" ({it})"));
            tracing::warn!(
                "the archive is {} entries behind the journal{cause}; nothing is lost, and the next start archives them",
                number(*behind)
            );
        }
    }

    /// Whether a partition failed while it caught up.
    pub(super) fn failed_early(&self) -> Result<()> {
        self.held
            .values()
            .try_for_each(|held| held.follower.failed_early())
    }

    /// How far the held partitions are, kept up to date.
    pub(crate) fn progress(&self) -> HeldProgress {
        self.progress.clone()
    }
}

/// Refuses to count a partition whose beginning retention has deleted, without the counts of what was there.
pub(crate) fn ensure_base(at: u16, first: u64, counted: u64) -> Result<()> {
    if counted >= first {
        return Ok(());
    }
    Err(exit(
        DATA,
        format!(
            "partition {at} of the journal begins at offset {}, because retention has deleted what was before, and no \
             checkpoint in the folder state reaches it; restore that folder from a backup, or count the archive with \
             headcount rebuild --from LAKE",
            number(first)
        ),
    ))
}
