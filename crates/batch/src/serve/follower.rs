//! Follows the journal: tables a little behind, statements not at all.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{
    error::Result,
    model::LakeTable,
    snapshot::{TablesAsOf, TablesSnapshot},
    tables::{JournalReader, Keeper},
};

/// Between two looks at the journal.
const LOOK: Duration = Duration::from_secs(1);
/// Between two commits, while there is something to commit.
const COMMIT: Duration = Duration::from_secs(20);

/// Tables that follow a journal.
pub(super) struct TablesFollower {
    kept: Mutex<Kept>,
    overlays: PathBuf,
}

struct Kept {
    keeper: Keeper,
    journal: JournalReader,
    committed: Instant,
    /// What the last statement saw, and at which offsets.
    last: Option<Arc<HeldSnapshot>>,
}

/// A snapshot whose files stay as long as somebody holds it.
pub(crate) struct HeldSnapshot {
    pub(crate) snapshot: TablesSnapshot,
    folder: PathBuf,
    /// The batch of the tables that it stands on: another one needs another overlay.
    versions: u32,
}

impl Drop for HeldSnapshot {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl TablesFollower {
    pub(super) fn new(keeper: Keeper, journal: JournalReader, overlays: PathBuf) -> Self {
        let kept = Kept {
            keeper,
            journal,
            committed: Instant::now(),
            last: None,
        };
        Self {
            kept: Mutex::new(kept),
            overlays,
        }
    }

    /// Follows the journal until something fails.
    pub(super) async fn follow(&self) -> Result<()> {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut kept = self.kept.lock().await;
            kept.read_on().await?;
            if kept.committed.elapsed() >= COMMIT {
                kept.write().await?;
                kept.commit().await?;
            }
        }
    }

    /// Commits what is left.
    pub(super) async fn finish(&self) -> Result<()> {
        let mut kept = self.kept.lock().await;
        kept.write().await?;
        kept.commit().await
    }

    /// What a statement sees: all that is in the journal now.
    pub(super) async fn snapshot(&self) -> Result<Arc<HeldSnapshot>> {
        let mut kept = self.kept.lock().await;
        kept.read_on().await?;
        let (offsets, versions) = (kept.keeper.offsets(), kept.keeper.batches());
        if let Some(last) = &kept.last
            && (&last.snapshot.as_of.offsets, last.versions) == (&offsets, versions)
        {
            return Ok(Arc::clone(last));
        }
        let overlays = &self.overlays;
        let (snapshot, folder) = tokio::task::block_in_place(|| kept.keeper.snapshot(overlays))?;
        let held = Arc::new(HeldSnapshot {
            snapshot,
            folder,
            versions,
        });
        kept.last = Some(Arc::clone(&held));
        Ok(held)
    }

    /// How many rows the tables have, and how far they and their reader have come.
    pub(super) async fn status(&self) -> (BTreeMap<LakeTable, u64>, TablesAsOf, Duration) {
        let kept = self.kept.lock().await;
        let as_of = kept.keeper.as_of();
        let behind = if kept.keeper.is_behind() {
            kept.committed.elapsed()
        } else {
            Duration::ZERO
        };
        (kept.keeper.row_counts(), as_of, behind)
    }
}

impl Kept {
    /// Reads to the journal's end. What is more than may wait is written on the way.
    async fn read_on(&mut self) -> Result<()> {
        tokio::task::block_in_place(|| self.journal.look_again())?;
        loop {
            let Self {
                keeper, journal, ..
            } = self;
            if tokio::task::block_in_place(|| keeper.read(journal, &|_| {}))? {
                return Ok(());
            }
            self.write().await?;
            // Tables that are made anew are complete at the journal's end.
            if !self.keeper.is_filling()? {
                self.commit().await?;
            }
        }
    }

    async fn write(&mut self) -> Result<()> {
        self.keeper.write().await
    }

    async fn commit(&mut self) -> Result<()> {
        self.keeper.commit().await?;
        self.committed = Instant::now();
        Ok(())
    }
}
