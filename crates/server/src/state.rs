//! What the program hands to the server: where figures come from and what is known of the sources.

use headcount_query::{ClusterStatus, Readiness, SourceStatus, Views};
use std::sync::Arc;

use headcount_engine::Pulse;
use tokio::sync::{broadcast, watch};

use crate::problem::Problem;

/// Everything [`crate::serve`] needs to know of the rest of the program.
#[derive(Clone, Debug)]
pub struct ServerState {
    pub views: Views,
    /// New answers as they are counted: bounded and lossy, the server subscribes per filter.
    pub pulses: broadcast::Sender<Arc<[Pulse]>>,
    pub sources: watch::Receiver<Arc<Vec<SourceStatus>>>,
    pub ready: watch::Receiver<Readiness>,
    /// The cluster this process is part of; nothing where one process does it all.
    pub cluster: watch::Receiver<Option<Arc<ClusterStatus>>>,
}

/// Refuses, with the reason, while there are no figures to serve.
pub(crate) fn require(readiness: &Readiness) -> Result<(), Problem> {
    match readiness {
        Readiness::Ready => Ok(()),
        Readiness::Starting(doing) => Err(Problem::starting(doing)),
        Readiness::Failed(reason) => Err(Problem::failed(reason)),
    }
}
