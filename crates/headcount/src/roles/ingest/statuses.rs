//! Passes the statuses of sources on to the server.

use headcount_query::{ConnectionState, SourceKind, SourceStatus};
use std::sync::Arc;

use headcount_source::{
    SourceAddress,
    address::FilePace,
    status::{Activity, Status},
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    event_bus::Notices,
    roles::ingest::{clock_lead::notice_of, queue::RunningSource},
};

/// Passes the statuses of sources on, with the notices about them.
pub(crate) fn watch_statuses(
    running: &[RunningSource],
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
            let mut is_over = false;
            loop {
                let mut present = status_of(&status.borrow(), kind, &notices.borrow());
                if is_over
                    && !matches!(
                        present.state,
                        ConnectionState::Ended | ConnectionState::Failed
                    )
                {
                    // It ended without a last status, so it panicked.
                    present.state = ConnectionState::Failed;
                    let name = &present.name;
                    present.error = Some(format!("{name} crashed (this is a bug in headcount)"));
                }
                statuses.send_if_modified(|all| replace(all, at, present));
                // Notices about the records of a source come after it has ended, too.
                tokio::select! {
                    changed = status.changed(), if !is_over => is_over = changed.is_err(),
                    changed = notices.changed() => if changed.is_err() { return },
                }
            }
        });
    }
    tasks
}

/// Replaces a status and returns whether it differed.
fn replace(all: &mut Arc<Vec<SourceStatus>>, at: usize, status: SourceStatus) -> bool {
    let differs = all[at] != status;
    if differs {
        Arc::make_mut(all)[at] = status;
    }
    differs
}

/// The kind of a source at this address. A recording that a server plays as a stream looks like a stream here; its record
/// times show on the page what it is.
pub(crate) fn kind_of(address: &SourceAddress) -> SourceKind {
    match address {
        SourceAddress::Simulation(_) => SourceKind::Simulation,
        SourceAddress::File(file) => match file.pace {
            FilePace::AtOnce => SourceKind::File,
            FilePace::Speed(speed) => SourceKind::Replay { speed },
            FilePace::Follow => SourceKind::Stream,
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
            Activity::Connecting => ConnectionState::Connecting,
            Activity::Live => ConnectionState::Live,
            Activity::Reconnecting => ConnectionState::Reconnecting,
            Activity::Ended => ConnectionState::Ended,
            Activity::Failed => ConnectionState::Failed,
            Activity::Idle => ConnectionState::Idle,
        },
        last_record_at: status.last_record_at,
        gaps: status.gaps,
        reconnects: status.reconnects,
        error: status.error.clone(),
        notice: notice_about(status.clock_lead_s, notices.get(&status.name)),
    }
}

/// What people should know of a source. What its server says of the clock comes before what its records suggest.
fn notice_about(clock_lead_s: Option<i64>, notice: Option<&String>) -> Option<String> {
    let clock = clock_lead_s.map(|lead_s| notice_of(lead_s * 1000));
    match (clock, notice) {
        (Some(clock), Some(other)) if !other.starts_with("this machine's clock") => {
            Some(format!("{other}; {clock}"))
        }
        (Some(clock), _) => Some(clock),
        (None, notice) => notice.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use headcount_source::{Ended, status};

    use super::*;

    #[test]
    fn a_server_whose_clock_differs_is_told_before_any_record_comes() {
        let noticed = |clock_lead_s| {
            let status = Status {
                clock_lead_s,
                ..Status::default()
            };
            status_of(&status, SourceKind::Stream, &Notices::new()).notice
        };
        assert_eq!(noticed(None), None);
        let behind = noticed(Some(3_600)).unwrap();
        assert!(behind.starts_with("this machine's clock is 60 minutes behind the source's; "));
        let ahead = noticed(Some(-90)).unwrap();
        assert_eq!(
            ahead,
            "this machine's clock is 1 minute ahead of the source's"
        );
        let other = "most are refused".to_owned();
        let both = notice_about(Some(-90), Some(&other)).unwrap();
        assert_eq!(both, format!("{other}; {ahead}"));
    }

    #[tokio::test]
    async fn a_source_that_goes_without_a_last_word_has_failed() {
        let (reporter, status) = status::status("file:x");
        let running = RunningSource {
            status,
            ended: tokio::spawn(async { Ok(Ended::Finished) }),
            handed_over: tokio::spawn(async {}),
        };
        let notices = watch::Sender::new(Notices::new());
        let (statuses, mut seen) = watch::channel(Arc::default());
        let mut watching = watch_statuses(&[running], &[SourceKind::File], &notices, &statuses);
        assert_eq!(seen.borrow()[0].state, ConnectionState::Connecting);
        drop(reporter);
        let has_failed = |all: &Arc<Vec<SourceStatus>>| all[0].state == ConnectionState::Failed;
        let error = seen.wait_for(has_failed).await.unwrap()[0].error.clone();
        assert!(error.unwrap().contains("file:x crashed"));
        watching.shutdown().await;
    }
}
