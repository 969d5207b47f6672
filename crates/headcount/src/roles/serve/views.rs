//! Merges the partitions' surveys into the figures that the server asks for.

use headcount_query::Question;
use std::sync::Arc;

use anyhow::{Context, Result};
use headcount_engine::Survey;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::roles::serve::partition_handle::PartitionHandles;

/// Answers questions until all askers are gone.
pub(crate) async fn answer_questions(
    mut questions: mpsc::Receiver<Question>,
    handles: PartitionHandles,
) {
    let mut answers = JoinSet::new();
    while let Some(ask) = questions.recv().await {
        while answers.try_join_next().is_some() {}
        let handles = handles.clone();
        answers.spawn(async move {
            if let Err(error) = answer(ask, &handles).await {
                tracing::warn!("cannot answer a question of the server: {error:#}");
            }
        });
    }
    // An unfinished answer holds the partitions; they can close after it.
    while answers.join_next().await.is_some() {}
}

async fn answer(ask: Question, handles: &PartitionHandles) -> Result<()> {
    match ask {
        Question::View(filter, reply) => {
            let surveys = handles.survey(filter, false).await?;
            give(reply, surveys, |survey| Arc::new(survey.view())).await
        }
        Question::Summary(filter, reply) => {
            let surveys = handles.survey(filter, true).await?;
            give(reply, surveys, |survey| Arc::new(survey.summary())).await
        }
        Question::Venues(filter, reply) => {
            let surveys = handles.survey(filter, false).await?;
            give(reply, surveys, |survey| Arc::new(survey.venue_totals())).await
        }
    }
}

/// Merges the surveys and replies, on a blocking thread: sorting long lists would hold up the network.
async fn give<T: Send + 'static>(
    reply: oneshot::Sender<T>,
    surveys: Vec<Survey>,
    make: impl FnOnce(Survey) -> T + Send + 'static,
) -> Result<()> {
    let made = tokio::task::spawn_blocking(move || {
        make(surveys.into_iter().reduce(Survey::and).unwrap_or_default())
    })
    .await
    .context("merge the partitions")?;
    // The asker may have gone.
    let _ = reply.send(made);
    Ok(())
}
