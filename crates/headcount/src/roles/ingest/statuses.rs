//! What sources tell of themselves, passed on to the server.

use headcount_query::{SourceKind, SourceState, SourceStatus};
use std::sync::Arc;

use headcount_source::{
    SourceAddress,
    address::Pace,
    status::{State, Status},
};
use tokio::{sync::watch, task::JoinSet};

use crate::roles::ingest::queue::Running;

/// Passes on what sources tell of themselves.
pub(crate) fn watch_statuses(
    running: &[Running],
    kinds: &[SourceKind],
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let first = running
        .iter()
        .zip(kinds)
        .map(|(source, kind)| status_of(&source.status.borrow(), *kind))
        .collect();
    statuses.send_replace(Arc::new(first));
    for (at, (source, kind)) in running.iter().zip(kinds).enumerate() {
        let (mut status, statuses, kind) = (source.status.clone(), statuses.clone(), *kind);
        tasks.spawn(async move {
            while status.changed().await.is_ok() {
                let changed = status_of(&status.borrow_and_update(), kind);
                statuses.send_modify(|all| Arc::make_mut(all)[at] = changed);
            }
        });
    }
    tasks
}

/// What a source at this address brings. A recording that a server plays as a stream cannot be told from
/// a stream here; its record times give it away on the page.
pub(crate) fn kind_of(address: &SourceAddress) -> SourceKind {
    match address {
        SourceAddress::Simulation(_) => SourceKind::Simulation,
        SourceAddress::File(file) => match file.pace {
            Pace::AtOnce => SourceKind::File,
            Pace::Speed(speed) => SourceKind::Replay { speed },
            Pace::Follow => SourceKind::Stream,
        },
        SourceAddress::Objects(_) => SourceKind::File,
        _ => SourceKind::Stream,
    }
}

fn status_of(status: &Status, kind: SourceKind) -> SourceStatus {
    SourceStatus {
        name: status.name.clone(),
        kind,
        state: match status.state {
            State::Connecting => SourceState::Connecting,
            State::Live => SourceState::Live,
            State::Reconnecting => SourceState::Reconnecting,
            State::Ended => SourceState::Ended,
            State::Idle => SourceState::Idle,
        },
        last_record_at: status.last_record_at,
        gaps: status.gaps,
        reconnects: status.reconnects,
        error: status.error.clone(),
    }
}
