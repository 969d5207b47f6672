//! Opens what a process needs: journal, serving store and lake.

use headcount_query::Readiness;
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use headcount_journal::Journal;

use headcount_lake::{Lake, LakeAddress, LakeDescription, checkpoints::CheckpointStore};
use headcount_serving::{Serving, ServingAddress, ServingIdentity};
use sha2::{Digest, Sha256};
use tokio::{sync::watch, time::sleep};

use crate::{
    cli::Role,
    exit::{NO_INPUT, exit},
    live::Live,
    opening_notice::OpeningNotice,
    roles::ingest::known_sources::KnownSources,
    roles::process::checkpoints::Checkpoints,
    store::open_segments,
};

/// Between attempts to open a journal or a serving store that is not there yet.
const RETRY: Duration = Duration::from_millis(500);

impl Live {
    /// Opens the journal, if this process ingests or counts. Only a process that ingests creates one; a process that only
    /// counts waits for it.
    pub(crate) async fn open_journal(
        &self,
        readiness: &watch::Sender<Readiness>,
    ) -> Result<Option<Arc<Journal>>> {
        let creates = self.does(Role::Ingest);
        if !creates && !self.does(Role::Process) {
            return Ok(None);
        }
        let (data, partitions, worker) = (&self.data, self.partitions, &self.worker);
        let segment_size = self.disk.segment_size;
        let mut told = false;
        loop {
            let (data, address, worker) = (data.clone(), self.journal.clone(), worker.clone());
            let opened = blocking(move || match address {
                Some(address) => {
                    let _waiting = OpeningNotice::on(&address);
                    address.open(partitions, &worker, creates)
                }
                None => open_segments(&data, partitions, segment_size),
            });
            match opened.await {
                Err(error) if is_to_come(&error) => {
                    if !told {
                        tracing::warn!("waiting: {error}");
                        readiness.send_replace(Readiness::Starting(format!("waiting: {error}")));
                        told = true;
                    }
                    sleep(RETRY).await;
                }
                opened => return opened.map(|journal| Some(Arc::new(journal))),
            }
        }
    }

    /// Opens the serving store: to write to it if this process counts, otherwise to read.
    pub(crate) async fn open_serving(&self, journal: Option<&Journal>) -> Result<Option<Serving>> {
        let Some(address) = &self.serving else {
            return Ok(None);
        };
        if !self.does(Role::Process) && !self.does(Role::Serve) {
            return Ok(None);
        }
        let _waiting = OpeningNotice::on(address);
        let serving = match journal.filter(|_| self.does(Role::Process)) {
            Some(journal) => {
                let identity = ServingIdentity {
                    journal: journal.id(),
                    partitions: journal.partitions(),
                };
                Serving::open(address, identity).await?
            }
            None => open_to_read(address).await?,
        };
        Ok(Some(serving))
    }

    /// Opens the lake, if there is one; a process that works alone archives by default.
    pub(crate) async fn open_lake(&self, journal: Option<&Journal>) -> Result<Option<Lake>> {
        let address = match &self.lake {
            Some(address) => address.clone(),
            None if self.journal.is_none() && self.archive && self.does(Role::Process) => {
                LakeAddress::Disk(self.data.lake())
            }
            None => return Ok(None),
        };
        let whose = journal.map(|journal| LakeDescription::new(journal.id(), journal.partitions()));
        let open = move || {
            let _waiting = OpeningNotice::on(&address);
            let lake = Lake::open_with(&address, headcount_lake::Options::default())?;
            if let Some(whose) = whose {
                // A lake belongs to one journal.
                whose.agree(&lake)?;
            }
            Ok(lake)
        };
        blocking(open).await.map(Some)
    }

    /// Where checkpoints are: in the lake if the journal is shared, otherwise in the data folder.
    pub(crate) fn checkpoints(&self, lake: Option<&Lake>) -> Checkpoints {
        match lake.filter(|_| self.journal.is_some()) {
            Some(lake) => Checkpoints::Lake(CheckpointStore::new(lake)),
            None => Checkpoints::Folder(self.data.clone()),
        }
    }
}

fn is_to_come(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(headcount_journal::Error::NoJournal { .. })
    )
}

/// Checks that serving store and lake belong to one journal, for a process that does not open the journal.
pub(crate) async fn one_journal(serving: &Serving, lake: &Lake) -> Result<()> {
    let (served, lake) = (serving.identity().journal, lake.clone());
    blocking(move || match LakeDescription::read(&lake)? {
        Some(found) if found.journal != served => bail!(
            "{lake} belongs to journal {:016x}, but the serving store belongs to {served:016x}: pass --lake and \
             --serving of the same journal",
            found.journal
        ),
        _ => Ok(()),
    })
    .await
}

/// Opens a lake that others write to.
pub(crate) fn open_lake_to_read(address: &LakeAddress) -> Result<Lake> {
    if let LakeAddress::Disk(dir) = address
        && !dir.is_dir()
    {
        return Err(exit(
            NO_INPUT,
            format!(
                "there is no lake in {address}; import and run write one unless --no-archive switches it off: start \
                 headcount run --lake {address} on the data that you want there, or correct the address"
            ),
        ));
    }
    Ok(Lake::open_to_read(
        address,
        headcount_lake::Options::default(),
    )?)
}

/// The name of the group of processes that share the partitions: those with the same lake, because they resume from
/// each other's checkpoints.
pub(crate) fn group_of(lake: &Lake) -> String {
    let digest = Sha256::digest(lake.to_string());
    format!("headcount-{}", hex::encode(&digest[..6]))
}

/// Opens a serving store that others write to; waits until one has.
async fn open_to_read(address: &ServingAddress) -> Result<Serving> {
    let mut told = false;
    loop {
        match Serving::open_to_read(address).await {
            Err(error) if error.is_retryable() => {
                if !told {
                    tracing::warn!("{error}; retrying");
                    told = true;
                }
                sleep(RETRY).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// What a journal knows of sources by itself, by partition.
pub(crate) async fn known_to(journal: &Arc<Journal>) -> Result<Vec<KnownSources>> {
    let journal = Arc::clone(journal);
    blocking(move || {
        let positions = journal.positions()?;
        Ok(positions
            .iter()
            .map(|bodies| KnownSources::of_bodies(bodies))
            .collect())
    })
    .await
}

/// Runs blocking work outside the threads of the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .context("a background task panicked")?
}
