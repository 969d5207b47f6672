//! Merges the partitions' aggregates into the figures that the server asks for.

use headcount_query::Question;
use std::sync::Arc;

use anyhow::{Context, Result};
use headcount_engine::{Filter, PartialAggregate, Scope};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::roles::serve::{category_scorer::CategoryScorer, partition_handle::PartitionHandles};

/// Answers questions until all askers are gone.
pub(crate) async fn answer_questions(
    mut questions: mpsc::Receiver<Question>,
    handles: PartitionHandles,
    scorer: CategoryScorer,
) {
    let mut answers = JoinSet::new();
    while let Some(ask) = questions.recv().await {
        while answers.try_join_next().is_some() {}
        let (handles, scorer) = (handles.clone(), scorer.clone());
        answers.spawn(async move {
            if let Err(error) = answer(ask, &handles, scorer).await {
                tracing::warn!("cannot answer a question of the server: {error:#}");
            }
        });
    }
    // An unfinished answer holds the partitions; they can close after it.
    while answers.join_next().await.is_some() {}
}

async fn answer(ask: Question, handles: &PartitionHandles, scorer: CategoryScorer) -> Result<()> {
    match ask {
        Question::View(filter, reply) => {
            let aggregates = handles.aggregate(under(filter)).await?;
            give(reply, aggregates, move |aggregate| {
                let mut view = aggregate.view();
                scorer.score(&mut view.trending);
                Arc::new(view)
            })
            .await
        }
        Question::Summary(filter, reply) => {
            let scope = Scope {
                whole: true,
                ..under(filter)
            };
            let aggregates = handles.aggregate(scope).await?;
            give(reply, aggregates, |aggregate| Arc::new(aggregate.summary())).await
        }
        Question::Venues(filter, reply) => {
            let aggregates = handles.aggregate(under(filter)).await?;
            give(reply, aggregates, |aggregate| {
                Arc::new(aggregate.venue_totals())
            })
            .await
        }
        Question::List(filter, query, reply) => {
            let scope = Scope {
                list: Some(Arc::clone(&query)),
                ..under(filter)
            };
            let aggregates = handles.aggregate(scope).await?;
            give(reply, aggregates, move |aggregate| {
                Arc::new(aggregate.list(&query))
            })
            .await
        }
    }
}

fn under(filter: Filter) -> Scope {
    Scope {
        filter,
        ..Scope::default()
    }
}

/// Merges the aggregates and replies, on a blocking thread: sorting long lists would hold up the network.
async fn give<T: Send + 'static>(
    reply: oneshot::Sender<T>,
    aggregates: Vec<PartialAggregate>,
    make: impl FnOnce(PartialAggregate) -> T + Send + 'static,
) -> Result<()> {
    let made = tokio::task::spawn_blocking(move || {
        make(
            aggregates
                .into_iter()
                .reduce(PartialAggregate::and)
                .unwrap_or_default(),
        )
    })
    .await
    .context("merge the partitions")?;
    // The asker may have gone.
    let _ = reply.send(made);
    Ok(())
}
