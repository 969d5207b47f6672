//! The models in use: looked at again and again, so that a version that is promoted is used within seconds.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use headcount_clock::now_ms;
use headcount_lake::{LakeAddress, Options};
use headcount_learn::{ModelName, Promotion};
use headcount_models::{Error, ModelStore, load_in_use};
use headcount_server::{
    ModelVersions, ModelsAccess, ModelsSeen, PromotionRefusal, PromotionRequest,
};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

/// Between two looks: a few small files.
const LOOK: Duration = Duration::from_secs(3);
/// The same where each file costs a request.
const LOOK_AWAY: Duration = Duration::from_secs(30);
/// How long a look may take. The next one is soon enough, and the end of the process does not wait for long.
const PATIENCE: Duration = Duration::from_secs(2);
/// Promotions that may wait.
const PROMOTIONS: usize = 8;

/// Where the models are.
pub(crate) struct ModelsFollower {
    place: ModelsFolder,
    store: Option<ModelStore>,
    seen: watch::Sender<Arc<ModelsSeen>>,
    promotions: mpsc::Receiver<PromotionRequest>,
    /// What failed last, so that it is logged once.
    failed: Option<String>,
}

/// Where to look.
#[derive(Clone)]
struct ModelsFolder {
    models: PathBuf,
    /// What the worker writes for the page.
    batch: PathBuf,
    /// The shared lake, if it is none in a folder.
    lake: Option<LakeAddress>,
}

impl ModelsFollower {
    /// For the models in `data`, or in the lake if it is a shared one.
    pub(crate) fn new(data: PathBuf, lake: Option<LakeAddress>) -> (Self, ModelsAccess) {
        let (seen, access) = watch::channel(Arc::default());
        let (ask, promotions) = mpsc::channel(PROMOTIONS);
        let place = ModelsFolder {
            models: data.join("models"),
            batch: data.join("batch"),
            lake: lake.filter(|lake| !matches!(lake, LakeAddress::Disk(_))),
        };
        let follower = Self {
            place,
            store: None,
            seen,
            promotions,
            failed: None,
        };
        let access = ModelsAccess {
            seen: access,
            promotions: ask,
        };
        (follower, access)
    }

    /// Follows them for ever.
    pub(crate) async fn follow(mut self) {
        let is_away = self.place.lake.is_some();
        let mut ticks = interval(if is_away { LOOK_AWAY } else { LOOK });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Some(request) = self.promotions.recv() => self.promote(request).await,
            }
            self.look().await;
        }
    }

    async fn promote(&self, request: PromotionRequest) {
        let PromotionRequest {
            name,
            version,
            anyway,
            reply,
        } = request;
        let promoted = match self.store.clone() {
            None => Err(PromotionRefusal::Missing(
                "no model was trained yet".to_owned(),
            )),
            Some(store) => {
                let promote = move || promote(&store, name, version, anyway);
                let promoted = spawn_blocking(promote).await;
                promoted.unwrap_or_else(|error| Err(PromotionRefusal::Failed(error.to_string())))
            }
        };
        // The asker may have gone.
        let _ = reply.send(promoted);
    }

    async fn look(&mut self) {
        let before = Arc::clone(&self.seen.borrow());
        let (place, store) = (self.place.clone(), self.store.clone());
        let looked = spawn_blocking(move || place.look(store, &before)).await;
        // A look that panicked is one that failed.
        let looked = looked.map_err(anyhow::Error::from);
        match looked.and_then(|looked| Ok(looked?)) {
            Ok((store, seen)) => {
                for (name, why) in &seen.served.refused {
                    if self.seen.borrow().served.refused.get(name) != Some(why) {
                        tracing::warn!("the model {name} stays as it is: {why}");
                    }
                }
                self.failed = None;
                self.store = store;
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

impl ModelsFolder {
    fn look(
        &self,
        store: Option<ModelStore>,
        before: &ModelsSeen,
    ) -> headcount_models::Result<(Option<ModelStore>, ModelsSeen)> {
        let mut seen = ModelsSeen {
            drift: written(&self.batch.join("drift.json")),
            training: written(&self.batch.join("training.json")),
            ..ModelsSeen::default()
        };
        let store = match store {
            Some(store) => store,
            // Before the first training there is no folder, and looking makes none.
            None if self.lake.is_none() && !self.models.is_dir() => return Ok((None, seen)),
            None => {
                let options = Options {
                    attempt: PATIENCE,
                    patience: PATIENCE,
                    ..Options::default()
                };
                ModelStore::open_with(&self.models, self.lake.as_ref(), options)?
            }
        };
        seen.served = load_in_use(&store, &before.served)?;
        for (name, numbers) in store.versions()? {
            let known = before.versions.get(&name);
            seen.versions
                .insert(name, versions_of(&store, name, numbers, known)?);
        }
        Ok((Some(store), seen))
    }
}

/// The cards of a model's versions. A version does not change, so what was read before is not read again.
fn versions_of(
    store: &ModelStore,
    name: ModelName,
    numbers: Vec<u32>,
    known: Option<&ModelVersions>,
) -> headcount_models::Result<ModelVersions> {
    let promotion = match store.promotion(name) {
        Err(Error::Promotion { .. }) => None,
        promotion => promotion?,
    };
    let mut cards = BTreeMap::new();
    for version in numbers {
        let card = match known.and_then(|known| known.cards.get(&version)) {
            Some(Ok(card)) => Ok(card.clone()),
            _ => match store.card(name, version) {
                Ok(card) => Ok(card),
                Err(error @ Error::Refused { .. }) => Err(error.to_string()),
                // It was removed meanwhile.
                Err(Error::NoVersion { .. }) => continue,
                Err(error) => return Err(error),
            },
        };
        cards.insert(version, card);
    }
    Ok(ModelVersions { promotion, cards })
}

fn promote(
    store: &ModelStore,
    name: ModelName,
    version: u32,
    anyway: bool,
) -> Result<Promotion, PromotionRefusal> {
    let promoted = store.promote(name, Some(version), anyway, now_ms(), "promoted by hand");
    promoted.map_err(|error| {
        let why = error.to_string();
        match error {
            Error::NoVersion { .. } => PromotionRefusal::Missing(why),
            Error::NoBetter { .. } | Error::Refused { .. } => PromotionRefusal::Unfit(why),
            _ => PromotionRefusal::Failed(why),
        }
    })
}

/// What the worker wrote. What is missing or half written is shown as unknown.
fn written<T: DeserializeOwned + Default>(file: &Path) -> T {
    let text = std::fs::read(file).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
