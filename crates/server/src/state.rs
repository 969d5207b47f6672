//! What the program hands to the server: where figures come from and what is known of the sources.

use std::sync::Arc;

use headcount_engine::{Filter, Pulse, Summary, VenueTotal, View};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{cluster::ClusterStatus, problem::Problem};

/// How the server gets its figures; the program's publisher is at the other end.
#[derive(Clone, Debug)]
pub struct Views {
    /// Questions to the publisher. Bounded: a full channel makes the asking wait.
    pub asks: mpsc::Sender<Ask>,
    /// Changes at every commit that changed figures. An answer given after a change is at least as
    /// new as that commit.
    pub commits: watch::Receiver<u64>,
}

/// A question to the publisher; it answers at the latest commit.
#[derive(Debug)]
pub enum Ask {
    /// The Live page's figures under a filter.
    View(Filter, oneshot::Sender<Arc<View>>),
    /// The answer of `count` and `summary`, under a filter.
    Summary(Filter, oneshot::Sender<Arc<Summary>>),
    /// Venues with a `yes` under a filter, by count, greatest first.
    Venues(Filter, oneshot::Sender<Arc<Vec<VenueTotal>>>),
}

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

/// Whether figures can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet; the text says what is being done ("replaying the journal: 40 %").
    Starting(String),
    Ready,
    /// Not without help; the text is a sentence for a person.
    Failed(String),
}

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    pub name: String,
    pub state: SourceState,
    /// When its last record arrived, by the clock on the wall.
    pub last_record_at: Option<i64>,
    /// Interruptions in which records may have been lost.
    pub gaps: u64,
    pub reconnects: u64,
    /// Why it is not live, if that is known.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Reconnecting,
    Ended,
    Idle,
}

impl SourceState {
    /// The word used in JSON and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Ended => "ended",
            Self::Idle => "idle",
        }
    }
}

impl Views {
    /// Puts a question and waits for its answer; whoever calls sets the limit on the wait.
    pub(crate) async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Ask,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.asks
            .send(question(reply))
            .await
            .map_err(|_| Problem::no_figures())?;
        answer.await.map_err(|_| Problem::no_figures())
    }

    /// The commit that an answer asked for from now on is at least as new as.
    pub(crate) fn commit(&self) -> u64 {
        *self.commits.borrow()
    }
}

impl Readiness {
    /// Refuses, with the reason, while there are no figures to serve.
    pub(crate) fn require(&self) -> Result<(), Problem> {
        match self {
            Self::Ready => Ok(()),
            Self::Starting(doing) => Err(Problem::starting(doing)),
            Self::Failed(reason) => Err(Problem::failed(reason)),
        }
    }
}
