//! How far the partitions are that this process holds, for its heartbeat.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use headcount_lake::{
    archive::{ArchiveFigures, Stop},
    claims::ClaimProgress,
};

use crate::{
    roles::process::acked_offsets::AckedOffsets, roles::process::deletion::ReaderOffsets,
    roles::serve::partition_handle::PartitionHandle,
};

/// How far the held partitions are, for the heartbeat.
#[derive(Clone, Default)]
pub(crate) struct HeldProgress(Arc<Mutex<BTreeMap<u16, ProgressInputs>>>);

/// Where the progress of one partition is read.
pub(super) struct ProgressInputs {
    pub(super) handle: PartitionHandle,
    pub(super) acked: Arc<AckedOffsets>,
    /// Whether the partition is written to a serving store.
    pub(super) serves: bool,
    pub(super) archive: Option<(Arc<ArchiveFigures>, Stop)>,
}

impl ProgressInputs {
    fn readers(&self) -> ReaderOffsets {
        ReaderOffsets {
            checkpointed: self.acked.checkpointed(),
            archived: self
                .archive
                .as_ref()
                .map(|(figures, _)| figures.lag().archived),
        }
    }
}

impl HeldProgress {
    pub(super) fn insert(&self, at: u16, inputs: ProgressInputs) {
        self.lock().insert(at, inputs);
    }

    /// Returns how far its readers were.
    pub(super) fn remove(&self, at: u16) -> Option<ReaderOffsets> {
        let inputs = self.lock().remove(&at)?;
        Some(inputs.readers())
    }

    /// How far the readers of each held partition are.
    pub(crate) fn readers(&self) -> Vec<(u16, ReaderOffsets)> {
        let inputs = self.lock();
        inputs.iter().map(|(at, it)| (*at, it.readers())).collect()
    }

    /// Has no checkpoints written, or lets them go on.
    pub(crate) fn hold_checkpoints(&self, hold: bool) {
        for inputs in self.lock().values() {
            inputs.acked.hold_checkpoints(hold);
        }
    }

    /// Has nothing stored in the archive for a reason, or lets it go on.
    pub(crate) fn hold_archives(&self, reason: Option<&str>) {
        for inputs in self.lock().values() {
            if let Some((_, archiving)) = &inputs.archive {
                archiving.hold(reason);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, ProgressInputs>> {
        self.0.lock().expect("the lock is not poisoned")
    }

    /// The progress of each held partition, without the version of the program.
    pub(crate) fn progress(&self) -> BTreeMap<u16, ClaimProgress> {
        let inputs_by_partition = self.lock();
        let each = inputs_by_partition.iter().map(|(at, inputs)| {
            let counted = inputs.handle.progress();
            let progress = ClaimProgress {
                offset: counted.next_offset,
                lag: counted.behind,
                archived: inputs
                    .archive
                    .as_ref()
                    .map(|(figures, _)| figures.lag().archived),
                stream_time: counted.stream_time,
                served: inputs.serves.then(|| inputs.acked.served()).flatten(),
                checkpointed: inputs.acked.checkpointed(),
                version: String::new(),
            };
            (*at, progress)
        });
        each.collect()
    }
}
