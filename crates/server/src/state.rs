//! What the program hands to the server: where figures come from, and what is known of the sources.

use std::{collections::BTreeMap, sync::Arc};

use headcount_engine::Pulse;
use headcount_learn::{ModelName, Promotion, ServedModels, VersionCard};
use headcount_query::{
    BatchWorkerStatus, ClusterStatus, DiskStatus, Readiness, SourceStatus, Views,
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::http::problem::Problem;

/// Everything [`crate::serve`] needs to know of the rest of the program.
#[derive(Clone, Debug)]
pub struct ServerState {
    /// Where figures are asked for.
    pub views: Views,
    /// New answers as they are counted. Bounded and lossy; the server subscribes once for each filter.
    pub pulses: broadcast::Sender<Arc<[Pulse]>>,
    /// The sources of this process, in the order in which they were given.
    pub sources: watch::Receiver<Arc<Vec<SourceStatus>>>,
    /// Whether figures can be served, and if not, why.
    pub ready: watch::Receiver<Readiness>,
    /// The cluster that this process is a part of; `None` where one process does it all.
    pub cluster: watch::Receiver<Option<Arc<ClusterStatus>>>,
    /// The room for the data folder; `None` where this process writes none.
    pub disk: watch::Receiver<Option<DiskStatus>>,
    /// Where tables and SQL are asked for.
    pub batch: watch::Receiver<BatchWorkerStatus>,
    /// The models in use, and where they are kept.
    pub models: ModelsAccess,
}

/// What the server knows of models.
#[derive(Clone, Debug)]
pub struct ModelsAccess {
    /// As they were last looked at.
    pub seen: watch::Receiver<Arc<ModelsSeen>>,
    /// Where a version is promoted.
    pub promotions: mpsc::Sender<PromotionRequest>,
}

/// Somebody wants a version to be used.
#[derive(Debug)]
pub struct PromotionRequest {
    /// Of which model.
    pub name: ModelName,
    /// Its number.
    pub version: u32,
    /// Also if it does not beat its baseline.
    pub anyway: bool,
    /// What became of it.
    pub reply: oneshot::Sender<Result<Promotion, PromotionRefusal>>,
}

/// Why a version is not used now; each a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionRefusal {
    /// There is no such version, or no model at all.
    Missing(String),
    /// It is damaged, or no better than its baseline.
    Unfit(String),
    /// The place of the models failed.
    Failed(String),
}

impl ModelsAccess {
    /// No models, now and later.
    #[must_use]
    pub fn none() -> Self {
        Self {
            seen: watch::channel(Arc::default()).1,
            promotions: mpsc::channel(1).0,
        }
    }
}

/// The models at one look.
#[derive(Debug, Default)]
pub struct ModelsSeen {
    /// Those in use.
    pub served: ServedModels,
    /// How far later data are from those that the models were trained on, by the name of the model.
    pub drift: serde_json::Map<String, serde_json::Value>,
    /// What the worker says of its training; null where nothing trains.
    pub training: serde_json::Value,
    /// All versions of all models that have any.
    pub versions: BTreeMap<ModelName, ModelVersions>,
}

/// The versions of one model.
#[derive(Clone, Debug, Default)]
pub struct ModelVersions {
    /// Which one is to be used, if one was ever promoted.
    pub promotion: Option<Promotion>,
    /// By number: its card, or why it is refused.
    pub cards: BTreeMap<u32, Result<VersionCard, String>>,
}

/// Refuses, with the reason, while there are no figures to serve.
pub(crate) fn require(readiness: &Readiness) -> Result<(), Problem> {
    match readiness {
        // While records are waited for, the figures are right for all that has been counted.
        Readiness::Ready | Readiness::Waiting(_) => Ok(()),
        Readiness::Starting(doing) => Err(Problem::starting(doing)),
        Readiness::Failed(reason) => Err(Problem::failed(reason)),
    }
}
