//! The thread that watches the disk of the data folder.
//!
//! Nothing tells a process that its folder was renamed, or that other programs have filled the disk. So this is one of the
//! few clocks of the program; both change slowly.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use headcount_journal::Journal;
use headcount_query::{DiskLevel, DiskStatus};
use tokio::sync::watch;

use crate::{
    disk::{
        byte_size::ByteSize, disk_room::DiskRoom, retention::Retention, thresholds::Thresholds,
    },
    event_bus::EventBus,
    metrics::METRICS,
    roles::process::{checkpoints::Checkpoints, deletion::delete_old, held_progress::HeldProgress},
};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// What is watched, and what may be stopped.
#[derive(Clone)]
pub(crate) struct DataWatchOptions {
    /// The data folder.
    pub(crate) folder: PathBuf,
    pub(crate) thresholds: Thresholds,
    /// Whether the archive is on the same disk, so that stopping it saves room.
    pub(crate) archives_here: bool,
    /// How much of the journal is kept; all of it without.
    pub(crate) retention: Option<Retention>,
    /// Receives the room that is left.
    pub(crate) shown: watch::Sender<Option<DiskStatus>>,
}

/// The running thread.
pub(crate) struct DataWatch {
    /// Nothing is ever sent; dropping it stops the thread.
    running: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl DataWatch {
    /// Looks once, so that nothing is written that there is no room for, and then from time to time.
    pub(crate) fn start(
        options: DataWatchOptions,
        journal: &Arc<Journal>,
        checkpoints: Checkpoints,
        progress: HeldProgress,
        bus: &EventBus,
    ) -> Result<Self> {
        let mut run = DataWatchLoop {
            options,
            journal: Arc::clone(journal),
            checkpoints,
            progress,
            level: DiskLevel::Enough,
            deletion_fails: false,
        };
        run.look()?;
        let (running, stopped) = sync_channel(0);
        let (bus, guard) = (bus.clone(), bus.guard("the thread that watches the disk"));
        let thread = thread::Builder::new()
            .name("disk".to_owned())
            .spawn(move || {
                let _guard = guard;
                run.run(&stopped, &bus);
            })
            .context("start a thread")?;
        Ok(Self { running, thread })
    }

    /// Stops the thread. What it has stopped stays so.
    pub(crate) fn stop(self) -> Result<()> {
        drop(self.running);
        self.thread
            .join()
            .map_err(|_| anyhow!("the thread that watches the disk panicked"))
    }
}

struct DataWatchLoop {
    options: DataWatchOptions,
    journal: Arc<Journal>,
    checkpoints: Checkpoints,
    progress: HeldProgress,
    level: DiskLevel,
    /// Whether the last attempt to delete old segments failed.
    deletion_fails: bool,
}

impl DataWatchLoop {
    fn run(&mut self, stopped: &Receiver<()>, bus: &EventBus) {
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = self.look() {
                return bus.fail(&error);
            }
        }
    }

    /// # Errors
    /// When the folder is not at its place any more.
    fn look(&mut self) -> Result<()> {
        self.journal.check_folders()?;
        self.delete_old();
        match DiskRoom::of(&self.options.folder) {
            Ok(room) => self.apply(&room),
            // The next look may find it; a folder that is gone was found above.
            Err(error) => tracing::debug!("cannot tell how much room is left: {error}"),
        }
        Ok(())
    }

    /// Deletes what the journal need not keep. A failure stops nothing: the next look is the next attempt.
    fn delete_old(&mut self) {
        let Some(retention) = self.options.retention else {
            return;
        };
        for (at, readers) in self.progress.readers() {
            match delete_old(retention, &self.journal, &self.checkpoints, at, readers) {
                Ok(()) => {}
                Err(error) if !self.deletion_fails => {
                    tracing::warn!("{error:#}; retrying");
                    self.deletion_fails = true;
                    return;
                }
                Err(_) => return,
            }
        }
        self.deletion_fails = false;
    }

    fn apply(&mut self, room: &DiskRoom) {
        let before = self.level;
        self.level = self.options.thresholds.level(before, room);
        let notice = self.notice(room);
        METRICS.disk_free_bytes.set(gauge(room.free_bytes));
        if let Some((free, _)) = room.inodes {
            METRICS.disk_free_inodes.set(gauge(free));
        }
        METRICS.disk_level.set(self.level as i64);
        if self.level != before {
            match &notice {
                Some(notice) => tracing::warn!("{notice}"),
                None => tracing::info!(
                    "there is enough room for {} again: {}",
                    self.options.folder.display(),
                    ByteSize(room.free_bytes)
                ),
            }
        }
        self.stop_and_start(&notice);
        let status = DiskStatus {
            level: self.level,
            free_bytes: room.free_bytes,
            total_bytes: room.total_bytes,
            free_inodes: room.inodes.map(|(free, _)| free),
            total_inodes: room.inodes.map(|(_, total)| total),
            notice,
        };
        self.options.shown.send_if_modified(|shown| {
            let changed = shown.as_ref() != Some(&status);
            *shown = Some(status);
            changed
        });
    }

    /// Stops what the level stops, and lets everything else go on.
    fn stop_and_start(&self, notice: &Option<String>) {
        let stopped_at = |level| notice.clone().filter(|_| self.level >= level);
        let optional = stopped_at(DiskLevel::OptionalStopped);
        // With retention a checkpoint is what lets old segments go.
        let checkpoints = optional.is_some() && self.options.retention.is_none();
        self.progress.hold_checkpoints(checkpoints);
        if self.options.archives_here {
            self.progress.hold_archives(optional.as_deref());
        }
        self.journal.hold(stopped_at(DiskLevel::IngestStopped));
    }

    /// The level as a sentence, while there is too little room.
    fn notice(&self, room: &DiskRoom) -> Option<String> {
        let reserve = self.options.thresholds.reserve_of(room).0;
        let at = |times: u64| ByteSize(reserve.saturating_mul(times));
        let goes_on = |times: u64| ByteSize(at(times).0.saturating_mul(5) / 4);
        let optional = match (self.options.archives_here, self.options.retention) {
            (true, None) => "the archive and checkpoints",
            (true, Some(_)) => "the archive",
            (false, _) => "checkpoints",
        };
        let what = match self.level {
            DiskLevel::Enough => return None,
            DiskLevel::Low => format!(
                "headcount stops {optional} at {} and takes no more records at {}",
                at(2),
                at(1)
            ),
            DiskLevel::OptionalStopped => format!(
                "{optional} stopped and go on by themselves at {}; records are taken until {}",
                goes_on(2),
                at(1)
            ),
            DiskLevel::IngestStopped => format!(
                "records are not taken, and {optional} stopped; both go on by themselves, records at {}; what is stored is \
                 still served",
                goes_on(1)
            ),
        };
        let inodes = room
            .inodes
            .map_or_else(String::new, |(free, _)| format!(" and {free} files"));
        Some(format!(
            "the disk of {} has room for {}{inodes}: {what}; free some space",
            self.options.folder.display(),
            ByteSize(room.free_bytes),
        ))
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
