//! What the tables of a data folder are now, for a command: from the worker that keeps them, or by bringing them up here.

use std::path::PathBuf;

use crate::{
    cli::DataPlace,
    data::DataFolder,
    serve::{SnapshotLease, lease},
    snapshot::Snapshot,
    tables::Keeper,
};

/// All that the journal holds, for as long as it is held.
pub(crate) struct CurrentTables {
    pub(crate) snapshot: Snapshot,
    _held: Held,
}

#[expect(
    dead_code,
    reason = "they are held for what happens when they are dropped"
)]
enum Held {
    /// The connection to the worker.
    Lease(SnapshotLease),
    /// The lock on the tables, and the files over them.
    Here(Box<Keeper>, OverlayFolder),
}

struct OverlayFolder(PathBuf);

impl Drop for OverlayFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Finds it out. A worker that runs is asked; else the tables are brought to the journal's end, as `tables` does, but for a last
/// part that stays in memory.
pub(crate) async fn current(place: &DataPlace) -> anyhow::Result<CurrentTables> {
    let data = DataFolder::new(place.data.clone());
    if let Some(lease) = lease(&data.socket()).await? {
        let snapshot = lease.snapshot.clone();
        return Ok(CurrentTables {
            snapshot,
            _held: Held::Lease(lease),
        });
    }
    let journal = data.journal()?;
    let location = data.tables(place.lake.clone())?;
    let mut keeper = Keeper::open(location, data.keeper_options(place.pending)?, &journal).await?;
    while !keeper.read(&journal, &|_| {})? {
        keeper.write().await?;
        if !keeper.is_filling()? {
            keeper.commit().await?;
        }
    }
    let overlays = data.batch().join("overlay-here");
    let (snapshot, folder) = keeper.snapshot(&overlays)?;
    Ok(CurrentTables {
        snapshot,
        _held: Held::Here(Box::new(keeper), OverlayFolder(folder)),
    })
}
