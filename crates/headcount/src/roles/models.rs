//! The models in use: looked at again and again, so that a version that is promoted is used within seconds.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use headcount_lake::LakeAddress;
use headcount_models::{ModelStore, ServedModels};
use headcount_server::{ModelsAccess, ModelsSeen};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

/// Between two looks: a few small files.
const LOOK: Duration = Duration::from_secs(3);

/// Where the models are.
pub(crate) struct ModelsFollower {
    folder: PathBuf,
    /// The shared lake, if it is none in a folder.
    lake: Option<LakeAddress>,
    /// Where the worker says how far the last day is from what they were trained on.
    drift: PathBuf,
    seen: watch::Sender<Arc<ModelsSeen>>,
    /// What failed last, so that it is logged once.
    failed: Option<String>,
}

impl ModelsFollower {
    /// For the models in `data`, or in the lake if it is a shared one.
    pub(crate) fn new(data: PathBuf, lake: Option<LakeAddress>) -> (Self, ModelsAccess) {
        let (seen, access) = watch::channel(Arc::default());
        let follower = Self {
            folder: data.join("models"),
            lake: lake.filter(|lake| !matches!(lake, LakeAddress::Disk(_))),
            drift: data.join("batch").join("drift.json"),
            seen,
            failed: None,
        };
        let training = data.join("batch").join("training.json");
        (
            follower,
            ModelsAccess {
                seen: access,
                training,
            },
        )
    }

    /// Follows them for ever.
    pub(crate) async fn follow(mut self) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let before = Arc::clone(&self.seen.borrow());
        let (folder, lake) = (self.folder.clone(), self.lake.clone());
        let drift = self.drift.clone();
        let looked = spawn_blocking(move || look(folder, lake, &drift, &before)).await;
        // A look that panicked is one that failed.
        let looked = looked.map_err(anyhow::Error::from);
        match looked.and_then(|looked| Ok(looked?)) {
            Ok(seen) => {
                for (name, why) in &seen.served.refused {
                    if self.seen.borrow().served.refused.get(name) != Some(why) {
                        tracing::warn!("the model {name} stays as it is: {why}");
                    }
                }
                self.failed = None;
                self.seen.send_replace(Arc::new(seen));
            }
            Err(error) => {
                let error = format!("{error:#}");
                if self.failed.as_ref() != Some(&error) {
                    tracing::warn!(
                        "the models cannot be looked at, so they stay as they are: {error}"
                    );
                    self.failed = Some(error);
                }
            }
        }
    }
}

fn look(
    folder: PathBuf,
    lake: Option<LakeAddress>,
    drift: &Path,
    before: &ModelsSeen,
) -> headcount_models::Result<ModelsSeen> {
    let store = match &before.store {
        Some(store) => store.clone(),
        // Before the first training there is no folder, and looking makes none.
        None if lake.is_none() && !folder.is_dir() => return Ok(ModelsSeen::default()),
        None => ModelStore::open(&folder, lake.as_ref())?,
    };
    let served = ServedModels::load(&store, &before.served)?;
    Ok(ModelsSeen {
        served,
        drift: read_drift(drift),
        store: Some(store),
    })
}

/// What is missing or half written is shown as unknown.
fn read_drift(file: &Path) -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read(file).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
