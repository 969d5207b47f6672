//! What sources tell of themselves, passed on to the server.

use headcount_query::{SourceKind, SourceState, SourceStatus};
use std::sync::Arc;

use headcount_source::{
    SourceAddress,
    address::Pace,
    status::{State, Status},
};
use tokio::{sync::watch, task::JoinSet};

use crate::{news::Notices, roles::ingest::queue::Running};

/// Passes on what sources tell of themselves, and what is noticed about them.
pub(crate) fn watch_statuses(
    running: &[Running],
    kinds: &[SourceKind],
    notices: &watch::Sender<Notices>,
    statuses: &watch::Sender<Arc<Vec<SourceStatus>>>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let first = running
        .iter()
        .zip(kinds)
        .map(|(source, kind)| status_of(&source.status.borrow(), *kind, &notices.borrow()))
        .collect();
    statuses.send_replace(Arc::new(first));
    for (at, (source, kind)) in running.iter().zip(kinds).enumerate() {
        let (mut status, mut notices) = (source.status.clone(), notices.subscribe());
        let (statuses, kind) = (statuses.clone(), *kind);
        tasks.spawn(async move {
            loop {
                // What a source brought is looked at after it has ended, too.
                let over = tokio::select! {
                    changed = status.changed() => changed.is_err(),
                    changed = notices.changed() => match changed {
                        Ok(()) => false,
                        Err(_) => return,
                    },
                };
                let mut changed = status_of(&status.borrow(), kind, &notices.borrow());
                if status.has_changed().is_err() {
                    note_the_end(&mut changed);
                }
                statuses.send_if_modified(|all| replace(all, at, changed));
                if over && notices.changed().await.is_err() {
                    return;
                }
            }
        });
    }
    tasks
}

/// A source is gone. One that had no last word to say has panicked, and must not look as if it were live.
fn note_the_end(status: &mut SourceStatus) {
    if !matches!(status.state, SourceState::Ended | SourceState::Failed) {
        status.state = SourceState::Failed;
        status.error = Some(format!(
            "{} broke down (this is a bug of headcount)",
            status.name
        ));
    }
}

/// Whether it was another.
fn replace(all: &mut Arc<Vec<SourceStatus>>, at: usize, status: SourceStatus) -> bool {
    let differs = all[at] != status;
    if differs {
        Arc::make_mut(all)[at] = status;
    }
    differs
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

fn status_of(status: &Status, kind: SourceKind, notices: &Notices) -> SourceStatus {
    SourceStatus {
        name: status.name.clone(),
        kind,
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
        notice: notices.get(&status.name).cloned(),
    }
}
