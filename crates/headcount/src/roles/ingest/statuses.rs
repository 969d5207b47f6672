//! What sources tell of themselves, passed on to the server.

use headcount_query::{SourceState, SourceStatus};
use std::sync::Arc;

use headcount_source::status::{State, Status};
use tokio::{sync::watch, task::JoinSet};

use crate::roles::ingest::queue::Running;

/// Passes on what sources tell of themselves.
pub(crate) fn watch_statuses(
    running: &[Running],
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let first = running
        .iter()
        .map(|source| status_of(&source.status.borrow()))
        .collect();
    statuses.send_replace(Arc::new(first));
    for (at, source) in running.iter().enumerate() {
        let (mut status, statuses) = (source.status.clone(), statuses.clone());
        tasks.spawn(async move {
            while status.changed().await.is_ok() {
                let changed = status_of(&status.borrow_and_update());
                statuses.send_modify(|all| Arc::make_mut(all)[at] = changed);
            }
            // Its end went away without a last word: it panicked.
            let last = status.borrow().state;
            if !matches!(last, State::Ended | State::Failed) {
                statuses.send_modify(|all| {
                    let broken = &mut Arc::make_mut(all)[at];
                    broken.state = SourceState::Failed;
                    broken.error = Some(format!(
                        "{} broke down (this is a bug of headcount)",
                        broken.name
                    ));
                });
            }
        });
    }
    tasks
}

fn status_of(status: &Status) -> SourceStatus {
    SourceStatus {
        name: status.name.clone(),
        state: match status.state {
            State::Connecting => SourceState::Connecting,
            State::Live => SourceState::Live,
            State::Reconnecting => SourceState::Reconnecting,
            State::Ended => SourceState::Ended,
            State::Failed => SourceState::Failed,
            State::Idle => SourceState::Idle,
        },
        last_record_at: status.last_record_at,
        gaps: status.gaps,
        reconnects: status.reconnects,
        error: status.error.clone(),
    }
}
