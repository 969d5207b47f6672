//! Questions and how they are put.

use std::sync::Arc;

use headcount_engine::{Filter, Summary, VenueTotal, View};
use tokio::sync::{mpsc, oneshot, watch};

/// How figures are asked for; the program's publisher is at the other end.
#[derive(Clone, Debug)]
pub struct Views {
    /// Questions to the publisher. Bounded: a full channel makes whoever asks wait.
    pub questions: mpsc::Sender<Question>,
    /// Changes at every commit that changed figures. An answer given after a change is at least as
    /// new as that commit.
    pub commits: watch::Receiver<u64>,
}

/// A question to the publisher; it answers at the latest commit.
#[derive(Debug)]
pub enum Question {
    /// The Live page's figures under a filter.
    View(Filter, oneshot::Sender<Arc<View>>),
    /// The answer of `count` and `summary`, under a filter.
    Summary(Filter, oneshot::Sender<Arc<Summary>>),
    /// Venues with a `yes` under a filter, by count, greatest first.
    Venues(Filter, oneshot::Sender<Arc<Vec<VenueTotal>>>),
}

/// The publisher is not there: the program is starting or stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no figures at the moment: headcount is starting or stopping")]
pub struct Unanswered;

impl Views {
    /// Puts a question and waits for its answer; whoever calls sets the limit on the wait.
    ///
    /// # Errors
    /// When nobody answers any more.
    pub async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, Unanswered> {
        let (reply, answer) = oneshot::channel();
        self.questions
            .send(question(reply))
            .await
            .map_err(|_| Unanswered)?;
        answer.await.map_err(|_| Unanswered)
    }

    /// The commit that an answer asked for from now on is at least as new as.
    #[must_use]
    pub fn commit(&self) -> u64 {
        *self.commits.borrow()
    }
}
