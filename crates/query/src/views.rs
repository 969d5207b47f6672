//! Questions about the figures, and how to ask them.

use std::sync::Arc;

use headcount_engine::{Filter, ListAnswer, ListQuery, Summary, VenueTotal, View};
use tokio::sync::{mpsc, oneshot, watch};

/// The way to ask for figures; the program's publisher is at the other end.
#[derive(Clone, Debug)]
pub struct Views {
    /// Questions to the publisher. Bounded: while it is full, asking waits.
    pub questions: mpsc::Sender<Question>,
    /// The number of the last commit that changed figures. A question asked after a change is answered with
    /// that commit or a later one.
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
    /// A page of a list, under a filter.
    List(Filter, Arc<ListQuery>, oneshot::Sender<Arc<ListAnswer>>),
}

/// The publisher is not there: the program is starting or stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no figures at the moment: headcount is starting or stopping")]
pub struct Unanswered;

impl Views {
    /// Asks a question and waits for its answer. The caller limits the wait.
    ///
    /// # Errors
    /// When the publisher has ended.
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

    /// A question asked from now on is answered with this commit or a later one.
    #[must_use]
    pub fn commit(&self) -> u64 {
        *self.commits.borrow()
    }
}
