//! The engines that a process stands on, opened.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use headcount_journal::Journal;
use headcount_sink::{
    checkpoints::CheckpointStore,
    lake::{self, Description, Lake, LakeAddress},
    serving::{Identity, Serving, ServingAddress},
};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::{
    checkpoints::Checkpoints,
    cli::Role,
    exit::{NO_INPUT, exit},
    known::Known,
    live::Live,
    waiting::Waiting,
};

/// Between attempts to reach what is served.
const RETRY: Duration = Duration::from_millis(500);

impl Live {
    /// Opens what is served: to write to it if this process counts, otherwise to read.
    pub(crate) async fn open_serving(&self, journal: Option<&Journal>) -> Result<Option<Serving>> {
        let Some(address) = &self.serving else {
            return Ok(None);
        };
        if !self.does(Role::Process) && !self.does(Role::Serve) {
            return Ok(None);
        }
        let _waiting = Waiting::on(address);
        let serving = match journal.filter(|_| self.does(Role::Process)) {
            Some(journal) => {
                let identity = Identity {
                    journal: journal.id(),
                    partitions: journal.partitions(),
                };
                Serving::open(address, identity).await?
            }
            None => open_to_read(address).await?,
        };
        Ok(Some(serving))
    }

    /// Opens the lake, if there is one; a process that stands alone archives by default.
    pub(crate) async fn open_lake(&self, journal: Option<&Journal>) -> Result<Option<Lake>> {
        let address = match &self.lake {
            Some(address) => address.clone(),
            None if self.journal.is_none() && self.archive && self.does(Role::Process) => {
                LakeAddress::Disk(self.data.lake())
            }
            None => return Ok(None),
        };
        let whose = journal.map(|journal| Description::new(journal.id(), journal.partitions()));
        let open = move || {
            let _waiting = Waiting::on(&address);
            let lake = Lake::open_with(&address, lake::Options::default())?;
            if let Some(whose) = whose {
                // One lake is one journal's.
                whose.agree(&lake)?;
            }
            Ok(lake)
        };
        blocking(open).await.map(Some)
    }

    /// Where checkpoints are: shared ones in the lake.
    pub(crate) fn checkpoints(&self, lake: Option<&Lake>) -> Checkpoints {
        match lake.filter(|_| self.journal.is_some()) {
            Some(lake) => Checkpoints::Lake(CheckpointStore::new(lake)),
            None => Checkpoints::Folder(self.data.clone()),
        }
    }
}

/// Opens a lake that others write to.
pub(crate) fn open_lake_to_read(address: &LakeAddress) -> Result<Lake> {
    if let LakeAddress::Disk(dir) = address
        && !dir.is_dir()
    {
        return Err(exit(
            NO_INPUT,
            format!(
                "there is no lake in {address}; a process that counts makes it: start one with headcount run --lake \
                 {address}, or correct the address"
            ),
        ));
    }
    Ok(Lake::open_to_read(address, lake::Options::default())?)
}

/// The group of processes that count together: those that share a lake, and go on from each
/// other's checkpoints.
pub(crate) fn group_of(lake: &Lake) -> String {
    let digest = Sha256::digest(lake.to_string());
    let hex: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("headcount-{hex}")
}

/// Opens what others serve; waits for the first that does.
async fn open_to_read(address: &ServingAddress) -> Result<Serving> {
    let mut told = false;
    loop {
        match Serving::open_to_read(address).await {
            Err(error) if error.is_retryable() => {
                if !told {
                    tracing::warn!("{error}; it is tried again");
                    told = true;
                }
                sleep(RETRY).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// What a journal knows of sources by itself, by partition.
pub(crate) async fn known_to(journal: &Arc<Journal>) -> Result<Vec<Known>> {
    let journal = Arc::clone(journal);
    blocking(move || {
        let positions = journal.positions()?.context(
            "this journal cannot say how far sources have been read; let one process ingest and \
             count: leave --role away",
        )?;
        Ok(positions
            .iter()
            .map(|bodies| Known::of_bodies(bodies))
            .collect())
    })
    .await
}

/// Runs something that blocks beside the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a part of the process broke down")?
}
